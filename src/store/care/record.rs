//! The record on one page, and its conditions changed by whoever read the newest version.
//!
//! A record that is closed to the actor answers like one that does not exist.

use sqlx::types::Json;

use super::actor::Actor;
use super::error::CareError;
use crate::model::people::{
    AllergyCategory, AllergyCriticality, AllergyId, BirthDate, ClinicalStatus, ConditionCodeSystem, ConditionId,
    EncounterClass, EncounterId, LabFlag, LabResultId, LabResultStatus, PatientId, PrescriptionId, Sensitivity, Sex,
    VerificationStatus,
};
use crate::model::time::{Day, Timestamp};

/// A record on one page: what stands now.
#[derive(Clone, Debug, PartialEq, serde::Deserialize, serde::Serialize)]
pub struct RecordSummary {
    /// Whose.
    pub patient_id: PatientId,
    /// Version of the patient's own row, for an edit.
    pub version: i32,
    /// Birth, as far as it is known; `None` where nothing is.
    pub born_on: Option<BirthDate>,
    /// Administrative gender.
    pub sex: Sex,
    /// Whether the person has died.
    pub deceased: bool,
    /// What else holds of the record, what matters most first.
    #[serde(default)]
    pub flags: Vec<FlagLine>,
    /// The official name; `None` where none is valid today.
    pub name: Option<NameLine>,
    /// Every name of today, in each script, the official ones first.
    pub names: Vec<NameLine>,
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

/// Something that holds of a record.
#[derive(Copy, Clone, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
pub struct FlagLine {
    /// What.
    pub flag: RecordFlag,
    /// Until when; `None` where that is open.
    #[serde(default)]
    pub until_at: Option<Timestamp>,
}

/// What can hold of a record.
#[derive(Copy, Clone, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordFlag {
    /// Whoever acts has opened it in an emergency.
    Emergency,
    /// It was joined with another of the same person, and takes no facts.
    Joined,
    /// Its erasure was asked for.
    ErasureRequested,
    /// Its erasure was granted, and comes.
    ErasureGranted,
    /// A parent consents for the patient.
    ConsentsParent,
    /// A guardian does.
    ConsentsGuardian,
    /// A conservator does.
    ConsentsConservator,
    /// Somebody with a power of attorney does.
    ConsentsPowerOfAttorney,
    /// Somebody whom the patient has appointed does.
    ConsentsAppointed,
}

/// A name, to be shown.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
pub struct NameLine {
    /// Family name; `None` where the person has none.
    pub family: Option<String>,
    /// Given names; none where the family name is all.
    pub given: Vec<String>,
    /// Script by ISO 15924; `None` where one name is told alone.
    #[serde(default)]
    pub script: Option<String>,
}

/// An allergy, to be shown.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
pub struct AllergyLine {
    /// Key.
    pub allergy_id: AllergyId,
    /// To what.
    pub substance: String,
    /// What it is to.
    pub category: AllergyCategory,
    /// How dangerous it is.
    pub criticality: AllergyCriticality,
}

/// A condition, to be shown.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
pub struct ConditionLine {
    /// Key.
    pub condition_id: ConditionId,
    /// By which system it is coded.
    pub code_system: ConditionCodeSystem,
    /// Code of that system.
    pub code: String,
    /// What it is called.
    pub title: String,
    /// How it goes on.
    pub clinical_status: ClinicalStatus,
    /// When it began.
    pub onset_on: Option<Day>,
    /// Version, for an edit.
    pub version: i32,
    /// What it is kept apart by; `None` for plain care.
    pub sensitivity: Option<Sensitivity>,
}

/// A prescription, to be shown.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
pub struct PrescriptionLine {
    /// Key.
    pub prescription_id: PrescriptionId,
    /// The drug.
    pub name: String,
    /// How to take it.
    pub instructions: String,
    /// From when on it may not be filled any more.
    pub ends_on: Day,
    /// Version, for an edit.
    pub version: i32,
    /// What it is kept apart by; `None` for plain care.
    pub sensitivity: Option<Sensitivity>,
}

/// A result, to be shown.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
pub struct ResultLine {
    /// Key.
    pub lab_result_id: LabResultId,
    /// Which test.
    pub loinc: String,
    /// What it is called.
    pub title: String,
    /// Number, code, words, or why there is none.
    pub value: String,
    /// Unit of a number.
    pub unit: Option<String>,
    /// Where it stands against its ranges.
    pub flag: Option<LabFlag>,
    /// How final it is.
    pub status: LabResultStatus,
    /// When the specimen was taken.
    pub observed_at: Timestamp,
    /// What it is kept apart by; `None` for plain care.
    pub sensitivity: Option<Sensitivity>,
}

/// A visit or stay, to be shown.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
pub struct EncounterLine {
    /// Key.
    pub encounter_id: EncounterId,
    /// What kind.
    pub class: EncounterClass,
    /// When it began.
    pub began_at: Timestamp,
    /// When it ended; `None` while it goes on.
    pub ended_at: Option<Timestamp>,
    /// Why the patient came.
    pub reason: Option<String>,
}

/// Reads a record on one page, in one snapshot; `None` where there is no such patient for whoever acts.
///
/// # Errors
/// The database's.
pub async fn read_summary(actor: &mut Actor<'_>, patient: PatientId) -> Result<Option<RecordSummary>, CareError> {
    let Some(look) = actor.look(Some(patient), "record", None).await? else { return Ok(None) };
    let (connection, token, failed) = actor.ask("reading a record")?;
    let summary: Option<Json<RecordSummary>> = sqlx::query_scalar("SELECT api.read_record($1, $2, $3)")
        .bind(token)
        .bind(look)
        .bind(patient)
        .fetch_one(connection)
        .await
        .map_err(failed)?;
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

impl Edited {
    /// What a function of `api` says: whether the version that stands is the editor's.
    pub(super) fn of(answer: Option<(bool, i32)>) -> Edited {
        match answer {
            Some((true, version)) => Edited::Saved(version),
            Some((false, version)) => Edited::Stale(version),
            None => Edited::Unknown,
        }
    }
}

/// How a condition goes on.
#[derive(Copy, Clone, Debug)]
pub struct ConditionChange {
    /// How it goes on.
    pub clinical_status: ClinicalStatus,
    /// How sure it is.
    pub verification_status: VerificationStatus,
    /// When it was over; `None` while it is not.
    pub abated_on: Option<Day>,
}

/// Changes a condition, if it still is the version that the editor read; its former version is kept.
///
/// # Errors
/// The database's: a rule refuses the change.
pub async fn change_condition(
    actor: &mut Actor<'_>,
    condition: ConditionId,
    version: i32,
    change: ConditionChange,
) -> Result<Edited, CareError> {
    let (connection, token, failed) = actor.write("changing a condition").await?;
    let edited: Option<(bool, i32)> =
        sqlx::query_as("SELECT saved, version FROM api.change_condition($1, $2, $3, $4, $5, $6)")
            .bind(token)
            .bind(condition)
            .bind(version)
            .bind(change.clinical_status)
            .bind(change.verification_status)
            .bind(change.abated_on)
            .fetch_optional(connection)
            .await
            .map_err(failed)?;
    Ok(Edited::of(edited))
}
