-- Laboratory: what was ordered and what was found.
--
-- A value is a number with a unit, a code, words, or a reason why there is none. Its flag follows from the range that
-- came with it and cannot be told otherwise. A result that is final stays as it was written: a correction is a new row
-- that names it, of the same test and patient, and of two corrections at once one is refused. What stands now is
-- care.current_lab_result. New tables; the foreign keys lock their targets for an instant. Undo: drop them.
CREATE TABLE care.lab_order (
    lab_order_id   uuid        NOT NULL DEFAULT gen_random_uuid(),
    patient_id     uuid        NOT NULL,
    encounter_id   uuid,
    ordered_by     uuid        NOT NULL,
    facility_id    uuid,
    created_at     timestamptz NOT NULL DEFAULT now(),
    updated_at     timestamptz NOT NULL DEFAULT now(),
    ordered_at     timestamptz NOT NULL DEFAULT now(),
    collected_at   timestamptz,
    version        integer     NOT NULL DEFAULT 1,
    loinc          text        NOT NULL,
    title          text        NOT NULL,
    status         text        NOT NULL DEFAULT 'ordered',
    priority       text        NOT NULL DEFAULT 'routine',
    specimen       text        NOT NULL,
    specimen_label text,
    note           text,
    updated_by     text        NOT NULL DEFAULT session_user,

    CONSTRAINT lab_order_pkey PRIMARY KEY (lab_order_id),
    CONSTRAINT lab_order_id_with_patient_is_unique UNIQUE (patient_id, lab_order_id),
    CONSTRAINT lab_order_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT lab_order_encounter_fkey
        FOREIGN KEY (patient_id, encounter_id) REFERENCES care.encounter (patient_id, encounter_id),
    CONSTRAINT lab_order_orderer_fkey FOREIGN KEY (ordered_by) REFERENCES care.provider (provider_id),
    CONSTRAINT lab_order_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility (facility_id),
    CONSTRAINT lab_order_code_is_loinc CHECK (care.code_fits('loinc', loinc)),
    CONSTRAINT lab_order_title_is_some CHECK (title ~ '\S'),
    CONSTRAINT lab_order_status_is_known CHECK (
        status IN ('ordered', 'collected', 'in_process', 'completed', 'cancelled')
    ),
    CONSTRAINT lab_order_priority_is_known CHECK (priority IN ('routine', 'urgent', 'asap', 'stat')),
    CONSTRAINT lab_order_specimen_is_known CHECK (
        specimen IN ('blood', 'urine', 'stool', 'saliva', 'swab', 'tissue', 'other')
    ),
    CONSTRAINT lab_order_has_a_specimen_once_collected CHECK (
        status IN ('ordered', 'cancelled') OR collected_at IS NOT NULL
    ),
    CONSTRAINT lab_order_is_collected_after_it_was_ordered CHECK (collected_at >= ordered_at),
    CONSTRAINT lab_order_specimen_label_is_unique_in_its_laboratory UNIQUE (facility_id, specimen_label)
);
CREATE INDEX lab_order_patient_idx ON care.lab_order (patient_id, ordered_at);
CREATE INDEX lab_order_encounter_idx ON care.lab_order (patient_id, encounter_id);
CREATE INDEX lab_order_open_idx ON care.lab_order (facility_id, ordered_at)
    WHERE status IN ('ordered', 'collected', 'in_process');
CREATE TRIGGER lab_order_is_stamped BEFORE INSERT OR UPDATE ON care.lab_order
    FOR EACH ROW EXECUTE FUNCTION care.stamp();
CREATE TRIGGER lab_order_is_touched BEFORE UPDATE ON care.lab_order FOR EACH ROW EXECUTE FUNCTION care.touch();
CREATE TRIGGER lab_order_keeps_former_versions AFTER UPDATE ON care.lab_order
    FOR EACH ROW EXECUTE FUNCTION care.keep_former_version();
COMMENT ON TABLE  care.lab_order                IS 'A panel of tests that was asked for, and its specimen.';
COMMENT ON COLUMN care.lab_order.lab_order_id   IS 'Key.';
COMMENT ON COLUMN care.lab_order.patient_id     IS 'Whose.';
COMMENT ON COLUMN care.lab_order.encounter_id   IS 'The visit at which it was asked for; null where there was none.';
COMMENT ON COLUMN care.lab_order.ordered_by     IS 'Provider who asked.';
COMMENT ON COLUMN care.lab_order.facility_id    IS 'The laboratory; null until it is chosen.';
COMMENT ON COLUMN care.lab_order.created_at     IS 'When the row was made.';
COMMENT ON COLUMN care.lab_order.updated_at     IS 'When it was last changed.';
COMMENT ON COLUMN care.lab_order.ordered_at     IS 'When.';
COMMENT ON COLUMN care.lab_order.collected_at   IS 'When the specimen was taken; null before.';
COMMENT ON COLUMN care.lab_order.version        IS 'Raised by each change.';
COMMENT ON COLUMN care.lab_order.loinc          IS 'The panel by LOINC: 24331-1 is lipids.';
COMMENT ON COLUMN care.lab_order.title          IS 'What it is called.';
COMMENT ON COLUMN care.lab_order.status         IS 'ordered, collected, in_process, completed or cancelled.';
COMMENT ON COLUMN care.lab_order.priority       IS 'routine, urgent, asap or stat.';
COMMENT ON COLUMN care.lab_order.specimen       IS 'blood, urine, stool, saliva, swab, tissue or other.';
COMMENT ON COLUMN care.lab_order.specimen_label IS 'The specimen''s own number; null before it is taken.';
COMMENT ON COLUMN care.lab_order.note           IS 'What the laboratory should know.';
COMMENT ON COLUMN care.lab_order.updated_by     IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT lab_order_pkey ON care.lab_order IS 'This lab order is known already.';
COMMENT ON CONSTRAINT lab_order_id_with_patient_is_unique ON care.lab_order IS 'This lab order is known already.';
COMMENT ON CONSTRAINT lab_order_patient_fkey ON care.lab_order IS 'Register the patient first.';
COMMENT ON CONSTRAINT lab_order_encounter_fkey ON care.lab_order IS 'Choose a visit of this patient.';
COMMENT ON CONSTRAINT lab_order_orderer_fkey ON care.lab_order IS 'Choose one of the network''s providers.';
COMMENT ON CONSTRAINT lab_order_facility_fkey ON care.lab_order IS 'Choose one of the network''s facilities.';
COMMENT ON CONSTRAINT lab_order_code_is_loinc ON care.lab_order IS 'This is no code of LOINC.';
COMMENT ON CONSTRAINT lab_order_title_is_some ON care.lab_order IS 'Say what it is called.';
COMMENT ON CONSTRAINT lab_order_status_is_known ON care.lab_order IS 'Choose how far it is.';
COMMENT ON CONSTRAINT lab_order_priority_is_known ON care.lab_order IS 'Choose routine, urgent, asap or stat.';
COMMENT ON CONSTRAINT lab_order_specimen_is_known ON care.lab_order IS 'Choose what is to be taken.';
COMMENT ON CONSTRAINT lab_order_has_a_specimen_once_collected ON care.lab_order IS 'Say when the specimen was taken.';
COMMENT ON CONSTRAINT lab_order_is_collected_after_it_was_ordered ON care.lab_order IS 'A specimen cannot be taken before it was ordered.';
COMMENT ON CONSTRAINT lab_order_specimen_label_is_unique_in_its_laboratory ON care.lab_order IS 'This label is on another specimen.';
CALL access.guard('care.lab_order', 'chart');

CREATE TABLE care.lab_result (
    lab_result_id        uuid           NOT NULL DEFAULT gen_random_uuid(),
    patient_id           uuid           NOT NULL,
    lab_order_id         uuid,
    amends_lab_result_id uuid,
    created_at           timestamptz    NOT NULL DEFAULT now(),
    updated_at           timestamptz    NOT NULL DEFAULT now(),
    observed_at          timestamptz    NOT NULL,
    issued_at            timestamptz    NOT NULL DEFAULT now(),
    version              integer        NOT NULL DEFAULT 1,
    value_number         numeric(18,6),
    reference_low        numeric(18,6),
    reference_high       numeric(18,6),
    critical_low         numeric(18,6),
    critical_high        numeric(18,6),
    loinc                text           NOT NULL,
    title                text           NOT NULL,
    comparator           text,
    unit                 care.ucum_unit,
    value_code           text,
    value_text           text,
    absent_reason        text,
    status               text           NOT NULL,
    flag                 text           GENERATED ALWAYS AS (
        CASE WHEN value_number IS NULL THEN NULL WHEN value_number < critical_low THEN 'LL' WHEN
        value_number > critical_high THEN 'HH' WHEN value_number < reference_low THEN 'L' WHEN value_number
        > reference_high THEN 'H' WHEN num_nonnulls(reference_low, reference_high) > 0 THEN 'N' END
    ) STORED,
    note                 text,
    updated_by           text           NOT NULL DEFAULT session_user,

    CONSTRAINT lab_result_pkey PRIMARY KEY (lab_result_id),
    CONSTRAINT lab_result_id_with_patient_is_unique UNIQUE (patient_id, lab_result_id),
    CONSTRAINT lab_result_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT lab_result_lab_order_fkey
        FOREIGN KEY (patient_id, lab_order_id) REFERENCES care.lab_order (patient_id, lab_order_id),
    CONSTRAINT lab_result_code_with_patient_is_unique UNIQUE (patient_id, lab_result_id, loinc),
    CONSTRAINT lab_result_amended_fkey
        FOREIGN KEY (patient_id, amends_lab_result_id, loinc) REFERENCES care.lab_result (patient_id,
            lab_result_id, loinc),
    CONSTRAINT lab_result_is_amended_once
        EXCLUDE USING btree (amends_lab_result_id WITH =) WHERE (status <> 'entered_in_error'),
    CONSTRAINT lab_result_code_is_loinc CHECK (care.code_fits('loinc', loinc)),
    CONSTRAINT lab_result_title_is_some CHECK (title ~ '\S'),
    CONSTRAINT lab_result_status_is_known CHECK (status IN ('preliminary', 'final', 'amended', 'entered_in_error')),
    CONSTRAINT lab_result_amended_names_what_it_amends CHECK (
        status = 'entered_in_error' OR (status = 'amended') = (amends_lab_result_id IS NOT NULL)
    ),
    CONSTRAINT lab_result_value_is_one CHECK (num_nonnulls(value_number, value_code, value_text, absent_reason) = 1),
    CONSTRAINT lab_result_number_has_a_unit CHECK ((value_number IS NULL) = (unit IS NULL)),
    CONSTRAINT lab_result_comparator_is_known CHECK (
        comparator IS NULL OR (comparator IN ('<', '<=', '>=', '>') AND value_number IS NOT NULL)
    ),
    CONSTRAINT lab_result_value_code_is_snomed CHECK (care.code_fits('snomed', value_code)),
    CONSTRAINT lab_result_absent_reason_is_known CHECK (
        absent_reason IN ('clotted', 'insufficient', 'lost', 'not_done')
    ),
    CONSTRAINT lab_result_range_is_ordered CHECK (
        reference_low <= reference_high IS NOT FALSE AND critical_low <= reference_low IS NOT FALSE AND
        critical_high >= reference_high IS NOT FALSE AND critical_low < critical_high IS NOT FALSE
    ),
    CONSTRAINT lab_result_is_issued_after_it_was_observed CHECK (issued_at >= observed_at)
);
CREATE INDEX lab_result_patient_idx ON care.lab_result (patient_id, loinc, observed_at);
CREATE INDEX lab_result_order_idx ON care.lab_result (patient_id, lab_order_id);
CREATE TRIGGER lab_result_is_stamped BEFORE INSERT OR UPDATE ON care.lab_result
    FOR EACH ROW EXECUTE FUNCTION care.stamp();
CREATE TRIGGER lab_result_is_touched BEFORE UPDATE ON care.lab_result FOR EACH ROW EXECUTE FUNCTION care.touch();
CREATE TRIGGER lab_result_keeps_former_versions AFTER UPDATE ON care.lab_result
    FOR EACH ROW EXECUTE FUNCTION care.keep_former_version();
COMMENT ON TABLE  care.lab_result                      IS 'One finding of a laboratory.';
COMMENT ON COLUMN care.lab_result.lab_result_id        IS 'Key.';
COMMENT ON COLUMN care.lab_result.patient_id           IS 'Whose.';
COMMENT ON COLUMN care.lab_result.lab_order_id         IS 'Of which order; null where it was brought along.';
COMMENT ON COLUMN care.lab_result.amends_lab_result_id IS 'The result that this one corrects; null for a first one.';
COMMENT ON COLUMN care.lab_result.created_at           IS 'When the row was made.';
COMMENT ON COLUMN care.lab_result.updated_at           IS 'When it was last changed.';
COMMENT ON COLUMN care.lab_result.observed_at          IS 'When the specimen was taken: when this was true of the patient.';
COMMENT ON COLUMN care.lab_result.issued_at            IS 'When the laboratory said so.';
COMMENT ON COLUMN care.lab_result.version              IS 'Raised by each change.';
COMMENT ON COLUMN care.lab_result.value_number         IS 'The value, where it is a number.';
COMMENT ON COLUMN care.lab_result.reference_low        IS 'Lowest usual value; null where there is no lower bound.';
COMMENT ON COLUMN care.lab_result.reference_high       IS 'Highest usual value; null where there is no upper bound.';
COMMENT ON COLUMN care.lab_result.critical_low         IS 'Below this somebody must act; null where there is no such bound.';
COMMENT ON COLUMN care.lab_result.critical_high        IS 'Above this somebody must act; null where there is no such bound.';
COMMENT ON COLUMN care.lab_result.loinc                IS 'What was measured, by LOINC: 4548-4 is HbA1c.';
COMMENT ON COLUMN care.lab_result.title                IS 'What it is called.';
COMMENT ON COLUMN care.lab_result.comparator           IS '< or > where the value is a limit of the method; null where it is the value.';
COMMENT ON COLUMN care.lab_result.unit                 IS 'Unit of the number; 1 where it has none.';
COMMENT ON COLUMN care.lab_result.value_code           IS 'The value by SNOMED CT, where it is a finding: 10828004 is positive.';
COMMENT ON COLUMN care.lab_result.value_text           IS 'The value in words, where it is neither.';
COMMENT ON COLUMN care.lab_result.absent_reason        IS 'Why there is no value: clotted, insufficient, lost or not_done.';
COMMENT ON COLUMN care.lab_result.status               IS 'preliminary, final, amended or entered_in_error.';
COMMENT ON COLUMN care.lab_result.flag                 IS 'HL7''s letter against the reference range: LL, L, N, H or HH; null without a number or a range.';
COMMENT ON COLUMN care.lab_result.note                 IS 'The laboratory''s remark.';
COMMENT ON COLUMN care.lab_result.updated_by           IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT lab_result_pkey ON care.lab_result IS 'This lab result is known already.';
COMMENT ON CONSTRAINT lab_result_id_with_patient_is_unique ON care.lab_result IS 'This lab result is known already.';
COMMENT ON CONSTRAINT lab_result_patient_fkey ON care.lab_result IS 'Register the patient first.';
COMMENT ON CONSTRAINT lab_result_lab_order_fkey ON care.lab_result IS 'Choose an order of this patient.';
COMMENT ON CONSTRAINT lab_result_code_with_patient_is_unique ON care.lab_result IS 'This lab result is known already.';
COMMENT ON CONSTRAINT lab_result_amended_fkey ON care.lab_result IS 'A correction is of the same test of the same patient.';
COMMENT ON CONSTRAINT lab_result_is_amended_once ON care.lab_result IS 'This result has been corrected already: correct the newer one.';
COMMENT ON CONSTRAINT lab_result_code_is_loinc ON care.lab_result IS 'This is no code of LOINC.';
COMMENT ON CONSTRAINT lab_result_title_is_some ON care.lab_result IS 'Say what it is called.';
COMMENT ON CONSTRAINT lab_result_status_is_known ON care.lab_result IS 'Choose preliminary, final, amended or entered_in_error.';
COMMENT ON CONSTRAINT lab_result_amended_names_what_it_amends ON care.lab_result IS 'A correction names the result that it corrects, and nothing else does.';
COMMENT ON CONSTRAINT lab_result_value_is_one ON care.lab_result IS 'Give a number, a code or words, or else why there is no value.';
COMMENT ON CONSTRAINT lab_result_number_has_a_unit ON care.lab_result IS 'A number has a unit: 1 where it has none.';
COMMENT ON CONSTRAINT lab_result_comparator_is_known ON care.lab_result IS 'Choose <, <=, >= or > for a number at a limit.';
COMMENT ON CONSTRAINT lab_result_value_code_is_snomed ON care.lab_result IS 'This is no code of SNOMED CT.';
COMMENT ON CONSTRAINT lab_result_absent_reason_is_known ON care.lab_result IS 'Choose clotted, insufficient, lost or not_done.';
COMMENT ON CONSTRAINT lab_result_range_is_ordered ON care.lab_result IS 'The critical range holds the usual one, and low is below high.';
COMMENT ON CONSTRAINT lab_result_is_issued_after_it_was_observed ON care.lab_result IS 'A result cannot be known before its specimen was taken.';
CALL access.guard('care.lab_result', 'chart');

CREATE FUNCTION care.keep_what_is_final() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    bookkeeping constant text[] := '{status, version, updated_at, updated_by, flag}';
BEGIN
    IF OLD.status IN ('final', 'amended', 'entered_in_error')
       AND (NEW.status NOT IN (OLD.status, 'entered_in_error')
            OR to_jsonb(NEW) - bookkeeping <> to_jsonb(OLD) - bookkeeping) THEN
        PERFORM care.refuse(TG_TABLE_NAME || '_that_is_final_is_not_altered',
            'This is final: write a correction that names it.');
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.keep_what_is_final() IS 'Trigger before an update: what is final can be marked as an error and nothing else.';
CREATE TRIGGER lab_result_keeps_what_is_final BEFORE UPDATE ON care.lab_result
    FOR EACH ROW EXECUTE FUNCTION care.keep_what_is_final();

CREATE FUNCTION care.check_lab_amendment() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    former text;
BEGIN
    SELECT r.status INTO former FROM care.lab_result r
    WHERE r.patient_id = NEW.patient_id AND r.lab_result_id = NEW.amends_lab_result_id FOR SHARE;
    IF former NOT IN ('final', 'amended') THEN
        PERFORM care.refuse('lab_result_amends_what_was_final',
            'Only a result that is final is corrected: change this one instead.');
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.check_lab_amendment() IS 'Trigger: only what was final is corrected by another row.';
CREATE TRIGGER lab_result_amends_what_was_final BEFORE INSERT ON care.lab_result
    FOR EACH ROW WHEN (NEW.amends_lab_result_id IS NOT NULL) EXECUTE FUNCTION care.check_lab_amendment();

CREATE FUNCTION care.amend_lab_result(result uuid, number numeric, remark text) RETURNS uuid
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    amended uuid;
BEGIN
    INSERT INTO care.lab_result (patient_id, lab_order_id, amends_lab_result_id, observed_at, value_number, unit,
                                 reference_low, reference_high, critical_low, critical_high, loinc, title, status, note)
    SELECT r.patient_id, r.lab_order_id, r.lab_result_id, r.observed_at, number, r.unit,
           r.reference_low, r.reference_high, r.critical_low, r.critical_high, r.loinc, r.title, 'amended', remark
    FROM care.lab_result r WHERE r.lab_result_id = result
    RETURNING lab_result_id INTO amended;
    IF amended IS NULL THEN
        PERFORM care.refuse('lab_result_is_known', 'There is no such result.');
    END IF;
    RETURN amended;
END $$;
COMMENT ON FUNCTION care.amend_lab_result(uuid, numeric, text) IS 'Corrects the number of a final result by a new row, which it returns; the former row stays.';

CREATE VIEW care.current_lab_result WITH (security_invoker = true) AS
    SELECT r.* FROM care.lab_result r
    WHERE r.status <> 'entered_in_error' AND NOT EXISTS (
        SELECT FROM care.lab_result newer
        WHERE newer.amends_lab_result_id = r.lab_result_id AND newer.status <> 'entered_in_error'
    );
COMMENT ON VIEW care.current_lab_result IS 'Results as they stand: without those that were corrected, and without errors.';
COMMENT ON COLUMN care.current_lab_result.lab_result_id IS 'Key.';
COMMENT ON COLUMN care.current_lab_result.patient_id IS 'Whose.';
COMMENT ON COLUMN care.current_lab_result.lab_order_id IS 'Of which order; null where it was brought along.';
COMMENT ON COLUMN care.current_lab_result.amends_lab_result_id IS 'The result that this one corrects; null for a first one.';
COMMENT ON COLUMN care.current_lab_result.created_at IS 'When the row was made.';
COMMENT ON COLUMN care.current_lab_result.updated_at IS 'When it was last changed.';
COMMENT ON COLUMN care.current_lab_result.observed_at IS 'When the specimen was taken: when this was true of the patient.';
COMMENT ON COLUMN care.current_lab_result.issued_at IS 'When the laboratory said so.';
COMMENT ON COLUMN care.current_lab_result.version IS 'Raised by each change.';
COMMENT ON COLUMN care.current_lab_result.value_number IS 'The value, where it is a number.';
COMMENT ON COLUMN care.current_lab_result.reference_low IS 'Lowest usual value; null where there is no lower bound.';
COMMENT ON COLUMN care.current_lab_result.reference_high IS 'Highest usual value; null where there is no upper bound.';
COMMENT ON COLUMN care.current_lab_result.critical_low IS 'Below this somebody must act; null where there is no such bound.';
COMMENT ON COLUMN care.current_lab_result.critical_high IS 'Above this somebody must act; null where there is no such bound.';
COMMENT ON COLUMN care.current_lab_result.loinc IS 'What was measured, by LOINC: 4548-4 is HbA1c.';
COMMENT ON COLUMN care.current_lab_result.title IS 'What it is called.';
COMMENT ON COLUMN care.current_lab_result.comparator IS '< or > where the value is a limit of the method; null where it is the value.';
COMMENT ON COLUMN care.current_lab_result.unit IS 'Unit of the number; 1 where it has none.';
COMMENT ON COLUMN care.current_lab_result.value_code IS 'The value by SNOMED CT, where it is a finding: 10828004 is positive.';
COMMENT ON COLUMN care.current_lab_result.value_text IS 'The value in words, where it is neither.';
COMMENT ON COLUMN care.current_lab_result.absent_reason IS 'Why there is no value: clotted, insufficient, lost or not_done.';
COMMENT ON COLUMN care.current_lab_result.status IS 'preliminary, final, amended or entered_in_error.';
COMMENT ON COLUMN care.current_lab_result.flag IS 'HL7''s letter against the reference range: LL, L, N, H or HH; null without a number or a range.';
COMMENT ON COLUMN care.current_lab_result.note IS 'The laboratory''s remark.';
COMMENT ON COLUMN care.current_lab_result.updated_by IS 'Account or program that last changed it.';
GRANT SELECT ON care.current_lab_result TO healthtrack_portal;
