//! Procedures: what was done to a patient, recorded by who did it and corrected by whoever read the newest version.

use super::actor::Actor;
use super::error::CareError;
use super::record::Edited;
use crate::model::people::{FacilityId, PatientId, ProcedureId, Sensitivity};
use crate::model::time::Timestamp;
use crate::store::moment::Moment;

/// A procedure, whatever became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcedureLine {
    /// Key.
    pub procedure_id: ProcedureId,
    /// Version, for an edit.
    pub version: i32,
    /// `surgery`, `treatment`, `therapy` or `diagnostic`.
    pub kind: String,
    /// What, by SNOMED CT.
    pub code: String,
    /// What it is called.
    pub title: String,
    /// `preparation`, `in_progress`, `completed`, `stopped`, `not_done` or `entered_in_error`.
    pub status: String,
    /// When it began, and when it ended.
    pub during: (Option<Timestamp>, Option<Timestamp>),
    /// Who did it; `None` outside of the network.
    pub performer: Option<String>,
    /// Where; `None` outside of the network.
    pub facility: Option<String>,
    /// Why it was done, or why not.
    pub reason: Option<String>,
    /// How it went.
    pub outcome: Option<String>,
    /// What it is kept apart by; `None` for plain care.
    pub sensitivity: Option<Sensitivity>,
}

type ProcedureRow = (
    ProcedureId,
    i32,
    String,
    String,
    String,
    String,
    Option<Moment>,
    Option<Moment>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<Sensitivity>,
);

/// Procedures of a patient, the latest first; 500 at most.
///
/// # Errors
/// The database's.
pub async fn procedures(actor: &mut Actor<'_>, patient: PatientId) -> Result<Vec<ProcedureLine>, CareError> {
    let Some(look) = actor.look(Some(patient), "procedures", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("reading procedures")?;
    let query = sqlx::query_as("SELECT * FROM api.read_procedures($1, $2, $3)").bind(token).bind(look).bind(patient);
    let rows: Vec<ProcedureRow> = query.fetch_all(connection).await.map_err(failed)?;
    let line = |row: ProcedureRow| {
        let (
            procedure_id,
            version,
            kind,
            code,
            title,
            status,
            began,
            ended,
            performer,
            facility,
            reason,
            outcome,
            apart,
        ) = row;
        ProcedureLine {
            procedure_id,
            version,
            kind,
            code,
            title,
            status,
            during: (began.map(|at| at.0), ended.map(|at| at.0)),
            performer,
            facility,
            reason,
            outcome,
            sensitivity: apart,
        }
    };
    Ok(rows.into_iter().map(line).collect())
}

/// How far a procedure is.
#[derive(Copy, Clone, Debug)]
pub struct ProcedureState<'a> {
    /// How far it is.
    pub status: &'a str,
    /// When it began, and when it ended.
    pub during: (Option<Timestamp>, Option<Timestamp>),
    /// Why it was done, or why not.
    pub reason: Option<&'a str>,
    /// How it went.
    pub outcome: Option<&'a str>,
}

/// A procedure to be recorded.
#[derive(Copy, Clone, Debug)]
pub struct NewProcedure<'a> {
    /// What kind.
    pub kind: &'a str,
    /// What, by SNOMED CT.
    pub code: &'a str,
    /// What it is called.
    pub title: &'a str,
    /// Where; `None` outside of the network.
    pub facility: Option<FacilityId>,
    /// How far it is.
    pub state: ProcedureState<'a>,
}

/// Records a procedure of the acting provider; its key.
///
/// # Errors
/// The database's: a rule refuses a part, or no provider in care acts.
pub async fn add_procedure(
    actor: &mut Actor<'_>,
    patient: PatientId,
    new: &NewProcedure<'_>,
) -> Result<ProcedureId, CareError> {
    let (connection, token, failed) = actor.write("recording a procedure").await?;
    let (began, ended) = new.state.during;
    sqlx::query_scalar("SELECT api.add_procedure($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)")
        .bind(token)
        .bind(patient)
        .bind(new.kind)
        .bind(new.code)
        .bind(new.title)
        .bind(new.state.status)
        .bind(began.map(Moment))
        .bind(ended.map(Moment))
        .bind(new.facility)
        .bind(new.state.reason)
        .bind(new.state.outcome)
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// Says how far a procedure is, if it still is the version that the editor read.
///
/// # Errors
/// The database's: a rule refuses the change.
pub async fn change_procedure(
    actor: &mut Actor<'_>,
    procedure: ProcedureId,
    version: i32,
    state: ProcedureState<'_>,
) -> Result<Edited, CareError> {
    let (connection, token, failed) = actor.write("changing a procedure").await?;
    let (began, ended) = state.during;
    let edited: Option<(bool, i32)> =
        sqlx::query_as("SELECT saved, version FROM api.change_procedure($1, $2, $3, $4, $5, $6, $7, $8)")
            .bind(token)
            .bind(procedure)
            .bind(version)
            .bind(state.status)
            .bind(began.map(Moment))
            .bind(ended.map(Moment))
            .bind(state.reason)
            .bind(state.outcome)
            .fetch_optional(connection)
            .await
            .map_err(failed)?;
    Ok(Edited::of(edited))
}
