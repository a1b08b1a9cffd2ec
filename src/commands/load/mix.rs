//! Mix: which messages are disturbed on purpose, as a function of seed and number alone, so that a test that knows the
//! seed knows what must become of each.

use std::str::FromStr;

use crate::simulation::random::mix;

/// What is published a second time, or late, comes so many rounds of all hubs after its turn: by then other batches
/// have been committed.
pub const LATE_ROUNDS: u64 = 5;
/// Keeps the choice of messages apart from the choice of values.
const CHOICE: u64 = 0x6d69_7865;

/// How a message is published.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PublicationKind {
    /// Once, in its turn.
    #[default]
    Plain,
    /// In its turn, and the same again later.
    Repeat,
    /// Later than its turn, so that a hole is filled.
    Late,
    /// In its turn, and later another value for each of its moments.
    Conflict,
    /// As bytes that nobody can decode.
    Broken,
}

/// Percent of the messages of each kind; the rest is plain.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Mix {
    /// Published twice.
    pub repeat: u64,
    /// Published out of order.
    pub late: u64,
    /// Contradicted.
    pub conflict: u64,
    /// Undecodable.
    pub broken: u64,
}

impl PublicationKind {
    /// The stable word, in ledgers.
    pub fn word(self) -> &'static str {
        match self {
            PublicationKind::Plain => "plain",
            PublicationKind::Repeat => "repeat",
            PublicationKind::Late => "late",
            PublicationKind::Conflict => "conflict",
            PublicationKind::Broken => "broken",
        }
    }

    /// The kind of this word.
    pub fn of_word(word: &str) -> Option<PublicationKind> {
        let all = [
            PublicationKind::Plain,
            PublicationKind::Repeat,
            PublicationKind::Late,
            PublicationKind::Conflict,
            PublicationKind::Broken,
        ];
        all.into_iter().find(|kind| kind.word() == word)
    }

    /// As what a message of this kind is published in its turn; `None` where its turn passes.
    pub fn in_turn(self) -> Option<PublicationKind> {
        match self {
            PublicationKind::Plain | PublicationKind::Repeat | PublicationKind::Conflict => {
                Some(PublicationKind::Plain)
            }
            PublicationKind::Late => None,
            PublicationKind::Broken => Some(PublicationKind::Broken),
        }
    }

    /// As what it is published [`LATE_ROUNDS`] after its turn, if at all.
    pub fn later(self) -> Option<PublicationKind> {
        match self {
            PublicationKind::Plain | PublicationKind::Broken => None,
            PublicationKind::Repeat | PublicationKind::Late | PublicationKind::Conflict => Some(self),
        }
    }
}

impl Mix {
    /// The kind of message `id` in a run of this seed.
    pub(super) fn kind(self, seed: u64, id: u64) -> PublicationKind {
        self.of(mix(seed ^ CHOICE, id, 0) % 100)
    }

    fn of(self, choice: u64) -> PublicationKind {
        let parts = [
            (self.repeat, PublicationKind::Repeat),
            (self.late, PublicationKind::Late),
            (self.conflict, PublicationKind::Conflict),
            (self.broken, PublicationKind::Broken),
        ];
        let mut edge = 0;
        let mut chosen = parts.into_iter().filter(|(percent, _)| {
            edge += percent;
            choice < edge
        });
        chosen.next().map_or(PublicationKind::Plain, |(_, kind)| kind)
    }
}

impl FromStr for Mix {
    type Err = String;

    /// Reads `repeat=3,late=3,conflict=1,broken=1`; what is left out is none.
    fn from_str(text: &str) -> Result<Mix, String> {
        let help = "write percents, as in repeat=3,late=3,conflict=1,broken=1";
        let mut mix = Mix::default();
        for part in text.split(',').map(str::trim) {
            let (word, percent) = part.split_once('=').ok_or(help)?;
            let share = match word {
                "repeat" => &mut mix.repeat,
                "late" => &mut mix.late,
                "conflict" => &mut mix.conflict,
                "broken" => &mut mix.broken,
                _ => return Err(help.to_owned()),
            };
            *share = percent.parse().ok().filter(|percent| *percent <= 100).ok_or(help)?;
        }
        let sum = mix.repeat + mix.late + mix.conflict + mix.broken;
        if sum > 100 { Err(format!("the percents must not exceed 100 together, and these are {sum}")) } else { Ok(mix) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mix_is_read_from_percents() {
        let mix = Mix { repeat: 3, late: 4, conflict: 1, broken: 2 };
        assert_eq!("repeat=3,late=4, conflict=1,broken=2".parse(), Ok(mix));
        assert_eq!("late=100".parse(), Ok(Mix { late: 100, ..Mix::default() }));
        for text in ["", "late", "late=x", "late=-1", "late=101", "lost=1", "late=60,repeat=41"] {
            assert!(text.parse::<Mix>().is_err(), "{text}");
        }
    }

    #[test]
    fn each_kind_has_its_share_and_every_other_number_is_plain() {
        let mix = Mix { repeat: 10, late: 20, conflict: 5, broken: 1 };
        let count = |kind| (0..100).filter(|choice| mix.of(*choice) == kind).count();
        let kinds = [
            PublicationKind::Repeat,
            PublicationKind::Late,
            PublicationKind::Conflict,
            PublicationKind::Broken,
            PublicationKind::Plain,
        ];
        assert_eq!(kinds.map(count), [10, 20, 5, 1, 64]);
        assert!((0..100).all(|choice| Mix::default().of(choice) == PublicationKind::Plain));
        assert!(kinds.into_iter().all(|kind| PublicationKind::of_word(kind.word()) == Some(kind)));
    }
}
