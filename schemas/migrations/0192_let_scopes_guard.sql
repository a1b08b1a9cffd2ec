-- A grant of the chart opens no behavioural health: the scope of that name guards what it names.
--
-- Whoever shared the chart shared answers to PHQ-9 and GAD-7 and diagnoses of chapter F too, though there is a scope
-- for them. By grants these are now read by who was granted behavioural health as well as the chart. Which
-- questionnaires count is said with the questionnaire. Of a condition the provider may say so; where nobody did, it counts
-- by its code: ICD-10 of mental disorders and self-harm, and each of SNOMED CT, since its hierarchy is not here and hiding
-- too much is the lesser harm. Who cares for the patient reads them as before.
--
-- The scope of journals opens no entry by itself, as before: entries are shared one by one (care.journal_share). Locks
-- three tables for an instant. Undo: set the policies' conditions as in migration 28, drop function and columns.
ALTER TABLE care.condition ADD COLUMN behavioural boolean;
COMMENT ON COLUMN care.condition.behavioural IS 'Whether it is of behavioural health; null where nobody said: then as its code tells.';
ALTER TABLE care.questionnaire ADD COLUMN behavioural boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN care.questionnaire.behavioural IS 'True where its answers are of behavioural health.';
ALTER TABLE care.questionnaire DISABLE TRIGGER questionnaire_is_never_altered;
UPDATE care.questionnaire SET behavioural = true WHERE name IN ('phq9', 'gad7');
ALTER TABLE care.questionnaire ENABLE TRIGGER questionnaire_is_never_altered;

CREATE FUNCTION care.behavioural_responses() RETURNS uuid[]
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(array_agg(r.questionnaire_response_id), '{}')
    FROM care.questionnaire_response r JOIN care.questionnaire q USING (questionnaire_id)
    WHERE q.behavioural AND r.patient_id = ANY (access.patients_granted('chart'))
      AND r.patient_id <> ALL (access.patients_granted('behavioural_health'))
$$;
COMMENT ON FUNCTION care.behavioural_responses() IS 'Responses of behavioural health of patients who granted the chart to the actor, and not that.';
DO $$
DECLARE
    granted constant text := '(patient_id = ANY ((SELECT access.patients_granted(''chart''))::uuid[]))';
    narrowed record;
    asks     text;
BEGIN
    REVOKE EXECUTE ON FUNCTION care.behavioural_responses() FROM PUBLIC;
    -- For whoever the policies are for.
    FOR asks IN SELECT DISTINCT role::regrole::text FROM pg_policy p, unnest(p.polroles) AS role
                WHERE p.polrelid = 'care.condition'::regclass AND p.polname = 'granted' LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION care.behavioural_responses() TO %s', asks);
    END LOOP;
    FOR narrowed IN SELECT * FROM (VALUES
        ('care.condition', 'NOT coalesce(behavioural, code_system <> ''icd10'' OR code ~ ''^(F|R45|X[67]|X8[0-4]|Z91\.5)'') OR
                            patient_id = ANY ((SELECT access.patients_granted(''behavioural_health''))::uuid[])'),
        ('care.questionnaire_response', 'questionnaire_response_id <> ALL ((SELECT care.behavioural_responses())::uuid[])'),
        ('care.answer', 'questionnaire_response_id <> ALL ((SELECT care.behavioural_responses())::uuid[])')
    ) AS list (of, unless) LOOP
        EXECUTE format('ALTER POLICY granted ON %s USING (%s AND (%s))', narrowed.of, granted, narrowed.unless);
    END LOOP;
END $$;
