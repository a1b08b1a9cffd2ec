-- Rollups stay when blocks go to the archive.
--
-- What a roll moves for the first time is rolled up already, or is from the blocks that it saw, in the transaction that
-- records the file. Any other file (late samples merged, somebody erased, an archive taken over, files of versions before
-- this one) is noted here when it is recorded, whoever records it, and read when the next roll or erasure is at its end.
-- Until then its days are told as they were, and not as settled.
-- New trigger and functions; locks signal.archive_file for an instant. Undo: drop them.
INSERT INTO signal.rollup_due (first_on, last_on, metric, name)
SELECT (first_start_at AT TIME ZONE 'UTC')::date, (last_start_at AT TIME ZONE 'UTC')::date, metric, name
FROM signal.archive_file WHERE superseded_at IS NULL;

CREATE FUNCTION signal.note_rollup_due() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.superseded_at IS NOT NULL THEN
        DELETE FROM signal.rollup_due d WHERE d.name = NEW.name;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO signal.rollup_due (first_on, last_on, metric, name)
        VALUES ((NEW.first_start_at AT TIME ZONE 'UTC')::date, (NEW.last_start_at AT TIME ZONE 'UTC')::date, NEW.metric,
                NEW.name);
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION signal.note_rollup_due() IS
    'Trigger after a file is recorded or superseded: notes that its samples are to be rolled up, or no longer.';
REVOKE EXECUTE ON FUNCTION signal.note_rollup_due() FROM PUBLIC;
CREATE TRIGGER archive_file_is_rolled_up AFTER INSERT OR UPDATE OF superseded_at ON signal.archive_file
    FOR EACH ROW EXECUTE FUNCTION signal.note_rollup_due();
COMMENT ON TRIGGER archive_file_is_rolled_up ON signal.archive_file IS
    'Trigger after a file is recorded or superseded: notes that its samples are to be rolled up, or no longer.';

CREATE FUNCTION signal.hold_rollups() RETURNS void
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    SELECT pg_advisory_xact_lock(hashtextextended('healthtrack.rollup', 0))
$$;
COMMENT ON FUNCTION signal.hold_rollups() IS 'Keeps rollups from being closed until the transaction ends; waits for the step that is under way.';

CREATE FUNCTION signal.measure_rolled(series_ids integer[], rolled_on date) RETURNS SETOF signal.rollup_day
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off AS $$
DECLARE
    day_at  constant timestamptz := $2::timestamp AT TIME ZONE 'UTC';
    next_at constant timestamptz := ($2 + 1)::timestamp AT TIME ZONE 'UTC';
    settled integer[];
    others  integer[];
BEGIN
    SELECT coalesce(array_agg(r.series_id), '{}') INTO settled
    FROM signal.rollup_day r
    WHERE r.series_id = ANY ($1) AND r.day = $2 AND NOT r.is_archived
      AND (SELECT h.closed_until FROM signal.rollup_horizon h) >= next_at
      AND r.series_id NOT IN (SELECT u.series_id FROM signal.unsettled_rollups() AS u WHERE u.day = $2);
    SELECT coalesce(array_agg(one.series_id), '{}') INTO others
    FROM unnest($1) AS one (series_id) WHERE one.series_id <> ALL (settled);
    RETURN QUERY
    SELECT newest.last_at, newest.last_span_us, newest.last_value, made.sum, made.least, made.greatest, made.first,
           made.last, made.series_id, made.day, made.count, made.below, made.above, newest.last_flags,
           made.first_quarter, true, made.quarters, made.counts, made.belows, made.aboves, made.sums, made.leasts,
           made.greatests, made.firsts, made.lasts, made.split, made.head, made.tail
    FROM (SELECT r.* FROM signal.rollup_day r WHERE r.series_id = ANY (settled) AND r.day = $2 AND NOT r.is_archived
          UNION ALL
          SELECT * FROM signal.pack_rollups(others, array_fill(day_at, ARRAY[cardinality(others)]),
                                            array_fill(next_at, ARRAY[cardinality(others)]))) AS made
    CROSS JOIN LATERAL (
        SELECT b.stop_at AS last_at, coalesce(b.span_us, b.spans_us[cardinality(b.values)]) AS last_span_us,
               b.values[cardinality(b.values)] AS last_value,
               coalesce(b.flags[cardinality(b.values)], 0::smallint) AS last_flags
        FROM signal.block b
        WHERE b.series_id = made.series_id AND b.start_at >= day_at AND b.start_at < next_at
        ORDER BY b.start_at DESC LIMIT 1
    ) AS newest;
END $$;
COMMENT ON FUNCTION signal.measure_rolled(integer[], date) IS
    'The rollups of some series on a UTC day as they are when their blocks go to the archive.';

CREATE FUNCTION signal.forget_rollups(of_patient uuid) RETURNS void
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    WITH gone AS (
        DELETE FROM signal.rollup_day r USING signal.series s, care.wear w
        WHERE w.patient_id = $1 AND s.device_key = w.device_key AND r.series_id = s.series_id
          AND w.worn_during && tstzrange(r.day::timestamp AT TIME ZONE 'UTC', (r.day + 1)::timestamp AT TIME ZONE 'UTC')
        RETURNING r.day, r.is_archived, s.metric_id
    )
    INSERT INTO signal.rollup_due (first_on, last_on, metric, name)
    SELECT DISTINCT (f.first_start_at AT TIME ZONE 'UTC')::date, (f.last_start_at AT TIME ZONE 'UTC')::date, f.metric, f.name
    FROM gone JOIN signal.metric m ON m.metric_id = gone.metric_id
    JOIN signal.archive_file f ON f.metric = m.name AND f.superseded_at IS NULL
     AND f.first_start_at < (gone.day + 1)::timestamp AT TIME ZONE 'UTC'
     AND f.last_start_at >= gone.day::timestamp AT TIME ZONE 'UTC'
    WHERE gone.is_archived
    ON CONFLICT DO NOTHING
$$;
COMMENT ON FUNCTION signal.forget_rollups(uuid) IS
    'Removes what was rolled up of the days on which a patient wore anything; what others measured on them is made again from blocks and files.';
REVOKE EXECUTE ON FUNCTION signal.hold_rollups(), signal.forget_rollups(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal.hold_rollups(), signal.forget_rollups(uuid) TO healthtrack_roller;
GRANT SELECT, INSERT, DELETE ON signal.rollup_due TO healthtrack_roller;
GRANT SELECT ON signal.rollup_due TO healthtrack_ingest;
GRANT SELECT, INSERT, UPDATE, DELETE ON signal.rollup_due TO healthtrack_migrator;
-- Whoever may read samples may ask what they give.
GRANT EXECUTE ON FUNCTION
    signal.measure_quarters(integer, timestamptz, timestamptz),
    signal.measure_series(integer[], timestamptz[], timestamptz[]),
    signal.rollup_buckets(text, timestamptz, timestamptz, text),
    signal.rollup(text[], text[], text, timestamptz, timestamptz, text),
    signal.pack_rollups(integer[], timestamptz[], timestamptz[]),
    signal.unsettled_rollups(), signal.open_rollups()
    TO healthtrack_ingest, healthtrack_roller, healthtrack_migrator;
GRANT EXECUTE ON FUNCTION signal.changed_ranges(bigint, timestamptz) TO healthtrack_migrator;
GRANT SELECT ON signal.change_batch, signal.change_commit TO healthtrack_migrator;
GRANT EXECUTE ON FUNCTION signal.measure_rolled(integer[], date) TO healthtrack_roller;
