//! `/me/sharing`: who may look at the own record, and why; `/me/sharing/find` finds a provider to share with, and
//! `/me/sharing/end` ends a share.
//!
//! A share that is sent twice stands once; with another end it takes the place of the one that stood.

use askama::Template;
use axum::response::Response;
use jiff::tz::TimeZone;

use crate::model::people::{GrantId, GrantPurpose, PatientId, Scope};
use crate::model::time::Timestamp;
use crate::portal::answer::{done, page, refused};
use crate::portal::edge::sent::Sent;
use crate::portal::forms::{Form, FormField, Problem, Typed};
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::shown::{moment, sentence, who};
use crate::portal::visit::{Seat, Viewer, Visit};
use crate::portal::words::WORDS;
use crate::portal::words::share::{SHARE, ShareWords};
use crate::store::care::actor::Actor;
use crate::store::care::directory::{ProviderNamed, find_providers_by_name};
use crate::store::care::rights::{Grant, Grantee, share, unshare};
use crate::store::care::sharing::{care_team, grants, has_ended, proxies};

#[derive(Template)]
#[template(path = "pages/own/sharing.html", config = "src/portal/askama.toml")]
struct SharingPage {
    shell: Shell,
    words: &'static ShareWords,
    form_token: String,
    shares: Vec<ShareLine>,
    team: Vec<Line>,
    proxies: Vec<Line>,
    find: Form,
    /// To share with one of those who were found.
    form: Option<Form>,
}

struct ShareLine {
    key: GrantId,
    name: String,
    what: String,
    why: String,
    until: String,
}

struct Line {
    name: String,
    what: String,
    until: String,
}

/// What is asked, and the page's answer to it.
enum Asked<'a> {
    Nothing,
    /// Who has such a name.
    Find(&'a Typed),
    /// A share that was refused.
    Share(&'a Typed, Problem),
}

async fn shown(seat: &mut Seat, asked: Asked<'_>) -> Result<SharingPage, PageError> {
    let (mut actor, viewer) = seat.enter().await?;
    let patient = viewer.profile.patient_id.ok_or(PageError::NotFound)?;
    let team = care_team(&mut actor, patient).await?.into_iter().map(|carer| Line {
        name: carer.name,
        what: sentence(&carer.basis),
        until: until(carer.until, SHARE.until_over, &viewer.zone),
    });
    let team = team.collect();
    let shares = grants(&mut actor, patient).await?.into_iter().map(|grant| ShareLine {
        key: grant.grant,
        name: who(&grant.name),
        what: scopes_of(&grant.scopes),
        why: sentence(grant.purpose.as_str()),
        until: until(grant.until, SHARE.until_ended, &viewer.zone),
    });
    let shares = shares.collect();
    let proxies = proxies(&mut actor, patient).await?.into_iter().map(|proxy| Line {
        name: sentence(&proxy.kind),
        what: scopes_of(&proxy.scopes),
        until: until(proxy.until, SHARE.until_over, &viewer.zone),
    });
    let proxies = proxies.collect();
    let (find, form) = forms(&mut actor, &viewer, asked).await?;
    let shell = viewer.shell(SHARE.sharing_title);
    Ok(SharingPage { shell, words: &SHARE, form_token: viewer.form_token, shares, team, proxies, find, form })
}

async fn forms(actor: &mut Actor<'_>, viewer: &Viewer, asked: Asked<'_>) -> Result<(Form, Option<Form>), PageError> {
    let find = Form::new("find", "/me/sharing/find", &viewer.form_token, SHARE.find)
        .with(FormField::typed("name", SHARE.sharing_find_name, "search").required());
    let typed = match &asked {
        Asked::Nothing => return Ok((find, None)),
        Asked::Find(typed) | Asked::Share(typed, _) => *typed,
    };
    let name = match typed.required("name") {
        Ok(name) => name,
        Err(problem) => return Ok((find.told(problem, &[])?, None)),
    };
    let found = find_providers_by_name(actor, name).await?;
    let find = find.filled(typed);
    if found.is_empty() {
        return Ok((find.told(Problem::at("name", SHARE.sharing_found_none), &[])?, None));
    }
    let form = sharing(name, &found, viewer);
    Ok(match asked {
        Asked::Share(typed, problem) => (find, Some(form.filled(typed).told(problem, AT)?)),
        _ => (find, Some(form)),
    })
}

fn until(until: Option<Timestamp>, open: &str, zone: &TimeZone) -> String {
    until.map_or_else(|| open.to_owned(), |until| format!("{} {}", WORDS.until, moment(until, zone)))
}

fn scopes_of(scopes: &[Scope]) -> String {
    let names: Vec<&str> = scopes.iter().map(|scope| name_of(*scope)).collect();
    names.join(", ")
}

fn name_of(scope: Scope) -> &'static str {
    match scope {
        Scope::Chart => SHARE.scope_chart,
        Scope::Schedule => SHARE.scope_schedule,
        Scope::Samples => SHARE.scope_samples,
        Scope::Billing => SHARE.scope_billing,
        Scope::BehaviouralHealth => SHARE.scope_behavioural_health,
        Scope::Reproductive => SHARE.scope_reproductive,
        Scope::SubstanceUse => SHARE.scope_substance_use,
        Scope::Hiv => SHARE.scope_hiv,
    }
}

/// Whether most who read the rest of a chart do not see it.
fn is_apart(scope: Scope) -> bool {
    matches!(scope, Scope::BehaviouralHealth | Scope::Reproductive | Scope::SubstanceUse | Scope::Hiv)
}

fn sharing(name: &str, found: &[ProviderNamed], viewer: &Viewer) -> Form {
    let called = |found: &ProviderNamed| {
        let more: Vec<String> = found.specialties.iter().take(2).map(|word| sentence(word)).collect();
        let more: Vec<String> = more.into_iter().chain(found.facilities.first().cloned()).collect();
        let more = if more.is_empty() { String::new() } else { format!(" ({})", more.join(", ")) };
        (found.provider_id.to_string(), format!("{}{more}", found.name))
    };
    let mut form = Form::new("share", "/me/sharing", &viewer.form_token, SHARE.share)
        .with(FormField::hidden("name", name))
        .with(FormField::choice("provider", SHARE.sharing_provider, found.iter().map(called).collect()).required())
        .with(FormField::word("purpose", SHARE.sharing_purpose, GrantPurpose::ALL).required())
        .with(FormField::moment("until", SHARE.share_until).hint(SHARE.share_until_hint));
    for scope in Scope::ALL {
        let field = FormField::check(scope.as_str(), name_of(*scope));
        form = form.with(if is_apart(*scope) { field.hint(SHARE.sharing_apart) } else { field });
    }
    form
}

/// Which field a rule is about.
const AT: &[(&str, &str)] = &[
    ("grant_of_access_scopes_are_known", "chart"),
    ("grant_of_access_purpose_is_known", "purpose"),
    ("grant_of_access_period_is_half_open", "until"),
    ("grant_ends_later", "until"),
];

/// Shows it.
pub(super) async fn get(visit: Visit) -> Result<Response, PageError> {
    let mut seat = visit.seat().await?;
    page(&shown(&mut seat, Asked::Nothing).await?)
}

/// Finds providers to share with. A form that is sent: a name is nothing for a URL.
pub(super) async fn post_find(visit: Visit, Sent(typed): Sent<Typed>) -> Result<Response, PageError> {
    let mut seat = visit.seat().await?;
    let found = shown(&mut seat, Asked::Find(&typed)).await?;
    if found.form.is_some() { page(&found) } else { refused(&found) }
}

/// Shares.
pub(super) async fn post(visit: Visit, Sent(typed): Sent<Typed>) -> Result<Response, PageError> {
    let mut seat = visit.seat().await?;
    let (mut actor, viewer) = seat.enter_confirmed().await?;
    let patient = viewer.profile.patient_id.ok_or(PageError::NotFound)?;
    let problem = match grant(&mut actor, patient, (&typed, &viewer.zone)).await {
        Ok(()) => {
            actor.commit().await?;
            return Ok(done("/me/sharing", "shared"));
        }
        Err(problem) => problem,
    };
    drop(actor);
    refused(&shown(&mut seat, Asked::Share(&typed, problem)).await?)
}

async fn grant(actor: &mut Actor<'_>, patient: PatientId, (typed, zone): (&Typed, &TimeZone)) -> Result<(), Problem> {
    let grantee = Grantee::Provider(typed.one("provider")?);
    let scopes: Vec<Scope> = Scope::ALL.iter().copied().filter(|scope| typed.is_checked(scope.as_str())).collect();
    if scopes.is_empty() {
        return Err(Problem::at("chart", SHARE.sharing_scopes_none));
    }
    let (purpose, until) = (typed.one("purpose")?, typed.maybe_moment("until", zone)?);
    share(actor, &Grant { patient, grantee, scopes, purpose, until }).await?;
    Ok(())
}

/// Ends a share.
pub(super) async fn post_end(visit: Visit, Sent(typed): Sent<Typed>) -> Result<Response, PageError> {
    let mut seat = visit.seat().await?;
    let (mut actor, viewer) = seat.enter().await?;
    let patient = viewer.profile.patient_id.ok_or(PageError::NotFound)?;
    let key: GrantId = typed.text("grant").parse().map_err(|_| PageError::NotFound)?;
    match unshare(&mut actor, key).await.map_err(Problem::from) {
        Ok(()) => {
            actor.commit().await?;
            return Ok(done("/me/sharing", "ended"));
        }
        Err(Problem::Page(error)) => return Err(error),
        Err(_) => drop(actor),
    }
    // What is over already is over; what never was one's own is not there.
    let (mut actor, _) = seat.enter().await?;
    match has_ended(&mut actor, patient, key).await? {
        true => Ok(done("/me/sharing", "ended")),
        false => Err(PageError::NotFound),
    }
}
