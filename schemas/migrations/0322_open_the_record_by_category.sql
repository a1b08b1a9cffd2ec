-- The record's tables are read by category: plain care and a grant of the chart open no sensitive row of them.
--
-- Who wrote a row reads it: its recorder, prescriber, orderer, performer, referrer or signer, who ordered what it is a part
-- of, who attended the visit at which a questionnaire was answered, and the account that wrote its newest version.
--
-- A diagnosis or a drug that is kept apart is listed once for each who recorded it: a refusal would tell another of it.
-- Two things still do, by nature: a patient lies in one bed at a time, and a specimen has one label.
--
-- What `condition.behavioural` and `questionnaire.behavioural` said is in `sensitivity`, so they go, and so does the
-- function that listed what a grant of the chart hid. `api.add_condition` takes the category in the place of the boolean.
-- Locks the tables for an instant, care.condition and care.medication_statement while a small constraint is made anew.
-- Undo: policies as in migrations 28 and 192, the constraints of migrations 44 and 45, api.add_condition of migration 198.
-- What a relationship opens is filled by a trigger; without it, none is open.
ALTER TABLE access.care_relationship ALTER COLUMN opens DROP NOT NULL;
COMMENT ON COLUMN access.care_relationship.opens IS 'Categories of sensitive rows that it opens; where it begins without a word of them, those that the provider''s specialties treat, in an emergency all. Null opens none.';

-- As in migration 304, with a join in the place of a search through the panel for each row of it.
CREATE OR REPLACE FUNCTION access.patients_opened(category text) RETURNS uuid[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (
        SELECT coalesce(array_agg(DISTINCT r.patient_id), '{}')
        FROM access.account a JOIN access.care_relationship r USING (provider_id)
        JOIN unnest(access.patients_in_care()) AS cared (patient_id) ON cared.patient_id = r.patient_id
        WHERE a.account_id = access.actor() AND a.disabled_at IS NULL AND r.opens @> ARRAY[category]
          AND r.valid_during @> clock_timestamp() AND (r.opened_by = pg_current_xact_id_if_assigned()) IS NOT TRUE
    ) || access.patients_granted(category);
END $$;

CALL access.keep_apart('care.condition', 'recorded_by');
CALL access.keep_apart('care.encounter', 'attending_provider_id');
CALL access.keep_apart('care.procedure',
    'performer_id = (SELECT care.acting_provider()) OR updated_by = (SELECT access.actor())::text');
CALL access.keep_apart('care.medication_statement', 'recorded_by');
CALL access.keep_apart('care.prescription', 'prescriber_id');
CALL access.keep_apart('care.dispense',
    'updated_by = (SELECT access.actor())::text OR (SELECT care.acts_as_author(''prescription'', prescription_id))');
CALL access.keep_apart('care.lab_order', 'ordered_by');
CALL access.keep_apart('care.lab_result',
    'updated_by = (SELECT access.actor())::text OR (SELECT care.acts_as_author(''lab_order'', lab_order_id))');
CALL access.keep_apart('care.imaging_study',
    'referrer_id = (SELECT care.acting_provider()) OR updated_by = (SELECT access.actor())::text');
CALL access.keep_apart('care.imaging_series',
    'updated_by = (SELECT access.actor())::text OR (SELECT care.acts_as_author(''imaging_study'', imaging_study_id))');
CALL access.keep_apart('care.clinical_report',
    'signed_by = (SELECT care.acting_provider()) OR updated_by = (SELECT access.actor())::text');
CALL access.keep_apart('care.questionnaire_response',
    'updated_by = (SELECT access.actor())::text OR (SELECT care.acts_as_author(''encounter'', encounter_id))', true);
CALL access.keep_apart('care.answer',
    'updated_by = (SELECT access.actor())::text OR (SELECT care.acts_as_author(''questionnaire_response'', questionnaire_response_id))', true);
CALL access.keep_apart('care.score', '(SELECT care.acts_as_author(''questionnaire_response'', questionnaire_response_id))');

-- Former versions: to the patient and in care, as before.
CALL access.keep_apart('care.history', '(SELECT care.acts_as_author(relation, row_id))');
DROP POLICY granted ON care.history;
DROP POLICY opened_in_care ON care.history;
DO $$
BEGIN
    EXECUTE format('ALTER POLICY opened ON care.history USING (patient_id = ANY ((SELECT access.patients_in_care())::uuid[]) AND %s)',
        (SELECT pg_get_expr(p.polqual, p.polrelid) FROM pg_policy p
         WHERE p.polrelid = 'care.history'::regclass AND p.polname = 'opened'));
END $$;

ALTER TABLE care.condition DROP CONSTRAINT condition_is_listed_once;
ALTER TABLE care.condition ADD CONSTRAINT condition_is_listed_once EXCLUDE USING btree (
    patient_id WITH =, code_system WITH =, code WITH =,
    (CASE WHEN sensitivity IS NULL THEN patient_id ELSE recorded_by END) WITH =
) WHERE (clinical_status IN ('active', 'recurrence', 'relapse') AND verification_status NOT IN ('refuted', 'entered_in_error'));
COMMENT ON CONSTRAINT condition_is_listed_once ON care.condition IS 'This stands in the record already: change that entry.';
ALTER TABLE care.medication_statement DROP CONSTRAINT medication_statement_is_listed_once;
ALTER TABLE care.medication_statement ADD CONSTRAINT medication_statement_is_listed_once EXCLUDE USING gist (
    patient_id WITH =, medication_id WITH =, source WITH =, taken_during WITH &&,
    (CASE WHEN sensitivity IS NULL OR recorded_by IS NULL THEN patient_id ELSE recorded_by END) WITH =
) WHERE (status IN ('active', 'on_hold'));
COMMENT ON CONSTRAINT medication_statement_is_listed_once ON care.medication_statement IS 'This stands in the record for that time already.';

DROP FUNCTION api.add_condition(text, uuid, uuid, text, text, text, text, text, text, date, text, boolean);
DROP FUNCTION care.behavioural_responses();
ALTER TABLE care.condition DROP COLUMN behavioural;
ALTER TABLE care.questionnaire DROP COLUMN behavioural;
CALL access.publish('add_condition',
    'patient uuid, encounter uuid, code_system text, code text, title text, clinical_status text, verification_status text, severity text, onset_on date, note text, sensitivity text',
    'uuid', $body$
    INSERT INTO care.condition AS c (patient_id, encounter_id, recorded_by, code_system, code, title, clinical_status,
                                     verification_status, severity, onset_on, note, sensitivity)
    VALUES (patient, encounter, access.acting_provider(), add_condition.code_system, add_condition.code, add_condition.title,
            add_condition.clinical_status, add_condition.verification_status, add_condition.severity,
            add_condition.onset_on, add_condition.note, add_condition.sensitivity)
    RETURNING c.condition_id INTO answer;
    PERFORM access.note(me, 'create', patient, 'care.condition/' || answer);$body$,
    'Adds a condition that the acting provider found, with a category to keep it apart by where its code tells none; gives its key.');
