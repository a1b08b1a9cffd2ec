-- Which sessions a shard's daemon has at its broker.
--
-- A broker acknowledges a message to its publisher once it lies in a session, and keeps it there under the session's
-- client id. Whoever takes another client id, fewer connections or other filters leaves such a session behind, with
-- what waits in it. So each is recorded before it subscribes, and stays recorded until it is drained and ended.
-- New table, locks nothing. Undo: drop it; sessions that are left then stay at the broker until they expire.
CREATE TABLE signal.mqtt_session (
    recorded_at  timestamptz NOT NULL,
    connected_at timestamptz,
    ended_at     timestamptz,
    expiry_s     bigint      NOT NULL,
    shard        text        NOT NULL,
    broker       text        NOT NULL,
    client_id    text        NOT NULL,
    filters      text[]      NOT NULL,

    CONSTRAINT mqtt_session_pkey PRIMARY KEY (shard, broker, client_id),
    CONSTRAINT mqtt_session_shard_fkey FOREIGN KEY (shard) REFERENCES signal.ingest_shard (shard),
    CONSTRAINT mqtt_session_expiry_is_a_number_of_seconds CHECK (expiry_s BETWEEN 0 AND 4294967295),
    CONSTRAINT mqtt_session_client_id_is_short CHECK (octet_length(client_id) BETWEEN 1 AND 65535)
);
COMMENT ON TABLE  signal.mqtt_session              IS 'Sessions that a shard''s daemon has at a broker, which keeps there what the daemon has not acknowledged.';
COMMENT ON COLUMN signal.mqtt_session.recorded_at  IS 'When the daemon last meant to connect to it or to change its filters.';
COMMENT ON COLUMN signal.mqtt_session.connected_at IS 'When it was last known to be connected, to the minute; null before its first connection.';
COMMENT ON COLUMN signal.mqtt_session.ended_at     IS 'When it was drained and ended, or had expired; null while the broker may hold messages in it.';
COMMENT ON COLUMN signal.mqtt_session.expiry_s     IS 'How many seconds the broker keeps it while nobody is connected to it; 4294967295 for ever.';
COMMENT ON COLUMN signal.mqtt_session.shard        IS 'Whose it is: signal.ingest_shard.';
COMMENT ON COLUMN signal.mqtt_session.broker       IS 'Where it is, as in mqtt://host:1883; empty where that was never written down.';
COMMENT ON COLUMN signal.mqtt_session.client_id    IS 'Its name at the broker.';
COMMENT ON COLUMN signal.mqtt_session.filters      IS 'What it is subscribed to.';

GRANT SELECT, INSERT, UPDATE, DELETE ON signal.mqtt_session TO healthtrack_ingest, healthtrack_migrator;
