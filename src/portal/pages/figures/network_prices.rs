//! `/network/prices`: the price list, and adding to it; `/network/prices/{price}`: one price, changed for invoices to
//! come, or ended.
//!
//! A price has no version, so the form holds what it was read as, and a change is compared with what stands now. A
//! second click writes the same again.

use axum::extract::Path;
use axum::response::Response;

use super::network::{ListLine, ListPage};
use crate::portal::answer::{done, page, refused};
use crate::portal::edge::sent::Sent;
use crate::portal::forms::{Form, FormField, Problem, Typed};
use crate::portal::money::{cents, money, plain};
use crate::portal::page_error::PageError;
use crate::portal::shown::{day, sentence};
use crate::portal::visit::{Seat, Visit};
use crate::portal::words::network::NETWORK;
use crate::store::care::actor::Actor;
use crate::store::care::catalogue::{Price, keep_price};
use crate::store::care::drafting::{PriceLine, price_list};

/// Which field a rule is about.
const AT: &[(&str, &str)] = &[
    ("charge_code_is_a_code", "code"),
    ("charge_code_title_is_some", "title"),
    ("charge_code_price_is_not_negative", "amount"),
    ("currency_is_iso_4217", "currency"),
];

fn asking(form: Form, known: Option<&PriceLine>) -> Form {
    let retired = known.and_then(|line| line.retired_on).map(|on| on.to_string()).unwrap_or_default();
    form.with(FormField::line("title", NETWORK.price_title).of(known.map_or("", |line| &line.title)).required())
        .with(
            FormField::number("amount", NETWORK.amount, "0.01")
                .of(known.map(|line| plain(line.cents)).unwrap_or_default())
                .required(),
        )
        .with(
            FormField::line("currency", NETWORK.currency)
                .of(known.map_or("USD", |line| &line.currency))
                .required()
                .at_most(3),
        )
        .with(FormField::day("retired_on", NETWORK.stop_on).of(retired))
}

/// What a price was read as.
fn read_as(line: &PriceLine) -> String {
    let retired = line.retired_on.map(|on| on.to_string()).unwrap_or_default();
    format!("{} {} {retired} {}", line.cents, line.currency, line.title)
}

/// Shows the list.
pub(super) async fn get(visit: Visit) -> Result<Response, PageError> {
    let mut seat = visit.seat().await?;
    page(&shown(&mut seat, Ok).await?)
}

fn line(price: &PriceLine) -> ListLine {
    let amount = money(price.cents, &price.currency);
    let retired = price.retired_on.map(|on| format!("; {} {}", NETWORK.not_charged_from, day(on))).unwrap_or_default();
    ListLine {
        title: price.title.clone(),
        detail: format!("{amount}, {}, {}{retired}", price.charge_code, sentence(&price.category)),
        path: Some(format!("/network/prices/{}", price.charge_code)),
        acts: Vec::new(),
    }
}

async fn shown(
    seat: &mut Seat,
    adding_as: impl FnOnce(Form) -> Result<Form, PageError>,
) -> Result<ListPage, PageError> {
    let (mut actor, viewer) = seat.enter().await?;
    let list = price_list(&mut actor, None).await?;
    let form = Form::new("add", "/network/prices", &viewer.form_token, NETWORK.add_price)
        .with(FormField::line("code", NETWORK.price_code).required().at_most(20).hint(NETWORK.price_code_hint));
    Ok(ListPage {
        shell: viewer.shell(NETWORK.prices),
        words: &NETWORK,
        tab: "prices",
        text: NETWORK.prices_text,
        none: NETWORK.prices_none,
        lines: list.iter().map(line).collect(),
        forms: vec![(NETWORK.add_price, adding_as(asking(form, None))?)],
    })
}

/// Adds one; a code that is on the list is not changed by that.
pub(super) async fn post(visit: Visit, Sent(typed): Sent<Typed>) -> Result<Response, PageError> {
    let mut seat = visit.seat().await?;
    let (mut actor, _) = seat.enter().await?;
    let problem = match add(&mut actor, &typed).await {
        Ok(()) => {
            actor.commit().await?;
            return Ok(done("/network/prices", "saved"));
        }
        Err(problem) => problem,
    };
    drop(actor);
    refused(&shown(&mut seat, |form| form.filled(&typed).told(problem, AT)).await?)
}

async fn add(actor: &mut Actor<'_>, typed: &Typed) -> Result<(), Problem> {
    let code = typed.required("code")?.to_uppercase();
    if price_list(actor, None).await?.iter().any(|line| line.charge_code == code) {
        return Err(Problem::at("code", NETWORK.price_known));
    }
    keep(actor, &code, typed).await
}

async fn keep(actor: &mut Actor<'_>, code: &str, typed: &Typed) -> Result<(), Problem> {
    let amount = cents(typed.required("amount")?).ok_or_else(|| Problem::at("amount", NETWORK.amount_wrong))?;
    let price = Price {
        charge_code: code,
        title: typed.required("title")?,
        cents: amount,
        currency: typed.required("currency")?,
        retired_on: typed.maybe_day("retired_on")?,
    };
    Ok(keep_price(actor, &price).await?)
}

/// Shows one.
pub(super) async fn get_one(visit: Visit, Path(code): Path<String>) -> Result<Response, PageError> {
    let mut seat = visit.seat().await?;
    page(&one(&mut seat, &code, Ok).await?)
}

async fn find(actor: &mut Actor<'_>, code: &str) -> Result<PriceLine, PageError> {
    let list = price_list(actor, None).await?;
    list.into_iter().find(|line| line.charge_code == code).ok_or(PageError::NotFound)
}

async fn one(
    seat: &mut Seat,
    code: &str,
    changing_as: impl FnOnce(Form) -> Result<Form, PageError>,
) -> Result<ListPage, PageError> {
    let (mut actor, viewer) = seat.enter().await?;
    let price = find(&mut actor, code).await?;
    let form = Form::new("change", format!("/network/prices/{code}"), &viewer.form_token, NETWORK.save)
        .with(FormField::hidden("read_as", read_as(&price)));
    Ok(ListPage {
        shell: viewer.shell(NETWORK.price),
        words: &NETWORK,
        tab: "prices",
        text: NETWORK.prices_text,
        none: NETWORK.prices_none,
        lines: vec![ListLine { path: None, ..line(&price) }],
        forms: vec![(NETWORK.save, changing_as(asking(form, Some(&price)))?)],
    })
}

/// Changes it; where somebody was faster, both are shown.
pub(super) async fn post_one(
    visit: Visit,
    Path(code): Path<String>,
    Sent(typed): Sent<Typed>,
) -> Result<Response, PageError> {
    let mut seat = visit.seat().await?;
    let (mut actor, _) = seat.enter().await?;
    let is_stale = read_as(&find(&mut actor, &code).await?) != typed.text("read_as");
    let problem = match is_stale {
        true => None,
        false => match keep(&mut actor, &code, &typed).await {
            Ok(()) => {
                actor.commit().await?;
                return Ok(done("/network/prices", "saved"));
            }
            Err(problem) => Some(problem),
        },
    };
    drop(actor);
    let form = |stored: Form| match problem {
        None => Ok(stored.clone().filled(&typed).against(&stored)),
        Some(problem) => stored.filled(&typed).told(problem, AT),
    };
    refused(&one(&mut seat, &code, form).await?)
}
