-- What compaction has done, a row a chunk and shard.
--
-- A chunk is looked at again when `written` is no longer what the server counts: late samples have come. The row is
-- written last, so a daemon that is killed in the middle leaves a chunk that is looked at once more.
-- New table, locks nothing. Undo: drop it; every closed chunk is then looked at once more.
CREATE TABLE signal.compaction (
    from_at       timestamptz NOT NULL,
    compacted_at  timestamptz NOT NULL,
    written       bigint      NOT NULL,
    blocks_before bigint      NOT NULL,
    blocks_after  bigint      NOT NULL,
    shard         text        NOT NULL,

    CONSTRAINT compaction_pkey PRIMARY KEY (shard, from_at),
    CONSTRAINT compaction_shard_fkey FOREIGN KEY (shard) REFERENCES signal.ingest_shard (shard),
    CONSTRAINT compaction_makes_fewer_blocks CHECK (blocks_after BETWEEN 0 AND blocks_before)
);
COMMENT ON TABLE  signal.compaction               IS 'Which closed chunks have had their small blocks joined, and what that did.';
COMMENT ON COLUMN signal.compaction.from_at       IS 'Where the chunk begins.';
COMMENT ON COLUMN signal.compaction.compacted_at  IS 'When it was last looked at.';
COMMENT ON COLUMN signal.compaction.written       IS 'Rows that the server had ever counted into the chunk when that look began.';
COMMENT ON COLUMN signal.compaction.blocks_before IS 'Blocks that were joined so far.';
COMMENT ON COLUMN signal.compaction.blocks_after  IS 'Blocks that took their place.';
COMMENT ON COLUMN signal.compaction.shard         IS 'Whose series: signal.ingest_shard.';
