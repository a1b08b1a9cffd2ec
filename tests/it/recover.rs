//! A database is restored from a backup, or copied, beside an archive that has gone on: no file that holds samples is
//! deleted, and an operator brings all of them back.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use crate::roll::{FAULT_VARIABLE, TestStack, errors, files_below, said};

const KEY: &str = "2024a:YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE=";

/// What a backup of the database holds of both tiers.
const TABLES: [&str; 3] = ["archive_file", "archive_claim", "block"];

/// Two days in the archive, and one that is hot.
async fn begun(mut stack: TestStack) -> TestStack {
    stack.put("watch-7", "heart_rate", None, "2024-03-05 08:00Z", &[60.0, 61.0]).await;
    stack.put("watch-7", "step_count", None, "2024-03-05 08:00Z", &[5.0]).await;
    stack.roll();
    stack.put("watch-7", "heart_rate", None, "2024-03-08 08:00Z", &[62.0]).await;
    stack
}

/// Old days come and are rolled with what was hot: a day that is new, and another generation of one that was.
async fn gone_on(stack: &mut TestStack) -> Vec<String> {
    stack.put("watch-7", "heart_rate", None, "2024-03-05 09:00Z", &[63.0, 64.0]).await;
    stack.put("Band.2", "heart_rate", None, "2024-03-06 08:00Z", &[65.0, 66.0, 67.0, 68.0, 69.0, 70.0]).await;
    stack.roll();
    let samples = stack.samples();
    assert_eq!(samples.len(), 12);
    samples
}

/// Takes a backup into a schema of the same database, which keeps its identity when it is restored.
async fn back_up(stack: &mut TestStack) {
    stack.execute("CREATE SCHEMA backup").await;
    for table in TABLES {
        stack.execute(&format!("CREATE TABLE backup.{table} AS TABLE signal.{table}")).await;
    }
}

async fn restore(stack: &mut TestStack) {
    stack.execute("SELECT signal.ensure_chunk((start_at AT TIME ZONE 'UTC')::date) FROM backup.block").await;
    for table in TABLES {
        stack.execute(&format!("DELETE FROM signal.{table}")).await;
        stack.execute(&format!("INSERT INTO signal.{table} SELECT * FROM backup.{table}")).await;
    }
}

/// `archive recover`, and its report.
fn recover(stack: &TestStack, arguments: &[&str]) -> Value {
    serde_json::from_str(&said(&mut stack.verb(&[&["archive", "recover", "--json"], arguments].concat()))).unwrap()
}

fn counts(report: &Value) -> [u64; 4] {
    ["adopted", "joined", "samples", "conflicts"].map(|key| report[key].as_u64().unwrap())
}

/// A verb that must fail and say so, and change no file.
fn is_refused(stack: &TestStack, verb: &mut Command, words: &str) {
    let before = all_files(stack);
    let output = verb.env("HEALTHTRACK__ARCHIVE__GRACE_HOURS", "0").output().unwrap();
    assert_eq!(all_files(stack), before, "{:?}: {}", verb.get_args(), errors(&output));
    assert!(!output.status.success() && errors(&output).contains(words), "{words}: {}", errors(&output));
}

/// Every file of the archive, with its length.
fn all_files(stack: &TestStack) -> Vec<(PathBuf, u64)> {
    let mut found = Vec::new();
    files_below(&stack.root(), &mut found);
    let mut found: Vec<_> = found.into_iter().map(|path| (path.clone(), path.metadata().unwrap().len())).collect();
    found.sort();
    found
}

/// The archive holds just these samples, before and after a roll that deletes all that it may.
async fn is_whole(stack: &mut TestStack, expected: &[String]) {
    assert_eq!(stack.samples(), expected);
    let rolled = said(stack.roll_verb().env("HEALTHTRACK__ARCHIVE__GRACE_HOURS", "0"));
    let report: Value = serde_json::from_str(&rolled).unwrap();
    assert_eq!((&report["failed"], &report["unlisted"], &report["missing"]), (&json!([]), &json!([]), &json!([])));
    assert_eq!((stack.samples(), stack.count("signal.block").await), (expected.to_vec(), 0));
    assert_eq!(stack.leftovers(), [] as [PathBuf; 0]);
    stack.verify();
}

/// Method: the backup is restored into the same database. `grace_hours` says whether what was superseded since is gone.
async fn a_restored_database_takes_back(stack: TestStack, grace_hours: &str) {
    let mut stack = begun(stack).await;
    back_up(&mut stack).await;
    let expected = gone_on(&mut stack).await;
    said(stack.roll_verb().env("HEALTHTRACK__ARCHIVE__GRACE_HOURS", grace_hours));
    restore(&mut stack).await;
    let mut roll = stack.roll_verb();
    is_refused(&stack, &mut roll, "it was restored from a backup");
    is_refused(&stack, &mut stack.verb(&["archive", "recover"]), "--take-over");
    is_refused(&stack, &mut stack.verb(&["archive", "erase", "--device", "watch-7", "--yes"]), "--take-over");
    let doctor = stack.verb(&["doctor"]).output().unwrap();
    let doctor = String::from_utf8(doctor.stdout).unwrap();
    assert!(doctor.contains("it has gone on without this database") && doctor.contains("of its files"), "{doctor}");

    let would = recover(&stack, &["--dry-run"]);
    assert_eq!((would["recovered"].clone(), stack.count("signal.archive_file").await), (json!(false), 2));
    let report = recover(&stack, &["--take-over"]);
    // Three days of heart rate, of which one is another generation.
    assert_eq!((counts(&would), counts(&report)), ([3, 0, 9, 0], [3, 0, 9, 0]), "{report}");
    assert_eq!(stack.samples(), expected, "one is in both tiers, and seen once");
    assert_eq!(counts(&recover(&stack, &[])), [0; 4], "once is enough");
    is_whole(&mut stack, &expected).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_restored_from_a_backup_takes_back_what_the_archive_has_since() {
    a_restored_database_takes_back(TestStack::build().await, "24").await;
    a_restored_database_takes_back(TestStack::build().await, "0").await;
    a_restored_database_takes_back(TestStack::in_bucket().await, "0").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clone_with_the_same_archive_is_refused_and_does_nothing_to_it() {
    for stack in [TestStack::build().await, TestStack::in_bucket().await] {
        let mut stack = begun(stack).await;
        let clone = stack.copy().await;
        let before = clone.samples();
        is_refused(&stack, &mut clone.roll_verb(), "a copy: set another archive.url");
        let expected = gone_on(&mut stack).await;
        is_refused(&stack, &mut clone.roll_verb(), "a copy: set another archive.url");
        is_refused(&stack, &mut clone.verb(&["archive", "recover"]), "a copy: set another archive.url");
        is_refused(&stack, &mut clone.verb(&["archive", "erase", "--device", "watch-7", "--yes"]), "a copy");
        assert_eq!(clone.samples(), before, "it may be read");
        is_whole(&mut stack, &expected).await;
    }
}

/// Method: the copy is what is left after the original was lost; then the original comes back.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_was_restored_on_another_server_takes_the_archive_over_from_the_lost_one() {
    let mut lost = begun(TestStack::build().await).await;
    let mut stack = lost.copy().await;
    let expected = gone_on(&mut lost).await;
    assert_eq!(counts(&recover(&stack, &["--take-over"])), [3, 0, 9, 0]);
    is_whole(&mut stack, &expected).await;
    is_refused(&stack, &mut lost.roll_verb(), "a copy: set another archive.url");
}

/// Method: an empty database is given the archive.
#[tokio::test(flavor = "multi_thread")]
async fn an_archive_whose_database_is_lost_gives_back_every_file_from_its_own_footers() {
    for keys in ["", KEY] {
        let mut lost = TestStack::build().await;
        lost.keys = keys.to_owned();
        lost.put_some().await;
        lost.roll();
        lost.put("watch-7", "heart_rate", None, "2024-03-05 23:00Z", &[77.0]).await;
        lost.roll();
        let expected = lost.samples();
        let manifest = "SELECT json_agg((name, rows, bytes, sha256, content, first_start_at, last_start_at, key_id)
                                        ORDER BY name)::text FROM signal.archive_file WHERE superseded_at IS NULL";
        let listed: String = sqlx::query_scalar(manifest).fetch_one(&mut lost.connection).await.unwrap();
        let mut stack = lost.emptied().await;
        is_refused(&stack, &mut stack.roll_verb(), "another database's archive");
        let report = recover(&stack, &["--take-over"]);
        assert_eq!(counts(&report), [9, 0, 1_099, 0], "{report}");
        assert_eq!(report["redundant"].as_array().unwrap().len(), 1, "the generation before: {report}");
        let found: String = sqlx::query_scalar(manifest).fetch_one(&mut stack.connection).await.unwrap();
        assert_eq!(found, listed, "each row is as it was");
        is_whole(&mut stack, &expected).await;
        stack.keys = String::new();
        let read = stack.verb(&["samples"]).output().unwrap();
        assert_eq!(read.status.success(), keys.is_empty(), "{}", errors(&read));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_file_that_cannot_be_read_is_kept_and_reported_at_each_roll() {
    let mut stack = begun(TestStack::build().await).await;
    stack.keys = KEY.to_owned();
    let expected = gone_on(&mut stack).await;
    let names = stack.live_files();
    let [flipped, sealed, renamed] = [names[0].clone(), names[2].clone(), names[1].clone()];
    let whole = fs::read(stack.root().join(&flipped)).unwrap();
    let mut bytes = whole.clone();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(stack.root().join(&flipped), bytes).unwrap();
    let other = renamed.replace("g00001", "g00007");
    fs::rename(stack.root().join(&renamed), stack.root().join(&other)).unwrap();
    stack.execute("DELETE FROM signal.archive_file WHERE metric = 'heart_rate'").await;
    stack.keys = String::new();
    for _ in 0..2 {
        let output = stack.roll_verb().env("HEALTHTRACK__ARCHIVE__GRACE_HOURS", "0").output().unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let told = report["unlisted"].to_string();
        assert!(!output.status.success() && errors(&output).contains("3 problems"), "{}", errors(&output));
        assert!([&flipped, &sealed, &other].iter().all(|name| told.contains(name.as_str())), "{told}");
        assert!(told.contains("2024a"), "the key that is missing is named: {told}");
        assert!([&flipped, &sealed, &other].iter().all(|name| stack.root().join(name).exists()), "they stay");
    }
    assert_eq!(stack.count("signal.archive_file WHERE generation = 1 AND superseded_at IS NULL").await, 2, "of before");
    let erased = stack.verb(&["archive", "erase", "--device", "watch-7", "--yes"]).output().unwrap();
    assert!(!erased.status.success() && errors(&erased).contains("may hold what is to be"), "{}", errors(&erased));
    assert!(stack.root().join(&other).exists());

    stack.keys = KEY.to_owned();
    fs::write(stack.root().join(&flipped), whole).unwrap();
    fs::rename(stack.root().join(&other), stack.root().join(&renamed)).unwrap();
    let report = stack.roll();
    assert_eq!((&report["adopted"], &report["unlisted"]), (&json!(3), &json!([])), "{report}");
    let kept: Vec<String> = expected.into_iter().filter(|line| line.contains("Band.2")).collect();
    assert_eq!(stack.samples_of(&["--device", "Band.2"]), kept);
    stack.verify();
}

/// Of two generations that grew apart, one is live and nobody knows the other; its name, and what is read.
async fn grown_apart(stack: &mut TestStack) -> (String, Vec<String>) {
    back_up(stack).await;
    stack.put("watch-7", "heart_rate", None, "2024-03-05 09:00Z", &[70.0, 71.0]).await;
    stack.roll();
    let unknown = stack.live_files().into_iter().find(|name| name.contains("g00002")).unwrap();
    let aside = stack.root().join("../aside");
    fs::copy(stack.root().join(&unknown), &aside).unwrap();
    restore(stack).await;
    recover(stack, &["--take-over"]);
    // As it would be had the other been rolled first, and this one never.
    fs::remove_file(stack.root().join(&unknown)).unwrap();
    stack.execute("DELETE FROM signal.archive_file").await;
    stack.execute("DELETE FROM signal.block").await;
    for device in ["watch-7", "Band.2"] {
        stack.put(device, "heart_rate", None, "2024-03-05 08:00Z", &[60.0]).await;
        stack.roll();
    }
    stack.put("watch-7", "heart_rate", None, "2024-03-05 09:00Z", &[70.0, 99.0, 98.0]).await;
    stack.roll();
    let expected = stack.samples();
    assert_eq!(stack.live_files().iter().filter(|name| name.contains("g00003")).count(), 1);
    fs::copy(&aside, stack.root().join(&unknown)).unwrap();
    (unknown, expected)
}

#[tokio::test(flavor = "multi_thread")]
async fn generations_that_grew_apart_are_joined_and_what_differs_goes_to_quarantine() {
    for point in 0..8 {
        let mut stack = begun(TestStack::build().await).await;
        let (unknown, expected) = grown_apart(&mut stack).await;
        stack
            .execute(
                "INSERT INTO signal.ingest_shard (epoch, taken_at, shard, owner) VALUES (1, now(), 'ward-3', 'test');
                 UPDATE signal.device SET shard = 'ward-3' WHERE device_id = 'watch-7'",
            )
            .await;
        if point > 0 {
            let mut verb = stack.verb(&["archive", "recover"]);
            let killed = verb.env(FAULT_VARIABLE, format!("die_in_roll:{point}")).output().unwrap();
            assert!(!killed.status.success() || point > 6, "point {point}");
        }
        let report = stack.roll();
        assert_eq!(report["failed"], json!([]), "{report}");
        assert_eq!(stack.samples(), expected, "after a death at point {point}");
        let kept = stack.count("signal.quarantine WHERE reason = 'conflict' AND samples = 1").await;
        assert_eq!(kept, 1, "the other value of 09:01");
        let of_its_shard = "signal.quarantine WHERE topic = 'ht/1/ward-3/watch-7/batch'";
        assert_eq!(stack.count(of_its_shard).await, 1, "where a retry reaches it");
        assert!(!stack.root().join(&unknown).exists());
        is_whole(&mut stack, &expected).await;
    }
}

/// Method: the device whose generations grew apart is erased, which joins them.
#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_takes_what_its_own_recovery_has_put_into_quarantine() {
    let mut stack = begun(TestStack::build().await).await;
    grown_apart(&mut stack).await;
    let report = said(&mut stack.verb(&["archive", "erase", "--device", "watch-7", "--yes", "--json"]));
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!((&report["quarantine_rows"], stack.count("signal.quarantine").await), (&json!(1), 0), "{report}");
}

/// Method: a file whose rows the live one has is found with a time of long ago, as a restored folder has them.
#[tokio::test(flavor = "multi_thread")]
async fn a_redundant_file_is_kept_for_the_grace_from_when_it_was_found() {
    let mut stack = begun(TestStack::build().await).await;
    let expected = gone_on(&mut stack).await;
    let is_former = |path: &PathBuf| path.ends_with("day=2024-03-05") || path.to_string_lossy().contains("g00001");
    let mut former = Vec::new();
    files_below(&stack.root().join("superseded"), &mut former);
    former.retain(is_former);
    assert_eq!(former.len(), 1, "{former:?}");
    let live = stack.root().join(former[0].strip_prefix(stack.root().join("superseded")).unwrap());
    fs::rename(&former[0], &live).unwrap();
    let long_ago = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_500_000_000);
    fs::File::options().write(true).open(&live).unwrap().set_modified(long_ago).unwrap();
    stack.execute("DELETE FROM signal.archive_file WHERE superseded_at IS NOT NULL").await;
    for _ in 0..2 {
        assert_eq!(stack.roll()["deleted"], json!(0));
        assert!(former[0].exists() && !live.exists());
    }
    is_whole(&mut stack, &expected).await;
    assert!(!former[0].exists(), "once the grace is over");
}

/// Method: the third generation has what the first had, since the second's other device was erased; the restored
/// manifest knows the first alone.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_generations_with_the_same_rows_the_later_one_is_live() {
    let mut stack = begun(TestStack::build().await).await;
    let first = stack.live_files().into_iter().find(|name| name.contains("heart_rate")).unwrap();
    let bytes = fs::read(stack.root().join(&first)).unwrap();
    back_up(&mut stack).await;
    let expected = stack.samples();
    stack.put("Band.2", "heart_rate", None, "2024-03-05 09:00Z", &[63.0]).await;
    stack.roll();
    said(&mut stack.verb(&["archive", "erase", "--device", "Band.2", "--yes"]));
    let third = stack.live_files().into_iter().find(|name| name.contains("g00003")).unwrap();
    restore(&mut stack).await;
    fs::write(stack.root().join(&first), bytes).unwrap();
    let report = recover(&stack, &["--take-over"]);
    assert_eq!(report["redundant"], json!([]), "{report}");
    assert!(stack.live_files().contains(&third) && !stack.live_files().contains(&first));
    is_whole(&mut stack, &expected).await;
}

/// Method: a file of which the only row is gone lies where superseded files lie.
#[tokio::test(flavor = "multi_thread")]
async fn the_only_copy_of_samples_is_taken_back_wherever_it_lies() {
    for mut stack in [TestStack::build().await, TestStack::in_bucket().await] {
        stack.put("watch-7", "heart_rate", None, "2024-03-05 08:00Z", &[60.0, 61.0]).await;
        stack.roll();
        let expected = stack.samples();
        let name = stack.live_files().remove(0);
        let superseded = stack.root().join("superseded").join(&name);
        fs::create_dir_all(superseded.parent().unwrap()).unwrap();
        fs::rename(stack.root().join(&name), &superseded).unwrap();
        stack.execute("DELETE FROM signal.archive_file").await;
        assert_eq!(stack.roll()["adopted"], json!(1));
        is_whole(&mut stack, &expected).await;
        assert_eq!(stack.live_files(), [name.as_str()]);
        // And where its row still says that it is live.
        fs::create_dir_all(superseded.parent().unwrap()).unwrap();
        fs::rename(stack.root().join(&name), &superseded).unwrap();
        is_whole(&mut stack, &expected).await;
        assert_eq!(stack.live_files(), [name.as_str()]);
    }
}

/// Method: an archive of before, which has no claim.
#[tokio::test(flavor = "multi_thread")]
async fn an_archive_without_a_claim_is_claimed_where_the_manifest_names_every_file() {
    let mut stack = begun(TestStack::build().await).await;
    stack.execute("DELETE FROM signal.archive_claim").await;
    fs::remove_file(stack.root().join("archive.claim")).unwrap();
    let expected = gone_on(&mut stack).await;
    is_whole(&mut stack, &expected).await;
    stack.execute("DELETE FROM signal.archive_claim; DELETE FROM signal.archive_file WHERE day = '2024-03-06'").await;
    fs::remove_file(stack.root().join("archive.claim")).unwrap();
    is_refused(&stack, &mut stack.roll_verb(), "files that the manifest does not name");
    is_refused(&stack, &mut stack.roll_verb(), "if a roll was killed before an upgrade");
    assert_eq!(counts(&recover(&stack, &["--take-over"])), [1, 0, 6, 0]);
    is_whole(&mut stack, &expected).await;
}
