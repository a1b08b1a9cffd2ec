-- What a patient has and had: conditions, procedures, allergies with their reactions, immunizations.
--
-- The words of status are FHIR's, with its rules: what has abated is over; what was entered in error stays, marked as
-- such. An entry that is active stands once. Nothing here is deleted; former versions go to care.history. New tables;
-- the foreign keys lock their targets for an instant. Undo: drop them.
CREATE TABLE care.condition (
    condition_id        uuid        NOT NULL DEFAULT gen_random_uuid(),
    patient_id          uuid        NOT NULL,
    encounter_id        uuid,
    recorded_by         uuid        NOT NULL,
    created_at          timestamptz NOT NULL DEFAULT now(),
    updated_at          timestamptz NOT NULL DEFAULT now(),
    version             integer     NOT NULL DEFAULT 1,
    onset_on            date,
    abated_on           date,
    code_system         text        NOT NULL,
    code                text        NOT NULL,
    title               text        NOT NULL,
    clinical_status     text        NOT NULL,
    verification_status text        NOT NULL,
    severity            text,
    note                text,
    updated_by          text        NOT NULL DEFAULT session_user,

    CONSTRAINT condition_pkey PRIMARY KEY (condition_id),
    CONSTRAINT condition_id_with_patient_is_unique UNIQUE (patient_id, condition_id),
    CONSTRAINT condition_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT condition_encounter_fkey
        FOREIGN KEY (patient_id, encounter_id) REFERENCES care.encounter (patient_id, encounter_id),
    CONSTRAINT condition_recorder_fkey FOREIGN KEY (recorded_by) REFERENCES care.provider (provider_id),
    CONSTRAINT condition_code_fits_its_system CHECK (
        code_system IN ('icd10', 'snomed') AND care.code_fits(code_system, code)
    ),
    CONSTRAINT condition_title_is_some CHECK (title ~ '\S'),
    CONSTRAINT condition_clinical_status_is_known CHECK (
        clinical_status IN ('active', 'recurrence', 'relapse', 'inactive', 'remission', 'resolved')
    ),
    CONSTRAINT condition_verification_status_is_known CHECK (
        verification_status IN ('unconfirmed', 'provisional', 'differential', 'confirmed', 'refuted',
        'entered_in_error')
    ),
    CONSTRAINT condition_severity_is_known CHECK (severity IN ('mild', 'moderate', 'severe')),
    CONSTRAINT condition_abates_after_onset CHECK (abated_on >= onset_on),
    CONSTRAINT condition_is_over_once_abated CHECK (
        abated_on IS NULL OR clinical_status IN ('inactive', 'remission', 'resolved')
    ),
    CONSTRAINT condition_is_listed_once
        EXCLUDE USING btree (patient_id WITH =, code_system WITH =, code WITH =) WHERE (clinical_status IN
            ('active', 'recurrence', 'relapse') AND verification_status NOT IN ('refuted', 'entered_in_error'))
);
CREATE INDEX condition_patient_idx ON care.condition (patient_id, clinical_status);
CREATE INDEX condition_encounter_idx ON care.condition (patient_id, encounter_id);
CREATE INDEX condition_code_idx ON care.condition (code_system, code);
CREATE TRIGGER condition_is_stamped BEFORE INSERT OR UPDATE ON care.condition
    FOR EACH ROW EXECUTE FUNCTION care.stamp();
CREATE TRIGGER condition_is_touched BEFORE UPDATE ON care.condition FOR EACH ROW EXECUTE FUNCTION care.touch();
CREATE TRIGGER condition_keeps_former_versions AFTER UPDATE ON care.condition
    FOR EACH ROW EXECUTE FUNCTION care.keep_former_version();
COMMENT ON TABLE  care.condition                     IS 'A diagnosis or problem of a patient.';
COMMENT ON COLUMN care.condition.condition_id        IS 'Key.';
COMMENT ON COLUMN care.condition.patient_id          IS 'Whose.';
COMMENT ON COLUMN care.condition.encounter_id        IS 'The visit at which it was found; null where it was brought along.';
COMMENT ON COLUMN care.condition.recorded_by         IS 'Provider who wrote it down.';
COMMENT ON COLUMN care.condition.created_at          IS 'When the row was made.';
COMMENT ON COLUMN care.condition.updated_at          IS 'When it was last changed.';
COMMENT ON COLUMN care.condition.version             IS 'Raised by each change.';
COMMENT ON COLUMN care.condition.onset_on            IS 'When it began; null where that is not known.';
COMMENT ON COLUMN care.condition.abated_on           IS 'When it was over; null while it is not.';
COMMENT ON COLUMN care.condition.code_system         IS 'icd10 or snomed.';
COMMENT ON COLUMN care.condition.code                IS 'Code of that system.';
COMMENT ON COLUMN care.condition.title               IS 'What it is called.';
COMMENT ON COLUMN care.condition.clinical_status     IS 'active, recurrence, relapse, inactive, remission or resolved.';
COMMENT ON COLUMN care.condition.verification_status IS 'unconfirmed, provisional, differential, confirmed, refuted or entered_in_error.';
COMMENT ON COLUMN care.condition.severity            IS 'mild, moderate or severe; null where it was not judged.';
COMMENT ON COLUMN care.condition.note                IS 'More, in words.';
COMMENT ON COLUMN care.condition.updated_by          IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT condition_pkey ON care.condition IS 'This condition is known already.';
COMMENT ON CONSTRAINT condition_id_with_patient_is_unique ON care.condition IS 'This condition is known already.';
COMMENT ON CONSTRAINT condition_patient_fkey ON care.condition IS 'Register the patient first.';
COMMENT ON CONSTRAINT condition_encounter_fkey ON care.condition IS 'Choose a visit of this patient.';
COMMENT ON CONSTRAINT condition_recorder_fkey ON care.condition IS 'Choose one of the network''s providers.';
COMMENT ON CONSTRAINT condition_code_fits_its_system ON care.condition IS 'This is no code of ICD-10 or SNOMED CT.';
COMMENT ON CONSTRAINT condition_title_is_some ON care.condition IS 'Say what it is called.';
COMMENT ON CONSTRAINT condition_clinical_status_is_known ON care.condition IS 'Choose active, recurrence, relapse, inactive, remission or resolved.';
COMMENT ON CONSTRAINT condition_verification_status_is_known ON care.condition IS 'Choose how sure the diagnosis is.';
COMMENT ON CONSTRAINT condition_severity_is_known ON care.condition IS 'Choose mild, moderate or severe.';
COMMENT ON CONSTRAINT condition_abates_after_onset ON care.condition IS 'A condition cannot end before it began.';
COMMENT ON CONSTRAINT condition_is_over_once_abated ON care.condition IS 'A condition that has ended is inactive, in remission or resolved.';
COMMENT ON CONSTRAINT condition_is_listed_once ON care.condition IS 'This stands in the record already: change that entry.';
CALL access.guard('care.condition', 'chart');

CREATE TABLE care.procedure (
    procedure_id     uuid        NOT NULL DEFAULT gen_random_uuid(),
    patient_id       uuid        NOT NULL,
    encounter_id     uuid,
    facility_id      uuid,
    performer_id     uuid,
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now(),
    version          integer     NOT NULL DEFAULT 1,
    performed_during tstzrange,
    kind             text        NOT NULL,
    code             text        NOT NULL,
    title            text        NOT NULL,
    status           text        NOT NULL,
    reason           text,
    outcome          text,
    updated_by       text        NOT NULL DEFAULT session_user,

    CONSTRAINT procedure_pkey PRIMARY KEY (procedure_id),
    CONSTRAINT procedure_id_with_patient_is_unique UNIQUE (patient_id, procedure_id),
    CONSTRAINT procedure_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT procedure_encounter_fkey
        FOREIGN KEY (patient_id, encounter_id) REFERENCES care.encounter (patient_id, encounter_id),
    CONSTRAINT procedure_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility (facility_id),
    CONSTRAINT procedure_performer_fkey FOREIGN KEY (performer_id) REFERENCES care.provider (provider_id),
    CONSTRAINT procedure_kind_is_known CHECK (kind IN ('surgery', 'treatment', 'therapy', 'diagnostic')),
    CONSTRAINT procedure_code_is_snomed CHECK (care.code_fits('snomed', code)),
    CONSTRAINT procedure_title_is_some CHECK (title ~ '\S'),
    CONSTRAINT procedure_status_is_known CHECK (
        status IN ('preparation', 'in_progress', 'completed', 'stopped', 'not_done', 'entered_in_error')
    ),
    CONSTRAINT procedure_period_is_half_open CHECK (
        performed_during IS NULL OR (NOT isempty(performed_during) AND lower(performed_during) IS NOT NULL
        AND lower_inc(performed_during) AND NOT upper_inc(performed_during))
    ),
    CONSTRAINT procedure_has_a_time_once_begun CHECK (
        status NOT IN ('in_progress', 'completed', 'stopped') OR performed_during IS NOT NULL
    ),
    CONSTRAINT procedure_is_over_once_completed CHECK (status <> 'completed' OR upper(performed_during) IS NOT NULL),
    CONSTRAINT procedure_not_done_says_why CHECK (status <> 'not_done' OR coalesce(reason ~ '\S', false))
);
CREATE INDEX procedure_patient_idx ON care.procedure (patient_id, lower(performed_during));
CREATE INDEX procedure_encounter_idx ON care.procedure (patient_id, encounter_id);
CREATE TRIGGER procedure_is_stamped BEFORE INSERT OR UPDATE ON care.procedure
    FOR EACH ROW EXECUTE FUNCTION care.stamp();
CREATE TRIGGER procedure_is_touched BEFORE UPDATE ON care.procedure FOR EACH ROW EXECUTE FUNCTION care.touch();
CREATE TRIGGER procedure_keeps_former_versions AFTER UPDATE ON care.procedure
    FOR EACH ROW EXECUTE FUNCTION care.keep_former_version();
COMMENT ON TABLE  care.procedure                  IS 'A surgery or treatment that was done, or is to be done.';
COMMENT ON COLUMN care.procedure.procedure_id     IS 'Key.';
COMMENT ON COLUMN care.procedure.patient_id       IS 'Whose.';
COMMENT ON COLUMN care.procedure.encounter_id     IS 'The visit at which it was done; null where it was done elsewhere.';
COMMENT ON COLUMN care.procedure.facility_id      IS 'Where; null outside of the network.';
COMMENT ON COLUMN care.procedure.performer_id     IS 'Provider who did it; null outside of the network.';
COMMENT ON COLUMN care.procedure.created_at       IS 'When the row was made.';
COMMENT ON COLUMN care.procedure.updated_at       IS 'When it was last changed.';
COMMENT ON COLUMN care.procedure.version          IS 'Raised by each change.';
COMMENT ON COLUMN care.procedure.performed_during IS 'When; null until it is done, no upper bound while it goes on.';
COMMENT ON COLUMN care.procedure.kind             IS 'surgery, treatment, therapy or diagnostic.';
COMMENT ON COLUMN care.procedure.code             IS 'What, by SNOMED CT.';
COMMENT ON COLUMN care.procedure.title            IS 'What it is called.';
COMMENT ON COLUMN care.procedure.status           IS 'preparation, in_progress, completed, stopped, not_done or entered_in_error.';
COMMENT ON COLUMN care.procedure.reason           IS 'Why it was done, or why not.';
COMMENT ON COLUMN care.procedure.outcome          IS 'How it went, in words.';
COMMENT ON COLUMN care.procedure.updated_by       IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT procedure_pkey ON care.procedure IS 'This procedure is known already.';
COMMENT ON CONSTRAINT procedure_id_with_patient_is_unique ON care.procedure IS 'This procedure is known already.';
COMMENT ON CONSTRAINT procedure_patient_fkey ON care.procedure IS 'Register the patient first.';
COMMENT ON CONSTRAINT procedure_encounter_fkey ON care.procedure IS 'Choose a visit of this patient.';
COMMENT ON CONSTRAINT procedure_facility_fkey ON care.procedure IS 'Choose one of the network''s facilities.';
COMMENT ON CONSTRAINT procedure_performer_fkey ON care.procedure IS 'Choose one of the network''s providers.';
COMMENT ON CONSTRAINT procedure_kind_is_known ON care.procedure IS 'Choose surgery, treatment, therapy or diagnostic.';
COMMENT ON CONSTRAINT procedure_code_is_snomed ON care.procedure IS 'This is no code of SNOMED CT.';
COMMENT ON CONSTRAINT procedure_title_is_some ON care.procedure IS 'Say what it is called.';
COMMENT ON CONSTRAINT procedure_status_is_known ON care.procedure IS 'Choose how far it is.';
COMMENT ON CONSTRAINT procedure_period_is_half_open ON care.procedure IS 'A procedure has a beginning, and ends after it.';
COMMENT ON CONSTRAINT procedure_has_a_time_once_begun ON care.procedure IS 'Say when it was done.';
COMMENT ON CONSTRAINT procedure_is_over_once_completed ON care.procedure IS 'A completed procedure has an end.';
COMMENT ON CONSTRAINT procedure_not_done_says_why ON care.procedure IS 'Say why it was not done.';
CALL access.guard('care.procedure', 'chart');

CREATE TABLE care.allergy (
    allergy_id          uuid        NOT NULL DEFAULT gen_random_uuid(),
    patient_id          uuid        NOT NULL,
    recorded_by         uuid,
    created_at          timestamptz NOT NULL DEFAULT now(),
    updated_at          timestamptz NOT NULL DEFAULT now(),
    version             integer     NOT NULL DEFAULT 1,
    onset_on            date,
    category            text        NOT NULL,
    code_system         text,
    code                text,
    substance           text        NOT NULL,
    criticality         text        NOT NULL,
    clinical_status     text        NOT NULL DEFAULT 'active',
    verification_status text        NOT NULL DEFAULT 'unconfirmed',
    updated_by          text        NOT NULL DEFAULT session_user,

    CONSTRAINT allergy_pkey PRIMARY KEY (allergy_id),
    CONSTRAINT allergy_id_with_patient_is_unique UNIQUE (patient_id, allergy_id),
    CONSTRAINT allergy_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT allergy_recorder_fkey FOREIGN KEY (recorded_by) REFERENCES care.provider (provider_id),
    CONSTRAINT allergy_category_is_known CHECK (category IN ('food', 'medication', 'environment', 'biologic')),
    CONSTRAINT allergy_code_fits_its_system CHECK (
        (code IS NULL) = (code_system IS NULL) AND (code IS NULL OR (code_system IN ('snomed', 'rxnorm') AND
        care.code_fits(code_system, code)))
    ),
    CONSTRAINT allergy_substance_is_some CHECK (substance ~ '\S'),
    CONSTRAINT allergy_criticality_is_known CHECK (criticality IN ('low', 'high', 'unable_to_assess')),
    CONSTRAINT allergy_clinical_status_is_known CHECK (clinical_status IN ('active', 'inactive', 'resolved')),
    CONSTRAINT allergy_verification_status_is_known CHECK (
        verification_status IN ('unconfirmed', 'confirmed', 'refuted', 'entered_in_error')
    ),
    CONSTRAINT allergy_is_listed_once
        EXCLUDE USING gist (patient_id WITH =, lower(substance) WITH =) WHERE (clinical_status = 'active' AND
            verification_status NOT IN ('refuted', 'entered_in_error'))
);
CREATE TRIGGER allergy_is_stamped BEFORE INSERT OR UPDATE ON care.allergy
    FOR EACH ROW EXECUTE FUNCTION care.stamp();
CREATE TRIGGER allergy_is_touched BEFORE UPDATE ON care.allergy FOR EACH ROW EXECUTE FUNCTION care.touch();
CREATE TRIGGER allergy_keeps_former_versions AFTER UPDATE ON care.allergy
    FOR EACH ROW EXECUTE FUNCTION care.keep_former_version();
COMMENT ON TABLE  care.allergy                     IS 'What a patient does not tolerate.';
COMMENT ON COLUMN care.allergy.allergy_id          IS 'Key.';
COMMENT ON COLUMN care.allergy.patient_id          IS 'Whose.';
COMMENT ON COLUMN care.allergy.recorded_by         IS 'Provider who wrote it down; null where the patient said so.';
COMMENT ON COLUMN care.allergy.created_at          IS 'When the row was made.';
COMMENT ON COLUMN care.allergy.updated_at          IS 'When it was last changed.';
COMMENT ON COLUMN care.allergy.version             IS 'Raised by each change.';
COMMENT ON COLUMN care.allergy.onset_on            IS 'When it showed first; null where that is not known.';
COMMENT ON COLUMN care.allergy.category            IS 'food, medication, environment or biologic.';
COMMENT ON COLUMN care.allergy.code_system         IS 'snomed or rxnorm; null where the substance has no code.';
COMMENT ON COLUMN care.allergy.code                IS 'Code of the substance.';
COMMENT ON COLUMN care.allergy.substance           IS 'What, in words.';
COMMENT ON COLUMN care.allergy.criticality         IS 'low, high or unable_to_assess.';
COMMENT ON COLUMN care.allergy.clinical_status     IS 'active, inactive or resolved.';
COMMENT ON COLUMN care.allergy.verification_status IS 'unconfirmed, confirmed, refuted or entered_in_error.';
COMMENT ON COLUMN care.allergy.updated_by          IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT allergy_pkey ON care.allergy IS 'This allergy is known already.';
COMMENT ON CONSTRAINT allergy_id_with_patient_is_unique ON care.allergy IS 'This allergy is known already.';
COMMENT ON CONSTRAINT allergy_patient_fkey ON care.allergy IS 'Register the patient first.';
COMMENT ON CONSTRAINT allergy_recorder_fkey ON care.allergy IS 'Choose one of the network''s providers.';
COMMENT ON CONSTRAINT allergy_category_is_known ON care.allergy IS 'Choose food, medication, environment or biologic.';
COMMENT ON CONSTRAINT allergy_code_fits_its_system ON care.allergy IS 'This is no code of SNOMED CT or RxNorm.';
COMMENT ON CONSTRAINT allergy_substance_is_some ON care.allergy IS 'Say what is not tolerated.';
COMMENT ON CONSTRAINT allergy_criticality_is_known ON care.allergy IS 'Choose low, high or unable_to_assess.';
COMMENT ON CONSTRAINT allergy_clinical_status_is_known ON care.allergy IS 'Choose active, inactive or resolved.';
COMMENT ON CONSTRAINT allergy_verification_status_is_known ON care.allergy IS 'Choose how sure this is.';
COMMENT ON CONSTRAINT allergy_is_listed_once ON care.allergy IS 'This stands in the record already: change that entry.';
CALL access.guard('care.allergy', 'chart');

CREATE TABLE care.allergy_reaction (
    allergy_reaction_id uuid        NOT NULL DEFAULT gen_random_uuid(),
    patient_id          uuid        NOT NULL,
    allergy_id          uuid        NOT NULL,
    created_at          timestamptz NOT NULL DEFAULT now(),
    updated_at          timestamptz NOT NULL DEFAULT now(),
    version             integer     NOT NULL DEFAULT 1,
    happened_on         date,
    code                text        NOT NULL,
    manifestation       text        NOT NULL,
    severity            text        NOT NULL,
    updated_by          text        NOT NULL DEFAULT session_user,

    CONSTRAINT allergy_reaction_pkey PRIMARY KEY (allergy_reaction_id),
    CONSTRAINT allergy_reaction_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT allergy_reaction_allergy_fkey
        FOREIGN KEY (patient_id, allergy_id) REFERENCES care.allergy (patient_id, allergy_id),
    CONSTRAINT allergy_reaction_code_is_snomed CHECK (care.code_fits('snomed', code)),
    CONSTRAINT allergy_reaction_manifestation_is_some CHECK (manifestation ~ '\S'),
    CONSTRAINT allergy_reaction_severity_is_known CHECK (severity IN ('mild', 'moderate', 'severe'))
);
CREATE INDEX allergy_reaction_allergy_idx ON care.allergy_reaction (patient_id, allergy_id);
CREATE TRIGGER allergy_reaction_is_stamped BEFORE INSERT OR UPDATE ON care.allergy_reaction
    FOR EACH ROW EXECUTE FUNCTION care.stamp();
CREATE TRIGGER allergy_reaction_is_touched BEFORE UPDATE ON care.allergy_reaction
    FOR EACH ROW EXECUTE FUNCTION care.touch();
CREATE TRIGGER allergy_reaction_keeps_former_versions AFTER UPDATE ON care.allergy_reaction
    FOR EACH ROW EXECUTE FUNCTION care.keep_former_version();
COMMENT ON TABLE  care.allergy_reaction                     IS 'What happened when a patient met a substance.';
COMMENT ON COLUMN care.allergy_reaction.allergy_reaction_id IS 'Key.';
COMMENT ON COLUMN care.allergy_reaction.patient_id          IS 'Whose.';
COMMENT ON COLUMN care.allergy_reaction.allergy_id          IS 'To what.';
COMMENT ON COLUMN care.allergy_reaction.created_at          IS 'When the row was made.';
COMMENT ON COLUMN care.allergy_reaction.updated_at          IS 'When it was last changed.';
COMMENT ON COLUMN care.allergy_reaction.version             IS 'Raised by each change.';
COMMENT ON COLUMN care.allergy_reaction.happened_on         IS 'When; null where that is not known.';
COMMENT ON COLUMN care.allergy_reaction.code                IS 'What showed, by SNOMED CT: 247472004 is a weal.';
COMMENT ON COLUMN care.allergy_reaction.manifestation       IS 'The same in words.';
COMMENT ON COLUMN care.allergy_reaction.severity            IS 'mild, moderate or severe.';
COMMENT ON COLUMN care.allergy_reaction.updated_by          IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT allergy_reaction_pkey ON care.allergy_reaction IS 'This allergy reaction is known already.';
COMMENT ON CONSTRAINT allergy_reaction_patient_fkey ON care.allergy_reaction IS 'Register the patient first.';
COMMENT ON CONSTRAINT allergy_reaction_allergy_fkey ON care.allergy_reaction IS 'Choose an allergy of this patient.';
COMMENT ON CONSTRAINT allergy_reaction_code_is_snomed ON care.allergy_reaction IS 'This is no code of SNOMED CT.';
COMMENT ON CONSTRAINT allergy_reaction_manifestation_is_some ON care.allergy_reaction IS 'Say what showed.';
COMMENT ON CONSTRAINT allergy_reaction_severity_is_known ON care.allergy_reaction IS 'Choose mild, moderate or severe.';
CALL access.guard('care.allergy_reaction', 'chart');

CREATE TABLE care.immunization (
    immunization_id uuid        NOT NULL DEFAULT gen_random_uuid(),
    patient_id      uuid        NOT NULL,
    performer_id    uuid,
    facility_id     uuid,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    version         integer     NOT NULL DEFAULT 1,
    given_on        date        NOT NULL,
    expires_on      date,
    dose_number     smallint,
    cvx             text        NOT NULL,
    title           text        NOT NULL,
    status          text        NOT NULL DEFAULT 'completed',
    lot_number      text,
    site            text,
    reason          text,
    updated_by      text        NOT NULL DEFAULT session_user,

    CONSTRAINT immunization_pkey PRIMARY KEY (immunization_id),
    CONSTRAINT immunization_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT immunization_performer_fkey FOREIGN KEY (performer_id) REFERENCES care.provider (provider_id),
    CONSTRAINT immunization_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility (facility_id),
    CONSTRAINT immunization_code_is_cvx CHECK (care.code_fits('cvx', cvx)),
    CONSTRAINT immunization_title_is_some CHECK (title ~ '\S'),
    CONSTRAINT immunization_status_is_known CHECK (status IN ('completed', 'not_done', 'entered_in_error')),
    CONSTRAINT immunization_dose_number_is_small CHECK (dose_number BETWEEN 1 AND 20),
    CONSTRAINT immunization_lot_is_fresh CHECK (status <> 'completed' OR given_on <= expires_on),
    CONSTRAINT immunization_not_done_says_why CHECK (status <> 'not_done' OR coalesce(reason ~ '\S', false)),
    CONSTRAINT immunization_is_given_once_a_day
        EXCLUDE USING btree (patient_id WITH =, cvx WITH =, given_on WITH =) WHERE (status = 'completed')
);
CREATE TRIGGER immunization_is_stamped BEFORE INSERT OR UPDATE ON care.immunization
    FOR EACH ROW EXECUTE FUNCTION care.stamp();
CREATE TRIGGER immunization_is_touched BEFORE UPDATE ON care.immunization FOR EACH ROW EXECUTE FUNCTION care.touch();
CREATE TRIGGER immunization_keeps_former_versions AFTER UPDATE ON care.immunization
    FOR EACH ROW EXECUTE FUNCTION care.keep_former_version();
COMMENT ON TABLE  care.immunization                 IS 'A vaccine that a patient was given, or refused.';
COMMENT ON COLUMN care.immunization.immunization_id IS 'Key.';
COMMENT ON COLUMN care.immunization.patient_id      IS 'Whose.';
COMMENT ON COLUMN care.immunization.performer_id    IS 'Provider who gave it; null outside of the network.';
COMMENT ON COLUMN care.immunization.facility_id     IS 'Where; null outside of the network.';
COMMENT ON COLUMN care.immunization.created_at      IS 'When the row was made.';
COMMENT ON COLUMN care.immunization.updated_at      IS 'When it was last changed.';
COMMENT ON COLUMN care.immunization.version         IS 'Raised by each change.';
COMMENT ON COLUMN care.immunization.given_on        IS 'When.';
COMMENT ON COLUMN care.immunization.expires_on      IS 'End of the lot''s life; null where that is not known.';
COMMENT ON COLUMN care.immunization.dose_number     IS 'Which of a series; null for a single one.';
COMMENT ON COLUMN care.immunization.cvx             IS 'Vaccine by the CDC''s code: 140 is influenza, seasonal, injectable.';
COMMENT ON COLUMN care.immunization.title           IS 'What it is called.';
COMMENT ON COLUMN care.immunization.status          IS 'completed, not_done or entered_in_error.';
COMMENT ON COLUMN care.immunization.lot_number      IS 'Lot; null where it is not known.';
COMMENT ON COLUMN care.immunization.site            IS 'Where on the body; null where it was not noted.';
COMMENT ON COLUMN care.immunization.reason          IS 'Why it was not done.';
COMMENT ON COLUMN care.immunization.updated_by      IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT immunization_pkey ON care.immunization IS 'This immunization is known already.';
COMMENT ON CONSTRAINT immunization_patient_fkey ON care.immunization IS 'Register the patient first.';
COMMENT ON CONSTRAINT immunization_performer_fkey ON care.immunization IS 'Choose one of the network''s providers.';
COMMENT ON CONSTRAINT immunization_facility_fkey ON care.immunization IS 'Choose one of the network''s facilities.';
COMMENT ON CONSTRAINT immunization_code_is_cvx ON care.immunization IS 'This is no code of CVX.';
COMMENT ON CONSTRAINT immunization_title_is_some ON care.immunization IS 'Say what it is called.';
COMMENT ON CONSTRAINT immunization_status_is_known ON care.immunization IS 'Choose completed, not_done or entered_in_error.';
COMMENT ON CONSTRAINT immunization_dose_number_is_small ON care.immunization IS 'Doses are counted from 1 to 20.';
COMMENT ON CONSTRAINT immunization_lot_is_fresh ON care.immunization IS 'This lot was out of date on that day.';
COMMENT ON CONSTRAINT immunization_not_done_says_why ON care.immunization IS 'Say why it was not given.';
COMMENT ON CONSTRAINT immunization_is_given_once_a_day ON care.immunization IS 'This vaccine stands in the record for that day already.';
CALL access.guard('care.immunization', 'chart');
