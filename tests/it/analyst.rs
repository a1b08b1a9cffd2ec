//! The archive as an analyst meets it: the script of `archive sql` in a stock DuckDB, plain and encrypted, and each
//! question of `schemas/analyst.md` on injected samples whose answers were worked out by hand and stand on that page.

use serde_json::Value;

use super::roll::{TestStack, said};
use crate::support::python;

const RUN: &str = include_str!("analyst.py");
const PAGE: &str = include_str!("../../schemas/analyst.md");
const QUESTIONS: usize = 8;
/// 32 bytes, as base64.
const KEY: &str = "YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE=";

/// What a device, metric and statistic come to: values, times and lengths, so that no sample can be missing, doubled or
/// moved unseen. The values injected are halves, whose sums are exact in any order.
const TOTALS: &str = "
    SELECT device_id, metric, coalesce(statistic, '') AS statistic, count(*) AS samples,
           CAST(coalesce(sum(value), 0) * 2 AS bigint) AS halves, count(value) AS numbers, count(code) AS codes,
           coalesce(min(code), '') AS code, count(end_at) AS ends,
           CAST(sum(extract(epoch FROM start_at)) AS bigint) AS starts,
           CAST(coalesce(sum(extract(epoch FROM end_at)), 0) AS bigint) AS stops, coalesce(min(unit), '') AS unit
    FROM sample GROUP BY device_id, metric, statistic";

/// The totals by the database, as the CSV that DuckDB's are compared with.
async fn totals_of_database(stack: &mut TestStack) -> Vec<String> {
    let query = format!(
        "SELECT concat_ws(',', device_id, metric, statistic, samples, halves, numbers, codes, code, ends, starts, stops,
         unit) FROM ({}) AS total",
        TOTALS.replace("FROM sample ", "FROM signal.sample ")
    );
    let mut lines: Vec<String> =
        sqlx::query_scalar(sqlx::AssertSqlSafe(query)).fetch_all(&mut stack.connection).await.unwrap();
    lines.sort();
    lines
}

fn script(stack: &TestStack) -> String {
    said(&mut stack.verb(&["archive", "sql"]))
}

/// The answers as CSV, or DuckDB's complaint.
pub(crate) fn ask(
    python: &std::path::Path,
    key: &str,
    script: &str,
    questions: &[&str],
) -> Result<Vec<String>, String> {
    let output = python::run(python, RUN, &[&[key, script], questions].concat());
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let answers: Value = serde_json::from_slice(&output.stdout).unwrap();
    Ok(answers.as_array().unwrap().iter().map(|answer| answer.as_str().unwrap().to_owned()).collect())
}

fn totals_of_archive(python: &std::path::Path, key: &str, script: &str) -> Vec<String> {
    let answers = ask(python, key, script, &[TOTALS]).unwrap();
    let mut lines: Vec<String> = answers[0].lines().skip(1).map(str::to_owned).collect();
    lines.sort();
    lines
}

/// The encryption of the archive from now on, as an operator configures it.
fn encrypt(stack: &mut TestStack, key: &str) {
    stack.keys = if key.is_empty() { String::new() } else { format!("2024a:{key}") };
}

#[tokio::test(flavor = "multi_thread")]
async fn the_printed_script_shows_duckdb_each_sample_once_before_and_after_late_ones() {
    let Some(python) = python::python() else { return };
    // Plain, encrypted, and a key that is given between two rolls, which makes the archive a mixture.
    for (first_key, second_key) in [("", ""), (KEY, KEY), ("", KEY)] {
        let mut stack = TestStack::build().await;
        let empty = script(&stack);
        assert_eq!(totals_of_archive(python, "", &empty), [] as [String; 0], "no file yet: {empty}");

        encrypt(&mut stack, first_key);
        stack.put_some().await;
        let injected = totals_of_database(&mut stack).await;
        assert_eq!(injected.len(), 5, "{injected:#?}");
        stack.roll();
        assert_eq!(stack.count("signal.sample").await, 0, "all is in the archive");
        let first = script(&stack);
        assert_eq!(totals_of_archive(python, first_key, &first), injected, "{first}");
        if !first_key.is_empty() {
            assert!(!first.contains(KEY), "no key is printed");
            assert!(
                ask(python, "", &first, &[TOTALS]).unwrap_err().contains("2024a"),
                "without the key nothing is read"
            );
        }

        // Everything comes again, and three samples that are new: what the database holds is what must be seen.
        encrypt(&mut stack, second_key);
        stack.put_some().await;
        stack.put("watch-7", "heart_rate", None, "2024-03-06 07:00Z", &[55.0, 56.5]).await;
        stack.put("late-1", "heart_rate", None, "2024-03-05 07:00Z", &[70.5]).await;
        let with_late = totals_of_database(&mut stack).await;
        assert_eq!(with_late.len(), injected.len() + 1);
        let report = stack.roll();
        assert_eq!((&report["samples"], &report["files"]), (&Value::from(3), &Value::from(2)), "{report}");
        let second = script(&stack);
        assert_eq!(totals_of_archive(python, second_key, &second), with_late, "{second}");
        let gone = ask(python, second_key, &first, &[TOTALS]).unwrap_err();
        assert!(gone.contains("No files found"), "an older script is refused, and counts nothing twice: {gone}");
    }
}

/// The questions of the page and the answer below each.
fn questions() -> Vec<(&'static str, &'static str)> {
    let fenced = |text: &'static str, mark: &str| {
        let (_, after) = text.split_once(mark)?;
        after.split_once("```").map(|(inside, _)| inside)
    };
    let sections = PAGE.split("\n## ").skip(1);
    sections.map(|section| (fenced(section, "```sql\n").unwrap(), fenced(section, "```csv\n").unwrap())).collect()
}

/// Runs of samples: device, metric, statistic, first moment, seconds from one to the next, seconds that each lasts.
type Run = (&'static str, &'static str, Option<&'static str>, &'static str, i64, Option<i64>, &'static [f64]);

const DAY_S: i64 = 86_400;
const INJECTED: &[Run] = &[
    ("watch-7", "resting_heart_rate", None, "2024-03-04 00:00Z", 60, Some(DAY_S), &[60.0]),
    ("watch-7", "resting_heart_rate", None, "2024-03-05 00:00Z", 60, Some(DAY_S), &[62.0]),
    ("watch-7", "resting_heart_rate", Some("maximum"), "2024-03-05 00:00Z", 60, Some(DAY_S), &[99.0]),
    ("watch-7", "resting_heart_rate", None, "2024-03-06 00:00Z", 60, Some(DAY_S), &[61.0]),
    ("watch-7", "resting_heart_rate", None, "2024-03-10 00:00Z", 60, Some(DAY_S), &[65.0]),
    ("watch-7", "resting_heart_rate", None, "2024-03-11 00:00Z", 60, Some(DAY_S), &[58.0]),
    ("watch-7", "resting_heart_rate", None, "2024-03-17 00:00Z", 60, Some(DAY_S), &[59.0]),
    ("watch-8", "resting_heart_rate", None, "2024-03-12 00:00Z", 60, Some(DAY_S), &[71.0]),
    // One night over midnight, one with exactly 90 %, an afternoon, and the last minutes of a night.
    ("ring-1", "oxygen_saturation", None, "2024-03-05 23:00Z", 600, None, &[96.0, 93.0, 89.0, 88.0, 91.0, 95.0]),
    ("ring-1", "oxygen_saturation", None, "2024-03-06 02:00Z", 600, None, &[94.0, 87.0]),
    ("ring-1", "oxygen_saturation", None, "2024-03-06 22:00Z", 600, None, &[97.0, 95.0, 90.0]),
    ("ring-1", "oxygen_saturation", None, "2024-03-07 14:00Z", 600, None, &[80.0]),
    ("ring-1", "oxygen_saturation", None, "2024-03-09 08:50Z", 600, None, &[85.0, 70.0]),
    // 5 minutes low, 15 in range, 5 high, then a reading before a gap (15), 5 high, and a last one (15).
    ("cgm-1", "interstitial_glucose", None, "2024-03-05 08:00Z", 300, None, &[69.0, 70.0, 100.0, 180.0, 181.0, 150.0]),
    ("cgm-1", "interstitial_glucose", None, "2024-03-05 10:00Z", 300, None, &[200.0, 60.0]),
    // Between the readings of the other, which must not end them.
    ("cgm-2", "interstitial_glucose", None, "2024-03-05 08:02Z", 300, None, &[70.0, 180.0]),
    ("watch-7", "step_count", None, "2024-03-04 09:00Z", 60, Some(60), &[100.0, 50.0]),
    ("watch-7", "step_count", None, "2024-03-05 18:00Z", 60, Some(60), &[20.5]),
    ("watch-7", "step_count", Some("maximum"), "2024-03-06 09:00Z", 60, Some(60), &[120.0]),
    ("watch-7", "step_count", None, "2024-03-07 09:00Z", 60, Some(60), &[0.0]),
    ("watch-8", "step_count", None, "2024-03-05 09:00Z", 60, Some(60), &[7.0]),
    // By their places: 0 awake, 1 light, 2 deep, 3 rem, 4 asleep, 5 in bed.
    ("ring-1", "sleep_stage", None, "2024-03-05 22:30Z", 300, Some(300), &[5.0, 1.0, 1.0, 2.0, 2.0, 2.0]),
    ("ring-1", "sleep_stage", None, "2024-03-06 00:00Z", 300, Some(300), &[3.0, 3.0, 0.0, 1.0]),
    ("ring-1", "sleep_stage", None, "2024-03-07 01:00Z", 300, Some(300), &[4.0, 4.0]),
    // Medians 45, 52, 59, a week apart each.
    ("ring-1", "hrv_rmssd", None, "2024-03-04 02:00Z", 300, Some(300), &[40.0, 45.0, 900.0]),
    ("ring-1", "hrv_rmssd", None, "2024-03-11 02:00Z", 300, Some(300), &[51.0, 53.0]),
    ("ring-1", "hrv_rmssd", None, "2024-03-18 02:00Z", 300, Some(300), &[59.0]),
    ("watch-8", "hrv_rmssd", None, "2024-03-04 02:00Z", 300, Some(300), &[30.0]),
    ("watch-8", "hrv_rmssd", None, "2024-03-11 02:00Z", 300, Some(300), &[28.0]),
    ("watch-8", "hrv_rmssd", None, "2024-03-18 02:00Z", 300, Some(300), &[29.0]),
    // Ten hours apart is one episode; a normal reading ends it, and so do fourteen hours.
    ("thermometer-1", "body_temperature", None, "2024-03-05 08:00Z", 14_400, None, &[37.2, 38.0]),
    ("thermometer-1", "body_temperature", None, "2024-03-05 20:00Z", 60, None, &[39.1]),
    ("thermometer-1", "body_temperature", None, "2024-03-06 06:00Z", 60, None, &[38.4]),
    ("thermometer-1", "body_temperature", None, "2024-03-06 14:00Z", 14_400, None, &[37.4, 38.2]),
    ("thermometer-1", "body_temperature", None, "2024-03-07 08:00Z", 60, None, &[38.1]),
    ("thermometer-2", "body_temperature", None, "2024-03-05 13:00Z", 3_600, None, &[40.0, 37.0, 39.5, 37.0]),
    // 60 minutes, 12 by two values each, and 144, of three days.
    ("band-1", "heart_rate", None, "2024-03-05 00:00Z", 60, None, &[61.0; 60]),
    ("band-1", "heart_rate", None, "2024-03-05 08:00Z", 30, None, &[62.0; 24]),
    ("band-1", "heart_rate", None, "2024-03-07 10:00Z", 60, None, &[63.0; 144]),
    ("watch-7", "heart_rate", None, "2024-03-05 08:00Z", 60, None, &[64.0; 720]),
    // What is no measurement, in the way of each answer above.
    ("ring-1", "oxygen_saturation", Some("maximum"), "2024-03-06 23:00Z", 600, None, &[60.0]),
    ("cgm-1", "interstitial_glucose", Some("maximum"), "2024-03-05 08:07Z", 300, None, &[400.0]),
    ("ring-1", "sleep_stage", Some("maximum"), "2024-03-07 02:00Z", 300, Some(300), &[2.0]),
    ("ring-1", "hrv_rmssd", Some("maximum"), "2024-03-18 02:00Z", 300, Some(300), &[200.0]),
    ("thermometer-1", "body_temperature", Some("maximum"), "2024-03-06 14:10Z", 60, None, &[41.0]),
    ("band-1", "heart_rate", Some("maximum"), "2024-03-06 09:00Z", 60, None, &[180.0]),
];

#[tokio::test(flavor = "multi_thread")]
async fn each_question_of_the_analysts_page_has_the_answer_that_was_planted() {
    let Some(python) = python::python() else { return };
    let questions = questions();
    assert_eq!(questions.len(), QUESTIONS);
    let asked: Vec<&str> = questions.iter().map(|(question, _)| *question).collect();
    for key in ["", KEY] {
        let mut stack = TestStack::build().await;
        encrypt(&mut stack, key);
        for (device, metric, statistic, start, period_s, span_s, values) in INJECTED {
            stack.put_every(device, metric, *statistic, start, *period_s, *span_s, values).await;
        }
        stack.roll();
        let answers = ask(python, key, &script(&stack), &asked).unwrap();
        for ((question, expected), answer) in questions.iter().zip(&answers) {
            assert_eq!(answer, expected, "{question}");
        }
    }
}
