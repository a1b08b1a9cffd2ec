-- Four states that each have a Springfield, eight cities, an organisation in each state, a facility of each category in each
-- city: a hospital is an emergency centre as well, and every other city's clinic is a part of its hospital.
INSERT INTO care.state (country, code, name)
VALUES ('US', 'IL', 'Illinois'), ('US', 'MA', 'Massachusetts'), ('US', 'MO', 'Missouri'), ('US', 'OR', 'Oregon')
ON CONFLICT DO NOTHING;
INSERT INTO care.city (state_id, name)
SELECT s.state_id, v.name FROM care.state s
JOIN (VALUES ('IL', 'Springfield'), ('IL', 'Chicago'), ('MA', 'Springfield'), ('MA', 'Boston'),
             ('MO', 'Springfield'), ('MO', 'Columbia'), ('OR', 'Springfield'), ('OR', 'Portland')) AS v (code, name)
  ON s.code = v.code AND s.country = 'US'
ON CONFLICT DO NOTHING;
INSERT INTO care.organisation (organisation_id, part_of, active_during, name, kind, city_id, street, postal_code, phone, email)
SELECT pg_temp.key('organisation' || s.code, 0), '00000000-0000-4000-8000-000000000001', daterange(pg_temp.today() - 4500, NULL),
       s.name || ' Health', 'legal_entity', c.city_id, '1 State Street', '60000', '+12175559000', 'office@example.org'
FROM care.state s JOIN care.city c ON c.state_id = s.state_id AND c.name = 'Springfield' WHERE s.code IN ('IL', 'MA', 'MO', 'OR');
INSERT INTO care.organisation_identifier (organisation_identifier_id, organisation_id, kind, issuer, value)
SELECT pg_temp.key(kind || code, 0), pg_temp.key('organisation' || code, 0), kind, issuer, value
FROM (VALUES ('IL', 1), ('MA', 2), ('MO', 3), ('OR', 4)) AS o (code, n) CROSS JOIN LATERAL (
    SELECT 'ein', 'US-IRS', '36-' || 4100000 + n
    UNION ALL
    SELECT 'npi', 'US-CMS', number || digit FROM generate_series(0, 9) AS digit, LATERAL (SELECT (190000000 + n)::text AS number) AS nine
    WHERE care.luhn_fits('80840' || number || digit)) AS known (kind, issuer, value);
INSERT INTO care.facility (facility_id, organisation_id, part_of, city_id, category, name, street, postal_code, time_zone, phone, email,
                           website, opened_on)
SELECT pg_temp.key('facility', 7 * c.n + k.n), pg_temp.key('organisation' || c.code, 0),
       CASE WHEN k.category = 'clinic' AND c.n % 2 = 0 THEN pg_temp.key('facility', 7 * c.n) END, c.city_id, k.category, c.name || ' ' || k.title, 10 + k.n || ' Main Street',
       lpad((60000 + 97 * c.n)::text, 5, '0'),
       CASE c.code WHEN 'MA' THEN 'America/New_York' WHEN 'OR' THEN 'America/Los_Angeles' ELSE 'America/Chicago' END,
       '+1217555' || lpad((7 * c.n + k.n)::text, 4, '0'), 'desk' || 7 * c.n + k.n || '@example.org',
       'https://example.org/facility/' || 7 * c.n + k.n, pg_temp.today() - 4000
FROM (SELECT city_id, city.name, code, (row_number() OVER (ORDER BY code, city.name) - 1)::integer AS n
      FROM care.city JOIN care.state USING (state_id) WHERE code IN ('IL', 'MA', 'MO', 'OR')
        AND city.name IN ('Springfield', 'Chicago', 'Boston', 'Columbia', 'Portland')) AS c,
     (SELECT category, title, ordinality::integer - 1 AS n
      FROM unnest('{hospital,clinic,diagnostic_center,pharmacy,wellness_center,urgent_care,rehabilitation_center}'::text[])
           WITH ORDINALITY AS w (category, ordinality) JOIN care.facility_category USING (category)) AS k;
INSERT INTO care.facility_has_category (facility_id, category)
SELECT f.facility_id, also.category FROM care.facility f JOIN (VALUES
    ('hospital', 'emergency_center'), ('hospital', 'diagnostic_center'), ('rehabilitation_center', 'wellness_center')
) AS also (main, category) ON also.main = f.category;
INSERT INTO care.room (room_id, facility_id, name)
SELECT pg_temp.key('room' || r, n), pg_temp.key('facility', n), 'Room ' || r
FROM generate_series(0, 55) AS n, generate_series(1, 3) AS r;
