-- What blocks give for each quarter of an hour.
--
-- Blocks without gaps and flags are cut where quarters begin and only summed up: 0.2 us a sample. The others need a
-- running sum of their gaps: 1 us. A sample belongs to the quarter in which it begins, however long it lasts; a bound
-- (below or above what the sensor can tell) is counted apart and is no value. New functions, lock nothing. Undo: drop them.
CREATE FUNCTION signal.measure_quarters(series integer, "from" timestamptz, "to" timestamptz)
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
    WHERE block.series_id = $1 AND block.start_at >= date_trunc('day', $2, 'UTC') AND block.start_at < $3
      AND block.stop_at >= $2
      AND piece.quarter >= CASE WHEN block.start_at < $2 THEN floor(extract(epoch FROM $2) / 900)::bigint % 96 ELSE 0 END
      AND piece.quarter < CASE WHEN block.stop_at >= $3 THEN floor(extract(epoch FROM $3) / 900)::bigint % 96 ELSE 96 END
    GROUP BY 1, 2
$$;
COMMENT ON FUNCTION signal.measure_quarters(integer, timestamptz, timestamptz) IS
    'What the blocks of a series give for each quarter of an hour in [from, to), which begin with a quarter.';

-- Not inlined, so that a question that needs no block does not plan one for each chunk.
CREATE FUNCTION signal.measure_series(series_ids integer[], from_ats timestamptz[], to_ats timestamptz[])
RETURNS TABLE (series_id integer, day date, quarter smallint, count bigint, below bigint, above bigint,
               sum double precision, "least" double precision, "greatest" double precision, first double precision,
               last double precision)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off AS $$
#variable_conflict use_column
BEGIN
    IF cardinality(series_ids) > 0 THEN
        RETURN QUERY
        SELECT asked.series_id, piece.*
        FROM unnest($1, $2, $3) AS asked (series_id, from_at, to_at)
        CROSS JOIN LATERAL signal.measure_quarters(asked.series_id, asked.from_at, asked.to_at) AS piece
        WHERE asked.from_at < asked.to_at;
    END IF;
END $$;
COMMENT ON FUNCTION signal.measure_series(integer[], timestamptz[], timestamptz[]) IS
    'What the blocks of some series give for each quarter of an hour, each series in its own time.';
