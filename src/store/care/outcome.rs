//! Outcomes by their published definitions (migrations 80 to 84 say which), of the patients that whoever acts may see.
//!
//! Each comes with how many it was counted from, and a rate with its interval, so that nobody takes two of three for
//! two thirds.

use sqlx::Row;
use sqlx::postgres::PgRow;

use super::actor::Actor;
use super::error::CareError;
use crate::model::people::{FacilityId, LabFlag, PatientId, ProgrammeId};
use crate::model::time::Day;

/// A share with what it was counted from.
#[derive(Copy, Clone, Debug, PartialEq, serde::Serialize)]
pub struct Rate {
    /// Of how many.
    pub n: i64,
    /// How many of them.
    pub hits: i64,
    /// Their share.
    pub rate: f64,
    /// Its interval of 95 % by Wilson.
    pub interval: (f64, f64),
}

/// Unplanned returns within thirty days of discharge.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct ReadmissionRate {
    /// Where.
    pub facility_id: FacilityId,
    /// Year of discharge.
    pub year: i32,
    /// How many came back; not adjusted for how ill they were.
    pub rate: Rate,
}

/// Rates of readmission, by facility and year.
///
/// # Errors
/// The database's.
pub async fn readmission_rates(actor: &mut Actor<'_>) -> Result<Vec<ReadmissionRate>, CareError> {
    let Some(look) = actor.look(None, "outcomes", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("reading rates of readmission")?;
    let query = sqlx::query("SELECT * FROM api.read_readmission_rates($1, $2, NULL)").bind(token).bind(look);
    let rows = query.fetch_all(connection).await.map_err(&failed)?;
    let told = |row: &PgRow| {
        Ok(ReadmissionRate {
            facility_id: row.try_get("facility_id")?,
            year: row.try_get("year")?,
            rate: Rate::from_row(row)?,
        })
    };
    rows.iter().map(told).collect::<Result<_, _>>().map_err(failed)
}

/// Proportion of days covered, of one patient and one substance.
#[derive(Clone, Debug, PartialEq, serde::Serialize, sqlx_macros::FromRow)]
pub struct Adherence {
    /// Whose.
    pub patient_id: PatientId,
    /// Which substance.
    pub ingredient: String,
    /// How many fills.
    pub fills: i64,
    /// Days from the first fill to the end.
    pub treatment_days: i32,
    /// On how many of them there was something to take.
    pub covered_days: i32,
    /// Their share.
    pub pdc: f64,
    /// Whether it is at least 80 %.
    pub adherent: bool,
}

/// Adherence from a day on, before another day; of one patient, or of all.
///
/// # Errors
/// The database's.
pub async fn adherence(
    actor: &mut Actor<'_>,
    from: Day,
    before: Day,
    patient: Option<PatientId>,
) -> Result<Vec<Adherence>, CareError> {
    let Some(look) = actor.look(patient, "adherence", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("reading adherence")?;
    sqlx::query_as("SELECT * FROM api.read_adherence($1, $2, $3, $4, $5)")
        .bind(token)
        .bind(look)
        .bind(patient)
        .bind(from)
        .bind(before)
        .fetch_all(connection)
        .await
        .map_err(failed)
}

/// Share of adherent patients for each substance, from a day on, before another day.
///
/// # Errors
/// The database's.
pub async fn adherence_rates(actor: &mut Actor<'_>, from: Day, before: Day) -> Result<Vec<(String, Rate)>, CareError> {
    let Some(look) = actor.look(None, "adherence", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("reading rates of adherence")?;
    let rows = sqlx::query("SELECT * FROM api.read_adherence_rates($1, $2, NULL, $3, $4)")
        .bind(token)
        .bind(look)
        .bind(from)
        .bind(before)
        .fetch_all(connection)
        .await
        .map_err(&failed)?;
    rows.iter()
        .map(|row| Ok((row.try_get("ingredient")?, Rate::from_row(row)?)))
        .collect::<Result<_, _>>()
        .map_err(failed)
}

/// The course of one test.
#[derive(Clone, Debug, PartialEq, serde::Serialize, sqlx_macros::FromRow)]
pub struct LabTrend {
    /// Which test, by LOINC.
    pub loinc: String,
    /// In which unit.
    pub unit: String,
    /// How many results.
    pub n: i64,
    /// The first.
    pub first_value: f64,
    /// The last.
    pub last_value: f64,
    /// The last one's flag.
    pub last_flag: Option<LabFlag>,
    /// Slope of the line of least squares, in units a year; `None` where all were taken at one moment.
    pub slope_per_year: Option<f64>,
}

/// The course of each test of a patient.
///
/// # Errors
/// The database's.
pub async fn lab_trends(actor: &mut Actor<'_>, patient: PatientId) -> Result<Vec<LabTrend>, CareError> {
    let Some(look) = actor.look(Some(patient), "results", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("reading the course of results")?;
    sqlx::query_as("SELECT * FROM api.read_lab_trends($1, $2, $3)")
        .bind(token)
        .bind(look)
        .bind(patient)
        .fetch_all(connection)
        .await
        .map_err(failed)
}

/// What a programme that is over came to.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct ProgrammeOutcome {
    /// Which.
    pub programme_id: ProgrammeId,
    /// Its name.
    pub title: String,
    /// Who completed it, of those admitted.
    pub rate: Rate,
    /// How many withdrew.
    pub withdrawn: i64,
    /// Mean share of its sessions that a participant attended; `None` where none was held.
    pub attended_share: Option<f64>,
}

/// Outcomes of programmes that are over, by title.
///
/// # Errors
/// The database's.
pub async fn programme_outcomes(actor: &mut Actor<'_>) -> Result<Vec<ProgrammeOutcome>, CareError> {
    let Some(look) = actor.look(None, "outcomes", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("reading outcomes of programmes")?;
    let query = sqlx::query("SELECT * FROM api.read_programme_outcomes($1, $2, NULL)").bind(token).bind(look);
    let rows = query.fetch_all(connection).await.map_err(&failed)?;
    let told = |row: &PgRow| {
        Ok(ProgrammeOutcome {
            programme_id: row.try_get("programme_id")?,
            title: row.try_get("title")?,
            rate: Rate::from_row(row)?,
            withdrawn: row.try_get("withdrawn")?,
            attended_share: row.try_get("attended_share")?,
        })
    };
    rows.iter().map(told).collect::<Result<_, _>>().map_err(failed)
}

impl Rate {
    fn from_row(row: &PgRow) -> Result<Rate, sqlx::Error> {
        Ok(Rate {
            n: row.try_get("n")?,
            hits: row.try_get("hits")?,
            rate: row.try_get("rate")?,
            interval: (row.try_get("rate_low")?, row.try_get("rate_high")?),
        })
    }
}
