//! Conflict: late values that differ from archived ones, as messages for the quarantine.
//!
//! The message that brought such a value was acknowledged and is gone, so one is made that says the same: an operator
//! reads it like any other, and a retry stores its values again, for the next roll to find.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::build::grouped;
use super::file::Row;
use crate::model::ids::DeviceId;
use crate::model::metric::Metric;
use crate::model::reason::Reason;
use crate::model::time::Timestamp;
use crate::store::archive::SeriesOf;
use crate::store::quarantine::Quarantined;

/// Values in one message.
const MESSAGE_VALUES_MAX: usize = 1_000;
/// Of a device that no shard has written, which cannot be: its samples would not be here.
const NO_SHARD: &str = "main";

/// The rows as messages.
pub(super) fn messages(rows: &[Row], metric: &Metric, series: &[SeriesOf], now: Timestamp) -> Vec<Quarantined> {
    if rows.is_empty() {
        return Vec::new();
    }
    let shards: HashMap<&DeviceId, &str> =
        series.iter().filter_map(|one| Some((&one.device, one.shard.as_deref()?))).collect();
    let mut messages = Vec::new();
    for ((device, statistic, _), rows) in grouped(rows) {
        for some in rows.chunks(MESSAGE_VALUES_MAX) {
            let shard = shards.get(&device).copied().unwrap_or(NO_SHARD);
            messages.push(Quarantined {
                received_at: now,
                topic: format!("ht/1/{shard}/{device}/batch"),
                content_type: None,
                reason: Reason::Conflict.word(),
                detail: "another value is archived under the same device, metric, statistic, start and end: the first \
                         stays"
                    .to_owned(),
                samples: some.len() as u64,
                payload: payload(metric, statistic.text(), some).to_string().into(),
            });
        }
    }
    messages
}

fn payload(metric: &Metric, statistic: Option<String>, rows: &[&Row]) -> Value {
    let mut series = json!({
        "metric": metric.name,
        "times": rows.iter().map(|row| row.start.to_string()).collect::<Vec<_>>(),
    });
    let mut set = |key: &str, value: Value| {
        series.as_object_mut().map(|series| series.insert(key.to_owned(), value));
    };
    if let Some(statistic) = statistic {
        set("statistic", json!(statistic));
    }
    let ends: Vec<String> = rows.iter().filter_map(|row| row.end.map(|end| end.to_string())).collect();
    if !ends.is_empty() {
        set("ends", json!(ends));
    }
    if metric.is_coded() {
        let code = |row: &&Row| metric.code_of(row.value);
        set("codes", json!(rows.iter().map(code).collect::<Vec<_>>()));
    } else {
        set("values", json!(rows.iter().map(|row| row.value).collect::<Vec<_>>()));
    }
    json!({"v": 1, "series": [series]})
}
