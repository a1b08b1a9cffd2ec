//! A valid body becomes samples: its members become values of the metrics that the tables map them to.
//!
//! Invariant: what a body states of its values (the statistic, the stage, the place on the body) goes into the key of
//! its samples, or rejects them; it is never ignored.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::collect::{Collector, Key, Measured};
use super::error::{BodyError, NO_METRIC, SchemaError};
use super::frame::TimeSpan;
use super::header::Header;
use super::healthkit;
use super::json::{Quantity, each, members, number, quantity, text};
use super::sample_time::{SampleTime, sample_time, time_of_frame};
use super::schema::{Choice, Mapping, NIGHT_VALUES, STAGE_CODES, Shape, VALUES_MAX, Value};
use crate::model::reason::Reason;

/// Adds the samples of a body to the readings, and those that cannot be read to the rejections.
pub(super) fn read<'a>(body: &'a RawValue, mapping: Mapping, header: &Header<'a>, collector: &mut Collector<'a>) {
    let read = match mapping {
        Mapping::Nothing => Ok(0),
        Mapping::Values(values) => read_values(body, body, values, header, collector),
        Mapping::Chosen(value, choice) => read_chosen(body, value, choice, header, collector),
        Mapping::Stages => read_stages(body, header, collector),
        Mapping::HealthKitQuantity => healthkit::read_quantity(body, header, collector),
        Mapping::HealthKitCategory => healthkit::read_category(body, header, collector),
        Mapping::HealthKitCorrelation => healthkit::read_correlation(body, header, collector),
    };
    match read {
        Ok(0) => collector.reject(NO_METRIC, Some(&header.schema), 1),
        Ok(_) => {}
        Err(BodyError(error, samples)) => collector.reject(error, Some(&header.schema), samples),
    }
}

/// Values of one object; returns how many there are, rejected ones included. Its frame is that of `framed`: of the
/// object itself, or of the body around it.
fn read_values<'a>(
    object: &'a RawValue,
    framed: &'a RawValue,
    values: &'static [Value],
    header: &Header<'a>,
    collector: &mut Collector<'a>,
) -> Result<usize, BodyError> {
    let found: [_; VALUES_MAX] = members(object, |name| values.iter().position(|Value(member, ..)| *member == name))?;
    let mut samples = Vec::with_capacity(values.len());
    for (Value(member, metric, shape), raw) in values.iter().zip(found) {
        let read = raw.map(|raw| read_shape(raw, *shape)).transpose().map_err(|error| error.within(member))?;
        samples.extend(read.flatten().map(|given| (*metric, *shape, given)));
    }
    let all = |error| BodyError(error, samples.len());
    if samples.is_empty() {
        return Ok(0);
    }
    let statistic = Statistic::of(object).map_err(all)?;
    let SampleTime { time_span, assumed } = sample_time(framed, header.created).map_err(all)?;
    let count = samples.len();
    for (metric, shape, Given { value, unit }) in samples {
        match statistic.text(shape) {
            Ok(statistic) => {
                collector.add(
                    Key { metric, statistic, unit, time_assumed: assumed },
                    time_span,
                    Measured::Number(value),
                );
            }
            Err(error) => collector.reject(error, Some(&header.schema), 1),
        }
    }
    Ok(count)
}

/// A number, and the payload's word for its unit.
#[derive(Debug)]
struct Given<'a> {
    value: f64,
    unit: Option<Cow<'a, str>>,
}

/// The number and its unit; `None` where it is a value of another metric.
fn read_shape(raw: &RawValue, shape: Shape) -> Result<Option<Given<'_>>, SchemaError> {
    match shape {
        Shape::Bare => match number(raw) {
            Some(value) => Ok(Some(Given { value, unit: None })),
            None => Err(SchemaError::shape("must be a number")),
        },
        Shape::Quantity | Shape::Class(_) => {
            quantity(raw, &[]).map(|Quantity { value, unit }| Some(Given { value, unit: Some(unit) }))
        }
        Shape::Counted(unit) => {
            let quantity = quantity(raw, &[])?;
            Ok((quantity.unit == unit).then_some(Given { value: quantity.value, unit: Some(quantity.unit) }))
        }
    }
}

fn read_chosen<'a>(
    body: &'a RawValue,
    Value(member, metric, shape): Value,
    Choice(beside, words): Choice,
    header: &Header<'a>,
    collector: &mut Collector<'a>,
) -> Result<usize, BodyError> {
    let [value, word] = members(body, |name| match name {
        _ if name == member => Some(0),
        _ if name == beside => Some(1),
        _ => None,
    })?;
    let word = word.and_then(text);
    let chosen =
        words.iter().find(|(known, _)| word.as_deref() == Some(*known)).map_or(Some(metric), |(_, metric)| *metric);
    let Some(metric) = chosen else { return Ok(0) };
    let read = value.map(|raw| read_shape(raw, shape)).transpose().map_err(|error| error.within(member))?;
    let Some(Given { value, unit }) = read.flatten() else { return Ok(0) };
    let statistic = Statistic::of(body)?.text(shape)?;
    let SampleTime { time_span, assumed } = sample_time(body, header.created)?;
    collector.add(Key { metric, statistic, unit, time_assumed: assumed }, time_span, Measured::Number(value));
    Ok(1)
}

fn read_stages<'a>(body: &'a RawValue, header: &Header<'a>, collector: &mut Collector<'a>) -> Result<usize, BodyError> {
    let [summary, episodes] = members(body, |name| match name {
        "sleep_stage_summary" => Some(0),
        "sleep_stage_episodes" => Some(1),
        _ => None,
    })?;
    let mut count = 0;
    if let Some(summary) = summary {
        match read_values(summary, body, NIGHT_VALUES, header, collector) {
            Ok(samples) => count += samples,
            Err(BodyError(error, samples)) => {
                collector.reject(error, Some(&header.schema), samples);
                count += samples;
            }
        }
    }
    if let Some(episodes) = episodes {
        count += each(episodes, |episode| {
            match read_stage(episode, header) {
                Ok((time_span, code)) => collector.add(Key::sleep_stage(false), time_span, Measured::Code(code)),
                Err(error) => collector.reject(error, Some(&header.schema), 1),
            }
            Ok(())
        })?;
    }
    Ok(count)
}

fn read_stage(episode: &RawValue, header: &Header<'_>) -> Result<(TimeSpan, &'static str), SchemaError> {
    let [state, frame] = members(episode, |name| match name {
        "sleep_stage_state" => Some(0),
        "sleep_stage_time_frame" => Some(1),
        _ => None,
    })?;
    let state = state.and_then(text);
    let code = STAGE_CODES.iter().find(|(known, _)| state.as_deref() == Some(*known)).map(|(_, code)| *code);
    let code =
        code.ok_or(SchemaError::new(Reason::UnknownCode, "must be a stage of its schema").within("sleep_stage_state"))?;
    let when = time_of_frame(frame, header.created).map_err(|error| error.within("sleep_stage_time_frame"))?;
    Ok((when.time_span, code))
}

/// What a body states of its values.
#[derive(Debug)]
struct Statistic<'a> {
    word: Option<Cow<'a, str>>,
    denominator: Option<Cow<'a, str>>,
}

impl<'a> Statistic<'a> {
    /// Reads it from an object, whether or not its schema knows the member: a maximum is none the less a maximum.
    fn of(object: &'a RawValue) -> Result<Statistic<'a>, SchemaError> {
        let [word, denominator] = members(object, |name| match name {
            "descriptive_statistic" => Some(0),
            "descriptive_statistic_denominator" => Some(1),
            _ => None,
        })?;
        let read = |raw: Option<&'a RawValue>, field| {
            let error = SchemaError::new(Reason::UnknownStatistic, "must be a string").within(field);
            raw.map(|raw| text(raw).ok_or(error)).transpose()
        };
        Ok(Statistic {
            word: read(word, "descriptive_statistic")?,
            denominator: read(denominator, "descriptive_statistic_denominator")?,
        })
    }

    /// The words of the key for a value of this shape. A denominator without a statistic divides nothing.
    fn text(&self, shape: Shape) -> Result<Option<Cow<'a, str>>, SchemaError> {
        let word = match (shape, &self.word) {
            (Shape::Class(class), None) => return Ok(Some(Cow::Borrowed(class))),
            // Minutes of a class are themselves a sum.
            (Shape::Class(class), Some(word)) if word == "sum" => Cow::Borrowed(class),
            (Shape::Class(_), Some(_)) => {
                let what = "must be sum, or left out, beside minutes of a class of activity";
                return Err(SchemaError::new(Reason::UnknownStatistic, what).within("descriptive_statistic"));
            }
            (_, None) => return Ok(None),
            (_, Some(word)) => word.clone(),
        };
        Ok(Some(match &self.denominator {
            Some(denominator) => Cow::Owned(format!("{word}/{denominator}")),
            None => word,
        }))
    }
}
