-- A death is compared with the birth by the days of the person's own time zone.
--
-- The moment of death was compared with the first moment of the day of birth in the session's zone: a newborn who died in
-- Tokyo on the day of birth was refused by a session elsewhere. What stands was judged by some zone, so the constraint
-- refuses what is true in none; the trigger, which sees what is written from now on, asks the person's own. Reads
-- care.patient once. Undo: put back the former constraint, deceased_at >= born_on, and the function as 200 has it.
ALTER TABLE care.patient DROP CONSTRAINT patient_dies_after_birth;
ALTER TABLE care.patient ADD CONSTRAINT patient_dies_after_birth
    CHECK ((deceased_at AT TIME ZONE 'UTC' + INTERVAL '14 hours')::date >= born_on);
COMMENT ON CONSTRAINT patient_dies_after_birth ON care.patient IS 'A date of death cannot lie before the date of birth.';

CREATE OR REPLACE FUNCTION care.check_dates_of_person() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.born_on > current_date + 1 OR NEW.deceased_at > now() + INTERVAL '1 day' THEN
        PERFORM care.refuse('patient_is_of_this_day', 'A date of birth or death does not lie ahead.');
    ELSIF (NEW.deceased_at AT TIME ZONE NEW.time_zone::text)::date < NEW.born_on THEN
        PERFORM care.refuse('patient_dies_after_birth', 'A date of death cannot lie before the date of birth.');
    END IF;
    RETURN NEW;
END $$;
