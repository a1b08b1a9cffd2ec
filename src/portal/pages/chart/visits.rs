//! `/patients/{id}/visits`: visits and stays with where they were, the latest first, page by page.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;

use super::record_view::{Banner, banner};
use crate::model::people::{EncounterClass, EncounterId};
use crate::model::time::Timestamp;
use crate::portal::answer::page;
use crate::portal::edge::sent::Sent;
use crate::portal::forms::Typed;
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::shown::{moment, sentence};
use crate::portal::visit::Visit;
use crate::portal::words::WORDS;
use crate::portal::words::chart::{CHART, ChartWords};
use crate::store::care::chart::visits;
use crate::store::care::record::{EncounterLine, read_summary};

const ROWS: u16 = 50;

#[derive(Template)]
#[template(path = "pages/chart/visits.html", config = "src/portal/askama.toml")]
struct VisitsPage {
    shell: Shell,
    words: &'static ChartWords,
    form_token: String,
    banner: Banner,
    lines: Vec<VisitLine>,
    /// The last line, where there are more.
    more: Option<(i64, EncounterId)>,
    is_own: bool,
    tab: &'static str,
}

struct VisitLine {
    began: String,
    /// `None` while it goes on.
    ended: Option<String>,
    kind: String,
    facility: String,
    reason: String,
}

/// Shows the latest.
pub(super) async fn get(visit: Visit, Path(patient): Path<String>) -> Result<Response, PageError> {
    listed(visit, &patient, None).await
}

/// Shows those before the last line of the page before: a form that is sent, since days of visits are nothing for URLs.
pub(super) async fn post(
    visit: Visit,
    Path(patient): Path<String>,
    Sent(typed): Sent<Typed>,
) -> Result<Response, PageError> {
    let at = typed.text("at").parse().ok().and_then(|at| Timestamp::from_micros(at).ok());
    let after = at.zip(typed.text("after").parse().ok());
    listed(visit, &patient, after).await
}

async fn listed(visit: Visit, key: &str, after: Option<(Timestamp, EncounterId)>) -> Result<Response, PageError> {
    let now = visit.portal.clock.now();
    let patient = key.parse().map_err(|_| PageError::NotFound)?;
    let mut seat = visit.seat().await?;
    let (mut actor, viewer) = seat.enter().await?;
    let record = read_summary(&mut actor, patient).await?.ok_or(PageError::NotFound)?;
    let before = after.map(|(began_at, encounter_id)| EncounterLine {
        encounter_id,
        class: EncounterClass::Ambulatory,
        began_at,
        ended_at: None,
        reason: None,
    });
    let mut found = visits(&mut actor, patient, before.as_ref(), ROWS + 1).await?;
    let has_more = found.len() > usize::from(ROWS);
    found.truncate(usize::from(ROWS));
    let line = |(line, facility): &(EncounterLine, String)| VisitLine {
        began: moment(line.began_at, &viewer.zone),
        ended: line.ended_at.map(|at| moment(at, &viewer.zone)),
        kind: sentence(line.class.as_str()),
        facility: facility.clone(),
        reason: line.reason.clone().unwrap_or_default(),
    };
    page(&VisitsPage {
        shell: viewer.shell(WORDS.visits),
        words: &CHART,
        form_token: viewer.form_token.clone(),
        banner: banner(&record, now, &viewer.zone),
        lines: found.iter().map(line).collect(),
        more: found.last().filter(|_| has_more).map(|(last, _)| (last.began_at.micros(), last.encounter_id)),
        is_own: false,
        tab: "visits",
    })
}
