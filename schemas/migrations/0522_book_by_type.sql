-- Appointments are sought, held and moved by type, with the rooms and equipment that the type needs.
--
-- Whoever takes a time takes what it needs with it: the room that is named, and of each kind that the type wants so many
-- that are free for all of the period that is blocked, those of before where a visit is moved; where there are too few, the
-- time is refused. A visit by video needs nothing of a facility. What is free is chosen under one lock a facility, which
-- comes after the locks of schedules in every transaction and is never waited for by who gives something back, so nobody
-- waits in a circle; the exclusion constraints keep the truth in any case. Open times leave out what could not be had.
-- A program that takes visits over holds what is free and is not refused, as by the other rules of booking.
-- Locks care.appointment for an instant for a trigger. Undo: drop the trigger and new functions, and take the others back
-- as they were (migrations 35, 37, 39, 138 and 306).
CREATE FUNCTION care.free_resources(asked_facility uuid, asked_kind text, span tstzrange)
    RETURNS TABLE (resource_id uuid, name text)
    LANGUAGE sql STABLE SECURITY DEFINER ROWS 10 SET search_path = pg_catalog, pg_temp AS $$
    SELECT r.room_id, r.name FROM care.room r
    WHERE asked_kind = 'room' AND r.facility_id = asked_facility
      AND NOT EXISTS (SELECT FROM care.appointment_resource u JOIN care.appointment a USING (patient_id, appointment_id)
                      WHERE u.room_id = r.room_id AND u.released_at IS NULL AND u.held_during && span
                        AND NOT (a.status = 'held' AND a.expires_at <= now()))
    UNION ALL
    SELECT e.equipment_id, e.name FROM care.equipment e JOIN care.facility f USING (facility_id)
    WHERE e.kind = asked_kind AND e.facility_id = asked_facility
      AND e.in_service_during @> (lower(span) AT TIME ZONE f.time_zone)::date
      AND e.in_service_during @> ((upper(span) - INTERVAL '1 microsecond') AT TIME ZONE f.time_zone)::date
      AND NOT EXISTS (SELECT FROM care.equipment_outage o WHERE o.equipment_id = e.equipment_id AND o.during && span)
      AND NOT EXISTS (SELECT FROM care.appointment_resource u JOIN care.appointment a USING (patient_id, appointment_id)
                      WHERE u.equipment_id = e.equipment_id AND u.released_at IS NULL AND u.held_during && span
                        AND NOT (a.status = 'held' AND a.expires_at <= now()))
$$;
COMMENT ON FUNCTION care.free_resources(uuid, text, tstzrange) IS 'Rooms or equipment of a kind at a facility that are in service and not held within a period. A hold that has run out takes nothing.';
REVOKE EXECUTE ON FUNCTION care.free_resources(uuid, text, tstzrange) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.free_resources(uuid, text, tstzrange) TO healthtrack_care, healthtrack_migrator;

CREATE FUNCTION care.has_resources(asked_type text, asked_mode text, asked_facility uuid, span tstzrange) RETURNS boolean
    LANGUAGE sql STABLE AS $$
    SELECT asked_mode = 'telehealth' OR NOT EXISTS (
        SELECT FROM care.appointment_type_resource n
        WHERE n.appointment_type = asked_type
          AND n.count > (SELECT count(*) FROM care.free_resources(asked_facility, n.kind, span)))
$$;
COMMENT ON FUNCTION care.has_resources(text, text, uuid, tstzrange) IS 'True where a facility has free within a period what a visit of a type needs.';
REVOKE EXECUTE ON FUNCTION care.has_resources(text, text, uuid, tstzrange) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.has_resources(text, text, uuid, tstzrange) TO healthtrack_care, healthtrack_migrator;

CREATE FUNCTION care.lock_resources(facility uuid) RETURNS void
    LANGUAGE sql AS $$
    SELECT pg_advisory_xact_lock(hashtextextended('healthtrack.resources.' || facility, 0))
$$;
COMMENT ON FUNCTION care.lock_resources(uuid) IS 'Waits until nobody else chooses among rooms and equipment of a facility; after the locks of schedules.';
REVOKE EXECUTE ON FUNCTION care.lock_resources(uuid) FROM PUBLIC;
CREATE FUNCTION care.try_lock_resources(facility uuid) RETURNS boolean
    LANGUAGE sql AS $$
    SELECT pg_try_advisory_xact_lock(hashtextextended('healthtrack.resources.' || facility, 0))
$$;
COMMENT ON FUNCTION care.try_lock_resources(uuid) IS 'Does as care.lock_resources where nobody is to be waited for; false where somebody is.';
REVOKE EXECUTE ON FUNCTION care.try_lock_resources(uuid) FROM PUBLIC;

CREATE OR REPLACE FUNCTION care.keep_appointment_bookable() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    span constant tstzrange := care.widened(NEW.during, NEW.before_minutes, NEW.after_minutes);
    needs_room constant boolean := NEW.mode <> 'telehealth' AND EXISTS (
        SELECT FROM care.appointment_type_resource n WHERE n.appointment_type = NEW.appointment_type AND n.kind = 'room');
BEGIN
    PERFORM care.lock_schedule(NEW.provider_id, NEW.patient_id, NEW.room_id, OLD.provider_id, OLD.room_id);
    UPDATE care.appointment a SET status = 'cancelled', expires_at = NULL
    WHERE a.status = 'held' AND a.expires_at <= now() AND a.blocked_during && span
      AND a.appointment_id <> NEW.appointment_id
      AND (a.provider_id = NEW.provider_id OR a.patient_id = NEW.patient_id OR a.room_id = NEW.room_id);
    PERFORM care.check_bookable(NEW);
    IF NEW.room_id IS NOT NULL OR EXISTS (
        SELECT FROM care.appointment_type_resource n WHERE n.appointment_type = NEW.appointment_type) THEN
        PERFORM care.lock_resources(NEW.facility_id);
        -- Who ends such a hold at this moment gives its resources back as well.
        UPDATE care.appointment a SET status = 'cancelled', expires_at = NULL
        WHERE a.appointment_id IN (
            SELECT h.appointment_id FROM care.appointment h
            WHERE h.status = 'held' AND h.expires_at <= now() AND h.facility_id = NEW.facility_id
              AND h.blocked_during && span AND h.appointment_id <> NEW.appointment_id
              AND EXISTS (SELECT FROM care.appointment_resource u
                          WHERE u.patient_id = h.patient_id AND u.appointment_id = h.appointment_id AND u.released_at IS NULL)
            FOR UPDATE SKIP LOCKED);
    END IF;
    -- A room that was chosen stays where it is free; one that is named now is taken, or refused by its constraint.
    IF needs_room AND (NEW.room_id IS NULL OR NEW.room_id = OLD.room_id AND EXISTS (
        SELECT FROM care.appointment_resource u
        WHERE u.room_id = NEW.room_id AND u.released_at IS NULL AND u.held_during && span
          AND u.appointment_id <> NEW.appointment_id)) THEN
        NEW.room_id := (SELECT f.resource_id FROM care.free_resources(NEW.facility_id, 'room', span) f
                        ORDER BY f.name, f.resource_id LIMIT 1);
        IF NEW.room_id IS NULL THEN
            PERFORM care.refuse('appointment_has_what_it_needs',
                'What a visit of this kind needs is taken at that time: choose another time.');
        END IF;
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION care.hold_resources() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    holds  constant boolean := NEW.status IN ('held', 'booked', 'arrived');
    spare  uuid[] := '{}';
    before uuid[] := '{}';
    chosen uuid[] := '{}';
    rooms  integer;
    need   record;
    found_ones uuid[];
    place  integer;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF holds AND OLD.status IN ('held', 'booked', 'arrived')
            AND (OLD.blocked_during, OLD.facility_id, OLD.room_id, OLD.mode, OLD.appointment_type)
                IS NOT DISTINCT FROM (NEW.blocked_during, NEW.facility_id, NEW.room_id, NEW.mode, NEW.appointment_type) THEN
            RETURN NULL;
        END IF;
        WITH released AS (
            UPDATE care.appointment_resource u SET released_at = now()
            WHERE u.patient_id = NEW.patient_id AND u.appointment_id = NEW.appointment_id AND u.released_at IS NULL
            RETURNING u.appointment_resource_id, coalesce(u.room_id, u.equipment_id) AS resource_id
        )
        SELECT coalesce(array_agg(appointment_resource_id), '{}'), coalesce(array_agg(resource_id), '{}') INTO spare, before
        FROM released;
    END IF;
    IF NOT holds THEN
        RETURN NULL;
    END IF;
    PERFORM care.lock_resources(NEW.facility_id);
    IF NEW.room_id IS NOT NULL THEN
        chosen := ARRAY[NEW.room_id];
    END IF;
    rooms := cardinality(chosen);
    FOR need IN SELECT n.kind, n.count FROM care.appointment_type_resource n
                WHERE n.appointment_type = NEW.appointment_type AND NEW.mode <> 'telehealth' ORDER BY n.kind = 'room' DESC, n.kind LOOP
        place := need.count - CASE need.kind WHEN 'room' THEN rooms ELSE 0 END;
        CONTINUE WHEN place <= 0;
        found_ones := ARRAY(
            SELECT f.resource_id FROM care.free_resources(NEW.facility_id, need.kind, NEW.blocked_during) f
            WHERE f.resource_id IS DISTINCT FROM NEW.room_id
            ORDER BY f.resource_id = ANY (before) DESC, f.name, f.resource_id LIMIT place);
        IF cardinality(found_ones) < place
            AND NOT (TG_OP = 'INSERT' AND NEW.status <> 'held' AND access.part() IS NULL) THEN
            PERFORM care.refuse('appointment_has_what_it_needs',
                'What a visit of this kind needs is taken at that time: choose another time.');
        END IF;
        chosen := chosen || found_ones;
        IF need.kind = 'room' THEN
            rooms := rooms + cardinality(found_ones);
        END IF;
    END LOOP;
    -- Rooms stand first. A row is used again, so that a visit is moved in a record that takes no new facts, too.
    FOR place IN 1 .. cardinality(chosen) LOOP
        IF place <= cardinality(spare) THEN
            UPDATE care.appointment_resource u
            SET facility_id = NEW.facility_id, held_during = NEW.blocked_during, released_at = NULL,
                room_id = CASE WHEN place <= rooms THEN chosen[place] END,
                equipment_id = CASE WHEN place > rooms THEN chosen[place] END
            WHERE u.appointment_resource_id = spare[place];
        ELSE
            INSERT INTO care.appointment_resource (patient_id, appointment_id, facility_id, held_during, room_id, equipment_id)
            VALUES (NEW.patient_id, NEW.appointment_id, NEW.facility_id, NEW.blocked_during,
                    CASE WHEN place <= rooms THEN chosen[place] END, CASE WHEN place > rooms THEN chosen[place] END);
        END IF;
    END LOOP;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION care.hold_resources() IS 'Trigger after an appointment takes a time, is moved or ends: holds its room and what its type needs, or gives them back.';
REVOKE EXECUTE ON FUNCTION care.hold_resources() FROM PUBLIC;
-- By their names before the trigger that offers the time to who waits.
CREATE TRIGGER appointment_holds_its_resources AFTER INSERT ON care.appointment
    FOR EACH ROW WHEN (NEW.room_id IS NOT NULL OR NEW.appointment_type IS NOT NULL)
    EXECUTE FUNCTION care.hold_resources();
CREATE TRIGGER appointment_keeps_its_resources AFTER UPDATE ON care.appointment
    FOR EACH ROW WHEN (NEW.room_id IS NOT NULL OR NEW.appointment_type IS NOT NULL
                       OR OLD.room_id IS NOT NULL OR OLD.appointment_type IS NOT NULL)
    EXECUTE FUNCTION care.hold_resources();

-- An offer holds the room that is given back, and does not wait for who chooses a room at that moment.
CREATE OR REPLACE FUNCTION care.settle_waitlist() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF OLD.status = 'held' AND NEW.status <> 'held' THEN
        UPDATE care.waitlist_entry SET status = CASE NEW.status WHEN 'booked' THEN 'taken' ELSE 'lapsed' END
        WHERE patient_id = NEW.patient_id AND appointment_id = NEW.appointment_id AND status = 'offered';
    END IF;
    IF (NEW.status = 'cancelled' OR (NEW.during, NEW.provider_id, NEW.facility_id)
            IS DISTINCT FROM (OLD.during, OLD.provider_id, OLD.facility_id))
        AND OLD.status IN ('held', 'booked') AND lower(OLD.during) > now()
        AND care.try_lock_schedule(OLD.provider_id, OLD.room_id)
        AND (OLD.room_id IS NULL OR care.try_lock_resources(OLD.facility_id)) THEN
        PERFORM care.offer_waitlist(OLD.provider_id, OLD.facility_id, OLD.during, OLD.room_id);
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION care.taken(asked_provider uuid, span tstzrange) RETURNS tstzmultirange
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(range_agg(a.blocked_during), '{}') FROM care.appointment a
    WHERE a.provider_id = asked_provider AND a.blocked_during && span AND a.status IN ('held', 'booked', 'arrived')
      AND (a.expires_at IS NULL OR a.expires_at > now())
$$;

DROP FUNCTION api.find_open_slots(text, uuid, uuid, timestamptz, timestamptz, integer, uuid);
DROP FUNCTION care.open_slots(uuid, uuid, timestamptz, timestamptz, integer, uuid);
CREATE FUNCTION care.open_slots(
    asked_provider uuid, asked_facility uuid, since timestamptz, until timestamptz, minutes integer,
    video_for uuid DEFAULT NULL, asked_type text DEFAULT NULL
)
    RETURNS TABLE (starts_at timestamptz, ends_at timestamptz, for_all_at timestamptz)
    LANGUAGE plpgsql STABLE ROWS 100 AS $$
DECLARE
    span constant tstzrange := tstzrange(greatest(since, now()), greatest(until, since, now()));
    -- A visit that begins early or ends late in the span blocks time outside of it.
    wide constant tstzrange := tstzrange(lower(span) - INTERVAL '4 hours', upper(span) + INTERVAL '4 hours');
    mode constant text := CASE WHEN video_for IS NULL THEN 'in_person' ELSE 'telehealth' END;
    kind care.appointment_type;
    length interval;
    step   interval;
    free   tstzmultirange;
    taken  tstzmultirange;
BEGIN
    SELECT t.* INTO kind FROM care.appointment_type t WHERE t.appointment_type = asked_type;
    IF asked_type IS NOT NULL AND NOT FOUND THEN
        PERFORM care.refuse('appointment_type_is_known', 'Choose one of the known kinds of visit.');
    ELSIF (coalesce(minutes, kind.minutes) BETWEEN 5 AND 720) IS NOT TRUE OR until > since + INTERVAL '100 days' THEN
        PERFORM care.refuse('slots_are_asked_within_bounds',
            'Ask for visits of 5 minutes to 12 hours, within 100 days.');
    ELSIF asked_type IS NOT NULL AND (
        NOT kind.active OR kind.telehealth = CASE mode WHEN 'telehealth' THEN 'never' ELSE 'only' END
        OR kind.desk_only AND access.part() = 'patient'
        OR EXISTS (SELECT FROM care.appointment_type_specialty s WHERE s.appointment_type = asked_type)
           AND NOT EXISTS (SELECT FROM care.appointment_type_specialty s JOIN care.provider_specialty p USING (specialty)
                           WHERE s.appointment_type = asked_type AND p.provider_id = asked_provider)
    ) THEN
        RETURN;
    END IF;
    length := coalesce(minutes, kind.minutes) * INTERVAL '1 minute';
    step := length + (coalesce(kind.before_minutes, 0) + coalesce(kind.after_minutes, 0)) * INTERVAL '1 minute';
    free := care.available(asked_provider, asked_facility, span) * care.opening(asked_facility, span)
            * care.licensed(asked_provider, asked_facility, mode, video_for, span);
    taken := care.taken(asked_provider, wide);
    RETURN QUERY
        SELECT slot.at, slot.at + length, slot.at - h.reserved_hours * INTERVAL '1 hour'
        FROM care.visiting_hours(asked_provider, asked_facility, span) h,
             generate_series(lower(h.during), upper(h.during) - length, step) AS slot (at),
             care.widened(tstzrange(slot.at, slot.at + length), coalesce(kind.before_minutes, 0::smallint),
                          coalesce(kind.after_minutes, 0::smallint)) AS blocked
        WHERE free @> tstzrange(slot.at, slot.at + length) AND NOT taken && blocked
          AND (asked_type IS NULL OR care.has_resources(asked_type, mode, asked_facility, blocked))
        ORDER BY slot.at;
END $$;
COMMENT ON FUNCTION care.open_slots(uuid, uuid, timestamptz, timestamptz, integer, uuid, text) IS 'Times of so many minutes, counted from the start of each block of hours, at which a provider can be booked at a facility, or by video for a patient: within hours of both, licensed there, not off, not taken, not past. Of a type, times at which it may take place, with time before and after it, and at which what it needs is free. for_all_at says until when a slot is kept for premium members; null where it is for all.';
REVOKE EXECUTE ON FUNCTION care.open_slots(uuid, uuid, timestamptz, timestamptz, integer, uuid, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.open_slots(uuid, uuid, timestamptz, timestamptz, integer, uuid, text) TO healthtrack_care;
CALL access.publish('find_open_slots',
    'provider uuid, facility uuid, since timestamptz, until timestamptz, minutes integer, video_for uuid DEFAULT NULL, appointment_type text DEFAULT NULL',
    'TABLE (starts_at timestamptz, ends_at timestamptz, for_all_at timestamptz)',
    $body$RETURN QUERY SELECT s.starts_at, s.ends_at, s.for_all_at
    FROM care.open_slots(provider, facility, since, until, minutes, video_for, appointment_type) s;$body$,
    'Open times of a provider at a facility, for visits of so many minutes or of a kind; for visits by video with the patient for whom.');

DROP FUNCTION api.hold_appointment(text, uuid, uuid, uuid, timestamptz, timestamptz, uuid, text, text);
DROP FUNCTION care.hold_appointment(uuid, uuid, uuid, tstzrange, uuid, text, text);
CREATE FUNCTION care.hold_appointment(
    asked_patient uuid, asked_provider uuid, asked_facility uuid, asked_during tstzrange, asked_room uuid DEFAULT NULL,
    asked_mode text DEFAULT 'in_person', asked_reason text DEFAULT NULL, asked_type text DEFAULT NULL
) RETURNS uuid
    LANGUAGE sql AS $$
    INSERT INTO care.appointment (
        patient_id, provider_id, facility_id, room_id, during, status, expires_at, mode, reason, appointment_type
    ) VALUES (asked_patient, asked_provider, asked_facility, asked_room, asked_during, 'held',
            now() + INTERVAL '10 minutes', asked_mode, asked_reason, asked_type)
    RETURNING appointment_id
$$;
COMMENT ON FUNCTION care.hold_appointment(uuid, uuid, uuid, tstzrange, uuid, text, text, text) IS 'Holds a time for ten minutes, in which to confirm it; gives the appointment''s key.';
REVOKE EXECUTE ON FUNCTION care.hold_appointment(uuid, uuid, uuid, tstzrange, uuid, text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.hold_appointment(uuid, uuid, uuid, tstzrange, uuid, text, text, text)
    TO healthtrack_care, healthtrack_migrator;
CALL access.publish('hold_appointment',
    'patient uuid, provider uuid, facility uuid, starts_at timestamptz, ends_at timestamptz, room uuid, mode text, reason text, appointment_type text DEFAULT NULL',
    'uuid', $body$
    -- Where no end is given it follows from the type.
    ends_at := coalesce(ends_at, starts_at + (SELECT t.minutes FROM care.appointment_type t
                                              WHERE t.appointment_type = hold_appointment.appointment_type) * INTERVAL '1 minute');
    PERFORM care.refuse_second_visit(patient, tstzrange(starts_at, ends_at), NULL);
    answer := care.hold_appointment(patient, provider, facility, tstzrange(starts_at, ends_at), room, mode, reason,
                                    hold_appointment.appointment_type);
    PERFORM access.note(me, 'create', patient, 'care.appointment/' || answer);$body$,
    'Holds a time for a patient, of a kind of visit where one is named, which then says how long; gives the appointment''s key.');

CALL access.publish('list_appointment_types', '',
    'TABLE (appointment_type text, title text, minutes smallint, before_minutes smallint, after_minutes smallint, telehealth text, desk_only boolean, specialties text[], resources text[])',
    $body$RETURN QUERY
    SELECT t.appointment_type, t.title, t.minutes, t.before_minutes, t.after_minutes, t.telehealth, t.desk_only,
           ARRAY(SELECT s.specialty FROM care.appointment_type_specialty s
                 WHERE s.appointment_type = t.appointment_type ORDER BY s.specialty),
           ARRAY(SELECT n.kind FROM care.appointment_type_resource n CROSS JOIN generate_series(1, n.count)
                 WHERE n.appointment_type = t.appointment_type ORDER BY n.kind)
    FROM care.appointment_type t WHERE t.active ORDER BY t.title, t.appointment_type;$body$,
    'Kinds of visit that can be booked, with who gives them and what they need.');
CALL access.publish('list_resources', 'facility uuid, since timestamptz, until timestamptz',
    'TABLE (resource uuid, kind text, name text, state text, starts_at timestamptz, ends_at timestamptz)', $body$
    IF (until > since AND until <= since + INTERVAL '8 days') IS NOT TRUE THEN
        PERFORM access.refuse('resources_are_asked_within_bounds', 'Ask for eight days at most.');
    ELSIF me.part = 'front_desk' AND facility = ANY (access.own_facilities()) THEN
        RETURN QUERY
        WITH thing AS (
            SELECT r.room_id AS resource, 'room' AS kind, r.name FROM care.room r WHERE r.facility_id = facility
            UNION ALL
            SELECT e.equipment_id, e.kind, e.name FROM care.equipment e WHERE e.facility_id = facility
        )
        SELECT t.resource, t.kind, t.name, spell.state, lower(spell.during), upper(spell.during)
        FROM thing t LEFT JOIN LATERAL (
            SELECT 'held' AS state, u.held_during AS during FROM care.appointment_resource u
            WHERE u.facility_id = facility AND t.resource IN (u.room_id, u.equipment_id) AND u.released_at IS NULL
              AND u.held_during && tstzrange(since, until)
            UNION ALL
            SELECT 'out_of_service', o.during FROM care.equipment_outage o
            WHERE o.equipment_id = t.resource AND o.during && tstzrange(since, until)
        ) AS spell ON true
        ORDER BY t.kind, t.name, t.resource, lower(spell.during) LIMIT 5000;
    END IF;$body$,
    'Rooms and equipment of the acting front desk''s facility, and when each is held or out of service within eight days at most; never for whom.');
