-- Appointments, the wait-list and visits through `api`.
--
-- Open times are read without a look: they tell when a provider is free, and never who takes the rest. Locks nothing.
-- Undo: drop them.
CALL access.publish('find_open_slots',
    'provider uuid, facility uuid, since timestamptz, until timestamptz, minutes integer',
    'TABLE (starts_at timestamptz, ends_at timestamptz, for_all_at timestamptz)',
    $body$RETURN QUERY SELECT s.starts_at, s.ends_at, s.for_all_at FROM care.open_slots(provider, facility, since, until, minutes) s;$body$,
    'Open times of a provider at a facility, for visits of so many minutes.');
-- What the actor may see anyway is told; a visit elsewhere is not: there the exclusion constraint refuses, in one sentence
-- for all that is not the actor's.
CREATE FUNCTION care.refuse_second_visit(patient uuid, during tstzrange, moved uuid) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM care.appointment v
               WHERE v.patient_id = patient AND v.during && refuse_second_visit.during
                 AND v.appointment_id IS DISTINCT FROM moved
                 AND (v.status IN ('booked', 'arrived') OR v.status = 'held' AND v.expires_at > clock_timestamp())) THEN
        PERFORM access.refuse('appointment_patient_is_free', 'The patient has another appointment at that time.');
    END IF;
END $$;
COMMENT ON FUNCTION care.refuse_second_visit(uuid, tstzrange, uuid) IS 'Refuses a time at which the patient has another visit that the actor may see.';
GRANT EXECUTE ON FUNCTION care.refuse_second_visit(uuid, tstzrange, uuid) TO healthtrack_care;

CALL access.publish('hold_appointment',
    'patient uuid, provider uuid, facility uuid, starts_at timestamptz, ends_at timestamptz, room uuid, mode text, reason text',
    'uuid', $body$
    PERFORM care.refuse_second_visit(patient, tstzrange(starts_at, ends_at), NULL);
    answer := care.hold_appointment(patient, provider, facility, tstzrange(starts_at, ends_at), room, mode, reason);
    PERFORM access.note(me, 'create', patient, 'care.appointment/' || answer);$body$,
    'Holds a time for a patient; gives the appointment''s key.');
CALL access.publish('change_appointment', 'appointment uuid, change text', 'void', $body$
    DECLARE
        -- Asked before: the change may close the record to whoever makes it.
        whose constant uuid := (SELECT v.patient_id FROM care.appointment v WHERE v.appointment_id = appointment);
    BEGIN
        CASE change
            WHEN 'confirm' THEN PERFORM care.confirm_appointment(appointment);
            WHEN 'cancel' THEN PERFORM care.cancel_appointment(appointment);
            WHEN 'check_in' THEN PERFORM care.check_in_appointment(appointment);
            WHEN 'complete' THEN PERFORM care.complete_appointment(appointment);
            WHEN 'miss' THEN PERFORM care.miss_appointment(appointment);
            ELSE PERFORM access.refuse('appointment_change_is_known', 'Choose confirm, cancel, check_in, complete or miss.');
        END CASE;
        PERFORM access.note(me, 'update', whose, 'care.appointment/' || appointment);
    END;$body$,
    'Confirms, cancels, checks in, completes or misses an appointment.');
CALL access.publish('reschedule_appointment',
    'appointment uuid, starts_at timestamptz, ends_at timestamptz, provider uuid', 'void', $body$
    DECLARE
        whose constant uuid := (SELECT v.patient_id FROM care.appointment v WHERE v.appointment_id = appointment);
    BEGIN
        PERFORM care.refuse_second_visit(whose, tstzrange(starts_at, ends_at), appointment);
        PERFORM care.reschedule_appointment(appointment, tstzrange(starts_at, ends_at), provider);
        PERFORM access.note(me, 'update', whose, 'care.appointment/' || appointment);
    END;$body$,
    'Moves an appointment to another time, and to another provider where one is named.');
CALL access.publish('read_appointments', '',
    'TABLE (appointment_id uuid, starts_at timestamptz, ends_at timestamptz, status text, mode text, provider_name text, facility_name text, changes bigint, open_follow_ups bigint)',
    $body$RETURN QUERY SELECT h.appointment_id, lower(h.during), upper(h.during), h.status, h.mode, h.provider_name, h.facility_name, h.changes, h.open_follow_ups
    FROM care.appointment_history h WHERE h.patient_id = patient ORDER BY lower(h.during) DESC LIMIT 500;$body$,
    'Appointments of a patient that whoever acts may see, the latest first, 500 at most.', look => $$'appointments'$$);

CALL access.publish('join_waitlist',
    'patient uuid, facility uuid, provider uuid, minutes integer, since timestamptz, until timestamptz, mode text',
    'uuid', $body$
    answer := care.join_waitlist(patient, facility, provider, minutes, tstzrange(since, until), mode);
    PERFORM access.note(me, 'create', patient, 'care.waitlist_entry/' || answer);$body$,
    'Puts a patient on the wait-list of a facility; gives the entry''s key.');
CALL access.publish('leave_waitlist', 'waitlist_entry uuid', 'void', $body$
    PERFORM care.leave_waitlist(waitlist_entry);
    PERFORM access.note(me, 'update',
        (SELECT w.patient_id FROM care.waitlist_entry w WHERE w.waitlist_entry_id = waitlist_entry),
        'care.waitlist_entry/' || waitlist_entry);$body$,
    'Takes an entry that still waits off the wait-list.');
CALL access.publish('read_waitlist', '', 'TABLE (entry uuid, status text, appointment uuid)',
    $body$RETURN QUERY SELECT w.waitlist_entry_id, w.status, w.appointment_id FROM care.waitlist_entry w
    WHERE w.patient_id = patient ORDER BY w.joined_at DESC, w.waitlist_entry_id LIMIT 200;$body$,
    'How it stands with a patient''s entries of the wait-list, the latest first, 200 at most.', look => $$'waitlist'$$);

CALL access.publish('consent_to_telehealth', 'appointment uuid', 'void', $body$
    PERFORM care.consent_to_telehealth(appointment);
    PERFORM access.note(me, 'sign', (SELECT v.patient_id FROM care.appointment v WHERE v.appointment_id = appointment),
                        'care.telehealth_session');$body$,
    'Consents to a visit by video, as its patient.');
CALL access.publish('issue_join_token', 'appointment uuid', 'text', $body$
    answer := care.issue_join_token(appointment);
    PERFORM access.note(me, 'create', (SELECT v.patient_id FROM care.appointment v WHERE v.appointment_id = appointment),
                        'care.join_token');$body$,
    'A secret by which the actor, patient or provider of the visit, joins once within ten minutes.');
CALL access.publish('use_join_token', 'secret text', 'uuid', $body$
    answer := care.use_join_token(secret);
    PERFORM access.note(me, 'update',
        (SELECT s.patient_id FROM care.telehealth_session s WHERE s.telehealth_session_id = answer),
        'care.telehealth_session/' || answer);$body$,
    'Joins a visit by a secret, and uses it up; gives the video session.');
CALL access.publish('stop_telehealth', 'appointment uuid', 'void', $body$
    DECLARE
        whose constant uuid := (SELECT v.patient_id FROM care.appointment v WHERE v.appointment_id = appointment);
    BEGIN
        PERFORM care.stop_telehealth(appointment);
        PERFORM access.note(me, 'update', whose, 'care.telehealth_session');
    END;$body$,
    'Ends a visit by video.');
CALL access.publish('review_visit', 'appointment uuid, stars integer, body text', 'uuid', $body$
    answer := care.review_visit(appointment, stars, body);
    PERFORM access.note(me, 'create', (SELECT v.patient_id FROM care.appointment v WHERE v.appointment_id = appointment),
                        'care.review/' || answer);$body$,
    'Reviews one''s own completed visit; gives the review''s key.');
CALL access.publish('moderate_review', 'review uuid, known_version integer, to_state text, why text', 'void', $body$
    PERFORM care.moderate_review(review, known_version, to_state, why);
    PERFORM access.note(me, 'review', NULL, 'care.review/' || review);$body$,
    'Publishes a review or rejects it, as a moderator.');
CALL access.publish('read_follow_ups', '',
    'TABLE (follow_up uuid, appointment uuid, due_from date, due_to date, status text, reason text)',
    $body$RETURN QUERY SELECT f.follow_up_id, f.appointment_id, lower(f.due_during), upper(f.due_during), f.status, f.reason FROM care.follow_up f
    WHERE f.patient_id = patient ORDER BY lower(f.due_during), f.follow_up_id LIMIT 500;$body$,
    'What was recommended to a patient, the next due first, 500 at most.', look => $$'follow_ups'$$);
