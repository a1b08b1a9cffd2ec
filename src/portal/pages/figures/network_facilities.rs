//! `/network/facilities`: places by name, found and added; `/network/facilities/{facility}`: one of them, which is
//! closed.
//!
//! A second click does nothing more: a facility's name is taken once in its city, and it is closed as the version
//! that was read.

use axum::extract::Path;
use axum::response::Response;

use super::centre::STALE;
use super::network::{ListLine, ListPage};
use crate::model::people::FacilityId;
use crate::portal::answer::{done, page, refused};
use crate::portal::edge::sent::Sent;
use crate::portal::forms::{Form, FormField, Problem, Typed};
use crate::portal::page_error::PageError;
use crate::portal::shown::{day, sentence};
use crate::portal::visit::{Seat, Viewer, Visit};
use crate::portal::words::network::NETWORK;
use crate::store::care::actor::Actor;
use crate::store::care::administration::{NewFacility, add_facility, add_state, close_facility};
use crate::store::care::directory_named::{FacilityNamed, find_facilities_by_name};
use crate::store::care::organisation::{FacilityCategory, list_categories};
use crate::store::care::upkeep::{FacilityEntry, FacilityWords, read_facility};

/// Shows the facilities.
pub(super) async fn get_facilities(visit: Visit) -> Result<Response, PageError> {
    let mut seat = visit.seat().await?;
    page(&facilities(&mut seat, "", Ok).await?)
}

async fn facilities(
    seat: &mut Seat,
    begins: &str,
    adding_as: impl FnOnce(Form) -> Result<Form, PageError>,
) -> Result<ListPage, PageError> {
    let (mut actor, viewer) = seat.enter().await?;
    let found = find_facilities_by_name(&mut actor, begins).await?;
    let categories = list_categories(&mut actor).await?;
    let line = |found: &FacilityNamed| ListLine {
        title: found.name.clone(),
        detail: format!("{}, {} {}", sentence(&found.category), found.city, found.state),
        path: Some(format!("/network/facilities/{}", found.facility_id)),
        acts: Vec::new(),
    };
    Ok(ListPage {
        shell: viewer.shell(NETWORK.facilities),
        words: &NETWORK,
        tab: "facilities",
        text: NETWORK.facilities_text,
        none: if begins.is_empty() { NETWORK.facilities_no } else { NETWORK.facilities_none },
        lines: found.iter().map(line).collect(),
        forms: vec![
            (NETWORK.find_facility, finding(&viewer, begins)),
            (NETWORK.add_facility, adding_as(adding(&viewer, &categories))?),
        ],
    })
}

fn finding(viewer: &Viewer, begins: &str) -> Form {
    Form::new("find", "/network/facilities", &viewer.form_token, NETWORK.show)
        .with(FormField::hidden("action", "list"))
        .with(FormField::line("begins", NETWORK.name_begins).of(begins))
}

fn adding(viewer: &Viewer, categories: &[FacilityCategory]) -> Form {
    let categories = categories.iter().map(|known| (known.category.clone(), known.title.clone())).collect();
    Form::new("add", "/network/facilities", &viewer.form_token, NETWORK.add_facility)
        .with(FormField::line("name", NETWORK.name).required())
        .with(FormField::choice("category", NETWORK.category, categories).required())
        .with(FormField::line("street", NETWORK.street).required())
        .with(FormField::line("postal_code", NETWORK.postal_code).required().at_most(20))
        .with(FormField::line("city", NETWORK.city).required())
        .with(FormField::line("state_code", NETWORK.state_code).required().at_most(3).hint(NETWORK.state_code_hint))
        .with(FormField::line("state_name", NETWORK.state_name).hint(NETWORK.state_name_hint))
        .with(FormField::line("country", NETWORK.country).of("US").required().at_most(2))
        .with(FormField::line("time_zone", NETWORK.time_zone).required().hint(NETWORK.time_zone_hint))
        .with(FormField::typed("phone", NETWORK.phone, "tel").required().hint(NETWORK.phone_hint))
        .with(FormField::day("opened_on", NETWORK.opened_on))
}

/// Adds one, or finds others.
pub(super) async fn post_facilities(visit: Visit, Sent(typed): Sent<Typed>) -> Result<Response, PageError> {
    let mut seat = visit.seat().await?;
    if typed.text("action") == "list" {
        return page(&facilities(&mut seat, typed.text("begins"), Ok).await?);
    }
    let (mut actor, _) = seat.enter().await?;
    let problem = match add(&mut actor, &typed).await {
        Ok(()) => {
            actor.commit().await?;
            return Ok(done("/network/facilities", "saved"));
        }
        Err(problem) => problem,
    };
    drop(actor);
    let at = [
        ("facility_name_is_unique_in_its_city", "name"),
        ("facility_name_is_some", "name"),
        ("facility_category_fkey", "category"),
        ("phone_is_e164", "phone"),
        ("time_zone_is_known", "time_zone"),
        ("time_zone_is_a_name", "time_zone"),
    ];
    refused(&facilities(&mut seat, "", |form| form.filled(&typed).told(problem, &at)).await?)
}

async fn add(actor: &mut Actor<'_>, typed: &Typed) -> Result<(), Problem> {
    let words = FacilityWords {
        name: typed.required("name")?,
        street: typed.required("street")?,
        postal_code: typed.required("postal_code")?,
        phone: typed.required("phone")?,
        email: None,
        website: None,
        booking_url: None,
    };
    let new = NewFacility {
        state: (typed.required("country")?, typed.required("state_code")?),
        city: typed.required("city")?,
        category: typed.required("category")?,
        time_zone: typed.required("time_zone")?,
        opened_on: typed.maybe_day("opened_on")?,
        words,
    };
    if let Some(name) = typed.some("state_name") {
        add_state(actor, new.state.0, new.state.1, name).await?;
    }
    add_facility(actor, &new).await?;
    Ok(())
}

/// Shows one, to be closed.
pub(super) async fn get_facility(visit: Visit, Path(key): Path<String>) -> Result<Response, PageError> {
    let key = key.parse().map_err(|_| PageError::NotFound)?;
    let mut seat = visit.seat().await?;
    page(&facility(&mut seat, key, Ok).await?)
}

async fn facility(
    seat: &mut Seat,
    key: FacilityId,
    closing_as: impl FnOnce(Form) -> Result<Form, PageError>,
) -> Result<ListPage, PageError> {
    let (mut actor, viewer) = seat.enter().await?;
    let entry = read_facility(&mut actor, key).await?.ok_or(PageError::NotFound)?;
    let detail =
        entry.closed_on.map_or_else(|| NETWORK.stands.to_owned(), |on| format!("{} {}", NETWORK.closed_from, day(on)));
    let line = ListLine { title: entry.name.clone(), detail, path: None, acts: Vec::new() };
    Ok(ListPage {
        shell: viewer.shell(NETWORK.facility),
        words: &NETWORK,
        tab: "facilities",
        text: NETWORK.closing_text,
        none: "",
        lines: vec![line],
        forms: vec![(NETWORK.close, closing_as(closing(&viewer, &entry))?)],
    })
}

fn closing(viewer: &Viewer, entry: &FacilityEntry) -> Form {
    let closed_on = entry.closed_on.map(|on| on.to_string()).unwrap_or_default();
    Form::new("close", format!("/network/facilities/{}", entry.facility_id), &viewer.form_token, NETWORK.close)
        .with(FormField::hidden("version", entry.version))
        .with(FormField::day("closed_on", NETWORK.closed_on).of(closed_on).hint(NETWORK.closed_on_hint))
        .grave()
}

/// Closes it, or lets it stay; where somebody was faster, both are shown.
pub(super) async fn post_facility(
    visit: Visit,
    Path(key): Path<String>,
    Sent(typed): Sent<Typed>,
) -> Result<Response, PageError> {
    let key = key.parse().map_err(|_| PageError::NotFound)?;
    let mut seat = visit.seat().await?;
    let (mut actor, _) = seat.enter().await?;
    let problem = match close(&mut actor, key, &typed).await {
        Ok(()) => {
            actor.commit().await?;
            return Ok(done(&format!("/network/facilities/{key}"), "saved"));
        }
        Err(problem) => problem,
    };
    drop(actor);
    let form = |stored: Form| match problem {
        Problem::Rule(broken) if broken.rule == STALE => Ok(stored.clone().filled(&typed).against(&stored)),
        problem => stored.filled(&typed).told(problem, &[("facility_closes_after_it_opens", "closed_on")]),
    };
    refused(&facility(&mut seat, key, form).await?)
}

async fn close(actor: &mut Actor<'_>, key: FacilityId, typed: &Typed) -> Result<(), Problem> {
    close_facility(actor, key, typed.number("version")?, typed.maybe_day("closed_on")?).await?;
    Ok(())
}
