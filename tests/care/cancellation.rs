//! Cancellations: why, by whom, and whether in time.

use healthtrack::model::people::{AppointmentId, PatientId};
use healthtrack::store::care::attendance::{cancel, reasons};
use healthtrack::store::care::schedule::history;

use super::caller::Caller;
use super::practice::{Practice, hours_ahead};

impl Practice {
    /// What this facility asks for: hours of notice, a number of missed visits, and within how many days, as SQL.
    pub(crate) async fn policy(&mut self, values: &str) {
        let facility = self.facility;
        self.network
            .run(&format!(
                "INSERT INTO care.attendance_policy (facility_id, notice_hours, no_show_limit, within_days)
                 VALUES ('{facility}', {values})"
            ))
            .await;
    }
}

#[tokio::test]
async fn a_cancellation_says_why_and_is_late_within_the_notice_of_its_facility() {
    let mut practice = Practice::new().await;
    practice.policy("24, NULL, NULL").await;
    let patient = practice.patient;
    let own = practice.network.account("patient", Some(patient)).await;
    let mut visits = Vec::new();
    for hours in [23, 26, 30] {
        visits.push(AppointmentId(practice.taken_over(patient, &hours_ahead(hours, 30), "booked").await));
    }
    let network = &practice.network;
    let unexplained = network.broken(own, async |actor| cancel(actor, visits[0], None).await).await;
    assert_eq!(unexplained.rule, "appointment_cancellation_is_explained");
    assert!(network.does(own, async |actor| cancel(actor, visits[0], Some("no_transport")).await).await, "late");
    assert!(!network.does(own, async |actor| cancel(actor, visits[1], Some("other")).await).await, "in time");
    assert!(network.does(own, async |actor| cancel(actor, visits[0], Some("weather")).await).await, "once more");
    // What changes a visit in other ways does not cancel it, since it asks for no reason.
    let mut caller = Caller::of(network, own).await;
    let unexplained = caller.refused(&format!("change_appointment($t, '{}', 'cancel')", visits[2].0)).await;
    assert_eq!(unexplained, "appointment_cancellation_is_explained");
    let unknown = caller.refused(&format!("change_appointment($t, '{}', 'forget')", visits[2].0)).await;
    assert_eq!(unknown, "appointment_change_is_known");
    let said = network.does(own, async |actor| history(actor, PatientId(patient)).await).await;
    let said: Vec<_> = said.iter().map(|visit| (visit.cancellation_reason.as_deref(), visit.cancelled_late)).collect();
    assert_eq!(said, [(None, None), (Some("other"), Some(false)), (Some("no_transport"), Some(true))]);
    // A time that is given back while it is held was no visit.
    let held = practice.hold(patient, &hours_ahead(40, 30));
    let held = AppointmentId(practice.network.id(&held).await);
    assert!(!practice.network.does(own, async |actor| cancel(actor, held, None).await).await);
    let bare = format!(
        "SELECT num_nulls(cancellation_reason, cancelled_at, cancelled_late)::text FROM care.appointment
         WHERE appointment_id = '{}'",
        held.0
    );
    assert_eq!(practice.network.one(&bare).await, "3");
}

#[tokio::test]
async fn each_gives_the_reasons_that_are_theirs_and_a_desk_gives_any() {
    let mut practice = Practice::new().await;
    let (patient, provider, facility) = (practice.patient, practice.provider, practice.facility);
    let mut own = Caller::playing(&mut practice.network, "patient", patient).await;
    let mut doctor = Caller::playing(&mut practice.network, "provider", provider).await;
    let mut desk = Caller::playing(&mut practice.network, "front_desk", facility).await;
    practice.network.put_in_care(patient, provider).await;
    let mut hours = 30;
    for (reason, by_patient, by_provider) in [
        ("feels_better", true, false),
        ("provider_away", false, true),
        ("no_room", false, false),
        ("weather", true, true),
        ("unheard_of", false, false),
    ] {
        for (caller, may) in [(&mut own, by_patient), (&mut doctor, by_provider), (&mut desk, reason != "unheard_of")] {
            hours += 1;
            let visit = practice.taken_over(patient, &hours_ahead(hours, 30), "booked").await;
            let said = caller.tries(&format!("cancel_appointment($t, '{visit}', '{reason}')")).await;
            assert_eq!(said.is_ok(), may, "{reason}: {said:?}");
            let after = if may { "cancelled" } else { "booked" };
            assert_eq!(practice.status(visit).await, after, "{reason}");
        }
    }
    practice
        .network
        .run("UPDATE care.cancellation_reason SET active = false WHERE cancellation_reason = 'weather'")
        .await;
    let visit = practice.taken_over(patient, &hours_ahead(60, 30), "booked").await;
    let call = format!("cancel_appointment($t, '{visit}', 'weather')");
    assert_eq!(own.refused(&call).await, "cancellation_reason_is_ones_own_to_give");
    assert_eq!(desk.refused(&call).await, "cancellation_reason_is_given_still");
}

#[tokio::test]
async fn a_list_shows_what_one_may_give_and_no_row_says_what_cannot_be() {
    let mut practice = Practice::new().await;
    let (patient, facility) = (practice.patient, practice.facility);
    let own = practice.network.account("patient", Some(patient)).await;
    let desk = practice.network.account("front_desk", Some(facility)).await;
    let network = &practice.network;
    let mine = network.does(own, async |actor| reasons(actor).await).await;
    assert!(mine.iter().all(|reason| reason.given_by.contains(&"patient".to_owned())), "{mine:?}");
    assert_eq!(mine.last().map(|reason| reason.cancellation_reason.as_str()), Some("other"));
    let all = network.does(desk, async |actor| reasons(actor).await).await;
    assert!(all.len() > mine.len());
    practice.taken_over(patient, &hours_ahead(30, 30), "booked").await;
    for (statement, rule) in [
        ("UPDATE care.appointment SET cancellation_reason = 'other'", "appointment_gives_a_reason_when_cancelled"),
        ("UPDATE care.appointment SET cancelled_late = true", "appointment_gives_a_reason_when_cancelled"),
        (
            "UPDATE care.appointment SET status = 'cancelled', cancellation_reason = 'x'",
            "appointment_cancellation_reason_fkey",
        ),
        ("UPDATE care.cancellation_reason SET cancellation_reason = 'A B'", "cancellation_reason_is_snake_case"),
        ("UPDATE care.cancellation_reason SET title = ''", "cancellation_reason_title_is_some"),
        ("UPDATE care.cancellation_reason SET fhir_code = 'A'", "cancellation_reason_fhir_code_is_a_code"),
        ("UPDATE care.cancellation_reason SET given_by = '{}'", "cancellation_reason_is_given_by_somebody"),
        ("UPDATE care.cancellation_reason SET given_by = '{nobody}'", "cancellation_reason_is_given_by_somebody"),
    ] {
        assert_eq!(practice.network.refusal(statement).await, rule, "{statement}");
    }
}
