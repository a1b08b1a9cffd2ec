//! Messages as pages show them to a patient and to who cares for them; and how they are begun, answered and taken back
//! so that a form that is sent twice, one after the other, does so once.
//!
//! The same words of the same person within a few minutes are the same form: they stand where they were sent first, so
//! nothing is lost. Other words are another message, whatever else is alike. Of two that are sent in the same moment
//! each finds none yet, and both stand: that is seen at once, and one is taken back.

use jiff::tz::TimeZone;

use crate::model::people::{MessageCategory, MessageId, MessageThreadId, PatientId, ProviderId};
use crate::model::time::{MINUTE_US, Timestamp};
use crate::portal::forms::{Form, FormField, Problem, Typed};
use crate::portal::page_error::PageError;
use crate::portal::shown::{moment, sentence, who};
use crate::portal::words::share::SHARE;
use crate::store::care::actor::Actor;
use crate::store::care::directory::provider_names;
use crate::store::care::message::{Thread, ThreadMessage, begin, note_read, of_thread, retract, threads, write};

/// Threads of a page.
const ROWS: u16 = 50;
/// So many threads are asked for at once, and so often at most.
const PART: u16 = 200;
const PARTS_MAX: usize = 25;
/// Messages of a thread that are shown, the latest ones.
const MESSAGES: u16 = 500;
/// A form is the same for so many minutes.
const AGAIN_MINUTES: i64 = 5;

/// A thread in a list.
pub(in crate::portal) struct ThreadView {
    pub(in crate::portal) key: MessageThreadId,
    pub(in crate::portal) subject: String,
    pub(in crate::portal) category: String,
    pub(in crate::portal) with: String,
    pub(in crate::portal) when: String,
    pub(in crate::portal) unread: i64,
    pub(in crate::portal) is_closed: bool,
}

/// A message.
pub(in crate::portal) struct MessageView {
    pub(in crate::portal) key: MessageId,
    pub(in crate::portal) who: String,
    pub(in crate::portal) when: String,
    pub(in crate::portal) is_own: bool,
    /// `None` where it was taken back.
    pub(in crate::portal) body: Option<String>,
    pub(in crate::portal) why_back: String,
}

/// A page of threads, by what the care team is called, and the key of the last one where there are more; `None` where
/// whoever acts may not read them.
pub(in crate::portal) async fn listed(
    actor: &mut Actor<'_>,
    patient: PatientId,
    after: Option<MessageThreadId>,
    (team, zone): (&str, &TimeZone),
) -> Result<Option<(Vec<ThreadView>, Option<MessageThreadId>)>, PageError> {
    let last = match after {
        Some(after) => Some((find(actor, patient, after).await?.began_at, after)),
        None => None,
    };
    let Some(mut found) = threads(actor, patient, last, ROWS + 1).await? else { return Ok(None) };
    let has_more = found.len() > usize::from(ROWS);
    found.truncate(usize::from(ROWS));
    let more = found.last().filter(|_| has_more).map(|last| last.thread);
    let whom: Vec<ProviderId> = found.iter().filter_map(|thread| thread.provider).collect();
    let names = provider_names(actor, &whom).await?;
    let view = |thread: &Thread| ThreadView {
        key: thread.thread,
        subject: thread.subject.clone(),
        category: sentence(thread.category.as_str()),
        with: called(thread, &names, team),
        when: moment(thread.last_sent_at.unwrap_or(thread.began_at), zone),
        unread: thread.unread,
        is_closed: thread.is_closed,
    };
    Ok(Some((found.iter().map(view).collect(), more)))
}

fn called(thread: &Thread, names: &[(ProviderId, String)], team: &str) -> String {
    let name = names.iter().find(|(provider, _)| Some(*provider) == thread.provider);
    name.map_or_else(|| team.to_owned(), |(_, name)| name.clone())
}

/// With whom a thread is: a provider by name, or the care team.
pub(in crate::portal) async fn with(actor: &mut Actor<'_>, thread: &Thread, team: &str) -> Result<String, PageError> {
    let whom: Vec<ProviderId> = thread.provider.into_iter().collect();
    let names = if whom.is_empty() { Vec::new() } else { provider_names(actor, &whom).await? };
    Ok(called(thread, &names, team))
}

/// One thread; another's is not there.
pub(in crate::portal) async fn find(
    actor: &mut Actor<'_>,
    patient: PatientId,
    key: MessageThreadId,
) -> Result<Thread, PageError> {
    let mut last = None;
    for _ in 0..PARTS_MAX {
        let part = threads(actor, patient, last, PART).await?.unwrap_or_default();
        let is_last = part.len() < usize::from(PART);
        last = part.last().map(|thread| (thread.began_at, thread.thread));
        if let Some(found) = part.into_iter().find(|thread| thread.thread == key) {
            return Ok(found);
        }
        if is_last {
            break;
        }
    }
    Err(PageError::NotFound)
}

/// The messages of a thread, the first one first. What is shown is read: `true` where that was noted, to be committed.
pub(in crate::portal) async fn read(
    actor: &mut Actor<'_>,
    patient: PatientId,
    thread: &Thread,
    zone: &TimeZone,
) -> Result<(Vec<MessageView>, bool), PageError> {
    let stored = of_thread(actor, patient, thread.thread, MESSAGES).await?;
    let newest = stored.first().map(|newest| newest.sent_at).filter(|_| thread.unread > 0);
    if let Some(newest) = newest {
        note_read(actor, thread.thread, newest).await?;
    }
    let view = |message: ThreadMessage| MessageView {
        key: message.message_id,
        who: if message.is_own { SHARE.message_from_you.to_owned() } else { who(&message.sender) },
        when: moment(message.sent_at, zone),
        is_own: message.is_own,
        body: message.body,
        why_back: message.retraction_reason.unwrap_or_default(),
    };
    Ok((stored.into_iter().rev().map(view).collect(), newest.is_some()))
}

/// A form to begin a thread with one of those.
pub(in crate::portal) fn beginning(action: String, form_token: &str, whom: Vec<(String, String)>) -> Form {
    let first = whom.first().map(|(value, _)| value.clone()).unwrap_or_default();
    Form::new("begin", action, form_token, SHARE.message_send)
        .with(FormField::choice("with", SHARE.message_with, whom).of(first).required())
        .with(FormField::word("category", SHARE.message_category, MessageCategory::ALL).required())
        .with(FormField::line("subject", SHARE.message_subject).required())
        .with(FormField::lines("body", SHARE.message_body).hint(SHARE.message_hint).required())
}

/// The choice of all who care.
pub(in crate::portal) const ALL: &str = "all";

/// Which field of that form a rule is about.
pub(in crate::portal) const AT: &[(&str, &str)] = &[
    ("message_thread_is_with_who_cares", "with"),
    ("message_thread_category_is_known", "category"),
    ("message_thread_subject_is_some", "subject"),
    ("message_body_is_some", "body"),
];

/// Begins a thread; its key.
pub(in crate::portal) async fn start(
    actor: &mut Actor<'_>,
    (patient, now): (PatientId, Timestamp),
    typed: &Typed,
) -> Result<MessageThreadId, Problem> {
    let with: Option<ProviderId> = if typed.required("with")? == ALL { None } else { Some(typed.one("with")?) };
    let category = typed.one("category")?;
    let (subject, body) = (typed.required("subject")?, typed.required("body")?);
    let newest = threads(actor, patient, None, 1).await?.unwrap_or_default().into_iter().next();
    let is_alike = |thread: &Thread| {
        let is_same = thread.provider == with && thread.category == category && thread.subject == subject;
        is_same && !thread.is_closed && is_recent(thread.began_at, now)
    };
    if let Some(thread) = newest.filter(is_alike) {
        let first = of_thread(actor, patient, thread.thread, MESSAGES).await?.pop();
        if first.is_some_and(|first| first.is_own && first.body.as_deref() == Some(body)) {
            return Ok(thread.thread);
        }
    }
    Ok(begin(actor, patient, with, category, subject, body, &[]).await?)
}

fn is_recent(at: Timestamp, now: Timestamp) -> bool {
    now.micros_since(at) < AGAIN_MINUTES * MINUTE_US
}

/// A form to answer in a thread.
pub(in crate::portal) fn answering(action: String, form_token: &str) -> Form {
    Form::new("answer", action, form_token, SHARE.message_send)
        .with(FormField::lines("body", SHARE.message_body).hint(SHARE.message_hint).required())
}

/// Answers in a thread.
pub(in crate::portal) async fn answer(
    actor: &mut Actor<'_>,
    (patient, key, now): (PatientId, MessageThreadId, Timestamp),
    typed: &Typed,
) -> Result<(), Problem> {
    let body = typed.required("body")?;
    let last = of_thread(actor, patient, key, 1).await?.into_iter().next();
    let is_again =
        |last: ThreadMessage| last.is_own && last.body.as_deref() == Some(body) && is_recent(last.sent_at, now);
    if !last.is_some_and(is_again) {
        write(actor, key, body, &[]).await?;
    }
    Ok(())
}

/// Why nothing can be written in a thread that was closed meanwhile: its form is on no page any more.
pub(in crate::portal) fn closed(problem: &Problem) -> Option<String> {
    match problem {
        Problem::Rule(broken) if broken.rule == "message_is_in_an_open_thread" => Some(broken.sentence.clone()),
        _ => None,
    }
}

/// Takes an own message back; whether that is to be kept: one that was taken back already stays so.
pub(in crate::portal) async fn take_back(
    actor: &mut Actor<'_>,
    (patient, key): (PatientId, MessageThreadId),
    typed: &Typed,
) -> Result<bool, Problem> {
    let message: MessageId = typed.text("message").parse().map_err(|_| PageError::NotFound)?;
    let known = of_thread(actor, patient, key, MESSAGES).await?;
    let known = known.into_iter().find(|known| known.message_id == message && known.is_own);
    if known.ok_or(PageError::NotFound)?.retraction_reason.is_some() {
        return Ok(false);
    }
    let reason = typed.some("reason").ok_or_else(|| Problem::at("reason", SHARE.message_reason_missing))?;
    match retract(actor, message, reason).await.map_err(Problem::from) {
        // The other of two clicks was faster.
        Err(Problem::Rule(broken)) if broken.rule == "message_is_never_edited" => Ok(false),
        Ok(true) => Ok(true),
        Ok(false) => Err(PageError::NotFound.into()),
        Err(problem) => Err(problem),
    }
}
