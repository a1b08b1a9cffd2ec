//! Sessions: which ones this daemon has at the broker, which it has left behind, and the record of both.
//!
//! # Why
//! A broker acknowledges a message once it lies in a session, whoever comes to fetch it. So each is recorded before
//! it first subscribes, with its filters. Where the configuration has changed since, what waits in what is left behind
//! is taken first, then all that is wanted is subscribed, and only then is the rest left, so that no message falls
//! between the two or comes before an older one (`leave`). What comes twice meanwhile is stored once.
//!
//! Invariant: whatever may lie in a session at the broker, the session is in `signal.mqtt_session` and not ended.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::postgres::PgPool;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use super::leave::Left;
use super::named::{Named, SessionState};
use crate::config::MqttConfig;
use crate::model::time::{Clock, Timestamp};
use crate::mqtt::connect::{broker_url, shown};
use crate::store::StoreError;
use crate::store::mqtt_session::{
    Connection, RecordedSession, end_session, leave_session, names_of_others, note_connected, open_sessions,
    record_session,
};
use crate::store::pool::within;
use crate::store::shard::Ownership;
use crate::telemetry::chain;

/// The client id that a daemon had which recorded no session.
const FORMER_DEFAULT: &str = "healthtrack";
/// Sessions that are drained at a time; more wait for the next start.
const LEFT_MAX: usize = 16;
/// How long a step with the database may take.
const STEP_TIMEOUT: Duration = Duration::from_secs(10);
/// How old the time of the last connection may become in the record.
const NOTE_EVERY: Duration = Duration::from_secs(60);
/// How soon a failed step is tried again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The sessions of one daemon.
#[derive(Debug)]
pub struct Sessions {
    /// Where they are.
    pub broker: String,
    /// Those of the configuration, by the number of their connection.
    pub wanted: Vec<Arc<Named>>,
    /// Those of an earlier one, to be drained.
    pub left: Vec<Arc<Named>>,
    changed: Arc<Notify>,
}

/// What is known of the database's clock, by which daemons of several shards compare moments.
#[derive(Debug, Default)]
struct DatabaseClock(Option<(Timestamp, Instant)>);

impl DatabaseClock {
    /// The database has answered just now, and this was its time before it did.
    fn learn(&mut self, answered_at: Option<Timestamp>) {
        self.0 = answered_at.map(|at| (at, Instant::now())).or(self.0);
    }

    /// Its time at a moment, or a little earlier.
    fn not_after(&self, moment: Instant) -> Option<Timestamp> {
        let (at, learnt) = self.0?;
        let us = |duration: Duration| i64::try_from(duration.as_micros()).ok();
        let since_us = match moment.checked_duration_since(learnt) {
            Some(since) => us(since)?,
            None => -us(learnt.duration_since(moment))?,
        };
        Some(at.plus_micros(since_us))
    }
}

impl Sessions {
    /// Those of the configuration alone, of which nothing is recorded.
    pub fn of(config: &MqttConfig) -> Sessions {
        Sessions::plan(config, &[])
    }

    /// Reads what was recorded, and records what is wanted before it is connected.
    pub async fn open(
        config: &MqttConfig,
        pool: &PgPool,
        own: &Ownership,
        clock: &dyn Clock,
    ) -> Result<Sessions, StoreError> {
        let now = clock.now();
        let mut recorded = within(STEP_TIMEOUT, "reading sessions", open_sessions(pool, own)).await?;
        // Where no broker was written down, the name is a former default's. Under a name of its own, this daemon never
        // had that session, and somebody else's may be called so.
        let default = format!("{FORMER_DEFAULT}-{}", own.shard.as_str());
        let had_default = config.client_id == FORMER_DEFAULT || config.client_id == default;
        recorded.retain(|session| had_default || !session.broker.is_empty());
        let taken = within(STEP_TIMEOUT, "reading sessions of other shards", names_of_others(pool, own)).await?;
        let is_taken = |session: &RecordedSession| {
            let is_wanted = config.sessions().iter().any(|(client_id, _)| *client_id == session.client_id);
            !is_wanted && taken.contains(&(session.broker.clone(), session.client_id.clone()))
        };
        for session in recorded.extract_if(.., |session| is_taken(session)) {
            tracing::warn!(mqtt.client = %session.client_id, "a session of an earlier configuration has become one of \
                another shard, so it is not drained here");
        }
        let sessions = Sessions::plan(config, &recorded);
        sessions.try_record(config, pool, own, now).await?;
        for session in recorded.iter().filter(|session| !session.broker.is_empty() && session.broker != sessions.broker)
        {
            let (broker, client) = (&session.broker, &session.client_id);
            tracing::warn!(broker.url = %broker, mqtt.client = %client, "a session at another broker may still hold \
                messages; `healthtrack doctor` tells what to do");
        }
        Ok(sessions)
    }

    fn plan(config: &MqttConfig, recorded: &[RecordedSession]) -> Sessions {
        let (broker, changed) =
            (broker_url(config).map(|url| shown(&url)).unwrap_or_default(), Arc::new(Notify::new()));
        let here = |session: &&RecordedSession| session.broker == broker || session.broker.is_empty();
        let known = |sessions: &[&RecordedSession], left| SessionState {
            left,
            connected_at: sessions.iter().filter_map(|session| session.connected_at).max(),
            expiry_s: sessions.iter().map(|session| session.expiry_s).max().unwrap_or(config.session_expiry_s),
            ..SessionState::default()
        };
        let wanted = config.sessions().into_iter().map(|(client_id, filters)| {
            let same: Vec<_> = recorded.iter().filter(here).filter(|session| session.client_id == client_id).collect();
            let before: BTreeSet<&String> = same.iter().flat_map(|session| &session.filters).collect();
            let dropped = before.into_iter().filter(|filter| !filters.contains(filter)).cloned().collect();
            let known = known(&same, Left { filters: dropped, session: false });
            Arc::new(Named::new(client_id, filters, known, Arc::clone(&changed)))
        });
        let wanted: Vec<_> = wanted.collect();
        let is_wanted = |session: &&RecordedSession| wanted.iter().any(|named| named.client_id == session.client_id);
        let left = recorded.iter().filter(here).filter(|session| !is_wanted(session)).take(LEFT_MAX).map(|session| {
            let known = known(&[session], Left { filters: session.filters.clone(), session: true });
            Arc::new(Named::new(session.client_id.clone(), Vec::new(), known, Arc::clone(&changed)))
        });
        Sessions { left: left.collect(), broker, wanted, changed }
    }

    /// The names of all.
    pub fn client_ids(&self) -> Vec<String> {
        self.all().map(|named| named.client_id.clone()).collect()
    }

    /// Those in which something may wait that must come before anything new.
    pub fn behind(&self) -> impl Iterator<Item = String> {
        self.all().filter(|named| named.known().left != Left::default()).map(|named| named.client_id.clone())
    }

    /// Has those that are wanted prove again and again that they are connected, or not.
    pub fn ask_for_proof(&self, asks: bool) {
        self.wanted.iter().for_each(|named| named.ask_for_proof(asks));
    }

    /// Records what connections learn, until all is dropped.
    pub async fn keep_record(
        &self,
        config: &MqttConfig,
        pool: &PgPool,
        own: &Ownership,
        clock: &dyn Clock,
    ) -> std::convert::Infallible {
        // By another right, the database may lack what was recorded by the former one.
        let mut recorded: Vec<SessionState> = self.all().map(|_| SessionState::default()).collect();
        let (mut is_recorded, mut database_clock) = (false, DatabaseClock::default());
        loop {
            if !is_recorded {
                is_recorded = self.record_all(config, pool, own, clock.now()).await;
            }
            let is_due = timeout(NOTE_EVERY, self.changed.notified()).await.is_err();
            for (named, recorded) in self.all().zip(&mut recorded) {
                let (known, now) = (named.known(), clock.now());
                if known == *recorded && !(is_due && known.is_connected) {
                    continue;
                }
                let proved_at = known.proved.and_then(|proved| database_clock.not_after(proved));
                match self.write(config, pool, own, named, (&known, recorded, proved_at), now).await {
                    Ok(answered_at) => {
                        database_clock.learn(answered_at);
                        *recorded = known;
                    }
                    Err(error) => {
                        tracing::debug!("cannot record a session, retrying: {}", chain(&error));
                        sleep(RETRY_AFTER).await;
                        self.changed.notify_one();
                    }
                }
            }
        }
    }

    async fn record_all(&self, config: &MqttConfig, pool: &PgPool, own: &Ownership, now: Timestamp) -> bool {
        let recorded = self.try_record(config, pool, own, now).await;
        if let Err(error) = &recorded {
            tracing::debug!("cannot record the sessions, retrying: {}", chain(error));
            sleep(RETRY_AFTER).await;
        }
        recorded.is_ok()
    }

    /// Records what is wanted before it is connected, and that the rest is left before it is.
    async fn try_record(
        &self,
        config: &MqttConfig,
        pool: &PgPool,
        own: &Ownership,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        for session in &self.wanted {
            self.record(pool, own, session, config.session_expiry_s, now).await?;
        }
        for session in &self.left {
            let name = (self.broker.as_str(), session.client_id.as_str());
            within(STEP_TIMEOUT, "noting that a session is left", leave_session(pool, own, name)).await?;
        }
        Ok(())
    }

    /// Writes what has changed of one session; returns the database's time.
    async fn write(
        &self,
        config: &MqttConfig,
        pool: &PgPool,
        own: &Ownership,
        named: &Named,
        (known, recorded, proved_at): (&SessionState, &SessionState, Option<Timestamp>),
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        let name = (self.broker.as_str(), named.client_id.as_str());
        if known.has_ended {
            within(STEP_TIMEOUT, "ending a session", end_session(pool, own, ("", name.1), now)).await?;
            within(STEP_TIMEOUT, "ending a session", end_session(pool, own, name, now)).await?;
            return Ok(None);
        }
        if known.left != recorded.left && !known.left.session {
            self.record(pool, own, named, config.session_expiry_s, now).await?;
        }
        match known.connected_at {
            Some(at) => {
                let at = if known.is_connected { now } else { at };
                let connection = Connection {
                    at,
                    expiry_s: known.expiry_s,
                    granted: if known.granted_at.is_some() { &named.filters } else { &[] },
                    granted_at: known.granted_at,
                    proved_at,
                };
                let note = note_connected(pool, own, name, &connection);
                within(STEP_TIMEOUT, "noting a connection", note).await
            }
            None => Ok(None),
        }
    }

    /// Records a session with all filters that it may have at the broker.
    async fn record(
        &self,
        pool: &PgPool,
        own: &Ownership,
        named: &Named,
        expiry_s: u32,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let filters = named.filters.iter().chain(&named.known().left.filters).cloned().collect();
        let session = RecordedSession {
            shard: own.shard.as_str().to_owned(),
            broker: self.broker.clone(),
            client_id: named.client_id.clone(),
            filters,
            expiry_s,
            recorded_at: now,
            connected_at: None,
        };
        within(STEP_TIMEOUT, "recording a session", record_session(pool, own, &session, &named.filters)).await
    }

    fn all(&self) -> impl Iterator<Item = &Arc<Named>> {
        self.wanted.iter().chain(&self.left)
    }
}
