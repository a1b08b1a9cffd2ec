-- One person with :years years of six metrics, in blocks as compaction leaves them: a heart rate each 5 s, the others by
-- the minute. Chance is asked again for each value, since each subquery names its row.
SELECT setseed(0.5);
INSERT INTO signal.device (added_at, device_id, added_by, shard) VALUES (now(), 'person', 'bench', 'main');
INSERT INTO care.patient (patient_id, born_on, sex, time_zone)
VALUES ('0e1f3c5a-7b9d-4e2f-8a1b-3c5d7e9f1a2b', '1980-05-17', 'female', 'America/New_York');
INSERT INTO care.wear (patient_id, device_key, worn_during)
SELECT '0e1f3c5a-7b9d-4e2f-8a1b-3c5d7e9f1a2b', device_key, '[2019-01-01,)' FROM signal.device WHERE device_id = 'person';
INSERT INTO signal.series (device_key, metric_id)
SELECT device_key, metric_id FROM signal.device, signal.metric
WHERE device_id = 'person' AND name IN ('heart_rate', 'step_count', 'oxygen_saturation', 'blood_glucose', 'sleep_stage',
                                        'body_temperature');
SELECT count(signal.ensure_chunk_within(:'first_day'::date + 8 * n, :'first_day'::date + 8 * n,
                                        :'first_day'::date + 8 * n + 8)) FROM generate_series(0, 46 * :years) AS n;

CREATE TEMP VIEW wanted AS
SELECT series_id, metric.name AS metric, :'first_day'::timestamptz + n * INTERVAL '24 hours' AS day_at
FROM signal.series JOIN signal.device USING (device_key) JOIN signal.metric USING (metric_id),
     generate_series(0, 365 * :years - 1) AS n
WHERE device_id = 'person';

INSERT INTO signal.block (start_at, stop_at, tick_us, series_id, values)
SELECT day_at + block * INTERVAL '4800 s', day_at + block * INTERVAL '4800 s' + INTERVAL '4795 s', 5000000, series_id,
       ARRAY(SELECT round(75 + 20 * sin((block * 960 + n) / 90.0) + 4 * random() + 0 * series_id) FROM generate_series(1, 960) AS n)
FROM wanted, generate_series(0, 17) AS block WHERE metric = 'heart_rate';

INSERT INTO signal.block (start_at, stop_at, tick_us, series_id, values)
SELECT day_at + half * INTERVAL '12 hours', day_at + half * INTERVAL '12 hours' + INTERVAL '719 min', 60000000, series_id,
       ARRAY(SELECT CASE metric WHEN 'body_temperature' THEN round((36.6 + random())::numeric, 2)::double precision
                                WHEN 'sleep_stage' THEN floor(4 * random()) ELSE round(95 + 4 * random()) END + 0 * half
             FROM generate_series(1, 720) AS n)
FROM wanted, generate_series(0, 1) AS half WHERE metric <> 'heart_rate';

VACUUM (ANALYZE) signal.block;
