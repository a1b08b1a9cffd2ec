//! The record: patients registered whole, read on one page, changed by whoever read the newest version, and results.
//!
//! Everything runs with the rights of whoever acts on the connection, so a record that is closed to that account
//! answers like one that does not exist. Dates are text (`2026-01-31`), as forms send them.

use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use crate::model::time::Timestamp;
use crate::store::StoreError;
use crate::store::moment::Moment;

/// A person to be registered.
#[derive(Clone, Debug, serde::Serialize)]
pub struct NewPatient {
    /// Date of birth.
    pub born_on: String,
    /// female, male, other or unknown.
    pub sex: String,
    /// Where the person's days begin: `America/Chicago`.
    pub time_zone: String,
    /// Names; one of them official.
    pub names: Vec<NewName>,
    /// Where the person lives, works and gets bills.
    pub addresses: Vec<NewAddress>,
    /// Telephone and mail; the preferred one of each is tried first, the others in their order.
    pub contacts: Vec<NewContact>,
    /// Numbers by which others know the person.
    pub identifiers: Vec<NewIdentifier>,
}

/// A name.
#[derive(Clone, Debug, serde::Serialize)]
pub struct NewName {
    /// official, usual, maiden or nickname.
    #[serde(rename = "use")]
    pub used: String,
    /// Family name.
    pub family: String,
    /// Given names, in their order.
    pub given: Vec<String>,
}

/// An address.
#[derive(Clone, Debug, serde::Serialize)]
pub struct NewAddress {
    /// home, work, temporary or billing.
    #[serde(rename = "use")]
    pub used: String,
    /// Street and house.
    pub lines: Vec<String>,
    /// City.
    pub city: String,
    /// State; `None` where the country has none.
    pub state: Option<String>,
    /// Postal code.
    pub postal_code: Option<String>,
    /// Country by ISO 3166-1; `None` is US.
    pub country: Option<String>,
}

/// A telephone number or mail address.
#[derive(Clone, Debug, serde::Serialize)]
pub struct NewContact {
    /// phone or email.
    pub system: String,
    /// home, work or mobile.
    #[serde(rename = "use")]
    pub used: String,
    /// Number by E.164, or mail address.
    pub value: String,
    /// Whether it is the one to be reached by.
    pub preferred: bool,
}

/// A number by which somebody else knows the person.
#[derive(Clone, Debug, serde::Serialize)]
pub struct NewIdentifier {
    /// Whose record number; `None` unless `system` is mrn.
    pub facility_id: Option<Uuid>,
    /// mrn, ssn, passport, `driver_license` or `member_number`.
    pub system: String,
    /// The number.
    pub value: String,
}

/// Registers a person with all parts, or nothing; the new key.
///
/// # Errors
/// The database's: a rule refuses a part, or whoever acts may not register.
pub async fn register_patient(connection: &mut PgConnection, patient: &NewPatient) -> Result<Uuid, StoreError> {
    sqlx::query_scalar("SELECT care.register_patient($1)")
        .bind(Json(patient))
        .fetch_one(connection)
        .await
        .map_err(StoreError::at("registering a patient"))
}

/// A record on one page: what stands now.
#[derive(Clone, Debug, PartialEq, serde::Deserialize, serde::Serialize)]
pub struct RecordSummary {
    /// Whose.
    pub patient_id: Uuid,
    /// Version of the patient's own row, for an edit.
    pub version: i32,
    /// Date of birth.
    pub born_on: String,
    /// Administrative gender.
    pub sex: String,
    /// Whether the person has died.
    pub deceased: bool,
    /// The official name; `None` where none is valid today.
    pub name: Option<NameLine>,
    /// Active allergies, the dangerous ones first.
    pub allergies: Vec<AllergyLine>,
    /// Active conditions, the newest first.
    pub conditions: Vec<ConditionLine>,
    /// Prescriptions that may be filled today.
    pub prescriptions: Vec<PrescriptionLine>,
    /// The newest result of each test.
    pub results: Vec<ResultLine>,
    /// The last twenty visits and stays.
    pub encounters: Vec<EncounterLine>,
}

/// A name, to be shown.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
pub struct NameLine {
    /// Family name.
    pub family: String,
    /// Given names.
    pub given: Vec<String>,
}

/// An allergy, to be shown.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
pub struct AllergyLine {
    /// Key.
    pub allergy_id: Uuid,
    /// To what.
    pub substance: String,
    /// food, medication, environment or biologic.
    pub category: String,
    /// low, high or `unable_to_assess`.
    pub criticality: String,
}

/// A condition, to be shown.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
pub struct ConditionLine {
    /// Key.
    pub condition_id: Uuid,
    /// icd10 or snomed.
    pub code_system: String,
    /// Code of that system.
    pub code: String,
    /// What it is called.
    pub title: String,
    /// active, recurrence or relapse.
    pub clinical_status: String,
    /// When it began.
    pub onset_on: Option<String>,
    /// Version, for an edit.
    pub version: i32,
}

/// A prescription, to be shown.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
pub struct PrescriptionLine {
    /// Key.
    pub prescription_id: Uuid,
    /// The drug.
    pub name: String,
    /// How to take it.
    pub instructions: String,
    /// From when on it may not be filled any more.
    pub ends_on: String,
    /// Version, for an edit.
    pub version: i32,
}

/// A result, to be shown.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
pub struct ResultLine {
    /// Key.
    pub lab_result_id: Uuid,
    /// Which test.
    pub loinc: String,
    /// What it is called.
    pub title: String,
    /// Number, code, words, or why there is none.
    pub value: String,
    /// Unit of a number.
    pub unit: Option<String>,
    /// LL, L, N, H or HH.
    pub flag: Option<String>,
    /// preliminary, final or amended.
    pub status: String,
    /// When the specimen was taken, RFC 3339.
    pub observed_at: String,
}

/// A visit or stay, to be shown.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
pub struct EncounterLine {
    /// Key.
    pub encounter_id: Uuid,
    /// ambulatory, inpatient, emergency, virtual or home.
    pub class: String,
    /// When it began, RFC 3339.
    pub began_at: String,
    /// When it ended; `None` while it goes on.
    pub ended_at: Option<String>,
    /// Why the patient came.
    pub reason: Option<String>,
}

/// Reads a record on one page, in one snapshot; `None` where there is no such patient for whoever acts.
///
/// # Errors
/// The database's.
pub async fn read_summary(connection: &mut PgConnection, patient: Uuid) -> Result<Option<RecordSummary>, StoreError> {
    let summary: Option<Json<RecordSummary>> = sqlx::query_scalar("SELECT care.record_summary($1)")
        .bind(patient)
        .fetch_one(connection)
        .await
        .map_err(StoreError::at("reading a record"))?;
    Ok(summary.map(|Json(summary)| summary))
}

/// What became of an edit that says which version it was based on.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Edited {
    /// It stands, as this version.
    Saved(i32),
    /// Somebody was faster, and this version stands now: show both and let the editor decide.
    Stale(i32),
    /// There is no such row for whoever acts.
    Unknown,
}

/// How a condition goes on.
#[derive(Copy, Clone, Debug)]
pub struct ConditionChange<'a> {
    /// active, recurrence, relapse, inactive, remission or resolved.
    pub clinical_status: &'a str,
    /// unconfirmed, provisional, differential, confirmed, refuted or `entered_in_error`.
    pub verification_status: &'a str,
    /// When it was over; `None` while it is not.
    pub abated_on: Option<&'a str>,
}

/// Changes a condition, if it still is the version that the editor read; its former version is kept.
///
/// # Errors
/// The database's: a rule refuses the change.
pub async fn change_condition(
    connection: &mut PgConnection,
    condition: Uuid,
    version: i32,
    change: ConditionChange<'_>,
) -> Result<Edited, StoreError> {
    let step = StoreError::at("changing a condition");
    let saved: Option<i32> = sqlx::query_scalar(
        "UPDATE care.condition SET clinical_status = $3, verification_status = $4, abated_on = $5::date
         WHERE condition_id = $1 AND version = $2 RETURNING version",
    )
    .bind(condition)
    .bind(version)
    .bind(change.clinical_status)
    .bind(change.verification_status)
    .bind(change.abated_on)
    .fetch_optional(&mut *connection)
    .await
    .map_err(&step)?;
    if let Some(version) = saved {
        return Ok(Edited::Saved(version));
    }
    let present: Option<i32> = sqlx::query_scalar("SELECT version FROM care.condition WHERE condition_id = $1")
        .bind(condition)
        .fetch_optional(connection)
        .await
        .map_err(&step)?;
    Ok(present.map_or(Edited::Unknown, Edited::Stale))
}

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
    /// Nothing, and why: clotted, insufficient, lost or `not_done`.
    Absent(String),
}

/// A result to be stored.
#[derive(Clone, Debug)]
pub struct NewLabResult {
    /// Whose.
    pub patient_id: Uuid,
    /// Of which order; `None` where it was brought along.
    pub lab_order_id: Option<Uuid>,
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
    pub lab_result_id: Uuid,
    /// LL, L, N, H or HH; `None` without a number or a range.
    pub flag: Option<String>,
}

/// Stores a result; its flag follows from the ranges that came with it.
///
/// # Errors
/// The database's: a rule refuses the result.
pub async fn record_lab_result(
    connection: &mut PgConnection,
    result: &NewLabResult,
) -> Result<StoredLabResult, StoreError> {
    let (mut number, mut unit, mut code, mut words, mut absent) = (None, None, None, None, None);
    match &result.value {
        LabValue::Number { value, unit: of } => (number, unit) = (Some(*value), Some(of)),
        LabValue::Code(found) => code = Some(found),
        LabValue::Words(found) => words = Some(found),
        LabValue::Absent(reason) => absent = Some(reason),
    }
    let (lab_result_id, flag): (Uuid, Option<String>) = sqlx::query_as(
        "INSERT INTO care.lab_result (patient_id, lab_order_id, observed_at, loinc, title, status, value_number, unit,
                                      value_code, value_text, absent_reason, reference_low, reference_high,
                                      critical_low, critical_high)
         VALUES ($1, $2, $3, $4, $5, CASE WHEN $6 THEN 'preliminary' ELSE 'final' END, $7::float8, $8, $9, $10, $11,
                 $12::float8, $13::float8, $14::float8, $15::float8)
         RETURNING lab_result_id, flag",
    )
    .bind(result.patient_id)
    .bind(result.lab_order_id)
    .bind(Moment(result.observed_at))
    .bind(&result.loinc)
    .bind(&result.title)
    .bind(result.preliminary)
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
    .map_err(StoreError::at("storing a result"))?;
    Ok(StoredLabResult { lab_result_id, flag })
}

/// Corrects the number of a final result by a new row, whose key it gives; the former row stays.
///
/// # Errors
/// The database's: the result is not final, or has been corrected already.
pub async fn amend_lab_result(
    connection: &mut PgConnection,
    result: Uuid,
    number: f64,
    remark: &str,
) -> Result<Uuid, StoreError> {
    sqlx::query_scalar("SELECT care.amend_lab_result($1, $2::float8::numeric, $3)")
        .bind(result)
        .bind(number)
        .bind(remark)
        .fetch_one(connection)
        .await
        .map_err(StoreError::at("correcting a result"))
}
