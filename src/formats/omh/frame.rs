//! When a body's values hold: the time frames of Open mHealth and IEEE 1752.1.
//!
//! A frame is an instant or an interval, and an interval has three forms: start and end, start and duration, duration
//! and end. Open mHealth has a fourth, a date with a part of the day, which names no instant: it is valid, and is not
//! stored as midnight. A form counts where its own members are valid, as in the schemas' `oneOf`; exactly one must.
//!
//! Months and years are counted on the calendar, in the zone in which the payload wrote the time: a month from
//! 31 January ends on the last of February.

use jiff::Span;
use jiff::tz::Offset;
use serde_json::value::RawValue;

use super::error::SchemaError;
use super::forms::is_full_date;
use super::json::{members, quantity, text};
use crate::model::reason::Reason;
use crate::model::time::{DAY_US, MINUTE_US, SECOND_US, Timestamp};

/// What one schema lets a time frame be.
#[derive(Copy, Clone, Debug)]
pub(super) struct FrameRule {
    /// True where a date with a part of the day is an interval too.
    pub(super) day_parts: bool,
    /// The member that must be there.
    pub(super) required: RequiredForm,
}

/// The member that a schema demands of a time frame.
#[derive(Copy, Clone, Debug, PartialEq)]
pub(super) enum RequiredForm {
    Either,
    Interval,
    Instant,
}

/// The units of a duration, shortest first.
pub(super) const DURATIONS: &[&str] = &["ps", "ns", "us", "ms", "sec", "min", "h", "d", "wk", "Mo", "yr"];

/// A valid time frame, not yet placed on the time line.
#[derive(Copy, Clone, Debug)]
pub(super) enum Frame {
    Instant(LocatedTime),
    Between(LocatedTime, LocatedTime),
    From(LocatedTime, Length),
    Until(LocatedTime, Length),
    PartOfDay,
}

/// A time with the offset of the zone in which it was written, where it names one.
#[derive(Copy, Clone, Debug)]
pub(super) struct LocatedTime {
    at: Timestamp,
    offset_minutes: Option<i16>,
}

/// A duration: on the clock, or on the calendar.
#[derive(Copy, Clone, Debug)]
pub(super) enum Length {
    Micros(f64),
    Months(f64),
}

/// Where on the time line: when it began and, for an interval, how many microseconds it lasted.
#[derive(Copy, Clone, Debug, PartialEq)]
pub(super) struct TimeSpan {
    pub(super) start: Timestamp,
    pub(super) span_us: Option<i64>,
    /// By how many minutes the local time in which it was written is ahead of UTC.
    pub(super) offset_minutes: Option<i16>,
}

/// Reads a time frame where its schema accepts it.
pub(super) fn frame(raw: &RawValue, rule: FrameRule) -> Result<Frame, SchemaError> {
    let [date_time, time_interval] = members(raw, |name| match name {
        "date_time" => Some(0),
        "time_interval" => Some(1),
        _ => None,
    })?;
    let has_required = match rule.required {
        RequiredForm::Either => true,
        RequiredForm::Interval => time_interval.is_some(),
        RequiredForm::Instant => date_time.is_some(),
    };
    if !has_required {
        return Err(SchemaError::new(
            Reason::BadInterval,
            "has not the date_time or the time_interval that its schema demands",
        ));
    }
    let instant = date_time.map(moment);
    let span = time_interval.map(|raw| interval(raw, rule.day_parts));
    match (instant, span) {
        (Some(Ok(_)), Some(Ok(_))) => {
            Err(SchemaError::shape("must be either a date_time or a time_interval, not both"))
        }
        (Some(Ok(instant)), _) => Ok(Frame::Instant(instant)),
        (_, Some(Ok(span))) => Ok(span),
        (Some(Err(error)), _) => Err(error.within("date_time")),
        (None, Some(Err(error))) => Err(error.within("time_interval")),
        (None, None) => Err(SchemaError::new(Reason::NoInstant, "needs a date_time or a time_interval")),
    }
}

/// Reads an interval in exactly one of its forms.
pub(super) fn interval(raw: &RawValue, day_parts: bool) -> Result<Frame, SchemaError> {
    let [start, end, length, date, part] = members(raw, |name| match name {
        "start_date_time" => Some(0),
        "end_date_time" => Some(1),
        "duration" => Some(2),
        "date" => Some(3),
        "part_of_day" => Some(4),
        _ => None,
    })?;
    let start = start.map(|raw| moment(raw).map_err(|error| error.within("start_date_time")));
    let end = end.map(|raw| moment(raw).map_err(|error| error.within("end_date_time")));
    let length = length.map(|raw| duration(raw).map_err(|error| error.within("duration")));
    let (from, until, lasting) = (valid(&start), valid(&end), valid(&length));
    let day = day_parts && date.is_some_and(is_date) && part.is_some_and(is_part_of_day);
    let mut forms = [
        from.zip(until).map(|(from, until)| Frame::Between(from, until)),
        from.zip(lasting).map(|(from, lasting)| Frame::From(from, lasting)),
        until.zip(lasting).map(|(until, lasting)| Frame::Until(until, lasting)),
        day.then_some(Frame::PartOfDay),
    ]
    .into_iter()
    .flatten();
    match (forms.next(), forms.next()) {
        (Some(form), None) => Ok(form),
        (Some(_), Some(_)) => Err(SchemaError::new(Reason::BadInterval, "must have one form, not several at once")),
        (None, _) => Err(error_of(start).or(error_of(end)).or(error_of(length)).unwrap_or(SchemaError::new(
            Reason::BadInterval,
            "needs two of start_date_time, end_date_time and duration",
        ))),
    }
}

/// Reads a time of RFC 3339. Without a zone it is no instant: its meaning would be a guess.
pub(super) fn moment(raw: &RawValue) -> Result<LocatedTime, SchemaError> {
    let written = text(raw).ok_or(SchemaError::shape("a time must be a string"))?;
    let (at, offset_minutes) = Timestamp::parse_local_rfc3339(&written).map_err(|_| {
        SchemaError::new(Reason::NoInstant, "a time must be RFC 3339 with a zone, as in 2026-11-23T10:00:00Z")
    })?;
    Ok(LocatedTime { at, offset_minutes })
}

/// Reads a duration with one of its units.
pub(super) fn duration(raw: &RawValue) -> Result<Length, SchemaError> {
    let length = quantity(raw, DURATIONS)?;
    let micros = match length.unit.as_ref() {
        "Mo" => return Ok(Length::Months(length.value)),
        "yr" => return Ok(Length::Months(length.value * 12.0)),
        "ps" => 1e-6,
        "ns" => 1e-3,
        "us" => 1.0,
        "ms" => 1e3,
        "sec" => SECOND_US as f64,
        "min" => MINUTE_US as f64,
        "h" => 60.0 * MINUTE_US as f64,
        "d" => DAY_US as f64,
        _ => 7.0 * DAY_US as f64,
    };
    Ok(Length::Micros(length.value * micros))
}

impl LocatedTime {
    /// The moment itself.
    pub(super) fn at(self) -> Timestamp {
        self.at
    }

    /// An instant at this moment.
    pub(super) fn instant(self) -> TimeSpan {
        self.beginning(self.at, None)
    }

    /// What begins at a moment, in this time's zone.
    fn beginning(self, start: Timestamp, span_us: Option<i64>) -> TimeSpan {
        TimeSpan { start, span_us, offset_minutes: self.offset_minutes }
    }

    fn offset_us(self) -> i64 {
        self.offset_minutes.map_or(0, |minutes| i64::from(minutes) * MINUTE_US)
    }
}

impl Frame {
    /// The span of the frame, where it names an instant.
    pub(super) fn place(self) -> Result<TimeSpan, SchemaError> {
        match self {
            Frame::Instant(moment) => Ok(moment.instant()),
            Frame::Between(from, until) => Ok(from.beginning(from.at, Some(until.at.micros_since(from.at)))),
            Frame::From(from, length) => {
                let until = shifted(from, length, 1)?;
                Ok(from.beginning(from.at, Some(until.micros_since(from.at))))
            }
            Frame::Until(until, length) => {
                let start = shifted(until, length, -1)?;
                Ok(until.beginning(start, Some(until.at.micros_since(start))))
            }
            Frame::PartOfDay => {
                Err(SchemaError::new(Reason::NoInstant, "a date and a part of the day name no instant"))
            }
        }
    }
}

/// A moment moved forward (`sign` 1) or back (-1) by a length of time.
fn shifted(moment: LocatedTime, length: Length, sign: i64) -> Result<Timestamp, SchemaError> {
    let unplaceable = SchemaError::new(Reason::BadInterval, "the duration leaves the calendar").within("duration");
    match length {
        Length::Micros(micros) => {
            let micros = micros.round();
            // Every length that fits the calendar is far inside this; NaN fails too.
            if !(-9e17..9e17).contains(&micros) {
                return Err(unplaceable);
            }
            let moved = moment.at.micros() + sign * micros as i64;
            Timestamp::from_micros(moved).map_err(|_| unplaceable)
        }
        Length::Months(months) => {
            if months.fract() != 0.0 {
                let what = "a part of a calendar month has no length";
                return Err(SchemaError::new(Reason::BadInterval, what).within("duration"));
            }
            if !(-240_000.0..240_000.0).contains(&months) {
                return Err(unplaceable);
            }
            months_later(moment, sign * months as i64).ok_or(unplaceable)
        }
    }
}

/// The same day and time of day, as the payload's zone counts them, some months later; the last of a shorter month.
fn months_later(moment: LocatedTime, months: i64) -> Option<Timestamp> {
    let local = jiff::Timestamp::from_microsecond(moment.at.micros() + moment.offset_us()).ok()?;
    let moved = Offset::UTC.to_datetime(local).checked_add(Span::new().try_months(months).ok()?).ok()?;
    let moved = Offset::UTC.to_timestamp(moved).ok()?;
    Timestamp::from_micros(moved.as_microsecond() - moment.offset_us()).ok()
}

fn valid<T: Copy>(read: &Option<Result<T, SchemaError>>) -> Option<T> {
    read.as_ref().and_then(|read| read.as_ref().ok().copied())
}

fn error_of<T>(read: Option<Result<T, SchemaError>>) -> Option<SchemaError> {
    read.and_then(Result::err)
}

fn is_date(raw: &RawValue) -> bool {
    text(raw).is_some_and(|date| is_full_date(&date))
}

fn is_part_of_day(raw: &RawValue) -> bool {
    text(raw).is_some_and(|part| PARTS_OF_DAY.contains(&part.as_ref()))
}

/// The schemas' `part-of-day`.
pub(super) const PARTS_OF_DAY: &[&str] = &["morning", "afternoon", "evening", "night"];
