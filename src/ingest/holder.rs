//! Holder: takes the shard, proves again and again that this daemon holds it, and takes it anew where the database has
//! forgotten.
//!
//! # Why
//! A daemon without its shard is a standby: it holds no session at the broker, since a second session of the same name
//! would take the first one's messages. It asks for the shard twice a second, so it learns within half a second that
//! the owner's connection has ended. An owner that cannot prove any more that it holds the shard leaves the broker, and
//! connects again only by a newer proof: its successor has the session to itself from the first moment on.
//!
//! Where the database lacks what was committed (it was restored, cloned, or failed over without its last transactions),
//! what the daemon remembers is of another history. The shard is taken anew in a later epoch; whatever was received and
//! is not acknowledged comes again over new connections to the broker, since parts of it may have been committed in the
//! history that is gone; and the lanes forget all and write what they hold anew (`rights`).

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use sqlx::{Connection as _, PgConnection};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::ack::Acks;
use super::permanence::Permanence;
use super::rights::Rights;
use super::state::{Asker, Role, State};
use crate::context::Context;
use crate::model::ids::ShardName;
use crate::store::hot::check_all_visible;
use crate::store::incarnation;
use crate::store::pool::within;
use crate::store::shard::{self, Ownership};
use crate::store::writer::Writers;
use crate::store::{Fault, StoreError};
use crate::telemetry::chain;

/// How often a standby asks for the shard, and an owner proves that it still holds it.
pub(super) const ASK_EVERY: Duration = Duration::from_millis(500);
/// How long the owner's proof may take before the connection counts as gone.
const PROOF_TIMEOUT: Duration = Duration::from_secs(5);
/// An owner that has not proved it for so long is stopped or frozen: a standby ends its connection, and the epoch keeps
/// it from writing when it wakes up.
const SILENCE_MAX: Duration = Duration::from_secs(10);
/// How long another connection may hold a shard that is to be taken anew before it counts as another daemon's: longer
/// than the server takes to notice that a connection of this daemon is dead.
const TAKE_ANEW_TIMEOUT: Duration = Duration::from_secs(15);

/// Takes and holds one shard.
#[derive(Debug)]
pub(super) struct Holder {
    /// Opens the connection that holds the lock.
    pub(super) context: Context,
    /// Learns what the daemon is to its shard.
    pub(super) state: Arc<State>,
    /// Which shard.
    pub(super) shard: ShardName,
    /// The name of this daemon, for people who read the shard's row.
    pub(super) owner: String,
    /// How many lanes write.
    pub(super) lanes: usize,
}

/// What an owner finds whose connection was lost.
#[derive(Debug)]
enum Found {
    /// Nobody took the shard, and it is held again.
    Kept(PgConnection),
    /// Another daemon has taken it.
    Lost,
    /// The database is another copy, or lacks what this daemon committed.
    Forgotten,
}

impl Holder {
    /// Asks for the shard until it is free; `None` where the daemon is to stop first.
    pub(super) async fn take(
        &self,
        stop: &CancellationToken,
    ) -> Result<Option<(Arc<Writers>, PgConnection)>, StoreError> {
        loop {
            match self.try_take(None).await {
                Ok(Some((writers, connection))) => {
                    self.own(&writers);
                    return Ok(Some((writers, connection)));
                }
                Ok(None) => {
                    if self.state.status().role != Role::Standby {
                        self.state.take_role(Role::Standby);
                        let shard = self.shard.as_str();
                        tracing::info!(shard, "another daemon owns the shard; waiting as a standby");
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

    fn own(&self, writers: &Writers) {
        let own = writers.own();
        self.state.prove_shard();
        self.state.take_role(Role::Owner(own.clone()));
        tracing::info!(shard = own.shard.as_str(), shard.epoch = own.epoch.0, "this daemon owns its shard");
    }

    /// Takes the shard where nobody holds it, in an epoch after the former one.
    async fn try_take(&self, former: Option<&Ownership>) -> Result<Option<(Arc<Writers>, PgConnection)>, StoreError> {
        let mut connection = self.context.connector.connect().await?;
        let taking = async {
            if former.is_none() && shard::end_silent_owner(&mut connection, &self.shard, SILENCE_MAX).await? {
                tracing::warn!(
                    shard = self.shard.as_str(),
                    "the shard's owner has asked the database nothing for {SILENCE_MAX:?}: its connection is ended, \
                     and this daemon takes the shard"
                );
            }
            let Some(own) = shard::try_take(&mut connection, &self.shard, &self.owner, former).await? else {
                return Ok(None);
            };
            let writers = Writers::enter(&mut connection, own, self.lanes).await?;
            let incarnation = incarnation::note(&mut connection, former.is_some()).await?;
            tracing::info!(database.incarnation = %incarnation, "this is the copy of the database that is written to");
            Ok(Some(writers))
        };
        let taken = within(PROOF_TIMEOUT, "taking the shard", taking).await?;
        if taken.is_some() {
            within(PROOF_TIMEOUT, "looking at blocks", check_all_visible(&mut connection)).await?;
        }
        self.state.database_works(Asker::Shard);
        Ok(taken.map(|writers| (writers, connection)))
    }

    /// Proves twice a second that the shard is held, takes it again after a database's restart or once the server knows
    /// that the connection that held it is dead, takes it anew where the database has forgotten, and cancels `lost`
    /// where somebody else has it. Returns only then.
    ///
    /// # Errors
    /// A fault that no waiting cures, answered twice in a row.
    pub(super) async fn hold(
        &self,
        connection: PgConnection,
        rights: &Rights,
        acks: &OnceLock<Arc<[Arc<Acks>]>>,
        lost: &CancellationToken,
    ) -> Result<(), StoreError> {
        let mut held = Some(connection);
        loop {
            let writers = rights.present();
            let epoch = writers.own().epoch;
            let kept = tokio::select! {
                kept = self.keep(&mut held, &writers) => kept?,
                () = rights.doubted(epoch) => Found::Forgotten,
            };
            held = match kept {
                Found::Kept(connection) => Some(connection),
                Found::Forgotten => {
                    rights.doubt(epoch);
                    // The lock that it may hold is in the way, and leads to nobody knows which database.
                    if let Some(held) = held.take() {
                        let closing = async { held.close().await.map_err(StoreError::at("leaving the database")) };
                        let _ = within(PROOF_TIMEOUT, "leaving the database", closing).await;
                    }
                    match self.take_anew(writers.own(), rights, acks).await? {
                        Some(connection) => Some(connection),
                        None => break,
                    }
                }
                Found::Lost => break,
            };
        }
        lost.cancel();
        Ok(())
    }

    /// Returns once the connection that holds the shard is gone, with what is found over the next.
    async fn keep(&self, held: &mut Option<PgConnection>, writers: &Writers) -> Result<Found, StoreError> {
        while let Some(connection) = held {
            sleep(ASK_EVERY).await;
            match within(PROOF_TIMEOUT, "keeping the shard", shard::still_alive(connection)).await {
                Ok(()) => {
                    self.state.database_works(Asker::Shard);
                    self.state.prove_shard();
                }
                Err(error) => {
                    tracing::warn!("the connection that holds the shard is gone: {}", chain(&error));
                    // One that was only slow still holds the lock, and would keep it from the next.
                    *held = None;
                }
            }
        }
        self.state.database_fails(Asker::Shard);
        let mut permanence = Permanence::default();
        loop {
            match self.try_keep(writers).await {
                Ok(None) => {}
                Ok(Some(found)) => {
                    if matches!(found, Found::Kept(_)) {
                        self.state.prove_shard();
                    }
                    return Ok(found);
                }
                Err(error) => self.weigh(&mut permanence, error)?,
            }
            sleep(ASK_EVERY).await;
        }
    }

    /// Holds the shard again over a new connection, if it is still this daemon's; `None` while a former connection of
    /// its own holds it.
    async fn try_keep(&self, writers: &Writers) -> Result<Option<Found>, StoreError> {
        let mut connection = self.context.connector.connect().await?;
        let own = writers.own();
        let asking = async {
            let epoch = shard::epoch(&mut connection, &own.shard).await?;
            if epoch.is_some_and(|epoch| epoch > own.epoch) {
                return Ok((Some(Found::Lost), false));
            }
            let is_here = incarnation::last(&mut connection).await?.is_some_and(|last| last.is_here);
            if epoch != Some(own.epoch) || !is_here || !writers.are_remembered(&mut connection).await? {
                return Ok((Some(Found::Forgotten), false));
            }
            Ok((None, shard::try_hold(&mut connection, &own.shard).await?))
        };
        let (found, is_held) = within(PROOF_TIMEOUT, "keeping the shard", asking).await?;
        self.state.database_works(Asker::Shard);
        Ok(match (found, is_held) {
            (Some(found), _) => Some(found),
            (None, true) => Some(Found::Kept(connection)),
            (None, false) => None,
        })
    }

    /// Takes the shard anew where the database has forgotten, and grants the lanes the new right; `None` where another
    /// daemon holds it.
    async fn take_anew(
        &self,
        former: &Ownership,
        rights: &Rights,
        acks: &OnceLock<Arc<[Arc<Acks>]>>,
    ) -> Result<Option<PgConnection>, StoreError> {
        self.context.telemetry.forgotten.increment(1);
        tracing::error!(
            shard = former.shard.as_str(),
            shard.epoch = former.epoch.0,
            "the database is another copy than before, or lacks what was committed: it was restored, cloned, or failed \
             over without its last transactions; the daemon forgets what it knows of it and takes its shard anew"
        );
        let (mut permanence, mut held_since) = (Permanence::default(), None);
        loop {
            match self.try_take(Some(former)).await {
                Ok(Some((writers, connection))) => {
                    // Before any lane writes again: what was settled may be of the history that is gone.
                    acks.get().into_iter().flat_map(|acks| acks.iter()).for_each(|acks| acks.reopen());
                    self.own(&writers);
                    rights.grant(writers);
                    return Ok(Some(connection));
                }
                Ok(None) => {
                    if held_since.get_or_insert_with(Instant::now).elapsed() > TAKE_ANEW_TIMEOUT {
                        return Ok(None);
                    }
                }
                Err(error) => self.weigh(&mut permanence, error)?,
            }
            sleep(ASK_EVERY).await;
        }
    }

    /// Notes an error that may pass.
    fn weigh(&self, permanence: &mut Permanence, error: StoreError) -> Result<(), StoreError> {
        if permanence.weigh(&error).is_none() {
            return Err(error);
        }
        self.state.database_fails(Asker::Shard);
        tracing::debug!("cannot try to take the shard: {}", chain(&error));
        Ok(())
    }
}
