//! Replaces: what a reading stands in place of, as far as it may.

use super::limits::ValidationLimits;
use crate::formats::Reading;
use crate::model::reason::Reason;
use crate::model::revision::{REPLACED_DAYS_MAX, ReplacedRange};
use crate::model::time::{DAY_US, SECOND_US, Timestamp};

/// How far ahead a range may end: past a midnight anywhere. What comes before its end is merged, which costs more than
/// to append.
const AHEAD_DAYS_MAX: i64 = 2;

/// The range that a reading replaces; `Err` with the rule that it breaks.
pub(super) fn read(
    reading: &Reading<'_>,
    limits: ValidationLimits,
    now: Timestamp,
) -> Result<Option<ReplacedRange>, (Reason, String)> {
    let Some(range) = reading.replaces else { return Ok(None) };
    let Some(revision) = reading.revision else {
        return Err((Reason::MalformedSeries, "what replaces must have a revision".to_owned()));
    };
    let range = ReplacedRange { from: range.from, to: range.to, revision };
    if !range.is_sound() {
        let rule = format!(
            "what is replaced must end after it begins, and at most {REPLACED_DAYS_MAX} days later: send several \
             series for more"
        );
        return Err((Reason::BadInterval, rule));
    }
    if range.from > limits.window(now).last {
        let seconds = limits.future_max_us / SECOND_US;
        let rule = format!("what is replaced must not begin more than {seconds} s after its arrival");
        return Err((Reason::FutureTime, rule));
    }
    if range.to > limits.window(now).last.plus_micros(AHEAD_DAYS_MAX * DAY_US) {
        let rule = format!("what is replaced must not end more than {AHEAD_DAYS_MAX} days after its arrival");
        return Err((Reason::FutureTime, rule));
    }
    Ok(Some(range))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::formats::{Offsets, Replaced, Values};
    use crate::ingest::validate::{Validated, Validator};
    use crate::model::metric::Catalogue;
    use crate::model::origin::Revision;
    use crate::model::sample::{Spans, Times};
    use crate::model::unit::Units;

    const NOW: i64 = 1_795_428_000_000_000;
    const LIMITS: ValidationLimits = ValidationLimits {
        future_max_us: 60 * SECOND_US,
        past_max_us: 3_660 * DAY_US,
        span_max_us: 31 * DAY_US,
        statistic_span_max_us: 400 * DAY_US,
        device_age_max_us: 5_475 * DAY_US,
    };

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(micros).unwrap()
    }

    fn validate(metric: &'static str, values: Values<'static>, (from, to): (i64, i64)) -> Validated {
        let count = i64::try_from(values.len()).unwrap();
        let reading = Reading {
            device: None,
            metric: metric.into(),
            statistic: None,
            unit: None,
            times: Times::At((0..count).map(|place| at(NOW - place)).collect()),
            spans: Spans::None,
            values,
            time_assumed: false,
            offsets: Offsets::None,
            revision: Revision::new(3),
            replaces: Some(Replaced { from: at(from), to: at(to) }),
        };
        let (catalogue, units) = (Catalogue::builtin().unwrap(), Units::builtin().unwrap());
        Validator::new(Arc::new(catalogue), Arc::new(units), LIMITS).validate(reading, at(NOW))
    }

    fn numbers(values: &[f64]) -> Values<'static> {
        Values::Numbers(values.to_vec())
    }

    #[test]
    fn a_range_goes_on_with_what_is_valid_or_alone_where_nothing_was_measured() {
        let range = (NOW - DAY_US, NOW + DAY_US);
        let expected = ReplacedRange { from: at(range.0), to: at(range.1), revision: Revision::new(3).unwrap() };
        for (metric, values, left) in [
            ("heart_rate", numbers(&[61.0, 62.0]), 2),
            ("heart_rate", numbers(&[61.0, 900.0]), 1),
            ("heart_rate", numbers(&[]), 0),
            ("sleep_stage", numbers(&[]), 0),
            ("heart_rate", Values::Codes(Vec::new()), 0),
        ] {
            let valid = validate(metric, values, range).valid.unwrap();
            assert_eq!((valid.replaces, valid.run.len()), (Some(expected), left), "{metric}");
            assert!(valid.run.samples().all(|sample| sample.origin.revision == Revision::new(3)));
        }
    }

    #[test]
    fn where_something_was_measured_and_none_of_it_is_valid_nothing_is_replaced() {
        let validated = validate("heart_rate", numbers(&[900.0, 901.0]), (NOW - DAY_US, NOW));
        assert_eq!((validated.valid, validated.rejections.len()), (None, 1));
    }

    #[test]
    fn a_range_that_may_not_be_replaced_is_refused_with_its_series() {
        for (range, reason, says) in [
            ((NOW, NOW), Reason::BadInterval, "at most 100 days"),
            ((NOW - 100 * DAY_US - 1, NOW), Reason::BadInterval, "at most 100 days"),
            ((NOW + 61 * SECOND_US, NOW + DAY_US), Reason::FutureTime, "60 s after its arrival"),
        ] {
            let validated = validate("heart_rate", numbers(&[61.0, 62.0]), range);
            let [rejection] = validated.rejections.as_slice() else { panic!("{validated:?}") };
            assert_eq!((validated.valid, rejection.reason, rejection.samples), (None, reason, 2));
            assert!(rejection.detail.contains(says), "{}", rejection.detail);
        }
    }
}
