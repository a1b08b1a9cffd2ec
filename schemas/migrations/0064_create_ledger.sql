-- The ledger: every movement of money twice, so that it cannot go missing.
--
-- A positive amount is a debit. Triggers book what an invoice, a claim, a payment or a refund says, so there is no way
-- to book something else, and no way to do one of these without booking it:
--   issue         receivable +total                       revenue −total
--   void          receivable −total                       revenue +total
--   claim         insurer_receivable +submitted           receivable −submitted
--   adjudication  insurer_receivable −(adjusted + denied) receivable +denied     adjustment +adjusted
--   payment       cash +amount                            receivable or insurer_receivable −amount
--   refund        cash −amount                            receivable or insurer_receivable +amount
-- Each transaction sums to zero, which a deferred trigger proves at COMMIT. What is due is what the ledger says, asked
-- while the invoice is locked, so two payments at once never pay more than is due. The triggers run as their owner,
-- since nobody else may write here. New tables; foreign keys lock their targets for an instant. Undo: drop them.
CREATE TABLE care.ledger_transaction (
    ledger_transaction_id uuid        NOT NULL DEFAULT gen_random_uuid(),
    patient_id            uuid        NOT NULL,
    facility_id           uuid        NOT NULL,
    invoice_id            uuid        NOT NULL,
    claim_id              uuid,
    payment_id            uuid,
    refund_id             uuid,
    booked_at             timestamptz NOT NULL DEFAULT now(),
    kind                  text        NOT NULL,
    booked_by             text        NOT NULL DEFAULT coalesce(access.actor()::text, session_user),

    CONSTRAINT ledger_transaction_pkey PRIMARY KEY (ledger_transaction_id),
    CONSTRAINT ledger_transaction_id_with_patient_is_unique UNIQUE (patient_id, facility_id, ledger_transaction_id),
    CONSTRAINT ledger_transaction_invoice_fkey FOREIGN KEY (patient_id, facility_id, invoice_id)
        REFERENCES care.invoice (patient_id, facility_id, invoice_id),
    CONSTRAINT ledger_transaction_claim_fkey FOREIGN KEY (patient_id, facility_id, invoice_id, claim_id)
        REFERENCES care.claim (patient_id, facility_id, invoice_id, claim_id),
    CONSTRAINT ledger_transaction_payment_fkey FOREIGN KEY (patient_id, facility_id, invoice_id, payment_id)
        REFERENCES care.payment (patient_id, facility_id, invoice_id, payment_id),
    CONSTRAINT ledger_transaction_refund_fkey FOREIGN KEY (patient_id, refund_id)
        REFERENCES care.refund (patient_id, refund_id),
    CONSTRAINT ledger_transaction_kind_is_known CHECK (
        kind IN ('issue', 'void', 'claim', 'adjudication', 'payment', 'refund')
    ),
    CONSTRAINT ledger_transaction_has_its_document CHECK (
        (kind = 'payment') = (payment_id IS NOT NULL) AND (kind = 'refund') = (refund_id IS NOT NULL)
        AND (kind NOT IN ('claim', 'adjudication') OR claim_id IS NOT NULL)
        AND (kind NOT IN ('issue', 'void') OR claim_id IS NULL)
    ),
    CONSTRAINT ledger_transaction_is_booked_once
        UNIQUE NULLS NOT DISTINCT (invoice_id, kind, claim_id, payment_id, refund_id)
);
CREATE INDEX ledger_transaction_claim_idx ON care.ledger_transaction (claim_id) WHERE claim_id IS NOT NULL;
CREATE INDEX ledger_transaction_payment_idx ON care.ledger_transaction (payment_id) WHERE payment_id IS NOT NULL;
CREATE INDEX ledger_transaction_refund_idx ON care.ledger_transaction (refund_id) WHERE refund_id IS NOT NULL;
COMMENT ON TABLE  care.ledger_transaction                       IS 'One event of money, booked whole.';
COMMENT ON COLUMN care.ledger_transaction.ledger_transaction_id IS 'Key.';
COMMENT ON COLUMN care.ledger_transaction.patient_id            IS 'Whose invoice.';
COMMENT ON COLUMN care.ledger_transaction.facility_id           IS 'In whose books.';
COMMENT ON COLUMN care.ledger_transaction.invoice_id            IS 'Of which invoice.';
COMMENT ON COLUMN care.ledger_transaction.claim_id              IS 'Of which claim, its payments included; null where the insurer has no part.';
COMMENT ON COLUMN care.ledger_transaction.payment_id            IS 'Of which payment; null unless kind is payment.';
COMMENT ON COLUMN care.ledger_transaction.refund_id             IS 'Of which refund; null unless kind is refund.';
COMMENT ON COLUMN care.ledger_transaction.booked_at             IS 'When it was booked.';
COMMENT ON COLUMN care.ledger_transaction.kind                  IS 'issue, void, claim, adjudication, payment or refund.';
COMMENT ON COLUMN care.ledger_transaction.booked_by             IS 'Account or program on whose behalf.';
COMMENT ON CONSTRAINT ledger_transaction_pkey ON care.ledger_transaction IS 'This transaction is booked already.';
COMMENT ON CONSTRAINT ledger_transaction_id_with_patient_is_unique ON care.ledger_transaction IS 'This transaction is booked already.';
COMMENT ON CONSTRAINT ledger_transaction_invoice_fkey ON care.ledger_transaction IS 'Choose an invoice of this patient and facility.';
COMMENT ON CONSTRAINT ledger_transaction_claim_fkey ON care.ledger_transaction IS 'Choose a claim of this invoice.';
COMMENT ON CONSTRAINT ledger_transaction_payment_fkey ON care.ledger_transaction IS 'Choose a payment of this invoice.';
COMMENT ON CONSTRAINT ledger_transaction_refund_fkey ON care.ledger_transaction IS 'Choose a refund of this patient.';
COMMENT ON CONSTRAINT ledger_transaction_kind_is_known ON care.ledger_transaction IS 'Choose issue, void, claim, adjudication, payment or refund.';
COMMENT ON CONSTRAINT ledger_transaction_has_its_document ON care.ledger_transaction IS 'A transaction names the claim, payment or refund that it books.';
COMMENT ON CONSTRAINT ledger_transaction_is_booked_once ON care.ledger_transaction IS 'This event is booked already.';

CREATE TABLE care.ledger_entry (
    ledger_transaction_id uuid           NOT NULL,
    patient_id            uuid           NOT NULL,
    facility_id           uuid           NOT NULL,
    amount                numeric(14, 2) NOT NULL,
    account               text           NOT NULL,

    CONSTRAINT ledger_entry_pkey PRIMARY KEY (ledger_transaction_id, account),
    CONSTRAINT ledger_entry_transaction_fkey FOREIGN KEY (patient_id, facility_id, ledger_transaction_id)
        REFERENCES care.ledger_transaction (patient_id, facility_id, ledger_transaction_id),
    CONSTRAINT ledger_entry_account_is_known CHECK (
        account IN ('receivable', 'insurer_receivable', 'revenue', 'cash', 'adjustment')
    ),
    CONSTRAINT ledger_entry_moves_something CHECK (amount <> 0)
);
CREATE INDEX ledger_entry_patient_idx ON care.ledger_entry (patient_id);
COMMENT ON TABLE  care.ledger_entry                       IS 'What one transaction adds to one account; all of a transaction sum to zero.';
COMMENT ON COLUMN care.ledger_entry.ledger_transaction_id IS 'Of which transaction.';
COMMENT ON COLUMN care.ledger_entry.patient_id            IS 'Whose invoice.';
COMMENT ON COLUMN care.ledger_entry.facility_id           IS 'In whose books.';
COMMENT ON COLUMN care.ledger_entry.amount                IS 'Debit if positive, credit if negative, in the invoice''s currency.';
COMMENT ON COLUMN care.ledger_entry.account               IS 'receivable (from the patient), insurer_receivable, revenue, cash or adjustment.';
COMMENT ON CONSTRAINT ledger_entry_pkey ON care.ledger_entry IS 'This account has its entry in that transaction already.';
COMMENT ON CONSTRAINT ledger_entry_transaction_fkey ON care.ledger_entry IS 'Choose a transaction of this patient and facility.';
COMMENT ON CONSTRAINT ledger_entry_account_is_known ON care.ledger_entry IS 'Choose one of the known accounts.';
COMMENT ON CONSTRAINT ledger_entry_moves_something ON care.ledger_entry IS 'An entry moves more than nothing.';

CREATE FUNCTION care.check_ledger_sum() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF (SELECT sum(e.amount) FROM care.ledger_entry e WHERE e.ledger_transaction_id = NEW.ledger_transaction_id)
        IS DISTINCT FROM 0
    THEN
        PERFORM care.refuse('ledger_transaction_sums_to_zero', 'The entries of a transaction sum to zero.');
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION care.check_ledger_sum() IS 'Deferred trigger: a transaction has entries, and they sum to zero, when the database transaction ends.';
CREATE CONSTRAINT TRIGGER ledger_transaction_has_entries AFTER INSERT ON care.ledger_transaction
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION care.check_ledger_sum();
CREATE CONSTRAINT TRIGGER ledger_transaction_sums_to_zero AFTER INSERT ON care.ledger_entry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION care.check_ledger_sum();
COMMENT ON CONSTRAINT ledger_transaction_has_entries ON care.ledger_transaction IS 'The entries of a transaction sum to zero.';
COMMENT ON CONSTRAINT ledger_transaction_sums_to_zero ON care.ledger_entry IS 'The entries of a transaction sum to zero.';
CREATE TRIGGER ledger_transaction_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON care.ledger_transaction
    FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_change();
CREATE TRIGGER ledger_entry_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON care.ledger_entry
    FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_change();

CREATE VIEW care.invoice_balance WITH (security_invoker = true) AS
SELECT i.patient_id, i.facility_id, i.invoice_id, i.currency,
       -coalesce(sum(e.amount) FILTER (WHERE e.account = 'revenue'), 0)                          AS charged,
       coalesce(sum(e.amount) FILTER (WHERE e.account = 'receivable'), 0)                        AS due_from_patient,
       coalesce(sum(e.amount) FILTER (WHERE e.account = 'insurer_receivable'), 0)                AS due_from_insurer,
       coalesce(sum(e.amount) FILTER (WHERE e.account = 'cash' AND t.claim_id IS NULL), 0)       AS paid_by_patient,
       coalesce(sum(e.amount) FILTER (WHERE e.account = 'cash' AND t.claim_id IS NOT NULL), 0)   AS paid_by_insurer,
       coalesce(sum(e.amount) FILTER (WHERE e.account = 'adjustment'), 0)                        AS adjusted
FROM care.invoice i
LEFT JOIN care.ledger_transaction t ON t.invoice_id = i.invoice_id
LEFT JOIN care.ledger_entry e ON e.ledger_transaction_id = t.ledger_transaction_id
GROUP BY i.invoice_id;
COMMENT ON VIEW   care.invoice_balance                  IS 'What the ledger says of each invoice: charged = due + paid + adjusted, always.';
COMMENT ON COLUMN care.invoice_balance.patient_id       IS 'Whose invoice.';
COMMENT ON COLUMN care.invoice_balance.facility_id      IS 'Who asks.';
COMMENT ON COLUMN care.invoice_balance.invoice_id       IS 'Which invoice.';
COMMENT ON COLUMN care.invoice_balance.currency         IS 'Currency of all amounts.';
COMMENT ON COLUMN care.invoice_balance.charged          IS 'Total of its charges; nothing while a draft and once void.';
COMMENT ON COLUMN care.invoice_balance.due_from_patient IS 'What the patient still owes.';
COMMENT ON COLUMN care.invoice_balance.due_from_insurer IS 'What insurers were asked for and have neither paid nor denied.';
COMMENT ON COLUMN care.invoice_balance.paid_by_patient  IS 'What the patient paid, less refunds.';
COMMENT ON COLUMN care.invoice_balance.paid_by_insurer  IS 'What insurers paid, less refunds.';
COMMENT ON COLUMN care.invoice_balance.adjusted         IS 'What nobody pays, by contract with an insurer.';

CALL access.guard('care.ledger_transaction', 'billing');
CALL access.guard('care.ledger_entry', 'billing');
REVOKE INSERT, UPDATE ON care.ledger_transaction, care.ledger_entry FROM healthtrack_portal;
GRANT SELECT ON care.invoice_balance TO healthtrack_portal;
