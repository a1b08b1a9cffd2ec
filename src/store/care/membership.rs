//! Memberships: what each plan costs, and a member's periods from the first to the end.
//!
//! The database renews and charges (`schemas/migrations/0541_renew_memberships.sql`): a period is charged once, and a
//! change in the midst gives back what is left of one price and charges what is left of the other. A member chooses, or
//! a desk that expects the member.

use sqlx::Row as _;
use sqlx::postgres::PgRow;

use super::actor::Actor;
use super::error::CareError;
use crate::model::people::{FeePeriod, MembershipId, PatientId};
use crate::model::time::{Day, Timestamp};
use crate::store::moment::Moment;

/// What a plan costs, and what it gives.
#[derive(Clone, Debug, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct MembershipPrice {
    /// The plan's stable word.
    pub plan: String,
    /// A few words for a person.
    pub title: String,
    /// For how long.
    pub per: FeePeriod,
    /// The price of one period, in hundredths.
    pub price_cents: i64,
    /// ISO 4217: USD.
    pub currency: String,
    /// How many days ahead a visit may be booked.
    pub lead_days: i16,
    /// Whether reserved hours may be booked.
    pub priority: bool,
    /// Whether visits by video are included.
    pub telehealth: bool,
    /// Whether personal care plans are included.
    pub personal_plans: bool,
    /// How many days before a period's end notice is given.
    pub notice_days: i16,
}

/// One period of a membership.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MembershipPeriod {
    /// Its key.
    pub membership: MembershipId,
    /// The plan's stable word.
    pub plan: String,
    /// When it begins.
    pub from_at: Timestamp,
    /// When it ends; `None` while nothing ends it.
    pub until_at: Option<Timestamp>,
    /// For how long each period is; `None` for a membership that is never charged.
    pub per: Option<FeePeriod>,
    /// ISO 4217; `None` as above.
    pub currency: Option<String>,
    /// Which period it is; `None` as above.
    pub period: Option<i32>,
    /// The last one, where notice was given.
    pub last_period: Option<i32>,
    /// Whether another follows by itself.
    pub renews: bool,
    /// The plan of the next, where it is another.
    pub next_plan: Option<String>,
    /// What was charged less what was given back, in hundredths.
    pub charged_cents: Option<i64>,
}

/// What memberships cost on a day.
///
/// # Errors
/// The database's.
pub async fn prices(actor: &mut Actor<'_>, on: Day) -> Result<Vec<MembershipPrice>, CareError> {
    let (connection, token, failed) = actor.ask("listing prices of memberships")?;
    let query = sqlx::query_as("SELECT * FROM api.list_membership_prices($1, $2)").bind(token).bind(on);
    query.fetch_all(connection).await.map_err(failed)
}

/// The periods of a patient's memberships that the actor may see, the latest first.
///
/// # Errors
/// The database's.
pub async fn of_patient(actor: &mut Actor<'_>, patient: PatientId) -> Result<Vec<MembershipPeriod>, CareError> {
    let Some(look) = actor.look(Some(patient), "memberships", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("reading memberships")?;
    let query = sqlx::query("SELECT * FROM api.read_memberships($1, $2, $3)").bind(token).bind(look).bind(patient);
    let rows = query.fetch_all(connection).await.map_err(&failed)?;
    rows.iter().map(period).collect::<Result<_, _>>().map_err(failed)
}

fn period(row: &PgRow) -> Result<MembershipPeriod, sqlx::Error> {
    Ok(MembershipPeriod {
        membership: row.try_get("membership")?,
        plan: row.try_get("plan")?,
        from_at: row.try_get::<Moment, _>("from_at")?.0,
        until_at: row.try_get::<Option<Moment>, _>("until_at")?.map(|moment| moment.0),
        per: row.try_get("per")?,
        currency: row.try_get("currency")?,
        period: row.try_get("period")?,
        last_period: row.try_get("last_period")?,
        renews: row.try_get("renews")?,
        next_plan: row.try_get("next_plan")?,
        charged_cents: row.try_get("charged_cents")?,
    })
}

/// Begins a membership at its price of today; its key.
///
/// # Errors
/// `membership_has_a_price`, `membership_is_one_at_a_time`, and the database's.
pub async fn begin(
    actor: &mut Actor<'_>,
    patient: PatientId,
    plan: &str,
    currency: &str,
    per: FeePeriod,
    renews: bool,
) -> Result<MembershipId, CareError> {
    let (connection, token, failed) = actor.write("beginning a membership").await?;
    sqlx::query_scalar("SELECT api.begin_membership($1, $2, $3, $4, $5, $6)")
        .bind(token)
        .bind(patient)
        .bind(plan)
        .bind(currency)
        .bind(per)
        .bind(renews)
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// Changes to another plan, at once or when the period ends, and takes a notice back; the period that has the change.
///
/// # Errors
/// `membership_is_running`, `membership_is_renewing`, `membership_changes_its_plan`, `membership_has_a_price`, and the
/// database's.
pub async fn change(
    actor: &mut Actor<'_>,
    patient: PatientId,
    plan: &str,
    at_once: bool,
) -> Result<MembershipId, CareError> {
    let (connection, token, failed) = actor.write("changing a membership").await?;
    sqlx::query_scalar("SELECT api.change_membership($1, $2, $3, $4)")
        .bind(token)
        .bind(patient)
        .bind(plan)
        .bind(at_once)
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// Gives notice; when the membership ends.
///
/// # Errors
/// `membership_is_running`, `membership_is_renewing`, and the database's.
pub async fn end(actor: &mut Actor<'_>, patient: PatientId) -> Result<Timestamp, CareError> {
    let (connection, token, failed) = actor.write("ending a membership").await?;
    let query = sqlx::query_scalar("SELECT api.end_membership($1, $2)").bind(token).bind(patient);
    let ends: Moment = query.fetch_one(connection).await.map_err(failed)?;
    Ok(ends.0)
}
