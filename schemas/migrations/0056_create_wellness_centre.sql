-- Wellness centres: who works there, what they offer, and who comes.
--
-- A centre is a facility of that category, and the key with `category` in it keeps that: no staff of a centre can be
-- assigned to a hospital, and a facility with staff of a centre cannot become one. A visit is a period at one place, so
-- a person is in one centre at a time. New tables; foreign keys lock their targets for an instant. Undo: drop them.
CREATE TABLE care.staff_assignment (
    staff_assignment_id uuid        NOT NULL DEFAULT gen_random_uuid(),
    facility_id         uuid        NOT NULL,
    provider_id         uuid,
    created_at          timestamptz NOT NULL DEFAULT now(),
    updated_at          timestamptz NOT NULL DEFAULT now(),
    version             integer     NOT NULL DEFAULT 1,
    assigned_during     daterange   NOT NULL,
    category            text        GENERATED ALWAYS AS ('wellness_center') STORED,
    role                text        NOT NULL,
    staff_name          text,
    updated_by          text        NOT NULL DEFAULT session_user,

    CONSTRAINT staff_assignment_pkey PRIMARY KEY (staff_assignment_id),
    CONSTRAINT staff_assignment_centre_fkey FOREIGN KEY (facility_id, category)
        REFERENCES care.facility (facility_id, category),
    CONSTRAINT staff_assignment_provider_fkey FOREIGN KEY (provider_id) REFERENCES care.provider (provider_id),
    CONSTRAINT staff_assignment_is_of_one_person CHECK (num_nonnulls(provider_id, staff_name) = 1 AND staff_name ~ '\S'),
    CONSTRAINT staff_assignment_role_is_snake_case CHECK (role ~ '^[a-z][a-z0-9_]{1,40}$'),
    CONSTRAINT staff_assignment_period_is_half_open CHECK (
        NOT isempty(assigned_during) AND lower_inc(assigned_during) AND NOT upper_inc(assigned_during)
    ),
    CONSTRAINT staff_assignment_of_a_provider_is_not_repeated EXCLUDE USING gist (
        facility_id WITH =, provider_id WITH =, role WITH =, assigned_during WITH &&
    ),
    CONSTRAINT staff_assignment_of_a_name_is_not_repeated EXCLUDE USING gist (
        facility_id WITH =, staff_name WITH =, role WITH =, assigned_during WITH &&
    )
);
CREATE INDEX staff_assignment_provider_idx ON care.staff_assignment (provider_id);
CREATE TRIGGER staff_assignment_is_touched BEFORE UPDATE ON care.staff_assignment
    FOR EACH ROW EXECUTE FUNCTION care.touch();
COMMENT ON TABLE  care.staff_assignment                     IS 'Who works at a wellness centre, as what and when.';
COMMENT ON COLUMN care.staff_assignment.staff_assignment_id IS 'Key.';
COMMENT ON COLUMN care.staff_assignment.facility_id         IS 'Which centre.';
COMMENT ON COLUMN care.staff_assignment.provider_id         IS 'Provider of the network; null for anybody else.';
COMMENT ON COLUMN care.staff_assignment.created_at          IS 'When the row was made.';
COMMENT ON COLUMN care.staff_assignment.updated_at          IS 'When it was last changed.';
COMMENT ON COLUMN care.staff_assignment.version             IS 'Raised by each change.';
COMMENT ON COLUMN care.staff_assignment.assigned_during     IS 'Half-open period of days; no upper bound while it goes on.';
COMMENT ON COLUMN care.staff_assignment.category            IS 'Always wellness_center: part of the key to a facility of that category.';
COMMENT ON COLUMN care.staff_assignment.role                IS 'As what: trainer, dietitian, massage_therapist …';
COMMENT ON COLUMN care.staff_assignment.staff_name          IS 'Name of who is no provider; null for a provider.';
COMMENT ON COLUMN care.staff_assignment.updated_by          IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT staff_assignment_pkey ON care.staff_assignment IS 'This assignment is known already.';
COMMENT ON CONSTRAINT staff_assignment_centre_fkey ON care.staff_assignment IS 'Choose a facility that is a wellness centre.';
COMMENT ON CONSTRAINT staff_assignment_provider_fkey ON care.staff_assignment IS 'Choose one of the network''s providers.';
COMMENT ON CONSTRAINT staff_assignment_is_of_one_person ON care.staff_assignment IS 'Name a provider or somebody else, one of the two.';
COMMENT ON CONSTRAINT staff_assignment_role_is_snake_case ON care.staff_assignment IS 'Name the role by small letters, digits and underscores.';
COMMENT ON CONSTRAINT staff_assignment_period_is_half_open ON care.staff_assignment IS 'An assignment has a first day, and ends after it.';
COMMENT ON CONSTRAINT staff_assignment_of_a_provider_is_not_repeated ON care.staff_assignment IS 'The provider works there as that at that time already.';
COMMENT ON CONSTRAINT staff_assignment_of_a_name_is_not_repeated ON care.staff_assignment IS 'That person works there as that at that time already.';

CREATE TABLE care.centre_service (
    centre_service_id uuid        NOT NULL DEFAULT gen_random_uuid(),
    facility_id       uuid        NOT NULL,
    created_at        timestamptz NOT NULL DEFAULT now(),
    updated_at        timestamptz NOT NULL DEFAULT now(),
    withdrawn_on      date,
    duration_minutes  integer     NOT NULL,
    capacity          integer     NOT NULL DEFAULT 1,
    version           integer     NOT NULL DEFAULT 1,
    category          text        GENERATED ALWAYS AS ('wellness_center') STORED,
    name              text        NOT NULL,
    description       text,
    updated_by        text        NOT NULL DEFAULT session_user,

    CONSTRAINT centre_service_pkey PRIMARY KEY (centre_service_id),
    CONSTRAINT centre_service_id_with_centre_is_unique UNIQUE (facility_id, centre_service_id),
    CONSTRAINT centre_service_name_is_unique_in_its_centre UNIQUE (facility_id, name),
    CONSTRAINT centre_service_centre_fkey FOREIGN KEY (facility_id, category)
        REFERENCES care.facility (facility_id, category),
    CONSTRAINT centre_service_name_is_some CHECK (name ~ '\S' AND length(name) <= 200),
    CONSTRAINT centre_service_duration_is_believable CHECK (duration_minutes BETWEEN 5 AND 1440),
    CONSTRAINT centre_service_capacity_is_believable CHECK (capacity BETWEEN 1 AND 1000)
);
CREATE TRIGGER centre_service_is_touched BEFORE UPDATE ON care.centre_service
    FOR EACH ROW EXECUTE FUNCTION care.touch();
COMMENT ON TABLE  care.centre_service                   IS 'What a wellness centre offers.';
COMMENT ON COLUMN care.centre_service.centre_service_id IS 'Key.';
COMMENT ON COLUMN care.centre_service.facility_id       IS 'Which centre.';
COMMENT ON COLUMN care.centre_service.created_at        IS 'When the row was made.';
COMMENT ON COLUMN care.centre_service.updated_at        IS 'When it was last changed.';
COMMENT ON COLUMN care.centre_service.withdrawn_on      IS 'First day on which it is offered no more; null while it is.';
COMMENT ON COLUMN care.centre_service.duration_minutes  IS 'How long it takes.';
COMMENT ON COLUMN care.centre_service.capacity          IS 'How many can take it at once.';
COMMENT ON COLUMN care.centre_service.version           IS 'Raised by each change.';
COMMENT ON COLUMN care.centre_service.category          IS 'Always wellness_center: part of the key to a facility of that category.';
COMMENT ON COLUMN care.centre_service.name              IS 'Name, unique in its centre.';
COMMENT ON COLUMN care.centre_service.description       IS 'What it is; null where the name says it.';
COMMENT ON COLUMN care.centre_service.updated_by        IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT centre_service_pkey ON care.centre_service IS 'This service is known already.';
COMMENT ON CONSTRAINT centre_service_id_with_centre_is_unique ON care.centre_service IS 'This service is known already.';
COMMENT ON CONSTRAINT centre_service_name_is_unique_in_its_centre ON care.centre_service IS 'This centre offers a service of that name already.';
COMMENT ON CONSTRAINT centre_service_centre_fkey ON care.centre_service IS 'Choose a facility that is a wellness centre.';
COMMENT ON CONSTRAINT centre_service_name_is_some ON care.centre_service IS 'Give the service a name of 200 letters at most.';
COMMENT ON CONSTRAINT centre_service_duration_is_believable ON care.centre_service IS 'Give the duration as 5 to 1440 minutes.';
COMMENT ON CONSTRAINT centre_service_capacity_is_believable ON care.centre_service IS 'Give room for 1 to 1000 people.';

CREATE TABLE care.centre_visit (
    centre_visit_id   uuid        NOT NULL DEFAULT gen_random_uuid(),
    patient_id        uuid        NOT NULL,
    facility_id       uuid        NOT NULL,
    centre_service_id uuid,
    created_at        timestamptz NOT NULL DEFAULT now(),
    updated_at        timestamptz NOT NULL DEFAULT now(),
    version           integer     NOT NULL DEFAULT 1,
    present_during    tstzrange   NOT NULL,
    category          text        GENERATED ALWAYS AS ('wellness_center') STORED,
    updated_by        text        NOT NULL DEFAULT session_user,

    CONSTRAINT centre_visit_pkey PRIMARY KEY (centre_visit_id),
    CONSTRAINT centre_visit_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT centre_visit_centre_fkey FOREIGN KEY (facility_id, category)
        REFERENCES care.facility (facility_id, category),
    CONSTRAINT centre_visit_service_fkey FOREIGN KEY (facility_id, centre_service_id)
        REFERENCES care.centre_service (facility_id, centre_service_id),
    CONSTRAINT centre_visit_period_is_half_open CHECK (
        NOT isempty(present_during) AND lower_inc(present_during) AND NOT upper_inc(present_during)
        AND (upper_inf(present_during) OR upper(present_during) <= lower(present_during) + INTERVAL '24 hours')
    ),
    CONSTRAINT centre_visit_is_at_one_place EXCLUDE USING gist (patient_id WITH =, present_during WITH &&)
);
CREATE INDEX centre_visit_patient_idx ON care.centre_visit (patient_id);
CREATE INDEX centre_visit_centre_idx ON care.centre_visit (facility_id, lower(present_during));
CREATE TRIGGER centre_visit_is_touched BEFORE UPDATE ON care.centre_visit FOR EACH ROW EXECUTE FUNCTION care.touch();
COMMENT ON TABLE  care.centre_visit                   IS 'That a patient was at a wellness centre.';
COMMENT ON COLUMN care.centre_visit.centre_visit_id   IS 'Key.';
COMMENT ON COLUMN care.centre_visit.patient_id        IS 'Who.';
COMMENT ON COLUMN care.centre_visit.facility_id       IS 'At which centre.';
COMMENT ON COLUMN care.centre_visit.centre_service_id IS 'For which service; null for none in particular.';
COMMENT ON COLUMN care.centre_visit.created_at        IS 'When the row was made.';
COMMENT ON COLUMN care.centre_visit.updated_at        IS 'When it was last changed.';
COMMENT ON COLUMN care.centre_visit.version           IS 'Raised by each change.';
COMMENT ON COLUMN care.centre_visit.present_during    IS 'Half-open period; no upper bound while the patient is there.';
COMMENT ON COLUMN care.centre_visit.category          IS 'Always wellness_center: part of the key to a facility of that category.';
COMMENT ON COLUMN care.centre_visit.updated_by        IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT centre_visit_pkey ON care.centre_visit IS 'This visit is known already.';
COMMENT ON CONSTRAINT centre_visit_patient_fkey ON care.centre_visit IS 'Register the patient first.';
COMMENT ON CONSTRAINT centre_visit_centre_fkey ON care.centre_visit IS 'Choose a facility that is a wellness centre.';
COMMENT ON CONSTRAINT centre_visit_service_fkey ON care.centre_visit IS 'Choose a service of that centre.';
COMMENT ON CONSTRAINT centre_visit_period_is_half_open ON care.centre_visit IS 'A visit has a beginning, and ends after it within a day.';
COMMENT ON CONSTRAINT centre_visit_is_at_one_place ON care.centre_visit IS 'The patient is at a centre at that time already: end that visit first.';

CALL access.guard('care.staff_assignment', 'directory');
CALL access.guard('care.centre_service', 'directory');
-- A visit is noted at the door, not by the one who comes.
CALL access.guard('care.centre_visit', 'internal');
GRANT SELECT, INSERT, UPDATE ON care.centre_visit TO healthtrack_portal;
CREATE POLICY own ON care.centre_visit FOR SELECT TO healthtrack_portal
    USING (patient_id = ANY ((SELECT access.own_patients())::uuid[]));
CREATE POLICY care ON care.centre_visit FOR SELECT TO healthtrack_portal
    USING (patient_id = ANY ((SELECT access.patients_in_care())::uuid[]));
CREATE POLICY desk ON care.centre_visit FOR ALL TO healthtrack_portal
    USING (facility_id = ANY ((SELECT access.own_facilities())::uuid[]) AND (SELECT access.part()) = 'front_desk')
    WITH CHECK (facility_id = ANY ((SELECT access.own_facilities())::uuid[]) AND (SELECT access.part()) = 'front_desk');
