-- A biller works from what stands to what is paid: the facility's invoices by how they stand, one of them with what it is
-- for and what was paid, and its claims by how they stand. Until now a program had to know the keys of drafts, charges
-- and payments from elsewhere.
--
-- New functions, locks nothing. Undo: drop them.
CALL access.publish('list_invoices', 'of_status text, after_created timestamptz, after_invoice uuid, rows_max integer',
    'TABLE (invoice_id uuid, patient_id uuid, number text, status text, created_at timestamptz, due_on date, currency text,
            charged_cents bigint, due_from_patient_cents bigint, due_from_insurer_cents bigint)', $body$RETURN QUERY
    SELECT i.invoice_id, i.patient_id, i.number, i.status, i.created_at, i.due_on, i.currency::text,
           (SELECT coalesce(sum(h.amount), 0) * 100 FROM care.charge h WHERE h.invoice_id = i.invoice_id)::bigint,
           (coalesce(t.due_from_patient, 0) * 100)::bigint, (coalesce(t.due_from_insurer, 0) * 100)::bigint
    FROM care.invoice i LEFT JOIN care.invoice_total t ON t.invoice_id = i.invoice_id
    WHERE patient IS NULL AND me.part = 'biller' AND i.facility_id = ANY ((SELECT access.own_facilities())::uuid[])
      AND i.status = of_status
      AND (after_invoice IS NULL OR (i.created_at, i.invoice_id) < (after_created, after_invoice))
    ORDER BY i.created_at DESC, i.invoice_id DESC LIMIT least(rows_max, 500);$body$,
    'Invoices of the acting biller''s facility by how they stand, the newest first, 500 at most.', look => $$'due_invoices'$$);

CALL access.publish('list_claims', 'of_status text, after_submitted timestamptz, after_claim uuid, rows_max integer',
    'TABLE (claim_id uuid, patient_id uuid, invoice_id uuid, number text, status text, submitted_at timestamptz, currency text,
            asked_cents bigint, paid_cents bigint, adjusted_cents bigint, denied_cents bigint, replaced boolean)', $body$RETURN QUERY
    SELECT c.claim_id, c.patient_id, c.invoice_id, i.number, c.status, c.submitted_at, i.currency::text,
           (c.submitted_amount * 100)::bigint, (c.accepted_amount * 100)::bigint, (c.adjusted_amount * 100)::bigint,
           (c.denied_amount * 100)::bigint,
           EXISTS (SELECT FROM care.claim r WHERE r.replaces_claim_id = c.claim_id AND r.patient_id = c.patient_id)
    FROM care.claim c JOIN care.invoice i ON i.invoice_id = c.invoice_id
    WHERE patient IS NULL AND me.part = 'biller' AND c.facility_id = ANY ((SELECT access.own_facilities())::uuid[])
      AND c.status = CASE WHEN of_status = 'denied' THEN 'adjudicated' ELSE of_status END
      AND (of_status <> 'denied' OR c.denied_amount > 0 AND NOT EXISTS (
          SELECT FROM care.claim r WHERE r.replaces_claim_id = c.claim_id AND r.patient_id = c.patient_id))
      AND (after_claim IS NULL OR (c.submitted_at, c.claim_id) < (after_submitted, after_claim))
    ORDER BY c.submitted_at DESC, c.claim_id DESC LIMIT least(rows_max, 500);$body$,
    'Claims of the acting biller''s facility that are submitted, adjudicated or (in part) denied and not replaced, the newest first, 500 at most.',
    look => $$'due_invoices'$$);

CALL access.publish('read_invoice', 'invoice uuid',
    'TABLE (number text, status text, facility_name text, issued_at timestamptz, due_on date, currency text, charged_cents bigint,
            due_from_patient_cents bigint, due_from_insurer_cents bigint)', $body$RETURN QUERY
    SELECT i.number, i.status, f.name, i.issued_at, i.due_on, i.currency::text,
           (SELECT coalesce(sum(h.amount), 0) * 100 FROM care.charge h WHERE h.invoice_id = i.invoice_id)::bigint,
           (b.due_from_patient * 100)::bigint, (b.due_from_insurer * 100)::bigint
    FROM care.invoice i JOIN care.facility f ON f.facility_id = i.facility_id
    JOIN care.invoice_balance b ON b.invoice_id = i.invoice_id
    WHERE i.invoice_id = invoice AND i.patient_id = patient;$body$,
    'One invoice of a patient and what the ledger says is due.', look => $$'invoices'$$);

CALL access.publish('read_charges', 'invoice uuid',
    'TABLE (charge_id uuid, served_on date, charge_code text, title text, quantity integer, cents bigint)', $body$RETURN QUERY
    SELECT h.charge_id, h.served_on, h.charge_code, k.title, h.quantity, (h.amount * 100)::bigint
    FROM care.charge h JOIN care.charge_code k ON k.charge_code = h.charge_code
    WHERE h.invoice_id = invoice AND h.patient_id = patient ORDER BY h.served_on, h.charge_code, h.charge_id LIMIT 500;$body$,
    'What an invoice of a patient is for, by day, 500 at most.', look => $$'invoices'$$);

CALL access.publish('read_payments', 'invoice uuid',
    'TABLE (payment_id uuid, received_at timestamptz, payer text, method text, claim_id uuid, cents bigint, given_back_cents bigint)', $body$RETURN QUERY
    SELECT y.payment_id, y.received_at, y.payer, y.method, y.claim_id, (y.amount * 100)::bigint,
           (SELECT coalesce(sum(r.amount), 0) * 100 FROM care.refund r WHERE r.payment_id = y.payment_id)::bigint
    FROM care.payment y
    WHERE y.invoice_id = invoice AND y.patient_id = patient ORDER BY y.received_at, y.payment_id LIMIT 500;$body$,
    'Payments of an invoice of a patient and how much of each was given back, the oldest first, 500 at most.',
    look => $$'invoices'$$);
