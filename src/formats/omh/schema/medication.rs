//! Prescriptions and doses. A share of the doses that were taken is a metric; all else here is validated and maps to
//! none.

use super::entry::Mapping::{self, Nothing, Values};
use super::entry::Namespace::Omh;
use super::entry::Shape::Quantity as Q;
use super::entry::{Family, Schema, Value};
use super::parts::{DAYS_OF_WEEK, LOCAL_TIME};
use super::routes::{ROUTES, ROUTES_1, ROUTES_2};
use super::words::*;
use crate::formats::omh::frame::{DURATIONS, PARTS_OF_DAY};
use crate::formats::omh::rule::Field::{self, Optional, Required};
use crate::formats::omh::rule::FieldRule::{
    self, All, Duration, Either, List, Number, One, Quantity, Range, Record, Text, Word,
};

pub(super) static FAMILIES: &[Family] = &[
    Family(Omh, "medication", &[Schema("1.0", MEDICATION, Nothing)]),
    Family(
        Omh,
        "medication-prescription",
        &[Schema("1.0", PRESCRIPTION_1, Nothing), Schema("2.0", PRESCRIPTION_2, Nothing)],
    ),
    Family(
        Omh,
        "patient-medication-schedule",
        &[
            Schema("1.0", All(&[PRESCRIPTION_1, SCHEDULE_WINDOW]), Nothing),
            Schema("2.0", All(&[PRESCRIPTION_2, SCHEDULE_WINDOW]), Nothing),
        ],
    ),
    Family(
        Omh,
        "pharmacy-medication-dispensing",
        &[
            Schema("1.0", Record(&[&[Required("medication_prescription", PRESCRIPTION_1)], DISPENSED]), Nothing),
            Schema("2.0", Record(&[&[Required("medication_prescription", PRESCRIPTION_2)], DISPENSED]), Nothing),
        ],
    ),
    Family(
        Omh,
        "medication-adherence-percent",
        &[
            Schema("1.0", Record(&[&[Required("medication_prescription", PRESCRIPTION_1)], ADHERENCE]), MAPS_ADHERENCE),
            Schema("2.0", Record(&[&[Required("medication_prescription", PRESCRIPTION_2)], ADHERENCE]), MAPS_ADHERENCE),
        ],
    ),
    Family(
        Omh,
        "single-medication-dose-taken",
        &[Schema(
            "1.0",
            Record(&[&[
                Required("medication", MEDICATION),
                Required("dose", Quantity(DOSE_UNITS)),
                Required(FRAME, OMH_FRAME),
                Optional("reason_dose_taken_not_as_prescribed", Text),
            ]]),
            Nothing,
        )],
    ),
    Family(
        Omh,
        "reason-single-medication-dose-not-taken",
        &[Schema(
            "1.0",
            Record(&[&[
                Required("medication", MEDICATION),
                Required(FRAME, OMH_FRAME),
                Required("reason_for_missing_dose", Text),
            ]]),
            Nothing,
        )],
    ),
    Family(Omh, "medication-dose-unit", &[Schema("1.0", Word(DOSE_UNITS), Nothing)]),
    Family(
        Omh,
        "medication-dose-unit-value",
        &[Schema("1.0", Quantity(DOSE_UNITS), Nothing), Schema("1.1", Quantity(DOSE_UNITS), Nothing)],
    ),
    Family(
        Omh,
        "medication-dose-unit-value-range",
        &[Schema("1.0", Range(DOSE_UNITS), Nothing), Schema("1.1", Range(DOSE_UNITS), Nothing)],
    ),
    Family(
        Omh,
        "intervention-administration-route",
        &[Schema("1.0", ROUTE_1, Nothing), Schema("2.0", ROUTE_2, Nothing)],
    ),
];

const ROUTE_1: FieldRule = Either(&[Word(ROUTES), Word(ROUTES_1)]);
const ROUTE_2: FieldRule = Either(&[Word(ROUTES), Word(ROUTES_2)]);

const STRENGTH: FieldRule = List(0, &All(&[Quantity(STRENGTH_UNITS), Record(&[&[Optional("ingredient_name", Text)]])]));
const MEDICATION: FieldRule = All(&[
    Record(&[&[
        Optional("generic_name", Text),
        Optional("trade_name", Text),
        Required("strength", STRENGTH),
        Optional("rxnorm_code", Number),
    ]]),
    Either(&[Record(&[&[Required("generic_name", Text)]]), Record(&[&[Required("trade_name", Text)]])]),
]);

const PRESCRIPTION_1: FieldRule = Record(&[PRESCRIBED, &[Optional("route", ROUTE_1)]]);
const PRESCRIPTION_2: FieldRule = Record(&[PRESCRIBED, &[Optional("route", ROUTE_2)]]);
const PRESCRIBED: &[Field] = &[
    Required("medication", MEDICATION),
    Optional("prescription_trigger", Text),
    Required(
        "schedule",
        List(
            0,
            &Record(&[&[
                Required("dose_duration", LASTING),
                Optional("dose_administration_duration", LASTING),
                Required("medication_dose", DOSE),
                Required("dose_recurrence", RECURRENCE),
            ]]),
        ),
    ),
];
const LASTING: FieldRule = One(&[
    Record(&[&[Required("duration", Duration)]]),
    Record(&[&[Required("duration_range", Range(DURATIONS))]]),
    Record(&[&[Required("time_frame", OMH_FRAME)]]),
    Record(&[&[Required("free_text", Text)]]),
]);
const DOSE: FieldRule = One(&[
    Record(&[&[Required("dose", Quantity(DOSE_UNITS))]]),
    Record(&[&[Required("dose_range", Range(DOSE_UNITS))]]),
    Record(&[&[Required(
        "dose_array",
        List(0, &Record(&[&[Required("dose", Quantity(DOSE_UNITS)), Required("dose_trigger", Text)]])),
    )]]),
]);
const RECURRENCE: FieldRule = Record(&[&[
    Optional("frequency", OMH_FREQUENCY),
    Optional("dose_prn_trigger", Text),
    Optional(
        "timing",
        List(
            0,
            &Record(&[&[
                Optional("part_of_day", Word(PARTS_OF_DAY)),
                Optional("day_of_week", Word(DAYS_OF_WEEK)),
                Optional("time_of_day", LOCAL_TIME),
                MEAL,
                SLEEP,
                Optional("time_frame_of_temporal_relationship_to_meal", Duration),
                Optional("time_frame_of_temporal_relationship_to_sleep", Duration),
            ]]),
        ),
    ),
    Optional(
        "sequence",
        List(0, &Record(&[&[Optional("unit", Word(&["min", "h", "d", "wk", "Mo", "yr"])), Optional("value", Number)]])),
    ),
]]);
const SCHEDULE_WINDOW: FieldRule = Record(&[&[Optional(
    "acceptable_window",
    Record(&[&[Optional("before", Duration), Optional("after", Duration)]]),
)]]);
const DISPENSED: &[Field] = &[
    Required("medication_dispensed", Text),
    Required("amount_dispensed", Quantity(DISPENSED_UNITS)),
    Required("time_frame_medication_dispensed", OMH_FRAME),
    Optional("remaining_refills", Number),
];
const ADHERENCE: &[Field] = &[Optional(FRAME, OMH_FRAME), Required("medication_adherence_percent", Quantity(PERCENT))];
const MAPS_ADHERENCE: Mapping = Values(&[Value("medication_adherence_percent", "medication_adherence", Q)]);

const STRENGTH_UNITS: &[&str] = &[
    "%",
    "AU",
    "AU/mL",
    "BAU",
    "BAU/mL",
    "BU",
    "CCID_50",
    "Ci",
    "cm^2",
    "D'ag'U",
    "dL",
    "FFU",
    "g",
    "hp_C",
    "hp_M",
    "hp_Q",
    "hp_X",
    "IU",
    "IU/L",
    "IU/mL",
    "kp_C",
    "L",
    "Lf",
    "LfU/mL",
    "mCi",
    "mCi/mL",
    "mEq",
    "mg",
    "mg/actuat",
    "mg/hr",
    "mg/mg",
    "mg/mL",
    "mL",
    "mmol",
    "mol",
    "mU",
    "ng",
    "nmol",
    "organisms",
    "PFU",
    "PNU",
    "PNU/mL",
    "TCID_50",
    "U",
    "uCi",
    "ug",
    "ug/mL",
    "uL",
    "umol",
    "unt",
    "unt/mL",
    "USP'U",
    "X",
];
const DOSE_UNITS: &[&str] = &[
    "%",
    "AU",
    "AU/mL",
    "bar",
    "BAU",
    "BAU/mL",
    "bead",
    "BU",
    "capsule",
    "CCID_50",
    "cellular sheet",
    "Ci",
    "cloth",
    "cm^2",
    "D'ag'U",
    "disc",
    "dL",
    "douche",
    "drop",
    "FFU",
    "g",
    "globule",
    "granule",
    "gum",
    "hp_C",
    "hp_M",
    "hp_Q",
    "hp_X",
    "IU",
    "IU/L",
    "IU/mL",
    "kp_C",
    "L",
    "Lf",
    "LfU/mL",
    "lozenge",
    "mCi",
    "mCi/mL",
    "mEq",
    "mg",
    "mg/actuat",
    "mg/hr",
    "mg/mg",
    "mg/mL",
    "mL",
    "mmol",
    "mol",
    "mU",
    "ng",
    "nmol",
    "organisms",
    "pastille",
    "patch",
    "pellet",
    "PFU",
    "pill",
    "PNU",
    "PNU/mL",
    "pouch",
    "puff",
    "ring",
    "salve",
    "stick",
    "strip",
    "suppository",
    "swab",
    "tablet",
    "tampon",
    "tape",
    "tbsp",
    "TCID_50",
    "tsp",
    "U",
    "uCi",
    "ug",
    "ug/mL",
    "uL",
    "umol",
    "unt",
    "unt/mL",
    "USP'U",
    "vial",
    "wafer",
    "X",
];
const DISPENSED_UNITS: &[&str] = &[
    "ampule",
    "applicator",
    "bag",
    "bar",
    "bead",
    "blister",
    "bottle",
    "box",
    "can",
    "canister",
    "capsule",
    "carton",
    "cartridge",
    "cellular sheet",
    "cloth",
    "container",
    "cup",
    "cylinder",
    "disc",
    "dose pack",
    "globule",
    "granule",
    "gum",
    "inhaler",
    "jar",
    "jug",
    "kit",
    "lozenge",
    "package",
    "packet",
    "pastille",
    "patch",
    "pellet",
    "piece",
    "pill",
    "pouch",
    "ring",
    "salve",
    "stick",
    "strip",
    "suppository",
    "swab",
    "syringe",
    "tablet",
    "tampon",
    "tape",
    "troche",
    "tube",
    "vial",
    "wafer",
];
