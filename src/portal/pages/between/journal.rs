//! `/patients/{id}/journal`: the entries of a patient's journal that are shared with the provider who asks, and no
//! other; `/patients/{id}/journal/{entry}`: one of them. What is shared no more is not there.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use serde::Deserialize;

use super::journal_view::{EntryView, entries_after, entry, opened};
use crate::model::people::{JournalEntryId, PatientId};
use crate::portal::answer::page;
use crate::portal::edge::sent::Behind;
use crate::portal::page_error::PageError;
use crate::portal::pages::chart::record_view::{Banner, banner};
use crate::portal::shell::Shell;
use crate::portal::visit::Visit;
use crate::portal::words::share::{SHARE, ShareWords};
use crate::store::care::record::read_summary;

#[derive(Template)]
#[template(path = "pages/between/journal.html", config = "src/portal/askama.toml")]
struct JournalPage {
    shell: Shell,
    words: &'static ShareWords,
    banner: Banner,
    is_own: bool,
    tab: &'static str,
    entries: Vec<EntryView>,
    /// Key of the last entry, where there are more.
    more: Option<JournalEntryId>,
    /// Whether it is one entry of several.
    is_one: bool,
}

/// After which entry.
#[derive(Debug, Default, Deserialize)]
pub(super) struct AfterSharedEntry {
    after: Option<JournalEntryId>,
}

/// Shows what is shared.
pub(super) async fn get(
    visit: Visit,
    Path(patient): Path<String>,
    Behind(asked): Behind<AfterSharedEntry>,
) -> Result<Response, PageError> {
    shown(visit, &patient, Asked::All(asked.after)).await
}

/// Shows one entry.
pub(super) async fn get_one(
    visit: Visit,
    Path((patient, entry)): Path<(String, String)>,
) -> Result<Response, PageError> {
    let entry = entry.parse().map_err(|_| PageError::NotFound)?;
    shown(visit, &patient, Asked::One(entry)).await
}

/// What is asked for.
#[derive(Copy, Clone)]
enum Asked {
    /// All, or those after one.
    All(Option<JournalEntryId>),
    One(JournalEntryId),
}

async fn shown(visit: Visit, patient: &str, asked: Asked) -> Result<Response, PageError> {
    let now = visit.portal.clock.now();
    let patient: PatientId = patient.parse().map_err(|_| PageError::NotFound)?;
    let envelope = visit.portal.envelope.as_ref();
    let envelope = envelope.ok_or_else(|| PageError::Refused(SHARE.journal_no_key.to_owned()))?;
    let mut seat = visit.seat().await?;
    let (mut actor, viewer) = seat.enter().await?;
    let record = read_summary(&mut actor, patient).await?.ok_or(PageError::NotFound)?;
    let (stored, has_more) = match asked {
        Asked::All(after) => entries_after(&mut actor, patient, (now, after)).await?,
        Asked::One(key) => (vec![entry(&mut actor, patient, (now, key)).await?], false),
    };
    let entries = opened(&mut actor, envelope, patient, (&stored, &viewer.zone)).await?;
    page(&JournalPage {
        shell: viewer.shell(SHARE.journal_title),
        words: &SHARE,
        banner: banner(&record, now, &viewer.zone),
        is_own: false,
        tab: "journal",
        more: entries.last().filter(|_| has_more).map(|last| last.key),
        entries,
        is_one: matches!(asked, Asked::One(_)),
    })
}
