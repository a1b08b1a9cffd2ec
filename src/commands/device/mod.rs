//! Device: adds, lists and moves devices, and records who wears them and which sources may speak for them. Adding again
//! changes nothing, so a fleet's list can be given each night.

/// Names, as arguments and as lists.
mod names;

/// Which sources may speak for a device.
mod allow;

use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use serde::Serialize;

use super::common::Common;
use super::report::{Column, counted, print, print_json, table};
use crate::model::ids::{DeviceId, ShardName};
use crate::model::people::{PatientId, WearId};
use crate::model::time::{Clock as _, SystemClock, Timestamp};
use crate::store::care::context::Operator;
use crate::store::care::device::{WearChange, change_wear};
use crate::store::care::error::RuleCatalogue;
use crate::store::directory::{AllowedSource, add_devices, list_devices};
use crate::store::relocate::{Moving, move_devices};
use allow::{AllowArgs, DisallowArgs};
use names::{given, parse};

/// Devices that one statement adds.
const DEVICES_PER_STATEMENT: usize = 10_000;
/// Who adds, in `signal.device.added_by`.
const ADDED_BY: &str = "operator";

/// Adds, lists and moves devices, and records who wears them and which sources may speak for them.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  healthtrack device add watch-7 cgm-12
  cut -d, -f1 fleet.csv | healthtrack device add --from -
  healthtrack device list --json
  healthtrack device allow hub-3 watch-7 cgm-12
  healthtrack device assign watch-7 --patient 2f1b6c1e-8a55-4f0e-9f0a-5f6f4f6f7a11")]
pub struct Args {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    common: Common,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum Action {
    /// Accept samples of these devices; adding one again changes nothing
    #[command(after_help = "Examples:
  healthtrack device add watch-7 cgm-12
  healthtrack device add --from fleet.txt")]
    Add {
        /// Names of 1 to 64 letters, digits, full stops, underscores or hyphens
        #[arg(value_name = "NAME", required_unless_present = "from")]
        names: Vec<String>,
        /// A file with a name a line, or - for stdin; blank lines and those that begin with # are skipped
        #[arg(long, value_name = "FILE")]
        from: Option<PathBuf>,
    },
    /// List every device with the shard that writes it, the number of its series, and the sources that may speak for it
    /// beside itself
    #[command(after_help = "Example:
  healthtrack device list")]
    List,
    /// Move devices to another shard, whose daemon writes them from now on; that of their former shard starts again
    #[command(after_help = "Examples:
  healthtrack device move watch-7 cgm-12 --to ward-3
  healthtrack device move --all-of main --to ward-3")]
    Move {
        /// The devices
        #[arg(value_name = "NAME", required_unless_present = "all_of", conflicts_with = "all_of")]
        names: Vec<String>,
        /// All devices of this shard
        #[arg(long, value_name = "SHARD")]
        all_of: Option<String>,
        /// The shard that is to write them
        #[arg(long, value_name = "SHARD")]
        to: String,
    },
    /// Let a source, such as a hub, publish samples of other devices under its own topics
    #[command(after_help = "Examples:
  healthtrack device allow hub-3 watch-7 cgm-12
  healthtrack device allow hub-3 --from fleet.txt
  healthtrack device allow hub-3 watch-7 && healthtrack quarantine retry --reason source_not_allowed")]
    Allow(AllowArgs),
    /// Take that from it; a running daemon writes nothing more by that right once this has ended
    #[command(after_help = "Examples:
  healthtrack device disallow hub-3 watch-7
  healthtrack device disallow hub-3 --all
  healthtrack device disallow --waiting")]
    Disallow(DisallowArgs),
    /// Record that a patient wears a device from a time on; refused while somebody else wears it
    #[command(after_help = "Examples:
  healthtrack device assign watch-7 --patient 2f1b6c1e-8a55-4f0e-9f0a-5f6f4f6f7a11
  healthtrack device assign watch-7 --hand-over --patient 2f1b6c1e-8a55-4f0e-9f0a-5f6f4f6f7a11")]
    Assign {
        /// The device
        #[arg(value_name = "NAME")]
        name: String,
        /// The patient: care.patient.patient_id
        #[arg(long, value_name = "UUID")]
        patient: PatientId,
        /// End the current wear at the same time
        #[arg(long)]
        hand_over: bool,
        /// From when on, as RFC 3339 [default: now]
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
    },
    /// Record that nobody wears a device any more
    #[command(after_help = "Example:
  healthtrack device return watch-7")]
    Return {
        /// The device
        #[arg(value_name = "NAME")]
        name: String,
        /// Since when, as RFC 3339 [default: now]
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
    },
}

/// What `add` did.
#[derive(Debug, Serialize)]
struct Added {
    given: u64,
    new: u64,
}

/// What `assign` began or `return` ended.
#[derive(Debug, Serialize)]
struct WearReport {
    wear: WearId,
}

/// Runs one of the actions.
pub async fn run(args: Args) -> anyhow::Result<()> {
    match &args.action {
        Action::Add { names, from } => add(&args, given(names, from.as_deref())?).await,
        Action::List => list(&args).await,
        Action::Move { names, all_of, to } => move_to(&args, names, all_of.as_deref(), to).await,
        Action::Allow(which) => allow::run(&args.common, which).await,
        Action::Disallow(which) => allow::run_disallow(&args.common, which).await,
        Action::Assign { name, patient, hand_over, at } => {
            let change = if *hand_over { WearChange::HandOver(*patient) } else { WearChange::Assign(*patient) };
            set_wear(&args, name, change, at.as_deref()).await
        }
        Action::Return { name, at } => set_wear(&args, name, WearChange::Return, at.as_deref()).await,
    }
}

async fn add(args: &Args, devices: Vec<DeviceId>) -> anyhow::Result<()> {
    ensure!(!devices.is_empty(), "there is no device to add; name one, or give a file with a name a line");
    let pool = args.common.database()?.pool().await?;
    let mut added = Added { given: devices.len() as u64, new: 0 };
    for some in devices.chunks(DEVICES_PER_STATEMENT) {
        added.new += add_devices(&pool, some, ADDED_BY, SystemClock.now()).await?;
    }
    if args.common.json {
        return print_json(&added);
    }
    print(&format!("{} given, {} new", counted(added.given, "device"), added.new))
}

async fn move_to(args: &Args, names: &[String], all_of: Option<&str>, to: &str) -> anyhow::Result<()> {
    let shard = |name: &str| ShardName::parse(name).with_context(|| format!("{name} is not a valid shard name"));
    let (devices, from, to) = (given(names, None)?, all_of.map(shard).transpose()?, shard(to)?);
    let moving = from.as_ref().map_or(Moving::Devices(&devices), Moving::AllOf);
    let moved = move_devices(&mut args.common.database()?.ready().await?, moving, &to).await?;
    if args.common.json {
        return print_json(&moved);
    }
    let restarts = match moved.fenced.join(", ") {
        none if none.is_empty() => String::new(),
        shards => format!("; the daemon of {shards} starts again with its next batch"),
    };
    print(&format!("{} moved to {}{restarts}", counted(moved.moved, "device"), to.as_str()))
}

async fn list(args: &Args) -> anyhow::Result<()> {
    let pool = args.common.database()?.pool().await?;
    let devices = list_devices(&pool).await?;
    if args.common.json {
        return print_json(&devices);
    }
    let columns = [
        Column::Left("device"),
        Column::Left("added by"),
        Column::Left("shard"),
        Column::Right("series"),
        Column::Left("sources"),
    ];
    let cells = devices.into_iter().map(|device| {
        vec![
            device.device_id,
            device.added_by,
            device.shard.unwrap_or_else(|| "-".to_owned()),
            device.series.to_string(),
            sources_in_words(device.awaits_source, &device.sources),
        ]
    });
    print(&table(&columns, &cells.collect::<Vec<_>>()))
}

/// Who may speak for a device beside itself.
fn sources_in_words(awaits_source: bool, sources: &[AllowedSource]) -> String {
    let names: Vec<&str> = sources.iter().map(|one| one.source.as_str()).collect();
    match (awaits_source, names.is_empty()) {
        (true, _) => "the next that names it".to_owned(),
        (false, true) => "-".to_owned(),
        (false, false) => names.join(", "),
    }
}

async fn set_wear(args: &Args, name: &str, change: WearChange, at: Option<&str>) -> anyhow::Result<()> {
    let device = parse(name)?;
    let at = match at {
        None => SystemClock.now(),
        Some(at) => Timestamp::parse_rfc3339(at).with_context(|| format!("{at} is not a time; see --help"))?,
    };
    let mut connection = args.common.database()?.ready().await?;
    let rules = RuleCatalogue::read(&mut connection).await?;
    let mut operator = Operator::on(&mut connection).with_rules(&rules);
    let wear = change_wear(&mut operator, &device, change, at).await?;
    if args.common.json {
        return print_json(&WearReport { wear });
    }
    print(&match change {
        WearChange::Assign(_) | WearChange::HandOver(_) => format!("{name} is worn; wear {wear} begins"),
        WearChange::Return => format!("{name} is back; wear {wear} has ended"),
    })
}
