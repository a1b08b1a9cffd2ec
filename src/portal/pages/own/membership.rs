//! `/me/membership`: which plan one has, what it costs and when it goes on, and a form each to begin one, to change it
//! and to give notice.
//!
//! A form says which period it is about, and nothing is done where another runs by now: of two clicks the second finds
//! that, or changes nothing that the first has not.

use askama::Template;
use axum::response::Response;

use super::membership_view::{MembershipView, PlanOffered, cost, current, former, plan_lines, view};
use crate::model::people::{FeePeriod, PatientId};
use crate::portal::answer::{done, page, refused};
use crate::portal::edge::sent::Sent;
use crate::portal::forms::{Form, FormField, Problem, Typed};
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::visit::{Seat, Visit};
use crate::portal::words::WORDS;
use crate::portal::words::record::{RECORD, RecordWords};
use crate::store::care::actor::Actor;
use crate::store::care::membership::{MembershipPeriod, MembershipPrice, begin, change, end, of_patient, prices};

#[derive(Template)]
#[template(path = "pages/own/membership.html", config = "src/portal/askama.toml")]
struct MembershipPage {
    shell: Shell,
    words: &'static RecordWords,
    wrong: Option<String>,
    membership: Option<MembershipView>,
    plans: Vec<PlanOffered>,
    /// A heading, what comes of it, and a form.
    acts: Vec<(&'static str, &'static str, Form)>,
    /// Plan, from when until when, what was charged.
    former: Vec<[String; 3]>,
}

/// Which field a rule is about.
const AT: &[(&str, &str)] = &[
    ("membership_has_a_price", "plan"),
    ("membership_changes_its_plan", "plan"),
    ("membership_gets_cheaper_at_its_end", "when"),
];

/// A form that was sent, and why nothing was done.
type TriedOnce = (Typed, Problem);

/// What can be done: what is wanted most first.
fn acts(
    known: Option<&MembershipPeriod>,
    prices: &[MembershipPrice],
    token: &str,
) -> Vec<(&'static str, &'static str, &'static str, Form)> {
    let form = |what: &'static str, submit: &'static str| {
        let key = known.map(|known| known.membership.to_string()).unwrap_or_default();
        Form::new(what, "/me/membership", token, submit)
            .with(FormField::hidden("do", what))
            .with(FormField::hidden("known", key))
    };
    let Some((per, currency)) = known.and_then(|known| Some((known.per?, known.currency.as_deref()?))) else {
        let price = |price: &MembershipPrice| {
            let value = format!("{} {} {}", price.plan, price.currency, price.per);
            (value, format!("{}, {}", price.title, cost(price)))
        };
        let form = form("begin", RECORD.begin_send)
            .with(FormField::choice("plan", RECORD.choose, prices.iter().map(price).collect()).required())
            .with(FormField::check("renews", RECORD.renew));
        return vec![("begin", RECORD.begin, RECORD.begin_note, form)];
    };
    let fits = prices.iter().filter(|price| price.per == per && price.currency == currency);
    let plan = fits.map(|price| (price.plan.clone(), format!("{}, {}", price.title, cost(price)))).collect();
    let when = [("now", RECORD.at_once), ("end", RECORD.at_end)];
    let when = when.map(|(value, name)| (value.to_owned(), name.to_owned())).into();
    let changing = form("change", RECORD.change_send)
        .with(FormField::choice("plan", RECORD.change_plan, plan).required())
        .with(FormField::choice("when", RECORD.change_when, when).of("end").required());
    let mut acts = vec![("change", RECORD.change, RECORD.change_note, changing)];
    if known.is_some_and(|known| known.last_period.is_none()) {
        let ending = form("end", RECORD.cancel_send).with(FormField::check("sure", RECORD.cancel_sure)).grave();
        acts.push(("end", RECORD.cancel, RECORD.cancel_note, ending));
    }
    acts
}

async fn shown(visit: &Visit, seat: &mut Seat, tried: Option<TriedOnce>) -> Result<MembershipPage, PageError> {
    let now = visit.portal.clock.now();
    let (mut actor, viewer) = seat.enter().await?;
    let patient = viewer.profile.patient_id.ok_or(PageError::NotFound)?;
    let periods = of_patient(&mut actor, patient).await?;
    let prices = prices(&mut actor, now.day()).await?;
    let known = current(&periods, now);
    let mut tried = tried;
    let mut shown = Vec::new();
    for (what, heading, note, form) in acts(known, &prices, &viewer.form_token) {
        let of_this = tried.take_if(|(typed, _)| typed.text("do") == what);
        let form = match of_this {
            Some((typed, problem)) => form.filled_but(&typed, "known").told(problem, AT)?,
            None => form,
        };
        shown.push((heading, note, form));
    }
    // The form that was sent is on the page no more.
    let wrong = match tried {
        Some((_, Problem::Rule(broken))) => Some(broken.sentence),
        Some((_, Problem::At(_, sentence))) => Some(sentence),
        Some((_, Problem::Page(error))) => return Err(error),
        None => None,
    };
    Ok(MembershipPage {
        shell: viewer.shell(RECORD.membership),
        words: &RECORD,
        wrong,
        membership: known.map(|known| view(known, &prices, &viewer.zone)),
        plans: plan_lines(&prices),
        acts: shown,
        former: former(&periods, known, &prices, &viewer.zone),
    })
}

/// Shows it.
pub(super) async fn get(visit: Visit) -> Result<Response, PageError> {
    page(&shown(&visit, &mut visit.seat().await?, None).await?)
}

/// Begins, changes or ends it.
pub(super) async fn post(visit: Visit, Sent(typed): Sent<Typed>) -> Result<Response, PageError> {
    let mut seat = visit.seat().await?;
    let (mut actor, viewer) = seat.enter().await?;
    let patient = viewer.profile.patient_id.ok_or(PageError::NotFound)?;
    let problem = match changed(&visit, &mut actor, patient, &typed).await {
        Ok(word) => {
            actor.commit().await?;
            return Ok(done("/me/membership", word));
        }
        Err(problem) => problem,
    };
    drop(actor);
    refused(&shown(&visit, &mut seat, Some((typed, problem))).await?)
}

async fn changed(
    visit: &Visit,
    actor: &mut Actor<'_>,
    patient: PatientId,
    typed: &Typed,
) -> Result<&'static str, Problem> {
    let now = visit.portal.clock.now();
    let periods = of_patient(actor, patient).await?;
    let known = current(&periods, now).map(|known| known.membership.to_string()).unwrap_or_default();
    if known != typed.text("known") {
        return Err(Problem::at("", RECORD.is_stale));
    }
    match typed.text("do") {
        "begin" => {
            let mut chosen = typed.required("plan")?.split(' ');
            let wrong = || Problem::at("plan", WORDS.field_choice);
            let (plan, currency) = chosen.next().zip(chosen.next()).ok_or_else(wrong)?;
            let per: FeePeriod = chosen.next().and_then(|per| per.parse().ok()).ok_or_else(wrong)?;
            begin(actor, patient, plan, currency, per, typed.is_checked("renews")).await?;
            Ok("saved")
        }
        "change" => {
            let plan = typed.required("plan")?;
            let at_once = match typed.required("when")? {
                "now" => true,
                "end" => false,
                _ => return Err(Problem::at("when", WORDS.field_choice)),
            };
            change(actor, patient, plan, at_once).await?;
            Ok("saved")
        }
        "end" if !typed.is_checked("sure") => Err(Problem::at("sure", RECORD.cancel_unsure)),
        "end" => {
            end(actor, patient).await?;
            Ok("ended")
        }
        _ => Err(Problem::at("", WORDS.form_incomplete)),
    }
}
