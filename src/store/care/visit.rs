//! Visits: joined by video, reviewed once they are over, and what was recommended after them.
//!
//! A link's secret is known to whom it was made for and to nobody else: the database keeps its hash
//! (`schemas/migrations/0038_create_telehealth.sql`), and here it is a `SecretString`, which no log prints.

use secrecy::{ExposeSecret as _, SecretString};

use super::actor::Actor;
use super::error::CareError;
use crate::model::people::{AppointmentId, FollowUpId, FollowUpStatus, PatientId, ReviewId, TelehealthSessionId};
use crate::model::time::Day;

/// What was recommended after a visit.
#[derive(Clone, Debug, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct FollowUp {
    /// Its key.
    pub follow_up: FollowUpId,
    /// After which visit.
    pub appointment: AppointmentId,
    /// From which day on.
    pub due_from: Day,
    /// Until before which day.
    pub due_to: Day,
    /// What became of it.
    pub status: FollowUpStatus,
    /// What for.
    pub reason: String,
}

/// Consents to a visit by video, as its patient; once more changes nothing.
///
/// # Errors
/// `telehealth_session_is_ones_own`, and the database's.
pub async fn consent(actor: &mut Actor<'_>, appointment: AppointmentId) -> Result<(), CareError> {
    let (connection, token, failed) = actor.write("consenting to a visit by video").await?;
    let query = sqlx::query("SELECT api.consent_to_telehealth($1, $2)").bind(token).bind(appointment);
    query.execute(connection).await.map(drop).map_err(failed)
}

/// A secret by which the actor, patient or provider of the visit, joins once within ten minutes; one asked for before
/// is good no more.
///
/// # Errors
/// `telehealth_session_is_ones_own`, `telehealth_session_is_joined_in_time`, `telehealth_session_is_consented_to`, and
/// the database's.
pub async fn issue_link(actor: &mut Actor<'_>, appointment: AppointmentId) -> Result<SecretString, CareError> {
    let (connection, token, failed) = actor.write("making a link").await?;
    let query = sqlx::query_scalar::<_, String>("SELECT api.issue_join_token($1, $2)").bind(token).bind(appointment);
    query.fetch_one(connection).await.map(SecretString::from).map_err(failed)
}

/// Joins by a secret, and uses it up; the key of the video session (not of the appointment), by which the video server
/// knows it. Whose answer was lost asks for a new link.
///
/// # Errors
/// `join_token_is_good`, and the database's.
pub async fn join_session(actor: &mut Actor<'_>, secret: &SecretString) -> Result<TelehealthSessionId, CareError> {
    let (connection, token, failed) = actor.write("joining a visit").await?;
    let query = sqlx::query_scalar("SELECT api.use_join_token($1, $2)").bind(token).bind(secret.expose_secret());
    query.fetch_one(connection).await.map_err(failed)
}

/// What a patient says of a visit.
#[derive(Copy, Clone, Debug, Default)]
pub struct NewReview<'a> {
    /// Stars for the provider, 1 to 5; `None` where only the facility is rated.
    pub provider_stars: Option<i32>,
    /// Stars for the facility, 1 to 5; `None` where only the provider is rated.
    pub facility_stars: Option<i32>,
    /// What is said.
    pub body: Option<&'a str>,
}

/// Reviews one's own completed visit: the provider, the facility or both; the review's key. It is read once a moderator
/// has read it.
///
/// # Errors
/// `appointment_is_known`, `review_is_of_a_completed_visit`, `review_is_one_of_each_visit`, `review_rates_something`,
/// the other rules of `care.review`, and the database's.
pub async fn review(
    actor: &mut Actor<'_>,
    appointment: AppointmentId,
    said: &NewReview<'_>,
) -> Result<ReviewId, CareError> {
    let (connection, token, failed) = actor.write("reviewing a visit").await?;
    let query = sqlx::query_scalar("SELECT api.review_visit($1, $2, $3, $4, $5)")
        .bind(token)
        .bind(appointment)
        .bind(said.provider_stars)
        .bind(said.facility_stars)
        .bind(said.body);
    query.fetch_one(connection).await.map_err(failed)
}

/// What was recommended to a patient and the actor may see, done and declined included; the next due first, 500 at
/// most.
///
/// # Errors
/// The database's.
pub async fn follow_ups(actor: &mut Actor<'_>, patient: PatientId) -> Result<Vec<FollowUp>, CareError> {
    let Some(look) = actor.look(Some(patient), "follow_ups", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("reading what was recommended")?;
    sqlx::query_as(
        "SELECT follow_up, appointment, due_from, due_to, status, reason FROM api.read_follow_ups($1, $2, $3)",
    )
    .bind(token)
    .bind(look)
    .bind(patient)
    .fetch_all(connection)
    .await
    .map_err(failed)
}
