//! Caps and stamps: how much one account books, and whose name and time a row bears.

use super::network::Network;
use super::practice::{Practice, hours_ahead};

/// Tables in which the portal may say who wrote a row, or when.
const UNSTAMPED: &str =
    "SELECT DISTINCT c.oid::regclass::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace IN ('care'::regnamespace, 'access'::regnamespace) AND c.relkind IN ('r', 'p')
      AND a.attname IN ('created_at', 'updated_at', 'updated_by', 'submitted_at', 'received_at', 'received_by',
                        'refunded_at', 'refunded_by')
      AND EXISTS (SELECT FROM pg_policy p, unnest(p.polroles) AS role WHERE p.polrelid = c.oid
                    AND role NOT IN ('healthtrack_migrator'::regrole, 'healthtrack_roller'::regrole)
                    AND (has_column_privilege(role, c.oid, a.attnum, 'INSERT')
                         OR has_column_privilege(role, c.oid, a.attnum, 'UPDATE')))
      AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgname = c.relname || '_is_stamped')
    ORDER BY 1";

#[tokio::test]
async fn every_table_that_the_portal_writes_stamps_its_rows() {
    let mut network = Network::new().await;
    assert_eq!(network.rows(UNSTAMPED).await, [""; 0]);
    network
        .run("CREATE TABLE care.injected (patient_id uuid, created_at timestamptz); CALL access.guard('care.injected', 'chart')")
        .await;
    assert_eq!(network.rows(UNSTAMPED).await, ["care.injected"], "the check sees what it should");
}

#[tokio::test]
async fn what_is_said_of_author_and_time_is_not_believed() {
    let mut practice = Practice::new().await;
    let (patient, facility) = (practice.patient, practice.facility);
    let account = practice.account("patient", Some(patient)).await;
    let forged = format!(
        "INSERT INTO care.preferred_facility (patient_id, facility_id, created_at, updated_at, updated_by, version)
         VALUES ('{patient}', '{facility}', '2020-01-01', '2020-01-01', 'somebody else', 7)"
    );
    practice.portal(account, &forged).await;
    let row = "SELECT concat_ws(' ', updated_by, version, created_at > '2026-01-01', updated_at > '2026-01-01')
               FROM care.preferred_facility";
    assert_eq!(practice.network.one(row).await, format!("{account} 1 t t"));
    practice.portal(account, "UPDATE care.preferred_facility SET created_at = '2020-01-01', updated_by = 'x'").await;
    assert_eq!(practice.network.one(row).await, format!("{account} 2 t t"));
}

#[tokio::test]
async fn a_patient_books_so_many_times_to_come_and_no_more() {
    let mut practice = Practice::new().await;
    let patient = practice.member("premium").await;
    let account = practice.account("patient", Some(patient)).await;
    practice.network.run("UPDATE access.cap SET most = 3 WHERE cap = 'bookings_a_patient'").await;
    let book = |hours: i32| practice.appointment(patient, &hours_ahead(hours, 30), "booked");
    let statements: Vec<String> = (0..5).map(|place| book(30 + place)).collect();
    for statement in &statements[..3] {
        practice.portal(account, statement).await;
    }
    assert_eq!(practice.portal_refusal(account, &statements[3]).await, "appointments_of_a_patient_are_few");
    let desk = practice.account("front_desk", Some(practice.facility)).await;
    practice.portal(desk, &statements[3]).await;
    let give_back = "SELECT care.cancel_appointment(appointment_id) FROM care.appointment ORDER BY during LIMIT 2";
    practice.portal(account, give_back).await;
    practice.portal(account, &statements[4]).await;
}

#[tokio::test]
async fn a_desk_holds_so_many_times_an_hour_and_a_hold_that_ran_out_opens_nobody() {
    let mut practice = Practice::new().await;
    let desk = practice.account("front_desk", Some(practice.facility)).await;
    let (first, second, third) = (practice.patient, practice.network.patient().await, practice.network.patient().await);
    practice.network.run("UPDATE access.cap SET most = 2 WHERE cap = 'holds_a_desk_an_hour'").await;
    let hold: Vec<String> = [first, second, third]
        .into_iter()
        .zip(24..)
        .map(|(who, at)| practice.hold(who, &hours_ahead(at, 30)))
        .collect();
    practice.portal(desk, &hold[0]).await;
    practice.portal(desk, &hold[1]).await;
    assert_eq!(practice.portal_refusal(desk, &hold[2]).await, "holds_of_a_desk_are_few");
    let other = practice.account("front_desk", Some(practice.facility)).await;
    practice.portal(other, &hold[2]).await;

    let seen = "SELECT count(*)::text FROM care.patient";
    assert_eq!(practice.portal_rows(desk, seen).await, ["3"]);
    practice.network.run("UPDATE care.appointment SET expires_at = now() - INTERVAL '1 second'").await;
    assert_eq!(practice.portal_rows(desk, seen).await, ["0"]);
    let events = format!("SELECT count(*)::text FROM care.appointment_event WHERE actor = '{desk}'");
    assert_eq!(practice.network.one(&events).await, "2", "each hold is on record");
}
