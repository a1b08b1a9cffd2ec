-- Rollups by hour and day, in any zone, exact at every moment.
--
-- What is closed comes from signal.rollup_day; what is not, or has changed since, from blocks. All of it is read in the
-- snapshot of the question, in which a change and the note of it are both seen or both not.
--
-- A bucket is named by its first moment and told whole wherever it touches what is asked for. A day is the time in which
-- the clocks of the zone show one date: 23, 24.5 or 25 hours where they are changed, from 01:00 on where midnight does
-- not exist. An hour ends where the clocks show another or are changed, so an hour that is shown twice is two. A sample
-- belongs to the bucket in which it begins.
--
-- `count` counts values, and `mean` is sum / count; bounds (below or above what a sensor can tell) are counted apart. Of
-- a coded metric there are a count, and the first and last code. `not_measured` is null: sources say of some moments
-- that nothing was measured, which ingest counts and does not store, and a gap alone does not tell why it is one.
-- New functions and view, lock nothing. Undo: drop them.
CREATE FUNCTION signal.rollup_buckets(every text, "from" timestamptz, "to" timestamptz, zone text)
RETURNS TABLE (bucket_at timestamptz, stop_at timestamptz)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    zone constant text := $4;
    starts timestamptz[];
BEGIN
    IF ($2 < $3 AND $2 > '-infinity' AND $3 < 'infinity') IS NOT TRUE THEN
        RAISE EXCEPTION USING ERRCODE = 'HT001', CONSTRAINT = 'rollup_has_a_time',
            MESSAGE = 'Ask for a time that ends after it begins.';
    ELSIF $1 = 'day' THEN
        -- Where a date begins twice or at no midnight, its first moment is up to three hours before what Postgres takes.
        SELECT array_agg(first_at ORDER BY first_at) INTO starts
        FROM (SELECT DISTINCT ON (shown_on) shown_on, earlier.at AS first_at
              FROM generate_series(date_trunc('day', $2 AT TIME ZONE zone) - INTERVAL '1 day',
                                   $3 AT TIME ZONE zone + INTERVAL '2 days', INTERVAL '1 day') AS shown (shown_on)
              CROSS JOIN LATERAL (
                  SELECT shown_on AT TIME ZONE zone - step * INTERVAL '15 minutes' AS at FROM generate_series(0, 12) AS step
              ) AS earlier
              WHERE (earlier.at AT TIME ZONE zone)::date >= shown_on::date
              ORDER BY shown_on, earlier.at) AS begins;
    ELSIF $1 = 'hour' THEN
        IF $3 - $2 > INTERVAL '400 days' THEN
            RAISE EXCEPTION USING ERRCODE = 'HT001', CONSTRAINT = 'rollup_by_hour_is_for_400_days_at_most',
                MESSAGE = 'Ask for 400 days at most at a time, or for days in the place of hours.';
        END IF;
        SELECT array_agg(at ORDER BY at) INTO starts
        FROM (SELECT at, shown, lag(shown) OVER step AS shown_before
              FROM (SELECT at, date_trunc('hour', at AT TIME ZONE zone) AS hour,
                           at AT TIME ZONE zone - at AT TIME ZONE 'UTC' AS ahead
                    FROM generate_series(to_timestamp(floor(extract(epoch FROM $2) / 900) * 900) - INTERVAL '2 hours',
                                         $3 + INTERVAL '2 hours', INTERVAL '15 minutes') AS every_quarter (at)) AS quarter
              CROSS JOIN LATERAL (SELECT (hour, ahead) AS shown) AS clock
              WINDOW step AS (ORDER BY at)) AS quarter
        WHERE shown IS DISTINCT FROM shown_before AND shown_before IS NOT NULL;
    ELSE
        RAISE EXCEPTION USING ERRCODE = 'HT001', CONSTRAINT = 'rollup_is_by_hour_or_day',
            MESSAGE = 'Choose hour or day.';
    END IF;
    IF EXISTS (SELECT FROM unnest(starts) AS begins (at) WHERE extract(epoch FROM at) % 900 <> 0) THEN
        RAISE EXCEPTION USING ERRCODE = 'HT001', CONSTRAINT = 'rollup_zone_is_ahead_by_quarters',
            MESSAGE = 'Choose a zone, and a time since 1972, in which clocks differ from UTC by quarters of an hour.';
    END IF;
    RETURN QUERY
    SELECT * FROM (SELECT begins.at, lead(begins.at) OVER (ORDER BY begins.at) AS stop_at
                   FROM (SELECT DISTINCT at FROM unnest(starts) AS one (at)) AS begins) AS bucket
    WHERE bucket.at < $3 AND bucket.stop_at > $2;
END $$;
COMMENT ON FUNCTION signal.rollup_buckets(text, timestamptz, timestamptz, text) IS
    'The hours or days of a zone that touch [from, to): each with its first moment and that of the next.';

CREATE FUNCTION signal.rollup(
    devices text[], metrics text[], every text, "from" timestamptz, "to" timestamptz, zone text DEFAULT 'UTC'
) RETURNS TABLE (
    device_id text, metric text, statistic text, bucket_at timestamptz, count bigint, sum double precision,
    mean double precision, "least" double precision, "greatest" double precision, first double precision,
    last double precision, not_measured bigint, below bigint, above bigint, first_code text, last_code text, unit text,
    is_settled boolean
)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off AS $$
#variable_conflict use_column
DECLARE
    closed   timestamptz;
    changed  bigint;
    wanted   integer[];
    cut      record;
    from_on  date;
    to_on    date;
    starts   timestamptz[];
    stale_ids  integer[];
    stale_days date[];
    open_ids  integer[];
    open_from timestamptz[];
    open_to   timestamptz[];
BEGIN
    SELECT array_agg(b.bucket_at ORDER BY b.bucket_at) AS starts, min(b.bucket_at) AS low, max(b.stop_at) AS high
    INTO cut FROM signal.rollup_buckets($3, $4, $5, $6) AS b;
    from_on := (cut.low AT TIME ZONE 'UTC')::date;
    to_on := ((cut.high - INTERVAL '1 microsecond') AT TIME ZONE 'UTC')::date;
    SELECT coalesce(array_agg(s.series_id), '{}') INTO wanted
    FROM signal.series s JOIN signal.device d ON d.device_key = s.device_key
    JOIN signal.metric m ON m.metric_id = s.metric_id
    WHERE ($1 IS NULL OR d.device_id = ANY ($1)) AND ($2 IS NULL OR m.name = ANY ($2));
    SELECT h.closed_until, h.change INTO STRICT closed, changed FROM signal.rollup_horizon h;
    closed := least(closed, cut.high);
    IF closed > cut.low THEN
        SELECT array_agg(stale.series_id), array_agg(stale.day) INTO stale_ids, stale_days
        FROM (SELECT s.series_id, s.day FROM signal.rollup_stale s
              WHERE s.series_id = ANY (wanted) AND s.day BETWEEN from_on AND to_on
              UNION
              SELECT c.series_id, shown.at::date
              FROM signal.changed_ranges(changed, closed) AS c
              CROSS JOIN LATERAL generate_series(
                  greatest((greatest(c.first_at, cut.low) AT TIME ZONE 'UTC')::date, from_on)::timestamp,
                  least((least(c.last_at, cut.high) AT TIME ZONE 'UTC')::date, to_on)::timestamp, INTERVAL '1 day')
                  AS shown (at)
              WHERE c.series_id = ANY (wanted)) AS stale;
    END IF;
    open_ids := stale_ids;
    SELECT array_agg(greatest(one.day::timestamp AT TIME ZONE 'UTC', cut.low)),
           array_agg(least((one.day + 1)::timestamp AT TIME ZONE 'UTC', closed))
    INTO open_from, open_to FROM unnest(stale_days) AS one (day);
    IF closed < cut.high THEN
        open_ids := wanted || open_ids;
        open_from := array_fill(greatest(closed, cut.low), ARRAY[cardinality(wanted)]) || open_from;
        open_to := array_fill(cut.high, ARRAY[cardinality(wanted)]) || open_to;
    END IF;
    RETURN QUERY
    WITH bucket AS MATERIALIZED (
        SELECT b.at AS bucket_at, coalesce(lead(b.at) OVER (ORDER BY b.at), cut.high) AS stop_at
        FROM unnest(cut.starts) AS b (at)
    ), segment AS MATERIALIZED (
        -- The part of a UTC day that a bucket takes, in quarters.
        SELECT b.bucket_at, on_day.at::date AS day,
               greatest(extract(epoch FROM b.bucket_at - on_day.at AT TIME ZONE 'UTC') / 900, 0)::integer AS from_quarter,
               least(extract(epoch FROM b.stop_at - on_day.at AT TIME ZONE 'UTC') / 900, 96)::integer AS to_quarter
        FROM bucket b
        CROSS JOIN LATERAL (VALUES (0), (1)) AS after (days)
        CROSS JOIN LATERAL (
            SELECT date_trunc('day', b.bucket_at AT TIME ZONE 'UTC') + after.days * INTERVAL '1 day' AS at
        ) AS on_day
        WHERE on_day.at AT TIME ZONE 'UTC' < b.stop_at
    ), settled AS (
        SELECT r.*, coalesce(cardinality(r.counts), 1) AS pieces FROM signal.rollup_day r
        WHERE r.series_id = ANY (wanted) AND r.day BETWEEN from_on AND to_on
          AND (r.is_archived OR closed > cut.low AND (r.series_id, r.day) NOT IN (
                  SELECT stale.series_id, stale.day FROM unnest(stale_ids, stale_days) AS stale (series_id, day)))
    ), part AS (
        -- Days that lie in one bucket, and pieces that are alone, are told by their totals.
        SELECT r.series_id, s.bucket_at, r.is_archived, extract(epoch FROM r.day)::bigint + 900 * r.first_quarter AS at,
               extract(epoch FROM r.day)::bigint
                   + 900 * coalesce(r.quarters[r.pieces], r.first_quarter + r.pieces - 1) AS last_at,
               r.count::bigint, r.below::bigint, r.above::bigint, r.sum, r.least, r.greatest, r.first, r.last
        FROM settled r JOIN segment s ON s.day = r.day
        WHERE s.from_quarter = 0 AND s.to_quarter = 96
           OR r.pieces = 1 AND r.first_quarter >= s.from_quarter AND r.first_quarter < s.to_quarter
        UNION ALL
        -- Days that are parted where the wearer's begins.
        SELECT r.series_id, s.bucket_at, r.is_archived, extract(epoch FROM r.day)::bigint + 900 * s.from_quarter,
               extract(epoch FROM r.day)::bigint + 900 * s.from_quarter, half.part[1]::bigint, half.part[2]::bigint,
               half.part[3]::bigint, half.part[4], half.part[5], half.part[6], half.part[7], half.part[8]
        FROM settled r
        JOIN segment s ON s.day = r.day AND (s.from_quarter = 0 AND s.to_quarter = r.split
                                             OR s.from_quarter = r.split AND s.to_quarter = 96)
        CROSS JOIN LATERAL (SELECT CASE WHEN s.from_quarter = 0 THEN r.head ELSE r.tail END AS part) AS half
        WHERE $3 = 'day' AND r.pieces > 1 AND half.part[1] + half.part[2] + half.part[3] > 0
        UNION ALL
        SELECT r.series_id, r.bucket_at, r.is_archived,
               extract(epoch FROM r.day)::bigint + 900 * coalesce(r.quarters[r.skipped + 1], r.first_quarter + r.skipped),
               extract(epoch FROM r.day)::bigint + 900 * coalesce(r.quarters[r.taken], r.first_quarter + r.taken - 1),
               added.count, added.below, added.above, added.sum, added.least, added.greatest,
               (array_remove(r.firsts[r.skipped + 1 : r.taken], NULL))[1],
               (SELECT given.last[cardinality(given.last)]
                FROM (SELECT array_remove(r.lasts[r.skipped + 1 : r.taken], NULL) AS last) AS given)
        FROM (SELECT r.*, s.bucket_at,
                     CASE WHEN r.quarters IS NULL THEN greatest(s.from_quarter - r.first_quarter, 0)
                          ELSE (SELECT pg_catalog.count(*) FROM unnest(r.quarters) AS one (quarter)
                                WHERE one.quarter < s.from_quarter) END AS skipped,
                     CASE WHEN r.quarters IS NULL THEN least(s.to_quarter - r.first_quarter, r.pieces)
                          ELSE (SELECT pg_catalog.count(*) FROM unnest(r.quarters) AS one (quarter)
                                WHERE one.quarter < s.to_quarter) END AS taken
              FROM settled r JOIN segment s ON s.day = r.day
              WHERE $3 = 'day' AND r.pieces > 1 AND NOT (s.from_quarter = 0 AND s.to_quarter = 96)
                AND NOT coalesce(s.from_quarter = 0 AND s.to_quarter = r.split
                                 OR s.from_quarter = r.split AND s.to_quarter = 96, false) OFFSET 0) AS r
        CROSS JOIN LATERAL (
            SELECT pg_catalog.sum(piece.count) AS count, pg_catalog.sum(piece.below) AS below,
                   pg_catalog.sum(piece.above) AS above, pg_catalog.sum(piece.sum) AS sum, min(piece.least) AS least,
                   max(piece.greatest) AS greatest
            FROM unnest(r.counts[r.skipped + 1 : r.taken], r.belows[r.skipped + 1 : r.taken],
                        r.aboves[r.skipped + 1 : r.taken], r.sums[r.skipped + 1 : r.taken],
                        r.leasts[r.skipped + 1 : r.taken], r.greatests[r.skipped + 1 : r.taken])
                AS piece (count, below, above, sum, least, greatest)
        ) AS added
        WHERE r.skipped < r.taken
        UNION ALL
        SELECT r.series_id, s.bucket_at, r.is_archived, extract(epoch FROM r.day)::bigint + 900 * r.quarter,
               extract(epoch FROM r.day)::bigint + 900 * r.quarter, r.piece_count,
               r.piece_below, r.piece_above, r.piece_sum, r.piece_least, r.piece_greatest, r.piece_first, r.piece_last
        FROM (SELECT r.series_id, r.day, r.is_archived,
                     coalesce(piece.quarter, r.first_quarter + piece.place - 1) AS quarter,
                     piece.count AS piece_count, piece.below AS piece_below, piece.above AS piece_above,
                     piece.sum AS piece_sum, piece.least AS piece_least, piece.greatest AS piece_greatest,
                     piece.first AS piece_first, piece.last AS piece_last
              FROM settled r
              CROSS JOIN LATERAL unnest(r.counts, r.quarters, r.belows, r.aboves, r.sums, r.leasts, r.greatests, r.firsts,
                                        r.lasts) WITH ORDINALITY
                  AS piece (count, quarter, below, above, sum, least, greatest, first, last, place)
              WHERE $3 = 'hour' AND r.pieces > 1) AS r
        JOIN segment s ON s.day = r.day AND s.from_quarter <= r.quarter AND s.to_quarter > r.quarter
        UNION ALL
        SELECT piece.series_id, s.bucket_at, false, extract(epoch FROM piece.day)::bigint + 900 * piece.quarter,
               extract(epoch FROM piece.day)::bigint + 900 * piece.quarter,
               piece.count, piece.below, piece.above, piece.sum, piece.least, piece.greatest, piece.first, piece.last
        FROM signal.measure_series(open_ids, open_from, open_to) AS piece
        JOIN segment s ON s.day = piece.day AND piece.quarter >= s.from_quarter AND piece.quarter < s.to_quarter
    ), total AS (
        SELECT p.series_id, p.bucket_at, pg_catalog.sum(p.count)::bigint AS count,
               coalesce(pg_catalog.sum(p.below), 0)::bigint AS below, coalesce(pg_catalog.sum(p.above), 0)::bigint AS above,
               pg_catalog.sum(p.sum) AS sum, min(p.least) AS least, max(p.greatest) AS greatest,
               (min(ARRAY[p.at, p.first]) FILTER (WHERE p.count > 0))[2] AS first,
               (max(ARRAY[p.last_at, p.last]) FILTER (WHERE p.count > 0))[2] AS last,
               bool_and(p.is_archived) = bool_or(p.is_archived) AS is_settled
        FROM part p GROUP BY 1, 2
    ), due AS MATERIALIZED (
        SELECT f.metric, f.first_on, f.last_on FROM signal.rollup_due f WHERE f.first_on <= to_on AND f.last_on >= from_on
    )
    SELECT d.device_id, m.name, s.statistic, t.bucket_at, t.count,
           CASE WHEN m.codes IS NULL THEN t.sum END, CASE WHEN m.codes IS NULL THEN t.sum / nullif(t.count, 0) END,
           CASE WHEN m.codes IS NULL THEN t.least END, CASE WHEN m.codes IS NULL THEN t.greatest END,
           CASE WHEN m.codes IS NULL THEN t.first END, CASE WHEN m.codes IS NULL THEN t.last END,
           NULL::bigint, t.below, t.above, m.codes[t.first::integer + 1], m.codes[t.last::integer + 1], m.unit,
           t.is_settled AND NOT EXISTS (
               SELECT FROM due WHERE due.metric = m.name AND due.first_on <= (t.bucket_at AT TIME ZONE 'UTC')::date + 1
                                 AND due.last_on >= (t.bucket_at AT TIME ZONE 'UTC')::date)
    FROM total t
    JOIN signal.series s ON s.series_id = t.series_id
    JOIN signal.device d ON d.device_key = s.device_key
    JOIN signal.metric m ON m.metric_id = s.metric_id;
END $$;
COMMENT ON FUNCTION signal.rollup(text[], text[], text, timestamptz, timestamptz, text) IS
    'What devices measured in each hour or day of a zone that touches [from, to), in no order; null devices or metrics are all. Exact at every moment: what is closed is read, what is not, or has changed since, is computed. is_settled is false where late samples of an archived day are in it that the next roll compares with the archive, and where a file of the archive is not rolled up yet.';
