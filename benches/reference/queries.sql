-- The commonest questions of a portal, and those that add up what many did, each as whoever asks it: a line `-- WHO:
-- what`, then `--=` with the look that the function of `api` takes which answers it, and its call, or `none: ` where a
-- view answers it; then the statement on tables.
-- $patient is one of the asking provider's panel, or the patient who asks; $facility is where desk and biller work.

-- provider: the first page of my panel, by name
--= panel of all: SELECT * FROM api.read_panel($token, $look, NULL, NULL, NULL, NULL, NULL, 50)
SELECT p.patient_id, n.family, n.given, p.born_on, p.sex
FROM care.patient p JOIN care.patient_name n USING (patient_id)
WHERE p.patient_id = ANY ((SELECT access.patients_in_care())::uuid[]) AND n.use = 'official'
ORDER BY n.family, n.given LIMIT 50;

-- provider: find a patient by the beginning of a name
--= panel of all: SELECT * FROM api.read_panel($token, $look, NULL, 'name12', NULL, NULL, NULL, 20)
SELECT p.patient_id, n.family, n.given, p.born_on
FROM care.patient_name n JOIN care.patient p USING (patient_id)
WHERE p.patient_id = ANY ((SELECT access.patients_in_care())::uuid[]) AND lower(n.family) LIKE 'name12%'
ORDER BY n.family LIMIT 20;

-- provider: the banner of a record
--= record: SELECT * FROM api.read_record($token, $look, $patient)
SELECT p.born_on, p.sex, p.deceased_at, n.family, n.given,
       (SELECT array_agg(a.substance) FROM care.allergy a
        WHERE a.patient_id = p.patient_id AND a.clinical_status = 'active')
FROM care.patient p JOIN care.patient_name n USING (patient_id) WHERE p.patient_id = $patient AND n.use = 'official';

-- provider: problems of a patient
--= record: SELECT * FROM api.read_record($token, $look, $patient)
SELECT code, title, onset_on, severity FROM care.condition
WHERE patient_id = $patient AND clinical_status = 'active' ORDER BY onset_on DESC;

-- provider: medicines of a patient
--= record: SELECT * FROM api.read_record($token, $look, $patient)
SELECT m.name, p.instructions, p.valid_during FROM care.prescription p JOIN care.medication m USING (medication_id)
WHERE p.patient_id = $patient AND p.status = 'active' AND p.valid_during @> current_date;

-- provider: the newest results of a patient
--= results: SELECT * FROM api.read_results($token, $look, $patient, NULL, NULL, NULL, 50)
SELECT title, value_number, unit, observed_at, flag FROM care.lab_result
WHERE patient_id = $patient ORDER BY observed_at DESC LIMIT 50;

-- provider: one result over time
--= results: SELECT * FROM api.read_results($token, $look, $patient, '4548-4', NULL, NULL, 500)
SELECT observed_at, value_number FROM care.lab_result
WHERE patient_id = $patient AND loinc = '4548-4' ORDER BY observed_at;

-- provider: visits of a patient
--= visits: SELECT * FROM api.read_visits($token, $look, $patient, NULL, NULL, 20)
SELECT during, class, reason FROM care.encounter WHERE patient_id = $patient ORDER BY lower(during) DESC LIMIT 20;

-- provider: the plan and goals of a patient
--= goals: SELECT * FROM api.read_plans($token, $look, $patient)
SELECT c.title, v.summary, g.title, g.target FROM care.care_plan c
JOIN care.care_plan_version v ON v.patient_id = c.patient_id AND v.care_plan_id = c.care_plan_id AND v.status = 'active'
LEFT JOIN care.goal g ON g.patient_id = c.patient_id
WHERE c.patient_id = $patient;

-- provider: former versions of a record
--= history: SELECT * FROM api.read_history($token, $look, $patient, NULL, NULL, NULL, NULL, 50)
SELECT relation, version, held_from, changed_by FROM care.record_version
WHERE patient_id = $patient ORDER BY superseded_at DESC LIMIT 50;

-- provider: my day
--= day of all: SELECT * FROM api.read_day($token, $look, NULL, date_trunc('day', now()), date_trunc('day', now()) + INTERVAL '1 day')
SELECT a.during, a.status, n.family, n.given FROM care.appointment a
LEFT JOIN care.patient_name n ON n.patient_id = a.patient_id AND n.use = 'official'
WHERE a.provider_id = (SELECT access.acting_provider()) AND lower(a.during) >= date_trunc('day', now())
  AND lower(a.during) < date_trunc('day', now()) + INTERVAL '1 day'
ORDER BY lower(a.during);

-- provider: a day of a patient's heart rate
--= samples/heart_rate: SELECT * FROM api.read_samples($token, $look, $patient, 'heart_rate', '2026-02-01Z', '2026-02-02Z', 200001)
SELECT start_at, value FROM access.worn_samples($patient, 'heart_rate', '2026-02-01Z', '2026-02-02Z', 200001);

-- patient: my appointments
--= appointments: SELECT * FROM api.read_appointments($token, $look, $patient)
SELECT a.during, a.status, f.name, p.family_name FROM care.appointment a
JOIN care.facility f USING (facility_id) JOIN care.provider p USING (provider_id)
WHERE a.patient_id = $patient ORDER BY lower(a.during) DESC LIMIT 20;

-- patient: my bills
--= invoices: SELECT * FROM api.read_invoices($token, $look, $patient)
SELECT i.number, i.due_on, i.status, sum(c.amount) FROM care.invoice i
JOIN care.charge c ON c.patient_id = i.patient_id AND c.invoice_id = i.invoice_id
WHERE i.patient_id = $patient GROUP BY i.invoice_id, i.number, i.due_on, i.status ORDER BY i.due_on DESC;

-- patient: my journal
--= journal: SELECT * FROM api.read_journal($token, $look, $patient, NULL)
SELECT journal_entry_id, written_at, mood FROM care.journal_entry
WHERE patient_id = $patient ORDER BY written_at DESC LIMIT 20;

-- patient: who read my record
--= nobody's: SELECT * FROM api.list_access($token)
SELECT at, who, part, action, resource, outcome FROM access.my_access_log ORDER BY at DESC LIMIT 50;

-- patient: providers of a specialty in a state
--= nobody's: SELECT * FROM api.find_providers($token, 'cardiology', NULL, 20)
SELECT p.family_name, p.given_name, f.name FROM care.provider_specialty s
JOIN care.provider p ON p.provider_id = s.provider_id
JOIN care.affiliation a ON a.provider_id = p.provider_id AND a.valid_during @> current_date
JOIN care.facility f ON f.facility_id = a.facility_id
JOIN care.city c ON c.city_id = f.city_id
WHERE c.state_id = 2 AND s.specialty = 'cardiology' LIMIT 20;

-- member: the newest posts of my space
--= nobody's: SELECT * FROM api.read_space($token, $space, NULL)
SELECT p.title, m.pseudonym, p.created_at FROM care.post p JOIN care.space_member m USING (space_member_id)
WHERE p.space_id = $space ORDER BY p.created_at DESC LIMIT 20;

-- front_desk: the day of my facility, with names
--= day of all: SELECT * FROM api.read_day($token, $look, NULL, date_trunc('day', now()), date_trunc('day', now()) + INTERVAL '1 day')
SELECT a.during, a.status, n.family, n.given FROM care.appointment a
LEFT JOIN care.patient_name n ON n.patient_id = a.patient_id AND n.use = 'official'
WHERE a.facility_id = $facility AND lower(a.during) >= date_trunc('day', now())
  AND lower(a.during) < date_trunc('day', now()) + INTERVAL '1 day'
ORDER BY lower(a.during);

-- biller: bills of my facility that are due
--= due_invoices of all: SELECT * FROM api.read_due_invoices($token, $look, NULL, current_date, NULL, NULL, 50)
SELECT i.number, i.due_on, i.patient_id FROM care.invoice i
WHERE i.facility_id = $facility AND i.status = 'issued' AND i.due_on < current_date ORDER BY i.due_on LIMIT 50;

-- patient: facilities of a state, the best rated first
--= nobody's: SELECT * FROM api.find_facilities($token, NULL, 'S2', NULL, NULL, NULL, 20)
SELECT f.name, r.stars, r.reviews FROM care.facility f
JOIN care.city c USING (city_id) LEFT JOIN care.facility_rating r USING (facility_id)
WHERE c.state_id = 2 ORDER BY r.stars DESC NULLS LAST, f.name LIMIT 20;

-- biller: what is overdue at my facility
--= due_invoices of all: SELECT * FROM api.read_overdue_balances($token, $look, NULL, current_date, NULL, NULL, 50)
SELECT i.number, t.due_on, t.due_from_patient FROM care.invoice_total t JOIN care.invoice i USING (invoice_id)
WHERE t.facility_id = $facility AND t.due_from_patient > 0 AND t.due_on < current_date ORDER BY t.due_on LIMIT 50;

-- provider: adherence of my panel, by substance
--= adherence of all: SELECT * FROM api.read_adherence_rates($token, $look, NULL, '2026-01-01', '2027-01-01')
SELECT ingredient, n, adherent, rate FROM care.adherence_summary('[2026-01-01, 2027-01-01)') ORDER BY ingredient;

-- analyst: how many people have a condition, by age and sex
--= none: none
SELECT code_system, code, age_band, sex, patients FROM care.insight_conditions ORDER BY 1, 2, 3, 4;
