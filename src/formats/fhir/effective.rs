//! When an Observation holds: its `effective[x]`.
//!
//! A date without a time is no moment, so it holds only for what has one value a day; a part of a date holds for
//! nothing. The time at which an Observation was issued never stands in: it changes with each correction.

use serde_json::value::RawValue;

use crate::formats::error::SchemaError;
use crate::formats::json::{members, text};
use crate::model::reason::Reason;
use crate::model::time::Timestamp;

/// A moment, with the minutes by which the local time in which it was written is ahead of UTC.
type Moment = (Timestamp, Option<i16>);

/// When an Observation holds, as far as it says.
#[derive(Copy, Clone, Debug)]
pub(super) enum Effective {
    /// At a moment.
    At(Moment),
    /// From a moment to another.
    Between(Moment, Timestamp),
    /// From a moment on.
    From(Moment),
    /// On a date, of which this is the first moment in UTC.
    Date(Timestamp),
}

/// Where a sample lies.
#[derive(Copy, Clone, Debug, PartialEq)]
pub(super) struct EffectiveTime {
    pub(super) start: Timestamp,
    pub(super) span_us: Option<i64>,
    pub(super) offset_minutes: Option<i16>,
    /// True where it is a date, and the first moment of it in UTC stands in.
    pub(super) assumed: bool,
}

const NEEDED: SchemaError = SchemaError {
    reason: Reason::NoInstant,
    field: "effective",
    what: "needs an effectiveDateTime, effectiveInstant or effectivePeriod",
};
const ONE_ONLY: SchemaError =
    SchemaError { reason: Reason::Undecodable, field: "effective", what: "must have one form, not several at once" };
const TIMING: SchemaError = SchemaError {
    reason: Reason::NoInstant,
    field: "effectiveTiming",
    what: "is no time of a measurement: give an effectiveDateTime or effectivePeriod",
};
const NO_MOMENT: SchemaError = SchemaError {
    reason: Reason::NoInstant,
    field: "",
    what: "must be a date and time with seconds and a zone, as in 2026-11-23T10:00:00Z",
};
const DATE_ALONE: SchemaError = SchemaError {
    reason: Reason::NoInstant,
    field: "effective",
    what: "a date alone holds for what has one value a day: give the time and its zone",
};
const NO_END: SchemaError =
    SchemaError { reason: Reason::BadInterval, field: "effectivePeriod", what: "needs a start and an end" };

/// Reads what an Observation has: a dateTime, a Period, an instant or a Timing.
pub(super) fn read(forms: [Option<&RawValue>; 4]) -> Result<Effective, SchemaError> {
    if forms.iter().flatten().count() > 1 {
        return Err(ONE_ONLY);
    }
    match forms {
        [Some(date_time), ..] => date_or_moment(date_time).map_err(|error| error.within("effectiveDateTime")),
        [_, Some(period), ..] => read_period(period).map_err(|error| error.within("effectivePeriod")),
        [_, _, Some(instant), _] => {
            moment(instant).map(Effective::At).map_err(|error| error.within("effectiveInstant"))
        }
        [_, _, _, Some(_)] => Err(TIMING),
        _ => Err(NEEDED),
    }
}

impl Effective {
    /// Where one value lies; `is_daily`: there is one a day.
    pub(super) fn place(self, is_daily: bool) -> Result<EffectiveTime, SchemaError> {
        let at = |(start, offset_minutes), span_us| EffectiveTime { start, span_us, offset_minutes, assumed: false };
        match self {
            Effective::At(moment) => Ok(at(moment, None)),
            Effective::Between(moment, end) => Ok(at(moment, Some(end.micros_since(moment.0)))),
            Effective::From(_) => Err(NO_END),
            Effective::Date(start) if is_daily => {
                Ok(EffectiveTime { start, span_us: None, offset_minutes: None, assumed: true })
            }
            Effective::Date(_) => Err(DATE_ALONE),
        }
    }

    /// Where the first of a series of values lies.
    pub(super) fn first(self) -> Result<Moment, SchemaError> {
        match self {
            Effective::At(moment) | Effective::Between(moment, _) | Effective::From(moment) => Ok(moment),
            Effective::Date(_) => Err(DATE_ALONE),
        }
    }
}

fn read_period(raw: &RawValue) -> Result<Effective, SchemaError> {
    let [start, end] = members(raw, |name| match name {
        "start" => Some(0),
        "end" => Some(1),
        _ => None,
    })?;
    let start = start.ok_or(NO_END).and_then(moment)?;
    let end = end.map(moment).transpose()?;
    Ok(end.map_or(Effective::From(start), |(end, _)| Effective::Between(start, end)))
}

fn date_or_moment(raw: &RawValue) -> Result<Effective, SchemaError> {
    if let Some(date) = text(raw).filter(|text| text.len() == "2026-11-23".len()) {
        let midnight = Timestamp::parse_rfc3339(&format!("{date}T00:00:00Z"));
        return midnight.map(Effective::Date).map_err(|_| NO_MOMENT);
    }
    moment(raw).map(Effective::At)
}

/// Reads a time with its zone.
pub(super) fn moment(raw: &RawValue) -> Result<Moment, SchemaError> {
    let text = text(raw).ok_or(NO_MOMENT)?;
    Timestamp::parse_local_rfc3339(&text).map_err(|_| NO_MOMENT)
}
