//! `/patients/{id}/procedures`: what was done to a patient, recorded by who did it; and
//! `/patients/{id}/procedures/{procedure}`: one of them, corrected by whoever read its newest version.
//!
//! # Why
//! A procedure of the same code, name and beginning is the same form, sent twice: it is recorded once.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use jiff::tz::TimeZone;

use super::colleague;
use super::record_view::{Banner, banner};
use super::tried::{Tried, told};
use crate::model::people::{PatientId, ProcedureId};
use crate::model::time::Timestamp;
use crate::portal::answer::{done, page, refused};
use crate::portal::edge::sent::Sent;
use crate::portal::forms::{Form, FormField, Problem, Typed};
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::shown::{formatted, moment, sentence};
use crate::portal::visit::{Seat, Viewer, Visit};
use crate::portal::words::chart::{CHART, ChartWords};
use crate::store::care::actor::Actor;
use crate::store::care::procedure::{
    NewProcedure, ProcedureLine, ProcedureState, add_procedure, change_procedure, procedures,
};
use crate::store::care::record::{Edited, read_summary};

const KINDS: [&str; 4] = ["surgery", "treatment", "therapy", "diagnostic"];
const STATUSES: [&str; 6] = ["preparation", "in_progress", "completed", "stopped", "not_done", "entered_in_error"];

#[derive(Template)]
#[template(path = "pages/chart/procedures.html", config = "src/portal/askama.toml")]
struct ProceduresPage {
    shell: Shell,
    words: &'static ChartWords,
    banner: Banner,
    lines: Vec<LineOfProcedure>,
    heading: &'static str,
    form: Form,
    is_own: bool,
    tab: &'static str,
}

struct LineOfProcedure {
    key: ProcedureId,
    title: String,
    code: String,
    told: String,
    outcome: String,
    is_kept_apart: bool,
}

fn line(line: &ProcedureLine, zone: &TimeZone) -> LineOfProcedure {
    let mut told = vec![sentence(&line.kind), sentence(&line.status).to_lowercase()];
    told.extend(line.during.0.map(|at| moment(at, zone)));
    told.extend([&line.performer, &line.facility].into_iter().flatten().cloned());
    let said: Vec<&str> = [&line.reason, &line.outcome].into_iter().flatten().map(String::as_str).collect();
    LineOfProcedure {
        key: line.procedure_id,
        title: line.title.clone(),
        code: line.code.clone(),
        told: told.join(", "),
        outcome: said.join(" · "),
        is_kept_apart: line.sensitivity.is_some(),
    }
}

/// Which field a rule is about.
const AT: &[(&str, &str)] = &[
    ("procedure_code_is_snomed", "code"),
    ("procedure_title_is_some", "title"),
    ("procedure_has_a_time_once_begun", "began_at"),
    ("procedure_is_over_once_completed", "ended_at"),
    ("procedure_period_is_half_open", "ended_at"),
    ("procedure_not_done_says_why", "reason"),
    ("procedure_facility_fkey", "facility"),
];

/// A moment as a form has it.
fn shown_as(at: Option<Timestamp>, zone: &TimeZone) -> String {
    at.map(|at| formatted(at, zone, "%Y-%m-%dT%H:%M")).unwrap_or_default()
}

/// Fields that are asked for in both forms.
fn state_fields(form: Form, line: Option<&ProcedureLine>, zone: &TimeZone) -> Form {
    let typed = |at| shown_as(at, zone);
    let (began, ended) = line.map_or((None, None), |line| line.during);
    let status = line.map_or("completed", |line| line.status.as_str());
    let of = |text: Option<&String>| text.cloned().unwrap_or_default();
    form.with(FormField::word("status", CHART.procedure_status, &STATUSES).of(status).required())
        .with(FormField::moment("began_at", CHART.began).of(typed(began)))
        .with(FormField::moment("ended_at", CHART.ended).of(typed(ended)))
        .with(FormField::line("reason", CHART.procedure_reason).of(of(line.and_then(|line| line.reason.as_ref()))))
        .with(
            FormField::lines("outcome", CHART.procedure_outcome)
                .of(of(line.and_then(|line| line.outcome.as_ref())))
                .at_most(2_000),
        )
}

async fn recording(
    actor: &mut Actor<'_>,
    patient: PatientId,
    viewer: &Viewer,
    typed: Option<&Typed>,
) -> Result<Form, PageError> {
    let chosen = typed.and_then(|typed| typed.maybe("facility").ok().flatten());
    let places = colleague::facilities(actor, typed.and_then(colleague::sought), chosen).await?;
    let places = places.into_iter().map(|(key, name)| (key.to_string(), name)).collect();
    let form = Form::new("record", format!("/patients/{patient}/procedures"), &viewer.form_token, CHART.add)
        .finding(colleague::SOUGHT, CHART.find)
        .with(FormField::line("title", CHART.title).required())
        .with(FormField::line("code", CHART.procedure_code).at_most(20).required())
        .with(FormField::word("kind", CHART.request_category, &KINDS).required());
    let form = state_fields(form, None, &viewer.zone);
    Ok(form.with(colleague::asking(CHART.procedure_place_begins)).with(FormField::choice(
        "facility",
        CHART.facility,
        places,
    )))
}

fn changing(patient: PatientId, viewer: &Viewer, line: &ProcedureLine) -> Form {
    let action = format!("/patients/{patient}/procedures/{}", line.procedure_id);
    let form =
        Form::new("change", action, &viewer.form_token, CHART.save).with(FormField::hidden("version", line.version));
    state_fields(form, Some(line), &viewer.zone)
}

async fn shown(
    visit: &Visit,
    seat: &mut Seat,
    (patient, procedure): (PatientId, Option<ProcedureId>),
    tried: Option<Tried>,
) -> Result<ProceduresPage, PageError> {
    let now = visit.portal.clock.now();
    let (mut actor, viewer) = seat.enter().await?;
    let record = read_summary(&mut actor, patient).await?.ok_or(PageError::NotFound)?;
    let all = procedures(&mut actor, patient).await?;
    let form = match procedure {
        None => recording(&mut actor, patient, &viewer, tried.as_ref().map(|tried| &tried.typed)).await?,
        Some(procedure) => {
            let changed = all.iter().find(|line| line.procedure_id == procedure);
            changing(patient, &viewer, changed.ok_or(PageError::NotFound)?)
        }
    };
    Ok(ProceduresPage {
        shell: viewer.shell(CHART.procedures_title),
        words: &CHART,
        banner: banner(&record, now, &viewer.zone),
        lines: all.iter().map(|one| line(one, &viewer.zone)).collect(),
        heading: if procedure.is_some() { CHART.procedure_change } else { CHART.procedure_add },
        form: told(tried, form, AT)?,
        is_own: false,
        tab: "procedures",
    })
}

/// Shows them, with a form for another.
pub(super) async fn get(visit: Visit, Path(patient): Path<String>) -> Result<Response, PageError> {
    let patient = patient.parse().map_err(|_| PageError::NotFound)?;
    page(&shown(&visit, &mut visit.seat().await?, (patient, None), None).await?)
}

/// Records one, or finds a place for the form.
pub(super) async fn post(
    visit: Visit,
    Path(patient): Path<String>,
    Sent(typed): Sent<Typed>,
) -> Result<Response, PageError> {
    let patient = patient.parse().map_err(|_| PageError::NotFound)?;
    let _turn = visit.turn().await;
    let mut seat = visit.seat().await?;
    let (mut actor, viewer) = seat.enter().await?;
    if typed.is_checked("find") {
        let places = colleague::facilities(&mut actor, colleague::sought(&typed), None).await?;
        drop(actor);
        let tried = Tried::searched(typed, colleague::none_found(places.is_empty()));
        return page(&shown(&visit, &mut seat, (patient, None), Some(tried)).await?);
    }
    match add(&mut actor, patient, &viewer, &typed).await {
        Ok(()) => {
            actor.commit().await?;
            Ok(done(&format!("/patients/{patient}/procedures"), "saved"))
        }
        Err(problem) => {
            drop(actor);
            refused(&shown(&visit, &mut seat, (patient, None), Some(Tried::refused(typed, problem))).await?)
        }
    }
}

fn state_of<'a>(typed: &'a Typed, zone: &TimeZone) -> Result<ProcedureState<'a>, Problem> {
    Ok(ProcedureState {
        status: typed.required("status")?,
        during: (typed.maybe_moment("began_at", zone)?, typed.maybe_moment("ended_at", zone)?),
        reason: typed.some("reason"),
        outcome: typed.some("outcome"),
    })
}

async fn add(actor: &mut Actor<'_>, patient: PatientId, viewer: &Viewer, typed: &Typed) -> Result<(), Problem> {
    let new = NewProcedure {
        kind: typed.required("kind")?,
        code: typed.required("code")?,
        title: typed.required("title")?,
        facility: typed.maybe("facility")?,
        state: state_of(typed, &viewer.zone)?,
    };
    let known = procedures(actor, patient).await?;
    let is_same = |line: &ProcedureLine| {
        line.status != "entered_in_error"
            && line.code == new.code
            && line.title == new.title
            && line.during.0 == new.state.during.0
    };
    if !known.iter().any(is_same) {
        add_procedure(actor, patient, &new).await?;
    }
    Ok(())
}

/// Shows one of them, to be corrected.
pub(super) async fn get_one(visit: Visit, Path(keys): Path<(String, String)>) -> Result<Response, PageError> {
    let (patient, procedure) = parsed(&keys)?;
    page(&shown(&visit, &mut visit.seat().await?, (patient, Some(procedure)), None).await?)
}

/// Corrects it; where somebody was faster, both versions are shown.
pub(super) async fn post_one(
    visit: Visit,
    Path(keys): Path<(String, String)>,
    Sent(typed): Sent<Typed>,
) -> Result<Response, PageError> {
    let (patient, procedure) = parsed(&keys)?;
    let mut seat = visit.seat().await?;
    let (mut actor, viewer) = seat.enter().await?;
    let why = change(&mut actor, (patient, procedure), &viewer, &typed).await;
    if matches!(why, Ok(Edited::Saved(_))) {
        actor.commit().await?;
        return Ok(done(&format!("/patients/{patient}/procedures"), "saved"));
    }
    drop(actor);
    refused(&shown(&visit, &mut seat, (patient, Some(procedure)), Some(Tried { typed, why })).await?)
}

fn parsed((patient, procedure): &(String, String)) -> Result<(PatientId, ProcedureId), PageError> {
    let patient = patient.parse().map_err(|_| PageError::NotFound)?;
    Ok((patient, procedure.parse().map_err(|_| PageError::NotFound)?))
}

async fn change(
    actor: &mut Actor<'_>,
    (patient, procedure): (PatientId, ProcedureId),
    viewer: &Viewer,
    typed: &Typed,
) -> Result<Edited, Problem> {
    let (version, mut state) = (typed.number("version")?, state_of(typed, &viewer.zone)?);
    let all = procedures(actor, patient).await?;
    if let Some(known) = all.iter().find(|line| line.procedure_id == procedure) {
        // A form has minutes: what nobody has changed keeps its seconds.
        let kept = |typed: Option<Timestamp>, known: Option<Timestamp>| {
            known.filter(|known| shown_as(typed, &viewer.zone) == shown_as(Some(*known), &viewer.zone)).or(typed)
        };
        state.during = (kept(state.during.0, known.during.0), kept(state.during.1, known.during.1));
    }
    Ok(change_procedure(actor, procedure, version, state).await?)
}
