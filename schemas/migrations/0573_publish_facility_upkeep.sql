-- What a facility's manager keeps: its description, hours, services, staff, their availability, programmes and sessions.
--
-- Where a facility is named, a function asks first whose it is; the policies ask in any case. Rows with versions are changed as they were
-- read; hours of a weekday or of a date are written whole. Of its days a manager sees how many visits there were, and no
-- visit, by a look. An administrator of the network may do the same at every facility.
-- Locks nothing. Undo: drop the functions and the kind of look.
CALL access.publish('change_facility', 'facility uuid, known_version integer, name text, street text, postal_code text,
    phone text, email text, website text, booking_url text', 'void',
    $body$PERFORM access.check_keeper(me, facility);
    UPDATE care.facility f SET name = change_facility.name, street = change_facility.street,
        postal_code = change_facility.postal_code, phone = change_facility.phone, email = change_facility.email,
        website = change_facility.website, booking_url = change_facility.booking_url
    WHERE f.facility_id = facility AND f.version = known_version;
    PERFORM access.check_change(FOUND);
    PERFORM access.note(me, 'update', NULL, 'care.facility/' || facility);$body$,
    'Says anew what a facility is called and how it is reached.');
CALL access.publish('keep_room', 'facility uuid, room uuid, name text', 'uuid',
    $body$PERFORM access.check_keeper(me, facility);
    IF room IS NULL THEN
        INSERT INTO care.room AS r (facility_id, name) VALUES (facility, keep_room.name) RETURNING r.room_id INTO answer;
    ELSE
        UPDATE care.room r SET name = keep_room.name WHERE r.room_id = room AND r.facility_id = facility
        RETURNING r.room_id INTO answer;
        PERFORM access.check_change(FOUND);
    END IF;
    PERFORM access.note(me, 'update', NULL, 'care.room/' || answer);$body$,
    'Adds a room to a facility, or names it anew; the key.');
CALL access.publish('set_opening_hours', 'facility uuid, weekday integer, opens_minutes integer[], closes_minutes integer[]', 'void',
    $body$PERFORM access.check_keeper(me, facility);
    DELETE FROM care.opening_hours h WHERE h.facility_id = facility AND h.weekday = set_opening_hours.weekday;
    INSERT INTO care.opening_hours (facility_id, weekday, opens_minute, closes_minute)
    SELECT facility, set_opening_hours.weekday, opens, closes FROM unnest(opens_minutes, closes_minutes) AS hours (opens, closes);
    PERFORM access.note(me, 'update', NULL, 'care.facility/' || facility, 'opening_hours');$body$,
    'Sets the hours of one weekday, in minutes after midnight; none for a day on which it is closed.');
CALL access.publish('set_special_day', 'facility uuid, falls_on date, title text, opens_minutes integer[], closes_minutes integer[]',
    'void',
    $body$PERFORM access.check_keeper(me, facility);
    DELETE FROM care.special_day d WHERE d.facility_id = facility AND d.falls_on = set_special_day.falls_on;
    IF coalesce(cardinality(opens_minutes), 0) = 0 AND coalesce(cardinality(closes_minutes), 0) = 0 THEN
        INSERT INTO care.special_day (facility_id, falls_on, title) VALUES (facility, set_special_day.falls_on, set_special_day.title);
    ELSE
        INSERT INTO care.special_day (facility_id, falls_on, title, opens_minute, closes_minute)
        SELECT facility, set_special_day.falls_on, set_special_day.title, opens, closes
        FROM unnest(opens_minutes, closes_minutes) AS hours (opens, closes);
    END IF;
    PERFORM access.note(me, 'update', NULL, 'care.facility/' || facility, 'special_day');$body$,
    'Sets the hours of one date, which stand instead of the weekday''s; none for a day on which it is closed.');
CALL access.publish('clear_special_day', 'facility uuid, falls_on date', 'void',
    $body$PERFORM access.check_keeper(me, facility);
    DELETE FROM care.special_day d WHERE d.facility_id = facility AND d.falls_on = clear_special_day.falls_on;
    PERFORM access.note(me, 'update', NULL, 'care.facility/' || facility, 'special_day');$body$,
    'Lets the hours of the weekday stand on a date again.');
CALL access.publish('offer_service', 'facility uuid, service text, name text, detail text, duration_minutes integer, capacity integer',
    'uuid',
    $body$PERFORM access.check_keeper(me, facility);
    UPDATE care.facility_service o SET detail = offer_service.detail, duration_minutes = offer_service.duration_minutes,
        capacity = offer_service.capacity, withdrawn_on = NULL
    WHERE o.facility_id = facility AND o.service IS NOT DISTINCT FROM offer_service.service
      AND o.name IS NOT DISTINCT FROM offer_service.name
    RETURNING o.facility_service_id INTO answer;
    IF answer IS NULL THEN
        INSERT INTO care.facility_service AS o (facility_id, service, name, detail, duration_minutes, capacity)
        VALUES (facility, offer_service.service, offer_service.name, offer_service.detail, offer_service.duration_minutes,
                offer_service.capacity)
        RETURNING o.facility_service_id INTO answer;
    END IF;
    PERFORM access.note(me, 'update', NULL, 'care.facility_service/' || answer);$body$,
    'Offers a service at a facility, or describes it anew; the key.');
CALL access.publish('withdraw_service', 'facility_service uuid, known_version integer, withdrawn_on date', 'void',
    $body$UPDATE care.facility_service o SET withdrawn_on = withdraw_service.withdrawn_on
    WHERE o.facility_service_id = facility_service AND o.version = known_version;
    PERFORM access.check_change(FOUND);
    PERFORM access.note(me, 'update', NULL, 'care.facility_service/' || facility_service);$body$,
    'Says from which day on a service is not offered any more.');
CALL access.publish('add_affiliation', 'facility uuid, provider uuid, staff_name text, role text, first_on date, stop_on date', 'uuid',
    $body$PERFORM access.check_keeper(me, facility);
    INSERT INTO care.affiliation AS a (facility_id, provider_id, staff_name, role, valid_during)
    VALUES (facility, provider, add_affiliation.staff_name, add_affiliation.role, daterange(first_on, stop_on))
    RETURNING a.affiliation_id INTO answer;
    PERFORM access.note(me, 'create', NULL, 'care.affiliation/' || answer);$body$,
    'Names a provider, or somebody else, who works at a facility; the key.');
CALL access.publish('end_affiliation', 'affiliation uuid, known_version integer, stop_on date', 'void',
    $body$UPDATE care.affiliation a SET valid_during = daterange(lower(a.valid_during), end_affiliation.stop_on)
    WHERE a.affiliation_id = affiliation AND a.version = known_version;
    PERFORM access.check_change(FOUND);
    PERFORM access.note(me, 'update', NULL, 'care.affiliation/' || affiliation);$body$,
    'Says on which day somebody does not work at a facility any more.');
CALL access.publish('add_availability', 'facility uuid, provider uuid, weekday integer, starts_minute integer, ends_minute integer,
    reserved_hours integer, first_on date, stop_on date', 'uuid',
    $body$PERFORM access.check_keeper(me, facility);
    INSERT INTO care.availability AS a (facility_id, provider_id, weekday, starts_minute, ends_minute, reserved_hours, valid_during)
    VALUES (facility, provider, add_availability.weekday, add_availability.starts_minute, add_availability.ends_minute,
            add_availability.reserved_hours, daterange(first_on, stop_on))
    RETURNING a.availability_id INTO answer;
    PERFORM access.note(me, 'create', NULL, 'care.availability/' || answer);$body$,
    'Adds hours of a weekday in which a provider sees patients at a facility; the key.');
CALL access.publish('end_availability', 'availability uuid, known_version integer, stop_on date', 'void',
    $body$UPDATE care.availability a SET valid_during = daterange(lower(a.valid_during), end_availability.stop_on)
    WHERE a.availability_id = availability AND a.version = known_version;
    PERFORM access.check_change(FOUND);
    PERFORM access.note(me, 'update', NULL, 'care.availability/' || availability);$body$,
    'Says on which day hours of a provider do not stand any more.');
CALL access.publish('add_exception', 'facility uuid, provider uuid, kind text, since timestamptz, until timestamptz', 'uuid',
    $body$PERFORM access.check_keeper(me, facility);
    INSERT INTO care.availability_exception AS e (facility_id, provider_id, kind, during)
    VALUES (facility, provider, add_exception.kind, tstzrange(since, until)) RETURNING e.availability_exception_id INTO answer;
    PERFORM access.note(me, 'create', NULL, 'care.availability_exception/' || answer);$body$,
    'Says when a provider is away from a facility (off) or works longer (extra); from no facility in particular, an administrator; the key.');
CALL access.publish('drop_exception', 'availability_exception uuid', 'void',
    $body$DELETE FROM care.availability_exception e WHERE e.availability_exception_id = availability_exception AND lower(e.during) > now();
    PERFORM access.check_change(FOUND);
    PERFORM access.note(me, 'update', NULL, 'care.availability_exception/' || availability_exception);$body$,
    'Takes back an exception that has not begun yet.');
CALL access.publish('keep_programme', 'programme uuid, known_version integer, facility uuid, provider uuid, topic text, title text,
    description text, capacity integer, sessions_needed integer, enrol_from timestamptz, enrol_until timestamptz,
    first_on date, stop_on date', 'uuid',
    $body$PERFORM access.check_keeper(me, facility);
    IF programme IS NULL THEN
        INSERT INTO care.programme AS p (facility_id, provider_id, topic, title, description, capacity, sessions_needed,
                                         enrolment_during, runs_during)
        VALUES (facility, provider, keep_programme.topic, keep_programme.title, keep_programme.description,
                keep_programme.capacity, keep_programme.sessions_needed, tstzrange(enrol_from, enrol_until), daterange(first_on, stop_on))
        RETURNING p.programme_id INTO answer;
    ELSE
        UPDATE care.programme p SET facility_id = facility, provider_id = provider, topic = keep_programme.topic,
            title = keep_programme.title, description = keep_programme.description, capacity = keep_programme.capacity,
            sessions_needed = keep_programme.sessions_needed, enrolment_during = tstzrange(enrol_from, enrol_until),
            runs_during = daterange(first_on, stop_on)
        WHERE p.programme_id = programme AND p.version = known_version RETURNING p.programme_id INTO answer;
        PERFORM access.check_change(FOUND);
    END IF;
    PERFORM access.note(me, 'update', NULL, 'care.programme/' || answer);$body$,
    'Adds a wellness programme to a facility, or changes it; the key.');
CALL access.publish('add_programme_session', 'programme uuid, facility uuid, room uuid, provider uuid, title text, since timestamptz,
    until timestamptz', 'uuid',
    $body$INSERT INTO care.programme_session AS s (programme_id, facility_id, room_id, provider_id, title, during)
    VALUES (programme, facility, room, provider, add_programme_session.title, tstzrange(since, until))
    RETURNING s.programme_session_id INTO answer;
    PERFORM access.note(me, 'create', NULL, 'care.programme_session/' || answer);$body$,
    'Adds a session to a programme; the key.');
CALL access.publish('cancel_programme_session', 'programme_session uuid, known_version integer', 'void',
    $body$UPDATE care.programme_session s SET cancelled_at = now()
    WHERE s.programme_session_id = programme_session AND s.version = known_version AND s.cancelled_at IS NULL;
    PERFORM access.check_change(FOUND);
    PERFORM access.note(me, 'update', NULL, 'care.programme_session/' || programme_session);$body$,
    'Cancels a session of a programme.');

INSERT INTO access.look_kind (kind, scope, in_care, of_all, sensitive, parts) VALUES
    ('day_counts', 'none', false, true, false, '{facility_manager}');
CREATE FUNCTION access.count_days(me access.caller, facility uuid, first_on date, stop_on date)
    RETURNS TABLE (day date, booked bigint, completed bigint, cancelled bigint, missed bigint)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    zone constant text := (SELECT f.time_zone FROM care.facility f WHERE f.facility_id = facility);
BEGIN
    IF (me.part = 'facility_manager' AND facility = ANY (access.own_facilities())) IS NOT TRUE THEN
        PERFORM access.refuse('days_are_counted_for_the_manager', 'Ask the manager of the facility.');
    ELSIF stop_on > first_on + 400 THEN
        PERFORM access.refuse('days_are_counted_within_bounds', 'Ask for 400 days at most.');
    END IF;
    RETURN QUERY
        SELECT (lower(v.during) AT TIME ZONE zone)::date AS counted, count(*) FILTER (WHERE v.status IN ('booked', 'arrived')),
               count(*) FILTER (WHERE v.status = 'completed'), count(*) FILTER (WHERE v.status = 'cancelled'),
               count(*) FILTER (WHERE v.status = 'no_show')
        FROM care.appointment v
        WHERE v.facility_id = facility AND v.status <> 'held'
          AND lower(v.during) >= first_on::timestamp AT TIME ZONE zone AND lower(v.during) < stop_on::timestamp AT TIME ZONE zone
        GROUP BY 1 ORDER BY 1;
END $$;
COMMENT ON FUNCTION access.count_days(access.caller, uuid, date, date) IS
    'How many visits the days of a facility have, for who manages it.';
REVOKE ALL ON FUNCTION access.count_days(access.caller, uuid, date, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.count_days(access.caller, uuid, date, date) TO healthtrack_care;
CALL access.publish('count_days', 'facility uuid, first_on date, stop_on date',
    'TABLE (day date, booked bigint, completed bigint, cancelled bigint, missed bigint)',
    'RETURN QUERY SELECT * FROM access.count_days(me, facility, first_on, stop_on);',
    'How many visits the days of the own facility have, as its manager sees them.', '''day_counts''');
