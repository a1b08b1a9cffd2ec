//! Chunks, made before they are needed: plain Postgres refuses a row without one.

use sqlx::PgConnection;

use crate::model::time::Day;
use crate::store::StoreError;

/// Makes the chunks of these days where they are missing; how many were. Each in a transaction of its own, before the
/// COPY that needs it, so that no writer holds the table's shape while it writes.
pub async fn ensure_chunks(connection: &mut PgConnection, days: &[Day]) -> Result<u64, StoreError> {
    let mut made = 0;
    for day in days {
        let new: bool = sqlx::query_scalar("SELECT signal.ensure_chunk($1::date)")
            .bind(day.to_string())
            .fetch_one(&mut *connection)
            .await
            .map_err(StoreError::at("making a chunk"))?;
        made += u64::from(new);
    }
    Ok(made)
}
