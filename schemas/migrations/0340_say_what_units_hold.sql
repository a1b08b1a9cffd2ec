-- What a unit of a LOINC code holds: the values that can be, and the one unit in which a chart draws them.
--
-- The check of units was a part of the trigger on results; whatever else has a LOINC code and a unit asks the same now.
-- Bounds are what no body or instrument can exceed, those of signal.metric or wider, and not what is usual. A unit is
-- converted only where that is exact within one code: (value + shift) * factor / divisor. Moles and mass of a substance
-- have two codes, and stay two series: what lies between them is a molar mass, not a definition. Locks care.loinc_unit
-- for an instant. Undo: make care.check_unit_of_result() as 303 has it, drop the functions, the constraints and columns.
ALTER TABLE care.loinc_unit
    ADD COLUMN lowest     numeric,
    ADD COLUMN highest    numeric,
    ADD COLUMN shift      numeric,
    ADD COLUMN factor     numeric,
    ADD COLUMN divisor    numeric,
    ADD COLUMN chart_unit care.ucum_unit,
    ADD CONSTRAINT loinc_unit_bounds_are_ordered CHECK (lowest < highest IS NOT FALSE),
    ADD CONSTRAINT loinc_unit_conversion_is_whole CHECK (
        num_nonnulls(shift, factor, divisor, chart_unit) IN (0, 4) AND (factor > 0 AND divisor > 0) IS NOT FALSE
    );
COMMENT ON COLUMN care.loinc_unit.lowest     IS 'No value can be below; null where nothing is impossible.';
COMMENT ON COLUMN care.loinc_unit.highest    IS 'No value can be above; null where nothing is impossible.';
COMMENT ON COLUMN care.loinc_unit.shift      IS 'What is added first to convert into chart_unit; null where it is not converted.';
COMMENT ON COLUMN care.loinc_unit.factor     IS 'By what the sum is multiplied then.';
COMMENT ON COLUMN care.loinc_unit.divisor    IS 'By what the product is divided at last.';
COMMENT ON COLUMN care.loinc_unit.chart_unit IS 'The unit in which values of the code are drawn; null where they are drawn as they were told.';
COMMENT ON CONSTRAINT loinc_unit_bounds_are_ordered ON care.loinc_unit IS 'The lowest possible value lies below the highest.';
COMMENT ON CONSTRAINT loinc_unit_conversion_is_whole ON care.loinc_unit IS 'A conversion has a unit, a shift, and a factor and a divisor above 0.';

-- Codes of measurements at a visit or at home, with what is possible.
INSERT INTO care.loinc_unit (loinc, unit, lowest, highest)
SELECT loinc, unit, lowest, highest FROM (VALUES
    ('8867-4 40443-4', '/min', 0, 350),  -- heart rate, at rest
    ('9279-1', '/min', 0, 300),  -- respiratory rate
    ('8480-6 8462-4 8478-0', 'mm[Hg]', 0, 375),  -- blood pressure: systolic, diastolic, mean
    ('8480-6 8462-4 8478-0', 'kPa', 0, 50),
    ('8310-5 8331-1', 'Cel', 10, 50),  -- body temperature, oral
    ('8310-5 8331-1', '[degF]', 50, 122),
    ('8310-5 8331-1', 'K', 283.15, 323.15),
    ('29463-7', 'kg', 0.2, 650),  -- body weight
    ('29463-7', 'g', 200, 650000),
    ('29463-7', '[lb_av]', 0.4, 1433),
    ('8302-2', 'cm', 20, 275),  -- body height
    ('8302-2', 'm', 0.2, 2.75),
    ('8302-2', '[in_i]', 7.8, 108.3),
    ('39156-5', 'kg/m2', 5, 200),  -- body mass index
    ('2708-6 59408-5', '%', 0, 100),  -- oxygen saturation
    ('41982-0', '%', 0, 100),  -- body fat
    ('8280-0', 'cm', 20, 300),  -- waist
    ('8280-0', '[in_i]', 7.8, 118.2),
    ('9843-4', 'cm', 10, 100),  -- head
    ('99504-3', 'mg/dL', 0, 2200),  -- glucose between cells
    ('2345-7 2339-0 1558-6 41653-7', 'mg/dL', 0, 10000),  -- glucose
    ('14749-6 15074-8', 'mmol/L', 0, 555),
    ('55423-8', '{steps}', 0, 200000),  -- steps
    ('41950-7', '{steps}/d', 0, 200000),
    ('72514-3', '{score}', 0, 10),  -- pain, 0 to 10
    ('19935-6', 'L/min', 0, 1200),  -- peak flow
    ('20150-9 19870-5', 'L', 0, 15)  -- FEV1, FVC
) AS known (loincs, unit, lowest, highest), string_to_table(loincs, ' ') AS loinc
ON CONFLICT (loinc, unit) DO UPDATE SET lowest = EXCLUDED.lowest, highest = EXCLUDED.highest;
INSERT INTO care.loinc_unit (loinc, unit, lowest, highest)
SELECT loinc, translate(unit, 'L', 'l'), lowest, highest FROM care.loinc_unit WHERE unit ~ 'L' AND num_nonnulls(lowest, highest) > 0
ON CONFLICT (loinc, unit) DO UPDATE SET lowest = EXCLUDED.lowest, highest = EXCLUDED.highest;

UPDATE care.loinc_unit AS known
SET chart_unit = listed.chart_unit, shift = listed.shift, factor = listed.factor, divisor = listed.divisor
FROM (VALUES
    ('8480-6 8462-4 8478-0', 'mm[Hg]', 'mm[Hg]', 0, 1, 1), ('8480-6 8462-4 8478-0', 'kPa', 'mm[Hg]', 0, 1, 0.133322),
    ('8310-5 8331-1', 'Cel', 'Cel', 0, 1, 1), ('8310-5 8331-1', '[degF]', 'Cel', -32, 5, 9),
    ('8310-5 8331-1', 'K', 'Cel', -273.15, 1, 1),
    ('29463-7', 'kg', 'kg', 0, 1, 1), ('29463-7', 'g', 'kg', 0, 1, 1000), ('29463-7', '[lb_av]', 'kg', 0, 0.45359237, 1),
    ('8302-2', 'cm', 'cm', 0, 1, 1), ('8302-2', 'm', 'cm', 0, 100, 1), ('8302-2', '[in_i]', 'cm', 0, 2.54, 1),
    ('8280-0', 'cm', 'cm', 0, 1, 1), ('8280-0', '[in_i]', 'cm', 0, 2.54, 1),
    -- Mass by volume.
    ('2345-7 2339-0 1558-6 41653-7 3094-0 2093-3 2085-9 2089-1 13457-7 18262-6 2571-8 2160-0 1975-2', 'mg/dL', 'mg/dL', 0, 1, 1),
    ('2345-7 2339-0 1558-6 41653-7 3094-0 2093-3 2085-9 2089-1 13457-7 18262-6 2571-8', 'g/L', 'mg/dL', 0, 100, 1),
    ('2160-0 1975-2', 'mg/L', 'mg/dL', 0, 1, 10),
    ('1988-5', 'mg/L', 'mg/L', 0, 1, 1), ('1988-5', 'mg/dL', 'mg/L', 0, 10, 1),
    ('718-7', 'g/dL', 'g/dL', 0, 1, 1), ('718-7', 'g/L', 'g/dL', 0, 1, 10),
    -- Moles by volume; ions of one charge have as many equivalents as moles.
    ('14682-9', 'umol/L', 'umol/L', 0, 1, 1), ('14682-9', 'mmol/L', 'umol/L', 0, 1000, 1),
    ('14749-6 15074-8 14647-2 14646-4 22748-8 14927-8 59260-0', 'mmol/L', 'mmol/L', 0, 1, 1),
    ('2951-2 2823-3 2075-0 2028-9', 'mmol/L', 'mmol/L', 0, 1, 1), ('2951-2 2823-3 2075-0 2028-9', 'meq/L', 'mmol/L', 0, 1, 1),
    -- Counts and shares.
    ('6690-2 777-3', '10*3/uL', '10*3/uL', 0, 1, 1), ('6690-2 777-3', '10*3/mm3', '10*3/uL', 0, 1, 1),
    ('6690-2 777-3', '10*9/L', '10*3/uL', 0, 1, 1), ('6690-2 777-3', '/uL', '10*3/uL', 0, 1, 1000),
    ('789-8', '10*6/uL', '10*6/uL', 0, 1, 1), ('789-8', '10*12/L', '10*6/uL', 0, 1, 1),
    ('4544-3 20570-8', '%', '%', 0, 1, 1), ('4544-3 20570-8', 'L/L', '%', 0, 100, 1),
    ('1742-6 1920-8 6768-6', 'U/L', 'U/L', 0, 1, 1), ('1742-6 1920-8 6768-6', 'ukat/L', 'U/L', 0, 60, 1)
) AS listed (loincs, unit, chart_unit, shift, factor, divisor)
WHERE known.loinc = ANY (string_to_array(listed.loincs, ' ')) AND translate(known.unit, 'L', 'l') = translate(listed.unit, 'L', 'l');

CREATE FUNCTION care.bare_unit(unit text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN strpos(unit, '{') = 0 THEN unit
                ELSE coalesce(nullif(regexp_replace(unit, '\{[^}]*\}', '', 'g'), ''), '1') END;
COMMENT ON FUNCTION care.bare_unit(text) IS 'A UCUM unit without its annotations, which change nothing of it; 1 where nothing else is there.';

CREATE FUNCTION care.fault_of_value(code text, told text, VARIADIC numbers numeric[]) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN NOT bool_or(care.bare_unit(known.unit) = care.bare_unit(told)) THEN 'unit'
                WHEN bool_or(care.bare_unit(known.unit) = care.bare_unit(told) AND EXISTS (
                    SELECT FROM unnest(numbers) AS number WHERE number < known.lowest OR number > known.highest)) THEN 'value' END
    FROM care.loinc_unit AS known WHERE known.loinc = code
$$;
COMMENT ON FUNCTION care.fault_of_value(text, text, numeric[]) IS 'What is wrong with numbers in a unit of a LOINC code: unit where the code has another, value where nobody can have it; null where nothing is, or the code is not listed.';
GRANT EXECUTE ON FUNCTION care.bare_unit(text), care.fault_of_value(text, text, numeric[]) TO healthtrack_care, healthtrack_migrator;

CREATE OR REPLACE FUNCTION care.check_unit_of_result() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.unit IS NULL OR care.fault_of_value(NEW.loinc, NEW.unit, NULL::numeric) IS NULL THEN
        RETURN NEW;
    END IF;
    -- A correction has the unit of what it corrects.
    IF NOT EXISTS (SELECT FROM care.lab_result AS former
                   WHERE former.lab_result_id = NEW.amends_lab_result_id AND former.unit = NEW.unit) THEN
        PERFORM care.refuse('lab_result_unit_fits_its_code', 'Give this result in a unit that fits its LOINC code.');
    END IF;
    RETURN NEW;
END $$;
