//! What a patient can do about a visit at this moment, each as a form that says what comes of it.

use crate::model::people::{AppointmentStatus, VisitMode};
use crate::model::time::{MINUTE_US, Timestamp};
use crate::portal::forms::{Form, FormField};
use crate::portal::shown::{formatted, moment};
use crate::portal::visit::Viewer;
use crate::portal::words::own::OWN;
use crate::store::care::attendance::CancellationReason;
use crate::store::care::schedule::AppointmentSummary;

/// A form that does something about a visit.
pub(super) struct Act {
    /// The last word of its path.
    pub(super) key: &'static str,
    pub(super) title: &'static str,
    pub(super) note: String,
    pub(super) form: Form,
}

/// Which field a rule is about.
pub(super) const AT: &[(&str, &str)] = &[
    ("appointment_cancellation_is_explained", "reason"),
    ("cancellation_reason_is_ones_own_to_give", "reason"),
    ("cancellation_reason_is_given_still", "reason"),
    ("review_rates_something", "provider_stars"),
];

/// So long before it begins one can join by video, as the database allows.
const JOIN_BEFORE: i64 = 15 * MINUTE_US;

/// What can be done about a visit, what is wanted most first.
pub(super) fn acts(
    visit: &AppointmentSummary,
    reasons: &[CancellationReason],
    now: Timestamp,
    viewer: &Viewer,
) -> Vec<Act> {
    let form = |key: &'static str, submit: &'static str| {
        Form::new(key, format!("/me/appointments/{}/{key}", visit.appointment_id), &viewer.form_token, submit)
    };
    let act = |key, title, note: String, form| Act { key, title, note, form };
    let is_booked = matches!(visit.status, AppointmentStatus::Booked | AppointmentStatus::Arrived);
    let mut acts = Vec::new();
    if let Some(until) = visit.held_until.filter(|until| *until > now) {
        let note = format!("{} {}.", OWN.confirm_note, formatted(until, &viewer.zone, "%H:%M"));
        acts.push(act("confirm", OWN.confirm_title, note, form("confirm", OWN.confirm)));
        let back = form("cancel", OWN.release).grave();
        acts.push(act("cancel", OWN.release_title, OWN.release_note.to_owned(), back));
    }
    if is_booked && visit.mode == VisitMode::Telehealth && visit.end_at > now {
        let from = visit.start_at.plus_micros(-JOIN_BEFORE);
        if visit.consented_at.is_none() {
            acts.push(act("consent", OWN.consent_title, OWN.consent_note.to_owned(), form("consent", OWN.consent)));
        } else if from <= now {
            acts.push(act("join", OWN.join_title, OWN.join_note.to_owned(), form("join", OWN.join)));
        }
    }
    if visit.status == AppointmentStatus::Booked && visit.start_at > now {
        let given = reasons.iter().filter(|reason| reason.given_by.iter().any(|by| by == "patient"));
        let given = given.map(|reason| (reason.cancellation_reason.clone(), reason.title.clone())).collect();
        let why = FormField::choice("reason", OWN.cancel_reason, given).required();
        let form = form("cancel", OWN.cancel).with(why).grave();
        acts.push(act("cancel", OWN.cancel_title, notice(visit, now, viewer), form));
    }
    if visit.status == AppointmentStatus::Completed {
        let stars = || (1..=5).rev().map(|stars: u8| (stars.to_string(), stars.to_string())).collect();
        let form = form("review", OWN.review)
            .with(FormField::choice("provider_stars", OWN.provider_stars, stars()))
            .with(FormField::choice("facility_stars", OWN.facility_stars, stars()))
            .with(FormField::lines("body", OWN.review_body).at_most(4_000));
        acts.push(act("review", OWN.review_title, OWN.review_note.to_owned(), form));
    }
    acts
}

/// From when on one can join what was agreed to, while it is not yet time.
pub(super) fn agreed(visit: &AppointmentSummary, now: Timestamp, viewer: &Viewer) -> Option<String> {
    let from = visit.start_at.plus_micros(-JOIN_BEFORE);
    let is_to_come = visit.status == AppointmentStatus::Booked && visit.consented_at.is_some() && from > now;
    is_to_come.then(|| format!("{} {}.", OWN.agreed, moment(from, &viewer.zone)))
}

/// From when on it is late to cancel, as the facility wants it; nothing where it wants no notice.
fn notice(visit: &AppointmentSummary, now: Timestamp, viewer: &Viewer) -> String {
    let Some(hours) = visit.notice_hours.filter(|hours| *hours > 0) else { return String::new() };
    let from = visit.start_at.plus_micros(-i64::from(hours) * 60 * MINUTE_US);
    let said = if from <= now { OWN.cancel_late_now } else { OWN.cancel_notice };
    format!("{said} {}.", moment(from, &viewer.zone))
}
