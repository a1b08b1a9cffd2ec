//! `/me/community`: the spaces; `/me/community/{space}`: what is written in one, joined under a name of one's own
//! choice; `…/leave` leaves it.
//!
//! Nothing here shows or takes a patient: others are known by the name that they have in a space.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use serde::Deserialize;

use super::community_view::{PostView, post_of, posts_after, space_of};
use crate::model::people::{PostId, SpaceId};
use crate::portal::answer::{done, page, refused};
use crate::portal::edge::sent::{Behind, Sent};
use crate::portal::forms::{Form, FormField, Problem, Typed};
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::visit::{Seat, Viewer, Visit};
use crate::portal::words::share::{SHARE, ShareWords};
use crate::store::care::actor::Actor;
use crate::store::care::community::{CommunitySpace, feed, join, leave, spaces, write};

#[derive(Template)]
#[template(path = "pages/own/spaces.html", config = "src/portal/askama.toml")]
struct SpacesPage {
    shell: Shell,
    words: &'static ShareWords,
    spaces: Vec<CommunitySpace>,
}

#[derive(Template)]
#[template(path = "pages/own/space.html", config = "src/portal/askama.toml")]
struct SpacePage {
    shell: Shell,
    words: &'static ShareWords,
    form_token: String,
    space: CommunitySpace,
    posts: Vec<PostView>,
    /// Key of the last post, where there are more.
    more: Option<PostId>,
    /// To write, or to join.
    form: Option<Form>,
}

/// After which post.
#[derive(Debug, Deserialize)]
pub(super) struct AfterPost {
    after: Option<PostId>,
}

/// Shows all.
pub(super) async fn get(visit: Visit) -> Result<Response, PageError> {
    let mut seat = visit.seat().await?;
    let (mut actor, viewer) = seat.enter().await?;
    let spaces = spaces(&mut actor).await?;
    page(&SpacesPage { shell: viewer.shell(SHARE.community_title), words: &SHARE, spaces })
}

async fn shown(
    visit: &Visit,
    seat: &mut Seat,
    (key, after): (SpaceId, Option<PostId>),
    form: impl FnOnce(Form) -> Result<Form, PageError>,
) -> Result<SpacePage, PageError> {
    let now = visit.portal.clock.now();
    let (mut actor, viewer) = seat.enter().await?;
    let space = space_of(&mut actor, key).await?;
    let (stored, has_more) = match space.pseudonym {
        Some(_) => posts_after(&mut actor, key, (now, after)).await?,
        None => (Vec::new(), false),
    };
    let posts: Vec<PostView> = stored.into_iter().map(|post| post_of(post, &viewer.zone)).collect();
    let more = posts.last().filter(|_| has_more).map(|last| last.key);
    let form = if space.is_open { Some(form(asked(&space, &viewer))?) } else { None };
    let shell = viewer.shell(&space.name);
    Ok(SpacePage { shell, words: &SHARE, form_token: viewer.form_token, space, posts, more, form })
}

/// To write where one is in it, else to join.
fn asked(space: &CommunitySpace, viewer: &Viewer) -> Form {
    let path = format!("/me/community/{}", space.space);
    if space.pseudonym.is_some() {
        Form::new("write", path, &viewer.form_token, SHARE.post_send)
            .with(FormField::line("title", SHARE.post_title).required())
            .with(FormField::lines("body", SHARE.post_body).required())
    } else {
        Form::new("join", path, &viewer.form_token, SHARE.space_join)
            .with(FormField::line("pseudonym", SHARE.space_name).hint(SHARE.space_name_hint).required().at_most(40))
    }
}

/// Shows one.
pub(super) async fn get_one(
    visit: Visit,
    Path(key): Path<String>,
    Behind(asked): Behind<AfterPost>,
) -> Result<Response, PageError> {
    let key = key.parse().map_err(|_| PageError::NotFound)?;
    let mut seat = visit.seat().await?;
    page(&shown(&visit, &mut seat, (key, asked.after), Ok).await?)
}

/// Which field a rule is about.
const AT: &[(&str, &str)] = &[
    ("space_member_pseudonym_is_a_name", "pseudonym"),
    ("space_member_pseudonym_is_unique_in_its_space", "pseudonym"),
    ("row_is_within_rights", "pseudonym"),
    ("post_title_is_some", "title"),
    ("post_body_is_some", "body"),
];

/// Joins it, or writes in it.
pub(super) async fn post_one(
    visit: Visit,
    Path(key): Path<String>,
    Sent(typed): Sent<Typed>,
) -> Result<Response, PageError> {
    let key: SpaceId = key.parse().map_err(|_| PageError::NotFound)?;
    let now = visit.portal.clock.now();
    let mut seat = visit.seat().await?;
    let (mut actor, _) = seat.enter().await?;
    let space = space_of(&mut actor, key).await?;
    let taken = match space.pseudonym {
        Some(_) => {
            // What was written last is not written again by a form that is sent twice.
            let last = feed(&mut actor, key, now.plus_micros(1)).await?.into_iter().next();
            let is_again = |title: &str, body: &str| {
                last.as_ref().is_some_and(|last| last.own && last.title == title && last.body == body)
            };
            posts(&mut actor, key, &typed, is_again).await
        }
        None => joins(&mut actor, key, &typed).await,
    };
    let problem = match taken {
        Ok(()) => {
            actor.commit().await?;
            return Ok(done(&format!("/me/community/{key}"), "saved"));
        }
        Err(problem) => problem,
    };
    drop(actor);
    refused(&shown(&visit, &mut seat, (key, None), |form| form.filled(&typed).told(problem, AT)).await?)
}

async fn joins(actor: &mut Actor<'_>, key: SpaceId, typed: &Typed) -> Result<(), Problem> {
    join(actor, key, typed.required("pseudonym")?).await?;
    Ok(())
}

async fn posts(
    actor: &mut Actor<'_>,
    key: SpaceId,
    typed: &Typed,
    is_again: impl Fn(&str, &str) -> bool,
) -> Result<(), Problem> {
    let (title, body) = (typed.required("title")?, typed.required("body")?);
    if !is_again(title, body) {
        write(actor, key, title, body).await?;
    }
    Ok(())
}

/// Leaves it; who is not in it, or not any more, leaves nothing.
pub(super) async fn post_leave(visit: Visit, Path(key): Path<String>) -> Result<Response, PageError> {
    let key: SpaceId = key.parse().map_err(|_| PageError::NotFound)?;
    let mut seat = visit.seat().await?;
    let (mut actor, _) = seat.enter().await?;
    space_of(&mut actor, key).await?;
    leave(&mut actor, key).await?;
    actor.commit().await?;
    Ok(done("/me/community", "ended"))
}
