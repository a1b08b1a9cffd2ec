//! Nights: how long, how deep, and stage by stage.

use super::Gives::{Nothing, Stages, Values};
use super::Namespace::{Ieee, Omh};
use super::Shape::Quantity as Q;
use super::words::*;
use super::{Family, Schema, Value};
use crate::formats::omh::rule::Field::{self, May, Need};
use crate::formats::omh::rule::Rule::{self, Bool, Duration, Integer, Interval, List, Quantity, Record, Word};

pub(super) static FAMILIES: &[Family] = &[
    Family(
        Omh,
        "sleep-duration",
        &[
            Schema(
                "1.0",
                Record(&[&[Need("sleep_duration", Quantity(SLEPT)), May(FRAME, OMH_FRAME), NOTES]]),
                Values(&[Value("sleep_duration", "sleep_duration", Q)]),
            ),
            Schema(
                "2.0",
                Record(&[&[Need("sleep_duration", Quantity(SLEPT))], OMH_SPANNED]),
                Values(&[Value("sleep_duration", "sleep_duration", Q)]),
            ),
        ],
    ),
    Family(
        Omh,
        "total-sleep-time",
        &[Schema(
            "1.0",
            Record(&[&[Need("total_sleep_time", Duration)], OMH_SPANNED]),
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
                Record(&[EPISODE, OMH_EPISODE, &[May("wake_after_sleep_onset", Duration)]]),
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
                &[Need("total_sleep_time", Duration), May("sleep_events", List(0, &Interval(false))), MAIN_SLEEP],
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
                    Need("deep_sleep_duration", Duration),
                    Need("total_sleep_time", Duration),
                    May("deep_sleep_percentage", Quantity(PERCENT)),
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
                    Need("light_sleep_duration", Duration),
                    Need("total_sleep_time", Duration),
                    May("light_sleep_percentage", Quantity(PERCENT)),
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
            Record(&[&[Need("time_in_bed", Duration), MAIN_SLEEP], IEEE_SPANNED]),
            Values(&[Value("time_in_bed", "time_in_bed", Q)]),
        )],
    ),
    Family(
        Ieee,
        "sleep-onset-latency",
        &[Schema("1.0", Record(&[&[Need("sleep_onset_latency", Duration), MAIN_SLEEP], IEEE_SPANNED]), Nothing)],
    ),
    Family(
        Ieee,
        "wake-after-sleep-onset",
        &[Schema(
            "1.0",
            Record(&[
                &[Need("wake_after_sleep_onset", Duration), May("awakening_durations", List(0, &Duration))],
                IEEE_SPANNED,
            ]),
            Nothing,
        )],
    ),
    Family(
        Ieee,
        "apnea-hypopnea-index",
        &[Schema("1.0", Record(&[&[Need("apnea_hypopnea_index", Quantity(&["events/h"]))], IEEE_SPANNED]), Nothing)],
    ),
    Family(
        Ieee,
        "arousal-index",
        &[Schema(
            "1.0",
            Record(&[&[Need("arousal_index", Quantity(&["awakenings/h"])), MAIN_SLEEP], IEEE_SPANNED]),
            Nothing,
        )],
    ),
    Family(
        Ieee,
        "snore-index",
        &[Schema(
            "1.0",
            Record(&[
                &[Need("snore_index", Quantity(&["snores/h"])), May("snore_events", List(0, &SNORE)), MAIN_SLEEP],
                IEEE_SPANNED,
            ]),
            Nothing,
        )],
    ),
];

const SLEPT: &[&str] = &["sec", "min", "h"];

/// Latencies and awakenings have no metric of their own.
const EPISODE: &[Field] = &[
    May("latency_to_sleep_onset", Duration),
    May("latency_to_arising", Duration),
    May("total_sleep_time", Duration),
    May("number_of_awakenings", Integer),
    MAIN_SLEEP,
];
const OMH_EPISODE: &[Field] =
    &[Need(FRAME, OMH_SPAN_FRAME), May("sleep_maintenance_efficiency_percentage", Quantity(PERCENT))];
const OMH_EPISODE_VALUES: &[Value] = &[
    Value("total_sleep_time", "sleep_duration", Q),
    Value("sleep_maintenance_efficiency_percentage", "sleep_efficiency", Q),
];
const IEEE_EPISODE: &[Field] = &[
    May("light_sleep_duration", Duration),
    May("deep_sleep_duration", Duration),
    May("rem_sleep_duration", Duration),
    May("wake_after_sleep_onset", Duration),
    Need(FRAME, IEEE_SPAN_FRAME),
    May("sleep_efficiency_percentage", Quantity(PERCENT)),
];

/// What a night gives, be it an episode's members or those of a summary of stages.
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
    Need("sleep_stage_summary", Record(&[SUMMARY])),
    May(
        "sleep_stage_episodes",
        List(
            0,
            &Record(&[&[
                Need("sleep_stage_state", Word(&["REM_sleep", "Light_sleep", "Deep_sleep", "Unknown_sleep", "Awake"])),
                Need("sleep_stage_time_frame", IEEE_SPAN_FRAME),
            ]]),
        ),
    ),
    Need(FRAME, IEEE_SPAN_FRAME),
    MAIN_SLEEP,
];
const SUMMARY: &[Field] = &[
    Need("total_sleep_time", Duration),
    May("sleep_efficiency_percentage", Quantity(PERCENT)),
    May("latency_to_sleep_onset", Duration),
    May("latency_to_arising", Duration),
    May("rem_sleep_duration", Duration),
    May("rem_sleep_episode_count", Integer),
    May("rem_sleep_percentage", Quantity(PERCENT)),
    May("light_sleep_duration", Duration),
    May("light_sleep_episode_count", Integer),
    May("light_sleep_percentage", Quantity(PERCENT)),
    May("deep_sleep_duration", Duration),
    May("deep_sleep_episode_count", Integer),
    May("deep_sleep_percentage", Quantity(PERCENT)),
    May("awake_duration", Duration),
    May("number_of_awakenings", Integer),
    May("awake_percentage", Quantity(PERCENT)),
    STATISTIC,
    DENOMINATOR,
];

const SNORE: Rule = Record(&[&[
    Need("snored", Bool),
    Need("snore_time_frame", Interval(false)),
    May("snore_intensity", Quantity(SOUNDS)),
    May("body_posture", Word(BODY_POSTURES)),
]]);
