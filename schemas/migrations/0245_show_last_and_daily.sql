-- The newest sample of each series, and each day of each series, for whoever asks by SQL alone.
--
-- A block's last sample begins where the block stops, so nothing is unpacked. What is archived is told by its rollup. Of
-- days the view gives what signal.rollup() gives in UTC; a condition on the day reaches the rows of what is closed, and
-- the rest is computed whatever is asked for: some hours, while the daemon closes. New views and function, lock nothing.
-- Undo: drop them.
CREATE VIEW signal.last AS
SELECT device.device_id, metric.name AS metric, series.statistic, newest.start_at,
       newest.start_at + newest.span_us * INTERVAL '1 microsecond' AS end_at,
       CASE WHEN metric.codes IS NULL AND newest.flags & 12 = 0 THEN newest.value END AS value,
       metric.codes[newest.value::integer + 1] AS code, metric.unit,
       CASE WHEN newest.flags = 0 THEN '{}'::text[]
            ELSE array_remove(ARRAY[CASE WHEN newest.flags & 1 <> 0 THEN 'unlikely_value' END,
                                    CASE WHEN newest.flags & 2 <> 0 THEN 'time_assumed' END,
                                    CASE WHEN newest.flags & 4 <> 0 THEN 'below_range' END,
                                    CASE WHEN newest.flags & 8 <> 0 THEN 'above_range' END,
                                    CASE WHEN newest.flags & 16 <> 0 THEN 'before_device' END], NULL) END AS flags
FROM signal.series
JOIN signal.device USING (device_key)
JOIN signal.metric USING (metric_id)
CROSS JOIN LATERAL (
    SELECT * FROM (
        (SELECT block.stop_at AS start_at, coalesce(block.span_us, block.spans_us[cardinality(block.values)]) AS span_us,
                block.values[cardinality(block.values)] AS value,
                coalesce(block.flags[cardinality(block.values)], 0::smallint) AS flags
         FROM signal.block WHERE block.series_id = series.series_id ORDER BY block.start_at DESC LIMIT 1)
        UNION ALL
        (SELECT kept.last_at, kept.last_span_us, kept.last_value, kept.last_flags
         FROM signal.rollup_day AS kept
         WHERE kept.series_id = series.series_id AND kept.is_archived AND kept.last_at IS NOT NULL
         ORDER BY kept.day DESC LIMIT 1)
    ) AS either ORDER BY either.start_at DESC LIMIT 1
) AS newest;
COMMENT ON VIEW   signal.last           IS 'The newest sample of each series, hot or archived.';
COMMENT ON COLUMN signal.last.device_id IS 'What measured.';
COMMENT ON COLUMN signal.last.metric    IS 'What was measured, by its name in the catalogue.';
COMMENT ON COLUMN signal.last.statistic IS 'What the value says about many measurements; null for a plain measurement.';
COMMENT ON COLUMN signal.last.start_at  IS 'When it was measured, or when its interval began.';
COMMENT ON COLUMN signal.last.end_at    IS 'When its interval ended; null for an instant.';
COMMENT ON COLUMN signal.last.value     IS 'The value in unit; null for a coded metric, and where it lies beyond the sensor''s range.';
COMMENT ON COLUMN signal.last.code      IS 'The code of a coded metric; null for a numeric one.';
COMMENT ON COLUMN signal.last.unit      IS 'UCUM unit of the value.';
COMMENT ON COLUMN signal.last.flags     IS 'What is known against it: unlikely_value, time_assumed, below_range, above_range, before_device; empty where nothing is.';

CREATE FUNCTION signal.unsettled_rollups() RETURNS TABLE (series_id integer, day date)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET jit = off AS $$
#variable_conflict use_column
DECLARE
    known signal.rollup_horizon;
BEGIN
    SELECT * INTO STRICT known FROM signal.rollup_horizon;
    RETURN QUERY
        SELECT s.series_id, s.day FROM signal.rollup_stale s
        UNION
        SELECT c.series_id, shown.at::date
        FROM signal.changed_ranges(known.change, known.closed_until) AS c
        CROSS JOIN LATERAL generate_series(
            greatest((c.first_at AT TIME ZONE 'UTC')::date,
                     (SELECT min(r.day) FROM signal.rollup_day r
                      WHERE r.series_id = c.series_id AND NOT isfinite(c.first_at)))::timestamp,
            (least(c.last_at, known.closed_until - INTERVAL '1 microsecond') AT TIME ZONE 'UTC')::date::timestamp,
            INTERVAL '1 day') AS shown (at)
        WHERE isfinite(c.first_at) OR EXISTS (SELECT FROM signal.rollup_day r WHERE r.series_id = c.series_id);
END $$;
COMMENT ON FUNCTION signal.unsettled_rollups() IS 'Days of series that have changed since they were rolled up, noted or not.';

CREATE FUNCTION signal.open_rollups() RETURNS SETOF signal.rollup_day
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
    known   signal.rollup_horizon;
    ids     integer[];
    from_at timestamptz[];
    to_at   timestamptz[];
BEGIN
    SELECT * INTO STRICT known FROM signal.rollup_horizon;
    SELECT array_agg(open.series_id), array_agg(open.from_at), array_agg(open.to_at) INTO ids, from_at, to_at
    FROM (SELECT DISTINCT b.series_id,
                 greatest(known.closed_until, date_trunc('day', b.start_at, 'UTC')) AS from_at,
                 date_trunc('day', b.start_at, 'UTC') + INTERVAL '24 hours' AS to_at
          FROM signal.block b
          WHERE b.start_at >= date_trunc('day', known.closed_until, 'UTC') AND b.stop_at >= known.closed_until
          UNION ALL
          SELECT u.series_id, u.day::timestamp AT TIME ZONE 'UTC',
                 least((u.day + 1)::timestamp AT TIME ZONE 'UTC', known.closed_until)
          FROM signal.unsettled_rollups() AS u WHERE known.is_kept) AS open;
    RETURN QUERY SELECT * FROM signal.pack_rollups(ids, from_at, to_at);
END $$;
COMMENT ON FUNCTION signal.open_rollups() IS 'What blocks give for days that are not closed, or have changed since.';

CREATE VIEW signal.daily AS
SELECT total.day, device.device_id, metric.name AS metric, series.statistic, total.count,
       CASE WHEN metric.codes IS NULL THEN total.sum END AS sum,
       CASE WHEN metric.codes IS NULL THEN total.sum / nullif(total.count, 0) END AS mean,
       CASE WHEN metric.codes IS NULL THEN total.least END AS least,
       CASE WHEN metric.codes IS NULL THEN total.greatest END AS greatest,
       CASE WHEN metric.codes IS NULL THEN total.first[2] END AS first,
       CASE WHEN metric.codes IS NULL THEN total.last[2] END AS last,
       total.below, total.above, metric.codes[total.first[2]::integer + 1] AS first_code,
       metric.codes[total.last[2]::integer + 1] AS last_code, metric.unit,
       total.is_settled AND NOT EXISTS (
           SELECT FROM signal.rollup_due AS due
           WHERE due.metric = metric.name AND total.day BETWEEN due.first_on AND due.last_on) AS is_settled
FROM (SELECT part.series_id, part.day, sum(part.count) AS count, sum(part.below) AS below, sum(part.above) AS above,
             sum(part.sum) AS sum, min(part.least) AS least, max(part.greatest) AS greatest,
             min(ARRAY[part.first_quarter, part.first]) FILTER (WHERE part.count > 0) AS first,
             max(ARRAY[part.last_quarter, part.last]) FILTER (WHERE part.count > 0) AS last,
             bool_and(part.is_archived) = bool_or(part.is_archived) AS is_settled
      FROM (SELECT closed.series_id, closed.day, closed.count, closed.below, closed.above, closed.sum, closed.least,
                   closed.greatest, closed.first_quarter, closed.first, closed.last, closed.is_archived,
                   coalesce(closed.quarters[cardinality(closed.counts)],
                            closed.first_quarter + coalesce(cardinality(closed.counts), 1) - 1) AS last_quarter
            FROM signal.rollup_day AS closed
            WHERE closed.is_archived
               OR (SELECT is_kept FROM signal.rollup_horizon)
                  AND (closed.series_id, closed.day) NOT IN (SELECT series_id, day FROM signal.unsettled_rollups())
            UNION ALL
            SELECT series_id, day, count, below, above, sum, least, greatest, first_quarter, first, last, false,
                   coalesce(quarters[cardinality(counts)], first_quarter + coalesce(cardinality(counts), 1) - 1)
            FROM signal.open_rollups()) AS part
      GROUP BY part.series_id, part.day) AS total
JOIN signal.series USING (series_id)
JOIN signal.device USING (device_key)
JOIN signal.metric USING (metric_id);
COMMENT ON VIEW signal.daily IS 'What each series measured on each UTC day, but for days of files that await their first rollup (signal.rollup_due); for another zone, or hours, ask signal.rollup().';
COMMENT ON COLUMN signal.daily.day IS 'UTC day on which the samples begin.';
COMMENT ON COLUMN signal.daily.device_id IS 'What measured.';
COMMENT ON COLUMN signal.daily.metric IS 'What was measured, by its name in the catalogue.';
COMMENT ON COLUMN signal.daily.statistic IS 'What the value says about many measurements; null for a plain measurement.';
COMMENT ON COLUMN signal.daily.count IS 'How many values, bounds apart.';
COMMENT ON COLUMN signal.daily.sum IS 'Their sum; null for a coded metric, as are the numbers after it.';
COMMENT ON COLUMN signal.daily.mean IS 'Their mean.';
COMMENT ON COLUMN signal.daily.least IS 'The least.';
COMMENT ON COLUMN signal.daily.greatest IS 'The greatest.';
COMMENT ON COLUMN signal.daily.first IS 'The first.';
COMMENT ON COLUMN signal.daily.last IS 'The last.';
COMMENT ON COLUMN signal.daily.below IS 'How many samples lay below what the sensor can tell.';
COMMENT ON COLUMN signal.daily.above IS 'How many samples lay above what the sensor can tell.';
COMMENT ON COLUMN signal.daily.first_code IS 'The first code of a coded metric.';
COMMENT ON COLUMN signal.daily.last_code IS 'The last code of a coded metric.';
COMMENT ON COLUMN signal.daily.unit IS 'UCUM unit of the values.';
COMMENT ON COLUMN signal.daily.is_settled IS 'False where late samples of an archived day are in it, which the next roll compares with the archive, and where a file of the archive is not rolled up yet.';
GRANT SELECT ON signal.last, signal.daily TO healthtrack_ingest, healthtrack_roller, healthtrack_migrator;
