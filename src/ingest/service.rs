//! Service: takes the shard, starts lanes and sessions, proves again and again that it holds the shard, and stops in
//! order.
//!
//! # Why
//! A daemon without its shard is a standby: it holds no session at the broker, since a second session of the same name
//! would take the first one's messages. It asks for the shard twice a second, so it learns within half a second that
//! the owner's connection has ended. An owner that cannot prove any more that it holds the shard leaves the broker, and
//! connects again only by a newer proof: its successor has the session to itself from the first moment on.
//!
//! A daemon that has lost its shard ends with an error: what it holds in memory was never acknowledged, and its new
//! owner receives it again. Its service manager starts it again, and it becomes a standby.
//!
//! Stopping: sessions stop reading, lanes write what is queued, sessions send the last acknowledgements and DISCONNECT.
//! Nothing depends on a clean stop.

use std::sync::Arc;
use std::time::Duration;

use sqlx::PgConnection;
use sqlx::postgres::PgPool;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::ack::Acks;
use super::intake::{Intake, Reader};
use super::named::Named;
use super::permanence::Permanence;
use super::quarantine::Cap;
use super::queue::{Lanes, Limits, Queue};
use super::session::Session;
use super::session::SessionContext;
use super::sessions::Sessions;
use super::shards::Shards;
use super::state::{Asker, Role, State};
use super::validate::{self, Validator};
use super::write::{Lane, Shared};
use crate::config::{IngestConfig, MqttConfig};
use crate::context::Context;
use crate::formats::Decoders;
use crate::formats::registry::FORMATS;
use crate::model::ids::ShardName;
use crate::model::unit::Units;
use crate::store::hot::check_all_visible;
use crate::store::pool::within;
use crate::store::shard::{self, Ownership};
use crate::store::{Fault, StoreError};
use crate::telemetry::chain;

/// How often a standby asks for the shard, and an owner proves that it still holds it.
const ASK_EVERY: Duration = Duration::from_millis(500);
/// How long the owner's proof may take before the connection counts as gone.
const PROOF_TIMEOUT: Duration = Duration::from_secs(5);
/// How long lanes may take to write what is queued when the daemon stops.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(6);
/// How long the last acknowledgements may take.
const LAST_ACKS_TIMEOUT: Duration = Duration::from_secs(1);

/// Everything that the way from broker to hot table needs.
#[derive(Debug)]
pub struct Service {
    /// The broker.
    pub mqtt: MqttConfig,
    /// Limits and lanes.
    pub ingest: IngestConfig,
    /// Database, clock, counts and the catalogue of metrics.
    pub context: Context,
    /// What the daemon is to its shard, for whoever waits for it.
    pub state: Arc<State>,
    /// For everything but the lanes.
    pub pool: PgPool,
    /// Unit words.
    pub units: Arc<Units>,
    /// The name of this daemon, for people who read the shard's row.
    pub owner: String,
    /// How much may be quarantined.
    pub cap: Arc<Cap>,
}

/// What asking for the shard came to.
#[derive(Debug)]
enum Attempt {
    Taken(Ownership, Box<PgConnection>),
    Held {
        /// By a former connection of this daemon's own.
        by_former: bool,
    },
}

/// Why ingest ended before it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// Another daemon owns the shard now.
    #[error("another daemon has taken shard {shard}: start this one again, and it waits as a standby")]
    Lost {
        /// Which shard.
        shard: String,
    },
    /// What cannot pass by waiting, and says itself what to do.
    #[error(transparent)]
    Store(StoreError),
    /// What cannot pass by waiting.
    #[error("ingest cannot continue: {remedy}")]
    Permanent {
        /// What an operator does.
        remedy: &'static str,
        /// Why.
        #[source]
        source: StoreError,
    },
    /// The shard's name is not valid.
    #[error("ingest.shard must be 1 to 64 letters, digits, full stops, underscores or hyphens")]
    Shard,
    /// A task has ended in a way that it must not.
    #[error("a lane or a session has ended by itself: start the daemon again, and report its log")]
    Ended,
    /// Not all could be written before the daemon stopped; the broker keeps it.
    #[error("{samples} samples were not written in time; the broker sends their messages again")]
    Unwritten {
        /// How many.
        samples: i64,
    },
}

impl From<StoreError> for IngestError {
    fn from(source: StoreError) -> IngestError {
        match source.remedy() {
            Some(remedy) => IngestError::Permanent { remedy, source },
            None => IngestError::Store(source),
        }
    }
}

impl Service {
    /// Waits for the shard, ingests, and stops in order once `stop` is cancelled.
    pub async fn run(self, stop: CancellationToken) -> Result<(), IngestError> {
        let shard = ShardName::parse(&self.ingest.shard).map_err(|_| IngestError::Shard)?;
        self.state.expect_connections(self.mqtt.connections);
        let Some((own, holder)) = self.take_shard(&shard, &stop).await? else { return Ok(()) };
        self.state.prove_shard();
        self.state.take_role(Role::Owner(own.clone()));
        tracing::info!(shard = shard.as_str(), shard.epoch = own.epoch.0, "this daemon owns its shard");
        let lost = CancellationToken::new();
        let worked = tokio::select! {
            worked = self.work(&own, &stop, &lost) => worked,
            held = self.hold_shard(holder, &own, &lost) => {
                Err(held.map_or_else(IngestError::from, |()| IngestError::Ended))
            }
        };
        if lost.is_cancelled() {
            return Err(IngestError::Lost { shard: shard.as_str().to_owned() });
        }
        worked
    }

    /// Asks for the shard until it is free; `None` where the daemon is to stop first.
    async fn take_shard(
        &self,
        shard: &ShardName,
        stop: &CancellationToken,
    ) -> Result<Option<(Ownership, PgConnection)>, StoreError> {
        loop {
            match self.try_take(shard, None).await {
                Ok(Attempt::Taken(own, connection)) => return Ok(Some((own, *connection))),
                Ok(Attempt::Held { .. }) => {
                    if self.state.status().role != Role::Standby {
                        self.state.take_role(Role::Standby);
                        tracing::info!(shard = shard.as_str(), "another daemon owns the shard; waiting as a standby");
                    }
                }
                Err(error) if error.fault() == Fault::Permanent => return Err(error),
                Err(error) => {
                    self.state.database_fails(Asker::Shard);
                    tracing::warn!("cannot try to take the shard: {}", chain(&error));
                }
            }
            tokio::select! {
                () = sleep(ASK_EVERY) => {}
                () = stop.cancelled() => return Ok(None),
            }
        }
    }

    async fn try_take(&self, shard: &ShardName, former: Option<&Ownership>) -> Result<Attempt, StoreError> {
        let mut connection = self.context.connector.connect().await?;
        let attempt = async {
            match (shard::try_take(&mut connection, shard, &self.owner, former).await?, former) {
                (Some(own), _) => Ok((Some(own), false)),
                (None, Some(former)) => Ok((None, shard::is_epoch(&mut connection, former).await?)),
                (None, None) => Ok((None, false)),
            }
        };
        let (taken, by_former) = within(PROOF_TIMEOUT, "taking the shard", attempt).await?;
        if taken.is_some() && former.is_none() {
            within(PROOF_TIMEOUT, "looking at blocks", check_all_visible(&mut connection)).await?;
        }
        self.state.database_works(Asker::Shard);
        Ok(taken.map_or(Attempt::Held { by_former }, |own| Attempt::Taken(own, Box::new(connection))))
    }

    /// Proves twice a second that the shard is held, takes it again after a database's restart or once the server knows
    /// that the connection that held it is dead, and cancels `lost` where somebody else has it. Returns only then.
    ///
    /// # Errors
    /// A fault that no waiting cures, answered twice in a row.
    async fn hold_shard(
        &self,
        mut holder: PgConnection,
        own: &Ownership,
        lost: &CancellationToken,
    ) -> Result<(), StoreError> {
        loop {
            sleep(ASK_EVERY).await;
            match within(PROOF_TIMEOUT, "keeping the shard", shard::still_alive(&mut holder)).await {
                Ok(()) => {
                    self.state.database_works(Asker::Shard);
                    self.state.prove_shard();
                    continue;
                }
                Err(error) => {
                    tracing::warn!("the connection that holds the shard is gone: {}", chain(&error));
                }
            }
            self.state.database_fails(Asker::Shard);
            let mut permanence = Permanence::default();
            holder = loop {
                match self.try_take(&own.shard, Some(own)).await {
                    Ok(Attempt::Taken(same, connection)) if same == *own => {
                        self.state.prove_shard();
                        break *connection;
                    }
                    Ok(Attempt::Held { by_former: true }) => sleep(ASK_EVERY).await,
                    Ok(_) => {
                        lost.cancel();
                        return Ok(());
                    }
                    Err(error) => {
                        if permanence.weigh(&error).is_none() {
                            return Err(error);
                        }
                        self.state.database_fails(Asker::Shard);
                        tracing::debug!("cannot try to take the shard: {}", chain(&error));
                        sleep(ASK_EVERY).await;
                    }
                }
            };
        }
    }

    /// Lanes and sessions, until `stop` and everything after it.
    async fn work(
        &self,
        own: &Ownership,
        stop: &CancellationToken,
        lost: &CancellationToken,
    ) -> Result<(), IngestError> {
        let limits = Limits {
            samples_max: self.ingest.batch_samples_max,
            bytes_max: self.ingest.batch_bytes_max,
            age_max: self.ingest.batch_age(),
        };
        let Some(sessions) = self.open_sessions(own, stop, lost).await? else { return Ok(()) };
        // Those that are left share one connection, one after the other.
        let connections = sessions.wanted.len() + sessions.left.len().min(1);
        let lanes = Lanes::new(self.ingest.lanes, connections, self.ingest.inflight_bytes_max, limits);
        let acks: Arc<[Arc<Acks>]> = (0..connections).map(|_| Arc::default()).collect();
        let (stop_reading, close) = (CancellationToken::new(), CancellationToken::new());
        let mut writing = self.start_lanes(own, &lanes, &acks);
        let readers_max = sessions.wanted.len() + sessions.left.len();
        let readers = Arc::new(Semaphore::new(readers_max));
        let around = SessionContext {
            telemetry: Arc::clone(&self.context.telemetry),
            state: Arc::clone(&self.state),
            clock: Arc::clone(&self.context.clock),
            stop_reading: stop_reading.clone(),
            close: close.clone(),
            readers: Arc::clone(&readers),
        };
        let shards = Arc::new(Shards::new(own.shard.clone()));
        shards.read(&self.pool).await;
        let mut reading = self.start_sessions(&sessions, &lanes, &acks, &around, &shards);
        let clock = self.context.clock.as_ref();
        tokio::select! {
            never = shards.follow(&self.pool) => match never {},
            never = sessions.keep_record(&self.mqtt, &self.pool, own, clock) => match never {},
            () = stop.cancelled() => {}
            () = lost.cancelled() => return Ok(()),
            // Neither ends before it is asked to, unless something is wrong.
            Some(ended) = writing.join_next() => return match ended {
                Ok(Err(error)) if error.fault() == Fault::Fenced => {
                    lost.cancel();
                    Ok(())
                }
                Ok(Err(error)) => Err(error.into()),
                Ok(Ok(())) | Err(_) => Err(IngestError::Ended),
            },
            Some(_) = reading.join_next() => return Err(IngestError::Ended),
        }
        stop_reading.cancel();
        let written = timeout(DRAIN_TIMEOUT, async {
            // What is still being read must find its lane: all permits back means that no session reads any more.
            let all = u32::try_from(readers_max).unwrap_or(u32::MAX);
            let _ = readers.acquire_many(all).await;
            lanes.queues.iter().for_each(Queue::close);
            while writing.join_next().await.is_some() {}
        });
        let written = written.await;
        close.cancel();
        let _ = timeout(LAST_ACKS_TIMEOUT, async { while reading.join_next().await.is_some() {} }).await;
        let (.., in_flight) = self.context.telemetry.balance();
        if written.is_err() || in_flight != 0 { Err(IngestError::Unwritten { samples: in_flight }) } else { Ok(()) }
    }

    fn start_lanes(&self, own: &Ownership, lanes: &Lanes, acks: &Arc<[Arc<Acks>]>) -> JoinSet<Result<(), StoreError>> {
        let shared = Shared {
            context: self.context.clone(),
            state: Arc::clone(&self.state),
            own: own.clone(),
            acks: Arc::clone(acks),
            budget: Arc::clone(&lanes.budget),
            cap: Arc::clone(&self.cap),
            unknown_device: self.ingest.unknown_device,
            remembered_series_max: self.ingest.remembered_series_max.div_ceil(lanes.queues.len().max(1)),
        };
        let mut writing = JoinSet::new();
        for number in 0..lanes.queues.len() {
            let (lane, queues) = (Lane::new(number, shared.clone()), Arc::clone(&lanes.queues));
            writing.spawn(async move {
                match queues.get(number) {
                    Some(queue) => lane.run(queue).await,
                    None => Ok(()),
                }
            });
        }
        writing
    }

    /// Reads which sessions there are, again and again until the database answers; `None` where the daemon is to stop
    /// first, or another owns the shard.
    async fn open_sessions(
        &self,
        own: &Ownership,
        stop: &CancellationToken,
        lost: &CancellationToken,
    ) -> Result<Option<Sessions>, StoreError> {
        loop {
            match Sessions::open(&self.mqtt, &self.pool, own, self.context.clock.as_ref()).await {
                Ok(sessions) => return Ok(Some(sessions)),
                Err(error) if error.fault() == Fault::Permanent => return Err(error),
                Err(error) if error.fault() == Fault::Fenced => lost.cancel(),
                Err(error) => tracing::warn!("cannot read the sessions of the shard, retrying: {}", chain(&error)),
            }
            tokio::select! {
                () = sleep(ASK_EVERY) => {}
                () = stop.cancelled() => return Ok(None),
                () = lost.cancelled() => return Ok(None),
            }
        }
    }

    fn start_sessions(
        &self,
        sessions: &Sessions,
        lanes: &Lanes,
        acks: &[Arc<Acks>],
        around: &SessionContext,
        shards: &Arc<Shards>,
    ) -> JoinSet<()> {
        let limits = validate::ValidationLimits {
            future_max_us: self.ingest.future_max_us(),
            past_max_us: self.ingest.past_max_us(),
            span_max_us: self.ingest.span_max_us(),
        };
        let validator = Validator::new(Arc::clone(&self.context.catalogue), Arc::clone(&self.units), limits);
        let window = self.mqtt.receive_maximum;
        let session = |number: usize, named: &Arc<Named>| {
            let acks = acks.get(number)?;
            let (lanes, telemetry) = (lanes.clone(), Arc::clone(&self.context.telemetry));
            let (shards, validator) = (Arc::clone(shards), validator.clone());
            let reader = Reader { shards, decoders: Decoders::new(FORMATS), validator };
            let intake = Intake::new(number, reader, lanes, Arc::clone(acks), telemetry, window);
            Some((Session::new(&self.mqtt, Arc::clone(named), Arc::clone(acks), around.clone())?, intake))
        };
        let mut reading = JoinSet::new();
        for (session, intake) in sessions.wanted.iter().enumerate().filter_map(|(number, named)| session(number, named))
        {
            reading.spawn(session.run(intake));
        }
        let left: Vec<_> = sessions.left.iter().filter_map(|named| session(sessions.wanted.len(), named)).collect();
        reading.spawn(drain(left, around.clone()));
        reading
    }
}

/// Drains sessions that are left, one after the other, once all that is wanted is subscribed. Ends with the daemon.
async fn drain(left: Vec<(Session, Intake)>, around: SessionContext) {
    tokio::select! {
        () = around.state.all_subscribed() => {}
        () = around.stop_reading.cancelled() => return,
    }
    for (session, intake) in left {
        session.run(intake).await;
    }
    around.close.cancelled().await;
}
