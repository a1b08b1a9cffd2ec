//! Whether the server's write-ahead log reaches its archive, as the server itself counts it.
//!
//! # Why
//! A base backup is made by a tool of its own, and the server keeps no word of it: neither does this. What the server
//! does know is whether each piece of the log that it closes is taken away to where a restore finds it, so that is
//! told, and nothing is made up of the rest.

use super::actor::Actor;
use super::error::CareError;
use crate::model::time::Timestamp;
use crate::store::moment::Moment;

/// How the log is archived.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct WalArchive {
    /// Whether the server archives it at all.
    pub is_on: bool,
    /// When a piece of it last reached the archive.
    pub archived_at: Option<Timestamp>,
    /// When one last did not.
    pub failed_at: Option<Timestamp>,
    /// How often one did not, since the server counts.
    pub failures: i64,
}

impl WalArchive {
    /// Whether the last try failed.
    pub fn has_failed(&self) -> bool {
        self.failed_at.is_some_and(|failed| self.archived_at.is_none_or(|archived| archived < failed))
    }
}

/// How the log is archived; `None` where the actor is no operator.
///
/// # Errors
/// The database's.
pub async fn read_wal_archive(actor: &mut Actor<'_>) -> Result<Option<WalArchive>, CareError> {
    let (connection, token, failed) = actor.ask("reading how the log is archived")?;
    let row: Option<(bool, Option<Moment>, Option<Moment>, i64)> =
        sqlx::query_as("SELECT * FROM api.read_wal_archive($1)")
            .bind(token)
            .fetch_optional(connection)
            .await
            .map_err(failed)?;
    let told = |(is_on, archived, failed, failures): (bool, Option<Moment>, Option<Moment>, i64)| WalArchive {
        is_on,
        archived_at: archived.map(|at| at.0),
        failed_at: failed.map(|at| at.0),
        failures,
    };
    Ok(row.map(told))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_over_once_something_was_archived_after_it() {
        let at = |micros| Some(Timestamp::from_micros(micros).unwrap());
        let archive = |archived_at, failed_at| WalArchive { is_on: true, archived_at, failed_at, failures: 1 };
        let failed = [(None, None), (None, at(1)), (at(1), at(2)), (at(2), at(1))];
        let failed = failed.map(|(archived, failed)| archive(archived, failed).has_failed());
        assert_eq!(failed, [false, true, true, false]);
    }
}
