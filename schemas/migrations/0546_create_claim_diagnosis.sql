-- The diagnoses of a claim, and which line each is for.
--
-- An insurer asks for what was treated: up to twelve codes of ICD-10-CM in their order, and for each line up to four of
-- them. A biller reads the codes of the own facility's claims, since there is no claim without; whoever was granted
-- bills alone reads none that is kept apart (access.md). They are added while a claim is open, and stay. New tables;
-- foreign keys lock their targets for an instant. Undo: drop them.
CREATE TABLE care.claim_diagnosis (
    claim_id    uuid     NOT NULL,
    patient_id  uuid     NOT NULL,
    facility_id uuid     NOT NULL,
    invoice_id  uuid     NOT NULL,
    sequence    smallint NOT NULL,
    code        text     NOT NULL,
    sensitivity care.sensitivity,

    CONSTRAINT claim_diagnosis_pkey PRIMARY KEY (claim_id, sequence),
    CONSTRAINT claim_diagnosis_id_with_patient_is_unique UNIQUE (patient_id, claim_id, sequence),
    CONSTRAINT claim_diagnosis_is_named_once UNIQUE (claim_id, code),
    CONSTRAINT claim_diagnosis_claim_fkey FOREIGN KEY (patient_id, facility_id, invoice_id, claim_id)
        REFERENCES care.claim (patient_id, facility_id, invoice_id, claim_id),
    CONSTRAINT claim_diagnosis_sequence_is_believable CHECK (sequence BETWEEN 1 AND 12),
    CONSTRAINT claim_diagnosis_is_icd_10_cm CHECK (code ~ '^[A-Z][0-9][0-9A-Z](\.[0-9A-Z]{1,4})?$')
);
COMMENT ON TABLE  care.claim_diagnosis IS 'What was treated, as an insurer is told: codes of ICD-10-CM in their order.';
COMMENT ON COLUMN care.claim_diagnosis.claim_id    IS 'On which claim.';
COMMENT ON COLUMN care.claim_diagnosis.patient_id  IS 'For whom; the claim''s patient.';
COMMENT ON COLUMN care.claim_diagnosis.facility_id IS 'Who asks; the claim''s facility.';
COMMENT ON COLUMN care.claim_diagnosis.invoice_id  IS 'The claim''s invoice.';
COMMENT ON COLUMN care.claim_diagnosis.sequence    IS 'Its place, 1 for the principal one.';
COMMENT ON COLUMN care.claim_diagnosis.code        IS 'Code of ICD-10-CM, with its point.';
COMMENT ON COLUMN care.claim_diagnosis.sensitivity IS 'Category by which it is kept from whoever was granted bills alone; null for plain care.';
COMMENT ON CONSTRAINT claim_diagnosis_pkey ON care.claim_diagnosis IS 'The claim has a diagnosis in that place already.';
COMMENT ON CONSTRAINT claim_diagnosis_id_with_patient_is_unique ON care.claim_diagnosis IS 'The claim has a diagnosis in that place already.';
COMMENT ON CONSTRAINT claim_diagnosis_is_named_once ON care.claim_diagnosis IS 'The claim names this diagnosis already.';
COMMENT ON CONSTRAINT claim_diagnosis_claim_fkey ON care.claim_diagnosis IS 'Choose a claim of this invoice.';
COMMENT ON CONSTRAINT claim_diagnosis_sequence_is_believable ON care.claim_diagnosis IS 'A claim has twelve diagnoses at most.';
COMMENT ON CONSTRAINT claim_diagnosis_is_icd_10_cm ON care.claim_diagnosis IS 'Write a code of ICD-10-CM with its point, like E11.9.';

CREATE TABLE care.claim_line_diagnosis (
    claim_id    uuid     NOT NULL,
    charge_id   uuid     NOT NULL,
    patient_id  uuid     NOT NULL,
    facility_id uuid     NOT NULL,
    invoice_id  uuid     NOT NULL,
    priority    smallint NOT NULL,
    sequence    smallint NOT NULL,

    CONSTRAINT claim_line_diagnosis_pkey PRIMARY KEY (claim_id, charge_id, priority),
    CONSTRAINT claim_line_diagnosis_is_named_once UNIQUE (claim_id, charge_id, sequence),
    CONSTRAINT claim_line_diagnosis_line_fkey FOREIGN KEY (patient_id, facility_id, invoice_id, claim_id, charge_id)
        REFERENCES care.claim_line (patient_id, facility_id, invoice_id, claim_id, charge_id),
    CONSTRAINT claim_line_diagnosis_diagnosis_fkey FOREIGN KEY (patient_id, claim_id, sequence)
        REFERENCES care.claim_diagnosis (patient_id, claim_id, sequence),
    CONSTRAINT claim_line_diagnosis_priority_is_believable CHECK (priority BETWEEN 1 AND 4)
);
CREATE INDEX claim_line_diagnosis_patient_idx ON care.claim_line_diagnosis (patient_id, claim_id, sequence);
COMMENT ON TABLE  care.claim_line_diagnosis IS 'For which of a claim''s diagnoses one of its charges was done.';
COMMENT ON COLUMN care.claim_line_diagnosis.claim_id    IS 'On which claim.';
COMMENT ON COLUMN care.claim_line_diagnosis.charge_id   IS 'Which charge on it.';
COMMENT ON COLUMN care.claim_line_diagnosis.patient_id  IS 'For whom; the claim''s patient.';
COMMENT ON COLUMN care.claim_line_diagnosis.facility_id IS 'Who asks; the claim''s facility.';
COMMENT ON COLUMN care.claim_line_diagnosis.invoice_id  IS 'The claim''s invoice.';
COMMENT ON COLUMN care.claim_line_diagnosis.priority    IS 'Its place for this charge, 1 for the first.';
COMMENT ON COLUMN care.claim_line_diagnosis.sequence    IS 'Which of the claim''s diagnoses.';
COMMENT ON CONSTRAINT claim_line_diagnosis_pkey ON care.claim_line_diagnosis IS 'This charge has a diagnosis in that place already.';
COMMENT ON CONSTRAINT claim_line_diagnosis_is_named_once ON care.claim_line_diagnosis IS 'This charge names that diagnosis already.';
COMMENT ON CONSTRAINT claim_line_diagnosis_line_fkey ON care.claim_line_diagnosis IS 'Choose a charge on this claim.';
COMMENT ON CONSTRAINT claim_line_diagnosis_diagnosis_fkey ON care.claim_line_diagnosis IS 'Choose one of the claim''s diagnoses.';
COMMENT ON CONSTRAINT claim_line_diagnosis_priority_is_believable ON care.claim_line_diagnosis IS 'A charge is for four diagnoses at most.';

CREATE FUNCTION care.classify_claim_diagnosis() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    NEW.sensitivity := care.sensitivity_of('icd10', NEW.code);
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.classify_claim_diagnosis() IS 'Trigger before a diagnosis of a claim is written: its category is that of its code.';
CREATE TRIGGER claim_diagnosis_is_classified BEFORE INSERT OR UPDATE ON care.claim_diagnosis
    FOR EACH ROW EXECUTE FUNCTION care.classify_claim_diagnosis();
COMMENT ON TRIGGER claim_diagnosis_is_classified ON care.claim_diagnosis IS 'Trigger before a diagnosis of a claim is written: its category is that of its code.';

DO $$
DECLARE
    part text;
BEGIN
    FOREACH part IN ARRAY ARRAY['claim_diagnosis', 'claim_line_diagnosis'] LOOP
        EXECUTE format('CALL access.guard(''care.%I'', ''billing'')', part);
        EXECUTE format('REVOKE UPDATE ON care.%I FROM healthtrack_care', part);
        EXECUTE format('CREATE TRIGGER claim_is_coded_while_open AFTER INSERT ON care.%I
                        FOR EACH ROW EXECUTE FUNCTION care.check_open_claim()', part);
        EXECUTE format('COMMENT ON TRIGGER claim_is_coded_while_open ON care.%I IS %L', part,
                       'This claim is answered: its codes stay; submit another for what was denied.');
        EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE OR TRUNCATE ON care.%I
                        FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_change()', part || '_is_append_only', part);
        EXECUTE format('COMMENT ON TRIGGER %I ON care.%I IS %L', part || '_is_append_only', part,
                       'Trigger on a table that is only ever added to: refuses update, delete and truncate.');
        EXECUTE format('CREATE TRIGGER %I BEFORE DELETE ON care.%I FOR EACH ROW
                        WHEN (NOT pg_has_role(current_user, ''healthtrack_migrator'', ''USAGE''))
                        EXECUTE FUNCTION care.keep_row_under_hold()', part || '_stays_under_hold', part);
        EXECUTE format('COMMENT ON TRIGGER %I ON care.%I IS %L', part || '_stays_under_hold', part,
            'Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.');
    END LOOP;
END $$;
DROP POLICY granted ON care.claim_diagnosis;
CREATE POLICY granted ON care.claim_diagnosis FOR SELECT TO healthtrack_care
    USING (patient_id = ANY ((SELECT access.patients_granted('billing'))::uuid[])
           AND (sensitivity IS NULL OR patient_id = ANY (access.patients_granted(sensitivity))));

CREATE FUNCTION care.submit_coded_claim(of_invoice uuid, under_coverage uuid, diagnoses text[], pointers jsonb DEFAULT NULL) RETURNS uuid
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    made uuid := care.submit_claim(of_invoice, under_coverage);
BEGIN
    IF coalesce(cardinality(diagnoses), 0) = 0 THEN
        PERFORM care.refuse('claim_has_a_diagnosis', 'Name at least one diagnosis.');
    END IF;
    INSERT INTO care.claim_diagnosis (claim_id, patient_id, facility_id, invoice_id, sequence, code)
    SELECT c.claim_id, c.patient_id, c.facility_id, c.invoice_id, named.place, named.code
    FROM care.claim c, unnest(diagnoses) WITH ORDINALITY AS named (code, place) WHERE c.claim_id = made;
    -- Without pointers, each line is for the first four.
    INSERT INTO care.claim_line_diagnosis (claim_id, charge_id, patient_id, facility_id, invoice_id, priority, sequence)
    SELECT l.claim_id, l.charge_id, l.patient_id, l.facility_id, l.invoice_id, pointed.priority, pointed.sequence::smallint
    FROM care.claim_line l, jsonb_array_elements_text(coalesce(pointers -> l.charge_id::text,
             to_jsonb(ARRAY(SELECT generate_series(1, least(cardinality(diagnoses), 4)))))) WITH ORDINALITY AS pointed (sequence, priority)
    WHERE l.claim_id = made;
    RETURN made;
END $$;
REVOKE EXECUTE ON FUNCTION care.submit_coded_claim(uuid, uuid, text[], jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.submit_coded_claim(uuid, uuid, text[], jsonb) TO healthtrack_care;
COMMENT ON FUNCTION care.submit_coded_claim(uuid, uuid, text[], jsonb) IS 'Claims what is due and was covered, with its diagnoses in their order, and for each charge the places of those that it is for; gives the claim''s key.';
