-- What was erased, proved without the data.
--
-- A row is made before anything is removed and ended after the last file is gone, so a row without an end is an erasure
-- that was killed: the same command finishes it. Counts are raised in the transactions that remove what they count.
-- A digest names the device: who knows the name can find the row, who does not learns no name (short names can be
-- guessed, as with any digest). New table, locks nothing. Undo: drop it, and the proof with it.
CREATE TABLE signal.erasure (
    erasure_id       bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    begun_at         timestamptz NOT NULL,
    ended_at         timestamptz,
    blocks           bigint      NOT NULL DEFAULT 0,
    hot_samples      bigint      NOT NULL DEFAULT 0,
    archived_samples bigint      NOT NULL DEFAULT 0,
    files            bigint      NOT NULL DEFAULT 0,
    deleted_files    bigint      NOT NULL DEFAULT 0,
    quarantine_rows  bigint      NOT NULL DEFAULT 0,
    directory_rows   bigint      NOT NULL DEFAULT 0,
    device_sha256    text        NOT NULL,
    requested_by     text        NOT NULL,

    CONSTRAINT erasure_pkey PRIMARY KEY (erasure_id),
    CONSTRAINT erasure_times_are_forward CHECK (ended_at >= begun_at),
    CONSTRAINT erasure_digest_is_whole CHECK (device_sha256 ~ '^[0-9a-f]{64}$'),
    CONSTRAINT erasure_counts_are_not_negative CHECK (
        least(blocks, hot_samples, archived_samples, files, deleted_files, quarantine_rows, directory_rows) >= 0
    )
);
CREATE UNIQUE INDEX erasure_is_open_once ON signal.erasure (device_sha256) WHERE ended_at IS NULL;
COMMENT ON TABLE  signal.erasure                  IS 'Proof of erasures: what was asked, when, by whom, and how much went; never what it was.';
COMMENT ON COLUMN signal.erasure.erasure_id       IS 'Number for an operator to name.';
COMMENT ON COLUMN signal.erasure.begun_at         IS 'When it was begun.';
COMMENT ON COLUMN signal.erasure.ended_at         IS 'When nothing was left; null while it is under way, or was killed and must be run again.';
COMMENT ON COLUMN signal.erasure.blocks           IS 'Blocks of the hot table that were removed.';
COMMENT ON COLUMN signal.erasure.hot_samples      IS 'Samples in those blocks.';
COMMENT ON COLUMN signal.erasure.archived_samples IS 'Samples that live files held; late ones may be among hot_samples too.';
COMMENT ON COLUMN signal.erasure.files            IS 'Live files that were replaced, or ended where nothing else was in them.';
COMMENT ON COLUMN signal.erasure.deleted_files    IS 'Superseded files that were deleted since they might have held some.';
COMMENT ON COLUMN signal.erasure.quarantine_rows  IS 'Rows of signal.quarantine that were removed.';
COMMENT ON COLUMN signal.erasure.directory_rows   IS 'Rows of signal.device and signal.series that were removed.';
COMMENT ON COLUMN signal.erasure.device_sha256    IS 'SHA-256 of the device''s name, in hexadecimal digits.';
COMMENT ON COLUMN signal.erasure.requested_by     IS 'Database user who began it.';
