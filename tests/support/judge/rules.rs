//! The invariants, one function each.

use healthtrack::commands::load::mix::PublicationKind;

use super::{Aside, Counters, Court, Cut, Demand, Publication, What, key};

impl Court<'_> {
    pub(super) fn nothing_acknowledged_is_missing(&mut self) {
        let case = self.case;
        for (publication, entry) in &case.ledger.entries {
            let (is_vouched, is_promised) = (self.is_vouched(*publication), entry.is_promised());
            let is_forgotten = self.keys.get(publication).is_some_and(|key| self.forgotten.contains(key));
            if !is_vouched && (is_forgotten || !is_promised) {
                continue;
            }
            let Some(lack) = self.lack(*publication) else { continue };
            if is_vouched {
                self.find(What::Missing, Some(*publication), format!("the daemon acknowledged it, and {lack}"));
            } else if case.rules.broker_may_lose {
                self.lost_by_broker.push(*publication);
            } else {
                self.find(What::Missing, Some(*publication), format!("the broker acknowledged it, and {lack}"));
            }
        }
    }

    /// What is not there of a publication.
    fn lack(&self, publication: Publication) -> Option<String> {
        let (id, kind) = publication;
        let key = self.keys.get(&publication)?;
        match kind {
            PublicationKind::Plain | PublicationKind::Repeat | PublicationKind::Late => {
                let mut missing = self.places(id).filter(|place| !self.values.contains_key(place));
                missing.next().map(|(hub, second)| format!("hub {hub} has no sample at {second}"))
            }
            PublicationKind::Conflict if self.is_taken_for_the_first(id) => None,
            PublicationKind::Conflict if self.is_put_aside_by_a_roll(id) => None,
            PublicationKind::Conflict | PublicationKind::Broken => {
                (!self.aside.contains_key(key)).then(|| "the quarantine does not have it".to_owned())
            }
        }
    }

    /// The message contradicts what was archived already, so the next roll has put each of its values aside.
    fn is_put_aside_by_a_roll(&self, id: u64) -> bool {
        let says = |(hub, second)| {
            self.contradicted.get(&(hub, second)) == Some(&(self.case.plan.contradiction(hub, second) as f64))
        };
        self.places(id).all(says)
    }

    /// The broker has lost the message, so its contradiction came first and was believed.
    fn is_taken_for_the_first(&self, id: u64) -> bool {
        let plan = &self.case.plan;
        let says = |(hub, second)| {
            let stored = self.values.get(&(hub, second)).and_then(|values| values.first());
            stored.is_some_and(|stored| *stored == plan.contradiction(hub, second) as f64)
        };
        let issued = self.case.ledger.entries.contains_key(&(id, PublicationKind::Conflict));
        self.case.rules.broker_may_lose
            && issued
            && !self.is_vouched((id, PublicationKind::Plain))
            && self.places(id).all(says)
    }

    pub(super) fn nothing_is_invented_doubled_or_altered(&mut self) {
        let case = self.case;
        let mut places: Vec<_> = self.values.keys().copied().collect();
        places.sort_unstable();
        for place in places {
            let id = self.id_of(place);
            let (hub, second) = place;
            let first = self.first(id);
            let publication = Some((id, first));
            let values = self.values.get(&place).cloned().unwrap_or_default();
            if first == PublicationKind::Broken || !case.ledger.entries.contains_key(&(id, first)) {
                let text = format!("hub {hub} has a sample at {second}, which nobody issued");
                self.find(What::Invented, publication, text);
                continue;
            }
            if values.len() > 1 {
                let text = format!("hub {hub} has {} samples at {second}: {values:?}", values.len());
                self.find(What::Doubled, publication, text);
            }
            let expected = case.plan.value(hub, second) as f64;
            if values.first() != Some(&expected) && !self.is_taken_for_the_first(id) {
                let text = format!("hub {hub} says {values:?} at {second} where {expected} was published first");
                self.find(What::Altered, publication, text);
            }
        }
    }

    pub(super) fn the_quarantine_holds_what_was_injected(&mut self) {
        let case = self.case;
        let samples = i64::try_from(case.plan.samples).unwrap_or(i64::MAX);
        let mut known = 0;
        let injected = self.keys.clone().into_iter().filter(|((_, kind), _)| is_put_aside(*kind));
        for (publication, key) in injected {
            let rows = self.aside.get(&key).cloned().unwrap_or_default();
            known += rows.len();
            if rows.len() > 1 {
                self.find(What::Doubled, Some(publication), format!("the quarantine has it {} times", rows.len()));
            }
            let expected =
                if publication.1 == PublicationKind::Broken { ("undecodable", 1) } else { ("conflict", samples) };
            for row in rows.iter().filter_map(|place| case.aside.get(*place)) {
                if (row.reason.as_str(), row.samples) != expected {
                    let text = format!("put aside as {} of {} samples, not {expected:?}", row.reason, row.samples);
                    self.find(What::Altered, Some(publication), text);
                }
            }
        }
        if known != case.aside.len() {
            let keys: std::collections::HashSet<u64> =
                self.keys.iter().filter(|((_, kind), _)| is_put_aside(*kind)).map(|(_, key)| *key).collect();
            let strange: Vec<usize> =
                self.aside.iter().filter(|(key, _)| !keys.contains(key)).flat_map(|(_, rows)| rows.clone()).collect();
            for row in strange.into_iter().filter_map(|place| case.aside.get(place)) {
                if self.is_understood(row) {
                    continue;
                }
                let payload = String::from_utf8_lossy(&row.payload).chars().take(80).collect::<String>();
                let text = format!("the quarantine has {} ({}), which was sound: {payload}", row.topic, row.reason);
                self.find(What::Invented, None, text);
            }
        }
    }

    /// Both ways in which a contradiction of what is archived ends: a roll has put its values aside, or, where the first
    /// message came again before that, the first was put aside beside the contradiction that the hot table held.
    fn is_understood(&self, row: &Aside) -> bool {
        if !self.case.rules.rolls || row.reason != "conflict" {
            return false;
        }
        let told = self.told_by_a_roll(row);
        let plan = &self.case.plan;
        let is_contradicted =
            |place| self.case.ledger.entries.contains_key(&(self.id_of(place), PublicationKind::Conflict));
        let is_contradiction = |(place, value): &((u64, i64), f64)| {
            is_contradicted(*place) && *value == plan.contradiction(place.0, place.1) as f64
        };
        let key = key(row.topic.as_bytes(), &row.payload);
        let mut first = self.keys.iter().filter(|(_, known)| **known == key).map(|((id, _), _)| *id);
        let mut is_first = || first.any(|id| self.case.ledger.entries.contains_key(&(id, PublicationKind::Conflict)));
        (!told.is_empty() && told.iter().all(is_contradiction)) || is_first()
    }

    pub(super) fn blocks_never_overlap(&mut self) {
        let case = self.case;
        let mut extents = case.extents.clone();
        extents.sort_unstable();
        for pair in extents.windows(2) {
            let [before, after] = pair else { continue };
            if before.series == after.series && after.start_us <= before.stop_us {
                self.find(What::Overlapping, None, format!("{before:?} and {after:?} overlap"));
            }
        }
    }

    pub(super) fn acknowledgements_go_in_the_order_of_receipt(&mut self) {
        let case = self.case;
        for wire in &case.wires {
            for (place, (packet_id, at_us)) in wire.pubacks.iter().enumerate() {
                let due = wire.deliveries.get(place);
                if due.is_none_or(|due| due.packet_id != *packet_id || due.at_us > *at_us) {
                    let text = format!(
                        "PUBACK {place} of connection {} names packet {packet_id} where {:?} was due",
                        wire.number,
                        due.map(|due| due.packet_id)
                    );
                    self.find(What::AckOutOfOrder, None, text);
                    // Whatever follows on this connection is displaced as well.
                    break;
                }
            }
        }
    }

    pub(super) fn the_ledger_is_as_planned(&mut self) {
        let case = self.case;
        let plan = &case.plan;
        for (id, kind) in case.ledger.entries.keys() {
            let planned = plan.kind(*id);
            if planned.in_turn() != Some(*kind) && planned.later() != Some(*kind) {
                let text = format!("message {id} is {} by plan and was issued as {}", planned.word(), kind.word());
                self.find(What::NotAsPlanned, Some((*id, *kind)), text);
            }
        }
        for id in 0..case.rules.messages.unwrap_or(0) {
            let planned = plan.kind(id);
            for kind in [planned.in_turn(), planned.later()].into_iter().flatten() {
                let entry = case.ledger.entries.get(&(id, kind));
                if entry.is_none_or(|entry| entry.acked.is_none()) {
                    let text = format!("message {id} was to be published as {} and acknowledged", kind.word());
                    self.find(What::NotAsPlanned, Some((id, kind)), text);
                }
            }
        }
    }

    pub(super) fn counters_balance(&mut self) {
        let case = self.case;
        let Counters { received, stored, duplicate, outdated, conflict, quarantined, in_flight } = case.counters;
        if received != stored + duplicate + outdated + conflict + quarantined || in_flight != 0 {
            self.find(What::Unbalanced, None, format!("{:?} do not balance to zero", case.counters));
        }
        if !case.rules.is_calm {
            return;
        }
        let samples = i64::try_from(case.plan.samples).unwrap_or(0);
        let count = |kinds: &[PublicationKind]| {
            let issued = case.ledger.entries.keys().filter(|(_, kind)| kinds.contains(kind));
            i64::try_from(issued.count()).unwrap_or(i64::MAX)
        };
        let expected = Counters {
            received: 0,
            stored: count(&[PublicationKind::Plain, PublicationKind::Late]) * samples,
            duplicate: count(&[PublicationKind::Repeat]) * samples,
            outdated: 0,
            conflict: count(&[PublicationKind::Conflict]) * samples,
            quarantined: count(&[PublicationKind::Broken]),
            in_flight: 0,
        };
        let found = Counters { received: 0, ..case.counters };
        if found != expected {
            self.find(What::Unbalanced, None, format!("the daemon counted {found:?} where {expected:?} was injected"));
        }
    }

    pub(super) fn something_has_happened(&mut self) {
        let case = self.case;
        let repeated = case.wires.iter().flat_map(|wire| &wire.deliveries).any(|delivery| delivery.is_repeated);
        let cut = |wanted: Cut| case.cuts.iter().any(|(_, cut)| *cut == wanted);
        for demand in &case.rules.demands {
            let (met, text) = match demand {
                Demand::Duplicate => {
                    (repeated && case.duplicates > 0, "no message was sent again and counted as duplicate")
                }
                Demand::CutInBatch => (cut(Cut::InBatch), "no connection ended in the middle of a batch"),
                Demand::CutInCommit => (cut(Cut::InCommit), "no connection ended between COMMIT and its answer"),
            };
            if !met {
                self.find(What::Vacuous, None, format!("the run proves nothing: {text}"));
            }
        }
        if case.ledger.entries.values().all(|entry| !entry.is_promised()) {
            self.find(What::Vacuous, None, "the run proves nothing: no message was acknowledged".to_owned());
        }
    }
}

fn is_put_aside(kind: PublicationKind) -> bool {
    matches!(kind, PublicationKind::Conflict | PublicationKind::Broken)
}
