//! `/patients/{id}/vitals/glucose` and `/me/vitals/glucose`: the profile of a week to three months of a glucose sensor,
//! by the days and hours of the person whose it is.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use serde::Deserialize;

use super::glucose_view::{GlucoseSeries, GlucoseTold};
use super::record_view::{Banner, banner};
use crate::model::people::PatientId;
use crate::model::time::DAY_US;
use crate::portal::answer::page;
use crate::portal::edge::sent::Behind;
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::shown::day_of;
use crate::portal::visit::Visit;
use crate::portal::words::WORDS;
use crate::portal::words::glucose::{GLUCOSE, GlucoseWords};
use crate::store::care::quarters::{TiersAnswer, read_tiers};
use crate::store::care::record::read_summary;
use crate::store::care::samples::SamplesQuery;

/// What is read: what a sensor under the skin measures.
pub(super) const METRIC: &str = "interstitial_glucose";
/// Days that can be chosen; the second unless another is.
const DAYS: [i64; 4] = [7, 14, 30, 90];

#[derive(Template)]
#[template(path = "pages/chart/glucose.html", config = "src/portal/askama.toml")]
struct GlucosePage {
    shell: Shell,
    words: &'static GlucoseWords,
    banner: Banner,
    base: String,
    /// How many days, path, whether it is shown.
    periods: Vec<(i64, String, bool)>,
    shown: String,
    zone: String,
    /// Why there is no profile.
    none: Option<&'static str>,
    told: Option<GlucoseTold>,
    is_short: bool,
    is_own: bool,
    tab: &'static str,
}

/// How many days are asked for.
#[derive(Debug, Default, Deserialize)]
pub(in crate::portal) struct DaysAsked {
    days: Option<i64>,
}

/// Shows a patient's to a provider.
pub(in crate::portal) async fn of_patient(
    visit: Visit,
    Path(key): Path<String>,
    Behind(asked): Behind<DaysAsked>,
) -> Result<Response, PageError> {
    let patient = key.parse().map_err(|_| PageError::NotFound)?;
    shown(visit, Some(patient), asked).await
}

/// Shows one's own.
pub(in crate::portal) async fn own(visit: Visit, Behind(asked): Behind<DaysAsked>) -> Result<Response, PageError> {
    shown(visit, None, asked).await
}

async fn shown(visit: Visit, patient: Option<PatientId>, asked: DaysAsked) -> Result<Response, PageError> {
    let now = visit.portal.clock.now();
    let days = asked.days.filter(|days| DAYS.contains(days)).unwrap_or(14);
    let mut seat = visit.seat().await?;
    let (mut actor, viewer) = seat.enter().await?;
    let is_own = patient.is_none();
    let patient = patient.or(viewer.profile.patient_id).ok_or(PageError::NotFound)?;
    let record = read_summary(&mut actor, patient).await?.ok_or(PageError::NotFound)?;
    // Some hours more, since the first day begins where its person lives.
    let from = now.plus_micros(-(days + 1) * DAY_US);
    let query = SamplesQuery { patient, metric: METRIC.to_owned(), from, to: now, request: None };
    let answer = read_tiers(&mut actor, &query).await?;
    let series = match &answer {
        TiersAnswer::Known(measured) => GlucoseSeries::of(measured, days, now),
        TiersAnswer::Closed | TiersAnswer::TooMany => None,
    };
    let base = if is_own { "/me/vitals".to_owned() } else { format!("/patients/{patient}/vitals") };
    let told = series.as_ref().and_then(|series| series.told(&base));
    let none = match &answer {
        TiersAnswer::Known(_) => GLUCOSE.none,
        TiersAnswer::TooMany => GLUCOSE.too_many,
        TiersAnswer::Closed => WORDS.vitals_closed,
    };
    let zone = series.as_ref().map_or(&viewer.zone, GlucoseSeries::zone);
    let (first, last) = series.as_ref().map_or((from, now), GlucoseSeries::bounds);
    page(&GlucosePage {
        shell: viewer.shell(GLUCOSE.title),
        words: &GLUCOSE,
        banner: banner(&record, now, &viewer.zone),
        periods: DAYS.map(|each| (each, format!("{base}/glucose?days={each}"), each == days)).into(),
        shown: format!("{} – {}", day_of(first, zone), day_of(last, zone)),
        zone: zone.iana_name().unwrap_or("UTC").to_owned(),
        none: told.is_none().then_some(none),
        told,
        is_short: days < 14,
        base,
        is_own,
        tab: "vitals",
    })
}
