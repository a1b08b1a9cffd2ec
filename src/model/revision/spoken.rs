//! Spoken: words of one start that do not stand any more, asked for by what they say.

use std::collections::HashSet;

use super::word::Word;

/// So many words are looked through one after another, which costs less than a set of them.
const LISTED_MAX: usize = 32;

/// What makes two words say the same.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
struct Saying {
    span_us: Option<i64>,
    value_bits: u64,
    bounds: u8,
}

impl From<&Word> for Saying {
    fn from(word: &Word) -> Saying {
        // Both zeros are one value.
        Saying { span_us: word.span_us, value_bits: (word.value + 0.0).to_bits(), bounds: word.bounds.0 }
    }
}

/// Words, each once.
#[derive(Clone, Debug, Default)]
pub(super) struct Spoken {
    listed: Vec<Saying>,
    /// All of them, once there are more than may be listed.
    set: HashSet<Saying>,
}

impl Spoken {
    /// Forgets all, and keeps the list's memory.
    pub(super) fn clear(&mut self) {
        self.listed.clear();
        if !self.set.is_empty() {
            self.set = HashSet::new();
        }
    }

    /// Adds what a word says.
    pub(super) fn add(&mut self, word: &Word) {
        let saying = Saying::from(word);
        if !self.set.is_empty() {
            self.set.insert(saying);
            return;
        }
        if !self.listed.contains(&saying) {
            self.listed.push(saying);
        }
        if self.listed.len() > LISTED_MAX {
            self.set.extend(self.listed.drain(..));
        }
    }

    /// True where one of them says what this does.
    pub(super) fn contains(&self, word: &Word) -> bool {
        let saying = Saying::from(word);
        if self.set.is_empty() { self.listed.contains(&saying) } else { self.set.contains(&saying) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::sample::Flags;

    #[test]
    fn few_words_and_many_are_found_by_what_they_say() {
        let word = |span: i64, value: f64, bounds| Word { span_us: Some(span), value, bounds, revision: None };
        let mut spoken = Spoken::default();
        for count in 1..=100_i64 {
            spoken.add(&word(count, 0.0, Flags::NONE));
            spoken.add(&word(count, 0.0, Flags::NONE));
            assert_eq!(spoken.listed.len() + spoken.set.len(), usize::try_from(count).unwrap());
            assert!(spoken.contains(&word(1, -0.0, Flags::NONE)) && spoken.contains(&word(count, 0.0, Flags::NONE)));
            assert!(!spoken.contains(&word(count + 1, 0.0, Flags::NONE)));
            assert!(!spoken.contains(&word(count, 1.0, Flags::NONE)));
            assert!(!spoken.contains(&word(count, 0.0, Flags::BELOW_RANGE)));
        }
        spoken.clear();
        assert!(!spoken.contains(&word(1, 0.0, Flags::NONE)));
    }
}
