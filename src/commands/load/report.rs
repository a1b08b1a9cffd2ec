//! Report: what a run came to, for people and for machines.

use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;

use super::args::Args;
use super::latency::Percentiles;
use super::message::Plan;
use super::outcome::PublishOutcome;
use crate::mqtt::publisher::Counts;

/// What a run came to.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    hubs: u64,
    connections: u64,
    samples_per_message: u64,
    format: &'static str,
    /// The time of the first value.
    start_at: String,
    /// From the first message to the last answer.
    seconds: f64,
    #[serde(flatten)]
    pub(super) counts: Counts,
    offered_messages_per_s: f64,
    offered_samples_per_s: f64,
    acked_messages_per_s: f64,
    acked_samples_per_s: f64,
    /// From handing over to the answer.
    puback_ms: Percentiles,
    /// From when a message was due to handing it over.
    lateness_ms: Percentiles,
}

pub(super) fn report(args: &Args, plan: &Plan, connections: u64, total: &PublishOutcome, began: Instant) -> Report {
    let counts = total.counts;
    let answered_in = total.last_answer.map_or(Duration::ZERO, |last| last.saturating_duration_since(began.into_std()));
    let rate = |messages: u64, time: Duration| if time.is_zero() { 0.0 } else { messages as f64 / time.as_secs_f64() };
    let (offered, acked) = (rate(counts.issued, total.offered_in), rate(counts.acked, answered_in));
    Report {
        hubs: args.hubs,
        connections,
        samples_per_message: args.samples,
        format: args.format.word,
        start_at: plan.start.to_string(),
        seconds: answered_in.as_secs_f64(),
        counts,
        offered_messages_per_s: offered,
        offered_samples_per_s: offered * args.samples as f64,
        acked_messages_per_s: acked,
        acked_samples_per_s: acked * args.samples as f64,
        puback_ms: total.puback.percentiles(),
        lateness_ms: total.lateness.percentiles(),
    }
}

impl Report {
    pub(super) fn print(&self, json: bool) -> anyhow::Result<()> {
        if json {
            println!("{}", serde_json::to_string(self)?);
            return Ok(());
        }
        let Counts { issued, acked, without_subscriber, refused, unanswered, reconnects } = self.counts;
        println!("issued    {issued} messages of {} samples in {:.1} s", self.samples_per_message, self.seconds);
        println!("acked     {acked} ({without_subscriber} of them without a subscriber)");
        println!("failed    {refused} refused, {unanswered} unanswered, {reconnects} reconnects");
        println!(
            "offered   {:.0} messages/s, {:.0} samples/s",
            self.offered_messages_per_s, self.offered_samples_per_s
        );
        println!("acked     {:.0} messages/s, {:.0} samples/s", self.acked_messages_per_s, self.acked_samples_per_s);
        let show = |name: &str, of: &Percentiles| {
            println!("{name:9} {:.2} ms median, {:.2} ms p99, {:.2} ms max", of.p50, of.p99, of.max);
        };
        show("PUBACK", &self.puback_ms);
        show("lateness", &self.lateness_ms);
        Ok(())
    }
}
