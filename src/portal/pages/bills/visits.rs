//! `/billing/visits`: visits that nobody has charged, the newest first, and those to come, for which an estimate is
//! made.
//!
//! A visit goes by its time and who gave it: who bills does not need the patient's name, and is not shown it.

use askama::Template;
use axum::response::Response;
use serde::Deserialize;

use super::paged::{after_moment, cut};
use crate::model::people::{AppointmentId, PatientId};
use crate::portal::answer::page;
use crate::portal::edge::sent::Behind;
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::shown::{moment, sentence};
use crate::portal::visit::{Viewer, Visit};
use crate::portal::words::bills::{BILLS, BillsWords};
use crate::store::care::drafting::{VisitToBill, visits_to_bill};

/// Lines of a list.
const ROWS: u16 = 50;

#[derive(Template)]
#[template(path = "pages/bills/visits.html", config = "src/portal/askama.toml")]
struct VisitsPage {
    shell: Shell,
    words: &'static BillsWords,
    lists: Vec<List>,
}

struct List {
    heading: &'static str,
    none: &'static str,
    /// What is done with one of them.
    act: &'static str,
    lines: Vec<Line>,
    /// Behind the path of the next page.
    more: Option<String>,
}

struct Line {
    appointment: AppointmentId,
    patient: PatientId,
    at: String,
    kind: String,
    provider: String,
    status: String,
}

/// After which visit which list goes on; both begin where nothing is said.
#[derive(Debug, Deserialize)]
pub(super) struct VisitsAfter {
    waiting: Option<String>,
    coming: Option<String>,
}

/// Shows them.
pub(super) async fn get(visit: Visit, Behind(asked): Behind<VisitsAfter>) -> Result<Response, PageError> {
    let mut seat = visit.seat().await?;
    let (mut actor, viewer) = seat.enter().await?;
    let is_first = asked.waiting.is_none() && asked.coming.is_none();
    let wanted = [
        ("waiting", asked.waiting, BILLS.visits_waiting, BILLS.visits_waiting_none, BILLS.bill_it),
        ("coming", asked.coming, BILLS.visits_coming, BILLS.visits_coming_none, BILLS.estimate_it),
    ];
    let mut lists = Vec::new();
    for (word, after, heading, none, act) in wanted {
        if !is_first && after.is_none() {
            continue;
        }
        let after = after.as_deref().map(after_moment).transpose()?;
        let mut found = visits_to_bill(&mut actor, word == "coming", after, ROWS + 1).await?;
        let more = cut(&mut found, ROWS, |last| format!("?{word}={}.{}", last.starts_at.micros(), last.appointment));
        let lines = found.into_iter().map(|visit| line(visit, &viewer)).collect();
        lists.push(List { heading, none, act, lines, more });
    }
    page(&VisitsPage { shell: viewer.shell(BILLS.visits), words: &BILLS, lists })
}

fn line(visit: VisitToBill, viewer: &Viewer) -> Line {
    Line {
        appointment: visit.appointment,
        patient: visit.patient,
        at: moment(visit.starts_at, &viewer.zone),
        kind: kind_of(&visit),
        status: sentence(&visit.status),
        provider: visit.provider_name,
    }
}

/// Its kind by the list, or how it is held where none was booked.
pub(super) fn kind_of(visit: &VisitToBill) -> String {
    visit.kind.clone().unwrap_or_else(|| sentence(&visit.mode))
}
