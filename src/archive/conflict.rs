//! Conflict: late values that differ from archived ones said with the same right, as messages for the quarantine.
//!
//! The message that brought such a value was acknowledged and is gone, so one is made that says the same: an operator
//! reads it like any other, and a retry stores its values again, for the next roll to find. It has the revision by
//! which they were said, or a retry would find them outdated.

use std::borrow::Cow;
use std::collections::HashMap;

use bytes::Bytes;

use super::file::Row;
use crate::formats::batch::write::{self, Series};
use crate::formats::{Values, batch, topic};
use crate::model::ids::DeviceId;
use crate::model::metric::Metric;
use crate::model::origin::Revision;
use crate::model::reason::Reason;
use crate::model::sample::Flags;
use crate::model::statistic::Statistic;
use crate::model::time::Timestamp;
use crate::store::quarantine::Quarantined;

/// Values in one message.
const MESSAGE_VALUES_MAX: usize = 1_000;
/// Of a device that the database does not know, since it was restored, and that any of several shards may have written.
const NO_SHARD: &str = "main";

/// The rows as messages.
pub(super) fn messages(
    rows: &[Row],
    metric: &Metric,
    shards: &HashMap<DeviceId, String>,
    now: Timestamp,
) -> Vec<Quarantined> {
    let mut messages = Vec::new();
    for ((device, statistic, revision, _), rows) in grouped(rows) {
        for some in rows.chunks(MESSAGE_VALUES_MAX) {
            let shard = shards.get(&device).map_or(NO_SHARD, String::as_str);
            messages.push(Quarantined {
                received_at: now,
                topic: topic::build(shard, device.as_str(), &batch::FORMAT),
                content_type: None,
                reason: Reason::Conflict.word(),
                detail: "another value is archived under the same device, metric, statistic, start and end: the first \
                         stays"
                    .to_owned(),
                samples: some.len() as u64,
                due_at: None,
                payload: payload(metric, statistic.text(), revision, some),
            });
        }
    }
    messages
}

fn payload(metric: &Metric, statistic: Option<String>, revision: Option<Revision>, rows: &[&Row]) -> Bytes {
    let values = if metric.is_coded() {
        Values::Codes(rows.iter().filter_map(|row| metric.code_of(row.value)).map(Cow::Borrowed).collect())
    } else {
        Values::Numbers(rows.iter().map(|row| number(row)).collect())
    };
    let times = rows.iter().map(|row| row.start.micros()).collect();
    let ends = rows.iter().filter_map(|row| row.end).map(Timestamp::micros).collect();
    let statistic = statistic.map(Cow::Owned);
    write::readable(&Series { statistic, ends, revision, ..Series::new(&*metric.name, times, values) })
}

/// The value as the format takes it: infinite where the sensor said "low" or "high".
fn number(row: &Row) -> f64 {
    match row.flags {
        flags if !flags.is_bound() => row.value,
        flags if flags.0 & Flags::BELOW_RANGE.0 != 0 => f64::NEG_INFINITY,
        _ => f64::INFINITY,
    }
}

/// What is told of rows together: a device, a statistic, a revision, and whether they are intervals.
type Told = (DeviceId, Statistic, Option<Revision>, bool);

/// Rows by what is told of them together.
fn grouped(rows: &[Row]) -> HashMap<Told, Vec<&Row>> {
    let mut groups: HashMap<_, Vec<&Row>> = HashMap::new();
    for row in rows {
        let told = (row.device.clone(), row.statistic, row.origin.revision, row.end.is_some());
        groups.entry(told).or_default().push(row);
    }
    groups
}
