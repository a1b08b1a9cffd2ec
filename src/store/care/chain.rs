//! Chain: the proof of the audit's chains, computed here from what lies in the table.
//!
//! # Why
//! The database can compute the same (`access.audit_digest`, `access.verify_audit_chains`), and whoever owns it can
//! replace those functions by some that find nothing: a proof that guards against the owner runs none of the owner's
//! code. What is asked for are the columns of the table alone, one event after the other, so memory does not grow with
//! the audit. An event that lacks what every event has counts as altered.
//!
//! What was detached from the audit is not there any more. Where a chain goes on is told by whoever asks and not by the
//! database, whose owner could say it of a beginning that was destroyed.
//!
//! Invariant: both proofs compute the same digest of each event and find the same
//! (`care::audit`, `care::forgery::the_digest_computed_here_…`).

use std::collections::BTreeSet;
use std::collections::btree_map::{BTreeMap, Entry};
use std::fmt::Write as _;

use futures_util::TryStreamExt as _;
use ring::digest::{Context, SHA256, digest};
use sqlx::Row as _;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::audit::{AuditFinding, AuditHead, lost_heads};
use super::context::Auditor;
use super::error::CareError;
use crate::store::moment::Moment;

/// The most findings that are kept; the rest is counted.
const FINDINGS_MAX: usize = 1_000;
/// Of a length that no honest event reaches.
const EVENT_BYTES: usize = 512;

type Hash = [u8; 32];

/// What the proof of the chains has found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChainReport {
    /// How many events there are.
    pub events: u64,
    /// What is wrong, in the order of the chains.
    pub findings: Vec<AuditFinding>,
    /// What is wrong and was not kept.
    pub unlisted: u64,
}

impl ChainReport {
    fn add(&mut self, chain: i16, seq: i64, finding: &str) {
        match self.findings.len() < FINDINGS_MAX {
            true => self.findings.push(AuditFinding { chain, seq, finding: finding.to_owned() }),
            false => self.unlisted += 1,
        }
    }
}

/// An event by what links it.
#[derive(Copy, Clone, Debug)]
struct Link {
    chain: i16,
    seq: i64,
    prev_hash: Option<Hash>,
    hash: Option<Hash>,
    /// What its hash should be.
    digest: Option<Hash>,
}

/// What is wrong with the chains, and whether they still hold the heads that were once exported. Where events were
/// detached, `moved` is the last one of each chain among them, which the chain must follow.
///
/// # Errors
/// The database's.
pub async fn verify(
    auditor: &mut Auditor<'_>,
    kept: &[AuditHead],
    moved: &[AuditHead],
) -> Result<ChainReport, CareError> {
    let mut proof = Proof { moved: moved.iter().map(|head| (head.chain, head.clone())).collect(), ..Proof::default() };
    proof.read(auditor).await?;
    proof.read_forks(auditor).await?;
    let mut report = proof.report;
    for lost in lost_heads(auditor, kept).await? {
        let Some(head) = usize::try_from(lost.place).ok().and_then(|place| kept.get(place)) else { continue };
        if is_moved(head, moved) {
            continue;
        }
        let finding = if lost.replaced { "is not the event that was the head" } else { "end is missing" };
        report.add(head.chain, head.seq, finding);
    }
    report.findings.sort_by(|one, other| {
        let key = |found: &AuditFinding| (found.chain, found.seq);
        key(one).cmp(&key(other)).then_with(|| one.finding.cmp(&other.finding))
    });
    Ok(report)
}

/// The chains so far.
#[derive(Debug, Default)]
struct Proof {
    report: ChainReport,
    /// The last event of each chain that was detached.
    moved: BTreeMap<i16, AuditHead>,
    last: Option<Link>,
    /// What events name as the one before them that is not.
    astray: BTreeSet<(i16, Hash)>,
}

impl Proof {
    /// Reads all events.
    async fn read(&mut self, auditor: &mut Auditor<'_>) -> Result<(), CareError> {
        let (connection, failed) = auditor.step("verifying the audit");
        let mut rows = sqlx::query(
            "SELECT chain, seq, prev_hash, hash, at, actor, patient_id, on_behalf, request_id, part, action, resource,
                    outcome, reason
             FROM access.audit_event ORDER BY chain, seq",
        )
        .fetch(connection);
        let mut encoded = String::with_capacity(EVENT_BYTES);
        while let Some(row) = rows.try_next().await.map_err(&failed)? {
            let mut link = link(&row).map_err(&failed)?;
            link.digest = link.prev_hash.and_then(|prev_hash| {
                encoded.clear();
                encode(&row, link, &mut encoded)?;
                let mut content = Context::new(&SHA256);
                content.update(&prev_hash);
                content.update(encoded.as_bytes());
                content.finish().as_ref().try_into().ok()
            });
            self.take(link);
        }
        Ok(())
    }

    /// Takes the next event.
    fn take(&mut self, link: Link) {
        let Link { chain, seq, .. } = link;
        let before = self.last.replace(link).filter(|before| before.chain == chain);
        self.report.events += 1;
        if link.digest.is_none() || link.hash != link.digest {
            self.report.add(chain, seq, "altered");
        }
        let moved = self.moved.get(&chain);
        match before {
            None if Some(seq) != moved.map_or(Some(1), |moved| moved.seq.checked_add(1)) => {
                self.report.add(chain, seq, "beginning is missing")
            }
            Some(before) if before.seq.checked_add(1) != Some(seq) => {
                self.report.add(chain, seq, "events before it are missing");
            }
            _ => {}
        }
        let begins = || moved.map_or_else(|| origin(chain), |moved| hex::decode(&moved.hash).ok()?.try_into().ok());
        let follows = before.map_or_else(begins, |before| before.hash);
        if follows.is_none() || link.prev_hash != follows {
            self.report.add(chain, seq, "does not follow the event before it");
            if let Some(prev_hash) = link.prev_hash
                && self.astray.len() < FINDINGS_MAX
            {
                self.astray.insert((chain, prev_hash));
            }
        }
    }

    /// Finds the events that follow one that another follows as well. One of them does not follow the one before it, so
    /// nothing is read again where all do.
    async fn read_forks(&mut self, auditor: &mut Auditor<'_>) -> Result<(), CareError> {
        if self.astray.is_empty() {
            return Ok(());
        }
        let (connection, failed) = auditor.step("verifying the audit's forks");
        let mut rows = sqlx::query("SELECT chain, seq, prev_hash, hash FROM access.audit_event ORDER BY chain, seq")
            .fetch(connection);
        // The first that follows each of these, until there is a second.
        let mut followers: BTreeMap<(i16, Hash), Option<i64>> = BTreeMap::new();
        while let Some(row) = rows.try_next().await.map_err(&failed)? {
            let Link { chain, seq, prev_hash, .. } = link(&row).map_err(&failed)?;
            let followed = prev_hash.map(|prev_hash| (chain, prev_hash));
            let Some(followed) = followed.filter(|followed| self.astray.contains(followed)) else { continue };
            match followers.entry(followed) {
                Entry::Vacant(none) => drop(none.insert(Some(seq))),
                Entry::Occupied(mut first) => {
                    if let Some(first) = first.get_mut().take() {
                        self.report.add(chain, first, "forks");
                    }
                    self.report.add(chain, seq, "forks");
                }
            }
        }
        Ok(())
    }
}

/// True for an event that was detached, as far as `moved` tells: not the last one with another hash.
pub(crate) fn is_moved(head: &AuditHead, moved: &[AuditHead]) -> bool {
    moved.iter().any(|last| {
        let is_last = last.seq == head.seq && last.hash.eq_ignore_ascii_case(&head.hash);
        last.chain == head.chain && (head.seq < last.seq || is_last)
    })
}

/// What the first event of a chain follows.
fn origin(chain: i16) -> Option<Hash> {
    match chain {
        0 => Some([0; 32]),
        chain => digest(&SHA256, format!("access.audit_chain/{chain}").as_bytes()).as_ref().try_into().ok(),
    }
}

/// The first four columns.
fn link(row: &PgRow) -> Result<Link, sqlx::Error> {
    let hash = |column: usize| -> Result<Option<Hash>, sqlx::Error> {
        Ok(row.try_get::<Option<&[u8]>, _>(column)?.and_then(|bytes| bytes.try_into().ok()))
    };
    Ok(Link { chain: row.try_get(0)?, seq: row.try_get(1)?, prev_hash: hash(2)?, hash: hash(3)?, digest: None })
}

/// Appends the encoding of an event: each field as its length and value, or a dash for none, and the number of the
/// chain except for chain 0. `None` where it lacks what every event has.
fn encode(row: &PgRow, link: Link, encoded: &mut String) -> Option<()> {
    let Moment(at) = row.try_get::<Option<Moment>, _>(4).ok()??;
    add(encoded, Some(&link.seq.to_string()));
    add(encoded, Some(&at.micros().to_string()));
    for column in 5..9 {
        let key: Option<Uuid> = row.try_get(column).ok()?;
        add(encoded, key.map(|key| key.hyphenated().to_string()).as_deref());
    }
    for column in 9..13 {
        add(encoded, Some(row.try_get::<Option<&str>, _>(column).ok()??));
    }
    add(encoded, row.try_get(13).ok()?);
    match link.chain {
        0 => Some(()),
        chain => write!(encoded, ",{chain}").ok(),
    }
}

fn add(encoded: &mut String, value: Option<&str>) {
    if !encoded.is_empty() {
        encoded.push(',');
    }
    match value {
        Some(value) => {
            encoded.push_str(&value.len().to_string());
            encoded.push(':');
            encoded.push_str(value);
        }
        None => encoded.push('-'),
    }
}
