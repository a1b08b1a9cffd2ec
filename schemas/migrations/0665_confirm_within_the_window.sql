-- A held time is confirmed as long as the membership opens it.
--
-- How far ahead a membership books, and whether it includes visits by video, was asked when a time was held; a membership that
-- was changed meanwhile is asked again when the time is booked. What was booked stays as it is.
-- Locks care.appointment for an instant for a trigger. Undo: drop the trigger and its function.
CREATE FUNCTION care.check_membership_of_hold() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM care.check_membership(NEW);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION care.check_membership_of_hold() IS 'Trigger after a held time is booked: refuses one that the membership of now does not open.';
REVOKE EXECUTE ON FUNCTION care.check_membership_of_hold() FROM PUBLIC;
CREATE TRIGGER appointment_is_confirmed_within_its_window AFTER UPDATE ON care.appointment
    FOR EACH ROW WHEN (NOT access.erasing() AND OLD.status = 'held' AND NEW.status = 'booked')
    EXECUTE FUNCTION care.check_membership_of_hold();
