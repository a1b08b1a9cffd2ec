//! What patients and those who care for them read of each other: messages, and entries of a journal that were shared.
//! The pages of patients stand among their own; here are those of providers, and what both show alike.

/// Messages as pages show them, written and taken back.
pub(in crate::portal) mod message_view;

/// Entries of a journal, sealed and opened.
pub(in crate::portal) mod journal_view;

/// Messages of a patient, for who cares.
mod messages;

/// One thread of them.
mod thread;

/// What a patient shares of a journal.
mod journal;

use axum::routing::{get, post};

use crate::model::people::Role;
use crate::portal::page::{PortalPage, at};
use crate::portal::urls::Audience;

const PROVIDER: Audience = Audience::Parts(&[Role::Provider]);

/// Its pages.
pub(super) fn pages() -> Vec<PortalPage> {
    vec![
        at("/patients/{id}/messages", PROVIDER, get(messages::get).post(messages::post)),
        at("/patients/{id}/messages/{thread}", PROVIDER, get(thread::get).post(thread::post)),
        at("/patients/{id}/messages/{thread}/retract", PROVIDER, post(thread::post_retract)),
        at("/patients/{id}/journal", PROVIDER, get(journal::get)),
        at("/patients/{id}/journal/{entry}", PROVIDER, get(journal::get_one)),
    ]
}
