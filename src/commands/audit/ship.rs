//! Ship: signs heads, once or again and again.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde::Serialize;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use crate::audit::{Shipped, Shipper, Signed};
use crate::commands::common::Common;
use crate::commands::database::Database;
use crate::commands::report::{counted, print, print_json};
use crate::commands::signals::cancel_on_signal;
use crate::model::time::SystemClock;
use crate::store::care::audit::begin;
use crate::store::care::context::Auditor;
use crate::telemetry::chain;

pub(super) const EXAMPLES: &str = "Examples:
  healthtrack audit ship
  healthtrack audit ship --every-s 300";
const DAY_S: u64 = 86_400;
/// For so long the database is asked for its heads, and no longer than until the next record.
const SIGN_S_MIN: u64 = 10;
const SIGN_S_MAX: u64 = 60;

/// How often.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// Go on, every so many seconds, until a signal: what fails is told and tried again the next time
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=DAY_S))]
    every_s: Option<u64>,
}

/// What `--json` prints of a record.
#[derive(Debug, Serialize)]
struct ShippedRow {
    number: u64,
    heads: usize,
    lost: usize,
    sent: BTreeMap<String, usize>,
}

/// Ships.
pub(super) async fn run(args: Args, common: &Common) -> anyhow::Result<()> {
    let database = common.database()?;
    let shipper = Shipper::of(&database.config.audit, &database.config.archive)?;
    let stop = CancellationToken::new();
    let Some(every_s) = args.every_s else {
        // A signal ends it as it ends every command.
        return ship(&database, &shipper, common.json, &stop, Duration::from_secs(SIGN_S_MAX)).await;
    };
    cancel_on_signal(stop.clone())?;
    let mut every = interval(Duration::from_secs(every_s));
    // After a pause one record follows, and not one for each that was missed.
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let sign_time = Duration::from_secs(every_s.clamp(SIGN_S_MIN, SIGN_S_MAX));
    while !stop.is_cancelled() {
        tokio::select! {
            () = stop.cancelled() => break,
            _ = every.tick() => {}
        }
        if let Err(error) = ship(&database, &shipper, common.json, &stop, sign_time).await {
            eprintln!("healthtrack: {}", chain(error.as_ref()));
        }
    }
    Ok(())
}

/// A record that is signed by then is kept; until then a signal or a database that does not answer ends the attempt.
async fn ship(
    database: &Database,
    shipper: &Shipper,
    json: bool,
    stop: &CancellationToken,
    sign_time: Duration,
) -> anyhow::Result<()> {
    let signed = tokio::select! {
        () = stop.cancelled() => return Ok(()),
        signed = timeout(sign_time, sign(database, shipper)) => signed,
    };
    let late = || format!("the database has not told its heads within {} s: nothing was signed", sign_time.as_secs());
    let signed = signed.with_context(late)??;
    told(shipper.keep(signed, stop).await?, json)
}

async fn sign(database: &Database, shipper: &Shipper) -> anyhow::Result<Signed> {
    let mut connection = database.ready().await?;
    let mut auditor = Auditor::on(&mut connection);
    begin(&mut auditor).await?;
    Ok(shipper.sign(&mut auditor, &SystemClock).await?)
}

fn told(shipped: Shipped, json: bool) -> anyhow::Result<()> {
    let Shipped { number, heads, lost, sent } = shipped;
    let mut failed = Vec::new();
    let mut reached = BTreeMap::new();
    for (address, sent) in sent {
        match sent {
            Ok(records) => drop(reached.insert(address, records)),
            Err(error) => {
                failed.push(anyhow::Error::new(error).context(format!("record {number} is not in {address}")))
            }
        }
    }
    if json {
        print_json(&ShippedRow { number, heads, lost, sent: reached })?;
    } else {
        print(&format!("record {number} with {}", counted(heads as u64, "head")))?;
    }
    for error in &failed {
        eprintln!("healthtrack: {}", chain(error.as_ref()));
    }
    ensure!(
        lost == 0,
        "the database holds {} of the record before no more: it was tampered with or restored; run `healthtrack audit \
         verify --shipped`",
        counted(lost as u64, "head")
    );
    ensure!(failed.is_empty(), "what could not be sent is in audit.file, and is sent with the next record");
    Ok(())
}
