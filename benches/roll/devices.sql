-- :devices devices, each with a series of every metric that lay.sql lays.
INSERT INTO signal.ingest_shard (epoch, taken_at, shard, owner) VALUES (1, now(), 'main', 'bench');
INSERT INTO signal.device (added_at, device_id, added_by, shard)
SELECT now(), 'device-' || n, 'bench', 'main' FROM generate_series(1, :devices) AS n;
INSERT INTO signal.series (device_key, metric_id)
SELECT device_key, metric_id FROM signal.device, signal.metric
WHERE name IN ('heart_rate', 'step_count', 'oxygen_saturation', 'blood_glucose', 'sleep_stage');
