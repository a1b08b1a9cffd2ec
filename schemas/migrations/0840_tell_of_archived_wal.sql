-- An operator sees whether the server's write-ahead log reaches its archive: what was committed since the last base backup comes
-- back from there alone.
--
-- When a base backup was made, and when one was last restored, no server knows: that stays with the tool that made it. The view is
-- the server's own and tells of no row. New function, locks nothing. Undo: drop it.
CALL access.publish('read_wal_archive', '',
    'TABLE (archiving boolean, archived_at timestamptz, failed_at timestamptz, failures bigint)', $body$RETURN QUERY
    SELECT current_setting('archive_mode') <> 'off', a.last_archived_time, a.last_failed_time, a.failed_count
    FROM pg_catalog.pg_stat_archiver a WHERE me.part = 'operator';$body$,
    'Whether the server archives its write-ahead log, when it last did, and when that last failed and how often since it counts.');
