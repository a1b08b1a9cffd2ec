//! `/me/waitlist`: times that somebody waits for, joined and left. Who joins says first in which place, since a network
//! has more facilities than a list. A second click finds that the first has joined, or left.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;

use super::appointment::sentence_of;
use super::asked::{choices_of, place_of, query};
use super::open_times::{start_of, today};
use crate::model::people::{AppointmentId, PatientId, VisitMode, WaitlistEntryId, WaitlistStatus};
use crate::portal::answer::{done, page, refused};
use crate::portal::edge::sent::Sent;
use crate::portal::forms::{Form, FormField, Problem, Typed};
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::shown::{day_of, sentence};
use crate::portal::visit::{Seat, Viewer, Visit};
use crate::portal::words::own::{OWN, OwnWords};
use crate::store::care::actor::Actor;
use crate::store::care::practice::{find_practices, places};
use crate::store::care::waitlist::{WaitlistEntry, WaitlistRequest, join, leave, of_patient};

#[derive(Template)]
#[template(path = "pages/own/waitlist.html", config = "src/portal/askama.toml")]
struct WaitlistPage {
    shell: Shell,
    words: &'static OwnWords,
    form_token: String,
    lines: Vec<WaitLine>,
    /// In which place.
    places: Form,
    /// To join there; `None` before a place was said.
    form: Option<Form>,
    wrong: Option<String>,
}

struct WaitLine {
    key: WaitlistEntryId,
    place: String,
    with: String,
    when: String,
    status: String,
    can_leave: bool,
    /// The time that is offered.
    offer: Option<AppointmentId>,
}

async fn shown(visit: &Visit, seat: &mut Seat, asked: Option<Asked<'_>>) -> Result<WaitlistPage, PageError> {
    let now = visit.portal.clock.now();
    let (mut actor, viewer) = seat.enter().await?;
    let patient = viewer.profile.patient_id.ok_or(PageError::NotFound)?;
    let entries = of_patient(&mut actor, patient).await?;
    let line = |entry: &WaitlistEntry| WaitLine {
        key: entry.entry,
        place: entry.facility_name.clone(),
        with: entry.provider_name.clone().unwrap_or_else(|| OWN.anybody.to_owned()),
        // The end is the first moment after it.
        when: [entry.since, entry.until.plus_micros(-1)].map(|at| day_of(at, &viewer.zone)).join(" – "),
        status: sentence(entry.status.as_str()),
        can_leave: entry.status == WaitlistStatus::Waiting,
        offer: entry.appointment.filter(|_| entry.status == WaitlistStatus::Offered),
    };
    let known = choices_of(&places(&mut actor).await?);
    let mut places = Form::new("place", "/me/waitlist", &viewer.form_token, OWN.show_places)
        .with(FormField::choice("place", OWN.place, known).required());
    let form = match asked {
        Some(Asked { typed, problem }) => {
            places = places.filled(typed);
            match (typed.required("place").and_then(place_of), problem) {
                (Ok(place), problem) => {
                    match (asking(&mut actor, &viewer, (&place, &today(now, &viewer.zone))).await?, problem) {
                        (Some(form), Some(problem)) => Some(form.filled(typed).told(problem, AT)?),
                        (Some(form), None) => Some(form),
                        (None, _) => {
                            places = places.told(Problem::at("place", OWN.nobody_there), &[])?;
                            None
                        }
                    }
                }
                (Err(no_place), problem) => {
                    places = places.told(problem.unwrap_or(no_place), &[])?;
                    None
                }
            }
        }
        None => None,
    };
    Ok(WaitlistPage {
        shell: viewer.shell(OWN.waitlist_title),
        words: &OWN,
        form_token: viewer.form_token.clone(),
        lines: entries.iter().map(line).collect(),
        places,
        form,
        wrong: None,
    })
}

/// What was sent: only a place, or a form that was refused.
struct Asked<'t> {
    typed: &'t Typed,
    problem: Option<Problem>,
}

async fn asking(
    actor: &mut Actor<'_>,
    viewer: &Viewer,
    (place, first): (&(String, String), &str),
) -> Result<Option<Form>, PageError> {
    let there = find_practices(actor, &query(None, Some(place))).await?;
    if there.is_empty() {
        return Ok(None);
    }
    let mut facilities: Vec<(String, String)> = there
        .iter()
        .map(|known| (known.facility.to_string(), format!("{}, {}", known.facility_name, known.street)))
        .collect();
    let mut providers: Vec<(String, String)> =
        there.iter().map(|known| (known.provider.to_string(), known.name.clone())).collect();
    for choices in [&mut facilities, &mut providers] {
        choices.sort_unstable_by(|one, other| (&one.1, &one.0).cmp(&(&other.1, &other.0)));
        choices.dedup();
    }
    let modes = vec![
        (VisitMode::InPerson.to_string(), sentence(OWN.in_person)),
        (VisitMode::Telehealth.to_string(), sentence(OWN.by_video)),
    ];
    let form = Form::new("wait", "/me/waitlist", &viewer.form_token, OWN.join_waitlist)
        .with(FormField::hidden("place", format!("{}:{}", place.0, place.1)))
        .with(FormField::choice("facility", OWN.facility, facilities).required())
        .with(FormField::choice("provider", OWN.provider, providers).hint(OWN.provider_hint))
        .with(FormField::number("minutes", OWN.how_long, "5").of(30).required())
        .with(FormField::choice("mode", OWN.mode, modes).of(VisitMode::InPerson).required())
        .with(FormField::day("since", OWN.wait_since).of(first).required())
        .with(FormField::day("until", OWN.wait_until).required());
    Ok(Some(form))
}

/// Shows what is waited for.
pub(super) async fn get(visit: Visit) -> Result<Response, PageError> {
    let mut seat = visit.seat().await?;
    page(&shown(&visit, &mut seat, None).await?)
}

/// Which field a rule is about.
const AT: &[(&str, &str)] = &[
    ("waitlist_entry_is_one", "facility"),
    ("waitlist_entry_wants_a_time", "until"),
    ("waitlist_entry_wants_some_minutes", "minutes"),
    ("waitlist_entry_facility_fkey", "facility"),
    ("waitlist_entry_provider_fkey", "provider"),
    ("appointment_after_missed_visits_is_booked_by_the_desk", "facility"),
];

/// Shows where one can wait in a place, or joins.
pub(super) async fn post(visit: Visit, Sent(typed): Sent<Typed>) -> Result<Response, PageError> {
    let mut seat = visit.seat().await?;
    if !typed.has("facility") {
        let asked = shown(&visit, &mut seat, Some(Asked { typed: &typed, problem: None })).await?;
        return if asked.form.is_some() { page(&asked) } else { refused(&asked) };
    }
    let (mut actor, viewer) = seat.enter().await?;
    let patient = viewer.profile.patient_id.ok_or(PageError::NotFound)?;
    let problem = match joined(&mut actor, patient, &viewer, &typed).await {
        Ok(_) => {
            actor.commit().await?;
            return Ok(done("/me/waitlist", "saved"));
        }
        Err(problem) => problem,
    };
    drop(actor);
    refused(&shown(&visit, &mut seat, Some(Asked { typed: &typed, problem: Some(problem) })).await?)
}

async fn joined(
    actor: &mut Actor<'_>,
    patient: PatientId,
    viewer: &Viewer,
    typed: &Typed,
) -> Result<WaitlistEntryId, Problem> {
    let request = WaitlistRequest {
        patient,
        facility: typed.one("facility")?,
        provider: typed.maybe("provider")?,
        minutes: typed.number("minutes")?,
        mode: typed.one("mode")?,
        since: start_of(typed.day("since")?, &viewer.zone),
        until: start_of(typed.day("until")?.next(), &viewer.zone),
    };
    Ok(join(actor, &request).await?)
}

/// Leaves; who has left already has left.
pub(super) async fn post_leave(visit: Visit, Path(key): Path<String>) -> Result<Response, PageError> {
    let mut seat = visit.seat().await?;
    let (mut actor, viewer) = seat.enter().await?;
    let key = key.parse().map_err(|_| PageError::NotFound)?;
    let patient = viewer.profile.patient_id.ok_or(PageError::NotFound)?;
    let known = of_patient(&mut actor, patient).await?.into_iter().find(|entry| entry.entry == key);
    if known.ok_or(PageError::NotFound)?.status == WaitlistStatus::Left {
        return Ok(done("/me/waitlist", "removed"));
    }
    let problem = match leave(&mut actor, key).await {
        Ok(()) => {
            actor.commit().await?;
            return Ok(done("/me/waitlist", "removed"));
        }
        Err(error) => Problem::from(error),
    };
    drop(actor);
    let wrong = Some(sentence_of(problem)?);
    refused(&WaitlistPage { wrong, ..shown(&visit, &mut seat, None).await? })
}
