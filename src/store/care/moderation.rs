//! Moderation of the community: what members report, and what moderators decide about it.

use sqlx::Row;
use sqlx::postgres::PgRow;

use super::actor::Actor;
use super::error::CareError;
use crate::model::people::{
    ModerationAction, ModerationId, PostId, ReplyId, ReportId, ReportReason, SpaceId, SpaceMemberId,
};
use crate::model::time::Timestamp;
use crate::store::moment::Moment;

/// A post, or a reply to it: what can be reported and hidden.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Contribution {
    /// The post.
    pub post: PostId,
    /// The reply; none for the post itself.
    pub reply: Option<ReplyId>,
}

/// What was reported, as a moderator sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportedContribution {
    /// What it is.
    pub target: Contribution,
    /// Author, as a member of the space.
    pub member: SpaceMemberId,
    /// Name of the author in the space.
    pub pseudonym: String,
    /// The words.
    pub body: String,
    /// How many members reported it.
    pub reports: i64,
    /// Their reasons, each once.
    pub reasons: Vec<ReportReason>,
    /// True where it is hidden.
    pub hidden: bool,
    /// When it was reported last.
    pub reported_at: Timestamp,
}

/// What a moderator decides.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum ModerationDecision {
    /// A post or a reply is shown no more.
    Hide(Contribution),
    /// It is shown, again or still: reports until now are settled.
    Show(Contribution),
    /// A member reads and writes no more.
    Ban(SpaceMemberId),
    /// A member is welcome again.
    Readmit(SpaceMemberId),
}

/// Asks the moderators to review a post or a reply; the report's key.
///
/// # Errors
/// `content_report_is_once_a_member`, `content_report_reason_is_known`, `row_is_within_rights`, and the database's.
pub async fn report(actor: &mut Actor<'_>, target: Contribution, reason: ReportReason) -> Result<ReportId, CareError> {
    let (connection, token, failed) = actor.write("reporting a post").await?;
    sqlx::query_scalar("SELECT api.report_post($1, $2, $3, $4)")
        .bind(token)
        .bind(target.post)
        .bind(target.reply)
        .bind(reason)
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// No list of reports answers with more.
pub const REPORTS_MAX: usize = 100;

/// What was reported in a space and is not settled, the latest first, `REPORTS_MAX` at most; what comes behind the last
/// line of the page before. A moderator sees all of it, a member the own reports.
///
/// # Errors
/// The database's.
pub async fn reported(
    actor: &mut Actor<'_>,
    space: SpaceId,
    before: Option<(Timestamp, Contribution)>,
) -> Result<Vec<ReportedContribution>, CareError> {
    let (connection, token, failed) = actor.ask("reading reports")?;
    let rows = sqlx::query("SELECT * FROM api.read_reports($1, $2, $3, $4, $5)")
        .bind(token)
        .bind(space)
        .bind(before.map(|(at, _)| Moment(at)))
        .bind(before.map(|(_, last)| last.post))
        .bind(before.and_then(|(_, last)| last.reply))
        .fetch_all(connection)
        .await
        .map_err(&failed)?;
    let reported = |row: &PgRow| {
        Ok(ReportedContribution {
            target: Contribution { post: row.try_get("post_id")?, reply: row.try_get("reply_id")? },
            member: row.try_get("space_member_id")?,
            pseudonym: row.try_get("pseudonym")?,
            body: row.try_get("body")?,
            reports: row.try_get("reports")?,
            reasons: row.try_get("reasons")?,
            hidden: row.try_get("hidden")?,
            reported_at: row.try_get::<Moment, _>("reported_at")?.0,
        })
    };
    rows.iter().map(reported).collect::<Result<_, sqlx::Error>>().map_err(&failed)
}

/// Decides as the acting moderator; the decision's key.
///
/// # Errors
/// `row_is_within_rights` for who is no moderator, the rules of `care.moderation`, and the database's.
pub async fn decide(
    actor: &mut Actor<'_>,
    space: SpaceId,
    decision: ModerationDecision,
    reason: &str,
) -> Result<ModerationId, CareError> {
    let (connection, token, failed) = actor.write("deciding about a post or a member").await?;
    let (action, target, member) = match decision {
        ModerationDecision::Hide(target) => (ModerationAction::Hide, Some(target), None),
        ModerationDecision::Show(target) => (ModerationAction::Show, Some(target), None),
        ModerationDecision::Ban(member) => (ModerationAction::Ban, None, Some(member)),
        ModerationDecision::Readmit(member) => (ModerationAction::Readmit, None, Some(member)),
    };
    sqlx::query_scalar("SELECT api.decide_moderation($1, $2, $3, $4, $5, $6, $7)")
        .bind(token)
        .bind(space)
        .bind(action)
        .bind(target.map(|target| target.post))
        .bind(target.and_then(|target| target.reply))
        .bind(member)
        .bind(reason)
        .fetch_one(connection)
        .await
        .map_err(failed)
}
