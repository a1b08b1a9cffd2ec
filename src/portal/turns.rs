//! Turns: what one session sends twice at once is done one after the other, so that the second finds what the first has
//! kept. For forms whose rows have no key of their own that the form could bear.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{Mutex as TurnLock, OwnedMutexGuard};

/// Whose turn it is, by session; those that nobody waits for are forgotten.
#[derive(Clone, Debug, Default)]
pub(super) struct Turns(Arc<Mutex<HashMap<String, Weak<TurnLock<()>>>>>);

impl Turns {
    /// Waits for the turn of a session, which lasts until it is dropped.
    pub(super) async fn take(&self, session: &str) -> OwnedMutexGuard<()> {
        let turn = {
            let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            known.retain(|_, turn| turn.strong_count() > 0);
            let open = known.get(session).and_then(Weak::upgrade);
            open.unwrap_or_else(|| {
                let turn = Arc::default();
                known.insert(session.to_owned(), Arc::downgrade(&turn));
                turn
            })
        };
        turn.lock_owned().await
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{Duration, timeout};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_session_waits_for_its_own_turn_and_for_no_other() {
        let turns = Turns::default();
        let first = turns.take("a").await;
        let soon = Duration::from_secs(1);
        assert!(timeout(soon, turns.take("a")).await.is_err());
        drop(timeout(soon, turns.take("b")).await.unwrap());
        drop(first);
        drop(timeout(soon, turns.take("a")).await.unwrap());
        turns.take("c").await;
        assert_eq!(turns.0.lock().unwrap().len(), 1, "the others are forgotten");
    }
}
