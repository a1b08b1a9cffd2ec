-- Who corrects or ends something in a chart sees all of it, also what is over: conditions, allergies and prescriptions with
-- their versions, and the ranges that came with results; and finds a medicine, who wrote what, and the own key.
--
-- The summary of a record lists what stands now, and no row that is over could be found again to be corrected. New
-- functions, locks nothing. Undo: drop them.
CALL access.publish('read_conditions', '',
    'TABLE (condition_id uuid, version integer, code_system text, code text, title text, clinical_status text, verification_status text, severity text, onset_on date, abated_on date, note text, sensitivity text)',
    $body$RETURN QUERY SELECT c.condition_id, c.version, c.code_system, c.code, c.title, c.clinical_status, c.verification_status,
        c.severity, c.onset_on, c.abated_on, c.note, c.sensitivity::text
    FROM care.condition c WHERE c.patient_id = patient
    ORDER BY (c.clinical_status IN ('active', 'recurrence', 'relapse') AND c.verification_status NOT IN ('refuted', 'entered_in_error')) DESC,
             c.onset_on DESC NULLS LAST, c.condition_id LIMIT 500;$body$,
    'Conditions of a patient, also those that are over or were an error, what stands first, 500 at most.', look => $$'record'$$);
CALL access.publish('read_allergies', '',
    'TABLE (allergy_id uuid, version integer, category text, substance text, criticality text, clinical_status text, verification_status text, onset_on date)',
    $body$RETURN QUERY SELECT a.allergy_id, a.version, a.category, a.substance, a.criticality, a.clinical_status, a.verification_status, a.onset_on
    FROM care.allergy a WHERE a.patient_id = patient
    ORDER BY (a.clinical_status = 'active' AND a.verification_status NOT IN ('refuted', 'entered_in_error')) DESC,
             a.criticality = 'high' DESC, a.substance, a.allergy_id LIMIT 500;$body$,
    'Allergies of a patient, also those that are over or were an error, what stands first, 500 at most.', look => $$'record'$$);
CALL access.publish('read_prescriptions', '',
    'TABLE (prescription_id uuid, version integer, prescriber_id uuid, medication_id uuid, name text, ingredient text, form text, dose_quantity double precision, dose_unit text, route text, times smallint, per_amount double precision, per_unit text, instructions text, quantity double precision, days_supply smallint, refills_allowed smallint, from_on date, until_on date, status text, status_reason text, override_reason text, runs boolean, sensitivity text)',
    $body$RETURN QUERY SELECT p.prescription_id, p.version, p.prescriber_id, p.medication_id, m.name, m.ingredient, m.form, p.dose_quantity::double precision,
        p.dose_unit::text, p.route, p.times, p.per_amount::double precision, p.per_unit, p.instructions, p.quantity::double precision,
        p.days_supply, p.refills_allowed, lower(p.valid_during), upper(p.valid_during), p.status, p.status_reason, p.override_reason,
        p.status IN ('active', 'on_hold') AND upper(p.valid_during) > current_date, p.sensitivity::text
    FROM care.prescription p JOIN care.medication m USING (medication_id) WHERE p.patient_id = patient
    ORDER BY (p.status IN ('active', 'on_hold') AND upper(p.valid_during) > current_date) DESC, p.authored_at DESC, p.prescription_id
    LIMIT 200;$body$,
    'Prescriptions of a patient, also those that are over, those that run first, 200 at most.', look => $$'record'$$);
CALL access.publish('read_result_ranges', 'results uuid[]',
    'TABLE (lab_result_id uuid, reference_low double precision, reference_high double precision)',
    $body$RETURN QUERY SELECT r.lab_result_id, r.reference_low::double precision, r.reference_high::double precision
    FROM care.lab_result r WHERE r.patient_id = patient AND r.lab_result_id = ANY (results)
      AND num_nonnulls(r.reference_low, r.reference_high) > 0 ORDER BY r.lab_result_id LIMIT 500;$body$,
    'The usual values that came with results of a patient, of those that have any, 500 at most.', look => $$'results'$$);
CALL access.publish('list_medications', 'begins text, after_name text, after uuid, rows_max integer',
    'TABLE (medication_id uuid, name text, ingredient text, form text, strength double precision, strength_unit text)',
    $body$RETURN QUERY SELECT m.medication_id, m.name, m.ingredient, m.form, m.strength::double precision, m.strength_unit::text
    FROM care.medication m
    WHERE (begins IS NULL OR starts_with(lower(m.name), lower(begins)) OR starts_with(m.ingredient, lower(begins)))
      AND (after IS NULL OR (m.name, m.medication_id) > (after_name, after))
    ORDER BY m.name, m.medication_id LIMIT least(rows_max, 500);$body$,
    'Medicines that can be prescribed, whose name or substance begins so, by name, after one of a page before, 500 at most.');
CALL access.publish('list_provider_names', 'providers uuid[]', 'TABLE (provider_id uuid, name text)',
    $body$RETURN QUERY SELECT p.provider_id, concat_ws(' ', p.given_name, p.family_name)
    FROM care.provider p WHERE p.provider_id = ANY (providers) ORDER BY p.provider_id LIMIT 500;$body$,
    'What providers are called, by their keys, 500 at most.');
CALL access.publish('read_own_provider', '', 'uuid', 'answer := access.acting_provider();',
    'The provider whose account acts; null for every other part.');
CALL access.publish('read_alerts_to_answer', '',
    'TABLE (alert_id uuid, version integer, patient_id uuid, family text, given text[], title text, severity text, status text, opened_at timestamptz, latest double precision, unit text)',
    $body$RETURN QUERY SELECT a.alert_id, a.version, a.patient_id, n.family, n.given, r.title, a.severity, a.status, a.created_at,
        a.latest, r.unit
    FROM care.alert a LEFT JOIN care.alert_rule r USING (alert_rule_id)
    LEFT JOIN care.patient_name n ON n.patient_id = a.patient_id AND n.use = 'official' AND n.preferred AND n.valid_during @> current_date
    WHERE patient IS NULL AND a.status NOT IN ('resolved', 'dismissed') AND a.patient_id = ANY ((SELECT access.patients_in_care())::uuid[])
    ORDER BY array_position('{critical,high,moderate,low}', a.severity), a.created_at, a.alert_id LIMIT 200;$body$,
    'Alerts of patients in the actor''s care that are not closed, with who it is, the worst first, 200 at most.', look => $$'open_alerts'$$);
