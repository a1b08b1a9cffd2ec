//! What is charged on a draft: a choice of the price list, added under the key of its form.
//!
//! A form that is sent twice adds once, and what was taken off is not taken off again.

use uuid::Uuid;

use crate::model::people::InvoiceId;
use crate::model::time::Day;
use crate::portal::forms::{Form, FormField, Problem, Typed};
use crate::portal::money::money;
use crate::portal::words::bills::BILLS;
use crate::store::care::actor::Actor;
use crate::store::care::drafting::{NewCharge, PriceLine, add_charge};

/// The price list as a field offers it.
pub(super) fn prices(list: &[PriceLine]) -> Vec<(String, String)> {
    let named = |line: &PriceLine| format!("{}, {}", line.title, money(line.cents, &line.currency));
    list.iter().map(|line| (line.charge_code.clone(), named(line))).collect()
}

/// What a form asks that adds one; of a day, as far as one was charged before.
pub(super) fn adding(form: Form, list: &[PriceLine], currency: &str, served_on: Option<Day>) -> Form {
    // An invoice is in one currency.
    let list: Vec<PriceLine> = list.iter().filter(|line| line.currency == currency).cloned().collect();
    form.with(FormField::hidden("charge", Uuid::new_v4()))
        .with(FormField::choice("code", BILLS.what, prices(&list)).required())
        .with(FormField::number("quantity", BILLS.quantity, "1").of(1).required())
        .with(
            FormField::day("served_on", BILLS.served_on)
                .of(served_on.map(|day| day.to_string()).unwrap_or_default())
                .required(),
        )
}

/// What is refused where the same form was sent before: what it asked for is on the draft.
pub(super) const KNOWN: &str = "charge_pkey";

/// Adds one, under the key of its form.
pub(super) async fn add(actor: &mut Actor<'_>, invoice: InvoiceId, typed: &Typed) -> Result<(), Problem> {
    let new = NewCharge {
        charge: typed.one("charge")?,
        code: typed.required("code")?,
        quantity: typed.number("quantity")?,
        served_on: typed.day("served_on")?,
    };
    Ok(add_charge(actor, invoice, &new).await?)
}
