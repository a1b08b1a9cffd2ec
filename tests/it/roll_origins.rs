//! What is known of samples beside their values: the same in both tiers, before and after a roll, and in every reader.

use serde_json::{Value, json};

use crate::analyst::ask;
use crate::roll::{TestStack, said};
use crate::support::python;

/// 32 bytes, as base64.
const KEY: &str = "YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE=";
/// The columns of which this is about, as text that the database and DuckDB write alike.
const KNOWN: &str = "
    SELECT device_id, metric, CAST(extract(epoch FROM start_at) AS bigint) AS second, CAST(value * 2 AS bigint) AS halves, code,
           array_to_string(flags, ' ') AS flags, utc_offset_minutes,
           CAST(extract(epoch FROM received_at) AS bigint) AS received, revision
    FROM sample ORDER BY device_id, metric, start_at, flags";

/// A run of five whose second and last lie beyond the sensor's range, received at twice and scored again; a night with
/// an assumed time; and one sample of which nothing is known.
async fn put(stack: &mut TestStack) {
    stack.put("cgm-1", "interstitial_glucose", None, "2024-03-05 08:00Z", &[70.0, 40.0, 90.5, 100.0, 400.0]).await;
    stack.put_every("ring-1", "sleep_stage", None, "2024-03-05 01:00Z", 30, Some(30), &[3.0, 1.0]).await;
    stack.put("watch-7", "heart_rate", None, "2024-03-05 08:00Z", &[60.0]).await;
    stack
        .execute(
            "UPDATE signal.block SET flags = '{0,4,1,0,9}', origin_sizes = '{2,3}', utc_offsets_minutes = '{NULL,-210}',
                    received_ats = '{2024-03-05 08:06Z,2024-03-05 09:00Z}', revisions = '{NULL,9007199254740992}'
             WHERE cardinality(values) = 5;
             UPDATE signal.block SET flags = '{2,18}', utc_offset_minutes = 330, received_at = '2024-03-06 07:00Z',
                    revision = 0
             WHERE cardinality(values) = 2",
        )
        .await;
}

/// What the database says of all samples, as CSV.
async fn known_in_database(stack: &mut TestStack) -> Vec<String> {
    let query = format!(
        "SELECT concat_ws(',', device_id, metric, second, coalesce(halves::text, ''), coalesce(code, ''), flags,
                          coalesce(utc_offset_minutes::text, ''), coalesce(received::text, ''),
                          coalesce(revision::text, ''))
         FROM ({}) AS known",
        KNOWN.replace("FROM sample ", "FROM signal.sample ")
    );
    sqlx::query_scalar(sqlx::AssertSqlSafe(query)).fetch_all(&mut stack.connection).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn flags_local_time_reception_and_revision_are_the_same_before_and_after_a_roll() {
    for key in ["", KEY] {
        let mut stack = TestStack::build().await;
        stack.keys = if key.is_empty() { String::new() } else { format!("test:{key}") };
        put(&mut stack).await;
        let lines = stack.samples();
        assert!(
            lines.contains(
                &"cgm-1,interstitial_glucose,,2024-03-05T08:04:00Z,,,,mg/dL,unlikely_value above_range,-210,\
              2024-03-05T09:00:00Z,9007199254740992"
                    .to_owned()
            )
        );
        let objects = said(&mut stack.verb(&["samples", "--json"]));
        let summary = said(&mut stack.verb(&["samples", "--summary", "--json"]));
        let sums: Value = serde_json::from_str(&summary).unwrap();
        let glucose = sums.as_array().unwrap().iter().find(|row| row["device_id"] == "cgm-1").unwrap();
        let told = ["count", "min", "max", "sum"].map(|key| glucose[key].clone());
        assert_eq!(told, [json!(5), json!(70.0), json!(100.0), json!(260.5)], "bounds are counted, and no numbers");
        let known = known_in_database(&mut stack).await;
        assert!(known[1].ends_with(",,,below_range,,1709625960,"), "{known:#?}");

        assert_eq!(stack.roll()["samples"], 8);
        assert_eq!(stack.count("signal.sample").await, 0, "all is in the archive");
        assert_eq!(stack.samples(), lines);
        assert_eq!(said(&mut stack.verb(&["samples", "--json"])), objects);
        assert_eq!(said(&mut stack.verb(&["samples", "--summary", "--json"])), summary);
        stack.verify();
        let Some(python) = python::python() else { continue };
        let script = said(&mut stack.verb(&["archive", "sql"]));
        let answer = ask(python, key, &script, &[KNOWN]).unwrap();
        assert_eq!(answer[0].lines().skip(1).collect::<Vec<_>>(), known, "DuckDB sees what the database said");

        // The same again is a duplicate, a bound too, whatever its number; another value is none.
        put(&mut stack).await;
        stack
            .execute(
                "UPDATE signal.block SET values = '{40,39,90.5,101,401}', flags = '{4,4,1,0,9}'
                 WHERE cardinality(values) = 5",
            )
            .await;
        let report = stack.roll();
        let counts = ["samples", "duplicates", "conflicts"].map(|key| report[key].as_u64().unwrap());
        assert_eq!((counts, stack.samples()), ([0, 6, 2], lines), "{report}");
        let kept = r#"(SELECT convert_from(payload, 'UTF8') AS payload FROM signal.quarantine) AS kept
            WHERE payload LIKE '%["low"]%'
               OR payload LIKE '%[101.0]%' AND payload LIKE '%"revision":9007199254740992%'"#;
        assert_eq!(stack.count(kept).await, 2, "a retry stores both as what they are");
    }
}
