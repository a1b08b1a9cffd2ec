//! `/me/journal`: what a patient writes for themselves, the newest first, and a form for more.
//!
//! The key of an entry is made with its form, so that a form that is sent twice is one entry. Other words under a key
//! that was used come back as a form with a new one.

use askama::Template;
use axum::response::Response;
use serde::Deserialize;

use crate::model::people::{JournalEntryId, PatientId};
use crate::model::time::Timestamp;
use crate::portal::answer::{done, page, refused};
use crate::portal::edge::sent::{Behind, Sent};
use crate::portal::forms::{Form, FormField, Problem, Typed};
use crate::portal::page_error::PageError;
use crate::portal::pages::between::journal_view::{EntryView, SentBefore, entries_after, kept, moods, opened, write};
use crate::portal::shell::Shell;
use crate::portal::visit::{Seat, Viewer, Visit};
use crate::portal::words::share::{SHARE, ShareWords};
use crate::store::care::actor::Actor;
use crate::store::care::journal::{JournalEntry, next_key};

/// Nobody writes more at once; sealed, it is well below what the database takes.
const WORDS_CHARS_MAX: usize = 10_000;

#[derive(Template)]
#[template(path = "pages/own/journal.html", config = "src/portal/askama.toml")]
struct JournalPage {
    shell: Shell,
    words: &'static ShareWords,
    /// `None` where nothing can be sealed here.
    form: Option<Form>,
    entries: Vec<EntryView>,
    /// Key of the last entry, where there are more.
    more: Option<JournalEntryId>,
}

/// After which entry.
#[derive(Debug, Deserialize)]
pub(super) struct AfterEntry {
    after: Option<JournalEntryId>,
}

async fn shown(
    visit: &Visit,
    seat: &mut Seat,
    after: Option<JournalEntryId>,
    form: impl FnOnce(Form) -> Result<Form, PageError>,
) -> Result<JournalPage, PageError> {
    let now = visit.portal.clock.now();
    let (mut actor, viewer) = seat.enter().await?;
    let patient = viewer.profile.patient_id.ok_or(PageError::NotFound)?;
    let (shell, words) = (viewer.shell(SHARE.journal_title), &SHARE);
    let Some(envelope) = &visit.portal.envelope else {
        return Ok(JournalPage { shell, words, form: None, entries: Vec::new(), more: None });
    };
    let (stored, has_more) = entries_after(&mut actor, patient, (now, after)).await?;
    let entries = opened(&mut actor, envelope, patient, (&stored, &viewer.zone)).await?;
    let empty = writing(next_key(&mut actor).await?, &viewer);
    let more = entries.last().filter(|_| has_more).map(|last| last.key);
    Ok(JournalPage { shell, words, form: Some(form(empty)?), entries, more })
}

fn writing(key: JournalEntryId, viewer: &Viewer) -> Form {
    Form::new("write", "/me/journal", &viewer.form_token, SHARE.journal_keep)
        .with(FormField::hidden("entry", key))
        .with(FormField::lines("words", SHARE.journal_words).required().at_most(WORDS_CHARS_MAX))
        .with(FormField::choice("mood", SHARE.journal_mood, moods()))
}

/// Shows it.
pub(super) async fn get(visit: Visit, Behind(asked): Behind<AfterEntry>) -> Result<Response, PageError> {
    let mut seat = visit.seat().await?;
    page(&shown(&visit, &mut seat, asked.after, Ok).await?)
}

/// Keeps an entry.
pub(super) async fn post(visit: Visit, Sent(typed): Sent<Typed>) -> Result<Response, PageError> {
    let now = visit.portal.clock.now();
    let mut seat = visit.seat().await?;
    let (mut actor, viewer) = seat.enter().await?;
    let patient = viewer.profile.patient_id.ok_or(PageError::NotFound)?;
    let problem = match keep(&visit, &mut actor, (patient, now), &typed).await {
        Ok(()) => {
            actor.commit().await?;
            return Ok(done("/me/journal", "saved"));
        }
        Err(problem) => problem,
    };
    drop(actor);
    if let Problem::Rule(broken) = &problem {
        let kept = was_kept(&visit, &mut seat, (patient, now), &typed).await?;
        if kept == SentBefore::Same {
            return Ok(done("/me/journal", "saved"));
        }
        if kept == SentBefore::Other || broken.rule == "row_is_within_rights" {
            let taken = Problem::at("words", SHARE.journal_taken);
            let form = |form: Form| form.filled_but(&typed, "entry").told(taken, AT);
            return refused(&shown(&visit, &mut seat, None, form).await?);
        }
    }
    let form = |form: Form| form.filled(&typed).told(problem, AT);
    refused(&shown(&visit, &mut seat, None, form).await?)
}

/// Which field a rule is about.
const AT: &[(&str, &str)] = &[("journal_entry_body_is_sealed", "words"), ("journal_entry_mood_is_1_to_5", "mood")];

async fn keep(
    visit: &Visit,
    actor: &mut Actor<'_>,
    (patient, written_at): (PatientId, Timestamp),
    typed: &Typed,
) -> Result<(), Problem> {
    let envelope = visit.portal.envelope.as_ref();
    let envelope = envelope.ok_or_else(|| PageError::Refused(SHARE.journal_no_key.to_owned()))?;
    let words = typed.required("words")?;
    if words.chars().count() > WORDS_CHARS_MAX {
        return Err(Problem::at("words", SHARE.journal_too_long));
    }
    let (journal_entry_id, mood) = (typed.one("entry")?, typed.maybe("mood")?);
    write(actor, envelope, words, JournalEntry { journal_entry_id, patient, written_at, mood, body: Vec::new() }).await
}

/// What stands under the key of the form.
async fn was_kept(
    visit: &Visit,
    seat: &mut Seat,
    (patient, now): (PatientId, Timestamp),
    typed: &Typed,
) -> Result<SentBefore, PageError> {
    let (Ok(key), Ok(mood)) = (typed.one("entry"), typed.maybe("mood")) else { return Ok(SentBefore::Nothing) };
    let Some(envelope) = &visit.portal.envelope else { return Ok(SentBefore::Nothing) };
    let (mut actor, _) = seat.enter().await?;
    kept(&mut actor, envelope, (patient, now, key), (typed.text("words"), mood)).await
}
