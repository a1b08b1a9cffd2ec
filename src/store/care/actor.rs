//! Who acts: the only way to a person's data.
//!
//! An actor is a session's token on a connection whose login may execute the functions of `api` and nothing else. Each
//! call takes the token, and the database says who acts for the time of that call; so a connection that goes back to
//! its pool is nobody's. What is read is recorded first, in a transaction of its own (`look`), so that no reading can
//! be undone together with its trace: read, then write. What is written is kept together, until `commit`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sqlx::{Connection as _, PgConnection, Postgres, Transaction};
use uuid::Uuid;

use super::error::{BrokenRule, CareError, RuleCatalogue};
use super::session::SessionToken;
use crate::model::people::{AccountId, PatientId, RequestId, Role};
use crate::store::StoreError;

/// The rule that refuses what is no token of a session that stands.
const SESSION_STANDS: &str = "session_stands";
/// SQLSTATE of a connection that is not there.
const NO_CONNECTION: &str = "08003";
const BEGINNING: &str = "beginning to act";

/// One account that acts through functions of `api`; what it writes is kept by `commit`, and undone without.
#[derive(Debug)]
pub struct Actor<'c> {
    held: Held<'c>,
    token: SessionToken,
    account: AccountId,
    role: Role,
    rules: RuleCatalogue,
    /// Whether a call since the first writing failed: Postgres has then undone all of it, and answers COMMIT with a
    /// rollback that is no error.
    undone: Arc<AtomicBool>,
}

/// The connection, before the first writing and after it.
#[derive(Debug)]
enum Held<'c> {
    Idle(&'c mut PgConnection),
    Writing(Transaction<'c, Postgres>),
    /// No transaction could be begun.
    Lost,
}

impl<'c> Actor<'c> {
    /// Asks who acts; `None` where the token is none of a session that stands.
    ///
    /// The connection's login must be a member of `healthtrack_portal`.
    ///
    /// # Errors
    /// The database's.
    pub async fn begin(
        connection: &'c mut PgConnection,
        rules: &RuleCatalogue,
        token: &SessionToken,
    ) -> Result<Option<Actor<'c>>, CareError> {
        Actor::on(Held::Idle(connection), rules, token).await
    }

    /// The same for a page that listens: reads within a transaction that writes nothing, so that the session is not
    /// taken for used.
    ///
    /// # Errors
    /// The database's.
    pub async fn begin_unseen(
        connection: &'c mut PgConnection,
        rules: &RuleCatalogue,
        token: &SessionToken,
    ) -> Result<Option<Actor<'c>>, CareError> {
        let transaction = connection.begin_with("BEGIN READ ONLY").await.map_err(rules.explains(BEGINNING))?;
        Actor::on(Held::Writing(transaction), rules, token).await
    }

    /// The same for a look that a page takes by itself: it is recorded once it is committed, and the session is not
    /// taken for used.
    ///
    /// # Errors
    /// The database's.
    pub async fn begin_look_unseen(
        connection: &'c mut PgConnection,
        rules: &RuleCatalogue,
        token: &SessionToken,
    ) -> Result<Option<Actor<'c>>, CareError> {
        let mut transaction = connection.begin().await.map_err(rules.explains(BEGINNING))?;
        let unseen = sqlx::query("SELECT set_config('healthtrack.unseen', 'on', true)");
        unseen.execute(&mut *transaction).await.map_err(rules.explains(BEGINNING))?;
        Actor::on(Held::Writing(transaction), rules, token).await
    }

    async fn on(
        mut held: Held<'c>,
        rules: &RuleCatalogue,
        token: &SessionToken,
    ) -> Result<Option<Actor<'c>>, CareError> {
        let connection = match &mut held {
            Held::Idle(connection) => &mut **connection,
            Held::Writing(transaction) => &mut **transaction,
            Held::Lost => return Err(lost(BEGINNING)),
        };
        let asked = sqlx::query_as("SELECT account_id, part FROM api.read_account($1)")
            .bind(token.expose())
            .fetch_one(connection)
            .await
            .map_err(rules.explains(BEGINNING));
        let (account, role): (AccountId, Role) = match asked {
            Ok(found) => found,
            Err(CareError::Refused(broken)) if broken.rule == SESSION_STANDS => return Ok(None),
            Err(error) => return Err(error),
        };
        let undone = Arc::default();
        Ok(Some(Actor { held, token: token.clone(), account, role, rules: rules.clone(), undone }))
    }

    /// The account that acts.
    pub fn account(&self) -> AccountId {
        self.account
    }

    /// As what it acts.
    pub fn role(&self) -> Role {
        self.role
    }

    /// Connection and token for a call that reads what is nobody's record, and what makes a sentence of its refusal.
    pub(super) fn ask(
        &mut self,
        step: &'static str,
    ) -> Result<(&mut PgConnection, &str, impl Fn(sqlx::Error) -> CareError + use<>), CareError> {
        let (explain, undone) = (self.rules.explains(step), Arc::clone(&self.undone));
        let connection = match &mut self.held {
            Held::Idle(connection) => &mut **connection,
            Held::Writing(transaction) => &mut **transaction,
            Held::Lost => return Err(lost(step)),
        };
        let failed = move |error| {
            undone.store(true, Ordering::Relaxed);
            explain(error)
        };
        Ok((connection, self.token.expose(), failed))
    }

    /// The same for a call that writes; begins the transaction that `commit` keeps.
    pub(super) async fn write(
        &mut self,
        step: &'static str,
    ) -> Result<(&mut PgConnection, &str, impl Fn(sqlx::Error) -> CareError + use<>), CareError> {
        self.held = match std::mem::replace(&mut self.held, Held::Lost) {
            Held::Idle(connection) => {
                self.undone.store(false, Ordering::Relaxed);
                Held::Writing(connection.begin().await.map_err(self.rules.explains(step))?)
            }
            held => held,
        };
        self.ask(step)
    }

    /// Records that a kind of a patient's record is looked at (of all whom the account may see, where none is named);
    /// the key that reading it takes, `None` where it is not open, which is recorded as well.
    pub(super) async fn look(
        &mut self,
        patient: Option<PatientId>,
        kind: &str,
        request: Option<RequestId>,
    ) -> Result<Option<Uuid>, CareError> {
        let (connection, token, failed) = self.ask("recording a look at a record")?;
        sqlx::query_scalar("SELECT api.look($1, $2, $3, $4)")
            .bind(token)
            .bind(patient)
            .bind(kind)
            .bind(request)
            .fetch_one(connection)
            .await
            .map_err(failed)
    }

    /// Keeps what was written, and its audit.
    ///
    /// # Errors
    /// `each_step_was_done` where a call before it was refused or failed, and the database's; nothing of it was done
    /// then, unless the answer alone was lost.
    pub async fn commit(self) -> Result<(), CareError> {
        let step = "keeping what was done";
        match self.held {
            Held::Writing(_) if self.undone.load(Ordering::Relaxed) => Err(CareError::Refused(BrokenRule {
                rule: "each_step_was_done".to_owned(),
                sentence: "A step before this was refused, so nothing was kept: begin again.".to_owned(),
            })),
            Held::Writing(transaction) => transaction.commit().await.map_err(self.rules.explains(step)),
            Held::Idle(_) => Ok(()),
            Held::Lost => Err(lost(step)),
        }
    }
}

fn lost(step: &'static str) -> CareError {
    StoreError::Answered { step, code: NO_CONNECTION.to_owned() }.into()
}
