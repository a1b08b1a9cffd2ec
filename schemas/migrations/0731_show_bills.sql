-- A bill as whoever owes it reads it: its number, who sent it, each charge, each payment, and what is still due.
--
-- New functions under the policies of the tables that they read, locks nothing. Undo: drop them.
CALL access.publish('read_bills', 'before timestamptz, before_invoice uuid, rows_max integer',
    'TABLE (invoice uuid, number text, facility text, status text, issued_at timestamptz, due_on date, currency text, charged_cents bigint, paid_by_patient_cents bigint, paid_by_insurer_cents bigint, adjusted_cents bigint, due_from_patient_cents bigint, due_from_insurer_cents bigint)',
    $body$RETURN QUERY
    SELECT i.invoice_id, i.number, f.name, i.status, i.issued_at, i.due_on, i.currency::text, (b.charged * 100)::bigint,
           (b.paid_by_patient * 100)::bigint, (b.paid_by_insurer * 100)::bigint, (b.adjusted * 100)::bigint,
           (b.due_from_patient * 100)::bigint, (b.due_from_insurer * 100)::bigint
    FROM care.invoice i JOIN care.facility f USING (facility_id) JOIN care.invoice_balance b USING (invoice_id)
    WHERE i.patient_id = patient AND i.status <> 'draft'
      AND (before IS NULL OR (i.issued_at, i.invoice_id) < (before, before_invoice))
    ORDER BY i.issued_at DESC, i.invoice_id DESC LIMIT least(rows_max, 200);$body$,
    'Bills of a patient that were sent, and what is due of each, the latest first, those before the last line of the page before, 200 at most.',
    look => $$'invoices'$$);
CALL access.publish('read_bill_lines', 'invoice uuid',
    'TABLE (charge uuid, served_on date, charge_code text, title text, quantity integer, cents bigint)', $body$RETURN QUERY
    SELECT c.charge_id, c.served_on, c.charge_code, k.title, c.quantity, (c.amount * 100)::bigint
    FROM care.charge c JOIN care.charge_code k USING (charge_code)
    WHERE c.patient_id = patient AND c.invoice_id = invoice ORDER BY c.served_on, c.charge_id LIMIT 500;$body$,
    'What was charged on a bill, 500 lines at most.', look => $$'invoices'$$);
CALL access.publish('read_bill_payments', 'invoice uuid',
    'TABLE (payment uuid, received_at timestamptz, payer text, method text, cents bigint, refunded_cents bigint)',
    $body$RETURN QUERY
    SELECT p.payment_id, p.received_at, p.payer, p.method, (p.amount * 100)::bigint,
           (coalesce((SELECT sum(r.amount) FROM care.refund r WHERE r.payment_id = p.payment_id), 0) * 100)::bigint
    FROM care.payment p WHERE p.patient_id = patient AND p.invoice_id = invoice ORDER BY p.received_at, p.payment_id LIMIT 500;$body$,
    'What was paid for a bill and given back, 500 payments at most.', look => $$'invoices'$$);
