//! Medicines and allergies: prescribed once, in spite of a warning with a reason alone, and stopped by whoever read the
//! newest version.

use axum::http::StatusCode;
use uuid::Uuid;

use crate::cells::chart::{days, medicine, prescription};
use crate::problems::cared_for;

#[tokio::test]
async fn a_prescription_that_is_sent_twice_is_one_and_is_stopped_with_a_reason() {
    let (mut house, carer, path) = cared_for().await;
    let path = path.replace("problems", "medications");
    let medication = house.network.id(&medicine("metformin")).await.to_string();
    let form = carer.get(&format!("{path}/prescribe")).await.body;
    assert!(form.contains("Metformin 500 mg (tablet, 500 mg)"), "{form}");
    let key = form.split("name=\"key\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap().to_owned();
    let days = days(&mut house.network).await;
    let typed = prescription(&key, &medication, &days);
    for _ in 0..2 {
        let sent = carer.post(&format!("{path}/prescribe"), &typed).await;
        assert_eq!(sent.location(), format!("{path}?done=saved"), "{}", sent.body);
    }
    let mut other = typed.clone();
    other.retain(|(name, _)| *name != "quantity");
    other.push(("quantity", "90"));
    let refused = carer.post(&format!("{path}/prescribe"), &other).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "another prescription under the same key");
    assert!(refused.body.contains("value=\"90\""), "{}", refused.body);
    assert_eq!(house.network.one("SELECT count(*)::text FROM care.prescription").await, "1");
    let listed = carer.get(&path).await.body;
    let until = house.network.one("SELECT to_char(current_date + 90, 'FMDD Mon YYYY')").await;
    for shown in ["<b>Metformin 500 mg</b> 1 tablet, oral, 2 times a day", "breakfast", &until] {
        assert!(listed.contains(shown), "{shown}: {listed}");
    }
    let one = format!("{path}/{key}");
    let silent = carer.post(&one, &[("version", "1"), ("reason", " ")]).await;
    assert!(
        silent.status == StatusCode::UNPROCESSABLE_ENTITY && silent.body.contains("Fill this in."),
        "{}",
        silent.body
    );
    let old = carer.post(&one, &[("version", "7"), ("reason", "nausea")]).await;
    assert!(old.body.contains("Somebody has changed this") && old.body.contains("nausea"), "{}", old.body);
    let stopped = carer.post(&one, &[("version", "1"), ("reason", "nausea")]).await;
    assert_eq!(stopped.location(), format!("{path}?done=ended"), "{}", stopped.body);
    let listed = carer.get(stopped.location()).await.body;
    assert!(listed.contains("Ended.") && listed.contains("Stopped: nausea"), "{listed}");
    let other = house.network.patient().await;
    assert_eq!(carer.get(&format!("/patients/{other}/medications/{key}")).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_harms_is_shown_and_prescribed_with_a_reason_alone() {
    let (mut house, carer, path) = cared_for().await;
    let (allergies, path) = (path.replace("problems", "allergies"), path.replace("problems", "medications/prescribe"));
    let allergy = [
        ("substance", "Penicillin"),
        ("category", "medication"),
        ("criticality", "high"),
        ("verification_status", "confirmed"),
    ];
    let added = carer.post(&allergies, &allergy).await;
    assert_eq!(added.location(), format!("{allergies}?done=saved"), "{}", added.body);
    let medication = house.network.id(&medicine("amoxicillin")).await.to_string();
    let key = Uuid::new_v4().to_string();
    let days = days(&mut house.network).await;
    let mut typed = prescription(&key, &medication, &days);
    let warned = carer.post(&path, &typed).await;
    assert_eq!(warned.status, StatusCode::UNPROCESSABLE_ENTITY);
    for shown in ["<h2>Warnings</h2>", "<b>High</b>", "The patient is allergic to this", "aria-invalid", "breakfast"] {
        assert!(warned.body.contains(shown), "{shown}: {}", warned.body);
    }
    assert_eq!(house.network.one("SELECT count(*)::text FROM care.prescription").await, "0");
    typed.push(("override_reason", "Tolerated twice"));
    let sent = carer.post(&path, &typed).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.body);
    let listed = carer.get(&path.replace("/prescribe", "")).await.body;
    assert!(listed.contains("Warning overridden: Tolerated twice"), "{listed}");
    let found = carer.post(&path, &[("find", "on"), ("begins", "AMOX")]).await.body;
    let nothing = carer.post(&path, &[("find", "on"), ("begins", "zz")]).await.body;
    assert!(found.contains("Amoxicillin 500 mg (") && !nothing.contains("Amoxicillin 500 mg ("), "{nothing}");
}

#[tokio::test]
async fn a_search_keeps_what_was_typed_and_a_refusal_the_medicine_that_was_found() {
    let (mut house, carer, path) = cared_for().await;
    let path = path.replace("problems", "medications/prescribe");
    // More than are offered at once stand before it.
    house
        .network
        .run(
            "INSERT INTO care.medication (code_system, code, name, ingredient, form, strength, strength_unit)
             SELECT 'rxnorm', (90000 + n)::text, 'Aaa ' || n, 'aaa' || n, 'tablet', 0.0125, 'mg' FROM generate_series(1, 250) AS n",
        )
        .await;
    let medication = house.network.id(&medicine("metformin")).await.to_string();
    let first = carer.get(&path).await.body;
    assert!(!first.contains(&medication) && first.contains("(tablet, 0.0125 mg)"), "{first}");
    let (key, days) = (Uuid::new_v4().to_string(), days(&mut house.network).await);
    let mut typed = prescription(&key, "", &days);
    typed.extend([("find", "on"), ("begins", "metf")]);
    let found = carer.post(&path, &typed).await;
    assert_eq!(found.status, StatusCode::OK);
    for kept in [medication.as_str(), "with breakfast", "value=\"60\"", "name=\"sought\" value=\"metf\""] {
        assert!(found.body.contains(kept), "{kept}: {}", found.body);
    }
    let chosen = format!("value=\"{medication}\" selected=\"selected\"");
    let mut typed = prescription(&key, &medication, &days);
    typed.retain(|(name, _)| *name != "quantity");
    typed.extend([("quantity", "NaN"), ("sought", "metf"), ("begins", "metf")]);
    let refused = carer.post(&path, &typed).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains(&chosen) && refused.body.contains("Write a number."), "{}", refused.body);
    typed.extend([("find", "on")]);
    typed.retain(|(name, _)| *name != "begins");
    typed.push(("begins", "aaa"));
    let other = carer.post(&path, &typed).await.body;
    assert!(other.contains(&chosen) && other.contains("Aaa 1 "), "what was chosen stays: {other}");
}

#[tokio::test]
async fn what_is_no_number_is_told_at_its_field_and_hours_are_told_as_people_say_them() {
    let (mut house, carer, path) = cared_for().await;
    let path = path.replace("problems", "medications/prescribe");
    let medication = house.network.id(&medicine("metformin")).await.to_string();
    let (key, days) = (Uuid::new_v4().to_string(), days(&mut house.network).await);
    let with = |changed: &[(&'static str, &'static str)]| {
        let mut typed = prescription(&key, &medication, &days);
        typed.retain(|(name, _)| !changed.iter().any(|(other, _)| other == name));
        typed.extend(changed.iter().copied());
        typed
    };
    for field in ["per_amount", "dose_quantity", "quantity"] {
        let refused = carer.post(&path, &with(&[(field, "NaN")])).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{field}: {}", refused.body);
        let told = format!("id=\"prescribe-{field}-told\"><b class=\"grave\">Write a number.</b>");
        assert!(refused.body.contains(&told), "{told}: {}", refused.body);
    }
    let often = [("times", "1"), ("per_amount", "12"), ("per_unit", "hour"), ("dose_quantity", "2")];
    assert_eq!(carer.post(&path, &with(&often)).await.status, StatusCode::SEE_OTHER);
    let listed = carer.get(&path.replace("/prescribe", "")).await.body;
    assert!(listed.contains("2 tablets, oral, every 12 hours"), "{listed}");
}

#[tokio::test]
async fn an_allergy_that_was_refuted_leaves_the_banner_and_stays_in_sight() {
    let (mut house, carer, path) = cared_for().await;
    let path = path.replace("problems", "allergies");
    let allergy = [
        ("substance", "Peanut"),
        ("category", "food"),
        ("criticality", "high"),
        ("verification_status", "unconfirmed"),
    ];
    carer.post(&path, &allergy).await;
    let twice = carer.post(&path, &allergy).await;
    let told = "id=\"add-substance-told\"><b class=\"grave\">This stands in the record already";
    assert!(twice.status == StatusCode::UNPROCESSABLE_ENTITY && twice.body.contains(told), "{}", twice.body);
    let key = house.network.one("SELECT allergy_id::text FROM care.allergy").await;
    let one = format!("{path}/{key}");
    let typed = |version: &'static str| {
        [
            ("version", version),
            ("criticality", "low"),
            ("clinical_status", "inactive"),
            ("verification_status", "refuted"),
        ]
    };
    assert_eq!(carer.post(&one, &typed("1")).await.status, StatusCode::SEE_OTHER);
    let second = carer.post(&one, &typed("1")).await;
    assert!(second.body.contains("Somebody has changed this"), "{}", second.body);
    let listed = carer.get(&path).await.body;
    assert!(listed.contains("No allergies recorded") && listed.contains("inactive, refuted"), "{listed}");
}
