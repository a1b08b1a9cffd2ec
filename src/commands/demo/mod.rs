//! Demo: everything on this machine: a private database and broker, the daemon, and simulated devices that publish.
//!
//! # Why
//! The journey can be watched without anything to install or to set up. The daemon is the very one that `serve` runs,
//! and the devices reach it through MQTT as hubs do. A few messages are sent twice and a few are broken, on purpose, so
//! that the counts of duplicates and of quarantine are visible.
//!
//! The devices publish in real time: a moment's values depend on seed, number and moment alone, so a second run on the
//! same data says the same about the hours that both cover, and the daemon finds each of those samples stored already.
//!
//! Invariant: at the end every sample published is received, and every one received is stored, duplicate, in conflict
//! or in quarantine; else the exit code says so (`tests/it/demo.rs`).

use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tracing::{Instrument as _, Span};

use crate::commands::signals::cancel_on_signal;
use crate::config;
pub use args::Args;
use feed::Feed;
use screen::Screen;
use stack::{CLOSE_MAX, DemoStack};
use summary::RunSummary;

/// What may be asked of it.
mod args;

/// What is published, and how much of it so far.
mod feed;

/// Database, broker and daemon: started together, stopped together.
mod stack;

/// A simulated network of patients and providers around the devices.
mod people;

/// What a person sees.
mod screen;

/// What a run came to.
mod summary;

/// The longest history that is made up.
const HISTORY_MAX: Duration = Duration::from_secs(366 * 86_400);
/// How long a run that ends by itself waits for its network, which takes half a second on two cores.
const NETWORK_MAX: Duration = Duration::from_secs(30);

/// Runs the demo to its end, to Ctrl-C or to SIGTERM, in a span that is opened once the log is started, and reports.
pub async fn run(args: Args, span: impl FnOnce() -> Span + Send) -> anyhow::Result<()> {
    let opened = Instant::now();
    ensure!(args.history <= HISTORY_MAX, "--history is a year at most");
    let data_dir = args.data_dir.clone().or_else(|| Some(config::data_dir(config::variable)?.join("demo")));
    let data_dir = data_dir.context("name a folder for the database with --data-dir: this user has no home")?;
    let stop = CancellationToken::new();
    cancel_on_signal(stop.clone())?;
    let mut screen = Screen::new(args.json, opened);
    screen.say("HealthTrack demo: starting a private Postgres, a private broker and the daemon ...");
    let Some(stack) = stop.run_until_cancelled(DemoStack::open(&data_dir)).await.transpose()? else {
        screen.say("stopped before it was ready");
        return Ok(());
    };
    let run = run_until_end(stack, &args, &mut screen, &stop);
    let summary = run.instrument(span()).await?;
    screen.report(&summary)?;
    if !summary.balanced {
        bail!("the counts do not balance: not every published sample was received and settled exactly once");
    }
    Ok(())
}

/// Publishes until the time is up or somebody stops it, then stops everything in order.
async fn run_until_end(
    mut stack: DemoStack,
    args: &Args,
    screen: &mut Screen,
    stop: &CancellationToken,
) -> anyhow::Result<RunSummary> {
    screen.introduce(&stack.addresses, args);
    let mut feed = Feed::connect(&stack, args).await?;
    let (progress, telemetry) = (feed.progress(), stack.telemetry.clone());
    let network = people::create_network(stack.connector.clone(), telemetry.clone(), args.hubs, args.seed);
    let mut network = AbortOnDropHandle::new(tokio::spawn(network));
    let end = args.duration.map(|duration| Instant::now() + duration);
    let mut time_is_up = false;
    tokio::select! {
        published = feed.run() => published?,
        ended = stack.daemon_ends() => ended?,
        () = screen.follow(&progress, &telemetry) => {}
        () = stop.cancelled() => screen.say("stopping: what is published is still written"),
        () = until(end) => time_is_up = true,
    }
    if time_is_up {
        // It logs its own failure.
        let _ = stop.run_until_cancelled(timeout(NETWORK_MAX, &mut network)).await;
    }
    // What is made halfway is undone: the next run makes it whole.
    drop(network);
    let closing = Instant::now() + CLOSE_MAX;
    feed.finish(closing).await;
    screen.refresh(&telemetry);
    let data_dir = stack.addresses.data_dir.clone();
    stack.close(closing).await?;
    Ok(RunSummary::of(args, &data_dir, screen.took(), &telemetry, progress.published()))
}

/// Waits for a moment, or for ever where there is none.
async fn until(end: Option<Instant>) {
    match end {
        Some(end) => sleep_until(end).await,
        None => std::future::pending().await,
    }
}
