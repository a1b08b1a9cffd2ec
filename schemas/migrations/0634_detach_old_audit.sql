-- The oldest partition of the audit, taken off the table so that it can be kept elsewhere.
--
-- For the owner of the schema, by hand (deploy/audit.md). What is given back is the last event of each chain in that
-- partition: what stays in the table follows these, so `healthtrack audit verify --follows` proves the rest, and whoever
-- restores the partition proves it by them. Only the oldest goes, and only when each chain has gone on after it: one that
-- has not would begin again at 1, where nothing is any more. What was detached has no partition's trigger any more, so it gets one anew, and
-- stays as it is until its owner has dropped it. New function, locks nothing; calling it locks access.audit_event for an
-- instant, or gives up after a quarter of a second. Undo: drop it; to take a partition back, attach it.
CREATE FUNCTION access.detach_audit(partition text) RETURNS text
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET lock_timeout = '250ms' AS $$
DECLARE
    oldest text;
    ends   bigint;
    heads  text;
BEGIN
    LOCK TABLE ONLY access.audit_event IN ACCESS EXCLUSIVE MODE;
    SELECT c.relname, substring(pg_get_expr(c.relpartbound, c.oid) FROM 'TO \(''?([0-9]+)') INTO oldest, ends
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'access.audit_event'::regclass
    ORDER BY substring(pg_get_expr(c.relpartbound, c.oid) FROM 'FROM \(''?([0-9]+)')::bigint NULLS FIRST LIMIT 1;
    IF oldest IS DISTINCT FROM partition OR oldest !~ '^audit_event_from_[0-9]+$' THEN
        PERFORM access.refuse('audit_is_detached_from_its_beginning',
            'Detach the oldest partition of the audit that nothing is appended to any more: audit_event_from_ with the lowest number.');
    END IF;
    IF (SELECT count(*) FROM generate_series(0, 63) AS number CROSS JOIN LATERAL (
            SELECT FROM access.audit_event e WHERE e.chain = number::smallint AND e.seq >= ends LIMIT 1) AS passed) < 64 THEN
        PERFORM access.refuse('audit_is_detached_when_passed',
            'Wait until each of the 64 chains has an event after this partition, or a chain could not go on.');
    END IF;
    EXECUTE format('SELECT string_agg(format(''%%s/%%s:%%s'', chain, seq, encode(hash, ''hex'')), '','' ORDER BY chain)
                    FROM access.audit_event WHERE seq = %s', ends - 1) INTO heads;
    EXECUTE format('ALTER TABLE access.audit_event DETACH PARTITION access.%I', partition);
    EXECUTE format('CREATE TRIGGER audit_event_stays BEFORE UPDATE OR DELETE ON access.%I
                    FOR EACH ROW EXECUTE FUNCTION access.refuse_change_of_audit()', partition);
    PERFORM access.audit_program('export', NULL, 'access.audit_event');
    RETURN heads;
END $$;
COMMENT ON FUNCTION access.detach_audit(text) IS 'Takes the oldest partition off the audit and records that; gives the last event of each chain in it, as CHAIN/SEQ:HASH.';
REVOKE EXECUTE ON FUNCTION access.detach_audit(text) FROM PUBLIC;
