-- Money through `api`. Amounts are whole hundredths of the invoice's currency.
--
-- Locks nothing. Undo: drop them.
CALL access.publish('read_invoices', '',
    'TABLE (invoice uuid, currency text, charged_cents bigint, due_from_patient_cents bigint, due_from_insurer_cents bigint)',
    $body$RETURN QUERY SELECT b.invoice_id, b.currency::text, (b.charged * 100)::bigint, (b.due_from_patient * 100)::bigint, (b.due_from_insurer * 100)::bigint
    FROM care.invoice_balance b JOIN care.invoice i USING (invoice_id)
    WHERE b.patient_id = patient ORDER BY i.created_at DESC, b.invoice_id LIMIT 500;$body$,
    'Invoices of a patient that whoever acts may see, and what is due of them, the latest first, 500 at most.',
    look => $$'invoices'$$);
CALL access.publish('issue_invoice', 'invoice uuid, due_on date', 'void', $body$
    PERFORM care.issue_invoice(invoice, due_on);
    PERFORM access.note(me, 'update', (SELECT i.patient_id FROM care.invoice i WHERE i.invoice_id = invoice),
                        'care.invoice/' || invoice);$body$,
    'Issues an invoice, whose charges are fixed from then on.');
CALL access.publish('void_invoice', 'invoice uuid', 'void', $body$
    PERFORM care.void_invoice(invoice);
    PERFORM access.note(me, 'update', (SELECT i.patient_id FROM care.invoice i WHERE i.invoice_id = invoice),
                        'care.invoice/' || invoice);$body$,
    'Voids an invoice.');
CALL access.publish('submit_claim', 'invoice uuid, coverage uuid', 'uuid', $body$
    answer := care.submit_claim(invoice, coverage);
    PERFORM access.note(me, 'create', (SELECT c.patient_id FROM care.claim c WHERE c.claim_id = answer),
                        'care.claim/' || answer);$body$,
    'Asks the insurer for what is still due of an invoice and was covered; gives the claim.');
CALL access.publish('adjudicate_claim', 'claim uuid, charges uuid[], accepted_cents bigint[], adjusted_cents bigint[]', 'void', $body$
    PERFORM care.adjudicate_claim(claim, array_agg(answer.charge), array_agg(answer.accepted * 0.01), array_agg(answer.adjusted * 0.01))
    FROM unnest(charges, accepted_cents, adjusted_cents) AS answer (charge, accepted, adjusted);
    PERFORM access.note(me, 'update', (SELECT c.patient_id FROM care.claim c WHERE c.claim_id = claim),
                        'care.claim/' || claim);$body$,
    'Notes an insurer''s answer to a claim, which names each of its charges once.');
CALL access.publish('pay', 'key text, invoice uuid, cents bigint, method text, processor_token text, claim uuid', 'uuid', $body$
    answer := care.pay(key, invoice, cents * 0.01, method, processor_token, claim);
    PERFORM access.note(me, 'create', (SELECT p.patient_id FROM care.payment p WHERE p.payment_id = answer),
                        'care.payment/' || answer);$body$,
    'Pays an invoice, once for a key; gives the payment.');
CALL access.publish('refund', 'key text, payment uuid, cents bigint, reason text', 'uuid', $body$
    answer := care.refund(key, payment, cents * 0.01, reason);
    PERFORM access.note(me, 'create', (SELECT p.patient_id FROM care.payment p WHERE p.payment_id = payment),
                        'care.refund/' || answer);$body$,
    'Gives some of a payment back, once for a key; gives the refund.');
