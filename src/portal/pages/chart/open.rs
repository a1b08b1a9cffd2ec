//! `/patients/open`: a record opened in an emergency, with a reason that the patient and the privacy officer read. The
//! patient is found by name and birth, as the front desk finds who is known, or named by the key of the record.
//!
//! # Why
//! Who searches is audited, and choosing somebody is an event of that patient. Who opens a record twice is told that it
//! stands open already, so a form that is sent twice does nothing more.

use askama::Template;
use axum::response::{IntoResponse, Redirect, Response};
use uuid::Uuid;

use super::tried::{Tried, told};
use crate::model::people::{BirthDate, NameUse, PatientId, Sex};
use crate::portal::answer::{page, refused};
use crate::portal::edge::sent::Sent;
use crate::portal::forms::{Form, FormField, Problem, Typed};
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::shown::list_name;
use crate::portal::visit::{Seat, Viewer, Visit};
use crate::portal::words::chart::{CHART, ChartWords};
use crate::portal::words::desk::{DESK, DeskWords};
use crate::store::care::actor::Actor;
use crate::store::care::registration::{Match, NewName, NewPatient, choose_match, matches, propose_patient};
use crate::store::care::rights::break_glass;

#[derive(Template)]
#[template(path = "pages/chart/open.html", config = "src/portal/askama.toml")]
struct OpenPage {
    shell: Shell,
    words: &'static ChartWords,
    desk: &'static DeskWords,
    find: Form,
    /// Who was found; `None` where nobody was looked for.
    found: Option<Vec<FoundLine>>,
    form: Form,
}

struct FoundLine {
    told: String,
    choose: Form,
}

/// Which field a rule is about.
const AT: &[(&str, &str)] = &[
    ("emergency_is_explained", "reason"),
    ("care_relationship_is_not_repeated", "patient"),
    ("care_relationship_patient_fkey", "patient"),
];

fn opening(viewer: &Viewer) -> Form {
    Form::new("open", "/patients/open", &viewer.form_token, CHART.open)
        .with(FormField::line("patient", CHART.open_key).required().at_most(36).hint(CHART.open_key_hint))
        .with(FormField::lines("reason", CHART.open_reason).required().at_most(1_000).hint(CHART.open_reason_hint))
        .grave()
}

fn finding(viewer: &Viewer) -> Form {
    Form::new("find", "/patients/open", &viewer.form_token, DESK.look_who)
        .with(FormField::hidden("do", "find"))
        .with(FormField::line("given", DESK.given))
        .with(FormField::line("family", DESK.family))
        .with(FormField::line("born_on", DESK.born_on).hint(DESK.born_hint).at_most(10))
}

fn shown(viewer: &Viewer, find: Form, found: Option<Vec<FoundLine>>, form: Form) -> OpenPage {
    OpenPage { shell: viewer.shell(CHART.open_title), words: &CHART, desk: &DESK, find, found, form }
}

async fn asked(seat: &mut Seat, tried: Option<Tried>) -> Result<OpenPage, PageError> {
    let (_actor, viewer) = seat.enter().await?;
    let form = told(tried, opening(&viewer), AT)?;
    Ok(shown(&viewer, finding(&viewer), None, form))
}

/// Shows the forms.
pub(super) async fn get(visit: Visit) -> Result<Response, PageError> {
    page(&asked(&mut visit.seat().await?, None).await?)
}

/// Finds who is meant, or opens the record and goes on to it.
pub(super) async fn post(visit: Visit, Sent(typed): Sent<Typed>) -> Result<Response, PageError> {
    let mut seat = visit.seat().await?;
    match typed.text("do") {
        "find" => return found(&mut seat, &typed).await,
        "choose" => return chosen(&mut seat, &typed).await,
        _ => {}
    }
    let (mut actor, _) = seat.enter_confirmed().await?;
    match open(&mut actor, &typed).await {
        Ok(patient) => {
            actor.commit().await?;
            Ok(Redirect::to(&format!("/patients/{patient}")).into_response())
        }
        Err(problem) => {
            drop(actor);
            refused(&asked(&mut seat, Some(Tried::refused(typed, problem))).await?)
        }
    }
}

async fn open(actor: &mut Actor<'_>, typed: &Typed) -> Result<PatientId, Problem> {
    let patient = typed.required("patient")?.parse().map_err(|_| Problem::at("patient", CHART.open_key_wrong))?;
    break_glass(actor, patient, typed.required("reason")?).await?;
    Ok(patient)
}

/// Shows who has such a name and birth.
async fn found(seat: &mut Seat, typed: &Typed) -> Result<Response, PageError> {
    let (mut actor, viewer) = seat.enter().await?;
    let find = finding(&viewer).filled_but(typed, "do");
    let problem = match search(&mut actor, &viewer, typed).await {
        Ok(lines) => return page(&shown(&viewer, find, Some(lines), opening(&viewer))),
        Err(problem) => problem,
    };
    refused(&shown(&viewer, find.told(problem, &[("patient_name_is_some", "family")])?, None, opening(&viewer)))
}

async fn search(actor: &mut Actor<'_>, viewer: &Viewer, typed: &Typed) -> Result<Vec<FoundLine>, Problem> {
    if typed.some("given").is_none() && typed.some("family").is_none() {
        return Err(Problem::at("family", DESK.name_missing));
    }
    let born_on: Option<BirthDate> = typed.some("born_on").map(str::parse).transpose().map_err(|_| born_wrong())?;
    let given: Vec<&str> = typed.text("given").split_whitespace().collect();
    let name = NewName { preferred: true, ..NewName::of(NameUse::Official, typed.some("family"), &given) };
    let person = NewPatient {
        born_on,
        sex: Sex::Unknown,
        time_zone: viewer.profile.time_zone.clone(),
        names: vec![name],
        addresses: Vec::new(),
        contacts: Vec::new(),
        identifiers: Vec::new(),
    };
    let proposal = propose_patient(actor, &person).await?;
    let lines = matches(actor, proposal).await?;
    Ok(lines.iter().map(|line| found_line(viewer, proposal, line)).collect())
}

fn born_wrong() -> Problem {
    Problem::at("born_on", DESK.born_wrong)
}

fn told_of(line: &Match) -> String {
    let name = list_name(line.family.as_deref(), line.given.as_deref().unwrap_or_default());
    let born = line.born_in.map(|year| format!("{} {year}", DESK.born_in));
    let town = line.town.as_ref().map(|town| format!("{} {town}", DESK.town));
    [Some(name), born, town].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn found_line(viewer: &Viewer, proposal: Uuid, line: &Match) -> FoundLine {
    let choose = Form::new("choose", "/patients/open", &viewer.form_token, DESK.same_person)
        .called(line.found)
        .with(FormField::hidden("do", "choose"))
        .with(FormField::hidden("proposal", proposal))
        .with(FormField::hidden("match", line.found));
    FoundLine { told: told_of(line), choose }
}

/// Fills in the key of somebody who was found.
async fn chosen(seat: &mut Seat, typed: &Typed) -> Result<Response, PageError> {
    let (mut actor, viewer) = seat.enter().await?;
    let problem = match pick(&mut actor, typed).await {
        Ok(patient) => {
            actor.commit().await?;
            let form = opening(&viewer).filled(&Typed::named("patient", &patient.to_string()));
            return page(&shown(&viewer, finding(&viewer), None, form));
        }
        Err(problem) => problem,
    };
    refused(&shown(&viewer, finding(&viewer).told(problem, &[])?, None, opening(&viewer)))
}

async fn pick(actor: &mut Actor<'_>, typed: &Typed) -> Result<PatientId, Problem> {
    Ok(choose_match(actor, typed.one("proposal")?, typed.one("match")?).await?)
}
