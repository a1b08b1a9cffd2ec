//! Steps, energy, exercise, speed and place.

use super::entry::Mapping::{Nothing, Values};
use super::entry::Namespace::{Ieee, Omh};
use super::entry::Shape::{Bare, Class, Counted, Quantity as Q};
use super::entry::{Family, Mapping, Schema, Value};
use super::words::*;
use crate::formats::omh::frame::{FrameRule, RequiredForm};
use crate::formats::omh::rule::Field::{self, Optional, Required};
use crate::formats::omh::rule::FieldRule::{
    self, All, Duration, Frame, Integer, List, Number, Quantity, Record, Text, Word,
};

pub(super) static FAMILIES: &[Family] = &[
    Family(
        Omh,
        "step-count",
        &[
            Schema("1.0", Record(&[STEPS_BARE, &[Optional(FRAME, OMH_FRAME)]]), MAPS_STEPS_BARE),
            Schema("2.0", Record(&[STEPS_BARE, OMH_SPANNED_1_0]), MAPS_STEPS_BARE),
            Schema(
                "3.0",
                Record(&[&[Required("step_count", Quantity(&["steps"]))], OMH_SPANNED_1_0]),
                Values(&[Value("step_count", "step_count", Q)]),
            ),
        ],
    ),
    Family(
        Omh,
        "calories-burned",
        &[
            Schema("1.0", Record(&[ENERGY, &[Optional(FRAME, OMH_FRAME)]]), MAPS_ENERGY),
            Schema("2.0", Record(&[ENERGY, OMH_SPANNED]), MAPS_ENERGY),
        ],
    ),
    Family(
        Omh,
        "minutes-moderate-activity",
        &[Schema(
            "1.0",
            Record(&[&[Required("minutes_moderate_activity", Quantity(MINUTES)), Optional(FRAME, OMH_FRAME)]]),
            Values(&[Value("minutes_moderate_activity", "active_minutes", Class("moderate"))]),
        )],
    ),
    Family(
        Omh,
        "physical-activity",
        &[
            Schema("1.0", Record(&[EXERCISED]), MAPS_EXERCISE),
            Schema("1.1", Record(&[EXERCISED, &[MET]]), MAPS_EXERCISE),
            Schema("1.2", Record(&[EXERCISED, &[MET, BURNED]]), MAPS_EXERCISE),
        ],
    ),
    Family(Ieee, "physical-activity", &[Schema("1.0", Record(&[MOVED, IEEE_SPANNED]), MAPS_MOVEMENT)]),
    Family(Omh, "speed", &[Schema("1.0", Record(&[&[Required("speed", Quantity(SPEEDS))], OMH_TIMED]), Nothing)]),
    Family(Omh, "pace", &[Schema("1.0", Record(&[&[Required("pace", Quantity(PACES))], OMH_TIMED]), Nothing)]),
    // Where a person was is sensitive: it is validated, and never kept.
    Family(Omh, "geoposition", &[Schema("1.0", Record(&[POSITION]), Nothing)]),
    Family(
        Omh,
        "ambient-temperature",
        &[Schema("1.0", Record(&[&[Required("ambient_temperature", Quantity(TEMPERATURES))], OMH_ANYTIME]), Nothing)],
    ),
    Family(
        Ieee,
        "ambient-temperature",
        &[Schema("1.0", Record(&[&[Required("ambient_temperature", Quantity(TEMPERATURES))], IEEE_TIMED]), Nothing)],
    ),
    Family(
        Ieee,
        "ambient-sound",
        &[Schema("1.0", Record(&[&[Required("ambient_sound", Quantity(SOUNDS))], IEEE_TIMED]), Nothing)],
    ),
    Family(
        Ieee,
        "ambient-light",
        &[Schema(
            "1.0",
            Record(&[
                &[Required(
                    "ambient_light",
                    List(
                        0,
                        &Record(&[&[
                            Optional("wavelength", Quantity(&["nm"])),
                            Required("intensity", Quantity(ILLUMINANCES)),
                        ]]),
                    ),
                )],
                IEEE_TIMED,
            ]),
            Nothing,
        )],
    ),
];

const STEPS_BARE: &[Field] = &[Required("step_count", Number)];
const MAPS_STEPS_BARE: Mapping = Values(&[Value("step_count", "step_count", Bare)]);

const ENERGY: &[Field] = &[Required("kcal_burned", Quantity(KCAL)), Optional("activity_name", Text)];
const MAPS_ENERGY: Mapping = Values(&[Value("kcal_burned", "active_energy", Q)]);

const EXERCISED: &[Field] = &[
    Required("activity_name", Text),
    Optional(FRAME, OMH_FRAME),
    Optional("distance", Quantity(LENGTHS)),
    Optional("reported_activity_intensity", Word(INTENSITIES)),
];
const MET: Field = Optional("met_value", Number);
const BURNED: Field = Optional("kcal_burned", Quantity(KCAL));
const MAPS_EXERCISE: Mapping = Values(&[
    Value("distance", "distance", Q),
    Value("kcal_burned", "active_energy", Q),
    Value("met_value", "met", Bare),
]);
/// `physical-activity` 1.2, of which a HealthKit workout is a kind.
pub(super) const EXERCISE_1_2: FieldRule = Record(&[EXERCISED, &[MET, BURNED]]);

/// Cadence and speed have no metric; the count is of steps only where its unit says so.
const MOVED: &[Field] = &[
    Required("activity_name", Text),
    Optional("base_movement_quantity", Quantity(ANY)),
    Optional("distance", Quantity(LENGTHS)),
    Optional("cumulative_elevation_gain", Quantity(LENGTHS)),
    Optional("duration", Duration),
    Optional("duration_light_activity", Duration),
    Optional("duration_moderate_activity", Duration),
    Optional("duration_vigorous_activity", Duration),
    Optional("average_cadence", Quantity(ANY)),
    Optional("average_speed", Quantity(SPEEDS)),
    BURNED,
    Optional("reported_activity_intensity", Word(INTENSITIES)),
    MET,
];
const MAPS_MOVEMENT: Mapping = Values(&[
    Value("base_movement_quantity", "step_count", Counted("steps")),
    Value("distance", "distance", Q),
    Value("duration", "exercise_duration", Q),
    Value("duration_light_activity", "active_minutes", Class("light")),
    Value("duration_moderate_activity", "active_minutes", Class("moderate")),
    Value("duration_vigorous_activity", "active_minutes", Class("vigorous")),
    Value("kcal_burned", "active_energy", Q),
    Value("met_value", "met", Bare),
]);

const POSITION: &[Field] = &[
    Required("latitude", Quantity(ANGLES)),
    Required("longitude", Quantity(ANGLES)),
    Optional("elevation", Quantity(&["m", "ft"])),
    Required(FRAME, Frame(FrameRule { day_parts: true, required: RequiredForm::Instant })),
    Optional("number_of_satellites_in_view", Integer),
    Optional(
        "satellite_signal_strengths",
        List(0, &All(&[Quantity(&["dB"]), Record(&[&[Optional("value", Integer)]])])),
    ),
    Optional("number_of_satellites_in_fix", Integer),
    Optional("positioning_system", Word(&["GPS", "GLONASS", "Galileo", "Beidou", "COMPASS", "IRNSS", "QZSS"])),
];
