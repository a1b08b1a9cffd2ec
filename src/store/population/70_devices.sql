-- A watch for one patient in three, each handed over once to the next patient.
INSERT INTO care.device_model (maker, model) VALUES ('Northwind', 'Pulse 3'), ('Contoso', 'Band') ON CONFLICT DO NOTHING;
INSERT INTO care.device_model_metric
SELECT device_model_id, metric_id FROM care.device_model, signal.metric
WHERE name IN ('heart_rate', 'step_count') ON CONFLICT DO NOTHING;
INSERT INTO signal.device (device_id, added_at, added_by)
SELECT 'made-up-' || lpad(n::text, 6, '0'), pg_temp.today() - 60, 'populate'
FROM generate_series(0, pg_temp.patients() - 1, 3) AS n ON CONFLICT DO NOTHING;
INSERT INTO care.device_detail (device_key, device_model_id, serial)
SELECT device_key, (SELECT min(device_model_id) FROM care.device_model), 'NW-' || right(device_id, 6)
FROM signal.device WHERE added_by = 'populate' ON CONFLICT DO NOTHING;
INSERT INTO care.wear (wear_id, patient_id, device_key, worn_during)
SELECT pg_temp.key('wear' || k, n), pg_temp.key('patient', (n + k) % pg_temp.patients()), device_key,
       CASE k WHEN 0 THEN tstzrange(pg_temp.today() - 60, pg_temp.today() - 30) ELSE tstzrange(pg_temp.today() - 30, NULL) END
FROM generate_series(0, pg_temp.patients() - 1, 3) AS n, generate_series(0, 1) AS k, signal.device
WHERE device_id = 'made-up-' || lpad(n::text, 6, '0');
INSERT INTO known_fact
SELECT 'wear', pg_temp.key('patient', (n + 1) % pg_temp.patients()), jsonb_build_object('device', 'made-up-' || lpad(n::text, 6, '0'))
FROM generate_series(0, pg_temp.patients() - 1, 3) AS n;
