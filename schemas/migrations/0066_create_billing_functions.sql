-- What a biller does, each in one call that is safe to repeat after a lost answer.
--
-- They run with the caller's rights, so a biller reaches the own facility's invoices and no other. Each locks its
-- invoice first: the same payment key from eight clients at once is one payment and eight equal answers. Locks nothing
-- by itself. Undo: drop them.
CREATE FUNCTION care.issue_invoice(of_invoice uuid, due date) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    UPDATE care.invoice SET status = 'issued', issued_at = now(), due_on = due
    WHERE invoice_id = of_invoice AND status = 'draft';
    IF NOT FOUND THEN
        PERFORM care.refuse('invoice_is_a_draft', 'There is no such draft: it may be issued already.');
    END IF;
END $$;
COMMENT ON FUNCTION care.issue_invoice(uuid, date) IS 'Issues a draft; from then on its charges stay, and the ledger says what is due.';

CREATE FUNCTION care.void_invoice(of_invoice uuid) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    UPDATE care.invoice SET status = 'void' WHERE invoice_id = of_invoice AND status = 'issued';
    IF NOT FOUND THEN
        PERFORM care.refuse('invoice_is_issued', 'There is no such issued invoice: it may be void already.');
    END IF;
END $$;
COMMENT ON FUNCTION care.void_invoice(uuid) IS 'Takes an issued invoice back, while nothing was paid or all of it was refunded.';

CREATE FUNCTION care.submit_claim(of_invoice uuid, under_coverage uuid) RETURNS uuid
    LANGUAGE plpgsql AS $$
DECLARE
    bill    care.invoice;
    due     numeric;
    charges uuid[];
    asked   numeric[];
    made    uuid;
BEGIN
    SELECT * INTO bill FROM care.invoice WHERE invoice_id = of_invoice FOR NO KEY UPDATE;
    due := care.ledger_balance(of_invoice, 'receivable');
    -- Each covered charge asks for what earlier claims have left of it, all together for what is still due.
    WITH remaining AS (
        SELECT h.charge_id, h.amount - coalesce((
                   SELECT sum(coalesce(l.accepted_amount + l.adjusted_amount, l.submitted_amount))
                   FROM care.claim_line l WHERE l.charge_id = h.charge_id), 0) AS amount
        FROM care.charge h JOIN care.coverage v ON v.patient_id = h.patient_id
        WHERE h.invoice_id = of_invoice AND v.coverage_id = under_coverage AND v.covered_during @> h.served_on
    ), claimable AS (
        SELECT charge_id, least(amount, due - (sum(amount) OVER (ORDER BY charge_id) - amount)) AS amount FROM remaining
    )
    SELECT array_agg(charge_id ORDER BY charge_id), array_agg(amount ORDER BY charge_id) INTO charges, asked
    FROM claimable WHERE amount > 0;
    IF charges IS NULL THEN
        PERFORM care.refuse('claim_is_covered_on_the_day_of_service',
            'Nothing that is due was covered on its day of service.');
    END IF;
    INSERT INTO care.claim (patient_id, facility_id, invoice_id, coverage_id, submitted_amount)
    SELECT bill.patient_id, bill.facility_id, bill.invoice_id, under_coverage, sum(amount) FROM unnest(asked) AS amount
    RETURNING claim_id INTO made;
    INSERT INTO care.claim_line (claim_id, charge_id, patient_id, facility_id, invoice_id, submitted_amount)
    SELECT made, charge, bill.patient_id, bill.facility_id, bill.invoice_id, amount
    FROM unnest(charges, asked) AS line (charge, amount);
    RETURN made;
END $$;
COMMENT ON FUNCTION care.submit_claim(uuid, uuid) IS 'Claims all that is still due and was covered on its day of service; gives the claim''s key.';

CREATE FUNCTION care.adjudicate_claim(of_claim uuid, charges uuid[], accepted numeric[], adjusted numeric[]) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM care.invoice JOIN care.claim USING (invoice_id) WHERE claim_id = of_claim FOR NO KEY UPDATE OF invoice;
    IF NOT EXISTS (SELECT FROM care.claim WHERE claim_id = of_claim AND status = 'submitted') THEN
        PERFORM care.refuse('claim_is_answered_once', 'There is no such open claim: it may be answered already.');
    END IF;
    IF (SELECT array_agg(charge_id ORDER BY charge_id) FROM care.claim_line WHERE claim_id = of_claim)
        IS DISTINCT FROM (SELECT array_agg(charge ORDER BY charge) FROM unnest(charges) AS charge)
    THEN
        PERFORM care.refuse('claim_answer_is_whole', 'An answer names each charge of the claim once.');
    END IF;
    UPDATE care.claim_line SET accepted_amount = answer.accepted, adjusted_amount = answer.adjusted
    FROM unnest(charges, accepted, adjusted) AS answer (charge, accepted, adjusted)
    WHERE claim_id = of_claim AND charge_id = answer.charge;
    UPDATE care.claim SET status = 'adjudicated', adjudicated_at = now(), accepted_amount = answer.accepted,
                          adjusted_amount = answer.adjusted, denied_amount = answer.denied
    FROM (SELECT sum(accepted_amount) AS accepted, sum(adjusted_amount) AS adjusted, sum(denied_amount) AS denied
          FROM care.claim_line WHERE claim_id = of_claim) AS answer
    WHERE claim_id = of_claim;
END $$;
COMMENT ON FUNCTION care.adjudicate_claim(uuid, uuid[], numeric[], numeric[]) IS 'Takes in the insurer''s answer: for each charge of the claim what is accepted and what is adjusted; the rest is denied.';

CREATE FUNCTION care.pay(
    payment_key text, of_invoice uuid, paid numeric, by_method text, token text DEFAULT NULL, for_claim uuid DEFAULT NULL
) RETURNS uuid
    LANGUAGE plpgsql AS $$
DECLARE
    bill care.invoice;
    made care.payment;
BEGIN
    SELECT * INTO bill FROM care.invoice WHERE invoice_id = of_invoice FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM care.refuse('invoice_is_issued', 'There is no such invoice.');
    END IF;
    SELECT * INTO made FROM care.payment WHERE facility_id = bill.facility_id AND idempotency_key = payment_key;
    IF NOT FOUND THEN
        INSERT INTO care.payment (patient_id, facility_id, invoice_id, claim_id, amount, payer, method,
                                  idempotency_key, processor_token)
        VALUES (bill.patient_id, bill.facility_id, of_invoice, for_claim, paid,
                CASE WHEN for_claim IS NULL THEN 'patient' ELSE 'insurer' END, by_method, payment_key, token)
        RETURNING * INTO made;
    END IF;
    IF (made.invoice_id, made.amount, made.method) IS DISTINCT FROM (of_invoice, paid::care.amount, by_method)
       OR (made.claim_id, made.processor_token) IS DISTINCT FROM (for_claim, token)
    THEN
        PERFORM care.refuse('payment_key_is_used_once', 'This key belongs to another payment: make a new one.');
    END IF;
    RETURN made.payment_id;
END $$;
COMMENT ON FUNCTION care.pay(text, uuid, numeric, text, text, uuid) IS 'Books a payment; the same key with the same content again changes nothing and gives the same answer.';

CREATE FUNCTION care.refund(refund_key text, of_payment uuid, given_back numeric, because text) RETURNS uuid
    LANGUAGE plpgsql AS $$
DECLARE
    came care.payment;
    made care.refund;
BEGIN
    SELECT * INTO came FROM care.payment WHERE payment_id = of_payment;
    IF NOT FOUND THEN
        PERFORM care.refuse('refund_payment_fkey', 'There is no such payment.');
    END IF;
    PERFORM FROM care.invoice WHERE invoice_id = came.invoice_id FOR NO KEY UPDATE;
    SELECT * INTO made FROM care.refund WHERE facility_id = came.facility_id AND idempotency_key = refund_key;
    IF NOT FOUND THEN
        INSERT INTO care.refund (patient_id, facility_id, invoice_id, payment_id, amount, reason, idempotency_key)
        VALUES (came.patient_id, came.facility_id, came.invoice_id, of_payment, given_back, because, refund_key)
        RETURNING * INTO made;
    END IF;
    IF (made.payment_id, made.amount, made.reason) IS DISTINCT FROM (of_payment, given_back::care.amount, because) THEN
        PERFORM care.refuse('refund_key_is_used_once', 'This key belongs to another refund: make a new one.');
    END IF;
    RETURN made.refund_id;
END $$;
COMMENT ON FUNCTION care.refund(text, uuid, numeric, text) IS 'Gives money of a payment back; the same key with the same content again changes nothing and gives the same answer.';
