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

/// Ends holds that have run out, 500 at most, counts anew what has changed at wellness centres, forgets looks and
/// sessions that are over, queues reminders and recalls, renews memberships, folds sums that are kept, and lets rows
/// expire whose retention has ended; a step that fails leaves the others done.
///
/// # Errors
/// The database's.
pub async fn run_maintenance(maintenance: &mut Maintenance<'_>) -> Result<MaintenanceReport, CareError> {
    let (connection, step) = maintenance.step("maintaining the network");
    let query = "SELECT ended_holds, counted_days, failed FROM care.run_maintenance()";
    let (ended_holds, counted_days, failed) = sqlx::query_as(query).fetch_one(connection).await.map_err(step)?;
    Ok(MaintenanceReport { ended_holds, counted_days, failed })
}

/// Does what is next until the partition of the audit that is made ahead is empty again; false where nothing is to be
/// done. Each call is a transaction of its own, short for whoever appends meanwhile.
///
/// # Errors
/// The database's; where a lock was not to be had within a quarter of a second, the next call does the same step.
pub async fn cut_audit(maintenance: &mut Maintenance<'_>) -> Result<bool, CareError> {
    let (connection, step) = maintenance.step("making the audit's next partition");
    sqlx::query_scalar("SELECT care.cut_audit()").fetch_one(connection).await.map_err(step)
}
