//! A device that sends a day again with other values: however many they are, the day is rolled, the first values stay,
//! and each of the others is in quarantine once.

use std::path::PathBuf;

use serde_json::json;

use crate::roll::{FAULT_VARIABLE, TestStack};

const DEVICES: [&str; 2] = ["watch-7", "Band.2"];
/// More than two pages of both, and more than 100,000.
const VALUES: usize = 60_000;
const KEY: &str = "2024a:YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE=";

/// A value a second of each device, on top of `base`.
async fn put_day(stack: &mut TestStack, base: f64) {
    let values: Vec<f64> = (0..VALUES).map(|n| base + (n % 40) as f64).collect();
    for device in DEVICES {
        stack.put_every(device, "heart_rate", None, "2024-03-05 00:00Z", 1, None, &values).await;
    }
}

async fn all_go_to_quarantine(mut stack: TestStack, late: &[f64]) {
    put_day(&mut stack, 60.0).await;
    stack.roll();
    let mut expected = stack.samples();
    put_day(&mut stack, 110.0).await;
    if !late.is_empty() {
        stack.put("watch-7", "heart_rate", None, "2024-03-05 20:00Z", late).await;
        expected = stack.samples();
    }
    let in_quarantine =
        "(SELECT generate_series(1, samples) FROM signal.quarantine WHERE reason = 'conflict') AS value";
    // Some of these points lie between two pages.
    for point in 6..=9 {
        let killed = stack.roll_verb().env(FAULT_VARIABLE, format!("die_in_roll:{point}")).output().unwrap();
        assert!(!killed.status.success(), "point {point} is never reached");
        assert_eq!(stack.count(in_quarantine).await, 0, "a part is in quarantine after a death at point {point}");
        assert_eq!(stack.samples().len(), expected.len(), "after a death at point {point}");
    }
    let report = stack.roll();
    let conflicts = (DEVICES.len() * VALUES) as u64;
    let counts = ["conflicts", "samples", "duplicates"].map(|key| report[key].as_u64().unwrap());
    assert_eq!((counts, &report["failed"]), ([conflicts, late.len() as u64, 0], &json!([])), "{report}");
    assert_eq!(stack.count(in_quarantine).await, i64::try_from(conflicts).unwrap());
    assert_eq!(stack.count("signal.quarantine WHERE times_received > 1").await, 0);
    assert_eq!((stack.samples(), stack.count("signal.block").await), (expected, 0));
    assert_eq!(stack.leftovers(), [] as [PathBuf; 0]);
    stack.verify();
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_a_hundred_thousand_conflicts_are_rolled_and_are_all_in_quarantine() {
    all_go_to_quarantine(TestStack::build().await, &[]).await;
    let mut stack = TestStack::in_bucket().await;
    stack.keys = KEY.to_owned();
    all_go_to_quarantine(stack, &[70.0]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conflict_is_kept_with_the_revision_by_which_it_was_said() {
    let mut stack = TestStack::build().await;
    for values in [[60.0, 61.0, 62.0], [70.0, 71.0, 62.0]] {
        stack.put_every("watch-7", "heart_rate", None, "2024-03-05 08:00Z", 1, None, &values).await;
        stack.execute("UPDATE signal.block SET origin_sizes = '{1,2}', revisions = '{NULL,7}'").await;
        stack.roll();
    }
    let messages = "SELECT convert_from(payload, 'UTF8')::jsonb #> '{series,0}' AS one FROM signal.quarantine";
    let kept: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(format!(
        "SELECT concat_ws(' ', one -> 'values', one -> 'revision') FROM ({messages}) AS message ORDER BY 1"
    )))
    .fetch_all(&mut stack.connection)
    .await
    .unwrap();
    assert_eq!(kept, ["[70.0]", "[71.0] 7"]);
}
