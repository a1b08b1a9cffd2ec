//! Shards: whose a topic is.
//!
//! # Why
//! A filter may be wider than this daemon's shard. A message that another shard's session has a copy of is that
//! daemon's: ours is acknowledged and not read at all. That it has one is certain where the broker had granted the
//! topic's own shard a filter that matches, before the message was published, and where the connection for which it did
//! so has lived since. So what others are granted counts
//!
//! - for messages of their own shard alone, since nobody else's would be stored by them;
//! - while they prove that they are connected: each asks the broker, and records that it was answered (`named`). Who is
//!   away may have a full session, or none any more by the time it comes back;
//! - where that was proved since this connection began: a broker that has forgotten our session has forgotten theirs;
//! - for what comes after the moment in which nothing waited at the broker for this connection, if the grant was known
//!   when the broker was asked, not only when its answer was read;
//! - for as long as they record that they keep the filter: they do so some time before they unsubscribe (`session`).
//!
//! Any other message of another shard may have no reader but us, whether or not its shard has a daemon, so it goes to
//! quarantine and waits there for one. What remains: a session that somebody ends at the broker counts until its daemon
//! has noticed and that is read here, which takes a second or two.
//!
//! Invariant: nothing here waits for the database. Who subscribes to what is read beside the sessions, and a message of
//! which nobody is known to have a copy is kept.

use std::collections::HashSet;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rumqttc::v5::mqttbytes::matches;
use sqlx::postgres::PgPool;
use tokio::time::sleep;

use super::sessions::Sessions;
use crate::formats::topic;
use crate::model::ids::ShardName;
use crate::store::mqtt_session::{GrantedFilter, grants_of_others};
use crate::store::pool::within;
use crate::telemetry::chain;

/// How often the grants are read.
const READ_EVERY: Duration = Duration::from_secs(1);
/// How old they may be and still count: less than others wait before they leave one.
const AGE_MAX: Duration = Duration::from_secs(4);
/// For how long it counts that another was connected: some of its rounds with the broker, the record, and our reading.
const PROOF_AGE_MAX: Duration = Duration::from_secs(10);
/// Shards of which the log has told; of more it does not.
const TOLD_MAX: usize = 1_000;
/// What a member of a group of subscribers calls its filter.
const SHARED: &str = "$share/";

/// Whose a message is, by its topic.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// This daemon's, or that of no shard at all, which is an invalid topic.
    Ours,
    /// Another daemon's, whose session has a copy.
    Foreign,
    /// Of another shard, and nobody is known to have a copy.
    Nobodys,
}

/// The daemon's own shard, and what others have subscribed to.
#[derive(Debug)]
pub struct Shards {
    own: ShardName,
    /// The beginning of own topics.
    prefix: String,
    others: Mutex<Others>,
}

#[derive(Debug, Default)]
struct Others {
    grants: Vec<KnownFilter>,
    /// When they were asked for.
    read_at: Option<Instant>,
    /// Shards of which the log has told that their messages come here.
    told: HashSet<String>,
}

/// A filter that a session of another shard has, since one moment and over one connection.
#[derive(Clone, Debug)]
struct KnownFilter {
    grant: GrantedFilter,
    /// When it was first read.
    first_read: Instant,
    /// A moment at which its session was connected for certain.
    proved: Option<Instant>,
}

/// What one connection knows of others.
#[derive(Debug)]
pub struct ShardsView {
    shards: Arc<Shards>,
    /// When it began.
    begun: Instant,
    /// What was granted before anything that comes now was published.
    older: Vec<GrantedFilter>,
    /// A message came that one more of them matches.
    is_behind: bool,
}

impl Shards {
    /// Those seen from `own`; nothing is known of others yet.
    pub fn new(own: ShardName) -> Shards {
        let prefix = format!("ht/1/{}/", own.as_str());
        Shards { own, prefix, others: Mutex::default() }
    }

    /// Reads again and again what other shards are granted at our broker, but for sessions that have one of our names;
    /// and where one of them gets our messages, has our sessions prove that they are connected.
    pub async fn follow(&self, pool: &PgPool, sessions: &Sessions) -> Infallible {
        let ours = sessions.client_ids();
        loop {
            let begun = Instant::now();
            let reading = grants_of_others(pool, &self.own, &sessions.broker, &ours);
            match within(AGE_MAX, "reading what other shards have subscribed to", reading).await {
                Ok(grants) => {
                    let gets_ours = |(grant, _): &(GrantedFilter, _)| covers(&grant.filter, self.own.as_str());
                    sessions.ask_for_proof(grants.iter().any(gets_ours));
                    self.others().read(grants, begun);
                }
                Err(error) => tracing::debug!("cannot read what other shards have subscribed to: {}", chain(&error)),
            }
            sleep(READ_EVERY).await;
        }
    }

    fn others(&self) -> MutexGuard<'_, Others> {
        self.others.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Others {
    /// Takes what was asked for at `begun`: each grant, and how long ago its session was connected for certain.
    fn read(&mut self, grants: Vec<(GrantedFilter, Option<Duration>)>, begun: Instant) {
        let now = Instant::now();
        let known = |(grant, age): (GrantedFilter, Option<Duration>)| {
            let before = self.grants.iter().find(|known| known.grant == grant);
            let first_read = before.map_or(now, |known| known.first_read);
            // The age was measured after `begun`.
            KnownFilter { grant, first_read, proved: age.and_then(|age| begun.checked_sub(age)) }
        };
        // Of a member of a group nobody knows whether it has the copy.
        let counting = grants.into_iter().filter(|(grant, _)| !grant.filter.starts_with(SHARED));
        self.grants = counting.map(known).collect();
        self.read_at = Some(begun);
    }

    /// What counts now for a connection that began then.
    fn present(&self, begun: Instant) -> impl Iterator<Item = &KnownFilter> {
        let is_fresh = self.read_at.is_some_and(|at| at.elapsed() < AGE_MAX);
        let is_proved = move |known: &&KnownFilter| {
            is_fresh && known.proved.is_some_and(|proved| proved > begun && proved.elapsed() < PROOF_AGE_MAX)
        };
        self.grants.iter().filter(is_proved)
    }
}

impl ShardsView {
    /// What a connection knows at its beginning: nothing.
    pub fn new(shards: Arc<Shards>) -> ShardsView {
        ShardsView { shards, begun: Instant::now(), older: Vec::new(), is_behind: false }
    }

    /// A new connection: what comes first may have been published at any time.
    pub fn forget(&mut self) {
        (self.begun, self.older, self.is_behind) = (Instant::now(), Vec::new(), false);
    }

    /// Everything came that was published before the broker was asked, which was at `asked`.
    pub fn catch_up(&mut self, asked: Instant) {
        let others = self.shards.others();
        let older = others.present(self.begun).filter(|known| known.first_read <= asked);
        (self.older, self.is_behind) = (older.map(|known| known.grant.clone()).collect(), false);
    }

    /// Whether that would change anything.
    pub fn wants_catch_up(&self) -> bool {
        self.is_behind
    }

    /// Whose a topic is.
    pub fn whose(&mut self, name: &[u8]) -> Whose {
        if name.starts_with(self.shards.prefix.as_bytes()) {
            return Whose::Ours;
        }
        let Ok(parts) = topic::parse(name) else { return Whose::Ours };
        let Ok(name) = std::str::from_utf8(name) else { return Whose::Ours };
        let mut others = self.shards.others();
        let has_copy = |known: &&KnownFilter| known.grant.shard == parts.shard && matches(name, &known.grant.filter);
        let mut copies = others.present(self.begun).filter(has_copy).peekable();
        let is_anybodys = copies.peek().is_some();
        if !copies.any(|known| self.older.contains(&known.grant)) {
            self.is_behind |= is_anybodys;
            return Whose::Nobodys;
        }
        drop(copies);
        if others.told.len() < TOLD_MAX && !others.told.contains(parts.shard) {
            others.told.insert(parts.shard.to_owned());
            let (own, shard) = (self.shards.own.as_str(), parts.shard);
            tracing::warn!(
                own.shard = own,
                topic.shard = shard,
                "mqtt.filters of shard {own} bring messages of shard {shard}, which that shard's session has, too: \
                 they are acknowledged and left to it; narrow the filters"
            );
        }
        Whose::Foreign
    }
}

/// Whether a filter, of one subscriber or of a group, may match topics of a shard.
fn covers(filter: &str, shard: &str) -> bool {
    let of_all = filter.strip_prefix(SHARED).and_then(|shared| shared.split_once('/')).map_or(filter, |(_, of)| of);
    for (level, wanted) in of_all.split('/').zip(["ht", "1", shard]) {
        match level {
            "#" => return true,
            "+" => {}
            level if level == wanted => {}
            _ => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::Timestamp;

    const SECOND: Duration = Duration::from_secs(1);

    fn shards() -> Arc<Shards> {
        Arc::new(Shards::new(ShardName::parse("main").unwrap()))
    }

    fn grant(shard: &str, filter: &str) -> GrantedFilter {
        GrantedFilter { shard: shard.to_owned(), client_id: shard.to_owned(), filter: filter.to_owned(), since: None }
    }

    /// Takes grants that were proved just now.
    fn set(shards: &Shards, grants: &[(&str, &str)]) {
        let proved = grants.iter().map(|(shard, filter)| (grant(shard, filter), Some(Duration::ZERO))).collect();
        shards.others().read(proved, Instant::now());
    }

    /// One that has caught up with them.
    fn caught_up(shards: &Arc<Shards>, grants: &[(&str, &str)]) -> ShardsView {
        let mut view = ShardsView::new(Arc::clone(shards));
        set(shards, grants);
        view.catch_up(Instant::now());
        view
    }

    #[test]
    fn a_topic_is_ours_another_daemons_or_nobodys() {
        let grants = [("ward-3", "ht/1/ward-3/+/batch"), ("ward-4", "ht/1/+/+/+"), ("ward-5", "$share/all/ht/1/+/+/+")];
        let mut view = caught_up(&shards(), &grants);
        for (topic, whose) in [
            ("ht/1/main/watch/batch", Whose::Ours),
            ("ht/1/mainly/watch/batch", Whose::Nobodys),
            ("ht/1/ward-3/watch/batch", Whose::Foreign),
            ("ht/1/ward-4/watch/omh", Whose::Foreign),
            // Another has it, and may not store it.
            ("ht/1/ward-3/watch/omh", Whose::Nobodys),
            // One of the group has it, which may be us.
            ("ht/1/ward-5/watch/omh", Whose::Nobodys),
            ("ht/1/ward-3/watch", Whose::Ours),
            ("bad/topic", Whose::Ours),
        ] {
            assert_eq!(view.whose(topic.as_bytes()), whose, "{topic}");
        }
    }

    #[test]
    fn only_what_was_published_after_anothers_subscription_is_left_to_it() {
        let (topic, shards, grants) = (b"ht/1/ward-3/watch/batch", shards(), [("ward-3", "ht/1/ward-3/+/+")]);
        let mut view = caught_up(&shards, &[]);
        assert_eq!((view.whose(topic), view.wants_catch_up()), (Whose::Nobodys, false));
        set(&shards, &grants);
        assert_eq!((view.whose(topic), view.wants_catch_up()), (Whose::Nobodys, true));
        view.catch_up(Instant::now());
        assert_eq!((view.whose(topic), view.wants_catch_up()), (Whose::Foreign, false));
        // What was not acknowledged comes again.
        view.forget();
        assert_eq!(view.whose(topic), Whose::Nobodys);
        set(&shards, &grants);
        view.catch_up(Instant::now());
        assert_eq!(view.whose(topic), Whose::Foreign);
        set(&shards, &[]);
        assert_eq!(view.whose(topic), Whose::Nobodys);
    }

    /// Its answer may lie for long before it is read, and more is published meanwhile.
    #[test]
    fn what_was_granted_after_the_broker_was_asked_does_not_count_at_its_answer() {
        let (topic, shards) = (b"ht/1/ward-3/watch/batch", shards());
        let mut view = caught_up(&shards, &[]);
        let asked = Instant::now();
        set(&shards, &[("ward-3", "ht/1/ward-3/+/+")]);
        view.catch_up(asked);
        assert_eq!((view.whose(topic), view.wants_catch_up()), (Whose::Nobodys, true));
        view.catch_up(Instant::now());
        assert_eq!(view.whose(topic), Whose::Foreign);
    }

    #[test]
    fn what_is_granted_over_a_new_connection_counts_only_from_then_on() {
        let (topic, shards) = (b"ht/1/ward-3/watch/batch", shards());
        let mut view = caught_up(&shards, &[("ward-3", "ht/1/ward-3/+/+")]);
        assert_eq!(view.whose(topic), Whose::Foreign);
        let anew =
            GrantedFilter { since: Some(Timestamp::from_micros(1).unwrap()), ..grant("ward-3", "ht/1/ward-3/+/+") };
        shards.others().read(vec![(anew, Some(Duration::ZERO))], Instant::now());
        assert_eq!((view.whose(topic), view.wants_catch_up()), (Whose::Nobodys, true));
    }

    #[test]
    fn what_is_not_proved_now_or_was_not_since_the_connection_began_does_not_count() {
        let (topic, shards) = (b"ht/1/ward-3/watch/batch", shards());
        let mut view = ShardsView::new(Arc::clone(&shards));
        view.begun = Instant::now().checked_sub(SECOND * 60).unwrap();
        for (age, whose) in [
            (Some(SECOND), Whose::Foreign),
            (Some(PROOF_AGE_MAX), Whose::Nobodys),
            (Some(SECOND * 3_600), Whose::Nobodys),
            (None, Whose::Nobodys),
        ] {
            shards.others().read(vec![(grant("ward-3", "ht/1/ward-3/+/+"), age)], Instant::now());
            view.catch_up(Instant::now());
            assert_eq!(view.whose(topic), whose, "{age:?}");
        }
        view.forget();
        shards.others().read(vec![(grant("ward-3", "ht/1/ward-3/+/+"), Some(SECOND))], Instant::now());
        view.catch_up(Instant::now());
        assert_eq!((view.whose(topic), view.wants_catch_up()), (Whose::Nobodys, false));
    }

    #[test]
    fn what_was_read_long_ago_does_not_count() {
        let shards = shards();
        let mut view = caught_up(&shards, &[("ward-3", "ht/1/ward-3/+/+")]);
        shards.others().read_at = Instant::now().checked_sub(AGE_MAX);
        assert_eq!(view.whose(b"ht/1/ward-3/watch/batch"), Whose::Nobodys);
    }

    #[test]
    fn a_filter_covers_a_shard_where_it_may_match_its_topics() {
        for (filter, is_covering) in [
            ("ht/1/+/+/+", true),
            ("ht/1/main/watch/+", true),
            ("ht/#", true),
            ("#", true),
            ("$share/group/ht/1/+/+/+", true),
            ("$share/group/ht/1/ward-3/+/+", false),
            ("ht/1/ward-3/+/+", false),
            ("ht/2/+/+/+", false),
        ] {
            assert_eq!(covers(filter, "main"), is_covering, "{filter}");
        }
    }
}
