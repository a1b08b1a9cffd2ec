-- Registration in two steps: who is proposed is recorded before the answer tells anything.
--
-- A number that only one person can have (a social security number) tells by its refusal that somebody here has it. That
-- cannot be hidden from whoever registers people; but rolled back, it left no trace. So a person is proposed first, which
-- is an event of the audit and one of so many a day (access.cap), and registered by another transaction of the same
-- session within five minutes. A proposal names one number of each system at most, and a record number only of a
-- facility where the account works: each number that is tried is somebody's. It holds what was typed until it is used,
-- for five minutes and the minute until maintenance takes it.
--
-- New table; replaces access.forget_looks. Undo: put that back as in migration 134, drop functions and table.
CREATE TABLE access.proposal (
    proposal_id uuid        NOT NULL DEFAULT gen_random_uuid(),
    session_id  uuid        NOT NULL,
    proposed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    xid         xid8        NOT NULL DEFAULT pg_current_xact_id(),
    person      jsonb       NOT NULL,

    CONSTRAINT proposal_pkey PRIMARY KEY (proposal_id),
    CONSTRAINT proposal_is_small CHECK (octet_length(person::text) <= 65536)
);
COMMENT ON TABLE  access.proposal             IS 'People who are about to be registered, for five minutes.';
COMMENT ON COLUMN access.proposal.proposal_id IS 'Key, which the registration takes.';
COMMENT ON COLUMN access.proposal.session_id  IS 'In which session.';
COMMENT ON COLUMN access.proposal.proposed_at IS 'When.';
COMMENT ON COLUMN access.proposal.xid         IS 'The transaction that wrote it, which registers nobody by it.';
COMMENT ON COLUMN access.proposal.person      IS 'The person with names, addresses, contacts and identifiers.';
COMMENT ON CONSTRAINT proposal_pkey ON access.proposal IS 'This proposal is known already.';
COMMENT ON CONSTRAINT proposal_is_small ON access.proposal IS 'A person is described in 64 kB at most.';
CALL access.guard('access.proposal', 'internal');

CREATE FUNCTION access.propose_patient(me access.caller, person jsonb) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    -- Asked for once: an index is not searched by what may change while it is.
    since constant timestamptz := clock_timestamp() - INTERVAL '24 hours';
    made  uuid;
BEGIN
    IF me.part NOT IN ('provider', 'front_desk') THEN
        PERFORM access.refuse('patient_is_registered_by_staff', 'A provider or the front desk registers patients.');
    END IF;
    IF EXISTS (SELECT FROM jsonb_to_recordset(coalesce(person -> 'identifiers', '[]')) AS i (system text)
               GROUP BY i.system HAVING count(*) > 1) THEN
        PERFORM access.refuse('person_has_one_number_of_a_system', 'Give one number of each system.');
    ELSIF EXISTS (SELECT FROM jsonb_to_recordset(coalesce(person -> 'identifiers', '[]')) AS i (facility_id uuid)
                  WHERE i.facility_id IS NOT NULL AND i.facility_id <> ALL (access.own_facilities()) AND NOT EXISTS (
                      SELECT FROM care.affiliation a
                      WHERE a.provider_id = access.acting_provider() AND a.facility_id = i.facility_id
                        AND a.valid_during @> current_date)) THEN
        PERFORM access.refuse('record_number_is_of_the_own_facility', 'Give a record number of a facility where you work.');
    END IF;
    -- One at a time for each account, since what is under way is not counted.
    PERFORM FROM access.account a WHERE a.account_id = me.account_id FOR NO KEY UPDATE;
    IF (SELECT count(*) FROM access.audit_event e
        WHERE e.actor = me.account_id AND e.at > since
          AND e.resource = 'access.proposal') >= access.cap_of('registrations_an_account_a_day') THEN
        PERFORM access.refuse('registrations_of_an_account_are_few',
                              'This account has registered many people within a day: wait, or ask an operator.');
    END IF;
    INSERT INTO access.proposal (session_id, person) VALUES (me.session_id, propose_patient.person)
    RETURNING proposal_id INTO made;
    PERFORM access.note(me, 'create', NULL, 'access.proposal');
    RETURN made;
END $$;
COMMENT ON FUNCTION access.propose_patient(access.caller, jsonb) IS 'Keeps a person for the registration that follows, audited; gives the proposal''s key.';

CREATE FUNCTION access.take_proposal(me access.caller, proposal uuid) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    taken jsonb;
BEGIN
    DELETE FROM access.proposal p
    WHERE p.proposal_id = proposal AND p.session_id = me.session_id
      AND p.proposed_at > clock_timestamp() - INTERVAL '5 minutes' AND p.xid <> pg_current_xact_id()
    RETURNING p.person INTO taken;
    IF taken IS NULL THEN
        PERFORM access.refuse('proposal_is_recorded', 'Propose the person, commit it, and register within five minutes.');
    END IF;
    RETURN taken;
END $$;
COMMENT ON FUNCTION access.take_proposal(access.caller, uuid) IS 'Takes what another, committed transaction of this session proposed within five minutes.';
GRANT EXECUTE ON FUNCTION access.propose_patient(access.caller, jsonb), access.take_proposal(access.caller, uuid)
    TO healthtrack_care;

CALL access.publish('propose_patient', 'person jsonb', 'uuid', 'answer := access.propose_patient(me, person);',
    'Keeps a person for the registration that follows within five minutes, in another transaction; gives the proposal''s key.');
CALL access.publish('register_patient', 'proposal uuid', 'uuid', $body$
    answer := care.register_patient(access.take_proposal(me, proposal));
    PERFORM access.note(me, 'create', answer, 'care.patient/' || answer);$body$,
    'Adds the patient who was proposed, all or nothing; gives the key.');

CREATE OR REPLACE FUNCTION access.forget_looks() RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    ended bigint;
BEGIN
    DELETE FROM access.session s
    WHERE s.expires_at < now() - INTERVAL '1 day' OR s.revoked_at < now() - INTERVAL '1 day';
    DELETE FROM access.proposal p WHERE p.proposed_at < now() - INTERVAL '5 minutes';
    DELETE FROM access.look l WHERE l.looked_at < now() - INTERVAL '5 minutes';
    GET DIAGNOSTICS ended = ROW_COUNT;
    RETURN ended;
END $$;
COMMENT ON FUNCTION access.forget_looks() IS 'Removes looks and proposals that are over, and sessions that ended a day ago; gives how many looks.';
