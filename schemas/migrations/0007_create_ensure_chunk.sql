-- Chunks made ahead of time on plain Postgres.
--
-- TimescaleDB makes a chunk when a row asks for it; plain Postgres refuses the row. The daemon calls this for each new
-- day before its COPY and for the coming days at leisure. The chunk is made beside the table and then attached: that
-- locks the table only against other changes of its shape, while CREATE TABLE … PARTITION OF would stop every reader.
-- New function, locks nothing. Undo: drop it.
CREATE FUNCTION signal.ensure_chunk(day date) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    chunk text := 'block_' || to_char(day, 'YYYYMMDD');
BEGIN
    IF NOT EXISTS (SELECT FROM pg_partitioned_table WHERE partrelid = 'signal.block'::regclass) THEN
        RETURN false;
    END IF;
    IF to_regclass(format('signal.%I', chunk)) IS NOT NULL THEN
        RETURN false;
    END IF;
    -- Two lanes may meet the first sample of a day together: the second waits, and then finds the chunk made. It looks
    -- into the catalogue itself, since to_regclass may answer from a cache that the wait did not refresh.
    PERFORM pg_advisory_xact_lock(hashtextextended('signal.ensure_chunk', 0));
    IF EXISTS (SELECT FROM pg_class WHERE relname = chunk AND relnamespace = 'signal'::regnamespace) THEN
        RETURN false;
    END IF;
    EXECUTE format('CREATE TABLE signal.%I (LIKE signal.block INCLUDING ALL)', chunk);
    EXECUTE format('ALTER TABLE signal.block ATTACH PARTITION signal.%I FOR VALUES FROM (%L) TO (%L)', chunk,
                   day::timestamp AT TIME ZONE 'UTC', (day + 1)::timestamp AT TIME ZONE 'UTC');
    RETURN true;
END
$$;
COMMENT ON FUNCTION signal.ensure_chunk(date) IS 'Makes the chunk of one UTC day where it is missing; true where it made one. Does nothing on a hypertable.';
