//! Rights: by which right the lanes write, and how they come to another where the database has forgotten.
//!
//! # Why
//! What a lane remembers belongs to one history of the database. The first lane whose transaction is refused for
//! another history says so here and waits; the shard is taken anew, in a later epoch (`holder`), and the new right is
//! granted. The other lanes come to it by being refused themselves, since the epoch is no longer theirs, or at the end
//! of their batch. So every lane forgets before it writes by the new right.

use std::sync::Arc;

use tokio::sync::watch;

use crate::model::ids::Epoch;
use crate::store::writer::Writers;

/// The present right to write, for all lanes of one daemon.
#[derive(Debug)]
pub struct Rights {
    present: watch::Sender<Arc<Writers>>,
    /// The last epoch whose right turned out to be worth nothing.
    doubted: watch::Sender<Option<Epoch>>,
}

impl Rights {
    /// Begins with this right.
    pub fn new(writers: Arc<Writers>) -> Rights {
        Rights { present: watch::Sender::new(writers), doubted: watch::Sender::new(None) }
    }

    /// The present right.
    pub fn present(&self) -> Arc<Writers> {
        Arc::clone(&self.present.borrow())
    }

    /// Grants another one.
    pub fn grant(&self, writers: Arc<Writers>) {
        self.present.send_replace(writers);
    }

    /// The right of this epoch is worth nothing: another one is needed.
    pub fn doubt(&self, epoch: Epoch) {
        self.doubted.send_if_modified(|doubted| {
            let is_later = *doubted < Some(epoch);
            *doubted = (*doubted).max(Some(epoch));
            is_later
        });
    }

    /// True where the right of this epoch is no longer the present one, or soon will not be.
    pub fn is_past(&self, epoch: Epoch) -> bool {
        *self.doubted.borrow() >= Some(epoch) || self.present.borrow().own().epoch != epoch
    }

    /// Waits until somebody doubts the right of this epoch.
    pub async fn doubted(&self, epoch: Epoch) {
        let mut doubts = self.doubted.subscribe();
        if doubts.wait_for(|doubted| *doubted >= Some(epoch)).await.is_err() {
            // The sender is in `self`.
            std::future::pending().await
        }
    }

    /// Waits until another right than that of this epoch is granted.
    pub async fn after(&self, epoch: Epoch) -> Arc<Writers> {
        let mut rights = self.present.subscribe();
        let granted = rights.wait_for(|writers| writers.own().epoch != epoch).await.map(|writers| Arc::clone(&writers));
        match granted {
            Ok(writers) => writers,
            // The sender is in `self`.
            Err(_) => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::model::ids::ShardName;
    use crate::store::shard::Ownership;

    fn writers(epoch: i64) -> Arc<Writers> {
        let own = Ownership { shard: ShardName::parse("main").unwrap(), epoch: Epoch(epoch) };
        Writers::new(own, Uuid::nil(), 2)
    }

    #[test]
    fn a_right_is_past_once_it_is_doubted_and_stays_so_when_another_is_granted() {
        let rights = Rights::new(writers(3));
        assert!(!rights.is_past(Epoch(3)));
        rights.doubt(Epoch(3));
        assert!(rights.is_past(Epoch(3)));
        rights.grant(writers(4));
        assert!(rights.is_past(Epoch(3)) && !rights.is_past(Epoch(4)));
        rights.doubt(Epoch(3));
        assert!(!rights.is_past(Epoch(4)), "who comes late doubts nothing new");
    }

    #[tokio::test]
    async fn whoever_doubts_wakes_the_holder_and_goes_on_with_what_is_granted() {
        let rights = Arc::new(Rights::new(writers(3)));
        let lane = {
            let rights = Arc::clone(&rights);
            tokio::spawn(async move {
                rights.doubt(Epoch(3));
                rights.after(Epoch(3)).await.own().epoch
            })
        };
        rights.doubted(Epoch(3)).await;
        rights.grant(writers(4));
        assert_eq!(lane.await.unwrap(), Epoch(4));
    }
}
