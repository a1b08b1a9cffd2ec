-- One member in five is premium.
INSERT INTO care.membership (patient_id, plan, valid_during)
SELECT pg_temp.key('patient', n), CASE WHEN n % 5 = 0 THEN 'premium' ELSE 'regular' END,
       tstzrange(pg_temp.today() - 400, pg_temp.today() + 400)
FROM generate_series(0, pg_temp.patients() - 1) AS n;
