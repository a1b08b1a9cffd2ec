//! `/me/erasure`: to ask for one's erasure, and where the request stands; `/me/erasure/withdraw` takes it back.
//!
//! One request stands at a time, so a form that is sent twice is one request.

use askama::Template;
use axum::response::Response;

use crate::model::people::{ErasureRequestId, ErasureStatus};
use crate::portal::answer::{done, page, refused};
use crate::portal::edge::sent::Sent;
use crate::portal::forms::{Form, FormField, Problem, Typed};
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::shown::moment;
use crate::portal::visit::{Seat, Visit};
use crate::portal::words::share::{SHARE, ShareWords};
use crate::store::care::erasure::{ErasureRequest, request, requests, withdraw};

#[derive(Template)]
#[template(path = "pages/own/erasure.html", config = "src/portal/askama.toml")]
struct ErasurePage {
    shell: Shell,
    words: &'static ShareWords,
    form_token: String,
    requests: Vec<RequestView>,
    /// `None` while a request stands.
    form: Option<Form>,
}

struct RequestView {
    key: ErasureRequestId,
    when: String,
    status: &'static str,
    reason: Option<String>,
    decision: Option<String>,
    is_open: bool,
}

fn status_of(status: ErasureStatus) -> &'static str {
    match status {
        ErasureStatus::Requested => SHARE.erasure_requested,
        ErasureStatus::Granted => SHARE.erasure_granted,
        ErasureStatus::Refused => SHARE.erasure_refused,
        ErasureStatus::Withdrawn => SHARE.erasure_withdrawn,
        ErasureStatus::Done => SHARE.erasure_done,
    }
}

async fn shown(seat: &mut Seat, form: impl FnOnce(Form) -> Result<Form, PageError>) -> Result<ErasurePage, PageError> {
    let (mut actor, viewer) = seat.enter().await?;
    let patient = viewer.profile.patient_id.ok_or(PageError::NotFound)?;
    let stored = requests(&mut actor, Some(patient)).await?.into_iter().map(|request| RequestView {
        key: request.request,
        when: moment(request.requested_at, &viewer.zone),
        status: status_of(request.status),
        reason: request.reason,
        decision: request.decision_reason,
        is_open: matches!(request.status, ErasureStatus::Requested | ErasureStatus::Granted),
    });
    let requests: Vec<RequestView> = stored.collect();
    let asking = Form::new("erase", "/me/erasure", &viewer.form_token, SHARE.erasure_ask)
        .with(FormField::lines("reason", SHARE.erasure_reason).at_most(2_000))
        .with(FormField::check("sure", SHARE.erasure_sure).required())
        .grave();
    let form = if requests.iter().any(|request| request.is_open) { None } else { Some(form(asking)?) };
    let shell = viewer.shell(SHARE.erasure_title);
    Ok(ErasurePage { shell, words: &SHARE, form_token: viewer.form_token, requests, form })
}

/// Shows it.
pub(super) async fn get(visit: Visit) -> Result<Response, PageError> {
    let mut seat = visit.seat().await?;
    page(&shown(&mut seat, Ok).await?)
}

/// Asks for it.
pub(super) async fn post(visit: Visit, Sent(typed): Sent<Typed>) -> Result<Response, PageError> {
    let mut seat = visit.seat().await?;
    let (mut actor, viewer) = seat.enter_confirmed().await?;
    let patient = viewer.profile.patient_id.ok_or(PageError::NotFound)?;
    let asked = if typed.is_checked("sure") {
        request(&mut actor, patient, typed.some("reason")).await.map_err(Problem::from)
    } else {
        Err(Problem::at("sure", SHARE.erasure_sure_missing))
    };
    let problem = match asked {
        Ok(_) => {
            actor.commit().await?;
            return Ok(done("/me/erasure", "sent"));
        }
        Err(Problem::Rule(broken)) if broken.rule == "erasure_request_is_one_at_a_time" => {
            return Ok(done("/me/erasure", "sent"));
        }
        Err(problem) => problem,
    };
    drop(actor);
    let at = &[("erasure_request_reason_is_short", "reason")];
    refused(&shown(&mut seat, |form| form.filled(&typed).told(problem, at)).await?)
}

/// Takes it back.
pub(super) async fn post_withdraw(visit: Visit, Sent(typed): Sent<Typed>) -> Result<Response, PageError> {
    let mut seat = visit.seat().await?;
    let (mut actor, viewer) = seat.enter().await?;
    let patient = viewer.profile.patient_id.ok_or(PageError::NotFound)?;
    let key: ErasureRequestId = typed.text("request").parse().map_err(|_| PageError::NotFound)?;
    match withdraw(&mut actor, key).await.map_err(Problem::from) {
        Ok(()) => {
            actor.commit().await?;
            return Ok(done("/me/erasure", "ended"));
        }
        Err(Problem::Page(error)) => return Err(error),
        Err(_) => drop(actor),
    }
    // What was taken back already is so.
    let (mut actor, _) = seat.enter().await?;
    let is_withdrawn = |known: &ErasureRequest| known.request == key && known.status == ErasureStatus::Withdrawn;
    match requests(&mut actor, Some(patient)).await?.iter().any(is_withdrawn) {
        true => Ok(done("/me/erasure", "ended")),
        false => Err(PageError::NotFound),
    }
}
