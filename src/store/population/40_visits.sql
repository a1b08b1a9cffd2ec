-- Two visits that are over for each patient, and a booked one next week for one in four.
INSERT INTO care.appointment (appointment_id, patient_id, provider_id, facility_id, during, status, reason)
SELECT pg_temp.key('visit' || k, n), pg_temp.key('patient', n), pg_temp.key('provider', n % pg_temp.providers()),
       pg_temp.facility_at(n % pg_temp.providers(), 1), tstzrange(at, at + INTERVAL '30 minutes'),
       CASE WHEN k = 2 AND n % 17 = 0 THEN 'no_show' ELSE 'completed' END,
       pg_temp.pick('{check-up,blood pressure,diabetes,cough,back pain}', 'reason', n)
FROM generate_series(0, pg_temp.patients() - 1) AS n, generate_series(1, 2) AS k,
     LATERAL (SELECT pg_temp.today()::timestamptz - make_interval(days => 10 + 150 * (k - 1) + floor(pg_temp.chance('visit' || k, n) * 100)::integer)
                     + make_interval(hours => 15 + n % 6) AS at) AS moment;
INSERT INTO care.appointment (appointment_id, patient_id, provider_id, facility_id, during, status)
SELECT pg_temp.key('booked', n), pg_temp.key('patient', n), pg_temp.key('provider', provider), facility,
       tstzrange(at, at + INTERVAL '30 minutes'), 'booked'
FROM (SELECT n, n % pg_temp.providers() AS provider, pg_temp.facility_at(n % pg_temp.providers(), 1) AS facility,
             (row_number() OVER (PARTITION BY n % pg_temp.providers() ORDER BY n) - 1)::integer AS slot
      FROM generate_series(0, pg_temp.patients() - 1, 4) AS n) AS wanted
JOIN care.facility ON facility_id = facility,
     LATERAL (SELECT ((pg_temp.today() + 8 - extract(isodow FROM pg_temp.today())::integer + slot / 16 + slot / 80 * 2)
                      + make_interval(mins => 540 + 30 * (slot % 16))) AT TIME ZONE time_zone AS at) AS moment;
