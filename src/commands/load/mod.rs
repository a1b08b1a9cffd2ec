//! Load: an open-loop generator. Message `id` is due at `id / rate`, whether or not the ones before it were answered,
//! so a stall shows as lateness and is not hidden by a generator that waits along.
//!
//! Hubs are spread over the connections, so each hub's messages stay in order.

mod args;
mod hubs;
mod latency;
mod ledger;
mod outcome;
mod report;
mod schedule;

/// Which messages are disturbed on purpose.
pub mod mix;

/// The contents of each message.
pub mod message;

use std::sync::Arc;

use anyhow::{Context as _, bail, ensure};
use indicatif::ProgressBar;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::commands::report::bar;
use crate::model::ids::is_name;
use crate::model::time::{Clock as _, SystemClock};
use hubs::{Hubs, Observers};
use ledger::MessageLedger;
use outcome::PublishOutcome;
use report::report;
use schedule::{Schedule, plan};

pub use args::{Args, parse_duration};

/// Runs the generator to its end, or to Ctrl-C, and reports.
pub async fn run(args: Args) -> anyhow::Result<()> {
    ensure!(is_name(&args.shard), "--shard is 1 to 64 letters, digits, full stops, underscores or hyphens");
    ensure!(args.rate.is_finite() && args.rate >= 0.0, "--rate is a number of messages a second, or 0 for no limit");
    let schedule = Schedule::of(&args);
    let plan = Arc::new(plan(&args, &schedule));
    let (ledger, writer) = match &args.ledger {
        Some(path) => Some(MessageLedger::create(path, SystemClock.now())?).unzip(),
        None => (None, None),
    };
    let stop = CancellationToken::new();
    let watch = tokio::spawn(cancel_on_ctrl_c(stop.clone()));
    let connections = args.connections.min(args.hubs);
    // Without a rate nobody knows how many messages there will be.
    let answered =
        if schedule.messages == u64::MAX { ProgressBar::hidden() } else { bar(schedule.messages, "messages") };
    let mut hubs = Vec::new();
    for index in 0..connections {
        let observers = Observers { ledger: ledger.clone(), answered: answered.clone() };
        hubs.push(Hubs::connect(&args, index, connections, plan.clone(), observers).await?);
    }
    let began = Instant::now();
    let tasks: Vec<_> =
        hubs.into_iter().map(|hubs| tokio::spawn(hubs.run(schedule, began, args.grace, stop.clone()))).collect();
    let mut total = PublishOutcome::nothing()?;
    for task in tasks {
        total.add(&task.await.context("a generator task has panicked")??)?;
    }
    watch.abort();
    answered.finish_and_clear();
    writer.map_or(Ok(()), ledger::LedgerWriter::finish)?;
    let report = report(&args, &plan, connections, &total, began);
    report.print(args.json)?;
    let counts = report.counts;
    if !counts.is_complete() {
        bail!("{} messages were refused and {} are unanswered; check the broker", counts.refused, counts.unanswered);
    }
    Ok(())
}

async fn cancel_on_ctrl_c(stop: CancellationToken) {
    if tokio::signal::ctrl_c().await.is_ok() {
        stop.cancel();
    }
}
