-- What a patient would pay of charges under one coverage, or two.
--
-- Charge by charge, in the order given: what a benefit covers, less the deductible that is left, less the copay
-- (one for each time), less co-insurance, and no more than is left until the most that the patient bears; the plan pays
-- the rest, up to a limit of the benefit. What a biller asks counts of such limits what was used at the biller's own
-- facility, since what is left of one kind of care would tell of visits elsewhere; deductible and the most that is borne
-- are the plan's, of all care. A second insurer pays what it would pay as the first, and no more than that one left. Each share is
-- rounded once to the cent. Prices are those of the list: an agreed lower price is known from an answer alone. Locks
-- nothing. Undo: drop them.
CREATE FUNCTION care.benefit_used(patient uuid, policy uuid, benefit care.plan_benefit, within daterange, OUT visits numeric, OUT paid numeric)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
$$;
REVOKE EXECUTE ON FUNCTION care.benefit_used(uuid, uuid, care.plan_benefit, daterange) FROM PUBLIC;
COMMENT ON FUNCTION care.benefit_used(uuid, uuid, care.plan_benefit, daterange) IS 'How often a benefit was used by a person under a policy in a period, and what the plan paid of it, by answered claims; for a biller, at the own facility.';

CREATE FUNCTION care.share_of_plan(of_coverage uuid, at_facility uuid, served_on date, codes text[], quantities integer[])
    RETURNS TABLE (line integer, covered boolean, deductible numeric, copay numeric, coinsurance numeric, insurer numeric)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
END $$;
REVOKE EXECUTE ON FUNCTION care.share_of_plan(uuid, uuid, date, text[], integer[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.share_of_plan(uuid, uuid, date, text[], integer[]) TO healthtrack_care;
COMMENT ON FUNCTION care.share_of_plan(uuid, uuid, date, text[], integer[]) IS 'What one coverage would pay of charges, and what it lets the patient bear, charge by charge; for functions that have asked whether the coverage may be seen.';

CREATE FUNCTION care.estimate(patient uuid, facility uuid, served_on date, coverages uuid[], codes text[], quantities integer[])
    RETURNS TABLE (line integer, charge_code text, currency text, billed numeric, covered boolean, deductible numeric, copay numeric,
                   coinsurance numeric, first_pays numeric, second_pays numeric, patient_pays numeric)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
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
END $$;
REVOKE EXECUTE ON FUNCTION care.estimate(uuid, uuid, date, uuid[], text[], integer[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.estimate(uuid, uuid, date, uuid[], text[], integer[]) TO healthtrack_care;
COMMENT ON FUNCTION care.estimate(uuid, uuid, date, uuid[], text[], integer[]) IS 'What a patient would pay of charges at a facility on a day under one coverage or two, charge by charge.';
