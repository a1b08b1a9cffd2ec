//! What can be done with an invoice as it stands: charged and issued while it is a draft; then claimed, paid, given
//! back and voided.

use super::amount::form_key;
use super::charges::adding;
use super::invoice_read::Read;
use crate::model::people::{ClaimId, PaymentMethod};
use crate::model::time::Timestamp;
use crate::portal::forms::{Form, FormField};
use crate::portal::money::{money, plain};
use crate::portal::page_error::PageError;
use crate::portal::shown::{moment, sentence};
use crate::portal::visit::Viewer;
use crate::portal::words::bills::BILLS;
use crate::store::care::bills::PaymentLine;
use crate::store::care::claim::{ClaimLine, PatientCoverage};

/// After so many days an invoice is due, unless something else is said.
const DAYS_TO_PAY: i64 = 30;

/// A step: its word, what it is called, and what it asks.
pub(super) type Step = (&'static str, &'static str, Form);

/// Each claim once: its key, how it stands, and what it asks for.
pub(super) fn told_claims(lines: &[ClaimLine], currency: &str) -> Vec<(ClaimId, String, String)> {
    let mut claims: Vec<(ClaimId, String, i64)> = Vec::new();
    for line in lines {
        match claims.iter_mut().find(|(claim, ..)| *claim == line.claim) {
            Some((.., asked)) => *asked += line.asked_cents,
            None => claims.push((line.claim, sentence(&line.status), line.asked_cents)),
        }
    }
    claims.into_iter().map(|(claim, status, asked)| (claim, status, money(asked, currency))).collect()
}

/// The steps of it.
pub(super) fn steps(read: &Read, action: String, viewer: &Viewer, now: Timestamp) -> Result<Vec<Step>, PageError> {
    let form = |word: &'static str, name| {
        Form::new(word, action.clone(), &viewer.form_token, name).with(FormField::hidden("do", word))
    };
    match read.invoice.status.as_str() {
        "draft" => Ok(drafting(read, now, form)),
        "issued" => {
            let mut steps = Vec::new();
            steps.extend(paying(read, form)?);
            steps.extend(claiming(read, form));
            steps.extend(refunding(read, viewer, form)?);
            if read.invoice.due_from_patient_cents == read.invoice.charged_cents && read.payments.is_empty() {
                let sure = FormField::check("sure", BILLS.void_sure).required();
                steps.push(("void", BILLS.void, form("void", BILLS.void).with(sure).grave()));
            }
            Ok(steps)
        }
        _ => Ok(Vec::new()),
    }
}

fn drafting(read: &Read, now: Timestamp, form: impl Fn(&'static str, &'static str) -> Form) -> Vec<Step> {
    let due_on = now.day().plus(DAYS_TO_PAY);
    let issue = form("issue", BILLS.issue).with(FormField::day("due_on", BILLS.due_on).of(due_on).required());
    let served_on = read.charges.last().map(|line| line.served_on);
    let add = adding(form("add", BILLS.charge_add), &read.prices, &read.invoice.currency, served_on);
    vec![("issue", BILLS.issue, issue), ("add", BILLS.charge_add, add)]
}

fn paying(read: &Read, form: impl Fn(&'static str, &'static str) -> Form) -> Result<Option<Step>, PageError> {
    let due = read.invoice.due_from_patient_cents;
    let answered: Vec<(String, String)> = told_claims(&read.claims, &read.invoice.currency)
        .into_iter()
        .filter(|(claim, ..)| read.claims.iter().any(|line| line.claim == *claim && line.paid_cents > Some(0)))
        .map(|(claim, _, asked)| (claim.to_string(), format!("{} {asked}", BILLS.claim_of)))
        .collect();
    // What an insurer has answered with, and not sent yet.
    let paid: i64 = read.claims.iter().filter_map(|line| line.paid_cents).sum();
    let promised = read.invoice.due_from_insurer_cents.min(paid);
    if due <= 0 && (answered.is_empty() || promised <= 0) {
        return Ok(None);
    }
    let is_insurers = due <= 0;
    let only = answered.first().filter(|_| is_insurers && answered.len() == 1);
    let claim = only.map(|(claim, _)| claim.clone()).unwrap_or_default();
    let pay = form("pay", BILLS.pay)
        .with(FormField::hidden("key", form_key()?))
        .with(
            FormField::number("amount", BILLS.amount, "0.01")
                .of(plain(if is_insurers { promised } else { due }))
                .required(),
        )
        .with(FormField::word("method", BILLS.method, PaymentMethod::ALL).required())
        .with(FormField::line("token", BILLS.token).hint(BILLS.token_hint))
        .with(FormField::choice("claim", BILLS.for_claim, answered).of(claim).hint(BILLS.for_claim_hint));
    Ok(Some(("pay", BILLS.pay, pay)))
}

fn claiming(read: &Read, form: impl Fn(&'static str, &'static str) -> Form) -> Option<Step> {
    if read.invoice.due_from_patient_cents <= 0 || read.coverages.is_empty() {
        return None;
    }
    let coverage = |line: &PatientCoverage| {
        (line.coverage.to_string(), format!("{} {}, {}", line.insurer, line.plan_name, sentence(&line.rank)))
    };
    let coverages = read.coverages.iter().map(coverage).collect();
    let claim = form("claim", BILLS.claim_submit)
        .with(FormField::choice("coverage", BILLS.coverage, coverages).required())
        .with(FormField::line("diagnoses", BILLS.diagnoses).hint(BILLS.diagnoses_hint).required());
    Some(("claim", BILLS.claim_submit, claim))
}

fn refunding(
    read: &Read,
    viewer: &Viewer,
    form: impl Fn(&'static str, &'static str) -> Form,
) -> Result<Option<Step>, PageError> {
    let name = |line: &PaymentLine| {
        format!("{}, {}", moment(line.received_at, &viewer.zone), money(line.cents, &read.invoice.currency))
    };
    let left = |line: &&PaymentLine| line.cents > line.given_back_cents;
    let payments: Vec<(String, String)> =
        read.payments.iter().filter(left).map(|line| (line.payment.to_string(), name(line))).collect();
    if payments.is_empty() {
        return Ok(None);
    }
    let refund = form("refund", BILLS.refund)
        .with(FormField::hidden("key", form_key()?))
        .with(FormField::choice("payment", BILLS.payment, payments).required())
        .with(FormField::number("amount", BILLS.amount, "0.01").required())
        .with(FormField::line("reason", BILLS.reason).required())
        .grave();
    Ok(Some(("refund", BILLS.refund, refund)))
}
