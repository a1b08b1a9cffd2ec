//! `/patients/new`: somebody who comes for the first time: what is known of the person, then who may be the same
//! person, and only then a new record, or the one that is there.
//!
//! What is typed is proposed to the database, which looks who is like it and takes each proposal once: a form that is
//! sent twice registers nobody twice. What was typed goes along in the second form, so that nothing is lost where the
//! proposal is too old.

use askama::Template;
use axum::response::Response;
use uuid::Uuid;

use super::person::{AT, FIELDS, asking, person};
use super::times::workplace;
use crate::model::people::PatientId;
use crate::portal::answer::{done, page, refused};
use crate::portal::edge::sent::Sent;
use crate::portal::forms::{Form, FormField, Problem, Typed};
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::shown::list_name;
use crate::portal::visit::{Seat, Viewer, Visit};
use crate::portal::words::desk::{DESK, DeskWords};
use crate::store::care::registration::{self, Match, choose_match, propose_patient, register_proposed};
use crate::store::care::registration_request;

#[derive(Template)]
#[template(path = "pages/desk/register.html", config = "src/portal/askama.toml")]
struct RegisterPage {
    shell: Shell,
    words: &'static DeskWords,
    form: Form,
}

#[derive(Template)]
#[template(path = "pages/desk/matches.html", config = "src/portal/askama.toml")]
struct MatchesPage {
    shell: Shell,
    words: &'static DeskWords,
    form_token: String,
    proposal: Uuid,
    /// The request that is decided by it, where there is one.
    request: String,
    /// Whom it is about, as typed.
    name: String,
    lines: Vec<Line>,
    anew: Form,
    /// To correct what was typed.
    again: Form,
}

/// Somebody who may be the same person.
struct Line {
    key: Uuid,
    name: String,
    born: String,
    town: String,
}

/// Asks who it is.
pub(super) async fn get(visit: Visit) -> Result<Response, PageError> {
    let mut seat = visit.seat().await?;
    let (_, viewer) = seat.enter().await?;
    page(&asked(&viewer, &Typed::default()))
}

/// The form, about a request where one is decided by it.
fn form(viewer: &Viewer, typed: &Typed) -> Form {
    let form = Form::new("person", "/patients/new", &viewer.form_token, DESK.look_who);
    asking(match typed.some("request") {
        Some(request) => form.with(FormField::hidden("request", request)),
        None => form,
    })
}

fn asked(viewer: &Viewer, typed: &Typed) -> RegisterPage {
    let form = form(viewer, typed);
    RegisterPage { shell: viewer.shell(DESK.register), words: &DESK, form }
}

/// Looks who is known, registers, or takes somebody who was found.
pub(super) async fn post(visit: Visit, Sent(typed): Sent<Typed>) -> Result<Response, PageError> {
    let mut seat = visit.seat().await?;
    let found = match typed.text("do") {
        "anew" => decided(&mut seat, &typed, true).await.map(Err),
        "same" => decided(&mut seat, &typed, false).await.map(Err),
        _ => proposed(&mut seat, &typed).await.map(Ok),
    };
    match found {
        Ok(Ok(found)) => page(&found),
        Ok(Err(patient)) => Ok(done(&format!("/schedule/book/{patient}"), "saved")),
        Err(problem) => {
            let (_, viewer) = seat.enter().await?;
            let mut page = asked(&viewer, &typed);
            page.form = page.form.filled(&typed).told(problem, AT)?;
            refused(&page)
        }
    }
}

/// Proposes who was typed; who may be the same.
async fn proposed(seat: &mut Seat, typed: &Typed) -> Result<MatchesPage, Problem> {
    let (mut actor, viewer) = seat.enter().await?;
    let zone = workplace(&mut actor).await?.time_zone;
    let person = person(typed, &zone)?;
    let proposal = propose_patient(&mut actor, &person).await?;
    let lines = registration::matches(&mut actor, proposal).await?;
    let mut anew = Form::new("anew", "/patients/new", &viewer.form_token, DESK.register_it)
        .with(FormField::hidden("do", "anew"))
        .with(FormField::hidden("proposal", proposal))
        .with(FormField::hidden("request", typed.text("request")));
    for name in FIELDS {
        anew = anew.with(FormField::hidden(name, typed.text(name)));
    }
    let line = |line: Match| Line {
        key: line.found,
        name: list_name(line.family.as_deref(), &line.given.unwrap_or_default()),
        born: line.born_in.map(|year| year.to_string()).unwrap_or_default(),
        town: line.town.unwrap_or_default(),
    };
    let given: Vec<String> = typed.text("given").split_whitespace().map(str::to_owned).collect();
    Ok(MatchesPage {
        shell: viewer.shell(DESK.register),
        words: &DESK,
        proposal,
        name: list_name(typed.some("family"), &given),
        lines: lines.into_iter().map(line).collect(),
        anew,
        again: form(&viewer, typed).filled(typed),
        request: typed.text("request").to_owned(),
        form_token: viewer.form_token,
    })
}

/// Registers who was proposed, or takes somebody known.
async fn decided(seat: &mut Seat, typed: &Typed, is_new: bool) -> Result<PatientId, Problem> {
    let (mut actor, _) = seat.enter().await?;
    let proposal = typed.one("proposal")?;
    // First, so that of two who decide one request the second registers nobody.
    if let Some(request) = typed.maybe("request")? {
        registration_request::end(&mut actor, request, true).await?;
    }
    let decided = if is_new {
        register_proposed(&mut actor, proposal).await
    } else {
        choose_match(&mut actor, proposal, typed.one("match")?).await
    };
    match decided.map_err(Problem::from) {
        Ok(patient) => {
            actor.commit().await?;
            Ok(patient)
        }
        Err(Problem::Rule(broken)) if broken.rule == "proposal_is_recorded" => {
            Err(Problem::at("person", DESK.proposal_gone))
        }
        Err(problem) => Err(problem),
    }
}
