//! `/schedule/registrations`: who asks to be registered at the desk's facility;
//! `/schedule/registrations/{registration}`: one of them, whose words fill the form by which the desk looks who is
//! known and registers (`register`), or who is declined. Of two clerks the second is told that it was decided.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use uuid::Uuid;

use super::person::asking;
use crate::portal::answer::{done, page, refused};
use crate::portal::forms::{Form, FormField, Problem, Typed};
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::shown::{birth, day_of, list_name, moment, sentence};
use crate::portal::visit::{Seat, Viewer, Visit};
use crate::portal::words::desk::DESK;
use crate::portal::words::register::{REGISTER, RegisterWords};
use crate::store::care::registration_request::{AskingPerson, RegistrationRequest, end, waiting};

#[derive(Template)]
#[template(path = "pages/desk/registrations.html", config = "src/portal/askama.toml")]
struct RegistrationsPage {
    shell: Shell,
    words: &'static RegisterWords,
    wrong: Option<String>,
    lines: Vec<AskingLine>,
}

#[derive(Template)]
#[template(path = "pages/desk/registration.html", config = "src/portal/askama.toml")]
struct RegistrationPage {
    shell: Shell,
    words: &'static RegisterWords,
    line: AskingLine,
    facts: Vec<(&'static str, String)>,
    form: Form,
    decline: Form,
}

struct AskingLine {
    key: Uuid,
    name: String,
    born: String,
    asked: String,
    gone: String,
}

fn line(request: &RegistrationRequest, viewer: &Viewer) -> AskingLine {
    let person = &request.person;
    let given: Vec<String> = person.given.split_whitespace().map(str::to_owned).collect();
    let family = Some(person.family.as_str()).filter(|family| !family.is_empty());
    AskingLine {
        key: request.request,
        name: list_name(family, &given),
        born: birth(person.born_on.parse().ok().as_ref()),
        asked: moment(request.asked_at, &viewer.zone),
        gone: day_of(request.expires_at, &viewer.zone),
    }
}

async fn listed(seat: &mut Seat, wrong: Option<String>) -> Result<RegistrationsPage, PageError> {
    let (mut actor, viewer) = seat.enter().await?;
    let requests = waiting(&mut actor).await?;
    Ok(RegistrationsPage {
        shell: viewer.shell(REGISTER.requests),
        words: &REGISTER,
        wrong,
        lines: requests.iter().map(|request| line(request, &viewer)).collect(),
    })
}

/// Shows them.
pub(super) async fn get(visit: Visit) -> Result<Response, PageError> {
    page(&listed(&mut visit.seat().await?, None).await?)
}

/// What was written, as if the desk had typed it.
fn typed(request: &RegistrationRequest) -> Typed {
    let AskingPerson { given, family, born_on, sex, phone, email, .. } = &request.person;
    Typed::of(&[
        ("given", given),
        ("family", family),
        ("born_on", born_on),
        ("sex", sex),
        ("phone", phone),
        ("email", email),
        ("request", &request.request.to_string()),
    ])
}

/// Shows one.
pub(super) async fn get_one(visit: Visit, Path(key): Path<String>) -> Result<Response, PageError> {
    let key: Uuid = key.parse().map_err(|_| PageError::NotFound)?;
    let mut seat = visit.seat().await?;
    let (mut actor, viewer) = seat.enter().await?;
    let requests = waiting(&mut actor).await?;
    let request = requests.iter().find(|request| request.request == key).ok_or(PageError::NotFound)?;
    let told = line(request, &viewer);
    let form = Form::new("person", "/patients/new", &viewer.form_token, DESK.look_who);
    let form = asking(form.with(FormField::hidden("request", key))).filled(&typed(request));
    let decline =
        Form::new("decline", format!("/schedule/registrations/{key}"), &viewer.form_token, REGISTER.decline_send);
    page(&RegistrationPage {
        shell: viewer.shell(&told.name),
        words: &REGISTER,
        facts: vec![
            (REGISTER.born, told.born.clone()),
            (REGISTER.sex, sentence(&request.person.sex)),
            (REGISTER.phone, request.person.phone.clone()),
            (REGISTER.email, request.person.email.clone()),
            (REGISTER.speaks, request.person.speaks.clone()),
            (REGISTER.asked_at, told.asked.clone()),
        ],
        line: told,
        form,
        decline: decline.grave(),
    })
}

/// Declines one.
pub(super) async fn post_one(visit: Visit, Path(key): Path<String>) -> Result<Response, PageError> {
    let key: Uuid = key.parse().map_err(|_| PageError::NotFound)?;
    let mut seat = visit.seat().await?;
    let (mut actor, _) = seat.enter().await?;
    let problem = match end(&mut actor, key, false).await {
        Ok(()) => {
            actor.commit().await?;
            return Ok(done("/schedule/registrations", "removed"));
        }
        Err(error) => Problem::from(error),
    };
    drop(actor);
    match problem {
        Problem::Rule(broken) => refused(&listed(&mut seat, Some(broken.sentence)).await?),
        Problem::At(_, sentence) => refused(&listed(&mut seat, Some(sentence)).await?),
        Problem::Page(error) => Err(error),
    }
}
