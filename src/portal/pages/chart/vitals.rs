//! `/patients/{id}/vitals` and `/me/vitals`: all channels on one axis of time, an hour to a year.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use serde::Deserialize;

use super::record_view::{Banner, banner};
use super::vitals_view::{VitalsAsked, VitalsSpan, VitalsView, live_path, metrics, view};
use crate::model::people::PatientId;
use crate::model::time::Timestamp;
use crate::portal::answer::page;
use crate::portal::edge::sent::Behind;
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::shown::is_adult;
use crate::portal::visit::Visit;
use crate::portal::words::WORDS;
use crate::store::care::chart::plans;
use crate::store::care::record::read_summary;
use crate::store::care::vitals::{VitalsQuery, read};

#[derive(Template)]
#[template(path = "pages/chart/vitals.html", config = "src/portal/askama.toml")]
struct VitalsPage {
    shell: Shell,
    banner: Banner,
    /// `None` where samples are not open to who asks.
    view: Option<VitalsView>,
    live: String,
    is_own: bool,
    tab: &'static str,
}

/// Which time is asked for.
#[derive(Debug, Default, Deserialize)]
pub(in crate::portal) struct TimeAsked {
    #[serde(default)]
    span: String,
    /// Its end, in seconds since 1970; the present where none is named.
    to: Option<i64>,
}

/// Shows a patient's to a provider.
pub(in crate::portal) async fn of_patient(
    visit: Visit,
    Path(key): Path<String>,
    Behind(time): Behind<TimeAsked>,
) -> Result<Response, PageError> {
    let patient = key.parse().map_err(|_| PageError::NotFound)?;
    shown(visit, Some(patient), time).await
}

/// Shows one's own.
pub(in crate::portal) async fn own(visit: Visit, Behind(time): Behind<TimeAsked>) -> Result<Response, PageError> {
    shown(visit, None, time).await
}

async fn shown(visit: Visit, patient: Option<PatientId>, time: TimeAsked) -> Result<Response, PageError> {
    let now = visit.portal.clock.now();
    let span = VitalsSpan::of(&time.span);
    let asked_to = time.to.and_then(|to| Timestamp::from_millis(to.checked_mul(1_000)?).ok());
    let to = asked_to.filter(|to| *to < now && to.micros() > 0).unwrap_or(now);
    let mut seat = visit.seat().await?;
    let (mut actor, viewer) = seat.enter().await?;
    let is_own = patient.is_none();
    let patient = patient.or(viewer.profile.patient_id).ok_or(PageError::NotFound)?;
    let record = read_summary(&mut actor, patient).await?.ok_or(PageError::NotFound)?;
    let from = to.plus_micros(-span.micros());
    let metrics = metrics();
    let query = VitalsQuery { patient, metrics: &metrics, from, to, every: span.every() };
    let vitals = read(&mut actor, &query).await?;
    let plans = plans(&mut actor, patient).await?;
    let base = if is_own { "/me/vitals".to_owned() } else { format!("/patients/{patient}/vitals") };
    let is_adult = is_adult(record.born_on.as_ref(), now, &viewer.zone);
    let asked = VitalsAsked { base: &base, span, to, now, zone: &viewer.zone, is_adult };
    page(&VitalsPage {
        shell: viewer.shell(WORDS.vitals_title),
        banner: banner(&record, now, &viewer.zone),
        view: vitals.map(|vitals| view(&asked, &vitals, &plans)),
        live: live_path(&base, &visit, now),
        is_own,
        tab: "vitals",
    })
}
