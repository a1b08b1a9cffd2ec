//! Questionnaires: answers that fit, and scores with all that they were counted from.

use uuid::Uuid;

use super::network::Network;

/// Begins PHQ-9 or another of the published ones.
async fn begin(network: &mut Network, patient: Uuid, name: &str) -> Uuid {
    network
        .id(&format!(
            "INSERT INTO care.questionnaire_response (patient_id, questionnaire_id)
             SELECT '{patient}', questionnaire_id FROM care.questionnaire WHERE name = '{name}' AND edition = 1
             RETURNING questionnaire_response_id"
        ))
        .await
}

fn answer(patient: Uuid, response: Uuid, link: &str, value: &str) -> String {
    format!(
        "INSERT INTO care.answer (patient_id, questionnaire_response_id, link_id, value_number)
         VALUES ('{patient}', '{response}', '{link}', {value})"
    )
}

const COMPLETE: &str = "UPDATE care.questionnaire_response SET status = 'completed', completed_at = now()
                        WHERE status = 'in_progress'";

/// The score of these answers, of which the first is the first question's.
async fn score(name: &str, answers: &[u8]) -> String {
    let mut network = Network::new().await;
    let patient = network.patient().await;
    let response = begin(&mut network, patient, name).await;
    for (nth, value) in answers.iter().enumerate() {
        network.run(&answer(patient, response, &format!("{name}_{}", nth + 1), &value.to_string())).await;
    }
    network.run(COMPLETE).await;
    network
        .one(
            "SELECT coalesce(trim_scale(value)::text || ' ' || band, 'incomplete') || coalesce(' look at ' ||
                     nullif(array_to_string(look_at, ','), ''), '') || coalesce(' without ' ||
                     nullif(array_to_string(missing, ','), ''), '') FROM care.score",
        )
        .await
}

#[tokio::test]
async fn a_score_is_the_published_one_at_the_edges_of_its_bands() {
    for (answers, told) in [
        ([0, 0, 0, 0, 0, 0, 0, 0, 0], "0 minimal"),
        ([1, 1, 1, 1, 0, 0, 0, 0, 0], "4 minimal"),
        ([1, 1, 1, 1, 1, 0, 0, 0, 0], "5 mild"),
        ([3, 3, 3, 0, 0, 0, 0, 0, 0], "9 mild"),
        ([3, 3, 3, 1, 0, 0, 0, 0, 0], "10 moderate"),
        ([3, 3, 3, 3, 3, 0, 0, 0, 0], "15 moderately severe"),
        ([3, 3, 3, 3, 3, 3, 1, 0, 1], "20 severe look at phq9_9"),
        ([3, 3, 3, 3, 3, 3, 3, 3, 3], "27 severe look at phq9_9"),
    ] {
        assert_eq!(score("phq9", &answers).await, told);
    }
    assert_eq!(score("gad7", &[3, 3, 3, 3, 3, 0, 0]).await, "15 severe");
}

#[tokio::test]
async fn a_score_with_anything_missing_has_no_value() {
    assert_eq!(score("phq9", &[3, 3, 3, 3, 3, 3, 3, 3]).await, "incomplete without phq9_9");
}

#[tokio::test]
async fn an_answer_fits_its_question_and_is_given_once() {
    let mut network = Network::new().await;
    let (patient, other) = (network.patient().await, network.patient().await);
    let response = begin(&mut network, patient, "phq9").await;
    for (link, value) in [("phq9_1", "4"), ("phq9_1", "1.5"), ("phq9_10", "1"), ("gad7_1", "1")] {
        assert_eq!(network.refusal(&answer(patient, response, link, value)).await, "answer_fits_its_question");
    }
    assert_eq!(network.refusal(&answer(patient, response, "phq9_1", "NULL")).await, "answer_fits_its_question");
    assert_eq!(network.refusal(&answer(other, response, "phq9_1", "1")).await, "answer_response_fkey");
    network.run(&answer(patient, response, "phq9_1", "1")).await;
    assert_eq!(network.refusal(&answer(patient, response, "phq9_1", "2")).await, "answer_is_given_once");
}

#[tokio::test]
async fn complete_answers_and_their_score_stay_as_they_are() {
    let mut network = Network::new().await;
    let patient = network.patient().await;
    let response = begin(&mut network, patient, "gad7").await;
    network.run(&answer(patient, response, "gad7_1", "1")).await;
    network.run("UPDATE care.answer SET value_number = 2").await;
    network.run(COMPLETE).await;
    let late = network.refusal("UPDATE care.answer SET value_number = 3").await;
    assert_eq!(late, "answer_that_is_complete_is_not_altered");
    let more = network.refusal(&answer(patient, response, "gad7_2", "1")).await;
    assert_eq!(more, "answer_that_is_complete_is_not_altered");
    let reopened = "UPDATE care.questionnaire_response SET status = 'in_progress', completed_at = NULL";
    assert_eq!(network.refusal(reopened).await, "response_that_is_complete_is_not_altered");
    assert_eq!(network.refusal("UPDATE care.score SET band = 'mild'").await, "score_is_never_altered");
    assert_eq!(network.refusal("UPDATE care.questionnaire SET title = 'x'").await, "questionnaire_is_never_altered");
}

#[tokio::test]
async fn a_questionnaire_is_checked_when_it_is_published() {
    let mut network = Network::new().await;
    let publish = |items: &str, scoring: &str| {
        format!(
            "INSERT INTO care.questionnaire (name, edition, title, citation, items, scoring)
             VALUES ('own', 1, 'Own', 'Nobody', '{items}', {scoring})"
        )
    };
    let choice = r#"{"link_id": "a", "text": "A?", "type": "choice", "required": true,
                     "options": [{"value": 0, "label": "no"}, {"value": 1, "label": "yes"}]}"#;
    let word = r#"{"link_id": "b", "text": "B?", "type": "text", "required": false}"#;
    for items in [
        "[]".to_owned(),
        "{}".to_owned(),
        format!("[{choice}, {choice}]"),
        r#"[{"link_id": "a", "text": "A?", "type": "choice", "required": true}]"#.to_owned(),
        r#"[{"link_id": "a", "text": "", "type": "text", "required": true}]"#.to_owned(),
        r#"[{"link_id": "a", "text": "A?", "type": "dream", "required": true}]"#.to_owned(),
        r#"[{"link_id": "a", "text": "A?", "type": "text"}]"#.to_owned(),
        "[1]".to_owned(),
    ] {
        assert_eq!(network.refusal(&publish(&items, "NULL")).await, "questionnaire_items_are_questions", "{items}");
    }
    let items = format!("[{choice}, {word}]");
    let scoring = |item: &str, bands: &str| {
        format!(r#"'{{"algorithm": "sum", "version": "1", "items": ["{item}"], "look_at": [], "bands": {bands}}}'"#)
    };
    let good = r#"[{"from": 0, "to": 0, "label": "none"}, {"from": 1, "to": 1, "label": "some"}]"#;
    let gap = r#"[{"from": 0, "to": 0, "label": "none"}, {"from": 2, "to": 3, "label": "some"}]"#;
    for wrong in [scoring("b", good), scoring("c", good), scoring("a", gap), scoring("a", "[]"), "'{}'".to_owned()] {
        assert_eq!(
            network.refusal(&publish(&items, &wrong)).await,
            "questionnaire_scoring_counts_its_items",
            "{wrong}"
        );
    }
    network.run(&publish(&items, &scoring("a", good))).await;
    let patient = network.patient().await;
    begin(&mut network, patient, "own").await;
    assert_eq!(network.refusal(COMPLETE).await, "response_answers_what_is_required");
}

#[tokio::test]
async fn a_patient_answers_and_is_scored_but_writes_no_score() {
    let mut network = Network::new().await;
    let patient = network.patient().await;
    let account = network
        .id(&format!(
            "INSERT INTO access.account (part, login, patient_id) VALUES ('patient', 'ada@example.org', '{patient}')
             RETURNING account_id"
        ))
        .await;
    network.run(&format!("SET ROLE healthtrack_care; SET healthtrack.actor = '{account}'")).await;
    let response = begin(&mut network, patient, "gad7").await;
    for nth in 1..=7 {
        network.run(&answer(patient, response, &format!("gad7_{nth}"), "1")).await;
    }
    network.run(COMPLETE).await;
    assert_eq!(network.rows("SELECT trim_scale(value) || ' ' || band FROM care.score").await, ["7 mild"]);
    let forged = "INSERT INTO care.score (patient_id, value, name, inputs, algorithm, algorithm_version, citation)
                  SELECT patient_id, 0, 'gad7', '{}', 'sum', '1', 'me' FROM care.score";
    assert_eq!(network.refusal(forged).await, "42501");
}
