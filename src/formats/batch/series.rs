//! Series: each becomes a reading, or a rejection that leaves its neighbours alone.

use super::error::SeriesError;
use super::wire::{RawSeries, Text};
use super::{column, revised, times};
use crate::formats::decoded::REPLACES_MAX;
use crate::formats::{Decoded, Reading};
use crate::model::reason::{Reason, Rejection};

/// Rejections kept apart in one message; those of further series are joined, so that a payload of a million empty
/// series cannot make a million sentences.
pub(super) const REJECTIONS_MAX: usize = 16;

/// The readings of all series, and a rejection for each that cannot be read.
pub(super) fn decode_all<'a>(series: impl Iterator<Item = Result<RawSeries<'a>, Rejection>>) -> Decoded<'a> {
    let mut decoded = Decoded { readings: Vec::with_capacity(series.size_hint().0), ..Decoded::default() };
    let mut replaces = 0_usize;
    for (place, one) in series.enumerate() {
        let read = one.and_then(|series| {
            replaces += usize::from(series.replaces.is_some());
            let is_over = series.replaces.is_some() && replaces > REPLACES_MAX;
            let read = if is_over { Err(SeriesError::ManyReplaces(REPLACES_MAX)) } else { decode_series(&series) };
            read.map_err(|error| error.in_series(place, series.len()))
        });
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

/// The series as a reading, `None` where it holds no sample and replaces none, and how many of its slots are not
/// measured.
fn decode_series<'a>(series: &RawSeries<'a>) -> Result<(Option<Reading<'a>>, u64), SeriesError> {
    let column = match (series.values, series.codes) {
        (Some(values), None) => column::numbers(values.get())?,
        (None, Some(codes)) => column::codes(codes.get())?,
        _ => return Err(SeriesError::ValuesOrCodes),
    };
    let (revision, replaces) = revised::read(series)?;
    let (times, spans, offsets) = times::read(series, column.slots, &column.missing)?;
    let not_measured = u64::try_from(column.missing.len()).unwrap_or(u64::MAX);
    if column.missing.len() == column.slots && replaces.is_none() {
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
        offsets,
        revision,
        replaces,
    };
    Ok((Some(reading), not_measured))
}

impl RawSeries<'_> {
    /// Samples that the series gives, as far as that can be known.
    fn len(&self) -> usize {
        self.values.or(self.codes).map_or(0, |column| column::len(column.get()))
    }
}
