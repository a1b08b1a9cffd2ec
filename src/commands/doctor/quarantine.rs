//! How full quarantine is, since when, and for which reasons.

use sqlx::PgConnection;

use super::finding::Findings;
use crate::commands::report::{counted, grouped};
use crate::config::IngestConfig;
use crate::model::time::{Clock as _, SystemClock};
use crate::store::quarantine::{Fullness, Purge, ReasonCount, count_due, fullness, reasons};

/// From this much of the cap on it is worth a warning.
const WARN_PERCENT: u64 = 80;
/// Reasons that are named.
const REASONS_SHOWN_MAX: usize = 5;

pub(super) async fn check(
    connection: &mut PgConnection,
    config: &IngestConfig,
    findings: &mut Findings,
) -> anyhow::Result<()> {
    let (full, reasons) = (fullness(connection).await?, reasons(connection).await?);
    tell(&full, &reasons, config.quarantine_bytes_max, findings);
    let Some(expired) = Purge::of_age(SystemClock.now(), config.quarantine_retention_days) else { return Ok(()) };
    let due = count_due(connection, expired).await?;
    if due > 0 {
        findings.ok(format!(
            "quarantine: up to {} leave by their age, last received before {} (`healthtrack quarantine purge --expired \
             --dry-run`); what may be of somebody under legal hold stays, and open contradictions",
            counted(due, "rejection"),
            expired.before.day()
        ));
    }
    Ok(())
}

fn tell(full: &Fullness, reasons: &[ReasonCount], bytes_max: u64, findings: &mut Findings) {
    let Some(oldest) = full.oldest else { return findings.ok("quarantine: empty") };
    let mut shown: Vec<String> =
        reasons.iter().take(REASONS_SHOWN_MAX).map(|one| format!("{} {}", one.rows, one.reason)).collect();
    if reasons.len() > REASONS_SHOWN_MAX {
        shown.push("others".to_owned());
    }
    let open = if shown.is_empty() { "none open".to_owned() } else { format!("open: {}", shown.join(", ")) };
    let (rows, bytes) = (counted(full.open_rows + full.resolved_rows, "rejection"), full.bytes());
    let what = format!(
        "quarantine: {rows}, {} of {} bytes, the oldest of {}; {open}",
        grouped(bytes),
        grouped(bytes_max),
        oldest.day()
    );
    if bytes / WARN_PERCENT >= bytes_max / 100 {
        findings.warn(
            what,
            "`healthtrack quarantine list` shows them: retry, resolve and purge, or raise ingest.quarantine_bytes_max; \
             what comes when it is full is counted, not kept",
        );
    } else {
        findings.ok(what);
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level;
    use super::*;
    use crate::model::time::Timestamp;

    #[test]
    fn a_quarantine_that_is_nearly_full_is_warned_of() {
        let oldest = Timestamp::parse_rfc3339("2026-11-01T00:00:00Z").ok();
        let reasons = [ReasonCount { reason: "conflict".to_owned(), rows: 3 }];
        for (payload_bytes, level) in [(1_000, Level::Ok), (79_000, Level::Warn), (200_000, Level::Warn)] {
            let full = Fullness { open_rows: 3, resolved_rows: 0, payload_bytes, oldest };
            let mut findings = Findings::default();
            tell(&full, &reasons, 100_000, &mut findings);
            assert_eq!(findings.0[0].level, level, "{payload_bytes}");
            let what = &findings.0[0].what;
            assert!(what.contains("3 rejections") && what.ends_with("2026-11-01; open: 3 conflict"), "{what}");
        }
    }
}
