-- A desk works by provider and room: the visits of some days with both, one visit by its key, who waits for a time, and
-- where an account works. `read_day` tells none of that, and whoever reads it keeps it.
--
-- New functions, locks nothing. Undo: drop them.
CREATE FUNCTION access.own_workplaces() RETURNS uuid[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT coalesce(array_agg(DISTINCT w.facility_id), '{}')
            FROM (SELECT unnest(access.own_facilities()) AS facility_id
                  UNION ALL
                  SELECT v.facility_id FROM care.affiliation v
                  WHERE v.provider_id = access.acting_provider() AND v.valid_during @> current_date) AS w);
END $$;
REVOKE EXECUTE ON FUNCTION access.own_workplaces() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.own_workplaces() TO healthtrack_care;
COMMENT ON FUNCTION access.own_workplaces() IS
    'Keys of the facilities that the acting account works for, or at which the acting provider works today.';

CALL access.publish('list_workplaces', '', 'TABLE (facility uuid, name text, time_zone text)', $body$RETURN QUERY
    SELECT f.facility_id, f.name, f.time_zone::text FROM care.facility f
    WHERE f.facility_id = ANY ((SELECT access.own_workplaces())::uuid[]) ORDER BY f.name, f.facility_id;$body$,
    'Facilities that the acting account works for, or at which the acting provider works today.');

CALL access.publish('read_schedule', '"from" timestamptz, "to" timestamptz, appointment uuid',
    'TABLE (appointment_id uuid, starts_at timestamptz, ends_at timestamptz, status text, mode text, patient_id uuid,
            family text, given text[], provider_id uuid, provider_name text, facility_id uuid, resources text[],
            appointment_type text, reason text)', $body$IF (patient IS NULL AND (appointment IS NOT NULL OR ("to" > "from" AND "to" <= "from" + INTERVAL '8 days'))) IS NOT TRUE THEN
        PERFORM access.refuse('day_is_asked_within_bounds', 'Ask for eight days at most.');
    ELSIF me.part IN ('provider', 'front_desk') THEN
        RETURN QUERY SELECT v.appointment_id, lower(v.during), upper(v.during), v.status, v.mode, v.patient_id, n.family, n.given,
            v.provider_id, concat_ws(' ', p.given_name, p.family_name), v.facility_id,
            ARRAY(SELECT coalesce(r.name, e.name) FROM care.appointment_resource u
                  LEFT JOIN care.room r ON r.room_id = u.room_id LEFT JOIN care.equipment e ON e.equipment_id = u.equipment_id
                  WHERE u.patient_id = v.patient_id AND u.appointment_id = v.appointment_id AND u.released_at IS NULL
                  ORDER BY u.room_id IS NULL, coalesce(r.name, e.name)),
            k.title, v.reason
        FROM care.appointment v JOIN care.provider p ON p.provider_id = v.provider_id
        LEFT JOIN care.appointment_type k ON k.appointment_type = v.appointment_type
        LEFT JOIN care.patient_name n
            ON n.patient_id = v.patient_id AND n.use = 'official' AND n.preferred AND n.valid_during @> current_date
        WHERE (v.provider_id = (SELECT access.acting_provider()) OR v.facility_id = ANY ((SELECT access.own_facilities())::uuid[]))
          AND v.appointment_id = ANY (CASE WHEN appointment IS NULL
              THEN (SELECT access.appointments_starting("from", "to"))::uuid[] ELSE ARRAY[appointment] END)
        ORDER BY lower(v.during), v.appointment_id LIMIT 2000;
    END IF;$body$,
    'Visits of the acting provider or at the acting desk that begin in [from, to), 2,000 at most, or one of them: with whom, and what is held for it.',
    look => $$'day'$$);

CALL access.publish('read_waiting', '',
    'TABLE (entry uuid, patient_id uuid, family text, given text[], provider_id uuid, provider_name text, minutes integer, mode text,
            since timestamptz, until timestamptz, joined_at timestamptz)', $body$IF me.part = 'front_desk' THEN
        RETURN QUERY SELECT w.waitlist_entry_id, w.patient_id, n.family, n.given, w.provider_id,
            nullif(concat_ws(' ', p.given_name, p.family_name), ''), w.minutes::integer, w.mode, lower(w.wanted_during),
            upper(w.wanted_during), w.joined_at
        FROM care.waitlist_entry w LEFT JOIN care.provider p ON p.provider_id = w.provider_id
        LEFT JOIN care.patient_name n
            ON n.patient_id = w.patient_id AND n.use = 'official' AND n.preferred AND n.valid_during @> current_date
        WHERE patient IS NULL AND w.status = 'waiting' AND w.facility_id = ANY ((SELECT access.own_facilities())::uuid[])
        ORDER BY w.joined_at, w.waitlist_entry_id LIMIT 200;
    END IF;$body$,
    'Who waits for a time at the acting desk, in their order, 200 at most; names of whom the desk may see.',
    look => $$'day'$$);
