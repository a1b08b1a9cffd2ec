//! Words in any order, and what then stands.

use proptest::prelude::*;

use super::*;
use crate::model::origin::Revision;
use crate::model::sample::Flags;

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
    start.known_superseded(&word(Some(60), 1, None));
    start.known_superseded(&word(None, 1, Some(4)));
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

/// What was superseded elsewhere, of which a merge is told only one of the highest revision and what says the same as
/// the words that come.
fn needed(superseded: &[Word], words: &[Word]) -> Vec<Word> {
    let highest = superseded.iter().max_by_key(|word| word.revision);
    let same =
        superseded.iter().filter(|former| words.iter().any(|word| word.revision.is_none() && former.says_what(word)));
    same.filter(|former| former.revision.is_none()).chain(highest).copied().collect()
}

fn any_word() -> impl Strategy<Value = Word> {
    let span = prop::option::of(1..3_i64);
    let bounds = prop_oneof![Just(Flags::NONE), Just(Flags::BELOW_RANGE)];
    (span, 0..3_i32, bounds, prop::option::weighted(0.3, 0..4_i64))
        .prop_map(|(span, value, bounds, revision)| Word { bounds, ..word(span, value, revision) })
}

proptest! {
    #[test]
    fn little_of_what_was_superseded_decides_as_all_of_it_does(
        precedence in prop_oneof![Just(Precedence::ByShape), Just(Precedence::Later)],
        former in prop::collection::vec(any_word(), 0..60),
        standing in prop::option::of(any_word()),
        words in prop::collection::vec(any_word(), 1..6),
    ) {
        let heard = |known: &[Word]| {
            let mut start = Start::new(precedence);
            known.iter().for_each(|word| start.known_superseded(word));
            standing.iter().for_each(|word| start.known_standing(*word, ()));
            let said: Vec<Said> = words.iter().map(|word| start.say(*word, ())).collect();
            (said, start.standing().to_vec(), start.superseded().to_vec())
        };
        prop_assert_eq!(heard(&needed(&former, &words)), heard(&former));
    }
}
