//! What insurers said of coverages when they were asked, before a visit.
//!
//! Kept as it came, and only ever added to; the newest of each coverage counts, as long as it may be relied on.

use sqlx::types::Json;

use super::actor::Actor;
use super::error::CareError;
use crate::model::people::{CoverageId, EligibilityAnswerId, PatientId};
use crate::model::time::{Day, Timestamp};
use crate::store::moment::Moment;

/// An answer to be noted.
#[derive(Copy, Clone, Debug)]
pub struct NewEligibilityAnswer<'a> {
    /// Of which coverage.
    pub coverage: CoverageId,
    /// Until when it may be relied on.
    pub valid_until: Timestamp,
    /// For services from this day
    pub first_on: Day,
    /// to this one.
    pub last_on: Day,
    /// Whether the coverage is active then.
    pub active: bool,
    /// For which kinds of service it was asked; none for all.
    pub categories: &'a [&'a str],
    /// What was told of benefits, as it came: an object.
    pub told: &'a serde_json::Value,
    /// Who told it, and the reference.
    pub told_by: &'a str,
    /// What the insurer said in words.
    pub disposition: Option<&'a str>,
}

/// The newest answer of a coverage; of one that was noted elsewhere, a desk and a biller know the first three alone.
#[derive(Clone, Debug, PartialEq, sqlx_macros::FromRow)]
pub struct EligibilityAnswer {
    /// Of which coverage.
    pub coverage: CoverageId,
    /// Whether it may be relied on still.
    pub still_valid: bool,
    /// Whether the coverage is active then.
    pub active: bool,
    /// Its key.
    pub eligibility_answer: Option<EligibilityAnswerId>,
    /// For services from this day on.
    pub from_on: Option<Day>,
    /// First day after them.
    pub until_on: Option<Day>,
    /// For which kinds of service it was asked; none for all.
    pub categories: Option<Vec<String>>,
    /// What was told of benefits, as it came.
    pub told: Option<Json<serde_json::Value>>,
    /// Who told it.
    pub told_by: Option<String>,
    /// What the insurer said in words.
    pub disposition: Option<String>,
}

/// Notes an answer, for a biller of a facility that has seen the patient; its key.
///
/// # Errors
/// The rules of `care.eligibility_answer`, and the database's.
pub async fn note(
    actor: &mut Actor<'_>,
    patient: PatientId,
    answer: &NewEligibilityAnswer<'_>,
) -> Result<EligibilityAnswerId, CareError> {
    let (connection, token, failed) = actor.write("noting eligibility").await?;
    sqlx::query_scalar("SELECT api.note_eligibility($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)")
        .bind(token)
        .bind(patient)
        .bind(answer.coverage)
        .bind(Moment(answer.valid_until))
        .bind(answer.first_on)
        .bind(answer.last_on)
        .bind(answer.active)
        .bind(answer.categories)
        .bind(Json(answer.told))
        .bind(answer.told_by)
        .bind(answer.disposition)
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// The newest answer of each coverage of a patient for services on a day; where a newer one was noted elsewhere, that
/// first.
///
/// # Errors
/// The database's.
pub async fn newest(actor: &mut Actor<'_>, patient: PatientId, on: Day) -> Result<Vec<EligibilityAnswer>, CareError> {
    let Some(look) = actor.look(Some(patient), "eligibility", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("reading eligibility")?;
    sqlx::query_as("SELECT * FROM api.read_eligibility($1, $2, $3, $4)")
        .bind(token)
        .bind(look)
        .bind(patient)
        .bind(on)
        .fetch_all(connection)
        .await
        .map_err(failed)
}
