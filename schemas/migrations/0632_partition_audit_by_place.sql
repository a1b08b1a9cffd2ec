-- The audit in partitions by place, so that what is old can be moved away, and no index grows for ever.
--
-- A partition is a range of places, 1,572,864 in each chain, which is 100 million events; the first ends by 630. (chain, seq) stays the key over all
-- of them, so two events of one place are impossible as before; and the chains grow together (an append takes a chain by
-- chance, since 685), so a range of places is a range of time. There is always one partition more than is written to,
-- access.audit_event_next, which has no end: no event is refused because its partition was not made (633 makes them).
--
-- An append looks for the head of its chain in the two newest partitions by their names: a statement that names the whole
-- table locks each partition, and with twenty that made an event a quarter dearer. The head does not stand in
-- access.audit_chain instead, since its row would get a new version with each event, and none could go while a backup
-- runs. An append locks the table before its partitions, as whoever cuts it does, so that they do not wait in a circle.
--
-- Rights and policies are the table's; a partition is its owner's alone, under the policy of maintenance, forced, and with
-- the triggers that let nothing be changed. What was there becomes the first partition as it lies: nothing is copied or
-- read. The digest and both views are made anew, as they were, for they belonged to the former table; the functions that
-- hold an event are touched, so that sessions which go on compile them again.
--
-- Locks access.audit_event and the views for an instant. Undo: detach the partitions, and make of one what it was.
ALTER TABLE access.audit_event RENAME TO audit_event_now;
ALTER INDEX access.audit_event_pkey RENAME TO audit_event_now_pkey;
ALTER INDEX access.audit_event_patient_idx RENAME TO audit_event_now_patient_id_at_idx;
ALTER INDEX access.audit_event_actor_idx RENAME TO audit_event_now_actor_at_idx;
ALTER INDEX access.audit_event_time_idx RENAME TO audit_event_now_at_idx;
DROP VIEW access.my_access_log, access.unexplained_access;
DROP FUNCTION access.append_event(access.audit_event_now), access.audit_digest(access.audit_event_now);
CREATE TABLE access.audit_event (
    LIKE access.audit_event_now INCLUDING CONSTRAINTS INCLUDING COMMENTS,
    CONSTRAINT audit_event_pkey PRIMARY KEY (chain, seq)
) PARTITION BY RANGE (seq);
ALTER TABLE access.audit_event DROP CONSTRAINT audit_event_lies_within;
COMMENT ON TABLE access.audit_event IS 'Who looked at what, when, in which part, and whether it was allowed; chained, and partitioned by place.';
COMMENT ON CONSTRAINT audit_event_pkey ON access.audit_event IS 'This event is written already.';
CREATE INDEX audit_event_patient_idx ON access.audit_event (patient_id, at);
CREATE INDEX audit_event_actor_idx ON access.audit_event (actor, at);
CREATE INDEX audit_event_time_idx ON access.audit_event USING brin (at);
CREATE TRIGGER audit_event_stays BEFORE UPDATE OR DELETE ON access.audit_event
    FOR EACH ROW EXECUTE FUNCTION access.refuse_change_of_audit();
CREATE TRIGGER audit_event_stays_under_hold BEFORE DELETE ON access.audit_event
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION care.keep_row_under_hold();
CREATE TRIGGER audit_event_stays_whole BEFORE TRUNCATE ON access.audit_event
    FOR EACH STATEMENT EXECUTE FUNCTION access.refuse_change_of_audit();
CALL access.guard('access.audit_event', 'internal');
REVOKE INSERT, UPDATE, DELETE ON access.audit_event FROM healthtrack_migrator;
GRANT SELECT ON access.audit_event TO healthtrack_care, healthtrack_auditor;
CREATE POLICY own_record ON access.audit_event FOR SELECT TO healthtrack_care
    USING (patient_id = ANY ((SELECT access.own_patients())::uuid[]));
CREATE POLICY own_actions ON access.audit_event FOR SELECT TO healthtrack_care
    USING (actor = (SELECT access.actor()) AND (SELECT access.part()) IS NOT NULL);
CREATE POLICY officer ON access.audit_event FOR SELECT TO healthtrack_care
    USING ((SELECT access.part()) = 'privacy_officer');
CREATE POLICY auditor ON access.audit_event FOR SELECT TO healthtrack_auditor USING (true);

CREATE FUNCTION access.create_audit_partition(name text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    EXECUTE format('CREATE TABLE access.%I (LIKE access.audit_event INCLUDING CONSTRAINTS)', name);
    EXECUTE format('ALTER TABLE access.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY maintenance ON access.%I FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true)', name);
    -- The triggers of rows come with being attached.
    EXECUTE format('CREATE TRIGGER audit_event_stays_whole BEFORE TRUNCATE ON access.%I
                    FOR EACH STATEMENT EXECUTE FUNCTION access.refuse_change_of_audit()', name);
    EXECUTE format('COMMENT ON TABLE access.%I IS %L', name, 'A range of places of access.audit_event.');
END $$;
COMMENT ON FUNCTION access.create_audit_partition(text) IS 'Makes an empty table that may become a partition of the audit: nobody''s to read or write, and never emptied.';
REVOKE EXECUTE ON FUNCTION access.create_audit_partition(text) FROM PUBLIC;

-- It has the triggers of rows from the table as well now, and what it was guarded by is the table's.
DROP TRIGGER audit_event_stays ON access.audit_event_now;
DROP TRIGGER audit_event_stays_under_hold ON access.audit_event_now;
DROP POLICY own_record ON access.audit_event_now;
DROP POLICY own_actions ON access.audit_event_now;
DROP POLICY officer ON access.audit_event_now;
DROP POLICY auditor ON access.audit_event_now;
REVOKE ALL ON access.audit_event_now FROM healthtrack_migrator, healthtrack_care, healthtrack_auditor;
COMMENT ON TABLE access.audit_event_now IS 'A range of places of access.audit_event.';
COMMENT ON CONSTRAINT audit_event_now_pkey ON access.audit_event_now IS NULL;
COMMENT ON CONSTRAINT audit_event_digests_are_whole ON access.audit_event_now IS NULL;
COMMENT ON CONSTRAINT audit_event_action_is_known ON access.audit_event_now IS NULL;
COMMENT ON CONSTRAINT audit_event_outcome_is_known ON access.audit_event_now IS NULL;
COMMENT ON CONSTRAINT audit_event_holds_words_and_keys ON access.audit_event_now IS NULL;
SELECT access.create_audit_partition('audit_event_next');
DO $$
DECLARE
    ends constant text := substring(pg_get_constraintdef(oid) FROM 'seq < ''?([0-9]+)')
        FROM pg_constraint WHERE conrelid = 'access.audit_event_now'::regclass AND conname = 'audit_event_lies_within';
BEGIN
    EXECUTE format('ALTER TABLE access.audit_event ATTACH PARTITION access.audit_event_now FOR VALUES FROM (MINVALUE) TO (%s)', ends);
    EXECUTE format('ALTER TABLE access.audit_event ATTACH PARTITION access.audit_event_next FOR VALUES FROM (%s) TO (MAXVALUE)', ends);
END $$;
ALTER TABLE access.audit_event_now DROP CONSTRAINT audit_event_lies_within;

CREATE FUNCTION access.audit_digest(event access.audit_event) RETURNS bytea
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
GRANT EXECUTE ON FUNCTION access.audit_digest(access.audit_event) TO healthtrack_auditor, healthtrack_migrator;

CREATE FUNCTION access.append_event(event access.audit_event) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    LOCK TABLE ONLY access.audit_event IN ROW EXCLUSIVE MODE;
    event.chain := access.take_audit_chain();
    -- Statements of their own: they see what was committed before the chain was had. Where the transaction has one
    -- snapshot for all its statements they may not, and the key refuses the fork.
    SELECT e.seq + 1, e.hash INTO event.seq, event.prev_hash
    FROM access.audit_event_next e WHERE e.chain = event.chain ORDER BY e.seq DESC LIMIT 1;
    IF event.seq IS NULL THEN
        SELECT e.seq + 1, e.hash INTO event.seq, event.prev_hash
        FROM access.audit_event_now e WHERE e.chain = event.chain ORDER BY e.seq DESC LIMIT 1;
    END IF;
    IF event.seq IS NULL THEN
        SELECT e.seq + 1, e.hash INTO event.seq, event.prev_hash
        FROM access.audit_event e WHERE e.chain = event.chain ORDER BY e.seq DESC LIMIT 1;
    END IF;
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
REVOKE EXECUTE ON FUNCTION access.append_event(access.audit_event) FROM PUBLIC;

CREATE VIEW access.my_access_log WITH (security_invoker) AS
SELECT e.seq, e.at, access.name_of_account(e.actor) AS who, e.part, e.action, e.resource, e.outcome, e.reason,
       e.chain
FROM access.audit_event e
WHERE e.patient_id = ANY ((SELECT access.own_patients())::uuid[]);
COMMENT ON VIEW   access.my_access_log          IS 'Who looked at the acting patient''s record, or tried to.';
COMMENT ON COLUMN access.my_access_log.seq      IS 'Place in the chain of events.';
COMMENT ON COLUMN access.my_access_log.at       IS 'When.';
COMMENT ON COLUMN access.my_access_log.who      IS 'A provider''s name, or the part of whoever else it was; null for a program.';
COMMENT ON COLUMN access.my_access_log.part     IS 'In which part.';
COMMENT ON COLUMN access.my_access_log.action   IS 'What was done.';
COMMENT ON COLUMN access.my_access_log.resource IS 'To what.';
COMMENT ON COLUMN access.my_access_log.outcome  IS 'allowed or denied.';
COMMENT ON COLUMN access.my_access_log.reason   IS 'Why it was allowed, as a word; null where nothing was said.';
COMMENT ON COLUMN access.my_access_log.chain    IS 'In which of the 64 chains of events.';
GRANT SELECT ON access.my_access_log TO healthtrack_care;

CREATE VIEW access.unexplained_access WITH (security_barrier) AS
SELECT e.seq, e.at, e.actor, e.patient_id, e.part, e.action, e.resource, e.outcome,
       e.chain
FROM access.audit_event e
JOIN access.account a ON a.account_id = e.actor
WHERE (SELECT access.is_reviewer())
  AND e.patient_id IS NOT NULL AND e.patient_id IS DISTINCT FROM a.patient_id
  AND e.action <> 'break_glass' AND e.reason IS DISTINCT FROM 'registration' AND a.part <> 'privacy_officer'
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
COMMENT ON VIEW   access.unexplained_access            IS 'Looks at a record, and tries, that no care, visit or grant explains; for the privacy officer and the auditor.';
COMMENT ON COLUMN access.unexplained_access.seq        IS 'Place in the chain of events.';
COMMENT ON COLUMN access.unexplained_access.at         IS 'When.';
COMMENT ON COLUMN access.unexplained_access.actor      IS 'The account that looked.';
COMMENT ON COLUMN access.unexplained_access.patient_id IS 'Whose record.';
COMMENT ON COLUMN access.unexplained_access.part       IS 'In which part.';
COMMENT ON COLUMN access.unexplained_access.action     IS 'What was done.';
COMMENT ON COLUMN access.unexplained_access.resource   IS 'To what.';
COMMENT ON COLUMN access.unexplained_access.outcome    IS 'allowed or denied.';
COMMENT ON COLUMN access.unexplained_access.chain      IS 'In which of the 64 chains of events.';
GRANT SELECT ON access.unexplained_access TO healthtrack_care, healthtrack_auditor;

DO $$
DECLARE
    holding record;
BEGIN
    FOR holding IN SELECT oid::regprocedure AS name, procost FROM pg_proc WHERE prosrc ~ '\maccess\.audit_event;' LOOP
        EXECUTE format('ALTER FUNCTION %s COST %s', holding.name, holding.procost);
    END LOOP;
END $$;
