-- How far rollups have come, and what has changed behind that.
--
-- Everything before `closed_until` is in signal.rollup_day, as of `change` in the feed. What the feed has told of the time
-- before that since, or what of it is noted in signal.rollup_stale, is computed from blocks by whoever asks, until it is
-- closed again: an answer is exact whether or not anybody closes. New tables, lock nothing. Undo: drop them.
CREATE TABLE signal.rollup_place (
    closed_until timestamptz NOT NULL DEFAULT '-infinity',
    change       bigint      NOT NULL DEFAULT 0,
    only_one     boolean     NOT NULL DEFAULT true,

    CONSTRAINT rollup_place_pkey PRIMARY KEY (only_one),
    CONSTRAINT rollup_place_is_one CHECK (only_one)
);
COMMENT ON TABLE  signal.rollup_place              IS 'How far rollups have come: one row.';
COMMENT ON COLUMN signal.rollup_place.closed_until IS 'Up to which start of a sample blocks are rolled up.';
COMMENT ON COLUMN signal.rollup_place.change       IS 'Up to which place in the feed of changes that is true.';
COMMENT ON COLUMN signal.rollup_place.only_one     IS 'Always true: a database has one place.';
COMMENT ON CONSTRAINT rollup_place_pkey ON signal.rollup_place IS 'There is one place.';
COMMENT ON CONSTRAINT rollup_place_is_one ON signal.rollup_place IS 'There is one place.';
INSERT INTO signal.rollup_place DEFAULT VALUES;

CREATE TABLE signal.rollup_stale (
    failed_at timestamptz,
    series_id integer NOT NULL,
    day       date    NOT NULL,

    CONSTRAINT rollup_stale_pkey PRIMARY KEY (series_id, day)
);
COMMENT ON TABLE  signal.rollup_stale           IS 'Days of series whose blocks have changed since they were rolled up.';
COMMENT ON COLUMN signal.rollup_stale.failed_at IS 'When they could not be rolled up, as where a block cannot be read; null where nobody has tried.';
COMMENT ON COLUMN signal.rollup_stale.series_id IS 'Which series: signal.series, unless it was erased since.';
COMMENT ON COLUMN signal.rollup_stale.day       IS 'Which UTC day.';
COMMENT ON CONSTRAINT rollup_stale_pkey ON signal.rollup_stale IS 'This is known already.';

CREATE VIEW signal.rollup_horizon AS
SELECT CASE WHEN is_kept THEN closed_until ELSE '-infinity' END AS closed_until, change, is_kept
FROM signal.rollup_place
CROSS JOIN LATERAL (
    SELECT coalesce((SELECT b.first_change = place.change + 1 FROM signal.change_batch b
                     WHERE b.last_change > place.change ORDER BY b.last_change LIMIT 1), true)
           OR EXISTS (SELECT FROM signal.change_batch b WHERE b.last_change = place.change) AS is_kept
    FROM (SELECT rollup_place.change) AS place
) AS kept;
COMMENT ON VIEW   signal.rollup_horizon              IS 'How far rollups can be trusted: one row.';
COMMENT ON COLUMN signal.rollup_horizon.closed_until IS 'Up to which start of a sample; -infinity where the feed of changes does not go back far enough.';
COMMENT ON COLUMN signal.rollup_horizon.change       IS 'As of which place in the feed of changes.';
COMMENT ON COLUMN signal.rollup_horizon.is_kept      IS 'Whether the feed goes back to that place.';

CREATE FUNCTION signal.changed_ranges(after bigint, before timestamptz)
RETURNS TABLE (series_id integer, first_at timestamptz, last_at timestamptz)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off
SET enable_hashjoin = off SET enable_mergejoin = off ROWS 100 AS $$
#variable_conflict use_column
DECLARE
    last signal.change_batch;
    ids  bigint[];
BEGIN
    SELECT * INTO last FROM signal.change_batch ORDER BY last_change DESC LIMIT 1;
    SELECT array_agg(found.commit_id) INTO ids
    FROM (SELECT unnest(b.commit_ids) AS commit_id FROM signal.change_batch b WHERE b.last_change > $1
          UNION ALL
          SELECT c.commit_id
          FROM unnest(coalesce(last.open_ids + last.younger_ids, '{}')) AS missing (ids)
          JOIN signal.change_commit c ON c.commit_id >= lower(missing.ids) AND c.commit_id < upper(missing.ids)
          UNION ALL
          SELECT c.commit_id FROM signal.change_commit c WHERE c.commit_id > coalesce(last.seen_to, 0)) AS found;
    RETURN QUERY
    SELECT item.series_id, item.first_at, item.last_at
    FROM unnest(ids) AS one (id) JOIN signal.change_commit c ON c.commit_id = one.id
    CROSS JOIN LATERAL unnest(c.series_ids, c.first_ats, c.last_ats) AS item (series_id, first_at, last_at)
    WHERE item.first_at < $2 AND item.series_id IS NOT NULL;
END $$;
COMMENT ON FUNCTION signal.changed_ranges(bigint, timestamptz) IS
    'What has changed after a place of the feed, with or without a place of its own, and begins before a time: the series, and the starts of the first and the last sample.';
REVOKE EXECUTE ON FUNCTION signal.changed_ranges(bigint, timestamptz) FROM PUBLIC;
