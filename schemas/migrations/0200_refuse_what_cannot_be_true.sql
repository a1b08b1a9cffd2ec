-- Time zones that the server knows, and dates of people that are not to come.
--
-- A zone had to look like one, so `Chicago` was kept, and every statement over the local days of many people failed on
-- it. A birth, a death or the beginning of a condition may not lie ahead, and a condition begins after its person. A day
-- of grace, since somebody's day is ahead of the server's. What stands already is not judged, and is when it is changed.
-- Locks three tables for an instant. Undo: drop the constraint, triggers and functions.
CREATE FUNCTION care.is_time_zone(zone text) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM now() AT TIME ZONE zone;
    RETURN true;
EXCEPTION WHEN invalid_parameter_value THEN
    RETURN false;
END $$;
COMMENT ON FUNCTION care.is_time_zone(text) IS 'True for a time zone that this server knows.';
GRANT EXECUTE ON FUNCTION care.is_time_zone(text)
    TO healthtrack_care, healthtrack_migrator, healthtrack_ingest, healthtrack_roller;
ALTER DOMAIN care.time_zone ADD CONSTRAINT time_zone_is_known CHECK (VALUE IS NULL OR care.is_time_zone(VALUE)) NOT VALID;
COMMENT ON CONSTRAINT time_zone_is_known ON DOMAIN care.time_zone IS 'Give a time zone by its name, as America/Chicago.';

CREATE FUNCTION care.check_dates_of_person() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.born_on > current_date + 1 OR NEW.deceased_at > now() + INTERVAL '1 day' THEN
        PERFORM care.refuse('patient_is_of_this_day', 'A date of birth or death does not lie ahead.');
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.check_dates_of_person() IS 'Trigger before a patient is stored: refuses a birth or death to come.';
CREATE TRIGGER patient_is_of_this_day BEFORE INSERT OR UPDATE OF born_on, deceased_at ON care.patient
    FOR EACH ROW EXECUTE FUNCTION care.check_dates_of_person();
COMMENT ON TRIGGER patient_is_of_this_day ON care.patient IS 'A date of birth or death does not lie ahead.';

CREATE FUNCTION care.check_dates_of_condition() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.onset_on > current_date + 1 OR EXISTS (
        SELECT FROM care.patient p WHERE p.patient_id = NEW.patient_id AND NEW.onset_on < p.born_on) THEN
        PERFORM care.refuse('condition_begins_within_a_life', 'A condition begins after its person was born, and not ahead.');
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.check_dates_of_condition() IS 'Trigger before a condition is stored: refuses a beginning before the birth or to come.';
CREATE TRIGGER condition_begins_within_a_life BEFORE INSERT OR UPDATE OF onset_on ON care.condition
    FOR EACH ROW EXECUTE FUNCTION care.check_dates_of_condition();
COMMENT ON TRIGGER condition_begins_within_a_life ON care.condition IS 'A condition begins after its person was born, and not ahead.';
