-- The privacy officer reads the audit in the portal: the newest events of a patient, of an account or of all, and whether the
-- chains hold at their ends.
--
-- The officer's policy let the rows be read, and there was no function to read them by. Of all chains the newest events come by
-- their key, of a patient or an account by the index, so no page reads the whole audit. The ends of the chains are computed anew,
-- fifty events each, at each look; the proof of the whole, which runs none of the owner's code, stays with `healthtrack audit
-- verify`. New functions, locks nothing. Undo: drop them and the kind.
INSERT INTO access.look_kind (kind, scope, in_care, of_all, sensitive, parts)
VALUES ('audit', 'none', false, true, false, '{privacy_officer}');

CREATE FUNCTION access.ends_of_chains()
    RETURNS TABLE (chain smallint, seq bigint, at timestamptz, hash text, checked bigint, wrong bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT number.chain::smallint, found.seq, found.at, found.hash, found.checked, found.wrong
    FROM generate_series(0, 63) AS number (chain) CROSS JOIN LATERAL (
        SELECT max((w.event).seq) AS seq, max((w.event).at) FILTER (WHERE w.is_last) AS at,
               max(encode((w.event).hash, 'hex')) FILTER (WHERE w.is_last) AS hash, count(*) AS checked,
               count(*) FILTER (WHERE (w.event).hash <> access.audit_digest(w.event) OR (w.event).seq <> w.seq_before + 1
                                      OR (w.event).prev_hash <> w.hash_before) AS wrong
        FROM (
            SELECT newest.event, row_number() OVER (ORDER BY (newest.event).seq DESC) = 1 AS is_last,
                   lag((newest.event).seq) OVER (ORDER BY (newest.event).seq) AS seq_before,
                   lag((newest.event).hash) OVER (ORDER BY (newest.event).seq) AS hash_before
            FROM (SELECT e AS event FROM access.audit_event e WHERE e.chain = number.chain::smallint
                  ORDER BY e.seq DESC LIMIT 50) AS newest
        ) AS w
    ) AS found
    WHERE (SELECT access.part()) = 'privacy_officer' AND found.checked > 0
    ORDER BY 1
$$;
REVOKE EXECUTE ON FUNCTION access.ends_of_chains() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.ends_of_chains() TO healthtrack_care;
COMMENT ON FUNCTION access.ends_of_chains() IS
    'The last event of each chain, and how many of its newest fifty are not what they should be; for the privacy officer.';

CALL access.publish('read_audit_chains', '',
    'TABLE (chain smallint, seq bigint, at timestamptz, hash text, checked bigint, wrong bigint)',
    $body$RETURN QUERY SELECT c.* FROM access.ends_of_chains() c WHERE patient IS NULL;$body$,
    'The last event of each chain of the audit, and how many of its newest fifty are not what they should be; for the privacy officer.',
    look => $$'audit'$$);
CALL access.publish('list_audit', 'of_patient uuid, of_account uuid, before timestamptz, before_chain smallint, before_seq bigint',
    'TABLE (chain smallint, seq bigint, at timestamptz, actor uuid, who text, patient_id uuid, part text, action text,
            resource text, outcome text, reason text)', $body$IF patient IS NOT NULL THEN
        NULL;
    ELSIF of_patient IS NOT NULL OR of_account IS NOT NULL THEN
        RETURN QUERY SELECT e.chain, e.seq, e.at, e.actor, access.name_of_account(e.actor), e.patient_id, e.part, e.action, e.resource,
            e.outcome, e.reason
        FROM access.audit_event e
        WHERE (of_patient IS NULL OR e.patient_id = of_patient) AND (of_account IS NULL OR e.actor = of_account)
          AND (before IS NULL OR (e.at, e.chain, e.seq) < (before, before_chain, before_seq))
        ORDER BY e.at DESC, e.chain DESC, e.seq DESC LIMIT 100;
    ELSE
        RETURN QUERY SELECT n.chain, n.seq, n.at, n.actor, access.name_of_account(n.actor), n.patient_id, n.part, n.action, n.resource,
            n.outcome, n.reason
        FROM generate_series(0, 63) AS number CROSS JOIN LATERAL (
            SELECT e.* FROM access.audit_event e WHERE e.chain = number::smallint
              AND (before IS NULL OR (e.at, e.chain, e.seq) < (before, before_chain, before_seq))
            ORDER BY e.seq DESC LIMIT 100) AS n
        ORDER BY n.at DESC, n.chain DESC, n.seq DESC LIMIT 100;
    END IF;$body$,
    'Events of the audit, the newest first, 100 after a place: of a patient, of an account, or of all; for the privacy officer.',
    look => $$'audit'$$);
