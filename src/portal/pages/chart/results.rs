//! `/patients/{id}/results` and `/me/record/results`: what laboratories found, the newest first, page by page, with
//! what is usual; and behind each, by its key, everything of one test over time, drawn and as a table, with its trend.
//!
//! # Why
//! A test is chosen by one of its results, since a code in a URL would tell what somebody was tested for.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;

use super::record_view::{Banner, banner, flag};
use super::series_view::{SeriesView, series_view};
use crate::model::people::{LabResultId, LabResultStatus, PatientId};
use crate::model::time::{DAY_US, Timestamp};
use crate::portal::answer::page;
use crate::portal::edge::sent::Sent;
use crate::portal::forms::Typed;
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::shown::{exact, moment, number, sentence, unit};
use crate::portal::visit::{Viewer, Visit};
use crate::portal::words::chart::{CHART, ChartWords};
use crate::store::care::chart::{ChartResult, ResultValue, result, results};
use crate::store::care::chart_series;
use crate::store::care::outcome::lab_trends;
use crate::store::care::record::read_summary;
use crate::store::care::whole_chart::{ResultRange, result_ranges};

const ROWS: u16 = 50;
/// A series is ten years long at most.
const SERIES_DAYS: i64 = 3_650;

#[derive(Template)]
#[template(path = "pages/chart/results.html", config = "src/portal/askama.toml")]
struct ResultsPage {
    shell: Shell,
    words: &'static ChartWords,
    form_token: String,
    /// The path of the page.
    base: String,
    banner: Banner,
    lines: Vec<ResultShown>,
    /// The last line, where there are more.
    more: Option<(i64, LabResultId)>,
    is_own: bool,
    tab: &'static str,
}

#[derive(Template)]
#[template(path = "pages/chart/result.html", config = "src/portal/askama.toml")]
struct ResultPage {
    shell: Shell,
    words: &'static ChartWords,
    /// Where all results are.
    base: String,
    banner: Banner,
    line: ResultShown,
    trend: Option<String>,
    series: Option<SeriesView>,
    is_own: bool,
    tab: &'static str,
}

pub(in crate::portal) struct ResultShown {
    pub(in crate::portal) key: LabResultId,
    pub(in crate::portal) title: String,
    pub(in crate::portal) value: String,
    pub(in crate::portal) unit: String,
    pub(in crate::portal) flag: Option<(&'static str, &'static str, &'static str)>,
    /// What is not final.
    pub(in crate::portal) status: Option<String>,
    pub(in crate::portal) usual: Option<String>,
    pub(in crate::portal) taken: String,
}

/// What is usual, as a range that may be open at one end.
fn usual(range: Option<&ResultRange>) -> Option<String> {
    match range {
        Some((_, Some(low), Some(high))) => Some(format!("{} – {}", exact(*low), exact(*high))),
        Some((_, Some(low), None)) => Some(format!("≥ {}", exact(*low))),
        Some((_, None, Some(high))) => Some(format!("≤ {}", exact(*high))),
        _ => None,
    }
}

/// A result as it is shown.
pub(in crate::portal) fn line(result: &ChartResult, ranges: &[ResultRange], zone: &jiff::tz::TimeZone) -> ResultShown {
    let (value, of) = match &result.value {
        ResultValue::Number(value, of) => (exact(*value), unit(of).to_owned()),
        ResultValue::Code(code) => (code.clone(), String::new()),
        ResultValue::Text(text) => (text.clone(), String::new()),
        ResultValue::Absent(why) => (sentence(why), String::new()),
    };
    ResultShown {
        key: result.lab_result_id,
        title: result.title.clone(),
        value,
        unit: of,
        flag: flag(result.flag),
        status: (result.status != LabResultStatus::Final).then(|| sentence(result.status.as_str())),
        usual: usual(ranges.iter().find(|(key, ..)| *key == result.lab_result_id)),
        taken: moment(result.observed_at, zone),
    }
}

/// Shows the newest.
pub(super) async fn get(visit: Visit, Path(patient): Path<String>) -> Result<Response, PageError> {
    listed(visit, Some(&patient), None).await
}

/// Shows one's own.
pub(in crate::portal) async fn own(visit: Visit) -> Result<Response, PageError> {
    listed(visit, None, None).await
}

/// Shows those before the last line of the page before: a form that is sent, since days of results are nothing for a
/// URL.
pub(super) async fn post(
    visit: Visit,
    Path(patient): Path<String>,
    Sent(typed): Sent<Typed>,
) -> Result<Response, PageError> {
    listed(visit, Some(&patient), after(&typed)).await
}

/// The same of one's own.
pub(in crate::portal) async fn own_before(visit: Visit, Sent(typed): Sent<Typed>) -> Result<Response, PageError> {
    listed(visit, None, after(&typed)).await
}

fn after(typed: &Typed) -> Option<(Timestamp, LabResultId)> {
    let at = typed.text("at").parse().ok().and_then(|at| Timestamp::from_micros(at).ok());
    at.zip(typed.text("after").parse().ok())
}

/// Whose, and where the pages of that are: a patient's by key, else one's own.
fn whose(key: Option<&str>, viewer: &Viewer) -> Result<(PatientId, String), PageError> {
    match key {
        Some(key) => {
            let patient: PatientId = key.parse().map_err(|_| PageError::NotFound)?;
            Ok((patient, format!("/patients/{patient}/results")))
        }
        None => Ok((viewer.profile.patient_id.ok_or(PageError::NotFound)?, "/me/record/results".to_owned())),
    }
}

async fn listed(
    visit: Visit,
    key: Option<&str>,
    after: Option<(Timestamp, LabResultId)>,
) -> Result<Response, PageError> {
    let now = visit.portal.clock.now();
    let mut seat = visit.seat().await?;
    let (mut actor, viewer) = seat.enter().await?;
    let (patient, base) = whose(key, &viewer)?;
    let record = read_summary(&mut actor, patient).await?.ok_or(PageError::NotFound)?;
    let before = after.map(|(observed_at, lab_result_id)| ChartResult {
        lab_result_id,
        observed_at,
        loinc: String::new(),
        title: String::new(),
        value: ResultValue::Absent(String::new()),
        flag: None,
        status: LabResultStatus::Final,
    });
    let mut found = results(&mut actor, patient, None, before.as_ref(), ROWS + 1).await?;
    let has_more = found.len() > usize::from(ROWS);
    found.truncate(usize::from(ROWS));
    let keys: Vec<LabResultId> = found.iter().map(|result| result.lab_result_id).collect();
    let ranges = result_ranges(&mut actor, patient, &keys).await?;
    page(&ResultsPage {
        shell: viewer.shell(CHART.results_title),
        words: &CHART,
        form_token: viewer.form_token.clone(),
        banner: banner(&record, now, &viewer.zone),
        lines: found.iter().map(|result| line(result, &ranges, &viewer.zone)).collect(),
        more: found.last().filter(|_| has_more).map(|last| (last.observed_at.micros(), last.lab_result_id)),
        base,
        is_own: key.is_none(),
        tab: "results",
    })
}

/// Shows one test over time.
pub(super) async fn get_one(visit: Visit, Path(keys): Path<(String, String)>) -> Result<Response, PageError> {
    over_time(visit, Some(&keys.0), &keys.1).await
}

/// The same of one's own.
pub(in crate::portal) async fn own_one(visit: Visit, Path(key): Path<String>) -> Result<Response, PageError> {
    over_time(visit, None, &key).await
}

async fn over_time(visit: Visit, whom: Option<&str>, key: &str) -> Result<Response, PageError> {
    let now = visit.portal.clock.now();
    let key: LabResultId = key.parse().map_err(|_| PageError::NotFound)?;
    let mut seat = visit.seat().await?;
    let (mut actor, viewer) = seat.enter().await?;
    let (patient, base) = whose(whom, &viewer)?;
    let record = read_summary(&mut actor, patient).await?.ok_or(PageError::NotFound)?;
    let result = result(&mut actor, patient, key).await?.ok_or(PageError::NotFound)?;
    let ranges = result_ranges(&mut actor, patient, &[key]).await?;
    let trends = lab_trends(&mut actor, patient).await?;
    let from = now.plus_micros(-SERIES_DAYS * DAY_US);
    let points = chart_series::read(&mut actor, patient, &result.loinc, from, now).await?;
    let trend = trends.iter().find(|trend| trend.loinc == result.loinc && trend.n > 2);
    let trend = trend.and_then(|trend| {
        let slope = trend.slope_per_year?;
        let sign = if slope > 0.0 { "+" } else { "" };
        Some(format!("{sign}{} {} {} {}", number(slope), unit(&trend.unit), CHART.a_year_over, trend.n))
    });
    let range = ranges.first().and_then(|(_, low, high)| low.zip(*high));
    page(&ResultPage {
        shell: viewer.shell(&result.title),
        words: &CHART,
        banner: banner(&record, now, &viewer.zone),
        line: line(&result, &ranges, &viewer.zone),
        trend: trend.map(|trend| format!("{trend} {}", CHART.results_counted)),
        series: series_view(&points, &result.title, range, &viewer.zone),
        base,
        is_own: whom.is_none(),
        tab: "results",
    })
}
