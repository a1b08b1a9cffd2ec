//! `/billing/{id}/{bill}`: one invoice: what it is for, what is due by the ledger, and the steps from its issue to
//! nothing due: claims, payments, and what is given back.
//!
//! A payment and a refund bear the key of their form, so that a form that is sent twice is booked once. An invoice
//! that was issued is no draft any more, and what a claim asks for is not asked for again, so those are refused the
//! second time.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;

use super::amount::{amount, form_key, plain};
use crate::model::people::{ClaimId, InvoiceId, PatientId, PaymentMethod};
use crate::model::time::Timestamp;
use crate::portal::answer::{done, page, refused};
use crate::portal::edge::sent::Sent;
use crate::portal::forms::{Form, FormField, Problem, Typed};
use crate::portal::money::money;
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::shown::{day, moment, sentence};
use crate::portal::visit::{Seat, Viewer, Visit};
use crate::portal::words::WORDS;
use crate::portal::words::bills::{BILLS, BillsWords};
use crate::store::care::actor::Actor;
use crate::store::care::bills::{Charge, Invoice, PaymentLine, invoice as read_invoice};
use crate::store::care::claim::{ClaimLine, PatientCoverage, coverages, of_patient, submit};
use crate::store::care::money::{Payment, issue, pay, refund};

/// After so many days an invoice is due, unless something else is said.
const DAYS_TO_PAY: i64 = 30;

#[derive(Template)]
#[template(path = "pages/bills/invoice.html", config = "src/portal/askama.toml")]
struct InvoicePage {
    shell: Shell,
    words: &'static BillsWords,
    patient: PatientId,
    number: String,
    facts: Vec<(&'static str, String)>,
    status: String,
    charges: Vec<(String, String, i32, String)>,
    claims: Vec<(ClaimId, String, String)>,
    payments: Vec<(String, String, String, String)>,
    steps: Vec<(&'static str, &'static str, Form)>,
    /// Why a step was not taken that cannot be taken any more.
    wrong: Option<String>,
}

/// What stands of it.
struct Read {
    invoice: Invoice,
    charges: Vec<Charge>,
    payments: Vec<PaymentLine>,
    claims: Vec<ClaimLine>,
    coverages: Vec<PatientCoverage>,
}

async fn read(actor: &mut Actor<'_>, patient: PatientId, invoice: InvoiceId) -> Result<Read, PageError> {
    let found = read_invoice(actor, patient, invoice).await?;
    let (found, charges, payments) = found.ok_or(PageError::NotFound)?;
    let mut claims = of_patient(actor, patient).await?;
    claims.retain(|line| line.invoice == invoice);
    let coverages = coverages(actor, patient).await?;
    Ok(Read { invoice: found, charges, payments, claims, coverages })
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
            return Ok(done(&format!("/billing/{patient}/{invoice}"), word));
        }
        Err(problem) => problem,
    };
    drop(actor);
    let instead = |steps: &mut Vec<(&str, &str, Form)>| {
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
    instead: impl FnOnce(&mut Vec<(&'static str, &'static str, Form)>) -> Result<Option<String>, PageError>,
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
    let charge = |line: &Charge| (day(line.served_on), line.title.clone(), line.quantity, amount(line.cents));
    let payment = |line: &PaymentLine| {
        let how = format!("{}, {}", sentence(&line.payer), sentence(line.method.as_str()));
        (moment(line.received_at, &viewer.zone), how, amount(line.cents), amount(line.given_back_cents))
    };
    Ok(InvoicePage {
        shell: viewer.shell(BILLS.invoice),
        words: &BILLS,
        patient,
        number: invoice.number.clone(),
        status: sentence(&invoice.status),
        charges: charges.iter().map(charge).collect(),
        claims: told_claims(&claims, &invoice.currency),
        payments: payments.iter().map(payment).collect(),
        facts,
        steps,
        wrong,
    })
}

/// Each claim once: its key, how it stands, and what it asks for.
fn told_claims(lines: &[ClaimLine], currency: &str) -> Vec<(ClaimId, String, String)> {
    let mut claims: Vec<(ClaimId, String, i64)> = Vec::new();
    for line in lines {
        match claims.iter_mut().find(|(claim, ..)| *claim == line.claim) {
            Some((.., asked)) => *asked += line.asked_cents,
            None => claims.push((line.claim, sentence(&line.status), line.asked_cents)),
        }
    }
    claims.into_iter().map(|(claim, status, asked)| (claim, status, money(asked, currency))).collect()
}

/// What can be done with it as it stands: a word, a heading and a form.
fn steps(
    read: &Read,
    action: String,
    viewer: &Viewer,
    now: Timestamp,
) -> Result<Vec<(&'static str, &'static str, Form)>, PageError> {
    let form = |word: &'static str, name| {
        Form::new(word, action.clone(), &viewer.form_token, name).with(FormField::hidden("do", word))
    };
    let mut steps = Vec::new();
    if read.invoice.status == "draft" {
        let due_on = now.day().plus(DAYS_TO_PAY);
        let issue = form("issue", BILLS.issue).with(FormField::day("due_on", BILLS.due_on).of(due_on).required());
        steps.push(("issue", BILLS.issue, issue));
    }
    if read.invoice.status != "issued" {
        return Ok(steps);
    }
    let due = read.invoice.due_from_patient_cents;
    let answered: Vec<(String, String)> = told_claims(&read.claims, &read.invoice.currency)
        .into_iter()
        .filter(|(claim, ..)| read.claims.iter().any(|line| line.claim == *claim && line.paid_cents > Some(0)))
        .map(|(claim, _, asked)| (claim.to_string(), format!("{} {asked}", BILLS.claim_of)))
        .collect();
    if due > 0 || !answered.is_empty() {
        let pay = form("pay", BILLS.pay)
            .with(FormField::hidden("key", form_key()?))
            .with(FormField::number("amount", BILLS.amount, "0.01").of(plain(due)).required())
            .with(FormField::word("method", BILLS.method, PaymentMethod::ALL).required())
            .with(FormField::line("token", BILLS.token).hint(BILLS.token_hint))
            .with(FormField::choice("claim", BILLS.for_claim, answered).hint(BILLS.for_claim_hint));
        steps.push(("pay", BILLS.pay, pay));
    }
    if due > 0 && !read.coverages.is_empty() {
        let coverage = |line: &PatientCoverage| {
            (line.coverage.to_string(), format!("{} {}, {}", line.insurer, line.plan_name, sentence(&line.rank)))
        };
        let coverages = read.coverages.iter().map(coverage).collect();
        let claim = form("claim", BILLS.claim_submit)
            .with(FormField::choice("coverage", BILLS.coverage, coverages).required())
            .with(FormField::line("diagnoses", BILLS.diagnoses).hint(BILLS.diagnoses_hint).required());
        steps.push(("claim", BILLS.claim_submit, claim));
    }
    let left = |line: &&PaymentLine| line.cents > line.given_back_cents;
    let payments: Vec<(String, String)> = read
        .payments
        .iter()
        .filter(left)
        .map(|line| {
            let name =
                format!("{}, {}", moment(line.received_at, &viewer.zone), money(line.cents, &read.invoice.currency));
            (line.payment.to_string(), name)
        })
        .collect();
    if !payments.is_empty() {
        let refund = form("refund", BILLS.refund)
            .with(FormField::hidden("key", form_key()?))
            .with(FormField::choice("payment", BILLS.payment, payments).required())
            .with(FormField::number("amount", BILLS.amount, "0.01").required())
            .with(FormField::line("reason", BILLS.reason).required())
            .grave();
        steps.push(("refund", BILLS.refund, refund));
    }
    Ok(steps)
}
