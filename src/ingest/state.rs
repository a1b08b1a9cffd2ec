//! State: what this daemon is to its shard, and whether database and broker answer.
//!
//! # Why
//! Whoever must act on a change (roller, compactor, maintenance) waits for it; `/readyz` and the gauges read the same
//! value. Metrics observe, so nothing is decided by what they hold.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use tokio::sync::{Notify, watch};
use tokio::time::sleep_until;

use crate::store::shard::Ownership;

/// How old the proof of the shard may become before the daemon leaves the broker: longer than a proof may take, so that
/// only a failed one comes to that.
const PROOF_AGE_MAX: Duration = Duration::from_secs(6);

/// The state of one daemon, shared by its tasks.
#[derive(Debug, Default)]
pub struct State {
    status: watch::Sender<Status>,
    commits: Notify,
}

/// What is known at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// What the daemon is to its shard.
    pub role: Role,
    /// Whether the database has answered anybody yet.
    is_answered: bool,
    /// Those whose last question it did not answer.
    unanswered: BTreeSet<Asker>,
    /// The sessions that still hold what must come first.
    behind: BTreeSet<String>,
    /// When it was last proved that the shard is held; none before it was taken.
    proved_at: Option<Instant>,
    /// How many connections to the broker are wanted.
    connections: usize,
    /// The sessions whose subscriptions are granted.
    subscribed: BTreeSet<String>,
}

/// What the daemon is to its shard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// It has not asked yet.
    #[default]
    Unknown,
    /// Another daemon owns the shard; this one waits.
    Standby,
    /// It owns the shard, with this right to write.
    Owner(Ownership),
}

/// Who asks the database, each over connections of its own: that one is answered says nothing of the others.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Asker {
    /// Whoever brings the schema up to date.
    Migration,
    /// Whoever takes and holds the shard.
    Shard,
    /// A lane, by its number.
    Lane(usize),
}

impl Role {
    /// The role in a word.
    pub fn word(&self) -> &'static str {
        match self {
            Role::Unknown => "unknown",
            Role::Standby => "standby",
            Role::Owner(_) => "owner",
        }
    }
}

impl Status {
    /// Whether the daemon owns its shard.
    pub fn is_owner(&self) -> bool {
        matches!(self.role, Role::Owner(_))
    }

    /// How many sessions are subscribed.
    pub fn subscribed(&self) -> usize {
        self.subscribed.len()
    }

    /// Whether the shard was held, and could not be proved to be for too long.
    pub fn is_unproved(&self) -> bool {
        self.proved_at.is_some_and(|at| at.elapsed() >= PROOF_AGE_MAX)
    }

    /// Whether the subscription of a session is granted.
    pub fn is_subscribed(&self, session: &str) -> bool {
        self.subscribed.contains(session)
    }

    /// What keeps the daemon from its work, in words; nothing where it is ready.
    pub fn not_ready_reasons(&self) -> Vec<&'static str> {
        let mut reasons = Vec::new();
        if !self.is_answered || !self.unanswered.is_empty() {
            reasons.push("the database does not answer");
        }
        match self.role {
            Role::Unknown => reasons.push("the shard's owner is not known yet"),
            Role::Owner(_) if self.is_unproved() => {
                reasons.push("the shard cannot be proved to be held, so the broker is left to whoever holds it");
            }
            Role::Owner(_) if !self.behind.is_empty() => {
                reasons.push("sessions of an earlier configuration are drained before anything is subscribed");
            }
            Role::Owner(_) if self.subscribed() < self.connections => {
                reasons.push("not every connection to the broker is subscribed");
            }
            Role::Owner(_) | Role::Standby => {}
        }
        reasons
    }
}

impl State {
    /// The status of this moment.
    pub fn status(&self) -> Status {
        self.status.borrow().clone()
    }

    /// Waits until the status is as wanted.
    pub async fn wait_for(&self, is_wanted: impl FnMut(&Status) -> bool) -> Status {
        let mut changes = self.status.subscribe();
        let found = changes.wait_for(is_wanted).await.map(|status| status.clone());
        match found {
            Ok(status) => status,
            // The sender is in `self`.
            Err(_) => std::future::pending().await,
        }
    }

    /// Waits until the schema is there and it is known who owns the shard.
    pub async fn role_is_known(&self) {
        self.wait_for(|status| status.role != Role::Unknown).await;
    }

    /// Sets which sessions must have caught up before anything is subscribed.
    pub fn expect_behind(&self, sessions: impl Iterator<Item = String>) {
        let behind = sessions.collect();
        self.change(|status| status.behind = behind);
    }

    /// A session has caught up, or nobody can tell when it will.
    pub fn catch_up(&self, session: &str) {
        if self.status.borrow().behind.contains(session) {
            self.change(|status| {
                status.behind.remove(session);
            });
        }
    }

    /// Waits until no session is behind.
    pub async fn none_behind(&self) {
        self.wait_for(|status| status.behind.is_empty()).await;
    }

    /// The shard was proved to be held.
    pub fn prove_shard(&self) {
        self.change(|status| status.proved_at = Some(Instant::now()));
    }

    /// Waits until the shard is proved to be held after this moment.
    pub async fn proved_after(&self, since: Option<Instant>) {
        self.wait_for(|status| status.proved_at > since).await;
    }

    /// Waits until it was not for too long.
    pub async fn unproved(&self) {
        loop {
            let status = self.wait_for(|status| status.proved_at.is_some()).await;
            match status.proved_at {
                Some(at) if !status.is_unproved() => sleep_until((at + PROOF_AGE_MAX).into()).await,
                _ => return,
            }
        }
    }

    /// Waits until every session that is wanted is subscribed.
    pub async fn all_subscribed(&self) {
        self.wait_for(|status| status.subscribed() >= status.connections).await;
    }

    /// Waits until this daemon owns its shard. It then does so until it ends, though by another right where the
    /// database turns out to have forgotten.
    pub async fn ownership(&self) -> Ownership {
        self.owner(Status::is_owner).await
    }

    /// Waits until it owns the shard by another right than this one.
    pub async fn ownership_after(&self, former: &Ownership) -> Ownership {
        self.owner(|status| matches!(&status.role, Role::Owner(own) if own != former)).await
    }

    async fn owner(&self, is_wanted: impl FnMut(&Status) -> bool) -> Ownership {
        match self.wait_for(is_wanted).await.role {
            Role::Owner(own) => own,
            Role::Unknown | Role::Standby => std::future::pending().await,
        }
    }

    /// Sets how many connections to the broker are wanted.
    pub fn expect_connections(&self, connections: usize) {
        self.change(|status| status.connections = connections);
    }

    /// A session's subscription is granted, or gone.
    pub fn subscribed(&self, session: &str, subscribed: bool) {
        self.change(|status| {
            match subscribed {
                true => status.subscribed.insert(session.to_owned()),
                false => status.subscribed.remove(session),
            };
        });
    }

    /// The daemon owns its shard, or is its standby.
    pub fn take_role(&self, role: Role) {
        self.change(|status| status.role = role);
    }

    /// The database has not answered.
    pub fn database_fails(&self, asker: Asker) {
        self.change(|status| {
            status.unanswered.insert(asker);
        });
    }

    /// The database has answered.
    pub fn database_works(&self, asker: Asker) {
        // Told after each batch, and nearly always known already.
        let is_known = {
            let status = self.status.borrow();
            status.is_answered && !status.unanswered.contains(&asker)
        };
        if !is_known {
            self.change(|status| {
                status.is_answered = true;
                status.unanswered.remove(&asker);
            });
        }
    }

    /// Something was committed.
    pub fn commit(&self) {
        self.commits.notify_one();
    }

    /// Waits until something was committed since the last time. For one that waits.
    pub async fn committed(&self) {
        self.commits.notified().await;
    }

    fn change(&self, change: impl FnOnce(&mut Status)) {
        self.status.send_modify(change);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ids::{Epoch, ShardName};

    fn owner() -> Role {
        Role::Owner(Ownership { shard: ShardName::parse("main").unwrap(), epoch: Epoch(1) })
    }

    #[test]
    fn an_owner_is_ready_once_all_its_connections_are_subscribed_and_the_database_answers() {
        let state = State::default();
        state.expect_connections(2);
        assert_eq!(state.status().not_ready_reasons().len(), 2);
        state.database_works(Asker::Shard);
        state.take_role(owner());
        state.subscribed("a", true);
        assert_eq!(state.status().not_ready_reasons().len(), 1);
        state.subscribed("b", true);
        assert!(state.status().not_ready_reasons().is_empty());
        state.database_fails(Asker::Lane(1));
        assert_eq!(state.status().not_ready_reasons().len(), 1);
    }

    #[test]
    fn a_standby_is_ready_without_a_subscription() {
        let state = State::default();
        state.expect_connections(1);
        state.database_works(Asker::Shard);
        state.take_role(Role::Standby);
        assert!(state.status().not_ready_reasons().is_empty());
    }

    #[test]
    fn who_is_answered_does_not_make_ready_who_is_not() {
        let state = State::default();
        state.database_works(Asker::Shard);
        state.take_role(Role::Standby);
        state.database_fails(Asker::Lane(0));
        state.database_works(Asker::Shard);
        state.database_works(Asker::Lane(1));
        assert_eq!(state.status().not_ready_reasons().len(), 1);
        state.database_works(Asker::Lane(0));
        assert!(state.status().not_ready_reasons().is_empty());
    }

    #[tokio::test]
    async fn who_waits_for_the_shard_goes_on_when_it_is_taken() {
        let state = State::default();
        state.take_role(Role::Standby);
        let waiting = state.ownership();
        tokio::pin!(waiting);
        assert!(is_pending(waiting.as_mut()).await);
        state.take_role(owner());
        assert_eq!(waiting.await.epoch, Epoch(1));
    }

    /// True where a future does not end when it is polled once.
    async fn is_pending(future: impl Future + Unpin) -> bool {
        tokio::select! {
            biased;
            _ = future => false,
            () = std::future::ready(()) => true,
        }
    }
}
