//! A page: where it is, for whom, and what answers.

use axum::routing::MethodRouter;

use super::state::Portal;
use super::urls::Audience;

/// A page: where it is, for whom, and what answers.
pub(super) struct PortalPage {
    pub(super) path: &'static str,
    pub(super) audience: Audience,
    pub(super) handler: MethodRouter<Portal>,
}

/// A page.
pub(super) fn at(path: &'static str, audience: Audience, handler: MethodRouter<Portal>) -> PortalPage {
    PortalPage { path, audience, handler }
}
