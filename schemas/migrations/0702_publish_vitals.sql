-- What a patient's devices measured, as charts draw it: all channels of a time in one answer, under one look.
--
-- A chart has some hundred points, and a day of heart rate 17,000 samples, so samples of short times are put together into
-- as many buckets as are asked for, each with its least, mean and greatest; longer times come from hours and days that are
-- kept. A device that changes hands within an hour tells each wearer only their own part of it, by samples. New functions,
-- locks nothing. Undo: drop them and the kind.
INSERT INTO access.look_kind (kind, scope, sensitive) VALUES ('vitals', 'samples', false);

CREATE FUNCTION access.worn_buckets(patient uuid, metrics text[], "from" timestamptz, "to" timestamptz, width interval)
    RETURNS TABLE (device text, metric text, bucket_at timestamptz, stop_at timestamptz, count bigint, total double precision,
                   lowest double precision, highest double precision)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT d.device_id, wanted.name, place.begins, least(place.begins + width, "to"), count(*), sum(s.value), min(s.value), max(s.value)
    FROM care.wear w JOIN signal.device d USING (device_key) CROSS JOIN unnest(metrics) AS wanted (name)
    CROSS JOIN LATERAL signal.samples(d.device_id, wanted.name, greatest("from", lower(w.worn_during)),
                                      least("to", upper(w.worn_during))) AS s
    CROSS JOIN LATERAL (SELECT "from" + width * floor(extract(epoch FROM s.start_at - "from") / extract(epoch FROM width)) AS begins) AS place
    WHERE w.patient_id = patient AND w.worn_during && tstzrange("from", "to") AND s.statistic IS NULL AND s.value IS NOT NULL
    GROUP BY 1, 2, 3
$$;
REVOKE EXECUTE ON FUNCTION access.worn_buckets(uuid, text[], timestamptz, timestamptz, interval) FROM PUBLIC;
COMMENT ON FUNCTION access.worn_buckets(uuid, text[], timestamptz, timestamptz, interval) IS
    'Plain samples of [from, to) from each device while a patient wore it, put together into buckets of one width; for functions that have asked who acts.';

CREATE FUNCTION access.worn_hours(patient uuid, metrics text[], "from" timestamptz, "to" timestamptz)
    RETURNS TABLE (device text, metric text, bucket_at timestamptz, stop_at timestamptz, count bigint, total double precision,
                   lowest double precision, highest double precision)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    worn     record;
    whole_at timestamptz;
    part_at  timestamptz;
BEGIN
    FOR worn IN
        SELECT d.device_id, greatest("from", lower(w.worn_during)) AS from_at, least("to", upper(w.worn_during)) AS to_at
        FROM care.wear w JOIN signal.device d USING (device_key)
        WHERE w.patient_id = patient AND w.worn_during && tstzrange("from", "to")
    LOOP
        -- Hours that the device was worn from beginning to end are kept; what is beside them is added up.
        whole_at := date_trunc('hour', worn.from_at + INTERVAL '1 hour' - INTERVAL '1 microsecond', 'UTC');
        part_at := greatest(whole_at, date_trunc('hour', worn.to_at, 'UTC'));
        IF whole_at < part_at THEN
            RETURN QUERY
            SELECT told.device_id, told.metric, told.bucket_at, told.bucket_at + INTERVAL '1 hour', told.count, told.sum, told.least, told.greatest
            FROM signal.rollup(ARRAY[worn.device_id], metrics, 'hour', whole_at, part_at, 'UTC') AS told
            WHERE told.statistic IS NULL AND told.count > 0;
        END IF;
        RETURN QUERY
        SELECT worn.device_id, wanted.name, date_trunc('hour', s.start_at, 'UTC'), date_trunc('hour', s.start_at, 'UTC') + INTERVAL '1 hour',
               pg_catalog.count(*), sum(s.value), min(s.value), max(s.value)
        FROM unnest(metrics) AS wanted (name)
        CROSS JOIN (VALUES (worn.from_at, least(whole_at, worn.to_at)), (part_at, worn.to_at)) AS edge (from_at, to_at)
        CROSS JOIN LATERAL signal.samples(worn.device_id, wanted.name, edge.from_at, edge.to_at) AS s
        WHERE edge.from_at < edge.to_at AND s.statistic IS NULL AND s.value IS NOT NULL
        GROUP BY 2, 3;
    END LOOP;
END $$;
REVOKE EXECUTE ON FUNCTION access.worn_hours(uuid, text[], timestamptz, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION access.worn_hours(uuid, text[], timestamptz, timestamptz) IS
    'Hours of [from, to) from each device while a patient wore it; for functions that have asked who acts.';

CREATE FUNCTION access.vitals(patient uuid, metrics text[], "from" timestamptz, "to" timestamptz, every text)
    RETURNS TABLE (device text, metric text, bucket_at timestamptz, stop_at timestamptz, count bigint, value double precision,
                   lowest double precision, highest double precision, statistic text, unit text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    IF ("to" > "from" AND cardinality(metrics) <= 20 AND "to" <= "from" + CASE every WHEN 'minute' THEN INTERVAL '2 days'
            WHEN 'hour' THEN INTERVAL '93 days' WHEN 'day' THEN INTERVAL '3660 days' END) IS NOT TRUE THEN
        PERFORM access.refuse('vitals_are_asked_within_bounds',
                              'Ask for 20 metrics at most, and two days by minutes, 93 days by hours or ten years by days.');
    END IF;
    IF access.reason_to_see(patient, 'samples') IS NULL THEN
        RETURN;
    END IF;
    IF every = 'day' THEN
        RETURN QUERY SELECT w.device_id, w.metric, w.day_at, w.stop_at, w.count, w.value, w.lowest, w.highest, w.statistic, w.unit
        FROM access.worn_days(patient, metrics, "from", "to") AS w;
        RETURN;
    END IF;
    RETURN QUERY
    WITH told AS (
        SELECT * FROM access.worn_hours(patient, metrics, "from", "to") WHERE every = 'hour'
        UNION ALL
        SELECT * FROM access.worn_buckets(patient, metrics, "from", "to", greatest(("to" - "from") / 360, INTERVAL '1 second'))
        WHERE every = 'minute'
    )
    SELECT t.device, t.metric, t.bucket_at, t.stop_at, t.count, CASE WHEN added.up THEN t.total ELSE t.total / t.count END,
           t.lowest, t.highest, CASE WHEN added.up THEN 'sum' ELSE 'mean' END, m.unit
    FROM told t JOIN signal.metric m ON m.name = t.metric
    CROSS JOIN LATERAL (SELECT m.per_minute OR m.unit = 'min' AS up) AS added;
END $$;
REVOKE EXECUTE ON FUNCTION access.vitals(uuid, text[], timestamptz, timestamptz, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.vitals(uuid, text[], timestamptz, timestamptz, text) TO healthtrack_care;
COMMENT ON FUNCTION access.vitals(uuid, text[], timestamptz, timestamptz, text) IS
    'What a patient''s devices measured in [from, to), by minutes (360 buckets), hours or days; none where the actor may not see samples.';

-- In PL/pgSQL, which keeps its plan: each page that listens asks it every 700 ms, and planning took three quarters of that.
CREATE FUNCTION access.newest_vitals(patient uuid)
    RETURNS TABLE (device text, metric text, title text, measured_at timestamptz, value double precision, code text, unit text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    IF access.reason_to_see(patient, 'samples') IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY SELECT DISTINCT ON (l.metric) l.device_id, l.metric, m.title, l.start_at, l.value, l.code, l.unit
    FROM care.wear w JOIN signal.device d USING (device_key) JOIN signal.last l ON l.device_id = d.device_id
    JOIN signal.metric m ON m.name = l.metric
    WHERE w.patient_id = patient AND w.worn_during @> l.start_at AND l.statistic IS NULL
    ORDER BY l.metric, l.start_at DESC, l.device_id;
END $$;
REVOKE EXECUTE ON FUNCTION access.newest_vitals(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.newest_vitals(uuid) TO healthtrack_care;
COMMENT ON FUNCTION access.newest_vitals(uuid) IS
    'The newest sample of each metric of a patient, from the devices worn at its time; none where the actor may not see samples.';

CALL access.publish('read_vitals', 'metrics text[], "from" timestamptz, "to" timestamptz, every text',
    'TABLE (device text, metric text, bucket_at timestamptz, stop_at timestamptz, count bigint, value double precision,
            lowest double precision, highest double precision, statistic text, unit text)', $body$RETURN QUERY
    SELECT v.* FROM access.vitals(patient, metrics, "from", "to", every) AS v ORDER BY v.metric, v.bucket_at, v.device LIMIT 50000;$body$,
    'What a patient''s devices measured in [from, to), by minute (360 buckets of two days at most), hour (93 days) or day (ten years).',
    look => $$'vitals'$$);
CALL access.publish('read_newest_vitals', '',
    'TABLE (device text, metric text, title text, measured_at timestamptz, value double precision, code text, unit text)',
    $body$RETURN QUERY SELECT n.* FROM access.newest_vitals(patient) AS n;$body$,
    'The newest sample of each metric of a patient.', look => $$'vitals'$$);
