-- Booking: what may be booked by whom and when, kept by triggers, so that no statement gets round it.
--
-- A program that speaks SQL in the portal's name is bound as its pages are: status, people and time are judged when a
-- row is written. Only who maintains the schema, or stands above row-level security, may take over appointments that
-- were made elsewhere; a hold is never taken over, and a change is never free of the rules. A visit opens the record to
-- its provider from booking, so that it can be prepared, until 30 days after its end, for results and letters;
-- cancelling it, or staying away, closes the record again. Whoever books takes the locks of provider, patient and room
-- in one order, so that two who want the same wait for one another instead of being told of a deadlock after a second.
-- Adds triggers to appointment: locks it for an instant. Undo: drop triggers and functions.
CREATE TABLE care.appointment_transition (
    from_status text   NOT NULL,
    to_status   text   NOT NULL,
    parts       text[] NOT NULL,

    CONSTRAINT appointment_transition_pkey PRIMARY KEY (from_status, to_status),
    CONSTRAINT appointment_transition_goes_somewhere CHECK (from_status <> to_status)
);
COMMENT ON TABLE  care.appointment_transition             IS 'Which status of an appointment may follow which.';
COMMENT ON COLUMN care.appointment_transition.from_status IS 'Status before; `new` before there was any.';
COMMENT ON COLUMN care.appointment_transition.to_status   IS 'Status after.';
COMMENT ON COLUMN care.appointment_transition.parts       IS 'Who may do so through the portal; nobody where an appointment is only taken over from another system.';
COMMENT ON CONSTRAINT appointment_transition_pkey ON care.appointment_transition IS 'This way is known already.';
COMMENT ON CONSTRAINT appointment_transition_goes_somewhere ON care.appointment_transition IS 'A status cannot follow itself.';

INSERT INTO care.appointment_transition (from_status, to_status, parts) VALUES
    ('new', 'held', '{patient,provider,front_desk}'), ('new', 'booked', '{patient,provider,front_desk}'),
    ('new', 'arrived', '{}'), ('new', 'completed', '{}'), ('new', 'cancelled', '{}'), ('new', 'no_show', '{}'),
    ('held', 'booked', '{patient,provider,front_desk}'), ('held', 'cancelled', '{patient,provider,front_desk}'),
    ('booked', 'cancelled', '{patient,provider,front_desk}'), ('booked', 'arrived', '{provider,front_desk}'),
    ('booked', 'no_show', '{provider,front_desk}'), ('arrived', 'completed', '{provider,front_desk}'),
    ('arrived', 'cancelled', '{provider,front_desk}');

CREATE FUNCTION care.lock_schedule(VARIADIC resources uuid[]) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    key bigint;
BEGIN
    FOR key IN SELECT DISTINCT hashtextextended('healthtrack.schedule.' || resource, 0) AS k
               FROM unnest(resources) AS resource WHERE resource IS NOT NULL ORDER BY k LOOP
        PERFORM pg_advisory_xact_lock(key);
    END LOOP;
END $$;
COMMENT ON FUNCTION care.lock_schedule(uuid[]) IS 'Waits until nobody else books these providers, patients and rooms, and keeps others waiting to the end of the transaction.';

CREATE FUNCTION care.try_lock_schedule(VARIADIC resources uuid[]) RETURNS boolean
    LANGUAGE sql AS $$
    SELECT coalesce(bool_and(pg_try_advisory_xact_lock(hashtextextended('healthtrack.schedule.' || resource, 0))), true)
    FROM unnest(resources) AS resource WHERE resource IS NOT NULL
$$;
COMMENT ON FUNCTION care.try_lock_schedule(uuid[]) IS 'The same without waiting: false where somebody else books one of them at this moment.';

CREATE FUNCTION care.writes_as_owner() RETURNS boolean
    LANGUAGE sql STABLE AS $$
    SELECT NOT row_security_active('care.appointment') OR pg_has_role(current_user, 'healthtrack_migrator', 'USAGE')
$$;
COMMENT ON FUNCTION care.writes_as_owner() IS 'True where the present role maintains the schema, or stands above row-level security, and so may take appointments over from another system.';

CREATE FUNCTION care.keep_appointment_lawful() RETURNS trigger
    LANGUAGE plpgsql AS $$
DECLARE
    as_owner constant boolean := care.writes_as_owner();
    allowed text[];
BEGIN
    IF TG_OP = 'INSERT' OR NEW.status <> OLD.status THEN
        SELECT parts INTO allowed FROM care.appointment_transition
        WHERE from_status = CASE TG_OP WHEN 'INSERT' THEN 'new' ELSE OLD.status END AND to_status = NEW.status;
        IF allowed IS NULL AND TG_OP = 'UPDATE' AND NEW.status = 'booked' THEN
            PERFORM care.refuse('appointment_is_still_held', 'This time is held no more: choose a time again.');
        ELSIF allowed IS NULL THEN
            PERFORM care.refuse('appointment_transition_is_allowed',
                'An appointment cannot go from its status to that one.');
        ELSIF NOT as_owner AND NOT coalesce(access.part() = ANY (allowed), false) THEN
            PERFORM care.refuse('appointment_is_changed_by_whom_it_may',
                'Somebody else has to say this of an appointment.');
        END IF;
    END IF;
    IF NEW.status = 'held' AND NOT as_owner AND (
        NEW.expires_at > now() + INTERVAL '15 minutes' OR TG_OP = 'UPDATE' AND NEW.expires_at > OLD.expires_at
    ) THEN
        PERFORM care.refuse('appointment_hold_is_short', 'A time is held for 15 minutes at most, once.');
    END IF;
    IF TG_OP = 'UPDATE' THEN
        PERFORM care.check_change(OLD, NEW);
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.keep_appointment_lawful() IS 'Trigger before each insert and update of an appointment: status by its ways, by whom it may, and at its time.';

CREATE FUNCTION care.check_change(was care.appointment, becomes care.appointment) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    IF becomes.patient_id <> was.patient_id THEN
        PERFORM care.refuse('appointment_keeps_its_patient', 'An appointment cannot be given to another patient.');
    ELSIF (was.status, becomes.status) <> ('booked', 'booked')
        AND (was.during, was.provider_id, was.facility_id, was.room_id, was.mode)
            IS DISTINCT FROM (becomes.during, becomes.provider_id, becomes.facility_id, becomes.room_id, becomes.mode)
    THEN
        PERFORM care.refuse('appointment_moves_while_booked', 'Only a booked appointment can be moved.');
    ELSIF was.status = becomes.status THEN
        RETURN;
    ELSIF was.status = 'held' AND becomes.status = 'booked' AND was.expires_at <= now() THEN
        PERFORM care.refuse('appointment_is_still_held', 'This time is held no more: choose a time again.');
    ELSIF becomes.status = 'arrived' AND now() < lower(was.during) - INTERVAL '2 hours' THEN
        PERFORM care.refuse('appointment_is_arrived_at_in_time', 'A patient arrives two hours early at most.');
    ELSIF becomes.status IN ('completed', 'no_show') AND now() < lower(was.during) THEN
        PERFORM care.refuse('appointment_ends_after_it_began', 'The appointment has not begun yet.');
    ELSIF was.status = 'booked' AND becomes.status = 'cancelled' AND now() >= lower(was.during) THEN
        PERFORM care.refuse('appointment_is_cancelled_in_time', 'An appointment can be cancelled until it begins.');
    END IF;
END $$;
COMMENT ON FUNCTION care.check_change(care.appointment, care.appointment) IS 'Refuses a change of an appointment that its status or the clock does not allow.';
CREATE TRIGGER appointment_is_lawful BEFORE INSERT OR UPDATE ON care.appointment
    FOR EACH ROW EXECUTE FUNCTION care.keep_appointment_lawful();

CREATE FUNCTION care.check_bookable(wanted care.appointment) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    member constant care.plan := care.plan_of(wanted.patient_id);
    starts constant timestamptz := lower(wanted.during);
    zone   constant text := (SELECT time_zone FROM care.facility WHERE facility_id = wanted.facility_id);
BEGIN
    IF starts <= now() THEN
        PERFORM care.refuse('appointment_is_in_the_future', 'Choose a time in the future.');
    ELSIF starts > now() + member.lead_days * INTERVAL '24 hours' THEN
        PERFORM care.refuse('appointment_is_within_its_release_window',
            'This time cannot be booked yet with this membership.');
    ELSIF wanted.mode = 'telehealth' AND NOT member.telehealth THEN
        PERFORM care.refuse('appointment_by_video_needs_its_plan',
            'Visits by video need a membership that includes them.');
    ELSIF NOT EXISTS (
        SELECT FROM care.affiliation a
        WHERE a.provider_id = wanted.provider_id AND a.facility_id = wanted.facility_id
          AND a.valid_during @> (starts AT TIME ZONE zone)::date
    ) THEN
        PERFORM care.refuse('appointment_is_where_its_provider_works',
            'The provider does not work at this facility on that day.');
    ELSIF NOT care.opening(wanted.facility_id, wanted.during) @> wanted.during THEN
        PERFORM care.refuse('appointment_is_within_opening_hours', 'The facility is closed at that time.');
    ELSIF NOT care.available(wanted.provider_id, wanted.facility_id, wanted.during) @> wanted.during THEN
        PERFORM care.refuse('appointment_is_within_availability', 'The provider sees no patients at that time.');
    ELSIF NOT member.priority AND EXISTS (
        SELECT FROM care.visiting_hours(wanted.provider_id, wanted.facility_id, wanted.during) h
        WHERE h.during && wanted.during AND now() < starts - h.reserved_hours * INTERVAL '1 hour'
    ) THEN
        PERFORM care.refuse('appointment_is_not_reserved', 'This time is still kept for premium members.');
    ELSIF wanted.status = 'held' AND 3 <= (
        SELECT count(*) FROM care.appointment a
        WHERE a.patient_id = wanted.patient_id AND a.status = 'held' AND a.expires_at > now()
    ) THEN
        PERFORM care.refuse('appointment_holds_are_three', 'Confirm or give back one of three held times first.');
    END IF;
END $$;
COMMENT ON FUNCTION care.check_bookable(care.appointment) IS 'Refuses a time that is past, too early for the membership, reserved, or outside the hours of provider or facility. Not for the portal.';
REVOKE EXECUTE ON FUNCTION care.check_bookable(care.appointment) FROM PUBLIC;

CREATE FUNCTION care.keep_appointment_bookable() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM care.lock_schedule(NEW.provider_id, NEW.patient_id, NEW.room_id, OLD.provider_id, OLD.room_id);
    UPDATE care.appointment a SET status = 'cancelled', expires_at = NULL
    WHERE a.status = 'held' AND a.expires_at <= now() AND a.during && NEW.during
      AND a.appointment_id <> NEW.appointment_id
      AND (a.provider_id = NEW.provider_id OR a.patient_id = NEW.patient_id OR a.room_id = NEW.room_id);
    PERFORM care.check_bookable(NEW);
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.keep_appointment_bookable() IS 'Trigger before an appointment takes a time: waits its turn, ends holds there that have run out, and asks whether it may be booked.';
CREATE TRIGGER appointment_is_bookable BEFORE INSERT ON care.appointment
    FOR EACH ROW WHEN (NEW.status = 'held' OR (NEW.status = 'booked' AND NOT care.writes_as_owner()))
    EXECUTE FUNCTION care.keep_appointment_bookable();
CREATE TRIGGER appointment_stays_bookable BEFORE UPDATE ON care.appointment
    FOR EACH ROW WHEN ((OLD.during, OLD.provider_id, OLD.facility_id, OLD.room_id, OLD.mode)
        IS DISTINCT FROM (NEW.during, NEW.provider_id, NEW.facility_id, NEW.room_id, NEW.mode))
    EXECUTE FUNCTION care.keep_appointment_bookable();

CREATE FUNCTION care.lock_record(visitor uuid, visited uuid) RETURNS void
    LANGUAGE sql AS $$
    -- Few locks, since a program may take over a hundred thousand visits in one transaction.
    SELECT pg_advisory_xact_lock(hashtext('healthtrack.visit'), hashtext(visitor::text || visited) % 64)
$$;
COMMENT ON FUNCTION care.lock_record(uuid, uuid) IS 'Waits until nobody else opens or closes this patient''s record to this provider.';

CREATE FUNCTION care.open_record(visitor uuid, visited uuid, wanted tstzrange) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    found_ids uuid[];
    merged    tstzrange;
BEGIN
    PERFORM care.lock_record(visitor, visited);
    SELECT array_agg(r.care_relationship_id ORDER BY lower(r.valid_during)),
           range_merge(range_agg(r.valid_during) + tstzmultirange(wanted))
        INTO found_ids, merged
    FROM access.care_relationship r
    WHERE r.patient_id = visitor AND r.provider_id = visited AND r.basis = 'visit' AND r.valid_during && wanted;
    IF found_ids IS NULL THEN
        INSERT INTO access.care_relationship (patient_id, provider_id, valid_during, basis)
        VALUES (visitor, visited, wanted, 'visit');
    ELSE
        DELETE FROM access.care_relationship WHERE care_relationship_id = ANY (found_ids[2:]);
        UPDATE access.care_relationship SET valid_during = merged
        WHERE care_relationship_id = found_ids[1] AND valid_during <> merged;
    END IF;
END $$;
COMMENT ON FUNCTION care.open_record(uuid, uuid, tstzrange) IS 'Lets a provider see a patient''s record because of a visit, joined to what was so already. Not for the portal.';
REVOKE EXECUTE ON FUNCTION care.open_record(uuid, uuid, tstzrange) FROM PUBLIC;

CREATE FUNCTION care.close_record(visitor uuid, visited uuid) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    ends timestamptz;
BEGIN
    PERFORM care.lock_record(visitor, visited);
    SELECT greatest(now(), max(upper(a.during)) + INTERVAL '720 hours') INTO ends FROM care.appointment a
    WHERE a.patient_id = visitor AND a.provider_id = visited AND a.status IN ('booked', 'arrived', 'completed');
    DELETE FROM access.care_relationship r
    WHERE r.patient_id = visitor AND r.provider_id = visited AND r.basis = 'visit'
      AND r.valid_during @> now() AND lower(r.valid_during) >= ends;
    UPDATE access.care_relationship r SET valid_during = tstzrange(lower(r.valid_during), ends)
    WHERE r.patient_id = visitor AND r.provider_id = visited AND r.basis = 'visit'
      AND r.valid_during @> now() AND upper(r.valid_during) > ends;
END $$;
COMMENT ON FUNCTION care.close_record(uuid, uuid) IS 'Ends what visits opened as soon as no remaining visit needs it. Not for the portal.';
REVOKE EXECUTE ON FUNCTION care.close_record(uuid, uuid) FROM PUBLIC;

CREATE FUNCTION care.keep_visit_relationship() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF OLD.status IN ('booked', 'arrived') THEN
        PERFORM care.close_record(OLD.patient_id, OLD.provider_id);
    END IF;
    IF NEW.status IN ('booked', 'arrived', 'completed') THEN
        PERFORM care.open_record(NEW.patient_id, NEW.provider_id,
            tstzrange(least(now(), lower(NEW.during)), upper(NEW.during) + INTERVAL '720 hours'));
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION care.keep_visit_relationship() IS 'Trigger after an appointment changes status, time or provider: opens the record to the provider, or closes it.';
CREATE TRIGGER appointment_opens_the_record AFTER INSERT ON care.appointment
    FOR EACH ROW WHEN (NEW.status IN ('booked', 'arrived', 'completed'))
    EXECUTE FUNCTION care.keep_visit_relationship();
CREATE TRIGGER appointment_keeps_the_record AFTER UPDATE ON care.appointment
    FOR EACH ROW WHEN (
        (OLD.status, OLD.during, OLD.provider_id) IS DISTINCT FROM (NEW.status, NEW.during, NEW.provider_id)
    )
    EXECUTE FUNCTION care.keep_visit_relationship();

CREATE FUNCTION care.hold_appointment(
    asked_patient uuid, asked_provider uuid, asked_facility uuid, asked_during tstzrange, asked_room uuid DEFAULT NULL,
    asked_mode text DEFAULT 'in_person', asked_reason text DEFAULT NULL
) RETURNS uuid
    LANGUAGE sql AS $$
    INSERT INTO care.appointment (
        patient_id, provider_id, facility_id, room_id, during, status, expires_at, mode, reason
    ) VALUES (asked_patient, asked_provider, asked_facility, asked_room, asked_during, 'held',
            now() + INTERVAL '10 minutes', asked_mode, asked_reason)
    RETURNING appointment_id
$$;
COMMENT ON FUNCTION care.hold_appointment(uuid, uuid, uuid, tstzrange, uuid, text, text) IS 'Holds a time for ten minutes, in which to confirm it; gives the appointment''s key.';

CREATE FUNCTION care.change_appointment(asked uuid, to_status text) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    UPDATE care.appointment SET status = to_status, expires_at = NULL
    WHERE appointment_id = asked AND status <> to_status;
    IF NOT FOUND AND NOT EXISTS (SELECT FROM care.appointment WHERE appointment_id = asked AND status = to_status) THEN
        PERFORM care.refuse('appointment_is_known', 'There is no such appointment.');
    END IF;
END $$;
COMMENT ON FUNCTION care.change_appointment(uuid, text) IS 'Gives an appointment another status; nothing happens where it has it already, so that one may ask again after a lost answer.';

CREATE FUNCTION care.confirm_appointment(asked uuid) RETURNS void
    LANGUAGE sql AS $$ SELECT care.change_appointment(asked, 'booked') $$;
COMMENT ON FUNCTION care.confirm_appointment(uuid) IS 'Books a held time, unless it is held no more.';

CREATE FUNCTION care.cancel_appointment(asked uuid) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    -- First the locks and then the row, in the order of those who book: no deadlock.
    PERFORM care.lock_schedule(provider_id, patient_id, room_id) FROM care.appointment WHERE appointment_id = asked;
    PERFORM care.change_appointment(asked, 'cancelled');
END $$;
COMMENT ON FUNCTION care.cancel_appointment(uuid) IS 'Gives a held or booked time back, until it begins; for an arrived patient, ends the visit without care.';

CREATE FUNCTION care.check_in_appointment(asked uuid) RETURNS void
    LANGUAGE sql AS $$ SELECT care.change_appointment(asked, 'arrived') $$;
COMMENT ON FUNCTION care.check_in_appointment(uuid) IS 'Says that the patient is there, two hours early at most.';

CREATE FUNCTION care.complete_appointment(asked uuid) RETURNS void
    LANGUAGE sql AS $$ SELECT care.change_appointment(asked, 'completed') $$;
COMMENT ON FUNCTION care.complete_appointment(uuid) IS 'Says that care was given to an arrived patient.';

CREATE FUNCTION care.miss_appointment(asked uuid) RETURNS void
    LANGUAGE sql AS $$ SELECT care.change_appointment(asked, 'no_show') $$;
COMMENT ON FUNCTION care.miss_appointment(uuid) IS 'Says that the patient did not come, once the time has begun.';

CREATE FUNCTION care.reschedule_appointment(
    asked uuid, asked_during tstzrange, asked_provider uuid DEFAULT NULL, asked_facility uuid DEFAULT NULL,
    asked_room uuid DEFAULT NULL
) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    PERFORM care.lock_schedule(a.provider_id, a.patient_id, a.room_id, asked_provider, asked_room)
    FROM care.appointment a WHERE a.appointment_id = asked;
    UPDATE care.appointment a SET
        during = asked_during,
        provider_id = coalesce(asked_provider, a.provider_id),
        room_id = coalesce(
            asked_room, CASE WHEN coalesce(asked_facility, a.facility_id) = a.facility_id THEN a.room_id END
        ),
        facility_id = coalesce(asked_facility, a.facility_id)
    WHERE a.appointment_id = asked;
    IF NOT FOUND THEN
        PERFORM care.refuse('appointment_is_known', 'There is no such appointment.');
    END IF;
END $$;
COMMENT ON FUNCTION care.reschedule_appointment(uuid, tstzrange, uuid, uuid, uuid) IS 'Moves a booked appointment, in one statement: where the new time cannot be had, the old one stays.';

CALL access.guard('care.appointment_transition', 'directory');
