//! Observations through the portal's login: noted in the own name, corrected beside what stands, taken back by whose they
//! are, and seen by whom the record, and what is sensitive of it, is open to.

use healthtrack::model::people::{ObservationCategory, ObservationFlag, ObservationId, ObservationStatus};
use healthtrack::store::care::observation::{Asked, NewObservation, Observed};
use healthtrack::store::care::record::Edited;
use sqlx::{AssertSqlSafe, Executor as _};
use uuid::Uuid;

use super::network::refused_by;
use super::observing::{Observing, finding, number, pressure, weight};

const DAY: &str = "2026-01-05T08:00:00Z";

#[tokio::test]
async fn a_provider_in_care_notes_what_was_seen_and_a_patient_what_was_measured_at_home() {
    let mut scene = Observing::begin().await;
    let (own, carer, stranger) = (scene.own, scene.carer, scene.stranger);
    assert_eq!(scene.refused(stranger, &pressure(128.0, 82.0, DAY)).await, "row_is_within_rights");
    let desk = scene.network.facility("IL", "clinic").await;
    let desk = scene.network.account("front_desk", Some(desk)).await;
    assert_eq!(scene.refused(desk, &pressure(128.0, 82.0, DAY)).await, "row_is_within_rights");
    let exam = NewObservation { category: Some(ObservationCategory::Exam), ..weight(154.0, DAY) };
    assert_eq!(scene.refused(own, &exam).await, "observation_of_a_patient_is_no_exam");
    let bp = scene.notes(carer, &pressure(128.0, 82.0, DAY)).await;
    let home = scene.notes(own, &weight(154.0, "2026-01-06T07:00:00Z")).await;
    for (finding, rule) in [
        (weight(2000.0, DAY), "observation_value_is_possible"),
        (NewObservation { value: Some(number(70.0, "mm[Hg]")), ..weight(1.0, DAY) }, "observation_unit_fits_its_code"),
        (pressure(400.0, 82.0, DAY), "observation_component_value_is_possible"),
        (NewObservation { value: None, ..weight(1.0, DAY) }, "observation_value_is_one"),
        (NewObservation { title: None, ..weight(1.0, DAY) }, "observation_title_is_given"),
    ] {
        assert_eq!(scene.refused(carer, &finding).await, rule);
    }

    let lines = scene.reads(carer, Asked::Page(None, None, None, 10)).await;
    assert_eq!(lines.iter().map(|line| line.observation_id).collect::<Vec<_>>(), [home, bp]);
    assert_eq!((lines[0].performed_by.as_str(), lines[0].performer.as_deref()), ("patient", None));
    assert_eq!((lines[1].performed_by.as_str(), lines[1].performer.as_deref()), ("provider", Some("Ada Okafor")));
    assert_eq!((&lines[1].value, &lines[1].components), (&None, &pressure(128.0, 82.0, DAY).components));
    assert_eq!(lines[0].value, Some(number(154.0, "[lb_av]")));
    assert_eq!(scene.reads(own, Asked::Page(None, Some("29463-7"), None, 10)).await, lines[..1]);
    assert_eq!(scene.reads(own, Asked::Page(Some(ObservationCategory::Survey), None, None, 10)).await, []);
    assert_eq!(scene.reads(own, Asked::Page(None, None, lines.first(), 10)).await, lines[1..]);
    assert_eq!(scene.reads(stranger, Asked::Page(None, None, None, 10)).await, []);
    let events = format!(
        "SELECT concat_ws(' ', action, split_part(resource, '/', 1), outcome) FROM access.audit_event
                          WHERE actor IN ('{carer}', '{stranger}') ORDER BY at"
    );
    let expected = ["create care.observation allowed", "read observations allowed", "read observations denied"];
    assert_eq!(scene.network.rows(&events).await, expected);
}

#[tokio::test]
async fn values_of_each_kind_come_back_as_they_were_told() {
    let scene = Observing::begin().await;
    let (carer, unit) = (scene.carer, "1".to_owned());
    for value in [
        Observed::Number { number: 72.5, unit: unit.clone(), comparator: Some("<=".to_owned()) },
        Observed::Range { low: Some(2.0), high: None, unit: unit.clone() },
        Observed::Ratio { numerator: 1.0, unit: unit.clone(), denominator: 128.0, denominator_unit: unit.clone() },
        Observed::Code { system: "snomed".to_owned(), code: "266919005".to_owned() },
        Observed::Words { text: "Well nourished".to_owned() },
        Observed::Truth { boolean: false },
        Observed::Absent { absent: "asked_declined".parse().unwrap() },
    ] {
        let told = NewObservation {
            interpretation: Some(ObservationFlag::Abnormal),
            ..finding("5196-1", "X", DAY, Some(value.clone()))
        };
        let one = scene.notes(carer, &told).await;
        let line = scene.reads(carer, Asked::One(one)).await.remove(0);
        assert_eq!((line.value, line.interpretation), (Some(value), told.interpretation));
    }
}

#[tokio::test]
async fn what_is_final_is_corrected_by_another_row_and_never_altered() {
    let mut scene = Observing::begin().await;
    let (own, carer, colleague) = (scene.own, scene.carer, scene.colleague);
    let typed = scene.notes(own, &weight(154.0, DAY)).await;
    let misread = NewObservation { value: Some(number(145.0, "[lb_av]")), ..NewObservation::default() };
    let second = scene.amends(own, typed, &misread).await;
    assert_eq!(scene.not_amended(own, typed, &misread).await.rule, "observation_is_amended_once");
    let third = scene
        .amends(carer, second, &NewObservation { note: Some("By our scale.".to_owned()), ..NewObservation::default() })
        .await;
    assert_eq!(scene.not_amended(own, third, &misread).await.rule, "observation_is_its_performers");
    let nothing = ObservationId(Uuid::nil());
    assert_eq!(scene.not_amended(own, nothing, &misread).await.rule, "observation_is_known");
    let other_code = NewObservation {
        loinc: Some("8302-2".to_owned()),
        value: Some(number(170.0, "cm")),
        ..NewObservation::default()
    };
    assert_eq!(scene.not_amended(carer, third, &other_code).await.rule, "observation_amended_fkey");
    let kept = NewObservation { sensitivity: Some("hiv".to_owned()), ..NewObservation::default() };
    assert_eq!(scene.not_amended(carer, third, &kept).await.rule, "observation_correction_is_as_sensitive");

    let stands = scene.reads(own, Asked::Page(None, None, None, 10)).await;
    assert_eq!(stands.iter().map(|line| line.observation_id).collect::<Vec<_>>(), [third]);
    assert_eq!(
        (&stands[0].value, stands[0].status),
        (&misread.value, ObservationStatus::Corrected),
        "what is not said stays"
    );
    let course = scene.reads(own, Asked::One(second)).await;
    assert_eq!(course.iter().map(|line| line.observation_id).collect::<Vec<_>>(), [third, second, typed]);
    assert_eq!(course[2].amended_by, Some(second));

    for change in ["value_number = 1", "status = 'preliminary'", "component_count = 1"] {
        let refusal = scene.network.refusal(&format!("UPDATE care.observation SET {change}")).await;
        assert_eq!(refusal, "observation_that_is_final_is_not_altered", "{change}");
    }
    let added = format!(
        "INSERT INTO care.observation_component (patient_id, observation_id, loinc, title, value_text)
                         SELECT patient_id, observation_id, '8480-6', 'X', 'x' FROM care.observation
                         WHERE observation_id = '{third}'"
    );
    assert_eq!(scene.network.refusal(&added).await, "observation_has_its_components");

    assert_eq!(scene.not_taken_back(colleague, third).await, "observation_is_its_performers");
    assert_eq!(scene.takes_back(carer, third, 2).await, Edited::Stale(1));
    assert_eq!(scene.takes_back(carer, third, 1).await, Edited::Saved(2));
    assert_eq!(scene.takes_back(scene.stranger, third, 2).await, Edited::Unknown);
    let stands = scene.reads(own, Asked::Newest(None)).await;
    assert_eq!(stands[0].observation_id, second, "an error gives way to what it had replaced");
    assert_eq!(
        scene.takes_back(colleague, second, 1).await,
        Edited::Saved(2),
        "staff takes back what a patient mistyped"
    );
    assert_eq!(scene.not_amended(carer, second, &misread).await.rule, "observation_amends_what_was_final");
    let kept = "SELECT count(*)::text FROM care.record_version WHERE relation = 'observation'";
    assert_eq!(scene.network.one(kept).await, "2");
}

#[tokio::test]
async fn a_colleagues_is_not_taken_away_and_nobody_writes_in_anothers_name() {
    let mut scene = Observing::begin().await;
    let (own, carer, colleague) = (scene.own, scene.carer, scene.colleague);
    let bp = scene.notes(carer, &pressure(128.0, 82.0, DAY)).await;
    assert_eq!(scene.not_taken_back(colleague, bp).await, "observation_is_its_performers");
    assert_eq!(scene.not_taken_back(own, bp).await, "observation_is_its_performers");
    let corrected = scene.amends(colleague, bp, &pressure(118.0, 82.0, DAY)).await;
    let line = scene.reads(own, Asked::Newest(Some(ObservationCategory::VitalSigns))).await.remove(0);
    assert_eq!((line.observation_id, line.components), (corrected, pressure(118.0, 82.0, DAY).components));
    let provider = scene
        .network
        .one(&format!("SELECT provider_id::text FROM access.account WHERE account_id = '{colleague}'"))
        .await;
    let insert = |by: &str, performer: &str| {
        format!(
            "INSERT INTO care.observation (patient_id, observed_at, loinc, title, category, value_text, performed_by,
                                           performer_id, status)
             VALUES ('{}', now() - INTERVAL '1 day', '5196-1', 'X', 'survey', 'x', '{by}', {performer}, 'preliminary')",
            scene.patient
        )
    };
    let mut portal = scene.network.portal_of(carer).await;
    let (in_anothers, unknown) = (insert("provider", &format!("'{provider}'")), insert("unknown", "NULL"));
    for forged in [&in_anothers, &unknown, &insert("patient", "NULL")] {
        assert_eq!(
            refused_by(portal.execute(AssertSqlSafe(forged.clone())).await, forged),
            "observation_is_made_in_person"
        );
    }
    let mut patients = scene.network.portal_of(own).await;
    assert_eq!(
        refused_by(patients.execute(AssertSqlSafe(unknown.clone())).await, &unknown),
        "observation_is_made_in_person"
    );
    scene.network.run(&in_anothers).await;
    let moved =
        "UPDATE care.observation SET performed_by = 'unknown', performer_id = NULL WHERE status = 'preliminary'";
    assert_eq!(refused_by(portal.execute(moved).await, moved), "observation_is_made_in_person");
    let issued = "SELECT bool_and(issued_at > now() - INTERVAL '1 hour')::text FROM care.observation WHERE status <> 'preliminary'";
    assert_eq!(scene.network.one(issued).await, "true", "told when it was noted");
}

#[tokio::test]
async fn what_has_no_place_in_an_observation_is_refused_and_not_left_out() {
    let scene = Observing::begin().await;
    let note = |finding: &str| format!("SELECT api.note_observation('{{token}}', '{{patient}}', '{finding}')");
    let told = r#"{"loinc":"5196-1","title":"X","category":"survey","observed_at":"2026-01-05T08:00:00Z","value":{"text":"x"}"#;
    for (finding, rule) in [
        (format!(r#"{told},"status":"final"}}"#), "finding_has_known_parts"),
        (format!(r#"{told},"performer":"somebody"}}"#), "finding_has_known_parts"),
        (told.replace(r#"{"text""#, r#"{"txt":1,"text""#) + "}", "finding_has_known_parts"),
        (format!(r#"{told},"components":[{{"loinc":"8480-6","value":{{}},"note":"x"}}]}}"#), "finding_has_known_parts"),
        (format!(r#"{told},"components":{{}}}}"#), "finding_has_known_parts"),
        (format!(r#"{told},"sensitivity":"secret"}}"#), "sensitivity_is_known"),
        ("7".to_owned(), "finding_has_known_parts"),
        (told.replace(r#"{"text":"x"}"#, r#"{"number":"x","unit":"1"}"#) + "}", "value_fits"),
    ] {
        assert_eq!(scene.refuses(scene.carer, &note(&finding)).await, rule, "{finding}");
    }
    let one = scene.notes(scene.own, &weight(150.0, DAY)).await;
    let amend = format!("SELECT api.amend_observation('{{token}}', '{one}', '{{}}', 'entered_in_error')");
    assert_eq!(scene.refuses(scene.own, &amend).await, "observation_becomes_amended_or_corrected");
}

#[tokio::test]
async fn a_patient_names_the_own_devices_alone() {
    let mut scene = Observing::begin().await;
    let patient = scene.patient;
    scene
        .network
        .run(&format!(
            "INSERT INTO signal.device (device_id, added_at, added_by) VALUES ('scale-1', now(), 'operator'), ('clinic-2', now(), 'operator');
             INSERT INTO care.wear (patient_id, device_key, worn_during)
             SELECT '{patient}', device_key, '[2026-01-01,)' FROM signal.device WHERE device_id = 'scale-1'"
        ))
        .await;
    let read_from =
        |device: &str, moment: &str| NewObservation { device: Some(device.to_owned()), ..weight(150.0, moment) };
    let (own, carer) = (scene.own, scene.carer);
    for (device, moment) in [("clinic-2", DAY), ("nobodys", DAY), ("scale-1", "2025-12-31T23:00:00Z")] {
        assert_eq!(scene.refused(own, &read_from(device, moment)).await, "observation_device_is_known");
    }
    scene.notes(own, &read_from("scale-1", DAY)).await;
    scene.notes(carer, &read_from("clinic-2", DAY)).await;
    assert_eq!(scene.refused(carer, &read_from("nobodys", DAY)).await, "observation_device_is_known");
}

#[tokio::test]
async fn a_sensitive_observation_is_its_authors_and_the_patients_with_its_components() {
    let mut scene = Observing::begin().await;
    let (own, carer, colleague) = (scene.own, scene.carer, scene.colleague);
    let told = NewObservation { sensitivity: Some("substance_use".to_owned()), ..pressure(128.0, 82.0, DAY) };
    let one = scene.notes(carer, &told).await;
    for (account, seen) in [(own, 1), (carer, 1), (colleague, 0)] {
        let lines = scene.reads(account, Asked::One(one)).await;
        assert_eq!(lines.len(), seen);
        assert!(lines.iter().all(|line| line.components.len() == 2 && line.sensitivity == told.sensitivity));
        let mut portal = scene.network.portal_of(account).await;
        let parts: i64 =
            sqlx::query_scalar("SELECT count(*) FROM care.observation_component").fetch_one(&mut portal).await.unwrap();
        assert_eq!(parts, 2 * i64::try_from(seen).unwrap());
    }
    scene.network.run("UPDATE access.care_relationship SET opens = '{substance_use}'").await;
    assert_eq!(scene.reads(colleague, Asked::One(one)).await.len(), 1, "care that opens its category");
}

#[tokio::test]
async fn what_is_sensitive_by_its_code_is_kept_apart_with_its_corrections() {
    let mut scene = Observing::begin().await;
    let (own, carer, colleague) = (scene.own, scene.carer, scene.colleague);
    let score = Some(number(9.0, "{score}"));
    let by_code = scene.notes(carer, &finding("75626-2", "AUDIT-C", DAY, score.clone())).await;
    let abuse = Observed::Code { system: "snomed".to_owned(), code: "15167005".to_owned() };
    let by_value = scene.notes(carer, &finding("5196-1", "X", DAY, Some(abuse))).await;
    let corrected = scene.amends(carer, by_code, &NewObservation { value: score, ..NewObservation::default() }).await;
    for one in [by_code, by_value, corrected] {
        let line = &scene.reads(carer, Asked::One(one)).await[0];
        assert_eq!(line.sensitivity.as_deref(), Some("substance_use"));
        assert_eq!(scene.reads(colleague, Asked::One(one)).await, []);
    }
    let plain = scene.notes(carer, &pressure(128.0, 82.0, DAY)).await;
    let newer = scene.amends(carer, plain, &pressure(118.0, 82.0, DAY)).await;
    scene
        .network
        .run(&format!("UPDATE care.observation SET sensitivity = 'hiv' WHERE observation_id = '{newer}'"))
        .await;
    assert_eq!(scene.reads(colleague, Asked::One(plain)).await, [], "nor does a former one tell");
    assert_eq!(scene.reads(own, Asked::One(plain)).await.len(), 2);
}
