-- Days of made-up samples in blocks as compaction leaves them. A device with an odd number measures its heart each
-- second, one with an even number each 5 to 15 s; all count steps by the minute, oxygen and glucose each 5 minutes, and
-- eight hours of sleep in half minutes. Chance is asked again for each value, since each subquery names its row.
SELECT setseed(0.5);
-- A hypertable makes its chunks itself.
SELECT count(signal.ensure_chunk(:'first_day'::date + day)) FROM generate_series(0, :days - 1) AS day;

CREATE TEMP VIEW wanted AS
SELECT series_id, device_key % 2 = 1 AS is_dense, metric.name AS metric, :'first_day'::timestamptz + day * INTERVAL '1 day' AS day_at
FROM signal.series JOIN signal.metric USING (metric_id), generate_series(0, :days - 1) AS day;

INSERT INTO signal.block (start_at, stop_at, tick_us, series_id, values)
SELECT day_at + block * INTERVAL '960 s', day_at + block * INTERVAL '960 s' + INTERVAL '959 s', 1000000, series_id,
       ARRAY(SELECT round(75 + 20 * sin((series_id * 977 + block * 960 + n) / 700.0) + 4 * random()) FROM generate_series(1, 960) AS n)
FROM wanted, generate_series(:from, :to) AS block WHERE metric = 'heart_rate' AND is_dense;

\if :late
\else
-- 900 gaps of 5, 10 or 15 s in blocks that begin 9,600 s apart.
INSERT INTO signal.block (start_at, stop_at, tick_us, series_id, gaps, values)
SELECT start_at, start_at + (SELECT sum(gap) FROM unnest(gaps) AS gap) * INTERVAL '1 s', 1000000, series_id, gaps,
       ARRAY(SELECT round(75 + 20 * sin((series_id * 977 + n) / 90.0) + 4 * random()) FROM generate_series(1, 900) AS n)
FROM (SELECT series_id, day_at + block * INTERVAL '9600 s' AS start_at,
             0 || ARRAY(SELECT 5 * (1 + floor(3 * random() + 0 * (series_id + block)))::integer FROM generate_series(1, 899)) AS gaps
      FROM wanted, generate_series(0, 8) AS block WHERE metric = 'heart_rate' AND NOT is_dense) AS sparse;

INSERT INTO signal.block (start_at, stop_at, tick_us, span_us, series_id, values)
SELECT day_at + half * INTERVAL '12 h', day_at + half * INTERVAL '12 h' + INTERVAL '719 min', 60000000, 60000000, series_id,
       ARRAY(SELECT CASE WHEN random() < 0.7 THEN 0 ELSE round(120 * random() + 0 * (series_id + half)) END FROM generate_series(1, 720))
FROM wanted, generate_series(0, 1) AS half WHERE metric = 'step_count';

INSERT INTO signal.block (start_at, stop_at, tick_us, series_id, values)
SELECT day_at, day_at + INTERVAL '1435 min', 300000000, series_id,
       ARRAY(SELECT CASE metric WHEN 'blood_glucose' THEN round(110 + 30 * sin((series_id + n) / 40.0) + 6 * random())
                                ELSE 95 + round(3 * random()) END FROM generate_series(1, 288) AS n)
FROM wanted WHERE metric IN ('blood_glucose', 'oxygen_saturation');

INSERT INTO signal.block (start_at, stop_at, tick_us, span_us, series_id, values)
SELECT day_at, day_at + INTERVAL '28770 s', 30000000, 30000000, series_id,
       ARRAY(SELECT floor(4 * abs(sin((n / 20 + series_id) * 1.7))) FROM generate_series(1, 960) AS n)
FROM wanted WHERE metric = 'sleep_stage';
\endif

VACUUM (ANALYZE) signal.block;
