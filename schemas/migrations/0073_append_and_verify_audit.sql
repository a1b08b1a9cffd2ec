-- How an event is appended, and how the chain is proved.
--
-- An event is encoded field by field, each with its length before it, so that no two events have one encoding. SHA-256
-- is built in; a key would have to lie outside the database to be worth anything, and so does the head that
-- `healthtrack audit head` prints. The proof reads the chain once. Locks nothing. Undo: drop them.
CREATE FUNCTION access.audit_digest(event access.audit_event) RETURNS bytea
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT sha256(event.prev_hash || convert_to(
        string_agg(coalesce(octet_length(field) || ':' || field, '-'), ',' ORDER BY place), 'UTF8'))
    FROM unnest(ARRAY[
        event.seq::text, (extract(epoch FROM event.at) * 1000000)::bigint::text, event.actor::text,
        event.patient_id::text, event.on_behalf::text, event.request_id::text, event.part, event.action,
        event.resource, event.outcome, event.reason
    ]) WITH ORDINALITY AS item (field, place)
$$;
COMMENT ON FUNCTION access.audit_digest(access.audit_event) IS 'SHA-256 over the encoding of an event and the digest before it.';

CREATE FUNCTION access.audit(
    action text, patient_id uuid, resource text, outcome text, reason text DEFAULT NULL,
    request_id uuid DEFAULT NULL, on_behalf uuid DEFAULT NULL
) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    event access.audit_event;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('access.audit', 0));
    -- A statement of its own: it sees what was committed before the lock was had. Where the transaction has one
    -- snapshot for all its statements it does not, and the keys refuse the fork.
    SELECT e.seq, e.hash INTO event.seq, event.prev_hash FROM access.audit_event e ORDER BY e.seq DESC LIMIT 1;
    event.seq := coalesce(event.seq, 0) + 1;
    event.prev_hash := coalesce(event.prev_hash, decode(repeat('00', 32), 'hex'));
    event.at := clock_timestamp();
    event.actor := access.actor();
    event.patient_id := audit.patient_id;
    event.on_behalf := audit.on_behalf;
    event.request_id := audit.request_id;
    event.part := coalesce(access.part(), CASE WHEN event.actor IS NULL THEN 'program' ELSE 'unknown' END);
    event.action := audit.action;
    event.resource := audit.resource;
    event.outcome := audit.outcome;
    event.reason := audit.reason;
    event.hash := access.audit_digest(event);
    INSERT INTO access.audit_event SELECT event.*;
    RETURN event.seq;
END $$;
COMMENT ON FUNCTION access.audit(text, uuid, text, text, text, uuid, uuid) IS 'Appends an event about the actor to the chain, in this transaction; others wait until it ends. Gives its place.';

CREATE FUNCTION access.audit_head(OUT seq bigint, OUT hash bytea)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT e.seq, e.hash FROM access.audit_event e ORDER BY e.seq DESC LIMIT 1
$$;
COMMENT ON FUNCTION access.audit_head() IS 'Place and digest of the last event: to be kept where nobody who could change the chain can write.';

CREATE FUNCTION access.verify_audit(head_seq bigint DEFAULT NULL, head_hash bytea DEFAULT NULL)
    RETURNS TABLE (seq bigint, finding text)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH chain AS (
        SELECT e.seq, e.prev_hash, e.hash, access.audit_digest(e) AS digest,
               lag(e.seq) OVER follow AS seq_before, lag(e.hash) OVER follow AS hash_before,
               count(*) OVER (PARTITION BY e.prev_hash) AS followers
        FROM access.audit_event e WINDOW follow AS (ORDER BY e.seq)
    )
    SELECT chain.seq, found.finding FROM chain CROSS JOIN LATERAL (VALUES
        (chain.hash <> chain.digest, 'altered'),
        (chain.seq_before IS NULL AND chain.seq <> 1, 'beginning is missing'),
        (chain.seq <> chain.seq_before + 1, 'events before it are missing'),
        (chain.prev_hash <> coalesce(chain.hash_before, decode(repeat('00', 32), 'hex')),
         'does not follow the event before it'),
        (chain.followers > 1, 'forks')
    ) AS found (holds, finding) WHERE found.holds
    UNION ALL
    SELECT head_seq, CASE WHEN own.hash IS NULL THEN 'end is missing' ELSE 'is not the event that was the head' END
    FROM (SELECT) AS once LEFT JOIN access.audit_event own ON own.seq = head_seq
    WHERE head_seq IS NOT NULL AND own.hash IS DISTINCT FROM head_hash
    ORDER BY 1, 2
$$;
COMMENT ON FUNCTION access.verify_audit(bigint, bytea) IS 'What is wrong with the chain, and whether it still holds the head that was once exported; no row where all is well.';

REVOKE EXECUTE ON FUNCTION access.audit(text, uuid, text, text, text, uuid, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.audit(text, uuid, text, text, text, uuid, uuid)
    TO healthtrack_portal, healthtrack_migrator;
