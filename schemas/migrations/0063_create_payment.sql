-- Payments and refunds: money that came and money that went back, each of them once.
--
-- The caller makes a key for each payment and gives the same one when it tries again, so a click too many or a lost
-- answer pays nothing twice. No number of a card is ever kept: the processor's token stands for it, and what looks like
-- a card number is refused. Rows are never changed: a wrong payment is refunded. New tables; foreign keys lock their
-- targets for an instant. Undo: drop them.
CREATE TABLE care.payment (
    payment_id      uuid        NOT NULL DEFAULT gen_random_uuid(),
    patient_id      uuid        NOT NULL,
    facility_id     uuid        NOT NULL,
    invoice_id      uuid        NOT NULL,
    claim_id        uuid,
    received_at     timestamptz NOT NULL DEFAULT now(),
    amount          care.amount NOT NULL,
    payer           text        NOT NULL,
    method          text        NOT NULL,
    idempotency_key text        NOT NULL,
    processor_token text,
    received_by     text        NOT NULL DEFAULT coalesce(access.actor()::text, session_user),

    CONSTRAINT payment_pkey PRIMARY KEY (payment_id),
    CONSTRAINT payment_id_with_patient_is_unique UNIQUE (patient_id, facility_id, invoice_id, payment_id),
    CONSTRAINT payment_key_is_used_once UNIQUE (facility_id, idempotency_key),
    CONSTRAINT payment_invoice_fkey FOREIGN KEY (patient_id, facility_id, invoice_id)
        REFERENCES care.invoice (patient_id, facility_id, invoice_id),
    CONSTRAINT payment_claim_fkey FOREIGN KEY (patient_id, facility_id, invoice_id, claim_id)
        REFERENCES care.claim (patient_id, facility_id, invoice_id, claim_id),
    CONSTRAINT payment_is_positive CHECK (amount > 0),
    CONSTRAINT payment_payer_is_known CHECK (payer IN ('patient', 'insurer')),
    CONSTRAINT payment_of_an_insurer_answers_a_claim CHECK ((payer = 'insurer') = (claim_id IS NOT NULL)),
    CONSTRAINT payment_method_is_known CHECK (method IN ('card', 'bank_transfer', 'cash', 'cheque')),
    CONSTRAINT payment_by_card_has_a_token CHECK ((method = 'card') = (processor_token IS NOT NULL)),
    CONSTRAINT payment_token_is_no_card_number CHECK (
        processor_token ~ '^[A-Za-z0-9_-]{8,200}$' AND processor_token !~ '([0-9][_-]?){12,}'
    ),
    CONSTRAINT payment_key_is_hard_to_guess CHECK (idempotency_key ~ '^[A-Za-z0-9_-]{16,80}$')
);
CREATE INDEX payment_invoice_idx ON care.payment (invoice_id);
CREATE INDEX payment_claim_idx ON care.payment (claim_id) WHERE claim_id IS NOT NULL;
COMMENT ON TABLE  care.payment                 IS 'Money that came for an invoice.';
COMMENT ON COLUMN care.payment.payment_id      IS 'Key.';
COMMENT ON COLUMN care.payment.patient_id      IS 'Whose invoice.';
COMMENT ON COLUMN care.payment.facility_id     IS 'Who received it.';
COMMENT ON COLUMN care.payment.invoice_id      IS 'For which invoice.';
COMMENT ON COLUMN care.payment.claim_id        IS 'For which claim an insurer pays; null where the patient pays.';
COMMENT ON COLUMN care.payment.received_at     IS 'When it came.';
COMMENT ON COLUMN care.payment.amount          IS 'How much, in the invoice''s currency.';
COMMENT ON COLUMN care.payment.payer           IS 'patient or insurer.';
COMMENT ON COLUMN care.payment.method          IS 'card, bank_transfer, cash or cheque.';
COMMENT ON COLUMN care.payment.idempotency_key IS 'Made by the caller once for each payment: the same key is the same payment.';
COMMENT ON COLUMN care.payment.processor_token IS 'What the card processor calls it; never a card number; null where no card was used.';
COMMENT ON COLUMN care.payment.received_by     IS 'Account or program that booked it.';
COMMENT ON CONSTRAINT payment_pkey ON care.payment IS 'This payment is known already.';
COMMENT ON CONSTRAINT payment_id_with_patient_is_unique ON care.payment IS 'This payment is known already.';
COMMENT ON CONSTRAINT payment_key_is_used_once ON care.payment IS 'This key belongs to another payment: make a new one.';
COMMENT ON CONSTRAINT payment_invoice_fkey ON care.payment IS 'Choose an invoice of this patient and facility.';
COMMENT ON CONSTRAINT payment_claim_fkey ON care.payment IS 'Choose a claim of this invoice.';
COMMENT ON CONSTRAINT payment_is_positive ON care.payment IS 'A payment is more than nothing.';
COMMENT ON CONSTRAINT payment_payer_is_known ON care.payment IS 'Choose patient or insurer.';
COMMENT ON CONSTRAINT payment_of_an_insurer_answers_a_claim ON care.payment IS 'An insurer pays for a claim, and a patient for none.';
COMMENT ON CONSTRAINT payment_method_is_known ON care.payment IS 'Choose card, bank_transfer, cash or cheque.';
COMMENT ON CONSTRAINT payment_by_card_has_a_token ON care.payment IS 'A payment by card needs the processor''s token, and no other has one.';
COMMENT ON CONSTRAINT payment_token_is_no_card_number ON care.payment IS 'Give the processor''s token, never a card number.';
COMMENT ON CONSTRAINT payment_key_is_hard_to_guess ON care.payment IS 'A payment key has 16 to 80 letters, digits, hyphens and underscores.';

CREATE TABLE care.refund (
    refund_id       uuid        NOT NULL DEFAULT gen_random_uuid(),
    patient_id      uuid        NOT NULL,
    facility_id     uuid        NOT NULL,
    invoice_id      uuid        NOT NULL,
    payment_id      uuid        NOT NULL,
    refunded_at     timestamptz NOT NULL DEFAULT now(),
    amount          care.amount NOT NULL,
    reason          text        NOT NULL,
    idempotency_key text        NOT NULL,
    refunded_by     text        NOT NULL DEFAULT coalesce(access.actor()::text, session_user),

    CONSTRAINT refund_pkey PRIMARY KEY (refund_id),
    CONSTRAINT refund_id_with_patient_is_unique UNIQUE (patient_id, refund_id),
    CONSTRAINT refund_key_is_used_once UNIQUE (facility_id, idempotency_key),
    CONSTRAINT refund_payment_fkey FOREIGN KEY (patient_id, facility_id, invoice_id, payment_id)
        REFERENCES care.payment (patient_id, facility_id, invoice_id, payment_id),
    CONSTRAINT refund_is_positive CHECK (amount > 0),
    CONSTRAINT refund_has_a_reason CHECK (reason ~ '\S'),
    CONSTRAINT refund_key_is_hard_to_guess CHECK (idempotency_key ~ '^[A-Za-z0-9_-]{16,80}$')
);
CREATE INDEX refund_payment_idx ON care.refund (payment_id);
COMMENT ON TABLE  care.refund                 IS 'Money of a payment that went back to its payer.';
COMMENT ON COLUMN care.refund.refund_id       IS 'Key.';
COMMENT ON COLUMN care.refund.patient_id      IS 'Whose invoice.';
COMMENT ON COLUMN care.refund.facility_id     IS 'Who gave it back.';
COMMENT ON COLUMN care.refund.invoice_id      IS 'For which invoice it had come.';
COMMENT ON COLUMN care.refund.payment_id      IS 'Of which payment.';
COMMENT ON COLUMN care.refund.refunded_at     IS 'When it went back.';
COMMENT ON COLUMN care.refund.amount          IS 'How much, in the invoice''s currency.';
COMMENT ON COLUMN care.refund.reason          IS 'Why.';
COMMENT ON COLUMN care.refund.idempotency_key IS 'Made by the caller once for each refund: the same key is the same refund.';
COMMENT ON COLUMN care.refund.refunded_by     IS 'Account or program that booked it.';
COMMENT ON CONSTRAINT refund_pkey ON care.refund IS 'This refund is known already.';
COMMENT ON CONSTRAINT refund_id_with_patient_is_unique ON care.refund IS 'This refund is known already.';
COMMENT ON CONSTRAINT refund_key_is_used_once ON care.refund IS 'This key belongs to another refund: make a new one.';
COMMENT ON CONSTRAINT refund_payment_fkey ON care.refund IS 'Choose a payment of this invoice.';
COMMENT ON CONSTRAINT refund_is_positive ON care.refund IS 'A refund is more than nothing.';
COMMENT ON CONSTRAINT refund_has_a_reason ON care.refund IS 'Say why the money goes back.';
COMMENT ON CONSTRAINT refund_key_is_hard_to_guess ON care.refund IS 'A refund key has 16 to 80 letters, digits, hyphens and underscores.';

CREATE FUNCTION care.refuse_change() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    PERFORM care.refuse(TG_TABLE_NAME || '_is_append_only', 'What is booked stays: book a correction beside it.');
END $$;
COMMENT ON FUNCTION care.refuse_change() IS 'Trigger on a table that is only ever added to: refuses update, delete and truncate.';
CREATE TRIGGER payment_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON care.payment
    FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_change();
CREATE TRIGGER refund_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON care.refund
    FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_change();

CALL access.guard('care.payment', 'billing');
CALL access.guard('care.refund', 'billing');
REVOKE UPDATE ON care.payment, care.refund FROM healthtrack_portal;
