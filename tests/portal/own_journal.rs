//! The journal: written under a key of the patient's own, read by nobody else, shared with one provider and taken back.

use axum::http::StatusCode;
use uuid::Uuid;

use crate::house::{Browser, House, KEYS};

/// A house that has a key, a patient whom a provider cares for, and another patient.
pub(crate) async fn house() -> (House, Browser, Browser, (Uuid, Uuid)) {
    let mut house = House::at("http://127.0.0.1:8080", &[KEYS]).await;
    let (own, other) = (house.named_patient("Ruiz", "Ana").await, house.named_patient("Nakamura", "Kenji").await);
    let provider = house.network.provider().await;
    house.network.put_in_care(own, provider).await;
    let (account, stranger) =
        (house.network.account("patient", Some(own)).await, house.network.account("patient", Some(other)).await);
    let (author, stranger) = (house.signed_in(account).await, house.signed_in(stranger).await);
    (house, author, stranger, (own, provider))
}

/// The value of a hidden field of a form.
pub(crate) fn hidden(body: &str, name: &str) -> String {
    let rest = body.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap_or_else(|| panic!("{name}: {body}"));
    rest.split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn an_entry_is_sealed_read_by_its_author_and_kept_once_however_often_it_is_sent() {
    let (mut house, author, stranger, _) = house().await;
    let empty = author.get("/me/journal").await;
    assert!(empty.body.contains("You have written nothing yet."), "{}", empty.body);
    let key = hidden(&empty.body, "entry");
    let refused = author.post("/me/journal", &[("entry", &key), ("words", " "), ("mood", "4")]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains("Fill this in.") && hidden(&refused.body, "entry") == key, "{}", refused.body);
    let long = "a".repeat(10_001);
    let refused = author.post("/me/journal", &[("entry", &key), ("words", &long)]).await;
    assert!(refused.body.contains("10,000 characters at most") && refused.body.contains(&long));
    let form = [("entry", key.as_str()), ("words", "Slept <badly>\nand late"), ("mood", "2")];
    let (once, again) = tokio::join!(author.post("/me/journal", &form), author.post("/me/journal", &form));
    let later = author.post("/me/journal", &form).await;
    for answer in [once, again, later] {
        assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, "/me/journal?done=saved"));
    }
    assert_eq!(house.network.one("SELECT count(*)::text FROM care.journal_entry").await, "1");
    let plain = "SELECT (position('Slept'::bytea IN body) > 0)::text FROM care.journal_entry";
    assert_eq!(house.network.one(plain).await, "false", "the database holds no word");
    let shown = author.get("/me/journal?done=saved").await;
    for part in ["Slept &#60;badly&#62;\nand late", "Low", "Only you", "Saved."] {
        assert!(shown.body.contains(part), "{part}: {}", shown.body);
    }
    assert!(author.get(&format!("/me/journal/{key}")).await.body.contains("Slept"));
    let (nowhere, theirs) = (stranger.get("/nowhere").await, stranger.get(&format!("/me/journal/{key}")).await);
    assert_eq!((theirs.status, theirs.body), (StatusCode::NOT_FOUND, nowhere.body));
    let other = [("entry", key.as_str()), ("words", "Better today"), ("mood", "2")];
    let changed = author.post("/me/journal", &other).await;
    assert_eq!(changed.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(changed.body.contains("Better today") && changed.body.contains("with other words"), "{}", changed.body);
    let next = hidden(&changed.body, "entry");
    assert_ne!(next, key, "the words come back under a key of their own");
    let kept = author.post("/me/journal", &[("entry", &next), ("words", "Better today"), ("mood", "2")]).await;
    assert_eq!(kept.location(), "/me/journal?done=saved");
    let both = author.get("/me/journal").await;
    assert!(both.body.contains("Better today") && both.body.contains("Slept"), "{}", both.body);
    let taken = stranger.post("/me/journal", &form).await;
    assert_eq!(taken.status, StatusCode::UNPROCESSABLE_ENTITY, "a key of somebody else's entry makes none");
    assert!(stranger.get("/me/journal").await.body.contains("You have written nothing yet."));
}

#[tokio::test]
async fn an_entry_is_shared_with_who_cares_and_taken_back() {
    let (mut house, author, stranger, (_, provider)) = house().await;
    let key = hidden(&author.get("/me/journal").await.body, "entry");
    author.post("/me/journal", &[("entry", &key), ("words", "Slept well")]).await;
    let (path, provider) = (format!("/me/journal/{key}"), provider.to_string());
    let past = author.post(&path, &[("provider", &provider), ("until", "2020-01-01T10:00")]).await;
    assert_eq!(past.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(past.body.contains("still to come") && past.body.contains("2020-01-01T10:00"), "{}", past.body);
    assert_eq!(stranger.post(&path, &[("provider", &provider)]).await.status, StatusCode::NOT_FOUND);
    let shared = author.post(&path, &[("provider", &provider)]).await;
    assert_eq!(shared.location(), format!("{path}?done=shared"));
    let twice = author.post(&path, &[("provider", &provider)]).await;
    assert_eq!(twice.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", twice.body);
    assert!(author.get(&path).await.body.contains("until you end it"));
    let unshare = format!("{path}/unshare");
    assert_eq!(stranger.post(&unshare, &[("provider", &provider)]).await.status, StatusCode::NOT_FOUND);
    let standing = "SELECT count(*)::text FROM care.journal_share WHERE shared_during @> now()";
    assert_eq!(house.network.one(standing).await, "1");
    for _ in 0..2 {
        assert_eq!(author.post(&unshare, &[("provider", &provider)]).await.location(), format!("{path}?done=ended"));
    }
    assert_eq!(house.network.one(standing).await, "0");
    assert!(author.get(&path).await.body.contains("Only you"));
}

#[tokio::test]
async fn without_a_key_the_journal_says_that_it_is_closed() {
    let mut house = House::new().await;
    let patient = house.network.patient().await;
    let account = house.network.account("patient", Some(patient)).await;
    let author = house.signed_in(account).await;
    let closed = author.get("/me/journal").await;
    assert_eq!(closed.status, StatusCode::OK);
    assert!(closed.body.contains("The journal is closed") && !closed.body.contains("<textarea"), "{}", closed.body);
    let form = [("entry", "00000000-0000-4000-8000-000000000000"), ("words", "x")];
    assert_eq!(author.post("/me/journal", &form).await.status, StatusCode::UNPROCESSABLE_ENTITY);
}
