//! `/moderation`: what members reported, and what a moderator decides about it: in order, hidden, shown again, its
//! author banned or welcome again. Authors are known by the name that they have in the space. What is in order leaves
//! the list until it is reported again.
//!
//! A decision that is sent twice is two lines of the same decision, and changes nothing the second time.

use askama::Template;
use axum::response::Response;
use serde::Deserialize;

use crate::model::people::{ModerationAction, PostId, SpaceId};
use crate::model::time::Timestamp;
use crate::portal::answer::{done, page, refused};
use crate::portal::edge::sent::{Behind, Sent};
use crate::portal::forms::{Problem, Typed};
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::shown::sentence;
use crate::portal::visit::{Seat, Visit};
use crate::portal::words::share::{SHARE, ShareWords};
use crate::store::care::actor::Actor;
use crate::store::care::community::spaces;
use crate::store::care::moderation::{
    Contribution, ModerationDecision, REPORTS_MAX, ReportedContribution, decide, reported,
};

#[derive(Template)]
#[template(path = "pages/own/moderation.html", config = "src/portal/askama.toml")]
struct ModerationPage {
    shell: Shell,
    words: &'static ShareWords,
    form_token: String,
    tab: &'static str,
    reports: Vec<ReportView>,
    /// Spaces of which more was reported: their names, and where it goes on.
    more: Vec<(String, String)>,
    /// Behind the path of this page.
    behind: String,
}

struct ReportView {
    space: SpaceId,
    space_name: String,
    post: PostId,
    /// Empty for the post itself.
    reply: String,
    member: String,
    who: String,
    body: String,
    reports: i64,
    reasons: String,
    is_hidden: bool,
    /// What may be decided: values and what they are called.
    actions: Vec<(&'static str, &'static str)>,
    /// What was typed and why it was not taken.
    typed: String,
    chosen: String,
    wrong: Option<String>,
}

impl ReportView {
    /// Unlike every other of the page.
    fn key(&self) -> String {
        if self.reply.is_empty() { self.post.to_string() } else { self.reply.clone() }
    }
}

fn view((space, name): (SpaceId, &str), report: ReportedContribution) -> ReportView {
    let reasons: Vec<String> = report.reasons.iter().map(|reason| sentence(reason.as_str())).collect();
    let mut actions = match report.hidden {
        true => vec![(ModerationAction::Show.as_str(), SHARE.moderation_show)],
        false => vec![
            (ModerationAction::Show.as_str(), SHARE.moderation_keep),
            (ModerationAction::Hide.as_str(), SHARE.moderation_hide),
        ],
    };
    actions.push((ModerationAction::Ban.as_str(), SHARE.moderation_ban));
    actions.push((ModerationAction::Readmit.as_str(), SHARE.moderation_readmit));
    ReportView {
        space,
        space_name: name.to_owned(),
        post: report.target.post,
        reply: report.target.reply.map(|reply| reply.to_string()).unwrap_or_default(),
        member: report.member.to_string(),
        who: report.pseudonym,
        body: report.body,
        reports: report.reports,
        reasons: reasons.join(", "),
        is_hidden: report.hidden,
        actions,
        typed: String::new(),
        chosen: String::new(),
        wrong: None,
    }
}

/// Behind which report a page begins.
#[derive(Debug, Default, Deserialize)]
pub(super) struct ReportsAfter {
    after: Option<String>,
}

/// A place in a space's list, as a URL holds it: space, moment, post, and the reply where it is one.
type Place = (SpaceId, (Timestamp, Contribution));

fn place(text: &str) -> Result<Place, PageError> {
    let mut parts = text.split('.');
    let mut next = || parts.next().ok_or(PageError::NotFound);
    let space = next()?.parse().map_err(|_| PageError::NotFound)?;
    let at = next()?.parse().ok().and_then(|micros| Timestamp::from_micros(micros).ok()).ok_or(PageError::NotFound)?;
    let post = next()?.parse().map_err(|_| PageError::NotFound)?;
    let reply = parts.next().map(str::parse).transpose().map_err(|_| PageError::NotFound)?;
    Ok((space, (at, Contribution { post, reply })))
}

fn written(space: SpaceId, last: &ReportedContribution) -> String {
    let reply = last.target.reply.map(|reply| format!(".{reply}")).unwrap_or_default();
    format!("{space}.{}.{}{reply}", last.reported_at.micros(), last.target.post)
}

async fn shown(seat: &mut Seat, asked: &ReportsAfter) -> Result<ModerationPage, PageError> {
    let after = asked.after.as_deref().map(place).transpose()?;
    let behind = asked.after.as_ref().map(|after| format!("?after={after}")).unwrap_or_default();
    let (mut actor, viewer) = seat.enter().await?;
    let (mut reports, mut more) = (Vec::new(), Vec::new());
    for space in spaces(&mut actor).await? {
        let before = after.filter(|(key, _)| *key == space.space).map(|(_, before)| before);
        if after.is_some() && before.is_none() {
            continue;
        }
        let mut found = reported(&mut actor, space.space, before).await?;
        if found.len() == REPORTS_MAX {
            // The last one begins the next page, so that there is one.
            found.pop();
            more.extend(found.last().map(|last| (space.name.clone(), written(space.space, last))));
        }
        reports.extend(found.into_iter().map(|report| view((space.space, &space.name), report)));
    }
    // What is still shown comes first.
    reports.sort_by_key(|report: &ReportView| (report.is_hidden, -report.reports));
    let shell = viewer.shell(SHARE.moderation_title);
    Ok(ModerationPage { shell, words: &SHARE, tab: "reports", form_token: viewer.form_token, reports, more, behind })
}

/// Shows what was reported.
pub(super) async fn get(visit: Visit, Behind(asked): Behind<ReportsAfter>) -> Result<Response, PageError> {
    let mut seat = visit.seat().await?;
    page(&shown(&mut seat, &asked).await?)
}

/// Decides about one of it.
pub(super) async fn post(
    visit: Visit,
    Behind(asked): Behind<ReportsAfter>,
    Sent(typed): Sent<Typed>,
) -> Result<Response, PageError> {
    let mut seat = visit.seat().await?;
    let (mut actor, _) = seat.enter().await?;
    let wrong = match decided(&mut actor, &typed).await {
        Ok(()) => {
            actor.commit().await?;
            return Ok(done("/moderation", "saved"));
        }
        Err(Problem::Page(error)) => return Err(error),
        Err(Problem::At("reason", _)) => SHARE.moderation_reason_missing.to_owned(),
        Err(Problem::At(..)) => SHARE.moderation_action_missing.to_owned(),
        Err(Problem::Rule(broken)) if broken.rule == "row_is_within_rights" => return Err(PageError::NotFound),
        Err(Problem::Rule(broken)) => broken.sentence,
    };
    drop(actor);
    let mut again = shown(&mut seat, &asked).await?;
    let reply = typed.text("reply");
    let key = if reply.is_empty() { typed.text("post") } else { reply };
    let report = again.reports.iter_mut().find(|report| report.key() == key).ok_or(PageError::NotFound)?;
    report.typed = typed.text("reason").to_owned();
    report.chosen = typed.text("action").to_owned();
    report.wrong = Some(wrong);
    refused(&again)
}

async fn decided(actor: &mut Actor<'_>, typed: &Typed) -> Result<(), Problem> {
    let space: SpaceId = typed.one("space").map_err(|_| PageError::NotFound)?;
    let target = |typed: &Typed| {
        let post = typed.one("post")?;
        Ok::<_, Problem>(Contribution { post, reply: typed.maybe("reply")? })
    };
    let target = target(typed).map_err(|_| PageError::NotFound)?;
    let member = typed.one("member").map_err(|_| PageError::NotFound)?;
    let decision = match typed.one::<ModerationAction>("action")? {
        ModerationAction::Hide => ModerationDecision::Hide(target),
        ModerationAction::Show => ModerationDecision::Show(target),
        ModerationAction::Ban => ModerationDecision::Ban(member),
        ModerationAction::Readmit => ModerationDecision::Readmit(member),
    };
    decide(actor, space, decision, typed.required("reason")?).await?;
    Ok(())
}
