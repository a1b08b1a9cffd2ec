//! The judge: holds the oracle's plan and ledger against what the database keeps, and against what passed over the wire.
//!
//! The oracle is `healthtrack load` as a process of its own, which no fault touches: what a message says is a function
//! of seed and number, and its ledger tells which messages were issued and which the broker acknowledged. The comparison
//! is pure: `evidence` gathers, this judges. Two kinds of promise are told apart: the broker's to the publisher (the
//! ledger), and the daemon's to the broker (PUBACKs that the proxy saw). What is missing though the daemon acknowledged
//! it is always the daemon's fault; what only the broker had acknowledged is the broker's where the test let it lose.

/// What is looked at.
pub(crate) mod evidence;

/// What the oracle wrote down.
pub(crate) mod ledger;

mod rules;
mod verdict;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap, HashSet};

use bytes::BytesMut;
use healthtrack::commands::load::message::Plan;
use healthtrack::commands::load::mix::PublicationKind;
use healthtrack::model::time::Timestamp;

use super::proxy::{Cut, Wire, key};
use ledger::Ledger;
pub(crate) use verdict::{Verdict, Violation, What};

/// A message and as what it was published.
pub(crate) type Publication = (u64, PublicationKind);

/// One stored sample of the generator's devices.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Stored {
    pub(crate) device: String,
    pub(crate) at_us: i64,
    pub(crate) value: f64,
}

/// Which time a block covers.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Extent {
    pub(crate) series: i32,
    pub(crate) start_us: i64,
    pub(crate) stop_us: i64,
}

/// One row of the quarantine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Aside {
    pub(crate) topic: String,
    pub(crate) reason: String,
    pub(crate) samples: i64,
    pub(crate) payload: Vec<u8>,
}

/// The daemon's own counts at the end, in samples.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counters {
    pub(crate) received: i64,
    pub(crate) stored: i64,
    pub(crate) duplicate: i64,
    pub(crate) outdated: i64,
    pub(crate) conflict: i64,
    pub(crate) quarantined: i64,
    pub(crate) in_flight: i64,
}

/// What a run must have come to, or it proves nothing.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Demand {
    /// The broker sent a message again, and the daemon counted a duplicate.
    Duplicate,
    /// A connection ended in the middle of a batch: COPY data had passed, COMMIT had not.
    CutInBatch,
    /// A connection ended between COMMIT and its answer.
    CutInCommit,
}

/// By what a run is judged beside the invariants.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rules {
    pub(crate) demands: Vec<Demand>,
    /// The broker was killed, or let a session expire: what it alone had acknowledged may be gone.
    pub(crate) broker_may_lose: bool,
    /// No fault repeated anything: the daemon's counts equal what was injected.
    pub(crate) is_calm: bool,
    /// Days were rolled meanwhile: of two values for one moment the roll may have put one aside, in words of its own.
    pub(crate) rolls: bool,
    /// From when to when what was acknowledged may be gone: the database lost it. What is acknowledged later stays.
    pub(crate) forgotten: Option<(i64, i64)>,
    /// Every message below this number was to be published and acknowledged.
    pub(crate) messages: Option<u64>,
}

/// Everything that a verdict stands on.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) plan: Plan,
    pub(crate) ledger: Ledger,
    pub(crate) stored: Vec<Stored>,
    pub(crate) extents: Vec<Extent>,
    pub(crate) aside: Vec<Aside>,
    pub(crate) wires: Vec<Wire>,
    pub(crate) cuts: Vec<(i64, Cut)>,
    pub(crate) counters: Counters,
    /// Duplicates that all daemons of the run have counted, as far as they could be asked.
    pub(crate) duplicates: i64,
    pub(crate) rules: Rules,
    /// What was done and when, in microseconds since 1970.
    pub(crate) script: Vec<(i64, String)>,
}

/// A case with what is looked up again and again.
struct Court<'a> {
    case: &'a Case,
    /// Values by hub and second.
    values: HashMap<(u64, i64), Vec<f64>>,
    /// Places in `aside` by topic and payload.
    aside: HashMap<u64, Vec<usize>>,
    /// Values that a roll has put aside, by hub and second.
    contradicted: HashMap<(u64, i64), f64>,
    keys: BTreeMap<Publication, u64>,
    /// Messages that the daemon has acknowledged.
    vouched: HashSet<u64>,
    /// Those of them that the database may have lost.
    forgotten: HashSet<u64>,
    violations: Vec<Violation>,
    lost_by_broker: Vec<Publication>,
}

/// Judges a case.
pub(crate) fn judge(case: &Case) -> Verdict {
    let mut court = Court::convene(case);
    court.nothing_acknowledged_is_missing();
    court.nothing_is_invented_doubled_or_altered();
    court.the_quarantine_holds_what_was_injected();
    court.blocks_never_overlap();
    court.acknowledgements_go_in_the_order_of_receipt();
    court.the_ledger_is_as_planned();
    court.counters_balance();
    court.something_has_happened();
    let Court { violations, lost_by_broker, vouched, .. } = court;
    Verdict::new(case, violations, &lost_by_broker, vouched.len())
}

impl<'a> Court<'a> {
    fn convene(case: &'a Case) -> Court<'a> {
        let mut court = Court {
            case,
            values: HashMap::new(),
            aside: HashMap::new(),
            contradicted: HashMap::new(),
            keys: case.ledger.entries.keys().map(|one| (*one, key_of(&case.plan, *one))).collect(),
            vouched: HashSet::new(),
            forgotten: HashSet::new(),
            violations: Vec::new(),
            lost_by_broker: Vec::new(),
        };
        for (place, row) in case.aside.iter().enumerate() {
            court.aside.entry(key(row.topic.as_bytes(), &row.payload)).or_default().push(place);
        }
        if case.rules.rolls {
            court.contradicted = case.aside.iter().flat_map(|row| court.told_by_a_roll(row)).collect();
        }
        for stored in &case.stored {
            match court.place_of(stored) {
                Some(place) => court.values.entry(place).or_default().push(stored.value),
                None => court.find(What::Invented, None, format!("{stored:?} belongs to no message")),
            }
        }
        for wire in &case.wires {
            let acknowledged = wire.deliveries.iter().take(wire.pubacks.len());
            for (delivery, (_, at_us)) in acknowledged.zip(&wire.pubacks) {
                match case.rules.forgotten {
                    Some((from, to)) if (from..to).contains(at_us) => court.forgotten.insert(delivery.key),
                    _ => court.vouched.insert(delivery.key),
                };
            }
        }
        court
    }

    fn find(&mut self, what: What, publication: Option<Publication>, text: String) {
        self.violations.push(Violation { what, publication, text });
    }

    /// The values in a conflict that no hub has published: hub and second of each.
    fn told_by_a_roll(&self, row: &Aside) -> Vec<((u64, i64), f64)> {
        let told = || {
            let device = row.topic.split('/').nth(3)?;
            let message: serde_json::Value = serde_json::from_slice(&row.payload).ok()?;
            let series = message.get("series")?.get(0)?;
            let (times, values) = (series.get("times")?.as_array()?, series.get("values")?.as_array()?);
            let place = |(time, value): (&serde_json::Value, &serde_json::Value)| {
                let at_us = Timestamp::parse_rfc3339(time.as_str()?).ok()?.micros();
                let stored = Stored { device: device.to_owned(), at_us, value: value.as_f64()? };
                Some((self.place_of(&stored)?, stored.value))
            };
            times.iter().zip(values).map(place).collect::<Option<Vec<_>>>()
        };
        told().filter(|_| row.reason == "conflict").unwrap_or_default()
    }

    /// The hub and second of a stored sample.
    fn place_of(&self, stored: &Stored) -> Option<(u64, i64)> {
        let hub: u64 = stored.device.strip_prefix("load-")?.parse().ok()?;
        let plan = &self.case.plan;
        let is_ours = (plan.first_hub..plan.first_hub + plan.hubs).contains(&hub);
        let second = stored.at_us.div_euclid(1_000_000);
        (is_ours && stored.at_us % 1_000_000 == 0 && second >= plan.start.micros() / 1_000_000).then_some((hub, second))
    }

    /// The message that says a hub's value at a second.
    fn id_of(&self, (hub, second): (u64, i64)) -> u64 {
        let plan = &self.case.plan;
        let passed = u64::try_from(second - plan.start.micros() / 1_000_000).unwrap_or(0);
        passed / plan.samples * plan.hubs + (hub - plan.first_hub)
    }

    /// The hub and seconds of a message.
    fn places(&self, id: u64) -> impl Iterator<Item = (u64, i64)> + use<> {
        let (hub, first) = (self.case.plan.hub(id), self.case.plan.start_of(id).micros() / 1_000_000);
        (first..).take(usize::try_from(self.case.plan.samples).unwrap_or(0)).map(move |second| (hub, second))
    }

    fn is_vouched(&self, publication: Publication) -> bool {
        self.keys.get(&publication).is_some_and(|key| self.vouched.contains(key))
    }

    /// As what a message was first published.
    fn first(&self, id: u64) -> PublicationKind {
        self.case.plan.kind(id).in_turn().unwrap_or(PublicationKind::Late)
    }
}

/// The number that the proxy gives to a publication.
pub(crate) fn key_of(plan: &Plan, (id, kind): Publication) -> u64 {
    let mut payload = BytesMut::new();
    plan.write_as(id, kind, &mut payload);
    key(&plan.topic(id), &payload)
}
