//! Start: what is known of one start of one series, and what a further word does to it.
//!
//! # Why
//! A total that is sent each second has 86,400 former words by the evening. So what does not stand any more is known by
//! two things alone: its highest revision, and the words that count none, of which it is asked whether one says the
//! same. A caller need tell of what stood before no more than that.

use super::spoken::Spoken;
use super::word::{Precedence, Word};
use crate::model::origin::Revision;

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
    /// The highest revision of what stood once.
    passed: Option<Revision>,
    /// What was said without a revision and does not stand any more.
    spoken: Spoken,
    /// What stands: at most one, but for an instant beside an interval, and for what was stored before there were
    /// revisions.
    standing: Vec<(Word, T)>,
    /// What has been superseded here, in this order.
    superseded: Vec<(Word, T)>,
}

impl<T> Start<T> {
    /// One of which nothing is known.
    pub fn new(precedence: Precedence) -> Start<T> {
        let (standing, superseded) = (Vec::new(), Vec::new());
        Start { precedence, replaced: None, passed: None, spoken: Spoken::default(), standing, superseded }
    }

    /// Forgets all, and keeps the memory.
    pub fn clear(&mut self) {
        (self.replaced, self.passed) = (None, None);
        self.spoken.clear();
        self.standing.clear();
        self.superseded.clear();
    }

    /// What stands already, whatever this file says of it.
    pub fn known_standing(&mut self, word: Word, tag: T) {
        self.standing.push((word, tag));
    }

    /// What stood once. Of all that did, one of the highest revision is needed and, of those without a revision, the
    /// words that say what will be said here.
    pub fn known_superseded(&mut self, word: &Word) {
        match word.revision {
            Some(revision) => self.passed = self.passed.max(Some(revision)),
            None => self.spoken.add(word),
        }
    }

    /// What stands now.
    pub fn standing(&self) -> &[(Word, T)] {
        &self.standing
    }

    /// What was superseded here, in this order.
    pub fn superseded(&self) -> &[(Word, T)] {
        &self.superseded
    }

    /// A range covers this start: what has a lower revision does not stand any more.
    pub fn replace(&mut self, revision: Revision) {
        self.replaced = self.replaced.max(Some(revision));
        self.supersede(|word| word.revision < Some(revision));
    }

    /// The source says this.
    pub fn say(&mut self, word: Word, tag: T) -> Said {
        let said = self.weigh(&word);
        if said == Said::Stands {
            let precedence = self.precedence;
            self.supersede(|other| {
                other.revision < word.revision || (word.revision.is_none() && precedence.later_stands(other, &word))
            });
            self.standing.push((word, tag));
        }
        said
    }

    fn supersede(&mut self, is_superseded: impl Fn(&Word) -> bool) {
        for (word, tag) in self.standing.extract_if(.., |(word, _)| is_superseded(word)) {
            match word.revision {
                Some(revision) => self.passed = self.passed.max(Some(revision)),
                None => self.spoken.add(&word),
            }
            self.superseded.push((word, tag));
        }
    }

    fn weigh(&self, word: &Word) -> Said {
        // Something higher than each superseded revision has been said, though it may stand in another tier.
        let standing = self.standing.iter().filter_map(|(word, _)| word.revision).max();
        if word.revision < self.replaced.max(standing) || (self.passed.is_some() && word.revision <= self.passed) {
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
        // No revision was passed, so all that stood once counts none.
        if self.spoken.contains(word) { Said::Duplicate } else { Said::Stands }
    }
}
