//! A provider's day: the worklist, a record opened in an emergency, goals, and the page before a visit.

use axum::http::StatusCode;

use crate::cells::chart::{days, duties, medicine, prescription};
use crate::house::House;
use crate::problems::cared_for;

#[tokio::test]
async fn a_provider_begins_at_the_worklist_and_takes_ends_and_answers_what_waits() {
    let (mut house, carer, _) = cared_for().await;
    let patient = house.network.id("SELECT patient_id FROM care.patient").await;
    let empty = carer.get("/worklist").await.body;
    for none in ["No alert of a patient", "You have no visits today.", "Nothing waits for you."] {
        assert!(empty.contains(none), "{none}: {empty}");
    }
    house.network.run(&duties(patient)).await;
    let facility = house.network.facility("IL", "clinic").await;
    house
        .network
        .run(&format!(
            "INSERT INTO care.appointment (patient_id, provider_id, facility_id, during, status)
             SELECT '{patient}', provider_id, '{facility}', tstzrange(now(), now() + INTERVAL '30 minutes'), 'booked' FROM care.provider"
        ))
        .await;
    let list = carer.get("/worklist").await.body;
    for shown in ["Ruiz, Ana</a></b> Fast heart", "133 per min", "Urgent", "Booked", "Take: Call"] {
        assert!(list.contains(shown), "{shown}: {list}");
    }
    let task = house.network.one("SELECT task_id::text FROM care.task").await;
    let path = format!("/worklist/tasks/{task}");
    let taken = carer.post(&path, &[("act", "take"), ("version", "1")]).await;
    assert_eq!(taken.location(), "/worklist?done=saved", "{}", taken.body);
    let twice = carer.post(&path, &[("act", "take"), ("version", "1")]).await;
    assert_eq!(twice.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", twice.body);
    let version = house.network.one("SELECT version::text FROM care.task").await;
    let silent = carer.post(&path, &[("act", "end"), ("version", &version), ("status", "completed")]).await;
    assert!(
        silent.body.contains("Say what came of the task") && silent.body.contains("aria-invalid"),
        "{}",
        silent.body
    );
    let end = [("act", "end"), ("version", version.as_str()), ("status", "completed"), ("outcome", "Reached her")];
    assert_eq!(carer.post(&path, &end).await.location(), "/worklist?done=ended");
    let alert = house.network.one("SELECT alert_id::text FROM care.alert").await;
    let path = format!("/worklist/alerts/{alert}");
    let silent = carer.post(&path, &[("version", "1"), ("answer", "dismissed")]).await;
    assert!(
        silent.status == StatusCode::UNPROCESSABLE_ENTITY && silent.body.contains("aria-invalid"),
        "{}",
        silent.body
    );
    let seen = carer.post(&path, &[("version", "1"), ("answer", "acknowledged")]).await;
    assert_eq!(seen.location(), "/worklist?done=saved", "{}", seen.body);
    house
        .network
        .run(&format!(
            "INSERT INTO care.task (patient_id, kind, title, priority, pool)
             SELECT '{patient}', 'call_patient', 'Call again ' || n, 'routine', 'care_team' FROM generate_series(1, 101) AS n"
        ))
        .await;
    let many = carer.get("/worklist").await.body;
    assert!(many.matches("Call again").count() >= 100 && many.contains("More tasks wait than are shown"), "{many}");
    house.network.run("DELETE FROM care.task WHERE title LIKE 'Call again%'").await;
    let record = carer.get(&format!("/patients/{patient}")).await.body;
    assert!(record.contains("Needs attention") && record.contains("Acknowledged"), "{record}");
    let version = house.network.one("SELECT version::text FROM care.alert").await;
    let resolved = carer.post(&path, &[("version", &version), ("answer", "resolved")]).await;
    assert_eq!(resolved.location(), "/worklist?done=saved", "{}", resolved.body);
    let list = carer.get("/worklist").await.body;
    assert!(list.contains("No alert of a patient") && list.contains("Nothing waits for you."), "{list}");
    assert_eq!(carer.get(&path).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn duties_of_others_are_not_there() {
    let (mut house, _carer, _) = cared_for().await;
    let patient = house.network.id("SELECT patient_id FROM care.patient").await;
    house.network.run(&duties(patient)).await;
    let stranger = house.network.provider().await;
    let account = house.network.account("provider", Some(stranger)).await;
    let stranger = house.signed_in(account).await;
    let task = house.network.one("SELECT task_id::text FROM care.task").await;
    let alert = house.network.one("SELECT alert_id::text FROM care.alert").await;
    for (path, form) in [
        (format!("/worklist/tasks/{task}"), vec![("act", "take"), ("version", "1")]),
        (format!("/worklist/alerts/{alert}"), vec![("version", "1"), ("answer", "resolved")]),
    ] {
        assert_eq!(stranger.get(&path).await.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(stranger.post(&path, &form).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(house.network.one("SELECT status FROM care.alert").await, "open");
}

#[tokio::test]
async fn a_record_is_opened_in_an_emergency_with_a_reason_and_the_patient_reads_who_did() {
    let mut house = House::new().await;
    let (patient, provider) = (house.named_patient("Ruiz", "Ana").await, house.network.provider().await);
    let account = house.network.account("provider", Some(provider)).await;
    let carer = house.signed_in(account).await;
    let record = format!("/patients/{patient}");
    assert_eq!(carer.get(&record).await.status, StatusCode::NOT_FOUND);
    let key = patient.to_string();
    // Who lies there is found by name, which is an event of that patient.
    let nobody = carer.post("/patients/open", &[("do", "find"), ("family", ""), ("born_on", "1980-13")]).await;
    assert_eq!(nobody.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(nobody.body.contains("value=\"1980-13\""), "{}", nobody.body);
    let found = carer
        .post("/patients/open", &[("do", "find"), ("family", "Ruiz"), ("given", "Ana"), ("born_on", "1980-05-17")])
        .await;
    let field = |name: &str| {
        let rest =
            found.body.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap_or_else(|| panic!("{}", found.body));
        rest.split('"').next().unwrap().to_owned()
    };
    let (proposal, line) = (field("proposal"), field("match"));
    let chosen = carer.post("/patients/open", &[("do", "choose"), ("proposal", &proposal), ("match", &line)]).await;
    assert!(chosen.body.contains(&format!("value=\"{key}\"")), "{}", chosen.body);
    assert_eq!(carer.get(&record).await.status, StatusCode::NOT_FOUND, "finding opens nothing");
    let silent = carer.post("/patients/open", &[("patient", &key), ("reason", "now")]).await;
    assert_eq!(silent.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(silent.body.contains("Say in a sentence why") && silent.body.contains(&key), "{}", silent.body);
    let wrong = carer.post("/patients/open", &[("patient", "Ruiz"), ("reason", "Found unconscious")]).await;
    assert!(wrong.body.contains("This is no record ID"), "{}", wrong.body);
    let form = [("patient", key.as_str()), ("reason", "Found unconscious in the street")];
    let opened = carer.post("/patients/open", &form).await;
    assert_eq!(opened.location(), record, "{}", opened.body);
    assert!(carer.get(&record).await.body.contains("Ruiz, Ana"));
    assert_eq!(carer.post("/patients/open", &form).await.status, StatusCode::UNPROCESSABLE_ENTITY, "it stands open");
    let own = house.network.account("patient", Some(patient)).await;
    let log = house.signed_in(own).await.get("/me/access").await.body;
    assert!(log.contains("Ada Okafor") && log.to_lowercase().contains("emergency"), "{log}");
}

#[tokio::test]
async fn a_goal_is_set_once_and_the_page_before_a_visit_holds_what_is_to_be_known() {
    let (mut house, carer, path) = cared_for().await;
    let path = path.replace("problems", "plan");
    let days = days(&mut house.network).await;
    let goal = [
        ("title", "Walk more"),
        ("metric", "step_count"),
        ("measure", "sum"),
        ("comparator", "at_least"),
        ("target", "8000"),
        ("per", "day"),
        ("first_on", days[0].as_str()),
        ("stop_on", days[1].as_str()),
    ];
    let mut wrong = goal.to_vec();
    wrong.push(("unit", "two words"));
    let refused = carer.post(&path, &wrong).await;
    assert!(refused.status == StatusCode::UNPROCESSABLE_ENTITY && refused.body.contains("8000"), "{}", refused.body);
    let set = carer.post(&path, &goal).await;
    assert_eq!(set.location(), format!("{path}?done=saved"), "{}", set.body);
    let twice = carer.post(&path, &goal).await;
    assert!(twice.body.contains("A goal of this title is pursued already."), "{}", twice.body);
    let shown = carer.get(&path).await.body;
    assert!(shown.contains("<b>Walk more</b> at least 8,000 steps each day"), "{shown}");
    let medication = house.network.id(&medicine("metformin")).await.to_string();
    let key = uuid::Uuid::new_v4().to_string();
    let prescribe = path.replace("plan", "medications/prescribe");
    carer.post(&prescribe, &prescription(&key, &medication, &days)).await;
    let page = carer.get(&path.replace("plan", "summary")).await.body;
    for known in ["Metformin 500 mg", "1 tablet, oral, 2 times a day", "Walk more", "As of"] {
        assert!(page.contains(known), "{known}: {page}");
    }
}
