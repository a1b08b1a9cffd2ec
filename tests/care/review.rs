//! Reviews: of one's own completed visits, once, read by all without their authors.

use super::practice::{Practice, hours_ahead};

#[tokio::test]
async fn only_the_patient_of_a_completed_visit_reviews_it_and_once() {
    let mut practice = Practice::new().await;
    let (patient, other) = (practice.patient, practice.network.patient().await);
    let (provider, facility) = (practice.provider, practice.facility);
    let stranger = practice.provider().await;
    let completed = practice.taken_over(patient, &hours_ahead(-48, 30), "completed").await;
    let missed = practice.taken_over(patient, &hours_ahead(-72, 30), "no_show").await;
    let review = |visit, author, provider, stars: &str, body: &str| {
        format!(
            "INSERT INTO care.review (appointment_id, patient_id, provider_id, facility_id, provider_stars, facility_stars, body)
             VALUES ('{visit}', '{author}', '{provider}', '{facility}', {stars}, {body})"
        )
    };
    for (bad, rule) in [
        (review(missed, patient, provider, "5, 5", "NULL"), "review_is_of_a_completed_visit"),
        (review(completed, other, provider, "5, NULL", "NULL"), "review_is_of_ones_own_visit"),
        (review(completed, patient, stranger, "NULL, 5", "NULL"), "review_names_the_visits_provider_and_facility"),
        (review(completed, patient, provider, "0, 5", "NULL"), "review_has_one_to_five_stars"),
        (review(completed, patient, provider, "NULL, 6", "NULL"), "review_has_one_to_five_stars"),
        (review(completed, patient, provider, "NULL, NULL", "'Kind'"), "review_rates_something"),
        (review(completed, patient, provider, "5, 5", "repeat('x', 4001)"), "review_is_short"),
        (review(completed, patient, provider, "5, 5", "''"), "review_is_short"),
    ] {
        assert_eq!(practice.network.refusal(&bad).await, rule, "{bad}");
    }
    practice.network.run(&review(completed, patient, provider, "4, NULL", "'Kind'")).await;
    assert_eq!(
        practice.network.refusal(&review(completed, patient, provider, "1, 1", "NULL")).await,
        "review_is_one_of_each_visit"
    );
    assert_eq!(
        practice.network.refusal("UPDATE care.review SET state = 'hidden'").await,
        "review_is_hidden_for_a_reason"
    );
    assert_eq!(practice.network.refusal("UPDATE care.review SET state = 'x'").await, "review_state_is_known");
}

#[tokio::test]
async fn a_review_is_read_by_all_once_a_moderator_has_read_it_and_never_with_its_author() {
    let mut practice = Practice::new().await;
    let patient = practice.patient;
    let visit = practice.taken_over(patient, &hours_ahead(-48, 30), "completed").await;
    let author = practice.account("patient", Some(patient)).await;
    let reader = practice.member("regular").await;
    let reader = practice.account("patient", Some(reader)).await;
    let moderator = practice.account("moderator", None).await;
    practice.portal(author, &format!("SELECT care.review_visit('{visit}', 5, 3, 'Kind')")).await;
    let stranger = format!("SELECT care.review_visit('{visit}', 1, 1)");
    assert_eq!(practice.portal_refusal(reader, &stranger).await, "appointment_is_known");

    let read = "SELECT concat_ws(' ', state, provider_stars, facility_stars, body) FROM care.review";
    assert_eq!(practice.portal_rows(author, read).await, ["pending 5 3 Kind"]);
    assert_eq!(practice.portal_rows(reader, read).await, [""; 0]);
    assert_eq!(practice.portal_rows(moderator, read).await, ["pending 5 3 Kind"]);
    for column in ["patient_id", "appointment_id", "updated_by"] {
        for account in [reader, moderator, author] {
            let leak = format!("SELECT {column} FROM care.review");
            assert_eq!(practice.portal_refusal(account, &leak).await, "42501", "{column}");
        }
    }
    let review = practice.network.id("SELECT review_id FROM care.review").await;
    let publish = |version: i32| format!("SELECT care.moderate_review('{review}', {version}, 'published')");
    assert_eq!(practice.portal_refusal(author, &publish(1)).await, "review_is_moderated_by_moderators");
    let own = "UPDATE care.review SET state = 'published'";
    assert_eq!(practice.portal_refusal(author, own).await, "42501");
    practice.portal(author, "UPDATE care.review SET facility_stars = 4").await;
    assert_eq!(practice.portal_refusal(moderator, &publish(1)).await, "review_is_moderated_as_it_was_read");
    practice.portal(moderator, &publish(2)).await;
    assert_eq!(practice.portal_rows(reader, read).await, ["published 5 4 Kind"]);

    let rating = "SELECT reviews || ' ' || stars FROM care.facility_rating";
    assert_eq!(practice.portal_rows(reader, rating).await, ["1 4.00"]);
    practice.portal(author, "UPDATE care.review SET body = 'Rude'").await;
    assert_eq!(practice.portal_rows(reader, rating).await, [""; 0], "what is changed is read again first");
    practice.portal(moderator, &format!("SELECT care.moderate_review('{review}', 4, 'hidden', 'Names a nurse')")).await;
    assert_eq!(practice.portal_rows(reader, read).await, [""; 0]);
    assert_eq!(practice.portal_rows(author, read).await, ["hidden 5 4 Rude"]);
    let undo = format!("UPDATE care.appointment SET status = 'cancelled' WHERE appointment_id = '{visit}'");
    assert_eq!(practice.network.refusal(&undo).await, "appointment_transition_is_allowed");
}

#[tokio::test]
async fn a_rating_is_the_mean_of_what_is_published() {
    let mut practice = Practice::new().await;
    let second = practice.provider().await;
    for (at, stars, state) in [
        (1, "5, 1", "published"),
        (2, "4, NULL", "published"),
        (3, "4, 2", "published"),
        (4, "1, 5", "pending"),
        (5, "2, 5", "published"),
        (6, "NULL, 5", "published"),
    ] {
        let patient = practice.network.patient().await;
        if at >= 5 {
            practice.provider = second;
        }
        let visit = practice.taken_over(patient, &hours_ahead(-48 - at, 30), "completed").await;
        practice.network.run(&format!("SELECT care.review_visit('{visit}', {stars})")).await;
        practice
            .network
            .run(&format!("UPDATE care.review SET state = '{state}' WHERE appointment_id = '{visit}'"))
            .await;
    }
    let ratings = "SELECT reviews || ' ' || stars FROM care.provider_rating ORDER BY reviews";
    assert_eq!(practice.network.rows(ratings).await, ["1 2.00", "3 4.33"]);
    assert_eq!(practice.network.one("SELECT reviews || ' ' || stars FROM care.facility_rating").await, "4 3.25");
}
