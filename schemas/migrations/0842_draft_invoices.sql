-- A biller writes an invoice for a visit: drafts it, adds and takes away charges while it is one, and issues it as before.
--
-- A visit has one invoice that stands: drafting it again, as a second click does, gives the one that is there. Who drafts at a
-- facility waits for who drafts there, so numbers follow each other by year. A charge bears the key of the form that adds it, and is
-- priced by the list. A draft goes with its last charge, since one without says nothing; nothing of who is under legal hold goes.
-- New functions, locks nothing. Undo: drop them.
CREATE FUNCTION care.draft_invoice(for_visit uuid, code text, times integer) RETURNS uuid
    LANGUAGE plpgsql AS $$
DECLARE
    seen  record;
    price care.charge_code;
    made  uuid;
    year  text;
BEGIN
    SELECT * INTO seen FROM access.visits_to_bill(for_visit, false, NULL, NULL, 1);
    -- What was cancelled in good time, or missed where no policy charges for it, costs nothing.
    IF NOT FOUND OR NOT seen.is_chargeable THEN
        PERFORM care.refuse('invoice_is_for_a_visit', 'Choose a visit of this facility that took place, or that is charged although it did not.');
    ELSIF seen.status <> 'completed' AND code IS DISTINCT FROM seen.usual_code THEN
        PERFORM care.refuse('missed_visit_is_charged_by_the_policy', 'Charge what the policy of the facility says of missed visits.');
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('healthtrack.invoice.' || seen.facility_id, 0));
    -- Once more: somebody may have drafted it meanwhile.
    SELECT * INTO seen FROM access.visits_to_bill(for_visit, false, NULL, NULL, 1);
    IF seen.invoice_id IS NOT NULL THEN
        RETURN seen.invoice_id;
    END IF;
    SELECT * INTO price FROM care.charge_code k WHERE k.charge_code = code;
    IF NOT FOUND THEN
        PERFORM care.refuse('charge_is_priced_by_the_list', 'Choose something of the price list.');
    END IF;
    -- The year is that of the facility's day.
    year := (SELECT to_char(now() AT TIME ZONE f.time_zone, 'YYYY') FROM care.facility f WHERE f.facility_id = seen.facility_id);
    INSERT INTO care.invoice (patient_id, facility_id, currency, number)
    SELECT seen.patient_id, seen.facility_id, price.currency, year || '-' || lpad(next.number, greatest(6, length(next.number)), '0')
    FROM (SELECT (coalesce(max(substr(i.number, 6)::integer), 0) + 1)::text AS number FROM care.invoice i
          WHERE i.facility_id = seen.facility_id AND i.number ~ ('^' || year || '-[0-9]{6,9}$')) AS next
    RETURNING invoice_id INTO made;
    INSERT INTO care.charge (patient_id, facility_id, invoice_id, appointment_id, served_on, charge_code, quantity, unit_price)
    VALUES (seen.patient_id, seen.facility_id, made, for_visit, seen.served_on, code, times, price.unit_price);
    RETURN made;
END $$;
COMMENT ON FUNCTION care.draft_invoice(uuid, text, integer) IS
    'Drafts an invoice for a visit with a first charge; the one that stands where the visit has one already. Gives its key.';
REVOKE ALL ON FUNCTION care.draft_invoice(uuid, text, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.draft_invoice(uuid, text, integer) TO healthtrack_care;

CREATE FUNCTION care.add_charge(key uuid, of_invoice uuid, code text, times integer, on_day date) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    bill  care.invoice;
    price care.charge_code;
BEGIN
    SELECT * INTO bill FROM care.invoice i WHERE i.invoice_id = of_invoice FOR SHARE;
    PERFORM access.check_change(FOUND);
    -- Of the time of its visit: a day far away is a slip, or takes a price that is no longer one.
    IF on_day > current_date + 1 OR NOT EXISTS (SELECT FROM care.charge h WHERE h.invoice_id = of_invoice
                                                AND on_day BETWEEN h.served_on - 31 AND h.served_on + 31) THEN
        PERFORM care.refuse('charge_is_of_the_time_of_the_visit', 'Charge a day within a month of this visit, and none to come.');
    END IF;
    SELECT * INTO price FROM care.charge_code k WHERE k.charge_code = code;
    IF NOT FOUND THEN
        PERFORM care.refuse('charge_is_priced_by_the_list', 'Choose something of the price list.');
    END IF;
    INSERT INTO care.charge (charge_id, patient_id, facility_id, invoice_id, appointment_id, served_on, charge_code, quantity, unit_price)
    VALUES (key, bill.patient_id, bill.facility_id, of_invoice,
            (SELECT h.appointment_id FROM care.charge h
             WHERE h.invoice_id = of_invoice AND h.appointment_id IS NOT NULL ORDER BY h.created_at LIMIT 1),
            on_day, code, times, price.unit_price);
END $$;
COMMENT ON FUNCTION care.add_charge(uuid, uuid, text, integer, date) IS
    'Adds to a draft what the list prices, under a key; of the same visit as what was charged before.';
REVOKE ALL ON FUNCTION care.add_charge(uuid, uuid, text, integer, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.add_charge(uuid, uuid, text, integer, date) TO healthtrack_care;

CREATE FUNCTION access.drop_charge(gone uuid) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    bill care.invoice;
BEGIN
    SELECT i.* INTO bill FROM care.charge h JOIN care.invoice i USING (invoice_id)
    WHERE h.charge_id = gone AND i.facility_id = ANY (access.own_facilities()) AND access.part() = 'biller' FOR UPDATE OF i;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    -- A hold that is set at this moment is waited for.
    PERFORM FROM care.patient p WHERE p.patient_id = bill.patient_id FOR SHARE;
    IF (SELECT p.legal_hold FROM care.patient p WHERE p.patient_id = bill.patient_id) THEN
        PERFORM care.refuse('row_stays_under_hold', 'This person is under legal hold: nothing of theirs is removed.');
    END IF;
    DELETE FROM care.charge h WHERE h.charge_id = gone;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    DELETE FROM care.invoice i
    WHERE i.invoice_id = bill.invoice_id AND NOT EXISTS (SELECT FROM care.charge h WHERE h.invoice_id = i.invoice_id);
    RETURN true;
END $$;
COMMENT ON FUNCTION access.drop_charge(uuid) IS
    'Takes a charge off a draft of the acting biller''s facility, and the draft with its last one; whether there was such a charge.';
REVOKE ALL ON FUNCTION access.drop_charge(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.drop_charge(uuid) TO healthtrack_care;

CALL access.publish('draft_invoice', 'appointment uuid, charge_code text, quantity integer', 'uuid', $body$
    answer := care.draft_invoice(appointment, draft_invoice.charge_code, draft_invoice.quantity);
    PERFORM access.note(me, 'create', (SELECT i.patient_id FROM care.invoice i WHERE i.invoice_id = answer),
                        'care.invoice/' || answer);$body$,
    'Drafts an invoice for a visit at the acting biller''s facility with a first charge by the price list; the one that stands where the visit has one. Gives its key.');

CALL access.publish('add_charge', 'charge uuid, invoice uuid, charge_code text, quantity integer, served_on date', 'void', $body$
    PERFORM access.note(me, 'create', (SELECT i.patient_id FROM care.invoice i WHERE i.invoice_id = invoice),
                        'care.charge/' || charge);
    PERFORM care.add_charge(charge, invoice, add_charge.charge_code, add_charge.quantity, add_charge.served_on);$body$,
    'Adds to a draft what the price list names, under a key of the form that sends it, so that the same form sent again is refused as known.');

CALL access.publish('drop_charge', 'charge uuid', 'void', $body$
    PERFORM access.note(me, 'update', (SELECT h.patient_id FROM care.charge h WHERE h.charge_id = charge), 'care.charge/' || charge);
    PERFORM access.check_change(access.drop_charge(charge));$body$,
    'Takes a charge off a draft, and the draft itself with its last charge.');
