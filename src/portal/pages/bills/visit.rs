//! `/billing/{id}/visits/{visit}`: one visit: an invoice is drafted for it once it is over, and what it would cost is
//! estimated before.
//!
//! A visit has one invoice: a second click comes to the one that the first has drafted.

use askama::Template;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};

use super::charges::prices;
use super::estimate::{self, EstimateTable};
use super::visits::kind_of;
use crate::model::people::{AppointmentId, InvoiceId, PatientId};
use crate::portal::answer::{page, refused};
use crate::portal::edge::sent::Sent;
use crate::portal::forms::{Form, FormField, Problem, Typed};
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::shown::{moment, sentence};
use crate::portal::visit::{Seat, Visit};
use crate::portal::words::bills::{BILLS, BillsWords};
use crate::store::care::actor::Actor;
use crate::store::care::claim::coverages;
use crate::store::care::drafting::{PriceLine, VisitBilled, draft, price_list, visit_to_bill};

#[derive(Template)]
#[template(path = "pages/bills/visit.html", config = "src/portal/askama.toml")]
struct VisitPage {
    shell: Shell,
    words: &'static BillsWords,
    patient: PatientId,
    status: String,
    facts: Vec<(&'static str, String)>,
    invoice: Option<InvoiceId>,
    /// What can be done with it as it stands.
    step: Option<(&'static str, Form)>,
    /// Why there is nothing to do.
    none: Option<&'static str>,
    estimate: Option<EstimateTable>,
}

/// What came of a form.
enum Came {
    Problem(Typed, Problem),
    Estimate(Typed, EstimateTable),
}

fn keys(patient: &str, visit: &str) -> Result<(PatientId, AppointmentId), PageError> {
    let patient = patient.parse().map_err(|_| PageError::NotFound)?;
    Ok((patient, visit.parse().map_err(|_| PageError::NotFound)?))
}

/// Shows it.
pub(super) async fn get(visit: Visit, Path((patient, key)): Path<(String, String)>) -> Result<Response, PageError> {
    let keys = keys(&patient, &key)?;
    page(&shown(&mut visit.seat().await?, keys, None).await?)
}

/// Drafts its invoice, or shows what it would cost.
pub(super) async fn post(
    visit: Visit,
    Path((patient, key)): Path<(String, String)>,
    Sent(typed): Sent<Typed>,
) -> Result<Response, PageError> {
    let (patient, key) = keys(&patient, &key)?;
    let mut seat = visit.seat().await?;
    let (mut actor, _) = seat.enter().await?;
    let (read, list) = read(&mut actor, patient, key).await?;
    if is_over(&read) {
        let problem = match begin(&mut actor, &read, &typed).await {
            Ok(invoice) => {
                actor.commit().await?;
                return Ok(Redirect::to(&format!("/billing/{patient}/{invoice}?done=saved")).into_response());
            }
            Err(problem) => problem,
        };
        drop(actor);
        return refused(&shown(&mut seat, (patient, key), Some(Came::Problem(typed, problem))).await?);
    }
    let came = estimate::ask(&mut actor, &read, &list, &typed).await;
    drop(actor);
    match came {
        Ok(table) => page(&shown(&mut seat, (patient, key), Some(Came::Estimate(typed, table))).await?),
        Err(problem) => refused(&shown(&mut seat, (patient, key), Some(Came::Problem(typed, problem))).await?),
    }
}

async fn begin(actor: &mut Actor<'_>, read: &VisitBilled, typed: &Typed) -> Result<InvoiceId, Problem> {
    let code = typed.required("code")?;
    Ok(draft(actor, read.visit.appointment, code, typed.number("quantity")?).await?)
}

/// The visit, and the prices of its day.
async fn read(
    actor: &mut Actor<'_>,
    patient: PatientId,
    key: AppointmentId,
) -> Result<(VisitBilled, Vec<PriceLine>), PageError> {
    let read = visit_to_bill(actor, patient, key).await?.ok_or(PageError::NotFound)?;
    let list = price_list(actor, Some(read.served_on)).await?;
    Ok((read, list))
}

/// Whether it is over, held or not, so that it is charged and not estimated.
fn is_over(read: &VisitBilled) -> bool {
    ["completed", "no_show", "cancelled"].contains(&read.visit.status.as_str())
}

async fn shown(
    seat: &mut Seat,
    (patient, key): (PatientId, AppointmentId),
    came: Option<Came>,
) -> Result<VisitPage, PageError> {
    let (mut actor, viewer) = seat.enter().await?;
    let (read, list) = read(&mut actor, patient, key).await?;
    let form = |id, submit| Form::new(id, format!("/billing/{patient}/visits/{key}"), &viewer.form_token, submit);
    let is_free = is_over(&read) && !read.is_chargeable;
    let mut step = if read.invoice.is_some() || is_free {
        None
    } else if is_over(&read) {
        let usual = read.usual_code.clone().unwrap_or_default();
        let form = form("draft", BILLS.draft)
            .with(FormField::choice("code", BILLS.what, prices(&list)).of(usual).required())
            .with(FormField::number("quantity", BILLS.quantity, "1").of(1).required());
        Some((BILLS.draft, form))
    } else {
        let coverages = coverages(&mut actor, patient).await?;
        let form = estimate::asking(form("estimate", BILLS.estimate_from), &read, &list, &coverages);
        form.map(|form| (BILLS.estimate, form))
    };
    let none = if is_free { BILLS.visit_not_charged } else { BILLS.estimate_none };
    let none = (read.invoice.is_none() && step.is_none()).then_some(none);
    let mut table = None;
    match (came, step.as_mut()) {
        (Some(Came::Problem(typed, problem)), Some((_, form))) => {
            *form = form.clone().filled(&typed).told(problem, AT)?;
        }
        (Some(Came::Problem(_, Problem::Page(error))), None) => return Err(error),
        (Some(Came::Estimate(typed, made)), Some((_, form))) => {
            *form = form.clone().filled(&typed);
            table = Some(made);
        }
        _ => {}
    }
    let facts = vec![
        (BILLS.when, moment(read.visit.starts_at, &viewer.zone)),
        (BILLS.visit_kind, kind_of(&read.visit)),
        (BILLS.visit_with, read.visit.provider_name.clone()),
    ];
    Ok(VisitPage {
        shell: viewer.shell(BILLS.visit),
        words: &BILLS,
        patient,
        status: sentence(&read.visit.status),
        facts,
        invoice: read.invoice,
        step,
        none,
        estimate: table,
    })
}

/// Which field a rule is about.
const AT: &[(&str, &str)] = &[
    ("charge_is_priced_by_the_list", "code"),
    ("charge_quantity_is_positive", "quantity"),
    ("missed_visit_is_charged_by_the_policy", "code"),
    ("estimate_names_known_charges", "code"),
    ("estimate_is_in_one_currency", "code"),
    ("estimate_is_under_coverages_of_the_day", "coverage"),
];
