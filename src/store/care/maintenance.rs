//! Upkeep: what the network wants done by the clock.

use sqlx::PgConnection;

use crate::store::StoreError;

/// What was done.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Maintained {
    /// Holds of appointments that had run out.
    pub ended_holds: i32,
    /// Days of wellness centres that were counted anew.
    pub counted_days: i64,
}

/// Ends holds that have run out, 500 at most, and counts anew what has changed at wellness centres.
///
/// # Errors
/// The database's.
pub async fn run_maintenance(connection: &mut PgConnection) -> Result<Maintained, StoreError> {
    let (ended_holds, counted_days) = sqlx::query_as("SELECT ended_holds, counted_days FROM care.run_maintenance()")
        .fetch_one(connection)
        .await
        .map_err(StoreError::at("keeping the network up"))?;
    Ok(Maintained { ended_holds, counted_days })
}
