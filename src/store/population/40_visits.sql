-- Two visits that are over for each patient, and a booked one next week for one in four; some were cancelled, and for every
-- third provider somebody comes each week.
INSERT INTO care.appointment (appointment_id, patient_id, provider_id, facility_id, during, status, reason, appointment_type)
SELECT pg_temp.key('visit' || k, n), pg_temp.key('patient', n), pg_temp.key('provider', n % pg_temp.providers()),
       pg_temp.facility_at(n % pg_temp.providers(), 1), tstzrange(at, at + INTERVAL '30 minutes'),
       CASE WHEN k = 2 AND n % 17 = 0 THEN 'no_show' ELSE 'completed' END,
       pg_temp.pick('{check-up,blood pressure,diabetes,cough,back pain}', 'reason', n),
       CASE WHEN n % 7 > 0 THEN 'consultation' END
FROM generate_series(0, pg_temp.patients() - 1) AS n, generate_series(1, 2) AS k,
     LATERAL (SELECT pg_temp.today()::timestamptz - make_interval(days => 10 + 150 * (k - 1) + floor(pg_temp.chance('visit' || k, n) * 100)::integer)
                     + make_interval(hours => 15 + n % 6) AS at) AS moment;
INSERT INTO care.appointment (appointment_id, patient_id, provider_id, facility_id, during, status, appointment_type)
SELECT pg_temp.key('booked', n), pg_temp.key('patient', n), pg_temp.key('provider', provider), facility,
       tstzrange(at, at + INTERVAL '30 minutes'), 'booked', CASE WHEN n % 12 = 0 THEN 'ecg' WHEN n % 8 = 0 THEN 'consultation' END
FROM (SELECT n, n % pg_temp.providers() AS provider, pg_temp.facility_at(n % pg_temp.providers(), 1) AS facility,
             (row_number() OVER (PARTITION BY n % pg_temp.providers() ORDER BY n) - 1)::integer AS slot
      FROM generate_series(0, pg_temp.patients() - 1, 4) AS n) AS wanted
JOIN care.facility ON facility_id = facility,
     LATERAL (SELECT ((pg_temp.today() + 8 - extract(isodow FROM pg_temp.today())::integer + slot / 16 + slot / 80 * 2)
                      + make_interval(mins => 540 + 30 * (slot % 16))) AT TIME ZONE time_zone AS at) AS moment;
INSERT INTO care.appointment (appointment_id, patient_id, provider_id, facility_id, during, status, appointment_type, cancelled_at,
                              cancelled_late, cancellation_reason)
SELECT pg_temp.key('cancelled', n), pg_temp.key('patient', n), pg_temp.key('provider', n % pg_temp.providers()),
       pg_temp.facility_at(n % pg_temp.providers(), 1), tstzrange(at, at + INTERVAL '30 minutes'), 'cancelled', 'consultation',
       at - CASE WHEN n % 2 = 0 THEN INTERVAL '6 hours' ELSE INTERVAL '4 days' END, n % 2 = 0,
       pg_temp.pick('{feels_better,other_plans,no_transport,provider_away,weather,other}', 'cancelled', n)
FROM generate_series(4, pg_temp.patients() - 1, 9) AS n,
     LATERAL (SELECT pg_temp.today()::timestamptz - make_interval(days => 3 + floor(pg_temp.chance('cancelled', n) * 200)::integer)
                     + make_interval(hours => 15 + n % 6) AS at) AS moment;
INSERT INTO care.appointment_series (appointment_series_id, patient_id, provider_id, facility_id, first_on, starts_minute, minutes,
                                     every, count, frequency, appointment_type, reason)
SELECT pg_temp.key('series', n), pg_temp.key('patient', n), pg_temp.key('provider', n), pg_temp.facility_at(n, 1),
       pg_temp.today() + 8 - extract(isodow FROM pg_temp.today())::integer + n % 5, 1025, 30, 1, 6, 'weekly', 'physiotherapy', 'Back pain'
FROM generate_series(0, pg_temp.providers() - 1, 3) AS n WHERE n < pg_temp.patients();
INSERT INTO care.appointment (appointment_id, patient_id, provider_id, facility_id, during, status, appointment_type,
                              appointment_series_id, occurs_on)
SELECT md5(s.appointment_series_id::text || day)::uuid, s.patient_id, s.provider_id, s.facility_id, tstzrange(at, at + INTERVAL '30 minutes'),
       'booked', s.appointment_type, s.appointment_series_id, day
FROM care.appointment_series s JOIN care.facility f USING (facility_id)
CROSS JOIN LATERAL care.series_days(s.first_on, s.frequency, s.every, s.count, s.until_on) AS day
CROSS JOIN LATERAL care.local_instant(day + s.starts_minute * INTERVAL '1 minute', f.time_zone) AS at;
