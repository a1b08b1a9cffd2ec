//! For patients: their own record, who looked at it, and what they keep to themselves, share, owe and write.

/// The own record.
mod me;

/// What those who care have written down.
mod record;

/// Appointments: what is held, comes and was.
mod appointments;

/// One of them, and what can be done about it.
mod appointment;

/// What that is.
mod acts;

/// Another time for it.
mod moving;

/// Open times, found and held.
mod find;

/// What is asked for them.
mod asked;

/// How they are offered.
mod open_times;

/// Times that are waited for.
mod waitlist;

/// Plans, goals and their progress.
mod plan;

/// A goal as it is shown.
mod goal_view;

/// Programmes.
mod programmes;

/// One of them.
mod programme;

/// Which membership one has.
mod membership;

/// How it is told.
mod membership_view;

/// Who looked at it.
mod access;

/// The journal.
mod journal;

/// One entry of it.
mod journal_entry;

/// Who may look, and why.
mod sharing;

/// Bills as pages show them.
mod bill_view;

/// What is owed.
mod bills;

/// One bill.
mod bill;

/// Messages to and from who cares.
mod messages;

/// One thread of them.
mod thread;

/// Posts and replies as members see them.
mod community_view;

/// Spaces, and what is written in one.
mod spaces;

/// One post.
mod post;

/// All of one's own, to take along.
mod export;

/// To be forgotten.
mod erasure;

/// What was reported.
mod moderation;

/// Reviews that wait for a moderator.
mod reviews;

use axum::routing::{get, post};

use super::chart::{glucose, live, result, results, vitals};
use crate::model::people::Role;
use crate::portal::page::{PortalPage, at};
use crate::portal::urls::Audience;

const PATIENT: Audience = Audience::Parts(&[Role::Patient]);
const MODERATOR: Audience = Audience::Parts(&[Role::Moderator]);

/// Its pages.
pub(super) fn pages() -> Vec<PortalPage> {
    vec![
        at("/me", PATIENT, get(me::get)),
        at("/me/vitals", PATIENT, get(vitals::own)),
        at("/me/vitals/live", PATIENT, get(live::own)),
        at("/me/vitals/glucose", PATIENT, get(glucose::own)),
        at("/me/record", PATIENT, get(record::get).post(record::post)),
        at("/me/record/results", PATIENT, get(results::own).post(results::own_before)),
        at("/me/record/results/{result}", PATIENT, get(result::own)),
        at("/me/appointments", PATIENT, get(appointments::get)),
        at("/me/appointments/find", PATIENT, get(find::get).post(find::post)),
        at("/me/appointments/hold", PATIENT, post(find::book)),
        at("/me/appointments/{appointment}", PATIENT, get(appointment::get)),
        at("/me/appointments/{appointment}/confirm", PATIENT, post(appointment::confirm)),
        at("/me/appointments/{appointment}/cancel", PATIENT, post(appointment::cancel)),
        at("/me/appointments/{appointment}/consent", PATIENT, post(appointment::agree)),
        at("/me/appointments/{appointment}/join", PATIENT, post(appointment::join)),
        at("/me/appointments/{appointment}/review", PATIENT, post(appointment::say)),
        at("/me/appointments/{appointment}/move", PATIENT, get(moving::get).post(moving::post)),
        at("/me/waitlist", PATIENT, get(waitlist::get).post(waitlist::post)),
        at("/me/waitlist/{place}/leave", PATIENT, post(waitlist::post_leave)),
        at("/me/plan", PATIENT, get(plan::get)),
        at("/me/plan/{goal}/note", PATIENT, post(plan::post)),
        at("/me/programmes", PATIENT, get(programmes::get)),
        at("/me/programmes/{programme}", PATIENT, get(programme::get).post(programme::post)),
        at("/me/programmes/{programme}/enrol", PATIENT, post(programmes::post_enrol)),
        at("/me/programmes/{programme}/withdraw", PATIENT, post(programmes::post_withdraw)),
        at("/me/membership", PATIENT, get(membership::get).post(membership::post)),
        at("/me/access", PATIENT, get(access::get)),
        at("/me/journal", PATIENT, get(journal::get).post(journal::post)),
        at("/me/journal/{entry}", PATIENT, get(journal_entry::get).post(journal_entry::post)),
        at("/me/journal/{entry}/unshare", PATIENT, post(journal_entry::post_unshare)),
        at("/me/sharing", PATIENT, get(sharing::get).post(sharing::post)),
        at("/me/sharing/find", PATIENT, post(sharing::post_find)),
        at("/me/sharing/end", PATIENT, post(sharing::post_end)),
        at("/me/bills", PATIENT, get(bills::get)),
        at("/me/bills/{bill}", PATIENT, get(bill::get)),
        at("/me/messages", PATIENT, get(messages::get).post(messages::post)),
        at("/me/messages/{thread}", PATIENT, get(thread::get).post(thread::post)),
        at("/me/messages/{thread}/retract", PATIENT, post(thread::post_retract)),
        at("/me/messages/{thread}/close", PATIENT, post(thread::post_close)),
        at("/me/community", PATIENT, get(spaces::get)),
        at("/me/community/{space}", PATIENT, get(spaces::get_one).post(spaces::post_one)),
        at("/me/community/{space}/{post}", PATIENT, get(post::get).post(post::post_reply)),
        at("/me/community/{space}/{post}/support", PATIENT, post(post::post_support)),
        at("/me/community/{space}/{post}/report", PATIENT, post(post::post_report)),
        at("/me/community/{space}/leave", PATIENT, post(spaces::post_leave)),
        at("/me/export", PATIENT, get(export::get)),
        at("/me/export/record", PATIENT, post(export::post_record)),
        at("/me/export/samples", PATIENT, post(export::post_samples)),
        at("/me/erasure", PATIENT, get(erasure::get).post(erasure::post)),
        at("/me/erasure/withdraw", PATIENT, post(erasure::post_withdraw)),
        at("/moderation", MODERATOR, get(moderation::get).post(moderation::post)),
        at("/moderation/reviews", MODERATOR, get(reviews::get).post(reviews::post)),
    ]
}
