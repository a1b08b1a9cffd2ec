//! `/billing/{id}/claims/{claim}`: one claim: the insurer's answer, charge by charge, and asking again for what was
//! denied.
//!
//! A claim is answered once and replaced once, so a form that is sent twice is refused the second time.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;

use super::claim_answer::{AnswerFields, Wrong, answers, fields};
use crate::model::people::{ChargeId, ClaimId, ClaimRelation, InvoiceId, PatientId};
use crate::portal::answer::{done, page, refused};
use crate::portal::edge::sent::Sent;
use crate::portal::forms::{Form, FormField, Typed};
use crate::portal::money::money;
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::shown::sentence;
use crate::portal::visit::{Seat, Visit};
use crate::portal::words::WORDS;
use crate::portal::words::bills::{BILLS, BillsWords};
use crate::store::care::actor::Actor;
use crate::store::care::claim::{Adjustment, ClaimLine, adjustment_codes, answer, of_patient, replace};

#[derive(Template)]
#[template(path = "pages/bills/claim.html", config = "src/portal/askama.toml")]
struct ClaimPage {
    shell: Shell,
    words: &'static BillsWords,
    patient: PatientId,
    claim: ClaimId,
    invoice: InvoiceId,
    form_token: String,
    facts: Vec<(&'static str, String)>,
    status: String,
    wrong: Option<String>,
    lines: Vec<Line>,
    /// Codes of an answer, where it waits for one.
    codes: Vec<(String, String)>,
    is_open: bool,
    replace: Option<Form>,
}

/// A charge of it, and what was typed of its answer.
struct Line {
    charge: ChargeId,
    code: String,
    asked: String,
    paid: String,
    patient: String,
    taken_off: Vec<String>,
    fields: AnswerFields,
}

fn keys(patient: &str, claim: &str) -> Result<(PatientId, ClaimId), PageError> {
    let patient = patient.parse().map_err(|_| PageError::NotFound)?;
    Ok((patient, claim.parse().map_err(|_| PageError::NotFound)?))
}

/// Shows it.
pub(super) async fn get(visit: Visit, Path((patient, claim)): Path<(String, String)>) -> Result<Response, PageError> {
    let keys = keys(&patient, &claim)?;
    page(&shown(&mut visit.seat().await?, keys, None).await?)
}

/// Notes the insurer's answer, or asks again.
pub(super) async fn post(
    visit: Visit,
    Path((patient, claim)): Path<(String, String)>,
    Sent(typed): Sent<Typed>,
) -> Result<Response, PageError> {
    let (patient, claim) = keys(&patient, &claim)?;
    let mut seat = visit.seat().await?;
    let (mut actor, _) = seat.enter().await?;
    let lines = read(&mut actor, patient, claim).await?;
    let wrong = match take(&mut actor, claim, &lines, &typed).await {
        Ok((claim, word)) => {
            actor.commit().await?;
            return Ok(done(&format!("/billing/{patient}/claims/{claim}"), word));
        }
        Err(Wrong::Page(error)) => return Err(error),
        Err(wrong) => wrong,
    };
    drop(actor);
    refused(&shown(&mut seat, (patient, claim), Some((&typed, &wrong))).await?)
}

async fn read(actor: &mut Actor<'_>, patient: PatientId, claim: ClaimId) -> Result<Vec<ClaimLine>, PageError> {
    let mut lines = of_patient(actor, patient).await?;
    lines.retain(|line| line.claim == claim);
    if lines.is_empty() { Err(PageError::NotFound) } else { Ok(lines) }
}

/// Takes a step; the claim to be shown then, and the word of what was done.
async fn take(
    actor: &mut Actor<'_>,
    claim: ClaimId,
    lines: &[ClaimLine],
    typed: &Typed,
) -> Result<(ClaimId, &'static str), Wrong> {
    match typed.text("do") {
        "answer" => {
            answer(actor, claim, &answers(typed, lines)?).await?;
            Ok((claim, "saved"))
        }
        "replace" => {
            let related: ClaimRelation = typed.one("related")?;
            Ok((replace(actor, claim, related).await?, "sent"))
        }
        _ => Err(Wrong::Page(PageError::Refused(WORDS.form_incomplete.to_owned()))),
    }
}

/// The page, with what was typed and what is wrong with it.
async fn shown(
    seat: &mut Seat,
    (patient, claim): (PatientId, ClaimId),
    refused: Option<(&Typed, &Wrong)>,
) -> Result<ClaimPage, PageError> {
    let (mut actor, viewer) = seat.enter().await?;
    let lines = read(&mut actor, patient, claim).await?;
    let first = lines.first().ok_or(PageError::NotFound)?;
    let is_open = first.status == "submitted";
    let codes = if is_open { adjustment_codes(&mut actor).await? } else { Vec::new() };
    let of_all = |amount: fn(&ClaimLine) -> Option<i64>| -> Option<i64> { lines.iter().map(amount).sum() };
    let told = |cents: i64| money(cents, &first.currency);
    let fact = |name, cents: Option<i64>| cents.map(|cents| (name, told(cents)));
    let facts = [
        fact(BILLS.asked, of_all(|line| Some(line.asked_cents))),
        fact(BILLS.paid, of_all(|line| line.paid_cents)),
        fact(BILLS.denied, of_all(|line| line.patient_cents)),
        first.rank.as_deref().map(|rank| (BILLS.coverage, sentence(rank))),
        first.diagnoses.as_ref().map(|codes| (BILLS.diagnoses, codes.join(", "))),
        first.related.map(|related| (BILLS.related, sentence(related.as_str()))),
    ];
    let can_replace = !is_open && of_all(|line| line.patient_cents) > Some(0);
    let action = format!("/billing/{patient}/claims/{claim}");
    let replace = Form::new("replace", action, &viewer.form_token, BILLS.replace)
        .with(FormField::hidden("do", "replace"))
        .with(FormField::word("related", BILLS.related, ClaimRelation::ALL).required());
    Ok(ClaimPage {
        shell: viewer.shell(BILLS.claim),
        words: &BILLS,
        patient,
        claim,
        invoice: first.invoice,
        facts: facts.into_iter().flatten().collect(),
        status: sentence(&first.status),
        lines: lines.iter().enumerate().map(|(place, of)| line(of, fields(place, refused))).collect(),
        wrong: refused.and_then(|(_, wrong)| match wrong {
            Wrong::Form(sentence) => Some(sentence.clone()),
            Wrong::Field(..) | Wrong::Page(_) => None,
        }),
        codes: codes.into_iter().map(code).collect(),
        is_open,
        replace: can_replace.then_some(replace),
        form_token: viewer.form_token,
    })
}

fn code(code: crate::store::care::claim::AdjustmentCode) -> (String, String) {
    let key = format!("{} {}", code.group_code, code.code);
    let name = format!("{key}: {}", code.title);
    (key, name)
}

fn line(of: &ClaimLine, fields: AnswerFields) -> Line {
    let amount = |cents: Option<i64>| cents.map(|cents| money(cents, &of.currency)).unwrap_or_default();
    let off = |taken: &Adjustment| format!("{} {}: {}", taken.group, taken.code, amount(Some(taken.cents)));
    Line {
        charge: of.charge,
        code: of.charge_code.clone(),
        asked: amount(Some(of.asked_cents)),
        paid: amount(of.paid_cents),
        patient: amount(of.patient_cents),
        taken_off: of.adjustments.iter().flat_map(|taken| taken.0.iter()).map(off).collect(),
        fields,
    }
}
