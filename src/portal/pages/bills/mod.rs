//! For who bills: what is due, one invoice from its issue to nothing due, and claims by how they stand.

/// Amounts as people write them, and keys of forms.
mod amount;

/// Where lists go on.
mod paged;

/// Invoices by how they stand.
mod billing;

/// One invoice.
mod invoice;

/// Claims by how they stand.
mod claims;

/// An insurer's answer, as it is typed.
mod claim_answer;

/// One claim.
mod claim;

use axum::routing::get;

use crate::model::people::Role;
use crate::portal::page::{PortalPage, at};
use crate::portal::urls::Audience;

const BILLER: Audience = Audience::Parts(&[Role::Biller]);

/// Its pages.
pub(super) fn pages() -> Vec<PortalPage> {
    vec![
        at("/billing", BILLER, get(billing::get)),
        at("/billing/claims", BILLER, get(claims::get)),
        at("/billing/{id}/{bill}", BILLER, get(invoice::get).post(invoice::post)),
        at("/billing/{id}/claims/{claim}", BILLER, get(claim::get).post(claim::post)),
    ]
}
