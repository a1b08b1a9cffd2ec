//! Laboratory results: stored with the ranges that came with them, signed, and corrected by new rows.

use super::actor::Actor;
use super::chart::ResultValue;
use super::error::CareError;
use super::record::Edited;
use crate::model::people::{LabAbsentReason, LabFlag, LabOrderId, LabResultId, LabResultStatus, PatientId};
use crate::model::time::Timestamp;
use crate::store::moment::Moment;

/// What a laboratory found.
#[derive(Clone, Debug, PartialEq)]
pub enum LabValue {
    /// A number in a unit by UCUM.
    Number {
        /// The number.
        value: f64,
        /// Its unit; `1` where it has none.
        unit: String,
    },
    /// A finding by SNOMED CT.
    Code(String),
    /// Words.
    Words(String),
    /// Nothing, and why.
    Absent(LabAbsentReason),
}

/// A result to be stored.
#[derive(Clone, Debug)]
pub struct NewLabResult {
    /// Whose.
    pub patient_id: PatientId,
    /// Of which order; `None` where it was brought along.
    pub lab_order_id: Option<LabOrderId>,
    /// When the specimen was taken.
    pub observed_at: Timestamp,
    /// Which test, by LOINC.
    pub loinc: String,
    /// What it is called.
    pub title: String,
    /// What was found.
    pub value: LabValue,
    /// Usual values, lowest and highest, in the unit of the number.
    pub reference: (Option<f64>, Option<f64>),
    /// Beyond these somebody must act.
    pub critical: (Option<f64>, Option<f64>),
    /// Whether it can still change.
    pub preliminary: bool,
}

/// What was stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredLabResult {
    /// Key.
    pub lab_result_id: LabResultId,
    /// Where it stands against its ranges; `None` without a number or a range.
    pub flag: Option<LabFlag>,
}

/// Stores a result; its flag follows from the ranges that came with it.
///
/// # Errors
/// The database's: a rule refuses the result.
pub async fn record_lab_result(actor: &mut Actor<'_>, result: &NewLabResult) -> Result<StoredLabResult, CareError> {
    let (connection, token, failed) = actor.write("storing a result").await?;
    let (mut number, mut unit, mut code, mut words, mut absent) = (None, None, None, None, None);
    match &result.value {
        LabValue::Number { value, unit: of } => (number, unit) = (Some(*value), Some(of)),
        LabValue::Code(found) => code = Some(found),
        LabValue::Words(found) => words = Some(found),
        LabValue::Absent(reason) => absent = Some(reason),
    }
    let (lab_result_id, flag): (LabResultId, Option<LabFlag>) = sqlx::query_as(
        "SELECT lab_result_id, flag
         FROM api.record_lab_result($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
    )
    .bind(token)
    .bind(result.patient_id)
    .bind(result.lab_order_id)
    .bind(Moment(result.observed_at))
    .bind(&result.loinc)
    .bind(&result.title)
    .bind(if result.preliminary { LabResultStatus::Preliminary } else { LabResultStatus::Final })
    .bind(number)
    .bind(unit)
    .bind(code)
    .bind(words)
    .bind(absent)
    .bind(result.reference.0)
    .bind(result.reference.1)
    .bind(result.critical.0)
    .bind(result.critical.1)
    .fetch_one(connection)
    .await
    .map_err(failed)?;
    Ok(StoredLabResult { lab_result_id, flag })
}

/// Corrects the number of a final result by a new row, whose key it gives; the former row stays.
///
/// # Errors
/// The database's: the result is not final, or has been corrected already.
pub async fn amend_lab_result(
    actor: &mut Actor<'_>,
    result: LabResultId,
    number: f64,
    remark: &str,
) -> Result<LabResultId, CareError> {
    let (connection, token, failed) = actor.write("correcting a result").await?;
    sqlx::query_scalar("SELECT api.amend_lab_result($1, $2, $3, $4)")
        .bind(token)
        .bind(result)
        .bind(number)
        .bind(remark)
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// Signs a preliminary result, if it still is the version that was read.
///
/// # Errors
/// `lab_result_is_signed_by_a_provider`, and the database's.
pub async fn sign_lab_result(actor: &mut Actor<'_>, result: LabResultId, version: i32) -> Result<Edited, CareError> {
    let (connection, token, failed) = actor.write("signing a result").await?;
    let query = sqlx::query_as("SELECT saved, version FROM api.sign_lab_result($1, $2, $3)").bind(token);
    let edited = query.bind(result).bind(version).fetch_optional(connection).await.map_err(failed)?;
    Ok(Edited::of(edited))
}

/// Completes an order, whose specimen was taken then, and the request that asked for it.
///
/// # Errors
/// `lab_order_is_open`, `lab_order_is_collected_after_it_was_ordered`, and the database's.
pub async fn complete_lab_order(
    actor: &mut Actor<'_>,
    order: LabOrderId,
    collected_at: Timestamp,
) -> Result<(), CareError> {
    let (connection, token, failed) = actor.write("completing an order").await?;
    let query = sqlx::query("SELECT api.complete_lab_order($1, $2, $3)").bind(token).bind(order);
    query.bind(Moment(collected_at)).execute(connection).await.map(drop).map_err(failed)
}

/// A result as it was given, or as it was corrected.
#[derive(Clone, Debug, PartialEq)]
pub struct ResultVersion {
    /// Key.
    pub lab_result_id: LabResultId,
    /// Version, for an edit.
    pub version: i32,
    /// When it was given.
    pub issued_at: Timestamp,
    /// What was found.
    pub value: ResultValue,
    /// How final it is.
    pub status: LabResultStatus,
    /// A remark, or why it was corrected.
    pub note: Option<String>,
    /// Of which order.
    pub lab_order_id: Option<LabOrderId>,
    /// `<` or the like, where the number is a limit.
    pub comparator: Option<String>,
}

type ResultVersionRow = (
    LabResultId,
    i32,
    Moment,
    Option<f64>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    LabResultStatus,
    Option<String>,
    Option<LabOrderId>,
    Option<String>,
);

/// A result with what it was before it was corrected, and what took its place, the newest first; 100 at most.
///
/// # Errors
/// The database's.
pub async fn result_versions(
    actor: &mut Actor<'_>,
    patient: PatientId,
    result: LabResultId,
) -> Result<Vec<ResultVersion>, CareError> {
    let Some(look) = actor.look(Some(patient), "results", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("reading versions of a result")?;
    let query = sqlx::query_as("SELECT * FROM api.read_result_versions($1, $2, $3, $4)").bind(token).bind(look);
    let rows: Vec<ResultVersionRow> = query.bind(patient).bind(result).fetch_all(connection).await.map_err(failed)?;
    let version =
        |(id, version, issued_at, number, unit, code, text, absent, status, note, order, sign): ResultVersionRow| {
            let number = number.map(|number| (number, unit.unwrap_or_default()));
            ResultVersion {
                lab_result_id: id,
                version,
                issued_at: issued_at.0,
                value: ResultValue::of(number, code, text, absent),
                status,
                note,
                lab_order_id: order,
                comparator: sign,
            }
        };
    Ok(rows.into_iter().map(version).collect())
}

/// Which of some results were corrected, so that another stands in their place; 500 at most.
///
/// # Errors
/// The database's.
pub async fn corrected_results(
    actor: &mut Actor<'_>,
    patient: PatientId,
    results: &[LabResultId],
) -> Result<Vec<LabResultId>, CareError> {
    let Some(look) = actor.look(Some(patient), "results", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("reading which results were corrected")?;
    let query = sqlx::query_scalar("SELECT lab_result_id FROM api.read_corrected_results($1, $2, $3, $4)").bind(token);
    query.bind(look).bind(patient).bind(results).fetch_all(connection).await.map_err(failed)
}
