//! `/billing/{id}/{bill}`: one invoice: what it is for, what is due by the ledger, and the steps from its issue to
//! nothing due: claims, payments, and what is given back.
//!
//! A charge, a payment and a refund bear the key of their form, so that a form that is sent twice is booked once. An
//! invoice that was issued is no draft any more, and what a claim asks for is not asked for again, so those are refused
//! the second time.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;

use super::amount::amount;
use super::charges::{KNOWN, add};
use super::invoice_read::{Read, read};
use super::invoice_steps::{Step, steps, told_claims};
use crate::model::people::{ChargeId, ClaimId, InvoiceId, PatientId};
use crate::model::time::Timestamp;
use crate::portal::answer::{done, page, refused};
use crate::portal::edge::sent::Sent;
use crate::portal::forms::{Problem, Typed};
use crate::portal::money::money;
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::shown::{day, moment, sentence};
use crate::portal::visit::{Seat, Visit};
use crate::portal::words::WORDS;
use crate::portal::words::bills::{BILLS, BillsWords};
use crate::store::care::actor::Actor;
use crate::store::care::bills::{Charge, PaymentLine, invoice as read_invoice};
use crate::store::care::claim::submit;
use crate::store::care::drafting::{drop_charge, void_invoice};
use crate::store::care::money::{Payment, issue, pay, refund};

#[derive(Template)]
#[template(path = "pages/bills/invoice.html", config = "src/portal/askama.toml")]
struct InvoicePage {
    shell: Shell,
    words: &'static BillsWords,
    patient: PatientId,
    key: InvoiceId,
    number: String,
    facts: Vec<(&'static str, String)>,
    status: String,
    /// With the forms' token while it is a draft, whose charges can be taken off.
    charges: Vec<(ChargeId, String, String, i32, String)>,
    dropping: Option<String>,
    claims: Vec<(ClaimId, String, String)>,
    payments: Vec<(String, String, String, String)>,
    steps: Vec<Step>,
    /// Why a step was not taken that cannot be taken any more.
    wrong: Option<String>,
}

fn keys(patient: &str, invoice: &str) -> Result<(PatientId, InvoiceId), PageError> {
    let patient = patient.parse().map_err(|_| PageError::NotFound)?;
    Ok((patient, invoice.parse().map_err(|_| PageError::NotFound)?))
}

/// Shows it.
pub(super) async fn get(visit: Visit, Path((patient, invoice)): Path<(String, String)>) -> Result<Response, PageError> {
    let keys = keys(&patient, &invoice)?;
    let now = visit.portal.clock.now();
    page(&shown(&mut visit.seat().await?, keys, now, |_| Ok(None)).await?)
}

/// Takes a step.
pub(super) async fn post(
    visit: Visit,
    Path((patient, invoice)): Path<(String, String)>,
    Sent(typed): Sent<Typed>,
) -> Result<Response, PageError> {
    let (patient, invoice) = keys(&patient, &invoice)?;
    let now = visit.portal.clock.now();
    let mut seat = visit.seat().await?;
    let (mut actor, _) = seat.enter().await?;
    // Whose it is, before anything is done with it: what is not there is not told from what is not open.
    read_invoice(&mut actor, patient, invoice).await?.ok_or(PageError::NotFound)?;
    let problem = match take(&mut actor, invoice, &typed).await {
        Ok(word) => {
            actor.commit().await?;
            let (mut actor, _) = seat.enter().await?;
            // A draft goes with its last charge.
            let stands = read_invoice(&mut actor, patient, invoice).await?.is_some();
            let path = if stands { format!("/billing/{patient}/{invoice}") } else { "/billing/visits".to_owned() };
            return Ok(done(&path, word));
        }
        Err(Problem::Rule(broken)) if broken.rule == KNOWN => {
            return Ok(done(&format!("/billing/{patient}/{invoice}"), "saved"));
        }
        Err(problem) => problem,
    };
    drop(actor);
    let instead = |steps: &mut Vec<Step>| {
        let Some((.., form)) = steps.iter_mut().find(|(word, ..)| *word == typed.text("do")) else {
            return match problem {
                Problem::At(_, sentence) => Ok(Some(sentence)),
                Problem::Rule(broken) => Ok(Some(broken.sentence)),
                Problem::Page(error) => Err(error),
            };
        };
        *form = form.clone().filled(&typed).told(problem, AT)?;
        Ok(None)
    };
    refused(&shown(&mut seat, (patient, invoice), now, instead).await?)
}

/// Which field a rule is about.
const AT: &[(&str, &str)] = &[
    ("charge_is_priced_by_the_list", "code"),
    ("charge_quantity_is_positive", "quantity"),
    ("charge_is_of_the_time_of_the_visit", "served_on"),
    ("claim_has_a_diagnosis", "diagnoses"),
    ("claim_diagnosis_is_icd_10_cm", "diagnoses"),
    ("claim_is_covered_on_the_day_of_service", "coverage"),
    ("claim_follows_the_primary", "coverage"),
    ("payment_is_not_above_what_is_due", "amount"),
    ("payment_is_positive", "amount"),
    ("payment_by_card_has_a_token", "token"),
    ("payment_token_is_no_card_number", "token"),
    ("payment_follows_the_answer", "claim"),
    ("refund_is_not_above_its_payment", "amount"),
    ("refund_is_positive", "amount"),
    ("refund_has_a_reason", "reason"),
];

/// Takes a step; the word of what was done.
async fn take(actor: &mut Actor<'_>, invoice: InvoiceId, typed: &Typed) -> Result<&'static str, Problem> {
    match typed.text("do") {
        "issue" => {
            issue(actor, invoice, typed.day("due_on")?).await?;
            Ok("saved")
        }
        "add" => {
            add(actor, invoice, typed).await?;
            Ok("saved")
        }
        "drop" => {
            drop_charge(actor, typed.one("charge")?).await?;
            Ok("removed")
        }
        "void" => {
            typed.required("sure")?;
            void_invoice(actor, invoice).await?;
            Ok("saved")
        }
        "claim" => {
            let codes = typed.required("diagnoses")?.to_uppercase();
            let codes: Vec<&str> = codes.split([',', ' ', ';']).filter(|code| !code.is_empty()).collect();
            submit(actor, invoice, typed.one("coverage")?, &codes).await?;
            Ok("sent")
        }
        "pay" => {
            let payment = Payment {
                key: typed.required("key")?,
                invoice,
                cents: amount(typed, "amount")?,
                method: typed.one("method")?,
                token: typed.some("token"),
                claim: typed.maybe("claim")?,
            };
            pay(actor, &payment).await?;
            Ok("paid")
        }
        "refund" => {
            let (key, cents) = (typed.required("key")?, amount(typed, "amount")?);
            refund(actor, key, typed.one("payment")?, cents, typed.required("reason")?).await?;
            Ok("saved")
        }
        _ => Err(Problem::Page(PageError::Refused(WORDS.form_incomplete.to_owned()))),
    }
}

/// The page, its steps changed where one was refused.
async fn shown(
    seat: &mut Seat,
    (patient, key): (PatientId, InvoiceId),
    now: Timestamp,
    instead: impl FnOnce(&mut Vec<Step>) -> Result<Option<String>, PageError>,
) -> Result<InvoicePage, PageError> {
    let (mut actor, viewer) = seat.enter().await?;
    let read = read(&mut actor, patient, key).await?;
    let mut steps = steps(&read, format!("/billing/{patient}/{key}"), &viewer, now)?;
    let wrong = instead(&mut steps)?;
    let Read { invoice, charges, payments, claims, .. } = read;
    let amount = |cents| money(cents, &invoice.currency);
    let mut facts = vec![(BILLS.charged, amount(invoice.charged_cents))];
    if let Some(due_on) = invoice.due_on {
        facts.push((BILLS.from_patient, amount(invoice.due_from_patient_cents)));
        facts.push((BILLS.from_insurer, amount(invoice.due_from_insurer_cents)));
        facts.push((BILLS.due_on, day(due_on)));
    }
    facts.push((BILLS.facility, invoice.facility_name.clone()));
    let charge =
        |line: &Charge| (line.charge_id, day(line.served_on), line.title.clone(), line.quantity, amount(line.cents));
    let payment = |line: &PaymentLine| {
        let how = format!("{}, {}", sentence(&line.payer), sentence(line.method.as_str()));
        (moment(line.received_at, &viewer.zone), how, amount(line.cents), amount(line.given_back_cents))
    };
    Ok(InvoicePage {
        shell: viewer.shell(BILLS.invoice),
        words: &BILLS,
        patient,
        key,
        number: invoice.number.clone(),
        status: sentence(&invoice.status),
        charges: charges.iter().map(charge).collect(),
        dropping: (invoice.status == "draft").then(|| viewer.form_token.clone()),
        claims: told_claims(&claims, &invoice.currency),
        payments: payments.iter().map(payment).collect(),
        facts,
        steps,
        wrong,
    })
}
