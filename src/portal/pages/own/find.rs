//! `/me/appointments/find`: open times by specialty, place, kind and day; `/me/appointments/hold`: one of them, held
//! for ten minutes. What is looked for is posted, since it may tell what somebody has.
//!
//! Where a time was taken meanwhile, or is not open yet to whoever wants it, the sentence of the rule stands above the
//! next times of the same provider. A time that was held by the first of two clicks is found again by the second.

use askama::Template;
use axum::response::{IntoResponse as _, Redirect, Response};

use super::appointment::sentence_of;
use super::appointments::is_held;
use super::asked::{MINUTES, Offered, SlotAsked, query};
use super::open_times::{OpenTime, open_times};
use crate::model::people::{AppointmentId, FacilityId, PatientId, ProviderId, VisitMode};
use crate::model::time::{MINUTE_US, Timestamp};
use crate::portal::answer::{page, refused};
use crate::portal::edge::sent::Sent;
use crate::portal::forms::{Form, Problem, Typed};
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::shown::{number, sentence};
use crate::portal::visit::{Viewer, Visit};
use crate::portal::words::own::{OWN, OwnWords};
use crate::store::care::actor::Actor;
use crate::store::care::appointment_type;
use crate::store::care::directory::Rating;
use crate::store::care::practice::{Practice, find_practices, places, specialties};
use crate::store::care::schedule::{AppointmentRequest, AppointmentSummary, SlotQuery, history, hold};

/// So many people a page, each with so many times; and so many are looked at for them at most.
const PEOPLE: usize = 5;
const TIMES: usize = 6;
/// And so many of one who was chosen.
const TIMES_OF_ONE: usize = 24;
const LOOKED_AT_MAX: usize = 20;

#[derive(Template)]
#[template(path = "pages/own/find.html", config = "src/portal/askama.toml")]
struct FindPage {
    shell: Shell,
    words: &'static OwnWords,
    form: Form,
    zone: String,
    form_token: String,
    wrong: Option<String>,
    /// What was found; `None` before anything was asked for.
    found: Option<Found>,
}

/// What was found.
struct Found {
    people: Vec<Open>,
    has_reserved: bool,
    /// What was asked for, as hidden fields send it again.
    again: Vec<(&'static str, String)>,
    /// With how many people the next page begins.
    skip: Option<usize>,
}

/// Somebody who has open times.
struct Open {
    provider: ProviderId,
    facility: FacilityId,
    name: String,
    fields: String,
    rating: String,
    place: String,
    times: Vec<OpenTime>,
    /// After which moment further times are.
    later: Option<i64>,
}

async fn offered(actor: &mut Actor<'_>) -> Result<Offered, PageError> {
    let kinds = appointment_type::list(actor).await?;
    Ok(Offered {
        kinds: kinds.into_iter().filter(|kind| !kind.desk_only).collect(),
        specialties: specialties(actor).await?,
        places: places(actor).await?,
    })
}

/// Shows the form.
pub(super) async fn get(visit: Visit) -> Result<Response, PageError> {
    let mut seat = visit.seat().await?;
    let (mut actor, viewer) = seat.enter().await?;
    let offered = offered(&mut actor).await?;
    let form = offered.form(&viewer, visit.portal.clock.now());
    page(&find_page(&viewer, form))
}

fn find_page(viewer: &Viewer, form: Form) -> FindPage {
    FindPage {
        shell: viewer.shell(OWN.find_title),
        words: &OWN,
        form,
        zone: viewer.zone.iana_name().unwrap_or("UTC").to_owned(),
        form_token: viewer.form_token.clone(),
        wrong: None,
        found: None,
    }
}

/// Shows what is open.
pub(super) async fn post(visit: Visit, Sent(typed): Sent<Typed>) -> Result<Response, PageError> {
    let now = visit.portal.clock.now();
    let mut seat = visit.seat().await?;
    let (mut actor, viewer) = seat.enter().await?;
    let patient = viewer.profile.patient_id.ok_or(PageError::NotFound)?;
    let offered = offered(&mut actor).await?;
    let form = offered.form(&viewer, now).filled(&typed);
    match SlotAsked::read(&typed, &offered, &viewer.zone) {
        Ok(asked) => {
            let found = Some(found(&mut actor, &asked, &offered, (patient, &viewer, now), &typed).await?);
            page(&FindPage { found, ..find_page(&viewer, form) })
        }
        Err(problem) => refused(&find_page(&viewer, form.told(problem, &[])?)),
    }
}

async fn found(
    actor: &mut Actor<'_>,
    asked: &SlotAsked,
    offered: &Offered,
    (patient, viewer, now): (PatientId, &Viewer, Timestamp),
    typed: &Typed,
) -> Result<Found, PageError> {
    let wanted = offered.wanted(asked);
    let practices = find_practices(actor, &query(wanted.as_deref(), asked.place.as_ref())).await?;
    let practices: Vec<Practice> = practices.into_iter().filter(|known| offered.fits(known, asked)).collect();
    let mut people = Vec::new();
    let mut looked_at = asked.skip;
    let times_max = if asked.only.is_some() { TIMES_OF_ONE } else { TIMES };
    for practice in practices.iter().skip(asked.skip).take(LOOKED_AT_MAX) {
        if people.len() == PEOPLE {
            break;
        }
        looked_at += 1;
        let slots = SlotQuery {
            provider: practice.provider,
            facility: practice.facility,
            since: asked.since,
            until: asked.since,
            minutes: asked.kind.is_none().then_some(MINUTES),
            appointment_type: asked.kind.as_deref(),
            video_for: (asked.mode == VisitMode::Telehealth).then_some(patient),
        };
        let times = open_times(actor, slots, (now, &viewer.zone), times_max).await?;
        if !times.is_empty() {
            let later = times.last().filter(|_| times.len() == times_max).map(|last| last.value + 1);
            people.push(Open { later, ..open(practice, times) });
        }
    }
    let fields = ["kind", "specialty", "place", "mode", "from_on", "reason"];
    Ok(Found {
        has_reserved: people.iter().flat_map(|open| &open.times).any(|time| time.reserved.is_some()),
        people,
        again: fields.map(|name| (name, typed.text(name).to_owned())).to_vec(),
        skip: (looked_at < practices.len()).then_some(looked_at),
    })
}

fn open(practice: &Practice, times: Vec<OpenTime>) -> Open {
    let fields: Vec<String> = practice.specialties.iter().map(|word| sentence(word)).collect();
    Open {
        provider: practice.provider,
        facility: practice.facility,
        name: practice.name.clone(),
        fields: fields.join(", "),
        rating: rating(practice.rating),
        place: format!("{}, {}, {}", practice.facility_name, practice.street, practice.city),
        times,
        later: None,
    }
}

fn rating(rating: Rating) -> String {
    match rating.stars {
        Some(stars) => format!("{} {} {}", number(stars), OWN.rating_of, rating.reviews),
        None => OWN.rating_none.to_owned(),
    }
}

/// Holds a time, and leads to the page on which it is booked.
pub(super) async fn book(visit: Visit, Sent(typed): Sent<Typed>) -> Result<Response, PageError> {
    let now = visit.portal.clock.now();
    let mut seat = visit.seat().await?;
    let (mut actor, viewer) = seat.enter().await?;
    let patient = viewer.profile.patient_id.ok_or(PageError::NotFound)?;
    let problem = match held(&mut actor, patient, &typed).await {
        Ok(appointment) => {
            actor.commit().await?;
            return Ok(to(appointment));
        }
        Err(problem) => problem,
    };
    drop(actor);
    let (mut actor, _) = seat.enter().await?;
    if let Some(already) = held_already(&mut actor, (patient, now), &typed, &problem).await? {
        return Ok(to(already));
    }
    let offered = offered(&mut actor).await?;
    let form = offered.form(&viewer, now).filled(&typed);
    let wrong = Some(sentence_of(problem)?);
    let found = match (SlotAsked::read(&typed, &offered, &viewer.zone), typed.one("provider"), typed.one("facility")) {
        (Ok(asked), Ok(provider), Ok(facility)) => {
            let asked = SlotAsked { only: Some((provider, facility)), skip: 0, ..asked };
            Some(found(&mut actor, &asked, &offered, (patient, &viewer, now), &typed).await?)
        }
        _ => None,
    };
    refused(&FindPage { wrong, found, ..find_page(&viewer, form) })
}

/// On to the page on which it is booked.
fn to(appointment: AppointmentId) -> Response {
    Redirect::to(&format!("/me/appointments/{appointment}")).into_response()
}

async fn held(actor: &mut Actor<'_>, patient: PatientId, typed: &Typed) -> Result<AppointmentId, Problem> {
    let start_at = start(typed)?;
    let kind = typed.some("kind").map(str::to_owned);
    let end_at = kind.is_none().then(|| start_at.plus_micros(i64::from(MINUTES) * MINUTE_US));
    let request = AppointmentRequest {
        patient,
        provider: typed.one("provider")?,
        facility: typed.one("facility")?,
        room: None,
        start_at,
        end_at,
        mode: typed.one("mode")?,
        reason: typed.some("reason").map(str::to_owned),
        appointment_type: kind,
    };
    Ok(hold(actor, &request).await?)
}

fn start(typed: &Typed) -> Result<Timestamp, Problem> {
    Timestamp::from_micros(typed.number("start")?).map_err(|_| Problem::at("start", OWN.choose_time))
}

/// The visit for which the very time is held already, where that is what refused it.
async fn held_already(
    actor: &mut Actor<'_>,
    (patient, now): (PatientId, Timestamp),
    typed: &Typed,
    problem: &Problem,
) -> Result<Option<AppointmentId>, PageError> {
    let is_taken = matches!(problem, Problem::Rule(broken) if broken.rule.starts_with("appointment_"));
    let Some(start) = start(typed).ok().filter(|_| is_taken) else { return Ok(None) };
    let visits = history(actor, patient).await?;
    let is_it = |known: &&AppointmentSummary| {
        is_held(known, now) && known.start_at == start && typed.text("provider") == known.provider.to_string()
    };
    Ok(visits.iter().find(is_it).map(|known| known.appointment_id))
}
