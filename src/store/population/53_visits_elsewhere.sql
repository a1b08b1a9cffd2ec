-- Visits by video, what was said of plans at visits, and reports of films.
INSERT INTO care.appointment (appointment_id, patient_id, provider_id, facility_id, during, status, mode, reason)
SELECT pg_temp.key('video', n), pg_temp.key('patient', n), pg_temp.key('provider', n % pg_temp.providers()),
       pg_temp.facility_at(n % pg_temp.providers(), 1), tstzrange(at, at + INTERVAL '20 minutes'), 'completed', 'telehealth', 'blood pressure'
FROM generate_series(1, pg_temp.patients() - 1, 20) AS n,
     LATERAL (SELECT pg_temp.today()::timestamptz - INTERVAL '3 days' + make_interval(hours => 6, mins => 25 * (n / 20 % 20)) AS at) AS moment;
UPDATE care.telehealth_session s SET consented_at = lower(a.during) - INTERVAL '2 minutes', started_at = lower(a.during) + INTERVAL '1 minute',
    stopped_at = upper(a.during)
FROM generate_series(1, pg_temp.patients() - 1, 20) AS n JOIN care.appointment a ON a.appointment_id = pg_temp.key('video', n)
WHERE s.appointment_id = a.appointment_id;
INSERT INTO care.consultation (consultation_id, patient_id, care_plan_id, provider_id, held_at)
SELECT pg_temp.key('consultation', n), pg_temp.key('patient', n), pg_temp.key('plan', n), pg_temp.key('provider', n % pg_temp.providers()),
       pg_temp.today() - INTERVAL '10 days' + INTERVAL '15 hours'
FROM generate_series(0, pg_temp.patients() - 1, 12) AS n;
-- Films are read: one in two with a signed report.
INSERT INTO care.clinical_report (clinical_report_id, patient_id, imaging_study_id, signed_by, signed_at, category, loinc, title, status, findings, conclusion)
SELECT pg_temp.key('report', n), pg_temp.key('patient', n), pg_temp.key('study', n), pg_temp.key('provider', n % pg_temp.providers()),
       pg_temp.today() - INTERVAL '29 days' + INTERVAL '9 hours', 'imaging', '36643-5', 'Chest, two views', 'final',
       'Heart and lungs of ordinary size and shape.', pg_temp.pick('{Nothing out of the ordinary.,Signs of an old infection.}', 'report', n)
FROM generate_series(0, pg_temp.patients() - 1, 20) AS n;
