-- Care does not renew itself: a visit that its own provider booked opens no record.
--
-- A visit opens the record to its provider from the booking until 30 days after it. Whoever could book, could therefore
-- keep a record open: a booking under broken glass made 60 minutes 55 days, and each care that was about to end could be
-- prolonged by another visit. Now the visit must be known to somebody else: the record is opened by a booking of the
-- patient or of the desk, by the desk that checks the patient in, and by the patient who joins a visit by video. What
-- was open stays open as long as it was. Emergencies are counted as well (access.cap).
--
-- Replaces care.keep_visit_relationship; locks care.join_token and access.care_relationship for an instant. Undo:
-- replace it by the one of migration 37, and drop triggers and functions.
CREATE OR REPLACE FUNCTION care.keep_visit_relationship() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF OLD.status IN ('booked', 'arrived') THEN
        PERFORM care.close_record(OLD.patient_id, OLD.provider_id);
    END IF;
    IF NEW.status IN ('booked', 'arrived', 'completed') AND access.part() IS DISTINCT FROM 'provider' THEN
        PERFORM care.open_record(NEW.patient_id, NEW.provider_id,
            tstzrange(least(now(), lower(NEW.during)), upper(NEW.during) + INTERVAL '720 hours'));
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION care.keep_visit_relationship() IS 'Trigger after an appointment changes status, time or provider: opens the record to the provider, unless a provider did it, or closes it.';

CREATE FUNCTION care.open_record_by_joining() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM care.open_record(a.patient_id, a.provider_id,
        tstzrange(least(now(), lower(a.during)), upper(a.during) + INTERVAL '720 hours'))
    FROM care.telehealth_session s JOIN care.appointment a USING (appointment_id)
    JOIN access.account c ON c.account_id = NEW.account_id AND c.patient_id = a.patient_id
    WHERE s.telehealth_session_id = NEW.telehealth_session_id AND a.status IN ('booked', 'arrived', 'completed')
      AND upper(a.during) + INTERVAL '720 hours' > now();
    RETURN NULL;
END $$;
COMMENT ON FUNCTION care.open_record_by_joining() IS 'Trigger after a link to a visit by video is used: where it is the patient who joins, the record is open to the provider.';
CREATE TRIGGER join_token_opens_the_record AFTER UPDATE OF used_at ON care.join_token
    FOR EACH ROW WHEN (OLD.used_at IS NULL AND NEW.used_at IS NOT NULL)
    EXECUTE FUNCTION care.open_record_by_joining();

CREATE FUNCTION access.count_emergencies() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('healthtrack.emergency.' || NEW.provider_id, 0));
    IF (SELECT count(*) FROM access.care_relationship r
        WHERE r.provider_id = NEW.provider_id AND r.basis = 'emergency'
          AND lower(r.valid_during) > clock_timestamp() - INTERVAL '24 hours')
       >= access.cap_of('emergencies_a_provider_a_day') THEN
        PERFORM access.refuse('emergencies_are_few',
            'You have opened many records in emergencies today: ask the privacy officer.');
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION access.count_emergencies() IS 'Trigger before a record is opened in an emergency: refuses more than access.cap allows in 24 hours.';
CREATE TRIGGER emergencies_are_few BEFORE INSERT ON access.care_relationship
    FOR EACH ROW WHEN (NEW.basis = 'emergency') EXECUTE FUNCTION access.count_emergencies();
