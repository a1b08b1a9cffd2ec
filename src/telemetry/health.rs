//! Health: whether the daemon does its work now, for `/readyz` and the gauges.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What is known of the daemon's surroundings.
#[derive(Debug, Default)]
pub(super) struct Health {
    /// How many connections there are to be.
    connections: AtomicUsize,
    sessions: Mutex<HashMap<String, Session>>,
    /// Failures of the database since its last success.
    failures: AtomicU32,
    /// The database has answered at least once.
    answered: AtomicBool,
    role: Mutex<Role>,
}

#[derive(Copy, Clone, Debug, Default)]
struct Session {
    subscribed: bool,
    unacknowledged: usize,
}

/// What the daemon is to its shard.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// It has not asked yet.
    #[default]
    Unknown,
    /// Another daemon owns the shard; this one waits.
    Standby,
    /// It owns the shard.
    Owner,
}

impl Role {
    /// The role in a word.
    pub fn word(self) -> &'static str {
        match self {
            Role::Unknown => "unknown",
            Role::Standby => "standby",
            Role::Owner => "owner",
        }
    }
}

impl Health {
    pub(super) fn expect(&self, connections: usize) {
        self.connections.store(connections, Ordering::Relaxed);
    }

    pub(super) fn subscribed(&self, session: &str, subscribed: bool) -> usize {
        let mut sessions = self.sessions();
        sessions.entry(session.to_owned()).or_default().subscribed = subscribed;
        sessions.values().filter(|session| session.subscribed).count()
    }

    pub(super) fn unacknowledged(&self, session: &str, count: usize) -> usize {
        let mut sessions = self.sessions();
        match sessions.get_mut(session) {
            Some(known) => known.unacknowledged = count,
            None => drop(sessions.insert(session.to_owned(), Session { unacknowledged: count, subscribed: false })),
        }
        sessions.values().map(|session| session.unacknowledged).sum()
    }

    pub(super) fn database_fails(&self) -> u32 {
        self.failures.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn database_works(&self) {
        self.failures.store(0, Ordering::Relaxed);
        self.answered.store(true, Ordering::Relaxed);
    }

    pub(super) fn take_role(&self, role: Role) {
        *self.role.lock().unwrap_or_else(PoisonError::into_inner) = role;
    }

    pub(super) fn role(&self) -> Role {
        *self.role.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What keeps the daemon from its work; nothing where it is ready.
    pub(super) fn not_ready_reasons(&self) -> Vec<&'static str> {
        let mut not_ready_reasons = Vec::new();
        if !self.answered.load(Ordering::Relaxed) || self.failures.load(Ordering::Relaxed) > 0 {
            not_ready_reasons.push("the database does not answer");
        }
        let subscribed = self.sessions().values().filter(|session| session.subscribed).count();
        match self.role() {
            Role::Unknown => not_ready_reasons.push("the shard's owner is not known yet"),
            Role::Owner if subscribed < self.connections.load(Ordering::Relaxed) => {
                not_ready_reasons.push("not every connection to the broker is subscribed");
            }
            Role::Owner | Role::Standby => {}
        }
        not_ready_reasons
    }

    fn sessions(&self) -> MutexGuard<'_, HashMap<String, Session>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_is_ready_once_all_its_connections_are_subscribed_and_the_database_answers() {
        let health = Health::default();
        health.expect(2);
        assert_eq!(health.not_ready_reasons().len(), 2);
        health.database_works();
        health.take_role(Role::Owner);
        health.subscribed("a", true);
        assert_eq!(health.not_ready_reasons().len(), 1);
        health.subscribed("b", true);
        assert!(health.not_ready_reasons().is_empty());
        health.database_fails();
        assert_eq!(health.not_ready_reasons().len(), 1);
    }

    #[test]
    fn a_standby_is_ready_without_a_subscription() {
        let health = Health::default();
        health.expect(1);
        health.database_works();
        health.take_role(Role::Standby);
        assert!(health.not_ready_reasons().is_empty());
    }
}
