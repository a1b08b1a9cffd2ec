//! Vital signs, body measures and the raw motion of a sensor.

use super::Gives::{Chosen, Nothing, Values};
use super::Namespace::{Ieee, Omh};
use super::Shape::Quantity as Q;
use super::words::*;
use super::{Choice, Family, Gives, Schema, Value};
use crate::formats::omh::rule::Field::{self, May, Need};
use crate::formats::omh::rule::Rule::{Quantity, Record, Word};

pub(super) static FAMILIES: &[Family] = &[
    Family(
        Omh,
        "heart-rate",
        &[
            Schema("1.0", Record(&[HEART_RATE, OMH_ANYTIME, &[EXERCISE, NOTES]]), GIVES_HEART_RATE),
            Schema("1.1", Record(&[HEART_RATE, OMH_ANYTIME, &[EXERCISE, SLEEP, NOTES]]), GIVES_HEART_RATE),
            Schema("2.0", Record(&[HEART_RATE, OMH_TIMED, &[EXERCISE, SLEEP]]), GIVES_HEART_RATE),
        ],
    ),
    Family(
        Omh,
        "rr-interval",
        &[Schema(
            "1.0",
            Record(&[&[Need("rr_interval", Quantity(&["ms"]))], OMH_ANYTIME, &[EXERCISE]]),
            Values(&[Value("rr_interval", "rr_interval", Q)]),
        )],
    ),
    Family(
        Omh,
        "oxygen-saturation",
        &[
            Schema("1.0", Record(&[OXYGEN, OMH_ANYTIME]), GIVES_OXYGEN),
            Schema("2.0", Record(&[OXYGEN, OMH_TIMED]), GIVES_OXYGEN),
        ],
    ),
    Family(
        Omh,
        "respiratory-rate",
        &[
            Schema("1.0", Record(&[RESPIRATION, OMH_ANYTIME]), GIVES_RESPIRATION),
            Schema("2.0", Record(&[RESPIRATION, OMH_TIMED]), GIVES_RESPIRATION),
        ],
    ),
    Family(
        Omh,
        "blood-pressure",
        &[
            Schema("1.0", Record(&[PRESSURE, OMH_ANYTIME, &[POSITION, NOTES]]), GIVES_PRESSURE),
            Schema("2.0", Record(&[PRESSURE, OMH_ANYTIME, &[POSTURE, NOTES]]), GIVES_PRESSURE),
            Schema("3.0", Record(&[PRESSURE, OMH_TIMED, &[POSTURE, CUFF]]), GIVES_PRESSURE),
            Schema("3.1", Record(&[PRESSURE, OMH_TIMED, &[POSTURE, CUFF, EXERCISE]]), GIVES_PRESSURE),
            Schema("4.0", Record(&[PRESSURE, IEEE_TIMED, &[POSTURE, CUFF, EXERCISE]]), GIVES_PRESSURE),
        ],
    ),
    Family(
        Omh,
        "blood-glucose",
        &[
            Schema("1.0", Record(&[GLUCOSE, OMH_ANYTIME, &[BLOOD, MEAL, SLEEP, NOTES]]), GIVES_GLUCOSE),
            Schema("2.0", Record(&[GLUCOSE, OMH_ANYTIME, &[SPECIMEN_1, MEAL, SLEEP, NOTES]]), GIVES_GLUCOSE),
            Schema("3.0", Record(&[GLUCOSE, OMH_TIMED, &[SPECIMEN_2, MEAL, SLEEP]]), GIVES_GLUCOSE),
            Schema("4.0", Record(&[GLUCOSE, IEEE_TIMED, &[SPECIMEN_2, MEAL, SLEEP]]), GIVES_GLUCOSE),
        ],
    ),
    Family(
        Omh,
        "body-temperature",
        &[
            Schema("1.0", Record(&[TEMPERATURE, OMH_ANYTIME, &[PLACE_1]]), GIVES_TEMPERATURE),
            Schema("2.0", Record(&[TEMPERATURE, OMH_ANYTIME, &[PLACE_2, SLEEP]]), GIVES_TEMPERATURE),
            Schema("3.0", Record(&[TEMPERATURE, OMH_TIMED, &[PLACE_2, SLEEP]]), GIVES_TEMPERATURE),
            Schema("4.0", Record(&[TEMPERATURE, IEEE_TIMED, &[PLACE_2, SLEEP]]), GIVES_TEMPERATURE),
        ],
    ),
    Family(
        Omh,
        "body-weight",
        &[
            Schema("1.0", Record(&[WEIGHT, OMH_ANYTIME]), GIVES_WEIGHT),
            Schema("2.0", Record(&[WEIGHT, OMH_TIMED]), GIVES_WEIGHT),
            Schema("3.0", Record(&[WEIGHT, IEEE_TIMED]), GIVES_WEIGHT),
        ],
    ),
    Family(
        Omh,
        "body-height",
        &[
            Schema("1.0", Record(&[HEIGHT, OMH_ANYTIME]), GIVES_HEIGHT),
            Schema("2.0", Record(&[HEIGHT, IEEE_TIMED]), GIVES_HEIGHT),
        ],
    ),
    Family(
        Omh,
        "body-mass-index",
        &[
            Schema("1.0", Record(&[&[Need("body_mass_index", Quantity(&["kg/m2"]))], OMH_ANYTIME]), GIVES_INDEX),
            Schema("2.0", Record(&[INDEX, OMH_TIMED]), GIVES_INDEX),
            Schema("3.0", Record(&[INDEX, IEEE_TIMED]), GIVES_INDEX),
        ],
    ),
    Family(
        Omh,
        "body-fat-percentage",
        &[Schema("1.0", Record(&[FAT, OMH_ANYTIME]), GIVES_FAT), Schema("2.0", Record(&[FAT, IEEE_TIMED]), GIVES_FAT)],
    ),
    Family(
        Omh,
        "acceleration",
        &[
            Schema("1.0", Record(&[ACCELERATION, OMH_TIMED]), GIVES_ACCELERATION),
            Schema("2.0", Record(&[ACCELERATION, IEEE_TIMED]), GIVES_ACCELERATION),
        ],
    ),
    Family(Ieee, "body-weight", &[Schema("0.1", Record(&[COMPOSITION, IEEE_TIMED]), GIVES_COMPOSITION)]),
    Family(Ieee, "body-height", &[Schema("0.1", Record(&[HEIGHT, IEEE_TIMED]), GIVES_HEIGHT)]),
    Family(Ieee, "body-mass-index", &[Schema("0.1", Record(&[INDEX, IEEE_TIMED]), GIVES_INDEX)]),
    Family(
        Ieee,
        "body-adiposity-index",
        &[Schema("0.1", Record(&[&[Need("body_adiposity_index", Quantity(PERCENT))], IEEE_TIMED]), Nothing)],
    ),
    Family(
        Omh,
        "systolic-blood-pressure",
        &[Schema("1.0", Quantity(PRESSURES), Nothing), Schema("1.1", Quantity(PRESSURES), Nothing)],
    ),
    Family(
        Omh,
        "diastolic-blood-pressure",
        &[Schema("1.0", Quantity(PRESSURES), Nothing), Schema("1.1", Quantity(PRESSURES), Nothing)],
    ),
    Family(
        Omh,
        "breath-carbon-monoxide",
        &[Schema("1.0", Record(&[&[Need("breath_carbon_monoxide", Quantity(&["ppm"]))], OMH_ANYTIME]), Nothing)],
    ),
    Family(
        Omh,
        "minute-volume",
        &[Schema(
            "1.0",
            Record(&[
                &[
                    Need("minute_volume", Quantity(&["mL/min", "L/min"])),
                    May("minute_volume_type", Word(&["inspiratory", "expiratory", "total"])),
                ],
                OMH_ANYTIME,
                &[EXERCISE],
            ]),
            Nothing,
        )],
    ),
    Family(
        Omh,
        "inspiratory-time",
        &[Schema("1.0", Record(&[&[Need("inspiratory_time", Quantity(SECONDS))], OMH_ANYTIME, &[EXERCISE]]), Nothing)],
    ),
    Family(
        Omh,
        "expiratory-time",
        &[Schema("1.0", Record(&[&[Need("expiratory_time", Quantity(SECONDS))], OMH_ANYTIME, &[EXERCISE]]), Nothing)],
    ),
    Family(
        Omh,
        "ventilation-cycle-time",
        &[Schema(
            "1.0",
            Record(&[&[Need("ventilation_cycle_time", Quantity(SECONDS))], OMH_TIMED, &[EXERCISE]]),
            Nothing,
        )],
    ),
    Family(
        Omh,
        "orientation",
        &[Schema(
            "1.0",
            Record(&[
                &[
                    Need("angular_velocity_x", Quantity(ANGULAR_VELOCITIES)),
                    Need("angular_velocity_y", Quantity(ANGULAR_VELOCITIES)),
                    May("angular_velocity_z", Quantity(ANGULAR_VELOCITIES)),
                    May("sensor_body_location", Word(BODY_LOCATIONS)),
                ],
                OMH_TIMED,
            ]),
            Nothing,
        )],
    ),
    Family(
        Omh,
        "magnetic-force",
        &[Schema(
            "1.0",
            Record(&[
                &[
                    Need("magnetic_field_strength_x", Quantity(FLUX_DENSITIES)),
                    Need("magnetic_field_strength_y", Quantity(FLUX_DENSITIES)),
                    May("magnetic_field_strength_z", Quantity(FLUX_DENSITIES)),
                ],
                OMH_TIMED,
            ]),
            Nothing,
        )],
    ),
];

const HEART_RATE: &[Field] = &[Need("heart_rate", Quantity(&["beats/min"]))];
const GIVES_HEART_RATE: Gives = Values(&[Value("heart_rate", "heart_rate", Q)]);

const OXYGEN: &[Field] = &[
    Need("oxygen_saturation", Quantity(PERCENT)),
    May("system", Word(&["peripheral capillary"])),
    May("supplemental_oxygen_flow_rate", Quantity(&["L/min"])),
    May("oxygen_therapy_mode_of_administration", Word(&["nasal cannula"])),
    May("measurement_method", Word(&["pulse oximetry"])),
];
const GIVES_OXYGEN: Gives = Values(&[Value("oxygen_saturation", "oxygen_saturation", Q)]);

const RESPIRATION: &[Field] = &[Need("respiratory_rate", Quantity(&["breaths/min"])), EXERCISE];
const GIVES_RESPIRATION: Gives = Values(&[Value("respiratory_rate", "respiratory_rate", Q)]);

const PRESSURE: &[Field] =
    &[Need("systolic_blood_pressure", Quantity(PRESSURES)), Need("diastolic_blood_pressure", Quantity(PRESSURES))];
const POSITION: Field = May("position_during_measurement", Word(POSITIONS));
const POSTURE: Field = May("body_posture", Word(BODY_POSTURES));
const CUFF: Field = May("measurement_location", Word(BODY_LOCATIONS));
const GIVES_PRESSURE: Gives = Values(&[
    Value("systolic_blood_pressure", "systolic_blood_pressure", Q),
    Value("diastolic_blood_pressure", "diastolic_blood_pressure", Q),
]);

const GLUCOSE: &[Field] = &[Need("blood_glucose", Quantity(&["mg/dL", "mmol/L"]))];
const BLOOD: Field = May("blood_specimen_type", Word(BLOOD_SPECIMENS));
const SPECIMEN_1: Field = May("specimen_source", Word(SPECIMENS_1));
const SPECIMEN_2: Field = May("specimen_source", Word(SPECIMENS_2));
/// Glucose outside blood and tissue is another measurement, at a hundredth of the level: never blood glucose.
const GIVES_GLUCOSE: Gives = Chosen(
    Value("blood_glucose", "blood_glucose", Q),
    Choice(
        "specimen_source",
        &[
            ("interstitial fluid", Some("interstitial_glucose")),
            ("breath", None),
            ("saliva", None),
            ("sweat", None),
            ("tears", None),
            ("urine", None),
        ],
    ),
);

const TEMPERATURE: &[Field] = &[Need("body_temperature", Quantity(TEMPERATURES))];
const PLACE_1: Field =
    May("measurement_location", Word(&["oral", "rectal", "vaginal", "axillary", "otic", "wrist", "chest", "temporal"]));
const PLACE_2: Field = May(
    "measurement_location",
    Word(&[
        "axillary",
        "finger",
        "forehead",
        "oral",
        "rectal",
        "temporal artery",
        "toe",
        "tympanic",
        "wrist",
        "vagina",
    ]),
);
const GIVES_TEMPERATURE: Gives = Chosen(
    Value("body_temperature", "body_temperature", Q),
    Choice(
        "measurement_location",
        &[
            ("wrist", Some("skin_temperature")),
            ("finger", Some("skin_temperature")),
            ("toe", Some("skin_temperature")),
            ("forehead", Some("skin_temperature")),
        ],
    ),
);

const WEIGHT: &[Field] = &[Need("body_weight", Quantity(MASSES))];
const GIVES_WEIGHT: Gives = Values(&[Value("body_weight", "body_weight", Q)]);
const HEIGHT: &[Field] = &[Need("body_height", Quantity(LENGTHS))];
const GIVES_HEIGHT: Gives = Values(&[Value("body_height", "body_height", Q)]);
const INDEX: &[Field] = &[Need("body_mass_index", Quantity(&["kg/m^2"]))];
const GIVES_INDEX: Gives = Values(&[Value("body_mass_index", "body_mass_index", Q)]);
const FAT: &[Field] = &[Need("body_fat_percentage", Quantity(PERCENT))];
const GIVES_FAT: Gives = Values(&[Value("body_fat_percentage", "body_fat_percentage", Q)]);

/// Skeletal muscle is a part of the lean mass, not the whole: it has no metric, nor have water and bone.
const COMPOSITION: &[Field] = &[
    Need("body_weight", Quantity(MASSES)),
    May("body_fat_percentage", Quantity(PERCENT)),
    May("body_fat_weight", Quantity(MASSES)),
    May("body_skeletal_muscle_mass_percentage", Quantity(PERCENT)),
    May("body_skeletal_muscle_mass_weight", Quantity(MASSES)),
    May("body_water_mass_percentage", Quantity(PERCENT)),
    May("body_water_mass_weight", Quantity(MASSES)),
    May("body_bone_mass_percentage", Quantity(PERCENT)),
    May("body_bone_mass_weight", Quantity(MASSES)),
];
const GIVES_COMPOSITION: Gives =
    Values(&[Value("body_weight", "body_weight", Q), Value("body_fat_percentage", "body_fat_percentage", Q)]);

const ACCELERATION: &[Field] = &[
    Need("acceleration_x", Quantity(ACCELERATIONS)),
    Need("acceleration_y", Quantity(ACCELERATIONS)),
    May("acceleration_z", Quantity(ACCELERATIONS)),
    May("sensor_body_location", Word(BODY_LOCATIONS)),
];
const GIVES_ACCELERATION: Gives = Values(&[
    Value("acceleration_x", "acceleration_x", Q),
    Value("acceleration_y", "acceleration_y", Q),
    Value("acceleration_z", "acceleration_z", Q),
]);
