-- What a proxy does for a patient goes through the same functions as what the patient does.
--
-- Whoever is proved to act for somebody's schedule holds, confirms, moves and cancels visits and waits for them, under the
-- same rules and caps; whoever may consent for them consents to visits by video and joins them. The events of the audit name
-- the account that acted and the patient whose record it was.
--
-- Policies beside those of the patients themselves, which are asked once a statement; locks two tables for an instant.
-- Undo: drop the policies, and put the functions back as in migrations 38 and 39.
CREATE POLICY proxy ON care.appointment FOR ALL TO healthtrack_care
    USING (patient_id = ANY ((SELECT access.patients_acted_for('schedule'))::uuid[]))
    WITH CHECK (patient_id = ANY ((SELECT access.patients_acted_for('schedule'))::uuid[]));
CREATE POLICY proxy ON care.waitlist_entry FOR ALL TO healthtrack_care
    USING (patient_id = ANY ((SELECT access.patients_acted_for('schedule'))::uuid[]))
    WITH CHECK (patient_id = ANY ((SELECT access.patients_acted_for('schedule'))::uuid[]));
CREATE POLICY proxy ON care.telehealth_session FOR SELECT TO healthtrack_care
    USING (patient_id = ANY ((SELECT access.patients_acted_for('consent'))::uuid[]));

CREATE OR REPLACE FUNCTION care.leave_waitlist(asked uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE care.waitlist_entry SET status = 'left'
    WHERE waitlist_entry_id = asked AND status = 'waiting'
      AND (patient_id = ANY (access.own_patients()) OR patient_id = ANY (access.patients_acted_for('schedule'))
           OR facility_id = ANY (access.own_facilities()) AND access.part() = 'front_desk');
    IF NOT FOUND THEN
        PERFORM care.refuse('waitlist_entry_is_waiting', 'There is no such entry, or it waits no more.');
    END IF;
END $$;

CREATE OR REPLACE FUNCTION care.consent_to_telehealth(asked_appointment uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE care.telehealth_session SET consented_at = coalesce(consented_at, now())
    WHERE appointment_id = asked_appointment
      AND (patient_id = ANY (access.own_patients()) OR patient_id = ANY (access.patients_acted_for('consent')));
    IF NOT FOUND THEN
        PERFORM care.refuse('telehealth_session_is_ones_own', 'There is no such visit by video.');
    END IF;
END $$;

CREATE OR REPLACE FUNCTION care.issue_join_token(asked_appointment uuid) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    -- 244 random bits.
    secret constant text := replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '');
    joined record;
BEGIN
    SELECT s.telehealth_session_id, s.patient_id, s.consented_at, s.stopped_at, a.during, a.status, c.account_id
        INTO joined
    FROM care.telehealth_session s JOIN care.appointment a USING (appointment_id)
    JOIN access.account c ON c.account_id = access.actor() AND c.disabled_at IS NULL
                         AND (c.patient_id = a.patient_id OR c.provider_id = a.provider_id
                              OR a.patient_id = ANY (access.patients_acted_for('consent')))
    WHERE s.appointment_id = asked_appointment
    FOR UPDATE OF s;
    IF NOT FOUND THEN
        PERFORM care.refuse('telehealth_session_is_ones_own', 'There is no such visit by video.');
    ELSIF joined.status NOT IN ('booked', 'arrived') OR joined.stopped_at IS NOT NULL
        OR now() < lower(joined.during) - INTERVAL '15 minutes' OR now() >= upper(joined.during) THEN
        PERFORM care.refuse('telehealth_session_is_joined_in_time',
            'A visit by video can be joined from 15 minutes before it begins until it ends.');
    ELSIF joined.consented_at IS NULL THEN
        PERFORM care.refuse('telehealth_session_is_consented_to',
            'The patient has to agree to be seen by video first.');
    END IF;
    UPDATE care.join_token SET replaced_at = now()
    WHERE telehealth_session_id = joined.telehealth_session_id AND account_id = joined.account_id
      AND used_at IS NULL AND replaced_at IS NULL;
    INSERT INTO care.join_token (patient_id, telehealth_session_id, account_id, token_hash)
    VALUES (joined.patient_id, joined.telehealth_session_id, joined.account_id, sha256(secret::bytea));
    RETURN secret;
END $$;
