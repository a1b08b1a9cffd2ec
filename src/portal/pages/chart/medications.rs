//! `/patients/{id}/medications`: what is taken now and how regularly, and what was; and
//! `/patients/{id}/medications/{prescription}`: one prescription, stopped with a reason by whoever read its newest
//! version.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;

use super::record_view::{Banner, banner};
use super::tried::{Tried, told};
use crate::model::people::{PatientId, PrescriptionId};
use crate::model::time::Timestamp;
use crate::portal::answer::{done, page, refused};
use crate::portal::edge::sent::Sent;
use crate::portal::forms::{Form, FormField, Problem, Typed};
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::shown::{day, exact, number, sentence, unit_of};
use crate::portal::visit::{Seat, Viewer, Visit};
use crate::portal::words::chart::{CHART, ChartWords};
use crate::store::care::actor::Actor;
use crate::store::care::medication::stop_prescription;
use crate::store::care::outcome::{Adherence, adherence};
use crate::store::care::record::{Edited, read_summary};
use crate::store::care::whole_chart::{PrescriptionOfChart, prescriptions};

/// Over which time it is counted how regularly a medicine was fetched.
const ADHERENCE_DAYS: i64 = 365;

#[derive(Template)]
#[template(path = "pages/chart/medications.html", config = "src/portal/askama.toml")]
struct MedicationsPage {
    shell: Shell,
    words: &'static ChartWords,
    banner: Banner,
    lines: Vec<MedicationLine>,
    over: Vec<MedicationLine>,
    /// One that is to be stopped, and the form for it.
    stopped: Option<(String, Form)>,
    is_own: bool,
    tab: &'static str,
}

struct MedicationLine {
    key: PrescriptionId,
    name: String,
    dose: String,
    instructions: String,
    from: String,
    until: String,
    /// What is not simply active, and why.
    status: Option<String>,
    in_spite: Option<String>,
    adherence: Option<String>,
    is_kept_apart: bool,
}

/// A dose as people say it: `2 tablets, oral, every 8 hours`.
pub(in crate::portal) fn dose(line: &PrescriptionOfChart) -> String {
    let units = CHART.units_of_time(line.per_unit);
    let often = match (line.times, line.per_amount == 1.0) {
        (None, _) => CHART.as_needed.to_owned(),
        (Some(1), true) => format!("{} {}", CHART.once_a, line.per_unit),
        (Some(1), false) => format!("{} {} {units}", CHART.every, exact(line.per_amount)),
        (Some(times), true) => format!("{times} {} {}", CHART.times_a, line.per_unit),
        (Some(times), false) => format!("{times} {} {} {units}", CHART.times_in, exact(line.per_amount)),
    };
    let quantity = line.dose_quantity;
    format!("{} {}, {}, {often}", exact(quantity), unit_of(quantity, &line.dose_unit), line.route)
}

fn line(line: &PrescriptionOfChart, fetched: &[Adherence]) -> MedicationLine {
    let status = match (&line.status_reason, line.status.as_str()) {
        (_, "active") if line.runs => None,
        (Some(reason), status) => Some(format!("{}: {reason}", sentence(status))),
        (None, status) => Some(sentence(status)),
    };
    let told = |found: &Adherence| {
        let share = number((found.pdc * 100.0).round());
        format!("{share} % {} {} {}", CHART.days_covered, found.treatment_days, CHART.days)
    };
    MedicationLine {
        key: line.prescription_id,
        name: line.name.clone(),
        dose: dose(line),
        instructions: line.instructions.clone(),
        from: day(line.from_on),
        until: day(line.until_on),
        status,
        in_spite: line.override_reason.clone(),
        adherence: fetched.iter().find(|found| line.runs && found.ingredient == line.ingredient).map(told),
        is_kept_apart: line.sensitivity.is_some(),
    }
}

async fn shown(
    visit: &Visit,
    seat: &mut Seat,
    (patient, stopped): (PatientId, Option<PrescriptionId>),
    tried: Option<Tried>,
) -> Result<MedicationsPage, PageError> {
    let now = visit.portal.clock.now();
    let (mut actor, viewer) = seat.enter().await?;
    let record = read_summary(&mut actor, patient).await?.ok_or(PageError::NotFound)?;
    let all = prescriptions(&mut actor, patient).await?;
    let fetched = fetched(&mut actor, patient, now).await?;
    let stopped = match stopped {
        None => None,
        Some(key) => {
            let found = all.iter().find(|line| line.prescription_id == key).ok_or(PageError::NotFound)?;
            Some((format!("{}, {}", found.name, dose(found)), told(tried, stopping(patient, &viewer, found), AT)?))
        }
    };
    Ok(MedicationsPage {
        shell: viewer.shell(CHART.medications_title),
        words: &CHART,
        banner: banner(&record, now, &viewer.zone),
        lines: all.iter().filter(|found| found.runs).map(|found| line(found, &fetched)).collect(),
        over: all.iter().filter(|found| !found.runs).map(|found| line(found, &fetched)).collect(),
        stopped,
        is_own: false,
        tab: "medications",
    })
}

async fn fetched(actor: &mut Actor<'_>, patient: PatientId, now: Timestamp) -> Result<Vec<Adherence>, PageError> {
    Ok(adherence(actor, now.day().plus(-ADHERENCE_DAYS), now.day(), Some(patient)).await?)
}

/// Shows what is taken.
pub(super) async fn get(visit: Visit, Path(patient): Path<String>) -> Result<Response, PageError> {
    let patient = patient.parse().map_err(|_| PageError::NotFound)?;
    page(&shown(&visit, &mut visit.seat().await?, (patient, None), None).await?)
}

/// Shows one of them, to be stopped.
pub(super) async fn get_one(visit: Visit, Path(keys): Path<(String, String)>) -> Result<Response, PageError> {
    let (patient, key) = parsed(&keys)?;
    page(&shown(&visit, &mut visit.seat().await?, (patient, Some(key)), None).await?)
}

/// Stops it.
pub(super) async fn post_one(
    visit: Visit,
    Path(keys): Path<(String, String)>,
    Sent(typed): Sent<Typed>,
) -> Result<Response, PageError> {
    let (patient, key) = parsed(&keys)?;
    let mut seat = visit.seat().await?;
    let (mut actor, _) = seat.enter().await?;
    let why = stop(&mut actor, key, &typed).await;
    if matches!(why, Ok(Edited::Saved(_))) {
        actor.commit().await?;
        return Ok(done(&format!("/patients/{patient}/medications"), "ended"));
    }
    drop(actor);
    refused(&shown(&visit, &mut seat, (patient, Some(key)), Some(Tried { typed, why })).await?)
}

fn parsed((patient, key): &(String, String)) -> Result<(PatientId, PrescriptionId), PageError> {
    let patient = patient.parse().map_err(|_| PageError::NotFound)?;
    Ok((patient, key.parse().map_err(|_| PageError::NotFound)?))
}

/// Which field a rule is about.
const AT: &[(&str, &str)] = &[("prescription_stop_says_why", "reason")];

fn stopping(patient: PatientId, viewer: &Viewer, line: &PrescriptionOfChart) -> Form {
    let action = format!("/patients/{patient}/medications/{}", line.prescription_id);
    Form::new("stop", action, &viewer.form_token, CHART.stop)
        .with(FormField::hidden("version", line.version))
        .with(FormField::line("reason", CHART.stop_reason).required())
        .grave()
}

async fn stop(actor: &mut Actor<'_>, key: PrescriptionId, typed: &Typed) -> Result<Edited, Problem> {
    Ok(stop_prescription(actor, key, typed.number("version")?, typed.required("reason")?).await?)
}
