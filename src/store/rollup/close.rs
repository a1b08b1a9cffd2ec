//! Close: what is over is rolled up, and what has changed is rolled up again.

use sqlx::PgConnection;

use crate::model::time::Timestamp;
use crate::store::StoreError;
use crate::store::moment::Moment;

/// How far a step has come.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// Up to where everything is closed.
    pub until: Timestamp,
    /// True where nothing is left that has changed behind that.
    pub is_done: bool,
}

/// Rolls up what begins before a time, and so many days of series that have changed; `None` where somebody else is at
/// it, or rolls or erases.
pub async fn close(
    connection: &mut PgConnection,
    before: Timestamp,
    days_max: i32,
) -> Result<Option<Closed>, StoreError> {
    let step = StoreError::reading("closing rollups");
    let (until, is_done): (Option<Moment>, Option<bool>) =
        sqlx::query_as("SELECT closed_until, is_done FROM signal.close_rollups($1, $2)")
            .bind(Moment(before))
            .bind(days_max)
            .fetch_one(connection)
            .await
            .map_err(step)?;
    Ok(until.zip(is_done).map(|(until, is_done)| Closed { until: until.0, is_done }))
}
