-- The samples of a time, of whatever device and metric.
--
-- signal.samples() of a device and metric tells when it asks, and so reads the chunks of that time alone; who asks for
-- many devices, or for a time that is reckoned from now(), had only the view. Conditions on the other columns reach the
-- blocks. And what signal.rollup() does not tell is said where it is looked up.
-- New function, locks nothing. Undo: drop it.
CREATE FUNCTION signal.samples("from" timestamptz, "to" timestamptz) RETURNS SETOF signal.sample
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT found.device_id, found.metric, found.statistic, found.start_at, found.end_at, found.value, found.code, found.unit,
           found.flag_words, found.utc_offset_minutes, found.received_at, found.revision
    FROM signal.block_sample AS found
    WHERE found.block_start_at >= $1 - INTERVAL '24 hours' AND found.block_start_at < $2 AND found.block_stop_at >= $1
      AND found.start_at >= $1 AND found.start_at < $2
$$;
COMMENT ON FUNCTION signal.samples(timestamptz, timestamptz) IS
    'Hot samples that begin in [from, to), whatever measured them; reads the chunks of that time alone, also where it is reckoned from now().';
COMMENT ON FUNCTION signal.rollup(text[], text[], text, timestamptz, timestamptz, text) IS
    'What devices measured in each hour or day of a zone that touches [from, to), in no order; null devices or metrics are all. Exact at every moment: what is closed is read, what is not, or has changed since, is computed. count counts values, below and above what lies beyond the sensor''s range. not_measured is null: a slot that a source leaves empty is counted when it comes (healthtrack_ingest_not_measured_total) and not kept, so a delivery that is repeated, or a value that fills the slot later, could not be told from another empty slot. is_settled is false where late samples of an archived day are in it that the next roll compares with the archive, and where a file of the archive is not rolled up yet: a late sample may be one that the archive has.';
GRANT EXECUTE ON FUNCTION signal.samples(timestamptz, timestamptz)
    TO healthtrack_ingest, healthtrack_roller, healthtrack_migrator;
