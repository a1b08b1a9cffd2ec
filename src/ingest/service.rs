//! Service: takes the shard, starts lanes and sessions, watches over the shard, and stops in order.
//!
//! # Why
//! A daemon without its shard stands by: it holds no session at the broker, since a second session of the same name
//! would take the first one's messages. It asks for the shard twice a second, so it learns within half a second that
//! the owner's connection has ended.
//!
//! A daemon that has lost its shard ends with an error: what it holds in memory was never acknowledged, and its new
//! owner receives it again. Whoever watches over processes starts it again, and it stands by.
//!
//! Stopping: sessions stop reading, lanes write what is queued, sessions send the last acknowledgements and say
//! goodbye. Nothing depends on a clean stop.

use std::sync::Arc;
use std::time::Duration;

use sqlx::PgConnection;
use sqlx::postgres::PgPool;
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::Intake;
use super::ack::Acks;
use super::quarantine::Cap;
use super::queue::{Lanes, Limits, Queue};
use super::session::Session;
use super::session::SessionContext;
use super::validate::{self, Validator};
use super::write::{Lane, Shared};
use crate::compaction::Compactor;
use crate::config::{CompactionConfig, IngestConfig, MqttConfig};
use crate::model::ids::ShardName;
use crate::model::metric::Catalogue;
use crate::model::time::Clock;
use crate::model::unit::Units;
use crate::store::pool::{Connector, within};
use crate::store::shard::{self, Ownership};
use crate::store::{Fault, StoreError};
use crate::telemetry::{Role, Telemetry};

/// How often a standby asks for the shard, and an owner proves that it still holds it.
const ASK_EVERY: Duration = Duration::from_millis(500);
/// How long the owner's proof may take before the connection counts as gone.
const PROOF_PATIENCE: Duration = Duration::from_secs(5);
/// How long lanes may take to write what is queued when the daemon stops.
const DRAIN_PATIENCE: Duration = Duration::from_secs(6);
/// How long the last acknowledgements may take.
const GOODBYE_PATIENCE: Duration = Duration::from_secs(1);

/// Everything that the way from broker to hot table needs.
#[derive(Debug)]
pub struct Service {
    /// The broker.
    pub mqtt: MqttConfig,
    /// Limits and lanes.
    pub ingest: IngestConfig,
    /// When small blocks are joined.
    pub compaction: CompactionConfig,
    /// Opens connections to the database.
    pub connector: Connector,
    /// For everything but the lanes.
    pub pool: PgPool,
    /// What is measured.
    pub catalogue: Arc<Catalogue>,
    /// Unit words.
    pub units: Arc<Units>,
    /// Counts.
    pub telemetry: Arc<Telemetry>,
    /// The present.
    pub clock: Arc<dyn Clock>,
    /// Who this is, for people who look at the shard's row.
    pub owner: String,
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

/// Why ingest has ended before it was told to.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// Another daemon owns the shard now.
    #[error("another daemon has taken shard {shard}: start this one again, and it stands by")]
    Lost {
        /// Which shard.
        shard: String,
    },
    /// What cannot pass by waiting.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The shard's name is none.
    #[error("ingest.shard must be 1 to 64 letters, digits, full stops, underscores or hyphens")]
    Shard,
    /// A task has ended in a way that it must not.
    #[error("a part of the daemon has ended by itself: start it again, and report what its log says")]
    Ended,
    /// Not all could be written before the daemon stopped; the broker keeps it.
    #[error("{samples} samples were not written in time; the broker sends their messages again")]
    Unwritten {
        /// How many.
        samples: i64,
    },
}

impl Service {
    /// Stands by, works, and stops in order once `stop` is cancelled.
    pub async fn run(self, stop: CancellationToken) -> Result<(), IngestError> {
        let shard = ShardName::parse(&self.ingest.shard).map_err(|_| IngestError::Shard)?;
        self.telemetry.expect_connections(self.mqtt.connections);
        let Some((own, keeper)) = self.take_shard(&shard, &stop).await else { return Ok(()) };
        self.telemetry.take_role(Role::Owner);
        tracing::info!(shard = shard.as_str(), epoch = own.epoch.0, "this daemon owns its shard");
        let lost = CancellationToken::new();
        let compacting = self.start_compactor(&own);
        let worked = tokio::select! {
            worked = self.work(&own, &stop, &lost) => worked,
            () = self.keep_shard(keeper, &own, &lost) => Err(IngestError::Ended),
        };
        // Cut in the middle, its transaction is undone.
        compacting.abort();
        if lost.is_cancelled() {
            return Err(IngestError::Lost { shard: shard.as_str().to_owned() });
        }
        worked
    }

    /// Asks for the shard until it is free; `None` where the daemon is to stop first.
    async fn take_shard(&self, shard: &ShardName, stop: &CancellationToken) -> Option<(Ownership, PgConnection)> {
        let mut stood_by = false;
        loop {
            match self.try_take(shard, None).await {
                Ok(Attempt::Taken(own, connection)) => return Some((own, *connection)),
                Ok(Attempt::Held { .. }) => {
                    self.telemetry.database_works();
                    self.telemetry.take_role(Role::Standby);
                    if !std::mem::replace(&mut stood_by, true) {
                        tracing::info!(shard = shard.as_str(), "another daemon owns the shard; standing by");
                    }
                }
                Err(error) => {
                    self.telemetry.database_fails();
                    tracing::warn!("the shard cannot be asked for: {error}");
                }
            }
            tokio::select! {
                () = sleep(ASK_EVERY) => {}
                () = stop.cancelled() => return None,
            }
        }
    }

    async fn try_take(&self, shard: &ShardName, former: Option<&Ownership>) -> Result<Attempt, StoreError> {
        let mut connection = self.connector.connect().await?;
        let attempt = async {
            match (shard::try_take(&mut connection, shard, &self.owner, former).await?, former) {
                (Some(own), _) => Ok((Some(own), false)),
                (None, Some(former)) => Ok((None, shard::is_epoch(&mut connection, former).await?)),
                (None, None) => Ok((None, false)),
            }
        };
        let (taken, by_former) = within(PROOF_PATIENCE, "taking the shard", attempt).await?;
        self.telemetry.database_works();
        Ok(taken.map_or(Attempt::Held { by_former }, |own| Attempt::Taken(own, Box::new(connection))))
    }

    /// Proves twice a second that the shard is held, takes it again after a database's restart or once the server knows
    /// that the connection that held it is dead, and cancels `lost` where somebody else has it. Returns only then.
    async fn keep_shard(&self, mut keeper: PgConnection, own: &Ownership, lost: &CancellationToken) {
        loop {
            sleep(ASK_EVERY).await;
            match within(PROOF_PATIENCE, "keeping the shard", shard::still_alive(&mut keeper)).await {
                Ok(()) => {
                    self.telemetry.database_works();
                    continue;
                }
                Err(error) => tracing::warn!("the connection that holds the shard is gone: {error}"),
            }
            self.telemetry.database_fails();
            keeper = loop {
                match self.try_take(&own.shard, Some(own)).await {
                    Ok(Attempt::Taken(same, connection)) if same == *own => break *connection,
                    Ok(Attempt::Held { by_former: true }) => sleep(ASK_EVERY).await,
                    Ok(_) => return lost.cancel(),
                    Err(error) => {
                        self.telemetry.database_fails();
                        tracing::debug!("the shard cannot be asked for: {error}");
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
        let lanes = Lanes::new(self.ingest.lanes, self.mqtt.connections, self.ingest.inflight_bytes_max, limits);
        let acks: Arc<[Arc<Acks>]> = (0..self.mqtt.connections).map(|_| Arc::default()).collect();
        let (stop_reading, close) = (CancellationToken::new(), CancellationToken::new());
        let mut writing = self.start_lanes(own, &lanes, &acks);
        let readers = Arc::new(Semaphore::new(self.mqtt.connections));
        let around = SessionContext {
            telemetry: Arc::clone(&self.telemetry),
            clock: Arc::clone(&self.clock),
            stop_reading: stop_reading.clone(),
            close: close.clone(),
            readers: Arc::clone(&readers),
        };
        let mut reading = self.start_sessions(&lanes, &acks, &around);
        tokio::select! {
            () = stop.cancelled() => {}
            () = lost.cancelled() => return Ok(()),
            // Neither ends before it is told to, unless something is wrong.
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
        let written = timeout(DRAIN_PATIENCE, async {
            // What is still being read must find its lane: all permits back means that no session reads any more.
            let all = u32::try_from(self.mqtt.connections).unwrap_or(u32::MAX);
            let _ = readers.acquire_many(all).await;
            lanes.queues.iter().for_each(Queue::close);
            while writing.join_next().await.is_some() {}
        });
        let written = written.await;
        close.cancel();
        let _ = timeout(GOODBYE_PATIENCE, async { while reading.join_next().await.is_some() {} }).await;
        let (.., in_flight) = self.telemetry.balance();
        if written.is_err() || in_flight != 0 { Err(IngestError::Unwritten { samples: in_flight }) } else { Ok(()) }
    }

    /// Joins small blocks beside the lanes. It ends by itself where it is switched off or another owns the shard.
    fn start_compactor(&self, own: &Ownership) -> JoinHandle<()> {
        let compactor = Compactor {
            connector: self.connector.without_statement_timeout(),
            own: own.clone(),
            config: self.compaction.clone(),
            telemetry: Arc::clone(&self.telemetry),
            clock: Arc::clone(&self.clock),
        };
        tokio::spawn(compactor.run())
    }

    fn start_lanes(&self, own: &Ownership, lanes: &Lanes, acks: &Arc<[Arc<Acks>]>) -> JoinSet<Result<(), StoreError>> {
        let cap = Cap::new(self.ingest.quarantine_rows_per_source, self.ingest.quarantine_bytes_per_source);
        let shared = Shared {
            connector: self.connector.clone(),
            pool: self.pool.clone(),
            own: own.clone(),
            acks: Arc::clone(acks),
            budget: Arc::clone(&lanes.budget),
            cap: Arc::new(cap),
            unknown_device: self.ingest.unknown_device,
            telemetry: Arc::clone(&self.telemetry),
            clock: Arc::clone(&self.clock),
        };
        let mut writing = JoinSet::new();
        for number in 0..lanes.queues.len() {
            let (lane, queues) = (Lane::new(shared.clone()), Arc::clone(&lanes.queues));
            writing.spawn(async move {
                match queues.get(number) {
                    Some(queue) => lane.run(queue).await,
                    None => Ok(()),
                }
            });
        }
        writing
    }

    fn start_sessions(&self, lanes: &Lanes, acks: &[Arc<Acks>], around: &SessionContext) -> JoinSet<()> {
        let limits = validate::ValidationLimits {
            future_max_us: self.ingest.future_max_us(),
            past_max_us: self.ingest.past_max_us(),
            span_max_us: self.ingest.span_max_us(),
        };
        let validator = Validator::new(Arc::clone(&self.catalogue), Arc::clone(&self.units), limits);
        let mut reading = JoinSet::new();
        for (number, acks) in acks.iter().enumerate() {
            let (validator, lanes, telemetry) = (validator.clone(), lanes.clone(), Arc::clone(&self.telemetry));
            let window = self.mqtt.receive_maximum;
            let intake = Intake::new(number, validator, lanes, Arc::clone(acks), telemetry, window);
            if let Some(session) = Session::new(&self.mqtt, number, Arc::clone(acks), around.clone()) {
                reading.spawn(session.run(intake));
            }
        }
        reading
    }
}
