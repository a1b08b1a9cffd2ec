//! Plans and goals: what a patient wants to reach, and how far it has come.
//!
//! Progress is computed in the database from worn samples (`care.goal_progress`) whenever it is asked for, so it is
//! never out of date; only what archived days gave is kept (`keep_days`).

use super::actor::Actor;
use super::context::Maintenance;
use super::error::{BrokenRule, CareError};
use crate::model::people::{
    CarePlanId, CarePlanVersionId, GoalComparator, GoalEntryId, GoalId, GoalMeasure, GoalPeriod, PatientId,
};
use crate::model::time::Day;

/// A goal to be set.
#[derive(Clone, Debug, PartialEq)]
pub struct NewGoal<'a> {
    /// Whose.
    pub patient: PatientId,
    /// Plan that it belongs to; none for the patient's own.
    pub plan: Option<CarePlanId>,
    /// In the patient's words.
    pub title: &'a str,
    /// Metric of the catalogue; none where no device measures it.
    pub metric: Option<&'a str>,
    /// Unit of the target; none for the metric's own.
    pub unit: Option<&'a str>,
    /// What is made of the samples.
    pub measure: GoalMeasure,
    /// On which side of the target it is reached.
    pub comparator: GoalComparator,
    /// What is to be reached.
    pub target: f64,
    /// In which time.
    pub per: GoalPeriod,
    /// First local day.
    pub first_on: Day,
    /// Local day before which it ends.
    pub stop_on: Day,
}

/// How far a goal had come in one day or week.
#[derive(Clone, Debug, PartialEq, serde::Serialize, sqlx_macros::FromRow)]
pub struct GoalProgress {
    /// First day of it.
    pub bucket_on: Day,
    /// What was made of its samples or entries; none without any.
    pub value: Option<f64>,
    /// How many they were.
    pub parts: i64,
    /// Whether the target was reached; none where nothing is known.
    pub reached: Option<bool>,
}

/// Sets a goal; its key.
///
/// # Errors
/// The rules of `care.goal`, and the database's.
pub async fn set(actor: &mut Actor<'_>, goal: &NewGoal<'_>) -> Result<GoalId, CareError> {
    let (connection, token, failed) = actor.write("setting a goal").await?;
    sqlx::query_scalar("SELECT api.set_goal($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)")
        .bind(token)
        .bind(goal.patient)
        .bind(goal.plan)
        .bind(goal.title)
        .bind(goal.metric)
        .bind(goal.unit)
        .bind(goal.measure)
        .bind(goal.comparator)
        .bind(goal.target)
        .bind(goal.per)
        .bind(goal.first_on)
        .bind(goal.stop_on)
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// Notes what was done for a goal that no device measures, on a local day; the entry's key.
///
/// # Errors
/// `goal_entry_goal_is_manual_fkey` for any other goal, and the database's.
pub async fn note(actor: &mut Actor<'_>, goal: GoalId, done_on: Day, value: f64) -> Result<GoalEntryId, CareError> {
    let (connection, token, failed) = actor.write("noting what was done for a goal").await?;
    sqlx::query_scalar("SELECT api.note_goal_entry($1, $2, $3, $4)")
        .bind(token)
        .bind(goal)
        .bind(done_on)
        .bind(value)
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// Each day or week of a patient's goal that touches `[from, to)` (local days, 400 at most), in order.
///
/// # Errors
/// `goal_is_within_reach` where there is none for the actor, and the database's.
pub async fn progress(
    actor: &mut Actor<'_>,
    (patient, goal): (PatientId, GoalId),
    from: Day,
    to: Day,
) -> Result<Vec<GoalProgress>, CareError> {
    let look = actor.look(Some(patient), "goals", None).await?.ok_or_else(out_of_reach)?;
    let (connection, token, failed) = actor.ask("computing the progress of a goal")?;
    sqlx::query_as("SELECT bucket_on, value, parts, reached FROM api.read_goal_progress($1, $2, $3, $4, $5, $6)")
        .bind(token)
        .bind(look)
        .bind(patient)
        .bind(goal)
        .bind(from)
        .bind(to)
        .fetch_all(connection)
        .await
        .map_err(failed)
}

/// What is told of a goal that is not there, also where the record is closed.
fn out_of_reach() -> CareError {
    CareError::Refused(BrokenRule {
        rule: "goal_is_within_reach".to_owned(),
        sentence: "There is no such goal of yours or of a patient in your care.".to_owned(),
    })
}

/// Keeps what was measured for goals on each local day that these UTC days (the last one included) touch;
/// how many days of goals were new or fuller than before. For who moves samples to the archive.
///
/// # Errors
/// The database's.
pub async fn keep_days(maintenance: &mut Maintenance<'_>, first: Day, last: Day) -> Result<i64, CareError> {
    let (connection, failed) = maintenance.step("keeping what was measured for goals");
    // A day of the earth's first zone begins 14 hours before that of UTC, one of its last ends 12 hours after.
    sqlx::query_scalar("SELECT care.keep_goal_days($1::date - 1, $2::date + 2)")
        .bind(first)
        .bind(last)
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// Writes the next edition of a plan as a draft of the acting provider; its key.
///
/// # Errors
/// `care_plan_author_is_a_provider`, `care_plan_is_within_reach`, and the database's.
pub async fn draft_plan(
    actor: &mut Actor<'_>,
    plan: CarePlanId,
    summary: &str,
) -> Result<CarePlanVersionId, CareError> {
    let (connection, token, failed) = actor.write("drafting a plan").await?;
    sqlx::query_scalar("SELECT api.draft_care_plan($1, $2, $3)")
        .bind(token)
        .bind(plan)
        .bind(summary)
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// Makes a draft the active edition of its plan.
///
/// # Errors
/// `care_plan_version_is_a_draft`, `care_plan_is_within_reach`, and the database's.
pub async fn activate_plan(actor: &mut Actor<'_>, edition: CarePlanVersionId) -> Result<(), CareError> {
    let (connection, token, failed) = actor.write("activating a plan").await?;
    sqlx::query("SELECT api.activate_care_plan($1, $2)")
        .bind(token)
        .bind(edition)
        .execute(connection)
        .await
        .map(|_| ())
        .map_err(failed)
}
