-- Which columns a file of the archive has.
--
-- Files of the first version keep neither flags nor how a sample came. Whoever reads files of both versions at once has
-- to name the missing columns; to find them out from thousands of files would cost each question as much as reading
-- them. Adding a column with a constant default rewrites nothing; locks the manifest for an instant. Undo: drop it.
ALTER TABLE signal.archive_file
    ADD COLUMN schema_version smallint NOT NULL DEFAULT 1,
    ADD CONSTRAINT archive_file_schema_version_is_positive CHECK (schema_version > 0);
COMMENT ON COLUMN signal.archive_file.schema_version IS 'Which columns it has: 1 without flags, utc_offset_minutes, received_at and revision, 2 with them.';
COMMENT ON CONSTRAINT archive_file_schema_version_is_positive ON signal.archive_file IS 'Versions of the files'' columns count from 1.';
