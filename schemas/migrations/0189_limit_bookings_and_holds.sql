-- How much one account books: a patient so many times to come, a desk so many people an hour (access.cap).
--
-- One patient could book a month full, since only held times were counted. And a desk sees name and telephone of each
-- patient who has a time at its facility, so whoever had a key could open its person by a hold. Each hold is an event
-- that stays (care.appointment_event), and an account of a desk makes so many new appointments within an hour and no
-- more. A hold that has run out opens nobody any longer, though nobody has ended it yet.
--
-- What counts is what was committed: a hold that is rolled back is in no table. Replaces access.patients_at_desk; locks
-- care.appointment against writes for an instant, and makes an index. Undo: replace it by the one of migration 28, and
-- drop triggers, functions and index.
CREATE INDEX appointment_event_made_idx ON care.appointment_event (actor, happened_at) WHERE from_status IS NULL;

CREATE FUNCTION care.count_bookings() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    -- Asked for once: an index is not searched by what may change while it is.
    since constant timestamptz := clock_timestamp() - INTERVAL '1 hour';
BEGIN
    IF access.part() = 'patient' THEN
        -- The lock on the patient's schedule is had already: appointment_is_bookable comes first by its name.
        IF (SELECT count(*) FROM care.appointment a
            WHERE a.patient_id = NEW.patient_id AND lower(a.during) > clock_timestamp()
              AND (a.status = 'booked' OR a.status = 'held' AND a.expires_at > clock_timestamp()))
           >= access.cap_of('bookings_a_patient') THEN
            PERFORM care.refuse('appointments_of_a_patient_are_few',
                'You have many appointments to come: give one back, or ask the front desk.');
        END IF;
    ELSIF access.part() = 'front_desk' THEN
        PERFORM pg_advisory_xact_lock(hashtextextended('healthtrack.desk.' || access.actor(), 0));
        IF (SELECT count(*) FROM care.appointment_event e
            WHERE e.actor = access.actor() AND e.from_status IS NULL
              AND e.happened_at > since)
           >= access.cap_of('holds_a_desk_an_hour') THEN
            PERFORM care.refuse('holds_of_a_desk_are_few',
                'This account has held many times within an hour: wait, or ask an operator.');
        END IF;
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.count_bookings() IS 'Trigger before a time is held or booked through the portal: refuses more than access.cap allows to a patient or to an account of a desk.';
CREATE TRIGGER appointment_is_one_of_few BEFORE INSERT ON care.appointment
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION care.count_bookings();

CREATE OR REPLACE FUNCTION access.patients_at_desk() RETURNS uuid[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (
        SELECT coalesce(array_agg(DISTINCT v.patient_id), '{}')
        FROM access.account a JOIN care.appointment v USING (facility_id)
        WHERE a.account_id = access.actor() AND a.disabled_at IS NULL AND a.part = 'front_desk'
          AND v.status IN ('held', 'booked', 'arrived', 'completed')
          AND (v.status <> 'held' OR v.expires_at > clock_timestamp())
          AND lower(v.during) > now() - INTERVAL '30 days'
    );
END $$;
COMMENT ON FUNCTION access.patients_at_desk() IS 'Patients with an appointment to come, or of the last 30 days, at the facility of the acting front desk; by a hold, while it lasts.';
