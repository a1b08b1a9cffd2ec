//! `/schedule`: visits of a day by provider or by room, and of a week: at the desk's facility, or a provider's own; and
//! those of somebody who calls, by how the name begins, from yesterday to a week from now.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use jiff::civil::Date;

use super::times::{date_in_words, date_of, moved, span, who};
use crate::model::people::{AppointmentId, AppointmentStatus, Role, VisitMode};
use crate::portal::answer::page;
use crate::portal::edge::sent::Sent;
use crate::portal::forms::Typed;
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::shown::{formatted, sentence};
use crate::portal::visit::{Viewer, Visit};
use crate::portal::words::desk::{DESK, DeskWords};
use crate::store::care::desk::{ScheduledVisit, visits};

/// How visits of a day stand together.
#[derive(Copy, Clone, PartialEq, Eq)]
enum By {
    Provider,
    Room,
}

#[derive(Template)]
#[template(path = "pages/desk/day.html", config = "src/portal/askama.toml")]
struct DayPage {
    shell: Shell,
    words: &'static DeskWords,
    form_token: String,
    heading: String,
    day: Date,
    before: Date,
    after: Date,
    tab: &'static str,
    is_desk: bool,
    /// How a name begins that was sought.
    sought: String,
    none: &'static str,
    groups: Vec<(String, Vec<Line>)>,
}

#[derive(Template)]
#[template(path = "pages/desk/week.html", config = "src/portal/askama.toml")]
struct WeekPage {
    shell: Shell,
    words: &'static DeskWords,
    day: Date,
    before: Date,
    after: Date,
    tab: &'static str,
    days: Vec<(Date, String, Vec<Line>)>,
}

/// A visit of a list.
#[derive(Clone)]
struct Line {
    key: AppointmentId,
    time: String,
    patient: String,
    kind: String,
    provider: String,
    rooms: String,
    status: String,
    /// Whether it will not take place, or did not.
    is_off: bool,
    /// Whether the patient may be checked in.
    is_awaited: bool,
}

/// Today.
pub(super) async fn today(visit: Visit) -> Result<Response, PageError> {
    of_day(visit, None, By::Provider).await
}

/// A day by provider.
pub(super) async fn day(visit: Visit, Path(day): Path<String>) -> Result<Response, PageError> {
    of_day(visit, Some(date(&day)?), By::Provider).await
}

/// A day by room.
pub(super) async fn rooms(visit: Visit, Path(day): Path<String>) -> Result<Response, PageError> {
    of_day(visit, Some(date(&day)?), By::Room).await
}

fn date(day: &str) -> Result<Date, PageError> {
    day.parse().map_err(|_| PageError::NotFound)
}

async fn of_day(visit: Visit, day: Option<Date>, by: By) -> Result<Response, PageError> {
    let now = visit.portal.clock.now();
    let mut seat = visit.seat().await?;
    let (mut actor, viewer) = seat.enter().await?;
    let today = date_of(now, &viewer.zone)?;
    let day = day.unwrap_or(today);
    let (since, until) = span(day, 1, &viewer.zone)?;
    let mut groups: BTreeMap<String, Vec<Line>> = BTreeMap::new();
    for scheduled in visits(&mut actor, since, until).await? {
        let line = line(&scheduled, &viewer, day == today);
        let group = if by == By::Room { line.rooms.clone() } else { line.provider.clone() };
        groups.entry(group).or_default().push(line);
    }
    let shell = viewer.shell(DESK.schedule);
    page(&DayPage {
        form_token: viewer.form_token.clone(),
        words: &DESK,
        heading: date_in_words(day),
        day,
        before: moved(day, -1)?,
        after: moved(day, 1)?,
        tab: if by == By::Room { "rooms" } else { "providers" },
        is_desk: viewer.role == Role::FrontDesk,
        sought: String::new(),
        none: DESK.day_none,
        groups: groups.into_iter().map(|(name, lines)| (named(name, by), lines)).collect(),
        shell,
    })
}

/// Visits of whose name begins so: they are posted, since a name stands in no URL.
pub(super) async fn find(visit: Visit, Sent(typed): Sent<Typed>) -> Result<Response, PageError> {
    let now = visit.portal.clock.now();
    let mut seat = visit.seat().await?;
    let (mut actor, viewer) = seat.enter().await?;
    let today = date_of(now, &viewer.zone)?;
    let (since, until) = span(moved(today, -1)?, 8, &viewer.zone)?;
    let sought = typed.text("name").to_lowercase();
    let begins = |name: &str| name.to_lowercase().starts_with(&sought);
    let is_sought = |scheduled: &ScheduledVisit| {
        let Some((family, given)) = &scheduled.name else { return false };
        !sought.is_empty()
            && (family.as_deref().is_some_and(begins)
                || given.iter().any(|given| begins(given))
                || begins(&who(&scheduled.name)))
    };
    let mut groups: BTreeMap<Date, Vec<Line>> = BTreeMap::new();
    for scheduled in visits(&mut actor, since, until).await?.iter().filter(|scheduled| is_sought(scheduled)) {
        let date = date_of(scheduled.start_at, &viewer.zone)?;
        groups.entry(date).or_default().push(line(scheduled, &viewer, date == today));
    }
    page(&DayPage {
        form_token: viewer.form_token.clone(),
        words: &DESK,
        heading: DESK.found.to_owned(),
        day: today,
        before: moved(today, -1)?,
        after: moved(today, 1)?,
        tab: "found",
        is_desk: viewer.role == Role::FrontDesk,
        sought: typed.text("name").to_owned(),
        none: DESK.found_none,
        groups: groups.into_iter().map(|(day, lines)| (date_in_words(day), lines)).collect(),
        shell: viewer.shell(DESK.schedule),
    })
}

fn named(group: String, by: By) -> String {
    if group.is_empty() && by == By::Room { DESK.no_room.to_owned() } else { group }
}

/// The week of a day, from its Monday on.
pub(super) async fn week(visit: Visit, Path(day): Path<String>) -> Result<Response, PageError> {
    let day = date(&day)?;
    let now = visit.portal.clock.now();
    let mut seat = visit.seat().await?;
    let (mut actor, viewer) = seat.enter().await?;
    let today = date_of(now, &viewer.zone)?;
    let monday = moved(day, -i64::from(day.weekday().to_monday_zero_offset()))?;
    let (since, until) = span(monday, 7, &viewer.zone)?;
    let mut days = Vec::new();
    for offset in 0..7 {
        let date = moved(monday, offset)?;
        days.push((date, date_in_words(date), Vec::new()));
    }
    for scheduled in visits(&mut actor, since, until).await? {
        let date = date_of(scheduled.start_at, &viewer.zone)?;
        if let Some((_, _, lines)) = days.iter_mut().find(|(of, ..)| *of == date) {
            lines.push(line(&scheduled, &viewer, date == today));
        }
    }
    page(&WeekPage {
        shell: viewer.shell(DESK.schedule),
        words: &DESK,
        day,
        before: moved(day, -7)?,
        after: moved(day, 7)?,
        tab: "week",
        days,
    })
}

fn line(visit: &ScheduledVisit, viewer: &Viewer, is_today: bool) -> Line {
    let mode = if visit.mode == VisitMode::Telehealth { sentence(visit.mode.as_str()) } else { String::new() };
    let kind = [visit.kind.clone().unwrap_or_default(), mode];
    Line {
        key: visit.appointment,
        time: formatted(visit.start_at, &viewer.zone, "%H:%M"),
        patient: who(&visit.name),
        kind: kind.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", "),
        provider: visit.provider_name.clone(),
        rooms: visit.resources.join(", "),
        status: sentence(visit.status.as_str()),
        is_off: matches!(visit.status, AppointmentStatus::Cancelled | AppointmentStatus::NoShow),
        is_awaited: is_today && visit.status == AppointmentStatus::Booked,
    }
}
