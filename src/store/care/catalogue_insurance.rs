//! Prices of membership, insurers with their plans, and codes of adjustments, as administrators keep them.
//!
//! Sums are in hundredths of the currency. Prices and benefits are added and ended, and not altered: fees and
//! estimates were made by them.

use super::actor::Actor;
use super::error::CareError;
use crate::model::people::{FacilityId, FeePeriod, InsurancePlanId, InsurerId, MembershipPriceId, PlanBenefitId};
use crate::model::time::Day;

/// First day of a period, and the day before which it ends; `None` for no end.
pub type Days = (Day, Option<Day>);

/// What a plan of membership costs.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct NewMembershipPrice<'a> {
    /// Plan of membership, by its word.
    pub plan: &'a str,
    /// For how long.
    pub per: FeePeriod,
    /// How much.
    pub cents: i64,
    /// Currency by ISO 4217.
    pub currency: &'a str,
    /// When it stands.
    pub days: Days,
}

/// A plan of an insurer.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct InsurancePlanWords<'a> {
    /// Name, unique at its insurer.
    pub name: &'a str,
    /// Currency by ISO 4217.
    pub currency: &'a str,
    /// Month in which its year begins.
    pub year_begins_month: i32,
    /// First day on which it is not sold any more.
    pub retired_on: Option<Day>,
}

/// What members of a plan pay before it pays, and at most; for one person and a family.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct CostSharing {
    /// Deductible of one person.
    pub deductible_cents: i64,
    /// Deductible of a family.
    pub family_deductible_cents: Option<i64>,
    /// The most that one person bears.
    pub out_of_pocket_cents: Option<i64>,
    /// The most that a family bears.
    pub family_out_of_pocket_cents: Option<i64>,
}

/// For which care a benefit is.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum BenefitOf<'a> {
    /// Charges of a category.
    Category(&'a str),
    /// One charge code.
    Charge(&'a str),
}

/// What members of a plan pay for care.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct NewBenefit<'a> {
    /// Whether it is for care in the network of the plan.
    pub in_network: bool,
    /// For which care.
    pub of: BenefitOf<'a>,
    /// What is paid of a charge first.
    pub copay_cents: i64,
    /// What is paid of the rest, in hundredths of a per cent.
    pub coinsurance_basis_points: i32,
    /// Whether the deductible is borne first.
    pub deductible_applies: bool,
    /// How many are covered in a period.
    pub visit_limit: Option<i32>,
    /// What the plan pays at most in a period.
    pub limit_cents: Option<i64>,
    /// month or `plan_year`, where there is a limit.
    pub limit_per: Option<&'a str>,
    /// When it stands.
    pub days: Days,
}

/// A code by which insurers adjust claims.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct AdjustmentWords<'a> {
    /// Group by X12: CO, PR, OA, PI.
    pub group_code: &'a str,
    /// Code.
    pub code: &'a str,
    /// A few words for a person.
    pub title: &'a str,
    /// What it counts as for the patient: deductible, coinsurance, copay.
    pub counts_as: Option<&'a str>,
    /// First day on which it is not used any more.
    pub retired_on: Option<Day>,
}

/// Adds what a plan of membership costs; its key.
///
/// # Errors
/// `network_is_kept_by_an_administrator`, `membership_price_is_one_at_a_time`, and the database's.
pub async fn add_membership_price(
    actor: &mut Actor<'_>,
    price: &NewMembershipPrice<'_>,
) -> Result<MembershipPriceId, CareError> {
    let (connection, token, failed) = actor.write("adding a price of membership").await?;
    sqlx::query_scalar("SELECT api.add_membership_price($1, $2, $3, $4, $5, $6, $7)")
        .bind(token)
        .bind(price.plan)
        .bind(price.per)
        .bind(price.cents)
        .bind(price.currency)
        .bind(price.days.0)
        .bind(price.days.1)
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// Says on which day a price of membership does not stand any more.
///
/// # Errors
/// `network_is_kept_by_an_administrator`, `row_is_changed_as_it_was_read`, and the database's.
pub async fn end_membership_price(
    actor: &mut Actor<'_>,
    price: MembershipPriceId,
    version: i32,
    stop_on: Day,
) -> Result<(), CareError> {
    let (connection, token, failed) = actor.write("ending a price of membership").await?;
    sqlx::query("SELECT api.end_membership_price($1, $2, $3, $4)")
        .bind(token)
        .bind(price)
        .bind(version)
        .bind(stop_on)
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Adds an insurer, or changes it if it still is the version that was read: name, telephone and page; its key.
///
/// # Errors
/// `network_is_kept_by_an_administrator`, `row_is_changed_as_it_was_read`, and the database's.
pub async fn keep_insurer(
    actor: &mut Actor<'_>,
    known: Option<(InsurerId, i32)>,
    name: &str,
    phone: Option<&str>,
    website: Option<&str>,
) -> Result<InsurerId, CareError> {
    let (connection, token, failed) = actor.write("keeping an insurer").await?;
    sqlx::query_scalar("SELECT api.keep_insurer($1, $2, $3, $4, $5, $6)")
        .bind(token)
        .bind(known.map(|known| known.0))
        .bind(known.map(|known| known.1))
        .bind(name)
        .bind(phone)
        .bind(website)
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// Adds a plan of an insurer, or changes it; its key.
///
/// # Errors
/// `network_is_kept_by_an_administrator`, `insurance_stays_as_it_was_claimed`, and the database's.
pub async fn keep_insurance_plan(
    actor: &mut Actor<'_>,
    known: Option<InsurancePlanId>,
    insurer: InsurerId,
    words: &InsurancePlanWords<'_>,
) -> Result<InsurancePlanId, CareError> {
    let (connection, token, failed) = actor.write("keeping an insurance plan").await?;
    sqlx::query_scalar("SELECT api.keep_insurance_plan($1, $2, $3, $4, $5, $6, $7)")
        .bind(token)
        .bind(known)
        .bind(insurer)
        .bind(words.name)
        .bind(words.currency)
        .bind(words.year_begins_month)
        .bind(words.retired_on)
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// Says what members of a plan pay before it pays, and at most, in a period, which is known by its first day.
///
/// # Errors
/// `network_is_kept_by_an_administrator`, `plan_cost_sharing_is_one_at_a_time`, and the database's.
pub async fn set_cost_sharing(
    actor: &mut Actor<'_>,
    plan: InsurancePlanId,
    days: Days,
    sharing: &CostSharing,
) -> Result<(), CareError> {
    let (connection, token, failed) = actor.write("setting what members share").await?;
    sqlx::query("SELECT api.set_plan_cost_sharing($1, $2, $3, $4, $5, $6, $7, $8)")
        .bind(token)
        .bind(plan)
        .bind(days.0)
        .bind(days.1)
        .bind(sharing.deductible_cents)
        .bind(sharing.family_deductible_cents)
        .bind(sharing.out_of_pocket_cents)
        .bind(sharing.family_out_of_pocket_cents)
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Says that a facility is in the network of a plan in a period, which is known by its first day.
///
/// # Errors
/// `network_is_kept_by_an_administrator`, `plan_network_names_a_facility_once`, and the database's.
pub async fn set_plan_network(
    actor: &mut Actor<'_>,
    plan: InsurancePlanId,
    facility: FacilityId,
    days: Days,
) -> Result<(), CareError> {
    let (connection, token, failed) = actor.write("setting the network of a plan").await?;
    sqlx::query("SELECT api.set_plan_network($1, $2, $3, $4, $5)")
        .bind(token)
        .bind(plan)
        .bind(facility)
        .bind(days.0)
        .bind(days.1)
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Adds what members of a plan pay for care; its key.
///
/// # Errors
/// `network_is_kept_by_an_administrator`, `plan_benefit_is_one_at_a_time`, and the database's.
pub async fn add_benefit(
    actor: &mut Actor<'_>,
    plan: InsurancePlanId,
    benefit: &NewBenefit<'_>,
) -> Result<PlanBenefitId, CareError> {
    let (connection, token, failed) = actor.write("adding a benefit").await?;
    sqlx::query_scalar("SELECT api.add_plan_benefit($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)")
        .bind(token)
        .bind(plan)
        .bind(if benefit.in_network { "in" } else { "out" })
        .bind(if let BenefitOf::Category(category) = benefit.of { Some(category) } else { None })
        .bind(if let BenefitOf::Charge(code) = benefit.of { Some(code) } else { None })
        .bind(benefit.copay_cents)
        .bind(benefit.coinsurance_basis_points)
        .bind(benefit.deductible_applies)
        .bind(benefit.visit_limit)
        .bind(benefit.limit_cents)
        .bind(benefit.limit_per)
        .bind(benefit.days.0)
        .bind(benefit.days.1)
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// Says on which day a benefit of a plan does not stand any more.
///
/// # Errors
/// `network_is_kept_by_an_administrator`, `row_is_changed_as_it_was_read`, and the database's.
pub async fn end_benefit(actor: &mut Actor<'_>, benefit: PlanBenefitId, stop_on: Day) -> Result<(), CareError> {
    let (connection, token, failed) = actor.write("ending a benefit").await?;
    let query = sqlx::query("SELECT api.end_plan_benefit($1, $2, $3)").bind(token).bind(benefit).bind(stop_on);
    query.execute(connection).await.map_err(failed)?;
    Ok(())
}

/// Adds a code by which insurers adjust claims, titles it anew, or ends it.
///
/// # Errors
/// `network_is_kept_by_an_administrator`, and the database's.
pub async fn keep_adjustment_code(actor: &mut Actor<'_>, code: &AdjustmentWords<'_>) -> Result<(), CareError> {
    let (connection, token, failed) = actor.write("keeping a code of adjustments").await?;
    sqlx::query("SELECT api.keep_adjustment_code($1, $2, $3, $4, $5, $6)")
        .bind(token)
        .bind(code.group_code)
        .bind(code.code)
        .bind(code.title)
        .bind(code.counts_as)
        .bind(code.retired_on)
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}
