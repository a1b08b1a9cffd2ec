//! Patients and who cares for them: a message is answered by the provider who sees it and read by its patient, and an
//! entry of a journal is seen by whom it is shared with, as long as it is.

use axum::http::StatusCode;
use uuid::Uuid;

use crate::house::{Browser, House};
use crate::own_journal::{hidden, house};

const QUESTION: [(&str, &str); 4] =
    [("with", "all"), ("category", "medication"), ("subject", "Tablets <b>"), ("body", "May I take\nboth?")];

/// A provider who cares for the patient of a house, and one who does not.
async fn providers(house: &mut House, provider: Uuid) -> (Browser, Browser) {
    let other = house.network.provider().await;
    let carer = house.network.account("provider", Some(provider)).await;
    let other = house.network.account("provider", Some(other)).await;
    (house.signed_in(carer).await, house.signed_in(other).await)
}

#[tokio::test]
async fn a_patient_writes_a_provider_answers_and_the_patient_reads_it() {
    let (mut house, own, stranger, (patient, provider)) = house().await;
    let (carer, other) = providers(&mut house, provider).await;
    let list = format!("/patients/{patient}/messages");
    assert!(carer.get(&list).await.body.contains("Nothing has been written with this patient yet."));
    let sent = own.post("/me/messages", &QUESTION).await;
    let key = sent.location().rsplit('/').next().unwrap().split('?').next().unwrap().to_owned();
    let thread = format!("{list}/{key}");

    let worklist = carer.get("/worklist").await;
    assert!(worklist.body.contains(&format!("href=\"{list}\"")), "the task leads there: {}", worklist.body);
    let task = house.network.one("SELECT task_id::text FROM care.task").await;
    assert!(carer.get(&format!("/worklist/tasks/{task}")).await.body.contains(&list));
    let shown = carer.get(&list).await;
    for part in ["Tablets &#60;b&#62;", "1 new", "Care team", "Medication", &thread] {
        assert!(shown.body.contains(part), "{part}: {}", shown.body);
    }
    let opened = carer.get(&thread).await;
    for part in ["May I take\nboth?", "Ruiz, Ana", "<textarea"] {
        assert!(opened.body.contains(part), "{part}: {}", opened.body);
    }
    assert!(!carer.get(&list).await.body.contains("1 new"), "what was shown is read");

    let empty = carer.post(&thread, &[("body", " ")]).await;
    assert!(empty.status == StatusCode::UNPROCESSABLE_ENTITY && empty.body.contains("Fill this in."), "{}", empty.body);
    for _ in 0..2 {
        let answered = carer.post(&thread, &[("body", "Yes, with <water>.")]).await;
        assert_eq!(answered.location(), format!("{thread}?done=sent"));
    }
    assert_eq!(house.network.one("SELECT count(*)::text FROM care.message").await, "2", "sent twice is one answer");
    assert_eq!(house.network.one("SELECT status FROM care.task").await, "completed");
    assert!(own.get("/me/messages").await.body.contains("1 new"));
    let read = own.get(&format!("/me/messages/{key}")).await;
    assert!(read.body.contains("Yes, with &#60;water&#62;.") && read.body.contains("Ada Okafor"), "{}", read.body);

    let message = house.network.one("SELECT message_id::text FROM care.message WHERE body ~ 'water'").await;
    let theirs = house.network.one("SELECT message_id::text FROM care.message WHERE body ~ 'both'").await;
    let retract = format!("{thread}/retract");
    let silent = carer.post(&retract, &[("message", &message)]).await;
    assert!(silent.status == StatusCode::UNPROCESSABLE_ENTITY && silent.body.contains("Say why"), "{}", silent.body);
    let wrong = carer.post(&retract, &[("message", &theirs), ("reason", "x")]).await;
    assert_eq!(wrong.status, StatusCode::NOT_FOUND, "only one's own");
    for _ in 0..2 {
        let taken = carer.post(&retract, &[("message", &message), ("reason", "Wrong patient")]).await;
        assert_eq!(taken.location(), format!("{thread}?done=removed"));
    }
    let read = own.get(&format!("/me/messages/{key}")).await;
    assert!(read.body.contains("Taken back: Wrong patient") && !read.body.contains("water"), "{}", read.body);

    for path in [&list, &thread] {
        assert_eq!(other.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(stranger.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(other.post(&thread, &[("body", "x")]).await.status, StatusCode::NOT_FOUND);
    assert_eq!(other.post(&list, &QUESTION).await.status, StatusCode::NOT_FOUND);
    own.post(&format!("/me/messages/{key}/close"), &[]).await;
    let closed = carer.get(&thread).await;
    assert!(closed.body.contains("Closed") && !closed.body.contains("<textarea"), "{}", closed.body);
    let late = carer.post(&thread, &[("body", "More")]).await;
    assert_eq!(late.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(late.body.contains("This thread is closed: begin another one."), "{}", late.body);
}

#[tokio::test]
async fn a_provider_begins_a_thread_with_a_patient() {
    let (mut house, own, _, (patient, provider)) = house().await;
    let (carer, _) = providers(&mut house, provider).await;
    let list = format!("/patients/{patient}/messages");
    let key = provider.to_string();
    let form = [("with", key.as_str()), ("category", "result"), ("subject", "Your blood"), ("body", "All is well.")];
    let silent = carer.post(&list, form.get(..3).unwrap()).await;
    assert!(silent.status == StatusCode::UNPROCESSABLE_ENTITY && silent.body.contains("Your blood"), "{}", silent.body);
    let begun = carer.post(&list, &form).await;
    assert!(begun.location().starts_with(&format!("{list}/")) && begun.location().ends_with("?done=sent"));
    assert_eq!(begun.location(), carer.post(&list, &form).await.location(), "sent twice is one thread");
    let shown = own.get("/me/messages").await;
    for part in ["Your blood", "Ada Okafor", "1 new"] {
        assert!(shown.body.contains(part), "{part}: {}", shown.body);
    }
}

#[tokio::test]
async fn a_shared_entry_is_seen_by_whom_it_is_shared_with_until_it_is_taken_back() {
    let (mut house, own, stranger, (patient, provider)) = house().await;
    let (carer, other) = providers(&mut house, provider).await;
    let list = format!("/patients/{patient}/journal");
    let mut keys = Vec::new();
    for words in ["Slept <badly>", "For nobody"] {
        let key = hidden(&own.get("/me/journal").await.body, "entry");
        own.post("/me/journal", &[("entry", &key), ("words", words), ("mood", "2")]).await;
        keys.push(key);
    }
    assert!(carer.get(&list).await.body.contains("The patient shares no entry of the journal with you."));
    let (shared, kept) = (format!("{list}/{}", keys[0]), format!("{list}/{}", keys[1]));
    assert_eq!(carer.get(&shared).await.status, StatusCode::NOT_FOUND);
    let provider = provider.to_string();
    let entry = format!("/me/journal/{}", keys[0]);
    assert_eq!(own.post(&entry, &[("provider", &provider)]).await.location(), format!("{entry}?done=shared"));
    for path in [&list, &shared] {
        let seen = carer.get(path).await;
        for part in ["Slept &#60;badly&#62;", "Low", "Ruiz, Ana"] {
            assert!(seen.body.contains(part), "{path}: {part}: {}", seen.body);
        }
        assert!(!seen.body.contains("For nobody"), "{path}: {}", seen.body);
        assert_eq!(other.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(stranger.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(carer.get(&kept).await.status, StatusCode::NOT_FOUND);
    let unshare = format!("{entry}/unshare");
    for _ in 0..2 {
        assert_eq!(own.post(&unshare, &[("provider", &provider)]).await.location(), format!("{entry}?done=ended"));
    }
    assert_eq!(carer.get(&shared).await.status, StatusCode::NOT_FOUND);
    let gone = carer.get(&list).await;
    assert!(!gone.body.contains("Slept") && gone.body.contains("shares no entry"), "{}", gone.body);
}
