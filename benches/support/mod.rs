//! What the benches of single stages share: the very messages that `healthtrack load` publishes, and what the stages
//! before the measured one make of them.

#![allow(dead_code, reason = "no bench uses every helper")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a bench says no by panicking")]

use std::sync::Arc;

use bytes::BytesMut;
use healthtrack::commands::load::message::Plan;
use healthtrack::commands::load::mix::Mix;
use healthtrack::formats::{Format, batch};
use healthtrack::ingest::validate::{ValidationLimits, Validator};
use healthtrack::model::metric::Catalogue;
use healthtrack::model::sample::{Run, Sample, Spans, Times};
use healthtrack::model::time::{DAY_US, SECOND_US, Timestamp};
use healthtrack::model::unit::Units;

/// Samples in a message: a hub that sends each value at once, and hubs that gather for longer and longer.
pub(crate) const SIZES: [u64; 4] = [1, 10, 60, 600];

/// A moment, and the present for the validator.
pub(crate) fn start() -> Timestamp {
    Timestamp::parse_rfc3339("2026-11-23T10:00:00Z").unwrap()
}

/// One message of `samples` heart rates, a second apart.
pub(crate) fn message(format: &'static Format, samples: u64) -> Vec<u8> {
    let plan = Plan {
        format,
        seed: 1,
        shard: "main".to_owned(),
        hubs: 1,
        first_hub: 0,
        samples,
        start: start(),
        mix: Mix::default(),
    };
    let mut payload = BytesMut::new();
    plan.write(0, &mut payload);
    payload.to_vec()
}

/// A validator with the limits of `config/default.toml`.
pub(crate) fn validator() -> Validator {
    let limits = ValidationLimits {
        future_max_us: 3_600 * SECOND_US,
        past_max_us: 7_300 * DAY_US,
        span_max_us: 31 * DAY_US,
        statistic_span_max_us: 3_660 * DAY_US,
        device_age_max_us: 5_475 * DAY_US,
    };
    Validator::new(Arc::new(Catalogue::builtin().unwrap()), Arc::new(Units::builtin().unwrap()), limits)
}

/// Runs of one series that follow each other, `total` samples in runs of `each`, as one commit's messages bring them.
pub(crate) fn even_runs(total: usize, each: usize) -> Vec<Run> {
    let validator = validator();
    let runs = (0..total / each).map(|number| {
        let payload = message(&batch::FORMAT, each as u64);
        let reading = batch::decode(&payload).unwrap().readings.remove(0);
        let mut run = validator.validate(reading, start()).valid.unwrap().run;
        let begin = start().plus_micros((number * each) as i64 * SECOND_US);
        run.times = Times::Regular { start: begin, period_us: SECOND_US };
        run
    });
    runs.collect()
}

/// One run of samples 5 to 15 s apart, as wristbands measure the heart rate.
pub(crate) fn uneven_run(total: usize) -> Run {
    let mut second = 0;
    let samples: Vec<Sample> = (0..total)
        .map(|place| {
            second += 5 + (place * 7 % 11) as i64;
            let start = start().plus_micros(second * SECOND_US);
            Sample {
                start,
                span_us: None,
                value: (55 + place % 90) as f64,
                flags: Default::default(),
                origin: Default::default(),
            }
        })
        .collect();
    let run = Run::of(&samples);
    assert!(matches!((&run.times, &run.spans), (Times::At(_), Spans::None)));
    run
}
