-- HbA1c three times for those with metformin: it falls where every month is filled, and rises elsewhere.
INSERT INTO care.lab_result (patient_id, observed_at, issued_at, loinc, title, value_number, unit, reference_low, reference_high, status)
SELECT pg_temp.key('patient', n), at, at + INTERVAL '1 day', '4548-4', 'HbA1c in blood',
       round((7.5 + CASE WHEN n % 10 = 0 THEN -0.4 ELSE 0.3 END * k + 0.2 * pg_temp.chance('a1c' || k, n))::numeric, 1), '%', 4, 5.6, 'final'
FROM generate_series(0, pg_temp.patients() - 1, 5) AS n, generate_series(0, 2) AS k,
     LATERAL (SELECT pg_temp.today()::timestamptz - make_interval(days => 170 - 70 * k) AS at) AS moment;
INSERT INTO known_fact
SELECT 'lab_trend', pg_temp.key('patient', n), jsonb_build_object('loinc', '4548-4', 'rises', n % 10 <> 0)
FROM generate_series(0, pg_temp.patients() - 1, 5) AS n;
