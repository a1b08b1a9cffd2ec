//! Visits: joined by video, reviewed once they are over, and what was recommended after them.
//!
//! A link's secret is known to whom it was made for and to nobody else: the database keeps its hash
//! (`schemas/migrations/0038_create_telehealth.sql`), and here it is a `SecretString`, which no log prints.

use secrecy::{ExposeSecret as _, SecretString};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::store::StoreError;

/// Recommendations in one answer at most.
const FOLLOW_UPS_MAX: i64 = 500;

/// What was recommended after a visit.
#[derive(Clone, Debug, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct FollowUp {
    /// Its key.
    pub follow_up: Uuid,
    /// After which visit.
    pub appointment: Uuid,
    /// From which day on, as 2026-11-25.
    pub due_from: String,
    /// Until before which day.
    pub due_to: String,
    /// `recommended`, `done` or `declined`.
    pub status: String,
    /// What for.
    pub reason: String,
}

/// Consents to a visit by video, as its patient; once more changes nothing.
///
/// # Errors
/// `telehealth_session_is_ones_own`, and the database's.
pub async fn consent(connection: &mut PgConnection, appointment: Uuid) -> Result<(), StoreError> {
    let query = sqlx::query("SELECT care.consent_to_telehealth($1)").bind(appointment);
    query.execute(connection).await.map(drop).map_err(StoreError::at("consenting to a visit by video"))
}

/// A secret by which the actor, patient or provider of the visit, joins once within ten minutes; one asked for before
/// is good no more.
///
/// # Errors
/// `telehealth_session_is_ones_own`, `telehealth_session_is_joined_in_time`, `telehealth_session_is_consented_to`, and
/// the database's.
pub async fn issue_link(connection: &mut PgConnection, appointment: Uuid) -> Result<SecretString, StoreError> {
    let query = sqlx::query_scalar::<_, String>("SELECT care.issue_join_token($1)").bind(appointment);
    query.fetch_one(connection).await.map(SecretString::from).map_err(StoreError::at("making a link"))
}

/// Joins by a secret, and uses it up; the key of the video session (not of the appointment), by which the video server
/// knows it. Whose answer was lost asks for a new link.
///
/// # Errors
/// `join_token_is_good`, and the database's.
pub async fn join_session(connection: &mut PgConnection, secret: &SecretString) -> Result<Uuid, StoreError> {
    let query = sqlx::query_scalar("SELECT care.use_join_token($1)").bind(secret.expose_secret());
    query.fetch_one(connection).await.map_err(StoreError::at("joining a visit"))
}

/// Reviews one's own completed visit with one to five stars; the review's key. It is read once a moderator has read it.
///
/// # Errors
/// `appointment_is_known`, `review_is_of_a_completed_visit`, `review_is_one_of_each_visit`, the other rules of
/// `care.review`, and the database's.
pub async fn review(
    connection: &mut PgConnection,
    appointment: Uuid,
    stars: i32,
    body: Option<&str>,
) -> Result<Uuid, StoreError> {
    let query = sqlx::query_scalar("SELECT care.review_visit($1, $2, $3)").bind(appointment).bind(stars).bind(body);
    query.fetch_one(connection).await.map_err(StoreError::at("reviewing a visit"))
}

/// What was recommended to a patient and the actor may see, done and declined included; the next due first, 500 at
/// most.
///
/// # Errors
/// The database's.
pub async fn follow_ups(connection: &mut PgConnection, patient: Uuid) -> Result<Vec<FollowUp>, StoreError> {
    sqlx::query_as(
        "SELECT follow_up_id AS follow_up, appointment_id AS appointment, lower(due_during)::text AS due_from,
                upper(due_during)::text AS due_to, status, reason
         FROM care.follow_up WHERE patient_id = $1 ORDER BY lower(due_during), follow_up_id LIMIT $2",
    )
    .bind(patient)
    .bind(FOLLOW_UPS_MAX)
    .fetch_all(connection)
    .await
    .map_err(StoreError::at("reading what was recommended"))
}
