-- How far each writer of a shard has come, so that a daemon notices a database that has forgotten.
--
-- A database that is restored from a dump, cloned, or failed over without its last transactions looks as it did, and a
-- daemon that remembers what is no longer there writes samples under whatever device has that number now. So each
-- transaction of a lane sets the number of its attempt, and only where no row of its owner holds less than the owner
-- knows to be committed; where one does, this is another history of the database and nothing is written.
-- The number is part of the key, and the functions have one plan each, by the index: so a row is found at once however
-- many dead versions a long transaction keeps. With a key that stays, 34,000 of them made an update of 0.05 ms take
-- 1.2 ms, and left to itself the planner reads all pages of a table that has grown from one. A move costs 0.07 ms of
-- processor time, with planning each time twice that.
-- New table and functions, lock nothing. Undo: drop them.
CREATE TABLE signal.ingest_writer (
    attempt      bigint  NOT NULL,
    lane         integer NOT NULL,
    ownership_id uuid    NOT NULL,
    shard        text    NOT NULL,

    CONSTRAINT ingest_writer_pkey PRIMARY KEY (ownership_id, lane, attempt),
    CONSTRAINT ingest_writer_attempt_is_counted CHECK (attempt >= 0),
    CONSTRAINT ingest_writer_lane_is_counted CHECK (lane >= 0)
);
COMMENT ON TABLE  signal.ingest_writer              IS 'How far each lane of a shard''s owner has come: by this a daemon notices that the database was restored, cloned or failed over.';
COMMENT ON COLUMN signal.ingest_writer.attempt      IS 'Number of the lane''s last transaction that was committed.';
COMMENT ON COLUMN signal.ingest_writer.lane         IS 'Which lane of the daemon, from 0.';
COMMENT ON COLUMN signal.ingest_writer.ownership_id IS 'Made at random whenever the shard is taken, so no other history of the database comes to it later.';
COMMENT ON COLUMN signal.ingest_writer.shard        IS 'Whose lane: signal.ingest_shard.';

CREATE FUNCTION signal.are_writers_remembered(ownership uuid, committed bigint[]) RETURNS boolean
LANGUAGE plpgsql STABLE SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RETURN cardinality(committed) = (
        SELECT count(*)
        FROM unnest(committed) WITH ORDINALITY AS known (attempt, place)
        WHERE (SELECT true FROM signal.ingest_writer AS writer
               WHERE writer.ownership_id = ownership AND writer.lane = known.place - 1
                 AND writer.attempt >= known.attempt
               LIMIT 1));
END $$;
COMMENT ON FUNCTION signal.are_writers_remembered(uuid, bigint[]) IS
    'Whether the database has all that the lanes of an ownership know to be committed: the attempts, from lane 0 on.';

CREATE FUNCTION signal.move_writer(ownership uuid, writer_lane integer, from_attempt bigint, to_attempt bigint,
                                   committed bigint[]) RETURNS boolean
LANGUAGE plpgsql SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    IF NOT signal.are_writers_remembered(ownership, committed) THEN
        RETURN false;
    END IF;
    UPDATE signal.ingest_writer SET attempt = to_attempt
    WHERE ownership_id = ownership AND lane = writer_lane AND attempt >= from_attempt AND attempt < to_attempt;
    RETURN FOUND;
END $$;
COMMENT ON FUNCTION signal.move_writer(uuid, integer, bigint, bigint, bigint[]) IS
    'Moves a lane on to to_attempt from one that is no older than from_attempt; false where the database has forgotten what was committed.';

REVOKE EXECUTE ON FUNCTION signal.are_writers_remembered(uuid, bigint[]),
    signal.move_writer(uuid, integer, bigint, bigint, bigint[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal.are_writers_remembered(uuid, bigint[]),
    signal.move_writer(uuid, integer, bigint, bigint, bigint[]) TO healthtrack_ingest;
GRANT SELECT, INSERT, UPDATE, DELETE ON signal.ingest_writer TO healthtrack_ingest, healthtrack_migrator;
