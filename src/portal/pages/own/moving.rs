//! `/me/appointments/{appointment}/move`: another time with the same provider. The old one is kept until the new one is
//! had; moved twice to the same time it is where it is.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use jiff::tz::TimeZone;
use serde::Deserialize;

use super::appointment::sentence_of;
use super::appointments::{VisitLine, line};
use super::open_times::{OpenTime, open_times, start_of_date, today};
use crate::model::people::{AppointmentId, AppointmentStatus, PatientId, VisitMode};
use crate::model::time::{MINUTE_US, Timestamp};
use crate::portal::answer::{done, page, refused};
use crate::portal::edge::sent::{Behind, Sent};
use crate::portal::forms::{Problem, Typed};
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::visit::{Seat, Visit};
use crate::portal::words::own::{OWN, OwnWords};
use crate::store::care::actor::Actor;
use crate::store::care::appointment_type;
use crate::store::care::schedule::{AppointmentSummary, SlotQuery, history, reschedule};

/// So many times a page.
const TIMES_MAX: usize = 40;

#[derive(Template)]
#[template(path = "pages/own/moving.html", config = "src/portal/askama.toml")]
struct MovingPage {
    shell: Shell,
    words: &'static OwnWords,
    form_token: String,
    line: VisitLine,
    /// The day from which on times are shown.
    from_on: String,
    times: Vec<OpenTime>,
    /// After which moment the next page begins.
    later: Option<i64>,
    wrong: Option<String>,
}

/// From which day on times are asked for, or after which moment.
#[derive(Debug, Default, Deserialize)]
pub(super) struct SinceTime {
    since: Option<i64>,
    from_on: Option<String>,
}

impl SinceTime {
    /// What was asked for; else the day of the visit.
    fn begins(&self, known: &AppointmentSummary, zone: &TimeZone) -> Timestamp {
        let since = self.since.and_then(|since| Timestamp::from_micros(since).ok());
        let day = || start_of_date(self.from_on.as_ref()?, zone);
        let its_own = || start_of_date(&today(known.start_at, zone), zone);
        since.or_else(day).or_else(its_own).unwrap_or(known.start_at)
    }
}

async fn shown(
    visit: &Visit,
    seat: &mut Seat,
    (key, asked): (AppointmentId, SinceTime),
    wrong: Option<String>,
) -> Result<MovingPage, PageError> {
    let now = visit.portal.clock.now();
    let (mut actor, viewer) = seat.enter().await?;
    let patient = viewer.profile.patient_id.ok_or(PageError::NotFound)?;
    let known = booked(&mut actor, patient, key).await?;
    let kinds = appointment_type::list(&mut actor).await?;
    let since = asked.begins(&known, &viewer.zone).max(now);
    let minutes = known.end_at.micros_since(known.start_at) / MINUTE_US;
    let query = SlotQuery {
        provider: known.provider,
        facility: known.facility,
        since,
        until: since,
        minutes: u16::try_from(minutes).ok(),
        appointment_type: known.appointment_type.as_deref(),
        video_for: (known.mode == VisitMode::Telehealth).then_some(patient),
    };
    let times = open_times(&mut actor, query, (now, &viewer.zone), TIMES_MAX).await?;
    Ok(MovingPage {
        shell: viewer.shell(OWN.move_title),
        words: &OWN,
        form_token: viewer.form_token.clone(),
        line: line(&known, &kinds, &viewer.zone),
        later: times.last().filter(|_| times.len() == TIMES_MAX).map(|last| last.value + 1),
        from_on: today(since, &viewer.zone),
        times,
        wrong,
    })
}

/// The visit, while it can be moved.
async fn booked(
    actor: &mut Actor<'_>,
    patient: PatientId,
    key: AppointmentId,
) -> Result<AppointmentSummary, PageError> {
    let visits = history(actor, patient).await?;
    let known = visits.into_iter().find(|known| known.appointment_id == key);
    known.filter(|known| known.status == AppointmentStatus::Booked).ok_or(PageError::NotFound)
}

/// Shows the times to which it can be moved.
pub(super) async fn get(
    visit: Visit,
    Path(key): Path<String>,
    Behind(asked): Behind<SinceTime>,
) -> Result<Response, PageError> {
    let key = key.parse().map_err(|_| PageError::NotFound)?;
    let mut seat = visit.seat().await?;
    page(&shown(&visit, &mut seat, (key, asked), None).await?)
}

/// Moves it; where somebody was faster, the times that are left are shown.
pub(super) async fn post(
    visit: Visit,
    Path(key): Path<String>,
    Sent(typed): Sent<Typed>,
) -> Result<Response, PageError> {
    let key = key.parse().map_err(|_| PageError::NotFound)?;
    let mut seat = visit.seat().await?;
    let (mut actor, viewer) = seat.enter().await?;
    let patient = viewer.profile.patient_id.ok_or(PageError::NotFound)?;
    let known = booked(&mut actor, patient, key).await?;
    let problem = match moved(&mut actor, &known, &typed).await {
        Ok(()) => {
            actor.commit().await?;
            return Ok(done(&format!("/me/appointments/{key}"), "saved"));
        }
        Err(problem) => problem,
    };
    drop(actor);
    // The times of the day that was looked at, not of the visit's own.
    let asked = SinceTime { since: None, from_on: typed.some("from_on").map(str::to_owned) };
    refused(&shown(&visit, &mut seat, (key, asked), Some(sentence_of(problem)?)).await?)
}

async fn moved(actor: &mut Actor<'_>, known: &AppointmentSummary, typed: &Typed) -> Result<(), Problem> {
    let start = typed.number("start")?;
    let start = Timestamp::from_micros(start).map_err(|_| Problem::at("start", OWN.choose_time))?;
    let end = start.plus_micros(known.end_at.micros_since(known.start_at));
    Ok(reschedule(actor, known.appointment_id, (start, end), None).await?)
}
