//! One invoice as its page needs it: with its charges, payments, claims, the patient's coverages and, while it is a
//! draft, what can be charged.

use crate::model::people::{InvoiceId, PatientId};
use crate::portal::page_error::PageError;
use crate::store::care::actor::Actor;
use crate::store::care::bills::{Charge, Invoice, PaymentLine, invoice as read_invoice};
use crate::store::care::claim::{ClaimLine, PatientCoverage, coverages, of_patient};
use crate::store::care::drafting::{PriceLine, price_list};

/// What stands of it.
pub(super) struct Read {
    pub(super) invoice: Invoice,
    pub(super) charges: Vec<Charge>,
    pub(super) payments: Vec<PaymentLine>,
    pub(super) claims: Vec<ClaimLine>,
    pub(super) coverages: Vec<PatientCoverage>,
    /// What can be charged, while it is a draft.
    pub(super) prices: Vec<PriceLine>,
}

/// Reads all of it.
pub(super) async fn read(actor: &mut Actor<'_>, patient: PatientId, invoice: InvoiceId) -> Result<Read, PageError> {
    let found = read_invoice(actor, patient, invoice).await?;
    let (found, charges, payments) = found.ok_or(PageError::NotFound)?;
    let mut claims = of_patient(actor, patient).await?;
    claims.retain(|line| line.invoice == invoice);
    let coverages = coverages(actor, patient).await?;
    let prices = if found.status == "draft" { price_list(actor, None).await? } else { Vec::new() };
    Ok(Read { invoice: found, charges, payments, claims, coverages, prices })
}
