//! Steps, energy, exercise, speed and place.

use super::Gives::{Nothing, Values};
use super::Namespace::{Ieee, Omh};
use super::Shape::{Bare, Class, Counted, Quantity as Q};
use super::words::*;
use super::{Family, Gives, Schema, Value};
use crate::formats::omh::frame::{Demands, FrameRule};
use crate::formats::omh::rule::Field::{self, May, Need};
use crate::formats::omh::rule::Rule::{
    self, All, Duration, Frame, Integer, List, Number, Quantity, Record, Text, Word,
};

pub(super) static FAMILIES: &[Family] = &[
    Family(
        Omh,
        "step-count",
        &[
            Schema("1.0", Record(&[STEPS_BARE, &[May(FRAME, OMH_FRAME)]]), GIVES_STEPS_BARE),
            Schema("2.0", Record(&[STEPS_BARE, OMH_SPANNED_1_0]), GIVES_STEPS_BARE),
            Schema(
                "3.0",
                Record(&[&[Need("step_count", Quantity(&["steps"]))], OMH_SPANNED_1_0]),
                Values(&[Value("step_count", "step_count", Q)]),
            ),
        ],
    ),
    Family(
        Omh,
        "calories-burned",
        &[
            Schema("1.0", Record(&[ENERGY, &[May(FRAME, OMH_FRAME)]]), GIVES_ENERGY),
            Schema("2.0", Record(&[ENERGY, OMH_SPANNED]), GIVES_ENERGY),
        ],
    ),
    Family(
        Omh,
        "minutes-moderate-activity",
        &[Schema(
            "1.0",
            Record(&[&[Need("minutes_moderate_activity", Quantity(MINUTES)), May(FRAME, OMH_FRAME)]]),
            Values(&[Value("minutes_moderate_activity", "active_minutes", Class("moderate"))]),
        )],
    ),
    Family(
        Omh,
        "physical-activity",
        &[
            Schema("1.0", Record(&[EXERCISED]), GIVES_EXERCISE),
            Schema("1.1", Record(&[EXERCISED, &[MET]]), GIVES_EXERCISE),
            Schema("1.2", Record(&[EXERCISED, &[MET, BURNED]]), GIVES_EXERCISE),
        ],
    ),
    Family(Ieee, "physical-activity", &[Schema("1.0", Record(&[MOVED, IEEE_SPANNED]), GIVES_MOVEMENT)]),
    Family(Omh, "speed", &[Schema("1.0", Record(&[&[Need("speed", Quantity(SPEEDS))], OMH_TIMED]), Nothing)]),
    Family(Omh, "pace", &[Schema("1.0", Record(&[&[Need("pace", Quantity(PACES))], OMH_TIMED]), Nothing)]),
    // Where a person was is sensitive: it is judged, and never kept.
    Family(Omh, "geoposition", &[Schema("1.0", Record(&[POSITION]), Nothing)]),
    Family(
        Omh,
        "ambient-temperature",
        &[Schema("1.0", Record(&[&[Need("ambient_temperature", Quantity(TEMPERATURES))], OMH_ANYTIME]), Nothing)],
    ),
    Family(
        Ieee,
        "ambient-temperature",
        &[Schema("1.0", Record(&[&[Need("ambient_temperature", Quantity(TEMPERATURES))], IEEE_TIMED]), Nothing)],
    ),
    Family(
        Ieee,
        "ambient-sound",
        &[Schema("1.0", Record(&[&[Need("ambient_sound", Quantity(SOUNDS))], IEEE_TIMED]), Nothing)],
    ),
    Family(
        Ieee,
        "ambient-light",
        &[Schema(
            "1.0",
            Record(&[
                &[Need(
                    "ambient_light",
                    List(
                        0,
                        &Record(&[&[May("wavelength", Quantity(&["nm"])), Need("intensity", Quantity(ILLUMINANCES))]]),
                    ),
                )],
                IEEE_TIMED,
            ]),
            Nothing,
        )],
    ),
];

const STEPS_BARE: &[Field] = &[Need("step_count", Number)];
const GIVES_STEPS_BARE: Gives = Values(&[Value("step_count", "step_count", Bare)]);

const ENERGY: &[Field] = &[Need("kcal_burned", Quantity(KCAL)), May("activity_name", Text)];
const GIVES_ENERGY: Gives = Values(&[Value("kcal_burned", "active_energy", Q)]);

const EXERCISED: &[Field] = &[
    Need("activity_name", Text),
    May(FRAME, OMH_FRAME),
    May("distance", Quantity(LENGTHS)),
    May("reported_activity_intensity", Word(INTENSITIES)),
];
const MET: Field = May("met_value", Number);
const BURNED: Field = May("kcal_burned", Quantity(KCAL));
const GIVES_EXERCISE: Gives = Values(&[
    Value("distance", "distance", Q),
    Value("kcal_burned", "active_energy", Q),
    Value("met_value", "met", Bare),
]);
/// `physical-activity` 1.2, of which a HealthKit workout is a kind.
pub(super) const EXERCISE_1_2: Rule = Record(&[EXERCISED, &[MET, BURNED]]);

/// Cadence and speed have no metric; the count is of steps only where its unit says so.
const MOVED: &[Field] = &[
    Need("activity_name", Text),
    May("base_movement_quantity", Quantity(ANY)),
    May("distance", Quantity(LENGTHS)),
    May("cumulative_elevation_gain", Quantity(LENGTHS)),
    May("duration", Duration),
    May("duration_light_activity", Duration),
    May("duration_moderate_activity", Duration),
    May("duration_vigorous_activity", Duration),
    May("average_cadence", Quantity(ANY)),
    May("average_speed", Quantity(SPEEDS)),
    BURNED,
    May("reported_activity_intensity", Word(INTENSITIES)),
    MET,
];
const GIVES_MOVEMENT: Gives = Values(&[
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
    Need("latitude", Quantity(ANGLES)),
    Need("longitude", Quantity(ANGLES)),
    May("elevation", Quantity(&["m", "ft"])),
    Need(FRAME, Frame(FrameRule { day_parts: true, demands: Demands::Instant })),
    May("number_of_satellites_in_view", Integer),
    May("satellite_signal_strengths", List(0, &All(&[Quantity(&["dB"]), Record(&[&[May("value", Integer)]])]))),
    May("number_of_satellites_in_fix", Integer),
    May("positioning_system", Word(&["GPS", "GLONASS", "Galileo", "Beidou", "COMPASS", "IRNSS", "QZSS"])),
];
