//! Sound: which stored blocks cannot be read, for whoever is to repair them.
//!
//! Every block is read as a merge reads it, so what is found here is what a lane, a compaction or a roll skips.

use futures_util::TryStreamExt as _;
use sqlx::{AssertSqlSafe, PgConnection};

use super::chunk::Chunk;
use super::row::{BLOCK, Stored, Unreadable, stored_at};
use crate::store::StoreError;

/// SQLSTATE of a table that is not there.
const UNDEFINED_TABLE: &str = "42P01";

/// What the series of a block is, for an operator's eyes only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeriesName {
    /// What measured.
    pub device: String,
    /// What was measured.
    pub metric: String,
}

/// The blocks of a chunk that cannot be read, in no order, so many at most.
pub async fn unreadable_blocks(
    connection: &mut PgConnection,
    chunk: &Chunk,
    count_max: usize,
) -> Result<Vec<Unreadable>, StoreError> {
    let query = format!("SELECT {BLOCK} FROM {} AS block", chunk.table());
    let mut rows = sqlx::query(AssertSqlSafe(query)).persistent(false).fetch(connection);
    let mut found = Vec::new();
    while found.len() < count_max {
        let row = match rows.try_next().await {
            Ok(Some(row)) => row,
            Ok(None) => break,
            // A roll has emptied and dropped it since it was listed.
            Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some(UNDEFINED_TABLE) => break,
            Err(error) => return Err(StoreError::reading("reading a chunk")(error)),
        };
        if let Stored::Unreadable(block) = stored_at(&row, 0)? {
            found.push(block);
        }
    }
    Ok(found)
}

/// What a block's series is; `None` where there is no such series.
pub async fn series_name(connection: &mut PgConnection, block: &Unreadable) -> Result<Option<SeriesName>, StoreError> {
    let found: Option<(String, String)> = sqlx::query_as(
        "SELECT device_id, name FROM signal.series JOIN signal.device USING (device_key)
                                                   JOIN signal.metric USING (metric_id) WHERE series_id = $1",
    )
    .bind(block.series.0)
    .fetch_optional(connection)
    .await
    .map_err(StoreError::at("looking for a block's series"))?;
    Ok(found.map(|(device, metric)| SeriesName { device, metric }))
}
