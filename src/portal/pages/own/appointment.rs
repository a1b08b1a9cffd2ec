//! `/me/appointments/{appointment}`: one visit, and what can be done about it at this moment: book or give back what is
//! held, move, cancel, agree to video and join, review.
//!
//! Each form is an *act*: it is on the page while the visit stands so that it can be done, and where it is refused it
//! comes back with its sentence. Sent twice it does nothing twice: a visit that is booked, cancelled, agreed to or
//! reviewed already is so, and a second code ends the first.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use secrecy::{ExposeSecret as _, SecretString};

use super::acts::{AT, Act, acts, agreed};
use super::appointments::{VisitLine, line};
use crate::model::people::{AppointmentId, AppointmentStatus};
use crate::portal::answer::{done, page, refused};
use crate::portal::edge::sent::Sent;
use crate::portal::forms::{Problem, Typed};
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::shown::formatted;
use crate::portal::visit::{Seat, Visit};
use crate::portal::words::own::{OWN, OwnWords};
use crate::store::care::actor::Actor;
use crate::store::care::schedule::{AppointmentChange, change, history};
use crate::store::care::visit::{NewReview, consent, issue_link, review};
use crate::store::care::{appointment_type, attendance};

#[derive(Template)]
#[template(path = "pages/own/appointment.html", config = "src/portal/askama.toml")]
struct AppointmentPage {
    shell: Shell,
    words: &'static OwnWords,
    line: VisitLine,
    until: String,
    reason: Option<String>,
    resources: String,
    can_move: bool,
    is_hold_over: bool,
    agreed: Option<String>,
    acts: Vec<Act>,
    /// What was refused, where its form is here no more.
    wrong: Option<String>,
    /// The code to join by.
    link: Option<String>,
}

/// What was sent, and why it was not done.
struct Refused<'t> {
    act: &'static str,
    typed: &'t Typed,
    problem: Problem,
}

async fn shown(
    visit: &Visit,
    seat: &mut Seat,
    key: AppointmentId,
    refused: Option<Refused<'_>>,
) -> Result<AppointmentPage, PageError> {
    let now = visit.portal.clock.now();
    let (mut actor, viewer) = seat.enter().await?;
    let patient = viewer.profile.patient_id.ok_or(PageError::NotFound)?;
    let visits = history(&mut actor, patient).await?;
    let known = visits.iter().find(|known| known.appointment_id == key).ok_or(PageError::NotFound)?;
    let kinds = appointment_type::list(&mut actor).await?;
    let reasons = attendance::reasons(&mut actor).await?;
    let mut acts = acts(known, &reasons, now, &viewer);
    let mut wrong = None;
    if let Some(Refused { act, typed, problem }) = refused {
        match acts.iter_mut().find(|known| known.key == act) {
            Some(known) => known.form = known.form.clone().filled(typed).told(problem, AT)?,
            None => wrong = Some(sentence_of(problem)?),
        }
    }
    let line = line(known, &kinds, &viewer.zone);
    Ok(AppointmentPage {
        shell: viewer.shell(&line.kind),
        words: &OWN,
        until: formatted(known.end_at, &viewer.zone, "%H:%M"),
        reason: known.reason.clone(),
        resources: known.resources.join(", "),
        can_move: known.status == AppointmentStatus::Booked && known.start_at > now,
        is_hold_over: known.status == AppointmentStatus::Held && known.held_until.is_none_or(|until| until <= now),
        agreed: agreed(known, now, &viewer),
        acts,
        wrong,
        link: None,
        line,
    })
}

/// What a problem says, where its form is not there.
pub(super) fn sentence_of(problem: Problem) -> Result<String, PageError> {
    match problem {
        Problem::At(_, sentence) => Ok(sentence),
        Problem::Rule(broken) => Ok(broken.sentence),
        Problem::Page(error) => Err(error),
    }
}

/// Shows it.
pub(super) async fn get(visit: Visit, Path(key): Path<String>) -> Result<Response, PageError> {
    let key = key.parse().map_err(|_| PageError::NotFound)?;
    let mut seat = visit.seat().await?;
    page(&shown(&visit, &mut seat, key, None).await?)
}

/// Books what is held.
pub(super) async fn confirm(visit: Visit, key: Path<String>, sent: Sent<Typed>) -> Result<Response, PageError> {
    act(visit, key, sent, "confirm").await
}

/// Cancels it, or gives back what is held.
pub(super) async fn cancel(visit: Visit, key: Path<String>, sent: Sent<Typed>) -> Result<Response, PageError> {
    act(visit, key, sent, "cancel").await
}

/// Agrees to be seen by video.
pub(super) async fn agree(visit: Visit, key: Path<String>, sent: Sent<Typed>) -> Result<Response, PageError> {
    act(visit, key, sent, "consent").await
}

/// Gives a code to join by, which is on this page and nowhere else.
pub(super) async fn join(visit: Visit, key: Path<String>, sent: Sent<Typed>) -> Result<Response, PageError> {
    act(visit, key, sent, "join").await
}

/// Reviews it.
pub(super) async fn say(visit: Visit, key: Path<String>, sent: Sent<Typed>) -> Result<Response, PageError> {
    act(visit, key, sent, "review").await
}

async fn act(
    visit: Visit,
    Path(key): Path<String>,
    Sent(typed): Sent<Typed>,
    act: &'static str,
) -> Result<Response, PageError> {
    let mut seat = visit.seat().await?;
    let (mut actor, _) = seat.enter().await?;
    let key = key.parse().map_err(|_| PageError::NotFound)?;
    match done_by(&mut actor, key, &typed, act).await {
        Ok(Outcome::Done(word)) => {
            actor.commit().await?;
            Ok(done(&format!("/me/appointments/{key}"), word))
        }
        Ok(Outcome::Link(secret)) => {
            actor.commit().await?;
            let link = Some(secret.expose_secret().to_owned());
            page(&AppointmentPage { link, ..shown(&visit, &mut seat, key, None).await? })
        }
        Err(problem) => {
            drop(actor);
            let told = Refused { act, typed: &typed, problem };
            refused(&shown(&visit, &mut seat, key, Some(told)).await?)
        }
    }
}

/// What came of an act.
enum Outcome {
    /// A word of `shell::done`.
    Done(&'static str),
    /// A code to join by.
    Link(SecretString),
}

async fn done_by(actor: &mut Actor<'_>, key: AppointmentId, typed: &Typed, act: &str) -> Result<Outcome, Problem> {
    match act {
        "confirm" => {
            change(actor, key, AppointmentChange::Confirm).await?;
            Ok(Outcome::Done("booked"))
        }
        "cancel" => {
            attendance::cancel(actor, key, typed.some("reason")).await?;
            Ok(Outcome::Done("cancelled"))
        }
        "consent" => {
            consent(actor, key).await?;
            Ok(Outcome::Done("saved"))
        }
        "join" => Ok(Outcome::Link(issue_link(actor, key).await?)),
        _ => {
            let said = NewReview {
                provider_stars: typed.maybe("provider_stars")?,
                facility_stars: typed.maybe("facility_stars")?,
                body: typed.some("body"),
            };
            review(actor, key, &said).await?;
            Ok(Outcome::Done("sent"))
        }
    }
}
