//! Care does not renew itself: what was opened for a while is not kept open by what is done meanwhile.

use uuid::Uuid;

use super::practice::{Practice, hours_ahead};

const REASON: &str = "unconscious, brought in alone";

/// Until how many hours from now the record of the practice's patient is open to a provider; 0 where it is not.
async fn open_hours(practice: &mut Practice, provider: Uuid) -> i64 {
    let query = format!(
        "SELECT coalesce(ceil(extract(epoch FROM max(upper(valid_during)) - now()) / 3600), 0)::text
         FROM access.care_relationship WHERE provider_id = '{provider}' AND patient_id = '{}'",
        practice.patient
    );
    practice.network.one(&query).await.parse().unwrap()
}

async fn with_broken_glass() -> (Practice, Uuid) {
    let mut practice = Practice::new().await;
    let account = practice.account("provider", Some(practice.provider)).await;
    let glass = format!("SELECT access.break_glass('{}', '{REASON}')", practice.patient);
    practice.portal(account, &glass).await;
    (practice, account)
}

#[tokio::test]
async fn a_visit_that_was_booked_under_broken_glass_opens_nothing_beyond_it() {
    let (mut practice, account) = with_broken_glass().await;
    let provider = practice.provider;
    let hold = practice.hold(practice.patient, &hours_ahead(24, 30));
    practice.portal(account, &hold).await;
    practice.portal(account, "SELECT care.confirm_appointment(appointment_id) FROM care.appointment").await;
    assert_eq!(open_hours(&mut practice, provider).await, 1);
    let moved =
        format!("SELECT care.reschedule_appointment(appointment_id, {}) FROM care.appointment", hours_ahead(48, 30));
    practice.portal(account, &moved).await;
    assert_eq!(open_hours(&mut practice, provider).await, 1);
    // Nor to somebody else: two who book for one another would renew each other's care.
    let other = practice.provider().await;
    let passed_on = format!(
        "SELECT care.reschedule_appointment(appointment_id, {}, asked_provider => '{other}') FROM care.appointment",
        hours_ahead(48, 30)
    );
    practice.portal(account, &passed_on).await;
    assert_eq!(open_hours(&mut practice, other).await, 0);
}

#[tokio::test]
async fn the_patient_and_the_desk_open_the_record_by_booking_and_by_coming() {
    let (mut practice, account) = with_broken_glass().await;
    let (patient, provider) = (practice.patient, practice.provider);
    let desk = practice.account("front_desk", Some(practice.facility)).await;
    let own = practice.account("patient", Some(patient)).await;
    let visit = practice.appointment(patient, &hours_ahead(1, 30), "booked");
    practice.portal(account, &visit).await;
    assert_eq!(open_hours(&mut practice, provider).await, 1);
    practice.portal(desk, "SELECT care.check_in_appointment(appointment_id) FROM care.appointment").await;
    assert!(open_hours(&mut practice, provider).await > 700, "the desk saw the patient come");

    for who in [own, desk] {
        let provider = practice.provider().await;
        let visit = practice.appointment(patient, &hours_ahead(if who == own { 30 } else { 40 }, 30), "booked");
        practice.portal(who, &visit.replace(&practice.provider.to_string(), &provider.to_string())).await;
        assert!(open_hours(&mut practice, provider).await > 700);
    }
}

#[tokio::test]
async fn a_patient_who_joins_a_visit_by_video_opens_the_record() {
    let mut practice = Practice::new().await;
    let member = practice.member("premium").await;
    practice.patient = member;
    let (provider, own) = (practice.provider, practice.account("patient", Some(member)).await);
    let visit = practice.appointment(member, &hours_ahead(0, 120), "booked");
    let visit = visit.replace("(patient_id", "(mode, patient_id").replace("VALUES (", "VALUES ('telehealth', ");
    practice.network.id(&visit).await;
    practice.network.run("DELETE FROM access.care_relationship").await;
    practice.portal(own, "SELECT care.consent_to_telehealth(appointment_id) FROM care.appointment").await;
    let ask = "SELECT care.issue_join_token(appointment_id) FROM care.appointment";
    let link = practice.portal_rows(own, ask).await.remove(0);
    assert_eq!(open_hours(&mut practice, provider).await, 0);
    practice.portal(own, &format!("SELECT care.use_join_token('{link}')")).await;
    assert!(open_hours(&mut practice, provider).await > 700);
}

#[tokio::test]
async fn a_provider_opens_so_many_records_in_emergencies_a_day_and_no_more() {
    let (mut practice, account) = with_broken_glass().await;
    practice.network.run("UPDATE access.cap SET most = 2 WHERE cap = 'emergencies_a_provider_a_day'").await;
    let (second, third) = (practice.network.patient().await, practice.network.patient().await);
    let glass = |patient: Uuid| format!("SELECT access.break_glass('{patient}', '{REASON}')");
    practice.portal(account, &glass(second)).await;
    assert_eq!(practice.portal_refusal(account, &glass(third)).await, "emergencies_are_few");
    let rested = "UPDATE access.care_relationship SET valid_during = tstzrange(lower(valid_during) - INTERVAL '25 hours',
                                                                             upper(valid_during) - INTERVAL '25 hours')";
    practice.network.run(rested).await;
    practice.portal(account, &glass(third)).await;
}
