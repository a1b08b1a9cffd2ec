-- One provider in three is away for a week next month, and one in four has an evening more at the own clinic.
INSERT INTO care.availability_exception (provider_id, kind, during)
SELECT pg_temp.key('provider', n), 'off', tstzrange(pg_temp.today() + 40 + n % 20, pg_temp.today() + 47 + n % 20)
FROM generate_series(0, pg_temp.providers() - 1, 3) AS n;
INSERT INTO care.availability_exception (provider_id, facility_id, kind, during)
SELECT pg_temp.key('provider', n), pg_temp.facility_at(n, 1), 'extra', tstzrange(at, at + INTERVAL '3 hours')
FROM generate_series(1, pg_temp.providers() - 1, 4) AS n JOIN care.facility f ON f.facility_id = pg_temp.facility_at(n, 1),
     LATERAL (SELECT (pg_temp.today() + 14 + n % 5 + INTERVAL '18 hours') AT TIME ZONE f.time_zone AS at) AS moment;
