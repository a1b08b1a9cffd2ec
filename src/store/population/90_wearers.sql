-- Whoever wears simulated device n of the demo is patient n, or whom that record was joined with, or the one before where
-- patient n was erased. A device may have published before, or may do so later.
INSERT INTO signal.device (device_id, added_at, added_by)
SELECT 'wearer-' || lpad(n::text, 4, '0'), now(), 'populate'
FROM generate_series(0, least(pg_temp.patients(), 10000) - 1) AS n ON CONFLICT DO NOTHING;
INSERT INTO care.wear (patient_id, device_key, worn_during)
SELECT coalesce(survivor_id, pg_temp.key('patient', CASE WHEN erasure_proof_id IS NULL THEN n ELSE n - 1 END)), device_key, tstzrange(pg_temp.today() - 400, NULL)
FROM generate_series(0, least(pg_temp.patients(), 10000) - 1) AS n
JOIN signal.device ON device_id = 'wearer-' || lpad(n::text, 4, '0')
LEFT JOIN care.patient_link l ON l.patient_id = pg_temp.key('patient', n)
LEFT JOIN access.erasure_proof e ON e.patient_id = pg_temp.key('patient', n);
