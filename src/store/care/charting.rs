//! Charting: conditions and allergies, added by whoever found them and changed by whoever read the newest version.

use super::actor::Actor;
use super::error::CareError;
use super::record::Edited;
use crate::model::people::{
    AllergyCategory, AllergyClinicalStatus, AllergyCriticality, AllergyId, AllergyVerificationStatus, ClinicalStatus,
    ConditionCodeSystem, ConditionId, ConditionSeverity, EncounterId, PatientId, RecordPart, Sensitivity,
    VerificationStatus,
};
use crate::model::time::Day;
use uuid::Uuid;

/// A condition to be added.
#[derive(Clone, Debug)]
pub struct NewCondition<'a> {
    /// The visit at which it was found; `None` where it was brought along.
    pub encounter: Option<EncounterId>,
    /// By which system it is coded.
    pub code_system: ConditionCodeSystem,
    /// Code of that system.
    pub code: &'a str,
    /// What it is called.
    pub title: &'a str,
    /// How it goes on.
    pub clinical_status: ClinicalStatus,
    /// How sure it is.
    pub verification_status: VerificationStatus,
    /// How severe it is; `None` where it was not judged.
    pub severity: Option<ConditionSeverity>,
    /// When it began; `None` where that is not known.
    pub onset_on: Option<Day>,
    /// More, in words.
    pub note: Option<&'a str>,
    /// What it is kept apart by; `None` to let its code tell.
    pub sensitivity: Option<Sensitivity>,
}

/// Adds a condition that the acting provider found; its key.
///
/// # Errors
/// The database's: a rule refuses a part, or no provider in care acts.
pub async fn add_condition(
    actor: &mut Actor<'_>,
    patient: PatientId,
    condition: &NewCondition<'_>,
) -> Result<ConditionId, CareError> {
    let (connection, token, failed) = actor.write("adding a condition").await?;
    sqlx::query_scalar("SELECT api.add_condition($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)")
        .bind(token)
        .bind(patient)
        .bind(condition.encounter)
        .bind(condition.code_system)
        .bind(condition.code)
        .bind(condition.title)
        .bind(condition.clinical_status)
        .bind(condition.verification_status)
        .bind(condition.severity)
        .bind(condition.onset_on)
        .bind(condition.note)
        .bind(condition.sensitivity)
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// An allergy to be added.
#[derive(Clone, Debug)]
pub struct NewAllergy<'a> {
    /// What it is to.
    pub category: AllergyCategory,
    /// What, in words.
    pub substance: &'a str,
    /// How dangerous it is.
    pub criticality: AllergyCriticality,
    /// `snomed` or `rxnorm`, and the substance's code there; `None` where it has none.
    pub code: Option<(&'a str, &'a str)>,
    /// How sure it is.
    pub verification_status: AllergyVerificationStatus,
    /// When it showed first; `None` where that is not known.
    pub onset_on: Option<Day>,
}

/// Adds an allergy that the acting provider knows of; its key.
///
/// # Errors
/// The database's: a rule refuses a part, or no provider in care acts.
pub async fn add_allergy(
    actor: &mut Actor<'_>,
    patient: PatientId,
    allergy: &NewAllergy<'_>,
) -> Result<AllergyId, CareError> {
    let (connection, token, failed) = actor.write("adding an allergy").await?;
    sqlx::query_scalar("SELECT api.add_allergy($1, $2, $3, $4, $5, $6, $7, $8, $9)")
        .bind(token)
        .bind(patient)
        .bind(allergy.category)
        .bind(allergy.substance)
        .bind(allergy.criticality)
        .bind(allergy.code.map(|(system, _)| system))
        .bind(allergy.code.map(|(_, code)| code))
        .bind(allergy.verification_status)
        .bind(allergy.onset_on)
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// How an allergy goes on.
#[derive(Copy, Clone, Debug)]
pub struct AllergyChange {
    /// How dangerous it is.
    pub criticality: AllergyCriticality,
    /// How it goes on.
    pub clinical_status: AllergyClinicalStatus,
    /// How sure it is.
    pub verification_status: AllergyVerificationStatus,
}

/// Changes an allergy, if it still is the version that the editor read.
///
/// # Errors
/// The database's: a rule refuses the change.
pub async fn change_allergy(
    actor: &mut Actor<'_>,
    allergy: AllergyId,
    version: i32,
    change: AllergyChange,
) -> Result<Edited, CareError> {
    let (connection, token, failed) = actor.write("changing an allergy").await?;
    let edited: Option<(bool, i32)> =
        sqlx::query_as("SELECT saved, version FROM api.change_allergy($1, $2, $3, $4, $5, $6)")
            .bind(token)
            .bind(allergy)
            .bind(version)
            .bind(change.criticality)
            .bind(change.clinical_status)
            .bind(change.verification_status)
            .fetch_optional(connection)
            .await
            .map_err(failed)?;
    Ok(Edited::of(edited))
}

/// Keeps a row of the record apart, with its parts and former versions; for its author, and never taken back.
///
/// # Errors
/// The database's: it is kept apart already, or another wrote it.
pub async fn keep_apart(
    actor: &mut Actor<'_>,
    patient: PatientId,
    part: RecordPart,
    row: Uuid,
    sensitivity: Sensitivity,
) -> Result<(), CareError> {
    let (connection, token, failed) = actor.write("keeping a row apart").await?;
    sqlx::query("SELECT api.keep_apart($1, $2, $3, $4, $5)")
        .bind(token)
        .bind(patient)
        .bind(part)
        .bind(row)
        .bind(sensitivity)
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}
