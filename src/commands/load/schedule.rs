//! Schedule: when messages are due, and the plan of their contents.

use std::time::Duration;

use super::args::Args;
use super::message::Plan;
use crate::model::time::{Clock as _, SECOND_US, SystemClock};

/// Messages a second that no broker on one machine exceeds: how far back values begin where only a time limit is given.
const UNLIMITED_RATE: f64 = 200_000.0;
/// How long a run goes where neither `--for` nor `--messages` says.
const FOR_DEFAULT: Duration = Duration::from_secs(30);

/// When messages are due, and how many there are.
#[derive(Copy, Clone, Debug)]
pub(super) struct Schedule {
    /// Zero: at once.
    pub(super) rate: f64,
    pub(super) messages: u64,
    /// For a rate of zero: when to stop.
    pub(super) until: Option<Duration>,
}

impl Schedule {
    pub(super) fn of(args: &Args) -> Schedule {
        let duration = args.duration.or(args.messages.is_none().then_some(FOR_DEFAULT));
        let in_time =
            duration.filter(|_| args.rate > 0.0).map_or(u64::MAX, |d| (d.as_secs_f64() * args.rate).ceil() as u64);
        Schedule { rate: args.rate, messages: in_time.min(args.messages.unwrap_or(u64::MAX)), until: duration }
    }

    /// How long after the beginning; `None` at once.
    pub(super) fn due(&self, id: u64) -> Option<Duration> {
        (self.rate > 0.0).then(|| Duration::from_secs_f64(id as f64 / self.rate))
    }
}

/// The plan of the messages that the arguments ask for.
pub(super) fn plan(args: &Args, schedule: &Schedule) -> Plan {
    let unlimited = schedule.until.map_or(0, |until| (until.as_secs_f64() * UNLIMITED_RATE) as u64);
    let messages = if schedule.messages == u64::MAX { unlimited } else { schedule.messages };
    let start = args.start_at.unwrap_or_else(|| {
        let seconds = messages.div_ceil(args.hubs).saturating_mul(args.samples).min(i32::MAX as u64) as i64;
        SystemClock.now().plus_micros(-seconds * SECOND_US)
    });
    Plan {
        format: args.format,
        seed: args.seed,
        shard: args.shard.clone(),
        hubs: args.hubs,
        first_hub: args.first_hub,
        samples: args.samples,
        mix: args.mix.unwrap_or_default(),
        // A whole second, so that two runs that overlap send the same.
        start: start.plus_micros(-start.micros().rem_euclid(SECOND_US)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schedule_ends_with_the_time_or_the_messages_whichever_is_first() {
        let schedule = |rate, duration: Option<u64>, messages| {
            let duration = duration.map(Duration::from_secs);
            let line = clap::Command::new("load");
            let matches = <Args as clap::Args>::augment_args(line).get_matches_from(["load"]);
            let args = <Args as clap::FromArgMatches>::from_arg_matches(&matches).unwrap();
            Schedule::of(&Args { rate, duration, messages, ..args })
        };
        assert_eq!(schedule(100.0, Some(2), None).messages, 200);
        assert_eq!(schedule(100.0, Some(2), Some(50)).messages, 50);
        assert_eq!(schedule(100.0, None, Some(5_000)).messages, 5_000);
        assert_eq!(schedule(100.0, None, None).messages, 3_000);
        assert_eq!(schedule(0.0, Some(2), None).messages, u64::MAX);
        assert_eq!(schedule(100.0, None, None).due(50), Some(Duration::from_millis(500)));
    }
}
