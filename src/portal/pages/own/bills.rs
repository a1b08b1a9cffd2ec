//! `/me/bills`: what is due first, then every bill that was sent, and under which insurance.
//!
//! Nothing is paid here: money is what a facility has received, so its desk notes a payment. A page that took a
//! reader's word for it would make bills disappear.

use askama::Template;
use axum::response::Response;
use serde::Deserialize;

use super::bill_view::{BillView, ROWS, all, due_in_all, view};
use crate::model::people::InvoiceId;
use crate::portal::answer::page;
use crate::portal::edge::sent::Behind;
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::shown::{day, sentence};
use crate::portal::visit::Visit;
use crate::portal::words::share::{SHARE, ShareWords};
use crate::store::care::claim::{PatientCoverage, coverages};

#[derive(Template)]
#[template(path = "pages/own/bills.html", config = "src/portal/askama.toml")]
struct BillsPage {
    shell: Shell,
    words: &'static ShareWords,
    due: Vec<String>,
    bills: Vec<BillView>,
    insurance: Vec<InsuranceLine>,
    /// Key of the last bill, where there are more.
    more: Option<InvoiceId>,
}

struct InsuranceLine {
    name: String,
    rank: String,
    number: String,
    until: Option<String>,
}

/// After which bill.
#[derive(Debug, Deserialize)]
pub(super) struct AfterBill {
    after: Option<InvoiceId>,
}

/// Shows them.
pub(super) async fn get(visit: Visit, Behind(asked): Behind<AfterBill>) -> Result<Response, PageError> {
    let now = visit.portal.clock.now();
    let mut seat = visit.seat().await?;
    let (mut actor, viewer) = seat.enter().await?;
    let patient = viewer.profile.patient_id.ok_or(PageError::NotFound)?;
    let sent = all(&mut actor, patient).await?;
    let from = match asked.after {
        None => 0,
        Some(after) => sent.iter().position(|bill| bill.invoice == after).ok_or(PageError::NotFound)? + 1,
    };
    let bills = sent.iter().skip(from).take(ROWS).map(|bill| view(bill, now, &viewer.zone));
    let bills: Vec<BillView> = bills.collect();
    let more = bills.last().filter(|_| sent.len() > from + ROWS).map(|last| last.key);
    let insurance = coverages(&mut actor, patient).await?.into_iter().map(insured).collect();
    let shell = viewer.shell(SHARE.bills_title);
    page(&BillsPage { shell, words: &SHARE, due: due_in_all(&sent), bills, insurance, more })
}

fn insured(coverage: PatientCoverage) -> InsuranceLine {
    InsuranceLine {
        name: format!("{}, {}", coverage.insurer, coverage.plan_name),
        rank: sentence(&coverage.rank),
        number: coverage.number,
        until: coverage.until_on.map(day),
    }
}
