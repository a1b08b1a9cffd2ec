-- The manifest of the archive: every file that was ever part of it.
--
-- A sample is archived when the transaction that makes its file's row visible has committed; the same transaction
-- removes its block. So in any one snapshot each sample is in a live file or in signal.block, and a late one that is in
-- both is told by its key. Rows are never deleted: a file that is missing must be missed.
-- New table, locks nothing. Undo: drop it once no archive is left.
CREATE TABLE signal.archive_file (
    written_at     timestamptz NOT NULL,
    superseded_at  timestamptz,
    removed_at     timestamptz,
    first_start_at timestamptz NOT NULL,
    last_start_at  timestamptz NOT NULL,
    rows           bigint      NOT NULL,
    bytes          bigint      NOT NULL,
    day            date        NOT NULL,
    generation     integer     NOT NULL,
    metric         text        NOT NULL,
    name           text        NOT NULL,
    key_id         text,
    content        text        NOT NULL,
    sha256         bytea       NOT NULL,

    CONSTRAINT archive_file_pkey PRIMARY KEY (metric, day, generation),
    CONSTRAINT archive_file_name_is_unique UNIQUE (name),
    CONSTRAINT archive_file_metric_fkey FOREIGN KEY (metric) REFERENCES signal.metric (name),
    CONSTRAINT archive_file_generation_is_positive CHECK (generation > 0),
    CONSTRAINT archive_file_is_not_empty CHECK (rows > 0 AND bytes > 0),
    CONSTRAINT archive_file_times_are_forward CHECK (last_start_at >= first_start_at),
    CONSTRAINT archive_file_lies_on_its_day CHECK (
        (first_start_at AT TIME ZONE 'UTC')::date = day AND (last_start_at AT TIME ZONE 'UTC')::date = day
    ),
    CONSTRAINT archive_file_is_removed_after_it_is_superseded CHECK (removed_at >= superseded_at),
    CONSTRAINT archive_file_live_is_kept CHECK (removed_at IS NULL OR superseded_at IS NOT NULL),
    CONSTRAINT archive_file_digests_are_whole CHECK (octet_length(sha256) = 32 AND content ~ '^[0-9a-f]{32}$')
);
CREATE UNIQUE INDEX archive_file_is_live_once ON signal.archive_file (metric, day) WHERE superseded_at IS NULL;
COMMENT ON TABLE  signal.archive_file                IS 'Manifest: the files of the archive, one live file a metric and day.';
COMMENT ON COLUMN signal.archive_file.written_at     IS 'When it became part of the archive.';
COMMENT ON COLUMN signal.archive_file.superseded_at  IS 'When a newer generation took its place; null while it is live.';
COMMENT ON COLUMN signal.archive_file.removed_at     IS 'When the superseded file was deleted; null while it is there.';
COMMENT ON COLUMN signal.archive_file.first_start_at IS 'Start of its earliest sample.';
COMMENT ON COLUMN signal.archive_file.last_start_at  IS 'Start of its latest sample.';
COMMENT ON COLUMN signal.archive_file.rows           IS 'How many samples it holds.';
COMMENT ON COLUMN signal.archive_file.bytes          IS 'How long it is.';
COMMENT ON COLUMN signal.archive_file.day            IS 'UTC day on which its samples begin.';
COMMENT ON COLUMN signal.archive_file.generation     IS 'Which version of that metric and day it is, from 1.';
COMMENT ON COLUMN signal.archive_file.metric         IS 'What was measured: signal.metric.name.';
COMMENT ON COLUMN signal.archive_file.name           IS 'Where it lies in the archive; a superseded file lies under superseded/.';
COMMENT ON COLUMN signal.archive_file.key_id         IS 'Which key opens it; null for a plain file.';
COMMENT ON COLUMN signal.archive_file.content        IS 'Sum over its rows, by which they are proved to be the ones that were written.';
COMMENT ON COLUMN signal.archive_file.sha256         IS 'SHA-256 of its bytes.';
