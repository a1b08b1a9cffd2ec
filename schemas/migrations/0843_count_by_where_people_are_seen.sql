-- Adherence and time in range are counted by facility and provider, as visits and readmissions are.
--
-- Whom a count is of are people who had a visit at the place within the year, or in the months up to the one that is counted. All by
-- the means of the other counts: cells of 11 people or more, to five, of months and years that are over, a question that is a look;
-- rows of single providers for who watches the quality of care and no analyst. Time in range is read from the rollups of quarters of
-- an hour, never from samples, of one facility and one month at a time: of some hundred wearers that is a fraction of a second, of a
-- whole network it would be many, so nobody is asked of all. By the consensus of 2019 (70 to 180 mg/dL for more than 70 % of the
-- time); who has less than ten days of the month is in no count.
-- New functions, locks nothing. Undo: drop them.
CREATE FUNCTION access.seen_at(facility uuid, since date, until date)
    RETURNS TABLE (facility_id uuid, provider_id uuid, patient_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT DISTINCT a.facility_id, a.provider_id, a.patient_id FROM care.appointment a
    WHERE (SELECT access.is_analyst()) AND a.status = 'completed'
      AND (seen_at.facility IS NULL OR a.facility_id = seen_at.facility)
      AND lower(a.during) >= since::timestamp AT TIME ZONE 'UTC' AND lower(a.during) < until::timestamp AT TIME ZONE 'UTC'
$$;
COMMENT ON FUNCTION access.seen_at(uuid, date, date) IS
    'Who had a visit at a facility, or at any, with whom, in [since, until), each once; for counts of many alone.';

CREATE FUNCTION access.quality_adherence_seen(facility uuid, year integer)
    RETURNS TABLE (facility_id uuid, provider_id uuid, patients bigint, adherent_rate numeric)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT v.facility_id, v.provider_id, care.safe_count(count(DISTINCT v.patient_id)),
           care.safe_rate(count(DISTINCT v.patient_id) FILTER (WHERE p.took_all), count(DISTINCT v.patient_id))
    FROM (SELECT a.patient_id, bool_and(a.adherent) AS took_all
          FROM care.adherence(daterange(make_date(year, 1, 1), make_date(year + 1, 1, 1))) a GROUP BY a.patient_id) AS p
    JOIN access.seen_at(facility, make_date(year, 1, 1), make_date(year + 1, 1, 1)) AS v USING (patient_id)
    WHERE (SELECT access.is_analyst()) AND year < extract(year FROM now())
    GROUP BY GROUPING SETS ((v.facility_id), (v.facility_id, v.provider_id))
    HAVING count(DISTINCT v.patient_id) >= 11
       AND (grouping(v.provider_id) = 1 OR (SELECT access.part()) IS DISTINCT FROM 'analyst')
$$;
COMMENT ON FUNCTION access.quality_adherence_seen(uuid, integer) IS
    'People who took anything in a year that is over, of a facility (no provider) and of each provider there, and how many took all of it as they should.';

CREATE FUNCTION access.quality_time_in_range(facility uuid, month date)
    RETURNS TABLE (facility_id uuid, provider_id uuid, patients bigint, in_range_rate numeric)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $$
    WITH seen AS MATERIALIZED (
        SELECT v.facility_id, v.provider_id, v.patient_id
        FROM access.seen_at(facility, (month - INTERVAL '11 months')::date, (month + INTERVAL '1 month')::date) AS v
        WHERE facility IS NOT NULL
    ), person AS (
        SELECT w.patient_id, sum(q.quarters) AS quarters, sum(q.in_range) AS in_range
        FROM (SELECT DISTINCT s.patient_id FROM seen s) AS who
        JOIN care.wear w ON w.patient_id = who.patient_id
        JOIN signal.series s ON s.device_key = w.device_key AND s.statistic IS NULL
        JOIN signal.metric m ON m.metric_id = s.metric_id AND m.name = 'interstitial_glucose'
        JOIN signal.rollup_day r ON r.series_id = s.series_id
            AND r.day >= month AND r.day < (month + INTERVAL '1 month')::date
            AND w.worn_during @> (r.day::timestamp AT TIME ZONE 'UTC')
            AND w.worn_during @> ((r.day + 1)::timestamp AT TIME ZONE 'UTC' - INTERVAL '1 microsecond')
        CROSS JOIN LATERAL (
            SELECT count(*) AS quarters, count(*) FILTER (WHERE p.n > 0 AND round(p.total / p.n) BETWEEN 70 AND 180) AS in_range
            FROM unnest(coalesce(r.counts, ARRAY[r.count]), coalesce(r.sums, ARRAY[r.sum])) AS p (n, total)) AS q
        GROUP BY w.patient_id HAVING sum(q.quarters) >= 960
    )
    SELECT v.facility_id, v.provider_id, care.safe_count(count(DISTINCT v.patient_id)),
           care.safe_rate(count(DISTINCT v.patient_id) FILTER (WHERE p.in_range > 0.7 * p.quarters), count(DISTINCT v.patient_id))
    FROM person p JOIN seen v USING (patient_id)
    WHERE (SELECT access.is_analyst()) AND month = date_trunc('month', month)::date
      AND month < date_trunc('month', now(), 'UTC')::date
    GROUP BY GROUPING SETS ((v.facility_id), (v.facility_id, v.provider_id))
    HAVING count(DISTINCT v.patient_id) >= 11
       AND (grouping(v.provider_id) = 1 OR (SELECT access.part()) IS DISTINCT FROM 'analyst')
$$;
COMMENT ON FUNCTION access.quality_time_in_range(uuid, date) IS
    'People seen at a facility (no provider) and by each provider there whose glucose was measured for ten days of a month that is over, and how many were within 70 to 180 mg/dL for more than 70 % of the quarters of an hour.';

REVOKE ALL ON FUNCTION access.seen_at(uuid, date, date), access.quality_adherence_seen(uuid, integer),
    access.quality_time_in_range(uuid, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.seen_at(uuid, date, date), access.quality_adherence_seen(uuid, integer),
    access.quality_time_in_range(uuid, date) TO healthtrack_care;

CALL access.publish('count_adherence_seen', 'facility uuid, year integer',
    'TABLE (facility_id uuid, provider_id uuid, patients bigint, adherent_rate double precision)',
    $body$PERFORM access.check_quality(me);
    RETURN QUERY SELECT q.facility_id, q.provider_id, q.patients, q.adherent_rate::float8
    FROM access.quality_adherence_seen(facility, count_adherence_seen.year) q
    ORDER BY q.facility_id, q.provider_id NULLS FIRST LIMIT 2000;$body$,
    'People who took anything in a year by where and by whom they were seen, and how many took all of it as they should; cells of 11 or more.',
    '''quality_adherence''');

CALL access.publish('count_time_in_range', 'facility uuid, month date',
    'TABLE (facility_id uuid, provider_id uuid, patients bigint, in_range_rate double precision)',
    $body$PERFORM access.check_quality(me);
    RETURN QUERY SELECT q.facility_id, q.provider_id, q.patients, q.in_range_rate::float8
    FROM access.quality_time_in_range(facility, count_time_in_range.month) q
    ORDER BY q.facility_id, q.provider_id NULLS FIRST LIMIT 2000;$body$,
    'People seen at a facility whose glucose was measured in a month, and how many were in range for more than 70 % of the time, by provider; cells of 11 or more.',
    '''quality_samples''');
