-- Legal hold, in the data: what is about a held person is removed by the owner of the schema and by nobody else.
--
-- `care.patient.legal_hold` was asked by the program that erases, so whoever had the roller's password erased without
-- it. Each table with a `patient_id` has a trigger now, also those that nobody but the owner may delete from, so that a
-- grant of tomorrow opens nothing. What may be removed of a device, a series or a device's description is asked by who
-- wore it. Members of `healthtrack_migrator`, who own the schema, are not bound: who may drop the trigger need not be
-- told by it.
--
-- While something of a person goes, their row is locked as by a foreign key, which lets everything else of it be
-- changed; who sets a hold locks it as for a deletion, which waits for those. So a hold that is being set makes the
-- deletion wait, and then refuses it, and nothing else waits for a long deletion. A hold also waits for whoever is
-- adding rows of theirs.
--
-- A trigger on each of these tables locks it against writes for an instant. Undo: drop the triggers and functions.
CREATE INDEX patient_under_hold_idx ON care.patient (patient_id) WHERE legal_hold;

CREATE FUNCTION care.keep_row_under_hold() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    held boolean;
BEGIN
    SELECT p.legal_hold INTO held FROM care.patient p WHERE p.patient_id = OLD.patient_id FOR KEY SHARE;
    IF held THEN
        PERFORM care.refuse('row_stays_under_hold', 'This person is under legal hold: nothing of theirs is removed.');
    END IF;
    RETURN OLD;
END $$;
COMMENT ON FUNCTION care.keep_row_under_hold() IS 'Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.';

CREATE FUNCTION care.wait_for_removals() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM FROM care.patient p WHERE p.patient_id = OLD.patient_id FOR UPDATE;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.wait_for_removals() IS 'Trigger before a legal hold is set: waits until nothing of the person is being removed.';
CREATE TRIGGER patient_hold_waits_for_removals BEFORE UPDATE ON care.patient
    FOR EACH ROW WHEN (NEW.legal_hold AND NOT OLD.legal_hold)
    EXECUTE FUNCTION care.wait_for_removals();

DO $$
DECLARE
    kept record;
BEGIN
    FOR kept IN
        SELECT c.oid::regclass AS of, c.relname AS name FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE c.relnamespace IN ('care'::regnamespace, 'access'::regnamespace) AND c.relkind IN ('r', 'p')
          AND NOT c.relispartition AND a.attname = 'patient_id' AND NOT a.attisdropped ORDER BY c.relname
    LOOP
        EXECUTE format('CREATE TRIGGER %I BEFORE DELETE ON %s FOR EACH ROW
                        WHEN (NOT pg_has_role(current_user, ''healthtrack_migrator'', ''USAGE''))
                        EXECUTE FUNCTION care.keep_row_under_hold()', kept.name || '_stays_under_hold', kept.of);
    END LOOP;
END $$;

CREATE FUNCTION care.keep_device_under_hold() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM FROM care.wear w JOIN care.patient p USING (patient_id)
    WHERE w.device_key = OLD.device_key ORDER BY p.patient_id FOR KEY SHARE OF p;
    IF EXISTS (SELECT FROM care.wear w JOIN care.patient p USING (patient_id)
               WHERE w.device_key = OLD.device_key AND p.legal_hold) THEN
        PERFORM care.refuse('device_stays_under_hold',
            'Somebody under legal hold wore this device: nothing of it is removed.');
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
COMMENT ON FUNCTION care.keep_device_under_hold() IS 'Trigger before a device, a series of it or its description goes, or gets another name: refuses it to everybody but the owner where somebody under legal hold wore it.';

CREATE TRIGGER device_stays_under_hold BEFORE DELETE OR UPDATE OF device_key, device_id ON signal.device
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION care.keep_device_under_hold();
CREATE TRIGGER series_stays_under_hold BEFORE DELETE OR UPDATE OF series_id, device_key, metric_id ON signal.series
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION care.keep_device_under_hold();
CREATE TRIGGER device_detail_stays_under_hold BEFORE DELETE ON care.device_detail
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION care.keep_device_under_hold();
