-- Who may write which part of the topics.
--
-- A daemon keeps each series' last time in memory, so only one may write a shard at a time. Taking a shard raises its
-- epoch; each write transaction locks this row FOR SHARE and fails where the epoch is no longer its own. Arbitrating
-- each block in the database instead was measured at 15 us a block, against 3 to 9 us for its COPY.
-- New table, locks nothing. Undo: drop it.
CREATE TABLE signal.ingest_shard (
    epoch    bigint      NOT NULL,
    taken_at timestamptz NOT NULL,
    shard    text        NOT NULL,
    owner    text        NOT NULL,

    CONSTRAINT ingest_shard_pkey PRIMARY KEY (shard),
    CONSTRAINT ingest_shard_is_a_name CHECK (shard ~ '^[A-Za-z0-9._-]{1,64}$'),
    CONSTRAINT ingest_shard_epoch_is_positive CHECK (epoch > 0)
);
COMMENT ON TABLE  signal.ingest_shard          IS 'Which daemon owns which shard of the topics.';
COMMENT ON COLUMN signal.ingest_shard.epoch    IS 'How often the shard has changed hands; a writer with another epoch is refused.';
COMMENT ON COLUMN signal.ingest_shard.taken_at IS 'When the present owner took it.';
COMMENT ON COLUMN signal.ingest_shard.shard    IS 'Name of the shard, as in the daemon''s configuration.';
COMMENT ON COLUMN signal.ingest_shard.owner    IS 'Who took it: host name and process id of the daemon.';
