//! The whole chart: conditions, allergies and prescriptions with their versions, also those that are over, for whoever
//! corrects or ends one.

use super::actor::Actor;
use super::error::CareError;
use crate::model::people::{
    AllergyCategory, AllergyClinicalStatus, AllergyCriticality, AllergyId, AllergyVerificationStatus, ClinicalStatus,
    ConditionCodeSystem, ConditionId, ConditionSeverity, LabResultId, MedicationId, PatientId, PeriodUnit,
    PrescriptionId, ProviderId, Route, Sensitivity, VerificationStatus,
};
use crate::model::time::Day;

/// A condition, whatever became of it.
#[derive(Clone, Debug, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct ConditionOfChart {
    /// Key.
    pub condition_id: ConditionId,
    /// Version, for an edit.
    pub version: i32,
    /// By which system it is coded.
    pub code_system: ConditionCodeSystem,
    /// Code of that system.
    pub code: String,
    /// What it is called.
    pub title: String,
    /// How it goes on.
    pub clinical_status: ClinicalStatus,
    /// How sure it is.
    pub verification_status: VerificationStatus,
    /// How severe it is; `None` where it was not judged.
    pub severity: Option<ConditionSeverity>,
    /// When it began.
    pub onset_on: Option<Day>,
    /// When it was over.
    pub abated_on: Option<Day>,
    /// More, in words.
    pub note: Option<String>,
    /// What it is kept apart by; `None` for plain care.
    pub sensitivity: Option<Sensitivity>,
}

impl ConditionOfChart {
    /// Whether it goes on, and is no error.
    pub fn stands(&self) -> bool {
        use ClinicalStatus::{Active, Recurrence, Relapse};
        use VerificationStatus::{EnteredInError, Refuted};
        matches!(self.clinical_status, Active | Recurrence | Relapse)
            && !matches!(self.verification_status, Refuted | EnteredInError)
    }
}

/// An allergy, whatever became of it.
#[derive(Clone, Debug, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct AllergyOfChart {
    /// Key.
    pub allergy_id: AllergyId,
    /// Version, for an edit.
    pub version: i32,
    /// What it is to.
    pub category: AllergyCategory,
    /// What, in words.
    pub substance: String,
    /// How dangerous it is.
    pub criticality: AllergyCriticality,
    /// How it goes on.
    pub clinical_status: AllergyClinicalStatus,
    /// How sure it is.
    pub verification_status: AllergyVerificationStatus,
    /// When it showed first.
    pub onset_on: Option<Day>,
}

impl AllergyOfChart {
    /// Whether it goes on, and is no error.
    pub fn stands(&self) -> bool {
        use AllergyVerificationStatus::{EnteredInError, Refuted};
        self.clinical_status == AllergyClinicalStatus::Active
            && !matches!(self.verification_status, Refuted | EnteredInError)
    }
}

/// A prescription, whatever became of it.
#[derive(Clone, Debug, PartialEq, sqlx_macros::FromRow)]
pub struct PrescriptionOfChart {
    /// Key.
    pub prescription_id: PrescriptionId,
    /// Version, for an edit.
    pub version: i32,
    /// Who prescribed it.
    pub prescriber_id: ProviderId,
    /// The medicine.
    pub medication_id: MedicationId,
    /// What it is called.
    pub name: String,
    /// Its substance.
    pub ingredient: String,
    /// Its form: `tablet`.
    pub form: String,
    /// One dose.
    pub dose_quantity: f64,
    /// Unit of dose and quantity.
    pub dose_unit: String,
    /// How it is taken.
    pub route: Route,
    /// How many times in a period; `None` for when the patient needs it.
    pub times: Option<i16>,
    /// In how many units of time.
    pub per_amount: f64,
    /// Which unit.
    pub per_unit: PeriodUnit,
    /// The same in words.
    pub instructions: String,
    /// How much one fill may hold.
    pub quantity: f64,
    /// How many days one fill is for.
    pub days_supply: i16,
    /// How often it may be filled after the first time.
    pub refills_allowed: i16,
    /// First day.
    pub from_on: Day,
    /// First day on which it may not be filled any more.
    pub until_on: Day,
    /// `active`, `on_hold`, `stopped` and others.
    pub status: String,
    /// Why it was stopped or put on hold.
    pub status_reason: Option<String>,
    /// Why it was prescribed in spite of what speaks against it.
    pub override_reason: Option<String>,
    /// Whether it is taken now.
    pub runs: bool,
    /// What it is kept apart by; `None` for plain care.
    pub sensitivity: Option<Sensitivity>,
}

/// Conditions of a patient, what stands first; 500 at most.
///
/// # Errors
/// The database's.
pub async fn conditions(actor: &mut Actor<'_>, patient: PatientId) -> Result<Vec<ConditionOfChart>, CareError> {
    let Some(look) = actor.look(Some(patient), "record", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("reading conditions")?;
    let query = sqlx::query_as("SELECT * FROM api.read_conditions($1, $2, $3)").bind(token).bind(look).bind(patient);
    query.fetch_all(connection).await.map_err(failed)
}

/// Allergies of a patient, what stands first; 500 at most.
///
/// # Errors
/// The database's.
pub async fn allergies(actor: &mut Actor<'_>, patient: PatientId) -> Result<Vec<AllergyOfChart>, CareError> {
    let Some(look) = actor.look(Some(patient), "record", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("reading allergies")?;
    let query = sqlx::query_as("SELECT * FROM api.read_allergies($1, $2, $3)").bind(token).bind(look).bind(patient);
    query.fetch_all(connection).await.map_err(failed)
}

/// Prescriptions of a patient, those that run first; 200 at most.
///
/// # Errors
/// The database's.
pub async fn prescriptions(actor: &mut Actor<'_>, patient: PatientId) -> Result<Vec<PrescriptionOfChart>, CareError> {
    let Some(look) = actor.look(Some(patient), "record", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("reading prescriptions")?;
    let query = sqlx::query_as("SELECT * FROM api.read_prescriptions($1, $2, $3)").bind(token).bind(look).bind(patient);
    query.fetch_all(connection).await.map_err(failed)
}

/// Usual values that came with results, lowest and highest, of those that have any.
pub type ResultRange = (LabResultId, Option<f64>, Option<f64>);

/// The usual values that came with results of a patient; 500 at most.
///
/// # Errors
/// The database's.
pub async fn result_ranges(
    actor: &mut Actor<'_>,
    patient: PatientId,
    results: &[LabResultId],
) -> Result<Vec<ResultRange>, CareError> {
    let Some(look) = actor.look(Some(patient), "results", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("reading ranges of results")?;
    let query = sqlx::query_as("SELECT * FROM api.read_result_ranges($1, $2, $3, $4)").bind(token).bind(look);
    query.bind(patient).bind(results).fetch_all(connection).await.map_err(failed)
}
