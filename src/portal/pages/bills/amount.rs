//! Amounts as people type them, whole hundredths within; and keys by which a form that is sent twice is one payment.

use ring::rand::{SecureRandom as _, SystemRandom};

use crate::portal::forms::{Problem, Typed};
use crate::portal::money::cents;
use crate::portal::page_error::PageError;
use crate::portal::words::bills::BILLS;

/// A field that must hold an amount.
pub(super) fn amount(typed: &Typed, name: &'static str) -> Result<i64, Problem> {
    cents(typed.required(name)?).ok_or_else(|| Problem::at(name, BILLS.amount_wrong))
}

/// A key of a form, which nobody guesses.
pub(super) fn form_key() -> Result<String, PageError> {
    let mut bytes = [0; 16];
    SystemRandom::new().fill(&mut bytes).map_err(|_| PageError::Unavailable)?;
    Ok(hex::encode(bytes))
}
