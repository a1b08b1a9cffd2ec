//! Places: so many at once of each who asks, and so many in all, of what costs the database or the processor something
//! for as long as it goes on. Who finds none is told so at once, and waits in no line. A place is given back when it
//! is dropped, however that comes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many are taken, by whom.
#[derive(Clone, Debug)]
pub(super) struct PlaceCount {
    of_each: usize,
    in_all: usize,
    taken: Arc<Mutex<HashMap<String, usize>>>,
}

/// One that is taken.
#[derive(Debug)]
pub(super) struct TakenPlace {
    of: PlaceCount,
    by: String,
}

impl PlaceCount {
    /// For pages that listen, by session. Nobody looks at more of them at once, and browsers keep six connections to a
    /// site, which some must be left of; in all what the question after news answers.
    pub(super) fn to_listen() -> PlaceCount {
        PlaceCount::of(4, 500)
    }

    /// For guesses at who somebody is, by address: a clinic behind one address has fewer at one moment. Each takes
    /// some 50 ms of a processor, so that whoever has found the last place waits three seconds.
    pub(super) fn at_the_door() -> PlaceCount {
        PlaceCount::of(8, 64)
    }

    /// For strangers who ask to be registered, by address: they share the connections of those who sign in, and the
    /// list of places takes the database a while.
    pub(super) fn to_register() -> PlaceCount {
        PlaceCount::of(2, 4)
    }

    fn of(of_each: usize, in_all: usize) -> PlaceCount {
        PlaceCount { of_each, in_all, taken: Arc::default() }
    }

    /// One more; none where somebody has too many already, or all are taken.
    pub(super) fn take(&self, by: &str) -> Option<TakenPlace> {
        let mut taken = self.taken();
        let own = taken.get(by).copied().unwrap_or(0);
        if own >= self.of_each || taken.values().sum::<usize>() >= self.in_all {
            return None;
        }
        taken.insert(by.to_owned(), own + 1);
        Some(TakenPlace { of: self.clone(), by: by.to_owned() })
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<String, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for TakenPlace {
    fn drop(&mut self) {
        let mut taken = self.of.taken();
        if let Some(own) = taken.get_mut(&self.by) {
            *own -= 1;
            if *own == 0 {
                taken.remove(&self.by);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_are_taken_and_one_that_is_left_is_free() {
        let places = PlaceCount::to_listen();
        let of = |session: usize| places.take(&session.to_string());
        let mut taken: Vec<TakenPlace> = (0..places.in_all).filter_map(|place| of(place / places.of_each)).collect();
        assert_eq!(taken.len(), places.in_all);
        assert!(of(0).is_none() && of(9_999).is_none(), "all are taken");
        let last = taken.pop().unwrap();
        assert!(of(0).is_none(), "this session has its own");
        drop(last);
        taken.extend(of(9_999));
        assert_eq!(taken.len(), places.in_all);
        drop(taken);
        assert!(places.taken().is_empty());
    }
}
