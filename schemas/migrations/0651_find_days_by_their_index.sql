-- A day of a provider or of a facility is found by the index on when its visits begin.
--
-- Under a policy an index is searched only by what can tell nothing of rows that are not seen, which `lower(during)` is not
-- known for: each question for a day read every visit that the facility, or the provider, ever had (7,200 pages for 5,000
-- visits). The keys come from a function that asks for what is the own by its own terms; the rows are still read under
-- the policies.
--
-- Replaces a function. Undo: that of 197 as 308 left it, and drop access.appointments_starting.
CREATE FUNCTION access.appointments_starting("from" timestamptz, "to" timestamptz) RETURNS uuid[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- Asked apart, so that each is planned for its own index; nobody is both.
    RETURN (SELECT coalesce(array_agg(v.appointment_id), '{}')
            FROM (SELECT d.appointment_id, lower(d.during) AS starts_at FROM care.appointment d
                  WHERE d.provider_id = (SELECT access.acting_provider())
                    AND lower(d.during) >= "from" AND lower(d.during) < "to"
                  UNION ALL
                  SELECT d.appointment_id, lower(d.during) FROM care.appointment d
                  WHERE d.facility_id = ANY ((SELECT access.own_facilities())::uuid[])
                    AND lower(d.during) >= "from" AND lower(d.during) < "to"
                  ORDER BY starts_at LIMIT 4000) AS v);
END $$;
REVOKE EXECUTE ON FUNCTION access.appointments_starting(timestamptz, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.appointments_starting(timestamptz, timestamptz) TO healthtrack_care;
COMMENT ON FUNCTION access.appointments_starting(timestamptz, timestamptz) IS
    'Keys of visits that begin in a time, of the acting provider or at the acting account''s facility, 4,000 at most.';

DROP FUNCTION api.read_day(text, uuid, uuid, timestamptz, timestamptz);
CALL access.publish('read_day', '"from" timestamptz, "to" timestamptz',
    'TABLE (appointment_id uuid, starts_at timestamptz, ends_at timestamptz, status text, mode text, patient_id uuid, family text, given text[])',
    $body$
    IF (patient IS NULL AND "to" > "from" AND "to" <= "from" + INTERVAL '8 days') IS NOT TRUE THEN
        PERFORM access.refuse('day_is_asked_within_bounds', 'Ask for eight days at most.');
    ELSIF me.part IN ('provider', 'front_desk') THEN
        RETURN QUERY SELECT v.appointment_id, lower(v.during), upper(v.during), v.status, v.mode, v.patient_id, n.family, n.given
        FROM care.appointment v LEFT JOIN care.patient_name n
            ON n.patient_id = v.patient_id AND n.use = 'official' AND n.preferred AND n.valid_during @> current_date
        WHERE v.appointment_id = ANY ((SELECT access.appointments_starting("from", "to"))::uuid[])
        ORDER BY lower(v.during), v.appointment_id LIMIT 2000;
    END IF;$body$,
    'Appointments of the acting provider, or at the facility of the acting front desk, that begin in [from, to), eight days and 2,000 at most, with the names that the account may see.',
    look => $$'day'$$);
