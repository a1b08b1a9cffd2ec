-- The clinical record and its outcomes.
--
-- Written by `healthtrack schema docs` from the database's catalog; to be read, not run. Do not edit.

-- A diagnosis or problem of a patient.
CREATE TABLE care.condition (
    condition_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- Whose.
    encounter_id uuid,  -- The visit at which it was found; null where it was brought along.
    recorded_by uuid NOT NULL,  -- Provider who wrote it down.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    onset_on date,  -- When it began; null where that is not known.
    abated_on date,  -- When it was over; null while it is not.
    code_system text NOT NULL,  -- icd10 or snomed.
    code text NOT NULL,  -- Code of that system.
    title text NOT NULL,  -- What it is called.
    clinical_status text NOT NULL,  -- active, recurrence, relapse, inactive, remission or resolved.
    verification_status text NOT NULL,  -- unconfirmed, provisional, differential, confirmed, refuted or entered_in_error.
    severity text,  -- mild, moderate or severe; null where it was not judged.
    note text,  -- More, in words.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    sensitivity care.sensitivity,  -- Category by which it is kept apart: behavioural_health, reproductive, substance_use or hiv; null for plain care.
    CONSTRAINT condition_pkey PRIMARY KEY (condition_id),  -- This condition is known already.
    CONSTRAINT condition_id_with_patient_is_unique UNIQUE (patient_id, condition_id),  -- This condition is known already.
    CONSTRAINT condition_is_listed_once EXCLUDE USING btree (patient_id WITH =, code_system WITH =, code WITH =, ( CASE WHEN (sensitivity IS NULL) THEN patient_id ELSE recorded_by END) WITH =) WHERE (((clinical_status = ANY (ARRAY['active'::text, 'recurrence'::text, 'relapse'::text])) AND (verification_status <> ALL (ARRAY['refuted'::text, 'entered_in_error'::text])))),  -- This stands in the record already: change that entry.
    CONSTRAINT condition_encounter_fkey FOREIGN KEY (patient_id, encounter_id) REFERENCES care.encounter(patient_id, encounter_id),  -- Choose a visit of this patient.
    CONSTRAINT condition_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT condition_recorder_fkey FOREIGN KEY (recorded_by) REFERENCES care.provider(provider_id),  -- Choose one of the network's providers.
    CONSTRAINT condition_abates_after_onset CHECK ((abated_on >= onset_on)),  -- A condition cannot end before it began.
    CONSTRAINT condition_clinical_status_is_known CHECK ((clinical_status = ANY (ARRAY['active'::text, 'recurrence'::text, 'relapse'::text, 'inactive'::text, 'remission'::text, 'resolved'::text]))),  -- Choose active, recurrence, relapse, inactive, remission or resolved.
    CONSTRAINT condition_code_fits_its_system CHECK (((code_system = ANY (ARRAY['icd10'::text, 'snomed'::text])) AND care.code_fits(code_system, code))),  -- This is no code of ICD-10 or SNOMED CT.
    CONSTRAINT condition_is_over_once_abated CHECK (((abated_on IS NULL) OR (clinical_status = ANY (ARRAY['inactive'::text, 'remission'::text, 'resolved'::text])))),  -- A condition that has ended is inactive, in remission or resolved.
    CONSTRAINT condition_severity_is_known CHECK ((severity = ANY (ARRAY['mild'::text, 'moderate'::text, 'severe'::text]))),  -- Choose mild, moderate or severe.
    CONSTRAINT condition_title_is_some CHECK ((title ~ '\S'::text)),  -- Say what it is called.
    CONSTRAINT condition_verification_status_is_known CHECK ((verification_status = ANY (ARRAY['unconfirmed'::text, 'provisional'::text, 'differential'::text, 'confirmed'::text, 'refuted'::text, 'entered_in_error'::text])))  -- Choose how sure the diagnosis is.
);
CREATE INDEX condition_code_idx ON care.condition USING btree (code_system, code);
CREATE INDEX condition_encounter_idx ON care.condition USING btree (patient_id, encounter_id);
CREATE INDEX condition_patient_idx ON care.condition USING btree (patient_id, clinical_status);
CREATE INDEX condition_recorder_idx ON care.condition USING btree (recorded_by) WHERE (recorded_by IS NOT NULL);
CREATE TRIGGER condition_begins_within_a_life AFTER INSERT OR UPDATE OF onset_on ON care.condition FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.check_dates_of_condition();  -- Trigger before a condition is stored: refuses a beginning before the birth or to come.
CREATE TRIGGER condition_change_is_tallied AFTER UPDATE ON care.condition FOR EACH ROW WHEN ((((((old.patient_id IS DISTINCT FROM new.patient_id) OR (old.code_system IS DISTINCT FROM new.code_system)) OR (old.code IS DISTINCT FROM new.code)) OR (old.clinical_status IS DISTINCT FROM new.clinical_status)) OR (old.verification_status IS DISTINCT FROM new.verification_status))) EXECUTE FUNCTION care.log_conditions();  -- Trigger after a condition is written: logs what has come to count of it, and what has ceased to.
CREATE TRIGGER condition_is_classified BEFORE INSERT OR UPDATE ON care.condition FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.classify(':code_system=code');  -- Trigger before a row is stored: where nobody gave it a category, the first that its arguments tell (loinc=column, :column=column with the system in a column, care.table=column for a whole that it is part of); refuses to lower one.
CREATE TRIGGER condition_is_not_of_a_joined_record AFTER INSERT ON care.condition REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER condition_is_recorded_in_person BEFORE INSERT OR UPDATE OF recorded_by ON care.condition FOR EACH ROW WHEN (((NOT access.erasing()) AND (NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text)))) EXECUTE FUNCTION care.check_recorder('recorded_by');  -- Trigger before a provider records something through the portal: it bears the own name, and keeps the name that it bears.
CREATE TRIGGER condition_is_stamped BEFORE INSERT OR UPDATE ON care.condition FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER condition_is_tallied AFTER INSERT OR DELETE ON care.condition FOR EACH ROW EXECUTE FUNCTION care.log_conditions();  -- Trigger after a condition is written: logs what has come to count of it, and what has ceased to.
CREATE TRIGGER condition_is_touched BEFORE UPDATE ON care.condition FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER condition_keeps_former_versions AFTER UPDATE ON care.condition FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.keep_former_version();  -- Trigger after each update: keeps the former row in care.record_version, and refuses to move a row to another patient.
CREATE TRIGGER condition_stays_under_hold BEFORE DELETE ON care.condition FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.condition FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.condition FOR ALL TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])) AND ((sensitivity IS NULL) OR (recorded_by = ( SELECT care.acting_provider() AS acting_provider))))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY granted ON care.condition FOR SELECT TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])) AND ((sensitivity IS NULL) OR (recorded_by = ( SELECT care.acting_provider() AS acting_provider)))));
CREATE POLICY maintenance ON care.condition FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY opened ON care.condition FOR SELECT TO healthtrack_care USING (((sensitivity IS NOT NULL) AND CASE sensitivity WHEN 'behavioural_health'::text THEN (patient_id = ANY (( SELECT access.patients_opened('behavioural_health'::text) AS patients_opened)::uuid[])) WHEN 'hiv'::text THEN (patient_id = ANY (( SELECT access.patients_opened('hiv'::text) AS patients_opened)::uuid[])) WHEN 'reproductive'::text THEN (patient_id = ANY (( SELECT access.patients_opened('reproductive'::text) AS patients_opened)::uuid[])) WHEN 'substance_use'::text THEN (patient_id = ANY (( SELECT access.patients_opened('substance_use'::text) AS patients_opened)::uuid[])) ELSE NULL::boolean END));
CREATE POLICY opened_in_care ON care.condition FOR UPDATE TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])) AND (sensitivity IS NOT NULL) AND CASE sensitivity WHEN 'behavioural_health'::text THEN (patient_id = ANY (( SELECT access.patients_opened('behavioural_health'::text) AS patients_opened)::uuid[])) WHEN 'hiv'::text THEN (patient_id = ANY (( SELECT access.patients_opened('hiv'::text) AS patients_opened)::uuid[])) WHEN 'reproductive'::text THEN (patient_id = ANY (( SELECT access.patients_opened('reproductive'::text) AS patients_opened)::uuid[])) WHEN 'substance_use'::text THEN (patient_id = ANY (( SELECT access.patients_opened('substance_use'::text) AS patients_opened)::uuid[])) ELSE NULL::boolean END)) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY own ON care.condition FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.condition TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.condition TO healthtrack_care;

-- Adherence (proportion of days covered) of a patient with a substance in a calendar year, as it was last worked out; of what has changed since tells care.adherence_change.
CREATE TABLE care.adherence_year (
    patient_id uuid NOT NULL,  -- Whose.
    fills integer NOT NULL,  -- How many fills in the year.
    first_fill_on date NOT NULL,  -- Day of the first of them.
    ends_on date NOT NULL,  -- Last day that counts: of the year, or of the patient's life.
    year smallint NOT NULL,  -- Which year.
    treatment_days smallint NOT NULL,  -- Days from the first fill to that day.
    covered_days smallint NOT NULL,  -- On how many of them there was something to take.
    ingredient text NOT NULL,  -- Which substance.
    CONSTRAINT adherence_year_pkey PRIMARY KEY (patient_id, year, ingredient),  -- This year is worked out already.
    CONSTRAINT adherence_year_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id) ON DELETE CASCADE,  -- Register the patient first.
    CONSTRAINT adherence_year_covers_days_of_treatment CHECK (((covered_days >= 0) AND (covered_days <= treatment_days)))  -- No more days are covered than are treated.
);
CREATE TRIGGER adherence_year_stays_under_hold BEFORE DELETE ON care.adherence_year FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.adherence_year FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.adherence_year FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY granted ON care.adherence_year FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])));
CREATE POLICY maintenance ON care.adherence_year FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.adherence_year FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.adherence_year TO healthtrack_migrator;
GRANT SELECT ON care.adherence_year TO healthtrack_care;

-- Patients and years whose adherence is not kept: since something has changed, or since not everybody may read all of it.
CREATE TABLE care.adherence_change (
    patient_id uuid NOT NULL,  -- Whose.
    adherence_change_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,  -- Key.
    year smallint,  -- Which year; null for all.
    stays boolean DEFAULT false NOT NULL,  -- True where it is never kept, since some of it is sensitive; false where it waits to be worked out.
    CONSTRAINT adherence_change_pkey PRIMARY KEY (adherence_change_id),  -- This change is known already.
    CONSTRAINT adherence_change_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id) ON DELETE CASCADE  -- Register the patient first.
);
CREATE INDEX adherence_change_open_idx ON care.adherence_change USING btree (adherence_change_id) WHERE (NOT stays);
CREATE INDEX adherence_change_patient_idx ON care.adherence_change USING btree (patient_id, year);
CREATE TRIGGER adherence_change_stays_under_hold BEFORE DELETE ON care.adherence_change FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.adherence_change FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.adherence_change FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY granted ON care.adherence_change FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])));
CREATE POLICY maintenance ON care.adherence_change FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.adherence_change FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.adherence_change TO healthtrack_migrator;
GRANT SELECT ON care.adherence_change TO healthtrack_care;

-- Living people with a confirmed condition that lasts, by code, age and sex, as it was last brought up to date: with the two logs, what counting gives.
CREATE TABLE care.condition_tally (
    people bigint NOT NULL,  -- How many.
    banded_on date NOT NULL,  -- The day of whose ages the bands are; the same in all rows.
    code_system text NOT NULL,  -- Terminology of the code.
    code text NOT NULL,  -- Code of the condition.
    age_band text NOT NULL,  -- Age on that day, as a band.
    sex text NOT NULL,  -- Administrative gender.
    CONSTRAINT condition_tally_pkey PRIMARY KEY (code_system, code, age_band, sex)  -- This group is counted already.
);
ALTER TABLE care.condition_tally FORCE ROW LEVEL SECURITY;
CREATE POLICY maintenance ON care.condition_tally FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.condition_tally TO healthtrack_migrator;

-- Conditions that have come to count, or ceased to, since the tally was brought up to date.
CREATE TABLE care.condition_change (
    patient_id uuid NOT NULL,  -- Whose.
    condition_change_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,  -- Key.
    added smallint NOT NULL,  -- 1 where it has come to count, -1 where it has ceased to.
    code_system text NOT NULL,  -- Terminology of the code.
    code text NOT NULL,  -- Code of the condition.
    CONSTRAINT condition_change_pkey PRIMARY KEY (condition_change_id),  -- This change is known already.
    CONSTRAINT condition_change_adds_or_takes_one CHECK ((added = ANY (ARRAY['-1'::integer, 1])))  -- A change adds one condition or takes one away.
);
CREATE INDEX condition_change_patient_idx ON care.condition_change USING btree (patient_id);
CREATE TRIGGER condition_change_stays_under_hold BEFORE DELETE ON care.condition_change FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.condition_change FORCE ROW LEVEL SECURITY;
CREATE POLICY maintenance ON care.condition_change FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.condition_change TO healthtrack_migrator;

-- Who has been changed since the tallies were brought up to date, and what stood there before.
CREATE TABLE care.person_change (
    patient_id uuid NOT NULL,  -- Who.
    person_change_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,  -- Key; of one person, in the order of the changes.
    born_during daterange,  -- Days on which the birth may have been, before the change; null where nothing was known.
    lived boolean NOT NULL,  -- Whether no death was recorded before the change.
    sex text NOT NULL,  -- Administrative gender before the change.
    CONSTRAINT person_change_pkey PRIMARY KEY (person_change_id)  -- This change is known already.
);
CREATE INDEX person_change_patient_idx ON care.person_change USING btree (patient_id, person_change_id);
CREATE TRIGGER person_change_stays_under_hold BEFORE DELETE ON care.person_change FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.person_change FORCE ROW LEVEL SECURITY;
CREATE POLICY maintenance ON care.person_change FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.person_change TO healthtrack_migrator;

-- A surgery or treatment that was done, or is to be done.
CREATE TABLE care.procedure (
    procedure_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- Whose.
    encounter_id uuid,  -- The visit at which it was done; null where it was done elsewhere.
    facility_id uuid,  -- Where; null outside of the network.
    performer_id uuid,  -- Provider who did it; null outside of the network.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    performed_during tstzrange,  -- When; null until it is done, no upper bound while it goes on.
    kind text NOT NULL,  -- surgery, treatment, therapy or diagnostic.
    code text NOT NULL,  -- What, by SNOMED CT.
    title text NOT NULL,  -- What it is called.
    status text NOT NULL,  -- preparation, in_progress, completed, stopped, not_done or entered_in_error.
    reason text,  -- Why it was done, or why not.
    outcome text,  -- How it went, in words.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    sensitivity care.sensitivity,  -- Category by which it is kept apart: behavioural_health, reproductive, substance_use or hiv; null for plain care.
    CONSTRAINT procedure_pkey PRIMARY KEY (procedure_id),  -- This procedure is known already.
    CONSTRAINT procedure_id_with_patient_is_unique UNIQUE (patient_id, procedure_id),  -- This procedure is known already.
    CONSTRAINT procedure_encounter_fkey FOREIGN KEY (patient_id, encounter_id) REFERENCES care.encounter(patient_id, encounter_id),  -- Choose a visit of this patient.
    CONSTRAINT procedure_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility(facility_id),  -- Choose one of the network's facilities.
    CONSTRAINT procedure_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT procedure_performer_fkey FOREIGN KEY (performer_id) REFERENCES care.provider(provider_id),  -- Choose one of the network's providers.
    CONSTRAINT procedure_code_is_snomed CHECK (care.code_fits('snomed'::text, code)),  -- This is no code of SNOMED CT.
    CONSTRAINT procedure_has_a_time_once_begun CHECK (((status <> ALL (ARRAY['in_progress'::text, 'completed'::text, 'stopped'::text])) OR (performed_during IS NOT NULL))),  -- Say when it was done.
    CONSTRAINT procedure_is_over_once_completed CHECK (((status <> 'completed'::text) OR (upper(performed_during) IS NOT NULL))),  -- A completed procedure has an end.
    CONSTRAINT procedure_kind_is_known CHECK ((kind = ANY (ARRAY['surgery'::text, 'treatment'::text, 'therapy'::text, 'diagnostic'::text]))),  -- Choose surgery, treatment, therapy or diagnostic.
    CONSTRAINT procedure_not_done_says_why CHECK (((status <> 'not_done'::text) OR COALESCE((reason ~ '\S'::text), false))),  -- Say why it was not done.
    CONSTRAINT procedure_period_is_half_open CHECK (((performed_during IS NULL) OR ((NOT isempty(performed_during)) AND (lower(performed_during) IS NOT NULL) AND lower_inc(performed_during) AND (NOT upper_inc(performed_during))))),  -- A procedure has a beginning, and ends after it.
    CONSTRAINT procedure_status_is_known CHECK ((status = ANY (ARRAY['preparation'::text, 'in_progress'::text, 'completed'::text, 'stopped'::text, 'not_done'::text, 'entered_in_error'::text]))),  -- Choose how far it is.
    CONSTRAINT procedure_title_is_some CHECK ((title ~ '\S'::text))  -- Say what it is called.
);
CREATE INDEX procedure_encounter_idx ON care.procedure USING btree (patient_id, encounter_id);
CREATE INDEX procedure_facility_idx ON care.procedure USING btree (facility_id) WHERE (facility_id IS NOT NULL);
CREATE INDEX procedure_patient_idx ON care.procedure USING btree (patient_id, lower(performed_during));
CREATE INDEX procedure_performer_idx ON care.procedure USING btree (performer_id) WHERE (performer_id IS NOT NULL);
CREATE TRIGGER procedure_is_classified BEFORE INSERT OR UPDATE ON care.procedure FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.classify('snomed=code');  -- Trigger before a row is stored: where nobody gave it a category, the first that its arguments tell (loinc=column, :column=column with the system in a column, care.table=column for a whole that it is part of); refuses to lower one.
CREATE TRIGGER procedure_is_not_of_a_joined_record AFTER INSERT ON care.procedure REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER procedure_is_stamped BEFORE INSERT OR UPDATE ON care.procedure FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER procedure_is_touched BEFORE UPDATE ON care.procedure FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER procedure_keeps_former_versions AFTER UPDATE ON care.procedure FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.keep_former_version();  -- Trigger after each update: keeps the former row in care.record_version, and refuses to move a row to another patient.
CREATE TRIGGER procedure_stays_under_hold BEFORE DELETE ON care.procedure FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.procedure FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.procedure FOR ALL TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])) AND ((sensitivity IS NULL) OR ((performer_id = ( SELECT care.acting_provider() AS acting_provider)) OR (updated_by = (( SELECT access.actor() AS actor))::text))))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY granted ON care.procedure FOR SELECT TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])) AND ((sensitivity IS NULL) OR ((performer_id = ( SELECT care.acting_provider() AS acting_provider)) OR (updated_by = (( SELECT access.actor() AS actor))::text)))));
CREATE POLICY maintenance ON care.procedure FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY opened ON care.procedure FOR SELECT TO healthtrack_care USING (((sensitivity IS NOT NULL) AND CASE sensitivity WHEN 'behavioural_health'::text THEN (patient_id = ANY (( SELECT access.patients_opened('behavioural_health'::text) AS patients_opened)::uuid[])) WHEN 'hiv'::text THEN (patient_id = ANY (( SELECT access.patients_opened('hiv'::text) AS patients_opened)::uuid[])) WHEN 'reproductive'::text THEN (patient_id = ANY (( SELECT access.patients_opened('reproductive'::text) AS patients_opened)::uuid[])) WHEN 'substance_use'::text THEN (patient_id = ANY (( SELECT access.patients_opened('substance_use'::text) AS patients_opened)::uuid[])) ELSE NULL::boolean END));
CREATE POLICY opened_in_care ON care.procedure FOR UPDATE TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])) AND (sensitivity IS NOT NULL) AND CASE sensitivity WHEN 'behavioural_health'::text THEN (patient_id = ANY (( SELECT access.patients_opened('behavioural_health'::text) AS patients_opened)::uuid[])) WHEN 'hiv'::text THEN (patient_id = ANY (( SELECT access.patients_opened('hiv'::text) AS patients_opened)::uuid[])) WHEN 'reproductive'::text THEN (patient_id = ANY (( SELECT access.patients_opened('reproductive'::text) AS patients_opened)::uuid[])) WHEN 'substance_use'::text THEN (patient_id = ANY (( SELECT access.patients_opened('substance_use'::text) AS patients_opened)::uuid[])) ELSE NULL::boolean END)) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY own ON care.procedure FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.procedure TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.procedure TO healthtrack_care;

-- A drug as it is prescribed: substance, form and strength.
CREATE TABLE care.medication (
    medication_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    strength numeric(12,4),  -- How much of the substance a unit holds; null for several substances.
    code_system text NOT NULL,  -- rxnorm or atc.
    code text NOT NULL,  -- Code of that system.
    name text NOT NULL,  -- What it is called.
    ingredient text NOT NULL,  -- Its substance in lower case; what makes two fills the same drug.
    form text NOT NULL,  -- tablet, capsule, solution, injection, inhaler, cream, patch, drops, spray, suppository or other.
    strength_unit care.ucum_unit,  -- Unit of the strength.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    sensitivity care.sensitivity,  -- What whatever is taken of it gets: behavioural_health, reproductive, substance_use or hiv; null for plain care.
    CONSTRAINT medication_pkey PRIMARY KEY (medication_id),  -- This medication is known already.
    CONSTRAINT medication_is_listed_once UNIQUE (code_system, code, name),  -- This drug is in the list already.
    CONSTRAINT medication_code_fits_its_system CHECK (((code_system = ANY (ARRAY['rxnorm'::text, 'atc'::text])) AND care.code_fits(code_system, code))),  -- This is no code of RxNorm or ATC.
    CONSTRAINT medication_form_is_known CHECK ((form = ANY (ARRAY['tablet'::text, 'capsule'::text, 'solution'::text, 'injection'::text, 'inhaler'::text, 'cream'::text, 'patch'::text, 'drops'::text, 'spray'::text, 'suppository'::text, 'other'::text]))),  -- Choose the form that it comes in.
    CONSTRAINT medication_ingredient_is_in_lower_case CHECK (((ingredient ~ '\S'::text) AND (ingredient = lower(ingredient)))),  -- Write the substance in lower case.
    CONSTRAINT medication_name_is_some CHECK ((name ~ '\S'::text)),  -- Say what it is called.
    CONSTRAINT medication_strength_has_a_unit CHECK ((((strength IS NULL) = (strength_unit IS NULL)) AND ((strength > (0)::numeric) IS NOT FALSE)))  -- A strength is above zero and has a unit.
);
CREATE INDEX medication_ingredient_idx ON care.medication USING btree (ingredient);
CREATE TRIGGER medication_is_classified BEFORE INSERT OR UPDATE ON care.medication FOR EACH ROW EXECUTE FUNCTION care.classify(':code_system=code', 'ingredient=ingredient');  -- Trigger before a row is stored: where nobody gave it a category, the first that its arguments tell (loinc=column, :column=column with the system in a column, care.table=column for a whole that it is part of); refuses to lower one.
CREATE TRIGGER medication_is_stamped BEFORE INSERT OR UPDATE ON care.medication FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER medication_is_touched BEFORE UPDATE ON care.medication FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER medication_substance_is_counted AFTER UPDATE ON care.medication REFERENCING OLD TABLE AS former NEW TABLE AS renamed FOR EACH STATEMENT EXECUTE FUNCTION care.rename_substance();  -- Trigger after medications got another substance: adherence is worked out anew, and nobody folds until this is committed.
ALTER TABLE care.medication FORCE ROW LEVEL SECURITY;
CREATE POLICY administrator ON care.medication FOR ALL TO healthtrack_care USING ((( SELECT access.part() AS part) = 'network_admin'::text)) WITH CHECK ((( SELECT access.part() AS part) = 'network_admin'::text));
CREATE POLICY everybody_reads ON care.medication FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.medication FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.medication TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.medication TO healthtrack_care;

-- A drug that a patient takes or took, whoever prescribed it.
CREATE TABLE care.medication_statement (
    medication_statement_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- Whose.
    medication_id uuid NOT NULL,  -- What.
    recorded_by uuid,  -- Provider who wrote it down; null where the patient did.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    taken_during daterange NOT NULL,  -- When; unbounded where that is not known, or while it goes on.
    source text NOT NULL,  -- patient or provider.
    status text NOT NULL,  -- active, completed, stopped, on_hold or entered_in_error.
    dosage text,  -- How, in words.
    reason text,  -- Why, in words.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    sensitivity care.sensitivity,  -- Category by which it is kept apart: behavioural_health, reproductive, substance_use or hiv; null for plain care.
    CONSTRAINT medication_statement_pkey PRIMARY KEY (medication_statement_id),  -- This medication statement is known already.
    CONSTRAINT medication_statement_id_with_patient_is_unique UNIQUE (patient_id, medication_statement_id),  -- This statement is known already.
    CONSTRAINT medication_statement_is_listed_once EXCLUDE USING gist (patient_id WITH =, medication_id WITH =, source WITH =, taken_during WITH &&, ( CASE WHEN ((sensitivity IS NULL) OR (recorded_by IS NULL)) THEN patient_id ELSE recorded_by END) WITH =) WHERE ((status = ANY (ARRAY['active'::text, 'on_hold'::text]))),  -- This stands in the record for that time already.
    CONSTRAINT medication_statement_medication_fkey FOREIGN KEY (medication_id) REFERENCES care.medication(medication_id),  -- Choose a drug of the list.
    CONSTRAINT medication_statement_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT medication_statement_recorder_fkey FOREIGN KEY (recorded_by) REFERENCES care.provider(provider_id),  -- Choose one of the network's providers.
    CONSTRAINT medication_statement_is_over_once_ended CHECK (((status <> ALL (ARRAY['completed'::text, 'stopped'::text])) OR (upper(taken_during) IS NOT NULL))),  -- Say when it ended.
    CONSTRAINT medication_statement_period_is_some CHECK ((NOT isempty(taken_during))),  -- A period ends after it began.
    CONSTRAINT medication_statement_provider_says_who CHECK (((source = 'provider'::text) = (recorded_by IS NOT NULL))),  -- Say which provider wrote it down.
    CONSTRAINT medication_statement_source_is_known CHECK ((source = ANY (ARRAY['patient'::text, 'provider'::text]))),  -- Choose patient or provider.
    CONSTRAINT medication_statement_status_is_known CHECK ((status = ANY (ARRAY['active'::text, 'completed'::text, 'stopped'::text, 'on_hold'::text, 'entered_in_error'::text])))  -- Choose how it stands.
);
CREATE INDEX medication_statement_medication_idx ON care.medication_statement USING btree (medication_id) WHERE (medication_id IS NOT NULL);
CREATE INDEX medication_statement_patient_idx ON care.medication_statement USING btree (patient_id);
CREATE INDEX medication_statement_recorder_idx ON care.medication_statement USING btree (recorded_by) WHERE (recorded_by IS NOT NULL);
CREATE TRIGGER medication_statement_is_classified BEFORE INSERT OR UPDATE ON care.medication_statement FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.classify('care.medication=medication_id');  -- Trigger before a row is stored: where nobody gave it a category, the first that its arguments tell (loinc=column, :column=column with the system in a column, care.table=column for a whole that it is part of); refuses to lower one.
CREATE TRIGGER medication_statement_is_not_of_a_joined_record AFTER INSERT ON care.medication_statement REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER medication_statement_is_recorded_in_person BEFORE INSERT OR UPDATE OF recorded_by ON care.medication_statement FOR EACH ROW WHEN (((NOT access.erasing()) AND (NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text)))) EXECUTE FUNCTION care.check_recorder('recorded_by');  -- Trigger before a provider records something through the portal: it bears the own name, and keeps the name that it bears.
CREATE TRIGGER medication_statement_is_stamped BEFORE INSERT OR UPDATE ON care.medication_statement FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER medication_statement_is_touched BEFORE UPDATE ON care.medication_statement FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER medication_statement_keeps_former_versions AFTER UPDATE ON care.medication_statement FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.keep_former_version();  -- Trigger after each update: keeps the former row in care.record_version, and refuses to move a row to another patient.
CREATE TRIGGER medication_statement_stays_under_hold BEFORE DELETE ON care.medication_statement FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.medication_statement FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.medication_statement FOR ALL TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])) AND ((sensitivity IS NULL) OR (recorded_by = ( SELECT care.acting_provider() AS acting_provider))))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY granted ON care.medication_statement FOR SELECT TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])) AND ((sensitivity IS NULL) OR (recorded_by = ( SELECT care.acting_provider() AS acting_provider)))));
CREATE POLICY maintenance ON care.medication_statement FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY opened ON care.medication_statement FOR SELECT TO healthtrack_care USING (((sensitivity IS NOT NULL) AND CASE sensitivity WHEN 'behavioural_health'::text THEN (patient_id = ANY (( SELECT access.patients_opened('behavioural_health'::text) AS patients_opened)::uuid[])) WHEN 'hiv'::text THEN (patient_id = ANY (( SELECT access.patients_opened('hiv'::text) AS patients_opened)::uuid[])) WHEN 'reproductive'::text THEN (patient_id = ANY (( SELECT access.patients_opened('reproductive'::text) AS patients_opened)::uuid[])) WHEN 'substance_use'::text THEN (patient_id = ANY (( SELECT access.patients_opened('substance_use'::text) AS patients_opened)::uuid[])) ELSE NULL::boolean END));
CREATE POLICY opened_in_care ON care.medication_statement FOR UPDATE TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])) AND (sensitivity IS NOT NULL) AND CASE sensitivity WHEN 'behavioural_health'::text THEN (patient_id = ANY (( SELECT access.patients_opened('behavioural_health'::text) AS patients_opened)::uuid[])) WHEN 'hiv'::text THEN (patient_id = ANY (( SELECT access.patients_opened('hiv'::text) AS patients_opened)::uuid[])) WHEN 'reproductive'::text THEN (patient_id = ANY (( SELECT access.patients_opened('reproductive'::text) AS patients_opened)::uuid[])) WHEN 'substance_use'::text THEN (patient_id = ANY (( SELECT access.patients_opened('substance_use'::text) AS patients_opened)::uuid[])) ELSE NULL::boolean END)) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY own ON care.medication_statement FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
CREATE POLICY own_change ON care.medication_statement FOR UPDATE TO healthtrack_care USING (((source = 'patient'::text) AND (patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])))) WITH CHECK (((source = 'patient'::text) AND (patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[]))));
CREATE POLICY own_entry ON care.medication_statement FOR INSERT TO healthtrack_care WITH CHECK (((source = 'patient'::text) AND (patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[]))));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.medication_statement TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.medication_statement TO healthtrack_care;

-- What a patient does not tolerate.
CREATE TABLE care.allergy (
    allergy_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- Whose.
    recorded_by uuid,  -- Provider who wrote it down; null where the patient said so.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    onset_on date,  -- When it showed first; null where that is not known.
    category text NOT NULL,  -- food, medication, environment or biologic.
    code_system text,  -- snomed or rxnorm; null where the substance has no code.
    code text,  -- Code of the substance.
    substance text NOT NULL,  -- What, in words.
    criticality text NOT NULL,  -- low, high or unable_to_assess.
    clinical_status text DEFAULT 'active'::text NOT NULL,  -- active, inactive or resolved.
    verification_status text DEFAULT 'unconfirmed'::text NOT NULL,  -- unconfirmed, confirmed, refuted or entered_in_error.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT allergy_pkey PRIMARY KEY (allergy_id),  -- This allergy is known already.
    CONSTRAINT allergy_id_with_patient_is_unique UNIQUE (patient_id, allergy_id),  -- This allergy is known already.
    CONSTRAINT allergy_is_listed_once EXCLUDE USING gist (patient_id WITH =, lower(substance) WITH =) WHERE (((clinical_status = 'active'::text) AND (verification_status <> ALL (ARRAY['refuted'::text, 'entered_in_error'::text])))),  -- This stands in the record already: change that entry.
    CONSTRAINT allergy_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT allergy_recorder_fkey FOREIGN KEY (recorded_by) REFERENCES care.provider(provider_id),  -- Choose one of the network's providers.
    CONSTRAINT allergy_category_is_known CHECK ((category = ANY (ARRAY['food'::text, 'medication'::text, 'environment'::text, 'biologic'::text]))),  -- Choose food, medication, environment or biologic.
    CONSTRAINT allergy_clinical_status_is_known CHECK ((clinical_status = ANY (ARRAY['active'::text, 'inactive'::text, 'resolved'::text]))),  -- Choose active, inactive or resolved.
    CONSTRAINT allergy_code_fits_its_system CHECK ((((code IS NULL) = (code_system IS NULL)) AND ((code IS NULL) OR ((code_system = ANY (ARRAY['snomed'::text, 'rxnorm'::text])) AND care.code_fits(code_system, code))))),  -- This is no code of SNOMED CT or RxNorm.
    CONSTRAINT allergy_criticality_is_known CHECK ((criticality = ANY (ARRAY['low'::text, 'high'::text, 'unable_to_assess'::text]))),  -- Choose low, high or unable_to_assess.
    CONSTRAINT allergy_substance_is_some CHECK ((substance ~ '\S'::text)),  -- Say what is not tolerated.
    CONSTRAINT allergy_verification_status_is_known CHECK ((verification_status = ANY (ARRAY['unconfirmed'::text, 'confirmed'::text, 'refuted'::text, 'entered_in_error'::text])))  -- Choose how sure this is.
);
CREATE INDEX allergy_recorder_idx ON care.allergy USING btree (recorded_by) WHERE (recorded_by IS NOT NULL);
CREATE TRIGGER allergy_is_not_of_a_joined_record AFTER INSERT ON care.allergy REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER allergy_is_recorded_in_person BEFORE INSERT OR UPDATE OF recorded_by ON care.allergy FOR EACH ROW WHEN (((NOT access.erasing()) AND (NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text)))) EXECUTE FUNCTION care.check_recorder('recorded_by');  -- Trigger before a provider records something through the portal: it bears the own name, and keeps the name that it bears.
CREATE TRIGGER allergy_is_stamped BEFORE INSERT OR UPDATE ON care.allergy FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER allergy_is_touched BEFORE UPDATE ON care.allergy FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER allergy_keeps_former_versions AFTER UPDATE ON care.allergy FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.keep_former_version();  -- Trigger after each update: keeps the former row in care.record_version, and refuses to move a row to another patient.
CREATE TRIGGER allergy_stays_under_hold BEFORE DELETE ON care.allergy FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.allergy FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.allergy FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY granted ON care.allergy FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])));
CREATE POLICY maintenance ON care.allergy FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.allergy FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.allergy TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.allergy TO healthtrack_care;

-- What happened when a patient met a substance.
CREATE TABLE care.allergy_reaction (
    allergy_reaction_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- Whose.
    allergy_id uuid NOT NULL,  -- To what.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    happened_on date,  -- When; null where that is not known.
    code text NOT NULL,  -- What showed, by SNOMED CT: 247472004 is a weal.
    manifestation text NOT NULL,  -- The same in words.
    severity text NOT NULL,  -- mild, moderate or severe.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT allergy_reaction_pkey PRIMARY KEY (allergy_reaction_id),  -- This allergy reaction is known already.
    CONSTRAINT allergy_reaction_allergy_fkey FOREIGN KEY (patient_id, allergy_id) REFERENCES care.allergy(patient_id, allergy_id),  -- Choose an allergy of this patient.
    CONSTRAINT allergy_reaction_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT allergy_reaction_code_is_snomed CHECK (care.code_fits('snomed'::text, code)),  -- This is no code of SNOMED CT.
    CONSTRAINT allergy_reaction_manifestation_is_some CHECK ((manifestation ~ '\S'::text)),  -- Say what showed.
    CONSTRAINT allergy_reaction_severity_is_known CHECK ((severity = ANY (ARRAY['mild'::text, 'moderate'::text, 'severe'::text])))  -- Choose mild, moderate or severe.
);
CREATE INDEX allergy_reaction_allergy_idx ON care.allergy_reaction USING btree (patient_id, allergy_id);
CREATE TRIGGER allergy_reaction_is_not_of_a_joined_record AFTER INSERT ON care.allergy_reaction REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER allergy_reaction_is_stamped BEFORE INSERT OR UPDATE ON care.allergy_reaction FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER allergy_reaction_is_touched BEFORE UPDATE ON care.allergy_reaction FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER allergy_reaction_keeps_former_versions AFTER UPDATE ON care.allergy_reaction FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.keep_former_version();  -- Trigger after each update: keeps the former row in care.record_version, and refuses to move a row to another patient.
CREATE TRIGGER allergy_reaction_stays_under_hold BEFORE DELETE ON care.allergy_reaction FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.allergy_reaction FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.allergy_reaction FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY granted ON care.allergy_reaction FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])));
CREATE POLICY maintenance ON care.allergy_reaction FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.allergy_reaction FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.allergy_reaction TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.allergy_reaction TO healthtrack_care;

-- A vaccine that a patient was given, or refused.
CREATE TABLE care.immunization (
    immunization_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- Whose.
    performer_id uuid,  -- Provider who gave it; null outside of the network.
    facility_id uuid,  -- Where; null outside of the network.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    given_on date NOT NULL,  -- When.
    expires_on date,  -- End of the lot's life; null where that is not known.
    dose_number smallint,  -- Which of a series; null for a single one.
    cvx text NOT NULL,  -- Vaccine by the CDC's code: 140 is influenza, seasonal, injectable.
    title text NOT NULL,  -- What it is called.
    status text DEFAULT 'completed'::text NOT NULL,  -- completed, not_done or entered_in_error.
    lot_number text,  -- Lot; null where it is not known.
    site text,  -- Where on the body; null where it was not noted.
    reason text,  -- Why it was not done.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT immunization_pkey PRIMARY KEY (immunization_id),  -- This immunization is known already.
    CONSTRAINT immunization_is_given_once_a_day EXCLUDE USING btree (patient_id WITH =, cvx WITH =, given_on WITH =) WHERE ((status = 'completed'::text)),  -- This vaccine stands in the record for that day already.
    CONSTRAINT immunization_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility(facility_id),  -- Choose one of the network's facilities.
    CONSTRAINT immunization_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT immunization_performer_fkey FOREIGN KEY (performer_id) REFERENCES care.provider(provider_id),  -- Choose one of the network's providers.
    CONSTRAINT immunization_code_is_cvx CHECK (care.code_fits('cvx'::text, cvx)),  -- This is no code of CVX.
    CONSTRAINT immunization_dose_number_is_small CHECK (((dose_number >= 1) AND (dose_number <= 20))),  -- Doses are counted from 1 to 20.
    CONSTRAINT immunization_lot_is_fresh CHECK (((status <> 'completed'::text) OR (given_on <= expires_on))),  -- This lot was out of date on that day.
    CONSTRAINT immunization_not_done_says_why CHECK (((status <> 'not_done'::text) OR COALESCE((reason ~ '\S'::text), false))),  -- Say why it was not given.
    CONSTRAINT immunization_status_is_known CHECK ((status = ANY (ARRAY['completed'::text, 'not_done'::text, 'entered_in_error'::text]))),  -- Choose completed, not_done or entered_in_error.
    CONSTRAINT immunization_title_is_some CHECK ((title ~ '\S'::text))  -- Say what it is called.
);
CREATE INDEX immunization_facility_idx ON care.immunization USING btree (facility_id) WHERE (facility_id IS NOT NULL);
CREATE INDEX immunization_patient_idx ON care.immunization USING btree (patient_id);
CREATE INDEX immunization_performer_idx ON care.immunization USING btree (performer_id) WHERE (performer_id IS NOT NULL);
CREATE TRIGGER immunization_is_not_of_a_joined_record AFTER INSERT ON care.immunization REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER immunization_is_stamped BEFORE INSERT OR UPDATE ON care.immunization FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER immunization_is_touched BEFORE UPDATE ON care.immunization FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER immunization_keeps_former_versions AFTER UPDATE ON care.immunization FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.keep_former_version();  -- Trigger after each update: keeps the former row in care.record_version, and refuses to move a row to another patient.
CREATE TRIGGER immunization_stays_under_hold BEFORE DELETE ON care.immunization FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.immunization FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.immunization FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY granted ON care.immunization FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])));
CREATE POLICY maintenance ON care.immunization FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.immunization FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.immunization TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.immunization TO healthtrack_care;

-- What a relative of a patient has or had.
CREATE TABLE care.family_history (
    family_history_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- Whose relative.
    recorded_by uuid,  -- The provider who wrote it down; null where none did.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    onset_age smallint,  -- At which age it began, in years; null where that is not known.
    relative_deceased boolean,  -- Whether the relative has died; null where that is not known.
    caused_death boolean DEFAULT false NOT NULL,  -- True where the relative died of it.
    sensitivity care.sensitivity,  -- What it is of, where that is kept from who may read the rest; told by its code where nobody said, null for plain care.
    relative text NOT NULL,  -- Which relative: mother, brother, maternal_grandfather …
    code_system text NOT NULL,  -- icd10 or snomed.
    code text NOT NULL,  -- What it is, by its code.
    title text NOT NULL,  -- What it is, in words.
    status text DEFAULT 'completed'::text NOT NULL,  -- partial (more is to be asked), completed, or entered_in_error.
    note text,  -- What else was said; null where nothing was.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT family_history_pkey PRIMARY KEY (family_history_id),  -- This entry is known already.
    CONSTRAINT family_history_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT family_history_provider_fkey FOREIGN KEY (recorded_by) REFERENCES care.provider(provider_id),  -- Choose a provider of the network.
    CONSTRAINT family_history_code_fits_its_system CHECK (care.code_fits(code_system, code)),  -- This is not how a code of this system is written.
    CONSTRAINT family_history_code_system_is_known CHECK ((code_system = ANY (ARRAY['icd10'::text, 'snomed'::text]))),  -- Choose icd10 or snomed.
    CONSTRAINT family_history_death_has_died CHECK (((NOT caused_death) OR (relative_deceased IS TRUE))),  -- Who died of it has died: say so.
    CONSTRAINT family_history_note_is_short CHECK ((length(note) <= 4000)),  -- A note has 4000 letters at most.
    CONSTRAINT family_history_onset_is_believable CHECK (((onset_age >= 0) AND (onset_age <= 120))),  -- An age of onset lies between 0 and 120 years.
    CONSTRAINT family_history_relative_is_known CHECK ((relative = ANY (ARRAY['mother'::text, 'father'::text, 'parent'::text, 'sister'::text, 'brother'::text, 'sibling'::text, 'half_sibling'::text, 'daughter'::text, 'son'::text, 'child'::text, 'maternal_grandmother'::text, 'maternal_grandfather'::text, 'paternal_grandmother'::text, 'paternal_grandfather'::text, 'aunt'::text, 'uncle'::text, 'cousin'::text, 'relative'::text]))),  -- Choose one of the known relatives.
    CONSTRAINT family_history_status_is_known CHECK ((status = ANY (ARRAY['partial'::text, 'completed'::text, 'entered_in_error'::text]))),  -- Choose partial, completed or entered_in_error.
    CONSTRAINT family_history_title_is_some CHECK (((title ~ '\S'::text) AND (length(title) <= 500)))  -- Say what it is in 500 letters at most.
);
CREATE INDEX family_history_patient_idx ON care.family_history USING btree (patient_id);
CREATE INDEX family_history_provider_idx ON care.family_history USING btree (recorded_by);
CREATE TRIGGER family_history_is_classified BEFORE INSERT OR UPDATE ON care.family_history FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.classify(':code_system=code');  -- Trigger before a row is stored: where nobody gave it a category, the first that its arguments tell (loinc=column, :column=column with the system in a column, care.table=column for a whole that it is part of); refuses to lower one.
CREATE TRIGGER family_history_is_not_of_a_joined_record AFTER INSERT ON care.family_history REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER family_history_is_recorded_in_person BEFORE INSERT OR UPDATE OF recorded_by ON care.family_history FOR EACH ROW WHEN (((NOT access.erasing()) AND (NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text)))) EXECUTE FUNCTION care.check_recorder('recorded_by');  -- Trigger before a provider records something through the portal: it bears the own name, and keeps the name that it bears.
CREATE TRIGGER family_history_is_stamped BEFORE INSERT OR UPDATE ON care.family_history FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER family_history_is_touched BEFORE UPDATE ON care.family_history FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER family_history_keeps_former_versions AFTER UPDATE ON care.family_history FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.keep_former_version();  -- Trigger after each update: keeps the former row in care.record_version, and refuses to move a row to another patient.
CREATE TRIGGER family_history_stays_under_hold BEFORE DELETE ON care.family_history FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.family_history FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.family_history FOR ALL TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])) AND ((sensitivity IS NULL) OR (recorded_by = ( SELECT care.acting_provider() AS acting_provider))))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY granted ON care.family_history FOR SELECT TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])) AND ((sensitivity IS NULL) OR (recorded_by = ( SELECT care.acting_provider() AS acting_provider)))));
CREATE POLICY maintenance ON care.family_history FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY opened ON care.family_history FOR SELECT TO healthtrack_care USING (((sensitivity IS NOT NULL) AND CASE sensitivity WHEN 'behavioural_health'::text THEN (patient_id = ANY (( SELECT access.patients_opened('behavioural_health'::text) AS patients_opened)::uuid[])) WHEN 'hiv'::text THEN (patient_id = ANY (( SELECT access.patients_opened('hiv'::text) AS patients_opened)::uuid[])) WHEN 'reproductive'::text THEN (patient_id = ANY (( SELECT access.patients_opened('reproductive'::text) AS patients_opened)::uuid[])) WHEN 'substance_use'::text THEN (patient_id = ANY (( SELECT access.patients_opened('substance_use'::text) AS patients_opened)::uuid[])) ELSE NULL::boolean END));
CREATE POLICY opened_in_care ON care.family_history FOR UPDATE TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])) AND (sensitivity IS NOT NULL) AND CASE sensitivity WHEN 'behavioural_health'::text THEN (patient_id = ANY (( SELECT access.patients_opened('behavioural_health'::text) AS patients_opened)::uuid[])) WHEN 'hiv'::text THEN (patient_id = ANY (( SELECT access.patients_opened('hiv'::text) AS patients_opened)::uuid[])) WHEN 'reproductive'::text THEN (patient_id = ANY (( SELECT access.patients_opened('reproductive'::text) AS patients_opened)::uuid[])) WHEN 'substance_use'::text THEN (patient_id = ANY (( SELECT access.patients_opened('substance_use'::text) AS patients_opened)::uuid[])) ELSE NULL::boolean END)) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY own ON care.family_history FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.family_history TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.family_history TO healthtrack_care;

-- A visit or stay as it happened.
CREATE TABLE care.encounter (
    encounter_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- Whose.
    facility_id uuid NOT NULL,  -- Where; for a virtual visit the facility that answers for it.
    attending_provider_id uuid NOT NULL,  -- Who answers for the care.
    appointment_id uuid,  -- The appointment that it came of; null for who came without one.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    planned boolean DEFAULT false NOT NULL,  -- True where the admission was arranged beforehand.
    during tstzrange NOT NULL,  -- Half-open period; no upper bound while it goes on.
    class text NOT NULL,  -- ambulatory, inpatient, emergency, virtual or home.
    admission_type text,  -- emergency, urgent, elective, newborn or trauma; null unless inpatient.
    service_line text,  -- medical, surgical, obstetric, newborn, psychiatric, rehabilitation or oncology; null unless inpatient.
    principal_code text,  -- Main diagnosis by ICD-10; null until it is known.
    discharge_disposition text,  -- home, home_health, skilled_nursing, rehabilitation, hospice, transfer (to another hospital), against_advice or died; null unless an inpatient stay is over.
    reason text,  -- Why the patient came, in a few words, and null where nothing was said; what was found and thought stands in care.note.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    sensitivity care.sensitivity,  -- Category by which it is kept apart: behavioural_health, reproductive, substance_use or hiv; null for plain care.
    CONSTRAINT encounter_pkey PRIMARY KEY (encounter_id),  -- This encounter is known already.
    CONSTRAINT encounter_appointment_is_met_once UNIQUE (appointment_id),  -- This appointment has its visit already.
    CONSTRAINT encounter_id_with_patient_is_unique UNIQUE (patient_id, encounter_id),  -- This encounter is known already.
    CONSTRAINT encounter_inpatient_is_in_one_bed EXCLUDE USING gist (patient_id WITH =, during WITH &&) WHERE ((class = 'inpatient'::text)),  -- The patient is an inpatient at that time already: discharge first.
    CONSTRAINT encounter_appointment_fkey FOREIGN KEY (patient_id, appointment_id) REFERENCES care.appointment(patient_id, appointment_id),  -- Choose an appointment of this patient.
    CONSTRAINT encounter_attending_fkey FOREIGN KEY (attending_provider_id) REFERENCES care.provider(provider_id),  -- Choose one of the network's providers.
    CONSTRAINT encounter_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility(facility_id),  -- Choose one of the network's facilities.
    CONSTRAINT encounter_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT encounter_admission_type_is_known CHECK ((admission_type = ANY (ARRAY['emergency'::text, 'urgent'::text, 'elective'::text, 'newborn'::text, 'trauma'::text]))),  -- Choose emergency, urgent, elective, newborn or trauma.
    CONSTRAINT encounter_class_is_known CHECK ((class = ANY (ARRAY['ambulatory'::text, 'inpatient'::text, 'emergency'::text, 'virtual'::text, 'home'::text]))),  -- Choose ambulatory, inpatient, emergency, virtual or home.
    CONSTRAINT encounter_disposition_is_given_at_discharge CHECK (((discharge_disposition IS NOT NULL) = ((class = 'inpatient'::text) AND (upper(during) IS NOT NULL)))),  -- Say where the patient went when a stay ends, and not before.
    CONSTRAINT encounter_disposition_is_known CHECK ((discharge_disposition = ANY (ARRAY['home'::text, 'home_health'::text, 'skilled_nursing'::text, 'rehabilitation'::text, 'hospice'::text, 'transfer'::text, 'against_advice'::text, 'died'::text]))),  -- Choose where the patient went.
    CONSTRAINT encounter_is_admitted_as_inpatient CHECK ((((class = 'inpatient'::text) = (admission_type IS NOT NULL)) AND ((class = 'inpatient'::text) = (service_line IS NOT NULL)))),  -- An inpatient stay has a type of admission and a service, and no other visit has.
    CONSTRAINT encounter_period_is_half_open CHECK (((NOT isempty(during)) AND (lower(during) IS NOT NULL) AND lower_inc(during) AND (NOT upper_inc(during)))),  -- A visit has a beginning, and ends after it.
    CONSTRAINT encounter_planned_is_no_emergency CHECK (((NOT planned) OR ((class = 'inpatient'::text) AND (admission_type <> ALL (ARRAY['emergency'::text, 'trauma'::text]))))),  -- Only an admission that is no emergency can be planned.
    CONSTRAINT encounter_principal_code_is_icd10 CHECK (care.code_fits('icd10'::text, principal_code)),  -- This is no code of ICD-10.
    CONSTRAINT encounter_service_line_is_known CHECK ((service_line = ANY (ARRAY['medical'::text, 'surgical'::text, 'obstetric'::text, 'newborn'::text, 'psychiatric'::text, 'rehabilitation'::text, 'oncology'::text]))),  -- Choose the service that the patient lies in.
    CONSTRAINT encounter_visit_ends_within_three_days CHECK (((class = 'inpatient'::text) OR (upper(during) <= (lower(during) + '72:00:00'::interval))))  -- Only an inpatient stay lasts longer than three days.
);
CREATE INDEX encounter_attending_idx ON care.encounter USING btree (attending_provider_id, lower(during));
CREATE INDEX encounter_facility_idx ON care.encounter USING btree (facility_id, lower(during));
CREATE INDEX encounter_patient_idx ON care.encounter USING btree (patient_id, lower(during));
CREATE TRIGGER encounter_is_classified BEFORE INSERT OR UPDATE ON care.encounter FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.classify('icd10=principal_code', 'service_line=service_line');  -- Trigger before a row is stored: where nobody gave it a category, the first that its arguments tell (loinc=column, :column=column with the system in a column, care.table=column for a whole that it is part of); refuses to lower one.
CREATE TRIGGER encounter_is_not_of_a_joined_record AFTER INSERT ON care.encounter REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER encounter_is_stamped BEFORE INSERT OR UPDATE ON care.encounter FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER encounter_is_touched BEFORE UPDATE ON care.encounter FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER encounter_keeps_former_versions AFTER UPDATE ON care.encounter FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.keep_former_version();  -- Trigger after each update: keeps the former row in care.record_version, and refuses to move a row to another patient.
CREATE TRIGGER encounter_stays_under_hold BEFORE DELETE ON care.encounter FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.encounter FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.encounter FOR ALL TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])) AND ((sensitivity IS NULL) OR (attending_provider_id = ( SELECT care.acting_provider() AS acting_provider))))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY granted ON care.encounter FOR SELECT TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])) AND ((sensitivity IS NULL) OR (attending_provider_id = ( SELECT care.acting_provider() AS acting_provider)))));
CREATE POLICY maintenance ON care.encounter FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY opened ON care.encounter FOR SELECT TO healthtrack_care USING (((sensitivity IS NOT NULL) AND CASE sensitivity WHEN 'behavioural_health'::text THEN (patient_id = ANY (( SELECT access.patients_opened('behavioural_health'::text) AS patients_opened)::uuid[])) WHEN 'hiv'::text THEN (patient_id = ANY (( SELECT access.patients_opened('hiv'::text) AS patients_opened)::uuid[])) WHEN 'reproductive'::text THEN (patient_id = ANY (( SELECT access.patients_opened('reproductive'::text) AS patients_opened)::uuid[])) WHEN 'substance_use'::text THEN (patient_id = ANY (( SELECT access.patients_opened('substance_use'::text) AS patients_opened)::uuid[])) ELSE NULL::boolean END));
CREATE POLICY opened_in_care ON care.encounter FOR UPDATE TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])) AND (sensitivity IS NOT NULL) AND CASE sensitivity WHEN 'behavioural_health'::text THEN (patient_id = ANY (( SELECT access.patients_opened('behavioural_health'::text) AS patients_opened)::uuid[])) WHEN 'hiv'::text THEN (patient_id = ANY (( SELECT access.patients_opened('hiv'::text) AS patients_opened)::uuid[])) WHEN 'reproductive'::text THEN (patient_id = ANY (( SELECT access.patients_opened('reproductive'::text) AS patients_opened)::uuid[])) WHEN 'substance_use'::text THEN (patient_id = ANY (( SELECT access.patients_opened('substance_use'::text) AS patients_opened)::uuid[])) ELSE NULL::boolean END)) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY own ON care.encounter FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.encounter TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.encounter TO healthtrack_care;

-- What a provider wrote about a patient, mostly of a visit; its words stand in its sections.
CREATE TABLE care.note (
    note_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- Whose record it is in.
    encounter_id uuid,  -- Of which visit; null where there was none, as after a telephone call.
    author_id uuid NOT NULL,  -- Provider who writes and signs it.
    cosigner_id uuid,  -- Provider who has to sign it too; null where nobody has to.
    error_by uuid,  -- Provider who marked it as an error; null where it is none.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    signed_at timestamp with time zone,  -- When its author signed it; null for a draft, which its author alone sees.
    cosigned_at timestamp with time zone,  -- When the other signed it too; null before.
    error_at timestamp with time zone,  -- When it was marked as an error; null where it is none.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    loinc text NOT NULL,  -- What kind of note, by LOINC: 11506-3 progress note, 34117-2 history and physical, 11488-4 consultation.
    title text NOT NULL,  -- What it is called.
    status text DEFAULT 'draft'::text NOT NULL,  -- draft, signed, cosigned or entered_in_error; it only goes forward.
    error_reason text,  -- Why it is an error; null where it is none.
    sensitivity care.sensitivity,  -- What it is of, where it is kept apart from the rest of the chart; null for plain care.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT note_pkey PRIMARY KEY (note_id),  -- This note is known already.
    CONSTRAINT note_id_with_patient_is_unique UNIQUE (patient_id, note_id),  -- This note is known already.
    CONSTRAINT note_author_fkey FOREIGN KEY (author_id) REFERENCES care.provider(provider_id),  -- Choose one of the network's providers.
    CONSTRAINT note_cosigner_fkey FOREIGN KEY (cosigner_id) REFERENCES care.provider(provider_id),  -- Choose one of the network's providers.
    CONSTRAINT note_encounter_fkey FOREIGN KEY (patient_id, encounter_id) REFERENCES care.encounter(patient_id, encounter_id),  -- Choose a visit of this patient.
    CONSTRAINT note_error_by_fkey FOREIGN KEY (error_by) REFERENCES care.provider(provider_id),  -- Choose one of the network's providers.
    CONSTRAINT note_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT note_cosigner_is_another CHECK ((cosigner_id <> author_id)),  -- Name another provider than the author to sign it too.
    CONSTRAINT note_error_says_who_and_why CHECK (((num_nonnulls(error_at, error_by, error_reason) = CASE status WHEN 'entered_in_error'::text THEN 3 ELSE 0 END) AND ((error_reason ~ '\S'::text) IS NOT FALSE))),  -- Say who marks it as an error, and why.
    CONSTRAINT note_kind_is_loinc CHECK (care.code_fits('loinc'::text, loinc)),  -- This is no code of LOINC.
    CONSTRAINT note_status_is_known CHECK ((status = ANY (ARRAY['draft'::text, 'signed'::text, 'cosigned'::text, 'entered_in_error'::text]))),  -- Choose draft, signed, cosigned or entered_in_error.
    CONSTRAINT note_times_fit_its_status CHECK ( CASE status WHEN 'draft'::text THEN (num_nonnulls(signed_at, cosigned_at) = 0) WHEN 'signed'::text THEN ((signed_at IS NOT NULL) AND (cosigned_at IS NULL)) WHEN 'cosigned'::text THEN (COALESCE((cosigned_at >= signed_at), false) AND (cosigner_id IS NOT NULL)) ELSE ((cosigned_at IS NULL) OR (signed_at IS NOT NULL)) END),  -- A draft is not signed, and only whom the note names signs it too, after its author.
    CONSTRAINT note_title_is_some CHECK (((title ~ '\S'::text) AND (length(title) <= 200)))  -- Give the note a title of 200 letters at most.
);
CREATE INDEX note_author_idx ON care.note USING btree (author_id, created_at);
CREATE INDEX note_cosigner_idx ON care.note USING btree (cosigner_id, created_at);
CREATE INDEX note_encounter_idx ON care.note USING btree (patient_id, encounter_id);
CREATE INDEX note_error_by_idx ON care.note USING btree (error_by);
CREATE INDEX note_patient_idx ON care.note USING btree (patient_id, created_at);
CREATE TRIGGER note_is_not_of_a_joined_record AFTER INSERT ON care.note REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER note_is_recorded_in_person BEFORE INSERT OR UPDATE OF author_id ON care.note FOR EACH ROW WHEN (((NOT access.erasing()) AND (NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text)))) EXECUTE FUNCTION care.check_recorder('author_id');  -- Trigger before a provider records something through the portal: it bears the own name, and keeps the name that it bears.
CREATE TRIGGER note_is_stamped BEFORE INSERT OR UPDATE ON care.note FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER note_is_touched BEFORE UPDATE ON care.note FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER note_keeps_former_versions AFTER UPDATE ON care.note FOR EACH ROW WHEN (((NOT access.erasing()) AND (old.status <> 'draft'::text))) EXECUTE FUNCTION care.keep_former_version();  -- Trigger after each update: keeps the former row in care.record_version, and refuses to move a row to another patient.
CREATE TRIGGER note_keeps_its_words BEFORE INSERT OR UPDATE ON care.note FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.check_note();  -- Trigger before a note is stored or changed: it begins as a draft, goes forward by who may sign it, and keeps its words once signed.
CREATE TRIGGER note_stays_under_hold BEFORE DELETE ON care.note FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.note FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.note FOR ALL TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])) AND ((sensitivity IS NULL) OR (author_id = ( SELECT care.acting_provider() AS acting_provider))))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY draft_is_its_authors ON care.note AS RESTRICTIVE FOR ALL TO healthtrack_care USING ((pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text) OR (signed_at IS NOT NULL) OR (author_id = ( SELECT access.acting_provider() AS acting_provider))));
CREATE POLICY granted ON care.note FOR SELECT TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])) AND ((sensitivity IS NULL) OR (author_id = ( SELECT care.acting_provider() AS acting_provider)))));
CREATE POLICY maintenance ON care.note FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY opened ON care.note FOR SELECT TO healthtrack_care USING (((sensitivity IS NOT NULL) AND CASE sensitivity WHEN 'behavioural_health'::text THEN (patient_id = ANY (( SELECT access.patients_opened('behavioural_health'::text) AS patients_opened)::uuid[])) WHEN 'hiv'::text THEN (patient_id = ANY (( SELECT access.patients_opened('hiv'::text) AS patients_opened)::uuid[])) WHEN 'reproductive'::text THEN (patient_id = ANY (( SELECT access.patients_opened('reproductive'::text) AS patients_opened)::uuid[])) WHEN 'substance_use'::text THEN (patient_id = ANY (( SELECT access.patients_opened('substance_use'::text) AS patients_opened)::uuid[])) ELSE NULL::boolean END));
CREATE POLICY opened_in_care ON care.note FOR UPDATE TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])) AND (sensitivity IS NOT NULL) AND CASE sensitivity WHEN 'behavioural_health'::text THEN (patient_id = ANY (( SELECT access.patients_opened('behavioural_health'::text) AS patients_opened)::uuid[])) WHEN 'hiv'::text THEN (patient_id = ANY (( SELECT access.patients_opened('hiv'::text) AS patients_opened)::uuid[])) WHEN 'reproductive'::text THEN (patient_id = ANY (( SELECT access.patients_opened('reproductive'::text) AS patients_opened)::uuid[])) WHEN 'substance_use'::text THEN (patient_id = ANY (( SELECT access.patients_opened('substance_use'::text) AS patients_opened)::uuid[])) ELSE NULL::boolean END)) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY own ON care.note FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.note TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.note TO healthtrack_care;

-- A section of a note.
CREATE TABLE care.note_section (
    note_section_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- Whose record the note is in.
    note_id uuid NOT NULL,  -- Of which note.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    place smallint NOT NULL,  -- 1 for the first one of its note, and so on.
    loinc text NOT NULL,  -- What it tells, by LOINC: 10164-2 history of present illness, 29545-1 examination, 51848-0 assessment, 18776-5 plan.
    title text NOT NULL,  -- Its heading.
    body text NOT NULL,  -- Its words.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT note_section_pkey PRIMARY KEY (note_section_id),  -- This section is known already.
    CONSTRAINT note_section_has_its_place UNIQUE (note_id, place),  -- Another section stands in this place.
    CONSTRAINT note_section_is_one_of_its_kind UNIQUE (note_id, loinc),  -- The note has a section of this kind already: write into that.
    CONSTRAINT note_section_note_fkey FOREIGN KEY (patient_id, note_id) REFERENCES care.note(patient_id, note_id),  -- Choose a note of this patient.
    CONSTRAINT note_section_body_is_some CHECK (((body ~ '\S'::text) AND (length(body) <= 50000))),  -- Write something into the section, 50,000 letters at most.
    CONSTRAINT note_section_kind_is_loinc CHECK (care.code_fits('loinc'::text, loinc)),  -- This is no code of LOINC.
    CONSTRAINT note_section_place_is_counted CHECK (((place >= 1) AND (place <= 50))),  -- A note has 50 sections at most.
    CONSTRAINT note_section_title_is_some CHECK (((title ~ '\S'::text) AND (length(title) <= 200)))  -- Give the section a heading of 200 letters at most.
);
CREATE INDEX note_section_note_idx ON care.note_section USING btree (patient_id, note_id);
CREATE TRIGGER note_section_is_not_of_a_joined_record AFTER INSERT ON care.note_section REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER note_section_is_of_a_draft BEFORE INSERT OR UPDATE ON care.note_section FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.check_note_section();  -- Trigger before a section is stored or changed: its note is a draft.
CREATE TRIGGER note_section_is_stamped BEFORE INSERT OR UPDATE ON care.note_section FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER note_section_is_touched BEFORE UPDATE ON care.note_section FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER note_section_stays_under_hold BEFORE DELETE ON care.note_section FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.note_section FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.note_section FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY granted ON care.note_section FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])));
CREATE POLICY is_seen_with_its_note ON care.note_section AS RESTRICTIVE FOR ALL TO healthtrack_care USING ((pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text) OR (EXISTS ( SELECT FROM care.note n WHERE ((n.patient_id = note_section.patient_id) AND (n.note_id = note_section.note_id))))));
CREATE POLICY maintenance ON care.note_section FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY opened ON care.note_section FOR SELECT TO healthtrack_care USING ((EXISTS ( SELECT FROM care.note n WHERE ((n.patient_id = note_section.patient_id) AND (n.note_id = note_section.note_id)))));
CREATE POLICY own ON care.note_section FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.note_section TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.note_section TO healthtrack_care;

-- What was added to a signed note, never altered.
CREATE TABLE care.note_addendum (
    note_addendum_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- Whose record the note is in.
    note_id uuid NOT NULL,  -- To which note.
    author_id uuid NOT NULL,  -- Provider who added it.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was added.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- The same: it is never changed.
    version integer DEFAULT 1 NOT NULL,  -- Always 1.
    body text NOT NULL,  -- Its words.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that added it.
    CONSTRAINT note_addendum_pkey PRIMARY KEY (note_addendum_id),  -- This addendum is known already.
    CONSTRAINT note_addendum_author_fkey FOREIGN KEY (author_id) REFERENCES care.provider(provider_id),  -- Choose one of the network's providers.
    CONSTRAINT note_addendum_note_fkey FOREIGN KEY (patient_id, note_id) REFERENCES care.note(patient_id, note_id),  -- Choose a note of this patient.
    CONSTRAINT note_addendum_body_is_some CHECK (((body ~ '\S'::text) AND (length(body) <= 50000)))  -- Write something into the addendum, 50,000 letters at most.
);
CREATE INDEX note_addendum_author_idx ON care.note_addendum USING btree (author_id, created_at);
CREATE INDEX note_addendum_note_idx ON care.note_addendum USING btree (patient_id, note_id, created_at);
CREATE TRIGGER note_addendum_is_never_altered BEFORE UPDATE ON care.note_addendum FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.refuse_alteration();  -- Trigger before a change of what is only added to: refuses it.
CREATE TRIGGER note_addendum_is_never_emptied BEFORE TRUNCATE ON care.note_addendum FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_alteration();  -- Trigger before a change of what is only added to: refuses it.
CREATE TRIGGER note_addendum_is_not_of_a_joined_record AFTER INSERT ON care.note_addendum REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER note_addendum_is_recorded_in_person BEFORE INSERT ON care.note_addendum FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.check_recorder('author_id');  -- Trigger before a provider records something through the portal: it bears the own name, and keeps the name that it bears.
CREATE TRIGGER note_addendum_is_stamped BEFORE INSERT OR UPDATE ON care.note_addendum FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER note_addendum_is_to_a_signed_note BEFORE INSERT ON care.note_addendum FOR EACH ROW EXECUTE FUNCTION care.check_note_addendum();  -- Trigger before an addendum is stored: its note is signed, and no error.
CREATE TRIGGER note_addendum_is_touched BEFORE UPDATE ON care.note_addendum FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER note_addendum_stays_under_hold BEFORE DELETE ON care.note_addendum FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.note_addendum FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.note_addendum FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY granted ON care.note_addendum FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])));
CREATE POLICY is_seen_with_its_note ON care.note_addendum AS RESTRICTIVE FOR ALL TO healthtrack_care USING ((pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text) OR (EXISTS ( SELECT FROM care.note n WHERE ((n.patient_id = note_addendum.patient_id) AND (n.note_id = note_addendum.note_id))))));
CREATE POLICY maintenance ON care.note_addendum FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY opened ON care.note_addendum FOR SELECT TO healthtrack_care USING ((EXISTS ( SELECT FROM care.note n WHERE ((n.patient_id = note_addendum.patient_id) AND (n.note_id = note_addendum.note_id)))));
CREATE POLICY own ON care.note_addendum FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.note_addendum TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.note_addendum TO healthtrack_care;

-- That a patient's current medicines were gone through at a visit, as a whole.
CREATE TABLE care.medication_reconciliation (
    medication_reconciliation_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- Whose medicines.
    encounter_id uuid NOT NULL,  -- At which visit.
    provider_id uuid NOT NULL,  -- Who went through them.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was completed.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- The same: it is never changed.
    version integer DEFAULT 1 NOT NULL,  -- Always 1.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that stored it.
    CONSTRAINT medication_reconciliation_pkey PRIMARY KEY (medication_reconciliation_id),  -- This reconciliation is known already.
    CONSTRAINT medication_reconciliation_id_with_patient_is_unique UNIQUE (patient_id, medication_reconciliation_id),  -- This reconciliation is known already.
    CONSTRAINT medication_reconciliation_encounter_fkey FOREIGN KEY (patient_id, encounter_id) REFERENCES care.encounter(patient_id, encounter_id),  -- Choose a visit of this patient.
    CONSTRAINT medication_reconciliation_provider_fkey FOREIGN KEY (provider_id) REFERENCES care.provider(provider_id)  -- Choose one of the network's providers.
);
CREATE INDEX medication_reconciliation_encounter_idx ON care.medication_reconciliation USING btree (patient_id, encounter_id);
CREATE INDEX medication_reconciliation_provider_idx ON care.medication_reconciliation USING btree (provider_id);
CREATE TRIGGER medication_reconciliation_is_never_altered BEFORE UPDATE ON care.medication_reconciliation FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.refuse_alteration();  -- Trigger before a change of what is only added to: refuses it.
CREATE TRIGGER medication_reconciliation_is_never_emptied BEFORE TRUNCATE ON care.medication_reconciliation FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_alteration();  -- Trigger before a change of what is only added to: refuses it.
CREATE TRIGGER medication_reconciliation_is_not_of_a_joined_record AFTER INSERT ON care.medication_reconciliation REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER medication_reconciliation_is_recorded_in_person BEFORE INSERT ON care.medication_reconciliation FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.check_recorder('provider_id');  -- Trigger before a provider records something through the portal: it bears the own name, and keeps the name that it bears.
CREATE TRIGGER medication_reconciliation_is_stamped BEFORE INSERT OR UPDATE ON care.medication_reconciliation FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE CONSTRAINT TRIGGER medication_reconciliation_is_whole AFTER INSERT ON care.medication_reconciliation DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION care.check_reconciliation();  -- Trigger at the end of a transaction that reconciles: each current medicine is decided about.
CREATE TRIGGER medication_reconciliation_stays_under_hold BEFORE DELETE ON care.medication_reconciliation FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.medication_reconciliation FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.medication_reconciliation FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY granted ON care.medication_reconciliation FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])));
CREATE POLICY maintenance ON care.medication_reconciliation FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.medication_reconciliation FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.medication_reconciliation TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.medication_reconciliation TO healthtrack_care;

-- What a reconciliation found of one medicine.
CREATE TABLE care.reconciled_statement (
    reconciled_statement_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- Whose medicine.
    medication_reconciliation_id uuid NOT NULL,  -- In which reconciliation.
    medication_statement_id uuid NOT NULL,  -- Of which medicine, as the patient or a provider said that it is taken.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was found.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- The same: it is never changed.
    version integer DEFAULT 1 NOT NULL,  -- Always 1.
    decision text NOT NULL,  -- taken (as it stands), changed (to another dosage), stopped, or unknown (the patient cannot tell).
    dosage text,  -- The dosage from now on; null unless it is changed.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that stored it.
    CONSTRAINT reconciled_statement_pkey PRIMARY KEY (reconciled_statement_id),  -- This finding is known already.
    CONSTRAINT reconciled_statement_is_decided_once UNIQUE (medication_reconciliation_id, medication_statement_id),  -- Name each medicine once.
    CONSTRAINT reconciled_statement_reconciliation_fkey FOREIGN KEY (patient_id, medication_reconciliation_id) REFERENCES care.medication_reconciliation(patient_id, medication_reconciliation_id),  -- Choose a reconciliation of this patient.
    CONSTRAINT reconciled_statement_statement_fkey FOREIGN KEY (patient_id, medication_statement_id) REFERENCES care.medication_statement(patient_id, medication_statement_id),  -- Choose a medicine of this patient.
    CONSTRAINT reconciled_statement_change_says_how CHECK ((((decision = 'changed'::text) = (dosage IS NOT NULL)) AND ((dosage ~ '\S'::text) IS NOT FALSE) AND ((length(dosage) <= 1000) IS NOT FALSE))),  -- Give the new dosage of a medicine that is changed, and of no other.
    CONSTRAINT reconciled_statement_decision_is_known CHECK ((decision = ANY (ARRAY['taken'::text, 'changed'::text, 'stopped'::text, 'unknown'::text])))  -- Choose taken, changed, stopped or unknown.
);
CREATE INDEX reconciled_statement_reconciliation_idx ON care.reconciled_statement USING btree (patient_id, medication_reconciliation_id);
CREATE INDEX reconciled_statement_statement_idx ON care.reconciled_statement USING btree (patient_id, medication_statement_id);
CREATE TRIGGER reconciled_statement_is_carried_out BEFORE INSERT ON care.reconciled_statement FOR EACH ROW EXECUTE FUNCTION care.carry_out_reconciliation();  -- Trigger before a finding is stored: it belongs to a reconciliation of this transaction, and what it decides is done.
CREATE TRIGGER reconciled_statement_is_never_altered BEFORE UPDATE ON care.reconciled_statement FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.refuse_alteration();  -- Trigger before a change of what is only added to: refuses it.
CREATE TRIGGER reconciled_statement_is_never_emptied BEFORE TRUNCATE ON care.reconciled_statement FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_alteration();  -- Trigger before a change of what is only added to: refuses it.
CREATE TRIGGER reconciled_statement_is_not_of_a_joined_record AFTER INSERT ON care.reconciled_statement REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER reconciled_statement_is_stamped BEFORE INSERT OR UPDATE ON care.reconciled_statement FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER reconciled_statement_stays_under_hold BEFORE DELETE ON care.reconciled_statement FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.reconciled_statement FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.reconciled_statement FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY granted ON care.reconciled_statement FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])));
CREATE POLICY is_seen_with_its_statement ON care.reconciled_statement AS RESTRICTIVE FOR ALL TO healthtrack_care USING ((pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text) OR (EXISTS ( SELECT FROM care.medication_statement s WHERE ((s.patient_id = reconciled_statement.patient_id) AND (s.medication_statement_id = reconciled_statement.medication_statement_id))))));
CREATE POLICY maintenance ON care.reconciled_statement FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.reconciled_statement FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.reconciled_statement TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.reconciled_statement TO healthtrack_care;

-- Two substances that harm each other; a small default, to be replaced by a maintained list.
CREATE TABLE care.drug_interaction (
    ingredient text NOT NULL,  -- The substance that comes first in the alphabet.
    other_ingredient text NOT NULL,  -- The other one.
    severity text NOT NULL,  -- high (refused unless a reason is given), moderate or low.
    effect text NOT NULL,  -- What happens, in words.
    source text NOT NULL,  -- Who says so.
    CONSTRAINT drug_interaction_pkey PRIMARY KEY (ingredient, other_ingredient),  -- These two are listed already.
    CONSTRAINT drug_interaction_is_in_lower_case CHECK (((ingredient ~ '\S'::text) AND (ingredient = lower(ingredient)) AND (other_ingredient = lower(other_ingredient)))),  -- Write the substances in lower case.
    CONSTRAINT drug_interaction_is_listed_once CHECK ((ingredient < other_ingredient)),  -- Name first the substance that comes first in the alphabet.
    CONSTRAINT drug_interaction_says_what_and_who CHECK (((effect ~ '\S'::text) AND (source ~ '\S'::text))),  -- Say what happens, and who says so.
    CONSTRAINT drug_interaction_severity_is_known CHECK ((severity = ANY (ARRAY['high'::text, 'moderate'::text, 'low'::text])))  -- Choose high, moderate or low.
);
CREATE INDEX drug_interaction_other_idx ON care.drug_interaction USING btree (other_ingredient);
ALTER TABLE care.drug_interaction FORCE ROW LEVEL SECURITY;
CREATE POLICY everybody_reads ON care.drug_interaction FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.drug_interaction FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.drug_interaction TO healthtrack_migrator;
GRANT SELECT ON care.drug_interaction TO healthtrack_care;

-- Families of substances: who is allergic to a family is to each of it; a small default, to be replaced.
CREATE TABLE care.drug_class (
    ingredient text NOT NULL,  -- A substance.
    class text NOT NULL,  -- A family that it belongs to, in the singular.
    CONSTRAINT drug_class_pkey PRIMARY KEY (ingredient, class),  -- This substance is listed in this family already.
    CONSTRAINT drug_class_is_in_lower_case CHECK (((ingredient ~ '\S'::text) AND (ingredient = lower(ingredient)) AND (class ~ '\S'::text) AND (class = lower(class))))  -- Write substance and family in lower case.
);
CREATE INDEX drug_class_class_idx ON care.drug_class USING btree (class);
ALTER TABLE care.drug_class FORCE ROW LEVEL SECURITY;
CREATE POLICY everybody_reads ON care.drug_class FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.drug_class FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.drug_class TO healthtrack_migrator;
GRANT SELECT ON care.drug_class TO healthtrack_care;

-- How much of a substance an adult takes a day at most; a small default, to be replaced.
CREATE TABLE care.dose_limit (
    ingredient text NOT NULL,  -- The substance.
    unit care.ucum_unit NOT NULL,  -- Unit of the amount, by UCUM.
    most_a_day numeric(12,4) NOT NULL,  -- The most within a day.
    source text NOT NULL,  -- Who says so.
    CONSTRAINT dose_limit_pkey PRIMARY KEY (ingredient, unit),  -- This substance has a limit in this unit already.
    CONSTRAINT dose_limit_is_above_zero CHECK ((most_a_day > (0)::numeric)),  -- A limit is above zero.
    CONSTRAINT dose_limit_is_in_lower_case CHECK (((ingredient ~ '\S'::text) AND (ingredient = lower(ingredient)))),  -- Write the substance in lower case.
    CONSTRAINT dose_limit_says_who CHECK ((source ~ '\S'::text))  -- Say who says so.
);
ALTER TABLE care.dose_limit FORCE ROW LEVEL SECURITY;
CREATE POLICY everybody_reads ON care.dose_limit FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.dose_limit FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.dose_limit TO healthtrack_migrator;
GRANT SELECT ON care.dose_limit TO healthtrack_care;

-- What spoke against a prescription when it was written, and why it was written in spite of that.
CREATE TABLE care.detected_issue (
    detected_issue_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- Whose prescription.
    prescription_id uuid NOT NULL,  -- Against which prescription it spoke.
    other_prescription_id uuid,  -- The other prescription of an interaction or a duplicate; null where it is none.
    medication_statement_id uuid,  -- The medicine that the patient takes anyway; null where it is none.
    allergy_id uuid,  -- The allergy; null where it is none.
    overridden_by uuid,  -- Provider who prescribed in spite of it; null where nothing was said.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was found.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- The same: it is never changed.
    version integer DEFAULT 1 NOT NULL,  -- Always 1.
    kind text NOT NULL,  -- interaction, allergy, duplicate or dose.
    severity text NOT NULL,  -- high (not prescribed without a reason), moderate or low.
    about text NOT NULL,  -- The substance that it is about.
    effect text NOT NULL,  -- What may happen, in words.
    override_reason text,  -- Why it was prescribed in spite of it; null where nothing was said.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT detected_issue_pkey PRIMARY KEY (detected_issue_id),  -- This issue is known already.
    CONSTRAINT detected_issue_allergy_fkey FOREIGN KEY (patient_id, allergy_id) REFERENCES care.allergy(patient_id, allergy_id),  -- Choose an allergy of this patient.
    CONSTRAINT detected_issue_other_fkey FOREIGN KEY (patient_id, other_prescription_id) REFERENCES care.prescription(patient_id, prescription_id),  -- Choose a prescription of this patient.
    CONSTRAINT detected_issue_overrider_fkey FOREIGN KEY (overridden_by) REFERENCES care.provider(provider_id),  -- Choose one of the network's providers.
    CONSTRAINT detected_issue_prescription_fkey FOREIGN KEY (patient_id, prescription_id) REFERENCES care.prescription(patient_id, prescription_id),  -- Choose a prescription of this patient.
    CONSTRAINT detected_issue_statement_fkey FOREIGN KEY (patient_id, medication_statement_id) REFERENCES care.medication_statement(patient_id, medication_statement_id),  -- Choose a medicine of this patient.
    CONSTRAINT detected_issue_kind_is_known CHECK ((kind = ANY (ARRAY['interaction'::text, 'allergy'::text, 'duplicate'::text, 'dose'::text]))),  -- Choose interaction, allergy, duplicate or dose.
    CONSTRAINT detected_issue_names_what_it_is_about CHECK (((about ~ '\S'::text) AND (effect ~ '\S'::text) AND CASE kind WHEN 'allergy'::text THEN ((allergy_id IS NOT NULL) AND (num_nonnulls(other_prescription_id, medication_statement_id) = 0)) WHEN 'dose'::text THEN (num_nonnulls(allergy_id, other_prescription_id, medication_statement_id) = 0) ELSE ((allergy_id IS NULL) AND (num_nonnulls(other_prescription_id, medication_statement_id) = 1)) END)),  -- Name the substance, what may happen, and the row that the issue is about.
    CONSTRAINT detected_issue_override_says_who_and_why CHECK ((((overridden_by IS NULL) = (override_reason IS NULL)) AND ((override_reason ~ '\S'::text) IS NOT FALSE) AND ((severity <> 'high'::text) OR (override_reason IS NOT NULL)))),  -- Say who prescribes in spite of it, and why.
    CONSTRAINT detected_issue_severity_is_known CHECK ((severity = ANY (ARRAY['high'::text, 'moderate'::text, 'low'::text])))  -- Choose high, moderate or low.
);
CREATE INDEX detected_issue_allergy_idx ON care.detected_issue USING btree (patient_id, allergy_id);
CREATE INDEX detected_issue_other_idx ON care.detected_issue USING btree (patient_id, other_prescription_id);
CREATE INDEX detected_issue_overrider_idx ON care.detected_issue USING btree (overridden_by);
CREATE INDEX detected_issue_prescription_idx ON care.detected_issue USING btree (patient_id, prescription_id);
CREATE INDEX detected_issue_statement_idx ON care.detected_issue USING btree (patient_id, medication_statement_id);
CREATE TRIGGER detected_issue_is_never_altered BEFORE UPDATE ON care.detected_issue FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.refuse_alteration();  -- Trigger before a change of what is only added to: refuses it.
CREATE TRIGGER detected_issue_is_never_emptied BEFORE TRUNCATE ON care.detected_issue FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_alteration();  -- Trigger before a change of what is only added to: refuses it.
CREATE TRIGGER detected_issue_is_not_of_a_joined_record AFTER INSERT ON care.detected_issue REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER detected_issue_is_stamped BEFORE INSERT OR UPDATE ON care.detected_issue FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER detected_issue_stays_under_hold BEFORE DELETE ON care.detected_issue FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.detected_issue FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.detected_issue FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY granted ON care.detected_issue FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])));
CREATE POLICY is_seen_with_what_it_names ON care.detected_issue AS RESTRICTIVE FOR ALL TO healthtrack_care USING ((pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text) OR ((EXISTS ( SELECT FROM care.prescription p WHERE ((p.patient_id = detected_issue.patient_id) AND (p.prescription_id = detected_issue.prescription_id)))) AND ((other_prescription_id IS NULL) OR (EXISTS ( SELECT FROM care.prescription p WHERE ((p.patient_id = detected_issue.patient_id) AND (p.prescription_id = detected_issue.other_prescription_id))))) AND ((medication_statement_id IS NULL) OR (EXISTS ( SELECT FROM care.medication_statement s WHERE ((s.patient_id = detected_issue.patient_id) AND (s.medication_statement_id = detected_issue.medication_statement_id))))) AND ((allergy_id IS NULL) OR (EXISTS ( SELECT FROM care.allergy a WHERE ((a.patient_id = detected_issue.patient_id) AND (a.allergy_id = detected_issue.allergy_id))))))));
CREATE POLICY maintenance ON care.detected_issue FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.detected_issue FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.detected_issue TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.detected_issue TO healthtrack_care;

-- When somebody is to be told of what is measured; one version of it, whose words never change.
CREATE TABLE care.alert_rule (
    alert_rule_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key of this version.
    lineage_id uuid NOT NULL,  -- Key of the rule in all its versions: that of the first one.
    patient_id uuid,  -- For which patient; null where it is for more than one.
    programme_id uuid,  -- For who takes part in which programme; null where it is for one patient or for all.
    recorded_by uuid,  -- Provider who set it; null where the network did.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- Since when it holds.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    ended_at timestamp with time zone,  -- Since when it does not hold any more; null while it does.
    threshold double precision NOT NULL,  -- What it is compared with.
    lasting interval DEFAULT '00:00:00'::interval NOT NULL,  -- For how long it has to be so; zero where one value is enough.
    edition integer DEFAULT 1 NOT NULL,  -- 1 for its first version, and so on.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    title text NOT NULL,  -- What it is called.
    metric text,  -- What devices measure; null where it is about results.
    loinc text,  -- What results tell, by LOINC; null where devices measure it.
    comparator text NOT NULL,  -- below, at_most, at_least or above the threshold.
    unit text NOT NULL,  -- Unit of the threshold.
    severity text NOT NULL,  -- low, moderate, high or critical.
    tells text[] NOT NULL,  -- Who is told: patient, care_team, attending, emergency_contact.
    sensitivity care.sensitivity,  -- What it is of, where it and its alerts are kept apart from the rest of the chart; null for plain care.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT alert_rule_pkey PRIMARY KEY (alert_rule_id),  -- This rule is known already.
    CONSTRAINT alert_rule_edition_is_unique UNIQUE (lineage_id, edition),  -- Somebody changed the rule just now: try again.
    CONSTRAINT alert_rule_id_with_lineage_is_unique UNIQUE (lineage_id, alert_rule_id),  -- This rule is known already.
    CONSTRAINT alert_rule_is_current_once EXCLUDE USING btree (lineage_id WITH =) WHERE ((ended_at IS NULL)),  -- Another version of this rule holds: end that first.
    CONSTRAINT alert_rule_metric_fkey FOREIGN KEY (metric) REFERENCES signal.metric(name),  -- Choose one of the known metrics.
    CONSTRAINT alert_rule_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT alert_rule_programme_fkey FOREIGN KEY (programme_id) REFERENCES care.programme(programme_id),  -- Choose one of the network's programmes.
    CONSTRAINT alert_rule_recorder_fkey FOREIGN KEY (recorded_by) REFERENCES care.provider(provider_id),  -- Choose one of the network's providers.
    CONSTRAINT alert_rule_code_is_loinc CHECK (care.code_fits('loinc'::text, loinc)),  -- This is no code of LOINC.
    CONSTRAINT alert_rule_comparator_is_known CHECK ((comparator = ANY (ARRAY['below'::text, 'at_most'::text, 'at_least'::text, 'above'::text]))),  -- Choose below, at_most, at_least or above.
    CONSTRAINT alert_rule_ends_after_it_began CHECK ((ended_at >= created_at)),  -- A rule cannot end before it began.
    CONSTRAINT alert_rule_first_edition_begins_a_lineage CHECK (((edition >= 1) AND ((edition = 1) = (lineage_id = alert_rule_id)))),  -- Versions are counted from 1, and bear the key of the first one.
    CONSTRAINT alert_rule_is_for_one CHECK ((num_nonnulls(patient_id, programme_id) <= 1)),  -- A rule is for one patient, for one programme, or for all.
    CONSTRAINT alert_rule_lasting_is_believable CHECK (((lasting >= '00:00:00'::interval) AND (lasting <= '31 days'::interval))),  -- A rule waits for 31 days at most.
    CONSTRAINT alert_rule_measures_one_thing CHECK ((num_nonnulls(metric, loinc) = 1)),  -- Choose what devices measure, or what results tell.
    CONSTRAINT alert_rule_severity_is_known CHECK ((severity = ANY (ARRAY['low'::text, 'moderate'::text, 'high'::text, 'critical'::text]))),  -- Choose low, moderate, high or critical.
    CONSTRAINT alert_rule_tells_somebody CHECK (((cardinality(tells) > 0) AND (tells <@ ARRAY['patient'::text, 'care_team'::text, 'attending'::text, 'emergency_contact'::text]))),  -- Choose who is told: patient, care_team, attending or emergency_contact.
    CONSTRAINT alert_rule_threshold_is_a_number CHECK (((threshold > '-Infinity'::double precision) AND (threshold < 'Infinity'::double precision))),  -- Give a number to compare with.
    CONSTRAINT alert_rule_title_is_some CHECK (((title ~ '\S'::text) AND (length(title) <= 200))),  -- Give the rule a title of 200 letters at most.
    CONSTRAINT alert_rule_unit_is_some CHECK ((unit ~ '^\S{1,40}$'::text))  -- Give the unit of the threshold.
);
CREATE INDEX alert_rule_metric_idx ON care.alert_rule USING btree (metric);
CREATE INDEX alert_rule_patient_idx ON care.alert_rule USING btree (patient_id);
CREATE INDEX alert_rule_programme_idx ON care.alert_rule USING btree (programme_id);
CREATE INDEX alert_rule_recorder_idx ON care.alert_rule USING btree (recorded_by);
CREATE TRIGGER alert_rule_is_classified BEFORE INSERT ON care.alert_rule FOR EACH ROW EXECUTE FUNCTION care.classify('loinc=loinc');  -- Trigger before a row is stored: where nobody gave it a category, the first that its arguments tell (loinc=column, :column=column with the system in a column, care.table=column for a whole that it is part of); refuses to lower one.
CREATE TRIGGER alert_rule_is_not_of_a_joined_record AFTER INSERT ON care.alert_rule REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER alert_rule_is_recorded_in_person BEFORE INSERT OR UPDATE OF recorded_by ON care.alert_rule FOR EACH ROW WHEN (((NOT access.erasing()) AND (NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text)))) EXECUTE FUNCTION care.check_recorder('recorded_by');  -- Trigger before a provider records something through the portal: it bears the own name, and keeps the name that it bears.
CREATE TRIGGER alert_rule_is_stamped BEFORE INSERT OR UPDATE ON care.alert_rule FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER alert_rule_is_touched BEFORE UPDATE ON care.alert_rule FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER alert_rule_keeps_its_words BEFORE INSERT OR UPDATE ON care.alert_rule FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.check_alert_rule();  -- Trigger before a rule is stored or changed: its unit fits, its versions are about the same, and it keeps its words.
CREATE TRIGGER alert_rule_stays_under_hold BEFORE DELETE ON care.alert_rule FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.alert_rule FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.alert_rule FOR ALL TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])) AND ((sensitivity IS NULL) OR (recorded_by = ( SELECT care.acting_provider() AS acting_provider))))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY everybody_reads ON care.alert_rule FOR SELECT TO healthtrack_care USING (((patient_id IS NULL) AND (( SELECT access.part() AS part) IS NOT NULL)));
CREATE POLICY granted ON care.alert_rule FOR SELECT TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])) AND ((sensitivity IS NULL) OR (recorded_by = ( SELECT care.acting_provider() AS acting_provider)))));
CREATE POLICY maintenance ON care.alert_rule FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY opened ON care.alert_rule FOR SELECT TO healthtrack_care USING (((sensitivity IS NOT NULL) AND CASE sensitivity WHEN 'behavioural_health'::text THEN (patient_id = ANY (( SELECT access.patients_opened('behavioural_health'::text) AS patients_opened)::uuid[])) WHEN 'hiv'::text THEN (patient_id = ANY (( SELECT access.patients_opened('hiv'::text) AS patients_opened)::uuid[])) WHEN 'reproductive'::text THEN (patient_id = ANY (( SELECT access.patients_opened('reproductive'::text) AS patients_opened)::uuid[])) WHEN 'substance_use'::text THEN (patient_id = ANY (( SELECT access.patients_opened('substance_use'::text) AS patients_opened)::uuid[])) ELSE NULL::boolean END));
CREATE POLICY opened_in_care ON care.alert_rule FOR UPDATE TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])) AND (sensitivity IS NOT NULL) AND CASE sensitivity WHEN 'behavioural_health'::text THEN (patient_id = ANY (( SELECT access.patients_opened('behavioural_health'::text) AS patients_opened)::uuid[])) WHEN 'hiv'::text THEN (patient_id = ANY (( SELECT access.patients_opened('hiv'::text) AS patients_opened)::uuid[])) WHEN 'reproductive'::text THEN (patient_id = ANY (( SELECT access.patients_opened('reproductive'::text) AS patients_opened)::uuid[])) WHEN 'substance_use'::text THEN (patient_id = ANY (( SELECT access.patients_opened('substance_use'::text) AS patients_opened)::uuid[])) ELSE NULL::boolean END)) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY own ON care.alert_rule FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.alert_rule TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.alert_rule TO healthtrack_care;

-- That what was measured of a patient broke a rule, and what came of it.
CREATE TABLE care.alert (
    alert_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- Whose.
    lineage_id uuid NOT NULL,  -- By which rule, in all its versions.
    alert_rule_id uuid NOT NULL,  -- By which version of it.
    acknowledged_by uuid,  -- Provider who took it on; null before.
    escalated_to uuid,  -- Provider to whom it was passed on; null before.
    closed_by uuid,  -- Provider who closed it; null where it is open, or a program closed it.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was opened.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    acknowledged_at timestamp with time zone,  -- When it was taken on; null before.
    escalated_at timestamp with time zone,  -- When it was passed on; null before.
    closed_at timestamp with time zone,  -- When it was resolved or dismissed; null before.
    observed_during tstzrange NOT NULL,  -- From the first to the last of the values that broke the rule.
    lowest double precision NOT NULL,  -- The least of them, in the rule's unit.
    highest double precision NOT NULL,  -- The greatest of them.
    latest double precision NOT NULL,  -- The last of them.
    readings integer NOT NULL,  -- How many they are.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    severity text NOT NULL,  -- low, moderate, high or critical, as its rule says.
    status text DEFAULT 'open'::text NOT NULL,  -- open, acknowledged, escalated, resolved or dismissed.
    reason text,  -- Why it was dismissed, or what was done; null where nothing was said.
    sensitivity care.sensitivity,  -- What it is of, as its rule says; null for plain care.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT alert_pkey PRIMARY KEY (alert_id),  -- This alert is known already.
    CONSTRAINT alert_id_with_patient_is_unique UNIQUE (patient_id, alert_id),  -- This alert is known already.
    CONSTRAINT alert_of_a_rule_is_open_once EXCLUDE USING btree (patient_id WITH =, lineage_id WITH =) WHERE ((status <> ALL (ARRAY['resolved'::text, 'dismissed'::text]))),  -- This rule has an open alert of the patient already.
    CONSTRAINT alert_acknowledger_fkey FOREIGN KEY (acknowledged_by) REFERENCES care.provider(provider_id),  -- Choose one of the network's providers.
    CONSTRAINT alert_closer_fkey FOREIGN KEY (closed_by) REFERENCES care.provider(provider_id),  -- Choose one of the network's providers.
    CONSTRAINT alert_escalated_fkey FOREIGN KEY (escalated_to) REFERENCES care.provider(provider_id),  -- Choose one of the network's providers.
    CONSTRAINT alert_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT alert_rule_fkey FOREIGN KEY (lineage_id, alert_rule_id) REFERENCES care.alert_rule(lineage_id, alert_rule_id),  -- Choose a version of this rule.
    CONSTRAINT alert_acknowledged_says_who CHECK ((((acknowledged_by IS NULL) = (acknowledged_at IS NULL)) AND ((status <> 'acknowledged'::text) OR (acknowledged_by IS NOT NULL)))),  -- Say who took the alert on.
    CONSTRAINT alert_closed_says_when CHECK ((((status = ANY (ARRAY['resolved'::text, 'dismissed'::text])) = (closed_at IS NOT NULL)) AND ((closed_by IS NULL) OR (closed_at IS NOT NULL)))),  -- An alert that is resolved or dismissed was closed at a time, and no other was.
    CONSTRAINT alert_dismissal_says_why CHECK ((((status <> 'dismissed'::text) OR COALESCE((reason ~ '\S'::text), false)) AND ((length(reason) <= 2000) IS NOT FALSE))),  -- Say why the alert is dismissed, in 2000 letters at most.
    CONSTRAINT alert_escalated_says_to_whom CHECK ((((escalated_to IS NULL) = (escalated_at IS NULL)) AND ((status <> 'escalated'::text) OR (escalated_to IS NOT NULL)))),  -- Say to whom the alert is passed on.
    CONSTRAINT alert_evidence_is_whole CHECK (((readings >= 1) AND (lowest <= latest) AND (latest <= highest) AND (NOT isempty(observed_during)) AND (lower(observed_during) IS NOT NULL) AND (upper(observed_during) IS NOT NULL))),  -- Give the time, the number and the range of the values that broke the rule.
    CONSTRAINT alert_severity_is_known CHECK ((severity = ANY (ARRAY['low'::text, 'moderate'::text, 'high'::text, 'critical'::text]))),  -- Choose low, moderate, high or critical.
    CONSTRAINT alert_status_is_known CHECK ((status = ANY (ARRAY['open'::text, 'acknowledged'::text, 'escalated'::text, 'resolved'::text, 'dismissed'::text])))  -- Choose open, acknowledged, escalated, resolved or dismissed.
);
CREATE INDEX alert_acknowledger_idx ON care.alert USING btree (acknowledged_by);
CREATE INDEX alert_closer_idx ON care.alert USING btree (closed_by);
CREATE INDEX alert_escalated_idx ON care.alert USING btree (escalated_to);
CREATE INDEX alert_open_idx ON care.alert USING btree (patient_id, created_at) WHERE (status <> ALL (ARRAY['resolved'::text, 'dismissed'::text]));
CREATE INDEX alert_patient_idx ON care.alert USING btree (patient_id, created_at);
CREATE INDEX alert_rule_idx ON care.alert USING btree (lineage_id, alert_rule_id);
CREATE TRIGGER alert_is_stamped BEFORE INSERT OR UPDATE ON care.alert FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER alert_is_touched BEFORE UPDATE ON care.alert FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER alert_keeps_former_versions AFTER UPDATE ON care.alert FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.keep_former_version();  -- Trigger after each update: keeps the former row in care.record_version, and refuses to move a row to another patient.
CREATE TRIGGER alert_keeps_its_evidence BEFORE INSERT OR UPDATE ON care.alert FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.check_alert();  -- Trigger before an alert is stored or changed: its rule holds and is broken by its evidence, which stays, and it is answered in the own name.
CREATE TRIGGER alert_stays_under_hold BEFORE DELETE ON care.alert FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.alert FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.alert FOR ALL TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])) AND ((sensitivity IS NULL) OR (escalated_to = ( SELECT care.acting_provider() AS acting_provider))))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY granted ON care.alert FOR SELECT TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])) AND ((sensitivity IS NULL) OR (escalated_to = ( SELECT care.acting_provider() AS acting_provider)))));
CREATE POLICY maintenance ON care.alert FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY opened ON care.alert FOR SELECT TO healthtrack_care USING (((sensitivity IS NOT NULL) AND CASE sensitivity WHEN 'behavioural_health'::text THEN (patient_id = ANY (( SELECT access.patients_opened('behavioural_health'::text) AS patients_opened)::uuid[])) WHEN 'hiv'::text THEN (patient_id = ANY (( SELECT access.patients_opened('hiv'::text) AS patients_opened)::uuid[])) WHEN 'reproductive'::text THEN (patient_id = ANY (( SELECT access.patients_opened('reproductive'::text) AS patients_opened)::uuid[])) WHEN 'substance_use'::text THEN (patient_id = ANY (( SELECT access.patients_opened('substance_use'::text) AS patients_opened)::uuid[])) ELSE NULL::boolean END));
CREATE POLICY opened_in_care ON care.alert FOR UPDATE TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])) AND (sensitivity IS NOT NULL) AND CASE sensitivity WHEN 'behavioural_health'::text THEN (patient_id = ANY (( SELECT access.patients_opened('behavioural_health'::text) AS patients_opened)::uuid[])) WHEN 'hiv'::text THEN (patient_id = ANY (( SELECT access.patients_opened('hiv'::text) AS patients_opened)::uuid[])) WHEN 'reproductive'::text THEN (patient_id = ANY (( SELECT access.patients_opened('reproductive'::text) AS patients_opened)::uuid[])) WHEN 'substance_use'::text THEN (patient_id = ANY (( SELECT access.patients_opened('substance_use'::text) AS patients_opened)::uuid[])) ELSE NULL::boolean END)) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY own ON care.alert FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.alert TO healthtrack_migrator;
GRANT SELECT, UPDATE ON care.alert TO healthtrack_care;

-- One version of a model that predicts, as it was tried and approved.
CREATE TABLE care.prediction_model (
    prediction_model_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    approved_by uuid,  -- Provider who approved it; null before.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    approved_at timestamp with time zone,  -- Since when it may be used; null before.
    retired_at timestamp with time zone,  -- Since when it may not be used any more; null while it may.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change of the row.
    name text NOT NULL,  -- Its stable name: readmission_30_day.
    model_version text NOT NULL,  -- Which version of the model.
    intended_use text NOT NULL,  -- What it is meant for, and what not.
    inputs text[] NOT NULL,  -- What goes in, by name.
    predicts text NOT NULL,  -- What its number says.
    unit text NOT NULL,  -- Unit of its number; 1 for a probability.
    population text NOT NULL,  -- In whom it was made and tried.
    performance jsonb NOT NULL,  -- How well it did there, by name of the measure: auroc, calibration_slope.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT prediction_model_pkey PRIMARY KEY (prediction_model_id),  -- This model is known already.
    CONSTRAINT prediction_model_version_is_unique UNIQUE (name, model_version),  -- This version of the model is listed already.
    CONSTRAINT prediction_model_approver_fkey FOREIGN KEY (approved_by) REFERENCES care.provider(provider_id),  -- Choose one of the network's providers.
    CONSTRAINT prediction_model_approval_says_who CHECK ((((approved_by IS NULL) = (approved_at IS NULL)) AND ((retired_at >= approved_at) IS NOT FALSE))),  -- Say who approved the model; it is retired after that.
    CONSTRAINT prediction_model_name_is_snake_case CHECK ((name ~ '^[a-z][a-z0-9_]{1,60}$'::text)),  -- Write the name in small letters, digits and underscores.
    CONSTRAINT prediction_model_names_its_inputs CHECK (((cardinality(inputs) > 0) AND (array_position(inputs, NULL::text) IS NULL))),  -- Name at least one input.
    CONSTRAINT prediction_model_performance_is_measured CHECK (((jsonb_typeof(performance) = 'object'::text) AND (performance <> '{}'::jsonb))),  -- Say by at least one measure how well it did.
    CONSTRAINT prediction_model_says_what_it_is_for CHECK (((intended_use ~ '\S'::text) AND (predicts ~ '\S'::text) AND (population ~ '\S'::text))),  -- Say what it is meant for, what it predicts, and in whom it was tried.
    CONSTRAINT prediction_model_unit_is_some CHECK ((unit ~ '^\S{1,40}$'::text)),  -- Give the unit of its number.
    CONSTRAINT prediction_model_version_is_some CHECK ((model_version ~ '^\S{1,40}$'::text))  -- Give the model a version without spaces.
);
CREATE INDEX prediction_model_approver_idx ON care.prediction_model USING btree (approved_by);
CREATE TRIGGER prediction_model_is_stamped BEFORE INSERT OR UPDATE ON care.prediction_model FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER prediction_model_is_touched BEFORE UPDATE ON care.prediction_model FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER prediction_model_keeps_its_words BEFORE UPDATE ON care.prediction_model FOR EACH ROW EXECUTE FUNCTION care.check_prediction_model();  -- Trigger before a model is changed: it is approved and retired, and keeps its words.
ALTER TABLE care.prediction_model FORCE ROW LEVEL SECURITY;
CREATE POLICY everybody_reads ON care.prediction_model FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.prediction_model FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.prediction_model TO healthtrack_migrator;
GRANT SELECT ON care.prediction_model TO healthtrack_care;

-- What a model said of a patient, and what came true.
CREATE TABLE care.prediction (
    prediction_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- Of whom.
    prediction_model_id uuid NOT NULL,  -- Which model said so, in which version.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was said.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was last changed.
    horizon_at timestamp with time zone NOT NULL,  -- Until when it is to come true.
    outcome_at timestamp with time zone,  -- When it was known what came; null before.
    output double precision NOT NULL,  -- What the model said, in its unit.
    outcome double precision,  -- What came, in the same unit, 1 or 0 for what happened or did not; null before.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    inputs_sha256 bytea NOT NULL,  -- SHA-256 of the inputs, so that they can be shown to be the same.
    band text,  -- What the model calls this range; null where it has none.
    sensitivity care.sensitivity,  -- What it is of, where it is kept apart from the rest of the chart; null for plain care.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT prediction_pkey PRIMARY KEY (prediction_id),  -- This prediction is known already.
    CONSTRAINT prediction_id_with_patient_is_unique UNIQUE (patient_id, prediction_id),  -- This prediction is known already.
    CONSTRAINT prediction_model_fkey FOREIGN KEY (prediction_model_id) REFERENCES care.prediction_model(prediction_model_id),  -- Choose one of the listed models.
    CONSTRAINT prediction_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT prediction_inputs_are_a_digest CHECK ((octet_length(inputs_sha256) = 32)),  -- Store the SHA-256 of the inputs.
    CONSTRAINT prediction_looks_ahead CHECK ((horizon_at > created_at)),  -- A prediction is about what is to come.
    CONSTRAINT prediction_outcome_has_a_time CHECK ((((outcome IS NULL) = (outcome_at IS NULL)) AND (((outcome > '-Infinity'::double precision) AND (outcome < 'Infinity'::double precision)) IS NOT FALSE) AND ((outcome_at >= created_at) IS NOT FALSE))),  -- Say what came and when it was known.
    CONSTRAINT prediction_output_is_a_number CHECK (((output > '-Infinity'::double precision) AND (output < 'Infinity'::double precision)))  -- A model says a number.
);
CREATE INDEX prediction_model_idx ON care.prediction USING btree (prediction_model_id, created_at);
CREATE INDEX prediction_patient_idx ON care.prediction USING btree (patient_id, created_at);
CREATE TRIGGER prediction_is_kept BEFORE INSERT OR UPDATE ON care.prediction FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.check_prediction();  -- Trigger before a prediction is stored or changed: its model is approved, and only its outcome is told, once.
CREATE TRIGGER prediction_is_stamped BEFORE INSERT OR UPDATE ON care.prediction FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER prediction_is_touched BEFORE UPDATE ON care.prediction FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER prediction_stays_under_hold BEFORE DELETE ON care.prediction FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.prediction FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.prediction FOR ALL TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])) AND (sensitivity IS NULL))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY granted ON care.prediction FOR SELECT TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])) AND (sensitivity IS NULL)));
CREATE POLICY maintenance ON care.prediction FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY opened ON care.prediction FOR SELECT TO healthtrack_care USING (((sensitivity IS NOT NULL) AND CASE sensitivity WHEN 'behavioural_health'::text THEN (patient_id = ANY (( SELECT access.patients_opened('behavioural_health'::text) AS patients_opened)::uuid[])) WHEN 'hiv'::text THEN (patient_id = ANY (( SELECT access.patients_opened('hiv'::text) AS patients_opened)::uuid[])) WHEN 'reproductive'::text THEN (patient_id = ANY (( SELECT access.patients_opened('reproductive'::text) AS patients_opened)::uuid[])) WHEN 'substance_use'::text THEN (patient_id = ANY (( SELECT access.patients_opened('substance_use'::text) AS patients_opened)::uuid[])) ELSE NULL::boolean END));
CREATE POLICY opened_in_care ON care.prediction FOR UPDATE TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])) AND (sensitivity IS NOT NULL) AND CASE sensitivity WHEN 'behavioural_health'::text THEN (patient_id = ANY (( SELECT access.patients_opened('behavioural_health'::text) AS patients_opened)::uuid[])) WHEN 'hiv'::text THEN (patient_id = ANY (( SELECT access.patients_opened('hiv'::text) AS patients_opened)::uuid[])) WHEN 'reproductive'::text THEN (patient_id = ANY (( SELECT access.patients_opened('reproductive'::text) AS patients_opened)::uuid[])) WHEN 'substance_use'::text THEN (patient_id = ANY (( SELECT access.patients_opened('substance_use'::text) AS patients_opened)::uuid[])) ELSE NULL::boolean END)) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY own ON care.prediction FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.prediction TO healthtrack_migrator;
GRANT SELECT ON care.prediction TO healthtrack_care;

-- What is advised to a patient, with its reasons, and what the patient says to it.
CREATE TABLE care.recommendation (
    recommendation_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- To whom.
    recommended_by uuid,  -- Provider who advises it; null where a program does.
    prediction_id uuid,  -- The prediction that it follows from; null where there is none.
    alert_id uuid,  -- The alert that it follows from; null where there is none.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    answered_at timestamp with time zone,  -- When the patient last answered; null before.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    stands_until date,  -- First day on which it does not stand any more; null where it has no end.
    kind text NOT NULL,  -- lifestyle, screening, medication, follow_up, measurement, education or other.
    title text NOT NULL,  -- What is advised, in a few words.
    body text NOT NULL,  -- The same, in full.
    evidence jsonb NOT NULL,  -- What it is based on, by name, as what was measured and when.
    citation text,  -- Which published source stands behind it; null where none does.
    status text DEFAULT 'proposed'::text NOT NULL,  -- proposed, accepted, declined, completed or withdrawn.
    answer text,  -- What was said to it; null where nothing was.
    sensitivity care.sensitivity,  -- What it is of, where it is kept apart from the rest of the chart; null for plain care.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT recommendation_pkey PRIMARY KEY (recommendation_id),  -- This recommendation is known already.
    CONSTRAINT recommendation_alert_fkey FOREIGN KEY (patient_id, alert_id) REFERENCES care.alert(patient_id, alert_id),  -- Choose an alert of this patient.
    CONSTRAINT recommendation_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT recommendation_prediction_fkey FOREIGN KEY (patient_id, prediction_id) REFERENCES care.prediction(patient_id, prediction_id),  -- Choose a prediction of this patient.
    CONSTRAINT recommendation_provider_fkey FOREIGN KEY (recommended_by) REFERENCES care.provider(provider_id),  -- Choose one of the network's providers.
    CONSTRAINT recommendation_answer_has_a_time CHECK ((((status = ANY (ARRAY['accepted'::text, 'declined'::text, 'completed'::text])) <= (answered_at IS NOT NULL)) AND ((status <> 'proposed'::text) OR (answered_at IS NULL)) AND ((length(answer) <= 2000) IS NOT FALSE))),  -- An answer was given at a time, in 2000 letters at most.
    CONSTRAINT recommendation_citation_is_some CHECK ((citation ~ '\S'::text)),  -- Name the source, or leave it out.
    CONSTRAINT recommendation_comes_from_somewhere CHECK ((num_nonnulls(recommended_by, prediction_id, alert_id) >= 1)),  -- Say who advises it, or the prediction or alert that it follows from.
    CONSTRAINT recommendation_has_evidence CHECK (((jsonb_typeof(evidence) = 'object'::text) AND (evidence <> '{}'::jsonb))),  -- Say what it is based on, by name.
    CONSTRAINT recommendation_kind_is_known CHECK ((kind = ANY (ARRAY['lifestyle'::text, 'screening'::text, 'medication'::text, 'follow_up'::text, 'measurement'::text, 'education'::text, 'other'::text]))),  -- Choose one of the known kinds of recommendations.
    CONSTRAINT recommendation_says_what CHECK (((title ~ '\S'::text) AND (length(title) <= 200) AND (body ~ '\S'::text) AND (length(body) <= 10000))),  -- Say what is advised: 200 letters for the title, and 10,000 in full at most.
    CONSTRAINT recommendation_status_is_known CHECK ((status = ANY (ARRAY['proposed'::text, 'accepted'::text, 'declined'::text, 'completed'::text, 'withdrawn'::text])))  -- Choose proposed, accepted, declined, completed or withdrawn.
);
CREATE INDEX recommendation_alert_idx ON care.recommendation USING btree (patient_id, alert_id);
CREATE INDEX recommendation_patient_idx ON care.recommendation USING btree (patient_id, created_at);
CREATE INDEX recommendation_prediction_idx ON care.recommendation USING btree (patient_id, prediction_id);
CREATE INDEX recommendation_provider_idx ON care.recommendation USING btree (recommended_by);
CREATE TRIGGER recommendation_is_recorded_in_person BEFORE INSERT OR UPDATE OF recommended_by ON care.recommendation FOR EACH ROW WHEN (((NOT access.erasing()) AND (NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text)))) EXECUTE FUNCTION care.check_recorder('recommended_by');  -- Trigger before a provider records something through the portal: it bears the own name, and keeps the name that it bears.
CREATE TRIGGER recommendation_is_stamped BEFORE INSERT OR UPDATE ON care.recommendation FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER recommendation_is_touched BEFORE UPDATE ON care.recommendation FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER recommendation_keeps_former_versions AFTER UPDATE ON care.recommendation FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.keep_former_version();  -- Trigger after each update: keeps the former row in care.record_version, and refuses to move a row to another patient.
CREATE TRIGGER recommendation_keeps_its_words BEFORE INSERT OR UPDATE ON care.recommendation FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.check_recommendation();  -- Trigger before a recommendation is stored or changed: it is given by a provider or a program, keeps its words, and is answered by its patient.
CREATE TRIGGER recommendation_stays_under_hold BEFORE DELETE ON care.recommendation FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.recommendation FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.recommendation FOR ALL TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])) AND ((sensitivity IS NULL) OR (recommended_by = ( SELECT care.acting_provider() AS acting_provider))))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY granted ON care.recommendation FOR SELECT TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])) AND ((sensitivity IS NULL) OR (recommended_by = ( SELECT care.acting_provider() AS acting_provider)))));
CREATE POLICY maintenance ON care.recommendation FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY opened ON care.recommendation FOR SELECT TO healthtrack_care USING (((sensitivity IS NOT NULL) AND CASE sensitivity WHEN 'behavioural_health'::text THEN (patient_id = ANY (( SELECT access.patients_opened('behavioural_health'::text) AS patients_opened)::uuid[])) WHEN 'hiv'::text THEN (patient_id = ANY (( SELECT access.patients_opened('hiv'::text) AS patients_opened)::uuid[])) WHEN 'reproductive'::text THEN (patient_id = ANY (( SELECT access.patients_opened('reproductive'::text) AS patients_opened)::uuid[])) WHEN 'substance_use'::text THEN (patient_id = ANY (( SELECT access.patients_opened('substance_use'::text) AS patients_opened)::uuid[])) ELSE NULL::boolean END));
CREATE POLICY opened_in_care ON care.recommendation FOR UPDATE TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])) AND (sensitivity IS NOT NULL) AND CASE sensitivity WHEN 'behavioural_health'::text THEN (patient_id = ANY (( SELECT access.patients_opened('behavioural_health'::text) AS patients_opened)::uuid[])) WHEN 'hiv'::text THEN (patient_id = ANY (( SELECT access.patients_opened('hiv'::text) AS patients_opened)::uuid[])) WHEN 'reproductive'::text THEN (patient_id = ANY (( SELECT access.patients_opened('reproductive'::text) AS patients_opened)::uuid[])) WHEN 'substance_use'::text THEN (patient_id = ANY (( SELECT access.patients_opened('substance_use'::text) AS patients_opened)::uuid[])) ELSE NULL::boolean END)) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY own ON care.recommendation FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.recommendation TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.recommendation TO healthtrack_care;

-- A panel of tests that was asked for, and its specimen.
CREATE TABLE care.lab_order (
    lab_order_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- Whose.
    encounter_id uuid,  -- The visit at which it was asked for; null where there was none.
    ordered_by uuid NOT NULL,  -- Provider who asked.
    facility_id uuid,  -- The laboratory; null until it is chosen.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    ordered_at timestamp with time zone DEFAULT now() NOT NULL,  -- When.
    collected_at timestamp with time zone,  -- When the specimen was taken; null before.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    loinc text NOT NULL,  -- The panel by LOINC: 24331-1 is lipids.
    title text NOT NULL,  -- What it is called.
    status text DEFAULT 'ordered'::text NOT NULL,  -- ordered, collected, in_process, completed or cancelled.
    priority text DEFAULT 'routine'::text NOT NULL,  -- routine, urgent, asap or stat.
    specimen text NOT NULL,  -- blood, urine, stool, saliva, swab, tissue or other.
    specimen_label text,  -- The specimen's own number; null before it is taken.
    note text,  -- What the laboratory should know.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    sensitivity care.sensitivity,  -- Category by which it is kept apart: behavioural_health, reproductive, substance_use or hiv; null for plain care.
    CONSTRAINT lab_order_pkey PRIMARY KEY (lab_order_id),  -- This lab order is known already.
    CONSTRAINT lab_order_id_with_patient_is_unique UNIQUE (patient_id, lab_order_id),  -- This lab order is known already.
    CONSTRAINT lab_order_specimen_label_is_unique_in_its_laboratory UNIQUE (facility_id, specimen_label),  -- This label is on another specimen.
    CONSTRAINT lab_order_encounter_fkey FOREIGN KEY (patient_id, encounter_id) REFERENCES care.encounter(patient_id, encounter_id),  -- Choose a visit of this patient.
    CONSTRAINT lab_order_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility(facility_id),  -- Choose one of the network's facilities.
    CONSTRAINT lab_order_orderer_fkey FOREIGN KEY (ordered_by) REFERENCES care.provider(provider_id),  -- Choose one of the network's providers.
    CONSTRAINT lab_order_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT lab_order_code_is_loinc CHECK (care.code_fits('loinc'::text, loinc)),  -- This is no code of LOINC.
    CONSTRAINT lab_order_has_a_specimen_once_collected CHECK (((status = ANY (ARRAY['ordered'::text, 'cancelled'::text])) OR (collected_at IS NOT NULL))),  -- Say when the specimen was taken.
    CONSTRAINT lab_order_is_collected_after_it_was_ordered CHECK ((collected_at >= ordered_at)),  -- A specimen cannot be taken before it was ordered.
    CONSTRAINT lab_order_priority_is_known CHECK ((priority = ANY (ARRAY['routine'::text, 'urgent'::text, 'asap'::text, 'stat'::text]))),  -- Choose routine, urgent, asap or stat.
    CONSTRAINT lab_order_specimen_is_known CHECK ((specimen = ANY (ARRAY['blood'::text, 'urine'::text, 'stool'::text, 'saliva'::text, 'swab'::text, 'tissue'::text, 'other'::text]))),  -- Choose what is to be taken.
    CONSTRAINT lab_order_status_is_known CHECK ((status = ANY (ARRAY['ordered'::text, 'collected'::text, 'in_process'::text, 'completed'::text, 'cancelled'::text]))),  -- Choose how far it is.
    CONSTRAINT lab_order_title_is_some CHECK ((title ~ '\S'::text))  -- Say what it is called.
);
CREATE INDEX lab_order_encounter_idx ON care.lab_order USING btree (patient_id, encounter_id);
CREATE INDEX lab_order_open_idx ON care.lab_order USING btree (facility_id, ordered_at) WHERE (status = ANY (ARRAY['ordered'::text, 'collected'::text, 'in_process'::text]));
CREATE INDEX lab_order_orderer_idx ON care.lab_order USING btree (ordered_by) WHERE (ordered_by IS NOT NULL);
CREATE INDEX lab_order_patient_idx ON care.lab_order USING btree (patient_id, ordered_at);
CREATE TRIGGER lab_order_is_classified BEFORE INSERT OR UPDATE ON care.lab_order FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.classify('loinc=loinc');  -- Trigger before a row is stored: where nobody gave it a category, the first that its arguments tell (loinc=column, :column=column with the system in a column, care.table=column for a whole that it is part of); refuses to lower one.
CREATE TRIGGER lab_order_is_not_of_a_joined_record AFTER INSERT ON care.lab_order REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER lab_order_is_recorded_in_person BEFORE INSERT OR UPDATE OF ordered_by ON care.lab_order FOR EACH ROW WHEN (((NOT access.erasing()) AND (NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text)))) EXECUTE FUNCTION care.check_recorder('ordered_by');  -- Trigger before a provider records something through the portal: it bears the own name, and keeps the name that it bears.
CREATE TRIGGER lab_order_is_stamped BEFORE INSERT OR UPDATE ON care.lab_order FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER lab_order_is_touched BEFORE UPDATE ON care.lab_order FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER lab_order_keeps_former_versions AFTER UPDATE ON care.lab_order FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.keep_former_version();  -- Trigger after each update: keeps the former row in care.record_version, and refuses to move a row to another patient.
CREATE TRIGGER lab_order_raises_its_parts AFTER UPDATE OF sensitivity ON care.lab_order FOR EACH ROW WHEN (((new.sensitivity IS NOT NULL) AND (old.sensitivity IS NULL))) EXECUTE FUNCTION care.classify_parts('care.lab_result=lab_order_id', 'care.clinical_report=lab_order_id');  -- Trigger after a whole is given a category: its plain parts (arguments care.table=column) get it as well.
CREATE TRIGGER lab_order_stays_under_hold BEFORE DELETE ON care.lab_order FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.lab_order FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.lab_order FOR ALL TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])) AND ((sensitivity IS NULL) OR (ordered_by = ( SELECT care.acting_provider() AS acting_provider))))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY granted ON care.lab_order FOR SELECT TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])) AND ((sensitivity IS NULL) OR (ordered_by = ( SELECT care.acting_provider() AS acting_provider)))));
CREATE POLICY maintenance ON care.lab_order FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY opened ON care.lab_order FOR SELECT TO healthtrack_care USING (((sensitivity IS NOT NULL) AND CASE sensitivity WHEN 'behavioural_health'::text THEN (patient_id = ANY (( SELECT access.patients_opened('behavioural_health'::text) AS patients_opened)::uuid[])) WHEN 'hiv'::text THEN (patient_id = ANY (( SELECT access.patients_opened('hiv'::text) AS patients_opened)::uuid[])) WHEN 'reproductive'::text THEN (patient_id = ANY (( SELECT access.patients_opened('reproductive'::text) AS patients_opened)::uuid[])) WHEN 'substance_use'::text THEN (patient_id = ANY (( SELECT access.patients_opened('substance_use'::text) AS patients_opened)::uuid[])) ELSE NULL::boolean END));
CREATE POLICY opened_in_care ON care.lab_order FOR UPDATE TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])) AND (sensitivity IS NOT NULL) AND CASE sensitivity WHEN 'behavioural_health'::text THEN (patient_id = ANY (( SELECT access.patients_opened('behavioural_health'::text) AS patients_opened)::uuid[])) WHEN 'hiv'::text THEN (patient_id = ANY (( SELECT access.patients_opened('hiv'::text) AS patients_opened)::uuid[])) WHEN 'reproductive'::text THEN (patient_id = ANY (( SELECT access.patients_opened('reproductive'::text) AS patients_opened)::uuid[])) WHEN 'substance_use'::text THEN (patient_id = ANY (( SELECT access.patients_opened('substance_use'::text) AS patients_opened)::uuid[])) ELSE NULL::boolean END)) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY own ON care.lab_order FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.lab_order TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.lab_order TO healthtrack_care;

-- One finding of a laboratory.
CREATE TABLE care.lab_result (
    lab_result_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- Whose.
    lab_order_id uuid,  -- Of which order; null where it was brought along.
    amends_lab_result_id uuid,  -- The result that this one corrects; null for a first one.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    observed_at timestamp with time zone NOT NULL,  -- When the specimen was taken: when this was true of the patient.
    issued_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the laboratory said so.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    value_number numeric(18,6),  -- The value, where it is a number.
    reference_low numeric(18,6),  -- Lowest usual value; null where there is no lower bound.
    reference_high numeric(18,6),  -- Highest usual value; null where there is no upper bound.
    critical_low numeric(18,6),  -- Below this somebody must act; null where there is no such bound.
    critical_high numeric(18,6),  -- Above this somebody must act; null where there is no such bound.
    loinc text NOT NULL,  -- What was measured, by LOINC: 4548-4 is HbA1c.
    title text NOT NULL,  -- What it is called.
    comparator text,  -- < or > where the value is a limit of the method; null where it is the value.
    unit care.ucum_unit,  -- Unit of the number; 1 where it has none.
    value_code text,  -- The value by SNOMED CT, where it is a finding: 10828004 is positive.
    value_text text,  -- The value in words, where it is neither.
    absent_reason text,  -- Why there is no value: clotted, insufficient, lost or not_done.
    status text NOT NULL,  -- preliminary, final, amended or entered_in_error.
    flag text GENERATED ALWAYS AS (
CASE
    WHEN (value_number IS NULL) THEN NULL::text
    WHEN (value_number < critical_low) THEN 'LL'::text
    WHEN (value_number > critical_high) THEN 'HH'::text
    WHEN (value_number < reference_low) THEN 'L'::text
    WHEN (value_number > reference_high) THEN 'H'::text
    WHEN (num_nonnulls(reference_low, reference_high) > 0) THEN 'N'::text
    ELSE NULL::text
END) STORED,  -- HL7's letter against the reference range: LL, L, N, H or HH; null without a number or a range.
    note text,  -- The laboratory's remark.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    sensitivity care.sensitivity,  -- Category by which it is kept apart: behavioural_health, reproductive, substance_use or hiv; null for plain care.
    CONSTRAINT lab_result_pkey PRIMARY KEY (lab_result_id),  -- This lab result is known already.
    CONSTRAINT lab_result_code_with_patient_is_unique UNIQUE (patient_id, lab_result_id, loinc),  -- This lab result is known already.
    CONSTRAINT lab_result_id_with_patient_is_unique UNIQUE (patient_id, lab_result_id),  -- This lab result is known already.
    CONSTRAINT lab_result_is_amended_once EXCLUDE USING btree (amends_lab_result_id WITH =) WHERE ((status <> 'entered_in_error'::text)),  -- This result has been corrected already: correct the newer one.
    CONSTRAINT lab_result_amended_fkey FOREIGN KEY (patient_id, amends_lab_result_id, loinc) REFERENCES care.lab_result(patient_id, lab_result_id, loinc),  -- A correction is of the same test of the same patient.
    CONSTRAINT lab_result_lab_order_fkey FOREIGN KEY (patient_id, lab_order_id) REFERENCES care.lab_order(patient_id, lab_order_id),  -- Choose an order of this patient.
    CONSTRAINT lab_result_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT lab_result_absent_reason_is_known CHECK ((absent_reason = ANY (ARRAY['clotted'::text, 'insufficient'::text, 'lost'::text, 'not_done'::text]))),  -- Choose clotted, insufficient, lost or not_done.
    CONSTRAINT lab_result_amended_names_what_it_amends CHECK (((status = 'entered_in_error'::text) OR ((status = 'amended'::text) = (amends_lab_result_id IS NOT NULL)))),  -- A correction names the result that it corrects, and nothing else does.
    CONSTRAINT lab_result_code_is_loinc CHECK (care.code_fits('loinc'::text, loinc)),  -- This is no code of LOINC.
    CONSTRAINT lab_result_comparator_is_known CHECK (((comparator IS NULL) OR ((comparator = ANY (ARRAY['<'::text, '<='::text, '>='::text, '>'::text])) AND (value_number IS NOT NULL)))),  -- Choose <, <=, >= or > for a number at a limit.
    CONSTRAINT lab_result_is_issued_after_it_was_observed CHECK ((issued_at >= observed_at)),  -- A result cannot be known before its specimen was taken.
    CONSTRAINT lab_result_number_has_a_unit CHECK (((value_number IS NULL) = (unit IS NULL))),  -- A number has a unit: 1 where it has none.
    CONSTRAINT lab_result_range_is_ordered CHECK ((((reference_low <= reference_high) IS NOT FALSE) AND ((critical_low <= reference_low) IS NOT FALSE) AND ((critical_high >= reference_high) IS NOT FALSE) AND ((critical_low < critical_high) IS NOT FALSE))),  -- The critical range holds the usual one, and low is below high.
    CONSTRAINT lab_result_status_is_known CHECK ((status = ANY (ARRAY['preliminary'::text, 'final'::text, 'amended'::text, 'entered_in_error'::text]))),  -- Choose preliminary, final, amended or entered_in_error.
    CONSTRAINT lab_result_title_is_some CHECK ((title ~ '\S'::text)),  -- Say what it is called.
    CONSTRAINT lab_result_value_code_is_snomed CHECK (care.code_fits('snomed'::text, value_code)),  -- This is no code of SNOMED CT.
    CONSTRAINT lab_result_value_is_one CHECK ((num_nonnulls(value_number, value_code, value_text, absent_reason) = 1)),  -- Give a number, a code or words, or else why there is no value.
    CONSTRAINT lab_result_values_are_numbers CHECK ((((value_number = 'NaN'::numeric) IS NOT TRUE) AND ((reference_low = 'NaN'::numeric) IS NOT TRUE) AND ((reference_high = 'NaN'::numeric) IS NOT TRUE) AND ((critical_low = 'NaN'::numeric) IS NOT TRUE) AND ((critical_high = 'NaN'::numeric) IS NOT TRUE))) NOT VALID  -- Write a number.
);
CREATE INDEX lab_result_order_idx ON care.lab_result USING btree (patient_id, lab_order_id);
CREATE INDEX lab_result_patient_idx ON care.lab_result USING btree (patient_id, loinc, observed_at);
CREATE TRIGGER lab_result_amends_what_was_final BEFORE INSERT ON care.lab_result FOR EACH ROW WHEN ((new.amends_lab_result_id IS NOT NULL)) EXECUTE FUNCTION care.check_lab_amendment();  -- Trigger: only what was final is corrected by another row.
CREATE TRIGGER lab_result_is_classified BEFORE INSERT OR UPDATE ON care.lab_result FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.classify('loinc=loinc', 'care.lab_order=lab_order_id', 'care.lab_result=amends_lab_result_id');  -- Trigger before a row is stored: where nobody gave it a category, the first that its arguments tell (loinc=column, :column=column with the system in a column, care.table=column for a whole that it is part of); refuses to lower one.
CREATE TRIGGER lab_result_is_not_of_a_joined_record AFTER INSERT ON care.lab_result REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER lab_result_is_stamped BEFORE INSERT OR UPDATE ON care.lab_result FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER lab_result_is_touched BEFORE UPDATE ON care.lab_result FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER lab_result_keeps_former_versions AFTER UPDATE ON care.lab_result FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.keep_former_version();  -- Trigger after each update: keeps the former row in care.record_version, and refuses to move a row to another patient.
CREATE TRIGGER lab_result_keeps_what_is_final BEFORE UPDATE ON care.lab_result FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.keep_what_is_final();  -- Trigger before an update: what is final can be marked as an error and nothing else.
CREATE TRIGGER lab_result_opens_a_task AFTER INSERT ON care.lab_result FOR EACH ROW WHEN (((new.lab_order_id IS NOT NULL) AND (new.status = ANY (ARRAY['final'::text, 'amended'::text])))) EXECUTE FUNCTION care.open_result_task();  -- Trigger after a result of an order is final: a task for who ordered, at once where a value is critical.
CREATE TRIGGER lab_result_opens_a_task_once_final AFTER UPDATE OF status ON care.lab_result FOR EACH ROW WHEN (((new.lab_order_id IS NOT NULL) AND (old.status = 'preliminary'::text) AND (new.status = ANY (ARRAY['final'::text, 'amended'::text])))) EXECUTE FUNCTION care.open_result_task();  -- Trigger after a result of an order is final: a task for who ordered, at once where a value is critical.
CREATE TRIGGER lab_result_raises_its_parts AFTER UPDATE OF sensitivity ON care.lab_result FOR EACH ROW WHEN (((new.sensitivity IS NOT NULL) AND (old.sensitivity IS NULL))) EXECUTE FUNCTION care.classify_parts('care.lab_result=amends_lab_result_id', 'care.lab_result=lab_result_id=amends_lab_result_id');  -- Trigger after a whole is given a category: its plain parts (arguments care.table=column) get it as well.
CREATE TRIGGER lab_result_stays_under_hold BEFORE DELETE ON care.lab_result FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
CREATE TRIGGER lab_result_unit_fits_its_code BEFORE INSERT OR UPDATE OF loinc, unit ON care.lab_result FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.check_unit_of_result();  -- Trigger before a result is stored: refuses a unit that its LOINC code does not have.
ALTER TABLE care.lab_result FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.lab_result FOR ALL TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])) AND ((sensitivity IS NULL) OR ((updated_by = (( SELECT access.actor() AS actor))::text) OR ( SELECT care.acts_as_author('lab_order'::text, lab_result.lab_order_id) AS acts_as_author))))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY granted ON care.lab_result FOR SELECT TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])) AND ((sensitivity IS NULL) OR ((updated_by = (( SELECT access.actor() AS actor))::text) OR ( SELECT care.acts_as_author('lab_order'::text, lab_result.lab_order_id) AS acts_as_author)))));
CREATE POLICY maintenance ON care.lab_result FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY opened ON care.lab_result FOR SELECT TO healthtrack_care USING (((sensitivity IS NOT NULL) AND CASE sensitivity WHEN 'behavioural_health'::text THEN (patient_id = ANY (( SELECT access.patients_opened('behavioural_health'::text) AS patients_opened)::uuid[])) WHEN 'hiv'::text THEN (patient_id = ANY (( SELECT access.patients_opened('hiv'::text) AS patients_opened)::uuid[])) WHEN 'reproductive'::text THEN (patient_id = ANY (( SELECT access.patients_opened('reproductive'::text) AS patients_opened)::uuid[])) WHEN 'substance_use'::text THEN (patient_id = ANY (( SELECT access.patients_opened('substance_use'::text) AS patients_opened)::uuid[])) ELSE NULL::boolean END));
CREATE POLICY opened_in_care ON care.lab_result FOR UPDATE TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])) AND (sensitivity IS NOT NULL) AND CASE sensitivity WHEN 'behavioural_health'::text THEN (patient_id = ANY (( SELECT access.patients_opened('behavioural_health'::text) AS patients_opened)::uuid[])) WHEN 'hiv'::text THEN (patient_id = ANY (( SELECT access.patients_opened('hiv'::text) AS patients_opened)::uuid[])) WHEN 'reproductive'::text THEN (patient_id = ANY (( SELECT access.patients_opened('reproductive'::text) AS patients_opened)::uuid[])) WHEN 'substance_use'::text THEN (patient_id = ANY (( SELECT access.patients_opened('substance_use'::text) AS patients_opened)::uuid[])) ELSE NULL::boolean END)) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY own ON care.lab_result FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.lab_result TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.lab_result TO healthtrack_care;

-- Units in which what a LOINC code stands for may be told; a code without a row takes any.
CREATE TABLE care.loinc_unit (
    loinc text NOT NULL,  -- What is measured.
    unit care.ucum_unit NOT NULL,  -- A UCUM unit that fits it.
    lowest numeric,  -- No value can be below; null where nothing is impossible.
    highest numeric,  -- No value can be above; null where nothing is impossible.
    shift numeric,  -- What is added first to convert into chart_unit; null where it is not converted.
    factor numeric,  -- By what the sum is multiplied then.
    divisor numeric,  -- By what the product is divided at last.
    chart_unit care.ucum_unit,  -- The unit in which values of the code are drawn; null where they are drawn as they were told.
    CONSTRAINT loinc_unit_pkey PRIMARY KEY (loinc, unit),  -- This unit fits this code already.
    CONSTRAINT loinc_unit_bounds_are_ordered CHECK (((lowest < highest) IS NOT FALSE)),  -- The lowest possible value lies below the highest.
    CONSTRAINT loinc_unit_code_is_loinc CHECK ((loinc ~ '^[0-9]{1,7}-[0-9]$'::text)),  -- Give a LOINC code: digits, a hyphen and a check digit.
    CONSTRAINT loinc_unit_conversion_is_whole CHECK (((num_nonnulls(shift, factor, divisor, chart_unit) = ANY (ARRAY[0, 4])) AND (((factor > (0)::numeric) AND (divisor > (0)::numeric)) IS NOT FALSE)))  -- A conversion has a unit, a shift, and a factor and a divisor above 0.
);
ALTER TABLE care.loinc_unit FORCE ROW LEVEL SECURITY;
CREATE POLICY administrator ON care.loinc_unit FOR ALL TO healthtrack_care USING ((( SELECT access.part() AS part) = 'network_admin'::text)) WITH CHECK ((( SELECT access.part() AS part) = 'network_admin'::text));
CREATE POLICY everybody_reads ON care.loinc_unit FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.loinc_unit FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.loinc_unit TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.loinc_unit TO healthtrack_care;

-- What was measured, seen or asked of a patient, beside laboratory and devices.
CREATE TABLE care.observation (
    observation_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- Whose.
    encounter_id uuid,  -- At which visit; null where there was none.
    performer_id uuid,  -- Provider who made it; null where it was nobody of the network.
    amends_observation_id uuid,  -- The observation that this one takes the place of; null for a first one.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    observed_at timestamp with time zone NOT NULL,  -- When this was true of the patient, or when the period began in which it was.
    ended_at timestamp with time zone,  -- When that period ended; null for a moment.
    issued_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was told.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    value_number numeric,  -- The value, where it is a number.
    value_low numeric,  -- The lower end, where the value is a range; null where it is open.
    value_high numeric,  -- The upper end, where the value is a range; null where it is open.
    value_numerator numeric,  -- The first number, where the value is a ratio: 1 of 1 to 128.
    value_denominator numeric,  -- The second number, where the value is a ratio.
    reference_low numeric,  -- Lowest usual value; null where there is no lower bound.
    reference_high numeric,  -- Highest usual value; null where there is no upper bound.
    component_count smallint DEFAULT 0 NOT NULL,  -- How many values it has beside its own, each a row of observation_component.
    value_boolean boolean,  -- The value, where it is yes or no.
    category text NOT NULL,  -- vital_signs, social_history, survey, exam, activity, procedure or therapy.
    loinc text NOT NULL,  -- What was observed, by LOINC.
    title text NOT NULL,  -- What it is called.
    comparator text,  -- <, <=, >= or > where the number is a limit of the method; null where it is the value.
    unit care.ucum_unit,  -- UCUM unit of the number, the range or the first number of a ratio; 1 where it has none.
    denominator_unit care.ucum_unit,  -- UCUM unit of the second number of a ratio.
    value_system text,  -- snomed, or loinc for an answer of a list of LOINC, where the value is a code.
    value_code text,  -- The value, where it is a code: 266919005 is never smoked.
    value_text text,  -- The value, where it is in words.
    absent_reason text,  -- Why there is no value, as FHIR says it: unknown, not_asked, asked_declined, not_performed and so on.
    interpretation text,  -- HL7's letter: LL, L, N, H, HH, A, AA, POS, NEG or IND; null where nobody judged.
    body_site text,  -- Part of the body by SNOMED CT; null where it was not noted.
    method text,  -- How, in words; null where it was not noted.
    device_id text,  -- Name of the device from which it was read; null where there was none.
    sensitivity care.sensitivity,  -- What kind of sensitive fact it is; null for plain care.
    performed_by text NOT NULL,  -- provider, patient, or unknown where another system did not say.
    status text NOT NULL,  -- preliminary, final, amended (more is known), corrected (it was wrong) or entered_in_error.
    note text,  -- A remark; of a correction, why.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT observation_pkey PRIMARY KEY (observation_id),  -- This observation is known already.
    CONSTRAINT observation_code_with_patient_is_unique UNIQUE (patient_id, observation_id, loinc),  -- This observation is known already.
    CONSTRAINT observation_id_with_patient_is_unique UNIQUE (patient_id, observation_id),  -- This observation is known already.
    CONSTRAINT observation_is_amended_once EXCLUDE USING btree (amends_observation_id WITH =) WHERE ((status <> 'entered_in_error'::text)),  -- This observation has been corrected already: correct the newer one.
    CONSTRAINT observation_amended_fkey FOREIGN KEY (patient_id, amends_observation_id, loinc) REFERENCES care.observation(patient_id, observation_id, loinc),  -- A correction is of the same code of the same patient.
    CONSTRAINT observation_encounter_fkey FOREIGN KEY (patient_id, encounter_id) REFERENCES care.encounter(patient_id, encounter_id),  -- Choose a visit of this patient.
    CONSTRAINT observation_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT observation_performer_fkey FOREIGN KEY (performer_id) REFERENCES care.provider(provider_id),  -- Choose one of the network's providers.
    CONSTRAINT observation_absent_reason_is_known CHECK ((absent_reason = ANY (ARRAY['unknown'::text, 'asked_unknown'::text, 'temp_unknown'::text, 'not_asked'::text, 'asked_declined'::text, 'masked'::text, 'not_applicable'::text, 'unsupported'::text, 'error'::text, 'not_performed'::text, 'not_permitted'::text]))),  -- Choose one of the known reasons why there is no value.
    CONSTRAINT observation_amended_names_what_it_amends CHECK (((status = 'entered_in_error'::text) OR ((status = ANY (ARRAY['amended'::text, 'corrected'::text])) = (amends_observation_id IS NOT NULL)))),  -- A correction names the observation that it corrects, and nothing else does.
    CONSTRAINT observation_body_site_is_snomed CHECK (care.code_fits('snomed'::text, body_site)),  -- This is no code of SNOMED CT.
    CONSTRAINT observation_category_is_known CHECK ((category = ANY (ARRAY['vital_signs'::text, 'social_history'::text, 'survey'::text, 'exam'::text, 'activity'::text, 'procedure'::text, 'therapy'::text]))),  -- Choose what kind of observation it is.
    CONSTRAINT observation_code_is_loinc CHECK (care.code_fits('loinc'::text, loinc)),  -- This is no code of LOINC.
    CONSTRAINT observation_comparator_is_known CHECK (((comparator IS NULL) OR ((comparator = ANY (ARRAY['<'::text, '<='::text, '>='::text, '>'::text])) AND (value_number IS NOT NULL)))),  -- Choose <, <=, >= or > for a number at a limit.
    CONSTRAINT observation_components_are_few CHECK (((component_count >= 0) AND (component_count <= 50))),  -- An observation has 50 components at most.
    CONSTRAINT observation_interpretation_fits_its_range CHECK (((interpretation IS NULL) OR (value_number IS NULL) OR (comparator IS NOT NULL) OR (num_nonnulls(reference_low, reference_high) = 0) OR (interpretation = ANY (( CASE WHEN (value_number < reference_low) THEN '{L,LL,A,AA}'::text WHEN (value_number > reference_high) THEN '{H,HH,A,AA}'::text ELSE '{N}'::text END)::text[])))),  -- The letter contradicts the usual values: give the one that follows from them.
    CONSTRAINT observation_interpretation_is_known CHECK ((interpretation = ANY (ARRAY['LL'::text, 'L'::text, 'N'::text, 'H'::text, 'HH'::text, 'A'::text, 'AA'::text, 'POS'::text, 'NEG'::text, 'IND'::text]))),  -- Choose LL, L, N, H, HH, A, AA, POS, NEG or IND.
    CONSTRAINT observation_is_told_once_it_was_made CHECK ((issued_at >= COALESCE(ended_at, observed_at))),  -- An observation cannot be told before it was made.
    CONSTRAINT observation_method_is_short CHECK (((method ~ '\S'::text) AND (length(method) <= 200))),  -- Say how in some words, 200 characters at most.
    CONSTRAINT observation_note_is_short CHECK ((length(note) <= 4000)),  -- A remark has 4,000 characters at most.
    CONSTRAINT observation_number_has_a_unit CHECK (((num_nonnulls(value_number, value_low, value_high, value_numerator) > 0) = (unit IS NOT NULL))),  -- A number has a unit: 1 where it has none.
    CONSTRAINT observation_numbers_are_finite CHECK (((((value_number >= '-1000000000000'::numeric) AND (value_number <= '1000000000000'::numeric)) IS NOT FALSE) AND (((value_low >= '-1000000000000'::numeric) AND (value_low <= '1000000000000'::numeric)) IS NOT FALSE) AND (((value_high >= '-1000000000000'::numeric) AND (value_high <= '1000000000000'::numeric)) IS NOT FALSE) AND (((value_numerator >= '-1000000000000'::numeric) AND (value_numerator <= '1000000000000'::numeric)) IS NOT FALSE) AND (((value_denominator >= '-1000000000000'::numeric) AND (value_denominator <= '1000000000000'::numeric)) IS NOT FALSE))),  -- A number lies between -10^12 and 10^12.
    CONSTRAINT observation_performer_is_said CHECK (((performed_by = ANY (ARRAY['provider'::text, 'patient'::text, 'unknown'::text])) AND ((performed_by = 'provider'::text) = (performer_id IS NOT NULL)))),  -- Say who made it: a provider by name, the patient, or unknown.
    CONSTRAINT observation_period_is_forward CHECK ((ended_at > observed_at)),  -- A period ends after it began.
    CONSTRAINT observation_ratio_is_whole CHECK (((num_nonnulls(value_numerator, value_denominator, denominator_unit) = ANY (ARRAY[0, 3])) AND ((value_denominator > (0)::numeric) IS NOT FALSE))),  -- A ratio has two numbers, each with a unit, and the second is above 0.
    CONSTRAINT observation_reference_range_is_ordered CHECK ((((reference_low <= reference_high) IS NOT FALSE) AND ((unit IS NOT NULL) OR (num_nonnulls(reference_low, reference_high) = 0)))),  -- Usual values are of a number, and low is below high.
    CONSTRAINT observation_status_is_known CHECK ((status = ANY (ARRAY['preliminary'::text, 'final'::text, 'amended'::text, 'corrected'::text, 'entered_in_error'::text]))),  -- Choose preliminary, final, amended or corrected.
    CONSTRAINT observation_title_is_some CHECK ((title ~ '\S'::text)),  -- Say what it is called.
    CONSTRAINT observation_value_code_fits_its_system CHECK ( CASE value_system WHEN 'snomed'::text THEN (care.code_fits('snomed'::text, value_code) IS TRUE) WHEN 'loinc'::text THEN ((value_code ~ '^LA[1-9][0-9]{0,7}-[0-9]$'::text) IS TRUE) ELSE (num_nonnulls(value_system, value_code) = 0) END),  -- This is no code of SNOMED CT and no answer of a list of LOINC.
    CONSTRAINT observation_value_is_one CHECK ( CASE num_nonnulls(value_number, COALESCE(value_low, value_high), value_numerator, value_code, value_text, value_boolean, absent_reason) WHEN 0 THEN (component_count > 0) WHEN 1 THEN true ELSE false END),  -- Give one value: a number, a range, a ratio, a code, words, or yes or no; or else why there is none.
    CONSTRAINT observation_value_range_is_ordered CHECK (((value_low <= value_high) IS NOT FALSE)),  -- A range begins below its end.
    CONSTRAINT observation_value_text_is_short CHECK (((value_text ~ '\S'::text) AND (length(value_text) <= 4000)))  -- Write some words, 4,000 characters at most.
);
CREATE INDEX observation_amended_idx ON care.observation USING btree (patient_id, amends_observation_id);
CREATE INDEX observation_encounter_idx ON care.observation USING btree (patient_id, encounter_id);
CREATE INDEX observation_patient_idx ON care.observation USING btree (patient_id, loinc, observed_at);
CREATE INDEX observation_performer_idx ON care.observation USING btree (performer_id);
CREATE INDEX observation_time_idx ON care.observation USING btree (patient_id, observed_at, observation_id);
CREATE CONSTRAINT TRIGGER observation_has_its_components AFTER INSERT OR UPDATE OF component_count ON care.observation DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION care.count_components();  -- Trigger at the end of a transaction: an observation has as many components as its row says.
CREATE TRIGGER observation_is_classified BEFORE INSERT OR UPDATE ON care.observation FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.classify('loinc=loinc', ':value_system=value_code', 'care.observation=amends_observation_id');  -- Trigger before a row is stored: where nobody gave it a category, the first that its arguments tell (loinc=column, :column=column with the system in a column, care.table=column for a whole that it is part of); refuses to lower one.
CREATE TRIGGER observation_is_made_in_person BEFORE INSERT OR UPDATE ON care.observation FOR EACH ROW WHEN (((NOT access.erasing()) AND (NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text)))) EXECUTE FUNCTION care.check_observer();  -- Trigger before an observation is written through the portal: in the own name, and taken back by whose it is.
CREATE TRIGGER observation_is_not_of_a_joined_record AFTER INSERT ON care.observation REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER observation_is_stamped BEFORE INSERT OR UPDATE ON care.observation FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER observation_is_touched BEFORE UPDATE ON care.observation FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER observation_is_within_a_life AFTER INSERT OR UPDATE ON care.observation FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.check_observation();  -- Trigger after an observation is stored: it is within a life, read from a known device, and corrects what was final.
CREATE TRIGGER observation_keeps_former_versions AFTER UPDATE ON care.observation FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.keep_former_version();  -- Trigger after each update: keeps the former row in care.record_version, and refuses to move a row to another patient.
CREATE TRIGGER observation_keeps_what_is_final BEFORE UPDATE ON care.observation FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.keep_what_is_final();  -- Trigger before an update: what is final can be marked as an error and nothing else.
CREATE TRIGGER observation_raises_its_parts AFTER UPDATE OF sensitivity ON care.observation FOR EACH ROW WHEN (((new.sensitivity IS NOT NULL) AND (old.sensitivity IS NULL))) EXECUTE FUNCTION care.classify_parts('care.observation=amends_observation_id', 'care.observation=observation_id=amends_observation_id');  -- Trigger after a whole is given a category: its plain parts (arguments care.table=column) get it as well.
CREATE TRIGGER observation_stays_under_hold BEFORE DELETE ON care.observation FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
CREATE TRIGGER observation_value_is_possible BEFORE INSERT OR UPDATE OF loinc, unit, value_number, value_low, value_high, value_numerator ON care.observation FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.check_measured_value();  -- Trigger before a value is stored: refuses a unit that its LOINC code does not have, and what nobody can have.
ALTER TABLE care.observation FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.observation FOR ALL TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])) AND ((sensitivity IS NULL) OR (performer_id = ( SELECT care.acting_provider() AS acting_provider))))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY granted ON care.observation FOR SELECT TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])) AND ((sensitivity IS NULL) OR (performer_id = ( SELECT care.acting_provider() AS acting_provider)))));
CREATE POLICY maintenance ON care.observation FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY opened ON care.observation FOR SELECT TO healthtrack_care USING (((sensitivity IS NOT NULL) AND CASE sensitivity WHEN 'behavioural_health'::text THEN (patient_id = ANY (( SELECT access.patients_opened('behavioural_health'::text) AS patients_opened)::uuid[])) WHEN 'hiv'::text THEN (patient_id = ANY (( SELECT access.patients_opened('hiv'::text) AS patients_opened)::uuid[])) WHEN 'reproductive'::text THEN (patient_id = ANY (( SELECT access.patients_opened('reproductive'::text) AS patients_opened)::uuid[])) WHEN 'substance_use'::text THEN (patient_id = ANY (( SELECT access.patients_opened('substance_use'::text) AS patients_opened)::uuid[])) ELSE NULL::boolean END));
CREATE POLICY opened_in_care ON care.observation FOR UPDATE TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])) AND (sensitivity IS NOT NULL) AND CASE sensitivity WHEN 'behavioural_health'::text THEN (patient_id = ANY (( SELECT access.patients_opened('behavioural_health'::text) AS patients_opened)::uuid[])) WHEN 'hiv'::text THEN (patient_id = ANY (( SELECT access.patients_opened('hiv'::text) AS patients_opened)::uuid[])) WHEN 'reproductive'::text THEN (patient_id = ANY (( SELECT access.patients_opened('reproductive'::text) AS patients_opened)::uuid[])) WHEN 'substance_use'::text THEN (patient_id = ANY (( SELECT access.patients_opened('substance_use'::text) AS patients_opened)::uuid[])) ELSE NULL::boolean END)) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY own ON care.observation FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.observation TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.observation TO healthtrack_care;

-- One of the values of an observation that has several: systolic and diastolic of a blood pressure.
CREATE TABLE care.observation_component (
    observation_component_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- Whose.
    observation_id uuid NOT NULL,  -- Of which observation.
    value_number numeric,  -- The value, where it is a number.
    value_low numeric,  -- The lower end, where the value is a range; null where it is open.
    value_high numeric,  -- The upper end, where the value is a range; null where it is open.
    value_numerator numeric,  -- The first number, where the value is a ratio: 1 of 1 to 128.
    value_denominator numeric,  -- The second number, where the value is a ratio.
    reference_low numeric,  -- Lowest usual value; null where there is no lower bound.
    reference_high numeric,  -- Highest usual value; null where there is no upper bound.
    value_boolean boolean,  -- The value, where it is yes or no.
    loinc text NOT NULL,  -- What was observed, by LOINC.
    title text NOT NULL,  -- What it is called.
    comparator text,  -- <, <=, >= or > where the number is a limit of the method; null where it is the value.
    unit care.ucum_unit,  -- UCUM unit of the number, the range or the first number of a ratio; 1 where it has none.
    denominator_unit care.ucum_unit,  -- UCUM unit of the second number of a ratio.
    value_system text,  -- snomed, or loinc for an answer of a list of LOINC, where the value is a code.
    value_code text,  -- The value, where it is a code: 266919005 is never smoked.
    value_text text,  -- The value, where it is in words.
    absent_reason text,  -- Why there is no value, as FHIR says it: unknown, not_asked, asked_declined, not_performed and so on.
    interpretation text,  -- HL7's letter: LL, L, N, H, HH, A, AA, POS, NEG or IND; null where nobody judged.
    CONSTRAINT observation_component_pkey PRIMARY KEY (observation_component_id),  -- This component is known already.
    CONSTRAINT observation_component_is_given_once UNIQUE (patient_id, observation_id, loinc),  -- An observation has one component of each code.
    CONSTRAINT observation_component_observation_fkey FOREIGN KEY (patient_id, observation_id) REFERENCES care.observation(patient_id, observation_id),  -- Choose an observation of this patient.
    CONSTRAINT observation_component_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT observation_component_absent_reason_is_known CHECK ((absent_reason = ANY (ARRAY['unknown'::text, 'asked_unknown'::text, 'temp_unknown'::text, 'not_asked'::text, 'asked_declined'::text, 'masked'::text, 'not_applicable'::text, 'unsupported'::text, 'error'::text, 'not_performed'::text, 'not_permitted'::text]))),  -- Choose one of the known reasons why there is no value.
    CONSTRAINT observation_component_code_is_loinc CHECK (care.code_fits('loinc'::text, loinc)),  -- This is no code of LOINC.
    CONSTRAINT observation_component_comparator_is_known CHECK (((comparator IS NULL) OR ((comparator = ANY (ARRAY['<'::text, '<='::text, '>='::text, '>'::text])) AND (value_number IS NOT NULL)))),  -- Choose <, <=, >= or > for a number at a limit.
    CONSTRAINT observation_component_interpretation_fits_its_range CHECK (((interpretation IS NULL) OR (value_number IS NULL) OR (comparator IS NOT NULL) OR (num_nonnulls(reference_low, reference_high) = 0) OR (interpretation = ANY (( CASE WHEN (value_number < reference_low) THEN '{L,LL,A,AA}'::text WHEN (value_number > reference_high) THEN '{H,HH,A,AA}'::text ELSE '{N}'::text END)::text[])))),  -- The letter contradicts the usual values: give the one that follows from them.
    CONSTRAINT observation_component_interpretation_is_known CHECK ((interpretation = ANY (ARRAY['LL'::text, 'L'::text, 'N'::text, 'H'::text, 'HH'::text, 'A'::text, 'AA'::text, 'POS'::text, 'NEG'::text, 'IND'::text]))),  -- Choose LL, L, N, H, HH, A, AA, POS, NEG or IND.
    CONSTRAINT observation_component_number_has_a_unit CHECK (((num_nonnulls(value_number, value_low, value_high, value_numerator) > 0) = (unit IS NOT NULL))),  -- A number has a unit: 1 where it has none.
    CONSTRAINT observation_component_numbers_are_finite CHECK (((((value_number >= '-1000000000000'::numeric) AND (value_number <= '1000000000000'::numeric)) IS NOT FALSE) AND (((value_low >= '-1000000000000'::numeric) AND (value_low <= '1000000000000'::numeric)) IS NOT FALSE) AND (((value_high >= '-1000000000000'::numeric) AND (value_high <= '1000000000000'::numeric)) IS NOT FALSE) AND (((value_numerator >= '-1000000000000'::numeric) AND (value_numerator <= '1000000000000'::numeric)) IS NOT FALSE) AND (((value_denominator >= '-1000000000000'::numeric) AND (value_denominator <= '1000000000000'::numeric)) IS NOT FALSE))),  -- A number lies between -10^12 and 10^12.
    CONSTRAINT observation_component_ratio_is_whole CHECK (((num_nonnulls(value_numerator, value_denominator, denominator_unit) = ANY (ARRAY[0, 3])) AND ((value_denominator > (0)::numeric) IS NOT FALSE))),  -- A ratio has two numbers, each with a unit, and the second is above 0.
    CONSTRAINT observation_component_reference_range_is_ordered CHECK ((((reference_low <= reference_high) IS NOT FALSE) AND ((unit IS NOT NULL) OR (num_nonnulls(reference_low, reference_high) = 0)))),  -- Usual values are of a number, and low is below high.
    CONSTRAINT observation_component_title_is_some CHECK ((title ~ '\S'::text)),  -- Say what it is called.
    CONSTRAINT observation_component_value_code_fits_its_system CHECK ( CASE value_system WHEN 'snomed'::text THEN (care.code_fits('snomed'::text, value_code) IS TRUE) WHEN 'loinc'::text THEN ((value_code ~ '^LA[1-9][0-9]{0,7}-[0-9]$'::text) IS TRUE) ELSE (num_nonnulls(value_system, value_code) = 0) END),  -- This is no code of SNOMED CT and no answer of a list of LOINC.
    CONSTRAINT observation_component_value_is_one CHECK ((num_nonnulls(value_number, COALESCE(value_low, value_high), value_numerator, value_code, value_text, value_boolean, absent_reason) = 1)),  -- Give one value: a number, a range, a ratio, a code, words, or yes or no; or else why there is none.
    CONSTRAINT observation_component_value_range_is_ordered CHECK (((value_low <= value_high) IS NOT FALSE)),  -- A range begins below its end.
    CONSTRAINT observation_component_value_text_is_short CHECK (((value_text ~ '\S'::text) AND (length(value_text) <= 4000)))  -- Write some words, 4,000 characters at most.
);
CREATE INDEX observation_component_code_idx ON care.observation_component USING btree (patient_id, loinc);
CREATE CONSTRAINT TRIGGER observation_component_is_counted AFTER INSERT OR DELETE ON care.observation_component DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION care.count_components();  -- Trigger at the end of a transaction: an observation has as many components as its row says.
CREATE TRIGGER observation_component_is_never_altered BEFORE UPDATE ON care.observation_component FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.refuse_alteration();  -- Trigger before a change of what is only added to: refuses it.
CREATE TRIGGER observation_component_is_not_of_a_joined_record AFTER INSERT ON care.observation_component REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER observation_component_stays_under_hold BEFORE DELETE ON care.observation_component FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
CREATE TRIGGER observation_component_value_is_possible BEFORE INSERT ON care.observation_component FOR EACH ROW EXECUTE FUNCTION care.check_measured_value();  -- Trigger before a value is stored: refuses a unit that its LOINC code does not have, and what nobody can have.
ALTER TABLE care.observation_component FORCE ROW LEVEL SECURITY;
CREATE POLICY maintenance ON care.observation_component FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY of_its_observation ON care.observation_component FOR SELECT TO healthtrack_care USING ((EXISTS ( SELECT FROM care.observation o WHERE ((o.patient_id = observation_component.patient_id) AND (o.observation_id = observation_component.observation_id)))));
CREATE POLICY written ON care.observation_component FOR INSERT TO healthtrack_care WITH CHECK ((((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])) OR (patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[]))) AND (EXISTS ( SELECT FROM care.observation o WHERE ((o.patient_id = observation_component.patient_id) AND (o.observation_id = observation_component.observation_id))))));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.observation_component TO healthtrack_migrator;
GRANT INSERT, SELECT ON care.observation_component TO healthtrack_care;

-- Systems whose records are taken in.
CREATE TABLE care.source_system (
    source_system_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    retired_at timestamp with time zone,  -- Since when nothing is taken in from it; null while it is active.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    name text NOT NULL,  -- Its name in small letters: mercy-ehr.
    kind text NOT NULL,  -- health_record, laboratory, imaging, pharmacy, payer, device_cloud, registry or other.
    organisation text NOT NULL,  -- Whose it is.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT source_system_pkey PRIMARY KEY (source_system_id),  -- This system is known already.
    CONSTRAINT source_system_name_is_unique UNIQUE (name),  -- This name is another system's already.
    CONSTRAINT source_system_kind_is_known CHECK ((kind = ANY (ARRAY['health_record'::text, 'laboratory'::text, 'imaging'::text, 'pharmacy'::text, 'payer'::text, 'device_cloud'::text, 'registry'::text, 'other'::text]))),  -- Choose what kind of system it is.
    CONSTRAINT source_system_name_is_short CHECK ((name ~ '^[a-z0-9]([a-z0-9.-]{0,62}[a-z0-9])?$'::text)),  -- A system has a name of small letters, digits, dots and hyphens, 64 at most.
    CONSTRAINT source_system_organisation_is_some CHECK (((organisation ~ '\S'::text) AND (length(organisation) <= 200)))  -- Say whose system it is, in 200 characters at most.
);
CREATE TRIGGER source_system_is_stamped BEFORE INSERT OR UPDATE ON care.source_system FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER source_system_is_touched BEFORE UPDATE ON care.source_system FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
ALTER TABLE care.source_system FORCE ROW LEVEL SECURITY;
CREATE POLICY maintenance ON care.source_system FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.source_system TO healthtrack_migrator;

-- Which row is which record of another system.
CREATE TABLE care.external_record (
    external_record_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid,  -- Whose the row is; null where it is of no person.
    source_system_id uuid NOT NULL,  -- Which system.
    row_id uuid NOT NULL,  -- Key of the row in its table.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    first_received_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it came first.
    received_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it came last, changed or not.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each coming.
    relation text NOT NULL,  -- The row's table, without its schema.
    external_id text NOT NULL,  -- How the system names it: Observation/af4c.
    digest bytea NOT NULL,  -- SHA-256 of what came last.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT external_record_pkey PRIMARY KEY (external_record_id),  -- This external record is known already.
    CONSTRAINT external_record_is_known_once UNIQUE (source_system_id, external_id),  -- This record of the system is known already.
    CONSTRAINT external_record_row_is_known_once_a_source UNIQUE (row_id, relation, source_system_id),  -- The system has another name for this row already.
    CONSTRAINT external_record_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT external_record_source_system_fkey FOREIGN KEY (source_system_id) REFERENCES care.source_system(source_system_id),  -- Add the system first.
    CONSTRAINT external_record_digest_is_sha256 CHECK ((octet_length(digest) = 32)),  -- Give the SHA-256 of what came.
    CONSTRAINT external_record_external_id_is_short CHECK (((external_id ~ '\S'::text) AND (length(external_id) <= 500))),  -- A system names its record in 1 to 500 characters.
    CONSTRAINT external_record_is_received_first CHECK ((received_at >= first_received_at)),  -- A record comes first before it comes again.
    CONSTRAINT external_record_relation_is_a_name CHECK ((relation ~ '^[a-z][a-z_]{0,62}$'::text))  -- Name a table as it is named, in small letters.
);
CREATE INDEX external_record_patient_idx ON care.external_record USING btree (patient_id);
CREATE TRIGGER external_record_has_its_row BEFORE INSERT OR UPDATE ON care.external_record FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.check_external_record();  -- Trigger before a record of another system is registered: its row is there and of that patient, and its system is active; later it stays that row.
CREATE TRIGGER external_record_is_stamped BEFORE INSERT OR UPDATE ON care.external_record FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER external_record_is_touched BEFORE UPDATE ON care.external_record FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER external_record_stays_under_hold BEFORE DELETE ON care.external_record FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.external_record FORCE ROW LEVEL SECURITY;
CREATE POLICY maintenance ON care.external_record FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.external_record TO healthtrack_migrator;

-- Results as they stand: without those that were corrected, and without errors.
--   lab_result_id: Key.
--   patient_id: Whose.
--   lab_order_id: Of which order; null where it was brought along.
--   amends_lab_result_id: The result that this one corrects; null for a first one.
--   created_at: When the row was made.
--   updated_at: When it was last changed.
--   observed_at: When the specimen was taken: when this was true of the patient.
--   issued_at: When the laboratory said so.
--   version: Raised by each change.
--   value_number: The value, where it is a number.
--   reference_low: Lowest usual value; null where there is no lower bound.
--   reference_high: Highest usual value; null where there is no upper bound.
--   critical_low: Below this somebody must act; null where there is no such bound.
--   critical_high: Above this somebody must act; null where there is no such bound.
--   loinc: What was measured, by LOINC: 4548-4 is HbA1c.
--   title: What it is called.
--   comparator: < or > where the value is a limit of the method; null where it is the value.
--   unit: Unit of the number; 1 where it has none.
--   value_code: The value by SNOMED CT, where it is a finding: 10828004 is positive.
--   value_text: The value in words, where it is neither.
--   absent_reason: Why there is no value: clotted, insufficient, lost or not_done.
--   status: preliminary, final, amended or entered_in_error.
--   flag: HL7's letter against the reference range: LL, L, N, H or HH; null without a number or a range.
--   note: The laboratory's remark.
--   updated_by: Account or program that last changed it.
--   sensitivity: Category by which it is kept apart; null for plain care.
CREATE VIEW care.current_lab_result WITH (security_invoker=true) AS
 SELECT lab_result_id,
    patient_id,
    lab_order_id,
    amends_lab_result_id,
    created_at,
    updated_at,
    observed_at,
    issued_at,
    version,
    value_number,
    reference_low,
    reference_high,
    critical_low,
    critical_high,
    loinc,
    title,
    comparator,
    unit,
    value_code,
    value_text,
    absent_reason,
    status,
    flag,
    note,
    updated_by,
    sensitivity
   FROM care.lab_result r
  WHERE ((status <> 'entered_in_error'::text) AND (NOT (EXISTS ( SELECT
           FROM care.lab_result newer
          WHERE ((newer.amends_lab_result_id = r.lab_result_id) AND (newer.status <> 'entered_in_error'::text))))));
GRANT SELECT ON care.current_lab_result TO healthtrack_care;

-- A set of images of one examination.
CREATE TABLE care.imaging_study (
    imaging_study_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- Whose.
    encounter_id uuid,  -- The visit at which it was made; null where there was none.
    facility_id uuid,  -- Where; null outside of the network.
    referrer_id uuid,  -- Provider who asked; null outside of the network.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    started_at timestamp with time zone NOT NULL,  -- When.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    study_uid care.dicom_uid NOT NULL,  -- DICOM's identifier of the study (0020,000D).
    accession_number text,  -- The department's number (0008,0050); null where there is none.
    description text NOT NULL,  -- What was examined.
    status text DEFAULT 'available'::text NOT NULL,  -- registered, available, cancelled or entered_in_error.
    reason text,  -- Why; null where it was not said.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    sensitivity care.sensitivity,  -- Category by which it is kept apart: behavioural_health, reproductive, substance_use or hiv; null for plain care.
    CONSTRAINT imaging_study_pkey PRIMARY KEY (imaging_study_id),  -- This imaging study is known already.
    CONSTRAINT imaging_study_id_with_patient_is_unique UNIQUE (patient_id, imaging_study_id),  -- This imaging study is known already.
    CONSTRAINT imaging_study_uid_is_unique UNIQUE (study_uid),  -- This study cannot be stored: check its identifier.
    CONSTRAINT imaging_study_encounter_fkey FOREIGN KEY (patient_id, encounter_id) REFERENCES care.encounter(patient_id, encounter_id),  -- Choose a visit of this patient.
    CONSTRAINT imaging_study_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility(facility_id),  -- Choose one of the network's facilities.
    CONSTRAINT imaging_study_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT imaging_study_referrer_fkey FOREIGN KEY (referrer_id) REFERENCES care.provider(provider_id),  -- Choose one of the network's providers.
    CONSTRAINT imaging_study_accession_number_is_short CHECK ((accession_number ~ '^[!-~]{1,16}$'::text)),  -- An accession number has 16 characters at most.
    CONSTRAINT imaging_study_description_is_some CHECK ((description ~ '\S'::text)),  -- Say what was examined.
    CONSTRAINT imaging_study_status_is_known CHECK ((status = ANY (ARRAY['registered'::text, 'available'::text, 'cancelled'::text, 'entered_in_error'::text])))  -- Choose how it stands.
);
CREATE INDEX imaging_study_encounter_idx ON care.imaging_study USING btree (patient_id, encounter_id);
CREATE INDEX imaging_study_facility_idx ON care.imaging_study USING btree (facility_id) WHERE (facility_id IS NOT NULL);
CREATE INDEX imaging_study_patient_idx ON care.imaging_study USING btree (patient_id, started_at);
CREATE INDEX imaging_study_referrer_idx ON care.imaging_study USING btree (referrer_id) WHERE (referrer_id IS NOT NULL);
CREATE TRIGGER imaging_study_is_classified BEFORE INSERT OR UPDATE ON care.imaging_study FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.classify();  -- Trigger before a row is stored: where nobody gave it a category, the first that its arguments tell (loinc=column, :column=column with the system in a column, care.table=column for a whole that it is part of); refuses to lower one.
CREATE TRIGGER imaging_study_is_not_of_a_joined_record AFTER INSERT ON care.imaging_study REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER imaging_study_is_stamped BEFORE INSERT OR UPDATE ON care.imaging_study FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER imaging_study_is_touched BEFORE UPDATE ON care.imaging_study FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER imaging_study_keeps_former_versions AFTER UPDATE ON care.imaging_study FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.keep_former_version();  -- Trigger after each update: keeps the former row in care.record_version, and refuses to move a row to another patient.
CREATE TRIGGER imaging_study_raises_its_parts AFTER UPDATE OF sensitivity ON care.imaging_study FOR EACH ROW WHEN (((new.sensitivity IS NOT NULL) AND (old.sensitivity IS NULL))) EXECUTE FUNCTION care.classify_parts('care.imaging_series=imaging_study_id', 'care.clinical_report=imaging_study_id');  -- Trigger after a whole is given a category: its plain parts (arguments care.table=column) get it as well.
CREATE TRIGGER imaging_study_stays_under_hold BEFORE DELETE ON care.imaging_study FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.imaging_study FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.imaging_study FOR ALL TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])) AND ((sensitivity IS NULL) OR ((referrer_id = ( SELECT care.acting_provider() AS acting_provider)) OR (updated_by = (( SELECT access.actor() AS actor))::text))))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY granted ON care.imaging_study FOR SELECT TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])) AND ((sensitivity IS NULL) OR ((referrer_id = ( SELECT care.acting_provider() AS acting_provider)) OR (updated_by = (( SELECT access.actor() AS actor))::text)))));
CREATE POLICY maintenance ON care.imaging_study FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY opened ON care.imaging_study FOR SELECT TO healthtrack_care USING (((sensitivity IS NOT NULL) AND CASE sensitivity WHEN 'behavioural_health'::text THEN (patient_id = ANY (( SELECT access.patients_opened('behavioural_health'::text) AS patients_opened)::uuid[])) WHEN 'hiv'::text THEN (patient_id = ANY (( SELECT access.patients_opened('hiv'::text) AS patients_opened)::uuid[])) WHEN 'reproductive'::text THEN (patient_id = ANY (( SELECT access.patients_opened('reproductive'::text) AS patients_opened)::uuid[])) WHEN 'substance_use'::text THEN (patient_id = ANY (( SELECT access.patients_opened('substance_use'::text) AS patients_opened)::uuid[])) ELSE NULL::boolean END));
CREATE POLICY opened_in_care ON care.imaging_study FOR UPDATE TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])) AND (sensitivity IS NOT NULL) AND CASE sensitivity WHEN 'behavioural_health'::text THEN (patient_id = ANY (( SELECT access.patients_opened('behavioural_health'::text) AS patients_opened)::uuid[])) WHEN 'hiv'::text THEN (patient_id = ANY (( SELECT access.patients_opened('hiv'::text) AS patients_opened)::uuid[])) WHEN 'reproductive'::text THEN (patient_id = ANY (( SELECT access.patients_opened('reproductive'::text) AS patients_opened)::uuid[])) WHEN 'substance_use'::text THEN (patient_id = ANY (( SELECT access.patients_opened('substance_use'::text) AS patients_opened)::uuid[])) ELSE NULL::boolean END)) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY own ON care.imaging_study FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.imaging_study TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.imaging_study TO healthtrack_care;

-- Images of a study that one machine made in one go.
CREATE TABLE care.imaging_series (
    imaging_series_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- Whose.
    imaging_study_id uuid NOT NULL,  -- Of which study.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    started_at timestamp with time zone,  -- When; null where it was not noted.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    series_number integer NOT NULL,  -- Its number within the study.
    instances integer NOT NULL,  -- How many images.
    series_uid care.dicom_uid NOT NULL,  -- DICOM's identifier of the series (0020,000E).
    modality text NOT NULL,  -- Kind of machine by DICOM: CT, MR, US, DX and so on.
    body_site text,  -- Part of the body by SNOMED CT; null where it was not noted.
    laterality text,  -- left, right or both; null where that means nothing.
    description text,  -- What it shows.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    sensitivity care.sensitivity,  -- Category by which it is kept apart: behavioural_health, reproductive, substance_use or hiv; null for plain care.
    CONSTRAINT imaging_series_pkey PRIMARY KEY (imaging_series_id),  -- This imaging series is known already.
    CONSTRAINT imaging_series_number_is_unique_in_its_study UNIQUE (imaging_study_id, series_number),  -- This study has a series of that number already.
    CONSTRAINT imaging_series_uid_is_unique UNIQUE (series_uid),  -- This series cannot be stored: check its identifier.
    CONSTRAINT imaging_series_imaging_study_fkey FOREIGN KEY (patient_id, imaging_study_id) REFERENCES care.imaging_study(patient_id, imaging_study_id),  -- Choose a study of this patient.
    CONSTRAINT imaging_series_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT imaging_series_body_site_is_snomed CHECK (care.code_fits('snomed'::text, body_site)),  -- This is no code of SNOMED CT.
    CONSTRAINT imaging_series_holds_images CHECK ((((instances >= 1) AND (instances <= 1000000)) AND (series_number >= 0))),  -- A series holds at least one image.
    CONSTRAINT imaging_series_laterality_is_known CHECK ((laterality = ANY (ARRAY['left'::text, 'right'::text, 'both'::text]))),  -- Choose left, right or both.
    CONSTRAINT imaging_series_modality_is_known CHECK ((modality = ANY (ARRAY['CR'::text, 'CT'::text, 'DX'::text, 'ECG'::text, 'ES'::text, 'IO'::text, 'IVUS'::text, 'MG'::text, 'MR'::text, 'NM'::text, 'OCT'::text, 'OP'::text, 'OT'::text, 'PT'::text, 'PX'::text, 'RF'::text, 'SM'::text, 'US'::text, 'XA'::text, 'XC'::text])))  -- Choose one of DICOM's kinds of machine.
);
CREATE INDEX imaging_series_study_idx ON care.imaging_series USING btree (patient_id, imaging_study_id);
CREATE TRIGGER imaging_series_is_classified BEFORE INSERT OR UPDATE ON care.imaging_series FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.classify('care.imaging_study=imaging_study_id');  -- Trigger before a row is stored: where nobody gave it a category, the first that its arguments tell (loinc=column, :column=column with the system in a column, care.table=column for a whole that it is part of); refuses to lower one.
CREATE TRIGGER imaging_series_is_not_of_a_joined_record AFTER INSERT ON care.imaging_series REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER imaging_series_is_stamped BEFORE INSERT OR UPDATE ON care.imaging_series FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER imaging_series_is_touched BEFORE UPDATE ON care.imaging_series FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER imaging_series_keeps_former_versions AFTER UPDATE ON care.imaging_series FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.keep_former_version();  -- Trigger after each update: keeps the former row in care.record_version, and refuses to move a row to another patient.
CREATE TRIGGER imaging_series_stays_under_hold BEFORE DELETE ON care.imaging_series FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.imaging_series FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.imaging_series FOR ALL TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])) AND ((sensitivity IS NULL) OR ((updated_by = (( SELECT access.actor() AS actor))::text) OR ( SELECT care.acts_as_author('imaging_study'::text, imaging_series.imaging_study_id) AS acts_as_author))))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY granted ON care.imaging_series FOR SELECT TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])) AND ((sensitivity IS NULL) OR ((updated_by = (( SELECT access.actor() AS actor))::text) OR ( SELECT care.acts_as_author('imaging_study'::text, imaging_series.imaging_study_id) AS acts_as_author)))));
CREATE POLICY maintenance ON care.imaging_series FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY opened ON care.imaging_series FOR SELECT TO healthtrack_care USING (((sensitivity IS NOT NULL) AND CASE sensitivity WHEN 'behavioural_health'::text THEN (patient_id = ANY (( SELECT access.patients_opened('behavioural_health'::text) AS patients_opened)::uuid[])) WHEN 'hiv'::text THEN (patient_id = ANY (( SELECT access.patients_opened('hiv'::text) AS patients_opened)::uuid[])) WHEN 'reproductive'::text THEN (patient_id = ANY (( SELECT access.patients_opened('reproductive'::text) AS patients_opened)::uuid[])) WHEN 'substance_use'::text THEN (patient_id = ANY (( SELECT access.patients_opened('substance_use'::text) AS patients_opened)::uuid[])) ELSE NULL::boolean END));
CREATE POLICY opened_in_care ON care.imaging_series FOR UPDATE TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])) AND (sensitivity IS NOT NULL) AND CASE sensitivity WHEN 'behavioural_health'::text THEN (patient_id = ANY (( SELECT access.patients_opened('behavioural_health'::text) AS patients_opened)::uuid[])) WHEN 'hiv'::text THEN (patient_id = ANY (( SELECT access.patients_opened('hiv'::text) AS patients_opened)::uuid[])) WHEN 'reproductive'::text THEN (patient_id = ANY (( SELECT access.patients_opened('reproductive'::text) AS patients_opened)::uuid[])) WHEN 'substance_use'::text THEN (patient_id = ANY (( SELECT access.patients_opened('substance_use'::text) AS patients_opened)::uuid[])) ELSE NULL::boolean END)) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY own ON care.imaging_series FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.imaging_series TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.imaging_series TO healthtrack_care;

-- What somebody concluded, signed with a name.
CREATE TABLE care.clinical_report (
    clinical_report_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- Whose.
    encounter_id uuid,  -- Of which visit; null where there was none.
    lab_order_id uuid,  -- About which order of tests; null for others.
    imaging_study_id uuid,  -- About which images; null for others.
    signed_by uuid,  -- Provider who signed; null until then.
    amends_clinical_report_id uuid,  -- The report that this one corrects; null for a first one.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    signed_at timestamp with time zone,  -- When it was signed; null until then.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    category text NOT NULL,  -- lab, imaging, pathology, cardiology, consultation, operative, discharge or other.
    loinc text,  -- Kind of document by LOINC: 18842-5 is a discharge summary; null where it has none.
    title text NOT NULL,  -- What it is called.
    status text DEFAULT 'preliminary'::text NOT NULL,  -- preliminary, final, amended or entered_in_error.
    findings text,  -- What was seen.
    conclusion text,  -- What follows from it; demanded of a signed report.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    sensitivity care.sensitivity,  -- Category by which it is kept apart: behavioural_health, reproductive, substance_use or hiv; null for plain care.
    CONSTRAINT clinical_report_pkey PRIMARY KEY (clinical_report_id),  -- This clinical report is known already.
    CONSTRAINT clinical_report_id_with_patient_is_unique UNIQUE (patient_id, clinical_report_id),  -- This clinical report is known already.
    CONSTRAINT clinical_report_is_amended_once EXCLUDE USING btree (amends_clinical_report_id WITH =) WHERE ((status <> 'entered_in_error'::text)),  -- This report has been corrected already: correct the newer one.
    CONSTRAINT clinical_report_amended_fkey FOREIGN KEY (patient_id, amends_clinical_report_id) REFERENCES care.clinical_report(patient_id, clinical_report_id),  -- A correction is of a report of the same patient.
    CONSTRAINT clinical_report_encounter_fkey FOREIGN KEY (patient_id, encounter_id) REFERENCES care.encounter(patient_id, encounter_id),  -- Choose a visit of this patient.
    CONSTRAINT clinical_report_imaging_study_fkey FOREIGN KEY (patient_id, imaging_study_id) REFERENCES care.imaging_study(patient_id, imaging_study_id),  -- Choose a study of this patient.
    CONSTRAINT clinical_report_lab_order_fkey FOREIGN KEY (patient_id, lab_order_id) REFERENCES care.lab_order(patient_id, lab_order_id),  -- Choose an order of this patient.
    CONSTRAINT clinical_report_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT clinical_report_signer_fkey FOREIGN KEY (signed_by) REFERENCES care.provider(provider_id),  -- Choose one of the network's providers.
    CONSTRAINT clinical_report_amended_names_what_it_amends CHECK ( CASE status WHEN 'final'::text THEN (amends_clinical_report_id IS NULL) WHEN 'amended'::text THEN (amends_clinical_report_id IS NOT NULL) ELSE true END),  -- A correction names the report that it corrects.
    CONSTRAINT clinical_report_category_is_known CHECK ((category = ANY (ARRAY['lab'::text, 'imaging'::text, 'pathology'::text, 'cardiology'::text, 'consultation'::text, 'operative'::text, 'discharge'::text, 'other'::text]))),  -- Choose what kind of report it is.
    CONSTRAINT clinical_report_code_is_loinc CHECK (care.code_fits('loinc'::text, loinc)),  -- This is no code of LOINC.
    CONSTRAINT clinical_report_is_signed_once_final CHECK ( CASE status WHEN 'preliminary'::text THEN (num_nonnulls(signed_by, signed_at) = 0) WHEN 'entered_in_error'::text THEN (num_nonnulls(signed_by, signed_at) = ANY (ARRAY[0, 2])) ELSE ((num_nonnulls(signed_by, signed_at) = 2) AND COALESCE((conclusion ~ '\S'::text), false)) END),  -- A report is final once it has a conclusion and a signature, and not before.
    CONSTRAINT clinical_report_status_is_known CHECK ((status = ANY (ARRAY['preliminary'::text, 'final'::text, 'amended'::text, 'entered_in_error'::text]))),  -- Choose preliminary, final, amended or entered_in_error.
    CONSTRAINT clinical_report_title_is_some CHECK ((title ~ '\S'::text))  -- Say what it is called.
);
CREATE INDEX clinical_report_patient_idx ON care.clinical_report USING btree (patient_id, created_at);
CREATE INDEX clinical_report_signer_idx ON care.clinical_report USING btree (signed_by) WHERE (signed_by IS NOT NULL);
CREATE INDEX clinical_report_unsigned_idx ON care.clinical_report USING btree (created_at) WHERE (status = 'preliminary'::text);
CREATE TRIGGER clinical_report_closes_a_task AFTER INSERT OR UPDATE OF status ON care.clinical_report FOR EACH ROW WHEN (((new.lab_order_id IS NOT NULL) AND (new.status = ANY (ARRAY['final'::text, 'amended'::text])))) EXECUTE FUNCTION care.close_result_task();  -- Trigger after a report of the laboratory is signed: who ordered and signs has read the results.
CREATE TRIGGER clinical_report_is_classified BEFORE INSERT OR UPDATE ON care.clinical_report FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.classify('loinc=loinc', 'care.lab_order=lab_order_id', 'care.imaging_study=imaging_study_id', 'care.clinical_report=amends_clinical_report_id');  -- Trigger before a row is stored: where nobody gave it a category, the first that its arguments tell (loinc=column, :column=column with the system in a column, care.table=column for a whole that it is part of); refuses to lower one.
CREATE TRIGGER clinical_report_is_its_signers BEFORE UPDATE ON care.clinical_report FOR EACH ROW WHEN (((NOT access.erasing()) AND ((old.signed_by IS NOT NULL) AND (NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))))) EXECUTE FUNCTION care.check_report_owner();  -- Trigger before a signed report is changed through the portal: by who signed it.
CREATE TRIGGER clinical_report_is_not_of_a_joined_record AFTER INSERT ON care.clinical_report REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER clinical_report_is_signed_in_person BEFORE INSERT OR UPDATE ON care.clinical_report FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.check_clinical_report();  -- Trigger: through the portal a report is signed by whoever acts, and now; only what was signed is corrected by another row.
CREATE TRIGGER clinical_report_is_stamped BEFORE INSERT OR UPDATE ON care.clinical_report FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER clinical_report_is_touched BEFORE UPDATE ON care.clinical_report FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER clinical_report_keeps_former_versions AFTER UPDATE ON care.clinical_report FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.keep_former_version();  -- Trigger after each update: keeps the former row in care.record_version, and refuses to move a row to another patient.
CREATE TRIGGER clinical_report_keeps_what_is_final BEFORE UPDATE ON care.clinical_report FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.keep_what_is_final();  -- Trigger before an update: what is final can be marked as an error and nothing else.
CREATE TRIGGER clinical_report_raises_its_parts AFTER UPDATE OF sensitivity ON care.clinical_report FOR EACH ROW WHEN (((new.sensitivity IS NOT NULL) AND (old.sensitivity IS NULL))) EXECUTE FUNCTION care.classify_parts('care.clinical_report=amends_clinical_report_id', 'care.clinical_report=clinical_report_id=amends_clinical_report_id');  -- Trigger after a whole is given a category: its plain parts (arguments care.table=column) get it as well.
CREATE TRIGGER clinical_report_stays_under_hold BEFORE DELETE ON care.clinical_report FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.clinical_report FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.clinical_report FOR ALL TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])) AND ((sensitivity IS NULL) OR ((signed_by = ( SELECT care.acting_provider() AS acting_provider)) OR (updated_by = (( SELECT access.actor() AS actor))::text))))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY granted ON care.clinical_report FOR SELECT TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])) AND ((sensitivity IS NULL) OR ((signed_by = ( SELECT care.acting_provider() AS acting_provider)) OR (updated_by = (( SELECT access.actor() AS actor))::text)))));
CREATE POLICY maintenance ON care.clinical_report FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY opened ON care.clinical_report FOR SELECT TO healthtrack_care USING (((sensitivity IS NOT NULL) AND CASE sensitivity WHEN 'behavioural_health'::text THEN (patient_id = ANY (( SELECT access.patients_opened('behavioural_health'::text) AS patients_opened)::uuid[])) WHEN 'hiv'::text THEN (patient_id = ANY (( SELECT access.patients_opened('hiv'::text) AS patients_opened)::uuid[])) WHEN 'reproductive'::text THEN (patient_id = ANY (( SELECT access.patients_opened('reproductive'::text) AS patients_opened)::uuid[])) WHEN 'substance_use'::text THEN (patient_id = ANY (( SELECT access.patients_opened('substance_use'::text) AS patients_opened)::uuid[])) ELSE NULL::boolean END));
CREATE POLICY opened_in_care ON care.clinical_report FOR UPDATE TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])) AND (sensitivity IS NOT NULL) AND CASE sensitivity WHEN 'behavioural_health'::text THEN (patient_id = ANY (( SELECT access.patients_opened('behavioural_health'::text) AS patients_opened)::uuid[])) WHEN 'hiv'::text THEN (patient_id = ANY (( SELECT access.patients_opened('hiv'::text) AS patients_opened)::uuid[])) WHEN 'reproductive'::text THEN (patient_id = ANY (( SELECT access.patients_opened('reproductive'::text) AS patients_opened)::uuid[])) WHEN 'substance_use'::text THEN (patient_id = ANY (( SELECT access.patients_opened('substance_use'::text) AS patients_opened)::uuid[])) ELSE NULL::boolean END)) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY own ON care.clinical_report FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.clinical_report TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.clinical_report TO healthtrack_care;

-- An order for a drug: dose, frequency and how much may be dispensed.
CREATE TABLE care.prescription (
    prescription_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- Whose.
    medication_id uuid NOT NULL,  -- What.
    prescriber_id uuid NOT NULL,  -- Who answers for it; cares for the patient at that moment.
    encounter_id uuid,  -- The visit at which it was written; null where there was none.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    authored_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was written.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    days_supply smallint NOT NULL,  -- How many days one fill is for.
    refills_allowed smallint DEFAULT 0 NOT NULL,  -- How often it may be filled after the first time.
    times smallint,  -- How many doses in a period of time; null only as needed.
    as_needed boolean DEFAULT false NOT NULL,  -- True where the patient decides when.
    valid_during daterange NOT NULL,  -- Half-open; when it may be filled.
    dose_quantity numeric(10,3) NOT NULL,  -- One dose.
    quantity numeric(10,3) NOT NULL,  -- How much one fill may hold at most, in units of the dose.
    per_amount numeric(6,2) DEFAULT 1 NOT NULL,  -- Length of that period of time, in its unit.
    per_unit text DEFAULT 'day'::text NOT NULL,  -- hour, day, week or month.
    dose_unit care.ucum_unit NOT NULL,  -- Unit of dose and quantity: mg, mL, {tablet}.
    route text NOT NULL,  -- oral, sublingual, inhaled, nasal, topical, transdermal, subcutaneous, intramuscular, intravenous, rectal, vaginal, ophthalmic or otic.
    instructions text NOT NULL,  -- The same in words, for the label.
    status text DEFAULT 'active'::text NOT NULL,  -- draft, active, on_hold, completed, stopped or entered_in_error.
    status_reason text,  -- Why it was stopped or put on hold.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    sensitivity care.sensitivity,  -- Category by which it is kept apart: behavioural_health, reproductive, substance_use or hiv; null for plain care.
    override_reason text,  -- Why it is prescribed in spite of what speaks against it; null where nothing severe does.
    CONSTRAINT prescription_pkey PRIMARY KEY (prescription_id),  -- This prescription is known already.
    CONSTRAINT prescription_id_with_patient_is_unique UNIQUE (patient_id, prescription_id),  -- This prescription is known already.
    CONSTRAINT prescription_encounter_fkey FOREIGN KEY (patient_id, encounter_id) REFERENCES care.encounter(patient_id, encounter_id),  -- Choose a visit of this patient.
    CONSTRAINT prescription_medication_fkey FOREIGN KEY (medication_id) REFERENCES care.medication(medication_id),  -- Choose a drug of the list.
    CONSTRAINT prescription_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT prescription_prescriber_fkey FOREIGN KEY (prescriber_id) REFERENCES care.provider(provider_id),  -- Choose one of the network's providers.
    CONSTRAINT prescription_amounts_are_numbers CHECK (((per_amount < 'NaN'::numeric) AND (dose_quantity < 'NaN'::numeric) AND (quantity < 'NaN'::numeric))),  -- Write the amounts of a prescription as numbers.
    CONSTRAINT prescription_dose_is_positive CHECK (((dose_quantity > (0)::numeric) AND (quantity >= dose_quantity))),  -- A dose is above zero, and a fill holds at least one.
    CONSTRAINT prescription_frequency_is_believable CHECK ((((times >= 1) AND (times <= 24)) AND (per_amount > (0)::numeric))),  -- Give one to 24 doses in a period of time.
    CONSTRAINT prescription_frequency_is_given CHECK ((as_needed OR (times IS NOT NULL))),  -- Say how often, or as needed.
    CONSTRAINT prescription_instructions_are_some CHECK ((instructions ~ '\S'::text)),  -- Say in words how to take it.
    CONSTRAINT prescription_override_says_why CHECK (((override_reason ~ '\S'::text) AND (length(override_reason) <= 1000))),  -- Say in 1000 letters at most why it is prescribed in spite of what speaks against it.
    CONSTRAINT prescription_per_unit_is_known CHECK ((per_unit = ANY (ARRAY['hour'::text, 'day'::text, 'week'::text, 'month'::text]))),  -- Choose hour, day, week or month.
    CONSTRAINT prescription_period_is_bounded CHECK (((NOT isempty(valid_during)) AND COALESCE((upper(valid_during) <= (lower(valid_during) + 366)), false))),  -- A prescription is valid for a year at most.
    CONSTRAINT prescription_refills_are_few CHECK (((refills_allowed >= 0) AND (refills_allowed <= 12))),  -- Up to twelve refills can be allowed.
    CONSTRAINT prescription_route_is_known CHECK ((route = ANY (ARRAY['oral'::text, 'sublingual'::text, 'inhaled'::text, 'nasal'::text, 'topical'::text, 'transdermal'::text, 'subcutaneous'::text, 'intramuscular'::text, 'intravenous'::text, 'rectal'::text, 'vaginal'::text, 'ophthalmic'::text, 'otic'::text]))),  -- Choose how it is taken.
    CONSTRAINT prescription_status_is_known CHECK ((status = ANY (ARRAY['draft'::text, 'active'::text, 'on_hold'::text, 'completed'::text, 'stopped'::text, 'entered_in_error'::text]))),  -- Choose how it stands.
    CONSTRAINT prescription_stop_says_why CHECK (((status <> ALL (ARRAY['stopped'::text, 'on_hold'::text])) OR COALESCE((status_reason ~ '\S'::text), false))),  -- Say why it was stopped.
    CONSTRAINT prescription_supply_is_believable CHECK (((days_supply >= 1) AND (days_supply <= 366)))  -- One fill is for 1 to 366 days.
);
CREATE INDEX prescription_encounter_idx ON care.prescription USING btree (patient_id, encounter_id);
CREATE INDEX prescription_medication_idx ON care.prescription USING btree (medication_id);
CREATE INDEX prescription_patient_idx ON care.prescription USING btree (patient_id, authored_at);
CREATE INDEX prescription_prescriber_idx ON care.prescription USING btree (prescriber_id, authored_at);
CREATE TRIGGER prescription_change_is_counted AFTER UPDATE ON care.prescription FOR EACH ROW EXECUTE FUNCTION care.log_treatment();  -- Trigger after a prescription, or a death, has changed: logs that all years of the patient are to be worked out.
CREATE TRIGGER prescription_is_by_a_provider_in_care BEFORE INSERT OR UPDATE OF prescriber_id, authored_at ON care.prescription FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.check_prescriber();  -- Trigger: a prescription is written by a provider in care, and through the portal in the own name and now.
CREATE TRIGGER prescription_is_classified BEFORE INSERT OR UPDATE ON care.prescription FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.classify('care.medication=medication_id');  -- Trigger before a row is stored: where nobody gave it a category, the first that its arguments tell (loinc=column, :column=column with the system in a column, care.table=column for a whole that it is part of); refuses to lower one.
CREATE TRIGGER prescription_is_its_prescribers BEFORE UPDATE ON care.prescription FOR EACH ROW WHEN (((NOT access.erasing()) AND (NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text)))) EXECUTE FUNCTION care.check_prescription_owner();  -- Trigger before a prescription is changed through the portal: by its prescriber, or put on hold or stopped by another.
CREATE TRIGGER prescription_is_not_of_a_joined_record AFTER INSERT ON care.prescription REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER prescription_is_stamped BEFORE INSERT OR UPDATE ON care.prescription FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER prescription_is_touched BEFORE UPDATE ON care.prescription FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER prescription_keeps_former_versions AFTER UPDATE ON care.prescription FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.keep_former_version();  -- Trigger after each update: keeps the former row in care.record_version, and refuses to move a row to another patient.
CREATE TRIGGER prescription_keeps_its_issues AFTER INSERT ON care.prescription FOR EACH ROW EXECUTE FUNCTION care.meet_issues();  -- Trigger before and after a prescription is written by an account: refuses what is severe and has no reason, and keeps each issue.
CREATE TRIGGER prescription_keeps_what_was_filled BEFORE UPDATE ON care.prescription FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.check_prescription_change();  -- Trigger: what has been filled keeps its dose, and what has ended stays ended.
CREATE TRIGGER prescription_meets_no_severe_issue BEFORE INSERT ON care.prescription FOR EACH ROW EXECUTE FUNCTION care.meet_issues();  -- Trigger before and after a prescription is written by an account: refuses what is severe and has no reason, and keeps each issue.
CREATE TRIGGER prescription_override_is_kept BEFORE UPDATE ON care.prescription FOR EACH ROW WHEN (((NOT access.erasing()) AND (new.override_reason IS DISTINCT FROM old.override_reason))) EXECUTE FUNCTION care.keep_override();  -- Trigger before the reason to prescribe in spite of something is changed: refuses it.
CREATE TRIGGER prescription_raises_its_parts AFTER UPDATE OF sensitivity ON care.prescription FOR EACH ROW WHEN (((new.sensitivity IS NOT NULL) AND (old.sensitivity IS NULL))) EXECUTE FUNCTION care.classify_parts('care.dispense=prescription_id');  -- Trigger after a whole is given a category: its plain parts (arguments care.table=column) get it as well.
CREATE TRIGGER prescription_stays_under_hold BEFORE DELETE ON care.prescription FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.prescription FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.prescription FOR ALL TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])) AND ((sensitivity IS NULL) OR (prescriber_id = ( SELECT care.acting_provider() AS acting_provider))))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY granted ON care.prescription FOR SELECT TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])) AND ((sensitivity IS NULL) OR (prescriber_id = ( SELECT care.acting_provider() AS acting_provider)))));
CREATE POLICY maintenance ON care.prescription FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY opened ON care.prescription FOR SELECT TO healthtrack_care USING (((sensitivity IS NOT NULL) AND CASE sensitivity WHEN 'behavioural_health'::text THEN (patient_id = ANY (( SELECT access.patients_opened('behavioural_health'::text) AS patients_opened)::uuid[])) WHEN 'hiv'::text THEN (patient_id = ANY (( SELECT access.patients_opened('hiv'::text) AS patients_opened)::uuid[])) WHEN 'reproductive'::text THEN (patient_id = ANY (( SELECT access.patients_opened('reproductive'::text) AS patients_opened)::uuid[])) WHEN 'substance_use'::text THEN (patient_id = ANY (( SELECT access.patients_opened('substance_use'::text) AS patients_opened)::uuid[])) ELSE NULL::boolean END));
CREATE POLICY opened_in_care ON care.prescription FOR UPDATE TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])) AND (sensitivity IS NOT NULL) AND CASE sensitivity WHEN 'behavioural_health'::text THEN (patient_id = ANY (( SELECT access.patients_opened('behavioural_health'::text) AS patients_opened)::uuid[])) WHEN 'hiv'::text THEN (patient_id = ANY (( SELECT access.patients_opened('hiv'::text) AS patients_opened)::uuid[])) WHEN 'reproductive'::text THEN (patient_id = ANY (( SELECT access.patients_opened('reproductive'::text) AS patients_opened)::uuid[])) WHEN 'substance_use'::text THEN (patient_id = ANY (( SELECT access.patients_opened('substance_use'::text) AS patients_opened)::uuid[])) ELSE NULL::boolean END)) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY own ON care.prescription FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.prescription TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.prescription TO healthtrack_care;

-- A fill: what a pharmacy gave out for a prescription.
CREATE TABLE care.dispense (
    dispense_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- Whose.
    prescription_id uuid NOT NULL,  -- For which.
    facility_id uuid NOT NULL,  -- By which pharmacy.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    filled_on date NOT NULL,  -- When.
    days_supply smallint NOT NULL,  -- How many days it is for.
    quantity numeric(10,3) NOT NULL,  -- How much, in units of the prescription.
    status text DEFAULT 'completed'::text NOT NULL,  -- completed, returned or entered_in_error.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    sensitivity care.sensitivity,  -- Category by which it is kept apart: behavioural_health, reproductive, substance_use or hiv; null for plain care.
    CONSTRAINT dispense_pkey PRIMARY KEY (dispense_id),  -- This dispense is known already.
    CONSTRAINT dispense_id_with_patient_is_unique UNIQUE (patient_id, dispense_id),  -- This dispense is known already.
    CONSTRAINT dispense_is_filled_once_a_day EXCLUDE USING btree (prescription_id WITH =, filled_on WITH =) WHERE ((status = 'completed'::text)),  -- This prescription was filled on that day already.
    CONSTRAINT dispense_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility(facility_id),  -- Choose one of the network's facilities.
    CONSTRAINT dispense_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT dispense_prescription_fkey FOREIGN KEY (patient_id, prescription_id) REFERENCES care.prescription(patient_id, prescription_id),  -- Choose a prescription of this patient.
    CONSTRAINT dispense_quantity_is_positive CHECK ((quantity > (0)::numeric)),  -- A fill holds something.
    CONSTRAINT dispense_status_is_known CHECK ((status = ANY (ARRAY['completed'::text, 'returned'::text, 'entered_in_error'::text]))),  -- Choose completed, returned or entered_in_error.
    CONSTRAINT dispense_supply_is_believable CHECK (((days_supply >= 1) AND (days_supply <= 366)))  -- One fill is for 1 to 366 days.
);
CREATE INDEX dispense_facility_idx ON care.dispense USING btree (facility_id) WHERE (facility_id IS NOT NULL);
CREATE INDEX dispense_filled_idx ON care.dispense USING btree (filled_on);
CREATE INDEX dispense_patient_idx ON care.dispense USING btree (patient_id, filled_on);
CREATE INDEX dispense_prescription_idx ON care.dispense USING btree (prescription_id, filled_on);
CREATE TRIGGER dispense_change_is_counted AFTER UPDATE ON care.dispense REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.log_fills();  -- Trigger after fills are written: logs whose adherence of which years is to be worked out.
CREATE TRIGGER dispense_is_classified BEFORE INSERT OR UPDATE ON care.dispense FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.classify('care.prescription=prescription_id');  -- Trigger before a row is stored: where nobody gave it a category, the first that its arguments tell (loinc=column, :column=column with the system in a column, care.table=column for a whole that it is part of); refuses to lower one.
CREATE TRIGGER dispense_is_counted AFTER INSERT ON care.dispense REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.log_fills();  -- Trigger after fills are written: logs whose adherence of which years is to be worked out.
CREATE TRIGGER dispense_is_not_of_a_joined_record AFTER INSERT ON care.dispense REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER dispense_is_stamped BEFORE INSERT OR UPDATE ON care.dispense FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER dispense_is_touched BEFORE UPDATE ON care.dispense FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER dispense_keeps_former_versions AFTER UPDATE ON care.dispense FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.keep_former_version();  -- Trigger after each update: keeps the former row in care.record_version, and refuses to move a row to another patient.
CREATE TRIGGER dispense_keeps_to_its_prescription BEFORE INSERT OR UPDATE ON care.dispense FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.check_dispense();  -- Trigger: a fill keeps to its prescription's days, quantity and refills, also beside another fill.
CREATE TRIGGER dispense_removal_is_counted AFTER DELETE ON care.dispense REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION care.log_fills();  -- Trigger after fills are written: logs whose adherence of which years is to be worked out.
CREATE TRIGGER dispense_stays_under_hold BEFORE DELETE ON care.dispense FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.dispense FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.dispense FOR ALL TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])) AND ((sensitivity IS NULL) OR ((updated_by = (( SELECT access.actor() AS actor))::text) OR ( SELECT care.acts_as_author('prescription'::text, dispense.prescription_id) AS acts_as_author))))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY granted ON care.dispense FOR SELECT TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])) AND ((sensitivity IS NULL) OR ((updated_by = (( SELECT access.actor() AS actor))::text) OR ( SELECT care.acts_as_author('prescription'::text, dispense.prescription_id) AS acts_as_author)))));
CREATE POLICY maintenance ON care.dispense FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY opened ON care.dispense FOR SELECT TO healthtrack_care USING (((sensitivity IS NOT NULL) AND CASE sensitivity WHEN 'behavioural_health'::text THEN (patient_id = ANY (( SELECT access.patients_opened('behavioural_health'::text) AS patients_opened)::uuid[])) WHEN 'hiv'::text THEN (patient_id = ANY (( SELECT access.patients_opened('hiv'::text) AS patients_opened)::uuid[])) WHEN 'reproductive'::text THEN (patient_id = ANY (( SELECT access.patients_opened('reproductive'::text) AS patients_opened)::uuid[])) WHEN 'substance_use'::text THEN (patient_id = ANY (( SELECT access.patients_opened('substance_use'::text) AS patients_opened)::uuid[])) ELSE NULL::boolean END));
CREATE POLICY opened_in_care ON care.dispense FOR UPDATE TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])) AND (sensitivity IS NOT NULL) AND CASE sensitivity WHEN 'behavioural_health'::text THEN (patient_id = ANY (( SELECT access.patients_opened('behavioural_health'::text) AS patients_opened)::uuid[])) WHEN 'hiv'::text THEN (patient_id = ANY (( SELECT access.patients_opened('hiv'::text) AS patients_opened)::uuid[])) WHEN 'reproductive'::text THEN (patient_id = ANY (( SELECT access.patients_opened('reproductive'::text) AS patients_opened)::uuid[])) WHEN 'substance_use'::text THEN (patient_id = ANY (( SELECT access.patients_opened('substance_use'::text) AS patients_opened)::uuid[])) ELSE NULL::boolean END)) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY own ON care.dispense FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.dispense TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.dispense TO healthtrack_care;

-- A published set of questions, in one edition.
CREATE TABLE care.questionnaire (
    questionnaire_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    edition integer NOT NULL,  -- Which edition, from 1.
    name text NOT NULL,  -- Its stable name: phq9.
    title text NOT NULL,  -- What a patient sees.
    citation text NOT NULL,  -- Who published it, and where.
    items jsonb NOT NULL,  -- Its questions in order: link_id, text, type (choice, integer, number, text, boolean or date), required, and options (value, label) of a choice.
    scoring jsonb,  -- How it is counted: algorithm (sum), version, items, bands (from, to, label) and look_at (item, from); null where it is not.
    created_by text DEFAULT COALESCE((access.actor())::text, (SESSION_USER)::text) NOT NULL,  -- Account or program that made it.
    sensitivity care.sensitivity,  -- What its answers and scores are of: behavioural_health, reproductive, substance_use or hiv; null for plain care.
    retired_on date,  -- First day on which it is not answered any more; null while it is in use.
    CONSTRAINT questionnaire_pkey PRIMARY KEY (questionnaire_id),  -- This questionnaire is known already.
    CONSTRAINT questionnaire_edition_is_unique UNIQUE (name, edition),  -- This edition is published already.
    CONSTRAINT questionnaire_citation_is_some CHECK (((citation ~ '\S'::text) AND (title ~ '\S'::text))),  -- Give a title, and say who published it.
    CONSTRAINT questionnaire_edition_is_positive CHECK ((edition >= 1)),  -- Editions begin at 1.
    CONSTRAINT questionnaire_items_are_questions CHECK (care.items_fit(items)),  -- Each question has an own link_id, a text and a known type, and a choice has options.
    CONSTRAINT questionnaire_name_is_snake_case CHECK ((name ~ '^[a-z][a-z0-9_]{1,40}$'::text)),  -- Write the name in small letters, digits and underscores.
    CONSTRAINT questionnaire_scoring_counts_its_items CHECK (care.scoring_fits(items, scoring))  -- A score counts choices of this questionnaire, in bands without gaps.
);
CREATE TRIGGER questionnaire_is_never_altered BEFORE UPDATE ON care.questionnaire FOR EACH ROW WHEN (((to_jsonb(old.*) - 'retired_on'::text) IS DISTINCT FROM (to_jsonb(new.*) - 'retired_on'::text))) EXECUTE FUNCTION care.refuse_alteration();  -- Trigger before a change of what is only added to: refuses it.
ALTER TABLE care.questionnaire FORCE ROW LEVEL SECURITY;
CREATE POLICY administrator ON care.questionnaire FOR ALL TO healthtrack_care USING ((( SELECT access.part() AS part) = 'network_admin'::text)) WITH CHECK ((( SELECT access.part() AS part) = 'network_admin'::text));
CREATE POLICY everybody_reads ON care.questionnaire FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.questionnaire FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.questionnaire TO healthtrack_migrator;
GRANT SELECT, UPDATE (retired_on) ON care.questionnaire TO healthtrack_care;

-- A patients answers to a questionnaire, on one occasion.
CREATE TABLE care.questionnaire_response (
    questionnaire_response_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- Whose.
    questionnaire_id uuid NOT NULL,  -- To which edition of which.
    encounter_id uuid,  -- For which visit; null where there was none.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    completed_at timestamp with time zone,  -- When the last question was answered; null before.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    status text DEFAULT 'in_progress'::text NOT NULL,  -- in_progress, completed or abandoned.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    sensitivity care.sensitivity,  -- Category by which it is kept apart: behavioural_health, reproductive, substance_use or hiv; null for plain care.
    CONSTRAINT questionnaire_response_pkey PRIMARY KEY (questionnaire_response_id),  -- This questionnaire response is known already.
    CONSTRAINT questionnaire_response_id_with_patient_is_unique UNIQUE (patient_id, questionnaire_response_id),  -- This questionnaire response is known already.
    CONSTRAINT questionnaire_response_id_with_questionnaire_is_unique UNIQUE (questionnaire_response_id, questionnaire_id),  -- These answers are known already.
    CONSTRAINT questionnaire_response_encounter_fkey FOREIGN KEY (patient_id, encounter_id) REFERENCES care.encounter(patient_id, encounter_id),  -- Choose a visit of this patient.
    CONSTRAINT questionnaire_response_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT questionnaire_response_questionnaire_fkey FOREIGN KEY (questionnaire_id) REFERENCES care.questionnaire(questionnaire_id),  -- Choose one of the published questionnaires.
    CONSTRAINT questionnaire_response_is_completed_at_a_time CHECK (((status = 'completed'::text) = (completed_at IS NOT NULL))),  -- Answers that are complete were completed at a time.
    CONSTRAINT questionnaire_response_status_is_known CHECK ((status = ANY (ARRAY['in_progress'::text, 'completed'::text, 'abandoned'::text])))  -- Choose in_progress, completed or abandoned.
);
CREATE INDEX questionnaire_response_patient_idx ON care.questionnaire_response USING btree (patient_id, created_at);
CREATE INDEX questionnaire_response_questionnaire_idx ON care.questionnaire_response USING btree (questionnaire_id);
CREATE TRIGGER questionnaire_response_is_classified BEFORE INSERT OR UPDATE ON care.questionnaire_response FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.classify('care.questionnaire=questionnaire_id');  -- Trigger before a row is stored: where nobody gave it a category, the first that its arguments tell (loinc=column, :column=column with the system in a column, care.table=column for a whole that it is part of); refuses to lower one.
CREATE TRIGGER questionnaire_response_is_not_of_a_joined_record AFTER INSERT ON care.questionnaire_response REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER questionnaire_response_is_of_one_in_use AFTER INSERT ON care.questionnaire_response FOR EACH ROW EXECUTE FUNCTION care.refuse_answers_of_retired();  -- Trigger after answers are begun: refuses an account's answers to a questionnaire that is not in use any more.
CREATE TRIGGER questionnaire_response_is_stamped BEFORE INSERT OR UPDATE ON care.questionnaire_response FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER questionnaire_response_is_touched BEFORE UPDATE ON care.questionnaire_response FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER questionnaire_response_keeps_former_versions AFTER UPDATE ON care.questionnaire_response FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.keep_former_version();  -- Trigger after each update: keeps the former row in care.record_version, and refuses to move a row to another patient.
CREATE TRIGGER questionnaire_response_stays_under_hold BEFORE DELETE ON care.questionnaire_response FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
CREATE TRIGGER response_is_completed_once BEFORE INSERT OR UPDATE ON care.questionnaire_response FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.check_response();  -- Trigger: answers are complete when what is required is answered, and stay as they are then.
CREATE TRIGGER response_is_scored AFTER UPDATE ON care.questionnaire_response FOR EACH ROW WHEN (((new.status = 'completed'::text) AND (old.status <> 'completed'::text))) EXECUTE FUNCTION care.score_response();  -- Trigger: counts answers that have just been completed by their questionnaire's own rule.
ALTER TABLE care.questionnaire_response FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.questionnaire_response FOR ALL TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])) AND ((sensitivity IS NULL) OR ((updated_by = (( SELECT access.actor() AS actor))::text) OR ( SELECT care.acts_as_author('encounter'::text, questionnaire_response.encounter_id) AS acts_as_author))))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY granted ON care.questionnaire_response FOR SELECT TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])) AND ((sensitivity IS NULL) OR ((updated_by = (( SELECT access.actor() AS actor))::text) OR ( SELECT care.acts_as_author('encounter'::text, questionnaire_response.encounter_id) AS acts_as_author)))));
CREATE POLICY maintenance ON care.questionnaire_response FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY opened ON care.questionnaire_response FOR SELECT TO healthtrack_care USING (((sensitivity IS NOT NULL) AND CASE sensitivity WHEN 'behavioural_health'::text THEN (patient_id = ANY (( SELECT access.patients_opened('behavioural_health'::text) AS patients_opened)::uuid[])) WHEN 'hiv'::text THEN (patient_id = ANY (( SELECT access.patients_opened('hiv'::text) AS patients_opened)::uuid[])) WHEN 'reproductive'::text THEN (patient_id = ANY (( SELECT access.patients_opened('reproductive'::text) AS patients_opened)::uuid[])) WHEN 'substance_use'::text THEN (patient_id = ANY (( SELECT access.patients_opened('substance_use'::text) AS patients_opened)::uuid[])) ELSE NULL::boolean END));
CREATE POLICY opened_in_care ON care.questionnaire_response FOR UPDATE TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])) AND (sensitivity IS NOT NULL) AND CASE sensitivity WHEN 'behavioural_health'::text THEN (patient_id = ANY (( SELECT access.patients_opened('behavioural_health'::text) AS patients_opened)::uuid[])) WHEN 'hiv'::text THEN (patient_id = ANY (( SELECT access.patients_opened('hiv'::text) AS patients_opened)::uuid[])) WHEN 'reproductive'::text THEN (patient_id = ANY (( SELECT access.patients_opened('reproductive'::text) AS patients_opened)::uuid[])) WHEN 'substance_use'::text THEN (patient_id = ANY (( SELECT access.patients_opened('substance_use'::text) AS patients_opened)::uuid[])) ELSE NULL::boolean END)) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY own ON care.questionnaire_response FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.questionnaire_response TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.questionnaire_response TO healthtrack_care;

-- The answer to one question.
CREATE TABLE care.answer (
    answer_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- Whose.
    questionnaire_response_id uuid NOT NULL,  -- Of which occasion.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    value_on date,  -- The answer to a question for a date.
    value_boolean boolean,  -- The answer to a yes or no.
    link_id text NOT NULL,  -- Which question.
    value_number numeric(12,4),  -- The answer to a choice (its value) or a question for a number.
    value_text text,  -- The answer in words.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    sensitivity care.sensitivity,  -- Category by which it is kept apart: behavioural_health, reproductive, substance_use or hiv; null for plain care.
    CONSTRAINT answer_pkey PRIMARY KEY (answer_id),  -- This answer is known already.
    CONSTRAINT answer_is_given_once UNIQUE (questionnaire_response_id, link_id),  -- This question is answered already: change that answer.
    CONSTRAINT answer_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT answer_response_fkey FOREIGN KEY (patient_id, questionnaire_response_id) REFERENCES care.questionnaire_response(patient_id, questionnaire_response_id),  -- These are another patient's answers.
    CONSTRAINT answer_text_is_short CHECK ((length(value_text) <= 10000)),  -- An answer has 10,000 letters at most.
    CONSTRAINT answer_value_is_one CHECK ((num_nonnulls(value_on, value_boolean, value_number, value_text) = 1))  -- Give one answer.
);
CREATE INDEX answer_response_idx ON care.answer USING btree (patient_id, questionnaire_response_id);
CREATE TRIGGER answer_fits_its_question BEFORE INSERT OR UPDATE ON care.answer FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.check_answer();  -- Trigger: an answer fits its question, and changes only until all are complete.
CREATE TRIGGER answer_is_classified BEFORE INSERT OR UPDATE ON care.answer FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.classify('care.questionnaire_response=questionnaire_response_id');  -- Trigger before a row is stored: where nobody gave it a category, the first that its arguments tell (loinc=column, :column=column with the system in a column, care.table=column for a whole that it is part of); refuses to lower one.
CREATE TRIGGER answer_is_not_of_a_joined_record AFTER INSERT ON care.answer REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER answer_is_stamped BEFORE INSERT OR UPDATE ON care.answer FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER answer_is_touched BEFORE UPDATE ON care.answer FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER answer_keeps_former_versions AFTER UPDATE ON care.answer FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.keep_former_version();  -- Trigger after each update: keeps the former row in care.record_version, and refuses to move a row to another patient.
CREATE TRIGGER answer_stays_under_hold BEFORE DELETE ON care.answer FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.answer FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.answer FOR ALL TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])) AND ((sensitivity IS NULL) OR ((updated_by = (( SELECT access.actor() AS actor))::text) OR ( SELECT care.acts_as_author('questionnaire_response'::text, answer.questionnaire_response_id) AS acts_as_author))))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY granted ON care.answer FOR SELECT TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])) AND ((sensitivity IS NULL) OR ((updated_by = (( SELECT access.actor() AS actor))::text) OR ( SELECT care.acts_as_author('questionnaire_response'::text, answer.questionnaire_response_id) AS acts_as_author)))));
CREATE POLICY maintenance ON care.answer FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY opened ON care.answer FOR SELECT TO healthtrack_care USING (((sensitivity IS NOT NULL) AND CASE sensitivity WHEN 'behavioural_health'::text THEN (patient_id = ANY (( SELECT access.patients_opened('behavioural_health'::text) AS patients_opened)::uuid[])) WHEN 'hiv'::text THEN (patient_id = ANY (( SELECT access.patients_opened('hiv'::text) AS patients_opened)::uuid[])) WHEN 'reproductive'::text THEN (patient_id = ANY (( SELECT access.patients_opened('reproductive'::text) AS patients_opened)::uuid[])) WHEN 'substance_use'::text THEN (patient_id = ANY (( SELECT access.patients_opened('substance_use'::text) AS patients_opened)::uuid[])) ELSE NULL::boolean END));
CREATE POLICY opened_in_care ON care.answer FOR UPDATE TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])) AND (sensitivity IS NOT NULL) AND CASE sensitivity WHEN 'behavioural_health'::text THEN (patient_id = ANY (( SELECT access.patients_opened('behavioural_health'::text) AS patients_opened)::uuid[])) WHEN 'hiv'::text THEN (patient_id = ANY (( SELECT access.patients_opened('hiv'::text) AS patients_opened)::uuid[])) WHEN 'reproductive'::text THEN (patient_id = ANY (( SELECT access.patients_opened('reproductive'::text) AS patients_opened)::uuid[])) WHEN 'substance_use'::text THEN (patient_id = ANY (( SELECT access.patients_opened('substance_use'::text) AS patients_opened)::uuid[])) ELSE NULL::boolean END)) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY own ON care.answer FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.answer TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.answer TO healthtrack_care;

-- A published score of a patient, with all that it was counted from.
CREATE TABLE care.score (
    score_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- Whose.
    questionnaire_response_id uuid,  -- The answers that it counts; null for scores of other things.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    value numeric(8,2),  -- The score; null while anything is missing.
    name text NOT NULL,  -- Which: phq9.
    band text,  -- What its authors call this range.
    inputs jsonb NOT NULL,  -- Everything that went in, by name.
    missing text[] DEFAULT '{}'::text[] NOT NULL,  -- What was not there.
    look_at text[] DEFAULT '{}'::text[] NOT NULL,  -- Inputs that somebody should look at whatever the score is.
    algorithm text NOT NULL,  -- How it was counted: sum.
    algorithm_version text NOT NULL,  -- In which version.
    citation text NOT NULL,  -- Who published it, and where.
    created_by text DEFAULT COALESCE((access.actor())::text, (SESSION_USER)::text) NOT NULL,  -- Account or program that made it.
    sensitivity care.sensitivity,  -- Category by which it is kept apart: behavioural_health, reproductive, substance_use or hiv; null for plain care.
    CONSTRAINT score_pkey PRIMARY KEY (score_id),  -- This score is known already.
    CONSTRAINT score_is_counted_once UNIQUE (questionnaire_response_id, name, algorithm_version),  -- These answers have been counted already.
    CONSTRAINT score_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT score_response_fkey FOREIGN KEY (patient_id, questionnaire_response_id) REFERENCES care.questionnaire_response(patient_id, questionnaire_response_id),  -- These are another patient's answers.
    CONSTRAINT score_inputs_are_named CHECK ((jsonb_typeof(inputs) = 'object'::text)),  -- Inputs are given by name.
    CONSTRAINT score_is_published CHECK (((citation ~ '\S'::text) AND (algorithm ~ '\S'::text) AND (algorithm_version ~ '\S'::text))),  -- Say who published the score, and in which version.
    CONSTRAINT score_is_whole_or_says_what_is_missing CHECK ((((value IS NULL) = (cardinality(missing) > 0)) AND ((value IS NOT NULL) OR (band IS NULL))))  -- A score is shown when nothing is missing, and never before.
);
CREATE INDEX score_patient_idx ON care.score USING btree (patient_id, name, created_at);
CREATE TRIGGER score_is_classified BEFORE INSERT OR UPDATE ON care.score FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.classify('care.questionnaire_response=questionnaire_response_id');  -- Trigger before a row is stored: where nobody gave it a category, the first that its arguments tell (loinc=column, :column=column with the system in a column, care.table=column for a whole that it is part of); refuses to lower one.
CREATE TRIGGER score_is_never_altered BEFORE UPDATE ON care.score FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.refuse_alteration();  -- Trigger before a change of what is only added to: refuses it.
CREATE TRIGGER score_is_never_emptied BEFORE TRUNCATE ON care.score FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_alteration();  -- Trigger before a change of what is only added to: refuses it.
CREATE TRIGGER score_is_not_of_a_joined_record AFTER INSERT ON care.score REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER score_stays_under_hold BEFORE DELETE ON care.score FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.score FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.score FOR ALL TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])) AND ((sensitivity IS NULL) OR ( SELECT care.acts_as_author('questionnaire_response'::text, score.questionnaire_response_id) AS acts_as_author)))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY granted ON care.score FOR SELECT TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])) AND ((sensitivity IS NULL) OR ( SELECT care.acts_as_author('questionnaire_response'::text, score.questionnaire_response_id) AS acts_as_author))));
CREATE POLICY maintenance ON care.score FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY opened ON care.score FOR SELECT TO healthtrack_care USING (((sensitivity IS NOT NULL) AND CASE sensitivity WHEN 'behavioural_health'::text THEN (patient_id = ANY (( SELECT access.patients_opened('behavioural_health'::text) AS patients_opened)::uuid[])) WHEN 'hiv'::text THEN (patient_id = ANY (( SELECT access.patients_opened('hiv'::text) AS patients_opened)::uuid[])) WHEN 'reproductive'::text THEN (patient_id = ANY (( SELECT access.patients_opened('reproductive'::text) AS patients_opened)::uuid[])) WHEN 'substance_use'::text THEN (patient_id = ANY (( SELECT access.patients_opened('substance_use'::text) AS patients_opened)::uuid[])) ELSE NULL::boolean END));
CREATE POLICY opened_in_care ON care.score FOR UPDATE TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])) AND (sensitivity IS NOT NULL) AND CASE sensitivity WHEN 'behavioural_health'::text THEN (patient_id = ANY (( SELECT access.patients_opened('behavioural_health'::text) AS patients_opened)::uuid[])) WHEN 'hiv'::text THEN (patient_id = ANY (( SELECT access.patients_opened('hiv'::text) AS patients_opened)::uuid[])) WHEN 'reproductive'::text THEN (patient_id = ANY (( SELECT access.patients_opened('reproductive'::text) AS patients_opened)::uuid[])) WHEN 'substance_use'::text THEN (patient_id = ANY (( SELECT access.patients_opened('substance_use'::text) AS patients_opened)::uuid[])) ELSE NULL::boolean END)) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY own ON care.score FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.score TO healthtrack_migrator;
GRANT SELECT ON care.score TO healthtrack_care;

-- Codes that give a row a category of sensitive facts: of ICD-10 and ATC each code that begins so, of other systems the code itself.
CREATE TABLE care.sensitive_code (
    code_system text NOT NULL,  -- icd10, snomed, loinc, rxnorm or atc; ingredient for the name of a drug's ingredient, service_line for that of a stay.
    code text NOT NULL,  -- The code, or the beginning of codes of ICD-10 and ATC; the longest that fits counts.
    sensitivity care.sensitivity NOT NULL,  -- The category that it gives.
    CONSTRAINT sensitive_code_pkey PRIMARY KEY (code_system, code),  -- This code has its category already.
    CONSTRAINT sensitive_code_is_some CHECK ((code ~ '\S'::text)),  -- Give a code or the beginning of codes.
    CONSTRAINT sensitive_code_system_is_known CHECK ((code_system = ANY (ARRAY['icd10'::text, 'snomed'::text, 'loinc'::text, 'rxnorm'::text, 'atc'::text, 'ingredient'::text, 'service_line'::text])))  -- Choose icd10, snomed, loinc, rxnorm, atc, ingredient or service_line.
);
ALTER TABLE care.sensitive_code FORCE ROW LEVEL SECURITY;
CREATE POLICY administrator ON care.sensitive_code FOR ALL TO healthtrack_care USING ((( SELECT access.part() AS part) = 'network_admin'::text)) WITH CHECK ((( SELECT access.part() AS part) = 'network_admin'::text));
CREATE POLICY everybody_reads ON care.sensitive_code FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.sensitive_code FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.sensitive_code TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.sensitive_code TO healthtrack_care;

-- Former versions of rows of the record; the present one stands in its own table.
CREATE TABLE care.record_version (
    row_id uuid NOT NULL,  -- Key of the row in its table.
    patient_id uuid NOT NULL,  -- Whose.
    held_from timestamp with time zone NOT NULL,  -- When this version was written.
    superseded_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the next version took its place.
    version integer NOT NULL,  -- Which version it was.
    relation text NOT NULL,  -- The row's table, without its schema.
    changed_by text NOT NULL,  -- Account or program that wrote this version.
    superseded_by text NOT NULL,  -- Account or program that wrote the next.
    image jsonb NOT NULL,  -- The whole row as it was.
    sensitivity care.sensitivity,  -- Category that the row has now; null for plain care.
    CONSTRAINT record_version_pkey PRIMARY KEY (relation, row_id, version),  -- This version is kept already.
    CONSTRAINT record_version_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT record_version_ends_after_it_began CHECK ((superseded_at >= held_from)),  -- A version cannot end before it began.
    CONSTRAINT record_version_image_is_a_row CHECK ((jsonb_typeof(image) = 'object'::text))  -- A former version is a whole row.
);
CREATE INDEX record_version_patient_idx ON care.record_version USING btree (patient_id, superseded_at);
CREATE TRIGGER record_version_is_never_altered BEFORE UPDATE ON care.record_version FOR EACH ROW WHEN (((NOT access.erasing()) AND ((to_jsonb(new.*) - 'sensitivity'::text) IS DISTINCT FROM (to_jsonb(old.*) - 'sensitivity'::text)))) EXECUTE FUNCTION care.refuse_alteration();  -- Trigger before a change of what is only added to: refuses it.
CREATE TRIGGER record_version_is_never_emptied BEFORE TRUNCATE ON care.record_version FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_alteration();  -- Trigger before a change of what is only added to: refuses it.
CREATE TRIGGER record_version_stays_under_hold BEFORE DELETE ON care.record_version FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.record_version FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.record_version FOR ALL TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])) AND ((sensitivity IS NULL) OR ( SELECT care.acts_as_author(record_version.relation, record_version.row_id) AS acts_as_author)))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY maintenance ON care.record_version FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY opened ON care.record_version FOR SELECT TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])) AND ((sensitivity IS NOT NULL) AND CASE sensitivity WHEN 'behavioural_health'::text THEN (patient_id = ANY (( SELECT access.patients_opened('behavioural_health'::text) AS patients_opened)::uuid[])) WHEN 'hiv'::text THEN (patient_id = ANY (( SELECT access.patients_opened('hiv'::text) AS patients_opened)::uuid[])) WHEN 'reproductive'::text THEN (patient_id = ANY (( SELECT access.patients_opened('reproductive'::text) AS patients_opened)::uuid[])) WHEN 'substance_use'::text THEN (patient_id = ANY (( SELECT access.patients_opened('substance_use'::text) AS patients_opened)::uuid[])) ELSE NULL::boolean END)));
CREATE POLICY own ON care.record_version FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.record_version TO healthtrack_migrator;
GRANT SELECT ON care.record_version TO healthtrack_care;

-- Every acute inpatient stay that is over, what came next, and why it is no index of a readmission.
--   patient_id: Whose.
--   encounter_id: The stay.
--   facility_id: Where.
--   discharged_on: Day of discharge in the facilitys zone.
--   next_encounter_id: The next acute stay; null where there is none.
--   days_to_next: Days from this discharge to the next admission.
--   next_planned: True where the next admission was planned.
--   followed_up: True once the thirty days are over.
--   excluded_because: died, against_advice, transferred or service; null for an index.
CREATE VIEW care.inpatient_discharge WITH (security_invoker=true) AS
 WITH stay AS (
         SELECT e.patient_id,
            e.encounter_id,
            e.facility_id,
            e.service_line,
            e.planned,
            e.principal_code,
            e.discharge_disposition,
            lower(e.during) AS began_at,
            upper(e.during) AS ended_at,
            f.time_zone,
            ((lower(e.during) AT TIME ZONE f.time_zone))::date AS began_on,
            ((upper(e.during) AT TIME ZONE f.time_zone))::date AS ended_on
           FROM (care.encounter e
             JOIN care.facility f USING (facility_id))
          WHERE ((e.class = 'inpatient'::text) AND (e.service_line <> 'rehabilitation'::text))
        ), followed AS (
         SELECT stay.patient_id,
            stay.encounter_id,
            stay.facility_id,
            stay.service_line,
            stay.planned,
            stay.principal_code,
            stay.discharge_disposition,
            stay.began_at,
            stay.ended_at,
            stay.time_zone,
            stay.began_on,
            stay.ended_on,
            lead(stay.encounter_id) OVER stays AS next_encounter_id,
            lead(stay.facility_id) OVER stays AS next_facility_id,
            lead(stay.planned) OVER stays AS next_planned,
            lead(stay.principal_code) OVER stays AS next_code,
            (lead(stay.began_on) OVER stays - stay.ended_on) AS days_to_next
           FROM stay
          WINDOW stays AS (PARTITION BY stay.patient_id ORDER BY stay.began_at)
        )
 SELECT patient_id,
    encounter_id,
    facility_id,
    ended_on AS discharged_on,
    next_encounter_id,
    days_to_next,
    next_planned,
    ((ended_on + 30) < ((now() AT TIME ZONE time_zone))::date) AS followed_up,
        CASE
            WHEN (discharge_disposition = ANY (ARRAY['died'::text, 'against_advice'::text])) THEN discharge_disposition
            WHEN ((discharge_disposition = 'transfer'::text) OR ((next_facility_id <> facility_id) AND (days_to_next <= 1)) OR ((next_facility_id = facility_id) AND (days_to_next <= 0) AND (next_code = principal_code))) THEN 'transferred'::text
            WHEN (service_line = ANY (ARRAY['psychiatric'::text, 'oncology'::text])) THEN 'service'::text
            ELSE NULL::text
        END AS excluded_because
   FROM followed
  WHERE (ended_at IS NOT NULL);
GRANT SELECT ON care.inpatient_discharge TO healthtrack_care;

-- Each index discharge, and whether the patient came back unplanned within thirty days.
--   patient_id: Whose.
--   index_encounter_id: The stay that ended.
--   facility_id: Where.
--   discharged_on: When.
--   readmission_encounter_id: The stay that counts as readmission; null where there is none.
--   days: Days until then; null where there is none.
--   readmitted: True where there is one.
--   followed_up: True once the thirty days are over; only those count in a rate.
CREATE VIEW care.readmission_30_day WITH (security_invoker=true) AS
 SELECT inpatient_discharge.patient_id,
    inpatient_discharge.encounter_id AS index_encounter_id,
    inpatient_discharge.facility_id,
    inpatient_discharge.discharged_on,
        CASE
            WHEN judged.readmitted THEN inpatient_discharge.next_encounter_id
            ELSE NULL::uuid
        END AS readmission_encounter_id,
        CASE
            WHEN judged.readmitted THEN inpatient_discharge.days_to_next
            ELSE NULL::integer
        END AS days,
    judged.readmitted,
    inpatient_discharge.followed_up
   FROM care.inpatient_discharge,
    LATERAL ( SELECT COALESCE(((inpatient_discharge.days_to_next <= 30) AND (NOT inpatient_discharge.next_planned)), false) AS readmitted) judged
  WHERE (inpatient_discharge.excluded_because IS NULL);
GRANT SELECT ON care.readmission_30_day TO healthtrack_care;

-- Unadjusted rate of readmission within thirty days by facility and year of discharge, of the stays that its reader may see.
--   facility_id: Where.
--   year: Year of discharge.
--   n: Index discharges whose thirty days are over.
--   readmitted: How many of them came back unplanned.
--   rate: Their share.
--   rate_low: Lower end of its interval (Wilson, 95 %).
--   rate_high: Upper end.
CREATE VIEW care.readmission_rate WITH (security_invoker=true) AS
 SELECT facility_id,
    (EXTRACT(year FROM discharged_on))::integer AS year,
    count(*) AS n,
    count(*) FILTER (WHERE readmitted) AS readmitted,
    round(((count(*) FILTER (WHERE readmitted))::numeric / (count(*))::numeric), 4) AS rate,
    lower(care.wilson(count(*) FILTER (WHERE readmitted), count(*))) AS rate_low,
    upper(care.wilson(count(*) FILTER (WHERE readmitted), count(*))) AS rate_high
   FROM care.readmission_30_day
  WHERE followed_up
  GROUP BY facility_id, ((EXTRACT(year FROM discharged_on))::integer);
GRANT SELECT ON care.readmission_rate TO healthtrack_care;

-- First and last result of each test of a patient, and the slope between.
--   patient_id: Whose.
--   loinc: Which test.
--   unit: In which unit; another unit is another row.
--   n: How many results.
--   first_at: When the first specimen was taken.
--   last_at: When the last was.
--   first_value: The first value.
--   last_value: The last.
--   last_flag: The flag of the last: LL, L, N, H or HH.
--   slope_per_year: Slope of the line of least squares, in units a year; null for one moment.
CREATE VIEW care.lab_trend WITH (security_invoker=true) AS
 SELECT patient_id,
    loinc,
    unit,
    count(*) AS n,
    min(observed_at) AS first_at,
    max(observed_at) AS last_at,
    (array_agg(value_number ORDER BY observed_at, lab_result_id))[1] AS first_value,
    (array_agg(value_number ORDER BY observed_at DESC, lab_result_id DESC))[1] AS last_value,
    (array_agg(flag ORDER BY observed_at DESC, lab_result_id DESC))[1] AS last_flag,
    regr_slope((value_number)::double precision, ((EXTRACT(epoch FROM observed_at))::double precision / (31557600)::double precision)) AS slope_per_year
   FROM care.current_lab_result
  WHERE ((status = ANY (ARRAY['final'::text, 'amended'::text])) AND (value_number IS NOT NULL) AND (comparator IS NULL))
  GROUP BY patient_id, loinc, unit;
GRANT SELECT ON care.lab_trend TO healthtrack_care;

-- Each programme that is over: how many of those admitted completed it, of the enrolments that its reader may see.
--   programme_id: Which.
--   title: Its name.
--   n: How many were admitted.
--   completed: How many completed it.
--   withdrawn: How many withdrew.
--   rate: Share of those admitted who completed it.
--   rate_low: Lower end of its interval (Wilson, 95 %).
--   rate_high: Upper end.
--   attended_share: Mean share of the sessions held that a participant attended; null where none was held.
CREATE VIEW care.programme_outcome WITH (security_invoker=true) AS
 SELECT run.programme_id,
    run.title,
    count(*) AS n,
    count(*) FILTER (WHERE (taken.status = 'completed'::text)) AS completed,
    count(*) FILTER (WHERE (taken.status = 'withdrawn'::text)) AS withdrawn,
    round(((count(*) FILTER (WHERE (taken.status = 'completed'::text)))::numeric / (count(*))::numeric), 4) AS rate,
    lower(care.wilson(count(*) FILTER (WHERE (taken.status = 'completed'::text)), count(*))) AS rate_low,
    upper(care.wilson(count(*) FILTER (WHERE (taken.status = 'completed'::text)), count(*))) AS rate_high,
    round(avg(((taken.sessions_attended)::numeric / (NULLIF(taken.sessions_held, 0))::numeric)), 4) AS attended_share
   FROM (care.programme run
     JOIN care.programme_participation taken USING (programme_id))
  WHERE ((taken.admitted_at IS NOT NULL) AND (upper(run.runs_during) <= CURRENT_DATE))
  GROUP BY run.programme_id;
GRANT SELECT ON care.programme_outcome TO healthtrack_care;

-- What a measure of the participants did in each programme that is over, of the rows that its reader may see.
--   programme_id: Which.
--   measure: What was measured.
--   unit: In which unit; another unit is another row.
--   n: How many participants noted it twice or more.
--   mean_first: Mean of their first values.
--   mean_last: Mean of their last values.
--   mean_change: Mean of the changes.
--   sd_change: Standard deviation of the changes; null for one participant.
CREATE VIEW care.programme_change WITH (security_invoker=true) AS
 WITH own AS (
         SELECT taken.programme_id,
            noted.enrolment_id,
            noted.measure,
            noted.unit,
            (array_agg(noted.value ORDER BY noted.noted_at))[1] AS first,
            (array_agg(noted.value ORDER BY noted.noted_at DESC))[1] AS last
           FROM ((care.progress_update noted
             JOIN care.enrolment taken USING (patient_id, enrolment_id))
             JOIN care.programme run USING (programme_id))
          WHERE ((taken.admitted_at IS NOT NULL) AND (upper(run.runs_during) <= CURRENT_DATE))
          GROUP BY taken.programme_id, noted.enrolment_id, noted.measure, noted.unit
         HAVING (count(*) >= 2)
        )
 SELECT programme_id,
    measure,
    unit,
    count(*) AS n,
    avg(first) AS mean_first,
    avg(last) AS mean_last,
    avg((last - first)) AS mean_change,
    stddev_samp((last - first)) AS sd_change
   FROM own
  GROUP BY programme_id, measure, unit;
GRANT SELECT ON care.programme_change TO healthtrack_care;

-- Living patients with a completed visit, by facility, age and sex.
--   facility_id: Where the visits were.
--   age_band: Age today, as a band; unknown where the birth does not tell it.
--   sex: Administrative gender.
--   patients: How many people, to the nearest 5.
CREATE VIEW care.insight_patients WITH (security_barrier=true) AS
 SELECT v.facility_id,
    care.age_band(p.born_during, CURRENT_DATE) AS age_band,
    p.sex,
    care.safe_count(count(DISTINCT p.patient_id)) AS patients
   FROM (care.appointment v
     JOIN care.patient p USING (patient_id))
  WHERE (( SELECT access.is_analyst() AS is_analyst) AND (v.status = 'completed'::text) AND (p.deceased_at IS NULL))
  GROUP BY v.facility_id, (care.age_band(p.born_during, CURRENT_DATE)), p.sex
 HAVING (count(DISTINCT p.patient_id) >= 11);
GRANT SELECT ON care.insight_patients TO healthtrack_analyst;
GRANT SELECT ON care.insight_patients TO healthtrack_care;

-- Living patients with a confirmed condition that lasts, by code, age and sex.
--   code_system: Terminology of the code.
--   code: Code of the condition.
--   age_band: Age today, as a band.
--   sex: Administrative gender.
--   patients: How many people, to the nearest 5.
CREATE VIEW care.insight_conditions AS
 SELECT code_system,
    code,
    age_band,
    sex,
    patients
   FROM access.count_conditions() count_conditions(code_system, code, age_band, sex, patients);
GRANT SELECT ON care.insight_conditions TO healthtrack_analyst;
GRANT SELECT ON care.insight_conditions TO healthtrack_care;

-- Past visits by facility, month and mode.
--   facility_id: Where.
--   month: First day of the month (UTC).
--   mode: in_person or telehealth.
--   patients: How many people had one, to the nearest 5.
--   missed_rate: Share of them who missed one; null where too few did or did not.
--   cancelled_rate: Share of them of whom one was cancelled; null where too few.
CREATE VIEW care.insight_visits WITH (security_barrier=true) AS
 SELECT facility_id,
    (date_trunc('month'::text, (lower(during) AT TIME ZONE 'UTC'::text)))::date AS month,
    mode,
    care.safe_count(count(DISTINCT patient_id)) AS patients,
    care.safe_rate(count(DISTINCT patient_id) FILTER (WHERE (status = 'no_show'::text)), count(DISTINCT patient_id)) AS missed_rate,
    care.safe_rate(count(DISTINCT patient_id) FILTER (WHERE (status = 'cancelled'::text)), count(DISTINCT patient_id)) AS cancelled_rate
   FROM care.appointment v
  WHERE (( SELECT access.is_analyst() AS is_analyst) AND (upper(during) <= now()) AND (status <> 'held'::text))
  GROUP BY facility_id, ((date_trunc('month'::text, (lower(during) AT TIME ZONE 'UTC'::text)))::date), mode
 HAVING (count(DISTINCT patient_id) >= 11);
GRANT SELECT ON care.insight_visits TO healthtrack_analyst;
GRANT SELECT ON care.insight_visits TO healthtrack_care;

-- People discharged from an acute stay whose thirty days are over, by facility and year; not adjusted for how ill they were.
--   facility_id: Where.
--   year: Year of discharge.
--   patients: How many people, to the nearest 5.
--   readmitted_rate: Share of them who came back unplanned; null where too few did or did not.
CREATE VIEW care.insight_readmissions AS
 SELECT facility_id,
    year,
    patients,
    readmitted_rate
   FROM access.count_readmissions() count_readmissions(facility_id, year, patients, readmitted_rate);
GRANT SELECT ON care.insight_readmissions TO healthtrack_analyst;
GRANT SELECT ON care.insight_readmissions TO healthtrack_care;

-- Means of the hot samples by metric, month, age and sex, of months that are over: each person counts once, by the own mean. Each mean and deviation carries an error of the size of its sampling error.
--   metric: Metric.
--   month: First day of the month (UTC).
--   age_band: Age then, as a band.
--   sex: Administrative gender.
--   patients: How many people, to the nearest 5.
--   mean: Mean of the people's means, with its error.
--   deviation: Standard deviation of the people's means, with its error; a fiftieth of the mean at least.
--   unit: Unit.
CREATE VIEW care.insight_samples WITH (security_barrier=true) AS
 SELECT metric,
    month,
    age_band,
    sex,
    patients,
    mean,
    deviation,
    unit
   FROM care.blurred_means() blurred_means(metric, month, age_band, sex, patients, mean, deviation, unit);
GRANT SELECT ON care.insight_samples TO healthtrack_analyst;
GRANT SELECT ON care.insight_samples TO healthtrack_care;

-- True where the acting provider wrote this row, ordered what it is a part of, or attended the visit of these answers.
CREATE OR REPLACE FUNCTION care.acts_as_author(relation text, key uuid)
 RETURNS boolean
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    provider constant uuid := care.acting_provider();
BEGIN
    IF provider IS NULL THEN
        RETURN false;
    END IF;
    CASE relation
        WHEN 'condition' THEN
            RETURN EXISTS (SELECT FROM care.condition w WHERE w.condition_id = key AND w.recorded_by = provider);
        WHEN 'encounter' THEN
            RETURN EXISTS (SELECT FROM care.encounter w WHERE w.encounter_id = key AND w.attending_provider_id = provider);
        WHEN 'procedure' THEN
            RETURN EXISTS (SELECT FROM care.procedure w WHERE w.procedure_id = key AND w.performer_id = provider);
        WHEN 'medication_statement' THEN
            RETURN EXISTS (SELECT FROM care.medication_statement w WHERE w.medication_statement_id = key AND w.recorded_by = provider);
        WHEN 'prescription' THEN
            RETURN EXISTS (SELECT FROM care.prescription w WHERE w.prescription_id = key AND w.prescriber_id = provider);
        WHEN 'dispense' THEN
            RETURN EXISTS (SELECT FROM care.dispense d JOIN care.prescription w USING (prescription_id)
                           WHERE d.dispense_id = key AND w.prescriber_id = provider);
        WHEN 'lab_order' THEN
            RETURN EXISTS (SELECT FROM care.lab_order w WHERE w.lab_order_id = key AND w.ordered_by = provider);
        WHEN 'lab_result' THEN
            RETURN EXISTS (SELECT FROM care.lab_result r JOIN care.lab_order w USING (lab_order_id)
                           WHERE r.lab_result_id = key AND w.ordered_by = provider);
        WHEN 'imaging_study' THEN
            RETURN EXISTS (SELECT FROM care.imaging_study w WHERE w.imaging_study_id = key AND w.referrer_id = provider);
        WHEN 'imaging_series' THEN
            RETURN EXISTS (SELECT FROM care.imaging_series s JOIN care.imaging_study w USING (imaging_study_id)
                           WHERE s.imaging_series_id = key AND w.referrer_id = provider);
        WHEN 'clinical_report' THEN
            RETURN EXISTS (SELECT FROM care.clinical_report w WHERE w.clinical_report_id = key AND w.signed_by = provider);
        WHEN 'questionnaire_response' THEN
            RETURN EXISTS (SELECT FROM care.questionnaire_response r JOIN care.encounter w USING (encounter_id)
                           WHERE r.questionnaire_response_id = key AND w.attending_provider_id = provider);
        WHEN 'answer' THEN
            RETURN EXISTS (SELECT FROM care.answer a JOIN care.questionnaire_response r USING (questionnaire_response_id)
                           JOIN care.encounter w USING (encounter_id)
                           WHERE a.answer_id = key AND w.attending_provider_id = provider);
        WHEN 'observation' THEN
            RETURN EXISTS (SELECT FROM care.observation w WHERE w.observation_id = key AND w.performer_id = provider);
        WHEN 'family_history' THEN
            RETURN EXISTS (SELECT FROM care.family_history w WHERE w.family_history_id = key AND w.recorded_by = provider);
        ELSE
            RETURN false;
    END CASE;
END $function$;
REVOKE EXECUTE ON FUNCTION care.acts_as_author(text,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.acts_as_author(text,uuid) TO healthtrack_care, healthtrack_migrator;

-- What care.adherence_pdc says of a period, of the patients that its caller may see; of a calendar year by what is kept.
CREATE OR REPLACE FUNCTION care.adherence(measured daterange, patient uuid DEFAULT NULL::uuid, threshold numeric DEFAULT 0.8)
 RETURNS TABLE(patient_id uuid, ingredient text, fills bigint, first_fill_on date, ends_on date, treatment_days integer, covered_days integer, pdc numeric, adherent boolean)
 LANGUAGE plpgsql
 STABLE PARALLEL SAFE
AS $function$
#variable_conflict use_column
DECLARE
    measured_year constant integer := care.year_of(measured);
    changed       uuid[];
BEGIN
    -- One patient's is as quickly worked out.
    IF patient IS NOT NULL OR measured_year IS NULL THEN
        RETURN QUERY SELECT * FROM care.adherence_pdc(measured, patient, threshold);
        RETURN;
    END IF;
    changed := ARRAY(SELECT DISTINCT c.patient_id FROM care.adherence_change c
                     WHERE c.year = measured_year OR c.year IS NULL);
    RETURN QUERY
    SELECT k.patient_id, k.ingredient, k.fills::bigint, k.first_fill_on, k.ends_on, k.treatment_days::integer,
           k.covered_days::integer, round(k.covered_days::numeric / k.treatment_days, 4),
           k.covered_days >= threshold * k.treatment_days
    FROM care.adherence_year k WHERE k.year = measured_year AND k.patient_id <> ALL (changed);
    -- It takes longer to plan than all of the above.
    IF cardinality(changed) > 0 THEN
        RETURN QUERY
        SELECT a.* FROM unnest(changed) AS c (patient_id)
        CROSS JOIN LATERAL care.adherence_pdc(measured, c.patient_id, threshold) a;
    END IF;
END $function$;
REVOKE EXECUTE ON FUNCTION care.adherence(daterange,uuid,numeric) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.adherence(daterange,uuid,numeric) TO healthtrack_care;

-- Proportion of days covered (PQA) in a period for each patient and substance, or for one patient; adherent from the threshold.
CREATE OR REPLACE FUNCTION care.adherence_pdc(measured daterange, patient uuid DEFAULT NULL::uuid, threshold numeric DEFAULT 0.8)
 RETURNS TABLE(patient_id uuid, ingredient text, fills bigint, first_fill_on date, ends_on date, treatment_days integer, covered_days integer, pdc numeric, adherent boolean)
 LANGUAGE sql
 STABLE PARALLEL SAFE
AS $function$
    WITH fill AS (
        SELECT d.patient_id, m.ingredient, d.dispense_id, d.filled_on, d.days_supply::integer AS days,
               least(upper(measured) - 1, (c.deceased_at AT TIME ZONE c.time_zone)::date) AS ends_on
        FROM care.dispense d
        JOIN care.prescription p ON p.patient_id = d.patient_id AND p.prescription_id = d.prescription_id
        JOIN care.medication m ON m.medication_id = p.medication_id
        JOIN care.patient c ON c.patient_id = d.patient_id
        WHERE d.status = 'completed' AND d.filled_on >= lower(measured) AND d.filled_on < upper(measured)
          AND (patient IS NULL OR d.patient_id = patient)
    ), added AS (
        SELECT f.*, (sum(f.days) OVER drug)::integer AS supplied, min(f.filled_on) OVER drug AS first_fill_on
        FROM fill f WHERE f.filled_on <= f.ends_on
        WINDOW drug AS (PARTITION BY f.patient_id, f.ingredient ORDER BY f.filled_on, f.dispense_id)
    ), shifted AS (
        SELECT a.*, a.supplied + max(a.filled_on - (a.supplied - a.days)) OVER drug AS used_up_on
        FROM added a
        WINDOW drug AS (PARTITION BY a.patient_id, a.ingredient ORDER BY a.filled_on, a.dispense_id)
    ), told AS (
        SELECT s.patient_id, s.ingredient, count(*) AS fills, count(DISTINCT s.filled_on) AS days_of_fill,
               min(s.filled_on) AS first_fill_on, s.ends_on, s.ends_on - min(s.filled_on) + 1 AS treatment_days,
               sum(greatest(least(s.used_up_on, s.ends_on + 1) - (s.used_up_on - s.days), 0))::integer AS covered_days
        FROM shifted s GROUP BY s.patient_id, s.ingredient, s.ends_on
    )
    SELECT t.patient_id, t.ingredient, t.fills, t.first_fill_on, t.ends_on, t.treatment_days, t.covered_days,
           round(t.covered_days::numeric / t.treatment_days, 4), t.covered_days >= threshold * t.treatment_days
    FROM told t WHERE t.days_of_fill >= 2 AND t.ends_on - t.first_fill_on >= 91
$function$;

-- Rules that hold for a patient: the own ones, those of programmes that they take part in, and those for all.
CREATE OR REPLACE FUNCTION care.alert_rules_of(patient uuid)
 RETURNS SETOF care.alert_rule
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT r.* FROM care.alert_rule r WHERE r.ended_at IS NULL AND (
        r.patient_id = patient OR r.patient_id IS NULL AND (r.programme_id IS NULL OR EXISTS (
            SELECT FROM care.enrolment e WHERE e.programme_id = r.programme_id AND e.patient_id = patient AND e.status = 'enrolled')))
$function$;
REVOKE EXECUTE ON FUNCTION care.alert_rules_of(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.alert_rules_of(uuid) TO healthtrack_care;

-- Corrects the number of a final result by a new row, which it returns; the former row stays.
CREATE OR REPLACE FUNCTION care.amend_lab_result(result uuid, number numeric, remark text)
 RETURNS uuid
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    amended uuid;
BEGIN
    INSERT INTO care.lab_result (patient_id, lab_order_id, amends_lab_result_id, observed_at, value_number, unit,
                                 reference_low, reference_high, critical_low, critical_high, loinc, title, status, note)
    SELECT r.patient_id, r.lab_order_id, r.lab_result_id, r.observed_at, number, r.unit,
           r.reference_low, r.reference_high, r.critical_low, r.critical_high, r.loinc, r.title, 'amended', remark
    FROM care.lab_result r WHERE r.lab_result_id = result
    RETURNING lab_result_id INTO amended;
    IF amended IS NULL THEN
        PERFORM care.refuse('lab_result_is_known', 'There is no such result.');
    END IF;
    RETURN amended;
END $function$;

-- Writes what takes the place of a final observation, which stays: what the finding does not say is as it was; gives the new key.
CREATE OR REPLACE FUNCTION care.amend_observation(observation uuid, finding jsonb, becomes text, by text, performer uuid)
 RETURNS uuid
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    former care.observation;
    whole  jsonb;
BEGIN
    SELECT * INTO former FROM care.observation o WHERE o.observation_id = observation;
    IF former.observation_id IS NULL THEN
        PERFORM care.refuse('observation_is_known', 'There is no such observation.');
    ELSIF becomes NOT IN ('amended', 'corrected') THEN
        PERFORM care.refuse('observation_becomes_amended_or_corrected',
            'Say whether more is known now (amended) or it was wrong (corrected).');
    END IF;
    PERFORM care.check_finding(finding);
    whole := jsonb_strip_nulls(jsonb_build_object('loinc', former.loinc, 'title', former.title, 'category', former.category,
        'encounter', former.encounter_id, 'observed_at', former.observed_at, 'ended_at', former.ended_at,
        'body_site', former.body_site, 'method', former.method, 'device', former.device_id, 'sensitivity', former.sensitivity,
        'reference_low', former.reference_low, 'reference_high', former.reference_high));
    IF NOT finding ?| '{value,components}' THEN
        whole := whole || jsonb_build_object('value', care.told_value(to_jsonb(former)), 'interpretation', former.interpretation,
                                             'components', care.told_components(former.patient_id, observation));
    END IF;
    RETURN care.write_observation(former.patient_id, whole || finding, by, performer, becomes, observation);
END $function$;
REVOKE EXECUTE ON FUNCTION care.amend_observation(uuid,jsonb,text,text,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.amend_observation(uuid,jsonb,text,text,uuid) TO healthtrack_care, healthtrack_migrator;

-- Trigger before a finding is stored: it belongs to a reconciliation of this transaction, and what it decides is done.
CREATE OR REPLACE FUNCTION care.carry_out_reconciliation()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    today date;
BEGIN
    IF access.actor() IS NULL THEN
        RETURN NEW;  -- A program that loads what was found, and done, elsewhere.
    ELSIF NOT EXISTS (SELECT FROM care.medication_reconciliation r
                      WHERE r.medication_reconciliation_id = NEW.medication_reconciliation_id AND r.created_at = now()) THEN
        PERFORM care.refuse('medication_reconciliation_is_one_step', 'This reconciliation is complete: make another one.');
    END IF;
    IF NEW.decision = 'stopped' THEN
        SELECT (now() AT TIME ZONE p.time_zone)::date INTO today FROM care.patient p WHERE p.patient_id = NEW.patient_id;
        UPDATE care.medication_statement s
        SET status = 'stopped', taken_during = daterange(lower(s.taken_during), greatest(today, lower(s.taken_during) + 1))
        WHERE s.medication_statement_id = NEW.medication_statement_id AND s.status IN ('active', 'on_hold');
    ELSIF NEW.decision = 'changed' THEN
        UPDATE care.medication_statement s SET dosage = NEW.dosage
        WHERE s.medication_statement_id = NEW.medication_statement_id AND s.status IN ('active', 'on_hold');
    END IF;
    IF NEW.decision IN ('stopped', 'changed') AND NOT FOUND THEN
        PERFORM care.refuse('reconciled_statement_is_current', 'This medicine is not taken any more: read the list again.');
    END IF;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.carry_out_reconciliation() FROM PUBLIC;

-- Points of a patient by LOINC codes and metrics in [from, to): results, observations, and days of devices, by time.
CREATE OR REPLACE FUNCTION care.chart_series(patient uuid, codes text[], metrics text[], "from" timestamp with time zone, "to" timestamp with time zone)
 RETURNS TABLE(source text, observed_at timestamp with time zone, ended_at timestamp with time zone, loinc text, metric text, value double precision, lowest double precision, highest double precision, unit text, told_value double precision, told_unit text, comparator text, statistic text, count bigint, interpretation text, status text, row_id uuid, device text)
 LANGUAGE sql
 STABLE
AS $function$
    WITH point AS (
        SELECT 'laboratory' AS source, r.observed_at, NULL::timestamptz AS ended_at, r.loinc, r.value_number AS value,
               NULL::numeric AS low, NULL::numeric AS high, r.unit::text AS unit, r.comparator, r.flag AS interpretation, r.status,
               r.lab_result_id AS row_id, NULL::text AS device
        FROM care.current_lab_result r
        WHERE r.patient_id = patient AND r.loinc = ANY (codes) AND r.observed_at >= "from" AND r.observed_at < "to"
          AND r.value_number IS NOT NULL
        UNION ALL
        SELECT 'observation', o.observed_at, o.ended_at, part.loinc, part.value_number, part.value_low, part.value_high,
               part.unit, part.comparator, part.interpretation, o.status, o.observation_id, o.device_id
        FROM care.observation o
        CROSS JOIN LATERAL (
            SELECT o.loinc, o.value_number, o.value_low, o.value_high, o.unit::text, o.comparator, o.interpretation
            UNION ALL
            SELECT c.loinc, c.value_number, c.value_low, c.value_high, c.unit::text, c.comparator, c.interpretation
            FROM care.observation_component c
            WHERE c.patient_id = patient AND c.observation_id = o.observation_id AND o.component_count > 0
        ) AS part
        WHERE o.patient_id = patient AND o.observed_at >= "from" AND o.observed_at < "to" AND part.loinc = ANY (codes)
          AND num_nonnulls(part.value_number, part.value_low, part.value_high) > 0
          AND o.status <> 'entered_in_error' AND NOT EXISTS (
              SELECT FROM care.observation n
              WHERE n.patient_id = patient AND n.amends_observation_id = o.observation_id AND n.status <> 'entered_in_error')
    )
    SELECT p.source, p.observed_at, p.ended_at, p.loinc, NULL, care.in_chart_unit(p.loinc, p.unit, p.value)::float8,
           care.in_chart_unit(p.loinc, p.unit, p.low)::float8, care.in_chart_unit(p.loinc, p.unit, p.high)::float8,
           coalesce((SELECT u.chart_unit FROM care.loinc_unit u WHERE u.loinc = p.loinc
                     AND care.bare_unit(u.unit) = care.bare_unit(p.unit) AND u.chart_unit IS NOT NULL LIMIT 1), p.unit),
           p.value::float8, p.unit, p.comparator, NULL, NULL::bigint, p.interpretation, p.status, p.row_id, p.device
    FROM point p
    UNION ALL
    SELECT 'device', d.day_at, d.stop_at, CASE cardinality(codes) WHEN 1 THEN codes[1] END, d.metric, d.value, d.lowest,
           d.highest, d.unit, d.value, d.unit, NULL, d.statistic, d.count, NULL,
           CASE WHEN d.stop_at > now() THEN 'preliminary' ELSE 'final' END, NULL, d.device_id
    FROM access.worn_days(patient, metrics, "from", "to") d
    ORDER BY 2, 1, 17, 18
$function$;
REVOKE EXECUTE ON FUNCTION care.chart_series(uuid,text[],text[],timestamp with time zone,timestamp with time zone) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.chart_series(uuid,text[],text[],timestamp with time zone,timestamp with time zone) TO healthtrack_care, healthtrack_migrator;

-- Trigger before an alert is stored or changed: its rule holds and is broken by its evidence, which stays, and it is answered in the own name.
CREATE OR REPLACE FUNCTION care.check_alert()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    told   constant text[] := '{status,reason,acknowledged_by,acknowledged_at,escalated_to,escalated_at,closed_by,closed_at,version,updated_at,updated_by}';
    rule   care.alert_rule;
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT * INTO rule FROM care.alert_rules_of(NEW.patient_id) r WHERE r.alert_rule_id = NEW.alert_rule_id;
        IF rule.alert_rule_id IS NULL THEN
            PERFORM care.refuse('alert_is_of_a_rule_that_holds', 'Choose a rule that holds for this patient.');
        ELSIF NEW.status <> 'open' THEN
            PERFORM care.refuse('alert_begins_open', 'An alert is opened before anybody answers it.');
        END IF;
        NEW.severity := rule.severity;
        NEW.sensitivity := rule.sensitivity;
    ELSE
        SELECT * INTO rule FROM care.alert_rule r WHERE r.alert_rule_id = NEW.alert_rule_id;
        IF OLD.status IN ('resolved', 'dismissed') THEN
            PERFORM care.refuse('alert_that_is_closed_stays', 'This alert is closed, and stays so.');
        ELSIF NEW.status = 'open' AND OLD.status <> 'open' THEN
            PERFORM care.refuse('alert_goes_forward', 'Somebody has taken this alert on already.');
        ELSIF access.actor() IS NOT NULL AND to_jsonb(NEW) - told <> to_jsonb(OLD) - told
              OR (NEW.patient_id, NEW.lineage_id, NEW.alert_rule_id, NEW.severity, NEW.sensitivity)
                 IS DISTINCT FROM (OLD.patient_id, OLD.lineage_id, OLD.alert_rule_id, OLD.severity, OLD.sensitivity) THEN
            PERFORM care.refuse('alert_keeps_its_evidence', 'What was measured is not changed: say what came of it.');
        ELSIF access.actor() IS NOT NULL
              AND (NEW.acknowledged_by IS DISTINCT FROM OLD.acknowledged_by AND NEW.acknowledged_by IS DISTINCT FROM access.acting_provider()
                   OR NEW.closed_by IS DISTINCT FROM access.acting_provider() AND NEW.closed_at IS NOT NULL) THEN
            PERFORM care.refuse('alert_is_answered_in_person', 'A provider answers an alert in the own name only.');
        END IF;
    END IF;
    IF NOT (CASE rule.comparator WHEN 'below' THEN NEW.highest < rule.threshold WHEN 'at_most' THEN NEW.highest <= rule.threshold
                                WHEN 'at_least' THEN NEW.lowest >= rule.threshold ELSE NEW.lowest > rule.threshold END)
       OR upper(NEW.observed_during) - lower(NEW.observed_during) < rule.lasting THEN
        PERFORM care.refuse('alert_evidence_breaks_its_rule', 'Give values that break the rule, for as long as it says.');
    END IF;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.check_alert() FROM PUBLIC;

-- Trigger before a rule is stored or changed: its unit fits, its versions are about the same, and it keeps its words.
CREATE OR REPLACE FUNCTION care.check_alert_rule()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    free constant text[] := '{ended_at,version,updated_at,updated_by}';
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF to_jsonb(NEW) - free <> to_jsonb(OLD) - free OR OLD.ended_at IS NOT NULL AND NEW.ended_at IS DISTINCT FROM OLD.ended_at THEN
            PERFORM care.refuse('alert_rule_is_changed_by_its_next_version', 'A rule keeps its words: set its next version.');
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.metric IS NOT NULL AND NOT EXISTS (SELECT FROM signal.metric m WHERE m.name = NEW.metric AND m.unit = NEW.unit)
       OR EXISTS (SELECT FROM care.loinc_unit u WHERE u.loinc = NEW.loinc)
          AND NOT EXISTS (SELECT FROM care.loinc_unit u WHERE u.loinc = NEW.loinc AND u.unit = NEW.unit) THEN
        PERFORM care.refuse('alert_rule_unit_fits_what_is_measured', 'Give the threshold in the unit that this is measured in.');
    ELSIF NEW.edition > 1 AND NOT EXISTS (
        SELECT FROM care.alert_rule r WHERE r.lineage_id = NEW.lineage_id AND r.edition = NEW.edition - 1 AND r.ended_at IS NOT NULL
           AND (r.patient_id, r.programme_id, r.metric, r.loinc)
               IS NOT DISTINCT FROM (NEW.patient_id, NEW.programme_id, NEW.metric, NEW.loinc)) THEN
        PERFORM care.refuse('alert_rule_version_is_about_the_same', 'The next version of a rule is for the same people, about the same measurement.');
    END IF;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.check_alert_rule() FROM PUBLIC;

-- Trigger: an answer fits its question, and changes only until all are complete.
CREATE OR REPLACE FUNCTION care.check_answer()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    item   jsonb;
    state  text;
BEGIN
    SELECT r.status, (SELECT i FROM jsonb_array_elements(n.items) AS i WHERE i ->> 'link_id' = NEW.link_id)
    INTO state, item
    FROM care.questionnaire_response r JOIN care.questionnaire n USING (questionnaire_id)
    WHERE r.patient_id = NEW.patient_id AND r.questionnaire_response_id = NEW.questionnaire_response_id FOR SHARE OF r;
    IF NOT FOUND THEN
        RETURN NEW;  -- The foreign key says it better.
    END IF;
    IF state <> 'in_progress' THEN
        PERFORM care.refuse('answer_that_is_complete_is_not_altered',
            'These answers are complete: answer the questionnaire anew.');
    END IF;
    IF item IS NULL OR NOT coalesce(CASE item ->> 'type'
        WHEN 'choice'  THEN item -> 'options' @> jsonb_build_array(jsonb_build_object('value', NEW.value_number))
        WHEN 'integer' THEN NEW.value_number = trunc(NEW.value_number)
        WHEN 'number'  THEN NEW.value_number IS NOT NULL
        WHEN 'text'    THEN NEW.value_text IS NOT NULL
        WHEN 'boolean' THEN NEW.value_boolean IS NOT NULL
        WHEN 'date'    THEN NEW.value_on IS NOT NULL
    END, false) THEN
        PERFORM care.refuse('answer_fits_its_question', 'This is no answer to that question.');
    END IF;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.check_answer() FROM PUBLIC;

-- Trigger: through the portal a report is signed by whoever acts, and now; only what was signed is corrected by another row.
CREATE OR REPLACE FUNCTION care.check_clinical_report()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    former text;
BEGIN
    -- To be kept apart is no change of what was signed.
    IF TG_OP = 'UPDATE' AND OLD.sensitivity IS NULL AND NEW.sensitivity IS NOT NULL
       AND to_jsonb(NEW) - '{sensitivity,version,updated_at,updated_by}'::text[]
         = to_jsonb(OLD) - '{sensitivity,version,updated_at,updated_by}'::text[] THEN
        RETURN NEW;
    END IF;
    IF NEW.signed_by IS NOT NULL AND NEW.status <> 'entered_in_error' AND access.actor() IS NOT NULL
       AND access.acting_provider() IS DISTINCT FROM NEW.signed_by THEN
        PERFORM care.refuse('clinical_report_is_signed_in_person', 'A provider signs in the own name only.');
    END IF;
    IF access.actor() IS NOT NULL AND NEW.signed_at IS NOT NULL AND (TG_OP = 'INSERT' OR OLD.signed_at IS NULL) THEN
        NEW.signed_at := now();
    END IF;
    SELECT r.status INTO former FROM care.clinical_report r
    WHERE r.patient_id = NEW.patient_id AND r.clinical_report_id = NEW.amends_clinical_report_id FOR SHARE;
    IF former NOT IN ('final', 'amended') AND NEW.status <> 'entered_in_error' THEN
        PERFORM care.refuse('clinical_report_amends_what_was_signed',
            'Only a report that is signed is corrected by another: change this one instead.');
    END IF;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.check_clinical_report() FROM PUBLIC;

-- Trigger before a condition is stored: refuses a beginning before the birth or to come.
CREATE OR REPLACE FUNCTION care.check_dates_of_condition()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF NEW.onset_on > current_date + 1 OR EXISTS (
        SELECT FROM care.patient p WHERE p.patient_id = NEW.patient_id AND NEW.onset_on < lower(p.born_during)) THEN
        PERFORM care.refuse('condition_begins_within_a_life', 'A condition begins after its person was born, and not ahead.');
    END IF;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.check_dates_of_condition() FROM PUBLIC;

-- Trigger: a fill keeps to its prescription's days, quantity and refills, also beside another fill.
CREATE OR REPLACE FUNCTION care.check_dispense()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    ordered care.prescription;
    fills   bigint;
BEGIN
    IF NEW.status <> 'completed' THEN
        RETURN NEW;
    END IF;
    SELECT * INTO ordered FROM care.prescription p
    WHERE p.patient_id = NEW.patient_id AND p.prescription_id = NEW.prescription_id FOR UPDATE;
    IF NOT FOUND THEN
        RETURN NEW;  -- The foreign key says it better.
    END IF;
    -- A fill that is only corrected may be of a prescription that has ended since.
    IF (TG_OP = 'INSERT' AND ordered.status <> 'active') OR NOT ordered.valid_during @> NEW.filled_on THEN
        PERFORM care.refuse('dispense_is_within_a_valid_prescription', 'This prescription is not valid on that day.');
    END IF;
    IF NEW.quantity > ordered.quantity THEN
        PERFORM care.refuse('dispense_is_within_the_quantity', 'This is more than was prescribed for one fill.');
    END IF;
    SELECT count(*) INTO fills FROM care.dispense d
    WHERE d.prescription_id = NEW.prescription_id AND d.status = 'completed' AND d.dispense_id <> NEW.dispense_id;
    IF fills > ordered.refills_allowed THEN
        PERFORM care.refuse('dispense_is_within_the_refills', 'All refills of this prescription have been used.');
    END IF;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.check_dispense() FROM PUBLIC;

-- Trigger before a record of another system is registered: its row is there and of that patient, and its system is active; later it stays that row.
CREATE OR REPLACE FUNCTION care.check_external_record()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    keyed constant oid := to_regclass(format('care.%I', NEW.relation));
    owned boolean;
    whose uuid;
    found integer := 0;
BEGIN
    IF EXISTS (SELECT FROM care.source_system s WHERE s.source_system_id = NEW.source_system_id AND s.retired_at <= now()) THEN
        PERFORM care.refuse('source_system_is_active', 'Nothing is taken in from this system any more.');
    END IF;
    IF TG_OP = 'UPDATE' THEN
        IF (NEW.source_system_id, NEW.external_id, NEW.relation, NEW.row_id, NEW.patient_id)
           IS DISTINCT FROM (OLD.source_system_id, OLD.external_id, OLD.relation, OLD.row_id, OLD.patient_id) THEN
            PERFORM care.refuse('external_record_stays_with_its_row',
                'A record of another system stays the row that it is: register another beside it.');
        END IF;
        RETURN NEW;
    END IF;
    IF EXISTS (SELECT FROM pg_constraint k JOIN pg_attribute a ON a.attrelid = k.conrelid AND k.conkey = ARRAY[a.attnum]
               WHERE k.conrelid = keyed AND k.contype = 'p' AND a.attname = NEW.relation || '_id') THEN
        owned := EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = keyed AND a.attname = 'patient_id' AND NOT a.attisdropped);
        EXECUTE format('SELECT %s FROM care.%I AS known WHERE known.%I = $1 FOR KEY SHARE',
                       CASE WHEN owned THEN 'known.patient_id' ELSE 'NULL::uuid' END, NEW.relation, NEW.relation || '_id')
            INTO whose USING NEW.row_id;
        GET DIAGNOSTICS found = ROW_COUNT;
    END IF;
    IF found = 0 THEN
        PERFORM care.refuse('external_record_has_its_row', 'Write the row first, and name its table and key.');
    ELSIF whose IS DISTINCT FROM NEW.patient_id THEN
        PERFORM care.refuse('external_record_is_of_its_patient', 'Name the patient whose row it is, and none for a row of nobody.');
    END IF;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.check_external_record() FROM PUBLIC;

-- Trigger: only what was final is corrected by another row.
CREATE OR REPLACE FUNCTION care.check_lab_amendment()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    former text;
BEGIN
    SELECT r.status INTO former FROM care.lab_result r
    WHERE r.patient_id = NEW.patient_id AND r.lab_result_id = NEW.amends_lab_result_id FOR SHARE;
    IF former NOT IN ('final', 'amended') THEN
        PERFORM care.refuse('lab_result_amends_what_was_final',
            'Only a result that is final is corrected: change this one instead.');
    END IF;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.check_lab_amendment() FROM PUBLIC;

-- Trigger before a value is stored: refuses a unit that its LOINC code does not have, and what nobody can have.
CREATE OR REPLACE FUNCTION care.check_measured_value()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    -- The first number of a ratio is not what the code stands for.
    IF NEW.unit IS NOT NULL AND NEW.value_numerator IS NULL THEN
        CASE care.fault_of_value(NEW.loinc, NEW.unit, NEW.value_number, NEW.value_low, NEW.value_high)
            WHEN 'unit' THEN
                PERFORM care.refuse(TG_TABLE_NAME || '_unit_fits_its_code', 'Give this value in a unit that fits its LOINC code.');
            WHEN 'value' THEN
                PERFORM care.refuse(TG_TABLE_NAME || '_value_is_possible', 'No person has such a value: check number and unit.');
            ELSE
                NULL;
        END CASE;
    END IF;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.check_measured_value() FROM PUBLIC;

-- Trigger before a note is stored or changed: it begins as a draft, goes forward by who may sign it, and keeps its words once signed.
CREATE OR REPLACE FUNCTION care.check_note()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    -- What raises and stamps a version, and how sensitive the note is said to be.
    kept   constant text[] := '{version,updated_at,updated_by,sensitivity}';
    life   constant text[] := kept || '{status,signed_at,cosigned_at,error_at,error_by,error_reason}';
    signer constant uuid := CASE WHEN access.actor() IS NOT NULL THEN access.acting_provider() END;
    by_account constant boolean := access.actor() IS NOT NULL;
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.status <> 'draft' THEN
            PERFORM care.refuse('note_begins_as_a_draft', 'Write the note as a draft, and sign it then.');
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.status <> 'draft' AND OLD.sensitivity IS NOT NULL AND NEW.sensitivity IS DISTINCT FROM OLD.sensitivity THEN
        PERFORM care.refuse('note_stays_apart', 'A signed note that is kept apart from the chart stays so.');
    ELSIF OLD.status = 'entered_in_error' THEN
        PERFORM care.refuse('note_error_is_final', 'This note is marked as an error, and stays so: write a new one.');
    ELSIF NEW.status = OLD.status THEN
        IF OLD.status <> 'draft' AND to_jsonb(NEW) - kept <> to_jsonb(OLD) - kept THEN
            PERFORM care.refuse('note_is_never_overwritten',
                'A signed note keeps its words: add an addendum, or mark it as an error.');
        END IF;
        RETURN NEW;
    ELSIF (OLD.status, NEW.status) NOT IN (('draft', 'signed'), ('signed', 'cosigned'), ('draft', 'entered_in_error'),
                                           ('signed', 'entered_in_error'), ('cosigned', 'entered_in_error')) THEN
        PERFORM care.refuse('note_goes_forward', 'A note goes from draft to signed to cosigned, and never back.');
    ELSIF to_jsonb(NEW) - life <> to_jsonb(OLD) - life OR NEW.signed_at IS DISTINCT FROM OLD.signed_at AND OLD.status <> 'draft'
          OR NEW.cosigned_at IS DISTINCT FROM OLD.cosigned_at AND NEW.status <> 'cosigned' THEN
        PERFORM care.refuse('note_is_never_overwritten',
            'A signed note keeps its words: add an addendum, or mark it as an error.');
    END IF;
    CASE NEW.status
        WHEN 'signed' THEN
            IF by_account AND signer IS DISTINCT FROM OLD.author_id THEN
                PERFORM care.refuse('note_is_signed_by_its_author', 'Only its author signs a note.');
            ELSIF NOT EXISTS (SELECT FROM care.note_section s WHERE s.note_id = OLD.note_id) THEN
                PERFORM care.refuse('note_says_something_once_signed', 'Write at least one section before you sign.');
            END IF;
        WHEN 'cosigned' THEN
            IF by_account AND signer IS DISTINCT FROM OLD.cosigner_id THEN
                PERFORM care.refuse('note_is_cosigned_by_whom_it_names',
                    'Only whom the note names signs it too.');
            END IF;
        ELSE
            IF by_account AND (signer IS NULL OR signer NOT IN (OLD.author_id, coalesce(OLD.cosigner_id, OLD.author_id))
                               OR NEW.error_by IS DISTINCT FROM signer) THEN
                PERFORM care.refuse('note_error_is_marked_by_who_signs',
                    'Only who signs a note marks it as an error; others add an addendum.');
            END IF;
    END CASE;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.check_note() FROM PUBLIC;

-- Trigger before an addendum is stored: its note is signed, and no error.
CREATE OR REPLACE FUNCTION care.check_note_addendum()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    standing text := (SELECT n.status FROM care.note n WHERE n.note_id = NEW.note_id FOR SHARE);
BEGIN
    IF standing NOT IN ('signed', 'cosigned') THEN
        PERFORM care.refuse('note_addendum_is_to_a_signed_note', 'Only a signed note that is no error takes an addendum.');
    END IF;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.check_note_addendum() FROM PUBLIC;

-- Trigger before a section is stored or changed: its note is a draft.
CREATE OR REPLACE FUNCTION care.check_note_section()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    standing text := (SELECT n.status FROM care.note n WHERE n.note_id = NEW.note_id FOR SHARE);
BEGIN
    IF standing <> 'draft' THEN
        PERFORM care.refuse('note_is_never_overwritten',
            'A signed note keeps its words: add an addendum, or mark it as an error.');
    END IF;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.check_note_section() FROM PUBLIC;

-- Trigger after an observation is stored: it is within a life, read from a known device, and corrects what was final.
CREATE OR REPLACE FUNCTION care.check_observation()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    former care.observation;
BEGIN
    IF TG_OP = 'INSERT' AND NEW.amends_observation_id IS NOT NULL THEN
        SELECT * INTO former FROM care.observation o
        WHERE o.patient_id = NEW.patient_id AND o.observation_id = NEW.amends_observation_id FOR SHARE;
        IF former.status NOT IN ('final', 'amended', 'corrected') THEN
            PERFORM care.refuse('observation_amends_what_was_final',
                'Only what is final is corrected by another: change this one instead.');
        ELSIF NEW.sensitivity IS DISTINCT FROM former.sensitivity AND former.observation_id IS NOT NULL THEN
            PERFORM care.refuse('observation_correction_is_as_sensitive',
                'A correction is as sensitive as what it corrects: take that back and note it anew.');
        END IF;
    ELSIF TG_OP = 'UPDATE' THEN
        former := OLD;
    END IF;
    IF NEW.issued_at > now() + INTERVAL '1 day' OR EXISTS (
        SELECT FROM care.patient p WHERE p.patient_id = NEW.patient_id
           AND (NEW.observed_at AT TIME ZONE p.time_zone::text)::date < lower(p.born_during)) THEN
        PERFORM care.refuse('observation_is_within_a_life', 'An observation is made after the birth, and not ahead.');
    -- A patient is not told which devices there are beside the own ones.
    ELSIF NEW.device_id <> coalesce(former.device_id, '') AND NOT EXISTS (
        SELECT FROM signal.device d WHERE d.device_id = NEW.device_id AND (access.part() IS DISTINCT FROM 'patient' OR EXISTS (
            SELECT FROM care.wear w
            WHERE w.device_key = d.device_key AND w.patient_id = NEW.patient_id AND w.worn_during @> NEW.observed_at))) THEN
        PERFORM care.refuse('observation_device_is_known', 'Choose a device that was in use then.');
    END IF;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.check_observation() FROM PUBLIC;

-- Trigger before an observation is written through the portal: in the own name, and taken back by whose it is.
CREATE OR REPLACE FUNCTION care.check_observer()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    acts   constant text := access.part();
    former care.observation;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF (NEW.performed_by, NEW.performer_id) IS DISTINCT FROM (OLD.performed_by, OLD.performer_id) THEN
            PERFORM care.refuse('observation_is_made_in_person', 'An observation bears the name of who made it.');
        END IF;
        former := OLD;
    ELSE
        NEW.issued_at := now();
        IF acts = 'provider' AND (NEW.performed_by, NEW.performer_id) IS DISTINCT FROM ('provider', access.acting_provider())
           OR acts = 'patient' AND NEW.performed_by <> 'patient' THEN
            PERFORM care.refuse('observation_is_made_in_person', 'An observation bears the name of who made it.');
        ELSIF acts = 'patient' AND NEW.category IN ('exam', 'procedure', 'therapy') THEN
            PERFORM care.refuse('observation_of_a_patient_is_no_exam', 'An examination is noted by a provider: choose another kind.');
        END IF;
        SELECT * INTO former FROM care.observation o WHERE o.observation_id = NEW.amends_observation_id;
    END IF;
    -- A provider corrects a colleague's, in the own name, and does not take it away.
    IF acts = 'patient' AND former.performed_by <> 'patient'
       OR acts = 'provider' AND TG_OP = 'UPDATE' AND former.performer_id <> access.acting_provider() THEN
        PERFORM care.refuse('observation_is_its_performers',
            'Only who made an observation takes it back: ask them, or as a provider write a correction.');
    END IF;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.check_observer() FROM PUBLIC;

-- Trigger before a prediction is stored or changed: its model is approved, and only its outcome is told, once.
CREATE OR REPLACE FUNCTION care.check_prediction()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    free constant text[] := '{outcome,outcome_at,version,updated_at,updated_by}';
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF to_jsonb(NEW) - free <> to_jsonb(OLD) - free OR OLD.outcome_at IS NOT NULL THEN
            PERFORM care.refuse('prediction_is_kept', 'What was predicted stays, and what came of it is told once.');
        END IF;
    ELSIF NOT EXISTS (SELECT FROM care.prediction_model m WHERE m.prediction_model_id = NEW.prediction_model_id
                         AND m.approved_at <= NEW.created_at AND (m.retired_at > NEW.created_at) IS NOT FALSE) THEN
        PERFORM care.refuse('prediction_is_by_an_approved_model', 'Choose a model that is approved and not retired.');
    END IF;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.check_prediction() FROM PUBLIC;

-- Trigger before a model is changed: it is approved and retired, and keeps its words.
CREATE OR REPLACE FUNCTION care.check_prediction_model()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    free constant text[] := '{approved_by,approved_at,retired_at,version,updated_at,updated_by}';
BEGIN
    IF to_jsonb(NEW) - free <> to_jsonb(OLD) - free
       OR OLD.approved_at IS NOT NULL AND (NEW.approved_by, NEW.approved_at) IS DISTINCT FROM (OLD.approved_by, OLD.approved_at)
       OR OLD.retired_at IS NOT NULL AND NEW.retired_at IS DISTINCT FROM OLD.retired_at THEN
        PERFORM care.refuse('prediction_model_keeps_its_words', 'A listed model is approved or retired once, and else stays: list its next version.');
    END IF;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.check_prediction_model() FROM PUBLIC;

-- Trigger: a prescription is written by a provider in care, and through the portal in the own name and now.
CREATE OR REPLACE FUNCTION care.check_prescriber()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF access.actor() IS NOT NULL AND access.acting_provider() IS DISTINCT FROM NEW.prescriber_id THEN
        PERFORM care.refuse('prescriber_acts_in_person', 'A provider prescribes in the own name only.');
    END IF;
    IF access.actor() IS NOT NULL THEN
        NEW.authored_at := now();
    END IF;
    IF NOT EXISTS (
        SELECT FROM access.care_relationship r
        WHERE r.provider_id = NEW.prescriber_id AND r.patient_id = NEW.patient_id AND r.valid_during @> NEW.authored_at
    ) THEN
        PERFORM care.refuse('prescriber_cares_for_the_patient',
            'The prescriber did not care for this patient at that time.');
    END IF;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.check_prescriber() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.check_prescriber() TO healthtrack_care, healthtrack_migrator;

-- Trigger: what has been filled keeps its dose, and what has ended stays ended.
CREATE OR REPLACE FUNCTION care.check_prescription_change()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    may_change constant text[] :=
        '{sensitivity, status, status_reason, valid_during, refills_allowed, version, updated_at, updated_by}';
BEGIN
    IF OLD.status IN ('completed', 'stopped', 'entered_in_error')
       AND NEW.status NOT IN (OLD.status, 'entered_in_error') THEN
        PERFORM care.refuse('prescription_that_ended_stays_ended', 'This prescription has ended: write a new one.');
    END IF;
    IF to_jsonb(NEW) - may_change <> to_jsonb(OLD) - may_change AND EXISTS (
        SELECT FROM care.dispense d WHERE d.prescription_id = OLD.prescription_id AND d.status = 'completed'
    ) THEN
        PERFORM care.refuse('prescription_that_was_filled_is_not_altered',
            'This prescription has been filled: stop it and write a new one.');
    END IF;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.check_prescription_change() FROM PUBLIC;

-- Trigger before a prescription is changed through the portal: by its prescriber, or put on hold or stopped by another.
CREATE OR REPLACE FUNCTION care.check_prescription_owner()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    free constant text[] := '{sensitivity,status,status_reason,version,updated_at,updated_by,created_at}';
BEGIN
    IF access.acting_provider() IS DISTINCT FROM OLD.prescriber_id
       AND (to_jsonb(NEW) - free <> to_jsonb(OLD) - free
            OR NEW.status <> OLD.status AND NEW.status NOT IN ('on_hold', 'stopped')) THEN
        PERFORM care.refuse('prescription_is_its_prescribers',
            'Only its prescriber changes a prescription; others put it on hold, stop it, or write their own.');
    END IF;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.check_prescription_owner() FROM PUBLIC;

-- Trigger before a recommendation is stored or changed: it is given by a provider or a program, keeps its words, and is answered by its patient.
CREATE OR REPLACE FUNCTION care.check_recommendation()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    free constant text[] := '{status,answer,answered_at,sensitivity,version,updated_at,updated_by}';
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.status <> 'proposed' AND access.actor() IS NOT NULL THEN
            PERFORM care.refuse('recommendation_begins_as_a_proposal', 'Advice is proposed before anybody answers it.');
        ELSIF access.actor() IS NOT NULL AND NEW.recommended_by IS NULL THEN
            PERFORM care.refuse('recommendation_is_given_by_a_provider', 'A provider who cares for the patient gives advice.');
        END IF;
        RETURN NEW;
    END IF;
    IF to_jsonb(NEW) - free <> to_jsonb(OLD) - free OR OLD.sensitivity IS NOT NULL AND NEW.sensitivity IS DISTINCT FROM OLD.sensitivity THEN
        PERFORM care.refuse('recommendation_keeps_its_words', 'Advice keeps its words: take it back, and give other advice.');
    ELSIF OLD.status IN ('completed', 'withdrawn') AND (NEW.status, NEW.answer) IS DISTINCT FROM (OLD.status, OLD.answer) THEN
        PERFORM care.refuse('recommendation_that_is_over_stays', 'This advice is done or taken back.');
    ELSIF NEW.status = 'proposed' AND OLD.status <> 'proposed' THEN
        PERFORM care.refuse('recommendation_goes_forward', 'This advice has its answer already.');
    ELSIF access.part() = 'provider' AND NEW.status <> OLD.status AND NEW.status <> 'withdrawn'
          OR access.part() = 'patient' AND NEW.status = 'withdrawn' THEN
        PERFORM care.refuse('recommendation_is_answered_by_its_patient', 'The patient answers advice, and who cares for them takes it back.');
    END IF;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.check_recommendation() FROM PUBLIC;

-- Trigger at the end of a transaction that reconciles: each current medicine is decided about.
CREATE OR REPLACE FUNCTION care.check_reconciliation()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF EXISTS (SELECT FROM care.medication_statement s
               WHERE s.patient_id = NEW.patient_id AND s.status IN ('active', 'on_hold') AND s.created_at <= NEW.created_at
                 AND NOT EXISTS (SELECT FROM care.reconciled_statement r
                                 WHERE r.medication_reconciliation_id = NEW.medication_reconciliation_id
                                   AND r.medication_statement_id = s.medication_statement_id)) THEN
        PERFORM care.refuse('medication_reconciliation_is_whole', 'Decide about each current medicine of the patient: read the list again.');
    END IF;
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION care.check_reconciliation() FROM PUBLIC;

-- Trigger before a signed report is changed through the portal: by who signed it.
CREATE OR REPLACE FUNCTION care.check_report_owner()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF access.acting_provider() IS DISTINCT FROM OLD.signed_by
       AND NOT (OLD.sensitivity IS NULL AND NEW.sensitivity IS NOT NULL AND NEW.status = OLD.status) THEN
        PERFORM care.refuse('clinical_report_is_its_signers',
            'Only who signed a report marks it as an error; others sign a correction beside it.');
    END IF;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.check_report_owner() FROM PUBLIC;

-- Trigger: answers are complete when what is required is answered, and stay as they are then.
CREATE OR REPLACE FUNCTION care.check_response()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.status <> 'in_progress' THEN
            PERFORM care.refuse('response_begins_in_progress',
                'Begin the questionnaire, answer it, and complete it then.');
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.status <> 'in_progress' OR NEW.questionnaire_id <> OLD.questionnaire_id THEN
        PERFORM care.refuse('response_that_is_complete_is_not_altered',
            'These answers are complete: answer the questionnaire anew.');
    END IF;
    IF NEW.status = 'completed' AND EXISTS (
        SELECT FROM care.questionnaire n, jsonb_array_elements(n.items) AS item
        WHERE n.questionnaire_id = NEW.questionnaire_id AND (item ->> 'required')::boolean AND NOT EXISTS (
            SELECT FROM care.answer a
            WHERE a.questionnaire_response_id = NEW.questionnaire_response_id AND a.link_id = item ->> 'link_id'
        )
    ) THEN
        PERFORM care.refuse('response_answers_what_is_required', 'Answer the required questions first.');
    END IF;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.check_response() FROM PUBLIC;

-- Trigger before a result is stored: refuses a unit that its LOINC code does not have.
CREATE OR REPLACE FUNCTION care.check_unit_of_result()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF NEW.unit IS NULL OR care.fault_of_value(NEW.loinc, NEW.unit, NULL::numeric) IS NULL THEN
        RETURN NEW;
    END IF;
    -- A correction has the unit of what it corrects.
    IF NOT EXISTS (SELECT FROM care.lab_result AS former
                   WHERE former.lab_result_id = NEW.amends_lab_result_id AND former.unit = NEW.unit) THEN
        PERFORM care.refuse('lab_result_unit_fits_its_code', 'Give this result in a unit that fits its LOINC code.');
    END IF;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.check_unit_of_result() FROM PUBLIC;

-- Trigger before a row is stored: where nobody gave it a category, the first that its arguments tell (loinc=column, :column=column with the system in a column, care.table=column for a whole that it is part of); refuses to lower one.
CREATE OR REPLACE FUNCTION care.classify()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    image constant jsonb := to_jsonb(NEW);
    told  text;
    source text;
    value text;
    category text;
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.sensitivity IS NOT NULL THEN
        IF NEW.sensitivity IS DISTINCT FROM OLD.sensitivity AND access.actor() IS NOT NULL THEN
            PERFORM care.refuse('sensitivity_is_never_lowered',
                'This row is kept apart already: ask who maintains the network to change its category.');
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.sensitivity IS NOT NULL THEN
        RETURN NEW;
    END IF;
    FOREACH told IN ARRAY coalesce(TG_ARGV, '{}') LOOP
        source := split_part(told, '=', 1);
        value := image ->> split_part(told, '=', 2);
        IF value IS NULL THEN
            CONTINUE;
        ELSIF source ~ '\.' THEN
            EXECUTE format('SELECT sensitivity FROM %s WHERE %I = $1', source::regclass, split_part(source, '.', 2) || '_id')
            INTO category USING value::uuid;
        ELSE
            category := care.sensitivity_of(CASE WHEN source ~ '^:' THEN image ->> substr(source, 2) ELSE source END, value);
        END IF;
        IF category IS NOT NULL THEN
            NEW.sensitivity := category;
            RETURN NEW;
        END IF;
    END LOOP;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.classify() FROM PUBLIC;

-- Trigger after a whole is given a category: its plain parts (arguments care.table=column) get it as well.
CREATE OR REPLACE FUNCTION care.classify_parts()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    part text;
BEGIN
    FOREACH part IN ARRAY TG_ARGV LOOP
        EXECUTE format('UPDATE %s SET sensitivity = $1 WHERE patient_id = $2 AND %I = $3 AND sensitivity IS NULL',
            split_part(part, '=', 1)::regclass, split_part(part, '=', 2))
        USING NEW.sensitivity, NEW.patient_id, (to_jsonb(NEW) ->> coalesce(nullif(split_part(part, '=', 3), ''), TG_TABLE_NAME || '_id'))::uuid;
    END LOOP;
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION care.classify_parts() FROM PUBLIC;

-- Trigger after a report of the laboratory is signed: who ordered and signs has read the results.
CREATE OR REPLACE FUNCTION care.close_result_task()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    UPDATE care.task t SET status = 'completed', outcome = 'Signed in the report.'
    FROM care.lab_order o
    WHERE t.patient_id = NEW.patient_id AND t.lab_order_id = NEW.lab_order_id AND t.kind = 'review_result'
      AND t.status IN ('requested', 'in_progress', 'on_hold')
      AND o.patient_id = NEW.patient_id AND o.lab_order_id = NEW.lab_order_id AND o.ordered_by = NEW.signed_by;
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION care.close_result_task() FROM PUBLIC;

-- By how many people the groups of a day differ from the tally of conditions. For functions that have asked who acts.
CREATE OR REPLACE FUNCTION care.condition_movement(on_day date)
 RETURNS TABLE(code_system text, code text, age_band text, sex text, people bigint)
 LANGUAGE plpgsql
 STABLE
AS $function$
DECLARE
    banded_on constant date := coalesce((SELECT min(t.banded_on) FROM care.condition_tally t), on_day);
    first_on  constant date := least(banded_on, on_day);
    last_on   constant date := greatest(banded_on, on_day);
BEGIN
    RETURN QUERY
    WITH turned AS (
        -- Born so long before that a band began or ended in between; a few days more, which months of odd lengths take.
        SELECT daterange((first_on - years)::date - 3, (last_on - years)::date + 3) AS born
        FROM unnest('{18 years,40 years,65 years,80 years}'::interval[]) AS years WHERE first_on <> last_on
    ), moved AS (
        SELECT c.patient_id FROM care.condition_change c
        UNION
        SELECT c.patient_id FROM care.person_change c
        UNION
        SELECT p.patient_id FROM turned CROSS JOIN care.born_within(turned.born) AS p (patient_id)
    ), present AS (
        SELECT m.patient_id, c.code_system, c.code FROM moved m JOIN care.condition c USING (patient_id)
        WHERE care.condition_lasts(c.clinical_status, c.verification_status)
    ), side AS (
        SELECT p.patient_id, 1 AS sign, p.deceased_at IS NULL AS lives, p.sex,
               care.age_group(care.birth_days(p), on_day) AS age_band
        FROM moved m JOIN care.patient p USING (patient_id)
        UNION ALL
        SELECT m.patient_id, -1, coalesce(was.lived, p.deceased_at IS NULL), coalesce(was.sex, p.sex),
               care.age_group(CASE WHEN was.sex IS NULL THEN care.birth_days(p) ELSE was.born_during END, banded_on)
        FROM moved m LEFT JOIN care.patient p USING (patient_id)
        LEFT JOIN LATERAL (SELECT * FROM care.person_change c WHERE c.patient_id = m.patient_id
                           ORDER BY c.person_change_id LIMIT 1) was ON true
    ), counted AS (
        SELECT n.code_system, n.code, s.age_band, s.sex, s.sign AS people
        FROM side s JOIN present n USING (patient_id) WHERE s.lives
        UNION ALL
        -- Then there was not what has been added since, and there was what has been taken away.
        SELECT c.code_system, c.code, s.age_band, s.sex, c.added
        FROM side s JOIN care.condition_change c USING (patient_id) WHERE s.sign = -1 AND s.lives
    )
    SELECT d.code_system, d.code, d.age_band, d.sex, sum(d.people)::bigint
    FROM counted d GROUP BY 1, 2, 3, 4 HAVING sum(d.people) <> 0;
END $function$;
REVOKE EXECUTE ON FUNCTION care.condition_movement(date) FROM PUBLIC;

-- Trigger at the end of a transaction: an observation has as many components as its row says.
CREATE OR REPLACE FUNCTION care.count_components()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    of constant uuid := CASE TG_OP WHEN 'DELETE' THEN OLD.observation_id ELSE NEW.observation_id END;
BEGIN
    IF EXISTS (SELECT FROM care.observation o WHERE o.observation_id = of AND o.component_count <> (
        SELECT count(*) FROM care.observation_component c WHERE c.patient_id = o.patient_id AND c.observation_id = of)) THEN
        PERFORM care.refuse('observation_has_its_components',
            'An observation has as many components as it says: write a correction to add one.');
    END IF;
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION care.count_components() FROM PUBLIC;

-- What speaks against a drug for a patient, of what the actor may see, and as kind not_judged what no list knows; without times no dose is judged.
CREATE OR REPLACE FUNCTION care.detect_issues(patient uuid, medication uuid, dose_quantity numeric, dose_unit text, times smallint, per_amount numeric, per_unit text)
 RETURNS TABLE(kind text, severity text, about text, effect text, other_prescription_id uuid, medication_statement_id uuid, allergy_id uuid)
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    WITH wanted AS MATERIALIZED (
        SELECT substance, m.strength, m.strength_unit FROM care.medication m, care.substances_of(m.ingredient) AS substance
        WHERE m.medication_id = medication
    ), taken AS MATERIALIZED (
        SELECT substance, p.prescription_id, NULL::uuid AS medication_statement_id
        FROM care.prescription p JOIN care.medication m USING (medication_id), care.substances_of(m.ingredient) AS substance
        WHERE p.patient_id = patient AND p.status IN ('active', 'on_hold') AND upper(p.valid_during) > current_date
        UNION ALL
        SELECT substance, NULL, s.medication_statement_id
        FROM care.medication_statement s JOIN care.medication m USING (medication_id), care.substances_of(m.ingredient) AS substance
        WHERE s.patient_id = patient AND s.status IN ('active', 'on_hold')
          AND (upper(s.taken_during) IS NULL OR upper(s.taken_during) > current_date)
    ), allergic AS MATERIALIZED (
        -- Families are listed in the singular.
        SELECT a.allergy_id, a.criticality, a.substance, ARRAY[word, regexp_replace(word, 's$', '')] AS words
        FROM care.allergy a, lower(btrim(a.substance)) AS word
        WHERE a.patient_id = patient AND a.category IN ('medication', 'biologic') AND a.clinical_status = 'active'
          AND a.verification_status NOT IN ('refuted', 'entered_in_error')
    ), known AS MATERIALIZED (
        SELECT i.ingredient AS word FROM care.drug_interaction i UNION SELECT i.other_ingredient FROM care.drug_interaction i
        UNION SELECT c.ingredient FROM care.drug_class c UNION SELECT c.class FROM care.drug_class c
        UNION SELECT l.ingredient FROM care.dose_limit l
    ), daily AS (
        SELECT l.ingredient, l.most_a_day, l.unit, dose_quantity * times / per_amount
            * CASE per_unit WHEN 'hour' THEN 24 WHEN 'day' THEN 1 WHEN 'week' THEN 1 / 7.0 WHEN 'month' THEN 1 / 30.0 END
            * CASE WHEN dose_unit = l.unit THEN 1
                   WHEN dose_unit IN ('{tablet}', '{capsule}') AND w.strength_unit = l.unit THEN w.strength END AS amount
        FROM wanted w JOIN care.dose_limit l ON l.ingredient = w.substance
    )
    SELECT 'interaction', i.severity, t.substance, i.effect, t.prescription_id, t.medication_statement_id, NULL::uuid
    FROM wanted w CROSS JOIN taken t
    JOIN care.drug_interaction i ON i.ingredient = least(w.substance, t.substance) AND i.other_ingredient = greatest(w.substance, t.substance)
    UNION ALL
    SELECT 'duplicate', 'moderate', t.substance, 'The patient takes this substance already.', t.prescription_id,
           t.medication_statement_id, NULL
    FROM wanted w JOIN taken t USING (substance)
    UNION ALL
    SELECT 'allergy', CASE a.criticality WHEN 'low' THEN 'moderate' ELSE 'high' END, w.substance,
           'The patient is allergic to it, or to its family.', NULL, NULL, a.allergy_id
    FROM wanted w JOIN allergic a ON w.substance = ANY (a.words)
        OR EXISTS (SELECT FROM care.drug_class c WHERE c.ingredient = w.substance AND c.class = ANY (a.words))
    UNION ALL
    SELECT 'dose', 'high', d.ingredient, 'This is more than ' || trim_scale(d.most_a_day) || ' ' || d.unit || ' a day.', NULL, NULL, NULL
    FROM daily d WHERE d.amount > d.most_a_day
    UNION ALL
    SELECT 'not_judged', NULL, w.substance, 'This substance stands in no list of interactions, families or doses.', NULL, NULL, NULL
    FROM wanted w WHERE NOT EXISTS (SELECT FROM known k WHERE k.word = w.substance)
    UNION ALL
    SELECT 'not_judged', NULL, a.substance, 'What this allergy is to stands in no list: judge it yourself.', NULL, NULL, a.allergy_id
    FROM allergic a WHERE NOT EXISTS (SELECT FROM known k WHERE k.word = ANY (a.words))
        AND NOT EXISTS (SELECT FROM wanted w WHERE w.substance = ANY (a.words))
$function$;
REVOKE EXECUTE ON FUNCTION care.detect_issues(uuid,uuid,numeric,text,smallint,numeric,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.detect_issues(uuid,uuid,numeric,text,smallint,numeric,text) TO healthtrack_care;

-- What is wrong with numbers in a unit of a LOINC code: unit where the code has another, value where nobody can have it; null where nothing is, or the code is not listed.
CREATE OR REPLACE FUNCTION care.fault_of_value(code text, told text, VARIADIC numbers numeric[])
 RETURNS text
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT CASE WHEN NOT bool_or(care.bare_unit(known.unit) = care.bare_unit(told)) THEN 'unit'
                WHEN bool_or(care.bare_unit(known.unit) = care.bare_unit(told) AND EXISTS (
                    SELECT FROM unnest(numbers) AS number WHERE number < known.lowest OR number > known.highest)) THEN 'value' END
    FROM care.loinc_unit AS known WHERE known.loinc = code
$function$;
REVOKE EXECUTE ON FUNCTION care.fault_of_value(text,text,numeric[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.fault_of_value(text,text,numeric[]) TO healthtrack_care, healthtrack_migrator;

-- Whether a record of another system is new, the same or changed, and which row it is.
CREATE OR REPLACE FUNCTION care.find_external_record(source text, external_id text, digest bytea, OUT outcome text, OUT relation text, OUT row_id uuid)
 RETURNS record
 LANGUAGE sql
 STABLE
AS $function$
    SELECT CASE WHEN known.digest IS NULL THEN 'new' WHEN known.digest = $3 THEN 'same' ELSE 'changed' END,
           known.relation, known.row_id
    FROM (SELECT) AS one LEFT JOIN (care.external_record AS known JOIN care.source_system AS system USING (source_system_id))
        ON system.name = $1 AND known.external_id = $2
$function$;
REVOKE EXECUTE ON FUNCTION care.find_external_record(text,text,bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.find_external_record(text,text,bytea) TO healthtrack_migrator;

-- Works out the adherence of those whose fills have changed, as many changes as are asked for; how many they were. Run at READ COMMITTED.
CREATE OR REPLACE FUNCTION care.fold_adherence(changes_max integer DEFAULT 10000)
 RETURNS bigint
 LANGUAGE plpgsql
AS $function$
DECLARE
    logged bigint[];
    whose  uuid[];
    years  smallint[];
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('care.adherence_year', 0));
    SELECT array_agg(c.adherence_change_id) INTO logged
    FROM (SELECT adherence_change_id FROM care.adherence_change WHERE NOT stays
          ORDER BY adherence_change_id LIMIT changes_max) AS c;
    IF logged IS NULL THEN
        RETURN 0;
    END IF;
    -- All years of a patient, where the log says all.
    SELECT array_agg(due.patient_id), array_agg(due.year) INTO whose, years
    FROM (SELECT c.patient_id, c.year FROM care.adherence_change c
          WHERE c.adherence_change_id = ANY (logged) AND c.year IS NOT NULL
          UNION
          SELECT c.patient_id, k.year FROM care.adherence_change c JOIN care.adherence_year k USING (patient_id)
          WHERE c.adherence_change_id = ANY (logged) AND c.year IS NULL
          UNION
          SELECT c.patient_id, extract(year FROM d.filled_on)::smallint
          FROM care.adherence_change c JOIN care.dispense d USING (patient_id)
          WHERE c.adherence_change_id = ANY (logged) AND c.year IS NULL) AS due;
    DELETE FROM care.adherence_change c
    USING unnest(whose, years) AS due (patient_id, year)
    WHERE c.stays AND c.patient_id = due.patient_id AND c.year = due.year;
    DELETE FROM care.adherence_change c WHERE c.adherence_change_id = ANY (logged);
    DELETE FROM care.adherence_year k
    USING unnest(whose, years) AS due (patient_id, year) WHERE k.patient_id = due.patient_id AND k.year = due.year;
    INSERT INTO care.adherence_change (patient_id, year, stays)
    SELECT s.patient_id, s.year, true
    FROM care.sensitive_fills(whose) s JOIN unnest(whose, years) AS due (patient_id, year) USING (patient_id, year);
    INSERT INTO care.adherence_year (patient_id, year, ingredient, fills, first_fill_on, ends_on, treatment_days,
                                     covered_days)
    SELECT a.patient_id, due.year, a.ingredient, a.fills, a.first_fill_on, a.ends_on, a.treatment_days, a.covered_days
    FROM unnest(whose, years) AS due (patient_id, year)
    CROSS JOIN LATERAL care.adherence_pdc(daterange(make_date(due.year, 1, 1), make_date(due.year + 1, 1, 1)),
                                          due.patient_id) a
    WHERE NOT EXISTS (SELECT FROM care.adherence_change c
                      WHERE c.stays AND c.patient_id = due.patient_id AND c.year = due.year);
    RETURN cardinality(logged);
END $function$;
REVOKE EXECUTE ON FUNCTION care.fold_adherence(integer) FROM PUBLIC;

-- Brings the tally of conditions up to date and empties its logs; how many changes there were. Run at READ COMMITTED.
CREATE OR REPLACE FUNCTION care.fold_conditions()
 RETURNS bigint
 LANGUAGE plpgsql
AS $function$
DECLARE
    folded bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('care.condition_tally', 0));
    -- One statement: it removes of the logs what the movement, in the same snapshot, has counted.
    WITH conditions AS (DELETE FROM care.condition_change RETURNING patient_id),
         persons AS (DELETE FROM care.person_change RETURNING patient_id),
         kept AS (
             INSERT INTO care.condition_tally AS known (code_system, code, age_band, sex, people, banded_on)
             SELECT m.code_system, m.code, m.age_band, m.sex, m.people, current_date
             FROM care.condition_movement(current_date) m
             ON CONFLICT ON CONSTRAINT condition_tally_pkey DO UPDATE SET people = known.people + excluded.people
         )
    SELECT (SELECT count(*) FROM conditions) + (SELECT count(*) FROM persons) INTO folded;
    PERFORM care.settle_conditions();
    RETURN folded;
END $function$;
REVOKE EXECUTE ON FUNCTION care.fold_conditions() FROM PUBLIC;

-- Removes registrations of rows that are gone; how many.
CREATE OR REPLACE FUNCTION care.forget_external_records()
 RETURNS bigint
 LANGUAGE plpgsql
AS $function$
DECLARE
    listed record;
    gone   bigint;
    total  bigint := 0;
BEGIN
    FOR listed IN SELECT DISTINCT e.relation FROM care.external_record e LOOP
        EXECUTE format('DELETE FROM care.external_record e WHERE e.relation = $1
                        AND NOT EXISTS (SELECT FROM care.%I k WHERE k.%I = e.row_id)', listed.relation, listed.relation || '_id')
            USING listed.relation;
        GET DIAGNOSTICS gone = ROW_COUNT;
        total := total + gone;
    END LOOP;
    RETURN total;
END $function$;
REVOKE EXECUTE ON FUNCTION care.forget_external_records() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.forget_external_records() TO healthtrack_migrator;

-- A number in the unit in which its code is drawn; as it is where there is no exact conversion.
CREATE OR REPLACE FUNCTION care.in_chart_unit(code text, told text, number numeric)
 RETURNS numeric
 LANGUAGE sql
 STABLE
AS $function$
    SELECT coalesce((SELECT (number + u.shift) * u.factor / u.divisor FROM care.loinc_unit u
                     WHERE u.loinc = code AND care.bare_unit(u.unit) = care.bare_unit(told) AND u.chart_unit IS NOT NULL LIMIT 1),
                    number)
$function$;
REVOKE EXECUTE ON FUNCTION care.in_chart_unit(text,text,numeric) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.in_chart_unit(text,text,numeric) TO healthtrack_care, healthtrack_migrator;

-- Trigger after each update: keeps the former row in care.record_version, and refuses to move a row to another patient.
CREATE OR REPLACE FUNCTION care.keep_former_version()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    image    constant jsonb := to_jsonb(OLD);
    category constant text := to_jsonb(NEW) ->> 'sensitivity';
    key      constant uuid := (image ->> (TG_TABLE_NAME || '_id'))::uuid;
BEGIN
    IF NEW.patient_id <> OLD.patient_id THEN
        PERFORM care.refuse('record_stays_with_its_patient',
            'This stands in one patient''s record and cannot move: mark it as an error and write it anew.');
    END IF;
    IF category IS DISTINCT FROM image ->> 'sensitivity' THEN
        UPDATE care.record_version h SET sensitivity = category
        WHERE h.relation = TG_TABLE_NAME AND h.row_id = key AND h.sensitivity IS DISTINCT FROM category;
    END IF;
    INSERT INTO care.record_version (relation, row_id, patient_id, version, held_from, superseded_at, changed_by,
                              superseded_by, image, sensitivity)
    VALUES (TG_TABLE_NAME, key, OLD.patient_id, OLD.version, OLD.updated_at,
            NEW.updated_at, OLD.updated_by, NEW.updated_by, image, category);
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION care.keep_former_version() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.keep_former_version() TO healthtrack_care, healthtrack_migrator;

-- Trigger before the reason to prescribe in spite of something is changed: refuses it.
CREATE OR REPLACE FUNCTION care.keep_override()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    PERFORM care.refuse('prescription_override_is_kept', 'Why it was prescribed in spite of something stays as it was said.');
END $function$;
REVOKE EXECUTE ON FUNCTION care.keep_override() FROM PUBLIC;

-- Adds a system by its name, or changes what is known of it; gives its key.
CREATE OR REPLACE FUNCTION care.keep_source_system(name text, kind text, organisation text, active boolean)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
#variable_conflict use_column
DECLARE
    kept uuid;
BEGIN
    IF access.actor() IS NOT NULL AND access.part() IS DISTINCT FROM 'operator' THEN
        PERFORM care.refuse('intake_is_an_operators', 'Ask an operator to take this in.');
    END IF;
    UPDATE care.source_system s SET kind = $2, organisation = $3,
        retired_at = CASE WHEN NOT $4 THEN coalesce(s.retired_at, now()) END
    WHERE s.name = $1 RETURNING s.source_system_id INTO kept;
    IF kept IS NULL THEN
        INSERT INTO care.source_system AS s (name, kind, organisation, retired_at)
        VALUES ($1, $2, $3, CASE WHEN NOT $4 THEN now() END) RETURNING s.source_system_id INTO kept;
    END IF;
    RETURN kept;
END $function$;
REVOKE EXECUTE ON FUNCTION care.keep_source_system(text,text,text,boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.keep_source_system(text,text,text,boolean) TO healthtrack_care, healthtrack_migrator;

-- Trigger before an update: what is final can be marked as an error and nothing else.
CREATE OR REPLACE FUNCTION care.keep_what_is_final()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    bookkeeping constant text[] := '{status, version, updated_at, updated_by, flag, sensitivity}';
BEGIN
    IF OLD.status IN ('final', 'amended', 'entered_in_error')
       AND (NEW.status NOT IN (OLD.status, 'entered_in_error')
            OR to_jsonb(NEW) - bookkeeping <> to_jsonb(OLD) - bookkeeping) THEN
        PERFORM care.refuse(TG_TABLE_NAME || '_that_is_final_is_not_altered',
            'This is final: write a correction that names it.');
    END IF;
    RETURN NEW;
END $function$;

-- Trigger after a condition is written: logs what has come to count of it, and what has ceased to.
CREATE OR REPLACE FUNCTION care.log_conditions()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF TG_OP <> 'INSERT' AND care.condition_lasts(OLD.clinical_status, OLD.verification_status) THEN
        INSERT INTO care.condition_change (patient_id, added, code_system, code)
        VALUES (OLD.patient_id, -1, OLD.code_system, OLD.code);
    END IF;
    IF TG_OP <> 'DELETE' AND care.condition_lasts(NEW.clinical_status, NEW.verification_status) THEN
        INSERT INTO care.condition_change (patient_id, added, code_system, code)
        VALUES (NEW.patient_id, 1, NEW.code_system, NEW.code);
    END IF;
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION care.log_conditions() FROM PUBLIC;

-- Trigger after fills are written: logs whose adherence of which years is to be worked out.
CREATE OR REPLACE FUNCTION care.log_fills()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO care.adherence_change (patient_id, year)
        SELECT DISTINCT patient_id, extract(year FROM filled_on) FROM added;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        INSERT INTO care.adherence_change (patient_id, year)
        SELECT DISTINCT patient_id, extract(year FROM filled_on) FROM removed;
    END IF;
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION care.log_fills() FROM PUBLIC;

-- Trigger after a prescription, or a death, has changed: logs that all years of the patient are to be worked out.
CREATE OR REPLACE FUNCTION care.log_treatment()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    INSERT INTO care.adherence_change (patient_id) VALUES (OLD.patient_id);
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION care.log_treatment() FROM PUBLIC;

-- Trigger before and after a prescription is written by an account: refuses what is severe and has no reason, and keeps each issue.
CREATE OR REPLACE FUNCTION care.meet_issues()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    worst text;
BEGIN
    IF access.actor() IS NULL THEN
        RETURN NEW;  -- A program that loads what was prescribed elsewhere.
    END IF;
    IF TG_WHEN = 'BEFORE' THEN
        SELECT min(i.kind) INTO worst
        FROM care.detect_issues(NEW.patient_id, NEW.medication_id, NEW.dose_quantity, NEW.dose_unit, NEW.times,
                                NEW.per_amount, NEW.per_unit) i WHERE i.severity = 'high';
        IF worst IS NOT NULL AND NEW.override_reason IS NULL THEN
            PERFORM care.refuse('prescription_meets_no_severe_issue', CASE worst
                WHEN 'allergy' THEN 'The patient is allergic to this: prescribe something else, or say why this in spite of it.'
                WHEN 'dose' THEN 'This is more than the most a day: prescribe less, or say why this in spite of it.'
                ELSE 'This harms together with what the patient takes: prescribe something else, or say why this in spite of it.' END);
        ELSIF worst IS NULL THEN
            NEW.override_reason := NULL;
        END IF;
        RETURN NEW;
    END IF;
    INSERT INTO care.detected_issue (patient_id, prescription_id, other_prescription_id, medication_statement_id, allergy_id,
                                     overridden_by, kind, severity, about, effect, override_reason)
    SELECT NEW.patient_id, NEW.prescription_id, i.other_prescription_id, i.medication_statement_id, i.allergy_id,
           CASE WHEN i.severity = 'high' THEN NEW.prescriber_id END, i.kind, i.severity, i.about, i.effect,
           CASE WHEN i.severity = 'high' THEN NEW.override_reason END
    FROM care.detect_issues(NEW.patient_id, NEW.medication_id, NEW.dose_quantity, NEW.dose_unit, NEW.times, NEW.per_amount,
                            NEW.per_unit) i
    WHERE i.kind <> 'not_judged' AND i.other_prescription_id IS DISTINCT FROM NEW.prescription_id;
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION care.meet_issues() FROM PUBLIC;

-- Opens an alert with its evidence, or extends the open one of the same rule and patient by what was measured after; gives its key.
CREATE OR REPLACE FUNCTION care.open_alert(rule uuid, patient uuid, during tstzrange, readings integer, lowest double precision, highest double precision, latest double precision)
 RETURNS uuid
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
#variable_conflict use_column
DECLARE
    line uuid := (SELECT r.lineage_id FROM care.alert_rule r WHERE r.alert_rule_id = rule);
    made uuid;
BEGIN
    -- Two programs at once: whoever comes second extends what the first one opened.
    FOR turn IN 1..2 LOOP
        UPDATE care.alert AS a SET observed_during = range_merge(a.observed_during, during), readings = a.readings + open_alert.readings,
            lowest = least(a.lowest, open_alert.lowest), highest = greatest(a.highest, open_alert.highest), latest = open_alert.latest
        WHERE a.patient_id = patient AND a.lineage_id = line AND a.status NOT IN ('resolved', 'dismissed')
          AND upper(during) > upper(a.observed_during)
        RETURNING a.alert_id INTO made;
        IF made IS NULL THEN
            SELECT a.alert_id INTO made FROM care.alert a
            WHERE a.patient_id = patient AND a.lineage_id = line AND a.status NOT IN ('resolved', 'dismissed');
        END IF;
        IF made IS NOT NULL THEN
            RETURN made;
        END IF;
        BEGIN
            INSERT INTO care.alert AS a (patient_id, lineage_id, alert_rule_id, severity, observed_during, readings, lowest, highest, latest)
            VALUES (patient, line, rule, 'low', during, open_alert.readings, open_alert.lowest, open_alert.highest, open_alert.latest)
            RETURNING a.alert_id INTO made;
            RETURN made;
        EXCEPTION WHEN exclusion_violation THEN
            NULL;
        END;
    END LOOP;
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION care.open_alert(uuid,uuid,tstzrange,integer,double precision,double precision,double precision) FROM PUBLIC;

-- Trigger after a result of an order is final: a task for who ordered, at once where a value is critical.
CREATE OR REPLACE FUNCTION care.open_result_task()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    ordered care.lab_order;
    urgency text;
    owner   uuid;
BEGIN
    SELECT * INTO ordered FROM care.lab_order o WHERE o.patient_id = NEW.patient_id AND o.lab_order_id = NEW.lab_order_id;
    owner := access.account_of(ordered.ordered_by, NULL);
    urgency := CASE WHEN NEW.flag IN ('LL', 'HH') THEN 'stat' ELSE ordered.priority END;
    INSERT INTO care.task (patient_id, owner_account_id, pool, lab_order_id, kind, title, priority, due_at)
    VALUES (NEW.patient_id, owner, CASE WHEN owner IS NULL THEN 'care_team' END, NEW.lab_order_id, 'review_result',
            CASE WHEN to_jsonb(ordered) ->> 'sensitivity' IS NULL
                 THEN left('Read the results: ' || ordered.title, 200) ELSE 'Read the results of an order' END, urgency, now() + care.time_to_act(urgency))
    ON CONFLICT DO NOTHING;
    IF NEW.flag IN ('LL', 'HH') THEN
        UPDATE care.task t SET priority = 'stat', due_at = least(t.due_at, now() + care.time_to_act('stat'))
        WHERE t.patient_id = NEW.patient_id AND t.lab_order_id = NEW.lab_order_id AND t.kind = 'review_result'
          AND t.status IN ('requested', 'in_progress', 'on_hold') AND t.priority <> 'stat';
    END IF;
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION care.open_result_task() FROM PUBLIC;

-- Works out the adherence of everybody anew, after fills were written with triggers off, or a substance got another name. Run at READ COMMITTED.
CREATE OR REPLACE FUNCTION care.recount_adherence()
 RETURNS void
 LANGUAGE plpgsql
AS $function$
DECLARE
    measured_year integer;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('care.adherence_year', 0));
    DELETE FROM care.adherence_change;
    DELETE FROM care.adherence_year;
    INSERT INTO care.adherence_change (patient_id, year, stays) SELECT patient_id, year, true FROM care.sensitive_fills();
    FOR measured_year IN SELECT generate_series(min(extract(year FROM filled_on))::integer,
                                                max(extract(year FROM filled_on))::integer) FROM care.dispense LOOP
        INSERT INTO care.adherence_year (patient_id, year, ingredient, fills, first_fill_on, ends_on, treatment_days,
                                         covered_days)
        SELECT a.patient_id, measured_year, a.ingredient, a.fills, a.first_fill_on, a.ends_on, a.treatment_days,
               a.covered_days
        FROM care.adherence_pdc(daterange(make_date(measured_year, 1, 1), make_date(measured_year + 1, 1, 1))) a
        WHERE NOT EXISTS (SELECT FROM care.adherence_change c
                          WHERE c.stays AND c.patient_id = a.patient_id AND c.year = measured_year);
    END LOOP;
END $function$;
REVOKE EXECUTE ON FUNCTION care.recount_adherence() FROM PUBLIC;

-- Counts the tally of conditions anew from the records themselves, after they were written with triggers off. Run at READ COMMITTED.
CREATE OR REPLACE FUNCTION care.recount_conditions()
 RETURNS void
 LANGUAGE plpgsql
AS $function$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('care.condition_tally', 0));
    -- One statement, as above: what is committed meanwhile stays in the logs and is not counted here.
    WITH conditions AS (DELETE FROM care.condition_change), persons AS (DELETE FROM care.person_change)
    INSERT INTO care.condition_tally AS known (code_system, code, age_band, sex, people, banded_on)
    SELECT part.code_system, part.code, part.age_band, part.sex, sum(part.people), current_date
    FROM (SELECT c.code_system, c.code, care.age_group(care.birth_days(p), current_date) AS age_band, p.sex, count(*) AS people
          FROM care.condition c JOIN care.patient p USING (patient_id)
          WHERE p.deceased_at IS NULL AND care.condition_lasts(c.clinical_status, c.verification_status)
          GROUP BY 1, 2, 3, 4
          UNION ALL
          SELECT t.code_system, t.code, t.age_band, t.sex, -t.people FROM care.condition_tally t) AS part
    GROUP BY 1, 2, 3, 4 HAVING sum(part.people) <> 0
    ON CONFLICT ON CONSTRAINT condition_tally_pkey DO UPDATE SET people = known.people + excluded.people;
    PERFORM care.settle_conditions();
END $function$;
REVOKE EXECUTE ON FUNCTION care.recount_conditions() FROM PUBLIC;

-- Trigger before a change of what is only added to: refuses it.
CREATE OR REPLACE FUNCTION care.refuse_alteration()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    PERFORM care.refuse(TG_TABLE_NAME || '_is_never_altered', 'What is written here is kept as it was written.');
END $function$;

-- Trigger after answers are begun: refuses an account's answers to a questionnaire that is not in use any more.
CREATE OR REPLACE FUNCTION care.refuse_answers_of_retired()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF access.actor() IS NOT NULL AND EXISTS (
        SELECT FROM care.questionnaire q WHERE q.questionnaire_id = NEW.questionnaire_id AND q.retired_on <= current_date) THEN
        PERFORM care.refuse('questionnaire_is_in_use', 'This questionnaire is not in use any more: choose its newest edition.');
    END IF;
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION care.refuse_answers_of_retired() FROM PUBLIC;

-- Registers a row as a record of another system, as often as it comes: new, same, or changed since it came last.
CREATE OR REPLACE FUNCTION care.register_external_record(source text, external_id text, relation text, row_id uuid, patient uuid, digest bytea)
 RETURNS text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
#variable_conflict use_column
DECLARE
    system uuid;
    known  care.external_record;
BEGIN
    IF access.actor() IS NOT NULL AND access.part() IS DISTINCT FROM 'operator' THEN
        PERFORM care.refuse('intake_is_an_operators', 'Ask an operator to take this in.');
    END IF;
    SELECT s.source_system_id INTO system FROM care.source_system s WHERE s.name = $1;
    IF system IS NULL THEN
        PERFORM care.refuse('source_system_is_known', 'Add the system first.');
    END IF;
    SELECT * INTO known FROM care.external_record e WHERE e.source_system_id = system AND e.external_id = $2 FOR UPDATE;
    IF known.external_record_id IS NULL THEN
        BEGIN
            INSERT INTO care.external_record (patient_id, source_system_id, row_id, relation, external_id, digest)
            VALUES ($5, system, $4, $3, $2, $6);
            RETURN 'new';
        EXCEPTION WHEN unique_violation THEN
            -- Somebody was faster, or the row has another name already.
            SELECT * INTO known FROM care.external_record e WHERE e.source_system_id = system AND e.external_id = $2 FOR UPDATE;
            IF known.external_record_id IS NULL THEN
                RAISE;
            END IF;
        END;
    END IF;
    IF (known.relation, known.row_id, known.patient_id) IS DISTINCT FROM ($3, $4, $5) THEN
        PERFORM care.refuse('external_record_is_one_row', 'This record is another row already: change that one.');
    END IF;
    UPDATE care.external_record e SET digest = $6, received_at = now() WHERE e.external_record_id = known.external_record_id;
    RETURN CASE WHEN known.digest = $6 THEN 'same' ELSE 'changed' END;
END $function$;
REVOKE EXECUTE ON FUNCTION care.register_external_record(text,text,text,uuid,uuid,bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.register_external_record(text,text,text,uuid,uuid,bytea) TO healthtrack_care, healthtrack_migrator;

-- Trigger after medications got another substance: adherence is worked out anew, and nobody folds until this is committed.
CREATE OR REPLACE FUNCTION care.rename_substance()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF EXISTS (SELECT FROM former JOIN renamed USING (medication_id) WHERE former.ingredient <> renamed.ingredient) THEN
        PERFORM care.recount_adherence();
    END IF;
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION care.rename_substance() FROM PUBLIC;

-- Trigger: counts answers that have just been completed by their questionnaire's own rule.
CREATE OR REPLACE FUNCTION care.score_response()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    WITH counted AS (
        SELECT n.name, n.citation, n.scoring, link.id, a.value_number AS value
        FROM care.questionnaire n
        CROSS JOIN LATERAL jsonb_array_elements_text(n.scoring -> 'items') AS link (id)
        LEFT JOIN care.answer a
            ON a.questionnaire_response_id = NEW.questionnaire_response_id AND a.link_id = link.id
        WHERE n.questionnaire_id = NEW.questionnaire_id AND n.scoring IS NOT NULL
    ), added AS (
        SELECT name, citation, scoring, CASE WHEN count(*) = count(value) THEN sum(value) END AS value,
               jsonb_object_agg(id, value) AS inputs,
               coalesce(array_agg(id ORDER BY id) FILTER (WHERE value IS NULL), '{}') AS missing,
               coalesce(array_agg(id ORDER BY id) FILTER (WHERE EXISTS (
                   SELECT FROM jsonb_array_elements(scoring -> 'look_at') AS part (look)
                   WHERE look ->> 'item' = id AND counted.value >= (look ->> 'from')::numeric
               )), '{}') AS look_at
        FROM counted GROUP BY name, citation, scoring
    )
    INSERT INTO care.score (patient_id, questionnaire_response_id, name, value, band, inputs, missing, look_at,
                            algorithm, algorithm_version, citation)
    SELECT NEW.patient_id, NEW.questionnaire_response_id, s.name, s.value,
           (SELECT band ->> 'label' FROM jsonb_array_elements(s.scoring -> 'bands') AS band
            WHERE s.value BETWEEN (band ->> 'from')::numeric AND (band ->> 'to')::numeric),
           s.inputs, s.missing, s.look_at, s.scoring ->> 'algorithm', s.scoring ->> 'version', s.citation
    FROM added s;
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION care.score_response() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.score_response() TO healthtrack_care, healthtrack_migrator;

-- Patients and years with fills that not everybody who reads the chart may read; of some patients, or of all.
CREATE OR REPLACE FUNCTION care.sensitive_fills(of_patients uuid[] DEFAULT NULL::uuid[])
 RETURNS TABLE(patient_id uuid, year smallint)
 LANGUAGE plpgsql
 STABLE
AS $function$
DECLARE
    marked constant text := (
        SELECT string_agg(format('%s.sensitivity IS NOT NULL', CASE c.relname WHEN 'dispense' THEN 'd' ELSE 'p' END), ' OR ')
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        WHERE a.attrelid IN ('care.dispense'::regclass, 'care.prescription'::regclass) AND a.attname = 'sensitivity'
          AND NOT a.attisdropped);
BEGIN
    IF marked IS NOT NULL THEN
        RETURN QUERY EXECUTE format(
            'SELECT DISTINCT d.patient_id, extract(year FROM d.filled_on)::smallint
             FROM care.dispense d JOIN care.prescription p USING (patient_id, prescription_id)
             WHERE ($1 IS NULL OR d.patient_id = ANY ($1)) AND (%s)', marked) USING of_patients;
    END IF;
END $function$;
REVOKE EXECUTE ON FUNCTION care.sensitive_fills(uuid[]) FROM PUBLIC;

-- The category that a code has by care.sensitive_code; null for one that is plain.
CREATE OR REPLACE FUNCTION care.sensitivity_of(code_system text, code text)
 RETURNS care.sensitivity
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF code_system = 'ingredient' THEN
        -- A product of several: the first that is listed.
        RETURN (SELECT s.sensitivity FROM care.sensitive_code s
                WHERE s.code_system = 'ingredient'
                  AND s.code = ANY (regexp_split_to_array(lower(sensitivity_of.code), '[^a-z]+'))
                ORDER BY s.code LIMIT 1);
    END IF;
    RETURN (SELECT s.sensitivity FROM care.sensitive_code s
            WHERE s.code_system = sensitivity_of.code_system
              AND CASE WHEN s.code_system IN ('icd10', 'atc') THEN starts_with(sensitivity_of.code, s.code)
                       ELSE s.code = sensitivity_of.code END
            ORDER BY length(s.code) DESC LIMIT 1);
END $function$;
REVOKE EXECUTE ON FUNCTION care.sensitivity_of(text,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.sensitivity_of(text,text) TO healthtrack_care, healthtrack_migrator;

-- Dates the tally of conditions, to which today's differences were added, and removes groups of nobody.
CREATE OR REPLACE FUNCTION care.settle_conditions()
 RETURNS void
 LANGUAGE sql
AS $function$
    UPDATE care.condition_tally SET banded_on = current_date WHERE banded_on <> current_date;
    DELETE FROM care.condition_tally WHERE people = 0;
$function$;
REVOKE EXECUTE ON FUNCTION care.settle_conditions() FROM PUBLIC;

-- The components of an observation, as a finding says them.
CREATE OR REPLACE FUNCTION care.told_components(patient uuid, observation uuid)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
AS $function$
    SELECT coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object('loinc', c.loinc, 'title', c.title,
               'value', care.told_value(to_jsonb(c)), 'interpretation', c.interpretation,
               'reference_low', c.reference_low, 'reference_high', c.reference_high)) ORDER BY c.loinc), '[]')
    FROM care.observation_component c WHERE c.patient_id = patient AND c.observation_id = observation
$function$;
REVOKE EXECUTE ON FUNCTION care.told_components(uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.told_components(uuid,uuid) TO healthtrack_care, healthtrack_migrator;

-- Observations of a patient by their keys, with components and the name of who made them, the latest first.
CREATE OR REPLACE FUNCTION care.told_observations(patient uuid, observations uuid[])
 RETURNS TABLE(observation_id uuid, observed_at timestamp with time zone, ended_at timestamp with time zone, issued_at timestamp with time zone, category text, loinc text, title text, value jsonb, components jsonb, interpretation text, reference_low double precision, reference_high double precision, body_site text, method text, device text, encounter_id uuid, sensitivity text, performed_by text, performer text, status text, amends uuid, amended_by uuid, note text, version integer)
 LANGUAGE sql
 STABLE
AS $function$
    SELECT o.observation_id, o.observed_at, o.ended_at, o.issued_at, o.category, o.loinc, o.title,
           nullif(care.told_value(to_jsonb(o)), '{}'), care.told_components(o.patient_id, o.observation_id), o.interpretation,
           o.reference_low::float8, o.reference_high::float8, o.body_site, o.method, o.device_id, o.encounter_id,
           o.sensitivity, o.performed_by, d.given_name || ' ' || d.family_name, o.status, o.amends_observation_id,
           (SELECT n.observation_id FROM care.observation n WHERE n.patient_id = o.patient_id
            AND n.amends_observation_id = o.observation_id AND n.status <> 'entered_in_error'), o.note, o.version
    FROM care.observation o LEFT JOIN care.provider d ON d.provider_id = o.performer_id
    WHERE o.patient_id = patient AND o.observation_id = ANY (observations)
    ORDER BY o.observed_at DESC, o.observation_id DESC
$function$;
REVOKE EXECUTE ON FUNCTION care.told_observations(uuid,uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.told_observations(uuid,uuid[]) TO healthtrack_care, healthtrack_migrator;

-- Replaces the sections of a draft of the acting provider, in the order in which they are given.
CREATE OR REPLACE FUNCTION care.write_note_sections(note uuid, loincs text[], titles text[], bodies text[])
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    whose uuid;
BEGIN
    IF cardinality(loincs) IS DISTINCT FROM cardinality(titles) OR cardinality(loincs) IS DISTINCT FROM cardinality(bodies) THEN
        PERFORM care.refuse('note_sections_are_whole', 'Give each section a code, a heading and words.');
    END IF;
    SELECT n.patient_id INTO whose FROM care.note n
    WHERE n.note_id = note AND n.status = 'draft' AND n.author_id = access.acting_provider() FOR UPDATE;
    IF whose IS NULL THEN
        PERFORM care.refuse('note_is_a_draft_of_yours', 'You have no such draft: a signed note takes addenda.');
    END IF;
    DELETE FROM care.note_section s WHERE s.note_id = note;
    INSERT INTO care.note_section (patient_id, note_id, place, loinc, title, body)
    SELECT whose, note, place, loinc, title, body
    FROM unnest(loincs, titles, bodies) WITH ORDINALITY AS section (loinc, title, body, place);
END $function$;
REVOKE EXECUTE ON FUNCTION care.write_note_sections(uuid,text[],text[],text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.write_note_sections(uuid,text[],text[],text[]) TO healthtrack_care;

-- Stores a finding and its components as an observation of this status, made by provider, patient or unknown; gives its key.
CREATE OR REPLACE FUNCTION care.write_observation(patient uuid, finding jsonb, by text, performer uuid, becomes text, amends uuid)
 RETURNS uuid
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    made uuid;
BEGIN
    PERFORM care.check_finding(finding);
    INSERT INTO care.observation AS o (patient_id, encounter_id, performer_id, amends_observation_id, observed_at, ended_at,
        category, loinc, title, value_number, unit, comparator, value_low, value_high, value_numerator, value_denominator,
        denominator_unit, value_system, value_code, value_text, value_boolean, absent_reason, component_count, interpretation,
        reference_low, reference_high, body_site, method, device_id, sensitivity, performed_by, status, note)
    SELECT patient, f.encounter, performer, amends, f.observed_at, f.ended_at, f.category, f.loinc, f.title, v.number, v.unit,
           v.comparator, v.low, v.high, v.numerator, v.denominator, v.denominator_unit, v.system, v.code, v.text, v.boolean,
           v.absent, jsonb_array_length(coalesce(finding -> 'components', '[]')), f.interpretation, f.reference_low,
           f.reference_high, f.body_site, f.method, f.device, f.sensitivity, by, becomes, f.note
    FROM jsonb_to_record(finding) AS f (encounter uuid, observed_at timestamptz, ended_at timestamptz, category text, loinc text,
             title text, interpretation text, reference_low numeric, reference_high numeric, body_site text, method text,
             device text, sensitivity text, note text),
         jsonb_to_record(coalesce(finding -> 'value', '{}')) AS v (number numeric, unit text, comparator text, low numeric,
             high numeric, numerator numeric, denominator numeric, denominator_unit text, system text, code text, text text,
             "boolean" boolean, absent text)
    RETURNING o.observation_id INTO made;
    INSERT INTO care.observation_component (patient_id, observation_id, loinc, title, value_number, unit, comparator, value_low,
        value_high, value_numerator, value_denominator, denominator_unit, value_system, value_code, value_text, value_boolean,
        absent_reason, interpretation, reference_low, reference_high)
    SELECT patient, made, c.loinc, c.title, v.number, v.unit, v.comparator, v.low, v.high, v.numerator, v.denominator,
           v.denominator_unit, v.system, v.code, v.text, v.boolean, v.absent, c.interpretation, c.reference_low, c.reference_high
    FROM jsonb_to_recordset(coalesce(finding -> 'components', '[]')) AS c (loinc text, title text, value jsonb,
             interpretation text, reference_low numeric, reference_high numeric),
         jsonb_to_record(coalesce(c.value, '{}')) AS v (number numeric, unit text, comparator text, low numeric, high numeric,
             numerator numeric, denominator numeric, denominator_unit text, system text, code text, text text,
             "boolean" boolean, absent text);
    RETURN made;
END $function$;
REVOKE EXECUTE ON FUNCTION care.write_observation(uuid,jsonb,text,uuid,text,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.write_observation(uuid,jsonb,text,uuid,text,uuid) TO healthtrack_care, healthtrack_migrator;

-- For analysts: living people with a confirmed condition that lasts, by code, age and sex.
CREATE OR REPLACE FUNCTION access.count_conditions()
 RETURNS TABLE(code_system text, code text, age_band text, sex text, patients bigint)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF NOT access.is_analyst() THEN
        RETURN;
    END IF;
    RETURN QUERY
        SELECT part.code_system, part.code, part.age_band, part.sex, care.safe_count(sum(part.people)::bigint)
        FROM (SELECT t.code_system, t.code, t.age_band, t.sex, t.people FROM care.condition_tally t
              UNION ALL
              SELECT m.code_system, m.code, m.age_band, m.sex, m.people FROM care.condition_movement(current_date) m) AS part
        GROUP BY 1, 2, 3, 4 HAVING sum(part.people) >= 11;
END $function$;
REVOKE EXECUTE ON FUNCTION access.count_conditions() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.count_conditions() TO healthtrack_analyst, healthtrack_care;

-- For analysts: discharged people by facility and year, and the share of them who came back within thirty days.
CREATE OR REPLACE FUNCTION access.count_readmissions()
 RETURNS TABLE(facility_id uuid, year integer, patients bigint, readmitted_rate numeric)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF NOT access.is_analyst() THEN
        RETURN;
    END IF;
    RETURN QUERY
        SELECT r.facility_id, extract(year FROM r.discharged_on)::integer,
               care.safe_count(count(DISTINCT r.patient_id)),
               care.safe_rate(count(DISTINCT r.patient_id) FILTER (WHERE r.readmitted), count(DISTINCT r.patient_id))
        FROM care.readmission_30_day r WHERE r.followed_up
        GROUP BY 1, 2 HAVING count(DISTINCT r.patient_id) >= 11;
END $function$;
REVOKE EXECUTE ON FUNCTION access.count_readmissions() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.count_readmissions() TO healthtrack_analyst, healthtrack_care;

-- The records of other systems that a row is; asked for a row that the actor has seen.
CREATE OR REPLACE FUNCTION access.external_records(relation text, of_row uuid)
 RETURNS TABLE(source text, kind text, organisation text, external_id text, first_received_at timestamp with time zone, received_at timestamp with time zone)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT s.name, s.kind, s.organisation, e.external_id, e.first_received_at, e.received_at
    FROM care.external_record e JOIN care.source_system s USING (source_system_id)
    WHERE e.row_id = $2 AND e.relation = $1
$function$;
REVOKE EXECUTE ON FUNCTION access.external_records(text,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.external_records(text,uuid) TO healthtrack_care;

-- For reviewers: true where the patient was seen by the provider or at the facility within 30 days of a moment.
CREATE OR REPLACE FUNCTION access.had_encounter(patient_id uuid, provider_id uuid, facility_id uuid, at timestamp with time zone)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT access.is_reviewer() AND EXISTS (
        SELECT FROM care.encounter e
        WHERE e.patient_id = had_encounter.patient_id
          AND (e.attending_provider_id = had_encounter.provider_id OR e.facility_id = had_encounter.facility_id)
          AND e.during && tstzrange(at - INTERVAL '30 days', at + INTERVAL '30 days'))
$function$;
REVOKE EXECUTE ON FUNCTION access.had_encounter(uuid,uuid,uuid,timestamp with time zone) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.had_encounter(uuid,uuid,uuid,timestamp with time zone) TO healthtrack_auditor, healthtrack_care;

-- People who were seen at a facility by age and sex, as analysts see them.
CREATE OR REPLACE FUNCTION access.quality_patients()
 RETURNS TABLE(facility_id uuid, age_band text, sex text, patients bigint)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT q.facility_id, q.age_band, q.sex, q.patients FROM care.insight_patients q
$function$;
REVOKE EXECUTE ON FUNCTION access.quality_patients() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.quality_patients() TO healthtrack_care;

-- People discharged in a year that is over, of a facility (no provider) and of each attending provider, and how many came back.
CREATE OR REPLACE FUNCTION access.quality_readmissions()
 RETURNS TABLE(facility_id uuid, provider_id uuid, year integer, patients bigint, readmitted_rate numeric)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT r.facility_id, e.attending_provider_id, extract(year FROM r.discharged_on)::integer,
           care.safe_count(count(DISTINCT r.patient_id)),
           care.safe_rate(count(DISTINCT r.patient_id) FILTER (WHERE r.readmitted), count(DISTINCT r.patient_id))
    FROM care.readmission_30_day r
    JOIN care.encounter e ON e.patient_id = r.patient_id AND e.encounter_id = r.index_encounter_id
    WHERE (SELECT access.is_analyst()) AND r.followed_up AND r.discharged_on < date_trunc('year', now(), 'UTC')::date
    GROUP BY GROUPING SETS ((r.facility_id, extract(year FROM r.discharged_on)::integer),
                            (r.facility_id, e.attending_provider_id, extract(year FROM r.discharged_on)::integer))
    HAVING count(DISTINCT r.patient_id) >= 11
       AND (grouping(e.attending_provider_id) = 1 OR (SELECT access.part()) IS DISTINCT FROM 'analyst')
$function$;
REVOKE EXECUTE ON FUNCTION access.quality_readmissions() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.quality_readmissions() TO healthtrack_care;

-- True where a patient had a visit or stay, booked one, or was prescribed something since then.
CREATE OR REPLACE FUNCTION access.was_seen_since(patient uuid, moment timestamp with time zone)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT EXISTS (SELECT FROM care.encounter e WHERE e.patient_id = patient AND e.during && tstzrange(moment, NULL))
        OR EXISTS (SELECT FROM care.appointment a WHERE a.patient_id = patient AND a.during && tstzrange(moment, NULL) AND a.status <> 'cancelled')
        OR EXISTS (SELECT FROM care.prescription r WHERE r.patient_id = patient AND r.created_at >= moment)
$function$;
REVOKE EXECUTE ON FUNCTION access.was_seen_since(uuid,timestamp with time zone) FROM PUBLIC;

-- Adds to a signed note what the acting provider has to say; gives the addendum's key.
CREATE OR REPLACE FUNCTION api.add_addendum(token text, note uuid, body text)
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
        -- The person comes from the note, so that no caller can mix two; without such a note the row is refused.
        whose constant uuid := (SELECT n.patient_id FROM care.note n WHERE n.note_id = note);
    BEGIN
        INSERT INTO care.note_addendum AS a (patient_id, note_id, author_id, body)
        VALUES (whose, note, access.acting_provider(), add_addendum.body) RETURNING a.note_addendum_id INTO answer;
        PERFORM access.note(me, 'create', whose, 'care.note_addendum/' || answer);
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
REVOKE EXECUTE ON FUNCTION api.add_addendum(text,uuid,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.add_addendum(text,uuid,text) TO healthtrack_portal;

-- Adds an allergy that the acting provider knows of; gives its key.
CREATE OR REPLACE FUNCTION api.add_allergy(token text, patient uuid, category text, substance text, criticality text, code_system text, code text, verification_status text, onset_on date)
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
    INSERT INTO care.allergy AS a (patient_id, recorded_by, category, substance, criticality, code_system, code,
                                   verification_status, onset_on)
    VALUES (patient, access.acting_provider(), add_allergy.category, add_allergy.substance, add_allergy.criticality,
            add_allergy.code_system, add_allergy.code, add_allergy.verification_status, add_allergy.onset_on)
    RETURNING a.allergy_id INTO answer;
    PERFORM access.note(me, 'create', patient, 'care.allergy/' || answer);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.add_allergy(text,uuid,text,text,text,text,text,text,date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.add_allergy(text,uuid,text,text,text,text,text,text,date) TO healthtrack_portal;

-- Adds a condition that the acting provider found, with a category to keep it apart by where its code tells none; gives its key.
CREATE OR REPLACE FUNCTION api.add_condition(token text, patient uuid, encounter uuid, code_system text, code text, title text, clinical_status text, verification_status text, severity text, onset_on date, note text, sensitivity text)
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
    INSERT INTO care.condition AS c (patient_id, encounter_id, recorded_by, code_system, code, title, clinical_status,
                                     verification_status, severity, onset_on, note, sensitivity)
    VALUES (patient, encounter, access.acting_provider(), add_condition.code_system, add_condition.code, add_condition.title,
            add_condition.clinical_status, add_condition.verification_status, add_condition.severity,
            add_condition.onset_on, add_condition.note, add_condition.sensitivity)
    RETURNING c.condition_id INTO answer;
    PERFORM access.note(me, 'create', patient, 'care.condition/' || answer);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.add_condition(text,uuid,uuid,text,text,text,text,text,text,date,text,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.add_condition(text,uuid,uuid,text,text,text,text,text,text,date,text,text) TO healthtrack_portal;

-- Adds what a relative of a patient has or had; gives the key.
CREATE OR REPLACE FUNCTION api.add_family_history(token text, patient uuid, relative text, code_system text, code text, title text, onset_age integer, relative_deceased boolean, caused_death boolean, note text, sensitivity text)
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
    INSERT INTO care.family_history AS h (patient_id, recorded_by, relative, code_system, code, title, onset_age,
                                          relative_deceased, caused_death, note, sensitivity)
    VALUES (patient, access.acting_provider(), add_family_history.relative, add_family_history.code_system,
            add_family_history.code, add_family_history.title, add_family_history.onset_age,
            add_family_history.relative_deceased, coalesce(add_family_history.caused_death, false), add_family_history.note,
            add_family_history.sensitivity)
    RETURNING h.family_history_id INTO answer;
    PERFORM access.note(me, 'create', patient, 'care.family_history/' || answer);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.add_family_history(text,uuid,text,text,text,text,integer,boolean,boolean,text,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.add_family_history(text,uuid,text,text,text,text,integer,boolean,boolean,text,text) TO healthtrack_portal;

-- Adds a medicine that can be prescribed; the key.
CREATE OR REPLACE FUNCTION api.add_medication(token text, code_system text, code text, name text, ingredient text, form text, strength double precision, strength_unit text)
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
    PERFORM access.check_administrator(me);
    INSERT INTO care.medication AS m (code_system, code, name, ingredient, form, strength, strength_unit)
    VALUES (add_medication.code_system, add_medication.code, add_medication.name, add_medication.ingredient,
            add_medication.form, add_medication.strength, add_medication.strength_unit)
    RETURNING m.medication_id INTO answer;
    PERFORM access.note(me, 'create', NULL, 'care.medication/' || answer);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.add_medication(text,text,text,text,text,text,double precision,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.add_medication(text,text,text,text,text,text,double precision,text) TO healthtrack_portal;

-- Records a procedure of the acting provider; gives its key.
CREATE OR REPLACE FUNCTION api.add_procedure(token text, patient uuid, kind text, code text, title text, status text, began_at timestamp with time zone, ended_at timestamp with time zone, facility uuid, reason text, outcome text)
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
    IF access.acting_provider() IS NULL THEN
        PERFORM care.refuse('procedure_is_recorded_by_a_provider', 'Only a provider records a procedure.');
    END IF;
    INSERT INTO care.procedure AS d (patient_id, performer_id, facility_id, kind, code, title, status, performed_during,
                                reason, outcome)
    VALUES (patient, access.acting_provider(), facility, add_procedure.kind, add_procedure.code, add_procedure.title,
            add_procedure.status, CASE WHEN began_at IS NOT NULL THEN tstzrange(began_at, ended_at) END, add_procedure.reason,
            add_procedure.outcome)
    RETURNING d.procedure_id INTO answer;
    PERFORM access.note(me, 'create', patient, 'care.procedure/' || answer);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.add_procedure(text,uuid,text,text,text,text,timestamp with time zone,timestamp with time zone,uuid,text,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.add_procedure(text,uuid,text,text,text,text,timestamp with time zone,timestamp with time zone,uuid,text,text) TO healthtrack_portal;

-- Keeps rows to come with this code apart.
CREATE OR REPLACE FUNCTION api.add_sensitive_code(token text, code_system text, code text, sensitivity text)
 RETURNS void
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
    PERFORM access.check_administrator(me);
    INSERT INTO care.sensitive_code (code_system, code, sensitivity)
    VALUES (add_sensitive_code.code_system, add_sensitive_code.code, add_sensitive_code.sensitivity);
    PERFORM access.note(me, 'create', NULL, access.kept_under('care.sensitive_code', add_sensitive_code.code_system || ' ' || add_sensitive_code.code),
                        access.word_of(add_sensitive_code.sensitivity));
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.add_sensitive_code(text,text,text,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.add_sensitive_code(text,text,text,text) TO healthtrack_portal;

-- Corrects the number of a final result by a new row, whose key it gives.
CREATE OR REPLACE FUNCTION api.amend_lab_result(token text, lab_result uuid, number double precision, remark text)
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
    answer := care.amend_lab_result(lab_result, number::numeric, remark);
    PERFORM access.note(me, 'update', (SELECT r.patient_id FROM care.lab_result r WHERE r.lab_result_id = answer),
                        'care.lab_result/' || answer);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.amend_lab_result(text,uuid,double precision,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.amend_lab_result(text,uuid,double precision,text) TO healthtrack_portal;

-- Writes what takes the place of a final observation, amended or corrected, with what the finding does not say as it was; gives the new key.
CREATE OR REPLACE FUNCTION api.amend_observation(token text, observation uuid, finding jsonb, becomes text)
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
    answer := care.amend_observation(observation, finding, becomes, CASE me.part WHEN 'patient' THEN 'patient' ELSE 'provider' END,
                                     access.acting_provider());
    PERFORM access.note(me, 'update', (SELECT o.patient_id FROM care.observation o WHERE o.observation_id = answer),
                        'care.observation/' || answer);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.amend_observation(text,uuid,jsonb,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.amend_observation(text,uuid,jsonb,text) TO healthtrack_portal;

-- Accepts, declines or completes advice as its patient, or takes it back as who cares for them, where it still has the version that was read; no row where there is no such advice for whoever acts.
CREATE OR REPLACE FUNCTION api.answer_recommendation(token text, recommendation uuid, known_version integer, status text, answer text)
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
        UPDATE care.recommendation AS r SET status = answer_recommendation.status,
            answer = coalesce(answer_recommendation.answer, r.answer),
            answered_at = CASE WHEN me.part = 'patient' THEN now() ELSE r.answered_at END
        WHERE r.recommendation_id = recommendation AND r.version = known_version
        RETURNING r.version, r.patient_id INTO version, whose;
        saved := FOUND;
        IF saved THEN
            PERFORM access.note(me, 'update', whose, 'care.recommendation/' || recommendation);
            RETURN NEXT;
        ELSE
            RETURN QUERY SELECT false, r.version FROM care.recommendation r WHERE r.recommendation_id = recommendation;
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
REVOKE EXECUTE ON FUNCTION api.answer_recommendation(text,uuid,integer,text,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.answer_recommendation(text,uuid,integer,text,text) TO healthtrack_portal;

-- Means of what devices measured by month, age and sex, blurred as everywhere; cells of 11 or more.
CREATE OR REPLACE FUNCTION api.average_samples(token text, look uuid, patient uuid, metric text, first_month date, stop_month date)
 RETURNS TABLE(month date, age_band text, sex text, patients bigint, mean double precision, deviation double precision, unit text)
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
    PERFORM access.check_look(me, look, patient, 'quality_samples');
    PERFORM access.check_quality(me);
    RETURN QUERY SELECT q.month, q.age_band, q.sex, q.patients, q.mean::float8, q.deviation::float8, q.unit
    FROM care.insight_samples q
    WHERE q.metric = average_samples.metric AND q.month >= first_month AND q.month < stop_month
    ORDER BY q.month DESC, q.age_band, q.sex LIMIT 2000;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.average_samples(text,uuid,uuid,text,date,date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.average_samples(text,uuid,uuid,text,date,date) TO healthtrack_portal;

-- Answers an alert as the acting provider where it still has the version that was read: the version that stands, and whether it is the own one; no row where there is no such alert for whoever acts.
CREATE OR REPLACE FUNCTION api.change_alert(token text, alert uuid, known_version integer, status text, reason text, pass_on_to uuid)
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
        UPDATE care.alert AS a SET status = change_alert.status, reason = coalesce(change_alert.reason, a.reason),
            acknowledged_by = CASE change_alert.status WHEN 'acknowledged' THEN access.acting_provider() ELSE a.acknowledged_by END,
            acknowledged_at = CASE change_alert.status WHEN 'acknowledged' THEN now() ELSE a.acknowledged_at END,
            escalated_to = CASE change_alert.status WHEN 'escalated' THEN pass_on_to ELSE a.escalated_to END,
            escalated_at = CASE change_alert.status WHEN 'escalated' THEN now() ELSE a.escalated_at END,
            closed_by = CASE WHEN change_alert.status IN ('resolved', 'dismissed') THEN access.acting_provider() END,
            closed_at = CASE WHEN change_alert.status IN ('resolved', 'dismissed') THEN now() END
        WHERE a.alert_id = alert AND a.version = known_version RETURNING a.version, a.patient_id INTO version, whose;
        saved := FOUND;
        IF saved THEN
            PERFORM access.note(me, 'update', whose, 'care.alert/' || alert);
            RETURN NEXT;
        ELSE
            RETURN QUERY SELECT false, a.version FROM care.alert a WHERE a.alert_id = alert;
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
REVOKE EXECUTE ON FUNCTION api.change_alert(text,uuid,integer,text,text,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.change_alert(text,uuid,integer,text,text,uuid) TO healthtrack_portal;

-- Changes an allergy where it still has the version that the editor read: the version that stands, and whether it is the editor's; no row where there is no such allergy for whoever acts.
CREATE OR REPLACE FUNCTION api.change_allergy(token text, allergy uuid, known_version integer, criticality text, clinical_status text, verification_status text)
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
        UPDATE care.allergy AS a SET criticality = change_allergy.criticality,
            clinical_status = change_allergy.clinical_status, verification_status = change_allergy.verification_status
        WHERE a.allergy_id = allergy AND a.version = known_version
        RETURNING a.version, a.patient_id INTO version, whose;
        saved := FOUND;
        IF saved THEN
            PERFORM access.note(me, 'update', whose, 'care.allergy/' || allergy);
            RETURN NEXT;
        ELSE
            RETURN QUERY SELECT false, a.version FROM care.allergy a WHERE a.allergy_id = allergy;
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
REVOKE EXECUTE ON FUNCTION api.change_allergy(text,uuid,integer,text,text,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.change_allergy(text,uuid,integer,text,text,text) TO healthtrack_portal;

-- Changes a condition where it still has the version that the editor read: the version that stands, and whether it is the editor's; no row where there is no such condition for whoever acts.
CREATE OR REPLACE FUNCTION api.change_condition(token text, condition uuid, known_version integer, clinical_status text, verification_status text, abated_on date)
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
        UPDATE care.condition AS c SET clinical_status = change_condition.clinical_status,
            verification_status = change_condition.verification_status, abated_on = change_condition.abated_on
        WHERE c.condition_id = condition AND c.version = known_version
        RETURNING c.version, c.patient_id INTO version, whose;
        saved := FOUND;
        IF saved THEN
            PERFORM access.note(me, 'update', whose, 'care.condition/' || condition);
            RETURN NEXT;
        ELSE
            RETURN QUERY SELECT false, c.version FROM care.condition c WHERE c.condition_id = condition;
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
REVOKE EXECUTE ON FUNCTION api.change_condition(text,uuid,integer,text,text,date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.change_condition(text,uuid,integer,text,text,date) TO healthtrack_portal;

-- Changes what a relative has or had where it still has the version that the editor read: the version that stands, and whether it is the editor's; no row where there is no such entry for whoever acts.
CREATE OR REPLACE FUNCTION api.change_family_history(token text, family_history uuid, known_version integer, onset_age integer, relative_deceased boolean, caused_death boolean, status text, note text)
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
        UPDATE care.family_history AS h SET onset_age = change_family_history.onset_age,
            relative_deceased = change_family_history.relative_deceased,
            caused_death = coalesce(change_family_history.caused_death, false), status = change_family_history.status,
            note = change_family_history.note
        WHERE h.family_history_id = family_history AND h.version = known_version
        RETURNING h.version, h.patient_id INTO version, whose;
        saved := FOUND;
        IF saved THEN
            PERFORM access.note(me, 'update', whose, 'care.family_history/' || family_history);
            RETURN NEXT;
        ELSE
            RETURN QUERY SELECT false, h.version FROM care.family_history h WHERE h.family_history_id = family_history;
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
REVOKE EXECUTE ON FUNCTION api.change_family_history(text,uuid,integer,integer,boolean,boolean,text,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.change_family_history(text,uuid,integer,integer,boolean,boolean,text,text) TO healthtrack_portal;

-- Rewrites a draft of the acting provider where it still has the version that the editor read: the version that stands, and whether it is the editor's; no row where there is no such note for whoever acts.
CREATE OR REPLACE FUNCTION api.change_note(token text, note uuid, known_version integer, title text, cosigner uuid, section_loincs text[], section_titles text[], section_bodies text[])
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
        UPDATE care.note AS n SET title = change_note.title, cosigner_id = cosigner
        WHERE n.note_id = note AND n.version = known_version RETURNING n.version, n.patient_id INTO version, whose;
        saved := FOUND;
        IF saved THEN
            PERFORM care.write_note_sections(note, section_loincs, section_titles, section_bodies);
            PERFORM access.note(me, 'update', whose, 'care.note/' || note);
            RETURN NEXT;
        ELSE
            RETURN QUERY SELECT false, n.version FROM care.note n WHERE n.note_id = note;
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
REVOKE EXECUTE ON FUNCTION api.change_note(text,uuid,integer,text,uuid,text[],text[],text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.change_note(text,uuid,integer,text,uuid,text[],text[],text[]) TO healthtrack_portal;

-- Says how far a procedure is, when it was done and how it went, where it still has the version that the editor read: the version that stands, and whether it is the editor's; no row where there is no such procedure for whoever acts.
CREATE OR REPLACE FUNCTION api.change_procedure(token text, procedure uuid, known_version integer, status text, began_at timestamp with time zone, ended_at timestamp with time zone, reason text, outcome text)
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
        UPDATE care.procedure AS d SET status = change_procedure.status,
            performed_during = CASE WHEN began_at IS NOT NULL THEN tstzrange(began_at, ended_at) END,
            reason = change_procedure.reason, outcome = change_procedure.outcome
        WHERE d.procedure_id = procedure AND d.version = known_version
        RETURNING d.version, d.patient_id INTO version, whose;
        saved := FOUND;
        IF saved THEN
            PERFORM access.note(me, 'update', whose, 'care.procedure/' || procedure);
            RETURN NEXT;
        ELSE
            RETURN QUERY SELECT false, d.version FROM care.procedure d WHERE d.procedure_id = procedure;
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
REVOKE EXECUTE ON FUNCTION api.change_procedure(text,uuid,integer,text,timestamp with time zone,timestamp with time zone,text,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.change_procedure(text,uuid,integer,text,timestamp with time zone,timestamp with time zone,text,text) TO healthtrack_portal;

-- Completes an order of the laboratory, whose specimen was taken at a time, and the request that asked for it.
CREATE OR REPLACE FUNCTION api.complete_lab_order(token text, lab_order uuid, collected_at timestamp with time zone)
 RETURNS void
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
        UPDATE care.lab_order AS o SET status = 'completed', collected_at = coalesce(o.collected_at, complete_lab_order.collected_at)
        WHERE o.lab_order_id = lab_order AND o.status <> 'cancelled'
        RETURNING o.patient_id INTO whose;
        IF whose IS NULL THEN
            PERFORM care.refuse('lab_order_is_open', 'There is no such order of a patient in your care, or it was cancelled.');
        END IF;
        UPDATE care.service_request AS r SET status = 'completed'
        FROM care.service_request_fulfilment f
        WHERE f.patient_id = whose AND f.lab_order_id = lab_order AND r.patient_id = whose
          AND r.service_request_id = f.service_request_id AND r.status = 'active';
        PERFORM access.note(me, 'update', whose, 'care.lab_order/' || lab_order);
    END;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.complete_lab_order(text,uuid,timestamp with time zone) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.complete_lab_order(text,uuid,timestamp with time zone) TO healthtrack_portal;

-- Signs a note as the other whom it names, where it still has the version that was read: the version that stands, and whether it is signed by this; no row where there is no such note for whoever acts.
CREATE OR REPLACE FUNCTION api.cosign_note(token text, note uuid, known_version integer)
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
        UPDATE care.note AS n SET status = 'cosigned', cosigned_at = now()
        WHERE n.note_id = note AND n.version = known_version RETURNING n.version, n.patient_id INTO version, whose;
        saved := FOUND;
        IF saved THEN
            PERFORM access.note(me, 'sign', whose, 'care.note/' || note);
            RETURN NEXT;
        ELSE
            RETURN QUERY SELECT false, n.version FROM care.note n WHERE n.note_id = note;
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
REVOKE EXECUTE ON FUNCTION api.cosign_note(text,uuid,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.cosign_note(text,uuid,integer) TO healthtrack_portal;

-- People by condition, age and sex; cells of 11 or more.
CREATE OR REPLACE FUNCTION api.count_conditions(token text, look uuid, patient uuid)
 RETURNS TABLE(code_system text, code text, age_band text, sex text, patients bigint)
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
    PERFORM access.check_look(me, look, patient, 'quality_conditions');
    PERFORM access.check_quality(me);
    RETURN QUERY SELECT q.code_system, q.code, q.age_band, q.sex, q.patients FROM care.insight_conditions q
    ORDER BY q.patients DESC, q.code, q.age_band, q.sex LIMIT 2000;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.count_conditions(text,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.count_conditions(text,uuid,uuid) TO healthtrack_portal;

-- Stores a fill of a prescription; gives its key.
CREATE OR REPLACE FUNCTION api.dispense(token text, patient uuid, prescription uuid, facility uuid, filled_on date, days_supply smallint, quantity double precision)
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
    INSERT INTO care.dispense (patient_id, prescription_id, facility_id, filled_on, days_supply, quantity)
    VALUES (patient, prescription, facility, dispense.filled_on, dispense.days_supply, dispense.quantity)
    RETURNING dispense_id INTO answer;
    PERFORM access.note(me, 'create', patient, 'care.dispense/' || answer);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.dispense(text,uuid,uuid,uuid,date,smallint,double precision) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.dispense(text,uuid,uuid,uuid,date,smallint,double precision) TO healthtrack_portal;

-- Drafts a note of the acting provider, whom alone it concerns until it is signed; gives its key.
CREATE OR REPLACE FUNCTION api.draft_note(token text, patient uuid, encounter uuid, loinc text, title text, cosigner uuid, section_loincs text[], section_titles text[], section_bodies text[], sensitivity text)
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
    INSERT INTO care.note AS n (patient_id, encounter_id, author_id, cosigner_id, loinc, title, sensitivity)
    VALUES (patient, encounter, access.acting_provider(), cosigner, draft_note.loinc, draft_note.title, draft_note.sensitivity)
    RETURNING n.note_id INTO answer;
    PERFORM care.write_note_sections(answer, section_loincs, section_titles, section_bodies);
    PERFORM access.note(me, 'create', patient, 'care.note/' || answer);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.draft_note(text,uuid,uuid,text,text,uuid,text[],text[],text[],text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.draft_note(text,uuid,uuid,text,text,uuid,text[],text[],text[],text) TO healthtrack_portal;

-- Ends a rule for one patient; alerts that it opened stay.
CREATE OR REPLACE FUNCTION api.end_alert_rule(token text, alert_rule uuid)
 RETURNS void
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
        UPDATE care.alert_rule AS r SET ended_at = now()
        WHERE r.alert_rule_id = alert_rule AND r.patient_id IS NOT NULL AND r.ended_at IS NULL RETURNING r.patient_id INTO whose;
        IF whose IS NULL THEN
            PERFORM access.refuse('alert_rule_is_within_reach', 'There is no such rule of a patient in your care that still holds.');
        END IF;
        PERFORM access.note(me, 'update', whose, 'care.alert_rule/' || alert_rule);
    END;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.end_alert_rule(text,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.end_alert_rule(text,uuid) TO healthtrack_portal;

-- Lets a code be measured in a unit, or says anew what nobody can have.
CREATE OR REPLACE FUNCTION api.keep_loinc_unit(token text, loinc text, unit text, lowest double precision, highest double precision)
 RETURNS void
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
    PERFORM access.check_administrator(me);
    INSERT INTO care.loinc_unit (loinc, unit, lowest, highest)
    VALUES (keep_loinc_unit.loinc, keep_loinc_unit.unit, keep_loinc_unit.lowest, keep_loinc_unit.highest)
    ON CONFLICT ON CONSTRAINT loinc_unit_pkey DO UPDATE SET lowest = EXCLUDED.lowest, highest = EXCLUDED.highest;
    PERFORM access.note(me, 'update', NULL, access.kept_under('care.loinc_unit', keep_loinc_unit.loinc || ' ' || keep_loinc_unit.unit));
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.keep_loinc_unit(text,text,text,double precision,double precision) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.keep_loinc_unit(text,text,text,double precision,double precision) TO healthtrack_portal;

-- Keeps a note of the acting provider apart from the rest of the chart, as of a sensitive category, where it still has the version that was read; a signed note is not put back. No row where there is no such note for whoever acts.
CREATE OR REPLACE FUNCTION api.keep_note_apart(token text, note uuid, known_version integer, sensitivity text)
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
        UPDATE care.note AS n SET sensitivity = keep_note_apart.sensitivity
        WHERE n.note_id = note AND n.version = known_version AND access.acting_provider() IN (n.author_id, n.cosigner_id)
        RETURNING n.version, n.patient_id INTO version, whose;
        saved := FOUND;
        IF saved THEN
            PERFORM access.note(me, 'update', whose, 'care.note/' || note);
            RETURN NEXT;
        ELSE
            RETURN QUERY SELECT false, n.version FROM care.note n WHERE n.note_id = note;
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
REVOKE EXECUTE ON FUNCTION api.keep_note_apart(text,uuid,integer,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.keep_note_apart(text,uuid,integer,text) TO healthtrack_portal;

-- Adds a system whose records are taken in, by its name, or changes what is known of it, for an operator; gives its key.
CREATE OR REPLACE FUNCTION api.keep_source_system(token text, name text, kind text, organisation text, active boolean)
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
    answer := care.keep_source_system(name, kind, organisation, active);
    PERFORM access.note(me, 'update', NULL, 'care.source_system/' || answer);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.keep_source_system(text,text,text,text,boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.keep_source_system(text,text,text,text,boolean) TO healthtrack_portal;

-- Medicines that can be prescribed, whose name or substance begins so, by name, after one of a page before, 500 at most.
CREATE OR REPLACE FUNCTION api.list_medications(token text, begins text, after_name text, after uuid, rows_max integer)
 RETURNS TABLE(medication_id uuid, name text, ingredient text, form text, strength double precision, strength_unit text)
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
    RETURN QUERY SELECT m.medication_id, m.name, m.ingredient, m.form, m.strength::double precision, m.strength_unit::text
    FROM care.medication m
    WHERE (begins IS NULL OR starts_with(lower(m.name), lower(begins)) OR starts_with(m.ingredient, lower(begins)))
      AND (after IS NULL OR (m.name, m.medication_id) > (after_name, after))
    ORDER BY m.name, m.medication_id LIMIT least(rows_max, 500);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.list_medications(text,text,text,uuid,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.list_medications(text,text,text,uuid,integer) TO healthtrack_portal;

-- Models that predict, with what they are meant for and how well they did, 200 at most.
CREATE OR REPLACE FUNCTION api.list_prediction_models(token text)
 RETURNS TABLE(prediction_model_id uuid, name text, model_version text, intended_use text, inputs text[], predicts text, unit text, population text, performance jsonb, approved_at timestamp with time zone, retired_at timestamp with time zone)
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
    RETURN QUERY SELECT m.prediction_model_id, m.name, m.model_version, m.intended_use, m.inputs, m.predicts, m.unit,
        m.population, m.performance, m.approved_at, m.retired_at
    FROM care.prediction_model m ORDER BY m.name, m.created_at DESC LIMIT 200;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.list_prediction_models(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.list_prediction_models(text) TO healthtrack_portal;

-- Marks a note as an error, with the reason, where it still has the version that was read; a draft is given up so. No row where there is no such note for whoever acts.
CREATE OR REPLACE FUNCTION api.mark_note_as_error(token text, note uuid, known_version integer, reason text)
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
        UPDATE care.note AS n SET status = 'entered_in_error', error_at = now(), error_by = access.acting_provider(),
            error_reason = reason
        WHERE n.note_id = note AND n.version = known_version RETURNING n.version, n.patient_id INTO version, whose;
        saved := FOUND;
        IF saved THEN
            PERFORM access.note(me, 'update', whose, 'care.note/' || note);
            RETURN NEXT;
        ELSE
            RETURN QUERY SELECT false, n.version FROM care.note n WHERE n.note_id = note;
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
REVOKE EXECUTE ON FUNCTION api.mark_note_as_error(text,uuid,integer,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.mark_note_as_error(text,uuid,integer,text) TO healthtrack_portal;

-- Notes what the acting provider observed, or what the acting patient measured; gives its key.
CREATE OR REPLACE FUNCTION api.note_observation(token text, patient uuid, finding jsonb)
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
    answer := care.write_observation(patient, finding, CASE me.part WHEN 'patient' THEN 'patient' ELSE 'provider' END,
                                     access.acting_provider(), 'final', NULL);
    PERFORM access.note(me, 'create', patient, 'care.observation/' || answer);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.note_observation(text,uuid,jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.note_observation(text,uuid,jsonb) TO healthtrack_portal;

-- Writes a prescription that is valid at once; gives its key. Without times it is taken as needed. What is severe against it is refused without a reason.
CREATE OR REPLACE FUNCTION api.prescribe(token text, patient uuid, medication uuid, prescriber uuid, encounter uuid, dose_quantity double precision, dose_unit text, route text, times smallint, per_amount double precision, per_unit text, instructions text, quantity double precision, days_supply smallint, refills_allowed smallint, valid_from date, valid_until date, override_reason text DEFAULT NULL::text)
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
    INSERT INTO care.prescription (patient_id, medication_id, prescriber_id, encounter_id, dose_quantity, dose_unit,
        route, times, per_amount, per_unit, as_needed, instructions, quantity, days_supply, refills_allowed, valid_during,
        override_reason)
    VALUES (patient, medication, prescriber, encounter, prescribe.dose_quantity, prescribe.dose_unit, prescribe.route,
        prescribe.times, prescribe.per_amount, prescribe.per_unit, prescribe.times IS NULL, prescribe.instructions,
        prescribe.quantity, prescribe.days_supply, prescribe.refills_allowed, daterange(valid_from, valid_until),
        prescribe.override_reason)
    RETURNING prescription_id INTO answer;
    PERFORM access.note(me, 'create', patient, 'care.prescription/' || answer);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.prescribe(text,uuid,uuid,uuid,uuid,double precision,text,text,smallint,double precision,text,text,double precision,smallint,smallint,date,date,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.prescribe(text,uuid,uuid,uuid,uuid,double precision,text,text,smallint,double precision,text,text,double precision,smallint,smallint,date,date,text) TO healthtrack_portal;

-- Writes a prescription of the acting provider under a key of the form that sends it, so that the same form sent again is refused as known; valid at once.
CREATE OR REPLACE FUNCTION api.prescribe_once(token text, prescription uuid, patient uuid, medication uuid, encounter uuid, dose_quantity double precision, dose_unit text, route text, times smallint, per_amount double precision, per_unit text, instructions text, quantity double precision, days_supply smallint, refills_allowed smallint, valid_from date, valid_until date, override_reason text)
 RETURNS void
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
    INSERT INTO care.prescription (prescription_id, patient_id, medication_id, prescriber_id, encounter_id, dose_quantity, dose_unit,
        route, times, per_amount, per_unit, as_needed, instructions, quantity, days_supply, refills_allowed, valid_during,
        override_reason)
    VALUES (prescription, patient, medication, access.acting_provider(), encounter, prescribe_once.dose_quantity,
        prescribe_once.dose_unit, prescribe_once.route, prescribe_once.times, prescribe_once.per_amount, prescribe_once.per_unit,
        prescribe_once.times IS NULL, prescribe_once.instructions, prescribe_once.quantity, prescribe_once.days_supply,
        prescribe_once.refills_allowed, daterange(valid_from, valid_until), prescribe_once.override_reason);
    PERFORM access.note(me, 'create', patient, 'care.prescription/' || prescription);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.prescribe_once(text,uuid,uuid,uuid,uuid,double precision,text,text,smallint,double precision,text,text,double precision,smallint,smallint,date,date,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.prescribe_once(text,uuid,uuid,uuid,uuid,double precision,text,text,smallint,double precision,text,text,double precision,smallint,smallint,date,date,text) TO healthtrack_portal;

-- Alerts of a patient that were opened before a moment, the latest first, 200 at most, each with its evidence.
CREATE OR REPLACE FUNCTION api.read_alerts(token text, look uuid, patient uuid, before timestamp with time zone)
 RETURNS TABLE(alert_id uuid, version integer, alert_rule_id uuid, title text, severity text, status text, opened_at timestamp with time zone, observed_from timestamp with time zone, observed_to timestamp with time zone, readings integer, lowest double precision, highest double precision, latest double precision, unit text, acknowledged_by uuid, escalated_to uuid, closed_at timestamp with time zone, reason text)
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
    PERFORM access.check_look(me, look, patient, 'alerts');
    RETURN QUERY SELECT a.alert_id, a.version, a.alert_rule_id, r.title, a.severity, a.status, a.created_at,
        lower(a.observed_during), upper(a.observed_during), a.readings, a.lowest, a.highest, a.latest, r.unit, a.acknowledged_by,
        a.escalated_to, a.closed_at, a.reason
    FROM care.alert a LEFT JOIN care.alert_rule r USING (alert_rule_id) WHERE a.patient_id = patient AND a.created_at < before
    ORDER BY a.created_at DESC, a.alert_id LIMIT 200;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_alerts(text,uuid,uuid,timestamp with time zone) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_alerts(text,uuid,uuid,timestamp with time zone) TO healthtrack_portal;

-- Alerts of patients in the actor's care that are not closed, with who it is, the worst first, 200 at most.
CREATE OR REPLACE FUNCTION api.read_alerts_to_answer(token text, look uuid, patient uuid)
 RETURNS TABLE(alert_id uuid, version integer, patient_id uuid, family text, given text[], title text, severity text, status text, opened_at timestamp with time zone, latest double precision, unit text)
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
    PERFORM access.check_look(me, look, patient, 'open_alerts');
    RETURN QUERY SELECT a.alert_id, a.version, a.patient_id, n.family, n.given, r.title, a.severity, a.status, a.created_at,
        a.latest, r.unit
    FROM care.alert a LEFT JOIN care.alert_rule r USING (alert_rule_id)
    LEFT JOIN care.patient_name n ON n.patient_id = a.patient_id AND n.use = 'official' AND n.preferred AND n.valid_during @> current_date
    WHERE patient IS NULL AND a.status NOT IN ('resolved', 'dismissed') AND a.patient_id = ANY ((SELECT access.patients_in_care())::uuid[])
    ORDER BY array_position('{critical,high,moderate,low}', a.severity), a.created_at, a.alert_id LIMIT 200;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_alerts_to_answer(text,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_alerts_to_answer(text,uuid,uuid) TO healthtrack_portal;

-- Allergies of a patient, also those that are over or were an error, what stands first, 500 at most.
CREATE OR REPLACE FUNCTION api.read_allergies(token text, look uuid, patient uuid)
 RETURNS TABLE(allergy_id uuid, version integer, category text, substance text, criticality text, clinical_status text, verification_status text, onset_on date)
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
    PERFORM access.check_look(me, look, patient, 'record');
    RETURN QUERY SELECT a.allergy_id, a.version, a.category, a.substance, a.criticality, a.clinical_status, a.verification_status, a.onset_on
    FROM care.allergy a WHERE a.patient_id = patient
    ORDER BY (a.clinical_status = 'active' AND a.verification_status NOT IN ('refuted', 'entered_in_error')) DESC,
             a.criticality = 'high' DESC, a.substance, a.allergy_id LIMIT 500;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_allergies(text,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_allergies(text,uuid,uuid) TO healthtrack_portal;

-- Questions of a questionnaire in their order, with what a patient has answered on one occasion; null where nothing, 500 at most.
CREATE OR REPLACE FUNCTION api.read_answers(token text, look uuid, patient uuid, questionnaire_response uuid)
 RETURNS TABLE(link_id text, question text, answer text)
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
    PERFORM access.check_look(me, look, patient, 'questionnaires');
    RETURN QUERY
    SELECT i.item ->> 'link_id', i.item ->> 'text',
           coalesce((SELECT o.option ->> 'label' FROM jsonb_array_elements(i.item -> 'options') AS o (option)
                     WHERE (o.option ->> 'value')::numeric = a.value_number LIMIT 1),
                    trim_scale(a.value_number)::text, a.value_text, a.value_on::text, CASE a.value_boolean WHEN true THEN 'yes' WHEN false THEN 'no' END)
    FROM care.questionnaire_response r JOIN care.questionnaire q USING (questionnaire_id)
    CROSS JOIN LATERAL jsonb_array_elements(q.items) WITH ORDINALITY AS i (item, place)
    LEFT JOIN care.answer a ON a.patient_id = patient AND a.questionnaire_response_id = r.questionnaire_response_id
        AND a.link_id = i.item ->> 'link_id'
    WHERE r.patient_id = patient AND r.questionnaire_response_id = questionnaire_response
    ORDER BY i.place LIMIT 500;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_answers(text,uuid,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_answers(text,uuid,uuid,uuid) TO healthtrack_portal;

-- Conditions of a patient, also those that are over or were an error, what stands first, 500 at most.
CREATE OR REPLACE FUNCTION api.read_conditions(token text, look uuid, patient uuid)
 RETURNS TABLE(condition_id uuid, version integer, code_system text, code text, title text, clinical_status text, verification_status text, severity text, onset_on date, abated_on date, note text, sensitivity text)
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
    PERFORM access.check_look(me, look, patient, 'record');
    RETURN QUERY SELECT c.condition_id, c.version, c.code_system, c.code, c.title, c.clinical_status, c.verification_status,
        c.severity, c.onset_on, c.abated_on, c.note, c.sensitivity::text
    FROM care.condition c WHERE c.patient_id = patient
    ORDER BY (c.clinical_status IN ('active', 'recurrence', 'relapse') AND c.verification_status NOT IN ('refuted', 'entered_in_error')) DESC,
             c.onset_on DESC NULLS LAST, c.condition_id LIMIT 500;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_conditions(text,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_conditions(text,uuid,uuid) TO healthtrack_portal;

-- Which of some results of a patient were corrected, so that another stands in their place, 500 at most.
CREATE OR REPLACE FUNCTION api.read_corrected_results(token text, look uuid, patient uuid, results uuid[])
 RETURNS TABLE(lab_result_id uuid)
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
    PERFORM access.check_look(me, look, patient, 'results');
    RETURN QUERY SELECT r.lab_result_id FROM care.lab_result r
    WHERE r.patient_id = patient AND r.lab_result_id = ANY (results)
      AND EXISTS (SELECT FROM care.lab_result newer
                  WHERE newer.patient_id = patient AND newer.amends_lab_result_id = r.lab_result_id AND newer.status <> 'entered_in_error')
    ORDER BY r.lab_result_id LIMIT 500;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_corrected_results(text,uuid,uuid,uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_corrected_results(text,uuid,uuid,uuid[]) TO healthtrack_portal;

-- What relatives of a patient have or had, by relative, 500 at most.
CREATE OR REPLACE FUNCTION api.read_family_history(token text, look uuid, patient uuid)
 RETURNS TABLE(family_history uuid, version integer, relative text, code_system text, code text, title text, onset_age integer, relative_deceased boolean, caused_death boolean, status text, note text)
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
    PERFORM access.check_look(me, look, patient, 'family_history');
    RETURN QUERY SELECT h.family_history_id, h.version, h.relative, h.code_system, h.code, h.title, h.onset_age::integer, h.relative_deceased, h.caused_death, h.status, h.note
    FROM care.family_history h WHERE h.patient_id = patient ORDER BY h.relative, h.title, h.family_history_id LIMIT 500;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_family_history(text,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_family_history(text,uuid,uuid) TO healthtrack_portal;

-- Former versions of the rows of a record, the latest first, those before the last line of the page before, 500 at most.
CREATE OR REPLACE FUNCTION api.read_history(token text, look uuid, patient uuid, before timestamp with time zone, before_relation text, before_row uuid, before_version integer, rows_max integer)
 RETURNS TABLE(relation text, row_id uuid, version integer, held_from timestamp with time zone, superseded_at timestamp with time zone, who text, image jsonb)
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
    PERFORM access.check_look(me, look, patient, 'history');
    RETURN QUERY
    SELECT h.relation, h.row_id, h.version, h.held_from, h.superseded_at,
           CASE WHEN h.changed_by ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
                THEN access.name_of_account(h.changed_by::uuid) ELSE 'program' END,
           h.image - '{updated_by,legal_hold}'::text[] - CASE h.relation WHEN 'identifier' THEN 'value' ELSE '' END
    FROM care.record_version h WHERE h.patient_id = patient AND (before IS NULL OR
        (h.superseded_at, h.relation, h.row_id, h.version) < (before, before_relation, before_row, before_version))
    ORDER BY h.superseded_at DESC, h.relation DESC, h.row_id DESC, h.version DESC LIMIT least(rows_max, 500);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_history(text,uuid,uuid,timestamp with time zone,text,uuid,integer,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_history(text,uuid,uuid,timestamp with time zone,text,uuid,integer,integer) TO healthtrack_portal;

-- What spoke against the prescriptions of a patient when they were written, the latest first, 200 at most.
CREATE OR REPLACE FUNCTION api.read_issues(token text, look uuid, patient uuid)
 RETURNS TABLE(detected_issue_id uuid, prescription_id uuid, found_at timestamp with time zone, kind text, severity text, about text, effect text, override_reason text, overridden_by uuid)
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
    PERFORM access.check_look(me, look, patient, 'issues');
    RETURN QUERY SELECT i.detected_issue_id, i.prescription_id, i.created_at, i.kind, i.severity, i.about, i.effect,
        i.override_reason, i.overridden_by
    FROM care.detected_issue i WHERE i.patient_id = patient ORDER BY i.created_at DESC, i.detected_issue_id LIMIT 200;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_issues(text,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_issues(text,uuid,uuid) TO healthtrack_portal;

-- How each laboratory value of a patient goes.
CREATE OR REPLACE FUNCTION api.read_lab_trends(token text, look uuid, patient uuid)
 RETURNS TABLE(loinc text, unit text, n bigint, first_value double precision, last_value double precision, last_flag text, slope_per_year double precision)
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
    PERFORM access.check_look(me, look, patient, 'results');
    RETURN QUERY SELECT t.loinc, t.unit::text, t.n, t.first_value::float8, t.last_value::float8, t.last_flag, t.slope_per_year
    FROM care.lab_trend t WHERE t.patient_id = patient ORDER BY t.loinc, t.unit;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_lab_trends(text,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_lab_trends(text,uuid,uuid) TO healthtrack_portal;

-- The newest observation of each code of a patient as it stands, of one category where it is named, 500 codes at most.
CREATE OR REPLACE FUNCTION api.read_newest_observations(token text, look uuid, patient uuid, of_category text)
 RETURNS TABLE(observation_id uuid, observed_at timestamp with time zone, ended_at timestamp with time zone, issued_at timestamp with time zone, category text, loinc text, title text, value jsonb, components jsonb, interpretation text, reference_low double precision, reference_high double precision, body_site text, method text, device text, encounter_id uuid, sensitivity text, performed_by text, performer text, status text, amends uuid, amended_by uuid, note text, version integer)
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
    PERFORM access.check_look(me, look, patient, 'observations');
    RETURN QUERY SELECT * FROM care.told_observations(patient, ARRAY(
        SELECT DISTINCT ON (o.loinc) o.observation_id FROM care.observation o
        WHERE o.patient_id = patient AND (of_category IS NULL OR o.category = of_category)
          AND o.status <> 'entered_in_error' AND NOT EXISTS (
              SELECT FROM care.observation n WHERE n.patient_id = patient AND n.amends_observation_id = o.observation_id
                AND n.status <> 'entered_in_error')
        ORDER BY o.loinc, o.observed_at DESC, o.observation_id DESC LIMIT 500));
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_newest_observations(text,uuid,uuid,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_newest_observations(text,uuid,uuid,text) TO healthtrack_portal;

-- Notes of a patient that were begun before a moment, the latest first, 100 at most, each with its sections and its addenda in order; drafts are seen by their author.
CREATE OR REPLACE FUNCTION api.read_notes(token text, look uuid, patient uuid, before timestamp with time zone)
 RETURNS TABLE(note_id uuid, version integer, encounter_id uuid, loinc text, title text, status text, author_id uuid, cosigner_id uuid, created_at timestamp with time zone, signed_at timestamp with time zone, cosigned_at timestamp with time zone, error_at timestamp with time zone, error_reason text, sensitivity text, sections jsonb, addenda jsonb)
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
    PERFORM access.check_look(me, look, patient, 'notes');
    RETURN QUERY SELECT n.note_id, n.version, n.encounter_id, n.loinc, n.title, n.status, n.author_id, n.cosigner_id,
        n.created_at, n.signed_at, n.cosigned_at, n.error_at, n.error_reason, n.sensitivity::text,
        (SELECT coalesce(jsonb_agg(jsonb_build_object('loinc', s.loinc, 'title', s.title, 'body', s.body) ORDER BY s.place), '[]')
         FROM care.note_section s WHERE s.patient_id = n.patient_id AND s.note_id = n.note_id),
        (SELECT coalesce(jsonb_agg(jsonb_build_object('note_addendum_id', a.note_addendum_id, 'author_id', a.author_id,
             'created_at', a.created_at, 'body', a.body) ORDER BY a.created_at, a.note_addendum_id), '[]')
         FROM care.note_addendum a WHERE a.patient_id = n.patient_id AND a.note_id = n.note_id)
    FROM care.note n WHERE n.patient_id = patient AND n.created_at < before
    ORDER BY n.created_at DESC, n.note_id LIMIT 100;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_notes(text,uuid,uuid,timestamp with time zone) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_notes(text,uuid,uuid,timestamp with time zone) TO healthtrack_portal;

-- One observation of a patient with what it took the place of and what took its place, errors too, the latest told first, 100 at most.
CREATE OR REPLACE FUNCTION api.read_observation(token text, look uuid, patient uuid, observation uuid)
 RETURNS TABLE(observation_id uuid, observed_at timestamp with time zone, ended_at timestamp with time zone, issued_at timestamp with time zone, category text, loinc text, title text, value jsonb, components jsonb, interpretation text, reference_low double precision, reference_high double precision, body_site text, method text, device text, encounter_id uuid, sensitivity text, performed_by text, performer text, status text, amends uuid, amended_by uuid, note text, version integer)
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
    PERFORM access.check_look(me, look, patient, 'observations');
    RETURN QUERY
        WITH RECURSIVE former AS (
            SELECT o.observation_id, o.amends_observation_id FROM care.observation o
            WHERE o.patient_id = patient AND o.observation_id = observation
            UNION
            SELECT o.observation_id, o.amends_observation_id FROM former f
            JOIN care.observation o ON o.patient_id = patient AND o.observation_id = f.amends_observation_id
        ), later AS (
            SELECT o.observation_id FROM care.observation o WHERE o.patient_id = patient AND o.observation_id = observation
            UNION
            SELECT o.observation_id FROM later l
            JOIN care.observation o ON o.patient_id = patient AND o.amends_observation_id = l.observation_id
        )
        SELECT t.* FROM care.told_observations(patient, ARRAY(
            SELECT f.observation_id FROM former f UNION SELECT l.observation_id FROM later l)) t
        ORDER BY t.issued_at DESC, t.observation_id DESC LIMIT 100;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_observation(text,uuid,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_observation(text,uuid,uuid,uuid) TO healthtrack_portal;

-- Observations of a patient as they stand, of one category or code where it is named, the latest first, those before the last line of the page before, 500 at most.
CREATE OR REPLACE FUNCTION api.read_observations(token text, look uuid, patient uuid, of_category text, of_loinc text, before timestamp with time zone, before_observation uuid, rows_max integer)
 RETURNS TABLE(observation_id uuid, observed_at timestamp with time zone, ended_at timestamp with time zone, issued_at timestamp with time zone, category text, loinc text, title text, value jsonb, components jsonb, interpretation text, reference_low double precision, reference_high double precision, body_site text, method text, device text, encounter_id uuid, sensitivity text, performed_by text, performer text, status text, amends uuid, amended_by uuid, note text, version integer)
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
    PERFORM access.check_look(me, look, patient, 'observations');
    RETURN QUERY SELECT * FROM care.told_observations(patient, ARRAY(
        SELECT o.observation_id FROM care.observation o
        WHERE o.patient_id = patient AND (of_category IS NULL OR o.category = of_category) AND (of_loinc IS NULL OR o.loinc = of_loinc)
          AND (before IS NULL OR (o.observed_at, o.observation_id) < (before, before_observation))
          AND o.status <> 'entered_in_error' AND NOT EXISTS (
              SELECT FROM care.observation n WHERE n.patient_id = patient AND n.amends_observation_id = o.observation_id
                AND n.status <> 'entered_in_error')
        ORDER BY o.observed_at DESC, o.observation_id DESC LIMIT least(rows_max, 500)));
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_observations(text,uuid,uuid,text,text,timestamp with time zone,uuid,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_observations(text,uuid,uuid,text,text,timestamp with time zone,uuid,integer) TO healthtrack_portal;

-- Alerts of all patients in the care of the acting provider that nobody has closed, the most severe first, 200 at most.
CREATE OR REPLACE FUNCTION api.read_open_alerts(token text, look uuid, patient uuid)
 RETURNS TABLE(alert_id uuid, version integer, patient_id uuid, title text, severity text, status text, opened_at timestamp with time zone, latest double precision, unit text, escalated_to uuid)
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
    PERFORM access.check_look(me, look, patient, 'open_alerts');
    RETURN QUERY SELECT a.alert_id, a.version, a.patient_id, r.title, a.severity, a.status, a.created_at, a.latest, r.unit, a.escalated_to
    FROM care.alert a LEFT JOIN care.alert_rule r USING (alert_rule_id)
    WHERE patient IS NULL AND a.status NOT IN ('resolved', 'dismissed') AND a.patient_id = ANY ((SELECT access.patients_in_care())::uuid[])
    ORDER BY array_position('{critical,high,moderate,low}', a.severity), a.created_at, a.alert_id LIMIT 200;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_open_alerts(text,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_open_alerts(text,uuid,uuid) TO healthtrack_portal;

-- What models said of a patient before a moment, the latest first, 200 at most, and what came true.
CREATE OR REPLACE FUNCTION api.read_predictions(token text, look uuid, patient uuid, before timestamp with time zone)
 RETURNS TABLE(prediction_id uuid, prediction_model_id uuid, name text, model_version text, said_at timestamp with time zone, horizon_at timestamp with time zone, output double precision, unit text, band text, outcome double precision, outcome_at timestamp with time zone)
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
    PERFORM access.check_look(me, look, patient, 'predictions');
    RETURN QUERY SELECT p.prediction_id, p.prediction_model_id, m.name, m.model_version, p.created_at, p.horizon_at, p.output,
        m.unit, p.band, p.outcome, p.outcome_at
    FROM care.prediction p LEFT JOIN care.prediction_model m USING (prediction_model_id)
    WHERE p.patient_id = patient AND p.created_at < before ORDER BY p.created_at DESC, p.prediction_id LIMIT 200;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_predictions(text,uuid,uuid,timestamp with time zone) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_predictions(text,uuid,uuid,timestamp with time zone) TO healthtrack_portal;

-- Prescriptions of a patient, also those that are over, those that run first, 200 at most.
CREATE OR REPLACE FUNCTION api.read_prescriptions(token text, look uuid, patient uuid)
 RETURNS TABLE(prescription_id uuid, version integer, prescriber_id uuid, medication_id uuid, name text, ingredient text, form text, dose_quantity double precision, dose_unit text, route text, times smallint, per_amount double precision, per_unit text, instructions text, quantity double precision, days_supply smallint, refills_allowed smallint, from_on date, until_on date, status text, status_reason text, override_reason text, runs boolean, sensitivity text)
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
    PERFORM access.check_look(me, look, patient, 'record');
    RETURN QUERY SELECT p.prescription_id, p.version, p.prescriber_id, p.medication_id, m.name, m.ingredient, m.form, p.dose_quantity::double precision,
        p.dose_unit::text, p.route, p.times, p.per_amount::double precision, p.per_unit, p.instructions, p.quantity::double precision,
        p.days_supply, p.refills_allowed, lower(p.valid_during), upper(p.valid_during), p.status, p.status_reason, p.override_reason,
        p.status IN ('active', 'on_hold') AND upper(p.valid_during) > current_date, p.sensitivity::text
    FROM care.prescription p JOIN care.medication m USING (medication_id) WHERE p.patient_id = patient
    ORDER BY (p.status IN ('active', 'on_hold') AND upper(p.valid_during) > current_date) DESC, p.authored_at DESC, p.prescription_id
    LIMIT 200;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_prescriptions(text,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_prescriptions(text,uuid,uuid) TO healthtrack_portal;

-- Procedures of a patient, whatever became of them, the latest first, 500 at most.
CREATE OR REPLACE FUNCTION api.read_procedures(token text, look uuid, patient uuid)
 RETURNS TABLE(procedure_id uuid, version integer, kind text, code text, title text, status text, began_at timestamp with time zone, ended_at timestamp with time zone, performer text, facility text, reason text, outcome text, sensitivity text)
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
    PERFORM access.check_look(me, look, patient, 'procedures');
    RETURN QUERY
    SELECT d.procedure_id, d.version, d.kind, d.code, d.title, d.status, lower(d.performed_during), upper(d.performed_during),
           nullif(concat_ws(' ', p.given_name, p.family_name), ''), f.name, d.reason, d.outcome, d.sensitivity::text
    FROM care.procedure d LEFT JOIN care.provider p ON p.provider_id = d.performer_id LEFT JOIN care.facility f USING (facility_id)
    WHERE d.patient_id = patient
    ORDER BY coalesce(lower(d.performed_during), d.created_at) DESC, d.procedure_id LIMIT 500;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_procedures(text,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_procedures(text,uuid,uuid) TO healthtrack_portal;

-- What programmes came to, of all participants whom the account may see.
CREATE OR REPLACE FUNCTION api.read_programme_outcomes(token text, look uuid, patient uuid)
 RETURNS TABLE(programme_id uuid, title text, n bigint, hits bigint, rate double precision, rate_low double precision, rate_high double precision, withdrawn bigint, attended_share double precision)
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
    PERFORM access.check_look(me, look, patient, 'outcomes');
    RETURN QUERY SELECT o.programme_id, o.title, o.n, o.completed, o.rate::float8, o.rate_low::float8, o.rate_high::float8, o.withdrawn, o.attended_share::float8
    FROM care.programme_outcome o WHERE patient IS NULL ORDER BY o.title, o.programme_id;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_programme_outcomes(text,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_programme_outcomes(text,uuid,uuid) TO healthtrack_portal;

-- Rates of readmission of all patients whom the account may see.
CREATE OR REPLACE FUNCTION api.read_readmission_rates(token text, look uuid, patient uuid)
 RETURNS TABLE(facility_id uuid, year integer, n bigint, hits bigint, rate double precision, rate_low double precision, rate_high double precision)
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
    PERFORM access.check_look(me, look, patient, 'outcomes');
    RETURN QUERY SELECT r.facility_id, r.year, r.n, r.readmitted, r.rate::float8, r.rate_low::float8, r.rate_high::float8
    FROM care.readmission_rate r WHERE patient IS NULL ORDER BY r.year DESC, r.facility_id;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_readmission_rates(text,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_readmission_rates(text,uuid,uuid) TO healthtrack_portal;

-- What is advised to a patient and what was said to it, the latest first, 200 at most.
CREATE OR REPLACE FUNCTION api.read_recommendations(token text, look uuid, patient uuid)
 RETURNS TABLE(recommendation_id uuid, version integer, recommended_by uuid, prediction_id uuid, alert_id uuid, given_at timestamp with time zone, stands_until date, kind text, title text, body text, evidence jsonb, citation text, status text, answer text, answered_at timestamp with time zone)
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
    PERFORM access.check_look(me, look, patient, 'recommendations');
    RETURN QUERY SELECT r.recommendation_id, r.version, r.recommended_by, r.prediction_id, r.alert_id, r.created_at, r.stands_until,
        r.kind, r.title, r.body, r.evidence, r.citation, r.status, r.answer, r.answered_at
    FROM care.recommendation r WHERE r.patient_id = patient ORDER BY r.created_at DESC, r.recommendation_id LIMIT 200;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_recommendations(text,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_recommendations(text,uuid,uuid) TO healthtrack_portal;

-- When the medicines of a patient were gone through and what was found of each, the latest first, 100 at most.
CREATE OR REPLACE FUNCTION api.read_reconciliations(token text, look uuid, patient uuid)
 RETURNS TABLE(medication_reconciliation_id uuid, encounter_id uuid, provider_id uuid, completed_at timestamp with time zone, findings jsonb)
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
    PERFORM access.check_look(me, look, patient, 'reconciliations');
    RETURN QUERY SELECT r.medication_reconciliation_id, r.encounter_id, r.provider_id, r.created_at,
        (SELECT coalesce(jsonb_agg(jsonb_build_object('medication_statement_id', f.medication_statement_id, 'name', m.name,
             'decision', f.decision, 'dosage', f.dosage) ORDER BY m.name, f.medication_statement_id), '[]')
         FROM care.reconciled_statement f JOIN care.medication_statement s USING (patient_id, medication_statement_id)
         JOIN care.medication m USING (medication_id)
         WHERE f.patient_id = r.patient_id AND f.medication_reconciliation_id = r.medication_reconciliation_id)
    FROM care.medication_reconciliation r WHERE r.patient_id = patient
    ORDER BY r.created_at DESC, r.medication_reconciliation_id LIMIT 100;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_reconciliations(text,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_reconciliations(text,uuid,uuid) TO healthtrack_portal;

-- Answers of a patient to questionnaires, each with its score, the highest that there can be and its band, the latest first, 500 at most.
CREATE OR REPLACE FUNCTION api.read_responses(token text, look uuid, patient uuid)
 RETURNS TABLE(questionnaire_response_id uuid, name text, title text, edition integer, status text, began_at timestamp with time zone, completed_at timestamp with time zone, score double precision, highest double precision, band text, look_at text[], sensitivity text)
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
    PERFORM access.check_look(me, look, patient, 'questionnaires');
    RETURN QUERY
    SELECT r.questionnaire_response_id, q.name, q.title, q.edition, r.status, r.created_at, r.completed_at, s.value::double precision,
           (SELECT max((b.band ->> 'to')::double precision) FROM jsonb_array_elements(q.scoring -> 'bands') AS b (band)),
           s.band,
           -- Before it is counted as well: who answers so must not wait for the last question.
           coalesce(s.look_at, ARRAY(SELECT w.rule ->> 'item' FROM jsonb_array_elements(q.scoring -> 'look_at') AS w (rule)
                                     JOIN care.answer a ON a.patient_id = patient AND a.link_id = w.rule ->> 'item'
                                          AND a.questionnaire_response_id = r.questionnaire_response_id
                                     WHERE a.value_number >= (w.rule ->> 'from')::numeric)),
           r.sensitivity::text
    FROM care.questionnaire_response r JOIN care.questionnaire q USING (questionnaire_id)
    LEFT JOIN care.score s ON s.patient_id = patient AND s.questionnaire_response_id = r.questionnaire_response_id AND s.name = q.name
    WHERE r.patient_id = patient
    ORDER BY coalesce(r.completed_at, r.created_at) DESC, r.questionnaire_response_id LIMIT 500;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_responses(text,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_responses(text,uuid,uuid) TO healthtrack_portal;

-- The usual values that came with results of a patient, of those that have any, 500 at most.
CREATE OR REPLACE FUNCTION api.read_result_ranges(token text, look uuid, patient uuid, results uuid[])
 RETURNS TABLE(lab_result_id uuid, reference_low double precision, reference_high double precision)
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
    PERFORM access.check_look(me, look, patient, 'results');
    RETURN QUERY SELECT r.lab_result_id, r.reference_low::double precision, r.reference_high::double precision
    FROM care.lab_result r WHERE r.patient_id = patient AND r.lab_result_id = ANY (results)
      AND num_nonnulls(r.reference_low, r.reference_high) > 0 ORDER BY r.lab_result_id LIMIT 500;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_result_ranges(text,uuid,uuid,uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_result_ranges(text,uuid,uuid,uuid[]) TO healthtrack_portal;

-- A result with what it was before it was corrected, and what took its place, the newest first, 100 at most.
CREATE OR REPLACE FUNCTION api.read_result_versions(token text, look uuid, patient uuid, lab_result uuid)
 RETURNS TABLE(lab_result_id uuid, version integer, issued_at timestamp with time zone, value_number double precision, unit text, value_code text, value_text text, absent_reason text, status text, note text, lab_order_id uuid, comparator text)
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
    PERFORM access.check_look(me, look, patient, 'results');
    RETURN QUERY
    WITH RECURSIVE older AS (
        SELECT r.* FROM care.lab_result r WHERE r.patient_id = patient AND r.lab_result_id = lab_result
        UNION ALL
        SELECT r.* FROM older o JOIN care.lab_result r ON r.patient_id = o.patient_id AND r.lab_result_id = o.amends_lab_result_id
    ), newer AS (
        SELECT r.* FROM care.lab_result r WHERE r.patient_id = patient AND r.amends_lab_result_id = lab_result
        UNION ALL
        SELECT r.* FROM newer n JOIN care.lab_result r ON r.patient_id = n.patient_id AND r.amends_lab_result_id = n.lab_result_id
    )
    SELECT v.lab_result_id, v.version, v.issued_at, v.value_number::double precision, v.unit::text, v.value_code, v.value_text,
           v.absent_reason, v.status, v.note, v.lab_order_id, v.comparator::text
    FROM (SELECT * FROM older UNION ALL SELECT * FROM newer) AS v ORDER BY v.issued_at DESC, v.created_at DESC, v.lab_result_id LIMIT 100;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_result_versions(text,uuid,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_result_versions(text,uuid,uuid,uuid) TO healthtrack_portal;

-- Results of a patient, of one test where it is named, the latest first, those before the last line of the page before, 500 at most.
CREATE OR REPLACE FUNCTION api.read_results(token text, look uuid, patient uuid, of_loinc text, before timestamp with time zone, before_result uuid, rows_max integer)
 RETURNS TABLE(lab_result_id uuid, observed_at timestamp with time zone, loinc text, title text, value_number double precision, unit text, value_code text, value_text text, absent_reason text, flag text, status text)
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
    PERFORM access.check_look(me, look, patient, 'results');
    RETURN QUERY
    SELECT r.lab_result_id, r.observed_at, r.loinc, r.title, r.value_number::float8, r.unit::text, r.value_code, r.value_text,
           r.absent_reason, r.flag, r.status
    FROM care.lab_result r
    WHERE r.patient_id = patient AND (of_loinc IS NULL OR r.loinc = of_loinc)
      AND (before IS NULL OR (r.observed_at, r.lab_result_id) < (before, before_result)) AND r.status <> 'entered_in_error'
    ORDER BY r.observed_at DESC, r.lab_result_id DESC LIMIT least(rows_max, 500);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_results(text,uuid,uuid,text,timestamp with time zone,uuid,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_results(text,uuid,uuid,text,timestamp with time zone,uuid,integer) TO healthtrack_portal;

-- What waits for the acting provider: own drafts, notes to be signed too and preliminary results of own orders or of patients in care that nobody has ordered, the oldest first, and patients whose devices have fallen silent, the latest first; of each kind 50 at most, and how many there are.
CREATE OR REPLACE FUNCTION api.read_unfinished(token text, look uuid, patient uuid, rows_max integer)
 RETURNS TABLE(kind text, patient_id uuid, row_id uuid, family text, given text[], title text, at timestamp with time zone, of_kind bigint)
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
    PERFORM access.check_look(me, look, patient, 'unfinished');
    RETURN QUERY
    WITH mine AS MATERIALIZED (SELECT access.acting_provider() AS provider_id), waiting AS (
        SELECT CASE t.status WHEN 'draft' THEN 'draft' ELSE 'cosign' END AS kind, t.patient_id, t.note_id AS row_id, t.title,
               coalesce(t.signed_at, t.created_at) AS at
        FROM care.note t, mine
        WHERE t.author_id = mine.provider_id AND t.status = 'draft' OR t.cosigner_id = mine.provider_id AND t.status = 'signed'
        UNION ALL
        SELECT 'result', r.patient_id, r.lab_result_id, r.title, r.issued_at
        FROM mine JOIN care.lab_order o ON o.ordered_by = mine.provider_id
        JOIN care.lab_result r ON r.patient_id = o.patient_id AND r.lab_order_id = o.lab_order_id
        WHERE r.status = 'preliminary'
        UNION ALL
        -- What nobody has ordered waits for whoever cares for the patient.
        SELECT 'result', r.patient_id, r.lab_result_id, r.title, r.issued_at
        FROM mine, care.lab_result r
        WHERE mine.provider_id IS NOT NULL AND r.status = 'preliminary' AND r.lab_order_id IS NULL
          AND r.patient_id = ANY ((SELECT access.patients_in_care())::uuid[])
        UNION ALL
        SELECT 'silent', d.patient_id, NULL, NULL, d.heard_at FROM access.silent_devices() AS d
    ), placed AS (
        SELECT w.*, count(*) OVER (PARTITION BY w.kind) AS of_kind,
               row_number() OVER (PARTITION BY w.kind
                   ORDER BY CASE WHEN w.kind = 'silent' THEN w.at END DESC NULLS LAST, w.at, w.patient_id, w.row_id) AS place
        FROM waiting w
    )
    SELECT w.kind, w.patient_id, w.row_id, n.family, n.given, w.title, w.at, w.of_kind
    FROM placed w LEFT JOIN care.patient_name n
        ON n.patient_id = w.patient_id AND n.use = 'official' AND n.preferred AND n.valid_during @> current_date
    WHERE patient IS NULL AND w.place <= least(rows_max, 50) ORDER BY w.kind, w.place;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_unfinished(text,uuid,uuid,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_unfinished(text,uuid,uuid,integer) TO healthtrack_portal;

-- Visits and stays of a patient, the latest first, those before the last line of the page before, 500 at most.
CREATE OR REPLACE FUNCTION api.read_visits(token text, look uuid, patient uuid, before timestamp with time zone, before_encounter uuid, rows_max integer)
 RETURNS TABLE(encounter_id uuid, began_at timestamp with time zone, ended_at timestamp with time zone, class text, reason text, facility_name text)
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
    PERFORM access.check_look(me, look, patient, 'visits');
    RETURN QUERY
    SELECT e.encounter_id, lower(e.during), upper(e.during), e.class, e.reason, f.name
    FROM care.encounter e JOIN care.facility f USING (facility_id)
    WHERE e.patient_id = patient AND (before IS NULL OR (lower(e.during), e.encounter_id) < (before, before_encounter))
    ORDER BY lower(e.during) DESC, e.encounter_id DESC LIMIT least(rows_max, 500);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_visits(text,uuid,uuid,timestamp with time zone,uuid,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_visits(text,uuid,uuid,timestamp with time zone,uuid,integer) TO healthtrack_portal;

-- Advises something to a patient in the name of the acting provider, with its evidence; gives its key.
CREATE OR REPLACE FUNCTION api.recommend(token text, patient uuid, kind text, title text, body text, evidence jsonb, citation text, prediction uuid, alert uuid, stands_until date, sensitivity text)
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
    -- A patient is told so here: as the own row, it would else be theirs to write.
    IF access.acting_provider() IS NULL THEN
        PERFORM access.refuse('recommendation_is_given_by_a_provider', 'A provider who cares for the patient gives advice.');
    END IF;
    INSERT INTO care.recommendation AS r (patient_id, recommended_by, prediction_id, alert_id, kind, title, body, evidence, citation,
                                          stands_until, sensitivity)
    VALUES (patient, access.acting_provider(), prediction, alert, recommend.kind, recommend.title, recommend.body,
            recommend.evidence, recommend.citation, recommend.stands_until, recommend.sensitivity)
    RETURNING r.recommendation_id INTO answer;
    PERFORM access.note(me, 'create', patient, 'care.recommendation/' || answer);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.recommend(text,uuid,text,text,text,jsonb,text,uuid,uuid,date,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.recommend(text,uuid,text,text,text,jsonb,text,uuid,uuid,date,text) TO healthtrack_portal;

-- Stores what was found of each current medicine of a patient at a visit, and does what was decided; gives its key.
CREATE OR REPLACE FUNCTION api.reconcile_medication(token text, patient uuid, encounter uuid, statements uuid[], decisions text[], dosages text[])
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
    IF cardinality(statements) IS DISTINCT FROM cardinality(decisions) OR cardinality(statements) IS DISTINCT FROM cardinality(dosages) THEN
        PERFORM access.refuse('reconciled_statement_is_decided', 'Give each medicine a decision and, where it is changed, its dosage.');
    END IF;
    INSERT INTO care.medication_reconciliation AS r (patient_id, encounter_id, provider_id)
    VALUES (patient, encounter, access.acting_provider()) RETURNING r.medication_reconciliation_id INTO answer;
    INSERT INTO care.reconciled_statement (patient_id, medication_reconciliation_id, medication_statement_id, decision, dosage)
    SELECT patient, answer, d.statement, d.decision, d.dosage
    FROM unnest(statements, decisions, dosages) AS d (statement, decision, dosage);
    PERFORM access.note(me, 'create', patient, 'care.medication_reconciliation/' || answer);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.reconcile_medication(text,uuid,uuid,uuid[],text[],text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.reconcile_medication(text,uuid,uuid,uuid[],text[],text[]) TO healthtrack_portal;

-- Stores a result; gives its key and the flag that follows from its ranges.
CREATE OR REPLACE FUNCTION api.record_lab_result(token text, patient uuid, lab_order uuid, observed_at timestamp with time zone, loinc text, title text, status text, value_number double precision, unit text, value_code text, value_text text, absent_reason text, reference_low double precision, reference_high double precision, critical_low double precision, critical_high double precision)
 RETURNS TABLE(lab_result_id uuid, flag text)
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
    INSERT INTO care.lab_result AS r (patient_id, lab_order_id, observed_at, loinc, title, status, value_number, unit,
        value_code, value_text, absent_reason, reference_low, reference_high, critical_low, critical_high)
    VALUES (patient, lab_order, record_lab_result.observed_at, record_lab_result.loinc, record_lab_result.title,
        record_lab_result.status, record_lab_result.value_number, record_lab_result.unit, record_lab_result.value_code,
        record_lab_result.value_text, record_lab_result.absent_reason, record_lab_result.reference_low,
        record_lab_result.reference_high, record_lab_result.critical_low, record_lab_result.critical_high)
    RETURNING r.lab_result_id, r.flag INTO lab_result_id, flag;
    PERFORM access.note(me, 'create', patient, 'care.lab_result/' || record_lab_result.lab_result_id);
    RETURN NEXT;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.record_lab_result(text,uuid,uuid,timestamp with time zone,text,text,text,double precision,text,text,text,text,double precision,double precision,double precision,double precision) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.record_lab_result(text,uuid,uuid,timestamp with time zone,text,text,text,double precision,text,text,text,text,double precision,double precision,double precision,double precision) TO healthtrack_portal;

-- Registers a row as a record of another system, as often as it comes, for an operator: new, same, or changed since it came last.
CREATE OR REPLACE FUNCTION api.register_external_record(token text, source text, external_id text, relation text, "row" uuid, patient uuid, digest bytea)
 RETURNS text
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
    answer  text;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    answer := care.register_external_record(source, external_id, relation, "row", patient, digest);
    PERFORM access.note(me, CASE answer WHEN 'new' THEN 'create' ELSE 'update' END, patient, 'care.external_record');
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.register_external_record(text,text,text,text,uuid,uuid,bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.register_external_record(text,text,text,text,uuid,uuid,bytea) TO healthtrack_portal;

-- Says from which day on a questionnaire is not answered any more; none where it is in use again.
CREATE OR REPLACE FUNCTION api.retire_questionnaire(token text, questionnaire uuid, retired_on date)
 RETURNS void
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
    PERFORM access.check_administrator(me);
    UPDATE care.questionnaire q SET retired_on = retire_questionnaire.retired_on WHERE q.questionnaire_id = questionnaire;
    PERFORM access.check_change(FOUND);
    PERFORM access.note(me, 'update', NULL, 'care.questionnaire/' || questionnaire);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.retire_questionnaire(text,uuid,date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.retire_questionnaire(text,uuid,date) TO healthtrack_portal;

-- Sets when somebody is to be told of a patient, or the next version of a former rule, which ends; gives the key of the version.
CREATE OR REPLACE FUNCTION api.set_alert_rule(token text, patient uuid, former uuid, title text, metric text, loinc text, comparator text, threshold double precision, unit text, lasting_minutes integer, severity text, tells text[], sensitivity text)
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
        ended care.alert_rule;
    BEGIN
        answer := gen_random_uuid();
        IF former IS NOT NULL THEN
            UPDATE care.alert_rule AS r SET ended_at = now()
            WHERE r.alert_rule_id = former AND r.patient_id = patient AND r.ended_at IS NULL RETURNING r.* INTO ended;
            IF ended.alert_rule_id IS NULL THEN
                PERFORM access.refuse('alert_rule_is_within_reach', 'There is no such rule of a patient in your care that still holds.');
            END IF;
        END IF;
        INSERT INTO care.alert_rule (alert_rule_id, lineage_id, patient_id, recorded_by, edition, title, metric, loinc, comparator,
                                     threshold, unit, lasting, severity, tells, sensitivity)
        VALUES (answer, coalesce(ended.lineage_id, answer), patient, access.acting_provider(), coalesce(ended.edition, 0) + 1,
                set_alert_rule.title, set_alert_rule.metric, set_alert_rule.loinc, set_alert_rule.comparator,
                set_alert_rule.threshold, set_alert_rule.unit, make_interval(mins => coalesce(lasting_minutes, 0)),
                set_alert_rule.severity, set_alert_rule.tells, set_alert_rule.sensitivity);
        PERFORM access.note(me, 'create', patient, 'care.alert_rule/' || answer);
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
REVOKE EXECUTE ON FUNCTION api.set_alert_rule(text,uuid,uuid,text,text,text,text,double precision,text,integer,text,text[],text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.set_alert_rule(text,uuid,uuid,text,text,text,text,double precision,text,integer,text,text[],text) TO healthtrack_portal;

-- Signs a preliminary result where it still has the version that was read: the version that stands, and whether it is the signer's; no row where there is no such result for whoever acts.
CREATE OR REPLACE FUNCTION api.sign_lab_result(token text, lab_result uuid, known_version integer)
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
        IF access.acting_provider() IS NULL THEN
            PERFORM care.refuse('lab_result_is_signed_by_a_provider', 'Only a provider signs a result.');
        END IF;
        UPDATE care.lab_result AS r SET status = 'final'
        WHERE r.lab_result_id = lab_result AND r.version = known_version AND r.status = 'preliminary'
        RETURNING r.version, r.patient_id INTO version, whose;
        saved := FOUND;
        IF saved THEN
            PERFORM access.note(me, 'sign', whose, 'care.lab_result/' || lab_result);
            RETURN NEXT;
        ELSE
            RETURN QUERY SELECT false, r.version FROM care.lab_result r WHERE r.lab_result_id = lab_result;
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
REVOKE EXECUTE ON FUNCTION api.sign_lab_result(text,uuid,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.sign_lab_result(text,uuid,integer) TO healthtrack_portal;

-- Signs a note as its author where it still has the version that was read: the version that stands, and whether it is signed by this; no row where there is no such note for whoever acts.
CREATE OR REPLACE FUNCTION api.sign_note(token text, note uuid, known_version integer)
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
        UPDATE care.note AS n SET status = 'signed', signed_at = now()
        WHERE n.note_id = note AND n.version = known_version RETURNING n.version, n.patient_id INTO version, whose;
        saved := FOUND;
        IF saved THEN
            PERFORM access.note(me, 'sign', whose, 'care.note/' || note);
            RETURN NEXT;
        ELSE
            RETURN QUERY SELECT false, n.version FROM care.note n WHERE n.note_id = note;
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
REVOKE EXECUTE ON FUNCTION api.sign_note(text,uuid,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.sign_note(text,uuid,integer) TO healthtrack_portal;

-- Stops a prescription where it still has the version that the editor read: the version that stands, and whether it is the editor's; no row where there is no such prescription for whoever acts.
CREATE OR REPLACE FUNCTION api.stop_prescription(token text, prescription uuid, known_version integer, reason text)
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
        UPDATE care.prescription AS p SET status = 'stopped', status_reason = reason
        WHERE p.prescription_id = prescription AND p.version = known_version
        RETURNING p.version, p.patient_id INTO version, whose;
        saved := FOUND;
        IF saved THEN
            PERFORM access.note(me, 'update', whose, 'care.prescription/' || prescription);
            RETURN NEXT;
        ELSE
            RETURN QUERY SELECT false, p.version FROM care.prescription p WHERE p.prescription_id = prescription;
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
REVOKE EXECUTE ON FUNCTION api.stop_prescription(text,uuid,integer,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.stop_prescription(text,uuid,integer,text) TO healthtrack_portal;

-- Marks an observation as an error where it still has the version that was read: the version that stands, and whether it was marked; no row where there is no such observation for whoever acts.
CREATE OR REPLACE FUNCTION api.take_observation_back(token text, observation uuid, known_version integer)
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
        UPDATE care.observation AS o SET status = 'entered_in_error'
        WHERE o.observation_id = observation AND o.version = known_version
        RETURNING o.version, o.patient_id INTO version, whose;
        saved := FOUND;
        IF saved THEN
            PERFORM access.note(me, 'update', whose, 'care.observation/' || observation);
            RETURN NEXT;
        ELSE
            RETURN QUERY SELECT false, o.version FROM care.observation o WHERE o.observation_id = observation;
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
REVOKE EXECUTE ON FUNCTION api.take_observation_back(text,uuid,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.take_observation_back(text,uuid,integer) TO healthtrack_portal;
