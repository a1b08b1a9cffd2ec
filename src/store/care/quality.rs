//! The quality of care, in counts and rates of many; nobody's row.
//!
//! Cells of fewer than eleven people are none, counts are rounded to five, and a rate is told only where neither side
//! is few. Months and years are whole, and over.

use super::actor::Actor;
use super::error::CareError;
use crate::model::people::{FacilityId, ProgrammeId, ProviderId};
use crate::model::time::Day;

/// Visits of a month.
#[derive(Clone, Debug, PartialEq, sqlx_macros::FromRow)]
pub struct VisitsCount {
    /// Where.
    pub facility_id: FacilityId,
    /// With whom; `None` for all of the facility.
    pub provider_id: Option<ProviderId>,
    /// First day of the month.
    pub month: Day,
    /// People, to five.
    pub patients: i64,
    /// Share of them who did not come to one.
    pub missed_rate: Option<f64>,
    /// Share of them who cancelled one.
    pub cancelled_rate: Option<f64>,
}

/// Discharges of a year.
#[derive(Clone, Debug, PartialEq, sqlx_macros::FromRow)]
pub struct ReadmissionsCount {
    /// Where.
    pub facility_id: FacilityId,
    /// Who attended; `None` for all of the facility.
    pub provider_id: Option<ProviderId>,
    /// Year.
    pub year: i32,
    /// People, to five.
    pub patients: i64,
    /// Share of them who came back unplanned within 30 days.
    pub readmitted_rate: Option<f64>,
}

/// A substance in a year.
#[derive(Clone, Debug, PartialEq, sqlx_macros::FromRow)]
pub struct AdherenceCount {
    /// Substance.
    pub ingredient: String,
    /// People, to five.
    pub patients: i64,
    /// Share of them who took it as they should.
    pub adherent_rate: Option<f64>,
}

/// People seen at a facility, and how many of them a thing is true of.
#[derive(Clone, Debug, PartialEq, sqlx_macros::FromRow)]
pub struct SeenCount {
    /// Where.
    pub facility_id: FacilityId,
    /// By whom; `None` for all who work there.
    pub provider_id: Option<ProviderId>,
    /// People, to five.
    pub patients: i64,
    /// Share of them.
    pub rate: Option<f64>,
}

/// A programme that has ended.
#[derive(Clone, Debug, PartialEq, sqlx_macros::FromRow)]
pub struct ProgrammeCount {
    /// Which.
    pub programme_id: ProgrammeId,
    /// Facility that ran it.
    pub facility_id: Option<FacilityId>,
    /// Name.
    pub title: String,
    /// People who were admitted, to five.
    pub patients: i64,
    /// Share of them who completed it.
    pub completed_rate: Option<f64>,
    /// Share of them who withdrew.
    pub withdrawn_rate: Option<f64>,
}

/// A month of a wellness centre, or another place of sessions.
#[derive(Clone, Debug, PartialEq, sqlx_macros::FromRow)]
pub struct EngagementCount {
    /// Where.
    pub facility_id: FacilityId,
    /// First day of the month.
    pub month: Day,
    /// People who came, to five.
    pub members: i64,
    /// Share of them who attended a session.
    pub attended_rate: Option<f64>,
}

/// People with a condition.
#[derive(Clone, Debug, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct ConditionCount {
    /// `icd10` or `snomed`.
    pub code_system: String,
    /// Code.
    pub code: String,
    /// Ages, as `40-64`.
    pub age_band: String,
    /// Sex.
    pub sex: String,
    /// People, to five.
    pub patients: i64,
}

/// People who were seen at a facility.
#[derive(Clone, Debug, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct PatientsCount {
    /// Where.
    pub facility_id: FacilityId,
    /// Ages, as `40-64`.
    pub age_band: String,
    /// Sex.
    pub sex: String,
    /// People, to five.
    pub patients: i64,
}

/// A mean of what devices measured.
#[derive(Clone, Debug, PartialEq, sqlx_macros::FromRow)]
pub struct SamplesMean {
    /// First day of the month.
    pub month: Day,
    /// Ages, as `40-64`.
    pub age_band: String,
    /// Sex.
    pub sex: String,
    /// People, to five.
    pub patients: i64,
    /// Mean of their means, blurred.
    pub mean: f64,
    /// Standard deviation of their means, blurred.
    pub deviation: f64,
    /// Unit of both.
    pub unit: String,
}

/// Visits by month, facility and provider.
///
/// # Errors
/// The database's.
pub async fn visits(
    actor: &mut Actor<'_>,
    facility: Option<FacilityId>,
    months: (Day, Day),
) -> Result<Vec<VisitsCount>, CareError> {
    let Some(look) = actor.look(None, "quality_visits", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("counting visits")?;
    sqlx::query_as("SELECT * FROM api.count_visits($1, $2, NULL, $3, $4, $5)")
        .bind(token)
        .bind(look)
        .bind(facility)
        .bind(months.0)
        .bind(months.1)
        .fetch_all(connection)
        .await
        .map_err(failed)
}

/// Readmissions by year, facility and attending provider.
///
/// # Errors
/// The database's.
pub async fn readmissions(
    actor: &mut Actor<'_>,
    facility: Option<FacilityId>,
) -> Result<Vec<ReadmissionsCount>, CareError> {
    let Some(look) = actor.look(None, "quality_readmissions", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("counting readmissions")?;
    sqlx::query_as("SELECT * FROM api.count_readmissions($1, $2, NULL, $3)")
        .bind(token)
        .bind(look)
        .bind(facility)
        .fetch_all(connection)
        .await
        .map_err(failed)
}

/// Adherence by substance, in a year that is over.
///
/// # Errors
/// The database's.
pub async fn adherence(actor: &mut Actor<'_>, year: i32) -> Result<Vec<AdherenceCount>, CareError> {
    let Some(look) = actor.look(None, "quality_adherence", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("counting adherence")?;
    sqlx::query_as("SELECT * FROM api.count_adherence($1, $2, NULL, $3)")
        .bind(token)
        .bind(look)
        .bind(year)
        .fetch_all(connection)
        .await
        .map_err(failed)
}

/// Adherence of those who were seen in a year that is over, by facility and provider.
///
/// # Errors
/// The database's.
pub async fn adherence_seen(
    actor: &mut Actor<'_>,
    facility: Option<FacilityId>,
    year: i32,
) -> Result<Vec<SeenCount>, CareError> {
    let Some(look) = actor.look(None, "quality_adherence", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("counting adherence of who was seen")?;
    sqlx::query_as(
        "SELECT facility_id, provider_id, patients, adherent_rate AS rate
         FROM api.count_adherence_seen($1, $2, NULL, $3, $4)",
    )
    .bind(token)
    .bind(look)
    .bind(facility)
    .bind(year)
    .fetch_all(connection)
    .await
    .map_err(failed)
}

/// Glucose in range, of those whose glucose was measured in a month that is over, known by its first day, at a facility
/// and by provider.
///
/// # Errors
/// The database's.
pub async fn time_in_range(
    actor: &mut Actor<'_>,
    facility: FacilityId,
    month: Day,
) -> Result<Vec<SeenCount>, CareError> {
    let Some(look) = actor.look(None, "quality_samples", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("counting time in range")?;
    sqlx::query_as(
        "SELECT facility_id, provider_id, patients, in_range_rate AS rate
         FROM api.count_time_in_range($1, $2, NULL, $3, $4)",
    )
    .bind(token)
    .bind(look)
    .bind(facility)
    .bind(month)
    .fetch_all(connection)
    .await
    .map_err(failed)
}

/// Outcomes of programmes that have ended.
///
/// # Errors
/// The database's.
pub async fn programmes(actor: &mut Actor<'_>, facility: Option<FacilityId>) -> Result<Vec<ProgrammeCount>, CareError> {
    let Some(look) = actor.look(None, "quality_programmes", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("counting outcomes of programmes")?;
    sqlx::query_as("SELECT * FROM api.count_programme_outcomes($1, $2, NULL, $3)")
        .bind(token)
        .bind(look)
        .bind(facility)
        .fetch_all(connection)
        .await
        .map_err(failed)
}

/// Who came to wellness centres and sessions, by month.
///
/// # Errors
/// The database's.
pub async fn engagement(
    actor: &mut Actor<'_>,
    facility: Option<FacilityId>,
    months: (Day, Day),
) -> Result<Vec<EngagementCount>, CareError> {
    let Some(look) = actor.look(None, "quality_engagement", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("counting engagement")?;
    sqlx::query_as("SELECT * FROM api.count_engagement($1, $2, NULL, $3, $4, $5)")
        .bind(token)
        .bind(look)
        .bind(facility)
        .bind(months.0)
        .bind(months.1)
        .fetch_all(connection)
        .await
        .map_err(failed)
}

/// People by condition, age and sex.
///
/// # Errors
/// The database's.
pub async fn conditions(actor: &mut Actor<'_>) -> Result<Vec<ConditionCount>, CareError> {
    let Some(look) = actor.look(None, "quality_conditions", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("counting conditions")?;
    sqlx::query_as("SELECT * FROM api.count_conditions($1, $2, NULL)")
        .bind(token)
        .bind(look)
        .fetch_all(connection)
        .await
        .map_err(failed)
}

/// People who were seen at a facility, by age and sex.
///
/// # Errors
/// The database's.
pub async fn patients(actor: &mut Actor<'_>, facility: Option<FacilityId>) -> Result<Vec<PatientsCount>, CareError> {
    let Some(look) = actor.look(None, "quality_patients", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("counting patients")?;
    sqlx::query_as("SELECT * FROM api.count_patients($1, $2, NULL, $3)")
        .bind(token)
        .bind(look)
        .bind(facility)
        .fetch_all(connection)
        .await
        .map_err(failed)
}

/// Means of what devices measured, by month, age and sex.
///
/// # Errors
/// The database's.
pub async fn samples(actor: &mut Actor<'_>, metric: &str, months: (Day, Day)) -> Result<Vec<SamplesMean>, CareError> {
    let Some(look) = actor.look(None, "quality_samples", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("averaging samples")?;
    sqlx::query_as("SELECT * FROM api.average_samples($1, $2, NULL, $3, $4, $5)")
        .bind(token)
        .bind(look)
        .bind(metric)
        .bind(months.0)
        .bind(months.1)
        .fetch_all(connection)
        .await
        .map_err(failed)
}
