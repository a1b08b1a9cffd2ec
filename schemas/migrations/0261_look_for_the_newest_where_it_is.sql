-- The newest sample is looked for where it is.
--
-- Without a time a question plans every chunk, 0.1 s with 550 of them, and the newest block of a series is nearly always
-- of yesterday or today. So these days are looked at first. signal.recent_from() is called immutable, which it is not:
-- thereby the planner asks it, and leaves the other chunks out. What it said when a plan was made may be old when that is
-- run, and the answer is the same, since all blocks from then on are looked at, and those before it by whoever is not
-- found. A series that has nothing there is looked for on the last day on which it was rolled up, unless something has
-- changed since, and else everywhere. Whoever has nothing rolled up has nothing before what is closed.
-- Adds functions and replaces a view by one with the same columns; locks it for a moment. Undo: make the view as 245
-- has it, and drop them.
CREATE FUNCTION signal.recent_from() RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT date_trunc('day', h.closed_until, 'UTC') - INTERVAL '24 hours' FROM signal.rollup_horizon h
$$;
COMMENT ON FUNCTION signal.recent_from() IS
    'A day before that up to which rollups are closed, as it was when the plan was made: for questions that are answered alike whatever it says.';

CREATE FUNCTION signal.changed_series(before timestamptz) RETURNS integer[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    known signal.rollup_horizon;
BEGIN
    SELECT * INTO STRICT known FROM signal.rollup_horizon;
    IF NOT known.is_kept OR known.closed_until < $1 THEN
        RETURN NULL;
    END IF;
    RETURN ARRAY(SELECT DISTINCT c.series_id FROM signal.changed_ranges(known.change, known.closed_until) AS c);
END $$;
COMMENT ON FUNCTION signal.changed_series(timestamptz) IS
    'Series of which something has changed that was rolled up, as far as that is not noted as stale yet; null where that is not known, or where not all before a time is closed.';

CREATE FUNCTION signal.newest_within(series integer, low timestamptz, high timestamptz)
RETURNS TABLE (start_at timestamptz, span_us bigint, value double precision, flags smallint)
LANGUAGE plpgsql STABLE STRICT SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan
SET jit = off ROWS 1 AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
        SELECT b.stop_at, coalesce(b.span_us, b.spans_us[cardinality(b.values)]), b.values[cardinality(b.values)],
               coalesce(b.flags[cardinality(b.values)], 0::smallint)
        FROM signal.block b
        WHERE b.series_id = $1 AND b.start_at >= $2 AND b.start_at < $3 ORDER BY b.start_at DESC LIMIT 1;
END $$;
COMMENT ON FUNCTION signal.newest_within(integer, timestamptz, timestamptz) IS
    'The newest hot sample of a series in a block that begins in [low, high); nothing where one of them is null.';

CREATE OR REPLACE VIEW signal.last AS
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
LEFT JOIN LATERAL (
    SELECT block.stop_at AS start_at, coalesce(block.span_us, block.spans_us[cardinality(block.values)]) AS span_us,
           block.values[cardinality(block.values)] AS value,
           coalesce(block.flags[cardinality(block.values)], 0::smallint) AS flags
    FROM signal.block WHERE block.series_id = series.series_id AND block.start_at >= signal.recent_from()
    ORDER BY block.start_at DESC LIMIT 1
) AS recent ON true
CROSS JOIN LATERAL (
    SELECT * FROM (
        SELECT recent.* WHERE recent.start_at IS NOT NULL
        UNION ALL
        (SELECT older.*
         FROM (SELECT coalesce(series.series_id = ANY ((SELECT signal.changed_series(signal.recent_from()))::integer[]), true)
                      OR EXISTS (SELECT FROM signal.rollup_stale AS stale WHERE stale.series_id = series.series_id)
                      AS is_changed,
                      (SELECT kept.day FROM signal.rollup_day AS kept
                       WHERE kept.series_id = series.series_id AND NOT kept.is_archived ORDER BY kept.day DESC LIMIT 1)
                      AS rolled_on
               OFFSET 0) AS known
         CROSS JOIN LATERAL signal.newest_within(
             series.series_id,
             CASE WHEN known.is_changed THEN '-infinity' ELSE known.rolled_on::timestamp AT TIME ZONE 'UTC' END,
             CASE WHEN known.is_changed THEN signal.recent_from()
                  ELSE least(signal.recent_from(), (known.rolled_on + 1)::timestamp AT TIME ZONE 'UTC') END) AS older
         WHERE recent.start_at IS NULL)
        UNION ALL
        (SELECT kept.last_at, kept.last_span_us, kept.last_value, kept.last_flags
         FROM signal.rollup_day AS kept
         WHERE kept.series_id = series.series_id AND kept.is_archived AND kept.last_at IS NOT NULL
         ORDER BY kept.day DESC LIMIT 1)
    ) AS either ORDER BY either.start_at DESC LIMIT 1
) AS newest;
ALTER FUNCTION signal.recent_from() SECURITY DEFINER;
ALTER FUNCTION signal.changed_series(timestamptz) SECURITY DEFINER;
ALTER FUNCTION signal.newest_within(integer, timestamptz, timestamptz) SECURITY DEFINER;
GRANT EXECUTE ON FUNCTION signal.recent_from(), signal.changed_series(timestamptz), signal.newest_within(integer, timestamptz, timestamptz)
    TO healthtrack_ingest, healthtrack_roller, healthtrack_migrator;

-- Whoever may read signal.last today reads it still.
DO $keep$
DECLARE
    reader record;
BEGIN
    FOR reader IN
        SELECT DISTINCT entry.grantee
        FROM pg_class LEFT JOIN pg_attribute ON attrelid = pg_class.oid,
             LATERAL (SELECT * FROM aclexplode(coalesce(relacl, acldefault('r', relowner)))
                      UNION ALL SELECT * FROM aclexplode(attacl)) AS entry
        WHERE pg_class.oid = 'signal.last'::regclass AND entry.privilege_type = 'SELECT' AND entry.grantee <> 0
    LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION signal.recent_from(), signal.changed_series(timestamptz),
                        signal.newest_within(integer, timestamptz, timestamptz) TO %s', reader.grantee::regrole);
    END LOOP;
END $keep$;
