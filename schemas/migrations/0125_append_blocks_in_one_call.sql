-- Fence, proof and rows of a small batch in one call, each planned once a session.
--
-- A session plans anew for each execution (a plan for any bounds is one over all chunks), and for the statement that
-- fenced, moved the writer and wrote ten rows, planning was half of its 290 us of processor time: 200 us with the same
-- three steps in a function whose plans stay. The move by itself took 150 us with its transaction, and takes 105;
-- comparing the neighbours' rows was a query over an array within a function of its own, and is a look-up each.
-- The settings stand where a session calls, once: setting them again for what is called from there costs 15 us.
-- move_writer keeps its name and meaning for daemons of the version before. Locks nothing. Undo: drop begin_write and
-- append_blocks, and make move_writer as 0094 has it.
CREATE OR REPLACE FUNCTION signal.move_writer(ownership uuid, writer_lane integer, from_attempt bigint,
                                              to_attempt bigint, committed bigint[]) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    FOR place IN 1 .. cardinality(committed) LOOP
        CONTINUE WHEN place = writer_lane + 1;
        PERFORM FROM signal.ingest_writer
        WHERE ownership_id = ownership AND lane = place - 1 AND attempt >= committed[place] LIMIT 1;
        IF NOT FOUND THEN
            RETURN false;
        END IF;
    END LOOP;
    UPDATE signal.ingest_writer SET attempt = to_attempt
    WHERE ownership_id = ownership AND lane = writer_lane AND attempt >= from_attempt AND attempt < to_attempt;
    RETURN FOUND;
END $$;

CREATE OR REPLACE FUNCTION signal.move_writer(ownership uuid, writer_lane integer, from_attempt bigint,
                                              to_attempt bigint, committed bigint[], revision bigint) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    FOR place IN 1 .. cardinality(committed) LOOP
        CONTINUE WHEN place = writer_lane + 1;
        PERFORM FROM signal.ingest_writer
        WHERE ownership_id = ownership AND lane = place - 1 AND attempt >= committed[place] LIMIT 1;
        IF NOT FOUND THEN
            RETURN false;
        END IF;
    END LOOP;
    UPDATE signal.ingest_writer SET attempt = to_attempt
    WHERE ownership_id = ownership AND lane = writer_lane AND attempt >= from_attempt AND attempt < to_attempt
      AND source_revision = revision;
    RETURN FOUND;
END $$;

CREATE FUNCTION signal.begin_write(writer_shard text, writer_epoch bigint, ownership uuid, writer_lane integer,
                                   from_attempt bigint, to_attempt bigint, committed bigint[], revision bigint)
RETURNS boolean
LANGUAGE plpgsql SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    PERFORM FROM signal.ingest_shard WHERE shard = writer_shard AND epoch = writer_epoch FOR SHARE;
    RETURN FOUND AND signal.move_writer(ownership, writer_lane, from_attempt, to_attempt, committed, revision);
END $$;
COMMENT ON FUNCTION signal.begin_write(text, bigint, uuid, integer, bigint, bigint, bigint[], bigint) IS
    'Locks the shard''s row against another owner and moves the lane on; false, and nothing may be written, where the shard has another owner, the database has forgotten, or a source has lost a right since that revision.';

CREATE FUNCTION signal.append_blocks(writer_shard text, writer_epoch bigint, ownership uuid, writer_lane integer,
                                     from_attempt bigint, to_attempt bigint, committed bigint[], revision bigint,
                                     starts timestamptz[], stops timestamptz[], ticks_us bigint[], spans_us bigint[],
                                     series_ids integer[], gaps_from integer[], values_from integer[], sizes integer[],
                                     all_gaps integer[], all_values double precision[]) RETURNS boolean
LANGUAGE plpgsql SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    PERFORM FROM signal.ingest_shard WHERE shard = writer_shard AND epoch = writer_epoch FOR SHARE;
    IF NOT FOUND OR NOT signal.move_writer(ownership, writer_lane, from_attempt, to_attempt, committed, revision) THEN
        RETURN false;
    END IF;
    INSERT INTO signal.block (start_at, stop_at, tick_us, span_us, series_id, gaps, values)
    SELECT start_at, stop_at, tick_us, span_us, series_id,
           CASE WHEN gap_from IS NOT NULL THEN all_gaps[gap_from : gap_from + size - 1] END,
           all_values[value_from : value_from + size - 1]
    FROM unnest(starts, stops, ticks_us, spans_us, series_ids, gaps_from, values_from, sizes)
         AS few (start_at, stop_at, tick_us, span_us, series_id, gap_from, value_from, size);
    RETURN true;
END $$;
COMMENT ON FUNCTION signal.append_blocks(text, bigint, uuid, integer, bigint, bigint, bigint[], bigint, timestamptz[],
                                         timestamptz[], bigint[], bigint[], integer[], integer[], integer[], integer[],
                                         integer[], double precision[]) IS
    'Appends a few blocks by the right of a lane, as begin_write has it; the gaps and values of all stand one behind another, and each block says where its own begin, from 1, and how many there are.';

REVOKE EXECUTE ON FUNCTION
    signal.begin_write(text, bigint, uuid, integer, bigint, bigint, bigint[], bigint),
    signal.append_blocks(text, bigint, uuid, integer, bigint, bigint, bigint[], bigint, timestamptz[], timestamptz[], bigint[],
                         bigint[], integer[], integer[], integer[], integer[], integer[], double precision[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    signal.begin_write(text, bigint, uuid, integer, bigint, bigint, bigint[], bigint),
    signal.append_blocks(text, bigint, uuid, integer, bigint, bigint, bigint[], bigint, timestamptz[], timestamptz[], bigint[],
                         bigint[], integer[], integer[], integer[], integer[], integer[], double precision[])
    TO healthtrack_ingest;
