//! What those may do who are meant to: each function for which the matrix of parts (`api_matrix`) has no cell where one
//! gets through, since its stage has no such rows, called by the right part on rows that are made for it.

use super::client::{Notices, seen};
use super::scene::{Template, Who};

/// Denies the open claim of the bill, whose key is shown by a look before.
const DENY_CLAIM: &str = "
    SELECT api.answer_claim('{token}', claim, jsonb_build_array(jsonb_build_object('charge', charge, 'paid_cents', 0,
        'adjustments', jsonb_build_array(jsonb_build_object('group', 'PR', 'code', '96', 'cents', asked_cents)))))
    FROM api.read_claims('{token}', '{last}', '{own}') WHERE status = 'submitted'";

/// Rows that the calls are about.
const ARRANGED: &str = "
    INSERT INTO care.appointment (appointment_id, mode, patient_id, provider_id, facility_id, during, status)
    VALUES ('{video}', 'telehealth', '{own}', '{provider}', '{facility}', tstzrange(now(),
    now() + INTERVAL '2 hours'), 'booked');
    INSERT INTO care.appointment (patient_id, provider_id, facility_id, during, status)
    VALUES ('{own}', '{provider}', '{facility}', tstzrange(now() - INTERVAL '99 hours', now() - INTERVAL '98 hours'), 'no_show');
    INSERT INTO care.appointment (appointment_id, patient_id, provider_id, facility_id, during, status)
    VALUES (md5('seen')::uuid, '{own}', '{provider}', '{facility}', tstzrange(now() - INTERVAL '95 hours',
    now() - INTERVAL '94 hours'), 'completed');
    INSERT INTO care.charge_code (charge_code, title, unit_price, currency) VALUES ('VISIT-99', 'Visit', 120, 'USD');
    INSERT INTO care.membership_price (plan, currency, per, amount, valid_during)
    VALUES ('premium', 'USD', 'month', 30, '[2020-01-01,)'), ('regular', 'USD', 'month', 0, '[2020-01-01,)')
    ON CONFLICT DO NOTHING;
    INSERT INTO care.invoice (invoice_id, patient_id, facility_id, number)
    VALUES ('{bill}', '{own}', '{facility}', 'C-1'), ('{void}', '{own}', '{facility}', 'C-2');
    INSERT INTO care.charge (patient_id, facility_id, invoice_id, served_on, charge_code, quantity, unit_price)
    SELECT '{own}', '{facility}', invoice_id, current_date - 1, 'VISIT-99', 1, 120
    FROM unnest('{{bill},{void}}'::uuid[]) AS invoice_id;
    WITH made AS (
        INSERT INTO care.policy (insurer_id, insurance_plan_id, number, holder_name)
        SELECT insurer_id, insurance_plan_id, 'C-0001', 'Ana Ruiz'
        FROM care.insurance_plan LIMIT 1 RETURNING policy_id
    ) INSERT INTO care.coverage (coverage_id, patient_id, policy_id, covered_during)
    SELECT '{coverage_of_own}', '{own}', policy_id, daterange(current_date - 90, current_date + 90) FROM made;
    INSERT INTO care.insurance_plan (insurance_plan_id, insurer_id, name)
    SELECT md5('insurance plan')::uuid, insurer_id, 'Clients' FROM care.insurer LIMIT 1;
    INSERT INTO care.plan_benefit (insurance_plan_id, valid_during, network, category)
    VALUES (md5('insurance plan')::uuid, '[2020-01-01,)', 'in', 'office_visit');
    INSERT INTO care.programme (programme_id, provider_id, capacity, sessions_needed, enrolment_during,
    runs_during, topic,
                                title, description)
    VALUES ('{course}', '{provider}', 9, 1, tstzrange(now() - INTERVAL '9 days', now() + INTERVAL '9 days'),
            daterange(current_date - 9, current_date + 9), 'sleep', 'Better sleep', 'Nine evenings');
    INSERT INTO care.programme (programme_id, provider_id, capacity, sessions_needed, enrolment_during,
    runs_during, topic,
                                title, description)
    SELECT '{course_before}', provider_id, capacity, sessions_needed, enrolment_during, daterange(current_date - 9,
    current_date),
           topic, title || ' before', description FROM care.programme WHERE programme_id = '{course}';
    INSERT INTO care.enrolment (programme_id, patient_id, status) VALUES ('{course_before}', '{own}', 'enrolled');
    INSERT INTO care.programme_session (programme_session_id, programme_id, during, title)
    VALUES ('{evening}', '{course}', tstzrange(now() - INTERVAL '1 hour', now()), 'First');
    INSERT INTO care.programme (programme_id, facility_id, capacity, sessions_needed, enrolment_during, runs_during, topic, title,
                                description)
    SELECT md5('course here')::uuid, '{facility}', capacity, sessions_needed, enrolment_during, runs_during, topic,
           title || ' here', description FROM care.programme WHERE programme_id = '{course}';
    INSERT INTO care.programme_session (programme_id, during, title)
    VALUES (md5('course here')::uuid, tstzrange(now() + INTERVAL '24 hours', now() + INTERVAL '25 hours'), 'Next');
    INSERT INTO care.care_plan (care_plan_id, patient_id, provider_id, title) VALUES ('{plan}', '{own}',
    '{provider}', 'Sleep');
    INSERT INTO care.note (note_id, patient_id, author_id, cosigner_id, loinc, title)
    SELECT '00000000-0000-4000-8000-0000000000be', '{own}', provider_id, '{provider}', '11506-3', 'Visit' FROM care.provider
    WHERE provider_id <> '{provider}' LIMIT 1;
    INSERT INTO care.note_section (patient_id, note_id, place, loinc, title, body)
    VALUES ('{own}', '00000000-0000-4000-8000-0000000000be', 1, '51848-0', 'Assessment', 'A cold');
    UPDATE care.note SET status = 'signed', signed_at = now() WHERE note_id = '00000000-0000-4000-8000-0000000000be';
    INSERT INTO care.space (space_id, name, topic, rules) VALUES ('{room}', 'Clients', 'Sleep', 'Be kind');
    INSERT INTO access.proxy (patient_id, account_id, valid_during, kind, document, jurisdiction, scopes, acts)
    VALUES ('{visitor}', '{account_of_patient}', tstzrange(now(), NULL), 'conservator', 'Court order 5', 'US',
            '{schedule}', '{schedule}');
    INSERT INTO signal.device (device_id, added_at, added_by) VALUES ('own-watch', now(), 'operator'),
    ('spare-watch', now(), 'operator');
    INSERT INTO care.patient_name (patient_id, use, family, given) VALUES ('{own}', 'official', 'Ruiz', '{Ana}')
    ON CONFLICT DO NOTHING;
    INSERT INTO signal.series (device_key, metric_id) SELECT device_key, metric_id FROM signal.device, signal.metric
    WHERE device_id = 'own-watch' AND name = 'heart_rate';
    SELECT signal.ensure_chunk(current_date);
    INSERT INTO care.wear (patient_id, device_key, worn_during)
    SELECT '{own}', device_key, tstzrange(now() - INTERVAL '1 day', NULL) FROM signal.device
    WHERE device_id = 'own-watch';
    INSERT INTO signal.block (start_at, stop_at, tick_us, series_id, values)
    SELECT date_trunc('day', now(), 'UTC'), date_trunc('day', now(), 'UTC'), 1, series_id, '{60}'
    FROM signal.series JOIN signal.device USING (device_key) WHERE device_id = 'own-watch';
    INSERT INTO care.prescription (refills_allowed, prescription_id, patient_id, medication_id, prescriber_id,
    valid_during, times, days_supply,
                                   dose_quantity, quantity, dose_unit, route, instructions)
    VALUES (3, '{drug}', '{own}', '{medication}', '{provider}', daterange(current_date - 120, current_date + 60),
    2, 30, 1, 60, 'mg',
            'oral', 'Twice a day');
    INSERT INTO care.dispense (patient_id, prescription_id, facility_id, filled_on, days_supply, quantity)
    VALUES ('{own}', '{drug}', '{facility}', current_date - 110, 30, 60), ('{own}', '{drug}', '{facility}',
    current_date - 80, 30, 60);
    INSERT INTO care.message_thread (patient_id, category, subject) VALUES ('{own}', 'other', 'Good day');
    INSERT INTO care.message (patient_id, message_thread_id, sender_account_id, body)
    SELECT patient_id, message_thread_id, '{account_of_patient}', 'Good day' FROM care.message_thread
    WHERE patient_id = '{own}' AND subject = 'Good day';
    SELECT care.notify('{own}', 'message_waiting', now());
    INSERT INTO care.lab_result (patient_id, observed_at, loinc, title, status, value_number, unit)
    SELECT '{own}', now() - n * INTERVAL '30 days', '4548-4', 'HbA1c', 'final', 6 + n, '%' FROM generate_series(1,
    4) AS n;
    INSERT INTO care.lab_result (lab_result_id, patient_id, observed_at, loinc, title, status, value_number, unit,
                                 reference_high)
    VALUES (md5('ranged')::uuid, '{own}', now() - INTERVAL '5 days', '2345-7', 'Glucose', 'final', 90, 'mg/dL', 99);
    INSERT INTO care.encounter (patient_id, facility_id, attending_provider_id, class, admission_type, service_line,
                                discharge_disposition, during)
    VALUES ('{own}', '{facility}', '{provider}', 'inpatient', 'emergency', 'medical', 'home',
    tstzrange(now() - INTERVAL '90 days', now() - INTERVAL '88 days'));
    INSERT INTO care.detected_issue (patient_id, prescription_id, kind, severity, about, effect)
    VALUES ('{own}', '{drug}', 'dose', 'moderate', 'metformin', 'A lot');
    INSERT INTO care.appointment (appointment_id, patient_id, provider_id, facility_id, during, status)
    VALUES (md5('reviewed')::uuid, '{own}', '{provider}', '{facility}', tstzrange(now() - INTERVAL '50 days',
    now() - INTERVAL '50 days' + INTERVAL '30 minutes'), 'completed');
    INSERT INTO care.review (patient_id, appointment_id, provider_id, facility_id, facility_stars, state)
    VALUES ('{own}', md5('reviewed')::uuid, '{provider}', '{facility}', 4, 'published');
    INSERT INTO care.department (department_id, facility_id, kind, name)
    VALUES (md5('department')::uuid, '{facility}', 'laboratory', 'Laboratory');
    INSERT INTO care.department_hours (department_id, weekday, opens_minute, closes_minute)
    VALUES (md5('department')::uuid, 1, 420, 720);
    INSERT INTO care.equipment (equipment_id, facility_id, kind, name, in_service_during)
    VALUES (md5('equipment')::uuid, '{facility}', 'ecg', 'ECG', daterange(current_date, NULL));
    INSERT INTO care.insurer (insurer_id, name) VALUES (md5('insurer')::uuid, 'Zed Health');
    INSERT INTO care.organisation_identifier (organisation_id, kind, issuer, value)
    SELECT organisation_id, 'npi', 'US-CMS', '1234567893' FROM care.facility WHERE facility_id = '{facility}';
    INSERT INTO access.account_proposal (account_proposal_id, proposed_by, part, login)
    VALUES ('00000000-0000-4000-8000-0000000000bf', '{account_of_second}', 'network_admin', 'client-14');
    INSERT INTO care.availability_exception (availability_exception_id, provider_id, facility_id, kind, during)
    VALUES ('00000000-0000-4000-8000-0000000000bf', '{colleague}', '{facility}', 'off',
            tstzrange(now() + INTERVAL '90 days', now() + INTERVAL '91 days'))";

/// Proposes somebody who is like the first of the own patients.
const LIKE_OWN: &str = r#"SELECT api.propose_patient('{token}', '{"born_on": "1980-05-17", "sex": "female",
    "time_zone": "UTC", "names": [{"use": "official", "family": "Ruiz", "given": ["Ana"]}]}')"#;

/// A function, whose it is to call, and the calls.
pub(crate) const CALLS: &[(&str, Who, &[&str])] = &[
    ("find_facilities", Who::Patient, &["SELECT * FROM api.find_facilities('{token}', NULL, NULL, NULL, NULL, NULL, 5)"]),
    (
        "list_department_hours",
        Who::Patient,
        &["SELECT * FROM api.list_department_hours('{token}', md5('department')::uuid)"],
    ),
    ("list_departments", Who::Patient, &["SELECT * FROM api.list_departments('{token}', '{facility}')"]),
    (
        "list_organisation_numbers",
        Who::Patient,
        &["SELECT * FROM api.list_organisation_numbers('{token}', '00000000-0000-4000-8000-000000000001')"],
    ),
    ("list_reviews", Who::Patient, &["SELECT * FROM api.list_reviews('{token}', NULL, '{facility}', NULL, 5)"]),
    (
        "list_accounts",
        Who::Manager,
        &[
            "SELECT api.look('{token}', NULL, 'accounts', NULL)",
            "SELECT login FROM api.list_accounts('{token}', '{last}', NULL, 'biller', '{facility}', NULL, 50)
             WHERE login = 'client-13'",
        ],
    ),
    (
        "set_specialty",
        Who::Admin,
        &["SELECT api.set_specialty('{token}', '{colleague}', 'cardiology', true, true) IS NULL AS failed"],
    ),
    (
        "keep_specialty",
        Who::Admin,
        &["SELECT api.keep_specialty('{token}', 'zedology', '207Z00000X', 'Zedology', '{}') IS NULL AS failed"],
    ),
    ("keep_term", Who::Admin, &["SELECT api.keep_term('{token}', 'service', 'zed_bath', 'Zed bath') IS NULL AS failed"]),
    (
        "set_attendance_policy",
        Who::Manager,
        &["SELECT api.set_attendance_policy('{token}', '{facility}', 24, NULL, NULL, NULL) IS NULL AS failed"],
    ),
    (
        "set_facility_category",
        Who::Manager,
        &["SELECT api.set_facility_category('{token}', '{facility}', 'pharmacy', true) IS NULL AS failed"],
    ),
    (
        "keep_outage",
        Who::Manager,
        &["SELECT api.keep_outage('{token}', md5('equipment')::uuid, NULL, NULL, now(), NULL, 'Broken')"],
    ),
    (
        "keep_appointment_type",
        Who::Admin,
        &["SELECT api.keep_appointment_type('{token}', 'zed', 'Zed', 30, 0, 0, 'never', false, true, NULL, NULL, NULL)
             IS NULL AS failed"],
    ),
    (
        "keep_cancellation_reason",
        Who::Admin,
        &["SELECT api.keep_cancellation_reason('{token}', 'zed', 'Zed', NULL, ARRAY['patient'], true) IS NULL AS failed"],
    ),
    (
        "keep_insurance_plan",
        Who::Admin,
        &["SELECT api.keep_insurance_plan('{token}', NULL, md5('insurer')::uuid, 'Gold', 'USD', 1, NULL)"],
    ),
    (
        "keep_adjustment_code",
        Who::Admin,
        &["SELECT api.keep_adjustment_code('{token}', 'CO', 'Z99', 'Zed', NULL, NULL) IS NULL AS failed"],
    ),
    (
        "keep_membership_plan",
        Who::Admin,
        &["SELECT api.keep_membership_plan('{token}', 'zed', 'Zed', 30, 7, false, true, true) IS NULL AS failed"],
    ),
    (
        "keep_charge_code",
        Who::Admin,
        &["SELECT api.keep_charge_code('{token}', 'ZED-1', 'Zed', 12000, 'USD', NULL) IS NULL AS failed"],
    ),
    (
        "keep_loinc_unit",
        Who::Admin,
        &["SELECT api.keep_loinc_unit('{token}', '99999-9', 'mg/dL', 0, 100) IS NULL AS failed"],
    ),
    (
        "confirm_account",
        Who::Admin,
        &["SELECT api.confirm_account('{token}', '00000000-0000-4000-8000-0000000000bf')"],
    ),
    (
        "add_sensitive_code",
        Who::Admin,
        &["SELECT api.add_sensitive_code('{token}', 'icd10', 'Z99.9', 'hiv') IS NULL AS failed"],
    ),
    (
        "drop_exception",
        Who::Manager,
        &["SELECT api.drop_exception('{token}', '00000000-0000-4000-8000-0000000000bf') IS NULL AS failed"],
    ),
    (
        "add_facility",
        Who::Admin,
        &[
            "SELECT api.add_state('{token}', 'US', 'ZZ', 'Zedland') IS NULL AS failed",
            "SELECT api.add_facility('{token}', 'US', 'ZZ', 'Zed', 'clinic', 'Zed clinic', '1 Main Street', '62701',
               'America/Chicago', '+12175550100', NULL, NULL, NULL, NULL)",
        ],
    ),
    (
        "count_visits",
        Who::Quality,
        &[
            "SELECT api.look('{token}', NULL, 'quality_visits', NULL)",
            "SELECT count(*) FROM api.count_visits('{token}', '{last}', NULL, NULL, '2020-01-01', '2030-01-01')",
        ],
    ),
    (
        "count_readmissions",
        Who::Quality,
        &[
            "SELECT api.look('{token}', NULL, 'quality_readmissions', NULL)",
            "SELECT count(*) FROM api.count_readmissions('{token}', '{last}', NULL, NULL)",
        ],
    ),
    (
        "count_adherence",
        Who::Quality,
        &[
            "SELECT api.look('{token}', NULL, 'quality_adherence', NULL)",
            "SELECT count(*) FROM api.count_adherence('{token}', '{last}', NULL, 2025)",
        ],
    ),
    (
        "count_adherence_seen",
        Who::Quality,
        &[
            "SELECT api.look('{token}', NULL, 'quality_adherence', NULL)",
            "SELECT count(*) FROM api.count_adherence_seen('{token}', '{last}', NULL, NULL, 2025)",
        ],
    ),
    (
        "count_time_in_range",
        Who::Quality,
        &[
            "SELECT api.look('{token}', NULL, 'quality_samples', NULL)",
            "SELECT count(*) FROM api.count_time_in_range('{token}', '{last}', NULL, '{facility}', '2026-01-01')",
        ],
    ),
    (
        "count_programme_outcomes",
        Who::Quality,
        &[
            "SELECT api.look('{token}', NULL, 'quality_programmes', NULL)",
            "SELECT count(*) FROM api.count_programme_outcomes('{token}', '{last}', NULL, NULL)",
        ],
    ),
    (
        "count_engagement",
        Who::Quality,
        &[
            "SELECT api.look('{token}', NULL, 'quality_engagement', NULL)",
            "SELECT count(*) FROM api.count_engagement('{token}', '{last}', NULL, NULL, '2020-01-01', '2030-01-01')",
        ],
    ),
    (
        "count_conditions",
        Who::Quality,
        &[
            "SELECT api.look('{token}', NULL, 'quality_conditions', NULL)",
            "SELECT count(*) FROM api.count_conditions('{token}', '{last}', NULL)",
        ],
    ),
    (
        "count_patients",
        Who::Quality,
        &[
            "SELECT api.look('{token}', NULL, 'quality_patients', NULL)",
            "SELECT count(*) FROM api.count_patients('{token}', '{last}', NULL, NULL)",
        ],
    ),
    (
        "average_samples",
        Who::Quality,
        &[
            "SELECT api.look('{token}', NULL, 'quality_samples', NULL)",
            "SELECT count(*) FROM api.average_samples('{token}', '{last}', NULL, 'heart_rate', '2020-01-01', '2030-01-01')",
        ],
    ),
    ("list_staff", Who::Patient, &["SELECT * FROM api.list_staff('{token}', '{facility}')"]),
    (
        "find_open_slots",
        Who::Patient,
        &[
            "SELECT * FROM api.find_open_slots('{token}', '{provider}', '{facility}', now() + INTERVAL '1 day',
               now() + INTERVAL '2 days', 30)",
            "SELECT * FROM api.find_open_slots('{token}', '{provider}', '{facility}', now() + INTERVAL '1 day',
               now() + INTERVAL '2 days', 30, '{own}')",
        ],
    ),
    (
        "list_emergencies",
        Who::Officer,
        &[
            "SELECT api.look('{token}', NULL, 'emergencies', NULL)",
            "SELECT * FROM api.list_emergencies('{token}', '{last}', NULL)",
        ],
    ),
    (
        "review_emergency",
        Who::Officer,
        &[
            "SELECT api.look('{token}', NULL, 'emergencies', NULL)",
            "SELECT api.review_emergency('{token}', care_relationship_id, 'justified')
                 FROM api.list_emergencies('{token}', '{last}', NULL) LIMIT 1",
        ],
    ),
    ("consent_to_telehealth", Who::Patient, &["SELECT api.consent_to_telehealth('{token}', '{video}')"]),
    (
        "book_series",
        Who::Desk,
        &["SELECT * FROM api.book_series('{token}', '{own}', '{provider}', '{facility}', now() + INTERVAL '9 days', 30,
             'weekly', 1, 2, NULL, NULL, NULL, 'in_person', 'Exercises', NULL)"],
    ),
    (
        "waive_missed_visits",
        Who::Desk,
        &["SELECT api.waive_missed_visits('{token}', '{own}', 'The bus did not come')"],
    ),
    ("issue_join_token", Who::Provider, &["SELECT api.issue_join_token('{token}', '{video}')"]),
    (
        "use_join_token",
        Who::Patient,
        &["SELECT api.use_join_token('{token}', api.issue_join_token('{token}', '{video}'))"],
    ),
    (
        "stop_telehealth",
        Who::Provider,
        &[
            "SELECT api.use_join_token('{token}', api.issue_join_token('{token}', '{video}'))",
            "SELECT api.stop_telehealth('{token}', '{video}')",
        ],
    ),
    (
        "void_invoice",
        Who::Biller,
        &[
            "SELECT api.issue_invoice('{token}', '{void}', current_date + 30)",
            "SELECT api.void_invoice('{token}', '{void}')",
        ],
    ),
    (
        "pay",
        Who::Biller,
        &[
            "SELECT api.issue_invoice('{token}', '{bill}', current_date + 30)",
            "SELECT api.pay('{token}', 'key-0123456789abcdef', '{bill}', 5000, 'cash', NULL, NULL)",
        ],
    ),
    (
        "refund",
        Who::Biller,
        &[
            "SELECT api.pay('{token}', 'key-0123456789abcdef', '{bill}', 5000, 'cash', NULL, NULL)",
            "SELECT api.refund('{token}', 'key-fedcba9876543210', '{last}', 500, 'too much')",
        ],
    ),
    (
        "read_bills",
        Who::Patient,
        &[
            "SELECT api.look('{token}', '{own}', 'invoices', NULL)",
            "SELECT * FROM api.read_bills('{token}', '{last}', '{own}', NULL, NULL, 5)",
        ],
    ),
    (
        "read_bill_lines",
        Who::Patient,
        &[
            "SELECT api.look('{token}', '{own}', 'invoices', NULL)",
            "SELECT * FROM api.read_bill_lines('{token}', '{last}', '{own}', '{bill}')",
        ],
    ),
    (
        "read_bill_payments",
        Who::Patient,
        &[
            "SELECT api.look('{token}', '{own}', 'invoices', NULL)",
            "SELECT * FROM api.read_bill_payments('{token}', '{last}', '{own}', '{bill}')",
        ],
    ),
    (
        "make_patient_link",
        Who::Desk,
        &[
            LIKE_OWN,
            "SELECT api.register_patient('{token}', '{last}')",
            "WITH opened AS MATERIALIZED (SELECT api.open_patient_account('{token}', '{last}', 'zed-2') AS account)
             SELECT api.make_patient_link('{token}', '{last}', sha256('zed-2')) FROM opened WHERE account IS NOT NULL",
        ],
    ),
    (
        "find_facilities_by_name",
        Who::Patient,
        &["SELECT * FROM api.find_facilities_by_name('{token}', '', 5)"],
    ),
    (
        "list_facility_names",
        Who::Patient,
        &["SELECT * FROM api.list_facility_names('{token}', ARRAY['{facility}']::uuid[])"],
    ),
    (
        "list_programme_sessions",
        Who::Manager,
        &["SELECT * FROM api.list_programme_sessions('{token}', '{facility}')"],
    ),
    (
        "find_providers_by_name",
        Who::Patient,
        &["SELECT * FROM api.find_providers_by_name('{token}', '', 5)"],
    ),
    (
        "find_practices",
        Who::Patient,
        &["SELECT * FROM api.find_practices('{token}', NULL, NULL, NULL, 5)"],
    ),
    (
        "read_overdue_balances",
        Who::Biller,
        &[
            "SELECT api.look('{token}', NULL, 'due_invoices', NULL)",
            "SELECT * FROM api.read_overdue_balances('{token}', '{last}', NULL, current_date + 60, NULL, NULL, 5)",
        ],
    ),
    (
        "begin_membership",
        Who::Patient,
        &["SELECT api.begin_membership('{token}', '{own}', 'premium', 'USD', 'month', true)"],
    ),
    (
        "change_membership",
        Who::Patient,
        &[
            "SELECT api.change_membership('{token}', '{own}', 'regular', false)",
        ],
    ),
    (
        "end_membership",
        Who::Patient,
        &[
            "SELECT api.end_membership('{token}', '{own}')",
        ],
    ),
    ("list_membership_prices", Who::Patient, &["SELECT * FROM api.list_membership_prices('{token}', current_date)"]),
    ("submit_claim", Who::Biller, &["SELECT api.submit_claim('{token}', '{bill}', '{coverage_of_own}')"]),
    (
        "read_claims",
        Who::Biller,
        &[
            "SELECT api.look('{token}', '{own}', 'claims', NULL)",
            "SELECT * FROM api.read_claims('{token}', '{last}', '{own}')",
        ],
    ),
    (
        "list_benefits",
        Who::Patient,
        &["SELECT * FROM api.list_benefits('{token}', md5('insurance plan')::uuid, current_date)"],
    ),
    (
        "read_estimate",
        Who::Biller,
        &[
            "SELECT api.look('{token}', '{own}', 'estimate', NULL)",
            "SELECT * FROM api.read_estimate('{token}', '{last}', '{own}', '{facility}', current_date,
                 '{{coverage_of_own}}', '{VISIT-99}', '{1}')",
        ],
    ),
    (
        "read_coverages",
        Who::Biller,
        &[
            "SELECT api.look('{token}', '{own}', 'coverages', NULL)",
            "SELECT * FROM api.read_coverages('{token}', '{last}', '{own}')",
        ],
    ),
    ("answer_claim", Who::Biller, &["SELECT api.look('{token}', '{own}', 'claims', NULL)", DENY_CLAIM]),
    (
        "replace_claim",
        Who::Biller,
        &[
            "SELECT api.look('{token}', '{own}', 'claims', NULL)",
            "SELECT api.replace_claim('{token}', claim, 'appeal') FROM api.read_claims('{token}', '{last}', '{own}')",
        ],
    ),
    (
        "submit_coded_claim",
        Who::Biller,
        &[
            "SELECT api.look('{token}', '{own}', 'claims', NULL)",
            DENY_CLAIM,
            "SELECT api.submit_coded_claim('{token}', '{bill}', '{coverage_of_own}', '{E11.9}', NULL)",
        ],
    ),
    (
        "list_visits_to_bill",
        Who::Biller,
        &[
            "SELECT api.look('{token}', NULL, 'due_invoices', NULL)",
            "SELECT * FROM api.list_visits_to_bill('{token}', '{last}', NULL, false, NULL, NULL, 5)",
        ],
    ),
    ("draft_invoice", Who::Biller, &["SELECT api.draft_invoice('{token}', md5('seen')::uuid, 'VISIT-99', 1)"]),
    (
        "add_charge",
        Who::Biller,
        &[
            "SELECT api.draft_invoice('{token}', md5('seen')::uuid, 'VISIT-99', 1)",
            "SELECT api.add_charge('{token}', md5('charge')::uuid, '{last}', 'VISIT-99', 1, current_date)",
        ],
    ),
    ("drop_charge", Who::Biller, &["SELECT api.drop_charge('{token}', md5('charge')::uuid)"]),
    (
        "list_invoices",
        Who::Biller,
        &[
            "SELECT api.look('{token}', NULL, 'due_invoices', NULL)",
            "SELECT * FROM api.list_invoices('{token}', '{last}', NULL, 'issued', NULL, NULL, 5)",
        ],
    ),
    (
        "list_claims",
        Who::Biller,
        &[
            "SELECT api.look('{token}', NULL, 'due_invoices', NULL)",
            "SELECT * FROM api.list_claims('{token}', '{last}', NULL, 'submitted', NULL, NULL, 5)",
        ],
    ),
    (
        "read_charges",
        Who::Biller,
        &[
            "SELECT api.look('{token}', '{own}', 'invoices', NULL)",
            "SELECT * FROM api.read_charges('{token}', '{last}', '{own}', '{bill}')",
        ],
    ),
    (
        "read_payments",
        Who::Biller,
        &[
            "SELECT api.pay('{token}', 'key-0123456789abcdef', '{bill}', 5000, 'cash', NULL, NULL)",
            "SELECT api.look('{token}', '{own}', 'invoices', NULL)",
            "SELECT * FROM api.read_payments('{token}', '{last}', '{own}', '{bill}')",
        ],
    ),
    (
        "read_due_invoices",
        Who::Biller,
        &[
            "SELECT api.look('{token}', NULL, 'due_invoices', NULL)",
            "SELECT * FROM api.read_due_invoices('{token}', '{last}', NULL, current_date + 60, NULL, NULL, 5)",
        ],
    ),
    (
        "read_panel",
        Who::Provider,
        &[
            "SELECT api.look('{token}', NULL, 'panel', NULL)",
            "SELECT * FROM api.read_panel('{token}', '{last}', NULL, NULL, NULL, NULL, NULL, 5)",
        ],
    ),
    (
        "order_lab",
        Who::Provider,
        &[
            "SELECT api.request_service('{token}', '{own}', NULL, 'laboratory', 'order', 'routine', 'loinc', '24331-1',
                 'Lipids', NULL, 'Check', '{provider}', '{facility}', NULL, NULL, NULL, NULL, false, NULL)",
            "SELECT api.order_lab('{token}', '{last}', NULL, 'blood', NULL)",
        ],
    ),
    (
        "read_asked",
        Who::Provider,
        &[
            "SELECT api.look('{token}', NULL, 'asked', NULL)",
            "SELECT * FROM api.read_asked('{token}', '{last}', NULL, NULL, NULL, 5)",
        ],
    ),
    (
        "read_inbox",
        Who::Provider,
        &[
            "SELECT api.look('{token}', NULL, 'inbox', NULL)",
            "SELECT * FROM api.read_inbox('{token}', '{last}', NULL, NULL, NULL, 5)",
        ],
    ),
    (
        "note_messages_read",
        Who::Provider,
        &[
            "SELECT api.look('{token}', '{own}', 'messages', NULL)",
            "SELECT api.note_messages_read('{token}', message_thread_id, now())
                 FROM api.read_threads('{token}', '{last}', '{own}', NULL, NULL, 5) WHERE subject = 'Good day'",
        ],
    ),
    (
        "read_messages",
        Who::Patient,
        &[
            "SELECT api.look('{token}', '{own}', 'messages', NULL)",
            "SELECT m.* FROM api.read_threads('{token}', '{last}', '{own}', NULL, NULL, 5) AS t,
                 api.read_messages('{token}', '{last}', '{own}', t.message_thread_id, NULL, NULL, 5) AS m",
        ],
    ),
    (
        "see_notification",
        Who::Patient,
        &[
            "SELECT api.look('{token}', '{own}', 'notifications', NULL)",
            "SELECT api.see_notification('{token}', notification_id)
                 FROM api.read_notifications('{token}', '{last}', '{own}', NULL, NULL, 5) WHERE status = 'queued' LIMIT 1",
        ],
    ),
    ("set_quiet_hours", Who::Patient, &["SELECT api.set_quiet_hours('{token}', '{own}', '22:00', '07:00')"]),
    (
        "appoint_proxy",
        Who::Provider,
        &["SELECT api.appoint_proxy('{token}', '{own}', '{account_of_stranger}', NULL, 'power_of_attorney',
               'Notarised', NULL, '{schedule}', '{schedule}', NULL)"],
    ),
    ("list_represented", Who::Patient, &["SELECT * FROM api.list_represented('{token}')"]),
    ("read_matches", Who::Desk, &[LIKE_OWN, "SELECT * FROM api.read_matches('{token}', '{last}')"]),
    (
        "choose_match",
        Who::Desk,
        &[
            LIKE_OWN,
            "SELECT api.choose_match('{token}', '{last}', match) FROM api.read_matches('{token}', '{last}') LIMIT 1",
        ],
    ),
    (
        "close_facility",
        Who::Admin,
        &["SELECT api.close_facility('{token}', '{facility}', version, current_date + 400) IS NOT NULL AS told
           FROM api.read_facility('{token}', '{facility}')"],
    ),
    (
        "retire_provider",
        Who::Admin,
        &["SELECT api.retire_provider('{token}', '{colleague}', version, current_date + 400) IS NOT NULL AS told
           FROM api.read_provider('{token}', '{colleague}')"],
    ),
    (
        "open_patient_account",
        Who::Desk,
        &[
            LIKE_OWN,
            "SELECT api.register_patient('{token}', '{last}')",
            "SELECT api.open_patient_account('{token}', '{last}', 'zed-1')",
        ],
    ),
    (
        "disable_patient_account",
        Who::Desk,
        &[
            LIKE_OWN,
            "SELECT api.register_patient('{token}', '{last}')",
            "SELECT api.disable_patient_account('{token}', '{last}') IS NULL AS failed",
        ],
    ),
    (
        "join_records",
        Who::Provider,
        &[
            "SELECT api.join_records('{token}', '{visitor}', '{own}', 'The same person twice')",
            "SELECT api.separate_records('{token}', '{last}', 'Two people after all')",
        ],
    ),
    (
        "add_identifier",
        Who::Provider,
        &["SELECT api.add_identifier('{token}', '{own}', 'passport', 'US', 'CL123456', NULL)"],
    ),
    (
        "read_result_ranges",
        Who::Provider,
        &[
            "SELECT api.look('{token}', '{own}', 'results', NULL)",
            "SELECT * FROM api.read_result_ranges('{token}', '{last}', '{own}', ARRAY[md5('ranged')::uuid])",
        ],
    ),
    (
        "list_provider_names",
        Who::Patient,
        &["SELECT * FROM api.list_provider_names('{token}', ARRAY['{provider}']::uuid[])"],
    ),
    (
        "read_prescriptions",
        Who::Provider,
        &[
            "SELECT api.look('{token}', '{own}', 'record', NULL)",
            "SELECT * FROM api.read_prescriptions('{token}', '{last}', '{own}')",
        ],
    ),
    (
        "read_vitals",
        Who::Provider,
        &[
            "SELECT api.look('{token}', '{own}', 'vitals', NULL)",
            "SELECT * FROM api.read_vitals('{token}', '{last}', '{own}', '{heart_rate}', now() - INTERVAL '2 days', now(), 'hour')",
        ],
    ),
    (
        "read_newest_vitals",
        Who::Patient,
        &[
            "SELECT api.look('{token}', '{own}', 'vitals', NULL)",
            "SELECT * FROM api.read_newest_vitals('{token}', '{last}', '{own}')",
        ],
    ),
    ("give_device", Who::Provider, &["SELECT api.give_device('{token}', '{own}', 'spare-watch')"]),
    ("take_device_back", Who::Provider, &["SELECT api.take_device_back('{token}', 'spare-watch')"]),
    (
        "attend",
        Who::Provider,
        &["SELECT api.enrol('{token}', '{course}', '{own}')", "SELECT api.attend('{token}', '{evening}', '{own}')"],
    ),
    (
        "read_participation",
        Who::Patient,
        &[
            "SELECT api.look('{token}', '{own}', 'participation', NULL)",
            "SELECT * FROM api.read_participation('{token}', '{last}', '{own}')",
        ],
    ),
    (
        "complete_enrolment",
        Who::Patient,
        &[
            "SELECT api.look('{token}', '{own}', 'participation', NULL)",
            "SELECT api.complete_enrolment('{token}', enrolment_id) FROM api.read_participation('{token}',
                 '{last}', '{own}')
             WHERE programme_id = '{course}'",
        ],
    ),
    (
        "withdraw",
        Who::Provider,
        &[
            "SELECT api.enrol('{token}', '{course}', '{visitor}')",
            "SELECT api.withdraw('{token}', '{course}', '{visitor}')",
        ],
    ),
    (
        "activate_care_plan",
        Who::Provider,
        &[
            "SELECT api.draft_care_plan('{token}', '{plan}', 'Sleep by eleven')",
            "SELECT api.activate_care_plan('{token}', '{last}')",
        ],
    ),
    (
        "change_note",
        Who::Provider,
        &[
            "SELECT api.draft_note('{token}', '{own}', NULL, '11506-3', 'Call', NULL, '{}', '{}', '{}', NULL)",
            "SELECT * FROM api.change_note('{token}', '{last}', 1, 'Call', NULL, '{51848-0}', '{Assessment}', '{A cold}')",
        ],
    ),
    (
        "sign_note",
        Who::Provider,
        &[
            "SELECT api.draft_note('{token}', '{own}', NULL, '11506-3', 'Call', NULL, '{51848-0}', '{x}', '{A cold}', NULL)",
            "SELECT * FROM api.sign_note('{token}', '{last}', 1)",
        ],
    ),
    (
        "keep_note_apart",
        Who::Provider,
        &[
            "SELECT api.draft_note('{token}', '{own}', NULL, '11506-3', 'Call', NULL, '{}', '{}', '{}', NULL)",
            "SELECT * FROM api.keep_note_apart('{token}', '{last}', 1, 'behavioural_health')",
        ],
    ),
    (
        "read_issues",
        Who::Provider,
        &[
            "SELECT api.look('{token}', '{own}', 'issues', NULL)",
            "SELECT * FROM api.read_issues('{token}', '{last}', '{own}')",
        ],
    ),
    (
        "cosign_note",
        Who::Provider,
        &["SELECT * FROM api.cosign_note('{token}', '00000000-0000-4000-8000-0000000000be', 2)"],
    ),
    (
        "add_addendum",
        Who::Provider,
        &["SELECT api.add_addendum('{token}', '00000000-0000-4000-8000-0000000000be', 'Better')"],
    ),
    (
        "read_notes",
        Who::Patient,
        &[
            "SELECT api.look('{token}', '{own}', 'notes', NULL)",
            "SELECT * FROM api.read_notes('{token}', '{last}', '{own}', now() + INTERVAL '1 minute')",
        ],
    ),
    (
        "mark_note_as_error",
        Who::Provider,
        &[
            "SELECT * FROM api.mark_note_as_error('{token}', '00000000-0000-4000-8000-0000000000be', 3, 'Of somebody else')",
        ],
    ),
    (
        "write_post",
        Who::Patient,
        &[
            "SELECT api.join_space('{token}', '{room}', 'Owl')",
            "SELECT api.write_post('{token}', '{room}', 'Naps', 'Who naps?')",
        ],
    ),
    ("read_space", Who::Patient, &["SELECT * FROM api.read_space('{token}', '{room}', now() + INTERVAL '1 hour')"]),
    (
        "write_reply",
        Who::Patient,
        &["SELECT api.write_reply('{token}', post_id, 'I do') FROM api.read_space('{token}', '{room}',
                 now() + INTERVAL '1 hour')"],
    ),
    (
        "read_replies",
        Who::Patient,
        &["SELECT r.* FROM api.read_space('{token}', '{room}', now() + INTERVAL '1 hour') AS p,
                api.read_replies('{token}', p.post_id, '2020-01-01') AS r"],
    ),
    (
        "support_post",
        Who::Patient,
        &["SELECT api.support_post('{token}', post_id, true) FROM api.read_space('{token}', '{room}',
                 now() + INTERVAL '1 hour')"],
    ),
    (
        "report_post",
        Who::Patient,
        &["SELECT api.report_post('{token}', post_id, NULL, 'spam') FROM api.read_space('{token}', '{room}',
                 now() + INTERVAL '1 hour')"],
    ),
    ("read_reports", Who::Moderator, &["SELECT * FROM api.read_reports('{token}', '{room}')"]),
    (
        "keep_apart",
        Who::Provider,
        &["SELECT api.keep_apart('{token}', '{own}', 'prescription', '{drug}', 'behavioural_health')"],
    ),
    (
        "keep_data_key",
        Who::Patient,
        &[
            "SELECT api.look('{token}', '{own}', 'data_key', NULL)",
            "SELECT * FROM api.keep_data_key('{token}', '{last}', '{own}', 'key-1', decode(repeat('01', 61),
                 'hex'), now())",
        ],
    ),
    (
        "read_samples",
        Who::Provider,
        &[
            "SELECT api.look('{token}', '{own}', 'samples/heart_rate', NULL)",
            "SELECT * FROM api.read_samples('{token}', '{last}', '{own}', 'heart_rate', now() - INTERVAL '2 days',
                 now(), 9)",
        ],
    ),
    (
        "read_chart_series",
        Who::Provider,
        &[
            "SELECT api.look('{token}', '{own}', 'chart_series', NULL)",
            "SELECT * FROM api.read_chart_series('{token}', '{last}', '{own}', '8867-4', now() - INTERVAL '2 days',
                 now() + INTERVAL '1 day', 9)",
        ],
    ),
    (
        "read_adherence",
        Who::Provider,
        &[
            "SELECT api.look('{token}', '{own}', 'adherence', NULL)",
            "SELECT * FROM api.read_adherence('{token}', '{last}', '{own}', current_date - 120, current_date)",
        ],
    ),
    (
        "read_adherence_rates",
        Who::Provider,
        &[
            "SELECT api.look('{token}', NULL, 'adherence', NULL)",
            "SELECT * FROM api.read_adherence_rates('{token}', '{last}', NULL, current_date - 120, current_date)",
        ],
    ),
    (
        "read_lab_trends",
        Who::Provider,
        &[
            "SELECT api.look('{token}', '{own}', 'results', NULL)",
            "SELECT * FROM api.read_lab_trends('{token}', '{last}', '{own}')",
        ],
    ),
    (
        "read_readmission_rates",
        Who::Provider,
        &[
            "SELECT api.look('{token}', NULL, 'outcomes', NULL)",
            "SELECT * FROM api.read_readmission_rates('{token}', '{last}', NULL)",
        ],
    ),
    (
        "read_programme_outcomes",
        Who::Provider,
        &[
            "SELECT api.look('{token}', NULL, 'outcomes', NULL)",
            "SELECT * FROM api.read_programme_outcomes('{token}', '{last}', NULL)",
        ],
    ),
];

/// Calls that gave nothing, or were refused.
pub(super) async fn refused(template: &Template, opened: &str) -> Vec<String> {
    let scene = template.scene(&format!("{ARRANGED}; {opened}")).await;
    let notices = Notices::default();
    let mut refused = Vec::new();
    for (function, who, calls) in CALLS {
        let mut login = scene.login(*who).await.unwrap();
        let calls: Vec<_> = calls.iter().map(|call| scene.put(call, *who, true)).collect();
        let said = seen(&mut login, &notices, &calls).await.text;
        if said.lines().filter(|line| line.contains('=') && !line.contains("PgDatabaseError")).count() < calls.len() {
            refused.push(format!("{function}: {said}"));
        }
    }
    refused
}
