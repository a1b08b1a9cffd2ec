//! One-time links by which the owner of an account sets a password: made here, shown once to who keeps the account, and
//! kept in the database as a digest. No URL that is asked for and no log holds one before its owner uses it.

use super::page_error::PageError;
use super::shown::moment;
use super::state::Portal;
use super::visit::Viewer;
use crate::model::time::Timestamp;
use crate::store::care::session::SessionToken;

/// What a link is for: the page that it leads to.
#[derive(Copy, Clone, Debug)]
pub(super) enum Purpose {
    /// The first password.
    Invite,
    /// Another password.
    Reset,
}

impl Purpose {
    fn path(self) -> &'static str {
        match self {
            Purpose::Invite => "invite",
            Purpose::Reset => "reset",
        }
    }
}

/// A link as it is shown, once.
#[derive(Clone, Debug)]
pub(super) struct LinkShown {
    pub(super) url: String,
    /// When it ends.
    pub(super) until: String,
}

/// A new token, to be kept as a digest.
pub(super) fn token() -> Result<SessionToken, PageError> {
    SessionToken::generate().ok_or(PageError::Unavailable)
}

/// The link of a token that is kept until then.
pub(super) fn link(
    portal: &Portal,
    purpose: Purpose,
    token: &SessionToken,
    until: Timestamp,
    viewer: &Viewer,
) -> LinkShown {
    let origin = portal.origins.first().map_or("", String::as_str);
    LinkShown { url: format!("{origin}/{}/{}", purpose.path(), token.expose()), until: moment(until, &viewer.zone) }
}
