-- Which source may speak for which device, so that a broker's permissions on topics protect a patient.
--
-- A payload may name any device. A device is spoken for by the source of its own name and by those in this table: what an
-- operator has allowed, and where unknown devices are enrolled the source that named one first. A source counts within
-- the shard of its device, so the table names none: a device that is moved takes along who may speak for it.
--
-- Who spoke for the devices that are here already is written nowhere: samples keep no source, and quarantine only what
-- was rejected. So each that has published waits for the first source that names it after this migration, be it the
-- device itself, and is then that source's, until an operator says otherwise. To allow each source for some days would
-- keep more samples of roaming devices out of quarantine, but give everybody as long to write into any record; and what
-- is in quarantine can be retried, what was stored under a wrong person cannot be told apart.
--
-- A daemon remembers whom it has let speak. Each transaction by which one of its lanes writes moves the lane's row on
-- (0094), and does so only where the revision in it is the one that the lane knows. Whoever takes a right away raises it,
-- and waits in that row for what is being written. So a right counts in no transaction that commits later, which costs
-- nothing until then. The shard's own row would do as well, but several lanes share it, and where 8 of them were never
-- all idle at once, a change of it waited for as long as they worked; the rows of 16 lanes were changed within 0.8 s.
--
-- Locks device and ingest_writer for an instant, and rewrites the rows of devices that have never published. Programs of
-- before go on, by the former signal.move_writer. Undo: drop the table, both columns and the new functions.
CREATE TABLE signal.device_source (
    allowed_at timestamptz NOT NULL,
    device_key integer     NOT NULL,
    source     text        NOT NULL,
    allowed_by text        NOT NULL,

    CONSTRAINT device_source_pkey PRIMARY KEY (device_key, source),
    CONSTRAINT device_source_device_fkey FOREIGN KEY (device_key) REFERENCES signal.device (device_key)
        ON DELETE CASCADE,
    CONSTRAINT device_source_is_a_name
        CHECK (source !~ '[^A-Za-z0-9._-]' AND octet_length(source) BETWEEN 1 AND 64),
    CONSTRAINT device_source_allowed_by_is_known CHECK (allowed_by IN ('operator', 'enrolment', 'upgrade'))
);
COMMENT ON TABLE  signal.device_source            IS 'Which sources may speak for a device beside the one of its own name, within its shard.';
COMMENT ON COLUMN signal.device_source.allowed_at IS 'Since when.';
COMMENT ON COLUMN signal.device_source.device_key IS 'The device.';
COMMENT ON COLUMN signal.device_source.source     IS 'The source: a level of the topic.';
COMMENT ON COLUMN signal.device_source.allowed_by IS 'What allowed it: operator; enrolment, where the source was the first to name the device; upgrade, where it was the first to name it after the rule had come.';

-- The default of the first statement is for the rows that are there, and writes none of them.
ALTER TABLE signal.device ADD COLUMN awaits_source boolean NOT NULL DEFAULT true;
ALTER TABLE signal.device ALTER COLUMN awaits_source SET DEFAULT false;
UPDATE signal.device SET awaits_source = false WHERE shard IS NULL;
COMMENT ON COLUMN signal.device.awaits_source IS 'True where it published before sources were told apart and nobody has spoken for it since: the next source that names it may speak for it.';

ALTER TABLE signal.ingest_writer ADD COLUMN source_revision bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN signal.ingest_writer.source_revision IS 'Grows when a source may no longer speak for a device of the shard; the lane then forgets whom it has let speak.';

CREATE FUNCTION signal.move_writer(ownership uuid, writer_lane integer, from_attempt bigint, to_attempt bigint,
                                   committed bigint[], revision bigint) RETURNS boolean
LANGUAGE plpgsql SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    IF NOT signal.are_writers_remembered(ownership, committed) THEN
        RETURN false;
    END IF;
    UPDATE signal.ingest_writer SET attempt = to_attempt
    WHERE ownership_id = ownership AND lane = writer_lane AND attempt >= from_attempt AND attempt < to_attempt
      AND source_revision = revision;
    RETURN FOUND;
END $$;
COMMENT ON FUNCTION signal.move_writer(uuid, integer, bigint, bigint, bigint[], bigint) IS
    'Moves a lane on to to_attempt from one that is no older than from_attempt; false where the database has forgotten what was committed, or a source has lost a right since that revision.';
COMMENT ON FUNCTION signal.move_writer(uuid, integer, bigint, bigint, bigint[]) IS
    'Moves a lane on whatever source has lost a right: for programs that do not tell sources apart.';
REVOKE EXECUTE ON FUNCTION signal.move_writer(uuid, integer, bigint, bigint, bigint[], bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal.move_writer(uuid, integer, bigint, bigint, bigint[], bigint) TO healthtrack_ingest;

CREATE FUNCTION signal.note_disallowed_source() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE signal.ingest_writer SET source_revision = source_revision + 1
    WHERE shard IN (SELECT device.shard FROM gone JOIN signal.device USING (device_key));
    RETURN NULL;
END $$;
COMMENT ON FUNCTION signal.note_disallowed_source() IS 'Lets the daemon of the shard know that a source may no longer speak for a device.';
CREATE TRIGGER removed_device_source_is_noted AFTER DELETE ON signal.device_source
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION signal.note_disallowed_source();
CREATE TRIGGER changed_device_source_is_noted AFTER UPDATE ON signal.device_source
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION signal.note_disallowed_source();
COMMENT ON TRIGGER removed_device_source_is_noted ON signal.device_source IS 'The daemon of the shard learns of it before it writes again.';
COMMENT ON TRIGGER changed_device_source_is_noted ON signal.device_source IS 'The daemon of the shard learns of it before it writes again.';
REVOKE EXECUTE ON FUNCTION signal.note_disallowed_source() FROM PUBLIC;

GRANT SELECT, INSERT, DELETE ON signal.device_source TO healthtrack_ingest;
GRANT UPDATE (awaits_source) ON signal.device TO healthtrack_ingest;
GRANT SELECT ON signal.device_source TO healthtrack_roller;
GRANT SELECT, INSERT, UPDATE, DELETE ON signal.device_source TO healthtrack_migrator;
