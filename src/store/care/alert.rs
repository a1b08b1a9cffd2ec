//! Alerts that are open: what rules found in what devices measured, for whoever cares for the patient.

use super::actor::Actor;
use super::error::CareError;
use super::record::Edited;
use crate::model::people::{AlertId, PatientId};
use crate::model::time::Timestamp;
use crate::store::moment::Moment;

/// An alert that is not closed.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenAlert {
    /// Which.
    pub alert_id: AlertId,
    /// Which version stands.
    pub version: i32,
    /// Of whom.
    pub patient_id: PatientId,
    /// Official family name; `None` where the person has none.
    pub family: Option<String>,
    /// Official given names.
    pub given: Vec<String>,
    /// What its rule is called; `None` where that is kept apart.
    pub title: Option<String>,
    /// `critical`, `high`, `moderate` or `low`.
    pub severity: String,
    /// `open`, `acknowledged` or `escalated`.
    pub status: String,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// The latest value.
    pub latest: f64,
    /// Its unit.
    pub unit: Option<String>,
}

type AlertRow = (
    AlertId,
    i32,
    PatientId,
    Option<String>,
    Option<Vec<String>>,
    Option<String>,
    String,
    String,
    Moment,
    f64,
    Option<String>,
);

/// Alerts of patients in the actor's care that are not closed, the worst first; 200 at most.
///
/// # Errors
/// The database's.
pub async fn open(actor: &mut Actor<'_>) -> Result<Vec<OpenAlert>, CareError> {
    let Some(look) = actor.look(None, "open_alerts", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("reading open alerts")?;
    let rows: Vec<AlertRow> = sqlx::query_as(
        "SELECT alert_id, version, patient_id, family, given, title, severity, status, opened_at, latest, unit
         FROM api.read_alerts_to_answer($1, $2, NULL)",
    )
    .bind(token)
    .bind(look)
    .fetch_all(connection)
    .await
    .map_err(failed)?;
    Ok(rows.into_iter().map(open_alert).collect())
}

/// One of those; `None` where there is none. It is given once the patient whose it is can see who looked.
///
/// # Errors
/// The database's.
pub async fn open_one(actor: &mut Actor<'_>, alert: AlertId) -> Result<Option<OpenAlert>, CareError> {
    let Some(found) = open(actor).await?.into_iter().find(|open| open.alert_id == alert) else { return Ok(None) };
    let look = actor.look(Some(found.patient_id), "alerts", None).await?;
    Ok(look.map(|_| found))
}

fn open_alert(row: AlertRow) -> OpenAlert {
    let (alert_id, version, patient_id, family, given, title, severity, status, opened_at, latest, unit) = row;
    OpenAlert {
        alert_id,
        version,
        patient_id,
        family,
        given: given.unwrap_or_default(),
        title,
        severity,
        status,
        opened_at: opened_at.0,
        latest,
        unit,
    }
}

/// What is done with an alert.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum AlertAnswer {
    /// Somebody has seen it and is at it.
    Acknowledged,
    /// What it told of was dealt with.
    Resolved,
    /// It told of nothing.
    Dismissed,
}

impl AlertAnswer {
    /// As the database writes it.
    pub fn word(self) -> &'static str {
        match self {
            AlertAnswer::Acknowledged => "acknowledged",
            AlertAnswer::Resolved => "resolved",
            AlertAnswer::Dismissed => "dismissed",
        }
    }
}

/// Answers an alert, if it still is the version that was read.
///
/// # Errors
/// `alert_dismissal_says_why`, and the database's.
pub async fn answer(
    actor: &mut Actor<'_>,
    alert: AlertId,
    version: i32,
    answer: AlertAnswer,
    reason: Option<&str>,
) -> Result<Edited, CareError> {
    let (connection, token, failed) = actor.write("answering an alert").await?;
    let edited: Option<(bool, i32)> =
        sqlx::query_as("SELECT saved, version FROM api.change_alert($1, $2, $3, $4, $5, NULL)")
            .bind(token)
            .bind(alert)
            .bind(version)
            .bind(answer.word())
            .bind(reason)
            .fetch_optional(connection)
            .await
            .map_err(failed)?;
    Ok(Edited::of(edited))
}
