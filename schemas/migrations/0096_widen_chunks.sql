-- Chunks of more than a day.
--
-- Ten years of daily weights in one message made 3,650 chunks: 85 s of work, seconds of planning for each later question,
-- and a second such message ran out of the server's locks. So the daemon asks for a chunk that holds a day and as many
-- days around it as it thinks right (`store::hot::layout`), and this makes it, cut back where neighbours are. How wide a
-- partition is stands in its name: block_YYYYMMDD is one day, block_YYYYMMDD_YYYYMMDD goes from the first up to, and not
-- into, the second.
--
-- A partition is made beside the table and then attached, which locks the table only against other changes of its shape.
-- TimescaleDB has one width for a whole hypertable and no other way to make a chunk in the Apache build than a row: so
-- the width is changed, a row put in and taken out, and the width changed back, in one transaction. Who else needs a
-- new chunk meanwhile waits for some 10 ms, and nobody else does.
-- Replaces a function and adds two; locks nothing. Undo: drop them, and replace signal.ensure_chunk by the one of 71.
CREATE FUNCTION signal.chunks() RETURNS TABLE (name text, from_at timestamptz, to_at timestamptz)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM pg_partitioned_table WHERE partrelid = 'signal.block'::regclass) THEN
        RETURN QUERY
            SELECT format('signal.%I', relname),
                   to_date(substr(relname, 7, 8), 'YYYYMMDD')::timestamp AT TIME ZONE 'UTC',
                   (CASE WHEN length(relname) > 14 THEN to_date(substr(relname, 16, 8), 'YYYYMMDD')
                         ELSE to_date(substr(relname, 7, 8), 'YYYYMMDD') + 1 END)::timestamp AT TIME ZONE 'UTC'
            FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
            WHERE inhparent = 'signal.block'::regclass AND relname ~ '^block_[0-9]{8}(_[0-9]{8})?$';
    ELSE
        RETURN QUERY EXECUTE
            'SELECT format(''%I.%I'', chunk_schema, chunk_name), range_start, range_end
             FROM timescaledb_information.chunks
             WHERE hypertable_schema = ''signal'' AND hypertable_name = ''block''';
    END IF;
END
$$;
COMMENT ON FUNCTION signal.chunks() IS 'The chunks of signal.block: their table, quoted; where they begin; and where the next one begins.';

CREATE FUNCTION signal.ensure_chunk_within(
    day date, low date, high date, OUT from_on date, OUT to_on date, OUT is_new boolean
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    day_at timestamptz := day::timestamp AT TIME ZONE 'UTC';
    is_partitioned boolean := EXISTS (SELECT FROM pg_partitioned_table WHERE partrelid = 'signal.block'::regclass);
    chunk text;
    extension text;
BEGIN
    IF (low <= day AND day < high) IS NOT TRUE THEN
        RAISE EXCEPTION USING ERRCODE = 'HT001', CONSTRAINT = 'chunk_holds_its_day',
            MESSAGE = 'A chunk must hold the day that it is made for.';
    END IF;
    -- Two lanes may meet the first sample of a day together: the second waits, and then finds the chunk made.
    FOR attempt IN 1..2 LOOP
        SELECT (c.from_at AT TIME ZONE 'UTC')::date, (c.to_at AT TIME ZONE 'UTC')::date, false
        INTO from_on, to_on, is_new
        FROM signal.chunks() c WHERE c.from_at <= day_at AND c.to_at > day_at;
        IF FOUND THEN
            RETURN;
        END IF;
        PERFORM pg_advisory_xact_lock(hashtextextended('signal.ensure_chunk', 0));
    END LOOP;
    is_new := true;
    IF is_partitioned THEN
        SELECT greatest(low, (max(c.to_at) FILTER (WHERE c.to_at <= day_at) AT TIME ZONE 'UTC')::date),
               least(high, (min(c.from_at) FILTER (WHERE c.from_at > day_at) AT TIME ZONE 'UTC')::date)
        INTO from_on, to_on FROM signal.chunks() c;
        chunk := 'block_' || to_char(from_on, 'YYYYMMDD')
                 || CASE WHEN to_on > from_on + 1 THEN '_' || to_char(to_on, 'YYYYMMDD') ELSE '' END;
        EXECUTE format('CREATE TABLE signal.%I (LIKE signal.block INCLUDING ALL)', chunk);
        PERFORM signal.grant_chunk(format('signal.%I', chunk)::regclass);
        EXECUTE format('ALTER TABLE signal.block ATTACH PARTITION signal.%I FOR VALUES FROM (%L) TO (%L)', chunk,
                       from_on::timestamp AT TIME ZONE 'UTC', to_on::timestamp AT TIME ZONE 'UTC');
    ELSIF high > low + 1 THEN
        SELECT extnamespace::regnamespace::text INTO STRICT extension FROM pg_extension WHERE extname = 'timescaledb';
        EXECUTE format('SELECT %s.set_chunk_time_interval(''signal.block'', $1)', extension)
            USING make_interval(days => high - low);
        INSERT INTO signal.block (start_at, stop_at, tick_us, series_id, values) VALUES (day_at, day_at, 1, 0, '{0}');
        DELETE FROM signal.block WHERE start_at = day_at AND series_id = 0;
        EXECUTE format('SELECT %s.set_chunk_time_interval(''signal.block'', $1)', extension)
            USING make_interval(days => 1);
        SELECT (c.from_at AT TIME ZONE 'UTC')::date, (c.to_at AT TIME ZONE 'UTC')::date INTO STRICT from_on, to_on
        FROM signal.chunks() c WHERE c.from_at <= day_at AND c.to_at > day_at;
    ELSE
        -- The row that needs a chunk of a day makes it.
        SELECT day, day + 1, false INTO from_on, to_on, is_new;
    END IF;
END
$$;
COMMENT ON FUNCTION signal.ensure_chunk_within(date, date, date) IS 'Makes the chunk of a UTC day where it is missing, from low up to high but for what neighbours hold; returns the days of the chunk, and true where it made one.';

CREATE OR REPLACE FUNCTION signal.ensure_chunk(day date) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT is_new FROM signal.ensure_chunk_within(day, day, day + 1)
$$;

REVOKE EXECUTE ON FUNCTION signal.chunks(), signal.ensure_chunk_within(date, date, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal.chunks() TO healthtrack_ingest, healthtrack_roller;
GRANT EXECUTE ON FUNCTION signal.ensure_chunk_within(date, date, date) TO healthtrack_ingest;

COMMENT ON TABLE  signal.compaction         IS 'Which chunks have had the small blocks of days that are over joined, and what that did.';
COMMENT ON COLUMN signal.compaction.written IS 'Rows that the server had ever counted into the chunk when that look began; -1 where some of its days were not over.';
