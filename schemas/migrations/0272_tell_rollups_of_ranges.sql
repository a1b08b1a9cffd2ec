-- Rollups of archived days of which a range was replaced say that they are not settled.
--
-- A source can take back samples that are archived, by a range alone. Readers of samples heed it at once; rollups of the
-- day are those of its file until the next roll, and said that they were settled. The body of signal.rollup() is changed
-- where it asks which days are due, and nowhere else. Replaces a function and a view; locks nothing. Undo: make those of
-- 243 and 245.
DO $$
DECLARE
    asked  regprocedure := 'signal.rollup(text[], text[], text, timestamptz, timestamptz, text)';
    body   text := pg_get_functiondef(asked);
    edit   record;
BEGIN
    FOR edit IN VALUES (
        'SELECT f.metric, f.first_on, f.last_on FROM signal.rollup_due f WHERE f.first_on <= to_on AND f.last_on >= from_on',
        'SELECT NULL::integer AS series_id, f.metric, f.first_on, f.last_on FROM signal.rollup_due f
        WHERE f.first_on <= to_on AND f.last_on >= from_on
        UNION ALL
        SELECT r.series_id, f.metric, f.day, f.day FROM signal.replaced_range r
        JOIN signal.series s ON s.series_id = r.series_id
        JOIN signal.metric m ON m.metric_id = s.metric_id
        JOIN signal.archive_file f ON f.metric = m.name AND f.superseded_at IS NULL AND f.revised_to < r.range_id
            AND f.day::timestamp AT TIME ZONE ''UTC'' < r.to_at AND (f.day + 1)::timestamp AT TIME ZONE ''UTC'' > r.from_at
        WHERE r.series_id = ANY (wanted) AND r.to_at > cut.low AND r.from_at < cut.high'
    ), (
        'SELECT FROM due WHERE due.metric = m.name AND due.first_on',
        'SELECT FROM due WHERE due.metric = m.name AND coalesce(due.series_id, t.series_id) = t.series_id AND due.first_on'
    ) LOOP
        IF strpos(body, edit.column1) = 0 THEN
            RAISE EXCEPTION 'signal.rollup() is not as 243 made it: migrate a database whose functions nobody has changed.';
        END IF;
        body := replace(body, edit.column1, edit.column2);
    END LOOP;
    EXECUTE body;
END $$;

CREATE OR REPLACE VIEW signal.daily AS
SELECT total.day, device.device_id, metric.name AS metric, series.statistic, total.count,
       CASE WHEN metric.codes IS NULL THEN total.sum END AS sum,
       CASE WHEN metric.codes IS NULL THEN total.sum / nullif(total.count, 0) END AS mean,
       CASE WHEN metric.codes IS NULL THEN total.least END AS least,
       CASE WHEN metric.codes IS NULL THEN total.greatest END AS greatest,
       CASE WHEN metric.codes IS NULL THEN total.first[2] END AS first,
       CASE WHEN metric.codes IS NULL THEN total.last[2] END AS last,
       total.below, total.above, metric.codes[total.first[2]::integer + 1] AS first_code,
       metric.codes[total.last[2]::integer + 1] AS last_code, metric.unit,
       total.is_settled AND NOT EXISTS (
           SELECT FROM signal.rollup_due AS due
           WHERE due.metric = metric.name AND total.day BETWEEN due.first_on AND due.last_on)
       AND NOT EXISTS (
           SELECT FROM signal.replaced_range AS range
           JOIN signal.archive_file AS file ON file.superseded_at IS NULL AND file.revised_to < range.range_id
           WHERE range.series_id = total.series_id AND range.to_at > total.day::timestamp AT TIME ZONE 'UTC'
             AND range.from_at < (total.day + 1)::timestamp AT TIME ZONE 'UTC'
             AND file.metric = metric.name AND file.day = total.day) AS is_settled
FROM (SELECT part.series_id, part.day, sum(part.count) AS count, sum(part.below) AS below, sum(part.above) AS above,
             sum(part.sum) AS sum, min(part.least) AS least, max(part.greatest) AS greatest,
             min(ARRAY[part.first_quarter, part.first]) FILTER (WHERE part.count > 0) AS first,
             max(ARRAY[part.last_quarter, part.last]) FILTER (WHERE part.count > 0) AS last,
             bool_and(part.is_archived) = bool_or(part.is_archived) AS is_settled
      FROM (SELECT closed.series_id, closed.day, closed.count, closed.below, closed.above, closed.sum, closed.least,
                   closed.greatest, closed.first_quarter, closed.first, closed.last, closed.is_archived,
                   coalesce(closed.quarters[cardinality(closed.counts)],
                            closed.first_quarter + coalesce(cardinality(closed.counts), 1) - 1) AS last_quarter
            FROM signal.rollup_day AS closed
            WHERE closed.is_archived
               OR (SELECT is_kept FROM signal.rollup_horizon)
                  AND (closed.series_id, closed.day) NOT IN (SELECT series_id, day FROM signal.unsettled_rollups())
            UNION ALL
            SELECT series_id, day, count, below, above, sum, least, greatest, first_quarter, first, last, false,
                   coalesce(quarters[cardinality(counts)], first_quarter + coalesce(cardinality(counts), 1) - 1)
            FROM signal.open_rollups()) AS part
      GROUP BY part.series_id, part.day) AS total
JOIN signal.series USING (series_id)
JOIN signal.device USING (device_key)
JOIN signal.metric USING (metric_id);
COMMENT ON COLUMN signal.daily.is_settled IS 'False where late samples of an archived day are in it, or a range of one was replaced, which the next roll compares with the archive, and where a file of the archive is not rolled up yet.';
COMMENT ON FUNCTION signal.rollup(text[], text[], text, timestamptz, timestamptz, text) IS
    'What devices measured in each hour or day of a zone that touches [from, to), in no order; null devices or metrics are all. Exact at every moment: what is closed is read, what is not, or has changed since, is computed. count counts values, below and above what lies beyond the sensor''s range. not_measured is null: a slot that a source leaves empty is counted when it comes (healthtrack_ingest_not_measured_total) and not kept, so a delivery that is repeated, or a value that fills the slot later, could not be told from another empty slot. is_settled is false where late samples of an archived day are in it that the next roll compares with the archive, where a range of one was replaced since its file was made, and where a file of the archive is not rolled up yet: a late sample may be one that the archive has.';
