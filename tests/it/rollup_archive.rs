//! Rollups of what is archived: kept when blocks go, made again when files change, and gone with whom they were about.

use std::collections::BTreeMap;

use sqlx::Row as _;

use crate::roll::{FAULT_VARIABLE, TestStack, said};

const ANN: &str = "0e1f3c5a-7b9d-4e2f-8a1b-3c5d7e9f1a2b";

/// By device, metric, statistic and day: how many values, their sum, the least and the greatest.
type Days = BTreeMap<[String; 4], (i64, Option<[f64; 3]>)>;

/// What samples of both tiers give for each day.
fn counted(stack: &TestStack) -> Days {
    let mut days = Days::new();
    for line in stack.samples() {
        let cells: Vec<&str> = line.split(',').collect();
        let day = cells[3].split('T').next().unwrap();
        let (count, numbers) = days.entry([cells[0], cells[1], cells[2], day].map(str::to_owned)).or_default();
        *count += 1;
        if let Ok(value) = cells[5].parse::<f64>() {
            let [sum, least, greatest] = numbers.unwrap_or([0.0, value, value]);
            *numbers = Some([sum + value, least.min(value), greatest.max(value)]);
        }
    }
    days
}

/// What `signal.daily` tells, and whether all of it is settled.
async fn told(stack: &mut TestStack) -> (Days, bool) {
    let query =
        "SELECT device_id, metric, coalesce(statistic, '') AS statistic, day::text AS day, count::bigint AS count,
                        sum, least, greatest, is_settled FROM signal.daily";
    let rows = sqlx::query(query).fetch_all(&mut stack.connection).await.unwrap();
    let is_settled = rows.iter().all(|row| row.get("is_settled"));
    let day = |row: &sqlx::postgres::PgRow| {
        let numbers = ["sum", "least", "greatest"].map(|name| row.get::<Option<f64>, _>(name));
        let numbers = numbers[0].map(|_| numbers.map(Option::unwrap));
        (["device_id", "metric", "statistic", "day"].map(|name| row.get(name)), (row.get("count"), numbers))
    };
    (rows.iter().map(day).collect(), is_settled)
}

/// Days are told as both tiers hold them.
pub(crate) async fn agree(stack: &mut TestStack) {
    assert_eq!(told(stack).await, (counted(stack), true));
}

/// All that is asked for by hour and day in two zones, a line each.
async fn asked(stack: &mut TestStack) -> Vec<String> {
    let mut lines = Vec::new();
    for (every, zone) in [("day", "UTC"), ("day", "Asia/Kathmandu"), ("hour", "Asia/Kathmandu")] {
        let query = format!(
            "SELECT row::text FROM signal.rollup(NULL, NULL, '{every}', '2024-03-01', '2024-03-20', '{zone}') AS row
             ORDER BY device_id, metric, statistic, bucket_at"
        );
        let found: Vec<String> =
            sqlx::query_scalar(sqlx::AssertSqlSafe(query)).fetch_all(&mut stack.connection).await.unwrap();
        lines.extend(found);
    }
    lines
}

/// The newest of each series, a line each.
async fn newest(stack: &mut TestStack) -> Vec<String> {
    let query = "SELECT last::text FROM signal.last ORDER BY device_id, metric, statistic";
    sqlx::query_scalar(query).fetch_all(&mut stack.connection).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_archived_is_told_as_it_was() {
    let mut stack = TestStack::build().await;
    stack.put_some().await;
    agree(&mut stack).await;
    // Some heart rates lie beyond what the sensor can tell, the newest of each day among them.
    let bounds = "UPDATE signal.block SET flags = array_fill(0::smallint, ARRAY[88]) || '{4,8}'::smallint[]
                  WHERE cardinality(values) = 90";
    stack.execute(bounds).await;
    let (before, last) = (asked(&mut stack).await, newest(&mut stack).await);
    assert!(before.len() > 40, "{before:?}");
    assert!(last.iter().any(|line| line.contains("{above_range}")), "{last:?}");
    // One day of three is closed before it is rolled.
    stack.execute("SELECT signal.number_changes(); SELECT signal.close_rollups('2024-03-06 00:00Z', 1000)").await;
    assert_eq!(asked(&mut stack).await, before);
    stack.roll();
    assert_eq!(stack.count("signal.block").await, 0);
    assert_eq!(stack.count("signal.rollup_day WHERE NOT is_archived").await, 0);
    assert_eq!(asked(&mut stack).await, before);
    assert_eq!(newest(&mut stack).await, last);
    // As after a migration from a version that kept nothing: the files tell the same.
    stack
        .execute(
            "DELETE FROM signal.rollup_day;
             INSERT INTO signal.rollup_due (first_on, last_on, metric, name)
             SELECT day, day, metric, name FROM signal.archive_file WHERE superseded_at IS NULL",
        )
        .await;
    stack.roll();
    assert_eq!(asked(&mut stack).await, before);
    assert_eq!(newest(&mut stack).await, last);
}

#[tokio::test(flavor = "multi_thread")]
async fn late_samples_are_told_once_they_are_rolled() {
    let mut stack = TestStack::build().await;
    stack.put_some().await;
    stack.roll();
    // One of these is archived already, with another value; one with the same.
    stack.put("watch-7", "heart_rate", None, "2024-03-05 08:00Z", &[60.0, 99.0]).await;
    stack.put("watch-7", "heart_rate", None, "2024-03-05 08:00:30Z", &[31.0, 32.0]).await;
    let (_, is_settled) = told(&mut stack).await;
    assert!(!is_settled, "the roll has not compared them yet");
    stack.roll();
    agree(&mut stack).await;
    // All of it is archived already: no file takes the place of the one that is there.
    stack.put("watch-7", "heart_rate", None, "2024-03-05 08:00:30Z", &[31.0, 32.0]).await;
    stack.roll();
    agree(&mut stack).await;
    assert_eq!(stack.count("signal.rollup_due").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archived_day_of_which_a_range_was_taken_back_is_told_as_unsettled() {
    let mut stack = TestStack::build().await;
    for device in ["watch-7", "Band.2"] {
        stack.put(device, "heart_rate", None, "2024-03-05 08:00Z", &[60.0, 61.0]).await;
        stack.put(device, "heart_rate", None, "2024-03-06 08:00Z", &[62.0]).await;
    }
    stack.roll();
    stack
        .execute(
            "INSERT INTO signal.replaced_range (series_id, from_at, to_at, revision, received_at)
             SELECT series_id, '2024-03-05 08:00:01Z', '2024-03-06 00:00Z', 1, '2024-03-09 00:00Z'
             FROM signal.series JOIN signal.device USING (device_key) WHERE device_id = 'watch-7'",
        )
        .await;
    for asked in [
        "signal.daily",
        "(SELECT *, (bucket_at AT TIME ZONE 'UTC')::date AS day FROM signal.rollup(
              NULL, NULL, 'day', '2024-03-01Z', '2024-03-20Z')) AS by_day",
        "(SELECT *, (bucket_at AT TIME ZONE 'UTC')::date AS day FROM signal.rollup(
              '{watch-7}', '{heart_rate}', 'hour', '2024-03-05 08:00Z', '2024-03-06 09:00Z')) AS by_hour",
    ] {
        let query = format!("SELECT device_id || ' ' || day FROM {asked} WHERE NOT is_settled");
        let unsettled: Vec<String> =
            sqlx::query_scalar(sqlx::AssertSqlSafe(query)).fetch_all(&mut stack.connection).await.unwrap();
        assert_eq!(unsettled, ["watch-7 2024-03-05"], "{asked}");
    }
    stack.roll();
    agree(&mut stack).await;
    assert_eq!(told(&mut stack).await.0.values().map(|(count, _)| count).sum::<i64>(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_roll_that_is_killed_leaves_rollups_to_the_next() {
    for point in 1..=14 {
        let mut stack = TestStack::build().await;
        stack.put("watch-7", "heart_rate", None, "2024-03-05 08:00Z", &[60.0, 61.0]).await;
        stack.roll();
        stack.put("watch-7", "heart_rate", None, "2024-03-05 11:00Z", &[77.0]).await;
        stack.put("watch-7", "heart_rate", None, "2024-03-06 11:00Z", &[78.0, 79.0]).await;
        let _ = stack.roll_verb().env(FAULT_VARIABLE, format!("die_in_roll:{point}")).output().unwrap();
        stack.roll();
        agree(&mut stack).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_rolled_up_of_a_person_goes_with_them() {
    let mut stack = TestStack::build().await;
    stack.enrol(ANN).await;
    let values: Vec<f64> = (0..120).map(|n| 60.0 + f64::from(n % 40)).collect();
    for day in ["2024-03-04", "2024-03-05", "2024-03-06"] {
        stack.put("watch-7", "heart_rate", None, &format!("{day} 08:00Z"), &values).await;
        stack.put("watch-7", "step_count", None, &format!("{day} 22:00Z"), &values[..20]).await;
        stack.put("Band.2", "heart_rate", None, &format!("{day} 08:00Z"), &values).await;
    }
    stack.roll();
    // Hot, and closed.
    stack.put("watch-7", "heart_rate", None, "2024-03-07 08:00Z", &values).await;
    stack.execute("SELECT signal.number_changes(); SELECT signal.close_rollups('2024-03-08 00:00Z', 1000)").await;
    // From the middle of a quarter on one day to the middle of one on another.
    stack
        .execute(&format!(
            "INSERT INTO care.wear (patient_id, device_key, worn_during)
             SELECT '{ANN}', device_key, '[2024-03-04 08:20:30Z, 2024-03-07 08:10:30Z)' FROM signal.device
             WHERE device_id = 'watch-7'"
        ))
        .await;
    let others = told(&mut stack).await.0.into_iter().filter(|(key, _)| key[0] == "Band.2").collect::<Days>();
    said(&mut stack.verb(&["archive", "erase", "--patient", ANN, "--yes", "--json"]));
    agree(&mut stack).await;
    let (days, _) = told(&mut stack).await;
    assert_eq!(days.iter().filter(|(key, _)| key[0] == "Band.2").map(own).collect::<Days>(), others);
    let left: Vec<_> =
        days.keys().filter(|key| key[0] == "watch-7").map(|key| (key[1].as_str(), key[3].as_str())).collect();
    assert_eq!(left, [("heart_rate", "2024-03-04"), ("heart_rate", "2024-03-07")]);
    let of_hers = "signal.rollup_day JOIN signal.series USING (series_id) JOIN signal.device USING (device_key)
                   WHERE device_id = 'watch-7' AND day IN ('2024-03-05', '2024-03-06')";
    assert_eq!(stack.count(of_hers).await, 0);
    said(&mut stack.verb(&["archive", "erase", "--device", "watch-7", "--yes", "--json"]));
    agree(&mut stack).await;
    assert_eq!(told(&mut stack).await.0, others);
}

fn own((key, day): (&[String; 4], &(i64, Option<[f64; 3]>))) -> ([String; 4], (i64, Option<[f64; 3]>)) {
    (key.clone(), *day)
}
