//! `/me/programmes/{programme}`: what a programme is, its sessions with their place and which of them one attended, how
//! far one has come, and how it was. What is said twice replaces itself.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;

use crate::model::people::{PatientId, ProgrammeId};
use crate::model::time::Timestamp;
use crate::portal::answer::{done, page, refused};
use crate::portal::edge::sent::Sent;
use crate::portal::forms::{Form, FormField, Problem, Typed};
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::shown::{day, formatted, moment, sentence};
use crate::portal::visit::{Seat, Viewer, Visit};
use crate::portal::words::own::{OWN, OwnWords};
use crate::store::care::actor::Actor;
use crate::store::care::programme::{ProgrammeSeen, SessionSeen, give_feedback, read};

#[derive(Template)]
#[template(path = "pages/own/programme.html", config = "src/portal/askama.toml")]
struct ProgrammePage {
    shell: Shell,
    words: &'static OwnWords,
    seen: ProgrammeSeen,
    topic: String,
    when: String,
    place: String,
    status: String,
    progress: String,
    sessions: Vec<ProgrammeDay>,
    /// `None` for who has no say in it yet.
    form: Option<Form>,
}

struct ProgrammeDay {
    title: String,
    when: String,
    place: String,
    with: String,
    /// A class of the stylesheet, and what became of it.
    told: (&'static str, &'static str),
}

fn line(session: &SessionSeen, viewer: &Viewer, now: Timestamp) -> ProgrammeDay {
    let place: Vec<String> = [session.place.clone(), session.room.clone()].into_iter().flatten().collect();
    ProgrammeDay {
        title: session.title.clone(),
        when: format!(
            "{} – {}",
            moment(session.starts_at, &viewer.zone),
            formatted(session.ends_at, &viewer.zone, "%H:%M")
        ),
        place: place.join(", "),
        with: session.provider.clone().unwrap_or_default(),
        told: match session {
            session if session.cancelled => ("tag grave", OWN.session_cancelled),
            session if session.attended => ("tag", OWN.session_attended),
            session if session.ends_at <= now => ("", OWN.session_missed),
            _ => ("", OWN.session_coming),
        },
    }
}

/// Which field a rule is about.
const AT: &[(&str, &str)] =
    &[("programme_feedback_rating_is_1_to_5", "rating"), ("programme_feedback_comment_is_short", "comment")];

fn asking(key: ProgrammeId, seen: &ProgrammeSeen, token: &str) -> Form {
    let stars = (1..=5).rev().map(|stars: u8| (stars.to_string(), stars.to_string())).collect();
    let rated = seen.rating.map(|stars| stars.to_string()).unwrap_or_default();
    Form::new("feedback", format!("/me/programmes/{key}"), token, OWN.feedback_send)
        .with(FormField::choice("rating", OWN.feedback_stars, stars).of(rated).required())
        .with(
            FormField::lines("comment", OWN.feedback_body).of(seen.comment.clone().unwrap_or_default()).at_most(4_000),
        )
}

async fn shown(
    visit: &Visit,
    seat: &mut Seat,
    key: ProgrammeId,
    form: impl FnOnce(Form) -> Result<Form, PageError>,
) -> Result<ProgrammePage, PageError> {
    let now = visit.portal.clock.now();
    let (mut actor, viewer) = seat.enter().await?;
    let patient = viewer.profile.patient_id.ok_or(PageError::NotFound)?;
    let (seen, sessions) = read(&mut actor, patient, key).await?.ok_or(PageError::NotFound)?;
    let held = sessions.iter().filter(|session| !session.cancelled && session.ends_at <= now).count();
    let attended = sessions.iter().filter(|session| session.attended).count();
    let is_asked = seen.admitted && (held > 0 || attended > 0);
    let form = if is_asked { Some(form(asking(key, &seen, &viewer.form_token))?) } else { None };
    Ok(ProgrammePage {
        shell: viewer.shell(&seen.title),
        words: &OWN,
        topic: sentence(&seen.topic),
        when: format!("{} – {}", day(seen.first_on), day(seen.stop_on.plus(-1))),
        place: seen.place.clone().unwrap_or_else(|| OWN.programme_network.to_owned()),
        status: seen.status.map_or_else(|| OWN.programme_not_in.to_owned(), |status| sentence(status.as_str())),
        progress: format!(
            "{attended} {} {held} {}. {} {}.",
            OWN.of, OWN.sessions_attended, OWN.sessions_needed, seen.sessions_needed
        ),
        sessions: sessions.iter().map(|session| line(session, &viewer, now)).collect(),
        seen,
        form,
    })
}

/// Shows it.
pub(super) async fn get(visit: Visit, Path(key): Path<String>) -> Result<Response, PageError> {
    let key = key.parse().map_err(|_| PageError::NotFound)?;
    page(&shown(&visit, &mut visit.seat().await?, key, Ok).await?)
}

/// Says how it was.
pub(super) async fn post(
    visit: Visit,
    Path(key): Path<String>,
    Sent(typed): Sent<Typed>,
) -> Result<Response, PageError> {
    let key: ProgrammeId = key.parse().map_err(|_| PageError::NotFound)?;
    let mut seat = visit.seat().await?;
    let (mut actor, viewer) = seat.enter().await?;
    let patient = viewer.profile.patient_id.ok_or(PageError::NotFound)?;
    let problem = match said(&mut actor, key, patient, &typed).await {
        Ok(()) => {
            actor.commit().await?;
            return Ok(done(&format!("/me/programmes/{key}"), "saved"));
        }
        // Who is in no such programme has no form for it.
        Err(Problem::Rule(broken)) if broken.rule == "feedback_is_of_participants" => return Err(PageError::NotFound),
        Err(problem) => problem,
    };
    drop(actor);
    refused(&shown(&visit, &mut seat, key, |form| form.filled(&typed).told(problem, AT)).await?)
}

async fn said(actor: &mut Actor<'_>, key: ProgrammeId, patient: PatientId, typed: &Typed) -> Result<(), Problem> {
    let rating = typed.one("rating")?;
    give_feedback(actor, key, patient, (rating, typed.some("comment"))).await?;
    Ok(())
}
