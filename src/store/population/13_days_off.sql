-- Days unlike others: closed on New Year's Day, shorter hours before it.
INSERT INTO care.special_day (facility_id, falls_on, opens_minute, closes_minute, title)
SELECT f.facility_id, day, opens, closes, title
FROM care.facility f,
     LATERAL (SELECT make_date(extract(year FROM pg_temp.today())::integer + 1, 1, 1) AS new_year) AS y,
     LATERAL (VALUES (new_year, NULL, NULL, 'New Year''s Day'), (new_year - 1, 480, 840, 'New Year''s Eve')) AS d (day, opens, closes, title)
WHERE f.category NOT IN ('hospital', 'urgent_care');
