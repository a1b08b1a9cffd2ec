//! Telemetry: every metric by name, in the order of a sample's journey, and the log.
//!
//! # Why
//! Handles are registered once and kept, so that counting a sample is one atomic addition and no name is ever looked
//! up on the hot path. Outcomes are counted in one ledger under a lock, so that at every scrape
//! `received = stored + duplicate + outdated + conflict + quarantined + in flight`
//! (Invariant, kept by `the_law_holds_at_every_scrape`): a scrape cannot fall between two halves of one commit.
//! No label ever carries a device or a person. Metrics observe: nothing in the program is decided by what one holds.

/// How a metric is registered.
mod declare;

/// Every metric with its help text.
mod catalogue;

/// The metrics of the connections to the broker.
mod mqtt;

/// The archive's metrics.
mod archive;

/// The metrics of quarantine.
mod quarantine;

/// The metrics of the feed of changes.
mod changes;

/// The conservation of samples.
mod ledger;

/// Messages that wait for their acknowledgement.
mod backlog;

/// The daemon's tasks.
mod tasks;

/// What the operator's page shows of it.
pub mod shown;

/// Where log lines go, and how an error is told in one.
mod log;

pub use archive::{ArchiveMetrics, RollStep};
pub use catalogue::{Telemetry, UPKEEP_EVERY};
pub use changes::ChangesMetrics;
pub use ledger::{Outcome, Tally};
pub use log::{chain, start_log};
pub use mqtt::MqttMetrics;
pub use quarantine::QuarantineMetrics;
pub use tasks::Task;
