//! The chart, page by page: results, visits, former versions, plans; each the latest first, and a page goes on after
//! the last line of the one before, since many lines may be of one moment.

use uuid::Uuid;

use super::actor::Actor;
use super::error::CareError;
use super::record::EncounterLine;
use crate::model::people::{
    CarePlanId, EncounterClass, EncounterId, GoalId, LabFlag, LabResultId, LabResultStatus, PatientId,
};
use crate::model::time::{Day, Timestamp};
use crate::store::moment::Moment;

/// A result with its value as it was given.
#[derive(Clone, Debug, PartialEq)]
pub struct ChartResult {
    /// Key.
    pub lab_result_id: LabResultId,
    /// When the specimen was taken.
    pub observed_at: Timestamp,
    /// Which test.
    pub loinc: String,
    /// What it is called.
    pub title: String,
    /// The value.
    pub value: ResultValue,
    /// Where it stands against its ranges.
    pub flag: Option<LabFlag>,
    /// How final it is.
    pub status: LabResultStatus,
}

/// What a laboratory found.
#[derive(Clone, Debug, PartialEq)]
pub enum ResultValue {
    /// A number and its UCUM unit.
    Number(f64, String),
    /// A SNOMED CT code.
    Code(String),
    /// Words.
    Text(String),
    /// None, and why: clotted, insufficient, lost or `not_done`.
    Absent(String),
}

impl ResultValue {
    pub(super) fn of(
        number: Option<(f64, String)>,
        code: Option<String>,
        text: Option<String>,
        absent: Option<String>,
    ) -> Self {
        match (number, code, text) {
            (Some((number, unit)), _, _) => ResultValue::Number(number, unit),
            (None, Some(code), _) => ResultValue::Code(code),
            (None, None, Some(text)) => ResultValue::Text(text),
            (None, None, None) => ResultValue::Absent(absent.unwrap_or_default()),
        }
    }
}

type ResultRow = (
    LabResultId,
    Moment,
    String,
    String,
    Option<f64>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<LabFlag>,
    LabResultStatus,
);

/// Results of a patient, of one test by its LOINC or of all; those before the last line of the page before; 500 at
/// most.
///
/// # Errors
/// The database's.
pub async fn results(
    actor: &mut Actor<'_>,
    patient: PatientId,
    loinc: Option<&str>,
    before: Option<&ChartResult>,
    rows_max: u16,
) -> Result<Vec<ChartResult>, CareError> {
    let Some(look) = actor.look(Some(patient), "results", None).await? else { return Ok(Vec::new()) };
    results_within(actor, look, patient, loinc, before, rows_max).await
}

/// A result of a patient by its key, however old: under one look, page by page.
///
/// # Errors
/// The database's.
pub async fn result(
    actor: &mut Actor<'_>,
    patient: PatientId,
    key: LabResultId,
) -> Result<Option<ChartResult>, CareError> {
    let Some(look) = actor.look(Some(patient), "results", None).await? else { return Ok(None) };
    let mut before: Option<ChartResult> = None;
    loop {
        let mut page = results_within(actor, look, patient, None, before.as_ref(), RESULTS_AT_ONCE).await?;
        if let Some(place) = page.iter().position(|line| line.lab_result_id == key) {
            return Ok(Some(page.swap_remove(place)));
        }
        if page.len() < usize::from(RESULTS_AT_ONCE) {
            return Ok(None);
        }
        before = page.pop();
    }
}

/// As many as the database gives at once.
const RESULTS_AT_ONCE: u16 = 500;

async fn results_within(
    actor: &mut Actor<'_>,
    look: Uuid,
    patient: PatientId,
    loinc: Option<&str>,
    before: Option<&ChartResult>,
    rows_max: u16,
) -> Result<Vec<ChartResult>, CareError> {
    let (connection, token, failed) = actor.ask("reading results")?;
    let rows: Vec<ResultRow> = sqlx::query_as("SELECT * FROM api.read_results($1, $2, $3, $4, $5, $6, $7)")
        .bind(token)
        .bind(look)
        .bind(patient)
        .bind(loinc)
        .bind(before.map(|line| Moment(line.observed_at)))
        .bind(before.map(|line| line.lab_result_id))
        .bind(i32::from(rows_max))
        .fetch_all(connection)
        .await
        .map_err(failed)?;
    let result =
        |(id, observed_at, loinc, title, number, unit, code, text, absent, flag, status): ResultRow| ChartResult {
            lab_result_id: id,
            observed_at: observed_at.0,
            loinc,
            title,
            value: ResultValue::of(number.map(|number| (number, unit.unwrap_or_default())), code, text, absent),
            flag,
            status,
        };
    Ok(rows.into_iter().map(result).collect())
}

type VisitRow = (EncounterId, Moment, Option<Moment>, EncounterClass, Option<String>, String);

/// Visits and stays of a patient, each with the name of its facility; those before the last line of the page before;
/// 500 at most.
///
/// # Errors
/// The database's.
pub async fn visits(
    actor: &mut Actor<'_>,
    patient: PatientId,
    before: Option<&EncounterLine>,
    rows_max: u16,
) -> Result<Vec<(EncounterLine, String)>, CareError> {
    let Some(look) = actor.look(Some(patient), "visits", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("reading visits")?;
    let rows: Vec<VisitRow> = sqlx::query_as("SELECT * FROM api.read_visits($1, $2, $3, $4, $5, $6)")
        .bind(token)
        .bind(look)
        .bind(patient)
        .bind(before.map(|line| Moment(line.began_at)))
        .bind(before.map(|line| line.encounter_id))
        .bind(i32::from(rows_max))
        .fetch_all(connection)
        .await
        .map_err(failed)?;
    let visit = |(encounter_id, began_at, ended_at, class, reason, facility): VisitRow| {
        let (began_at, ended_at) = (began_at.0, ended_at.map(|moment| moment.0));
        (EncounterLine { encounter_id, class, began_at, ended_at, reason }, facility)
    };
    Ok(rows.into_iter().map(visit).collect())
}

/// A row of a record as it was.
#[derive(Clone, Debug, PartialEq)]
pub struct FormerVersion {
    /// The row's table, without its schema.
    pub relation: String,
    /// Key of the row in its table.
    pub row_id: uuid::Uuid,
    /// Which version it was.
    pub version: i32,
    /// When it was written.
    pub held_from: Timestamp,
    /// When the next version took its place.
    pub superseded_at: Timestamp,
    /// Who wrote it, by name or part.
    pub who: Option<String>,
    /// The whole row.
    pub image: serde_json::Value,
}

type VersionRow = (String, uuid::Uuid, i32, Moment, Moment, Option<String>, serde_json::Value);

/// Former versions of the rows of a record; those before the last line of the page before; 500 at most.
///
/// # Errors
/// The database's.
pub async fn history(
    actor: &mut Actor<'_>,
    patient: PatientId,
    before: Option<&FormerVersion>,
    rows_max: u16,
) -> Result<Vec<FormerVersion>, CareError> {
    let Some(look) = actor.look(Some(patient), "history", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("reading former versions")?;
    let rows: Vec<VersionRow> = sqlx::query_as("SELECT * FROM api.read_history($1, $2, $3, $4, $5, $6, $7, $8)")
        .bind(token)
        .bind(look)
        .bind(patient)
        .bind(before.map(|line| Moment(line.superseded_at)))
        .bind(before.map(|line| line.relation.as_str()))
        .bind(before.map(|line| line.row_id))
        .bind(before.map(|line| line.version))
        .bind(i32::from(rows_max))
        .fetch_all(connection)
        .await
        .map_err(failed)?;
    let former = |(relation, row_id, version, held_from, superseded_at, who, image): VersionRow| FormerVersion {
        relation,
        row_id,
        version,
        held_from: held_from.0,
        superseded_at: superseded_at.0,
        who,
        image,
    };
    Ok(rows.into_iter().map(former).collect())
}

/// A plan that is followed with one of its goals, or a goal of no plan.
#[derive(Clone, Debug, PartialEq, sqlx_macros::FromRow)]
pub struct PlanLine {
    /// The plan; `None` for a goal of the patient's own.
    pub care_plan_id: Option<CarePlanId>,
    /// What the plan is about.
    pub title: Option<String>,
    /// Which edition is followed, from 1.
    pub edition: Option<i32>,
    /// What is to be done, in words.
    pub summary: Option<String>,
    /// The goal; `None` for a plan without one.
    pub goal_id: Option<GoalId>,
    /// The goal in the patient's words.
    pub goal_title: Option<String>,
    /// Metric of the catalogue; `None` where no device measures it.
    pub metric: Option<String>,
    /// What is to be reached, in `unit`.
    pub target: Option<f64>,
    /// UCUM unit of `target`.
    pub unit: Option<String>,
    /// `at_least` or `at_most`.
    pub comparator: Option<String>,
    /// `day` or `week`: what the target is for.
    pub per: Option<String>,
    /// What is made of the samples or entries: `sum`, `average`, ….
    pub measure: Option<String>,
    /// First local day on which the goal is pursued.
    pub first_on: Option<Day>,
    /// Local day before which it ends.
    pub stop_on: Option<Day>,
}

/// The plans of a patient that are followed, with the goals that are pursued today; 500 lines at most.
///
/// # Errors
/// The database's.
pub async fn plans(actor: &mut Actor<'_>, patient: PatientId) -> Result<Vec<PlanLine>, CareError> {
    let Some(look) = actor.look(Some(patient), "goals", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("reading plans")?;
    sqlx::query_as("SELECT * FROM api.read_plans($1, $2, $3)")
        .bind(token)
        .bind(look)
        .bind(patient)
        .fetch_all(connection)
        .await
        .map_err(failed)
}
