//! The verdict: what was violated, with the seed, the script of faults and the story of the first offenders.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use healthtrack::commands::load::mix::PublicationKind;

use super::{Case, Publication, key_of};

/// So many offenders are shown.
const SHOWN_MAX: usize = 20;

/// Which promise was broken.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum What {
    Missing,
    Invented,
    Doubled,
    Altered,
    Overlapping,
    AckOutOfOrder,
    NotAsPlanned,
    Unbalanced,
    Vacuous,
}

/// One broken promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    pub(crate) what: What,
    pub(crate) publication: Option<Publication>,
    pub(crate) text: String,
}

/// What the judge says.
#[derive(Clone, Debug)]
pub(crate) struct Verdict {
    pub(crate) violations: Vec<Violation>,
    /// What the broker acknowledged and lost, where it may.
    pub(crate) lost_by_broker: usize,
    report: String,
}

impl Verdict {
    pub(super) fn new(case: &Case, violations: Vec<Violation>, lost: &[Publication], vouched: usize) -> Verdict {
        let mut report = String::new();
        // Writing to memory does not fail.
        let _ = describe(&mut report, case, &violations, lost, vouched);
        Verdict { violations, lost_by_broker: lost.len(), report }
    }

    /// Ends the test where anything was violated; tells what was looked at otherwise.
    pub(crate) fn must_hold(&self) {
        assert!(self.violations.is_empty(), "{}", self.report);
        println!("{}", self.report);
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.report)
    }
}

fn describe(
    out: &mut String,
    case: &Case,
    violations: &[Violation],
    lost: &[Publication],
    vouched: usize,
) -> fmt::Result {
    let origin = case.script.first().map_or(0, |(at, _)| *at);
    let seconds = |at: i64| (at - origin) as f64 / 1e6;
    let issued = |kind| case.ledger.entries.keys().filter(|(_, other)| *other == kind).count();
    let kinds = [
        PublicationKind::Plain,
        PublicationKind::Repeat,
        PublicationKind::Late,
        PublicationKind::Conflict,
        PublicationKind::Broken,
    ];
    let promised = case.ledger.entries.values().filter(|entry| entry.is_promised()).count();
    writeln!(out, "seed {}: {} violations", case.plan.seed, violations.len())?;
    write!(out, "  issued")?;
    kinds.iter().try_for_each(|kind| write!(out, " {} {},", issued(*kind), kind.word()))?;
    writeln!(out, " of them {promised} acknowledged by the broker, {vouched} different ones by the daemon")?;
    writeln!(out, "  kept {} samples, {} put aside; {:?}", case.stored.len(), case.aside.len(), case.counters)?;
    let deliveries = || case.wires.iter().flat_map(|wire| &wire.deliveries);
    let repeated = deliveries().filter(|delivery| delivery.is_repeated).count();
    let all = deliveries().count();
    writeln!(out, "  {} connections to the broker, {all} deliveries, {repeated} of them again", case.wires.len())?;
    let cuts: Vec<String> = case.cuts.iter().map(|(at, cut)| format!("{cut:?} at {:.3}", seconds(*at))).collect();
    writeln!(out, "  {} duplicates counted; cut {cuts:?}", case.duplicates)?;
    if !lost.is_empty() {
        writeln!(out, "  lost by the broker, never acknowledged by the daemon: {}", lost.len())?;
    }
    writeln!(out, "script, in seconds:")?;
    case.script.iter().try_for_each(|(at, what)| writeln!(out, "  {:8.3} {what}", seconds(*at)))?;
    let mut counts: BTreeMap<What, usize> = BTreeMap::new();
    violations.iter().for_each(|violation| *counts.entry(violation.what).or_default() += 1);
    if !counts.is_empty() {
        writeln!(out, "violations by kind: {counts:?}")?;
    }
    for violation in violations.iter().take(SHOWN_MAX) {
        writeln!(out, "{:?}: {}", violation.what, violation.text)?;
        if let Some(publication) = violation.publication {
            tell(out, case, publication.0, &seconds)?;
        }
    }
    Ok(())
}

/// The story of a message: issued, acknowledged, delivered, acknowledged by the daemon, stored.
fn tell(out: &mut String, case: &Case, id: u64, seconds: &dyn Fn(i64) -> f64) -> fmt::Result {
    let planned = case.plan.kind(id);
    let first = case.plan.start_of(id).micros();
    let kinds = [planned.in_turn(), planned.later()];
    writeln!(out, "    message {id} ({}) of hub {}, from {first} on", planned.word(), case.plan.hub(id))?;
    for kind in kinds.into_iter().flatten() {
        let Some(entry) = case.ledger.entries.get(&(id, kind)) else {
            writeln!(out, "    as {}: never issued", kind.word())?;
            continue;
        };
        write!(out, "    as {}: issued {:.3}", kind.word(), seconds(entry.issued))?;
        match entry.acked {
            Some((reason, at)) => writeln!(out, ", acknowledged by the broker {:.3} (reason {reason})", seconds(at))?,
            None => writeln!(out, ", never acknowledged by the broker")?,
        }
        let key = key_of(&case.plan, (id, kind));
        for wire in &case.wires {
            for (place, delivery) in wire.deliveries.iter().enumerate().filter(|(_, one)| one.key == key) {
                let again = if delivery.is_repeated { " again" } else { "" };
                write!(out, "      delivered{again} on connection {} {:.3}", wire.number, seconds(delivery.at_us))?;
                match wire.pubacks.get(place) {
                    Some((_, at)) => writeln!(out, ", PUBACK {:.3}", seconds(*at))?,
                    None => writeln!(out, ", no PUBACK")?,
                }
            }
        }
    }
    let device = format!("load-{}", case.plan.hub(id));
    let until = first + i64::try_from(case.plan.samples).unwrap_or(0) * 1_000_000;
    let kept = case.stored.iter().filter(|one| one.device == device && (first..until).contains(&one.at_us)).count();
    writeln!(out, "    stored: {kept} of {} samples", case.plan.samples)
}
