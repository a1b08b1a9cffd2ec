//! Incarnation: which copy of the database this is, by a name that no other copy has (`signal.incarnation`).

use sqlx::PgConnection;
use uuid::Uuid;

use super::StoreError;
use super::moment::Moment;
use crate::model::time::Timestamp;

/// A copy of the database, as a daemon noted it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incarnation {
    /// Its name.
    pub id: Uuid,
    /// When a daemon first took a shard in it.
    pub begun_at: Timestamp,
    /// Why it is another than the one before.
    pub cause: String,
    /// Whether it is the one at hand; else the database has moved since a daemon was here.
    pub is_here: bool,
}

/// The name of the copy at hand; a new one where it is another than the last, or has forgotten what was committed.
pub async fn note(connection: &mut PgConnection, has_forgotten: bool) -> Result<Uuid, StoreError> {
    sqlx::query_scalar("SELECT signal.note_incarnation($1)")
        .bind(has_forgotten)
        .fetch_one(connection)
        .await
        .map_err(StoreError::at("noting which database this is"))
}

/// The last that was noted; none where no daemon was here yet.
pub async fn last(connection: &mut PgConnection) -> Result<Option<Incarnation>, StoreError> {
    let row: Option<(Uuid, Moment, String, bool)> = sqlx::query_as(
        "SELECT incarnation_id, begun_at, cause,
                (system_identifier, database_oid) IS NOT DISTINCT FROM
                    (SELECT (here.system_identifier, here.database_oid) FROM signal.database_here() AS here)
         FROM signal.incarnation ORDER BY begun_at DESC LIMIT 1",
    )
    .fetch_optional(connection)
    .await
    .map_err(StoreError::at("asking which database this is"))?;
    Ok(row.map(|(id, begun_at, cause, is_here)| Incarnation { id, begun_at: begun_at.0, cause, is_here }))
}
