-- signal.block as a hypertable, a chunk a day.
--
-- Applied only where TimescaleDB is present, after the migrations, and harmless when repeated. A table that plain
-- Postgres has already partitioned stays as it is. The unique key (series_id, start_at) is the only index.
SELECT create_hypertable('signal.block', 'start_at', chunk_time_interval => INTERVAL '1 day',
                         create_default_indexes => false, if_not_exists => true)
WHERE EXISTS (SELECT FROM pg_class WHERE oid = 'signal.block'::regclass AND relkind = 'r');
