-- Patients between one and ninety years old, each with a provider who cares for them.
INSERT INTO care.patient (patient_id, born_on, sex, time_zone)
SELECT pg_temp.key('patient', n), pg_temp.today() - (400 + floor(pg_temp.chance('born', n) * 32000))::integer,
       CASE WHEN pg_temp.chance('sex', n) < 0.51 THEN 'female' ELSE 'male' END,
       CASE WHEN n % 8 IN (2, 3) THEN 'America/New_York' WHEN n % 8 IN (6, 7) THEN 'America/Los_Angeles' ELSE 'America/Chicago' END
FROM generate_series(0, pg_temp.patients() - 1) AS n;
INSERT INTO access.care_relationship (patient_id, provider_id, basis, valid_during)
SELECT pg_temp.key('patient', n), pg_temp.key('provider', n % pg_temp.providers()), 'care_team',
       tstzrange(pg_temp.today() - 500, NULL)
FROM generate_series(0, pg_temp.patients() - 1) AS n;
INSERT INTO access.account (account_id, patient_id, part, login)
SELECT pg_temp.key('account', n), pg_temp.key('patient', n), 'patient', 'patient' || n || '@example.org'
FROM generate_series(0, pg_temp.patients() - 1) AS n;
INSERT INTO access.account (account_id, provider_id, part, login)
SELECT pg_temp.key('provider account', n), pg_temp.key('provider', n), 'provider', 'provider' || n || '@example.org'
FROM generate_series(0, pg_temp.providers() - 1) AS n;
