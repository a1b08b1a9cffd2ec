-- Claims: what an insurer is asked to pay of an invoice, charge by charge, and what it answers.
--
-- Of one invoice one claim is open at a time, so the secondary insurer is asked for what the primary has left. Each line
-- must be covered on its day of service. What the insurer leaves is either denied, and then the patient's, or adjusted,
-- and then nobody's: a contract's discount. New tables; foreign keys lock their targets for an instant. Undo: drop them.
CREATE TABLE care.claim (
    claim_id         uuid           NOT NULL DEFAULT gen_random_uuid(),
    patient_id       uuid           NOT NULL,
    facility_id      uuid           NOT NULL,
    invoice_id       uuid           NOT NULL,
    coverage_id      uuid           NOT NULL,
    submitted_at     timestamptz    NOT NULL DEFAULT now(),
    adjudicated_at   timestamptz,
    updated_at       timestamptz    NOT NULL DEFAULT now(),
    version          integer        NOT NULL DEFAULT 1,
    submitted_amount numeric(14, 2) NOT NULL,
    accepted_amount  numeric(14, 2),
    adjusted_amount  numeric(14, 2),
    denied_amount    numeric(14, 2),
    status           text           NOT NULL DEFAULT 'submitted',
    updated_by       text           NOT NULL DEFAULT session_user,

    CONSTRAINT claim_pkey PRIMARY KEY (claim_id),
    CONSTRAINT claim_id_with_patient_is_unique UNIQUE (patient_id, facility_id, invoice_id, claim_id),
    CONSTRAINT claim_id_with_coverage_is_unique UNIQUE (patient_id, coverage_id, claim_id),
    CONSTRAINT claim_invoice_fkey FOREIGN KEY (patient_id, facility_id, invoice_id)
        REFERENCES care.invoice (patient_id, facility_id, invoice_id),
    CONSTRAINT claim_coverage_fkey FOREIGN KEY (patient_id, coverage_id)
        REFERENCES care.coverage (patient_id, coverage_id),
    CONSTRAINT claim_status_is_known CHECK (status IN ('submitted', 'adjudicated')),
    CONSTRAINT claim_asks_for_something CHECK (submitted_amount > 0),
    CONSTRAINT claim_is_dated_once_adjudicated CHECK ((status = 'adjudicated') = (adjudicated_at IS NOT NULL)),
    CONSTRAINT claim_answer_is_whole CHECK (
        (status = 'adjudicated') = (num_nonnulls(accepted_amount, adjusted_amount, denied_amount) = 3)
        AND num_nonnulls(accepted_amount, adjusted_amount, denied_amount) IN (0, 3)
    ),
    CONSTRAINT claim_amounts_add_up CHECK (
        accepted_amount >= 0 AND adjusted_amount >= 0 AND denied_amount >= 0
        AND accepted_amount + adjusted_amount + denied_amount = submitted_amount
    ),
    CONSTRAINT claim_is_open_once EXCLUDE USING gist (invoice_id WITH =) WHERE (status = 'submitted')
);
CREATE INDEX claim_invoice_idx ON care.claim (invoice_id);
CREATE TRIGGER claim_is_touched BEFORE UPDATE ON care.claim FOR EACH ROW EXECUTE FUNCTION care.touch();
COMMENT ON TABLE  care.claim                  IS 'What an insurer is asked to pay of an invoice, and its answer.';
COMMENT ON COLUMN care.claim.claim_id         IS 'Key.';
COMMENT ON COLUMN care.claim.patient_id       IS 'For whom; the invoice''s patient.';
COMMENT ON COLUMN care.claim.facility_id      IS 'Who asks; the invoice''s facility.';
COMMENT ON COLUMN care.claim.invoice_id       IS 'Of which invoice.';
COMMENT ON COLUMN care.claim.coverage_id      IS 'Under which coverage of this patient.';
COMMENT ON COLUMN care.claim.submitted_at     IS 'When it was submitted.';
COMMENT ON COLUMN care.claim.adjudicated_at   IS 'When the insurer answered; null until then.';
COMMENT ON COLUMN care.claim.updated_at       IS 'When it was last changed.';
COMMENT ON COLUMN care.claim.version          IS 'Raised by each change.';
COMMENT ON COLUMN care.claim.submitted_amount IS 'What was asked for: the sum of its lines.';
COMMENT ON COLUMN care.claim.accepted_amount  IS 'What the insurer pays; null until it answers.';
COMMENT ON COLUMN care.claim.adjusted_amount  IS 'What nobody pays, by contract with the insurer; null until it answers.';
COMMENT ON COLUMN care.claim.denied_amount    IS 'What falls back to the patient; null until it answers.';
COMMENT ON COLUMN care.claim.status           IS 'submitted or adjudicated.';
COMMENT ON COLUMN care.claim.updated_by       IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT claim_pkey ON care.claim IS 'This claim is known already.';
COMMENT ON CONSTRAINT claim_id_with_patient_is_unique ON care.claim IS 'This claim is known already.';
COMMENT ON CONSTRAINT claim_id_with_coverage_is_unique ON care.claim IS 'This claim is known already.';
COMMENT ON CONSTRAINT claim_invoice_fkey ON care.claim IS 'Choose an invoice of this patient and facility.';
COMMENT ON CONSTRAINT claim_coverage_fkey ON care.claim IS 'Choose a coverage of this patient.';
COMMENT ON CONSTRAINT claim_status_is_known ON care.claim IS 'Choose submitted or adjudicated.';
COMMENT ON CONSTRAINT claim_asks_for_something ON care.claim IS 'A claim asks for more than nothing.';
COMMENT ON CONSTRAINT claim_is_dated_once_adjudicated ON care.claim IS 'A claim has a day of answer once it is adjudicated, and not before.';
COMMENT ON CONSTRAINT claim_answer_is_whole ON care.claim IS 'An adjudicated claim says what is accepted, adjusted and denied, and no other says any of it.';
COMMENT ON CONSTRAINT claim_amounts_add_up ON care.claim IS 'Accepted, adjusted and denied together are what was submitted.';
COMMENT ON CONSTRAINT claim_is_open_once ON care.claim IS 'This invoice has a claim that is not answered yet.';

CREATE TABLE care.claim_line (
    claim_id         uuid           NOT NULL,
    charge_id        uuid           NOT NULL,
    patient_id       uuid           NOT NULL,
    facility_id      uuid           NOT NULL,
    invoice_id       uuid           NOT NULL,
    submitted_amount numeric(14, 2) NOT NULL,
    accepted_amount  numeric(14, 2),
    adjusted_amount  numeric(14, 2),
    denied_amount    numeric(14, 2) GENERATED ALWAYS AS (submitted_amount - accepted_amount - adjusted_amount) STORED,

    CONSTRAINT claim_line_pkey PRIMARY KEY (claim_id, charge_id),
    CONSTRAINT claim_line_claim_fkey FOREIGN KEY (patient_id, facility_id, invoice_id, claim_id)
        REFERENCES care.claim (patient_id, facility_id, invoice_id, claim_id),
    CONSTRAINT claim_line_charge_fkey FOREIGN KEY (patient_id, facility_id, invoice_id, charge_id)
        REFERENCES care.charge (patient_id, facility_id, invoice_id, charge_id),
    CONSTRAINT claim_line_asks_for_something CHECK (submitted_amount > 0),
    CONSTRAINT claim_line_answer_is_whole CHECK (num_nonnulls(accepted_amount, adjusted_amount) IN (0, 2)),
    CONSTRAINT claim_line_amounts_add_up CHECK (
        accepted_amount >= 0 AND adjusted_amount >= 0 AND accepted_amount + adjusted_amount <= submitted_amount
    )
);
CREATE INDEX claim_line_charge_idx ON care.claim_line (charge_id);
CREATE INDEX claim_line_patient_idx ON care.claim_line (patient_id);
COMMENT ON TABLE  care.claim_line                  IS 'One charge on a claim, and the insurer''s answer to it.';
COMMENT ON COLUMN care.claim_line.claim_id         IS 'On which claim.';
COMMENT ON COLUMN care.claim_line.charge_id        IS 'Which charge of the same invoice.';
COMMENT ON COLUMN care.claim_line.patient_id       IS 'For whom; the claim''s patient.';
COMMENT ON COLUMN care.claim_line.facility_id      IS 'Who asks; the claim''s facility.';
COMMENT ON COLUMN care.claim_line.invoice_id       IS 'The invoice of both.';
COMMENT ON COLUMN care.claim_line.submitted_amount IS 'What was asked for.';
COMMENT ON COLUMN care.claim_line.accepted_amount  IS 'What the insurer pays; null until it answers.';
COMMENT ON COLUMN care.claim_line.adjusted_amount  IS 'What nobody pays, by contract; null until the insurer answers.';
COMMENT ON COLUMN care.claim_line.denied_amount    IS 'What falls back to the patient: the rest; null until the insurer answers.';
COMMENT ON CONSTRAINT claim_line_pkey ON care.claim_line IS 'This charge is on the claim already.';
COMMENT ON CONSTRAINT claim_line_claim_fkey ON care.claim_line IS 'Choose a claim of this invoice.';
COMMENT ON CONSTRAINT claim_line_charge_fkey ON care.claim_line IS 'Choose a charge of this invoice.';
COMMENT ON CONSTRAINT claim_line_asks_for_something ON care.claim_line IS 'A line of a claim asks for more than nothing.';
COMMENT ON CONSTRAINT claim_line_answer_is_whole ON care.claim_line IS 'An answer says what is accepted and what is adjusted.';
COMMENT ON CONSTRAINT claim_line_amounts_add_up ON care.claim_line IS 'An insurer answers with amounts between nothing and what was asked for.';

CREATE FUNCTION care.check_claim_line() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM care.charge h, care.claim c JOIN care.coverage v USING (coverage_id)
        WHERE h.charge_id = NEW.charge_id AND c.claim_id = NEW.claim_id AND v.covered_during @> h.served_on
    ) THEN
        PERFORM care.refuse('claim_is_covered_on_the_day_of_service',
            'This coverage was not valid on the day of service.');
    END IF;
    -- Who inserts a claim holds its invoice, so no two claims take the same rest.
    IF (SELECT h.amount FROM care.charge h WHERE h.charge_id = NEW.charge_id)
        < (SELECT sum(coalesce(l.accepted_amount + l.adjusted_amount, l.submitted_amount))
           FROM care.claim_line l WHERE l.charge_id = NEW.charge_id)
    THEN
        PERFORM care.refuse('claim_is_not_above_its_charge',
            'A charge is claimed once: ask only for what earlier claims have left.');
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION care.check_claim_line() IS 'Trigger: refuses a line that was not covered on its day, or that asks for more than earlier claims left.';
CREATE TRIGGER claim_line_is_claimable AFTER INSERT ON care.claim_line
    FOR EACH ROW EXECUTE FUNCTION care.check_claim_line();

CREATE FUNCTION care.check_claim_sum() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM care.claim_line l JOIN care.claim c USING (claim_id) WHERE c.claim_id = NEW.claim_id
        GROUP BY c.claim_id
        HAVING sum(l.submitted_amount) = c.submitted_amount
           AND sum(l.accepted_amount) IS NOT DISTINCT FROM c.accepted_amount
           AND sum(l.adjusted_amount) IS NOT DISTINCT FROM c.adjusted_amount
           AND bool_and((l.accepted_amount IS NOT NULL) = (c.status = 'adjudicated'))
    ) THEN
        PERFORM care.refuse('claim_is_the_sum_of_its_lines', 'The amounts of a claim are the sums of its lines.');
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION care.check_claim_sum() IS 'Deferred trigger: a claim''s amounts are the sums of its lines when the transaction ends.';
CREATE CONSTRAINT TRIGGER claim_is_the_sum_of_its_lines AFTER INSERT OR UPDATE ON care.claim
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION care.check_claim_sum();
CREATE CONSTRAINT TRIGGER claim_line_adds_up_to_its_claim AFTER INSERT OR UPDATE ON care.claim_line
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION care.check_claim_sum();
COMMENT ON CONSTRAINT claim_is_the_sum_of_its_lines ON care.claim IS 'The amounts of a claim are the sums of its lines.';
COMMENT ON CONSTRAINT claim_line_adds_up_to_its_claim ON care.claim_line IS 'The amounts of a claim are the sums of its lines.';

CALL access.guard('care.claim', 'billing');
CALL access.guard('care.claim_line', 'billing');
