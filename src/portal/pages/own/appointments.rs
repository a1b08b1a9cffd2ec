//! `/me/appointments`: what is held, what comes, what was recommended, and what was; each leads to its own page.

use askama::Template;
use axum::response::Response;
use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::model::people::{AppointmentId, AppointmentStatus, FollowUpStatus, VisitMode};
use crate::model::time::Timestamp;
use crate::portal::answer::page;
use crate::portal::edge::sent::Behind;
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::shown::{day, formatted, moment, sentence};
use crate::portal::visit::Visit;
use crate::portal::words::own::{OWN, OwnWords};
use crate::store::care::appointment_type::{self, AppointmentType};
use crate::store::care::attendance::{self, Attendance};
use crate::store::care::schedule::{AppointmentSummary, history};
use crate::store::care::visit::{FollowUp, follow_ups};

/// So many former visits a page.
const ROWS: usize = 30;

#[derive(Template)]
#[template(path = "pages/own/appointments.html", config = "src/portal/askama.toml")]
struct AppointmentsPage {
    shell: Shell,
    words: &'static OwnWords,
    held: Vec<VisitLine>,
    coming: Vec<VisitLine>,
    recommended: Vec<(String, String)>,
    former: Vec<VisitLine>,
    /// The last one of this page, where there are more.
    more: Option<AppointmentId>,
    notices: Vec<String>,
}

/// A visit in a list.
pub(super) struct VisitLine {
    pub(super) key: AppointmentId,
    pub(super) when: String,
    pub(super) kind: String,
    pub(super) with: String,
    pub(super) place: String,
    pub(super) mode: &'static str,
    pub(super) status: String,
    pub(super) is_late: bool,
    pub(super) held_until: String,
}

/// After which former visit a page begins.
#[derive(Debug, Default, Deserialize)]
pub(super) struct AfterVisit {
    after: Option<AppointmentId>,
}

/// Shows them.
pub(super) async fn get(visit: Visit, Behind(asked): Behind<AfterVisit>) -> Result<Response, PageError> {
    let now = visit.portal.clock.now();
    let mut seat = visit.seat().await?;
    let (mut actor, viewer) = seat.enter().await?;
    let patient = viewer.profile.patient_id.ok_or(PageError::NotFound)?;
    let visits = history(&mut actor, patient).await?;
    let kinds = appointment_type::list(&mut actor).await?;
    let follow_ups = follow_ups(&mut actor, patient).await?;
    let attendance = attendance::read(&mut actor, patient).await?;
    let line = |visit: &AppointmentSummary| line(visit, &kinds, &viewer.zone);
    let mut coming: Vec<&AppointmentSummary> = visits.iter().filter(|visit| is_coming(visit, now)).collect();
    coming.reverse();
    let mut former = visits.iter().filter(|visit| !is_coming(visit, now) && !is_held(visit, now));
    if let Some(after) = asked.after {
        former.find(|visit| visit.appointment_id == after);
    }
    let mut former: Vec<&AppointmentSummary> = former.take(ROWS + 1).collect();
    let has_more = former.len() > ROWS;
    former.truncate(ROWS);
    page(&AppointmentsPage {
        shell: viewer.shell(OWN.appointments_title),
        words: &OWN,
        held: visits.iter().filter(|visit| is_held(visit, now)).map(line).collect(),
        coming: coming.into_iter().map(line).collect(),
        recommended: follow_ups.iter().filter(|known| known.status == FollowUpStatus::Recommended).map(due).collect(),
        more: former.last().filter(|_| has_more).map(|last| last.appointment_id),
        former: former.into_iter().map(line).collect(),
        notices: attendance.iter().filter_map(notice).collect(),
    })
}

/// Whether its time is held and can be booked.
pub(super) fn is_held(visit: &AppointmentSummary, now: Timestamp) -> bool {
    visit.status == AppointmentStatus::Held && visit.held_until.is_some_and(|until| until > now)
}

fn is_coming(visit: &AppointmentSummary, now: Timestamp) -> bool {
    matches!(visit.status, AppointmentStatus::Booked | AppointmentStatus::Arrived) && visit.end_at > now
}

/// A visit as lists show it.
pub(super) fn line(visit: &AppointmentSummary, kinds: &[AppointmentType], zone: &TimeZone) -> VisitLine {
    VisitLine {
        key: visit.appointment_id,
        when: moment(visit.start_at, zone),
        kind: kind(visit, kinds),
        with: visit.provider_name.clone(),
        place: visit.facility_name.clone(),
        mode: if visit.mode == VisitMode::Telehealth { OWN.by_video } else { OWN.in_person },
        status: sentence(visit.status.as_str()),
        is_late: visit.cancelled_late == Some(true),
        held_until: visit.held_until.map(|until| formatted(until, zone, "%H:%M")).unwrap_or_default(),
    }
}

/// What a visit is called.
pub(super) fn kind(visit: &AppointmentSummary, kinds: &[AppointmentType]) -> String {
    let Some(word) = &visit.appointment_type else { return OWN.visit.to_owned() };
    let known = kinds.iter().find(|kind| kind.appointment_type == *word);
    known.map_or_else(|| sentence(word), |kind| kind.title.clone())
}

/// What for, and when.
fn due(known: &FollowUp) -> (String, String) {
    let (from, to) = (day(known.due_from), day(known.due_to));
    (known.reason.clone(), format!("{} {from} {} {to}", OWN.follow_up_due, OWN.follow_up_and))
}

/// What missed visits have come to at a facility.
fn notice(known: &Attendance) -> Option<String> {
    let limit = known.no_show_limit.filter(|_| known.missed > 0)?;
    let Attendance { facility_name, missed, .. } = known;
    Some(match known.desk_only {
        true => format!("{facility_name}: {}", OWN.missed_desk),
        false => {
            let visits = if *missed == 1 { OWN.missed_visit } else { OWN.missed_visits };
            format!("{facility_name}: {missed} {visits}. {} {limit}.", OWN.missed_limit)
        }
    })
}
