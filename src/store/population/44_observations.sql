-- Vital signs at the last visit, smoking asked there, weight that one in five types in, and whose systems told what.
CREATE TEMPORARY TABLE seen ON COMMIT DROP AS
SELECT n, pg_temp.key('patient', n) AS patient_id, encounter_id, pg_temp.key('provider', n % pg_temp.providers()) AS provider_id,
       lower(during) + INTERVAL '5 minutes' AS at
FROM generate_series(0, pg_temp.patients() - 1) AS n
JOIN care.encounter ON encounter_id = md5(pg_temp.key('visit1', n)::text)::uuid;
INSERT INTO care.observation (observation_id, patient_id, encounter_id, performer_id, performed_by, observed_at, issued_at, category,
                              loinc, title, component_count, method, body_site, status)
SELECT pg_temp.key('pressure', n), patient_id, encounter_id, provider_id, 'provider', at, at, 'vital_signs', '85354-9',
       'Blood pressure', 2, 'oscillometric', '368208006', 'final'
FROM seen;
INSERT INTO care.observation_component (observation_component_id, patient_id, observation_id, loinc, title, value_number, unit,
                                        interpretation, reference_low, reference_high)
SELECT pg_temp.key('pressure' || loinc, n), patient_id, pg_temp.key('pressure', n), loinc, title, told, 'mm[Hg]',
       CASE WHEN told < low THEN 'L' WHEN told > high THEN 'H' ELSE 'N' END, low, high
FROM seen, (VALUES ('8480-6', 'Systolic blood pressure', 105, 45, 90, 129), ('8462-4', 'Diastolic blood pressure', 62, 30, 60, 84))
         AS part (loinc, title, least_told, spread, low, high),
     LATERAL (SELECT least_told + floor(spread * pg_temp.chance('pressure' || loinc, n))::integer AS told) AS measured;
INSERT INTO care.observation (observation_id, patient_id, encounter_id, performer_id, performed_by, observed_at, issued_at, category,
                              loinc, title, value_number, unit, absent_reason, status)
SELECT pg_temp.key('vital' || loinc, n), patient_id, encounter_id, provider_id, 'provider', at, at, 'vital_signs', loinc, title,
       CASE WHEN n % 40 <> 7 THEN round((low + spread * pg_temp.chance('vital' || loinc, n))::numeric, digits) END,
       CASE WHEN n % 40 <> 7 THEN unit END, CASE WHEN n % 40 = 7 THEN 'not_performed' END, 'final'
FROM seen, (VALUES ('8867-4', 'Heart rate', 55, 40, 0, '/min'), ('29463-7', 'Body weight', 52, 55, 1, 'kg'),
                   ('8302-2', 'Body height', 152, 38, 0, 'cm'), ('8310-5', 'Body temperature', 36.2, 1.1, 1, 'Cel'))
         AS vital (loinc, title, low, spread, digits, unit)
WHERE loinc = '8867-4' OR n % 2 = 0;
INSERT INTO care.observation (observation_id, patient_id, encounter_id, performer_id, performed_by, observed_at, issued_at, category,
                              loinc, title, value_system, value_code, status)
SELECT pg_temp.key('smoking', n), patient_id, encounter_id, provider_id, 'provider', at, at, 'social_history', '72166-2',
       'Tobacco smoking status', 'snomed', pg_temp.pick('{266919005,266919005,8517006,449868002}', 'smoking', n), 'final'
FROM seen WHERE n % 3 = 0;
-- Pain as a range, how somebody looks in words, and whether somebody lives alone.
INSERT INTO care.observation (observation_id, patient_id, encounter_id, performer_id, performed_by, observed_at, issued_at, category,
                              loinc, title, value_low, value_high, unit, value_text, value_boolean, sensitivity, status)
SELECT pg_temp.key('told' || loinc, n), patient_id, encounter_id, provider_id, 'provider', at, at, category, loinc, title, low,
       low + 2, CASE WHEN low IS NOT NULL THEN '{score}' END, words, yes,
       CASE loinc WHEN '74013-4' THEN 'substance_use' END, 'final'
FROM seen, (VALUES ('survey', '72514-3', 'Pain severity, 0 to 10', 1, NULL, NULL::boolean),
                   ('exam', '10210-3', 'General appearance', NULL, 'Well nourished, in no distress.', NULL),
                   ('social_history', '74013-4', 'Alcoholic drinks on a drinking day', NULL, 'Two glasses of wine.', NULL),
                   ('social_history', '63512-8', 'Lives alone', NULL, NULL, true)) AS told (category, loinc, title, low, words, yes)
WHERE n % 10 = 1;
-- Typed in at home each week; one in fifty misread the scale once, and says so.
INSERT INTO care.observation (observation_id, patient_id, performed_by, observed_at, issued_at, category, loinc, title, value_number,
                              unit, status)
SELECT pg_temp.key('home' || k, n), pg_temp.key('patient', n), 'patient', at, at, 'vital_signs', '29463-7', 'Body weight',
       round((155 + 60 * pg_temp.chance('home', n) + 2 * pg_temp.chance('home' || k, n))::numeric, 1), '[lb_av]', 'final'
FROM generate_series(0, pg_temp.patients() - 1, 5) AS n, generate_series(1, 4) AS k,
     LATERAL (SELECT pg_temp.today()::timestamptz - make_interval(days => 7 * k) + INTERVAL '7 hours' AS at) AS moment;
INSERT INTO care.observation (observation_id, patient_id, amends_observation_id, performed_by, observed_at, issued_at, category, loinc,
                              title, value_number, unit, status, note)
SELECT pg_temp.key('corrected', n), patient_id, observation_id, performed_by, observed_at, issued_at + INTERVAL '1 hour', category,
       loinc, title, value_number - 10, unit, 'corrected', 'I had misread the scale.'
FROM generate_series(0, pg_temp.patients() - 1, 50) AS n JOIN care.observation ON observation_id = pg_temp.key('home1', n);
-- Results came from a laboratory's system, and one patient in ten is in another hospital's record as well.
INSERT INTO care.source_system (source_system_id, name, kind, organisation)
VALUES (pg_temp.key('system', 1), 'lakeside-lab', 'laboratory', 'Lakeside Laboratories'),
       (pg_temp.key('system', 2), 'riverside-ehr', 'health_record', 'Riverside Hospital');
INSERT INTO care.external_record (external_record_id, source_system_id, patient_id, relation, row_id, external_id, digest,
                                  first_received_at, received_at)
SELECT md5('external' || lab_result_id)::uuid, pg_temp.key('system', 1), patient_id, 'lab_result', lab_result_id,
       'Observation/' || left(md5(lab_result_id::text), 12), sha256(lab_result_id::text::bytea), issued_at, issued_at
FROM care.lab_result;
INSERT INTO care.external_record (external_record_id, source_system_id, patient_id, relation, row_id, external_id, digest,
                                  first_received_at, received_at)
SELECT pg_temp.key('external', n), pg_temp.key('system', 2), pg_temp.key('patient', n), 'patient', pg_temp.key('patient', n),
       'Patient/' || 100000 + n, sha256(n::text::bytea), at, at
FROM generate_series(0, pg_temp.patients() - 1, 10) AS n, LATERAL (SELECT pg_temp.today()::timestamptz - INTERVAL '90 days' AS at) AS moment;
