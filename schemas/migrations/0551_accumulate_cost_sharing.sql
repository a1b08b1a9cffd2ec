-- What a person has borne of a plan's year, kept as claims are answered.
--
-- A row of care.accumulator has the sums of one person under one policy in one year of the plan and one currency: deductible,
-- all that counts towards the most that a patient bears (by the codes of answers), and what the insurer paid. An answer
-- adds to it in its own transaction; answers stay, so nothing is ever taken out. A family is all under one policy. Where a
-- year's beginning, a policy's plan or a coverage's policy would change what was counted, the change is refused once
-- something was. What is written with triggers off is counted by care.recount_accumulators. Counts what stands; locks
-- care.claim against writes meanwhile. Undo: drop them.
CREATE TABLE care.accumulator (
    patient_id     uuid           NOT NULL,
    policy_id      uuid           NOT NULL,
    year_begins_on date           NOT NULL,
    deductible     numeric(14, 2) NOT NULL,
    out_of_pocket  numeric(14, 2) NOT NULL,
    paid           numeric(14, 2) NOT NULL,
    currency       care.currency  NOT NULL,

    CONSTRAINT accumulator_pkey PRIMARY KEY (patient_id, policy_id, year_begins_on, currency),
    CONSTRAINT accumulator_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT accumulator_policy_fkey FOREIGN KEY (policy_id) REFERENCES care.policy (policy_id),
    CONSTRAINT accumulator_is_not_negative CHECK (deductible >= 0 AND out_of_pocket >= deductible AND paid >= 0)
);
CREATE INDEX accumulator_policy_idx ON care.accumulator (policy_id, year_begins_on);
COMMENT ON TABLE  care.accumulator IS 'What a person has borne of a year of an insurance plan, and what the plan paid, by answered claims.';
COMMENT ON COLUMN care.accumulator.patient_id     IS 'Who.';
COMMENT ON COLUMN care.accumulator.policy_id      IS 'Under which policy.';
COMMENT ON COLUMN care.accumulator.year_begins_on IS 'First day of the plan''s year.';
COMMENT ON COLUMN care.accumulator.deductible     IS 'What was borne as deductible.';
COMMENT ON COLUMN care.accumulator.out_of_pocket  IS 'What was borne as deductible, co-insurance and copay; denials do not count.';
COMMENT ON COLUMN care.accumulator.paid           IS 'What the insurer decided to pay.';
COMMENT ON COLUMN care.accumulator.currency       IS 'Currency of these amounts.';
COMMENT ON CONSTRAINT accumulator_pkey ON care.accumulator IS 'This year of that person is counted already.';
COMMENT ON CONSTRAINT accumulator_patient_fkey ON care.accumulator IS 'Register the patient first.';
COMMENT ON CONSTRAINT accumulator_policy_fkey ON care.accumulator IS 'Add the policy first.';
COMMENT ON CONSTRAINT accumulator_is_not_negative ON care.accumulator IS 'What was borne and paid is not negative, and the deductible is a part of what was borne.';
CALL access.guard('care.accumulator', 'internal');
GRANT SELECT ON care.accumulator TO healthtrack_care;
CREATE POLICY own ON care.accumulator FOR SELECT TO healthtrack_care
    USING (patient_id = ANY ((SELECT access.own_patients())::uuid[]));
CREATE POLICY desk ON care.accumulator FOR SELECT TO healthtrack_care
    USING (patient_id = ANY ((SELECT access.patients_billed())::uuid[]));
CREATE TRIGGER accumulator_stays_under_hold BEFORE DELETE ON care.accumulator FOR EACH ROW
    WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE')) EXECUTE FUNCTION care.keep_row_under_hold();
COMMENT ON TRIGGER accumulator_stays_under_hold ON care.accumulator IS 'Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.';

CREATE FUNCTION care.plan_year(begins_month integer, on_day date) RETURNS daterange
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT daterange(first_on, (first_on + INTERVAL '1 year')::date)
    FROM make_date(extract(year FROM on_day)::integer - (extract(month FROM on_day) < begins_month)::integer, begins_month, 1) AS first_on
$$;
REVOKE EXECUTE ON FUNCTION care.plan_year(integer, date) FROM PUBLIC;
COMMENT ON FUNCTION care.plan_year(integer, date) IS 'The year of a plan, from the first of a month on, in which a day falls.';

-- One row a person, policy, year and currency of an answered claim, or of all.
CREATE FUNCTION care.cost_shares(of_claim uuid DEFAULT NULL) RETURNS SETOF care.accumulator
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
$$;
REVOKE EXECUTE ON FUNCTION care.cost_shares(uuid) FROM PUBLIC;
COMMENT ON FUNCTION care.cost_shares(uuid) IS 'What an answered claim, or all, adds to the sums of persons by policy, year and currency.';

CREATE FUNCTION care.accumulate_claim() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
END $$;
COMMENT ON FUNCTION care.accumulate_claim() IS 'Trigger after a claim is answered: adds what the patient bears and the insurer pays to the sums of the plan''s year.';
CREATE TRIGGER claim_is_accumulated AFTER UPDATE OF status ON care.claim
    FOR EACH ROW WHEN (OLD.status = 'submitted' AND NEW.status = 'adjudicated') EXECUTE FUNCTION care.accumulate_claim();
COMMENT ON TRIGGER claim_is_accumulated ON care.claim IS 'Trigger after a claim is answered: adds what the patient bears and the insurer pays to the sums of the plan''s year.';

CREATE FUNCTION care.keep_what_was_counted() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
END $$;
COMMENT ON FUNCTION care.keep_what_was_counted() IS 'Trigger before a coverage gets another policy, a policy another plan or a plan another year: refuses it once claims were made by it.';
CREATE INDEX claim_coverage_idx ON care.claim (coverage_id);
DO $$
DECLARE
    kept record;
BEGIN
    FOR kept IN SELECT * FROM (VALUES ('coverage', 'policy_id'), ('policy', 'insurance_plan_id'), ('insurance_plan', 'year_begins_month')) AS kept (part, col) LOOP
        EXECUTE format('CREATE TRIGGER insurance_stays_as_it_was_claimed BEFORE UPDATE OF %1$I ON care.%2$I
                        FOR EACH ROW WHEN (OLD.%1$I <> NEW.%1$I) EXECUTE FUNCTION care.keep_what_was_counted()', kept.col, kept.part);
        EXECUTE format('COMMENT ON TRIGGER insurance_stays_as_it_was_claimed ON care.%I IS %L', kept.part,
                       'Claims were made by this: add another policy, coverage or plan beside it.');
    END LOOP;
END $$;

CREATE FUNCTION care.recount_accumulators() RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- Nobody answers a claim meanwhile; who reads goes on.
    LOCK TABLE care.claim IN SHARE ROW EXCLUSIVE MODE;
    DELETE FROM care.accumulator;
    INSERT INTO care.accumulator SELECT * FROM care.cost_shares();
END $$;
REVOKE EXECUTE ON FUNCTION care.recount_accumulators() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.recount_accumulators() TO healthtrack_migrator;
COMMENT ON FUNCTION care.recount_accumulators() IS 'Counts anew what persons have borne of plans'' years, after claims were written with triggers off; nobody answers a claim meanwhile.';
INSERT INTO care.accumulator SELECT * FROM care.cost_shares();
