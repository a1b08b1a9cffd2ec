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
    behavioural boolean,  -- Whether it is of behavioural health; null where nobody said: then as its code tells.
    CONSTRAINT condition_pkey PRIMARY KEY (condition_id),  -- This condition is known already.
    CONSTRAINT condition_id_with_patient_is_unique UNIQUE (patient_id, condition_id),  -- This condition is known already.
    CONSTRAINT condition_is_listed_once EXCLUDE USING btree (patient_id WITH =, code_system WITH =, code WITH =) WHERE (((clinical_status = ANY (ARRAY['active'::text, 'recurrence'::text, 'relapse'::text])) AND (verification_status <> ALL (ARRAY['refuted'::text, 'entered_in_error'::text])))),  -- This stands in the record already: change that entry.
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
CREATE TRIGGER condition_begins_within_a_life BEFORE INSERT OR UPDATE OF onset_on ON care.condition FOR EACH ROW EXECUTE FUNCTION care.check_dates_of_condition();  -- Trigger before a condition is stored: refuses a beginning before the birth or to come.
CREATE TRIGGER condition_is_recorded_in_person BEFORE INSERT OR UPDATE OF recorded_by ON care.condition FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.check_recorder('recorded_by');  -- Trigger before a provider records something through the portal: it bears the own name, and keeps the name that it bears.
CREATE TRIGGER condition_is_stamped BEFORE INSERT OR UPDATE ON care.condition FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER condition_is_touched BEFORE UPDATE ON care.condition FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER condition_keeps_former_versions AFTER UPDATE ON care.condition FOR EACH ROW EXECUTE FUNCTION care.keep_former_version();  -- Trigger after each update: keeps the former row in care.history, and refuses to move a row to another patient.
CREATE TRIGGER condition_stays_under_hold BEFORE DELETE ON care.condition FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.condition FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.condition FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY granted ON care.condition FOR SELECT TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])) AND ((NOT COALESCE(behavioural, ((code_system <> 'icd10'::text) OR (code ~ '^(F|R45|X[67]|X8[0-4]|Z91\.5)'::text)))) OR (patient_id = ANY (( SELECT access.patients_granted('behavioural_health'::text) AS patients_granted)::uuid[])))));
CREATE POLICY maintenance ON care.condition FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.condition FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.condition TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.condition TO healthtrack_care;

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
CREATE INDEX procedure_patient_idx ON care.procedure USING btree (patient_id, lower(performed_during));
CREATE TRIGGER procedure_is_stamped BEFORE INSERT OR UPDATE ON care.procedure FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER procedure_is_touched BEFORE UPDATE ON care.procedure FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER procedure_keeps_former_versions AFTER UPDATE ON care.procedure FOR EACH ROW EXECUTE FUNCTION care.keep_former_version();  -- Trigger after each update: keeps the former row in care.history, and refuses to move a row to another patient.
CREATE TRIGGER procedure_stays_under_hold BEFORE DELETE ON care.procedure FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.procedure FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.procedure FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY granted ON care.procedure FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])));
CREATE POLICY maintenance ON care.procedure FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
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
    CONSTRAINT medication_pkey PRIMARY KEY (medication_id),  -- This medication is known already.
    CONSTRAINT medication_is_listed_once UNIQUE (code_system, code, name),  -- This drug is in the list already.
    CONSTRAINT medication_code_fits_its_system CHECK (((code_system = ANY (ARRAY['rxnorm'::text, 'atc'::text])) AND care.code_fits(code_system, code))),  -- This is no code of RxNorm or ATC.
    CONSTRAINT medication_form_is_known CHECK ((form = ANY (ARRAY['tablet'::text, 'capsule'::text, 'solution'::text, 'injection'::text, 'inhaler'::text, 'cream'::text, 'patch'::text, 'drops'::text, 'spray'::text, 'suppository'::text, 'other'::text]))),  -- Choose the form that it comes in.
    CONSTRAINT medication_ingredient_is_in_lower_case CHECK (((ingredient ~ '\S'::text) AND (ingredient = lower(ingredient)))),  -- Write the substance in lower case.
    CONSTRAINT medication_name_is_some CHECK ((name ~ '\S'::text)),  -- Say what it is called.
    CONSTRAINT medication_strength_has_a_unit CHECK ((((strength IS NULL) = (strength_unit IS NULL)) AND ((strength > (0)::numeric) IS NOT FALSE)))  -- A strength is above zero and has a unit.
);
CREATE INDEX medication_ingredient_idx ON care.medication USING btree (ingredient);
CREATE TRIGGER medication_is_stamped BEFORE INSERT OR UPDATE ON care.medication FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER medication_is_touched BEFORE UPDATE ON care.medication FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
ALTER TABLE care.medication FORCE ROW LEVEL SECURITY;
CREATE POLICY everybody_reads ON care.medication FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.medication FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.medication TO healthtrack_migrator;
GRANT SELECT ON care.medication TO healthtrack_care;

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
    CONSTRAINT medication_statement_pkey PRIMARY KEY (medication_statement_id),  -- This medication statement is known already.
    CONSTRAINT medication_statement_is_listed_once EXCLUDE USING gist (patient_id WITH =, medication_id WITH =, source WITH =, taken_during WITH &&) WHERE ((status = ANY (ARRAY['active'::text, 'on_hold'::text]))),  -- This stands in the record for that time already.
    CONSTRAINT medication_statement_medication_fkey FOREIGN KEY (medication_id) REFERENCES care.medication(medication_id),  -- Choose a drug of the list.
    CONSTRAINT medication_statement_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT medication_statement_recorder_fkey FOREIGN KEY (recorded_by) REFERENCES care.provider(provider_id),  -- Choose one of the network's providers.
    CONSTRAINT medication_statement_is_over_once_ended CHECK (((status <> ALL (ARRAY['completed'::text, 'stopped'::text])) OR (upper(taken_during) IS NOT NULL))),  -- Say when it ended.
    CONSTRAINT medication_statement_period_is_some CHECK ((NOT isempty(taken_during))),  -- A period ends after it began.
    CONSTRAINT medication_statement_provider_says_who CHECK (((source = 'provider'::text) = (recorded_by IS NOT NULL))),  -- Say which provider wrote it down.
    CONSTRAINT medication_statement_source_is_known CHECK ((source = ANY (ARRAY['patient'::text, 'provider'::text]))),  -- Choose patient or provider.
    CONSTRAINT medication_statement_status_is_known CHECK ((status = ANY (ARRAY['active'::text, 'completed'::text, 'stopped'::text, 'on_hold'::text, 'entered_in_error'::text])))  -- Choose how it stands.
);
CREATE TRIGGER medication_statement_is_recorded_in_person BEFORE INSERT OR UPDATE OF recorded_by ON care.medication_statement FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.check_recorder('recorded_by');  -- Trigger before a provider records something through the portal: it bears the own name, and keeps the name that it bears.
CREATE TRIGGER medication_statement_is_stamped BEFORE INSERT OR UPDATE ON care.medication_statement FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER medication_statement_is_touched BEFORE UPDATE ON care.medication_statement FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER medication_statement_keeps_former_versions AFTER UPDATE ON care.medication_statement FOR EACH ROW EXECUTE FUNCTION care.keep_former_version();  -- Trigger after each update: keeps the former row in care.history, and refuses to move a row to another patient.
CREATE TRIGGER medication_statement_stays_under_hold BEFORE DELETE ON care.medication_statement FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.medication_statement FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.medication_statement FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY granted ON care.medication_statement FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])));
CREATE POLICY maintenance ON care.medication_statement FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
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
CREATE TRIGGER allergy_is_recorded_in_person BEFORE INSERT OR UPDATE OF recorded_by ON care.allergy FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.check_recorder('recorded_by');  -- Trigger before a provider records something through the portal: it bears the own name, and keeps the name that it bears.
CREATE TRIGGER allergy_is_stamped BEFORE INSERT OR UPDATE ON care.allergy FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER allergy_is_touched BEFORE UPDATE ON care.allergy FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER allergy_keeps_former_versions AFTER UPDATE ON care.allergy FOR EACH ROW EXECUTE FUNCTION care.keep_former_version();  -- Trigger after each update: keeps the former row in care.history, and refuses to move a row to another patient.
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
CREATE TRIGGER allergy_reaction_is_stamped BEFORE INSERT OR UPDATE ON care.allergy_reaction FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER allergy_reaction_is_touched BEFORE UPDATE ON care.allergy_reaction FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER allergy_reaction_keeps_former_versions AFTER UPDATE ON care.allergy_reaction FOR EACH ROW EXECUTE FUNCTION care.keep_former_version();  -- Trigger after each update: keeps the former row in care.history, and refuses to move a row to another patient.
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
CREATE TRIGGER immunization_is_stamped BEFORE INSERT OR UPDATE ON care.immunization FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER immunization_is_touched BEFORE UPDATE ON care.immunization FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER immunization_keeps_former_versions AFTER UPDATE ON care.immunization FOR EACH ROW EXECUTE FUNCTION care.keep_former_version();  -- Trigger after each update: keeps the former row in care.history, and refuses to move a row to another patient.
CREATE TRIGGER immunization_stays_under_hold BEFORE DELETE ON care.immunization FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.immunization FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.immunization FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY granted ON care.immunization FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])));
CREATE POLICY maintenance ON care.immunization FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.immunization FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.immunization TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.immunization TO healthtrack_care;

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
    reason text,  -- Why the patient came; null where nothing was said.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
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
CREATE TRIGGER encounter_is_stamped BEFORE INSERT OR UPDATE ON care.encounter FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER encounter_is_touched BEFORE UPDATE ON care.encounter FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER encounter_keeps_former_versions AFTER UPDATE ON care.encounter FOR EACH ROW EXECUTE FUNCTION care.keep_former_version();  -- Trigger after each update: keeps the former row in care.history, and refuses to move a row to another patient.
CREATE TRIGGER encounter_stays_under_hold BEFORE DELETE ON care.encounter FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.encounter FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.encounter FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY granted ON care.encounter FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])));
CREATE POLICY maintenance ON care.encounter FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.encounter FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.encounter TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.encounter TO healthtrack_care;

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
CREATE INDEX lab_order_patient_idx ON care.lab_order USING btree (patient_id, ordered_at);
CREATE TRIGGER lab_order_is_recorded_in_person BEFORE INSERT OR UPDATE OF ordered_by ON care.lab_order FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.check_recorder('ordered_by');  -- Trigger before a provider records something through the portal: it bears the own name, and keeps the name that it bears.
CREATE TRIGGER lab_order_is_stamped BEFORE INSERT OR UPDATE ON care.lab_order FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER lab_order_is_touched BEFORE UPDATE ON care.lab_order FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER lab_order_keeps_former_versions AFTER UPDATE ON care.lab_order FOR EACH ROW EXECUTE FUNCTION care.keep_former_version();  -- Trigger after each update: keeps the former row in care.history, and refuses to move a row to another patient.
CREATE TRIGGER lab_order_stays_under_hold BEFORE DELETE ON care.lab_order FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.lab_order FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.lab_order FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY granted ON care.lab_order FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])));
CREATE POLICY maintenance ON care.lab_order FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
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
    CONSTRAINT lab_result_value_is_one CHECK ((num_nonnulls(value_number, value_code, value_text, absent_reason) = 1))  -- Give a number, a code or words, or else why there is no value.
);
CREATE INDEX lab_result_order_idx ON care.lab_result USING btree (patient_id, lab_order_id);
CREATE INDEX lab_result_patient_idx ON care.lab_result USING btree (patient_id, loinc, observed_at);
CREATE TRIGGER lab_result_amends_what_was_final BEFORE INSERT ON care.lab_result FOR EACH ROW WHEN ((new.amends_lab_result_id IS NOT NULL)) EXECUTE FUNCTION care.check_lab_amendment();  -- Trigger: only what was final is corrected by another row.
CREATE TRIGGER lab_result_is_stamped BEFORE INSERT OR UPDATE ON care.lab_result FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER lab_result_is_touched BEFORE UPDATE ON care.lab_result FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER lab_result_keeps_former_versions AFTER UPDATE ON care.lab_result FOR EACH ROW EXECUTE FUNCTION care.keep_former_version();  -- Trigger after each update: keeps the former row in care.history, and refuses to move a row to another patient.
CREATE TRIGGER lab_result_keeps_what_is_final BEFORE UPDATE ON care.lab_result FOR EACH ROW EXECUTE FUNCTION care.keep_what_is_final();  -- Trigger before an update: what is final can be marked as an error and nothing else.
CREATE TRIGGER lab_result_stays_under_hold BEFORE DELETE ON care.lab_result FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
CREATE TRIGGER lab_result_unit_fits_its_code BEFORE INSERT OR UPDATE OF loinc, unit ON care.lab_result FOR EACH ROW EXECUTE FUNCTION care.check_unit_of_result();  -- Trigger before a result is stored: refuses a unit that its LOINC code does not have.
ALTER TABLE care.lab_result FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.lab_result FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY granted ON care.lab_result FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])));
CREATE POLICY maintenance ON care.lab_result FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.lab_result FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.lab_result TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.lab_result TO healthtrack_care;

-- Units in which what a LOINC code stands for may be told; a code without a row takes any.
CREATE TABLE care.loinc_unit (
    loinc text NOT NULL,  -- What is measured.
    unit care.ucum_unit NOT NULL,  -- A UCUM unit that fits it.
    CONSTRAINT loinc_unit_pkey PRIMARY KEY (loinc, unit),  -- This unit fits this code already.
    CONSTRAINT loinc_unit_code_is_loinc CHECK ((loinc ~ '^[0-9]{1,7}-[0-9]$'::text))  -- Give a LOINC code: digits, a hyphen and a check digit.
);
ALTER TABLE care.loinc_unit FORCE ROW LEVEL SECURITY;
CREATE POLICY everybody_reads ON care.loinc_unit FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.loinc_unit FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.loinc_unit TO healthtrack_migrator;
GRANT SELECT ON care.loinc_unit TO healthtrack_care;

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
    updated_by
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
CREATE INDEX imaging_study_patient_idx ON care.imaging_study USING btree (patient_id, started_at);
CREATE TRIGGER imaging_study_is_stamped BEFORE INSERT OR UPDATE ON care.imaging_study FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER imaging_study_is_touched BEFORE UPDATE ON care.imaging_study FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER imaging_study_keeps_former_versions AFTER UPDATE ON care.imaging_study FOR EACH ROW EXECUTE FUNCTION care.keep_former_version();  -- Trigger after each update: keeps the former row in care.history, and refuses to move a row to another patient.
CREATE TRIGGER imaging_study_stays_under_hold BEFORE DELETE ON care.imaging_study FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.imaging_study FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.imaging_study FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY granted ON care.imaging_study FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])));
CREATE POLICY maintenance ON care.imaging_study FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
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
CREATE TRIGGER imaging_series_is_stamped BEFORE INSERT OR UPDATE ON care.imaging_series FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER imaging_series_is_touched BEFORE UPDATE ON care.imaging_series FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER imaging_series_keeps_former_versions AFTER UPDATE ON care.imaging_series FOR EACH ROW EXECUTE FUNCTION care.keep_former_version();  -- Trigger after each update: keeps the former row in care.history, and refuses to move a row to another patient.
CREATE TRIGGER imaging_series_stays_under_hold BEFORE DELETE ON care.imaging_series FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.imaging_series FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.imaging_series FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY granted ON care.imaging_series FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])));
CREATE POLICY maintenance ON care.imaging_series FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
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
CREATE INDEX clinical_report_unsigned_idx ON care.clinical_report USING btree (created_at) WHERE (status = 'preliminary'::text);
CREATE TRIGGER clinical_report_is_its_signers BEFORE UPDATE ON care.clinical_report FOR EACH ROW WHEN (((old.signed_by IS NOT NULL) AND (NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text)))) EXECUTE FUNCTION care.check_report_owner();  -- Trigger before a signed report is changed through the portal: by who signed it.
CREATE TRIGGER clinical_report_is_signed_in_person BEFORE INSERT OR UPDATE ON care.clinical_report FOR EACH ROW EXECUTE FUNCTION care.check_clinical_report();  -- Trigger: through the portal a report is signed by whoever acts, and now; only what was signed is corrected by another row.
CREATE TRIGGER clinical_report_is_stamped BEFORE INSERT OR UPDATE ON care.clinical_report FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER clinical_report_is_touched BEFORE UPDATE ON care.clinical_report FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER clinical_report_keeps_former_versions AFTER UPDATE ON care.clinical_report FOR EACH ROW EXECUTE FUNCTION care.keep_former_version();  -- Trigger after each update: keeps the former row in care.history, and refuses to move a row to another patient.
CREATE TRIGGER clinical_report_keeps_what_is_final BEFORE UPDATE ON care.clinical_report FOR EACH ROW EXECUTE FUNCTION care.keep_what_is_final();  -- Trigger before an update: what is final can be marked as an error and nothing else.
CREATE TRIGGER clinical_report_stays_under_hold BEFORE DELETE ON care.clinical_report FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.clinical_report FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.clinical_report FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY granted ON care.clinical_report FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])));
CREATE POLICY maintenance ON care.clinical_report FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
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
    CONSTRAINT prescription_pkey PRIMARY KEY (prescription_id),  -- This prescription is known already.
    CONSTRAINT prescription_id_with_patient_is_unique UNIQUE (patient_id, prescription_id),  -- This prescription is known already.
    CONSTRAINT prescription_encounter_fkey FOREIGN KEY (patient_id, encounter_id) REFERENCES care.encounter(patient_id, encounter_id),  -- Choose a visit of this patient.
    CONSTRAINT prescription_medication_fkey FOREIGN KEY (medication_id) REFERENCES care.medication(medication_id),  -- Choose a drug of the list.
    CONSTRAINT prescription_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT prescription_prescriber_fkey FOREIGN KEY (prescriber_id) REFERENCES care.provider(provider_id),  -- Choose one of the network's providers.
    CONSTRAINT prescription_dose_is_positive CHECK (((dose_quantity > (0)::numeric) AND (quantity >= dose_quantity))),  -- A dose is above zero, and a fill holds at least one.
    CONSTRAINT prescription_frequency_is_believable CHECK ((((times >= 1) AND (times <= 24)) AND (per_amount > (0)::numeric))),  -- Give one to 24 doses in a period of time.
    CONSTRAINT prescription_frequency_is_given CHECK ((as_needed OR (times IS NOT NULL))),  -- Say how often, or as needed.
    CONSTRAINT prescription_instructions_are_some CHECK ((instructions ~ '\S'::text)),  -- Say in words how to take it.
    CONSTRAINT prescription_per_unit_is_known CHECK ((per_unit = ANY (ARRAY['hour'::text, 'day'::text, 'week'::text, 'month'::text]))),  -- Choose hour, day, week or month.
    CONSTRAINT prescription_period_is_bounded CHECK (((NOT isempty(valid_during)) AND COALESCE((upper(valid_during) <= (lower(valid_during) + 366)), false))),  -- A prescription is valid for a year at most.
    CONSTRAINT prescription_refills_are_few CHECK (((refills_allowed >= 0) AND (refills_allowed <= 12))),  -- Up to twelve refills can be allowed.
    CONSTRAINT prescription_route_is_known CHECK ((route = ANY (ARRAY['oral'::text, 'sublingual'::text, 'inhaled'::text, 'nasal'::text, 'topical'::text, 'transdermal'::text, 'subcutaneous'::text, 'intramuscular'::text, 'intravenous'::text, 'rectal'::text, 'vaginal'::text, 'ophthalmic'::text, 'otic'::text]))),  -- Choose how it is taken.
    CONSTRAINT prescription_status_is_known CHECK ((status = ANY (ARRAY['draft'::text, 'active'::text, 'on_hold'::text, 'completed'::text, 'stopped'::text, 'entered_in_error'::text]))),  -- Choose how it stands.
    CONSTRAINT prescription_stop_says_why CHECK (((status <> ALL (ARRAY['stopped'::text, 'on_hold'::text])) OR COALESCE((status_reason ~ '\S'::text), false))),  -- Say why it was stopped.
    CONSTRAINT prescription_supply_is_believable CHECK (((days_supply >= 1) AND (days_supply <= 366)))  -- One fill is for 1 to 366 days.
);
CREATE INDEX prescription_encounter_idx ON care.prescription USING btree (patient_id, encounter_id);
CREATE INDEX prescription_patient_idx ON care.prescription USING btree (patient_id, authored_at);
CREATE INDEX prescription_prescriber_idx ON care.prescription USING btree (prescriber_id, authored_at);
CREATE TRIGGER prescription_is_by_a_provider_in_care BEFORE INSERT OR UPDATE OF prescriber_id, authored_at ON care.prescription FOR EACH ROW EXECUTE FUNCTION care.check_prescriber();  -- Trigger: a prescription is written by a provider in care, and through the portal in the own name and now.
CREATE TRIGGER prescription_is_its_prescribers BEFORE UPDATE ON care.prescription FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.check_prescription_owner();  -- Trigger before a prescription is changed through the portal: by its prescriber, or put on hold or stopped by another.
CREATE TRIGGER prescription_is_stamped BEFORE INSERT OR UPDATE ON care.prescription FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER prescription_is_touched BEFORE UPDATE ON care.prescription FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER prescription_keeps_former_versions AFTER UPDATE ON care.prescription FOR EACH ROW EXECUTE FUNCTION care.keep_former_version();  -- Trigger after each update: keeps the former row in care.history, and refuses to move a row to another patient.
CREATE TRIGGER prescription_keeps_what_was_filled BEFORE UPDATE ON care.prescription FOR EACH ROW EXECUTE FUNCTION care.check_prescription_change();  -- Trigger: what has been filled keeps its dose, and what has ended stays ended.
CREATE TRIGGER prescription_stays_under_hold BEFORE DELETE ON care.prescription FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.prescription FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.prescription FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY granted ON care.prescription FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])));
CREATE POLICY maintenance ON care.prescription FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
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
CREATE INDEX dispense_filled_idx ON care.dispense USING btree (filled_on);
CREATE INDEX dispense_patient_idx ON care.dispense USING btree (patient_id, filled_on);
CREATE INDEX dispense_prescription_idx ON care.dispense USING btree (prescription_id, filled_on);
CREATE TRIGGER dispense_is_stamped BEFORE INSERT OR UPDATE ON care.dispense FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER dispense_is_touched BEFORE UPDATE ON care.dispense FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER dispense_keeps_former_versions AFTER UPDATE ON care.dispense FOR EACH ROW EXECUTE FUNCTION care.keep_former_version();  -- Trigger after each update: keeps the former row in care.history, and refuses to move a row to another patient.
CREATE TRIGGER dispense_keeps_to_its_prescription BEFORE INSERT OR UPDATE ON care.dispense FOR EACH ROW EXECUTE FUNCTION care.check_dispense();  -- Trigger: a fill keeps to its prescription's days, quantity and refills, also beside another fill.
CREATE TRIGGER dispense_stays_under_hold BEFORE DELETE ON care.dispense FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.dispense FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.dispense FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY granted ON care.dispense FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])));
CREATE POLICY maintenance ON care.dispense FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
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
    behavioural boolean DEFAULT false NOT NULL,  -- True where its answers are of behavioural health.
    CONSTRAINT questionnaire_pkey PRIMARY KEY (questionnaire_id),  -- This questionnaire is known already.
    CONSTRAINT questionnaire_edition_is_unique UNIQUE (name, edition),  -- This edition is published already.
    CONSTRAINT questionnaire_citation_is_some CHECK (((citation ~ '\S'::text) AND (title ~ '\S'::text))),  -- Give a title, and say who published it.
    CONSTRAINT questionnaire_edition_is_positive CHECK ((edition >= 1)),  -- Editions begin at 1.
    CONSTRAINT questionnaire_items_are_questions CHECK (care.items_fit(items)),  -- Each question has an own link_id, a text and a known type, and a choice has options.
    CONSTRAINT questionnaire_name_is_snake_case CHECK ((name ~ '^[a-z][a-z0-9_]{1,40}$'::text)),  -- Write the name in small letters, digits and underscores.
    CONSTRAINT questionnaire_scoring_counts_its_items CHECK (care.scoring_fits(items, scoring))  -- A score counts choices of this questionnaire, in bands without gaps.
);
CREATE TRIGGER questionnaire_is_never_altered BEFORE UPDATE ON care.questionnaire FOR EACH ROW EXECUTE FUNCTION care.refuse_alteration();  -- Trigger before a change of what is only added to: refuses it.
ALTER TABLE care.questionnaire FORCE ROW LEVEL SECURITY;
CREATE POLICY everybody_reads ON care.questionnaire FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.questionnaire FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.questionnaire TO healthtrack_migrator;
GRANT SELECT ON care.questionnaire TO healthtrack_care;

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
CREATE TRIGGER questionnaire_response_is_stamped BEFORE INSERT OR UPDATE ON care.questionnaire_response FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER questionnaire_response_is_touched BEFORE UPDATE ON care.questionnaire_response FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER questionnaire_response_keeps_former_versions AFTER UPDATE ON care.questionnaire_response FOR EACH ROW EXECUTE FUNCTION care.keep_former_version();  -- Trigger after each update: keeps the former row in care.history, and refuses to move a row to another patient.
CREATE TRIGGER questionnaire_response_stays_under_hold BEFORE DELETE ON care.questionnaire_response FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
CREATE TRIGGER response_is_completed_once BEFORE INSERT OR UPDATE ON care.questionnaire_response FOR EACH ROW EXECUTE FUNCTION care.check_response();  -- Trigger: answers are complete when what is required is answered, and stay as they are then.
CREATE TRIGGER response_is_scored AFTER UPDATE ON care.questionnaire_response FOR EACH ROW WHEN (((new.status = 'completed'::text) AND (old.status <> 'completed'::text))) EXECUTE FUNCTION care.score_response();  -- Trigger: counts answers that have just been completed by their questionnaire's own rule.
ALTER TABLE care.questionnaire_response FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.questionnaire_response FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY granted ON care.questionnaire_response FOR SELECT TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])) AND (questionnaire_response_id <> ALL (( SELECT care.behavioural_responses() AS behavioural_responses)::uuid[]))));
CREATE POLICY maintenance ON care.questionnaire_response FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
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
    CONSTRAINT answer_pkey PRIMARY KEY (answer_id),  -- This answer is known already.
    CONSTRAINT answer_is_given_once UNIQUE (questionnaire_response_id, link_id),  -- This question is answered already: change that answer.
    CONSTRAINT answer_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT answer_response_fkey FOREIGN KEY (patient_id, questionnaire_response_id) REFERENCES care.questionnaire_response(patient_id, questionnaire_response_id),  -- These are another patient's answers.
    CONSTRAINT answer_text_is_short CHECK ((length(value_text) <= 10000)),  -- An answer has 10,000 letters at most.
    CONSTRAINT answer_value_is_one CHECK ((num_nonnulls(value_on, value_boolean, value_number, value_text) = 1))  -- Give one answer.
);
CREATE INDEX answer_response_idx ON care.answer USING btree (patient_id, questionnaire_response_id);
CREATE TRIGGER answer_fits_its_question BEFORE INSERT OR UPDATE ON care.answer FOR EACH ROW EXECUTE FUNCTION care.check_answer();  -- Trigger: an answer fits its question, and changes only until all are complete.
CREATE TRIGGER answer_is_stamped BEFORE INSERT OR UPDATE ON care.answer FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER answer_is_touched BEFORE UPDATE ON care.answer FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER answer_keeps_former_versions AFTER UPDATE ON care.answer FOR EACH ROW EXECUTE FUNCTION care.keep_former_version();  -- Trigger after each update: keeps the former row in care.history, and refuses to move a row to another patient.
CREATE TRIGGER answer_stays_under_hold BEFORE DELETE ON care.answer FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.answer FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.answer FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY granted ON care.answer FOR SELECT TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])) AND (questionnaire_response_id <> ALL (( SELECT care.behavioural_responses() AS behavioural_responses)::uuid[]))));
CREATE POLICY maintenance ON care.answer FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
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
    CONSTRAINT score_pkey PRIMARY KEY (score_id),  -- This score is known already.
    CONSTRAINT score_is_counted_once UNIQUE (questionnaire_response_id, name, algorithm_version),  -- These answers have been counted already.
    CONSTRAINT score_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT score_response_fkey FOREIGN KEY (patient_id, questionnaire_response_id) REFERENCES care.questionnaire_response(patient_id, questionnaire_response_id),  -- These are another patient's answers.
    CONSTRAINT score_inputs_are_named CHECK ((jsonb_typeof(inputs) = 'object'::text)),  -- Inputs are given by name.
    CONSTRAINT score_is_published CHECK (((citation ~ '\S'::text) AND (algorithm ~ '\S'::text) AND (algorithm_version ~ '\S'::text))),  -- Say who published the score, and in which version.
    CONSTRAINT score_is_whole_or_says_what_is_missing CHECK ((((value IS NULL) = (cardinality(missing) > 0)) AND ((value IS NOT NULL) OR (band IS NULL))))  -- A score is shown when nothing is missing, and never before.
);
CREATE INDEX score_patient_idx ON care.score USING btree (patient_id, name, created_at);
CREATE TRIGGER score_is_never_altered BEFORE UPDATE ON care.score FOR EACH ROW EXECUTE FUNCTION care.refuse_alteration();  -- Trigger before a change of what is only added to: refuses it.
CREATE TRIGGER score_is_never_emptied BEFORE TRUNCATE ON care.score FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_alteration();  -- Trigger before a change of what is only added to: refuses it.
CREATE TRIGGER score_stays_under_hold BEFORE DELETE ON care.score FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.score FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.score FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY maintenance ON care.score FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.score FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.score TO healthtrack_migrator;
GRANT SELECT ON care.score TO healthtrack_care;

-- Former versions of rows of the record; the present one stands in its own table.
CREATE TABLE care.history (
    row_id uuid NOT NULL,  -- Key of the row in its table.
    patient_id uuid NOT NULL,  -- Whose.
    held_from timestamp with time zone NOT NULL,  -- When this version was written.
    superseded_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the next version took its place.
    version integer NOT NULL,  -- Which version it was.
    relation text NOT NULL,  -- The row's table, without its schema.
    changed_by text NOT NULL,  -- Account or program that wrote this version.
    superseded_by text NOT NULL,  -- Account or program that wrote the next.
    image jsonb NOT NULL,  -- The whole row as it was.
    CONSTRAINT history_pkey PRIMARY KEY (relation, row_id, version),  -- This version is kept already.
    CONSTRAINT history_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT history_ends_after_it_began CHECK ((superseded_at >= held_from)),  -- A version cannot end before it began.
    CONSTRAINT history_image_is_a_row CHECK ((jsonb_typeof(image) = 'object'::text))  -- A former version is a whole row.
);
CREATE INDEX history_patient_idx ON care.history USING btree (patient_id, superseded_at);
CREATE TRIGGER history_is_never_altered BEFORE UPDATE ON care.history FOR EACH ROW EXECUTE FUNCTION care.refuse_alteration();  -- Trigger before a change of what is only added to: refuses it.
CREATE TRIGGER history_is_never_emptied BEFORE TRUNCATE ON care.history FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_alteration();  -- Trigger before a change of what is only added to: refuses it.
CREATE TRIGGER history_stays_under_hold BEFORE DELETE ON care.history FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.history FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.history FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY maintenance ON care.history FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.history FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.history TO healthtrack_migrator;
GRANT SELECT ON care.history TO healthtrack_care;

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
--   age_band: Age today, as a band.
--   sex: Administrative gender.
--   patients: How many people, to the nearest 5.
CREATE VIEW care.insight_patients WITH (security_barrier=true) AS
 SELECT v.facility_id,
    care.age_band(p.born_on, CURRENT_DATE) AS age_band,
    p.sex,
    care.safe_count(count(DISTINCT p.patient_id)) AS patients
   FROM (care.appointment v
     JOIN care.patient p USING (patient_id))
  WHERE (( SELECT access.is_analyst() AS is_analyst) AND (v.status = 'completed'::text) AND (p.deceased_at IS NULL))
  GROUP BY v.facility_id, (care.age_band(p.born_on, CURRENT_DATE)), p.sex
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

-- Responses of behavioural health of patients who granted the chart to the actor, and not that.
CREATE OR REPLACE FUNCTION care.behavioural_responses()
 RETURNS uuid[]
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT coalesce(array_agg(r.questionnaire_response_id), '{}')
    FROM care.questionnaire_response r JOIN care.questionnaire q USING (questionnaire_id)
    WHERE q.behavioural AND r.patient_id = ANY (access.patients_granted('chart'))
      AND r.patient_id <> ALL (access.patients_granted('behavioural_health'))
$function$;
REVOKE EXECUTE ON FUNCTION care.behavioural_responses() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.behavioural_responses() TO healthtrack_care;

-- Trigger: an answer fits its question, and changes only until all are complete.
CREATE OR REPLACE FUNCTION care.check_answer()
 RETURNS trigger
 LANGUAGE plpgsql
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

-- Trigger: through the portal a report is signed by whoever acts, and now; only what was signed is corrected by another row.
CREATE OR REPLACE FUNCTION care.check_clinical_report()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    former text;
BEGIN
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

-- Trigger before a condition is stored: refuses a beginning before the birth or to come.
CREATE OR REPLACE FUNCTION care.check_dates_of_condition()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF NEW.onset_on > current_date + 1 OR EXISTS (
        SELECT FROM care.patient p WHERE p.patient_id = NEW.patient_id AND NEW.onset_on < p.born_on) THEN
        PERFORM care.refuse('condition_begins_within_a_life', 'A condition begins after its person was born, and not ahead.');
    END IF;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.check_dates_of_condition() FROM PUBLIC;

-- Trigger: a fill keeps to its prescription's days, quantity and refills, also beside another fill.
CREATE OR REPLACE FUNCTION care.check_dispense()
 RETURNS trigger
 LANGUAGE plpgsql
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

-- Trigger: only what was final is corrected by another row.
CREATE OR REPLACE FUNCTION care.check_lab_amendment()
 RETURNS trigger
 LANGUAGE plpgsql
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
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    may_change constant text[] :=
        '{status, status_reason, valid_during, refills_allowed, version, updated_at, updated_by}';
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

-- Trigger before a prescription is changed through the portal: by its prescriber, or put on hold or stopped by another.
CREATE OR REPLACE FUNCTION care.check_prescription_owner()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    free constant text[] := '{status,status_reason,version,updated_at,updated_by,created_at}';
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

-- Trigger before a provider records something through the portal: it bears the own name, and keeps the name that it bears.
CREATE OR REPLACE FUNCTION care.check_recorder()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    names uuid := (to_jsonb(NEW) ->> TG_ARGV[0])::uuid;
    named uuid := CASE TG_OP WHEN 'UPDATE' THEN (to_jsonb(OLD) ->> TG_ARGV[0])::uuid ELSE access.acting_provider() END;
BEGIN
    IF access.part() = 'provider' AND names IS DISTINCT FROM named AND (TG_OP = 'UPDATE' OR names IS NOT NULL) THEN
        PERFORM care.refuse(TG_TABLE_NAME || '_is_recorded_in_person', 'A provider records in the own name only.');
    END IF;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.check_recorder() FROM PUBLIC;

-- Trigger before a signed report is changed through the portal: by who signed it.
CREATE OR REPLACE FUNCTION care.check_report_owner()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF access.acting_provider() IS DISTINCT FROM OLD.signed_by THEN
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

-- Trigger before a result is stored: refuses a unit that its LOINC code does not have.
CREATE OR REPLACE FUNCTION care.check_unit_of_result()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    -- An annotation changes nothing of a unit.
    units text[] := (SELECT array_agg(regexp_replace(known.unit, '\{[^}]*\}', '', 'g')) FROM care.loinc_unit AS known
                     WHERE known.loinc = NEW.loinc);
BEGIN
    IF NEW.unit IS NULL OR coalesce(regexp_replace(NEW.unit, '\{[^}]*\}', '', 'g') = ANY (units), true) THEN
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

-- Trigger after each update: keeps the former row in care.history, and refuses to move a row to another patient.
CREATE OR REPLACE FUNCTION care.keep_former_version()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    image constant jsonb := to_jsonb(OLD);
BEGIN
    IF NEW.patient_id <> OLD.patient_id THEN
        PERFORM care.refuse('record_stays_with_its_patient',
            'This stands in one patient''s record and cannot move: mark it as an error and write it anew.');
    END IF;
    INSERT INTO care.history (relation, row_id, patient_id, version, held_from, superseded_at, changed_by,
                              superseded_by, image)
    VALUES (TG_TABLE_NAME, (image ->> (TG_TABLE_NAME || '_id'))::uuid, OLD.patient_id, OLD.version, OLD.updated_at,
            NEW.updated_at, OLD.updated_by, NEW.updated_by, image);
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION care.keep_former_version() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.keep_former_version() TO healthtrack_care, healthtrack_migrator;

-- Trigger before an update: what is final can be marked as an error and nothing else.
CREATE OR REPLACE FUNCTION care.keep_what_is_final()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    bookkeeping constant text[] := '{status, version, updated_at, updated_by, flag}';
BEGIN
    IF OLD.status IN ('final', 'amended', 'entered_in_error')
       AND (NEW.status NOT IN (OLD.status, 'entered_in_error')
            OR to_jsonb(NEW) - bookkeeping <> to_jsonb(OLD) - bookkeeping) THEN
        PERFORM care.refuse(TG_TABLE_NAME || '_that_is_final_is_not_altered',
            'This is final: write a correction that names it.');
    END IF;
    RETURN NEW;
END $function$;

-- Trigger before a change of what is only added to: refuses it.
CREATE OR REPLACE FUNCTION care.refuse_alteration()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    PERFORM care.refuse(TG_TABLE_NAME || '_is_never_altered', 'What is written here is kept as it was written.');
END $function$;

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
        SELECT c.code_system, c.code, care.age_band(p.born_on, current_date), p.sex,
               care.safe_count(count(DISTINCT p.patient_id))
        FROM care.condition c JOIN care.patient p USING (patient_id)
        WHERE p.deceased_at IS NULL AND c.verification_status = 'confirmed'
          AND c.clinical_status IN ('active', 'recurrence', 'relapse')
        GROUP BY 1, 2, 3, 4 HAVING count(DISTINCT p.patient_id) >= 11;
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

-- Adds a condition that the acting provider found; gives its key.
CREATE OR REPLACE FUNCTION api.add_condition(token text, patient uuid, encounter uuid, code_system text, code text, title text, clinical_status text, verification_status text, severity text, onset_on date, note text, behavioural boolean)
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
                                     verification_status, severity, onset_on, note, behavioural)
    VALUES (patient, encounter, access.acting_provider(), add_condition.code_system, add_condition.code, add_condition.title,
            add_condition.clinical_status, add_condition.verification_status, add_condition.severity,
            add_condition.onset_on, add_condition.note, add_condition.behavioural)
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
REVOKE EXECUTE ON FUNCTION api.add_condition(text,uuid,uuid,text,text,text,text,text,text,date,text,boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.add_condition(text,uuid,uuid,text,text,text,text,text,text,date,text,boolean) TO healthtrack_portal;

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

-- Writes a prescription that is valid at once; gives its key. Without times it is taken as needed.
CREATE OR REPLACE FUNCTION api.prescribe(token text, patient uuid, medication uuid, prescriber uuid, encounter uuid, dose_quantity double precision, dose_unit text, route text, times smallint, per_amount double precision, per_unit text, instructions text, quantity double precision, days_supply smallint, refills_allowed smallint, valid_from date, valid_until date)
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
        route, times, per_amount, per_unit, as_needed, instructions, quantity, days_supply, refills_allowed, valid_during)
    VALUES (patient, medication, prescriber, encounter, prescribe.dose_quantity, prescribe.dose_unit, prescribe.route,
        prescribe.times, prescribe.per_amount, prescribe.per_unit, prescribe.times IS NULL, prescribe.instructions,
        prescribe.quantity, prescribe.days_supply, prescribe.refills_allowed, daterange(valid_from, valid_until))
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
REVOKE EXECUTE ON FUNCTION api.prescribe(text,uuid,uuid,uuid,uuid,double precision,text,text,smallint,double precision,text,text,double precision,smallint,smallint,date,date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.prescribe(text,uuid,uuid,uuid,uuid,double precision,text,text,smallint,double precision,text,text,double precision,smallint,smallint,date,date) TO healthtrack_portal;

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
    FROM care.history h WHERE h.patient_id = patient AND (before IS NULL OR
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
