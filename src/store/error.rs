//! What can go wrong with the database, sorted by what to do about it.

/// What the caller can do.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It will pass: try the same again on a new connection.
    Passing,
    /// The database refuses something in the data: cut the batch until the culprit is alone.
    Data,
    /// Another daemon owns the shard now: write nothing more.
    Fenced,
}

/// A failed step with the database.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Any answer or silence of Postgres.
    #[error("{step} failed")]
    Database {
        /// Which step.
        step: &'static str,
        /// What sqlx says.
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
    /// The schema could not be brought up to date.
    #[error("the schema could not be brought up to date: run `healthtrack migrate` with a role that owns the database")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// The schema is of an older version, and this login may not change it.
    #[error("the schema is not up to date: run `healthtrack migrate` with the role that owns it")]
    Outdated,
    /// The shard has another owner.
    #[error("another daemon has taken shard {shard}")]
    Fenced {
        /// Which shard.
        shard: String,
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
    /// The law forbids it.
    #[error("a person whom it is about is under legal hold (care.patient.legal_hold): nothing of theirs may be erased")]
    Held,
    /// Somebody corrected who wore what while it was read.
    #[error("who wore what was changed meanwhile: run the command again, and it goes on with what is true now")]
    WearChanged,
    /// A stored row breaks the table's own rules.
    #[error("a row of signal.block cannot be read: {what}")]
    BadRow {
        /// Which rule.
        what: &'static str,
    },
}

impl StoreError {
    /// Names the step that failed; for `map_err`.
    pub fn at(step: &'static str) -> impl Fn(sqlx::Error) -> StoreError {
        move |source| StoreError::Database { step, source }
    }

    /// What to do about it.
    pub fn fault(&self) -> Fault {
        match self {
            StoreError::Fenced { .. } => Fault::Fenced,
            StoreError::Database { source: sqlx::Error::Database(error), .. } => {
                // SQLSTATE classes 22 (data exception) and 23 (constraint violation): the same rows fail again.
                match error.code() {
                    // No chunk for a row is told as a check violation too, but by no constraint's name: it was
                    // dropped, and the writer makes it again.
                    Some(code) if code == "23514" && error.constraint().is_none() => Fault::Passing,
                    Some(code) if code.starts_with("22") || code.starts_with("23") => Fault::Data,
                    _ => Fault::Passing,
                }
            }
            _ => Fault::Passing,
        }
    }
}
