//! Claims with their codes: diagnoses when they are submitted, adjustments when they are answered, and what was denied
//! asked for again.
//!
//! The amounts of an answer add up to what was asked for, charge by charge, or it is refused
//! (`schemas/migrations/0545_create_claim_adjustment.sql`); a secondary insurer is asked after the primary.

use sqlx::types::Json;

use super::actor::Actor;
use super::error::CareError;
use crate::model::people::{ChargeId, ClaimId, ClaimRelation, CostShare, CoverageId, InvoiceId, PatientId};
use crate::model::time::Day;

/// What an insurer takes off a charge, and why.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Adjustment {
    /// Who bears it: CO, PR, OA or PI.
    pub group: String,
    /// The reason's code.
    pub code: String,
    /// How much, in hundredths.
    pub cents: i64,
}

/// An insurer's answer for one charge; with its adjustments it adds up to what was asked for.
#[derive(Clone, Debug, serde::Serialize)]
pub struct LineAnswer {
    /// Which charge.
    pub charge: ChargeId,
    /// What the insurer pays, in hundredths.
    pub paid_cents: i64,
    /// What it takes off.
    pub adjustments: Vec<Adjustment>,
}

/// A line of a claim as it stands.
#[derive(Clone, Debug, PartialEq, sqlx_macros::FromRow)]
pub struct ClaimLine {
    /// Of which claim.
    pub claim: ClaimId,
    /// Of which invoice.
    pub invoice: InvoiceId,
    /// Under which coverage.
    pub coverage: CoverageId,
    /// primary or secondary; `None` where the coverage is hidden.
    pub rank: Option<String>,
    /// submitted or adjudicated.
    pub status: String,
    /// The claim whose denials it asks for again.
    pub replaces: Option<ClaimId>,
    /// As what it replaces that one.
    pub related: Option<ClaimRelation>,
    /// ISO 4217: USD.
    pub currency: String,
    /// Which charge.
    pub charge: ChargeId,
    /// What was done, by the network's list.
    pub charge_code: String,
    /// What was asked for, in hundredths.
    pub asked_cents: i64,
    /// What the insurer counts with; `None` until it answers.
    pub allowed_cents: Option<i64>,
    /// What it pays; `None` until it answers.
    pub paid_cents: Option<i64>,
    /// What falls on the patient; `None` until it answers.
    pub patient_cents: Option<i64>,
    /// What was taken off, and why; `None` where nothing was.
    pub adjustments: Option<Json<Vec<Adjustment>>>,
    /// Codes of ICD-10-CM that it was done for; `None` for who was not granted every category of sensitive rows.
    pub diagnoses: Option<Vec<String>>,
}

/// Why an insurer pays less than was asked for.
#[derive(Clone, Debug, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct AdjustmentCode {
    /// Who bears it: CO, PR, OA or PI.
    pub group_code: String,
    /// The reason's code.
    pub code: String,
    /// A few words for a person.
    pub title: String,
    /// Which share of the patient's it is; `None` for a denial, a discount or another reason.
    pub counts_as: Option<CostShare>,
}

/// A coverage of a patient, and the policy that it is of.
#[derive(Clone, Debug, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct PatientCoverage {
    /// Its key.
    pub coverage: CoverageId,
    /// primary or secondary.
    pub rank: String,
    /// What the patient is to the holder.
    pub relation: String,
    /// First day.
    pub from_on: Day,
    /// First day after it; `None` while it goes on.
    pub until_on: Option<Day>,
    /// The policy's number at its insurer.
    pub number: String,
    /// The insurer's name.
    pub insurer: String,
    /// The plan's name.
    pub plan_name: String,
}

/// Asks an insurer for all that is due and was covered, each charge for the first four of these diagnoses; the claim.
///
/// # Errors
/// `claim_has_a_diagnosis`, `claim_diagnosis_is_icd_10_cm`, `claim_follows_the_primary`, those of
/// [`submit_claim`](super::money::submit_claim), and the database's.
pub async fn submit(
    actor: &mut Actor<'_>,
    invoice: InvoiceId,
    coverage: CoverageId,
    diagnoses: &[&str],
) -> Result<ClaimId, CareError> {
    let (connection, token, failed) = actor.write("submitting a claim").await?;
    sqlx::query_scalar("SELECT api.submit_coded_claim($1, $2, $3, $4, NULL)")
        .bind(token)
        .bind(invoice)
        .bind(coverage)
        .bind(diagnoses)
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// Notes an insurer's answer, which names every charge of the claim once.
///
/// # Errors
/// `claim_answer_adds_up`, `claim_adjustment_code_fkey`, those of [`adjudicate`](super::money::adjudicate), and the
/// database's.
pub async fn answer(actor: &mut Actor<'_>, claim: ClaimId, lines: &[LineAnswer]) -> Result<(), CareError> {
    let (connection, token, failed) = actor.write("noting an insurer's answer").await?;
    let query = sqlx::query("SELECT api.answer_claim($1, $2, $3)").bind(token).bind(claim).bind(Json(lines));
    query.execute(connection).await.map(drop).map_err(failed)
}

/// Asks again for what a claim denied and is still due; the new claim.
///
/// # Errors
/// `claim_replaces_an_answered_one`, `claim_replaces_what_was_denied`, `claim_is_replaced_once`, `claim_is_open_once`,
/// and the database's.
pub async fn replace(actor: &mut Actor<'_>, claim: ClaimId, related: ClaimRelation) -> Result<ClaimId, CareError> {
    let (connection, token, failed) = actor.write("asking again for what was denied").await?;
    let query = sqlx::query_scalar("SELECT api.replace_claim($1, $2, $3)").bind(token).bind(claim).bind(related);
    query.fetch_one(connection).await.map_err(failed)
}

/// The lines of a patient's claims that the actor may see, the latest claim first, 500 at most.
///
/// # Errors
/// The database's.
pub async fn of_patient(actor: &mut Actor<'_>, patient: PatientId) -> Result<Vec<ClaimLine>, CareError> {
    let Some(look) = actor.look(Some(patient), "claims", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("reading claims")?;
    let query = sqlx::query_as("SELECT * FROM api.read_claims($1, $2, $3)").bind(token).bind(look).bind(patient);
    query.fetch_all(connection).await.map_err(failed)
}

/// The coverages of a patient that the actor may see, the latest first.
///
/// # Errors
/// The database's.
pub async fn coverages(actor: &mut Actor<'_>, patient: PatientId) -> Result<Vec<PatientCoverage>, CareError> {
    let Some(look) = actor.look(Some(patient), "coverages", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("reading coverages")?;
    let query = sqlx::query_as("SELECT * FROM api.read_coverages($1, $2, $3)").bind(token).bind(look).bind(patient);
    query.fetch_all(connection).await.map_err(failed)
}

/// The codes that an answer may have.
///
/// # Errors
/// The database's.
pub async fn adjustment_codes(actor: &mut Actor<'_>) -> Result<Vec<AdjustmentCode>, CareError> {
    let (connection, token, failed) = actor.ask("listing adjustment codes")?;
    sqlx::query_as("SELECT * FROM api.list_adjustment_codes($1)")
        .bind(token)
        .fetch_all(connection)
        .await
        .map_err(failed)
}
