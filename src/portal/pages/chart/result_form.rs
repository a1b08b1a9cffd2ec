//! `/patients/{id}/results/new`: a result that came in another way than from a laboratory's system, for a test that was
//! ordered or that somebody brought along; preliminary until it is signed.
//!
//! # Why
//! A form that is sent twice is refused the second time: of one specimen there is one result of a test.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;

use super::record_view::{Banner, banner};
use super::tried::{Tried, told};
use crate::model::people::{LabAbsentReason, LabOrderId, LabResultId, PatientId, RequestStatus};
use crate::portal::answer::{done, page, refused};
use crate::portal::edge::sent::Sent;
use crate::portal::forms::{Form, FormField, Problem, Typed};
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::shown::formatted;
use crate::portal::visit::{Seat, Viewer, Visit};
use crate::portal::words::WORDS;
use crate::portal::words::chart::{CHART, ChartWords};
use crate::store::care::actor::Actor;
use crate::store::care::chart::results;
use crate::store::care::lab::{LabValue, NewLabResult, complete_lab_order, record_lab_result};
use crate::store::care::record::read_summary;
use crate::store::care::request::{RequestLine, of_patient};

/// So many requests are looked through for orders.
const REQUESTS: u16 = 200;
/// So many results of one test are compared.
const SAME_TEST: u16 = 500;

#[derive(Template)]
#[template(path = "pages/chart/result_new.html", config = "src/portal/askama.toml")]
struct NewResultPage {
    shell: Shell,
    words: &'static ChartWords,
    banner: Banner,
    form: Form,
    is_own: bool,
    tab: &'static str,
}

/// Orders that wait for a result: their keys, and the requests that they are of.
fn orders(requests: &[RequestLine]) -> impl Iterator<Item = (LabOrderId, &RequestLine)> {
    let open = requests.iter().filter(|line| line.status == RequestStatus::Active);
    open.flat_map(|line| {
        let done = line.done.as_array().into_iter().flatten();
        let keys = done.filter_map(|done| done.get("lab_order")?.as_str()?.parse().ok());
        keys.map(move |key| (key, line))
    })
}

fn asking(patient: PatientId, viewer: &Viewer, requests: &[RequestLine], now: &str) -> Form {
    let orders: Vec<(String, String)> =
        orders(requests).map(|(key, line)| (key.to_string(), line.title.clone())).collect();
    let mut form =
        Form::new("result", format!("/patients/{patient}/results/new"), &viewer.form_token, CHART.result_record);
    if !orders.is_empty() {
        form = form.with(FormField::choice("order", CHART.result_order, orders).hint(CHART.result_order_hint));
    }
    form.with(FormField::line("title", CHART.result_test).required())
        .with(FormField::line("loinc", CHART.result_loinc).at_most(9).hint(CHART.result_loinc_hint).required())
        .with(FormField::number("number", CHART.result_number, "any"))
        .with(FormField::line("unit", CHART.result_unit).at_most(40).hint(CHART.result_unit_hint))
        .with(FormField::line("finding", CHART.result_words).hint(CHART.result_words_hint))
        .with(FormField::word("absent", CHART.result_absent, LabAbsentReason::ALL))
        .with(FormField::number("low", CHART.result_low, "any"))
        .with(FormField::number("high", CHART.result_high, "any"))
        .with(FormField::number("critical_low", CHART.result_critical_low, "any"))
        .with(FormField::number("critical_high", CHART.result_critical_high, "any"))
        .with(FormField::moment("observed_at", CHART.result_taken).of(now).required())
        .with(FormField::check("sign", CHART.result_sign_now).hint(CHART.result_sign_hint))
}

async fn shown(
    visit: &Visit,
    seat: &mut Seat,
    patient: PatientId,
    tried: Option<Tried>,
) -> Result<NewResultPage, PageError> {
    let now = visit.portal.clock.now();
    let (mut actor, viewer) = seat.enter().await?;
    let record = read_summary(&mut actor, patient).await?.ok_or(PageError::NotFound)?;
    let requests = of_patient(&mut actor, patient, REQUESTS).await?;
    let form = asking(patient, &viewer, &requests, &formatted(now, &viewer.zone, "%Y-%m-%dT%H:%M"));
    Ok(NewResultPage {
        shell: viewer.shell(CHART.result_record_title),
        words: &CHART,
        banner: banner(&record, now, &viewer.zone),
        form: told(tried, form, AT)?,
        is_own: false,
        tab: "results",
    })
}

/// Shows the form.
pub(super) async fn get(visit: Visit, Path(patient): Path<String>) -> Result<Response, PageError> {
    let patient = patient.parse().map_err(|_| PageError::NotFound)?;
    page(&shown(&visit, &mut visit.seat().await?, patient, None).await?)
}

/// Stores a result; who signs it has proved within ten minutes who that is.
pub(super) async fn post(
    visit: Visit,
    Path(patient): Path<String>,
    Sent(typed): Sent<Typed>,
) -> Result<Response, PageError> {
    let patient = patient.parse().map_err(|_| PageError::NotFound)?;
    let _turn = visit.turn().await;
    let mut seat = visit.seat().await?;
    let (mut actor, viewer) =
        if typed.is_checked("sign") { seat.enter_confirmed().await? } else { seat.enter().await? };
    match store(&mut actor, patient, &viewer, &typed).await {
        Ok(key) => {
            actor.commit().await?;
            Ok(done(&format!("/patients/{patient}/results/{key}"), "saved"))
        }
        Err(problem) => {
            drop(actor);
            refused(&shown(&visit, &mut seat, patient, Some(Tried::refused(typed, problem))).await?)
        }
    }
}

/// Which field a rule is about.
const AT: &[(&str, &str)] = &[
    ("lab_result_code_is_loinc", "loinc"),
    ("lab_result_unit_fits_its_code", "unit"),
    ("lab_result_values_are_numbers", "number"),
    ("lab_result_range_is_ordered", "high"),
    ("lab_result_is_issued_after_it_was_observed", "observed_at"),
    ("lab_order_is_collected_after_it_was_ordered", "observed_at"),
    ("lab_result_lab_order_fkey", "order"),
    ("lab_order_is_open", "order"),
];

/// What was found: a number with its unit, words, or why there is nothing.
fn value_of(typed: &Typed) -> Result<LabValue, Problem> {
    let is_one = ["number", "finding", "absent"].into_iter().filter(|name| typed.some(name).is_some()).count() == 1;
    if !is_one {
        return Err(Problem::at("number", CHART.result_value_is_one));
    }
    if let Some(words) = typed.some("finding") {
        return Ok(LabValue::Words(words.to_owned()));
    }
    match typed.maybe("absent")? {
        Some(why) => Ok(LabValue::Absent(why)),
        None => Ok(LabValue::Number { value: typed.number("number")?, unit: typed.required("unit")?.to_owned() }),
    }
}

/// A bound of a range, which may be open.
fn bound(typed: &Typed, name: &'static str) -> Result<Option<f64>, Problem> {
    typed.some(name).map(|_| typed.number(name)).transpose()
}

async fn store(
    actor: &mut Actor<'_>,
    patient: PatientId,
    viewer: &Viewer,
    typed: &Typed,
) -> Result<LabResultId, Problem> {
    let is_signed = typed.is_checked("sign");
    let lab_order_id: Option<LabOrderId> = typed.maybe("order")?;
    let new = NewLabResult {
        patient_id: patient,
        lab_order_id,
        observed_at: typed.moment("observed_at", &viewer.zone)?,
        loinc: typed.required("loinc")?.to_owned(),
        title: typed.required("title")?.to_owned(),
        value: value_of(typed)?,
        reference: (bound(typed, "low")?, bound(typed, "high")?),
        critical: (bound(typed, "critical_low")?, bound(typed, "critical_high")?),
        preliminary: !is_signed,
    };
    let requests = of_patient(actor, patient, REQUESTS).await?;
    if lab_order_id.is_some_and(|order| !orders(&requests).any(|(open, _)| open == order)) {
        return Err(Problem::at("order", WORDS.field_choice));
    }
    let known = results(actor, patient, Some(&new.loinc), None, SAME_TEST).await?;
    if known.iter().any(|result| result.observed_at == new.observed_at) {
        return Err(Problem::at("observed_at", CHART.result_known));
    }
    let stored = record_lab_result(actor, &new).await?;
    if let Some(order) = lab_order_id.filter(|_| is_signed) {
        complete_lab_order(actor, order, new.observed_at).await?;
    }
    Ok(stored.lab_result_id)
}
