//! One value: the `value[x]` of an Observation or of one of its components.
//!
//! A quantity has a unit of UCUM, or a word of the unit table where it names no system; a bare whole number is a value
//! of what counts. Below or above a limit (`comparator`) is no number: it is a bound, where it is one of the sensor.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::code::{Meaning, own_code};
use crate::formats::error::SchemaError;
use crate::formats::json::{members, number, text};
use crate::model::reason::Reason;

const UCUM: &str = "http://unitsofmeasure.org";

/// A number in a unit, or a code.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum ObservedValue<'a> {
    /// In the unit; `None` where the catalogue's is meant.
    Number(f64, Option<Cow<'a, str>>),
    /// Of a coded metric.
    Code(Cow<'a, str>),
}

/// What sensors tell, in mg/dL: as in the catalogue.
const SENSORS: &[(&str, f64, f64)] = &[("blood_glucose", 20.0, 600.0), ("interstitial_glucose", 40.0, 400.0)];
/// The units in which they tell it, and mg/dL in one of each.
const SENSOR_UNITS: &[(&str, f64)] = &[("mg/dL", 1.0), ("mmol/L", 18.016)];
/// The same limit in another unit is rounded to a tenth of it: 22.2 mmol/L are 399.96 mg/dL.
const ROUNDED: f64 = 0.005;

/// What is to be read of a quantity.
const QUANTITY: [&str; 5] = ["value", "comparator", "unit", "system", "code"];

/// Reads a `valueQuantity`.
pub(super) fn quantity<'a>(raw: &'a RawValue, meaning: &Meaning<'_>) -> Result<ObservedValue<'a>, SchemaError> {
    let [value, comparator, unit, system, code] =
        members(raw, |name| QUANTITY.iter().position(|known| *known == name))?;
    let value = value.and_then(number).ok_or(SchemaError::shape("needs a value that is a number"))?;
    let unit = unit_word([unit, system, code], meaning)?;
    let value = match comparator.map(text) {
        None => value,
        Some(Some(comparator)) => bound(&comparator, value, unit.as_deref(), meaning)?,
        Some(None) => return Err(COMPARATOR),
    };
    Ok(ObservedValue::Number(value, unit))
}

/// The quantity from which a series of values counts: its value as it is written, and its unit.
pub(super) fn origin<'a>(
    raw: &'a RawValue,
    meaning: &Meaning<'_>,
) -> Result<(&'a RawValue, Option<Cow<'a, str>>), SchemaError> {
    let [value, comparator, unit, system, code] =
        members(raw, |name| QUANTITY.iter().position(|known| *known == name))?;
    if comparator.is_some() {
        return Err(SchemaError::shape("must have no comparator"));
    }
    let value = value.ok_or(SchemaError::shape("needs a value that is a number"))?;
    Ok((value, unit_word([unit, system, code], meaning)?))
}

/// Reads a `valueInteger`.
pub(super) fn integer<'a>(raw: &RawValue, meaning: &Meaning<'_>) -> Result<ObservedValue<'a>, SchemaError> {
    let value = number(raw).filter(|value| value.fract() == 0.0);
    let value = value.ok_or(SchemaError::shape("must be a whole number"))?;
    if !meaning.is_counted() {
        return Err(SchemaError::new(Reason::UnknownUnit, "is in no unit: give a valueQuantity with a code of UCUM"));
    }
    Ok(ObservedValue::Number(value, None))
}

/// Reads a `valueCodeableConcept`.
pub(super) fn concept(raw: &RawValue) -> Result<ObservedValue<'_>, SchemaError> {
    let what = "needs a coding of the system urn:healthtrack:code";
    own_code(raw)?.map(ObservedValue::Code).ok_or(SchemaError::new(Reason::UnknownCode, what))
}

/// The word for a unit, as the unit table has it: what is annotated in UCUM is the unit without its annotation.
fn unit_word<'a>(
    [unit, system, code]: [Option<&'a RawValue>; 3],
    meaning: &Meaning<'_>,
) -> Result<Option<Cow<'a, str>>, SchemaError> {
    let system = system.and_then(text);
    if system.as_deref().is_some_and(|system| system != UCUM) && code.is_some() {
        return Err(SchemaError::new(Reason::UnknownUnit, "must have a unit of http://unitsofmeasure.org"));
    }
    let Some(word) = code.and_then(text).or_else(|| unit.and_then(text)) else {
        let what = "must have a unit: a code of http://unitsofmeasure.org";
        return if meaning.is_counted() { Ok(None) } else { Err(SchemaError::new(Reason::UnknownUnit, what)) };
    };
    let plain = without_annotations(&word);
    Ok(match plain.as_deref() {
        // Whatever is counted, UCUM's unit of it is one.
        Some("" | "1") if meaning.is_counted() => None,
        None if word == "1" && meaning.is_counted() => None,
        Some("") | None => Some(word),
        Some(plain) => Some(Cow::Owned(plain.to_owned())),
    })
}

/// `{beats}/min` as `/min`; `None` where nothing is annotated.
fn without_annotations(word: &str) -> Option<String> {
    let (mut plain, mut rest) = (String::new(), word);
    while let Some((before, annotated)) = rest.split_once('{') {
        let (_, after) = annotated.split_once('}')?;
        plain.push_str(before);
        rest = after;
    }
    (rest.len() < word.len()).then(|| plain + rest)
}

const COMPARATOR: SchemaError =
    SchemaError { reason: Reason::Undecodable, field: "comparator", what: "must be <, <=, > or >=" };
const INSIDE: SchemaError = SchemaError {
    reason: Reason::ImpossibleValue,
    field: "comparator",
    what: "is kept where it says that a value lies beyond what the sensor can tell: this one says less",
};

/// What lies below or above a limit. A limit within what the sensor can tell would make "low" of a value that may be
/// sound; where a metric has no such limits, `validate` says so.
fn bound(comparator: &str, limit: f64, unit: Option<&str>, meaning: &Meaning<'_>) -> Result<f64, SchemaError> {
    let is_low = match comparator {
        "<" | "<=" => true,
        ">" | ">=" => false,
        _ => return Err(COMPARATOR),
    };
    let sensor = SENSORS.iter().find(|(metric, ..)| *metric == meaning.metric);
    let factor = SENSOR_UNITS.iter().find(|(word, _)| unit == Some(*word));
    if let (Some((_, low, high)), Some((_, factor))) = (sensor, factor) {
        let limit = limit * factor;
        let is_beyond = if is_low { limit <= low * (1.0 + ROUNDED) } else { limit >= high * (1.0 - ROUNDED) };
        if !is_beyond {
            return Err(INSIDE);
        }
    }
    Ok(if is_low { f64::NEG_INFINITY } else { f64::INFINITY })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::metric::{Catalogue, Range};
    use crate::model::unit::Units;

    fn read(metric: &'static str, text: &str) -> Result<(f64, Option<String>), Reason> {
        let raw = RawValue::from_string(text.to_owned()).unwrap();
        let meaning = Meaning { metric: metric.into(), statistic: None };
        match quantity(&raw, &meaning) {
            Ok(ObservedValue::Number(value, unit)) => Ok((value, unit.map(Cow::into_owned))),
            Ok(code) => panic!("{code:?}"),
            Err(error) => Err(error.reason),
        }
    }

    fn ucum(value: &str, more: &str, code: &str) -> String {
        format!(r#"{{"value":{value}{more},"unit":"whatever","system":"{UCUM}","code":"{code}"}}"#)
    }

    #[test]
    fn the_limits_of_sensors_are_those_of_the_catalogue() {
        let (catalogue, units) = (Catalogue::builtin().unwrap(), Units::builtin().unwrap());
        let with_sensor = catalogue.all().iter().filter_map(|metric| Some((metric, metric.sensor?)));
        let with_sensor: Vec<_> = with_sensor.collect();
        assert_eq!(with_sensor.len(), SENSORS.len());
        for (metric, Range { low, high }) in with_sensor {
            assert!(SENSORS.contains(&(metric.name.as_str(), low, high)), "{}", metric.name);
            for (word, factor) in SENSOR_UNITS {
                assert_eq!(metric.conversion_from(word, &units).unwrap().apply(1.0), *factor, "{word}");
            }
        }
    }

    #[test]
    fn a_unit_is_ucums_or_a_word_of_the_table_and_is_never_assumed() {
        let named = |value, unit: &str| Ok((value, Some(unit.to_owned())));
        assert_eq!(read("heart_rate", &ucum("61", "", "{beats}/min")), named(61.0, "/min"));
        assert_eq!(read("blood_glucose", &ucum("5.50", "", "mmol/L")), named(5.5, "mmol/L"));
        assert_eq!(read("body_weight", &ucum("1.5e2", "", "[lb_av]")), named(150.0, "[lb_av]"));
        assert_eq!(read("body_weight", r#"{"value":80,"unit":"kg"}"#), named(80.0, "kg"));
        for (metric, code) in
            [("step_count", "{steps}"), ("step_count", "{count}"), ("step_count", "1"), ("met", "{METs}")]
        {
            assert_eq!(read(metric, &ucum("12", "", code)), Ok((12.0, None)), "{code}");
        }
        assert_eq!(read("step_count", r#"{"value":12}"#), Ok((12.0, None)));
        assert_eq!(read("active_energy", &ucum("12", "", "{kcal}")), named(12.0, "{kcal}"), "the table refuses it");
        assert_eq!(read("heart_rate", r#"{"value":61}"#), Err(Reason::UnknownUnit));
        let other = r#"{"value":61,"system":"http://snomed.info/sct","code":"258813002"}"#;
        assert_eq!(read("heart_rate", other), Err(Reason::UnknownUnit));
        for bad in [r#"{"unit":"kg"}"#, r#"{"value":"61","unit":"kg"}"#, "7", r#"{"value":1,"value":2}"#] {
            assert_eq!(read("body_weight", bad), Err(Reason::Undecodable), "{bad}");
        }
    }

    #[test]
    fn beyond_the_sensor_is_a_bound_and_a_limit_within_it_is_refused() {
        let with = |comparator: &str| format!(r#","comparator":"{comparator}""#);
        let read = |metric, comparator: &str, value: &str, unit: &str| {
            read(metric, &ucum(value, &with(comparator), unit)).map(|(value, _)| value)
        };
        for (comparator, value, unit, bound) in [
            ("<", "40", "mg/dL", f64::NEG_INFINITY),
            ("<=", "39", "mg/dL", f64::NEG_INFINITY),
            ("<", "2.2", "mmol/L", f64::NEG_INFINITY),
            (">", "400", "mg/dL", f64::INFINITY),
            (">=", "22.2", "mmol/L", f64::INFINITY),
            (">", "500", "mg/dL", f64::INFINITY),
        ] {
            assert_eq!(read("interstitial_glucose", comparator, value, unit), Ok(bound), "{comparator} {value} {unit}");
        }
        for (comparator, value, unit) in
            [("<", "70", "mg/dL"), (">", "180", "mg/dL"), ("<", "200", "mg/dL"), (">", "10", "mmol/L")]
        {
            assert_eq!(read("interstitial_glucose", comparator, value, unit), Err(Reason::ImpossibleValue));
        }
        assert_eq!(read("blood_glucose", "<", "40", "mg/dL"), Err(Reason::ImpossibleValue));
        assert_eq!(read("heart_rate", "<", "40", "/min"), Ok(f64::NEG_INFINITY), "validate refuses it");
        assert_eq!(read("heart_rate", "~", "40", "/min"), Err(Reason::Undecodable));
    }
}
