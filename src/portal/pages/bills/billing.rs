//! `/billing`: what is overdue first, then drafts to be issued, then all that was issued; each list goes on by itself,
//! page by page.
//!
//! An invoice goes by its number: who bills does not need the patient's name, and is not shown it.

use askama::Template;
use axum::response::Response;
use serde::Deserialize;

use super::paged::{after_day, after_moment, cut};
use crate::model::people::{InvoiceId, PatientId};
use crate::portal::answer::page;
use crate::portal::edge::sent::Behind;
use crate::portal::money::money;
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::shown::{day, day_of};
use crate::portal::visit::{Viewer, Visit};
use crate::portal::words::bills::{BILLS, BillsWords};
use crate::store::care::bills::{InvoiceLine, invoices};
use crate::store::care::worklist::{OverdueBalance, overdue_balances};

/// Lines of a list.
const ROWS: u16 = 50;

#[derive(Template)]
#[template(path = "pages/bills/billing.html", config = "src/portal/askama.toml")]
struct BillingPage {
    shell: Shell,
    words: &'static BillsWords,
    lists: Vec<(Told, List)>,
}

/// Whether a list tells what was charged, and what is due.
struct Told {
    is_charged: bool,
    is_due: bool,
}

struct List {
    heading: &'static str,
    none: &'static str,
    /// What its days are.
    of_day: &'static str,
    lines: Vec<Line>,
    /// Behind the path of the next page.
    more: Option<String>,
}

struct Line {
    patient: PatientId,
    invoice: InvoiceId,
    number: String,
    /// When it is due, or was made.
    day: String,
    charged: String,
    from_patient: String,
    from_insurer: String,
}

/// After which invoice which list goes on; all three begin where nothing is said.
#[derive(Debug, Deserialize)]
pub(super) struct After {
    overdue: Option<String>,
    drafts: Option<String>,
    issued: Option<String>,
}

/// Shows them.
pub(super) async fn get(visit: Visit, Behind(asked): Behind<After>) -> Result<Response, PageError> {
    let today = visit.portal.clock.now().day();
    let mut seat = visit.seat().await?;
    let (mut actor, viewer) = seat.enter().await?;
    let is_first = asked.overdue.is_none() && asked.drafts.is_none() && asked.issued.is_none();
    let mut lists = Vec::new();
    if is_first || asked.overdue.is_some() {
        let after = asked.overdue.as_deref().map(after_day).transpose()?;
        let mut found = overdue_balances(&mut actor, today, after, ROWS + 1).await?;
        let more = cut(&mut found, ROWS, |last| format!("?overdue={}.{}", last.due_on, last.invoice_id));
        let lines = found.into_iter().map(late).collect();
        let list = List { heading: BILLS.overdue, none: BILLS.overdue_none, of_day: BILLS.due_on, lines, more };
        lists.push((Told { is_charged: false, is_due: true }, list));
    }
    if is_first || asked.drafts.is_some() {
        let after = asked.drafts.as_deref().map(after_moment).transpose()?;
        let mut found = invoices(&mut actor, "draft", after, ROWS + 1).await?;
        let more = cut(&mut found, ROWS, |last| format!("?drafts={}.{}", last.created_at.micros(), last.invoice));
        let lines = found.into_iter().map(|one| line(one, &viewer)).collect();
        let list = List { heading: BILLS.drafts, none: BILLS.drafts_none, of_day: BILLS.made_on, lines, more };
        lists.push((Told { is_charged: true, is_due: false }, list));
    }
    if is_first || asked.issued.is_some() {
        let after = asked.issued.as_deref().map(after_moment).transpose()?;
        let mut found = invoices(&mut actor, "issued", after, ROWS + 1).await?;
        let more = cut(&mut found, ROWS, |last| format!("?issued={}.{}", last.created_at.micros(), last.invoice));
        let lines = found.into_iter().map(|one| line(one, &viewer)).collect();
        let list = List { heading: BILLS.issued, none: BILLS.issued_none, of_day: BILLS.due_on, lines, more };
        lists.push((Told { is_charged: true, is_due: true }, list));
    }
    page(&BillingPage { shell: viewer.shell(BILLS.billing), words: &BILLS, lists })
}

fn late(line: OverdueBalance) -> Line {
    Line {
        patient: line.patient_id,
        invoice: line.invoice_id,
        day: day(line.due_on),
        charged: String::new(),
        from_patient: money(line.due_from_patient_cents, &line.currency),
        from_insurer: money(line.due_from_insurer_cents, &line.currency),
        number: line.number,
    }
}

fn line(line: InvoiceLine, viewer: &Viewer) -> Line {
    Line {
        patient: line.patient,
        invoice: line.invoice,
        day: line.due_on.map_or_else(|| day_of(line.created_at, &viewer.zone), day),
        charged: money(line.charged_cents, &line.currency),
        from_patient: money(line.due_from_patient_cents, &line.currency),
        from_insurer: money(line.due_from_insurer_cents, &line.currency),
        number: line.number,
    }
}
