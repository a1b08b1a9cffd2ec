-- What is asked, what is to be done, and what is said about it.
--
-- Written by `healthtrack schema docs` from the database's catalog; to be read, not run. Do not edit.

-- What a provider asks another, a facility or a specialty to do for a patient.
CREATE TABLE care.service_request (
    service_request_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- For whom.
    encounter_id uuid,  -- The visit at which it was asked; null where there was none.
    requested_by uuid NOT NULL,  -- Provider who asks.
    performer_id uuid,  -- Provider who is asked; null where a facility or a specialty is.
    facility_id uuid,  -- Facility that is asked, or where the performer is to do it; null where any will do.
    supersedes_service_request_id uuid,  -- The request in whose place this one stands; null for a first one.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    requested_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was asked.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    wanted_during daterange,  -- Between which days it should be done; null where that was not said.
    category text NOT NULL,  -- referral, imaging, laboratory or procedure.
    intent text DEFAULT 'order'::text NOT NULL,  -- proposal, plan or order.
    priority text DEFAULT 'routine'::text NOT NULL,  -- routine, urgent, asap or stat.
    specialty text,  -- The specialty that is asked; null where a provider or facility is.
    code_system text NOT NULL,  -- snomed or loinc.
    code text NOT NULL,  -- What is asked, by a code of that system.
    title text NOT NULL,  -- What it is called.
    reason_code text,  -- Why, by ICD-10; null where only words say it.
    reason text NOT NULL,  -- Why, in words.
    status text DEFAULT 'draft'::text NOT NULL,  -- draft, active, on_hold, completed, revoked or entered_in_error.
    sensitivity care.sensitivity,  -- Category by which it is kept apart: behavioural_health, reproductive, substance_use or hiv; null for plain care.
    status_reason text,  -- Why it is on hold, revoked or an error; null else.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT service_request_pkey PRIMARY KEY (service_request_id),  -- This request is known already.
    CONSTRAINT service_request_id_with_category_is_unique UNIQUE (patient_id, service_request_id, category),  -- This request is known already.
    CONSTRAINT service_request_id_with_patient_is_unique UNIQUE (patient_id, service_request_id),  -- This request is known already.
    CONSTRAINT service_request_is_superseded_once EXCLUDE USING btree (supersedes_service_request_id WITH =) WHERE ((status <> 'entered_in_error'::text)),  -- Another stands in the place of this request already: change the newer one.
    CONSTRAINT service_request_encounter_fkey FOREIGN KEY (patient_id, encounter_id) REFERENCES care.encounter(patient_id, encounter_id),  -- Choose a visit of this patient.
    CONSTRAINT service_request_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility(facility_id),  -- Choose one of the network's facilities.
    CONSTRAINT service_request_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT service_request_performer_fkey FOREIGN KEY (performer_id) REFERENCES care.provider(provider_id),  -- Choose one of the network's providers.
    CONSTRAINT service_request_requester_fkey FOREIGN KEY (requested_by) REFERENCES care.provider(provider_id),  -- Choose one of the network's providers.
    CONSTRAINT service_request_specialty_fkey FOREIGN KEY (specialty) REFERENCES care.specialty(specialty),  -- Choose one of the known specialties.
    CONSTRAINT service_request_superseded_fkey FOREIGN KEY (patient_id, supersedes_service_request_id, category) REFERENCES care.service_request(patient_id, service_request_id, category),  -- A request stands in the place of one of the same kind for the same patient.
    CONSTRAINT service_request_asks_somebody CHECK (((status <> ALL (ARRAY['active'::text, 'on_hold'::text, 'completed'::text])) OR (num_nonnulls(performer_id, facility_id, specialty) > 0))),  -- Say whom you ask: a provider, a facility or a specialty.
    CONSTRAINT service_request_category_is_known CHECK ((category = ANY (ARRAY['referral'::text, 'imaging'::text, 'laboratory'::text, 'procedure'::text]))),  -- Choose referral, imaging, laboratory or procedure.
    CONSTRAINT service_request_code_fits_its_system CHECK (((code_system = ANY (ARRAY['snomed'::text, 'loinc'::text])) AND care.code_fits(code_system, code))),  -- This is no code of SNOMED CT or LOINC.
    CONSTRAINT service_request_intent_is_known CHECK ((intent = ANY (ARRAY['proposal'::text, 'plan'::text, 'order'::text]))),  -- Choose proposal, plan or order.
    CONSTRAINT service_request_laboratory_is_coded_by_loinc CHECK (((category <> 'laboratory'::text) OR (code_system = 'loinc'::text))),  -- Name what the laboratory is to do by a code of LOINC.
    CONSTRAINT service_request_period_is_half_open CHECK (((wanted_during IS NULL) OR ((NOT isempty(wanted_during)) AND (upper(wanted_during) IS NOT NULL)))),  -- Say until when it is wanted, and let it end after it begins.
    CONSTRAINT service_request_priority_is_known CHECK ((priority = ANY (ARRAY['routine'::text, 'urgent'::text, 'asap'::text, 'stat'::text]))),  -- Choose routine, urgent, asap or stat.
    CONSTRAINT service_request_reason_code_is_icd10 CHECK (care.code_fits('icd10'::text, reason_code)),  -- This is no code of ICD-10.
    CONSTRAINT service_request_says_why CHECK (((reason ~ '\S'::text) AND (length(reason) <= 2000))),  -- Say why it is asked, in 2,000 letters at most.
    CONSTRAINT service_request_status_is_known CHECK ((status = ANY (ARRAY['draft'::text, 'active'::text, 'on_hold'::text, 'completed'::text, 'revoked'::text, 'entered_in_error'::text]))),  -- Choose how far the request is.
    CONSTRAINT service_request_status_says_why CHECK (((status = ANY (ARRAY['on_hold'::text, 'revoked'::text, 'entered_in_error'::text])) = COALESCE((status_reason ~ '\S'::text), false))),  -- Say why it is on hold, revoked or an error, and only then.
    CONSTRAINT service_request_title_is_some CHECK (((title ~ '\S'::text) AND (length(title) <= 200)))  -- Say what is asked, in 200 letters at most.
);
CREATE INDEX service_request_encounter_idx ON care.service_request USING btree (patient_id, encounter_id);
CREATE INDEX service_request_facility_idx ON care.service_request USING btree (facility_id, requested_at);
CREATE INDEX service_request_patient_idx ON care.service_request USING btree (patient_id, requested_at);
CREATE INDEX service_request_performer_idx ON care.service_request USING btree (performer_id, requested_at);
CREATE INDEX service_request_requester_idx ON care.service_request USING btree (requested_by, requested_at);
CREATE INDEX service_request_specialty_idx ON care.service_request USING btree (specialty, requested_at);
CREATE TRIGGER service_request_follows_its_states BEFORE UPDATE ON care.service_request FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.check_service_request();  -- Trigger before a request is changed: it follows its states, and what was asked stays as it was.
CREATE CONSTRAINT TRIGGER service_request_is_completed_by_what_is_done AFTER INSERT OR UPDATE OF status ON care.service_request DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ((new.status = 'completed'::text)) EXECUTE FUNCTION care.check_completed_request();  -- Trigger at the end of a transaction: a completed request says by what, and that is done.
CREATE TRIGGER service_request_is_not_of_a_joined_record AFTER INSERT ON care.service_request REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER service_request_is_recorded_in_person BEFORE INSERT OR UPDATE OF requested_by ON care.service_request FOR EACH ROW WHEN (((NOT access.erasing()) AND (NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text)))) EXECUTE FUNCTION care.check_recorder('requested_by');  -- Trigger before a provider records something through the portal: it bears the own name, and keeps the name that it bears.
CREATE TRIGGER service_request_is_stamped BEFORE INSERT OR UPDATE ON care.service_request FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER service_request_is_touched BEFORE UPDATE ON care.service_request FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER service_request_keeps_former_versions AFTER UPDATE ON care.service_request FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.keep_former_version();  -- Trigger after each update: keeps the former row in care.record_version, and refuses to move a row to another patient.
CREATE TRIGGER service_request_keeps_its_task AFTER UPDATE OF status, performer_id, facility_id ON care.service_request FOR EACH ROW WHEN (((old.status <> new.status) OR (old.performer_id IS DISTINCT FROM new.performer_id) OR (old.facility_id IS DISTINCT FROM new.facility_id))) EXECUTE FUNCTION care.keep_request_task();  -- Trigger after a request begins, ends or goes to somebody else: a task for the provider or the desk that is asked, as long as it stands.
CREATE TRIGGER service_request_opens_a_task AFTER INSERT ON care.service_request FOR EACH ROW WHEN ((new.status = 'active'::text)) EXECUTE FUNCTION care.keep_request_task();  -- Trigger after a request begins, ends or goes to somebody else: a task for the provider or the desk that is asked, as long as it stands.
CREATE TRIGGER service_request_stays_under_hold BEFORE DELETE ON care.service_request FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
CREATE TRIGGER service_request_supersedes_what_stands BEFORE UPDATE OF status ON care.service_request FOR EACH ROW WHEN (((NOT access.erasing()) AND ((new.supersedes_service_request_id IS NOT NULL) AND (old.status = 'draft'::text) AND (new.status = 'active'::text)))) EXECUTE FUNCTION care.supersede_service_request();  -- Trigger before a request becomes active in the place of another: revokes that one.
CREATE TRIGGER service_request_supersedes_what_stands_at_once BEFORE INSERT ON care.service_request FOR EACH ROW WHEN (((new.supersedes_service_request_id IS NOT NULL) AND (new.status = 'active'::text))) EXECUTE FUNCTION care.supersede_service_request();  -- Trigger before a request becomes active in the place of another: revokes that one.
ALTER TABLE care.service_request FORCE ROW LEVEL SECURITY;
CREATE POLICY asked ON care.service_request FOR SELECT TO healthtrack_care USING (((performer_id = ( SELECT access.acting_provider() AS acting_provider)) AND (status = ANY (ARRAY['active'::text, 'on_hold'::text, 'completed'::text]))));
CREATE POLICY care ON care.service_request FOR ALL TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])) AND ((sensitivity IS NULL) OR (requested_by = ( SELECT care.acting_provider() AS acting_provider))))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY granted ON care.service_request FOR SELECT TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])) AND ((sensitivity IS NULL) OR (requested_by = ( SELECT care.acting_provider() AS acting_provider)))));
CREATE POLICY maintenance ON care.service_request FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY opened ON care.service_request FOR SELECT TO healthtrack_care USING (((sensitivity IS NOT NULL) AND CASE sensitivity WHEN 'behavioural_health'::text THEN (patient_id = ANY (( SELECT access.patients_opened('behavioural_health'::text) AS patients_opened)::uuid[])) WHEN 'hiv'::text THEN (patient_id = ANY (( SELECT access.patients_opened('hiv'::text) AS patients_opened)::uuid[])) WHEN 'reproductive'::text THEN (patient_id = ANY (( SELECT access.patients_opened('reproductive'::text) AS patients_opened)::uuid[])) WHEN 'substance_use'::text THEN (patient_id = ANY (( SELECT access.patients_opened('substance_use'::text) AS patients_opened)::uuid[])) ELSE NULL::boolean END));
CREATE POLICY opened_in_care ON care.service_request FOR UPDATE TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])) AND (sensitivity IS NOT NULL) AND CASE sensitivity WHEN 'behavioural_health'::text THEN (patient_id = ANY (( SELECT access.patients_opened('behavioural_health'::text) AS patients_opened)::uuid[])) WHEN 'hiv'::text THEN (patient_id = ANY (( SELECT access.patients_opened('hiv'::text) AS patients_opened)::uuid[])) WHEN 'reproductive'::text THEN (patient_id = ANY (( SELECT access.patients_opened('reproductive'::text) AS patients_opened)::uuid[])) WHEN 'substance_use'::text THEN (patient_id = ANY (( SELECT access.patients_opened('substance_use'::text) AS patients_opened)::uuid[])) ELSE NULL::boolean END)) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY own ON care.service_request FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.service_request TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.service_request TO healthtrack_care;

-- What was done for a request: one report, order, study, visit or procedure.
CREATE TABLE care.service_request_fulfilment (
    service_request_fulfilment_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- For whom.
    service_request_id uuid NOT NULL,  -- The request.
    clinical_report_id uuid,  -- The report that answers it; null where something else does.
    lab_order_id uuid,  -- The laboratory's order under it; null where something else answers it.
    imaging_study_id uuid,  -- The study that answers it; null where something else does.
    appointment_id uuid,  -- The visit that answers it; null where something else does.
    procedure_id uuid,  -- The procedure that answers it; null where something else does.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    category text NOT NULL,  -- The request's category, which says what can answer it.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT service_request_fulfilment_pkey PRIMARY KEY (service_request_fulfilment_id),  -- This is known already.
    CONSTRAINT service_request_fulfilment_is_not_repeated UNIQUE NULLS NOT DISTINCT (patient_id, service_request_id, clinical_report_id, lab_order_id, imaging_study_id, appointment_id, procedure_id),  -- This is noted already.
    CONSTRAINT service_request_fulfilment_of_an_order_is_one UNIQUE (patient_id, lab_order_id),  -- This order is under a request already.
    CONSTRAINT service_request_fulfilment_appointment_fkey FOREIGN KEY (patient_id, appointment_id) REFERENCES care.appointment(patient_id, appointment_id),  -- Choose a visit of this patient.
    CONSTRAINT service_request_fulfilment_lab_order_fkey FOREIGN KEY (patient_id, lab_order_id) REFERENCES care.lab_order(patient_id, lab_order_id),  -- Choose an order of this patient.
    CONSTRAINT service_request_fulfilment_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT service_request_fulfilment_procedure_fkey FOREIGN KEY (patient_id, procedure_id) REFERENCES care.procedure(patient_id, procedure_id),  -- Choose a procedure of this patient.
    CONSTRAINT service_request_fulfilment_report_fkey FOREIGN KEY (patient_id, clinical_report_id) REFERENCES care.clinical_report(patient_id, clinical_report_id),  -- Choose a report of this patient.
    CONSTRAINT service_request_fulfilment_request_fkey FOREIGN KEY (patient_id, service_request_id, category) REFERENCES care.service_request(patient_id, service_request_id, category),  -- Choose a request of this patient.
    CONSTRAINT service_request_fulfilment_study_fkey FOREIGN KEY (patient_id, imaging_study_id) REFERENCES care.imaging_study(patient_id, imaging_study_id),  -- Choose a study of this patient.
    CONSTRAINT service_request_fulfilment_fits_its_category CHECK (( CASE category WHEN 'laboratory'::text THEN num_nonnulls(lab_order_id, clinical_report_id) WHEN 'imaging'::text THEN num_nonnulls(imaging_study_id, clinical_report_id, appointment_id) WHEN 'procedure'::text THEN num_nonnulls(procedure_id, clinical_report_id, appointment_id) ELSE num_nonnulls(appointment_id, clinical_report_id) END = 1)),  -- This does not answer a request of that kind: name what was asked for.
    CONSTRAINT service_request_fulfilment_is_by_one_thing CHECK ((num_nonnulls(clinical_report_id, lab_order_id, imaging_study_id, appointment_id, procedure_id) = 1))  -- Name one thing that was done: a report, an order, a study, a visit or a procedure.
);
CREATE INDEX service_request_fulfilment_appointment_idx ON care.service_request_fulfilment USING btree (patient_id, appointment_id);
CREATE INDEX service_request_fulfilment_procedure_idx ON care.service_request_fulfilment USING btree (patient_id, procedure_id);
CREATE INDEX service_request_fulfilment_report_idx ON care.service_request_fulfilment USING btree (patient_id, clinical_report_id);
CREATE INDEX service_request_fulfilment_study_idx ON care.service_request_fulfilment USING btree (patient_id, imaging_study_id);
CREATE TRIGGER service_request_fulfilment_is_not_of_a_joined_record AFTER INSERT ON care.service_request_fulfilment REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER service_request_fulfilment_is_of_an_active_request BEFORE INSERT ON care.service_request_fulfilment FOR EACH ROW EXECUTE FUNCTION care.check_fulfilment();  -- Trigger before something is noted under a request: the request is active, or was completed by something before.
CREATE TRIGGER service_request_fulfilment_is_stamped BEFORE INSERT OR UPDATE ON care.service_request_fulfilment FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER service_request_fulfilment_is_touched BEFORE UPDATE ON care.service_request_fulfilment FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER service_request_fulfilment_opens_a_task AFTER INSERT ON care.service_request_fulfilment FOR EACH ROW WHEN ((new.clinical_report_id IS NOT NULL)) EXECUTE FUNCTION care.open_report_task();  -- Trigger after a report is noted under a request: a task for who requested, unless they signed it themselves.
CREATE TRIGGER service_request_fulfilment_stays_under_hold BEFORE DELETE ON care.service_request_fulfilment FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.service_request_fulfilment FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.service_request_fulfilment FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY granted ON care.service_request_fulfilment FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])));
CREATE POLICY is_seen_with_its_order ON care.service_request_fulfilment AS RESTRICTIVE FOR SELECT TO healthtrack_care USING ((((lab_order_id IS NULL) OR (EXISTS ( SELECT FROM care.lab_order o WHERE ((o.patient_id = service_request_fulfilment.patient_id) AND (o.lab_order_id = service_request_fulfilment.lab_order_id))))) AND ((clinical_report_id IS NULL) OR (EXISTS ( SELECT FROM care.clinical_report c WHERE ((c.patient_id = service_request_fulfilment.patient_id) AND (c.clinical_report_id = service_request_fulfilment.clinical_report_id)))))));
CREATE POLICY maintenance ON care.service_request_fulfilment FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.service_request_fulfilment FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.service_request_fulfilment TO healthtrack_migrator;
GRANT INSERT, SELECT ON care.service_request_fulfilment TO healthtrack_care;

-- What somebody has to do for a patient: a result to read, a request to act on, a form to fill in.
CREATE TABLE care.task (
    task_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- For whom it is done.
    owner_account_id uuid,  -- The account that has it; null while it waits in a pool.
    requester_account_id uuid,  -- The account that asked for it; null where the database did.
    facility_id uuid,  -- The facility in whose pool it is; null where the pool is the care team, or none.
    service_request_id uuid,  -- The request to act on; null where it is about something else.
    lab_order_id uuid,  -- The order whose results are to be read; null where it is about something else.
    clinical_report_id uuid,  -- The report that is to be read; null where it is about something else.
    questionnaire_id uuid,  -- The form that is to be filled in; null where it is about something else.
    message_thread_id uuid,  -- The thread in which an answer is due; null where it is about something else.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    due_at timestamp with time zone,  -- Until when; null where there is no hurry.
    ended_at timestamp with time zone,  -- When it was completed, cancelled or marked as an error; null before.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    kind text NOT NULL,  -- review_result, act_on_request, complete_form, answer_message, call_patient or other.
    pool text,  -- Who may take it: care_team, front_desk or biller; null where it is for one account.
    title text NOT NULL,  -- What is to be done.
    priority text DEFAULT 'routine'::text NOT NULL,  -- routine, urgent, asap or stat.
    status text DEFAULT 'requested'::text NOT NULL,  -- requested, in_progress, on_hold, completed, cancelled or entered_in_error.
    outcome text,  -- What came of it, or why it was cancelled; null before.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT task_pkey PRIMARY KEY (task_id),  -- This task is known already.
    CONSTRAINT task_id_with_patient_is_unique UNIQUE (patient_id, task_id),  -- This task is known already.
    CONSTRAINT task_of_a_thread_is_one EXCLUDE USING btree (message_thread_id WITH =) WHERE (((kind = 'answer_message'::text) AND (status = ANY (ARRAY['requested'::text, 'in_progress'::text, 'on_hold'::text])))),  -- There is a task to answer in this thread already.
    CONSTRAINT task_of_an_order_is_one EXCLUDE USING btree (lab_order_id WITH =) WHERE (((kind = 'review_result'::text) AND (status = ANY (ARRAY['requested'::text, 'in_progress'::text, 'on_hold'::text])))),  -- There is a task for the results of this order already.
    CONSTRAINT task_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility(facility_id),  -- Choose one of the network's facilities.
    CONSTRAINT task_lab_order_fkey FOREIGN KEY (patient_id, lab_order_id) REFERENCES care.lab_order(patient_id, lab_order_id),  -- Choose an order of this patient.
    CONSTRAINT task_owner_fkey FOREIGN KEY (owner_account_id) REFERENCES access.account(account_id),  -- Choose somebody who has an account.
    CONSTRAINT task_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT task_questionnaire_fkey FOREIGN KEY (questionnaire_id) REFERENCES care.questionnaire(questionnaire_id),  -- Choose one of the known questionnaires.
    CONSTRAINT task_report_fkey FOREIGN KEY (patient_id, clinical_report_id) REFERENCES care.clinical_report(patient_id, clinical_report_id),  -- Choose a report of this patient.
    CONSTRAINT task_requester_fkey FOREIGN KEY (requester_account_id) REFERENCES access.account(account_id),  -- Choose somebody who has an account.
    CONSTRAINT task_service_request_fkey FOREIGN KEY (patient_id, service_request_id) REFERENCES care.service_request(patient_id, service_request_id),  -- Choose a request of this patient.
    CONSTRAINT task_thread_fkey FOREIGN KEY (patient_id, message_thread_id) REFERENCES care.message_thread(patient_id, message_thread_id),  -- Choose a thread of this patient.
    CONSTRAINT task_ends_once_it_is_over CHECK (((status = ANY (ARRAY['completed'::text, 'cancelled'::text, 'entered_in_error'::text])) = (ended_at IS NOT NULL))),  -- A task that is over says when it ended.
    CONSTRAINT task_in_progress_has_an_owner CHECK (((status <> 'in_progress'::text) OR (owner_account_id IS NOT NULL))),  -- Take the task before you begin it.
    CONSTRAINT task_is_for_somebody CHECK ((num_nonnulls(owner_account_id, pool) > 0)),  -- Say for whom the task is.
    CONSTRAINT task_kind_fits_its_subject CHECK (((num_nonnulls(service_request_id, lab_order_id, clinical_report_id, questionnaire_id, message_thread_id) <= 1) AND CASE kind WHEN 'review_result'::text THEN (num_nonnulls(lab_order_id, clinical_report_id) = 1) WHEN 'act_on_request'::text THEN (service_request_id IS NOT NULL) WHEN 'complete_form'::text THEN (questionnaire_id IS NOT NULL) WHEN 'answer_message'::text THEN (message_thread_id IS NOT NULL) ELSE true END)),  -- Name the one thing that the task is about: the request, the order, the report, the form or the thread.
    CONSTRAINT task_kind_is_known CHECK ((kind = ANY (ARRAY['review_result'::text, 'act_on_request'::text, 'complete_form'::text, 'answer_message'::text, 'call_patient'::text, 'other'::text]))),  -- Choose what kind of task it is.
    CONSTRAINT task_pool_is_at_its_facility CHECK (((facility_id IS NOT NULL) = COALESCE((pool = ANY (ARRAY['front_desk'::text, 'biller'::text])), false))),  -- Name the facility whose desk or billers are to do it, and none for others.
    CONSTRAINT task_pool_is_known CHECK ((pool = ANY (ARRAY['care_team'::text, 'front_desk'::text, 'biller'::text]))),  -- Choose care_team, front_desk or biller.
    CONSTRAINT task_priority_is_known CHECK ((priority = ANY (ARRAY['routine'::text, 'urgent'::text, 'asap'::text, 'stat'::text]))),  -- Choose routine, urgent, asap or stat.
    CONSTRAINT task_says_what_came_of_it CHECK ((((status = ANY (ARRAY['completed'::text, 'cancelled'::text, 'entered_in_error'::text])) = COALESCE((outcome ~ '\S'::text), false)) AND (length(outcome) <= 2000))),  -- Say what came of the task when it is over, in 2,000 letters at most.
    CONSTRAINT task_status_is_known CHECK ((status = ANY (ARRAY['requested'::text, 'in_progress'::text, 'on_hold'::text, 'completed'::text, 'cancelled'::text, 'entered_in_error'::text]))),  -- Choose how far the task is.
    CONSTRAINT task_title_is_some CHECK (((title ~ '\S'::text) AND (length(title) <= 200)))  -- Say what is to be done, in 200 letters at most.
);
CREATE INDEX task_lab_order_idx ON care.task USING btree (patient_id, lab_order_id);
CREATE INDEX task_owner_ever_idx ON care.task USING btree (owner_account_id, created_at);
CREATE INDEX task_owner_idx ON care.task USING btree (owner_account_id, due_at) WHERE (status = ANY (ARRAY['requested'::text, 'in_progress'::text, 'on_hold'::text]));
CREATE INDEX task_patient_idx ON care.task USING btree (patient_id, created_at);
CREATE INDEX task_pool_idx ON care.task USING btree (facility_id, pool, due_at);
CREATE INDEX task_questionnaire_idx ON care.task USING btree (questionnaire_id);
CREATE INDEX task_report_idx ON care.task USING btree (patient_id, clinical_report_id);
CREATE INDEX task_requester_idx ON care.task USING btree (requester_account_id, created_at);
CREATE INDEX task_service_request_idx ON care.task USING btree (patient_id, service_request_id);
CREATE INDEX task_thread_idx ON care.task USING btree (patient_id, message_thread_id);
CREATE TRIGGER task_is_in_good_hands BEFORE INSERT OR UPDATE ON care.task FOR EACH ROW WHEN (((NOT access.erasing()) AND (NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text)))) EXECUTE FUNCTION care.check_task_hands();  -- Trigger before a task is written through the portal: by whom it may be changed, and to whom it may go.
CREATE TRIGGER task_is_notified AFTER INSERT ON care.task FOR EACH ROW WHEN ((new.owner_account_id IS NOT NULL)) EXECUTE FUNCTION care.notify_of_task();  -- Trigger after a patient is asked to do something: says so to the patient.
CREATE TRIGGER task_is_stamped BEFORE INSERT OR UPDATE ON care.task FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER task_is_touched BEFORE UPDATE ON care.task FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER task_stays_under_hold BEFORE DELETE ON care.task FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
CREATE TRIGGER task_stays_what_it_is BEFORE INSERT OR UPDATE ON care.task FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.check_task();  -- Trigger before a task is written: what is over stays so, and what is to be done stays as it was; notes when it ended.
ALTER TABLE care.task FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.task FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY is_seen_with_its_subject ON care.task AS RESTRICTIVE FOR SELECT TO healthtrack_care USING (((owner_account_id = ( SELECT access.actor() AS actor)) OR (pool = ( SELECT access.part() AS part)) OR (((service_request_id IS NULL) OR (EXISTS ( SELECT FROM care.service_request r WHERE ((r.patient_id = task.patient_id) AND (r.service_request_id = task.service_request_id))))) AND ((lab_order_id IS NULL) OR (EXISTS ( SELECT FROM care.lab_order o WHERE ((o.patient_id = task.patient_id) AND (o.lab_order_id = task.lab_order_id))))) AND ((clinical_report_id IS NULL) OR (EXISTS ( SELECT FROM care.clinical_report c WHERE ((c.patient_id = task.patient_id) AND (c.clinical_report_id = task.clinical_report_id))))))));
CREATE POLICY maintenance ON care.task FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY owned ON care.task FOR SELECT TO healthtrack_care USING (((owner_account_id = ( SELECT access.actor() AS actor)) AND (( SELECT access.part() AS part) IS NOT NULL)));
CREATE POLICY owned_is_done ON care.task FOR UPDATE TO healthtrack_care USING (((owner_account_id = ( SELECT access.actor() AS actor)) AND (( SELECT access.part() AS part) IS NOT NULL)));
CREATE POLICY pooled ON care.task FOR SELECT TO healthtrack_care USING (((facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[])) AND (pool = ( SELECT access.part() AS part))));
CREATE POLICY pooled_is_done ON care.task FOR UPDATE TO healthtrack_care USING (((facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[])) AND (pool = ( SELECT access.part() AS part))));
CREATE POLICY pooled_is_made ON care.task FOR INSERT TO healthtrack_care WITH CHECK (((facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[])) AND (pool = ( SELECT access.part() AS part)) AND ((patient_id = ANY (( SELECT access.patients_at_desk() AS patients_at_desk)::uuid[])) OR (patient_id = ANY (( SELECT access.patients_billed() AS patients_billed)::uuid[])))));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.task TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.task TO healthtrack_care;

-- A conversation between a patient and whoever cares for them.
CREATE TABLE care.message_thread (
    message_thread_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- Whose.
    provider_id uuid,  -- The provider whom it is with; null where it is with all who care.
    opened_by_account_id uuid,  -- The account that began it; null where a program did.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    closed_at timestamp with time zone,  -- When it was closed; null while it is open.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    category text NOT NULL,  -- medical, medication, result, appointment or other.
    subject text NOT NULL,  -- What it is about.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT message_thread_pkey PRIMARY KEY (message_thread_id),  -- This thread is known already.
    CONSTRAINT message_thread_id_with_patient_is_unique UNIQUE (patient_id, message_thread_id),  -- This thread is known already.
    CONSTRAINT message_thread_opener_fkey FOREIGN KEY (opened_by_account_id) REFERENCES access.account(account_id),  -- Choose somebody who has an account.
    CONSTRAINT message_thread_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT message_thread_provider_fkey FOREIGN KEY (provider_id) REFERENCES care.provider(provider_id),  -- Choose one of the network's providers.
    CONSTRAINT message_thread_category_is_known CHECK ((category = ANY (ARRAY['medical'::text, 'medication'::text, 'result'::text, 'appointment'::text, 'other'::text]))),  -- Choose medical, medication, result, appointment or other.
    CONSTRAINT message_thread_subject_is_some CHECK (((subject ~ '\S'::text) AND (length(subject) <= 200)))  -- Say what the message is about, in 200 letters at most.
);
CREATE INDEX message_thread_opener_idx ON care.message_thread USING btree (opened_by_account_id, created_at);
CREATE INDEX message_thread_patient_idx ON care.message_thread USING btree (patient_id, created_at);
CREATE INDEX message_thread_provider_idx ON care.message_thread USING btree (provider_id);
CREATE TRIGGER message_thread_closes_a_task AFTER UPDATE OF closed_at ON care.message_thread FOR EACH ROW WHEN ((new.closed_at IS NOT NULL)) EXECUTE FUNCTION care.close_message_task();  -- Trigger after a thread is closed: nothing is left to answer in it.
CREATE TRIGGER message_thread_is_closed_and_nothing_else BEFORE UPDATE ON care.message_thread FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.check_thread();  -- Trigger before a thread is changed: it is closed once, and nothing else of it changes.
CREATE TRIGGER message_thread_is_not_of_a_joined_record AFTER INSERT ON care.message_thread REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER message_thread_is_stamped BEFORE INSERT OR UPDATE ON care.message_thread FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER message_thread_is_touched BEFORE UPDATE ON care.message_thread FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER message_thread_is_with_who_cares BEFORE INSERT ON care.message_thread FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.sign_thread();  -- Trigger before an account begins a thread: in its own name, with somebody who cares, and a patient so many a day.
CREATE TRIGGER message_thread_stays_under_hold BEFORE DELETE ON care.message_thread FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.message_thread FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.message_thread FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY maintenance ON care.message_thread FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.message_thread FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
CREATE POLICY proxy ON care.message_thread FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_acted_for('message'::text) AS patients_acted_for)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_acted_for('message'::text) AS patients_acted_for)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.message_thread TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE (closed_at) ON care.message_thread TO healthtrack_care;

-- What somebody wrote in a thread; never edited.
CREATE TABLE care.message (
    message_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- Whose thread it is in.
    message_thread_id uuid NOT NULL,  -- The thread.
    sender_account_id uuid NOT NULL,  -- The account that wrote it.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    sent_at timestamp with time zone DEFAULT now() NOT NULL,  -- When.
    retracted_at timestamp with time zone,  -- When its sender retracted it; null while it stands.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    body text NOT NULL,  -- The words.
    retraction_reason text,  -- Why it was retracted; null while it stands.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT message_pkey PRIMARY KEY (message_id),  -- This message is known already.
    CONSTRAINT message_id_with_patient_is_unique UNIQUE (patient_id, message_id),  -- This message is known already.
    CONSTRAINT message_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT message_sender_fkey FOREIGN KEY (sender_account_id) REFERENCES access.account(account_id),  -- Choose somebody who has an account.
    CONSTRAINT message_thread_fkey FOREIGN KEY (patient_id, message_thread_id) REFERENCES care.message_thread(patient_id, message_thread_id),  -- Choose a thread of this patient.
    CONSTRAINT message_body_is_some CHECK (((body ~ '\S'::text) AND (length(body) <= 10000))),  -- Write something, in 10,000 letters at most.
    CONSTRAINT message_is_retracted_with_a_reason CHECK ((((retracted_at IS NOT NULL) = COALESCE((retraction_reason ~ '\S'::text), false)) AND (length(retraction_reason) <= 500)))  -- Say why the message is retracted, in 500 letters at most.
);
CREATE INDEX message_sender_idx ON care.message USING btree (sender_account_id, created_at);
CREATE INDEX message_thread_idx ON care.message USING btree (patient_id, message_thread_id, sent_at);
CREATE TRIGGER message_is_its_senders BEFORE INSERT OR UPDATE ON care.message FOR EACH ROW WHEN (((NOT access.erasing()) AND (NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text)))) EXECUTE FUNCTION care.sign_message();  -- Trigger before an account writes or retracts a message: in its own name and now, and so many a day.
CREATE TRIGGER message_is_never_edited BEFORE INSERT OR UPDATE ON care.message FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.check_message();  -- Trigger before a message is written: its thread is open, and it is never edited.
CREATE TRIGGER message_is_not_of_a_joined_record AFTER INSERT ON care.message REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER message_is_notified AFTER INSERT ON care.message FOR EACH ROW EXECUTE FUNCTION care.notify_of_message();  -- Trigger after somebody writes to a patient: says so to the patient.
CREATE TRIGGER message_is_stamped BEFORE INSERT OR UPDATE ON care.message FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER message_is_touched BEFORE UPDATE ON care.message FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER message_keeps_its_task AFTER INSERT ON care.message FOR EACH ROW EXECUTE FUNCTION care.keep_message_task();  -- Trigger after a message is sent: a patient's opens a task to answer, and an answer completes it.
CREATE TRIGGER message_stays_under_hold BEFORE DELETE ON care.message FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.message FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.message FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY maintenance ON care.message FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.message FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
CREATE POLICY proxy ON care.message FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_acted_for('message'::text) AS patients_acted_for)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_acted_for('message'::text) AS patients_acted_for)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.message TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE (retracted_at, retraction_reason) ON care.message TO healthtrack_care;

-- A document that was sent with a message.
CREATE TABLE care.message_attachment (
    message_attachment_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- Whose.
    message_id uuid NOT NULL,  -- The message.
    document_id uuid NOT NULL,  -- The document.
    CONSTRAINT message_attachment_pkey PRIMARY KEY (message_attachment_id),  -- This attachment is known already.
    CONSTRAINT message_attachment_is_not_repeated UNIQUE (patient_id, message_id, document_id),  -- This document is attached already.
    CONSTRAINT message_attachment_document_fkey FOREIGN KEY (patient_id, document_id) REFERENCES care.document(patient_id, document_id),  -- Attach the document to the record first.
    CONSTRAINT message_attachment_message_fkey FOREIGN KEY (patient_id, message_id) REFERENCES care.message(patient_id, message_id)  -- Choose a message of this patient.
);
CREATE INDEX message_attachment_document_idx ON care.message_attachment USING btree (patient_id, document_id);
CREATE TRIGGER message_attachment_is_its_senders BEFORE INSERT ON care.message_attachment FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.check_attachment();  -- Trigger before an account attaches a document to a message: to the own one, in the transaction that sends it.
CREATE TRIGGER message_attachment_is_not_of_a_joined_record AFTER INSERT ON care.message_attachment REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER message_attachment_stays_under_hold BEFORE DELETE ON care.message_attachment FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.message_attachment FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.message_attachment FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY maintenance ON care.message_attachment FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.message_attachment FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
CREATE POLICY proxy ON care.message_attachment FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_acted_for('message'::text) AS patients_acted_for)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_acted_for('message'::text) AS patients_acted_for)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.message_attachment TO healthtrack_migrator;
GRANT INSERT, SELECT ON care.message_attachment TO healthtrack_care;

-- Who has read a message, and when first.
CREATE TABLE care.message_receipt (
    patient_id uuid NOT NULL,  -- Whose thread it is in.
    message_id uuid NOT NULL,  -- The message.
    account_id uuid NOT NULL,  -- The account that read it.
    read_at timestamp with time zone DEFAULT now() NOT NULL,  -- When first.
    CONSTRAINT message_receipt_pkey PRIMARY KEY (patient_id, message_id, account_id),  -- This is noted already.
    CONSTRAINT message_receipt_account_fkey FOREIGN KEY (account_id) REFERENCES access.account(account_id),  -- Choose somebody who has an account.
    CONSTRAINT message_receipt_message_fkey FOREIGN KEY (patient_id, message_id) REFERENCES care.message(patient_id, message_id)  -- Choose a message of this patient.
);
CREATE INDEX message_receipt_account_idx ON care.message_receipt USING btree (account_id, read_at);
CREATE TRIGGER message_receipt_is_not_of_a_joined_record AFTER INSERT ON care.message_receipt REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER message_receipt_is_ones_own BEFORE INSERT ON care.message_receipt FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.check_receipt();  -- Trigger before an account notes that it has read a message: for itself, and now.
CREATE TRIGGER message_receipt_stays_under_hold BEFORE DELETE ON care.message_receipt FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.message_receipt FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.message_receipt FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY maintenance ON care.message_receipt FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.message_receipt FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
CREATE POLICY proxy ON care.message_receipt FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_acted_for('message'::text) AS patients_acted_for)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_acted_for('message'::text) AS patients_acted_for)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.message_receipt TO healthtrack_migrator;
GRANT INSERT, SELECT ON care.message_receipt TO healthtrack_care;

-- A document attached to a record: what it is, and where its sealed bytes lie.
CREATE TABLE care.document (
    document_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key, to which the bytes are bound.
    patient_id uuid NOT NULL,  -- Whose.
    encounter_id uuid,  -- The visit that it is of; null where it is of none.
    supersedes_document_id uuid,  -- The document in whose place this one stands; null for a first one.
    author_account_id uuid,  -- The account that attached it; null where a program did.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    documented_at timestamp with time zone NOT NULL,  -- When it was written, as it says.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    size_bytes integer NOT NULL,  -- How large it is before it is sealed, in bytes.
    sealed_sha256 bytea NOT NULL,  -- SHA-256 of the sealed bytes: their address, wherever they lie.
    content_sha256 bytea GENERATED ALWAYS AS (
CASE place
    WHEN 'database'::text THEN sealed_sha256
    ELSE NULL::bytea
END) STORED,  -- The address in care.document_content; null where they lie elsewhere.
    type_loinc text NOT NULL,  -- What kind of document it is, by LOINC: 11488-4 is a consultation note.
    title text NOT NULL,  -- What it is called.
    media_type text NOT NULL,  -- application/pdf, application/dicom, application/xml, image/jpeg, image/png, image/tiff or text/plain.
    place text DEFAULT 'database'::text NOT NULL,  -- database, or store: outside, under the address.
    sensitivity care.sensitivity,  -- Category by which it is kept apart: behavioural_health, reproductive, substance_use or hiv; null for plain care.
    status text DEFAULT 'current'::text NOT NULL,  -- current, superseded or entered_in_error.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT document_pkey PRIMARY KEY (document_id),  -- This document is known already.
    CONSTRAINT document_id_with_patient_is_unique UNIQUE (patient_id, document_id),  -- This document is known already.
    CONSTRAINT document_is_superseded_once EXCLUDE USING btree (supersedes_document_id WITH =) WHERE ((status <> 'entered_in_error'::text)),  -- Another stands in the place of this document already: supersede the newer one.
    CONSTRAINT document_author_fkey FOREIGN KEY (author_account_id) REFERENCES access.account(account_id),  -- Choose somebody who has an account.
    CONSTRAINT document_content_fkey FOREIGN KEY (patient_id, content_sha256) REFERENCES care.document_content(patient_id, sealed_sha256),  -- Send the document's bytes first.
    CONSTRAINT document_encounter_fkey FOREIGN KEY (patient_id, encounter_id) REFERENCES care.encounter(patient_id, encounter_id),  -- Choose a visit of this patient.
    CONSTRAINT document_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT document_superseded_fkey FOREIGN KEY (patient_id, supersedes_document_id) REFERENCES care.document(patient_id, document_id),  -- Choose a document of this patient.
    CONSTRAINT document_address_is_a_sha256 CHECK ((octet_length(sealed_sha256) = 32)),  -- A document is addressed by the SHA-256 of its sealed bytes.
    CONSTRAINT document_media_type_is_known CHECK ((media_type = ANY (ARRAY['application/pdf'::text, 'application/dicom'::text, 'application/xml'::text, 'image/jpeg'::text, 'image/png'::text, 'image/tiff'::text, 'text/plain'::text]))),  -- Send a PDF, a JPEG, PNG or TIFF, DICOM, XML or plain text.
    CONSTRAINT document_place_is_known CHECK ((place = ANY (ARRAY['database'::text, 'store'::text]))),  -- Choose database or store.
    CONSTRAINT document_size_is_within_bounds CHECK (((size_bytes >= 1) AND (size_bytes <= CASE place WHEN 'database'::text THEN 10485760 ELSE 1073741824 END))),  -- A document has up to 10 MiB in the database, and up to 1 GiB elsewhere.
    CONSTRAINT document_status_is_known CHECK ((status = ANY (ARRAY['current'::text, 'superseded'::text, 'entered_in_error'::text]))),  -- Choose current, superseded or entered_in_error.
    CONSTRAINT document_title_is_some CHECK (((title ~ '\S'::text) AND (length(title) <= 200))),  -- Say what the document is called, in 200 letters at most.
    CONSTRAINT document_type_is_loinc CHECK (care.code_fits('loinc'::text, type_loinc))  -- This is no code of LOINC.
);
CREATE INDEX document_author_idx ON care.document USING btree (author_account_id, created_at);
CREATE INDEX document_content_idx ON care.document USING btree (patient_id, content_sha256);
CREATE INDEX document_encounter_idx ON care.document USING btree (patient_id, encounter_id);
CREATE INDEX document_patient_idx ON care.document USING btree (patient_id, documented_at);
CREATE TRIGGER document_is_its_authors BEFORE UPDATE ON care.document FOR EACH ROW WHEN (((NOT access.erasing()) AND (NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text)))) EXECUTE FUNCTION care.check_document_owner();  -- Trigger before a document is marked through the portal: a patient marks the own ones.
CREATE TRIGGER document_is_never_altered BEFORE INSERT OR UPDATE ON care.document FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.check_document();  -- Trigger before a document is written: it is as large as its content, supersedes a current one, and never changes.
CREATE TRIGGER document_is_not_of_a_joined_record AFTER INSERT ON care.document REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER document_is_one_of_few BEFORE INSERT ON care.document FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.count_documents();  -- Trigger before an account attaches a document: in its own name, sealed by a key of the patient, and so many a day.
CREATE TRIGGER document_is_stamped BEFORE INSERT OR UPDATE ON care.document FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER document_is_touched BEFORE UPDATE ON care.document FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER document_keeps_former_versions AFTER UPDATE ON care.document FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.keep_former_version();  -- Trigger after each update: keeps the former row in care.record_version, and refuses to move a row to another patient.
CREATE TRIGGER document_stays_under_hold BEFORE DELETE ON care.document FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.document FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.document FOR ALL TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])) AND ((sensitivity IS NULL) OR (author_account_id = ( SELECT access.actor() AS actor))))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY granted ON care.document FOR SELECT TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])) AND ((sensitivity IS NULL) OR (author_account_id = ( SELECT access.actor() AS actor)))));
CREATE POLICY maintenance ON care.document FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY opened ON care.document FOR SELECT TO healthtrack_care USING (((sensitivity IS NOT NULL) AND CASE sensitivity WHEN 'behavioural_health'::text THEN (patient_id = ANY (( SELECT access.patients_opened('behavioural_health'::text) AS patients_opened)::uuid[])) WHEN 'hiv'::text THEN (patient_id = ANY (( SELECT access.patients_opened('hiv'::text) AS patients_opened)::uuid[])) WHEN 'reproductive'::text THEN (patient_id = ANY (( SELECT access.patients_opened('reproductive'::text) AS patients_opened)::uuid[])) WHEN 'substance_use'::text THEN (patient_id = ANY (( SELECT access.patients_opened('substance_use'::text) AS patients_opened)::uuid[])) ELSE NULL::boolean END));
CREATE POLICY opened_in_care ON care.document FOR UPDATE TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])) AND (sensitivity IS NOT NULL) AND CASE sensitivity WHEN 'behavioural_health'::text THEN (patient_id = ANY (( SELECT access.patients_opened('behavioural_health'::text) AS patients_opened)::uuid[])) WHEN 'hiv'::text THEN (patient_id = ANY (( SELECT access.patients_opened('hiv'::text) AS patients_opened)::uuid[])) WHEN 'reproductive'::text THEN (patient_id = ANY (( SELECT access.patients_opened('reproductive'::text) AS patients_opened)::uuid[])) WHEN 'substance_use'::text THEN (patient_id = ANY (( SELECT access.patients_opened('substance_use'::text) AS patients_opened)::uuid[])) ELSE NULL::boolean END)) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY own ON care.document FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.document TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.document TO healthtrack_care;

-- The sealed bytes of documents that lie in the database.
CREATE TABLE care.document_content (
    patient_id uuid NOT NULL,  -- Whose.
    sealed_sha256 bytea NOT NULL,  -- SHA-256 of the sealed bytes: their address.
    body bytea NOT NULL,  -- The bytes, encrypted with the patient's data key.
    CONSTRAINT document_content_pkey PRIMARY KEY (patient_id, sealed_sha256),  -- This content is known already.
    CONSTRAINT document_content_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT document_content_has_its_address CHECK ((sealed_sha256 = sha256(body))),  -- These bytes are not those of their address: send them again.
    CONSTRAINT document_content_is_sealed CHECK ((((octet_length(body) >= 30) AND (octet_length(body) <= 10485789)) AND (substr(body, 1, 1) = '\x01'::bytea)))  -- A document is stored sealed, up to 10 MiB of it.
);
CREATE TRIGGER document_content_is_not_of_a_joined_record AFTER INSERT ON care.document_content REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER document_content_stays_under_hold BEFORE DELETE ON care.document_content FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.document_content FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.document_content FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY granted ON care.document_content FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])));
CREATE POLICY maintenance ON care.document_content FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.document_content FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.document_content TO healthtrack_migrator;
GRANT INSERT, SELECT ON care.document_content TO healthtrack_care;

-- The words of a kind of notification, which name nobody.
CREATE TABLE care.notification_template (
    template text NOT NULL,  -- Stable name.
    kind text NOT NULL,  -- What it is about: appointment, message, recall or task.
    words text NOT NULL,  -- What is sent; {reference} stands for the notification's own reference.
    CONSTRAINT notification_template_pkey PRIMARY KEY (template),  -- This template is known already.
    CONSTRAINT notification_template_is_snake_case CHECK ((template ~ '^[a-z][a-z0-9_]{1,40}$'::text)),  -- Name a template by small letters, digits and underscores.
    CONSTRAINT notification_template_kind_is_known CHECK ((kind = ANY (ARRAY['appointment'::text, 'message'::text, 'recall'::text, 'task'::text]))),  -- Choose appointment, message, recall or task.
    CONSTRAINT notification_template_names_nobody CHECK (((words ~ '\S'::text) AND (length(words) <= 300) AND (replace(words, '{reference}'::text, ''::text) !~ '[{}]'::text)))  -- A template has up to 300 letters, and no place but {reference}.
);
ALTER TABLE care.notification_template FORCE ROW LEVEL SECURITY;
CREATE POLICY everybody_reads ON care.notification_template FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.notification_template FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.notification_template TO healthtrack_migrator;
GRANT SELECT ON care.notification_template TO healthtrack_care;

-- Whether a patient wants notifications of a kind over a channel.
CREATE TABLE care.notification_preference (
    patient_id uuid NOT NULL,  -- Whose wish.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    wanted boolean NOT NULL,  -- True where they are wanted.
    channel text NOT NULL,  -- portal, email, sms or push.
    kind text NOT NULL,  -- appointment, message, recall or task.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT notification_preference_pkey PRIMARY KEY (patient_id, channel, kind),  -- This wish is known already.
    CONSTRAINT notification_preference_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT notification_preference_channel_is_known CHECK ((channel = ANY (ARRAY['portal'::text, 'email'::text, 'sms'::text, 'push'::text]))),  -- Choose portal, email, sms or push.
    CONSTRAINT notification_preference_keeps_the_portal CHECK ((wanted OR (channel <> 'portal'::text))),  -- Notifications in the portal itself stay on: turn the others off.
    CONSTRAINT notification_preference_kind_is_known CHECK ((kind = ANY (ARRAY['appointment'::text, 'message'::text, 'recall'::text, 'task'::text])))  -- Choose appointment, message, recall or task.
);
CREATE TRIGGER notification_preference_is_not_of_a_joined_record AFTER INSERT ON care.notification_preference REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER notification_preference_is_stamped BEFORE INSERT OR UPDATE ON care.notification_preference FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER notification_preference_is_touched BEFORE UPDATE ON care.notification_preference FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER notification_preference_stays_under_hold BEFORE DELETE ON care.notification_preference FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.notification_preference FORCE ROW LEVEL SECURITY;
CREATE POLICY maintenance ON care.notification_preference FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.notification_preference FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.notification_preference TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.notification_preference TO healthtrack_care;

-- When nothing is to leave for a patient, by the clock where the patient lives.
CREATE TABLE care.quiet_hours (
    patient_id uuid NOT NULL,  -- Whose.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    quiet_from time without time zone NOT NULL,  -- From when.
    quiet_until time without time zone NOT NULL,  -- Until when; over midnight where it is earlier.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT quiet_hours_pkey PRIMARY KEY (patient_id),  -- The quiet hours are set already.
    CONSTRAINT quiet_hours_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT quiet_hours_leave_some_of_the_day CHECK ((quiet_from <> quiet_until))  -- Leave some hours of the day in which you can be reached.
);
CREATE TRIGGER quiet_hours_is_not_of_a_joined_record AFTER INSERT ON care.quiet_hours REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER quiet_hours_is_stamped BEFORE INSERT OR UPDATE ON care.quiet_hours FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER quiet_hours_is_touched BEFORE UPDATE ON care.quiet_hours FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER quiet_hours_stays_under_hold BEFORE DELETE ON care.quiet_hours FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.quiet_hours FORCE ROW LEVEL SECURITY;
CREATE POLICY maintenance ON care.quiet_hours FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.quiet_hours FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.quiet_hours TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.quiet_hours TO healthtrack_care;

-- One notification to a patient over one channel, and how far it came.
CREATE TABLE care.notification (
    notification_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- To whom.
    appointment_id uuid,  -- The appointment that it is about; null where it is about something else.
    message_id uuid,  -- The message that it is about; null where it is about something else.
    task_id uuid,  -- The task that it is about; null where it is about something else.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    about_at timestamp with time zone,  -- When what it is about takes place; null where it has no time.
    next_attempt_at timestamp with time zone,  -- When it is to be tried next; null once it is over.
    sent_at timestamp with time zone,  -- When it was handed over; null before.
    delivered_at timestamp with time zone,  -- When it arrived, or was seen in the portal; null before.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    attempts smallint DEFAULT 0 NOT NULL,  -- How often it was tried.
    template text NOT NULL,  -- Its words.
    channel text NOT NULL,  -- portal, email, sms or push.
    reference text DEFAULT "left"(replace((gen_random_uuid())::text, '-'::text, ''::text), 12) NOT NULL,  -- What stands in the words for it, and tells nobody anything.
    status text DEFAULT 'queued'::text NOT NULL,  -- queued, sent, delivered, failed or cancelled.
    failure text,  -- Why it failed: no_address, refused, unreachable or too_late; null else.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    recall_id uuid,  -- The recall that it is about; null where it is about something else.
    CONSTRAINT notification_pkey PRIMARY KEY (notification_id),  -- This notification is known already.
    CONSTRAINT notification_appointment_fkey FOREIGN KEY (patient_id, appointment_id) REFERENCES care.appointment(patient_id, appointment_id),  -- Choose an appointment of this patient.
    CONSTRAINT notification_message_fkey FOREIGN KEY (patient_id, message_id) REFERENCES care.message(patient_id, message_id),  -- Choose a message of this patient.
    CONSTRAINT notification_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT notification_recall_fkey FOREIGN KEY (patient_id, recall_id) REFERENCES care.recall(patient_id, recall_id),  -- Choose a recall of this patient.
    CONSTRAINT notification_task_fkey FOREIGN KEY (patient_id, task_id) REFERENCES care.task(patient_id, task_id),  -- Choose a task of this patient.
    CONSTRAINT notification_template_fkey FOREIGN KEY (template) REFERENCES care.notification_template(template),  -- Choose one of the known templates.
    CONSTRAINT notification_attempts_are_limited CHECK (((attempts >= 0) AND (attempts <= 6))),  -- A notification is tried six times at most.
    CONSTRAINT notification_channel_is_known CHECK ((channel = ANY (ARRAY['portal'::text, 'email'::text, 'sms'::text, 'push'::text]))),  -- Choose portal, email, sms or push.
    CONSTRAINT notification_failure_is_known CHECK ((((status = 'failed'::text) = (failure IS NOT NULL)) AND (failure = ANY (ARRAY['no_address'::text, 'refused'::text, 'unreachable'::text, 'too_late'::text])))),  -- Say why it failed: no_address, refused, unreachable or too_late.
    CONSTRAINT notification_is_about_one_thing CHECK ((num_nonnulls(appointment_id, message_id, task_id, recall_id) <= 1)),  -- A notification is about one thing.
    CONSTRAINT notification_is_tried_while_queued CHECK (((status = 'queued'::text) = (next_attempt_at IS NOT NULL))),  -- A notification that is queued says when it is tried next, and no other does.
    CONSTRAINT notification_reference_tells_nothing CHECK ((reference ~ '^[0-9a-f]{12}$'::text)),  -- A reference is twelve digits made by chance.
    CONSTRAINT notification_status_is_known CHECK ((status = ANY (ARRAY['queued'::text, 'sent'::text, 'delivered'::text, 'failed'::text, 'cancelled'::text]))),  -- Choose how far the notification is.
    CONSTRAINT notification_times_fit_its_status CHECK ( CASE status WHEN 'sent'::text THEN ((sent_at IS NOT NULL) AND (delivered_at IS NULL)) WHEN 'delivered'::text THEN ((sent_at <= delivered_at) IS TRUE) ELSE (delivered_at IS NULL) END)  -- A notification arrives after it was sent.
);
CREATE INDEX notification_appointment_idx ON care.notification USING btree (patient_id, appointment_id);
CREATE INDEX notification_due_idx ON care.notification USING btree (channel, next_attempt_at) WHERE (status = 'queued'::text);
CREATE UNIQUE INDEX notification_is_not_repeated ON care.notification USING btree (patient_id, template, channel, appointment_id, message_id, task_id, recall_id, about_at) NULLS NOT DISTINCT WHERE (status <> 'cancelled'::text);
CREATE INDEX notification_message_idx ON care.notification USING btree (patient_id, message_id);
CREATE INDEX notification_patient_idx ON care.notification USING btree (patient_id, created_at);
CREATE INDEX notification_recall_idx ON care.notification USING btree (patient_id, recall_id);
CREATE INDEX notification_task_idx ON care.notification USING btree (patient_id, task_id);
CREATE INDEX notification_template_idx ON care.notification USING btree (template);
CREATE TRIGGER notification_follows_its_states BEFORE UPDATE ON care.notification FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.check_notification();  -- Trigger before a notification is changed: it follows its states, and stays what it is.
CREATE TRIGGER notification_is_stamped BEFORE INSERT OR UPDATE ON care.notification FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER notification_is_touched BEFORE UPDATE ON care.notification FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER notification_stays_under_hold BEFORE DELETE ON care.notification FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.notification FORCE ROW LEVEL SECURITY;
CREATE POLICY maintenance ON care.notification FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.notification FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.notification TO healthtrack_migrator;
GRANT SELECT ON care.notification TO healthtrack_care;

-- That a patient is to come back: when, and why.
CREATE TABLE care.recall (
    recall_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- Who.
    recorded_by uuid,  -- Provider who wants it; null where a program does.
    appointment_id uuid,  -- The appointment that was made for it; null before.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    due_on date NOT NULL,  -- When.
    ended_on date,  -- When it was done, declined or withdrawn; null before.
    programme text NOT NULL,  -- For what, as a stable word: diabetes_review, cervical_screening.
    reason text NOT NULL,  -- Why, in words.
    status text DEFAULT 'planned'::text NOT NULL,  -- planned, done, declined, withdrawn or entered_in_error.
    sensitivity care.sensitivity,  -- Category by which it is kept apart: behavioural_health, reproductive, substance_use or hiv; null for plain care.
    outcome text,  -- What came of it; null before.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT recall_pkey PRIMARY KEY (recall_id),  -- This recall is known already.
    CONSTRAINT recall_id_with_patient_is_unique UNIQUE (patient_id, recall_id),  -- This recall is known already.
    CONSTRAINT recall_of_a_programme_is_one EXCLUDE USING btree (patient_id WITH =, programme WITH =) WHERE ((status = 'planned'::text)),  -- The patient is to come back for this already: change that recall.
    CONSTRAINT recall_appointment_fkey FOREIGN KEY (patient_id, appointment_id) REFERENCES care.appointment(patient_id, appointment_id),  -- Choose an appointment of this patient.
    CONSTRAINT recall_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT recall_recorder_fkey FOREIGN KEY (recorded_by) REFERENCES care.provider(provider_id),  -- Choose one of the network's providers.
    CONSTRAINT recall_programme_is_snake_case CHECK ((programme ~ '^[a-z][a-z0-9_]{1,40}$'::text)),  -- Name what it is for by small letters, digits and underscores.
    CONSTRAINT recall_reason_is_some CHECK (((reason ~ '\S'::text) AND (length(reason) <= 500))),  -- Say why, in 500 letters at most.
    CONSTRAINT recall_says_what_came_of_it CHECK ((((status <> 'planned'::text) = COALESCE((outcome ~ '\S'::text), false)) AND ((status <> 'planned'::text) = (ended_on IS NOT NULL)) AND (length(outcome) <= 500))),  -- Say what came of it when it is over, in 500 letters at most.
    CONSTRAINT recall_status_is_known CHECK ((status = ANY (ARRAY['planned'::text, 'done'::text, 'declined'::text, 'withdrawn'::text, 'entered_in_error'::text])))  -- Choose planned, done, declined, withdrawn or entered_in_error.
);
CREATE INDEX recall_appointment_idx ON care.recall USING btree (patient_id, appointment_id);
CREATE INDEX recall_due_idx ON care.recall USING btree (due_on) WHERE (status = 'planned'::text);
CREATE INDEX recall_patient_idx ON care.recall USING btree (patient_id, due_on);
CREATE INDEX recall_recorder_idx ON care.recall USING btree (recorded_by);
CREATE TRIGGER recall_drops_its_notification AFTER UPDATE OF status, due_on ON care.recall FOR EACH ROW WHEN (((new.status <> 'planned'::text) OR (new.due_on <> old.due_on))) EXECUTE FUNCTION care.drop_recall_notification();  -- Trigger after a recall is over or put off: its notification is not sent any more.
CREATE TRIGGER recall_is_recorded_in_person BEFORE INSERT OR UPDATE OF recorded_by ON care.recall FOR EACH ROW WHEN (((NOT access.erasing()) AND (NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text)))) EXECUTE FUNCTION care.check_recorder('recorded_by');  -- Trigger before a provider records something through the portal: it bears the own name, and keeps the name that it bears.
CREATE TRIGGER recall_is_stamped BEFORE INSERT OR UPDATE ON care.recall FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER recall_is_touched BEFORE UPDATE ON care.recall FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER recall_keeps_former_versions AFTER UPDATE ON care.recall FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.keep_former_version();  -- Trigger after each update: keeps the former row in care.record_version, and refuses to move a row to another patient.
CREATE TRIGGER recall_stays_under_hold BEFORE DELETE ON care.recall FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
CREATE TRIGGER recall_that_is_over_stays_so BEFORE UPDATE ON care.recall FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.check_recall();  -- Trigger before a recall is changed: one that is over stays so, and notes when it ended.
ALTER TABLE care.recall FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.recall FOR ALL TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])) AND ((sensitivity IS NULL) OR (recorded_by = ( SELECT care.acting_provider() AS acting_provider))))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY granted ON care.recall FOR SELECT TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])) AND ((sensitivity IS NULL) OR (recorded_by = ( SELECT care.acting_provider() AS acting_provider)))));
CREATE POLICY maintenance ON care.recall FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY opened ON care.recall FOR SELECT TO healthtrack_care USING (((sensitivity IS NOT NULL) AND CASE sensitivity WHEN 'behavioural_health'::text THEN (patient_id = ANY (( SELECT access.patients_opened('behavioural_health'::text) AS patients_opened)::uuid[])) WHEN 'hiv'::text THEN (patient_id = ANY (( SELECT access.patients_opened('hiv'::text) AS patients_opened)::uuid[])) WHEN 'reproductive'::text THEN (patient_id = ANY (( SELECT access.patients_opened('reproductive'::text) AS patients_opened)::uuid[])) WHEN 'substance_use'::text THEN (patient_id = ANY (( SELECT access.patients_opened('substance_use'::text) AS patients_opened)::uuid[])) ELSE NULL::boolean END));
CREATE POLICY opened_in_care ON care.recall FOR UPDATE TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])) AND (sensitivity IS NOT NULL) AND CASE sensitivity WHEN 'behavioural_health'::text THEN (patient_id = ANY (( SELECT access.patients_opened('behavioural_health'::text) AS patients_opened)::uuid[])) WHEN 'hiv'::text THEN (patient_id = ANY (( SELECT access.patients_opened('hiv'::text) AS patients_opened)::uuid[])) WHEN 'reproductive'::text THEN (patient_id = ANY (( SELECT access.patients_opened('reproductive'::text) AS patients_opened)::uuid[])) WHEN 'substance_use'::text THEN (patient_id = ANY (( SELECT access.patients_opened('substance_use'::text) AS patients_opened)::uuid[])) ELSE NULL::boolean END)) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY own ON care.recall FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.recall TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.recall TO healthtrack_care;

-- One dose against one target by a schedule: at which age, and how long after the dose before.
CREATE TABLE care.immunization_schedule (
    immunization_schedule_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    min_age_days integer NOT NULL,  -- The youngest age at which it is given.
    max_age_days integer,  -- The oldest age at which it is still given; null where there is none.
    min_interval_days integer,  -- How long after the dose before it, at least; null for a first dose.
    dose_number smallint NOT NULL,  -- Which dose of its target.
    repeats boolean DEFAULT false NOT NULL,  -- True where it is given again and again at its interval.
    schedule text DEFAULT 'example'::text NOT NULL,  -- Which schedule.
    target text NOT NULL,  -- Against what, as a stable word.
    title text NOT NULL,  -- What it is called.
    cvx text[] NOT NULL,  -- Vaccines that count for it, by CVX; the first is what is proposed.
    counts_from_age_days integer,  -- The youngest age at which a dose of this target counts; null where every dose does. Of a target's doses, the first says it.
    CONSTRAINT immunization_schedule_pkey PRIMARY KEY (immunization_schedule_id),  -- This dose is known already.
    CONSTRAINT immunization_schedule_dose_is_one UNIQUE (schedule, target, dose_number),  -- This dose is in the schedule already.
    CONSTRAINT immunization_schedule_ages_are_ordered CHECK ((((min_age_days >= 0) AND (min_age_days <= 47482)) AND COALESCE((max_age_days > min_age_days), true))),  -- Give ages between birth and 130 years, the youngest first.
    CONSTRAINT immunization_schedule_counts_from_an_age_before_it_is_due CHECK (((counts_from_age_days >= 0) AND (counts_from_age_days <= min_age_days))),  -- A dose counts from an age that is not above the one at which it is due.
    CONSTRAINT immunization_schedule_dose_is_small CHECK (((dose_number >= 1) AND (dose_number <= 20))),  -- Number the doses of a target from 1 to 20.
    CONSTRAINT immunization_schedule_interval_fits_its_dose CHECK ((((min_interval_days IS NOT NULL) = ((dose_number > 1) OR repeats)) AND COALESCE((min_interval_days > 0), true))),  -- A later dose, or one that is repeated, says how long after the one before.
    CONSTRAINT immunization_schedule_names_a_vaccine CHECK (((cardinality(cvx) > 0) AND (array_to_string(cvx, ' '::text) ~ '^([0-9]{2,3})( [0-9]{2,3})*$'::text))),  -- Name at least one vaccine by its code of CVX.
    CONSTRAINT immunization_schedule_schedule_is_snake_case CHECK ((schedule ~ '^[a-z][a-z0-9_]{1,40}$'::text)),  -- Name a schedule by small letters, digits and underscores.
    CONSTRAINT immunization_schedule_target_is_snake_case CHECK ((target ~ '^[a-z][a-z0-9_]{1,40}$'::text)),  -- Name a target by small letters, digits and underscores.
    CONSTRAINT immunization_schedule_title_is_some CHECK ((title ~ '\S'::text))  -- Say what it is called.
);
ALTER TABLE care.immunization_schedule FORCE ROW LEVEL SECURITY;
CREATE POLICY everybody_reads ON care.immunization_schedule FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.immunization_schedule FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.immunization_schedule TO healthtrack_migrator;
GRANT SELECT ON care.immunization_schedule TO healthtrack_care;

-- The moment itself, or where it lies in a patient's quiet hours, the moment at which they end.
CREATE OR REPLACE FUNCTION care.after_quiet_hours(patient uuid, at timestamp with time zone)
 RETURNS timestamp with time zone
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT coalesce((
        SELECT CASE
            WHEN q.quiet_from < q.quiet_until AND clock.local::time >= q.quiet_from AND clock.local::time < q.quiet_until
                THEN (clock.local::date + q.quiet_until) AT TIME ZONE p.time_zone
            WHEN q.quiet_from > q.quiet_until AND clock.local::time >= q.quiet_from
                THEN (clock.local::date + 1 + q.quiet_until) AT TIME ZONE p.time_zone
            WHEN q.quiet_from > q.quiet_until AND clock.local::time < q.quiet_until
                THEN (clock.local::date + q.quiet_until) AT TIME ZONE p.time_zone END
        FROM care.quiet_hours q JOIN care.patient p USING (patient_id),
             LATERAL (SELECT at AT TIME ZONE p.time_zone AS local) AS clock
        WHERE q.patient_id = patient), at)
$function$;
REVOKE EXECUTE ON FUNCTION care.after_quiet_hours(uuid,timestamp with time zone) FROM PUBLIC;

-- Opens a task of a desk to move a visit to come, once; true where it was not open yet.
CREATE OR REPLACE FUNCTION care.ask_desk_to_move(patient uuid, facility uuid, starts_at timestamp with time zone, zone text, why text)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    -- As long as a task's title may be.
    wanted constant text := left(format('Move the visit of %s: %s', to_char(starts_at AT TIME ZONE zone, 'YYYY-MM-DD HH24:MI'), why), 200);
BEGIN
    INSERT INTO care.task (patient_id, facility_id, pool, requester_account_id, kind, title, due_at)
    SELECT patient, facility, 'front_desk', access.actor(), 'call_patient', wanted, starts_at - INTERVAL '24 hours'
    WHERE NOT EXISTS (SELECT FROM care.task t
                      WHERE t.patient_id = patient AND t.title = wanted AND t.status IN ('requested', 'in_progress', 'on_hold'));
    RETURN FOUND;
END $function$;
REVOKE EXECUTE ON FUNCTION care.ask_desk_to_move(uuid,uuid,timestamp with time zone,text,text) FROM PUBLIC;

-- Trigger before an account attaches a document to a message: to the own one, in the transaction that sends it.
CREATE OR REPLACE FUNCTION care.check_attachment()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF NOT EXISTS (SELECT FROM care.message m
                   WHERE m.patient_id = NEW.patient_id AND m.message_id = NEW.message_id
                     AND m.sender_account_id = access.actor() AND m.sent_at = now()) THEN
        PERFORM care.refuse('message_attachment_is_its_senders', 'A document is attached by who sends the message, when it is sent.');
    END IF;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.check_attachment() FROM PUBLIC;

-- Trigger at the end of a transaction: a completed request says by what, and that is done.
CREATE OR REPLACE FUNCTION care.check_completed_request()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
END $function$;
REVOKE EXECUTE ON FUNCTION care.check_completed_request() FROM PUBLIC;

-- Trigger before a document is written: it is as large as its content, supersedes a current one, and never changes.
CREATE OR REPLACE FUNCTION care.check_document()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    moves constant text[] := '{status, version, updated_at, updated_by, created_at, content_sha256}';
    stored integer;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF to_jsonb(NEW) - moves <> to_jsonb(OLD) - moves OR NEW.status <> OLD.status AND (
               OLD.status = 'entered_in_error' OR NEW.status = 'current') THEN
            PERFORM care.refuse('document_is_never_altered',
                'A document stays as it was: supersede it, or mark it as an error.');
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.place = 'database' THEN
        SELECT octet_length(c.body) INTO stored FROM care.document_content c
        WHERE c.patient_id = NEW.patient_id AND c.sealed_sha256 = NEW.sealed_sha256;
        -- One byte says the form, twelve are the nonce and sixteen the tag.
        IF stored <> NEW.size_bytes + 29 THEN
            PERFORM care.refuse('document_size_is_its_contents', 'The document is of another size than its content: send it again.');
        END IF;
    END IF;
    IF NEW.supersedes_document_id IS NOT NULL THEN
        UPDATE care.document d SET status = 'superseded'
        WHERE d.patient_id = NEW.patient_id AND d.document_id = NEW.supersedes_document_id AND d.status = 'current';
        IF NOT FOUND THEN
            PERFORM care.refuse('document_supersedes_a_current_one',
                'Only a document that is current is superseded: attach this one for itself.');
        END IF;
    END IF;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.check_document() FROM PUBLIC;

-- Trigger before a document is marked through the portal: a patient marks the own ones.
CREATE OR REPLACE FUNCTION care.check_document_owner()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF access.part() = 'patient' AND OLD.author_account_id IS DISTINCT FROM access.actor() THEN
        PERFORM care.refuse('document_is_its_authors', 'Ask who attached this document to mark it, or to send another one.');
    END IF;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.check_document_owner() FROM PUBLIC;

-- Trigger before something is noted under a request: the request is active, or was completed by something before.
CREATE OR REPLACE FUNCTION care.check_fulfilment()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
END $function$;
REVOKE EXECUTE ON FUNCTION care.check_fulfilment() FROM PUBLIC;

-- Trigger before a message is written: its thread is open, and it is never edited.
CREATE OR REPLACE FUNCTION care.check_message()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    moves constant text[] := '{retracted_at, retraction_reason, version, updated_at, updated_by, created_at}';
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF to_jsonb(NEW) - moves <> to_jsonb(OLD) - moves OR OLD.retracted_at IS NOT NULL THEN
            PERFORM care.refuse('message_is_never_edited', 'A message stays as it was sent: retract it, and write another one.');
        END IF;
    ELSE
        PERFORM FROM care.message_thread t
        WHERE t.patient_id = NEW.patient_id AND t.message_thread_id = NEW.message_thread_id AND t.closed_at IS NULL FOR SHARE;
        IF NOT FOUND AND EXISTS (SELECT FROM care.message_thread t WHERE t.patient_id = NEW.patient_id
                                 AND t.message_thread_id = NEW.message_thread_id) THEN
            PERFORM care.refuse('message_is_in_an_open_thread', 'This thread is closed: begin another one.');
        END IF;
    END IF;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.check_message() FROM PUBLIC;

-- Trigger before a notification is changed: it follows its states, and stays what it is.
CREATE OR REPLACE FUNCTION care.check_notification()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    moves constant text[] := '{status, attempts, next_attempt_at, sent_at, delivered_at, failure, version, updated_at, updated_by,
                               created_at}';
BEGIN
    IF to_jsonb(NEW) - moves <> to_jsonb(OLD) - moves OR NEW.attempts < OLD.attempts
       OR NEW.status <> ALL (CASE OLD.status WHEN 'queued' THEN '{queued, sent, delivered, failed, cancelled}'::text[]
                             WHEN 'sent' THEN '{sent, delivered, failed}' ELSE ARRAY[OLD.status] END) THEN
        PERFORM care.refuse('notification_follows_its_states',
            'A notification is queued, sent and delivered, or ends before: queue another one.');
    END IF;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.check_notification() FROM PUBLIC;

-- Trigger before a recall is changed: one that is over stays so, and notes when it ended.
CREATE OR REPLACE FUNCTION care.check_recall()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF OLD.status <> 'planned' AND NEW.status NOT IN (OLD.status, 'entered_in_error')
       OR OLD.programme <> NEW.programme OR OLD.status <> 'planned' AND OLD.due_on <> NEW.due_on THEN
        PERFORM care.refuse('recall_that_is_over_stays_so', 'This recall is over, or for something else: write another one.');
    ELSIF NEW.status <> 'planned' THEN
        NEW.ended_on := coalesce(OLD.ended_on, current_date);
    END IF;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.check_recall() FROM PUBLIC;

-- Trigger before an account notes that it has read a message: for itself, and now.
CREATE OR REPLACE FUNCTION care.check_receipt()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    NEW.account_id := access.actor();
    NEW.read_at := now();
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.check_receipt() FROM PUBLIC;

-- Trigger before a request is changed: it follows its states, and what was asked stays as it was.
CREATE OR REPLACE FUNCTION care.check_service_request()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
END $function$;
REVOKE EXECUTE ON FUNCTION care.check_service_request() FROM PUBLIC;

-- Trigger before a task is written: what is over stays so, and what is to be done stays as it was; notes when it ended.
CREATE OR REPLACE FUNCTION care.check_task()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    moves constant text[] := '{status, outcome, ended_at, owner_account_id, facility_id, pool, due_at, priority, version,
                               updated_at, updated_by, created_at}';
    ends  constant text[] := '{completed, cancelled, entered_in_error}';
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.status = ANY (ends) AND NEW.status NOT IN (OLD.status, 'entered_in_error') THEN
        PERFORM care.refuse('task_that_is_over_stays_so', 'This task is over: write another one.');
    ELSIF TG_OP = 'UPDATE' AND (to_jsonb(NEW) - moves <> to_jsonb(OLD) - moves
                                OR OLD.status = ANY (ends) AND NEW.owner_account_id IS DISTINCT FROM OLD.owner_account_id) THEN
        PERFORM care.refuse('task_stays_what_it_is', 'What is to be done stays as it was: cancel this task and write another one.');
    ELSIF NEW.status = ANY (ends) THEN
        NEW.ended_at := CASE TG_OP WHEN 'UPDATE' THEN coalesce(OLD.ended_at, now()) ELSE coalesce(NEW.ended_at, now()) END;
    END IF;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.check_task() FROM PUBLIC;

-- Trigger before a task is written through the portal: by whom it may be changed, and to whom it may go.
CREATE OR REPLACE FUNCTION care.check_task_hands()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    me constant uuid := access.actor();
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.requester_account_id := me;
        IF NEW.status <> 'requested' THEN
            PERFORM care.refuse('task_begins_as_requested', 'Write the task first, and do it then.');
        END IF;
    ELSIF OLD.owner_account_id <> me AND OLD.requester_account_id IS DISTINCT FROM me
          AND NEW.owner_account_id IS DISTINCT FROM me
          OR NEW.status = 'completed' AND OLD.status <> 'completed' AND NEW.owner_account_id IS DISTINCT FROM me THEN
        PERFORM care.refuse('task_is_its_owners', 'Take this task before you change it.');
    END IF;
    -- Who may not write for this patient is refused by the policies, and learns nothing here of who cares.
    IF NEW.owner_account_id IS NOT NULL
       AND (TG_OP = 'UPDATE' AND NEW.owner_account_id IS DISTINCT FROM OLD.owner_account_id
            OR TG_OP = 'INSERT' AND NEW.patient_id = ANY (
                access.patients_in_care() || access.patients_at_desk() || access.patients_billed()))
       AND NOT EXISTS (
           SELECT FROM access.account a
           WHERE a.account_id = NEW.owner_account_id AND a.disabled_at IS NULL AND (
               a.patient_id = NEW.patient_id OR a.part = NEW.pool AND a.facility_id = NEW.facility_id
               OR EXISTS (SELECT FROM access.care_relationship r
                          WHERE r.patient_id = NEW.patient_id AND r.provider_id = a.provider_id
                            AND r.valid_during @> clock_timestamp()))) THEN
        PERFORM care.refuse('task_owner_may_do_it',
            'Choose somebody who cares for the patient, the patient, or the desk or billers of the facility that is named.');
    END IF;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.check_task_hands() FROM PUBLIC;

-- Trigger before a thread is changed: it is closed once, and nothing else of it changes.
CREATE OR REPLACE FUNCTION care.check_thread()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    moves constant text[] := '{closed_at, version, updated_at, updated_by, created_at}';
BEGIN
    IF to_jsonb(NEW) - moves <> to_jsonb(OLD) - moves OR OLD.closed_at IS NOT NULL THEN
        PERFORM care.refuse('message_thread_is_closed_and_nothing_else', 'A thread is closed once, and stays as it was: begin another one.');
    END IF;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.check_thread() FROM PUBLIC;

-- Trigger after a thread is closed: nothing is left to answer in it.
CREATE OR REPLACE FUNCTION care.close_message_task()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    UPDATE care.task t SET status = 'cancelled', outcome = 'The thread was closed.'
    WHERE t.patient_id = NEW.patient_id AND t.message_thread_id = NEW.message_thread_id AND t.kind = 'answer_message'
      AND t.status IN ('requested', 'in_progress', 'on_hold');
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION care.close_message_task() FROM PUBLIC;

-- Trigger before an account attaches a document: in its own name, sealed by a key of the patient, and so many a day.
CREATE OR REPLACE FUNCTION care.count_documents()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    since constant timestamptz := clock_timestamp() - INTERVAL '1 day';
BEGIN
    NEW.author_account_id := access.actor();
    IF NOT EXISTS (SELECT FROM access.data_key k WHERE k.patient_id = NEW.patient_id) THEN
        PERFORM care.refuse('document_is_sealed_by_a_key', 'Keep a data key of the patient first, and seal the document with it.');
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('healthtrack.document.' || NEW.author_account_id, 0));
    IF (SELECT count(*) FROM care.document d WHERE d.author_account_id = NEW.author_account_id AND d.created_at > since)
       >= access.cap_of('documents_an_account_a_day') THEN
        PERFORM care.refuse('documents_of_an_account_are_few',
            'This account has attached many documents within a day: wait, or ask an operator.');
    END IF;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.count_documents() FROM PUBLIC;

-- Trigger after a recall is over or put off: its notification is not sent any more.
CREATE OR REPLACE FUNCTION care.drop_recall_notification()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    UPDATE care.notification n SET status = 'cancelled', next_attempt_at = NULL
    WHERE n.patient_id = NEW.patient_id AND n.recall_id = NEW.recall_id AND n.status = 'queued';
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION care.drop_recall_notification() FROM PUBLIC;

-- Vaccinations that are due for a patient on a day by a schedule: the next dose of each target, and since when.
CREATE OR REPLACE FUNCTION care.immunizations_due(patient uuid, on_day date, by_schedule text DEFAULT 'example'::text)
 RETURNS TABLE(target text, title text, dose_number smallint, cvx text, due_on date, given integer)
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    WITH dose AS (
        SELECT s.target, count(DISTINCT i.given_on)::integer AS given, max(i.given_on) AS last_on
        FROM care.immunization_schedule s
        LEFT JOIN care.immunization_schedule f
          ON f.schedule = s.schedule AND f.target = s.target AND f.dose_number = 1
        LEFT JOIN care.patient b ON b.patient_id = patient
        LEFT JOIN care.immunization i ON i.patient_id = patient AND i.status = 'completed' AND i.cvx = ANY (s.cvx)
             AND i.given_on <= on_day AND (i.given_on < lower(b.born_during) + f.counts_from_age_days) IS NOT TRUE
        WHERE s.schedule = by_schedule GROUP BY s.target
    )
    SELECT s.target, s.title, s.dose_number, s.cvx[1],
           greatest(upper(p.born_during) - 1 + s.min_age_days, CASE WHEN d.given > 0 THEN d.last_on + s.min_interval_days END), d.given
    FROM care.patient p CROSS JOIN dose d
    CROSS JOIN LATERAL (
        SELECT n.* FROM care.immunization_schedule n
        WHERE n.schedule = by_schedule AND n.target = d.target
          AND (n.dose_number = d.given + 1 OR n.repeats AND n.dose_number <= d.given)
        ORDER BY n.dose_number DESC LIMIT 1) AS s
    WHERE p.patient_id = patient AND p.deceased_at IS NULL AND p.born_during IS NOT NULL
      AND greatest(upper(p.born_during) - 1 + s.min_age_days, CASE WHEN d.given > 0 THEN d.last_on + s.min_interval_days END) <= on_day
      AND (s.max_age_days IS NULL OR lower(p.born_during) + s.max_age_days >= on_day)
    ORDER BY 5, 1
$function$;
REVOKE EXECUTE ON FUNCTION care.immunizations_due(uuid,date,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.immunizations_due(uuid,date,text) TO healthtrack_care, healthtrack_migrator;

-- Trigger after a message is sent: a patient's opens a task to answer, and an answer completes it.
CREATE OR REPLACE FUNCTION care.keep_message_task()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    thread care.message_thread;
    owner  uuid;
BEGIN
    IF (SELECT a.part FROM access.account a WHERE a.account_id = NEW.sender_account_id) <> 'patient' THEN
        UPDATE care.task t SET status = 'completed', outcome = 'Answered.', owner_account_id = NEW.sender_account_id
        WHERE t.patient_id = NEW.patient_id AND t.message_thread_id = NEW.message_thread_id AND t.kind = 'answer_message'
          AND t.status IN ('requested', 'in_progress', 'on_hold');
        RETURN NULL;
    END IF;
    SELECT * INTO thread FROM care.message_thread t
    WHERE t.patient_id = NEW.patient_id AND t.message_thread_id = NEW.message_thread_id;
    owner := CASE WHEN thread.provider_id IS NOT NULL THEN access.account_of(thread.provider_id, NULL) END;
    INSERT INTO care.task (patient_id, owner_account_id, pool, message_thread_id, kind, title, due_at)
    VALUES (NEW.patient_id, owner, CASE WHEN owner IS NULL THEN 'care_team' END, NEW.message_thread_id, 'answer_message',
            'Answer a message', NEW.sent_at + INTERVAL '2 days')
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION care.keep_message_task() FROM PUBLIC;

-- Trigger after a request begins, ends or goes to somebody else: a task for the provider or the desk that is asked, as long as it stands.
CREATE OR REPLACE FUNCTION care.keep_request_task()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    owner constant uuid := CASE WHEN NEW.performer_id IS NOT NULL THEN access.account_of(NEW.performer_id, NULL) END;
BEGIN
    UPDATE care.task t SET status = 'cancelled',
        outcome = CASE NEW.status WHEN 'completed' THEN 'The request is completed.'
                                  WHEN 'active' THEN 'The request was given to somebody else.' ELSE 'The request stands no more.' END
    WHERE t.patient_id = NEW.patient_id AND t.service_request_id = NEW.service_request_id AND t.kind = 'act_on_request'
      AND t.status IN ('requested', 'in_progress', 'on_hold') AND t.requester_account_id IS NULL
      AND (NEW.status NOT IN ('active', 'on_hold')
           OR TG_OP = 'UPDATE' AND (NEW.performer_id IS DISTINCT FROM OLD.performer_id
                                    OR NEW.facility_id IS DISTINCT FROM OLD.facility_id));
    IF NEW.status = 'active' AND num_nonnulls(owner, NEW.facility_id) > 0 AND NOT EXISTS (
        SELECT FROM care.task t
        WHERE t.patient_id = NEW.patient_id AND t.service_request_id = NEW.service_request_id AND t.kind = 'act_on_request'
          AND t.status IN ('requested', 'in_progress', 'on_hold')) THEN
        INSERT INTO care.task (patient_id, owner_account_id, facility_id, pool, service_request_id, kind, title, priority, due_at)
        VALUES (NEW.patient_id, owner, CASE WHEN owner IS NULL THEN NEW.facility_id END,
                CASE WHEN owner IS NULL THEN 'front_desk' END, NEW.service_request_id, 'act_on_request',
                CASE WHEN NEW.sensitivity IS NULL THEN left('Act on the request: ' || NEW.title, 200)
                     ELSE 'Act on a request' END, NEW.priority, now() + care.time_to_act(NEW.priority));
    END IF;
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION care.keep_request_task() FROM PUBLIC;

-- The official name of whom a task is for, told to the account that has it or may take it while it is open; no row for others.
CREATE OR REPLACE FUNCTION care.named_in_task(task uuid)
 RETURNS TABLE(family text, given text[])
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT n.family, n.given
    FROM care.task t
    JOIN care.patient_name n ON n.patient_id = t.patient_id AND n.use = 'official' AND n.preferred AND n.valid_during @> current_date
    WHERE t.task_id = task AND t.status IN ('requested', 'in_progress', 'on_hold')
      AND (t.owner_account_id = access.actor()
           OR t.owner_account_id IS NULL AND t.pool = access.part() AND t.facility_id = ANY (access.own_facilities())
           OR t.owner_account_id IS NULL AND t.pool = 'care_team' AND t.patient_id = ANY (access.patients_in_care()))
    LIMIT 1
$function$;
REVOKE EXECUTE ON FUNCTION care.named_in_task(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.named_in_task(uuid) TO healthtrack_care;

-- Notes that a notification was sent, delivered or failed, and why; whether it was still on its way.
CREATE OR REPLACE FUNCTION care.note_delivery(notification uuid, outcome text, why text DEFAULT NULL::text)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    UPDATE care.notification n SET status = outcome, failure = why, next_attempt_at = NULL,
        sent_at = CASE WHEN outcome IN ('sent', 'delivered') THEN coalesce(n.sent_at, now()) ELSE n.sent_at END,
        delivered_at = CASE outcome WHEN 'delivered' THEN now() END
    WHERE n.notification_id = notification AND n.status IN ('queued', 'sent');
    RETURN FOUND;
END $function$;
REVOKE EXECUTE ON FUNCTION care.note_delivery(uuid,text,text) FROM PUBLIC;

-- Queues a notification over the portal and each channel that the patient wants for its kind, outside of quiet hours; gives how many. The same twice is one.
CREATE OR REPLACE FUNCTION care.notify(patient uuid, template text, at timestamp with time zone, appointment uuid DEFAULT NULL::uuid, message uuid DEFAULT NULL::uuid, task uuid DEFAULT NULL::uuid, about_at timestamp with time zone DEFAULT NULL::timestamp with time zone)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    queued integer;
BEGIN
    INSERT INTO care.notification (patient_id, template, channel, next_attempt_at, appointment_id, message_id, task_id, about_at)
    SELECT patient, t.template, c.channel,
           CASE c.channel WHEN 'portal' THEN at ELSE care.after_quiet_hours(patient, at) END, appointment, message, task,
           notify.about_at
    FROM care.notification_template t
    CROSS JOIN unnest('{portal, email, sms, push}'::text[]) AS c (channel)
    LEFT JOIN care.notification_preference w ON w.patient_id = patient AND w.channel = c.channel AND w.kind = t.kind
    WHERE t.template = notify.template AND coalesce(w.wanted, c.channel = 'portal')
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS queued = ROW_COUNT;
    RETURN queued;
END $function$;
REVOKE EXECUTE ON FUNCTION care.notify(uuid,text,timestamp with time zone,uuid,uuid,uuid,timestamp with time zone) FROM PUBLIC;

-- Trigger after somebody writes to a patient: says so to the patient.
CREATE OR REPLACE FUNCTION care.notify_of_message()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF (SELECT a.part FROM access.account a WHERE a.account_id = NEW.sender_account_id) <> 'patient' THEN
        PERFORM care.notify(NEW.patient_id, 'message_waiting', now(), message => NEW.message_id);
    END IF;
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION care.notify_of_message() FROM PUBLIC;

-- Trigger after a patient is asked to do something: says so to the patient.
CREATE OR REPLACE FUNCTION care.notify_of_task()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF EXISTS (SELECT FROM access.account a WHERE a.account_id = NEW.owner_account_id AND a.patient_id = NEW.patient_id) THEN
        PERFORM care.notify(NEW.patient_id, 'task_waiting', now(), task => NEW.task_id);
    END IF;
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION care.notify_of_task() FROM PUBLIC;

-- Trigger after a report is noted under a request: a task for who requested, unless they signed it themselves.
CREATE OR REPLACE FUNCTION care.open_report_task()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    INSERT INTO care.task (patient_id, owner_account_id, pool, clinical_report_id, kind, title, priority, due_at)
    SELECT NEW.patient_id, owner, CASE WHEN owner IS NULL THEN 'care_team' END, NEW.clinical_report_id, 'review_result',
           CASE WHEN num_nonnulls(r.sensitivity, to_jsonb(c) ->> 'sensitivity') = 0
                THEN left('Read the report: ' || c.title, 200) ELSE 'Read a report' END, r.priority, now() + care.time_to_act(r.priority)
    FROM care.service_request r
    JOIN care.clinical_report c ON c.patient_id = NEW.patient_id AND c.clinical_report_id = NEW.clinical_report_id,
         LATERAL (SELECT access.account_of(r.requested_by, NULL)) AS own (owner)
    WHERE r.patient_id = NEW.patient_id AND r.service_request_id = NEW.service_request_id
      AND c.signed_by IS DISTINCT FROM r.requested_by;
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION care.open_report_task() FROM PUBLIC;

-- Queues a notification of each recall that is due within two weeks and has none; gives how many.
CREATE OR REPLACE FUNCTION care.queue_recalls()
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    queued integer;
BEGIN
    INSERT INTO care.notification (patient_id, recall_id, template, channel, next_attempt_at)
    SELECT r.patient_id, r.recall_id, t.template, c.channel,
           CASE c.channel WHEN 'portal' THEN now() ELSE care.after_quiet_hours(r.patient_id, now()) END
    FROM care.recall r JOIN care.patient p ON p.patient_id = r.patient_id AND p.deceased_at IS NULL
    CROSS JOIN care.notification_template t CROSS JOIN unnest('{portal, email, sms, push}'::text[]) AS c (channel)
    LEFT JOIN care.notification_preference w ON w.patient_id = r.patient_id AND w.channel = c.channel AND w.kind = t.kind
    WHERE r.status = 'planned' AND r.due_on <= (now() AT TIME ZONE p.time_zone)::date + 14 AND t.template = 'recall_due'
      AND coalesce(w.wanted, c.channel = 'portal')
      AND NOT EXISTS (SELECT FROM care.notification n WHERE n.patient_id = r.patient_id AND n.recall_id = r.recall_id
                        AND n.status <> 'cancelled')
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS queued = ROW_COUNT;
    RETURN queued;
END $function$;
REVOKE EXECUTE ON FUNCTION care.queue_recalls() FROM PUBLIC;

-- Notes that the acting patient has seen an own notification in the portal; whose it is, null where there is none.
CREATE OR REPLACE FUNCTION care.see_notification(notification uuid)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    whose uuid;
BEGIN
    UPDATE care.notification n SET status = 'delivered', next_attempt_at = NULL, sent_at = coalesce(n.sent_at, now()),
        delivered_at = now()
    WHERE n.notification_id = notification AND n.channel = 'portal' AND n.status IN ('queued', 'sent')
      AND n.patient_id = ANY (access.own_patients())
    RETURNING n.patient_id INTO whose;
    RETURN whose;
END $function$;
REVOKE EXECUTE ON FUNCTION care.see_notification(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.see_notification(uuid) TO healthtrack_care;

-- Trigger before an account writes or retracts a message: in its own name and now, and so many a day.
CREATE OR REPLACE FUNCTION care.sign_message()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    since constant timestamptz := clock_timestamp() - INTERVAL '1 day';
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF OLD.sender_account_id IS DISTINCT FROM access.actor() THEN
            PERFORM care.refuse('message_is_its_senders', 'Only its sender retracts a message.');
        END IF;
        NEW.retracted_at := now();
        RETURN NEW;
    END IF;
    NEW.sender_account_id := access.actor();
    NEW.sent_at := now();
    NEW.retracted_at := NULL;
    NEW.retraction_reason := NULL;
    PERFORM pg_advisory_xact_lock(hashtextextended('healthtrack.message.' || NEW.sender_account_id, 0));
    IF (SELECT count(*) FROM care.message m WHERE m.sender_account_id = NEW.sender_account_id AND m.created_at > since)
       >= access.cap_of(CASE access.part() WHEN 'patient' THEN 'messages_a_patient_a_day' ELSE 'messages_a_provider_a_day' END) THEN
        PERFORM care.refuse('messages_of_an_account_are_few',
            'You have written many messages within a day: call, or wait until tomorrow.');
    END IF;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.sign_message() FROM PUBLIC;

-- Trigger before an account begins a thread: in its own name, with somebody who cares, and a patient so many a day.
CREATE OR REPLACE FUNCTION care.sign_thread()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    since constant timestamptz := clock_timestamp() - INTERVAL '1 day';
BEGIN
    NEW.opened_by_account_id := access.actor();
    IF access.part() = 'patient' THEN
        PERFORM pg_advisory_xact_lock(hashtextextended('healthtrack.message.' || NEW.opened_by_account_id, 0));
        IF (SELECT count(*) FROM care.message_thread t
            WHERE t.opened_by_account_id = NEW.opened_by_account_id AND t.created_at > since)
           >= access.cap_of('threads_a_patient_a_day') THEN
            PERFORM care.refuse('message_threads_of_a_patient_are_few',
                'You have begun many conversations within a day: write in one of them, or call.');
        END IF;
    END IF;
    -- Who may not write for this patient is refused by the policies, and learns nothing here of who cares.
    IF NEW.provider_id IS NOT NULL AND NEW.patient_id = ANY (
            access.own_patients() || access.patients_in_care() || access.patients_acted_for('message')) AND NOT EXISTS (
        SELECT FROM access.care_relationship r
        WHERE r.patient_id = NEW.patient_id AND r.provider_id = NEW.provider_id AND r.valid_during @> clock_timestamp()) THEN
        PERFORM care.refuse('message_thread_is_with_who_cares', 'Write to somebody who cares for the patient, or to all who do.');
    END IF;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.sign_thread() FROM PUBLIC;

-- Trigger before a request becomes active in the place of another: revokes that one.
CREATE OR REPLACE FUNCTION care.supersede_service_request()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    UPDATE care.service_request r SET status = 'revoked', status_reason = 'Superseded by a newer request.'
    WHERE r.patient_id = NEW.patient_id AND r.service_request_id = NEW.supersedes_service_request_id
      AND r.status IN ('draft', 'active', 'on_hold');
    IF NOT FOUND THEN
        PERFORM care.refuse('service_request_supersedes_what_stands',
            'The request in whose place this one would stand is over already: ask anew without naming it.');
    END IF;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.supersede_service_request() FROM PUBLIC;

-- What a program that sends has to send over a channel now, with the address; each is taken by one, and tried again later unless its outcome is noted. 1,000 at most.
CREATE OR REPLACE FUNCTION care.take_notifications(over text, rows_max integer, at timestamp with time zone DEFAULT clock_timestamp())
 RETURNS TABLE(notification_id uuid, words text, address text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
#variable_conflict use_column
DECLARE
    due     care.notification;
    reached text;
BEGIN
    FOR due IN
        SELECT * FROM care.notification n
        WHERE n.channel = over AND n.status = 'queued' AND n.next_attempt_at <= at
        ORDER BY n.next_attempt_at LIMIT least(rows_max, 1000) FOR UPDATE SKIP LOCKED
    LOOP
        reached := NULL;
        IF over IN ('email', 'sms') THEN
            SELECT c.value INTO reached FROM care.contact_point c
            WHERE c.patient_id = due.patient_id AND c.valid_during @> current_date
              AND CASE over WHEN 'email' THEN c.system = 'email' ELSE c.system = 'phone' END
            ORDER BY c.preferred DESC, c.rank LIMIT 1;
        END IF;
        IF due.about_at < at THEN
            UPDATE care.notification n SET status = 'failed', failure = 'too_late', next_attempt_at = NULL
            WHERE n.notification_id = due.notification_id;
        ELSIF over IN ('email', 'sms') AND reached IS NULL THEN
            UPDATE care.notification n SET status = 'failed', failure = 'no_address', next_attempt_at = NULL
            WHERE n.notification_id = due.notification_id;
        ELSIF over <> 'portal' AND care.after_quiet_hours(due.patient_id, at) > at THEN
            UPDATE care.notification n SET next_attempt_at = care.after_quiet_hours(due.patient_id, at)
            WHERE n.notification_id = due.notification_id;
        ELSIF due.attempts >= 6 THEN
            UPDATE care.notification n SET status = 'failed', failure = 'unreachable', next_attempt_at = NULL
            WHERE n.notification_id = due.notification_id;
        ELSE
            -- 5, 10, 20, 40, 80, 160 minutes: whoever took it and died lets another try.
            UPDATE care.notification n SET attempts = n.attempts + 1,
                next_attempt_at = at + INTERVAL '5 minutes' * power(2, n.attempts)
            WHERE n.notification_id = due.notification_id;
            SELECT due.notification_id, replace(t.words, '{reference}', due.reference), reached
            INTO notification_id, words, address
            FROM care.notification_template t WHERE t.template = due.template;
            RETURN NEXT;
        END IF;
    END LOOP;
END $function$;
REVOKE EXECUTE ON FUNCTION care.take_notifications(text,integer,timestamp with time zone) FROM PUBLIC;

-- Makes a task for each of these minors for whom nobody acts as parent or guardian.
CREATE OR REPLACE FUNCTION access.seek_guardians(wards uuid[])
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    -- Of the desk that knows them; else of who cares for them.
    INSERT INTO care.task (patient_id, facility_id, pool, kind, title)
    SELECT w.patient_id, known.facility_id, CASE WHEN known.facility_id IS NULL THEN 'care_team' ELSE 'front_desk' END, 'other',
           'Find out who acts for this minor: nobody does any more'
    FROM unnest(wards) AS w (patient_id) CROSS JOIN LATERAL (SELECT coalesce(
        (SELECT f.facility_id FROM care.preferred_facility f WHERE f.patient_id = w.patient_id ORDER BY f.rank LIMIT 1),
        (SELECT a.facility_id FROM care.appointment a WHERE a.patient_id = w.patient_id ORDER BY a.during DESC LIMIT 1))) AS known (facility_id)
    WHERE NOT EXISTS (SELECT FROM access.proxy p WHERE p.patient_id = w.patient_id AND p.ended_at IS NULL
                      AND access.is_of_minors(p.kind) AND p.valid_during @> now())
$function$;
REVOKE EXECUTE ON FUNCTION access.seek_guardians(uuid[]) FROM PUBLIC;

-- Attaches a sealed document to a record, in the place of another one where that is named; gives its key.
CREATE OR REPLACE FUNCTION api.attach_document(token text, document uuid, patient uuid, encounter uuid, supersedes uuid, documented_at timestamp with time zone, type_loinc text, title text, media_type text, size_bytes integer, body bytea, sensitivity text)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    answer  uuid;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    INSERT INTO care.document_content AS c (patient_id, sealed_sha256, body)
    VALUES (patient, sha256(attach_document.body), attach_document.body);
    INSERT INTO care.document AS d (document_id, patient_id, encounter_id, supersedes_document_id, documented_at, type_loinc,
                                    title, media_type, size_bytes, sealed_sha256, author_account_id, sensitivity)
    VALUES (document, patient, encounter, supersedes, attach_document.documented_at, attach_document.type_loinc,
            attach_document.title, attach_document.media_type, attach_document.size_bytes, sha256(attach_document.body),
            me.account_id, attach_document.sensitivity)
    RETURNING d.document_id INTO answer;
    PERFORM access.note(me, 'create', patient, 'care.document/' || answer);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.attach_document(text,uuid,uuid,uuid,uuid,timestamp with time zone,text,text,text,integer,bytea,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.attach_document(text,uuid,uuid,uuid,uuid,timestamp with time zone,text,text,text,integer,bytea,text) TO healthtrack_portal;

-- Begins a thread between a patient and a provider, or all who care, with a first message and the documents sent with it; gives the thread's key.
CREATE OR REPLACE FUNCTION api.begin_thread(token text, patient uuid, provider uuid, category text, subject text, body text, documents uuid[])
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    answer  uuid;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    DECLARE
        written uuid;
    BEGIN
        INSERT INTO care.message_thread AS t (patient_id, provider_id, category, subject)
        VALUES (patient, provider, begin_thread.category, begin_thread.subject)
        RETURNING t.message_thread_id INTO answer;
        INSERT INTO care.message AS m (patient_id, message_thread_id, sender_account_id, body)
        VALUES (patient, answer, me.account_id, begin_thread.body) RETURNING m.message_id INTO written;
        INSERT INTO care.message_attachment (patient_id, message_id, document_id)
        SELECT patient, written, one FROM unnest(documents) AS one;
        PERFORM access.note(me, 'create', patient, 'care.message/' || written);
    END;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.begin_thread(text,uuid,uuid,text,text,text,uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.begin_thread(text,uuid,uuid,text,text,text,uuid[]) TO healthtrack_portal;

-- Moves a recall, names its appointment or says what came of it, where it still has the version that was read: the version that stands, and whether it is the editor's; no row where there is no such recall for whoever acts.
CREATE OR REPLACE FUNCTION api.change_recall(token text, recall uuid, known_version integer, status text, outcome text, due_on date, appointment uuid)
 RETURNS TABLE(saved boolean, version integer)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    DECLARE
        whose uuid;
    BEGIN
        UPDATE care.recall AS r SET status = change_recall.status, outcome = change_recall.outcome,
            due_on = coalesce(change_recall.due_on, r.due_on), appointment_id = coalesce(appointment, r.appointment_id)
        WHERE r.recall_id = recall AND r.version = known_version
        RETURNING r.version, r.patient_id INTO version, whose;
        saved := FOUND;
        IF saved THEN
            PERFORM access.note(me, 'update', whose, 'care.recall/' || recall);
            RETURN NEXT;
        ELSE
            RETURN QUERY SELECT false, r.version FROM care.recall r WHERE r.recall_id = recall;
        END IF;
    END;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.change_recall(text,uuid,integer,text,text,date,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.change_recall(text,uuid,integer,text,text,date,uuid) TO healthtrack_portal;

-- Moves a request to another state, or gives it to another performer, where it still has the version that the editor read: the version that stands, and whether it is the editor's; no row where there is no such request for whoever acts.
CREATE OR REPLACE FUNCTION api.change_service_request(token text, service_request uuid, known_version integer, status text, status_reason text, performer uuid, facility uuid)
 RETURNS TABLE(saved boolean, version integer)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    DECLARE
        whose uuid;
    BEGIN
        UPDATE care.service_request AS r SET status = change_service_request.status,
            status_reason = change_service_request.status_reason,
            performer_id = coalesce(performer, r.performer_id), facility_id = coalesce(facility, r.facility_id)
        WHERE r.service_request_id = service_request AND r.version = known_version
        RETURNING r.version, r.patient_id INTO version, whose;
        saved := FOUND;
        IF saved THEN
            PERFORM access.note(me, 'update', whose, 'care.service_request/' || service_request);
            RETURN NEXT;
        ELSE
            RETURN QUERY SELECT false, r.version FROM care.service_request r WHERE r.service_request_id = service_request;
        END IF;
    END;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.change_service_request(text,uuid,integer,text,text,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.change_service_request(text,uuid,integer,text,text,uuid,uuid) TO healthtrack_portal;

-- Says whether the acting patient wants notifications of a kind over a channel.
CREATE OR REPLACE FUNCTION api.choose_channel(token text, patient uuid, channel text, kind text, wanted boolean)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    answer  boolean;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    UPDATE care.notification_preference AS w SET wanted = choose_channel.wanted
    WHERE w.patient_id = patient AND w.channel = choose_channel.channel AND w.kind = choose_channel.kind;
    IF NOT FOUND THEN
        INSERT INTO care.notification_preference (patient_id, channel, kind, wanted)
        VALUES (patient, choose_channel.channel, choose_channel.kind, choose_channel.wanted);
    END IF;
    answer := choose_channel.wanted;
    PERFORM access.note(me, 'update', patient, 'care.notification_preference');
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.choose_channel(text,uuid,text,text,boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.choose_channel(text,uuid,text,text,boolean) TO healthtrack_portal;

-- Closes a thread, in which nobody writes any more; null where there is no such thread for whoever acts.
CREATE OR REPLACE FUNCTION api.close_thread(token text, message_thread uuid)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    answer  boolean;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    DECLARE
        whose uuid;
    BEGIN
        UPDATE care.message_thread AS t SET closed_at = now()
        WHERE t.message_thread_id = message_thread RETURNING t.patient_id INTO whose;
        answer := CASE WHEN FOUND THEN true END;
        IF answer THEN
            PERFORM access.note(me, 'update', whose, 'care.message_thread/' || message_thread);
        END IF;
    END;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.close_thread(text,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.close_thread(text,uuid) TO healthtrack_portal;

-- Completes or cancels a task, or puts it on hold without an outcome, where it still has the version that was read: the version that stands, and whether it is ended; no row where there is no such task for whoever acts.
CREATE OR REPLACE FUNCTION api.end_task(token text, task uuid, known_version integer, status text, outcome text)
 RETURNS TABLE(saved boolean, version integer)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    DECLARE
        whose uuid;
    BEGIN
        UPDATE care.task AS t SET status = end_task.status, outcome = end_task.outcome
        WHERE t.task_id = task AND t.version = known_version
        RETURNING t.version, t.patient_id INTO version, whose;
        saved := FOUND;
        IF saved THEN
            PERFORM access.note(me, 'update', whose, 'care.task/' || task);
            RETURN NEXT;
        ELSE
            RETURN QUERY SELECT false, t.version FROM care.task t WHERE t.task_id = task;
        END IF;
    END;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.end_task(text,uuid,integer,text,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.end_task(text,uuid,integer,text,text) TO healthtrack_portal;

-- Notes under a request what was done: one report, order, study, visit or procedure; gives the key of the note.
CREATE OR REPLACE FUNCTION api.fulfil_service_request(token text, service_request uuid, clinical_report uuid, lab_order uuid, imaging_study uuid, appointment uuid, procedure uuid)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    answer  uuid;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    DECLARE
        asked care.service_request;
    BEGIN
        SELECT * INTO asked FROM care.service_request r WHERE r.service_request_id = service_request;
        INSERT INTO care.service_request_fulfilment AS f (patient_id, service_request_id, category, clinical_report_id,
            lab_order_id, imaging_study_id, appointment_id, procedure_id)
        VALUES (asked.patient_id, service_request, asked.category, clinical_report, lab_order, imaging_study, appointment,
                procedure)
        RETURNING f.service_request_fulfilment_id INTO answer;
        PERFORM access.note(me, 'create', asked.patient_id, 'care.service_request_fulfilment/' || answer);
    END;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.fulfil_service_request(text,uuid,uuid,uuid,uuid,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.fulfil_service_request(text,uuid,uuid,uuid,uuid,uuid,uuid) TO healthtrack_portal;

-- Gives a task to a provider, or back to a pool, where it still has the version that was read: the version that stands, and whether it was given; no row where there is no such task for whoever acts.
CREATE OR REPLACE FUNCTION api.give_task(token text, task uuid, known_version integer, to_provider uuid, facility uuid, pool text)
 RETURNS TABLE(saved boolean, version integer)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    DECLARE
        whose uuid;
    BEGIN
        UPDATE care.task AS t SET owner_account_id = access.account_of(to_provider, NULL), status = 'requested',
            facility_id = CASE WHEN to_provider IS NULL THEN facility ELSE t.facility_id END,
            pool = CASE WHEN to_provider IS NULL THEN give_task.pool ELSE t.pool END
        WHERE t.task_id = task AND t.version = known_version
        RETURNING t.version, t.patient_id INTO version, whose;
        saved := FOUND;
        IF saved THEN
            PERFORM access.note(me, 'update', whose, 'care.task/' || task);
            RETURN NEXT;
        ELSE
            RETURN QUERY SELECT false, t.version FROM care.task t WHERE t.task_id = task;
        END IF;
    END;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.give_task(text,uuid,integer,uuid,uuid,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.give_task(text,uuid,integer,uuid,uuid,text) TO healthtrack_portal;

-- Marks a document as an error where it still has the version that was read: the version that stands, and whether it is marked; no row where there is no such document for whoever acts.
CREATE OR REPLACE FUNCTION api.mark_document(token text, document uuid, known_version integer)
 RETURNS TABLE(saved boolean, version integer)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    DECLARE
        whose uuid;
    BEGIN
        UPDATE care.document AS d SET status = 'entered_in_error'
        WHERE d.document_id = document AND d.version = known_version
        RETURNING d.version, d.patient_id INTO version, whose;
        saved := FOUND;
        IF saved THEN
            PERFORM access.note(me, 'update', whose, 'care.document/' || document);
            RETURN NEXT;
        ELSE
            RETURN QUERY SELECT false, d.version FROM care.document d WHERE d.document_id = document;
        END IF;
    END;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.mark_document(text,uuid,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.mark_document(text,uuid,integer) TO healthtrack_portal;

-- Notes that the account has read the messages of others in a thread up to a moment; gives how many are newly read, null where none is.
CREATE OR REPLACE FUNCTION api.note_messages_read(token text, message_thread uuid, until timestamp with time zone)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    answer  integer;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    DECLARE
        whose uuid;
    BEGIN
        SELECT t.patient_id INTO whose FROM care.message_thread t WHERE t.message_thread_id = message_thread;
        INSERT INTO care.message_receipt (patient_id, message_id, account_id)
        SELECT m.patient_id, m.message_id, me.account_id FROM care.message m
        WHERE m.patient_id = whose AND m.message_thread_id = message_thread AND m.sent_at <= note_messages_read.until
          AND m.sender_account_id <> me.account_id
          AND NOT EXISTS (SELECT FROM care.message_receipt r WHERE r.patient_id = whose AND r.message_id = m.message_id
                          AND r.account_id = me.account_id)
        ON CONFLICT DO NOTHING;
        GET DIAGNOSTICS answer = ROW_COUNT;
        answer := nullif(answer, 0);
        IF answer > 0 THEN
            PERFORM access.note(me, 'update', whose, 'care.message_thread/' || message_thread);
        END IF;
    END;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.note_messages_read(text,uuid,timestamp with time zone) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.note_messages_read(text,uuid,timestamp with time zone) TO healthtrack_portal;

-- Asks a provider, the patient or a pool to do something for a patient; gives the task's key.
CREATE OR REPLACE FUNCTION api.open_task(token text, patient uuid, kind text, title text, priority text, due_at timestamp with time zone, to_provider uuid, to_patient boolean, facility uuid, pool text, service_request uuid, lab_order uuid, clinical_report uuid, questionnaire uuid)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    answer  uuid;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    INSERT INTO care.task AS t (patient_id, kind, title, priority, due_at, owner_account_id, facility_id, pool,
                                service_request_id, lab_order_id, clinical_report_id, questionnaire_id)
    VALUES (patient, open_task.kind, open_task.title, open_task.priority, open_task.due_at,
            access.account_of(to_provider, CASE WHEN to_patient THEN patient END), facility, open_task.pool,
            service_request, lab_order, clinical_report, questionnaire)
    RETURNING t.task_id INTO answer;
    PERFORM access.note(me, 'create', patient, 'care.task/' || answer);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.open_task(text,uuid,text,text,text,timestamp with time zone,uuid,boolean,uuid,text,uuid,uuid,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.open_task(text,uuid,text,text,text,timestamp with time zone,uuid,boolean,uuid,text,uuid,uuid,uuid,uuid) TO healthtrack_portal;

-- Places the laboratory's order of a request, with its specimen, in the name of the acting provider; gives the order's key.
CREATE OR REPLACE FUNCTION api.order_lab(token text, service_request uuid, facility uuid, specimen text, note text)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    answer  uuid;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    DECLARE
        asked care.service_request;
    BEGIN
        SELECT * INTO asked FROM care.service_request r WHERE r.service_request_id = service_request;
        IF asked.category <> 'laboratory' THEN
            PERFORM access.refuse('lab_order_is_of_a_laboratory_request', 'Ask the laboratory first: this request is of another kind.');
        END IF;
        INSERT INTO care.lab_order AS o (patient_id, encounter_id, ordered_by, facility_id, loinc, title, priority, specimen,
                                         note)
        VALUES (asked.patient_id, asked.encounter_id, access.acting_provider(), coalesce(facility, asked.facility_id),
                asked.code, asked.title, asked.priority, order_lab.specimen, order_lab.note)
        RETURNING o.lab_order_id INTO answer;
        INSERT INTO care.service_request_fulfilment (patient_id, service_request_id, category, lab_order_id)
        VALUES (asked.patient_id, service_request, asked.category, answer);
        PERFORM access.note(me, 'create', asked.patient_id, 'care.lab_order/' || answer);
    END;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.order_lab(text,uuid,uuid,text,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.order_lab(text,uuid,uuid,text,text) TO healthtrack_portal;

-- Plans that a patient in care is to come back; gives the recall's key.
CREATE OR REPLACE FUNCTION api.plan_recall(token text, patient uuid, due_on date, programme text, reason text, sensitivity text)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    answer  uuid;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    INSERT INTO care.recall AS r (patient_id, recorded_by, due_on, programme, reason, sensitivity)
    VALUES (patient, access.acting_provider(), plan_recall.due_on, plan_recall.programme, plan_recall.reason,
            plan_recall.sensitivity)
    RETURNING r.recall_id INTO answer;
    PERFORM access.note(me, 'create', patient, 'care.recall/' || answer);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.plan_recall(text,uuid,date,text,text,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.plan_recall(text,uuid,date,text,text,text) TO healthtrack_portal;

-- What the acting provider is asked for by name and is not over, the oldest first, those after the last line of the page before, 500 at most.
CREATE OR REPLACE FUNCTION api.read_asked(token text, look uuid, patient uuid, after timestamp with time zone, after_request uuid, rows_max integer)
 RETURNS TABLE(service_request_id uuid, requested_at timestamp with time zone, patient_id uuid, category text, priority text, code_system text, code text, title text, reason text, status text, requested_by uuid, wanted_from date, wanted_until date)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.check_look(me, look, patient, 'asked');
    RETURN QUERY
    SELECT r.service_request_id, r.requested_at, r.patient_id, r.category, r.priority, r.code_system, r.code, r.title,
           r.reason, r.status, r.requested_by, lower(r.wanted_during), upper(r.wanted_during)
    FROM care.service_request r
    WHERE patient IS NULL AND r.performer_id = (SELECT access.acting_provider()) AND r.status IN ('active', 'on_hold')
      AND (read_asked.after IS NULL OR (r.requested_at, r.service_request_id) > (read_asked.after, after_request))
    ORDER BY r.requested_at, r.service_request_id LIMIT least(rows_max, 500);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_asked(text,uuid,uuid,timestamp with time zone,uuid,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_asked(text,uuid,uuid,timestamp with time zone,uuid,integer) TO healthtrack_portal;

-- The sealed bytes of a document, and its address; none where they lie elsewhere, and no row where it was an error.
CREATE OR REPLACE FUNCTION api.read_document(token text, look uuid, patient uuid, document uuid)
 RETURNS TABLE(media_type text, place text, sealed_sha256 bytea, body bytea)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.check_look(me, look, patient, 'documents');
    RETURN QUERY
    SELECT d.media_type, d.place, d.sealed_sha256, c.body
    FROM care.document d
    LEFT JOIN care.document_content c ON c.patient_id = patient AND c.sealed_sha256 = d.content_sha256
    WHERE d.patient_id = patient AND d.document_id = document AND d.status <> 'entered_in_error';
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_document(text,uuid,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_document(text,uuid,uuid,uuid) TO healthtrack_portal;

-- Documents of a patient without their bytes, the latest first, those before the last line of the page before, 500 at most.
CREATE OR REPLACE FUNCTION api.read_documents(token text, look uuid, patient uuid, before timestamp with time zone, before_document uuid, rows_max integer)
 RETURNS TABLE(document_id uuid, version integer, documented_at timestamp with time zone, type_loinc text, title text, media_type text, size_bytes integer, status text, place text, author text, encounter_id uuid, supersedes uuid, sensitivity text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.check_look(me, look, patient, 'documents');
    RETURN QUERY
    SELECT d.document_id, d.version, d.documented_at, d.type_loinc, d.title, d.media_type, d.size_bytes, d.status, d.place,
           access.name_of_account(d.author_account_id), d.encounter_id, d.supersedes_document_id, d.sensitivity::text
    FROM care.document d
    WHERE d.patient_id = patient AND (before IS NULL OR (d.documented_at, d.document_id) < (before, before_document))
    ORDER BY d.documented_at DESC, d.document_id DESC LIMIT least(rows_max, 500);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_documents(text,uuid,uuid,timestamp with time zone,uuid,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_documents(text,uuid,uuid,timestamp with time zone,uuid,integer) TO healthtrack_portal;

-- Tasks that the account has or may take, by when they are due, those after the last line of the page before, 500 at most.
CREATE OR REPLACE FUNCTION api.read_inbox(token text, look uuid, patient uuid, after_due timestamp with time zone, after_task uuid, rows_max integer)
 RETURNS TABLE(task_id uuid, version integer, due_at timestamp with time zone, is_own boolean, kind text, title text, priority text, status text, pool text, patient_id uuid, family text, given text[], service_request_id uuid, lab_order_id uuid, clinical_report_id uuid, questionnaire_id uuid, message_thread_id uuid)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.check_look(me, look, patient, 'inbox');
    RETURN QUERY
    SELECT t.task_id, t.version, coalesce(t.due_at, 'infinity'), t.owner_account_id IS NOT NULL, t.kind, t.title, t.priority,
           t.status, t.pool, t.patient_id, n.family, n.given, t.service_request_id, t.lab_order_id, t.clinical_report_id,
           t.questionnaire_id, t.message_thread_id
    FROM care.task t
    LEFT JOIN LATERAL care.named_in_task(t.task_id) n ON true
    WHERE patient IS NULL AND t.status IN ('requested', 'in_progress', 'on_hold')
      AND (t.owner_account_id = me.account_id
           OR t.owner_account_id IS NULL AND (t.pool = me.part OR t.pool = 'care_team' AND me.part = 'provider'))
      AND (after_due IS NULL OR (coalesce(t.due_at, 'infinity'), t.task_id) > (after_due, after_task))
    ORDER BY coalesce(t.due_at, 'infinity'), t.task_id LIMIT least(rows_max, 500);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_inbox(text,uuid,uuid,timestamp with time zone,uuid,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_inbox(text,uuid,uuid,timestamp with time zone,uuid,integer) TO healthtrack_portal;

-- Messages of a thread with who has read them, the latest first, those before the last line of the page before, 500 at most; of one that was retracted no words.
CREATE OR REPLACE FUNCTION api.read_messages(token text, look uuid, patient uuid, message_thread uuid, before timestamp with time zone, before_message uuid, rows_max integer)
 RETURNS TABLE(message_id uuid, sent_at timestamp with time zone, sender text, is_own boolean, body text, retracted_at timestamp with time zone, retraction_reason text, documents uuid[], read_by jsonb)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.check_look(me, look, patient, 'messages');
    RETURN QUERY
    SELECT m.message_id, m.sent_at, access.name_of_account(m.sender_account_id), m.sender_account_id = me.account_id,
           CASE WHEN m.retracted_at IS NULL THEN m.body END, m.retracted_at, m.retraction_reason,
           ARRAY(SELECT a.document_id FROM care.message_attachment a
                 WHERE a.patient_id = patient AND a.message_id = m.message_id AND m.retracted_at IS NULL ORDER BY 1),
           coalesce((SELECT jsonb_agg(jsonb_build_object('reader', access.name_of_account(r.account_id), 'read_at', r.read_at)
                                      ORDER BY r.read_at)
                     FROM care.message_receipt r WHERE r.patient_id = patient AND r.message_id = m.message_id), '[]')
    FROM care.message m
    WHERE m.patient_id = patient AND m.message_thread_id = message_thread
      AND (before IS NULL OR (m.sent_at, m.message_id) < (before, before_message))
    ORDER BY m.sent_at DESC, m.message_id DESC LIMIT least(rows_max, 500);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_messages(text,uuid,uuid,uuid,timestamp with time zone,uuid,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_messages(text,uuid,uuid,uuid,timestamp with time zone,uuid,integer) TO healthtrack_portal;

-- Notifications to a patient and how far each came, the latest first, those before the last line of the page before, 500 at most.
CREATE OR REPLACE FUNCTION api.read_notifications(token text, look uuid, patient uuid, before timestamp with time zone, before_notification uuid, rows_max integer)
 RETURNS TABLE(notification_id uuid, queued_at timestamp with time zone, kind text, words text, channel text, status text, about_at timestamp with time zone, delivered_at timestamp with time zone, appointment_id uuid, message_id uuid, task_id uuid)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.check_look(me, look, patient, 'notifications');
    RETURN QUERY
    SELECT n.notification_id, n.created_at, t.kind, replace(t.words, '{reference}', n.reference), n.channel, n.status,
           n.about_at, n.delivered_at, n.appointment_id, n.message_id, n.task_id
    FROM care.notification n LEFT JOIN care.notification_template t USING (template)
    WHERE n.patient_id = patient AND (before IS NULL OR (n.created_at, n.notification_id) < (before, before_notification))
    ORDER BY n.created_at DESC, n.notification_id DESC LIMIT least(rows_max, 500);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_notifications(text,uuid,uuid,timestamp with time zone,uuid,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_notifications(text,uuid,uuid,timestamp with time zone,uuid,integer) TO healthtrack_portal;

-- Recalls of a patient, the latest first, 500 at most.
CREATE OR REPLACE FUNCTION api.read_recalls(token text, look uuid, patient uuid, rows_max integer)
 RETURNS TABLE(recall_id uuid, version integer, due_on date, programme text, reason text, status text, outcome text, ended_on date, appointment_id uuid, sensitivity text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.check_look(me, look, patient, 'recalls');
    RETURN QUERY
    SELECT r.recall_id, r.version, r.due_on, r.programme, r.reason, r.status, r.outcome, r.ended_on, r.appointment_id,
           r.sensitivity::text
    FROM care.recall r WHERE r.patient_id = patient ORDER BY r.due_on DESC, r.recall_id DESC LIMIT least(rows_max, 500);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_recalls(text,uuid,uuid,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_recalls(text,uuid,uuid,integer) TO healthtrack_portal;

-- Requests for a patient and what was done for each, the latest first, those before the last line of the page before, 500 at most.
CREATE OR REPLACE FUNCTION api.read_service_requests(token text, look uuid, patient uuid, before timestamp with time zone, before_request uuid, rows_max integer)
 RETURNS TABLE(service_request_id uuid, version integer, requested_at timestamp with time zone, category text, intent text, priority text, code_system text, code text, title text, reason_code text, reason text, status text, status_reason text, requested_by uuid, performer_id uuid, facility_id uuid, specialty text, wanted_from date, wanted_until date, supersedes uuid, sensitivity text, done jsonb)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.check_look(me, look, patient, 'service_requests');
    RETURN QUERY
    SELECT r.service_request_id, r.version, r.requested_at, r.category, r.intent, r.priority, r.code_system, r.code, r.title,
           r.reason_code, r.reason, r.status, r.status_reason, r.requested_by, r.performer_id, r.facility_id, r.specialty,
           lower(r.wanted_during), upper(r.wanted_during), r.supersedes_service_request_id, r.sensitivity::text,
           coalesce((SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object('clinical_report', f.clinical_report_id,
                        'lab_order', f.lab_order_id, 'imaging_study', f.imaging_study_id,
                        'appointment', f.appointment_id, 'procedure', f.procedure_id, 'noted_at', f.created_at))
                        ORDER BY f.created_at)
                     FROM care.service_request_fulfilment f
                     WHERE f.patient_id = patient AND f.service_request_id = r.service_request_id), '[]')
    FROM care.service_request r
    WHERE r.patient_id = patient
      AND (before IS NULL OR (r.requested_at, r.service_request_id) < (before, before_request))
    ORDER BY r.requested_at DESC, r.service_request_id DESC LIMIT least(rows_max, 500);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_service_requests(text,uuid,uuid,timestamp with time zone,uuid,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_service_requests(text,uuid,uuid,timestamp with time zone,uuid,integer) TO healthtrack_portal;

-- Tasks for a patient with who has them, the latest first, those before the last line of the page before, 500 at most.
CREATE OR REPLACE FUNCTION api.read_tasks(token text, look uuid, patient uuid, before timestamp with time zone, before_task uuid, rows_max integer)
 RETURNS TABLE(task_id uuid, version integer, created_at timestamp with time zone, kind text, title text, priority text, status text, due_at timestamp with time zone, ended_at timestamp with time zone, outcome text, owner text, pool text, facility_id uuid, service_request_id uuid, lab_order_id uuid, clinical_report_id uuid, questionnaire_id uuid, message_thread_id uuid)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.check_look(me, look, patient, 'tasks');
    RETURN QUERY
    SELECT t.task_id, t.version, t.created_at, t.kind, t.title, t.priority, t.status, t.due_at, t.ended_at, t.outcome,
           access.name_of_account(t.owner_account_id), t.pool, t.facility_id, t.service_request_id, t.lab_order_id,
           t.clinical_report_id, t.questionnaire_id, t.message_thread_id
    FROM care.task t
    WHERE t.patient_id = patient AND (before IS NULL OR (t.created_at, t.task_id) < (before, before_task))
    ORDER BY t.created_at DESC, t.task_id DESC LIMIT least(rows_max, 500);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_tasks(text,uuid,uuid,timestamp with time zone,uuid,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_tasks(text,uuid,uuid,timestamp with time zone,uuid,integer) TO healthtrack_portal;

-- Threads of a patient with how many messages the account has not read, the latest first, those before the last line of the page before, 200 at most.
CREATE OR REPLACE FUNCTION api.read_threads(token text, look uuid, patient uuid, before timestamp with time zone, before_thread uuid, rows_max integer)
 RETURNS TABLE(message_thread_id uuid, began_at timestamp with time zone, category text, subject text, provider_id uuid, closed_at timestamp with time zone, messages bigint, last_sent_at timestamp with time zone, unread bigint)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.check_look(me, look, patient, 'messages');
    RETURN QUERY
    SELECT t.message_thread_id, t.created_at, t.category, t.subject, t.provider_id, t.closed_at, said.messages,
           said.last_sent_at, said.unread
    FROM care.message_thread t, LATERAL (
        SELECT count(*) AS messages, max(m.sent_at) AS last_sent_at,
               count(*) FILTER (WHERE m.sender_account_id <> me.account_id AND m.retracted_at IS NULL AND NOT EXISTS (
                   SELECT FROM care.message_receipt r WHERE r.patient_id = patient AND r.message_id = m.message_id
                      AND r.account_id = me.account_id)) AS unread
        FROM care.message m WHERE m.patient_id = patient AND m.message_thread_id = t.message_thread_id) AS said
    WHERE t.patient_id = patient AND (before IS NULL OR (t.created_at, t.message_thread_id) < (before, before_thread))
    ORDER BY t.created_at DESC, t.message_thread_id DESC LIMIT least(rows_max, 200);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_threads(text,uuid,uuid,timestamp with time zone,uuid,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_threads(text,uuid,uuid,timestamp with time zone,uuid,integer) TO healthtrack_portal;

-- Which notifications a patient wants over which channel, and when it is to be quiet.
CREATE OR REPLACE FUNCTION api.read_wishes(token text, look uuid, patient uuid)
 RETURNS TABLE(channel text, kind text, wanted boolean, quiet_from time without time zone, quiet_until time without time zone)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.check_look(me, look, patient, 'notifications');
    RETURN QUERY
    SELECT w.channel, w.kind, w.wanted, q.quiet_from, q.quiet_until
    FROM (SELECT * FROM care.notification_preference o WHERE o.patient_id = patient) AS w
    FULL JOIN (SELECT * FROM care.quiet_hours o WHERE o.patient_id = patient) AS q ON true
    ORDER BY w.channel, w.kind;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_wishes(text,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_wishes(text,uuid,uuid) TO healthtrack_portal;

-- Asks for a referral, image, laboratory test or procedure in the name of the acting provider, as a draft or at once; gives its key.
CREATE OR REPLACE FUNCTION api.request_service(token text, patient uuid, encounter uuid, category text, intent text, priority text, code_system text, code text, title text, reason_code text, reason text, performer uuid, facility uuid, specialty text, wanted_from date, wanted_until date, supersedes uuid, is_draft boolean, sensitivity text)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    answer  uuid;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    INSERT INTO care.service_request AS r (patient_id, encounter_id, requested_by, category, intent, priority, code_system,
        code, title, reason_code, reason, performer_id, facility_id, specialty, wanted_during,
        supersedes_service_request_id, status, sensitivity)
    VALUES (patient, encounter, access.acting_provider(), request_service.category, request_service.intent,
        request_service.priority, request_service.code_system, request_service.code, request_service.title,
        request_service.reason_code, request_service.reason, performer, facility, request_service.specialty,
        CASE WHEN wanted_until IS NOT NULL THEN daterange(coalesce(wanted_from, current_date), wanted_until) END,
        supersedes, CASE WHEN is_draft THEN 'draft' ELSE 'active' END, request_service.sensitivity)
    RETURNING r.service_request_id INTO answer;
    PERFORM access.note(me, 'create', patient, 'care.service_request/' || answer);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.request_service(text,uuid,uuid,text,text,text,text,text,text,text,text,uuid,uuid,text,date,date,uuid,boolean,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.request_service(text,uuid,uuid,text,text,text,text,text,text,text,text,uuid,uuid,text,date,date,uuid,boolean,text) TO healthtrack_portal;

-- Retracts an own message, with a reason; null where there is no such message for whoever acts.
CREATE OR REPLACE FUNCTION api.retract_message(token text, message uuid, reason text)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    answer  boolean;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    DECLARE
        whose uuid;
    BEGIN
        UPDATE care.message AS m SET retracted_at = now(), retraction_reason = retract_message.reason
        WHERE m.message_id = message RETURNING m.patient_id INTO whose;
        answer := CASE WHEN FOUND THEN true END;
        IF answer THEN
            PERFORM access.note(me, 'update', whose, 'care.message/' || message);
        END IF;
    END;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.retract_message(text,uuid,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.retract_message(text,uuid,text) TO healthtrack_portal;

-- Notes that the acting patient has seen a notification in the portal; null where there is none to see.
CREATE OR REPLACE FUNCTION api.see_notification(token text, notification uuid)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    answer  boolean;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    DECLARE
        whose constant uuid := care.see_notification(notification);
    BEGIN
        IF whose IS NOT NULL THEN
            answer := true;
            PERFORM access.note(me, 'update', whose, 'care.notification/' || notification);
        END IF;
    END;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.see_notification(text,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.see_notification(text,uuid) TO healthtrack_portal;

-- Sets when nothing is to leave for the acting patient, by the clock where the patient lives.
CREATE OR REPLACE FUNCTION api.set_quiet_hours(token text, patient uuid, quiet_from text, quiet_until text)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    answer  boolean;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    UPDATE care.quiet_hours AS q SET quiet_from = set_quiet_hours.quiet_from::time, quiet_until = set_quiet_hours.quiet_until::time
    WHERE q.patient_id = patient;
    IF NOT FOUND THEN
        INSERT INTO care.quiet_hours (patient_id, quiet_from, quiet_until)
        VALUES (patient, set_quiet_hours.quiet_from::time, set_quiet_hours.quiet_until::time);
    END IF;
    answer := true;
    PERFORM access.note(me, 'update', patient, 'care.quiet_hours');
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.set_quiet_hours(text,uuid,text,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.set_quiet_hours(text,uuid,text,text) TO healthtrack_portal;

-- Takes a task from a pool, or over from a colleague, and begins it, where it still has the version that was read: the version that stands, and whether it was taken; no row where there is no such task for whoever acts.
CREATE OR REPLACE FUNCTION api.take_task(token text, task uuid, known_version integer)
 RETURNS TABLE(saved boolean, version integer)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    DECLARE
        whose uuid;
    BEGIN
        UPDATE care.task AS t SET owner_account_id = me.account_id, status = 'in_progress'
        WHERE t.task_id = task AND t.version = known_version
        RETURNING t.version, t.patient_id INTO version, whose;
        saved := FOUND;
        IF saved THEN
            PERFORM access.note(me, 'update', whose, 'care.task/' || task);
            RETURN NEXT;
        ELSE
            RETURN QUERY SELECT false, t.version FROM care.task t WHERE t.task_id = task;
        END IF;
    END;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.take_task(text,uuid,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.take_task(text,uuid,integer) TO healthtrack_portal;

-- Writes a message in a thread, with the documents sent with it; gives its key.
CREATE OR REPLACE FUNCTION api.write_message(token text, message_thread uuid, body text, documents uuid[])
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    answer  uuid;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    DECLARE
        whose uuid;
    BEGIN
        SELECT t.patient_id INTO whose FROM care.message_thread t WHERE t.message_thread_id = message_thread;
        INSERT INTO care.message AS m (patient_id, message_thread_id, sender_account_id, body)
        VALUES (whose, message_thread, me.account_id, write_message.body) RETURNING m.message_id INTO answer;
        INSERT INTO care.message_attachment (patient_id, message_id, document_id)
        SELECT whose, answer, one FROM unnest(documents) AS one;
        PERFORM access.note(me, 'create', whose, 'care.message/' || answer);
    END;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.write_message(text,uuid,text,uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.write_message(text,uuid,text,uuid[]) TO healthtrack_portal;
