-- What is known of a sample, for the person who looks at it: its flags, the source's local time, when it was received
-- and which word of the source it is, as `signal.sample` shows them; a value beyond its sensor's range is told from one
-- that is missing by them alone.
--
-- Functions whose rows become longer are made anew; locks nothing. Undo: drop both and make those of migration 136.
DROP FUNCTION api.read_samples(text, uuid, uuid, text, timestamptz, timestamptz, integer);
DROP FUNCTION access.worn_samples(uuid, text, timestamptz, timestamptz, integer);

CREATE FUNCTION access.worn_samples(
    patient uuid, metric text, "from" timestamptz, "to" timestamptz, rows_max integer
) RETURNS TABLE (
    start_at timestamptz, end_at timestamptz, value double precision, statistic text, code text, unit text, device_id text,
    flags text[], utc_offset_minutes smallint, received_at timestamptz, revision bigint
)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF (metric ~ '^[a-z][a-z0-9_]{0,79}$' AND "to" > "from" AND "to" <= "from" + INTERVAL '400 days') IS NOT TRUE THEN
        PERFORM access.refuse('samples_are_asked_for_by_metric_and_time',
                              'Name a metric and a period of 400 days at most.');
    END IF;
    RETURN QUERY
        SELECT s.start_at, s.end_at, s.value, s.statistic, s.code, s.unit, s.device_id,
               s.flags, s.utc_offset_minutes, s.received_at, s.revision
        FROM care.wear w
        JOIN signal.device d USING (device_key)
        CROSS JOIN LATERAL signal.samples(d.device_id, worn_samples.metric,
            greatest(worn_samples."from", lower(w.worn_during)), least(worn_samples."to", upper(w.worn_during))) s
        WHERE w.patient_id = patient AND w.worn_during && tstzrange(worn_samples."from", worn_samples."to")
          AND access.reason_to_see(patient, 'samples') IS NOT NULL
        ORDER BY s.start_at, s.statistic, s.device_id LIMIT rows_max;
END $$;
COMMENT ON FUNCTION access.worn_samples(uuid, text, timestamptz, timestamptz, integer) IS 'Hot samples of a patient and metric that begin in [from, to), from the devices worn at the time; none where the actor may not see them.';
GRANT EXECUTE ON FUNCTION access.worn_samples(uuid, text, timestamptz, timestamptz, integer) TO healthtrack_care;

CALL access.publish('read_samples', 'metric text, "from" timestamptz, "to" timestamptz, rows_max integer',
    'TABLE (start_at timestamptz, end_at timestamptz, value double precision, statistic text, code text, unit text, device_id text,
            flags text[], utc_offset_minutes smallint, received_at timestamptz, revision bigint)',
    $body$RETURN QUERY SELECT start_at, end_at, value, statistic, code, unit, device_id,
                              flags, utc_offset_minutes, received_at, revision
    FROM access.worn_samples(patient, metric, "from", "to", least(rows_max, 1000000));$body$,
    'Hot samples of a patient and metric that begin in [from, to), 400 days and a million at most, from the devices worn at the time.',
    look => $$'samples/' || metric$$);
