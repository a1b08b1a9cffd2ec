-- The secondary insurer is asked after the primary, and what was denied is asked for again by a claim that replaces.
--
-- A claim under a secondary coverage has only charges that a claim under each primary coverage of that day was answered
-- for. A claim that replaces another (resubmitted with what was missing, or appealed) asks, under the same coverage, for
-- at most what the first denied of each charge: what a plan lets the patient bear is no denial. A claim is replaced once,
-- and an invoice has one open claim as before, so nothing is asked for twice at once. Replaces two functions; a new column
-- of care.claim locks it for an instant. Undo: drop the columns, make both functions as they were, drop the new one.
ALTER TABLE care.claim ADD COLUMN replaces_claim_id uuid, ADD COLUMN related_as text;
ALTER TABLE care.claim
    ADD CONSTRAINT claim_is_replaced_once UNIQUE (replaces_claim_id),
    ADD CONSTRAINT claim_replaces_fkey FOREIGN KEY (patient_id, facility_id, invoice_id, replaces_claim_id)
        REFERENCES care.claim (patient_id, facility_id, invoice_id, claim_id),
    ADD CONSTRAINT claim_replaces_another CHECK (replaces_claim_id <> claim_id),
    ADD CONSTRAINT claim_related_as_is_known
        CHECK ((related_as IS NULL) = (replaces_claim_id IS NULL) AND (related_as IS NULL OR related_as IN ('resubmission', 'appeal')));
COMMENT ON COLUMN care.claim.replaces_claim_id IS 'The answered claim whose denials it asks for again; null where it is the first.';
COMMENT ON COLUMN care.claim.related_as        IS 'resubmission with what was missing, or appeal; null where it replaces none.';
COMMENT ON CONSTRAINT claim_is_replaced_once ON care.claim IS 'This claim was replaced already: replace the newer one.';
COMMENT ON CONSTRAINT claim_replaces_fkey ON care.claim IS 'Replace a claim of the same invoice.';
COMMENT ON CONSTRAINT claim_replaces_another ON care.claim IS 'A claim replaces another one.';
COMMENT ON CONSTRAINT claim_related_as_is_known ON care.claim IS 'A claim that replaces another is a resubmission or an appeal, and no other is.';

CREATE OR REPLACE FUNCTION care.check_claim_line() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    asking care.claim;
    charge care.charge;
    cover  care.coverage;
BEGIN
    SELECT * INTO asking FROM care.claim c WHERE c.claim_id = NEW.claim_id;
    SELECT * INTO charge FROM care.charge h WHERE h.charge_id = NEW.charge_id;
    SELECT * INTO cover FROM care.coverage v WHERE v.coverage_id = asking.coverage_id;
    IF (cover.covered_during @> charge.served_on) IS NOT TRUE THEN
        PERFORM care.refuse('claim_is_covered_on_the_day_of_service',
            'This coverage was not valid on the day of service.');
    END IF;
    IF cover.rank = 'secondary' AND EXISTS (
        SELECT FROM care.coverage v
        WHERE v.patient_id = NEW.patient_id AND v.rank = 'primary' AND v.covered_during @> charge.served_on
          AND NOT EXISTS (SELECT FROM care.claim_line l JOIN care.claim c USING (claim_id)
                          WHERE l.charge_id = NEW.charge_id AND c.coverage_id = v.coverage_id AND c.status = 'adjudicated'))
    THEN
        PERFORM care.refuse('claim_follows_the_primary', 'Ask the primary insurer first, and wait for its answer.');
    END IF;
    IF NEW.submitted_amount > (
        SELECT coalesce(sum(a.amount), 0) FROM care.claim_adjustment a JOIN care.adjustment_code k USING (group_code, code)
        WHERE a.claim_id = asking.replaces_claim_id AND a.charge_id = NEW.charge_id AND a.group_code = 'PR' AND k.counts_as IS NULL)
       AND asking.replaces_claim_id IS NOT NULL
    THEN
        PERFORM care.refuse('claim_replaces_what_was_denied', 'A claim that replaces another asks for what that one denied, and no more.');
    END IF;
    -- Who inserts a claim holds its invoice, so no two claims take the same rest.
    IF charge.amount
        < (SELECT sum(coalesce(l.accepted_amount + l.adjusted_amount, l.submitted_amount))
           FROM care.claim_line l WHERE l.charge_id = NEW.charge_id)
    THEN
        PERFORM care.refuse('claim_is_not_above_its_charge',
            'A charge is claimed once: ask only for what earlier claims have left.');
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION care.check_claim_line() IS 'Trigger: refuses a line that was not covered on its day, that comes before the primary insurer''s answer, or that asks for more than earlier claims left or denied.';

CREATE OR REPLACE FUNCTION care.move_claim() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM care.lock_issued_invoice(NEW.invoice_id);
    IF TG_OP = 'INSERT' AND NEW.status <> 'submitted'
       OR TG_OP = 'UPDATE' AND (
           OLD.status = 'adjudicated' AND to_jsonb(OLD) - '{version,updated_at,updated_by}'::text[]
                                       <> to_jsonb(NEW) - '{version,updated_at,updated_by}'::text[]
           OR (OLD.invoice_id, OLD.coverage_id, OLD.submitted_amount, OLD.replaces_claim_id, OLD.related_as)
              IS DISTINCT FROM (NEW.invoice_id, NEW.coverage_id, NEW.submitted_amount, NEW.replaces_claim_id, NEW.related_as))
    THEN
        PERFORM care.refuse('claim_is_answered_once',
            'A claim is submitted and answered once; submit another for what is left.');
    END IF;
    IF TG_OP = 'INSERT' AND NEW.replaces_claim_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM care.claim c WHERE c.claim_id = NEW.replaces_claim_id AND c.status = 'adjudicated' AND c.coverage_id = NEW.coverage_id)
    THEN
        PERFORM care.refuse('claim_replaces_an_answered_one', 'Replace a claim that is answered, under the same coverage.');
    END IF;
    IF TG_OP = 'INSERT' AND NEW.submitted_amount > care.ledger_balance(NEW.invoice_id, 'receivable') THEN
        PERFORM care.refuse('claim_is_not_above_what_is_due', 'Claim no more than what is still due.');
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION care.replace_claim(of_claim uuid, related text) RETURNS uuid
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    former  care.claim;
    due     numeric;
    charges uuid[];
    asked   numeric[];
    made    uuid;
BEGIN
    PERFORM FROM care.invoice JOIN care.claim USING (invoice_id) WHERE claim_id = of_claim FOR NO KEY UPDATE OF invoice;
    SELECT * INTO former FROM care.claim WHERE claim_id = of_claim AND status = 'adjudicated';
    IF NOT FOUND THEN
        PERFORM care.refuse('claim_replaces_an_answered_one', 'Replace a claim that is answered, under the same coverage.');
    END IF;
    due := care.ledger_balance(former.invoice_id, 'receivable');
    WITH denied AS (
        SELECT a.charge_id, sum(a.amount) AS amount
        FROM care.claim_adjustment a JOIN care.adjustment_code k USING (group_code, code)
        WHERE a.claim_id = of_claim AND a.group_code = 'PR' AND k.counts_as IS NULL GROUP BY a.charge_id
    ), remaining AS (
        SELECT d.charge_id, least(d.amount, h.amount - (
                   SELECT coalesce(sum(coalesce(l.accepted_amount + l.adjusted_amount, l.submitted_amount)), 0)
                   FROM care.claim_line l WHERE l.charge_id = d.charge_id)) AS amount
        FROM denied d JOIN care.charge h USING (charge_id)
    ), claimable AS (
        SELECT charge_id, least(amount, due - (sum(amount) OVER (ORDER BY charge_id) - amount)) AS amount FROM remaining
    )
    SELECT array_agg(charge_id ORDER BY charge_id), array_agg(amount ORDER BY charge_id) INTO charges, asked
    FROM claimable WHERE amount > 0;
    IF charges IS NULL THEN
        PERFORM care.refuse('claim_replaces_what_was_denied', 'Nothing that this claim denied is still due.');
    END IF;
    INSERT INTO care.claim (patient_id, facility_id, invoice_id, coverage_id, submitted_amount, replaces_claim_id, related_as)
    SELECT former.patient_id, former.facility_id, former.invoice_id, former.coverage_id, sum(amount), of_claim, related
    FROM unnest(asked) AS amount
    RETURNING claim_id INTO made;
    INSERT INTO care.claim_line (claim_id, charge_id, patient_id, facility_id, invoice_id, submitted_amount)
    SELECT made, charge, former.patient_id, former.facility_id, former.invoice_id, amount
    FROM unnest(charges, asked) AS line (charge, amount);
    INSERT INTO care.claim_diagnosis (claim_id, patient_id, facility_id, invoice_id, sequence, code)
    SELECT made, d.patient_id, d.facility_id, d.invoice_id, d.sequence, d.code FROM care.claim_diagnosis d WHERE d.claim_id = of_claim;
    INSERT INTO care.claim_line_diagnosis (claim_id, charge_id, patient_id, facility_id, invoice_id, priority, sequence)
    SELECT made, d.charge_id, d.patient_id, d.facility_id, d.invoice_id, d.priority, d.sequence
    FROM care.claim_line_diagnosis d WHERE d.claim_id = of_claim AND d.charge_id = ANY (charges);
    RETURN made;
END $$;
REVOKE EXECUTE ON FUNCTION care.replace_claim(uuid, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.replace_claim(uuid, text) TO healthtrack_care;
COMMENT ON FUNCTION care.replace_claim(uuid, text) IS 'Asks again for what a claim denied and is still due, with its diagnoses; gives the new claim''s key.';
