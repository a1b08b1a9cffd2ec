//! The words, units and members that many schemas share.

use crate::formats::omh::frame::{DURATIONS, FrameRule, RequiredForm};
use crate::formats::omh::rule::Field::{self, Optional, Required};
use crate::formats::omh::rule::FieldRule::{self, Quantity, Text, Word};
use crate::model::statistic::DESCRIPTIVE;

/// Any unit: the schema asks for a string.
pub(super) const ANY: &[&str] = &[];
pub(super) const PERCENT: &[&str] = &["%"];
pub(super) const MINUTES: &[&str] = &["min"];
pub(super) const SECONDS: &[&str] = &["sec"];
pub(super) const KCAL: &[&str] = &["kcal"];
pub(super) const TEMPERATURES: &[&str] = &["K", "F", "C"];
pub(super) const LENGTHS: &[&str] = &["fm", "pm", "nm", "um", "mm", "cm", "m", "km", "in", "ft", "yd", "mi"];
pub(super) const MASSES: &[&str] = &["fg", "pg", "ng", "ug", "mg", "g", "kg", "Metric Ton", "gr", "oz", "lb", "Ton"];
pub(super) const SPEEDS: &[&str] = &["m/s", "km/h"];
pub(super) const PACES: &[&str] = &["min/mi", "min/km"];
pub(super) const ACCELERATIONS: &[&str] = &["m/s^2"];
pub(super) const ANGULAR_VELOCITIES: &[&str] = &["rad/s"];
pub(super) const FLUX_DENSITIES: &[&str] = &["pT", "nT", "uT", "mT", "T"];
pub(super) const ANGLES: &[&str] = &["deg"];
pub(super) const SOUNDS: &[&str] = &["dB", "dBA"];
pub(super) const ILLUMINANCES: &[&str] = &["lx"];
pub(super) const PRESSURES: &[&str] = &["mmHg"];

/// `descriptive-statistic` 1.0 of Open mHealth; later ones only add.
pub(super) const STATISTICS_1_0: &[&str] =
    &["average", "maximum", "minimum", "standard deviation", "variance", "sum", "median"];
pub(super) const STATISTICS_1_1: &[&str] = &[
    "average",
    "maximum",
    "minimum",
    "standard deviation",
    "variance",
    "sum",
    "median",
    "count",
    "quartile deviation",
    "80th percentile",
    "lower quartile",
    "upper quartile",
    "1st quintile",
    "2nd quintile",
    "3rd quintile",
    "4th quintile",
];
/// 1.2 of Open mHealth and 1.0 of IEEE 1752.1.
pub(super) const STATISTICS: &[&str] = DESCRIPTIVE;
pub(super) const DENOMINATORS_1_0: &[&str] = &["d", "episode", "meal", "session"];
pub(super) const DENOMINATORS: &[&str] = &["d", "wk", "Mo", "episode", "meal", "session"];

pub(super) const BODY_LOCATIONS: &[&str] = &[
    "left ankle",
    "right ankle",
    "left hip",
    "right hip",
    "left thigh",
    "right thigh",
    "left thorax",
    "middle left thorax",
    "left upper arm",
    "right upper arm",
    "left wrist",
    "right wrist",
];
pub(super) const BODY_POSTURES: &[&str] = &["sitting", "lying down", "standing", "semi-recumbent"];
pub(super) const POSITIONS: &[&str] = &["sitting", "lying down", "standing"];
pub(super) const SPECIMENS_1: &[&str] =
    &["interstitial fluid", "capillary blood", "plasma", "serum", "tears", "whole blood"];
pub(super) const SPECIMENS_2_0: &[&str] =
    &["breath", "capillary blood", "interstitial fluid", "lacrimal fluid", "saliva", "sweat", "urine"];
pub(super) const SPECIMENS_2: &[&str] =
    &["breath", "capillary blood", "interstitial fluid", "saliva", "sweat", "tears", "urine"];
pub(super) const BLOOD_SPECIMENS: &[&str] = &["whole blood", "plasma", "serum"];
pub(super) const INTENSITIES: &[&str] = &["light", "moderate", "vigorous"];
pub(super) const EXERCISE_RELATIONS: &[&str] =
    &["at rest", "active", "before exercise", "after exercise", "during exercise"];
pub(super) const SLEEP_RELATIONS: &[&str] = &["before sleeping", "during sleep", "on waking"];
pub(super) const MEAL_RELATIONS_1_0: &[&str] = &[
    "fasting",
    "not fasting",
    "before meal",
    "after meal",
    "before breakfast",
    "after breakfast",
    "before lunch",
    "after lunch",
    "before dinner",
    "after dinner",
    "2 hours postprandial",
];
pub(super) const MEAL_RELATIONS_1_1: &[&str] = &[
    "fasting",
    "not fasting",
    "before meal",
    "after meal",
    "before breakfast",
    "after breakfast",
    "before lunch",
    "after lunch",
    "before dinner",
    "after dinner",
    "2 hours postprandial",
    "not related to meals",
    "with meal",
    "with food",
];
pub(super) const MEAL_RELATIONS: &[&str] = &[
    "fasting",
    "not fasting",
    "before meal",
    "after meal",
    "before breakfast",
    "after breakfast",
    "before lunch",
    "after lunch",
    "before dinner",
    "after dinner",
    "2 hours postprandial",
    "with meal",
    "with food",
];

/// The member that says when.
pub(crate) const FRAME: &str = "effective_time_frame";

pub(super) const OMH_FRAME: FieldRule = FieldRule::Frame(FrameRule { day_parts: true, required: RequiredForm::Either });
pub(super) const OMH_SPAN_FRAME: FieldRule =
    FieldRule::Frame(FrameRule { day_parts: true, required: RequiredForm::Interval });
pub(super) const IEEE_FRAME: FieldRule =
    FieldRule::Frame(FrameRule { day_parts: false, required: RequiredForm::Either });
pub(super) const IEEE_SPAN_FRAME: FieldRule =
    FieldRule::Frame(FrameRule { day_parts: false, required: RequiredForm::Interval });

pub(super) const STATISTIC: Field = Optional("descriptive_statistic", Word(STATISTICS));
pub(super) const STATISTIC_1_0: Field = Optional("descriptive_statistic", Word(STATISTICS_1_0));
/// The schemas name the words and then allow any string beside them.
pub(super) const DENOMINATOR: Field = Optional("descriptive_statistic_denominator", Text);
pub(super) const NOTES: Field = Optional("user_notes", Text);
pub(super) const MAIN_SLEEP: Field = Optional("is_main_sleep", FieldRule::Bool);
pub(super) const EXERCISE: Field = Optional("temporal_relationship_to_physical_activity", Word(EXERCISE_RELATIONS));
pub(super) const SLEEP: Field = Optional("temporal_relationship_to_sleep", Word(SLEEP_RELATIONS));
pub(super) const MEAL: Field = Optional("temporal_relationship_to_meal", Word(MEAL_RELATIONS));

/// Open mHealth where the time may be missing: the early versions.
pub(super) const OMH_ANYTIME: &[Field] = &[Optional(FRAME, OMH_FRAME), STATISTIC];
/// Open mHealth where the time must be there.
pub(super) const OMH_TIMED: &[Field] = &[Required(FRAME, OMH_FRAME), STATISTIC];
/// IEEE 1752.1's frame, which the later schemas of Open mHealth refer to as well.
pub(super) const IEEE_TIMED: &[Field] = &[Required(FRAME, IEEE_FRAME), STATISTIC];
/// Sums over an interval.
pub(super) const OMH_SPANNED: &[Field] = &[Required(FRAME, OMH_SPAN_FRAME), STATISTIC, DENOMINATOR];
pub(super) const OMH_SPANNED_1_0: &[Field] = &[Required(FRAME, OMH_SPAN_FRAME), STATISTIC_1_0, DENOMINATOR];
pub(super) const IEEE_SPANNED: &[Field] = &[Required(FRAME, IEEE_SPAN_FRAME), STATISTIC, DENOMINATOR];

/// `frequency-unit-value` of Open mHealth: so many times in a window of time.
pub(super) const OMH_FREQUENCY: FieldRule = FieldRule::Record(&[&[
    Required("number_of_times", FieldRule::Number),
    Required("time_window", FieldRule::One(&[FieldRule::Duration, FieldRule::Range(DURATIONS)])),
]]);
/// IEEE 1752.1 allows a rate in hertz beside it.
pub(super) const IEEE_FREQUENCY: FieldRule = FieldRule::One(&[Quantity(&["Hz"]), OMH_FREQUENCY]);
