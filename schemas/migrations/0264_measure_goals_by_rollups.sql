-- Days of goals are not added up twice.
--
-- What a device measured on a day is rolled up already, so a year of a goal on a heart rate need not unpack six million
-- samples. Days that lie wholly within the one wear of the asked time are told by rollups. The others are told by
-- samples as before: where a device was worn for a part of a day only, where two were worn, since then the one worn
-- longest counts, where the last value is what counts, since of samples that begin together the greater is taken, and
-- where some of it is in the archive, whose days a goal has kept.
-- Replaces a function, locks nothing. Undo: make it as 51 has it.
CREATE OR REPLACE FUNCTION care.measure_goal_days(goal care.goal, "from" date, "to" date)
RETURNS TABLE (measured_on date, parts bigint, total double precision, lowest double precision,
               highest double precision, latest double precision)
    LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
    zone     text;
    span     tstzrange;
    several  boolean;
    worn     record;
    whole_on date;
    stop_on  date;
    whole_at timestamptz;
    stop_at  timestamptz;
BEGIN
    IF goal.manual THEN
        RETURN QUERY
        SELECT entry.done_on, count(*), sum(entry.value), min(entry.value), max(entry.value),
               (array_agg(entry.value ORDER BY entry.created_at DESC, entry.value DESC))[1]
        FROM care.goal_entry AS entry
        WHERE entry.patient_id = goal.patient_id AND entry.goal_id = goal.goal_id
          AND entry.done_on >= $2 AND entry.done_on < $3
        GROUP BY entry.done_on;
        RETURN;
    END IF;
    SELECT time_zone INTO zone FROM care.patient AS person WHERE person.patient_id = goal.patient_id;
    span := tstzrange($2::timestamp AT TIME ZONE zone, $3::timestamp AT TIME ZONE zone);
    SELECT count(*) > 1 INTO several FROM care.wear
    WHERE wear.patient_id = goal.patient_id AND wear.worn_during && span;
    IF NOT several AND goal.measure <> 'last' THEN
        SELECT wear.worn_during, wear.device_key, device.device_id INTO worn
        FROM care.wear JOIN signal.device USING (device_key)
        WHERE wear.patient_id = goal.patient_id AND wear.worn_during && span;
        SELECT min(day.at)::date, max(day.at)::date + 1 INTO whole_on, stop_on
        FROM generate_series($2::timestamp, $3::timestamp - INTERVAL '1 day', INTERVAL '1 day') AS day (at)
        -- The first moment of a date may be some hours from what its midnight is taken for.
        WHERE worn.worn_during @> tstzrange(day.at AT TIME ZONE zone - INTERVAL '3 hours',
                                            (day.at + INTERVAL '1 day') AT TIME ZONE zone + INTERVAL '3 hours')
          AND NOT EXISTS (SELECT FROM signal.rollup_day AS kept JOIN signal.series USING (series_id)
                          JOIN signal.metric USING (metric_id)
                          WHERE series.device_key = worn.device_key AND metric.name = goal.metric AND kept.is_archived
                            AND kept.day BETWEEN $2 - 1 AND $3 + 1);
    END IF;
    whole_on := coalesce(whole_on, $3);
    stop_on := coalesce(stop_on, $3);
    whole_at := whole_on::timestamp AT TIME ZONE zone;
    stop_at := stop_on::timestamp AT TIME ZONE zone;
    IF whole_on < stop_on THEN
        RETURN QUERY
        SELECT (told.bucket_at AT TIME ZONE zone)::date, told.count, told.sum, told.least, told.greatest, told.last
        FROM signal.rollup(ARRAY[worn.device_id], ARRAY[goal.metric], 'day', whole_at, stop_at, zone) AS told
        WHERE told.statistic IS NULL AND told.count > 0
          AND (told.bucket_at AT TIME ZONE zone)::date >= whole_on AND (told.bucket_at AT TIME ZONE zone)::date < stop_on;
    END IF;
    RETURN QUERY
    WITH measured AS MATERIALIZED (
        -- Each time as it is, so that chunks are left out.
        SELECT (found.start_at AT TIME ZONE zone)::date AS day, found.*
        FROM (SELECT * FROM care.worn_samples(goal.patient_id, goal.metric, lower(span), whole_at)
              UNION ALL
              SELECT * FROM care.worn_samples(goal.patient_id, goal.metric, stop_at, upper(span))) AS found
    ), device_day AS MATERIALIZED (
        SELECT DISTINCT day, wear_id, worn_during FROM measured WHERE several
    )
    SELECT one.day, count(*), sum(one.value), min(one.value), max(one.value),
           (array_agg(one.value ORDER BY one.start_at DESC, one.value DESC))[1]
    FROM measured AS one
    WHERE NOT (one.day >= whole_on AND one.day < stop_on) AND NOT EXISTS (
        SELECT FROM device_day AS other
        WHERE other.day = one.day AND other.worn_during @> one.start_at
          AND (other.worn_during, other.wear_id) < (one.worn_during, one.wear_id)
    )
    GROUP BY one.day;
END $$;
