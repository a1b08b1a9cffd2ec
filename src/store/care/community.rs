//! The community: spaces, the names that people have in them, posts and replies.
//!
//! Nothing here takes or gives a patient: who acts follows from the transaction, and others are known by the name that
//! they have in a space.

use sqlx::Row;
use sqlx::postgres::PgRow;

use super::actor::Actor;
use super::error::CareError;
use crate::model::people::{PostId, ReplyId, SpaceId, SpaceMemberId};
use crate::model::time::Timestamp;
use crate::store::moment::Moment;

/// A post as members see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Post {
    /// Key.
    pub post_id: PostId,
    /// Name of the author in this space.
    pub pseudonym: String,
    /// What it is about.
    pub title: String,
    /// The words.
    pub body: String,
    /// When it was written.
    pub created_at: Timestamp,
    /// How many support it.
    pub supports: i64,
    /// How many replies it has.
    pub replies: i64,
    /// True where the actor wrote it.
    pub own: bool,
}

/// A reply as members see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommunityReply {
    /// Key.
    pub reply_id: ReplyId,
    /// Name of the author in this space.
    pub pseudonym: String,
    /// The words.
    pub body: String,
    /// When it was written.
    pub created_at: Timestamp,
    /// True where the actor wrote it.
    pub own: bool,
}

/// A space of the community.
#[derive(Clone, Debug, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct CommunitySpace {
    /// Key.
    pub space: SpaceId,
    /// What it is called.
    pub name: String,
    /// What it is about.
    pub topic: String,
    /// What holds in it.
    pub rules: String,
    /// Whether it can be joined and written in.
    pub is_open: bool,
    /// The actor's name in it; `None` where the actor is not in it.
    pub pseudonym: Option<String>,
}

/// Every space, by name; 200 at most.
///
/// # Errors
/// The database's.
pub async fn spaces(actor: &mut Actor<'_>) -> Result<Vec<CommunitySpace>, CareError> {
    let (connection, token, failed) = actor.ask("listing spaces")?;
    let query = sqlx::query_as("SELECT * FROM api.list_spaces($1)").bind(token);
    query.fetch_all(connection).await.map_err(failed)
}

/// Joins a space under a name; the member's key.
///
/// # Errors
/// `space_member_pseudonym_is_unique_in_its_space`, `space_member_pseudonym_is_a_name`,
/// `space_identity_is_one_a_space`, `space_member_is_welcome`, `space_is_joined_by_patients_while_open`, and the
/// database's.
pub async fn join(actor: &mut Actor<'_>, space: SpaceId, pseudonym: &str) -> Result<SpaceMemberId, CareError> {
    let (connection, token, failed) = actor.write("joining a space").await?;
    sqlx::query_scalar("SELECT api.join_space($1, $2, $3)")
        .bind(token)
        .bind(space)
        .bind(pseudonym)
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// Leaves a space; whether the actor was a member.
///
/// # Errors
/// The database's.
pub async fn leave(actor: &mut Actor<'_>, space: SpaceId) -> Result<bool, CareError> {
    let (connection, token, failed) = actor.write("leaving a space").await?;
    sqlx::query_scalar("SELECT api.leave_space($1, $2)")
        .bind(token)
        .bind(space)
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// Posts of a space that are shown, written before a moment, the latest first; 100 at most.
///
/// # Errors
/// The database's.
pub async fn feed(actor: &mut Actor<'_>, space: SpaceId, before: Timestamp) -> Result<Vec<Post>, CareError> {
    let (connection, token, failed) = actor.ask("reading a space")?;
    let rows = sqlx::query("SELECT * FROM api.read_space($1, $2, $3)")
        .bind(token)
        .bind(space)
        .bind(Moment(before))
        .fetch_all(connection)
        .await
        .map_err(&failed)?;
    let post = |row: &PgRow| {
        Ok(Post {
            post_id: row.try_get("post_id")?,
            pseudonym: row.try_get("pseudonym")?,
            title: row.try_get("title")?,
            body: row.try_get("body")?,
            created_at: row.try_get::<Moment, _>("created_at")?.0,
            supports: row.try_get("supports")?,
            replies: row.try_get("replies")?,
            own: row.try_get("own")?,
        })
    };
    rows.iter().map(post).collect::<Result<_, sqlx::Error>>().map_err(&failed)
}

/// Writes a post in a space of the actor; its key.
///
/// # Errors
/// `row_is_within_rights` for who is no member, the rules of `care.post`, and the database's.
pub async fn write(actor: &mut Actor<'_>, space: SpaceId, title: &str, body: &str) -> Result<PostId, CareError> {
    let (connection, token, failed) = actor.write("writing a post").await?;
    sqlx::query_scalar("SELECT api.write_post($1, $2, $3, $4)")
        .bind(token)
        .bind(space)
        .bind(title)
        .bind(body)
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// Replies to a post; the reply's key.
///
/// # Errors
/// `row_is_within_rights` for who may not read it, the rules of `care.reply`, and the database's.
pub async fn reply(actor: &mut Actor<'_>, post: PostId, body: &str) -> Result<ReplyId, CareError> {
    let (connection, token, failed) = actor.write("replying to a post").await?;
    sqlx::query_scalar("SELECT api.write_reply($1, $2, $3)")
        .bind(token)
        .bind(post)
        .bind(body)
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// Replies to a post that are shown, the first one first; 100 at most, written after a moment.
///
/// # Errors
/// The database's.
pub async fn replies(actor: &mut Actor<'_>, post: PostId, after: Timestamp) -> Result<Vec<CommunityReply>, CareError> {
    let (connection, token, failed) = actor.ask("reading replies")?;
    let rows = sqlx::query("SELECT * FROM api.read_replies($1, $2, $3)")
        .bind(token)
        .bind(post)
        .bind(Moment(after))
        .fetch_all(connection)
        .await
        .map_err(&failed)?;
    let reply = |row: &PgRow| {
        Ok(CommunityReply {
            reply_id: row.try_get("reply_id")?,
            pseudonym: row.try_get("pseudonym")?,
            body: row.try_get("body")?,
            created_at: row.try_get::<Moment, _>("created_at")?.0,
            own: row.try_get("own")?,
        })
    };
    rows.iter().map(reply).collect::<Result<_, sqlx::Error>>().map_err(&failed)
}

/// Supports a post, or (`false`) no longer; twice is once.
///
/// # Errors
/// `row_is_within_rights` for who may not read it, and the database's.
pub async fn support(actor: &mut Actor<'_>, post: PostId, given: bool) -> Result<(), CareError> {
    let (connection, token, failed) = actor.write("supporting a post").await?;
    let query = sqlx::query("SELECT api.support_post($1, $2, $3)").bind(token).bind(post).bind(given);
    query.execute(connection).await.map(drop).map_err(failed)
}
