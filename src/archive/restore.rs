//! Restore: an operator brings archive and manifest together, as after a database was restored from a backup.

use super::claim::{check_place, own, take_over};
use super::error::ArchiveError;
use super::recover::{RecoverReport, recover};
use super::roll::Roller;
use crate::faults::crash_point;
use crate::store::archive::try_be_only_roller;

/// What an operator wants.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum RecoverMode {
    /// To know what would be done.
    Look,
    /// It done, where the archive is this database's.
    Recover,
    /// It done, and this database the owner from now on.
    TakeOver,
}

impl Roller {
    /// Takes back what the manifest does not know; `None` where a roll or an erasure is running. Deletes nothing but
    /// what was never finished, and what was joined with another file.
    pub async fn recover(&self, mode: RecoverMode) -> Result<Option<RecoverReport>, ArchiveError> {
        let mut connection = self.context.connector.connect().await?;
        let connection = &mut connection;
        if !try_be_only_roller(connection).await? {
            return Ok(None);
        }
        let owned = match mode {
            RecoverMode::Look => {
                check_place(&self.archive, connection).await?;
                return recover(connection, &self.archive, &self.context, true).await.map(Some);
            }
            RecoverMode::Recover => own(&self.archive, &self.context, connection).await?,
            RecoverMode::TakeOver => take_over(&self.archive, &self.context, connection).await?,
        };
        owned.advance(&self.archive, &self.context, connection).await?;
        crash_point();
        recover(connection, &self.archive, &self.context, false).await.map(Some)
    }
}
