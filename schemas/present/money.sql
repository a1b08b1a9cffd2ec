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
CREATE POLICY everybody_reads ON care.insurer FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.insurer FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.insurer TO healthtrack_migrator;
GRANT SELECT ON care.insurer TO healthtrack_care;

-- What an insurer sells: the plan that a policy is of.
CREATE TABLE care.insurance_plan (
    insurance_plan_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    insurer_id uuid NOT NULL,  -- Whose plan.
    retired_on date,  -- First day on which it is not sold any more; null while it is.
    name text NOT NULL,  -- Name, unique at its insurer.
    CONSTRAINT insurance_plan_pkey PRIMARY KEY (insurance_plan_id),  -- This insurance plan is known already.
    CONSTRAINT insurance_plan_id_with_insurer_is_unique UNIQUE (insurer_id, insurance_plan_id),  -- This insurance plan is known already.
    CONSTRAINT insurance_plan_name_is_unique_at_its_insurer UNIQUE (insurer_id, name),  -- This insurer has a plan of that name already.
    CONSTRAINT insurance_plan_insurer_fkey FOREIGN KEY (insurer_id) REFERENCES care.insurer(insurer_id),  -- Add the insurer first.
    CONSTRAINT insurance_plan_name_is_some CHECK ((name ~ '\S'::text))  -- Give the insurance plan a name.
);
ALTER TABLE care.insurance_plan FORCE ROW LEVEL SECURITY;
CREATE POLICY everybody_reads ON care.insurance_plan FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.insurance_plan FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.insurance_plan TO healthtrack_migrator;
GRANT SELECT ON care.insurance_plan TO healthtrack_care;

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
CREATE TRIGGER coverage_is_not_of_a_joined_record AFTER INSERT ON care.coverage REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another.
CREATE TRIGGER coverage_is_stamped BEFORE INSERT OR UPDATE ON care.coverage FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER coverage_is_touched BEFORE UPDATE ON care.coverage FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER coverage_stays_under_hold BEFORE DELETE ON care.coverage FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.coverage FORCE ROW LEVEL SECURITY;
CREATE POLICY desk ON care.coverage FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_billed() AS patients_billed)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_billed() AS patients_billed)::uuid[])));
CREATE POLICY maintenance ON care.coverage FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.coverage FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.coverage TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.coverage TO healthtrack_care;

-- What can be charged, and what it usually costs.
CREATE TABLE care.charge_code (
    retired_on date,  -- First day on which it is not used any more; null while it is.
    charge_code text NOT NULL,  -- Stable code of the network's own list.
    title text NOT NULL,  -- A few words for a person.
    unit_price care.amount NOT NULL,  -- Usual price of one.
    currency care.currency NOT NULL,  -- Currency of that price.
    CONSTRAINT charge_code_pkey PRIMARY KEY (charge_code),  -- This charge code is known already.
    CONSTRAINT charge_code_is_a_code CHECK ((charge_code ~ '^[A-Z0-9][A-Z0-9-]{1,19}$'::text)),  -- A charge code has 2 to 20 capital letters, digits and hyphens.
    CONSTRAINT charge_code_price_is_not_negative CHECK (((unit_price)::numeric >= (0)::numeric)),  -- A price is not negative.
    CONSTRAINT charge_code_title_is_some CHECK ((title ~ '\S'::text))  -- Give the charge code a title.
);
ALTER TABLE care.charge_code FORCE ROW LEVEL SECURITY;
CREATE POLICY everybody_reads ON care.charge_code FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.charge_code FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.charge_code TO healthtrack_migrator;
GRANT SELECT ON care.charge_code TO healthtrack_care;

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
CREATE TRIGGER invoice_is_booked AFTER UPDATE OF status ON care.invoice FOR EACH ROW WHEN ((old.status <> new.status)) EXECUTE FUNCTION care.book_invoice();  -- Trigger: books that an invoice is issued or void.
CREATE TRIGGER invoice_is_for_who_was_seen BEFORE INSERT OR UPDATE OF patient_id ON care.invoice FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.check_billed_patient();  -- Trigger before an invoice is written through the portal: for a patient with an appointment or an encounter at the facility.
CREATE TRIGGER invoice_is_not_of_a_joined_record AFTER INSERT ON care.invoice REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another.
CREATE TRIGGER invoice_is_stamped BEFORE INSERT OR UPDATE ON care.invoice FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER invoice_is_touched BEFORE UPDATE ON care.invoice FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER invoice_moves_forward BEFORE INSERT OR UPDATE ON care.invoice FOR EACH ROW EXECUTE FUNCTION care.move_invoice();  -- Trigger: an invoice goes from draft to issued to void, and keeps what it said.
CREATE TRIGGER invoice_stays_due_as_issued BEFORE UPDATE ON care.invoice FOR EACH ROW EXECUTE FUNCTION care.keep_terms();  -- Trigger before an invoice changes: it is issued now, and keeps the day on which it is due.
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
CREATE TRIGGER charge_is_fixed_once_issued BEFORE INSERT OR DELETE OR UPDATE ON care.charge FOR EACH ROW EXECUTE FUNCTION care.charge_only_drafts();  -- Trigger: refuses to add, change or remove a charge of an invoice that is issued.
CREATE TRIGGER charge_is_not_of_a_joined_record AFTER INSERT ON care.charge REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another.
CREATE TRIGGER charge_is_priced_by_the_list BEFORE INSERT OR UPDATE OF charge_code, unit_price, served_on, invoice_id ON care.charge FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.check_price();  -- Trigger before a charge is written through the portal: its price is that of the list.
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
    CONSTRAINT claim_pkey PRIMARY KEY (claim_id),  -- This claim is known already.
    CONSTRAINT claim_id_with_coverage_is_unique UNIQUE (patient_id, coverage_id, claim_id),  -- This claim is known already.
    CONSTRAINT claim_id_with_patient_is_unique UNIQUE (patient_id, facility_id, invoice_id, claim_id),  -- This claim is known already.
    CONSTRAINT claim_is_open_once EXCLUDE USING gist (invoice_id WITH =) WHERE ((status = 'submitted'::text)),  -- This invoice has a claim that is not answered yet.
    CONSTRAINT claim_coverage_fkey FOREIGN KEY (patient_id, coverage_id) REFERENCES care.coverage(patient_id, coverage_id),  -- Choose a coverage of this patient.
    CONSTRAINT claim_invoice_fkey FOREIGN KEY (patient_id, facility_id, invoice_id) REFERENCES care.invoice(patient_id, facility_id, invoice_id),  -- Choose an invoice of this patient and facility.
    CONSTRAINT claim_amounts_add_up CHECK (((accepted_amount >= (0)::numeric) AND (adjusted_amount >= (0)::numeric) AND (denied_amount >= (0)::numeric) AND (((accepted_amount + adjusted_amount) + denied_amount) = submitted_amount))),  -- Accepted, adjusted and denied together are what was submitted.
    CONSTRAINT claim_answer_is_whole CHECK ((((status = 'adjudicated'::text) = (num_nonnulls(accepted_amount, adjusted_amount, denied_amount) = 3)) AND (num_nonnulls(accepted_amount, adjusted_amount, denied_amount) = ANY (ARRAY[0, 3])))),  -- An adjudicated claim says what is accepted, adjusted and denied, and no other says any of it.
    CONSTRAINT claim_asks_for_something CHECK ((submitted_amount > (0)::numeric)),  -- A claim asks for more than nothing.
    CONSTRAINT claim_is_dated_once_adjudicated CHECK (((status = 'adjudicated'::text) = (adjudicated_at IS NOT NULL))),  -- A claim has a day of answer once it is adjudicated, and not before.
    CONSTRAINT claim_status_is_known CHECK ((status = ANY (ARRAY['submitted'::text, 'adjudicated'::text])))  -- Choose submitted or adjudicated.
);
CREATE INDEX claim_invoice_idx ON care.claim USING btree (invoice_id);
CREATE TRIGGER claim_answer_is_booked AFTER UPDATE OF status ON care.claim FOR EACH ROW WHEN ((old.status <> new.status)) EXECUTE FUNCTION care.book_claim();  -- Trigger: books that a claim is submitted or answered.
CREATE TRIGGER claim_is_booked AFTER INSERT ON care.claim FOR EACH ROW EXECUTE FUNCTION care.book_claim();  -- Trigger: books that a claim is submitted or answered.
CREATE TRIGGER claim_is_stamped BEFORE INSERT OR UPDATE ON care.claim FOR EACH ROW EXECUTE FUNCTION care.stamp_money();  -- Trigger before money is booked: what an account books bears its name and the present time.
CREATE CONSTRAINT TRIGGER claim_is_the_sum_of_its_lines AFTER INSERT OR UPDATE ON care.claim DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION care.check_claim_sum();  -- Deferred trigger: a claim's amounts are the sums of its lines when the transaction ends.
CREATE TRIGGER claim_is_touched BEFORE UPDATE ON care.claim FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER claim_moves_forward BEFORE INSERT OR UPDATE ON care.claim FOR EACH ROW EXECUTE FUNCTION care.move_claim();  -- Trigger: a claim is submitted for what is due on an issued invoice, and answered once.
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
    CONSTRAINT claim_line_pkey PRIMARY KEY (claim_id, charge_id),  -- This charge is on the claim already.
    CONSTRAINT claim_line_charge_fkey FOREIGN KEY (patient_id, facility_id, invoice_id, charge_id) REFERENCES care.charge(patient_id, facility_id, invoice_id, charge_id),  -- Choose a charge of this invoice.
    CONSTRAINT claim_line_claim_fkey FOREIGN KEY (patient_id, facility_id, invoice_id, claim_id) REFERENCES care.claim(patient_id, facility_id, invoice_id, claim_id),  -- Choose a claim of this invoice.
    CONSTRAINT claim_line_amounts_add_up CHECK (((accepted_amount >= (0)::numeric) AND (adjusted_amount >= (0)::numeric) AND ((accepted_amount + adjusted_amount) <= submitted_amount))),  -- An insurer answers with amounts between nothing and what was asked for.
    CONSTRAINT claim_line_answer_is_whole CHECK ((num_nonnulls(accepted_amount, adjusted_amount) = ANY (ARRAY[0, 2]))),  -- An answer says what is accepted and what is adjusted.
    CONSTRAINT claim_line_asks_for_something CHECK ((submitted_amount > (0)::numeric))  -- A line of a claim asks for more than nothing.
);
CREATE INDEX claim_line_charge_idx ON care.claim_line USING btree (charge_id);
CREATE INDEX claim_line_patient_idx ON care.claim_line USING btree (patient_id);
CREATE CONSTRAINT TRIGGER claim_line_adds_up_to_its_claim AFTER INSERT OR UPDATE ON care.claim_line DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION care.check_claim_sum();  -- Deferred trigger: a claim's amounts are the sums of its lines when the transaction ends.
CREATE TRIGGER claim_line_is_answered_once BEFORE INSERT OR UPDATE ON care.claim_line FOR EACH ROW EXECUTE FUNCTION care.keep_claim_line();  -- Trigger: the lines of a claim are answered while it is open, and never change what they ask.
CREATE TRIGGER claim_line_is_claimable AFTER INSERT ON care.claim_line FOR EACH ROW EXECUTE FUNCTION care.check_claim_line();  -- Trigger: refuses a line that was not covered on its day, or that asks for more than earlier claims left.
CREATE TRIGGER claim_line_stays_under_hold BEFORE DELETE ON care.claim_line FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.claim_line FORCE ROW LEVEL SECURITY;
CREATE POLICY desk ON care.claim_line FOR ALL TO healthtrack_care USING (((facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[])) AND (( SELECT access.part() AS part) = 'biller'::text))) WITH CHECK (((facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[])) AND (( SELECT access.part() AS part) = 'biller'::text)));
CREATE POLICY granted ON care.claim_line FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_granted('billing'::text) AS patients_granted)::uuid[])));
CREATE POLICY maintenance ON care.claim_line FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.claim_line FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.claim_line TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.claim_line TO healthtrack_care;

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
CREATE TRIGGER payment_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON care.payment FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_change();  -- Trigger on a table that is only ever added to: refuses update, delete and truncate.
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
CREATE TRIGGER refund_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON care.refund FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_change();  -- Trigger on a table that is only ever added to: refuses update, delete and truncate.
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
CREATE TRIGGER ledger_transaction_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON care.ledger_transaction FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_change();  -- Trigger on a table that is only ever added to: refuses update, delete and truncate.
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
CREATE TRIGGER ledger_entry_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON care.ledger_entry FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_change();  -- Trigger on a table that is only ever added to: refuses update, delete and truncate.
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

-- Trigger: refuses a line that was not covered on its day, or that asks for more than earlier claims left.
CREATE OR REPLACE FUNCTION care.check_claim_line()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF NOT EXISTS (
        SELECT FROM care.charge h, care.claim c JOIN care.coverage v USING (coverage_id)
        WHERE h.charge_id = NEW.charge_id AND c.claim_id = NEW.claim_id AND v.covered_during @> h.served_on
    ) THEN
        PERFORM care.refuse('claim_is_covered_on_the_day_of_service',
            'This coverage was not valid on the day of service.');
    END IF;
    -- Who inserts a claim holds its invoice, so no two claims take the same rest.
    IF (SELECT h.amount FROM care.charge h WHERE h.charge_id = NEW.charge_id)
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
           OR (OLD.invoice_id, OLD.coverage_id, OLD.submitted_amount)
           <> (NEW.invoice_id, NEW.coverage_id, NEW.submitted_amount))
    THEN
        PERFORM care.refuse('claim_is_answered_once',
            'A claim is submitted and answered once; submit another for what is left.');
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
    WHERE patient IS NULL AND me.part = 'biller' AND i.facility_id = ANY ((SELECT access.own_facilities())::uuid[])
      AND i.status = 'issued' AND i.due_on < due_before
      AND (after_invoice IS NULL OR (i.due_on, i.invoice_id) > (after_due_on, after_invoice))
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
