//! `/patients/{id}`: a patient's record on one screen, the banner always in sight, what needs attention first.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;

use super::alerts_view::{AlertLine, alert_line};
use super::record_view::{Banner, LineOfResult, Sections, banner, critical, sections};
use crate::portal::answer::page;
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::visit::Visit;
use crate::portal::words::WORDS;
use crate::portal::words::chart::{CHART, ChartWords};
use crate::store::care::alert;
use crate::store::care::record::read_summary;

#[derive(Template)]
#[template(path = "pages/chart/patient.html", config = "src/portal/askama.toml")]
struct PatientPage {
    shell: Shell,
    words: &'static ChartWords,
    alerts: Vec<AlertLine>,
    critical: Vec<LineOfResult>,
    banner: Banner,
    sections: Sections,
    is_own: bool,
    tab: &'static str,
}

/// Shows it.
pub(in crate::portal) async fn get(visit: Visit, Path(key): Path<String>) -> Result<Response, PageError> {
    let now = visit.portal.clock.now();
    let mut seat = visit.seat().await?;
    let (mut actor, viewer) = seat.enter().await?;
    let patient = key.parse().map_err(|_| PageError::NotFound)?;
    let record = read_summary(&mut actor, patient).await?.ok_or(PageError::NotFound)?;
    let open = alert::open(&mut actor).await?;
    let of_patient = open.iter().filter(|alert| alert.patient_id == patient);
    page(&PatientPage {
        shell: viewer.shell(WORDS.record_title),
        words: &CHART,
        alerts: of_patient.map(|alert| alert_line(alert, &viewer.zone)).collect(),
        critical: critical(&record, &viewer.zone),
        banner: banner(&record, now, &viewer.zone),
        sections: sections(&record, &viewer.zone),
        is_own: false,
        tab: "record",
    })
}
