//! What insurers said of coverages: kept as it came, only ever added to, and the newest is what desk and biller read.

use healthtrack::model::people::{CoverageId, PatientId};
use healthtrack::model::time::{Clock as _, DAY_US, Day, SystemClock, Timestamp};
use healthtrack::store::care::eligibility::{self, NewEligibilityAnswer};
use uuid::Uuid;

use super::money::Bill;
use super::network::Network;
use super::practice::{hours_ahead, in_portal};

fn days_ahead(days: i64) -> Timestamp {
    Timestamp::from_micros(SystemClock.now().micros() + days * DAY_US).unwrap()
}

fn noted(coverage: Uuid, active: bool, told: &serde_json::Value) -> NewEligibilityAnswer<'_> {
    NewEligibilityAnswer {
        coverage: CoverageId(coverage),
        valid_until: days_ahead(30),
        first_on: "2026-06-01".parse().unwrap(),
        last_on: "2026-06-30".parse().unwrap(),
        active,
        categories: &["office_visit"],
        told,
        told_by: "Prairie Mutual, reference 5521",
        disposition: None,
    }
}

#[tokio::test]
async fn what_is_wrong_with_an_answer_cannot_be_stored_and_what_is_stored_stays() {
    let mut network = Network::new().await;
    let bill = Bill::draft(&mut network).await;
    let other = network.patient().await;
    let add = |changed: &str, value: &str| {
        format!(
            "INSERT INTO care.eligibility_answer (patient_id, coverage_id, asked_at, valid_until, served_during, active,
                                                  categories, told, told_by, disposition)
             VALUES ('{}', '{}', '2026-06-01Z', '2026-07-01Z', '[2026-06-01, 2026-07-01)', true, '{{imaging}}', '{{}}',
                     'Prairie', 'Active')",
            bill.patient, bill.coverage
        )
        .replace(changed, value)
    };
    for (statement, rule) in [
        (add(&bill.patient.to_string(), &other.to_string()), "eligibility_answer_coverage_fkey"),
        (add("2026-07-01Z", "2026-06-01Z"), "eligibility_answer_is_valid_for_a_time"),
        (add("2026-07-01Z", "2028-06-01Z"), "eligibility_answer_is_valid_for_a_time"),
        (add("[2026-06-01, 2026-07-01)", "[2026-06-01,)"), "eligibility_answer_is_for_some_days"),
        (add("imaging", "magic"), "eligibility_answer_categories_are_known"),
        (add("'{}'", "'[]'"), "eligibility_answer_is_told_as_an_object"),
        (add("'Prairie'", "' '"), "eligibility_answer_says_who_told"),
        (add("'Active'", "repeat('x', 501)"), "eligibility_answer_disposition_is_short"),
    ] {
        assert_eq!(network.refusal(&statement).await, rule, "{statement}");
    }
    network.run(&add("", "")).await;
    for change in ["UPDATE care.eligibility_answer SET active = false", "DELETE FROM care.eligibility_answer"] {
        assert_eq!(network.refusal(change).await, "eligibility_answer_is_append_only");
    }
}

#[tokio::test]
async fn the_newest_answer_is_what_the_biller_the_desk_and_the_patient_read() {
    let mut network = Network::owned().await;
    let bill = Bill::draft(&mut network).await;
    let (provider, other) = (network.provider().await, network.patient().await);
    network
        .run(&format!(
            "INSERT INTO care.appointment (patient_id, provider_id, facility_id, during, status)
             VALUES ('{}', '{provider}', '{}', {}, 'booked')",
            bill.patient,
            bill.facility,
            hours_ahead(24, 30)
        ))
        .await;
    let (biller, desk) = (
        network.account("biller", Some(bill.facility)).await,
        network.account("front_desk", Some(bill.facility)).await,
    );
    let (own, stranger) =
        (network.account("patient", Some(bill.patient)).await, network.account("patient", Some(other)).await);
    let patient = PatientId(bill.patient);
    let (first, second) =
        (serde_json::json!({"copay": "20"}), serde_json::json!({"benefits": [{"type": "deductible", "left": 12.5}]}));
    for (told, active) in [(&first, true), (&second, false)] {
        let answer = noted(bill.coverage, active, told);
        network.does(biller, async |actor| eligibility::note(actor, patient, &answer).await).await;
    }
    let on: Day = "2026-06-30".parse().unwrap();
    for account in [biller, desk, own] {
        let found = network.does(account, async |actor| eligibility::newest(actor, patient, on).await).await;
        assert_eq!(found.len(), 1, "one of each coverage");
        let newest = &found[0];
        assert_eq!((newest.active, newest.still_valid, &newest.told.as_ref().unwrap().0), (false, true, &second));
        assert_eq!((newest.coverage.0, newest.until_on), (bill.coverage, "2026-07-01".parse().ok()));
    }
    assert!(
        network
            .does(own, async |actor| eligibility::newest(actor, patient, "2026-07-01".parse().unwrap()).await)
            .await
            .is_empty()
    );
    assert!(network.does(stranger, async |actor| eligibility::newest(actor, patient, on).await).await.is_empty());
    for account in [desk, own, stranger] {
        let answer = noted(bill.coverage, true, &first);
        let refused = network.broken(account, async |actor| eligibility::note(actor, patient, &answer).await).await;
        assert_eq!(refused.rule, "row_is_within_rights");
    }
    let by = "SELECT DISTINCT noted_by FROM care.eligibility_answer";
    assert_eq!(network.one(by).await, biller.to_string());
}

#[tokio::test]
async fn of_what_was_noted_elsewhere_desk_and_biller_know_whether_it_is_active_and_no_more() {
    let mut network = Network::owned().await;
    let bill = Bill::draft(&mut network).await;
    let elsewhere = network.facility("IL", "clinic").await;
    for (hours, facility) in [(24, bill.facility), (30, elsewhere)] {
        let provider = network.provider().await;
        network
            .run(&format!(
                "INSERT INTO care.appointment (patient_id, provider_id, facility_id, during, status)
                 VALUES ('{}', '{provider}', '{facility}', {}, 'booked')",
                bill.patient,
                hours_ahead(hours, 30)
            ))
            .await;
    }
    let there = network.account("biller", Some(elsewhere)).await;
    let (biller, desk) = (
        network.account("biller", Some(bill.facility)).await,
        network.account("front_desk", Some(bill.facility)).await,
    );
    let own = network.account("patient", Some(bill.patient)).await;
    let (patient, on): (_, Day) = (PatientId(bill.patient), "2026-06-30".parse().unwrap());
    let told = serde_json::json!({"asked_for": "F11.20"});
    let answer = NewEligibilityAnswer { disposition: Some("Detoxification"), ..noted(bill.coverage, true, &told) };
    network.does(there, async |actor| eligibility::note(actor, patient, &answer).await).await;
    let read = async |who: Uuid| network.does(who, async |actor| eligibility::newest(actor, patient, on).await).await;
    for account in [biller, desk] {
        let found = read(account).await;
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].coverage.0, found[0].active, found[0].still_valid), (bill.coverage, true, true));
        let hidden = (&found[0].eligibility_answer, &found[0].told, &found[0].categories, &found[0].disposition);
        assert_eq!(hidden, (&None, &None, &None, &None));
        assert_eq!((found[0].from_on, &found[0].told_by), (None, &None));
    }
    assert_eq!(read(own).await[0].disposition.as_deref(), Some("Detoxification"));
    let plain = noted(bill.coverage, false, &told);
    network.does(biller, async |actor| eligibility::note(actor, patient, &plain).await).await;
    let found = read(desk).await;
    assert_eq!((found.len(), found[0].active, found[0].told.is_some()), (1, false, true), "the newer one is the own");
    network.does(there, async |actor| eligibility::note(actor, patient, &answer).await).await;
    let found: Vec<_> = read(desk).await.iter().map(|one| (one.active, one.told.is_some())).collect();
    assert_eq!(found, [(true, false), (false, true)]);
    let rows = format!("SELECT count(*)::text FROM care.eligibility_answer WHERE patient_id = '{}'", bill.patient);
    network.run(&format!("BEGIN; {}", in_portal(desk, ""))).await;
    let seen = network.one(&rows).await;
    network.run("COMMIT").await;
    assert_eq!(seen, "1", "nor by the table");
    let wrong = "INSERT INTO care.eligibility_answer (patient_id, coverage_id, facility_id, valid_until, served_during, active, told_by)
                 SELECT patient_id, coverage_id, gen_random_uuid(), now() + INTERVAL '1 day', '[2026-06-01, 2026-07-01)', true, 'x'
                 FROM care.coverage";
    assert_eq!(network.refusal(wrong).await, "eligibility_answer_facility_fkey");
}
