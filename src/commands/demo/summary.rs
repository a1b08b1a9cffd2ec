//! Summary: what a run came to, and whether every sample is accounted for.

use std::path::Path;

use serde::Serialize;

use super::args::Args;
use super::feed::Published;
use crate::commands::report::grouped;
use crate::telemetry::Telemetry;

/// The numbers of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct RunSummary {
    pub(super) hubs: u64,
    pub(super) data_dir: String,
    /// From the command until the last sample was settled.
    pub(super) seconds: f64,
    /// From the command to the first sample in the database.
    pub(super) first_sample_s: Option<f64>,
    pub(super) published_messages: u64,
    pub(super) published_samples: u64,
    /// Of the published ones, sent a second time on purpose.
    pub(super) repeated_messages: u64,
    pub(super) repeated_samples: u64,
    /// Of the published ones, broken on purpose.
    pub(super) broken_messages: u64,
    pub(super) broken_samples: u64,
    pub(super) received: u64,
    pub(super) stored: u64,
    pub(super) duplicate: u64,
    pub(super) outdated: u64,
    pub(super) conflict: u64,
    pub(super) quarantined: u64,
    pub(super) in_flight: i64,
    /// True where published = received = stored + duplicate + outdated + conflict + quarantined, and none is in flight.
    pub(super) balanced: bool,
}

/// How long a run took, as whoever watched it has seen.
#[derive(Copy, Clone, Debug)]
pub(super) struct RunTimes {
    /// From the command to the last refresh.
    pub(super) seconds: f64,
    /// From the command to the first sample in the database.
    pub(super) first_sample_s: Option<f64>,
}

impl RunSummary {
    /// Adds a run up once the daemon has ended.
    pub(super) fn of(
        args: &Args,
        data_dir: &Path,
        took: RunTimes,
        telemetry: &Telemetry,
        sent: Published,
    ) -> RunSummary {
        let (received, tally, in_flight) = telemetry.balance();
        RunSummary {
            hubs: args.hubs,
            data_dir: data_dir.display().to_string(),
            seconds: took.seconds,
            first_sample_s: took.first_sample_s,
            published_messages: sent.messages,
            published_samples: sent.samples,
            repeated_messages: sent.repeated_messages,
            repeated_samples: sent.repeated_samples,
            broken_messages: sent.broken_messages,
            broken_samples: sent.broken_samples,
            received,
            stored: tally.stored,
            duplicate: tally.duplicate,
            outdated: tally.outdated,
            conflict: tally.conflict,
            quarantined: tally.quarantined,
            in_flight,
            balanced: sent.samples == received && received == tally.total() && in_flight == 0,
        }
    }

    /// The numbers as a table with what they mean.
    pub(super) fn table(&self) -> String {
        let RunSummary { published_messages, repeated_messages, broken_messages, .. } = self;
        let earlier = self.duplicate.saturating_sub(self.repeated_samples);
        let earlier = if earlier > 0 {
            format!(", {} samples were stored by an earlier run", grouped(earlier))
        } else {
            String::new()
        };
        let rows = [
            ("published", self.published_samples, format!("in {} messages", grouped(*published_messages))),
            ("received", self.received, String::new()),
            ("stored", self.stored, String::new()),
            ("duplicate", self.duplicate, format!("{repeated_messages} messages were sent twice on purpose{earlier}")),
            ("outdated", self.outdated, String::new()),
            ("conflict", self.conflict, String::new()),
            ("quarantined", self.quarantined, format!("{broken_messages} messages were broken on purpose")),
            ("in flight", self.in_flight.unsigned_abs(), String::new()),
        ];
        let mut table = format!("after {:.1} s, in samples:\n", self.seconds);
        for (name, samples, note) in rows {
            table.push_str(format!("  {name:<12}{:>15}   {note}", grouped(samples)).trim_end());
            table.push('\n');
        }
        let verdict = if self.balanced { "balanced" } else { "NOT BALANCED" };
        table.push_str(&format!(
            "{verdict}: published = received = stored + duplicate + outdated + conflict + quarantined + in flight\n"
        ));
        table.push_str(&format!("the data stay in {}", self.data_dir));
        table
    }
}
