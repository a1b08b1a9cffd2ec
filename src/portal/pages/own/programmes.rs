//! `/me/programmes`: where one takes part, and what is open; enrolled in and withdrawn from. Sent twice, the second is
//! told that it is so already.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;

use super::appointment::sentence_of;
use crate::model::people::{EnrolmentStatus, PatientId, ProgrammeId};
use crate::portal::answer::{done, page, refused};
use crate::portal::forms::Problem;
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::shown::{day, sentence};
use crate::portal::visit::{Seat, Visit};
use crate::portal::words::own::{OWN, OwnWords};
use crate::store::care::actor::Actor;
use crate::store::care::error::CareError;
use crate::store::care::programme::{Participation, Programme, enrol, open, participation, withdraw};

#[derive(Template)]
#[template(path = "pages/own/programmes.html", config = "src/portal/askama.toml")]
struct ProgrammesPage {
    shell: Shell,
    words: &'static OwnWords,
    form_token: String,
    wrong: Option<String>,
    own: Vec<OwnLine>,
    open: Vec<OpenLine>,
}

struct OwnLine {
    key: ProgrammeId,
    title: String,
    status: String,
    sessions: String,
    can_withdraw: bool,
}

struct OpenLine {
    key: ProgrammeId,
    title: String,
    topic: String,
    when: String,
    seats: i32,
}

async fn shown(seat: &mut Seat, wrong: Option<String>) -> Result<ProgrammesPage, PageError> {
    let (mut actor, viewer) = seat.enter().await?;
    let patient = viewer.profile.patient_id.ok_or(PageError::NotFound)?;
    let own = participation(&mut actor, patient).await?;
    let open = open(&mut actor, None).await?;
    let is_in = |known: &Participation| matches!(known.status, EnrolmentStatus::Enrolled | EnrolmentStatus::Waitlisted);
    let is_new = |programme: &&Programme| {
        !own.iter()
            .any(|known| known.programme_id == programme.programme_id && known.status != EnrolmentStatus::Withdrawn)
    };
    let open_line = |programme: &Programme| OpenLine {
        key: programme.programme_id,
        title: programme.title.clone(),
        topic: sentence(&programme.topic),
        when: format!("{} – {}", day(programme.first_on), day(programme.stop_on.plus(-1))),
        seats: programme.seats_free.max(0),
    };
    let own_line = |known: &Participation| OwnLine {
        key: known.programme_id,
        title: known.title.clone(),
        status: sentence(known.status.as_str()),
        sessions: format!(
            "{} {} {} {}. {} {}.",
            known.sessions_attended,
            OWN.of,
            known.sessions_held,
            OWN.sessions_attended,
            OWN.sessions_needed,
            known.sessions_needed
        ),
        can_withdraw: is_in(known),
    };
    Ok(ProgrammesPage {
        shell: viewer.shell(OWN.programmes_title),
        words: &OWN,
        form_token: viewer.form_token.clone(),
        wrong,
        open: open.iter().filter(is_new).map(open_line).collect(),
        own: own.iter().map(own_line).collect(),
    })
}

/// Shows them.
pub(super) async fn get(visit: Visit) -> Result<Response, PageError> {
    let mut seat = visit.seat().await?;
    page(&shown(&mut seat, None).await?)
}

/// Enrols, or puts into the queue for a seat.
pub(super) async fn post_enrol(visit: Visit, Path(key): Path<String>) -> Result<Response, PageError> {
    change(visit, key, true).await
}

/// Withdraws.
pub(super) async fn post_withdraw(visit: Visit, Path(key): Path<String>) -> Result<Response, PageError> {
    change(visit, key, false).await
}

async fn change(visit: Visit, key: String, enters: bool) -> Result<Response, PageError> {
    let mut seat = visit.seat().await?;
    let (mut actor, viewer) = seat.enter().await?;
    let programme = key.parse().map_err(|_| PageError::NotFound)?;
    let patient = viewer.profile.patient_id.ok_or(PageError::NotFound)?;
    let problem = match changed(&mut actor, programme, patient, enters).await {
        Ok(()) => {
            actor.commit().await?;
            return Ok(done("/me/programmes", if enters { "saved" } else { "ended" }));
        }
        Err(error) => Problem::from(error),
    };
    drop(actor);
    refused(&shown(&mut seat, Some(sentence_of(problem)?)).await?)
}

async fn changed(
    actor: &mut Actor<'_>,
    programme: ProgrammeId,
    patient: PatientId,
    enters: bool,
) -> Result<(), CareError> {
    match enters {
        true => enrol(actor, programme, patient).await.map(drop),
        false => withdraw(actor, programme, patient).await.map(drop),
    }
}
