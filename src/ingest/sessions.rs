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
use std::time::Duration;

use sqlx::postgres::PgPool;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use super::leave::Left;
use super::named::{Named, SessionState};
use crate::config::MqttConfig;
use crate::model::time::{Clock, Timestamp};
use crate::mqtt::connect::{broker_url, shown};
use crate::store::StoreError;
use crate::store::mqtt_session::{RecordedSession, end_session, note_connected, open_sessions, record_session};
use crate::store::pool::within;
use crate::store::shard::Ownership;
use crate::telemetry::chain;

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
    broker: String,
    /// Those of the configuration, by the number of their connection.
    pub wanted: Vec<Arc<Named>>,
    /// Those of an earlier one, to be drained.
    pub left: Vec<Arc<Named>>,
    changed: Arc<Notify>,
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
        for session in recorded.extract_if(.., |session| session.has_expired(now)) {
            let (broker, client) = (&session.broker, &session.client_id);
            tracing::warn!(broker.url = %broker, mqtt.client = %client, "a session has expired before anybody came \
                back to it: messages that waited in it are lost");
            let end = end_session(pool, own, (broker, client), now);
            within(STEP_TIMEOUT, "ending a session", end).await?;
        }
        let sessions = Sessions::plan(config, &recorded);
        for session in &sessions.wanted {
            sessions.record(pool, own, session, config.session_expiry_s, now).await?;
        }
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

    /// Those in which something may wait that must come before anything new.
    pub fn behind(&self) -> impl Iterator<Item = String> {
        self.all().filter(|named| named.known().left != Left::default()).map(|named| named.client_id.clone())
    }

    /// Records what connections learn, until all is dropped.
    pub async fn keep_record(
        &self,
        config: &MqttConfig,
        pool: &PgPool,
        own: &Ownership,
        clock: &dyn Clock,
    ) -> std::convert::Infallible {
        let mut recorded: Vec<SessionState> = self.all().map(|named| named.known()).collect();
        loop {
            let is_due = timeout(NOTE_EVERY, self.changed.notified()).await.is_err();
            for (named, recorded) in self.all().zip(&mut recorded) {
                let (known, now) = (named.known(), clock.now());
                if known == *recorded && !(is_due && known.is_connected) {
                    continue;
                }
                match self.write(config, pool, own, named, (&known, recorded), now).await {
                    Ok(()) => *recorded = known,
                    Err(error) => {
                        tracing::debug!("cannot record a session, retrying: {}", chain(&error));
                        sleep(RETRY_AFTER).await;
                        self.changed.notify_one();
                    }
                }
            }
        }
    }

    /// Writes what has changed of one session.
    async fn write(
        &self,
        config: &MqttConfig,
        pool: &PgPool,
        own: &Ownership,
        named: &Named,
        (known, recorded): (&SessionState, &SessionState),
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let name = (self.broker.as_str(), named.client_id.as_str());
        if known.has_ended {
            end_session(pool, own, ("", name.1), now).await?;
            return within(STEP_TIMEOUT, "ending a session", end_session(pool, own, name, now)).await;
        }
        if known.left != recorded.left && !known.left.session {
            self.record(pool, own, named, config.session_expiry_s, now).await?;
        }
        match known.connected_at {
            Some(at) => {
                let at = if known.is_connected { now } else { at };
                let note = note_connected(pool, own, name, known.expiry_s, at);
                within(STEP_TIMEOUT, "noting a connection", note).await
            }
            None => Ok(()),
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
        within(STEP_TIMEOUT, "recording a session", record_session(pool, own, &session)).await
    }

    fn all(&self) -> impl Iterator<Item = &Arc<Named>> {
        self.wanted.iter().chain(&self.left)
    }
}
