//! The archive as the database knows it: who may roll, what is due, which blocks a file holds, and the manifest.
//!
//! # Why
//! *One roller at a time*, by a lock of its session: a roll reads and removes the blocks of every shard, so no shard's
//! epoch could stand for it. The lock falls with the connection, and a connection falls only after its transactions
//! have ended, so whoever has the lock next finds each COMMIT decided.
//!
//! *By content*: while a snapshot is open, the version of each block that it sees (series, start, and the transaction
//! that wrote it) is noted in a temporary table on the server, 30 bytes a block however long the day. `record` removes
//! those versions and nothing else. What came in between stays in the hot table; what went in between is missed in the
//! count, and the day is rolled again.
//!
//! Invariant: a block leaves the hot table only in the transaction that makes visible the manifest row of a file which
//! holds its samples (`record`), or in an erasure (`erase`).

/// The manifest.
mod manifest;

/// Who wore what, and when.
mod wear;

/// Which state of the archive this database knows.
mod claim;

/// What is due, and a snapshot of it.
mod export;

/// What was said beside what stands.
mod past;

/// One snapshot of both tiers.
mod reader;

/// What a roll supersedes of the archive.
mod supersede;

/// The transaction in which blocks become a file.
mod record;

/// The transaction in which a file is adopted.
mod adopt;

/// What an erasure is of, and how much that is.
mod scope;

/// Files whose subjects are out of date.
mod subject;

/// The quarantine's part of an erasure.
mod erase_quarantine;

/// The transactions in which a person's samples go.
mod erase_worn;

/// Those in which a device goes, and the proof of either.
mod erase;

/// Days that have been kept for long enough.
mod retire;

use sqlx::PgConnection;

use super::StoreError;
use super::moment::Moment;
use crate::model::time::Timestamp;

pub use adopt::{adopt, shards_of};
pub use claim::{ClaimNonces, announce_nonce, claim_nonces, database_identity, settle_nonce, take_archive};
pub use erase::{Replacement, begin_erasure, end_erasure, erase_hot, found_of, note_deleted, replace};
pub use erase_quarantine::{erase_quarantine, found_in_quarantine};
pub use erase_worn::{erase_worn, found_worn};
pub use export::{Due, Snapshot, Taken, due_days, revised_days};
pub use manifest::{ArchiveFile, FileScope, files, has_files, is_listed, live_file, mark_removed};
pub use past::{FormerSample, SeriesOf, SeriesPast, draw_number, past_of_day};
pub use reader::{ReaderPast, ToRead, to_read};
pub use record::{Aside, Change, NextFile, Recorded, record};
pub use retire::{Retired, retire};
pub use scope::{ErasureCounts, ErasureTarget};
pub use subject::{
    due_for_subjects, forget_wear_changes, is_anything_worn, is_patient, last_wear_change, not_held, settle_subjects,
};
pub use supersede::SupersededSample;
pub use wear::{WearFilter, WearPeriod, worn};

/// Makes this connection the only one that rolls in this database, for as long as it lives; false where another is.
/// It then has a table for the blocks of a snapshot.
pub async fn try_be_only_roller(connection: &mut PgConnection) -> Result<bool, StoreError> {
    let step = StoreError::at("asking to roll");
    let alone: bool = sqlx::query_scalar("SELECT pg_try_advisory_lock(hashtextextended('healthtrack.roll', 0))")
        .fetch_one(&mut *connection)
        .await
        .map_err(&step)?;
    if alone {
        sqlx::query(
            "CREATE TEMPORARY TABLE rolling_block (
                 start_at timestamptz NOT NULL, series_id integer NOT NULL, written_by xid NOT NULL
             )",
        )
        .execute(connection)
        .await
        .map_err(step)?;
    }
    Ok(alone)
}

/// The id of this database's archive; `None` until one is begun.
pub async fn archive_id(connection: &mut PgConnection) -> Result<Option<String>, StoreError> {
    sqlx::query_scalar("SELECT archive_id::text FROM signal.archive")
        .fetch_optional(connection)
        .await
        .map_err(StoreError::at("reading the archive's id"))
}

/// When the archive was last verified; `None` until it was.
pub async fn verified_at(connection: &mut PgConnection) -> Result<Option<Timestamp>, StoreError> {
    let found: Option<Option<i64>> =
        sqlx::query_scalar("SELECT (extract(epoch FROM verified_at) * 1000000)::bigint FROM signal.archive")
            .fetch_optional(connection)
            .await
            .map_err(StoreError::at("reading when the archive was verified"))?;
    Ok(found.flatten().and_then(|micros| Timestamp::from_micros(micros).ok()))
}

/// Notes that every file was read and found to be what was recorded.
pub async fn note_verified(connection: &mut PgConnection, now: Timestamp) -> Result<(), StoreError> {
    let noted = sqlx::query("UPDATE signal.archive SET verified_at = $1").bind(Moment(now)).execute(connection).await;
    noted.map(drop).map_err(StoreError::at("noting when the archive was verified"))
}

/// Begins the archive of this database, unless that was done; its id.
pub async fn begin_archive(connection: &mut PgConnection, now: Timestamp) -> Result<String, StoreError> {
    let step = StoreError::at("beginning the archive");
    sqlx::query(
        "INSERT INTO signal.archive (made_at, archive_id) VALUES ($1, gen_random_uuid())
         ON CONFLICT (only_one) DO NOTHING",
    )
    .bind(Moment(now))
    .execute(&mut *connection)
    .await
    .map_err(&step)?;
    sqlx::query_scalar("SELECT archive_id::text FROM signal.archive").fetch_one(connection).await.map_err(step)
}
