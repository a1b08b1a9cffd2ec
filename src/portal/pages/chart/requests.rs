//! `/patients/{id}/requests`: what was asked of others and how far it is; a test ordered, a service asked for; and
//! `/patients/{id}/requests/{request}`: one of them, moved on by whoever read its newest version.

use std::collections::BTreeSet;
use std::str::FromStr;

use askama::Template;
use axum::extract::Path;
use axum::response::Response;

use super::colleague;
use super::record_view::{Banner, banner};
use super::tried::{Tried, told};
use crate::model::people::{PatientId, RequestCategory, RequestIntent, RequestStatus, ServiceRequestId, Urgency};
use crate::portal::answer::{done, page, refused};
use crate::portal::edge::sent::Sent;
use crate::portal::forms::{Form, FormField, Problem, Typed};
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::shown::sentence;
use crate::portal::visit::{Seat, Viewer, Visit};
use crate::portal::words::WORDS;
use crate::portal::words::chart::{CHART, ChartWords};
use crate::store::care::actor::Actor;
use crate::store::care::directory::{ProviderQuery, find_providers};
use crate::store::care::record::{Edited, read_summary};
use crate::store::care::request::{NewServiceRequest, RequestLine, ask, change, of_patient, order_lab};

const ROWS: u16 = 200;
/// What can be taken for the laboratory.
const SPECIMENS: [&str; 7] = ["blood", "urine", "stool", "saliva", "swab", "tissue", "other"];
/// How a choice of whom begins.
const FACILITY: &str = "facility ";
const SPECIALTY: &str = "specialty ";
const PROVIDER: &str = "provider ";
const CODE_SYSTEMS: [&str; 2] = ["loinc", "snomed"];

#[derive(Template)]
#[template(path = "pages/chart/requests.html", config = "src/portal/askama.toml")]
struct RequestsPage {
    shell: Shell,
    words: &'static ChartWords,
    banner: Banner,
    lines: Vec<AskedLine>,
    heading: &'static str,
    form: Form,
    is_own: bool,
    tab: &'static str,
}

struct AskedLine {
    key: ServiceRequestId,
    title: String,
    told: String,
    goes_on: bool,
}

fn goes_on(line: &RequestLine) -> bool {
    matches!(line.status, RequestStatus::Draft | RequestStatus::Active | RequestStatus::OnHold)
}

fn line(line: &RequestLine) -> AskedLine {
    AskedLine {
        key: line.service_request_id,
        title: line.title.clone(),
        told: sentence(&[line.category.as_str(), line.status.as_str()].join(", ")),
        goes_on: goes_on(line),
    }
}

async fn shown(
    visit: &Visit,
    seat: &mut Seat,
    (patient, request): (PatientId, Option<ServiceRequestId>),
    tried: Option<Tried>,
) -> Result<RequestsPage, PageError> {
    let now = visit.portal.clock.now();
    let (mut actor, viewer) = seat.enter().await?;
    let record = read_summary(&mut actor, patient).await?.ok_or(PageError::NotFound)?;
    let all = of_patient(&mut actor, patient, ROWS).await?;
    let form = match request {
        None => asking(patient, &viewer, whom(&mut actor, tried.as_ref().map(|tried| &tried.typed)).await?),
        Some(request) => {
            let changed = all.iter().find(|line| line.service_request_id == request);
            changing(patient, &viewer, changed.ok_or(PageError::NotFound)?)
        }
    };
    Ok(RequestsPage {
        shell: viewer.shell(CHART.requests_title),
        words: &CHART,
        banner: banner(&record, now, &viewer.zone),
        lines: all.iter().map(line).collect(),
        heading: if request.is_some() { CHART.request_change } else { CHART.request_add },
        form: told(tried, form, AT)?,
        is_own: false,
        tab: "results",
    })
}

/// Shows them, with a form for another.
pub(super) async fn get(visit: Visit, Path(patient): Path<String>) -> Result<Response, PageError> {
    let patient = patient.parse().map_err(|_| PageError::NotFound)?;
    page(&shown(&visit, &mut visit.seat().await?, (patient, None), None).await?)
}

/// Asks.
pub(super) async fn post(
    visit: Visit,
    Path(patient): Path<String>,
    Sent(typed): Sent<Typed>,
) -> Result<Response, PageError> {
    let patient = patient.parse().map_err(|_| PageError::NotFound)?;
    let mut seat = visit.seat().await?;
    let (mut actor, _) = seat.enter().await?;
    if typed.is_checked("find") {
        let begins = colleague::sought(&typed);
        let is_empty = colleague::providers(&mut actor, begins, None).await?.is_empty()
            && colleague::facilities(&mut actor, begins, None).await?.is_empty();
        drop(actor);
        let tried = Tried::searched(typed, colleague::none_found(is_empty));
        return page(&shown(&visit, &mut seat, (patient, None), Some(tried)).await?);
    }
    match asked(&mut actor, patient, &typed).await {
        Ok(()) => {
            actor.commit().await?;
            Ok(done(&format!("/patients/{patient}/requests"), "sent"))
        }
        Err(problem) => {
            drop(actor);
            let tried = Tried::refused(typed, problem);
            refused(&shown(&visit, &mut seat, (patient, None), Some(tried)).await?)
        }
    }
}

/// Which field a rule is about.
const AT: &[(&str, &str)] = &[
    ("service_request_code_fits_its_system", "code"),
    ("service_request_laboratory_is_coded_by_loinc", "code_system"),
    ("service_request_asks_somebody", "whom"),
    ("service_request_specialty_fkey", "whom"),
    ("service_request_facility_fkey", "whom"),
    ("service_request_performer_fkey", "whom"),
    ("service_request_says_why", "reason"),
    ("service_request_period_is_half_open", "wanted_until"),
    ("service_request_status_says_why", "why"),
    ("service_request_follows_its_states", "status"),
    ("lab_order_specimen_is_known", "specimen"),
];

fn asking(patient: PatientId, viewer: &Viewer, whom: Vec<(String, String)>) -> Form {
    Form::new("ask", format!("/patients/{patient}/requests"), &viewer.form_token, CHART.ask)
        .finding(colleague::SOUGHT, CHART.find)
        .with(FormField::word("category", CHART.request_category, RequestCategory::ALL).of("laboratory").required())
        .with(FormField::line("title", CHART.request_what).required())
        .with(FormField::word("code_system", CHART.code_system, &CODE_SYSTEMS).of("loinc").required())
        .with(FormField::line("code", CHART.code).required().at_most(20))
        .with(FormField::word("specimen", CHART.specimen, &SPECIMENS).hint(CHART.specimen_hint))
        .with(colleague::asking(CHART.request_whom_begins))
        .with(FormField::choice("whom", CHART.request_whom, whom).required())
        .with(FormField::word("urgency", CHART.urgency, Urgency::ALL).of("routine").required())
        .with(FormField::day("wanted_until", CHART.wanted_until))
        .with(FormField::lines("reason", CHART.request_why).required().at_most(2_000))
}

/// A key behind a word.
fn behind<T: FromStr>(whom: &str, word: &str) -> Option<T> {
    whom.strip_prefix(word)?.parse().ok()
}

/// Who can be asked: fields of the providers there are, providers by name where somebody is sought, and facilities.
async fn whom(actor: &mut Actor<'_>, typed: Option<&Typed>) -> Result<Vec<(String, String)>, PageError> {
    let sought = typed.and_then(colleague::sought);
    let chosen = typed.map_or("", |typed| typed.text("whom"));
    let found = find_providers(actor, &ProviderQuery::default()).await?;
    let fields: BTreeSet<String> = found.into_iter().flat_map(|found| found.specialties).collect();
    let fields = fields.into_iter().map(|word| (format!("{SPECIALTY}{word}"), sentence(&word)));
    let mut offered: Vec<(String, String)> = fields.collect();
    let chosen_provider = behind(chosen, PROVIDER);
    if sought.is_some() || chosen_provider.is_some() {
        let providers = colleague::providers(actor, sought, chosen_provider).await?;
        offered.extend(providers.into_iter().map(|(key, name)| (format!("{PROVIDER}{key}"), name)));
    }
    let facilities = colleague::facilities(actor, sought, behind(chosen, FACILITY)).await?;
    offered.extend(facilities.into_iter().map(|(key, name)| (format!("{FACILITY}{key}"), name)));
    Ok(offered)
}

/// A request, and the laboratory's order where that is asked. One that goes on already is not asked for again, so that
/// a form that is sent twice asks once.
async fn asked(actor: &mut Actor<'_>, patient: PatientId, typed: &Typed) -> Result<(), Problem> {
    let category: RequestCategory = typed.one("category")?;
    let title = typed.required("title")?;
    let code = (typed.required("code_system")?, typed.required("code")?);
    let reason = typed.required("reason")?;
    let (urgency, wanted_until) = (typed.one("urgency")?, typed.maybe_day("wanted_until")?);
    let whom = typed.required("whom")?;
    let (performer, facility) = (behind(whom, PROVIDER), behind(whom, FACILITY));
    let specialty = whom.strip_prefix(SPECIALTY);
    if performer.is_none() && facility.is_none() && specialty.is_none() {
        return Err(Problem::at("whom", WORDS.field_choice));
    }
    let specimen = if category == RequestCategory::Laboratory { Some(typed.required("specimen")?) } else { None };
    let known = of_patient(actor, patient, ROWS).await?;
    if known.iter().any(|line| goes_on(line) && line.category == category && line.title == title) {
        return Err(Problem::at("title", CHART.request_known));
    }
    let new = NewServiceRequest {
        encounter: None,
        category,
        intent: RequestIntent::Order,
        urgency,
        code,
        title,
        reason_code: None,
        reason,
        performer,
        facility,
        specialty,
        wanted_until,
        supersedes: None,
        is_draft: false,
        sensitivity: None,
    };
    let request = ask(actor, patient, &new).await?;
    if let Some(specimen) = specimen {
        order_lab(actor, request, specimen).await?;
    }
    Ok(())
}

/// Shows one of them, to be moved on.
pub(super) async fn get_one(visit: Visit, Path(keys): Path<(String, String)>) -> Result<Response, PageError> {
    let (patient, request) = parsed(&keys)?;
    page(&shown(&visit, &mut visit.seat().await?, (patient, Some(request)), None).await?)
}

/// Moves it on; where somebody was faster, both versions are shown.
pub(super) async fn post_one(
    visit: Visit,
    Path(keys): Path<(String, String)>,
    Sent(typed): Sent<Typed>,
) -> Result<Response, PageError> {
    let (patient, request) = parsed(&keys)?;
    let mut seat = visit.seat().await?;
    let (mut actor, _) = seat.enter().await?;
    let why = moved(&mut actor, request, &typed).await;
    if matches!(why, Ok(Edited::Saved(_))) {
        actor.commit().await?;
        return Ok(done(&format!("/patients/{patient}/requests"), "saved"));
    }
    drop(actor);
    refused(&shown(&visit, &mut seat, (patient, Some(request)), Some(Tried { typed, why })).await?)
}

fn parsed((patient, request): &(String, String)) -> Result<(PatientId, ServiceRequestId), PageError> {
    let patient = patient.parse().map_err(|_| PageError::NotFound)?;
    Ok((patient, request.parse().map_err(|_| PageError::NotFound)?))
}

fn changing(patient: PatientId, viewer: &Viewer, line: &RequestLine) -> Form {
    let action = format!("/patients/{patient}/requests/{}", line.service_request_id);
    Form::new("move", action, &viewer.form_token, CHART.save)
        .with(FormField::hidden("version", line.version))
        .with(FormField::word("status", CHART.request_status, RequestStatus::ALL).of(line.status).required())
        .with(FormField::line("why", CHART.request_status_why).hint(CHART.request_status_hint))
}

async fn moved(actor: &mut Actor<'_>, request: ServiceRequestId, typed: &Typed) -> Result<Edited, Problem> {
    Ok(change(actor, request, typed.number("version")?, typed.one("status")?, typed.some("why")).await?)
}
