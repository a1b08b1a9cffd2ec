-- Which copies of the database there have been, so that a person and other programs can name the one at hand.
--
-- A dump carries all rows with it, a copied server its identifier as well, and a promoted standby both. So each time that
-- a daemon takes a shard it compares server, timeline and database with those of the last row, and adds a row with a
-- random uuid where one differs, or where it has noticed that the database lacks what it had committed. The system
-- identifier is null where the login may not ask for it. New table and functions, lock nothing. Undo: drop them.
CREATE TABLE signal.incarnation (
    begun_at          timestamptz NOT NULL,
    system_identifier bigint,
    database_oid      bigint      NOT NULL,
    timeline          integer     NOT NULL,
    incarnation_id    uuid        NOT NULL,
    cause             text        NOT NULL,

    CONSTRAINT incarnation_pkey PRIMARY KEY (incarnation_id),
    CONSTRAINT incarnation_cause_is_known CHECK (cause IN ('created', 'moved', 'forgotten'))
);
CREATE INDEX incarnation_begun_at ON signal.incarnation (begun_at);
COMMENT ON TABLE  signal.incarnation                   IS 'Copies of this database in which a daemon has written, the last one being the present one.';
COMMENT ON COLUMN signal.incarnation.begun_at          IS 'When a daemon first took a shard in it.';
COMMENT ON COLUMN signal.incarnation.system_identifier IS 'Which cluster: pg_control_system(); null where the daemon may not ask.';
COMMENT ON COLUMN signal.incarnation.database_oid      IS 'Which database of the cluster: pg_database.oid.';
COMMENT ON COLUMN signal.incarnation.timeline          IS 'Which timeline of the cluster: a promotion or a restore to a point in time begins another.';
COMMENT ON COLUMN signal.incarnation.incarnation_id    IS 'Its name, made at random.';
COMMENT ON COLUMN signal.incarnation.cause             IS 'created: the first; moved: server, timeline or database differ from the last; forgotten: none differs, and yet it lacked what a running daemon had committed.';

CREATE FUNCTION signal.database_here(OUT system_identifier bigint, OUT database_oid bigint, OUT timeline integer)
LANGUAGE plpgsql AS $$
BEGIN
    BEGIN
        SELECT control.system_identifier INTO database_here.system_identifier FROM pg_control_system() AS control;
    EXCEPTION WHEN insufficient_privilege THEN
        NULL;
    END;
    SELECT oid::bigint INTO database_here.database_oid FROM pg_database WHERE datname = current_database();
    database_here.timeline := ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::integer;
END $$;
COMMENT ON FUNCTION signal.database_here() IS 'Server, database and timeline of this connection, as signal.incarnation notes them.';

CREATE FUNCTION signal.note_incarnation(has_forgotten boolean) RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
    here record;
    last record;
    is_same boolean;
    noted uuid;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('healthtrack.incarnation', 0));
    SELECT * INTO here FROM signal.database_here();
    SELECT * INTO last FROM signal.incarnation ORDER BY begun_at DESC LIMIT 1;
    is_same := (here.system_identifier, here.database_oid, here.timeline)
               IS NOT DISTINCT FROM (last.system_identifier, last.database_oid, last.timeline);
    IF is_same AND NOT has_forgotten THEN
        RETURN last.incarnation_id;
    END IF;
    INSERT INTO signal.incarnation (begun_at, system_identifier, database_oid, timeline, incarnation_id, cause)
    VALUES (clock_timestamp(), here.system_identifier, here.database_oid, here.timeline, gen_random_uuid(),
            CASE WHEN last.incarnation_id IS NULL THEN 'created' WHEN is_same THEN 'forgotten' ELSE 'moved' END)
    RETURNING incarnation_id INTO noted;
    RETURN noted;
END $$;
COMMENT ON FUNCTION signal.note_incarnation(boolean) IS
    'The name of the present copy of the database; notes a new one where it is another, or has forgotten.';

REVOKE EXECUTE ON FUNCTION signal.database_here(), signal.note_incarnation(boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal.database_here(), signal.note_incarnation(boolean) TO healthtrack_ingest;
GRANT SELECT, INSERT ON signal.incarnation TO healthtrack_ingest;
GRANT SELECT ON signal.incarnation TO healthtrack_roller;
GRANT SELECT, INSERT, UPDATE, DELETE ON signal.incarnation TO healthtrack_migrator;
