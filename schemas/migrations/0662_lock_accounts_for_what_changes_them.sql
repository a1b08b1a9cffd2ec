-- The row of an account is locked by what changes it, and shared by a sign-in: looks and registrations take turns elsewhere.
--
-- Looks and proposals of one account are counted one at a time. They waited for the account's row, so that whoever changed
-- an account and left the transaction open stopped it, unseen; now they wait for each other alone. A sign-in shares the
-- row, for two seconds at most: a session that is not committed yet while sessions are ended would else outlive that.
-- A look at all is of the parts of its kind alone, and denied to others.
-- Replaces three functions, locks nothing. Undo: make them as 194, 195 and 132 do.
CREATE OR REPLACE FUNCTION access.look(me access.caller, patient uuid, kind text, request uuid) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    metric constant text := CASE WHEN kind ~ '^samples/' THEN substr(kind, 9) END;
    most   constant integer := access.cap_of('looks_an_account_an_hour');
    -- Asked for once: an index is not searched by what may change while it is.
    since  constant timestamptz := clock_timestamp() - INTERVAL '1 hour';
    reason text;
    opens  text[] := '{}';
    made   uuid;
BEGIN
    -- The audit would else keep whatever somebody typed.
    IF metric IS NULL AND (kind = 'samples' OR NOT EXISTS (SELECT FROM access.look_kind k WHERE k.kind = look.kind)) THEN
        PERFORM access.refuse('look_is_of_a_known_kind', 'Choose one of the known kinds of a record.');
    ELSIF metric IS NOT NULL AND NOT EXISTS (SELECT FROM signal.metric m WHERE m.name = metric) THEN
        PERFORM access.refuse('samples_are_of_a_known_metric', 'Choose one of the known metrics.');
    ELSIF patient IS NOT NULL THEN
        reason := access.reason_to_look(patient, kind);
    ELSE
        SELECT me.part INTO reason FROM access.look_kind k WHERE k.kind = look.kind AND k.of_all
            AND (k.parts IS NULL OR me.part = ANY (k.parts));
    END IF;
    -- A look that is refused is one too. One at a time for each account, since what is under way is not counted.
    IF reason IS DISTINCT FROM 'own' THEN
        PERFORM pg_advisory_xact_lock(hashtextextended('healthtrack.look.' || me.account_id, 0));
        IF (SELECT count(*) FROM (
                SELECT FROM access.audit_event e
                WHERE e.actor = me.account_id AND e.at > since AND e.action = 'read'
                  AND e.reason IS DISTINCT FROM 'own'
                LIMIT most) AS lately) >= most THEN
            PERFORM access.refuse('looks_of_an_account_are_few',
                                  'This account has looked at many records within an hour: wait, or ask an operator.');
        END IF;
    END IF;
    IF reason <> 'own' AND (SELECT k.sensitive FROM access.look_kind k WHERE k.kind = look.kind) THEN
        opens := access.categories_open(patient);
    END IF;
    PERFORM access.note(me, 'read', patient, concat_ws('.', kind, nullif(array_to_string(opens, '.'), '')), reason,
        CASE WHEN reason IS NULL THEN 'denied' ELSE 'allowed' END,
                        request);
    IF reason IS NOT NULL THEN
        INSERT INTO access.look (session_id, patient_id, kind, opens) VALUES (me.session_id, patient, kind, opens)
        RETURNING look_id INTO made;
    END IF;
    RETURN made;
END $$;

CREATE OR REPLACE FUNCTION access.propose_patient(me access.caller, person jsonb) RETURNS uuid
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
    PERFORM pg_advisory_xact_lock(hashtextextended('healthtrack.propose.' || me.account_id, 0));
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

CREATE OR REPLACE FUNCTION access.open_session(login text, token_hash bytea, idle_for interval DEFAULT INTERVAL '15 minutes',
    lasts interval DEFAULT INTERVAL '12 hours') RETURNS timestamp with time zone
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    event access.audit_event;
    until timestamptz;
BEGIN
    SELECT a.account_id, a.part, a.patient_id INTO event.actor, event.part, event.patient_id
    FROM access.account a WHERE a.login = open_session.login AND a.disabled_at IS NULL FOR SHARE;
    IF event.actor IS NULL THEN
        PERFORM access.refuse('account_may_sign_in', 'There is no such account, or it is disabled.');
    END IF;
    INSERT INTO access.session (account_id, expires_at, idle_for, token_hash)
    VALUES (event.actor, now() + lasts, open_session.idle_for, open_session.token_hash) RETURNING expires_at INTO until;
    event.action := 'log_in';
    event.resource := 'access.session';
    event.outcome := 'allowed';
    PERFORM access.append_event(event);
    RETURN until;
END $$;
