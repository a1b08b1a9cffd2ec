//! Samples of Apple HealthKit, by the type that each of them names.
//!
//! HealthKit's units are its own: a percentage is a fraction of one there (`HKUnit.percent()`), whatever its size, an
//! index is a `count`, and a mole carries its mass (`mmol<180.15588>/L`).

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::collect::{Collector, Key, Measured};
use super::error::{BodyError, SchemaError};
use super::header::Header;
use super::json::{each, members, number, quantity, text};
use super::sample_time::{SampleTime, sample_time};
use super::schema::{CATEGORY_SAMPLE, QUANTITY_SAMPLE};
use crate::model::reason::Reason;

/// The metric of each type of quantity; any other has none.
const QUANTITIES: &[(&str, &str)] = &[
    ("HeartRate", "heart_rate"),
    ("StepCount", "step_count"),
    ("ActiveEnergyBurned", "active_energy"),
    ("BasalEnergyBurned", "basal_energy"),
    ("DistanceWalkingRunning", "distance"),
    ("DistanceCycling", "distance"),
    ("FlightsClimbed", "floors_climbed"),
    ("OxygenSaturation", "oxygen_saturation"),
    ("RespiratoryRate", "respiratory_rate"),
    ("BodyTemperature", "body_temperature"),
    ("BasalBodyTemperature", "body_temperature"),
    ("BloodPressureSystolic", "systolic_blood_pressure"),
    ("BloodPressureDiastolic", "diastolic_blood_pressure"),
    ("BloodGlucose", "blood_glucose"),
    ("BodyMass", "body_weight"),
    ("Height", "body_height"),
    ("BodyMassIndex", "body_mass_index"),
    ("BodyFatPercentage", "body_fat_percentage"),
    ("LeanBodyMass", "lean_body_mass"),
    ("PeripheralPerfusionIndex", "perfusion_index"),
    ("ElectrodermalActivity", "electrodermal_activity"),
    ("ForcedVitalCapacity", "fvc"),
    ("ForcedExpiratoryVolume1", "fev1"),
    ("PeakExpiratoryFlowRate", "peak_expiratory_flow"),
];

/// The words of a sleep analysis, and the codes of `sleep_stage`.
pub(super) const STAGES: &[(&str, &str)] = &[
    ("InBed", "in_bed"),
    ("Asleep", "asleep"),
    ("AsleepUnspecified", "asleep"),
    ("AsleepCore", "light"),
    ("AsleepDeep", "deep"),
    ("AsleepREM", "rem"),
    ("Awake", "awake"),
];

/// A quantity sample; returns how many samples there are in it.
pub(super) fn read_quantity<'a>(
    sample: &'a RawValue,
    header: &Header<'a>,
    collector: &mut Collector<'a>,
) -> Result<usize, BodyError> {
    let [kind, unit_value, count] = members(sample, |name| match name {
        "quantity_type" => Some(0),
        "unit_value" => Some(1),
        "count" => Some(2),
        _ => None,
    })?;
    let kind = kind.and_then(text);
    let name = kind.as_deref().and_then(|kind| kind.strip_prefix("HKQuantityTypeIdentifier"));
    let known = QUANTITIES.iter().find(|(known, _)| name == Some(*known));
    let Some((_, metric)) = known.copied() else { return Ok(0) };
    // Exactly one of both is valid, and only that one counts.
    let (value, unit) = match (unit_value.map(|raw| (raw, quantity(raw, &[]))), count.and_then(number)) {
        (Some((raw, Ok(quantity))), _) if quantity.unit == "%" => (percent(raw)?, Some(quantity.unit)),
        (Some((_, Ok(quantity))), _) => (quantity.value, unit_of(quantity.unit, metric)),
        (_, Some(count)) => (count, unit_of(Cow::Borrowed("count"), metric)),
        (_, None) => return Err(SchemaError::shape("needs a unit_value or a count").into()),
    };
    let SampleTime { time_span, assumed } = sample_time(sample, header.created)?;
    collector.add(Key { metric, statistic: None, unit, time_assumed: assumed }, time_span, Measured::Number(value));
    Ok(1)
}

/// A category sample, of which only sleep has a metric.
pub(super) fn read_category<'a>(
    sample: &'a RawValue,
    header: &Header<'a>,
    collector: &mut Collector<'a>,
) -> Result<usize, BodyError> {
    let [kind, word] = members(sample, |name| match name {
        "category_type" => Some(0),
        "category_value" => Some(1),
        _ => None,
    })?;
    if kind.and_then(text).as_deref() != Some("HKCategoryTypeIdentifierSleepAnalysis") {
        return Ok(0);
    }
    let word = word.and_then(text);
    let code = STAGES.iter().find(|(known, _)| word.as_deref() == Some(*known)).map(|(_, code)| *code);
    let unknown = SchemaError::new(Reason::UnknownCode, "must be a value of a sleep analysis").within("category_value");
    let code = code.ok_or(unknown)?;
    let SampleTime { time_span, assumed } = sample_time(sample, header.created)?;
    collector.add(Key::sleep_stage(assumed), time_span, Measured::Code(code));
    Ok(1)
}

/// The samples of a correlation, each validated by itself: the schema is satisfied where those of one kind are right.
pub(super) fn read_correlation<'a>(
    body: &'a RawValue,
    header: &Header<'a>,
    collector: &mut Collector<'a>,
) -> Result<usize, BodyError> {
    let [quantities, categories] = members(body, |name| match name {
        "quantity_samples" => Some(0),
        "category_samples" => Some(1),
        _ => None,
    })?;
    let mut given = 0;
    let mut keep = |read: Result<usize, BodyError>, collector: &mut Collector<'a>| match read {
        Ok(samples) => given += samples,
        Err(BodyError(error, samples)) => {
            given += samples;
            collector.reject(error, Some(&header.schema), samples);
        }
    };
    if let Some(quantities) = quantities {
        let read = each(quantities, |sample| {
            let valid = QUANTITY_SAMPLE.check(sample).map_err(BodyError::from);
            keep(valid.and_then(|()| read_quantity(sample, header, collector)), collector);
            Ok(())
        });
        keep(read.map(|_| 0).map_err(|error| error.within("quantity_samples").into()), collector);
    }
    if let Some(categories) = categories {
        let read = each(categories, |sample| {
            let valid = CATEGORY_SAMPLE.check(sample).map_err(BodyError::from);
            keep(valid.and_then(|()| read_category(sample, header, collector)), collector);
            Ok(())
        });
        keep(read.map(|_| 0).map_err(|error| error.within("category_samples").into()), collector);
    }
    Ok(given)
}

/// HealthKit's unit word in the words of everybody else; `None` where the catalogue's unit is meant.
fn unit_of<'a>(unit: Cow<'a, str>, metric: &str) -> Option<Cow<'a, str>> {
    match unit.as_ref() {
        "count" if metric == "body_mass_index" => None,
        "mcS" => Some(Cow::Borrowed("uS")),
        molar if molar.starts_with("mmol<") && molar.ends_with(">/L") => Some(Cow::Borrowed("mmol/L")),
        _ => Some(unit),
    }
}

/// A hundred times the value of a fraction, by moving its point: 0.29 times 100 would be 28.999999999999996.
fn percent(unit_value: &RawValue) -> Result<f64, SchemaError> {
    let [value] = members(unit_value, |name| (name == "value").then_some(0))?;
    let value = value.ok_or(SchemaError::shape("needs a value that is a number"))?;
    let moved = if value.get().contains(['e', 'E']) {
        number(value).map(|fraction| fraction * 100.0)
    } else {
        format!("{}e2", value.get()).parse().ok()
    };
    moved.filter(|percent: &f64| percent.is_finite()).ok_or(SchemaError::shape("needs a value that is a number"))
}

/// Every metric to which some sample maps.
#[cfg(test)]
pub(super) fn metrics() -> impl Iterator<Item = &'static str> {
    QUANTITIES.iter().map(|(_, metric)| *metric)
}
