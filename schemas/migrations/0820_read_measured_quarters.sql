-- A profile of glucose over weeks counts what went to the archive as well, by quarters of an hour.
--
-- Days that went to the archive leave their rollup here (240): of each quarter the count, sum, least, greatest, first and last
-- reading, and how many lay beyond what the sensor can measure. Three readings of a quarter are known by that to the digit,
-- and a sensor that measures each five minutes gives three. Days that are not archived are left out, since api.read_samples
-- gives their samples: both together tell each reading once. A quarter in which the wearer changed is nobody's.
-- New functions, locks nothing. Undo: drop them.
CREATE FUNCTION access.worn_quarters(patient uuid, metric text, "from" timestamptz, "to" timestamptz)
    RETURNS TABLE (device text, quarter_at timestamptz, count integer, below integer, above integer, total double precision,
                   lowest double precision, highest double precision, first double precision, last double precision)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    IF ("to" > "from" AND "to" <= "from" + INTERVAL '400 days') IS NOT TRUE THEN
        PERFORM access.refuse('samples_are_asked_for_by_metric_and_time',
                              'Name a metric and a period of 400 days at most.');
    END IF;
    IF access.reason_to_see(patient, 'samples') IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT d.device_id, place.begins, coalesce(piece.count, 0), coalesce(piece.below, 0), coalesce(piece.above, 0),
           piece.sum, piece.least, piece.greatest, piece.first, piece.last
    FROM care.wear w JOIN signal.device d USING (device_key) JOIN signal.series s USING (device_key)
    JOIN signal.metric m USING (metric_id)
    JOIN signal.rollup_day r USING (series_id)
    -- A day of one piece has its numbers only once.
    CROSS JOIN LATERAL (
        SELECT r.first_quarter::integer AS quarter, r.count, r.below, r.above, r.sum, r.least, r.greatest, r.first, r.last
        WHERE r.counts IS NULL
        UNION ALL
        SELECT coalesce(told.quarter, r.first_quarter + told.place - 1)::integer, told.count, told.below, told.above, told.sum,
               told.least, told.greatest, told.first, told.last
        FROM unnest(r.counts, r.quarters, r.belows, r.aboves, r.sums, r.leasts, r.greatests, r.firsts, r.lasts)
            WITH ORDINALITY AS told (count, quarter, below, above, sum, least, greatest, first, last, place)
        WHERE r.counts IS NOT NULL
    ) AS piece
    CROSS JOIN LATERAL (
        SELECT r.day::timestamp AT TIME ZONE 'UTC' + piece.quarter * INTERVAL '15 minutes' AS begins) AS place
    WHERE w.patient_id = patient AND m.name = worn_quarters.metric AND s.statistic IS NULL AND r.is_archived
      AND r.day BETWEEN ("from" AT TIME ZONE 'UTC')::date AND ("to" AT TIME ZONE 'UTC')::date
      AND tstzrange("from", "to") * w.worn_during @> tstzrange(place.begins, place.begins + INTERVAL '15 minutes')
      AND coalesce(piece.count, 0) + coalesce(piece.below, 0) + coalesce(piece.above, 0) > 0;
END $$;
REVOKE EXECUTE ON FUNCTION access.worn_quarters(uuid, text, timestamptz, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.worn_quarters(uuid, text, timestamptz, timestamptz) TO healthtrack_care;
COMMENT ON FUNCTION access.worn_quarters(uuid, text, timestamptz, timestamptz) IS
    'Quarters of an hour within [from, to) that went to the archive, from each device while a patient wore it; none where the actor may not see samples.';

CALL access.publish('read_quarters', 'metric text, "from" timestamptz, "to" timestamptz',
    'TABLE (time_zone text, device text, quarter_at timestamptz, count integer, below integer, above integer, total double precision,
            lowest double precision, highest double precision, first double precision, last double precision)',
    $body$RETURN QUERY
    SELECT p.time_zone::text, q.device, q.quarter_at, q.count, q.below, q.above, q.total, q.lowest, q.highest, q.first, q.last
    FROM care.patient p LEFT JOIN access.worn_quarters(patient, metric, "from", "to") AS q ON true
    WHERE p.patient_id = patient ORDER BY q.quarter_at, q.device LIMIT 50000;$body$,
    'A patient''s time zone, beside each quarter of an hour within [from, to) of a metric that went to the archive; one row without a quarter where there is none.',
    look => $$'samples/' || metric$$);
