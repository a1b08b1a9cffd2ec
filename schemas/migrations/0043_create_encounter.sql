-- Visits and stays: what happened, where an appointment says what was meant to happen.
--
-- A patient lies in one bed: inpatient stays never overlap, so a stay that is open keeps out any later one, and a
-- transfer ends one and begins the next at the same moment. How a stay ended is said when it ends, since that decides
-- whether a later stay is a readmission. New table; the foreign keys lock their targets for an instant. Undo: drop it.
CREATE TABLE care.encounter (
    encounter_id          uuid        NOT NULL DEFAULT gen_random_uuid(),
    patient_id            uuid        NOT NULL,
    facility_id           uuid        NOT NULL,
    attending_provider_id uuid        NOT NULL,
    appointment_id        uuid,
    created_at            timestamptz NOT NULL DEFAULT now(),
    updated_at            timestamptz NOT NULL DEFAULT now(),
    version               integer     NOT NULL DEFAULT 1,
    planned               boolean     NOT NULL DEFAULT false,
    during                tstzrange   NOT NULL,
    class                 text        NOT NULL,
    admission_type        text,
    service_line          text,
    principal_code        text,
    discharge_disposition text,
    reason                text,
    updated_by            text        NOT NULL DEFAULT session_user,

    CONSTRAINT encounter_pkey PRIMARY KEY (encounter_id),
    CONSTRAINT encounter_id_with_patient_is_unique UNIQUE (patient_id, encounter_id),
    CONSTRAINT encounter_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT encounter_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility (facility_id),
    CONSTRAINT encounter_attending_fkey
        FOREIGN KEY (attending_provider_id) REFERENCES care.provider (provider_id),
    CONSTRAINT encounter_appointment_fkey
        FOREIGN KEY (patient_id, appointment_id) REFERENCES care.appointment (patient_id, appointment_id),
    CONSTRAINT encounter_appointment_is_met_once UNIQUE (appointment_id),
    CONSTRAINT encounter_class_is_known CHECK (class IN ('ambulatory', 'inpatient', 'emergency', 'virtual', 'home')),
    CONSTRAINT encounter_period_is_half_open CHECK (
        NOT isempty(during) AND lower(during) IS NOT NULL AND lower_inc(during) AND NOT upper_inc(during)
    ),
    CONSTRAINT encounter_visit_ends_within_three_days CHECK (
        class = 'inpatient' OR upper(during) <= lower(during) + INTERVAL '72 hours'
    ),
    CONSTRAINT encounter_admission_type_is_known CHECK (
        admission_type IN ('emergency', 'urgent', 'elective', 'newborn', 'trauma')
    ),
    CONSTRAINT encounter_service_line_is_known CHECK (
        service_line IN ('medical', 'surgical', 'obstetric', 'newborn', 'psychiatric', 'rehabilitation',
        'oncology')
    ),
    CONSTRAINT encounter_is_admitted_as_inpatient CHECK (
        (class = 'inpatient') = (admission_type IS NOT NULL) AND (class = 'inpatient') = (service_line IS
        NOT NULL)
    ),
    CONSTRAINT encounter_planned_is_no_emergency CHECK (
        NOT planned OR (class = 'inpatient' AND admission_type NOT IN ('emergency', 'trauma'))
    ),
    CONSTRAINT encounter_disposition_is_known CHECK (
        discharge_disposition IN ('home', 'home_health', 'skilled_nursing', 'rehabilitation', 'hospice',
        'transfer', 'against_advice', 'died')
    ),
    CONSTRAINT encounter_disposition_is_given_at_discharge CHECK (
        (discharge_disposition IS NOT NULL) = (class = 'inpatient' AND upper(during) IS NOT NULL)
    ),
    CONSTRAINT encounter_principal_code_is_icd10 CHECK (care.code_fits('icd10', principal_code)),
    CONSTRAINT encounter_inpatient_is_in_one_bed
        EXCLUDE USING gist (patient_id WITH =, during WITH &&) WHERE (class = 'inpatient')
);
CREATE INDEX encounter_patient_idx ON care.encounter (patient_id, lower(during));
CREATE INDEX encounter_facility_idx ON care.encounter (facility_id, lower(during));
CREATE INDEX encounter_attending_idx ON care.encounter (attending_provider_id, lower(during));
CREATE TRIGGER encounter_is_stamped BEFORE INSERT OR UPDATE ON care.encounter
    FOR EACH ROW EXECUTE FUNCTION care.stamp();
CREATE TRIGGER encounter_is_touched BEFORE UPDATE ON care.encounter FOR EACH ROW EXECUTE FUNCTION care.touch();
CREATE TRIGGER encounter_keeps_former_versions AFTER UPDATE ON care.encounter
    FOR EACH ROW EXECUTE FUNCTION care.keep_former_version();
COMMENT ON TABLE  care.encounter                       IS 'A visit or stay as it happened.';
COMMENT ON COLUMN care.encounter.encounter_id          IS 'Key.';
COMMENT ON COLUMN care.encounter.patient_id            IS 'Whose.';
COMMENT ON COLUMN care.encounter.facility_id           IS 'Where; for a virtual visit the facility that answers for it.';
COMMENT ON COLUMN care.encounter.attending_provider_id IS 'Who answers for the care.';
COMMENT ON COLUMN care.encounter.appointment_id        IS 'The appointment that it came of; null for who came without one.';
COMMENT ON COLUMN care.encounter.created_at            IS 'When the row was made.';
COMMENT ON COLUMN care.encounter.updated_at            IS 'When it was last changed.';
COMMENT ON COLUMN care.encounter.version               IS 'Raised by each change.';
COMMENT ON COLUMN care.encounter.planned               IS 'True where the admission was arranged beforehand.';
COMMENT ON COLUMN care.encounter.during                IS 'Half-open period; no upper bound while it goes on.';
COMMENT ON COLUMN care.encounter.class                 IS 'ambulatory, inpatient, emergency, virtual or home.';
COMMENT ON COLUMN care.encounter.admission_type        IS 'emergency, urgent, elective, newborn or trauma; null unless inpatient.';
COMMENT ON COLUMN care.encounter.service_line          IS 'medical, surgical, obstetric, newborn, psychiatric, rehabilitation or oncology; null unless inpatient.';
COMMENT ON COLUMN care.encounter.principal_code        IS 'Main diagnosis by ICD-10; null until it is known.';
COMMENT ON COLUMN care.encounter.discharge_disposition IS 'home, home_health, skilled_nursing, rehabilitation, hospice, transfer (to another hospital), against_advice or died; null unless an inpatient stay is over.';
COMMENT ON COLUMN care.encounter.reason                IS 'Why the patient came; null where nothing was said.';
COMMENT ON COLUMN care.encounter.updated_by            IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT encounter_pkey ON care.encounter IS 'This encounter is known already.';
COMMENT ON CONSTRAINT encounter_id_with_patient_is_unique ON care.encounter IS 'This encounter is known already.';
COMMENT ON CONSTRAINT encounter_patient_fkey ON care.encounter IS 'Register the patient first.';
COMMENT ON CONSTRAINT encounter_facility_fkey ON care.encounter IS 'Choose one of the network''s facilities.';
COMMENT ON CONSTRAINT encounter_attending_fkey ON care.encounter IS 'Choose one of the network''s providers.';
COMMENT ON CONSTRAINT encounter_appointment_fkey ON care.encounter IS 'Choose an appointment of this patient.';
COMMENT ON CONSTRAINT encounter_appointment_is_met_once ON care.encounter IS 'This appointment has its visit already.';
COMMENT ON CONSTRAINT encounter_class_is_known ON care.encounter IS 'Choose ambulatory, inpatient, emergency, virtual or home.';
COMMENT ON CONSTRAINT encounter_period_is_half_open ON care.encounter IS 'A visit has a beginning, and ends after it.';
COMMENT ON CONSTRAINT encounter_visit_ends_within_three_days ON care.encounter IS 'Only an inpatient stay lasts longer than three days.';
COMMENT ON CONSTRAINT encounter_admission_type_is_known ON care.encounter IS 'Choose emergency, urgent, elective, newborn or trauma.';
COMMENT ON CONSTRAINT encounter_service_line_is_known ON care.encounter IS 'Choose the service that the patient lies in.';
COMMENT ON CONSTRAINT encounter_is_admitted_as_inpatient ON care.encounter IS 'An inpatient stay has a type of admission and a service, and no other visit has.';
COMMENT ON CONSTRAINT encounter_planned_is_no_emergency ON care.encounter IS 'Only an admission that is no emergency can be planned.';
COMMENT ON CONSTRAINT encounter_disposition_is_known ON care.encounter IS 'Choose where the patient went.';
COMMENT ON CONSTRAINT encounter_disposition_is_given_at_discharge ON care.encounter IS 'Say where the patient went when a stay ends, and not before.';
COMMENT ON CONSTRAINT encounter_principal_code_is_icd10 ON care.encounter IS 'This is no code of ICD-10.';
COMMENT ON CONSTRAINT encounter_inpatient_is_in_one_bed ON care.encounter IS 'The patient is an inpatient at that time already: discharge first.';
CALL access.guard('care.encounter', 'chart');
