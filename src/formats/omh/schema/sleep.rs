//! Nights: how long, how deep, and stage by stage.

use super::entry::Mapping::{Nothing, Stages, Values};
use super::entry::Namespace::{Ieee, Omh};
use super::entry::Shape::Quantity as Q;
use super::entry::{Family, Schema, Value};
use super::words::*;
use crate::formats::omh::rule::Field::{self, Optional, Required};
use crate::formats::omh::rule::FieldRule::{self, Bool, Duration, Integer, Interval, List, Quantity, Record, Word};

pub(super) static FAMILIES: &[Family] = &[
    Family(
        Omh,
        "sleep-duration",
        &[
            Schema(
                "1.0",
                Record(&[&[Required("sleep_duration", Quantity(SLEPT)), Optional(FRAME, OMH_FRAME), NOTES]]),
                Values(&[Value("sleep_duration", "sleep_duration", Q)]),
            ),
            Schema(
                "2.0",
                Record(&[&[Required("sleep_duration", Quantity(SLEPT))], OMH_SPANNED]),
                Values(&[Value("sleep_duration", "sleep_duration", Q)]),
            ),
        ],
    ),
    Family(
        Omh,
        "total-sleep-time",
        &[Schema(
            "1.0",
            Record(&[&[Required("total_sleep_time", Duration)], OMH_SPANNED]),
            Values(&[Value("total_sleep_time", "sleep_duration", Q)]),
        )],
    ),
    Family(
        Omh,
        "sleep-episode",
        &[
            Schema("1.0", Record(&[EPISODE, OMH_EPISODE]), Values(OMH_EPISODE_VALUES)),
            Schema(
                "1.1",
                Record(&[EPISODE, OMH_EPISODE, &[Optional("wake_after_sleep_onset", Duration)]]),
                Values(OMH_EPISODE_VALUES),
            ),
        ],
    ),
    Family(Ieee, "sleep-episode", &[Schema("1.0", Record(&[EPISODE, IEEE_EPISODE]), Values(NIGHT_VALUES))]),
    Family(Ieee, "sleep-stage-summary", &[Schema("1.0", Record(&[STAGES]), Stages)]),
    Family(
        Ieee,
        "total-sleep-time",
        &[Schema(
            "1.0",
            Record(&[
                &[
                    Required("total_sleep_time", Duration),
                    Optional("sleep_events", List(0, &Interval(false))),
                    MAIN_SLEEP,
                ],
                IEEE_SPANNED,
            ]),
            Values(&[Value("total_sleep_time", "sleep_duration", Q)]),
        )],
    ),
    Family(
        Ieee,
        "deep-sleep",
        &[Schema(
            "1.0",
            Record(&[
                &[
                    Required("deep_sleep_duration", Duration),
                    Required("total_sleep_time", Duration),
                    Optional("deep_sleep_percentage", Quantity(PERCENT)),
                    MAIN_SLEEP,
                ],
                IEEE_SPANNED,
            ]),
            Values(&[Value("deep_sleep_duration", "sleep_deep", Q)]),
        )],
    ),
    Family(
        Ieee,
        "light-sleep",
        &[Schema(
            "1.0",
            Record(&[
                &[
                    Required("light_sleep_duration", Duration),
                    Required("total_sleep_time", Duration),
                    Optional("light_sleep_percentage", Quantity(PERCENT)),
                    MAIN_SLEEP,
                ],
                IEEE_SPANNED,
            ]),
            Values(&[Value("light_sleep_duration", "sleep_light", Q)]),
        )],
    ),
    Family(
        Ieee,
        "time-in-bed",
        &[Schema(
            "1.0",
            Record(&[&[Required("time_in_bed", Duration), MAIN_SLEEP], IEEE_SPANNED]),
            Values(&[Value("time_in_bed", "time_in_bed", Q)]),
        )],
    ),
    Family(
        Ieee,
        "sleep-onset-latency",
        &[Schema("1.0", Record(&[&[Required("sleep_onset_latency", Duration), MAIN_SLEEP], IEEE_SPANNED]), Nothing)],
    ),
    Family(
        Ieee,
        "wake-after-sleep-onset",
        &[Schema(
            "1.0",
            Record(&[
                &[Required("wake_after_sleep_onset", Duration), Optional("awakening_durations", List(0, &Duration))],
                IEEE_SPANNED,
            ]),
            Nothing,
        )],
    ),
    Family(
        Ieee,
        "apnea-hypopnea-index",
        &[Schema(
            "1.0",
            Record(&[&[Required("apnea_hypopnea_index", Quantity(&["events/h"]))], IEEE_SPANNED]),
            Nothing,
        )],
    ),
    Family(
        Ieee,
        "arousal-index",
        &[Schema(
            "1.0",
            Record(&[&[Required("arousal_index", Quantity(&["awakenings/h"])), MAIN_SLEEP], IEEE_SPANNED]),
            Nothing,
        )],
    ),
    Family(
        Ieee,
        "snore-index",
        &[Schema(
            "1.0",
            Record(&[
                &[
                    Required("snore_index", Quantity(&["snores/h"])),
                    Optional("snore_events", List(0, &SNORE)),
                    MAIN_SLEEP,
                ],
                IEEE_SPANNED,
            ]),
            Nothing,
        )],
    ),
];

const SLEPT: &[&str] = &["sec", "min", "h"];

/// Latencies and awakenings have no metric of their own.
const EPISODE: &[Field] = &[
    Optional("latency_to_sleep_onset", Duration),
    Optional("latency_to_arising", Duration),
    Optional("total_sleep_time", Duration),
    Optional("number_of_awakenings", Integer),
    MAIN_SLEEP,
];
const OMH_EPISODE: &[Field] =
    &[Required(FRAME, OMH_SPAN_FRAME), Optional("sleep_maintenance_efficiency_percentage", Quantity(PERCENT))];
const OMH_EPISODE_VALUES: &[Value] = &[
    Value("total_sleep_time", "sleep_duration", Q),
    Value("sleep_maintenance_efficiency_percentage", "sleep_efficiency", Q),
];
const IEEE_EPISODE: &[Field] = &[
    Optional("light_sleep_duration", Duration),
    Optional("deep_sleep_duration", Duration),
    Optional("rem_sleep_duration", Duration),
    Optional("wake_after_sleep_onset", Duration),
    Required(FRAME, IEEE_SPAN_FRAME),
    Optional("sleep_efficiency_percentage", Quantity(PERCENT)),
];

/// What a night mapping, be it an episode's members or those of a summary of stages.
pub(crate) const NIGHT_VALUES: &[Value] = &[
    Value("total_sleep_time", "sleep_duration", Q),
    Value("sleep_efficiency_percentage", "sleep_efficiency", Q),
    Value("deep_sleep_duration", "sleep_deep", Q),
    Value("light_sleep_duration", "sleep_light", Q),
    Value("rem_sleep_duration", "sleep_rem", Q),
];

/// The words of a stage, and the codes of `sleep_stage`.
pub(crate) const STAGE_CODES: &[(&str, &str)] = &[
    ("REM_sleep", "rem"),
    ("Light_sleep", "light"),
    ("Deep_sleep", "deep"),
    ("Unknown_sleep", "unknown"),
    ("Awake", "awake"),
];

const STAGES: &[Field] = &[
    Required("sleep_stage_summary", Record(&[SUMMARY])),
    Optional(
        "sleep_stage_episodes",
        List(
            0,
            &Record(&[&[
                Required(
                    "sleep_stage_state",
                    Word(&["REM_sleep", "Light_sleep", "Deep_sleep", "Unknown_sleep", "Awake"]),
                ),
                Required("sleep_stage_time_frame", IEEE_SPAN_FRAME),
            ]]),
        ),
    ),
    Required(FRAME, IEEE_SPAN_FRAME),
    MAIN_SLEEP,
];
const SUMMARY: &[Field] = &[
    Required("total_sleep_time", Duration),
    Optional("sleep_efficiency_percentage", Quantity(PERCENT)),
    Optional("latency_to_sleep_onset", Duration),
    Optional("latency_to_arising", Duration),
    Optional("rem_sleep_duration", Duration),
    Optional("rem_sleep_episode_count", Integer),
    Optional("rem_sleep_percentage", Quantity(PERCENT)),
    Optional("light_sleep_duration", Duration),
    Optional("light_sleep_episode_count", Integer),
    Optional("light_sleep_percentage", Quantity(PERCENT)),
    Optional("deep_sleep_duration", Duration),
    Optional("deep_sleep_episode_count", Integer),
    Optional("deep_sleep_percentage", Quantity(PERCENT)),
    Optional("awake_duration", Duration),
    Optional("number_of_awakenings", Integer),
    Optional("awake_percentage", Quantity(PERCENT)),
    STATISTIC,
    DENOMINATOR,
];

const SNORE: FieldRule = Record(&[&[
    Required("snored", Bool),
    Required("snore_time_frame", Interval(false)),
    Optional("snore_intensity", Quantity(SOUNDS)),
    Optional("body_posture", Word(BODY_POSTURES)),
]]);
