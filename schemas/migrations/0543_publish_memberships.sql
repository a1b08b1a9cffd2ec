-- Memberships through `api`: prices are everybody's to read; a membership is chosen, changed and ended by its member, or
-- by a desk that expects the member.
--
-- Locks nothing. Undo: drop them.
INSERT INTO access.look_kind (kind, scope, in_care, at_desk, sensitive) VALUES ('memberships', 'none', false, true, false);

CALL access.publish('list_membership_prices', 'on_day date',
    'TABLE (plan text, title text, per text, price_cents bigint, currency text, lead_days smallint, priority boolean, telehealth boolean, personal_plans boolean, notice_days smallint)',
    $body$RETURN QUERY
    SELECT k.plan, k.title, p.per, (p.amount * 100)::bigint, p.currency::text, k.lead_days, k.priority, k.telehealth,
           k.personal_plans, k.notice_days
    FROM care.membership_plan k JOIN care.membership_price p USING (plan)
    WHERE p.valid_during @> on_day ORDER BY k.plan, p.currency::text, p.per LIMIT 500;$body$,
    'What each plan of membership costs on a day, and what it gives, 500 at most.');

CALL access.publish('read_memberships', '',
    'TABLE (membership uuid, plan text, from_at timestamptz, until_at timestamptz, per text, currency text, period integer, last_period integer, renews boolean, next_plan text, charged_cents bigint)',
    $body$RETURN QUERY
    SELECT m.membership_id, m.plan, lower(m.valid_during), upper(m.valid_during), m.per, m.currency::text, m.period,
           m.last_period, m.auto_renew AND NOT m.renewed AND m.period IS DISTINCT FROM m.last_period, m.next_plan,
           (SELECT (sum(f.amount) * 100)::bigint FROM care.membership_fee f
            WHERE f.patient_id = patient AND f.membership_id = m.membership_id)
    FROM care.membership m WHERE m.patient_id = patient ORDER BY lower(m.valid_during) DESC LIMIT 500;$body$,
    'Memberships of a patient with what was charged for each less what was given back, the latest first, 500 at most.',
    look => $$'memberships'$$);

CALL access.publish('begin_membership', 'patient uuid, plan text, currency text, per text, renews boolean', 'uuid', $body$
    answer := care.begin_membership(patient, plan, currency, per, renews);
    PERFORM access.note(me, 'create', patient, 'care.membership/' || answer);$body$,
    'Begins a membership for a month or a year at its price of today; gives its key.');

CALL access.publish('change_membership', 'patient uuid, plan text, at_once boolean', 'uuid', $body$
    answer := care.change_membership(patient, plan, at_once);
    PERFORM access.note(me, 'update', patient, 'care.membership/' || answer);$body$,
    'Changes the plan of a membership, at once to one that is not cheaper or when its period ends, and takes a notice back; gives the key of the period that has it.');

CALL access.publish('end_membership', 'patient uuid', 'timestamptz', $body$
    answer := care.end_membership(patient);
    PERFORM access.note(me, 'update', patient, 'care.membership/' || patient);$body$,
    'Gives notice of a membership; gives when it ends.');
