-- A few blocks appended in one call, with how their samples came.
--
-- The function beside it, without origins, stays for daemons of the version before. Locks nothing. Undo: drop it.
CREATE FUNCTION signal.append_blocks(writer_shard text, writer_epoch bigint, ownership uuid, writer_lane integer,
                                     from_attempt bigint, to_attempt bigint, committed bigint[], revision bigint,
                                     starts timestamptz[], stops timestamptz[], ticks_us bigint[], spans_us bigint[],
                                     series_ids integer[], gaps_from integer[], values_from integer[], sizes integer[],
                                     all_gaps integer[], all_values double precision[], received timestamptz[],
                                     offsets_minutes smallint[], words bigint[]) RETURNS boolean
LANGUAGE plpgsql SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    PERFORM FROM signal.ingest_shard WHERE shard = writer_shard AND epoch = writer_epoch FOR SHARE;
    IF NOT FOUND OR NOT signal.move_writer(ownership, writer_lane, from_attempt, to_attempt, committed, revision) THEN
        RETURN false;
    END IF;
    INSERT INTO signal.block (start_at, stop_at, tick_us, span_us, series_id, gaps, values, received_at,
                              utc_offset_minutes, revision)
    SELECT few.start_at, few.stop_at, few.tick_us, few.span_us, few.series_id,
           CASE WHEN few.gap_from IS NOT NULL THEN all_gaps[few.gap_from : few.gap_from + few.size - 1] END,
           all_values[few.value_from : few.value_from + few.size - 1], few.received_at, few.offset_minutes, few.word
    FROM unnest(starts, stops, ticks_us, spans_us, series_ids, gaps_from, values_from, sizes, received,
                offsets_minutes, words)
         AS few (start_at, stop_at, tick_us, span_us, series_id, gap_from, value_from, size, received_at,
                 offset_minutes, word);
    RETURN true;
END $$;
COMMENT ON FUNCTION signal.append_blocks(text, bigint, uuid, integer, bigint, bigint, bigint[], bigint, timestamptz[],
                                         timestamptz[], bigint[], bigint[], integer[], integer[], integer[], integer[],
                                         integer[], double precision[], timestamptz[], smallint[], bigint[]) IS
    'Appends a few blocks by the right of a lane, as begin_write has it; the gaps and values of all stand one behind another, and each block says where its own begin, from 1, and how many there are. The samples of a block came as its entries of the last three lists say.';
REVOKE EXECUTE ON FUNCTION
    signal.append_blocks(text, bigint, uuid, integer, bigint, bigint, bigint[], bigint, timestamptz[], timestamptz[], bigint[],
                         bigint[], integer[], integer[], integer[], integer[], integer[], double precision[], timestamptz[],
                         smallint[], bigint[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    signal.append_blocks(text, bigint, uuid, integer, bigint, bigint, bigint[], bigint, timestamptz[], timestamptz[], bigint[],
                         bigint[], integer[], integer[], integer[], integer[], integer[], double precision[], timestamptz[],
                         smallint[], bigint[]) TO healthtrack_ingest;
