//! `/me`: a patient's own record, with what their devices last measured first.

use askama::Template;
use axum::response::Response;

use crate::portal::answer::page;
use crate::portal::page_error::PageError;
use crate::portal::pages::chart::record_view::{Banner, Sections, banner, sections};
use crate::portal::pages::chart::vitals_view::{Tile, live_path, tiles};
use crate::portal::shell::Shell;
use crate::portal::visit::Visit;
use crate::portal::words::WORDS;
use crate::store::care::record::read_summary;
use crate::store::care::vitals::newest;

#[derive(Template)]
#[template(path = "pages/own/me.html", config = "src/portal/askama.toml")]
struct MePage {
    shell: Shell,
    banner: Banner,
    sections: Sections,
    tiles: Vec<Tile>,
    live: String,
    is_own: bool,
    tab: &'static str,
}

/// Shows it.
pub(in crate::portal) async fn get(visit: Visit) -> Result<Response, PageError> {
    let now = visit.portal.clock.now();
    let mut seat = visit.seat().await?;
    let (mut actor, viewer) = seat.enter().await?;
    let patient = viewer.profile.patient_id.ok_or(PageError::NotFound)?;
    let record = read_summary(&mut actor, patient).await?.ok_or(PageError::NotFound)?;
    let newest = newest(&mut actor, patient).await?.unwrap_or_default();
    page(&MePage {
        shell: viewer.shell(WORDS.menu_me),
        banner: banner(&record, now, &viewer.zone),
        sections: sections(&record, &viewer.zone),
        tiles: tiles(&newest, now, &viewer.zone),
        live: live_path("/me/vitals", &visit, now),
        is_own: true,
        tab: "",
    })
}
