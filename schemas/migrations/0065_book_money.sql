-- What an invoice, a claim, a payment or a refund does to the ledger, and what each may not do.
--
-- All of it hangs on the tables, so that COPY and a direct INSERT keep the same rules as the functions of 0066. Each
-- step first locks the invoice (FOR NO KEY UPDATE: two steps wait for each other, a foreign key's look does not), then
-- asks the ledger. Locks nothing by itself. Undo: drop them.
CREATE FUNCTION care.ledger_balance(of_invoice uuid, of_account text, of_claim uuid DEFAULT NULL) RETURNS numeric
    LANGUAGE sql STABLE AS $$
    SELECT coalesce(sum(e.amount), 0)
    FROM care.ledger_transaction t JOIN care.ledger_entry e USING (ledger_transaction_id)
    WHERE t.invoice_id = of_invoice AND e.account = of_account AND (of_claim IS NULL OR t.claim_id = of_claim)
$$;
COMMENT ON FUNCTION care.ledger_balance(uuid, text, uuid) IS 'What stands on an account for an invoice, or for one claim of it.';

CREATE FUNCTION care.book(
    patient uuid, facility uuid, invoice uuid, claim uuid, payment uuid, refund uuid,
    booked_kind text, accounts text[], amounts numeric[]
) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH booked AS (
        INSERT INTO care.ledger_transaction (patient_id, facility_id, invoice_id, claim_id, payment_id, refund_id, kind)
        VALUES (patient, facility, invoice, claim, payment, refund, booked_kind)
        RETURNING ledger_transaction_id
    )
    INSERT INTO care.ledger_entry (ledger_transaction_id, patient_id, facility_id, account, amount)
    SELECT ledger_transaction_id, patient, facility, account, amount
    FROM booked, unnest(accounts, amounts) AS entry (account, amount) WHERE amount <> 0
$$;
COMMENT ON FUNCTION care.book(uuid, uuid, uuid, uuid, uuid, uuid, text, text[], numeric[]) IS 'Books one transaction with its entries; for the triggers of the ledger alone.';
REVOKE EXECUTE ON FUNCTION care.book(uuid, uuid, uuid, uuid, uuid, uuid, text, text[], numeric[]) FROM PUBLIC;

CREATE FUNCTION care.lock_issued_invoice(of_invoice uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    stands text;
BEGIN
    SELECT i.status INTO stands FROM care.invoice i WHERE i.invoice_id = of_invoice FOR NO KEY UPDATE;
    IF stands IS DISTINCT FROM 'issued' THEN
        PERFORM care.refuse('invoice_is_issued',
            'Issue the invoice first; a draft and a void one take neither claims nor payments.');
    END IF;
END $$;
COMMENT ON FUNCTION care.lock_issued_invoice(uuid) IS 'Locks an invoice until the transaction ends; refuses one that is a draft or void.';
REVOKE EXECUTE ON FUNCTION care.lock_issued_invoice(uuid) FROM PUBLIC;

CREATE FUNCTION care.move_invoice() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    total numeric := (SELECT coalesce(sum(h.amount), 0) FROM care.charge h WHERE h.invoice_id = NEW.invoice_id);
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.status <> 'draft' THEN
            PERFORM care.refuse('invoice_begins_as_a_draft', 'An invoice begins as a draft.');
        END IF;
        RETURN NEW;
    END IF;
    IF (OLD.status, NEW.status) NOT IN
           (('draft', 'draft'), ('draft', 'issued'), ('issued', 'issued'), ('issued', 'void'), ('void', 'void'))
       OR OLD.status <> 'draft' AND (OLD.number, OLD.currency, OLD.issued_at, OLD.patient_id, OLD.facility_id)
                                <> (NEW.number, NEW.currency, NEW.issued_at, NEW.patient_id, NEW.facility_id)
    THEN
        PERFORM care.refuse('invoice_moves_forward',
            'A draft is issued and an issued invoice voided; nothing else of it changes.');
    END IF;
    IF OLD.status = 'draft' AND NEW.status = 'issued' AND total = 0 THEN
        PERFORM care.refuse('invoice_charges_something', 'Add a charge first: an invoice for nothing is not issued.');
    END IF;
    IF OLD.status = 'issued' AND NEW.status = 'void'
       AND care.ledger_balance(NEW.invoice_id, 'receivable') <> total
    THEN
        PERFORM care.refuse('invoice_is_void_only_when_nothing_came',
            'Refund what was paid and have open claims answered, then void the invoice.');
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.move_invoice() IS 'Trigger: an invoice goes from draft to issued to void, and keeps what it said.';
CREATE TRIGGER invoice_moves_forward BEFORE INSERT OR UPDATE ON care.invoice
    FOR EACH ROW EXECUTE FUNCTION care.move_invoice();

CREATE FUNCTION care.book_invoice() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    total numeric := (SELECT sum(h.amount) FROM care.charge h WHERE h.invoice_id = NEW.invoice_id);
BEGIN
    IF NEW.status = 'issued' THEN
        PERFORM care.book(NEW.patient_id, NEW.facility_id, NEW.invoice_id, NULL, NULL, NULL, 'issue',
                          '{receivable,revenue}', ARRAY[total, -total]);
    ELSE
        PERFORM care.book(NEW.patient_id, NEW.facility_id, NEW.invoice_id, NULL, NULL, NULL, 'void',
                          '{receivable,revenue}', ARRAY[-total, total]);
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION care.book_invoice() IS 'Trigger: books that an invoice is issued or void.';
CREATE TRIGGER invoice_is_booked AFTER UPDATE OF status ON care.invoice
    FOR EACH ROW WHEN (OLD.status <> NEW.status) EXECUTE FUNCTION care.book_invoice();

CREATE FUNCTION care.move_claim() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM care.lock_issued_invoice(NEW.invoice_id);
    IF TG_OP = 'INSERT' AND NEW.status <> 'submitted'
       OR TG_OP = 'UPDATE' AND (
           OLD.status = 'adjudicated' AND to_jsonb(OLD) - '{version,updated_at,updated_by}'::text[]
                                       <> to_jsonb(NEW) - '{version,updated_at,updated_by}'::text[]
           OR (OLD.invoice_id, OLD.coverage_id, OLD.submitted_amount)
           <> (NEW.invoice_id, NEW.coverage_id, NEW.submitted_amount))
    THEN
        PERFORM care.refuse('claim_is_answered_once',
            'A claim is submitted and answered once; submit another for what is left.');
    END IF;
    IF TG_OP = 'INSERT' AND NEW.submitted_amount > care.ledger_balance(NEW.invoice_id, 'receivable') THEN
        PERFORM care.refuse('claim_is_not_above_what_is_due', 'Claim no more than what is still due.');
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.move_claim() IS 'Trigger: a claim is submitted for what is due on an issued invoice, and answered once.';
CREATE TRIGGER claim_moves_forward BEFORE INSERT OR UPDATE ON care.claim
    FOR EACH ROW EXECUTE FUNCTION care.move_claim();

CREATE FUNCTION care.book_claim() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.status = 'submitted' THEN
        PERFORM care.book(NEW.patient_id, NEW.facility_id, NEW.invoice_id, NEW.claim_id, NULL, NULL, 'claim',
                          '{insurer_receivable,receivable}', ARRAY[NEW.submitted_amount, -NEW.submitted_amount]);
    ELSIF NEW.adjusted_amount + NEW.denied_amount > 0 THEN
        PERFORM care.book(NEW.patient_id, NEW.facility_id, NEW.invoice_id, NEW.claim_id, NULL, NULL, 'adjudication',
                          '{insurer_receivable,receivable,adjustment}',
                          ARRAY[-NEW.adjusted_amount - NEW.denied_amount, NEW.denied_amount, NEW.adjusted_amount]);
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION care.book_claim() IS 'Trigger: books that a claim is submitted or answered.';
CREATE TRIGGER claim_is_booked AFTER INSERT ON care.claim FOR EACH ROW EXECUTE FUNCTION care.book_claim();
CREATE TRIGGER claim_answer_is_booked AFTER UPDATE OF status ON care.claim
    FOR EACH ROW WHEN (OLD.status <> NEW.status) EXECUTE FUNCTION care.book_claim();

CREATE FUNCTION care.keep_claim_line() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF (SELECT c.status FROM care.claim c WHERE c.claim_id = NEW.claim_id) <> 'submitted'
       OR TG_OP = 'UPDATE' AND (OLD.claim_id, OLD.charge_id, OLD.submitted_amount)
                            <> (NEW.claim_id, NEW.charge_id, NEW.submitted_amount)
    THEN
        PERFORM care.refuse('claim_is_answered_once',
            'A claim is submitted and answered once; submit another for what is left.');
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.keep_claim_line() IS 'Trigger: the lines of a claim are answered while it is open, and never change what they ask.';
CREATE TRIGGER claim_line_is_answered_once BEFORE INSERT OR UPDATE ON care.claim_line
    FOR EACH ROW EXECUTE FUNCTION care.keep_claim_line();

CREATE FUNCTION care.check_payment() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM care.lock_issued_invoice(NEW.invoice_id);
    IF NEW.claim_id IS NOT NULL
       AND NOT EXISTS (SELECT FROM care.claim c WHERE c.claim_id = NEW.claim_id AND c.status = 'adjudicated')
    THEN
        PERFORM care.refuse('payment_follows_the_answer', 'An insurer pays after it has answered the claim.');
    END IF;
    IF NEW.amount > care.ledger_balance(
           NEW.invoice_id, (CASE NEW.payer WHEN 'patient' THEN 'receivable' ELSE 'insurer_receivable' END), NEW.claim_id)
    THEN
        PERFORM care.refuse('payment_is_not_above_what_is_due', 'This is more than what is due.');
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.check_payment() IS 'Trigger: refuses a payment above what its payer owes.';
CREATE TRIGGER payment_is_due BEFORE INSERT ON care.payment FOR EACH ROW EXECUTE FUNCTION care.check_payment();

CREATE FUNCTION care.book_payment() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM care.book(NEW.patient_id, NEW.facility_id, NEW.invoice_id, NEW.claim_id, NEW.payment_id, NULL, 'payment',
        ARRAY['cash', CASE NEW.payer WHEN 'patient' THEN 'receivable' ELSE 'insurer_receivable' END],
        ARRAY[NEW.amount::numeric, -NEW.amount::numeric]);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION care.book_payment() IS 'Trigger: books a payment.';
CREATE TRIGGER payment_is_booked AFTER INSERT ON care.payment FOR EACH ROW EXECUTE FUNCTION care.book_payment();

CREATE FUNCTION care.check_refund() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM care.lock_issued_invoice(NEW.invoice_id);
    IF NEW.amount + (SELECT coalesce(sum(r.amount), 0) FROM care.refund r WHERE r.payment_id = NEW.payment_id)
        > (SELECT p.amount FROM care.payment p WHERE p.payment_id = NEW.payment_id)
    THEN
        PERFORM care.refuse('refund_is_not_above_its_payment', 'No more goes back than came.');
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.check_refund() IS 'Trigger: refuses to give back more than came.';
CREATE TRIGGER refund_is_covered BEFORE INSERT ON care.refund FOR EACH ROW EXECUTE FUNCTION care.check_refund();

CREATE FUNCTION care.book_refund() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    claim uuid := (SELECT p.claim_id FROM care.payment p WHERE p.payment_id = NEW.payment_id);
BEGIN
    PERFORM care.book(NEW.patient_id, NEW.facility_id, NEW.invoice_id, claim, NULL, NEW.refund_id, 'refund',
        ARRAY['cash', CASE WHEN claim IS NULL THEN 'receivable' ELSE 'insurer_receivable' END],
        ARRAY[-NEW.amount::numeric, NEW.amount::numeric]);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION care.book_refund() IS 'Trigger: books a refund.';
CREATE TRIGGER refund_is_booked AFTER INSERT ON care.refund FOR EACH ROW EXECUTE FUNCTION care.book_refund();
