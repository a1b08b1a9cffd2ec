//! For the front desk: who comes when, what becomes of it, who is new, who waits, and what is to be done. A
//! provider has the own day there.

/// Days in a zone, open times and names as these pages show them.
mod times;

/// A day or a week of visits.
mod schedule;

/// One visit.
mod appointment;

/// A time for a patient.
mod book;

/// A patient's account.
mod patient_account;

/// Somebody new.
mod register;

/// Who is meant by what is typed of somebody new.
mod person;

/// Who asks to be registered.
mod registrations;

/// Who waits for a time.
mod waiting;

/// What the desk has to do.
mod tasks;

use axum::routing::get;

use crate::model::people::Role;
use crate::portal::page::{PortalPage, at};
use crate::portal::urls::Audience;

const DESK: Audience = Audience::Parts(&[Role::FrontDesk]);
const DESK_AND_PROVIDER: Audience = Audience::Parts(&[Role::Provider, Role::FrontDesk]);

/// Its pages.
pub(super) fn pages() -> Vec<PortalPage> {
    vec![
        at("/schedule", DESK_AND_PROVIDER, get(schedule::today).post(schedule::find)),
        at("/schedule/days/{day}", DESK_AND_PROVIDER, get(schedule::day)),
        at("/schedule/days/{day}/rooms", DESK_AND_PROVIDER, get(schedule::rooms)),
        at("/schedule/weeks/{day}", DESK_AND_PROVIDER, get(schedule::week)),
        at("/schedule/visits/{appointment}", DESK_AND_PROVIDER, get(appointment::get).post(appointment::post)),
        at("/schedule/book/{id}", DESK, get(book::get).post(book::post)),
        at("/schedule/waiting", DESK, get(waiting::get).post(waiting::post)),
        at("/schedule/tasks", DESK, get(tasks::get)),
        at("/schedule/tasks/{desk_task}", DESK, get(tasks::get_one).post(tasks::post_one)),
        at("/schedule/registrations", DESK, get(registrations::get)),
        at("/schedule/registrations/{registration}", DESK, get(registrations::get_one).post(registrations::post_one)),
        at("/patients/new", DESK, get(register::get).post(register::post)),
    ]
}
