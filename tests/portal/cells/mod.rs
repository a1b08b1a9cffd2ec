//! Cells of the matrix of parts × URLs, by area.

use crate::cast::Cast;

mod between;
pub(crate) mod bills;
pub(crate) mod chart;
pub(crate) mod desk;
mod door;
mod figures;
mod own;

/// A URL, a method, and what it answers to nobody and to each part in the order of `Role::ALL`: y the page, n that there is
/// none, i to sign in, r it leads elsewhere, u what was sent (nothing) is refused. A URL that is only sent to stands with POST.
pub(crate) type Cell = (&'static str, &'static str, &'static str);

/// Every cell, in the order of the areas.
pub(crate) fn all() -> Vec<Cell> {
    [door::CELLS, chart::CELLS, between::CELLS, own::CELLS, desk::CELLS, bills::CELLS, figures::CELLS].concat()
}

/// What stands for the keys in URLs, made for the test.
pub(crate) async fn keys(cast: &mut Cast) -> Vec<(&'static str, String)> {
    let mut keys = Vec::new();
    keys.extend(chart::keys(cast).await);
    keys.extend(own::keys(cast).await);
    keys.extend(desk::keys(cast).await);
    keys.extend(bills::keys(cast).await);
    keys.extend(figures::keys(cast).await);
    keys
}
