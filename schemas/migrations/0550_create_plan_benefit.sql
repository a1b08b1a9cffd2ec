-- What an insurance plan pays: benefits, deductible, the most a patient bears, and which facilities are in its network.
--
-- A benefit is for a category of charges or for one code, which goes before its category, in the network or out of it. What
-- is in no benefit is not covered. Amounts are exact and in the currency of the plan. New tables; new columns of
-- care.charge_code and care.insurance_plan lock them for an instant: what stands is of category other, in USD, and its
-- year begins in January, until somebody says otherwise. Undo: drop them.
ALTER TABLE care.charge_code ADD COLUMN category text NOT NULL DEFAULT 'other';
ALTER TABLE care.charge_code ADD CONSTRAINT charge_code_category_is_known CHECK (category IN (
    'office_visit', 'telehealth', 'preventive', 'laboratory', 'imaging', 'surgery', 'inpatient', 'emergency', 'therapy',
    'pharmacy', 'dental', 'vision', 'equipment', 'other'));
COMMENT ON COLUMN care.charge_code.category IS 'What kind of service it is, by which plans of insurers pay.';
COMMENT ON CONSTRAINT charge_code_category_is_known ON care.charge_code IS 'Choose one of the known categories of service.';

ALTER TABLE care.insurance_plan
    ADD COLUMN currency care.currency NOT NULL DEFAULT 'USD',
    ADD COLUMN year_begins_month smallint NOT NULL DEFAULT 1;
ALTER TABLE care.insurance_plan ADD CONSTRAINT insurance_plan_year_begins_in_a_month CHECK (year_begins_month BETWEEN 1 AND 12);
COMMENT ON COLUMN care.insurance_plan.currency          IS 'Currency of all that it says of amounts.';
COMMENT ON COLUMN care.insurance_plan.year_begins_month IS 'Month on whose first day its year begins, 1 to 12.';
COMMENT ON CONSTRAINT insurance_plan_year_begins_in_a_month ON care.insurance_plan IS 'Choose a month from 1 to 12.';

CREATE TABLE care.plan_network (
    insurance_plan_id uuid      NOT NULL,
    facility_id       uuid      NOT NULL,
    valid_during      daterange NOT NULL,

    CONSTRAINT plan_network_pkey PRIMARY KEY (insurance_plan_id, facility_id, valid_during),
    CONSTRAINT plan_network_plan_fkey FOREIGN KEY (insurance_plan_id) REFERENCES care.insurance_plan (insurance_plan_id),
    CONSTRAINT plan_network_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility (facility_id),
    CONSTRAINT plan_network_names_a_facility_once
        EXCLUDE USING gist (insurance_plan_id WITH =, facility_id WITH =, valid_during WITH &&),
    CONSTRAINT plan_network_period_has_a_beginning CHECK (NOT isempty(valid_during) AND NOT lower_inf(valid_during))
);
CREATE INDEX plan_network_facility_idx ON care.plan_network (facility_id);
COMMENT ON TABLE  care.plan_network IS 'Which facilities are in the network of an insurance plan, and when.';
COMMENT ON COLUMN care.plan_network.insurance_plan_id IS 'Of which plan.';
COMMENT ON COLUMN care.plan_network.facility_id       IS 'Which facility.';
COMMENT ON COLUMN care.plan_network.valid_during      IS 'On which days; no upper bound while it goes on.';
COMMENT ON CONSTRAINT plan_network_pkey ON care.plan_network IS 'This facility is in the network already.';
COMMENT ON CONSTRAINT plan_network_plan_fkey ON care.plan_network IS 'Add the insurance plan first.';
COMMENT ON CONSTRAINT plan_network_facility_fkey ON care.plan_network IS 'Choose one of the network''s facilities.';
COMMENT ON CONSTRAINT plan_network_names_a_facility_once ON care.plan_network IS 'This facility is in the network of that plan on some of those days already.';
COMMENT ON CONSTRAINT plan_network_period_has_a_beginning ON care.plan_network IS 'A facility is in a network from a first day on, and leaves it later.';
CALL access.guard('care.plan_network', 'directory');

CREATE TABLE care.plan_cost_sharing (
    insurance_plan_id        uuid        NOT NULL,
    valid_during             daterange   NOT NULL,
    deductible_individual    care.amount NOT NULL,
    deductible_family        care.amount,
    out_of_pocket_individual care.amount,
    out_of_pocket_family     care.amount,

    CONSTRAINT plan_cost_sharing_pkey PRIMARY KEY (insurance_plan_id, valid_during),
    CONSTRAINT plan_cost_sharing_plan_fkey FOREIGN KEY (insurance_plan_id) REFERENCES care.insurance_plan (insurance_plan_id),
    CONSTRAINT plan_cost_sharing_is_one_at_a_time EXCLUDE USING gist (insurance_plan_id WITH =, valid_during WITH &&),
    CONSTRAINT plan_cost_sharing_period_has_a_beginning CHECK (NOT isempty(valid_during) AND NOT lower_inf(valid_during)),
    CONSTRAINT plan_cost_sharing_is_not_negative
        CHECK (least(deductible_individual, deductible_family, out_of_pocket_individual, out_of_pocket_family) >= 0),
    CONSTRAINT plan_cost_sharing_of_a_family_is_no_less
        CHECK (deductible_family >= deductible_individual AND out_of_pocket_family >= out_of_pocket_individual)
);
COMMENT ON TABLE  care.plan_cost_sharing IS 'What a patient bears in a year of an insurance plan before it pays, and at most.';
COMMENT ON COLUMN care.plan_cost_sharing.insurance_plan_id        IS 'Of which plan.';
COMMENT ON COLUMN care.plan_cost_sharing.valid_during             IS 'For services on which days; no upper bound while it goes on.';
COMMENT ON COLUMN care.plan_cost_sharing.deductible_individual    IS 'What one person bears of a year before the plan pays; 0 where it pays from the first.';
COMMENT ON COLUMN care.plan_cost_sharing.deductible_family        IS 'The same of all under one policy; null where there is none.';
COMMENT ON COLUMN care.plan_cost_sharing.out_of_pocket_individual IS 'The most that one person bears of a year; null where there is none.';
COMMENT ON COLUMN care.plan_cost_sharing.out_of_pocket_family     IS 'The most that all under one policy bear of a year; null where there is none.';
COMMENT ON CONSTRAINT plan_cost_sharing_pkey ON care.plan_cost_sharing IS 'The plan has amounts for these days already.';
COMMENT ON CONSTRAINT plan_cost_sharing_plan_fkey ON care.plan_cost_sharing IS 'Add the insurance plan first.';
COMMENT ON CONSTRAINT plan_cost_sharing_is_one_at_a_time ON care.plan_cost_sharing IS 'The plan has other amounts for some of those days: end them first.';
COMMENT ON CONSTRAINT plan_cost_sharing_period_has_a_beginning ON care.plan_cost_sharing IS 'Amounts hold from a first day on, and end after it.';
COMMENT ON CONSTRAINT plan_cost_sharing_is_not_negative ON care.plan_cost_sharing IS 'Deductibles and what a patient bears at most are not negative.';
COMMENT ON CONSTRAINT plan_cost_sharing_of_a_family_is_no_less ON care.plan_cost_sharing IS 'What a family bears is no less than what one person does.';
CALL access.guard('care.plan_cost_sharing', 'directory');

CREATE TABLE care.plan_benefit (
    plan_benefit_id     uuid          NOT NULL DEFAULT gen_random_uuid(),
    insurance_plan_id   uuid          NOT NULL,
    valid_during        daterange     NOT NULL,
    copay               care.amount   NOT NULL DEFAULT 0,
    amount_limit        care.amount,
    visit_limit         integer,
    coinsurance_percent numeric(5, 2) NOT NULL DEFAULT 0,
    deductible_applies  boolean       NOT NULL DEFAULT true,
    network             text          NOT NULL,
    category            text,
    charge_code         text,
    limit_per           text,

    CONSTRAINT plan_benefit_pkey PRIMARY KEY (plan_benefit_id),
    CONSTRAINT plan_benefit_plan_fkey FOREIGN KEY (insurance_plan_id) REFERENCES care.insurance_plan (insurance_plan_id),
    CONSTRAINT plan_benefit_charge_code_fkey FOREIGN KEY (charge_code) REFERENCES care.charge_code (charge_code),
    CONSTRAINT plan_benefit_is_one_at_a_time EXCLUDE USING gist (insurance_plan_id WITH =, network WITH =,
        (coalesce(category, '')) WITH =, (coalesce(charge_code, '')) WITH =, valid_during WITH &&),
    CONSTRAINT plan_benefit_period_has_a_beginning CHECK (NOT isempty(valid_during) AND NOT lower_inf(valid_during)),
    CONSTRAINT plan_benefit_network_is_known CHECK (network IN ('in', 'out')),
    CONSTRAINT plan_benefit_is_for_a_category_or_a_code CHECK (num_nonnulls(category, charge_code) = 1),
    CONSTRAINT plan_benefit_category_is_known CHECK (category IN (
        'office_visit', 'telehealth', 'preventive', 'laboratory', 'imaging', 'surgery', 'inpatient', 'emergency', 'therapy',
        'pharmacy', 'dental', 'vision', 'equipment', 'other')),
    CONSTRAINT plan_benefit_copay_is_not_negative CHECK (copay >= 0),
    CONSTRAINT plan_benefit_coinsurance_is_a_percentage CHECK (coinsurance_percent BETWEEN 0 AND 100),
    CONSTRAINT plan_benefit_limit_has_a_period
        CHECK ((num_nonnulls(visit_limit, amount_limit) > 0) = (limit_per IS NOT NULL) AND limit_per IN ('month', 'plan_year')),
    CONSTRAINT plan_benefit_limits_are_not_negative CHECK (visit_limit >= 0 AND amount_limit >= 0)
);
CREATE INDEX plan_benefit_plan_idx ON care.plan_benefit (insurance_plan_id);
CREATE INDEX plan_benefit_charge_code_idx ON care.plan_benefit (charge_code) WHERE charge_code IS NOT NULL;
COMMENT ON TABLE  care.plan_benefit IS 'What an insurance plan pays of a kind of service, in its network or out of it.';
COMMENT ON COLUMN care.plan_benefit.plan_benefit_id     IS 'Key.';
COMMENT ON COLUMN care.plan_benefit.insurance_plan_id   IS 'Of which plan.';
COMMENT ON COLUMN care.plan_benefit.valid_during        IS 'For services on which days; no upper bound while it goes on.';
COMMENT ON COLUMN care.plan_benefit.copay               IS 'What the patient pays first, after the deductible, for each time that a charge counts.';
COMMENT ON COLUMN care.plan_benefit.amount_limit        IS 'The most that the plan pays in a period; null where there is none.';
COMMENT ON COLUMN care.plan_benefit.visit_limit         IS 'How many of it are covered in a period; null where there is no limit.';
COMMENT ON COLUMN care.plan_benefit.coinsurance_percent IS 'Percentage that the patient pays of what is left after deductible and copay.';
COMMENT ON COLUMN care.plan_benefit.deductible_applies  IS 'Whether the deductible is borne first.';
COMMENT ON COLUMN care.plan_benefit.network             IS 'in for facilities in the plan''s network, out for others.';
COMMENT ON COLUMN care.plan_benefit.category            IS 'For which category of charges; null where it is for one code.';
COMMENT ON COLUMN care.plan_benefit.charge_code         IS 'For which charge, before its category; null where it is for a category.';
COMMENT ON COLUMN care.plan_benefit.limit_per           IS 'Period of the limits, month or plan_year; null without limits.';
COMMENT ON CONSTRAINT plan_benefit_pkey ON care.plan_benefit IS 'This benefit is known already.';
COMMENT ON CONSTRAINT plan_benefit_plan_fkey ON care.plan_benefit IS 'Add the insurance plan first.';
COMMENT ON CONSTRAINT plan_benefit_charge_code_fkey ON care.plan_benefit IS 'Choose one of the known charge codes for the benefit.';
COMMENT ON CONSTRAINT plan_benefit_is_one_at_a_time ON care.plan_benefit IS 'The plan has another benefit for that on some of those days: end that first.';
COMMENT ON CONSTRAINT plan_benefit_period_has_a_beginning ON care.plan_benefit IS 'A benefit has a first day, and ends after it.';
COMMENT ON CONSTRAINT plan_benefit_network_is_known ON care.plan_benefit IS 'Choose in or out.';
COMMENT ON CONSTRAINT plan_benefit_is_for_a_category_or_a_code ON care.plan_benefit IS 'A benefit is for a category or for one charge code.';
COMMENT ON CONSTRAINT plan_benefit_category_is_known ON care.plan_benefit IS 'Choose one of the known categories of service for the benefit.';
COMMENT ON CONSTRAINT plan_benefit_copay_is_not_negative ON care.plan_benefit IS 'A copay is not negative.';
COMMENT ON CONSTRAINT plan_benefit_coinsurance_is_a_percentage ON care.plan_benefit IS 'Co-insurance is 0 to 100 per cent.';
COMMENT ON CONSTRAINT plan_benefit_limit_has_a_period ON care.plan_benefit IS 'A benefit with a limit says whether it is for a month or a plan_year, and no other does.';
COMMENT ON CONSTRAINT plan_benefit_limits_are_not_negative ON care.plan_benefit IS 'Limits are not negative.';
CALL access.guard('care.plan_benefit', 'directory');
