//! `/me/plan`: plans that are followed, and goals with how far they have come; `/me/plan/{goal}/note`: what was done
//! for one that no device measures.
//!
//! An entry says how many there were when its form was made: a second click finds one more, and is asked whether it is
//! meant.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;

use super::goal_view::{GoalView, WINDOW_DAYS, goal_view};
use super::open_times::today;
use crate::model::people::{GoalId, PatientId};
use crate::model::time::{Day, Timestamp};
use crate::portal::answer::{done, page, refused};
use crate::portal::edge::sent::Sent;
use crate::portal::forms::{Problem, Typed};
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::visit::{Seat, Visit};
use crate::portal::words::own::{OWN, OwnWords};
use crate::store::care::actor::Actor;
use crate::store::care::chart::{PlanLine, plans};
use crate::store::care::goal::{GoalProgress, note, progress};

/// Nobody pursues more at once.
const GOALS_MAX: usize = 20;

#[derive(Template)]
#[template(path = "pages/own/plan.html", config = "src/portal/askama.toml")]
struct PlanPage {
    shell: Shell,
    words: &'static OwnWords,
    plans: Vec<(String, String)>,
    goals: Vec<GoalView>,
}

async fn shown(
    visit: &Visit,
    seat: &mut Seat,
    refused: Option<(GoalId, &Typed, Problem)>,
) -> Result<PlanPage, PageError> {
    let now = visit.portal.clock.now();
    let (mut actor, viewer) = seat.enter().await?;
    let patient = viewer.profile.patient_id.ok_or(PageError::NotFound)?;
    let lines = plans(&mut actor, patient).await?;
    let mut goals = Vec::new();
    for line in lines.iter().filter(|line| line.goal_id.is_some()).take(GOALS_MAX) {
        let Some(goal) = line.goal_id else { continue };
        let progress = progress_of(&mut actor, patient, goal, now).await?;
        goals.push(goal_view(line, goal, &progress, today(now, &viewer.zone), &viewer.form_token));
    }
    if let Some((goal, typed, problem)) = refused {
        let place = goals.iter_mut().find(|known| known.key == goal).ok_or(PageError::NotFound)?;
        let form = place.form.take().ok_or(PageError::NotFound)?;
        place.form = Some(form.filled_but(typed, "known").told(problem, AT)?);
    }
    let mut seen = lines.iter().filter(|line| line.care_plan_id.is_some()).collect::<Vec<&PlanLine>>();
    seen.dedup_by_key(|line| line.care_plan_id);
    let plan = |line: &&PlanLine| (line.title.clone().unwrap_or_default(), line.summary.clone().unwrap_or_default());
    Ok(PlanPage { shell: viewer.shell(OWN.plan_title), words: &OWN, plans: seen.iter().map(plan).collect(), goals })
}

/// How far a goal came in the days that are shown, today included wherever it is today.
async fn progress_of(
    actor: &mut Actor<'_>,
    patient: PatientId,
    goal: GoalId,
    now: Timestamp,
) -> Result<Vec<GoalProgress>, PageError> {
    let stop: Day = now.day().plus(2);
    Ok(progress(actor, (patient, goal), stop.plus(-WINDOW_DAYS), stop).await?)
}

/// Which field a rule is about.
const AT: &[(&str, &str)] = &[("goal_entry_value_is_a_number", "value")];

/// Shows them.
pub(super) async fn get(visit: Visit) -> Result<Response, PageError> {
    let mut seat = visit.seat().await?;
    page(&shown(&visit, &mut seat, None).await?)
}

/// Notes what was done.
pub(super) async fn post(
    visit: Visit,
    Path(key): Path<String>,
    Sent(typed): Sent<Typed>,
) -> Result<Response, PageError> {
    let mut seat = visit.seat().await?;
    let (mut actor, viewer) = seat.enter().await?;
    let goal: GoalId = key.parse().map_err(|_| PageError::NotFound)?;
    let patient = viewer.profile.patient_id.ok_or(PageError::NotFound)?;
    if !plans(&mut actor, patient).await?.iter().any(|line| line.goal_id == Some(goal)) {
        return Err(PageError::NotFound);
    }
    let now = visit.portal.clock.now();
    let parts: i64 = progress_of(&mut actor, patient, goal, now).await?.iter().map(|known| known.parts).sum();
    let problem = match noted(&mut actor, goal, parts, &typed).await {
        Ok(()) => {
            actor.commit().await?;
            return Ok(done("/me/plan", "saved"));
        }
        Err(problem) => problem,
    };
    drop(actor);
    refused(&shown(&visit, &mut seat, Some((goal, &typed, problem))).await?)
}

async fn noted(actor: &mut Actor<'_>, goal: GoalId, parts: i64, typed: &Typed) -> Result<(), Problem> {
    let (value, done_on) = (typed.number::<f64>("value")?, typed.day("done_on")?);
    if typed.number::<i64>("known")? != parts {
        return Err(Problem::at("value", OWN.noted_already));
    }
    note(actor, goal, done_on, value).await?;
    Ok(())
}
