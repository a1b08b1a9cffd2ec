-- What cannot be believed is kept here with its reason, never guessed at and never in the way.
--
-- A row is one message and one reason. The broker delivers a message again after a crash, and a broken device repeats
-- itself: the same bytes for the same reason are counted, not kept twice. The keys of the index are digests because a
-- topic alone may be longer than a page of a B-tree holds. New table, locks nothing. Undo: drop it.
CREATE TABLE signal.quarantine (
    quarantine_id    bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    received_at      timestamptz NOT NULL,
    last_received_at timestamptz NOT NULL,
    retried_at       timestamptz,
    times_received   bigint      NOT NULL DEFAULT 1,
    samples          bigint      NOT NULL,
    topic            text        NOT NULL,
    reason           text        NOT NULL,
    detail           text        NOT NULL,
    content_type     text,
    payload          bytea       NOT NULL,

    CONSTRAINT quarantine_pkey PRIMARY KEY (quarantine_id),
    CONSTRAINT quarantine_reason_is_a_word CHECK (reason ~ '^[a-z_]+$'),
    CONSTRAINT quarantine_counts_are_positive CHECK (samples > 0 AND times_received > 0),
    CONSTRAINT quarantine_times_are_forward CHECK (last_received_at >= received_at)
);
CREATE UNIQUE INDEX quarantine_message_is_kept_once ON signal.quarantine (sha256(payload), md5(topic), reason);
CREATE INDEX quarantine_received_at_idx ON signal.quarantine (received_at);
COMMENT ON TABLE  signal.quarantine                  IS 'Messages, or parts of them, that cannot be believed, each with its reason.';
COMMENT ON COLUMN signal.quarantine.quarantine_id    IS 'Number for an operator to name.';
COMMENT ON COLUMN signal.quarantine.received_at      IS 'When it first came.';
COMMENT ON COLUMN signal.quarantine.last_received_at IS 'When it last came.';
COMMENT ON COLUMN signal.quarantine.retried_at       IS 'When an operator last gave it to the daemon again; null while nobody has.';
COMMENT ON COLUMN signal.quarantine.times_received   IS 'How often the same bytes came for the same reason.';
COMMENT ON COLUMN signal.quarantine.samples          IS 'How many samples the refused part holds; 1 where that cannot be known.';
COMMENT ON COLUMN signal.quarantine.topic            IS 'MQTT topic.';
COMMENT ON COLUMN signal.quarantine.reason           IS 'Stable word: why.';
COMMENT ON COLUMN signal.quarantine.detail           IS 'One sentence for a person: which field, which limit.';
COMMENT ON COLUMN signal.quarantine.content_type     IS 'MQTT 5 content type; null where the message had none.';
COMMENT ON COLUMN signal.quarantine.payload          IS 'The whole message, as it came.';
