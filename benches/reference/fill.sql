-- A network of :patients people for the bench of queries, in a database that holds nothing else.
--
-- Keys are digests of numbers, so that they lie as scattered as random ones and are the same in every run. Triggers and
-- foreign keys are off (they are not what is measured, and the rows are made to fit); checks and exclusions are on.
SET session_replication_role = replica;
SET synchronous_commit = off;

CREATE FUNCTION pg_temp.key(kind text, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$ SELECT md5(kind || n)::uuid $$;

INSERT INTO care.state (country, code, name) SELECT 'US', 'S' || n, 'State ' || n FROM generate_series(1, 10) AS n;
INSERT INTO care.city (state_id, name) SELECT state_id, 'City ' || n FROM care.state, generate_series(1, 5) AS n;
INSERT INTO care.facility (facility_id, city_id, category, name, street, postal_code, time_zone, phone)
SELECT pg_temp.key('facility', n), 1 + n % 50, (ARRAY['clinic', 'hospital', 'pharmacy',
       'wellness_center'])[1 + n % 4],
       'Facility ' || n, n || ' Main Street', '62701', 'America/Chicago', '+12175550100'
FROM generate_series(1, 100) AS n;
INSERT INTO care.facility_has_category (facility_id, category) SELECT facility_id, category FROM care.facility;
INSERT INTO care.provider (provider_id, family_name, given_name, email)
SELECT pg_temp.key('provider', n), 'Family' || n % 97, 'Given' || n % 31, 'provider' || n || '@example.org'
FROM generate_series(1, 400) AS n;
INSERT INTO care.qualification (provider_id, kind, title, issuer, awarded_year, country, license_number, licensed_during)
SELECT pg_temp.key('provider', n), 'license', 'Licence', 'US', 2001, 'US', n::text, daterange('2001-01-01', NULL)
FROM generate_series(1, 400) AS n;
INSERT INTO care.affiliation (provider_id, facility_id, valid_during, role)
SELECT pg_temp.key('provider', n), pg_temp.key('facility', 1 + n % 100), daterange('2020-01-01', NULL), 'attending'
FROM generate_series(1, 400) AS n;
INSERT INTO care.provider_specialty (provider_id, specialty)
SELECT pg_temp.key('provider', n), specialty FROM generate_series(1, 400) AS n
JOIN (SELECT specialty, row_number() OVER (ORDER BY specialty) AS place,
       count(*) OVER () AS many FROM care.specialty) AS s
  ON s.place = 1 + n % s.many;

INSERT INTO care.patient (patient_id, born_on, sex, time_zone)
SELECT pg_temp.key('patient', n), DATE '1935-01-01' + (n::bigint * 7919 % 30000)::integer, (ARRAY['female',
       'male'])[1 + n % 2],
       'America/Chicago'
FROM generate_series(1, :patients) AS n;
INSERT INTO care.patient_name (patient_id, use, family, given, script, preferred)
SELECT pg_temp.key('patient', n), 'official', 'Name' || n % 5003, ARRAY['Given' || n % 401], 'Latn', true
FROM generate_series(1, :patients) AS n;
INSERT INTO care.address (patient_id, use, lines, city, postal_code, country)
SELECT pg_temp.key('patient', n), 'home', ARRAY[n || ' Elm Street'], 'City ' || n % 5, '62701', 'US'
FROM generate_series(1, :patients) AS n;
INSERT INTO care.contact_point (patient_id, rank, system, use, value)
SELECT pg_temp.key('patient', n), 1, 'phone', 'mobile', '+1217' || lpad((n % 10000000)::text, 7, '0')
FROM generate_series(1, :patients) AS n;

INSERT INTO access.account (account_id, patient_id, part, login)
SELECT pg_temp.key('account', n), pg_temp.key('patient', n), 'patient', 'patient-' || n FROM generate_series(1,
       :patients) AS n;
INSERT INTO access.account (account_id, provider_id, part, login)
SELECT pg_temp.key('provider account', n), pg_temp.key('provider', n), 'provider', 'provider-' || n
FROM generate_series(1, 400) AS n;
INSERT INTO access.account (account_id, facility_id, part, login)
SELECT pg_temp.key(part, n), pg_temp.key('facility', n), part, part || '-' || n
FROM generate_series(1, 100) AS n, unnest(ARRAY['front_desk', 'biller']) AS part;
INSERT INTO access.account (account_id, part, login)
VALUES (pg_temp.key('officer', 1), 'privacy_officer', 'officer'), (pg_temp.key('analyst', 1), 'analyst', 'analyst');
-- Two providers care for each patient: a panel is five hundred people.
INSERT INTO access.care_relationship (patient_id, provider_id, valid_during, basis)
SELECT pg_temp.key('patient', n), pg_temp.key('provider', 1 + (n + shift) % 400), tstzrange('2020-01-01', NULL),
       'care_team'
FROM generate_series(1, :patients) AS n, unnest(ARRAY[0, 137]) AS shift;

-- Five visits a patient, eight a day for a provider, from four months ago to a month ahead.
INSERT INTO care.appointment (appointment_id, patient_id, provider_id, facility_id, during, status)
SELECT pg_temp.key('appointment', n), pg_temp.key('patient', 1 + n::bigint * 7919 % :patients),
       pg_temp.key('provider', 1 + n % 400),
       pg_temp.key('facility', 1 + n % 400 % 100), tstzrange(at, at + INTERVAL '30 minutes'),
       CASE WHEN at > now() - INTERVAL '1 hour' THEN 'booked' WHEN n % 11 = 0 THEN 'no_show'
            WHEN n % 13 = 0 THEN 'cancelled'
            ELSE 'completed' END
FROM generate_series(0, 5 * :patients - 1) AS n,
     LATERAL (SELECT date_trunc('day', now()) + (n / 400 / 8 - 5 * :patients / 400 / 8 * 4 / 5) * INTERVAL '1 day'
                     + (14 + n / 400 % 8) * INTERVAL '1 hour') AS moment (at);
INSERT INTO care.review (patient_id, appointment_id, provider_id, facility_id, provider_stars, facility_stars, state)
SELECT patient_id, appointment_id, provider_id, facility_id, 1 + place % 5, 1 + place / 5 % 5, CASE place % 9 WHEN 0 THEN 'pending' ELSE 'published' END
FROM care.appointment, LATERAL (SELECT get_byte(uuid_send(appointment_id), 1)) AS dice (place)
WHERE status = 'completed' AND place % 2 = 0;
-- A patient's five visits are with one provider, whom they open the record to.
INSERT INTO access.care_relationship (patient_id, provider_id, valid_during, basis)
SELECT pg_temp.key('patient', 1 + n::bigint * 7919 % :patients), pg_temp.key('provider', 1 + n % 400),
       tstzrange(now() - INTERVAL '150 days', now() + INTERVAL '60 days'), 'visit'
FROM generate_series(0, :patients - 1) AS n;
INSERT INTO care.encounter (encounter_id, patient_id, facility_id, attending_provider_id, during, class)
SELECT pg_temp.key('encounter', n), pg_temp.key('patient', 1 + n % :patients), pg_temp.key('facility', 1 + n % 100),
       pg_temp.key('provider', 1 + n % 400), tstzrange(at, at + INTERVAL '30 minutes'), 'ambulatory'
FROM generate_series(0, 3 * :patients - 1) AS n,
     LATERAL (SELECT TIMESTAMPTZ '2024-01-01 15:00Z' + (n / :patients * 100 + n % 97) * INTERVAL '1 day') AS moment (at);
INSERT INTO care.condition (patient_id, recorded_by, onset_on, code_system, code, title, clinical_status,
       verification_status)
SELECT pg_temp.key('patient', 1 + n % :patients), pg_temp.key('provider', 1 + n % 400),
       DATE '2015-01-01' + (n % 3000)::integer,
       'icd10', (ARRAY['E11.9', 'I10', 'J45.909', 'M54.5', 'F32.9', 'N18.3'])[1 + (n / :patients + n % 4) % 6],
       'Condition', 'active', 'confirmed'
FROM generate_series(0, 3 * :patients - 1) AS n;
INSERT INTO care.allergy (patient_id, category, substance, criticality, clinical_status, verification_status)
SELECT pg_temp.key('patient', n), 'medication', 'Penicillin', 'high', 'active', 'confirmed'
FROM generate_series(1, :patients, 4) AS n;
INSERT INTO care.medication (medication_id, code_system, code, name, ingredient, form)
SELECT pg_temp.key('medication', n), 'rxnorm', (1000 + n)::text, 'Drug ' || n, 'ingredient ' || n, 'tablet'
FROM generate_series(1, 300) AS n;
INSERT INTO care.prescription (patient_id, medication_id, prescriber_id, days_supply, valid_during, dose_quantity,
       dose_unit,
                               quantity, times, per_amount, per_unit, route, instructions)
SELECT pg_temp.key('patient', 1 + n % :patients), pg_temp.key('medication', 1 + n % 300), pg_temp.key('provider',
       1 + n % 400),
       30, daterange('2026-01-01', '2026-12-31'), 1, '{tbl}', 30, 1, 1, 'day', 'oral', 'One tablet a day'
FROM generate_series(0, 2 * :patients - 1) AS n;
INSERT INTO care.dispense (patient_id, prescription_id, facility_id, filled_on, days_supply, quantity)
SELECT p.patient_id, p.prescription_id, pg_temp.key('facility', 1 + place), DATE '2026-01-05' + nth * (30 + place), 30, 30
FROM care.prescription p, LATERAL (SELECT get_byte(uuid_send(p.patient_id), 0) % 20) AS dice (place),
     generate_series(0, 5) AS nth;
INSERT INTO care.lab_result (patient_id, observed_at, issued_at, value_number, loinc, title, unit, status)
SELECT pg_temp.key('patient', 1 + n % :patients), TIMESTAMPTZ '2024-01-01Z' + (n / :patients * 60 + n % 50) * INTERVAL '1 day',
       TIMESTAMPTZ '2024-01-02Z' + (n / :patients * 60 + n % 50) * INTERVAL '1 day', 5 + n % 90,
       (ARRAY['4548-4', '2345-7', '718-7', '2951-2', '2823-3'])[1 + (n / :patients) % 5], 'Result', 'mmol/L', 'final'
FROM generate_series(0, 10 * :patients - 1) AS n;
INSERT INTO care.record_version (version, row_id, patient_id, held_from, superseded_at, relation, changed_by,
       superseded_by, image)
SELECT 1, pg_temp.key('row', n), pg_temp.key('patient', 1 + n % :patients), TIMESTAMPTZ '2025-01-01Z',
       TIMESTAMPTZ '2025-02-01Z',
       'condition', 'program', 'program', '{"title": "former"}'
FROM generate_series(0, 2 * :patients - 1) AS n;

INSERT INTO care.care_plan (care_plan_id, patient_id, provider_id, title)
SELECT pg_temp.key('plan', n), pg_temp.key('patient', n), pg_temp.key('provider', 1 + n % 400), 'Plan'
FROM generate_series(1, :patients, 3) AS n;
INSERT INTO care.care_plan_version (patient_id, care_plan_id, author_id, edition, status, activated_at, summary)
SELECT pg_temp.key('patient', n), pg_temp.key('plan', n), pg_temp.key('provider', 1 + n % 400), 1, 'active', now(),
       'Walk more'
FROM generate_series(1, :patients, 3) AS n;
INSERT INTO care.goal (patient_id, target, pursued_during, per, measure, comparator, metric, unit, title)
SELECT pg_temp.key('patient', n), 8000, daterange('2026-01-01', '2027-01-01'), 'day', 'sum', 'at_least',
       'step_count', '{steps}', 'Steps'
FROM generate_series(1, :patients, 2) AS n;
INSERT INTO care.journal_entry (patient_id, written_at, mood, body)
SELECT pg_temp.key('patient', 1 + n % :patients), TIMESTAMPTZ '2026-01-01Z' + n / :patients * INTERVAL '1 day', 3,
       '\x01'::bytea || sha256(n::text::bytea)
FROM generate_series(0, 2 * :patients - 1) AS n;
INSERT INTO care.space (space_id, name, topic, rules)
SELECT pg_temp.key('space', n), 'Space ' || n, 'diabetes', 'Be kind' FROM generate_series(1, 50) AS n;
INSERT INTO care.space_member (space_member_id, space_id, pseudonym)
SELECT pg_temp.key('member', n), pg_temp.key('space', 1 + n % 50), 'Willow' || n FROM generate_series(1,
       :patients / 4) AS n;
INSERT INTO care.space_identity (space_member_id, space_id, patient_id)
SELECT pg_temp.key('member', n), pg_temp.key('space', 1 + n % 50), pg_temp.key('patient', n)
FROM generate_series(1, :patients / 4) AS n;
INSERT INTO care.post (space_id, space_member_id, created_at, title, body)
SELECT pg_temp.key('space', 1 + n % 50), pg_temp.key('member', 1 + (n - 1) % (:patients / 4)),
       TIMESTAMPTZ '2026-01-01Z' + n * INTERVAL '1 minute',
       'Title', 'It helped me to walk in the morning.'
FROM generate_series(1, :patients) AS n;

INSERT INTO care.charge_code (charge_code, title, unit_price, currency) VALUES ('VISIT', 'Visit', 120,
       'USD') ON CONFLICT DO NOTHING;
INSERT INTO care.invoice (invoice_id, patient_id, facility_id, issued_at, due_on, status, number)
SELECT pg_temp.key('invoice', n), pg_temp.key('patient', 1 + n % :patients), pg_temp.key('facility', 1 + n % 100),
       TIMESTAMPTZ '2026-01-01Z' + n % 300 * INTERVAL '1 day', DATE '2026-02-01' + (n % 300)::integer, 'issued',
       'INV-' || n
FROM generate_series(0, 3 * :patients - 1) AS n;
INSERT INTO care.charge (patient_id, facility_id, invoice_id, served_on, charge_code, unit_price, currency)
SELECT pg_temp.key('patient', 1 + n % :patients), pg_temp.key('facility', 1 + n % 100), pg_temp.key('invoice', n),
       DATE '2026-01-01', 'VISIT', 120, 'USD'
FROM generate_series(0, 3 * :patients - 1) AS n;
-- Each is booked, and six in seven are paid.
INSERT INTO care.payment (payment_id, patient_id, facility_id, invoice_id, amount, payer, method, idempotency_key)
SELECT pg_temp.key('payment', n), pg_temp.key('patient', 1 + n % :patients), pg_temp.key('facility', 1 + n % 100),
       pg_temp.key('invoice', n), 120, 'patient', 'cash', 'payment-of-invoice-' || n
FROM generate_series(0, 3 * :patients - 1) AS n WHERE n % 7 > 0;
INSERT INTO care.ledger_transaction (ledger_transaction_id, patient_id, facility_id, invoice_id, payment_id, kind)
SELECT pg_temp.key(kind, n), pg_temp.key('patient', 1 + n % :patients), pg_temp.key('facility', 1 + n % 100),
       pg_temp.key('invoice', n), CASE kind WHEN 'payment' THEN pg_temp.key('payment', n) END, kind
FROM generate_series(0, 3 * :patients - 1) AS n, unnest(ARRAY['issue', 'payment']) AS kind
WHERE kind = 'issue' OR n % 7 > 0;
INSERT INTO care.ledger_entry (ledger_transaction_id, patient_id, facility_id, account, amount)
SELECT ledger_transaction_id, patient_id, facility_id, account, amount
FROM care.ledger_transaction JOIN (VALUES ('issue', 'receivable', 120), ('issue', 'revenue', -120),
       ('payment', 'cash', 120), ('payment', 'receivable', -120)) AS entry (kind, account, amount) USING (kind);

INSERT INTO access.audit_event (chain, seq, at, actor, patient_id, part, action, resource, outcome, reason, prev_hash, hash)
SELECT 0, n, TIMESTAMPTZ '2026-01-01Z' + n * INTERVAL '10 seconds', pg_temp.key('provider account', 1 + n % 400),
       pg_temp.key('patient', 1 + n % :patients), 'provider', 'read', 'care.condition', 'allowed', 'in_care',
       sha256((n - 1)::text::bytea), sha256(n::text::bytea)
FROM generate_series(1, 5 * :patients) AS n;

-- One watch for each, worn since January, with a day of heart rates a minute for the first thousand.
INSERT INTO signal.device (device_id, added_at, added_by)
SELECT 'watch-' || n, now(), 'bench' FROM generate_series(1, :patients) AS n;
INSERT INTO care.wear (patient_id, device_key, worn_during)
SELECT pg_temp.key('patient', n), device_key, tstzrange('2026-01-01Z', NULL)
FROM generate_series(1, :patients) AS n JOIN signal.device ON device_id = 'watch-' || n;
INSERT INTO signal.series (device_key, metric_id)
SELECT device_key, metric_id FROM signal.device, signal.metric WHERE name = 'heart_rate';
SELECT signal.ensure_chunk('2026-02-01');
INSERT INTO signal.block (start_at, stop_at, tick_us, span_us, series_id, values)
SELECT '2026-02-01 00:00Z', '2026-02-01 23:59Z', 60000000, 0, series_id,
       (SELECT array_agg(60 + minute % 40) FROM generate_series(0, 1439) AS minute)
FROM signal.series LIMIT 1000;

SET session_replication_role = origin;
-- What triggers would have kept.
SELECT care.recount_reviews(), care.recount_balances(), care.recount_conditions(), care.recount_adherence();
ANALYZE;
