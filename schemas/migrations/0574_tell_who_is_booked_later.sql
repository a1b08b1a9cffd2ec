-- What is booked after a facility has closed, or a provider retired, is told to the desk and not lost.
--
-- Each such visit opens a task of the desk where it is to take place, once, with the time by which somebody must have
-- called. A visit that is booked while a facility is being closed waits for that at its reference to the facility, and is
-- asked for again after it: the trigger on care.appointment refuses what its check before could not see yet.
-- Locks care.appointment for a moment. Undo: drop the trigger and the functions.
CREATE FUNCTION care.ask_desk_to_move(patient uuid, facility uuid, starts_at timestamptz, zone text, why text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    -- As long as a task's title may be.
    wanted constant text := left(format('Move the visit of %s: %s', to_char(starts_at AT TIME ZONE zone, 'YYYY-MM-DD HH24:MI'), why), 200);
BEGIN
    INSERT INTO care.task (patient_id, facility_id, pool, requester_account_id, kind, title, due_at)
    SELECT patient, facility, 'front_desk', access.actor(), 'call_patient', wanted, starts_at - INTERVAL '24 hours'
    WHERE NOT EXISTS (SELECT FROM care.task t
                      WHERE t.patient_id = patient AND t.title = wanted AND t.status IN ('requested', 'in_progress', 'on_hold'));
    RETURN FOUND;
END $$;
COMMENT ON FUNCTION care.ask_desk_to_move(uuid, uuid, timestamptz, text, text) IS
    'Opens a task of a desk to move a visit to come, once; true where it was not open yet.';

CREATE FUNCTION care.tell_of_visits(facility uuid, provider uuid, since date) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    told integer;
BEGIN
    SELECT count(care.ask_desk_to_move(v.patient_id, v.facility_id, lower(v.during), f.time_zone,
               CASE WHEN tell_of_visits.provider IS NULL THEN 'the facility closes' ELSE 'the provider retires' END)) INTO told
    FROM care.appointment v JOIN care.facility f USING (facility_id)
    WHERE (v.facility_id = tell_of_visits.facility OR v.provider_id = tell_of_visits.provider)
      AND v.status IN ('held', 'booked') AND lower(v.during) > now()
      AND (lower(v.during) AT TIME ZONE f.time_zone)::date >= since;
    RETURN told;
END $$;
COMMENT ON FUNCTION care.tell_of_visits(uuid, uuid, date) IS
    'Opens a task of the desk for each visit at a facility, or with a provider, that is booked for this day or later; how many visits.';

CREATE FUNCTION care.refuse_visits_at_closed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.status IN ('held', 'booked') AND EXISTS (
        SELECT FROM care.facility f
        WHERE f.facility_id = NEW.facility_id AND (lower(NEW.during) AT TIME ZONE f.time_zone)::date >= f.closed_on) THEN
        PERFORM care.refuse('appointment_is_before_its_facility_closes', 'The facility is closed on that day: choose another one.');
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION care.refuse_visits_at_closed() IS
    'Trigger after a visit is booked: refuses one on a day on which its facility is closed for good.';
REVOKE ALL ON FUNCTION care.ask_desk_to_move(uuid, uuid, timestamptz, text, text), care.tell_of_visits(uuid, uuid, date),
    care.refuse_visits_at_closed() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.tell_of_visits(uuid, uuid, date) TO healthtrack_care;
CREATE TRIGGER appointment_facility_stands AFTER INSERT OR UPDATE OF facility_id, during ON care.appointment
    FOR EACH ROW EXECUTE FUNCTION care.refuse_visits_at_closed();
COMMENT ON TRIGGER appointment_facility_stands ON care.appointment IS
    'Trigger after a visit is booked: refuses one on a day on which its facility is closed for good.';
