//! Predictions and advice: models approved before they predict, what they said kept, and advice that its patient answers.

use uuid::Uuid;

use super::ward::{By, Ward};

const MODEL: &str = "INSERT INTO care.prediction_model (name, model_version, intended_use, inputs, predicts, unit, population, performance)
    VALUES ('readmission_30_day', '1.0', 'To plan follow-up', '{age,stays}', 'Probability of coming back', '1', 'Adults',
            '{\"auroc\": 0.71}') RETURNING prediction_model_id";

/// A prediction by a model, of the patient.
fn say(model: Uuid) -> String {
    format!(
        "INSERT INTO care.prediction (patient_id, prediction_model_id, horizon_at, output, inputs_sha256)
         VALUES ('{{p}}', '{model}', now() + INTERVAL '30 days', 0.3, sha256('x')) RETURNING prediction_id"
    )
}

#[tokio::test]
async fn a_model_predicts_once_it_is_approved_and_until_it_is_retired() {
    let mut ward = Ward::open().await;
    let model = ward.network.id(MODEL).await;
    let predict = ward.put(&say(model));
    assert_eq!(ward.network.refusal(&predict).await, "prediction_is_by_an_approved_model");
    let approve =
        ward.put("UPDATE care.prediction_model SET approved_by = '{a}', approved_at = now() - INTERVAL '1 hour'");
    ward.network.run(&approve).await;
    ward.network.id(&predict).await;
    for statement in [
        "UPDATE care.prediction_model SET intended_use = 'Anything'",
        "UPDATE care.prediction_model SET performance = '{\"auroc\": 0.99}'",
        "UPDATE care.prediction_model SET approved_by = '{s}'",
    ] {
        let statement = ward.put(statement);
        assert_eq!(ward.network.refusal(&statement).await, "prediction_model_keeps_its_words", "{statement}");
    }
    ward.network.run("UPDATE care.prediction_model SET retired_at = now()").await;
    assert_eq!(ward.network.refusal(&predict).await, "prediction_is_by_an_approved_model");
    let again = "UPDATE care.prediction_model SET retired_at = NULL";
    assert_eq!(ward.network.refusal(again).await, "prediction_model_keeps_its_words");
    assert_eq!(ward.gives(By::Stranger, "list_prediction_models()").await.len(), 1, "what a model is for is no secret");
}

#[tokio::test]
async fn what_was_predicted_stays_and_its_outcome_is_told_once() {
    let mut ward = Ward::open().await;
    let model = ward.network.id(MODEL).await;
    let approve =
        ward.put("UPDATE care.prediction_model SET approved_by = '{a}', approved_at = now() - INTERVAL '1 hour'");
    ward.network.run(&approve).await;
    let predict = ward.put(&say(model));
    ward.network.id(&predict).await;
    for statement in
        ["UPDATE care.prediction SET output = 0.9", "UPDATE care.prediction SET inputs_sha256 = sha256('y')"]
    {
        assert_eq!(ward.network.refusal(statement).await, "prediction_is_kept", "{statement}");
    }
    let tell = "UPDATE care.prediction SET outcome = 1, outcome_at = now()";
    ward.network.run(tell).await;
    assert_eq!(ward.network.refusal(&tell.replace("= 1", "= 0")).await, "prediction_is_kept");
    for by in [By::Patient, By::Second] {
        let read = ward.reads(by, "predictions", "read_predictions(now() + INTERVAL '1 hour')").await.unwrap();
        assert!(read.len() == 1 && read[0].contains("readmission_30_day"), "{by:?}: {read:?}");
    }
    assert_eq!(ward.reads(By::Stranger, "predictions", "read_predictions(now())").await, None);
    ward.network.run("ALTER TABLE care.prediction DISABLE TRIGGER prediction_is_kept").await;
    ward.network.run("UPDATE care.prediction SET sensitivity = 'behavioural_health'").await;
    let read = ward.reads(By::Second, "predictions", "read_predictions(now() + INTERVAL '1 hour')").await.unwrap();
    assert_eq!(read, [""; 0], "what is of a category is kept apart");
}

fn advise(more: &str) -> String {
    format!(
        "recommend('{{p}}', 'lifestyle', 'Walk', 'Half an hour a day', '{{\"steps\": 2100}}', NULL, NULL, NULL, NULL, {more})"
    )
}

#[tokio::test]
async fn advice_is_given_by_who_cares_answered_by_its_patient_and_keeps_its_words() {
    let mut ward = Ward::open().await;
    for by in [By::Patient, By::Other] {
        assert_eq!(ward.refuses(by, &advise("NULL")).await, "recommendation_is_given_by_a_provider", "{by:?}");
    }
    assert_eq!(ward.refuses(By::Stranger, &advise("NULL")).await, "row_is_within_rights");
    let advice = ward.key(By::Author, &advise("NULL")).await;
    let answer = |version: u32, status: &str, words: &str| {
        format!("answer_recommendation('{advice}', {version}, '{status}', {words})")
    };
    assert_eq!(
        ward.refuses(By::Author, &answer(1, "accepted", "NULL")).await,
        "recommendation_is_answered_by_its_patient"
    );
    let made_up = "UPDATE care.recommendation SET status = 'accepted', answered_at = now()";
    assert_eq!(ward.refuses_the_owner_as(By::Author, made_up).await, "recommendation_is_answered_by_its_patient");
    assert_eq!(
        ward.refuses(By::Patient, &answer(1, "withdrawn", "NULL")).await,
        "recommendation_is_answered_by_its_patient"
    );
    assert_eq!(ward.gives(By::Other, &answer(1, "declined", "NULL")).await, [""; 0]);
    assert_eq!(ward.gives(By::Patient, &answer(1, "accepted", "'From Monday on'")).await, ["(t,2)"]);
    assert_eq!(ward.gives(By::Patient, &answer(1, "declined", "NULL")).await, ["(f,2)"]);
    assert_eq!(ward.refuses(By::Patient, &answer(2, "proposed", "NULL")).await, "recommendation_goes_forward");
    assert_eq!(ward.gives(By::Patient, &answer(2, "completed", "NULL")).await, ["(t,3)"]);
    assert_eq!(ward.refuses(By::Patient, &answer(3, "declined", "NULL")).await, "recommendation_that_is_over_stays");
    for statement in
        ["UPDATE care.recommendation SET body = 'Run'", "UPDATE care.recommendation SET evidence = '{\"steps\": 1}'"]
    {
        assert_eq!(ward.network.refusal(statement).await, "recommendation_keeps_its_words", "{statement}");
        assert_eq!(ward.refuses_the_owner_as(By::Patient, statement).await, "recommendation_keeps_its_words");
    }
    let begun = ward.put(
        "INSERT INTO care.recommendation (patient_id, recommended_by, kind, title, body, evidence, status, answered_at)
         VALUES ('{p}', '{a}', 'other', 'x', 'x', '{\"x\": 1}', 'accepted', now())",
    );
    assert_eq!(ward.refuses_the_owner_as(By::Author, &begun).await, "recommendation_begins_as_a_proposal");
    let withdrawn = ward.key(By::Author, &advise("'hiv'")).await;
    let seen = async |ward: &mut Ward, by| {
        ward.reads(by, "recommendations", "read_recommendations()").await.map(|rows| rows.len())
    };
    for (by, rows) in [(By::Patient, Some(2)), (By::Author, Some(2)), (By::Second, Some(1)), (By::Other, None)] {
        assert_eq!(seen(&mut ward, by).await, rows, "{by:?}");
    }
    let back = format!("answer_recommendation('{withdrawn}', 1, 'withdrawn', 'Of somebody else')");
    assert_eq!(ward.gives(By::Second, &back).await, [""; 0], "who does not see it does not take it back");
    assert_eq!(ward.gives(By::Author, &back).await, ["(t,2)"]);
}
