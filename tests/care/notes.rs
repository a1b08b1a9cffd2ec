//! Notes: drafts that concern their author alone, signatures, words that stay, addenda, and errors that are marked.

use sqlx::{AssertSqlSafe, Executor as _};
use uuid::Uuid;

use super::network::refused_by;
use super::ward::{By, Ward};

const SECTIONS: &str = "'{10164-2,51848-0}', '{History,Assessment}', '{Coughs for a week.,A cold.}'";
const READ: &str = "read_notes(now() + INTERVAL '1 minute')";

/// A draft of the author, whom the second provider is to sign after.
async fn draft(ward: &mut Ward) -> Uuid {
    ward.key(By::Author, &format!("draft_note('{{p}}', '{{v}}', '11506-3', 'Visit', '{{s}}', {SECTIONS}, NULL)")).await
}

async fn signed(ward: &mut Ward) -> Uuid {
    let note = draft(ward).await;
    assert_eq!(ward.gives(By::Author, &format!("sign_note('{note}', 1)")).await, ["(t,2)"]);
    note
}

/// How many notes somebody reads; none where the record is closed.
async fn seen(ward: &mut Ward, by: By) -> Option<usize> {
    ward.reads(by, "notes", READ).await.map(|rows| rows.len())
}

#[tokio::test]
async fn a_draft_is_its_authors_alone_and_a_signed_note_is_the_records() {
    let mut ward = Ward::open().await;
    let note = draft(&mut ward).await;
    for (by, notes) in
        [(By::Author, Some(1)), (By::Second, Some(0)), (By::Patient, Some(0)), (By::Stranger, None), (By::Other, None)]
    {
        assert_eq!(seen(&mut ward, by).await, notes, "{by:?}, of a draft");
    }
    let change = format!("change_note('{note}', 1, 'Visit', NULL, {SECTIONS})");
    assert_eq!(ward.gives(By::Second, &change).await, [""; 0], "nor is it changed by another");
    assert_eq!(ward.gives(By::Author, &change).await, ["(t,2)"]);
    assert_eq!(ward.gives(By::Author, &change).await, ["(f,2)"], "somebody was faster");
    let sections = "SELECT string_agg(s.place || ' ' || s.loinc, ', ' ORDER BY s.place) FROM care.note_section s";
    assert_eq!(ward.network.one(sections).await, "1 10164-2, 2 51848-0", "sections are replaced as a whole");
    assert_eq!(ward.gives(By::Second, &format!("sign_note('{note}', 2)")).await, [""; 0]);
    let drafts = "SELECT count(*)::text FROM care.record_version WHERE relation LIKE 'note%'";
    assert_eq!(ward.network.one(drafts).await, "0", "a draft leaves nothing behind that others read");

    assert_eq!(ward.gives(By::Author, &format!("sign_note('{note}', 2)")).await, ["(t,3)"]);
    for (by, notes) in [(By::Author, Some(1)), (By::Second, Some(1)), (By::Patient, Some(1)), (By::Other, None)] {
        assert_eq!(seen(&mut ward, by).await, notes, "{by:?}, of a signed note");
    }
    let read = ward.reads(By::Patient, "notes", READ).await.unwrap();
    assert!(read[0].contains("Coughs for a week."), "{read:?}");
    let events = format!(
        "SELECT action || ' ' || resource FROM access.audit_event WHERE actor = '{}' AND resource LIKE 'care.%' ORDER BY at",
        ward.account(By::Author)
    );
    let note = format!("care.note/{note}");
    let expected = [format!("create {note}"), format!("update {note}"), format!("sign {note}")];
    assert_eq!(ward.network.rows(&events).await, expected);
}

#[tokio::test]
async fn who_cares_for_the_patient_writes_a_note_and_in_the_own_name() {
    let mut ward = Ward::open().await;
    let call = format!("draft_note('{{p}}', NULL, '11506-3', 'Call', NULL, {SECTIONS}, NULL)");
    for by in [By::Patient, By::Stranger, By::Other] {
        let rule = ward.refuses(by, &call).await;
        assert!(["row_is_within_rights", "note_author_id_is_given"].contains(&rule.as_str()), "{by:?}: {rule}");
    }
    ward.gives(By::Author, &call).await;
    let uneven = "draft_note('{p}', NULL, '11506-3', 'Call', NULL, '{10164-2}', '{}', '{Coughs.}', NULL)";
    assert_eq!(ward.refuses(By::Author, uneven).await, "note_sections_are_whole");
    let twice = "draft_note('{p}', NULL, '11506-3', 'Call', NULL, '{10164-2,10164-2}', '{x,x}', '{x,x}', NULL)";
    assert_eq!(ward.refuses(By::Author, twice).await, "note_section_is_one_of_its_kind");
    let mut portal = ward.network.portal_of(ward.account(By::Author)).await;
    let insert = ward.put(
        "INSERT INTO care.note (patient_id, author_id, loinc, title) VALUES ('{p}', '{s}', '11506-3', 'Not mine')",
    );
    let rule = refused_by(portal.execute(AssertSqlSafe(insert.clone())).await, &insert);
    assert_eq!(rule, "note_is_recorded_in_person");
    let note = signed(&mut ward).await;
    let insert = ward.put(&format!(
        "INSERT INTO care.note_addendum (patient_id, note_id, author_id, body) VALUES ('{{p}}', '{note}', '{{s}}', 'x')"
    ));
    let rule = refused_by(portal.execute(AssertSqlSafe(insert.clone())).await, &insert);
    assert_eq!(rule, "note_addendum_is_recorded_in_person");
}

#[tokio::test]
async fn a_signed_note_keeps_its_words_and_goes_forward() {
    let mut ward = Ward::open().await;
    let empty = ward.key(By::Author, "draft_note('{p}', NULL, '11506-3', 'Call', NULL, '{}', '{}', '{}', NULL)").await;
    let sign = format!("sign_note('{empty}', 1)");
    assert_eq!(ward.refuses(By::Author, &sign).await, "note_says_something_once_signed");
    let note = signed(&mut ward).await;
    let change = format!("change_note('{note}', 2, 'Otherwise', '{{s}}', {SECTIONS})");
    assert_eq!(ward.refuses(By::Author, &change).await, "note_is_never_overwritten");
    let again = format!("sign_note('{note}', 2)");
    assert_eq!(ward.refuses(By::Author, &again).await, "note_is_never_overwritten", "nor is it signed at another time");
    // Not even the owner of the tables rewrites it.
    for (statement, rule) in [
        ("UPDATE care.note SET title = 'Otherwise' WHERE note_id = '{n}'", "note_is_never_overwritten"),
        ("UPDATE care.note SET cosigner_id = NULL WHERE note_id = '{n}'", "note_is_never_overwritten"),
        ("UPDATE care.note SET status = 'draft', signed_at = NULL WHERE note_id = '{n}'", "note_goes_forward"),
        (
            "UPDATE care.note SET status = 'cosigned', cosigned_at = now(), title = 'x' WHERE note_id = '{n}'",
            "note_is_never_overwritten",
        ),
        ("UPDATE care.note_section SET body = 'Otherwise' WHERE note_id = '{n}'", "note_is_never_overwritten"),
        (
            "INSERT INTO care.note_section (patient_id, note_id, place, loinc, title, body)
          VALUES ('{p}', '{n}', 9, '18776-5', 'Plan', 'x')",
            "note_is_never_overwritten",
        ),
        (
            "INSERT INTO care.note (patient_id, author_id, loinc, title, status, signed_at)
          VALUES ('{p}', '{a}', '11506-3', 'x', 'signed', now())",
            "note_begins_as_a_draft",
        ),
    ] {
        let statement = ward.put(&statement.replace("{n}", &note.to_string()));
        assert_eq!(ward.network.refusal(&statement).await, rule, "{statement}");
    }
    assert_eq!(ward.network.one("SELECT count(*)::text FROM care.note_section").await, "2");
}

#[tokio::test]
async fn a_note_is_signed_by_its_author_and_then_by_whom_it_names() {
    let mut ward = Ward::open().await;
    let note = draft(&mut ward).await;
    let sign = format!("UPDATE care.note SET status = 'signed', signed_at = now() WHERE note_id = '{note}'");
    assert_eq!(ward.refuses_the_owner_as(By::Second, &sign).await, "note_is_signed_by_its_author");
    let early = format!("cosign_note('{note}', 1)");
    assert_eq!(ward.refuses(By::Author, &early).await, "note_goes_forward");
    ward.gives(By::Author, &format!("sign_note('{note}', 1)")).await;
    let cosign = format!("cosign_note('{note}', 2)");
    for by in [By::Author, By::Third] {
        assert_eq!(ward.refuses(by, &cosign).await, "note_is_cosigned_by_whom_it_names", "{by:?}");
    }
    assert_eq!(ward.gives(By::Stranger, &cosign).await, [""; 0]);
    assert_eq!(ward.gives(By::Second, &cosign).await, ["(t,3)"]);
    assert_eq!(ward.refuses(By::Second, &format!("cosign_note('{note}', 3)")).await, "note_is_never_overwritten");
    let kept =
        "SELECT string_agg(image ->> 'status', ', ' ORDER BY version) FROM care.record_version WHERE relation = 'note'";
    assert_eq!(ward.network.one(kept).await, "signed");
}

#[tokio::test]
async fn addenda_are_read_in_their_order_and_are_never_altered() {
    let mut ward = Ward::open().await;
    let note = draft(&mut ward).await;
    let add = |body: &str| format!("add_addendum('{note}', '{body}')");
    assert_eq!(ward.refuses(By::Author, &add("early")).await, "note_addendum_is_to_a_signed_note");
    ward.gives(By::Author, &format!("sign_note('{note}', 1)")).await;
    for (by, body) in [(By::Author, "X-ray is clear"), (By::Third, "Called: better"), (By::Author, "Closed")] {
        ward.key(by, &add(body)).await;
    }
    for by in [By::Patient, By::Stranger] {
        let rule = ward.refuses(by, &add("mine")).await;
        assert!(rule == "row_is_within_rights" || rule.starts_with("note_addendum_"), "{by:?}: {rule}");
    }
    let read = ward.reads(By::Patient, "notes", READ).await.unwrap().concat();
    let places: Vec<_> = ["X-ray is clear", "Called: better", "Closed"].map(|body| read.find(body)).into();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{read}");
    let alter = "UPDATE care.note_addendum SET body = 'x'";
    assert_eq!(ward.network.refusal(alter).await, "note_addendum_is_never_altered");
    assert_eq!(ward.network.refusal("TRUNCATE care.note_addendum").await, "note_addendum_is_never_altered");
}

#[tokio::test]
async fn an_error_is_marked_with_a_reason_by_who_signs_and_stays_marked() {
    let mut ward = Ward::open().await;
    let note = signed(&mut ward).await;
    let mark = |version: u32, reason: &str| format!("mark_note_as_error('{note}', {version}, '{reason}')");
    assert_eq!(ward.refuses(By::Author, &mark(2, " ")).await, "note_error_says_who_and_why");
    assert_eq!(ward.refuses(By::Third, &mark(2, "x")).await, "note_error_is_marked_by_who_signs");
    let other = format!(
        "UPDATE care.note SET status = 'entered_in_error', error_at = now(), error_by = '{{a}}', error_reason = 'x'
         WHERE note_id = '{note}'"
    );
    assert_eq!(ward.refuses_the_owner_as(By::Second, &other).await, "note_error_is_marked_by_who_signs");
    assert_eq!(ward.gives(By::Second, &mark(2, "Wrong patient")).await, ["(t,3)"]);
    let read = ward.reads(By::Patient, "notes", READ).await.unwrap().concat();
    assert!(read.contains("entered_in_error") && read.contains("Wrong patient") && read.contains("A cold."), "{read}");
    assert_eq!(ward.refuses(By::Author, &mark(3, "again")).await, "note_error_is_final");
    let add = format!("add_addendum('{note}', 'late')");
    assert_eq!(ward.refuses(By::Author, &add).await, "note_addendum_is_to_a_signed_note");

    let given_up = draft(&mut ward).await;
    ward.gives(By::Author, &format!("mark_note_as_error('{given_up}', 1, 'Not needed')")).await;
    assert_eq!(seen(&mut ward, By::Author).await, Some(2));
    assert_eq!(seen(&mut ward, By::Second).await, Some(1), "a draft that was given up stays its author's");
}

/// Somebody begins to sign while a section is being written in another transaction.
#[tokio::test]
async fn nobody_signs_while_a_section_is_written() {
    let mut ward = Ward::open().await;
    let note = draft(&mut ward).await;
    let mut writer = ward.network.connection().await;
    let insert = ward.put(&format!(
        "BEGIN; INSERT INTO care.note_section (patient_id, note_id, place, loinc, title, body)
         VALUES ('{{p}}', '{note}', 9, '18776-5', 'Plan', 'Rest')"
    ));
    writer.execute(AssertSqlSafe(insert)).await.unwrap();
    let sign = format!(
        "SET lock_timeout = '100ms'; UPDATE care.note SET status = 'signed', signed_at = now() WHERE note_id = '{note}'"
    );
    assert_eq!(ward.network.refusal(&sign).await, "55P03", "it waits for the section");
    writer.execute("COMMIT").await.unwrap();
    ward.network.run(&sign).await;
}

#[tokio::test]
async fn a_note_of_a_category_is_kept_apart_with_its_sections_and_addenda_and_stays_so() {
    let mut ward = Ward::open().await;
    let call = format!("draft_note('{{p}}', NULL, '11506-3', 'Talk', NULL, {SECTIONS}, 'behavioural_health')");
    let apart = ward.key(By::Author, &call).await;
    ward.gives(By::Author, &format!("sign_note('{apart}', 1)")).await;
    ward.key(By::Author, &format!("add_addendum('{apart}', 'Sleeps better')")).await;
    for (by, notes) in [(By::Author, Some(1)), (By::Patient, Some(1)), (By::Second, Some(0))] {
        assert_eq!(seen(&mut ward, by).await, notes, "{by:?}");
    }
    let mut portal = ward.network.portal_of(ward.account(By::Second)).await;
    for table in ["note_section", "note_addendum"] {
        let count = format!("SELECT count(*) FROM care.{table}");
        let rows: i64 = sqlx::query_scalar(AssertSqlSafe(count)).fetch_one(&mut portal).await.unwrap();
        assert_eq!(rows, 0, "{table}");
    }
    assert_eq!(ward.refuses(By::Second, &format!("add_addendum('{apart}', 'x')")).await, "row_is_within_rights");
    let open = ward.put(
        "INSERT INTO access.grant_of_access (patient_id, provider_id, scopes, valid_during, purpose)
         SELECT '{p}', provider_id, '{behavioural_health}', tstzrange(now() - INTERVAL '1 hour', NULL), 'treatment'
         FROM access.account WHERE account_id = '{n}'",
    );
    ward.network.run(&open.replace("{n}", &ward.account(By::Second).to_string())).await;
    let read = ward.reads(By::Second, "notes", READ).await.unwrap().concat();
    assert!(read.contains("A cold.") && read.contains("Sleeps better"), "{read}");
    let back = format!("keep_note_apart('{apart}', 2, NULL)");
    assert_eq!(ward.refuses(By::Author, &back).await, "note_stays_apart");

    let plain = signed(&mut ward).await;
    assert_eq!(ward.gives(By::Third, &format!("keep_note_apart('{plain}', 2, 'hiv')")).await, ["(f,2)"]);
    assert_eq!(seen(&mut ward, By::Third).await, Some(1));
    assert_eq!(ward.gives(By::Author, &format!("keep_note_apart('{plain}', 2, 'hiv')")).await, ["(t,3)"]);
    assert_eq!(seen(&mut ward, By::Third).await, Some(0));
}
