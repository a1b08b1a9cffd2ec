//! Vital signs, body measures and the raw motion of a sensor.

use super::entry::Mapping::{Chosen, Nothing, Values};
use super::entry::Namespace::{Ieee, Omh};
use super::entry::Shape::Quantity as Q;
use super::entry::{Choice, Family, Mapping, Schema, Value};
use super::words::*;
use crate::formats::omh::rule::Field::{self, Optional, Required};
use crate::formats::omh::rule::FieldRule::{Quantity, Record, Word};

pub(super) static FAMILIES: &[Family] = &[
    Family(
        Omh,
        "heart-rate",
        &[
            Schema("1.0", Record(&[HEART_RATE, OMH_ANYTIME, &[EXERCISE, NOTES]]), MAPS_HEART_RATE),
            Schema("1.1", Record(&[HEART_RATE, OMH_ANYTIME, &[EXERCISE, SLEEP, NOTES]]), MAPS_HEART_RATE),
            Schema("2.0", Record(&[HEART_RATE, OMH_TIMED, &[EXERCISE, SLEEP]]), MAPS_HEART_RATE),
        ],
    ),
    Family(
        Omh,
        "rr-interval",
        &[Schema(
            "1.0",
            Record(&[&[Required("rr_interval", Quantity(&["ms"]))], OMH_ANYTIME, &[EXERCISE]]),
            Values(&[Value("rr_interval", "rr_interval", Q)]),
        )],
    ),
    Family(
        Omh,
        "oxygen-saturation",
        &[
            Schema("1.0", Record(&[OXYGEN, OMH_ANYTIME]), MAPS_OXYGEN),
            Schema("2.0", Record(&[OXYGEN, OMH_TIMED]), MAPS_OXYGEN),
        ],
    ),
    Family(
        Omh,
        "respiratory-rate",
        &[
            Schema("1.0", Record(&[RESPIRATION, OMH_ANYTIME]), MAPS_RESPIRATION),
            Schema("2.0", Record(&[RESPIRATION, OMH_TIMED]), MAPS_RESPIRATION),
        ],
    ),
    Family(
        Omh,
        "blood-pressure",
        &[
            Schema("1.0", Record(&[PRESSURE, OMH_ANYTIME, &[POSITION, NOTES]]), MAPS_PRESSURE),
            Schema("2.0", Record(&[PRESSURE, OMH_ANYTIME, &[POSTURE, NOTES]]), MAPS_PRESSURE),
            Schema("3.0", Record(&[PRESSURE, OMH_TIMED, &[POSTURE, CUFF]]), MAPS_PRESSURE),
            Schema("3.1", Record(&[PRESSURE, OMH_TIMED, &[POSTURE, CUFF, EXERCISE]]), MAPS_PRESSURE),
            Schema("4.0", Record(&[PRESSURE, IEEE_TIMED, &[POSTURE, CUFF, EXERCISE]]), MAPS_PRESSURE),
        ],
    ),
    Family(
        Omh,
        "blood-glucose",
        &[
            Schema("1.0", Record(&[GLUCOSE, OMH_ANYTIME, &[BLOOD, MEAL, SLEEP, NOTES]]), MAPS_GLUCOSE),
            Schema("2.0", Record(&[GLUCOSE, OMH_ANYTIME, &[SPECIMEN_1, MEAL, SLEEP, NOTES]]), MAPS_GLUCOSE),
            Schema("3.0", Record(&[GLUCOSE, OMH_TIMED, &[SPECIMEN_2, MEAL, SLEEP]]), MAPS_GLUCOSE),
            Schema("4.0", Record(&[GLUCOSE, IEEE_TIMED, &[SPECIMEN_2, MEAL, SLEEP]]), MAPS_GLUCOSE),
        ],
    ),
    Family(
        Omh,
        "body-temperature",
        &[
            Schema("1.0", Record(&[TEMPERATURE, OMH_ANYTIME, &[PLACE_1]]), MAPS_TEMPERATURE),
            Schema("2.0", Record(&[TEMPERATURE, OMH_ANYTIME, &[PLACE_2, SLEEP]]), MAPS_TEMPERATURE),
            Schema("3.0", Record(&[TEMPERATURE, OMH_TIMED, &[PLACE_2, SLEEP]]), MAPS_TEMPERATURE),
            Schema("4.0", Record(&[TEMPERATURE, IEEE_TIMED, &[PLACE_2, SLEEP]]), MAPS_TEMPERATURE),
        ],
    ),
    Family(
        Omh,
        "body-weight",
        &[
            Schema("1.0", Record(&[WEIGHT, OMH_ANYTIME]), MAPS_WEIGHT),
            Schema("2.0", Record(&[WEIGHT, OMH_TIMED]), MAPS_WEIGHT),
            Schema("3.0", Record(&[WEIGHT, IEEE_TIMED]), MAPS_WEIGHT),
        ],
    ),
    Family(
        Omh,
        "body-height",
        &[
            Schema("1.0", Record(&[HEIGHT, OMH_ANYTIME]), MAPS_HEIGHT),
            Schema("2.0", Record(&[HEIGHT, IEEE_TIMED]), MAPS_HEIGHT),
        ],
    ),
    Family(
        Omh,
        "body-mass-index",
        &[
            Schema("1.0", Record(&[&[Required("body_mass_index", Quantity(&["kg/m2"]))], OMH_ANYTIME]), MAPS_INDEX),
            Schema("2.0", Record(&[INDEX, OMH_TIMED]), MAPS_INDEX),
            Schema("3.0", Record(&[INDEX, IEEE_TIMED]), MAPS_INDEX),
        ],
    ),
    Family(
        Omh,
        "body-fat-percentage",
        &[Schema("1.0", Record(&[FAT, OMH_ANYTIME]), MAPS_FAT), Schema("2.0", Record(&[FAT, IEEE_TIMED]), MAPS_FAT)],
    ),
    Family(
        Omh,
        "acceleration",
        &[
            Schema("1.0", Record(&[ACCELERATION, OMH_TIMED]), MAPS_ACCELERATION),
            Schema("2.0", Record(&[ACCELERATION, IEEE_TIMED]), MAPS_ACCELERATION),
        ],
    ),
    Family(Ieee, "body-weight", &[Schema("0.1", Record(&[COMPOSITION, IEEE_TIMED]), MAPS_COMPOSITION)]),
    Family(Ieee, "body-height", &[Schema("0.1", Record(&[HEIGHT, IEEE_TIMED]), MAPS_HEIGHT)]),
    Family(Ieee, "body-mass-index", &[Schema("0.1", Record(&[INDEX, IEEE_TIMED]), MAPS_INDEX)]),
    Family(
        Ieee,
        "body-adiposity-index",
        &[Schema("0.1", Record(&[&[Required("body_adiposity_index", Quantity(PERCENT))], IEEE_TIMED]), Nothing)],
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
        &[Schema("1.0", Record(&[&[Required("breath_carbon_monoxide", Quantity(&["ppm"]))], OMH_ANYTIME]), Nothing)],
    ),
    Family(
        Omh,
        "minute-volume",
        &[Schema(
            "1.0",
            Record(&[
                &[
                    Required("minute_volume", Quantity(&["mL/min", "L/min"])),
                    Optional("minute_volume_type", Word(&["inspiratory", "expiratory", "total"])),
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
        &[Schema(
            "1.0",
            Record(&[&[Required("inspiratory_time", Quantity(SECONDS))], OMH_ANYTIME, &[EXERCISE]]),
            Nothing,
        )],
    ),
    Family(
        Omh,
        "expiratory-time",
        &[Schema(
            "1.0",
            Record(&[&[Required("expiratory_time", Quantity(SECONDS))], OMH_ANYTIME, &[EXERCISE]]),
            Nothing,
        )],
    ),
    Family(
        Omh,
        "ventilation-cycle-time",
        &[Schema(
            "1.0",
            Record(&[&[Required("ventilation_cycle_time", Quantity(SECONDS))], OMH_TIMED, &[EXERCISE]]),
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
                    Required("angular_velocity_x", Quantity(ANGULAR_VELOCITIES)),
                    Required("angular_velocity_y", Quantity(ANGULAR_VELOCITIES)),
                    Optional("angular_velocity_z", Quantity(ANGULAR_VELOCITIES)),
                    Optional("sensor_body_location", Word(BODY_LOCATIONS)),
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
                    Required("magnetic_field_strength_x", Quantity(FLUX_DENSITIES)),
                    Required("magnetic_field_strength_y", Quantity(FLUX_DENSITIES)),
                    Optional("magnetic_field_strength_z", Quantity(FLUX_DENSITIES)),
                ],
                OMH_TIMED,
            ]),
            Nothing,
        )],
    ),
];

const HEART_RATE: &[Field] = &[Required("heart_rate", Quantity(&["beats/min"]))];
const MAPS_HEART_RATE: Mapping = Values(&[Value("heart_rate", "heart_rate", Q)]);

const OXYGEN: &[Field] = &[
    Required("oxygen_saturation", Quantity(PERCENT)),
    Optional("system", Word(&["peripheral capillary"])),
    Optional("supplemental_oxygen_flow_rate", Quantity(&["L/min"])),
    Optional("oxygen_therapy_mode_of_administration", Word(&["nasal cannula"])),
    Optional("measurement_method", Word(&["pulse oximetry"])),
];
const MAPS_OXYGEN: Mapping = Values(&[Value("oxygen_saturation", "oxygen_saturation", Q)]);

const RESPIRATION: &[Field] = &[Required("respiratory_rate", Quantity(&["breaths/min"])), EXERCISE];
const MAPS_RESPIRATION: Mapping = Values(&[Value("respiratory_rate", "respiratory_rate", Q)]);

const PRESSURE: &[Field] = &[
    Required("systolic_blood_pressure", Quantity(PRESSURES)),
    Required("diastolic_blood_pressure", Quantity(PRESSURES)),
];
const POSITION: Field = Optional("position_during_measurement", Word(POSITIONS));
const POSTURE: Field = Optional("body_posture", Word(BODY_POSTURES));
const CUFF: Field = Optional("measurement_location", Word(BODY_LOCATIONS));
const MAPS_PRESSURE: Mapping = Values(&[
    Value("systolic_blood_pressure", "systolic_blood_pressure", Q),
    Value("diastolic_blood_pressure", "diastolic_blood_pressure", Q),
]);

const GLUCOSE: &[Field] = &[Required("blood_glucose", Quantity(&["mg/dL", "mmol/L"]))];
const BLOOD: Field = Optional("blood_specimen_type", Word(BLOOD_SPECIMENS));
const SPECIMEN_1: Field = Optional("specimen_source", Word(SPECIMENS_1));
const SPECIMEN_2: Field = Optional("specimen_source", Word(SPECIMENS_2));
/// Glucose outside blood and tissue is another measurement, at a hundredth of the level: never blood glucose.
const MAPS_GLUCOSE: Mapping = Chosen(
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

const TEMPERATURE: &[Field] = &[Required("body_temperature", Quantity(TEMPERATURES))];
const PLACE_1: Field = Optional(
    "measurement_location",
    Word(&["oral", "rectal", "vaginal", "axillary", "otic", "wrist", "chest", "temporal"]),
);
const PLACE_2: Field = Optional(
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
const MAPS_TEMPERATURE: Mapping = Chosen(
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

const WEIGHT: &[Field] = &[Required("body_weight", Quantity(MASSES))];
const MAPS_WEIGHT: Mapping = Values(&[Value("body_weight", "body_weight", Q)]);
const HEIGHT: &[Field] = &[Required("body_height", Quantity(LENGTHS))];
const MAPS_HEIGHT: Mapping = Values(&[Value("body_height", "body_height", Q)]);
const INDEX: &[Field] = &[Required("body_mass_index", Quantity(&["kg/m^2"]))];
const MAPS_INDEX: Mapping = Values(&[Value("body_mass_index", "body_mass_index", Q)]);
const FAT: &[Field] = &[Required("body_fat_percentage", Quantity(PERCENT))];
const MAPS_FAT: Mapping = Values(&[Value("body_fat_percentage", "body_fat_percentage", Q)]);

/// Skeletal muscle is a part of the lean mass, not the whole: it has no metric, nor have water and bone.
const COMPOSITION: &[Field] = &[
    Required("body_weight", Quantity(MASSES)),
    Optional("body_fat_percentage", Quantity(PERCENT)),
    Optional("body_fat_weight", Quantity(MASSES)),
    Optional("body_skeletal_muscle_mass_percentage", Quantity(PERCENT)),
    Optional("body_skeletal_muscle_mass_weight", Quantity(MASSES)),
    Optional("body_water_mass_percentage", Quantity(PERCENT)),
    Optional("body_water_mass_weight", Quantity(MASSES)),
    Optional("body_bone_mass_percentage", Quantity(PERCENT)),
    Optional("body_bone_mass_weight", Quantity(MASSES)),
];
const MAPS_COMPOSITION: Mapping =
    Values(&[Value("body_weight", "body_weight", Q), Value("body_fat_percentage", "body_fat_percentage", Q)]);

const ACCELERATION: &[Field] = &[
    Required("acceleration_x", Quantity(ACCELERATIONS)),
    Required("acceleration_y", Quantity(ACCELERATIONS)),
    Optional("acceleration_z", Quantity(ACCELERATIONS)),
    Optional("sensor_body_location", Word(BODY_LOCATIONS)),
];
const MAPS_ACCELERATION: Mapping = Values(&[
    Value("acceleration_x", "acceleration_x", Q),
    Value("acceleration_y", "acceleration_y", Q),
    Value("acceleration_z", "acceleration_z", Q),
]);
