-- Work: requests and what came of them, messages, the tasks that triggers make of these, recalls, and how patients want
-- to be told. Documents are sealed, so the program writes them.
-- An image was asked for where there is one; the heart was to be looked at of one in nine; blood of one in seven.
INSERT INTO care.service_request (service_request_id, patient_id, requested_by, facility_id, requested_at, category, priority,
                                  code_system, code, title, reason_code, reason, status)
SELECT pg_temp.key('image request', n), pg_temp.key('patient', n), pg_temp.key('provider', n % pg_temp.providers()),
       pg_temp.facility_at(n % pg_temp.providers(), 2), pg_temp.today() - 40 + INTERVAL '15 hours', 'imaging', 'routine', 'loinc',
       '36643-5', 'Chest, two views', 'J06.9', 'Cough for six weeks', 'active'
FROM generate_series(0, pg_temp.patients() - 1, 10) AS n;
INSERT INTO care.service_request_fulfilment (service_request_fulfilment_id, patient_id, service_request_id, category, imaging_study_id)
SELECT pg_temp.key('image done', n), pg_temp.key('patient', n), pg_temp.key('image request', n), 'imaging', pg_temp.key('study', n)
FROM generate_series(0, pg_temp.patients() - 1, 10) AS n;
UPDATE care.service_request SET status = 'completed' WHERE category = 'imaging';
INSERT INTO care.service_request (service_request_id, patient_id, requested_by, facility_id, specialty, requested_at, category,
                                  priority, code_system, code, title, reason_code, reason, status, wanted_during)
SELECT pg_temp.key('referral', n), pg_temp.key('patient', n), pg_temp.key('provider', n % pg_temp.providers()),
       pg_temp.facility_at(n % pg_temp.providers(), 1), 'cardiology', pg_temp.today() - 9 + INTERVAL '16 hours', 'referral', 'urgent',
       'snomed', '183524004', 'See a cardiologist', 'I10', 'Blood pressure stays high',
       CASE WHEN n % 27 = 0 THEN 'draft' ELSE 'active' END, daterange(pg_temp.today() - 9, pg_temp.today() + 30)
FROM generate_series(0, pg_temp.patients() - 1, 9) AS n;
INSERT INTO care.service_request (service_request_id, patient_id, requested_by, facility_id, requested_at, category, priority,
                                  code_system, code, title, reason, status)
SELECT pg_temp.key('blood request', n), pg_temp.key('patient', n), pg_temp.key('provider', n % pg_temp.providers()),
       pg_temp.facility_at(n % pg_temp.providers(), 2), pg_temp.today() - 6 + INTERVAL '14 hours', 'laboratory', 'routine', 'loinc',
       '24331-1', 'Lipids', 'Yearly check', 'active'
FROM generate_series(0, pg_temp.patients() - 1, 7) AS n;
INSERT INTO care.lab_order (lab_order_id, patient_id, ordered_by, facility_id, ordered_at, collected_at, loinc, title, status,
                            specimen, specimen_label)
SELECT pg_temp.key('blood order', n), pg_temp.key('patient', n), pg_temp.key('provider', n % pg_temp.providers()),
       pg_temp.facility_at(n % pg_temp.providers(), 2), at, at + INTERVAL '1 hour', '24331-1', 'Lipids',
       CASE WHEN n % 2 = 0 THEN 'completed' ELSE 'in_process' END, 'blood', 'B-' || n
FROM generate_series(0, pg_temp.patients() - 1, 7) AS n,
     LATERAL (SELECT pg_temp.today() - 6 + INTERVAL '14 hours' AS at) AS moment;
INSERT INTO care.service_request_fulfilment (service_request_fulfilment_id, patient_id, service_request_id, category, lab_order_id)
SELECT pg_temp.key('blood done', n), pg_temp.key('patient', n), pg_temp.key('blood request', n), 'laboratory',
       pg_temp.key('blood order', n)
FROM generate_series(0, pg_temp.patients() - 1, 7) AS n;
-- Results open tasks for who ordered; of every other one they are read.
INSERT INTO care.lab_result (patient_id, lab_order_id, observed_at, issued_at, loinc, title, value_number, unit, reference_high,
                             critical_high, status)
SELECT pg_temp.key('patient', n), pg_temp.key('blood order', n), at + INTERVAL '1 hour', at + INTERVAL '1 day', '2093-3',
       'Cholesterol', round((150 + 120 * pg_temp.chance('cholesterol', n))::numeric), 'mg/dL', 200, 400, 'final'
FROM generate_series(0, pg_temp.patients() - 1, 14) AS n,
     LATERAL (SELECT pg_temp.today() - 6 + INTERVAL '14 hours' AS at) AS moment;
UPDATE care.task SET status = 'completed', outcome = 'Read, and told the patient.'
WHERE lab_order_id IN (SELECT pg_temp.key('blood order', n) FROM generate_series(0, pg_temp.patients() - 1, 28) AS n);
UPDATE care.service_request SET status = 'completed'
WHERE service_request_id IN (SELECT pg_temp.key('blood request', n) FROM generate_series(0, pg_temp.patients() - 1, 28) AS n);
INSERT INTO care.task (task_id, patient_id, facility_id, pool, kind, title, priority, due_at)
SELECT pg_temp.key('call', n), pg_temp.key('patient', n), pg_temp.facility_at(n % pg_temp.providers(), 1), 'front_desk',
       'call_patient', 'Find a time for a check-up', 'routine', pg_temp.today() + 2 + INTERVAL '16 hours'
FROM generate_series(3, pg_temp.patients() - 1, 12) AS n;
-- One in eight wrote; every other one was answered, and has read that.
INSERT INTO care.message_thread (message_thread_id, patient_id, provider_id, opened_by_account_id, created_at, category, subject)
SELECT pg_temp.key('thread', n), pg_temp.key('patient', n), pg_temp.key('provider', n % pg_temp.providers()),
       pg_temp.key('account', n), pg_temp.today() - 3 + INTERVAL '18 hours', 'medication', 'Tablets in the morning'
FROM generate_series(2, pg_temp.patients() - 1, 8) AS n;
INSERT INTO care.message (message_id, patient_id, message_thread_id, sender_account_id, sent_at, body)
SELECT pg_temp.key('question', n), pg_temp.key('patient', n), pg_temp.key('thread', n), pg_temp.key('account', n),
       pg_temp.today() - 3 + INTERVAL '18 hours', 'May I take the tablets in the evening instead?'
FROM generate_series(2, pg_temp.patients() - 1, 8) AS n;
INSERT INTO care.message (message_id, patient_id, message_thread_id, sender_account_id, sent_at, body)
SELECT pg_temp.key('reply', n), pg_temp.key('patient', n), pg_temp.key('thread', n),
       pg_temp.key('provider account', n % pg_temp.providers()), pg_temp.today() - 2 + INTERVAL '15 hours', 'Yes, with dinner.'
FROM generate_series(2, pg_temp.patients() - 1, 16) AS n;
INSERT INTO care.message_receipt (patient_id, message_id, account_id, read_at)
SELECT pg_temp.key('patient', n), pg_temp.key('reply', n), pg_temp.key('account', n), pg_temp.today() - 2 + INTERVAL '20 hours'
FROM generate_series(2, pg_temp.patients() - 1, 16) AS n;
INSERT INTO care.recall (recall_id, patient_id, recorded_by, due_on, programme, reason)
SELECT pg_temp.key('recall', n), pg_temp.key('patient', n), pg_temp.key('provider', n % pg_temp.providers()),
       pg_temp.today() + (n % 60), 'diabetes_review', 'Eyes, feet and kidneys once a year'
FROM generate_series(0, pg_temp.patients() - 1, 5) AS n;
INSERT INTO care.notification_preference (patient_id, channel, kind, wanted)
SELECT pg_temp.key('patient', n), 'email', kind, true
FROM generate_series(0, pg_temp.patients() - 1, 3) AS n, unnest('{appointment,recall}'::text[]) AS kind;
INSERT INTO care.quiet_hours (patient_id, quiet_from, quiet_until)
SELECT pg_temp.key('patient', n), '21:00', '08:00' FROM generate_series(0, pg_temp.patients() - 1, 6) AS n;
SELECT care.notify(pg_temp.key('patient', n), 'recall_due', pg_temp.today()::timestamptz, about_at => pg_temp.today() + INTERVAL '20 days')
FROM generate_series(0, pg_temp.patients() - 1, 15) AS n;
