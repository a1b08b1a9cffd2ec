//! Series of values one period apart: FHIR's SampledData, the shape of a block.
//!
//! Its data are decimals, and letters: E for what was not measured, L and U for what lay below and above the limits of
//! detection. Each decimal times the factor, from the origin on, is the value.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::code::Meaning;
use super::decimal::Decimal;
use super::value::origin;
use crate::formats::error::SchemaError;
use crate::formats::evenly::evenly;
use crate::formats::json::{members, number, text};
use crate::model::reason::Reason;
use crate::model::sample::Times;
use crate::model::time::Timestamp;

/// Values of one SampledData: more than a message of the longest packet holds.
const SAMPLED_VALUES_MAX: usize = 1_000_000;
/// Microseconds in a millisecond.
const MILLI_US: f64 = 1_000.0;

/// What a SampledData gave.
#[derive(Debug)]
pub(super) struct SampledRun<'a> {
    pub(super) times: Times,
    pub(super) values: Vec<f64>,
    pub(super) unit: Option<Cow<'a, str>>,
    /// How many of its places were not measured.
    pub(super) not_measured: u64,
    /// The first moment after the last of its places, measured or not.
    pub(super) end: Timestamp,
}

const FIELDS: [&str; 5] = ["origin", "period", "factor", "dimensions", "data"];

/// Reads a `valueSampledData` of which the first value was measured at `start`.
pub(super) fn read<'a>(
    raw: &'a RawValue,
    meaning: &Meaning<'_>,
    start: Timestamp,
) -> Result<SampledRun<'a>, SchemaError> {
    let [zero, period, factor, dimensions, data] = members(raw, |name| FIELDS.iter().position(|known| *known == name))?;
    let zero = zero.ok_or(SchemaError::shape("needs an origin"))?;
    let (zero, unit) = origin(zero, meaning).map_err(|error| error.within("origin"))?;
    let zero = decimal(zero, "origin")?;
    let factor = factor.map_or(Ok(Decimal::ONE), |factor| decimal(factor, "factor"))?;
    if dimensions.and_then(number) != Some(1.0) {
        return Err(SchemaError::shape("must be 1: send each dimension as a component").within("dimensions"));
    }
    // Below a microsecond two samples would share their time. Written so that NaN fails too.
    let period_us = period.and_then(number).map(|millis| millis * MILLI_US).filter(|period_us| *period_us >= 1.0);
    let period_us =
        period_us.ok_or(SchemaError::shape("must be a number of milliseconds, at least 0.001").within("period"))?;
    let data = data.and_then(text).ok_or(SchemaError::shape("must be a string").within("data"))?;
    let slots = data.split_ascii_whitespace().count();
    if slots > SAMPLED_VALUES_MAX {
        return Err(SchemaError::new(Reason::TooManySamples, "must hold 1000000 values at most").within("data"));
    }
    let past_the_end = SchemaError::new(Reason::BadInterval, "leads out of the calendar").within("period");
    let times = evenly(start, period_us, slots).ok_or(past_the_end)?;
    let end = start.plus_micros((period_us * slots as f64) as i64);
    let mut values = Vec::with_capacity(slots);
    let mut missing = Vec::new();
    for (place, word) in data.split_ascii_whitespace().enumerate() {
        match word {
            "E" => missing.push(place),
            "L" => values.push(f64::NEG_INFINITY),
            "U" => values.push(f64::INFINITY),
            word => {
                let of = Decimal::parse(word)
                    .ok_or(SchemaError::shape("must be decimals, E, U and L, with spaces between").within("data"))?;
                let value = zero.plus_times(factor, of);
                if !value.is_finite() {
                    return Err(SchemaError::shape("must be numbers that a double holds").within("data"));
                }
                values.push(value);
            }
        }
    }
    let not_measured = u64::try_from(missing.len()).unwrap_or(u64::MAX);
    Ok(SampledRun { times: without(times, slots, &missing), values, unit, not_measured, end })
}

fn decimal(raw: &RawValue, field: &'static str) -> Result<Decimal, SchemaError> {
    // A text of digits is no number.
    Decimal::parse(raw.get()).ok_or(SchemaError::shape("must be a number").within(field))
}

/// The times less those at the places `missing`, which rise.
fn without(times: Times, slots: usize, missing: &[usize]) -> Times {
    if missing.is_empty() {
        return times;
    }
    let mut missing = missing.iter().copied().peekable();
    let kept = (0..slots).filter(|place| missing.next_if_eq(place).is_none());
    Times::At(kept.filter_map(|place| times.at(place)).collect())
}
