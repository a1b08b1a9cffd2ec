-- A membership renews itself, changes its plan and ends with notice; each period is charged once.
--
-- A row of care.membership is one period of one plan. Those with terms (a currency and month or year) have a number of
-- their period, counted from an anchor so that the 31st stays the 31st; maintenance makes the next period an hour before
-- one ends, so that nothing that the plan opens is missing in between. Who runs it at once takes rows that nobody else
-- holds, and marks what it renewed. What is owed is care.membership_fee, one row a membership and kind, which is only
-- ever added to; a change in the midst gives back what is left of the former fee and charges what is left of the new
-- price, each to the microsecond and rounded once to the cent. Nobody pays for time that is lost: where maintenance comes
-- more than a week after the end, periods that are over are left out, and the membership goes on from that moment, charged
-- for what is left of the period that runs. What cannot be renewed ends; its member is told, and no other member waits.
-- Rows of before have no terms and go on as they were:
-- they are never charged and never renewed. Locks care.membership for an instant, without rewriting it. Undo: drop what is
-- added, and the columns.
ALTER TABLE care.membership
    ADD COLUMN anchored_at timestamptz,
    ADD COLUMN period      integer,
    ADD COLUMN last_period integer,
    ADD COLUMN auto_renew  boolean NOT NULL DEFAULT false,
    ADD COLUMN renewed     boolean NOT NULL DEFAULT false,
    ADD COLUMN currency    care.currency,
    ADD COLUMN per         text,
    ADD COLUMN next_plan   text;
ALTER TABLE care.membership
    ADD CONSTRAINT membership_next_plan_fkey FOREIGN KEY (next_plan) REFERENCES care.membership_plan (plan),
    ADD CONSTRAINT membership_per_is_known CHECK (per IN ('month', 'year')),
    ADD CONSTRAINT membership_terms_are_whole CHECK (num_nonnulls(anchored_at, period, currency::text, per) IN (0, 4)),
    ADD CONSTRAINT membership_renews_by_its_terms
        CHECK (NOT auto_renew AND NOT renewed AND last_period IS NULL OR per IS NOT NULL),
    ADD CONSTRAINT membership_period_counts_from_one CHECK (period >= 1 AND last_period >= 1),
    ADD CONSTRAINT membership_with_terms_has_an_end CHECK (per IS NULL OR NOT upper_inf(valid_during)),
    ADD CONSTRAINT membership_ends_with_its_period CHECK (
        per IS NULL
        OR upper(valid_during) <= (anchored_at AT TIME ZONE 'UTC'
            + period * CASE per WHEN 'year' THEN INTERVAL '1 year' ELSE INTERVAL '1 month' END) AT TIME ZONE 'UTC'
        );
CREATE INDEX membership_next_plan_idx ON care.membership (next_plan) WHERE next_plan IS NOT NULL;
CREATE INDEX membership_renewal_idx ON care.membership (upper(valid_during)) WHERE auto_renew AND NOT renewed;
COMMENT ON COLUMN care.membership.anchored_at IS 'When its first period began, from which all are counted; null without terms.';
COMMENT ON COLUMN care.membership.period      IS 'Which period it is, from 1; null without terms.';
COMMENT ON COLUMN care.membership.last_period IS 'The last period, since notice was given; null while none was.';
COMMENT ON COLUMN care.membership.auto_renew  IS 'Whether the next period follows by itself; taken back where it could not.';
COMMENT ON COLUMN care.membership.renewed     IS 'Whether the next period was made.';
COMMENT ON COLUMN care.membership.currency    IS 'In which currency it is charged; null without terms.';
COMMENT ON COLUMN care.membership.per         IS 'month or year; null without terms, which is never charged and never renewed.';
COMMENT ON COLUMN care.membership.next_plan   IS 'The plan of the next period, where another was chosen; null while it is the same.';
COMMENT ON CONSTRAINT membership_next_plan_fkey ON care.membership IS 'Choose one of the known plans for the next period.';
COMMENT ON CONSTRAINT membership_per_is_known ON care.membership IS 'Choose month or year.';
COMMENT ON CONSTRAINT membership_terms_are_whole ON care.membership IS 'A membership that is charged has an anchor, a number of its period, a currency and a length.';
COMMENT ON CONSTRAINT membership_renews_by_its_terms ON care.membership IS 'Only a membership with terms is renewed, or ended by notice.';
COMMENT ON CONSTRAINT membership_period_counts_from_one ON care.membership IS 'Periods are counted from 1.';
COMMENT ON CONSTRAINT membership_with_terms_has_an_end ON care.membership IS 'A membership that is charged has an end.';
COMMENT ON CONSTRAINT membership_ends_with_its_period ON care.membership IS 'A membership that is charged ends with its period, or before.';
INSERT INTO care.notification_template (template, kind, words) VALUES
    ('membership_not_renewed', 'task', 'Something of yours did not go on by itself. Sign in to choose again. Reference {reference}.');

CREATE TABLE care.membership_fee (
    membership_fee_id uuid          NOT NULL DEFAULT gen_random_uuid(),
    patient_id        uuid          NOT NULL,
    membership_id     uuid          NOT NULL,
    charged_at        timestamptz   NOT NULL DEFAULT now(),
    covers            tstzrange     NOT NULL,
    amount            numeric(14,2) NOT NULL,
    currency          care.currency NOT NULL,
    kind              text          NOT NULL,
    charged_by        text          NOT NULL DEFAULT coalesce(access.actor()::text, session_user::text),

    CONSTRAINT membership_fee_pkey PRIMARY KEY (membership_fee_id),
    CONSTRAINT membership_fee_is_charged_once UNIQUE (patient_id, membership_id, kind),
    CONSTRAINT membership_fee_membership_fkey
        FOREIGN KEY (patient_id, membership_id) REFERENCES care.membership (patient_id, membership_id),
    CONSTRAINT membership_fee_kind_is_known CHECK (kind IN ('period', 'credit')),
    CONSTRAINT membership_fee_sign_fits_its_kind CHECK (CASE kind WHEN 'period' THEN amount >= 0 ELSE amount <= 0 END),
    CONSTRAINT membership_fee_covers_some_time CHECK (NOT isempty(covers) AND NOT lower_inf(covers) AND NOT upper_inf(covers))
);
CREATE TRIGGER membership_fee_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON care.membership_fee
    FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_change();
CREATE TRIGGER membership_fee_stays_under_hold BEFORE DELETE ON care.membership_fee
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION care.keep_row_under_hold();
COMMENT ON TABLE  care.membership_fee IS 'What a member owes for a period, and what was given back of it when the plan changed; only ever added to.';
COMMENT ON COLUMN care.membership_fee.membership_fee_id IS 'Key.';
COMMENT ON COLUMN care.membership_fee.patient_id    IS 'The member.';
COMMENT ON COLUMN care.membership_fee.membership_id IS 'For which period of which plan.';
COMMENT ON COLUMN care.membership_fee.charged_at    IS 'When it was charged or given back.';
COMMENT ON COLUMN care.membership_fee.covers        IS 'The time that it is for.';
COMMENT ON COLUMN care.membership_fee.amount        IS 'How much; negative where it is given back.';
COMMENT ON COLUMN care.membership_fee.currency      IS 'Currency of the amount.';
COMMENT ON COLUMN care.membership_fee.kind          IS 'period for what is charged, credit for what is given back.';
COMMENT ON COLUMN care.membership_fee.charged_by    IS 'Account or program on whose behalf.';
COMMENT ON CONSTRAINT membership_fee_pkey ON care.membership_fee IS 'This fee is known already.';
COMMENT ON CONSTRAINT membership_fee_is_charged_once ON care.membership_fee IS 'This period is charged already.';
COMMENT ON CONSTRAINT membership_fee_membership_fkey ON care.membership_fee IS 'Choose a membership of this patient.';
COMMENT ON CONSTRAINT membership_fee_kind_is_known ON care.membership_fee IS 'Choose period or credit.';
COMMENT ON CONSTRAINT membership_fee_sign_fits_its_kind ON care.membership_fee IS 'A period is charged, and a credit given back.';
COMMENT ON CONSTRAINT membership_fee_covers_some_time ON care.membership_fee IS 'A fee is for a time with a beginning and an end.';
COMMENT ON TRIGGER membership_fee_is_append_only ON care.membership_fee IS 'Trigger on a table that is only ever added to: refuses update, delete and truncate.';
COMMENT ON TRIGGER membership_fee_stays_under_hold ON care.membership_fee IS 'Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.';
CALL access.guard('care.membership_fee', 'internal');
GRANT SELECT ON care.membership_fee TO healthtrack_care;
CREATE POLICY own ON care.membership_fee FOR SELECT TO healthtrack_care
    USING (patient_id = ANY ((SELECT access.own_patients())::uuid[]));
CREATE POLICY desk ON care.membership_fee FOR SELECT TO healthtrack_care
    USING (patient_id = ANY ((SELECT access.patients_at_desk())::uuid[]));
CREATE POLICY desk ON care.membership FOR SELECT TO healthtrack_care
    USING (patient_id = ANY ((SELECT access.patients_at_desk())::uuid[]));
CALL care.close_joined_records();

-- The beginning of a period, 1 for the first; the end of period n is the beginning of n + 1.
CREATE FUNCTION care.membership_period_at(anchor timestamptz, per text, number integer) RETURNS timestamptz
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
    SELECT anchor + (number - 1) * (CASE per WHEN 'year' THEN INTERVAL '1 year' ELSE INTERVAL '1 month' END)
$$;
REVOKE EXECUTE ON FUNCTION care.membership_period_at(timestamptz, text, integer) FROM PUBLIC;
COMMENT ON FUNCTION care.membership_period_at(timestamptz, text, integer) IS 'When a period of a membership begins, counted from its anchor.';

-- Of an amount for a whole time, what falls on the rest of it from a moment on; rounded once to the cent.
CREATE FUNCTION care.share_of_fee(amount numeric, whole tstzrange, since timestamptz) RETURNS numeric
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT round(amount * extract(epoch FROM upper(whole) - since) / extract(epoch FROM upper(whole) - lower(whole)), 2)
$$;
REVOKE EXECUTE ON FUNCTION care.share_of_fee(numeric, tstzrange, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION care.share_of_fee(numeric, tstzrange, timestamptz) IS 'What falls on the rest of a time from a moment on, of an amount for all of it; rounded once to the cent.';

CREATE FUNCTION care.membership_price_of(plan text, currency text, per text, on_day date) RETURNS numeric
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    price numeric := (SELECT p.amount FROM care.membership_price p
                      WHERE p.plan = membership_price_of.plan AND p.currency = membership_price_of.currency
                        AND p.per = membership_price_of.per AND p.valid_during @> on_day);
BEGIN
    IF price IS NULL THEN
        PERFORM care.refuse('membership_has_a_price', 'This plan has no price in that currency for that period: choose another.');
    END IF;
    RETURN price;
END $$;
REVOKE EXECUTE ON FUNCTION care.membership_price_of(text, text, text, date) FROM PUBLIC;
COMMENT ON FUNCTION care.membership_price_of(text, text, text, date) IS 'What a plan costs for a period that begins on a day; refuses where it has no price.';

-- The newest period of a member with terms, held by whoever asks; for the patient and a desk that expects the patient.
CREATE FUNCTION care.hold_membership(patient uuid) RETURNS care.membership
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    held care.membership;
BEGIN
    PERFORM care.check_who_chooses(patient);
    SELECT m.* INTO held FROM care.membership m
    WHERE m.patient_id = patient AND m.per IS NOT NULL AND upper(m.valid_during) > now()
    ORDER BY lower(m.valid_during) DESC LIMIT 1 FOR UPDATE;
    IF NOT FOUND THEN
        PERFORM care.refuse('membership_is_running', 'There is no membership with a price that runs: begin one.');
    END IF;
    -- Somebody else may have made the next period, or changed the plan, while this waited.
    IF held.renewed OR NOT upper(held.valid_during) > now() THEN
        PERFORM care.refuse('membership_is_renewing', 'This membership was changed or renewed in this moment: read it again.');
    END IF;
    RETURN held;
END $$;
REVOKE EXECUTE ON FUNCTION care.hold_membership(uuid) FROM PUBLIC;
COMMENT ON FUNCTION care.hold_membership(uuid) IS 'The newest period of a membership with terms, locked for whoever changes it.';

CREATE FUNCTION care.check_who_chooses(patient uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF access.actor() IS NOT NULL
       AND (patient = ANY (access.own_patients()) OR patient = ANY (access.patients_at_desk())) IS NOT TRUE THEN
        PERFORM care.refuse('row_is_within_rights', 'There is no such row, or none that you may read or write.');
    END IF;
END $$;
REVOKE EXECUTE ON FUNCTION care.check_who_chooses(uuid) FROM PUBLIC;
COMMENT ON FUNCTION care.check_who_chooses(uuid) IS 'Refuses whoever is neither the patient nor a desk that expects the patient.';

CREATE FUNCTION care.begin_membership(patient uuid, chosen_plan text, in_currency text, for_each text, renews boolean) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    price numeric;
    made  care.membership;
BEGIN
    PERFORM care.check_who_chooses(patient);
    -- Two who begin one at once wait for each other: an exclusion constraint alone would tell some of a deadlock.
    PERFORM FROM care.patient p WHERE p.patient_id = patient FOR NO KEY UPDATE;
    price := care.membership_price_of(chosen_plan, in_currency, for_each, current_date);
    -- One that has no terms gives way; one that is charged is changed by care.change_membership.
    UPDATE care.membership m SET valid_during = tstzrange(lower(m.valid_during), now())
    WHERE m.patient_id = patient AND m.per IS NULL AND m.valid_during @> now() AND lower(m.valid_during) < now();
    INSERT INTO care.membership (patient_id, plan, valid_during, anchored_at, period, auto_renew, currency, per)
    VALUES (patient, chosen_plan, tstzrange(now(), care.membership_period_at(now(), for_each, 2)), now(), 1, renews,
            in_currency, for_each)
    RETURNING * INTO made;
    INSERT INTO care.membership_fee (patient_id, membership_id, covers, amount, currency, kind)
    VALUES (patient, made.membership_id, made.valid_during, price, in_currency, 'period');
    RETURN made.membership_id;
END $$;
REVOKE EXECUTE ON FUNCTION care.begin_membership(uuid, text, text, text, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.begin_membership(uuid, text, text, text, boolean) TO healthtrack_care;
COMMENT ON FUNCTION care.begin_membership(uuid, text, text, text, boolean) IS 'Begins a membership for a month or a year at its price of today; gives its key.';

CREATE FUNCTION care.change_membership(patient uuid, chosen_plan text, at_once boolean) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    held  care.membership := care.hold_membership(patient);
    whole tstzrange := tstzrange(care.membership_period_at(held.anchored_at, held.per, held.period),
                                 care.membership_period_at(held.anchored_at, held.per, held.period + 1));
    price numeric := care.membership_price_of(chosen_plan, held.currency, held.per,
                         (CASE WHEN at_once THEN now() ELSE upper(whole) END)::date);
    made  uuid;
BEGIN
    IF at_once IS NULL THEN
        PERFORM care.refuse('membership_change_says_when', 'Say whether the plan changes at once or when its period ends.');
    ELSIF NOT at_once THEN
        UPDATE care.membership SET next_plan = nullif(chosen_plan, plan), auto_renew = true, last_period = NULL
        WHERE membership_id = held.membership_id;
        RETURN held.membership_id;
    END IF;
    IF lower(held.valid_during) >= now() THEN
        PERFORM care.refuse('membership_is_renewing', 'This membership was changed or renewed in this moment: read it again.');
    ELSIF held.plan = chosen_plan THEN
        PERFORM care.refuse('membership_changes_its_plan', 'This is the plan already: choose another.');
    -- Else a dearer plan could be had for the moment in which a time far ahead is booked. A cent may come from rounding.
    ELSIF care.share_of_fee(price, whole, now()) + 0.01 < (
        SELECT sum(care.share_of_fee(f.amount, f.covers, now())) FROM care.membership_fee f
        WHERE f.patient_id = patient AND f.membership_id = held.membership_id AND f.kind = 'period') THEN
        PERFORM care.refuse('membership_gets_cheaper_at_its_end',
            'A cheaper plan begins when the period ends that is paid for: change it then.');
    END IF;
    UPDATE care.membership SET valid_during = tstzrange(lower(valid_during), now()), auto_renew = false, next_plan = NULL
    WHERE membership_id = held.membership_id;
    INSERT INTO care.membership (patient_id, plan, valid_during, anchored_at, period, last_period, auto_renew, currency, per)
    VALUES (patient, chosen_plan, tstzrange(now(), upper(whole)), held.anchored_at, held.period, held.last_period,
            held.auto_renew, held.currency, held.per)
    RETURNING membership_id INTO made;
    INSERT INTO care.membership_fee (patient_id, membership_id, covers, amount, currency, kind)
    SELECT patient, held.membership_id, tstzrange(now(), upper(f.covers)), -care.share_of_fee(f.amount, f.covers, now()),
           held.currency, 'credit'
    FROM care.membership_fee f WHERE f.patient_id = patient AND f.membership_id = held.membership_id AND f.kind = 'period'
    UNION ALL
    SELECT patient, made, tstzrange(now(), upper(whole)), care.share_of_fee(price, whole, now()), held.currency, 'period';
    RETURN made;
END $$;
REVOKE EXECUTE ON FUNCTION care.change_membership(uuid, text, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.change_membership(uuid, text, boolean) TO healthtrack_care;
COMMENT ON FUNCTION care.change_membership(uuid, text, boolean) IS 'Changes the plan of a membership at once to one that is not cheaper, with what is left of both prices, or when its period ends; gives the key of the period that has it.';

CREATE FUNCTION care.end_membership(patient uuid) RETURNS timestamptz
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    held   care.membership := care.hold_membership(patient);
    notice interval := make_interval(days => (SELECT p.notice_days FROM care.membership_plan p WHERE p.plan = held.plan));
    final  integer := held.period;
BEGIN
    WHILE held.auto_renew AND care.membership_period_at(held.anchored_at, held.per, final + 1) < now() + notice LOOP
        final := final + 1;
    END LOOP;
    UPDATE care.membership SET last_period = coalesce(last_period, final), next_plan = NULL
    WHERE membership_id = held.membership_id RETURNING last_period INTO final;
    RETURN care.membership_period_at(held.anchored_at, held.per, final + 1);
END $$;
REVOKE EXECUTE ON FUNCTION care.end_membership(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.end_membership(uuid) TO healthtrack_care;
COMMENT ON FUNCTION care.end_membership(uuid) IS 'Gives notice: the membership ends with the first period that ends after the days of notice; gives when.';

CREATE FUNCTION care.renew_memberships() RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    due     care.membership;
    number  integer;
    whole   tstzrange;
    begins  timestamptz;
    price   numeric;
    made    care.membership;
    renewed bigint := 0;
BEGIN
    FOR due IN
        SELECT m.* FROM care.membership m
        WHERE m.auto_renew AND NOT m.renewed AND upper(m.valid_during) <= now() + INTERVAL '1 hour'
        ORDER BY upper(m.valid_during) LIMIT 1000 FOR UPDATE SKIP LOCKED
    LOOP
        -- What cannot be renewed (no price any more, another membership in the way, whatever is wrong with its row) ends, and
        -- no other waits.
        BEGIN
            begins := upper(due.valid_during);
            number := due.period + 1;
            WHILE care.membership_period_at(due.anchored_at, due.per, number + 1) <= greatest(begins, now()) LOOP
                number := number + 1;
            END LOOP;
            IF number > due.last_period THEN
                UPDATE care.membership SET auto_renew = false WHERE membership_id = due.membership_id;
                CONTINUE;
            END IF;
            -- A few days are made good, so that nothing is missing between; for more, nobody had anything of the plan.
            IF begins < now() - INTERVAL '7 days' THEN
                begins := now();
            END IF;
            whole := tstzrange(care.membership_period_at(due.anchored_at, due.per, number),
                               care.membership_period_at(due.anchored_at, due.per, number + 1));
            price := care.membership_price_of(coalesce(due.next_plan, due.plan), due.currency, due.per, begins::date);
            UPDATE care.membership SET renewed = true WHERE membership_id = due.membership_id;
            INSERT INTO care.membership (patient_id, plan, valid_during, anchored_at, period, last_period, auto_renew, currency, per)
            VALUES (due.patient_id, coalesce(due.next_plan, due.plan), tstzrange(begins, upper(whole)),
                    due.anchored_at, number, due.last_period, true, due.currency, due.per)
            RETURNING * INTO made;
            INSERT INTO care.membership_fee (patient_id, membership_id, covers, amount, currency, kind)
            VALUES (due.patient_id, made.membership_id, made.valid_during,
                    care.share_of_fee(price, whole, greatest(begins, lower(whole))), due.currency, 'period');
            renewed := renewed + 1;
        EXCEPTION WHEN data_exception OR integrity_constraint_violation OR SQLSTATE 'HT001' THEN
            UPDATE care.membership SET auto_renew = false WHERE membership_id = due.membership_id;
            PERFORM care.notify(due.patient_id, 'membership_not_renewed', now(), about_at => upper(due.valid_during));
        END;
    END LOOP;
    RETURN renewed;
END $$;
REVOKE EXECUTE ON FUNCTION care.renew_memberships() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.renew_memberships() TO healthtrack_ingest, healthtrack_migrator;
COMMENT ON FUNCTION care.renew_memberships() IS 'Makes the next period of memberships that renew themselves and end within the hour, and charges it; how many.';
