-- Wellness programmes: runs with a number of seats, their sessions, and who takes part.
--
-- A programme is one run: the next one is a row of its own, and a person takes part in each once. Seats are counted on
-- the programme's row by a trigger, so that whoever writes an enrolment, by whatever statement, waits for that row and
-- meets its check: of eight clients on the last seat one gets it. Counting the enrolments first would let all eight
-- pass. Attendance hangs on an enrolment that was admitted (not merely waiting) and on a session of that very programme
-- by its keys. New tables; foreign keys lock their targets for an instant. Undo: drop them.
CREATE TABLE care.programme (
    programme_id     uuid        NOT NULL DEFAULT gen_random_uuid(),
    facility_id      uuid,
    provider_id      uuid,
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now(),
    capacity         integer     NOT NULL,
    seats_taken      integer     NOT NULL DEFAULT 0,
    sessions_needed  integer     NOT NULL,
    version          integer     NOT NULL DEFAULT 1,
    enrolment_during tstzrange   NOT NULL,
    runs_during      daterange   NOT NULL,
    topic            text        NOT NULL,
    title            text        NOT NULL,
    description      text        NOT NULL,
    updated_by       text        NOT NULL DEFAULT session_user,

    CONSTRAINT programme_pkey PRIMARY KEY (programme_id),
    CONSTRAINT programme_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility (facility_id),
    CONSTRAINT programme_provider_fkey FOREIGN KEY (provider_id) REFERENCES care.provider (provider_id),
    CONSTRAINT programme_capacity_is_believable CHECK (capacity BETWEEN 1 AND 10000),
    CONSTRAINT programme_has_a_seat_for_each CHECK (seats_taken BETWEEN 0 AND capacity),
    CONSTRAINT programme_needs_some_sessions CHECK (sessions_needed BETWEEN 1 AND 1000),
    CONSTRAINT programme_enrolment_is_half_open CHECK (
        NOT isempty(enrolment_during) AND lower_inc(enrolment_during) AND NOT upper_inc(enrolment_during)
        AND NOT upper_inf(enrolment_during)
    ),
    CONSTRAINT programme_period_is_half_open CHECK (
        NOT isempty(runs_during) AND lower_inc(runs_during) AND NOT upper_inc(runs_during)
        AND NOT upper_inf(runs_during)
    ),
    CONSTRAINT programme_topic_is_snake_case CHECK (topic ~ '^[a-z][a-z0-9_]{1,40}$'),
    CONSTRAINT programme_title_is_some CHECK (title ~ '\S' AND length(title) <= 200),
    CONSTRAINT programme_description_is_short CHECK (length(description) <= 20000)
);
CREATE INDEX programme_facility_idx ON care.programme (facility_id);
CREATE INDEX programme_provider_idx ON care.programme (provider_id);
-- A seat that is taken is no edit: an editor's version stays good.
CREATE TRIGGER programme_is_touched BEFORE UPDATE ON care.programme
    FOR EACH ROW WHEN (OLD.seats_taken = NEW.seats_taken) EXECUTE FUNCTION care.touch();
COMMENT ON TABLE  care.programme                  IS 'One run of a wellness programme, of a facility or of the whole network.';
COMMENT ON COLUMN care.programme.programme_id     IS 'Key.';
COMMENT ON COLUMN care.programme.facility_id      IS 'Facility that runs it; null for one of the whole network.';
COMMENT ON COLUMN care.programme.provider_id      IS 'Provider who leads it; null where nobody of the network does.';
COMMENT ON COLUMN care.programme.created_at       IS 'When the row was made.';
COMMENT ON COLUMN care.programme.updated_at       IS 'When it was last changed.';
COMMENT ON COLUMN care.programme.capacity         IS 'Seats.';
COMMENT ON COLUMN care.programme.seats_taken      IS 'Enrolled and completed; kept by a trigger, never written by hand.';
COMMENT ON COLUMN care.programme.sessions_needed  IS 'Sessions that one must attend to complete it.';
COMMENT ON COLUMN care.programme.version          IS 'Raised by each change.';
COMMENT ON COLUMN care.programme.enrolment_during IS 'Half-open period in which one can enrol.';
COMMENT ON COLUMN care.programme.runs_during      IS 'Half-open period of its days.';
COMMENT ON COLUMN care.programme.topic            IS 'What it is about, in one word: nutrition, sleep, movement …';
COMMENT ON COLUMN care.programme.title            IS 'Name.';
COMMENT ON COLUMN care.programme.description      IS 'What one does there.';
COMMENT ON COLUMN care.programme.updated_by       IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT programme_pkey ON care.programme IS 'This programme is known already.';
COMMENT ON CONSTRAINT programme_facility_fkey ON care.programme IS 'Choose one of the network''s facilities.';
COMMENT ON CONSTRAINT programme_provider_fkey ON care.programme IS 'Choose one of the network''s providers.';
COMMENT ON CONSTRAINT programme_capacity_is_believable ON care.programme IS 'Give 1 to 10000 seats.';
COMMENT ON CONSTRAINT programme_has_a_seat_for_each ON care.programme IS 'Every seat of this programme is taken.';
COMMENT ON CONSTRAINT programme_needs_some_sessions ON care.programme IS 'Say how many sessions complete the programme, 1 to 1000.';
COMMENT ON CONSTRAINT programme_enrolment_is_half_open ON care.programme IS 'Enrolment has a beginning, and ends after it.';
COMMENT ON CONSTRAINT programme_period_is_half_open ON care.programme IS 'A programme has a first day, and ends after it.';
COMMENT ON CONSTRAINT programme_topic_is_snake_case ON care.programme IS 'Name the topic by small letters, digits and underscores.';
COMMENT ON CONSTRAINT programme_title_is_some ON care.programme IS 'Give the programme a title of 200 letters at most.';
COMMENT ON CONSTRAINT programme_description_is_short ON care.programme IS 'Keep the description to 20000 letters.';

CREATE TABLE care.programme_session (
    programme_session_id uuid        NOT NULL DEFAULT gen_random_uuid(),
    programme_id         uuid        NOT NULL,
    facility_id          uuid,
    room_id              uuid,
    provider_id          uuid,
    cancelled_at         timestamptz,
    created_at           timestamptz NOT NULL DEFAULT now(),
    updated_at           timestamptz NOT NULL DEFAULT now(),
    version              integer     NOT NULL DEFAULT 1,
    during               tstzrange   NOT NULL,
    title                text        NOT NULL,
    updated_by           text        NOT NULL DEFAULT session_user,

    CONSTRAINT programme_session_pkey PRIMARY KEY (programme_session_id),
    CONSTRAINT programme_session_id_with_programme_is_unique UNIQUE (programme_id, programme_session_id),
    CONSTRAINT programme_session_programme_fkey FOREIGN KEY (programme_id) REFERENCES care.programme (programme_id),
    CONSTRAINT programme_session_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility (facility_id),
    CONSTRAINT programme_session_room_fkey FOREIGN KEY (facility_id, room_id)
        REFERENCES care.room (facility_id, room_id),
    CONSTRAINT programme_session_provider_fkey FOREIGN KEY (provider_id) REFERENCES care.provider (provider_id),
    CONSTRAINT programme_session_room_has_a_facility CHECK (room_id IS NULL OR facility_id IS NOT NULL),
    CONSTRAINT programme_session_period_is_half_open CHECK (
        NOT isempty(during) AND lower_inc(during) AND NOT upper_inc(during)
        AND upper(during) <= lower(during) + INTERVAL '24 hours' AND NOT upper_inf(during)
    ),
    CONSTRAINT programme_session_title_is_some CHECK (title ~ '\S' AND length(title) <= 200),
    CONSTRAINT programme_session_is_one_at_a_time EXCLUDE USING gist (programme_id WITH =, during WITH &&)
        WHERE (cancelled_at IS NULL),
    CONSTRAINT programme_session_room_is_free EXCLUDE USING gist (room_id WITH =, during WITH &&)
        WHERE (cancelled_at IS NULL),
    CONSTRAINT programme_session_provider_is_free EXCLUDE USING gist (provider_id WITH =, during WITH &&)
        WHERE (cancelled_at IS NULL)
);
CREATE INDEX programme_session_facility_idx ON care.programme_session (facility_id, lower(during));
CREATE TRIGGER programme_session_is_touched BEFORE UPDATE ON care.programme_session
    FOR EACH ROW EXECUTE FUNCTION care.touch();
COMMENT ON TABLE  care.programme_session                      IS 'One meeting of a programme.';
COMMENT ON COLUMN care.programme_session.programme_session_id IS 'Key.';
COMMENT ON COLUMN care.programme_session.programme_id         IS 'Which programme.';
COMMENT ON COLUMN care.programme_session.facility_id          IS 'Where; null for one online or outdoors.';
COMMENT ON COLUMN care.programme_session.room_id              IS 'In which room of it; null where none is needed.';
COMMENT ON COLUMN care.programme_session.provider_id          IS 'Who holds it; null where nobody of the network does.';
COMMENT ON COLUMN care.programme_session.cancelled_at         IS 'When it was called off; null unless it was.';
COMMENT ON COLUMN care.programme_session.created_at           IS 'When the row was made.';
COMMENT ON COLUMN care.programme_session.updated_at           IS 'When it was last changed.';
COMMENT ON COLUMN care.programme_session.version              IS 'Raised by each change.';
COMMENT ON COLUMN care.programme_session.during               IS 'Half-open period, a day at most.';
COMMENT ON COLUMN care.programme_session.title                IS 'What it is about.';
COMMENT ON COLUMN care.programme_session.updated_by           IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT programme_session_pkey ON care.programme_session IS 'This session is known already.';
COMMENT ON CONSTRAINT programme_session_id_with_programme_is_unique ON care.programme_session IS 'This session is known already.';
COMMENT ON CONSTRAINT programme_session_programme_fkey ON care.programme_session IS 'Add the programme first.';
COMMENT ON CONSTRAINT programme_session_facility_fkey ON care.programme_session IS 'Choose one of the network''s facilities.';
COMMENT ON CONSTRAINT programme_session_room_fkey ON care.programme_session IS 'Choose a room of that facility.';
COMMENT ON CONSTRAINT programme_session_provider_fkey ON care.programme_session IS 'Choose one of the network''s providers.';
COMMENT ON CONSTRAINT programme_session_room_has_a_facility ON care.programme_session IS 'Say in which facility the room is.';
COMMENT ON CONSTRAINT programme_session_period_is_half_open ON care.programme_session IS 'A session has a beginning, and ends after it within a day.';
COMMENT ON CONSTRAINT programme_session_title_is_some ON care.programme_session IS 'Give the session a title of 200 letters at most.';
COMMENT ON CONSTRAINT programme_session_is_one_at_a_time ON care.programme_session IS 'The programme has another session at that time.';
COMMENT ON CONSTRAINT programme_session_room_is_free ON care.programme_session IS 'Another session has the room at that time: choose another.';
COMMENT ON CONSTRAINT programme_session_provider_is_free ON care.programme_session IS 'The provider holds another session at that time.';

CREATE TABLE care.enrolment (
    enrolment_id uuid        NOT NULL DEFAULT gen_random_uuid(),
    patient_id   uuid        NOT NULL,
    programme_id uuid        NOT NULL,
    asked_at     timestamptz NOT NULL DEFAULT now(),
    admitted_at  timestamptz,
    completed_at timestamptz,
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    version      integer     NOT NULL DEFAULT 1,
    admitted     boolean     GENERATED ALWAYS AS (admitted_at IS NOT NULL) STORED,
    status       text        NOT NULL,
    updated_by   text        NOT NULL DEFAULT session_user,

    CONSTRAINT enrolment_pkey PRIMARY KEY (enrolment_id),
    CONSTRAINT enrolment_id_with_patient_is_unique UNIQUE (patient_id, enrolment_id),
    CONSTRAINT enrolment_id_with_admission_is_unique UNIQUE (patient_id, programme_id, enrolment_id, admitted),
    CONSTRAINT enrolment_of_a_patient_is_one UNIQUE (programme_id, patient_id),
    CONSTRAINT enrolment_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT enrolment_programme_fkey FOREIGN KEY (programme_id) REFERENCES care.programme (programme_id),
    CONSTRAINT enrolment_status_is_known CHECK (status IN ('waitlisted', 'enrolled', 'completed', 'withdrawn')),
    CONSTRAINT enrolment_is_admitted_before_it_counts CHECK (
        admitted_at IS NOT NULL OR status IN ('waitlisted', 'withdrawn')
    ),
    CONSTRAINT enrolment_is_completed_at_some_time CHECK ((status = 'completed') = (completed_at IS NOT NULL))
);
CREATE INDEX enrolment_waiting_idx ON care.enrolment (programme_id, asked_at) WHERE status = 'waitlisted';
CREATE TRIGGER enrolment_is_touched BEFORE UPDATE ON care.enrolment FOR EACH ROW EXECUTE FUNCTION care.touch();
COMMENT ON TABLE  care.enrolment              IS 'That a patient takes part in a programme, or waits for a seat.';
COMMENT ON COLUMN care.enrolment.enrolment_id IS 'Key.';
COMMENT ON COLUMN care.enrolment.patient_id   IS 'Who.';
COMMENT ON COLUMN care.enrolment.programme_id IS 'In which programme.';
COMMENT ON COLUMN care.enrolment.asked_at     IS 'When it was asked for: who waits longest is admitted first.';
COMMENT ON COLUMN care.enrolment.admitted_at  IS 'When a seat was first given; null for who never had one.';
COMMENT ON COLUMN care.enrolment.completed_at IS 'When the programme was completed; null before.';
COMMENT ON COLUMN care.enrolment.created_at   IS 'When the row was made.';
COMMENT ON COLUMN care.enrolment.updated_at   IS 'When it was last changed.';
COMMENT ON COLUMN care.enrolment.version      IS 'Raised by each change.';
COMMENT ON COLUMN care.enrolment.admitted     IS 'True once a seat was given: part of the key that attendance needs.';
COMMENT ON COLUMN care.enrolment.status       IS 'waitlisted, enrolled, completed or withdrawn.';
COMMENT ON COLUMN care.enrolment.updated_by   IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT enrolment_pkey ON care.enrolment IS 'This enrolment is known already.';
COMMENT ON CONSTRAINT enrolment_id_with_patient_is_unique ON care.enrolment IS 'This enrolment is known already.';
COMMENT ON CONSTRAINT enrolment_id_with_admission_is_unique ON care.enrolment IS 'This enrolment is known already.';
COMMENT ON CONSTRAINT enrolment_of_a_patient_is_one ON care.enrolment IS 'The patient is enrolled in this programme or waits for it already.';
COMMENT ON CONSTRAINT enrolment_patient_fkey ON care.enrolment IS 'Register the patient first.';
COMMENT ON CONSTRAINT enrolment_programme_fkey ON care.enrolment IS 'Add the programme first.';
COMMENT ON CONSTRAINT enrolment_status_is_known ON care.enrolment IS 'Choose waitlisted, enrolled, completed or withdrawn.';
COMMENT ON CONSTRAINT enrolment_is_admitted_before_it_counts ON care.enrolment IS 'Who takes part has been admitted.';
COMMENT ON CONSTRAINT enrolment_is_completed_at_some_time ON care.enrolment IS 'A completed enrolment has its time, and no other has one.';

CREATE TABLE care.attendance (
    attendance_id        uuid        NOT NULL DEFAULT gen_random_uuid(),
    patient_id           uuid        NOT NULL,
    programme_id         uuid        NOT NULL,
    enrolment_id         uuid        NOT NULL,
    programme_session_id uuid        NOT NULL,
    attended_at          timestamptz NOT NULL DEFAULT now(),
    created_at           timestamptz NOT NULL DEFAULT now(),
    updated_at           timestamptz NOT NULL DEFAULT now(),
    version              integer     NOT NULL DEFAULT 1,
    admitted             boolean     GENERATED ALWAYS AS (true) STORED,
    updated_by           text        NOT NULL DEFAULT session_user,

    CONSTRAINT attendance_pkey PRIMARY KEY (attendance_id),
    CONSTRAINT attendance_is_once_a_session UNIQUE (enrolment_id, programme_session_id),
    CONSTRAINT attendance_enrolment_is_admitted_fkey FOREIGN KEY (patient_id, programme_id, enrolment_id, admitted)
        REFERENCES care.enrolment (patient_id, programme_id, enrolment_id, admitted),
    CONSTRAINT attendance_session_fkey FOREIGN KEY (programme_id, programme_session_id)
        REFERENCES care.programme_session (programme_id, programme_session_id)
);
CREATE INDEX attendance_patient_idx ON care.attendance (patient_id);
CREATE INDEX attendance_session_idx ON care.attendance (programme_session_id);
CREATE TRIGGER attendance_is_touched BEFORE UPDATE ON care.attendance FOR EACH ROW EXECUTE FUNCTION care.touch();
COMMENT ON TABLE  care.attendance                      IS 'That a participant was at a session.';
COMMENT ON COLUMN care.attendance.attendance_id        IS 'Key.';
COMMENT ON COLUMN care.attendance.patient_id           IS 'Who.';
COMMENT ON COLUMN care.attendance.programme_id         IS 'Of which programme.';
COMMENT ON COLUMN care.attendance.enrolment_id         IS 'By which enrolment.';
COMMENT ON COLUMN care.attendance.programme_session_id IS 'At which session.';
COMMENT ON COLUMN care.attendance.attended_at          IS 'When it was noted at the door.';
COMMENT ON COLUMN care.attendance.created_at           IS 'When the row was made.';
COMMENT ON COLUMN care.attendance.updated_at           IS 'When it was last changed.';
COMMENT ON COLUMN care.attendance.version              IS 'Raised by each change.';
COMMENT ON COLUMN care.attendance.admitted             IS 'Always true: part of the key to an enrolment that was admitted.';
COMMENT ON COLUMN care.attendance.updated_by           IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT attendance_pkey ON care.attendance IS 'This attendance is known already.';
COMMENT ON CONSTRAINT attendance_is_once_a_session ON care.attendance IS 'The participant is noted at this session already.';
COMMENT ON CONSTRAINT attendance_enrolment_is_admitted_fkey ON care.attendance IS 'Only who has a seat in this programme attends its sessions.';
COMMENT ON CONSTRAINT attendance_session_fkey ON care.attendance IS 'Choose a session of this programme.';

CREATE FUNCTION care.programmes_run() RETURNS uuid[]
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(array_agg(programme_id), '{}') FROM care.programme
    WHERE provider_id = care.acting_provider()
       OR (facility_id = ANY (access.own_facilities()) AND access.part() = 'front_desk')
$$;
COMMENT ON FUNCTION care.programmes_run() IS 'Programmes that the acting provider leads, or that the acting front desk''s facility runs.';

CALL access.guard('care.programme', 'directory');
CALL access.guard('care.programme_session', 'directory');
-- Who takes part is written by the functions of the next migrations alone: they count seats and rules over rows
-- that the caller may not see.
CALL access.guard('care.enrolment', 'internal');
CALL access.guard('care.attendance', 'internal');
GRANT SELECT ON care.enrolment, care.attendance TO healthtrack_portal;
CREATE POLICY own ON care.enrolment FOR SELECT TO healthtrack_portal
    USING (patient_id = ANY ((SELECT access.own_patients())::uuid[]));
CREATE POLICY care ON care.enrolment FOR SELECT TO healthtrack_portal
    USING (patient_id = ANY ((SELECT access.patients_in_care())::uuid[]));
CREATE POLICY staff ON care.enrolment FOR SELECT TO healthtrack_portal
    USING (programme_id = ANY ((SELECT care.programmes_run())::uuid[]));
CREATE POLICY own ON care.attendance FOR SELECT TO healthtrack_portal
    USING (patient_id = ANY ((SELECT access.own_patients())::uuid[]));
CREATE POLICY care ON care.attendance FOR SELECT TO healthtrack_portal
    USING (patient_id = ANY ((SELECT access.patients_in_care())::uuid[]));
CREATE POLICY staff ON care.attendance FOR SELECT TO healthtrack_portal
    USING (programme_id = ANY ((SELECT care.programmes_run())::uuid[]));
