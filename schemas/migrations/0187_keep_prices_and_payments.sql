-- Money says what was agreed and done: prices of the list, patients who were seen, days of issue, who took a payment.
--
-- A biller writes invoices and charges. Any price could be set beside the list, an invoice written for somebody the
-- facility never saw, its due day moved after issue, and a payment booked in another's name on another day. Through
-- the portal the price of a charge is now the list's, in the invoice's currency; a discount is the owner's to enter. An
-- invoice is for a patient with an appointment or an encounter at the facility. When and by whom something was issued,
-- paid, refunded or claimed is stamped. An issued invoice keeps its due day for everybody. Locks these tables against
-- writes for an instant. Undo: drop triggers and functions.
CREATE FUNCTION care.check_price() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM care.charge_code c JOIN care.invoice i ON i.currency = c.currency
                   WHERE c.charge_code = NEW.charge_code AND i.invoice_id = NEW.invoice_id
                     AND c.unit_price = NEW.unit_price AND daterange(NULL, c.retired_on) @> NEW.served_on) THEN
        PERFORM care.refuse('charge_is_priced_by_the_list',
            'Charge what the list says on that day; ask an operator for a discount.');
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.check_price() IS 'Trigger before a charge is written through the portal: its price is that of the list.';
CREATE TRIGGER charge_is_priced_by_the_list BEFORE INSERT OR UPDATE OF charge_code, unit_price, served_on, invoice_id
    ON care.charge FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION care.check_price();

CREATE FUNCTION care.check_billed_patient() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF (NEW.patient_id = ANY (access.patients_billed())) IS NOT TRUE THEN
        PERFORM care.refuse('invoice_is_for_who_was_seen', 'This facility has seen no such patient.');
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.check_billed_patient() IS 'Trigger before an invoice is written through the portal: for a patient with an appointment or an encounter at the facility.';
CREATE TRIGGER invoice_is_for_who_was_seen BEFORE INSERT OR UPDATE OF patient_id ON care.invoice
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION care.check_billed_patient();

CREATE FUNCTION care.keep_terms() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF OLD.status = 'draft' AND NEW.status = 'issued' AND access.actor() IS NOT NULL THEN
        NEW.issued_at := now();
    ELSIF OLD.status <> 'draft' AND NEW.due_on IS DISTINCT FROM OLD.due_on THEN
        PERFORM care.refuse('invoice_stays_due_as_issued', 'An issued invoice keeps its due day: void it and write another.');
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.keep_terms() IS 'Trigger before an invoice changes: it is issued now, and keeps the day on which it is due.';
CREATE TRIGGER invoice_stays_due_as_issued BEFORE UPDATE ON care.invoice
    FOR EACH ROW EXECUTE FUNCTION care.keep_terms();

CREATE FUNCTION care.stamp_money() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF access.actor() IS NULL THEN
        RETURN NEW;  -- A program that loads what was booked elsewhere, and when.
    END IF;
    CASE TG_TABLE_NAME
        WHEN 'payment' THEN
            NEW.received_at := now();
            NEW.received_by := access.actor()::text;
        WHEN 'refund' THEN
            NEW.refunded_at := now();
            NEW.refunded_by := access.actor()::text;
        WHEN 'claim' THEN
            IF TG_OP = 'INSERT' THEN
                NEW.submitted_at := now();
                NEW.updated_at := now();
                NEW.version := 1;
                NEW.updated_by := access.actor()::text;
            ELSE
                NEW.submitted_at := OLD.submitted_at;
            END IF;
            IF NEW.adjudicated_at IS NOT NULL AND (TG_OP = 'INSERT' OR OLD.adjudicated_at IS NULL) THEN
                NEW.adjudicated_at := now();
            END IF;
    END CASE;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.stamp_money() IS 'Trigger before money is booked: what an account books bears its name and the present time.';
CREATE TRIGGER payment_is_stamped BEFORE INSERT ON care.payment FOR EACH ROW EXECUTE FUNCTION care.stamp_money();
CREATE TRIGGER refund_is_stamped BEFORE INSERT ON care.refund FOR EACH ROW EXECUTE FUNCTION care.stamp_money();
CREATE TRIGGER claim_is_stamped BEFORE INSERT OR UPDATE ON care.claim FOR EACH ROW EXECUTE FUNCTION care.stamp_money();
