//! `/schedule/waiting`: who waits for a time at the desk's facility, in their order. The database offers a time
//! that is given back to whoever is next; the desk takes off the list who has told it so.
//!
//! Who was taken off twice is off: the second time is told that nobody waits by that entry any more.

use askama::Template;
use axum::response::Response;

use super::times::who;
use crate::model::people::{PatientId, WaitlistEntryId};
use crate::model::time::Timestamp;
use crate::portal::answer::{done, page, refused};
use crate::portal::edge::sent::Sent;
use crate::portal::forms::{Problem, Typed};
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::shown::{day_of, sentence};
use crate::portal::visit::{Seat, Visit};
use crate::portal::words::desk::{DESK, DeskWords};
use crate::store::care::desk::{Waiting, waiting};
use crate::store::care::waitlist::leave;

#[derive(Template)]
#[template(path = "pages/desk/waiting.html", config = "src/portal/askama.toml")]
struct WaitingPage {
    shell: Shell,
    words: &'static DeskWords,
    form_token: String,
    wrong: Option<String>,
    lines: Vec<Line>,
}

struct Line {
    entry: WaitlistEntryId,
    patient: PatientId,
    name: String,
    provider: String,
    wish: String,
    time: String,
    since: String,
}

/// Shows them.
pub(super) async fn get(visit: Visit) -> Result<Response, PageError> {
    page(&shown(&mut visit.seat().await?, None).await?)
}

/// Takes one off the list.
pub(super) async fn post(visit: Visit, Sent(typed): Sent<Typed>) -> Result<Response, PageError> {
    let mut seat = visit.seat().await?;
    let (mut actor, _) = seat.enter().await?;
    let left = match typed.one::<WaitlistEntryId>("entry") {
        Ok(entry) => leave(&mut actor, entry).await.map_err(Problem::from),
        Err(problem) => Err(problem),
    };
    let wrong = match left {
        Ok(()) => {
            actor.commit().await?;
            return Ok(done("/schedule/waiting", "removed"));
        }
        Err(Problem::At(_, sentence)) => sentence,
        Err(Problem::Rule(broken)) => broken.sentence,
        Err(Problem::Page(error)) => return Err(error),
    };
    drop(actor);
    refused(&shown(&mut seat, Some(wrong)).await?)
}

/// A moment of the last day: the end is not a part of the time.
fn last(until: Timestamp) -> Timestamp {
    until.plus_micros(-1)
}

async fn shown(seat: &mut Seat, wrong: Option<String>) -> Result<WaitingPage, PageError> {
    let (mut actor, viewer) = seat.enter().await?;
    let line = |line: Waiting| Line {
        entry: line.entry,
        patient: line.patient,
        name: who(&line.name),
        provider: line.provider_name.unwrap_or_else(|| DESK.anybody.to_owned()),
        wish: format!("{} {}, {}", line.minutes, DESK.min, sentence(line.mode.as_str())),
        time: format!("{} – {}", day_of(line.since, &viewer.zone), day_of(last(line.until), &viewer.zone)),
        since: day_of(line.joined_at, &viewer.zone),
    };
    let lines = waiting(&mut actor).await?.into_iter().map(line).collect();
    let shell = viewer.shell(DESK.waiting);
    Ok(WaitingPage { form_token: viewer.form_token, shell, words: &DESK, wrong, lines })
}
