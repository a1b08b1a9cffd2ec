//! The parts of which other schemas are made, and the headers: validated where somebody asks, and never a sample.

use super::entry::Mapping::Nothing;
use super::entry::Namespace::{Ieee, Omh};
use super::entry::{Family, Schema};
use super::words::*;
use crate::formats::omh::forms::{is_full_date, is_local_time, is_uri};
use crate::formats::omh::frame::PARTS_OF_DAY;
use crate::formats::omh::rule::Field::{self, Optional, Required};
use crate::formats::omh::rule::FieldRule::{self, DateTime, Form, Interval, List, Record, Text, Word};
use crate::formats::text::is_uuid;

pub(super) static FAMILIES: &[Family] = &[
    Family(
        Omh,
        "header",
        &[
            Schema("1.0", Record(&[OMH_ID, ACQUIRED_1_0]), Nothing),
            Schema("1.1", Record(&[OMH_ID, ACQUIRED_1_0, &[USER]]), Nothing),
            Schema("1.2", OMH_HEADER, Nothing),
        ],
    ),
    Family(Ieee, "header", &[Schema("1.0", IEEE_HEADER, Nothing)]),
    Family(
        Omh,
        "data-point",
        &[Schema("1.0", Record(&[&[Required("header", OMH_HEADER), Required("body", OBJECT)]]), Nothing)],
    ),
    Family(
        Ieee,
        "data-point",
        &[Schema("1.0", Record(&[&[Required("header", IEEE_HEADER), Required("body", OBJECT)]]), Nothing)],
    ),
    Family(
        Ieee,
        "data-series",
        &[Schema("1.0", Record(&[&[Required("header", IEEE_HEADER), Required("body", List(0, &OBJECT))]]), Nothing)],
    ),
    Family(Omh, "schema-id", &[Schema("1.0", SCHEMA_ID, Nothing), Schema("1.1", SCHEMA_ID_1_1, Nothing)]),
    Family(Ieee, "schema-id", &[Schema("1.0", SCHEMA_ID, Nothing)]),
    Family(Omh, "date-time", &[Schema("1.0", DateTime, Nothing)]),
    Family(Ieee, "date-time", &[Schema("1.0", DateTime, Nothing)]),
    Family(Omh, "full-date", &[Schema("1.0", Form(is_full_date, "must be a date, as in 2026-11-23"), Nothing)]),
    Family(Omh, "local-time", &[Schema("1.0", LOCAL_TIME, Nothing)]),
    Family(Omh, "part-of-day", &[Schema("1.0", Word(PARTS_OF_DAY), Nothing)]),
    Family(Omh, "day-of-week", &[Schema("1.0", Word(DAYS_OF_WEEK), Nothing)]),
    Family(Omh, "time-frame", &[Schema("1.0", OMH_FRAME, Nothing)]),
    Family(Ieee, "time-frame", &[Schema("1.0", IEEE_FRAME, Nothing)]),
    Family(Omh, "time-interval", &[Schema("1.0", Interval(true), Nothing)]),
    Family(Ieee, "time-interval", &[Schema("1.0", Interval(false), Nothing)]),
    Family(Omh, "activity-name", &[Schema("1.0", Text, Nothing)]),
    Family(
        Omh,
        "body-location",
        &[Schema("1.0", Word(BODY_LOCATIONS), Nothing), Schema("1.1", Word(BODY_LOCATIONS), Nothing)],
    ),
    Family(Ieee, "body-location", &[Schema("0.1", Word(IEEE_BODY_LOCATIONS), Nothing)]),
    Family(Omh, "body-posture", &[Schema("1.0", Word(BODY_POSTURES), Nothing)]),
    Family(Ieee, "body-posture", &[Schema("1.0", Word(BODY_POSTURES), Nothing)]),
    Family(Omh, "position-during-measurement", &[Schema("1.0", Word(POSITIONS), Nothing)]),
    Family(
        Omh,
        "specimen-source",
        &[
            Schema("1.0", Word(SPECIMENS_1), Nothing),
            Schema("2.0", Word(SPECIMENS_2_0), Nothing),
            Schema("2.1", Word(SPECIMENS_2), Nothing),
        ],
    ),
    Family(Omh, "blood-specimen-type", &[Schema("1.0", Word(BLOOD_SPECIMENS), Nothing)]),
    Family(
        Omh,
        "descriptive-statistic",
        &[
            Schema("1.0", Word(STATISTICS_1_0), Nothing),
            Schema("1.1", Word(STATISTICS_1_1), Nothing),
            Schema("1.2", Word(STATISTICS), Nothing),
        ],
    ),
    Family(Ieee, "descriptive-statistic", &[Schema("1.0", Word(STATISTICS), Nothing)]),
    Family(
        Omh,
        "descriptive-statistic-denominator",
        &[Schema("1.0", Word(DENOMINATORS_1_0), Nothing), Schema("1.1", Word(DENOMINATORS), Nothing)],
    ),
    Family(Ieee, "descriptive-statistic-denominator", &[Schema("1.0", Word(DENOMINATORS), Nothing)]),
    Family(
        Omh,
        "temporal-relationship-to-meal",
        &[
            Schema("1.0", Word(MEAL_RELATIONS_1_0), Nothing),
            Schema("1.1", Word(MEAL_RELATIONS_1_1), Nothing),
            Schema("1.2", Word(MEAL_RELATIONS), Nothing),
        ],
    ),
    Family(Omh, "temporal-relationship-to-physical-activity", &[Schema("1.0", Word(EXERCISE_RELATIONS), Nothing)]),
    Family(Omh, "temporal-relationship-to-sleep", &[Schema("1.0", Word(SLEEP_RELATIONS), Nothing)]),
];

const USER: Field = Optional("user_id", Text);
const OMH_ID: &[Field] =
    &[Required("id", Text), Required("creation_date_time", DateTime), Required("schema_id", SCHEMA_ID_1_1)];
const ACQUIRED_1_0: &[Field] = &[Optional("acquisition_provenance", Record(&[ACQUISITION]))];
const ACQUISITION: &[Field] = &[
    Required("source_name", Text),
    Optional("source_creation_date_time", DateTime),
    Optional("modality", Word(MODALITIES)),
];
const MODALITIES: &[&str] = &["sensed", "self-reported"];

/// The header of Open mHealth, 1.2: what a data point's `header-1.x` stands for. 1.0 and 1.1 only know less of it.
pub(crate) const OMH_HEADER: FieldRule = Record(&[
    OMH_ID,
    &[
        Optional(
            "acquisition_provenance",
            Record(&[
                ACQUISITION,
                &[Optional("source_data_point_id", Text), Optional("source_last_modification_date_time", DateTime)],
            ]),
        ),
        USER,
    ],
]);

/// The header of IEEE 1752.1. A datasheet's reference is called an IRI there, yet published data points carry plain
/// names in it; it is never followed, so any text will do.
pub(crate) const IEEE_HEADER: FieldRule = Record(&[&[
    Required("uuid", Form(is_uuid, "must be a UUID, as in 6fa459ea-ee8a-4ca4-894e-db77e160355e")),
    Required("schema_id", SCHEMA_ID),
    Required("source_creation_date_time", DateTime),
    Optional("modality", Word(MODALITIES)),
    Optional("acquisition_rate", IEEE_FREQUENCY),
    Optional(
        "external_datasheets",
        List(0, &Record(&[&[Optional("datasheet_type", Text), Required("datasheet_reference", Text)]])),
    ),
]]);

const SCHEMA_NAME: &[Field] = &[Required("namespace", Text), Required("name", Text), Required("version", Text)];
const SCHEMA_ID: FieldRule = Record(&[SCHEMA_NAME]);
const SCHEMA_ID_1_1: FieldRule =
    Record(&[SCHEMA_NAME, &[Optional("url", Form(is_uri, "must be a URI with its scheme"))]]);

const OBJECT: FieldRule = Record(&[]);

pub(super) const DAYS_OF_WEEK: &[&str] =
    &["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
pub(super) const LOCAL_TIME: FieldRule = Form(is_local_time, "must be a time of day, as in 23:59:12.027");

const IEEE_BODY_LOCATIONS: &[&str] = &[
    "left ankle",
    "right ankle",
    "ankle",
    "left hip",
    "right hip",
    "hip",
    "left thigh",
    "right thigh",
    "thigh",
    "thorax",
    "left thorax",
    "middle left thorax",
    "right thorax",
    "middle right thorax",
    "left upper arm",
    "right upper arm",
    "upper arm",
    "wrist",
    "left wrist",
    "right wrist",
    "left axilla",
    "right axilla",
    "axilla",
    "finger",
    "forehead",
    "mouth",
    "rectum",
    "temporal artery",
    "toe",
    "right foot",
    "left foot",
    "foot",
    "ear lobe",
    "right ear lobe",
    "left ear lobe",
    "tympanic membrane",
    "vagina",
    "abdomen",
    "skin",
    "posterior surface of upper arm",
];
