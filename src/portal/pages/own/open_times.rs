//! Open times as pages offer them: a button each, with what is kept for others first.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::model::time::{DAY_US, Day, Timestamp};
use crate::portal::page_error::PageError;
use crate::portal::shown::{formatted, moment};
use crate::store::care::actor::Actor;
use crate::store::care::schedule::{Slot, SlotQuery, open_slots};

/// So many days from the first one are looked at.
pub(super) const DAYS: i64 = 14;

/// A time that can be chosen.
pub(super) struct OpenTime {
    /// When it begins, in microseconds since 1970: what its button sends.
    pub(super) value: i64,
    pub(super) label: String,
    /// Until when it is kept for members with priority.
    pub(super) reserved: Option<String>,
}

/// Open times in the days from a moment on, so many at most; a query says whose.
pub(super) async fn open_times(
    actor: &mut Actor<'_>,
    query: SlotQuery<'_>,
    (now, zone): (Timestamp, &TimeZone),
    times_max: usize,
) -> Result<Vec<OpenTime>, PageError> {
    let since = query.since.max(now);
    let until = since.plus_micros(DAYS * DAY_US);
    let slots = open_slots(actor, &SlotQuery { since, until, ..query }).await?;
    let time = |slot: &Slot| OpenTime {
        value: slot.start_at.micros(),
        label: formatted(slot.start_at, zone, "%a %-d %b, %H:%M"),
        reserved: slot.for_all_at.filter(|at| *at > now).map(|at| moment(at, zone)),
    };
    Ok(slots.iter().filter(|slot| slot.start_at > now).take(times_max).map(time).collect())
}

/// When a day begins where somebody is; `None` for what is no day.
pub(super) fn start_of_date(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    let date: Date = text.parse().ok()?;
    let start = date.to_zoned_datetime(zone.clone()).ok()?;
    Timestamp::from_micros(start.timestamp().as_microsecond()).ok()
}

/// When a day begins where somebody is.
pub(super) fn start_of(day: Day, zone: &TimeZone) -> Timestamp {
    start_of_date(&day.to_string(), zone).unwrap_or_else(|| day.start())
}

/// The day on which it is now where somebody is.
pub(super) fn today(now: Timestamp, zone: &TimeZone) -> String {
    formatted(now, zone, "%Y-%m-%d")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_where_somebody_is() {
        let chicago = TimeZone::get("America/Chicago").unwrap();
        let day = Timestamp::parse_rfc3339("2026-11-30T12:00:00Z").unwrap().day();
        assert_eq!(start_of(day, &chicago), Timestamp::parse_rfc3339("2026-11-30T06:00:00Z").unwrap());
        assert_eq!(today(start_of(day, &chicago).plus_micros(-1), &chicago), "2026-11-29");
    }
}
