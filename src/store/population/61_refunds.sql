-- One patient in thirty paid by the wrong card: it got the money back, and the right one paid the next day.
INSERT INTO care.refund (patient_id, facility_id, invoice_id, payment_id, amount, reason, idempotency_key, refunded_at)
SELECT p.patient_id, p.facility_id, p.invoice_id, p.payment_id, p.amount, 'Paid by the wrong card.', 'refund-' || p.payment_id, p.received_at + INTERVAL '2 days'
FROM bill b JOIN care.payment p ON p.idempotency_key = 'patient-' || b.invoice_id WHERE b.n % 30 = 3;
INSERT INTO care.payment (patient_id, facility_id, invoice_id, received_at, amount, payer, method, idempotency_key, processor_token)
SELECT p.patient_id, p.facility_id, p.invoice_id, r.refunded_at + INTERVAL '1 day', p.amount, p.payer, p.method, 'again-' || p.invoice_id, p.processor_token
FROM care.refund r JOIN care.payment p USING (payment_id) WHERE r.idempotency_key LIKE 'refund-%';
