-- The only way from the portal to the samples.
--
-- The hot table has no row-level security: compression and its policies exclude one another, and they are not copied to
-- chunks. So the portal has no grant on signal at all, and asks here. The function decides, audits in the same
-- transaction, and reads what devices measured while the patient wore them, and nothing else of those devices.
--
-- A denial must be kept, and an exception would undo its event. So a denial is an answer: one row in which `refusal`
-- has a sentence and all else is null, to be committed like any other. Locks nothing. Undo: drop it.
CREATE FUNCTION access.reason_to_see(patient_id uuid, scope text) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN reason_to_see.patient_id = ANY (access.own_patients()) THEN 'own'
                WHEN reason_to_see.patient_id = ANY (access.patients_in_care()) THEN 'in_care'
                WHEN reason_to_see.patient_id = ANY (access.patients_granted(scope)) THEN 'granted' END
$$;
COMMENT ON FUNCTION access.reason_to_see(uuid, text) IS 'Why the actor may see this scope of a patient''s record: own, in_care or granted; null where not.';

CREATE FUNCTION access.samples(
    patient_id uuid, metric text, "from" timestamptz, "to" timestamptz, request_id uuid DEFAULT NULL
) RETURNS TABLE (
    start_at timestamptz, end_at timestamptz, value double precision, statistic text, code text, unit text,
    device_id text, refusal text
)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    why constant text := access.reason_to_see(patient_id, 'samples');
BEGIN
    IF (metric ~ '^[a-z][a-z0-9_]{0,79}$' AND "to" > "from" AND "to" <= "from" + INTERVAL '400 days') IS NOT TRUE THEN
        PERFORM access.refuse('samples_are_asked_for_by_metric_and_time',
                              'Name a metric and a period of 400 days at most.');
    ELSIF NOT EXISTS (SELECT FROM signal.metric m WHERE m.name = samples.metric) THEN
        -- The audit would else keep whatever somebody typed.
        PERFORM access.refuse('samples_are_of_a_known_metric', 'Choose one of the known metrics.');
    END IF;
    IF why IS NULL THEN
        PERFORM access.audit('read', patient_id, 'samples/' || metric, 'denied', NULL, request_id);
        refusal := 'This record is not open to you.';
        RETURN NEXT;
        RETURN;
    END IF;
    RETURN QUERY
        SELECT s.start_at, s.end_at, s.value, s.statistic, s.code, s.unit, s.device_id, NULL::text
        FROM care.wear w
        JOIN signal.device d USING (device_key)
        CROSS JOIN LATERAL signal.samples(d.device_id, samples.metric,
            greatest(samples."from", lower(w.worn_during)), least(samples."to", upper(w.worn_during))) s
        WHERE w.patient_id = samples.patient_id AND w.worn_during && tstzrange(samples."from", samples."to")
        ORDER BY s.start_at, s.statistic, s.device_id;
    PERFORM access.audit('read', patient_id, 'samples/' || metric, 'allowed', why, request_id);
END $$;
COMMENT ON FUNCTION access.samples(uuid, text, timestamptz, timestamptz, uuid) IS 'Hot samples of a patient and metric that begin in [from, to), from the devices worn at the time; audited. A denial is one row with a refusal.';
REVOKE EXECUTE ON FUNCTION access.reason_to_see(uuid, text),
    access.samples(uuid, text, timestamptz, timestamptz, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.reason_to_see(uuid, text),
    access.samples(uuid, text, timestamptz, timestamptz, uuid) TO healthtrack_portal;
