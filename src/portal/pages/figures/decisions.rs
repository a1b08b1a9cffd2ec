//! `/audit/emergencies` and `/audit/erasures`: what waits for the privacy officer, and one of them, which is decided.
//!
//! Sending a decision twice does nothing: what was decided is refused a second time, in a sentence.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;

use crate::model::people::{CareRelationshipId, ErasureRequestId, ErasureStatus, ProviderId};
use crate::portal::answer::{done, page, refused};
use crate::portal::edge::sent::Sent;
use crate::portal::forms::{Form, FormField, Problem, Typed};
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::shown::{moment, sentence};
use crate::portal::visit::{Seat, Viewer, Visit};
use crate::portal::words::figures::{FIGURES, FigureWords};
use crate::store::care::actor::Actor;
use crate::store::care::directory::provider_names;
use crate::store::care::erasure::{self, ErasureRequest};
use crate::store::care::oversight::{EmergencyLine, emergencies, review_emergency};

/// What a review may find.
const FINDINGS: [&str; 3] = ["justified", "unjustified", "unclear"];

#[derive(Template)]
#[template(path = "pages/figures/decisions.html", config = "src/portal/askama.toml")]
struct DecisionsPage {
    shell: Shell,
    words: &'static FigureWords,
    tab: &'static str,
    text: &'static str,
    none: &'static str,
    lines: Vec<DecisionLine>,
    /// Where one is decided: its form.
    form: Option<Form>,
}

struct DecisionLine {
    /// Where it is decided; `None` where it was.
    path: Option<String>,
    patient: String,
    /// Who opened the record; empty where nobody did.
    who: String,
    when: String,
    said: String,
    state: String,
    is_urgent: bool,
}

/// Lists emergencies.
pub(super) async fn get_emergencies(visit: Visit) -> Result<Response, PageError> {
    let mut seat = visit.seat().await?;
    page(&of_emergencies(&mut seat, None, |_| Ok(None)).await?)
}

/// Shows one, to be reviewed.
pub(super) async fn get_emergency(visit: Visit, Path(key): Path<String>) -> Result<Response, PageError> {
    let key = key.parse().map_err(|_| PageError::NotFound)?;
    let mut seat = visit.seat().await?;
    page(&of_emergencies(&mut seat, Some(key), |viewer| Ok(Some(reviewing(key, viewer)))).await?)
}

/// Reviews it.
pub(super) async fn post_emergency(
    visit: Visit,
    Path(key): Path<String>,
    Sent(typed): Sent<Typed>,
) -> Result<Response, PageError> {
    let key = key.parse().map_err(|_| PageError::NotFound)?;
    let mut seat = visit.seat().await?;
    let (mut actor, _) = seat.enter().await?;
    let problem = match review(&mut actor, key, &typed).await {
        Ok(()) => {
            actor.commit().await?;
            return Ok(done("/audit/emergencies", "saved"));
        }
        Err(problem) => problem,
    };
    drop(actor);
    let at = [("emergency_review_finding_is_known", "finding")];
    let form = |viewer: &Viewer| reviewing(key, viewer).filled(&typed).told(problem, &at).map(Some);
    refused(&of_emergencies(&mut seat, Some(key), form).await?)
}

async fn review(actor: &mut Actor<'_>, key: CareRelationshipId, typed: &Typed) -> Result<(), Problem> {
    Ok(review_emergency(actor, key, typed.required("finding")?).await?)
}

fn reviewing(key: CareRelationshipId, viewer: &Viewer) -> Form {
    Form::new("review", format!("/audit/emergencies/{key}"), &viewer.form_token, FIGURES.review)
        .with(FormField::word("finding", FIGURES.finding, &FINDINGS).required())
}

async fn of_emergencies(
    seat: &mut Seat,
    one: Option<CareRelationshipId>,
    form: impl FnOnce(&Viewer) -> Result<Option<Form>, PageError>,
) -> Result<DecisionsPage, PageError> {
    let (mut actor, viewer) = seat.enter().await?;
    let mut found = emergencies(&mut actor).await?;
    let keys: Vec<ProviderId> = found.iter().map(|line| line.provider).collect();
    let names = provider_names(&mut actor, &keys).await?;
    // What waits stands first; the order is else by time.
    found.sort_by_key(|line| line.finding.is_some());
    found.retain(|line| one.is_none_or(|one| one == line.emergency));
    if one.is_some() && found.is_empty() {
        return Err(PageError::NotFound);
    }
    let line = |line: EmergencyLine| DecisionLine {
        path: line.finding.is_none().then(|| format!("/audit/emergencies/{}", line.emergency)),
        patient: line.patient.to_string(),
        who: names.iter().find(|(key, _)| *key == line.provider).map(|(_, name)| name.clone()).unwrap_or_default(),
        when: moment(line.opened_at, &viewer.zone),
        said: line.reason.unwrap_or_default(),
        state: match line.finding {
            Some(finding) => sentence(&finding),
            None if line.overdue => FIGURES.overdue.to_owned(),
            None => FIGURES.waits.to_owned(),
        },
        is_urgent: line.overdue,
    };
    Ok(DecisionsPage {
        shell: viewer.shell(FIGURES.emergencies_title),
        words: &FIGURES,
        tab: "emergencies",
        text: FIGURES.emergencies_text,
        none: FIGURES.emergencies_none,
        lines: found.into_iter().map(line).collect(),
        form: form(&viewer)?,
    })
}

/// Lists requests of erasures.
pub(super) async fn get_erasures(visit: Visit) -> Result<Response, PageError> {
    let mut seat = visit.seat().await?;
    page(&of_erasures(&mut seat, None, |_| Ok(None)).await?)
}

/// Shows one, to be decided.
pub(super) async fn get_erasure(visit: Visit, Path(key): Path<String>) -> Result<Response, PageError> {
    let key = key.parse().map_err(|_| PageError::NotFound)?;
    let mut seat = visit.seat().await?;
    page(&of_erasures(&mut seat, Some(key), |viewer| Ok(Some(deciding(key, viewer)))).await?)
}

/// Decides it.
pub(super) async fn post_erasure(
    visit: Visit,
    Path(key): Path<String>,
    Sent(typed): Sent<Typed>,
) -> Result<Response, PageError> {
    let key = key.parse().map_err(|_| PageError::NotFound)?;
    let mut seat = visit.seat().await?;
    // What is granted cannot be taken back.
    let is_granting = typed.text("decision") == "grant";
    let (mut actor, _) = if is_granting { seat.enter_confirmed().await? } else { seat.enter().await? };
    let problem = match decide(&mut actor, key, &typed).await {
        Ok(()) => {
            actor.commit().await?;
            return Ok(done("/audit/erasures", "saved"));
        }
        Err(problem) => problem,
    };
    drop(actor);
    let at = [("erasure_waits_for_hold", "decision"), ("erasure_request_decision_says_who_and_why", "reason")];
    let form = |viewer: &Viewer| deciding(key, viewer).filled(&typed).told(problem, &at).map(Some);
    refused(&of_erasures(&mut seat, Some(key), form).await?)
}

async fn decide(actor: &mut Actor<'_>, key: ErasureRequestId, typed: &Typed) -> Result<(), Problem> {
    let granted = match typed.required("decision")? {
        "grant" => true,
        "refuse" => false,
        _ => return Err(Problem::at("decision", crate::portal::words::WORDS.field_choice)),
    };
    Ok(erasure::decide(actor, key, granted, typed.required("reason")?).await?)
}

fn deciding(key: ErasureRequestId, viewer: &Viewer) -> Form {
    let choices = [("grant", FIGURES.grant), ("refuse", FIGURES.refuse)];
    let choices = choices.map(|(value, name)| (value.to_owned(), name.to_owned())).into();
    Form::new("decide", format!("/audit/erasures/{key}"), &viewer.form_token, FIGURES.decide)
        .with(FormField::choice("decision", FIGURES.decision, choices).required().hint(FIGURES.decision_hint))
        .with(FormField::lines("reason", FIGURES.decision_reason).required().at_most(2_000))
        .grave()
}

async fn of_erasures(
    seat: &mut Seat,
    one: Option<ErasureRequestId>,
    form: impl FnOnce(&Viewer) -> Result<Option<Form>, PageError>,
) -> Result<DecisionsPage, PageError> {
    let (mut actor, viewer) = seat.enter().await?;
    let mut found = erasure::requests(&mut actor, None).await?;
    found.retain(|line| one.is_none_or(|one| one == line.request));
    if one.is_some() && found.is_empty() {
        return Err(PageError::NotFound);
    }
    let line = |line: ErasureRequest| {
        let held = line.held == Some(true);
        let mut state = sentence(line.status.as_str());
        if let Some(reason) = line.decision_reason {
            state = format!("{state}: {reason}");
        }
        if held {
            state = format!("{state} ({})", FIGURES.on_hold);
        }
        DecisionLine {
            path: (line.status == ErasureStatus::Requested).then(|| format!("/audit/erasures/{}", line.request)),
            patient: line.patient.to_string(),
            who: String::new(),
            when: moment(line.requested_at, &viewer.zone),
            said: line.reason.unwrap_or_default(),
            state,
            is_urgent: held,
        }
    };
    Ok(DecisionsPage {
        shell: viewer.shell(FIGURES.erasures_title),
        words: &FIGURES,
        tab: "erasures",
        text: FIGURES.erasures_text,
        none: FIGURES.erasures_none,
        lines: found.into_iter().map(line).collect(),
        form: form(&viewer)?,
    })
}
