//! `/analytics`: how care goes, in counts of many, by facility and period; `/analytics/{table}`: a table as a file.

use askama::Template;
use axum::extract::Path;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::analytics_question::Question;
use super::analytics_tables::{figure, tables_of};
use super::figure::{CellShown, Figure, FigureChoice};
use crate::model::people::Role;
use crate::portal::answer::page;
use crate::portal::edge::sent::Behind;
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::visit::Visit;
use crate::portal::words::figures::{FIGURES, FigureWords};

#[derive(Template)]
#[template(path = "pages/figures/analytics.html", config = "src/portal/askama.toml")]
struct AnalyticsPage {
    shell: Shell,
    words: &'static FigureWords,
    text: &'static str,
    tables: Vec<TableShown>,
    /// Facilities to choose from; none where there is no choice.
    facilities: Vec<FigureChoice>,
    periods: Vec<FigureChoice>,
    /// Behind the path of a file.
    query: String,
}

struct TableShown {
    figure: Figure,
    rows: Vec<Vec<CellShown>>,
}

/// What is asked for.
#[derive(Debug, Default, Deserialize)]
pub(super) struct FiguresAsked {
    #[serde(default)]
    facility: String,
    #[serde(default)]
    period: String,
}

/// Shows all tables.
pub(super) async fn get(visit: Visit, Behind(asked): Behind<FiguresAsked>) -> Result<Response, PageError> {
    let now = visit.portal.clock.now();
    let mut seat = visit.seat().await?;
    let (mut actor, viewer) = seat.enter().await?;
    let question = Question::read(&mut actor, &asked.facility, &asked.period, now).await?;
    let mut tables = Vec::new();
    for key in tables_of(viewer.role) {
        let figure = figure(&mut actor, &question, key).await?.ok_or(PageError::NotFound)?;
        tables.push(TableShown { rows: figure.shown(), figure });
    }
    let facilities = question.choices();
    let query = format!("?facility={}&period={}", question.facility_key(), question.period);
    page(&AnalyticsPage {
        shell: viewer.shell(FIGURES.analytics_title),
        words: &FIGURES,
        text: if viewer.role == Role::FacilityManager { FIGURES.own_text } else { FIGURES.analytics_text },
        tables,
        facilities,
        periods: question.periods(),
        query,
    })
}

/// Gives one as a file.
pub(super) async fn get_file(
    visit: Visit,
    Path(file): Path<String>,
    Behind(asked): Behind<FiguresAsked>,
) -> Result<Response, PageError> {
    let now = visit.portal.clock.now();
    let mut seat = visit.seat().await?;
    let (mut actor, viewer) = seat.enter().await?;
    let named = file.strip_suffix(".csv").unwrap_or_default();
    let known = tables_of(viewer.role).iter().find(|key| **key == named).ok_or(PageError::NotFound)?;
    let question = Question::read(&mut actor, &asked.facility, &asked.period, now).await?;
    let figure = figure(&mut actor, &question, known).await?.ok_or(PageError::NotFound)?;
    let headers = [
        (CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"{known}.csv\"")),
    ];
    Ok((headers, figure.csv()).into_response())
}
