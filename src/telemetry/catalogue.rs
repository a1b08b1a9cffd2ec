//! Every metric: name, help text and labels, in the order of a sample's journey.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use metrics::{Counter, Gauge, Histogram, Unit};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

use super::archive::ArchiveMetrics;
use super::changes::ChangesMetrics;
use super::declare::{Declarer, MetricName};
use super::ledger::{Outcome, SampleLedger, Tally};
use super::mqtt::MqttMetrics;
use super::quarantine::QuarantineMetrics;
use super::tasks::{Task, TaskMetrics};
use crate::model::reason::Reason;

/// From a tenth of a millisecond to half a minute: a commit on a fast disk, and a database that restarts.
const SECONDS: [f64; 17] =
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
/// From a single sample to more than the longest batch.
const COUNTS: [f64; 10] = [1.0, 10.0, 100.0, 1_000.0, 5_000.0, 20_000.0, 50_000.0, 100_000.0, 500_000.0, 1_000_000.0];

const INGEST_RECEIVED_SAMPLES: MetricName = MetricName(
    "healthtrack_ingest_received_samples_total",
    "Samples received. Equals all outcomes plus those in flight, at every scrape.",
);
const INGEST_IN_FLIGHT_SAMPLES: MetricName =
    MetricName("healthtrack_ingest_in_flight_samples", "Samples received and not yet committed.");
const INGEST_SAMPLES: MetricName =
    MetricName("healthtrack_ingest_samples_total", "Samples by outcome, counted when committed.");
const INGEST_SUPERSEDED_SAMPLES: MetricName = MetricName(
    "healthtrack_ingest_superseded_samples_total",
    "Samples that ceased to stand since their source has said something else; they are in signal.superseded.",
);
const INGEST_REJECTED_SAMPLES: MetricName = MetricName(
    "healthtrack_ingest_rejected_samples_total",
    "Samples rejected, by reason. A message that cannot be decoded counts as one.",
);
const INGEST_NOT_MEASURED: MetricName = MetricName(
    "healthtrack_ingest_not_measured_total",
    "Slots that a device marked as not measured: nulls and vendors' sentinels. Not samples.",
);
const INGEST_FLAGGED_SAMPLES: MetricName = MetricName(
    "healthtrack_ingest_flagged_samples_total",
    "Samples kept with a flag: unlikely value, or assumed time.",
);
const INGEST_ENROLLED_DEVICES: MetricName =
    MetricName("healthtrack_ingest_enrolled_devices_total", "Devices added because they published.");
const INGEST_IN_FLIGHT_BYTES: MetricName =
    MetricName("healthtrack_ingest_in_flight_bytes", "Bytes of payload received and not yet committed.");
const INGEST_OWNER: MetricName =
    MetricName("healthtrack_ingest_owner", "1 where this daemon owns its shard, 0 where it is a standby.");
const INGEST_BATCH_SAMPLES: MetricName = MetricName("healthtrack_ingest_batch_samples", "Samples in one batch.");
const INGEST_BATCH_ROWS: MetricName =
    MetricName("healthtrack_ingest_batch_rows", "Rows (blocks) that one batch wrote.");
const INGEST_MERGED_SERIES: MetricName = MetricName(
    "healthtrack_ingest_merged_series_total",
    "Series of a batch that were compared with what is stored, because they could not simply be appended.",
);
const INGEST_BATCH_RETRIES: MetricName =
    MetricName("healthtrack_ingest_batch_retries_total", "Batches tried again after a passing fault of the database.");
const INGEST_BATCH_BISECTIONS: MetricName = MetricName(
    "healthtrack_ingest_batch_bisections_total",
    "Batches cut in two because the database rejected something in them.",
);
const INGEST_QUARANTINE_CAPPED_SAMPLES: MetricName = MetricName(
    "healthtrack_ingest_quarantine_capped_samples_total",
    "Samples not kept in quarantine because their source, or quarantine as a whole, had filled its cap.",
);
const INGEST_PUBLISH_TO_COMMIT_SECONDS: MetricName = MetricName(
    "healthtrack_ingest_publish_to_commit_seconds",
    "From the moment in the message's user property published_at (epoch milliseconds) to its commit.",
);
const INGEST_ARRIVAL_TO_COMMIT_SECONDS: MetricName =
    MetricName("healthtrack_ingest_arrival_to_commit_seconds", "From a message's arrival to its commit.");
const STORE_COPY_SECONDS: MetricName = MetricName("healthtrack_store_copy_seconds", "Time that one COPY took.");
const STORE_COMMIT_SECONDS: MetricName = MetricName("healthtrack_store_commit_seconds", "Time that one COMMIT took.");
const STORE_FORGOTTEN: MetricName = MetricName(
    "healthtrack_store_forgotten_total",
    "Times that the database was another copy or lacked what was committed, and the shard was taken anew.",
);
const STORE_UNREADABLE_BLOCKS: MetricName = MetricName(
    "healthtrack_store_unreadable_blocks_total",
    "Times that a stored block could not be read and was skipped; `healthtrack doctor` names it.",
);
const COMPACTION_JOINED_BLOCKS: MetricName =
    MetricName("healthtrack_compaction_joined_blocks_total", "Small blocks that were replaced by longer ones.");
const COMPACTION_WRITTEN_BLOCKS: MetricName =
    MetricName("healthtrack_compaction_written_blocks_total", "Longer blocks that replaced small ones.");
const COMPACTION_RECLAIMED_BYTES: MetricName =
    MetricName("healthtrack_compaction_reclaimed_bytes_total", "Bytes of disk that rewritten chunks gave back.");
const COMPACTION_FAILURES: MetricName = MetricName(
    "healthtrack_compaction_failures_total",
    "Passes that ended early, and chunks that were skipped; the next pass tries again.",
);
const COMPACTION_SECONDS: MetricName =
    MetricName("healthtrack_compaction_seconds", "Time that one transaction of compaction took.");
const COMPACTION_REWRITE_SECONDS: MetricName =
    MetricName("healthtrack_compaction_rewrite_seconds", "Time that rewriting one chunk took.");
const COMPACTION_WAITING_CHUNKS: MetricName =
    MetricName("healthtrack_compaction_waiting_chunks", "Closed chunks not yet compacted, or written to since.");
const COMPACTION_LAG_SECONDS: MetricName =
    MetricName("healthtrack_compaction_lag_seconds", "Since the beginning of the last pass that visited all chunks.");

/// Handles to every metric of one daemon.
pub struct Telemetry {
    /// `healthtrack_mqtt_…`
    pub mqtt: MqttMetrics,
    received_samples: Counter,
    in_flight_samples: Gauge,
    outcomes: Vec<(Outcome, Counter)>,
    rejected: Vec<(Reason, Counter)>,
    /// `healthtrack_ingest_superseded_samples_total`
    pub superseded_samples: Counter,
    /// `healthtrack_ingest_not_measured_total`
    pub not_measured: Counter,
    /// `healthtrack_ingest_flagged_samples_total`
    pub flagged_samples: Counter,
    /// `healthtrack_ingest_enrolled_devices_total`
    pub enrolled_devices: Counter,
    /// `healthtrack_ingest_in_flight_bytes`
    pub in_flight_bytes: Gauge,
    owner: Gauge,
    /// `healthtrack_ingest_batch_samples`
    pub batch_samples: Histogram,
    /// `healthtrack_ingest_batch_rows`
    pub batch_rows: Histogram,
    /// `healthtrack_ingest_merged_series_total`
    pub merged_series: Counter,
    /// `healthtrack_ingest_batch_retries_total`
    pub batch_retries: Counter,
    /// `healthtrack_ingest_batch_bisections_total`
    pub batch_bisections: Counter,
    /// `healthtrack_ingest_quarantine_capped_samples_total`
    pub quarantine_capped: Counter,
    /// `healthtrack_ingest_publish_to_commit_seconds`
    pub publish_to_commit: Histogram,
    /// `healthtrack_ingest_arrival_to_commit_seconds`
    pub arrival_to_commit: Histogram,
    /// `healthtrack_store_copy_seconds`
    pub copy_seconds: Histogram,
    /// `healthtrack_store_commit_seconds`
    pub commit_seconds: Histogram,
    /// `healthtrack_store_forgotten_total`
    pub forgotten: Counter,
    /// `healthtrack_store_unreadable_blocks_total`
    pub unreadable_blocks: Counter,
    /// `healthtrack_compaction_joined_blocks_total`
    pub compaction_joined_blocks: Counter,
    /// `healthtrack_compaction_written_blocks_total`
    pub compaction_written_blocks: Counter,
    /// `healthtrack_compaction_reclaimed_bytes_total`
    pub compaction_reclaimed_bytes: Counter,
    /// `healthtrack_compaction_failures_total`
    pub compaction_failures: Counter,
    /// `healthtrack_compaction_seconds`
    pub compaction_seconds: Histogram,
    /// `healthtrack_compaction_rewrite_seconds`
    pub compaction_rewrite_seconds: Histogram,
    /// `healthtrack_compaction_waiting_chunks`
    pub compaction_waiting_chunks: Gauge,
    /// `healthtrack_compaction_lag_seconds`
    pub compaction_lag_seconds: Gauge,
    /// `healthtrack_ingest_quarantine_…`
    pub quarantine: QuarantineMetrics,
    /// `healthtrack_changes_…`
    pub changes: ChangesMetrics,
    /// `healthtrack_archive_…`
    pub archive: ArchiveMetrics,
    ledger: Mutex<SampleLedger>,
    tasks: TaskMetrics,
    handle: PrometheusHandle,
}

impl std::fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Telemetry").finish_non_exhaustive()
    }
}

impl Telemetry {
    /// A registry of its own: two daemons in one process do not share a count.
    pub fn new() -> Result<Telemetry, BuildError> {
        let recorder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &SECONDS)?
            .set_buckets_for_metric(Matcher::Prefix("healthtrack_ingest_batch_".into()), &COUNTS)?
            .build_recorder();
        Ok(Telemetry::declare(&Declarer { recorder: &recorder }, recorder.handle()))
    }

    fn declare(new: &Declarer<'_>, handle: PrometheusHandle) -> Telemetry {
        let outcomes = Outcome::ALL.map(|outcome| {
            let label = ("outcome", outcome.word());
            (outcome, new.labelled(INGEST_SAMPLES, label))
        });
        let rejected = Reason::ALL.map(|reason| {
            let label = ("reason", reason.word());
            (reason, new.labelled(INGEST_REJECTED_SAMPLES, label))
        });
        Telemetry {
            mqtt: MqttMetrics::declare(new),
            received_samples: new.counter(INGEST_RECEIVED_SAMPLES),
            in_flight_samples: new.gauge(INGEST_IN_FLIGHT_SAMPLES),
            outcomes: outcomes.into(),
            rejected: rejected.into(),
            superseded_samples: new.counter(INGEST_SUPERSEDED_SAMPLES),
            not_measured: new.counter(INGEST_NOT_MEASURED),
            flagged_samples: new.counter(INGEST_FLAGGED_SAMPLES),
            enrolled_devices: new.counter(INGEST_ENROLLED_DEVICES),
            in_flight_bytes: new.gauge(INGEST_IN_FLIGHT_BYTES),
            owner: new.gauge(INGEST_OWNER),
            batch_samples: new.histogram(INGEST_BATCH_SAMPLES, None),
            batch_rows: new.histogram(INGEST_BATCH_ROWS, None),
            merged_series: new.counter(INGEST_MERGED_SERIES),
            batch_retries: new.counter(INGEST_BATCH_RETRIES),
            batch_bisections: new.counter(INGEST_BATCH_BISECTIONS),
            quarantine_capped: new.counter(INGEST_QUARANTINE_CAPPED_SAMPLES),
            publish_to_commit: new.histogram(INGEST_PUBLISH_TO_COMMIT_SECONDS, Some(Unit::Seconds)),
            arrival_to_commit: new.histogram(INGEST_ARRIVAL_TO_COMMIT_SECONDS, Some(Unit::Seconds)),
            copy_seconds: new.histogram(STORE_COPY_SECONDS, Some(Unit::Seconds)),
            commit_seconds: new.histogram(STORE_COMMIT_SECONDS, Some(Unit::Seconds)),
            forgotten: new.counter(STORE_FORGOTTEN),
            unreadable_blocks: new.counter(STORE_UNREADABLE_BLOCKS),
            compaction_joined_blocks: new.counter(COMPACTION_JOINED_BLOCKS),
            compaction_written_blocks: new.counter(COMPACTION_WRITTEN_BLOCKS),
            compaction_reclaimed_bytes: new.counter(COMPACTION_RECLAIMED_BYTES),
            compaction_failures: new.counter(COMPACTION_FAILURES),
            compaction_seconds: new.histogram(COMPACTION_SECONDS, Some(Unit::Seconds)),
            compaction_rewrite_seconds: new.histogram(COMPACTION_REWRITE_SECONDS, Some(Unit::Seconds)),
            compaction_waiting_chunks: new.gauge(COMPACTION_WAITING_CHUNKS),
            compaction_lag_seconds: new.gauge(COMPACTION_LAG_SECONDS),
            quarantine: QuarantineMetrics::declare(new),
            changes: ChangesMetrics::declare(new),
            archive: ArchiveMetrics::declare(new),
            ledger: Mutex::default(),
            tasks: TaskMetrics::declare(new),
            handle,
        }
    }

    /// Counts samples as received: they are in flight until settled.
    pub fn receive(&self, samples: u64) {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner).receive(samples);
    }

    /// Counts `samples` received ones as ended, after their commit.
    pub fn settle(&self, samples: u64, tally: Tally) {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner).settle(samples, tally);
    }

    /// Counts rejected samples, by reason.
    pub fn reject(&self, reason: Reason, samples: u64) {
        if let Some((_, counter)) = self.rejected.iter().find(|(known, _)| *known == reason) {
            counter.increment(samples);
        }
    }

    /// Shows whether the daemon owns its shard, and how many of its connections to the broker are subscribed.
    pub fn show_state(&self, is_owner: bool, connected: usize) {
        self.owner.set(if is_owner { 1.0 } else { 0.0 });
        self.mqtt.show_connected(connected);
    }

    /// Counts a task of the daemon that has failed.
    pub fn task_failed(&self, task: Task) {
        self.tasks.failed(task);
    }

    /// Samples received, settled by outcome, and in flight.
    pub fn balance(&self) -> (u64, Tally, i64) {
        let ledger = *self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        (ledger.received, ledger.settled, ledger.in_flight)
    }

    /// The Prometheus text of this moment.
    pub fn render(&self) -> String {
        // Held while rendering, so that two scrapes cannot mix their totals.
        let ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        self.received_samples.absolute(ledger.received);
        self.in_flight_samples.set(ledger.in_flight as f64);
        for (outcome, counter) in &self.outcomes {
            counter.absolute(ledger.settled.of(*outcome));
        }
        self.handle.render()
    }

    /// Folds the histograms' recent samples together; without it an unscraped daemon grows. Call every few seconds.
    pub fn upkeep(&self) {
        self.handle.run_upkeep();
    }
}

/// How often `Telemetry::upkeep` is to be called.
pub const UPKEEP_EVERY: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    /// The numbers of `healthtrack_ingest_{received_samples,samples,in_flight_samples}` in a scrape.
    fn law(text: &str) -> (f64, f64, f64) {
        let sum = |prefix: &str| {
            text.lines()
                .filter(|line| line.starts_with(prefix))
                .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
                .sum()
        };
        (
            sum("healthtrack_ingest_received_samples_total "),
            sum("healthtrack_ingest_samples_total{"),
            sum("healthtrack_ingest_in_flight_samples "),
        )
    }

    #[test]
    fn the_law_holds_at_every_scrape() {
        let telemetry = Arc::new(Telemetry::new().unwrap());
        let writer = Arc::clone(&telemetry);
        let worker = std::thread::spawn(move || {
            for _ in 0..20_000 {
                writer.receive(10);
                writer.settle(10, Tally { stored: 6, duplicate: 1, outdated: 1, conflict: 1, quarantined: 1 });
            }
        });
        while !worker.is_finished() {
            let (received, ended, in_flight) = law(&telemetry.render());
            assert!((received - ended - in_flight).abs() < 0.5, "{received} = {ended} + {in_flight}");
        }
        worker.join().unwrap();
        assert_eq!(law(&telemetry.render()), (200_000.0, 200_000.0, 0.0));
    }

    #[test]
    fn a_sample_lost_on_the_way_stays_in_flight() {
        let telemetry = Telemetry::new().unwrap();
        telemetry.receive(3);
        telemetry.settle(2, Tally { stored: 2, ..Tally::default() });
        assert_eq!(telemetry.balance().2, 1);
    }

    #[test]
    fn every_metric_has_a_help_text_and_a_unit_in_its_name() {
        let telemetry = Telemetry::new().unwrap();
        telemetry.batch_rows.record(1.0);
        let text = telemetry.render();
        for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            let name = line.split([' ', '{']).next().unwrap();
            let family = name.trim_end_matches("_bucket").trim_end_matches("_sum").trim_end_matches("_count");
            assert!(text.contains(&format!("# HELP {family} ")), "{name}");
        }
    }
}
