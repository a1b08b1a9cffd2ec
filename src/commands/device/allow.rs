//! Allow: which sources may speak for a device beside the one of its own name.

use std::path::PathBuf;

use anyhow::{bail, ensure};
use serde::Serialize;
use sqlx::PgConnection;

use super::names::{given, parse};
use crate::commands::common::Common;
use crate::commands::report::{counted, print, print_json};
use crate::model::ids::DeviceId;
use crate::model::time::{Clock as _, SystemClock};
use crate::store::directory::find_unknown;
use crate::store::source::{Disallowing, allow, disallow, end_waiting, find_not_allowed};

/// Devices that one statement changes.
const DEVICES_PER_STATEMENT: usize = 10_000;

/// A source, and devices.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct AllowArgs {
    /// The source: what stands before the format in the topics under which it publishes
    #[arg(value_name = "SOURCE")]
    source: String,
    /// The devices
    #[arg(value_name = "DEVICE", required_unless_present = "from")]
    devices: Vec<String>,
    /// A file with a device a line, or - for stdin; blank lines and those that begin with # are skipped
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
}

/// A source, and devices or all.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct DisallowArgs {
    /// The source: what stands before the format in the topics under which it publishes
    #[arg(value_name = "SOURCE", required_unless_present = "waiting")]
    source: Option<String>,
    /// The devices
    #[arg(value_name = "DEVICE", required_unless_present_any = ["from", "all", "waiting"], conflicts_with = "all")]
    devices: Vec<String>,
    /// A file with a device a line, or - for stdin; blank lines and those that begin with # are skipped
    #[arg(long, value_name = "FILE", conflicts_with = "all")]
    from: Option<PathBuf>,
    /// All devices for which it may speak, except itself
    #[arg(long)]
    all: bool,
    /// No source in particular: devices that published before sources were told apart wait no more for the next that
    /// names them
    #[arg(long, conflicts_with_all = ["source", "devices", "from", "all"])]
    waiting: bool,
}

/// What `allow` did.
#[derive(Debug, Serialize)]
struct AllowReport {
    given: u64,
    new: u64,
}

/// What `disallow --waiting` did.
#[derive(Debug, Serialize)]
struct WaitingReport {
    waited: u64,
}

/// What `disallow` did.
#[derive(Debug, Serialize)]
struct DisallowReport {
    disallowed: u64,
    /// Of those that were named.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    not_allowed_before: Vec<String>,
}

/// Lets a source speak for devices, all or none.
pub(super) async fn run(common: &Common, args: &AllowArgs) -> anyhow::Result<()> {
    let (source, devices) = (parse(&args.source)?, given(&args.devices, args.from.as_deref())?);
    ensure!(!devices.is_empty(), "there is no device to allow; name one, or give a file with a name a line");
    let pool = common.database()?.pool().await?;
    if let Some(unknown) = first_unknown(&mut *pool.acquire().await?, &devices).await? {
        bail!("{unknown} is not a device: check its name, or run `healthtrack device add {unknown}` first");
    }
    let mut report = AllowReport { given: devices.len() as u64, new: 0 };
    for some in devices.chunks(DEVICES_PER_STATEMENT) {
        report.new += allow(&pool, &source, some, SystemClock.now()).await?;
    }
    if common.json {
        return print_json(&report);
    }
    print(&format!("{source} may speak for {}, {} new", counted(report.given, "device"), report.new))
}

/// Takes that from it.
pub(super) async fn run_disallow(common: &Common, args: &DisallowArgs) -> anyhow::Result<()> {
    let Some(source) = &args.source else { return end_all_waiting(common).await };
    let (source, devices) = (parse(source)?, given(&args.devices, args.from.as_deref())?);
    ensure!(args.all || !devices.is_empty(), "there is no device to disallow; name one, or say --all");
    let mut connection = common.database()?.ready().await?;
    if let Some(unknown) = first_unknown(&mut connection, &devices).await? {
        bail!("{unknown} is not a device, so nothing was changed: check its name with `healthtrack device list`");
    }
    let mut not_allowed_before = Vec::new();
    for some in devices.chunks(DEVICES_PER_STATEMENT) {
        not_allowed_before.extend(find_not_allowed(&mut connection, &source, some).await?);
    }
    let which = if args.all { Disallowing::All } else { Disallowing::Devices(&devices) };
    let report = DisallowReport { disallowed: disallow(&mut connection, &source, which).await?, not_allowed_before };
    if common.json {
        return print_json(&report);
    }
    let before = match report.not_allowed_before.as_slice() {
        [] => String::new(),
        others => format!("; it could not speak for {} before", others.join(", ")),
    };
    print(&format!("{source} may no longer speak for {}{before}", counted(report.disallowed, "device")))
}

/// The first of them that nobody has added.
async fn first_unknown(connection: &mut PgConnection, devices: &[DeviceId]) -> anyhow::Result<Option<String>> {
    for some in devices.chunks(DEVICES_PER_STATEMENT) {
        let names: Vec<&str> = some.iter().map(DeviceId::as_str).collect();
        if let Some(unknown) = find_unknown(&mut *connection, &names).await? {
            return Ok(Some(unknown));
        }
    }
    Ok(None)
}

async fn end_all_waiting(common: &Common) -> anyhow::Result<()> {
    let report = WaitingReport { waited: end_waiting(&mut common.database()?.ready().await?).await? };
    if common.json {
        return print_json(&report);
    }
    print(&format!("{} waited for a source, none does any more", counted(report.waited, "device")))
}
