-- Who may not book for a patient learns nothing of that patient's appointments and membership.
--
-- The rules of booking are asked before a row is there (how many times somebody has booked, how far ahead a membership
-- opens), and the policies of rows after that: whoever holds a patient's key was told by the rule what the policy hides. So
-- what the policies allow to be added is asked first, in the same words. By its name the trigger comes before those of the
-- rules; what a program or an offer of the wait-list adds is not an account's, and is not asked.
-- Locks care.appointment for an instant. Undo: drop the trigger and its function.
CREATE FUNCTION care.ask_booking_rights() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF (NEW.patient_id = ANY (access.own_patients()) OR NEW.patient_id = ANY (access.patients_acted_for('schedule'))
        OR NEW.patient_id = ANY (access.patients_in_care())
        OR access.part() = 'front_desk' AND NEW.facility_id = ANY (access.own_facilities())) IS NOT TRUE THEN
        RAISE EXCEPTION USING ERRCODE = '42501', MESSAGE = 'This is not yours to add.';
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.ask_booking_rights() IS 'Trigger before an account takes a time: refuses it, as the policies would, before any rule of booking is asked.';
REVOKE EXECUTE ON FUNCTION care.ask_booking_rights() FROM PUBLIC;
CREATE TRIGGER appointment_asks_rights_first BEFORE INSERT ON care.appointment
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION care.ask_booking_rights();
