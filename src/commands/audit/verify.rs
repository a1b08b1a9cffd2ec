//! Verify: the chains by themselves, by heads that were kept, and by signed heads that were shipped.

use std::path::PathBuf;

use anyhow::bail;
use serde::Serialize;

use crate::audit::{Expected, RecordSource, ShippedReport, verify_shipped};
use crate::commands::common::Common;
use crate::commands::report::{Column, counted, print, print_json, table};
use crate::model::time::{Clock as _, SystemClock};
use crate::security::signature::PublicKeys;
use crate::store::care::audit::{AuditFinding, AuditHead, begin};
use crate::store::care::chain::{ChainReport, verify};
use crate::store::care::context::Auditor;

pub(super) const EXAMPLES: &str = "Examples:
  healthtrack audit verify --head \"$(tail -1 /elsewhere/heads)\"
  healthtrack audit verify --shipped /elsewhere/heads --public-key heads.pub --max-age-min 15
  healthtrack audit verify --shipped s3://health-heads/main --public-key heads.pub
  healthtrack audit verify --follows \"$(tail -1 /elsewhere/detached)\"";

/// How to verify.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// What `audit head` printed earlier: those events must still be there, unchanged
    #[arg(long, value_name = "CHAIN/SEQ:HASH,…", value_delimiter = ',', value_parser = parse_head)]
    head: Vec<AuditHead>,
    /// What `access.detach_audit` gave when the oldest events were detached: the chains must go on from there
    #[arg(long, value_name = "CHAIN/SEQ:HASH,…", value_delimiter = ',', value_parser = parse_head)]
    follows: Vec<AuditHead>,
    /// Records that `audit ship` has kept: a file, also of a syslog daemon, or s3://BUCKET/PREFIX
    #[arg(long, value_name = "FILE|URL", requires = "public_key")]
    shipped: Option<String>,
    /// The public key of those records, or several in one file: the present one and former ones
    #[arg(long, value_name = "FILE", requires = "shipped")]
    public_key: Option<PathBuf>,
    /// The number of the first of those records, where older ones are kept elsewhere
    #[arg(long, value_name = "NUMBER", default_value_t = 1, requires = "shipped")]
    from: u64,
    /// Fail where the newest of those records is older
    #[arg(long, value_name = "MINUTES", requires = "shipped")]
    max_age_min: Option<u32>,
}

/// What `verify --json` prints.
#[derive(Debug, Serialize)]
struct Proof<'a> {
    intact: bool,
    events: u64,
    findings: &'a [AuditFinding],
    #[serde(skip_serializing_if = "is_none")]
    findings_unlisted: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    shipped: Option<ShippedProof<'a>>,
}

/// What it prints of shipped records.
#[derive(Debug, Serialize)]
struct ShippedProof<'a> {
    records: u64,
    newest_at: Option<String>,
    findings: &'a [String],
    findings_unlisted: u64,
    notes: &'a [String],
}

/// Verifies.
pub(super) async fn run(args: Args, common: &Common) -> anyhow::Result<()> {
    let database = common.database()?;
    // What was shipped is opened first: a path or a key that is wrong is told before minutes of work.
    let mut shipped = match (&args.shipped, &args.public_key) {
        (Some(place), Some(key)) => {
            let (keys, age_minutes_max) = (PublicKeys::read(key)?, args.max_age_min);
            let (moved, now) = (args.follows.clone(), SystemClock.now());
            let expected = Expected { keys, first: args.from, moved, age_minutes_max, now };
            Some((RecordSource::open(place, &database.config.archive)?, expected))
        }
        _ => None,
    };
    let mut connection = database.ready().await?;
    let mut auditor = Auditor::on(&mut connection);
    begin(&mut auditor).await?;
    let report = match &mut shipped {
        Some((source, expected)) => Some(verify_shipped(&mut auditor, source, expected).await?),
        None => None,
    };
    let ChainReport { events, findings, unlisted } = verify(&mut auditor, &args.head, &args.follows).await?;
    let is_intact = findings.is_empty() && report.as_ref().is_none_or(|report| report.findings.is_empty());
    if common.json {
        let shipped = report.as_ref().map(proof);
        print_json(&Proof { intact: is_intact, events, findings: &findings, findings_unlisted: unlisted, shipped })?;
    } else {
        let mut lines = match &report {
            // What was shipped says more than the chains do by themselves.
            Some(_) if findings.is_empty() && args.head.is_empty() => {
                vec![format!("{} follow one another", counted(events, "event"))]
            }
            _ => vec![findings_in_words(events, !args.head.is_empty(), &findings).trim_end().to_owned()],
        };
        lines.extend((unlisted > 0).then(|| format!("and {} more", counted(unlisted, "finding"))));
        lines.extend(report.as_ref().map(shipped_in_words));
        print(&lines.join("\n"))?;
    }
    if !is_intact {
        bail!("the audit is not as it was: keep the database and what was shipped as they are, and a copy of both");
    }
    Ok(())
}

fn parse_head(text: &str) -> Result<AuditHead, String> {
    // A head without a chain was printed while there was one.
    let head = if text.contains('/') {
        AuditHead::parse(text.trim())
    } else {
        AuditHead::parse(&format!("0/{}", text.trim()))
    };
    head.ok_or_else(|| "write it as `audit head` prints it: 7/1205:9f86… with 64 digits".to_owned())
}

/// What `parse_head` reads, of all chains.
pub(super) fn heads_in_words(heads: &[AuditHead]) -> String {
    heads.iter().map(AuditHead::to_string).collect::<Vec<_>>().join(",")
}

fn is_none(count: &u64) -> bool {
    *count == 0
}

fn proof(report: &ShippedReport) -> ShippedProof<'_> {
    ShippedProof {
        records: report.records,
        newest_at: report.newest.map(|(_, at)| at.to_string()),
        findings: &report.findings.wrong,
        findings_unlisted: report.findings.unlisted,
        notes: &report.findings.notes,
    }
}

fn findings_in_words(events: u64, with_head: bool, findings: &[AuditFinding]) -> String {
    if findings.is_empty() {
        let end = if with_head {
            "; the kept heads are among them"
        } else {
            "; whether an end was cut off, only kept heads tell"
        };
        return format!("{} as they were written{end}", counted(events, "event"));
    }
    let row = |found: &AuditFinding| vec![format!("{}/{}", found.chain, found.seq), found.finding.clone()];
    let rows: Vec<_> = findings.iter().map(row).collect();
    table(&[Column::Right("event"), Column::Left("finding")], &rows)
}

fn shipped_in_words(report: &ShippedReport) -> String {
    let wrong = report.findings.wrong.len() as u64 + report.findings.unlisted;
    let count = counted(report.records, "signed record");
    let mut lines = match wrong {
        0 => vec![format!("{count} in order, and every head stands")],
        wrong => vec![format!("{count}, and {}:", counted(wrong, "finding"))],
    };
    lines.extend(report.findings.wrong.iter().map(|sentence| format!("  {sentence}")));
    lines.extend(report.findings.notes.iter().cloned());
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_as_it_is_printed_and_no_other_way() {
        let hash = "ab".repeat(32);
        let head = |chain| AuditHead { chain, seq: 7, hash: hash.clone() };
        assert_eq!(parse_head(&format!("7:{hash}\n")), Ok(head(0)), "as it was printed while there was one chain");
        let printed = heads_in_words(&[head(3), head(60)]);
        assert_eq!(printed.split(',').map(parse_head).collect::<Result<Vec<_>, _>>(), Ok(vec![head(3), head(60)]));
        for wrong in [
            hash.clone(),
            format!("0:{hash}"),
            format!("64/7:{hash}"),
            format!("-1/7:{hash}"),
            "7:abc".to_owned(),
            format!("7:{}", "zz".repeat(32)),
        ] {
            assert!(parse_head(&wrong).unwrap_err().contains("audit head"), "{wrong}");
        }
    }

    #[test]
    fn an_intact_chain_says_what_it_does_not_know() {
        assert!(findings_in_words(3, false, &[]).contains("only kept heads tell"));
        assert_eq!(findings_in_words(1, true, &[]), "1 event as they were written; the kept heads are among them");
    }
}
