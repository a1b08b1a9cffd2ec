//! Drugs: prescribed by providers in care, filled by pharmacies within what was prescribed.
//!
//! Doses are numbers with units; the words for the label stand beside them. Which fills are allowed is the database's
//! to say, since two pharmacies may ask at once.

use super::actor::Actor;
use super::error::CareError;
use super::record::Edited;
use crate::model::people::{
    DispenseId, EncounterId, FacilityId, MedicationId, PatientId, PeriodUnit, PrescriptionId, ProviderId, Route,
};
use crate::model::time::Day;

/// A prescription to be written.
#[derive(Clone, Debug)]
pub struct NewPrescription {
    /// For whom.
    pub patient_id: PatientId,
    /// What.
    pub medication_id: MedicationId,
    /// By whom; through the portal whoever acts.
    pub prescriber_id: ProviderId,
    /// At which visit.
    pub encounter_id: Option<EncounterId>,
    /// One dose.
    pub dose_quantity: f64,
    /// Unit of dose and quantity, by UCUM: mg, {tablet}.
    pub dose_unit: String,
    /// How it is taken.
    pub route: Route,
    /// How often.
    pub frequency: Frequency,
    /// The same in words, for the label.
    pub instructions: String,
    /// How much one fill may hold.
    pub quantity: f64,
    /// How many days one fill is for.
    pub days_supply: i16,
    /// How often it may be filled after the first time.
    pub refills_allowed: i16,
    /// First day on which it may be filled.
    pub valid_from: Day,
    /// First day on which it may not be filled any more.
    pub valid_until: Day,
}

/// How often a dose is taken.
#[derive(Copy, Clone, Debug, PartialEq)]
pub enum Frequency {
    /// So many times in a period of time.
    Times {
        /// How many.
        times: i16,
        /// In how many units of time.
        amount: f64,
        /// Which unit.
        unit: PeriodUnit,
    },
    /// When the patient needs it.
    AsNeeded,
}

impl Frequency {
    /// How many times, in how many units of time, and which.
    pub fn parts(self) -> (Option<i16>, f64, PeriodUnit) {
        match self {
            Frequency::Times { times, amount, unit } => (Some(times), amount, unit),
            Frequency::AsNeeded => (None, 1.0, PeriodUnit::Day),
        }
    }
}

/// Writes a prescription that is valid at once; its key.
///
/// # Errors
/// The database's: a rule refuses it, the prescriber does not care for the patient, or is not who acts.
pub async fn prescribe(actor: &mut Actor<'_>, new: &NewPrescription) -> Result<PrescriptionId, CareError> {
    let (connection, token, failed) = actor.write("prescribing").await?;
    let (times, amount, unit) = new.frequency.parts();
    sqlx::query_scalar(
        "SELECT api.prescribe($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
    )
    .bind(token)
    .bind(new.patient_id)
    .bind(new.medication_id)
    .bind(new.prescriber_id)
    .bind(new.encounter_id)
    .bind(new.dose_quantity)
    .bind(&new.dose_unit)
    .bind(new.route)
    .bind(times)
    .bind(amount)
    .bind(unit)
    .bind(&new.instructions)
    .bind(new.quantity)
    .bind(new.days_supply)
    .bind(new.refills_allowed)
    .bind(new.valid_from)
    .bind(new.valid_until)
    .fetch_one(connection)
    .await
    .map_err(failed)
}

/// A medicine that can be prescribed.
#[derive(Clone, Debug, PartialEq, sqlx_macros::FromRow)]
pub struct MedicationLine {
    /// Key.
    pub medication_id: MedicationId,
    /// Name.
    pub name: String,
    /// Substance.
    pub ingredient: String,
    /// Form: `tablet`.
    pub form: String,
    /// Strength in `strength_unit`.
    pub strength: Option<f64>,
    /// Unit of the strength, by UCUM.
    pub strength_unit: Option<String>,
}

/// Medicines whose name or substance begins so, by name; 500 at most.
///
/// # Errors
/// The database's.
pub async fn list(
    actor: &mut Actor<'_>,
    begins: Option<&str>,
    rows_max: u16,
) -> Result<Vec<MedicationLine>, CareError> {
    let (connection, token, failed) = actor.ask("finding medicines")?;
    let query = sqlx::query_as("SELECT * FROM api.list_medications($1, $2, NULL, NULL, $3)").bind(token).bind(begins);
    query.bind(i32::from(rows_max)).fetch_all(connection).await.map_err(failed)
}

/// What speaks against a medicine for somebody.
#[derive(Clone, Debug, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct Issue {
    /// `interaction`, `allergy`, `duplicate`, `dose`, or `not_judged`.
    pub kind: String,
    /// `high`, `moderate` or `low`; `None` where it was not judged.
    pub severity: Option<String>,
    /// The substance.
    pub about: String,
    /// What may happen.
    pub effect: String,
}

/// What speaks against a medicine in such a dose, the worst first, and what stands in no list; 200 at most.
///
/// # Errors
/// The database's.
pub async fn check(actor: &mut Actor<'_>, new: &NewPrescription) -> Result<Vec<Issue>, CareError> {
    let Some(look) = actor.look(Some(new.patient_id), "issues", None).await? else { return Ok(Vec::new()) };
    let (times, amount, unit) = new.frequency.parts();
    let (connection, token, failed) = actor.ask("checking a medicine")?;
    sqlx::query_as("SELECT kind, severity, about, effect FROM api.check_medication($1, $2, $3, $4, $5, $6, $7, $8, $9)")
        .bind(token)
        .bind(look)
        .bind(new.patient_id)
        .bind(new.medication_id)
        .bind(new.dose_quantity)
        .bind(&new.dose_unit)
        .bind(times)
        .bind(amount)
        .bind(unit)
        .fetch_all(connection)
        .await
        .map_err(failed)
}

/// Prescribes in the acting provider's name under a key of the form that asks, so that the same form sent again does
/// nothing; in spite of what is severe where a reason says why.
///
/// # Errors
/// `prescription_pkey` where it was written before, `prescription_meets_no_severe_issue`, and the database's.
pub async fn prescribe_once(
    actor: &mut Actor<'_>,
    key: PrescriptionId,
    new: &NewPrescription,
    in_spite: Option<&str>,
) -> Result<(), CareError> {
    let (connection, token, failed) = actor.write("prescribing").await?;
    let (times, amount, unit) = new.frequency.parts();
    sqlx::query(
        "SELECT api.prescribe_once($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)",
    )
    .bind(token)
    .bind(key)
    .bind(new.patient_id)
    .bind(new.medication_id)
    .bind(new.encounter_id)
    .bind(new.dose_quantity)
    .bind(&new.dose_unit)
    .bind(new.route)
    .bind(times)
    .bind(amount)
    .bind(unit)
    .bind(&new.instructions)
    .bind(new.quantity)
    .bind(new.days_supply)
    .bind(new.refills_allowed)
    .bind(new.valid_from)
    .bind(new.valid_until)
    .bind(in_spite)
    .execute(connection)
    .await
    .map(drop)
    .map_err(failed)
}

/// Stops a prescription, if it still is the version that the editor read.
///
/// # Errors
/// The database's: it has ended already, or there is no reason.
pub async fn stop_prescription(
    actor: &mut Actor<'_>,
    prescription: PrescriptionId,
    version: i32,
    reason: &str,
) -> Result<Edited, CareError> {
    let (connection, token, failed) = actor.write("stopping a prescription").await?;
    let edited: Option<(bool, i32)> =
        sqlx::query_as("SELECT saved, version FROM api.stop_prescription($1, $2, $3, $4)")
            .bind(token)
            .bind(prescription)
            .bind(version)
            .bind(reason)
            .fetch_optional(connection)
            .await
            .map_err(failed)?;
    Ok(Edited::of(edited))
}

/// A fill.
#[derive(Clone, Debug)]
pub struct NewDispense {
    /// For whom.
    pub patient_id: PatientId,
    /// Of which prescription.
    pub prescription_id: PrescriptionId,
    /// By which pharmacy.
    pub facility_id: FacilityId,
    /// On which day.
    pub filled_on: Day,
    /// For how many days.
    pub days_supply: i16,
    /// How much, in the prescription's unit.
    pub quantity: f64,
}

/// Stores a fill; its key.
///
/// # Errors
/// The database's: the prescription is not valid on that day, or allows no such quantity or no more fills.
pub async fn dispense(actor: &mut Actor<'_>, fill: &NewDispense) -> Result<DispenseId, CareError> {
    let (connection, token, failed) = actor.write("storing a fill").await?;
    sqlx::query_scalar("SELECT api.dispense($1, $2, $3, $4, $5, $6, $7)")
        .bind(token)
        .bind(fill.patient_id)
        .bind(fill.prescription_id)
        .bind(fill.facility_id)
        .bind(fill.filled_on)
        .bind(fill.days_supply)
        .bind(fill.quantity)
        .fetch_one(connection)
        .await
        .map_err(failed)
}
