//! `/billing/claims`: claims by how they stand: what was denied first, since it can be asked for again, then what
//! waits for an answer, then what was answered.

use askama::Template;
use axum::response::Response;
use serde::Deserialize;

use super::paged::{after_moment, cut};
use crate::model::people::{ClaimId, PatientId};
use crate::portal::answer::page;
use crate::portal::edge::sent::Behind;
use crate::portal::money::money;
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::shown::day_of;
use crate::portal::visit::{Viewer, Visit};
use crate::portal::words::bills::{BILLS, BillsWords};
use crate::store::care::bills::{ClaimOfFacility, claims};

/// Lines of a list.
const ROWS: u16 = 100;

#[derive(Template)]
#[template(path = "pages/bills/claims.html", config = "src/portal/askama.toml")]
struct ClaimsPage {
    shell: Shell,
    words: &'static BillsWords,
    lists: Vec<List>,
}

struct List {
    heading: &'static str,
    none: &'static str,
    lines: Vec<Line>,
    /// Behind the path of the next page.
    more: Option<String>,
}

struct Line {
    claim: ClaimId,
    patient: PatientId,
    number: String,
    day: String,
    asked: String,
    paid: String,
    denied: String,
}

/// After which claim which list goes on; all three begin where nothing is said.
#[derive(Debug, Deserialize)]
pub(super) struct ClaimsAfter {
    denied: Option<String>,
    submitted: Option<String>,
    adjudicated: Option<String>,
}

/// Shows them.
pub(super) async fn get(visit: Visit, Behind(asked): Behind<ClaimsAfter>) -> Result<Response, PageError> {
    let mut seat = visit.seat().await?;
    let (mut actor, viewer) = seat.enter().await?;
    let is_first = asked.denied.is_none() && asked.submitted.is_none() && asked.adjudicated.is_none();
    let wanted = [
        ("denied", asked.denied, BILLS.claims_denied, BILLS.claims_denied_none),
        ("submitted", asked.submitted, BILLS.claims_waiting, BILLS.claims_waiting_none),
        ("adjudicated", asked.adjudicated, BILLS.claims_answered, BILLS.claims_answered_none),
    ];
    let mut lists = Vec::new();
    for (status, after, heading, none) in wanted {
        if !is_first && after.is_none() {
            continue;
        }
        let after = after.as_deref().map(after_moment).transpose()?;
        let mut found = claims(&mut actor, status, after, ROWS + 1).await?;
        let more = cut(&mut found, ROWS, |last| format!("?{status}={}.{}", last.submitted_at.micros(), last.claim));
        let lines = found.into_iter().map(|claim| line(claim, &viewer)).collect();
        lists.push(List { heading, none, lines, more });
    }
    page(&ClaimsPage { shell: viewer.shell(BILLS.claims), words: &BILLS, lists })
}

fn line(claim: ClaimOfFacility, viewer: &Viewer) -> Line {
    let amount = |cents: Option<i64>| cents.map(|cents| money(cents, &claim.currency)).unwrap_or_default();
    Line {
        claim: claim.claim,
        patient: claim.patient,
        day: day_of(claim.submitted_at, &viewer.zone),
        asked: amount(Some(claim.asked_cents)),
        paid: amount(claim.paid_cents),
        denied: amount(claim.denied_cents),
        number: claim.number,
    }
}
