-- Which filters the broker has granted to a session that means to keep them.
--
-- A daemon whose filters are wider than its shard receives messages of other shards. It may acknowledge them without
-- storing them only where the topic's own shard was surely sent a copy: that is so from the broker's SUBACK until shortly
-- before the other unsubscribes, not from the day on which its shard was first owned; and only while the connection that
-- was granted them lives, since a broker may forget sessions, and drops what is too much for one whose daemon is away.
-- So a daemon records while it is connected, every few seconds, that the broker has answered it, where another shard's
-- filters are so wide.
-- Adds columns, one with a constant default, locks the table for an instant. Undo: drop the columns.
ALTER TABLE signal.mqtt_session ADD COLUMN granted text[] NOT NULL DEFAULT '{}';
ALTER TABLE signal.mqtt_session ADD COLUMN granted_at timestamptz;
ALTER TABLE signal.mqtt_session ADD COLUMN proved_at  timestamptz;
COMMENT ON COLUMN signal.mqtt_session.granted    IS 'Of these filters, those that the broker has granted to its present connection and the daemon means to keep: of what they match it has a copy.';
COMMENT ON COLUMN signal.mqtt_session.granted_at IS 'When it has granted them, by the daemon''s clock: another connection, another moment.';
COMMENT ON COLUMN signal.mqtt_session.proved_at  IS 'A moment since then at which that connection lived for certain, by this server''s clock; null where nobody asks for that.';
