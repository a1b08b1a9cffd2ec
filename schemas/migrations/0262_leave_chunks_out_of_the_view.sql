-- A condition on the time of signal.sample leaves chunks out.
--
-- The time of a sample is computed from its block, and no planner knows how the two are bound: a day of one device was
-- 3.1 s with 550 chunks and 0.04 s by signal.samples(). What a planner does know is that `start_at >= X` and
-- `start_at < A` cannot both be where A is before X, as long as both stand at one branch of a UNION ALL and their times
-- are constants. So samples are unpacked in branches of 8 days, 32 of them to a branch of 256 days. Each says in which
-- time its samples begin, and those that contradict the question go, before anything of what they are made of is looked
-- at; a block lies within a UTC day, and so within one branch. The second branch that is never true makes it a
-- UNION ALL, `WHERE true` keeps what is in it apart until it is needed, and OFFSET 0 has the time of a sample computed
-- once and not for each condition. The same day: 0.07 s, 0.015 s of it the plan.
--
-- Without a condition every branch that holds a chunk is planned, 0.3 s with 550 chunks in the place of 0.04 s, and all
-- that is read goes through two more nodes: up to 1.5 times as long as by signal.block_sample, which stays as it was.
-- signal.holds_blocks() is called immutable, which it is not, so that the planner asks it. A new chunk changes
-- signal.block, which makes every plan void that names it; the branch of no rows that does is there for that. What it
-- looks at must be no older than the plan, or a plan would be kept that never heard of a chunk: so it asks a volatile
-- function, which sees what was committed until now, and of a transaction that sees less (REPEATABLE READ) every branch
-- is planned. A time
-- that is known only when the question is run (`now()`, another column) leaves nothing out; signal.samples() does.
-- Series are looked up first and their blocks by series, so a join from devices or persons reads no others.
--
-- Functions become part of a question only where they run as whoever asks, so whoever may read signal.sample today is
-- granted what it is made of; signal.let_read_samples() does that for another role. Adds functions and replaces a view by
-- one with the same columns; locks it for a moment. Undo: make the view as 203 has it, and drop them.
CREATE FUNCTION signal.find_blocks(low timestamptz, high timestamptz) RETURNS boolean
LANGUAGE plpgsql VOLATILE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    chunk text;
BEGIN
    IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
        RETURN true;
    END IF;
    IF EXISTS (SELECT FROM pg_partitioned_table WHERE partrelid = 'signal.block'::regclass) THEN
        -- The last that begins before the end, by its name (signal.ensure_chunk_within).
        SELECT c.relname INTO chunk FROM pg_class c
        WHERE c.relname < 'block_' || to_char($2 AT TIME ZONE 'UTC', 'YYYYMMDD') AND c.relname > 'block_0'
          AND c.relnamespace = 'signal'::regnamespace AND c.relispartition AND c.relkind <> 'i'
        ORDER BY c.relname DESC LIMIT 1;
        RETURN CASE WHEN chunk ~ '^block_[0-9]{8}$'
                    THEN to_date(substr(chunk, 7, 8), 'YYYYMMDD') + 1 > ($1 AT TIME ZONE 'UTC')::date
                    WHEN chunk ~ '^block_[0-9]{8}_[0-9]{8}$'
                    THEN to_date(substr(chunk, 16, 8), 'YYYYMMDD') > ($1 AT TIME ZONE 'UTC')::date
                    ELSE chunk IS NOT NULL END;
    END IF;
    RETURN coalesce((
        SELECT slice.range_end > (extract(epoch FROM $1) * 1000000)::bigint
        FROM _timescaledb_catalog.dimension_slice AS slice
        WHERE slice.dimension_id = (SELECT dimension.id FROM _timescaledb_catalog.dimension
                                    JOIN _timescaledb_catalog.hypertable ON hypertable.id = dimension.hypertable_id
                                    WHERE hypertable.schema_name = 'signal' AND hypertable.table_name = 'block')
          AND slice.range_start < (extract(epoch FROM $2) * 1000000)::bigint
        ORDER BY slice.range_start DESC LIMIT 1), false);
END $$;
COMMENT ON FUNCTION signal.find_blocks(timestamptz, timestamptz) IS
    'Whether there is a chunk that touches [low, high), of whole UTC days; true in a transaction that may not see all.';

CREATE FUNCTION signal.holds_blocks(low timestamptz, high timestamptz) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN signal.find_blocks($1, $2);
END $$;
COMMENT ON FUNCTION signal.holds_blocks(timestamptz, timestamptz) IS
    'Whether there was a chunk that touches [low, high), of whole UTC days, when the plan was made.';

CREATE FUNCTION signal.unpack_blocks(series integer, low timestamptz, high timestamptz)
RETURNS TABLE (start_at timestamptz, span_us bigint, flags smallint, value double precision,
               utc_offset_minutes smallint, received_at timestamptz, revision bigint)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT sample.start_at, sample.span_us, sample.flags, sample.value,
           coalesce(block.utc_offset_minutes, block.utc_offsets_minutes[sample.origin]),
           coalesce(block.received_at, block.received_ats[sample.origin]),
           coalesce(block.revision, block.revisions[sample.origin])
    FROM signal.block
    CROSS JOIN LATERAL (
        SELECT CASE WHEN block.origin_sizes IS NOT NULL
                    THEN (SELECT array_agg(run.place ORDER BY run.place)
                          FROM unnest(block.origin_sizes) WITH ORDINALITY AS run (size, place)
                          CROSS JOIN generate_series(1, run.size)) END AS places
    ) AS origin
    CROSS JOIN LATERAL (
        SELECT block.start_at + INTERVAL '1 microsecond' * (block.tick_us * (item.place - 1)) AS start_at,
               coalesce(block.span_us, item.span_us) AS span_us,
               coalesce(item.flags, 0::smallint) AS flags,
               item.value,
               item.origin
        FROM unnest(block.values, block.spans_us, block.flags, origin.places)
             WITH ORDINALITY AS item (value, span_us, flags, origin, place)
        WHERE block.gaps IS NULL
        UNION ALL
        SELECT block.start_at + INTERVAL '1 microsecond' * (block.tick_us * sum(item.gap) OVER (ORDER BY item.place)),
               coalesce(block.span_us, item.span_us),
               coalesce(item.flags, 0::smallint),
               item.value,
               item.origin
        FROM unnest(block.values, block.gaps, block.spans_us, block.flags, origin.places)
             WITH ORDINALITY AS item (value, gap, span_us, flags, origin, place)
        WHERE block.gaps IS NOT NULL
    ) AS sample
    WHERE block.series_id = $1 AND block.start_at >= $2 AND block.start_at < $3
    OFFSET 0
$$;
COMMENT ON FUNCTION signal.unpack_blocks(integer, timestamptz, timestamptz) IS
    'The samples of a series in blocks that begin in [low, high).';

CREATE FUNCTION signal.unpack_8_days(series integer, first_s double precision)
RETURNS TABLE (start_at timestamptz, span_us bigint, flags smallint, value double precision,
               utc_offset_minutes smallint, received_at timestamptz, revision bigint)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT unpacked.*
    FROM (SELECT * FROM signal.unpack_blocks($1, to_timestamp($2), to_timestamp($2 + 691200)) WHERE true
          UNION ALL
          SELECT NULL::timestamptz, NULL::bigint, NULL::smallint, NULL::double precision, NULL::smallint,
                 NULL::timestamptz, NULL::bigint WHERE false) AS unpacked
    WHERE signal.holds_blocks(to_timestamp($2), to_timestamp($2 + 691200))
      AND unpacked.start_at >= to_timestamp($2) AND unpacked.start_at < to_timestamp($2 + 691200)
$$;
CREATE FUNCTION signal.unpack_32_times_8_days(series integer, first_s double precision)
RETURNS TABLE (start_at timestamptz, span_us bigint, flags smallint, value double precision,
               utc_offset_minutes smallint, received_at timestamptz, revision bigint)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT * FROM signal.unpack_8_days($1, $2 + 0) UNION ALL
    SELECT * FROM signal.unpack_8_days($1, $2 + 691200) UNION ALL
    SELECT * FROM signal.unpack_8_days($1, $2 + 1382400) UNION ALL
    SELECT * FROM signal.unpack_8_days($1, $2 + 2073600) UNION ALL
    SELECT * FROM signal.unpack_8_days($1, $2 + 2764800) UNION ALL
    SELECT * FROM signal.unpack_8_days($1, $2 + 3456000) UNION ALL
    SELECT * FROM signal.unpack_8_days($1, $2 + 4147200) UNION ALL
    SELECT * FROM signal.unpack_8_days($1, $2 + 4838400) UNION ALL
    SELECT * FROM signal.unpack_8_days($1, $2 + 5529600) UNION ALL
    SELECT * FROM signal.unpack_8_days($1, $2 + 6220800) UNION ALL
    SELECT * FROM signal.unpack_8_days($1, $2 + 6912000) UNION ALL
    SELECT * FROM signal.unpack_8_days($1, $2 + 7603200) UNION ALL
    SELECT * FROM signal.unpack_8_days($1, $2 + 8294400) UNION ALL
    SELECT * FROM signal.unpack_8_days($1, $2 + 8985600) UNION ALL
    SELECT * FROM signal.unpack_8_days($1, $2 + 9676800) UNION ALL
    SELECT * FROM signal.unpack_8_days($1, $2 + 10368000) UNION ALL
    SELECT * FROM signal.unpack_8_days($1, $2 + 11059200) UNION ALL
    SELECT * FROM signal.unpack_8_days($1, $2 + 11750400) UNION ALL
    SELECT * FROM signal.unpack_8_days($1, $2 + 12441600) UNION ALL
    SELECT * FROM signal.unpack_8_days($1, $2 + 13132800) UNION ALL
    SELECT * FROM signal.unpack_8_days($1, $2 + 13824000) UNION ALL
    SELECT * FROM signal.unpack_8_days($1, $2 + 14515200) UNION ALL
    SELECT * FROM signal.unpack_8_days($1, $2 + 15206400) UNION ALL
    SELECT * FROM signal.unpack_8_days($1, $2 + 15897600) UNION ALL
    SELECT * FROM signal.unpack_8_days($1, $2 + 16588800) UNION ALL
    SELECT * FROM signal.unpack_8_days($1, $2 + 17280000) UNION ALL
    SELECT * FROM signal.unpack_8_days($1, $2 + 17971200) UNION ALL
    SELECT * FROM signal.unpack_8_days($1, $2 + 18662400) UNION ALL
    SELECT * FROM signal.unpack_8_days($1, $2 + 19353600) UNION ALL
    SELECT * FROM signal.unpack_8_days($1, $2 + 20044800) UNION ALL
    SELECT * FROM signal.unpack_8_days($1, $2 + 20736000) UNION ALL
    SELECT * FROM signal.unpack_8_days($1, $2 + 21427200)
$$;
CREATE FUNCTION signal.unpack_256_days(series integer, first_s double precision)
RETURNS TABLE (start_at timestamptz, span_us bigint, flags smallint, value double precision,
               utc_offset_minutes smallint, received_at timestamptz, revision bigint)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT unpacked.*
    FROM (SELECT * FROM signal.unpack_32_times_8_days($1, $2) WHERE true
          UNION ALL
          SELECT NULL::timestamptz, NULL::bigint, NULL::smallint, NULL::double precision, NULL::smallint,
                 NULL::timestamptz, NULL::bigint WHERE false) AS unpacked
    WHERE signal.holds_blocks(to_timestamp($2), to_timestamp($2 + 22118400))
      AND unpacked.start_at >= to_timestamp($2) AND unpacked.start_at < to_timestamp($2 + 22118400)
$$;
CREATE FUNCTION signal.unpack_before(series integer, first_s double precision)
RETURNS TABLE (start_at timestamptz, span_us bigint, flags smallint, value double precision,
               utc_offset_minutes smallint, received_at timestamptz, revision bigint)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT unpacked.*
    FROM (SELECT * FROM signal.unpack_blocks($1, '-infinity', to_timestamp($2)) WHERE true
          UNION ALL
          SELECT NULL::timestamptz, NULL::bigint, NULL::smallint, NULL::double precision, NULL::smallint,
                 NULL::timestamptz, NULL::bigint WHERE false) AS unpacked
    WHERE unpacked.start_at < to_timestamp($2)
$$;
CREATE FUNCTION signal.unpack_after(series integer, first_s double precision)
RETURNS TABLE (start_at timestamptz, span_us bigint, flags smallint, value double precision,
               utc_offset_minutes smallint, received_at timestamptz, revision bigint)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT unpacked.*
    FROM (SELECT * FROM signal.unpack_blocks($1, to_timestamp($2), 'infinity') WHERE true
          UNION ALL
          SELECT NULL::timestamptz, NULL::bigint, NULL::smallint, NULL::double precision, NULL::smallint,
                 NULL::timestamptz, NULL::bigint WHERE false) AS unpacked
    WHERE unpacked.start_at >= to_timestamp($2)
$$;
CREATE FUNCTION signal.unpack(series integer)
RETURNS TABLE (start_at timestamptz, span_us bigint, flags smallint, value double precision,
               utc_offset_minutes smallint, received_at timestamptz, revision bigint)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT NULL::timestamptz, NULL::bigint, NULL::smallint, NULL::double precision, NULL::smallint,
                 NULL::timestamptz, NULL::bigint
    FROM signal.block WHERE false UNION ALL
    SELECT * FROM signal.unpack_before($1, 1194393600) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1194393600) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1216512000) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1238630400) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1260748800) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1282867200) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1304985600) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1327104000) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1349222400) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1371340800) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1393459200) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1415577600) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1437696000) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1459814400) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1481932800) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1504051200) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1526169600) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1548288000) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1570406400) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1592524800) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1614643200) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1636761600) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1658880000) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1680998400) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1703116800) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1725235200) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1747353600) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1769472000) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1791590400) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1813708800) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1835827200) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1857945600) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1880064000) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1902182400) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1924300800) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1946419200) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1968537600) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 1990656000) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 2012774400) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 2034892800) UNION ALL
    SELECT * FROM signal.unpack_256_days($1, 2057011200) UNION ALL
    SELECT * FROM signal.unpack_after($1, 2079129600)
$$;
COMMENT ON FUNCTION signal.unpack_8_days(integer, double precision) IS
    'The samples of a series that begin in the 8 days from a midnight UTC on, which is told in seconds since 1970.';
COMMENT ON FUNCTION signal.unpack_32_times_8_days(integer, double precision) IS
    'The samples of a series that begin in the 256 days from a midnight UTC on, in branches of 8 days.';
COMMENT ON FUNCTION signal.unpack_256_days(integer, double precision) IS
    'The samples of a series that begin in the 256 days from a midnight UTC on, which is told in seconds since 1970.';
COMMENT ON FUNCTION signal.unpack_before(integer, double precision) IS
    'The samples of a series that begin before a midnight UTC, which is told in seconds since 1970.';
COMMENT ON FUNCTION signal.unpack_after(integer, double precision) IS
    'The samples of a series that begin from a midnight UTC on, which is told in seconds since 1970.';
COMMENT ON FUNCTION signal.unpack(integer) IS
    'The hot samples of a series, in branches of 256 days from November 2007 to November 2035, and two for all other times.';

CREATE OR REPLACE VIEW signal.sample AS
SELECT device.device_id, metric.name AS metric, series.statistic, sample.start_at,
       sample.start_at + sample.span_us * INTERVAL '1 microsecond' AS end_at,
       CASE WHEN metric.codes IS NULL AND sample.flags & 12 = 0 THEN sample.value END AS value,
       metric.codes[sample.value::integer + 1] AS code, metric.unit,
       CASE WHEN sample.flags = 0 THEN '{}'::text[]
            ELSE array_remove(ARRAY[CASE WHEN sample.flags & 1 <> 0 THEN 'unlikely_value' END,
                                    CASE WHEN sample.flags & 2 <> 0 THEN 'time_assumed' END,
                                    CASE WHEN sample.flags & 4 <> 0 THEN 'below_range' END,
                                    CASE WHEN sample.flags & 8 <> 0 THEN 'above_range' END,
                                    CASE WHEN sample.flags & 16 <> 0 THEN 'before_device' END], NULL) END AS flags,
       sample.utc_offset_minutes, sample.received_at, sample.revision
FROM signal.series
JOIN signal.device USING (device_key)
JOIN signal.metric USING (metric_id)
CROSS JOIN LATERAL signal.unpack(series.series_id) AS sample;
COMMENT ON VIEW signal.sample IS 'Hot samples, one a row. A condition on start_at with a constant time reads the chunks of that time, in steps of eight days, and no others; signal.samples() reads those of whole days. Write the time as a timestamptz; a date leaves out no chunk. A role that is granted SELECT needs signal.let_read_samples(role), too. For what is counted ask signal.rollup().';

CREATE FUNCTION signal.let_read_samples(reader regrole) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    EXECUTE format('GRANT SELECT ON signal.block TO %s', $1);
    EXECUTE format('GRANT EXECUTE ON FUNCTION signal.holds_blocks(timestamptz, timestamptz),
        signal.find_blocks(timestamptz, timestamptz),
        signal.unpack_blocks(integer, timestamptz, timestamptz), signal.unpack_8_days(integer, double precision),
        signal.unpack_32_times_8_days(integer, double precision), signal.unpack_256_days(integer, double precision),
        signal.unpack_before(integer, double precision), signal.unpack_after(integer, double precision),
        signal.unpack(integer) TO %s', $1);
END $$;
COMMENT ON FUNCTION signal.let_read_samples(regrole) IS
    'Grants a role what the view signal.sample is made of; SELECT on the view itself and USAGE on the schema are granted as ever.';
GRANT EXECUTE ON FUNCTION signal.let_read_samples(regrole) TO healthtrack_migrator;

DO $keep$
DECLARE
    reader record;
BEGIN
    FOR reader IN
        SELECT DISTINCT entry.grantee
        FROM pg_class LEFT JOIN pg_attribute ON attrelid = pg_class.oid,
             LATERAL (SELECT * FROM aclexplode(coalesce(relacl, acldefault('r', relowner)))
                      UNION ALL SELECT * FROM aclexplode(attacl)) AS entry
        WHERE pg_class.oid = 'signal.sample'::regclass AND entry.privilege_type = 'SELECT' AND entry.grantee <> 0
    LOOP
        PERFORM signal.let_read_samples(reader.grantee::regrole);
    END LOOP;
END $keep$;
