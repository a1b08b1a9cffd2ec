-- What follows from an appointment: its log, what to come back for, and what the patient says of it.
--
-- Every change of an appointment leaves an event, written by a trigger, that nobody can change or remove. A review
-- points by its keys at a completed visit of its own author, with its true provider and facility, once; a reviewed
-- visit can therefore never cease to be completed. Published reviews are read by all members, without their authors:
-- the portal has no right to those columns. New tables, and two keys more on appointment: locks it for an instant.
-- Undo: drop them.
CREATE TABLE care.appointment_event (
    appointment_event_id bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    happened_at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    patient_id           uuid        NOT NULL,
    appointment_id       uuid        NOT NULL,
    facility_id          uuid        NOT NULL,
    from_provider_id     uuid,
    to_provider_id       uuid        NOT NULL,
    actor                uuid,
    from_during          tstzrange,
    to_during            tstzrange   NOT NULL,
    from_status          text,
    to_status            text        NOT NULL,
    changed_by           text        NOT NULL,

    CONSTRAINT appointment_event_pkey PRIMARY KEY (appointment_event_id),
    CONSTRAINT appointment_event_appointment_fkey FOREIGN KEY (patient_id, appointment_id)
        REFERENCES care.appointment (patient_id, appointment_id),
    CONSTRAINT appointment_event_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility (facility_id)
);
CREATE INDEX appointment_event_appointment_idx ON care.appointment_event (patient_id, appointment_id);
CREATE INDEX appointment_event_facility_idx ON care.appointment_event (facility_id, happened_at);
COMMENT ON TABLE  care.appointment_event                      IS 'Every change of an appointment, in order. Rows are only ever added.';
COMMENT ON COLUMN care.appointment_event.appointment_event_id IS 'Key, in the order of writing.';
COMMENT ON COLUMN care.appointment_event.happened_at          IS 'When.';
COMMENT ON COLUMN care.appointment_event.patient_id           IS 'Whose appointment.';
COMMENT ON COLUMN care.appointment_event.appointment_id       IS 'Which appointment.';
COMMENT ON COLUMN care.appointment_event.facility_id          IS 'Where it is after the change.';
COMMENT ON COLUMN care.appointment_event.from_provider_id     IS 'With whom it was; null for a new appointment.';
COMMENT ON COLUMN care.appointment_event.to_provider_id       IS 'With whom it is.';
COMMENT ON COLUMN care.appointment_event.actor                IS 'Account that did it; null where a program did.';
COMMENT ON COLUMN care.appointment_event.from_during          IS 'When it was; null for a new appointment.';
COMMENT ON COLUMN care.appointment_event.to_during            IS 'When it is.';
COMMENT ON COLUMN care.appointment_event.from_status          IS 'Status before; null for a new appointment.';
COMMENT ON COLUMN care.appointment_event.to_status            IS 'Status after.';
COMMENT ON COLUMN care.appointment_event.changed_by           IS 'Account or program that did it.';
COMMENT ON CONSTRAINT appointment_event_pkey ON care.appointment_event IS 'This event is known already.';
COMMENT ON CONSTRAINT appointment_event_appointment_fkey ON care.appointment_event IS 'An event belongs to an appointment of the same patient.';
COMMENT ON CONSTRAINT appointment_event_facility_fkey ON care.appointment_event IS 'Choose one of the network''s facilities.';

CREATE FUNCTION care.log_appointment() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO care.appointment_event (
        patient_id, appointment_id, facility_id, from_provider_id, to_provider_id, actor, from_during, to_during,
        from_status, to_status, changed_by
    ) SELECT NEW.patient_id, NEW.appointment_id, NEW.facility_id, OLD.provider_id, NEW.provider_id, access.actor(),
             OLD.during, NEW.during, OLD.status, NEW.status, coalesce(access.actor()::text, session_user);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION care.log_appointment() IS 'Trigger after each insert and each change of time, place, people or status of an appointment: writes its event.';
CREATE TRIGGER appointment_insert_is_logged AFTER INSERT ON care.appointment
    FOR EACH ROW EXECUTE FUNCTION care.log_appointment();
CREATE TRIGGER appointment_update_is_logged AFTER UPDATE ON care.appointment
    FOR EACH ROW WHEN ((OLD.status, OLD.during, OLD.provider_id, OLD.facility_id, OLD.room_id, OLD.mode)
        IS DISTINCT FROM (NEW.status, NEW.during, NEW.provider_id, NEW.facility_id, NEW.room_id, NEW.mode))
    EXECUTE FUNCTION care.log_appointment();

CREATE FUNCTION care.keep_appointment_event() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    PERFORM care.refuse('appointment_event_is_only_added',
        'What happened to an appointment cannot be changed or removed.');
END $$;
COMMENT ON FUNCTION care.keep_appointment_event() IS 'Trigger that refuses to change or remove events of appointments.';
CREATE TRIGGER appointment_event_is_only_added BEFORE UPDATE OR DELETE OR TRUNCATE ON care.appointment_event
    FOR EACH STATEMENT EXECUTE FUNCTION care.keep_appointment_event();

CREATE TABLE care.follow_up (
    follow_up_id        uuid        NOT NULL DEFAULT gen_random_uuid(),
    patient_id          uuid        NOT NULL,
    appointment_id      uuid        NOT NULL,
    done_appointment_id uuid,
    created_at          timestamptz NOT NULL DEFAULT now(),
    updated_at          timestamptz NOT NULL DEFAULT now(),
    version             integer     NOT NULL DEFAULT 1,
    due_during          daterange   NOT NULL,
    status              text        NOT NULL DEFAULT 'recommended',
    reason              text        NOT NULL,
    updated_by          text        NOT NULL DEFAULT session_user,

    CONSTRAINT follow_up_pkey PRIMARY KEY (follow_up_id),
    CONSTRAINT follow_up_id_with_patient_is_unique UNIQUE (patient_id, follow_up_id),
    CONSTRAINT follow_up_appointment_fkey FOREIGN KEY (patient_id, appointment_id)
        REFERENCES care.appointment (patient_id, appointment_id),
    CONSTRAINT follow_up_is_done_by_a_visit_of_the_patient FOREIGN KEY (patient_id, done_appointment_id)
        REFERENCES care.appointment (patient_id, appointment_id),
    CONSTRAINT follow_up_is_done_by_another_visit CHECK (done_appointment_id <> appointment_id),
    CONSTRAINT follow_up_status_is_known CHECK (status IN ('recommended', 'done', 'declined')),
    CONSTRAINT follow_up_is_done_by_a_visit CHECK ((status = 'done') = (done_appointment_id IS NOT NULL)),
    CONSTRAINT follow_up_reason_is_some CHECK (reason ~ '\S'),
    CONSTRAINT follow_up_is_due_at_some_time CHECK (
        NOT isempty(due_during) AND NOT lower_inf(due_during) AND NOT upper_inf(due_during)
    )
);
CREATE INDEX follow_up_appointment_idx ON care.follow_up (patient_id, appointment_id);
CREATE INDEX follow_up_done_appointment_idx ON care.follow_up (patient_id, done_appointment_id);
CREATE INDEX follow_up_due_idx ON care.follow_up (upper(due_during)) WHERE status = 'recommended';
CREATE TRIGGER follow_up_is_touched BEFORE UPDATE ON care.follow_up FOR EACH ROW EXECUTE FUNCTION care.touch();
COMMENT ON TABLE  care.follow_up                     IS 'What a visit recommends to come back for.';
COMMENT ON COLUMN care.follow_up.follow_up_id        IS 'Key.';
COMMENT ON COLUMN care.follow_up.patient_id          IS 'Who should come back.';
COMMENT ON COLUMN care.follow_up.appointment_id      IS 'The visit that recommends it.';
COMMENT ON COLUMN care.follow_up.done_appointment_id IS 'The visit that did it; null until then.';
COMMENT ON COLUMN care.follow_up.created_at          IS 'When the row was made.';
COMMENT ON COLUMN care.follow_up.updated_at          IS 'When it was last changed.';
COMMENT ON COLUMN care.follow_up.version             IS 'Raised by each change.';
COMMENT ON COLUMN care.follow_up.due_during          IS 'Days on which it should be done.';
COMMENT ON COLUMN care.follow_up.status              IS 'recommended, done or declined.';
COMMENT ON COLUMN care.follow_up.reason              IS 'What for.';
COMMENT ON COLUMN care.follow_up.updated_by          IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT follow_up_pkey ON care.follow_up IS 'This follow-up is known already.';
COMMENT ON CONSTRAINT follow_up_id_with_patient_is_unique ON care.follow_up IS 'This follow-up is known already.';
COMMENT ON CONSTRAINT follow_up_appointment_fkey ON care.follow_up IS 'A follow-up comes from a visit of the same patient.';
COMMENT ON CONSTRAINT follow_up_is_done_by_a_visit_of_the_patient ON care.follow_up IS 'A follow-up is done by a visit of the same patient.';
COMMENT ON CONSTRAINT follow_up_is_done_by_another_visit ON care.follow_up IS 'A follow-up is done by a later visit than the one that recommends it.';
COMMENT ON CONSTRAINT follow_up_status_is_known ON care.follow_up IS 'Choose recommended, done or declined.';
COMMENT ON CONSTRAINT follow_up_is_done_by_a_visit ON care.follow_up IS 'A follow-up that is done names its visit, and no other may have one.';
COMMENT ON CONSTRAINT follow_up_reason_is_some ON care.follow_up IS 'Say what to come back for.';
COMMENT ON CONSTRAINT follow_up_is_due_at_some_time ON care.follow_up IS 'Give the first and the last day on which the follow-up is due.';

ALTER TABLE care.appointment
    ADD CONSTRAINT appointment_id_with_place_is_unique UNIQUE (appointment_id, provider_id, facility_id),
    ADD CONSTRAINT appointment_id_with_mode_is_unique UNIQUE (appointment_id, mode);
COMMENT ON CONSTRAINT appointment_id_with_place_is_unique ON care.appointment IS 'This appointment is known already.';
COMMENT ON CONSTRAINT appointment_id_with_mode_is_unique ON care.appointment IS 'This appointment is known already.';

CREATE TABLE care.review (
    review_id      uuid        NOT NULL DEFAULT gen_random_uuid(),
    patient_id     uuid        NOT NULL,
    appointment_id uuid        NOT NULL,
    provider_id    uuid        NOT NULL,
    facility_id    uuid        NOT NULL,
    created_at     timestamptz NOT NULL DEFAULT now(),
    updated_at     timestamptz NOT NULL DEFAULT now(),
    version        integer     NOT NULL DEFAULT 1,
    stars          smallint    NOT NULL,
    visit_status   text        NOT NULL GENERATED ALWAYS AS ('completed') STORED,
    state          text        NOT NULL DEFAULT 'pending',
    body           text,
    moderation     text,
    updated_by     text        NOT NULL DEFAULT session_user,

    CONSTRAINT review_pkey PRIMARY KEY (review_id),
    CONSTRAINT review_is_one_of_each_visit UNIQUE (appointment_id),
    CONSTRAINT review_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT review_is_of_a_completed_visit FOREIGN KEY (appointment_id, visit_status)
        REFERENCES care.appointment (appointment_id, status),
    CONSTRAINT review_is_of_ones_own_visit FOREIGN KEY (patient_id, appointment_id)
        REFERENCES care.appointment (patient_id, appointment_id),
    CONSTRAINT review_names_the_visits_provider_and_facility FOREIGN KEY (appointment_id, provider_id, facility_id)
        REFERENCES care.appointment (appointment_id, provider_id, facility_id),
    CONSTRAINT review_has_one_to_five_stars CHECK (stars BETWEEN 1 AND 5),
    CONSTRAINT review_is_short CHECK (length(body) BETWEEN 1 AND 4000),
    CONSTRAINT review_state_is_known CHECK (state IN ('pending', 'published', 'hidden')),
    CONSTRAINT review_is_hidden_for_a_reason CHECK (state <> 'hidden' OR (moderation ~ '\S') IS TRUE)
);
CREATE INDEX review_patient_idx ON care.review (patient_id, appointment_id);
CREATE INDEX review_provider_idx ON care.review (provider_id, stars) WHERE state = 'published';
CREATE INDEX review_facility_idx ON care.review (facility_id, stars) WHERE state = 'published';
CREATE TRIGGER review_is_touched BEFORE UPDATE ON care.review FOR EACH ROW EXECUTE FUNCTION care.touch();
COMMENT ON TABLE  care.review                IS 'What a patient says of a completed visit.';
COMMENT ON COLUMN care.review.review_id      IS 'Key.';
COMMENT ON COLUMN care.review.patient_id     IS 'The author; not for the portal.';
COMMENT ON COLUMN care.review.appointment_id IS 'The visit; not for the portal.';
COMMENT ON COLUMN care.review.provider_id    IS 'Who gave care.';
COMMENT ON COLUMN care.review.facility_id    IS 'Where.';
COMMENT ON COLUMN care.review.created_at     IS 'When the row was made.';
COMMENT ON COLUMN care.review.updated_at     IS 'When it was last changed.';
COMMENT ON COLUMN care.review.version        IS 'Raised by each change.';
COMMENT ON COLUMN care.review.stars          IS 'One (poor) to five (excellent).';
COMMENT ON COLUMN care.review.visit_status   IS 'Always completed: half of the key of a completed visit.';
COMMENT ON COLUMN care.review.state          IS 'pending until a moderator has read it, then published or hidden; pending again when its author changes it.';
COMMENT ON COLUMN care.review.body           IS 'What is said; null where only stars are given.';
COMMENT ON COLUMN care.review.moderation     IS 'Why a moderator hid it; null otherwise.';
COMMENT ON COLUMN care.review.updated_by     IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT review_pkey ON care.review IS 'This review is known already.';
COMMENT ON CONSTRAINT review_is_one_of_each_visit ON care.review IS 'This visit has been reviewed already.';
COMMENT ON CONSTRAINT review_patient_fkey ON care.review IS 'Register the patient first.';
COMMENT ON CONSTRAINT review_is_of_a_completed_visit ON care.review IS 'Only a completed visit can be reviewed.';
COMMENT ON CONSTRAINT review_is_of_ones_own_visit ON care.review IS 'Only the patient of a visit can review it.';
COMMENT ON CONSTRAINT review_names_the_visits_provider_and_facility ON care.review IS 'A review is of the provider and the facility of its visit.';
COMMENT ON CONSTRAINT review_has_one_to_five_stars ON care.review IS 'Give one to five stars.';
COMMENT ON CONSTRAINT review_is_short ON care.review IS 'Write a review of 4000 characters at most.';
COMMENT ON CONSTRAINT review_state_is_known ON care.review IS 'Choose pending, published or hidden.';
COMMENT ON CONSTRAINT review_is_hidden_for_a_reason ON care.review IS 'Say why the review is hidden.';

CREATE FUNCTION care.review_visit(asked_appointment uuid, given_stars integer, said text DEFAULT NULL) RETURNS uuid
    LANGUAGE plpgsql AS $$
DECLARE
    made constant uuid := gen_random_uuid();
BEGIN
    INSERT INTO care.review (review_id, patient_id, appointment_id, provider_id, facility_id, stars, body)
    SELECT made, a.patient_id, a.appointment_id, a.provider_id, a.facility_id, given_stars, said
    FROM care.appointment a WHERE a.appointment_id = asked_appointment;
    IF NOT FOUND THEN
        PERFORM care.refuse('appointment_is_known', 'There is no such appointment.');
    END IF;
    RETURN made;
END $$;
COMMENT ON FUNCTION care.review_visit(uuid, integer, text) IS 'Reviews a completed visit of one''s own; gives the review''s key.';

CREATE FUNCTION care.ask_for_moderation() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    NEW.state := 'pending';
    NEW.moderation := NULL;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.ask_for_moderation() IS 'Trigger before a review''s stars or text change: it waits for a moderator again.';
CREATE TRIGGER review_is_moderated_again BEFORE UPDATE OF stars, body ON care.review
    FOR EACH ROW WHEN ((OLD.stars, OLD.body) IS DISTINCT FROM (NEW.stars, NEW.body))
    EXECUTE FUNCTION care.ask_for_moderation();

CREATE FUNCTION care.moderate_review(asked uuid, read_version integer, to_state text, why text DEFAULT NULL)
    RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF access.part() IS DISTINCT FROM 'moderator' THEN
        PERFORM care.refuse('review_is_moderated_by_moderators', 'Only a moderator may publish or hide a review.');
    END IF;
    UPDATE care.review SET state = to_state, moderation = why WHERE review_id = asked AND version = read_version;
    IF NOT FOUND THEN
        PERFORM care.refuse('review_is_moderated_as_it_was_read',
            'The review has changed since it was read: read it again.');
    END IF;
END $$;
COMMENT ON FUNCTION care.moderate_review(uuid, integer, text, text) IS 'Publishes or hides the version of a review that a moderator has read.';

CREATE VIEW care.provider_rating WITH (security_invoker = true) AS
    SELECT provider_id, count(*) AS reviews, round(avg(stars), 2) AS stars
    FROM care.review WHERE state = 'published' GROUP BY provider_id;
COMMENT ON VIEW care.provider_rating IS 'Mean of the published reviews of each provider, with their number; no row where there is none.';
COMMENT ON COLUMN care.provider_rating.provider_id IS 'The provider.';
COMMENT ON COLUMN care.provider_rating.reviews IS 'How many published reviews.';
COMMENT ON COLUMN care.provider_rating.stars IS 'Their mean, to the hundredth.';

CREATE VIEW care.facility_rating WITH (security_invoker = true) AS
    SELECT facility_id, count(*) AS reviews, round(avg(stars), 2) AS stars
    FROM care.review WHERE state = 'published' GROUP BY facility_id;
COMMENT ON VIEW care.facility_rating IS 'Mean of the published reviews of each facility, with their number; no row where there is none.';
COMMENT ON COLUMN care.facility_rating.facility_id IS 'The facility.';
COMMENT ON COLUMN care.facility_rating.reviews IS 'How many published reviews.';
COMMENT ON COLUMN care.facility_rating.stars IS 'Their mean, to the hundredth.';

CREATE VIEW care.appointment_history WITH (security_invoker = true) AS
    SELECT a.patient_id, a.appointment_id, a.during, a.status, a.mode, a.reason, a.provider_id, a.facility_id,
           concat_ws(' ', p.given_name, p.family_name) AS provider_name, f.name AS facility_name,
           (SELECT count(*) FROM care.appointment_event e
            WHERE e.patient_id = a.patient_id AND e.appointment_id = a.appointment_id) AS changes,
           (SELECT count(*) FROM care.follow_up u
            WHERE u.patient_id = a.patient_id AND u.appointment_id = a.appointment_id AND u.status = 'recommended')
               AS open_follow_ups
    FROM care.appointment a JOIN care.provider p USING (provider_id) JOIN care.facility f USING (facility_id);
COMMENT ON VIEW care.appointment_history IS 'Appointments of a patient with names, the number of their changes and of what is left to follow up.';
COMMENT ON COLUMN care.appointment_history.patient_id IS 'Whose.';
COMMENT ON COLUMN care.appointment_history.appointment_id IS 'The appointment.';
COMMENT ON COLUMN care.appointment_history.during IS 'When.';
COMMENT ON COLUMN care.appointment_history.status IS 'Status at present.';
COMMENT ON COLUMN care.appointment_history.mode IS 'in_person or telehealth.';
COMMENT ON COLUMN care.appointment_history.reason IS 'Why, in the patient''s words.';
COMMENT ON COLUMN care.appointment_history.provider_id IS 'With whom.';
COMMENT ON COLUMN care.appointment_history.facility_id IS 'Where.';
COMMENT ON COLUMN care.appointment_history.provider_name IS 'With whom, by name.';
COMMENT ON COLUMN care.appointment_history.facility_name IS 'Where, by name.';
COMMENT ON COLUMN care.appointment_history.changes IS 'How many events it has, its making included.';
COMMENT ON COLUMN care.appointment_history.open_follow_ups IS 'How many follow-ups it recommends that are neither done nor declined.';
GRANT SELECT ON care.provider_rating, care.facility_rating, care.appointment_history TO healthtrack_portal;

CALL access.guard('care.follow_up', 'chart');
CALL access.guard('care.review', 'internal');
GRANT SELECT (review_id, provider_id, facility_id, created_at, version, stars, state, body, moderation),
    INSERT (review_id, patient_id, appointment_id, provider_id, facility_id, stars, body), UPDATE (stars, body)
    ON care.review TO healthtrack_portal;
CREATE POLICY own ON care.review FOR ALL TO healthtrack_portal
    USING (patient_id = ANY ((SELECT access.own_patients())::uuid[]))
    WITH CHECK (patient_id = ANY ((SELECT access.own_patients())::uuid[]));
CREATE POLICY everybody_reads ON care.review FOR SELECT TO healthtrack_portal
    USING (state = 'published' AND (SELECT access.part()) IS NOT NULL);
CREATE POLICY moderator ON care.review FOR SELECT TO healthtrack_portal USING ((SELECT access.part()) = 'moderator');
CALL access.guard('care.appointment_event', 'internal');
GRANT SELECT ON care.appointment_event TO healthtrack_portal;
CREATE POLICY own ON care.appointment_event FOR SELECT TO healthtrack_portal
    USING (patient_id = ANY ((SELECT access.own_patients())::uuid[]));
CREATE POLICY care ON care.appointment_event FOR SELECT TO healthtrack_portal
    USING (patient_id = ANY ((SELECT access.patients_in_care())::uuid[]));
CREATE POLICY desk ON care.appointment_event FOR SELECT TO healthtrack_portal
    USING (facility_id = ANY ((SELECT access.own_facilities())::uuid[]) AND (SELECT access.part()) = 'front_desk');
