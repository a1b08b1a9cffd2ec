-- What an administrator keeps of money: prices of membership, insurers, their plans with benefits, codes of adjustments.
--
-- A price and a benefit are added and ended, and not altered, since fees and estimates were made by them. What members share
-- of costs, and which facilities are in the network of a plan, is written whole for a period, by its first day. When the year
-- of a plan begins, the rule of 551 keeps as it was once claims were counted by it.
-- Locks nothing. Undo: drop the functions.
CALL access.publish('add_membership_price', 'plan text, per text, cents bigint, currency text, first_on date, stop_on date', 'uuid',
    $body$PERFORM access.check_administrator(me);
    INSERT INTO care.membership_price AS p (plan, per, amount, currency, valid_during)
    VALUES (add_membership_price.plan, add_membership_price.per, add_membership_price.cents / 100.0, add_membership_price.currency,
            daterange(first_on, stop_on))
    RETURNING p.membership_price_id INTO answer;
    PERFORM access.note(me, 'create', NULL, 'care.membership_price/' || answer);$body$,
    'Adds what a plan of membership costs in a month or a year, from which day on; the key.');
CALL access.publish('end_membership_price', 'membership_price uuid, known_version integer, stop_on date', 'void',
    $body$PERFORM access.check_administrator(me);
    UPDATE care.membership_price p SET valid_during = daterange(lower(p.valid_during), end_membership_price.stop_on)
    WHERE p.membership_price_id = membership_price AND p.version = known_version;
    PERFORM access.check_change(FOUND);
    PERFORM access.note(me, 'update', NULL, 'care.membership_price/' || membership_price);$body$,
    'Says on which day a price of membership does not stand any more.');
CALL access.publish('keep_insurer', 'insurer uuid, known_version integer, name text, phone text, website text', 'uuid',
    $body$PERFORM access.check_administrator(me);
    IF insurer IS NULL THEN
        INSERT INTO care.insurer AS i (name, phone, website) VALUES (keep_insurer.name, keep_insurer.phone, keep_insurer.website)
        RETURNING i.insurer_id INTO answer;
    ELSE
        UPDATE care.insurer i SET name = keep_insurer.name, phone = keep_insurer.phone, website = keep_insurer.website
        WHERE i.insurer_id = insurer AND i.version = known_version RETURNING i.insurer_id INTO answer;
        PERFORM access.check_change(FOUND);
    END IF;
    PERFORM access.note(me, 'update', NULL, 'care.insurer/' || answer);$body$,
    'Adds an insurer, or says anew what it is called and how it is reached; the key.');
CALL access.publish('keep_insurance_plan', 'insurance_plan uuid, insurer uuid, name text, currency text, year_begins_month integer,
    retired_on date', 'uuid',
    $body$PERFORM access.check_administrator(me);
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
    PERFORM access.note(me, 'update', NULL, 'care.insurance_plan/' || answer);$body$,
    'Adds a plan of an insurer, changes it, or says from which day on it is not sold any more; the key.');
CALL access.publish('set_plan_cost_sharing', 'insurance_plan uuid, first_on date, stop_on date, deductible_cents bigint,
    family_deductible_cents bigint, out_of_pocket_cents bigint, family_out_of_pocket_cents bigint', 'void',
    $body$PERFORM access.check_administrator(me);
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
    PERFORM access.note(me, 'update', NULL, 'care.insurance_plan/' || insurance_plan, 'cost_sharing');$body$,
    'Says what a member of a plan pays before it pays, and at most, in a period that begins on a day.');
CALL access.publish('set_plan_network', 'insurance_plan uuid, facility uuid, first_on date, stop_on date', 'void',
    $body$PERFORM access.check_administrator(me);
    UPDATE care.plan_network n SET valid_during = daterange(first_on, stop_on)
    WHERE n.insurance_plan_id = insurance_plan AND n.facility_id = facility AND lower(n.valid_during) = first_on;
    IF NOT FOUND THEN
        INSERT INTO care.plan_network (insurance_plan_id, facility_id, valid_during)
        VALUES (insurance_plan, facility, daterange(first_on, stop_on));
    END IF;
    PERFORM access.note(me, 'update', NULL, 'care.insurance_plan/' || insurance_plan, 'network');$body$,
    'Says that a facility is in the network of a plan in a period that begins on a day.');
CALL access.publish('add_plan_benefit', 'insurance_plan uuid, network text, category text, charge_code text, copay_cents bigint,
    coinsurance_basis_points integer, deductible_applies boolean, visit_limit integer, limit_cents bigint, limit_per text,
    first_on date, stop_on date', 'uuid',
    $body$PERFORM access.check_administrator(me);
    INSERT INTO care.plan_benefit AS b (insurance_plan_id, network, category, charge_code, copay, coinsurance_percent,
                                        deductible_applies, visit_limit, amount_limit, limit_per, valid_during)
    VALUES (insurance_plan, add_plan_benefit.network, add_plan_benefit.category, add_plan_benefit.charge_code, copay_cents / 100.0,
            coinsurance_basis_points / 100.0, add_plan_benefit.deductible_applies, add_plan_benefit.visit_limit,
            limit_cents / 100.0, add_plan_benefit.limit_per, daterange(first_on, stop_on))
    RETURNING b.plan_benefit_id INTO answer;
    PERFORM access.note(me, 'create', NULL, 'care.plan_benefit/' || answer);$body$,
    'Adds what members of a plan pay for care of a category, or of a charge code; the key.');
CALL access.publish('end_plan_benefit', 'plan_benefit uuid, stop_on date', 'void',
    $body$PERFORM access.check_administrator(me);
    UPDATE care.plan_benefit b SET valid_during = daterange(lower(b.valid_during), end_plan_benefit.stop_on)
    WHERE b.plan_benefit_id = plan_benefit;
    PERFORM access.check_change(FOUND);
    PERFORM access.note(me, 'update', NULL, 'care.plan_benefit/' || plan_benefit);$body$,
    'Says on which day a benefit of a plan does not stand any more.');
CALL access.publish('keep_adjustment_code', 'group_code text, code text, title text, counts_as text, retired_on date', 'void',
    $body$PERFORM access.check_administrator(me);
    INSERT INTO care.adjustment_code (group_code, code, title, counts_as, retired_on)
    VALUES (keep_adjustment_code.group_code, keep_adjustment_code.code, keep_adjustment_code.title, keep_adjustment_code.counts_as,
            keep_adjustment_code.retired_on)
    ON CONFLICT ON CONSTRAINT adjustment_code_pkey DO UPDATE
    SET title = EXCLUDED.title, counts_as = EXCLUDED.counts_as, retired_on = EXCLUDED.retired_on;
    PERFORM access.note(me, 'update', NULL, access.kept_under('care.adjustment_code', keep_adjustment_code.group_code || ' ' || keep_adjustment_code.code));$body$,
    'Adds a code by which insurers adjust claims, titles it anew, or ends it.');
