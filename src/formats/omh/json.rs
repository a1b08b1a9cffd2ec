//! The unit values of a body, beside the leaves that every format in JSON has.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::formats::error::SchemaError;
use crate::model::reason::Reason;

pub(super) use crate::formats::json::{document, each, members, number, text};

/// A value with its unit word.
#[derive(Clone, Debug)]
pub(super) struct Quantity<'a> {
    pub(super) value: f64,
    pub(super) unit: Cow<'a, str>,
}

/// Reads `{value, unit}` with one of `units`; any unit where the list is empty.
pub(super) fn quantity<'a>(raw: &'a RawValue, units: &[&str]) -> Result<Quantity<'a>, SchemaError> {
    let [value, unit] = members(raw, |name| match name {
        "value" => Some(0),
        "unit" => Some(1),
        _ => None,
    })?;
    let value = value.and_then(number).ok_or(SchemaError::shape("needs a value that is a number"))?;
    let unit = unit.and_then(text).ok_or(SchemaError::shape("needs a unit that is a string"))?;
    if !units.is_empty() && !units.contains(&unit.as_ref()) {
        return Err(SchemaError::new(Reason::UnknownUnit, "the unit is not one of its schema's"));
    }
    Ok(Quantity { value, unit })
}

/// Reads `{low_value, high_value, unit}`, and keeps nothing: ranges are context.
pub(super) fn quantity_range(raw: &RawValue, units: &[&str]) -> Result<(), SchemaError> {
    let [low, high, unit] = members(raw, |name| match name {
        "low_value" => Some(0),
        "high_value" => Some(1),
        "unit" => Some(2),
        _ => None,
    })?;
    low.and_then(number).zip(high.and_then(number)).ok_or(SchemaError::shape("needs two values that are numbers"))?;
    let unit = unit.and_then(text).ok_or(SchemaError::shape("needs a unit that is a string"))?;
    if units.is_empty() || units.contains(&unit.as_ref()) {
        Ok(())
    } else {
        Err(SchemaError::new(Reason::UnknownUnit, "the unit is not one of its schema's"))
    }
}
