//! `/network/accounts`: who may sign in, two hundred a page, and another account; `/network/accounts/{account}`: one
//! of them, which is disabled, enabled, moved, signed out everywhere, or given a one-time link to set a password.
//!
//! A second click does nothing more: a login is taken once, who is disabled is so already, an account is moved as the
//! version that was read, and of two links the one that is shown is of use. A login is nothing for a URL, so the next
//! page is asked for by a form.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;

use super::network_named::{self as named, Several};
use crate::model::people::{AccountId, FacilityId, Role};
use crate::portal::answer::{done, page, refused};
use crate::portal::edge::sent::Sent;
use crate::portal::forms::{Form, FormField, Problem, Typed};
use crate::portal::one_time::{LinkShown, Purpose, link, token};
use crate::portal::page_error::PageError;
use crate::portal::shell::{Shell, part_of};
use crate::portal::shown::{day_of, number};
use crate::portal::visit::{Seat, Viewer, Visit};
use crate::portal::words::network::{NETWORK, NetworkWords};
use crate::store::care::account::{self, AccountFor, AccountLine};
use crate::store::care::actor::Actor;
use crate::store::care::directory_named::facility_names;

/// So many accounts are a page.
const ROWS: usize = 200;
/// No network has more pages.
const PAGES_MAX: usize = 50;
/// Parts whose accounts one administrator opens alone.
const OPENED_ALONE: [Role; 8] = [
    Role::Provider,
    Role::FrontDesk,
    Role::Biller,
    Role::FacilityManager,
    Role::Moderator,
    Role::Analyst,
    Role::Operator,
    Role::ClinicalQuality,
];

#[derive(Template)]
#[template(path = "pages/figures/network_accounts.html", config = "src/portal/askama.toml")]
struct AccountsPage {
    shell: Shell,
    words: &'static NetworkWords,
    tab: &'static str,
    lines: Vec<AccountShown>,
    forms: Vec<(&'static str, Form)>,
    /// The form for the next page.
    more: Option<Form>,
    /// A one-time link that was just made.
    link: Option<LinkShown>,
}

struct AccountShown {
    path: String,
    login: String,
    part: &'static str,
    place: String,
    disabled: Option<String>,
    sessions: String,
}

/// Which of them.
#[derive(Debug, Default)]
struct Wanted {
    role: Option<Role>,
    after: Option<String>,
}

async fn listed(
    seat: &mut Seat,
    wanted: Wanted,
    several: (&Choices, &Choices),
    opening_as: impl FnOnce(Form) -> Result<Form, PageError>,
) -> Result<AccountsPage, PageError> {
    let (mut actor, viewer) = seat.enter().await?;
    let lines = account::list(&mut actor, wanted.role, None, wanted.after.as_deref()).await?;
    let facilities = places(&mut actor, &lines).await?;
    let more = lines.last().filter(|_| lines.len() == ROWS).map(|last| {
        Form::new("more", "/network/accounts", &viewer.form_token, NETWORK.next_page)
            .with(FormField::hidden("part", wanted.role.map(|role| role.to_string()).unwrap_or_default()))
            .with(FormField::hidden("after", &last.login))
            .with(FormField::hidden("action", "list"))
    });
    let opening = opening_as(opening(&viewer, several))?;
    Ok(AccountsPage {
        shell: viewer.shell(NETWORK.accounts),
        words: &NETWORK,
        tab: "accounts",
        lines: lines.iter().map(|line| shown(line, &facilities, &viewer)).collect(),
        forms: vec![(NETWORK.filter, filtering(&viewer, wanted.role)), (NETWORK.open_account, opening)],
        more,
        link: None,
    })
}

/// What the facilities of accounts are called.
async fn places(actor: &mut Actor<'_>, lines: &[AccountLine]) -> Result<Vec<(FacilityId, String)>, PageError> {
    let keys: Vec<FacilityId> = lines.iter().filter_map(|line| line.facility_id).collect();
    Ok(facility_names(actor, &keys).await?)
}

fn shown(line: &AccountLine, facilities: &[(FacilityId, String)], viewer: &Viewer) -> AccountShown {
    let place = line.facility_id.and_then(|own| facilities.iter().find(|(key, _)| *key == own));
    AccountShown {
        path: format!("/network/accounts/{}", line.account_id),
        login: line.login.clone(),
        part: part_of(line.part),
        place: place.map(|(_, name)| name.clone()).unwrap_or_default(),
        disabled: line.disabled_at.map(|at| day_of(at, &viewer.zone)),
        sessions: number(line.sessions as f64),
    }
}

fn parts(roles: impl Iterator<Item = Role>) -> Vec<(String, String)> {
    roles.map(|role| (role.to_string(), part_of(role).to_owned())).collect()
}

fn filtering(viewer: &Viewer, role: Option<Role>) -> Form {
    let roles = parts(Role::ALL.iter().copied().filter(|role| *role != Role::Patient));
    Form::new("filter", "/network/accounts", &viewer.form_token, NETWORK.show)
        .with(FormField::hidden("action", "list"))
        .with(FormField::choice("part", NETWORK.part, roles).of(role.map(|role| role.to_string()).unwrap_or_default()))
}

/// The form for another one; choices where several facilities or providers have the name that was typed.
fn opening(viewer: &Viewer, (facilities, providers): (&Choices, &Choices)) -> Form {
    Form::new("open", "/network/accounts", &viewer.form_token, NETWORK.open_account)
        .with(FormField::hidden("action", "open"))
        .with(FormField::choice("part", NETWORK.part, parts(OPENED_ALONE.into_iter())).required())
        .with(FormField::line("login", NETWORK.login).required().hint(NETWORK.login_hint))
        .with(named::field("facility", NETWORK.facility, NETWORK.facility_hint, facilities))
        .with(named::field("provider", NETWORK.provider, NETWORK.provider_hint, providers))
}

/// Which field a rule is about.
const AT: &[(&str, &str)] = &[
    ("account_login_is_unique", "login"),
    ("account_login_is_a_name", "login"),
    ("account_part_fits_its_person", "part"),
    ("account_is_of_a_facility_that_stands", "facility"),
];

/// Nothing to choose from.
const NONE: (&Choices, &Choices) = (&[], &[]);

/// Keys and names to choose from.
type Choices = [(String, String)];

/// Lists the first.
pub(super) async fn get(visit: Visit) -> Result<Response, PageError> {
    let mut seat = visit.seat().await?;
    page(&listed(&mut seat, Wanted::default(), NONE, Ok).await?)
}

/// Lists others, or opens one.
pub(super) async fn post(visit: Visit, Sent(typed): Sent<Typed>) -> Result<Response, PageError> {
    let mut seat = visit.seat().await?;
    if typed.text("action") == "list" {
        let role = typed.some("part").map(|part| part.parse().map_err(|_| PageError::NotFound)).transpose()?;
        let after = typed.some("after").map(str::to_owned);
        return page(&listed(&mut seat, Wanted { role, after }, NONE, Ok).await?);
    }
    let (mut actor, _) = seat.enter_confirmed().await?;
    let (mut facilities, mut providers) = (Several::new(), Several::new());
    let problem = match open(&mut actor, &typed, &mut facilities, &mut providers).await {
        Ok(account) => {
            actor.commit().await?;
            return Ok(done(&format!("/network/accounts/{account}"), "saved"));
        }
        Err(problem) => problem,
    };
    drop(actor);
    let several = (facilities.as_slice(), providers.as_slice());
    refused(&listed(&mut seat, Wanted::default(), several, |form| form.filled(&typed).told(problem, AT)).await?)
}

async fn open(
    actor: &mut Actor<'_>,
    typed: &Typed,
    facilities: &mut Several,
    providers: &mut Several,
) -> Result<AccountId, Problem> {
    let facility = named::facility(actor, typed, facilities).await?;
    let whose = AccountFor { facility, provider: named::provider(actor, typed, providers).await? };
    Ok(account::open(actor, typed.one("part")?, typed.required("login")?, whose).await?)
}

/// Shows one.
pub(super) async fn get_one(visit: Visit, Path(key): Path<String>) -> Result<Response, PageError> {
    let key = key.parse().map_err(|_| PageError::NotFound)?;
    let mut seat = visit.seat().await?;
    page(&one(&mut seat, key, &[], None).await?)
}

async fn one(
    seat: &mut Seat,
    key: AccountId,
    several: &Choices,
    refused: Option<(&'static str, Problem, &Typed)>,
) -> Result<AccountsPage, PageError> {
    let (mut actor, viewer) = seat.enter().await?;
    let line = found(&mut actor, key).await?.ok_or(PageError::NotFound)?;
    let facilities = places(&mut actor, std::slice::from_ref(&line)).await?;
    let mut forms = acts(&line, several, &viewer);
    if let Some((action, problem, typed)) = refused {
        let at = [("account_is_of_a_facility_that_stands", "facility")];
        match forms.iter_mut().find(|(word, ..)| *word == action) {
            Some((_, _, form)) => *form = form.clone().filled_but(typed, "version").told(problem, &at)?,
            None => return Err(PageError::NotFound),
        }
    }
    Ok(AccountsPage {
        shell: viewer.shell(NETWORK.account),
        words: &NETWORK,
        tab: "accounts",
        lines: vec![shown(&line, &facilities, &viewer)],
        forms: forms.into_iter().map(|(_, title, form)| (title, form)).collect(),
        more: None,
        link: None,
    })
}

/// The account of a key, among those that the administrator keeps.
async fn found(actor: &mut Actor<'_>, key: AccountId) -> Result<Option<AccountLine>, PageError> {
    let mut after: Option<String> = None;
    for _ in 0..PAGES_MAX {
        let mut lines = account::list(actor, None, None, after.as_deref()).await?;
        if let Some(place) = lines.iter().position(|line| line.account_id == key) {
            return Ok(Some(lines.swap_remove(place)));
        }
        match lines.pop() {
            Some(last) if lines.len() + 1 == ROWS => after = Some(last.login),
            _ => return Ok(None),
        }
    }
    Ok(None)
}

/// What can be done with an account.
fn acts(line: &AccountLine, several: &Choices, viewer: &Viewer) -> Vec<(&'static str, &'static str, Form)> {
    let form = |word: &'static str, submit| {
        Form::new(word, format!("/network/accounts/{}", line.account_id), &viewer.form_token, submit)
            .with(FormField::hidden("action", word))
    };
    let mut acts = Vec::new();
    match line.disabled_at {
        Some(_) => acts.push(("enable", NETWORK.enable, form("enable", NETWORK.enable))),
        None => {
            // Of what one opens alone: with a link one would act as the other of two.
            if OPENED_ALONE.contains(&line.part) {
                acts.push(("link", NETWORK.link, form("link", NETWORK.make_link)));
            }
            acts.push(("end_sessions", NETWORK.end_sessions, form("end_sessions", NETWORK.end_sessions)));
            acts.push(("disable", NETWORK.disable, form("disable", NETWORK.disable).grave()));
        }
    }
    if line.facility_id.is_some() {
        let choice = named::field("facility", NETWORK.facility, NETWORK.name_begins, several).required();
        let moving = form("move", NETWORK.relocate).with(FormField::hidden("version", line.version)).with(choice);
        acts.push(("move", NETWORK.relocate, moving));
    }
    acts
}

/// Does it.
pub(super) async fn post_one(
    visit: Visit,
    Path(key): Path<String>,
    Sent(typed): Sent<Typed>,
) -> Result<Response, PageError> {
    let key = key.parse().map_err(|_| PageError::NotFound)?;
    let actions = ["enable", "disable", "end_sessions", "move", "link"];
    let action = actions.into_iter().find(|word| *word == typed.text("action")).ok_or(PageError::NotFound)?;
    let mut seat = visit.seat().await?;
    let (mut actor, viewer) = seat.enter_confirmed().await?;
    if action == "link" {
        let made = token()?;
        return match account::make_password_link(&mut actor, key, &made).await {
            Ok(until) => {
                actor.commit().await?;
                let link = Some(link(&visit.portal, Purpose::Reset, &made, until, &viewer));
                page(&AccountsPage { link, ..one(&mut seat, key, &[], None).await? })
            }
            Err(error) => {
                drop(actor);
                refused(&one(&mut seat, key, &[], Some((action, error.into(), &typed))).await?)
            }
        };
    }
    let mut several = Several::new();
    let problem = match act(&mut actor, key, action, &typed, &mut several).await {
        Ok(()) => {
            actor.commit().await?;
            return Ok(done(&format!("/network/accounts/{key}"), "saved"));
        }
        Err(problem) => problem,
    };
    drop(actor);
    refused(&one(&mut seat, key, &several, Some((action, problem, &typed))).await?)
}

async fn act(
    actor: &mut Actor<'_>,
    key: AccountId,
    action: &str,
    typed: &Typed,
    several: &mut Several,
) -> Result<(), Problem> {
    match action {
        "enable" => account::enable(actor, key).await?,
        "disable" => account::disable(actor, key).await?,
        "move" => {
            let version = typed.number("version")?;
            typed.required("facility")?;
            let to = named::facility(actor, typed, several).await?;
            let to = to.ok_or_else(|| Problem::at("facility", NETWORK.nobody_named))?;
            account::relocate(actor, key, version, to).await?;
        }
        _ => drop(account::end_sessions(actor, key).await?),
    }
    Ok(())
}
