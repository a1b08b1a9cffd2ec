//! A device that sends a day again with other values: however many they are, the day is rolled, the first values stay,
//! and each of the others is in quarantine once.

use std::path::PathBuf;

use serde_json::json;

use crate::roll::{PLANT, TestStack};

const DEVICES: [&str; 2] = ["watch-7", "Band.2"];
/// More than two pages of both, and more than 100,000.
const VALUES: usize = 60_000;
const KEY: &str = "2024a:YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE=";

/// A value a second of each device, on top of `base`.
async fn put_day(house: &mut TestStack, base: f64) {
    let values: Vec<f64> = (0..VALUES).map(|n| base + (n % 40) as f64).collect();
    for device in DEVICES {
        house.put_every(device, "heart_rate", None, "2024-03-05 00:00Z", 1, None, &values).await;
    }
}

async fn all_go_to_quarantine(mut house: TestStack, late: &[f64]) {
    put_day(&mut house, 60.0).await;
    house.roll();
    let mut expected = house.samples();
    put_day(&mut house, 110.0).await;
    if !late.is_empty() {
        house.put("watch-7", "heart_rate", None, "2024-03-05 20:00Z", late).await;
        expected = house.samples();
    }
    let in_quarantine =
        "(SELECT generate_series(1, samples) FROM signal.quarantine WHERE reason = 'conflict') AS value";
    // Some of these points lie between two pages.
    for point in 6..=9 {
        let killed = house.roll_verb().env(PLANT, format!("die_in_roll:{point}")).output().unwrap();
        assert!(!killed.status.success(), "point {point} is never reached");
        assert_eq!(house.count(in_quarantine).await, 0, "a part is in quarantine after a death at point {point}");
        assert_eq!(house.samples().len(), expected.len(), "after a death at point {point}");
    }
    let report = house.roll();
    let conflicts = (DEVICES.len() * VALUES) as u64;
    let counts = ["conflicts", "samples", "duplicates"].map(|key| report[key].as_u64().unwrap());
    assert_eq!((counts, &report["failed"]), ([conflicts, late.len() as u64, 0], &json!([])), "{report}");
    assert_eq!(house.count(in_quarantine).await, i64::try_from(conflicts).unwrap());
    assert_eq!(house.count("signal.quarantine WHERE times_received > 1").await, 0);
    assert_eq!((house.samples(), house.count("signal.block").await), (expected, 0));
    assert_eq!(house.leftovers(), [] as [PathBuf; 0]);
    house.verify();
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_a_hundred_thousand_conflicts_are_rolled_and_are_all_in_quarantine() {
    all_go_to_quarantine(TestStack::build().await, &[]).await;
    let mut house = TestStack::in_bucket().await;
    house.keys = KEY.to_owned();
    all_go_to_quarantine(house, &[70.0]).await;
}
