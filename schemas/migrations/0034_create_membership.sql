-- Plans, and who has which: what decides how early one may book.
--
-- What a plan gives is data and not code, so that a third plan is a row. Who has no membership books as `regular` does.
-- Periods of one person never overlap, so at most one membership is active at any moment. A patient may read the own
-- membership and nobody may write one through the portal, or priority could be had by an INSERT. New tables; foreign
-- keys lock their targets for an instant. Undo: drop them.
CREATE TABLE care.plan (
    lead_days      smallint NOT NULL,
    patience_days  smallint NOT NULL,
    priority       boolean  NOT NULL,
    telehealth     boolean  NOT NULL,
    personal_plans boolean  NOT NULL,
    plan           text     NOT NULL,
    title          text     NOT NULL,

    CONSTRAINT plan_pkey PRIMARY KEY (plan),
    CONSTRAINT plan_is_snake_case CHECK (plan ~ '^[a-z][a-z0-9_]{1,40}$'),
    CONSTRAINT plan_title_is_some CHECK (title ~ '\S'),
    CONSTRAINT plan_lead_is_a_year_at_most CHECK (lead_days BETWEEN 1 AND 365),
    CONSTRAINT plan_patience_is_a_year_at_most CHECK (patience_days BETWEEN 0 AND 365)
);
COMMENT ON TABLE  care.plan                IS 'Kinds of membership, and what each gives.';
COMMENT ON COLUMN care.plan.lead_days      IS 'How many days ahead a visit may be booked.';
COMMENT ON COLUMN care.plan.patience_days  IS 'After so many days on a wait-list one counts as having priority, so that nobody waits for ever.';
COMMENT ON COLUMN care.plan.priority       IS 'True where reserved hours may be booked, and a wait-list is entered before others.';
COMMENT ON COLUMN care.plan.telehealth     IS 'True where visits by video are included.';
COMMENT ON COLUMN care.plan.personal_plans IS 'True where personal care plans are included.';
COMMENT ON COLUMN care.plan.plan           IS 'Stable word.';
COMMENT ON COLUMN care.plan.title          IS 'A few words for a person.';
COMMENT ON CONSTRAINT plan_pkey ON care.plan IS 'This plan is known already.';
COMMENT ON CONSTRAINT plan_is_snake_case ON care.plan IS 'Name a plan by small letters, digits and underscores.';
COMMENT ON CONSTRAINT plan_title_is_some ON care.plan IS 'Give the plan a title.';
COMMENT ON CONSTRAINT plan_lead_is_a_year_at_most ON care.plan IS 'Let visits be booked 1 to 365 days ahead.';
COMMENT ON CONSTRAINT plan_patience_is_a_year_at_most ON care.plan IS 'Give 0 to 365 days of patience.';

INSERT INTO care.plan (plan, title, lead_days, patience_days, priority, telehealth, personal_plans) VALUES
    ('regular', 'Regular member', 30, 14, false, false, false),
    ('premium', 'Premium member', 60, 0, true, true, true);

CREATE TABLE care.membership (
    membership_id uuid        NOT NULL DEFAULT gen_random_uuid(),
    patient_id    uuid        NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    version       integer     NOT NULL DEFAULT 1,
    valid_during  tstzrange   NOT NULL,
    plan          text        NOT NULL,
    updated_by    text        NOT NULL DEFAULT session_user,

    CONSTRAINT membership_pkey PRIMARY KEY (membership_id),
    CONSTRAINT membership_id_with_patient_is_unique UNIQUE (patient_id, membership_id),
    CONSTRAINT membership_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT membership_plan_fkey FOREIGN KEY (plan) REFERENCES care.plan (plan),
    CONSTRAINT membership_period_is_half_open CHECK (
        NOT isempty(valid_during) AND lower_inc(valid_during) AND NOT upper_inc(valid_during)
    ),
    CONSTRAINT membership_is_one_at_a_time EXCLUDE USING gist (patient_id WITH =, valid_during WITH &&)
);
CREATE TRIGGER membership_is_touched BEFORE UPDATE ON care.membership FOR EACH ROW EXECUTE FUNCTION care.touch();
COMMENT ON TABLE  care.membership               IS 'Who has which plan, and when.';
COMMENT ON COLUMN care.membership.membership_id IS 'Key.';
COMMENT ON COLUMN care.membership.patient_id    IS 'The member.';
COMMENT ON COLUMN care.membership.created_at    IS 'When the row was made.';
COMMENT ON COLUMN care.membership.updated_at    IS 'When it was last changed.';
COMMENT ON COLUMN care.membership.version       IS 'Raised by each change.';
COMMENT ON COLUMN care.membership.valid_during  IS 'Half-open period; no upper bound while it goes on.';
COMMENT ON COLUMN care.membership.plan          IS 'The plan.';
COMMENT ON COLUMN care.membership.updated_by    IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT membership_pkey ON care.membership IS 'This membership is known already.';
COMMENT ON CONSTRAINT membership_id_with_patient_is_unique ON care.membership IS 'This membership is known already.';
COMMENT ON CONSTRAINT membership_patient_fkey ON care.membership IS 'Register the patient first.';
COMMENT ON CONSTRAINT membership_plan_fkey ON care.membership IS 'Choose one of the known plans.';
COMMENT ON CONSTRAINT membership_period_is_half_open ON care.membership IS 'A membership has a beginning, and ends after it.';
COMMENT ON CONSTRAINT membership_is_one_at_a_time ON care.membership IS 'The patient has another membership at that time: end that first.';

CREATE FUNCTION care.plan_of(member uuid) RETURNS care.plan
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT p.* FROM care.plan p
    WHERE p.plan = coalesce((SELECT m.plan FROM care.membership m
                             WHERE m.patient_id = member AND m.valid_during @> now()), 'regular')
$$;
REVOKE EXECUTE ON FUNCTION care.plan_of(uuid) FROM PUBLIC;
COMMENT ON FUNCTION care.plan_of(uuid) IS 'What a patient''s membership gives at this moment: the regular plan where there is none. Not for the portal, which would learn of anybody''s.';

CALL access.guard('care.plan', 'directory');
CALL access.guard('care.membership', 'internal');
GRANT SELECT ON care.membership TO healthtrack_portal;
CREATE POLICY own ON care.membership FOR SELECT TO healthtrack_portal
    USING (patient_id = ANY ((SELECT access.own_patients())::uuid[]));
