//! Who asks where nobody's account acts: programs and the people who run them, each by a name of its own.
//!
//! None of these is a way to a patient's data for a page: what each may be asked stands beside it, and a function's
//! signature names one of them or an `Actor`. What it may do in the database follows from the
//! connection's login, as for every statement.

use sqlx::PgConnection;

use super::error::{CareError, RuleCatalogue};

macro_rules! contexts {
    ($($(#[$doc:meta])+ $name:ident: $visible:vis)+) => {$(
        $(#[$doc])+
        #[derive(Debug)]
        pub struct $name<'c> {
            connection: &'c mut PgConnection,
            rules: RuleCatalogue,
        }

        impl<'c> $name<'c> {
            /// On a connection. A constraint that refuses something is told by its code, not by its sentence.
            $visible fn on(connection: &'c mut PgConnection) -> $name<'c> {
                $name { connection, rules: RuleCatalogue::default() }
            }

            /// The same, for a person who is told what is refused.
            pub fn with_rules(self, rules: &RuleCatalogue) -> $name<'c> {
                $name { rules: rules.clone(), ..self }
            }

            /// The connection for one step, and what makes a sentence of its refusal.
            pub(super) fn step(
                &mut self,
                step: &'static str,
            ) -> (&mut PgConnection, impl Fn(sqlx::Error) -> CareError + use<>) {
                (&mut *self.connection, self.rules.explains(step))
            }
        }
    )+};
}

contexts! {
    /// What the clock asks for: holds that ran out, days to be counted or kept.
    Maintenance: pub
    /// Whoever runs the installation: gives devices out, exports and erases, and is audited for it.
    Operator: pub
    /// Whoever proves and reads the audit.
    Auditor: pub
    /// Whoever signs people in, and opens and ends their sessions.
    SignIn: pub
}

impl Operator<'_> {
    /// What reads the samples that this operator exports; the export is audited before (`care::samples`).
    pub(crate) fn sample_reader(&mut self) -> SampleReader<'_> {
        SampleReader::on(self.connection)
    }
}

/// What reads samples of both tiers, with the role `healthtrack_roller`, for somebody whose question is decided and
/// audited.
#[derive(Debug)]
pub struct SampleReader<'c>(&'c mut PgConnection);

impl<'c> SampleReader<'c> {
    /// On a connection.
    pub fn on(connection: &'c mut PgConnection) -> SampleReader<'c> {
        SampleReader(connection)
    }

    /// For the readers of both tiers.
    pub(crate) fn connection(&mut self) -> &mut PgConnection {
        self.0
    }
}
