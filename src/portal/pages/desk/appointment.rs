//! `/schedule/visits/{appointment}`: one visit, and each step that it can take: booked, here, done, missed, moved,
//! cancelled.
//!
//! A step that was taken already is no error in the database, so a form that is sent twice does it once.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use jiff::civil::Date;

use super::times::{DAYS_SEARCHED, choices, date_of, minutes, providers, span, who};
use crate::model::people::{AppointmentId, AppointmentStatus, ProviderId, Role, VisitMode};
use crate::model::time::{DAY_US, Timestamp};
use crate::portal::answer::{done, page, refused};
use crate::portal::edge::sent::Sent;
use crate::portal::forms::{Form, FormField, Problem, Typed};
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::shown::{formatted, moment, sentence};
use crate::portal::visit::{Seat, Viewer, Visit};
use crate::portal::words::WORDS;
use crate::portal::words::desk::{DESK, DeskWords};
use crate::store::care::actor::Actor;
use crate::store::care::attendance::{self, reasons};
use crate::store::care::desk::{ScheduledVisit, visit as read_visit};
use crate::store::care::schedule::{AppointmentChange, SlotQuery, change, open_slots, reschedule};

/// A desk books for who came within such a time.
const MET_FOR_US: i64 = 30 * DAY_US;

#[derive(Template)]
#[template(path = "pages/desk/appointment.html", config = "src/portal/askama.toml")]
struct VisitPage {
    shell: Shell,
    words: &'static DeskWords,
    when: String,
    /// Its day, as URLs have it.
    day: Date,
    patient: String,
    facts: Vec<(&'static str, String)>,
    status: String,
    /// Why a step was not taken that cannot be taken any more.
    wrong: Option<String>,
    /// Key of the patient, where another visit can be booked.
    book: Option<String>,
    steps: Vec<Step>,
    rest: Vec<Step>,
}

/// Something that can be done with it.
struct Step {
    word: &'static str,
    heading: &'static str,
    form: Form,
}

/// The page, with a step instead of its own of the same word.
async fn shown(
    seat: &mut Seat,
    key: AppointmentId,
    now: Timestamp,
    instead: impl FnOnce(&mut Vec<Step>) -> Result<Option<String>, PageError>,
) -> Result<VisitPage, PageError> {
    let (mut actor, viewer) = seat.enter().await?;
    let visit = read_visit(&mut actor, key).await?.ok_or(PageError::NotFound)?;
    let mut steps = steps(&mut actor, &visit, &viewer, now).await?;
    let wrong = instead(&mut steps)?;
    let is_first = |step: &Step| ["confirm", "check_in", "complete"].contains(&step.word);
    let (first, rest) = steps.into_iter().partition(is_first);
    let fact = |name, value: Option<String>| value.filter(|value| !value.is_empty()).map(|value| (name, value));
    let facts = [
        fact(DESK.provider, Some(visit.provider_name.clone())),
        fact(DESK.room, Some(visit.resources.join(", "))),
        fact(DESK.kind, visit.kind.clone()),
        fact(DESK.mode, Some(sentence(visit.mode.as_str()))),
        fact(DESK.reason, visit.reason.clone()),
    ];
    let is_desk = viewer.role == Role::FrontDesk;
    // Who came longer ago is searched for first.
    let is_recent = now.micros_since(visit.start_at) < MET_FOR_US;
    let until = formatted(visit.end_at, &viewer.zone, "%H:%M");
    Ok(VisitPage {
        shell: viewer.shell(DESK.visit),
        words: &DESK,
        when: format!("{}–{until}", moment(visit.start_at, &viewer.zone)),
        day: date_of(visit.start_at, &viewer.zone)?,
        patient: who(&visit.name),
        facts: facts.into_iter().flatten().collect(),
        status: sentence(visit.status.as_str()),
        wrong,
        book: (is_desk && is_recent).then(|| visit.patient.to_string()),
        steps: first,
        rest,
    })
}

/// Shows it.
pub(super) async fn get(visit: Visit, Path(key): Path<String>) -> Result<Response, PageError> {
    let key = key.parse().map_err(|_| PageError::NotFound)?;
    let now = visit.portal.clock.now();
    page(&shown(&mut visit.seat().await?, key, now, |_| Ok(None)).await?)
}

/// Takes a step, or looks for times to move it to.
pub(super) async fn post(
    visit: Visit,
    Path(key): Path<String>,
    Sent(typed): Sent<Typed>,
) -> Result<Response, PageError> {
    let key = key.parse().map_err(|_| PageError::NotFound)?;
    let now = visit.portal.clock.now();
    let mut seat = visit.seat().await?;
    let (mut actor, viewer) = seat.enter().await?;
    let known = read_visit(&mut actor, key).await?.ok_or(PageError::NotFound)?;
    if typed.text("do") == "find" {
        let found = times(&mut actor, &known, &viewer, &typed).await;
        drop(actor);
        return match found {
            Ok(form) => page(&shown(&mut seat, key, now, |steps| Ok(replaced(steps, form))).await?),
            Err(problem) => told(&mut seat, key, now, &typed, problem).await,
        };
    }
    let word = match take(&mut actor, &known, &typed).await {
        Ok(word) => word,
        Err(problem) => {
            drop(actor);
            return told(&mut seat, key, now, &typed, problem).await;
        }
    };
    actor.commit().await?;
    let day = date_of(known.start_at, &viewer.zone)?;
    let is_of_the_day = matches!(typed.text("do"), "check_in" | "complete" | "miss");
    let path = if is_of_the_day { format!("/schedule/days/{day}") } else { format!("/schedule/visits/{key}") };
    Ok(done(&path, word))
}

/// The same page with what is wrong at the step that was asked for.
async fn told(
    seat: &mut Seat,
    key: AppointmentId,
    now: Timestamp,
    typed: &Typed,
    problem: Problem,
) -> Result<Response, PageError> {
    let wanted = if typed.text("do") == "find" { "move" } else { typed.text("do") };
    let instead = |steps: &mut Vec<Step>| {
        let Some(step) = steps.iter_mut().find(|step| step.word == wanted) else {
            return match problem {
                Problem::At(_, sentence) => Ok(Some(sentence)),
                Problem::Rule(broken) => Ok(Some(broken.sentence)),
                Problem::Page(error) => Err(error),
            };
        };
        // Where a time is gone, others are looked for: that form asks something else.
        let form = step.form.clone();
        let form = if typed.text("do") == "move" { form } else { form.filled(typed) };
        step.form = form.told(problem, AT)?;
        Ok(None)
    };
    refused(&shown(seat, key, now, instead).await?)
}

/// Which field a rule is about.
const AT: &[(&str, &str)] = &[
    ("appointment_cancellation_is_explained", "reason"),
    ("cancellation_reason_is_ones_own_to_give", "reason"),
    ("appointment_provider_is_free", "start"),
    ("appointment_patient_is_free", "start"),
];

/// Times that were found, where they were looked for.
fn replaced(steps: &mut [Step], form: Form) -> Option<String> {
    if let Some(step) = steps.iter_mut().find(|step| step.word == "move") {
        step.form = form;
    }
    None
}

/// What can be done with a visit as it stands.
async fn steps(
    actor: &mut Actor<'_>,
    visit: &ScheduledVisit,
    viewer: &Viewer,
    now: Timestamp,
) -> Result<Vec<Step>, PageError> {
    let action = format!("/schedule/visits/{}", visit.appointment);
    let form = |word: &'static str, name| {
        Form::new(word, action.clone(), &viewer.form_token, name).with(FormField::hidden("do", word))
    };
    let step = |word, heading, form| Step { word, heading, form };
    let mut steps = Vec::new();
    match visit.status {
        AppointmentStatus::Held => {
            steps.push(step("confirm", DESK.held, form("confirm", DESK.confirm)));
            steps.push(step("give_back", DESK.give_back, form("give_back", DESK.give_back).grave()));
        }
        AppointmentStatus::Booked => {
            steps.push(step("check_in", DESK.check_in, form("check_in", DESK.check_in)));
            if visit.start_at <= now {
                steps.push(step("miss", DESK.miss, form("miss", DESK.miss).grave()));
            }
            let move_to = finding(actor, visit, viewer).await?;
            steps.push(step("move", DESK.move_it, move_to));
            let reasons = reasons(actor).await?.into_iter();
            let reasons = reasons.map(|reason| (reason.cancellation_reason, reason.title)).collect();
            let cancel = form("cancel", DESK.cancel_it).grave();
            let cancel = cancel.with(FormField::choice("reason", DESK.cancel_why, reasons).required());
            steps.push(step("cancel", DESK.cancel_it, cancel));
        }
        AppointmentStatus::Arrived => {
            steps.push(step("complete", DESK.complete, form("complete", DESK.complete)));
        }
        AppointmentStatus::Completed | AppointmentStatus::Cancelled | AppointmentStatus::NoShow => {}
    }
    Ok(steps)
}

/// Where to look for a time to move it to.
async fn finding(actor: &mut Actor<'_>, visit: &ScheduledVisit, viewer: &Viewer) -> Result<Form, PageError> {
    let action = format!("/schedule/visits/{}", visit.appointment);
    let of = providers(actor, visit.facility).await?;
    Ok(Form::new("move", action, &viewer.form_token, DESK.find_times)
        .with(FormField::hidden("do", "find"))
        .with(FormField::choice("provider", DESK.provider, of).of(visit.provider).required())
        .with(FormField::day("day", DESK.from_day).of(date_of(visit.start_at, &viewer.zone)?).required()))
}

/// The open times of a week from the day that was typed on.
async fn times(actor: &mut Actor<'_>, visit: &ScheduledVisit, viewer: &Viewer, typed: &Typed) -> Result<Form, Problem> {
    let provider: ProviderId = typed.one("provider")?;
    let day: Date = typed.required("day")?.parse().map_err(|_| Problem::at("day", WORDS.field_day))?;
    let (since, until) = span(day, DAYS_SEARCHED, &viewer.zone)?;
    let query = SlotQuery {
        provider,
        facility: visit.facility,
        since,
        until,
        minutes: Some(minutes(visit.start_at, visit.end_at)),
        appointment_type: None,
        video_for: (visit.mode == VisitMode::Telehealth).then_some(visit.patient),
    };
    let slots = open_slots(actor, &query).await?;
    if slots.is_empty() {
        return Err(Problem::at("day", DESK.times_none));
    }
    let action = format!("/schedule/visits/{}", visit.appointment);
    Ok(Form::new("move", action, &viewer.form_token, DESK.move_it)
        .with(FormField::hidden("do", "move"))
        .with(FormField::hidden("provider", provider))
        .with(FormField::choice("start", DESK.open_times, choices(&slots, &viewer.zone)).required()))
}

/// Takes a step; the word of what was done.
async fn take(actor: &mut Actor<'_>, visit: &ScheduledVisit, typed: &Typed) -> Result<&'static str, Problem> {
    let key = visit.appointment;
    let word = match typed.text("do") {
        "confirm" => change(actor, key, AppointmentChange::Confirm).await.map(|()| "booked")?,
        "check_in" => change(actor, key, AppointmentChange::CheckIn).await.map(|()| "saved")?,
        "complete" => change(actor, key, AppointmentChange::Complete).await.map(|()| "saved")?,
        "miss" => change(actor, key, AppointmentChange::Miss).await.map(|()| "saved")?,
        "give_back" => attendance::cancel(actor, key, None).await.map(|_| "cancelled")?,
        "cancel" => attendance::cancel(actor, key, Some(typed.required("reason")?)).await.map(|_| "cancelled")?,
        "move" => {
            let (start, provider) = (typed.number("start")?, typed.one("provider")?);
            let start = Timestamp::from_micros(start).map_err(|_| Problem::at("start", WORDS.field_choice))?;
            let end = start.plus_micros(visit.end_at.micros_since(visit.start_at));
            let provider = Some(provider).filter(|provider| *provider != visit.provider);
            reschedule(actor, key, (start, end), provider).await.map(|()| "saved")?
        }
        _ => return Err(Problem::Page(PageError::Refused(WORDS.form_incomplete.to_owned()))),
    };
    Ok(word)
}
