//! `/network/organisations`: of whom the network is made, each before its parts;
//! `/network/organisations/{organisation}`: one of them, corrected or ended.
//!
//! A second click does nothing more: an organisation has its name once at its place, and is changed as it was read.

use axum::extract::Path;
use axum::response::Response;

use super::network::{ListLine, ListPage, again};
use crate::model::people::{OrganisationId, OrganisationKind};
use crate::portal::answer::{done, page, refused};
use crate::portal::edge::sent::Sent;
use crate::portal::forms::{Form, FormField, Problem, Typed};
use crate::portal::page_error::PageError;
use crate::portal::shown::sentence;
use crate::portal::visit::{Seat, Visit};
use crate::portal::words::network::NETWORK;
use crate::store::care::actor::Actor;
use crate::store::care::organisation::{Organisation, list_organisations};
use crate::store::care::upkeep_organisation::{OrganisationPlace, OrganisationWords, keep_organisation};
use crate::store::care::upkeep_read::{OrganisationEntry, organisation};

/// Which field a rule is about.
const AT: &[(&str, &str)] = &[
    ("organisation_name_is_unique_in_its_whole", "name"),
    ("organisation_name_is_some", "name"),
    ("organisation_depth_is_limited", "part_of"),
    ("organisation_part_of_fkey", "part_of"),
    ("organisation_address_is_whole", "street"),
    ("organisation_is_active_at_some_time", "stop_on"),
    ("organisation_ends_without_open_facilities", "stop_on"),
    ("phone_is_e164", "phone"),
    ("email_has_one_at", "email"),
    ("web_address_is_https", "website"),
];

fn describing(form: Form, known: Option<&OrganisationEntry>, wholes: &[Organisation]) -> Form {
    let text = |of: fn(&OrganisationEntry) -> Option<String>| known.and_then(of).unwrap_or_default();
    let line = |name, label, value: String| FormField::line(name, label).of(value);
    let wholes = wholes.iter().map(|whole| (whole.organisation_id.to_string(), whole.name.clone())).collect();
    form.with(FormField::hidden("version", known.map_or(0, |known| known.version)))
        .with(line("name", NETWORK.name, text(|known| Some(known.name.clone()))).required())
        .with(
            FormField::word("kind", NETWORK.organisation_kind, OrganisationKind::ALL)
                .of(text(|known| Some(known.kind.to_string())))
                .required(),
        )
        .with(
            FormField::choice("part_of", NETWORK.part_of, wholes)
                .of(text(|known| known.part_of.map(|whole| whole.to_string()))),
        )
        .with(line("street", NETWORK.street, text(|known| known.street.clone())).hint(NETWORK.address_hint))
        .with(line("postal_code", NETWORK.postal_code, text(|known| known.postal_code.clone())).at_most(20))
        .with(line("city", NETWORK.city, text(|known| known.city.clone())))
        .with(
            line("state", NETWORK.state_code, text(|known| known.state.clone()))
                .at_most(3)
                .hint(NETWORK.state_code_hint),
        )
        .with(line("country", NETWORK.country, text(|known| known.country.clone())).at_most(2))
        .with(
            FormField::typed("phone", NETWORK.phone, "tel")
                .of(text(|known| known.phone.clone()))
                .hint(NETWORK.phone_hint),
        )
        .with(FormField::typed("email", NETWORK.email, "email").of(text(|known| known.email.clone())))
        .with(line("website", NETWORK.website, text(|known| known.website.clone())).hint(NETWORK.website_hint))
        .with(FormField::day("first_on", NETWORK.first_on).of(text(|known| known.first_on.map(|on| on.to_string()))))
        .with(FormField::day("stop_on", NETWORK.stop_on).of(text(|known| known.stop_on.map(|on| on.to_string()))))
}

/// Shows them.
pub(super) async fn get(visit: Visit) -> Result<Response, PageError> {
    let mut seat = visit.seat().await?;
    page(&shown(&mut seat, Ok).await?)
}

async fn shown(
    seat: &mut Seat,
    adding_as: impl FnOnce(Form) -> Result<Form, PageError>,
) -> Result<ListPage, PageError> {
    let (mut actor, viewer) = seat.enter().await?;
    let found = list_organisations(&mut actor, None).await?;
    let form = Form::new("add", "/network/organisations", &viewer.form_token, NETWORK.add_organisation);
    let form = describing(form, None, &found);
    Ok(ListPage {
        shell: viewer.shell(NETWORK.organisations),
        words: &NETWORK,
        tab: "organisations",
        text: NETWORK.organisations_text,
        none: NETWORK.organisations_none,
        lines: found.iter().map(|line| listed(line, &found)).collect(),
        forms: vec![(NETWORK.add_organisation, adding_as(form)?)],
    })
}

/// A line tells in words of which it is a part, since no depth is drawn.
fn listed(line: &Organisation, all: &[Organisation]) -> ListLine {
    let mut told = vec![sentence(line.kind.as_str())];
    let whole = all.iter().find(|whole| Some(whole.organisation_id) == line.part_of);
    told.extend(whole.map(|whole| format!("{} {}", NETWORK.part_of.to_lowercase(), whole.name)));
    told.extend(line.city_name.clone());
    told.extend((!line.active).then(|| NETWORK.not_active.to_owned()));
    ListLine {
        title: line.name.clone(),
        detail: told.join(", "),
        path: Some(format!("/network/organisations/{}", line.organisation_id)),
        acts: Vec::new(),
    }
}

/// Adds one.
pub(super) async fn post(visit: Visit, Sent(typed): Sent<Typed>) -> Result<Response, PageError> {
    let mut seat = visit.seat().await?;
    let (mut actor, _) = seat.enter().await?;
    let problem = match keep(&mut actor, None, &typed).await {
        Ok(()) => {
            actor.commit().await?;
            return Ok(done("/network/organisations", "saved"));
        }
        Err(problem) => problem,
    };
    drop(actor);
    refused(&shown(&mut seat, |form| form.filled(&typed).told(problem, AT)).await?)
}

async fn keep(actor: &mut Actor<'_>, known: Option<OrganisationId>, typed: &Typed) -> Result<(), Problem> {
    let known = known.map(|known| Ok::<_, Problem>((known, typed.number("version")?))).transpose()?;
    let has_place = ["street", "postal_code", "city", "state", "country"].iter().any(|name| typed.some(name).is_some());
    let place = has_place.then(|| {
        Ok::<_, Problem>(OrganisationPlace {
            street: typed.required("street")?,
            postal_code: typed.required("postal_code")?,
            state: (typed.required("country")?, typed.required("state")?),
            city: typed.required("city")?,
        })
    });
    let words = OrganisationWords {
        part_of: typed.maybe("part_of")?,
        kind: typed.one("kind")?,
        name: typed.required("name")?,
        place: place.transpose()?,
        phone: typed.some("phone"),
        email: typed.some("email"),
        website: typed.some("website"),
        days: (typed.maybe_day("first_on")?, typed.maybe_day("stop_on")?),
    };
    keep_organisation(actor, known, &words).await?;
    Ok(())
}

/// Shows one.
pub(super) async fn get_one(visit: Visit, Path(key): Path<String>) -> Result<Response, PageError> {
    let key = key.parse().map_err(|_| PageError::NotFound)?;
    let mut seat = visit.seat().await?;
    page(&one(&mut seat, key, Ok).await?)
}

async fn one(
    seat: &mut Seat,
    key: OrganisationId,
    changing_as: impl FnOnce(Form) -> Result<Form, PageError>,
) -> Result<ListPage, PageError> {
    let (mut actor, viewer) = seat.enter().await?;
    let entry = organisation(&mut actor, key).await?.ok_or(PageError::NotFound)?;
    let all = list_organisations(&mut actor, None).await?;
    let lines = all.iter().filter(|line| line.organisation_id == key);
    let lines = lines.map(|line| ListLine { path: None, ..listed(line, &all) }).collect();
    // It is no part of itself.
    let wholes: Vec<Organisation> = all.iter().filter(|line| line.organisation_id != key).cloned().collect();
    let form = Form::new("change", format!("/network/organisations/{key}"), &viewer.form_token, NETWORK.save);
    Ok(ListPage {
        shell: viewer.shell(NETWORK.organisation),
        words: &NETWORK,
        tab: "organisations",
        text: NETWORK.organisations_text,
        none: NETWORK.organisations_none,
        lines,
        forms: vec![(NETWORK.save, changing_as(describing(form, Some(&entry), &wholes))?)],
    })
}

/// Corrects it; where somebody was faster, both are shown.
pub(super) async fn post_one(
    visit: Visit,
    Path(key): Path<String>,
    Sent(typed): Sent<Typed>,
) -> Result<Response, PageError> {
    let key = key.parse().map_err(|_| PageError::NotFound)?;
    let mut seat = visit.seat().await?;
    let (mut actor, _) = seat.enter().await?;
    organisation(&mut actor, key).await?.ok_or(PageError::NotFound)?;
    let problem = match keep(&mut actor, Some(key), &typed).await {
        Ok(()) => {
            actor.commit().await?;
            return Ok(done("/network/organisations", "saved"));
        }
        Err(problem) => problem,
    };
    drop(actor);
    refused(&one(&mut seat, key, |form| again(form, &typed, problem, AT)).await?)
}
