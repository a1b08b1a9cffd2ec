//! Report: what a replay came to, in words and in JSON.

use std::collections::BTreeMap;

use anyhow::bail;
use serde::Serialize;

use super::kind::RecordingKind;
use super::recording::{Recording, RowRefusal};
use crate::commands::report::counted;
use crate::mqtt::publisher::Counts;

/// What was read.
#[derive(Debug, Serialize)]
pub(super) struct ReadReport {
    kind: RecordingKind,
    files: u64,
    files_left_out: u64,
    /// Rows that say something else than what is replayed.
    rows_left_out: u64,
    devices: u64,
    messages: u64,
    samples: u64,
    /// Rows and values that could not be read, and times that the device's clock skipped.
    refused: u64,
    not_measured: u64,
    /// Times that the device's clock showed twice, of which nothing tells the pass.
    folded_times: u64,
    /// Times in the offset of the start of their run or session, which the zone has left.
    kept_offset_times: u64,
    samples_by_metric: BTreeMap<&'static str, u64>,
    pub(super) refusals: Vec<RowRefusal>,
}

/// What was read, and published.
#[derive(Debug, Serialize)]
pub(super) struct ReplayReport {
    #[serde(flatten)]
    pub(super) read: ReadReport,
    pub(super) broker: Counts,
    pub(super) seconds: f64,
}

impl ReadReport {
    pub(super) fn of(kind: RecordingKind, recording: &Recording) -> ReadReport {
        ReadReport {
            kind,
            files: recording.tally.files,
            files_left_out: recording.tally.files_left_out,
            rows_left_out: recording.tally.rows_left_out,
            devices: recording.devices().len() as u64,
            messages: recording.pieces().len() as u64,
            samples: recording.samples(),
            refused: recording.tally.refused,
            not_measured: recording.tally.not_measured,
            folded_times: recording.tally.folded_times,
            kept_offset_times: recording.tally.kept_offset_times,
            samples_by_metric: recording.samples_by_metric(),
            refusals: recording.tally.refusals(),
        }
    }

    /// How much there was; then what is remarkable.
    pub(super) fn in_words(&self) -> (String, Vec<String>) {
        let ReadReport { files, devices, messages, samples, refused, .. } = self;
        let text = format!(
            "{}, {}, {}, {}, {refused} refused",
            counted(*files, "file"),
            counted(*devices, "device"),
            counted(*messages, "message"),
            counted(*samples, "sample"),
        );
        let remarks = [
            (self.files_left_out, "files left out"),
            (self.rows_left_out, "rows left out"),
            (self.not_measured, "not measured"),
            (self.folded_times, "times shown twice, taken as the first"),
            (self.kept_offset_times, "times kept in the offset of their run's start"),
        ];
        let remarks = remarks.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"));
        (text, remarks.collect())
    }
}

impl ReplayReport {
    pub(super) fn in_words(&self) -> String {
        let (text, mut remarks) = self.read.in_words();
        if self.broker.without_subscriber > 0 {
            remarks.push(format!("{} messages without a subscriber", self.broker.without_subscriber));
        }
        let seconds = format!("in {:.1} s", self.seconds);
        [vec![format!("{text}, {seconds}")], remarks].concat().join("; ")
    }

    /// Success is every row read and every message acknowledged.
    pub(super) fn check(&self, first_refusal: Option<&str>) -> anyhow::Result<()> {
        if !self.broker.is_complete() {
            let Counts { refused, unanswered, .. } = self.broker;
            bail!("{refused} messages were refused and {unanswered} are unanswered; check the broker");
        }
        if let Some(first) = first_refusal {
            bail!(
                "{} rows or values were refused, the rest is published; correct them, the first is {first}",
                self.read.refused
            );
        }
        Ok(())
    }
}
