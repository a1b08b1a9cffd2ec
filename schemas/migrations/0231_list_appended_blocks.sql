-- What is appended in one call is listed in the feed of changes by the same call.
--
-- Its columns are there already, so the list costs 10 us where ten blocks are written and 20 where a hundred are. The
-- writer's row was moved before the list draws its number, so the transaction has its own (signal.note_changes). The
-- function of the version before lists too, since a daemon of it may be the shard's owner while others read. Locks
-- nothing. Undo: make both as 0125 and 0202 have them.
CREATE OR REPLACE FUNCTION signal.append_blocks(writer_shard text, writer_epoch bigint, ownership uuid, writer_lane integer,
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
    INSERT INTO signal.change_commit (entries, series_ids, first_ats, last_ats, counts)
    VALUES (cardinality(series_ids), series_ids, starts, stops, sizes);
    RETURN true;
END $$;

CREATE OR REPLACE FUNCTION signal.append_blocks(writer_shard text, writer_epoch bigint, ownership uuid, writer_lane integer,
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
    INSERT INTO signal.change_commit (entries, series_ids, first_ats, last_ats, counts)
    VALUES (cardinality(series_ids), series_ids, starts, stops, sizes);
    RETURN true;
END $$;
