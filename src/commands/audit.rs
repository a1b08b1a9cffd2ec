//! Audit: shows the audit trail, and proves that it is as it was written.
//!
//! Meant for a login with `healthtrack_auditor`, which reads the audit and nothing of the network's data.

use anyhow::{Context as _, bail};
use serde::Serialize;

use super::common::Common;
use super::report::{Column, counted, print, print_json, table};
use crate::store::care::audit::{AuditEvent, AuditFinding, AuditHead, head, list, verify};
use crate::store::care::context::Auditor;

/// Shows who read what, and verifies that the audit trail was not tampered with.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  healthtrack audit head >> /elsewhere/heads
  healthtrack audit verify --head \"$(tail -1 /elsewhere/heads)\"
  healthtrack audit list --unexplained --json")]
pub struct Args {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    common: Common,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum Action {
    /// Print number and hash of the last event; keep them where nobody can change them
    #[command(after_help = "Example:
  healthtrack audit head >> /elsewhere/heads")]
    Head,
    /// Verify that no event was altered, removed, moved, inserted or cut off
    #[command(after_help = "Example:
  healthtrack audit verify --head 1205:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    Verify {
        /// What `audit head` printed earlier: that event must still be there, unchanged
        #[arg(long, value_name = "SEQ:HASH", value_parser = parse_head)]
        head: Option<AuditHead>,
    },
    /// List the newest events
    #[command(after_help = "Example:
  healthtrack audit list --unexplained --limit 20")]
    List {
        /// Only access that no care relationship, visit or grant explains
        #[arg(long)]
        unexplained: bool,
        /// How many at most
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..=1_000_000))]
        limit: i64,
    },
}

/// What `verify --json` prints.
#[derive(Debug, Serialize)]
struct Proof<'a> {
    intact: bool,
    events: i64,
    findings: &'a [AuditFinding],
}

/// Runs one of the actions.
///
/// # Errors
/// Where the database does not answer, and where the chain is broken.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let mut connection = args.common.database()?.ready().await?;
    let mut auditor = Auditor::on(&mut connection);
    match &args.action {
        Action::Head => {
            let head = head(&mut auditor).await?.context("nothing was audited yet, so there is no head")?;
            if args.common.json { print_json(&head) } else { print(&format!("{}:{}", head.seq, head.hash)) }
        }
        Action::Verify { head: kept } => {
            let findings = verify(&mut auditor, kept.as_ref()).await?;
            let events = head(&mut auditor).await?.map_or(0, |head| head.seq);
            if args.common.json {
                print_json(&Proof { intact: findings.is_empty(), events, findings: &findings })?;
            } else {
                print(&findings_in_words(events.unsigned_abs(), kept.is_some(), &findings))?;
            }
            if !findings.is_empty() {
                bail!("the audit was tampered with: keep the database as it is, and a copy of it");
            }
            Ok(())
        }
        Action::List { unexplained, limit } => {
            let events = list(&mut auditor, *unexplained, *limit).await?;
            if args.common.json { print_json(&events) } else { print(&events_in_words(&events)) }
        }
    }
}

fn parse_head(text: &str) -> Result<AuditHead, String> {
    let form = || "write it as `audit head` prints it: 1205:9f86… with 64 digits".to_owned();
    let (seq, hash) = text.trim().split_once(':').ok_or_else(form)?;
    let seq = seq.parse().ok().filter(|seq| *seq > 0).ok_or_else(form)?;
    let is_digest = hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_digest { Ok(AuditHead { seq, hash: hash.to_owned() }) } else { Err(form()) }
}

fn findings_in_words(events: u64, with_head: bool, findings: &[AuditFinding]) -> String {
    if findings.is_empty() {
        let end = if with_head {
            "; the head is among them"
        } else {
            "; whether its end was cut off, only a kept head tells"
        };
        return format!("{} as they were written{end}", counted(events, "event"));
    }
    let rows: Vec<_> = findings.iter().map(|found| vec![found.seq.to_string(), found.finding.clone()]).collect();
    table(&[Column::Right("event"), Column::Left("finding")], &rows)
}

fn events_in_words(events: &[AuditEvent]) -> String {
    let columns = [
        Column::Right("event"),
        Column::Left("at"),
        Column::Left("role"),
        Column::Left("actor"),
        Column::Left("action"),
        Column::Left("outcome"),
        Column::Left("reason"),
        Column::Left("resource"),
        Column::Left("patient"),
    ];
    let none = || "-".to_owned();
    let cells = events.iter().map(|event| {
        vec![
            event.seq.to_string(),
            event.at.to_string(),
            event.role.clone(),
            event.actor.map_or_else(none, |actor| actor.to_string()),
            event.action.to_string(),
            event.outcome.to_string(),
            event.reason.clone().unwrap_or_else(none),
            event.resource.clone(),
            event.patient_id.map_or_else(none, |patient| patient.to_string()),
        ]
    });
    table(&columns, &cells.collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_as_it_is_printed_and_no_other_way() {
        let hash = "ab".repeat(32);
        assert_eq!(parse_head(&format!("7:{hash}\n")), Ok(AuditHead { seq: 7, hash: hash.clone() }));
        for wrong in [hash.clone(), format!("0:{hash}"), "7:abc".to_owned(), format!("7:{}", "zz".repeat(32))] {
            assert!(parse_head(&wrong).unwrap_err().contains("audit head"), "{wrong}");
        }
    }

    #[test]
    fn an_intact_chain_says_what_it_does_not_know() {
        assert!(findings_in_words(3, false, &[]).contains("only a kept head tells"));
        assert_eq!(findings_in_words(1, true, &[]), "1 event as they were written; the head is among them");
    }
}
