//! Messages that are received and not yet acknowledged, summed over all sessions for the gauge.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// The count of each session.
#[derive(Debug, Default)]
pub(super) struct Unacknowledged(Mutex<HashMap<String, usize>>);

impl Unacknowledged {
    /// One session has so many now; how many all have.
    pub(super) fn set(&self, session: &str, count: usize) -> usize {
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match sessions.get_mut(session) {
            Some(known) => *known = count,
            None => drop(sessions.insert(session.to_owned(), count)),
        }
        sessions.values().sum()
    }
}
