//! Pages that listen: so many of a session and so many in all, since each asks the database again and again for as long
//! as it is open. A place is given back when the stream is dropped, however it ends.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Nobody looks at more pages at once; and browsers keep six connections to a site, which some must be left of.
const OF_A_SESSION: usize = 4;
/// Each asks more than once a second.
const IN_ALL: usize = 500;

/// How many listen, by session.
#[derive(Clone, Debug, Default)]
pub(super) struct ListenerCount(Arc<Mutex<HashMap<String, usize>>>);

/// A place of a page that listens.
#[derive(Debug)]
pub(super) struct Listener {
    of: ListenerCount,
    session: String,
}

impl ListenerCount {
    /// A place for one more page of a session, by what tells it from others; none where too many listen already.
    pub(super) fn listen(&self, session: &str) -> Option<Listener> {
        let mut counts = self.counts();
        let own = counts.get(session).copied().unwrap_or(0);
        if own >= OF_A_SESSION || counts.values().sum::<usize>() >= IN_ALL {
            return None;
        }
        counts.insert(session.to_owned(), own + 1);
        Some(Listener { of: self.clone(), session: session.to_owned() })
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<String, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut counts = self.of.counts();
        if let Some(count) = counts.get_mut(&self.session) {
            *count -= 1;
        }
        counts.retain(|_, count| *count > 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_listen_and_a_place_that_is_left_is_free() {
        let listeners = ListenerCount::default();
        let of = |session: usize| listeners.listen(&session.to_string());
        let mut places: Vec<Listener> = (0..IN_ALL).filter_map(|place| of(place / OF_A_SESSION)).collect();
        assert_eq!(places.len(), IN_ALL);
        assert!(of(0).is_none() && of(9_999).is_none(), "all are taken");
        let last = places.pop().unwrap();
        assert!(of(0).is_none(), "this session has its own");
        drop(last);
        places.extend(of(9_999));
        assert_eq!(places.len(), IN_ALL);
        drop(places);
        assert!(listeners.counts().is_empty());
    }
}
