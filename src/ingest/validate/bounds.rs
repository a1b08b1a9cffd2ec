//! Bounds: which values a sample can have, by its metric, what it says of many measurements, and how long it lasted.

use crate::model::metric::{Metric, Range};
use crate::model::time::{MINUTE_US, SECOND_US};

/// Minutes in a day: what a sample without an interval may have gathered.
const DAY_MINUTES: f64 = 1_440.0;
/// Counts are whole: below a second one flight of stairs (60 a minute) would already be too much.
const SPAN_US_MIN: i64 = SECOND_US;
/// Any finite number.
const FINITE: Range = Range { low: f64::MIN, high: f64::MAX };

/// What a statistic's word makes of the metric's range.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum StatisticKind {
    /// A value that one measurement could have had: the range holds. Measurements themselves, averages, extremes,
    /// medians, percentiles, and the classes of `active_minutes`.
    Value,
    /// A distance between values: not negative, and a zero-point does not count. Standard and quartile deviation.
    Spread,
    /// A squared distance: not negative. The variance.
    Square,
    /// As many values as it likes: not negative where no value is.
    Sum,
    /// How many measurements: not negative, and in no unit.
    Count,
}

impl StatisticKind {
    /// The kind of `word` or `word/denominator`.
    pub(super) fn of(statistic: &str) -> StatisticKind {
        match statistic.split_once('/').map_or(statistic, |(word, _)| word) {
            "standard deviation" | "quartile deviation" => StatisticKind::Spread,
            "variance" => StatisticKind::Square,
            "sum" => StatisticKind::Sum,
            "count" => StatisticKind::Count,
            _ => StatisticKind::Value,
        }
    }
}

/// The ranges of one reading.
#[derive(Copy, Clone, Debug, PartialEq)]
pub(super) struct Bounds {
    /// Outside it: impossible.
    pub(super) hard: Range,
    /// Outside it: unlikely. The hard one where the metric has none.
    pub(super) soft: Range,
    /// True where both are per minute of the sample's interval.
    pub(super) per_minute: bool,
    /// What a statistic's denominator says the value is for, in minutes: an average a day is a day's, over whatever
    /// interval.
    minutes_min: f64,
}

impl Bounds {
    pub(super) fn new(metric: &Metric, kind: StatisticKind, statistic: Option<&str>) -> Bounds {
        let positive = Range { low: 0.0, high: f64::MAX };
        let all = |range| Bounds { hard: range, soft: range, per_minute: false, minutes_min: 0.0 };
        match kind {
            StatisticKind::Value if metric.is_coded() => {
                all(Range { low: 0.0, high: metric.codes.len().saturating_sub(1) as f64 })
            }
            StatisticKind::Value => {
                let hard = metric.hard.unwrap_or(FINITE);
                let minutes_min =
                    minutes_of(statistic.and_then(|text| text.split_once('/')).map_or("", |(_, per)| per));
                Bounds { hard, soft: metric.soft.unwrap_or(hard), per_minute: metric.per_minute, minutes_min }
            }
            StatisticKind::Sum if metric.hard.is_none_or(|hard| hard.low < 0.0) => all(FINITE),
            StatisticKind::Sum | StatisticKind::Spread | StatisticKind::Square | StatisticKind::Count => all(positive),
        }
    }

    /// The ranges for a sample that lasted `span_us`. One of a per-minute metric without an interval cannot say how
    /// long it gathered, so it may have the least of a moment and the most of a day: a true daily total is never
    /// refused.
    pub(super) fn over(&self, span_us: Option<i64>) -> Bounds {
        if !self.per_minute {
            return *self;
        }
        let (least, most) = match span_us {
            None => (0.0, DAY_MINUTES.max(self.minutes_min)),
            Some(span_us) => {
                let minutes = span_us.max(SPAN_US_MIN) as f64 / MINUTE_US as f64;
                (minutes, minutes.max(self.minutes_min))
            }
        };
        let scale = |range: Range| Range {
            low: range.low * if range.low < 0.0 { most } else { least },
            high: range.high * if range.high < 0.0 { least } else { most },
        };
        Bounds { hard: scale(self.hard), soft: scale(self.soft), ..*self }
    }
}

/// Minutes of a denominator; 0 for an episode, a meal and a session, which lie within the interval.
fn minutes_of(denominator: &str) -> f64 {
    match denominator {
        "d" => DAY_MINUTES,
        "wk" => 7.0 * DAY_MINUTES,
        "Mo" => 31.0 * DAY_MINUTES,
        _ => 0.0,
    }
}
