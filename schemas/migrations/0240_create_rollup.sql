-- Rollups: what a series measured on a day, in pieces of a quarter of an hour.
--
-- Unpacking arrays costs 0.2 to 1 us a sample, so no question over millions of samples is fast by samples. A row holds
-- the totals of a UTC day as numbers, and what its quarters of an hour gave as arrays. Every offset of a zone since 1972
-- is a multiple of a quarter, so hours and days of any zone are made of whole pieces: Kathmandu (+05:45), Lord Howe
-- (a change by half an hour), Santiago (no midnight). Quarters cost what hours would: an array of 96 is compressed, one
-- of 24 is not (1.4 kB both, on a value each 5 s: 4 % of its blocks). A day with one piece has its numbers only once.
--
-- A row speaks of one tier. What blocks of a day hold is computed again whenever they change, and what went to the
-- archive is kept beside it, so neither needs the other: the sum of both is the day, and a day of the archive is
-- answered without a file. Where the day of a person begins within a UTC day, the totals of both parts stand beside it, so
-- that years of days in the wearer's own zone are read and not added up; any other zone is added up. Sums of pieces are sums of doubles: their last digits depend on the order.
-- New tables, lock nothing. Undo: drop them.
CREATE TABLE signal.rollup_day (
    last_at      timestamptz,
    last_span_us bigint,
    last_value   double precision,
    sum          double precision,
    least        double precision,
    greatest     double precision,
    first        double precision,
    last         double precision,
    series_id    integer  NOT NULL,
    day          date     NOT NULL,
    count        integer  NOT NULL,
    below        integer  NOT NULL,
    above        integer  NOT NULL,
    last_flags   smallint,
    first_quarter smallint NOT NULL,
    is_archived  boolean  NOT NULL,
    quarters     smallint[],
    counts       integer[],
    belows       integer[],
    aboves       integer[],
    sums         double precision[],
    leasts       double precision[],
    greatests    double precision[],
    firsts       double precision[],
    lasts        double precision[],
    split        smallint,
    head         double precision[],
    tail         double precision[],

    CONSTRAINT rollup_day_pkey PRIMARY KEY (series_id, day, is_archived),
    CONSTRAINT rollup_day_counts_are_some CHECK (count >= 0 AND below >= 0 AND above >= 0 AND count + below + above > 0),
    CONSTRAINT rollup_day_series_fkey FOREIGN KEY (series_id) REFERENCES signal.series (series_id) ON DELETE CASCADE,
    CONSTRAINT rollup_day_quarter_is_of_a_day CHECK (first_quarter BETWEEN 0 AND 95 AND split BETWEEN 1 AND 95),
    CONSTRAINT rollup_day_halves_are_whole CHECK (
        (split IS NULL) = (head IS NULL) AND (split IS NULL) = (tail IS NULL)
        AND cardinality(head) = 8 AND cardinality(tail) = 8
    ),
    CONSTRAINT rollup_day_pieces_have_one_length CHECK (
        coalesce(cardinality(counts) > 1, true)
        AND coalesce(cardinality(quarters), cardinality(counts)) IS NOT DISTINCT FROM cardinality(counts)
        AND coalesce(cardinality(belows), cardinality(counts)) IS NOT DISTINCT FROM cardinality(counts)
        AND coalesce(cardinality(aboves), cardinality(counts)) IS NOT DISTINCT FROM cardinality(counts)
        AND cardinality(sums) IS NOT DISTINCT FROM cardinality(counts)
        AND cardinality(leasts) IS NOT DISTINCT FROM cardinality(counts)
        AND cardinality(greatests) IS NOT DISTINCT FROM cardinality(counts)
        AND cardinality(firsts) IS NOT DISTINCT FROM cardinality(counts)
        AND cardinality(lasts) IS NOT DISTINCT FROM cardinality(counts)
    )
);
-- Compressed beside their row, since each question for hours or for another zone reads them all.
ALTER TABLE signal.rollup_day SET (toast_tuple_target = 128);
ALTER TABLE signal.rollup_day
    ALTER COLUMN quarters SET STORAGE MAIN, ALTER COLUMN counts SET STORAGE MAIN, ALTER COLUMN belows SET STORAGE MAIN,
    ALTER COLUMN aboves SET STORAGE MAIN, ALTER COLUMN sums SET STORAGE MAIN, ALTER COLUMN leasts SET STORAGE MAIN,
    ALTER COLUMN greatests SET STORAGE MAIN, ALTER COLUMN firsts SET STORAGE MAIN, ALTER COLUMN lasts SET STORAGE MAIN;
COMMENT ON TABLE  signal.rollup_day              IS 'What a series measured on a UTC day, in one tier. Ask signal.rollup(), which adds what has come since.';
COMMENT ON COLUMN signal.rollup_day.last_at      IS 'Start of the newest sample; only told of what is archived.';
COMMENT ON COLUMN signal.rollup_day.last_span_us IS 'Microseconds that the newest sample lasted; null for an instant.';
COMMENT ON COLUMN signal.rollup_day.last_value   IS 'Value of the newest sample.';
COMMENT ON COLUMN signal.rollup_day.sum          IS 'Sum of the values; null where there is none.';
COMMENT ON COLUMN signal.rollup_day.least        IS 'The least value.';
COMMENT ON COLUMN signal.rollup_day.greatest     IS 'The greatest value.';
COMMENT ON COLUMN signal.rollup_day.first        IS 'The first value.';
COMMENT ON COLUMN signal.rollup_day.last         IS 'The last value.';
COMMENT ON COLUMN signal.rollup_day.series_id    IS 'Whose samples: signal.series.';
COMMENT ON COLUMN signal.rollup_day.day          IS 'UTC day on which they begin.';
COMMENT ON COLUMN signal.rollup_day.count        IS 'How many values there are, bounds apart.';
COMMENT ON COLUMN signal.rollup_day.below        IS 'How many samples lay below what the sensor can tell.';
COMMENT ON COLUMN signal.rollup_day.above        IS 'How many samples lay above what the sensor can tell.';
COMMENT ON COLUMN signal.rollup_day.last_flags   IS 'What is known against the newest sample.';
COMMENT ON COLUMN signal.rollup_day.first_quarter IS 'The first piece that holds something: quarters of an hour since midnight UTC.';
COMMENT ON COLUMN signal.rollup_day.is_archived  IS 'Whether these samples are in the archive; else they are in signal.block.';
COMMENT ON COLUMN signal.rollup_day.quarters     IS 'The pieces that hold something; null where they lie side by side.';
COMMENT ON COLUMN signal.rollup_day.counts       IS 'Values in each piece; null, as are the other arrays, where there is one piece.';
COMMENT ON COLUMN signal.rollup_day.belows       IS 'Samples below the sensor''s range in each piece; null where there is none.';
COMMENT ON COLUMN signal.rollup_day.aboves       IS 'Samples above the sensor''s range in each piece; null where there is none.';
COMMENT ON COLUMN signal.rollup_day.sums         IS 'Sum of each piece.';
COMMENT ON COLUMN signal.rollup_day.leasts       IS 'Least value of each piece.';
COMMENT ON COLUMN signal.rollup_day.greatests    IS 'Greatest value of each piece.';
COMMENT ON COLUMN signal.rollup_day.firsts       IS 'First value of each piece.';
COMMENT ON COLUMN signal.rollup_day.lasts        IS 'Last value of each piece.';
COMMENT ON COLUMN signal.rollup_day.split        IS 'Where the day of whoever wears the device begins: quarters of an hour since midnight UTC; null where that is not known, or at midnight UTC.';
COMMENT ON COLUMN signal.rollup_day.head         IS 'What lies before that: count, below, above, sum, least, greatest, first, last.';
COMMENT ON COLUMN signal.rollup_day.tail         IS 'The same of what lies after it.';
COMMENT ON CONSTRAINT rollup_day_pkey ON signal.rollup_day IS 'A series has one row a day and tier.';
COMMENT ON CONSTRAINT rollup_day_counts_are_some ON signal.rollup_day IS 'A row counts at least one sample.';
COMMENT ON CONSTRAINT rollup_day_pieces_have_one_length ON signal.rollup_day IS 'Each array has one element a piece, and none is there for one piece.';
COMMENT ON CONSTRAINT rollup_day_series_fkey ON signal.rollup_day IS 'Add the series first; what it measured goes with it.';
COMMENT ON CONSTRAINT rollup_day_halves_are_whole ON signal.rollup_day IS 'Where a day is parted, each part has eight numbers.';
COMMENT ON CONSTRAINT rollup_day_quarter_is_of_a_day ON signal.rollup_day IS 'A day has 96 quarters of an hour.';

CREATE TABLE signal.rollup_due (
    first_on date NOT NULL,
    last_on  date NOT NULL,
    metric   text NOT NULL,
    name     text NOT NULL,

    CONSTRAINT rollup_due_pkey PRIMARY KEY (name),
    CONSTRAINT rollup_due_file_fkey FOREIGN KEY (name) REFERENCES signal.archive_file (name) ON DELETE CASCADE
);
COMMENT ON TABLE  signal.rollup_due          IS 'Live files of the archive whose samples are not rolled up yet.';
COMMENT ON COLUMN signal.rollup_due.first_on IS 'First UTC day of its samples.';
COMMENT ON COLUMN signal.rollup_due.last_on  IS 'Last UTC day of its samples.';
COMMENT ON COLUMN signal.rollup_due.metric   IS 'What was measured: signal.metric.name.';
COMMENT ON COLUMN signal.rollup_due.name     IS 'Which file: signal.archive_file.';
COMMENT ON CONSTRAINT rollup_due_pkey ON signal.rollup_due IS 'This file is due already.';
COMMENT ON CONSTRAINT rollup_due_file_fkey ON signal.rollup_due IS 'Record the file first.';
