//! Messages: begun, answered, read, taken back and closed; what is wrong comes back, and nobody reads another's.

use axum::http::StatusCode;

use crate::own_journal::house;

const FIRST: [(&str, &str); 4] =
    [("with", "all"), ("category", "medication"), ("subject", "Tablets <b>"), ("body", "May I take\nboth?")];

#[tokio::test]
async fn a_patient_writes_to_who_cares_and_a_form_sent_twice_is_one_message() {
    let (mut house, own, stranger, (_, provider)) = house().await;
    let empty = own.get("/me/messages").await;
    assert!(empty.body.contains("You have written to nobody yet"), "{}", empty.body);
    assert!(stranger.get("/me/messages").await.body.contains("Nobody cares for you at this time"));
    let mut wrong = FIRST.to_vec();
    wrong.retain(|(name, _)| *name != "body");
    let wrong = own.post("/me/messages", &wrong).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.body.contains("Tablets &#60;b&#62;") && wrong.body.contains("Fill this in."), "{}", wrong.body);
    let sent = own.post("/me/messages", &FIRST).await;
    let again = own.post("/me/messages", &FIRST).await;
    assert_eq!((sent.status, sent.location()), (StatusCode::SEE_OTHER, again.location()));
    assert_eq!(house.network.one("SELECT count(*)::text FROM care.message_thread").await, "1");
    let mut other = FIRST;
    other[3].1 = "And may I drive?";
    let second = own.post("/me/messages", &other).await;
    assert_ne!(second.location(), sent.location(), "other words are another message, even of the same subject");
    assert!(own.get(second.location()).await.body.contains("And may I drive?"));
    let thread = sent.location().split('?').next().unwrap().to_owned();
    let shown = own.get(sent.location()).await;
    for part in ["Sent.", "Tablets &#60;b&#62;", "May I take\nboth?", "Your care team"] {
        assert!(shown.body.contains(part), "{part}: {}", shown.body);
    }
    for path in [thread.clone(), format!("/me/messages?after={}", thread.rsplit('/').next().unwrap())] {
        assert_eq!(stranger.get(&path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    for (path, form) in [(thread.clone(), ("body", "x")), (format!("{thread}/close"), ("x", "y"))] {
        assert_eq!(stranger.post(&path, &[form]).await.status, StatusCode::NOT_FOUND, "{path}");
    }

    let account = house.network.account("provider", Some(provider)).await;
    house
        .network
        .run(&format!(
            "INSERT INTO care.message (patient_id, message_thread_id, sender_account_id, body)
             SELECT patient_id, message_thread_id, '{account}', 'Yes, with water.' FROM care.message WHERE body ~ 'both'"
        ))
        .await;
    assert!(own.get("/me/messages").await.body.contains("1 new"));
    assert!(own.get(&thread).await.body.contains("Yes, with water."));
    assert!(!own.get("/me/messages").await.body.contains("1 new"), "what was shown is read");

    for _ in 0..2 {
        assert_eq!(own.post(&thread, &[("body", "Thank you")]).await.location(), format!("{thread}?done=sent"));
    }
    let mine = "SELECT count(*)::text FROM care.message WHERE body = 'Thank you'";
    assert_eq!(house.network.one(mine).await, "1");
    let key = house.network.one("SELECT message_id::text FROM care.message WHERE body = 'Thank you'").await;
    let theirs = house.network.one("SELECT message_id::text FROM care.message WHERE body ~ 'water'").await;
    let retract = format!("{thread}/retract");
    let silent = own.post(&retract, &[("message", &key), ("reason", " ")]).await;
    assert!(silent.status == StatusCode::UNPROCESSABLE_ENTITY && silent.body.contains("Say why"), "{}", silent.body);
    let other = own.post(&retract, &[("message", &theirs), ("reason", "x")]).await;
    assert!(!other.status.is_success() && !other.status.is_redirection(), "{}", other.status);
    assert_eq!(stranger.post(&retract, &[("message", &key), ("reason", "x")]).await.status, StatusCode::NOT_FOUND);
    for _ in 0..2 {
        let taken = own.post(&retract, &[("message", &key), ("reason", "Wrong thread")]).await;
        assert_eq!(taken.location(), format!("{thread}?done=removed"));
    }
    let shown = own.get(&thread).await;
    assert!(shown.body.contains("Taken back: Wrong thread") && !shown.body.contains("Thank you"), "{}", shown.body);

    let close = format!("{thread}/close");
    for _ in 0..2 {
        assert_eq!(own.post(&close, &[]).await.location(), "/me/messages?done=ended");
    }
    assert!(!own.get(&thread).await.body.contains("<textarea"));
    assert_eq!(own.post(&thread, &[("body", "More")]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
}
