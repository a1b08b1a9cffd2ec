//! `/patients/{id}/results` and `/me/record/results`: what laboratories found, the newest first, page by page, with
//! what is usual.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;

use super::record_view::{Banner, banner, flag};
use crate::model::people::{LabResultId, LabResultStatus, PatientId};
use crate::model::time::Timestamp;
use crate::portal::answer::page;
use crate::portal::edge::sent::Sent;
use crate::portal::forms::Typed;
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::shown::{exact, moment, sentence, unit};
use crate::portal::visit::{Viewer, Visit};
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
    /// The path of the page.
    base: String,
    banner: Banner,
    lines: Vec<ResultShown>,
    /// The last line, where there are more.
    more: Option<(i64, LabResultId)>,
    is_own: bool,
    tab: &'static str,
}

/// A result, to be shown.
pub(in crate::portal) struct ResultShown {
    pub(in crate::portal) key: LabResultId,
    pub(in crate::portal) title: String,
    pub(in crate::portal) value: String,
    pub(in crate::portal) unit: String,
    pub(in crate::portal) flag: Option<(&'static str, &'static str, &'static str)>,
    /// What is not final.
    pub(in crate::portal) status: Option<String>,
    /// Whether another stands in its place.
    pub(in crate::portal) is_corrected: bool,
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
pub(in crate::portal) fn line(
    result: &ChartResult,
    (ranges, corrected): (&[ResultRange], &[LabResultId]),
    zone: &jiff::tz::TimeZone,
) -> ResultShown {
    let (value, of) = value(&result.value);
    ResultShown {
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
pub(super) fn whose(patient: Option<PatientId>, viewer: &Viewer) -> Result<(PatientId, String), PageError> {
    match patient {
        Some(patient) => Ok((patient, format!("/patients/{patient}/results"))),
        None => Ok((viewer.profile.patient_id.ok_or(PageError::NotFound)?, "/me/record/results".to_owned())),
    }
}

async fn listed(
    visit: Visit,
    key: Option<&str>,
    after: Option<(Timestamp, LabResultId)>,
) -> Result<Response, PageError> {
    let now = visit.portal.clock.now();
    let patient = key.map(str::parse).transpose().map_err(|_| PageError::NotFound)?;
    let mut seat = visit.seat().await?;
    let (mut actor, viewer) = seat.enter().await?;
    let (patient, base) = whose(patient, &viewer)?;
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
        base,
        is_own: key.is_none(),
        tab: "results",
    })
}
