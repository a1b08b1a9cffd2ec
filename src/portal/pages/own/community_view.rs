//! Posts and replies as members see them.

use jiff::tz::TimeZone;

use crate::model::people::{PostId, ReplyId, SpaceId};
use crate::model::time::Timestamp;
use crate::portal::page_error::PageError;
use crate::portal::shown::moment;
use crate::store::care::actor::Actor;
use crate::store::care::community::{CommunityReply, CommunitySpace, Post, feed, spaces};

/// Posts that the database gives at once.
const PART: usize = 100;
/// So often it is asked at most: what is older than 5,000 posts is not reached.
const PARTS_MAX: usize = 50;

/// A post.
pub(super) struct PostView {
    pub(super) key: PostId,
    pub(super) title: String,
    pub(super) body: String,
    pub(super) who: String,
    pub(super) when: String,
    pub(super) supports: i64,
    pub(super) replies: i64,
    pub(super) is_own: bool,
}

/// A reply.
pub(super) struct ReplyView {
    pub(super) key: ReplyId,
    pub(super) body: String,
    pub(super) who: String,
    pub(super) when: String,
    pub(super) is_own: bool,
}

/// A post as a page shows it.
pub(super) fn post_of(post: Post, zone: &TimeZone) -> PostView {
    PostView {
        key: post.post_id,
        title: post.title,
        body: post.body,
        who: post.pseudonym,
        when: moment(post.created_at, zone),
        supports: post.supports,
        replies: post.replies,
        is_own: post.own,
    }
}

/// A reply as a page shows it.
pub(super) fn reply_of(reply: CommunityReply, zone: &TimeZone) -> ReplyView {
    ReplyView {
        key: reply.reply_id,
        body: reply.body,
        who: reply.pseudonym,
        when: moment(reply.created_at, zone),
        is_own: reply.own,
    }
}

/// A space.
pub(super) async fn space_of(actor: &mut Actor<'_>, key: SpaceId) -> Result<CommunitySpace, PageError> {
    spaces(actor).await?.into_iter().find(|space| space.space == key).ok_or(PageError::NotFound)
}

/// The posts from the newest on, or those after one; `true` where there may be more.
pub(super) async fn posts_after(
    actor: &mut Actor<'_>,
    space: SpaceId,
    (now, after): (Timestamp, Option<PostId>),
) -> Result<(Vec<Post>, bool), PageError> {
    let before = match after {
        None => now.plus_micros(1),
        Some(after) => post(actor, space, (now, after)).await?.created_at,
    };
    let part = feed(actor, space, before).await?;
    let has_more = part.len() == PART;
    Ok((part, has_more))
}

/// One post; what is hidden, or of another space, is not there.
pub(super) async fn post(
    actor: &mut Actor<'_>,
    space: SpaceId,
    (now, key): (Timestamp, PostId),
) -> Result<Post, PageError> {
    let mut before = now.plus_micros(1);
    for _ in 0..PARTS_MAX {
        let part = feed(actor, space, before).await?;
        let is_last = part.len() < PART;
        let last = part.last().map(|post| post.created_at);
        if let Some(found) = part.into_iter().find(|post| post.post_id == key) {
            return Ok(found);
        }
        match last.filter(|_| !is_last) {
            Some(last) => before = last,
            None => break,
        }
    }
    Err(PageError::NotFound)
}
