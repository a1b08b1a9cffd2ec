//! `/network`: accounts that two must open, which wait for the second; `/network/words`: lists of words.
//!
//! A second click does nothing more: a proposal stands once and is decided once, and a word that is kept again is
//! titled anew.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;

use super::centre::STALE;
use crate::model::people::{AccountProposalId, Role};
use crate::portal::answer::{done, page, refused};
use crate::portal::edge::sent::Sent;
use crate::portal::forms::{Form, FormField, Problem, Typed};
use crate::portal::page_error::PageError;
use crate::portal::shell::{Shell, part_of};
use crate::portal::shown::{moment, sentence};
use crate::portal::visit::{Seat, Visit};
use crate::portal::words::WORDS;
use crate::portal::words::network::{NETWORK, NetworkWords};
use crate::store::care::account::{self, ProposalLine};
use crate::store::care::actor::Actor;
use crate::store::care::catalogue::{WordList, keep_term};
use crate::store::care::organisation::{FacilityCategory, list_categories};

/// Parts whose accounts two administrators open.
const OPENED_BY_TWO: [Role; 2] = [Role::PrivacyOfficer, Role::NetworkAdmin];

/// A list, and what can be done.
#[derive(Template)]
#[template(path = "pages/figures/network.html", config = "src/portal/askama.toml")]
pub(super) struct ListPage {
    pub(super) shell: Shell,
    pub(super) words: &'static NetworkWords,
    pub(super) tab: &'static str,
    pub(super) text: &'static str,
    pub(super) none: &'static str,
    pub(super) lines: Vec<ListLine>,
    /// What can be done, by title.
    pub(super) forms: Vec<(&'static str, Form)>,
}

/// A line of it.
pub(super) struct ListLine {
    pub(super) title: String,
    pub(super) detail: String,
    pub(super) path: Option<String>,
    pub(super) acts: Vec<LineAct>,
}

/// What can be done with a line at once.
pub(super) struct LineAct {
    pub(super) path: String,
    pub(super) word: &'static str,
    pub(super) name: &'static str,
    /// What is sent with it.
    pub(super) fields: Vec<(&'static str, String)>,
}

/// A form that was refused, with what was typed; beside what is stored by now, where somebody else was faster.
pub(super) fn again(stored: Form, typed: &Typed, problem: Problem, at: &[(&str, &str)]) -> Result<Form, PageError> {
    match problem {
        Problem::Rule(broken) if broken.rule == STALE => Ok(stored.clone().filled(typed).against(&stored)),
        problem => stored.filled(typed).told(problem, at),
    }
}

/// Shows what is proposed.
pub(super) async fn get(visit: Visit) -> Result<Response, PageError> {
    let mut seat = visit.seat().await?;
    page(&proposals(&mut seat, Ok).await?)
}

async fn proposals(
    seat: &mut Seat,
    proposing_as: impl FnOnce(Form) -> Result<Form, PageError>,
) -> Result<ListPage, PageError> {
    let (mut actor, viewer) = seat.enter().await?;
    let found = account::list_proposals(&mut actor).await?;
    let own = actor.account();
    let line = |line: &ProposalLine| {
        let act = |word: &'static str, name| {
            let path = format!("/network/proposals/{}", line.account_proposal_id);
            LineAct { path, word, name, fields: Vec::new() }
        };
        let (until, stands) = (moment(line.until_at, &viewer.zone), line.outcome.is_none());
        let mut acts = Vec::new();
        if stands && line.proposed_by != own {
            acts.push(act("confirm", NETWORK.confirm));
        }
        if stands {
            acts.push(act("withdraw", NETWORK.withdraw));
        }
        let detail = line.outcome.as_deref().map_or_else(|| format!("{} {until}", NETWORK.stands_until), sentence);
        ListLine { title: format!("{}: {}", part_of(line.part), line.login), detail, path: None, acts }
    };
    let roles = OPENED_BY_TWO.map(|role| (role.to_string(), part_of(role).to_owned())).into();
    let proposing = Form::new("propose", "/network", &viewer.form_token, NETWORK.propose)
        .with(FormField::choice("part", NETWORK.part, roles).required())
        .with(FormField::line("login", NETWORK.login).required().hint(NETWORK.login_hint));
    Ok(ListPage {
        shell: viewer.shell(NETWORK.proposals),
        words: &NETWORK,
        tab: "proposals",
        text: NETWORK.proposals_text,
        none: NETWORK.proposals_none,
        lines: found.iter().map(line).collect(),
        forms: vec![(NETWORK.propose, proposing_as(proposing)?)],
    })
}

/// Proposes one.
pub(super) async fn post(visit: Visit, Sent(typed): Sent<Typed>) -> Result<Response, PageError> {
    let mut seat = visit.seat().await?;
    let (mut actor, _) = seat.enter_confirmed().await?;
    let problem = match propose(&mut actor, &typed).await {
        Ok(()) => {
            actor.commit().await?;
            return Ok(done("/network", "saved"));
        }
        Err(problem) => problem,
    };
    drop(actor);
    let at = [("account_proposal_login_is_a_name", "login"), ("account_proposal_stands_once", "login")];
    refused(&proposals(&mut seat, |form| form.filled(&typed).told(problem, &at)).await?)
}

async fn propose(actor: &mut Actor<'_>, typed: &Typed) -> Result<(), Problem> {
    account::propose(actor, typed.one("part")?, typed.required("login")?).await?;
    Ok(())
}

/// Confirms one, or takes it back.
pub(super) async fn post_proposal(
    visit: Visit,
    Path(key): Path<String>,
    Sent(typed): Sent<Typed>,
) -> Result<Response, PageError> {
    let key: AccountProposalId = key.parse().map_err(|_| PageError::NotFound)?;
    let mut seat = visit.seat().await?;
    let (mut actor, _) = seat.enter_confirmed().await?;
    match typed.text("action") {
        "confirm" => drop(account::confirm(&mut actor, key).await?),
        "withdraw" => account::withdraw(&mut actor, key).await?,
        _ => return Err(PageError::Refused(WORDS.form_incomplete.to_owned())),
    }
    actor.commit().await?;
    Ok(done("/network", "saved"))
}

/// Shows the lists of words.
pub(super) async fn get_words(visit: Visit) -> Result<Response, PageError> {
    let mut seat = visit.seat().await?;
    page(&words(&mut seat, Ok).await?)
}

async fn words(
    seat: &mut Seat,
    keeping_as: impl FnOnce(Form) -> Result<Form, PageError>,
) -> Result<ListPage, PageError> {
    let (mut actor, viewer) = seat.enter().await?;
    let categories = list_categories(&mut actor).await?;
    let line = |known: &FacilityCategory| ListLine {
        title: known.title.clone(),
        detail: known.category.clone(),
        path: None,
        acts: Vec::new(),
    };
    let lists = LISTS.map(|(word, list)| (word.to_owned(), list_name(list).to_owned())).into();
    let keeping = Form::new("keep", "/network/words", &viewer.form_token, NETWORK.keep_word)
        .with(FormField::choice("list", NETWORK.list, lists).required())
        .with(FormField::line("word", NETWORK.word).required().at_most(40).hint(NETWORK.word_hint))
        .with(FormField::line("title", NETWORK.word_title).required());
    Ok(ListPage {
        shell: viewer.shell(NETWORK.lists),
        words: &NETWORK,
        tab: "words",
        text: NETWORK.lists_text,
        none: NETWORK.words_none,
        lines: categories.iter().map(line).collect(),
        forms: vec![(NETWORK.keep_word, keeping_as(keeping)?)],
    })
}

/// Lists by their words in forms.
const LISTS: [(&str, WordList); 5] = [
    ("category", WordList::FacilityCategory),
    ("service", WordList::Service),
    ("role", WordList::StaffRole),
    ("department", WordList::DepartmentKind),
    ("resource", WordList::ResourceKind),
];

fn list_name(list: WordList) -> &'static str {
    match list {
        WordList::FacilityCategory => NETWORK.list_categories,
        WordList::Service => NETWORK.list_services,
        WordList::StaffRole => NETWORK.list_roles,
        WordList::DepartmentKind => NETWORK.list_departments,
        WordList::ResourceKind => NETWORK.list_resources,
    }
}

/// Adds a word, or titles it anew.
pub(super) async fn post_words(visit: Visit, Sent(typed): Sent<Typed>) -> Result<Response, PageError> {
    let mut seat = visit.seat().await?;
    let (mut actor, _) = seat.enter().await?;
    let problem = match keep(&mut actor, &typed).await {
        Ok(()) => {
            actor.commit().await?;
            return Ok(done("/network/words", "saved"));
        }
        Err(problem) => problem,
    };
    drop(actor);
    refused(&words(&mut seat, |form| form.filled(&typed).told(problem, &[])).await?)
}

async fn keep(actor: &mut Actor<'_>, typed: &Typed) -> Result<(), Problem> {
    let list = LISTS.into_iter().find(|(word, _)| *word == typed.text("list")).map(|(_, list)| list);
    let list = list.ok_or_else(|| Problem::at("list", WORDS.field_choice))?;
    Ok(keep_term(actor, list, typed.required("word")?, typed.required("title")?).await?)
}
