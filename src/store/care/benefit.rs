//! What insurance plans pay, what a patient has borne of a year, and what charges would cost.
//!
//! The database keeps the sums as claims are answered (`schemas/migrations/0551_accumulate_cost_sharing.sql`) and
//! estimates by the list's prices (`0552_estimate_costs.sql`), in the one currency of plan and charges.

use super::actor::Actor;
use super::error::CareError;
use crate::model::people::{CoverageId, FacilityId, InsurancePlanId, PatientId, PolicyId};
use crate::model::time::Day;

/// What a plan pays of a kind of service.
#[derive(Clone, Debug, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct Benefit {
    /// in or out.
    pub network: String,
    /// For which category of charges; `None` where it is for one code.
    pub category: Option<String>,
    /// For which charge; `None` where it is for a category.
    pub charge_code: Option<String>,
    /// What the patient pays of a charge first, in hundredths.
    pub copay_cents: i64,
    /// What the patient pays of the rest, in hundredths of a per cent.
    pub coinsurance_basis_points: i32,
    /// Whether the deductible is borne first.
    pub deductible_applies: bool,
    /// How many are covered in a period.
    pub visit_limit: Option<i32>,
    /// What the plan pays at most in a period, in hundredths.
    pub amount_limit_cents: Option<i64>,
    /// month or `plan_year`.
    pub limit_per: Option<String>,
    /// ISO 4217: USD.
    pub currency: String,
}

/// What a patient has borne of the year of a plan, in hundredths.
#[derive(Clone, Debug, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct Accumulator {
    /// Under which policy.
    pub policy: PolicyId,
    /// First day of the year.
    pub year_begins_on: Day,
    /// ISO 4217: USD.
    pub currency: String,
    /// Borne as deductible.
    pub deductible_cents: i64,
    /// Borne as deductible, co-insurance and copay.
    pub out_of_pocket_cents: i64,
    /// What the insurer decided to pay.
    pub paid_cents: i64,
    /// The deductible of one person, by the plan.
    pub deductible_of_plan_cents: Option<i64>,
    /// The most that one person bears, by the plan.
    pub out_of_pocket_of_plan_cents: Option<i64>,
}

/// What an estimate is of.
#[derive(Copy, Clone, Debug)]
pub struct EstimateRequest<'a> {
    /// For whom.
    pub patient: PatientId,
    /// Where.
    pub facility: FacilityId,
    /// When.
    pub served_on: Day,
    /// Under one coverage, or two.
    pub coverages: &'a [CoverageId],
    /// Which charges, by the network's list, in the order in which they would be claimed.
    pub codes: &'a [&'a str],
    /// How many of each.
    pub quantities: &'a [i32],
}

/// What one charge would cost, in hundredths.
#[derive(Clone, Debug, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct EstimatedCharge {
    /// Its place in the request, from 1.
    pub line: i32,
    /// Which charge.
    pub charge_code: String,
    /// ISO 4217: USD.
    pub currency: String,
    /// The list's price of all of it.
    pub billed_cents: i64,
    /// Whether the first plan has a benefit for it.
    pub covered: bool,
    /// What falls under the deductible of the first.
    pub deductible_cents: i64,
    /// Its copay.
    pub copay_cents: i64,
    /// Its co-insurance.
    pub coinsurance_cents: i64,
    /// What the first insurer would pay.
    pub first_pays_cents: i64,
    /// What the second would.
    pub second_pays_cents: i64,
    /// What is left for the patient.
    pub patient_pays_cents: i64,
    /// Whether limits of a benefit count what was used at other facilities: not for a biller.
    pub elsewhere_counts: bool,
}

/// The benefits of a plan on a day.
///
/// # Errors
/// The database's.
pub async fn of_plan(actor: &mut Actor<'_>, plan: InsurancePlanId, on: Day) -> Result<Vec<Benefit>, CareError> {
    let (connection, token, failed) = actor.ask("listing benefits")?;
    let query = sqlx::query_as("SELECT * FROM api.list_benefits($1, $2, $3)").bind(token).bind(plan).bind(on);
    query.fetch_all(connection).await.map_err(failed)
}

/// What a patient has borne of the years in which a day falls.
///
/// # Errors
/// The database's.
pub async fn accumulators(actor: &mut Actor<'_>, patient: PatientId, on: Day) -> Result<Vec<Accumulator>, CareError> {
    let Some(look) = actor.look(Some(patient), "accumulators", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("reading accumulators")?;
    sqlx::query_as("SELECT * FROM api.read_accumulators($1, $2, $3, $4)")
        .bind(token)
        .bind(look)
        .bind(patient)
        .bind(on)
        .fetch_all(connection)
        .await
        .map_err(failed)
}

/// What a patient would pay, charge by charge; nothing where the patient is not open to the actor.
///
/// # Errors
/// `estimate_is_of_care_to_come`, `estimate_names_known_charges`, `estimate_is_under_coverages_of_the_day`,
/// `estimate_is_in_one_currency`, and the database's.
pub async fn estimate(actor: &mut Actor<'_>, request: &EstimateRequest<'_>) -> Result<Vec<EstimatedCharge>, CareError> {
    let Some(look) = actor.look(Some(request.patient), "estimate", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("estimating costs")?;
    sqlx::query_as("SELECT * FROM api.read_estimate($1, $2, $3, $4, $5, $6, $7, $8)")
        .bind(token)
        .bind(look)
        .bind(request.patient)
        .bind(request.facility)
        .bind(request.served_on)
        .bind(request.coverages)
        .bind(request.codes)
        .bind(request.quantities)
        .fetch_all(connection)
        .await
        .map_err(failed)
}
