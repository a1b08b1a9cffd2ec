-- Which folder or bucket holds this database's archive.
--
-- The archive carries the same id. A roll into a place with another id would take another database's files for
-- leftovers, and a roll into an empty mount point would scatter the archive; both are refused.
-- New table, locks nothing. Undo: drop it, and remove the mark from the archive.
CREATE TABLE signal.archive (
    made_at    timestamptz NOT NULL,
    archive_id uuid        NOT NULL,
    only_one   boolean     NOT NULL DEFAULT true,

    CONSTRAINT archive_pkey PRIMARY KEY (archive_id),
    CONSTRAINT archive_is_one UNIQUE (only_one),
    CONSTRAINT archive_only_one_is_true CHECK (only_one)
);
COMMENT ON TABLE  signal.archive            IS 'The archive of this database: one row once the first roll has begun.';
COMMENT ON COLUMN signal.archive.made_at    IS 'When it was begun.';
COMMENT ON COLUMN signal.archive.archive_id IS 'What the mark in the archive must say.';
COMMENT ON COLUMN signal.archive.only_one   IS 'Always true: a database has one archive.';
