//! What can go wrong with the database, sorted by what to do about it.

use sqlx::migrate::MigrateError;

use super::sqlstate::{CANCELLED, Fault, fault_of, is_damage, may_be_damage, remedy_of};
use crate::model::time::Timestamp;

/// The step in which no statement has begun.
pub(super) const CONNECTING: &str = "connecting to Postgres";

/// A failed step with the database.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A statement or a connection failed.
    #[error("{step} failed")]
    Database {
        /// Which step.
        step: &'static str,
        /// The driver's error.
        #[source]
        source: sqlx::Error,
    },
    /// An answer of Postgres of which only the code is kept: its words may hold what was stored or sent.
    #[error("{step} failed: Postgres answered {code}")]
    Answered {
        /// Which step.
        step: &'static str,
        /// SQLSTATE.
        code: String,
    },
    /// No answer in time.
    #[error("{step} did not end within {seconds} s: check that Postgres is reachable and not blocked by a lock")]
    Timeout {
        /// Which step.
        step: &'static str,
        /// How long it was waited for.
        seconds: u64,
    },
    /// Samples fall into more than is merged at once.
    #[error("the stored blocks that these samples fall into hold more than {samples_max} samples")]
    LargeMerge {
        /// How many one transaction merges.
        samples_max: usize,
    },
    /// The schema could not be brought up to date.
    #[error("the schema could not be brought up to date: run `healthtrack migrate` with a role that owns the database")]
    Migrate(#[from] MigrateError),
    /// The schema is of an older version, and this login may not change it.
    #[error("the schema is not up to date: run `healthtrack migrate` with the role that owns it")]
    Outdated,
    /// Only some of the former migrations were applied, and of those the bridge knows nothing but the whole.
    #[error(
        "the database stopped at migration {version:04} of a former version: run `healthtrack migrate` of the last \
         version whose roles have no prefix (the changelog names its commit), then the same of this version"
    )]
    FormerIncomplete {
        /// The last that was applied.
        version: i64,
    },
    /// The shard has another owner.
    #[error("the right to shard {shard} was taken away")]
    Fenced {
        /// Which shard.
        shard: String,
    },
    /// The database has another history than the one in which the shard's owner wrote.
    #[error(
        "the database lacks what was committed for shard {shard}: it was restored, cloned, or failed over without \
         its last transactions"
    )]
    Forgotten {
        /// Which shard.
        shard: String,
    },
    /// A source has lost a right that the shard's owner may remember.
    #[error("a source may no longer speak for a device of shard {shard}")]
    Disallowed {
        /// Which shard.
        shard: String,
        /// The writer's present revision.
        revision: i64,
    },
    /// Several hosts where only one has a place.
    #[error(
        "store.url names several hosts in its parameter host: write them as \
         postgres://user:password@first:5432,second:5432/database"
    )]
    Hosts,
    /// A wish that no connection of ours can have.
    #[error("store.url must say target_session_attrs=read-write, primary or any")]
    SessionAttributes,
    /// Each host that answers is a standby.
    #[error("none of the hosts in store.url takes writes: promote one of them, or name the primary too")]
    NoPrimary,
    /// The one host is.
    #[error(
        "the database is a standby, which takes no writes: point store.url at the primary, or name all hosts, as in \
         postgres://user:password@first:5432,second:5432/database"
    )]
    Standby,
    /// Somebody stands between, and breaks what a session has.
    #[error(
        "store.url leads to a pooler that {how}: point it at Postgres itself (port 5432), past the pooler; \
         deploy/postgres.md says why"
    )]
    Pooled {
        /// By what it is known.
        how: &'static str,
    },
    /// The URL cannot be read.
    #[error("store.url is not a Postgres URL: write it as postgres://user:password@host:5432/database")]
    Url(#[source] sqlx::Error),
    /// Row-level security hides rows without saying so.
    #[error("this database user does not see every row of {what}: as its owner run GRANT {role} TO that user")]
    RlsFiltered {
        /// Of which table.
        what: &'static str,
        /// Which role sees all.
        role: &'static str,
    },
    /// Row-level security may hide stored blocks from the daemon.
    #[error(
        "row-level security on signal.block may hide samples from this database user, and what is hidden would be \
         stored twice: as the table's owner run ALTER TABLE signal.block DISABLE ROW LEVEL SECURITY"
    )]
    HiddenBlocks,
    /// The law forbids it.
    #[error("a person whom it is about is under legal hold (care.patient.legal_hold): nothing of theirs may be erased")]
    Held,
    /// Somebody corrected who wore what while it was read.
    #[error("who wore what was changed meanwhile: run the command again, and it continues with the corrected data")]
    WearChanged,
    /// A stored row breaks the rules by which it was written.
    #[error("a stored row breaks a rule of its table: {what}")]
    BadRow {
        /// Which rule.
        what: &'static str,
    },
    /// A block breaks them, which can be named.
    #[error(
        "the block of series {series} that begins at {start} cannot be read, since {what}: `healthtrack doctor` says \
         how to repair it"
    )]
    Unreadable {
        /// Whose.
        series: i32,
        /// Where it begins.
        start: Timestamp,
        /// Which rule.
        what: &'static str,
    },
    /// Postgres itself cannot read stored blocks back.
    #[error("{step} failed: the server cannot read its own files")]
    Damaged {
        /// Which step.
        step: &'static str,
        /// The driver's error.
        #[source]
        source: sqlx::Error,
    },
    /// The same, or something that passes: a chunk that was dropped while it was read is answered alike.
    #[error("{step} failed: the server may be unable to read its own files")]
    Doubtful {
        /// Which step.
        step: &'static str,
        /// The driver's error.
        #[source]
        source: sqlx::Error,
    },
}

impl StoreError {
    /// Names the step that failed; for `map_err`.
    pub fn at(step: &'static str) -> impl Fn(sqlx::Error) -> StoreError {
        move |source| StoreError::Database { step, source }
    }

    /// The same for a step that reads stored blocks: damage is then distinguished from all else, and what may be damage
    /// is known for it.
    pub(super) fn reading(step: &'static str) -> impl Fn(sqlx::Error) -> StoreError {
        move |source| match code_of(&source) {
            Some(code) if is_damage(&code) => StoreError::Damaged { step, source },
            Some(code) if may_be_damage(&code) => StoreError::Doubtful { step, source },
            _ => StoreError::Database { step, source },
        }
    }

    /// What to do about it.
    pub fn fault(&self) -> Fault {
        match self {
            StoreError::Fenced { .. } | StoreError::Forgotten { .. } | StoreError::Disallowed { .. } => Fault::Fenced,
            StoreError::Unreadable { .. } | StoreError::Damaged { .. } => Fault::Unreadable,
            StoreError::LargeMerge { .. } => Fault::TooLarge,
            StoreError::Timeout { .. }
            | StoreError::WearChanged
            | StoreError::Doubtful { .. }
            | StoreError::NoPrimary => Fault::Passing,
            // That a connection finds no room says nothing of what is to be written over it.
            StoreError::Database { step: CONNECTING, source } if fault_of_driver(source) == Fault::TooLarge => {
                Fault::Passing
            }
            StoreError::Database { source, .. } => fault_of_driver(source),
            StoreError::Answered { code, .. } => fault_of(code),
            StoreError::Migrate(MigrateError::Execute(source) | MigrateError::ExecuteMigration(source, _)) => {
                fault_of_driver(source)
            }
            StoreError::Migrate(_)
            | StoreError::Outdated
            | StoreError::FormerIncomplete { .. }
            | StoreError::Url(_)
            | StoreError::Hosts
            | StoreError::SessionAttributes
            | StoreError::Standby
            | StoreError::Pooled { .. }
            | StoreError::RlsFiltered { .. }
            | StoreError::HiddenBlocks
            | StoreError::Held
            | StoreError::BadRow { .. } => Fault::Permanent,
        }
    }

    /// True where what was to be added is there already.
    pub(super) fn is_duplicate(&self) -> bool {
        matches!(self, StoreError::Database { source, .. } if code_of(source).as_deref() == Some("23505"))
    }

    /// True where stored blocks are at fault, or may be: whoever has others to read goes on with those.
    pub fn is_of_blocks(&self) -> bool {
        self.fault() == Fault::Unreadable || matches!(self, StoreError::Doubtful { .. })
    }

    /// True where a statement was begun and did not end in time: a smaller one may.
    pub fn is_slow(&self) -> bool {
        match self {
            StoreError::Timeout { step, .. } => *step != CONNECTING,
            StoreError::Database { source, .. } => code_of(source).is_some_and(|code| code == CANCELLED),
            _ => false,
        }
    }

    /// What an operator does about a fault that stays; nothing where the error says so itself.
    pub fn remedy(&self) -> Option<&'static str> {
        match self {
            StoreError::Database { source, .. } => Some(remedy_of(&code_of(source).unwrap_or_default())),
            StoreError::Answered { code, .. } => Some(remedy_of(code)),
            _ => None,
        }
    }
}

fn code_of(error: &sqlx::Error) -> Option<String> {
    error.as_database_error().and_then(|error| error.code()).map(std::borrow::Cow::into_owned)
}

/// What to do about an answer, or what the driver makes of it.
fn fault_of_driver(error: &sqlx::Error) -> Fault {
    match error {
        sqlx::Error::Database(error) => match error.code() {
            // No chunk for a row is told as a check violation too, but by no constraint's name: it was dropped, and the
            // writer makes it again.
            Some(code) if code == "23514" && error.constraint().is_none() => Fault::Passing,
            Some(code) => fault_of(&code),
            None => Fault::Passing,
        },
        // A value that has no form on the wire.
        sqlx::Error::Encode(_) => Fault::Data,
        // The answer is there and is not what this version expects.
        sqlx::Error::ColumnDecode { .. }
        | sqlx::Error::ColumnIndexOutOfBounds { .. }
        | sqlx::Error::ColumnNotFound(_)
        | sqlx::Error::Configuration(_)
        | sqlx::Error::Decode(_)
        | sqlx::Error::InvalidArgument(_)
        | sqlx::Error::RowNotFound
        | sqlx::Error::TypeNotFound { .. } => Fault::Permanent,
        // The way to the server: `Io`, `Tls`, `Protocol` and the pool's own.
        _ => Fault::Passing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_error_passes_or_is_told_by_what_to_do() {
        let decode = || sqlx::Error::Decode("a number was expected".into());
        let cut = || sqlx::Error::Io(std::io::ErrorKind::ConnectionReset.into());
        let (step, what, start) = ("a step", "a rule", Timestamp::MIN);
        let answered = |code: &str| StoreError::Answered { step, code: code.to_owned() };
        let table = [
            (StoreError::Database { step, source: cut() }, Fault::Passing),
            (StoreError::Database { step, source: sqlx::Error::PoolTimedOut }, Fault::Passing),
            (StoreError::Database { step, source: decode() }, Fault::Permanent),
            (StoreError::Database { step, source: sqlx::Error::RowNotFound }, Fault::Permanent),
            (answered("40001"), Fault::Passing),
            (answered("23505"), Fault::Data),
            (answered("42501"), Fault::Permanent),
            (StoreError::Timeout { step, seconds: 1 }, Fault::Passing),
            (StoreError::WearChanged, Fault::Passing),
            (StoreError::LargeMerge { samples_max: 1 }, Fault::TooLarge),
            (answered("53200"), Fault::TooLarge),
            (StoreError::Migrate(MigrateError::Execute(cut())), Fault::Passing),
            (StoreError::Migrate(MigrateError::VersionMissing(1)), Fault::Permanent),
            (StoreError::Outdated, Fault::Permanent),
            (StoreError::FormerIncomplete { version: 40 }, Fault::Permanent),
            (StoreError::Fenced { shard: "main".to_owned() }, Fault::Fenced),
            (StoreError::Forgotten { shard: "main".to_owned() }, Fault::Fenced),
            (StoreError::Disallowed { shard: "main".to_owned(), revision: 1 }, Fault::Fenced),
            (StoreError::Url(decode()), Fault::Permanent),
            (StoreError::Hosts, Fault::Permanent),
            (StoreError::SessionAttributes, Fault::Permanent),
            (StoreError::NoPrimary, Fault::Passing),
            (StoreError::Standby, Fault::Permanent),
            (StoreError::Pooled { how: "drops settings" }, Fault::Permanent),
            (StoreError::RlsFiltered { what: "care.wear", role: "roller" }, Fault::Permanent),
            (StoreError::HiddenBlocks, Fault::Permanent),
            (StoreError::Held, Fault::Permanent),
            (StoreError::BadRow { what }, Fault::Permanent),
            (StoreError::Unreadable { series: 1, start, what }, Fault::Unreadable),
            (StoreError::Damaged { step, source: decode() }, Fault::Unreadable),
        ];
        for (error, fault) in table {
            assert_eq!(error.fault(), fault, "{error:?}");
        }
    }
}
