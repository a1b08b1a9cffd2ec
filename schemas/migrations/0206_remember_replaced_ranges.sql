-- What a source has taken back, and by which of its words.
--
-- Words may arrive in any order: what is lower than a range that covers its start is outdated, whenever it comes. So each
-- range is remembered, though nothing may have been stored in it. One that lies within another of the same or a higher
-- revision says nothing more and is removed. Whoever writes a range shares its days (advisory locks), so whoever has a
-- day alone sees every range that covers it, and range_id rises among those of a day. The primary key begins with what a
-- look-up has: a range is 100 days long at most, so those that touch a time end within 100 days after it. No foreign
-- key, for the reasons of signal.block. New table, locks nothing. Undo: drop it; words that come late then stand again.
CREATE TABLE signal.replaced_range (
    range_id    bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    from_at     timestamptz NOT NULL,
    to_at       timestamptz NOT NULL,
    revision    bigint      NOT NULL,
    received_at timestamptz NOT NULL,
    series_id   integer     NOT NULL,

    CONSTRAINT replaced_range_pkey PRIMARY KEY (series_id, to_at, from_at),
    CONSTRAINT replaced_range_is_short CHECK (to_at > from_at AND to_at <= from_at + INTERVAL '2400 hours'),
    CONSTRAINT replaced_range_revision_is_a_whole_number CHECK (revision BETWEEN 0 AND 9007199254740992)
);
COMMENT ON TABLE  signal.replaced_range             IS 'Ranges of time that a source has replaced, or emptied, by one of its words.';
COMMENT ON COLUMN signal.replaced_range.range_id    IS 'Rises with each range that is remembered of a day.';
COMMENT ON COLUMN signal.replaced_range.from_at     IS 'The first moment in it.';
COMMENT ON COLUMN signal.replaced_range.to_at       IS 'The first moment after it.';
COMMENT ON COLUMN signal.replaced_range.revision    IS 'What begins in it and has a lower revision, or none, does not stand.';
COMMENT ON COLUMN signal.replaced_range.received_at IS 'When the word that replaces was received.';
COMMENT ON COLUMN signal.replaced_range.series_id   IS 'Whose: signal.series.';
COMMENT ON CONSTRAINT replaced_range_is_short ON signal.replaced_range IS
    'A replaced range ends after it begins, and at most 100 days later.';
COMMENT ON CONSTRAINT replaced_range_revision_is_a_whole_number ON signal.replaced_range IS
    'A revision is a whole number from 0 to 2^53.';

GRANT SELECT, INSERT, DELETE ON signal.replaced_range TO healthtrack_ingest, healthtrack_roller;
GRANT SELECT, INSERT, UPDATE, DELETE ON signal.replaced_range TO healthtrack_migrator;
