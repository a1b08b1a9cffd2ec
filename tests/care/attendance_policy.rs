//! Missed visits: after how many only the desk of a facility books for a patient, and how it lets the patient book
//! again.

use healthtrack::model::people::PatientId;
use healthtrack::store::care::attendance::{read, waive};
use uuid::Uuid;

use super::caller::Caller;
use super::practice::{Practice, hours_ahead};
use super::series::Chance;

impl Practice {
    /// A visit that began so many hours ago and was missed.
    async fn missed(&mut self, patient: Uuid, hours: i32) -> Uuid {
        self.taken_over(patient, &hours_ahead(-hours, 30), "no_show").await
    }
}

/// The rule that sends a patient to the desk.
const RULE: &str = "appointment_after_missed_visits_is_booked_by_the_desk";

#[tokio::test]
async fn after_so_many_missed_visits_only_the_desk_books_until_it_says_otherwise() {
    let mut practice = Practice::new().await;
    practice.policy("24, 2, 30").await;
    let (patient, facility) = (practice.patient, practice.facility);
    let own = practice.network.account("patient", Some(patient)).await;
    let desk = practice.network.account("front_desk", Some(facility)).await;
    let booked = practice.taken_over(patient, &hours_ahead(90, 30), "booked").await;
    practice.missed(patient, 50).await;
    let held = practice.hold(patient, &hours_ahead(24, 30));
    practice.portal(own, &held).await;
    practice.missed(patient, 40).await;
    let confirm = "SELECT care.confirm_appointment(appointment_id) FROM care.appointment WHERE status = 'held'";
    assert_eq!(practice.portal_refusal(own, confirm).await, RULE, "what was held before is not booked either");
    let hold = practice.hold(patient, &hours_ahead(26, 30));
    assert_eq!(practice.portal_refusal(own, &hold).await, RULE);
    let wait = format!(
        "SELECT care.join_waitlist('{patient}', '{facility}', NULL, 30, tstzrange(now(), now() + INTERVAL '9 days'))"
    );
    assert_eq!(practice.portal_refusal(own, &wait).await, RULE);
    // What is booked may be moved, and the desk books.
    let moved = format!("SELECT care.reschedule_appointment('{booked}', {})", hours_ahead(92, 30));
    practice.portal(own, &moved).await;
    practice.portal(desk, &hold).await;
    let network = &practice.network;
    let (who, why) = (PatientId(patient), "The bus did not come");
    let said = network.does(own, async |actor| read(actor, who).await).await;
    assert_eq!((said.len(), said[0].missed, said[0].no_show_limit, said[0].desk_only), (1, 2, Some(2), true));
    let self_made = network.broken(own, async |actor| waive(actor, who, why).await).await;
    assert_eq!(self_made.rule, "attendance_is_waived_by_the_desk");
    let waiver = network.does(desk, async |actor| waive(actor, who, why).await).await;
    let said = network.does(own, async |actor| read(actor, who).await).await;
    assert_eq!((said[0].missed, said[0].desk_only, said[0].waived_at.is_some()), (0, false, true));
    let event = format!(
        "SELECT w.reason FROM access.audit_event e JOIN care.attendance_waiver w
             ON e.resource = 'care.attendance_waiver/' || w.attendance_waiver_id
         WHERE w.attendance_waiver_id = '{}' AND e.patient_id = '{patient}' AND e.actor = '{desk}'",
        waiver.0
    );
    assert_eq!(practice.network.one(&event).await, why);
    practice.portal(own, confirm).await;
    // What is missed from now on counts again.
    practice.network.run("UPDATE care.attendance_waiver SET created_at = now() - INTERVAL '45 hours'").await;
    practice.missed(patient, 30).await;
    let more = practice.hold(patient, &hours_ahead(28, 30));
    assert_eq!(practice.portal_refusal(own, &more).await, RULE);
}

#[tokio::test]
async fn nobody_learns_by_trying_of_anothers_missed_visits() {
    let mut practice = Practice::new().await;
    practice.policy("24, 1, 30").await;
    let (patient, provider, facility) = (practice.patient, practice.provider, practice.facility);
    let (clean, stranger) = (practice.network.patient().await, practice.network.patient().await);
    practice.missed(patient, 50).await;
    let mut other = Caller::playing(&mut practice.network, "patient", stranger).await;
    let mut told = Vec::new();
    for whom in [patient, clean, Uuid::new_v4()] {
        let call = format!(
            "hold_appointment($t, '{whom}', '{provider}', '{facility}', date_trunc('hour', now()) + INTERVAL '30 hours',
                              date_trunc('hour', now()) + INTERVAL '31 hours', NULL, 'in_person', NULL)"
        );
        told.push(other.refused(&call).await);
    }
    assert_eq!(told, ["row_is_within_rights"; 3]);
    // A desk lets those book again who missed a visit there.
    let elsewhere = practice.network.facility("MA", "clinic").await;
    let mut desk = Caller::playing(&mut practice.network, "front_desk", elsewhere).await;
    for whom in [patient, clean, Uuid::new_v4()] {
        let waived = desk.refused(&format!("waive_missed_visits($t, '{whom}', 'Bus')")).await;
        assert_eq!(waived, "attendance_waiver_is_of_missed_visits");
    }
}

#[tokio::test]
async fn an_offer_of_the_wait_list_passes_over_who_could_not_confirm_it() {
    let mut practice = Practice::new().await;
    practice.policy("24, 1, 30").await;
    let (blocked, next) = (practice.member("premium").await, practice.member("regular").await);
    for patient in [blocked, next] {
        let facility = practice.facility;
        practice
            .network
            .run(&format!(
                "SELECT care.join_waitlist('{patient}', '{facility}', NULL, 30, tstzrange(now(), now() + INTERVAL '30 days'))"
            ))
            .await;
    }
    practice.missed(blocked, 30).await;
    practice.give_back(48).await;
    let offered = "SELECT patient_id::text FROM care.waitlist_entry WHERE status = 'offered'";
    assert_eq!(practice.network.one(offered).await, next.to_string());
}

#[tokio::test]
async fn what_is_counted_is_what_counting_each_visit_gives() {
    let mut practice = Practice::new().await;
    let (facility, other) = (practice.facility, practice.network.facility("MA", "clinic").await);
    practice.policy("24, 3, 20").await;
    let mut chance = Chance::new(5);
    let mut patients = vec![practice.patient];
    for _ in 0..4 {
        patients.push(practice.network.patient().await);
    }
    let mut visits: Vec<(usize, i32, bool, bool)> = Vec::new();
    let mut waivers: Vec<(usize, i32)> = Vec::new();
    for _ in 0..60 {
        let (whose, hours) = (chance.below(5), 1 + chance.below(30 * 24));
        let (missed, here) = (chance.below(3) > 0, chance.below(4) > 0);
        let whose = usize::try_from(whose).unwrap();
        let (patient, status) = (patients[whose], if missed { "no_show" } else { "completed" });
        let place = if here { facility } else { other };
        practice
            .network
            .run(&format!(
                "INSERT INTO care.appointment (patient_id, provider_id, facility_id, during, status)
                 VALUES ('{patient}', '{}', '{place}', tstzrange(now() - INTERVAL '{hours} hours',
                         now() - INTERVAL '{hours} hours' + INTERVAL '30 minutes'), '{status}')",
                practice.provider
            ))
            .await;
        visits.push((whose, hours, missed, here));
        if chance.below(12) == 0 {
            let hours = 1 + chance.below(20 * 24);
            practice
                .network
                .run(&format!(
                    "INSERT INTO care.attendance_waiver (patient_id, facility_id, created_at, reason)
                     VALUES ('{patient}', '{facility}', now() - INTERVAL '{hours} hours' + INTERVAL '1 minute', 'Bus')"
                ))
                .await;
            waivers.push((whose, hours));
        }
    }
    let (mut free, mut sent) = (0, 0);
    for (whose, patient) in patients.iter().enumerate() {
        let since = waivers.iter().filter(|waiver| waiver.0 == whose).map(|waiver| waiver.1).min().unwrap_or(i32::MAX);
        let counted = visits
            .iter()
            .filter(|(who, hours, missed, here)| {
                *who == whose && *missed && *here && *hours < 20 * 24 && *hours < since
            })
            .count();
        let query = format!(
            "SELECT care.missed_visits('{patient}', '{facility}') || ' ' || care.must_ask_the_desk('{patient}', '{facility}')
                    || ' ' || care.missed_visits('{patient}', '{other}')"
        );
        assert_eq!(
            practice.network.one(&query).await,
            format!("{counted} {} 0", counted >= 3),
            "{visits:?} {waivers:?}"
        );
        if counted >= 3 { sent += 1 } else { free += 1 }
    }
    assert!(free > 0 && sent > 0, "{free} free, {sent} sent to the desk");
}

#[tokio::test]
async fn no_policy_says_what_cannot_be() {
    let mut practice = Practice::new().await;
    practice.policy("24, 2, 30").await;
    let (patient, facility) = (practice.patient, practice.facility);
    practice
        .network
        .run(&format!("INSERT INTO care.attendance_waiver (patient_id, facility_id, reason) VALUES ('{patient}', '{facility}', 'x')"))
        .await;
    for (statement, rule) in [
        ("UPDATE care.attendance_policy SET notice_hours = 721", "attendance_policy_notice_is_a_month_at_most"),
        ("UPDATE care.attendance_policy SET no_show_limit = NULL", "attendance_policy_limit_is_within_days"),
        ("UPDATE care.attendance_policy SET no_show_limit = 0", "attendance_policy_limit_is_within_days"),
        ("UPDATE care.attendance_policy SET within_days = 2000", "attendance_policy_limit_is_within_days"),
        ("UPDATE care.attendance_policy SET charge_code = 'NONE'", "attendance_policy_charge_code_fkey"),
        ("UPDATE care.attendance_waiver SET reason = ' '", "attendance_waiver_reason_is_some"),
    ] {
        assert_eq!(practice.network.refusal(statement).await, rule, "{statement}");
    }
    let twice = format!("INSERT INTO care.attendance_policy (facility_id) VALUES ('{facility}')");
    assert_eq!(practice.network.refusal(&twice).await, "attendance_policy_pkey");
}
