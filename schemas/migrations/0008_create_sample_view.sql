-- Samples, one row each, out of blocks.
--
-- signal.sample is for any SQL client. signal.samples() gives the same rows pruned: no block crosses midnight UTC, so
-- the blocks of a time begin within the day before it. Both stand on one unpacking, which also says from which block a
-- sample comes. New views and function, lock nothing. Undo: drop them.
CREATE VIEW signal.block_sample AS
SELECT device.device_id,
       metric.name AS metric,
       series.statistic,
       sample.start_at,
       sample.start_at + sample.span_us * INTERVAL '1 microsecond' AS end_at,
       CASE WHEN metric.codes IS NULL THEN sample.value END AS value,
       metric.codes[sample.value::integer + 1] AS code,
       metric.unit,
       sample.flags,
       block.start_at AS block_start_at,
       block.stop_at AS block_stop_at
FROM signal.block
JOIN signal.series USING (series_id)
JOIN signal.device USING (device_key)
JOIN signal.metric USING (metric_id)
CROSS JOIN LATERAL (
    SELECT block.start_at + INTERVAL '1 microsecond' * (block.tick_us *
               CASE WHEN block.gaps IS NULL THEN item.place - 1
                    ELSE sum(item.gap) OVER (ORDER BY item.place) END) AS start_at,
           coalesce(block.span_us, item.span_us) AS span_us,
           coalesce(item.flags, 0::smallint) AS flags,
           item.value
    FROM unnest(block.values, block.gaps, block.spans_us, block.flags)
         WITH ORDINALITY AS item (value, gap, span_us, flags, place)
) AS sample;
COMMENT ON VIEW   signal.block_sample                IS 'Hot samples with what is known against them and the block they lie in.';
COMMENT ON COLUMN signal.block_sample.device_id      IS 'What measured.';
COMMENT ON COLUMN signal.block_sample.metric         IS 'What was measured, by its name in the catalogue.';
COMMENT ON COLUMN signal.block_sample.statistic      IS 'What the value says about many measurements; null for a plain measurement.';
COMMENT ON COLUMN signal.block_sample.start_at       IS 'When it was measured, or when its interval began.';
COMMENT ON COLUMN signal.block_sample.end_at         IS 'When its interval ended; null for an instant.';
COMMENT ON COLUMN signal.block_sample.value          IS 'The value in unit; null for a coded metric.';
COMMENT ON COLUMN signal.block_sample.code           IS 'The code of a coded metric; null for a numeric one.';
COMMENT ON COLUMN signal.block_sample.unit           IS 'UCUM unit of the value.';
COMMENT ON COLUMN signal.block_sample.flags          IS 'What is known against it: 1 unlikely value, 2 time assumed; 0 nothing.';
COMMENT ON COLUMN signal.block_sample.block_start_at IS 'Start of the first sample of its block.';
COMMENT ON COLUMN signal.block_sample.block_stop_at  IS 'Start of the last sample of its block.';

CREATE VIEW signal.sample AS
SELECT device_id, metric, statistic, start_at, end_at, value, code, unit
FROM signal.block_sample;
COMMENT ON VIEW   signal.sample           IS 'Hot samples, one row each. For a known time use signal.samples(), which reads only what it must.';
COMMENT ON COLUMN signal.sample.device_id IS 'What measured.';
COMMENT ON COLUMN signal.sample.metric    IS 'What was measured, by its name in the catalogue.';
COMMENT ON COLUMN signal.sample.statistic IS 'What the value says about many measurements; null for a plain measurement.';
COMMENT ON COLUMN signal.sample.start_at  IS 'When it was measured, or when its interval began.';
COMMENT ON COLUMN signal.sample.end_at    IS 'When its interval ended; null for an instant.';
COMMENT ON COLUMN signal.sample.value     IS 'The value in unit; null for a coded metric.';
COMMENT ON COLUMN signal.sample.code      IS 'The code of a coded metric; null for a numeric one.';
COMMENT ON COLUMN signal.sample.unit      IS 'UCUM unit of the value.';

CREATE FUNCTION signal.samples(device_id text, metric text, "from" timestamptz, "to" timestamptz)
RETURNS SETOF signal.sample
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT found.device_id, found.metric, found.statistic, found.start_at, found.end_at, found.value, found.code, found.unit
    FROM signal.block_sample AS found
    WHERE found.device_id = $1 AND found.metric = $2
      AND found.block_start_at >= $3 - INTERVAL '1 day' AND found.block_start_at < $4 AND found.block_stop_at >= $3
      AND found.start_at >= $3 AND found.start_at < $4
    ORDER BY found.statistic, found.start_at, found.end_at
$$;
COMMENT ON FUNCTION signal.samples(text, text, timestamptz, timestamptz) IS
    'Hot samples of one device and metric that begin in [from, to), in order of time; reads only their chunks and blocks.';
