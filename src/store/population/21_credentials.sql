-- What each provider can do, where, and when: one specialty, one facility, working days from nine to five.
INSERT INTO care.provider_specialty (provider_id, specialty, main)
SELECT pg_temp.key('provider', n),
       pg_temp.pick('{family_medicine,internal_medicine,cardiology,endocrinology,pediatrics,psychiatry,nutrition}', 'specialty', n), true
FROM generate_series(0, pg_temp.providers() - 1) AS n;
INSERT INTO care.qualification (provider_id, title, issuer, awarded_year)
SELECT pg_temp.key('provider', n), 'Doctor of Medicine', 'University of Illinois', 2000 + n % 20
FROM generate_series(0, pg_temp.providers() - 1) AS n;
INSERT INTO care.affiliation (provider_id, facility_id, role, valid_during)
SELECT pg_temp.key('provider', n), pg_temp.facility_at(n, 1), 'attending', daterange(pg_temp.today() - 2000, NULL)
FROM generate_series(0, pg_temp.providers() - 1) AS n;
INSERT INTO care.availability (provider_id, facility_id, weekday, starts_minute, ends_minute, valid_during)
SELECT pg_temp.key('provider', n), pg_temp.facility_at(n, 1), d, 540, 1020, daterange(pg_temp.today() - 2000, NULL)
FROM generate_series(0, pg_temp.providers() - 1) AS n, generate_series(1, 5) AS d;
