//! Plans: begun by a provider, written in editions of which one is followed, and what is to be done by them.

use uuid::Uuid;

use super::actor::Actor;
use super::error::CareError;
use super::record::Edited;
use crate::model::people::{CarePlanId, CarePlanVersionId, GoalId, PatientId, ProviderId};
use crate::model::time::{Day, Timestamp};
use crate::store::moment::Moment;

/// An edition of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanEdition {
    /// Of which plan.
    pub care_plan_id: CarePlanId,
    /// What the plan is about.
    pub title: String,
    /// Key.
    pub care_plan_version_id: CarePlanVersionId,
    /// Which edition, from 1.
    pub edition: i32,
    /// `draft`, `active` or `ended`.
    pub status: String,
    /// What is to be done.
    pub summary: String,
    /// Who wrote it.
    pub author: String,
    /// When.
    pub drafted_at: Timestamp,
    /// Since when it is followed.
    pub activated_at: Option<Timestamp>,
    /// Since when it is not any more.
    pub ended_at: Option<Timestamp>,
}

type EditionRow =
    (CarePlanId, String, CarePlanVersionId, i32, String, String, String, Moment, Option<Moment>, Option<Moment>);

/// Every edition of every plan of a patient, the latest first; 500 at most.
///
/// # Errors
/// The database's.
pub async fn editions(actor: &mut Actor<'_>, patient: PatientId) -> Result<Vec<PlanEdition>, CareError> {
    let Some(look) = actor.look(Some(patient), "goals", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("reading editions of plans")?;
    let query = sqlx::query_as("SELECT * FROM api.read_plan_editions($1, $2, $3)").bind(token).bind(look).bind(patient);
    let rows: Vec<EditionRow> = query.fetch_all(connection).await.map_err(failed)?;
    let edition = |row: EditionRow| {
        let (plan, title, version, edition, status, summary, author, drafted, activated, ended) = row;
        PlanEdition {
            care_plan_id: plan,
            title,
            care_plan_version_id: version,
            edition,
            status,
            summary,
            author,
            drafted_at: drafted.0,
            activated_at: activated.map(|at| at.0),
            ended_at: ended.map(|at| at.0),
        }
    };
    Ok(rows.into_iter().map(edition).collect())
}

/// Begins a plan, with its first edition as a draft of the acting provider; the plan's key.
///
/// # Errors
/// `care_plan_author_is_a_provider`, and the database's.
pub async fn begin_plan(
    actor: &mut Actor<'_>,
    patient: PatientId,
    title: &str,
    summary: &str,
) -> Result<CarePlanId, CareError> {
    let (connection, token, failed) = actor.write("beginning a plan").await?;
    let query = sqlx::query_scalar("SELECT api.begin_care_plan($1, $2, $3, $4)").bind(token).bind(patient);
    query.bind(title).bind(summary).fetch_one(connection).await.map_err(failed)
}

/// Something that is to be done by a plan.
#[derive(Clone, Debug, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct PlanActivity {
    /// Key.
    pub care_plan_activity_id: Uuid,
    /// Version, for an edit.
    pub version: i32,
    /// Of which plan.
    pub care_plan_id: CarePlanId,
    /// Which goal it serves.
    pub goal_id: Option<GoalId>,
    /// Who does it; `None` where the patient does.
    pub provider_id: Option<ProviderId>,
    /// `visit`, `medication`, `exercise`, `nutrition`, `measurement`, `education`, `counselling` or `other`.
    pub kind: String,
    /// What is to be done.
    pub title: String,
    /// How far it is.
    pub status: String,
    /// Why it is on hold, cancelled or an error.
    pub status_reason: Option<String>,
    /// First day.
    pub first_on: Day,
    /// Day before which it ends; `None` where it goes on.
    pub stop_on: Option<Day>,
}

/// What is to be done by the plans of a patient, the latest first; 500 at most.
///
/// # Errors
/// The database's.
pub async fn activities(actor: &mut Actor<'_>, patient: PatientId) -> Result<Vec<PlanActivity>, CareError> {
    let Some(look) = actor.look(Some(patient), "activities", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("reading what is to be done")?;
    let query = sqlx::query_as("SELECT * FROM api.read_activities($1, $2, $3)").bind(token).bind(look).bind(patient);
    query.fetch_all(connection).await.map_err(failed)
}

/// Something that is to be added to a plan.
#[derive(Copy, Clone, Debug)]
pub struct NewPlanActivity<'a> {
    /// To which plan.
    pub plan: CarePlanId,
    /// What kind.
    pub kind: &'a str,
    /// What is to be done.
    pub title: &'a str,
    /// First day.
    pub first_on: Day,
    /// Day before which it ends; `None` where it goes on.
    pub stop_on: Option<Day>,
}

/// Adds to a plan what the patient is to do; its key.
///
/// # Errors
/// The database's: a rule refuses a part, or the plan is not within reach.
pub async fn plan_activity(actor: &mut Actor<'_>, new: &NewPlanActivity<'_>) -> Result<Uuid, CareError> {
    let (connection, token, failed) = actor.write("adding to a plan").await?;
    let query = sqlx::query_scalar("SELECT api.plan_activity($1, $2, NULL, NULL, $3, $4, $5, $6)").bind(token);
    let query = query.bind(new.plan).bind(new.kind).bind(new.title).bind(new.first_on).bind(new.stop_on);
    query.fetch_one(connection).await.map_err(failed)
}

/// Says how far something is that is to be done, if it still is the version that the editor read.
///
/// # Errors
/// `care_plan_activity_stop_says_why`, and the database's.
pub async fn change_activity(
    actor: &mut Actor<'_>,
    (activity, version): (Uuid, i32),
    status: &str,
    reason: Option<&str>,
) -> Result<Edited, CareError> {
    let (connection, token, failed) = actor.write("changing what is to be done").await?;
    let query = sqlx::query_as("SELECT saved, version FROM api.change_activity($1, $2, $3, $4, $5)").bind(token);
    let query = query.bind(activity).bind(version).bind(status).bind(reason);
    Ok(Edited::of(query.fetch_optional(connection).await.map_err(failed)?))
}
