//! `/patients/{id}/plan/new`: a plan begun, with its first edition as a draft.
//!
//! # Why
//! A plan of the same title and words that is a draft still is the same form, sent twice: it leads to that plan.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;

use super::record_view::{Banner, banner};
use super::tried::{Tried, told};
use crate::model::people::{CarePlanId, PatientId};
use crate::portal::answer::{done, page, refused};
use crate::portal::edge::sent::Sent;
use crate::portal::forms::{Form, FormField, Problem, Typed};
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::visit::{Seat, Viewer, Visit};
use crate::portal::words::chart::{CHART, ChartWords};
use crate::store::care::actor::Actor;
use crate::store::care::care_plan::{PlanEdition, begin_plan, editions};
use crate::store::care::record::read_summary;

#[derive(Template)]
#[template(path = "pages/chart/plan_new.html", config = "src/portal/askama.toml")]
struct NewPlanPage {
    shell: Shell,
    words: &'static ChartWords,
    banner: Banner,
    form: Form,
    is_own: bool,
    tab: &'static str,
}

/// Which field a rule is about.
const AT: &[(&str, &str)] = &[("care_plan_title_is_some", "title"), ("care_plan_version_summary_is_some", "summary")];

fn beginning(patient: PatientId, viewer: &Viewer) -> Form {
    Form::new("begin", format!("/patients/{patient}/plan/new"), &viewer.form_token, CHART.plan_save_draft)
        .with(FormField::line("title", CHART.plan_about).required())
        .with(FormField::lines("summary", CHART.plan_summary).required().at_most(20_000))
}

async fn shown(
    visit: &Visit,
    seat: &mut Seat,
    patient: PatientId,
    tried: Option<Tried>,
) -> Result<NewPlanPage, PageError> {
    let now = visit.portal.clock.now();
    let (mut actor, viewer) = seat.enter().await?;
    let record = read_summary(&mut actor, patient).await?.ok_or(PageError::NotFound)?;
    Ok(NewPlanPage {
        shell: viewer.shell(CHART.plan_begin),
        words: &CHART,
        banner: banner(&record, now, &viewer.zone),
        form: told(tried, beginning(patient, &viewer), AT)?,
        is_own: false,
        tab: "plan",
    })
}

/// Shows the form.
pub(super) async fn get(visit: Visit, Path(patient): Path<String>) -> Result<Response, PageError> {
    let patient = patient.parse().map_err(|_| PageError::NotFound)?;
    page(&shown(&visit, &mut visit.seat().await?, patient, None).await?)
}

/// Begins a plan and goes on to it.
pub(super) async fn post(
    visit: Visit,
    Path(patient): Path<String>,
    Sent(typed): Sent<Typed>,
) -> Result<Response, PageError> {
    let patient: PatientId = patient.parse().map_err(|_| PageError::NotFound)?;
    let _turn = visit.turn().await;
    let mut seat = visit.seat().await?;
    let (mut actor, _) = seat.enter().await?;
    match begin(&mut actor, patient, &typed).await {
        Ok(plan) => {
            actor.commit().await?;
            Ok(done(&format!("/patients/{patient}/plan/{plan}"), "saved"))
        }
        Err(problem) => {
            drop(actor);
            refused(&shown(&visit, &mut seat, patient, Some(Tried::refused(typed, problem))).await?)
        }
    }
}

async fn begin(actor: &mut Actor<'_>, patient: PatientId, typed: &Typed) -> Result<CarePlanId, Problem> {
    let (title, summary) = (typed.required("title")?, typed.required("summary")?);
    let known = editions(actor, patient).await?;
    let is_same =
        |one: &PlanEdition| one.edition == 1 && one.status == "draft" && one.title == title && one.summary == summary;
    match known.iter().find(|one| is_same(one)) {
        Some(same) => Ok(same.care_plan_id),
        None => Ok(begin_plan(actor, patient, title, summary).await?),
    }
}
