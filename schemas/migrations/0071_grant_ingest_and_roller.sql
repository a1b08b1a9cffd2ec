-- What the daemon may do as a login with `healthtrack_ingest`, and what moves days to the archive as one with
-- `healthtrack_roller`.
--
-- Neither owns anything. The few steps that only an owner may take (to make a chunk, drop an empty one, write one anew)
-- are functions that run as their owner and look first whether the table is a chunk of signal.block. Neither sees care,
-- but that the roller reads who wore which device. Statements on a chunk by its own name need grants on the chunk:
-- TimescaleDB copies those of the table, the function does so for partitions. Replaces functions; locks nothing for
-- longer than an instant. Undo: revoke, and replace signal.ensure_chunk by the one of migration 7.
CREATE FUNCTION signal.grant_chunk(chunk regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO healthtrack_ingest', chunk);
    EXECUTE format('GRANT SELECT, DELETE ON %s TO healthtrack_roller', chunk);
END
$$;
COMMENT ON FUNCTION signal.grant_chunk(regclass) IS 'Gives a new chunk the grants of signal.block.';

CREATE OR REPLACE FUNCTION signal.ensure_chunk(day date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
    PERFORM signal.grant_chunk(format('signal.%I', chunk)::regclass);
    EXECUTE format('ALTER TABLE signal.block ATTACH PARTITION signal.%I FOR VALUES FROM (%L) TO (%L)', chunk,
                   day::timestamp AT TIME ZONE 'UTC', (day + 1)::timestamp AT TIME ZONE 'UTC');
    RETURN true;
END
$$;

CREATE FUNCTION signal.check_chunk(chunk regclass) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_inherits WHERE inhparent = 'signal.block'::regclass AND inhrelid = chunk) THEN
        RAISE EXCEPTION USING ERRCODE = 'HT001', CONSTRAINT = 'table_is_a_chunk',
            MESSAGE = 'This is no chunk of signal.block.';
    END IF;
END
$$;
COMMENT ON FUNCTION signal.check_chunk(regclass) IS 'Refuses any table but a chunk of signal.block.';

CREATE FUNCTION signal.drop_chunk_if_empty(chunk regclass) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    holds_some boolean;
BEGIN
    PERFORM signal.check_chunk(chunk);
    EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', chunk);
    -- A statement of its own: it sees what was committed before the lock was had.
    EXECUTE format('SELECT EXISTS (SELECT FROM %s)', chunk) INTO holds_some;
    IF holds_some THEN
        RETURN false;
    END IF;
    EXECUTE format('DROP TABLE %s', chunk);
    RETURN true;
END
$$;
COMMENT ON FUNCTION signal.drop_chunk_if_empty(regclass) IS 'Drops a chunk that holds nothing; false where it holds something. Waits for its lock as long as lock_timeout allows.';

CREATE FUNCTION signal.make_chunk_dense(chunk regclass) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM signal.check_chunk(chunk);
    EXECUTE format('ALTER TABLE %s ALTER COLUMN values SET COMPRESSION pglz, ALTER COLUMN gaps SET COMPRESSION pglz',
                   chunk);
END
$$;
COMMENT ON FUNCTION signal.make_chunk_dense(regclass) IS 'Has long arrays of a chunk compressed by pglz from now on.';

CREATE FUNCTION signal.cluster_chunk(chunk regclass, index name) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM signal.check_chunk(chunk);
    EXECUTE format('CLUSTER %s USING %I', chunk, index);
END
$$;
COMMENT ON FUNCTION signal.cluster_chunk(regclass, name) IS 'Writes a chunk anew in the order of an index.';

REVOKE EXECUTE ON FUNCTION signal.grant_chunk(regclass), signal.ensure_chunk(date),
    signal.drop_chunk_if_empty(regclass), signal.make_chunk_dense(regclass),
    signal.cluster_chunk(regclass, name) FROM PUBLIC;

GRANT USAGE ON SCHEMA signal TO healthtrack_ingest, healthtrack_roller, healthtrack_migrator;
GRANT EXECUTE ON FUNCTION signal.ensure_chunk(date), signal.make_chunk_dense(regclass),
    signal.cluster_chunk(regclass, name) TO healthtrack_ingest;
GRANT EXECUTE ON FUNCTION signal.drop_chunk_if_empty(regclass) TO healthtrack_roller;

GRANT SELECT ON signal.metric, signal.archive, signal.archive_file, signal.erasure TO healthtrack_ingest;
GRANT SELECT, INSERT ON signal.device, signal.series TO healthtrack_ingest;
GRANT UPDATE (shard) ON signal.device TO healthtrack_ingest;
GRANT SELECT, INSERT, UPDATE ON signal.ingest_shard, signal.compaction, signal.quarantine TO healthtrack_ingest;
GRANT SELECT, INSERT, UPDATE, DELETE ON signal.block TO healthtrack_ingest;
GRANT SELECT ON signal.block_sample, signal.sample TO healthtrack_ingest, healthtrack_roller;

GRANT SELECT ON signal.metric TO healthtrack_roller;
GRANT SELECT, UPDATE ON signal.ingest_shard TO healthtrack_roller;
-- FOR UPDATE needs the right to update, and what an erasure erases it deletes.
GRANT SELECT, UPDATE, DELETE ON signal.device TO healthtrack_roller;
GRANT SELECT, DELETE ON signal.series, signal.block TO healthtrack_roller;
GRANT SELECT, INSERT, UPDATE ON signal.archive, signal.archive_file TO healthtrack_roller;
GRANT SELECT, INSERT, UPDATE, DELETE ON signal.quarantine, signal.erasure TO healthtrack_roller;
GRANT USAGE ON SCHEMA care TO healthtrack_roller;
GRANT SELECT (patient_id, device_key, worn_during) ON care.wear TO healthtrack_roller;
CREATE POLICY roller_reads ON care.wear FOR SELECT TO healthtrack_roller USING (true);

GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA signal TO healthtrack_migrator;

DO $$
DECLARE
    chunk regclass;
BEGIN
    FOR chunk IN SELECT inhrelid FROM pg_inherits WHERE inhparent = 'signal.block'::regclass LOOP
        PERFORM signal.grant_chunk(chunk);
    END LOOP;
    -- Programs look whether the schema is as they know it. The table is not there where files are applied by hand.
    IF to_regclass('_sqlx_migrations') IS NOT NULL THEN
        GRANT SELECT ON _sqlx_migrations TO healthtrack_ingest, healthtrack_roller, healthtrack_portal,
            healthtrack_analyst, healthtrack_auditor, healthtrack_migrator;
    END IF;
END
$$;
