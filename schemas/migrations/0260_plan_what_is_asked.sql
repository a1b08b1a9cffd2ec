-- Plan the chunks that are asked for, and no others.
--
-- Each series is asked for in a time of its own, which no planner knows beforehand, so a question planned every chunk:
-- 0.1 s with 550 of them. Times that touch are asked for together, and what all of them lie within is told as well: that
-- is known when the plan is made. Adds a function, drops one and replaces two; locks nothing. Undo: make those of 242 and
-- 245.
CREATE FUNCTION signal.measure_quarters_within(
    series integer, "from" timestamptz, "to" timestamptz, low timestamptz, high timestamptz
)
RETURNS TABLE (day date, quarter smallint, count bigint, below bigint, above bigint, sum double precision,
               "least" double precision, "greatest" double precision, first double precision, last double precision)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 96 AS $$
    SELECT piece.day, piece.quarter::smallint, pg_catalog.sum(piece.count)::bigint, pg_catalog.sum(piece.below)::bigint,
           pg_catalog.sum(piece.above)::bigint, pg_catalog.sum(piece.sum), min(piece.least), max(piece.greatest),
           (min(piece.first))[3], (max(piece.last))[3]
    FROM signal.block
    CROSS JOIN LATERAL (
        SELECT (block.start_at AT TIME ZONE 'UTC')::date AS day, cardinality(block.values) AS size,
               (extract(epoch FROM block.start_at) * 1000000)::bigint % 86400000000 AS start_us
    ) AS known
    CROSS JOIN LATERAL (
        SELECT known.day, cut.quarter, cut.last_place - cut.first_place + 1 AS count, 0 AS below, 0 AS above, added.*,
               ARRAY[known.start_us, 0, block.values[cut.first_place]] AS first,
               ARRAY[known.start_us, 0, block.values[cut.last_place]] AS last
        FROM generate_series(known.start_us / 900000000,
                             (known.start_us + block.tick_us * (known.size - 1)) / 900000000) AS cutting (quarter)
        CROSS JOIN LATERAL (
            SELECT cutting.quarter,
                   greatest((cutting.quarter * 900000000 - known.start_us + block.tick_us - 1) / block.tick_us + 1, 1)
                       AS first_place,
                   least(((cutting.quarter + 1) * 900000000 - known.start_us + block.tick_us - 1) / block.tick_us,
                         known.size) AS last_place
        ) AS cut
        CROSS JOIN LATERAL (
            SELECT pg_catalog.sum(value) AS sum, min(value) AS least, max(value) AS greatest
            FROM unnest(block.values[cut.first_place : cut.last_place]) AS item (value)
        ) AS added
        WHERE block.gaps IS NULL AND block.flags IS NULL AND cut.first_place <= cut.last_place
        UNION ALL
        SELECT known.day, (known.start_us + sample.after_us) / 900000000, pg_catalog.count(*) FILTER (WHERE bound = 0),
               pg_catalog.count(*) FILTER (WHERE bound = 4), pg_catalog.count(*) FILTER (WHERE bound >= 8),
               pg_catalog.sum(value) FILTER (WHERE bound = 0), min(value) FILTER (WHERE bound = 0),
               max(value) FILTER (WHERE bound = 0),
               min(ARRAY[known.start_us + sample.after_us, sample.place, value]) FILTER (WHERE bound = 0),
               max(ARRAY[known.start_us + sample.after_us, sample.place, value]) FILTER (WHERE bound = 0)
        FROM (SELECT item.value, item.place, coalesce(item.flags, 0) & 12 AS bound,
                     CASE WHEN block.gaps IS NULL THEN block.tick_us * (item.place - 1)
                          ELSE block.tick_us * pg_catalog.sum(item.gap) OVER (ROWS UNBOUNDED PRECEDING) END AS after_us
              FROM unnest(block.values, block.gaps, block.flags)
                   WITH ORDINALITY AS item (value, gap, flags, place)
              WHERE block.gaps IS NOT NULL OR block.flags IS NOT NULL) AS sample
        GROUP BY 2
    ) AS piece
    WHERE block.series_id = $1 AND block.start_at >= $4 AND block.start_at < $5
      AND block.start_at >= date_trunc('day', $2, 'UTC') AND block.start_at < $3
      AND block.stop_at >= $2
      AND piece.quarter >= CASE WHEN block.start_at < $2 THEN floor(extract(epoch FROM $2) / 900)::bigint % 96 ELSE 0 END
      AND piece.quarter < CASE WHEN block.stop_at >= $3 THEN floor(extract(epoch FROM $3) / 900)::bigint % 96 ELSE 96 END
    GROUP BY 1, 2
$$;
COMMENT ON FUNCTION signal.measure_quarters_within(integer, timestamptz, timestamptz, timestamptz, timestamptz) IS
    'What the blocks of a series give for each quarter of an hour in [from, to), which begin with a quarter; all of it lies in [low, high), which leaves chunks out.';

CREATE OR REPLACE FUNCTION signal.measure_series(series_ids integer[], from_ats timestamptz[], to_ats timestamptz[])
RETURNS TABLE (series_id integer, day date, quarter smallint, count bigint, below bigint, above bigint,
               sum double precision, "least" double precision, "greatest" double precision, first double precision,
               last double precision)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off AS $$
#variable_conflict use_column
DECLARE
    together record;
BEGIN
    FOR together IN
        SELECT array_agg(placed.series_id) AS ids, array_agg(placed.from_at) AS from_ats, array_agg(placed.to_at) AS to_ats,
               min(placed.low) AS low, max(placed.to_at) AS high
        FROM (SELECT apart.*, pg_catalog.sum(apart.begins) OVER (ORDER BY apart.low, apart.to_at ROWS UNBOUNDED PRECEDING)
                                  AS place
              FROM (SELECT asked.*, date_trunc('day', asked.from_at, 'UTC') AS low,
                           CASE WHEN date_trunc('day', asked.from_at, 'UTC') <= max(asked.to_at) OVER (
                                         ORDER BY date_trunc('day', asked.from_at, 'UTC'), asked.to_at
                                         ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
                                THEN 0 ELSE 1 END AS begins
                    FROM unnest($1, $2, $3) AS asked (series_id, from_at, to_at)
                    WHERE asked.from_at < asked.to_at) AS apart) AS placed
        GROUP BY placed.place
    LOOP
        RETURN QUERY
        SELECT asked.series_id, piece.*
        FROM unnest(together.ids, together.from_ats, together.to_ats) AS asked (series_id, from_at, to_at)
        CROSS JOIN LATERAL signal.measure_quarters_within(asked.series_id, asked.from_at, asked.to_at,
                                                          together.low, together.high) AS piece;
    END LOOP;
END $$;
DROP FUNCTION signal.measure_quarters(integer, timestamptz, timestamptz);

CREATE OR REPLACE FUNCTION signal.open_rollups() RETURNS SETOF signal.rollup_day
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off AS $$
DECLARE
    known   signal.rollup_horizon;
    low     timestamptz;
    ids     integer[];
    from_at timestamptz[];
    to_at   timestamptz[];
BEGIN
    SELECT * INTO STRICT known FROM signal.rollup_horizon;
    low := date_trunc('day', known.closed_until, 'UTC');
    SELECT array_agg(open.series_id), array_agg(open.from_at), array_agg(open.to_at) INTO ids, from_at, to_at
    FROM (SELECT DISTINCT b.series_id,
                 greatest(known.closed_until, date_trunc('day', b.start_at, 'UTC')) AS from_at,
                 date_trunc('day', b.start_at, 'UTC') + INTERVAL '24 hours' AS to_at
          FROM signal.block b
          WHERE b.start_at >= low AND b.stop_at >= known.closed_until
          UNION ALL
          SELECT u.series_id, u.day::timestamp AT TIME ZONE 'UTC',
                 least((u.day + 1)::timestamp AT TIME ZONE 'UTC', known.closed_until)
          FROM signal.unsettled_rollups() AS u WHERE known.is_kept) AS open;
    RETURN QUERY SELECT * FROM signal.pack_rollups(ids, from_at, to_at);
END $$;
GRANT EXECUTE ON FUNCTION
    signal.measure_quarters_within(integer, timestamptz, timestamptz, timestamptz, timestamptz)
    TO healthtrack_ingest, healthtrack_roller, healthtrack_migrator;
