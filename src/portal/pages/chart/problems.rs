//! `/patients/{id}/problems`: problems, also those that are over, added by whoever found them;
//! `/patients/{id}/problems/{problem}`: one of them, changed by whoever read its newest version.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;

use super::record_view::{Banner, banner};
use super::tried::{Tried, told};
use crate::model::people::{
    ClinicalStatus, ConditionCodeSystem, ConditionId, ConditionSeverity, PatientId, VerificationStatus,
};
use crate::portal::answer::{done, page, refused};
use crate::portal::edge::sent::Sent;
use crate::portal::forms::{Form, FormField, Problem, Typed};
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::shown::{day, sentence};
use crate::portal::visit::{Seat, Viewer, Visit};
use crate::portal::words::WORDS;
use crate::portal::words::chart::{CHART, ChartWords};
use crate::store::care::actor::Actor;
use crate::store::care::charting::{NewCondition, add_condition};
use crate::store::care::record::{ConditionChange, Edited, change_condition, read_summary};
use crate::store::care::whole_chart::{ConditionOfChart, conditions};

#[derive(Template)]
#[template(path = "pages/chart/problems.html", config = "src/portal/askama.toml")]
struct ProblemsPage {
    shell: Shell,
    words: &'static ChartWords,
    banner: Banner,
    lines: Vec<ProblemLine>,
    over: Vec<ProblemLine>,
    heading: &'static str,
    form: Form,
    is_own: bool,
    tab: &'static str,
}

struct ProblemLine {
    key: ConditionId,
    title: String,
    code: String,
    status: String,
    since: Option<String>,
    until: Option<String>,
    is_kept_apart: bool,
}

fn line(line: &ConditionOfChart) -> ProblemLine {
    let mut told = vec![line.clinical_status.as_str(), line.verification_status.as_str()];
    told.extend(line.severity.map(ConditionSeverity::as_str));
    ProblemLine {
        key: line.condition_id,
        title: line.title.clone(),
        code: line.code.clone(),
        status: sentence(&told.join(", ")),
        since: line.onset_on.map(day),
        until: line.abated_on.map(day),
        is_kept_apart: line.sensitivity.is_some(),
    }
}

/// The page with a form: for another problem, or for one that is changed.
async fn shown(
    visit: &Visit,
    seat: &mut Seat,
    (patient, problem): (PatientId, Option<ConditionId>),
    tried: Option<Tried>,
) -> Result<ProblemsPage, PageError> {
    let now = visit.portal.clock.now();
    let (mut actor, viewer) = seat.enter().await?;
    let record = read_summary(&mut actor, patient).await?.ok_or(PageError::NotFound)?;
    let all = conditions(&mut actor, patient).await?;
    let form = match problem {
        None => adding(patient, &viewer),
        Some(problem) => {
            let changed = all.iter().find(|line| line.condition_id == problem);
            changing(patient, &viewer, changed.ok_or(PageError::NotFound)?)
        }
    };
    Ok(ProblemsPage {
        shell: viewer.shell(WORDS.problems),
        words: &CHART,
        banner: banner(&record, now, &viewer.zone),
        lines: all.iter().filter(|line| line.stands()).map(line).collect(),
        over: all.iter().filter(|line| !line.stands()).map(line).collect(),
        heading: if problem.is_some() { CHART.problem_change } else { CHART.problem_add },
        form: told(tried, form, AT)?,
        is_own: false,
        tab: "problems",
    })
}

/// Shows them, with a form for another.
pub(super) async fn get(visit: Visit, Path(patient): Path<String>) -> Result<Response, PageError> {
    let patient = patient.parse().map_err(|_| PageError::NotFound)?;
    page(&shown(&visit, &mut visit.seat().await?, (patient, None), None).await?)
}

/// Adds one.
pub(super) async fn post(
    visit: Visit,
    Path(patient): Path<String>,
    Sent(typed): Sent<Typed>,
) -> Result<Response, PageError> {
    let patient = patient.parse().map_err(|_| PageError::NotFound)?;
    let mut seat = visit.seat().await?;
    let (mut actor, _) = seat.enter().await?;
    match add(&mut actor, patient, &typed).await {
        Ok(_) => {
            actor.commit().await?;
            Ok(done(&format!("/patients/{patient}/problems"), "saved"))
        }
        Err(problem) => {
            drop(actor);
            let tried = Tried::refused(typed, problem);
            refused(&shown(&visit, &mut seat, (patient, None), Some(tried)).await?)
        }
    }
}

/// Which field a rule is about.
const AT: &[(&str, &str)] = &[
    ("condition_code_fits_its_system", "code"),
    ("condition_is_listed_once", "code"),
    ("condition_is_over_once_abated", "abated_on"),
    ("condition_abates_after_onset", "abated_on"),
];

fn adding(patient: PatientId, viewer: &Viewer) -> Form {
    Form::new("add", format!("/patients/{patient}/problems"), &viewer.form_token, CHART.add)
        .with(FormField::line("title", CHART.title).required())
        .with(FormField::word("code_system", CHART.code_system, ConditionCodeSystem::ALL).of("icd10").required())
        .with(FormField::line("code", CHART.code).required().at_most(20))
        .with(FormField::word("clinical_status", CHART.clinical_status, ClinicalStatus::ALL).of("active").required())
        .with(FormField::word("verification_status", CHART.verification_status, VerificationStatus::ALL).required())
        .with(FormField::word("severity", CHART.severity, ConditionSeverity::ALL))
        .with(FormField::day("onset_on", CHART.onset_on))
        .with(FormField::lines("note", CHART.note).at_most(2_000))
}

async fn add(actor: &mut Actor<'_>, patient: PatientId, typed: &Typed) -> Result<ConditionId, Problem> {
    let condition = NewCondition {
        encounter: None,
        code_system: typed.one("code_system")?,
        code: typed.required("code")?,
        title: typed.required("title")?,
        clinical_status: typed.one("clinical_status")?,
        verification_status: typed.one("verification_status")?,
        severity: typed.maybe("severity")?,
        onset_on: typed.maybe_day("onset_on")?,
        note: typed.some("note"),
        sensitivity: None,
    };
    Ok(add_condition(actor, patient, &condition).await?)
}

/// Shows one of them, to be changed.
pub(super) async fn get_one(
    visit: Visit,
    Path((patient, problem)): Path<(String, String)>,
) -> Result<Response, PageError> {
    let (patient, problem) = keys(&patient, &problem)?;
    page(&shown(&visit, &mut visit.seat().await?, (patient, Some(problem)), None).await?)
}

/// Changes it; where somebody was faster, both versions are shown.
pub(super) async fn post_one(
    visit: Visit,
    Path((patient, problem)): Path<(String, String)>,
    Sent(typed): Sent<Typed>,
) -> Result<Response, PageError> {
    let (patient, problem) = keys(&patient, &problem)?;
    let mut seat = visit.seat().await?;
    let (mut actor, _) = seat.enter().await?;
    let why = change(&mut actor, problem, &typed).await;
    if matches!(why, Ok(Edited::Saved(_))) {
        actor.commit().await?;
        return Ok(done(&format!("/patients/{patient}/problems"), "saved"));
    }
    drop(actor);
    refused(&shown(&visit, &mut seat, (patient, Some(problem)), Some(Tried { typed, why })).await?)
}

fn keys(patient: &str, problem: &str) -> Result<(PatientId, ConditionId), PageError> {
    let patient = patient.parse().map_err(|_| PageError::NotFound)?;
    Ok((patient, problem.parse().map_err(|_| PageError::NotFound)?))
}

fn changing(patient: PatientId, viewer: &Viewer, line: &ConditionOfChart) -> Form {
    let action = format!("/patients/{patient}/problems/{}", line.condition_id);
    let (status, verified) = (line.clinical_status, line.verification_status);
    Form::new("change", action, &viewer.form_token, CHART.save)
        .with(FormField::hidden("version", line.version))
        .with(FormField::word("clinical_status", CHART.clinical_status, ClinicalStatus::ALL).of(status).required())
        .with(
            FormField::word("verification_status", CHART.verification_status, VerificationStatus::ALL)
                .of(verified)
                .required(),
        )
        .with(
            FormField::day("abated_on", CHART.abated_on)
                .of(line.abated_on.map(|day| day.to_string()).unwrap_or_default()),
        )
}

async fn change(actor: &mut Actor<'_>, problem: ConditionId, typed: &Typed) -> Result<Edited, Problem> {
    let change = ConditionChange {
        clinical_status: typed.one("clinical_status")?,
        verification_status: typed.one("verification_status")?,
        abated_on: typed.maybe_day("abated_on")?,
    };
    Ok(change_condition(actor, problem, typed.number("version")?, change).await?)
}
