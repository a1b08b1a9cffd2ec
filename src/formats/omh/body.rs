//! A valid body becomes samples: its members are laid to the metrics that the tables give them.
//!
//! Invariant: what a body says of its values (the statistic, the stage, the place on the body) goes into the key of
//! its samples, or refuses them; it is never passed over.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::frame::{Demands, FrameRule, Moment, Placed, frame};
use super::gather::{Gathered, Key, Measured};
use super::header::Header;
use super::healthkit;
use super::json::{Fault, Quantity, each, members, number, quantity, text};
use super::schema::{Choice, FRAME, Gives, NIGHT_VALUES, STAGE_CODES, Shape, VALUES_MAX, Value};
use crate::model::reason::Reason;

/// When the values of a body hold.
#[derive(Copy, Clone, Debug)]
pub(super) struct When {
    pub(super) placed: Placed,
    /// True where the header's time stands in.
    pub(super) assumed: bool,
}

/// Lays what the body gives to the readings; the samples that it has, and that cannot be read, to the refusals.
pub(super) fn read<'a>(body: &'a RawValue, gives: Gives, header: &Header<'a>, gathered: &mut Gathered<'a>) {
    let read = match gives {
        Gives::Nothing => Ok(0),
        Gives::Values(values) => read_values(body, body, values, header, gathered),
        Gives::Chosen(value, choice) => read_chosen(body, value, choice, header, gathered),
        Gives::Stages => read_stages(body, header, gathered),
        Gives::HealthKitQuantity => healthkit::read_quantity(body, header, gathered),
        Gives::HealthKitCategory => healthkit::read_category(body, header, gathered),
        Gives::HealthKitCorrelation => healthkit::read_correlation(body, header, gathered),
    };
    match read {
        Ok(0) => gathered.refuse(NO_METRIC, Some(&header.schema), 1),
        Ok(_) => {}
        Err(Refusal(fault, samples)) => gathered.refuse(fault, Some(&header.schema), samples),
    }
}

/// What is valid and has no place in the catalogue.
pub(super) const NO_METRIC: Fault =
    Fault { reason: Reason::UnknownMetric, field: "", what: "holds no value of a metric of the catalogue" };

/// Why all samples of a body are refused, and how many they are.
#[derive(Debug)]
pub(super) struct Refusal(pub(super) Fault, pub(super) usize);

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Refusal {
        Refusal(fault, 1)
    }
}

/// Values of one object; gives how many there are, refused ones included. Its frame is that of `framed`: of the object
/// itself, or of the body around it.
fn read_values<'a>(
    object: &'a RawValue,
    framed: &'a RawValue,
    values: &'static [Value],
    header: &Header<'a>,
    gathered: &mut Gathered<'a>,
) -> Result<usize, Refusal> {
    let found: [_; VALUES_MAX] = members(object, |name| values.iter().position(|Value(member, ..)| *member == name))?;
    let mut samples = Vec::with_capacity(values.len());
    for (Value(member, metric, shape), raw) in values.iter().zip(found) {
        let read = raw.map(|raw| read_shape(raw, *shape)).transpose().map_err(|fault| fault.within(member))?;
        samples.extend(read.flatten().map(|given| (*metric, *shape, given)));
    }
    let all = |fault| Refusal(fault, samples.len());
    if samples.is_empty() {
        return Ok(0);
    }
    let statistic = Statistic::of(object).map_err(all)?;
    let When { placed, assumed } = when(framed, header.created).map_err(all)?;
    let count = samples.len();
    for (metric, shape, Given { value, unit }) in samples {
        match statistic.text(shape) {
            Ok(statistic) => {
                gathered.add(Key { metric, statistic, unit, time_assumed: assumed }, placed, Measured::Number(value));
            }
            Err(fault) => gathered.refuse(fault, Some(&header.schema), 1),
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
fn read_shape(raw: &RawValue, shape: Shape) -> Result<Option<Given<'_>>, Fault> {
    match shape {
        Shape::Bare => match number(raw) {
            Some(value) => Ok(Some(Given { value, unit: None })),
            None => Err(Fault::shape("must be a number")),
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
    gathered: &mut Gathered<'a>,
) -> Result<usize, Refusal> {
    let [value, word] = members(body, |name| match name {
        _ if name == member => Some(0),
        _ if name == beside => Some(1),
        _ => None,
    })?;
    let word = word.and_then(text);
    let chosen =
        words.iter().find(|(known, _)| word.as_deref() == Some(*known)).map_or(Some(metric), |(_, metric)| *metric);
    let Some(metric) = chosen else { return Ok(0) };
    let read = value.map(|raw| read_shape(raw, shape)).transpose().map_err(|fault| fault.within(member))?;
    let Some(Given { value, unit }) = read.flatten() else { return Ok(0) };
    let statistic = Statistic::of(body)?.text(shape)?;
    let When { placed, assumed } = when(body, header.created)?;
    gathered.add(Key { metric, statistic, unit, time_assumed: assumed }, placed, Measured::Number(value));
    Ok(1)
}

fn read_stages<'a>(body: &'a RawValue, header: &Header<'a>, gathered: &mut Gathered<'a>) -> Result<usize, Refusal> {
    let [summary, episodes] = members(body, |name| match name {
        "sleep_stage_summary" => Some(0),
        "sleep_stage_episodes" => Some(1),
        _ => None,
    })?;
    let mut count = 0;
    if let Some(summary) = summary {
        match read_values(summary, body, NIGHT_VALUES, header, gathered) {
            Ok(samples) => count += samples,
            Err(Refusal(fault, samples)) => {
                gathered.refuse(fault, Some(&header.schema), samples);
                count += samples;
            }
        }
    }
    if let Some(episodes) = episodes {
        count += each(episodes, |episode| {
            match read_stage(episode, header) {
                Ok((placed, code)) => gathered.add(stage_key(false), placed, Measured::Code(code)),
                Err(fault) => gathered.refuse(fault, Some(&header.schema), 1),
            }
            Ok(())
        })?;
    }
    Ok(count)
}

fn read_stage(episode: &RawValue, header: &Header<'_>) -> Result<(Placed, &'static str), Fault> {
    let [state, frame] = members(episode, |name| match name {
        "sleep_stage_state" => Some(0),
        "sleep_stage_time_frame" => Some(1),
        _ => None,
    })?;
    let state = state.and_then(text);
    let code = STAGE_CODES.iter().find(|(known, _)| state.as_deref() == Some(*known)).map(|(_, code)| *code);
    let code =
        code.ok_or(Fault::new(Reason::UnknownCode, "must be a stage of its schema").within("sleep_stage_state"))?;
    let when = placed(frame, header.created).map_err(|fault| fault.within("sleep_stage_time_frame"))?;
    Ok((when.placed, code))
}

/// The key of a stage of sleep.
pub(super) fn stage_key<'a>(time_assumed: bool) -> Key<'a> {
    Key { metric: "sleep_stage", statistic: None, unit: None, time_assumed }
}

/// When a body's values hold: by its own frame or, where its schema lets that be missing, when the source wrote it.
pub(super) fn when(body: &RawValue, created: Moment) -> Result<When, Fault> {
    let [frame] = members(body, |name| (name == FRAME).then_some(0))?;
    placed(frame, created).map_err(|fault| fault.within(FRAME))
}

fn placed(raw: Option<&RawValue>, created: Moment) -> Result<When, Fault> {
    let Some(raw) = raw else {
        return Ok(When { placed: Placed { start: created.at(), span_us: None }, assumed: true });
    };
    // The schema has accepted the frame. Without the parts of a day first: to a schema that has none, they are members
    // like any unknown one, and no second form.
    let rule = |day_parts| FrameRule { day_parts, demands: Demands::Either };
    let placed = frame(raw, rule(false)).or_else(|_| frame(raw, rule(true)))?.place()?;
    Ok(When { placed, assumed: false })
}

/// What a body says of its values.
#[derive(Debug)]
struct Statistic<'a> {
    word: Option<Cow<'a, str>>,
    denominator: Option<Cow<'a, str>>,
}

impl<'a> Statistic<'a> {
    /// Reads it from an object, whether or not its schema knows the member: a maximum is none the less a maximum.
    fn of(object: &'a RawValue) -> Result<Statistic<'a>, Fault> {
        let [word, denominator] = members(object, |name| match name {
            "descriptive_statistic" => Some(0),
            "descriptive_statistic_denominator" => Some(1),
            _ => None,
        })?;
        let read = |raw: Option<&'a RawValue>, field| {
            let faulty = Fault::new(Reason::UnknownStatistic, "must be a string").within(field);
            raw.map(|raw| text(raw).ok_or(faulty)).transpose()
        };
        Ok(Statistic {
            word: read(word, "descriptive_statistic")?,
            denominator: read(denominator, "descriptive_statistic_denominator")?,
        })
    }

    /// The words of the key for a value of this shape. A denominator without a statistic divides nothing.
    fn text(&self, shape: Shape) -> Result<Option<Cow<'a, str>>, Fault> {
        let word = match (shape, &self.word) {
            (Shape::Class(class), None) => return Ok(Some(Cow::Borrowed(class))),
            // Minutes of a class are themselves a sum.
            (Shape::Class(class), Some(word)) if word == "sum" => Cow::Borrowed(class),
            (Shape::Class(_), Some(_)) => {
                let what = "must be sum, or left out, beside minutes of a class of activity";
                return Err(Fault::new(Reason::UnknownStatistic, what).within("descriptive_statistic"));
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
