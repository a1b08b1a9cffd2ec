-- What each provider can do, where, and when: one specialty, one facility, working days from nine to five.
INSERT INTO care.provider_specialty (provider_id, specialty, main)
SELECT pg_temp.key('provider', n),
       pg_temp.pick('{family_medicine,internal_medicine,cardiology,endocrinology,pediatrics,psychiatry,nutrition}', 'specialty', n), true
FROM generate_series(0, pg_temp.providers() - 1) AS n;
INSERT INTO care.qualification (provider_id, title, issuer, awarded_year)
SELECT pg_temp.key('provider', n), 'Doctor of Medicine', 'University of Illinois', 2000 + n % 20
FROM generate_series(0, pg_temp.providers() - 1) AS n;
-- Licensed where they work, one in four in a second state for visits by video; one in six had another one before.
INSERT INTO care.qualification (provider_id, kind, title, issuer, awarded_year, country, state, license_number, licensed_during)
SELECT pg_temp.key('provider', n), 'license', 'Licence to practise', 'Medical board of ' || part.name, 2004 + n % 15, part.country,
       part.code, part.code || '-' || lpad((100000 + n)::text, 6, '0'), daterange(pg_temp.today() - 2500, pg_temp.today() + 400 + n % 300)
FROM generate_series(0, pg_temp.providers() - 1) AS n
JOIN care.facility ON facility_id = pg_temp.facility_at(n, 1) JOIN care.city USING (city_id) JOIN care.state AS part USING (state_id);
INSERT INTO care.qualification (provider_id, kind, title, issuer, awarded_year, country, state, license_number, licensed_during)
SELECT pg_temp.key('provider', n), 'license', 'Licence to practise', 'Medical board of ' || part.name, 2006 + n % 12, part.country,
       part.code, part.code || '-' || lpad((500000 + n)::text, 6, '0'),
       daterange(pg_temp.today() - 2000, CASE WHEN n % 12 < 3 THEN pg_temp.today() + 500 ELSE pg_temp.today() - 300 END)
FROM generate_series(0, pg_temp.providers() - 1) AS n
JOIN care.facility ON facility_id = pg_temp.facility_at(n + 3, 1) JOIN care.city USING (city_id) JOIN care.state AS part USING (state_id)
WHERE n % 12 IN (0, 1, 2, 5, 7) AND part.code NOT IN (
    SELECT state FROM care.qualification WHERE provider_id = pg_temp.key('provider', n) AND state IS NOT NULL);
INSERT INTO care.affiliation (provider_id, facility_id, department_id, role, valid_during)
SELECT pg_temp.key('provider', n), pg_temp.facility_at(n, 1), pg_temp.key('departmentprimary_care', 7 * (n % 8) + 1), 'attending',
       daterange(pg_temp.today() - 2000, NULL)
FROM generate_series(0, pg_temp.providers() - 1) AS n;
INSERT INTO care.affiliation (facility_id, staff_name, role, valid_during)
SELECT f.facility_id, c.staff_name, c.role, daterange(pg_temp.today() - 900, NULL) FROM care.facility f, (VALUES
    ('wellness_center', 'Noor Haddad', 'yoga_teacher'), ('wellness_center', 'Luca Brandt', 'trainer'),
    ('wellness_center', 'Mina Park', 'manager'), ('hospital', 'Rosa Lind', 'receptionist')
) AS c (category, staff_name, role) WHERE c.category = f.category;
INSERT INTO care.availability (provider_id, facility_id, weekday, starts_minute, ends_minute, valid_during)
SELECT pg_temp.key('provider', n), pg_temp.facility_at(n, 1), d, 540, 1020, daterange(pg_temp.today() - 2000, NULL)
FROM generate_series(0, pg_temp.providers() - 1) AS n, generate_series(1, 5) AS d;
