-- What a membership costs, and how long before its end somebody who leaves says so.
--
-- A price is of a plan, in a currency, for a month or a year, on certain days; two of them never hold on one day. A plan
-- without a price cannot be chosen by a member: who gives one away enters the price 0. New table; a new column of
-- care.membership_plan locks it for an instant. Undo: drop both.
CREATE TABLE care.membership_price (
    membership_price_id uuid          NOT NULL DEFAULT gen_random_uuid(),
    created_at          timestamptz   NOT NULL DEFAULT now(),
    updated_at          timestamptz   NOT NULL DEFAULT now(),
    version             integer       NOT NULL DEFAULT 1,
    valid_during        daterange     NOT NULL,
    amount              care.amount   NOT NULL,
    currency            care.currency NOT NULL,
    plan                text          NOT NULL,
    per                 text          NOT NULL,
    updated_by          text          NOT NULL DEFAULT session_user,

    CONSTRAINT membership_price_pkey PRIMARY KEY (membership_price_id),
    CONSTRAINT membership_price_plan_fkey FOREIGN KEY (plan) REFERENCES care.membership_plan (plan),
    CONSTRAINT membership_price_is_one_at_a_time
        EXCLUDE USING gist (plan WITH =, (currency::text) WITH =, per WITH =, valid_during WITH &&),
    CONSTRAINT membership_price_is_not_negative CHECK (amount >= 0),
    CONSTRAINT membership_price_per_is_known CHECK (per IN ('month', 'year')),
    CONSTRAINT membership_price_period_has_a_beginning CHECK (NOT isempty(valid_during) AND NOT lower_inf(valid_during))
);
CREATE INDEX membership_price_plan_idx ON care.membership_price (plan);
CREATE TRIGGER membership_price_is_stamped BEFORE INSERT OR UPDATE ON care.membership_price
    FOR EACH ROW EXECUTE FUNCTION care.stamp();
CREATE TRIGGER membership_price_is_touched BEFORE UPDATE ON care.membership_price
    FOR EACH ROW EXECUTE FUNCTION care.touch();
COMMENT ON TABLE  care.membership_price IS 'What a plan of membership costs for a month or a year, and on which days that holds.';
COMMENT ON COLUMN care.membership_price.membership_price_id IS 'Key.';
COMMENT ON COLUMN care.membership_price.created_at   IS 'When the row was made.';
COMMENT ON COLUMN care.membership_price.updated_at   IS 'When it was last changed.';
COMMENT ON COLUMN care.membership_price.version      IS 'Raised by each change.';
COMMENT ON COLUMN care.membership_price.valid_during IS 'Days on which a period that begins costs this; no upper bound while it goes on.';
COMMENT ON COLUMN care.membership_price.amount       IS 'Price of one period; 0 where it is free.';
COMMENT ON COLUMN care.membership_price.currency     IS 'Currency of the price.';
COMMENT ON COLUMN care.membership_price.plan         IS 'Of which plan.';
COMMENT ON COLUMN care.membership_price.per          IS 'The period: month or year.';
COMMENT ON COLUMN care.membership_price.updated_by   IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT membership_price_pkey ON care.membership_price IS 'This price is known already.';
COMMENT ON CONSTRAINT membership_price_plan_fkey ON care.membership_price IS 'Choose one of the known plans.';
COMMENT ON CONSTRAINT membership_price_is_one_at_a_time ON care.membership_price IS 'The plan has another price for that period on some of those days: end that first.';
COMMENT ON CONSTRAINT membership_price_is_not_negative ON care.membership_price IS 'A price is not negative.';
COMMENT ON CONSTRAINT membership_price_per_is_known ON care.membership_price IS 'Choose month or year.';
COMMENT ON CONSTRAINT membership_price_period_has_a_beginning ON care.membership_price IS 'A price has a first day, and ends after it.';
CALL access.guard('care.membership_price', 'directory');

ALTER TABLE care.membership_plan ADD COLUMN notice_days smallint NOT NULL DEFAULT 0;
ALTER TABLE care.membership_plan ADD CONSTRAINT membership_plan_notice_is_a_year_at_most CHECK (notice_days BETWEEN 0 AND 365);
COMMENT ON COLUMN care.membership_plan.notice_days IS 'How many days before the end of a period somebody says so who leaves with it.';
COMMENT ON CONSTRAINT membership_plan_notice_is_a_year_at_most ON care.membership_plan IS 'Ask for 0 to 365 days of notice.';
