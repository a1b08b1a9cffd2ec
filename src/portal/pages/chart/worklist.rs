//! `/worklist`: what a provider has before them: alerts that nobody has dealt with, the visits of the day, tasks, what
//! is to be signed, and of whom nothing was heard for longer than usual.

use askama::Template;
use axum::response::Response;
use jiff::tz::TimeZone;

use super::alerts_view::{AlertLine, alert_line};
use super::waiting_view::{ROWS, WaitingLines, waiting};
use crate::model::people::{AppointmentStatus, PatientId, TaskId, TaskKind, TaskStatus, Urgency, VisitMode};
use crate::model::time::Timestamp;
use crate::portal::answer::page;
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::shown::{date_of, day_of, formatted, list_name, sentence, start_of};
use crate::portal::visit::Visit;
use crate::portal::words::chart::{CHART, ChartWords};
use crate::store::care::alert;
use crate::store::care::task::{InboxLine, inbox};
use crate::store::care::unfinished::{WaitsFor, unfinished};
use crate::store::care::worklist::{DayLine, day};

const TASKS: usize = 100;
/// One more than is shown, to say whether there are more.
const TASKS_ASKED: u16 = 101;

#[derive(Template)]
#[template(path = "pages/chart/worklist.html", config = "src/portal/askama.toml")]
struct WorklistPage {
    shell: Shell,
    words: &'static ChartWords,
    form_token: String,
    today: String,
    alerts: Vec<AlertLine>,
    visits: Vec<VisitOfDay>,
    tasks: Vec<TaskLine>,
    /// Whether more wait than are shown.
    has_more: bool,
    /// What is to be signed.
    unsigned: WaitingLines,
    /// Of whom nothing was heard for longer than usual.
    silent: WaitingLines,
}

struct VisitOfDay {
    patient: PatientId,
    when: String,
    name: String,
    told: String,
    is_off: bool,
}

/// A task, to be shown.
pub(super) struct TaskLine {
    pub(super) key: TaskId,
    pub(super) version: i32,
    pub(super) patient: PatientId,
    pub(super) name: String,
    pub(super) title: String,
    pub(super) told: String,
    pub(super) hurries: Option<String>,
    /// Whether it is to answer a message.
    pub(super) is_message: bool,
    /// Whether it is to read results.
    pub(super) is_result: bool,
    /// Whether it waits in a pool.
    pub(super) is_to_take: bool,
}

/// A task as a line.
pub(super) fn task_line(task: &InboxLine) -> TaskLine {
    let is_to_take = !task.is_own || task.status == TaskStatus::Requested;
    TaskLine {
        key: task.task_id,
        version: task.version,
        patient: task.patient_id,
        name: task.family.clone().unwrap_or_else(|| CHART.record.to_owned()),
        title: task.title.clone(),
        told: sentence(&[task.kind.as_str(), task.status.as_str()].join(", ")),
        hurries: (task.priority != Urgency::Routine).then(|| sentence(task.priority.as_str())),
        is_message: task.kind == TaskKind::AnswerMessage,
        is_result: task.kind == TaskKind::ReviewResult,
        is_to_take,
    }
}

fn visit_line(line: DayLine, zone: &TimeZone) -> VisitOfDay {
    use AppointmentStatus::{Cancelled, NoShow};
    let mut told = vec![sentence(line.status.as_str())];
    if line.mode != VisitMode::InPerson {
        told.push(sentence(line.mode.as_str()));
    }
    let when = format!("{} – {}", formatted(line.start_at, zone, "%H:%M"), formatted(line.end_at, zone, "%H:%M"));
    let name = line.name.map(|(family, given)| list_name(family.as_deref(), &given));
    VisitOfDay {
        patient: line.patient,
        when,
        name: name.unwrap_or_else(|| CHART.record.to_owned()),
        told: told.join(", "),
        is_off: matches!(line.status, Cancelled | NoShow),
    }
}

/// Where the day of a moment begins in a zone, and where the next does.
fn day_around(now: Timestamp, zone: &TimeZone) -> Option<(Timestamp, Timestamp)> {
    let today = date_of(now, zone)?;
    Some((start_of(today, zone)?, start_of(today.tomorrow().ok()?, zone)?))
}

/// Shows it.
pub(super) async fn get(visit: Visit) -> Result<Response, PageError> {
    let now = visit.portal.clock.now();
    let mut seat = visit.seat().await?;
    let (mut actor, viewer) = seat.enter().await?;
    let alerts = alert::open(&mut actor).await?;
    let (from, to) = day_around(now, &viewer.zone).ok_or(PageError::Unavailable)?;
    let visits = day(&mut actor, from, to).await?;
    let tasks = inbox(&mut actor, TASKS_ASKED).await?;
    let waits = unfinished(&mut actor, ROWS).await?;
    let to_sign = [WaitsFor::Result, WaitsFor::Cosignature, WaitsFor::Draft];
    page(&WorklistPage {
        shell: viewer.shell(CHART.worklist),
        words: &CHART,
        form_token: viewer.form_token.clone(),
        today: day_of(now, &viewer.zone),
        alerts: alerts.iter().map(|alert| alert_line(alert, &viewer.zone)).collect(),
        visits: visits.into_iter().map(|line| visit_line(line, &viewer.zone)).collect(),
        tasks: tasks.iter().take(TASKS).map(task_line).collect(),
        has_more: tasks.len() > TASKS,
        unsigned: waiting(&waits, &to_sign, (now, &viewer.zone)),
        silent: waiting(&waits, &[WaitsFor::Silent], (now, &viewer.zone)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_as_long_as_clocks_say() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let around = |text: &str| {
            let (from, to) = day_around(Timestamp::parse_rfc3339(text).unwrap(), &zone).unwrap();
            to.micros_since(from) / 3_600_000_000
        };
        assert_eq!(
            [around("2026-03-29T12:00:00Z"), around("2026-06-01T23:30:00Z"), around("2026-10-25T00:00:00Z")],
            [23, 24, 25]
        );
    }
}
