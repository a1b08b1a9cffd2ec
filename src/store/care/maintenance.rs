//! Maintenance: what the network needs done by the clock.

use super::context::Maintenance;
use super::error::CareError;

/// What was done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MaintenanceReport {
    /// Holds of appointments that had run out.
    pub ended_holds: i32,
    /// Days of wellness centres that were counted anew.
    pub counted_days: i64,
    /// Steps that were undone since they failed, each with its SQLSTATE; the next time they are tried again.
    pub failed: Vec<String>,
}

/// Ends holds that have run out, 500 at most, counts anew what has changed at wellness centres, queues reminders and
/// recalls, and folds sums that are kept; a step that fails leaves the others done.
///
/// # Errors
/// The database's.
pub async fn run_maintenance(maintenance: &mut Maintenance<'_>) -> Result<MaintenanceReport, CareError> {
    let (connection, step) = maintenance.step("maintaining the network");
    let query = "SELECT ended_holds, counted_days, failed FROM care.run_maintenance()";
    let (ended_holds, counted_days, failed) = sqlx::query_as(query).fetch_one(connection).await.map_err(step)?;
    Ok(MaintenanceReport { ended_holds, counted_days, failed })
}
