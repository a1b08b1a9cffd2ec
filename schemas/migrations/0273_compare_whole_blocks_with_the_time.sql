-- Samples of a block that lies within the time asked for are not compared one by one.
--
-- The start of each sample was reckoned thrice: to be shown, and to be compared with both ends of the time. Of one device
-- and day, 86,400 samples, that took a third of the question; only the first and the last block need it. Replaces two
-- functions, locks nothing. Undo: make those of 263 and 203.
CREATE OR REPLACE FUNCTION signal.samples(device_id text, metric text, "from" timestamptz, "to" timestamptz)
RETURNS SETOF signal.sample LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT found.device_id, found.metric, found.statistic, found.start_at, found.end_at, found.value, found.code, found.unit,
           found.flag_words, found.utc_offset_minutes, found.received_at, found.revision
    FROM signal.block_sample AS found
    WHERE found.device_id = $1 AND found.metric = $2
      AND found.block_start_at >= $3 - INTERVAL '24 hours' AND found.block_start_at < $4 AND found.block_stop_at >= $3
      AND (found.block_start_at >= $3 AND found.block_stop_at < $4 OR found.start_at >= $3 AND found.start_at < $4)
$$;

CREATE OR REPLACE FUNCTION signal.samples("from" timestamptz, "to" timestamptz)
RETURNS SETOF signal.sample LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT found.device_id, found.metric, found.statistic, found.start_at, found.end_at, found.value, found.code, found.unit,
           found.flag_words, found.utc_offset_minutes, found.received_at, found.revision
    FROM signal.block_sample AS found
    WHERE found.block_start_at >= $1 - INTERVAL '24 hours' AND found.block_start_at < $2 AND found.block_stop_at >= $1
      AND (found.block_start_at >= $1 AND found.block_stop_at < $2 OR found.start_at >= $1 AND found.start_at < $2)
$$;
