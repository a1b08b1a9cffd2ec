-- Insurance, invoices, claims, payments and the ledger.
--
-- Written by `healthtrack schema docs` from the database's catalog; to be read, not run. Do not edit.

-- Who pays for care under policies.
CREATE TABLE care.insurer (
    insurer_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    name text NOT NULL,  -- Name.
    phone care.phone,  -- Telephone for billing; null where there is none.
    website care.web_address,  -- Its page; null where there is none.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT insurer_pkey PRIMARY KEY (insurer_id),  -- This insurer is known already.
    CONSTRAINT insurer_name_is_unique UNIQUE (name),  -- An insurer of that name is known already.
    CONSTRAINT insurer_name_is_some CHECK ((name ~ '\S'::text))  -- Give the insurer a name.
);
CREATE TRIGGER insurer_is_stamped BEFORE INSERT OR UPDATE ON care.insurer FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER insurer_is_touched BEFORE UPDATE ON care.insurer FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
ALTER TABLE care.insurer FORCE ROW LEVEL SECURITY;
CREATE POLICY administrator ON care.insurer FOR ALL TO healthtrack_care USING ((( SELECT access.part() AS part) = 'network_admin'::text)) WITH CHECK ((( SELECT access.part() AS part) = 'network_admin'::text));
CREATE POLICY everybody_reads ON care.insurer FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.insurer FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.insurer TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.insurer TO healthtrack_care;

-- What an insurer sells: the plan that a policy is of.
CREATE TABLE care.insurance_plan (
    insurance_plan_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    insurer_id uuid NOT NULL,  -- Whose plan.
    retired_on date,  -- First day on which it is not sold any more; null while it is.
    name text NOT NULL,  -- Name, unique at its insurer.
    currency care.currency DEFAULT 'USD'::text NOT NULL,  -- Currency of all that it says of amounts.
    year_begins_month smallint DEFAULT 1 NOT NULL,  -- Month on whose first day its year begins, 1 to 12.
    CONSTRAINT insurance_plan_pkey PRIMARY KEY (insurance_plan_id),  -- This insurance plan is known already.
    CONSTRAINT insurance_plan_id_with_insurer_is_unique UNIQUE (insurer_id, insurance_plan_id),  -- This insurance plan is known already.
    CONSTRAINT insurance_plan_name_is_unique_at_its_insurer UNIQUE (insurer_id, name),  -- This insurer has a plan of that name already.
    CONSTRAINT insurance_plan_insurer_fkey FOREIGN KEY (insurer_id) REFERENCES care.insurer(insurer_id),  -- Add the insurer first.
    CONSTRAINT insurance_plan_name_is_some CHECK ((name ~ '\S'::text)),  -- Give the insurance plan a name.
    CONSTRAINT insurance_plan_year_begins_in_a_month CHECK (((year_begins_month >= 1) AND (year_begins_month <= 12)))  -- Choose a month from 1 to 12.
);
CREATE TRIGGER insurance_stays_as_it_was_claimed BEFORE UPDATE OF year_begins_month ON care.insurance_plan FOR EACH ROW WHEN ((old.year_begins_month <> new.year_begins_month)) EXECUTE FUNCTION care.keep_what_was_counted();  -- Trigger before a coverage gets another policy, a policy another plan or a plan another year: refuses it once claims were made by it.
ALTER TABLE care.insurance_plan FORCE ROW LEVEL SECURITY;
CREATE POLICY administrator ON care.insurance_plan FOR ALL TO healthtrack_care USING ((( SELECT access.part() AS part) = 'network_admin'::text)) WITH CHECK ((( SELECT access.part() AS part) = 'network_admin'::text));
CREATE POLICY everybody_reads ON care.insurance_plan FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.insurance_plan FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.insurance_plan TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.insurance_plan TO healthtrack_care;

-- Which facilities are in the network of an insurance plan, and when.
CREATE TABLE care.plan_network (
    insurance_plan_id uuid NOT NULL,  -- Of which plan.
    facility_id uuid NOT NULL,  -- Which facility.
    valid_during daterange NOT NULL,  -- On which days; no upper bound while it goes on.
    CONSTRAINT plan_network_pkey PRIMARY KEY (insurance_plan_id, facility_id, valid_during),  -- This facility is in the network already.
    CONSTRAINT plan_network_names_a_facility_once EXCLUDE USING gist (insurance_plan_id WITH =, facility_id WITH =, valid_during WITH &&),  -- This facility is in the network of that plan on some of those days already.
    CONSTRAINT plan_network_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility(facility_id),  -- Choose one of the network's facilities.
    CONSTRAINT plan_network_plan_fkey FOREIGN KEY (insurance_plan_id) REFERENCES care.insurance_plan(insurance_plan_id),  -- Add the insurance plan first.
    CONSTRAINT plan_network_period_has_a_beginning CHECK (((NOT isempty(valid_during)) AND (NOT lower_inf(valid_during))))  -- A facility is in a network from a first day on, and leaves it later.
);
CREATE INDEX plan_network_facility_idx ON care.plan_network USING btree (facility_id);
ALTER TABLE care.plan_network FORCE ROW LEVEL SECURITY;
CREATE POLICY administrator ON care.plan_network FOR ALL TO healthtrack_care USING ((( SELECT access.part() AS part) = 'network_admin'::text)) WITH CHECK ((( SELECT access.part() AS part) = 'network_admin'::text));
CREATE POLICY everybody_reads ON care.plan_network FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.plan_network FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.plan_network TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.plan_network TO healthtrack_care;

-- What a patient bears in a year of an insurance plan before it pays, and at most.
CREATE TABLE care.plan_cost_sharing (
    insurance_plan_id uuid NOT NULL,  -- Of which plan.
    valid_during daterange NOT NULL,  -- For services on which days; no upper bound while it goes on.
    deductible_individual care.amount NOT NULL,  -- What one person bears of a year before the plan pays; 0 where it pays from the first.
    deductible_family care.amount,  -- The same of all under one policy; null where there is none.
    out_of_pocket_individual care.amount,  -- The most that one person bears of a year; null where there is none.
    out_of_pocket_family care.amount,  -- The most that all under one policy bear of a year; null where there is none.
    CONSTRAINT plan_cost_sharing_pkey PRIMARY KEY (insurance_plan_id, valid_during),  -- The plan has amounts for these days already.
    CONSTRAINT plan_cost_sharing_is_one_at_a_time EXCLUDE USING gist (insurance_plan_id WITH =, valid_during WITH &&),  -- The plan has other amounts for some of those days: end them first.
    CONSTRAINT plan_cost_sharing_plan_fkey FOREIGN KEY (insurance_plan_id) REFERENCES care.insurance_plan(insurance_plan_id),  -- Add the insurance plan first.
    CONSTRAINT plan_cost_sharing_is_not_negative CHECK (((LEAST(deductible_individual, deductible_family, out_of_pocket_individual, out_of_pocket_family))::numeric >= (0)::numeric)),  -- Deductibles and what a patient bears at most are not negative.
    CONSTRAINT plan_cost_sharing_of_a_family_is_no_less CHECK ((((deductible_family)::numeric >= (deductible_individual)::numeric) AND ((out_of_pocket_family)::numeric >= (out_of_pocket_individual)::numeric))),  -- What a family bears is no less than what one person does.
    CONSTRAINT plan_cost_sharing_period_has_a_beginning CHECK (((NOT isempty(valid_during)) AND (NOT lower_inf(valid_during))))  -- Amounts hold from a first day on, and end after it.
);
ALTER TABLE care.plan_cost_sharing FORCE ROW LEVEL SECURITY;
CREATE POLICY administrator ON care.plan_cost_sharing FOR ALL TO healthtrack_care USING ((( SELECT access.part() AS part) = 'network_admin'::text)) WITH CHECK ((( SELECT access.part() AS part) = 'network_admin'::text));
CREATE POLICY everybody_reads ON care.plan_cost_sharing FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.plan_cost_sharing FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.plan_cost_sharing TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.plan_cost_sharing TO healthtrack_care;

-- What an insurance plan pays of a kind of service, in its network or out of it.
CREATE TABLE care.plan_benefit (
    plan_benefit_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    insurance_plan_id uuid NOT NULL,  -- Of which plan.
    valid_during daterange NOT NULL,  -- For services on which days; no upper bound while it goes on.
    copay care.amount DEFAULT 0 NOT NULL,  -- What the patient pays first, after the deductible, for each time that a charge counts.
    amount_limit care.amount,  -- The most that the plan pays in a period; null where there is none.
    visit_limit integer,  -- How many of it are covered in a period; null where there is no limit.
    coinsurance_percent numeric(5,2) DEFAULT 0 NOT NULL,  -- Percentage that the patient pays of what is left after deductible and copay.
    deductible_applies boolean DEFAULT true NOT NULL,  -- Whether the deductible is borne first.
    network text NOT NULL,  -- in for facilities in the plan's network, out for others.
    category text,  -- For which category of charges; null where it is for one code.
    charge_code text,  -- For which charge, before its category; null where it is for a category.
    limit_per text,  -- Period of the limits, month or plan_year; null without limits.
    CONSTRAINT plan_benefit_pkey PRIMARY KEY (plan_benefit_id),  -- This benefit is known already.
    CONSTRAINT plan_benefit_is_one_at_a_time EXCLUDE USING gist (insurance_plan_id WITH =, network WITH =, COALESCE(category, ''::text) WITH =, COALESCE(charge_code, ''::text) WITH =, valid_during WITH &&),  -- The plan has another benefit for that on some of those days: end that first.
    CONSTRAINT plan_benefit_charge_code_fkey FOREIGN KEY (charge_code) REFERENCES care.charge_code(charge_code),  -- Choose one of the known charge codes for the benefit.
    CONSTRAINT plan_benefit_plan_fkey FOREIGN KEY (insurance_plan_id) REFERENCES care.insurance_plan(insurance_plan_id),  -- Add the insurance plan first.
    CONSTRAINT plan_benefit_category_is_known CHECK ((category = ANY (ARRAY['office_visit'::text, 'telehealth'::text, 'preventive'::text, 'laboratory'::text, 'imaging'::text, 'surgery'::text, 'inpatient'::text, 'emergency'::text, 'therapy'::text, 'pharmacy'::text, 'dental'::text, 'vision'::text, 'equipment'::text, 'other'::text]))),  -- Choose one of the known categories of service for the benefit.
    CONSTRAINT plan_benefit_coinsurance_is_a_percentage CHECK (((coinsurance_percent >= (0)::numeric) AND (coinsurance_percent <= (100)::numeric))),  -- Co-insurance is 0 to 100 per cent.
    CONSTRAINT plan_benefit_copay_is_not_negative CHECK (((copay)::numeric >= (0)::numeric)),  -- A copay is not negative.
    CONSTRAINT plan_benefit_is_for_a_category_or_a_code CHECK ((num_nonnulls(category, charge_code) = 1)),  -- A benefit is for a category or for one charge code.
    CONSTRAINT plan_benefit_limit_has_a_period CHECK ((((num_nonnulls(visit_limit, amount_limit) > 0) = (limit_per IS NOT NULL)) AND (limit_per = ANY (ARRAY['month'::text, 'plan_year'::text])))),  -- A benefit with a limit says whether it is for a month or a plan_year, and no other does.
    CONSTRAINT plan_benefit_limits_are_not_negative CHECK (((visit_limit >= 0) AND ((amount_limit)::numeric >= (0)::numeric))),  -- Limits are not negative.
    CONSTRAINT plan_benefit_network_is_known CHECK ((network = ANY (ARRAY['in'::text, 'out'::text]))),  -- Choose in or out.
    CONSTRAINT plan_benefit_period_has_a_beginning CHECK (((NOT isempty(valid_during)) AND (NOT lower_inf(valid_during))))  -- A benefit has a first day, and ends after it.
);
CREATE INDEX plan_benefit_charge_code_idx ON care.plan_benefit USING btree (charge_code) WHERE (charge_code IS NOT NULL);
CREATE INDEX plan_benefit_plan_idx ON care.plan_benefit USING btree (insurance_plan_id);
ALTER TABLE care.plan_benefit FORCE ROW LEVEL SECURITY;
CREATE POLICY administrator ON care.plan_benefit FOR ALL TO healthtrack_care USING ((( SELECT access.part() AS part) = 'network_admin'::text)) WITH CHECK ((( SELECT access.part() AS part) = 'network_admin'::text));
CREATE POLICY everybody_reads ON care.plan_benefit FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.plan_benefit FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.plan_benefit TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.plan_benefit TO healthtrack_care;

-- A contract with an insurer; whom it covers is in coverage.
CREATE TABLE care.policy (
    policy_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    insurer_id uuid NOT NULL,  -- With whom.
    insurance_plan_id uuid NOT NULL,  -- Of which plan of that insurer.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    number text NOT NULL,  -- Its number, unique at its insurer.
    holder_name text NOT NULL,  -- Who holds it: the patient, a relative or an employer.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT policy_pkey PRIMARY KEY (policy_id),  -- This policy is known already.
    CONSTRAINT policy_number_is_unique_at_its_insurer UNIQUE (insurer_id, number),  -- This insurer has a policy with that number already.
    CONSTRAINT policy_plan_fkey FOREIGN KEY (insurer_id, insurance_plan_id) REFERENCES care.insurance_plan(insurer_id, insurance_plan_id),  -- Choose one of this insurer's plans.
    CONSTRAINT policy_holder_is_some CHECK ((holder_name ~ '\S'::text)),  -- Say who holds the policy.
    CONSTRAINT policy_number_is_a_number CHECK ((number ~ '^[A-Z0-9][A-Z0-9-]{2,39}$'::text))  -- A policy number has 3 to 40 capital letters, digits and hyphens.
);
CREATE INDEX policy_plan_idx ON care.policy USING btree (insurance_plan_id);
CREATE TRIGGER insurance_stays_as_it_was_claimed BEFORE UPDATE OF insurance_plan_id ON care.policy FOR EACH ROW WHEN (((NOT access.erasing()) AND (old.insurance_plan_id <> new.insurance_plan_id))) EXECUTE FUNCTION care.keep_what_was_counted();  -- Trigger before a coverage gets another policy, a policy another plan or a plan another year: refuses it once claims were made by it.
CREATE TRIGGER policy_is_stamped BEFORE INSERT OR UPDATE ON care.policy FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER policy_is_touched BEFORE UPDATE ON care.policy FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
ALTER TABLE care.policy FORCE ROW LEVEL SECURITY;
CREATE POLICY covered ON care.policy FOR SELECT TO healthtrack_care USING ((policy_id IN ( SELECT coverage.policy_id FROM care.coverage)));
CREATE POLICY desk_adds ON care.policy FOR INSERT TO healthtrack_care WITH CHECK ((( SELECT access.part() AS part) = 'biller'::text));
CREATE POLICY desk_changes ON care.policy FOR UPDATE TO healthtrack_care USING (((( SELECT access.part() AS part) = 'biller'::text) AND (policy_id IN ( SELECT coverage.policy_id FROM care.coverage))));
CREATE POLICY maintenance ON care.policy FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.policy TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.policy TO healthtrack_care;

-- Which patient a policy covers, when, and in which rank.
CREATE TABLE care.coverage (
    coverage_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- Who is covered.
    policy_id uuid NOT NULL,  -- By which policy.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    covered_during daterange NOT NULL,  -- Half-open period of days; no upper bound while it goes on.
    rank text DEFAULT 'primary'::text NOT NULL,  -- primary is asked first, secondary for what it leaves.
    relation text DEFAULT 'self'::text NOT NULL,  -- What the patient is to the holder: self, spouse, child or other.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT coverage_pkey PRIMARY KEY (coverage_id),  -- This coverage is known already.
    CONSTRAINT coverage_id_with_patient_is_unique UNIQUE (patient_id, coverage_id),  -- This coverage is known already.
    CONSTRAINT coverage_of_a_rank_is_one EXCLUDE USING gist (patient_id WITH =, rank WITH =, covered_during WITH &&),  -- The patient has another coverage of that rank in that period: end that first.
    CONSTRAINT coverage_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT coverage_policy_fkey FOREIGN KEY (policy_id) REFERENCES care.policy(policy_id),  -- Add the policy first.
    CONSTRAINT coverage_period_has_a_beginning CHECK (((NOT isempty(covered_during)) AND (NOT lower_inf(covered_during)))),  -- Coverage has a first day, and ends after it.
    CONSTRAINT coverage_rank_is_known CHECK ((rank = ANY (ARRAY['primary'::text, 'secondary'::text]))),  -- Choose primary or secondary.
    CONSTRAINT coverage_relation_is_known CHECK ((relation = ANY (ARRAY['self'::text, 'spouse'::text, 'child'::text, 'other'::text])))  -- Choose self, spouse, child or other.
);
CREATE INDEX coverage_policy_idx ON care.coverage USING btree (policy_id);
CREATE TRIGGER coverage_is_not_of_a_joined_record AFTER INSERT ON care.coverage REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER coverage_is_stamped BEFORE INSERT OR UPDATE ON care.coverage FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER coverage_is_touched BEFORE UPDATE ON care.coverage FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER coverage_stays_under_hold BEFORE DELETE ON care.coverage FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
CREATE TRIGGER insurance_stays_as_it_was_claimed BEFORE UPDATE OF policy_id ON care.coverage FOR EACH ROW WHEN (((NOT access.erasing()) AND (old.policy_id <> new.policy_id))) EXECUTE FUNCTION care.keep_what_was_counted();  -- Trigger before a coverage gets another policy, a policy another plan or a plan another year: refuses it once claims were made by it.
ALTER TABLE care.coverage FORCE ROW LEVEL SECURITY;
CREATE POLICY desk ON care.coverage FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_billed() AS patients_billed)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_billed() AS patients_billed)::uuid[])));
CREATE POLICY maintenance ON care.coverage FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.coverage FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.coverage TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.coverage TO healthtrack_care;

-- What an insurer said of a coverage when it was asked; only ever added to, and the newest counts.
CREATE TABLE care.eligibility_answer (
    eligibility_answer_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- Of whom.
    coverage_id uuid NOT NULL,  -- Of which coverage of this patient.
    facility_id uuid,  -- Where it was noted, whose desk and billers read all of it; null for a program's.
    asked_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was asked.
    valid_until timestamp with time zone NOT NULL,  -- Until when the answer may be relied on.
    served_during daterange NOT NULL,  -- For services on which days; half-open.
    active boolean NOT NULL,  -- Whether the coverage is active on these days.
    categories text[] DEFAULT '{}'::text[] NOT NULL,  -- For which kinds of service it was asked; none where it was asked for all.
    told jsonb DEFAULT '{}'::jsonb NOT NULL,  -- What was told of benefits, as it came.
    told_by text NOT NULL,  -- Who told it: the insurer's service or a person there, and its reference.
    disposition text,  -- What the insurer said in words; null where nothing.
    noted_by text DEFAULT COALESCE((access.actor())::text, (SESSION_USER)::text) NOT NULL,  -- Account or program that asked.
    CONSTRAINT eligibility_answer_pkey PRIMARY KEY (eligibility_answer_id),  -- This answer is known already.
    CONSTRAINT eligibility_answer_coverage_fkey FOREIGN KEY (patient_id, coverage_id) REFERENCES care.coverage(patient_id, coverage_id),  -- Choose a coverage of this patient.
    CONSTRAINT eligibility_answer_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility(facility_id),  -- Choose one of the network's facilities.
    CONSTRAINT eligibility_answer_categories_are_known CHECK ((categories <@ ARRAY['office_visit'::text, 'telehealth'::text, 'preventive'::text, 'laboratory'::text, 'imaging'::text, 'surgery'::text, 'inpatient'::text, 'emergency'::text, 'therapy'::text, 'pharmacy'::text, 'dental'::text, 'vision'::text, 'equipment'::text, 'other'::text])),  -- Choose known categories of service.
    CONSTRAINT eligibility_answer_disposition_is_short CHECK (((disposition ~ '\S'::text) AND (length(disposition) <= 500))),  -- Say what the insurer said in 500 letters at most, or nothing.
    CONSTRAINT eligibility_answer_is_for_some_days CHECK (((NOT isempty(served_during)) AND (NOT lower_inf(served_during)) AND (NOT upper_inf(served_during)))),  -- Ask for services on certain days, from a first to a last.
    CONSTRAINT eligibility_answer_is_told_as_an_object CHECK (((jsonb_typeof(told) = 'object'::text) AND (length((told)::text) <= 100000))),  -- Give what was told as a JSON object of 100000 letters at most.
    CONSTRAINT eligibility_answer_is_valid_for_a_time CHECK (((valid_until > asked_at) AND (valid_until <= (asked_at + '400 days'::interval)))),  -- An answer may be relied on for a time after it was asked for, 400 days at most.
    CONSTRAINT eligibility_answer_says_who_told CHECK (((told_by ~ '\S'::text) AND (length(told_by) <= 200)))  -- Say who told it, in 200 letters at most.
);
CREATE INDEX eligibility_answer_coverage_idx ON care.eligibility_answer USING btree (patient_id, coverage_id, asked_at DESC);
CREATE INDEX eligibility_answer_facility_idx ON care.eligibility_answer USING btree (facility_id);
CREATE TRIGGER eligibility_answer_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON care.eligibility_answer FOR EACH STATEMENT WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.refuse_change();  -- Trigger on a table that is only ever added to: refuses update, delete and truncate.
CREATE TRIGGER eligibility_answer_is_not_of_a_joined_record AFTER INSERT ON care.eligibility_answer REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER eligibility_answer_is_stamped BEFORE INSERT ON care.eligibility_answer FOR EACH ROW EXECUTE FUNCTION care.stamp_eligibility();  -- Trigger before an answer is noted: what an account notes bears its name, its facility and the present time.
CREATE TRIGGER eligibility_answer_stays_under_hold BEFORE DELETE ON care.eligibility_answer FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.eligibility_answer FORCE ROW LEVEL SECURITY;
CREATE POLICY biller ON care.eligibility_answer FOR ALL TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_billed() AS patients_billed)::uuid[])) AND (facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[])))) WITH CHECK (((patient_id = ANY (( SELECT access.patients_billed() AS patients_billed)::uuid[])) AND (facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[]))));
CREATE POLICY desk ON care.eligibility_answer FOR SELECT TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_at_desk() AS patients_at_desk)::uuid[])) AND (facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[]))));
CREATE POLICY maintenance ON care.eligibility_answer FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.eligibility_answer FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.eligibility_answer TO healthtrack_migrator;
GRANT INSERT, SELECT ON care.eligibility_answer TO healthtrack_care;

-- What a person has borne of a year of an insurance plan, and what the plan paid, by answered claims.
CREATE TABLE care.accumulator (
    patient_id uuid NOT NULL,  -- Who.
    policy_id uuid NOT NULL,  -- Under which policy.
    year_begins_on date NOT NULL,  -- First day of the plan's year.
    deductible numeric(14,2) NOT NULL,  -- What was borne as deductible.
    out_of_pocket numeric(14,2) NOT NULL,  -- What was borne as deductible, co-insurance and copay; denials do not count.
    paid numeric(14,2) NOT NULL,  -- What the insurer decided to pay.
    currency care.currency NOT NULL,  -- Currency of these amounts.
    CONSTRAINT accumulator_pkey PRIMARY KEY (patient_id, policy_id, year_begins_on, currency),  -- This year of that person is counted already.
    CONSTRAINT accumulator_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT accumulator_policy_fkey FOREIGN KEY (policy_id) REFERENCES care.policy(policy_id),  -- Add the policy first.
    CONSTRAINT accumulator_is_not_negative CHECK (((deductible >= (0)::numeric) AND (out_of_pocket >= deductible) AND (paid >= (0)::numeric)))  -- What was borne and paid is not negative, and the deductible is a part of what was borne.
);
CREATE INDEX accumulator_policy_idx ON care.accumulator USING btree (policy_id, year_begins_on);
CREATE TRIGGER accumulator_stays_under_hold BEFORE DELETE ON care.accumulator FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.accumulator FORCE ROW LEVEL SECURITY;
CREATE POLICY desk ON care.accumulator FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_billed() AS patients_billed)::uuid[])));
CREATE POLICY maintenance ON care.accumulator FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.accumulator FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.accumulator TO healthtrack_migrator;
GRANT SELECT ON care.accumulator TO healthtrack_care;

-- What can be charged, and what it usually costs.
CREATE TABLE care.charge_code (
    retired_on date,  -- First day on which it is not used any more; null while it is.
    charge_code text NOT NULL,  -- Stable code of the network's own list.
    title text NOT NULL,  -- A few words for a person.
    unit_price care.amount NOT NULL,  -- Usual price of one.
    currency care.currency NOT NULL,  -- Currency of that price.
    category text DEFAULT 'other'::text NOT NULL,  -- What kind of service it is, by which plans of insurers pay.
    CONSTRAINT charge_code_pkey PRIMARY KEY (charge_code),  -- This charge code is known already.
    CONSTRAINT charge_code_category_is_known CHECK ((category = ANY (ARRAY['office_visit'::text, 'telehealth'::text, 'preventive'::text, 'laboratory'::text, 'imaging'::text, 'surgery'::text, 'inpatient'::text, 'emergency'::text, 'therapy'::text, 'pharmacy'::text, 'dental'::text, 'vision'::text, 'equipment'::text, 'other'::text]))),  -- Choose one of the known categories of service.
    CONSTRAINT charge_code_is_a_code CHECK ((charge_code ~ '^[A-Z0-9][A-Z0-9-]{1,19}$'::text)),  -- A charge code has 2 to 20 capital letters, digits and hyphens.
    CONSTRAINT charge_code_price_is_not_negative CHECK (((unit_price)::numeric >= (0)::numeric)),  -- A price is not negative.
    CONSTRAINT charge_code_title_is_some CHECK ((title ~ '\S'::text))  -- Give the charge code a title.
);
ALTER TABLE care.charge_code FORCE ROW LEVEL SECURITY;
CREATE POLICY administrator ON care.charge_code FOR ALL TO healthtrack_care USING ((( SELECT access.part() AS part) = 'network_admin'::text)) WITH CHECK ((( SELECT access.part() AS part) = 'network_admin'::text));
CREATE POLICY everybody_reads ON care.charge_code FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.charge_code FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.charge_code TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.charge_code TO healthtrack_care;

-- What a facility asks of a patient for what was done.
CREATE TABLE care.invoice (
    invoice_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- For whom something was done.
    facility_id uuid NOT NULL,  -- Who asks.
    issued_at timestamp with time zone,  -- When it was issued; null while a draft.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    due_on date,  -- Until when it is to be paid; null while a draft.
    currency care.currency DEFAULT 'USD'::text NOT NULL,  -- Currency of all its amounts, payments included.
    status text DEFAULT 'draft'::text NOT NULL,  -- draft, issued or void; whether it is paid says the ledger (care.invoice_balance).
    number text NOT NULL,  -- Its number, unique in its facility.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT invoice_pkey PRIMARY KEY (invoice_id),  -- This invoice is known already.
    CONSTRAINT invoice_id_with_currency_is_unique UNIQUE (invoice_id, currency),  -- This invoice is known already.
    CONSTRAINT invoice_id_with_patient_is_unique UNIQUE (patient_id, facility_id, invoice_id),  -- This invoice is known already.
    CONSTRAINT invoice_number_is_unique_in_its_facility UNIQUE (facility_id, number),  -- This facility has an invoice with that number already.
    CONSTRAINT invoice_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility(facility_id),  -- Choose one of the network's facilities.
    CONSTRAINT invoice_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT invoice_is_dated_once_issued CHECK (((status = 'draft'::text) = (issued_at IS NULL))),  -- An invoice has a day of issue unless it is a draft.
    CONSTRAINT invoice_is_due_once_issued CHECK (((issued_at IS NULL) = (due_on IS NULL))),  -- An invoice has a day on which it is due unless it is a draft.
    CONSTRAINT invoice_number_is_a_number CHECK ((number ~ '^[A-Z0-9][A-Z0-9-]{0,39}$'::text)),  -- An invoice number has up to 40 capital letters, digits and hyphens.
    CONSTRAINT invoice_status_is_known CHECK ((status = ANY (ARRAY['draft'::text, 'issued'::text, 'void'::text])))  -- Choose draft, issued or void.
);
CREATE INDEX invoice_due_idx ON care.invoice USING btree (facility_id, due_on, invoice_id) WHERE (status = 'issued'::text);
CREATE TRIGGER invoice_is_booked AFTER UPDATE OF status ON care.invoice FOR EACH ROW WHEN ((old.status <> new.status)) EXECUTE FUNCTION care.book_invoice();  -- Trigger: books that an invoice is issued or void.
CREATE TRIGGER invoice_is_for_who_was_seen BEFORE INSERT OR UPDATE OF patient_id ON care.invoice FOR EACH ROW WHEN (((NOT access.erasing()) AND (NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text)))) EXECUTE FUNCTION care.check_billed_patient();  -- Trigger before an invoice is written through the portal: for a patient with an appointment or an encounter at the facility.
CREATE TRIGGER invoice_is_not_of_a_joined_record AFTER INSERT ON care.invoice REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER invoice_is_stamped BEFORE INSERT OR UPDATE ON care.invoice FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER invoice_is_touched BEFORE UPDATE ON care.invoice FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER invoice_moves_forward BEFORE INSERT OR UPDATE ON care.invoice FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.move_invoice();  -- Trigger: an invoice goes from draft to issued to void, and keeps what it said.
CREATE TRIGGER invoice_stays_due_as_issued BEFORE UPDATE ON care.invoice FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.keep_terms();  -- Trigger before an invoice changes: it is issued now, and keeps the day on which it is due.
CREATE TRIGGER invoice_stays_under_hold BEFORE DELETE ON care.invoice FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.invoice FORCE ROW LEVEL SECURITY;
CREATE POLICY desk ON care.invoice FOR ALL TO healthtrack_care USING (((facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[])) AND (( SELECT access.part() AS part) = 'biller'::text))) WITH CHECK (((facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[])) AND (( SELECT access.part() AS part) = 'biller'::text)));
CREATE POLICY granted ON care.invoice FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_granted('billing'::text) AS patients_granted)::uuid[])));
CREATE POLICY maintenance ON care.invoice FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.invoice FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.invoice TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.invoice TO healthtrack_care;

-- A line of an invoice.
CREATE TABLE care.charge (
    charge_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- For whom it was done; the invoice's patient.
    facility_id uuid NOT NULL,  -- Who did it; the invoice's facility.
    invoice_id uuid NOT NULL,  -- On which invoice it stands.
    appointment_id uuid,  -- In which appointment of this patient it was done; null where in none.
    encounter_id uuid,  -- In which encounter of this patient it was done; null where in none.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    quantity integer DEFAULT 1 NOT NULL,  -- How many.
    served_on date NOT NULL,  -- On which day it was done: what decides which coverage pays.
    charge_code text NOT NULL,  -- What was done.
    unit_price care.amount NOT NULL,  -- Price of one, in the invoice's currency.
    amount numeric(14,2) GENERATED ALWAYS AS (((quantity)::numeric * (unit_price)::numeric)) STORED NOT NULL,  -- quantity × unit_price.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    currency care.currency NOT NULL,  -- Currency of its price, by the list; its invoice has the same.
    CONSTRAINT charge_pkey PRIMARY KEY (charge_id),  -- This charge is known already.
    CONSTRAINT charge_id_with_patient_is_unique UNIQUE (patient_id, facility_id, invoice_id, charge_id),  -- This charge is known already.
    CONSTRAINT charge_appointment_fkey FOREIGN KEY (patient_id, appointment_id) REFERENCES care.appointment(patient_id, appointment_id),  -- Choose an appointment of this patient.
    CONSTRAINT charge_code_fkey FOREIGN KEY (charge_code) REFERENCES care.charge_code(charge_code),  -- Choose one of the known charge codes.
    CONSTRAINT charge_currency_is_its_invoices FOREIGN KEY (invoice_id, currency) REFERENCES care.invoice(invoice_id, currency),  -- Charge in the currency of the invoice: start another invoice for another currency.
    CONSTRAINT charge_encounter_fkey FOREIGN KEY (patient_id, encounter_id) REFERENCES care.encounter(patient_id, encounter_id),  -- Choose an encounter of this patient.
    CONSTRAINT charge_invoice_fkey FOREIGN KEY (patient_id, facility_id, invoice_id) REFERENCES care.invoice(patient_id, facility_id, invoice_id),  -- Choose an invoice of this patient and facility.
    CONSTRAINT charge_price_is_not_negative CHECK (((unit_price)::numeric >= (0)::numeric)),  -- A price is not negative.
    CONSTRAINT charge_quantity_is_positive CHECK (((quantity >= 1) AND (quantity <= 10000)))  -- Charge one to ten thousand of something.
);
CREATE INDEX charge_appointment_idx ON care.charge USING btree (patient_id, appointment_id) WHERE (appointment_id IS NOT NULL);
CREATE INDEX charge_code_idx ON care.charge USING btree (charge_code);
CREATE INDEX charge_encounter_idx ON care.charge USING btree (patient_id, encounter_id) WHERE (encounter_id IS NOT NULL);
CREATE INDEX charge_invoice_idx ON care.charge USING btree (invoice_id);
CREATE TRIGGER charge_has_the_currency_of_its_price BEFORE INSERT OR UPDATE OF charge_code, currency ON care.charge FOR EACH ROW EXECUTE FUNCTION care.fill_charge_currency();  -- Trigger before a charge is written: it has the currency of its price in the list.
CREATE TRIGGER charge_is_fixed_once_issued BEFORE INSERT OR DELETE OR UPDATE ON care.charge FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.charge_only_drafts();  -- Trigger: refuses to add, change or remove a charge of an invoice that is issued.
CREATE TRIGGER charge_is_not_of_a_joined_record AFTER INSERT ON care.charge REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER charge_is_priced_by_the_list BEFORE INSERT OR UPDATE OF charge_code, unit_price, served_on, invoice_id ON care.charge FOR EACH ROW WHEN (((NOT access.erasing()) AND (NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text)))) EXECUTE FUNCTION care.check_price();  -- Trigger before a charge is written through the portal: its price is that of the list.
CREATE TRIGGER charge_is_stamped BEFORE INSERT OR UPDATE ON care.charge FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER charge_is_touched BEFORE UPDATE ON care.charge FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER charge_stays_under_hold BEFORE DELETE ON care.charge FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.charge FORCE ROW LEVEL SECURITY;
CREATE POLICY desk ON care.charge FOR ALL TO healthtrack_care USING (((facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[])) AND (( SELECT access.part() AS part) = 'biller'::text))) WITH CHECK (((facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[])) AND (( SELECT access.part() AS part) = 'biller'::text)));
CREATE POLICY granted ON care.charge FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_granted('billing'::text) AS patients_granted)::uuid[])));
CREATE POLICY maintenance ON care.charge FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.charge FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.charge TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.charge TO healthtrack_care;

-- What an insurer is asked to pay of an invoice, and its answer.
CREATE TABLE care.claim (
    claim_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- For whom; the invoice's patient.
    facility_id uuid NOT NULL,  -- Who asks; the invoice's facility.
    invoice_id uuid NOT NULL,  -- Of which invoice.
    coverage_id uuid NOT NULL,  -- Under which coverage of this patient.
    submitted_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was submitted.
    adjudicated_at timestamp with time zone,  -- When the insurer answered; null until then.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    submitted_amount numeric(14,2) NOT NULL,  -- What was asked for: the sum of its lines.
    accepted_amount numeric(14,2),  -- What the insurer pays; null until it answers.
    adjusted_amount numeric(14,2),  -- What nobody pays, by contract with the insurer; null until it answers.
    denied_amount numeric(14,2),  -- What falls back to the patient; null until it answers.
    status text DEFAULT 'submitted'::text NOT NULL,  -- submitted or adjudicated.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    replaces_claim_id uuid,  -- The answered claim whose denials it asks for again; null where it is the first.
    related_as text,  -- resubmission with what was missing, or appeal; null where it replaces none.
    CONSTRAINT claim_pkey PRIMARY KEY (claim_id),  -- This claim is known already.
    CONSTRAINT claim_id_with_coverage_is_unique UNIQUE (patient_id, coverage_id, claim_id),  -- This claim is known already.
    CONSTRAINT claim_id_with_patient_is_unique UNIQUE (patient_id, facility_id, invoice_id, claim_id),  -- This claim is known already.
    CONSTRAINT claim_is_replaced_once UNIQUE (replaces_claim_id),  -- This claim was replaced already: replace the newer one.
    CONSTRAINT claim_is_open_once EXCLUDE USING gist (invoice_id WITH =) WHERE ((status = 'submitted'::text)),  -- This invoice has a claim that is not answered yet.
    CONSTRAINT claim_coverage_fkey FOREIGN KEY (patient_id, coverage_id) REFERENCES care.coverage(patient_id, coverage_id),  -- Choose a coverage of this patient.
    CONSTRAINT claim_invoice_fkey FOREIGN KEY (patient_id, facility_id, invoice_id) REFERENCES care.invoice(patient_id, facility_id, invoice_id),  -- Choose an invoice of this patient and facility.
    CONSTRAINT claim_replaces_fkey FOREIGN KEY (patient_id, facility_id, invoice_id, replaces_claim_id) REFERENCES care.claim(patient_id, facility_id, invoice_id, claim_id),  -- Replace a claim of the same invoice.
    CONSTRAINT claim_amounts_add_up CHECK (((accepted_amount >= (0)::numeric) AND (adjusted_amount >= (0)::numeric) AND (denied_amount >= (0)::numeric) AND (((accepted_amount + adjusted_amount) + denied_amount) = submitted_amount))),  -- Accepted, adjusted and denied together are what was submitted.
    CONSTRAINT claim_answer_is_whole CHECK ((((status = 'adjudicated'::text) = (num_nonnulls(accepted_amount, adjusted_amount, denied_amount) = 3)) AND (num_nonnulls(accepted_amount, adjusted_amount, denied_amount) = ANY (ARRAY[0, 3])))),  -- An adjudicated claim says what is accepted, adjusted and denied, and no other says any of it.
    CONSTRAINT claim_asks_for_something CHECK ((submitted_amount > (0)::numeric)),  -- A claim asks for more than nothing.
    CONSTRAINT claim_is_dated_once_adjudicated CHECK (((status = 'adjudicated'::text) = (adjudicated_at IS NOT NULL))),  -- A claim has a day of answer once it is adjudicated, and not before.
    CONSTRAINT claim_related_as_is_known CHECK ((((related_as IS NULL) = (replaces_claim_id IS NULL)) AND ((related_as IS NULL) OR (related_as = ANY (ARRAY['resubmission'::text, 'appeal'::text]))))),  -- A claim that replaces another is a resubmission or an appeal, and no other is.
    CONSTRAINT claim_replaces_another CHECK ((replaces_claim_id <> claim_id)),  -- A claim replaces another one.
    CONSTRAINT claim_status_is_known CHECK ((status = ANY (ARRAY['submitted'::text, 'adjudicated'::text])))  -- Choose submitted or adjudicated.
);
CREATE INDEX claim_coverage_idx ON care.claim USING btree (coverage_id);
CREATE INDEX claim_invoice_idx ON care.claim USING btree (invoice_id);
CREATE TRIGGER claim_adjustments_add_up BEFORE UPDATE OF status ON care.claim FOR EACH ROW WHEN (((NOT access.erasing()) AND ((old.status = 'submitted'::text) AND (new.status = 'adjudicated'::text)))) EXECUTE FUNCTION care.complete_adjustments();  -- Trigger before a claim is answered: what has no code gets NONE, and codes that take off too much are refused.
CREATE TRIGGER claim_answer_is_booked AFTER UPDATE OF status ON care.claim FOR EACH ROW WHEN ((old.status <> new.status)) EXECUTE FUNCTION care.book_claim();  -- Trigger: books that a claim is submitted or answered.
CREATE TRIGGER claim_is_accumulated AFTER UPDATE OF status ON care.claim FOR EACH ROW WHEN (((old.status = 'submitted'::text) AND (new.status = 'adjudicated'::text))) EXECUTE FUNCTION care.accumulate_claim();  -- Trigger after a claim is answered: adds what the patient bears and the insurer pays to the sums of the plan's year.
CREATE TRIGGER claim_is_booked AFTER INSERT ON care.claim FOR EACH ROW EXECUTE FUNCTION care.book_claim();  -- Trigger: books that a claim is submitted or answered.
CREATE TRIGGER claim_is_stamped BEFORE INSERT OR UPDATE ON care.claim FOR EACH ROW EXECUTE FUNCTION care.stamp_money();  -- Trigger before money is booked: what an account books bears its name and the present time.
CREATE CONSTRAINT TRIGGER claim_is_the_sum_of_its_lines AFTER INSERT OR UPDATE ON care.claim DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION care.check_claim_sum();  -- Deferred trigger: a claim's amounts are the sums of its lines when the transaction ends.
CREATE TRIGGER claim_is_touched BEFORE UPDATE ON care.claim FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER claim_moves_forward BEFORE INSERT OR UPDATE ON care.claim FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.move_claim();  -- Trigger: a claim is submitted for what is due on an issued invoice, and answered once.
CREATE TRIGGER claim_stays_under_hold BEFORE DELETE ON care.claim FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.claim FORCE ROW LEVEL SECURITY;
CREATE POLICY desk ON care.claim FOR ALL TO healthtrack_care USING (((facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[])) AND (( SELECT access.part() AS part) = 'biller'::text))) WITH CHECK (((facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[])) AND (( SELECT access.part() AS part) = 'biller'::text)));
CREATE POLICY granted ON care.claim FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_granted('billing'::text) AS patients_granted)::uuid[])));
CREATE POLICY maintenance ON care.claim FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.claim FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.claim TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.claim TO healthtrack_care;

-- One charge on a claim, and the insurer's answer to it.
CREATE TABLE care.claim_line (
    claim_id uuid NOT NULL,  -- On which claim.
    charge_id uuid NOT NULL,  -- Which charge of the same invoice.
    patient_id uuid NOT NULL,  -- For whom; the claim's patient.
    facility_id uuid NOT NULL,  -- Who asks; the claim's facility.
    invoice_id uuid NOT NULL,  -- The invoice of both.
    submitted_amount numeric(14,2) NOT NULL,  -- What was asked for.
    accepted_amount numeric(14,2),  -- What the insurer pays; null until it answers.
    adjusted_amount numeric(14,2),  -- What nobody pays, by contract; null until the insurer answers.
    denied_amount numeric(14,2) GENERATED ALWAYS AS (((submitted_amount - accepted_amount) - adjusted_amount)) STORED,  -- What falls back to the patient: the rest; null until the insurer answers.
    allowed_amount numeric(14,2) GENERATED ALWAYS AS ((submitted_amount - adjusted_amount)) STORED,  -- What the insurer counts with: asked for less adjusted, which is what it and the patient pay; null until it answers.
    CONSTRAINT claim_line_pkey PRIMARY KEY (claim_id, charge_id),  -- This charge is on the claim already.
    CONSTRAINT claim_line_id_with_patient_is_unique UNIQUE (patient_id, facility_id, invoice_id, claim_id, charge_id),  -- This charge is on the claim already.
    CONSTRAINT claim_line_charge_fkey FOREIGN KEY (patient_id, facility_id, invoice_id, charge_id) REFERENCES care.charge(patient_id, facility_id, invoice_id, charge_id),  -- Choose a charge of this invoice.
    CONSTRAINT claim_line_claim_fkey FOREIGN KEY (patient_id, facility_id, invoice_id, claim_id) REFERENCES care.claim(patient_id, facility_id, invoice_id, claim_id),  -- Choose a claim of this invoice.
    CONSTRAINT claim_line_amounts_add_up CHECK (((accepted_amount >= (0)::numeric) AND (adjusted_amount >= (0)::numeric) AND ((accepted_amount + adjusted_amount) <= submitted_amount))),  -- An insurer answers with amounts between nothing and what was asked for.
    CONSTRAINT claim_line_answer_is_whole CHECK ((num_nonnulls(accepted_amount, adjusted_amount) = ANY (ARRAY[0, 2]))),  -- An answer says what is accepted and what is adjusted.
    CONSTRAINT claim_line_asks_for_something CHECK ((submitted_amount > (0)::numeric))  -- A line of a claim asks for more than nothing.
);
CREATE INDEX claim_line_charge_idx ON care.claim_line USING btree (charge_id);
CREATE CONSTRAINT TRIGGER claim_line_adds_up_to_its_claim AFTER INSERT OR UPDATE ON care.claim_line DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION care.check_claim_sum();  -- Deferred trigger: a claim's amounts are the sums of its lines when the transaction ends.
CREATE TRIGGER claim_line_is_answered_once BEFORE INSERT OR UPDATE ON care.claim_line FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.keep_claim_line();  -- Trigger: the lines of a claim are answered while it is open, and never change what they ask.
CREATE TRIGGER claim_line_is_claimable AFTER INSERT ON care.claim_line FOR EACH ROW EXECUTE FUNCTION care.check_claim_line();  -- Trigger: refuses a line that was not covered on its day, that comes before the primary insurer's answer, or that asks for more than earlier claims left or denied.
CREATE TRIGGER claim_line_stays_under_hold BEFORE DELETE ON care.claim_line FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.claim_line FORCE ROW LEVEL SECURITY;
CREATE POLICY desk ON care.claim_line FOR ALL TO healthtrack_care USING (((facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[])) AND (( SELECT access.part() AS part) = 'biller'::text))) WITH CHECK (((facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[])) AND (( SELECT access.part() AS part) = 'biller'::text)));
CREATE POLICY granted ON care.claim_line FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_granted('billing'::text) AS patients_granted)::uuid[])));
CREATE POLICY maintenance ON care.claim_line FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.claim_line FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.claim_line TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.claim_line TO healthtrack_care;

-- Why an insurer pays less than was asked for: group and code of X12 835, in words of this network.
CREATE TABLE care.adjustment_code (
    retired_on date,  -- First day on which it is not used any more; null while it is.
    group_code text NOT NULL,  -- Who bears it: CO nobody by contract, PR the patient, OA and PI nobody, for other reasons or by the payer.
    code text NOT NULL,  -- Claim adjustment reason code; NONE where the insurer gave none.
    title text NOT NULL,  -- A few words for a person.
    counts_as text,  -- deductible, coinsurance or copay: what the plan lets the patient bear; null for a denial, a discount or another reason.
    CONSTRAINT adjustment_code_pkey PRIMARY KEY (group_code, code),  -- This adjustment code is known already.
    CONSTRAINT adjustment_code_counts_for_the_patient CHECK (((counts_as IS NULL) OR ((counts_as = ANY (ARRAY['deductible'::text, 'coinsurance'::text, 'copay'::text])) AND (group_code = 'PR'::text)))),  -- Only a code of group PR counts as deductible, coinsurance or copay.
    CONSTRAINT adjustment_code_group_is_known CHECK ((group_code = ANY (ARRAY['CO'::text, 'PR'::text, 'OA'::text, 'PI'::text]))),  -- Choose CO, PR, OA or PI.
    CONSTRAINT adjustment_code_is_a_code CHECK ((code ~ '^[A-Z0-9]{1,5}$'::text)),  -- An adjustment code has up to five capital letters and digits.
    CONSTRAINT adjustment_code_title_is_some CHECK (((title ~ '\S'::text) AND (length(title) <= 200)))  -- Give the code a title of 200 letters at most.
);
ALTER TABLE care.adjustment_code FORCE ROW LEVEL SECURITY;
CREATE POLICY administrator ON care.adjustment_code FOR ALL TO healthtrack_care USING ((( SELECT access.part() AS part) = 'network_admin'::text)) WITH CHECK ((( SELECT access.part() AS part) = 'network_admin'::text));
CREATE POLICY everybody_reads ON care.adjustment_code FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.adjustment_code FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.adjustment_code TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.adjustment_code TO healthtrack_care;

-- What an insurer takes off one line of a claim, and why; all of a line add up to what is adjusted and denied.
CREATE TABLE care.claim_adjustment (
    claim_id uuid NOT NULL,  -- Of which claim.
    charge_id uuid NOT NULL,  -- Of which charge on it.
    patient_id uuid NOT NULL,  -- For whom; the claim's patient.
    facility_id uuid NOT NULL,  -- Who asks; the claim's facility.
    invoice_id uuid NOT NULL,  -- The claim's invoice.
    amount numeric(14,2) NOT NULL,  -- How much, in the invoice's currency.
    group_code text NOT NULL,  -- Who bears it: CO, PR, OA or PI.
    code text NOT NULL,  -- Why.
    CONSTRAINT claim_adjustment_pkey PRIMARY KEY (claim_id, charge_id, group_code, code),  -- This line has an amount of that code already: add to it.
    CONSTRAINT claim_adjustment_code_fkey FOREIGN KEY (group_code, code) REFERENCES care.adjustment_code(group_code, code),  -- Choose one of the known adjustment codes.
    CONSTRAINT claim_adjustment_line_fkey FOREIGN KEY (patient_id, facility_id, invoice_id, claim_id, charge_id) REFERENCES care.claim_line(patient_id, facility_id, invoice_id, claim_id, charge_id),  -- Choose a charge on this claim.
    CONSTRAINT claim_adjustment_takes_something CHECK ((amount > (0)::numeric))  -- An adjustment takes off more than nothing.
);
CREATE INDEX claim_adjustment_code_idx ON care.claim_adjustment USING btree (group_code, code);
CREATE INDEX claim_adjustment_patient_idx ON care.claim_adjustment USING btree (patient_id);
CREATE TRIGGER claim_adjustment_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON care.claim_adjustment FOR EACH STATEMENT WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.refuse_change();  -- Trigger on a table that is only ever added to: refuses update, delete and truncate.
CREATE TRIGGER claim_adjustment_stays_under_hold BEFORE DELETE ON care.claim_adjustment FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
CREATE TRIGGER claim_is_coded_while_open AFTER INSERT ON care.claim_adjustment FOR EACH ROW EXECUTE FUNCTION care.check_open_claim();  -- Trigger after codes are added to a claim: refuses them once it is answered.
ALTER TABLE care.claim_adjustment FORCE ROW LEVEL SECURITY;
CREATE POLICY desk ON care.claim_adjustment FOR ALL TO healthtrack_care USING (((facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[])) AND (( SELECT access.part() AS part) = 'biller'::text))) WITH CHECK (((facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[])) AND (( SELECT access.part() AS part) = 'biller'::text)));
CREATE POLICY granted ON care.claim_adjustment FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_granted('billing'::text) AS patients_granted)::uuid[])));
CREATE POLICY maintenance ON care.claim_adjustment FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.claim_adjustment FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.claim_adjustment TO healthtrack_migrator;
GRANT INSERT, SELECT ON care.claim_adjustment TO healthtrack_care;

-- What was treated, as an insurer is told: codes of ICD-10-CM in their order.
CREATE TABLE care.claim_diagnosis (
    claim_id uuid NOT NULL,  -- On which claim.
    patient_id uuid NOT NULL,  -- For whom; the claim's patient.
    facility_id uuid NOT NULL,  -- Who asks; the claim's facility.
    invoice_id uuid NOT NULL,  -- The claim's invoice.
    sequence smallint NOT NULL,  -- Its place, 1 for the principal one.
    code text NOT NULL,  -- Code of ICD-10-CM, with its point.
    sensitivity care.sensitivity,  -- Category by which it is kept from whoever was granted bills alone; null for plain care.
    CONSTRAINT claim_diagnosis_pkey PRIMARY KEY (claim_id, sequence),  -- The claim has a diagnosis in that place already.
    CONSTRAINT claim_diagnosis_id_with_patient_is_unique UNIQUE (patient_id, claim_id, sequence),  -- The claim has a diagnosis in that place already.
    CONSTRAINT claim_diagnosis_is_named_once UNIQUE (claim_id, code),  -- The claim names this diagnosis already.
    CONSTRAINT claim_diagnosis_claim_fkey FOREIGN KEY (patient_id, facility_id, invoice_id, claim_id) REFERENCES care.claim(patient_id, facility_id, invoice_id, claim_id),  -- Choose a claim of this invoice.
    CONSTRAINT claim_diagnosis_is_icd_10_cm CHECK ((code ~ '^[A-Z][0-9][0-9A-Z](\.[0-9A-Z]{1,4})?$'::text)),  -- Write a code of ICD-10-CM with its point, like E11.9.
    CONSTRAINT claim_diagnosis_sequence_is_believable CHECK (((sequence >= 1) AND (sequence <= 12)))  -- A claim has twelve diagnoses at most.
);
CREATE TRIGGER claim_diagnosis_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON care.claim_diagnosis FOR EACH STATEMENT WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.refuse_change();  -- Trigger on a table that is only ever added to: refuses update, delete and truncate.
CREATE TRIGGER claim_diagnosis_is_classified BEFORE INSERT OR UPDATE ON care.claim_diagnosis FOR EACH ROW EXECUTE FUNCTION care.classify_claim_diagnosis();  -- Trigger before a diagnosis of a claim is written: its category is that of its code.
CREATE TRIGGER claim_diagnosis_stays_under_hold BEFORE DELETE ON care.claim_diagnosis FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
CREATE TRIGGER claim_is_coded_while_open AFTER INSERT ON care.claim_diagnosis FOR EACH ROW EXECUTE FUNCTION care.check_open_claim();  -- Trigger after codes are added to a claim: refuses them once it is answered.
ALTER TABLE care.claim_diagnosis FORCE ROW LEVEL SECURITY;
CREATE POLICY desk ON care.claim_diagnosis FOR ALL TO healthtrack_care USING (((facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[])) AND (( SELECT access.part() AS part) = 'biller'::text))) WITH CHECK (((facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[])) AND (( SELECT access.part() AS part) = 'biller'::text)));
CREATE POLICY granted ON care.claim_diagnosis FOR SELECT TO healthtrack_care USING (((patient_id = ANY (( SELECT access.patients_granted('billing'::text) AS patients_granted)::uuid[])) AND ((sensitivity IS NULL) OR (patient_id = ANY (access.patients_granted((sensitivity)::text))))));
CREATE POLICY maintenance ON care.claim_diagnosis FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.claim_diagnosis FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.claim_diagnosis TO healthtrack_migrator;
GRANT INSERT, SELECT ON care.claim_diagnosis TO healthtrack_care;

-- For which of a claim's diagnoses one of its charges was done.
CREATE TABLE care.claim_line_diagnosis (
    claim_id uuid NOT NULL,  -- On which claim.
    charge_id uuid NOT NULL,  -- Which charge on it.
    patient_id uuid NOT NULL,  -- For whom; the claim's patient.
    facility_id uuid NOT NULL,  -- Who asks; the claim's facility.
    invoice_id uuid NOT NULL,  -- The claim's invoice.
    priority smallint NOT NULL,  -- Its place for this charge, 1 for the first.
    sequence smallint NOT NULL,  -- Which of the claim's diagnoses.
    CONSTRAINT claim_line_diagnosis_pkey PRIMARY KEY (claim_id, charge_id, priority),  -- This charge has a diagnosis in that place already.
    CONSTRAINT claim_line_diagnosis_is_named_once UNIQUE (claim_id, charge_id, sequence),  -- This charge names that diagnosis already.
    CONSTRAINT claim_line_diagnosis_diagnosis_fkey FOREIGN KEY (patient_id, claim_id, sequence) REFERENCES care.claim_diagnosis(patient_id, claim_id, sequence),  -- Choose one of the claim's diagnoses.
    CONSTRAINT claim_line_diagnosis_line_fkey FOREIGN KEY (patient_id, facility_id, invoice_id, claim_id, charge_id) REFERENCES care.claim_line(patient_id, facility_id, invoice_id, claim_id, charge_id),  -- Choose a charge on this claim.
    CONSTRAINT claim_line_diagnosis_priority_is_believable CHECK (((priority >= 1) AND (priority <= 4)))  -- A charge is for four diagnoses at most.
);
CREATE INDEX claim_line_diagnosis_patient_idx ON care.claim_line_diagnosis USING btree (patient_id, claim_id, sequence);
CREATE TRIGGER claim_is_coded_while_open AFTER INSERT ON care.claim_line_diagnosis FOR EACH ROW EXECUTE FUNCTION care.check_open_claim();  -- Trigger after codes are added to a claim: refuses them once it is answered.
CREATE TRIGGER claim_line_diagnosis_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON care.claim_line_diagnosis FOR EACH STATEMENT WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.refuse_change();  -- Trigger on a table that is only ever added to: refuses update, delete and truncate.
CREATE TRIGGER claim_line_diagnosis_stays_under_hold BEFORE DELETE ON care.claim_line_diagnosis FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.claim_line_diagnosis FORCE ROW LEVEL SECURITY;
CREATE POLICY desk ON care.claim_line_diagnosis FOR ALL TO healthtrack_care USING (((facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[])) AND (( SELECT access.part() AS part) = 'biller'::text))) WITH CHECK (((facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[])) AND (( SELECT access.part() AS part) = 'biller'::text)));
CREATE POLICY granted ON care.claim_line_diagnosis FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_granted('billing'::text) AS patients_granted)::uuid[])));
CREATE POLICY maintenance ON care.claim_line_diagnosis FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.claim_line_diagnosis FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.claim_line_diagnosis TO healthtrack_migrator;
GRANT INSERT, SELECT ON care.claim_line_diagnosis TO healthtrack_care;

-- Money that came for an invoice.
CREATE TABLE care.payment (
    payment_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- Whose invoice.
    facility_id uuid NOT NULL,  -- Who received it.
    invoice_id uuid NOT NULL,  -- For which invoice.
    claim_id uuid,  -- For which claim an insurer pays; null where the patient pays.
    received_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it came.
    amount care.amount NOT NULL,  -- How much, in the invoice's currency.
    payer text NOT NULL,  -- patient or insurer.
    method text NOT NULL,  -- card, bank_transfer, cash or cheque.
    idempotency_key text NOT NULL,  -- Made by the caller once for each payment: the same key is the same payment.
    processor_token text,  -- What the card processor calls it; never a card number; null where no card was used.
    received_by text DEFAULT COALESCE((access.actor())::text, (SESSION_USER)::text) NOT NULL,  -- Account or program that booked it.
    CONSTRAINT payment_pkey PRIMARY KEY (payment_id),  -- This payment is known already.
    CONSTRAINT payment_id_with_patient_is_unique UNIQUE (patient_id, facility_id, invoice_id, payment_id),  -- This payment is known already.
    CONSTRAINT payment_key_is_used_once UNIQUE (facility_id, idempotency_key),  -- This key belongs to another payment: make a new one.
    CONSTRAINT payment_claim_fkey FOREIGN KEY (patient_id, facility_id, invoice_id, claim_id) REFERENCES care.claim(patient_id, facility_id, invoice_id, claim_id),  -- Choose a claim of this invoice.
    CONSTRAINT payment_invoice_fkey FOREIGN KEY (patient_id, facility_id, invoice_id) REFERENCES care.invoice(patient_id, facility_id, invoice_id),  -- Choose an invoice of this patient and facility.
    CONSTRAINT payment_by_card_has_a_token CHECK (((method = 'card'::text) = (processor_token IS NOT NULL))),  -- A payment by card needs the processor's token, and no other has one.
    CONSTRAINT payment_is_positive CHECK (((amount)::numeric > (0)::numeric)),  -- A payment is more than nothing.
    CONSTRAINT payment_key_is_hard_to_guess CHECK ((idempotency_key ~ '^[A-Za-z0-9_-]{16,80}$'::text)),  -- A payment key has 16 to 80 letters, digits, hyphens and underscores.
    CONSTRAINT payment_method_is_known CHECK ((method = ANY (ARRAY['card'::text, 'bank_transfer'::text, 'cash'::text, 'cheque'::text]))),  -- Choose card, bank_transfer, cash or cheque.
    CONSTRAINT payment_of_an_insurer_answers_a_claim CHECK (((payer = 'insurer'::text) = (claim_id IS NOT NULL))),  -- An insurer pays for a claim, and a patient for none.
    CONSTRAINT payment_payer_is_known CHECK ((payer = ANY (ARRAY['patient'::text, 'insurer'::text]))),  -- Choose patient or insurer.
    CONSTRAINT payment_token_is_no_card_number CHECK (((processor_token ~ '^[A-Za-z0-9_-]{8,200}$'::text) AND (processor_token !~ '([0-9][_-]?){12,}'::text)))  -- Give the processor's token, never a card number.
);
CREATE INDEX payment_claim_idx ON care.payment USING btree (claim_id) WHERE (claim_id IS NOT NULL);
CREATE INDEX payment_invoice_idx ON care.payment USING btree (invoice_id);
CREATE TRIGGER payment_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON care.payment FOR EACH STATEMENT WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.refuse_change();  -- Trigger on a table that is only ever added to: refuses update, delete and truncate.
CREATE TRIGGER payment_is_booked AFTER INSERT ON care.payment FOR EACH ROW EXECUTE FUNCTION care.book_payment();  -- Trigger: books a payment.
CREATE TRIGGER payment_is_due BEFORE INSERT ON care.payment FOR EACH ROW EXECUTE FUNCTION care.check_payment();  -- Trigger: refuses a payment above what its payer owes.
CREATE TRIGGER payment_is_stamped BEFORE INSERT ON care.payment FOR EACH ROW EXECUTE FUNCTION care.stamp_money();  -- Trigger before money is booked: what an account books bears its name and the present time.
CREATE TRIGGER payment_stays_under_hold BEFORE DELETE ON care.payment FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.payment FORCE ROW LEVEL SECURITY;
CREATE POLICY desk ON care.payment FOR ALL TO healthtrack_care USING (((facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[])) AND (( SELECT access.part() AS part) = 'biller'::text))) WITH CHECK (((facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[])) AND (( SELECT access.part() AS part) = 'biller'::text)));
CREATE POLICY granted ON care.payment FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_granted('billing'::text) AS patients_granted)::uuid[])));
CREATE POLICY maintenance ON care.payment FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.payment FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.payment TO healthtrack_migrator;
GRANT INSERT, SELECT ON care.payment TO healthtrack_care;

-- Money of a payment that went back to its payer.
CREATE TABLE care.refund (
    refund_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- Whose invoice.
    facility_id uuid NOT NULL,  -- Who gave it back.
    invoice_id uuid NOT NULL,  -- For which invoice it had come.
    payment_id uuid NOT NULL,  -- Of which payment.
    refunded_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it went back.
    amount care.amount NOT NULL,  -- How much, in the invoice's currency.
    reason text NOT NULL,  -- Why.
    idempotency_key text NOT NULL,  -- Made by the caller once for each refund: the same key is the same refund.
    refunded_by text DEFAULT COALESCE((access.actor())::text, (SESSION_USER)::text) NOT NULL,  -- Account or program that booked it.
    CONSTRAINT refund_pkey PRIMARY KEY (refund_id),  -- This refund is known already.
    CONSTRAINT refund_id_with_patient_is_unique UNIQUE (patient_id, refund_id),  -- This refund is known already.
    CONSTRAINT refund_key_is_used_once UNIQUE (facility_id, idempotency_key),  -- This key belongs to another refund: make a new one.
    CONSTRAINT refund_payment_fkey FOREIGN KEY (patient_id, facility_id, invoice_id, payment_id) REFERENCES care.payment(patient_id, facility_id, invoice_id, payment_id),  -- Choose a payment of this invoice.
    CONSTRAINT refund_has_a_reason CHECK ((reason ~ '\S'::text)),  -- Say why the money goes back.
    CONSTRAINT refund_is_positive CHECK (((amount)::numeric > (0)::numeric)),  -- A refund is more than nothing.
    CONSTRAINT refund_key_is_hard_to_guess CHECK ((idempotency_key ~ '^[A-Za-z0-9_-]{16,80}$'::text))  -- A refund key has 16 to 80 letters, digits, hyphens and underscores.
);
CREATE INDEX refund_payment_idx ON care.refund USING btree (payment_id);
CREATE TRIGGER refund_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON care.refund FOR EACH STATEMENT WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.refuse_change();  -- Trigger on a table that is only ever added to: refuses update, delete and truncate.
CREATE TRIGGER refund_is_booked AFTER INSERT ON care.refund FOR EACH ROW EXECUTE FUNCTION care.book_refund();  -- Trigger: books a refund.
CREATE TRIGGER refund_is_covered BEFORE INSERT ON care.refund FOR EACH ROW EXECUTE FUNCTION care.check_refund();  -- Trigger: refuses to give back more than came.
CREATE TRIGGER refund_is_stamped BEFORE INSERT ON care.refund FOR EACH ROW EXECUTE FUNCTION care.stamp_money();  -- Trigger before money is booked: what an account books bears its name and the present time.
CREATE TRIGGER refund_stays_under_hold BEFORE DELETE ON care.refund FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.refund FORCE ROW LEVEL SECURITY;
CREATE POLICY desk ON care.refund FOR ALL TO healthtrack_care USING (((facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[])) AND (( SELECT access.part() AS part) = 'biller'::text))) WITH CHECK (((facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[])) AND (( SELECT access.part() AS part) = 'biller'::text)));
CREATE POLICY granted ON care.refund FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_granted('billing'::text) AS patients_granted)::uuid[])));
CREATE POLICY maintenance ON care.refund FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.refund FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.refund TO healthtrack_migrator;
GRANT INSERT, SELECT ON care.refund TO healthtrack_care;

-- One event of money, booked whole.
CREATE TABLE care.ledger_transaction (
    ledger_transaction_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- Whose invoice.
    facility_id uuid NOT NULL,  -- In whose books.
    invoice_id uuid NOT NULL,  -- Of which invoice.
    claim_id uuid,  -- Of which claim, its payments included; null where the insurer has no part.
    payment_id uuid,  -- Of which payment; null unless kind is payment.
    refund_id uuid,  -- Of which refund; null unless kind is refund.
    booked_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was booked.
    kind text NOT NULL,  -- issue, void, claim, adjudication, payment or refund.
    booked_by text DEFAULT COALESCE((access.actor())::text, (SESSION_USER)::text) NOT NULL,  -- Account or program on whose behalf.
    CONSTRAINT ledger_transaction_pkey PRIMARY KEY (ledger_transaction_id),  -- This transaction is booked already.
    CONSTRAINT ledger_transaction_id_with_patient_is_unique UNIQUE (patient_id, facility_id, ledger_transaction_id),  -- This transaction is booked already.
    CONSTRAINT ledger_transaction_is_booked_once UNIQUE NULLS NOT DISTINCT (invoice_id, kind, claim_id, payment_id, refund_id),  -- This event is booked already.
    CONSTRAINT ledger_transaction_claim_fkey FOREIGN KEY (patient_id, facility_id, invoice_id, claim_id) REFERENCES care.claim(patient_id, facility_id, invoice_id, claim_id),  -- Choose a claim of this invoice.
    CONSTRAINT ledger_transaction_invoice_fkey FOREIGN KEY (patient_id, facility_id, invoice_id) REFERENCES care.invoice(patient_id, facility_id, invoice_id),  -- Choose an invoice of this patient and facility.
    CONSTRAINT ledger_transaction_payment_fkey FOREIGN KEY (patient_id, facility_id, invoice_id, payment_id) REFERENCES care.payment(patient_id, facility_id, invoice_id, payment_id),  -- Choose a payment of this invoice.
    CONSTRAINT ledger_transaction_refund_fkey FOREIGN KEY (patient_id, refund_id) REFERENCES care.refund(patient_id, refund_id),  -- Choose a refund of this patient.
    CONSTRAINT ledger_transaction_has_its_document CHECK ((((kind = 'payment'::text) = (payment_id IS NOT NULL)) AND ((kind = 'refund'::text) = (refund_id IS NOT NULL)) AND ((kind <> ALL (ARRAY['claim'::text, 'adjudication'::text])) OR (claim_id IS NOT NULL)) AND ((kind <> ALL (ARRAY['issue'::text, 'void'::text])) OR (claim_id IS NULL)))),  -- A transaction names the claim, payment or refund that it books.
    CONSTRAINT ledger_transaction_kind_is_known CHECK ((kind = ANY (ARRAY['issue'::text, 'void'::text, 'claim'::text, 'adjudication'::text, 'payment'::text, 'refund'::text])))  -- Choose issue, void, claim, adjudication, payment or refund.
);
CREATE INDEX ledger_transaction_claim_idx ON care.ledger_transaction USING btree (claim_id) WHERE (claim_id IS NOT NULL);
CREATE INDEX ledger_transaction_payment_idx ON care.ledger_transaction USING btree (payment_id) WHERE (payment_id IS NOT NULL);
CREATE INDEX ledger_transaction_refund_idx ON care.ledger_transaction USING btree (refund_id) WHERE (refund_id IS NOT NULL);
CREATE CONSTRAINT TRIGGER ledger_transaction_has_entries AFTER INSERT ON care.ledger_transaction DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION care.check_ledger_sum();  -- Deferred trigger: a transaction has entries, and they sum to zero, when the database transaction ends.
CREATE TRIGGER ledger_transaction_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON care.ledger_transaction FOR EACH STATEMENT WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.refuse_change();  -- Trigger on a table that is only ever added to: refuses update, delete and truncate.
CREATE TRIGGER ledger_transaction_stays_under_hold BEFORE DELETE ON care.ledger_transaction FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.ledger_transaction FORCE ROW LEVEL SECURITY;
CREATE POLICY desk ON care.ledger_transaction FOR ALL TO healthtrack_care USING (((facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[])) AND (( SELECT access.part() AS part) = 'biller'::text))) WITH CHECK (((facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[])) AND (( SELECT access.part() AS part) = 'biller'::text)));
CREATE POLICY granted ON care.ledger_transaction FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_granted('billing'::text) AS patients_granted)::uuid[])));
CREATE POLICY maintenance ON care.ledger_transaction FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.ledger_transaction FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.ledger_transaction TO healthtrack_migrator;
GRANT SELECT ON care.ledger_transaction TO healthtrack_care;

-- What one transaction adds to one account; all of a transaction sum to zero.
CREATE TABLE care.ledger_entry (
    ledger_transaction_id uuid NOT NULL,  -- Of which transaction.
    patient_id uuid NOT NULL,  -- Whose invoice.
    facility_id uuid NOT NULL,  -- In whose books.
    amount numeric(14,2) NOT NULL,  -- Debit if positive, credit if negative, in the invoice's currency.
    account text NOT NULL,  -- receivable (from the patient), insurer_receivable, revenue, cash or adjustment.
    CONSTRAINT ledger_entry_pkey PRIMARY KEY (ledger_transaction_id, account),  -- This account has its entry in that transaction already.
    CONSTRAINT ledger_entry_transaction_fkey FOREIGN KEY (patient_id, facility_id, ledger_transaction_id) REFERENCES care.ledger_transaction(patient_id, facility_id, ledger_transaction_id),  -- Choose a transaction of this patient and facility.
    CONSTRAINT ledger_entry_account_is_known CHECK ((account = ANY (ARRAY['receivable'::text, 'insurer_receivable'::text, 'revenue'::text, 'cash'::text, 'adjustment'::text]))),  -- Choose one of the known accounts.
    CONSTRAINT ledger_entry_moves_something CHECK ((amount <> (0)::numeric))  -- An entry moves more than nothing.
);
CREATE INDEX ledger_entry_patient_idx ON care.ledger_entry USING btree (patient_id);
CREATE TRIGGER ledger_entry_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON care.ledger_entry FOR EACH STATEMENT WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.refuse_change();  -- Trigger on a table that is only ever added to: refuses update, delete and truncate.
CREATE TRIGGER ledger_entry_is_totalled AFTER INSERT ON care.ledger_entry REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.total_invoices();  -- Trigger after entries are booked: adds them to the totals of their invoices.
CREATE TRIGGER ledger_entry_stays_under_hold BEFORE DELETE ON care.ledger_entry FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
CREATE CONSTRAINT TRIGGER ledger_transaction_sums_to_zero AFTER INSERT ON care.ledger_entry DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION care.check_ledger_sum();  -- Deferred trigger: a transaction has entries, and they sum to zero, when the database transaction ends.
ALTER TABLE care.ledger_entry FORCE ROW LEVEL SECURITY;
CREATE POLICY desk ON care.ledger_entry FOR ALL TO healthtrack_care USING (((facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[])) AND (( SELECT access.part() AS part) = 'biller'::text))) WITH CHECK (((facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[])) AND (( SELECT access.part() AS part) = 'biller'::text)));
CREATE POLICY granted ON care.ledger_entry FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_granted('billing'::text) AS patients_granted)::uuid[])));
CREATE POLICY maintenance ON care.ledger_entry FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.ledger_entry FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.ledger_entry TO healthtrack_migrator;
GRANT SELECT ON care.ledger_entry TO healthtrack_care;

-- What the ledger says of each invoice, kept as it is booked; none where nothing is booked.
CREATE TABLE care.invoice_total (
    patient_id uuid NOT NULL,  -- Whose invoice.
    facility_id uuid NOT NULL,  -- In whose books.
    invoice_id uuid NOT NULL,  -- Which invoice.
    due_on date NOT NULL,  -- The day on which it is due, as the invoice says.
    charged numeric(14,2) NOT NULL,  -- Total of its charges; nothing once void.
    due_from_patient numeric(14,2) NOT NULL,  -- What the patient still owes.
    due_from_insurer numeric(14,2) NOT NULL,  -- What insurers were asked for and have neither paid nor denied.
    paid_by_patient numeric(14,2) NOT NULL,  -- What the patient paid, less refunds.
    paid_by_insurer numeric(14,2) NOT NULL,  -- What insurers paid, less refunds.
    adjusted numeric(14,2) NOT NULL,  -- What nobody pays, by contract with an insurer.
    CONSTRAINT invoice_total_pkey PRIMARY KEY (invoice_id),  -- This invoice has its totals already.
    CONSTRAINT invoice_total_invoice_fkey FOREIGN KEY (patient_id, facility_id, invoice_id) REFERENCES care.invoice(patient_id, facility_id, invoice_id)  -- Choose an invoice of this patient and facility.
);
CREATE INDEX invoice_total_invoice_idx ON care.invoice_total USING btree (patient_id, facility_id, invoice_id);
CREATE INDEX invoice_total_overdue_idx ON care.invoice_total USING btree (facility_id, due_on, invoice_id) WHERE (due_from_patient > (0)::numeric);
CREATE TRIGGER invoice_total_stays_under_hold BEFORE DELETE ON care.invoice_total FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.invoice_total FORCE ROW LEVEL SECURITY;
CREATE POLICY desk ON care.invoice_total FOR ALL TO healthtrack_care USING (((facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[])) AND (( SELECT access.part() AS part) = 'biller'::text))) WITH CHECK (((facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[])) AND (( SELECT access.part() AS part) = 'biller'::text)));
CREATE POLICY granted ON care.invoice_total FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_granted('billing'::text) AS patients_granted)::uuid[])));
CREATE POLICY maintenance ON care.invoice_total FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.invoice_total FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.invoice_total TO healthtrack_migrator;
GRANT SELECT ON care.invoice_total TO healthtrack_care;

-- What the ledger says of each invoice: charged = due + paid + adjusted, always.
--   patient_id: Whose invoice.
--   facility_id: Who asks.
--   invoice_id: Which invoice.
--   currency: Currency of all amounts.
--   charged: Total of its charges; nothing while a draft and once void.
--   due_from_patient: What the patient still owes.
--   due_from_insurer: What insurers were asked for and have neither paid nor denied.
--   paid_by_patient: What the patient paid, less refunds.
--   paid_by_insurer: What insurers paid, less refunds.
--   adjusted: What nobody pays, by contract with an insurer.
CREATE VIEW care.invoice_balance WITH (security_invoker=true) AS
 SELECT i.patient_id,
    i.facility_id,
    i.invoice_id,
    i.currency,
    COALESCE(t.charged, (0)::numeric) AS charged,
    COALESCE(t.due_from_patient, (0)::numeric) AS due_from_patient,
    COALESCE(t.due_from_insurer, (0)::numeric) AS due_from_insurer,
    COALESCE(t.paid_by_patient, (0)::numeric) AS paid_by_patient,
    COALESCE(t.paid_by_insurer, (0)::numeric) AS paid_by_insurer,
    COALESCE(t.adjusted, (0)::numeric) AS adjusted
   FROM (care.invoice i
     LEFT JOIN care.invoice_total t USING (invoice_id));
GRANT SELECT ON care.invoice_balance TO healthtrack_care;

-- Trigger after a claim is answered: adds what the patient bears and the insurer pays to the sums of the plan's year.
CREATE OR REPLACE FUNCTION care.accumulate_claim()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    -- What decides where it counts stays as it is until this is over.
    PERFORM FROM care.coverage v JOIN care.policy p USING (policy_id) JOIN care.insurance_plan k USING (insurance_plan_id)
    WHERE v.coverage_id = NEW.coverage_id FOR SHARE OF v, p, k;
    INSERT INTO care.accumulator AS kept (patient_id, policy_id, year_begins_on, deductible, out_of_pocket, paid, currency)
    SELECT s.patient_id, s.policy_id, s.year_begins_on, s.deductible, s.out_of_pocket, s.paid, s.currency
    FROM care.cost_shares(NEW.claim_id) AS s
    ON CONFLICT (patient_id, policy_id, year_begins_on, currency) DO UPDATE SET
        deductible = kept.deductible + excluded.deductible,
        out_of_pocket = kept.out_of_pocket + excluded.out_of_pocket, paid = kept.paid + excluded.paid;
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION care.accumulate_claim() FROM PUBLIC;

-- Adds to a draft what the list prices, under a key; of the same visit as what was charged before.
CREATE OR REPLACE FUNCTION care.add_charge(key uuid, of_invoice uuid, code text, times integer, on_day date)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
DECLARE
    bill  care.invoice;
    price care.charge_code;
BEGIN
    SELECT * INTO bill FROM care.invoice i WHERE i.invoice_id = of_invoice FOR SHARE;
    PERFORM access.check_change(FOUND);
    -- Of the time of its visit: a day far away is a slip, or takes a price that is no longer one.
    IF on_day > current_date + 1 OR NOT EXISTS (SELECT FROM care.charge h WHERE h.invoice_id = of_invoice
                                                AND on_day BETWEEN h.served_on - 31 AND h.served_on + 31) THEN
        PERFORM care.refuse('charge_is_of_the_time_of_the_visit', 'Charge a day within a month of this visit, and none to come.');
    END IF;
    SELECT * INTO price FROM care.charge_code k WHERE k.charge_code = code;
    IF NOT FOUND THEN
        PERFORM care.refuse('charge_is_priced_by_the_list', 'Choose something of the price list.');
    END IF;
    INSERT INTO care.charge (charge_id, patient_id, facility_id, invoice_id, appointment_id, served_on, charge_code, quantity, unit_price)
    VALUES (key, bill.patient_id, bill.facility_id, of_invoice,
            (SELECT h.appointment_id FROM care.charge h
             WHERE h.invoice_id = of_invoice AND h.appointment_id IS NOT NULL ORDER BY h.created_at LIMIT 1),
            on_day, code, times, price.unit_price);
END $function$;
REVOKE EXECUTE ON FUNCTION care.add_charge(uuid,uuid,text,integer,date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.add_charge(uuid,uuid,text,integer,date) TO healthtrack_care;

-- Takes in the insurer's answer: for each charge of the claim what is accepted and what is adjusted; the rest is denied.
CREATE OR REPLACE FUNCTION care.adjudicate_claim(of_claim uuid, charges uuid[], accepted numeric[], adjusted numeric[])
 RETURNS void
 LANGUAGE plpgsql
AS $function$
BEGIN
    PERFORM FROM care.invoice JOIN care.claim USING (invoice_id) WHERE claim_id = of_claim FOR NO KEY UPDATE OF invoice;
    IF NOT EXISTS (SELECT FROM care.claim WHERE claim_id = of_claim AND status = 'submitted') THEN
        PERFORM care.refuse('claim_is_answered_once', 'There is no such open claim: it may be answered already.');
    END IF;
    IF (SELECT array_agg(charge_id ORDER BY charge_id) FROM care.claim_line WHERE claim_id = of_claim)
        IS DISTINCT FROM (SELECT array_agg(charge ORDER BY charge) FROM unnest(charges) AS charge)
    THEN
        PERFORM care.refuse('claim_answer_is_whole', 'An answer names each charge of the claim once.');
    END IF;
    UPDATE care.claim_line SET accepted_amount = answer.accepted, adjusted_amount = answer.adjusted
    FROM unnest(charges, accepted, adjusted) AS answer (charge, accepted, adjusted)
    WHERE claim_id = of_claim AND charge_id = answer.charge;
    UPDATE care.claim SET status = 'adjudicated', adjudicated_at = now(), accepted_amount = answer.accepted,
                          adjusted_amount = answer.adjusted, denied_amount = answer.denied
    FROM (SELECT sum(accepted_amount) AS accepted, sum(adjusted_amount) AS adjusted, sum(denied_amount) AS denied
          FROM care.claim_line WHERE claim_id = of_claim) AS answer
    WHERE claim_id = of_claim;
END $function$;

-- Takes in an insurer's answer with codes: for each charge what is paid, and what each group and code takes off, in hundredths.
CREATE OR REPLACE FUNCTION care.answer_claim(of_claim uuid, answer jsonb)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    charges  uuid[];
    accepted numeric[];
    adjusted numeric[];
BEGIN
    -- The invoice first, as all who book money do.
    PERFORM FROM care.invoice JOIN care.claim USING (invoice_id) WHERE claim_id = of_claim FOR NO KEY UPDATE OF invoice;
    IF jsonb_typeof(answer) IS DISTINCT FROM 'array' THEN
        PERFORM care.refuse('claim_answer_is_whole', 'An answer names each charge of the claim once.');
    ELSIF NOT EXISTS (SELECT FROM care.claim WHERE claim_id = of_claim AND status = 'submitted') THEN
        PERFORM care.refuse('claim_is_answered_once', 'There is no such open claim: it may be answered already.');
    END IF;
    SELECT array_agg(line.charge), array_agg(coalesce(line.paid_cents, 0) * 0.01),
           array_agg((SELECT coalesce(sum(cents), 0) * 0.01
                      FROM jsonb_to_recordset(coalesce(line.adjustments, '[]')) AS taken ("group" text, cents bigint)
                      WHERE "group" <> 'PR'))
    INTO charges, accepted, adjusted
    FROM jsonb_to_recordset(answer) AS line (charge uuid, paid_cents bigint, adjustments jsonb);
    IF EXISTS (
        SELECT FROM jsonb_to_recordset(answer) AS line (charge uuid, paid_cents bigint, adjustments jsonb)
        JOIN care.claim_line l ON l.claim_id = of_claim AND l.charge_id = line.charge
        WHERE l.submitted_amount * 100 <> coalesce(line.paid_cents, 0) + (
            SELECT coalesce(sum(cents), 0) FROM jsonb_to_recordset(coalesce(line.adjustments, '[]')) AS taken (cents bigint)))
    THEN
        PERFORM care.refuse('claim_answer_adds_up', 'What is paid for a charge and what its codes take off add up to what was asked.');
    END IF;
    INSERT INTO care.claim_adjustment (claim_id, charge_id, patient_id, facility_id, invoice_id, amount, group_code, code)
    SELECT of_claim, l.charge_id, l.patient_id, l.facility_id, l.invoice_id, taken.cents * 0.01, taken."group", taken.code
    FROM jsonb_to_recordset(answer) AS line (charge uuid, adjustments jsonb)
    JOIN care.claim_line l ON l.claim_id = of_claim AND l.charge_id = line.charge
    CROSS JOIN LATERAL jsonb_to_recordset(coalesce(line.adjustments, '[]')) AS taken ("group" text, code text, cents bigint)
    -- An insurer's program may write each code it knows: one that takes off nothing says nothing.
    WHERE taken.cents IS DISTINCT FROM 0;
    PERFORM care.adjudicate_claim(of_claim, charges, accepted, adjusted);
END $function$;
REVOKE EXECUTE ON FUNCTION care.answer_claim(uuid,jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.answer_claim(uuid,jsonb) TO healthtrack_care;

-- How often a benefit was used by a person under a policy in a period, and what the plan paid of it, by answered claims; for a biller, at the own facility.
CREATE OR REPLACE FUNCTION care.benefit_used(patient uuid, policy uuid, benefit care.plan_benefit, within daterange, OUT visits numeric, OUT paid numeric)
 RETURNS record
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT coalesce(sum(used.quantity) FILTER (WHERE used.paid > 0 OR used.borne), 0), coalesce(sum(used.paid), 0)
    FROM (
        SELECT h.charge_id, h.quantity, sum(l.accepted_amount) AS paid,
               bool_or(EXISTS (SELECT FROM care.claim_adjustment a JOIN care.adjustment_code j USING (group_code, code)
                               WHERE a.claim_id = l.claim_id AND a.charge_id = l.charge_id AND j.counts_as IS NOT NULL)) AS borne
        FROM care.coverage v JOIN care.claim c ON c.coverage_id = v.coverage_id AND c.status = 'adjudicated'
        JOIN care.claim_line l ON l.claim_id = c.claim_id JOIN care.charge h ON h.charge_id = l.charge_id
        JOIN care.charge_code k ON k.charge_code = h.charge_code
        WHERE v.patient_id = patient AND v.policy_id = policy AND within @> h.served_on
          -- A charge whose code has a benefit of its own uses that one up, and not its category's.
          AND (k.charge_code = benefit.charge_code OR k.category = benefit.category AND NOT EXISTS (
              SELECT FROM care.plan_benefit b
              WHERE b.insurance_plan_id = benefit.insurance_plan_id AND b.network = benefit.network
                AND b.charge_code = k.charge_code AND b.valid_during @> h.served_on))
          AND (access.part() IS DISTINCT FROM 'biller' OR h.facility_id = ANY (access.own_facilities()))
          AND (benefit.network = 'in') = EXISTS (
              SELECT FROM care.plan_network n WHERE n.insurance_plan_id = benefit.insurance_plan_id
                 AND n.facility_id = h.facility_id AND n.valid_during @> h.served_on)
        GROUP BY h.charge_id) AS used
$function$;
REVOKE EXECUTE ON FUNCTION care.benefit_used(uuid,uuid,care.plan_benefit,daterange) FROM PUBLIC;

-- Books one transaction with its entries; for the triggers of the ledger alone.
CREATE OR REPLACE FUNCTION care.book(patient uuid, facility uuid, invoice uuid, claim uuid, payment uuid, refund uuid, booked_kind text, accounts text[], amounts numeric[])
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    WITH booked AS (
        INSERT INTO care.ledger_transaction (patient_id, facility_id, invoice_id, claim_id, payment_id, refund_id, kind)
        VALUES (patient, facility, invoice, claim, payment, refund, booked_kind)
        RETURNING ledger_transaction_id
    )
    INSERT INTO care.ledger_entry (ledger_transaction_id, patient_id, facility_id, account, amount)
    SELECT ledger_transaction_id, patient, facility, account, amount
    FROM booked, unnest(accounts, amounts) AS entry (account, amount) WHERE amount <> 0
$function$;
REVOKE EXECUTE ON FUNCTION care.book(uuid,uuid,uuid,uuid,uuid,uuid,text,text[],numeric[]) FROM PUBLIC;

-- Trigger: books that a claim is submitted or answered.
CREATE OR REPLACE FUNCTION care.book_claim()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF NEW.status = 'submitted' THEN
        PERFORM care.book(NEW.patient_id, NEW.facility_id, NEW.invoice_id, NEW.claim_id, NULL, NULL, 'claim',
                          '{insurer_receivable,receivable}', ARRAY[NEW.submitted_amount, -NEW.submitted_amount]);
    ELSIF NEW.adjusted_amount + NEW.denied_amount > 0 THEN
        PERFORM care.book(NEW.patient_id, NEW.facility_id, NEW.invoice_id, NEW.claim_id, NULL, NULL, 'adjudication',
                          '{insurer_receivable,receivable,adjustment}',
                          ARRAY[-NEW.adjusted_amount - NEW.denied_amount, NEW.denied_amount, NEW.adjusted_amount]);
    END IF;
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION care.book_claim() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.book_claim() TO healthtrack_care, healthtrack_migrator;

-- Trigger: books that an invoice is issued or void.
CREATE OR REPLACE FUNCTION care.book_invoice()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    total numeric := (SELECT sum(h.amount) FROM care.charge h WHERE h.invoice_id = NEW.invoice_id);
BEGIN
    IF NEW.status = 'issued' THEN
        PERFORM care.book(NEW.patient_id, NEW.facility_id, NEW.invoice_id, NULL, NULL, NULL, 'issue',
                          '{receivable,revenue}', ARRAY[total, -total]);
    ELSE
        PERFORM care.book(NEW.patient_id, NEW.facility_id, NEW.invoice_id, NULL, NULL, NULL, 'void',
                          '{receivable,revenue}', ARRAY[-total, total]);
    END IF;
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION care.book_invoice() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.book_invoice() TO healthtrack_care, healthtrack_migrator;

-- Trigger: books a payment.
CREATE OR REPLACE FUNCTION care.book_payment()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    PERFORM care.book(NEW.patient_id, NEW.facility_id, NEW.invoice_id, NEW.claim_id, NEW.payment_id, NULL, 'payment',
        ARRAY['cash', CASE NEW.payer WHEN 'patient' THEN 'receivable' ELSE 'insurer_receivable' END],
        ARRAY[NEW.amount::numeric, -NEW.amount::numeric]);
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION care.book_payment() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.book_payment() TO healthtrack_care, healthtrack_migrator;

-- Trigger: books a refund.
CREATE OR REPLACE FUNCTION care.book_refund()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    claim uuid := (SELECT p.claim_id FROM care.payment p WHERE p.payment_id = NEW.payment_id);
BEGIN
    PERFORM care.book(NEW.patient_id, NEW.facility_id, NEW.invoice_id, claim, NULL, NEW.refund_id, 'refund',
        ARRAY['cash', CASE WHEN claim IS NULL THEN 'receivable' ELSE 'insurer_receivable' END],
        ARRAY[-NEW.amount::numeric, NEW.amount::numeric]);
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION care.book_refund() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.book_refund() TO healthtrack_care, healthtrack_migrator;

-- Trigger: refuses to add, change or remove a charge of an invoice that is issued.
CREATE OR REPLACE FUNCTION care.charge_only_drafts()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    invoice uuid;
    stands  text;
BEGIN
    FOREACH invoice IN ARRAY
        CASE TG_OP WHEN 'INSERT' THEN ARRAY[NEW.invoice_id] WHEN 'DELETE' THEN ARRAY[OLD.invoice_id]
                   ELSE ARRAY[OLD.invoice_id, NEW.invoice_id] END
    LOOP
        -- Waits for whoever issues it in this moment, and then sees that it is issued.
        SELECT i.status INTO stands FROM care.invoice i WHERE i.invoice_id = invoice FOR SHARE;
        IF stands <> 'draft' THEN
            PERFORM care.refuse('charge_is_fixed_once_issued', 'This invoice is issued: void it and write another.');
        END IF;
    END LOOP;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $function$;
REVOKE EXECUTE ON FUNCTION care.charge_only_drafts() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.charge_only_drafts() TO healthtrack_care, healthtrack_migrator;

-- Trigger before an invoice is written through the portal: for a patient with an appointment or an encounter at the facility.
CREATE OR REPLACE FUNCTION care.check_billed_patient()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF (NEW.patient_id = ANY (access.patients_billed())) IS NOT TRUE THEN
        PERFORM care.refuse('invoice_is_for_who_was_seen', 'This facility has seen no such patient.');
    END IF;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.check_billed_patient() FROM PUBLIC;

-- Trigger: refuses a line that was not covered on its day, that comes before the primary insurer's answer, or that asks for more than earlier claims left or denied.
CREATE OR REPLACE FUNCTION care.check_claim_line()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    asking care.claim;
    charge care.charge;
    cover  care.coverage;
BEGIN
    SELECT * INTO asking FROM care.claim c WHERE c.claim_id = NEW.claim_id;
    SELECT * INTO charge FROM care.charge h WHERE h.charge_id = NEW.charge_id;
    SELECT * INTO cover FROM care.coverage v WHERE v.coverage_id = asking.coverage_id;
    IF (cover.covered_during @> charge.served_on) IS NOT TRUE THEN
        PERFORM care.refuse('claim_is_covered_on_the_day_of_service',
            'This coverage was not valid on the day of service.');
    END IF;
    IF cover.rank = 'secondary' AND EXISTS (
        SELECT FROM care.coverage v
        WHERE v.patient_id = NEW.patient_id AND v.rank = 'primary' AND v.covered_during @> charge.served_on
          AND NOT EXISTS (SELECT FROM care.claim_line l JOIN care.claim c USING (claim_id)
                          WHERE l.charge_id = NEW.charge_id AND c.coverage_id = v.coverage_id AND c.status = 'adjudicated'))
    THEN
        PERFORM care.refuse('claim_follows_the_primary', 'Ask the primary insurer first, and wait for its answer.');
    END IF;
    IF NEW.submitted_amount > (
        SELECT coalesce(sum(a.amount), 0) FROM care.claim_adjustment a JOIN care.adjustment_code k USING (group_code, code)
        WHERE a.claim_id = asking.replaces_claim_id AND a.charge_id = NEW.charge_id AND a.group_code = 'PR' AND k.counts_as IS NULL)
       AND asking.replaces_claim_id IS NOT NULL
    THEN
        PERFORM care.refuse('claim_replaces_what_was_denied', 'A claim that replaces another asks for what that one denied, and no more.');
    END IF;
    -- Who inserts a claim holds its invoice, so no two claims take the same rest.
    IF charge.amount
        < (SELECT sum(coalesce(l.accepted_amount + l.adjusted_amount, l.submitted_amount))
           FROM care.claim_line l WHERE l.charge_id = NEW.charge_id)
    THEN
        PERFORM care.refuse('claim_is_not_above_its_charge',
            'A charge is claimed once: ask only for what earlier claims have left.');
    END IF;
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION care.check_claim_line() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.check_claim_line() TO healthtrack_care, healthtrack_migrator;

-- Deferred trigger: a claim's amounts are the sums of its lines when the transaction ends.
CREATE OR REPLACE FUNCTION care.check_claim_sum()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF NOT EXISTS (
        SELECT FROM care.claim_line l JOIN care.claim c USING (claim_id) WHERE c.claim_id = NEW.claim_id
        GROUP BY c.claim_id
        HAVING sum(l.submitted_amount) = c.submitted_amount
           AND sum(l.accepted_amount) IS NOT DISTINCT FROM c.accepted_amount
           AND sum(l.adjusted_amount) IS NOT DISTINCT FROM c.adjusted_amount
           AND bool_and((l.accepted_amount IS NOT NULL) = (c.status = 'adjudicated'))
    ) THEN
        PERFORM care.refuse('claim_is_the_sum_of_its_lines', 'The amounts of a claim are the sums of its lines.');
    END IF;
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION care.check_claim_sum() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.check_claim_sum() TO healthtrack_care, healthtrack_migrator;

-- Deferred trigger: a transaction has entries, and they sum to zero, when the database transaction ends.
CREATE OR REPLACE FUNCTION care.check_ledger_sum()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF (SELECT sum(e.amount) FROM care.ledger_entry e WHERE e.ledger_transaction_id = NEW.ledger_transaction_id)
        IS DISTINCT FROM 0
    THEN
        PERFORM care.refuse('ledger_transaction_sums_to_zero', 'The entries of a transaction sum to zero.');
    END IF;
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION care.check_ledger_sum() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.check_ledger_sum() TO healthtrack_care, healthtrack_migrator;

-- Trigger after codes are added to a claim: refuses them once it is answered.
CREATE OR REPLACE FUNCTION care.check_open_claim()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    -- Waits for whoever answers it in this moment, and then sees that it is answered.
    PERFORM FROM care.claim c WHERE c.claim_id = NEW.claim_id AND c.status = 'submitted' FOR SHARE;
    IF NOT FOUND THEN
        PERFORM care.refuse('claim_is_coded_while_open', 'This claim is answered: its codes stay; submit another for what was denied.');
    END IF;
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION care.check_open_claim() FROM PUBLIC;

-- Trigger: refuses a payment above what its payer owes.
CREATE OR REPLACE FUNCTION care.check_payment()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    PERFORM care.lock_issued_invoice(NEW.invoice_id);
    IF NEW.claim_id IS NOT NULL
       AND NOT EXISTS (SELECT FROM care.claim c WHERE c.claim_id = NEW.claim_id AND c.status = 'adjudicated')
    THEN
        PERFORM care.refuse('payment_follows_the_answer', 'An insurer pays after it has answered the claim.');
    END IF;
    IF NEW.amount > care.ledger_balance(
           NEW.invoice_id, (CASE NEW.payer WHEN 'patient' THEN 'receivable' ELSE 'insurer_receivable' END), NEW.claim_id)
    THEN
        PERFORM care.refuse('payment_is_not_above_what_is_due', 'This is more than what is due.');
    END IF;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.check_payment() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.check_payment() TO healthtrack_care, healthtrack_migrator;

-- Trigger before a charge is written through the portal: its price is that of the list.
CREATE OR REPLACE FUNCTION care.check_price()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF NOT EXISTS (SELECT FROM care.charge_code c
                   WHERE c.charge_code = NEW.charge_code
                     AND c.unit_price = NEW.unit_price AND daterange(NULL, c.retired_on) @> NEW.served_on) THEN
        PERFORM care.refuse('charge_is_priced_by_the_list',
            'Charge what the list says on that day; ask an operator for a discount.');
    END IF;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.check_price() FROM PUBLIC;

-- Trigger: refuses to give back more than came.
CREATE OR REPLACE FUNCTION care.check_refund()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    PERFORM care.lock_issued_invoice(NEW.invoice_id);
    IF NEW.amount + (SELECT coalesce(sum(r.amount), 0) FROM care.refund r WHERE r.payment_id = NEW.payment_id)
        > (SELECT p.amount FROM care.payment p WHERE p.payment_id = NEW.payment_id)
    THEN
        PERFORM care.refuse('refund_is_not_above_its_payment', 'No more goes back than came.');
    END IF;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.check_refund() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.check_refund() TO healthtrack_care, healthtrack_migrator;

-- Trigger before a diagnosis of a claim is written: its category is that of its code.
CREATE OR REPLACE FUNCTION care.classify_claim_diagnosis()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    NEW.sensitivity := care.sensitivity_of('icd10', NEW.code);
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.classify_claim_diagnosis() FROM PUBLIC;

-- Trigger before a claim is answered: what has no code gets NONE, and codes that take off too much are refused.
CREATE OR REPLACE FUNCTION care.complete_adjustments()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    rest record;
BEGIN
    FOR rest IN
        SELECT l.charge_id, part.group_code,
               part.amount - coalesce((SELECT sum(a.amount) FROM care.claim_adjustment a
                   WHERE a.claim_id = l.claim_id AND a.charge_id = l.charge_id
                     AND (a.group_code = 'PR') = (part.group_code = 'PR')), 0) AS amount
        FROM care.claim_line l, LATERAL (VALUES ('CO', l.adjusted_amount), ('PR', l.denied_amount)) AS part (group_code, amount)
        WHERE l.claim_id = NEW.claim_id
    LOOP
        IF rest.amount < 0 THEN
            PERFORM care.refuse('claim_adjustments_add_up', 'The codes of a charge take off what is adjusted and denied, and no more.');
        ELSIF rest.amount > 0 THEN
            INSERT INTO care.claim_adjustment (claim_id, charge_id, patient_id, facility_id, invoice_id, amount, group_code, code)
            VALUES (NEW.claim_id, rest.charge_id, NEW.patient_id, NEW.facility_id, NEW.invoice_id, rest.amount, rest.group_code, 'NONE');
        END IF;
    END LOOP;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.complete_adjustments() FROM PUBLIC;

-- What an answered claim, or all, adds to the sums of persons by policy, year and currency.
CREATE OR REPLACE FUNCTION care.cost_shares(of_claim uuid DEFAULT NULL::uuid)
 RETURNS SETOF care.accumulator
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT l.patient_id, v.policy_id, lower(care.plan_year(k.year_begins_month, h.served_on)),
           coalesce(sum(borne.deductible), 0)::numeric(14, 2), coalesce(sum(borne.everything), 0)::numeric(14, 2),
           sum(l.accepted_amount)::numeric(14, 2), h.currency
    FROM care.claim c JOIN care.claim_line l USING (claim_id) JOIN care.charge h ON h.charge_id = l.charge_id
    JOIN care.coverage v ON v.coverage_id = c.coverage_id JOIN care.policy p ON p.policy_id = v.policy_id
    JOIN care.insurance_plan k ON k.insurance_plan_id = p.insurance_plan_id
    CROSS JOIN LATERAL (
        SELECT sum(a.amount) FILTER (WHERE j.counts_as = 'deductible') AS deductible, sum(a.amount) AS everything
        FROM care.claim_adjustment a JOIN care.adjustment_code j USING (group_code, code)
        WHERE a.claim_id = l.claim_id AND a.charge_id = l.charge_id AND j.counts_as IS NOT NULL) AS borne
    WHERE c.status = 'adjudicated' AND (of_claim IS NULL OR c.claim_id = of_claim)
    GROUP BY 1, 2, 3, h.currency ORDER BY 1, 2, 3, 7
$function$;
REVOKE EXECUTE ON FUNCTION care.cost_shares(uuid) FROM PUBLIC;

-- Drafts an invoice for a visit with a first charge; the one that stands where the visit has one already. Gives its key.
CREATE OR REPLACE FUNCTION care.draft_invoice(for_visit uuid, code text, times integer)
 RETURNS uuid
 LANGUAGE plpgsql
AS $function$
DECLARE
    seen  record;
    price care.charge_code;
    made  uuid;
    year  text;
BEGIN
    SELECT * INTO seen FROM access.visits_to_bill(for_visit, false, NULL, NULL, 1);
    -- What was cancelled in good time, or missed where no policy charges for it, costs nothing.
    IF NOT FOUND OR NOT seen.is_chargeable THEN
        PERFORM care.refuse('invoice_is_for_a_visit', 'Choose a visit of this facility that took place, or that is charged although it did not.');
    ELSIF seen.status <> 'completed' AND code IS DISTINCT FROM seen.usual_code THEN
        PERFORM care.refuse('missed_visit_is_charged_by_the_policy', 'Charge what the policy of the facility says of missed visits.');
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('healthtrack.invoice.' || seen.facility_id, 0));
    -- Once more: somebody may have drafted it meanwhile.
    SELECT * INTO seen FROM access.visits_to_bill(for_visit, false, NULL, NULL, 1);
    IF seen.invoice_id IS NOT NULL THEN
        RETURN seen.invoice_id;
    END IF;
    SELECT * INTO price FROM care.charge_code k WHERE k.charge_code = code;
    IF NOT FOUND THEN
        PERFORM care.refuse('charge_is_priced_by_the_list', 'Choose something of the price list.');
    END IF;
    -- The year is that of the facility's day.
    year := (SELECT to_char(now() AT TIME ZONE f.time_zone, 'YYYY') FROM care.facility f WHERE f.facility_id = seen.facility_id);
    INSERT INTO care.invoice (patient_id, facility_id, currency, number)
    SELECT seen.patient_id, seen.facility_id, price.currency, year || '-' || lpad(next.number, greatest(6, length(next.number)), '0')
    FROM (SELECT (coalesce(max(substr(i.number, 6)::integer), 0) + 1)::text AS number FROM care.invoice i
          WHERE i.facility_id = seen.facility_id AND i.number ~ ('^' || year || '-[0-9]{6,9}$')) AS next
    RETURNING invoice_id INTO made;
    INSERT INTO care.charge (patient_id, facility_id, invoice_id, appointment_id, served_on, charge_code, quantity, unit_price)
    VALUES (seen.patient_id, seen.facility_id, made, for_visit, seen.served_on, code, times, price.unit_price);
    RETURN made;
END $function$;
REVOKE EXECUTE ON FUNCTION care.draft_invoice(uuid,text,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.draft_invoice(uuid,text,integer) TO healthtrack_care;

-- Of the newest answer of each coverage that was not noted at the acting desk's or biller's facility: whether it is active, and until when that may be relied on.
CREATE OR REPLACE FUNCTION care.eligibility_elsewhere(patient uuid, on_day date)
 RETURNS TABLE(coverage_id uuid, asked_at timestamp with time zone, valid_until timestamp with time zone, active boolean)
 LANGUAGE sql
 STABLE SECURITY DEFINER ROWS 2
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT DISTINCT ON (a.coverage_id) a.coverage_id, a.asked_at, a.valid_until, a.active
    FROM care.eligibility_answer a
    WHERE a.patient_id = patient AND a.served_during @> on_day
      AND (a.facility_id = ANY (access.own_facilities())) IS NOT TRUE
      AND (patient = ANY (access.patients_at_desk()) OR patient = ANY (access.patients_billed()))
    ORDER BY a.coverage_id, a.asked_at DESC, a.eligibility_answer_id
$function$;
REVOKE EXECUTE ON FUNCTION care.eligibility_elsewhere(uuid,date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.eligibility_elsewhere(uuid,date) TO healthtrack_care;

-- What a patient would pay of charges at a facility on a day under one coverage or two, charge by charge.
CREATE OR REPLACE FUNCTION care.estimate(patient uuid, facility uuid, served_on date, coverages uuid[], codes text[], quantities integer[])
 RETURNS TABLE(line integer, charge_code text, currency text, billed numeric, covered boolean, deductible numeric, copay numeric, coinsurance numeric, first_pays numeric, second_pays numeric, patient_pays numeric)
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
#variable_conflict use_column
DECLARE
    known integer := (SELECT count(*) FROM unnest(codes) AS named (code) JOIN care.charge_code k ON k.charge_code = named.code
                      WHERE daterange(NULL, k.retired_on) @> estimate.served_on);
    ranked uuid[];
BEGIN
    IF coalesce(cardinality(codes), 0) NOT BETWEEN 1 AND 100 OR cardinality(quantities) IS DISTINCT FROM cardinality(codes)
       OR EXISTS (SELECT FROM unnest(quantities) AS times WHERE (times BETWEEN 1 AND 10000) IS NOT TRUE)
       OR known <> cardinality(codes) THEN
        PERFORM care.refuse('estimate_names_known_charges', 'Name 1 to 100 charges of the list, and how many of each.');
    END IF;
    -- The first is asked first, whatever the order in which they were named.
    SELECT array_agg(v.coverage_id ORDER BY v.rank) INTO ranked FROM care.coverage v
    WHERE v.coverage_id = ANY (coverages) AND v.patient_id = patient AND v.covered_during @> estimate.served_on;
    IF coalesce(cardinality(ranked), 0) NOT BETWEEN 1 AND 2 OR cardinality(ranked) <> cardinality(coverages) THEN
        PERFORM care.refuse('estimate_is_under_coverages_of_the_day', 'Choose one or two coverages of this patient that are valid on that day.');
    END IF;
    IF (SELECT count(DISTINCT found.currency) FROM (
            SELECT k.currency::text FROM care.charge_code k WHERE k.charge_code = ANY (codes)
            UNION ALL SELECT p.currency::text FROM care.coverage v JOIN care.policy o USING (policy_id)
                JOIN care.insurance_plan p USING (insurance_plan_id) WHERE v.coverage_id = ANY (ranked)) AS found (currency)) <> 1 THEN
        PERFORM care.refuse('estimate_is_in_one_currency', 'Charges and plans are in several currencies: estimate those of one.');
    END IF;
    RETURN QUERY
    SELECT one.line, k.charge_code, k.currency::text, k.unit_price * quantities[one.line], one.covered, one.deductible, one.copay,
           one.coinsurance, one.insurer, least(coalesce(two.insurer, 0), k.unit_price * quantities[one.line] - one.insurer),
           greatest(0, k.unit_price * quantities[one.line] - one.insurer - coalesce(two.insurer, 0))
    FROM care.share_of_plan(ranked[1], facility, served_on, codes, quantities) AS one
    JOIN care.charge_code k ON k.charge_code = codes[one.line]
    LEFT JOIN LATERAL (SELECT s.* FROM care.share_of_plan(ranked[2], facility, served_on, codes, quantities) AS s
                       WHERE cardinality(ranked) = 2) AS two ON two.line = one.line
    ORDER BY one.line;
END $function$;
REVOKE EXECUTE ON FUNCTION care.estimate(uuid,uuid,date,uuid[],text[],integer[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.estimate(uuid,uuid,date,uuid[],text[],integer[]) TO healthtrack_care;

-- Trigger before a charge is written: it has the currency of its price in the list.
CREATE OR REPLACE FUNCTION care.fill_charge_currency()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    -- An unknown code is told of by its own constraint; XXX is ISO 4217's code for no currency.
    NEW.currency := coalesce((SELECT c.currency FROM care.charge_code c WHERE c.charge_code = NEW.charge_code), 'XXX');
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.fill_charge_currency() FROM PUBLIC;

-- Issues a draft; from then on its charges stay, and the ledger says what is due.
CREATE OR REPLACE FUNCTION care.issue_invoice(of_invoice uuid, due date)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
BEGIN
    UPDATE care.invoice SET status = 'issued', issued_at = now(), due_on = due
    WHERE invoice_id = of_invoice AND status = 'draft';
    IF NOT FOUND THEN
        PERFORM care.refuse('invoice_is_a_draft', 'There is no such draft: it may be issued already.');
    END IF;
END $function$;

-- Trigger: the lines of a claim are answered while it is open, and never change what they ask.
CREATE OR REPLACE FUNCTION care.keep_claim_line()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF (SELECT c.status FROM care.claim c WHERE c.claim_id = NEW.claim_id) <> 'submitted'
       OR TG_OP = 'UPDATE' AND (OLD.claim_id, OLD.charge_id, OLD.submitted_amount)
                            <> (NEW.claim_id, NEW.charge_id, NEW.submitted_amount)
    THEN
        PERFORM care.refuse('claim_is_answered_once',
            'A claim is submitted and answered once; submit another for what is left.');
    END IF;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.keep_claim_line() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.keep_claim_line() TO healthtrack_care, healthtrack_migrator;

-- Trigger before an invoice changes: it is issued now, and keeps the day on which it is due.
CREATE OR REPLACE FUNCTION care.keep_terms()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF OLD.status = 'draft' AND NEW.status = 'issued' AND access.actor() IS NOT NULL THEN
        NEW.issued_at := now();
    ELSIF OLD.status <> 'draft' AND NEW.due_on IS DISTINCT FROM OLD.due_on THEN
        PERFORM care.refuse('invoice_stays_due_as_issued', 'An issued invoice keeps its due day: void it and write another.');
    END IF;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.keep_terms() FROM PUBLIC;

-- Trigger before a coverage gets another policy, a policy another plan or a plan another year: refuses it once claims were made by it.
CREATE OR REPLACE FUNCTION care.keep_what_was_counted()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF (CASE TG_TABLE_NAME
        WHEN 'coverage' THEN EXISTS (SELECT FROM care.claim c WHERE c.coverage_id = (to_jsonb(OLD) ->> 'coverage_id')::uuid)
        WHEN 'policy' THEN EXISTS (SELECT FROM care.accumulator a WHERE a.policy_id = (to_jsonb(OLD) ->> 'policy_id')::uuid)
        ELSE EXISTS (SELECT FROM care.accumulator a JOIN care.policy p USING (policy_id)
                     WHERE p.insurance_plan_id = (to_jsonb(OLD) ->> 'insurance_plan_id')::uuid)
    END) THEN
        PERFORM care.refuse('insurance_stays_as_it_was_claimed', 'Claims were made by this: add another policy, coverage or plan beside it.');
    END IF;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.keep_what_was_counted() FROM PUBLIC;

-- What stands on an account for an invoice, or for one claim of it.
CREATE OR REPLACE FUNCTION care.ledger_balance(of_invoice uuid, of_account text, of_claim uuid DEFAULT NULL::uuid)
 RETURNS numeric
 LANGUAGE sql
 STABLE
AS $function$
    SELECT coalesce(sum(e.amount), 0)
    FROM care.ledger_transaction t JOIN care.ledger_entry e USING (ledger_transaction_id)
    WHERE t.invoice_id = of_invoice AND e.account = of_account AND (of_claim IS NULL OR t.claim_id = of_claim)
$function$;

-- Locks an invoice until the transaction ends; refuses one that is a draft or void.
CREATE OR REPLACE FUNCTION care.lock_issued_invoice(of_invoice uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    stands text;
BEGIN
    SELECT i.status INTO stands FROM care.invoice i WHERE i.invoice_id = of_invoice FOR NO KEY UPDATE;
    IF stands IS DISTINCT FROM 'issued' THEN
        PERFORM care.refuse('invoice_is_issued',
            'Issue the invoice first; a draft and a void one take neither claims nor payments.');
    END IF;
END $function$;
REVOKE EXECUTE ON FUNCTION care.lock_issued_invoice(uuid) FROM PUBLIC;

-- Trigger: a claim is submitted for what is due on an issued invoice, and answered once.
CREATE OR REPLACE FUNCTION care.move_claim()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    PERFORM care.lock_issued_invoice(NEW.invoice_id);
    IF TG_OP = 'INSERT' AND NEW.status <> 'submitted'
       OR TG_OP = 'UPDATE' AND (
           OLD.status = 'adjudicated' AND to_jsonb(OLD) - '{version,updated_at,updated_by}'::text[]
                                       <> to_jsonb(NEW) - '{version,updated_at,updated_by}'::text[]
           OR (OLD.invoice_id, OLD.coverage_id, OLD.submitted_amount, OLD.replaces_claim_id, OLD.related_as)
              IS DISTINCT FROM (NEW.invoice_id, NEW.coverage_id, NEW.submitted_amount, NEW.replaces_claim_id, NEW.related_as))
    THEN
        PERFORM care.refuse('claim_is_answered_once',
            'A claim is submitted and answered once; submit another for what is left.');
    END IF;
    IF TG_OP = 'INSERT' AND NEW.replaces_claim_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM care.claim c WHERE c.claim_id = NEW.replaces_claim_id AND c.status = 'adjudicated' AND c.coverage_id = NEW.coverage_id)
    THEN
        PERFORM care.refuse('claim_replaces_an_answered_one', 'Replace a claim that is answered, under the same coverage.');
    END IF;
    IF TG_OP = 'INSERT' AND NEW.submitted_amount > care.ledger_balance(NEW.invoice_id, 'receivable') THEN
        PERFORM care.refuse('claim_is_not_above_what_is_due', 'Claim no more than what is still due.');
    END IF;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.move_claim() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.move_claim() TO healthtrack_care, healthtrack_migrator;

-- Trigger: an invoice goes from draft to issued to void, and keeps what it said.
CREATE OR REPLACE FUNCTION care.move_invoice()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    total numeric := (SELECT coalesce(sum(h.amount), 0) FROM care.charge h WHERE h.invoice_id = NEW.invoice_id);
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.status <> 'draft' THEN
            PERFORM care.refuse('invoice_begins_as_a_draft', 'An invoice begins as a draft.');
        END IF;
        RETURN NEW;
    END IF;
    IF (OLD.status, NEW.status) NOT IN
           (('draft', 'draft'), ('draft', 'issued'), ('issued', 'issued'), ('issued', 'void'), ('void', 'void'))
       OR OLD.status <> 'draft' AND (OLD.number, OLD.currency, OLD.issued_at, OLD.patient_id, OLD.facility_id)
                                <> (NEW.number, NEW.currency, NEW.issued_at, NEW.patient_id, NEW.facility_id)
    THEN
        PERFORM care.refuse('invoice_moves_forward',
            'A draft is issued and an issued invoice voided; nothing else of it changes.');
    END IF;
    IF OLD.status = 'draft' AND NEW.status = 'issued' AND total = 0 THEN
        PERFORM care.refuse('invoice_charges_something', 'Add a charge first: an invoice for nothing is not issued.');
    END IF;
    IF OLD.status = 'issued' AND NEW.status = 'void'
       AND care.ledger_balance(NEW.invoice_id, 'receivable') <> total
    THEN
        PERFORM care.refuse('invoice_is_void_only_when_nothing_came',
            'Refund what was paid and have open claims answered, then void the invoice.');
    END IF;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.move_invoice() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.move_invoice() TO healthtrack_care, healthtrack_migrator;

-- Books a payment; the same key with the same content again changes nothing and gives the same answer.
CREATE OR REPLACE FUNCTION care.pay(payment_key text, of_invoice uuid, paid numeric, by_method text, token text DEFAULT NULL::text, for_claim uuid DEFAULT NULL::uuid)
 RETURNS uuid
 LANGUAGE plpgsql
AS $function$
DECLARE
    bill care.invoice;
    made care.payment;
BEGIN
    SELECT * INTO bill FROM care.invoice WHERE invoice_id = of_invoice FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM care.refuse('invoice_is_issued', 'There is no such invoice.');
    END IF;
    SELECT * INTO made FROM care.payment WHERE facility_id = bill.facility_id AND idempotency_key = payment_key;
    IF NOT FOUND THEN
        INSERT INTO care.payment (patient_id, facility_id, invoice_id, claim_id, amount, payer, method,
                                  idempotency_key, processor_token)
        VALUES (bill.patient_id, bill.facility_id, of_invoice, for_claim, paid,
                CASE WHEN for_claim IS NULL THEN 'patient' ELSE 'insurer' END, by_method, payment_key, token)
        RETURNING * INTO made;
    END IF;
    IF (made.invoice_id, made.amount, made.method) IS DISTINCT FROM (of_invoice, paid::care.amount, by_method)
       OR (made.claim_id, made.processor_token) IS DISTINCT FROM (for_claim, token)
    THEN
        PERFORM care.refuse('payment_key_is_used_once', 'This key belongs to another payment: make a new one.');
    END IF;
    RETURN made.payment_id;
END $function$;

-- Counts anew what persons have borne of plans' years, after claims were written with triggers off; nobody answers a claim meanwhile.
CREATE OR REPLACE FUNCTION care.recount_accumulators()
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    -- Nobody answers a claim meanwhile; who reads goes on.
    LOCK TABLE care.claim IN SHARE ROW EXCLUSIVE MODE;
    DELETE FROM care.accumulator;
    INSERT INTO care.accumulator SELECT * FROM care.cost_shares();
END $function$;
REVOKE EXECUTE ON FUNCTION care.recount_accumulators() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.recount_accumulators() TO healthtrack_migrator;

-- Counts the totals of invoices anew from the ledger, after it was written with triggers off; nobody books meanwhile.
CREATE OR REPLACE FUNCTION care.recount_balances()
 RETURNS void
 LANGUAGE plpgsql
AS $function$
BEGIN
    -- Nobody books meanwhile; who reads goes on.
    LOCK TABLE care.ledger_entry IN SHARE ROW EXCLUSIVE MODE;
    DELETE FROM care.invoice_total;
    INSERT INTO care.invoice_total (patient_id, facility_id, invoice_id, due_on, charged, due_from_patient,
                                    due_from_insurer, paid_by_patient, paid_by_insurer, adjusted)
    SELECT i.patient_id, i.facility_id, i.invoice_id, i.due_on,
           coalesce(-sum(e.amount) FILTER (WHERE e.account = 'revenue'), 0),
           coalesce(sum(e.amount) FILTER (WHERE e.account = 'receivable'), 0),
           coalesce(sum(e.amount) FILTER (WHERE e.account = 'insurer_receivable'), 0),
           coalesce(sum(e.amount) FILTER (WHERE e.account = 'cash' AND t.claim_id IS NULL), 0),
           coalesce(sum(e.amount) FILTER (WHERE e.account = 'cash' AND t.claim_id IS NOT NULL), 0),
           coalesce(sum(e.amount) FILTER (WHERE e.account = 'adjustment'), 0)
    FROM care.ledger_entry e JOIN care.ledger_transaction t USING (ledger_transaction_id)
    JOIN care.invoice i USING (invoice_id) GROUP BY i.invoice_id;
END $function$;
REVOKE EXECUTE ON FUNCTION care.recount_balances() FROM PUBLIC;

-- Gives money of a payment back; the same key with the same content again changes nothing and gives the same answer.
CREATE OR REPLACE FUNCTION care.refund(refund_key text, of_payment uuid, given_back numeric, because text)
 RETURNS uuid
 LANGUAGE plpgsql
AS $function$
DECLARE
    came care.payment;
    made care.refund;
BEGIN
    SELECT * INTO came FROM care.payment WHERE payment_id = of_payment;
    IF NOT FOUND THEN
        PERFORM care.refuse('refund_payment_fkey', 'There is no such payment.');
    END IF;
    PERFORM FROM care.invoice WHERE invoice_id = came.invoice_id FOR NO KEY UPDATE;
    SELECT * INTO made FROM care.refund WHERE facility_id = came.facility_id AND idempotency_key = refund_key;
    IF NOT FOUND THEN
        INSERT INTO care.refund (patient_id, facility_id, invoice_id, payment_id, amount, reason, idempotency_key)
        VALUES (came.patient_id, came.facility_id, came.invoice_id, of_payment, given_back, because, refund_key)
        RETURNING * INTO made;
    END IF;
    IF (made.payment_id, made.amount, made.reason) IS DISTINCT FROM (of_payment, given_back::care.amount, because) THEN
        PERFORM care.refuse('refund_key_is_used_once', 'This key belongs to another refund: make a new one.');
    END IF;
    RETURN made.refund_id;
END $function$;

-- Asks again for what a claim denied and is still due, with its diagnoses; gives the new claim's key.
CREATE OR REPLACE FUNCTION care.replace_claim(of_claim uuid, related text)
 RETURNS uuid
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    former  care.claim;
    due     numeric;
    charges uuid[];
    asked   numeric[];
    made    uuid;
BEGIN
    PERFORM FROM care.invoice JOIN care.claim USING (invoice_id) WHERE claim_id = of_claim FOR NO KEY UPDATE OF invoice;
    SELECT * INTO former FROM care.claim WHERE claim_id = of_claim AND status = 'adjudicated';
    IF NOT FOUND THEN
        PERFORM care.refuse('claim_replaces_an_answered_one', 'Replace a claim that is answered, under the same coverage.');
    END IF;
    due := care.ledger_balance(former.invoice_id, 'receivable');
    WITH denied AS (
        SELECT a.charge_id, sum(a.amount) AS amount
        FROM care.claim_adjustment a JOIN care.adjustment_code k USING (group_code, code)
        WHERE a.claim_id = of_claim AND a.group_code = 'PR' AND k.counts_as IS NULL GROUP BY a.charge_id
    ), remaining AS (
        SELECT d.charge_id, least(d.amount, h.amount - (
                   SELECT coalesce(sum(coalesce(l.accepted_amount + l.adjusted_amount, l.submitted_amount)), 0)
                   FROM care.claim_line l WHERE l.charge_id = d.charge_id)) AS amount
        FROM denied d JOIN care.charge h USING (charge_id)
    ), claimable AS (
        SELECT charge_id, least(amount, due - (sum(amount) OVER (ORDER BY charge_id) - amount)) AS amount FROM remaining
    )
    SELECT array_agg(charge_id ORDER BY charge_id), array_agg(amount ORDER BY charge_id) INTO charges, asked
    FROM claimable WHERE amount > 0;
    IF charges IS NULL THEN
        PERFORM care.refuse('claim_replaces_what_was_denied', 'Nothing that this claim denied is still due.');
    END IF;
    INSERT INTO care.claim (patient_id, facility_id, invoice_id, coverage_id, submitted_amount, replaces_claim_id, related_as)
    SELECT former.patient_id, former.facility_id, former.invoice_id, former.coverage_id, sum(amount), of_claim, related
    FROM unnest(asked) AS amount
    RETURNING claim_id INTO made;
    INSERT INTO care.claim_line (claim_id, charge_id, patient_id, facility_id, invoice_id, submitted_amount)
    SELECT made, charge, former.patient_id, former.facility_id, former.invoice_id, amount
    FROM unnest(charges, asked) AS line (charge, amount);
    INSERT INTO care.claim_diagnosis (claim_id, patient_id, facility_id, invoice_id, sequence, code)
    SELECT made, d.patient_id, d.facility_id, d.invoice_id, d.sequence, d.code FROM care.claim_diagnosis d WHERE d.claim_id = of_claim;
    INSERT INTO care.claim_line_diagnosis (claim_id, charge_id, patient_id, facility_id, invoice_id, priority, sequence)
    SELECT made, d.charge_id, d.patient_id, d.facility_id, d.invoice_id, d.priority, d.sequence
    FROM care.claim_line_diagnosis d WHERE d.claim_id = of_claim AND d.charge_id = ANY (charges);
    RETURN made;
END $function$;
REVOKE EXECUTE ON FUNCTION care.replace_claim(uuid,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.replace_claim(uuid,text) TO healthtrack_care;

-- What one coverage would pay of charges, and what it lets the patient bear, charge by charge; for functions that have asked whether the coverage may be seen.
CREATE OR REPLACE FUNCTION care.share_of_plan(of_coverage uuid, at_facility uuid, served_on date, codes text[], quantities integer[])
 RETURNS TABLE(line integer, covered boolean, deductible numeric, copay numeric, coinsurance numeric, insurer numeric)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
#variable_conflict use_column
DECLARE
    cover   record;
    sharing care.plan_cost_sharing;
    benefit care.plan_benefit;
    charge  care.charge_code;
    used    record;
    year    daterange;
    within  text;
    left_deductible numeric;
    left_pocket     numeric;
    here    jsonb := '{}';  -- What this estimate has used of each benefit: visits and amounts.
    times   numeric;
    rest    numeric;
    over    numeric;
    cut     numeric;
BEGIN
    SELECT v.patient_id, v.policy_id, k.insurance_plan_id, k.currency::text AS currency, k.year_begins_month INTO STRICT cover
    FROM care.coverage v JOIN care.policy p USING (policy_id) JOIN care.insurance_plan k USING (insurance_plan_id)
    WHERE v.coverage_id = of_coverage;
    year := care.plan_year(cover.year_begins_month, share_of_plan.served_on);
    within := CASE WHEN EXISTS (SELECT FROM care.plan_network n
                                WHERE n.insurance_plan_id = cover.insurance_plan_id AND n.facility_id = at_facility
                                  AND n.valid_during @> share_of_plan.served_on) THEN 'in' ELSE 'out' END;
    SELECT * INTO sharing FROM care.plan_cost_sharing s
    WHERE s.insurance_plan_id = cover.insurance_plan_id AND s.valid_during @> share_of_plan.served_on;
    -- One person's and the family's, whichever is nearer; null where there is no most.
    SELECT greatest(0, least(sharing.deductible_individual - coalesce(sum(a.deductible) FILTER (WHERE a.patient_id = cover.patient_id), 0),
                             sharing.deductible_family - coalesce(sum(a.deductible), 0))),
           CASE WHEN num_nonnulls(sharing.out_of_pocket_individual, sharing.out_of_pocket_family) > 0 THEN
               greatest(0, least(sharing.out_of_pocket_individual - coalesce(sum(a.out_of_pocket) FILTER (WHERE a.patient_id = cover.patient_id), 0),
                                 sharing.out_of_pocket_family - coalesce(sum(a.out_of_pocket), 0))) END
    INTO left_deductible, left_pocket
    FROM care.accumulator a
    WHERE a.policy_id = cover.policy_id AND a.year_begins_on = lower(year) AND a.currency = cover.currency;
    FOR place IN 1 .. cardinality(codes) LOOP
        line := place;
        SELECT * INTO charge FROM care.charge_code k WHERE k.charge_code = codes[line];
        SELECT b.* INTO benefit FROM care.plan_benefit b
        WHERE b.insurance_plan_id = cover.insurance_plan_id AND b.network = within AND b.valid_during @> share_of_plan.served_on
          AND (b.charge_code = charge.charge_code OR b.category = charge.category)
        ORDER BY b.charge_code IS NULL LIMIT 1;
        covered := FOUND;
        times := quantities[line];
        IF NOT covered THEN
            times := 0;
        ELSIF benefit.limit_per IS NOT NULL THEN
            SELECT u.visits + coalesce((here #>> ARRAY[benefit.plan_benefit_id::text, 'visits'])::numeric, 0) AS visits,
                   u.paid + coalesce((here #>> ARRAY[benefit.plan_benefit_id::text, 'paid'])::numeric, 0) AS paid
            INTO used
            FROM care.benefit_used(cover.patient_id, cover.policy_id, benefit,
                CASE benefit.limit_per WHEN 'plan_year' THEN year
                     ELSE daterange(date_trunc('month', share_of_plan.served_on)::date,
                                    (date_trunc('month', share_of_plan.served_on) + INTERVAL '1 month')::date) END) AS u;
            times := least(times, greatest(0, coalesce(benefit.visit_limit - used.visits, times)));
        END IF;
        rest := times * charge.unit_price;
        deductible := CASE WHEN times > 0 AND benefit.deductible_applies THEN least(rest, coalesce(left_deductible, 0)) ELSE 0 END;
        copay := CASE WHEN times > 0 THEN least(benefit.copay * times, rest - deductible) ELSE 0 END;
        coinsurance := CASE WHEN times > 0 THEN round((rest - deductible - copay) * benefit.coinsurance_percent / 100, 2) ELSE 0 END;
        -- Above the most that the patient bears, first co-insurance falls away, then copay, then deductible.
        over := greatest(0, deductible + copay + coinsurance - coalesce(left_pocket, deductible + copay + coinsurance));
        cut := least(over, coinsurance); coinsurance := coinsurance - cut; over := over - cut;
        cut := least(over, copay); copay := copay - cut; over := over - cut;
        deductible := deductible - over;
        insurer := rest - deductible - copay - coinsurance;
        IF times > 0 AND benefit.amount_limit IS NOT NULL THEN
            insurer := least(insurer, greatest(0, benefit.amount_limit - used.paid));
        END IF;
        left_deductible := left_deductible - deductible;
        left_pocket := left_pocket - deductible - copay - coinsurance;
        IF times > 0 AND benefit.limit_per IS NOT NULL THEN
            here := here || jsonb_build_object(benefit.plan_benefit_id, jsonb_build_object(
                'visits', coalesce((here #>> ARRAY[benefit.plan_benefit_id::text, 'visits'])::numeric, 0) + times,
                'paid', coalesce((here #>> ARRAY[benefit.plan_benefit_id::text, 'paid'])::numeric, 0) + insurer));
        END IF;
        RETURN NEXT;
    END LOOP;
END $function$;
REVOKE EXECUTE ON FUNCTION care.share_of_plan(uuid,uuid,date,text[],integer[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.share_of_plan(uuid,uuid,date,text[],integer[]) TO healthtrack_care;

-- Trigger before an answer is noted: what an account notes bears its name, its facility and the present time.
CREATE OR REPLACE FUNCTION care.stamp_eligibility()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF access.actor() IS NOT NULL THEN
        NEW.asked_at := now();
        NEW.noted_by := access.actor()::text;
        NEW.facility_id := (access.own_facilities())[1];
    END IF;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.stamp_eligibility() FROM PUBLIC;

-- Trigger before money is booked: what an account books bears its name and the present time.
CREATE OR REPLACE FUNCTION care.stamp_money()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF access.actor() IS NULL THEN
        RETURN NEW;  -- A program that loads what was booked elsewhere, and when.
    END IF;
    CASE TG_TABLE_NAME
        WHEN 'payment' THEN
            NEW.received_at := now();
            NEW.received_by := access.actor()::text;
        WHEN 'refund' THEN
            NEW.refunded_at := now();
            NEW.refunded_by := access.actor()::text;
        WHEN 'claim' THEN
            IF TG_OP = 'INSERT' THEN
                NEW.submitted_at := now();
                NEW.updated_at := now();
                NEW.version := 1;
                NEW.updated_by := access.actor()::text;
            ELSE
                NEW.submitted_at := OLD.submitted_at;
            END IF;
            IF NEW.adjudicated_at IS NOT NULL AND (TG_OP = 'INSERT' OR OLD.adjudicated_at IS NULL) THEN
                NEW.adjudicated_at := now();
            END IF;
    END CASE;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.stamp_money() FROM PUBLIC;

-- Claims all that is still due and was covered on its day of service; gives the claim's key.
CREATE OR REPLACE FUNCTION care.submit_claim(of_invoice uuid, under_coverage uuid)
 RETURNS uuid
 LANGUAGE plpgsql
AS $function$
DECLARE
    bill    care.invoice;
    due     numeric;
    charges uuid[];
    asked   numeric[];
    made    uuid;
BEGIN
    SELECT * INTO bill FROM care.invoice WHERE invoice_id = of_invoice FOR NO KEY UPDATE;
    due := care.ledger_balance(of_invoice, 'receivable');
    -- Each covered charge asks for what earlier claims have left of it, all together for what is still due.
    WITH remaining AS (
        SELECT h.charge_id, h.amount - coalesce((
                   SELECT sum(coalesce(l.accepted_amount + l.adjusted_amount, l.submitted_amount))
                   FROM care.claim_line l WHERE l.charge_id = h.charge_id), 0) AS amount
        FROM care.charge h JOIN care.coverage v ON v.patient_id = h.patient_id
        WHERE h.invoice_id = of_invoice AND v.coverage_id = under_coverage AND v.covered_during @> h.served_on
    ), claimable AS (
        SELECT charge_id, least(amount, due - (sum(amount) OVER (ORDER BY charge_id) - amount)) AS amount FROM remaining
    )
    SELECT array_agg(charge_id ORDER BY charge_id), array_agg(amount ORDER BY charge_id) INTO charges, asked
    FROM claimable WHERE amount > 0;
    IF charges IS NULL THEN
        PERFORM care.refuse('claim_is_covered_on_the_day_of_service',
            'Nothing that is due was covered on its day of service.');
    END IF;
    INSERT INTO care.claim (patient_id, facility_id, invoice_id, coverage_id, submitted_amount)
    SELECT bill.patient_id, bill.facility_id, bill.invoice_id, under_coverage, sum(amount) FROM unnest(asked) AS amount
    RETURNING claim_id INTO made;
    INSERT INTO care.claim_line (claim_id, charge_id, patient_id, facility_id, invoice_id, submitted_amount)
    SELECT made, charge, bill.patient_id, bill.facility_id, bill.invoice_id, amount
    FROM unnest(charges, asked) AS line (charge, amount);
    RETURN made;
END $function$;

-- Claims what is due and was covered, with its diagnoses in their order, and for each charge the places of those that it is for; gives the claim's key.
CREATE OR REPLACE FUNCTION care.submit_coded_claim(of_invoice uuid, under_coverage uuid, diagnoses text[], pointers jsonb DEFAULT NULL::jsonb)
 RETURNS uuid
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    made uuid := care.submit_claim(of_invoice, under_coverage);
BEGIN
    IF coalesce(cardinality(diagnoses), 0) = 0 THEN
        PERFORM care.refuse('claim_has_a_diagnosis', 'Name at least one diagnosis.');
    END IF;
    INSERT INTO care.claim_diagnosis (claim_id, patient_id, facility_id, invoice_id, sequence, code)
    SELECT c.claim_id, c.patient_id, c.facility_id, c.invoice_id, named.place, named.code
    FROM care.claim c, unnest(diagnoses) WITH ORDINALITY AS named (code, place) WHERE c.claim_id = made;
    -- Without pointers, each line is for the first four.
    INSERT INTO care.claim_line_diagnosis (claim_id, charge_id, patient_id, facility_id, invoice_id, priority, sequence)
    SELECT l.claim_id, l.charge_id, l.patient_id, l.facility_id, l.invoice_id, pointed.priority, pointed.sequence::smallint
    FROM care.claim_line l, jsonb_array_elements_text(coalesce(pointers -> l.charge_id::text,
             to_jsonb(ARRAY(SELECT generate_series(1, least(cardinality(diagnoses), 4)))))) WITH ORDINALITY AS pointed (sequence, priority)
    WHERE l.claim_id = made;
    RETURN made;
END $function$;
REVOKE EXECUTE ON FUNCTION care.submit_coded_claim(uuid,uuid,text[],jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.submit_coded_claim(uuid,uuid,text[],jsonb) TO healthtrack_care;

-- Trigger after entries are booked: adds them to the totals of their invoices.
CREATE OR REPLACE FUNCTION care.total_invoices()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    INSERT INTO care.invoice_total AS kept (patient_id, facility_id, invoice_id, due_on, charged, due_from_patient,
                                            due_from_insurer, paid_by_patient, paid_by_insurer, adjusted)
    SELECT i.patient_id, i.facility_id, i.invoice_id, i.due_on,
           coalesce(-sum(e.amount) FILTER (WHERE e.account = 'revenue'), 0),
           coalesce(sum(e.amount) FILTER (WHERE e.account = 'receivable'), 0),
           coalesce(sum(e.amount) FILTER (WHERE e.account = 'insurer_receivable'), 0),
           coalesce(sum(e.amount) FILTER (WHERE e.account = 'cash' AND t.claim_id IS NULL), 0),
           coalesce(sum(e.amount) FILTER (WHERE e.account = 'cash' AND t.claim_id IS NOT NULL), 0),
           coalesce(sum(e.amount) FILTER (WHERE e.account = 'adjustment'), 0)
    FROM added e JOIN care.ledger_transaction t USING (ledger_transaction_id) JOIN care.invoice i USING (invoice_id)
    GROUP BY i.invoice_id ORDER BY i.invoice_id
    ON CONFLICT (invoice_id) DO UPDATE SET
        charged = kept.charged + excluded.charged,
        due_from_patient = kept.due_from_patient + excluded.due_from_patient,
        due_from_insurer = kept.due_from_insurer + excluded.due_from_insurer,
        paid_by_patient = kept.paid_by_patient + excluded.paid_by_patient,
        paid_by_insurer = kept.paid_by_insurer + excluded.paid_by_insurer,
        adjusted = kept.adjusted + excluded.adjusted;
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION care.total_invoices() FROM PUBLIC;

-- Takes an issued invoice back, while nothing was paid or all of it was refunded.
CREATE OR REPLACE FUNCTION care.void_invoice(of_invoice uuid)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
BEGIN
    UPDATE care.invoice SET status = 'void' WHERE invoice_id = of_invoice AND status = 'issued';
    IF NOT FOUND THEN
        PERFORM care.refuse('invoice_is_issued', 'There is no such issued invoice: it may be void already.');
    END IF;
END $function$;

-- The invoice that stands for a visit, by its charges or those of its encounter; null where there is none.
CREATE OR REPLACE FUNCTION access.bill_of_visit(patient uuid, visit uuid)
 RETURNS uuid
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT coalesce(
        (SELECT i.invoice_id FROM care.charge h JOIN care.invoice i USING (invoice_id)
         WHERE h.patient_id = patient AND h.appointment_id = visit AND i.status <> 'void' ORDER BY i.created_at LIMIT 1),
        (SELECT i.invoice_id FROM care.encounter e
         JOIN care.charge h ON h.patient_id = e.patient_id AND h.encounter_id = e.encounter_id
         JOIN care.invoice i ON i.invoice_id = h.invoice_id
         WHERE e.patient_id = patient AND e.appointment_id = visit AND i.status <> 'void' ORDER BY i.created_at LIMIT 1))
$function$;
REVOKE EXECUTE ON FUNCTION access.bill_of_visit(uuid,uuid) FROM PUBLIC;

-- Takes a charge off a draft of the acting biller's facility, and the draft with its last one; whether there was such a charge.
CREATE OR REPLACE FUNCTION access.drop_charge(gone uuid)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    bill care.invoice;
BEGIN
    SELECT i.* INTO bill FROM care.charge h JOIN care.invoice i USING (invoice_id)
    WHERE h.charge_id = gone AND i.facility_id = ANY (access.own_facilities()) AND access.part() = 'biller' FOR UPDATE OF i;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    -- A hold that is set at this moment is waited for.
    PERFORM FROM care.patient p WHERE p.patient_id = bill.patient_id FOR SHARE;
    IF (SELECT p.legal_hold FROM care.patient p WHERE p.patient_id = bill.patient_id) THEN
        PERFORM care.refuse('row_stays_under_hold', 'This person is under legal hold: nothing of theirs is removed.');
    END IF;
    DELETE FROM care.charge h WHERE h.charge_id = gone;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    DELETE FROM care.invoice i
    WHERE i.invoice_id = bill.invoice_id AND NOT EXISTS (SELECT FROM care.charge h WHERE h.invoice_id = i.invoice_id);
    RETURN true;
END $function$;
REVOKE EXECUTE ON FUNCTION access.drop_charge(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.drop_charge(uuid) TO healthtrack_care;

-- Keys of a page of the issued invoices of the acting account's facility that were due before a day, 500 at most.
CREATE OR REPLACE FUNCTION access.invoices_due(due_before date, after_due_on date, after_invoice uuid, rows_max integer)
 RETURNS uuid[]
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    -- An account that bills has one facility; with a list of them no index gives the order.
    own constant uuid := (access.own_facilities())[1];
BEGIN
    RETURN (SELECT coalesce(array_agg(d.invoice_id), '{}')
            FROM (SELECT i.invoice_id FROM care.invoice i
                  WHERE i.facility_id = own AND i.status = 'issued' AND i.due_on < due_before
                    AND (i.due_on, i.invoice_id) > (coalesce(after_due_on, '-infinity'), coalesce(after_invoice, '00000000-0000-0000-0000-000000000000'))
                  ORDER BY i.due_on, i.invoice_id LIMIT least(rows_max, 500)) AS d);
END $function$;
REVOKE EXECUTE ON FUNCTION access.invoices_due(date,date,uuid,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.invoices_due(date,date,uuid,integer) TO healthtrack_care;

-- Adds to a draft what the price list names, under a key of the form that sends it, so that the same form sent again is refused as known.
CREATE OR REPLACE FUNCTION api.add_charge(token text, charge uuid, invoice uuid, charge_code text, quantity integer, served_on date)
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
    PERFORM access.note(me, 'create', (SELECT i.patient_id FROM care.invoice i WHERE i.invoice_id = invoice),
                        'care.charge/' || charge);
    PERFORM care.add_charge(charge, invoice, add_charge.charge_code, add_charge.quantity, add_charge.served_on);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.add_charge(text,uuid,uuid,text,integer,date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.add_charge(text,uuid,uuid,text,integer,date) TO healthtrack_portal;

-- Adds what members of a plan pay for care of a category, or of a charge code; the key.
CREATE OR REPLACE FUNCTION api.add_plan_benefit(token text, insurance_plan uuid, network text, category text, charge_code text, copay_cents bigint, coinsurance_basis_points integer, deductible_applies boolean, visit_limit integer, limit_cents bigint, limit_per text, first_on date, stop_on date)
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
    INSERT INTO care.plan_benefit AS b (insurance_plan_id, network, category, charge_code, copay, coinsurance_percent,
                                        deductible_applies, visit_limit, amount_limit, limit_per, valid_during)
    VALUES (insurance_plan, add_plan_benefit.network, add_plan_benefit.category, add_plan_benefit.charge_code, copay_cents / 100.0,
            coinsurance_basis_points / 100.0, add_plan_benefit.deductible_applies, add_plan_benefit.visit_limit,
            limit_cents / 100.0, add_plan_benefit.limit_per, daterange(first_on, stop_on))
    RETURNING b.plan_benefit_id INTO answer;
    PERFORM access.note(me, 'create', NULL, 'care.plan_benefit/' || answer);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.add_plan_benefit(text,uuid,text,text,text,bigint,integer,boolean,integer,bigint,text,date,date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.add_plan_benefit(text,uuid,text,text,text,bigint,integer,boolean,integer,bigint,text,date,date) TO healthtrack_portal;

-- Notes an insurer's answer to a claim, which names each of its charges once.
CREATE OR REPLACE FUNCTION api.adjudicate_claim(token text, claim uuid, charges uuid[], accepted_cents bigint[], adjusted_cents bigint[])
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
    PERFORM care.adjudicate_claim(claim, array_agg(answer.charge), array_agg(answer.accepted * 0.01), array_agg(answer.adjusted * 0.01))
    FROM unnest(charges, accepted_cents, adjusted_cents) AS answer (charge, accepted, adjusted);
    PERFORM access.note(me, 'update', (SELECT c.patient_id FROM care.claim c WHERE c.claim_id = claim),
                        'care.claim/' || claim);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.adjudicate_claim(text,uuid,uuid[],bigint[],bigint[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.adjudicate_claim(text,uuid,uuid[],bigint[],bigint[]) TO healthtrack_portal;

-- Notes an insurer's answer with codes: for each charge what is paid and what each group and code takes off.
CREATE OR REPLACE FUNCTION api.answer_claim(token text, claim uuid, decisions jsonb)
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
    PERFORM care.answer_claim(claim, decisions);
    PERFORM access.note(me, 'update', (SELECT c.patient_id FROM care.claim c WHERE c.claim_id = claim),
                        'care.claim/' || claim);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.answer_claim(text,uuid,jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.answer_claim(text,uuid,jsonb) TO healthtrack_portal;

-- Drafts an invoice for a visit at the acting biller's facility with a first charge by the price list; the one that stands where the visit has one. Gives its key.
CREATE OR REPLACE FUNCTION api.draft_invoice(token text, appointment uuid, charge_code text, quantity integer)
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
    answer := care.draft_invoice(appointment, draft_invoice.charge_code, draft_invoice.quantity);
    PERFORM access.note(me, 'create', (SELECT i.patient_id FROM care.invoice i WHERE i.invoice_id = answer),
                        'care.invoice/' || answer);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.draft_invoice(text,uuid,text,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.draft_invoice(text,uuid,text,integer) TO healthtrack_portal;

-- Takes a charge off a draft, and the draft itself with its last charge.
CREATE OR REPLACE FUNCTION api.drop_charge(token text, charge uuid)
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
    PERFORM access.note(me, 'update', (SELECT h.patient_id FROM care.charge h WHERE h.charge_id = charge), 'care.charge/' || charge);
    PERFORM access.check_change(access.drop_charge(charge));
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.drop_charge(text,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.drop_charge(text,uuid) TO healthtrack_portal;

-- Says on which day a benefit of a plan does not stand any more.
CREATE OR REPLACE FUNCTION api.end_plan_benefit(token text, plan_benefit uuid, stop_on date)
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
    UPDATE care.plan_benefit b SET valid_during = daterange(lower(b.valid_during), end_plan_benefit.stop_on)
    WHERE b.plan_benefit_id = plan_benefit;
    PERFORM access.check_change(FOUND);
    PERFORM access.note(me, 'update', NULL, 'care.plan_benefit/' || plan_benefit);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.end_plan_benefit(text,uuid,date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.end_plan_benefit(text,uuid,date) TO healthtrack_portal;

-- Issues an invoice, whose charges are fixed from then on.
CREATE OR REPLACE FUNCTION api.issue_invoice(token text, invoice uuid, due_on date)
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
    PERFORM care.issue_invoice(invoice, due_on);
    PERFORM access.note(me, 'update', (SELECT i.patient_id FROM care.invoice i WHERE i.invoice_id = invoice),
                        'care.invoice/' || invoice);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.issue_invoice(text,uuid,date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.issue_invoice(text,uuid,date) TO healthtrack_portal;

-- Adds a code by which insurers adjust claims, titles it anew, or ends it.
CREATE OR REPLACE FUNCTION api.keep_adjustment_code(token text, group_code text, code text, title text, counts_as text, retired_on date)
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
    INSERT INTO care.adjustment_code (group_code, code, title, counts_as, retired_on)
    VALUES (keep_adjustment_code.group_code, keep_adjustment_code.code, keep_adjustment_code.title, keep_adjustment_code.counts_as,
            keep_adjustment_code.retired_on)
    ON CONFLICT ON CONSTRAINT adjustment_code_pkey DO UPDATE
    SET title = EXCLUDED.title, counts_as = EXCLUDED.counts_as, retired_on = EXCLUDED.retired_on;
    PERFORM access.note(me, 'update', NULL, access.kept_under('care.adjustment_code', keep_adjustment_code.group_code || ' ' || keep_adjustment_code.code));
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.keep_adjustment_code(text,text,text,text,text,date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.keep_adjustment_code(text,text,text,text,text,date) TO healthtrack_portal;

-- Adds a price to the list, changes it for invoices to come, or ends it.
CREATE OR REPLACE FUNCTION api.keep_charge_code(token text, charge_code text, title text, cents bigint, currency text, retired_on date)
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
    INSERT INTO care.charge_code (charge_code, title, unit_price, currency, retired_on)
    VALUES (keep_charge_code.charge_code, keep_charge_code.title, keep_charge_code.cents / 100.0, keep_charge_code.currency,
            keep_charge_code.retired_on)
    ON CONFLICT ON CONSTRAINT charge_code_pkey DO UPDATE
    SET title = EXCLUDED.title, unit_price = EXCLUDED.unit_price, currency = EXCLUDED.currency, retired_on = EXCLUDED.retired_on;
    PERFORM access.note(me, 'update', NULL, access.kept_under('care.charge_code', keep_charge_code.charge_code));
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.keep_charge_code(text,text,text,bigint,text,date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.keep_charge_code(text,text,text,bigint,text,date) TO healthtrack_portal;

-- Adds a plan of an insurer, changes it, or says from which day on it is not sold any more; the key.
CREATE OR REPLACE FUNCTION api.keep_insurance_plan(token text, insurance_plan uuid, insurer uuid, name text, currency text, year_begins_month integer, retired_on date)
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
    IF insurance_plan IS NULL THEN
        INSERT INTO care.insurance_plan AS p (insurer_id, name, currency, year_begins_month, retired_on)
        VALUES (insurer, keep_insurance_plan.name, keep_insurance_plan.currency, keep_insurance_plan.year_begins_month,
                keep_insurance_plan.retired_on)
        RETURNING p.insurance_plan_id INTO answer;
    ELSE
        UPDATE care.insurance_plan p SET name = keep_insurance_plan.name, currency = keep_insurance_plan.currency,
            year_begins_month = keep_insurance_plan.year_begins_month, retired_on = keep_insurance_plan.retired_on
        WHERE p.insurance_plan_id = insurance_plan AND p.insurer_id = insurer RETURNING p.insurance_plan_id INTO answer;
        PERFORM access.check_change(FOUND);
    END IF;
    PERFORM access.note(me, 'update', NULL, 'care.insurance_plan/' || answer);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.keep_insurance_plan(text,uuid,uuid,text,text,integer,date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.keep_insurance_plan(text,uuid,uuid,text,text,integer,date) TO healthtrack_portal;

-- Adds an insurer, or says anew what it is called and how it is reached; the key.
CREATE OR REPLACE FUNCTION api.keep_insurer(token text, insurer uuid, known_version integer, name text, phone text, website text)
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
    IF insurer IS NULL THEN
        INSERT INTO care.insurer AS i (name, phone, website) VALUES (keep_insurer.name, keep_insurer.phone, keep_insurer.website)
        RETURNING i.insurer_id INTO answer;
    ELSE
        UPDATE care.insurer i SET name = keep_insurer.name, phone = keep_insurer.phone, website = keep_insurer.website
        WHERE i.insurer_id = insurer AND i.version = known_version RETURNING i.insurer_id INTO answer;
        PERFORM access.check_change(FOUND);
    END IF;
    PERFORM access.note(me, 'update', NULL, 'care.insurer/' || answer);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.keep_insurer(text,uuid,integer,text,text,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.keep_insurer(text,uuid,integer,text,text,text) TO healthtrack_portal;

-- Why an insurer pays less than was asked for, by group and code, 2000 at most.
CREATE OR REPLACE FUNCTION api.list_adjustment_codes(token text)
 RETURNS TABLE(group_code text, code text, title text, counts_as text)
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
    RETURN QUERY
    SELECT k.group_code, k.code, k.title, k.counts_as FROM care.adjustment_code k
    WHERE k.retired_on IS NULL OR k.retired_on > current_date ORDER BY k.group_code, k.code LIMIT 2000;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.list_adjustment_codes(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.list_adjustment_codes(text) TO healthtrack_portal;

-- What an insurance plan pays of each kind of service on a day, 500 at most.
CREATE OR REPLACE FUNCTION api.list_benefits(token text, plan uuid, on_day date)
 RETURNS TABLE(network text, category text, charge_code text, copay_cents bigint, coinsurance_basis_points integer, deductible_applies boolean, visit_limit integer, amount_limit_cents bigint, limit_per text, currency text)
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
    RETURN QUERY
    SELECT b.network, b.category, b.charge_code, (b.copay * 100)::bigint, (b.coinsurance_percent * 100)::integer, b.deductible_applies, b.visit_limit,
           (b.amount_limit * 100)::bigint, b.limit_per, p.currency::text
    FROM care.plan_benefit b JOIN care.insurance_plan p USING (insurance_plan_id)
    WHERE b.insurance_plan_id = plan AND b.valid_during @> on_day ORDER BY b.network, b.category, b.charge_code LIMIT 500;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.list_benefits(text,uuid,date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.list_benefits(text,uuid,date) TO healthtrack_portal;

-- The price list: what can be charged on a day, or all that ever could where none is named; 2,000 at most.
CREATE OR REPLACE FUNCTION api.list_charge_codes(token text, on_day date)
 RETURNS TABLE(charge_code text, title text, category text, cents bigint, currency text, retired_on date)
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
    RETURN QUERY
    SELECT k.charge_code, k.title, k.category, (k.unit_price * 100)::bigint, k.currency::text, k.retired_on FROM care.charge_code k
    WHERE on_day IS NULL OR daterange(NULL, k.retired_on) @> on_day
    ORDER BY k.title, k.charge_code LIMIT 2000;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.list_charge_codes(text,date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.list_charge_codes(text,date) TO healthtrack_portal;

-- Claims of the acting biller's facility that are submitted, adjudicated or (in part) denied and not replaced, the newest first, 500 at most.
CREATE OR REPLACE FUNCTION api.list_claims(token text, look uuid, patient uuid, of_status text, after_submitted timestamp with time zone, after_claim uuid, rows_max integer)
 RETURNS TABLE(claim_id uuid, patient_id uuid, invoice_id uuid, number text, status text, submitted_at timestamp with time zone, currency text, asked_cents bigint, paid_cents bigint, adjusted_cents bigint, denied_cents bigint, replaced boolean)
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
    PERFORM access.check_look(me, look, patient, 'due_invoices');
    RETURN QUERY
    SELECT c.claim_id, c.patient_id, c.invoice_id, i.number, c.status, c.submitted_at, i.currency::text,
           (c.submitted_amount * 100)::bigint, (c.accepted_amount * 100)::bigint, (c.adjusted_amount * 100)::bigint,
           (c.denied_amount * 100)::bigint,
           EXISTS (SELECT FROM care.claim r WHERE r.replaces_claim_id = c.claim_id AND r.patient_id = c.patient_id)
    FROM care.claim c JOIN care.invoice i ON i.invoice_id = c.invoice_id
    WHERE patient IS NULL AND me.part = 'biller' AND c.facility_id = ANY ((SELECT access.own_facilities())::uuid[])
      AND c.status = CASE WHEN of_status = 'denied' THEN 'adjudicated' ELSE of_status END
      AND (of_status <> 'denied' OR c.denied_amount > 0 AND NOT EXISTS (
          SELECT FROM care.claim r WHERE r.replaces_claim_id = c.claim_id AND r.patient_id = c.patient_id))
      AND (after_claim IS NULL OR (c.submitted_at, c.claim_id) < (after_submitted, after_claim))
    ORDER BY c.submitted_at DESC, c.claim_id DESC LIMIT least(rows_max, 500);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.list_claims(text,uuid,uuid,text,timestamp with time zone,uuid,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.list_claims(text,uuid,uuid,text,timestamp with time zone,uuid,integer) TO healthtrack_portal;

-- Insurers with their versions, and how many plans of each are sold, by name; 2,000 at most.
CREATE OR REPLACE FUNCTION api.list_insurers(token text)
 RETURNS TABLE(insurer_id uuid, version integer, name text, phone text, website text, plans bigint)
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
    RETURN QUERY
    SELECT i.insurer_id, i.version, i.name, i.phone::text, i.website::text,
           (SELECT count(*) FROM care.insurance_plan p
            WHERE p.insurer_id = i.insurer_id AND (p.retired_on IS NULL OR p.retired_on > current_date))
    FROM care.insurer i ORDER BY i.name, i.insurer_id LIMIT 2000;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.list_insurers(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.list_insurers(text) TO healthtrack_portal;

-- Invoices of the acting biller's facility by how they stand, the newest first, 500 at most.
CREATE OR REPLACE FUNCTION api.list_invoices(token text, look uuid, patient uuid, of_status text, after_created timestamp with time zone, after_invoice uuid, rows_max integer)
 RETURNS TABLE(invoice_id uuid, patient_id uuid, number text, status text, created_at timestamp with time zone, due_on date, currency text, charged_cents bigint, due_from_patient_cents bigint, due_from_insurer_cents bigint)
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
    PERFORM access.check_look(me, look, patient, 'due_invoices');
    RETURN QUERY
    SELECT i.invoice_id, i.patient_id, i.number, i.status, i.created_at, i.due_on, i.currency::text,
           (SELECT coalesce(sum(h.amount), 0) * 100 FROM care.charge h WHERE h.invoice_id = i.invoice_id)::bigint,
           (coalesce(t.due_from_patient, 0) * 100)::bigint, (coalesce(t.due_from_insurer, 0) * 100)::bigint
    FROM care.invoice i LEFT JOIN care.invoice_total t ON t.invoice_id = i.invoice_id
    WHERE patient IS NULL AND me.part = 'biller' AND i.facility_id = ANY ((SELECT access.own_facilities())::uuid[])
      AND i.status = of_status
      AND (after_invoice IS NULL OR (i.created_at, i.invoice_id) < (after_created, after_invoice))
    ORDER BY i.created_at DESC, i.invoice_id DESC LIMIT least(rows_max, 500);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.list_invoices(text,uuid,uuid,text,timestamp with time zone,uuid,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.list_invoices(text,uuid,uuid,text,timestamp with time zone,uuid,integer) TO healthtrack_portal;

-- Notes what an insurer said of a coverage for services from a first day to a last; gives the answer's key.
CREATE OR REPLACE FUNCTION api.note_eligibility(token text, patient uuid, coverage uuid, valid_until timestamp with time zone, first_on date, last_on date, active boolean, categories text[], told jsonb, told_by text, disposition text)
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
    INSERT INTO care.eligibility_answer AS e
        (patient_id, coverage_id, facility_id, valid_until, served_during, active, categories, told, told_by, disposition)
    VALUES (patient, coverage, (access.own_facilities())[1], note_eligibility.valid_until, daterange(first_on, last_on, '[]'), note_eligibility.active,
            note_eligibility.categories, note_eligibility.told, note_eligibility.told_by, note_eligibility.disposition)
    RETURNING e.eligibility_answer_id INTO answer;
    PERFORM access.note(me, 'create', patient, 'care.eligibility_answer/' || answer);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.note_eligibility(text,uuid,uuid,timestamp with time zone,date,date,boolean,text[],jsonb,text,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.note_eligibility(text,uuid,uuid,timestamp with time zone,date,date,boolean,text[],jsonb,text,text) TO healthtrack_portal;

-- Pays an invoice, once for a key; gives the payment.
CREATE OR REPLACE FUNCTION api.pay(token text, key text, invoice uuid, cents bigint, method text, processor_token text, claim uuid)
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
    answer := care.pay(key, invoice, cents * 0.01, method, processor_token, claim);
    PERFORM access.note(me, 'create', (SELECT p.patient_id FROM care.payment p WHERE p.payment_id = answer),
                        'care.payment/' || answer);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.pay(text,text,uuid,bigint,text,text,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.pay(text,text,uuid,bigint,text,text,uuid) TO healthtrack_portal;

-- What a patient has borne in the year of each plan in which a day falls, and the amounts of the plan, 100 at most.
CREATE OR REPLACE FUNCTION api.read_accumulators(token text, look uuid, patient uuid, on_day date)
 RETURNS TABLE(policy uuid, year_begins_on date, currency text, deductible_cents bigint, out_of_pocket_cents bigint, paid_cents bigint, deductible_of_plan_cents bigint, out_of_pocket_of_plan_cents bigint)
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
    PERFORM access.check_look(me, look, patient, 'accumulators');
    RETURN QUERY
    SELECT a.policy_id, a.year_begins_on, a.currency::text, (a.deductible * 100)::bigint, (a.out_of_pocket * 100)::bigint,
           (a.paid * 100)::bigint, (s.deductible_individual * 100)::bigint, (s.out_of_pocket_individual * 100)::bigint
    FROM care.accumulator a LEFT JOIN care.policy p USING (policy_id)
    LEFT JOIN care.plan_cost_sharing s ON s.insurance_plan_id = p.insurance_plan_id AND s.valid_during @> on_day
    WHERE a.patient_id = patient AND on_day >= a.year_begins_on AND on_day < a.year_begins_on + INTERVAL '1 year'
    ORDER BY a.policy_id, a.currency::text LIMIT 100;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_accumulators(text,uuid,uuid,date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_accumulators(text,uuid,uuid,date) TO healthtrack_portal;

-- What was charged on a bill, 500 lines at most.
CREATE OR REPLACE FUNCTION api.read_bill_lines(token text, look uuid, patient uuid, invoice uuid)
 RETURNS TABLE(charge uuid, served_on date, charge_code text, title text, quantity integer, cents bigint)
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
    PERFORM access.check_look(me, look, patient, 'invoices');
    RETURN QUERY
    SELECT c.charge_id, c.served_on, c.charge_code, k.title, c.quantity, (c.amount * 100)::bigint
    FROM care.charge c JOIN care.charge_code k USING (charge_code)
    WHERE c.patient_id = patient AND c.invoice_id = invoice ORDER BY c.served_on, c.charge_id LIMIT 500;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_bill_lines(text,uuid,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_bill_lines(text,uuid,uuid,uuid) TO healthtrack_portal;

-- What was paid for a bill and given back, 500 payments at most.
CREATE OR REPLACE FUNCTION api.read_bill_payments(token text, look uuid, patient uuid, invoice uuid)
 RETURNS TABLE(payment uuid, received_at timestamp with time zone, payer text, method text, cents bigint, refunded_cents bigint)
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
    PERFORM access.check_look(me, look, patient, 'invoices');
    RETURN QUERY
    SELECT p.payment_id, p.received_at, p.payer, p.method, (p.amount * 100)::bigint,
           (coalesce((SELECT sum(r.amount) FROM care.refund r WHERE r.payment_id = p.payment_id), 0) * 100)::bigint
    FROM care.payment p WHERE p.patient_id = patient AND p.invoice_id = invoice ORDER BY p.received_at, p.payment_id LIMIT 500;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_bill_payments(text,uuid,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_bill_payments(text,uuid,uuid,uuid) TO healthtrack_portal;

-- Bills of a patient that were sent, and what is due of each, the latest first, those before the last line of the page before, 200 at most.
CREATE OR REPLACE FUNCTION api.read_bills(token text, look uuid, patient uuid, before timestamp with time zone, before_invoice uuid, rows_max integer)
 RETURNS TABLE(invoice uuid, number text, facility text, status text, issued_at timestamp with time zone, due_on date, currency text, charged_cents bigint, paid_by_patient_cents bigint, paid_by_insurer_cents bigint, adjusted_cents bigint, due_from_patient_cents bigint, due_from_insurer_cents bigint)
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
    PERFORM access.check_look(me, look, patient, 'invoices');
    RETURN QUERY
    SELECT i.invoice_id, i.number, f.name, i.status, i.issued_at, i.due_on, i.currency::text, (b.charged * 100)::bigint,
           (b.paid_by_patient * 100)::bigint, (b.paid_by_insurer * 100)::bigint, (b.adjusted * 100)::bigint,
           (b.due_from_patient * 100)::bigint, (b.due_from_insurer * 100)::bigint
    FROM care.invoice i JOIN care.facility f USING (facility_id) JOIN care.invoice_balance b USING (invoice_id)
    WHERE i.patient_id = patient AND i.status <> 'draft'
      AND (before IS NULL OR (i.issued_at, i.invoice_id) < (before, before_invoice))
    ORDER BY i.issued_at DESC, i.invoice_id DESC LIMIT least(rows_max, 200);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_bills(text,uuid,uuid,timestamp with time zone,uuid,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_bills(text,uuid,uuid,timestamp with time zone,uuid,integer) TO healthtrack_portal;

-- What an invoice of a patient is for, by day, 500 at most.
CREATE OR REPLACE FUNCTION api.read_charges(token text, look uuid, patient uuid, invoice uuid)
 RETURNS TABLE(charge_id uuid, served_on date, charge_code text, title text, quantity integer, cents bigint)
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
    PERFORM access.check_look(me, look, patient, 'invoices');
    RETURN QUERY
    SELECT h.charge_id, h.served_on, h.charge_code, k.title, h.quantity, (h.amount * 100)::bigint
    FROM care.charge h JOIN care.charge_code k ON k.charge_code = h.charge_code
    WHERE h.invoice_id = invoice AND h.patient_id = patient ORDER BY h.served_on, h.charge_code, h.charge_id LIMIT 500;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_charges(text,uuid,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_charges(text,uuid,uuid,uuid) TO healthtrack_portal;

-- Lines of the claims of a patient that whoever acts may see, with codes, the latest claim first, 500 at most; diagnoses are null for who was not granted all of them.
CREATE OR REPLACE FUNCTION api.read_claims(token text, look uuid, patient uuid)
 RETURNS TABLE(claim uuid, invoice uuid, coverage uuid, rank text, status text, replaces uuid, related text, currency text, charge uuid, charge_code text, asked_cents bigint, allowed_cents bigint, paid_cents bigint, patient_cents bigint, adjustments jsonb, diagnoses text[])
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
    PERFORM access.check_look(me, look, patient, 'claims');
    RETURN QUERY
    SELECT c.claim_id, c.invoice_id, c.coverage_id, v.rank, c.status, c.replaces_claim_id, c.related_as, i.currency::text,
           l.charge_id, h.charge_code, (l.submitted_amount * 100)::bigint, (l.allowed_amount * 100)::bigint,
           (l.accepted_amount * 100)::bigint, (l.denied_amount * 100)::bigint,
           (SELECT jsonb_agg(jsonb_build_object('group', a.group_code, 'code', a.code, 'cents', (a.amount * 100)::bigint)
                             ORDER BY a.group_code, a.code)
            FROM care.claim_adjustment a WHERE a.claim_id = l.claim_id AND a.charge_id = l.charge_id),
           CASE WHEN me.part = 'biller' OR patient = ANY (access.own_patients())
                     OR (SELECT bool_and(patient = ANY (access.patients_granted(category)))
                         FROM unnest(access.categories()) AS category) THEN
           ARRAY(SELECT d.code FROM care.claim_line_diagnosis p JOIN care.claim_diagnosis d USING (patient_id, claim_id, sequence)
                 WHERE p.claim_id = l.claim_id AND p.charge_id = l.charge_id ORDER BY p.priority) END
    FROM care.claim c JOIN care.claim_line l USING (claim_id) JOIN care.charge h ON h.charge_id = l.charge_id
    JOIN care.invoice i ON i.invoice_id = c.invoice_id LEFT JOIN care.coverage v ON v.coverage_id = c.coverage_id
    WHERE c.patient_id = patient ORDER BY c.submitted_at DESC, c.claim_id, h.served_on, l.charge_id LIMIT 500;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_claims(text,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_claims(text,uuid,uuid) TO healthtrack_portal;

-- Coverages of a patient that whoever acts may see, the latest first, 500 at most.
CREATE OR REPLACE FUNCTION api.read_coverages(token text, look uuid, patient uuid)
 RETURNS TABLE(coverage uuid, rank text, relation text, from_on date, until_on date, policy uuid, number text, insurer text, plan uuid, plan_name text)
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
    PERFORM access.check_look(me, look, patient, 'coverages');
    RETURN QUERY
    SELECT v.coverage_id, v.rank, v.relation, lower(v.covered_during), upper(v.covered_during), p.policy_id, p.number, r.name,
           k.insurance_plan_id, k.name
    FROM care.coverage v JOIN care.policy p USING (policy_id) JOIN care.insurance_plan k USING (insurance_plan_id)
    JOIN care.insurer r ON r.insurer_id = p.insurer_id
    WHERE v.patient_id = patient ORDER BY upper(v.covered_during) DESC, v.rank LIMIT 500;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_coverages(text,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_coverages(text,uuid,uuid) TO healthtrack_portal;

-- Issued invoices of the acting biller's facility that were due before a day, the oldest first, those after the last line of the page before, 500 at most.
CREATE OR REPLACE FUNCTION api.read_due_invoices(token text, look uuid, patient uuid, due_before date, after_due_on date, after_invoice uuid, rows_max integer)
 RETURNS TABLE(invoice_id uuid, patient_id uuid, number text, due_on date)
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
    PERFORM access.check_look(me, look, patient, 'due_invoices');
    RETURN QUERY
    SELECT i.invoice_id, i.patient_id, i.number, i.due_on FROM care.invoice i
    WHERE patient IS NULL AND me.part = 'biller'
      AND i.invoice_id = ANY ((SELECT access.invoices_due(due_before, after_due_on, after_invoice, rows_max))::uuid[])
    ORDER BY i.due_on, i.invoice_id LIMIT least(rows_max, 500);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_due_invoices(text,uuid,uuid,date,date,uuid,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_due_invoices(text,uuid,uuid,date,date,uuid,integer) TO healthtrack_portal;

-- The newest answer of the insurer of each coverage of a patient for services on a day, and of a newer one that was noted elsewhere whether it is active and until when, 100 at most.
CREATE OR REPLACE FUNCTION api.read_eligibility(token text, look uuid, patient uuid, on_day date)
 RETURNS TABLE(eligibility_answer uuid, coverage uuid, asked_at timestamp with time zone, valid_until timestamp with time zone, still_valid boolean, from_on date, until_on date, active boolean, categories text[], told jsonb, told_by text, disposition text)
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
    PERFORM access.check_look(me, look, patient, 'eligibility');
    RETURN QUERY
    WITH own AS (
        SELECT DISTINCT ON (a.coverage_id) a.*
        FROM care.eligibility_answer a WHERE a.patient_id = patient AND a.served_during @> on_day
        ORDER BY a.coverage_id, a.asked_at DESC, a.eligibility_answer_id)
    SELECT e.* FROM (
        SELECT a.eligibility_answer_id, a.coverage_id, a.asked_at, a.valid_until, a.valid_until > now(),
               lower(a.served_during), upper(a.served_during), a.active, a.categories, a.told, a.told_by, a.disposition
        FROM own AS a
        UNION ALL
        SELECT NULL, b.coverage_id, NULL, b.valid_until, b.valid_until > now(), NULL, NULL, b.active, NULL, NULL, NULL, NULL
        FROM care.eligibility_elsewhere(patient, on_day) AS b LEFT JOIN own AS a ON a.coverage_id = b.coverage_id
        WHERE (a.asked_at >= b.asked_at) IS NOT TRUE) AS e (eligibility_answer, coverage)
    ORDER BY e.coverage, e.eligibility_answer NULLS FIRST LIMIT 100;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_eligibility(text,uuid,uuid,date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_eligibility(text,uuid,uuid,date) TO healthtrack_portal;

-- One invoice of a patient and what the ledger says is due.
CREATE OR REPLACE FUNCTION api.read_invoice(token text, look uuid, patient uuid, invoice uuid)
 RETURNS TABLE(number text, status text, facility_name text, issued_at timestamp with time zone, due_on date, currency text, charged_cents bigint, due_from_patient_cents bigint, due_from_insurer_cents bigint)
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
    PERFORM access.check_look(me, look, patient, 'invoices');
    RETURN QUERY
    SELECT i.number, i.status, f.name, i.issued_at, i.due_on, i.currency::text,
           (SELECT coalesce(sum(h.amount), 0) * 100 FROM care.charge h WHERE h.invoice_id = i.invoice_id)::bigint,
           (b.due_from_patient * 100)::bigint, (b.due_from_insurer * 100)::bigint
    FROM care.invoice i JOIN care.facility f ON f.facility_id = i.facility_id
    JOIN care.invoice_balance b ON b.invoice_id = i.invoice_id
    WHERE i.invoice_id = invoice AND i.patient_id = patient;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_invoice(text,uuid,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_invoice(text,uuid,uuid,uuid) TO healthtrack_portal;

-- Invoices of a patient that whoever acts may see, and what is due of them, the latest first, 500 at most.
CREATE OR REPLACE FUNCTION api.read_invoices(token text, look uuid, patient uuid)
 RETURNS TABLE(invoice uuid, currency text, charged_cents bigint, due_from_patient_cents bigint, due_from_insurer_cents bigint)
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
    PERFORM access.check_look(me, look, patient, 'invoices');
    RETURN QUERY SELECT b.invoice_id, b.currency::text, (b.charged * 100)::bigint, (b.due_from_patient * 100)::bigint, (b.due_from_insurer * 100)::bigint
    FROM care.invoice_balance b JOIN care.invoice i USING (invoice_id)
    WHERE b.patient_id = patient ORDER BY i.created_at DESC, b.invoice_id LIMIT 500;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_invoices(text,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_invoices(text,uuid,uuid) TO healthtrack_portal;

-- What patients still owe of invoices of the acting biller's facility that were due before a day, the oldest first, those after the last line of the page before, 500 at most.
CREATE OR REPLACE FUNCTION api.read_overdue_balances(token text, look uuid, patient uuid, due_before date, after_due_on date, after_invoice uuid, rows_max integer)
 RETURNS TABLE(invoice_id uuid, patient_id uuid, number text, due_on date, currency text, due_from_patient_cents bigint, due_from_insurer_cents bigint)
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
    PERFORM access.check_look(me, look, patient, 'due_invoices');
    RETURN QUERY
    SELECT i.invoice_id, i.patient_id, i.number, t.due_on, i.currency::text, (t.due_from_patient * 100)::bigint,
           (t.due_from_insurer * 100)::bigint
    FROM (
        SELECT k.invoice_id, k.due_on, k.due_from_patient, k.due_from_insurer FROM care.invoice_total k
        WHERE patient IS NULL AND me.part = 'biller' AND k.facility_id = ANY ((SELECT access.own_facilities())::uuid[])
          AND k.due_from_patient > 0 AND k.due_on < due_before
          AND (after_invoice IS NULL OR (k.due_on, k.invoice_id) > (after_due_on, after_invoice))
        ORDER BY k.due_on, k.invoice_id LIMIT least(rows_max, 500)
    ) t JOIN care.invoice i USING (invoice_id)
    ORDER BY t.due_on, i.invoice_id;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_overdue_balances(text,uuid,uuid,date,date,uuid,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_overdue_balances(text,uuid,uuid,date,date,uuid,integer) TO healthtrack_portal;

-- Payments of an invoice of a patient and how much of each was given back, the oldest first, 500 at most.
CREATE OR REPLACE FUNCTION api.read_payments(token text, look uuid, patient uuid, invoice uuid)
 RETURNS TABLE(payment_id uuid, received_at timestamp with time zone, payer text, method text, claim_id uuid, cents bigint, given_back_cents bigint)
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
    PERFORM access.check_look(me, look, patient, 'invoices');
    RETURN QUERY
    SELECT y.payment_id, y.received_at, y.payer, y.method, y.claim_id, (y.amount * 100)::bigint,
           (SELECT coalesce(sum(r.amount), 0) * 100 FROM care.refund r WHERE r.payment_id = y.payment_id)::bigint
    FROM care.payment y
    WHERE y.invoice_id = invoice AND y.patient_id = patient ORDER BY y.received_at, y.payment_id LIMIT 500;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_payments(text,uuid,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_payments(text,uuid,uuid,uuid) TO healthtrack_portal;

-- Gives some of a payment back, once for a key; gives the refund.
CREATE OR REPLACE FUNCTION api.refund(token text, key text, payment uuid, cents bigint, reason text)
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
    answer := care.refund(key, payment, cents * 0.01, reason);
    PERFORM access.note(me, 'create', (SELECT p.patient_id FROM care.payment p WHERE p.payment_id = payment),
                        'care.refund/' || answer);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.refund(text,text,uuid,bigint,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.refund(text,text,uuid,bigint,text) TO healthtrack_portal;

-- Asks again for what a claim denied and is still due, as a resubmission or an appeal; gives the new claim.
CREATE OR REPLACE FUNCTION api.replace_claim(token text, claim uuid, related text)
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
    answer := care.replace_claim(claim, related);
    PERFORM access.note(me, 'create', (SELECT c.patient_id FROM care.claim c WHERE c.claim_id = claim),
                        'care.claim/' || answer);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.replace_claim(text,uuid,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.replace_claim(text,uuid,text) TO healthtrack_portal;

-- Says what a member of a plan pays before it pays, and at most, in a period that begins on a day.
CREATE OR REPLACE FUNCTION api.set_plan_cost_sharing(token text, insurance_plan uuid, first_on date, stop_on date, deductible_cents bigint, family_deductible_cents bigint, out_of_pocket_cents bigint, family_out_of_pocket_cents bigint)
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
    UPDATE care.plan_cost_sharing s SET valid_during = daterange(first_on, stop_on), deductible_individual = deductible_cents / 100.0,
        deductible_family = family_deductible_cents / 100.0, out_of_pocket_individual = out_of_pocket_cents / 100.0,
        out_of_pocket_family = family_out_of_pocket_cents / 100.0
    WHERE s.insurance_plan_id = insurance_plan AND lower(s.valid_during) = first_on;
    IF NOT FOUND THEN
        INSERT INTO care.plan_cost_sharing (insurance_plan_id, valid_during, deductible_individual, deductible_family,
                                            out_of_pocket_individual, out_of_pocket_family)
        VALUES (insurance_plan, daterange(first_on, stop_on), deductible_cents / 100.0, family_deductible_cents / 100.0,
                out_of_pocket_cents / 100.0, family_out_of_pocket_cents / 100.0);
    END IF;
    PERFORM access.note(me, 'update', NULL, 'care.insurance_plan/' || insurance_plan, 'cost_sharing');
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.set_plan_cost_sharing(text,uuid,date,date,bigint,bigint,bigint,bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.set_plan_cost_sharing(text,uuid,date,date,bigint,bigint,bigint,bigint) TO healthtrack_portal;

-- Says that a facility is in the network of a plan in a period that begins on a day.
CREATE OR REPLACE FUNCTION api.set_plan_network(token text, insurance_plan uuid, facility uuid, first_on date, stop_on date)
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
    UPDATE care.plan_network n SET valid_during = daterange(first_on, stop_on)
    WHERE n.insurance_plan_id = insurance_plan AND n.facility_id = facility AND lower(n.valid_during) = first_on;
    IF NOT FOUND THEN
        INSERT INTO care.plan_network (insurance_plan_id, facility_id, valid_during)
        VALUES (insurance_plan, facility, daterange(first_on, stop_on));
    END IF;
    PERFORM access.note(me, 'update', NULL, 'care.insurance_plan/' || insurance_plan, 'network');
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.set_plan_network(text,uuid,uuid,date,date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.set_plan_network(text,uuid,uuid,date,date) TO healthtrack_portal;

-- Asks the insurer for what is still due of an invoice and was covered; gives the claim.
CREATE OR REPLACE FUNCTION api.submit_claim(token text, invoice uuid, coverage uuid)
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
    answer := care.submit_claim(invoice, coverage);
    PERFORM access.note(me, 'create', (SELECT c.patient_id FROM care.claim c WHERE c.claim_id = answer),
                        'care.claim/' || answer);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.submit_claim(text,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.submit_claim(text,uuid,uuid) TO healthtrack_portal;

-- Asks the insurer for what is still due and was covered, with diagnoses in their order and, for each charge that pointers name, the places of those that it is for; gives the claim.
CREATE OR REPLACE FUNCTION api.submit_coded_claim(token text, invoice uuid, coverage uuid, diagnoses text[], pointers jsonb)
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
    answer := care.submit_coded_claim(invoice, coverage, diagnoses, pointers);
    PERFORM access.note(me, 'create', (SELECT c.patient_id FROM care.claim c WHERE c.claim_id = answer),
                        'care.claim/' || answer);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.submit_coded_claim(text,uuid,uuid,text[],jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.submit_coded_claim(text,uuid,uuid,text[],jsonb) TO healthtrack_portal;

-- Voids an invoice.
CREATE OR REPLACE FUNCTION api.void_invoice(token text, invoice uuid)
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
    PERFORM care.void_invoice(invoice);
    PERFORM access.note(me, 'update', (SELECT i.patient_id FROM care.invoice i WHERE i.invoice_id = invoice),
                        'care.invoice/' || invoice);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.void_invoice(text,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.void_invoice(text,uuid) TO healthtrack_portal;
