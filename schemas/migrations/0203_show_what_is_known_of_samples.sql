-- What is known of a sample, beside it: flags in words, the source's local time, when it was received, and its revision.
--
-- A value that lies beyond its sensor's range is a bound, and is shown by its flag and never as a number. The day before
-- a time is 24 hours, whatever the clocks of the session's zone do. All of it
-- stands in the view: a function would have to be granted to everybody who may read it. Replaces views and a function by
-- ones with more columns at their end; locks them for a moment. Undo: drop them and make those of migrations 12, 8, 13.
CREATE OR REPLACE VIEW signal.block_sample AS
SELECT device.device_id,
       metric.name AS metric,
       series.statistic,
       sample.start_at,
       sample.start_at + sample.span_us * INTERVAL '1 microsecond' AS end_at,
       CASE WHEN metric.codes IS NULL AND (block.flags IS NULL OR sample.flags & 12 = 0) THEN sample.value END AS value,
       metric.codes[sample.value::integer + 1] AS code,
       metric.unit,
       sample.flags,
       block.start_at AS block_start_at,
       block.stop_at AS block_stop_at,
       coalesce(block.utc_offset_minutes, block.utc_offsets_minutes[sample.origin]) AS utc_offset_minutes,
       coalesce(block.received_at, block.received_ats[sample.origin]) AS received_at,
       coalesce(block.revision, block.revisions[sample.origin]) AS revision,
       CASE WHEN block.flags IS NULL OR sample.flags = 0 THEN '{}'::text[]
            ELSE array_remove(ARRAY[CASE WHEN sample.flags & 1 <> 0 THEN 'unlikely_value' END,
                                    CASE WHEN sample.flags & 2 <> 0 THEN 'time_assumed' END,
                                    CASE WHEN sample.flags & 4 <> 0 THEN 'below_range' END,
                                    CASE WHEN sample.flags & 8 <> 0 THEN 'above_range' END,
                                    CASE WHEN sample.flags & 16 <> 0 THEN 'before_device' END], NULL) END AS flag_words
FROM signal.block
JOIN signal.series USING (series_id)
JOIN signal.device USING (device_key)
JOIN signal.metric USING (metric_id)
CROSS JOIN LATERAL (
    SELECT CASE WHEN block.origin_sizes IS NOT NULL
                THEN (SELECT array_agg(run.place ORDER BY run.place)
                      FROM unnest(block.origin_sizes) WITH ORDINALITY AS run (size, place)
                      CROSS JOIN generate_series(1, run.size)) END AS places
) AS origin
CROSS JOIN LATERAL (
    SELECT block.start_at + INTERVAL '1 microsecond' * (block.tick_us * (item.place - 1)) AS start_at,
           coalesce(block.span_us, item.span_us) AS span_us,
           coalesce(item.flags, 0::smallint) AS flags,
           item.value,
           item.origin
    FROM unnest(block.values, block.spans_us, block.flags, origin.places)
         WITH ORDINALITY AS item (value, span_us, flags, origin, place)
    WHERE block.gaps IS NULL
    UNION ALL
    SELECT block.start_at + INTERVAL '1 microsecond' * (block.tick_us * sum(item.gap) OVER (ORDER BY item.place)),
           coalesce(block.span_us, item.span_us),
           coalesce(item.flags, 0::smallint),
           item.value,
           item.origin
    FROM unnest(block.values, block.gaps, block.spans_us, block.flags, origin.places)
         WITH ORDINALITY AS item (value, gap, span_us, flags, origin, place)
    WHERE block.gaps IS NOT NULL
) AS sample;
COMMENT ON COLUMN signal.block_sample.value              IS 'The value in unit; null for a coded metric, and where it lies beyond the sensor''s range.';
COMMENT ON COLUMN signal.block_sample.flags              IS 'What is known against it: 1 unlikely value, 2 time assumed, 4 below and 8 above the sensor''s range, 16 before its device; 0 nothing.';
COMMENT ON COLUMN signal.block_sample.flag_words         IS 'The same in words: unlikely_value, time_assumed, below_range, above_range, before_device.';
COMMENT ON COLUMN signal.block_sample.utc_offset_minutes IS 'Minutes by which the source''s local time was ahead of UTC; null where it did not say.';
COMMENT ON COLUMN signal.block_sample.received_at        IS 'When it was received, to the second; where blocks were joined, to a quarter of an hour.';
COMMENT ON COLUMN signal.block_sample.revision           IS 'Which word of the source it is; null where the source counts none.';

CREATE OR REPLACE VIEW signal.sample AS
SELECT device_id, metric, statistic, start_at, end_at, value, code, unit,
       flag_words AS flags, utc_offset_minutes, received_at, revision
FROM signal.block_sample;
COMMENT ON COLUMN signal.sample.value              IS 'The value in unit; null for a coded metric, and where it lies beyond the sensor''s range.';
COMMENT ON COLUMN signal.sample.flags              IS 'What is known against it: unlikely_value, time_assumed, below_range, above_range, before_device; empty where nothing is.';
COMMENT ON COLUMN signal.sample.utc_offset_minutes IS 'Minutes by which the source''s local time was ahead of UTC; null where it did not say.';
COMMENT ON COLUMN signal.sample.received_at        IS 'When it was received, to the second; where blocks were joined, to a quarter of an hour.';
COMMENT ON COLUMN signal.sample.revision           IS 'Which word of the source it is; null where the source counts none.';

CREATE OR REPLACE FUNCTION signal.samples(device_id text, metric text, "from" timestamptz, "to" timestamptz)
RETURNS SETOF signal.sample
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT found.device_id, found.metric, found.statistic, found.start_at, found.end_at, found.value, found.code, found.unit,
           found.flag_words, found.utc_offset_minutes, found.received_at, found.revision
    FROM signal.block_sample AS found
    WHERE found.device_id = $1 AND found.metric = $2
      AND found.block_start_at >= $3 - INTERVAL '24 hours' AND found.block_start_at < $4 AND found.block_stop_at >= $3
      AND found.start_at >= $3 AND found.start_at < $4
$$;
