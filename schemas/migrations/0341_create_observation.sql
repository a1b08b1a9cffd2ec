-- Clinical observations: what was measured or asked at a visit, and what patients measured and typed in themselves.
--
-- A laboratory's findings are care.lab_result, and what devices send is in signal; here is the rest of FHIR's Observation:
-- vital signs, social history, findings of an examination. A value is of one kind, or a reason says why there is none.
-- Where several values are one observation (a blood pressure), each is a component, and the row says how many, so that
-- nothing is added to what is final. As of results, nothing final is altered: a correction is a new row that names the
-- former, of the same code and patient, and of two corrections at once one is refused.
--
-- A sensitive one is read by the patient, who made it, and whom its category is open to; its components as it is itself.
-- A device is kept by its name, since it may be erased with what it measured while what somebody read from it stays.
-- Numbers are kept with the digits that were told: 72.0 is more precise than 72. New tables; the foreign keys lock their
-- targets for an instant. Undo: drop them and the functions.
CREATE TABLE care.observation (
    observation_id    uuid           NOT NULL DEFAULT gen_random_uuid(),
    patient_id        uuid           NOT NULL,
    encounter_id      uuid,
    performer_id      uuid,
    amends_observation_id uuid,
    created_at        timestamptz    NOT NULL DEFAULT now(),
    updated_at        timestamptz    NOT NULL DEFAULT now(),
    observed_at       timestamptz    NOT NULL,
    ended_at          timestamptz,
    issued_at         timestamptz    NOT NULL DEFAULT now(),
    version           integer        NOT NULL DEFAULT 1,
    value_number      numeric,
    value_low         numeric,
    value_high        numeric,
    value_numerator   numeric,
    value_denominator numeric,
    reference_low     numeric,
    reference_high    numeric,
    component_count   smallint       NOT NULL DEFAULT 0,
    value_boolean     boolean,
    category          text           NOT NULL,
    loinc             text           NOT NULL,
    title             text           NOT NULL,
    comparator        text,
    unit              care.ucum_unit,
    denominator_unit  care.ucum_unit,
    value_system      text,
    value_code        text,
    value_text        text,
    absent_reason     text,
    interpretation    text,
    body_site         text,
    method            text,
    device_id         text,
    sensitivity       care.sensitivity,
    performed_by      text           NOT NULL,
    status            text           NOT NULL,
    note              text,
    updated_by        text           NOT NULL DEFAULT session_user,

    CONSTRAINT observation_pkey PRIMARY KEY (observation_id),
    CONSTRAINT observation_id_with_patient_is_unique UNIQUE (patient_id, observation_id),
    CONSTRAINT observation_code_with_patient_is_unique UNIQUE (patient_id, observation_id, loinc),
    CONSTRAINT observation_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT observation_encounter_fkey
        FOREIGN KEY (patient_id, encounter_id) REFERENCES care.encounter (patient_id, encounter_id),
    CONSTRAINT observation_performer_fkey FOREIGN KEY (performer_id) REFERENCES care.provider (provider_id),
    CONSTRAINT observation_amended_fkey
        FOREIGN KEY (patient_id, amends_observation_id, loinc) REFERENCES care.observation (patient_id,
            observation_id, loinc),
    CONSTRAINT observation_is_amended_once
        EXCLUDE USING btree (amends_observation_id WITH =) WHERE (status <> 'entered_in_error'),
    CONSTRAINT observation_code_is_loinc CHECK (care.code_fits('loinc', loinc)),
    CONSTRAINT observation_title_is_some CHECK (title ~ '\S'),
    CONSTRAINT observation_category_is_known CHECK (
        category IN ('vital_signs', 'social_history', 'survey', 'exam', 'activity', 'procedure', 'therapy')
    ),
    CONSTRAINT observation_status_is_known CHECK (
        status IN ('preliminary', 'final', 'amended', 'corrected', 'entered_in_error')
    ),
    CONSTRAINT observation_amended_names_what_it_amends CHECK (
        status = 'entered_in_error' OR (status IN ('amended', 'corrected')) = (amends_observation_id IS NOT NULL)
    ),
    CONSTRAINT observation_numbers_are_finite CHECK (
        value_number BETWEEN -1e12 AND 1e12 IS NOT FALSE AND value_low BETWEEN -1e12 AND 1e12 IS NOT FALSE AND value_high BETWEEN
        -1e12 AND 1e12 IS NOT FALSE AND value_numerator BETWEEN -1e12 AND 1e12 IS NOT FALSE AND value_denominator BETWEEN -1e12
        AND 1e12 IS NOT FALSE
    ),
    CONSTRAINT observation_value_is_one CHECK (
        CASE num_nonnulls(value_number, coalesce(value_low, value_high), value_numerator, value_code, value_text, value_boolean, absent_reason)
        WHEN 0 THEN component_count > 0 WHEN 1 THEN true ELSE false END
    ),
    CONSTRAINT observation_number_has_a_unit CHECK (
        (num_nonnulls(value_number, value_low, value_high, value_numerator) > 0) = (unit IS NOT NULL)
    ),
    CONSTRAINT observation_comparator_is_known CHECK (
        comparator IS NULL OR (comparator IN ('<', '<=', '>=', '>') AND value_number IS NOT NULL)
    ),
    CONSTRAINT observation_value_range_is_ordered CHECK (value_low <= value_high IS NOT FALSE),
    CONSTRAINT observation_ratio_is_whole CHECK (
        num_nonnulls(value_numerator, value_denominator, denominator_unit) IN (0, 3) AND value_denominator > 0 IS NOT FALSE
    ),
    CONSTRAINT observation_value_code_fits_its_system CHECK (
        CASE value_system WHEN 'snomed' THEN care.code_fits('snomed', value_code) IS TRUE
        WHEN 'loinc' THEN (value_code ~ '^LA[1-9][0-9]{0,7}-[0-9]$') IS TRUE ELSE num_nonnulls(value_system, value_code) = 0 END
    ),
    CONSTRAINT observation_value_text_is_short CHECK (value_text ~ '\S' AND length(value_text) <= 4000),
    CONSTRAINT observation_absent_reason_is_known CHECK (
        absent_reason IN ('unknown', 'asked_unknown', 'temp_unknown', 'not_asked', 'asked_declined', 'masked',
        'not_applicable', 'unsupported', 'error', 'not_performed', 'not_permitted')
    ),
    CONSTRAINT observation_interpretation_is_known CHECK (
        interpretation IN ('LL', 'L', 'N', 'H', 'HH', 'A', 'AA', 'POS', 'NEG', 'IND')
    ),
    CONSTRAINT observation_reference_range_is_ordered CHECK (
        reference_low <= reference_high IS NOT FALSE AND (unit IS NOT NULL OR num_nonnulls(reference_low, reference_high) = 0)
    ),
    CONSTRAINT observation_interpretation_fits_its_range CHECK (
        interpretation IS NULL OR value_number IS NULL OR comparator IS NOT NULL
        OR num_nonnulls(reference_low, reference_high) = 0 OR interpretation = ANY (CASE WHEN value_number < reference_low THEN
        '{L,LL,A,AA}' WHEN value_number > reference_high THEN '{H,HH,A,AA}' ELSE '{N}' END::text[])
    ),
    CONSTRAINT observation_components_are_few CHECK (component_count BETWEEN 0 AND 50),
    CONSTRAINT observation_performer_is_said CHECK (
        performed_by IN ('provider', 'patient', 'unknown') AND (performed_by = 'provider') = (performer_id IS NOT NULL)
    ),
    CONSTRAINT observation_period_is_forward CHECK (ended_at > observed_at),
    CONSTRAINT observation_is_told_once_it_was_made CHECK (issued_at >= coalesce(ended_at, observed_at)),
    CONSTRAINT observation_body_site_is_snomed CHECK (care.code_fits('snomed', body_site)),
    CONSTRAINT observation_method_is_short CHECK (method ~ '\S' AND length(method) <= 200),
    CONSTRAINT observation_note_is_short CHECK (length(note) <= 4000)
);
CREATE INDEX observation_patient_idx ON care.observation (patient_id, loinc, observed_at);
CREATE INDEX observation_time_idx ON care.observation (patient_id, observed_at, observation_id);
CREATE INDEX observation_encounter_idx ON care.observation (patient_id, encounter_id);
CREATE INDEX observation_amended_idx ON care.observation (patient_id, amends_observation_id);
CREATE INDEX observation_performer_idx ON care.observation (performer_id);
CREATE TRIGGER observation_is_stamped BEFORE INSERT OR UPDATE ON care.observation
    FOR EACH ROW EXECUTE FUNCTION care.stamp();
CREATE TRIGGER observation_is_touched BEFORE UPDATE ON care.observation FOR EACH ROW EXECUTE FUNCTION care.touch();
CREATE TRIGGER observation_keeps_former_versions AFTER UPDATE ON care.observation
    FOR EACH ROW EXECUTE FUNCTION care.keep_former_version();
CREATE TRIGGER observation_keeps_what_is_final BEFORE UPDATE ON care.observation
    FOR EACH ROW EXECUTE FUNCTION care.keep_what_is_final();
CREATE TRIGGER observation_stays_under_hold BEFORE DELETE ON care.observation
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION care.keep_row_under_hold();
COMMENT ON TABLE  care.observation                   IS 'What was measured, seen or asked of a patient, beside laboratory and devices.';
COMMENT ON COLUMN care.observation.observation_id    IS 'Key.';
COMMENT ON COLUMN care.observation.patient_id        IS 'Whose.';
COMMENT ON COLUMN care.observation.encounter_id      IS 'At which visit; null where there was none.';
COMMENT ON COLUMN care.observation.performer_id      IS 'Provider who made it; null where it was nobody of the network.';
COMMENT ON COLUMN care.observation.amends_observation_id IS 'The observation that this one takes the place of; null for a first one.';
COMMENT ON COLUMN care.observation.created_at        IS 'When the row was made.';
COMMENT ON COLUMN care.observation.updated_at        IS 'When it was last changed.';
COMMENT ON COLUMN care.observation.observed_at       IS 'When this was true of the patient, or when the period began in which it was.';
COMMENT ON COLUMN care.observation.ended_at          IS 'When that period ended; null for a moment.';
COMMENT ON COLUMN care.observation.issued_at         IS 'When it was told.';
COMMENT ON COLUMN care.observation.version           IS 'Raised by each change.';
COMMENT ON COLUMN care.observation.value_number      IS 'The value, where it is a number.';
COMMENT ON COLUMN care.observation.value_low         IS 'The lower end, where the value is a range; null where it is open.';
COMMENT ON COLUMN care.observation.value_high        IS 'The upper end, where the value is a range; null where it is open.';
COMMENT ON COLUMN care.observation.value_numerator   IS 'The first number, where the value is a ratio: 1 of 1 to 128.';
COMMENT ON COLUMN care.observation.value_denominator IS 'The second number, where the value is a ratio.';
COMMENT ON COLUMN care.observation.reference_low     IS 'Lowest usual value; null where there is no lower bound.';
COMMENT ON COLUMN care.observation.reference_high    IS 'Highest usual value; null where there is no upper bound.';
COMMENT ON COLUMN care.observation.loinc             IS 'What was observed, by LOINC.';
COMMENT ON COLUMN care.observation.title             IS 'What it is called.';
COMMENT ON COLUMN care.observation.comparator        IS '<, <=, >= or > where the number is a limit of the method; null where it is the value.';
COMMENT ON COLUMN care.observation.unit              IS 'UCUM unit of the number, the range or the first number of a ratio; 1 where it has none.';
COMMENT ON COLUMN care.observation.denominator_unit  IS 'UCUM unit of the second number of a ratio.';
COMMENT ON COLUMN care.observation.value_system      IS 'snomed, or loinc for an answer of a list of LOINC, where the value is a code.';
COMMENT ON COLUMN care.observation.value_code        IS 'The value, where it is a code: 266919005 is never smoked.';
COMMENT ON COLUMN care.observation.value_text        IS 'The value, where it is in words.';
COMMENT ON COLUMN care.observation.absent_reason     IS 'Why there is no value, as FHIR says it: unknown, not_asked, asked_declined, not_performed and so on.';
COMMENT ON COLUMN care.observation.interpretation    IS 'HL7''s letter: LL, L, N, H, HH, A, AA, POS, NEG or IND; null where nobody judged.';
COMMENT ON COLUMN care.observation.value_boolean     IS 'The value, where it is yes or no.';
COMMENT ON COLUMN care.observation.component_count   IS 'How many values it has beside its own, each a row of observation_component.';
COMMENT ON COLUMN care.observation.category          IS 'vital_signs, social_history, survey, exam, activity, procedure or therapy.';
COMMENT ON COLUMN care.observation.body_site         IS 'Part of the body by SNOMED CT; null where it was not noted.';
COMMENT ON COLUMN care.observation.method            IS 'How, in words; null where it was not noted.';
COMMENT ON COLUMN care.observation.device_id         IS 'Name of the device from which it was read; null where there was none.';
COMMENT ON COLUMN care.observation.sensitivity       IS 'What kind of sensitive fact it is; null for plain care.';
COMMENT ON COLUMN care.observation.performed_by      IS 'provider, patient, or unknown where another system did not say.';
COMMENT ON COLUMN care.observation.status            IS 'preliminary, final, amended (more is known), corrected (it was wrong) or entered_in_error.';
COMMENT ON COLUMN care.observation.note              IS 'A remark; of a correction, why.';
COMMENT ON COLUMN care.observation.updated_by        IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT observation_pkey ON care.observation IS 'This observation is known already.';
COMMENT ON CONSTRAINT observation_id_with_patient_is_unique ON care.observation IS 'This observation is known already.';
COMMENT ON CONSTRAINT observation_code_with_patient_is_unique ON care.observation IS 'This observation is known already.';
COMMENT ON CONSTRAINT observation_patient_fkey ON care.observation IS 'Register the patient first.';
COMMENT ON CONSTRAINT observation_encounter_fkey ON care.observation IS 'Choose a visit of this patient.';
COMMENT ON CONSTRAINT observation_performer_fkey ON care.observation IS 'Choose one of the network''s providers.';
COMMENT ON CONSTRAINT observation_amended_fkey ON care.observation IS 'A correction is of the same code of the same patient.';
COMMENT ON CONSTRAINT observation_is_amended_once ON care.observation IS 'This observation has been corrected already: correct the newer one.';
COMMENT ON CONSTRAINT observation_code_is_loinc ON care.observation IS 'This is no code of LOINC.';
COMMENT ON CONSTRAINT observation_title_is_some ON care.observation IS 'Say what it is called.';
COMMENT ON CONSTRAINT observation_category_is_known ON care.observation IS 'Choose what kind of observation it is.';
COMMENT ON CONSTRAINT observation_status_is_known ON care.observation IS 'Choose preliminary, final, amended or corrected.';
COMMENT ON CONSTRAINT observation_amended_names_what_it_amends ON care.observation IS 'A correction names the observation that it corrects, and nothing else does.';
COMMENT ON CONSTRAINT observation_numbers_are_finite ON care.observation IS 'A number lies between -10^12 and 10^12.';
COMMENT ON CONSTRAINT observation_value_is_one ON care.observation IS 'Give one value: a number, a range, a ratio, a code, words, or yes or no; or else why there is none.';
COMMENT ON CONSTRAINT observation_number_has_a_unit ON care.observation IS 'A number has a unit: 1 where it has none.';
COMMENT ON CONSTRAINT observation_comparator_is_known ON care.observation IS 'Choose <, <=, >= or > for a number at a limit.';
COMMENT ON CONSTRAINT observation_value_range_is_ordered ON care.observation IS 'A range begins below its end.';
COMMENT ON CONSTRAINT observation_ratio_is_whole ON care.observation IS 'A ratio has two numbers, each with a unit, and the second is above 0.';
COMMENT ON CONSTRAINT observation_value_code_fits_its_system ON care.observation IS 'This is no code of SNOMED CT and no answer of a list of LOINC.';
COMMENT ON CONSTRAINT observation_value_text_is_short ON care.observation IS 'Write some words, 4,000 characters at most.';
COMMENT ON CONSTRAINT observation_absent_reason_is_known ON care.observation IS 'Choose one of the known reasons why there is no value.';
COMMENT ON CONSTRAINT observation_interpretation_is_known ON care.observation IS 'Choose LL, L, N, H, HH, A, AA, POS, NEG or IND.';
COMMENT ON CONSTRAINT observation_reference_range_is_ordered ON care.observation IS 'Usual values are of a number, and low is below high.';
COMMENT ON CONSTRAINT observation_interpretation_fits_its_range ON care.observation IS 'The letter contradicts the usual values: give the one that follows from them.';
COMMENT ON CONSTRAINT observation_components_are_few ON care.observation IS 'An observation has 50 components at most.';
COMMENT ON CONSTRAINT observation_performer_is_said ON care.observation IS 'Say who made it: a provider by name, the patient, or unknown.';
COMMENT ON CONSTRAINT observation_period_is_forward ON care.observation IS 'A period ends after it began.';
COMMENT ON CONSTRAINT observation_is_told_once_it_was_made ON care.observation IS 'An observation cannot be told before it was made.';
COMMENT ON CONSTRAINT observation_body_site_is_snomed ON care.observation IS 'This is no code of SNOMED CT.';
COMMENT ON CONSTRAINT observation_method_is_short ON care.observation IS 'Say how in some words, 200 characters at most.';
COMMENT ON CONSTRAINT observation_note_is_short ON care.observation IS 'A remark has 4,000 characters at most.';
COMMENT ON TRIGGER observation_keeps_what_is_final ON care.observation IS 'This is final: write a correction that names it.';
CALL access.guard('care.observation', 'sensitive_own_chart', 'performer_id');

CREATE TABLE care.observation_component (
    observation_component_id uuid    NOT NULL DEFAULT gen_random_uuid(),
    patient_id        uuid           NOT NULL,
    observation_id    uuid           NOT NULL,
    value_number      numeric,
    value_low         numeric,
    value_high        numeric,
    value_numerator   numeric,
    value_denominator numeric,
    reference_low     numeric,
    reference_high    numeric,
    value_boolean     boolean,
    loinc             text           NOT NULL,
    title             text           NOT NULL,
    comparator        text,
    unit              care.ucum_unit,
    denominator_unit  care.ucum_unit,
    value_system      text,
    value_code        text,
    value_text        text,
    absent_reason     text,
    interpretation    text,

    CONSTRAINT observation_component_pkey PRIMARY KEY (observation_component_id),
    CONSTRAINT observation_component_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT observation_component_observation_fkey
        FOREIGN KEY (patient_id, observation_id) REFERENCES care.observation (patient_id, observation_id),
    CONSTRAINT observation_component_is_given_once UNIQUE (patient_id, observation_id, loinc),
    CONSTRAINT observation_component_code_is_loinc CHECK (care.code_fits('loinc', loinc)),
    CONSTRAINT observation_component_title_is_some CHECK (title ~ '\S'),
    CONSTRAINT observation_component_numbers_are_finite CHECK (
        value_number BETWEEN -1e12 AND 1e12 IS NOT FALSE AND value_low BETWEEN -1e12 AND 1e12 IS NOT FALSE AND value_high BETWEEN
        -1e12 AND 1e12 IS NOT FALSE AND value_numerator BETWEEN -1e12 AND 1e12 IS NOT FALSE AND value_denominator BETWEEN -1e12
        AND 1e12 IS NOT FALSE
    ),
    CONSTRAINT observation_component_value_is_one CHECK (
        num_nonnulls(value_number, coalesce(value_low, value_high), value_numerator, value_code, value_text, value_boolean, absent_reason) = 1
    ),
    CONSTRAINT observation_component_number_has_a_unit CHECK (
        (num_nonnulls(value_number, value_low, value_high, value_numerator) > 0) = (unit IS NOT NULL)
    ),
    CONSTRAINT observation_component_comparator_is_known CHECK (
        comparator IS NULL OR (comparator IN ('<', '<=', '>=', '>') AND value_number IS NOT NULL)
    ),
    CONSTRAINT observation_component_value_range_is_ordered CHECK (value_low <= value_high IS NOT FALSE),
    CONSTRAINT observation_component_ratio_is_whole CHECK (
        num_nonnulls(value_numerator, value_denominator, denominator_unit) IN (0, 3) AND value_denominator > 0 IS NOT FALSE
    ),
    CONSTRAINT observation_component_value_code_fits_its_system CHECK (
        CASE value_system WHEN 'snomed' THEN care.code_fits('snomed', value_code) IS TRUE
        WHEN 'loinc' THEN (value_code ~ '^LA[1-9][0-9]{0,7}-[0-9]$') IS TRUE ELSE num_nonnulls(value_system, value_code) = 0 END
    ),
    CONSTRAINT observation_component_value_text_is_short CHECK (value_text ~ '\S' AND length(value_text) <= 4000),
    CONSTRAINT observation_component_absent_reason_is_known CHECK (
        absent_reason IN ('unknown', 'asked_unknown', 'temp_unknown', 'not_asked', 'asked_declined', 'masked',
        'not_applicable', 'unsupported', 'error', 'not_performed', 'not_permitted')
    ),
    CONSTRAINT observation_component_interpretation_is_known CHECK (
        interpretation IN ('LL', 'L', 'N', 'H', 'HH', 'A', 'AA', 'POS', 'NEG', 'IND')
    ),
    CONSTRAINT observation_component_reference_range_is_ordered CHECK (
        reference_low <= reference_high IS NOT FALSE AND (unit IS NOT NULL OR num_nonnulls(reference_low, reference_high) = 0)
    ),
    CONSTRAINT observation_component_interpretation_fits_its_range CHECK (
        interpretation IS NULL OR value_number IS NULL OR comparator IS NOT NULL
        OR num_nonnulls(reference_low, reference_high) = 0 OR interpretation = ANY (CASE WHEN value_number < reference_low THEN
        '{L,LL,A,AA}' WHEN value_number > reference_high THEN '{H,HH,A,AA}' ELSE '{N}' END::text[])
    )
);
CREATE INDEX observation_component_code_idx ON care.observation_component (patient_id, loinc);
CREATE TRIGGER observation_component_is_never_altered BEFORE UPDATE ON care.observation_component
    FOR EACH ROW EXECUTE FUNCTION care.refuse_alteration();
CREATE TRIGGER observation_component_stays_under_hold BEFORE DELETE ON care.observation_component
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION care.keep_row_under_hold();
COMMENT ON TABLE  care.observation_component                   IS 'One of the values of an observation that has several: systolic and diastolic of a blood pressure.';
COMMENT ON COLUMN care.observation_component.observation_component_id IS 'Key.';
COMMENT ON COLUMN care.observation_component.patient_id        IS 'Whose.';
COMMENT ON COLUMN care.observation_component.observation_id    IS 'Of which observation.';
COMMENT ON COLUMN care.observation_component.value_number      IS 'The value, where it is a number.';
COMMENT ON COLUMN care.observation_component.value_low         IS 'The lower end, where the value is a range; null where it is open.';
COMMENT ON COLUMN care.observation_component.value_high        IS 'The upper end, where the value is a range; null where it is open.';
COMMENT ON COLUMN care.observation_component.value_numerator   IS 'The first number, where the value is a ratio: 1 of 1 to 128.';
COMMENT ON COLUMN care.observation_component.value_denominator IS 'The second number, where the value is a ratio.';
COMMENT ON COLUMN care.observation_component.reference_low     IS 'Lowest usual value; null where there is no lower bound.';
COMMENT ON COLUMN care.observation_component.reference_high    IS 'Highest usual value; null where there is no upper bound.';
COMMENT ON COLUMN care.observation_component.loinc             IS 'What was observed, by LOINC.';
COMMENT ON COLUMN care.observation_component.title             IS 'What it is called.';
COMMENT ON COLUMN care.observation_component.comparator        IS '<, <=, >= or > where the number is a limit of the method; null where it is the value.';
COMMENT ON COLUMN care.observation_component.unit              IS 'UCUM unit of the number, the range or the first number of a ratio; 1 where it has none.';
COMMENT ON COLUMN care.observation_component.denominator_unit  IS 'UCUM unit of the second number of a ratio.';
COMMENT ON COLUMN care.observation_component.value_system      IS 'snomed, or loinc for an answer of a list of LOINC, where the value is a code.';
COMMENT ON COLUMN care.observation_component.value_code        IS 'The value, where it is a code: 266919005 is never smoked.';
COMMENT ON COLUMN care.observation_component.value_text        IS 'The value, where it is in words.';
COMMENT ON COLUMN care.observation_component.absent_reason     IS 'Why there is no value, as FHIR says it: unknown, not_asked, asked_declined, not_performed and so on.';
COMMENT ON COLUMN care.observation_component.interpretation    IS 'HL7''s letter: LL, L, N, H, HH, A, AA, POS, NEG or IND; null where nobody judged.';
COMMENT ON COLUMN care.observation_component.value_boolean     IS 'The value, where it is yes or no.';
COMMENT ON CONSTRAINT observation_component_pkey ON care.observation_component IS 'This component is known already.';
COMMENT ON CONSTRAINT observation_component_patient_fkey ON care.observation_component IS 'Register the patient first.';
COMMENT ON CONSTRAINT observation_component_observation_fkey ON care.observation_component IS 'Choose an observation of this patient.';
COMMENT ON CONSTRAINT observation_component_is_given_once ON care.observation_component IS 'An observation has one component of each code.';
COMMENT ON CONSTRAINT observation_component_code_is_loinc ON care.observation_component IS 'This is no code of LOINC.';
COMMENT ON CONSTRAINT observation_component_title_is_some ON care.observation_component IS 'Say what it is called.';
COMMENT ON CONSTRAINT observation_component_numbers_are_finite ON care.observation_component IS 'A number lies between -10^12 and 10^12.';
COMMENT ON CONSTRAINT observation_component_value_is_one ON care.observation_component IS 'Give one value: a number, a range, a ratio, a code, words, or yes or no; or else why there is none.';
COMMENT ON CONSTRAINT observation_component_number_has_a_unit ON care.observation_component IS 'A number has a unit: 1 where it has none.';
COMMENT ON CONSTRAINT observation_component_comparator_is_known ON care.observation_component IS 'Choose <, <=, >= or > for a number at a limit.';
COMMENT ON CONSTRAINT observation_component_value_range_is_ordered ON care.observation_component IS 'A range begins below its end.';
COMMENT ON CONSTRAINT observation_component_ratio_is_whole ON care.observation_component IS 'A ratio has two numbers, each with a unit, and the second is above 0.';
COMMENT ON CONSTRAINT observation_component_value_code_fits_its_system ON care.observation_component IS 'This is no code of SNOMED CT and no answer of a list of LOINC.';
COMMENT ON CONSTRAINT observation_component_value_text_is_short ON care.observation_component IS 'Write some words, 4,000 characters at most.';
COMMENT ON CONSTRAINT observation_component_absent_reason_is_known ON care.observation_component IS 'Choose one of the known reasons why there is no value.';
COMMENT ON CONSTRAINT observation_component_interpretation_is_known ON care.observation_component IS 'Choose LL, L, N, H, HH, A, AA, POS, NEG or IND.';
COMMENT ON CONSTRAINT observation_component_reference_range_is_ordered ON care.observation_component IS 'Usual values are of a number, and low is below high.';
COMMENT ON CONSTRAINT observation_component_interpretation_fits_its_range ON care.observation_component IS 'The letter contradicts the usual values: give the one that follows from them.';
COMMENT ON TRIGGER observation_component_is_never_altered ON care.observation_component IS 'What is written here is kept as it was written.';
CALL access.guard('care.observation_component', 'internal');
-- A component is read by whom its observation is, and written by who may write that.
GRANT SELECT, INSERT ON care.observation_component TO healthtrack_care;
CREATE POLICY of_its_observation ON care.observation_component FOR SELECT TO healthtrack_care USING (
    EXISTS (SELECT FROM care.observation o
            WHERE o.patient_id = observation_component.patient_id AND o.observation_id = observation_component.observation_id)
);
CREATE POLICY written ON care.observation_component FOR INSERT TO healthtrack_care WITH CHECK (
    (patient_id = ANY ((SELECT access.own_patients())::uuid[]) OR patient_id = ANY ((SELECT access.patients_in_care())::uuid[]))
    AND EXISTS (SELECT FROM care.observation o
                WHERE o.patient_id = observation_component.patient_id AND o.observation_id = observation_component.observation_id)
);
