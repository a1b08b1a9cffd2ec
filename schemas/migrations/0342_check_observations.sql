-- What an observation must be beside what one row shows: possible, within a life, whole, and in the name of who made it.
--
-- Units and bounds are those of care.loinc_unit, for each value and component. How many components an observation has
-- stands in its own row, which is not altered once it is final; that they are as many is seen at COMMIT, since either is
-- written first. Through the portal a provider observes in the own name, and a patient for themselves and nothing that
-- takes an examiner; each marks as an error what is theirs, and a provider what a patient or another system told, too. A
-- colleague's is corrected by a new row. Programs that load (healthtrack_migrator) say what was true elsewhere.
-- Locks both tables for an instant. Undo: drop triggers and functions.
CREATE FUNCTION care.check_measured_value() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- The first number of a ratio is not what the code stands for.
    IF NEW.unit IS NOT NULL AND NEW.value_numerator IS NULL THEN
        CASE care.fault_of_value(NEW.loinc, NEW.unit, NEW.value_number, NEW.value_low, NEW.value_high)
            WHEN 'unit' THEN
                PERFORM care.refuse(TG_TABLE_NAME || '_unit_fits_its_code', 'Give this value in a unit that fits its LOINC code.');
            WHEN 'value' THEN
                PERFORM care.refuse(TG_TABLE_NAME || '_value_is_possible', 'No person has such a value: check number and unit.');
            ELSE
                NULL;
        END CASE;
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.check_measured_value() IS 'Trigger before a value is stored: refuses a unit that its LOINC code does not have, and what nobody can have.';
CREATE TRIGGER observation_value_is_possible
    BEFORE INSERT OR UPDATE OF loinc, unit, value_number, value_low, value_high, value_numerator ON care.observation
    FOR EACH ROW EXECUTE FUNCTION care.check_measured_value();
COMMENT ON TRIGGER observation_value_is_possible ON care.observation IS 'No person has such a value: check number and unit.';
CREATE TRIGGER observation_component_value_is_possible BEFORE INSERT ON care.observation_component
    FOR EACH ROW EXECUTE FUNCTION care.check_measured_value();
COMMENT ON TRIGGER observation_component_value_is_possible ON care.observation_component IS 'No person has such a value: check number and unit.';

CREATE FUNCTION care.check_observation() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    former care.observation;
BEGIN
    IF TG_OP = 'INSERT' AND NEW.amends_observation_id IS NOT NULL THEN
        SELECT * INTO former FROM care.observation o
        WHERE o.patient_id = NEW.patient_id AND o.observation_id = NEW.amends_observation_id FOR SHARE;
        IF former.status NOT IN ('final', 'amended', 'corrected') THEN
            PERFORM care.refuse('observation_amends_what_was_final',
                'Only what is final is corrected by another: change this one instead.');
        ELSIF NEW.sensitivity IS DISTINCT FROM former.sensitivity AND former.observation_id IS NOT NULL THEN
            PERFORM care.refuse('observation_correction_is_as_sensitive',
                'A correction is as sensitive as what it corrects: take that back and note it anew.');
        END IF;
    ELSIF TG_OP = 'UPDATE' THEN
        former := OLD;
    END IF;
    IF NEW.issued_at > now() + INTERVAL '1 day' OR EXISTS (
        SELECT FROM care.patient p WHERE p.patient_id = NEW.patient_id
           AND (NEW.observed_at AT TIME ZONE p.time_zone::text)::date < lower(p.born_during)) THEN
        PERFORM care.refuse('observation_is_within_a_life', 'An observation is made after the birth, and not ahead.');
    -- A patient is not told which devices there are beside the own ones.
    ELSIF NEW.device_id <> coalesce(former.device_id, '') AND NOT EXISTS (
        SELECT FROM signal.device d WHERE d.device_id = NEW.device_id AND (access.part() IS DISTINCT FROM 'patient' OR EXISTS (
            SELECT FROM care.wear w
            WHERE w.device_key = d.device_key AND w.patient_id = NEW.patient_id AND w.worn_during @> NEW.observed_at))) THEN
        PERFORM care.refuse('observation_device_is_known', 'Choose a device that was in use then.');
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.check_observation() IS 'Trigger after an observation is stored: it is within a life, read from a known device, and corrects what was final.';
-- After the policies, so that nobody learns of a birth who may not write here.
CREATE TRIGGER observation_is_within_a_life AFTER INSERT OR UPDATE ON care.observation
    FOR EACH ROW EXECUTE FUNCTION care.check_observation();
COMMENT ON TRIGGER observation_is_within_a_life ON care.observation IS 'An observation is made after the birth, and not ahead.';

CREATE FUNCTION care.check_observer() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    acts   constant text := access.part();
    former care.observation;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF (NEW.performed_by, NEW.performer_id) IS DISTINCT FROM (OLD.performed_by, OLD.performer_id) THEN
            PERFORM care.refuse('observation_is_made_in_person', 'An observation bears the name of who made it.');
        END IF;
        former := OLD;
    ELSE
        NEW.issued_at := now();
        IF acts = 'provider' AND (NEW.performed_by, NEW.performer_id) IS DISTINCT FROM ('provider', access.acting_provider())
           OR acts = 'patient' AND NEW.performed_by <> 'patient' THEN
            PERFORM care.refuse('observation_is_made_in_person', 'An observation bears the name of who made it.');
        ELSIF acts = 'patient' AND NEW.category IN ('exam', 'procedure', 'therapy') THEN
            PERFORM care.refuse('observation_of_a_patient_is_no_exam', 'An examination is noted by a provider: choose another kind.');
        END IF;
        SELECT * INTO former FROM care.observation o WHERE o.observation_id = NEW.amends_observation_id;
    END IF;
    -- A provider corrects a colleague's, in the own name, and does not take it away.
    IF acts = 'patient' AND former.performed_by <> 'patient'
       OR acts = 'provider' AND TG_OP = 'UPDATE' AND former.performer_id <> access.acting_provider() THEN
        PERFORM care.refuse('observation_is_its_performers',
            'Only who made an observation takes it back: ask them, or as a provider write a correction.');
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.check_observer() IS 'Trigger before an observation is written through the portal: in the own name, and taken back by whose it is.';
CREATE TRIGGER observation_is_made_in_person BEFORE INSERT OR UPDATE ON care.observation
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION care.check_observer();
COMMENT ON TRIGGER observation_is_made_in_person ON care.observation IS 'An observation bears the name of who made it.';

CREATE FUNCTION care.count_components() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    of constant uuid := CASE TG_OP WHEN 'DELETE' THEN OLD.observation_id ELSE NEW.observation_id END;
BEGIN
    IF EXISTS (SELECT FROM care.observation o WHERE o.observation_id = of AND o.component_count <> (
        SELECT count(*) FROM care.observation_component c WHERE c.patient_id = o.patient_id AND c.observation_id = of)) THEN
        PERFORM care.refuse('observation_has_its_components',
            'An observation has as many components as it says: write a correction to add one.');
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION care.count_components() IS 'Trigger at the end of a transaction: an observation has as many components as its row says.';
CREATE CONSTRAINT TRIGGER observation_has_its_components AFTER INSERT OR UPDATE OF component_count ON care.observation
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION care.count_components();
COMMENT ON CONSTRAINT observation_has_its_components ON care.observation IS 'An observation has as many components as it says: write a correction to add one.';
COMMENT ON TRIGGER observation_has_its_components ON care.observation IS 'An observation has as many components as it says: write a correction to add one.';
CREATE CONSTRAINT TRIGGER observation_component_is_counted AFTER INSERT OR DELETE ON care.observation_component
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION care.count_components();
COMMENT ON CONSTRAINT observation_component_is_counted ON care.observation_component IS 'An observation has as many components as it says: write a correction to add one.';
COMMENT ON TRIGGER observation_component_is_counted ON care.observation_component IS 'An observation has as many components as it says: write a correction to add one.';
