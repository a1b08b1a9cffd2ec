//! `/patients/{id}/plan`: plans that are followed, goals with how often they were reached of late, and a form for
//! another goal.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;

use super::record_view::{Banner, banner};
use super::tried::{Tried, told};
use crate::model::people::{CarePlanId, GoalComparator, GoalId, GoalMeasure, GoalPeriod, PatientId};
use crate::model::time::{DAY_US, Timestamp};
use crate::portal::answer::{done, page, refused};
use crate::portal::edge::sent::Sent;
use crate::portal::forms::{Form, FormField, Problem, Typed};
use crate::portal::page_error::PageError;
use crate::portal::pages::chart::vitals_view::metrics;
use crate::portal::shell::Shell;
use crate::portal::shown::{exact, formatted, sentence, unit};
use crate::portal::visit::{Seat, Viewer, Visit};
use crate::portal::words::chart::{CHART, ChartWords};
use crate::store::care::actor::Actor;
use crate::store::care::care_plan::{PlanEdition, editions};
use crate::store::care::chart::{PlanLine, plans};
use crate::store::care::goal::{NewGoal, progress, set};
use crate::store::care::record::read_summary;

/// Over how long it is counted how often a goal was reached.
const PROGRESS_DAYS: i64 = 28;
/// So many goals have their progress on the page.
const GOALS_MAX: usize = 20;

#[derive(Template)]
#[template(path = "pages/chart/plan.html", config = "src/portal/askama.toml")]
struct PlanPage {
    shell: Shell,
    words: &'static ChartWords,
    banner: Banner,
    /// Each plan, with where it stands.
    plans: Vec<PlanOfPage>,
    goals: Vec<GoalLine>,
    form: Form,
    is_own: bool,
    tab: &'static str,
}

/// A plan, to be shown.
struct PlanOfPage {
    key: CarePlanId,
    title: String,
    /// The edition that is followed, or that is a draft.
    told: String,
    summary: String,
    is_followed: bool,
}

/// Plans by the edition that is followed, or the newest.
fn plans_of(all: &[PlanEdition]) -> Vec<PlanOfPage> {
    let mut plans: Vec<PlanOfPage> = Vec::new();
    for edition in all {
        let is_followed = edition.status == "active";
        let shown = PlanOfPage {
            key: edition.care_plan_id,
            title: edition.title.clone(),
            told: format!("{} {}, {}", CHART.edition, edition.edition, sentence(&edition.status).to_lowercase()),
            summary: edition.summary.clone(),
            is_followed,
        };
        match plans.iter_mut().find(|known| known.key == shown.key) {
            None => plans.push(shown),
            Some(known) if is_followed => *known = shown,
            Some(_) => {}
        }
    }
    plans.sort_by_key(|plan| !plan.is_followed);
    plans
}

/// A goal, to be shown.
pub(super) struct GoalLine {
    pub(super) title: String,
    /// What is to be reached, where a device measures it.
    pub(super) target: Option<String>,
    pub(super) reached: Option<String>,
}

/// What a goal is to reach: `at least 8,000 steps a day`.
pub(super) fn target(line: &PlanLine) -> Option<String> {
    let comparator = line.comparator.as_deref().map(|word| sentence(word).to_lowercase())?;
    let of = line.unit.as_deref().map(unit).unwrap_or_default();
    let per = line.per.as_deref().unwrap_or_default();
    Some(format!("{comparator} {} {of} {} {per}", exact(line.target?), CHART.each))
}

/// Plans without doubles.
pub(super) fn plan_lines(all: &[PlanLine]) -> Vec<(String, String)> {
    let mut plans: Vec<(String, String)> = Vec::new();
    for line in all {
        let Some(title) = &line.title else { continue };
        let edition = line.edition.unwrap_or(1);
        let plan = (format!("{title} ({} {edition})", CHART.edition), line.summary.clone().unwrap_or_default());
        if !plans.contains(&plan) {
            plans.push(plan);
        }
    }
    plans
}

/// Goals with how often they were reached of late.
pub(super) async fn goal_lines(
    actor: &mut Actor<'_>,
    patient: PatientId,
    all: &[PlanLine],
    now: Timestamp,
) -> Result<Vec<GoalLine>, PageError> {
    let (from, to) = (now.day().plus(-PROGRESS_DAYS), now.day().next());
    let mut goals = Vec::new();
    let of_goals = all.iter().filter_map(|line| Some((line, line.goal_id?)));
    for (line, goal) in of_goals.take(GOALS_MAX) {
        let goal: GoalId = goal;
        let days = progress(actor, (patient, goal), from, to).await?;
        let known = days.iter().filter(|day| day.reached.is_some()).count();
        let reached = days.iter().filter(|day| day.reached == Some(true)).count();
        let per = match (known, line.per.as_deref()) {
            (1, per) => per.unwrap_or("day"),
            (_, Some("week")) => CHART.weeks,
            (_, Some("month")) => CHART.months,
            _ => CHART.days,
        };
        goals.push(GoalLine {
            title: line.goal_title.clone().unwrap_or_default(),
            target: target(line),
            reached: (known > 0).then(|| format!("{} {reached} {} {known} {per}", CHART.reached, CHART.of)),
        });
    }
    Ok(goals)
}

async fn shown(
    visit: &Visit,
    seat: &mut Seat,
    patient: PatientId,
    tried: Option<Tried>,
) -> Result<PlanPage, PageError> {
    let now = visit.portal.clock.now();
    let (mut actor, viewer) = seat.enter().await?;
    let record = read_summary(&mut actor, patient).await?.ok_or(PageError::NotFound)?;
    let all = plans(&mut actor, patient).await?;
    let goals = goal_lines(&mut actor, patient, &all, now).await?;
    let plans = plans_of(&editions(&mut actor, patient).await?);
    Ok(PlanPage {
        shell: viewer.shell(CHART.plan_title),
        words: &CHART,
        banner: banner(&record, now, &viewer.zone),
        plans,
        goals,
        form: told(tried, setting(format!("/patients/{patient}/plan"), &viewer, now), AT)?,
        is_own: false,
        tab: "plan",
    })
}

/// Shows them, with a form for another goal.
pub(super) async fn get(visit: Visit, Path(patient): Path<String>) -> Result<Response, PageError> {
    let patient = patient.parse().map_err(|_| PageError::NotFound)?;
    page(&shown(&visit, &mut visit.seat().await?, patient, None).await?)
}

/// Sets a goal.
pub(super) async fn post(
    visit: Visit,
    Path(patient): Path<String>,
    Sent(typed): Sent<Typed>,
) -> Result<Response, PageError> {
    let patient = patient.parse().map_err(|_| PageError::NotFound)?;
    let mut seat = visit.seat().await?;
    let (mut actor, _) = seat.enter().await?;
    match add(&mut actor, (patient, None), &typed).await {
        Ok(()) => {
            actor.commit().await?;
            Ok(done(&format!("/patients/{patient}/plan"), "saved"))
        }
        Err(problem) => {
            drop(actor);
            refused(&shown(&visit, &mut seat, patient, Some(Tried::refused(typed, problem))).await?)
        }
    }
}

/// Which field a rule is about.
pub(super) const AT: &[(&str, &str)] = &[
    ("goal_period_is_half_open", "stop_on"),
    ("goal_unit_is_some", "unit"),
    ("goal_title_is_some", "title"),
    ("goal_metric_fkey", "metric"),
];

/// The form for another goal.
pub(super) fn setting(action: String, viewer: &Viewer, now: Timestamp) -> Form {
    let metrics = metrics().into_iter().map(|metric| (metric.to_owned(), sentence(metric))).collect();
    let day = |days: i64| formatted(now.plus_micros(days * DAY_US), &viewer.zone, "%Y-%m-%d");
    Form::new("set", action, &viewer.form_token, CHART.goal_set)
        .with(FormField::line("title", CHART.goal_title).required())
        .with(FormField::choice("metric", CHART.goal_metric, metrics).hint(CHART.goal_metric_hint))
        .with(FormField::word("measure", CHART.goal_measure, GoalMeasure::ALL).of("average").required())
        .with(FormField::word("comparator", CHART.goal_comparator, GoalComparator::ALL).of("at_least").required())
        .with(FormField::number("target", CHART.goal_target, "any").required())
        .with(FormField::line("unit", CHART.goal_unit).at_most(40).hint(CHART.goal_unit_hint))
        .with(FormField::word("per", CHART.goal_per, GoalPeriod::ALL).of("day").required())
        .with(FormField::day("first_on", CHART.valid_from).of(day(0)).required())
        .with(FormField::day("stop_on", CHART.valid_until).of(day(90)).required())
}

/// A goal that is pursued already under this title is not set again, so a form that is sent twice sets one.
pub(super) async fn add(
    actor: &mut Actor<'_>,
    (patient, plan): (PatientId, Option<CarePlanId>),
    typed: &Typed,
) -> Result<(), Problem> {
    let goal = NewGoal {
        patient,
        plan,
        title: typed.required("title")?,
        metric: typed.some("metric"),
        unit: typed.some("unit"),
        measure: typed.one("measure")?,
        comparator: typed.one("comparator")?,
        target: typed.number("target")?,
        per: typed.one("per")?,
        first_on: typed.day("first_on")?,
        stop_on: typed.day("stop_on")?,
    };
    let known = plans(actor, patient).await?;
    if known.iter().any(|line| line.goal_title.as_deref() == Some(goal.title)) {
        return Err(Problem::at("title", CHART.goal_known));
    }
    set(actor, &goal).await?;
    Ok(())
}
