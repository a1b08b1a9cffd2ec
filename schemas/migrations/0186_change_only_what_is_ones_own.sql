-- What bears a name is changed by whom it names: prescriptions, signed reports, visits, and who recorded something.
--
-- Whoever cares for a patient writes in the record, also into rows that another answers for. A refill that was added to
-- a colleague's prescription stood there in the colleague's name; a signed report was marked as an error by somebody
-- else; a visit with one provider was cancelled by another; a condition could be recorded in anybody's name. Through
-- the portal, a provider may put another's prescription on hold or stop it, since a patient must not wait for that, and
-- nothing else of it. The owner, and programs that load, are not bound. Locks these tables against writes for an
-- instant. Undo: drop triggers and functions.
CREATE FUNCTION care.check_prescription_owner() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    free constant text[] := '{status,status_reason,version,updated_at,updated_by,created_at}';
BEGIN
    IF access.acting_provider() IS DISTINCT FROM OLD.prescriber_id
       AND (to_jsonb(NEW) - free <> to_jsonb(OLD) - free
            OR NEW.status <> OLD.status AND NEW.status NOT IN ('on_hold', 'stopped')) THEN
        PERFORM care.refuse('prescription_is_its_prescribers',
            'Only its prescriber changes a prescription; others put it on hold, stop it, or write their own.');
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.check_prescription_owner() IS 'Trigger before a prescription is changed through the portal: by its prescriber, or put on hold or stopped by another.';
CREATE TRIGGER prescription_is_its_prescribers BEFORE UPDATE ON care.prescription
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION care.check_prescription_owner();

CREATE FUNCTION care.check_report_owner() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF access.acting_provider() IS DISTINCT FROM OLD.signed_by THEN
        PERFORM care.refuse('clinical_report_is_its_signers',
            'Only who signed a report marks it as an error; others sign a correction beside it.');
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.check_report_owner() IS 'Trigger before a signed report is changed through the portal: by who signed it.';
CREATE TRIGGER clinical_report_is_its_signers BEFORE UPDATE ON care.clinical_report
    FOR EACH ROW WHEN (OLD.signed_by IS NOT NULL AND NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION care.check_report_owner();

CREATE FUNCTION care.check_visit_owner() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF access.part() = 'provider' AND access.acting_provider() IS DISTINCT FROM OLD.provider_id THEN
        PERFORM care.refuse('appointment_is_its_providers',
            'This visit is with somebody else: ask them, or the front desk.');
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.check_visit_owner() IS 'Trigger before an appointment is changed through the portal: a provider changes the own ones.';
CREATE TRIGGER appointment_is_its_providers BEFORE UPDATE ON care.appointment
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION care.check_visit_owner();

CREATE FUNCTION care.check_recorder() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    names uuid := (to_jsonb(NEW) ->> TG_ARGV[0])::uuid;
    named uuid := CASE TG_OP WHEN 'UPDATE' THEN (to_jsonb(OLD) ->> TG_ARGV[0])::uuid ELSE access.acting_provider() END;
BEGIN
    IF access.part() = 'provider' AND names IS DISTINCT FROM named AND (TG_OP = 'UPDATE' OR names IS NOT NULL) THEN
        PERFORM care.refuse(TG_TABLE_NAME || '_is_recorded_in_person', 'A provider records in the own name only.');
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.check_recorder() IS 'Trigger before a provider records something through the portal: it bears the own name, and keeps the name that it bears.';
CREATE TRIGGER condition_is_recorded_in_person BEFORE INSERT OR UPDATE OF recorded_by ON care.condition
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION care.check_recorder('recorded_by');
CREATE TRIGGER allergy_is_recorded_in_person BEFORE INSERT OR UPDATE OF recorded_by ON care.allergy
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION care.check_recorder('recorded_by');
CREATE TRIGGER medication_statement_is_recorded_in_person BEFORE INSERT OR UPDATE OF recorded_by ON care.medication_statement
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION care.check_recorder('recorded_by');
CREATE TRIGGER lab_order_is_recorded_in_person BEFORE INSERT OR UPDATE OF ordered_by ON care.lab_order
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION care.check_recorder('ordered_by');
