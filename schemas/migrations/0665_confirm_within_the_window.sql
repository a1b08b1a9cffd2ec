-- A held time is confirmed as long as the membership opens it.
--
-- How far ahead a membership books, and whether it includes visits by video, was asked when a time was held; a membership that
-- was changed meanwhile is asked again when the time is booked. What was booked stays as it is.
-- Locks care.appointment for an instant for a trigger. Undo: drop the trigger and its function.
CREATE FUNCTION care.check_membership_of_hold() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    member constant care.membership_plan := care.plan_of(NEW.patient_id);
BEGIN
    IF lower(NEW.during) > now() + member.lead_days * INTERVAL '24 hours'
        AND (NEW.appointment_series_id IS NULL OR access.part() = 'patient') THEN
        PERFORM care.refuse('appointment_is_within_its_release_window', 'This time cannot be booked yet with this membership.');
    ELSIF NEW.mode = 'telehealth' AND NOT member.telehealth THEN
        PERFORM care.refuse('appointment_by_video_needs_its_plan', 'Visits by video need a membership that includes them.');
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION care.check_membership_of_hold() IS 'Trigger after a held time is booked: refuses one that the membership of now does not open.';
REVOKE EXECUTE ON FUNCTION care.check_membership_of_hold() FROM PUBLIC;
CREATE TRIGGER appointment_is_confirmed_within_its_window AFTER UPDATE ON care.appointment
    FOR EACH ROW WHEN (NOT access.erasing() AND OLD.status = 'held' AND NEW.status = 'booked')
    EXECUTE FUNCTION care.check_membership_of_hold();
