-- What the ledger says of an invoice is kept as it is booked.
--
-- "What is overdue" grouped a facility's whole ledger. Each statement that books now adds what it moves to the one row
-- of its invoice. Steps of one invoice wait for each other already, since each locks the invoice before it asks the
-- ledger, so this row adds no wait and no deadlock; and what only ever adds to the ledger never needs to be taken out.
-- The day on which it is due is copied, since it is fixed once anything is booked, and what is open is found by it.
-- What is written with triggers off is counted by care.recount_balances. New table, trigger and functions, which lock
-- the ledger against writes for an instant; the ledger is read once. Undo: make the view as 64 has it, drop the rest.
CREATE TABLE care.invoice_total (
    patient_id       uuid           NOT NULL,
    facility_id      uuid           NOT NULL,
    invoice_id       uuid           NOT NULL,
    due_on           date           NOT NULL,
    charged          numeric(14, 2) NOT NULL,
    due_from_patient numeric(14, 2) NOT NULL,
    due_from_insurer numeric(14, 2) NOT NULL,
    paid_by_patient  numeric(14, 2) NOT NULL,
    paid_by_insurer  numeric(14, 2) NOT NULL,
    adjusted         numeric(14, 2) NOT NULL,

    CONSTRAINT invoice_total_pkey PRIMARY KEY (invoice_id),
    CONSTRAINT invoice_total_invoice_fkey FOREIGN KEY (patient_id, facility_id, invoice_id)
        REFERENCES care.invoice (patient_id, facility_id, invoice_id)
);
CREATE INDEX invoice_total_invoice_idx ON care.invoice_total (patient_id, facility_id, invoice_id);
CREATE INDEX invoice_total_overdue_idx ON care.invoice_total (facility_id, due_on, invoice_id)
    WHERE due_from_patient > 0;
COMMENT ON TABLE  care.invoice_total                  IS 'What the ledger says of each invoice, kept as it is booked; none where nothing is booked.';
COMMENT ON COLUMN care.invoice_total.patient_id       IS 'Whose invoice.';
COMMENT ON COLUMN care.invoice_total.facility_id      IS 'In whose books.';
COMMENT ON COLUMN care.invoice_total.invoice_id       IS 'Which invoice.';
COMMENT ON COLUMN care.invoice_total.due_on           IS 'The day on which it is due, as the invoice says.';
COMMENT ON COLUMN care.invoice_total.charged          IS 'Total of its charges; nothing once void.';
COMMENT ON COLUMN care.invoice_total.due_from_patient IS 'What the patient still owes.';
COMMENT ON COLUMN care.invoice_total.due_from_insurer IS 'What insurers were asked for and have neither paid nor denied.';
COMMENT ON COLUMN care.invoice_total.paid_by_patient  IS 'What the patient paid, less refunds.';
COMMENT ON COLUMN care.invoice_total.paid_by_insurer  IS 'What insurers paid, less refunds.';
COMMENT ON COLUMN care.invoice_total.adjusted         IS 'What nobody pays, by contract with an insurer.';
COMMENT ON CONSTRAINT invoice_total_pkey ON care.invoice_total IS 'This invoice has its totals already.';
COMMENT ON CONSTRAINT invoice_total_invoice_fkey ON care.invoice_total IS 'Choose an invoice of this patient and facility.';
CALL access.guard('care.invoice_total', 'billing');
REVOKE INSERT, UPDATE ON care.invoice_total FROM healthtrack_care;
CREATE TRIGGER invoice_total_stays_under_hold BEFORE DELETE ON care.invoice_total FOR EACH ROW
    WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE')) EXECUTE FUNCTION care.keep_row_under_hold();

CREATE FUNCTION care.total_invoices() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO care.invoice_total AS kept (patient_id, facility_id, invoice_id, due_on, charged, due_from_patient,
                                            due_from_insurer, paid_by_patient, paid_by_insurer, adjusted)
    SELECT i.patient_id, i.facility_id, i.invoice_id, i.due_on,
           coalesce(-sum(e.amount) FILTER (WHERE e.account = 'revenue'), 0),
           coalesce(sum(e.amount) FILTER (WHERE e.account = 'receivable'), 0),
           coalesce(sum(e.amount) FILTER (WHERE e.account = 'insurer_receivable'), 0),
           coalesce(sum(e.amount) FILTER (WHERE e.account = 'cash' AND t.claim_id IS NULL), 0),
           coalesce(sum(e.amount) FILTER (WHERE e.account = 'cash' AND t.claim_id IS NOT NULL), 0),
           coalesce(sum(e.amount) FILTER (WHERE e.account = 'adjustment'), 0)
    FROM added e JOIN care.ledger_transaction t USING (ledger_transaction_id) JOIN care.invoice i USING (invoice_id)
    GROUP BY i.invoice_id ORDER BY i.invoice_id
    ON CONFLICT (invoice_id) DO UPDATE SET
        charged = kept.charged + excluded.charged,
        due_from_patient = kept.due_from_patient + excluded.due_from_patient,
        due_from_insurer = kept.due_from_insurer + excluded.due_from_insurer,
        paid_by_patient = kept.paid_by_patient + excluded.paid_by_patient,
        paid_by_insurer = kept.paid_by_insurer + excluded.paid_by_insurer,
        adjusted = kept.adjusted + excluded.adjusted;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION care.total_invoices() IS 'Trigger after entries are booked: adds them to the totals of their invoices.';
CREATE TRIGGER ledger_entry_is_totalled AFTER INSERT ON care.ledger_entry
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.total_invoices();

CREATE FUNCTION care.recount_balances() RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    -- Nobody books meanwhile; who reads goes on.
    LOCK TABLE care.ledger_entry IN SHARE ROW EXCLUSIVE MODE;
    DELETE FROM care.invoice_total;
    INSERT INTO care.invoice_total (patient_id, facility_id, invoice_id, due_on, charged, due_from_patient,
                                    due_from_insurer, paid_by_patient, paid_by_insurer, adjusted)
    SELECT i.patient_id, i.facility_id, i.invoice_id, i.due_on,
           coalesce(-sum(e.amount) FILTER (WHERE e.account = 'revenue'), 0),
           coalesce(sum(e.amount) FILTER (WHERE e.account = 'receivable'), 0),
           coalesce(sum(e.amount) FILTER (WHERE e.account = 'insurer_receivable'), 0),
           coalesce(sum(e.amount) FILTER (WHERE e.account = 'cash' AND t.claim_id IS NULL), 0),
           coalesce(sum(e.amount) FILTER (WHERE e.account = 'cash' AND t.claim_id IS NOT NULL), 0),
           coalesce(sum(e.amount) FILTER (WHERE e.account = 'adjustment'), 0)
    FROM care.ledger_entry e JOIN care.ledger_transaction t USING (ledger_transaction_id)
    JOIN care.invoice i USING (invoice_id) GROUP BY i.invoice_id;
END $$;
COMMENT ON FUNCTION care.recount_balances() IS 'Counts the totals of invoices anew from the ledger, after it was written with triggers off; nobody books meanwhile.';
REVOKE EXECUTE ON FUNCTION care.recount_balances() FROM PUBLIC;
SELECT care.recount_balances();

CREATE OR REPLACE VIEW care.invoice_balance WITH (security_invoker = true) AS
SELECT i.patient_id, i.facility_id, i.invoice_id, i.currency,
       coalesce(t.charged, 0::numeric)          AS charged,
       coalesce(t.due_from_patient, 0::numeric) AS due_from_patient,
       coalesce(t.due_from_insurer, 0::numeric) AS due_from_insurer,
       coalesce(t.paid_by_patient, 0::numeric)  AS paid_by_patient,
       coalesce(t.paid_by_insurer, 0::numeric)  AS paid_by_insurer,
       coalesce(t.adjusted, 0::numeric)         AS adjusted
FROM care.invoice i LEFT JOIN care.invoice_total t USING (invoice_id);

CALL access.publish('read_overdue_balances',
    'due_before date, after_due_on date, after_invoice uuid, rows_max integer',
    'TABLE (invoice_id uuid, patient_id uuid, number text, due_on date, currency text, due_from_patient_cents bigint, due_from_insurer_cents bigint)',
    $body$RETURN QUERY
    SELECT i.invoice_id, i.patient_id, i.number, t.due_on, i.currency::text, (t.due_from_patient * 100)::bigint,
           (t.due_from_insurer * 100)::bigint
    FROM (
        SELECT k.invoice_id, k.due_on, k.due_from_patient, k.due_from_insurer FROM care.invoice_total k
        WHERE patient IS NULL AND me.part = 'biller' AND k.facility_id = ANY ((SELECT access.own_facilities())::uuid[])
          AND k.due_from_patient > 0 AND k.due_on < due_before
          AND (after_invoice IS NULL OR (k.due_on, k.invoice_id) > (after_due_on, after_invoice))
        ORDER BY k.due_on, k.invoice_id LIMIT least(rows_max, 500)
    ) t JOIN care.invoice i USING (invoice_id)
    ORDER BY t.due_on, i.invoice_id;$body$,
    'What patients still owe of invoices of the acting biller''s facility that were due before a day, the oldest first, those after the last line of the page before, 500 at most.',
    look => $$'due_invoices'$$);
