-- Who wrote a row keeps it apart, where its code does not tell: a diagnosis in words, an image, a note on a visit.
--
-- The author gives a plain row a category; its parts get it too (migration 321), and its former versions. It is never
-- taken back by who gave it: what was kept apart, people rely on. A patient does so with drugs that they listed themselves.
-- A report that somebody else signed is raised with its order. Locks nothing. Undo: drop the two functions.
CREATE FUNCTION care.raise_sensitivity(patient uuid, relation text, key uuid, category text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    changed bigint;
BEGIN
    IF relation <> ALL (ARRAY['condition', 'encounter', 'procedure', 'medication_statement', 'prescription', 'lab_order',
                              'lab_result', 'imaging_study', 'clinical_report']) IS NOT FALSE THEN
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
COMMENT ON FUNCTION care.raise_sensitivity(uuid, text, uuid, text) IS 'Gives a row of the record a category of sensitive facts, for its author.';
REVOKE EXECUTE ON FUNCTION care.raise_sensitivity(uuid, text, uuid, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.raise_sensitivity(uuid, text, uuid, text) TO healthtrack_care, healthtrack_migrator;

DO $$
DECLARE
    stands  constant text := pg_get_functiondef('care.check_clinical_report()'::regprocedure);
    changed constant text := regexp_replace(stands, 'BEGIN\n', 'BEGIN
    -- To be kept apart is no change of what was signed.
    IF TG_OP = ''UPDATE'' AND OLD.sensitivity IS NULL AND NEW.sensitivity IS NOT NULL
       AND to_jsonb(NEW) - ''{sensitivity,version,updated_at,updated_by}''::text[]
         = to_jsonb(OLD) - ''{sensitivity,version,updated_at,updated_by}''::text[] THEN
        RETURN NEW;
    END IF;
');
BEGIN
    IF changed = stands THEN
        RAISE EXCEPTION 'care.check_clinical_report is not what it was: it must let a report be kept apart';
    END IF;
    EXECUTE changed;
END $$;

CALL access.publish('keep_apart', 'patient uuid, relation text, row_id uuid, sensitivity text', 'void', $body$
    PERFORM care.raise_sensitivity(patient, relation, row_id, sensitivity);
    PERFORM access.note(me, 'update', patient, 'care.' || relation || '/' || row_id);$body$,
    'Keeps a row of the record (condition, encounter, procedure, medication_statement, prescription, lab_order, lab_result, imaging_study or clinical_report) apart by a category, with its parts and former versions; for its author, and never taken back.');
