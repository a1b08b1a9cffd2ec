//! Writers: what a shard's owner may write, and the proof in each of its transactions that the database still has all
//! that was committed before.
//!
//! # Why
//! A database that was restored from a dump, cloned, or failed over without its last transactions answers as if nothing
//! had happened, and what a lane remembers of it is wrong: the number of a device may be another device's. Neither the
//! server's identifier nor its timeline nor the oid of the database tells such histories apart in every case. So each
//! transaction by which a lane learns or writes anything moves the lane's row on (`signal.ingest_writer`) from the
//! attempt that it knows to be the last, and compares the rows of its neighbours with what they know. Where that fails,
//! nothing is written. It is part of the call that fences, so it costs no round trip.
//!
//! Attempts are numbered, so while a COMMIT has no answer, any number from the last answered one on may be the row's.
//! An attempt that the server comes to late, after a newer one, finds the row moved on and writes nothing.
//!
//! The same row has a revision, which grows when a source may no longer speak for a device of the shard (`source`). A
//! lane that knows another one writes nothing either. Whoever raises it waits for the lane's transaction, in the row
//! that this locks, so none that commits later has made use of that right; and a lane's row is free between two of its
//! transactions, as the shard's row is not while several lanes share it.
//!
//! Invariant: what is remembered since a transaction of a writer is true for each later one that commits.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use sqlx::postgres::PgArguments;
use sqlx::query::Query;
use sqlx::{Connection as _, PgConnection, Postgres, Transaction};
use uuid::Uuid;

use super::StoreError;
use super::shard::Ownership;

/// All writers of one ownership.
#[derive(Debug)]
pub struct Writers {
    own: Ownership,
    ownership_id: Uuid,
    /// Of each writer the last attempt whose commit was answered.
    committed: Box<[AtomicI64]>,
}

/// One of them.
#[derive(Debug)]
pub struct Writer {
    all: Arc<Writers>,
    lane: i32,
    /// The last attempt whose commit was answered.
    committed: i64,
    /// The attempt that was begun last.
    begun: i64,
    /// The row's revision, as far as the lane knows.
    revision: i64,
}

/// A transaction that has the right to write, and moves its writer on when it commits.
#[derive(Debug)]
pub struct WriterTransaction<'c> {
    transaction: Transaction<'c, Postgres>,
    writer: &'c mut Writer,
    attempt: i64,
}

impl Writers {
    /// Writers of this ownership, whose rows are there already.
    pub fn new(own: Ownership, ownership_id: Uuid, lanes: usize) -> Arc<Writers> {
        Arc::new(Writers { own, ownership_id, committed: (0..lanes).map(|_| AtomicI64::new(0)).collect() })
    }

    /// Enters writers for so many lanes, in place of those of whoever owned the shard before.
    pub async fn enter(
        connection: &mut PgConnection,
        own: Ownership,
        lanes: usize,
    ) -> Result<Arc<Writers>, StoreError> {
        let entered: Option<(Uuid,)> = sqlx::query_as(
            "WITH own AS MATERIALIZED (
                 SELECT gen_random_uuid() AS ownership_id
                 FROM (SELECT FROM signal.ingest_shard WHERE shard = $1 AND epoch = $2 FOR SHARE) AS shard
             ), gone AS (
                 DELETE FROM signal.ingest_writer USING own WHERE shard = $1
             ), entered AS (
                 INSERT INTO signal.ingest_writer (attempt, lane, ownership_id, shard)
                 SELECT 0, lane, own.ownership_id, $1 FROM own, generate_series(0, $3 - 1) AS lane
             )
             SELECT ownership_id FROM own",
        )
        .bind(own.shard.as_str())
        .bind(own.epoch.0)
        .bind(i32::try_from(lanes).unwrap_or(i32::MAX))
        .fetch_optional(connection)
        .await
        .map_err(StoreError::at("entering the shard's writers"))?;
        match entered {
            Some((ownership_id,)) => Ok(Writers::new(own, ownership_id, lanes)),
            None => Err(own.fenced()),
        }
    }

    /// Whose they are.
    pub fn own(&self) -> &Ownership {
        &self.own
    }

    /// The writer of a lane.
    pub fn of_lane(self: &Arc<Writers>, lane: usize) -> Writer {
        let number = i32::try_from(lane).unwrap_or(i32::MAX);
        Writer { all: Arc::clone(self), lane: number, committed: 0, begun: 0, revision: 0 }
    }

    /// Whether the database has all that they committed.
    pub async fn are_remembered(&self, connection: &mut PgConnection) -> Result<bool, StoreError> {
        sqlx::query_scalar("SELECT signal.are_writers_remembered($1, $2)")
            .bind(self.ownership_id)
            .bind(self.committed())
            .fetch_one(connection)
            .await
            .map_err(StoreError::at("looking at the shard's writers"))
    }

    fn committed(&self) -> Vec<i64> {
        self.committed.iter().map(|attempt| attempt.load(Ordering::Acquire)).collect()
    }
}

impl Writer {
    /// Whose right it has.
    pub fn own(&self) -> &Ownership {
        &self.all.own
    }

    /// Begins a transaction that has the right to write.
    pub async fn begin<'c>(
        &'c mut self,
        connection: &'c mut PgConnection,
    ) -> Result<WriterTransaction<'c>, StoreError> {
        let attempt = self.next_attempt();
        let mut transaction = connection.begin().await.map_err(StoreError::at("beginning a transaction"))?;
        let query = sqlx::query("SELECT WHERE signal.begin_write($1, $2, $3, $4, $5, $6, $7, $8)");
        let begun = self.bind(query, attempt).execute(&mut *transaction).await;
        match begun.map_err(StoreError::at("locking the shard's row"))?.rows_affected() {
            0 => Err(self.why_not(&mut transaction).await),
            _ => Ok(WriterTransaction { transaction, writer: self, attempt }),
        }
    }

    /// The number of an attempt that is about to be made. No number is given twice.
    pub(super) fn next_attempt(&mut self) -> i64 {
        self.begun += 1;
        self.begun
    }

    /// Goes on by this revision. Its lane has forgotten which sources it lets speak.
    pub fn revise(&mut self, revision: i64) {
        self.revision = revision;
    }

    /// The parameters $1 to $8 of a function that says whether the writer had the right to write.
    pub(super) fn bind<'q>(
        &self,
        query: Query<'q, Postgres, PgArguments>,
        attempt: i64,
    ) -> Query<'q, Postgres, PgArguments> {
        query
            .bind(self.all.own.shard.as_str().to_owned())
            .bind(self.all.own.epoch.0)
            .bind(self.all.ownership_id)
            .bind(self.lane)
            .bind(self.committed)
            .bind(attempt)
            .bind(self.all.committed())
            .bind(self.revision)
    }

    /// The attempt is answered: it stands.
    pub(super) fn committed(&mut self, attempt: i64) {
        self.committed = attempt;
        if let Some(committed) = usize::try_from(self.lane).ok().and_then(|lane| self.all.committed.get(lane)) {
            committed.store(attempt, Ordering::Release);
        }
    }

    /// Why the writer could not be moved on: another owner has raised the epoch, a source has lost a right, or the
    /// database has forgotten.
    pub(super) async fn why_not(&self, connection: &mut PgConnection) -> StoreError {
        let own = &self.all.own;
        match super::shard::epoch(connection, &own.shard).await {
            Ok(Some(epoch)) if epoch > own.epoch => own.fenced(),
            Ok(_) => match self.present_revision(connection).await {
                Ok(Some(revision)) if revision > self.revision => own.disallowed(revision),
                Ok(_) => own.forgotten(),
                Err(error) => error,
            },
            Err(error) => error,
        }
    }

    /// What the row says; none where there is no such row.
    async fn present_revision(&self, connection: &mut PgConnection) -> Result<Option<i64>, StoreError> {
        sqlx::query_scalar("SELECT source_revision FROM signal.ingest_writer WHERE ownership_id = $1 AND lane = $2")
            .bind(self.all.ownership_id)
            .bind(self.lane)
            .fetch_optional(connection)
            .await
            .map_err(StoreError::at("looking at the shard's writers"))
    }
}

impl WriterTransaction<'_> {
    /// Where its statements run.
    pub fn connection(&mut self) -> &mut PgConnection {
        &mut self.transaction
    }

    /// Commits it. After an error the outcome may be unknown.
    pub async fn commit(self) -> Result<(), StoreError> {
        self.transaction.commit().await.map_err(StoreError::at("committing"))?;
        self.writer.committed(self.attempt);
        Ok(())
    }
}
