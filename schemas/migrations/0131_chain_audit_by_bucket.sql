-- The audit in 64 chains, so that those who append do not wait for one another.
--
-- One chain means one lock that is held to COMMIT, and 16 clients wrote no more events a second than one. Now an append
-- takes a chain that nobody holds (a row lock, which only members of `healthtrack_migrator` could take: the advisory lock
-- of before was anybody's to hold) and holds it to COMMIT; only where all 64 are held it waits for one. Each chain proves
-- itself as the one of before did, and all that was written so far is chain 0. The number of the chain is part of the
-- digest of every other, so no event can move between chains. The head is now the heads of all chains.
--
-- Locks access.audit_event while its key is built anew. Undo: none while there are events in other chains.
CREATE TABLE access.audit_chain (
    chain smallint NOT NULL,

    CONSTRAINT audit_chain_pkey PRIMARY KEY (chain),
    CONSTRAINT audit_chain_is_one_of_64 CHECK (chain BETWEEN 0 AND 63)
);
COMMENT ON TABLE  access.audit_chain       IS 'The chains that audit events are appended to; whoever appends locks one row to the end of the transaction.';
COMMENT ON COLUMN access.audit_chain.chain IS 'Number of the chain, from 0 to 63.';
COMMENT ON CONSTRAINT audit_chain_pkey ON access.audit_chain IS 'This chain exists already.';
COMMENT ON CONSTRAINT audit_chain_is_one_of_64 ON access.audit_chain IS 'A chain has a number from 0 to 63.';
CALL access.guard('access.audit_chain', 'internal');
INSERT INTO access.audit_chain SELECT generate_series(0, 63);
REVOKE INSERT, DELETE ON access.audit_chain FROM healthtrack_migrator;

ALTER TABLE access.audit_event ADD COLUMN chain smallint NOT NULL DEFAULT 0;
ALTER TABLE access.audit_event ALTER COLUMN chain DROP DEFAULT;
COMMENT ON COLUMN access.audit_event.chain IS 'Which of the 64 chains it belongs to.';
COMMENT ON COLUMN access.audit_event.seq   IS 'Place in its chain, from 1 and without gaps.';
COMMENT ON COLUMN access.audit_event.prev_hash IS 'Digest of the event before in its chain; for the first what access.audit_origin gives.';
ALTER TABLE access.audit_event DROP CONSTRAINT audit_event_pkey, DROP CONSTRAINT audit_event_never_forks;
ALTER TABLE access.audit_event ADD CONSTRAINT audit_event_pkey PRIMARY KEY (chain, seq);
COMMENT ON CONSTRAINT audit_event_pkey ON access.audit_event IS 'This event is written already.';
DROP INDEX access.audit_event_patient_idx, access.audit_event_actor_idx;
CREATE INDEX audit_event_patient_idx ON access.audit_event (patient_id, at);
CREATE INDEX audit_event_actor_idx ON access.audit_event (actor, at);
-- Events come in order, so a range of time is a few pages, and an append pays next to nothing.
CREATE INDEX audit_event_time_idx ON access.audit_event USING brin (at);

-- The same rule, without a regular expression for what is plain words: it was a sixth of the cost of an event.
ALTER TABLE access.audit_event DROP CONSTRAINT audit_event_holds_words_and_keys;
ALTER TABLE access.audit_event ADD CONSTRAINT audit_event_holds_words_and_keys CHECK (
    ltrim(part, 'abcdefghijklmnopqrstuvwxyz_') = '' AND length(part) BETWEEN 1 AND 40
    AND (reason IS NULL OR ltrim(reason, 'abcdefghijklmnopqrstuvwxyz_') = '' AND length(reason) BETWEEN 1 AND 60)
    AND (ltrim(resource, 'abcdefghijklmnopqrstuvwxyz_.') = '' AND length(resource) BETWEEN 1 AND 80
         OR resource ~ '^([a-z_.]{1,80}/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|samples/[a-z][a-z0-9_]{0,79})$')
);
COMMENT ON CONSTRAINT audit_event_holds_words_and_keys ON access.audit_event IS 'An event holds words and keys, and nothing of a person.';

CREATE FUNCTION access.audit_origin(chain smallint) RETURNS bytea
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE chain WHEN 0 THEN decode(repeat('00', 32), 'hex')
                      ELSE sha256(convert_to('access.audit_chain/' || chain, 'UTF8')) END;
COMMENT ON FUNCTION access.audit_origin(smallint) IS 'What the first event of a chain follows: 32 zero bytes for chain 0, a digest of its number for every other.';

-- Each field as length and value, or a dash for none, written out: a function for each field doubled the cost of an event.
CREATE OR REPLACE FUNCTION access.audit_digest(event access.audit_event) RETURNS bytea
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    place  constant text := event.seq;
    moment constant text := (extract(epoch FROM event.at) * 1000000)::bigint;
BEGIN
    RETURN sha256(event.prev_hash || convert_to(concat(
        length(place), ':', place, ',', length(moment), ':', moment, ',',
        coalesce('36:' || event.actor, '-'), ',', coalesce('36:' || event.patient_id, '-'), ',',
        coalesce('36:' || event.on_behalf, '-'), ',', coalesce('36:' || event.request_id, '-'), ',',
        octet_length(event.part), ':', event.part, ',', octet_length(event.action), ':', event.action, ',',
        octet_length(event.resource), ':', event.resource, ',', octet_length(event.outcome), ':', event.outcome, ',',
        coalesce(octet_length(event.reason) || ':' || event.reason, '-'),
        CASE event.chain WHEN 0 THEN '' ELSE ',' || event.chain END), 'UTF8'));
END $$;
COMMENT ON FUNCTION access.audit_digest(access.audit_event) IS 'SHA-256 over the digest before an event and the event''s encoding; the chain''s number is part of it but for chain 0.';

CREATE FUNCTION access.take_audit_chain() RETURNS smallint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    own   constant smallint := pg_backend_pid() % 64;
    taken smallint;
BEGIN
    SELECT c.chain INTO taken FROM access.audit_chain c WHERE c.chain = own FOR NO KEY UPDATE SKIP LOCKED;
    IF taken IS NULL THEN
        SELECT c.chain INTO taken FROM access.audit_chain c ORDER BY c.chain LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED;
    END IF;
    IF taken IS NULL THEN
        SELECT c.chain INTO taken FROM access.audit_chain c WHERE c.chain = own FOR NO KEY UPDATE;
    END IF;
    RETURN taken;
END $$;
COMMENT ON FUNCTION access.take_audit_chain() IS 'Locks a chain that nobody else holds until the transaction ends, or waits for one where all are held; gives its number.';

CREATE FUNCTION access.append_event(event access.audit_event) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    event.chain := access.take_audit_chain();
    -- A statement of its own: it sees what was committed before the chain was had. Where the transaction has one
    -- snapshot for all its statements it may not, and the key refuses the fork.
    SELECT e.seq + 1, e.hash INTO event.seq, event.prev_hash
    FROM access.audit_event e WHERE e.chain = event.chain ORDER BY e.seq DESC LIMIT 1;
    IF event.seq IS NULL THEN
        event.seq := 1;
        event.prev_hash := access.audit_origin(event.chain);
    END IF;
    event.at := clock_timestamp();
    event.hash := access.audit_digest(event);
    INSERT INTO access.audit_event SELECT event.*;
    RETURN event.seq;
END $$;
COMMENT ON FUNCTION access.append_event(access.audit_event) IS 'Appends an event to a chain that nobody else holds; gives its place there. Place, moment and digests are set here.';

CREATE OR REPLACE FUNCTION access.audit(
    action text, patient_id uuid, resource text, outcome text, reason text DEFAULT NULL, request_id uuid DEFAULT NULL,
    on_behalf uuid DEFAULT NULL
) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    event access.audit_event;
BEGIN
    event.actor := access.actor();
    event.patient_id := audit.patient_id;
    event.on_behalf := audit.on_behalf;
    event.request_id := audit.request_id;
    event.part := coalesce(access.part(), CASE WHEN event.actor IS NULL THEN 'program' ELSE 'unknown' END);
    event.action := audit.action;
    event.resource := audit.resource;
    event.outcome := audit.outcome;
    event.reason := audit.reason;
    RETURN access.append_event(event);
END $$;
COMMENT ON FUNCTION access.audit(text, uuid, text, text, text, uuid, uuid) IS 'Appends an event about the actor, in this transaction. Gives its place in its chain.';

-- A program appends what it did itself, and nothing in anybody's name.
CREATE FUNCTION access.audit_program(action text, patient_id uuid, resource text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    event access.audit_event;
BEGIN
    event.patient_id := audit_program.patient_id;
    event.part := 'program';
    event.action := audit_program.action;
    event.resource := audit_program.resource;
    event.outcome := 'allowed';
    RETURN access.append_event(event);
END $$;
COMMENT ON FUNCTION access.audit_program(text, uuid, text) IS 'Appends what a program did to what is kept of a patient, in this transaction. Gives its place in its chain.';

CREATE FUNCTION access.audit_heads() RETURNS TABLE (chain smallint, seq bigint, hash bytea)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT chain, last.seq, last.hash FROM generate_series(0, 63) AS number CROSS JOIN LATERAL CAST(number AS smallint) AS chain
    CROSS JOIN LATERAL (SELECT e.seq, e.hash FROM access.audit_event e
                        WHERE e.chain = number::smallint ORDER BY e.seq DESC LIMIT 1) AS last
    ORDER BY chain
$$;
COMMENT ON FUNCTION access.audit_heads() IS 'Place and digest of the last event of each chain that has one: to be kept where nobody who could change the chains can write.';

CREATE FUNCTION access.verify_audit_chains(chains smallint[], seqs bigint[], hashes bytea[])
    RETURNS TABLE (chain smallint, seq bigint, finding text)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH event AS (
        SELECT e.chain, e.seq, e.prev_hash, e.hash, access.audit_digest(e) AS digest,
               lag(e.seq) OVER follow AS seq_before, lag(e.hash) OVER follow AS hash_before,
               count(*) OVER (PARTITION BY e.chain, e.prev_hash) AS followers
        FROM access.audit_event e WINDOW follow AS (PARTITION BY e.chain ORDER BY e.seq)
    )
    SELECT event.chain, event.seq, found.finding FROM event CROSS JOIN LATERAL (VALUES
        (event.hash <> event.digest, 'altered'),
        (event.seq_before IS NULL AND event.seq <> 1, 'beginning is missing'),
        (event.seq <> event.seq_before + 1, 'events before it are missing'),
        (event.prev_hash <> coalesce(event.hash_before, access.audit_origin(event.chain)),
         'does not follow the event before it'),
        (event.followers > 1, 'forks')
    ) AS found (holds, finding) WHERE found.holds
    UNION ALL
    SELECT head.chain, head.seq,
           CASE WHEN own.hash IS NULL THEN 'end is missing' ELSE 'is not the event that was the head' END
    FROM unnest(chains, seqs, hashes) AS head (chain, seq, hash)
    LEFT JOIN access.audit_event own ON own.chain = head.chain AND own.seq = head.seq
    WHERE own.hash IS DISTINCT FROM head.hash
    ORDER BY 1, 2, 3
$$;
COMMENT ON FUNCTION access.verify_audit_chains(smallint[], bigint[], bytea[]) IS 'What is wrong with the chains, and whether they still hold the heads that were once exported; no row where all is well.';

CREATE OR REPLACE VIEW access.my_access_log WITH (security_invoker) AS
SELECT e.seq, e.at, access.name_of_account(e.actor) AS who, e.part, e.action, e.resource, e.outcome, e.reason,
       e.chain
FROM access.audit_event e
WHERE e.patient_id = ANY ((SELECT access.own_patients())::uuid[]);
COMMENT ON COLUMN access.my_access_log.chain IS 'In which of the 64 chains of events.';

CREATE OR REPLACE VIEW access.unexplained_access WITH (security_barrier) AS
SELECT e.seq, e.at, e.actor, e.patient_id, e.part, e.action, e.resource, e.outcome,
       e.chain
FROM access.audit_event e
JOIN access.account a ON a.account_id = e.actor
WHERE (SELECT access.is_reviewer())
  AND e.patient_id IS NOT NULL AND e.patient_id IS DISTINCT FROM a.patient_id
  AND e.action <> 'break_glass' AND a.part <> 'privacy_officer'
  -- Who registers somebody looks at no record yet.
  AND NOT (e.action = 'create' AND e.resource LIKE 'care.patient/%')
  AND NOT EXISTS (
      SELECT FROM access.care_relationship r
      WHERE r.patient_id = e.patient_id AND r.provider_id = a.provider_id AND r.valid_during @> e.at
        AND r.basis IN ('care_team', 'referral', 'emergency'))
  AND NOT EXISTS (
      SELECT FROM care.appointment v
      WHERE v.patient_id = e.patient_id AND (v.provider_id = a.provider_id OR v.facility_id = a.facility_id)
        AND v.status <> 'cancelled' AND lower(v.during) BETWEEN e.at - INTERVAL '30 days' AND e.at + INTERVAL '30 days')
  AND NOT EXISTS (
      SELECT FROM access.grant_of_access g
      WHERE g.patient_id = e.patient_id AND (g.account_id = a.account_id OR g.provider_id = a.provider_id)
        AND g.valid_during @> e.at AND (g.revoked_at IS NULL OR g.revoked_at > e.at))
  AND NOT access.had_encounter(e.patient_id, a.provider_id, a.facility_id, e.at);
COMMENT ON COLUMN access.unexplained_access.chain IS 'In which of the 64 chains of events.';

DROP FUNCTION access.audit_head(), access.verify_audit(bigint, bytea);
GRANT EXECUTE ON FUNCTION access.audit_origin(smallint), access.audit_heads(),
    access.verify_audit_chains(smallint[], bigint[], bytea[]) TO healthtrack_auditor, healthtrack_migrator;
GRANT EXECUTE ON FUNCTION access.audit_program(text, uuid, text) TO healthtrack_roller, healthtrack_migrator;
GRANT EXECUTE ON FUNCTION access.audit(text, uuid, text, text, text, uuid, uuid) TO healthtrack_care;
REVOKE EXECUTE ON FUNCTION access.audit(text, uuid, text, text, text, uuid, uuid)
    FROM healthtrack_roller, healthtrack_portal;
