//! The people of the hostile clients' scene, as SQL: a made-up network of strangers, of whom one has facts that are
//! written nowhere else, and the clients with whom they may deal. Keys of the clients' own people are fixed, so that a
//! technique can name them; a trial replaces their short names (`NAMES`).

/// Short names of keys, by which techniques and holes speak of rows.
pub(super) const NAMES: [(&str, &str); 37] = [
    ("facility", "00000000-0000-4000-8000-0000000000f1"),
    ("provider", "00000000-0000-4000-8000-0000000000d1"),
    ("colleague", "00000000-0000-4000-8000-0000000000d2"),
    ("former", "00000000-0000-4000-8000-0000000000d3"),
    ("own", "00000000-0000-4000-8000-0000000000a1"),
    ("visitor", "00000000-0000-4000-8000-0000000000a2"),
    ("lapsed", "00000000-0000-4000-8000-0000000000a3"),
    ("guarded", "00000000-0000-4000-8000-0000000000a4"),
    ("left", "00000000-0000-4000-8000-0000000000a5"),
    ("own_goal", "00000000-0000-4000-8000-0000000000b1"),
    ("colleagues_visit", "00000000-0000-4000-8000-0000000000b2"),
    ("medication", "00000000-0000-4000-8000-0000000000b3"),
    ("video", "00000000-0000-4000-8000-0000000000b4"),
    ("bill", "00000000-0000-4000-8000-0000000000b5"),
    ("void", "00000000-0000-4000-8000-0000000000b6"),
    ("coverage_of_own", "00000000-0000-4000-8000-0000000000b7"),
    ("course", "00000000-0000-4000-8000-0000000000b8"),
    ("evening", "00000000-0000-4000-8000-0000000000b9"),
    ("course_before", "00000000-0000-4000-8000-0000000000bd"),
    ("plan", "00000000-0000-4000-8000-0000000000ba"),
    ("room", "00000000-0000-4000-8000-0000000000bb"),
    ("drug", "00000000-0000-4000-8000-0000000000bc"),
    ("account_of_patient", "00000000-0000-4000-8000-0000000000c1"),
    ("account_of_provider", "00000000-0000-4000-8000-0000000000c2"),
    ("account_of_former", "00000000-0000-4000-8000-0000000000c3"),
    ("account_of_desk", "00000000-0000-4000-8000-0000000000c4"),
    ("account_of_biller", "00000000-0000-4000-8000-0000000000c5"),
    ("account_of_colleague", "00000000-0000-4000-8000-0000000000c6"),
    ("account_of_officer", "00000000-0000-4000-8000-0000000000c7"),
    ("account_of_moderator", "00000000-0000-4000-8000-0000000000c8"),
    ("account_of_manager", "00000000-0000-4000-8000-0000000000ca"),
    ("account_of_admin", "00000000-0000-4000-8000-0000000000cb"),
    ("account_of_second", "00000000-0000-4000-8000-0000000000cd"),
    ("account_of_quality", "00000000-0000-4000-8000-0000000000ce"),
    ("account_of_clerk", "00000000-0000-4000-8000-0000000000cf"),
    ("account_of_stranger", "00000000-0000-4000-8000-0000000000c9"),
    ("nobodys", "00000000-0000-4000-8000-000000000111"),
];

/// Texts that stand in the stranger's rows and nowhere else, and keys of accounts.
pub(super) const FACTS: [&str; 10] = [
    "Zzyzx",
    "1931-07-29",
    "Chorea major",
    "zq-9-88471",
    "+13125550199",
    "512-84-7731",
    "ZQ5521",
    "found in the lobby of Zyzzx",
    "00000000-0000-4000-8000-0000000000c9",
    "00000000-0000-4000-8000-0000000000c6",
];

/// The clients' own clinic, people and accounts.
pub(super) const CLIENTS: &str = "
    UPDATE access.cap SET most = 3 WHERE cap IN ('bookings_a_patient', 'holds_a_desk_an_hour');
    INSERT INTO care.facility (facility_id, city_id, category, name, street, postal_code, time_zone, phone)
    SELECT '{facility}', city_id, 'clinic', 'The clients'' clinic', '1 Main Street', '62701', 'America/Chicago',
    '+12175550100'
    FROM care.city ORDER BY city_id LIMIT 1;
    INSERT INTO care.opening_hours (facility_id, weekday, opens_minute, closes_minute)
    SELECT '{facility}', weekday, 0, 1440 FROM generate_series(1, 7) weekday;
    INSERT INTO care.provider (provider_id, family_name, given_name, email, retired_on)
    VALUES ('{provider}', 'Okafor', 'Ada', 'ada.okafor@example.org', NULL),
           ('{colleague}', 'Lindqvist', 'Bo', 'bo.lindqvist@example.org', NULL),
           ('{former}', 'Mistry', 'Cy', 'cy.mistry@example.org', '2020-01-01');
    INSERT INTO care.qualification (provider_id, kind, title, issuer, awarded_year, country, license_number, licensed_during)
    SELECT provider_id, 'license', 'Licence', 'US', 2001, 'US', provider_id::text, '[2001-01-01,)'
    FROM unnest('{{provider},{colleague}}'::uuid[]) AS provider_id;
    INSERT INTO care.affiliation (provider_id, facility_id, role, valid_during)
    SELECT provider_id, '{facility}', 'attending', '[2020-01-01,)'
    FROM unnest('{{provider},{colleague}}'::uuid[]) AS provider_id;
    INSERT INTO care.availability (provider_id, facility_id, weekday, starts_minute, ends_minute, valid_during)
    SELECT provider_id, '{facility}', weekday, 0, 1440, '[2020-01-01,)'
    FROM unnest('{{provider},{colleague}}'::uuid[]) AS provider_id, generate_series(1, 7) AS weekday;
    INSERT INTO care.patient (patient_id, born_on, sex, time_zone)
    SELECT person, '1980-05-17', 'female', 'America/Chicago'
    FROM unnest('{{own},{visitor},{lapsed},{guarded},{left}}'::uuid[]) AS person;
    INSERT INTO care.membership (patient_id, plan, valid_during) VALUES ('{own}', 'premium', tstzrange(now(), NULL));
    INSERT INTO access.care_relationship (patient_id, provider_id, valid_during, basis)
    VALUES ('{own}', '{provider}', tstzrange(now() - INTERVAL '1 hour', NULL), 'care_team'),
           ('{own}', '{colleague}', tstzrange(now() - INTERVAL '1 hour', NULL), 'care_team'),
           ('{visitor}', '{provider}', tstzrange(now() - INTERVAL '1 hour', now() + INTERVAL '1 hour'), 'care_team'),
           ('{left}', '{former}', tstzrange(now() - INTERVAL '1 hour', NULL), 'care_team');
    INSERT INTO access.grant_of_access (patient_id, provider_id, valid_during, scopes, purpose)
    VALUES ('{lapsed}', '{provider}', tstzrange(now() - INTERVAL '2 days', now() - INTERVAL '1 day'), '{chart}',
    'treatment'),
           ('{guarded}', '{provider}', tstzrange(now() - INTERVAL '2 days', NULL), '{chart}', 'treatment');
    INSERT INTO care.condition (patient_id, code_system, code, title, clinical_status, verification_status,
    recorded_by)
    VALUES ('{own}', 'icd10', 'I10', 'Own tension', 'active', 'confirmed', '{provider}'),
           ('{guarded}', 'icd10', 'F32.9', 'Guarded low mood', 'active', 'confirmed', '{colleague}'),
           ('{lapsed}', 'icd10', 'I10', 'Lapsed tension', 'active', 'confirmed', '{colleague}'),
           ('{left}', 'icd10', 'I10', 'Left tension', 'active', 'confirmed', '{former}');
    INSERT INTO care.goal (goal_id, patient_id, title, metric, unit, measure, comparator, target, per, pursued_during)
    VALUES ('{own_goal}', '{own}', 'Walk', 'step_count', NULL, 'sum', 'at_least', 1000, 'day',
            daterange(current_date - 7, current_date + 7));
    INSERT INTO care.appointment (appointment_id, patient_id, provider_id, facility_id, during, status)
    VALUES ('{colleagues_visit}', '{own}', '{colleague}', '{facility}',
            tstzrange(now() + INTERVAL '60 days', now() + INTERVAL '60 days 30 minutes'), 'booked');
    INSERT INTO care.medication (medication_id, code_system, code, name, ingredient, form)
    VALUES ('{medication}', 'atc', 'Z99ZZ99', 'Clientine', 'clientine', 'tablet');
    INSERT INTO access.data_key VALUES ('{visitor}', now(), 'key-1', decode(repeat('a5', 61), 'hex'));
    INSERT INTO access.account (account_id, part, login, patient_id, provider_id, facility_id)
    VALUES ('{account_of_patient}', 'patient', 'client-1', '{own}', NULL, NULL),
           ('{account_of_provider}', 'provider', 'client-2', NULL, '{provider}', NULL),
           ('{account_of_former}', 'provider', 'client-3', NULL, '{former}', NULL),
           ('{account_of_desk}', 'front_desk', 'client-4', NULL, NULL, '{facility}'),
           ('{account_of_biller}', 'biller', 'client-5', NULL, NULL, '{facility}'),
           ('{account_of_colleague}', 'provider', 'client-6', NULL, '{colleague}', NULL),
           ('{account_of_officer}', 'privacy_officer', 'client-7', NULL, NULL, NULL),
           ('{account_of_moderator}', 'moderator', 'client-8', NULL, NULL, NULL),
           ('{account_of_manager}', 'facility_manager', 'client-9', NULL, NULL, '{facility}'),
           ('{account_of_admin}', 'network_admin', 'client-10', NULL, NULL, NULL),
           ('{account_of_second}', 'network_admin', 'client-11', NULL, NULL, NULL),
           ('{account_of_quality}', 'clinical_quality', 'client-12', NULL, NULL, NULL),
           ('{account_of_clerk}', 'biller', 'client-13', NULL, NULL, '{facility}')";

/// One of the made-up network, with facts of the own, and a row of each kind that the network is not made up with.
pub(super) const STRANGER: &str = "
    DO $$
    DECLARE
        whom  uuid := (SELECT patient_id FROM care.goal JOIN care.care_plan USING (patient_id)
                       JOIN care.prescription USING (patient_id) JOIN care.encounter USING (patient_id)
                       JOIN care.invoice USING (patient_id) ORDER BY 1 LIMIT 1);
        who   uuid;
        place uuid;
    BEGIN
        SELECT a.provider_id, a.facility_id INTO STRICT who, place FROM care.appointment a
        WHERE a.patient_id = whom LIMIT 1;
        UPDATE care.patient SET born_on = '1931-07-29' WHERE patient_id = whom;
        UPDATE care.patient_name SET family = 'Zzyzx', given = '{Quill}' WHERE patient_id = whom;
        UPDATE access.account SET login = 'zq-9-88471', account_id = '{account_of_stranger}' WHERE patient_id = whom;
        DELETE FROM care.contact_point WHERE patient_id = whom;
        INSERT INTO care.contact_point (patient_id, system, use, value, rank)
        VALUES (whom, 'phone', 'mobile', '+13125550199', 1);
        INSERT INTO care.identifier (patient_id, facility_id, system, value)
        VALUES (whom, NULL, 'ssn', '512-84-7731'), (whom, '{facility}', 'mrn', 'ZQ5521');
        INSERT INTO care.condition
            (patient_id, code_system, code, title, clinical_status, verification_status, recorded_by)
        VALUES (whom, 'icd10', 'I02.9', 'Chorea major', 'active', 'confirmed', who);
        INSERT INTO care.waitlist_entry (patient_id, facility_id, minutes, wanted_during)
        VALUES (whom, place, 30, tstzrange(now(), now() + INTERVAL '5 days'));
        INSERT INTO access.grant_of_access (patient_id, provider_id, valid_during, scopes, purpose)
        VALUES (whom, who, tstzrange(now() - INTERVAL '1 hour', NULL), '{chart}', 'treatment');
        INSERT INTO access.care_relationship (patient_id, provider_id, valid_during, basis, reason)
        VALUES (whom, who, tstzrange(now() - INTERVAL '1 hour', now()), 'emergency', 'found in the lobby of Zyzzx');
        INSERT INTO care.lab_order (patient_id, ordered_by, loinc, title, specimen)
        VALUES (whom, who, '24331-1', 'Lipids', 'blood');
        INSERT INTO access.data_key VALUES (whom, now(), 'key-1', decode(repeat('5a', 61), 'hex'));
        WITH entry AS (
            INSERT INTO care.journal_entry (patient_id, written_at, mood, body)
            VALUES (whom, now(), 2, decode('01' || repeat('5a', 80), 'hex')) RETURNING *
        ) INSERT INTO care.journal_share (patient_id, journal_entry_id, provider_id, shared_during)
        SELECT patient_id, journal_entry_id, who, tstzrange(now(), NULL) FROM entry;
    END $$";
