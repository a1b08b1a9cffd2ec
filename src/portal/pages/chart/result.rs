//! `/patients/{id}/results/{result}` and `/me/record/results/{result}`: everything of one test over time, drawn and as
//! a table, with its trend; what this result was before it was corrected; and, for who cares for the patient, forms to
//! sign it, or to correct what was signed.
//!
//! # Why
//! A test is chosen by one of its results, since a code in a URL would tell what somebody was tested for. What is
//! signed is never overwritten: a correction is another result beside the former one. A correction that is sent twice
//! is refused the second time, since a result is corrected once.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;

use super::record_view::{Banner, banner};
use super::results::{ResultShown, line, value, whose};
use super::series_view::{SeriesView, series_view};
use super::tried::{Tried, told};
use crate::model::people::{LabResultId, LabResultStatus, PatientId};
use crate::model::time::DAY_US;
use crate::portal::answer::{done, page, refused};
use crate::portal::edge::sent::Sent;
use crate::portal::forms::{Form, FormField, Problem, Typed};
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::shown::{moment, number, sentence, unit};
use crate::portal::visit::{Seat, Viewer, Visit};
use crate::portal::words::chart::{CHART, ChartWords};
use crate::store::care::actor::Actor;
use crate::store::care::chart::{ChartResult, ResultValue, result};
use crate::store::care::chart_series;
use crate::store::care::lab::{ResultVersion, amend_lab_result, complete_lab_order, result_versions, sign_lab_result};
use crate::store::care::outcome::lab_trends;
use crate::store::care::record::{Edited, read_summary};
use crate::store::care::whole_chart::result_ranges;

/// A series is ten years long at most.
const SERIES_DAYS: i64 = 3_650;

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
    /// What it was and what it became, where it was corrected: value, status, when it was given, and why.
    versions: Vec<[String; 4]>,
    /// To sign it or to correct it.
    form: Option<(&'static str, Form)>,
    is_own: bool,
    tab: &'static str,
}

/// What is shown of a version.
fn version_line(version: &ResultVersion, zone: &jiff::tz::TimeZone) -> [String; 4] {
    let (text, of) = value(&version.value);
    let sign = version.comparator.as_deref().unwrap_or_default();
    let told = [format!("{sign}{text} {of}"), sentence(version.status.as_str()), moment(version.issued_at, zone)];
    let [value, status, when] = told;
    [value.trim_end().to_owned(), status, when, version.note.clone().unwrap_or_default()]
}

/// What can be done with a result as it stands: signing it, correcting its number, or nothing.
fn form_of(patient: PatientId, viewer: &Viewer, version: &ResultVersion) -> Option<(&'static str, Form)> {
    let action = format!("/patients/{patient}/results/{}", version.lab_result_id);
    match (version.status, &version.value) {
        (LabResultStatus::Preliminary, _) => {
            let mut form = Form::new("sign", action, &viewer.form_token, CHART.result_sign)
                .with(FormField::hidden("act", "sign"))
                .with(FormField::hidden("version", version.version));
            if version.lab_order_id.is_some() {
                form = form.with(FormField::check("completes", CHART.result_completes).of("on"));
            }
            Some((CHART.result_sign_title, form))
        }
        // A correction is a number: it would turn what lies below a limit into the limit.
        (LabResultStatus::Final | LabResultStatus::Amended, ResultValue::Number(value, _))
            if version.comparator.is_none() =>
        {
            let form = Form::new("correct", action, &viewer.form_token, CHART.result_correct)
                .with(FormField::hidden("act", "correct"))
                .with(FormField::number("number", CHART.result_number, "any").of(value).required())
                .with(FormField::line("remark", CHART.result_remark).required());
            Some((CHART.result_correct_title, form))
        }
        _ => None,
    }
}

/// Which field a rule is about.
const AT: &[(&str, &str)] = &[
    ("lab_result_is_amended_once", "number"),
    ("lab_result_values_are_numbers", "number"),
    ("lab_order_is_open", "completes"),
    ("lab_order_is_collected_after_it_was_ordered", "completes"),
];

/// How a test goes, in the patient's own results.
async fn trend_of(actor: &mut Actor<'_>, patient: PatientId, loinc: &str) -> Result<Option<String>, PageError> {
    let trends = lab_trends(actor, patient).await?;
    let trend = trends.iter().find(|trend| trend.loinc == loinc && trend.n > 2);
    Ok(trend.and_then(|trend| {
        let slope = trend.slope_per_year?;
        let sign = if slope > 0.0 { "+" } else { "" };
        let told = format!("{sign}{} {} {} {}", number(slope), unit(&trend.unit), CHART.a_year_over, trend.n);
        Some(format!("{told} {}", CHART.results_counted))
    }))
}

async fn shown(
    visit: &Visit,
    seat: &mut Seat,
    (patient, key): (Option<PatientId>, LabResultId),
    tried: Option<Tried>,
) -> Result<ResultPage, PageError> {
    let now = visit.portal.clock.now();
    let (mut actor, viewer) = seat.enter().await?;
    let is_own = patient.is_none();
    let (patient, base) = whose(patient, &viewer)?;
    let record = read_summary(&mut actor, patient).await?.ok_or(PageError::NotFound)?;
    let result = result(&mut actor, patient, key).await?.ok_or(PageError::NotFound)?;
    let ranges = result_ranges(&mut actor, patient, &[key]).await?;
    let trend = trend_of(&mut actor, patient, &result.loinc).await?;
    let from = now.plus_micros(-SERIES_DAYS * DAY_US);
    let points = chart_series::read(&mut actor, patient, &result.loinc, from, now).await?;
    let versions = result_versions(&mut actor, patient, key).await?;
    // Only what stands last is signed or corrected, and by who cares for somebody.
    let newest = versions.first().filter(|version| version.lab_result_id == key && !is_own);
    let form = newest.and_then(|version| form_of(patient, &viewer, version));
    let form = match form {
        Some((heading, form)) => Some((heading, told(tried, form, AT)?)),
        None => match tried.map(|tried| tried.why) {
            Some(Err(Problem::Page(error))) => return Err(error),
            Some(_) => return Err(PageError::Refused(CHART.result_changed.to_owned())),
            None => None,
        },
    };
    let stands = versions.first().map_or(key, |version| version.lab_result_id);
    let corrected = if stands == key { Vec::new() } else { vec![key] };
    let range = ranges.first().and_then(|(_, low, high)| low.zip(*high));
    let is_corrected = versions.len() > 1;
    Ok(ResultPage {
        shell: viewer.shell(&result.title),
        words: &CHART,
        banner: banner(&record, now, &viewer.zone),
        line: line(&result, (&ranges, &corrected), &viewer.zone),
        trend,
        series: series_view(&points, &result.title, range, &viewer.zone),
        versions: versions.iter().filter(|_| is_corrected).map(|one| version_line(one, &viewer.zone)).collect(),
        form,
        base,
        is_own,
        tab: "results",
    })
}

/// Shows it.
pub(super) async fn get(visit: Visit, Path(keys): Path<(String, String)>) -> Result<Response, PageError> {
    let (patient, key) = parsed(&keys)?;
    page(&shown(&visit, &mut visit.seat().await?, (Some(patient), key), None).await?)
}

/// Shows one's own.
pub(in crate::portal) async fn own(visit: Visit, Path(key): Path<String>) -> Result<Response, PageError> {
    let key = key.parse().map_err(|_| PageError::NotFound)?;
    page(&shown(&visit, &mut visit.seat().await?, (None, key), None).await?)
}

/// Signs or corrects it, by who has proved within ten minutes who that is.
pub(super) async fn post(
    visit: Visit,
    Path(keys): Path<(String, String)>,
    Sent(typed): Sent<Typed>,
) -> Result<Response, PageError> {
    let (patient, key) = parsed(&keys)?;
    let mut seat = visit.seat().await?;
    let (mut actor, _) = seat.enter_confirmed().await?;
    let found = result(&mut actor, patient, key).await?.ok_or(PageError::NotFound)?;
    let versions = result_versions(&mut actor, patient, key).await?;
    let version = versions.iter().find(|version| version.lab_result_id == key).ok_or(PageError::NotFound)?;
    let why = match typed.text("act") {
        "sign" => sign(&mut actor, &found, version, &typed).await.map(|edited| (edited, key)),
        "correct" => correct(&mut actor, key, &typed).await.map(|key| (Edited::Saved(1), key)),
        _ => return Err(PageError::NotFound),
    };
    if let Ok((Edited::Saved(_), stands)) = why {
        actor.commit().await?;
        let word = if stands == key { "signed" } else { "saved" };
        return Ok(done(&format!("/patients/{patient}/results/{stands}"), word));
    }
    drop(actor);
    let tried = Tried { typed, why: why.map(|(edited, _)| edited) };
    refused(&shown(&visit, &mut seat, (Some(patient), key), Some(tried)).await?)
}

async fn sign(
    actor: &mut Actor<'_>,
    result: &ChartResult,
    version: &ResultVersion,
    typed: &Typed,
) -> Result<Edited, Problem> {
    let edited = sign_lab_result(actor, result.lab_result_id, typed.number("version")?).await?;
    if let (Edited::Saved(_), Some(order), true) = (edited, version.lab_order_id, typed.is_checked("completes")) {
        complete_lab_order(actor, order, result.observed_at).await?;
    }
    Ok(edited)
}

async fn correct(actor: &mut Actor<'_>, key: LabResultId, typed: &Typed) -> Result<LabResultId, Problem> {
    Ok(amend_lab_result(actor, key, typed.number("number")?, typed.required("remark")?).await?)
}

fn parsed((patient, result): &(String, String)) -> Result<(PatientId, LabResultId), PageError> {
    let patient = patient.parse().map_err(|_| PageError::NotFound)?;
    Ok((patient, result.parse().map_err(|_| PageError::NotFound)?))
}
