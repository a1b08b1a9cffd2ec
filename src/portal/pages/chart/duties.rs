//! `/worklist/tasks/{task}`: a task taken, or ended with what came of it; `/worklist/alerts/{alert}`: an alert
//! answered.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;

use super::tried::{Tried, told};
use crate::model::people::{AlertId, PatientId, TaskId, TaskStatus};
use crate::portal::answer::{done, page, refused};
use crate::portal::edge::sent::Sent;
use crate::portal::forms::{Form, FormField, Problem, Typed};
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::visit::{Seat, Visit};
use crate::portal::words::WORDS;
use crate::portal::words::chart::{CHART, ChartWords};
use crate::store::care::actor::Actor;
use crate::store::care::alert::{self, AlertAnswer};
use crate::store::care::record::Edited;
use crate::store::care::task;

use super::alerts_view::alert_line;
use super::worklist::task_line;

/// As many as an inbox holds.
const TASKS: u16 = 500;
/// How a task ends.
const ENDS: [TaskStatus; 4] =
    [TaskStatus::Completed, TaskStatus::OnHold, TaskStatus::Cancelled, TaskStatus::EnteredInError];
/// How an alert is answered.
const ANSWERS: [AlertAnswer; 3] = [AlertAnswer::Acknowledged, AlertAnswer::Resolved, AlertAnswer::Dismissed];

#[derive(Template)]
#[template(path = "pages/chart/duty.html", config = "src/portal/askama.toml")]
struct DutyPage {
    shell: Shell,
    words: &'static ChartWords,
    patient: PatientId,
    name: String,
    told: String,
    /// Whether it is to answer a message.
    is_message: bool,
    form: Form,
}

async fn task_page(seat: &mut Seat, key: TaskId, tried: Option<Tried>) -> Result<DutyPage, PageError> {
    let (mut actor, viewer) = seat.enter().await?;
    let tasks = task::inbox(&mut actor, TASKS).await?;
    let task = tasks.iter().find(|task| task.task_id == key).ok_or(PageError::NotFound)?;
    let line = task_line(task);
    let form = Form::new("end", format!("/worklist/tasks/{key}"), &viewer.form_token, CHART.save)
        .with(FormField::hidden("act", "end"))
        .with(FormField::hidden("version", task.version))
        .with(FormField::word("status", CHART.task_status, &ENDS).of("completed").required())
        .with(FormField::lines("outcome", CHART.task_outcome).at_most(2_000).hint(CHART.task_hint));
    Ok(DutyPage {
        shell: viewer.shell(&line.title),
        words: &CHART,
        patient: line.patient,
        name: line.name,
        told: line.told,
        is_message: line.is_message,
        form: told(tried, form, AT)?,
    })
}

/// Shows a task, to be ended.
pub(super) async fn get_task(visit: Visit, Path(key): Path<String>) -> Result<Response, PageError> {
    let key = key.parse().map_err(|_| PageError::NotFound)?;
    page(&task_page(&mut visit.seat().await?, key, None).await?)
}

/// Takes it, or ends it. Who takes or ends it twice has an older version the second time, and nothing is done.
pub(super) async fn post_task(
    visit: Visit,
    Path(key): Path<String>,
    Sent(typed): Sent<Typed>,
) -> Result<Response, PageError> {
    let key: TaskId = key.parse().map_err(|_| PageError::NotFound)?;
    let mut seat = visit.seat().await?;
    let (mut actor, _) = seat.enter().await?;
    let why = move_task(&mut actor, key, &typed).await;
    if matches!(why, Ok(Edited::Saved(_))) {
        actor.commit().await?;
        return Ok(done("/worklist", if typed.text("act") == "take" { "saved" } else { "ended" }));
    }
    drop(actor);
    refused(&task_page(&mut seat, key, Some(Tried { typed, why })).await?)
}

async fn move_task(actor: &mut Actor<'_>, key: TaskId, typed: &Typed) -> Result<Edited, Problem> {
    let version = typed.number("version")?;
    if typed.text("act") == "take" {
        return Ok(task::take(actor, key, version).await?);
    }
    let status: TaskStatus = typed.one("status")?;
    if !ENDS.contains(&status) {
        return Err(Problem::at("status", WORDS.field_choice));
    }
    Ok(task::end(actor, key, version, status, typed.some("outcome")).await?)
}

/// Which field a rule is about.
const AT: &[(&str, &str)] = &[("task_says_what_came_of_it", "outcome"), ("alert_dismissal_says_why", "reason")];

async fn alert_page(seat: &mut Seat, key: AlertId, tried: Option<Tried>) -> Result<DutyPage, PageError> {
    let (mut actor, viewer) = seat.enter().await?;
    let found = alert::open_one(&mut actor, key).await?.ok_or(PageError::NotFound)?;
    let line = alert_line(&found, &viewer.zone);
    let answers = ANSWERS.map(|answer| (answer.word().to_owned(), called(answer).to_owned()));
    let form = Form::new("answer", format!("/worklist/alerts/{key}"), &viewer.form_token, CHART.save)
        .with(FormField::hidden("version", found.version))
        .with(FormField::choice("answer", CHART.alert_answer, answers.into()).required())
        .with(FormField::lines("reason", CHART.alert_reason).at_most(2_000).hint(CHART.alert_hint));
    Ok(DutyPage {
        shell: viewer.shell(&format!("{}: {}", line.title, line.value)),
        words: &CHART,
        patient: line.patient,
        name: line.name,
        told: format!("{}, {}, {}", line.severity, line.status, line.when),
        is_message: false,
        form: told(tried, form, AT)?,
    })
}

fn called(answer: AlertAnswer) -> &'static str {
    match answer {
        AlertAnswer::Acknowledged => CHART.alert_acknowledged,
        AlertAnswer::Resolved => CHART.alert_resolved,
        AlertAnswer::Dismissed => CHART.alert_dismissed,
    }
}

/// Shows an alert, to be answered.
pub(super) async fn get_alert(visit: Visit, Path(key): Path<String>) -> Result<Response, PageError> {
    let key = key.parse().map_err(|_| PageError::NotFound)?;
    page(&alert_page(&mut visit.seat().await?, key, None).await?)
}

/// Answers it.
pub(super) async fn post_alert(
    visit: Visit,
    Path(key): Path<String>,
    Sent(typed): Sent<Typed>,
) -> Result<Response, PageError> {
    let key: AlertId = key.parse().map_err(|_| PageError::NotFound)?;
    let mut seat = visit.seat().await?;
    let (mut actor, _) = seat.enter().await?;
    let why = answer(&mut actor, key, &typed).await;
    if matches!(why, Ok(Edited::Saved(_))) {
        actor.commit().await?;
        return Ok(done("/worklist", "saved"));
    }
    drop(actor);
    refused(&alert_page(&mut seat, key, Some(Tried { typed, why })).await?)
}

async fn answer(actor: &mut Actor<'_>, key: AlertId, typed: &Typed) -> Result<Edited, Problem> {
    let word = typed.required("answer")?;
    let answer = ANSWERS.into_iter().find(|answer| answer.word() == word);
    let answer = answer.ok_or_else(|| Problem::at("answer", WORDS.field_choice))?;
    Ok(alert::answer(actor, key, typed.number("version")?, answer, typed.some("reason")).await?)
}
