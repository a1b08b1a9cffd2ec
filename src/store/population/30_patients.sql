-- Patients between one and ninety years old, each with a provider who cares for them; of one in a hundred only the year or
-- month of birth is known, and of some nothing.
INSERT INTO care.patient (patient_id, born_on, born_in, sex, time_zone)
SELECT pg_temp.key('patient', n), CASE WHEN n % 97 NOT IN (5, 41) THEN birth.day END,
       CASE WHEN n % 97 = 5 THEN to_char(birth.day, 'YYYY') WHEN n % 194 = 41 THEN to_char(birth.day, 'YYYY-MM') END,
       CASE WHEN pg_temp.chance('sex', n) < 0.51 THEN 'female' ELSE 'male' END,
       CASE WHEN n % 8 IN (2, 3) THEN 'America/New_York' WHEN n % 8 IN (6, 7) THEN 'America/Los_Angeles' ELSE 'America/Chicago' END
FROM generate_series(0, pg_temp.patients() - 1) AS n,
     LATERAL (SELECT pg_temp.today() - (400 + floor(pg_temp.chance('born', n) * 32000))::integer AS day) AS birth;
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
