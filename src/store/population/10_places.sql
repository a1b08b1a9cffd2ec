-- Four states that each have a Springfield, eight cities, a facility of each category in each.
INSERT INTO care.state (country, code, name)
VALUES ('US', 'IL', 'Illinois'), ('US', 'MA', 'Massachusetts'), ('US', 'MO', 'Missouri'), ('US', 'OR', 'Oregon')
ON CONFLICT DO NOTHING;
INSERT INTO care.city (state_id, name)
SELECT s.state_id, v.name FROM care.state s
JOIN (VALUES ('IL', 'Springfield'), ('IL', 'Chicago'), ('MA', 'Springfield'), ('MA', 'Boston'),
             ('MO', 'Springfield'), ('MO', 'Columbia'), ('OR', 'Springfield'), ('OR', 'Portland')) AS v (code, name)
  ON s.code = v.code AND s.country = 'US'
ON CONFLICT DO NOTHING;
INSERT INTO care.facility (facility_id, city_id, category, name, street, postal_code, time_zone, phone, email, website, opened_on)
SELECT pg_temp.key('facility', 7 * c.n + k.n), c.city_id, k.category, c.name || ' ' || k.title, 10 + k.n || ' Main Street',
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
INSERT INTO care.room (room_id, facility_id, name)
SELECT pg_temp.key('room' || r, n), pg_temp.key('facility', n), 'Room ' || r
FROM generate_series(0, 55) AS n, generate_series(1, 3) AS r;
