-- Whoever wears simulated device n of the demo is patient n. A device may have published before, or may do so later.
INSERT INTO signal.device (device_id, added_at, added_by)
SELECT 'wearer-' || lpad(n::text, 4, '0'), now(), 'populate'
FROM generate_series(0, least(pg_temp.patients(), 10000) - 1) AS n ON CONFLICT DO NOTHING;
INSERT INTO care.wear (patient_id, device_key, worn_during)
SELECT pg_temp.key('patient', n), device_key, tstzrange(pg_temp.today() - 400, NULL)
FROM generate_series(0, least(pg_temp.patients(), 10000) - 1) AS n
JOIN signal.device ON device_id = 'wearer-' || lpad(n::text, 4, '0');
