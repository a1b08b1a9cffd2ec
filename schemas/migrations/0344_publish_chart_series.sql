-- One series for a chart: what the laboratory found, what was observed, and what devices measured, of one code.
--
-- A LOINC code is drawn alone, with the metrics of the catalogue that have it; a metric with all its codes. What a chart
-- draws is numbers and ranges that stand: in the unit of care.loinc_unit where the conversion is exact, else as they
-- were told, and each point says its unit. Of a device a point is a day of the patient's zone, and of each device its own: days that lie wholly
-- within a wear are told by rollups, so that archived ones are there as well; days on which a device changed hands are
-- added up from the hot samples of this wearer. Totals (steps, minutes) are sums, all else means.
--
-- A grant of the chart opens results and observations; what devices measured takes one of samples, as everywhere. Locks
-- nothing. Undo: drop them.
INSERT INTO access.look_kind (kind, scope) VALUES ('chart_series', 'chart');

CREATE FUNCTION access.chart_codes(code text, OUT loincs text[], OUT metrics text[])
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF code ~ '^[0-9]' AND care.code_fits('loinc', code) THEN
        loincs := ARRAY[code];
        metrics := ARRAY(SELECT m.name FROM signal.metric m WHERE code = ANY (m.loinc) AND m.codes IS NULL ORDER BY m.name);
    ELSE
        SELECT m.loinc, ARRAY[m.name] INTO loincs, metrics FROM signal.metric m WHERE m.name = code AND m.codes IS NULL;
        IF metrics IS NULL THEN
            PERFORM access.refuse('chart_is_of_a_known_code', 'Choose a LOINC code, or a metric that is a number.');
        END IF;
    END IF;
END $$;
COMMENT ON FUNCTION access.chart_codes(text) IS 'The LOINC codes and metrics that a chart of one of either draws.';

CREATE FUNCTION access.worn_days(patient uuid, metrics text[], "from" timestamptz, "to" timestamptz) RETURNS TABLE (
    device_id text, metric text, day_at timestamptz, stop_at timestamptz, statistic text, value double precision,
    lowest double precision, highest double precision, count bigint, unit text
)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    zone     text;
    from_on  date;
    to_on    date;
    whole_on date;
    stop_on  date;
    worn     record;
BEGIN
    SELECT p.time_zone INTO zone FROM care.patient p
    WHERE p.patient_id = patient AND access.reason_to_see(patient, 'samples') IS NOT NULL;
    IF zone IS NULL OR cardinality(metrics) = 0 THEN
        RETURN;
    END IF;
    from_on := ("from" AT TIME ZONE zone)::date;
    to_on := (("to" - INTERVAL '1 microsecond') AT TIME ZONE zone)::date + 1;
    FOR worn IN
        SELECT w.worn_during, d.device_id FROM care.wear w JOIN signal.device d USING (device_key)
        WHERE w.patient_id = patient
          AND w.worn_during && tstzrange(from_on::timestamp AT TIME ZONE zone, to_on::timestamp AT TIME ZONE zone)
    LOOP
        SELECT min(day.at)::date, max(day.at)::date + 1 INTO whole_on, stop_on
        FROM generate_series(from_on::timestamp, to_on::timestamp - INTERVAL '1 day', INTERVAL '1 day') AS day (at)
        -- The first moment of a date may be some hours from what its midnight is taken for.
        WHERE worn.worn_during @> tstzrange(day.at AT TIME ZONE zone - INTERVAL '3 hours',
                                            (day.at + INTERVAL '1 day') AT TIME ZONE zone + INTERVAL '3 hours');
        whole_on := coalesce(whole_on, to_on);
        stop_on := coalesce(stop_on, to_on);
        RETURN QUERY
        WITH measured AS (
            SELECT told.metric, (told.bucket_at AT TIME ZONE zone)::date AS day, told.count, told.sum, told.least AS lowest, told.greatest AS highest
            FROM signal.rollup(ARRAY[worn.device_id], metrics, 'day', whole_on::timestamp AT TIME ZONE zone,
                               stop_on::timestamp AT TIME ZONE zone, zone) AS told
            WHERE whole_on < stop_on AND told.statistic IS NULL AND told.count > 0
              AND (told.bucket_at AT TIME ZONE zone)::date >= whole_on AND (told.bucket_at AT TIME ZONE zone)::date < stop_on
            UNION ALL
            SELECT s.metric, (s.start_at AT TIME ZONE zone)::date, pg_catalog.count(*), sum(s.value), min(s.value), max(s.value)
            FROM unnest(metrics) AS wanted (name)
            CROSS JOIN (VALUES (from_on, whole_on), (stop_on, to_on)) AS edge (first_on, before_on)
            CROSS JOIN LATERAL signal.samples(worn.device_id, wanted.name,
                greatest(edge.first_on::timestamp AT TIME ZONE zone, lower(worn.worn_during)),
                least(edge.before_on::timestamp AT TIME ZONE zone, upper(worn.worn_during))) AS s
            WHERE s.statistic IS NULL AND s.value IS NOT NULL
            GROUP BY 1, 2
        )
        SELECT worn.device_id, m.name, one.day::timestamp AT TIME ZONE zone, (one.day + 1)::timestamp AT TIME ZONE zone,
               CASE WHEN added.up THEN 'sum' ELSE 'mean' END, CASE WHEN added.up THEN one.sum ELSE one.sum / one.count END,
               one.lowest, one.highest, one.count, m.unit
        FROM measured AS one JOIN signal.metric m ON m.name = one.metric
        CROSS JOIN LATERAL (SELECT m.per_minute OR m.unit = 'min' AS up) AS added;
    END LOOP;
END $$;
COMMENT ON FUNCTION access.worn_days(uuid, text[], timestamptz, timestamptz) IS 'Days of a patient''s zone that touch [from, to) as each device told them while the patient wore it; none where the actor may not see samples.';
GRANT EXECUTE ON FUNCTION access.chart_codes(text), access.worn_days(uuid, text[], timestamptz, timestamptz) TO healthtrack_care;

CREATE FUNCTION care.in_chart_unit(code text, told text, number numeric) RETURNS numeric
    LANGUAGE sql STABLE AS $$
    SELECT coalesce((SELECT (number + u.shift) * u.factor / u.divisor FROM care.loinc_unit u
                     WHERE u.loinc = code AND care.bare_unit(u.unit) = care.bare_unit(told) AND u.chart_unit IS NOT NULL LIMIT 1),
                    number)
$$;
COMMENT ON FUNCTION care.in_chart_unit(text, text, numeric) IS 'A number in the unit in which its code is drawn; as it is where there is no exact conversion.';

CREATE FUNCTION care.chart_series(patient uuid, codes text[], metrics text[], "from" timestamptz, "to" timestamptz) RETURNS TABLE (
    source text, observed_at timestamptz, ended_at timestamptz, loinc text, metric text, value double precision,
    lowest double precision, highest double precision, unit text, told_value double precision, told_unit text, comparator text,
    statistic text, count bigint, interpretation text, status text, row_id uuid, device text
)
    LANGUAGE sql STABLE AS $$
    WITH point AS (
        SELECT 'laboratory' AS source, r.observed_at, NULL::timestamptz AS ended_at, r.loinc, r.value_number AS value,
               NULL::numeric AS low, NULL::numeric AS high, r.unit::text AS unit, r.comparator, r.flag AS interpretation, r.status,
               r.lab_result_id AS row_id, NULL::text AS device
        FROM care.current_lab_result r
        WHERE r.patient_id = patient AND r.loinc = ANY (codes) AND r.observed_at >= "from" AND r.observed_at < "to"
          AND r.value_number IS NOT NULL
        UNION ALL
        SELECT 'observation', o.observed_at, o.ended_at, part.loinc, part.value_number, part.value_low, part.value_high,
               part.unit, part.comparator, part.interpretation, o.status, o.observation_id, o.device_id
        FROM care.observation o
        CROSS JOIN LATERAL (
            SELECT o.loinc, o.value_number, o.value_low, o.value_high, o.unit::text, o.comparator, o.interpretation
            UNION ALL
            SELECT c.loinc, c.value_number, c.value_low, c.value_high, c.unit::text, c.comparator, c.interpretation
            FROM care.observation_component c
            WHERE c.patient_id = patient AND c.observation_id = o.observation_id AND o.component_count > 0
        ) AS part
        WHERE o.patient_id = patient AND o.observed_at >= "from" AND o.observed_at < "to" AND part.loinc = ANY (codes)
          AND num_nonnulls(part.value_number, part.value_low, part.value_high) > 0
          AND o.status <> 'entered_in_error' AND NOT EXISTS (
              SELECT FROM care.observation n
              WHERE n.patient_id = patient AND n.amends_observation_id = o.observation_id AND n.status <> 'entered_in_error')
    )
    SELECT p.source, p.observed_at, p.ended_at, p.loinc, NULL, care.in_chart_unit(p.loinc, p.unit, p.value)::float8,
           care.in_chart_unit(p.loinc, p.unit, p.low)::float8, care.in_chart_unit(p.loinc, p.unit, p.high)::float8,
           coalesce((SELECT u.chart_unit FROM care.loinc_unit u WHERE u.loinc = p.loinc
                     AND care.bare_unit(u.unit) = care.bare_unit(p.unit) AND u.chart_unit IS NOT NULL LIMIT 1), p.unit),
           p.value::float8, p.unit, p.comparator, NULL, NULL::bigint, p.interpretation, p.status, p.row_id, p.device
    FROM point p
    UNION ALL
    SELECT 'device', d.day_at, d.stop_at, CASE cardinality(codes) WHEN 1 THEN codes[1] END, d.metric, d.value, d.lowest,
           d.highest, d.unit, d.value, d.unit, NULL, d.statistic, d.count, NULL,
           CASE WHEN d.stop_at > now() THEN 'preliminary' ELSE 'final' END, NULL, d.device_id
    FROM access.worn_days(patient, metrics, "from", "to") d
    ORDER BY 2, 1, 17, 18
$$;
COMMENT ON FUNCTION care.chart_series(uuid, text[], text[], timestamptz, timestamptz) IS 'Points of a patient by LOINC codes and metrics in [from, to): results, observations, and days of devices, by time.';
GRANT EXECUTE ON FUNCTION care.in_chart_unit(text, text, numeric),
    care.chart_series(uuid, text[], text[], timestamptz, timestamptz) TO healthtrack_care, healthtrack_migrator;

CALL access.publish('read_chart_series', 'code text, "from" timestamptz, "to" timestamptz, rows_max integer',
    'TABLE (source text, observed_at timestamptz, ended_at timestamptz, loinc text, metric text, value double precision, lowest double precision, highest double precision, unit text, told_value double precision, told_unit text, comparator text, statistic text, count bigint, interpretation text, status text, row_id uuid, device text)',
    $body$
    IF ("to" > "from" AND "to" <= "from" + INTERVAL '3660 days') IS NOT TRUE THEN
        PERFORM access.refuse('chart_is_asked_within_bounds', 'Ask for ten years at most.');
    END IF;
    RETURN QUERY SELECT s.* FROM access.chart_codes(code) AS drawn,
        care.chart_series(patient, drawn.loincs, drawn.metrics, "from", "to") AS s LIMIT least(rows_max, 20000);$body$,
    'One series of a LOINC code or metric in [from, to), ten years at most: results and observations as they stand and days of the devices worn, by time, each with its source, unit and status, 20,000 at most.',
    look => $$'chart_series'$$);
