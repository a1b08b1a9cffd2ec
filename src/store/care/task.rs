//! Tasks: opened, taken, given on, ended; the inbox of an account.

use super::actor::Actor;
use super::error::CareError;
use super::record::Edited;
use crate::model::people::{FacilityId, PatientId, ProviderId, TaskId, TaskKind, TaskPool, TaskStatus, Urgency};
use crate::model::time::Timestamp;
use crate::store::moment::Moment;

/// For whom a task is.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum TaskFor {
    /// A provider who cares for the patient.
    Provider(ProviderId),
    /// The patient.
    Patient,
    /// Whoever cares for the patient.
    CareTeam,
    /// The desk of a facility.
    FrontDesk(FacilityId),
    /// The billers of a facility.
    Billers(FacilityId),
}

impl TaskFor {
    fn provider(self) -> Option<ProviderId> {
        if let TaskFor::Provider(provider) = self { Some(provider) } else { None }
    }

    fn facility(self) -> Option<FacilityId> {
        match self {
            TaskFor::FrontDesk(facility) | TaskFor::Billers(facility) => Some(facility),
            TaskFor::Provider(_) | TaskFor::Patient | TaskFor::CareTeam => None,
        }
    }

    fn pool(self) -> Option<TaskPool> {
        match self {
            TaskFor::CareTeam => Some(TaskPool::CareTeam),
            TaskFor::FrontDesk(_) => Some(TaskPool::FrontDesk),
            TaskFor::Billers(_) => Some(TaskPool::Biller),
            TaskFor::Provider(_) | TaskFor::Patient => None,
        }
    }
}

/// Asks somebody to do something for a patient that is about no row of the record; the task's key.
///
/// # Errors
/// `task_owner_may_do_it`, and the database's.
pub async fn open(
    actor: &mut Actor<'_>,
    patient: PatientId,
    kind: TaskKind,
    title: &str,
    urgency: Urgency,
    due_at: Option<Timestamp>,
    whom: TaskFor,
) -> Result<TaskId, CareError> {
    let (connection, token, failed) = actor.write("opening a task").await?;
    sqlx::query_scalar("SELECT api.open_task($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, NULL, NULL, NULL, NULL)")
        .bind(token)
        .bind(patient)
        .bind(kind)
        .bind(title)
        .bind(urgency)
        .bind(due_at.map(Moment))
        .bind(whom.provider())
        .bind(whom == TaskFor::Patient)
        .bind(whom.facility())
        .bind(whom.pool())
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// Takes a task from a pool or a colleague, if it still is the version that was read.
///
/// # Errors
/// `task_that_is_over_stays_so`, and the database's.
pub async fn take(actor: &mut Actor<'_>, task: TaskId, version: i32) -> Result<Edited, CareError> {
    let (connection, token, failed) = actor.write("taking a task").await?;
    let edited: Option<(bool, i32)> = sqlx::query_as("SELECT saved, version FROM api.take_task($1, $2, $3)")
        .bind(token)
        .bind(task)
        .bind(version)
        .fetch_optional(connection)
        .await
        .map_err(failed)?;
    Ok(Edited::of(edited))
}

/// Gives a task on, if it still is the version that was read; to the patient it cannot be given.
///
/// # Errors
/// `task_is_its_owners`, `task_owner_may_do_it`, and the database's.
pub async fn give(actor: &mut Actor<'_>, task: TaskId, version: i32, whom: TaskFor) -> Result<Edited, CareError> {
    let (connection, token, failed) = actor.write("giving a task on").await?;
    let edited: Option<(bool, i32)> =
        sqlx::query_as("SELECT saved, version FROM api.give_task($1, $2, $3, $4, $5, $6)")
            .bind(token)
            .bind(task)
            .bind(version)
            .bind(whom.provider())
            .bind(whom.facility())
            .bind(whom.pool())
            .fetch_optional(connection)
            .await
            .map_err(failed)?;
    Ok(Edited::of(edited))
}

/// Says how a task ended, or puts it on hold, if it still is the version that was read.
///
/// # Errors
/// `task_is_its_owners`, `task_says_what_came_of_it`, and the database's.
pub async fn end(
    actor: &mut Actor<'_>,
    task: TaskId,
    version: i32,
    status: TaskStatus,
    outcome: Option<&str>,
) -> Result<Edited, CareError> {
    let (connection, token, failed) = actor.write("ending a task").await?;
    let edited: Option<(bool, i32)> = sqlx::query_as("SELECT saved, version FROM api.end_task($1, $2, $3, $4, $5)")
        .bind(token)
        .bind(task)
        .bind(version)
        .bind(status)
        .bind(outcome)
        .fetch_optional(connection)
        .await
        .map_err(failed)?;
    Ok(Edited::of(edited))
}

/// A task in an inbox.
#[derive(Clone, Debug, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct InboxLine {
    /// Which.
    pub task_id: TaskId,
    /// Which version stands.
    pub version: i32,
    /// True where the account has it, false where it waits in a pool.
    pub is_own: bool,
    /// What it is about.
    pub kind: TaskKind,
    /// What is to be done.
    pub title: String,
    /// How much it hurries.
    pub priority: Urgency,
    /// How far it is.
    pub status: TaskStatus,
    /// For whom it is done.
    pub patient_id: PatientId,
    /// Official family name of that person; `None` where there is none.
    pub family: Option<String>,
}

/// What the account has to do or may take, by when it is due; the first of them, 500 at most.
///
/// # Errors
/// The database's.
pub async fn inbox(actor: &mut Actor<'_>, rows_max: u16) -> Result<Vec<InboxLine>, CareError> {
    let Some(look) = actor.look(None, "inbox", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("reading an inbox")?;
    sqlx::query_as("SELECT * FROM api.read_inbox($1, $2, NULL, NULL, NULL, $3)")
        .bind(token)
        .bind(look)
        .bind(i32::from(rows_max))
        .fetch_all(connection)
        .await
        .map_err(failed)
}

/// What is to be done for a patient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatientTask {
    /// What it is about.
    pub kind: TaskKind,
    /// What is to be done.
    pub title: String,
    /// Until when.
    pub due_at: Option<Timestamp>,
    /// When it was ended; `None` while it is open.
    pub ended_at: Option<Timestamp>,
}

/// What is and was to be done for a patient, as far as whoever acts may see it, the latest first; 500 at most.
///
/// # Errors
/// The database's.
pub async fn of_patient(
    actor: &mut Actor<'_>,
    patient: PatientId,
    rows_max: u16,
) -> Result<Vec<PatientTask>, CareError> {
    let Some(look) = actor.look(Some(patient), "tasks", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("reading tasks of a patient")?;
    let query = sqlx::query_as("SELECT kind, title, due_at, ended_at FROM api.read_tasks($1, $2, $3, NULL, NULL, $4)");
    let rows: Vec<(TaskKind, String, Option<Moment>, Option<Moment>)> = query
        .bind(token)
        .bind(look)
        .bind(patient)
        .bind(i32::from(rows_max))
        .fetch_all(connection)
        .await
        .map_err(failed)?;
    let task = |(kind, title, due_at, ended_at): (TaskKind, String, Option<Moment>, Option<Moment>)| PatientTask {
        kind,
        title,
        due_at: due_at.map(|at| at.0),
        ended_at: ended_at.map(|at| at.0),
    };
    Ok(rows.into_iter().map(task).collect())
}
