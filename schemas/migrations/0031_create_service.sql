-- What a facility offers beyond its category, and which facilities a patient prefers.
--
-- Services are a list that grows by rows, so that one search finds every facility that has an MRI scanner. Nobody
-- deletes a preference through the portal: it loses its rank. New tables; foreign keys lock their targets for an
-- instant. Undo: drop them.
CREATE TABLE care.service (
    service text NOT NULL,
    title   text NOT NULL,

    CONSTRAINT service_pkey PRIMARY KEY (service),
    CONSTRAINT service_is_snake_case CHECK (service ~ '^[a-z][a-z0-9_]{1,40}$'),
    CONSTRAINT service_title_is_some CHECK (title ~ '\S')
);
COMMENT ON TABLE  care.service         IS 'Special services that facilities may offer.';
COMMENT ON COLUMN care.service.service IS 'Stable word.';
COMMENT ON COLUMN care.service.title   IS 'A few words for a person.';
COMMENT ON CONSTRAINT service_pkey ON care.service IS 'This service is known already.';
COMMENT ON CONSTRAINT service_is_snake_case ON care.service IS 'Name a service by small letters, digits and underscores.';
COMMENT ON CONSTRAINT service_title_is_some ON care.service IS 'Give the service a title.';

INSERT INTO care.service (service, title) VALUES
    ('emergency', 'Emergency department'), ('intensive_care', 'Intensive care'), ('maternity', 'Maternity ward'),
    ('dialysis', 'Dialysis'), ('mri', 'Magnetic resonance imaging'), ('ct', 'Computed tomography'),
    ('x_ray', 'X-ray'), ('ultrasound', 'Ultrasound'), ('laboratory', 'Laboratory'),
    ('blood_draw', 'Drawing of blood'),
    ('vaccination', 'Vaccination'), ('telehealth', 'Visits by video'), ('physiotherapy', 'Physiotherapy'),
    ('sleep_laboratory', 'Sleep laboratory'), ('diabetes_care', 'Diabetes care'), ('cardiac_care', 'Cardiac care'),
    ('mental_health', 'Mental health'), ('nutrition', 'Advice on nutrition'), ('fitness', 'Fitness training'),
    ('yoga', 'Yoga and meditation'), ('night_pharmacy', 'Pharmacy at night'),
    ('home_delivery', 'Delivery of medicines');

CREATE TABLE care.facility_service (
    facility_id uuid        NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    version     integer     NOT NULL DEFAULT 1,
    service     text        NOT NULL,
    detail      text,
    updated_by  text        NOT NULL DEFAULT session_user,

    CONSTRAINT facility_service_pkey PRIMARY KEY (facility_id, service),
    CONSTRAINT facility_service_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility (facility_id),
    CONSTRAINT facility_service_service_fkey FOREIGN KEY (service) REFERENCES care.service (service)
);
CREATE INDEX facility_service_service_idx ON care.facility_service (service, facility_id);
CREATE TRIGGER facility_service_is_touched BEFORE UPDATE ON care.facility_service
    FOR EACH ROW EXECUTE FUNCTION care.touch();
COMMENT ON TABLE  care.facility_service             IS 'Which facility offers which special service.';
COMMENT ON COLUMN care.facility_service.facility_id IS 'The facility.';
COMMENT ON COLUMN care.facility_service.created_at  IS 'When the row was made.';
COMMENT ON COLUMN care.facility_service.updated_at  IS 'When it was last changed.';
COMMENT ON COLUMN care.facility_service.version     IS 'Raised by each change.';
COMMENT ON COLUMN care.facility_service.service     IS 'The service.';
COMMENT ON COLUMN care.facility_service.detail      IS 'A sentence about it; null where nothing is to be said.';
COMMENT ON COLUMN care.facility_service.updated_by  IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT facility_service_pkey ON care.facility_service IS 'The facility offers this service already.';
COMMENT ON CONSTRAINT facility_service_facility_fkey ON care.facility_service IS 'Add the facility first.';
COMMENT ON CONSTRAINT facility_service_service_fkey ON care.facility_service IS 'Choose one of the known services.';

CREATE TABLE care.preferred_facility (
    patient_id  uuid        NOT NULL,
    facility_id uuid        NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    version     integer     NOT NULL DEFAULT 1,
    rank        smallint,
    updated_by  text        NOT NULL DEFAULT session_user,

    CONSTRAINT preferred_facility_pkey PRIMARY KEY (patient_id, facility_id),
    CONSTRAINT preferred_facility_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT preferred_facility_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility (facility_id),
    CONSTRAINT preferred_facility_rank_is_small CHECK (rank BETWEEN 1 AND 20),
    -- Deferred, so that two may change places in one transaction.
    CONSTRAINT preferred_facility_rank_is_unique UNIQUE (patient_id, rank) DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX preferred_facility_facility_idx ON care.preferred_facility (facility_id);
CREATE TRIGGER preferred_facility_is_touched BEFORE UPDATE ON care.preferred_facility
    FOR EACH ROW EXECUTE FUNCTION care.touch();
COMMENT ON TABLE  care.preferred_facility             IS 'Facilities that a patient prefers, the best first.';
COMMENT ON COLUMN care.preferred_facility.patient_id  IS 'Who prefers.';
COMMENT ON COLUMN care.preferred_facility.facility_id IS 'Which facility.';
COMMENT ON COLUMN care.preferred_facility.created_at  IS 'When the row was made.';
COMMENT ON COLUMN care.preferred_facility.updated_at  IS 'When it was last changed.';
COMMENT ON COLUMN care.preferred_facility.version     IS 'Raised by each change.';
COMMENT ON COLUMN care.preferred_facility.rank        IS 'Place in the patient''s list, 1 first; null where it is preferred no more.';
COMMENT ON COLUMN care.preferred_facility.updated_by  IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT preferred_facility_pkey ON care.preferred_facility IS 'This facility is in the list already.';
COMMENT ON CONSTRAINT preferred_facility_patient_fkey ON care.preferred_facility IS 'Register the patient first.';
COMMENT ON CONSTRAINT preferred_facility_facility_fkey ON care.preferred_facility IS 'Choose one of the network''s facilities.';
COMMENT ON CONSTRAINT preferred_facility_rank_is_small ON care.preferred_facility IS 'Give a place from 1 to 20.';
COMMENT ON CONSTRAINT preferred_facility_rank_is_unique ON care.preferred_facility IS 'Another facility has that place in the list.';

CALL access.guard('care.service', 'directory');
CALL access.guard('care.facility_service', 'directory');
CALL access.guard('care.preferred_facility', 'own_chart');
