//! The pages: a file each, beside its template, by whom they are for; and the one list of all of them.
//!
//! An area names its pages once: path, for whom, and what answers. The table of URLs, the router and the tests of parts
//! × URLs are made of that, so a page that is not for anybody in the list is for nobody.

/// For everybody: start, signing in, the own account.
pub(super) mod door;

/// For who cares for people: whom, and their records.
pub(super) mod chart;

/// For patients and who cares for them: messages, and what is shared of a journal.
pub(super) mod between;

/// For patients: their own.
pub(super) mod own;

/// For the front desk: who is registered, and who comes when.
pub(super) mod desk;

/// For who bills.
pub(super) mod bills;

/// For who counts, watches and manages.
pub(super) mod figures;

use super::page::PortalPage;

/// Every page.
pub(super) fn all() -> Vec<PortalPage> {
    let areas = [
        door::pages(),
        chart::pages(),
        between::pages(),
        own::pages(),
        desk::pages(),
        bills::pages(),
        figures::pages(),
    ];
    areas.into_iter().flatten().collect()
}
