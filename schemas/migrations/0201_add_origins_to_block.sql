-- How the samples of a block came: when they were received, at which offset their source keeps time, and which word of
-- their source they are.
--
-- A message says this of all its samples, so it stands once; a block that was joined out of several messages says how
-- many samples in a row share which. Null columns take no room in a row, whose header has a bit for each already. The
-- constraint is not proved for rows that are there, where all of the columns are null. Adds columns without a value,
-- locks the table for a moment. Undo: drop them.
ALTER TABLE signal.block
    ADD COLUMN received_at          timestamptz,
    ADD COLUMN revision             bigint,
    ADD COLUMN utc_offset_minutes   smallint,
    ADD COLUMN origin_sizes         integer[],
    ADD COLUMN received_ats         timestamptz[],
    ADD COLUMN utc_offsets_minutes  smallint[],
    ADD COLUMN revisions            bigint[];
ALTER TABLE signal.block ADD CONSTRAINT block_origins_have_one_length CHECK (
    CASE WHEN origin_sizes IS NULL THEN received_ats IS NULL AND utc_offsets_minutes IS NULL AND revisions IS NULL
         ELSE received_at IS NULL AND utc_offset_minutes IS NULL AND revision IS NULL
              AND (received_ats IS NULL OR cardinality(received_ats) = cardinality(origin_sizes))
              AND (utc_offsets_minutes IS NULL OR cardinality(utc_offsets_minutes) = cardinality(origin_sizes))
              AND (revisions IS NULL OR cardinality(revisions) = cardinality(origin_sizes)) END
) NOT VALID;
COMMENT ON CONSTRAINT block_origins_have_one_length ON signal.block IS
    'A block says how its samples came either once for all, or in lists that are as long as origin_sizes.';
COMMENT ON COLUMN signal.block.received_at         IS 'The second in which the samples were received, or the first of a quarter of an hour in which they were; null where that is not known, and where received_ats tells.';
COMMENT ON COLUMN signal.block.revision            IS 'Which word of the source the samples are; null where it counts none, and where revisions tells.';
COMMENT ON COLUMN signal.block.utc_offset_minutes  IS 'Minutes by which the source''s local time was ahead of UTC; null where it did not say, and where utc_offsets_minutes tells.';
COMMENT ON COLUMN signal.block.origin_sizes        IS 'How many samples in a row share one entry of the three lists; null where all samples share what the columns of one value say.';
COMMENT ON COLUMN signal.block.received_ats        IS 'The received_at of each entry; null where none is known.';
COMMENT ON COLUMN signal.block.utc_offsets_minutes IS 'The utc_offset_minutes of each entry; null where none is known.';
COMMENT ON COLUMN signal.block.revisions           IS 'The revision of each entry; null where none has one.';
