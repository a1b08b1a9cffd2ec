//! Notes: a draft is its author's alone; what is signed keeps its words, and is added to.

use axum::http::StatusCode;

use crate::house::{Browser, House};
use crate::problems::cared_for;

#[tokio::test]
async fn a_note_is_written_signed_and_added_to_and_never_overwritten() {
    let (mut house, author, path) = cared_for().await;
    let path = path.replace("problems", "notes");
    let colleague = house.network.provider().await;
    let patient = house.network.id("SELECT patient_id FROM care.patient").await;
    house.network.put_in_care(patient, colleague).await;
    let account = house.network.account("provider", Some(colleague)).await;
    let reader = house.signed_in(account).await;
    let colleague = colleague.to_string();
    let wrong = author.post(&path, &[("kind", "11506-3"), ("title", ""), ("plan", "Rest <b>")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.body.contains("Rest &#60;b&#62;") && wrong.body.contains("Fill this in."), "{}", wrong.body);
    let typed = [("kind", "11506-3"), ("title", "Cold"), ("subjective", "Coughs."), ("cosigner", colleague.as_str())];
    let begun = author.post(&path, &typed).await;
    let one = begun.location().replace("?done=saved", "");
    assert_eq!(begun.status, StatusCode::SEE_OTHER, "{}", begun.body);
    assert_eq!(reader.get(&one).await.status, StatusCode::NOT_FOUND, "a draft is its author's");
    assert!(!reader.get(&path).await.body.contains("Coughs."));
    let signed = [
        ("act", "save"),
        ("version", "1"),
        ("title", "Cold"),
        ("subjective", "Coughs a lot."),
        ("cosigner", colleague.as_str()),
        ("sign", "on"),
    ];
    let done = author.post(&one, &signed).await;
    assert_eq!(done.location(), format!("{one}?done=signed"), "{}", done.body);
    let late = author.post(&one, &signed).await;
    assert_eq!(late.status, StatusCode::UNPROCESSABLE_ENTITY);
    let kept = "What the patient tells: Coughs a lot.";
    assert!(late.body.contains("signed meanwhile") && late.body.contains(kept), "{}", late.body);
    let version = house.network.one("SELECT version::text FROM care.note").await;
    let cosigned = reader.post(&one, &[("act", "cosign"), ("version", &version)]).await;
    assert_eq!(cosigned.location(), format!("{one}?done=signed"), "{}", cosigned.body);
    for _ in 0..2 {
        let added = reader.post(&one, &[("act", "add"), ("body", "No fever.")]).await;
        assert_eq!(added.location(), format!("{one}?done=saved"), "{}", added.body);
    }
    let addenda = "SELECT count(*)::text FROM care.note_addendum";
    assert_eq!(house.network.one(addenda).await, "1", "sent twice is one");
    author.post(&one, &[("act", "add"), ("body", "No fever.")]).await;
    assert_eq!(house.network.one(addenda).await, "2", "another may say the same");
    let read = author.get(&one).await.body;
    for shown in ["Coughs a lot.", "No fever.", "Cosigned", "Addendum"] {
        assert!(read.contains(shown), "{shown}: {read}");
    }
    let version = house.network.one("SELECT version::text FROM care.note").await;
    let error = [("act", "error"), ("version", version.as_str()), ("reason", "Another patient")];
    assert_eq!(author.post(&one, &error).await.status, StatusCode::SEE_OTHER);
    let read = author.get(&one).await.body;
    assert!(read.contains("Marked as an error: Another patient") && !read.contains("<form class=\"form\""), "{read}");
    let again = author.post(&one, &[("act", "save"), ("version", "1"), ("title", "Anew")]).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", again.body);
    let count = read_pages(&mut house, &author, &path).await;
    assert_eq!(count, [50, 11], "page by page");
}

/// Sixty more drafts, and how many notes stand on the first page and on the next.
async fn read_pages(house: &mut House, author: &Browser, path: &str) -> [usize; 2] {
    house
        .network
        .run(
            "INSERT INTO care.note (patient_id, author_id, loinc, title, created_at)
             SELECT patient_id, author_id, loinc, 'Draft ' || n, now() - n * INTERVAL '1 day' FROM care.note, generate_series(1, 60) AS n",
        )
        .await;
    let first = author.get(path).await.body;
    let before = first.split("name=\"before\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let second = author.post(path, &[("before", before)]).await.body;
    [first, second].map(|page| page.matches(&format!("href=\"{path}/")).count())
}

#[tokio::test]
async fn a_draft_that_was_changed_elsewhere_shows_both() {
    let (_house, author, path) = cared_for().await;
    let path = path.replace("problems", "notes");
    let begun = author.post(&path, &[("kind", "11506-3"), ("title", "Cold"), ("subjective", "Coughs.")]).await;
    let one = begun.location().replace("?done=saved", "");
    let typed = |words: &'static str| [("act", "save"), ("version", "1"), ("title", "Cold"), ("subjective", words)];
    assert_eq!(author.post(&one, &typed("Coughs at night.")).await.status, StatusCode::SEE_OTHER);
    let second = author.post(&one, &typed("Coughs by day.")).await;
    assert_eq!(second.status, StatusCode::UNPROCESSABLE_ENTITY);
    for both in ["Somebody has changed this", "Coughs at night.", "Coughs by day."] {
        assert!(second.body.contains(both), "{both}: {}", second.body);
    }
}
