//! `/patients/{id}/documents`: what is attached to a record, the latest first, page by page; and
//! `/patients/{id}/documents/{document}`: the bytes of one, opened, as a file that is kept and not shown.
//!
//! # Why
//! Who uploads something is not trusted: a file is never shown within the portal, whose cookie it would have, but given
//! to be saved, by the type that it was stored with. Files are called alike for everybody.

use askama::Template;
use axum::extract::Path;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use jiff::tz::TimeZone;

use super::record_view::{Banner, banner};
use crate::model::people::{DocumentId, PatientId};
use crate::model::time::Timestamp;
use crate::portal::answer::page;
use crate::portal::edge::sent::Sent;
use crate::portal::forms::Typed;
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::shown::{day_of, number, sentence, who};
use crate::portal::visit::Visit;
use crate::portal::words::chart::{CHART, ChartWords};
use crate::security::envelope::{CellAddress, DataKey, decrypt_bytes};
use crate::store::care::data_key::{self, DataKeys};
use crate::store::care::document::{DocumentLine, documents, find};
use crate::store::care::record::read_summary;
use crate::telemetry::chain;

const ROWS: u16 = 50;

#[derive(Template)]
#[template(path = "pages/chart/documents.html", config = "src/portal/askama.toml")]
struct DocumentsPage {
    shell: Shell,
    words: &'static ChartWords,
    form_token: String,
    banner: Banner,
    lines: Vec<LineOfDocument>,
    /// The last line, where there are more.
    more: Option<(i64, DocumentId)>,
    is_own: bool,
    tab: &'static str,
}

struct LineOfDocument {
    key: DocumentId,
    title: String,
    /// What it is, and how large.
    told: String,
    /// What is not current.
    status: Option<String>,
    author: String,
    when: String,
    is_here: bool,
    is_kept_apart: bool,
}

/// What a file is, in a word, and how its name ends.
fn kind_of(media_type: &str) -> (&'static str, &'static str) {
    match media_type {
        "application/pdf" => ("PDF", "pdf"),
        "application/dicom" => ("DICOM", "dcm"),
        "application/xml" => ("XML", "xml"),
        "image/jpeg" => ("JPEG", "jpg"),
        "image/png" => ("PNG", "png"),
        "image/tiff" => ("TIFF", "tif"),
        "text/plain" => (CHART.document_text, "txt"),
        _ => (CHART.document_file, "bin"),
    }
}

fn size(bytes: i32) -> String {
    let bytes = f64::from(bytes);
    match bytes {
        ..1_000.0 => format!("{} B", number(bytes)),
        ..1_000_000.0 => format!("{} kB", number(bytes / 1_000.0)),
        _ => format!("{} MB", number(bytes / 1_000_000.0)),
    }
}

fn line(line: &DocumentLine, zone: &TimeZone) -> LineOfDocument {
    LineOfDocument {
        key: line.document_id,
        title: line.title.clone(),
        told: format!("{}, {}", kind_of(&line.media_type).0, size(line.size_bytes)),
        status: (line.status != "current").then(|| sentence(&line.status)),
        author: line.author.as_deref().map(who).unwrap_or_default(),
        when: day_of(line.documented_at, zone),
        is_here: line.place == "database" && line.status != "entered_in_error",
        is_kept_apart: line.sensitivity.is_some(),
    }
}

/// Shows the latest.
pub(super) async fn get(visit: Visit, Path(patient): Path<String>) -> Result<Response, PageError> {
    listed(visit, &patient, None).await
}

/// Shows those before the last line of the page before: a form that is sent, since days are nothing for a URL.
pub(super) async fn post(
    visit: Visit,
    Path(patient): Path<String>,
    Sent(typed): Sent<Typed>,
) -> Result<Response, PageError> {
    let at = typed.text("at").parse().ok().and_then(|at| Timestamp::from_micros(at).ok());
    listed(visit, &patient, at.zip(typed.text("after").parse().ok())).await
}

async fn listed(visit: Visit, key: &str, before: Option<(Timestamp, DocumentId)>) -> Result<Response, PageError> {
    let now = visit.portal.clock.now();
    let patient = key.parse().map_err(|_| PageError::NotFound)?;
    let mut seat = visit.seat().await?;
    let (mut actor, viewer) = seat.enter().await?;
    let record = read_summary(&mut actor, patient).await?.ok_or(PageError::NotFound)?;
    let mut found = documents(&mut actor, patient, before, ROWS + 1).await?;
    let has_more = found.len() > usize::from(ROWS);
    found.truncate(usize::from(ROWS));
    page(&DocumentsPage {
        shell: viewer.shell(CHART.documents_title),
        words: &CHART,
        form_token: viewer.form_token.clone(),
        banner: banner(&record, now, &viewer.zone),
        lines: found.iter().map(|document| line(document, &viewer.zone)).collect(),
        more: found.last().filter(|_| has_more).map(|last| (last.documented_at.micros(), last.document_id)),
        is_own: false,
        tab: "documents",
    })
}

/// Gives the bytes of one.
pub(super) async fn get_one(visit: Visit, Path(keys): Path<(String, String)>) -> Result<Response, PageError> {
    let patient: PatientId = keys.0.parse().map_err(|_| PageError::NotFound)?;
    let key: DocumentId = keys.1.parse().map_err(|_| PageError::NotFound)?;
    let mut seat = visit.seat().await?;
    let (mut actor, _) = seat.enter().await?;
    let sealed = find(&mut actor, patient, key).await?.ok_or(PageError::NotFound)?;
    let body = sealed.body.ok_or_else(|| PageError::Refused(CHART.document_elsewhere.to_owned()))?;
    let envelope = visit.portal.envelope.as_ref();
    let envelope = envelope.ok_or_else(|| PageError::Refused(CHART.document_no_key.to_owned()))?;
    let wrapped = data_key::find(&mut DataKeys::Acting(&mut actor), patient).await?.ok_or(PageError::NotFound)?;
    let row = key.to_string();
    let place = CellAddress { table: "care.document_content", column: "body", row: &row };
    let opened = DataKey::unwrap(envelope, &patient, &wrapped).and_then(|key| decrypt_bytes(&key, &place, &body));
    let bytes = opened.map_err(|error| {
        tracing::warn!("a document cannot be opened: {}", chain(&error));
        PageError::Unavailable
    })?;
    let disposition = format!("attachment; filename=\"document.{}\"", kind_of(&sealed.media_type).1);
    let headers = [
        (CONTENT_TYPE, sealed.media_type),
        (CONTENT_DISPOSITION, disposition),
        (CONTENT_SECURITY_POLICY, "sandbox".to_owned()),
    ];
    Ok((headers, bytes.to_vec()).into_response())
}
