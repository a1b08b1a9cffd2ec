-- A visit is booked with a provider who is licensed where it takes place, on its day.
--
-- A licence was kept and never asked for: one that had expired was booked. A visit in person takes place in the state of
-- its facility; one by video where the patient is on that day: at a temporary address, else at home, else, where neither
-- is on record, in the state of the facility. A provider of whom no licence (or exemption) is on record is licensed
-- nowhere: what is not known is not taken for granted. It is asked whenever a time is held, booked, confirmed, moved or
-- taken by the patient, whoever does so, and open times are those of a licence only. What is booked already stays, and
-- is asked when it is moved or the patient comes. Visits that are over are not judged.
-- Locks care.appointment for an instant. Undo: drop the trigger and functions, and take back care.open_slots and
-- care.offer_waitlist as they were.
CREATE FUNCTION care.place_of_visit(asked_facility uuid, asked_mode text, asked_patient uuid, on_day date)
RETURNS TABLE (country text, state text, zone text)
    LANGUAGE sql STABLE ROWS 1 AS $$
    SELECT coalesce(lives.country, part.country),
           CASE WHEN lives.country IS NULL THEN part.code ELSE coalesce(named.code, upper(btrim(lives.state))) END,
           coalesce(person.time_zone, place.time_zone)::text
    FROM care.facility AS place JOIN care.city AS town USING (city_id) JOIN care.state AS part USING (state_id)
    LEFT JOIN care.patient AS person ON person.patient_id = asked_patient AND asked_mode = 'telehealth'
    LEFT JOIN LATERAL (
        SELECT home.country, home.state FROM care.address AS home
        WHERE home.patient_id = person.patient_id AND home.use IN ('temporary', 'home') AND home.valid_during @> on_day
        ORDER BY home.use = 'home' LIMIT 1
    ) AS lives ON true
    LEFT JOIN care.state AS named ON named.country = lives.country AND lower(named.name) = lower(btrim(lives.state))
    WHERE place.facility_id = asked_facility
$$;
COMMENT ON FUNCTION care.place_of_visit(uuid, text, uuid, date) IS
    'Country and state in which a visit takes place, and the zone of its days: of the facility, or by video of the patient''s address of that day.';
GRANT EXECUTE ON FUNCTION care.place_of_visit(uuid, text, uuid, date) TO healthtrack_care;

CREATE FUNCTION care.licensed(asked_provider uuid, asked_facility uuid, asked_mode text, asked_patient uuid, span tstzrange)
RETURNS tstzmultirange
    LANGUAGE sql STABLE AS $$
    SELECT coalesce(range_agg(tstzrange(care.local_instant(day.at, place.zone),
                                        care.local_instant(day.at + INTERVAL '1 day', place.zone))), '{}')
    FROM generate_series((lower(span) AT TIME ZONE 'UTC')::date - INTERVAL '1 day',
                         (upper(span) AT TIME ZONE 'UTC')::date + INTERVAL '1 day', INTERVAL '1 day') AS day (at)
    CROSS JOIN LATERAL care.place_of_visit(asked_facility, asked_mode, asked_patient, day.at::date) AS place
    WHERE EXISTS (
        SELECT FROM care.qualification AS held
        WHERE held.provider_id = asked_provider AND held.kind IN ('license', 'exemption')
          AND held.licensed_during @> day.at::date
          AND held.country = place.country AND (held.state IS NULL OR held.state = place.state)
    )
$$;
COMMENT ON FUNCTION care.licensed(uuid, uuid, text, uuid, tstzrange) IS
    'Times at which a provider is licensed where a visit takes place: days of licences and exemptions of its state or country.';
GRANT EXECUTE ON FUNCTION care.licensed(uuid, uuid, text, uuid, tstzrange) TO healthtrack_care;

CREATE FUNCTION care.check_license() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT care.licensed(NEW.provider_id, NEW.facility_id, NEW.mode, NEW.patient_id, NEW.during) @> NEW.during THEN
        PERFORM care.refuse('appointment_provider_is_licensed',
            'The provider has no licence where this visit takes place on that day: choose another provider or day.');
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.check_license() IS 'Trigger before a visit is held, booked, moved or begun: refuses a provider who is not licensed where it takes place.';
CREATE TRIGGER appointment_provider_is_licensed
    BEFORE INSERT OR UPDATE OF status, during, provider_id, facility_id, mode, patient_id ON care.appointment
    FOR EACH ROW WHEN (NEW.status IN ('held', 'booked', 'arrived')) EXECUTE FUNCTION care.check_license();
COMMENT ON TRIGGER appointment_provider_is_licensed ON care.appointment IS
    'The provider has no licence where this visit takes place on that day: choose another provider or day.';

-- Open times name for whom a visit by video is sought, since that decides where it takes place.
DROP FUNCTION api.find_open_slots(text, uuid, uuid, timestamptz, timestamptz, integer);
DROP FUNCTION care.open_slots(uuid, uuid, timestamptz, timestamptz, integer);
CREATE FUNCTION care.open_slots(
    asked_provider uuid, asked_facility uuid, since timestamptz, until timestamptz, minutes integer, video_for uuid DEFAULT NULL
)
    RETURNS TABLE (starts_at timestamptz, ends_at timestamptz, for_all_at timestamptz)
    LANGUAGE plpgsql STABLE ROWS 100 AS $$
DECLARE
    span constant tstzrange := tstzrange(greatest(since, now()), greatest(until, since, now()));
    mode constant text := CASE WHEN video_for IS NULL THEN 'in_person' ELSE 'telehealth' END;
    free tstzmultirange;
BEGIN
    IF minutes NOT BETWEEN 5 AND 720 OR until > since + INTERVAL '100 days' THEN
        PERFORM care.refuse('slots_are_asked_within_bounds',
            'Ask for visits of 5 minutes to 12 hours, within 100 days.');
    END IF;
    free := care.available(asked_provider, asked_facility, span) * care.opening(asked_facility, span)
            * care.licensed(asked_provider, asked_facility, mode, video_for, span) - care.taken(asked_provider, span);
    RETURN QUERY
        SELECT slot.at, slot.at + minutes * INTERVAL '1 minute', slot.at - h.reserved_hours * INTERVAL '1 hour'
        FROM care.visiting_hours(asked_provider, asked_facility, span) h,
             generate_series(lower(h.during), upper(h.during) - minutes * INTERVAL '1 minute',
                             minutes * INTERVAL '1 minute') AS slot (at)
        WHERE free @> tstzrange(slot.at, slot.at + minutes * INTERVAL '1 minute')
        ORDER BY slot.at;
END $$;
COMMENT ON FUNCTION care.open_slots(uuid, uuid, timestamptz, timestamptz, integer, uuid) IS 'Times of so many minutes, counted from the start of each block of hours, at which a provider can be booked at a facility, or by video for a patient: within hours of both, licensed there, not off, not taken, not past. for_all_at says until when a slot is kept for premium members; null where it is for all.';
GRANT EXECUTE ON FUNCTION care.open_slots(uuid, uuid, timestamptz, timestamptz, integer, uuid) TO healthtrack_care;
CALL access.publish('find_open_slots',
    'provider uuid, facility uuid, since timestamptz, until timestamptz, minutes integer, video_for uuid DEFAULT NULL',
    'TABLE (starts_at timestamptz, ends_at timestamptz, for_all_at timestamptz)',
    $body$RETURN QUERY SELECT s.starts_at, s.ends_at, s.for_all_at
    FROM care.open_slots(provider, facility, since, until, minutes, video_for) s;$body$,
    'Open times of a provider at a facility, for visits of so many minutes; for visits by video with the patient for whom.');

-- By video it depends on where a patient is, so the next who waits may have it.
CREATE OR REPLACE FUNCTION care.offer_waitlist(
    freed_provider uuid, freed_facility uuid, freed_during tstzrange, freed_room uuid DEFAULT NULL
) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    made  constant uuid := gen_random_uuid();
    tried uuid[] := '{}';
    entry care.waitlist_entry;
    rule  text;
BEGIN
    -- Fifty cannot have it for reasons of their own: enough for one time; the others keep their places.
    WHILE cardinality(tried) < 50 LOOP
        SELECT w.* INTO entry
        FROM care.waitlist_entry w CROSS JOIN LATERAL care.plan_of(w.patient_id) p
        WHERE w.status = 'waiting' AND w.facility_id = freed_facility
          AND (w.provider_id IS NULL OR w.provider_id = freed_provider)
          AND lower(freed_during) + w.minutes * INTERVAL '1 minute' <= upper(freed_during)
          AND w.wanted_during @> tstzrange(lower(freed_during), lower(freed_during) + w.minutes * INTERVAL '1 minute')
          AND w.waitlist_entry_id <> ALL (tried)
        ORDER BY (p.priority OR w.joined_at <= now() - p.patience_days * INTERVAL '24 hours') DESC, w.joined_at,
                 w.waitlist_entry_id
        LIMIT 1 FOR UPDATE OF w SKIP LOCKED;
        IF NOT FOUND THEN
            RETURN NULL;
        END IF;
        tried := tried || entry.waitlist_entry_id;
        -- Not waited for, since who holds it may wait for this provider.
        CONTINUE WHEN NOT care.try_lock_schedule(entry.patient_id);
        BEGIN
            INSERT INTO care.appointment (
                appointment_id, patient_id, provider_id, facility_id, room_id, during, status, expires_at, mode
            ) VALUES (
                made, entry.patient_id, freed_provider, freed_facility,
                CASE entry.mode WHEN 'in_person' THEN freed_room END,
                tstzrange(lower(freed_during), lower(freed_during) + entry.minutes * INTERVAL '1 minute'), 'held',
                least(now() + INTERVAL '2 hours', lower(freed_during)), entry.mode
            );
            UPDATE care.waitlist_entry SET status = 'offered', appointment_id = made
            WHERE waitlist_entry_id = entry.waitlist_entry_id;
            RETURN made;
        EXCEPTION WHEN SQLSTATE 'HT001' OR exclusion_violation THEN
            GET STACKED DIAGNOSTICS rule = CONSTRAINT_NAME;
            IF rule NOT IN ('appointment_patient_is_free', 'appointment_is_within_its_release_window',
                            'appointment_is_not_reserved', 'appointment_by_video_needs_its_plan',
                            'appointment_holds_are_three', 'appointment_provider_is_licensed') THEN
                RETURN NULL;
            END IF;
        END;
    END LOOP;
    RETURN NULL;
END $$;
