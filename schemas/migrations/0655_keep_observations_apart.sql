-- Observations and the family's history can be kept apart by their authors as the other parts of the record can be.
--
-- Both have had a category since they were made, given by their codes; what no code tells (a mother's addiction, a weight
-- at a clinic for eating disorders) its author could not say. Replaces two functions. Undo: those of 321 and 325.
CREATE OR REPLACE FUNCTION care.acts_as_author(relation text, key uuid) RETURNS boolean
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
        WHEN 'observation' THEN
            RETURN EXISTS (SELECT FROM care.observation w WHERE w.observation_id = key AND w.performer_id = provider);
        WHEN 'family_history' THEN
            RETURN EXISTS (SELECT FROM care.family_history w WHERE w.family_history_id = key AND w.recorded_by = provider);
        ELSE
            RETURN false;
    END CASE;
END $$;

CREATE OR REPLACE FUNCTION care.raise_sensitivity(patient uuid, relation text, key uuid, category text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    changed bigint;
BEGIN
    IF relation <> ALL (ARRAY['condition', 'encounter', 'procedure', 'medication_statement', 'prescription', 'lab_order',
                              'lab_result', 'imaging_study', 'clinical_report', 'observation', 'family_history']) IS NOT FALSE THEN
        PERFORM care.refuse('sensitivity_is_of_a_part_of_the_record', 'Choose a row of the record that can be kept apart.');
    ELSIF category IS NULL THEN
        PERFORM care.refuse('sensitivity_is_never_lowered',
            'This row is kept apart already: ask who maintains the network to change its category.');
    ELSIF NOT care.acts_as_author(relation, key) AND access.part() IS DISTINCT FROM 'patient' THEN
        PERFORM care.refuse('sensitivity_is_its_authors', 'Only who wrote this keeps it apart.');
    END IF;
    -- Under the policies of whoever acts.
    EXECUTE format('UPDATE care.%I SET sensitivity = $1 WHERE patient_id = $2 AND %I = $3', relation, relation || '_id')
    USING category, patient, key;
    GET DIAGNOSTICS changed = ROW_COUNT;
    IF changed = 0 THEN
        PERFORM care.refuse('sensitivity_is_its_authors', 'Only who wrote this keeps it apart.');
    END IF;
END $$;
