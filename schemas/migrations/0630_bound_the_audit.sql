-- Says how far the table of the audit goes that is there so far, so that it can become the first part of a larger one.
--
-- The audit only grows, and a table that nothing can leave is a disk that fills. From 632 on access.audit_event consists
-- of parts by place in the chains: (chain, seq) stays the key, and since the 64 chains grow together, a range of places is
-- a range of time. To become a part, the table must be known to end: a rule that is only checked for new rows now, and
-- for those that are there by 631, while events are appended. It ends 524,288 places of each chain (33 million
-- events) beyond what is there at the least. Locks access.audit_event for an instant. Undo: drop the constraint.
DO $$
DECLARE
    last bigint;
    ends bigint;
BEGIN
    SELECT coalesce(max(of_chain.seq), 0) INTO last FROM generate_series(0, 63) AS number CROSS JOIN LATERAL (
        SELECT e.seq FROM access.audit_event e WHERE e.chain = number::smallint ORDER BY e.seq DESC LIMIT 1) AS of_chain;
    ends := ((last + 524288) / 1048576 + 1) * 1048576 + 1;
    EXECUTE format('ALTER TABLE access.audit_event ADD CONSTRAINT audit_event_lies_within CHECK (seq < %L::bigint) NOT VALID', ends);
END $$;
COMMENT ON CONSTRAINT audit_event_lies_within ON access.audit_event IS 'The part that this event belongs to ends before it.';
