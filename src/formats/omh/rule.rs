//! The language in which the schemas are written down: what a JSON value must be to be accepted.
//!
//! It is the part of JSON Schema that these schemas use, as static data: a schema is read once, by a person, and costs
//! nothing at run time. Unknown members are always allowed, as in every one of the schemas.

use serde_json::value::RawValue;

use super::error::SchemaError;
use super::frame::{FrameRule, duration, frame, interval, moment};
use super::json::{each, members, number, quantity, quantity_range, text};

/// What a value must be.
#[derive(Debug)]
pub(super) enum FieldRule {
    /// Anything at all.
    Any,
    /// A string.
    Text,
    /// A string of a closed list.
    Word(&'static [&'static str]),
    /// A string of a form that no list can give.
    Form(fn(&str) -> bool, &'static str),
    /// A time of RFC 3339, with its zone.
    DateTime,
    /// A number.
    Number,
    /// A number without a fraction.
    Integer,
    /// `true` or `false`.
    Bool,
    /// `{value, unit}` with one of these units, or with any where the list is empty.
    Quantity(&'static [&'static str]),
    /// `{low_value, high_value, unit}` with one of these units, or with any where the list is empty.
    Range(&'static [&'static str]),
    /// `{value, unit}` with a unit of time.
    Duration,
    /// An instant or an interval.
    Frame(FrameRule),
    /// An interval; true where a date with a part of the day is one.
    Interval(bool),
    /// An array of at least so many items.
    List(usize, &'static FieldRule),
    /// An object.
    Record(&'static [&'static [Field]]),
    /// All of these at once.
    All(&'static [FieldRule]),
    /// At least one of these.
    Either(&'static [FieldRule]),
    /// Exactly one of these.
    One(&'static [FieldRule]),
}

/// A member of an object.
#[derive(Debug)]
pub(super) enum Field {
    /// It must be there, and valid.
    Required(&'static str, FieldRule),
    /// Where it is there, it must be valid.
    Optional(&'static str, FieldRule),
}

/// The most members that one record names.
pub(super) const FIELDS_MAX: usize = 24;

impl Field {
    /// The member's name.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Field::Required(name, _) | Field::Optional(name, _) => name,
        }
    }

    fn check(&self, member: Option<&RawValue>) -> Result<(), SchemaError> {
        match (self, member) {
            (Field::Required(name, rule) | Field::Optional(name, rule), Some(raw)) => {
                rule.check(raw).map_err(|error| error.within(name))
            }
            (Field::Required(name, _), None) => Err(SchemaError::shape("is missing").within(name)),
            (Field::Optional(..), None) => Ok(()),
        }
    }
}

impl FieldRule {
    /// Accepts the value where this rule does.
    pub(super) fn check(&self, raw: &RawValue) -> Result<(), SchemaError> {
        match self {
            FieldRule::Any => Ok(()),
            FieldRule::Text => text(raw).map(drop).ok_or(SchemaError::shape("must be a string")),
            FieldRule::Word(words) => match text(raw) {
                Some(word) if words.contains(&word.as_ref()) => Ok(()),
                _ => Err(SchemaError::shape("must be one of its schema's words")),
            },
            FieldRule::Form(holds, what) => match text(raw) {
                Some(text) if holds(&text) => Ok(()),
                _ => Err(SchemaError::shape(what)),
            },
            FieldRule::DateTime => moment(raw).map(drop),
            FieldRule::Number => number(raw).map(drop).ok_or(SchemaError::shape("must be a number")),
            FieldRule::Integer => match number(raw) {
                Some(value) if value.fract() == 0.0 => Ok(()),
                _ => Err(SchemaError::shape("must be a whole number")),
            },
            FieldRule::Bool => match raw.get() {
                "true" | "false" => Ok(()),
                _ => Err(SchemaError::shape("must be true or false")),
            },
            FieldRule::Quantity(units) => quantity(raw, units).map(drop),
            FieldRule::Range(units) => quantity_range(raw, units),
            FieldRule::Duration => duration(raw).map(drop),
            FieldRule::Frame(rule) => frame(raw, *rule).map(drop),
            FieldRule::Interval(day_parts) => interval(raw, *day_parts).map(drop),
            FieldRule::List(least, rule) => match each(raw, |item| rule.check(item))? {
                count if count >= *least => Ok(()),
                _ => Err(SchemaError::shape("has too few items")),
            },
            FieldRule::Record(fields) => record(raw, fields),
            FieldRule::All(rules) => rules.iter().try_for_each(|rule| rule.check(raw)),
            FieldRule::Either(rules) => either(raw, rules),
            FieldRule::One(rules) => match rules.iter().filter(|rule| rule.check(raw).is_ok()).count() {
                0 => either(raw, rules),
                1 => Ok(()),
                _ => Err(SchemaError::shape("must have one form, not several at once")),
            },
        }
    }
}

fn record(raw: &RawValue, fields: &[&[Field]]) -> Result<(), SchemaError> {
    let fields = || fields.iter().copied().flatten();
    let found: [_; FIELDS_MAX] = members(raw, |name| fields().position(|field| field.name() == name))?;
    fields().zip(found).try_for_each(|(field, member)| field.check(member))
}

/// Accepts what one of the rules does; else the first rule's error stands for all.
fn either(raw: &RawValue, rules: &[FieldRule]) -> Result<(), SchemaError> {
    let mut first = None;
    for rule in rules {
        match rule.check(raw) {
            Ok(()) => return Ok(()),
            Err(error) => first = first.or(Some(error)),
        }
    }
    first.map_or(Ok(()), Err)
}
