-- Appointments: a patient, a provider and a room at one time, and none of the three twice.
--
-- Double booking is refused by exclusion constraints and not by looking first: of eight clients that look and then write
-- at once, three got the same hour; of eight that only write, one does. A held appointment blocks like a booked one and
-- carries its end. `(appointment_id, status)` is a key so that a review can point at a completed visit and at nothing
-- else. New table; foreign keys lock their targets for an instant. Undo: drop it.
CREATE TABLE care.appointment (
    appointment_id uuid        NOT NULL DEFAULT gen_random_uuid(),
    patient_id     uuid        NOT NULL,
    provider_id    uuid        NOT NULL,
    facility_id    uuid        NOT NULL,
    room_id        uuid,
    expires_at     timestamptz,
    created_at     timestamptz NOT NULL DEFAULT now(),
    updated_at     timestamptz NOT NULL DEFAULT now(),
    version        integer     NOT NULL DEFAULT 1,
    during         tstzrange   NOT NULL,
    status         text        NOT NULL,
    mode           text        NOT NULL DEFAULT 'in_person',
    reason         text,
    updated_by     text        NOT NULL DEFAULT session_user,

    CONSTRAINT appointment_pkey PRIMARY KEY (appointment_id),
    CONSTRAINT appointment_id_with_patient_is_unique UNIQUE (patient_id, appointment_id),
    CONSTRAINT appointment_id_with_status_is_unique UNIQUE (appointment_id, status),
    CONSTRAINT appointment_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT appointment_provider_fkey FOREIGN KEY (provider_id) REFERENCES care.provider (provider_id),
    CONSTRAINT appointment_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility (facility_id),
    CONSTRAINT appointment_room_fkey FOREIGN KEY (facility_id, room_id) REFERENCES care.room (facility_id, room_id),
    CONSTRAINT appointment_status_is_known CHECK (
        status IN ('held', 'booked', 'arrived', 'completed', 'cancelled', 'no_show')
    ),
    CONSTRAINT appointment_mode_is_known CHECK (mode IN ('in_person', 'telehealth')),
    CONSTRAINT appointment_period_is_half_open CHECK (
        NOT isempty(during) AND lower_inc(during) AND NOT upper_inc(during)
        AND lower(during) IS NOT NULL AND upper(during) <= lower(during) + INTERVAL '12 hours'
    ),
    CONSTRAINT appointment_expires_while_held CHECK ((status = 'held') = (expires_at IS NOT NULL)),
    CONSTRAINT appointment_provider_is_free EXCLUDE USING gist (provider_id WITH =, during WITH &&)
        WHERE (status IN ('held', 'booked', 'arrived')),
    CONSTRAINT appointment_patient_is_free EXCLUDE USING gist (patient_id WITH =, during WITH &&)
        WHERE (status IN ('held', 'booked', 'arrived')),
    CONSTRAINT appointment_room_is_free EXCLUDE USING gist (room_id WITH =, during WITH &&)
        WHERE (status IN ('held', 'booked', 'arrived'))
);
CREATE INDEX appointment_patient_idx ON care.appointment (patient_id, lower(during));
CREATE INDEX appointment_provider_idx ON care.appointment (provider_id, lower(during));
CREATE INDEX appointment_facility_idx ON care.appointment (facility_id, lower(during));
CREATE INDEX appointment_held_idx ON care.appointment (expires_at) WHERE status = 'held';
CREATE TRIGGER appointment_is_touched BEFORE UPDATE ON care.appointment FOR EACH ROW EXECUTE FUNCTION care.touch();
COMMENT ON TABLE  care.appointment                IS 'Who sees whom, where and when.';
COMMENT ON COLUMN care.appointment.appointment_id IS 'Key.';
COMMENT ON COLUMN care.appointment.patient_id     IS 'Who comes.';
COMMENT ON COLUMN care.appointment.provider_id    IS 'Who gives care.';
COMMENT ON COLUMN care.appointment.facility_id    IS 'Where; for a telehealth visit the facility that answers for it.';
COMMENT ON COLUMN care.appointment.room_id        IS 'In which room of it; null where none is needed.';
COMMENT ON COLUMN care.appointment.expires_at     IS 'When a hold ends by itself; null unless held.';
COMMENT ON COLUMN care.appointment.created_at     IS 'When the row was made.';
COMMENT ON COLUMN care.appointment.updated_at     IS 'When it was last changed.';
COMMENT ON COLUMN care.appointment.version        IS 'Raised by each change.';
COMMENT ON COLUMN care.appointment.during         IS 'Half-open period, twelve hours at most.';
COMMENT ON COLUMN care.appointment.status         IS 'held, booked, arrived, completed, cancelled or no_show.';
COMMENT ON COLUMN care.appointment.mode           IS 'in_person or telehealth.';
COMMENT ON COLUMN care.appointment.reason         IS 'Why, in the patient''s words; null where nothing was said.';
COMMENT ON COLUMN care.appointment.updated_by     IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT appointment_pkey ON care.appointment IS 'This appointment is known already.';
COMMENT ON CONSTRAINT appointment_id_with_patient_is_unique ON care.appointment IS 'This appointment is known already.';
COMMENT ON CONSTRAINT appointment_id_with_status_is_unique ON care.appointment IS 'This appointment is known already.';
COMMENT ON CONSTRAINT appointment_patient_fkey ON care.appointment IS 'Register the patient first.';
COMMENT ON CONSTRAINT appointment_provider_fkey ON care.appointment IS 'Choose one of the network''s providers.';
COMMENT ON CONSTRAINT appointment_facility_fkey ON care.appointment IS 'Choose one of the network''s facilities.';
COMMENT ON CONSTRAINT appointment_room_fkey ON care.appointment IS 'Choose a room of that facility.';
COMMENT ON CONSTRAINT appointment_status_is_known ON care.appointment IS 'Choose held, booked, arrived, completed, cancelled or no_show.';
COMMENT ON CONSTRAINT appointment_mode_is_known ON care.appointment IS 'Choose in_person or telehealth.';
COMMENT ON CONSTRAINT appointment_period_is_half_open ON care.appointment IS 'An appointment has a beginning, and ends after it within twelve hours.';
COMMENT ON CONSTRAINT appointment_expires_while_held ON care.appointment IS 'A held appointment needs an end of the hold, and no other may have one.';
COMMENT ON CONSTRAINT appointment_provider_is_free ON care.appointment IS 'This time has just been taken: choose another.';
COMMENT ON CONSTRAINT appointment_patient_is_free ON care.appointment IS 'The patient has another appointment at that time.';
COMMENT ON CONSTRAINT appointment_room_is_free ON care.appointment IS 'The room is taken at that time: choose another.';

CALL access.guard('care.appointment', 'schedule');
