//! `/me/export`: all of one's own to take along: the record as JSON (`…/record`), what devices measured as CSV
//! (`…/samples`). Files are called the same for everybody.
//!
//! Forms are sent, since each part that is read is recorded as a look.

use askama::Template;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use jiff::Span;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use crate::model::people::PatientId;
use crate::model::time::{Day, Timestamp};
use crate::portal::answer::{page, refused};
use crate::portal::csv::row;
use crate::portal::edge::sent::Sent;
use crate::portal::forms::{Form, FormField, Problem, Typed};
use crate::portal::page_error::PageError;
use crate::portal::pages::between::journal_view::all_words;
use crate::portal::shell::Shell;
use crate::portal::visit::{Seat, Viewer, Visit};
use crate::portal::words::share::{SHARE, ShareWords};
use crate::store::care::export::whole;
use crate::store::care::samples::{PatientSample, SamplesAnswer, SamplesQuery, read_samples};
use crate::store::care::vitals::newest;

#[derive(Template)]
#[template(path = "pages/own/export.html", config = "src/portal/askama.toml")]
struct ExportPage {
    shell: Shell,
    words: &'static ShareWords,
    record: Form,
    /// `None` where no device has measured anything.
    samples: Option<Form>,
}

async fn shown(seat: &mut Seat, form: impl FnOnce(Form) -> Result<Form, PageError>) -> Result<ExportPage, PageError> {
    let (mut actor, viewer) = seat.enter().await?;
    let patient = viewer.profile.patient_id.ok_or(PageError::NotFound)?;
    let measured = newest(&mut actor, patient).await?.unwrap_or_default();
    let mut metrics: Vec<(String, String)> = measured.into_iter().map(|vital| (vital.metric, vital.title)).collect();
    metrics.dedup();
    let record = Form::new("record", "/me/export/record", &viewer.form_token, SHARE.export_record_get);
    let samples = if metrics.is_empty() { None } else { Some(form(asking(metrics, &viewer))?) };
    Ok(ExportPage { shell: viewer.shell(SHARE.export_title), words: &SHARE, record, samples })
}

fn asking(metrics: Vec<(String, String)>, viewer: &Viewer) -> Form {
    Form::new("samples", "/me/export/samples", &viewer.form_token, SHARE.export_samples_get)
        .with(FormField::choice("metric", SHARE.export_metric, metrics).required())
        .with(FormField::day("first", SHARE.export_first).required())
        .with(FormField::day("last", SHARE.export_last).hint(SHARE.export_last_hint).required())
}

/// Shows what there is to take along.
pub(super) async fn get(visit: Visit) -> Result<Response, PageError> {
    let mut seat = visit.seat().await?;
    page(&shown(&mut seat, Ok).await?)
}

/// Gives the record.
pub(super) async fn post_record(visit: Visit) -> Result<Response, PageError> {
    let now = visit.portal.clock.now();
    let mut seat = visit.seat().await?;
    let (mut actor, viewer) = seat.enter_confirmed().await?;
    let patient = viewer.profile.patient_id.ok_or(PageError::NotFound)?;
    let mut parts = whole(&mut actor, patient).await?;
    if let Some(envelope) = &visit.portal.envelope {
        let entries = all_words(&mut actor, envelope, (patient, now)).await?.into_iter();
        let entry = |(entry, words): (_, Option<String>)| line_of(entry, words);
        parts.insert("journal".to_owned(), entries.map(entry).collect());
    }
    parts.insert("made_at".to_owned(), Value::String(now.to_string()));
    let body = serde_json::to_string_pretty(&parts).map_err(|error| {
        tracing::warn!("an export could not be written: {error}");
        PageError::Unavailable
    })?;
    Ok(file("application/json", "health-record.json", body))
}

fn line_of(entry: crate::store::care::journal::JournalEntry, words: Option<String>) -> Value {
    json!({ "written_at": entry.written_at.to_string(), "mood": entry.mood, "words": words })
}

/// A file to be kept, not shown.
fn file(media_type: &'static str, name: &str, body: String) -> Response {
    let disposition = format!("attachment; filename=\"{name}\"");
    ([(CONTENT_TYPE, media_type.to_owned()), (CONTENT_DISPOSITION, disposition)], body).into_response()
}

/// Which field a rule is about.
const AT: &[(&str, &str)] =
    &[("samples_are_asked_for_by_metric_and_time", "last"), ("samples_are_of_a_known_metric", "metric")];

/// Gives what devices measured.
pub(super) async fn post_samples(visit: Visit, Sent(typed): Sent<Typed>) -> Result<Response, PageError> {
    let mut seat = visit.seat().await?;
    let (actor, viewer) = seat.enter_confirmed().await?;
    let patient = viewer.profile.patient_id.ok_or(PageError::NotFound)?;
    let read = match wanted(patient, &typed, &viewer.zone) {
        Ok(query) => read_samples(actor, &query).await.map_err(Problem::from),
        Err(problem) => {
            drop(actor);
            Err(problem)
        }
    };
    let problem = match read {
        Ok(SamplesAnswer::Samples(samples)) => {
            return Ok(file("text/csv; charset=utf-8", "samples.csv", csv(&samples)));
        }
        Ok(SamplesAnswer::TooMany) => Problem::at("last", SHARE.export_too_many),
        Ok(SamplesAnswer::Denied(_)) => return Err(PageError::NotFound),
        Err(problem) => problem,
    };
    let asked = shown(&mut seat, |form| form.filled(&typed).told(problem, AT)).await?;
    refused(&asked)
}

fn wanted(patient: PatientId, typed: &Typed, zone: &TimeZone) -> Result<SamplesQuery, Problem> {
    let metric = typed.required("metric")?.to_owned();
    let (first, last) = (typed.day("first")?, typed.day("last")?);
    if last < first {
        return Err(Problem::at("last", SHARE.export_last_before_first));
    }
    let (from, to) = (begins(first, 0, zone)?, begins(last, 1, zone)?);
    Ok(SamplesQuery { patient, metric, from, to, request: None })
}

/// When a day, or one some days later, begins in a zone.
fn begins(day: Day, later: i32, zone: &TimeZone) -> Result<Timestamp, Problem> {
    let wrong = || Problem::at("last", SHARE.export_last_before_first);
    let at = jiff::Timestamp::from_microsecond(day.start().micros()).map_err(|_| wrong())?;
    let date = at.to_zoned_datetime(TimeZone::UTC).date();
    let span = Span::new().try_days(later).map_err(|_| wrong())?;
    let date = date.checked_add(span).map_err(|_| wrong())?;
    let at = date.to_zoned_datetime(zone.clone()).map_err(|_| wrong())?.timestamp();
    Timestamp::from_micros(at.as_microsecond()).map_err(|_| wrong())
}

/// A row a sample, times in UTC.
fn csv(samples: &[PatientSample]) -> String {
    let mut text = String::new();
    row(&mut text, &["start_at", "end_at", "value", "unit", "statistic", "code", "device", "flags", "revision"]);
    for sample in samples {
        let flags: Vec<String> = sample.flags.words().map(str::to_owned).collect();
        let cells = [
            sample.start_at.to_string(),
            sample.end_at.map(|end| end.to_string()).unwrap_or_default(),
            sample.value.map(|value| value.to_string()).unwrap_or_default(),
            sample.unit.clone(),
            sample.statistic.clone().unwrap_or_default(),
            sample.code.clone().unwrap_or_default(),
            sample.device.clone(),
            flags.join(" "),
            sample.origin.revision.map(|revision| revision.number().to_string()).unwrap_or_default(),
        ];
        row(&mut text, &cells);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_where_its_person_lives() {
        let day = Timestamp::parse_rfc3339("2026-03-08T00:00:00Z").unwrap().day();
        let chicago = TimeZone::get("America/Chicago").unwrap();
        let (from, to) = (begins(day, 0, &chicago).unwrap(), begins(day, 1, &chicago).unwrap());
        assert_eq!(from, Timestamp::parse_rfc3339("2026-03-08T06:00:00Z").unwrap());
        assert_eq!(to.micros_since(from), 23 * 3_600_000_000, "clocks leave an hour out");
    }
}
