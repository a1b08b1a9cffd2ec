//! `/patients/{id}/summary`: what a provider reads before a visit, on one page that is made to be printed.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;

use super::medications::dose;
use super::plan::{plan_lines, target};
use super::record_view::{Banner, Sections, banner, sections};
use crate::portal::answer::page;
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::shown::{day, moment};
use crate::portal::visit::Visit;
use crate::portal::words::chart::{CHART, ChartWords};
use crate::store::care::chart::plans;
use crate::store::care::record::read_summary;
use crate::store::care::whole_chart::prescriptions;

/// So many visits and results are read before a visit.
const LINES: usize = 12;

#[derive(Template)]
#[template(path = "pages/chart/summary.html", config = "src/portal/askama.toml")]
struct SummaryPage {
    shell: Shell,
    words: &'static ChartWords,
    banner: Banner,
    sections: Sections,
    /// Name, dose, until when.
    medicines: Vec<(String, String, String)>,
    plans: Vec<(String, String)>,
    goals: Vec<(String, String)>,
    as_of: String,
    is_own: bool,
    tab: &'static str,
}

/// Shows it.
pub(super) async fn get(visit: Visit, Path(patient): Path<String>) -> Result<Response, PageError> {
    let now = visit.portal.clock.now();
    let patient = patient.parse().map_err(|_| PageError::NotFound)?;
    let mut seat = visit.seat().await?;
    let (mut actor, viewer) = seat.enter().await?;
    let record = read_summary(&mut actor, patient).await?.ok_or(PageError::NotFound)?;
    let all = prescriptions(&mut actor, patient).await?;
    let plans = plans(&mut actor, patient).await?;
    let mut sections = sections(&record, &viewer.zone);
    sections.results.truncate(LINES);
    sections.visits.truncate(LINES);
    let running = all.iter().filter(|line| line.runs);
    let goal = |title: &String, told: Option<String>| (title.clone(), told.unwrap_or_default());
    page(&SummaryPage {
        shell: viewer.shell(CHART.summary),
        words: &CHART,
        banner: banner(&record, now, &viewer.zone),
        sections,
        medicines: running.map(|line| (line.name.clone(), dose(line), day(line.until_on))).collect(),
        plans: plan_lines(&plans),
        goals: plans.iter().filter_map(|line| Some(goal(line.goal_title.as_ref()?, target(line)))).collect(),
        as_of: moment(now, &viewer.zone),
        is_own: false,
        tab: "summary",
    })
}
