-- Plans, goals, programmes and the journal.
--
-- Written by `healthtrack schema docs` from the database's catalog; to be read, not run. Do not edit.

-- Personal plan of one patient, agreed with a provider.
CREATE TABLE care.care_plan (
    care_plan_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- Whose plan it is.
    provider_id uuid NOT NULL,  -- Who answers for it.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    title text NOT NULL,  -- What it is about, in a few words.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT care_plan_pkey PRIMARY KEY (care_plan_id),  -- This plan is known already.
    CONSTRAINT care_plan_id_with_patient_is_unique UNIQUE (patient_id, care_plan_id),  -- This plan is known already.
    CONSTRAINT care_plan_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT care_plan_provider_fkey FOREIGN KEY (provider_id) REFERENCES care.provider(provider_id),  -- Choose one of the network's providers.
    CONSTRAINT care_plan_title_is_some CHECK (((title ~ '\S'::text) AND (length(title) <= 200)))  -- Give the plan a title of 200 letters at most.
);
CREATE INDEX care_plan_provider_idx ON care.care_plan USING btree (provider_id);
CREATE TRIGGER care_plan_is_not_of_a_joined_record AFTER INSERT ON care.care_plan REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER care_plan_is_stamped BEFORE INSERT OR UPDATE ON care.care_plan FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER care_plan_is_touched BEFORE UPDATE ON care.care_plan FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER care_plan_stays_under_hold BEFORE DELETE ON care.care_plan FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.care_plan FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.care_plan FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY granted ON care.care_plan FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])));
CREATE POLICY maintenance ON care.care_plan FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.care_plan FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.care_plan TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.care_plan TO healthtrack_care;

-- One edition of a plan; its words never change.
CREATE TABLE care.care_plan_version (
    care_plan_version_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- Whose plan it is.
    care_plan_id uuid NOT NULL,  -- Which plan.
    author_id uuid NOT NULL,  -- Provider who wrote it.
    activated_at timestamp with time zone,  -- Since when it is followed; null for one that never was.
    ended_at timestamp with time zone,  -- Since when it is no longer followed; null before.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    edition integer NOT NULL,  -- 1 for the first one of its plan, and so on.
    status text DEFAULT 'draft'::text NOT NULL,  -- draft, active or ended; it only goes forward.
    summary text NOT NULL,  -- What is to be done, in words.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT care_plan_version_pkey PRIMARY KEY (care_plan_version_id),  -- This edition is known already.
    CONSTRAINT care_plan_version_edition_is_unique UNIQUE (care_plan_id, edition),  -- Somebody wrote that edition just now: try again.
    CONSTRAINT care_plan_version_is_active_once EXCLUDE USING btree (care_plan_id WITH =) WHERE ((status = 'active'::text)),  -- Another edition of this plan is active: end that first.
    CONSTRAINT care_plan_version_author_fkey FOREIGN KEY (author_id) REFERENCES care.provider(provider_id),  -- Choose one of the network's providers.
    CONSTRAINT care_plan_version_plan_fkey FOREIGN KEY (patient_id, care_plan_id) REFERENCES care.care_plan(patient_id, care_plan_id),  -- Choose a plan of this patient.
    CONSTRAINT care_plan_version_edition_is_positive CHECK ((edition >= 1)),  -- Editions are counted from 1.
    CONSTRAINT care_plan_version_status_is_known CHECK ((status = ANY (ARRAY['draft'::text, 'active'::text, 'ended'::text]))),  -- Choose draft, active or ended.
    CONSTRAINT care_plan_version_summary_is_some CHECK (((summary ~ '\S'::text) AND (length(summary) <= 20000))),  -- Say what is to be done, in 20000 letters at most.
    CONSTRAINT care_plan_version_times_fit_its_status CHECK ( CASE status WHEN 'draft'::text THEN ((activated_at IS NULL) AND (ended_at IS NULL)) WHEN 'active'::text THEN ((activated_at IS NOT NULL) AND (ended_at IS NULL)) ELSE (ended_at >= COALESCE(activated_at, ended_at)) END)  -- A draft has no times, an active edition has begun, and an ended one has ended after that.
);
CREATE INDEX care_plan_version_author_idx ON care.care_plan_version USING btree (author_id);
CREATE INDEX care_plan_version_plan_idx ON care.care_plan_version USING btree (patient_id, care_plan_id);
CREATE TRIGGER care_plan_is_in_the_membership BEFORE INSERT OR UPDATE OF status ON care.care_plan_version FOR EACH ROW WHEN (((NOT access.erasing()) AND ((new.status = 'active'::text) AND (NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))))) EXECUTE FUNCTION care.check_personal_plan();  -- Trigger before an edition becomes active: refuses it where the membership of today has no personal plans.
CREATE TRIGGER care_plan_version_is_kept BEFORE UPDATE ON care.care_plan_version FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.keep_plan_version();  -- Trigger before each update of an edition: its words stay, its status goes forward.
CREATE TRIGGER care_plan_version_is_not_of_a_joined_record AFTER INSERT ON care.care_plan_version REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER care_plan_version_is_stamped BEFORE INSERT OR UPDATE ON care.care_plan_version FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER care_plan_version_is_touched BEFORE UPDATE ON care.care_plan_version FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER care_plan_version_stays_under_hold BEFORE DELETE ON care.care_plan_version FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.care_plan_version FORCE ROW LEVEL SECURITY;
CREATE POLICY author_is_the_actor ON care.care_plan_version AS RESTRICTIVE FOR INSERT TO healthtrack_care WITH CHECK ((pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text) OR (author_id = ( SELECT care.acting_provider() AS acting_provider))));
CREATE POLICY care ON care.care_plan_version FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY granted ON care.care_plan_version FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])));
CREATE POLICY maintenance ON care.care_plan_version FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.care_plan_version FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.care_plan_version TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.care_plan_version TO healthtrack_care;

-- Something that is to be done by a plan.
CREATE TABLE care.care_plan_activity (
    care_plan_activity_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- Whose plan it is.
    care_plan_id uuid NOT NULL,  -- Of which plan.
    goal_id uuid,  -- Which goal it serves; null where it serves none in particular.
    provider_id uuid,  -- Who does it; null where the patient does.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    due_during daterange NOT NULL,  -- The days on which it is to be done; no upper bound where it goes on.
    kind text NOT NULL,  -- visit, medication, exercise, nutrition, measurement, education, counselling or other.
    title text NOT NULL,  -- What is to be done.
    status text DEFAULT 'not_started'::text NOT NULL,  -- not_started, in_progress, on_hold, completed, cancelled or entered_in_error.
    status_reason text,  -- Why it is on hold, cancelled or an error; null where nothing was said.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT care_plan_activity_pkey PRIMARY KEY (care_plan_activity_id),  -- This activity is known already.
    CONSTRAINT care_plan_activity_goal_fkey FOREIGN KEY (patient_id, goal_id) REFERENCES care.goal(patient_id, goal_id),  -- Choose a goal of this patient.
    CONSTRAINT care_plan_activity_plan_fkey FOREIGN KEY (patient_id, care_plan_id) REFERENCES care.care_plan(patient_id, care_plan_id),  -- Choose a plan of this patient.
    CONSTRAINT care_plan_activity_provider_fkey FOREIGN KEY (provider_id) REFERENCES care.provider(provider_id),  -- Choose one of the network's providers.
    CONSTRAINT care_plan_activity_kind_is_known CHECK ((kind = ANY (ARRAY['visit'::text, 'medication'::text, 'exercise'::text, 'nutrition'::text, 'measurement'::text, 'education'::text, 'counselling'::text, 'other'::text]))),  -- Choose one of the known kinds of activities.
    CONSTRAINT care_plan_activity_period_is_half_open CHECK (((NOT isempty(due_during)) AND lower_inc(due_during) AND (NOT upper_inc(due_during)))),  -- An activity has a first day, and ends after it.
    CONSTRAINT care_plan_activity_status_is_known CHECK ((status = ANY (ARRAY['not_started'::text, 'in_progress'::text, 'on_hold'::text, 'completed'::text, 'cancelled'::text, 'entered_in_error'::text]))),  -- Choose how far it is.
    CONSTRAINT care_plan_activity_stop_says_why CHECK (((status <> ALL (ARRAY['on_hold'::text, 'cancelled'::text, 'entered_in_error'::text])) OR COALESCE((status_reason ~ '\S'::text), false))),  -- Say why it is on hold, cancelled or an error.
    CONSTRAINT care_plan_activity_title_is_some CHECK (((title ~ '\S'::text) AND (length(title) <= 200)))  -- Say what is to be done, in 200 letters at most.
);
CREATE INDEX care_plan_activity_goal_idx ON care.care_plan_activity USING btree (patient_id, goal_id);
CREATE INDEX care_plan_activity_plan_idx ON care.care_plan_activity USING btree (patient_id, care_plan_id);
CREATE INDEX care_plan_activity_provider_idx ON care.care_plan_activity USING btree (provider_id);
CREATE TRIGGER care_plan_activity_is_agreed BEFORE INSERT OR UPDATE ON care.care_plan_activity FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.check_care_plan_activity();  -- Trigger before an activity is stored or changed: its goal is of its plan, the patient says only how far the own ones are, and what is over stays.
CREATE TRIGGER care_plan_activity_is_not_of_a_joined_record AFTER INSERT ON care.care_plan_activity REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER care_plan_activity_is_stamped BEFORE INSERT OR UPDATE ON care.care_plan_activity FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER care_plan_activity_is_touched BEFORE UPDATE ON care.care_plan_activity FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER care_plan_activity_keeps_former_versions AFTER UPDATE ON care.care_plan_activity FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.keep_former_version();  -- Trigger after each update: keeps the former row in care.record_version, and refuses to move a row to another patient.
CREATE TRIGGER care_plan_activity_stays_under_hold BEFORE DELETE ON care.care_plan_activity FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.care_plan_activity FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.care_plan_activity FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY granted ON care.care_plan_activity FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])));
CREATE POLICY maintenance ON care.care_plan_activity FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.care_plan_activity FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.care_plan_activity TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.care_plan_activity TO healthtrack_care;

-- What a patient wants to reach each day or week.
CREATE TABLE care.goal (
    goal_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- Whose goal it is.
    care_plan_id uuid,  -- Plan that it belongs to; null for the patient's own.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    target double precision NOT NULL,  -- What is to be reached, in unit.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    manual boolean GENERATED ALWAYS AS ((metric IS NULL)) STORED,  -- True where no device measures it, so that it has entries.
    pursued_during daterange NOT NULL,  -- Half-open period of local days, ten years at most.
    per text NOT NULL,  -- day or week (from Monday): what the target is for.
    measure text NOT NULL,  -- What is made of a day's or week's values: sum, average, minimum, maximum, last or count.
    comparator text NOT NULL,  -- at_least or at_most the target.
    metric text,  -- Metric of the catalogue; null where no device measures it.
    unit text NOT NULL,  -- Unit of target; the metric's own, and 1 for a count.
    title text NOT NULL,  -- In the patient's words.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT goal_pkey PRIMARY KEY (goal_id),  -- This goal is known already.
    CONSTRAINT goal_id_with_manual_is_unique UNIQUE (patient_id, goal_id, manual),  -- This goal is known already.
    CONSTRAINT goal_id_with_patient_is_unique UNIQUE (patient_id, goal_id),  -- This goal is known already.
    CONSTRAINT goal_metric_fkey FOREIGN KEY (metric) REFERENCES signal.metric(name),  -- Choose a metric of the catalogue.
    CONSTRAINT goal_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT goal_plan_fkey FOREIGN KEY (patient_id, care_plan_id) REFERENCES care.care_plan(patient_id, care_plan_id),  -- Choose a plan of this patient.
    CONSTRAINT goal_comparator_is_known CHECK ((comparator = ANY (ARRAY['at_least'::text, 'at_most'::text]))),  -- Choose at_least or at_most.
    CONSTRAINT goal_measure_is_known CHECK ((measure = ANY (ARRAY['sum'::text, 'average'::text, 'minimum'::text, 'maximum'::text, 'last'::text, 'count'::text]))),  -- Choose sum, average, minimum, maximum, last or count.
    CONSTRAINT goal_per_is_known CHECK ((per = ANY (ARRAY['day'::text, 'week'::text]))),  -- Choose day or week.
    CONSTRAINT goal_period_is_half_open CHECK (((NOT isempty(pursued_during)) AND lower_inc(pursued_during) AND (NOT upper_inc(pursued_during)) AND ((upper(pursued_during) - lower(pursued_during)) <= 3660) AND (NOT upper_inf(pursued_during)))),  -- A goal has a first day, and ends after it within ten years.
    CONSTRAINT goal_target_is_a_number CHECK (((target > '-Infinity'::double precision) AND (target < 'Infinity'::double precision))),  -- Give the target as a number.
    CONSTRAINT goal_title_is_some CHECK (((title ~ '\S'::text) AND (length(title) <= 200))),  -- Give the goal a title of 200 letters at most.
    CONSTRAINT goal_unit_is_some CHECK ((unit ~ '^\S{1,40}$'::text))  -- Give the unit of the target, without spaces.
);
CREATE INDEX goal_metric_idx ON care.goal USING btree (metric);
CREATE INDEX goal_plan_idx ON care.goal USING btree (care_plan_id);
CREATE TRIGGER goal_fits_its_metric BEFORE INSERT OR UPDATE ON care.goal FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.fit_goal_to_metric();  -- Trigger before a goal is written: its unit is that of its metric, which is numeric.
CREATE TRIGGER goal_is_not_of_a_joined_record AFTER INSERT ON care.goal REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER goal_is_stamped BEFORE INSERT OR UPDATE ON care.goal FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER goal_is_touched BEFORE UPDATE ON care.goal FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER goal_stays_under_hold BEFORE DELETE ON care.goal FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.goal FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.goal FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY granted ON care.goal FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])));
CREATE POLICY maintenance ON care.goal FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.goal FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.goal TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.goal TO healthtrack_care;

-- What the patient did for a goal that no device measures.
CREATE TABLE care.goal_entry (
    goal_entry_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- Whose goal it is.
    goal_id uuid NOT NULL,  -- Which goal.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    value double precision NOT NULL,  -- How much, in the goal's unit.
    done_on date NOT NULL,  -- Local day on which it was done.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    manual boolean GENERATED ALWAYS AS (true) STORED,  -- Always true: part of the key to a goal without a metric.
    note text,  -- In the patient's words; null where nothing was said.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT goal_entry_pkey PRIMARY KEY (goal_entry_id),  -- This entry is known already.
    CONSTRAINT goal_entry_goal_is_manual_fkey FOREIGN KEY (patient_id, goal_id, manual) REFERENCES care.goal(patient_id, goal_id, manual),  -- Choose a goal of this patient that no device measures.
    CONSTRAINT goal_entry_note_is_short CHECK ((length(note) <= 2000)),  -- Keep the note to 2000 letters.
    CONSTRAINT goal_entry_value_is_a_number CHECK (((value > '-Infinity'::double precision) AND (value < 'Infinity'::double precision)))  -- Give the value as a number.
);
CREATE INDEX goal_entry_goal_idx ON care.goal_entry USING btree (patient_id, goal_id, done_on);
CREATE TRIGGER goal_entry_is_not_of_a_joined_record AFTER INSERT ON care.goal_entry REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER goal_entry_is_stamped BEFORE INSERT OR UPDATE ON care.goal_entry FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER goal_entry_is_touched BEFORE UPDATE ON care.goal_entry FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER goal_entry_stays_under_hold BEFORE DELETE ON care.goal_entry FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.goal_entry FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.goal_entry FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY granted ON care.goal_entry FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])));
CREATE POLICY maintenance ON care.goal_entry FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.goal_entry FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.goal_entry TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.goal_entry TO healthtrack_care;

-- What was measured for a goal on a local day, kept before its samples leave for the archive.
CREATE TABLE care.goal_day (
    goal_id uuid NOT NULL,  -- Which goal.
    patient_id uuid NOT NULL,  -- Whose.
    kept_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was computed.
    parts bigint NOT NULL,  -- How many samples it is made of.
    total double precision NOT NULL,  -- Their sum.
    lowest double precision NOT NULL,  -- The least of them.
    highest double precision NOT NULL,  -- The greatest.
    latest double precision NOT NULL,  -- The last one.
    measured_on date NOT NULL,  -- The patient's own day.
    CONSTRAINT goal_day_pkey PRIMARY KEY (goal_id, measured_on),  -- This day is kept already.
    CONSTRAINT goal_day_goal_fkey FOREIGN KEY (patient_id, goal_id) REFERENCES care.goal(patient_id, goal_id),  -- Set the goal first.
    CONSTRAINT goal_day_is_made_of_something CHECK (((parts > 0) AND (lowest <= highest) AND ((latest >= lowest) AND (latest <= highest))))  -- A day is kept where something was measured.
);
CREATE TRIGGER goal_day_stays_under_hold BEFORE DELETE ON care.goal_day FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.goal_day FORCE ROW LEVEL SECURITY;
CREATE POLICY maintenance ON care.goal_day FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY rolled ON care.goal_day FOR ALL TO healthtrack_roller USING (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.goal_day TO healthtrack_migrator;
GRANT DELETE, SELECT ON care.goal_day TO healthtrack_roller;

-- Talk of provider and patient about a plan.
CREATE TABLE care.consultation (
    consultation_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- Whose plan it is.
    care_plan_id uuid NOT NULL,  -- Which plan.
    provider_id uuid NOT NULL,  -- Who gave it.
    appointment_id uuid,  -- Appointment at which it was held; null where there was none.
    held_at timestamp with time zone NOT NULL,  -- When it began.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    notes bytea,  -- What was said about the plan, sealed for this row with the patient's data key, and null where nothing was noted; what belongs to the record stands in care.note.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT consultation_pkey PRIMARY KEY (consultation_id),  -- This consultation is known already.
    CONSTRAINT consultation_of_an_appointment_is_once UNIQUE (care_plan_id, appointment_id),  -- That appointment has a consultation of this plan already.
    CONSTRAINT consultation_appointment_fkey FOREIGN KEY (patient_id, appointment_id) REFERENCES care.appointment(patient_id, appointment_id),  -- Choose an appointment of this patient.
    CONSTRAINT consultation_plan_fkey FOREIGN KEY (patient_id, care_plan_id) REFERENCES care.care_plan(patient_id, care_plan_id),  -- Choose a plan of this patient.
    CONSTRAINT consultation_provider_fkey FOREIGN KEY (provider_id) REFERENCES care.provider(provider_id),  -- Choose one of the network's providers.
    CONSTRAINT consultation_notes_are_sealed CHECK ((((octet_length(notes) >= 30) AND (octet_length(notes) <= 65565)) AND (substr(notes, 1, 1) = '\x01'::bytea)))  -- Notes are stored sealed, up to 64 KiB of them.
);
CREATE INDEX consultation_appointment_idx ON care.consultation USING btree (appointment_id);
CREATE INDEX consultation_plan_idx ON care.consultation USING btree (patient_id, care_plan_id, held_at);
CREATE INDEX consultation_provider_idx ON care.consultation USING btree (provider_id, held_at);
CREATE TRIGGER consultation_is_not_of_a_joined_record AFTER INSERT ON care.consultation REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER consultation_is_stamped BEFORE INSERT OR UPDATE ON care.consultation FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER consultation_is_touched BEFORE UPDATE ON care.consultation FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER consultation_stays_under_hold BEFORE DELETE ON care.consultation FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.consultation FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.consultation FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY granted ON care.consultation FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])));
CREATE POLICY maintenance ON care.consultation FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.consultation FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
CREATE POLICY provider_is_the_actor ON care.consultation AS RESTRICTIVE FOR INSERT TO healthtrack_care WITH CHECK ((pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text) OR (provider_id = ( SELECT care.acting_provider() AS acting_provider))));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.consultation TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.consultation TO healthtrack_care;

-- One run of a wellness programme, of a facility or of the whole network.
CREATE TABLE care.programme (
    programme_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    facility_id uuid,  -- Facility that runs it; null for one of the whole network.
    provider_id uuid,  -- Provider who leads it; null where nobody of the network does.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    capacity integer NOT NULL,  -- Seats.
    seats_taken integer DEFAULT 0 NOT NULL,  -- Enrolled and completed; kept by a trigger, never written by hand.
    sessions_needed integer NOT NULL,  -- Sessions that one must attend to complete it.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    enrolment_during tstzrange NOT NULL,  -- Half-open period in which one can enrol.
    runs_during daterange NOT NULL,  -- Half-open period of its days.
    topic text NOT NULL,  -- What it is about, in one word: nutrition, sleep, movement …
    title text NOT NULL,  -- Name.
    description text NOT NULL,  -- What one does there.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT programme_pkey PRIMARY KEY (programme_id),  -- This programme is known already.
    CONSTRAINT programme_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility(facility_id),  -- Choose one of the network's facilities.
    CONSTRAINT programme_provider_fkey FOREIGN KEY (provider_id) REFERENCES care.provider(provider_id),  -- Choose one of the network's providers.
    CONSTRAINT programme_capacity_is_believable CHECK (((capacity >= 1) AND (capacity <= 10000))),  -- Give 1 to 10000 seats.
    CONSTRAINT programme_description_is_short CHECK ((length(description) <= 20000)),  -- Keep the description to 20000 letters.
    CONSTRAINT programme_enrolment_is_half_open CHECK (((NOT isempty(enrolment_during)) AND lower_inc(enrolment_during) AND (NOT upper_inc(enrolment_during)) AND (NOT upper_inf(enrolment_during)))),  -- Enrolment has a beginning, and ends after it.
    CONSTRAINT programme_has_a_seat_for_each CHECK (((seats_taken >= 0) AND (seats_taken <= capacity))),  -- Every seat of this programme is taken.
    CONSTRAINT programme_needs_some_sessions CHECK (((sessions_needed >= 1) AND (sessions_needed <= 1000))),  -- Say how many sessions complete the programme, 1 to 1000.
    CONSTRAINT programme_period_is_half_open CHECK (((NOT isempty(runs_during)) AND lower_inc(runs_during) AND (NOT upper_inc(runs_during)) AND (NOT upper_inf(runs_during)))),  -- A programme has a first day, and ends after it.
    CONSTRAINT programme_title_is_some CHECK (((title ~ '\S'::text) AND (length(title) <= 200))),  -- Give the programme a title of 200 letters at most.
    CONSTRAINT programme_topic_is_snake_case CHECK ((topic ~ '^[a-z][a-z0-9_]{1,40}$'::text))  -- Name the topic by small letters, digits and underscores.
);
CREATE INDEX programme_facility_idx ON care.programme USING btree (facility_id);
CREATE INDEX programme_provider_idx ON care.programme USING btree (provider_id);
CREATE TRIGGER programme_fills_its_seats AFTER UPDATE OF capacity ON care.programme FOR EACH ROW WHEN ((new.capacity > old.capacity)) EXECUTE FUNCTION care.fill_new_seats();  -- Trigger after a programme's capacity has changed: admits those who wait.
CREATE TRIGGER programme_is_stamped BEFORE INSERT OR UPDATE ON care.programme FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER programme_is_touched BEFORE UPDATE ON care.programme FOR EACH ROW WHEN ((old.seats_taken = new.seats_taken)) EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER programme_move_is_noted AFTER UPDATE OF facility_id ON care.programme FOR EACH ROW WHEN ((old.facility_id IS DISTINCT FROM new.facility_id)) EXECUTE FUNCTION care.note_move();  -- Trigger after a programme or a session has moved to another facility: its days are to be counted at both.
ALTER TABLE care.programme FORCE ROW LEVEL SECURITY;
CREATE POLICY administrator ON care.programme FOR ALL TO healthtrack_care USING ((( SELECT access.part() AS part) = 'network_admin'::text)) WITH CHECK ((( SELECT access.part() AS part) = 'network_admin'::text));
CREATE POLICY everybody_reads ON care.programme FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.programme FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY manager ON care.programme FOR ALL TO healthtrack_care USING (((( SELECT access.part() AS part) = 'facility_manager'::text) AND (facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[])))) WITH CHECK (((( SELECT access.part() AS part) = 'facility_manager'::text) AND (facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[]))));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.programme TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.programme TO healthtrack_care;

-- One meeting of a programme.
CREATE TABLE care.programme_session (
    programme_session_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    programme_id uuid NOT NULL,  -- Which programme.
    facility_id uuid,  -- Where; null for one online or outdoors.
    room_id uuid,  -- In which room of it; null where none is needed.
    provider_id uuid,  -- Who holds it; null where nobody of the network does.
    cancelled_at timestamp with time zone,  -- When it was called off; null unless it was.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    during tstzrange NOT NULL,  -- Half-open period, a day at most.
    title text NOT NULL,  -- What it is about.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT programme_session_pkey PRIMARY KEY (programme_session_id),  -- This session is known already.
    CONSTRAINT programme_session_id_with_programme_is_unique UNIQUE (programme_id, programme_session_id),  -- This session is known already.
    CONSTRAINT programme_session_is_one_at_a_time EXCLUDE USING gist (programme_id WITH =, during WITH &&) WHERE ((cancelled_at IS NULL)),  -- The programme has another session at that time.
    CONSTRAINT programme_session_provider_is_free EXCLUDE USING gist (provider_id WITH =, during WITH &&) WHERE ((cancelled_at IS NULL)),  -- The provider holds another session at that time.
    CONSTRAINT programme_session_room_is_free EXCLUDE USING gist (room_id WITH =, during WITH &&) WHERE ((cancelled_at IS NULL)),  -- Another session has the room at that time: choose another.
    CONSTRAINT programme_session_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility(facility_id),  -- Choose one of the network's facilities.
    CONSTRAINT programme_session_programme_fkey FOREIGN KEY (programme_id) REFERENCES care.programme(programme_id),  -- Add the programme first.
    CONSTRAINT programme_session_provider_fkey FOREIGN KEY (provider_id) REFERENCES care.provider(provider_id),  -- Choose one of the network's providers.
    CONSTRAINT programme_session_room_fkey FOREIGN KEY (facility_id, room_id) REFERENCES care.room(facility_id, room_id),  -- Choose a room of that facility.
    CONSTRAINT programme_session_period_is_half_open CHECK (((NOT isempty(during)) AND lower_inc(during) AND (NOT upper_inc(during)) AND (upper(during) <= (lower(during) + '24:00:00'::interval)) AND (NOT upper_inf(during)))),  -- A session has a beginning, and ends after it within a day.
    CONSTRAINT programme_session_room_has_a_facility CHECK (((room_id IS NULL) OR (facility_id IS NOT NULL))),  -- Say in which facility the room is.
    CONSTRAINT programme_session_title_is_some CHECK (((title ~ '\S'::text) AND (length(title) <= 200)))  -- Give the session a title of 200 letters at most.
);
CREATE INDEX programme_session_facility_idx ON care.programme_session USING btree (facility_id, lower(during));
CREATE TRIGGER programme_session_is_stamped BEFORE INSERT OR UPDATE ON care.programme_session FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER programme_session_is_touched BEFORE UPDATE ON care.programme_session FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER programme_session_move_is_noted AFTER UPDATE OF facility_id ON care.programme_session FOR EACH ROW WHEN ((old.facility_id IS DISTINCT FROM new.facility_id)) EXECUTE FUNCTION care.note_move();  -- Trigger after a programme or a session has moved to another facility: its days are to be counted at both.
ALTER TABLE care.programme_session FORCE ROW LEVEL SECURITY;
CREATE POLICY administrator ON care.programme_session FOR ALL TO healthtrack_care USING ((( SELECT access.part() AS part) = 'network_admin'::text)) WITH CHECK ((( SELECT access.part() AS part) = 'network_admin'::text));
CREATE POLICY everybody_reads ON care.programme_session FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.programme_session FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY manager ON care.programme_session FOR ALL TO healthtrack_care USING ((programme_id = ANY (( SELECT care.programmes_managed() AS programmes_managed)::uuid[]))) WITH CHECK (((programme_id = ANY (( SELECT care.programmes_managed() AS programmes_managed)::uuid[])) AND ((facility_id IS NULL) OR (facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[])))));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.programme_session TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.programme_session TO healthtrack_care;

-- That a patient takes part in a programme, or waits for a seat.
CREATE TABLE care.enrolment (
    enrolment_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- Who.
    programme_id uuid NOT NULL,  -- In which programme.
    asked_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was asked for: who waits longest is admitted first.
    admitted_at timestamp with time zone,  -- When a seat was first given; null for who never had one.
    completed_at timestamp with time zone,  -- When the programme was completed; null before.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    admitted boolean GENERATED ALWAYS AS ((admitted_at IS NOT NULL)) STORED,  -- True once a seat was given: part of the key that attendance needs.
    status text NOT NULL,  -- waitlisted, enrolled, completed or withdrawn.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT enrolment_pkey PRIMARY KEY (enrolment_id),  -- This enrolment is known already.
    CONSTRAINT enrolment_id_with_admission_is_unique UNIQUE (patient_id, programme_id, enrolment_id, admitted),  -- This enrolment is known already.
    CONSTRAINT enrolment_id_with_patient_is_unique UNIQUE (patient_id, enrolment_id),  -- This enrolment is known already.
    CONSTRAINT enrolment_of_a_patient_is_one UNIQUE (programme_id, patient_id),  -- The patient is enrolled in this programme or waits for it already.
    CONSTRAINT enrolment_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT enrolment_programme_fkey FOREIGN KEY (programme_id) REFERENCES care.programme(programme_id),  -- Add the programme first.
    CONSTRAINT enrolment_is_admitted_before_it_counts CHECK (((admitted_at IS NOT NULL) OR (status = ANY (ARRAY['waitlisted'::text, 'withdrawn'::text])))),  -- Who takes part has been admitted.
    CONSTRAINT enrolment_is_completed_at_some_time CHECK (((status = 'completed'::text) = (completed_at IS NOT NULL))),  -- A completed enrolment has its time, and no other has one.
    CONSTRAINT enrolment_status_is_known CHECK ((status = ANY (ARRAY['waitlisted'::text, 'enrolled'::text, 'completed'::text, 'withdrawn'::text])))  -- Choose waitlisted, enrolled, completed or withdrawn.
);
CREATE INDEX enrolment_waiting_idx ON care.enrolment USING btree (programme_id, asked_at) WHERE (status = 'waitlisted'::text);
CREATE TRIGGER enrolment_is_kept BEFORE INSERT OR UPDATE ON care.enrolment FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.keep_enrolment();  -- Trigger before an enrolment is written: known steps only, and completed only by the programme's rule.
CREATE TRIGGER enrolment_is_not_of_a_joined_record AFTER INSERT ON care.enrolment REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER enrolment_is_noted AFTER INSERT OR DELETE OR UPDATE OF programme_id, admitted_at, status ON care.enrolment FOR EACH ROW EXECUTE FUNCTION care.note_enrolment();  -- Trigger after an enrolment is written: the day of its admission is to be counted.
CREATE TRIGGER enrolment_is_stamped BEFORE INSERT OR UPDATE ON care.enrolment FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER enrolment_is_touched BEFORE UPDATE ON care.enrolment FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER enrolment_stays_under_hold BEFORE DELETE ON care.enrolment FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
CREATE TRIGGER enrolment_takes_a_seat AFTER INSERT OR DELETE OR UPDATE OF status, programme_id ON care.enrolment FOR EACH ROW EXECUTE FUNCTION care.count_seat();  -- Trigger after an enrolment is written: counts the seats of its programme, whose check refuses one too many.
ALTER TABLE care.enrolment FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.enrolment FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY maintenance ON care.enrolment FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.enrolment FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
CREATE POLICY staff ON care.enrolment FOR SELECT TO healthtrack_care USING ((programme_id = ANY (( SELECT care.programmes_run() AS programmes_run)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.enrolment TO healthtrack_migrator;
GRANT SELECT ON care.enrolment TO healthtrack_care;

-- That a participant was at a session.
CREATE TABLE care.attendance (
    attendance_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- Who.
    programme_id uuid NOT NULL,  -- Of which programme.
    enrolment_id uuid NOT NULL,  -- By which enrolment.
    programme_session_id uuid NOT NULL,  -- At which session.
    attended_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was noted at the door.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    admitted boolean GENERATED ALWAYS AS (true) STORED,  -- Always true: part of the key to an enrolment that was admitted.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT attendance_pkey PRIMARY KEY (attendance_id),  -- This attendance is known already.
    CONSTRAINT attendance_is_once_a_session UNIQUE (enrolment_id, programme_session_id),  -- The participant is noted at this session already.
    CONSTRAINT attendance_enrolment_is_admitted_fkey FOREIGN KEY (patient_id, programme_id, enrolment_id, admitted) REFERENCES care.enrolment(patient_id, programme_id, enrolment_id, admitted),  -- Only who has a seat in this programme attends its sessions.
    CONSTRAINT attendance_session_fkey FOREIGN KEY (programme_id, programme_session_id) REFERENCES care.programme_session(programme_id, programme_session_id)  -- Choose a session of this programme.
);
CREATE INDEX attendance_patient_idx ON care.attendance USING btree (patient_id);
CREATE INDEX attendance_session_idx ON care.attendance USING btree (programme_session_id);
CREATE TRIGGER attendance_is_not_of_a_joined_record AFTER INSERT ON care.attendance REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER attendance_is_noted AFTER INSERT OR DELETE OR UPDATE ON care.attendance FOR EACH ROW EXECUTE FUNCTION care.note_attendance();  -- Trigger after an attendance is written: its day is to be counted.
CREATE TRIGGER attendance_is_stamped BEFORE INSERT OR UPDATE ON care.attendance FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER attendance_is_touched BEFORE UPDATE ON care.attendance FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER attendance_stays_under_hold BEFORE DELETE ON care.attendance FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.attendance FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.attendance FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY maintenance ON care.attendance FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.attendance FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
CREATE POLICY staff ON care.attendance FOR SELECT TO healthtrack_care USING ((programme_id = ANY (( SELECT care.programmes_run() AS programmes_run)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.attendance TO healthtrack_migrator;
GRANT SELECT ON care.attendance TO healthtrack_care;

-- What a participant has come to, by one measure.
CREATE TABLE care.progress_update (
    progress_update_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- Who.
    enrolment_id uuid NOT NULL,  -- In which programme.
    noted_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was so.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    value double precision NOT NULL,  -- How much, in unit.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    measure text NOT NULL,  -- What was measured: body_weight, mood …
    unit text NOT NULL,  -- Unit of value; 1 for a plain number.
    note text,  -- In the participant's words; null where nothing was said.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT progress_update_pkey PRIMARY KEY (progress_update_id),  -- This update is known already.
    CONSTRAINT progress_update_is_one_a_moment UNIQUE (enrolment_id, measure, noted_at),  -- This measure was noted for that moment already.
    CONSTRAINT progress_update_enrolment_fkey FOREIGN KEY (patient_id, enrolment_id) REFERENCES care.enrolment(patient_id, enrolment_id),  -- Choose an enrolment of this patient.
    CONSTRAINT progress_update_measure_is_snake_case CHECK ((measure ~ '^[a-z][a-z0-9_]{1,40}$'::text)),  -- Name the measure by small letters, digits and underscores.
    CONSTRAINT progress_update_note_is_short CHECK ((length(note) <= 2000)),  -- Keep the note to 2000 letters.
    CONSTRAINT progress_update_unit_is_some CHECK ((unit ~ '^\S{1,40}$'::text)),  -- Give the unit, without spaces.
    CONSTRAINT progress_update_value_is_a_number CHECK (((value > '-Infinity'::double precision) AND (value < 'Infinity'::double precision)))  -- Give the value as a number.
);
CREATE INDEX progress_update_patient_idx ON care.progress_update USING btree (patient_id, enrolment_id);
CREATE TRIGGER progress_update_is_not_of_a_joined_record AFTER INSERT ON care.progress_update REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER progress_update_is_stamped BEFORE INSERT OR UPDATE ON care.progress_update FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER progress_update_is_touched BEFORE UPDATE ON care.progress_update FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER progress_update_stays_under_hold BEFORE DELETE ON care.progress_update FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.progress_update FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.progress_update FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY granted ON care.progress_update FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])));
CREATE POLICY maintenance ON care.progress_update FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.progress_update FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.progress_update TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.progress_update TO healthtrack_care;

-- What a participant says of a programme.
CREATE TABLE care.programme_feedback (
    programme_feedback_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- Who.
    programme_id uuid NOT NULL,  -- Of which programme.
    enrolment_id uuid NOT NULL,  -- By which enrolment.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    rating smallint NOT NULL,  -- 1 (poor) to 5 (excellent).
    admitted boolean GENERATED ALWAYS AS (true) STORED,  -- Always true: part of the key to an enrolment that was admitted.
    comment text,  -- In words; null where nothing was said.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT programme_feedback_pkey PRIMARY KEY (programme_feedback_id),  -- This feedback is known already.
    CONSTRAINT programme_feedback_is_once UNIQUE (enrolment_id),  -- Feedback was given already: change that.
    CONSTRAINT programme_feedback_is_of_admitted_fkey FOREIGN KEY (patient_id, programme_id, enrolment_id, admitted) REFERENCES care.enrolment(patient_id, programme_id, enrolment_id, admitted),  -- Only who has a seat in this programme gives feedback.
    CONSTRAINT programme_feedback_comment_is_short CHECK ((length(comment) <= 4000)),  -- Keep the comment to 4000 letters.
    CONSTRAINT programme_feedback_rating_is_1_to_5 CHECK (((rating >= 1) AND (rating <= 5)))  -- Give 1 to 5.
);
CREATE INDEX programme_feedback_patient_idx ON care.programme_feedback USING btree (patient_id);
CREATE INDEX programme_feedback_programme_idx ON care.programme_feedback USING btree (programme_id);
CREATE TRIGGER programme_feedback_is_not_of_a_joined_record AFTER INSERT ON care.programme_feedback REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER programme_feedback_is_stamped BEFORE INSERT OR UPDATE ON care.programme_feedback FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER programme_feedback_is_touched BEFORE UPDATE ON care.programme_feedback FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER programme_feedback_stays_under_hold BEFORE DELETE ON care.programme_feedback FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.programme_feedback FORCE ROW LEVEL SECURITY;
CREATE POLICY maintenance ON care.programme_feedback FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.programme_feedback FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.programme_feedback TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.programme_feedback TO healthtrack_care;

-- Each programme, and how many enrolments the reader may see are in which state.
--   programme_id: Programme.
--   title: Its name.
--   capacity: Seats.
--   seats_taken: Seats taken, whoever reads.
--   seats_free: Seats free, whoever reads.
--   waitlisted: Who wait.
--   enrolled: Who take part and have not completed.
--   completed: Who have completed.
--   withdrawn: Who have withdrawn.
--   attendances: Sessions attended, all participants together.
CREATE VIEW care.programme_figures WITH (security_invoker=true) AS
 SELECT run.programme_id,
    run.title,
    run.capacity,
    run.seats_taken,
    (run.capacity - run.seats_taken) AS seats_free,
    count(*) FILTER (WHERE (taken.status = 'waitlisted'::text)) AS waitlisted,
    count(*) FILTER (WHERE (taken.status = 'enrolled'::text)) AS enrolled,
    count(*) FILTER (WHERE (taken.status = 'completed'::text)) AS completed,
    count(*) FILTER (WHERE (taken.status = 'withdrawn'::text)) AS withdrawn,
    (COALESCE(sum(taken.sessions_attended), (0)::numeric))::bigint AS attendances
   FROM (care.programme run
     LEFT JOIN care.programme_participation taken USING (programme_id))
  GROUP BY run.programme_id;
GRANT SELECT ON care.programme_figures TO healthtrack_care;

-- Each enrolment that the reader may see: what is needed, held and attended.
--   programme_id: Programme.
--   enrolment_id: Enrolment.
--   patient_id: Who takes part.
--   title: Name of the programme.
--   status: waitlisted, enrolled, completed or withdrawn.
--   asked_at: When it was asked for.
--   admitted_at: When a seat was first given; null for who never had one.
--   completed_at: When it was completed; null before.
--   sessions_needed: Sessions that complete it.
--   sessions_held: Sessions that have taken place until now.
--   sessions_attended: How many of them were attended.
--   rule_met: True once enough were attended.
CREATE VIEW care.programme_participation WITH (security_invoker=true) AS
 SELECT taken.programme_id,
    taken.enrolment_id,
    taken.patient_id,
    run.title,
    taken.status,
    taken.asked_at,
    taken.admitted_at,
    taken.completed_at,
    run.sessions_needed,
    held.sessions_held,
    seen.sessions_attended,
    (seen.sessions_attended >= run.sessions_needed) AS rule_met
   FROM (((care.enrolment taken
     JOIN care.programme run USING (programme_id))
     CROSS JOIN LATERAL ( SELECT count(*) AS sessions_held
           FROM care.programme_session session
          WHERE ((session.programme_id = taken.programme_id) AND (session.cancelled_at IS NULL) AND (upper(session.during) <= now()))) held)
     CROSS JOIN LATERAL ( SELECT count(*) AS sessions_attended
           FROM care.attendance
          WHERE (attendance.enrolment_id = taken.enrolment_id)) seen);
GRANT SELECT ON care.programme_participation TO healthtrack_care;

-- One entry of a journal, sealed.
CREATE TABLE care.journal_entry (
    journal_entry_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key, made by the program, which seals the words for it.
    patient_id uuid NOT NULL,  -- Who wrote it.
    written_at timestamp with time zone NOT NULL,  -- When it was written.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    mood smallint,  -- 1 (low) to 5 (high), in clear; null where nothing was said.
    body bytea NOT NULL,  -- Sealed for this row with the patient's data key.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT journal_entry_pkey PRIMARY KEY (journal_entry_id),  -- This entry is known already.
    CONSTRAINT journal_entry_id_with_patient_is_unique UNIQUE (patient_id, journal_entry_id),  -- This entry is known already.
    CONSTRAINT journal_entry_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT journal_entry_body_is_sealed CHECK ((((octet_length(body) >= 30) AND (octet_length(body) <= 65565)) AND (substr(body, 1, 1) = '\x01'::bytea))),  -- An entry is stored sealed, up to 64 KiB of it.
    CONSTRAINT journal_entry_mood_is_1_to_5 CHECK (((mood >= 1) AND (mood <= 5)))  -- Give the mood as 1 to 5, or not at all.
);
CREATE INDEX journal_entry_patient_idx ON care.journal_entry USING btree (patient_id, written_at DESC);
CREATE TRIGGER journal_entry_is_not_of_a_joined_record AFTER INSERT ON care.journal_entry REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER journal_entry_is_stamped BEFORE INSERT OR UPDATE ON care.journal_entry FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER journal_entry_is_touched BEFORE UPDATE ON care.journal_entry FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER journal_entry_stays_under_hold BEFORE DELETE ON care.journal_entry FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.journal_entry FORCE ROW LEVEL SECURITY;
CREATE POLICY maintenance ON care.journal_entry FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.journal_entry FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
CREATE POLICY shared ON care.journal_entry FOR SELECT TO healthtrack_care USING ((journal_entry_id = ANY (( SELECT care.entries_shared() AS entries_shared)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.journal_entry TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.journal_entry TO healthtrack_care;

-- That one entry is shown to one provider for a time.
CREATE TABLE care.journal_share (
    journal_share_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- Whose entry it is.
    journal_entry_id uuid NOT NULL,  -- Which entry.
    provider_id uuid NOT NULL,  -- Who may read it.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    shared_during tstzrange NOT NULL,  -- Half-open period; no upper bound until it is taken back.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT journal_share_pkey PRIMARY KEY (journal_share_id),  -- This share is known already.
    CONSTRAINT journal_share_is_not_repeated EXCLUDE USING gist (journal_entry_id WITH =, provider_id WITH =, shared_during WITH &&),  -- This entry is shared with that provider at that time already.
    CONSTRAINT journal_share_entry_fkey FOREIGN KEY (patient_id, journal_entry_id) REFERENCES care.journal_entry(patient_id, journal_entry_id),  -- Choose an entry of your own.
    CONSTRAINT journal_share_provider_fkey FOREIGN KEY (provider_id) REFERENCES care.provider(provider_id),  -- Choose one of the network's providers.
    CONSTRAINT journal_share_period_is_half_open CHECK (((NOT isempty(shared_during)) AND lower_inc(shared_during) AND (NOT upper_inc(shared_during))))  -- Sharing has a beginning, and ends after it.
);
CREATE INDEX journal_share_entry_idx ON care.journal_share USING btree (patient_id, journal_entry_id);
CREATE INDEX journal_share_provider_idx ON care.journal_share USING btree (provider_id);
CREATE TRIGGER journal_share_is_not_of_a_joined_record AFTER INSERT ON care.journal_share REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER journal_share_is_stamped BEFORE INSERT OR UPDATE ON care.journal_share FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER journal_share_is_touched BEFORE UPDATE ON care.journal_share FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER journal_share_stays_under_hold BEFORE DELETE ON care.journal_share FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.journal_share FORCE ROW LEVEL SECURITY;
CREATE POLICY maintenance ON care.journal_share FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.journal_share FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
CREATE POLICY shared ON care.journal_share FOR SELECT TO healthtrack_care USING (((provider_id = ( SELECT care.acting_provider() AS acting_provider)) AND (shared_during @> now()) AND (journal_entry_id = ANY (( SELECT care.entries_shared() AS entries_shared)::uuid[]))));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.journal_share TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.journal_share TO healthtrack_care;

-- Makes a draft the active edition of its plan and ends the one before, in one step.
CREATE OR REPLACE FUNCTION care.activate_care_plan(care_plan_version_id uuid)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
DECLARE
    plan   uuid;
    moment timestamptz;
BEGIN
    SELECT known.care_plan_id INTO plan FROM care.care_plan_version AS known WHERE known.care_plan_version_id = $1;
    PERFORM FROM care.care_plan AS known WHERE known.care_plan_id = plan FOR UPDATE;
    IF NOT FOUND THEN
        PERFORM care.refuse('care_plan_is_within_reach', 'There is no such plan of a patient in your care.');
    END IF;
    PERFORM FROM care.care_plan_version AS known WHERE known.care_plan_version_id = $1 AND known.status = 'draft';
    IF NOT FOUND THEN
        PERFORM care.refuse('care_plan_version_is_a_draft', 'Only a draft becomes active: write the next edition.');
    END IF;
    -- Who has waited for the lock began before the edition that was activated meanwhile.
    SELECT greatest(now(), max(known.activated_at)) INTO moment FROM care.care_plan_version AS known
    WHERE known.care_plan_id = plan;
    UPDATE care.care_plan_version AS known SET status = 'ended', ended_at = moment
    WHERE known.care_plan_id = plan AND known.status = 'active';
    UPDATE care.care_plan_version AS known SET status = 'active', activated_at = moment
    WHERE known.care_plan_version_id = $1;
END $function$;

-- Notes a participant at a session, by the programme's staff; the key.
CREATE OR REPLACE FUNCTION care.attend(programme_session_id uuid, patient_id uuid)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    session care.programme_session;
    place   uuid;
    made    uuid;
BEGIN
    SELECT * INTO session FROM care.programme_session AS known WHERE known.programme_session_id = $1;
    IF NOT coalesce(session.programme_id = ANY (care.programmes_run()), false) THEN
        PERFORM care.refuse('attendance_is_noted_by_staff', 'Only the programme''s own staff note who attends.');
    END IF;
    IF session.cancelled_at IS NOT NULL OR lower(session.during) > now() + INTERVAL '1 hour' THEN
        PERFORM care.refuse('attendance_is_of_a_session_that_takes_place',
            'Attendance is noted from an hour before a session, unless it is called off.');
    END IF;
    SELECT known.enrolment_id INTO place FROM care.enrolment AS known
    WHERE known.programme_id = session.programme_id AND known.patient_id = $2
      AND known.status IN ('enrolled', 'completed') FOR SHARE;
    IF NOT FOUND THEN
        PERFORM care.refuse('attendance_is_of_the_enrolled',
            'Only who has a seat in this programme attends its sessions.');
    END IF;
    INSERT INTO care.attendance AS noted (patient_id, programme_id, enrolment_id, programme_session_id)
    VALUES ($2, session.programme_id, place, $1) RETURNING noted.attendance_id INTO made;
    RETURN made;
END $function$;
REVOKE EXECUTE ON FUNCTION care.attend(uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.attend(uuid,uuid) TO healthtrack_care, healthtrack_migrator;

-- Trigger before an activity is stored or changed: its goal is of its plan, the patient says only how far the own ones are, and what is over stays.
CREATE OR REPLACE FUNCTION care.check_care_plan_activity()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    free constant text[] := '{status,version,updated_at,updated_by}';
BEGIN
    IF EXISTS (SELECT FROM care.goal g WHERE g.patient_id = NEW.patient_id AND g.goal_id = NEW.goal_id
                  AND g.care_plan_id <> NEW.care_plan_id) THEN
        PERFORM care.refuse('care_plan_activity_goal_is_of_its_plan', 'Choose a goal of the same plan.');
    END IF;
    IF access.part() = 'patient' AND (TG_OP = 'INSERT' OR NEW.provider_id IS NOT NULL
            OR NEW.status NOT IN (OLD.status, 'in_progress', 'completed') OR to_jsonb(NEW) - free <> to_jsonb(OLD) - free) THEN
        PERFORM care.refuse('care_plan_activity_is_agreed_with_a_provider',
            'Say of what you do yourself that it is begun or done, and agree on the rest with your provider.');
    ELSIF TG_OP = 'UPDATE' AND (OLD.status IN ('cancelled', 'entered_in_error')
            OR OLD.status = 'completed' AND NEW.status <> 'entered_in_error') THEN
        PERFORM care.refuse('care_plan_activity_that_is_over_stays', 'This activity is over: plan another one.');
    END IF;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.check_care_plan_activity() FROM PUBLIC;

-- Trigger before an edition becomes active: refuses it where the membership of today has no personal plans.
CREATE OR REPLACE FUNCTION care.check_personal_plan()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF NOT EXISTS (SELECT FROM care.membership m JOIN care.membership_plan p ON p.plan = m.plan
                   WHERE m.patient_id = NEW.patient_id AND m.valid_during @> now() AND p.personal_plans) THEN
        PERFORM care.refuse('care_plan_is_in_the_membership',
            'This membership has no personal plans: change it to one that does first.');
    END IF;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.check_personal_plan() FROM PUBLIC;

-- Completes an enrolment where enough sessions were attended, by the participant or the staff; when.
CREATE OR REPLACE FUNCTION care.complete_enrolment(enrolment_id uuid)
 RETURNS timestamp with time zone
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    moment timestamptz;
BEGIN
    UPDATE care.enrolment AS known SET status = 'completed'
    WHERE known.enrolment_id = $1 AND known.status = 'enrolled'
      AND (known.programme_id = ANY (care.programmes_run()) OR known.patient_id = ANY (access.own_patients()))
    RETURNING known.completed_at INTO moment;
    IF NOT FOUND THEN
        PERFORM care.refuse('completion_is_of_the_enrolled',
            'Only an enrolment of yours or of your programme, not completed yet, is completed.');
    END IF;
    RETURN moment;
END $function$;
REVOKE EXECUTE ON FUNCTION care.complete_enrolment(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.complete_enrolment(uuid) TO healthtrack_care, healthtrack_migrator;

-- Trigger after an enrolment is written: counts the seats of its programme, whose check refuses one too many.
CREATE OR REPLACE FUNCTION care.count_seat()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    before uuid := CASE WHEN TG_OP <> 'INSERT' AND OLD.status IN ('enrolled', 'completed') THEN OLD.programme_id END;
    after  uuid := CASE WHEN TG_OP <> 'DELETE' AND NEW.status IN ('enrolled', 'completed') THEN NEW.programme_id END;
BEGIN
    IF before IS DISTINCT FROM after THEN
        UPDATE care.programme SET seats_taken = seats_taken - 1 WHERE programme_id = before;
        UPDATE care.programme SET seats_taken = seats_taken + 1 WHERE programme_id = after;
    END IF;
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION care.count_seat() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.count_seat() TO healthtrack_care, healthtrack_migrator;

-- Writes the next edition of a plan as a draft, by the acting provider; its key.
CREATE OR REPLACE FUNCTION care.draft_care_plan(care_plan_id uuid, summary text)
 RETURNS uuid
 LANGUAGE plpgsql
AS $function$
DECLARE
    author uuid := care.acting_provider();
    person uuid;
    made   uuid;
BEGIN
    IF author IS NULL THEN
        PERFORM care.refuse('care_plan_author_is_a_provider', 'Only a provider writes a plan.');
    END IF;
    -- The plan's row is the lock under which its editions are numbered.
    SELECT patient_id INTO person FROM care.care_plan AS plan WHERE plan.care_plan_id = $1 FOR UPDATE;
    IF NOT FOUND THEN
        PERFORM care.refuse('care_plan_is_within_reach', 'There is no such plan of a patient in your care.');
    END IF;
    INSERT INTO care.care_plan_version AS told (patient_id, care_plan_id, author_id, edition, summary)
    SELECT person, $1, author, coalesce(max(known.edition), 0) + 1, $2
    FROM care.care_plan_version AS known WHERE known.care_plan_id = $1
    RETURNING told.care_plan_version_id INTO made;
    RETURN made;
END $function$;

-- Enrols a patient in a programme while it is open: 'enrolled' where a seat is free and nobody waits, else 'waitlisted'.
CREATE OR REPLACE FUNCTION care.enrol(programme_id uuid, patient_id uuid)
 RETURNS text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    run    care.programme;
    before text;
    place  text;
BEGIN
    IF NOT coalesce($2 = ANY (access.own_patients() || access.patients_in_care())
                    OR $1 = ANY (care.programmes_run()), false) THEN
        PERFORM care.refuse('enrolment_is_asked_by_who_may',
            'A patient enrols, or a provider in care or the programme''s own staff do it for the patient.');
    END IF;
    SELECT * INTO run FROM care.programme AS known WHERE known.programme_id = $1 FOR UPDATE;
    IF NOT FOUND OR NOT run.enrolment_during @> now() THEN
        PERFORM care.refuse('enrolment_is_open', 'This programme takes no enrolments now.');
    END IF;
    SELECT known.status INTO before FROM care.enrolment AS known
    WHERE known.programme_id = $1 AND known.patient_id = $2;
    IF before <> 'withdrawn' THEN
        PERFORM care.refuse('enrolment_of_a_patient_is_one',
            'The patient is enrolled in this programme or waits for it already.');
    END IF;
    place := CASE WHEN run.seats_taken < run.capacity AND NOT EXISTS (
        SELECT FROM care.enrolment AS waiting WHERE waiting.programme_id = $1 AND waiting.status = 'waitlisted')
        THEN 'enrolled' ELSE 'waitlisted' END;
    IF before IS NULL THEN
        INSERT INTO care.enrolment (patient_id, programme_id, status) VALUES ($2, $1, place);
    ELSE
        UPDATE care.enrolment AS known SET status = place, asked_at = now()
        WHERE known.programme_id = $1 AND known.patient_id = $2;
    END IF;
    RETURN place;
END $function$;
REVOKE EXECUTE ON FUNCTION care.enrol(uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.enrol(uuid,uuid) TO healthtrack_care, healthtrack_migrator;

-- Journal entries that are shared with the acting provider at this moment, by patients in care.
CREATE OR REPLACE FUNCTION care.entries_shared()
 RETURNS uuid[]
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT coalesce(array_agg(DISTINCT journal_entry_id), '{}') FROM care.journal_share
    WHERE provider_id = care.acting_provider() AND shared_during @> now()
      AND patient_id = ANY (access.patients_in_care())
$function$;
REVOKE EXECUTE ON FUNCTION care.entries_shared() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.entries_shared() TO healthtrack_care, healthtrack_migrator;

-- Trigger after a programme's capacity has changed: admits those who wait.
CREATE OR REPLACE FUNCTION care.fill_new_seats()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    PERFORM care.fill_seats(NEW.programme_id);
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION care.fill_new_seats() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.fill_new_seats() TO healthtrack_care, healthtrack_migrator;

-- Gives the free seats of a programme that is not over to those who wait longest; how many. For functions that have asked who acts.
CREATE OR REPLACE FUNCTION care.fill_seats(programme_id uuid)
 RETURNS bigint
 LANGUAGE plpgsql
AS $function$
DECLARE
    free   integer;
    filled bigint;
BEGIN
    SELECT CASE WHEN upper(run.runs_during) > current_date THEN run.capacity - run.seats_taken ELSE 0 END INTO free
    FROM care.programme AS run WHERE run.programme_id = $1 FOR UPDATE;
    UPDATE care.enrolment SET status = 'enrolled' WHERE enrolment_id IN (
        SELECT waiting.enrolment_id FROM care.enrolment AS waiting
        WHERE waiting.programme_id = $1 AND waiting.status = 'waitlisted'
        ORDER BY waiting.asked_at, waiting.enrolment_id LIMIT free);
    GET DIAGNOSTICS filled = ROW_COUNT;
    RETURN filled;
END $function$;
REVOKE EXECUTE ON FUNCTION care.fill_seats(uuid) FROM PUBLIC;

-- Trigger before a goal is written: its unit is that of its metric, which is numeric.
CREATE OR REPLACE FUNCTION care.fit_goal_to_metric()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    known signal.metric;
    unit  text;
BEGIN
    SELECT * INTO known FROM signal.metric WHERE name = NEW.metric;
    IF NOT FOUND THEN
        RETURN NEW; -- No metric, or one that the foreign key refuses.
    END IF;
    IF known.codes IS NOT NULL THEN
        PERFORM care.refuse('goal_metric_is_numeric', 'Choose a metric that is measured in numbers.');
    END IF;
    unit := CASE NEW.measure WHEN 'count' THEN '1' ELSE known.unit END;
    NEW.unit := coalesce(NEW.unit, unit);
    IF NEW.unit <> unit THEN
        PERFORM care.refuse('goal_unit_is_that_of_its_metric', 'Give the target in the unit of its metric.');
    END IF;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.fit_goal_to_metric() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.fit_goal_to_metric() TO healthtrack_care, healthtrack_migrator;

-- The days or weeks of a goal that touch [from, to): their first day, and the half-open part of each within the goal's period.
CREATE OR REPLACE FUNCTION care.goal_days(goal care.goal, "from" date, "to" date)
 RETURNS TABLE(bucket_on date, first_on date, stop_on date)
 LANGUAGE sql
 STABLE
AS $function$
    SELECT day::date, greatest(day::date, lower(goal.pursued_during)),
           least(day::date + step.days, upper(goal.pursued_during))
    FROM (SELECT CASE goal.per WHEN 'week' THEN 7 ELSE 1 END AS days) AS step
    CROSS JOIN LATERAL generate_series(
        CASE goal.per WHEN 'week' THEN date_trunc('week', $2::timestamp) ELSE $2::timestamp END,
        $3::timestamp - INTERVAL '1 day', step.days * INTERVAL '1 day') AS day
    WHERE daterange(day::date, day::date + step.days) && goal.pursued_during
$function$;

-- Each day or week of a goal that touches [from, to), in the patient's own time zone: its value, of how many samples or entries, and whether the target was reached; null where nothing was measured. A week is told whole, whatever part of it was asked for. From hot samples, and from what was kept of days that are archived.
CREATE OR REPLACE FUNCTION care.goal_progress(goal_id uuid, "from" date, "to" date)
 RETURNS TABLE(bucket_on date, value double precision, parts bigint, reached boolean)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
#variable_conflict use_column
DECLARE
    goal     care.goal;
    first_on date;
    stop_on  date;
BEGIN
    SELECT * INTO goal FROM care.goal AS known
    WHERE known.goal_id = $1 AND known.patient_id = ANY (access.own_patients() || access.patients_in_care());
    IF NOT FOUND THEN
        PERFORM care.refuse('goal_is_within_reach', 'There is no such goal of yours or of a patient in your care.');
    END IF;
    IF $3 - $2 > 400 THEN
        PERFORM care.refuse('goal_progress_is_for_400_days_at_most', 'Ask for 400 days at most at a time.');
    END IF;
    SELECT min(days.first_on), max(days.stop_on) INTO first_on, stop_on FROM care.goal_days(goal, $2, $3) AS days;
    RETURN QUERY
    WITH told AS (
        SELECT * FROM care.measure_goal_days(goal, first_on, stop_on) WHERE first_on IS NOT NULL
        UNION ALL
        SELECT kept.measured_on, kept.parts, kept.total, kept.lowest, kept.highest, kept.latest
        FROM care.goal_day AS kept
        WHERE kept.goal_id = $1 AND kept.measured_on >= first_on AND kept.measured_on < stop_on
    ), day AS (
        -- Samples come late before a roll and leave with it: of what is kept and what is hot, the fuller one is right.
        SELECT DISTINCT ON (measured_on) * FROM told ORDER BY measured_on, parts DESC
    ), made AS (
        SELECT days.bucket_on, coalesce(sum(day.parts), 0)::bigint AS parts,
               CASE goal.measure
                   WHEN 'sum' THEN sum(day.total)
                   WHEN 'average' THEN sum(day.total) / sum(day.parts)
                   WHEN 'minimum' THEN min(day.lowest)
                   WHEN 'maximum' THEN max(day.highest)
                   WHEN 'last' THEN (array_agg(day.latest ORDER BY day.measured_on DESC)
                                     FILTER (WHERE day.parts IS NOT NULL))[1]
                   ELSE sum(day.parts)
               END AS value
        FROM care.goal_days(goal, $2, $3) AS days
        LEFT JOIN day ON day.measured_on >= days.first_on AND day.measured_on < days.stop_on
        GROUP BY days.bucket_on
    )
    SELECT made.bucket_on, made.value, made.parts,
           CASE goal.comparator WHEN 'at_least' THEN made.value >= goal.target ELSE made.value <= goal.target END
    FROM made ORDER BY made.bucket_on;
END $function$;
REVOKE EXECUTE ON FUNCTION care.goal_progress(uuid,date,date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.goal_progress(uuid,date,date) TO healthtrack_care, healthtrack_migrator;

-- Trigger before an enrolment is written: known steps only, and completed only by the programme's rule.
CREATE OR REPLACE FUNCTION care.keep_enrolment()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF TG_OP = 'UPDATE' AND (OLD.status, NEW.status) NOT IN (
        (OLD.status, OLD.status), ('waitlisted', 'enrolled'), ('waitlisted', 'withdrawn'), ('enrolled', 'withdrawn'),
        ('enrolled', 'completed'), ('withdrawn', 'enrolled'), ('withdrawn', 'waitlisted')) THEN
        PERFORM care.refuse('enrolment_takes_known_steps',
            'One waits, is enrolled, and then completes or withdraws; what is completed stays so.');
    END IF;
    IF NEW.status IN ('enrolled', 'completed') THEN
        NEW.admitted_at := coalesce(NEW.admitted_at, now());
    END IF;
    IF NEW.status = 'completed' AND (TG_OP = 'INSERT' OR OLD.status <> 'completed') THEN
        NEW.completed_at := coalesce(NEW.completed_at, now());
        PERFORM FROM care.programme
        WHERE programme_id = NEW.programme_id AND sessions_needed <= (
            SELECT count(*) FROM care.attendance WHERE enrolment_id = NEW.enrolment_id);
        IF NOT FOUND THEN
            PERFORM care.refuse('enrolment_has_attended_enough',
                'A programme is completed by attending as many sessions as it asks for.');
        END IF;
    END IF;
    RETURN NEW;
END $function$;

-- Keeps what was measured for each goal on the local days in [from, to), where that is more than is kept; how many days. To be called before samples leave for the archive.
CREATE OR REPLACE FUNCTION care.keep_goal_days("from" date, "to" date)
 RETURNS bigint
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    goal care.goal;
    rows bigint;
    kept bigint := 0;
BEGIN
    FOR goal IN SELECT * FROM care.goal AS known
        WHERE NOT known.manual AND known.pursued_during && daterange($1, $2)
    LOOP
        INSERT INTO care.goal_day AS known (goal_id, patient_id, measured_on, parts, total, lowest, highest, latest)
        SELECT goal.goal_id, goal.patient_id, found.*
        FROM care.measure_goal_days(goal, greatest($1, lower(goal.pursued_during)),
                                    least($2, upper(goal.pursued_during))) AS found
        ON CONFLICT (goal_id, measured_on) DO UPDATE
            SET parts = excluded.parts, total = excluded.total, lowest = excluded.lowest, highest = excluded.highest,
                latest = excluded.latest, kept_at = excluded.kept_at
            WHERE excluded.parts > known.parts;
        GET DIAGNOSTICS rows = ROW_COUNT;
        kept := kept + rows;
    END LOOP;
    RETURN kept;
END $function$;
REVOKE EXECUTE ON FUNCTION care.keep_goal_days(date,date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.keep_goal_days(date,date) TO healthtrack_roller;

-- Trigger before each update of an edition: its words stay, its status goes forward.
CREATE OR REPLACE FUNCTION care.keep_plan_version()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF (NEW.care_plan_version_id, NEW.patient_id, NEW.care_plan_id, NEW.author_id, NEW.edition, NEW.summary)
       IS DISTINCT FROM (OLD.care_plan_version_id, OLD.patient_id, OLD.care_plan_id, OLD.author_id, OLD.edition,
                         OLD.summary) THEN
        PERFORM care.refuse('care_plan_version_is_append_only',
            'An edition of a plan is never rewritten: write the next one.');
    END IF;
    IF NEW.status <> OLD.status AND (OLD.status, NEW.status) NOT IN
       (('draft', 'active'), ('draft', 'ended'), ('active', 'ended')) THEN
        PERFORM care.refuse('care_plan_version_goes_forward',
            'An edition of a plan goes from draft to active to ended, and never back.');
    END IF;
    RETURN NEW;
END $function$;

-- What hot samples, or entries, give for a goal on each local day in [from, to) that has any. For functions that have asked who acts.
CREATE OR REPLACE FUNCTION care.measure_goal_days(goal care.goal, "from" date, "to" date)
 RETURNS TABLE(measured_on date, parts bigint, total double precision, lowest double precision, highest double precision, latest double precision)
 LANGUAGE plpgsql
 STABLE
AS $function$
#variable_conflict use_column
DECLARE
    zone     text;
    span     tstzrange;
    several  boolean;
    worn     record;
    whole_on date;
    stop_on  date;
    whole_at timestamptz;
    stop_at  timestamptz;
BEGIN
    IF goal.manual THEN
        RETURN QUERY
        SELECT entry.done_on, count(*), sum(entry.value), min(entry.value), max(entry.value),
               (array_agg(entry.value ORDER BY entry.created_at DESC, entry.value DESC))[1]
        FROM care.goal_entry AS entry
        WHERE entry.patient_id = goal.patient_id AND entry.goal_id = goal.goal_id
          AND entry.done_on >= $2 AND entry.done_on < $3
        GROUP BY entry.done_on;
        RETURN;
    END IF;
    SELECT time_zone INTO zone FROM care.patient AS person WHERE person.patient_id = goal.patient_id;
    span := tstzrange($2::timestamp AT TIME ZONE zone, $3::timestamp AT TIME ZONE zone);
    SELECT count(*) > 1 INTO several FROM care.wear
    WHERE wear.patient_id = goal.patient_id AND wear.worn_during && span;
    IF NOT several AND goal.measure <> 'last' THEN
        SELECT wear.worn_during, wear.device_key, device.device_id INTO worn
        FROM care.wear JOIN signal.device USING (device_key)
        WHERE wear.patient_id = goal.patient_id AND wear.worn_during && span;
        SELECT min(day.at)::date, max(day.at)::date + 1 INTO whole_on, stop_on
        FROM generate_series($2::timestamp, $3::timestamp - INTERVAL '1 day', INTERVAL '1 day') AS day (at)
        -- The first moment of a date may be some hours from what its midnight is taken for.
        WHERE worn.worn_during @> tstzrange(day.at AT TIME ZONE zone - INTERVAL '3 hours',
                                            (day.at + INTERVAL '1 day') AT TIME ZONE zone + INTERVAL '3 hours')
          AND NOT EXISTS (SELECT FROM signal.rollup_day AS kept JOIN signal.series USING (series_id)
                          JOIN signal.metric USING (metric_id)
                          WHERE series.device_key = worn.device_key AND metric.name = goal.metric AND kept.is_archived
                            AND kept.day BETWEEN $2 - 1 AND $3 + 1);
    END IF;
    whole_on := coalesce(whole_on, $3);
    stop_on := coalesce(stop_on, $3);
    whole_at := whole_on::timestamp AT TIME ZONE zone;
    stop_at := stop_on::timestamp AT TIME ZONE zone;
    IF whole_on < stop_on THEN
        RETURN QUERY
        SELECT (told.bucket_at AT TIME ZONE zone)::date, told.count, told.sum, told.least, told.greatest, told.last
        FROM signal.rollup(ARRAY[worn.device_id], ARRAY[goal.metric], 'day', whole_at, stop_at, zone) AS told
        WHERE told.statistic IS NULL AND told.count > 0
          AND (told.bucket_at AT TIME ZONE zone)::date >= whole_on AND (told.bucket_at AT TIME ZONE zone)::date < stop_on;
    END IF;
    RETURN QUERY
    WITH measured AS MATERIALIZED (
        -- Each time as it is, so that chunks are left out.
        SELECT (found.start_at AT TIME ZONE zone)::date AS day, found.*
        FROM (SELECT * FROM care.worn_samples(goal.patient_id, goal.metric, lower(span), whole_at)
              UNION ALL
              SELECT * FROM care.worn_samples(goal.patient_id, goal.metric, stop_at, upper(span))) AS found
    ), device_day AS MATERIALIZED (
        SELECT DISTINCT day, wear_id, worn_during FROM measured WHERE several
    )
    SELECT one.day, count(*), sum(one.value), min(one.value), max(one.value),
           (array_agg(one.value ORDER BY one.start_at DESC, one.value DESC))[1]
    FROM measured AS one
    WHERE NOT (one.day >= whole_on AND one.day < stop_on) AND NOT EXISTS (
        SELECT FROM device_day AS other
        WHERE other.day = one.day AND other.worn_during @> one.start_at
          AND (other.worn_during, other.wear_id) < (one.worn_during, one.wear_id)
    )
    GROUP BY one.day;
END $function$;
REVOKE EXECUTE ON FUNCTION care.measure_goal_days(care.goal,date,date) FROM PUBLIC;

-- Trigger after an attendance is written: its day is to be counted.
CREATE OR REPLACE FUNCTION care.note_attendance()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        PERFORM care.note_engagement(held.facility_id, OLD.attended_at) FROM care.programme_session AS held
        WHERE held.programme_session_id = OLD.programme_session_id;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        PERFORM care.note_engagement(held.facility_id, NEW.attended_at) FROM care.programme_session AS held
        WHERE held.programme_session_id = NEW.programme_session_id;
    END IF;
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION care.note_attendance() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.note_attendance() TO healthtrack_care, healthtrack_migrator;

-- Trigger after an enrolment is written: the day of its admission is to be counted.
CREATE OR REPLACE FUNCTION care.note_enrolment()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        PERFORM care.note_engagement(run.facility_id, OLD.admitted_at) FROM care.programme AS run
        WHERE run.programme_id = OLD.programme_id;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        PERFORM care.note_engagement(run.facility_id, NEW.admitted_at) FROM care.programme AS run
        WHERE run.programme_id = NEW.programme_id;
    END IF;
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION care.note_enrolment() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.note_enrolment() TO healthtrack_care, healthtrack_migrator;

-- Trigger after a programme or a session has moved to another facility: its days are to be counted at both.
CREATE OR REPLACE FUNCTION care.note_move()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF TG_TABLE_NAME = 'programme' THEN
        PERFORM care.note_engagement(place.facility_id, taken.admitted_at)
        FROM care.enrolment AS taken CROSS JOIN (VALUES (OLD.facility_id), (NEW.facility_id)) AS place (facility_id)
        WHERE taken.programme_id = NEW.programme_id;
    ELSE
        PERFORM care.note_engagement(place.facility_id, seen.attended_at)
        FROM care.attendance AS seen CROSS JOIN (VALUES (OLD.facility_id), (NEW.facility_id)) AS place (facility_id)
        WHERE seen.programme_id = NEW.programme_id;
    END IF;
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION care.note_move() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.note_move() TO healthtrack_care, healthtrack_migrator;

-- How a programme is rated, from five feedbacks on; fewer are told as none.
CREATE OR REPLACE FUNCTION care.programme_rating(programme_id uuid, OUT ratings bigint, OUT average numeric)
 RETURNS record
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT CASE WHEN count(*) >= 5 THEN count(*) ELSE 0 END,
           CASE WHEN count(*) >= 5 THEN round(avg(given.rating), 2) END
    FROM care.programme_feedback AS given WHERE given.programme_id = $1
$function$;
REVOKE EXECUTE ON FUNCTION care.programme_rating(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.programme_rating(uuid) TO healthtrack_care, healthtrack_migrator;

-- Programmes of the facility that the actor manages.
CREATE OR REPLACE FUNCTION care.programmes_managed()
 RETURNS uuid[]
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT coalesce(array_agg(programme_id), '{}') FROM care.programme
    WHERE facility_id = ANY (access.own_facilities()) AND access.part() = 'facility_manager'
$function$;
REVOKE EXECUTE ON FUNCTION care.programmes_managed() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.programmes_managed() TO healthtrack_care;

-- Programmes that the acting provider leads, or that the acting front desk's facility runs.
CREATE OR REPLACE FUNCTION care.programmes_run()
 RETURNS uuid[]
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT coalesce(array_agg(programme_id), '{}') FROM care.programme
    WHERE provider_id = care.acting_provider()
       OR (facility_id = ANY (access.own_facilities()) AND access.part() = 'front_desk')
$function$;
REVOKE EXECUTE ON FUNCTION care.programmes_run() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.programmes_run() TO healthtrack_care, healthtrack_migrator;

-- Shares one entry of the author with one provider until a time, or (null) until it is taken back; the key, null where there is no such entry.
CREATE OR REPLACE FUNCTION care.share_entry(journal_entry_id uuid, provider_id uuid, until timestamp with time zone)
 RETURNS uuid
 LANGUAGE sql
AS $function$
    INSERT INTO care.journal_share AS made (patient_id, journal_entry_id, provider_id, shared_during)
    SELECT entry.patient_id, $1, $2, tstzrange(now(), $3) FROM care.journal_entry AS entry
    WHERE entry.journal_entry_id = $1
    RETURNING made.journal_share_id
$function$;

-- Takes an entry back from a provider, from now on; how many shares ended.
CREATE OR REPLACE FUNCTION care.unshare_entry(journal_entry_id uuid, provider_id uuid)
 RETURNS bigint
 LANGUAGE plpgsql
AS $function$
DECLARE
    ended bigint;
BEGIN
    -- A share cannot end at the moment at which it began, or before: one of this very transaction lasts a microsecond.
    UPDATE care.journal_share AS share
    SET shared_during = tstzrange(lower(share.shared_during),
                                  greatest(now(), lower(share.shared_during) + INTERVAL '1 microsecond'))
    WHERE share.journal_entry_id = $1 AND share.provider_id = $2
      AND (upper(share.shared_during) > now() OR upper_inf(share.shared_during));
    GET DIAGNOSTICS ended = ROW_COUNT;
    RETURN ended;
END $function$;

-- Withdraws a patient from a programme and gives the seat to who waits longest; how many were admitted.
CREATE OR REPLACE FUNCTION care.withdraw(programme_id uuid, patient_id uuid)
 RETURNS bigint
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF NOT coalesce($2 = ANY (access.own_patients()) OR $1 = ANY (care.programmes_run()), false) THEN
        PERFORM care.refuse('withdrawal_is_asked_by_who_may',
            'A patient withdraws, or the programme''s own staff do it for the patient.');
    END IF;
    PERFORM FROM care.programme AS known WHERE known.programme_id = $1 FOR UPDATE;
    UPDATE care.enrolment AS known SET status = 'withdrawn'
    WHERE known.programme_id = $1 AND known.patient_id = $2 AND known.status IN ('waitlisted', 'enrolled');
    IF NOT FOUND THEN
        PERFORM care.refuse('withdrawal_is_of_the_enrolled',
            'The patient is not enrolled in this programme, or has completed it.');
    END IF;
    RETURN care.fill_seats($1);
END $function$;
REVOKE EXECUTE ON FUNCTION care.withdraw(uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.withdraw(uuid,uuid) TO healthtrack_care, healthtrack_migrator;

-- For the owner: removes the data key of a patient of whom nothing was encrypted yet, audited; true where there was one.
CREATE OR REPLACE FUNCTION access.forget_unused_data_key(patient uuid)
 RETURNS boolean
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF EXISTS (SELECT FROM care.journal_entry e WHERE e.patient_id = patient)
       OR EXISTS (SELECT FROM care.consultation c WHERE c.patient_id = patient AND c.notes IS NOT NULL) THEN
        PERFORM access.refuse('data_key_is_unused', 'Something was encrypted with this key: it stays.');
    END IF;
    DELETE FROM access.data_key k WHERE k.patient_id = patient;
    IF FOUND THEN
        PERFORM access.audit_program('erase', patient, 'access.data_key');
    END IF;
    RETURN FOUND;
END $function$;
REVOKE EXECUTE ON FUNCTION access.forget_unused_data_key(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.forget_unused_data_key(uuid) TO healthtrack_migrator;

-- People who were admitted to a programme that has ended, and how many completed it or withdrew.
CREATE OR REPLACE FUNCTION access.quality_programmes()
 RETURNS TABLE(programme_id uuid, facility_id uuid, title text, patients bigint, completed_rate numeric, withdrawn_rate numeric)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT p.programme_id, p.facility_id, p.title, care.safe_count(count(*)),
           care.safe_rate(count(*) FILTER (WHERE e.status = 'completed'), count(*)),
           care.safe_rate(count(*) FILTER (WHERE e.status = 'withdrawn'), count(*))
    FROM care.programme p JOIN care.enrolment e USING (programme_id)
    WHERE (SELECT access.is_analyst()) AND e.admitted_at IS NOT NULL AND upper(p.runs_during) <= current_date
    GROUP BY p.programme_id HAVING count(*) >= 11
$function$;
REVOKE EXECUTE ON FUNCTION access.quality_programmes() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.quality_programmes() TO healthtrack_care;

-- Makes a draft the active edition of its plan.
CREATE OR REPLACE FUNCTION api.activate_care_plan(token text, draft uuid)
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
    PERFORM care.activate_care_plan(draft);
    PERFORM access.note(me, 'sign',
        (SELECT v.patient_id FROM care.care_plan_version v WHERE v.care_plan_version_id = draft),
        'care.care_plan_version/' || draft);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.activate_care_plan(text,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.activate_care_plan(text,uuid) TO healthtrack_portal;

-- Adds a session to a programme; the key.
CREATE OR REPLACE FUNCTION api.add_programme_session(token text, programme uuid, facility uuid, room uuid, provider uuid, title text, since timestamp with time zone, until timestamp with time zone)
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
    INSERT INTO care.programme_session AS s (programme_id, facility_id, room_id, provider_id, title, during)
    VALUES (programme, facility, room, provider, add_programme_session.title, tstzrange(since, until))
    RETURNING s.programme_session_id INTO answer;
    PERFORM access.note(me, 'create', NULL, 'care.programme_session/' || answer);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.add_programme_session(text,uuid,uuid,uuid,uuid,text,timestamp with time zone,timestamp with time zone) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.add_programme_session(text,uuid,uuid,uuid,uuid,text,timestamp with time zone,timestamp with time zone) TO healthtrack_portal;

-- Notes that a participant was at a session; gives the key.
CREATE OR REPLACE FUNCTION api.attend(token text, programme_session uuid, patient uuid)
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
    answer := care.attend(programme_session, patient);
    PERFORM access.note(me, 'create', patient, 'care.attendance/' || answer);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.attend(text,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.attend(text,uuid,uuid) TO healthtrack_portal;

-- Begins a plan of a patient in care, with its first edition as a draft of the acting provider; gives the plan's key.
CREATE OR REPLACE FUNCTION api.begin_care_plan(token text, patient uuid, title text, summary text)
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
        author constant uuid := access.acting_provider();
    BEGIN
        IF author IS NULL THEN
            PERFORM care.refuse('care_plan_author_is_a_provider', 'Only a provider writes a plan.');
        END IF;
        INSERT INTO care.care_plan AS p (patient_id, provider_id, title) VALUES (patient, author, begin_care_plan.title)
        RETURNING p.care_plan_id INTO answer;
        PERFORM care.draft_care_plan(answer, begin_care_plan.summary);
        PERFORM access.note(me, 'create', patient, 'care.care_plan/' || answer);
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
REVOKE EXECUTE ON FUNCTION api.begin_care_plan(text,uuid,text,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.begin_care_plan(text,uuid,text,text) TO healthtrack_portal;

-- Cancels a session of a programme.
CREATE OR REPLACE FUNCTION api.cancel_programme_session(token text, programme_session uuid, known_version integer)
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
    UPDATE care.programme_session s SET cancelled_at = now()
    WHERE s.programme_session_id = programme_session AND s.version = known_version AND s.cancelled_at IS NULL;
    PERFORM access.check_change(FOUND);
    PERFORM access.note(me, 'update', NULL, 'care.programme_session/' || programme_session);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.cancel_programme_session(text,uuid,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.cancel_programme_session(text,uuid,integer) TO healthtrack_portal;

-- Says how far an activity is where it still has the version that the editor read: the version that stands, and whether it is the editor's; no row where there is no such activity for whoever acts.
CREATE OR REPLACE FUNCTION api.change_activity(token text, care_plan_activity uuid, known_version integer, status text, reason text)
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
        UPDATE care.care_plan_activity AS a SET status = change_activity.status, status_reason = coalesce(reason, a.status_reason)
        WHERE a.care_plan_activity_id = care_plan_activity AND a.version = known_version
        RETURNING a.version, a.patient_id INTO version, whose;
        saved := FOUND;
        IF saved THEN
            PERFORM access.note(me, 'update', whose, 'care.care_plan_activity/' || care_plan_activity);
            RETURN NEXT;
        ELSE
            RETURN QUERY SELECT false, a.version FROM care.care_plan_activity a WHERE a.care_plan_activity_id = care_plan_activity;
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
REVOKE EXECUTE ON FUNCTION api.change_activity(text,uuid,integer,text,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.change_activity(text,uuid,integer,text,text) TO healthtrack_portal;

-- Completes an enrolment where enough sessions were attended; when.
CREATE OR REPLACE FUNCTION api.complete_enrolment(token text, enrolment uuid)
 RETURNS timestamp with time zone
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
    answer  timestamptz;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    answer := care.complete_enrolment(enrolment);
    PERFORM access.note(me, 'update', (SELECT e.patient_id FROM care.enrolment e WHERE e.enrolment_id = enrolment),
                        'care.enrolment/' || enrolment);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.complete_enrolment(text,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.complete_enrolment(text,uuid) TO healthtrack_portal;

-- Writes the next edition of a plan as a draft of the acting provider; gives its key.
CREATE OR REPLACE FUNCTION api.draft_care_plan(token text, care_plan uuid, summary text)
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
    answer := care.draft_care_plan(care_plan, summary);
    PERFORM access.note(me, 'create',
        (SELECT v.patient_id FROM care.care_plan_version v WHERE v.care_plan_version_id = answer),
        'care.care_plan_version/' || answer);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.draft_care_plan(text,uuid,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.draft_care_plan(text,uuid,text) TO healthtrack_portal;

-- Enrols a patient in a programme, or puts them on its list; which of both.
CREATE OR REPLACE FUNCTION api.enrol(token text, programme uuid, patient uuid)
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
    answer := care.enrol(programme, patient);
    PERFORM access.note(me, 'create', patient, 'care.enrolment');
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.enrol(text,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.enrol(text,uuid,uuid) TO healthtrack_portal;

-- Says how a programme was, as who takes part; what was said before is replaced. Gives the enrolment.
CREATE OR REPLACE FUNCTION api.give_programme_feedback(token text, programme uuid, patient uuid, rating smallint, comment text)
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
    IF patient = ANY (access.own_patients()) THEN
        answer := (SELECT e.enrolment_id FROM care.enrolment e
                   WHERE e.programme_id = programme AND e.patient_id = patient AND e.admitted);
    END IF;
    IF answer IS NULL THEN
        PERFORM access.refuse('feedback_is_of_participants', 'Only who has taken part says how it was.');
    END IF;
    PERFORM access.note(me, 'update', patient, 'care.programme_feedback/' || answer);
    INSERT INTO care.programme_feedback AS said (patient_id, programme_id, enrolment_id, rating, comment)
    VALUES (patient, programme, answer, rating, nullif(comment, ''))
    ON CONFLICT (enrolment_id) DO UPDATE SET rating = excluded.rating, comment = excluded.comment;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.give_programme_feedback(text,uuid,uuid,smallint,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.give_programme_feedback(text,uuid,uuid,smallint,text) TO healthtrack_portal;

-- Adds a wellness programme to a facility, or changes it; the key.
CREATE OR REPLACE FUNCTION api.keep_programme(token text, programme uuid, known_version integer, facility uuid, provider uuid, topic text, title text, description text, capacity integer, sessions_needed integer, enrol_from timestamp with time zone, enrol_until timestamp with time zone, first_on date, stop_on date)
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
    PERFORM access.check_keeper(me, facility);
    IF programme IS NULL THEN
        INSERT INTO care.programme AS p (facility_id, provider_id, topic, title, description, capacity, sessions_needed,
                                         enrolment_during, runs_during)
        VALUES (facility, provider, keep_programme.topic, keep_programme.title, keep_programme.description,
                keep_programme.capacity, keep_programme.sessions_needed, tstzrange(enrol_from, enrol_until), daterange(first_on, stop_on))
        RETURNING p.programme_id INTO answer;
    ELSE
        UPDATE care.programme p SET facility_id = facility, provider_id = provider, topic = keep_programme.topic,
            title = keep_programme.title, description = keep_programme.description, capacity = keep_programme.capacity,
            sessions_needed = keep_programme.sessions_needed, enrolment_during = tstzrange(enrol_from, enrol_until),
            runs_during = daterange(first_on, stop_on)
        WHERE p.programme_id = programme AND p.version = known_version RETURNING p.programme_id INTO answer;
        PERFORM access.check_change(FOUND);
    END IF;
    PERFORM access.note(me, 'update', NULL, 'care.programme/' || answer);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.keep_programme(text,uuid,integer,uuid,uuid,text,text,text,integer,integer,timestamp with time zone,timestamp with time zone,date,date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.keep_programme(text,uuid,integer,uuid,uuid,text,text,text,integer,integer,timestamp with time zone,timestamp with time zone,date,date) TO healthtrack_portal;

-- Sessions of the programmes of a facility that are not over, for its manager, the next first, 5000 at most.
CREATE OR REPLACE FUNCTION api.list_programme_sessions(token text, facility uuid)
 RETURNS TABLE(programme_session_id uuid, programme text, starts_at timestamp with time zone, ends_at timestamp with time zone)
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
    PERFORM access.check_keeper(me, facility);
    RETURN QUERY SELECT n.programme_session_id, g.title, lower(n.during), upper(n.during)
    FROM care.programme_session n JOIN care.programme g USING (programme_id)
    WHERE g.facility_id = facility AND n.cancelled_at IS NULL AND upper(n.during) > now()
    ORDER BY lower(n.during), n.programme_session_id LIMIT 5000;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.list_programme_sessions(text,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.list_programme_sessions(text,uuid) TO healthtrack_portal;

-- Programmes that are open for enrolment, 200 at most.
CREATE OR REPLACE FUNCTION api.list_programmes(token text, facility uuid)
 RETURNS TABLE(programme_id uuid, facility_id uuid, topic text, title text, first_on date, stop_on date, seats_free integer)
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
    RETURN QUERY SELECT p.programme_id, p.facility_id, p.topic, p.title, lower(p.runs_during), upper(p.runs_during), p.capacity - p.seats_taken
    FROM care.programme p
    WHERE p.enrolment_during @> now() AND (facility IS NULL OR p.facility_id IS NULL OR p.facility_id = facility)
    ORDER BY p.runs_during, p.title LIMIT 200;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.list_programmes(text,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.list_programmes(text,uuid) TO healthtrack_portal;

-- Notes what was done for a goal that no device measures; gives the entry's key.
CREATE OR REPLACE FUNCTION api.note_goal_entry(token text, goal uuid, done_on date, value double precision)
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
        -- The person comes from the goal, so that no caller can mix two; without such a goal the row is refused.
        whose constant uuid := (SELECT g.patient_id FROM care.goal g WHERE g.goal_id = goal);
    BEGIN
        INSERT INTO care.goal_entry (patient_id, goal_id, done_on, value)
        VALUES (whose, goal, note_goal_entry.done_on, note_goal_entry.value) RETURNING goal_entry_id INTO answer;
        PERFORM access.note(me, 'create', whose, 'care.goal_entry/' || answer);
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
REVOKE EXECUTE ON FUNCTION api.note_goal_entry(text,uuid,date,double precision) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.note_goal_entry(text,uuid,date,double precision) TO healthtrack_portal;

-- Adds to a plan what a provider, or without one the patient, is to do on the days of [first_on, stop_on); gives its key.
CREATE OR REPLACE FUNCTION api.plan_activity(token text, care_plan uuid, goal uuid, performer uuid, kind text, title text, first_on date, stop_on date)
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
        -- The person comes from the plan, so that no caller can mix two; without such a plan the row is refused.
        whose constant uuid := (SELECT p.patient_id FROM care.care_plan p WHERE p.care_plan_id = care_plan);
    BEGIN
        INSERT INTO care.care_plan_activity AS a (patient_id, care_plan_id, goal_id, provider_id, kind, title, due_during)
        VALUES (whose, care_plan, goal, performer, plan_activity.kind, plan_activity.title, daterange(first_on, stop_on))
        RETURNING a.care_plan_activity_id INTO answer;
        PERFORM access.note(me, 'create', whose, 'care.care_plan_activity/' || answer);
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
REVOKE EXECUTE ON FUNCTION api.plan_activity(text,uuid,uuid,uuid,text,text,date,date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.plan_activity(text,uuid,uuid,uuid,text,text,date,date) TO healthtrack_portal;

-- What is to be done by the plans of a patient, the latest first, 500 at most.
CREATE OR REPLACE FUNCTION api.read_activities(token text, look uuid, patient uuid)
 RETURNS TABLE(care_plan_activity_id uuid, version integer, care_plan_id uuid, goal_id uuid, provider_id uuid, kind text, title text, status text, status_reason text, first_on date, stop_on date)
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
    PERFORM access.check_look(me, look, patient, 'activities');
    RETURN QUERY SELECT a.care_plan_activity_id, a.version, a.care_plan_id, a.goal_id, a.provider_id, a.kind, a.title, a.status,
        a.status_reason, lower(a.due_during), upper(a.due_during)
    FROM care.care_plan_activity a WHERE a.patient_id = patient
    ORDER BY lower(a.due_during) DESC, a.care_plan_activity_id LIMIT 500;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_activities(text,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_activities(text,uuid,uuid) TO healthtrack_portal;

-- Each day or week of a goal that touches [from, to), 400 days at most.
CREATE OR REPLACE FUNCTION api.read_goal_progress(token text, look uuid, patient uuid, goal uuid, "from" date, "to" date)
 RETURNS TABLE(bucket_on date, value double precision, parts bigint, reached boolean)
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
    PERFORM access.check_look(me, look, patient, 'goals');
    IF NOT EXISTS (SELECT FROM care.goal g WHERE g.goal_id = goal AND g.patient_id = patient) THEN
        PERFORM access.refuse('goal_is_within_reach', 'There is no such goal of yours or of a patient in your care.');
    END IF;
    RETURN QUERY SELECT p.bucket_on, p.value, p.parts, p.reached
    FROM care.goal_progress(goal, "from", "to") p ORDER BY p.bucket_on;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_goal_progress(text,uuid,uuid,uuid,date,date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_goal_progress(text,uuid,uuid,uuid,date,date) TO healthtrack_portal;

-- Entries of a patient that whoever acts may read, written before a moment, the latest first, 200 at most.
CREATE OR REPLACE FUNCTION api.read_journal(token text, look uuid, patient uuid, before timestamp with time zone)
 RETURNS TABLE(journal_entry_id uuid, patient_id uuid, written_at timestamp with time zone, mood smallint, body bytea)
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
    PERFORM access.check_look(me, look, patient, 'journal');
    RETURN QUERY SELECT e.journal_entry_id, e.patient_id, e.written_at, e.mood, e.body FROM care.journal_entry e
    WHERE e.patient_id = patient AND e.written_at < before ORDER BY e.written_at DESC, e.journal_entry_id LIMIT 200;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_journal(text,uuid,uuid,timestamp with time zone) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_journal(text,uuid,uuid,timestamp with time zone) TO healthtrack_portal;

-- Which entries of a journal are shared at this moment, with whom and until when, 1,000 at most.
CREATE OR REPLACE FUNCTION api.read_journal_shares(token text, look uuid, patient uuid)
 RETURNS TABLE(journal_entry uuid, provider uuid, name text, until_at timestamp with time zone)
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
    PERFORM access.check_look(me, look, patient, 'journal');
    RETURN QUERY
    SELECT s.journal_entry_id, s.provider_id, concat_ws(' ', p.given_name, p.family_name), upper(s.shared_during)
    FROM care.journal_share s JOIN care.provider p USING (provider_id)
    WHERE s.patient_id = patient AND s.shared_during @> now()
    ORDER BY s.created_at DESC, s.journal_share_id LIMIT 1000;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_journal_shares(text,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_journal_shares(text,uuid,uuid) TO healthtrack_portal;

-- The programmes of a patient and how far they have come, the newest first, 200 at most.
CREATE OR REPLACE FUNCTION api.read_participation(token text, look uuid, patient uuid)
 RETURNS TABLE(enrolment_id uuid, programme_id uuid, title text, status text, sessions_needed integer, sessions_held bigint, sessions_attended bigint, rule_met boolean)
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
    PERFORM access.check_look(me, look, patient, 'participation');
    RETURN QUERY SELECT p.enrolment_id, p.programme_id, p.title, p.status, p.sessions_needed, p.sessions_held, p.sessions_attended, p.rule_met
    FROM care.programme_participation p WHERE p.patient_id = patient ORDER BY p.asked_at DESC, p.enrolment_id LIMIT 200;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_participation(text,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_participation(text,uuid,uuid) TO healthtrack_portal;

-- Plans of a patient with each edition, the latest first, 500 at most.
CREATE OR REPLACE FUNCTION api.read_plan_editions(token text, look uuid, patient uuid)
 RETURNS TABLE(care_plan_id uuid, title text, care_plan_version_id uuid, edition integer, status text, summary text, author text, drafted_at timestamp with time zone, activated_at timestamp with time zone, ended_at timestamp with time zone)
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
    PERFORM access.check_look(me, look, patient, 'goals');
    RETURN QUERY
    SELECT p.care_plan_id, p.title, v.care_plan_version_id, v.edition, v.status, v.summary,
           concat_ws(' ', a.given_name, a.family_name), v.created_at, v.activated_at, v.ended_at
    FROM care.care_plan p JOIN care.care_plan_version v USING (patient_id, care_plan_id)
    LEFT JOIN care.provider a ON a.provider_id = v.author_id
    WHERE p.patient_id = patient ORDER BY p.created_at DESC, p.care_plan_id, v.edition DESC LIMIT 500;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_plan_editions(text,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_plan_editions(text,uuid,uuid) TO healthtrack_portal;

-- Plans of a patient that are followed, with the goals that are pursued today; goals of no plan too, 500 at most.
CREATE OR REPLACE FUNCTION api.read_plans(token text, look uuid, patient uuid)
 RETURNS TABLE(care_plan_id uuid, title text, edition integer, summary text, goal_id uuid, goal_title text, metric text, target double precision, unit text, comparator text, per text, measure text, first_on date, stop_on date)
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
    PERFORM access.check_look(me, look, patient, 'goals');
    RETURN QUERY
    SELECT c.care_plan_id, c.title, v.edition, v.summary, g.goal_id, g.title, g.metric, g.target, g.unit, g.comparator, g.per,
           g.measure, lower(g.pursued_during), upper(g.pursued_during)
    FROM (SELECT * FROM care.care_plan WHERE patient_id = patient) c
    JOIN care.care_plan_version v ON v.patient_id = patient AND v.care_plan_id = c.care_plan_id AND v.status = 'active'
    FULL JOIN (SELECT * FROM care.goal WHERE patient_id = patient AND pursued_during @> current_date) g
        ON g.care_plan_id = c.care_plan_id
    ORDER BY c.title, g.title, g.goal_id LIMIT 500;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_plans(text,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_plans(text,uuid,uuid) TO healthtrack_portal;

-- A programme, where a patient stands in it, and what the patient said of it.
CREATE OR REPLACE FUNCTION api.read_programme(token text, look uuid, patient uuid, programme uuid)
 RETURNS TABLE(title text, topic text, description text, first_on date, stop_on date, place text, status text, admitted boolean, sessions_needed integer, rating smallint, comment text)
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
    PERFORM access.check_look(me, look, patient, 'participation');
    RETURN QUERY
    SELECT g.title, g.topic, g.description, lower(g.runs_during), upper(g.runs_during), f.name, e.status,
           coalesce(e.admitted, false), g.sessions_needed, b.rating, b.comment
    FROM care.programme g
    LEFT JOIN care.facility f USING (facility_id)
    LEFT JOIN care.enrolment e ON e.programme_id = g.programme_id AND e.patient_id = patient
    LEFT JOIN care.programme_feedback b ON b.enrolment_id = e.enrolment_id
    WHERE g.programme_id = programme;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_programme(text,uuid,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_programme(text,uuid,uuid,uuid) TO healthtrack_portal;

-- The sessions of a programme in order, and which of them a patient attended.
CREATE OR REPLACE FUNCTION api.read_programme_sessions(token text, look uuid, patient uuid, programme uuid)
 RETURNS TABLE(programme_session_id uuid, title text, starts_at timestamp with time zone, ends_at timestamp with time zone, cancelled boolean, place text, room text, provider text, attended boolean)
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
    PERFORM access.check_look(me, look, patient, 'participation');
    RETURN QUERY
    SELECT n.programme_session_id, n.title, lower(n.during), upper(n.during), n.cancelled_at IS NOT NULL, f.name, r.name,
           nullif(concat_ws(' ', p.given_name, p.family_name), ''),
           EXISTS (SELECT FROM care.attendance a
                   WHERE a.patient_id = patient AND a.programme_session_id = n.programme_session_id)
    FROM care.programme_session n JOIN care.programme g USING (programme_id)
    LEFT JOIN care.facility f ON f.facility_id = coalesce(n.facility_id, g.facility_id)
    LEFT JOIN care.room r ON r.room_id = n.room_id
    LEFT JOIN care.provider p ON p.provider_id = n.provider_id
    WHERE n.programme_id = programme ORDER BY lower(n.during), n.programme_session_id LIMIT 1000;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_programme_sessions(text,uuid,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_programme_sessions(text,uuid,uuid,uuid) TO healthtrack_portal;

-- Sets a goal; gives its key.
CREATE OR REPLACE FUNCTION api.set_goal(token text, patient uuid, plan uuid, title text, metric text, unit text, measure text, comparator text, target double precision, per text, first_on date, stop_on date)
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
    INSERT INTO care.goal (patient_id, care_plan_id, title, metric, unit, measure, comparator, target, per, pursued_during)
    VALUES (patient, plan, set_goal.title, set_goal.metric, set_goal.unit, set_goal.measure, set_goal.comparator,
            set_goal.target, set_goal.per, daterange(first_on, stop_on))
    RETURNING goal_id INTO answer;
    PERFORM access.note(me, 'create', patient, 'care.goal/' || answer);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.set_goal(text,uuid,uuid,text,text,text,text,text,double precision,text,date,date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.set_goal(text,uuid,uuid,text,text,text,text,text,double precision,text,date,date) TO healthtrack_portal;

-- Shares an entry of the actor with a provider; gives the share, null where the actor has no such entry.
CREATE OR REPLACE FUNCTION api.share_journal_entry(token text, journal_entry uuid, provider uuid, until timestamp with time zone)
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
    answer := care.share_entry(journal_entry, provider, until);
    IF answer IS NOT NULL THEN
        PERFORM access.note(me, 'grant',
            (SELECT s.patient_id FROM care.journal_share s WHERE s.journal_share_id = answer),
            'care.journal_entry/' || journal_entry);
    END IF;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.share_journal_entry(text,uuid,uuid,timestamp with time zone) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.share_journal_entry(text,uuid,uuid,timestamp with time zone) TO healthtrack_portal;

-- Takes an entry back from a provider; how many shares ended.
CREATE OR REPLACE FUNCTION api.unshare_journal_entry(token text, journal_entry uuid, provider uuid)
 RETURNS bigint
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
    answer  bigint;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    answer := care.unshare_entry(journal_entry, provider);
    IF answer > 0 THEN
        PERFORM access.note(me, 'revoke',
            (SELECT e.patient_id FROM care.journal_entry e WHERE e.journal_entry_id = journal_entry),
            'care.journal_entry/' || journal_entry);
    END IF;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.unshare_journal_entry(text,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.unshare_journal_entry(text,uuid,uuid) TO healthtrack_portal;

-- Withdraws a patient from a programme; how many who waited came in.
CREATE OR REPLACE FUNCTION api.withdraw(token text, programme uuid, patient uuid)
 RETURNS bigint
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
    answer  bigint;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    answer := care.withdraw(programme, patient);
    PERFORM access.note(me, 'update', patient, 'care.enrolment');
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.withdraw(text,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.withdraw(text,uuid,uuid) TO healthtrack_portal;

-- Stores an encrypted entry of the acting patient.
CREATE OR REPLACE FUNCTION api.write_journal_entry(token text, journal_entry uuid, patient uuid, written_at timestamp with time zone, mood smallint, body bytea)
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
    INSERT INTO care.journal_entry (journal_entry_id, patient_id, written_at, mood, body)
    VALUES (journal_entry, patient, write_journal_entry.written_at, write_journal_entry.mood, write_journal_entry.body);
    PERFORM access.note(me, 'create', patient, 'care.journal_entry/' || journal_entry);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.write_journal_entry(text,uuid,uuid,timestamp with time zone,smallint,bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.write_journal_entry(text,uuid,uuid,timestamp with time zone,smallint,bytea) TO healthtrack_portal;
