//! Revision: which of the words that a source has said of one start of a series stands.
//!
//! # Why
//! Sources correct themselves: totals grow, nights are scored again, readings are taken back. Those that can say so
//! raise a revision, and the highest stands, whatever the order in which words arrive. Most cannot. Then the first of
//! two instants stays, since a clock that repeats itself is the likelier cause; and of two intervals that begin
//! together, and of two values for one day or one event, the later stands, since that is what growing totals and new
//! scores look like. A word that has stood before and comes again is a repeated delivery and changes nothing.
//!
//! Every tier decides by this file: a lane as samples arrive, and the roll as it joins late samples with archived ones.
//!
//! Invariant: with revisions the outcome does not depend on the order of arrival: what stands at a start is its highest
//! revision, unless a higher range covers it; of two equal ones the first.

use super::ids::MetricId;
use super::metric::{Catalogue, MetricKind};
use super::origin::Revision;
use super::sample::{Flags, Sample};
use super::time::{DAY_US, Timestamp};

/// How many days a source may replace at once.
pub const REPLACED_DAYS_MAX: i64 = 100;

/// What a source says of one start of a series.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Word {
    /// Microseconds that the interval lasts; `None` for an instant.
    pub span_us: Option<i64>,
    /// The value, in the catalogue's unit.
    pub value: f64,
    /// What the value says besides its number: that it is a bound.
    pub bounds: Flags,
    /// How often the source had said something anew.
    pub revision: Option<Revision>,
}

impl Word {
    /// True where both say the same, however often it was said.
    pub fn says_what(&self, other: &Word) -> bool {
        self.span_us == other.span_us && self.value == other.value && self.bounds == other.bounds
    }
}

impl From<&Sample> for Word {
    fn from(sample: &Sample) -> Word {
        let Sample { span_us, value, flags, origin, .. } = *sample;
        Word { span_us, value, bounds: flags.bounds(), revision: origin.revision }
    }
}

/// What a source takes back: all that begins in it and has a lower revision.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub struct ReplacedRange {
    /// The first moment in it.
    pub from: Timestamp,
    /// The first moment after it.
    pub to: Timestamp,
    /// The revision of the word that replaces.
    pub revision: Revision,
}

impl ReplacedRange {
    /// True where something that begins at this moment is replaced, if its revision is lower.
    pub fn covers(&self, start: Timestamp) -> bool {
        self.from <= start && start < self.to
    }

    /// True where the other replaces nothing that this does not.
    pub fn subsumes(&self, other: &ReplacedRange) -> bool {
        self.from <= other.from && other.to <= self.to && other.revision <= self.revision
    }

    /// True where it goes forward, and is no longer than may be replaced at once.
    pub fn is_sound(&self) -> bool {
        self.from < self.to && self.to.micros_since(self.from) <= REPLACED_DAYS_MAX * DAY_US
    }

    /// The last moment in it.
    pub fn last(&self) -> Timestamp {
        self.to.plus_micros(-1)
    }
}

/// Which of two words without a revision stands where they say different things of one start.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum Precedence {
    /// Of two instants the first, of two intervals the later; an instant and an interval stand side by side.
    ByShape,
    /// The later, whatever its shape: there is one value for a day, and one for an event.
    Later,
    /// The first of two that last equally long; others stand side by side: nobody knows which was said later.
    Unordered,
}

impl Precedence {
    /// That of a metric.
    pub fn of(kind: MetricKind) -> Precedence {
        match kind {
            MetricKind::Daily | MetricKind::Event => Precedence::Later,
            MetricKind::Instant | MetricKind::Interval | MetricKind::Cumulative | MetricKind::Waveform => {
                Precedence::ByShape
            }
        }
    }

    /// That of the metric with this id.
    pub fn of_metric(catalogue: &Catalogue, metric: MetricId) -> Precedence {
        catalogue.by_id(metric).map_or(Precedence::ByShape, |metric| Precedence::of(metric.kind))
    }

    /// True where of two words without a revision the later stands alone.
    fn later_stands(self, standing: &Word, word: &Word) -> bool {
        match self {
            Precedence::ByShape => standing.span_us.is_some() && word.span_us.is_some(),
            Precedence::Later => true,
            Precedence::Unordered => false,
        }
    }
}

/// What becomes of a word.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum Said {
    /// It stands from now on; what it supersedes does not.
    Stands,
    /// It was said before.
    Duplicate,
    /// Another was said before with the same right, and stays.
    Conflict,
    /// A word of a higher revision has been said.
    Outdated,
}

/// What is known of one start of one series. `T` is what the caller needs to know of a word besides.
#[derive(Clone, Debug)]
pub struct Start<T> {
    precedence: Precedence,
    /// The highest revision of a range that covers this start.
    replaced: Option<Revision>,
    /// What stands: at most one, but for an instant beside an interval, and for what was stored before there were
    /// revisions.
    standing: Vec<(Word, T)>,
    /// What stood once, in the order in which it was superseded.
    superseded: Vec<(Word, T)>,
}

impl<T> Start<T> {
    /// One of which nothing is known.
    pub fn new(precedence: Precedence) -> Start<T> {
        Start { precedence, replaced: None, standing: Vec::new(), superseded: Vec::new() }
    }

    /// Forgets all, and keeps the memory.
    pub fn clear(&mut self) {
        self.replaced = None;
        self.standing.clear();
        self.superseded.clear();
    }

    /// What stands already, whatever this file says of it.
    pub fn known_standing(&mut self, word: Word, tag: T) {
        self.standing.push((word, tag));
    }

    /// What is known to be superseded.
    pub fn known_superseded(&mut self, word: Word, tag: T) {
        self.superseded.push((word, tag));
    }

    /// What stands now.
    pub fn standing(&self) -> &[(Word, T)] {
        &self.standing
    }

    /// What does not stand any more: what was known as such, and then what was superseded since, in this order.
    pub fn superseded(&self) -> &[(Word, T)] {
        &self.superseded
    }

    /// A range covers this start: what has a lower revision does not stand any more.
    pub fn replace(&mut self, revision: Revision) {
        self.replaced = self.replaced.max(Some(revision));
        let (standing, superseded) = (&mut self.standing, &mut self.superseded);
        superseded.extend(standing.extract_if(.., |(word, _)| word.revision < Some(revision)));
    }

    /// The source says this.
    pub fn say(&mut self, word: Word, tag: T) -> Said {
        let said = self.weigh(&word);
        if said == Said::Stands {
            let (precedence, standing, superseded) = (self.precedence, &mut self.standing, &mut self.superseded);
            superseded.extend(standing.extract_if(.., |(other, _)| {
                other.revision < word.revision || (word.revision.is_none() && precedence.later_stands(other, &word))
            }));
            standing.push((word, tag));
        }
        said
    }

    fn weigh(&self, word: &Word) -> Said {
        // Something higher than each superseded revision has been said, though it may stand in another tier.
        let passed = self.superseded.iter().filter_map(|(word, _)| word.revision).max();
        let standing = self.standing.iter().filter_map(|(word, _)| word.revision).max();
        if word.revision < self.replaced.max(standing) || (passed.is_some() && word.revision <= passed) {
            return Said::Outdated;
        }
        let mut equals = self.standing.iter().map(|(word, _)| word).filter(|other| other.revision == word.revision);
        if equals.clone().any(|other| other.says_what(word)) {
            return Said::Duplicate;
        }
        if word.revision.is_some() {
            return if equals.next().is_some() { Said::Conflict } else { Said::Stands };
        }
        if equals.clone().any(|other| other.span_us == word.span_us && !self.precedence.later_stands(other, word)) {
            return Said::Conflict;
        }
        let was_said = self.superseded.iter().any(|(other, _)| other.says_what(word));
        if was_said { Said::Duplicate } else { Said::Stands }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn word(span_us: Option<i64>, value: i32, revision: Option<i64>) -> Word {
        let revision = revision.and_then(Revision::new);
        Word { span_us, value: f64::from(value), bounds: Flags::NONE, revision }
    }

    fn said(precedence: Precedence, words: &[Word]) -> (Vec<Said>, Vec<Word>) {
        let mut start = Start::new(precedence);
        let said = words.iter().map(|word| start.say(*word, ())).collect();
        (said, start.standing().iter().map(|(word, ())| *word).collect())
    }

    #[test]
    fn of_two_instants_the_first_stays_and_of_two_intervals_the_later() {
        use Said::{Conflict, Duplicate, Stands};
        let (instant, interval) = (|value| word(None, value, None), |span, value| word(Some(span), value, None));
        let (outcomes, standing) = said(Precedence::ByShape, &[instant(1), instant(1), instant(2), instant(1)]);
        assert_eq!((outcomes, standing), (vec![Stands, Duplicate, Conflict, Duplicate], vec![instant(1)]));
        let words = [interval(60, 1), interval(90, 1), interval(90, 2), interval(60, 1), interval(90, 2)];
        let (outcomes, standing) = said(Precedence::ByShape, &words);
        assert_eq!(outcomes, [Stands, Stands, Stands, Duplicate, Duplicate]);
        assert_eq!(standing, [interval(90, 2)]);
        let (outcomes, standing) = said(Precedence::ByShape, &[interval(60, 1), instant(2), interval(90, 3)]);
        assert_eq!((outcomes, standing), (vec![Stands; 3], vec![instant(2), interval(90, 3)]));
        let (outcomes, standing) = said(Precedence::Later, &[instant(1), interval(60, 2), instant(3), interval(60, 2)]);
        assert_eq!((outcomes, standing), (vec![Stands, Stands, Stands, Duplicate], vec![instant(3)]));
    }

    #[test]
    fn a_bound_is_not_the_number_at_which_it_lies() {
        let bound = Word { bounds: Flags::BELOW_RANGE, ..word(None, 40, None) };
        assert_eq!(said(Precedence::ByShape, &[bound, word(None, 40, None)]).0, [Said::Stands, Said::Conflict]);
    }

    #[test]
    fn what_was_superseded_in_another_tier_does_not_come_back() {
        let mut start = Start::new(Precedence::ByShape);
        start.known_superseded(word(Some(60), 1, None), ());
        start.known_superseded(word(None, 1, Some(4)), ());
        assert_eq!(start.say(word(None, 2, Some(4)), ()), Said::Outdated);
        assert_eq!(start.say(word(None, 2, Some(5)), ()), Said::Stands);
        assert_eq!(start.say(word(Some(60), 1, None), ()), Said::Outdated);
    }

    #[derive(Copy, Clone, Debug)]
    enum Step {
        Say(Word),
        Replace(i64),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        // A source says one thing by one revision.
        let say = (0..6_i64).prop_map(|revision| {
            let span_us = (revision % 3 == 0).then_some(revision);
            Step::Say(word(span_us, 2, Some(revision)))
        });
        prop::collection::vec(prop_oneof![3 => say, 1 => (0..6_i64).prop_map(Step::Replace)], 1..12)
    }

    proptest! {
        #[test]
        fn with_revisions_the_highest_that_is_not_replaced_stands_in_whatever_order(
            steps in steps().prop_flat_map(|steps| (Just(steps.clone()), Just(steps).prop_shuffle()))
        ) {
            let replaced = steps.0.iter().filter_map(|step| match step { Step::Replace(revision) => Some(*revision), Step::Say(_) => None });
            let replaced = replaced.max().unwrap_or(-1);
            let words = steps.0.iter().filter_map(|step| match step { Step::Say(word) => word.revision, Step::Replace(_) => None });
            let highest = words.max().filter(|revision| revision.number() >= replaced);
            for (order, repeated) in [(&steps.0, false), (&steps.1, false), (&steps.1, true)] {
                let mut start = Start::new(Precedence::ByShape);
                for step in order.iter().chain(order.iter().filter(|_| repeated)) {
                    match step {
                        Step::Say(word) => { start.say(*word, ()); }
                        Step::Replace(revision) => start.replace(Revision::new(*revision).unwrap()),
                    }
                }
                let standing: Vec<Option<Revision>> = start.standing().iter().map(|(word, ())| word.revision).collect();
                prop_assert_eq!(standing, highest.map(Some).into_iter().collect::<Vec<_>>());
            }
        }
    }
}
