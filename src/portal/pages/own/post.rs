//! `/me/community/{space}/{post}`: a post and its replies, and a form for another; `…/support` supports it or no
//! longer, `…/report` asks the moderators to look at it or at a reply.
//!
//! Supporting twice is once, so is reporting; the reply that stands last is not written again by a form sent twice.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;

use super::community_view::{PostView, ReplyView, post, post_of, reply_of, space_of};
use crate::model::people::{PostId, ReportReason, SpaceId};
use crate::model::time::Timestamp;
use crate::portal::answer::{done, page, refused};
use crate::portal::edge::sent::Sent;
use crate::portal::forms::{Form, FormField, Problem, Typed};
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::shown::sentence;
use crate::portal::visit::{Seat, Visit};
use crate::portal::words::share::{SHARE, ShareWords};
use crate::store::care::actor::Actor;
use crate::store::care::community::{CommunityReply, replies, reply, support};
use crate::store::care::moderation::{Contribution, report};

/// Replies that the database gives at once, and how often it is asked at most.
const PART: usize = 100;
const PARTS_MAX: usize = 20;

#[derive(Template)]
#[template(path = "pages/own/post.html", config = "src/portal/askama.toml")]
struct PostPage {
    shell: Shell,
    words: &'static ShareWords,
    form_token: String,
    /// Its path.
    path: String,
    space: SpaceId,
    space_name: String,
    post: PostView,
    replies: Vec<ReplyView>,
    reasons: Vec<(&'static str, String)>,
    /// `None` where the space is closed.
    form: Option<Form>,
    /// Why something was not reported.
    wrong: Option<String>,
}

/// Keys of a space and a post in it.
type Place = (SpaceId, PostId);

fn place(space: &str, post: &str) -> Result<Place, PageError> {
    Ok((space.parse().map_err(|_| PageError::NotFound)?, post.parse().map_err(|_| PageError::NotFound)?))
}

fn path((space, post): Place) -> String {
    format!("/me/community/{space}/{post}")
}

/// The replies, the first one first.
async fn all_replies(actor: &mut Actor<'_>, post: PostId) -> Result<Vec<CommunityReply>, PageError> {
    let mut seen: Vec<CommunityReply> = Vec::new();
    let mut after = Timestamp::from_micros(0).map_err(|_| PageError::Unavailable)?;
    for _ in 0..PARTS_MAX {
        let part = replies(actor, post, after).await?;
        let is_last = part.len() < PART;
        seen.extend(part);
        match seen.last().filter(|_| !is_last) {
            Some(last) => after = last.created_at,
            None => break,
        }
    }
    Ok(seen)
}

async fn shown(
    visit: &Visit,
    seat: &mut Seat,
    at: Place,
    form: impl FnOnce(Form) -> Result<Form, PageError>,
) -> Result<PostPage, PageError> {
    let now = visit.portal.clock.now();
    let (mut actor, viewer) = seat.enter().await?;
    let space = space_of(&mut actor, at.0).await?;
    let found = post(&mut actor, at.0, (now, at.1)).await?;
    let replies = all_replies(&mut actor, at.1).await?;
    let answer = Form::new("answer", path(at), &viewer.form_token, SHARE.post_send)
        .with(FormField::lines("body", SHARE.reply_body).required());
    let reason = |reason: &ReportReason| (reason.as_str(), sentence(reason.as_str()));
    Ok(PostPage {
        shell: viewer.shell(&found.title),
        words: &SHARE,
        path: path(at),
        space: at.0,
        space_name: space.name,
        post: post_of(found, &viewer.zone),
        replies: replies.into_iter().map(|reply| reply_of(reply, &viewer.zone)).collect(),
        reasons: ReportReason::ALL.iter().map(reason).collect(),
        form: if space.is_open { Some(form(answer)?) } else { None },
        form_token: viewer.form_token,
        wrong: None,
    })
}

/// Shows it.
pub(super) async fn get(visit: Visit, Path((space, key)): Path<(String, String)>) -> Result<Response, PageError> {
    let at = place(&space, &key)?;
    let mut seat = visit.seat().await?;
    page(&shown(&visit, &mut seat, at, Ok).await?)
}

/// Replies to it.
pub(super) async fn post_reply(
    visit: Visit,
    Path((space, key)): Path<(String, String)>,
    Sent(typed): Sent<Typed>,
) -> Result<Response, PageError> {
    let at = place(&space, &key)?;
    let now = visit.portal.clock.now();
    let mut seat = visit.seat().await?;
    let (mut actor, _) = seat.enter().await?;
    post(&mut actor, at.0, (now, at.1)).await?;
    let problem = match replies_to(&mut actor, at.1, &typed).await {
        Ok(()) => {
            actor.commit().await?;
            return Ok(done(&path(at), "sent"));
        }
        Err(problem) => problem,
    };
    drop(actor);
    let field = &[("reply_body_is_some", "body")];
    refused(&shown(&visit, &mut seat, at, |form| form.filled(&typed).told(problem, field)).await?)
}

async fn replies_to(actor: &mut Actor<'_>, key: PostId, typed: &Typed) -> Result<(), Problem> {
    let body = typed.required("body")?;
    let last = all_replies(actor, key).await?.pop();
    if !last.is_some_and(|last| last.own && last.body == body) {
        reply(actor, key, body).await?;
    }
    Ok(())
}

/// Supports it, or no longer.
pub(super) async fn post_support(
    visit: Visit,
    Path((space, key)): Path<(String, String)>,
    Sent(typed): Sent<Typed>,
) -> Result<Response, PageError> {
    let at = place(&space, &key)?;
    let now = visit.portal.clock.now();
    let mut seat = visit.seat().await?;
    let (mut actor, _) = seat.enter().await?;
    post(&mut actor, at.0, (now, at.1)).await?;
    support(&mut actor, at.1, typed.text("given") != "no").await?;
    actor.commit().await?;
    Ok(done(&path(at), "saved"))
}

/// Reports it, or a reply to it.
pub(super) async fn post_report(
    visit: Visit,
    Path((space, key)): Path<(String, String)>,
    Sent(typed): Sent<Typed>,
) -> Result<Response, PageError> {
    let at = place(&space, &key)?;
    let now = visit.portal.clock.now();
    let mut seat = visit.seat().await?;
    let (mut actor, _) = seat.enter().await?;
    post(&mut actor, at.0, (now, at.1)).await?;
    let wrong = match reports(&mut actor, at.1, &typed).await {
        Ok(()) => {
            actor.commit().await?;
            return Ok(done(&path(at), "sent"));
        }
        Err(Problem::Page(error)) => return Err(error),
        Err(Problem::At(..)) => SHARE.report_reason_missing.to_owned(),
        Err(Problem::Rule(broken)) if broken.rule == "row_is_within_rights" => SHARE.report_once.to_owned(),
        Err(Problem::Rule(broken)) => broken.sentence,
    };
    drop(actor);
    refused(&PostPage { wrong: Some(wrong), ..shown(&visit, &mut seat, at, Ok).await? })
}

async fn reports(actor: &mut Actor<'_>, key: PostId, typed: &Typed) -> Result<(), Problem> {
    let target = Contribution { post: key, reply: typed.maybe("reply")? };
    report(actor, target, typed.one("reason")?).await?;
    Ok(())
}
