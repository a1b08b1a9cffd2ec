//! What a patient is told over which channel, when it is quiet, when to come back, and which vaccinations are due.

use super::actor::Actor;
use super::error::CareError;
use super::record::Edited;
use crate::model::people::{
    AppointmentId, Channel, NotificationId, NotificationKind, PatientId, RecallId, RecallStatus,
};
use crate::model::time::Day;

/// A notification as its patient reads it.
#[derive(Clone, Debug, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct NotificationLine {
    /// Which.
    pub notification_id: NotificationId,
    /// What it is about.
    pub kind: NotificationKind,
    /// What is said.
    pub words: String,
    /// Over what.
    pub channel: Channel,
    /// `queued`, `sent`, `delivered`, `failed` or `cancelled`.
    pub status: String,
}

/// The latest notifications of the acting patient; 500 at most.
///
/// # Errors
/// The database's.
pub async fn of_patient(
    actor: &mut Actor<'_>,
    patient: PatientId,
    rows_max: u16,
) -> Result<Vec<NotificationLine>, CareError> {
    let Some(look) = actor.look(Some(patient), "notifications", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("reading notifications")?;
    sqlx::query_as("SELECT * FROM api.read_notifications($1, $2, $3, NULL, NULL, $4)")
        .bind(token)
        .bind(look)
        .bind(patient)
        .bind(i32::from(rows_max))
        .fetch_all(connection)
        .await
        .map_err(failed)
}

/// Notes that the acting patient has seen a notification in the portal; whether there was one to see.
///
/// # Errors
/// The database's.
pub async fn see(actor: &mut Actor<'_>, notification: NotificationId) -> Result<bool, CareError> {
    let (connection, token, failed) = actor.write("noting what was seen").await?;
    sqlx::query_scalar::<_, Option<bool>>("SELECT api.see_notification($1, $2)")
        .bind(token)
        .bind(notification)
        .fetch_one(connection)
        .await
        .map(Option::unwrap_or_default)
        .map_err(failed)
}

/// Says whether the acting patient wants notifications of a kind over a channel.
///
/// # Errors
/// `notification_preference_keeps_the_portal`, and the database's.
pub async fn choose_channel(
    actor: &mut Actor<'_>,
    patient: PatientId,
    channel: Channel,
    kind: NotificationKind,
    wanted: bool,
) -> Result<(), CareError> {
    let (connection, token, failed) = actor.write("choosing a channel").await?;
    sqlx::query("SELECT api.choose_channel($1, $2, $3, $4, $5)")
        .bind(token)
        .bind(patient)
        .bind(channel)
        .bind(kind)
        .bind(wanted)
        .execute(connection)
        .await
        .map(drop)
        .map_err(failed)
}

/// Sets when nothing is to leave for the acting patient: two times of day as `22:00`, where the patient lives.
///
/// # Errors
/// `quiet_hours_leave_some_of_the_day`, `value_fits`, and the database's.
pub async fn set_quiet_hours(
    actor: &mut Actor<'_>,
    patient: PatientId,
    from: &str,
    until: &str,
) -> Result<(), CareError> {
    let (connection, token, failed) = actor.write("setting quiet hours").await?;
    sqlx::query("SELECT api.set_quiet_hours($1, $2, $3, $4)")
        .bind(token)
        .bind(patient)
        .bind(from)
        .bind(until)
        .execute(connection)
        .await
        .map(drop)
        .map_err(failed)
}

/// Plans that a patient in care is to come back for a programme; the recall's key.
///
/// # Errors
/// `recall_of_a_programme_is_one`, and the database's.
pub async fn plan_recall(
    actor: &mut Actor<'_>,
    patient: PatientId,
    due_on: Day,
    programme: &str,
    reason: &str,
) -> Result<RecallId, CareError> {
    let (connection, token, failed) = actor.write("planning a recall").await?;
    sqlx::query_scalar("SELECT api.plan_recall($1, $2, $3, $4, $5, NULL)")
        .bind(token)
        .bind(patient)
        .bind(due_on)
        .bind(programme)
        .bind(reason)
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// Says what came of a recall, if it still is the version that was read.
///
/// # Errors
/// `recall_that_is_over_stays_so`, `recall_says_what_came_of_it`, and the database's.
pub async fn change_recall(
    actor: &mut Actor<'_>,
    recall: RecallId,
    version: i32,
    status: RecallStatus,
    outcome: Option<&str>,
    appointment: Option<AppointmentId>,
) -> Result<Edited, CareError> {
    let (connection, token, failed) = actor.write("changing a recall").await?;
    let edited: Option<(bool, i32)> =
        sqlx::query_as("SELECT saved, version FROM api.change_recall($1, $2, $3, $4, $5, NULL, $6)")
            .bind(token)
            .bind(recall)
            .bind(version)
            .bind(status)
            .bind(outcome)
            .bind(appointment)
            .fetch_optional(connection)
            .await
            .map_err(failed)?;
    Ok(Edited::of(edited))
}

/// A vaccination that is due.
#[derive(Clone, Debug, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct DueVaccination {
    /// Against what, as a stable word.
    pub target: String,
    /// What it is called.
    pub title: String,
    /// Which dose.
    pub dose_number: i16,
    /// The vaccine that is proposed, by CVX.
    pub cvx: String,
    /// Since when it is due.
    pub due_on: Day,
}

/// Vaccinations that are due for a patient on a day.
///
/// # Errors
/// The database's.
pub async fn vaccinations_due(
    actor: &mut Actor<'_>,
    patient: PatientId,
    day: Day,
) -> Result<Vec<DueVaccination>, CareError> {
    let Some(look) = actor.look(Some(patient), "immunizations_due", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("reading vaccinations that are due")?;
    sqlx::query_as("SELECT * FROM api.read_immunizations_due($1, $2, $3, $4)")
        .bind(token)
        .bind(look)
        .bind(patient)
        .bind(day)
        .fetch_all(connection)
        .await
        .map_err(failed)
}
