-- Invoices and their charges: what was done for a patient, and what it costs.
--
-- A charge can be changed while its invoice is a draft and never after; whoever was wrong voids the invoice and writes
-- another. Who adds a charge locks the invoice in share mode and who issues it locks it for change, so no charge slips
-- in beside the issue. All that hangs on an invoice carries patient and facility in its key. New tables; foreign keys
-- lock their targets for an instant. Undo: drop them.
CREATE TABLE care.charge_code (
    retired_on  date,
    charge_code text          NOT NULL,
    title       text          NOT NULL,
    unit_price  care.amount   NOT NULL,
    currency    care.currency NOT NULL,

    CONSTRAINT charge_code_pkey PRIMARY KEY (charge_code),
    CONSTRAINT charge_code_is_a_code CHECK (charge_code ~ '^[A-Z0-9][A-Z0-9-]{1,19}$'),
    CONSTRAINT charge_code_title_is_some CHECK (title ~ '\S'),
    CONSTRAINT charge_code_price_is_not_negative CHECK (unit_price >= 0)
);
COMMENT ON TABLE  care.charge_code             IS 'What can be charged, and what it usually costs.';
COMMENT ON COLUMN care.charge_code.retired_on  IS 'First day on which it is not used any more; null while it is.';
COMMENT ON COLUMN care.charge_code.charge_code IS 'Stable code of the network''s own list.';
COMMENT ON COLUMN care.charge_code.title       IS 'A few words for a person.';
COMMENT ON COLUMN care.charge_code.unit_price  IS 'Usual price of one.';
COMMENT ON COLUMN care.charge_code.currency    IS 'Currency of that price.';
COMMENT ON CONSTRAINT charge_code_pkey ON care.charge_code IS 'This charge code is known already.';
COMMENT ON CONSTRAINT charge_code_is_a_code ON care.charge_code IS 'A charge code has 2 to 20 capital letters, digits and hyphens.';
COMMENT ON CONSTRAINT charge_code_title_is_some ON care.charge_code IS 'Give the charge code a title.';
COMMENT ON CONSTRAINT charge_code_price_is_not_negative ON care.charge_code IS 'A price is not negative.';

CREATE TABLE care.invoice (
    invoice_id  uuid          NOT NULL DEFAULT gen_random_uuid(),
    patient_id  uuid          NOT NULL,
    facility_id uuid          NOT NULL,
    issued_at   timestamptz,
    created_at  timestamptz   NOT NULL DEFAULT now(),
    updated_at  timestamptz   NOT NULL DEFAULT now(),
    version     integer       NOT NULL DEFAULT 1,
    due_on      date,
    currency    care.currency NOT NULL DEFAULT 'USD',
    status      text          NOT NULL DEFAULT 'draft',
    number      text          NOT NULL,
    updated_by  text          NOT NULL DEFAULT session_user,

    CONSTRAINT invoice_pkey PRIMARY KEY (invoice_id),
    CONSTRAINT invoice_id_with_patient_is_unique UNIQUE (patient_id, facility_id, invoice_id),
    CONSTRAINT invoice_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT invoice_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility (facility_id),
    CONSTRAINT invoice_number_is_unique_in_its_facility UNIQUE (facility_id, number),
    CONSTRAINT invoice_number_is_a_number CHECK (number ~ '^[A-Z0-9][A-Z0-9-]{0,39}$'),
    CONSTRAINT invoice_status_is_known CHECK (status IN ('draft', 'issued', 'void')),
    CONSTRAINT invoice_is_dated_once_issued CHECK ((status = 'draft') = (issued_at IS NULL)),
    CONSTRAINT invoice_is_due_once_issued CHECK ((issued_at IS NULL) = (due_on IS NULL))
);
CREATE TRIGGER invoice_is_touched BEFORE UPDATE ON care.invoice FOR EACH ROW EXECUTE FUNCTION care.touch();
COMMENT ON TABLE  care.invoice             IS 'What a facility asks of a patient for what was done.';
COMMENT ON COLUMN care.invoice.invoice_id  IS 'Key.';
COMMENT ON COLUMN care.invoice.patient_id  IS 'For whom something was done.';
COMMENT ON COLUMN care.invoice.facility_id IS 'Who asks.';
COMMENT ON COLUMN care.invoice.issued_at   IS 'When it was issued; null while a draft.';
COMMENT ON COLUMN care.invoice.created_at  IS 'When the row was made.';
COMMENT ON COLUMN care.invoice.updated_at  IS 'When it was last changed.';
COMMENT ON COLUMN care.invoice.version     IS 'Raised by each change.';
COMMENT ON COLUMN care.invoice.due_on      IS 'Until when it is to be paid; null while a draft.';
COMMENT ON COLUMN care.invoice.currency    IS 'Currency of all its amounts, payments included.';
COMMENT ON COLUMN care.invoice.status      IS 'draft, issued or void; whether it is paid says the ledger (care.invoice_balance).';
COMMENT ON COLUMN care.invoice.number      IS 'Its number, unique in its facility.';
COMMENT ON COLUMN care.invoice.updated_by  IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT invoice_pkey ON care.invoice IS 'This invoice is known already.';
COMMENT ON CONSTRAINT invoice_id_with_patient_is_unique ON care.invoice IS 'This invoice is known already.';
COMMENT ON CONSTRAINT invoice_patient_fkey ON care.invoice IS 'Register the patient first.';
COMMENT ON CONSTRAINT invoice_facility_fkey ON care.invoice IS 'Choose one of the network''s facilities.';
COMMENT ON CONSTRAINT invoice_number_is_unique_in_its_facility ON care.invoice IS 'This facility has an invoice with that number already.';
COMMENT ON CONSTRAINT invoice_number_is_a_number ON care.invoice IS 'An invoice number has up to 40 capital letters, digits and hyphens.';
COMMENT ON CONSTRAINT invoice_status_is_known ON care.invoice IS 'Choose draft, issued or void.';
COMMENT ON CONSTRAINT invoice_is_dated_once_issued ON care.invoice IS 'An invoice has a day of issue unless it is a draft.';
COMMENT ON CONSTRAINT invoice_is_due_once_issued ON care.invoice IS 'An invoice has a day on which it is due unless it is a draft.';

CREATE TABLE care.charge (
    charge_id      uuid        NOT NULL DEFAULT gen_random_uuid(),
    patient_id     uuid        NOT NULL,
    facility_id    uuid        NOT NULL,
    invoice_id     uuid        NOT NULL,
    appointment_id uuid,
    encounter_id   uuid,
    created_at     timestamptz NOT NULL DEFAULT now(),
    updated_at     timestamptz NOT NULL DEFAULT now(),
    version        integer     NOT NULL DEFAULT 1,
    quantity       integer     NOT NULL DEFAULT 1,
    served_on      date        NOT NULL,
    charge_code    text        NOT NULL,
    unit_price     care.amount NOT NULL,
    amount         numeric(14, 2) NOT NULL GENERATED ALWAYS AS (quantity * unit_price::numeric) STORED,
    updated_by     text        NOT NULL DEFAULT session_user,

    CONSTRAINT charge_pkey PRIMARY KEY (charge_id),
    CONSTRAINT charge_id_with_patient_is_unique UNIQUE (patient_id, facility_id, invoice_id, charge_id),
    CONSTRAINT charge_invoice_fkey FOREIGN KEY (patient_id, facility_id, invoice_id)
        REFERENCES care.invoice (patient_id, facility_id, invoice_id),
    CONSTRAINT charge_appointment_fkey FOREIGN KEY (patient_id, appointment_id)
        REFERENCES care.appointment (patient_id, appointment_id),
    CONSTRAINT charge_encounter_fkey FOREIGN KEY (patient_id, encounter_id)
        REFERENCES care.encounter (patient_id, encounter_id),
    CONSTRAINT charge_code_fkey FOREIGN KEY (charge_code) REFERENCES care.charge_code (charge_code),
    CONSTRAINT charge_quantity_is_positive CHECK (quantity BETWEEN 1 AND 10000),
    CONSTRAINT charge_price_is_not_negative CHECK (unit_price >= 0)
);
CREATE INDEX charge_invoice_idx ON care.charge (invoice_id);
CREATE INDEX charge_appointment_idx ON care.charge (patient_id, appointment_id) WHERE appointment_id IS NOT NULL;
CREATE INDEX charge_encounter_idx ON care.charge (patient_id, encounter_id) WHERE encounter_id IS NOT NULL;
CREATE TRIGGER charge_is_touched BEFORE UPDATE ON care.charge FOR EACH ROW EXECUTE FUNCTION care.touch();
COMMENT ON TABLE  care.charge                IS 'A line of an invoice.';
COMMENT ON COLUMN care.charge.charge_id      IS 'Key.';
COMMENT ON COLUMN care.charge.patient_id     IS 'For whom it was done; the invoice''s patient.';
COMMENT ON COLUMN care.charge.facility_id    IS 'Who did it; the invoice''s facility.';
COMMENT ON COLUMN care.charge.invoice_id     IS 'On which invoice it stands.';
COMMENT ON COLUMN care.charge.appointment_id IS 'In which appointment of this patient it was done; null where in none.';
COMMENT ON COLUMN care.charge.encounter_id   IS 'In which encounter of this patient it was done; null where in none.';
COMMENT ON COLUMN care.charge.created_at     IS 'When the row was made.';
COMMENT ON COLUMN care.charge.updated_at     IS 'When it was last changed.';
COMMENT ON COLUMN care.charge.version        IS 'Raised by each change.';
COMMENT ON COLUMN care.charge.quantity       IS 'How many.';
COMMENT ON COLUMN care.charge.served_on      IS 'On which day it was done: what decides which coverage pays.';
COMMENT ON COLUMN care.charge.charge_code    IS 'What was done.';
COMMENT ON COLUMN care.charge.unit_price     IS 'Price of one, in the invoice''s currency.';
COMMENT ON COLUMN care.charge.amount         IS 'quantity × unit_price.';
COMMENT ON COLUMN care.charge.updated_by     IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT charge_pkey ON care.charge IS 'This charge is known already.';
COMMENT ON CONSTRAINT charge_id_with_patient_is_unique ON care.charge IS 'This charge is known already.';
COMMENT ON CONSTRAINT charge_invoice_fkey ON care.charge IS 'Choose an invoice of this patient and facility.';
COMMENT ON CONSTRAINT charge_appointment_fkey ON care.charge IS 'Choose an appointment of this patient.';
COMMENT ON CONSTRAINT charge_encounter_fkey ON care.charge IS 'Choose an encounter of this patient.';
COMMENT ON CONSTRAINT charge_code_fkey ON care.charge IS 'Choose one of the known charge codes.';
COMMENT ON CONSTRAINT charge_quantity_is_positive ON care.charge IS 'Charge one to ten thousand of something.';
COMMENT ON CONSTRAINT charge_price_is_not_negative ON care.charge IS 'A price is not negative.';

CREATE FUNCTION care.charge_only_drafts() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    invoice uuid;
    stands  text;
BEGIN
    FOREACH invoice IN ARRAY
        CASE TG_OP WHEN 'INSERT' THEN ARRAY[NEW.invoice_id] WHEN 'DELETE' THEN ARRAY[OLD.invoice_id]
                   ELSE ARRAY[OLD.invoice_id, NEW.invoice_id] END
    LOOP
        -- Waits for whoever issues it in this moment, and then sees that it is issued.
        SELECT i.status INTO stands FROM care.invoice i WHERE i.invoice_id = invoice FOR SHARE;
        IF stands <> 'draft' THEN
            PERFORM care.refuse('charge_is_fixed_once_issued', 'This invoice is issued: void it and write another.');
        END IF;
    END LOOP;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
COMMENT ON FUNCTION care.charge_only_drafts() IS 'Trigger: refuses to add, change or remove a charge of an invoice that is issued.';
CREATE TRIGGER charge_is_fixed_once_issued BEFORE INSERT OR UPDATE OR DELETE ON care.charge
    FOR EACH ROW EXECUTE FUNCTION care.charge_only_drafts();

CALL access.guard('care.charge_code', 'directory');
CALL access.guard('care.invoice', 'billing');
CALL access.guard('care.charge', 'billing');
