-- A policy for each patient and an invoice for the first visit. One in 25 pays nothing; of the others, one in three pays
-- alone, and for two the insurer accepts 70 %, takes 10 % off and leaves the rest, which is paid.
INSERT INTO care.insurer (insurer_id, name) VALUES
    (pg_temp.key('insurer', 0), 'Prairie Mutual'), (pg_temp.key('insurer', 1), 'Lakeside Health'), (pg_temp.key('insurer', 2), 'Cascade Care');
INSERT INTO care.insurance_plan (insurance_plan_id, insurer_id, name)
SELECT pg_temp.key('insurance plan', n), pg_temp.key('insurer', n / 2), CASE n % 2 WHEN 0 THEN 'Silver' ELSE 'Gold' END
FROM generate_series(0, 5) AS n;
INSERT INTO care.plan_cost_sharing (insurance_plan_id, valid_during, deductible_individual, deductible_family, out_of_pocket_individual, out_of_pocket_family)
SELECT pg_temp.key('insurance plan', n), '[2020-01-01,)', CASE n % 2 WHEN 0 THEN 1500 ELSE 500 END, CASE n % 2 WHEN 0 THEN 3000 ELSE 1000 END, 6000, 12000
FROM generate_series(0, 5) AS n;
INSERT INTO care.plan_network (insurance_plan_id, facility_id, valid_during)
SELECT pg_temp.key('insurance plan', n), f.facility_id, '[2020-01-01,)'
FROM generate_series(0, 5) AS n JOIN care.facility f ON (hashtext(f.facility_id::text) & 3) <> n % 4;
INSERT INTO care.plan_benefit (plan_benefit_id, insurance_plan_id, valid_during, network, category, copay, coinsurance_percent, deductible_applies, visit_limit, limit_per)
SELECT pg_temp.key('benefit ' || network || category, n), pg_temp.key('insurance plan', n), '[2020-01-01,)', network, category,
       CASE network WHEN 'in' THEN copay ELSE 2 * copay END, CASE network WHEN 'in' THEN 20 ELSE 40 END, applies, visits, CASE WHEN visits > 0 THEN 'plan_year' END
FROM generate_series(0, 5) AS n, unnest(ARRAY['in', 'out']) AS network,
     (VALUES ('office_visit', 25, false, NULL), ('laboratory', 0, true, NULL), ('imaging', 50, true, NULL), ('therapy', 30, false, 20),
             ('emergency', 250, true, NULL), ('preventive', 0, false, 2)) AS benefit (category, copay, applies, visits);
INSERT INTO care.policy (policy_id, insurer_id, insurance_plan_id, number, holder_name)
SELECT pg_temp.key('policy', n), pg_temp.key('insurer', n % 6 / 2), pg_temp.key('insurance plan', n % 6), 'P-' || n, 'Holder of ' || n
FROM generate_series(0, pg_temp.patients() - 1) AS n;
INSERT INTO care.coverage (coverage_id, patient_id, policy_id, covered_during)
SELECT pg_temp.key('coverage', n), pg_temp.key('patient', n), pg_temp.key('policy', n), daterange(pg_temp.today() - 400, pg_temp.today() + 300)
FROM generate_series(0, pg_temp.patients() - 1) AS n;
-- One in ten has a second coverage; for every other one the insurer was asked before the visit.
INSERT INTO care.policy (policy_id, insurer_id, insurance_plan_id, number, holder_name)
SELECT pg_temp.key('second policy', n), pg_temp.key('insurer', (n + 2) % 6 / 2), pg_temp.key('insurance plan', (n + 2) % 6), 'S-' || n, 'Spouse of ' || n
FROM generate_series(1, pg_temp.patients() - 1, 10) AS n;
INSERT INTO care.coverage (coverage_id, patient_id, policy_id, rank, relation, covered_during)
SELECT pg_temp.key('second coverage', n), pg_temp.key('patient', n), pg_temp.key('second policy', n), 'secondary', 'spouse', daterange(pg_temp.today() - 400, pg_temp.today() + 300)
FROM generate_series(1, pg_temp.patients() - 1, 10) AS n;
INSERT INTO care.eligibility_answer (eligibility_answer_id, patient_id, coverage_id, facility_id, asked_at, valid_until, served_during, active, categories, told, told_by)
SELECT pg_temp.key('eligibility', n), pg_temp.key('patient', n), pg_temp.key('coverage', n),
       pg_temp.facility_at(n % pg_temp.providers(), 1), pg_temp.today() - 20, pg_temp.today() + 10,
       daterange(pg_temp.today() - 20, pg_temp.today() + 40), n % 40 <> 0, '{office_visit}',
       jsonb_build_object('copay', CASE n % 40 WHEN 0 THEN NULL ELSE '25.00' END, 'currency', 'USD'), 'Eligibility service, reference ' || n
FROM generate_series(0, pg_temp.patients() - 1, 2) AS n;
INSERT INTO care.charge_code (charge_code, title, unit_price, currency)
VALUES ('VISIT-30', 'Visit of half an hour', 120, 'USD'), ('LAB-A1C', 'HbA1c', 40, 'USD') ON CONFLICT DO NOTHING;
UPDATE care.charge_code SET category = CASE WHEN charge_code ~ '^VISIT' THEN 'office_visit' ELSE 'laboratory' END
WHERE charge_code IN ('VISIT-30', 'LAB-A1C');
CREATE TEMPORARY TABLE bill ON COMMIT DROP AS
SELECT n, pg_temp.key('invoice', n) AS invoice_id, pg_temp.key('patient', n) AS patient_id,
       pg_temp.facility_at(n % pg_temp.providers(), 1) AS facility_id, a.appointment_id, lower(a.during) AS visited_at,
       CASE WHEN n % 25 = 0 THEN 'unpaid' WHEN n % 3 = 0 THEN 'alone' ELSE 'insured' END AS way
FROM generate_series(0, pg_temp.patients() - 1) AS n JOIN care.appointment a ON a.appointment_id = pg_temp.key('visit1', n);
INSERT INTO care.invoice (invoice_id, patient_id, facility_id, number, created_at)
SELECT invoice_id, patient_id, facility_id, 'B-' || n, visited_at FROM bill;
INSERT INTO care.charge (charge_id, patient_id, facility_id, invoice_id, appointment_id, served_on, charge_code, quantity, unit_price)
SELECT pg_temp.key('charge' || c.charge_code, n), patient_id, facility_id, invoice_id, appointment_id, visited_at::date, c.charge_code, 1, c.unit_price
FROM bill JOIN care.charge_code c ON c.charge_code = 'VISIT-30' OR c.charge_code = 'LAB-A1C' AND n % 5 = 0;
UPDATE care.invoice i SET status = 'issued', issued_at = visited_at, due_on = visited_at::date + 30 FROM bill WHERE bill.invoice_id = i.invoice_id;
INSERT INTO care.claim (claim_id, patient_id, facility_id, invoice_id, coverage_id, submitted_amount, submitted_at)
SELECT pg_temp.key('claim', n), b.patient_id, b.facility_id, b.invoice_id, pg_temp.key('coverage', n), sum(h.amount), visited_at
FROM bill b JOIN care.charge h USING (invoice_id) WHERE way = 'insured' GROUP BY n, b.patient_id, b.facility_id, b.invoice_id, visited_at;
INSERT INTO care.claim_line (claim_id, charge_id, patient_id, facility_id, invoice_id, submitted_amount)
SELECT pg_temp.key('claim', n), charge_id, b.patient_id, b.facility_id, b.invoice_id, h.amount
FROM bill b JOIN care.charge h USING (invoice_id) WHERE way = 'insured';
INSERT INTO care.claim_diagnosis (claim_id, patient_id, facility_id, invoice_id, sequence, code)
SELECT pg_temp.key('claim', n), patient_id, facility_id, invoice_id, place, code
FROM bill, LATERAL (VALUES (1, (ARRAY['E11.9', 'I10', 'J06.9', 'M54.5', 'F32.1'])[1 + n % 5]), (2, 'Z00.00')) AS named (place, code)
WHERE way = 'insured' AND (place = 1 OR n % 4 = 1);
INSERT INTO care.claim_line_diagnosis (claim_id, charge_id, patient_id, facility_id, invoice_id, priority, sequence)
SELECT l.claim_id, l.charge_id, l.patient_id, l.facility_id, l.invoice_id, 1, 1
FROM care.claim_line l JOIN care.claim_diagnosis d ON d.claim_id = l.claim_id AND d.sequence = 1;
INSERT INTO care.claim_adjustment (claim_id, charge_id, patient_id, facility_id, invoice_id, amount, group_code, code)
SELECT l.claim_id, l.charge_id, l.patient_id, l.facility_id, l.invoice_id, part.share * l.submitted_amount, part.group_code,
       CASE part.group_code WHEN 'CO' THEN '45' ELSE (ARRAY['1', '2', '3', '96'])[1 + n % 4] END
FROM bill b JOIN care.claim_line l ON l.claim_id = pg_temp.key('claim', n), (VALUES ('CO', 0.1), ('PR', 0.2)) AS part (group_code, share)
WHERE way = 'insured';
UPDATE care.claim_line SET accepted_amount = 0.7 * submitted_amount, adjusted_amount = 0.1 * submitted_amount;
UPDATE care.claim SET status = 'adjudicated', adjudicated_at = submitted_at + INTERVAL '7 days',
    accepted_amount = 0.7 * submitted_amount, adjusted_amount = 0.1 * submitted_amount, denied_amount = 0.2 * submitted_amount;
INSERT INTO care.payment (patient_id, facility_id, invoice_id, claim_id, received_at, amount, payer, method, idempotency_key)
SELECT patient_id, facility_id, invoice_id, claim_id, adjudicated_at + INTERVAL '3 days', accepted_amount, 'insurer', 'bank_transfer', 'insurer-' || claim_id
FROM care.claim;
INSERT INTO care.payment (patient_id, facility_id, invoice_id, received_at, amount, payer, method, idempotency_key, processor_token)
SELECT b.patient_id, b.facility_id, b.invoice_id, visited_at + INTERVAL '14 days',
       care.ledger_balance(b.invoice_id, 'receivable'), 'patient', 'card', 'patient-' || b.invoice_id, 'tok_' || translate(left(md5(n::text), 12), '0123456789', 'ghijklmnop')
FROM bill b WHERE way <> 'unpaid';
INSERT INTO known_fact
SELECT 'invoice_balance', b.invoice_id, jsonb_build_object('charged', total, 'due_from_patient', CASE way WHEN 'unpaid' THEN total ELSE 0 END,
           'paid_by_insurer', CASE way WHEN 'insured' THEN 0.7 * total ELSE 0 END)
FROM bill b, LATERAL (SELECT sum(h.amount) AS total FROM care.charge h WHERE h.invoice_id = b.invoice_id) AS charged;
