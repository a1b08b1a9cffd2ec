//! `/schedule/tasks`: what the desk has to do or may take, by when it is due; `/schedule/tasks/{desk_task}`: one of
//! them, taken or ended by whoever read its newest version.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;

use crate::model::people::{PatientId, TaskId, TaskStatus, Urgency};
use crate::portal::answer::{done, page, refused};
use crate::portal::edge::sent::Sent;
use crate::portal::forms::{Form, FormField, Problem, Typed};
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::shown::sentence;
use crate::portal::visit::{Seat, Viewer, Visit};
use crate::portal::words::desk::{DESK, DeskWords};
use crate::store::care::actor::Actor;
use crate::store::care::record::Edited;
use crate::store::care::task::{InboxLine, end, inbox, take};

/// As many as the database gives.
const ROWS: u16 = 500;

#[derive(Template)]
#[template(path = "pages/desk/tasks.html", config = "src/portal/askama.toml")]
struct TasksPage {
    shell: Shell,
    words: &'static DeskWords,
    lines: Vec<Line>,
}

#[derive(Template)]
#[template(path = "pages/desk/task.html", config = "src/portal/askama.toml")]
struct TaskPage {
    shell: Shell,
    words: &'static DeskWords,
    line: Line,
    patient: PatientId,
    /// To take it, where nobody has it yet.
    take: Option<Form>,
    end: Form,
}

struct Line {
    key: TaskId,
    title: String,
    patient: String,
    kind: String,
    status: String,
    urgency: String,
    hurries: bool,
    is_own: bool,
}

fn line(task: &InboxLine) -> Line {
    Line {
        key: task.task_id,
        title: task.title.clone(),
        patient: task.family.clone().unwrap_or_default(),
        kind: sentence(task.kind.as_str()),
        status: sentence(task.status.as_str()),
        urgency: sentence(task.priority.as_str()),
        hurries: task.priority != Urgency::Routine,
        is_own: task.is_own,
    }
}

/// Shows them.
pub(super) async fn get(visit: Visit) -> Result<Response, PageError> {
    let mut seat = visit.seat().await?;
    let (mut actor, viewer) = seat.enter().await?;
    let lines = inbox(&mut actor, ROWS).await?.iter().map(line).collect();
    page(&TasksPage { shell: viewer.shell(DESK.tasks), words: &DESK, lines })
}

/// Shows one.
pub(super) async fn get_one(visit: Visit, Path(task): Path<String>) -> Result<Response, PageError> {
    let task = task.parse().map_err(|_| PageError::NotFound)?;
    let mut seat = visit.seat().await?;
    page(&shown(&mut seat, task, |_, _, form| Ok(form)).await?)
}

/// The page, its form made of the one as stored.
async fn shown(
    seat: &mut Seat,
    task: TaskId,
    form: impl FnOnce(&Viewer, &InboxLine, Form) -> Result<Form, PageError>,
) -> Result<TaskPage, PageError> {
    let (mut actor, viewer) = seat.enter().await?;
    let tasks = inbox(&mut actor, ROWS).await?;
    let found = tasks.iter().find(|line| line.task_id == task).ok_or(PageError::NotFound)?;
    let action = format!("/schedule/tasks/{task}");
    let take = Form::new("take", action, &viewer.form_token, DESK.task_take)
        .with(FormField::hidden("do", "take"))
        .with(FormField::hidden("version", found.version));
    Ok(TaskPage {
        shell: viewer.shell(DESK.task),
        words: &DESK,
        line: line(found),
        patient: found.patient_id,
        take: (!found.is_own).then_some(take),
        end: form(&viewer, found, ending(&viewer, found))?,
    })
}

fn ending(viewer: &Viewer, task: &InboxLine) -> Form {
    let ends = [TaskStatus::Completed, TaskStatus::OnHold, TaskStatus::Cancelled];
    Form::new("end", format!("/schedule/tasks/{}", task.task_id), &viewer.form_token, DESK.task_end)
        .with(FormField::hidden("do", "end"))
        .with(FormField::hidden("version", task.version))
        .with(FormField::word("status", DESK.task_how, &ends).of(TaskStatus::Completed).required())
        .with(FormField::lines("outcome", DESK.task_outcome).at_most(2_000))
}

/// Takes or ends it; where somebody was faster, it is shown as it stands now.
pub(super) async fn post_one(
    visit: Visit,
    Path(task): Path<String>,
    Sent(typed): Sent<Typed>,
) -> Result<Response, PageError> {
    let task: TaskId = task.parse().map_err(|_| PageError::NotFound)?;
    let mut seat = visit.seat().await?;
    let (mut actor, _) = seat.enter().await?;
    let is_taking = typed.text("do") == "take";
    let outcome = change(&mut actor, task, &typed).await;
    if matches!(outcome, Ok(Edited::Saved(_))) {
        actor.commit().await?;
        return Ok(if is_taking {
            done(&format!("/schedule/tasks/{task}"), "saved")
        } else {
            done("/schedule/tasks", "saved")
        });
    }
    drop(actor);
    let form = |_: &Viewer, _: &InboxLine, stored: Form| {
        let mine = if is_taking { stored.clone() } else { stored.clone().filled(&typed) };
        match outcome {
            Ok(Edited::Unknown) => Err(PageError::NotFound),
            Ok(_) => Ok(mine.against(&stored)),
            Err(problem) => mine.told(problem, AT),
        }
    };
    refused(&shown(&mut seat, task, form).await?)
}

/// Which field a rule is about.
const AT: &[(&str, &str)] = &[("task_says_what_came_of_it", "outcome")];

async fn change(actor: &mut Actor<'_>, task: TaskId, typed: &Typed) -> Result<Edited, Problem> {
    let version = typed.number("version")?;
    if typed.text("do") == "take" {
        return Ok(take(actor, task, version).await?);
    }
    Ok(end(actor, task, version, typed.one("status")?, typed.some("outcome")).await?)
}
