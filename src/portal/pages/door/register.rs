//! `/register`: whoever comes asks a facility to be registered, and its desk decides.
//!
//! Nothing is looked up, so nobody learns here who is known. The form has a key, so that of two clicks one request
//! comes, and what an address or a facility has too many of is told to wait (`access.ask_for_registration`).

use askama::Template;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use uuid::Uuid;

use crate::model::people::{BirthDate, Sex};
use crate::portal::answer::{page, refused};
use crate::portal::edge::sent::{Behind, Sent};
use crate::portal::forms::{Form, FormField, Problem, Typed};
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::shown::counted;
use crate::portal::visit::{Visit, form_token};
use crate::portal::words::desk::DESK;
use crate::portal::words::register::{REGISTER, RegisterWords};
use crate::store::care::context::SignIn;
use crate::store::care::registration_request::{AskingPerson, ask, facilities, places};

#[derive(Template)]
#[template(path = "pages/door/register.html", config = "src/portal/askama.toml")]
struct AskPage {
    shell: Shell,
    words: &'static RegisterWords,
    /// `None` once it was sent.
    form: Option<Form>,
}

/// What became of it.
#[derive(Debug, Default, Deserialize)]
pub(in crate::portal) struct AskedAlready {
    asked: Option<String>,
}

/// Which field a rule is about.
const AT: &[(&str, &str)] =
    &[("registration_is_at_an_open_facility", "facility"), ("registration_request_is_small", "given")];

/// State and city of a place, as its choice has them.
fn place_of(typed: &Typed) -> Option<(&str, &str)> {
    typed.some("place")?.split_once(' ')
}

async fn form(visit: &Visit, typed: &Typed) -> Result<Form, PageError> {
    let place = visit.portal.registering.take(&visit.address);
    let _place = place.ok_or_else(|| PageError::TooOften(REGISTER.crowded.to_owned()))?;
    let mut connection = visit.portal.connect_sign_in().await?;
    let mut sign_in = SignIn::on(&mut connection);
    let place = |(state, city): (String, String)| (format!("{state} {city}"), format!("{city}, {state}"));
    let places = places(&mut sign_in).await?.into_iter().map(place).collect();
    let there = match place_of(typed) {
        Some(place) => facilities(&mut sign_in, place).await?,
        None => Vec::new(),
    };
    let there = there.into_iter().map(|(key, name)| (key.to_string(), name)).collect();
    let token = visit.token.as_ref().map(form_token).unwrap_or_default();
    let key = typed.some("key").map_or_else(|| Uuid::new_v4().to_string(), str::to_owned);
    let short = |name, label| FormField::line(name, label).at_most(100);
    Ok(Form::new("ask", "/register", &token, REGISTER.ask)
        .with(FormField::choice("place", REGISTER.place, places).required())
        .with(FormField::choice("facility", REGISTER.facility, there).hint(REGISTER.facility_hint).required())
        .with(short("given", DESK.given).hint(DESK.given_hint).known_as("given-name"))
        .with(short("family", DESK.family).known_as("family-name"))
        .with(FormField::day("born_on", REGISTER.born_on).required().known_as("bday"))
        .with(FormField::word("sex", DESK.sex, Sex::ALL).required())
        .with(FormField::typed("phone", DESK.phone, "tel").hint(DESK.phone_hint).at_most(40).known_as("tel"))
        .with(FormField::typed("email", DESK.email, "email").hint(REGISTER.reach_hint).at_most(190).known_as("email"))
        .with(short("speaks", REGISTER.speaks))
        .with(FormField::check("terms", REGISTER.terms))
        .with(FormField::hidden("key", &key))
        .finding("place", REGISTER.place_find)
        .filled_but(typed, "key"))
}

fn shown(form: Option<Form>) -> AskPage {
    let title = if form.is_some() { REGISTER.title } else { REGISTER.asked_title };
    AskPage { shell: Shell::plain(title), words: &REGISTER, form }
}

/// Shows the form, or that it was sent.
pub(in crate::portal) async fn get(visit: Visit, Behind(behind): Behind<AskedAlready>) -> Result<Response, PageError> {
    match behind.asked {
        Some(_) => page(&shown(None)),
        None => page(&shown(Some(form(&visit, &Typed::default()).await?))),
    }
}

/// Takes it.
pub(in crate::portal) async fn post(visit: Visit, Sent(typed): Sent<Typed>) -> Result<Response, PageError> {
    if typed.is_checked("find") {
        return page(&shown(Some(form(&visit, &typed).await?)));
    }
    match asked(&visit, &typed).await {
        Ok(0) => Ok(Redirect::to("/register?asked=yes").into_response()),
        Ok(wait_s) => {
            let minutes = counted(i64::from(wait_s + 59) / 60, [REGISTER.minute, REGISTER.minutes]);
            let problem = Problem::at("", &format!("{} {minutes}.", REGISTER.wait));
            let again = form(&visit, &typed).await?.told(problem, AT)?;
            Ok((StatusCode::TOO_MANY_REQUESTS, page(&shown(Some(again)))?).into_response())
        }
        Err(problem) => {
            let again = form(&visit, &typed).await?.told(problem, AT)?;
            refused(&shown(Some(again)))
        }
    }
}

/// Keeps it; the seconds to wait where there are too many.
async fn asked(visit: &Visit, typed: &Typed) -> Result<i32, Problem> {
    let facility = typed.one("facility")?;
    if typed.some("given").is_none() && typed.some("family").is_none() {
        return Err(Problem::at("family", DESK.name_missing));
    }
    let born_on: BirthDate = typed.required("born_on")?.parse().map_err(|_| Problem::at("born_on", DESK.born_wrong))?;
    let sex: Sex = typed.one("sex")?;
    if typed.some("phone").is_none() && typed.some("email").is_none() {
        return Err(Problem::at("email", REGISTER.reach_missing));
    }
    if !typed.is_checked("terms") {
        return Err(Problem::at("terms", REGISTER.terms_missing));
    }
    let person = AskingPerson {
        given: typed.text("given").to_owned(),
        family: typed.text("family").to_owned(),
        born_on: born_on.as_str().to_owned(),
        sex: sex.as_str().to_owned(),
        phone: typed.text("phone").to_owned(),
        email: typed.text("email").to_owned(),
        speaks: typed.text("speaks").to_owned(),
    };
    let key: Uuid = typed.one("key")?;
    let mut connection = visit.portal.connect_sign_in().await?;
    Ok(ask(&mut SignIn::on(&mut connection), (key, &visit.address), facility, &person).await?)
}
