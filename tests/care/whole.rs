//! What the tables of directory and schedule refuse on their own account: references to nothing, found in the catalog so
//! that none is left out, and the checks that no other test meets.

use super::practice::{Practice, hours_ahead};

/// References of these tables to one thing that must be there; those that say more are tried in their own areas.
const REFERENCES: &str = "
    SELECT k.conname || ' ' || k.conrelid::regclass || ' ' || (
        SELECT a.attname || ' ' || CASE a.atttypid WHEN 'uuid'::regtype THEN 'gen_random_uuid()' ELSE '''nothing''' END
        FROM pg_attribute a
        WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)
        ORDER BY a.attname = 'patient_id' LIMIT 1)
    FROM pg_constraint k
    WHERE k.contype = 'f' AND k.conname ~ '_fkey$' AND k.conrelid::regclass::text IN (
        'care.opening_hours', 'care.special_day', 'care.facility_service', 'care.preferred_facility',
        'care.provider_specialty', 'care.qualification', 'care.affiliation', 'care.availability',
        'care.availability_exception', 'care.membership', 'care.follow_up', 'care.review', 'care.telehealth_session',
        'care.join_token', 'care.waitlist_entry')
    ORDER BY 1";

/// One row in each table.
async fn full() -> Practice {
    let mut practice = Practice::new().await;
    let (patient, provider, facility) = (practice.patient, practice.provider, practice.facility);
    let account = practice.account("provider", Some(provider)).await;
    let visit = practice.taken_over(patient, &hours_ahead(-48, 30), "completed").await;
    let video = practice.appointment(patient, &hours_ahead(48, 30), "booked");
    let video = video.replace("(patient_id", "(mode, patient_id").replace("VALUES (", "VALUES ('telehealth', ");
    practice.network.id(&video).await;
    practice
        .network
        .run(&format!(
            "INSERT INTO care.special_day (facility_id, falls_on, title) VALUES ('{facility}', '2027-01-01', 'New Year');
             INSERT INTO care.facility_service (facility_id, service) VALUES ('{facility}', 'mri');
             INSERT INTO care.preferred_facility (patient_id, facility_id, rank) VALUES ('{patient}', '{facility}', 1);
             INSERT INTO care.provider_specialty (provider_id, specialty) VALUES ('{provider}', 'surgery');
             INSERT INTO care.qualification (provider_id, title, issuer, awarded_year)
             VALUES ('{provider}', 'Doctor of Medicine', 'Illinois', 2001);
             UPDATE care.qualification SET verified_by = '{account}', verified_at = now();
             INSERT INTO care.availability_exception (provider_id, facility_id, kind, during)
             VALUES ('{provider}', '{facility}', 'extra', '[2027-01-01 08:00, 2027-01-01 12:00)');
             INSERT INTO care.membership (patient_id, plan, valid_during)
             VALUES ('{patient}', 'regular', '[2020-01-01,)');
             INSERT INTO care.follow_up (patient_id, appointment_id, due_during, reason)
             VALUES ('{patient}', '{visit}', '[2027-01-01, 2027-02-01)', 'Blood pressure');
             SELECT care.review_visit('{visit}', 5, 4);
             INSERT INTO care.join_token (patient_id, telehealth_session_id, account_id, token_hash)
             SELECT patient_id, telehealth_session_id, '{account}', sha256('a') FROM care.telehealth_session;
             SELECT care.join_waitlist('{patient}', '{facility}', '{provider}', 30,
                                       tstzrange(now(), now() + INTERVAL '7 days'))"
        ))
        .await;
    practice
}

#[tokio::test]
async fn every_reference_refuses_what_is_not_there() {
    let mut practice = full().await;
    let references = practice.network.rows(REFERENCES).await;
    assert!(references.len() > 20, "the catalog was read");
    for reference in references {
        let [rule, table, column, nothing] = reference.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{reference}")
        };
        let change = format!("UPDATE {table} SET {column} = {nothing}");
        assert_eq!(practice.network.refusal(&change).await, rule, "{change}");
    }
    let event = |appointment: &str, facility: &str| {
        format!(
            "INSERT INTO care.appointment_event
                 (patient_id, appointment_id, facility_id, to_provider_id, to_during, to_status, changed_by)
             SELECT patient_id, {appointment}, {facility}, provider_id, during, status, 'x' FROM care.appointment"
        )
    };
    for (appointment, facility, rule) in [
        ("gen_random_uuid()", "facility_id", "appointment_event_appointment_fkey"),
        ("appointment_id", "gen_random_uuid()", "appointment_event_facility_fkey"),
    ] {
        assert_eq!(practice.network.refusal(&event(appointment, facility)).await, rule);
    }
}

#[tokio::test]
async fn every_check_that_no_other_test_meets_refuses_what_it_says() {
    let mut practice = full().await;
    for (rule, change) in [
        ("service_title_is_some", "UPDATE care.service SET title = ' '"),
        ("specialty_is_snake_case", "UPDATE care.specialty SET specialty = 'Heart!' WHERE specialty = 'cardiology'"),
        ("specialty_title_is_some", "UPDATE care.specialty SET title = ''"),
        ("specialty_nucc_code_is_unique", "UPDATE care.specialty SET nucc_code = '207Q00000X'"),
        ("membership_plan_is_snake_case", "UPDATE care.membership_plan SET plan = 'Gold!' WHERE plan = 'premium'"),
        ("membership_plan_title_is_some", "UPDATE care.membership_plan SET title = ' '"),
        ("membership_plan_patience_is_a_year_at_most", "UPDATE care.membership_plan SET patience_days = -1"),
        ("appointment_transition_goes_somewhere", "UPDATE care.appointment_transition SET to_status = from_status"),
        ("waitlist_entry_mode_is_known", "UPDATE care.waitlist_entry SET mode = 'telepathy'"),
        (
            "join_token_hash_is_unique",
            "INSERT INTO care.join_token (patient_id, telehealth_session_id, account_id, token_hash, replaced_at)
             SELECT patient_id, telehealth_session_id, account_id, token_hash, now() FROM care.join_token",
        ),
    ] {
        assert_eq!(practice.network.refusal(change).await, rule, "{change}");
    }
}
