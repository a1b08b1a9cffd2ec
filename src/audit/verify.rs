//! Verify: what was shipped against what the database holds now.
//!
//! # Why
//! Each record is verified by its signature and its place, and then each head that it adds must be an event of the
//! database, with the hash that was signed. A head stands for all events before it: whoever changes one of them and
//! computes all later hashes anew, as the database's owner can, changes the head as well. All heads are asked for and
//! not only the newest, so that what is said names the last head that still stands and the first that does not: between
//! them lies what was changed. A chain that did not move since the record before is not asked for again.

use super::error::AuditError;
use super::late::LateEvents;
use super::sequence::{Sequence, ShippedFindings};
use super::source::RecordSource;
use crate::model::time::{MINUTE_US, Timestamp};
use crate::security::signature::PublicKeys;
use crate::store::care::audit::{AUDIT_CHAINS, AuditHead, database, lost_heads};
use crate::store::care::chain::is_moved;
use crate::store::care::context::Auditor;

/// Heads that are asked for at once.
const BATCH_HEADS: usize = 4_096;

/// What there must be.
#[derive(Clone, Debug)]
pub struct Expected {
    /// By whom each record is signed.
    pub keys: PublicKeys,
    /// The number of the first record: 1, unless older ones are kept elsewhere.
    pub first: u64,
    /// The last event of each chain among those that were detached: no head up to it is asked for.
    pub moved: Vec<AuditHead>,
    /// How old the newest record may be, in minutes.
    pub age_minutes_max: Option<u32>,
    /// The present.
    pub now: Timestamp,
}

/// What was found of shipped records.
#[derive(Clone, Debug)]
pub struct ShippedReport {
    /// How many there are.
    pub records: u64,
    /// The number of the newest one, and when it was signed.
    pub newest: Option<(u64, Timestamp)>,
    /// What is wrong, and what is worth knowing.
    pub findings: ShippedFindings,
}

/// A head in a record.
#[derive(Clone, Debug)]
struct SignedHead {
    head: AuditHead,
    number: u64,
    at: Timestamp,
}

/// What became of the heads of one chain.
#[derive(Clone, Debug, Default)]
struct Chain {
    newest: Option<AuditHead>,
    standing: Option<SignedHead>,
    lost: Option<(SignedHead, bool)>,
    lost_after: u64,
}

/// Verifies shipped records, and whether the database still holds what they say.
///
/// # Errors
/// Where they cannot be read, or the database does not answer.
pub async fn verify_shipped(
    auditor: &mut Auditor<'_>,
    source: &mut RecordSource,
    expected: &Expected,
) -> Result<ShippedReport, AuditError> {
    let mut findings = ShippedFindings::default();
    let mut sequence = Sequence::new(&expected.keys, expected.first);
    let mut chains = vec![Chain::default(); usize::from(AUDIT_CHAINS.unsigned_abs())];
    let (mut batch, mut moved) = (Vec::new(), 0_u64);
    let mut late = LateEvents::new();
    while let Some(line) = source.next()? {
        let Some(record) = sequence.take(&line, &mut findings) else { continue };
        if late.take(record) {
            late.look(auditor).await?;
        }
        for head in &record.heads {
            let Some(chain) = chain_of(&mut chains, head) else { continue };
            if chain.newest.as_ref() != Some(head) {
                chain.newest = Some(head.clone());
                if is_moved(head, &expected.moved) {
                    moved += 1;
                    continue;
                }
                batch.push(SignedHead { head: head.clone(), number: record.number, at: record.at });
            }
        }
        if batch.len() >= BATCH_HEADS {
            look_for(auditor, std::mem::take(&mut batch), &mut chains).await?;
        }
    }
    look_for(auditor, batch, &mut chains).await?;
    let here = database(auditor).await?;
    sequence.tell_copies(&mut findings);
    let (last, records) = sequence.end();
    if let Some(last) = last.filter(|last| last.database != here) {
        findings.note(format!("the records are of database {}, and this is {here}: moved, or another", last.database));
    }
    if moved > 0 {
        findings.note(format!("heads of events that were detached: {moved}; prove those events where they are kept"));
    }
    let newest = last.map(|last| (last.number, last.at));
    tell_losses(&chains, &mut findings);
    late.tell(auditor, &mut findings).await?;
    tell_age(newest, expected, &mut findings);
    Ok(ShippedReport { records, newest, findings })
}

fn chain_of<'c>(chains: &'c mut [Chain], head: &AuditHead) -> Option<&'c mut Chain> {
    usize::try_from(head.chain).ok().and_then(|chain| chains.get_mut(chain))
}

/// Asks the database for a batch of heads.
async fn look_for(auditor: &mut Auditor<'_>, batch: Vec<SignedHead>, chains: &mut [Chain]) -> Result<(), AuditError> {
    let heads: Vec<AuditHead> = batch.iter().map(|signed| signed.head.clone()).collect();
    let mut lost = lost_heads(auditor, &heads).await?.into_iter().peekable();
    for (place, signed) in (0_i64..).zip(batch) {
        let Some(chain) = chain_of(chains, &signed.head) else { continue };
        match lost.next_if(|lost| lost.place == place) {
            None if chain.lost.is_none() => chain.standing = Some(signed),
            None => {}
            Some(_) if chain.lost.is_some() => chain.lost_after += 1,
            Some(found) => chain.lost = Some((signed, found.replaced)),
        }
    }
    Ok(())
}

/// Says of each chain which head does not stand any more, and what all of it looks like.
fn tell_losses(chains: &[Chain], findings: &mut ShippedFindings) {
    let lost = || chains.iter().filter_map(|chain| chain.lost.as_ref());
    if lost().all(|(_, replaced)| !replaced)
        && let Some((first, _)) = lost().min_by_key(|(signed, _)| signed.number)
    {
        findings.add(format!(
            "the database is older than record {} of {}: it was restored from a backup, or ends of chains were cut off",
            first.number, first.at
        ));
    }
    for chain in chains {
        let Some((SignedHead { head, number, at }, replaced)) = &chain.lost else { continue };
        let (done, now) = if *replaced { ("written anew", "is another now") } else { ("cut off", "is not there") };
        let before = match &chain.standing {
            Some(standing) => {
                format!("its event {}, signed in record {}, still stands", standing.head.seq, standing.number)
            }
            None => "none of it was signed before".to_owned(),
        };
        let after = match chain.lost_after {
            0 => String::new(),
            1 => ", and so is 1 head after it".to_owned(),
            more => format!(", and so are {more} heads after it"),
        };
        let chain = head.chain;
        let signed = format!("its event {}, signed as its head in record {number} of {at}", head.seq);
        findings.add(format!("chain {chain} was {done}: {signed}, {now}{after}; {before}"));
    }
}

/// Says how old the newest record is: a series that was cut off at its end shows it by nothing else.
fn tell_age(newest: Option<(u64, Timestamp)>, expected: &Expected, findings: &mut ShippedFindings) {
    let Some((number, at)) = newest else {
        return findings.add("there is no record that one of the keys has signed".to_owned());
    };
    let minutes = expected.now.micros_since(at) / MINUTE_US;
    let plural = if minutes == 1 { "" } else { "s" };
    let age = format!("the newest record, {number}, is {minutes} minute{plural} old");
    match expected.age_minutes_max {
        Some(max) if minutes > i64::from(max) => {
            findings.add(format!("{age}, and may be {max}: nothing was shipped since, or newer ones were removed"));
        }
        _ => findings.note(age),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{keys, now};
    use super::*;

    #[test]
    fn the_age_of_the_newest_record_is_told_and_wrong_where_it_may_not_be_so_old() {
        let at = now().plus_micros(-16 * MINUTE_US);
        let expected =
            |age_minutes_max| Expected { keys: keys(&[1]), first: 1, moved: vec![], age_minutes_max, now: now() };
        let told = |newest, age_minutes_max| {
            let mut found = ShippedFindings::default();
            tell_age(newest, &expected(age_minutes_max), &mut found);
            (found.wrong, found.notes)
        };
        let age = "the newest record, 9, is 16 minutes old".to_owned();
        assert_eq!(told(Some((9, at)), None), (vec![], vec![age.clone()]));
        assert_eq!(told(Some((9, at)), Some(16)), (vec![], vec![age]));
        assert!(
            told(Some((9, at)), Some(15)).0[0].contains("16 minutes old, and may be 15: nothing was shipped since")
        );
        assert!(told(None, None).0[0].contains("there is no record"));
    }
}
