//! Who may write into whose record.

use sqlx::PgConnection;

use super::finding::Findings;
use crate::commands::report::counted;
use crate::config::DeviceSources;
use crate::store::source::waiting;

pub(super) async fn check(
    connection: &mut PgConnection,
    sources: DeviceSources,
    findings: &mut Findings,
) -> anyhow::Result<()> {
    match sources {
        DeviceSources::Own => findings.ok("sources: only those that an operator allows speak for other devices"),
        DeviceSources::Any => findings.warn(
            "sources: each that may publish may speak for every device",
            "unless hubs share devices, set ingest.device_sources = \"first\"",
        ),
        DeviceSources::First => tell(waiting(connection).await?, findings),
    }
    Ok(())
}

fn tell(waiting: u64, findings: &mut Findings) {
    match waiting {
        0 => findings.ok("sources: each device has those that may speak for it"),
        _ => findings.warn(
            format!(
                "sources: {} from an earlier version: the next source that names one may speak for it",
                counted(waiting, "device")
            ),
            "once those in use have published, run `healthtrack device disallow --waiting`; `healthtrack device list` \
             shows them",
        ),
    }
}
