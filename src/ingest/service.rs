//! Service: takes the shard, starts lanes and sessions, and stops in order.
//!
//! # Why
//! A daemon that has lost its shard ends with an error: what it holds in memory was never acknowledged, and its new
//! owner receives it again. Its service manager starts it again, and it becomes a standby.
//!
//! Stopping: sessions stop reading, lanes write what is queued, sessions send the last acknowledgements and DISCONNECT.
//! Nothing depends on a clean stop.

use std::convert::Infallible;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use sqlx::postgres::PgPool;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::ack::Acks;
use super::holder::{ASK_EVERY, Holder};
use super::intake::{Intake, Reader};
use super::named::Named;
use super::quarantine::Cap;
use super::queue::{Lanes, Limits, Queue};
use super::rights::Rights;
use super::session::Session;
use super::session::SessionContext;
use super::sessions::Sessions;
use super::shards::{Shards, ShardsView};
use super::state::State;
use super::validate::{self, Validator};
use super::write::{Lane, Shared};
use crate::config::{IngestConfig, MqttConfig, UnknownDevice};
use crate::context::Context;
use crate::formats::Decoders;
use crate::formats::registry::FORMATS;
use crate::model::ids::ShardName;
use crate::model::unit::Units;
use crate::store::newcomers::DevicePolicy;
use crate::store::shard::Ownership;
use crate::store::{Fault, StoreError};
use crate::telemetry::chain;

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

/// Why ingest ended before it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// Another daemon owns the shard now.
    #[error(
        "the right to shard {shard} was taken away, by another daemon or to move or erase devices: start this one again"
    )]
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
        let holder = Holder {
            context: self.context.clone(),
            state: Arc::clone(&self.state),
            shard: shard.clone(),
            owner: self.owner.clone(),
            lanes: self.ingest.lanes,
        };
        let Some((writers, connection)) = holder.take(&stop).await? else { return Ok(()) };
        let acks = OnceLock::new();
        let (rights, lost) = (Arc::new(Rights::new(writers)), CancellationToken::new());
        let worked = tokio::select! {
            worked = self.work(&rights, &acks, &stop, &lost) => worked,
            held = holder.hold(connection, &rights, &acks, &lost) => {
                Err(held.map_or_else(IngestError::from, |()| IngestError::Ended))
            }
        };
        if lost.is_cancelled() {
            return Err(IngestError::Lost { shard: shard.as_str().to_owned() });
        }
        worked
    }

    /// Lanes and sessions, until `stop` and everything after it.
    async fn work(
        &self,
        rights: &Arc<Rights>,
        acks: &OnceLock<Arc<[Arc<Acks>]>>,
        stop: &CancellationToken,
        lost: &CancellationToken,
    ) -> Result<(), IngestError> {
        let limits = Limits {
            samples_max: self.ingest.batch_samples_max,
            bytes_max: self.ingest.batch_bytes_max,
            age_max: self.ingest.batch_age(),
        };
        let Some(sessions) = self.open_sessions(rights.present().own(), stop, lost).await? else { return Ok(()) };
        self.state.expect_behind(sessions.behind());
        let connections = sessions.wanted.len() + sessions.left.len();
        let lanes = Lanes::new(self.ingest.lanes, connections, self.ingest.inflight_bytes_max, limits);
        let acks = acks.get_or_init(|| (0..connections).map(|_| Arc::default()).collect());
        let (stop_reading, close) = (CancellationToken::new(), CancellationToken::new());
        let mut writing = self.start_lanes(rights, &lanes, acks);
        let readers = Arc::new(Semaphore::new(connections));
        let around = SessionContext {
            telemetry: Arc::clone(&self.context.telemetry),
            state: Arc::clone(&self.state),
            clock: Arc::clone(&self.context.clock),
            stop_reading: stop_reading.clone(),
            close: close.clone(),
            readers: Arc::clone(&readers),
        };
        let shards = Arc::new(Shards::new(rights.present().own().shard.clone()));
        let mut reading = self.start_sessions(&sessions, &lanes, acks, &around, &shards);
        tokio::select! {
            never = shards.follow(&self.pool, &sessions) => match never {},
            never = self.keep_record(&sessions, rights) => match never {},
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
            let all = u32::try_from(connections).unwrap_or(u32::MAX);
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

    /// Keeps the record of sessions by the right of the moment.
    async fn keep_record(&self, sessions: &Sessions, rights: &Rights) -> Infallible {
        loop {
            let own = rights.present().own().clone();
            let clock = self.context.clock.as_ref();
            tokio::select! {
                never = sessions.keep_record(&self.mqtt, &self.pool, &own, clock) => match never {},
                _ = rights.after(own.epoch) => {}
            }
        }
    }

    fn start_lanes(
        &self,
        rights: &Arc<Rights>,
        lanes: &Lanes,
        acks: &Arc<[Arc<Acks>]>,
    ) -> JoinSet<Result<(), StoreError>> {
        let shared = Shared {
            context: self.context.clone(),
            state: Arc::clone(&self.state),
            rights: Arc::clone(rights),
            acks: Arc::clone(acks),
            budget: Arc::clone(&lanes.budget),
            cap: Arc::clone(&self.cap),
            policy: DevicePolicy {
                enrols: self.ingest.unknown_device == UnknownDevice::Enrol,
                sources: self.ingest.device_sources,
            },
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
        let limits = validate::ValidationLimits::from(&self.ingest);
        let validator = Validator::new(Arc::clone(&self.context.catalogue), Arc::clone(&self.units), limits);
        let window = self.mqtt.receive_maximum;
        let session = |number: usize, named: &Arc<Named>| {
            let acks = acks.get(number)?;
            let (lanes, telemetry) = (lanes.clone(), Arc::clone(&self.context.telemetry));
            let (shards, validator) = (ShardsView::new(Arc::clone(shards)), validator.clone());
            let reader = Reader { shards, decoders: Decoders::new(FORMATS), validator };
            let intake = Intake::new(number, reader, lanes, Arc::clone(acks), telemetry, window);
            Some((Session::new(&self.mqtt, Arc::clone(named), Arc::clone(acks), around.clone())?, intake))
        };
        let mut reading = JoinSet::new();
        for (number, named) in sessions.wanted.iter().chain(&sessions.left).enumerate() {
            if let Some((session, intake)) = session(number, named) {
                let (close, is_left) = (around.close.clone(), named.filters.is_empty());
                reading.spawn(async move {
                    session.run(intake).await;
                    // One that is left ends before the daemon does, and no other may.
                    if is_left {
                        close.cancelled().await;
                    }
                });
            }
        }
        reading
    }
}
