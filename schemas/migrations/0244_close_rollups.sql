-- Rollups are closed: what blocks hold of the time that is over is written down, and again where it changes.
--
-- One session closes at a time, under a lock that who removes blocks for good takes too (a roll, an erasure): a row that
-- was read before such a step must not be written after it. Where closing has come no further than a part of a day, the
-- next part is added to its row; where it has fallen behind by more, as at the start, each day with blocks is noted as
-- stale, and made with those that have changed. Each call is short and whole, so a kill costs one call. New functions, lock
-- nothing. Undo: drop them.
CREATE FUNCTION signal.pack_rollups(series_ids integer[], from_ats timestamptz[], to_ats timestamptz[])
RETURNS SETOF signal.rollup_day
LANGUAGE sql STABLE AS $$
    SELECT NULL::timestamptz, NULL::bigint, NULL::double precision, p.sum, p.least, p.greatest,
           (array_remove(p.firsts, NULL))[1], p.all_lasts[cardinality(p.all_lasts)], p.series_id, p.day, p.count, p.below,
           p.above, NULL::smallint, p.first_quarter, false,
           CASE WHEN p.last_quarter - p.first_quarter >= p.pieces THEN p.quarters END,
           CASE WHEN p.pieces > 1 THEN p.counts END,
           CASE WHEN p.pieces > 1 AND p.below > 0 THEN p.belows END,
           CASE WHEN p.pieces > 1 AND p.above > 0 THEN p.aboves END,
           CASE WHEN p.pieces > 1 THEN p.sums END, CASE WHEN p.pieces > 1 THEN p.leasts END,
           CASE WHEN p.pieces > 1 THEN p.greatests END, CASE WHEN p.pieces > 1 THEN p.firsts END,
           CASE WHEN p.pieces > 1 THEN p.lasts END, NULL::smallint, NULL::double precision[], NULL::double precision[]
    FROM (SELECT piece.series_id, piece.day, pg_catalog.sum(piece.count)::integer AS count,
                 pg_catalog.sum(piece.below)::integer AS below, pg_catalog.sum(piece.above)::integer AS above,
                 pg_catalog.sum(piece.sum) AS sum, min(piece.least) AS least, max(piece.greatest) AS greatest,
                 min(piece.quarter) AS first_quarter, max(piece.quarter) AS last_quarter, pg_catalog.count(*) AS pieces,
                 array_agg(piece.quarter) AS quarters, array_agg(piece.count::integer) AS counts,
                 array_agg(piece.below::integer) AS belows, array_agg(piece.above::integer) AS aboves,
                 array_agg(piece.sum) AS sums, array_agg(piece.least) AS leasts, array_agg(piece.greatest) AS greatests,
                 array_agg(piece.first) AS firsts, array_agg(piece.last) AS lasts,
                 array_remove(array_agg(piece.last), NULL) AS all_lasts
          FROM (SELECT * FROM signal.measure_series($1, $2, $3) ORDER BY series_id, day, quarter) AS piece
          GROUP BY 1, 2) AS p
$$;
COMMENT ON FUNCTION signal.pack_rollups(integer[], timestamptz[], timestamptz[]) IS
    'The rows of signal.rollup_day that blocks of some series give, each series in its own time.';
CREATE FUNCTION signal.mark_stale_rollups() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    known signal.rollup_horizon;
    newest bigint;
BEGIN
    SELECT coalesce(max(last_change), 0) INTO newest FROM signal.change_batch;
    SELECT * INTO STRICT known FROM signal.rollup_horizon;
    IF NOT known.is_kept THEN
        DELETE FROM signal.rollup_day WHERE NOT is_archived;
        DELETE FROM signal.rollup_stale;
        UPDATE signal.rollup_place SET closed_until = '-infinity', change = newest;
        RETURN;
    ELSIF known.change = newest THEN
        RETURN;
    END IF;
    INSERT INTO signal.rollup_stale (series_id, day)
    SELECT DISTINCT c.series_id, changed.day
    FROM signal.changed_ranges(known.change, known.closed_until) AS c
    CROSS JOIN LATERAL (
        SELECT (c.first_at AT TIME ZONE 'UTC')::date AS first_on,
               (least(c.last_at, known.closed_until - INTERVAL '1 microsecond') AT TIME ZONE 'UTC')::date AS last_on
    ) AS reach
    CROSS JOIN LATERAL (
        SELECT shown.at::date AS day
        FROM generate_series(reach.first_on::timestamp, reach.last_on::timestamp, INTERVAL '1 day') AS shown (at)
        WHERE isfinite(reach.first_on)
        UNION ALL
        -- What has no beginning was erased: it is stale where it was rolled up.
        SELECT r.day FROM signal.rollup_day r
        WHERE r.series_id = c.series_id AND r.day <= reach.last_on AND NOT r.is_archived AND NOT isfinite(reach.first_on)
    ) AS changed
    ON CONFLICT (series_id, day) DO UPDATE SET failed_at = NULL WHERE rollup_stale.failed_at IS NOT NULL;
    UPDATE signal.rollup_place SET change = newest;
END $$;

CREATE FUNCTION signal.split_rollups(series_ids integer[], days date[]) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $$
    UPDATE signal.rollup_day r SET split = parted.split, head = parted.head, tail = parted.tail
    FROM (
        SELECT one.series_id, one.day, one.is_archived, begins.split,
               ARRAY[coalesce(sum(piece.count) FILTER (WHERE is_before), 0),
                     coalesce(sum(piece.below) FILTER (WHERE is_before), 0),
                     coalesce(sum(piece.above) FILTER (WHERE is_before), 0), sum(piece.sum) FILTER (WHERE is_before),
                     min(piece.least) FILTER (WHERE is_before), max(piece.greatest) FILTER (WHERE is_before),
                     (min(ARRAY[piece.place, piece.first]) FILTER (WHERE is_before AND piece.count > 0))[2],
                     (max(ARRAY[piece.place, piece.last]) FILTER (WHERE is_before AND piece.count > 0))[2]] AS head,
               ARRAY[coalesce(sum(piece.count) FILTER (WHERE NOT is_before), 0),
                     coalesce(sum(piece.below) FILTER (WHERE NOT is_before), 0),
                     coalesce(sum(piece.above) FILTER (WHERE NOT is_before), 0), sum(piece.sum) FILTER (WHERE NOT is_before),
                     min(piece.least) FILTER (WHERE NOT is_before), max(piece.greatest) FILTER (WHERE NOT is_before),
                     (min(ARRAY[piece.place, piece.first]) FILTER (WHERE NOT is_before AND piece.count > 0))[2],
                     (max(ARRAY[piece.place, piece.last]) FILTER (WHERE NOT is_before AND piece.count > 0))[2]] AS tail
        FROM (SELECT DISTINCT * FROM unnest($1, $2) AS given (series_id, day)) AS asked
        JOIN signal.rollup_day one ON one.series_id = asked.series_id AND one.day = asked.day AND one.counts IS NOT NULL
        JOIN signal.series s ON s.series_id = one.series_id
        JOIN care.wear w ON w.device_key = s.device_key
         AND w.worn_during @> (one.day::timestamp AT TIME ZONE 'UTC' + INTERVAL '12 hours')
        JOIN care.patient p ON p.patient_id = w.patient_id
        CROSS JOIN LATERAL (
            SELECT (extract(epoch FROM shown.at - one.day::timestamp AT TIME ZONE 'UTC') / 900)::integer AS split
            FROM (SELECT (one.day + step)::timestamp AT TIME ZONE p.time_zone AS at FROM generate_series(0, 1) AS step) AS shown
            WHERE (shown.at AT TIME ZONE 'UTC')::date = one.day AND extract(epoch FROM shown.at)::bigint % 900 = 0
            LIMIT 1
        ) AS begins
        CROSS JOIN LATERAL unnest(one.counts, one.quarters, one.belows, one.aboves, one.sums, one.leasts, one.greatests,
                                  one.firsts, one.lasts) WITH ORDINALITY
            AS piece (count, quarter, below, above, sum, least, greatest, first, last, place)
        CROSS JOIN LATERAL (
            SELECT coalesce(piece.quarter, one.first_quarter + piece.place - 1) < begins.split AS is_before
        ) AS side
        WHERE begins.split > 0
        GROUP BY 1, 2, 3, 4
    ) AS parted
    WHERE r.series_id = parted.series_id AND r.day = parted.day AND r.is_archived = parted.is_archived
$$;
COMMENT ON FUNCTION signal.split_rollups(integer[], date[]) IS
    'Parts days of series where the day of whoever wore the device begins.';

CREATE FUNCTION signal.append_rollups("from" timestamptz, "to" timestamptz) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
    ids  integer[];
    days date[];
BEGIN
    SELECT coalesce(array_agg(found.series_id), '{}') INTO ids
    FROM (SELECT DISTINCT b.series_id FROM signal.block b
          WHERE b.start_at >= date_trunc('day', $1, 'UTC') AND b.start_at < $2 AND b.stop_at >= $1) AS found;
    INSERT INTO signal.rollup_day AS r
    SELECT * FROM signal.pack_rollups(ids, array_fill($1, ARRAY[cardinality(ids)]), array_fill($2, ARRAY[cardinality(ids)]))
    ON CONFLICT (series_id, day, is_archived) DO UPDATE
    SET count = r.count + excluded.count, below = r.below + excluded.below, above = r.above + excluded.above,
        sum = coalesce(r.sum + excluded.sum, r.sum, excluded.sum), least = least(r.least, excluded.least),
        greatest = greatest(r.greatest, excluded.greatest), first = coalesce(r.first, excluded.first),
        last = coalesce(excluded.last, r.last),
        quarters = CASE
            WHEN r.quarters IS NOT NULL OR excluded.quarters IS NOT NULL
                 OR r.first_quarter + coalesce(cardinality(r.counts), 1) <> excluded.first_quarter
            THEN coalesce(r.quarters, ARRAY(SELECT generate_series(
                     r.first_quarter, r.first_quarter + coalesce(cardinality(r.counts), 1) - 1)::smallint))
                 || coalesce(excluded.quarters, ARRAY(SELECT generate_series(
                     excluded.first_quarter,
                     excluded.first_quarter + coalesce(cardinality(excluded.counts), 1) - 1)::smallint)) END,
        counts = coalesce(r.counts, ARRAY[r.count]) || coalesce(excluded.counts, ARRAY[excluded.count]),
        belows = CASE WHEN r.below + excluded.below > 0 THEN
            coalesce(r.belows, array_fill(r.below, ARRAY[coalesce(cardinality(r.counts), 1)]))
            || coalesce(excluded.belows,
                        array_fill(excluded.below, ARRAY[coalesce(cardinality(excluded.counts), 1)])) END,
        aboves = CASE WHEN r.above + excluded.above > 0 THEN
            coalesce(r.aboves, array_fill(r.above, ARRAY[coalesce(cardinality(r.counts), 1)]))
            || coalesce(excluded.aboves,
                        array_fill(excluded.above, ARRAY[coalesce(cardinality(excluded.counts), 1)])) END,
        sums = coalesce(r.sums, ARRAY[r.sum]) || coalesce(excluded.sums, ARRAY[excluded.sum]),
        leasts = coalesce(r.leasts, ARRAY[r.least]) || coalesce(excluded.leasts, ARRAY[excluded.least]),
        greatests = coalesce(r.greatests, ARRAY[r.greatest]) || coalesce(excluded.greatests, ARRAY[excluded.greatest]),
        firsts = coalesce(r.firsts, ARRAY[r.first]) || coalesce(excluded.firsts, ARRAY[excluded.first]),
        lasts = coalesce(r.lasts, ARRAY[r.last]) || coalesce(excluded.lasts, ARRAY[excluded.last]),
        split = NULL, head = NULL, tail = NULL;
    IF $2 = date_trunc('day', $2, 'UTC') THEN
        SELECT array_agg(r.series_id), array_agg(r.day) INTO ids, days
        FROM signal.rollup_day r WHERE r.day = ($1 AT TIME ZONE 'UTC')::date AND NOT r.is_archived;
        PERFORM signal.split_rollups(ids, days);
    END IF;
END $$;
COMMENT ON FUNCTION signal.append_rollups(timestamptz, timestamptz) IS
    'Adds what begins in [from, to), which lies on one UTC day, to the rollups of that day, which end where it begins.';

CREATE FUNCTION signal.make_rollups(series_ids integer[], days date[], closed_until timestamptz) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
    from_ats timestamptz[];
    to_ats   timestamptz[];
BEGIN
    DELETE FROM signal.rollup_day r USING unnest($1, $2) AS due (series_id, day)
    WHERE r.series_id = due.series_id AND r.day = due.day AND NOT r.is_archived;
    SELECT array_agg(due.day::timestamp AT TIME ZONE 'UTC' ORDER BY due.place),
           array_agg(least((due.day + 1)::timestamp AT TIME ZONE 'UTC', $3) ORDER BY due.place)
    INTO from_ats, to_ats FROM unnest($2) WITH ORDINALITY AS due (day, place);
    INSERT INTO signal.rollup_day SELECT * FROM signal.pack_rollups($1, from_ats, to_ats);
    PERFORM signal.split_rollups($1, $2);
END $$;
COMMENT ON FUNCTION signal.make_rollups(integer[], date[], timestamptz) IS
    'Rolls up what blocks of some series hold on some days, up to where everything is closed.';

CREATE FUNCTION signal.close_rollups(
    before timestamptz, days_max integer, OUT closed_until timestamptz, OUT is_done boolean
)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
#variable_conflict use_column
DECLARE
    known signal.rollup_place;
    until timestamptz := to_timestamp(floor(extract(epoch FROM least($1, now())) / 900) * 900);
    ids   integer[];
    days  date[];
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('healthtrack.rollup', 0)) THEN
        RETURN;
    END IF;
    PERFORM signal.mark_stale_rollups();
    SELECT * INTO STRICT known FROM signal.rollup_place;
    IF until > known.closed_until THEN
        BEGIN
            IF until - INTERVAL '1 microsecond' < date_trunc('day', known.closed_until, 'UTC') + INTERVAL '24 hours' THEN
                PERFORM signal.append_rollups(known.closed_until, until);
            ELSE
                RAISE EXCEPTION USING ERRCODE = 'HT001', MESSAGE = 'Rollups are more than a day behind.';
            END IF;
        EXCEPTION WHEN OTHERS THEN
            INSERT INTO signal.rollup_stale (series_id, day)
            SELECT DISTINCT b.series_id, (b.start_at AT TIME ZONE 'UTC')::date FROM signal.block b
            WHERE b.start_at >= date_trunc('day', known.closed_until, 'UTC') AND b.start_at < until
            ON CONFLICT DO NOTHING;
        END;
        UPDATE signal.rollup_place SET closed_until = until;
        known.closed_until := until;
    END IF;
    WITH due AS (
        DELETE FROM signal.rollup_stale s
        WHERE (s.series_id, s.day) IN (
            SELECT one.series_id, one.day FROM signal.rollup_stale one
            WHERE one.failed_at IS NULL OR one.failed_at < now() - INTERVAL '1 hour'
            ORDER BY one.series_id, one.day LIMIT $2)
        RETURNING s.series_id, s.day
    )
    SELECT coalesce(array_agg(due.series_id ORDER BY due.series_id, due.day), '{}'),
           array_agg(due.day ORDER BY due.series_id, due.day)
    INTO ids, days FROM due;
    BEGIN
        PERFORM signal.make_rollups(ids, days, known.closed_until);
    EXCEPTION WHEN OTHERS THEN
        -- What is wrong with one of them, as with a block that cannot be read, is not wrong with the others.
        FOR place IN 1 .. cardinality(ids) LOOP
            BEGIN
                PERFORM signal.make_rollups(ids[place : place], days[place : place], known.closed_until);
            EXCEPTION WHEN OTHERS THEN
                INSERT INTO signal.rollup_stale (failed_at, series_id, day) VALUES (now(), ids[place], days[place]);
            END;
        END LOOP;
    END;
    closed_until := known.closed_until;
    is_done := NOT EXISTS (SELECT FROM signal.rollup_stale s WHERE s.failed_at IS NULL);
END $$;
COMMENT ON FUNCTION signal.mark_stale_rollups() IS
    'Notes which days of which series have changed since they were rolled up, as the feed of changes tells; where it does not go back far enough, forgets all rollups of blocks.';
COMMENT ON FUNCTION signal.close_rollups(timestamptz, integer) IS
    'Rolls up what begins before a time, and days that have changed, so many of a series at most: how far it came, and whether nothing is left; nulls where somebody else is at it, or rolls or erases.';
REVOKE EXECUTE ON FUNCTION signal.split_rollups(integer[], date[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal.split_rollups(integer[], date[]) TO healthtrack_ingest, healthtrack_roller;
REVOKE EXECUTE ON FUNCTION signal.mark_stale_rollups(), signal.append_rollups(timestamptz, timestamptz),
    signal.make_rollups(integer[], date[], timestamptz), signal.close_rollups(timestamptz, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal.mark_stale_rollups(), signal.append_rollups(timestamptz, timestamptz),
    signal.make_rollups(integer[], date[], timestamptz), signal.close_rollups(timestamptz, integer),
    signal.changed_ranges(bigint, timestamptz) TO healthtrack_ingest;
GRANT EXECUTE ON FUNCTION signal.changed_ranges(bigint, timestamptz) TO healthtrack_roller;
GRANT SELECT, INSERT, UPDATE, DELETE ON signal.rollup_day, signal.rollup_stale TO healthtrack_ingest, healthtrack_roller;
GRANT SELECT, UPDATE ON signal.rollup_place TO healthtrack_ingest;
GRANT SELECT ON signal.rollup_place, signal.change_batch TO healthtrack_roller;
GRANT SELECT ON signal.rollup_horizon TO healthtrack_ingest, healthtrack_roller, healthtrack_migrator;
GRANT SELECT, INSERT, UPDATE, DELETE ON signal.rollup_day, signal.rollup_stale, signal.rollup_place TO healthtrack_migrator;
