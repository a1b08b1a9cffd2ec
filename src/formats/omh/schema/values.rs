//! Values with their units: the parts of which most bodies are made.

use super::entry::Mapping::Nothing;
use super::entry::Namespace::{Ieee, Omh};
use super::entry::{Family, Schema};
use super::words::*;
use crate::formats::omh::frame::DURATIONS;
use crate::formats::omh::rule::FieldRule::{Duration, Quantity, Range};

pub(super) static FAMILIES: &[Family] = &[
    Family(Omh, "unit-value", &[Schema("1.0", Quantity(ANY), Nothing)]),
    Family(Ieee, "unit-value", &[Schema("1.0", Quantity(ANY), Nothing)]),
    Family(Omh, "unit-value-range", &[Schema("1.0", Range(ANY), Nothing)]),
    Family(Ieee, "unit-value-range", &[Schema("1.0", Range(ANY), Nothing)]),
    Family(Omh, "duration-unit-value", &[Schema("1.0", Duration, Nothing)]),
    Family(Ieee, "duration-unit-value", &[Schema("1.0", Duration, Nothing)]),
    Family(Omh, "duration-unit-value-range", &[Schema("1.0", Range(DURATIONS), Nothing)]),
    Family(Ieee, "duration-unit-value-range", &[Schema("1.0", Range(DURATIONS), Nothing)]),
    Family(Omh, "frequency-unit-value", &[Schema("1.0", OMH_FREQUENCY, Nothing)]),
    Family(Ieee, "frequency-unit-value", &[Schema("1.0", IEEE_FREQUENCY, Nothing)]),
    Family(Omh, "kcal-unit-value", &[Schema("1.0", Quantity(KCAL), Nothing)]),
    Family(Ieee, "kcal-unit-value", &[Schema("1.0", Quantity(KCAL), Nothing)]),
    Family(Omh, "length-unit-value", &[Schema("1.0", Quantity(LENGTHS), Nothing)]),
    Family(Ieee, "length-unit-value", &[Schema("1.0", Quantity(LENGTHS), Nothing)]),
    Family(
        Omh,
        "mass-unit-value",
        &[Schema("1.0", Quantity(MASSES), Nothing), Schema("1.1", Quantity(MASSES), Nothing)],
    ),
    Family(Ieee, "mass-unit-value", &[Schema("0.1", Quantity(MASSES), Nothing)]),
    Family(
        Omh,
        "volume-unit-value",
        &[Schema("1.0", Quantity(VOLUMES), Nothing), Schema("1.1", Quantity(VOLUMES), Nothing)],
    ),
    Family(Ieee, "volume-unit-value", &[Schema("0.1", Quantity(VOLUMES), Nothing)]),
    Family(Omh, "area-unit-value", &[Schema("1.0", Quantity(AREAS), Nothing), Schema("1.1", Quantity(AREAS), Nothing)]),
    Family(Omh, "temperature-unit-value", &[Schema("1.0", Quantity(TEMPERATURES), Nothing)]),
    Family(Ieee, "temperature-unit-value", &[Schema("1.0", Quantity(TEMPERATURES), Nothing)]),
    Family(Ieee, "percent-unit-value", &[Schema("1.0", Quantity(PERCENT), Nothing)]),
    Family(Omh, "speed-unit-value", &[Schema("1.0", Quantity(SPEEDS), Nothing)]),
    Family(Ieee, "speed-unit-value", &[Schema("1.0", Quantity(SPEEDS), Nothing)]),
    Family(Omh, "pace-unit-value", &[Schema("1.0", Quantity(PACES), Nothing), Schema("1.1", Quantity(PACES), Nothing)]),
    Family(
        Omh,
        "acceleration-unit-value",
        &[Schema("1.0", Quantity(ACCELERATIONS), Nothing), Schema("1.1", Quantity(ACCELERATIONS), Nothing)],
    ),
    Family(
        Omh,
        "angular-velocity-unit-value",
        &[Schema("1.0", Quantity(ANGULAR_VELOCITIES), Nothing), Schema("1.1", Quantity(ANGULAR_VELOCITIES), Nothing)],
    ),
    Family(
        Omh,
        "plane-angle-unit-value",
        &[Schema("1.0", Quantity(ANGLES), Nothing), Schema("1.1", Quantity(ANGLES), Nothing)],
    ),
    Family(
        Omh,
        "magnetic-flux-density-unit-value",
        &[Schema("1.0", Quantity(FLUX_DENSITIES), Nothing), Schema("1.1", Quantity(FLUX_DENSITIES), Nothing)],
    ),
    Family(Ieee, "sound-unit-value", &[Schema("1.0", Quantity(SOUNDS), Nothing)]),
    Family(Ieee, "illuminance-unit-value", &[Schema("1.0", Quantity(ILLUMINANCES), Nothing)]),
];

pub(super) const VOLUMES: &[&str] =
    &["fL", "pL", "nL", "uL", "mL", "cL", "dL", "L", "kL", "fl oz", "Cup", "in^3", "pt", "qt", "gal", "tsp", "tbsp"];
const AREAS: &[&str] = &["mm^2", "cm^2", "m^2", "km^2", "in^2", "ft^2", "yd^2", "mi^2"];
