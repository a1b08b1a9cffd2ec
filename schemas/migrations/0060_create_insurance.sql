-- Who insures whom: insurer, its plans, policies, and the people whom a policy covers.
--
-- A policy may cover a family, and its holder may be nobody of the network, so the holder is a name and the people are
-- rows of coverage. Of one rank a patient has one coverage at a time: which insurer is asked first is never a guess.
-- New tables; foreign keys lock their targets for an instant. Undo: drop them.
CREATE TABLE care.insurer (
    insurer_id uuid        NOT NULL DEFAULT gen_random_uuid(),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    version    integer     NOT NULL DEFAULT 1,
    name       text        NOT NULL,
    phone      care.phone,
    website    care.web_address,
    updated_by text        NOT NULL DEFAULT session_user,

    CONSTRAINT insurer_pkey PRIMARY KEY (insurer_id),
    CONSTRAINT insurer_name_is_unique UNIQUE (name),
    CONSTRAINT insurer_name_is_some CHECK (name ~ '\S')
);
CREATE TRIGGER insurer_is_touched BEFORE UPDATE ON care.insurer FOR EACH ROW EXECUTE FUNCTION care.touch();
COMMENT ON TABLE  care.insurer            IS 'Who pays for care under policies.';
COMMENT ON COLUMN care.insurer.insurer_id IS 'Key.';
COMMENT ON COLUMN care.insurer.created_at IS 'When the row was made.';
COMMENT ON COLUMN care.insurer.updated_at IS 'When it was last changed.';
COMMENT ON COLUMN care.insurer.version    IS 'Raised by each change.';
COMMENT ON COLUMN care.insurer.name       IS 'Name.';
COMMENT ON COLUMN care.insurer.phone      IS 'Telephone for billing; null where there is none.';
COMMENT ON COLUMN care.insurer.website    IS 'Its page; null where there is none.';
COMMENT ON COLUMN care.insurer.updated_by IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT insurer_pkey ON care.insurer IS 'This insurer is known already.';
COMMENT ON CONSTRAINT insurer_name_is_unique ON care.insurer IS 'An insurer of that name is known already.';
COMMENT ON CONSTRAINT insurer_name_is_some ON care.insurer IS 'Give the insurer a name.';

CREATE TABLE care.insurance_plan (
    insurance_plan_id uuid NOT NULL DEFAULT gen_random_uuid(),
    insurer_id        uuid NOT NULL,
    retired_on        date,
    name              text NOT NULL,

    CONSTRAINT insurance_plan_pkey PRIMARY KEY (insurance_plan_id),
    CONSTRAINT insurance_plan_id_with_insurer_is_unique UNIQUE (insurer_id, insurance_plan_id),
    CONSTRAINT insurance_plan_insurer_fkey FOREIGN KEY (insurer_id) REFERENCES care.insurer (insurer_id),
    CONSTRAINT insurance_plan_name_is_unique_at_its_insurer UNIQUE (insurer_id, name),
    CONSTRAINT insurance_plan_name_is_some CHECK (name ~ '\S')
);
COMMENT ON TABLE  care.insurance_plan                   IS 'What an insurer sells: the plan that a policy is of.';
COMMENT ON COLUMN care.insurance_plan.insurance_plan_id IS 'Key.';
COMMENT ON COLUMN care.insurance_plan.insurer_id        IS 'Whose plan.';
COMMENT ON COLUMN care.insurance_plan.retired_on        IS 'First day on which it is not sold any more; null while it is.';
COMMENT ON COLUMN care.insurance_plan.name              IS 'Name, unique at its insurer.';
COMMENT ON CONSTRAINT insurance_plan_pkey ON care.insurance_plan IS 'This insurance plan is known already.';
COMMENT ON CONSTRAINT insurance_plan_id_with_insurer_is_unique ON care.insurance_plan IS 'This insurance plan is known already.';
COMMENT ON CONSTRAINT insurance_plan_insurer_fkey ON care.insurance_plan IS 'Add the insurer first.';
COMMENT ON CONSTRAINT insurance_plan_name_is_unique_at_its_insurer ON care.insurance_plan IS 'This insurer has a plan of that name already.';
COMMENT ON CONSTRAINT insurance_plan_name_is_some ON care.insurance_plan IS 'Give the insurance plan a name.';

CREATE TABLE care.policy (
    policy_id         uuid        NOT NULL DEFAULT gen_random_uuid(),
    insurer_id        uuid        NOT NULL,
    insurance_plan_id uuid        NOT NULL,
    created_at        timestamptz NOT NULL DEFAULT now(),
    updated_at        timestamptz NOT NULL DEFAULT now(),
    version           integer     NOT NULL DEFAULT 1,
    number            text        NOT NULL,
    holder_name       text        NOT NULL,
    updated_by        text        NOT NULL DEFAULT session_user,

    CONSTRAINT policy_pkey PRIMARY KEY (policy_id),
    CONSTRAINT policy_plan_fkey FOREIGN KEY (insurer_id, insurance_plan_id)
        REFERENCES care.insurance_plan (insurer_id, insurance_plan_id),
    CONSTRAINT policy_number_is_unique_at_its_insurer UNIQUE (insurer_id, number),
    CONSTRAINT policy_number_is_a_number CHECK (number ~ '^[A-Z0-9][A-Z0-9-]{2,39}$'),
    CONSTRAINT policy_holder_is_some CHECK (holder_name ~ '\S')
);
CREATE INDEX policy_plan_idx ON care.policy (insurance_plan_id);
CREATE TRIGGER policy_is_touched BEFORE UPDATE ON care.policy FOR EACH ROW EXECUTE FUNCTION care.touch();
COMMENT ON TABLE  care.policy                   IS 'A contract with an insurer; whom it covers is in coverage.';
COMMENT ON COLUMN care.policy.policy_id         IS 'Key.';
COMMENT ON COLUMN care.policy.insurer_id        IS 'With whom.';
COMMENT ON COLUMN care.policy.insurance_plan_id IS 'Of which plan of that insurer.';
COMMENT ON COLUMN care.policy.created_at        IS 'When the row was made.';
COMMENT ON COLUMN care.policy.updated_at        IS 'When it was last changed.';
COMMENT ON COLUMN care.policy.version           IS 'Raised by each change.';
COMMENT ON COLUMN care.policy.number            IS 'Its number, unique at its insurer.';
COMMENT ON COLUMN care.policy.holder_name       IS 'Who holds it: the patient, a relative or an employer.';
COMMENT ON COLUMN care.policy.updated_by        IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT policy_pkey ON care.policy IS 'This policy is known already.';
COMMENT ON CONSTRAINT policy_plan_fkey ON care.policy IS 'Choose one of this insurer''s plans.';
COMMENT ON CONSTRAINT policy_number_is_unique_at_its_insurer ON care.policy IS 'This insurer has a policy with that number already.';
COMMENT ON CONSTRAINT policy_number_is_a_number ON care.policy IS 'A policy number has 3 to 40 capital letters, digits and hyphens.';
COMMENT ON CONSTRAINT policy_holder_is_some ON care.policy IS 'Say who holds the policy.';

CREATE TABLE care.coverage (
    coverage_id    uuid        NOT NULL DEFAULT gen_random_uuid(),
    patient_id     uuid        NOT NULL,
    policy_id      uuid        NOT NULL,
    created_at     timestamptz NOT NULL DEFAULT now(),
    updated_at     timestamptz NOT NULL DEFAULT now(),
    version        integer     NOT NULL DEFAULT 1,
    covered_during daterange   NOT NULL,
    rank           text        NOT NULL DEFAULT 'primary',
    relation       text        NOT NULL DEFAULT 'self',
    updated_by     text        NOT NULL DEFAULT session_user,

    CONSTRAINT coverage_pkey PRIMARY KEY (coverage_id),
    CONSTRAINT coverage_id_with_patient_is_unique UNIQUE (patient_id, coverage_id),
    CONSTRAINT coverage_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT coverage_policy_fkey FOREIGN KEY (policy_id) REFERENCES care.policy (policy_id),
    CONSTRAINT coverage_rank_is_known CHECK (rank IN ('primary', 'secondary')),
    CONSTRAINT coverage_relation_is_known CHECK (relation IN ('self', 'spouse', 'child', 'other')),
    CONSTRAINT coverage_period_has_a_beginning CHECK (NOT isempty(covered_during) AND NOT lower_inf(covered_during)),
    CONSTRAINT coverage_of_a_rank_is_one
        EXCLUDE USING gist (patient_id WITH =, rank WITH =, covered_during WITH &&)
);
CREATE INDEX coverage_policy_idx ON care.coverage (policy_id);
CREATE TRIGGER coverage_is_touched BEFORE UPDATE ON care.coverage FOR EACH ROW EXECUTE FUNCTION care.touch();
COMMENT ON TABLE  care.coverage                IS 'Which patient a policy covers, when, and in which rank.';
COMMENT ON COLUMN care.coverage.coverage_id    IS 'Key.';
COMMENT ON COLUMN care.coverage.patient_id     IS 'Who is covered.';
COMMENT ON COLUMN care.coverage.policy_id      IS 'By which policy.';
COMMENT ON COLUMN care.coverage.created_at     IS 'When the row was made.';
COMMENT ON COLUMN care.coverage.updated_at     IS 'When it was last changed.';
COMMENT ON COLUMN care.coverage.version        IS 'Raised by each change.';
COMMENT ON COLUMN care.coverage.covered_during IS 'Half-open period of days; no upper bound while it goes on.';
COMMENT ON COLUMN care.coverage.rank           IS 'primary is asked first, secondary for what it leaves.';
COMMENT ON COLUMN care.coverage.relation       IS 'What the patient is to the holder: self, spouse, child or other.';
COMMENT ON COLUMN care.coverage.updated_by     IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT coverage_pkey ON care.coverage IS 'This coverage is known already.';
COMMENT ON CONSTRAINT coverage_id_with_patient_is_unique ON care.coverage IS 'This coverage is known already.';
COMMENT ON CONSTRAINT coverage_patient_fkey ON care.coverage IS 'Register the patient first.';
COMMENT ON CONSTRAINT coverage_policy_fkey ON care.coverage IS 'Add the policy first.';
COMMENT ON CONSTRAINT coverage_rank_is_known ON care.coverage IS 'Choose primary or secondary.';
COMMENT ON CONSTRAINT coverage_relation_is_known ON care.coverage IS 'Choose self, spouse, child or other.';
COMMENT ON CONSTRAINT coverage_period_has_a_beginning ON care.coverage IS 'Coverage has a first day, and ends after it.';
COMMENT ON CONSTRAINT coverage_of_a_rank_is_one ON care.coverage IS 'The patient has another coverage of that rank in that period: end that first.';

-- Insurers and plans are no secret. Coverage is the patient's, and of those who bill for a visit there.
CREATE FUNCTION access.patients_billed() RETURNS uuid[]
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(array_agg(DISTINCT p.patient_id), '{}')
    FROM access.account a JOIN care.appointment p USING (facility_id)
    WHERE a.account_id = access.actor() AND a.disabled_at IS NULL AND a.part = 'biller'
$$;
COMMENT ON FUNCTION access.patients_billed() IS 'Patients with an appointment at the facility that the acting biller works for; empty for others.';

CALL access.guard('care.insurer', 'directory');
CALL access.guard('care.insurance_plan', 'directory');
CALL access.guard('care.coverage', 'internal');
CALL access.guard('care.policy', 'internal');
GRANT SELECT, INSERT, UPDATE ON care.coverage, care.policy TO healthtrack_portal;
CREATE POLICY own ON care.coverage FOR SELECT TO healthtrack_portal
    USING (patient_id = ANY ((SELECT access.own_patients())::uuid[]));
CREATE POLICY desk ON care.coverage FOR ALL TO healthtrack_portal
    USING (patient_id = ANY ((SELECT access.patients_billed())::uuid[]))
    WITH CHECK (patient_id = ANY ((SELECT access.patients_billed())::uuid[]));
-- Whoever may see a coverage may see its policy; a biller adds the policy before its first coverage.
CREATE POLICY covered ON care.policy FOR SELECT TO healthtrack_portal
    USING (policy_id IN (SELECT policy_id FROM care.coverage));
CREATE POLICY desk_adds ON care.policy FOR INSERT TO healthtrack_portal WITH CHECK ((SELECT access.part()) = 'biller');
CREATE POLICY desk_changes ON care.policy FOR UPDATE TO healthtrack_portal
    USING ((SELECT access.part()) = 'biller' AND policy_id IN (SELECT policy_id FROM care.coverage));
