//! Bills as pages show them: amounts with their currency, and what is due first.

use jiff::tz::TimeZone;

use crate::model::people::{InvoiceId, PatientId};
use crate::model::time::Timestamp;
use crate::portal::money::money;
use crate::portal::page_error::PageError;
use crate::portal::shown::{day, day_of};
use crate::store::care::actor::Actor;
use crate::store::care::bill::{Bill, bills};

/// Bills of a page.
pub(super) const ROWS: usize = 50;
/// So many are asked for at once, and so often at most.
const PART: u16 = 200;
const PARTS_MAX: usize = 25;

/// A bill in a list, and above its lines.
pub(super) struct BillView {
    pub(super) key: InvoiceId,
    pub(super) number: String,
    pub(super) facility: String,
    pub(super) sent: String,
    pub(super) due_on: String,
    pub(super) charged: String,
    pub(super) paid: String,
    pub(super) paid_by_insurer: String,
    pub(super) adjusted: String,
    pub(super) due: String,
    pub(super) waiting: String,
    pub(super) is_due: bool,
    pub(super) is_overdue: bool,
    pub(super) is_waiting: bool,
    pub(super) is_void: bool,
}

/// A bill as a page shows it.
pub(super) fn view(bill: &Bill, now: Timestamp, zone: &TimeZone) -> BillView {
    let sum = |cents: i64| money(cents, &bill.currency);
    let is_due = bill.sums.due_from_patient > 0;
    BillView {
        key: bill.invoice,
        number: bill.number.clone(),
        facility: bill.facility.clone(),
        sent: day_of(bill.issued_at, zone),
        due_on: day(bill.due_on),
        charged: sum(bill.sums.charged),
        paid: sum(bill.sums.paid_by_patient),
        paid_by_insurer: sum(bill.sums.paid_by_insurer),
        adjusted: sum(bill.sums.adjusted),
        due: sum(bill.sums.due_from_patient),
        waiting: sum(bill.sums.due_from_insurer),
        is_due,
        // A day is over where it is over in every zone.
        is_overdue: is_due && now.micros_since(bill.due_on.start()) > 36 * 3_600 * 1_000_000,
        is_waiting: bill.sums.due_from_insurer > 0,
        is_void: bill.status == "void",
    }
}

/// All that is due, a sum for each currency; nothing where nothing is.
pub(super) fn due_in_all(bills: &[Bill]) -> Vec<String> {
    let mut sums: Vec<(&str, i64)> = Vec::new();
    for bill in bills.iter().filter(|bill| bill.sums.due_from_patient > 0) {
        match sums.iter_mut().find(|(currency, _)| *currency == bill.currency) {
            Some((_, sum)) => *sum += bill.sums.due_from_patient,
            None => sums.push((&bill.currency, bill.sums.due_from_patient)),
        }
    }
    sums.into_iter().map(|(currency, cents)| money(cents, currency)).collect()
}

/// Every bill that was sent, the latest first.
pub(super) async fn all(actor: &mut Actor<'_>, patient: PatientId) -> Result<Vec<Bill>, PageError> {
    let mut seen: Vec<Bill> = Vec::new();
    for _ in 0..PARTS_MAX {
        let last = seen.last().map(|last| (last.issued_at, last.invoice));
        let part = bills(actor, patient, last, PART).await?;
        let is_last = part.len() < usize::from(PART);
        seen.extend(part);
        if is_last {
            break;
        }
    }
    Ok(seen)
}
