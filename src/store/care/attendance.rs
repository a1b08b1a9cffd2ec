//! Visits that do not take place: cancelled, with a reason and in time or late, or missed.
//!
//! A facility says how much notice it wants, and after how many missed visits only its front desk books for a patient
//! (`schemas/migrations/0523_create_attendance_policy.sql`, `0524_explain_cancellations.sql`).

use sqlx::Row;
use sqlx::postgres::PgRow;

use super::actor::Actor;
use super::error::CareError;
use crate::model::people::{AppointmentId, AttendanceWaiverId, FacilityId, PatientId};
use crate::model::time::Timestamp;
use crate::store::moment::Moment;

/// Why a visit may be cancelled.
#[derive(Clone, Debug, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct CancellationReason {
    /// Its stable word.
    pub cancellation_reason: String,
    /// A few words for a person.
    pub title: String,
    /// Who may give it, among patient, provider and facility; a front desk gives any.
    pub given_by: Vec<String>,
}

/// Reasons that the account may give, `other` the last.
///
/// # Errors
/// The database's.
pub async fn reasons(actor: &mut Actor<'_>) -> Result<Vec<CancellationReason>, CareError> {
    let (connection, token, failed) = actor.ask("listing reasons for a cancellation")?;
    sqlx::query_as("SELECT * FROM api.list_cancellation_reasons($1)")
        .bind(token)
        .fetch_all(connection)
        .await
        .map_err(failed)
}

/// Cancels an appointment and says why; `None` gives a held time back. True where it is later than the facility asks
/// for.
///
/// # Errors
/// `appointment_cancellation_is_explained`, `cancellation_reason_is_ones_own_to_give`,
/// `appointment_is_cancelled_in_time`, and the database's.
pub async fn cancel(
    actor: &mut Actor<'_>,
    appointment: AppointmentId,
    reason: Option<&str>,
) -> Result<bool, CareError> {
    let (connection, token, failed) = actor.write("cancelling an appointment").await?;
    sqlx::query_scalar("SELECT api.cancel_appointment($1, $2, $3)")
        .bind(token)
        .bind(appointment)
        .bind(reason)
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// What a facility asks of a patient, and how it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attendance {
    /// Which facility.
    pub facility: FacilityId,
    /// Its name.
    pub facility_name: String,
    /// How many missed visits count.
    pub missed: i32,
    /// After how many only the desk books; `None` where there is no limit.
    pub no_show_limit: Option<i16>,
    /// Of how many days they count.
    pub within_days: Option<i16>,
    /// Within how many hours of a visit a cancellation is late.
    pub notice_hours: i16,
    /// True where only the desk books for the patient.
    pub desk_only: bool,
    /// When the desk last let the patient book again.
    pub waived_at: Option<Timestamp>,
}

/// How it stands with a patient at the facilities of the appointments that the asker may see.
///
/// # Errors
/// The database's.
pub async fn read(actor: &mut Actor<'_>, patient: PatientId) -> Result<Vec<Attendance>, CareError> {
    let Some(look) = actor.look(Some(patient), "appointments", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("reading which visits were missed")?;
    let rows = sqlx::query("SELECT * FROM api.read_attendance($1, $2, $3)")
        .bind(token)
        .bind(look)
        .bind(patient)
        .fetch_all(connection)
        .await
        .map_err(&failed)?;
    let attendance = |row: &PgRow| {
        Ok(Attendance {
            facility: row.try_get("facility")?,
            facility_name: row.try_get("facility_name")?,
            missed: row.try_get("missed")?,
            no_show_limit: row.try_get("no_show_limit")?,
            within_days: row.try_get("within_days")?,
            notice_hours: row.try_get("notice_hours")?,
            desk_only: row.try_get("desk_only")?,
            waived_at: row.try_get::<Option<Moment>, _>("waived_at")?.map(|moment| moment.0),
        })
    };
    rows.iter().map(attendance).collect::<Result<_, _>>().map_err(failed)
}

/// Lets a patient book again at the facility of the acting front desk, and says why; the key of that word.
///
/// # Errors
/// `attendance_is_waived_by_the_desk`, `attendance_waiver_is_of_missed_visits`, and the database's.
pub async fn waive(actor: &mut Actor<'_>, patient: PatientId, reason: &str) -> Result<AttendanceWaiverId, CareError> {
    let (connection, token, failed) = actor.write("letting a patient book again").await?;
    sqlx::query_scalar("SELECT api.waive_missed_visits($1, $2, $3)")
        .bind(token)
        .bind(patient)
        .bind(reason)
        .fetch_one(connection)
        .await
        .map_err(failed)
}
