//! Answered: the numbers of messages that somebody has received, until they are asked for.

use std::sync::{Arc, Mutex, PoisonError};

use super::answer::{Ack, NO_SUBSCRIBER};

/// Numbers of messages that a subscriber was given and that nobody has asked for yet.
#[derive(Clone, Debug, Default)]
pub(crate) struct AnsweredIds(Arc<Mutex<Vec<i64>>>);

impl AnsweredIds {
    /// Takes note of an answer. A message that the broker accepted but delivered to nobody has reached none.
    pub(crate) fn note(&self, ack: &Ack) {
        if ack.reason < NO_SUBSCRIBER
            && let Ok(id) = i64::try_from(ack.id)
        {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(id);
        }
    }

    /// Those that were noted since the last call.
    pub(crate) fn take(&self) -> Vec<i64> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
