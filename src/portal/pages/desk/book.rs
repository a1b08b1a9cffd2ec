//! `/schedule/book/{id}`: a time for a patient: with whom and from which day on, then one of the open times, which is
//! held and booked at once; or a place on the wait-list where none is open. Beside it the patient's account is
//! opened. The page begins with who it is: somebody whom the desk has not met is nobody here.
//!
//! Two at once for the same time are one visit: the patient is there already, so the second is told where.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use jiff::civil::Date;

use super::patient_account::{AccountCard, given};
use super::times::{DAYS_SEARCHED, choices, date_of, providers, span, who, workplace};
use crate::model::people::{AppointmentId, AppointmentStatus, FacilityId, PatientId, ProviderId, VisitMode};
use crate::model::time::Timestamp;
use crate::portal::answer::{done, page, refused};
use crate::portal::edge::sent::Sent;
use crate::portal::forms::{Form, FormField, Problem, Typed};
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::shown::birth;
use crate::portal::visit::{Seat, Viewer, Visit};
use crate::portal::words::WORDS;
use crate::portal::words::desk::{DESK, DeskWords};
use crate::store::care::actor::Actor;
use crate::store::care::desk::{person, visits};
use crate::store::care::schedule::{AppointmentChange, AppointmentRequest, SlotQuery, change, hold, open_slots};
use crate::store::care::waitlist::{WaitlistRequest, join};
use crate::store::care::{appointment_type, schedule};

#[derive(Template)]
#[template(path = "pages/desk/book.html", config = "src/portal/askama.toml")]
struct BookPage {
    shell: Shell,
    words: &'static DeskWords,
    /// Family name and given names.
    name: String,
    born: String,
    town: Option<String>,
    find: Form,
    /// Open times, where they were looked for.
    take: Option<Form>,
    /// Where there is none.
    wait: Option<Form>,
    account: AccountCard,
}

/// Shows what to look for.
pub(super) async fn get(visit: Visit, Path(patient): Path<String>) -> Result<Response, PageError> {
    let patient: PatientId = patient.parse().map_err(|_| PageError::NotFound)?;
    let now = visit.portal.clock.now();
    let mut seat = visit.seat().await?;
    page(&shown(&mut seat, patient, now, &Typed::default(), None).await?)
}

/// Looks for times, books one, or joins the wait-list.
pub(super) async fn post(
    visit: Visit,
    Path(patient): Path<String>,
    Sent(typed): Sent<Typed>,
) -> Result<Response, PageError> {
    let patient: PatientId = patient.parse().map_err(|_| PageError::NotFound)?;
    let now = visit.portal.clock.now();
    let mut seat = visit.seat().await?;
    let problem = match typed.text("do") {
        "take" => match take(&mut seat, patient, &typed).await {
            Ok(booked) => return Ok(done(&format!("/schedule/visits/{booked}"), "booked")),
            Err(problem) => Some(problem),
        },
        "wait" => match wait(&mut seat, patient, &typed).await {
            Ok(()) => return Ok(done("/schedule/waiting", "saved")),
            Err(problem) => Some(problem),
        },
        "account" | "link" => {
            let came = given(&mut seat, &visit, patient, &typed).await;
            let is_refused = came.is_err();
            let mut shown = shown(&mut seat, patient, now, &Typed::default(), None).await?;
            shown.account = shown.account.told(&typed, came)?;
            return if is_refused { refused(&shown) } else { page(&shown) };
        }
        _ => None,
    };
    let is_refused = problem.is_some();
    let shown = shown(&mut seat, patient, now, &typed, problem).await?;
    if is_refused { refused(&shown) } else { page(&shown) }
}

/// The page: with open times where it was said for what.
async fn shown(
    seat: &mut Seat,
    patient: PatientId,
    now: Timestamp,
    typed: &Typed,
    problem: Option<Problem>,
) -> Result<BookPage, PageError> {
    let (mut actor, viewer) = seat.enter().await?;
    let whose = person(&mut actor, patient).await?.ok_or(PageError::NotFound)?;
    let facility = workplace(&mut actor).await?.facility;
    let mut find = finding(&mut actor, patient, facility, now, &viewer).await?;
    let (mut take, mut wait) = (None, None);
    if typed.some("do").is_some() {
        find = find.filled(typed);
        match times(&mut actor, patient, facility, &viewer, typed).await {
            Ok(slots) if slots.is_empty() => wait = Some(waiting(patient, &viewer, typed)),
            Ok(slots) => take = Some(taking(patient, &viewer, typed, slots)),
            Err(problem) => find = find.told(problem, &[])?,
        }
    }
    if let Some(problem) = problem {
        match (take.take(), wait.take()) {
            (Some(form), _) => take = Some(form.told(problem, AT)?),
            (None, Some(form)) => wait = Some(form.told(problem, &[])?),
            (None, None) => find = find.told(problem, &[])?,
        }
    }
    Ok(BookPage {
        shell: viewer.shell(DESK.book),
        words: &DESK,
        name: who(&whose.name),
        born: birth(whose.born_on.as_ref()),
        town: whose.town,
        find,
        take,
        wait,
        account: AccountCard::of(patient, &viewer),
    })
}

/// Which field a rule is about.
const AT: &[(&str, &str)] = &[("appointment_provider_is_free", "start"), ("appointment_patient_is_free", "start")];

async fn finding(
    actor: &mut Actor<'_>,
    patient: PatientId,
    facility: FacilityId,
    now: Timestamp,
    viewer: &Viewer,
) -> Result<Form, PageError> {
    let kinds = appointment_type::list(actor).await?.into_iter();
    let kinds: Vec<_> = kinds.map(|kind| (kind.appointment_type, kind.title)).collect();
    Ok(Form::new("find", format!("/schedule/book/{patient}"), &viewer.form_token, DESK.find_times)
        .with(FormField::hidden("do", "find"))
        .with(FormField::choice("provider", DESK.provider, providers(actor, facility).await?).required())
        .with(FormField::choice("kind", DESK.kind, kinds))
        .with(FormField::number("minutes", DESK.minutes, "5").hint(DESK.minutes_hint))
        .with(FormField::word("mode", DESK.mode, VisitMode::ALL).of(VisitMode::InPerson).required())
        .with(FormField::day("day", DESK.from_day).of(date_of(now, &viewer.zone)?).required()))
}

fn date(typed: &Typed, name: &'static str) -> Result<Date, Problem> {
    typed.required(name)?.parse().map_err(|_| Problem::at(name, WORDS.field_day))
}

/// Open times of the week that was asked for.
async fn times(
    actor: &mut Actor<'_>,
    patient: PatientId,
    facility: FacilityId,
    viewer: &Viewer,
    typed: &Typed,
) -> Result<Vec<(String, String)>, Problem> {
    let (provider, mode): (ProviderId, VisitMode) = (typed.one("provider")?, typed.one("mode")?);
    let (since, until) = span(date(typed, "day")?, DAYS_SEARCHED, &viewer.zone)?;
    let kind = typed.some("kind");
    let minutes = typed.some("minutes").map(|_| typed.number("minutes")).transpose()?;
    if kind.is_none() && minutes.is_none() {
        return Err(Problem::at("kind", DESK.kind_or_minutes));
    }
    let query = SlotQuery {
        provider,
        facility,
        since,
        until,
        minutes,
        appointment_type: kind,
        video_for: (mode == VisitMode::Telehealth).then_some(patient),
    };
    let slots: Vec<schedule::Slot> = open_slots(actor, &query).await?;
    let length = |slot: &schedule::Slot| slot.end_at.micros().to_string();
    let named = choices(&slots, &viewer.zone).into_iter().zip(&slots);
    Ok(named.map(|((start, name), slot)| (format!("{start}-{}", length(slot)), name)).collect())
}

/// What was looked for, to be sent again with what is chosen.
fn carried(mut form: Form, typed: &Typed) -> Form {
    for name in ["provider", "kind", "minutes", "mode", "day"] {
        form = form.with(FormField::hidden(name, typed.text(name)));
    }
    form
}

fn taking(patient: PatientId, viewer: &Viewer, typed: &Typed, slots: Vec<(String, String)>) -> Form {
    let form = Form::new("take", format!("/schedule/book/{patient}"), &viewer.form_token, DESK.book_it);
    carried(form.with(FormField::hidden("do", "take")), typed)
        .with(FormField::choice("start", DESK.open_times, slots).of(typed.text("start")).required())
        .with(FormField::line("reason", DESK.reason).of(typed.text("reason")))
}

fn waiting(patient: PatientId, viewer: &Viewer, typed: &Typed) -> Form {
    let form = Form::new("wait", format!("/schedule/book/{patient}"), &viewer.form_token, DESK.wait_join);
    carried(form.with(FormField::hidden("do", "wait")), typed)
        .with(FormField::number("wait_minutes", DESK.minutes, "5").of("30").required())
        .with(FormField::day("until", DESK.wait_until).of(typed.text("until")).required())
        .with(FormField::check("anybody", DESK.wait_anybody).of(typed.text("anybody")))
}

/// Holds a time and books it; where the very visit is there already, that one.
async fn take(seat: &mut Seat, patient: PatientId, typed: &Typed) -> Result<AppointmentId, Problem> {
    let (mut actor, _) = seat.enter().await?;
    person(&mut actor, patient).await?.ok_or(PageError::NotFound)?;
    let facility = workplace(&mut actor).await?.facility;
    let wrong = || Problem::at("start", WORDS.field_choice);
    let (start, end) = typed.required("start")?.split_once('-').ok_or_else(wrong)?;
    let at = |text: &str| text.parse().ok().and_then(|micros| Timestamp::from_micros(micros).ok()).ok_or_else(wrong);
    let (start_at, end_at): (Timestamp, Timestamp) = (at(start)?, at(end)?);
    let request = AppointmentRequest {
        patient,
        provider: typed.one("provider")?,
        facility,
        room: None,
        start_at,
        end_at: typed.some("minutes").map(|_| end_at),
        mode: typed.one("mode")?,
        reason: typed.some("reason").map(str::to_owned),
        appointment_type: typed.some("kind").map(str::to_owned),
    };
    let held = hold(&mut actor, &request).await;
    let error = match held {
        Ok(held) => {
            change(&mut actor, held, AppointmentChange::Confirm).await?;
            actor.commit().await?;
            return Ok(held);
        }
        Err(error) => error,
    };
    drop(actor);
    let (mut actor, _) = seat.enter().await?;
    let there = visits(&mut actor, start_at, end_at).await?.into_iter().find(|visit| {
        (visit.patient, visit.provider, visit.start_at) == (patient, request.provider, start_at)
            && matches!(visit.status, AppointmentStatus::Held | AppointmentStatus::Booked)
    });
    there.map(|visit| visit.appointment).ok_or_else(|| error.into())
}

/// Joins the wait-list.
async fn wait(seat: &mut Seat, patient: PatientId, typed: &Typed) -> Result<(), Problem> {
    let (mut actor, viewer) = seat.enter().await?;
    person(&mut actor, patient).await?.ok_or(PageError::NotFound)?;
    let facility = workplace(&mut actor).await?.facility;
    let (since, _) = span(date(typed, "day")?, 1, &viewer.zone)?;
    let (_, until) = span(date(typed, "until")?, 1, &viewer.zone)?;
    let request = WaitlistRequest {
        patient,
        facility,
        provider: if typed.is_checked("anybody") { None } else { Some(typed.one("provider")?) },
        minutes: typed.number("wait_minutes")?,
        since,
        until,
        mode: typed.one("mode")?,
    };
    join(&mut actor, &request).await?;
    actor.commit().await?;
    Ok(())
}
