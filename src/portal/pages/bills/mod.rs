//! For who bills: visits to bill, what is due, one invoice from its draft to nothing due, and claims by how they stand.

/// Amounts as people write them, and keys of forms.
mod amount;

/// Where lists go on.
mod paged;

/// Invoices by how they stand.
mod billing;

/// One invoice.
mod invoice;

/// What stands of it.
mod invoice_read;

/// What can be done with it.
mod invoice_steps;

/// What is charged on a draft.
mod charges;

/// Visits to bill, and to come.
mod visits;

/// One of them, billed or estimated.
mod visit;

/// What a visit would cost.
mod estimate;

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
        at("/billing/visits", BILLER, get(visits::get)),
        at("/billing/claims", BILLER, get(claims::get)),
        at("/billing/{id}/{bill}", BILLER, get(invoice::get).post(invoice::post)),
        at("/billing/{id}/visits/{visit}", BILLER, get(visit::get).post(visit::post)),
        at("/billing/{id}/claims/{claim}", BILLER, get(claim::get).post(claim::post)),
    ]
}
