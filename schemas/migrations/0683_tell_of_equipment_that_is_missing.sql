-- Visits whose equipment is out of service, or is no more, are told to the desk and not lost.
--
-- Each visit to come that holds a piece of equipment when it cannot be used opens a task of the desk where it takes place,
-- once, as 574 does where a facility closes. A visit that is booked meanwhile waits at the lock under which resources are
-- chosen, and then sees the outage; the outage waits for one that was booked before. What was told before is not told again;
-- a task stays where the outage ends earlier, since the desk may have called already. Locks both tables for an instant for
-- the triggers. Undo: drop the triggers and the function.
CREATE FUNCTION care.tell_of_equipment() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    facility uuid := (SELECT e.facility_id FROM care.equipment e WHERE e.equipment_id = NEW.equipment_id);
BEGIN
    PERFORM care.lock_resources(facility);
    PERFORM care.ask_desk_to_move(v.patient_id, facility, lower(v.during), f.time_zone, 'without ' || e.name)
    FROM care.appointment_resource u JOIN care.appointment v USING (patient_id, appointment_id)
    JOIN care.equipment e ON e.equipment_id = u.equipment_id JOIN care.facility f ON f.facility_id = e.facility_id
    WHERE u.facility_id = facility AND u.equipment_id = NEW.equipment_id AND u.released_at IS NULL
      AND v.status IN ('held', 'booked') AND lower(v.during) > now()
      AND (EXISTS (SELECT FROM care.equipment_outage o WHERE o.equipment_id = e.equipment_id AND o.during && u.held_during)
           OR NOT e.in_service_during @> (lower(u.held_during) AT TIME ZONE f.time_zone)::date
           OR NOT e.in_service_during @> ((upper(u.held_during) - INTERVAL '1 microsecond') AT TIME ZONE f.time_zone)::date);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION care.tell_of_equipment() IS
    'Trigger after equipment goes out of service: opens a task of the desk for each visit to come that holds it then.';
REVOKE EXECUTE ON FUNCTION care.tell_of_equipment() FROM PUBLIC;
CREATE TRIGGER equipment_outage_is_told AFTER INSERT OR UPDATE OF equipment_id, during ON care.equipment_outage
    FOR EACH ROW EXECUTE FUNCTION care.tell_of_equipment();
COMMENT ON TRIGGER equipment_outage_is_told ON care.equipment_outage IS
    'Trigger after equipment goes out of service: opens a task of the desk for each visit to come that holds it then.';
CREATE TRIGGER equipment_end_is_told AFTER UPDATE OF in_service_during ON care.equipment
    FOR EACH ROW WHEN (OLD.in_service_during <> NEW.in_service_during) EXECUTE FUNCTION care.tell_of_equipment();
COMMENT ON TRIGGER equipment_end_is_told ON care.equipment IS
    'Trigger after equipment goes out of service: opens a task of the desk for each visit to come that holds it then.';
