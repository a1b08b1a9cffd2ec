-- The session of a daemon that recorded none.
--
-- Versions before migration 104 wrote no session down, and their default client id was one for all shards. A database
-- with one shard was most likely filled under that name, so it is recorded, and the next daemon drains it where the
-- broker has it. Of several shards nobody can tell whose it was, and a daemon that took it would take another's
-- messages. Inserts one row at most, locks nothing. Undo: delete the row whose broker is empty.
INSERT INTO signal.mqtt_session (recorded_at, expiry_s, shard, broker, client_id, filters)
SELECT now(), 604800, shard, '', 'healthtrack', '{ht/1/+/+/+}'
FROM signal.ingest_shard WHERE (SELECT count(*) FROM signal.ingest_shard) = 1;
