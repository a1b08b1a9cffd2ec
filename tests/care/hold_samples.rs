//! Legal hold of what was measured: by no detour does a login take a held person's files, late blocks or messages.

use sqlx::PgConnection;

use super::hold::{Held, tried};

/// A generation of the file of what `Held` has measured.
fn file(generation: u32) -> String {
    format!(
        "INSERT INTO signal.archive_file (written_at, first_start_at, last_start_at, rows, bytes, day, generation,
                                          metric, name, content, sha256)
         VALUES (now(), '2026-11-15 00:00Z', '2026-11-15 11:00Z', 16, 100, '2026-11-15', {generation}, 'heart_rate',
                 'file-{generation}', repeat('0', 32), sha256('x'))"
    )
}

const END: &str = "UPDATE signal.archive_file SET superseded_at = now() WHERE superseded_at IS NULL";
const AT_ONCE: &str = "SET CONSTRAINTS ALL IMMEDIATE";

/// A proof by somebody, of whom it is said in this column by the digest of this.
fn proof(of: &str, column: &str, subject: &str, (files, samples): (u32, u32)) -> String {
    format!(
        "INSERT INTO signal.erasure (begun_at, requested_by, {column}, files, archived_samples)
         VALUES (now(), '{of}', encode(sha256('{subject}'), 'hex'), {files}, {samples})"
    )
}

#[tokio::test]
async fn a_file_of_a_held_person_ends_only_with_the_proof_of_an_erasure_of_another_which_stays() {
    let mut here = Held::new().await;
    here.network.run(&file(1)).await;
    let mut roller = here.roller().await;
    let (held, free) = (here.held.to_string(), here.free.to_string());
    let taken_back = "DELETE FROM signal.erasure WHERE requested_by = 'me'";
    let nothing = proof("me", "device_sha256", "nobody", (0, 0));
    assert_eq!(
        tried(&mut roller, &format!("{nothing}; {END}; {AT_ONCE}; {taken_back}")).await,
        "archive_file_stays_under_hold",
        "an erasure that has counted nothing excuses nothing"
    );
    let counted = proof("me", "device_sha256", "nobody", (1, 16));
    assert_eq!(
        tried(&mut roller, &format!("{counted}; {END}; {AT_ONCE}; {taken_back}")).await,
        "erasure_is_only_added_to",
        "one that has stays"
    );
    let before = proof("before", "device_sha256", "before", (1, 16));
    assert_eq!(tried(&mut roller, &before).await, "done");
    for (column, subject, counts) in [
        ("device_sha256", "held-watch", (1, 16)),
        ("patient_sha256", held.as_str(), (1, 16)),
        ("patient_sha256", "nobody", (1, 16)),
        ("patient_sha256", free.as_str(), (0, 16)),
        ("patient_sha256", free.as_str(), (1, 15)),
    ] {
        let erased = format!("{}; {END}", proof("me", column, subject, counts));
        assert_eq!(tried(&mut roller, &erased).await, "archive_file_stays_under_hold", "{subject} {counts:?}");
    }
    assert_eq!(tried(&mut roller, END).await, "archive_file_stays_under_hold", "another transaction's proof");
    for (column, subject, next) in [("patient_sha256", free.as_str(), 2), ("device_sha256", "gone-watch", 3)] {
        let erased = format!("{}; {END}", proof("me", column, subject, (1, 16)));
        assert_eq!(tried(&mut roller, &erased).await, "done", "{subject}");
        here.network.run(&file(next)).await;
    }
}

#[tokio::test]
async fn a_file_stays_as_it_was_recorded() {
    let mut here = Held::new().await;
    here.network.run(&file(1)).await;
    let mut roller = here.roller().await;
    let set = |what: &str| format!("UPDATE signal.archive_file SET {what} WHERE generation = 1");
    assert_eq!(tried(&mut roller, &set("wear_change_id = 7")).await, "done");
    for what in [
        "day = '2020-01-01', first_start_at = '2020-01-01 00:00Z', last_start_at = '2020-01-01 00:00Z'",
        "first_start_at = last_start_at",
        "metric = 'step_count'",
        "name = 'another'",
        "generation = 3",
        "content = repeat('1', 32)",
        "sha256 = sha256('y')",
        "rows = 1",
        "written_at = '2020-01-01'",
    ] {
        assert_eq!(tried(&mut roller, &set(what)).await, "archive_file_stays_as_recorded", "{what}");
    }
    let next = format!("{END}; {}", file(2));
    assert_eq!(tried(&mut roller, &next).await, "done");
    assert_eq!(tried(&mut roller, &set("removed_at = now()")).await, "done");
    let other = "UPDATE signal.archive_file SET superseded_at = now() WHERE generation = 2";
    for revival in [set("superseded_at = NULL, removed_at = NULL"), set("superseded_at = '2020-01-01'")] {
        let revival = format!("{other}; {revival}");
        assert_eq!(tried(&mut roller, &revival).await, "archive_file_stays_as_recorded", "{revival}");
    }
}

#[tokio::test]
async fn a_file_excuses_no_block_that_came_after_it() {
    let mut here = Held::new().await;
    here.network.run(&file(1)).await;
    let mut roller = here.roller().await;
    let take = "DELETE FROM signal.block WHERE series_id = (
        SELECT series_id FROM signal.series JOIN signal.device USING (device_key) WHERE device_id = 'held-watch')";
    for (also, expected) in [
        ("SELECT", "block_stays_under_hold"),
        ("UPDATE signal.archive_file SET wear_change_id = 7", "block_stays_under_hold"),
        (&format!("{END}; {}", file(2)), "done"),
    ] {
        assert_eq!(tried(&mut roller, &format!("{also}; {take}")).await, expected, "{also}");
    }
}

/// Messages of the held watch, which was worn until 16 November 2026, and whether they may be of who wore it.
const MESSAGES: [(&str, &str, &str, bool); 6] = [
    ("within", "unknown_unit", "2026-11-10", true),
    ("held back", "unknown_unit", "2026-12-10", true),
    ("late conflict", "conflict", "2027-06-01", true),
    ("late", "ancient_time", "2027-06-01", true),
    ("of later", "unknown_unit", "2026-12-17", false),
    ("of before", "conflict", "2026-10-31", false),
];

async fn with_messages() -> (Held, PgConnection) {
    let mut here = Held::new().await;
    let held = here.held;
    let ended = format!(
        "UPDATE care.wear SET worn_during = '[2026-11-01 00:00Z, 2026-11-16 00:00Z)' WHERE patient_id = '{held}'"
    );
    here.network.run(&ended).await;
    for (name, reason, at, _) in MESSAGES {
        let message = format!(
            "INSERT INTO signal.quarantine_payload VALUES (length('{name}'), sha256('{name}'), '{name}');
             INSERT INTO signal.quarantine_rejection (received_at, last_received_at, samples, topic, reason, detail,
                                                      payload_sha256)
             VALUES ('{at} 00:00Z', '{at} 00:00Z', 1, 'ht/1/main/held-watch/batch', '{reason}', '{name}',
                     sha256('{name}'))"
        );
        here.network.run(&message).await;
    }
    let roller = here.roller().await;
    (here, roller)
}

#[tokio::test]
async fn a_message_goes_where_a_purge_would_take_it_and_nowhere_else() {
    let (mut here, mut roller) = with_messages().await;
    let held = "SELECT detail FROM signal.quarantine_rejection WHERE quarantine_id IN (
        SELECT signal.quarantine_under_legal_hold(ARRAY(SELECT quarantine_id FROM signal.quarantine_rejection)))
        ORDER BY quarantine_id";
    let expected: Vec<_> = MESSAGES.iter().filter(|(.., stays)| *stays).map(|(name, ..)| *name).collect();
    assert_eq!(here.network.rows(held).await, expected);
    for (name, .., stays) in MESSAGES {
        let statement = format!("DELETE FROM signal.quarantine_rejection WHERE detail = '{name}'");
        let expected = if stays { "quarantine_rejection_stays_under_hold" } else { "done" };
        assert_eq!(tried(&mut roller, &statement).await, expected, "{name}");
    }
}

#[tokio::test]
async fn a_rejection_is_neither_dated_back_nor_made_another_before_it_goes() {
    let (here, mut roller) = with_messages().await;
    let mut ingest = here.network.login("ingest").await;
    for login in [&mut roller, &mut ingest] {
        let set = |what: &str| format!("UPDATE signal.quarantine_rejection SET {what} WHERE detail = 'within'");
        for what in [
            "received_at = '2020-01-01', last_received_at = '2020-01-01'",
            "received_at = '2026-10-01'",
            "last_received_at = '2026-11-10 00:00Z'::timestamptz - INTERVAL '1 second', received_at = '2020-01-01'",
            "topic = 'ht/1/main/free-watch/batch'",
            "reason = 'unknown_metric'",
            "detail = 'another'",
            "content_type = 'text/plain'",
            "payload_sha256 = sha256('of later')",
        ] {
            assert_eq!(tried(login, &set(what)).await, "quarantine_rejection_stays_as_it_came", "{what}");
        }
        let again = "last_received_at = last_received_at + INTERVAL '1 day', times_received = times_received + 1,
                     resolved_at = now(), resolved_by = 'Kim', resolution = 'sent again'";
        assert_eq!(tried(login, &set(again)).await, "done");
    }
}
