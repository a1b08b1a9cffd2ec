//! Files of days that have been kept for long enough leave the archive, and no other: to the day, with a proof, whoever
//! is killed on the way, and never while the law holds somebody's samples.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::roll::{FAULT_VARIABLE, TestStack, said};
use crate::support::stack::{Verdict, promise};

const RETENTION: &str = "HEALTHTRACK__ARCHIVE__RETENTION_DAYS";
/// A value of each series was another once, and an hour of it was replaced.
const SUPERSEDE: &str = "
    INSERT INTO signal.superseded_value (start_at, superseded_at, value, series_id)
    SELECT 'DAY 08:00Z', now(), 59, series_id FROM signal.series;
    INSERT INTO signal.replaced_range (from_at, to_at, revision, received_at, series_id)
    SELECT 'DAY 06:00Z', 'DAY 07:00Z', 1, now(), series_id FROM signal.series";
/// More than a roll of one late sample and a retention of two files have.
const POINTS_MAX: u32 = 40;

/// Four days in the archive, of which the newest is the tenth.
async fn four_days() -> TestStack {
    let mut stack = TestStack::build().await;
    for day in ["05", "06", "07", "10"] {
        for device in ["watch-7", "Band.2"] {
            stack.put(device, "heart_rate", None, &format!("2024-03-{day} 08:00Z"), &[60.0, 61.0]).await;
        }
    }
    stack.put_every("watch-7", "step_count", None, "2024-03-05 09:00Z", 60, Some(60), &[12.0]).await;
    stack.roll();
    stack
}

fn roll(stack: &TestStack, days: u32, injected: Option<&str>) -> Value {
    let mut verb = stack.roll_verb();
    verb.env(RETENTION, days.to_string()).envs(injected.map(|injected| (FAULT_VARIABLE, injected)));
    serde_json::from_str(&said(&mut verb)).unwrap()
}

fn without(lines: &[String], day: &str) -> Vec<String> {
    lines.iter().filter(|line| !line.contains(day)).cloned().collect()
}

async fn the_oldest_days_go(injected: Option<&str>) -> Verdict {
    let mut stack = four_days().await;
    let before = stack.samples();
    assert_eq!(roll(&stack, 5, None)["retired"], json!(0), "the tenth less five days is the fifth, which stays");
    assert_eq!(stack.samples(), before);

    for day in ["2024-03-05", "2024-03-10"] {
        stack.execute(&SUPERSEDE.replace("DAY", day)).await;
    }
    let report = roll(&stack, 4, injected);
    let after = stack.samples();
    promise(after == without(&before, "2024-03-05"), || format!("{after:#?}"))?;
    assert_eq!((&report["retired"], &report["retired_samples"]), (&json!(2), &json!(5)), "{report}");
    stack.verify();
    for table in ["superseded_value WHERE start_at = 'DAY 08:00Z'", "replaced_range WHERE from_at = 'DAY 06:00Z'"] {
        let mut left = Vec::new();
        for day in ["2024-03-05", "2024-03-10"] {
            left.push(stack.count(&format!("signal.{}", table.replace("DAY", day))).await);
        }
        promise(left == [0, 3], || format!("{left:?} of {table}"))?;
    }
    let proof = "signal.erasure WHERE before_on = '2024-03-06' AND files = 2 AND archived_samples = 5
                 AND ended_at IS NOT NULL AND requested_by = session_user AND device_sha256 IS NULL";
    assert_eq!((stack.count(proof).await, stack.count("signal.erasure").await), (1, 1));
    assert_eq!(roll(&stack, 4, None)["retired"], json!(0), "once is enough");
    assert_eq!(stack.count("signal.erasure").await, 1);

    // What comes late for such a day is stored, rolled, and goes with the same roll.
    stack.put("watch-7", "heart_rate", None, "2024-03-05 08:30Z", &[77.0]).await;
    assert_eq!(stack.samples().len(), after.len() + 1);
    assert_eq!(roll(&stack, 4, None)["retired_samples"], json!(1));
    assert_eq!(stack.samples(), after);
    stack.verify();

    // Their bytes lie aside until the grace is over, and the manifest says so.
    let mut verb = stack.roll_verb();
    said(verb.env("HEALTHTRACK__ARCHIVE__GRACE_HOURS", "0"));
    let mut files: Vec<PathBuf> = Vec::new();
    crate::roll::files_below(&stack.root(), &mut files);
    assert!(!files.iter().any(|path| path.display().to_string().contains("2024-03-05")), "{files:?}");
    assert_eq!(stack.count("signal.archive_file WHERE day = '2024-03-05' AND removed_at IS NULL").await, 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_kept_for_long_enough_goes_to_the_day_and_leaves_a_proof() {
    the_oldest_days_go(None).await.unwrap();
    let seen = the_oldest_days_go(Some("retire_too_early")).await;
    assert!(seen.is_err(), "the check does not see a day that goes too early");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_of_somebody_under_legal_hold_stays_whole() {
    let mut stack = four_days().await;
    let before = stack.samples();
    stack
        .execute(
            "INSERT INTO care.patient (patient_id, born_on, sex, time_zone, legal_hold) VALUES
                 ('0e1f3c5a-7b9d-4e2f-8a1b-3c5d7e9f1a2b', '1980-05-17', 'female', 'America/Chicago', true);
             INSERT INTO care.wear (patient_id, device_key, worn_during)
             SELECT patient_id, device_key, '[2024-03-05 20:00Z, 2024-03-06 00:00Z)' FROM care.patient, signal.device
             WHERE device_id = 'watch-7'",
        )
        .await;
    roll(&stack, 3, None);
    assert_eq!(stack.samples(), without(&before, "2024-03-06"), "the fifth is held, the sixth is not");
    stack.execute("UPDATE care.patient SET legal_hold = false").await;
    roll(&stack, 3, None);
    assert_eq!(stack.samples(), without(&without(&before, "2024-03-06"), "2024-03-05"));
    stack.verify();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retention_that_is_killed_at_any_point_is_finished_by_the_next_roll() {
    for point in 1..POINTS_MAX {
        let mut stack = four_days().await;
        let expected = without(&stack.samples(), "2024-03-05");
        stack.put("watch-7", "heart_rate", None, "2024-03-05 08:30Z", &[77.0]).await;
        let mut verb = stack.roll_verb();
        verb.env(RETENTION, "4").env(FAULT_VARIABLE, format!("die_in_roll:{point}"));
        let killed = verb.output().unwrap();
        if killed.status.success() {
            assert!(point > 10, "only {point} points");
            return;
        }
        assert_eq!(without(&stack.samples(), "2024-03-05"), expected, "after a death at point {point}");
        roll(&stack, 4, None);
        assert_eq!(stack.samples(), expected, "after a death at point {point}");
        let proof = "SELECT concat_ws(' ', sum(archived_samples), bool_and(ended_at IS NOT NULL)) FROM signal.erasure";
        let proof: String = sqlx::query_scalar(proof).fetch_one(&mut stack.connection).await.unwrap();
        assert_eq!(proof, "6 t", "after a death at point {point}");
        assert_eq!(stack.leftovers(), [] as [PathBuf; 0]);
        stack.verify();
    }
    panic!("it has {POINTS_MAX} points or more");
}
