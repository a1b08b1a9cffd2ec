//! `/me/journal/{entry}`: one entry, with whom it is shared, and a form to share it; `/me/journal/{entry}/unshare` ends
//! that.
//!
//! Sharing twice is refused by the database, ending twice ends nothing: neither harms.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;

use crate::model::people::{JournalEntryId, ProviderId};
use crate::portal::answer::{done, page, refused};
use crate::portal::edge::sent::Sent;
use crate::portal::forms::{Form, FormField, Problem, Typed};
use crate::portal::page_error::PageError;
use crate::portal::pages::between::journal_view::{EntryView, entry, opened};
use crate::portal::shell::Shell;
use crate::portal::visit::{Seat, Viewer, Visit};
use crate::portal::words::share::{SHARE, ShareWords};
use crate::store::care::actor::Actor;
use crate::store::care::journal::{share, unshare};
use crate::store::care::sharing::{Carer, care_team};

#[derive(Template)]
#[template(path = "pages/own/journal_entry.html", config = "src/portal/askama.toml")]
struct EntryPage {
    shell: Shell,
    words: &'static ShareWords,
    form_token: String,
    entry: EntryView,
    /// `None` where nobody cares for the patient.
    form: Option<Form>,
}

async fn shown(
    visit: &Visit,
    seat: &mut Seat,
    key: JournalEntryId,
    form: impl FnOnce(Form) -> Result<Form, PageError>,
) -> Result<EntryPage, PageError> {
    let now = visit.portal.clock.now();
    let (mut actor, viewer) = seat.enter().await?;
    let patient = viewer.profile.patient_id.ok_or(PageError::NotFound)?;
    let envelope = visit.portal.envelope.as_ref();
    let envelope = envelope.ok_or_else(|| PageError::Refused(SHARE.journal_no_key.to_owned()))?;
    let stored = [entry(&mut actor, patient, (now, key)).await?];
    let mut entries = opened(&mut actor, envelope, patient, (&stored, &viewer.zone)).await?;
    let entry = entries.pop().ok_or(PageError::NotFound)?;
    let team = care_team(&mut actor, patient).await?;
    let form = if team.is_empty() { None } else { Some(form(sharing(key, &team, &viewer))?) };
    let shell = viewer.shell(SHARE.journal_title);
    Ok(EntryPage { shell, words: &SHARE, form_token: viewer.form_token, entry, form })
}

fn sharing(key: JournalEntryId, team: &[Carer], viewer: &Viewer) -> Form {
    let mut carers: Vec<(String, String)> =
        team.iter().map(|carer| (carer.provider.to_string(), carer.name.clone())).collect();
    carers.dedup();
    Form::new("share", format!("/me/journal/{key}"), &viewer.form_token, SHARE.share)
        .with(FormField::choice("provider", SHARE.journal_share_with, carers).hint(SHARE.journal_share_hint).required())
        .with(FormField::moment("until", SHARE.share_until).hint(SHARE.share_until_hint))
}

/// Shows it.
pub(super) async fn get(visit: Visit, Path(key): Path<String>) -> Result<Response, PageError> {
    let key = key.parse().map_err(|_| PageError::NotFound)?;
    let mut seat = visit.seat().await?;
    page(&shown(&visit, &mut seat, key, Ok).await?)
}

/// Which field a rule is about.
const AT: &[(&str, &str)] = &[
    ("journal_share_is_not_repeated", "provider"),
    ("row_is_within_rights", "provider"),
    ("journal_share_period_is_half_open", "until"),
];

/// Shares it.
pub(super) async fn post(
    visit: Visit,
    Path(key): Path<String>,
    Sent(typed): Sent<Typed>,
) -> Result<Response, PageError> {
    let key = key.parse().map_err(|_| PageError::NotFound)?;
    let mut seat = visit.seat().await?;
    let (mut actor, viewer) = seat.enter_confirmed().await?;
    let problem = match shares(&visit, &mut actor, &viewer, (key, &typed)).await {
        Ok(()) => {
            actor.commit().await?;
            return Ok(done(&format!("/me/journal/{key}"), "shared"));
        }
        Err(problem) => problem,
    };
    drop(actor);
    refused(&shown(&visit, &mut seat, key, |form| form.filled(&typed).told(problem, AT)).await?)
}

async fn shares(
    visit: &Visit,
    actor: &mut Actor<'_>,
    viewer: &Viewer,
    (key, typed): (JournalEntryId, &Typed),
) -> Result<(), Problem> {
    let (provider, until): (ProviderId, _) = (typed.one("provider")?, typed.maybe_moment("until", &viewer.zone)?);
    if until.is_some_and(|until| until <= visit.portal.clock.now()) {
        return Err(Problem::at("until", SHARE.share_later));
    }
    share(actor, key, provider, until).await?.ok_or(PageError::NotFound)?;
    Ok(())
}

/// Takes it back.
pub(super) async fn post_unshare(
    visit: Visit,
    Path(key): Path<String>,
    Sent(typed): Sent<Typed>,
) -> Result<Response, PageError> {
    let key: JournalEntryId = key.parse().map_err(|_| PageError::NotFound)?;
    let now = visit.portal.clock.now();
    let mut seat = visit.seat().await?;
    let (mut actor, viewer) = seat.enter().await?;
    let patient = viewer.profile.patient_id.ok_or(PageError::NotFound)?;
    let provider: ProviderId = typed.text("provider").parse().map_err(|_| PageError::NotFound)?;
    // Of an own entry, what is over already is over.
    entry(&mut actor, patient, (now, key)).await?;
    unshare(&mut actor, key, provider).await?;
    actor.commit().await?;
    Ok(done(&format!("/me/journal/{key}"), "ended"))
}
