-- The record's rows get their categories, and with them whom they are open to.
--
-- Conditions, visits, procedures, drugs (as listed, prescribed and filled), orders, results, images, reports, and answers
-- to questionnaires with their scores. What stands gets its category here, without a new version. Answers follow their
-- questionnaire, parts their whole; where a whole is raised later, its parts are. Also what checks a new row by its
-- neighbours now sees them all: a fill of a prescription that the writer may not read was not checked.
--
-- Who said that a diagnosis of chapter F is of no behavioural health is overruled, since nobody lowers a category. Allergies and immunizations stay plain: whoever prescribes must
-- see them, and an allergy to a drug does not tell that it was taken for what it is kept apart for.
--
-- Locks the tables named here while it runs; rewrites none as a whole. Undo: drop
-- columns and triggers, and put the functions that it replaces back.
ALTER TABLE care.condition ADD COLUMN sensitivity care.sensitivity;
ALTER TABLE care.encounter ADD COLUMN sensitivity care.sensitivity;
ALTER TABLE care.procedure ADD COLUMN sensitivity care.sensitivity;
ALTER TABLE care.medication ADD COLUMN sensitivity care.sensitivity;
ALTER TABLE care.medication_statement ADD COLUMN sensitivity care.sensitivity;
ALTER TABLE care.prescription ADD COLUMN sensitivity care.sensitivity;
ALTER TABLE care.dispense ADD COLUMN sensitivity care.sensitivity;
ALTER TABLE care.lab_order ADD COLUMN sensitivity care.sensitivity;
ALTER TABLE care.lab_result ADD COLUMN sensitivity care.sensitivity;
ALTER TABLE care.imaging_study ADD COLUMN sensitivity care.sensitivity;
ALTER TABLE care.imaging_series ADD COLUMN sensitivity care.sensitivity;
ALTER TABLE care.clinical_report ADD COLUMN sensitivity care.sensitivity;
ALTER TABLE care.questionnaire ADD COLUMN sensitivity care.sensitivity;
ALTER TABLE care.questionnaire_response ADD COLUMN sensitivity care.sensitivity;
ALTER TABLE care.answer ADD COLUMN sensitivity care.sensitivity;
ALTER TABLE care.score ADD COLUMN sensitivity care.sensitivity;
ALTER TABLE care.history ADD COLUMN sensitivity care.sensitivity;

DO $$
DECLARE
    part record;
BEGIN
    FOR part IN SELECT * FROM (VALUES
        ('medication', 'What whatever is taken of it gets: behavioural_health, reproductive, substance_use or hiv; null for plain care.'),
        ('questionnaire', 'What its answers and scores are of: behavioural_health, reproductive, substance_use or hiv; null for plain care.'),
        ('history', 'Category that the row has now; null for plain care.')
    ) AS told (of, says) LOOP
        EXECUTE format('COMMENT ON COLUMN care.%I.sensitivity IS %L', part.of, part.says);
    END LOOP;
    FOR part IN SELECT unnest(ARRAY['condition', 'encounter', 'procedure', 'medication_statement', 'prescription', 'dispense',
        'lab_order', 'lab_result', 'imaging_study', 'imaging_series', 'clinical_report', 'questionnaire_response', 'answer',
        'score']) AS of LOOP
        EXECUTE format('COMMENT ON COLUMN care.%I.sensitivity IS %L', part.of,
            'Category by which it is kept apart: behavioural_health, reproductive, substance_use or hiv; null for plain care.');
    END LOOP;
END $$;

-- Who wrote a row, asked for one that is kept apart and was not opened otherwise. As its owner: no policy within another.
CREATE FUNCTION care.acts_as_author(relation text, key uuid) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    provider constant uuid := care.acting_provider();
BEGIN
    IF provider IS NULL THEN
        RETURN false;
    END IF;
    CASE relation
        WHEN 'condition' THEN
            RETURN EXISTS (SELECT FROM care.condition w WHERE w.condition_id = key AND w.recorded_by = provider);
        WHEN 'encounter' THEN
            RETURN EXISTS (SELECT FROM care.encounter w WHERE w.encounter_id = key AND w.attending_provider_id = provider);
        WHEN 'procedure' THEN
            RETURN EXISTS (SELECT FROM care.procedure w WHERE w.procedure_id = key AND w.performer_id = provider);
        WHEN 'medication_statement' THEN
            RETURN EXISTS (SELECT FROM care.medication_statement w WHERE w.medication_statement_id = key AND w.recorded_by = provider);
        WHEN 'prescription' THEN
            RETURN EXISTS (SELECT FROM care.prescription w WHERE w.prescription_id = key AND w.prescriber_id = provider);
        WHEN 'dispense' THEN
            RETURN EXISTS (SELECT FROM care.dispense d JOIN care.prescription w USING (prescription_id)
                           WHERE d.dispense_id = key AND w.prescriber_id = provider);
        WHEN 'lab_order' THEN
            RETURN EXISTS (SELECT FROM care.lab_order w WHERE w.lab_order_id = key AND w.ordered_by = provider);
        WHEN 'lab_result' THEN
            RETURN EXISTS (SELECT FROM care.lab_result r JOIN care.lab_order w USING (lab_order_id)
                           WHERE r.lab_result_id = key AND w.ordered_by = provider);
        WHEN 'imaging_study' THEN
            RETURN EXISTS (SELECT FROM care.imaging_study w WHERE w.imaging_study_id = key AND w.referrer_id = provider);
        WHEN 'imaging_series' THEN
            RETURN EXISTS (SELECT FROM care.imaging_series s JOIN care.imaging_study w USING (imaging_study_id)
                           WHERE s.imaging_series_id = key AND w.referrer_id = provider);
        WHEN 'clinical_report' THEN
            RETURN EXISTS (SELECT FROM care.clinical_report w WHERE w.clinical_report_id = key AND w.signed_by = provider);
        WHEN 'questionnaire_response' THEN
            RETURN EXISTS (SELECT FROM care.questionnaire_response r JOIN care.encounter w USING (encounter_id)
                           WHERE r.questionnaire_response_id = key AND w.attending_provider_id = provider);
        WHEN 'answer' THEN
            RETURN EXISTS (SELECT FROM care.answer a JOIN care.questionnaire_response r USING (questionnaire_response_id)
                           JOIN care.encounter w USING (encounter_id)
                           WHERE a.answer_id = key AND w.attending_provider_id = provider);
        ELSE
            RETURN false;
    END CASE;
END $$;
COMMENT ON FUNCTION care.acts_as_author(text, uuid) IS 'True where the acting provider wrote this row, ordered what it is a part of, or attended the visit of these answers.';
REVOKE EXECUTE ON FUNCTION care.acts_as_author(text, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.acts_as_author(text, uuid) TO healthtrack_care, healthtrack_migrator;

-- What stands. Wholes come before their parts.
DO $$
DECLARE
    told record;
BEGIN
    FOR told IN SELECT * FROM (VALUES
        ('medication', 'coalesce(care.sensitivity_of(code_system, code), care.sensitivity_of(''ingredient'', ingredient))', ''),
        ('questionnaire', 'CASE WHEN behavioural THEN ''behavioural_health'' END', ''),
        ('condition', 'coalesce(CASE WHEN behavioural THEN ''behavioural_health'' END, care.sensitivity_of(code_system, code))', ''),
        ('encounter', 'coalesce(care.sensitivity_of(''icd10'', principal_code), care.sensitivity_of(''service_line'', service_line))', ''),
        ('procedure', 'care.sensitivity_of(''snomed'', code)', ''),
        ('medication_statement', 'w.sensitivity', 'medication w USING (medication_id)'),
        ('prescription', 'w.sensitivity', 'medication w USING (medication_id)'),
        ('dispense', 'w.sensitivity', 'prescription w USING (prescription_id)'),
        ('lab_order', 'care.sensitivity_of(''loinc'', loinc)', ''),
        ('lab_result', 'coalesce(care.sensitivity_of(''loinc'', p.loinc), w.sensitivity)', 'lab_order w USING (lab_order_id)'),
        ('clinical_report', 'coalesce(care.sensitivity_of(''loinc'', p.loinc), w.sensitivity)', 'lab_order w USING (lab_order_id)'),
        ('questionnaire_response', 'w.sensitivity', 'questionnaire w USING (questionnaire_id)'),
        ('answer', 'w.sensitivity', 'questionnaire_response w USING (questionnaire_response_id)'),
        ('score', 'w.sensitivity', 'questionnaire_response w USING (questionnaire_response_id)')
    ) AS list (of, category, whole) LOOP
        EXECUTE format('ALTER TABLE care.%I DISABLE TRIGGER USER', told.of);
        EXECUTE format('UPDATE care.%1$I AS changed SET sensitivity = known.category
                        FROM (SELECT p.%2$I AS key, %3$s AS category FROM care.%1$I p %4$s) AS known
                        WHERE changed.%2$I = known.key AND known.category IS NOT NULL',
            told.of, told.of || '_id', told.category, CASE WHEN told.whole <> '' THEN 'LEFT JOIN care.' || told.whole ELSE '' END);
        EXECUTE format('ALTER TABLE care.%I ENABLE TRIGGER USER', told.of);
    END LOOP;
    ALTER TABLE care.history DISABLE TRIGGER USER;
    FOR told IN SELECT unnest(ARRAY['condition', 'encounter', 'procedure', 'medication_statement', 'prescription', 'dispense',
        'lab_order', 'lab_result', 'clinical_report', 'questionnaire_response', 'answer']) AS of LOOP
        EXECUTE format('UPDATE care.history h SET sensitivity = standing.sensitivity FROM care.%1$I AS standing
                        WHERE h.relation = %1$L AND h.row_id = standing.%2$I AND h.patient_id = standing.patient_id
                          AND standing.sensitivity IS NOT NULL', told.of, told.of || '_id');
    END LOOP;
    ALTER TABLE care.history ENABLE TRIGGER USER;
END $$;

-- What comes.
DO $$
DECLARE
    told record;
BEGIN
    FOR told IN SELECT * FROM (VALUES
        ('condition', ':code_system=code'),
        ('encounter', 'icd10=principal_code service_line=service_line'),
        ('procedure', 'snomed=code'),
        ('medication', ':code_system=code ingredient=ingredient'),
        ('medication_statement', 'care.medication=medication_id'),
        ('prescription', 'care.medication=medication_id'),
        ('dispense', 'care.prescription=prescription_id'),
        ('lab_order', 'loinc=loinc'),
        ('lab_result', 'loinc=loinc care.lab_order=lab_order_id care.lab_result=amends_lab_result_id'),
        ('imaging_study', ''),
        ('imaging_series', 'care.imaging_study=imaging_study_id'),
        ('clinical_report', 'loinc=loinc care.lab_order=lab_order_id care.imaging_study=imaging_study_id care.clinical_report=amends_clinical_report_id'),
        ('questionnaire_response', 'care.questionnaire=questionnaire_id'),
        ('answer', 'care.questionnaire_response=questionnaire_response_id'),
        ('score', 'care.questionnaire_response=questionnaire_response_id')
    ) AS list (of, sources) LOOP
        EXECUTE format('CREATE TRIGGER %1$I BEFORE INSERT OR UPDATE ON care.%2$I FOR EACH ROW EXECUTE FUNCTION care.classify(%3$s)',
            told.of || '_is_classified', told.of,
            (SELECT string_agg(quote_literal(source), ', ') FROM string_to_table(nullif(told.sources, ''), ' ') AS source));
        EXECUTE format('COMMENT ON TRIGGER %I ON care.%I IS %L', told.of || '_is_classified', told.of,
            'Gives it a category by its codes and what it is part of; one that stands is never lowered.');
    END LOOP;
END $$;

-- A whole that is raised raises its parts.
CREATE FUNCTION care.classify_parts() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    part text;
BEGIN
    FOREACH part IN ARRAY TG_ARGV LOOP
        EXECUTE format('UPDATE %s SET sensitivity = $1 WHERE patient_id = $2 AND %I = $3 AND sensitivity IS NULL',
            split_part(part, '=', 1)::regclass, split_part(part, '=', 2))
        USING NEW.sensitivity, NEW.patient_id, (to_jsonb(NEW) ->> coalesce(nullif(split_part(part, '=', 3), ''), TG_TABLE_NAME || '_id'))::uuid;
    END LOOP;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION care.classify_parts() IS 'Trigger after a whole is given a category: its plain parts (arguments care.table=column) get it as well.';
REVOKE EXECUTE ON FUNCTION care.classify_parts() FROM PUBLIC;
DO $$
DECLARE
    told record;
BEGIN
    FOR told IN SELECT * FROM (VALUES
        ('prescription', 'care.dispense=prescription_id'),
        ('lab_order', 'care.lab_result=lab_order_id care.clinical_report=lab_order_id'),
        ('lab_result', 'care.lab_result=amends_lab_result_id care.lab_result=lab_result_id=amends_lab_result_id'),
        ('imaging_study', 'care.imaging_series=imaging_study_id care.clinical_report=imaging_study_id'),
        ('clinical_report', 'care.clinical_report=amends_clinical_report_id care.clinical_report=clinical_report_id=amends_clinical_report_id')
    ) AS list (of, parts) LOOP
        EXECUTE format('CREATE TRIGGER %1$I AFTER UPDATE OF sensitivity ON care.%2$I FOR EACH ROW
                        WHEN (NEW.sensitivity IS NOT NULL AND OLD.sensitivity IS NULL)
                        EXECUTE FUNCTION care.classify_parts(%3$s)',
            told.of || '_raises_its_parts', told.of,
            (SELECT string_agg(quote_literal(part), ', ') FROM string_to_table(told.parts, ' ') AS part));
        EXECUTE format('COMMENT ON TRIGGER %I ON care.%I IS %L', told.of || '_raises_its_parts', told.of,
            'What is part of it is kept apart with it.');
    END LOOP;
END $$;

-- Category is no content: it may be raised where content is final, filled, signed or another's.
DO $$
DECLARE
    changed record;
    stands  text;
BEGIN
    FOR changed IN SELECT * FROM (VALUES
        ('care.keep_what_is_final()', '{status, version, updated_at, updated_by, flag}', '{status, version, updated_at, updated_by, flag, sensitivity}'),
        ('care.check_prescription_change()', '{status, status_reason, valid_during,', '{sensitivity, status, status_reason, valid_during,'),
        ('care.check_prescription_owner()', '{status,status_reason,version,', '{sensitivity,status,status_reason,version,'),
        ('care.check_report_owner()', 'IS DISTINCT FROM OLD.signed_by THEN', 'IS DISTINCT FROM OLD.signed_by' || chr(10) ||
            '       AND NOT (OLD.sensitivity IS NULL AND NEW.sensitivity IS NOT NULL AND NEW.status = OLD.status) THEN')
    ) AS list (of, former, replaced) LOOP
        stands := pg_get_functiondef(changed.of::regprocedure);
        IF strpos(stands, changed.former) = 0 THEN
            RAISE EXCEPTION '% is not what it was: its rule must leave sensitivity out', changed.of;
        END IF;
        EXECUTE replace(stands, changed.former, changed.replaced);
    END LOOP;
    -- These look at other rows of the record, which their writer may not be shown.
    FOR changed IN SELECT unnest(ARRAY['check_dispense', 'check_lab_amendment', 'check_clinical_report', 'check_answer',
                                       'check_response', 'check_prescription_change']) AS of LOOP
        EXECUTE format('ALTER FUNCTION care.%I() SECURITY DEFINER', changed.of);
        EXECUTE format('REVOKE EXECUTE ON FUNCTION care.%I() FROM PUBLIC', changed.of);
    END LOOP;
END $$;

-- Former versions have the category that their row has now.
CREATE OR REPLACE FUNCTION care.keep_former_version() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    image    constant jsonb := to_jsonb(OLD);
    category constant text := to_jsonb(NEW) ->> 'sensitivity';
    key      constant uuid := (image ->> (TG_TABLE_NAME || '_id'))::uuid;
BEGIN
    IF NEW.patient_id <> OLD.patient_id THEN
        PERFORM care.refuse('record_stays_with_its_patient',
            'This stands in one patient''s record and cannot move: mark it as an error and write it anew.');
    END IF;
    IF category IS DISTINCT FROM image ->> 'sensitivity' THEN
        UPDATE care.history h SET sensitivity = category
        WHERE h.relation = TG_TABLE_NAME AND h.row_id = key AND h.sensitivity IS DISTINCT FROM category;
    END IF;
    INSERT INTO care.history (relation, row_id, patient_id, version, held_from, superseded_at, changed_by,
                              superseded_by, image, sensitivity)
    VALUES (TG_TABLE_NAME, key, OLD.patient_id, OLD.version, OLD.updated_at,
            NEW.updated_at, OLD.updated_by, NEW.updated_by, image, category);
    RETURN NULL;
END $$;
DROP TRIGGER history_is_never_altered ON care.history;
CREATE TRIGGER history_is_never_altered BEFORE UPDATE ON care.history FOR EACH ROW
    WHEN (to_jsonb(NEW) - 'sensitivity' IS DISTINCT FROM to_jsonb(OLD) - 'sensitivity')
    EXECUTE FUNCTION care.refuse_alteration();
