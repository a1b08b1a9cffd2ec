//! Times of a series: a start and a period, or a list; the ends that make intervals of them; and the local time in
//! which they were written.

use super::column::{entries, number};
use super::error::SeriesError;
use super::wire::RawSeries;
use crate::formats::Offsets;
use crate::formats::evenly::evenly;
use crate::model::sample::{Spans, Times};
use crate::model::time::Timestamp;

/// Microseconds in a millisecond.
const MILLI_US: f64 = 1_000.0;

/// Times, spans and local time of a series of `slots` entries, less those at the places `missing`.
pub(super) fn read(
    series: &RawSeries<'_>,
    slots: usize,
    missing: &[usize],
) -> Result<(Times, Spans, Offsets), SeriesError> {
    let (times, offsets) = match (series.times, series.start) {
        (Some(list), None) if series.period_ms.is_none() => {
            let (times, offsets) = read_list(list.get(), "times", slots)?;
            (Times::At(times), offsets)
        }
        (None, Some(start)) => {
            let (start, offset) = read_time(start.get().as_bytes(), "start")?;
            let period_us = series.period_ms.map(|period| read_period_us(period.get())).transpose()?;
            (lay_out(start, period_us, slots)?, offset.map_or(Offsets::None, Offsets::Each))
        }
        // No value needs no time.
        (None, None) if slots == 0 && series.period_ms.is_none() => (Times::At(Vec::new()), Offsets::None),
        _ => return Err(SeriesError::TimesOrStart),
    };
    let ends = series.ends.map(|list| read_list(list.get(), "ends", slots)).transpose()?.map(|(ends, _)| ends);
    let offsets = match offsets {
        Offsets::Own(own) if !missing.is_empty() => Offsets::Own(without(own, missing)),
        offsets => offsets,
    };
    let spans = ends.map_or(Spans::None, |ends| spans_between(&times, &without(ends, missing), missing));
    let times = match times {
        times if missing.is_empty() => times,
        Times::At(times) => Times::At(without(times, missing)),
        regular @ Times::Regular { .. } => {
            Times::At(without((0..slots).filter_map(|place| regular.at(place)).collect(), missing))
        }
    };
    Ok((times, spans, offsets))
}

/// A list of times, as many as there are values, and the local times in which they were written.
fn read_list(array: &str, key: &'static str, slots: usize) -> Result<(Vec<Timestamp>, Offsets), SeriesError> {
    let entries = entries(array).ok_or(SeriesError::Times(key))?;
    // Counted first: a list of a million times beside one value is not worth reading.
    if entries.len() != slots {
        return Err(SeriesError::Length(key));
    }
    let mut times = Vec::with_capacity(slots);
    let (mut first, mut own) = (None, Vec::new());
    for entry in entries {
        let (time, offset) = read_time(entry, key)?;
        if times.is_empty() {
            first = offset;
        } else if own.is_empty() && offset != first {
            // Rare: the night on which the clock changes.
            own = vec![first; times.len()];
        }
        if !own.is_empty() {
            own.push(offset);
        }
        times.push(time);
    }
    let offsets = if own.is_empty() { first.map_or(Offsets::None, Offsets::Each) } else { Offsets::Own(own) };
    Ok((times, offsets))
}

/// RFC 3339 in quotes with its offset, or milliseconds since 1970.
pub(super) fn read_time(entry: &[u8], key: &'static str) -> Result<(Timestamp, Option<i16>), SeriesError> {
    let error = SeriesError::Times(key);
    let [b'"', ..] = entry else {
        let time = read_millis(entry).map(|time| (time, None));
        return time.ok_or_else(|| scale_of(entry).map_or(error, |scale| SeriesError::Scale(key, scale)));
    };
    let quoted = std::str::from_utf8(entry).map_err(|_| error)?;
    let text = quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"')).ok_or(error)?;
    if text.contains('\\') {
        let text: String = serde_json::from_str(quoted).map_err(|_| error)?;
        return read_text(&text, key);
    }
    read_text(text, key)
}

fn read_text(text: &str, key: &'static str) -> Result<(Timestamp, Option<i16>), SeriesError> {
    Timestamp::parse_local_rfc3339(text).map_err(|_| {
        // A time to which only the zone is wanting; longer texts are none, and are not copied to find out.
        let zoneless = text.len() <= 40 && Timestamp::parse_rfc3339(&format!("{text}Z")).is_ok();
        if zoneless { SeriesError::NoZone(key) } else { SeriesError::Times(key) }
    })
}

fn read_millis(entry: &[u8]) -> Option<Timestamp> {
    let millis = number(entry)?;
    Timestamp::from_millis_fraction(millis).ok()
}

/// The scale in which a number that is no time in milliseconds would be one of the years 2001 to 2286. Seconds are not
/// among them: they are sound milliseconds of the year 1970, which `validate` knows to be too old.
fn scale_of(entry: &[u8]) -> Option<&'static str> {
    match number(entry)? {
        1e15..1e16 => Some("microseconds"),
        1e18..1e19 => Some("nanoseconds"),
        _ => None,
    }
}

fn read_period_us(text: &str) -> Result<f64, SeriesError> {
    // Below a microsecond two samples would share their time. Written so that NaN fails too.
    number(text.as_bytes()).map(|millis| millis * MILLI_US).filter(|period| *period >= 1.0).ok_or(SeriesError::Period)
}

fn lay_out(start: Timestamp, period_us: Option<f64>, slots: usize) -> Result<Times, SeriesError> {
    let Some(period_us) = period_us else {
        return if slots <= 1 { Ok(Times::At(vec![start; slots])) } else { Err(SeriesError::NoPeriod) };
    };
    evenly(start, period_us, slots).ok_or(SeriesError::PastTheEnd)
}

/// Spans from the times to the ends that are left; one number where they are equal.
fn spans_between(times: &Times, ends: &[Timestamp], missing: &[usize]) -> Spans {
    let mut missing = missing.iter().copied().peekable();
    let mut place = 0_usize;
    let mut span_us = |end: &Timestamp| {
        while missing.next_if_eq(&place).is_some() {
            place += 1;
        }
        let start = times.at(place);
        place += 1;
        start.map(|start| end.micros_since(start))
    };
    let spans: Vec<Option<i64>> = ends.iter().map(&mut span_us).collect();
    match spans.first() {
        Some(Some(first)) if spans.iter().all(|span| *span == Some(*first)) => Spans::Each(*first),
        Some(_) => Spans::Own(spans),
        None => Spans::None,
    }
}

/// The list less the entries at the places `missing`, which rise.
fn without<T>(mut list: Vec<T>, missing: &[usize]) -> Vec<T> {
    let mut missing = missing.iter().copied().peekable();
    let mut place = 0_usize;
    list.retain(|_| {
        let is_missing = missing.next_if_eq(&place).is_some();
        place += 1;
        !is_missing
    });
    list
}
