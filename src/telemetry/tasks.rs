//! The daemon's tasks by name, and how often one of them has failed.

use std::fmt;

use metrics::Counter;

use super::declare::{Declarer, MetricName};

const TASKS_FAILED: MetricName = MetricName(
    "healthtrack_daemon_tasks_failed_total",
    "Tasks of the daemon that failed, panicked or ended by themselves; each ends the daemon in order.",
);

/// A task of the daemon.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Task {
    /// From the broker to the hot table, and back with the acknowledgement.
    Ingest,
    /// From the hot table to the archive, once a day.
    Roller,
    /// Small blocks of days that are over, joined.
    Compactor,
    /// Chunks of the coming days.
    Chunks,
    /// What the network wants done by the clock.
    Maintenance,
    /// What is old leaves quarantine, and how full it is.
    Quarantine,
    /// Daily values that were dated ahead, taken in when their time has come.
    Early,
    /// Places in the feed of changes, and what leaves it by age.
    Changes,
    /// Hours and days of what was measured.
    Rollups,
    /// `/healthz` and `/readyz`.
    HttpHealth,
    /// `/metrics`.
    HttpMetrics,
    /// Histograms, folded together.
    Histograms,
}

impl Task {
    const ALL: [Task; 12] = [
        Task::Ingest,
        Task::Roller,
        Task::Compactor,
        Task::Chunks,
        Task::Maintenance,
        Task::Quarantine,
        Task::Early,
        Task::Changes,
        Task::Rollups,
        Task::HttpHealth,
        Task::HttpMetrics,
        Task::Histograms,
    ];

    /// Its name, in the log and as a label.
    pub fn name(self) -> &'static str {
        match self {
            Task::Ingest => "ingest",
            Task::Roller => "roller",
            Task::Compactor => "compactor",
            Task::Chunks => "chunks",
            Task::Maintenance => "maintenance",
            Task::Quarantine => "quarantine",
            Task::Early => "early",
            Task::Changes => "changes",
            Task::Rollups => "rollups",
            Task::HttpHealth => "http_health",
            Task::HttpMetrics => "http_metrics",
            Task::Histograms => "histograms",
        }
    }
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A counter for each task.
pub(super) struct TaskMetrics(Vec<(Task, Counter)>);

impl TaskMetrics {
    pub(super) fn declare(new: &Declarer<'_>) -> TaskMetrics {
        let counter = |task: Task| (task, new.labelled(TASKS_FAILED, ("task", task.name())));
        TaskMetrics(Task::ALL.map(counter).into())
    }

    pub(super) fn failed(&self, task: Task) {
        if let Some((_, counter)) = self.0.iter().find(|(known, _)| *known == task) {
            counter.increment(1);
        }
    }
}
