-- What one would have without blocks: a row a sample under a unique key, in a hypertable where there is one. The order of
-- the key serves all questions here. All of the devices, and of the person the year that is asked for.
CREATE SCHEMA bench;
CREATE TABLE bench.row (
    start_at  timestamptz      NOT NULL,
    value     double precision NOT NULL,
    series_id integer          NOT NULL
);
SELECT count(*) > 0 AS has_timescale FROM pg_extension WHERE extname = 'timescaledb' \gset
\if :has_timescale
SELECT create_hypertable('bench.row', 'start_at', chunk_time_interval => INTERVAL '7 days', create_default_indexes => false);
\endif
INSERT INTO bench.row (start_at, value, series_id)
SELECT block.start_at + sample.place * INTERVAL '1 microsecond' * block.tick_us, sample.value, block.series_id
FROM signal.block
CROSS JOIN LATERAL (
    SELECT item.value, CASE WHEN block.gaps IS NULL THEN item.place - 1
                            ELSE sum(item.gap) OVER (ROWS UNBOUNDED PRECEDING) END AS place
    FROM unnest(block.values, block.gaps) WITH ORDINALITY AS item (value, gap, place)
) AS sample
WHERE block.start_at >= :'first_day'::timestamptz AND block.series_id NOT IN (
          SELECT series_id FROM signal.series JOIN signal.device USING (device_key) WHERE device_id = 'person')
   OR block.start_at >= :'year_from'::timestamptz AND block.start_at < :'year_to'::timestamptz;
ALTER TABLE bench.row ADD CONSTRAINT row_pkey PRIMARY KEY (series_id, start_at);
VACUUM (ANALYZE) bench.row;
