-- Which state of the archive this database knows.
--
-- A database that was restored from a backup, and a copy of one, bear the archive's id and know nothing of what was
-- archived since. So each roll draws a nonce, announces it here, writes it into the archive (`archive.claim`), and
-- settles it here: whoever finds another one in the archive is behind it, and changes nothing there. Archives of before
-- have no claim; the next roll makes it where the manifest names every file.
-- New table, locks nothing. Undo: drop it, and remove archive.claim from the archive.
CREATE TABLE signal.archive_claim (
    moved_at   timestamptz NOT NULL,
    nonce      uuid,
    next_nonce uuid,
    only_one   boolean     NOT NULL DEFAULT true,

    CONSTRAINT archive_claim_pkey PRIMARY KEY (only_one),
    CONSTRAINT archive_claim_only_one_is_true CHECK (only_one),
    CONSTRAINT archive_claim_has_a_nonce CHECK (num_nonnulls(nonce, next_nonce) > 0)
);
COMMENT ON TABLE  signal.archive_claim            IS 'Which state of the archive this database knows: one row once the archive is claimed.';
COMMENT ON COLUMN signal.archive_claim.moved_at   IS 'When a nonce was last announced or settled.';
COMMENT ON COLUMN signal.archive_claim.nonce      IS 'What the claim in the archive says; null until it was first written.';
COMMENT ON COLUMN signal.archive_claim.next_nonce IS 'What the claim may say already: announced by a roll that has not settled it, maybe since it was killed.';
COMMENT ON COLUMN signal.archive_claim.only_one   IS 'Always true: a database has one archive.';

GRANT SELECT ON signal.archive_claim TO healthtrack_ingest;
GRANT SELECT, INSERT, UPDATE ON signal.archive_claim TO healthtrack_roller;
GRANT SELECT, INSERT, UPDATE, DELETE ON signal.archive_claim TO healthtrack_migrator;
