//! Conflict: late values that differ from archived ones, as messages for the quarantine.
//!
//! The message that brought such a value was acknowledged and is gone, so one is made that says the same: an operator
//! reads it like any other, and a retry stores its values again, for the next roll to find.

use std::borrow::Cow;
use std::collections::HashMap;

use bytes::Bytes;

use super::build::grouped;
use super::file::Row;
use crate::formats::batch::write::{self, Series};
use crate::formats::{Values, batch, topic};
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
                topic: topic::build(shard, device.as_str(), &batch::FORMAT),
                content_type: None,
                reason: Reason::Conflict.word(),
                detail: "another value is archived under the same device, metric, statistic, start and end: the first \
                         stays"
                    .to_owned(),
                samples: some.len() as u64,
                payload: payload(metric, statistic.text(), some),
            });
        }
    }
    messages
}

fn payload(metric: &Metric, statistic: Option<String>, rows: &[&Row]) -> Bytes {
    let values = if metric.is_coded() {
        Values::Codes(rows.iter().filter_map(|row| metric.code_of(row.value)).map(Cow::Borrowed).collect())
    } else {
        Values::Numbers(rows.iter().map(|row| row.value).collect())
    };
    let times = rows.iter().map(|row| row.start.micros()).collect();
    let ends = rows.iter().filter_map(|row| row.end).map(Timestamp::micros).collect();
    let statistic = statistic.map(Cow::Owned);
    write::readable(&Series { statistic, ends, ..Series::new(&*metric.name, times, values) })
}
