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
-- Somebody to call in an emergency for three in five, the record number of a facility for each, and a sealed number for one in four.
INSERT INTO care.related_person (related_person_id, patient_id, relationship, roles, family, given, phone, rank, valid_during)
SELECT pg_temp.key('related', n), pg_temp.key('patient', n),
       pg_temp.pick('{spouse,partner,sibling,parent,friend,neighbour}', 'relationship', n), '{emergency_contact}',
       pg_temp.pick('{Adams,Baker,Costa,Diaz,Evans,Fischer,Garcia,Hughes,Ito,Jones,Khan,Lopez,Moreau,Novak,Owens,Patel}', 'near surname', n),
       ARRAY[pg_temp.pick('{Alex,Bea,Chris,Dana,Eli,Fay,Gus,Hope,Ira,Joy,Ken,Liv,Max,Nia,Otto,Pia}', 'near first', n)],
       '+1312' || lpad((3000000 + n)::text, 7, '0'), 1, daterange(pg_temp.today() - 400, NULL)
FROM generate_series(0, pg_temp.patients() - 1) AS n WHERE pg_temp.chance('related', n) < 0.6;
INSERT INTO care.identifier (identifier_id, patient_id, facility_id, system, value, valid_during)
SELECT pg_temp.key('mrn', n), pg_temp.key('patient', n), pg_temp.facility_at(n % pg_temp.providers(), 1), 'mrn',
       'M' || lpad(n::text, 8, '0'), daterange(pg_temp.today() - 400, NULL)
FROM generate_series(0, pg_temp.patients() - 1) AS n;
INSERT INTO care.identifier (identifier_id, patient_id, system, value, valid_during)
SELECT pg_temp.key('ssn', n), pg_temp.key('patient', n), 'ssn',
       (100 + n % 500) || '-' || (10 + n / 500 % 80) || '-' || (1000 + n / 40000 % 9000), daterange(pg_temp.today() - 400, NULL)
FROM generate_series(0, pg_temp.patients() - 1, 4) AS n;
