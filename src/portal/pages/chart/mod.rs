//! For who cares for people: whom they care for, and a record with its vitals.

/// What a page shows of a record.
pub(in crate::portal) mod record_view;

/// Whom a provider cares for.
mod patients;

/// A patient's record.
mod patient;

/// What came of a form.
mod tried;

/// Problems, added and changed.
mod problems;

/// Allergies, added and changed.
mod allergies;

/// Medicines, and stopping them.
pub(in crate::portal) mod medications;

/// Prescribing.
mod prescribe;

/// An open alert as a line.
mod alerts_view;

/// A series, drawn.
mod series_view;

/// Results.
pub(in crate::portal) mod results;

/// One test over time, signed and corrected.
pub(in crate::portal) mod result;

/// Recording a result.
mod result_form;

/// Visits.
mod visits;

/// Whom a form names, found by name.
mod colleague;

/// What is asked of others.
mod requests;

/// What is asked of a note.
mod note_form;

/// Notes, and beginning another.
pub(in crate::portal) mod notes;

/// One note.
mod note;

/// What waits for a signature, and who is missing data.
mod waiting_view;

/// What a provider has before them.
mod worklist;

/// Tasks and alerts, dealt with.
mod duties;

/// A record, opened in an emergency.
mod open;

/// Plans and goals.
mod plan;

/// Beginning a plan.
mod plan_new;

/// One plan, written on.
mod plan_one;

/// What is attached.
mod documents;

/// What was answered.
mod questionnaires;

/// What was done.
mod procedures;

/// Before a visit.
mod summary;

/// What a page shows of vitals.
pub(in crate::portal) mod vitals_view;

/// Vitals, of a patient or one's own.
pub(in crate::portal) mod vitals;

/// A glucose profile, of a patient or one's own.
pub(in crate::portal) mod glucose;

/// What it shows.
mod glucose_view;

/// How it is drawn.
mod glucose_draw;

/// The same as they come.
pub(in crate::portal) mod live;

use axum::routing::get;

use crate::model::people::Role;
use crate::portal::page::{PortalPage, at};
use crate::portal::urls::Audience;

const PROVIDER: Audience = Audience::Parts(&[Role::Provider]);

/// Its pages.
pub(super) fn pages() -> Vec<PortalPage> {
    vec![
        at("/worklist", PROVIDER, get(worklist::get)),
        at("/worklist/tasks/{task}", PROVIDER, get(duties::get_task).post(duties::post_task)),
        at("/worklist/alerts/{alert}", PROVIDER, get(duties::get_alert).post(duties::post_alert)),
        at("/patients", PROVIDER, get(patients::get).post(patients::post)),
        at("/patients/open", PROVIDER, get(open::get).post(open::post)),
        at("/patients/{id}", PROVIDER, get(patient::get)),
        at("/patients/{id}/problems", PROVIDER, get(problems::get).post(problems::post)),
        at("/patients/{id}/problems/{problem}", PROVIDER, get(problems::get_one).post(problems::post_one)),
        at("/patients/{id}/allergies", PROVIDER, get(allergies::get).post(allergies::post)),
        at("/patients/{id}/allergies/{allergy}", PROVIDER, get(allergies::get_one).post(allergies::post_one)),
        at("/patients/{id}/medications", PROVIDER, get(medications::get)),
        at("/patients/{id}/medications/prescribe", PROVIDER, get(prescribe::get).post(prescribe::post)),
        at(
            "/patients/{id}/medications/{prescription}",
            PROVIDER,
            get(medications::get_one).post(medications::post_one),
        ),
        at("/patients/{id}/results", PROVIDER, get(results::get).post(results::post)),
        at("/patients/{id}/results/new", PROVIDER, get(result_form::get).post(result_form::post)),
        at("/patients/{id}/results/{result}", PROVIDER, get(result::get).post(result::post)),
        at("/patients/{id}/requests", PROVIDER, get(requests::get).post(requests::post)),
        at("/patients/{id}/requests/{request}", PROVIDER, get(requests::get_one).post(requests::post_one)),
        at("/patients/{id}/visits", PROVIDER, get(visits::get).post(visits::post)),
        at("/patients/{id}/notes", PROVIDER, get(notes::get).post(notes::post)),
        at("/patients/{id}/notes/{note}", PROVIDER, get(note::get).post(note::post)),
        at("/patients/{id}/plan", PROVIDER, get(plan::get).post(plan::post)),
        at("/patients/{id}/plan/new", PROVIDER, get(plan_new::get).post(plan_new::post)),
        at("/patients/{id}/plan/{plan}", PROVIDER, get(plan_one::get).post(plan_one::post)),
        at("/patients/{id}/documents", PROVIDER, get(documents::get).post(documents::post)),
        at("/patients/{id}/documents/{document}", PROVIDER, get(documents::get_one)),
        at("/patients/{id}/questionnaires", PROVIDER, get(questionnaires::get)),
        at("/patients/{id}/questionnaires/{response}", PROVIDER, get(questionnaires::get_one)),
        at("/patients/{id}/procedures", PROVIDER, get(procedures::get).post(procedures::post)),
        at("/patients/{id}/procedures/{procedure}", PROVIDER, get(procedures::get_one).post(procedures::post_one)),
        at("/patients/{id}/summary", PROVIDER, get(summary::get)),
        at("/patients/{id}/vitals", PROVIDER, get(vitals::of_patient)),
        at("/patients/{id}/vitals/live", PROVIDER, get(live::of_patient)),
        at("/patients/{id}/vitals/glucose", PROVIDER, get(glucose::of_patient)),
    ]
}
