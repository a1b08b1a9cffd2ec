-- What measures.
--
-- The outside names a device by text, the hot table by number: 4 bytes instead of up to 64 in every key.
-- A device belongs to the shard that first wrote it, so that two owners never write one series.
-- New table, locks nothing. Undo: drop it, and the series with it.
CREATE TABLE signal.device (
    device_key integer     NOT NULL GENERATED ALWAYS AS IDENTITY,
    added_at   timestamptz NOT NULL,
    device_id  text        NOT NULL,
    added_by   text        NOT NULL,
    shard      text,

    CONSTRAINT device_pkey PRIMARY KEY (device_key),
    CONSTRAINT device_id_is_unique UNIQUE (device_id),
    CONSTRAINT device_id_is_a_name CHECK (device_id ~ '^[A-Za-z0-9._-]{1,64}$'),
    CONSTRAINT device_shard_fkey FOREIGN KEY (shard) REFERENCES signal.ingest_shard (shard)
);
COMMENT ON TABLE  signal.device            IS 'What measures: every device whose samples are believed.';
COMMENT ON COLUMN signal.device.device_key IS 'Short number that the hot table carries.';
COMMENT ON COLUMN signal.device.added_at   IS 'When it was added.';
COMMENT ON COLUMN signal.device.device_id  IS 'Name by which hubs publish it.';
COMMENT ON COLUMN signal.device.added_by   IS 'What added it: operator, or enrolment by its first message.';
COMMENT ON COLUMN signal.device.shard      IS 'Shard that writes it; null until its first sample.';
