//! `/patients/{id}/notes/{note}`: one note. Its author writes the draft and signs it; then everybody in care adds below
//! it, whom it names signs it too, and who signed it may mark it as an error.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;

use super::note_form::{AT, drafting, searched, typed_words, words_of};
use super::notes::{NoteLine, lines};
use super::record_view::{Banner, banner};
use super::tried::{Tried, told};
use crate::model::people::{NoteId, PatientId, ProviderId};
use crate::model::time::{DAY_US, MINUTE_US, Timestamp};
use crate::portal::answer::{done, page, refused};
use crate::portal::edge::sent::Sent;
use crate::portal::forms::{Form, FormField, Problem, Typed};
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::visit::{Seat, Visit};
use crate::portal::words::WORDS;
use crate::portal::words::chart::{CHART, ChartWords};
use crate::store::care::actor::Actor;
use crate::store::care::note::{Addendum, Note, add, cosign, mark_as_error, read, rewrite, sign};
use crate::store::care::profile::own_provider;
use crate::store::care::record::{Edited, read_summary};

#[derive(Template)]
#[template(path = "pages/chart/note.html", config = "src/portal/askama.toml")]
struct NotePage {
    shell: Shell,
    words: &'static ChartWords,
    banner: Banner,
    line: NoteLine,
    /// What whoever looks may do: a heading and a form each, the most likely first.
    forms: Vec<(&'static str, Form)>,
    is_own: bool,
    tab: &'static str,
}

/// Who sends the same form twice does it within this time.
const TWICE_WITHIN_US: i64 = 5 * MINUTE_US;
/// What a form of the page does, as its hidden field says.
const ACTS: [&str; 4] = ["save", "cosign", "add", "error"];

/// The forms that a note has for a provider.
async fn forms(
    actor: &mut Actor<'_>,
    (patient, note): (PatientId, &Note),
    me: Option<ProviderId>,
    token: &str,
    (late, typed): (&str, Option<&Typed>),
) -> Result<Vec<(&'static str, &'static str, Form)>, PageError> {
    let action = format!("/patients/{patient}/notes/{}", note.note_id);
    let form = |act: &'static str, submit: &'static str| {
        Form::new(act, action.clone(), token, submit)
            .with(FormField::hidden("act", act))
            .with(FormField::hidden("version", note.version))
    };
    let is_author = Some(note.author_id) == me;
    let mut forms = Vec::new();
    match note.status.as_str() {
        "draft" if is_author => {
            forms.push(("save", CHART.note_write, drafting(actor, &action, token, (Some(note), typed)).await?));
        }
        "signed" | "cosigned" => {
            if note.status == "signed" && note.cosigner_id.is_some() && note.cosigner_id == me {
                forms.push(("cosign", CHART.note_cosign, form("cosign", CHART.note_cosign)));
            }
            let added =
                form("add", CHART.note_add).with(FormField::lines("body", CHART.note_addendum).of(late).required());
            forms.push(("add", CHART.note_add, added));
        }
        _ => {}
    }
    if note.status != "entered_in_error" && (is_author || note.cosigner_id.is_some() && note.cosigner_id == me) {
        let marked = form("error", CHART.note_mark).with(FormField::line("reason", CHART.note_mark_why).required());
        forms.push(("error", CHART.note_mark, marked.grave()));
    }
    Ok(forms)
}

async fn shown(
    visit: &Visit,
    seat: &mut Seat,
    (patient, key): (PatientId, NoteId),
    mut tried: Option<Tried>,
) -> Result<NotePage, PageError> {
    let now = visit.portal.clock.now();
    let (mut actor, viewer) = seat.enter().await?;
    let record = read_summary(&mut actor, patient).await?.ok_or(PageError::NotFound)?;
    let note = found(&mut actor, patient, key, now.plus_micros(DAY_US)).await?.ok_or(PageError::NotFound)?;
    let me = own_provider(&mut actor).await?;
    let act = tried.as_ref().map(|tried| tried.typed.text("act").to_owned()).unwrap_or_default();
    // What was written while the note was signed elsewhere can still be added below it.
    let is_late = act == "save" && note.status != "draft";
    let late = tried.as_ref().filter(|_| is_late).map(|tried| typed_words(&tried.typed)).unwrap_or_default();
    let mut shown = Vec::new();
    let typed = tried.as_ref().map(|tried| &tried.typed).filter(|_| act == "save");
    let all = forms(&mut actor, (patient, &note), me, &viewer.form_token, (&late, typed)).await?;
    for (name, heading, form) in all {
        let of_this = if act == name { tried.take() } else { None };
        let mut form = told(of_this, form, AT)?;
        if is_late && name == "add" && tried.take().is_some() {
            form = form.told(Problem::at("body", CHART.note_signed_meanwhile), &[])?;
        }
        shown.push((heading, form));
    }
    match tried.map(|tried| tried.why) {
        Some(Err(Problem::Rule(broken))) => return Err(PageError::Refused(broken.sentence)),
        Some(Err(Problem::At(_, sentence))) => return Err(PageError::Refused(sentence)),
        Some(Err(Problem::Page(error))) => return Err(error),
        Some(Ok(_)) => return Err(PageError::Refused(CHART.note_changed.to_owned())),
        None => {}
    }
    let mut line = lines(&mut actor, std::slice::from_ref(&note), &viewer.zone).await?;
    Ok(NotePage {
        shell: viewer.shell(&note.title),
        words: &CHART,
        banner: banner(&record, now, &viewer.zone),
        line: line.pop().ok_or(PageError::NotFound)?,
        forms: shown,
        is_own: false,
        tab: "notes",
    })
}

async fn found(
    actor: &mut Actor<'_>,
    patient: PatientId,
    key: NoteId,
    mut before: Timestamp,
) -> Result<Option<Note>, PageError> {
    // The latest hundred are one page: older ones are further back.
    loop {
        let notes = read(actor, patient, before).await?;
        let Some(last) = notes.last() else { return Ok(None) };
        before = last.created_at;
        if let Some(note) = notes.into_iter().find(|note| note.note_id == key) {
            return Ok(Some(note));
        }
    }
}

/// Shows it.
pub(super) async fn get(visit: Visit, Path(keys): Path<(String, String)>) -> Result<Response, PageError> {
    let keys = parsed(&keys)?;
    page(&shown(&visit, &mut visit.seat().await?, keys, None).await?)
}

/// Does with it what was asked.
pub(super) async fn post(
    visit: Visit,
    Path(keys): Path<(String, String)>,
    Sent(typed): Sent<Typed>,
) -> Result<Response, PageError> {
    let (patient, key) = parsed(&keys)?;
    let now = visit.portal.clock.now();
    let mut seat = visit.seat().await?;
    if typed.is_checked("find") {
        let problem = searched(&mut seat.enter().await?.0, &typed).await?.flatten();
        let tried = Tried::searched(typed, problem);
        return page(&shown(&visit, &mut seat, (patient, key), Some(tried)).await?);
    }
    let signs = typed.is_checked("sign") || typed.text("act") == "cosign";
    let (mut actor, _) = if signs { seat.enter_confirmed().await? } else { seat.enter().await? };
    let note = found(&mut actor, patient, key, now.plus_micros(DAY_US)).await?.ok_or(PageError::NotFound)?;
    let why = act(&mut actor, &note, &typed, now).await;
    if matches!(why, Ok(Edited::Saved(_))) {
        actor.commit().await?;
        let word = if signs { "signed" } else { "saved" };
        return Ok(done(&format!("/patients/{patient}/notes/{key}"), word));
    }
    drop(actor);
    refused(&shown(&visit, &mut seat, (patient, key), Some(Tried { typed, why })).await?)
}

fn parsed((patient, note): &(String, String)) -> Result<(PatientId, NoteId), PageError> {
    let patient = patient.parse().map_err(|_| PageError::NotFound)?;
    Ok((patient, note.parse().map_err(|_| PageError::NotFound)?))
}

async fn act(actor: &mut Actor<'_>, note: &Note, typed: &Typed, now: Timestamp) -> Result<Edited, Problem> {
    let key = note.note_id;
    let act = typed.required("act")?;
    if !ACTS.contains(&act) {
        return Err(PageError::NotFound.into());
    }
    if act == "add" {
        let body = typed.required("body")?;
        // The same words of the same hand a moment ago are the same form, sent twice.
        let me = own_provider(actor).await?;
        let is_sent_twice = |added: &Addendum| {
            Some(added.author_id) == me
                && added.body.trim() == body
                && now.micros_since(added.created_at) < TWICE_WITHIN_US
        };
        if !note.addenda.iter().any(is_sent_twice) {
            add(actor, key, body).await?;
        }
        return Ok(Edited::Saved(note.version));
    }
    let version = typed.number("version")?;
    match act {
        "cosign" => Ok(cosign(actor, key, version).await?),
        "error" => Ok(mark_as_error(actor, key, version, typed.required("reason")?).await?),
        _ => {
            let words = words_of(typed, &note.sections)?;
            if typed.is_checked("sign") && words.sections.is_empty() {
                return Err(Problem::at("subjective", WORDS.field_missing));
            }
            let saved = rewrite(actor, key, version, &words).await?;
            match saved {
                Edited::Saved(version) if typed.is_checked("sign") => Ok(sign(actor, key, version).await?),
                saved => Ok(saved),
            }
        }
    }
}
