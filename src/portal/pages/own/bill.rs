//! `/me/bills/{bill}`: one bill: what each charge was, what insurance said of it, what was paid, and what is due. It
//! is made to be printed: with its payments it is the receipt.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;

use super::bill_view::{BillView, all, view};
use crate::model::people::{ChargeId, InvoiceId};
use crate::portal::answer::page;
use crate::portal::money::money;
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::shown::{day, day_of, sentence};
use crate::portal::visit::Visit;
use crate::portal::words::share::{SHARE, ShareWords};
use crate::store::care::bill::{BillLine, lines, payments};
use crate::store::care::claim::{self, ClaimLine};

#[derive(Template)]
#[template(path = "pages/own/bill.html", config = "src/portal/askama.toml")]
struct BillPage {
    shell: Shell,
    words: &'static ShareWords,
    bill: BillView,
    lines: Vec<ChargeView>,
    payments: Vec<PaymentView>,
}

struct ChargeView {
    title: String,
    day: String,
    times: Option<i32>,
    cost: String,
    /// What insurance paid of it; nothing where it was not asked.
    insured: String,
}

struct PaymentView {
    day: String,
    who: String,
    how: String,
    amount: String,
    given_back: Option<String>,
}

/// Shows it.
pub(super) async fn get(visit: Visit, Path(key): Path<String>) -> Result<Response, PageError> {
    let key: InvoiceId = key.parse().map_err(|_| PageError::NotFound)?;
    let now = visit.portal.clock.now();
    let mut seat = visit.seat().await?;
    let (mut actor, viewer) = seat.enter().await?;
    let patient = viewer.profile.patient_id.ok_or(PageError::NotFound)?;
    let sent = all(&mut actor, patient).await?;
    let bill = sent.iter().find(|bill| bill.invoice == key).ok_or(PageError::NotFound)?;
    let charges = lines(&mut actor, patient, key).await?;
    let claims = claim::of_patient(&mut actor, patient).await?;
    let paid = payments(&mut actor, patient, key).await?.into_iter().map(|payment| PaymentView {
        day: day_of(payment.received_at, &viewer.zone),
        who: if payment.payer == "patient" { SHARE.paid_by_you } else { SHARE.paid_by_insurer }.to_owned(),
        how: sentence(payment.method.as_str()),
        amount: money(payment.cents, &bill.currency),
        given_back: (payment.refunded_cents > 0).then(|| money(payment.refunded_cents, &bill.currency)),
    });
    let payments = paid.collect();
    let charge = |line: &BillLine| ChargeView {
        title: line.title.clone(),
        day: day(line.served_on),
        times: (line.quantity > 1).then_some(line.quantity),
        cost: money(line.cents, &bill.currency),
        insured: insured(&claims, line.charge, &bill.currency),
    };
    let shell = viewer.shell(&format!("{} {}", SHARE.bill, bill.number));
    let lines = charges.iter().map(charge).collect();
    page(&BillPage { shell, words: &SHARE, bill: view(bill, now, &viewer.zone), lines, payments })
}

/// What insurers said of a charge.
fn insured(claims: &[ClaimLine], charge: ChargeId, currency: &str) -> String {
    let of_charge: Vec<&ClaimLine> = claims.iter().filter(|line| line.charge == charge).collect();
    let paid: i64 = of_charge.iter().filter_map(|line| line.paid_cents).sum();
    let is_open = of_charge.iter().any(|line| line.status == "submitted");
    match (of_charge.is_empty(), is_open) {
        (true, _) => SHARE.bill_not_asked.to_owned(),
        (false, true) if paid == 0 => SHARE.bill_waiting.to_owned(),
        (false, true) => format!("{}, {}", money(paid, currency), SHARE.bill_waiting),
        (false, false) => money(paid, currency),
    }
}
