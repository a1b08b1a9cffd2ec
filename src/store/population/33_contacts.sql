-- Where each patient lives, and by what number and address they are reached.
INSERT INTO care.address (address_id, patient_id, use, lines, city, state, postal_code, country, valid_during)
SELECT pg_temp.key('address', n), pg_temp.key('patient', n), 'home',
       ARRAY[(1 + n % 900) || ' ' || pg_temp.pick('{Oak,Main,Cedar,Lake,Hill,Park}', 'street', n) || ' Street'],
       city.name, state.code, lpad((60001 + n % 9999)::text, 5, '0'), 'US', daterange(pg_temp.today() - 400, NULL)
FROM generate_series(0, pg_temp.patients() - 1) AS n
JOIN care.facility ON facility_id = pg_temp.facility_at(n % pg_temp.providers(), 1)
JOIN care.city USING (city_id) JOIN care.state USING (state_id);
INSERT INTO care.contact_point (contact_point_id, patient_id, system, use, value, rank, preferred, valid_during)
SELECT pg_temp.key(system, n), pg_temp.key('patient', n), system, use,
       CASE system WHEN 'email' THEN 'patient' || n || '@example.org' ELSE '+1217' || lpad((2000000 + n)::text, 7, '0') END,
       1, true, daterange(pg_temp.today() - 400, NULL)
FROM generate_series(0, pg_temp.patients() - 1) AS n, (VALUES ('phone', 'mobile'), ('email', 'home')) AS way (system, use);
