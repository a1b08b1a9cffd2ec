//! `/network/insurers`: who insures, listed and added; `/network/insurers/{insurer}`: one of them, corrected, with its
//! plans, to which one is added.
//!
//! A second click does nothing more: an insurer and a plan have their names once, and one is changed as it was read.

use axum::extract::Path;
use axum::response::Response;

use super::network::{ListLine, ListPage, again};
use crate::model::people::InsurerId;
use crate::portal::answer::{done, page, refused};
use crate::portal::edge::sent::Sent;
use crate::portal::forms::{Form, FormField, Problem, Typed};
use crate::portal::page_error::PageError;
use crate::portal::shown::counted;
use crate::portal::visit::{Seat, Visit};
use crate::portal::words::network::NETWORK;
use crate::store::care::actor::Actor;
use crate::store::care::catalogue_insurance::{InsurancePlanWords, keep_insurance_plan, keep_insurer};
use crate::store::care::upkeep_organisation::list_kept;
use crate::store::care::upkeep_read::{InsurerEntry, insurers};

/// Which field a rule is about.
const AT: &[(&str, &str)] = &[
    ("insurer_name_is_unique", "name"),
    ("insurer_name_is_some", "name"),
    ("phone_is_e164", "phone"),
    ("web_address_is_https", "website"),
    ("insurance_plan_name_is_unique_at_its_insurer", "plan"),
    ("insurance_plan_name_is_some", "plan"),
    ("insurance_plan_year_begins_in_a_month", "year_begins"),
    ("currency_is_iso_4217", "currency"),
];

fn describing(form: Form, known: Option<&InsurerEntry>) -> Form {
    let text = |of: fn(&InsurerEntry) -> Option<String>| known.and_then(of).unwrap_or_default();
    form.with(FormField::hidden("version", known.map_or(0, |known| known.version)))
        .with(FormField::line("name", NETWORK.name).of(text(|known| Some(known.name.clone()))).required())
        .with(
            FormField::typed("phone", NETWORK.phone, "tel")
                .of(text(|known| known.phone.clone()))
                .hint(NETWORK.phone_hint),
        )
        .with(
            FormField::line("website", NETWORK.website)
                .of(text(|known| known.website.clone()))
                .hint(NETWORK.website_hint),
        )
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
    let found = insurers(&mut actor).await?;
    let line = |insurer: &InsurerEntry| ListLine {
        title: insurer.name.clone(),
        detail: counted(insurer.plans, [NETWORK.plan, NETWORK.plans]),
        path: Some(format!("/network/insurers/{}", insurer.insurer_id)),
        acts: Vec::new(),
    };
    let form = describing(Form::new("add", "/network/insurers", &viewer.form_token, NETWORK.add_insurer), None);
    Ok(ListPage {
        shell: viewer.shell(NETWORK.insurers),
        words: &NETWORK,
        tab: "insurers",
        text: NETWORK.insurers_text,
        none: NETWORK.insurers_none,
        lines: found.iter().map(line).collect(),
        forms: vec![(NETWORK.add_insurer, adding_as(form)?)],
    })
}

/// Adds one.
pub(super) async fn post(visit: Visit, Sent(typed): Sent<Typed>) -> Result<Response, PageError> {
    let mut seat = visit.seat().await?;
    let (mut actor, _) = seat.enter().await?;
    let problem = match keep(&mut actor, None, &typed).await {
        Ok(key) => {
            actor.commit().await?;
            return Ok(done(&format!("/network/insurers/{key}"), "saved"));
        }
        Err(problem) => problem,
    };
    drop(actor);
    refused(&shown(&mut seat, |form| form.filled(&typed).told(problem, AT)).await?)
}

async fn keep(actor: &mut Actor<'_>, known: Option<InsurerId>, typed: &Typed) -> Result<InsurerId, Problem> {
    let known = known.map(|known| Ok::<_, Problem>((known, typed.number("version")?))).transpose()?;
    Ok(keep_insurer(actor, known, typed.required("name")?, typed.some("phone"), typed.some("website")).await?)
}

/// Shows one.
pub(super) async fn get_one(visit: Visit, Path(key): Path<String>) -> Result<Response, PageError> {
    let key = key.parse().map_err(|_| PageError::NotFound)?;
    let mut seat = visit.seat().await?;
    page(&one(&mut seat, key, |_| Ok(())).await?)
}

async fn one(
    seat: &mut Seat,
    key: InsurerId,
    instead: impl FnOnce(&mut [Form; 2]) -> Result<(), PageError>,
) -> Result<ListPage, PageError> {
    let (mut actor, viewer) = seat.enter().await?;
    let found = insurers(&mut actor).await?;
    let insurer = found.iter().find(|insurer| insurer.insurer_id == key).ok_or(PageError::NotFound)?;
    let kept = list_kept(&mut actor).await?;
    // A plan is told by the name of its insurer before its own.
    let of_it = |title: &str| title.strip_prefix(&format!("{} ", insurer.name)).map(str::to_owned);
    let plans = kept.iter().filter(|row| row.relation == "insurance_plan").filter_map(|row| of_it(&row.title));
    let plans: Vec<String> = plans.collect();
    let path = format!("/network/insurers/{key}");
    let form = |word: &'static str, submit| {
        Form::new(word, &path, &viewer.form_token, submit).with(FormField::hidden("action", word))
    };
    let plan = form("plan", NETWORK.add_plan)
        .with(FormField::line("plan", NETWORK.plan_name).required())
        .with(FormField::line("currency", NETWORK.currency).of("USD").required().at_most(3))
        .with(FormField::number("year_begins", NETWORK.year_begins, "1").of(1).required());
    let mut forms = [describing(form("change", NETWORK.save), Some(insurer)), plan];
    instead(&mut forms)?;
    let [change, plan] = forms;
    Ok(ListPage {
        shell: viewer.shell(NETWORK.insurer),
        words: &NETWORK,
        tab: "insurers",
        text: NETWORK.plans_of,
        none: NETWORK.insurers_none,
        lines: vec![ListLine {
            title: insurer.name.clone(),
            detail: if plans.is_empty() { counted(0, [NETWORK.plan, NETWORK.plans]) } else { plans.join(", ") },
            path: None,
            acts: Vec::new(),
        }],
        forms: vec![(NETWORK.save, change), (NETWORK.add_plan, plan)],
    })
}

/// Corrects it, or adds a plan; where somebody was faster, both are shown.
pub(super) async fn post_one(
    visit: Visit,
    Path(key): Path<String>,
    Sent(typed): Sent<Typed>,
) -> Result<Response, PageError> {
    let key = key.parse().map_err(|_| PageError::NotFound)?;
    let mut seat = visit.seat().await?;
    let (mut actor, _) = seat.enter().await?;
    if !insurers(&mut actor).await?.iter().any(|insurer| insurer.insurer_id == key) {
        return Err(PageError::NotFound);
    }
    let is_plan = typed.text("action") == "plan";
    let came =
        if is_plan { plan(&mut actor, key, &typed).await } else { keep(&mut actor, Some(key), &typed).await.map(drop) };
    let problem = match came {
        Ok(()) => {
            actor.commit().await?;
            return Ok(done(&format!("/network/insurers/{key}"), "saved"));
        }
        Err(problem) => problem,
    };
    drop(actor);
    let instead = |[change, plan]: &mut [Form; 2]| {
        let form = if is_plan { plan } else { change };
        *form = again(form.clone(), &typed, problem, AT)?;
        Ok(())
    };
    refused(&one(&mut seat, key, instead).await?)
}

async fn plan(actor: &mut Actor<'_>, insurer: InsurerId, typed: &Typed) -> Result<(), Problem> {
    let words = InsurancePlanWords {
        name: typed.required("plan")?,
        currency: typed.required("currency")?,
        year_begins_month: typed.number("year_begins")?,
        retired_on: None,
    };
    keep_insurance_plan(actor, None, insurer, &words).await?;
    Ok(())
}
