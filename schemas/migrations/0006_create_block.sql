-- The hot table: a run of samples of one series in one row.
--
-- One row a sample costs 52 to 90 bytes and an index entry each; a block of 60 costs 14 bytes a sample and is written
-- sixteen times faster. A block never crosses midnight UTC and blocks of one series never overlap: the daemon keeps
-- both, and the unique key catches two blocks that begin together. No foreign key to series: with COPY by several
-- writers and chunks being dropped such keys deadlock, so `healthtrack doctor` proves the reference instead.
-- Columns are ordered by width. Where TimescaleDB is present the table stays plain here and timescale/ turns it into a
-- hypertable; elsewhere it is partitioned by range, a chunk a day. New table, locks nothing. Undo: drop it.
DO $create$
BEGIN
    EXECUTE format($table$
        CREATE TABLE signal.block (
            start_at  timestamptz        NOT NULL,  -- 8
            stop_at   timestamptz        NOT NULL,  -- 8
            tick_us   bigint             NOT NULL,  -- 8
            span_us   bigint,                       -- 8
            series_id integer            NOT NULL,  -- 4
            gaps      integer[],
            spans_us  bigint[],
            flags     smallint[],
            values    double precision[] NOT NULL,

            CONSTRAINT block_starts_once UNIQUE (series_id, start_at),
            CONSTRAINT block_times_are_forward CHECK (stop_at >= start_at AND tick_us > 0),
            CONSTRAINT block_columns_have_one_length CHECK (
                cardinality(values) > 0
                AND (gaps IS NULL OR cardinality(gaps) = cardinality(values))
                AND (spans_us IS NULL OR cardinality(spans_us) = cardinality(values))
                AND (flags IS NULL OR cardinality(flags) = cardinality(values))
            )
        ) %s
    $table$, CASE WHEN EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb') THEN ''
                  ELSE 'PARTITION BY RANGE (start_at)' END);
END
$create$;
-- Long arrays stay beside their row, compressed, instead of costing a second look-up each.
ALTER TABLE signal.block ALTER COLUMN values SET STORAGE MAIN, ALTER COLUMN gaps SET STORAGE MAIN;
COMMENT ON TABLE  signal.block           IS 'Hot samples: runs of samples of one series, a run a row. Read them through signal.sample or signal.samples().';
COMMENT ON COLUMN signal.block.start_at  IS 'Start of the first sample.';
COMMENT ON COLUMN signal.block.stop_at   IS 'Start of the last sample, on the same UTC day.';
COMMENT ON COLUMN signal.block.tick_us   IS 'Microseconds between samples where they lie evenly; else the unit of gaps.';
COMMENT ON COLUMN signal.block.span_us   IS 'Microseconds that every sample lasted; null for instants, and where spans_us tells.';
COMMENT ON COLUMN signal.block.series_id IS 'Whose samples: signal.series.';
COMMENT ON COLUMN signal.block.gaps      IS 'Ticks from the sample before, the first being 0; null where samples lie evenly.';
COMMENT ON COLUMN signal.block.spans_us  IS 'Microseconds that each sample lasted, null for an instant; null where all are alike.';
COMMENT ON COLUMN signal.block.flags     IS 'What is known against each sample: 1 unlikely value, 2 time assumed; null where nothing is.';
COMMENT ON COLUMN signal.block.values    IS 'The values in the metric''s unit; for a coded metric the place of the code, from 0.';
