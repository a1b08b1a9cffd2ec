//! Recalls: one of a kind stands, and somebody says what came of it. Vaccinations: what is due follows from age, what was
//! given and the distance.

use uuid::Uuid;

use super::caller::Caller;
use super::network::Network;

/// A patient in care of a provider, and who acts.
async fn scene() -> (Network, Uuid, Caller, Caller) {
    let mut network = Network::owned().await;
    let (patient, provider) = (network.patient().await, network.provider().await);
    network.put_in_care(patient, provider).await;
    let carer = Caller::playing(&mut network, "provider", provider).await;
    let own = Caller::playing(&mut network, "patient", patient).await;
    (network, patient, carer, own)
}

/// So many days from the patient's own today, which is not that of UTC in the evening.
fn plan(patient: Uuid, days: i32, programme: &str) -> String {
    let due = format!("(now() AT TIME ZONE 'America/Chicago')::date + {days}");
    format!("plan_recall($t, '{patient}', {due}, '{programme}', 'Eyes, feet and kidneys', NULL)")
}

fn change(recall: Uuid, version: i32, status: &str, outcome: &str) -> String {
    format!("change_recall($t, '{recall}', {version}, '{status}', {outcome}, NULL, NULL)")
}

#[tokio::test]
async fn one_recall_of_a_kind_stands_and_ends_once() {
    let (mut network, patient, mut carer, mut own) = scene().await;
    let recall = carer.key(&plan(patient, 40, "diabetes_review")).await;
    assert_eq!(carer.refused(&plan(patient, 50, "diabetes_review")).await, "recall_of_a_programme_is_one");
    carer.key(&plan(patient, 50, "eye_check")).await;
    assert_eq!(own.refused(&plan(patient, 50, "massage")).await, "row_is_within_rights");
    assert_eq!(carer.refused(&change(recall, 1, "done", "NULL")).await, "recall_says_what_came_of_it");
    assert_eq!(
        own.call(&change(recall, 1, "declined", "'No'")).await,
        ["(f,1)"],
        "a patient reads it and does not change it"
    );
    assert_eq!(carer.call(&change(recall, 1, "done", "'Seen'")).await, ["(t,2)"]);
    assert_eq!(carer.refused(&change(recall, 2, "planned", "NULL")).await, "recall_that_is_over_stays_so");
    let moved = "UPDATE care.recall SET due_on = due_on + 1 WHERE status = 'done'";
    assert_eq!(network.refusal(moved).await, "recall_that_is_over_stays_so");
    carer.key(&plan(patient, 400, "diabetes_review")).await;
    let read = own.read("programme || ' ' || status", "read_recalls", Some(patient), "recalls", "9").await;
    assert_eq!(read, ["diabetes_review planned", "eye_check planned", "diabetes_review done"]);
    network.run("ALTER TABLE care.recall DISABLE TRIGGER USER").await;
    for (rule, change) in [
        ("recall_programme_is_snake_case", "programme = 'Eye Check' WHERE programme = 'eye_check'"),
        ("recall_reason_is_some", "reason = ' '"),
        (
            "recall_status_is_known",
            "status = 'lost', outcome = 'x', ended_on = current_date WHERE programme = 'eye_check'",
        ),
        ("recall_appointment_fkey", "appointment_id = gen_random_uuid()"),
        ("recall_recorder_fkey", "recorded_by = gen_random_uuid()"),
    ] {
        assert_eq!(network.refusal(&format!("UPDATE care.recall SET {change}")).await, rule, "{change}");
    }
}

#[tokio::test]
async fn a_recall_is_told_two_weeks_ahead_and_not_once_it_is_over() {
    let (mut network, patient, mut carer, _) = scene().await;
    let soon = carer.key(&plan(patient, 14, "diabetes_review")).await;
    carer.key(&plan(patient, 15, "eye_check")).await;
    for _ in 0..2 {
        network.run("SELECT care.run_maintenance()").await;
    }
    let told = "SELECT template || ' ' || status || ' ' || recall_id FROM care.notification";
    assert_eq!(network.rows(told).await, [format!("recall_due queued {soon}")]);
    carer.call(&change(soon, 1, "declined", "'Moved away'")).await;
    assert_eq!(network.rows(told).await, [format!("recall_due cancelled {soon}")]);
}

/// What is due for somebody of an age in days, given these doses: how many days ago, by CVX.
async fn due(network: &mut Network, age_days: u32, given: &[(u32, &str)], target: &str) -> Vec<String> {
    let patient = network.patient().await;
    network
        .run(&format!(
            "UPDATE care.patient SET born_on = date '2026-11-01' - {age_days} WHERE patient_id = '{patient}'"
        ))
        .await;
    for (days, cvx) in given {
        network
            .run(&format!(
                "INSERT INTO care.immunization (patient_id, cvx, title, given_on)
                 VALUES ('{patient}', '{cvx}', 'Vaccine', date '2026-11-01' - {days})"
            ))
            .await;
    }
    let due = format!(
        "SELECT concat_ws(' ', dose_number, cvx, date '2026-11-01' - due_on) FROM care.immunizations_due('{patient}', '2026-11-01')
         WHERE target = '{target}'"
    );
    network.rows(&due).await
}

#[tokio::test]
async fn the_next_dose_is_due_by_age_and_distance() {
    let mut network = Network::new().await;
    for (age, given, expected) in [
        (364, vec![], vec![]),
        (365, vec![], vec!["1 03 0"]),
        (400, vec![(30, "03")], vec![]),
        (1461, vec![(1000, "94")], vec!["2 03 0"]),
        (1461, vec![(27, "03")], vec![]),
        (1461, vec![(28, "03")], vec!["2 03 0"]),
        (3000, vec![(1000, "03"), (900, "03")], vec![]),
        (3000, vec![(1000, "140"), (900, "21")], vec!["1 03 2635"]),
        (24838, vec![], vec![]),
        // One that was given four days before the first birthday counts, one of the day before that does not.
        (1461, vec![(1100, "03")], vec!["2 03 0"]),
        (1461, vec![(1101, "03")], vec!["1 03 1096"]),
        (1461, vec![(1101, "03"), (500, "03")], vec!["2 03 0"]),
    ] {
        assert_eq!(due(&mut network, age, &given, "measles").await, expected, "{age} days, {given:?}");
    }
}

#[tokio::test]
async fn what_is_repeated_is_due_again_at_its_distance_and_errors_do_not_count() {
    let mut network = Network::new().await;
    assert_eq!(due(&mut network, 9000, &[(299, "140")], "influenza").await, [""; 0]);
    assert_eq!(due(&mut network, 9000, &[(700, "140"), (300, "158")], "influenza").await, ["1 140 0"]);
    let booster = [(5000, "115"), (3653, "113")];
    assert_eq!(due(&mut network, 20000, &booster, "tetanus_booster").await, ["2 113 1"]);
    assert_eq!(due(&mut network, 20000, &[(100, "187")], "zoster").await, ["2 187 39"]);
    network.run("UPDATE care.immunization SET status = 'entered_in_error' WHERE cvx = '187'").await;
    let again =
        "SELECT d.dose_number::text FROM care.immunization i, care.immunizations_due(i.patient_id, '2026-11-01') d
                 WHERE i.cvx = '187' AND d.target = 'zoster'";
    assert_eq!(network.rows(again).await, ["1"]);
    network.run("UPDATE care.patient SET deceased_at = '2026-10-01 00:00Z'").await;
    assert_eq!(network.rows(again).await, [""; 0], "nothing is due for who has died");
    let own = "INSERT INTO care.immunization_schedule (schedule, target, title, dose_number, min_age_days, cvx)
               VALUES ('own', 'zoster', 'Zoster', 1, 18300, '{187}')";
    network.run(own).await;
    network.run("UPDATE care.patient SET deceased_at = NULL").await;
    let own = "SELECT count(*)::text FROM care.patient p, care.immunizations_due(p.patient_id, '2026-11-01', 'own')";
    assert_eq!(network.one(own).await, "2", "a network's own schedule counts for itself");
}

#[tokio::test]
async fn due_vaccinations_are_read_by_the_patient_and_who_cares() {
    let (mut network, patient, mut carer, mut own) = scene().await;
    let other = network.provider().await;
    let mut stranger = Caller::playing(&mut network, "provider", other).await;
    for caller in [&mut carer, &mut own] {
        let read =
            caller.read("target", "read_immunizations_due", Some(patient), "immunizations_due", "'2026-11-01'").await;
        assert!(read.contains(&"influenza".to_owned()), "{read:?}");
    }
    let read =
        stranger.read("target", "read_immunizations_due", Some(patient), "immunizations_due", "'2026-11-01'").await;
    assert_eq!(read, [""; 0]);
}

#[tokio::test]
async fn every_check_of_the_schedule_refuses_what_it_says() {
    let mut network = Network::new().await;
    for (rule, change) in [
        ("immunization_schedule_schedule_is_snake_case", "schedule = 'Own schedule'"),
        ("immunization_schedule_target_is_snake_case", "target = 'Measles!'"),
        ("immunization_schedule_title_is_some", "title = ' '"),
        ("immunization_schedule_dose_is_small", "dose_number = 21"),
        ("immunization_schedule_ages_are_ordered", "max_age_days = min_age_days"),
        ("immunization_schedule_interval_fits_its_dose", "min_interval_days = 0"),
        ("immunization_schedule_names_a_vaccine", "cvx = '{flu}'"),
        ("immunization_schedule_counts_from_an_age_before_it_is_due", "counts_from_age_days = min_age_days + 1"),
    ] {
        let update =
            format!("UPDATE care.immunization_schedule SET {change} WHERE target = 'measles' AND dose_number = 2");
        assert_eq!(network.refusal(&update).await, rule, "{change}");
    }
    let twice =
        "UPDATE care.immunization_schedule SET dose_number = 1, min_interval_days = NULL WHERE target = 'measles'";
    assert_eq!(network.refusal(twice).await, "immunization_schedule_dose_is_one");
}
