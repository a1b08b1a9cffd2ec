//! One transaction: fence, shared days, changes, removals, COPY, quarantine, COMMIT; or one statement, where only a few
//! rows are appended.

use std::time::{Duration, Instant};

use sqlx::PgConnection;

use super::changes::Changes;
use super::copy::{COLUMNS, CopyRows};
use super::days::{Hold, hold_days};
use super::overlap::{BlockRange, REPLACED_SAMPLES_MAX, by_span, overlapping, overlapping_within};
use super::revised::{Past, Revised, past, write as write_revised};
use super::row::Stored;
use super::small_batch;
use crate::faults::{Defect, is_injected};
use crate::model::ids::SeriesId;
use crate::model::revision::Word;
use crate::model::time::{Day, Timestamp};
use crate::store::StoreError;
use crate::store::moment::Moment;
use crate::store::quarantine::{Added, Quarantined, insert};
use crate::store::writer::{Writer, WriterTransaction};

/// sqlx copies and flushes whatever one `send` is given: long pieces keep the calls few, and short enough for the
/// cache.
const SEND_BYTES: usize = 256 * 1024;

/// A stored block that a merged one replaces.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Removal {
    /// Whose.
    pub series: SeriesId,
    /// Which: the blocks of one series never begin together.
    pub start: Timestamp,
}

/// All that one transaction writes.
#[derive(Debug)]
pub struct Write<'a> {
    /// Stored blocks that merged ones replace.
    pub removals: &'a [Removal],
    /// New and merged blocks.
    pub rows: &'a CopyRows,
    /// What the merged ones supersede, and what is replaced.
    pub revised: &'a Revised,
    /// What of that is new, and what is superseded, for the feed of changes.
    pub changes: &'a Changes,
    /// What was rejected.
    pub quarantined: &'a [Quarantined],
}

impl Write<'_> {
    /// True where it is blocks and nothing else, each of them new as a whole: then they say themselves what changes.
    fn is_appended(&self) -> bool {
        self.quarantined.is_empty() && self.removals.is_empty() && !self.changes.has_superseded()
    }
}

/// How long the parts of a transaction took, and what it added to quarantine.
#[derive(Copy, Clone, Debug, Default)]
pub struct Written {
    /// The COPY, where there was one.
    pub copy: Option<Duration>,
    /// The COMMIT, or the statement that wrote a few rows and committed them.
    pub commit: Duration,
    /// What was not in quarantine before.
    pub quarantined: Added,
}

/// What a lane is about to write.
#[derive(Debug)]
pub enum Writing<'c> {
    /// Only what begins after all that is stored: nothing is asked before it is written.
    Appending(&'c mut PgConnection, &'c mut Writer),
    /// In a transaction that has the right to write the shard, and the days in which it merges held against compaction.
    Merging(WriterTransaction<'c>),
}

impl<'c> Writing<'c> {
    /// Begins what merges in these days.
    pub async fn begin(
        connection: &'c mut PgConnection,
        writer: &'c mut Writer,
        merged: &[Day],
    ) -> Result<Writing<'c>, StoreError> {
        if merged.is_empty() {
            return Ok(Writing::Appending(connection, writer));
        }
        let mut transaction = writer.begin(connection).await?;
        hold_days(transaction.connection(), merged, Hold::Shared).await?;
        Ok(Writing::Merging(transaction))
    }

    /// What a merge compares with, in stretches where samples begin and in those that are replaced. It stays until this
    /// commits.
    pub async fn stored(
        &mut self,
        wanted: &[BlockRange],
        replaced: &[BlockRange],
    ) -> Result<Vec<(SeriesId, Stored)>, StoreError> {
        match self {
            Writing::Appending(..) => Ok(Vec::new()),
            Writing::Merging(transaction) if replaced.is_empty() => overlapping(transaction.connection(), wanted).await,
            Writing::Merging(transaction) => {
                let all = [wanted, replaced].concat();
                overlapping_within(transaction.connection(), &all, REPLACED_SAMPLES_MAX).await
            }
        }
    }

    /// What stood once in these stretches, as far as it bears on the words of `words_in`, which is asked for those of
    /// some of them; and which ranges touch them or the others.
    pub async fn past(
        &mut self,
        wanted: &[BlockRange],
        replaced: &[BlockRange],
        words_in: impl FnOnce(&[BlockRange]) -> Vec<(SeriesId, Timestamp, Word)>,
    ) -> Result<Past, StoreError> {
        match self {
            Writing::Appending(..) => Ok(Past::default()),
            Writing::Merging(transaction) => past(transaction.connection(), wanted, replaced, words_in).await,
        }
    }

    /// Writes all of it or nothing. When this returns `Ok`, it is on disk.
    ///
    /// After an error the outcome may be unknown (the connection was cut during COMMIT): the caller drops the
    /// connection and writes the same again by way of a merge.
    pub async fn commit(self, write: &Write<'_>) -> Result<Written, StoreError> {
        let began = Instant::now();
        let mut transaction = match self {
            Writing::Merging(transaction) => transaction,
            Writing::Appending(connection, writer) => match write.rows.few() {
                Some(few) if write.is_appended() => {
                    small_batch::append(connection, writer, few).await?;
                    return Ok(Written { copy: None, commit: began.elapsed(), quarantined: Added::default() });
                }
                _ => writer.begin(connection).await?,
            },
        };
        write.changes.note(transaction.connection()).await?;
        remove(transaction.connection(), write.removals).await?;
        write_revised(transaction.connection(), write.revised).await?;
        let began = Instant::now();
        if !write.rows.is_empty() {
            copy(transaction.connection(), write.rows).await?;
        }
        let copied = Instant::now();
        let quarantined = match insert(transaction.connection(), write.quarantined).await {
            Err(_) if is_injected(Defect::SwallowQuarantineError) => Added::default(),
            added => added?,
        };
        let ready = Instant::now();
        transaction.commit().await?;
        Ok(Written { copy: Some(copied - began), commit: ready.elapsed(), quarantined })
    }
}

pub(in crate::store) async fn copy(connection: &mut PgConnection, rows: &CopyRows) -> Result<(), StoreError> {
    let step = StoreError::at("copying blocks");
    let statement = format!("COPY signal.block ({COLUMNS}) FROM STDIN (FORMAT binary)");
    let mut stream = connection.copy_in_raw(&statement).await.map_err(&step)?;
    for piece in rows.bytes().chunks(SEND_BYTES) {
        stream.send(piece).await.map_err(&step)?;
    }
    stream.finish().await.map(|_| ()).map_err(&step)
}

/// Removes blocks by series and start.
pub(in crate::store) async fn remove(connection: &mut PgConnection, removals: &[Removal]) -> Result<(), StoreError> {
    for removals in by_span(removals, |removal| removal.start).values() {
        let Some(low) = removals.iter().map(|removal| removal.start).min() else { continue };
        let high = removals.iter().map(|removal| removal.start).max().unwrap_or(low);
        // The bounds let Postgres leave out every other chunk.
        sqlx::query(
            "DELETE FROM signal.block USING unnest($1::integer[], $2::timestamptz[]) AS gone (series_id, start_at)
             WHERE block.series_id = gone.series_id AND block.start_at = gone.start_at
               AND block.start_at BETWEEN $3 AND $4",
        )
        .bind(removals.iter().map(|removal| removal.series.0).collect::<Vec<_>>())
        .bind(removals.iter().map(|removal| Moment(removal.start)).collect::<Vec<_>>())
        .bind(Moment(low))
        .bind(Moment(high))
        .execute(&mut *connection)
        .await
        .map_err(StoreError::at("removing merged blocks"))?;
    }
    Ok(())
}
