//! The portal: pages for patients and those who care for them, at the address where the daemon answers.
//!
//! ```text
//! a request → edge     headers, forms of other sites, panics          for every request alike
//!           → visit    cookie → token → `Actor` on a connection        who asks, and whether the URL is for that part
//!           → pages    a function of the actor → a template            what is shown, or done
//!           → answer   HTML, or one sentence that says why not         `page_error`
//! ```
//!
//! A *page* is one file in `pages/` beside its template: it takes a `Visit`, sits down (`seat`), enters (`enter`: who
//! acts), asks functions of `store::care` and `care` by that actor, and fills its template. It has no query of its own
//! and no text: every text stands in `words`, and how times and numbers are written in `shown`.
//!
//! | to add | do |
//! |---|---|
//! | a page | a file and its template in an area of `pages/`, a line in its list, a row in `tests/portal/matrix.rs` |
//! | a text | a line of `words`, in the file of its area |
//! | a form | `forms::Form` for what is asked, `forms::Typed` for what was typed |
//! | a look of the page | a rule of `assets/style.css`; templates hold neither style nor code |
//!
//! # Why
//! *The database decides.* A page cannot show what `api` does not give to the token it was asked with, and what it
//! gives was audited before: a look that cannot be recorded shows nothing. The table of URLs is a second wall and tells
//! nothing: a part for which a page is not gets the very bytes of a page that is not there.
//!
//! *Pages are made here, and work without a script.* A page is some 10 to 40 kB and complete when it arrives; the
//! script, of one file, keeps values fresh. Nothing comes from another site, and the policy for content lets nothing
//! come: no style or code stands within a page. What depends on the width of a screen is the stylesheet's.
//!
//! *What a form may do.* Only forms change anything, from pages of ours alone (`edge::cross_site`). A form sends what a
//! URL must not hold: a name that is searched for is posted.
//!
//! Invariant: a URL that is in no list is for nobody. Invariant: without a
//! playbill, which the demo alone makes, there is no URL by which one becomes somebody (`tests/portal/demo.rs`).

/// Every text.
mod words;

/// How times and numbers are written.
mod shown;

/// Sums of money.
mod money;

/// Files of rows.
mod csv;

/// Stylesheet, script and icon.
mod assets;

/// What stands around a page.
mod shell;

/// Why a page is not shown.
mod page_error;

/// A template as an answer.
mod answer;

/// Whom a visitor of the demo can be.
mod playbill;

/// What browsers keep and cannot read.
mod seal;

/// One-time links to set a password.
mod one_time;

/// Forms that were interrupted.
mod carried;

/// By whom else people are signed in.
mod provider;

/// What every page shares.
mod state;

/// How the daemon fares.
mod pulse;

/// Which URL is for whom.
mod urls;

/// A page.
mod page;

/// Who asks.
mod visit;

/// What goes on at once.
mod places;

/// What one session sends twice.
mod turns;

/// What is new for them.
mod news;

/// What holds for every request.
mod edge;

/// Drawings.
mod chart;

/// What is asked in forms, and what was typed.
mod forms;

/// The pages.
mod pages;

use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::post;
use axum::{Extension, Router};

pub use page_error::PageError;
pub use playbill::Playbill;
pub use state::{Portal, PortalError, PortalState};
pub use urls::{Audience, PortalUrl};

use pages::door::home;

/// The pages, complete with their edge.
pub fn router(portal: Portal) -> Router {
    let mut router = Router::new();
    for page in pages::all() {
        router = router.route(page.path, page.handler.layer(Extension(page.audience)));
    }
    if portal.playbill.is_some() {
        router = router.route("/play", post(home::play)).route("/play/confirm", post(home::confirm));
    }
    router
        .fallback(async || PageError::NotFound)
        .method_not_allowed_fallback(async || PageError::NotFound)
        .layer(DefaultBodyLimit::max(edge::FORM_BYTES_MAX))
        .layer(from_fn_with_state(portal.clone(), edge::carry::keep))
        .layer(from_fn_with_state(portal.clone(), edge::cross_site::refuse))
        .layer(from_fn(edge::panics::answer))
        .layer(from_fn_with_state(portal.clone(), edge::headers::add))
        .with_state(portal)
}

/// Every URL of a page, and whom it is for.
pub fn urls() -> Vec<PortalUrl> {
    pages::all().into_iter().map(|page| PortalUrl { path: page.path, audience: page.audience }).collect()
}
