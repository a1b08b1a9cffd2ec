-- What files of the archive know of what their sources have said anew.
--
-- A roll weighs hot samples against archived ones by the rule of revisions, for which it must be known what was said
-- after a file was written. So superseded values are numbered by the sequence that numbers replaced ranges, and a file
-- notes the number up to which it knows all of its metric and day: it is drawn while the day is held alone, so that
-- what is lower is committed. What a roll itself supersedes has the number of its file; null is what was superseded
-- before there were numbers. Files of before know of nothing that was replaced (0), so the next roll looks at each day
-- that a range touches, once.
--
-- Adds a column without a value, one with a constant default, and two indexes on what is small beside the samples;
-- locks signal.superseded_value and signal.replaced_range against writing while these are made, and signal.archive_file
-- for an instant. Undo: drop them; no older version needs them.
ALTER TABLE signal.superseded_value ADD COLUMN superseded_id bigint;
ALTER TABLE signal.superseded_value ALTER COLUMN superseded_id SET DEFAULT nextval('signal.replaced_range_range_id_seq');
COMMENT ON COLUMN signal.superseded_value.superseded_id IS 'Rises with each value that is superseded or range that is replaced of a day; that of the new file where a roll superseded it; null where that was before there were numbers.';
CREATE INDEX superseded_value_superseded_id_idx ON signal.superseded_value (superseded_id);
CREATE INDEX replaced_range_range_id_idx ON signal.replaced_range (range_id);

ALTER TABLE signal.archive_file
    ADD COLUMN revised_to bigint NOT NULL DEFAULT 0,
    ADD CONSTRAINT archive_file_revised_to_is_not_negative CHECK (revised_to >= 0);
COMMENT ON COLUMN signal.archive_file.revised_to IS 'It knows all that was superseded and replaced of its metric and day up to this superseded_id and range_id; 0 where it knows of nothing.';
COMMENT ON CONSTRAINT archive_file_revised_to_is_not_negative ON signal.archive_file IS 'What a file knows of revisions is counted from 0.';

GRANT USAGE ON SEQUENCE signal.replaced_range_range_id_seq
    TO healthtrack_ingest, healthtrack_roller, healthtrack_migrator;
