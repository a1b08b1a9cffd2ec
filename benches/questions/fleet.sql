-- Three more metrics for each device, so that each has eight: a value an hour.
INSERT INTO signal.series (device_key, metric_id)
SELECT device_key, metric_id FROM signal.device, signal.metric
WHERE name IN ('body_temperature', 'respiratory_rate', 'resting_heart_rate') AND device_id <> 'person';
INSERT INTO signal.block (start_at, stop_at, tick_us, series_id, values)
SELECT :'first_day'::timestamptz + day * INTERVAL '24 hours', :'first_day'::timestamptz + day * INTERVAL '24 hours' + INTERVAL '23 h',
       3600000000, series_id, ARRAY(SELECT round(30 + 8 * random() + 0 * (series_id + day)) FROM generate_series(1, 24))
FROM signal.series JOIN signal.metric USING (metric_id) JOIN signal.device USING (device_key),
     generate_series(0, :days - 1) AS day
WHERE name IN ('body_temperature', 'respiratory_rate', 'resting_heart_rate') AND device_id <> 'person';
