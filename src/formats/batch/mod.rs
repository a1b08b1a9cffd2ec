//! HealthTrack's own batch in JSON, version 1: what hubs send (`schemas/payloads/batch.schema.json`).
//!
//! # Why
//! A message of 60 values is the common case, so it is read in one typed pass that borrows from the payload and keeps
//! each column of numbers as text; `column` then turns a column into numbers with one allocation. Only a message that
//! this pass refuses is read again, series by series, so that one malformed series does not take its neighbours with
//! it.
//!
//! Unknown keys are refused: a hub that writes `stat` for `statistic` would otherwise store a maximum as a measurement.
//!
//! Invariant: a detail names keys, places and limits, never a value that was measured.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Decoded, Reading, Values};
use crate::model::ids::is_name;
use crate::model::reason::{Reason, Rejection};

mod column;
mod fault;
mod salvage;
mod times;
/// The same format, written.
pub mod write;

use fault::Fault;

/// Reads one batch: its readings, and a rejection for each series that breaks the rules.
///
/// `Err` where the message itself cannot be read: bad UTF-8, bad JSON, an unknown key, another version, no device's
/// name.
pub fn decode(payload: &[u8]) -> Result<Decoded<'_>, Rejection> {
    let Ok(text) = std::str::from_utf8(payload) else {
        return Err(undecodable("the message must be UTF-8"));
    };
    let (device, decoded) = match serde_json::from_str::<Message<'_>>(text) {
        Ok(Message { v: 1, id, device, series }) if id.as_ref().is_none_or(|id| is_uuid(&id.0)) => {
            let decoded = decode_all(series.into_iter().map(Ok));
            // A column is only looked into when it is read, so depth shows as a malformed series.
            if !decoded.rejections.is_empty() {
                salvage::check_depth(text)?;
            }
            (device, decoded)
        }
        _ => salvage::read(text)?,
    };
    name_device(device, decoded)
}

/// The whole message, as it should be.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Message<'a> {
    v: u64,
    #[serde(borrow, default)]
    id: Option<Text<'a>>,
    #[serde(borrow, default)]
    device: Option<Text<'a>>,
    #[serde(borrow)]
    series: Vec<Series<'a>>,
}

/// One series, as it is written; its columns are still text.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Series<'a> {
    #[serde(borrow)]
    metric: Text<'a>,
    #[serde(borrow, default)]
    statistic: Option<Text<'a>>,
    #[serde(borrow, default)]
    unit: Option<Text<'a>>,
    #[serde(borrow, default)]
    start: Option<&'a RawValue>,
    #[serde(borrow, default)]
    period_ms: Option<&'a RawValue>,
    #[serde(borrow, default)]
    times: Option<&'a RawValue>,
    #[serde(borrow, default)]
    ends: Option<&'a RawValue>,
    #[serde(borrow, default)]
    values: Option<&'a RawValue>,
    #[serde(borrow, default)]
    codes: Option<&'a RawValue>,
}

/// A text that borrows from the payload unless it is written with escapes (serde lends only to a field of this very
/// form).
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// Rejections kept apart in one message; those of further series are joined, so that a payload of a million empty
/// series cannot make a million sentences.
const REJECTIONS_MAX: usize = 16;

fn decode_all<'a>(series: impl Iterator<Item = Result<Series<'a>, Rejection>>) -> Decoded<'a> {
    let mut decoded = Decoded { readings: Vec::with_capacity(series.size_hint().0), ..Decoded::default() };
    for (place, one) in series.enumerate() {
        let read = one.and_then(|series| decode_series(&series).map_err(|fault| fault.in_series(place, series.len())));
        match read {
            Ok((reading, not_measured)) => {
                decoded.not_measured += not_measured;
                decoded.readings.extend(reading);
            }
            Err(rejection) => reject(&mut decoded.rejections, rejection),
        }
    }
    decoded
}

fn reject(rejections: &mut Vec<Rejection>, rejection: Rejection) {
    let is_full = rejections.len() >= REJECTIONS_MAX;
    match rejections.last_mut() {
        Some(last) if is_full => {
            last.reason = Reason::MalformedSeries;
            last.detail = format!("correct the {REJECTIONS_MAX}th malformed series and those after it, joined here");
            last.samples = last.samples.saturating_add(rejection.samples);
        }
        _ => rejections.push(rejection),
    }
}

/// The series as a reading, `None` where it holds no sample, and how many of its slots are not measured.
fn decode_series<'a>(series: &Series<'a>) -> Result<(Option<Reading<'a>>, u64), Fault> {
    let column = match (series.values, series.codes) {
        (Some(values), None) => column::numbers(values.get())?,
        (None, Some(codes)) => column::codes(codes.get())?,
        _ => return Err(Fault::ValuesOrCodes),
    };
    let (times, spans) = times::read(series, column.slots, &column.missing)?;
    let not_measured = u64::try_from(column.missing.len()).unwrap_or(u64::MAX);
    if column.missing.len() == column.slots {
        return Ok((None, not_measured));
    }
    let borrow = |text: &Option<Text<'a>>| text.as_ref().map(|text| text.0.clone());
    let reading = Reading {
        device: None,
        metric: series.metric.0.clone(),
        statistic: borrow(&series.statistic),
        unit: borrow(&series.unit),
        times,
        spans,
        values: column.values,
        time_assumed: false,
    };
    Ok((Some(reading), not_measured))
}

impl Series<'_> {
    /// Samples that the series gives, as far as that can be known.
    fn len(&self) -> usize {
        self.values.or(self.codes).map_or(0, |column| column::len(column.get()))
    }
}

/// Gives each reading the message's device. A text that is no name is refused here, before it is copied to each of
/// them.
fn name_device<'a>(device: Option<Text<'a>>, mut decoded: Decoded<'a>) -> Result<Decoded<'a>, Rejection> {
    let Some(Text(device)) = device else { return Ok(decoded) };
    if !is_name(&device) {
        let believed: usize = decoded.readings.iter().map(|reading| count(&reading.values)).sum();
        let refused: u64 = decoded.rejections.iter().map(|rejection| rejection.samples).sum();
        let mut rejection = Rejection::new(Reason::BadDevice, "`device` must match [A-Za-z0-9._-]{1,64}", believed);
        rejection.samples = u64::try_from(believed).unwrap_or(u64::MAX).saturating_add(refused).max(1);
        return Err(rejection);
    }
    for reading in &mut decoded.readings {
        reading.device = Some(device.clone());
    }
    Ok(decoded)
}

fn undecodable(detail: impl Into<String>) -> Rejection {
    Rejection::new(Reason::Undecodable, detail, 1)
}

/// True for 8-4-4-4-12 hexadecimal digits.
fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(place, byte)| match place {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

fn count(values: &Values<'_>) -> usize {
    match values {
        Values::Numbers(numbers) => numbers.len(),
        Values::Codes(codes) => codes.len(),
    }
}

#[cfg(test)]
mod tests;
