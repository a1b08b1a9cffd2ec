-- What was looked at and done: a chain that shows whether anybody has changed it since.
--
-- Each event holds the digest of the one before, so altering, removing or reordering one breaks the chain; only what
-- was cut off at its end does not, and for that the head is kept elsewhere (`healthtrack audit head`). Events are
-- appended in the transaction of what they tell, one transaction at a time: without the lock twelve appenders made four
-- forks. So an event that cannot be written undoes the reading, and appending comes last in a transaction. No event
-- holds a name, a value or free text: only keys and words. New table, locks nothing. Undo: drop it, and the evidence
-- with it.
CREATE TABLE access.audit_event (
    seq        bigint      NOT NULL,
    at         timestamptz NOT NULL,
    actor      uuid,
    patient_id uuid,
    on_behalf  uuid,
    request_id uuid,
    part       text        NOT NULL,
    action     text        NOT NULL,
    resource   text        NOT NULL,
    outcome    text        NOT NULL,
    reason     text,
    prev_hash  bytea       NOT NULL,
    hash       bytea       NOT NULL,

    CONSTRAINT audit_event_pkey PRIMARY KEY (seq),
    CONSTRAINT audit_event_never_forks UNIQUE (prev_hash),
    CONSTRAINT audit_event_digests_are_whole CHECK (octet_length(prev_hash) = 32 AND octet_length(hash) = 32),
    CONSTRAINT audit_event_action_is_known CHECK (
        action IN ('read', 'create', 'update', 'sign', 'export', 'erase', 'break_glass', 'grant', 'revoke', 'review',
                   'log_in', 'log_out')
    ),
    CONSTRAINT audit_event_outcome_is_known CHECK (outcome IN ('allowed', 'denied')),
    CONSTRAINT audit_event_holds_words_and_keys CHECK (
        part ~ '^[a-z_]{1,40}$' AND reason ~ '^[a-z_]{1,60}$'
        AND resource ~ '^([a-z_.]{1,80}(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})?|samples/[a-z][a-z0-9_]{0,79})$'
    )
);
CREATE INDEX audit_event_patient_idx ON access.audit_event (patient_id, seq);
CREATE INDEX audit_event_actor_idx ON access.audit_event (actor, seq);
COMMENT ON TABLE  access.audit_event            IS 'Who looked at what, when, in which part, and whether it was allowed; chained.';
COMMENT ON COLUMN access.audit_event.seq        IS 'Place in the chain, from 1 and without gaps.';
COMMENT ON COLUMN access.audit_event.at         IS 'When, by the server''s clock.';
COMMENT ON COLUMN access.audit_event.actor      IS 'The account that acted; null for a program.';
COMMENT ON COLUMN access.audit_event.patient_id IS 'Whose record; null where it is nobody''s.';
COMMENT ON COLUMN access.audit_event.on_behalf  IS 'The account for whom the actor acted; null where for itself.';
COMMENT ON COLUMN access.audit_event.request_id IS 'The request that it belongs to; null where there is none.';
COMMENT ON COLUMN access.audit_event.part       IS 'The part in which the actor acted, or the program''s login where nobody did.';
COMMENT ON COLUMN access.audit_event.action     IS 'read, create, update, sign, export, erase, break_glass, grant, revoke, review, log_in or log_out.';
COMMENT ON COLUMN access.audit_event.resource   IS 'What was touched, by table or kind and at most one key: care.appointment/…, samples/heart_rate.';
COMMENT ON COLUMN access.audit_event.outcome    IS 'allowed or denied.';
COMMENT ON COLUMN access.audit_event.reason     IS 'Why, as a word: own, in_care, granted, emergency …; null where nothing was said.';
COMMENT ON COLUMN access.audit_event.prev_hash  IS 'Digest of the event before; 32 zero bytes for the first.';
COMMENT ON COLUMN access.audit_event.hash       IS 'SHA-256 over the event and prev_hash.';
COMMENT ON CONSTRAINT audit_event_pkey ON access.audit_event IS 'This event is written already.';
COMMENT ON CONSTRAINT audit_event_never_forks ON access.audit_event IS 'Another event follows that one already.';
COMMENT ON CONSTRAINT audit_event_digests_are_whole ON access.audit_event IS 'A digest has 32 bytes.';
COMMENT ON CONSTRAINT audit_event_action_is_known ON access.audit_event IS 'Choose one of the known actions.';
COMMENT ON CONSTRAINT audit_event_outcome_is_known ON access.audit_event IS 'Choose allowed or denied.';
COMMENT ON CONSTRAINT audit_event_holds_words_and_keys ON access.audit_event IS 'An event holds words and keys, and nothing of a person.';

CREATE FUNCTION access.refuse_change_of_audit() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    PERFORM access.refuse('audit_is_only_appended', 'What was audited stays: nothing of it is changed or removed.');
END $$;
COMMENT ON FUNCTION access.refuse_change_of_audit() IS 'Trigger: refuses each UPDATE, DELETE and TRUNCATE.';
CREATE TRIGGER audit_event_stays BEFORE UPDATE OR DELETE ON access.audit_event
    FOR EACH ROW EXECUTE FUNCTION access.refuse_change_of_audit();
-- A row's trigger does not see TRUNCATE.
CREATE TRIGGER audit_event_stays_whole BEFORE TRUNCATE ON access.audit_event
    FOR EACH STATEMENT EXECUTE FUNCTION access.refuse_change_of_audit();

CALL access.guard('access.audit_event', 'internal');
REVOKE INSERT, UPDATE, DELETE ON access.audit_event FROM healthtrack_migrator;
GRANT SELECT ON access.audit_event TO healthtrack_portal, healthtrack_auditor;
CREATE POLICY own_record ON access.audit_event FOR SELECT TO healthtrack_portal
    USING (patient_id = ANY ((SELECT access.own_patients())::uuid[]));
CREATE POLICY own_actions ON access.audit_event FOR SELECT TO healthtrack_portal
    USING (actor = (SELECT access.actor()) AND (SELECT access.part()) IS NOT NULL);
CREATE POLICY officer ON access.audit_event FOR SELECT TO healthtrack_portal
    USING ((SELECT access.part()) = 'privacy_officer');
CREATE POLICY auditor ON access.audit_event FOR SELECT TO healthtrack_auditor USING (true);
