//! Maintenance: what the network needs done by the clock.

use super::context::Maintenance;
use super::error::CareError;

/// What was done.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct MaintenanceReport {
    /// Holds of appointments that had run out.
    pub ended_holds: i32,
    /// Days of wellness centres that were counted anew.
    pub counted_days: i64,
}

/// Ends holds that have run out, 500 at most, counts anew what has changed at wellness centres, and folds sums that are
/// kept.
///
/// # Errors
/// The database's.
pub async fn run_maintenance(maintenance: &mut Maintenance<'_>) -> Result<MaintenanceReport, CareError> {
    let (connection, failed) = maintenance.step("maintaining the network");
    let (ended_holds, counted_days) = sqlx::query_as("SELECT ended_holds, counted_days FROM care.run_maintenance()")
        .fetch_one(connection)
        .await
        .map_err(failed)?;
    Ok(MaintenanceReport { ended_holds, counted_days })
}
