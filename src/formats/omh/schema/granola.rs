//! Apple HealthKit's samples in Open mHealth's rendering (Granola): each names its own type.

use super::activity::EXERCISE_1_2;
use super::entry::Mapping::{HealthKitCategory, HealthKitCorrelation, HealthKitQuantity, Nothing, Values};
use super::entry::Namespace::Granola;
use super::entry::Shape::{Bare, Quantity as Q};
use super::entry::{Family, Schema, Value};
use super::words::*;
use crate::formats::omh::rule::Field::{self, Optional, Required};
use crate::formats::omh::rule::FieldRule::{
    self, All, Any, Bool, Either, Form, List, Number, One, Quantity, Record, Text, Word,
};

pub(super) static FAMILIES: &[Family] = &[
    Family(Granola, "hk-quantity-sample", &[Schema("1.0", QUANTITY_SAMPLE, HealthKitQuantity)]),
    Family(Granola, "hk-category-sample", &[Schema("1.0", CATEGORY_SAMPLE, HealthKitCategory)]),
    Family(Granola, "hk-correlation", &[Schema("1.0", CORRELATION, HealthKitCorrelation)]),
    Family(Granola, "hk-workout", &[Schema("1.0", WORKOUT, Values(WORKOUT_VALUES))]),
    Family(Granola, "hk-metadata", &[Schema("1.0", METADATA, Nothing)]),
    Family(
        Granola,
        "hk-quantity-type",
        &[
            Schema("1.0", Form(is_quantity_type_1_0, "must be a quantity type of HealthKit"), Nothing),
            Schema("1.1", QUANTITY_TYPE, Nothing),
        ],
    ),
    Family(
        Granola,
        "hk-category-type",
        &[
            Schema("1.0", Word(&["HKCategoryTypeIdentifierSleepAnalysis"]), Nothing),
            Schema("1.1", Word(CATEGORY_TYPES), Nothing),
        ],
    ),
    Family(Granola, "hk-correlation-type", &[Schema("1.0", Word(CORRELATION_TYPES), Nothing)]),
    Family(Granola, "hk-blood-type", &[Schema("1.0", Word(BLOOD_TYPES), Nothing)]),
];

const METADATA: FieldRule =
    List(0, &Record(&[&[Required("key", Text), Required("value", One(&[Text, Number, Bool]))]]));
const META: Field = Optional("metadata", METADATA);

/// A value with its unit, or a count: not both, as each counts where it is valid.
pub(crate) const QUANTITY_SAMPLE: FieldRule = All(&[
    Record(&[&[Required(FRAME, OMH_FRAME), Required("quantity_type", QUANTITY_TYPE), META]]),
    One(&[Record(&[&[Required("unit_value", Quantity(ANY))]]), Record(&[&[Required("count", Number)]])]),
]);
pub(crate) const CATEGORY_SAMPLE: FieldRule = Record(&[&[
    Required(FRAME, OMH_FRAME),
    Required("category_value", Text),
    Required("category_type", Word(CATEGORY_TYPES)),
    META,
]]);
const CORRELATION: FieldRule = All(&[
    Record(&[&[Required("correlation_type", Word(CORRELATION_TYPES)), Required(FRAME, OMH_FRAME), META]]),
    Either(&[
        Record(&[&[Required("quantity_samples", List(1, &QUANTITY_SAMPLE))]]),
        Record(&[&[Required("category_samples", List(1, &CATEGORY_SAMPLE))]]),
    ]),
]);
const WORKOUT: FieldRule = All(&[
    EXERCISE_1_2,
    Record(&[&[
        Required("activity_name", Any),
        Required(FRAME, OMH_FRAME),
        Optional("duration", Quantity(SECONDS)),
        Optional("kcal_burned", Quantity(KCAL)),
        META,
    ]]),
]);
const WORKOUT_VALUES: &[Value] = &[
    Value("distance", "distance", Q),
    Value("duration", "exercise_duration", Q),
    Value("kcal_burned", "active_energy", Q),
    Value("met_value", "met", Bare),
];

const CATEGORY_TYPES: &[&str] = &[
    "HKCategoryTypeIdentifierSleepAnalysis",
    "HKCategoryTypeIdentifierAppleStandHour",
    "HKCategoryTypeIdentifierCervicalMucusQuality",
    "HKCategoryTypeIdentifierOvulationTestResult",
    "HKCategoryTypeIdentifierMenstrualFlow",
    "HKCategoryTypeIdentifierIntermenstrualBleeding",
    "HKCategoryTypeIdentifierSexualActivity",
];
const CORRELATION_TYPES: &[&str] = &["HKCorrelationTypeIdentifierBloodPressure", "HKCorrelationTypeIdentifierFood"];
const BLOOD_TYPES: &[&str] = &["A+", "A-", "B+", "B-", "AB+", "O+", "O-"];

const QUANTITY_TYPE: FieldRule = Form(is_quantity_type, "must be a quantity type of HealthKit");

fn is_quantity_type(text: &str) -> bool {
    is_quantity_type_1_0(text) || named(text).is_some_and(|name| QUANTITY_TYPES_1_1.contains(&name))
}

fn is_quantity_type_1_0(text: &str) -> bool {
    named(text).is_some_and(|name| QUANTITY_TYPES_1_0.contains(&name))
}

/// What follows the words that every type of a quantity begins with.
fn named(text: &str) -> Option<&str> {
    text.strip_prefix("HKQuantityTypeIdentifier")
}

const QUANTITY_TYPES_1_0: &[&str] = &[
    "BodyMassIndex",
    "BodyFatPercentage",
    "Height",
    "BodyMass",
    "LeanBodyMass",
    "StepCount",
    "DistanceWalkingRunning",
    "DistanceCycling",
    "BasalEnergyBurned",
    "ActiveEnergyBurned",
    "FlightsClimbed",
    "NikeFuel",
    "HeartRate",
    "BodyTemperature",
    "BloodPressureSystolic",
    "BloodPressureDiastolic",
    "RespiratoryRate",
    "OxygenSaturation",
    "PeripheralPerfusionIndex",
    "BloodGlucose",
    "NumberOfTimesFallen",
    "ElectrodermalActivity",
    "InhalerUsage",
    "BloodAlcoholContent",
    "ForcedVitalCapacity",
    "ForcedExpiratoryVolume1",
    "PeakExpiratoryFlowRate",
    "DietaryFatTotal",
    "DietaryFatPolyunsaturated",
    "DietaryFatMonounsaturated",
    "DietaryFatSaturated",
    "DietaryCholesterol",
    "DietarySodium",
    "DietaryCarbohydrates",
    "DietaryFiber",
    "DietarySugar",
    "DietaryEnergyConsumed",
    "DietaryProtein",
    "DietaryVitaminA",
    "DietaryVitaminB6",
    "DietaryVitaminB12",
    "DietaryVitaminC",
    "DietaryVitaminD",
    "DietaryVitaminE",
    "DietaryVitaminK",
    "DietaryCalcium",
    "DietaryIron",
    "DietaryThiamin",
    "DietaryRiboflavin",
    "DietaryNiacin",
    "DietaryFolate",
    "DietaryBiotin",
    "DietaryPantothenicAcid",
    "DietaryPhosphorus",
    "DietaryIodine",
    "DietaryMagnesium",
    "DietaryZinc",
    "DietarySelenium",
    "DietaryCopper",
    "DietaryManganese",
    "DietaryChromium",
    "DietaryMolybdenum",
    "DietaryChloride",
    "DietaryPotassium",
    "DietaryCaffeine",
];

/// What 1.1 adds.
const QUANTITY_TYPES_1_1: &[&str] = &["DietaryWater", "BasalBodyTemperature", "UVExposure"];
