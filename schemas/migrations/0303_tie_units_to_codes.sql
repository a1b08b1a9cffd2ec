-- Which units a result may have, by its LOINC code.
--
-- Any UCUM unit was taken for any code, so that an HbA1c in kg stood in the record. The units are those of the code's
-- property: a mass fraction is no mass, and a mass by volume has another code than moles by volume. A code that is not
-- listed is not judged, and neither is what stands already until it is changed. Locks care.lab_result for an instant. Undo: drop the trigger, the function and the table.
CREATE TABLE care.loinc_unit (
    loinc text NOT NULL,
    unit  care.ucum_unit NOT NULL,
    CONSTRAINT loinc_unit_pkey PRIMARY KEY (loinc, unit),
    CONSTRAINT loinc_unit_code_is_loinc CHECK (loinc ~ '^[0-9]{1,7}-[0-9]$')
);
COMMENT ON TABLE care.loinc_unit IS 'Units in which what a LOINC code stands for may be told; a code without a row takes any.';
COMMENT ON COLUMN care.loinc_unit.loinc IS 'What is measured.';
COMMENT ON COLUMN care.loinc_unit.unit IS 'A UCUM unit that fits it.';
COMMENT ON CONSTRAINT loinc_unit_pkey ON care.loinc_unit IS 'This unit fits this code already.';
COMMENT ON CONSTRAINT loinc_unit_code_is_loinc ON care.loinc_unit IS 'Give a LOINC code: digits, a hyphen and a check digit.';
ALTER TABLE care.loinc_unit ENABLE ROW LEVEL SECURITY;
ALTER TABLE care.loinc_unit FORCE ROW LEVEL SECURITY;
CREATE POLICY everybody_reads ON care.loinc_unit FOR SELECT TO healthtrack_care USING ((SELECT access.part()) IS NOT NULL);
CREATE POLICY maintenance ON care.loinc_unit FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT SELECT ON care.loinc_unit TO healthtrack_care;
GRANT SELECT, INSERT, UPDATE, DELETE ON care.loinc_unit TO healthtrack_migrator;

INSERT INTO care.loinc_unit (loinc, unit)
SELECT loinc, unit FROM (VALUES
    ('4548-4', '{%}'),  -- HbA1c, NGSP
    ('59261-8', '{mmol/mol}'),  -- HbA1c, IFCC
    ('2345-7 2339-0 1558-6 41653-7', '{mg/dL,g/L}'),  -- glucose, mass
    ('14749-6 15074-8', '{mmol/L}'),  -- glucose, moles
    ('2160-0', '{mg/dL,mg/L}'),  -- creatinine, mass
    ('14682-9', '{umol/L,mmol/L}'),  -- creatinine, moles
    ('33914-3 98979-8 62238-1', '{mL/min/\{1.73_m2\},mL/min/1.73.m2,mL/min}'),  -- filtration rate
    ('3094-0', '{mg/dL,g/L}'),  -- urea nitrogen, mass
    ('2951-2 2823-3 2075-0 2028-9', '{mmol/L,meq/L}'),  -- sodium, potassium, chloride, carbon dioxide
    ('2093-3 2085-9 2089-1 13457-7 18262-6 2571-8', '{mg/dL,g/L}'),  -- lipids, mass
    ('14647-2 14646-4 22748-8 14927-8', '{mmol/L}'),  -- lipids, moles
    ('718-7', '{g/dL,g/L}'),  -- haemoglobin, mass
    ('59260-0', '{mmol/L}'),  -- haemoglobin, moles
    ('4544-3 20570-8', '{%,L/L}'),  -- haematocrit
    ('6690-2 777-3', '{10*3/uL,10*3/mm3,10*9/L,/uL}'),  -- leukocytes, platelets
    ('789-8', '{10*6/uL,10*12/L}'),  -- erythrocytes
    ('1742-6 1920-8 6768-6', '{U/L,[IU]/L,ukat/L}'),  -- ALT, AST, alkaline phosphatase
    ('1975-2', '{mg/dL,mg/L}'),  -- bilirubin, mass
    ('14631-6', '{umol/L}'),  -- bilirubin, moles
    ('3016-3', '{m[IU]/L,u[IU]/mL,mU/L,uU/mL}'),  -- thyrotropin
    ('1988-5', '{mg/L,mg/dL}'),  -- C-reactive protein
    ('8867-4', '{/min}'),  -- heart rate
    ('9279-1', '{/min}'),  -- respiratory rate
    ('8480-6 8462-4', '{mm[Hg],kPa}'),  -- blood pressure
    ('8310-5', '{Cel,[degF],K}'),  -- body temperature
    ('29463-7', '{kg,g,[lb_av]}'),  -- body weight
    ('8302-2', '{cm,m,[in_i]}'),  -- body height
    ('39156-5', '{kg/m2}'),  -- body mass index
    ('2708-6 59408-5', '{%}')  -- oxygen saturation
) AS known (loincs, units), string_to_table(loincs, ' ') AS loinc, unnest(units::text[]) AS unit;

-- UCUM writes the litre either way.
INSERT INTO care.loinc_unit (loinc, unit)
SELECT loinc, translate(unit, 'L', 'l') FROM care.loinc_unit WHERE unit ~ 'L';

CREATE FUNCTION care.check_unit_of_result() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    -- An annotation changes nothing of a unit.
    units text[] := (SELECT array_agg(regexp_replace(known.unit, '\{[^}]*\}', '', 'g')) FROM care.loinc_unit AS known
                     WHERE known.loinc = NEW.loinc);
BEGIN
    IF NEW.unit IS NULL OR coalesce(regexp_replace(NEW.unit, '\{[^}]*\}', '', 'g') = ANY (units), true) THEN
        RETURN NEW;
    END IF;
    -- A correction has the unit of what it corrects.
    IF NOT EXISTS (SELECT FROM care.lab_result AS former
                   WHERE former.lab_result_id = NEW.amends_lab_result_id AND former.unit = NEW.unit) THEN
        PERFORM care.refuse('lab_result_unit_fits_its_code', 'Give this result in a unit that fits its LOINC code.');
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.check_unit_of_result() IS 'Trigger before a result is stored: refuses a unit that its LOINC code does not have.';
CREATE TRIGGER lab_result_unit_fits_its_code BEFORE INSERT OR UPDATE OF loinc, unit ON care.lab_result
    FOR EACH ROW EXECUTE FUNCTION care.check_unit_of_result();
COMMENT ON TRIGGER lab_result_unit_fits_its_code ON care.lab_result IS 'Give this result in a unit that fits its LOINC code.';
