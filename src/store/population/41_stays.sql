-- What happened at each visit, and stays in hospital: of each three, one comes back after 10 to 29 days without a plan,
-- one with a plan, and one not at all. Only the first is a readmission.
INSERT INTO care.encounter (encounter_id, patient_id, facility_id, attending_provider_id, appointment_id, during, class)
SELECT md5(appointment_id::text)::uuid, patient_id, facility_id, provider_id, appointment_id, during, 'ambulatory'
FROM care.appointment WHERE status = 'completed';
CREATE TEMPORARY TABLE stay ON COMMIT DROP AS
SELECT n, k, pg_temp.key('stay' || k, n) AS encounter_id, pg_temp.key('patient', n) AS patient_id,
       pg_temp.facility_at(n % pg_temp.providers(), 0) AS facility_id, pg_temp.key('provider', n % pg_temp.providers()) AS provider_id,
       pg_temp.today()::timestamptz - INTERVAL '100 days' + INTERVAL '18 hours'
           + (k - 1) * make_interval(days => 3 + 10 + floor(pg_temp.chance('back', n) * 20)::integer) AS began_at
FROM generate_series(0, pg_temp.patients() - 1, 20) AS n, generate_series(1, 2) AS k WHERE k = 1 OR n % 60 <> 40;
INSERT INTO care.encounter (encounter_id, patient_id, facility_id, attending_provider_id, during, class, admission_type,
                            service_line, planned, principal_code, discharge_disposition)
SELECT encounter_id, patient_id, facility_id, provider_id, tstzrange(began_at, began_at + INTERVAL '3 days'), 'inpatient',
       CASE WHEN k = 2 AND n % 60 = 20 THEN 'elective' ELSE 'emergency' END, 'medical', k = 2 AND n % 60 = 20,
       CASE k WHEN 1 THEN 'I50.9' ELSE 'J18.9' END, 'home'
FROM stay;
INSERT INTO known_fact
SELECT 'readmission_30_day', encounter_id, jsonb_build_object('readmitted', n % 60 = 0) FROM stay WHERE k = 1;
