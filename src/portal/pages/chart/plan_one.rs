//! `/patients/{id}/plan/{plan}`: a plan with its editions, its goals and what is to be done by it; the next edition is
//! drafted and then followed, and goals and activities are added.
//!
//! # Why
//! An edition keeps its words: what changes is written as the next one, which nobody follows before it is said so. Two
//! who draft at once leave two drafts, of which one becomes the edition that is followed. A form that is sent twice
//! adds nothing: a draft of the same words, and an activity of the same name and first day, stand already.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use jiff::tz::TimeZone;

use super::plan::{self, GoalLine, goal_lines, setting};
use super::record_view::{Banner, banner};
use super::tried::{Tried, told};
use crate::model::people::{CarePlanId, CarePlanVersionId, PatientId};
use crate::portal::answer::{done, page, refused};
use crate::portal::edge::sent::Sent;
use crate::portal::forms::{Form, FormField, Problem, Typed};
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::shown::{day, day_of, formatted, sentence};
use crate::portal::visit::{Seat, Viewer, Visit};
use crate::portal::words::chart::{CHART, ChartWords};
use crate::store::care::actor::Actor;
use crate::store::care::care_plan::{
    NewPlanActivity, PlanActivity, PlanEdition, activities, change_activity, editions, plan_activity,
};
use crate::store::care::chart::plans;
use crate::store::care::goal::{activate_plan, draft_plan};
use crate::store::care::record::{Edited, read_summary};

const KINDS: [&str; 8] =
    ["visit", "medication", "exercise", "nutrition", "measurement", "education", "counselling", "other"];
const STATUSES: [&str; 6] = ["not_started", "in_progress", "on_hold", "completed", "cancelled", "entered_in_error"];

#[derive(Template)]
#[template(path = "pages/chart/plan_one.html", config = "src/portal/askama.toml")]
struct PlanOnePage {
    shell: Shell,
    words: &'static ChartWords,
    banner: Banner,
    title: String,
    editions: Vec<EditionLine>,
    goals: Vec<GoalLine>,
    activities: Vec<ActivityLine>,
    /// What can be done: a heading and a form each, the most likely first.
    forms: Vec<(&'static str, Form)>,
    is_own: bool,
    tab: &'static str,
}

struct EditionLine {
    title: String,
    is_followed: bool,
    told: String,
    summary: String,
}

struct ActivityLine {
    title: String,
    told: String,
    /// To say how far it is, while it goes on.
    form: Option<Form>,
}

fn edition_line(edition: &PlanEdition, zone: &TimeZone) -> EditionLine {
    let status = sentence(&edition.status);
    let at = edition.ended_at.or(edition.activated_at).unwrap_or(edition.drafted_at);
    EditionLine {
        title: format!("{} {}", CHART.plan_edition, edition.edition),
        is_followed: edition.status == "active",
        told: format!("{status}, {}, {}", edition.author, day_of(at, zone)),
        summary: edition.summary.clone(),
    }
}

fn activity_line(activity: &PlanActivity, action: &str, viewer: &Viewer) -> ActivityLine {
    let mut told = vec![sentence(&activity.kind), sentence(&activity.status).to_lowercase(), day(activity.first_on)];
    told.extend(activity.status_reason.clone());
    let goes_on = !matches!(activity.status.as_str(), "completed" | "cancelled" | "entered_in_error");
    let form = goes_on.then(|| {
        Form::new("status", action, &viewer.form_token, CHART.save)
            .called(activity.care_plan_activity_id)
            .with(FormField::hidden("act", "status"))
            .with(FormField::hidden("activity", activity.care_plan_activity_id))
            .with(FormField::hidden("version", activity.version))
            .with(FormField::word("status", CHART.activity_status, &STATUSES).of(&activity.status).required())
            .with(FormField::line("reason", CHART.request_status_why).hint(CHART.request_status_hint))
    });
    ActivityLine { title: activity.title.clone(), told: told.join(", "), form }
}

/// What can be done with a plan, by the word that its form sends.
fn forms(action: &str, viewer: &Viewer, all: &[PlanEdition], now: crate::model::time::Timestamp) -> Vec<Offer> {
    let form = |act: &'static str, submit: &'static str| {
        Form::new(act, action, &viewer.form_token, submit).with(FormField::hidden("act", act))
    };
    let mut offers = Vec::new();
    let newest = all.first();
    if let Some(draft) = newest.filter(|edition| edition.status == "draft") {
        let follow = form("follow", CHART.plan_follow).with(FormField::hidden("edition", draft.care_plan_version_id));
        offers.push(("follow", CHART.plan_follow_title, follow));
    }
    let summary = newest.map(|edition| edition.summary.clone()).unwrap_or_default();
    let draft = form("draft", CHART.plan_save_draft)
        .with(FormField::lines("summary", CHART.plan_summary).of(summary).required().at_most(20_000));
    offers.push(("draft", CHART.plan_next, draft));
    let today = formatted(now, &viewer.zone, "%Y-%m-%d");
    let activity = form("activity", CHART.add)
        .with(FormField::line("title", CHART.activity_title).required())
        .with(FormField::word("kind", CHART.request_category, &KINDS).required())
        .with(FormField::day("first_on", CHART.valid_from).of(today).required())
        .with(FormField::day("stop_on", CHART.activity_until).hint(CHART.activity_until_hint));
    offers.push(("activity", CHART.activity_add, activity));
    let goal = setting(action.to_owned(), viewer, now).with(FormField::hidden("act", "goal"));
    offers.push(("goal", CHART.goal_set, goal));
    offers
}

/// A word, a heading and a form.
type Offer = (&'static str, &'static str, Form);

/// Which field a rule is about.
const AT: &[(&str, &str)] = &[
    ("care_plan_version_summary_is_some", "summary"),
    ("care_plan_activity_title_is_some", "title"),
    ("care_plan_activity_period_is_half_open", "stop_on"),
    ("goal_period_is_half_open", "stop_on"),
    ("goal_unit_is_some", "unit"),
    ("goal_title_is_some", "title"),
];

async fn shown(
    visit: &Visit,
    seat: &mut Seat,
    (patient, key): (PatientId, CarePlanId),
    mut tried: Option<Tried>,
) -> Result<PlanOnePage, PageError> {
    let now = visit.portal.clock.now();
    let (mut actor, viewer) = seat.enter().await?;
    let record = read_summary(&mut actor, patient).await?.ok_or(PageError::NotFound)?;
    let mut all = editions(&mut actor, patient).await?;
    all.retain(|edition| edition.care_plan_id == key);
    let title = all.first().ok_or(PageError::NotFound)?.title.clone();
    let mut lines = plans(&mut actor, patient).await?;
    lines.retain(|line| line.care_plan_id == Some(key));
    let goals = goal_lines(&mut actor, patient, &lines, now).await?;
    let mut to_do = activities(&mut actor, patient).await?;
    to_do.retain(|activity| activity.care_plan_id == key);
    let action = format!("/patients/{patient}/plan/{key}");
    let act = tried.as_ref().map(|tried| tried.typed.text("act").to_owned()).unwrap_or_default();
    let mut offered = Vec::new();
    for (name, heading, form) in forms(&action, &viewer, &all, now) {
        let of_this = if act == name { tried.take() } else { None };
        offered.push((heading, told(of_this, form, AT)?));
    }
    match tried.map(|tried| tried.why) {
        Some(Err(Problem::Rule(broken))) => return Err(PageError::Refused(broken.sentence)),
        Some(Err(Problem::At(_, sentence))) => return Err(PageError::Refused(sentence)),
        Some(Err(Problem::Page(error))) => return Err(error),
        Some(Ok(_)) => return Err(PageError::Refused(CHART.plan_changed.to_owned())),
        None => {}
    }
    Ok(PlanOnePage {
        shell: viewer.shell(&title),
        words: &CHART,
        banner: banner(&record, now, &viewer.zone),
        title,
        editions: all.iter().map(|edition| edition_line(edition, &viewer.zone)).collect(),
        goals,
        activities: to_do.iter().map(|activity| activity_line(activity, &action, &viewer)).collect(),
        forms: offered,
        is_own: false,
        tab: "plan",
    })
}

/// Shows it.
pub(super) async fn get(visit: Visit, Path(keys): Path<(String, String)>) -> Result<Response, PageError> {
    let keys = parsed(&keys)?;
    page(&shown(&visit, &mut visit.seat().await?, keys, None).await?)
}

/// Does with it what was asked; an edition is followed by the word of who has proved within ten minutes who that is.
pub(super) async fn post(
    visit: Visit,
    Path(keys): Path<(String, String)>,
    Sent(typed): Sent<Typed>,
) -> Result<Response, PageError> {
    let (patient, key) = parsed(&keys)?;
    let _turn = visit.turn().await;
    let mut seat = visit.seat().await?;
    let (mut actor, _) =
        if typed.text("act") == "follow" { seat.enter_confirmed().await? } else { seat.enter().await? };
    let mut known = editions(&mut actor, patient).await?;
    known.retain(|edition| edition.care_plan_id == key);
    if known.is_empty() {
        return Err(PageError::NotFound);
    }
    let why = act(&mut actor, (patient, key), &known, &typed).await;
    if matches!(why, Ok(Edited::Saved(_))) {
        actor.commit().await?;
        return Ok(done(&format!("/patients/{patient}/plan/{key}"), "saved"));
    }
    drop(actor);
    refused(&shown(&visit, &mut seat, (patient, key), Some(Tried { typed, why })).await?)
}

fn parsed((patient, plan): &(String, String)) -> Result<(PatientId, CarePlanId), PageError> {
    let patient = patient.parse().map_err(|_| PageError::NotFound)?;
    Ok((patient, plan.parse().map_err(|_| PageError::NotFound)?))
}

async fn act(
    actor: &mut Actor<'_>,
    (patient, key): (PatientId, CarePlanId),
    known: &[PlanEdition],
    typed: &Typed,
) -> Result<Edited, Problem> {
    match typed.text("act") {
        "draft" => {
            let summary = typed.required("summary")?;
            let is_there = known.first().is_some_and(|newest| newest.status == "draft" && newest.summary == summary);
            if !is_there {
                draft_plan(actor, key, summary).await?;
            }
        }
        "follow" => {
            let edition: CarePlanVersionId = typed.one("edition")?;
            if !known.iter().any(|one| one.care_plan_version_id == edition) {
                return Err(PageError::NotFound.into());
            }
            activate_plan(actor, edition).await?;
        }
        "activity" => {
            let stop_on = typed.maybe_day("stop_on")?;
            let (title, kind) = (typed.required("title")?, typed.required("kind")?);
            let new = NewPlanActivity { plan: key, kind, title, first_on: typed.day("first_on")?, stop_on };
            let there = activities(actor, patient).await?;
            let is_there =
                |one: &PlanActivity| one.care_plan_id == key && one.title == title && one.first_on == new.first_on;
            if !there.iter().any(is_there) {
                plan_activity(actor, &new).await?;
            }
        }
        "goal" => plan::add(actor, (patient, Some(key)), typed).await?,
        "status" => {
            let activity = (typed.one("activity")?, typed.number("version")?);
            return Ok(change_activity(actor, activity, typed.required("status")?, typed.some("reason")).await?);
        }
        _ => return Err(PageError::NotFound.into()),
    }
    Ok(Edited::Saved(0))
}
