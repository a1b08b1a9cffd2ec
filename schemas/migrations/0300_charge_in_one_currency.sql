-- The currency of a charge: that of its price in the list, and that of its invoice.
--
-- A charge had none of its own, so the owner's programs could put what is priced in EUR on an invoice in USD, and its sum
-- was of neither. What stands already takes the currency of its invoice, in which it was booked. Rewrites care.charge;
-- locks it and care.invoice meanwhile. Undo: drop the constraint, trigger, function and column, and take the condition
-- on the currency back into care.check_price().
ALTER TABLE care.invoice ADD CONSTRAINT invoice_id_with_currency_is_unique UNIQUE (invoice_id, currency);
COMMENT ON CONSTRAINT invoice_id_with_currency_is_unique ON care.invoice IS 'This invoice is known already.';

ALTER TABLE care.charge DISABLE TRIGGER USER;
ALTER TABLE care.charge ADD COLUMN currency care.currency;
COMMENT ON COLUMN care.charge.currency IS 'Currency of its price, by the list; its invoice has the same.';
UPDATE care.charge AS known SET currency = bill.currency FROM care.invoice AS bill WHERE bill.invoice_id = known.invoice_id;
ALTER TABLE care.charge ALTER COLUMN currency SET NOT NULL;
ALTER TABLE care.charge ENABLE TRIGGER USER;

CREATE FUNCTION care.fill_charge_currency() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- An unknown code is told of by its own constraint; XXX is ISO 4217's code for no currency.
    NEW.currency := coalesce((SELECT c.currency FROM care.charge_code c WHERE c.charge_code = NEW.charge_code), 'XXX');
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.fill_charge_currency() IS 'Trigger before a charge is written: it has the currency of its price in the list.';
CREATE TRIGGER charge_has_the_currency_of_its_price BEFORE INSERT OR UPDATE OF charge_code, currency ON care.charge
    FOR EACH ROW EXECUTE FUNCTION care.fill_charge_currency();
COMMENT ON TRIGGER charge_has_the_currency_of_its_price ON care.charge IS 'Trigger before a charge is written: it has the currency of its price in the list.';

ALTER TABLE care.charge ADD CONSTRAINT charge_currency_is_its_invoices
    FOREIGN KEY (invoice_id, currency) REFERENCES care.invoice (invoice_id, currency);
COMMENT ON CONSTRAINT charge_currency_is_its_invoices ON care.charge IS 'Charge in the currency of the invoice: start another invoice for another currency.';

CREATE OR REPLACE FUNCTION care.check_price() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM care.charge_code c
                   WHERE c.charge_code = NEW.charge_code
                     AND c.unit_price = NEW.unit_price AND daterange(NULL, c.retired_on) @> NEW.served_on) THEN
        PERFORM care.refuse('charge_is_priced_by_the_list',
            'Charge what the list says on that day; ask an operator for a discount.');
    END IF;
    RETURN NEW;
END $$;
