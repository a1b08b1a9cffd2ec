//! Retire: files of days that have been kept for `archive.retention_days` leave the archive, at the end of each roll.
//!
//! Killed between the manifest and the folder, the next roll finds files that are superseded and still under their
//! names, and supersedes them like those of a killed roll (`recover`).

use sqlx::PgConnection;

use super::error::ArchiveError;
use super::roll::Roller;
use crate::faults::{Defect, crash_point, is_injected};
use crate::store::archive::{Retired, retire};

impl Roller {
    /// Ends what has been kept for long enough; nothing where all is kept for ever.
    pub(super) async fn retire(&self, connection: &mut PgConnection) -> Result<Retired, ArchiveError> {
        let Some(days) = self.config.retention_days() else { return Ok(Retired::default()) };
        let days = if is_injected(Defect::RetireTooEarly) { days - 1 } else { days };
        let retired = retire(connection, days, self.context.clock.now()).await?;
        crash_point();
        for name in &retired.names {
            self.archive.supersede(name, self.context.clock.now()).await?;
            crash_point();
        }
        Ok(retired)
    }
}
