-- Benefits, what was used of them, and estimates through `api`.
--
-- Locks nothing. Undo: drop them.
INSERT INTO access.look_kind (kind, scope, in_care, billed, sensitive) VALUES
    ('accumulators', 'none', false, true, false), ('estimate', 'none', false, true, false);

CALL access.publish('list_benefits', 'plan uuid, on_day date',
    'TABLE (network text, category text, charge_code text, copay_cents bigint, coinsurance_basis_points integer, deductible_applies boolean, visit_limit integer, amount_limit_cents bigint, limit_per text, currency text)',
    $body$RETURN QUERY
    SELECT b.network, b.category, b.charge_code, (b.copay * 100)::bigint, (b.coinsurance_percent * 100)::integer, b.deductible_applies, b.visit_limit,
           (b.amount_limit * 100)::bigint, b.limit_per, p.currency::text
    FROM care.plan_benefit b JOIN care.insurance_plan p USING (insurance_plan_id)
    WHERE b.insurance_plan_id = plan AND b.valid_during @> on_day ORDER BY b.network, b.category, b.charge_code LIMIT 500;$body$,
    'What an insurance plan pays of each kind of service on a day, 500 at most.');

CALL access.publish('read_accumulators', 'on_day date',
    'TABLE (policy uuid, year_begins_on date, currency text, deductible_cents bigint, out_of_pocket_cents bigint, paid_cents bigint, deductible_of_plan_cents bigint, out_of_pocket_of_plan_cents bigint)',
    $body$RETURN QUERY
    SELECT a.policy_id, a.year_begins_on, a.currency::text, (a.deductible * 100)::bigint, (a.out_of_pocket * 100)::bigint,
           (a.paid * 100)::bigint, (s.deductible_individual * 100)::bigint, (s.out_of_pocket_individual * 100)::bigint
    FROM care.accumulator a LEFT JOIN care.policy p USING (policy_id)
    LEFT JOIN care.plan_cost_sharing s ON s.insurance_plan_id = p.insurance_plan_id AND s.valid_during @> on_day
    WHERE a.patient_id = patient AND on_day >= a.year_begins_on AND on_day < a.year_begins_on + INTERVAL '1 year'
    ORDER BY a.policy_id, a.currency::text LIMIT 100;$body$,
    'What a patient has borne in the year of each plan in which a day falls, and the amounts of the plan, 100 at most.',
    look => $$'accumulators'$$);

CALL access.publish('read_estimate', 'facility uuid, served_on date, coverages uuid[], codes text[], quantities integer[]',
    'TABLE (line integer, charge_code text, currency text, billed_cents bigint, covered boolean, deductible_cents bigint, copay_cents bigint, coinsurance_cents bigint, first_pays_cents bigint, second_pays_cents bigint, patient_pays_cents bigint, elsewhere_counts boolean)',
    $body$
    IF served_on < (SELECT (now() AT TIME ZONE f.time_zone)::date FROM care.facility f WHERE f.facility_id = facility) THEN
        PERFORM access.refuse('estimate_is_of_care_to_come', 'Ask for an estimate of care from today on.');
    END IF;
    RETURN QUERY
    SELECT e.line, e.charge_code, e.currency, (e.billed * 100)::bigint, e.covered, (e.deductible * 100)::bigint, (e.copay * 100)::bigint,
           (e.coinsurance * 100)::bigint, (e.first_pays * 100)::bigint, (e.second_pays * 100)::bigint, (e.patient_pays * 100)::bigint,
           me.part <> 'biller'
    FROM care.estimate(patient, facility, served_on, coverages, codes, quantities) AS e;$body$,
    'What a patient would pay of charges at a facility on a day under one coverage or two, charge by charge, from today on; where elsewhere_counts is false, limits of a benefit count what was used at the own facility alone.',
    look => $$'estimate'$$);
