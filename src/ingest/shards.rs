//! Shards: whose a topic is.
//!
//! # Why
//! A filter may be wider than this daemon's shard. A message of a shard that another daemon owns is that daemon's: its
//! own session has a copy, so ours is acknowledged and not read at all. A message of a shard that no daemon has ever
//! owned has no other reader, so it goes to quarantine and waits there for one.
//!
//! Invariant: nothing here waits for the database. Who owns what is read beside the sessions, and a shard that is not
//! known yet is one that nobody owns, whose messages are kept.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sqlx::postgres::PgPool;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use crate::formats::topic;
use crate::model::ids::ShardName;
use crate::store::pool::within;
use crate::store::shard::known_shards;
use crate::telemetry::chain;

/// How long the names may take to be read.
const READ_TIMEOUT: Duration = Duration::from_secs(5);
/// How old they may become: a shard is known before its daemon has subscribed, or soon after.
const READ_EVERY: Duration = Duration::from_secs(2);
/// How long to wait at least between two reads.
const PAUSE: Duration = Duration::from_millis(100);

/// Whose a message is, by its topic.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// This daemon's, or that of no shard at all, which is an invalid topic.
    Ours,
    /// Another daemon's.
    Foreign,
    /// Of a shard that nobody has ever owned.
    Nobodys,
}

/// The daemon's own shard, and those that others own.
#[derive(Debug)]
pub struct Shards {
    own: ShardName,
    /// What every topic of its own begins with.
    prefix: String,
    others: Mutex<Others>,
    is_unknown: Notify,
}

#[derive(Debug, Default)]
struct Others {
    known: HashSet<String>,
    /// Those of which the log has told that their messages come here.
    told: HashSet<String>,
}

impl Shards {
    /// Those of a daemon that has not read the others yet.
    pub fn new(own: ShardName) -> Shards {
        let prefix = topic::prefix(own.as_str());
        Shards { own, prefix, others: Mutex::default(), is_unknown: Notify::new() }
    }

    /// Whose a message of this topic is.
    pub fn whose(&self, name: &[u8]) -> Whose {
        if name.starts_with(self.prefix.as_bytes()) {
            return Whose::Ours;
        }
        let Ok(parts) = topic::parse(name) else { return Whose::Ours };
        let mut others = self.others();
        if !others.known.contains(parts.shard) {
            self.is_unknown.notify_one();
            return Whose::Nobodys;
        }
        if others.told.insert(parts.shard.to_owned()) {
            let own = self.own.as_str();
            tracing::warn!(
                shard = own,
                "messages of another shard, {}, come here and are left to its daemon: narrow mqtt.filters to {}+/+",
                parts.shard,
                self.prefix
            );
        }
        Whose::Foreign
    }

    /// Reads the others now; what fails is tried again by `follow`.
    pub async fn read(&self, pool: &PgPool) {
        match within(READ_TIMEOUT, "reading the names of shards", known_shards(pool)).await {
            Ok(mut known) => {
                known.retain(|shard| shard != self.own.as_str());
                self.others().known = known.into_iter().collect();
            }
            Err(error) => tracing::debug!("cannot read the names of shards: {}", chain(&error)),
        }
    }

    /// Reads them again and again, and soon where a message is of a shard that is not known.
    pub async fn follow(&self, pool: &PgPool) -> std::convert::Infallible {
        loop {
            let _ = timeout(READ_EVERY, self.is_unknown.notified()).await;
            self.read(pool).await;
            sleep(PAUSE).await;
        }
    }

    fn others(&self) -> MutexGuard<'_, Others> {
        self.others.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_ours_another_daemons_or_nobodys() {
        let shards = Shards::new(ShardName::parse("main").unwrap());
        shards.others().known.insert("ward-3".to_owned());
        for (topic, whose) in [
            ("ht/1/main/watch/batch", Whose::Ours),
            ("ht/1/mainly/watch/batch", Whose::Nobodys),
            ("ht/1/ward-3/watch/batch", Whose::Foreign),
            ("ht/1/ward-3/watch", Whose::Ours),
            ("bad/topic", Whose::Ours),
        ] {
            assert_eq!(shards.whose(topic.as_bytes()), whose, "{topic}");
        }
    }
}
