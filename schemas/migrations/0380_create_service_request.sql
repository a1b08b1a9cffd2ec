-- What one asks another to do for a patient: referrals, images, laboratory, procedures; and what came of it.
--
-- A request is FHIR's ServiceRequest. Once it is active, what it asks stays as it was: another supersedes it, and that
-- revokes it. It is over when something that is done says so, by a row of care.service_request_fulfilment: a report, an
-- order of the laboratory (care.lab_order holds specimen and panel, and is not said twice here), a study, a visit or a
-- procedure. Whether a fulfilment fits is a constraint, since its row carries the category; whether it is done is asked
-- when the request is completed, at COMMIT, so that a program may load both in any order. Whoever is asked by name reads
-- the request, before the patient is in their care, also where it is of a category that is kept apart: whoever wrote it
-- asked just them. New tables; the foreign keys lock their targets for an instant.
-- Undo: drop them.
CREATE TABLE care.service_request (
    service_request_id            uuid             NOT NULL DEFAULT gen_random_uuid(),
    patient_id                    uuid             NOT NULL,
    encounter_id                  uuid,
    requested_by                  uuid             NOT NULL,
    performer_id                  uuid,
    facility_id                   uuid,
    supersedes_service_request_id uuid,
    created_at                    timestamptz      NOT NULL DEFAULT now(),
    updated_at                    timestamptz      NOT NULL DEFAULT now(),
    requested_at                  timestamptz      NOT NULL DEFAULT now(),
    version                       integer          NOT NULL DEFAULT 1,
    wanted_during                 daterange,
    category                      text             NOT NULL,
    intent                        text             NOT NULL DEFAULT 'order',
    priority                      text             NOT NULL DEFAULT 'routine',
    specialty                     text,
    code_system                   text             NOT NULL,
    code                          text             NOT NULL,
    title                         text             NOT NULL,
    reason_code                   text,
    reason                        text             NOT NULL,
    status                        text             NOT NULL DEFAULT 'draft',
    sensitivity                   care.sensitivity,
    status_reason                 text,
    updated_by                    text             NOT NULL DEFAULT session_user,

    CONSTRAINT service_request_pkey PRIMARY KEY (service_request_id),
    CONSTRAINT service_request_id_with_patient_is_unique UNIQUE (patient_id, service_request_id),
    CONSTRAINT service_request_id_with_category_is_unique UNIQUE (patient_id, service_request_id, category),
    CONSTRAINT service_request_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT service_request_encounter_fkey
        FOREIGN KEY (patient_id, encounter_id) REFERENCES care.encounter (patient_id, encounter_id),
    CONSTRAINT service_request_requester_fkey FOREIGN KEY (requested_by) REFERENCES care.provider (provider_id),
    CONSTRAINT service_request_performer_fkey FOREIGN KEY (performer_id) REFERENCES care.provider (provider_id),
    CONSTRAINT service_request_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility (facility_id),
    CONSTRAINT service_request_specialty_fkey FOREIGN KEY (specialty) REFERENCES care.specialty (specialty),
    CONSTRAINT service_request_superseded_fkey
        FOREIGN KEY (patient_id, supersedes_service_request_id, category) REFERENCES care.service_request (patient_id, service_request_id, category),
    CONSTRAINT service_request_is_superseded_once
        EXCLUDE USING btree (supersedes_service_request_id WITH =) WHERE (status <> 'entered_in_error'),
    CONSTRAINT service_request_category_is_known CHECK (category IN ('referral', 'imaging', 'laboratory', 'procedure')),
    CONSTRAINT service_request_intent_is_known CHECK (intent IN ('proposal', 'plan', 'order')),
    CONSTRAINT service_request_priority_is_known CHECK (priority IN ('routine', 'urgent', 'asap', 'stat')),
    CONSTRAINT service_request_status_is_known
        CHECK (status IN ('draft', 'active', 'on_hold', 'completed', 'revoked', 'entered_in_error')),
    CONSTRAINT service_request_status_says_why
        CHECK ((status IN ('on_hold', 'revoked', 'entered_in_error')) = coalesce(status_reason ~ '\S', false)),
    CONSTRAINT service_request_asks_somebody
        CHECK (status NOT IN ('active', 'on_hold', 'completed') OR num_nonnulls(performer_id, facility_id, specialty) > 0),
    CONSTRAINT service_request_code_fits_its_system
        CHECK (code_system IN ('snomed', 'loinc') AND care.code_fits(code_system, code)),
    CONSTRAINT service_request_laboratory_is_coded_by_loinc CHECK (category <> 'laboratory' OR code_system = 'loinc'),
    CONSTRAINT service_request_reason_code_is_icd10 CHECK (care.code_fits('icd10', reason_code)),
    CONSTRAINT service_request_title_is_some CHECK (title ~ '\S' AND length(title) <= 200),
    CONSTRAINT service_request_says_why CHECK (reason ~ '\S' AND length(reason) <= 2000),
    CONSTRAINT service_request_period_is_half_open
        CHECK (wanted_during IS NULL OR NOT isempty(wanted_during) AND upper(wanted_during) IS NOT NULL)
);
CREATE INDEX service_request_patient_idx ON care.service_request (patient_id, requested_at);
CREATE INDEX service_request_encounter_idx ON care.service_request (patient_id, encounter_id);
CREATE INDEX service_request_requester_idx ON care.service_request (requested_by, requested_at);
CREATE INDEX service_request_performer_idx ON care.service_request (performer_id, requested_at);
CREATE INDEX service_request_facility_idx ON care.service_request (facility_id, requested_at);
CREATE INDEX service_request_specialty_idx ON care.service_request (specialty, requested_at);
CREATE TRIGGER service_request_is_stamped BEFORE INSERT OR UPDATE ON care.service_request
    FOR EACH ROW EXECUTE FUNCTION care.stamp();
CREATE TRIGGER service_request_is_touched BEFORE UPDATE ON care.service_request FOR EACH ROW EXECUTE FUNCTION care.touch();
CREATE TRIGGER service_request_keeps_former_versions AFTER UPDATE ON care.service_request
    FOR EACH ROW EXECUTE FUNCTION care.keep_former_version();
CREATE TRIGGER service_request_stays_under_hold BEFORE DELETE ON care.service_request
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION care.keep_row_under_hold();
COMMENT ON TABLE  care.service_request IS 'What a provider asks another, a facility or a specialty to do for a patient.';
COMMENT ON COLUMN care.service_request.service_request_id            IS 'Key.';
COMMENT ON COLUMN care.service_request.patient_id                    IS 'For whom.';
COMMENT ON COLUMN care.service_request.encounter_id                  IS 'The visit at which it was asked; null where there was none.';
COMMENT ON COLUMN care.service_request.requested_by                  IS 'Provider who asks.';
COMMENT ON COLUMN care.service_request.performer_id                  IS 'Provider who is asked; null where a facility or a specialty is.';
COMMENT ON COLUMN care.service_request.facility_id                   IS 'Facility that is asked, or where the performer is to do it; null where any will do.';
COMMENT ON COLUMN care.service_request.supersedes_service_request_id IS 'The request in whose place this one stands; null for a first one.';
COMMENT ON COLUMN care.service_request.created_at                    IS 'When the row was made.';
COMMENT ON COLUMN care.service_request.updated_at                    IS 'When it was last changed.';
COMMENT ON COLUMN care.service_request.requested_at                  IS 'When it was asked.';
COMMENT ON COLUMN care.service_request.version                       IS 'Raised by each change.';
COMMENT ON COLUMN care.service_request.wanted_during                 IS 'Between which days it should be done; null where that was not said.';
COMMENT ON COLUMN care.service_request.category                      IS 'referral, imaging, laboratory or procedure.';
COMMENT ON COLUMN care.service_request.intent                        IS 'proposal, plan or order.';
COMMENT ON COLUMN care.service_request.priority                      IS 'routine, urgent, asap or stat.';
COMMENT ON COLUMN care.service_request.specialty                     IS 'The specialty that is asked; null where a provider or facility is.';
COMMENT ON COLUMN care.service_request.code_system                   IS 'snomed or loinc.';
COMMENT ON COLUMN care.service_request.code                          IS 'What is asked, by a code of that system.';
COMMENT ON COLUMN care.service_request.title                         IS 'What it is called.';
COMMENT ON COLUMN care.service_request.reason_code                   IS 'Why, by ICD-10; null where only words say it.';
COMMENT ON COLUMN care.service_request.reason                        IS 'Why, in words.';
COMMENT ON COLUMN care.service_request.status                        IS 'draft, active, on_hold, completed, revoked or entered_in_error.';
COMMENT ON COLUMN care.service_request.sensitivity                   IS 'Category by which it is kept apart: behavioural_health, reproductive, substance_use or hiv; null for plain care.';
COMMENT ON COLUMN care.service_request.status_reason                 IS 'Why it is on hold, revoked or an error; null else.';
COMMENT ON COLUMN care.service_request.updated_by                    IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT service_request_pkey ON care.service_request IS 'This request is known already.';
COMMENT ON CONSTRAINT service_request_id_with_patient_is_unique ON care.service_request IS 'This request is known already.';
COMMENT ON CONSTRAINT service_request_id_with_category_is_unique ON care.service_request IS 'This request is known already.';
COMMENT ON CONSTRAINT service_request_patient_fkey ON care.service_request IS 'Register the patient first.';
COMMENT ON CONSTRAINT service_request_encounter_fkey ON care.service_request IS 'Choose a visit of this patient.';
COMMENT ON CONSTRAINT service_request_requester_fkey ON care.service_request IS 'Choose one of the network''s providers.';
COMMENT ON CONSTRAINT service_request_performer_fkey ON care.service_request IS 'Choose one of the network''s providers.';
COMMENT ON CONSTRAINT service_request_facility_fkey ON care.service_request IS 'Choose one of the network''s facilities.';
COMMENT ON CONSTRAINT service_request_specialty_fkey ON care.service_request IS 'Choose one of the known specialties.';
COMMENT ON CONSTRAINT service_request_superseded_fkey ON care.service_request IS 'A request stands in the place of one of the same kind for the same patient.';
COMMENT ON CONSTRAINT service_request_is_superseded_once ON care.service_request IS 'Another stands in the place of this request already: change the newer one.';
COMMENT ON CONSTRAINT service_request_category_is_known ON care.service_request IS 'Choose referral, imaging, laboratory or procedure.';
COMMENT ON CONSTRAINT service_request_intent_is_known ON care.service_request IS 'Choose proposal, plan or order.';
COMMENT ON CONSTRAINT service_request_priority_is_known ON care.service_request IS 'Choose routine, urgent, asap or stat.';
COMMENT ON CONSTRAINT service_request_status_is_known ON care.service_request IS 'Choose how far the request is.';
COMMENT ON CONSTRAINT service_request_status_says_why ON care.service_request IS 'Say why it is on hold, revoked or an error, and only then.';
COMMENT ON CONSTRAINT service_request_asks_somebody ON care.service_request IS 'Say whom you ask: a provider, a facility or a specialty.';
COMMENT ON CONSTRAINT service_request_code_fits_its_system ON care.service_request IS 'This is no code of SNOMED CT or LOINC.';
COMMENT ON CONSTRAINT service_request_laboratory_is_coded_by_loinc ON care.service_request IS 'Name what the laboratory is to do by a code of LOINC.';
COMMENT ON CONSTRAINT service_request_reason_code_is_icd10 ON care.service_request IS 'This is no code of ICD-10.';
COMMENT ON CONSTRAINT service_request_title_is_some ON care.service_request IS 'Say what is asked, in 200 letters at most.';
COMMENT ON CONSTRAINT service_request_says_why ON care.service_request IS 'Say why it is asked, in 2,000 letters at most.';
COMMENT ON CONSTRAINT service_request_period_is_half_open ON care.service_request IS 'Say until when it is wanted, and let it end after it begins.';
CALL access.guard('care.service_request', 'sensitive_chart', 'requested_by');
CREATE POLICY asked ON care.service_request FOR SELECT TO healthtrack_care
    USING (performer_id = (SELECT access.acting_provider()) AND status IN ('active', 'on_hold', 'completed'));
CREATE TRIGGER service_request_is_recorded_in_person BEFORE INSERT OR UPDATE OF requested_by ON care.service_request
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION care.check_recorder('requested_by');

CREATE FUNCTION care.check_service_request() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    moves constant text[] := '{status, status_reason, version, updated_at, updated_by, created_at}';
    given constant text[] := moves || '{performer_id, facility_id}'::text[];
    next  text[];
BEGIN
    next := CASE OLD.status
        WHEN 'draft' THEN '{draft, active, revoked, entered_in_error}'
        WHEN 'active' THEN '{active, on_hold, completed, revoked, entered_in_error}'
        WHEN 'on_hold' THEN '{on_hold, active, revoked, entered_in_error}'
        ELSE ARRAY[OLD.status, 'entered_in_error'] END;
    IF NEW.status <> ALL (next) THEN
        PERFORM care.refuse('service_request_follows_its_states',
            'A request goes from draft to active, may rest, and is completed or revoked: write another one instead.');
    ELSIF OLD.status IN ('active', 'on_hold') AND to_jsonb(NEW) - given <> to_jsonb(OLD) - given
          OR OLD.status IN ('completed', 'revoked', 'entered_in_error') AND to_jsonb(NEW) - moves <> to_jsonb(OLD) - moves THEN
        PERFORM care.refuse('service_request_that_is_asked_is_not_altered',
            'What was asked stays as it was: write another request in its place.');
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.check_service_request() IS 'Trigger before a request is changed: it follows its states, and what was asked stays as it was.';
CREATE TRIGGER service_request_follows_its_states BEFORE UPDATE ON care.service_request
    FOR EACH ROW EXECUTE FUNCTION care.check_service_request();

CREATE FUNCTION care.supersede_service_request() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE care.service_request r SET status = 'revoked', status_reason = 'Superseded by a newer request.'
    WHERE r.patient_id = NEW.patient_id AND r.service_request_id = NEW.supersedes_service_request_id
      AND r.status IN ('draft', 'active', 'on_hold');
    IF NOT FOUND THEN
        PERFORM care.refuse('service_request_supersedes_what_stands',
            'The request in whose place this one would stand is over already: ask anew without naming it.');
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.supersede_service_request() IS 'Trigger before a request becomes active in the place of another: revokes that one.';
CREATE TRIGGER service_request_supersedes_what_stands_at_once BEFORE INSERT ON care.service_request
    FOR EACH ROW WHEN (NEW.supersedes_service_request_id IS NOT NULL AND NEW.status = 'active')
    EXECUTE FUNCTION care.supersede_service_request();
CREATE TRIGGER service_request_supersedes_what_stands BEFORE UPDATE OF status ON care.service_request
    FOR EACH ROW WHEN (NEW.supersedes_service_request_id IS NOT NULL AND OLD.status = 'draft' AND NEW.status = 'active')
    EXECUTE FUNCTION care.supersede_service_request();

CREATE TABLE care.service_request_fulfilment (
    service_request_fulfilment_id uuid        NOT NULL DEFAULT gen_random_uuid(),
    patient_id                    uuid        NOT NULL,
    service_request_id            uuid        NOT NULL,
    clinical_report_id            uuid,
    lab_order_id                  uuid,
    imaging_study_id              uuid,
    appointment_id                uuid,
    procedure_id                  uuid,
    created_at                    timestamptz NOT NULL DEFAULT now(),
    updated_at                    timestamptz NOT NULL DEFAULT now(),
    version                       integer     NOT NULL DEFAULT 1,
    category                      text        NOT NULL,
    updated_by                    text        NOT NULL DEFAULT session_user,

    CONSTRAINT service_request_fulfilment_pkey PRIMARY KEY (service_request_fulfilment_id),
    CONSTRAINT service_request_fulfilment_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT service_request_fulfilment_request_fkey
        FOREIGN KEY (patient_id, service_request_id, category) REFERENCES care.service_request (patient_id, service_request_id, category),
    CONSTRAINT service_request_fulfilment_report_fkey
        FOREIGN KEY (patient_id, clinical_report_id) REFERENCES care.clinical_report (patient_id, clinical_report_id),
    CONSTRAINT service_request_fulfilment_lab_order_fkey
        FOREIGN KEY (patient_id, lab_order_id) REFERENCES care.lab_order (patient_id, lab_order_id),
    CONSTRAINT service_request_fulfilment_study_fkey
        FOREIGN KEY (patient_id, imaging_study_id) REFERENCES care.imaging_study (patient_id, imaging_study_id),
    CONSTRAINT service_request_fulfilment_appointment_fkey
        FOREIGN KEY (patient_id, appointment_id) REFERENCES care.appointment (patient_id, appointment_id),
    CONSTRAINT service_request_fulfilment_procedure_fkey
        FOREIGN KEY (patient_id, procedure_id) REFERENCES care.procedure (patient_id, procedure_id),
    CONSTRAINT service_request_fulfilment_is_by_one_thing
        CHECK (num_nonnulls(clinical_report_id, lab_order_id, imaging_study_id, appointment_id, procedure_id) = 1),
    CONSTRAINT service_request_fulfilment_fits_its_category
        CHECK (
            CASE category WHEN 'laboratory' THEN num_nonnulls(lab_order_id, clinical_report_id)
            WHEN 'imaging' THEN num_nonnulls(imaging_study_id, clinical_report_id, appointment_id)
            WHEN 'procedure' THEN num_nonnulls(procedure_id, clinical_report_id, appointment_id)
            ELSE num_nonnulls(appointment_id, clinical_report_id) END = 1
            ),
    CONSTRAINT service_request_fulfilment_of_an_order_is_one UNIQUE (patient_id, lab_order_id),
    CONSTRAINT service_request_fulfilment_is_not_repeated
        UNIQUE NULLS NOT DISTINCT (
            patient_id, service_request_id, clinical_report_id, lab_order_id, imaging_study_id, appointment_id, procedure_id
            )
);
CREATE INDEX service_request_fulfilment_report_idx ON care.service_request_fulfilment (patient_id, clinical_report_id);
CREATE INDEX service_request_fulfilment_study_idx ON care.service_request_fulfilment (patient_id, imaging_study_id);
CREATE INDEX service_request_fulfilment_appointment_idx ON care.service_request_fulfilment (patient_id, appointment_id);
CREATE INDEX service_request_fulfilment_procedure_idx ON care.service_request_fulfilment (patient_id, procedure_id);
CREATE TRIGGER service_request_fulfilment_is_stamped BEFORE INSERT OR UPDATE ON care.service_request_fulfilment
    FOR EACH ROW EXECUTE FUNCTION care.stamp();
CREATE TRIGGER service_request_fulfilment_is_touched BEFORE UPDATE ON care.service_request_fulfilment FOR EACH ROW EXECUTE FUNCTION care.touch();
CREATE TRIGGER service_request_fulfilment_stays_under_hold BEFORE DELETE ON care.service_request_fulfilment
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION care.keep_row_under_hold();
COMMENT ON TABLE  care.service_request_fulfilment IS 'What was done for a request: one report, order, study, visit or procedure.';
COMMENT ON COLUMN care.service_request_fulfilment.service_request_fulfilment_id IS 'Key.';
COMMENT ON COLUMN care.service_request_fulfilment.patient_id                    IS 'For whom.';
COMMENT ON COLUMN care.service_request_fulfilment.service_request_id            IS 'The request.';
COMMENT ON COLUMN care.service_request_fulfilment.clinical_report_id            IS 'The report that answers it; null where something else does.';
COMMENT ON COLUMN care.service_request_fulfilment.lab_order_id                  IS 'The laboratory''s order under it; null where something else answers it.';
COMMENT ON COLUMN care.service_request_fulfilment.imaging_study_id              IS 'The study that answers it; null where something else does.';
COMMENT ON COLUMN care.service_request_fulfilment.appointment_id                IS 'The visit that answers it; null where something else does.';
COMMENT ON COLUMN care.service_request_fulfilment.procedure_id                  IS 'The procedure that answers it; null where something else does.';
COMMENT ON COLUMN care.service_request_fulfilment.created_at                    IS 'When the row was made.';
COMMENT ON COLUMN care.service_request_fulfilment.updated_at                    IS 'When it was last changed.';
COMMENT ON COLUMN care.service_request_fulfilment.version                       IS 'Raised by each change.';
COMMENT ON COLUMN care.service_request_fulfilment.category                      IS 'The request''s category, which says what can answer it.';
COMMENT ON COLUMN care.service_request_fulfilment.updated_by                    IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT service_request_fulfilment_pkey ON care.service_request_fulfilment IS 'This is known already.';
COMMENT ON CONSTRAINT service_request_fulfilment_patient_fkey ON care.service_request_fulfilment IS 'Register the patient first.';
COMMENT ON CONSTRAINT service_request_fulfilment_request_fkey ON care.service_request_fulfilment IS 'Choose a request of this patient.';
COMMENT ON CONSTRAINT service_request_fulfilment_report_fkey ON care.service_request_fulfilment IS 'Choose a report of this patient.';
COMMENT ON CONSTRAINT service_request_fulfilment_lab_order_fkey ON care.service_request_fulfilment IS 'Choose an order of this patient.';
COMMENT ON CONSTRAINT service_request_fulfilment_study_fkey ON care.service_request_fulfilment IS 'Choose a study of this patient.';
COMMENT ON CONSTRAINT service_request_fulfilment_appointment_fkey ON care.service_request_fulfilment IS 'Choose a visit of this patient.';
COMMENT ON CONSTRAINT service_request_fulfilment_procedure_fkey ON care.service_request_fulfilment IS 'Choose a procedure of this patient.';
COMMENT ON CONSTRAINT service_request_fulfilment_is_by_one_thing ON care.service_request_fulfilment IS 'Name one thing that was done: a report, an order, a study, a visit or a procedure.';
COMMENT ON CONSTRAINT service_request_fulfilment_fits_its_category ON care.service_request_fulfilment IS 'This does not answer a request of that kind: name what was asked for.';
COMMENT ON CONSTRAINT service_request_fulfilment_of_an_order_is_one ON care.service_request_fulfilment IS 'This order is under a request already.';
COMMENT ON CONSTRAINT service_request_fulfilment_is_not_repeated ON care.service_request_fulfilment IS 'This is noted already.';
CALL access.guard('care.service_request_fulfilment', 'chart');
REVOKE UPDATE ON care.service_request_fulfilment FROM healthtrack_care;

CREATE FUNCTION care.check_fulfilment() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    stands text;
BEGIN
    SELECT r.status INTO stands FROM care.service_request r
    WHERE r.patient_id = NEW.patient_id AND r.service_request_id = NEW.service_request_id FOR SHARE;
    IF stands NOT IN ('active', 'completed') THEN
        PERFORM care.refuse('service_request_fulfilment_is_of_an_active_request',
            'This request is not active: make it active, or write another one.');
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.check_fulfilment() IS 'Trigger before something is noted under a request: the request is active, or was completed by something before.';
CREATE TRIGGER service_request_fulfilment_is_of_an_active_request BEFORE INSERT ON care.service_request_fulfilment
    FOR EACH ROW EXECUTE FUNCTION care.check_fulfilment();

CREATE FUNCTION care.check_completed_request() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM care.service_request_fulfilment f
        LEFT JOIN care.clinical_report c ON c.patient_id = f.patient_id AND c.clinical_report_id = f.clinical_report_id
        LEFT JOIN care.lab_order o ON o.patient_id = f.patient_id AND o.lab_order_id = f.lab_order_id
        LEFT JOIN care.imaging_study s ON s.patient_id = f.patient_id AND s.imaging_study_id = f.imaging_study_id
        LEFT JOIN care.appointment v ON v.patient_id = f.patient_id AND v.appointment_id = f.appointment_id
        LEFT JOIN care.procedure p ON p.patient_id = f.patient_id AND p.procedure_id = f.procedure_id
        WHERE f.patient_id = NEW.patient_id AND f.service_request_id = NEW.service_request_id
          AND (c.status IN ('final', 'amended') OR o.status = 'completed' OR s.status = 'available'
               OR v.status = 'completed' OR p.status = 'completed')
    ) THEN
        PERFORM care.refuse('service_request_is_completed_by_what_is_done',
            'Name what was done before you complete the request: a signed report, a finished order, study, visit or procedure.');
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION care.check_completed_request() IS 'Trigger at the end of a transaction: a completed request says by what, and that is done.';
CREATE CONSTRAINT TRIGGER service_request_is_completed_by_what_is_done AFTER INSERT OR UPDATE OF status ON care.service_request
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.status = 'completed')
    EXECUTE FUNCTION care.check_completed_request();
COMMENT ON TRIGGER service_request_is_completed_by_what_is_done ON care.service_request
    IS 'Name what was done before you complete the request: a signed report, a finished order, study, visit or procedure.';
COMMENT ON CONSTRAINT service_request_is_completed_by_what_is_done ON care.service_request
    IS 'Name what was done before you complete the request: a signed report, a finished order, study, visit or procedure.';
