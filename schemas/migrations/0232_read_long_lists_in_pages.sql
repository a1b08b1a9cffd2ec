-- A page of a long list of changes costs what the page is long, and not what the list is.
--
-- A backlog of single samples is written in transactions of 400,000. Each page of such a list looked the series of all of
-- it up: 0.6 s for 1,000 rows of 200,000, so all of them by pages took two minutes. A page now takes its part of the
-- arrays first. Locks nothing. Undo: make the function as 0230 has it.
CREATE OR REPLACE FUNCTION signal.changes(after bigint, rows_max integer DEFAULT 10000)
RETURNS TABLE (change bigint, kind text, device_id text, metric text, statistic text, "from" timestamptz,
               "to" timestamptz, samples integer, committed_at timestamptz, series_id integer, device_sha256 text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET plan_cache_mode = force_generic_plan ROWS 1000 AS $$
#variable_conflict use_column
DECLARE
    remaining bigint := rows_max;
    before    bigint;
    first     integer;
    last      integer;
    batch     signal.change_batch;
BEGIN
    PERFORM signal.check_change_place($1);
    FOR batch IN SELECT b.* FROM signal.change_batch b WHERE b.last_change > $1 ORDER BY b.last_change LOOP
        FOR number IN 1 .. cardinality(batch.commit_ids) LOOP
            CONTINUE WHEN batch.last_changes[number] <= $1;
            IF remaining <= 0 THEN
                RETURN;
            END IF;
            before := coalesce(batch.last_changes[number - 1], batch.first_change - 1);
            first := greatest($1 - before, 0) + 1;
            last := least(batch.last_changes[number] - before, first - 1 + remaining);
            RETURN QUERY
            SELECT before + first - 1 + item.place,
                   CASE coalesce(item.kind, 1) WHEN 1 THEN 'stored' WHEN 2 THEN 'superseded' WHEN 3 THEN 'erased' END,
                   device.device_id, metric.name, series.statistic, item.first_at,
                   item.last_at + INTERVAL '1 microsecond', item.samples, listed.committed_at, item.series_id,
                   listed.device_sha256
            FROM signal.change_commit AS listed
            CROSS JOIN LATERAL unnest(listed.series_ids[first : last], listed.first_ats[first : last],
                                      listed.last_ats[first : last], listed.counts[first : last],
                                      listed.kinds[first : last])
                WITH ORDINALITY AS item (series_id, first_at, last_at, samples, kind, place)
            LEFT JOIN signal.series ON series.series_id = item.series_id
            LEFT JOIN signal.device ON device.device_key = series.device_key
            LEFT JOIN signal.metric ON metric.metric_id = series.metric_id
            WHERE listed.commit_id = batch.commit_ids[number]
            ORDER BY item.place;
            remaining := remaining - (last - first + 1);
        END LOOP;
    END LOOP;
END $$;
