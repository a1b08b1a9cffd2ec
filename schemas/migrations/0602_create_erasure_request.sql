-- Who asks to be erased, and who decides: the patient or a proxy who may consent for them, and the privacy officer.
--
-- A person has one request at a time. The privacy officer decides with a reason; under legal hold none is granted, of neither
-- of two records that were joined as one person's. What was granted is carried out by whoever maintains the network.
--
-- New table; locks nothing else. Undo: drop functions and table.
CREATE TABLE access.erasure_request (
    erasure_request_id uuid        NOT NULL DEFAULT gen_random_uuid(),
    patient_id         uuid        NOT NULL,
    requested_by       uuid        NOT NULL,
    decided_by         uuid,
    requested_at       timestamptz NOT NULL DEFAULT now(),
    decided_at         timestamptz,
    ended_at           timestamptz,
    version            integer     NOT NULL DEFAULT 1,
    status             text        NOT NULL DEFAULT 'requested',
    reason             text,
    decision_reason    text,

    CONSTRAINT erasure_request_pkey PRIMARY KEY (erasure_request_id),
    CONSTRAINT erasure_request_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT erasure_request_requester_fkey FOREIGN KEY (requested_by) REFERENCES access.account (account_id),
    CONSTRAINT erasure_request_decider_fkey FOREIGN KEY (decided_by) REFERENCES access.account (account_id),
    CONSTRAINT erasure_request_status_is_known CHECK (status IN ('requested', 'granted', 'refused', 'withdrawn', 'done')),
    CONSTRAINT erasure_request_reason_is_short CHECK (length(reason) <= 2000),
    CONSTRAINT erasure_request_decision_says_who_and_why CHECK (
        CASE status WHEN 'requested' THEN num_nonnulls(decided_by, decided_at, decision_reason) = 0
                    -- A granted one that was withdrawn keeps what was decided.
                    WHEN 'withdrawn' THEN num_nonnulls(decided_by, decided_at, decision_reason) IN (0, 3)
                    ELSE num_nonnulls(decided_by, decided_at, decision_reason) = 3 END
        AND (decision_reason ~ '\S.{4,}') IS NOT FALSE AND (length(decision_reason) <= 2000) IS NOT FALSE),
    CONSTRAINT erasure_request_ends_at_a_time CHECK ((ended_at IS NOT NULL) = (status IN ('refused', 'withdrawn', 'done')))
);
CREATE UNIQUE INDEX erasure_request_is_one_at_a_time ON access.erasure_request (patient_id) WHERE ended_at IS NULL;
CREATE INDEX erasure_request_patient_idx ON access.erasure_request (patient_id);
CREATE INDEX erasure_request_requester_idx ON access.erasure_request (requested_by);
CREATE INDEX erasure_request_decider_idx ON access.erasure_request (decided_by);
COMMENT ON INDEX access.erasure_request_is_one_at_a_time IS 'An erasure was requested already and is not done: wait for the decision.';
COMMENT ON TABLE  access.erasure_request                    IS 'Requests to be erased, and what was decided.';
COMMENT ON COLUMN access.erasure_request.erasure_request_id IS 'Key.';
COMMENT ON COLUMN access.erasure_request.patient_id         IS 'Whose rows are to go.';
COMMENT ON COLUMN access.erasure_request.requested_by       IS 'The account that asked: the patient''s, or a proxy''s.';
COMMENT ON COLUMN access.erasure_request.decided_by         IS 'The privacy officer''s account; null until it is decided.';
COMMENT ON COLUMN access.erasure_request.requested_at       IS 'When it was asked for.';
COMMENT ON COLUMN access.erasure_request.decided_at         IS 'When it was decided; null before.';
COMMENT ON COLUMN access.erasure_request.ended_at           IS 'When it was refused, withdrawn or carried out; null before.';
COMMENT ON COLUMN access.erasure_request.version            IS 'Raised by each change.';
COMMENT ON COLUMN access.erasure_request.status             IS 'requested, granted, refused, withdrawn or done.';
COMMENT ON COLUMN access.erasure_request.reason             IS 'What the person said; null where nothing, and the word erased once it is done.';
COMMENT ON COLUMN access.erasure_request.decision_reason    IS 'Why it was granted or refused, without a name of anybody; null until it is decided.';
COMMENT ON CONSTRAINT erasure_request_pkey ON access.erasure_request IS 'This request is known already.';
COMMENT ON CONSTRAINT erasure_request_patient_fkey ON access.erasure_request IS 'Register the patient first.';
COMMENT ON CONSTRAINT erasure_request_requester_fkey ON access.erasure_request IS 'Make the account first.';
COMMENT ON CONSTRAINT erasure_request_decider_fkey ON access.erasure_request IS 'Make the account first.';
COMMENT ON CONSTRAINT erasure_request_status_is_known ON access.erasure_request IS 'A request is requested, granted, refused, withdrawn or done.';
COMMENT ON CONSTRAINT erasure_request_reason_is_short ON access.erasure_request IS 'Give the reason in 2000 letters at most.';
COMMENT ON CONSTRAINT erasure_request_decision_says_who_and_why ON access.erasure_request IS 'Say in a few words why an erasure is granted or refused.';
COMMENT ON CONSTRAINT erasure_request_ends_at_a_time ON access.erasure_request IS 'A request that is over has the time at which it ended.';
CALL access.guard('access.erasure_request', 'internal');
CREATE TRIGGER erasure_request_stays_under_hold BEFORE DELETE ON access.erasure_request
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION care.keep_row_under_hold();
INSERT INTO access.table_class (relation, found_by, row_class, aged_by, blanked, kept)
VALUES ('access.erasure_request', 'patient_id', 'request', NULL, '{reason}', '{decision_reason}');

CREATE FUNCTION access.records_of(patient uuid) RETURNS uuid[]
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    -- Links make no chains: all records of a person are those that were joined to one survivor, and it.
    WITH survivor AS (
        SELECT coalesce((SELECT l.survivor_id FROM care.patient_link l
                         WHERE l.patient_id = records_of.patient AND l.ended_at IS NULL), records_of.patient) AS patient_id)
    SELECT array_agg(DISTINCT r.patient_id ORDER BY r.patient_id)
    FROM (SELECT s.patient_id FROM survivor s
          UNION SELECT l.patient_id FROM survivor s JOIN care.patient_link l ON l.survivor_id = s.patient_id AND l.ended_at IS NULL) AS r
$$;
COMMENT ON FUNCTION access.records_of(uuid) IS 'The keys of all records of one person: the given one and those joined with it.';

CREATE FUNCTION access.is_held(patients uuid[]) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM care.patient p WHERE p.patient_id = ANY (patients) AND p.legal_hold)
$$;
COMMENT ON FUNCTION access.is_held(uuid[]) IS 'True where one of these records is under legal hold.';

CREATE FUNCTION access.request_erasure(me access.caller, patient uuid, reason text) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    made uuid;
BEGIN
    IF NOT coalesce(patient = ANY (access.own_patients()) OR patient = ANY (access.patients_acted_for('consent')), false) THEN
        PERFORM access.refuse('erasure_is_asked_by_the_patient',
            'The patient asks for an erasure, or who may consent for them.');
    END IF;
    INSERT INTO access.erasure_request (patient_id, requested_by, reason)
    VALUES (patient, me.account_id, nullif(btrim(request_erasure.reason), '')) RETURNING erasure_request_id INTO made;
    PERFORM access.note(me, 'create', patient, 'access.erasure_request/' || made);
    RETURN made;
END $$;
COMMENT ON FUNCTION access.request_erasure(access.caller, uuid, text) IS 'Asks for the erasure of the acting patient, or of one for whom the actor consents; gives the request.';

CREATE FUNCTION access.withdraw_erasure(me access.caller, request uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    whose uuid;
BEGIN
    UPDATE access.erasure_request r
    SET status = 'withdrawn', ended_at = now(), version = r.version + 1
    WHERE r.erasure_request_id = request AND r.ended_at IS NULL
      AND (r.patient_id = ANY (access.own_patients()) OR r.patient_id = ANY (access.patients_acted_for('consent')))
    RETURNING r.patient_id INTO whose;
    IF whose IS NULL THEN
        PERFORM access.refuse('erasure_request_stands', 'There is no such request of yours that is not over.');
    END IF;
    PERFORM access.note(me, 'update', whose, 'access.erasure_request/' || request);
END $$;
COMMENT ON FUNCTION access.withdraw_erasure(access.caller, uuid) IS 'Takes a request back that was not carried out, also a granted one.';

CREATE FUNCTION access.decide_erasure(me access.caller, request uuid, granted boolean, reason text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    whose uuid;
BEGIN
    IF me.part <> 'privacy_officer' THEN
        PERFORM access.refuse('erasure_is_decided_by_the_officer', 'Only a privacy officer decides about an erasure.');
    ELSIF granted IS NULL THEN
        PERFORM access.refuse('erasure_is_granted_or_refused', 'Say whether the erasure is granted or refused.');
    END IF;
    UPDATE access.erasure_request r
    SET status = CASE WHEN granted THEN 'granted' ELSE 'refused' END, decided_by = me.account_id, decided_at = now(),
        decision_reason = decide_erasure.reason, ended_at = CASE WHEN granted THEN NULL ELSE now() END, version = r.version + 1
    WHERE r.erasure_request_id = request AND r.status = 'requested' RETURNING r.patient_id INTO whose;
    IF whose IS NULL THEN
        PERFORM access.refuse('erasure_request_is_undecided', 'There is no such request that waits for a decision.');
    ELSIF granted AND access.is_held(access.records_of(whose)) THEN
        PERFORM access.refuse('erasure_waits_for_hold', 'This person is under legal hold: nothing of theirs is erased until it ends.');
    END IF;
    PERFORM access.note(me, 'review', whose, 'access.erasure_request/' || request);
END $$;
COMMENT ON FUNCTION access.decide_erasure(access.caller, uuid, boolean, text) IS 'Grants or refuses a request as the acting privacy officer, audited for the person.';

CREATE FUNCTION access.erasures_of(me access.caller, patient uuid)
    RETURNS TABLE (erasure_request_id uuid, patient_id uuid, requested_at timestamptz, status text, reason text, decided_at timestamptz,
                   decision_reason text, ended_at timestamptz, held boolean)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    -- Whether somebody is under hold is told to the officer alone.
    SELECT r.erasure_request_id, r.patient_id, r.requested_at, r.status, r.reason, r.decided_at, r.decision_reason, r.ended_at,
           CASE WHEN me.part = 'privacy_officer' THEN access.is_held(access.records_of(r.patient_id)) END
    FROM access.erasure_request r
    WHERE CASE WHEN erasures_of.patient IS NULL THEN me.part = 'privacy_officer' ELSE r.patient_id = erasures_of.patient END
    ORDER BY r.ended_at IS NOT NULL, r.requested_at DESC, r.erasure_request_id LIMIT 500
$$;
COMMENT ON FUNCTION access.erasures_of(access.caller, uuid) IS 'Requests of a patient, or of all for the privacy officer; for a function that has looked.';

REVOKE EXECUTE ON FUNCTION access.records_of(uuid), access.is_held(uuid[]), access.request_erasure(access.caller, uuid, text),
    access.withdraw_erasure(access.caller, uuid), access.decide_erasure(access.caller, uuid, boolean, text),
    access.erasures_of(access.caller, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.request_erasure(access.caller, uuid, text), access.withdraw_erasure(access.caller, uuid),
    access.decide_erasure(access.caller, uuid, boolean, text), access.erasures_of(access.caller, uuid) TO healthtrack_care;
GRANT EXECUTE ON FUNCTION access.records_of(uuid), access.is_held(uuid[]) TO healthtrack_migrator;

INSERT INTO access.look_kind (kind, scope, in_care, at_desk, of_all, act) VALUES ('erasures', 'none', false, false, true, 'consent');
CALL access.publish('request_erasure', 'patient uuid, reason text', 'uuid',
    'answer := access.request_erasure(me, patient, reason);',
    'Asks for the erasure of the own record, or of one for whose patient the account consents; gives the request, which the privacy officer decides.');
CALL access.publish('withdraw_erasure', 'erasure_request uuid', 'void',
    'PERFORM access.withdraw_erasure(me, erasure_request);',
    'Takes an own request back as long as it was not carried out.');
CALL access.publish('decide_erasure', 'erasure_request uuid, granted boolean, reason text', 'void',
    'PERFORM access.decide_erasure(me, erasure_request, granted, reason);',
    'Grants or refuses a request, as the privacy officer; none is granted under legal hold.');
CALL access.publish('read_erasures', '',
    'TABLE (erasure_request_id uuid, patient_id uuid, requested_at timestamptz, status text, reason text, decided_at timestamptz, decision_reason text, ended_at timestamptz, held boolean)',
    'RETURN QUERY SELECT * FROM access.erasures_of(me, patient);',
    'Requests of a patient, or where no patient is named those of all for the privacy officer; the open ones first, 500 at most.',
    look => $$'erasures'$$);
