-- Which key named the subjects of a file, and up to which change of wear they are true.
--
-- A file is due for a new generation when another key has become current, or when a later change of wear reaches into
-- its time. Files of before have neither: they become due once a key is given and somebody wore a device on their day.
-- Adding columns with a constant default rewrites nothing; locks the manifest for an instant. Undo: drop the columns.
ALTER TABLE signal.archive_file
    ADD COLUMN wear_change_id bigint NOT NULL DEFAULT 0,
    ADD COLUMN subject_key_id text,
    ADD CONSTRAINT archive_file_wear_change_is_not_negative CHECK (wear_change_id >= 0);
COMMENT ON COLUMN signal.archive_file.wear_change_id IS 'The last care.wear_change that was known when its subjects were decided.';
COMMENT ON COLUMN signal.archive_file.subject_key_id IS 'Which key made its pseudonyms; null where none was given, and subject_id is null throughout.';
