//! `/patients/{id}/results`: what laboratories found, the newest first, page by page, with what is usual.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;

use super::record_view::{Banner, banner, flag};
use crate::model::people::{LabResultId, LabResultStatus};
use crate::model::time::Timestamp;
use crate::portal::answer::page;
use crate::portal::edge::sent::Sent;
use crate::portal::forms::Typed;
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::shown::{exact, moment, sentence, unit};
use crate::portal::visit::Visit;
use crate::portal::words::chart::{CHART, ChartWords};
use crate::store::care::chart::{ChartResult, ResultValue, results};
use crate::store::care::lab::corrected_results;
use crate::store::care::record::read_summary;
use crate::store::care::whole_chart::{ResultRange, result_ranges};

const ROWS: u16 = 50;

#[derive(Template)]
#[template(path = "pages/chart/results.html", config = "src/portal/askama.toml")]
struct ResultsPage {
    shell: Shell,
    words: &'static ChartWords,
    form_token: String,
    banner: Banner,
    lines: Vec<ShownResult>,
    /// The last line, where there are more.
    more: Option<(i64, LabResultId)>,
    is_own: bool,
    tab: &'static str,
}

/// A result, to be shown.
pub(super) struct ShownResult {
    pub(super) key: LabResultId,
    pub(super) title: String,
    pub(super) value: String,
    pub(super) unit: String,
    pub(super) flag: Option<(&'static str, &'static str, &'static str)>,
    /// What is not final.
    pub(super) status: Option<String>,
    /// Whether another stands in its place.
    pub(super) is_corrected: bool,
    pub(super) usual: Option<String>,
    pub(super) taken: String,
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

/// A value as it was given, and its unit.
pub(super) fn value(value: &ResultValue) -> (String, String) {
    match value {
        ResultValue::Number(value, of) => (exact(*value), unit(of).to_owned()),
        ResultValue::Code(code) => (code.clone(), String::new()),
        ResultValue::Text(text) => (text.clone(), String::new()),
        ResultValue::Absent(why) => (sentence(why), String::new()),
    }
}

/// A result as a line.
pub(super) fn line(
    result: &ChartResult,
    (ranges, corrected): (&[ResultRange], &[LabResultId]),
    zone: &jiff::tz::TimeZone,
) -> ShownResult {
    let (value, of) = value(&result.value);
    ShownResult {
        key: result.lab_result_id,
        title: result.title.clone(),
        value,
        unit: of,
        flag: flag(result.flag),
        status: (result.status != LabResultStatus::Final).then(|| sentence(result.status.as_str())),
        is_corrected: corrected.contains(&result.lab_result_id),
        usual: usual(ranges.iter().find(|(key, ..)| *key == result.lab_result_id)),
        taken: moment(result.observed_at, zone),
    }
}

/// Shows the newest.
pub(super) async fn get(visit: Visit, Path(patient): Path<String>) -> Result<Response, PageError> {
    listed(visit, &patient, None).await
}

/// Shows those before the last line of the page before: a form that is sent, since days of results are nothing for a
/// URL.
pub(super) async fn post(
    visit: Visit,
    Path(patient): Path<String>,
    Sent(typed): Sent<Typed>,
) -> Result<Response, PageError> {
    let at = typed.text("at").parse().ok().and_then(|at| Timestamp::from_micros(at).ok());
    let after = at.zip(typed.text("after").parse().ok());
    listed(visit, &patient, after).await
}

async fn listed(visit: Visit, key: &str, after: Option<(Timestamp, LabResultId)>) -> Result<Response, PageError> {
    let now = visit.portal.clock.now();
    let patient = key.parse().map_err(|_| PageError::NotFound)?;
    let mut seat = visit.seat().await?;
    let (mut actor, viewer) = seat.enter().await?;
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
    let corrected = corrected_results(&mut actor, patient, &keys).await?;
    page(&ResultsPage {
        shell: viewer.shell(CHART.results_title),
        words: &CHART,
        form_token: viewer.form_token.clone(),
        banner: banner(&record, now, &viewer.zone),
        lines: found.iter().map(|result| line(result, (&ranges, &corrected), &viewer.zone)).collect(),
        more: found.last().filter(|_| has_more).map(|last| (last.observed_at.micros(), last.lab_result_id)),
        is_own: false,
        tab: "results",
    })
}
