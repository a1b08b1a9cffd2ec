-- Why a visit was cancelled, and whether in time.
--
-- Whoever cancels a visit says why, by a list: each reason is one that a patient, a provider or a facility may give; a front
-- desk gives any, since people call. A visit that is cancelled within the notice that its facility asks for is marked as
-- late, whoever cancels. To give a held time back needs no reason. Visits cancelled before this have none; a program that
-- still cancels without one is written down as `other`.
-- The codes beside them are those of HL7's code system appointment-cancellation-reason, where one fits.
-- Locks care.appointment for an instant (columns that may be null, and checks that no row breaks). Undo: drop the columns,
-- the table, the trigger and functions, and take care.cancel_appointment back as in migration 37.
CREATE TABLE care.cancellation_reason (
    active              boolean NOT NULL DEFAULT true,
    cancellation_reason text    NOT NULL,
    title               text    NOT NULL,
    fhir_code           text,
    given_by            text[]  NOT NULL,

    CONSTRAINT cancellation_reason_pkey PRIMARY KEY (cancellation_reason),
    CONSTRAINT cancellation_reason_is_snake_case CHECK (cancellation_reason ~ '^[a-z][a-z0-9_]{1,40}$'),
    CONSTRAINT cancellation_reason_title_is_some CHECK (title ~ '\S'),
    CONSTRAINT cancellation_reason_fhir_code_is_a_code CHECK (fhir_code ~ '^[a-z]+(-[a-z]+)*$'),
    CONSTRAINT cancellation_reason_is_given_by_somebody
        CHECK (cardinality(given_by) > 0 AND given_by <@ ARRAY['patient', 'provider', 'facility'])
);
COMMENT ON TABLE  care.cancellation_reason IS 'Why a visit may be cancelled, and who may say so.';
COMMENT ON COLUMN care.cancellation_reason.active              IS 'False where it is not given any more.';
COMMENT ON COLUMN care.cancellation_reason.cancellation_reason IS 'Stable word.';
COMMENT ON COLUMN care.cancellation_reason.title               IS 'A few words for a person.';
COMMENT ON COLUMN care.cancellation_reason.fhir_code           IS 'Code of HL7''s appointment-cancellation-reason; null where none fits.';
COMMENT ON COLUMN care.cancellation_reason.given_by            IS 'Who may give it: patient, provider, facility; a front desk gives any.';
COMMENT ON CONSTRAINT cancellation_reason_pkey ON care.cancellation_reason IS 'This reason is known already.';
COMMENT ON CONSTRAINT cancellation_reason_is_snake_case ON care.cancellation_reason IS 'Name a reason by small letters, digits and underscores.';
COMMENT ON CONSTRAINT cancellation_reason_title_is_some ON care.cancellation_reason IS 'Give the reason a title.';
COMMENT ON CONSTRAINT cancellation_reason_fhir_code_is_a_code ON care.cancellation_reason IS 'A code of cancellation reasons has small letters and hyphens.';
COMMENT ON CONSTRAINT cancellation_reason_is_given_by_somebody ON care.cancellation_reason IS 'Choose who may give it among patient, provider and facility.';
CALL access.guard('care.cancellation_reason', 'directory');
INSERT INTO care.cancellation_reason (cancellation_reason, title, fhir_code, given_by) VALUES
    ('feels_better', 'The patient feels better', 'pat-fb', '{patient}'),
    ('other_plans', 'The patient cannot come then', 'pat', '{patient}'),
    ('no_transport', 'The patient has no way to come', 'pat-lt', '{patient}'),
    ('moved_away', 'The patient has moved away', 'pat-mv', '{patient}'),
    ('goes_elsewhere', 'The patient goes to somebody else', 'pat-ucp', '{patient}'),
    ('costs', 'It costs too much', 'oth-fin', '{patient}'),
    ('patient_died', 'The patient has died', 'pat-dec', '{provider,facility}'),
    ('membership_ended', 'The membership has ended', 'pat-mt', '{facility}'),
    ('provider_away', 'The provider cannot be there', 'prov-pers', '{provider,facility}'),
    ('provider_called_away', 'The provider is needed elsewhere', 'prov', '{provider,facility}'),
    ('not_prepared', 'What had to be done before was not done', 'meds-inc', '{provider,facility}'),
    ('results_missing', 'Results are not there yet', 'oth-mu', '{provider,facility}'),
    ('no_interpreter', 'There is no interpreter', 'oth-int', '{provider,facility}'),
    ('equipment_failed', 'Equipment is broken or maintained', 'maint', '{facility}'),
    ('no_room', 'There is no room', 'oth-room', '{facility}'),
    ('booked_by_mistake', 'It was booked by mistake', 'oth-err', '{patient,provider,facility}'),
    ('weather', 'The weather', 'oth-weath', '{patient,provider,facility}'),
    ('other', 'Another reason', 'other', '{patient,provider,facility}');

ALTER TABLE care.appointment
    ADD COLUMN cancelled_at timestamptz,
    ADD COLUMN cancelled_late boolean,
    ADD COLUMN cancellation_reason text,
    ADD CONSTRAINT appointment_cancellation_reason_fkey
        FOREIGN KEY (cancellation_reason) REFERENCES care.cancellation_reason (cancellation_reason),
    ADD CONSTRAINT appointment_gives_a_reason_when_cancelled
        CHECK (status = 'cancelled' OR cancellation_reason IS NULL AND cancelled_at IS NULL AND cancelled_late IS NULL);
CREATE INDEX appointment_cancellation_reason_idx ON care.appointment (cancellation_reason) WHERE cancellation_reason IS NOT NULL;
COMMENT ON COLUMN care.appointment.cancelled_at        IS 'When the visit was cancelled; null where it was not, or was only held, or before this was kept.';
COMMENT ON COLUMN care.appointment.cancelled_late      IS 'True where it was cancelled within the notice that its facility asks for; null where it was not cancelled.';
COMMENT ON COLUMN care.appointment.cancellation_reason IS 'Why it was cancelled; null where it was not, or was only held, or before this was kept.';
COMMENT ON CONSTRAINT appointment_cancellation_reason_fkey ON care.appointment IS 'Choose one of the known reasons.';
COMMENT ON CONSTRAINT appointment_gives_a_reason_when_cancelled ON care.appointment IS 'Only a cancelled visit says why and when it was cancelled.';

CREATE FUNCTION care.explain_cancellation() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    side constant text := access.part();
BEGIN
    NEW.cancellation_reason := coalesce(NEW.cancellation_reason, 'other');
    IF side IN ('patient', 'provider') AND NOT EXISTS (
        SELECT FROM care.cancellation_reason r
        WHERE r.cancellation_reason = NEW.cancellation_reason AND r.active AND side = ANY (r.given_by)) THEN
        PERFORM care.refuse('cancellation_reason_is_ones_own_to_give', 'Choose one of the reasons that you may give.');
    ELSIF side IS NOT NULL AND NOT EXISTS (
        SELECT FROM care.cancellation_reason r WHERE r.cancellation_reason = NEW.cancellation_reason AND r.active) THEN
        PERFORM care.refuse('cancellation_reason_is_given_still', 'Choose one of the reasons that are given still.');
    END IF;
    NEW.cancelled_at := now();
    NEW.cancelled_late := now() > lower(OLD.during) - coalesce(
        (SELECT p.notice_hours FROM care.attendance_policy p WHERE p.facility_id = OLD.facility_id), 0) * INTERVAL '1 hour';
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.explain_cancellation() IS 'Trigger before a visit is cancelled: notes when, and whether late, and refuses a reason that is not for whoever cancels.';
REVOKE EXECUTE ON FUNCTION care.explain_cancellation() FROM PUBLIC;
CREATE TRIGGER appointment_cancellation_is_explained BEFORE UPDATE ON care.appointment
    FOR EACH ROW WHEN (OLD.status IN ('booked', 'arrived') AND NEW.status = 'cancelled')
    EXECUTE FUNCTION care.explain_cancellation();

DROP FUNCTION care.cancel_appointment(uuid);
CREATE FUNCTION care.cancel_appointment(asked uuid, why text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    -- First the locks and then the row, in the order of those who book: no deadlock.
    PERFORM care.lock_visits(ARRAY[asked], NULL::uuid);
    UPDATE care.appointment
    SET status = 'cancelled', expires_at = NULL, cancellation_reason = CASE WHEN status <> 'held' THEN why END
    WHERE appointment_id = asked AND status <> 'cancelled';
    IF NOT FOUND AND NOT EXISTS (SELECT FROM care.appointment WHERE appointment_id = asked AND status = 'cancelled') THEN
        PERFORM care.refuse('appointment_is_known', 'There is no such appointment.');
    END IF;
END $$;
COMMENT ON FUNCTION care.cancel_appointment(uuid, text) IS 'Gives a held or booked time back, until it begins, and says why; for an arrived patient, ends the visit without care.';
REVOKE EXECUTE ON FUNCTION care.cancel_appointment(uuid, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.cancel_appointment(uuid, text) TO healthtrack_care, healthtrack_migrator;

CALL access.publish('cancel_appointment', 'appointment uuid, reason text', 'boolean', $body$
    DECLARE
        -- Asked before: the change may close the record to whoever makes it.
        was record;
    BEGIN
        SELECT v.patient_id, v.status INTO was FROM care.appointment v WHERE v.appointment_id = appointment;
        IF was.status IN ('booked', 'arrived') AND reason IS NULL THEN
            PERFORM access.refuse('appointment_cancellation_is_explained', 'Say why the visit is cancelled.');
        END IF;
        PERFORM care.cancel_appointment(appointment, reason);
        answer := coalesce((SELECT v.cancelled_late FROM care.appointment v WHERE v.appointment_id = appointment), false);
        PERFORM access.note(me, 'update', was.patient_id, 'care.appointment/' || appointment);
    END;$body$,
    'Cancels an appointment and says why; true where it is late by the notice that the facility asks for.');
CALL access.publish('list_cancellation_reasons', '',
    'TABLE (cancellation_reason text, title text, given_by text[])',
    $body$RETURN QUERY
    SELECT r.cancellation_reason, r.title, r.given_by FROM care.cancellation_reason r
    WHERE r.active AND (me.part NOT IN ('patient', 'provider') OR me.part = ANY (r.given_by))
    ORDER BY r.cancellation_reason = 'other', r.title;$body$,
    'Reasons for a cancellation that the account may give.');
