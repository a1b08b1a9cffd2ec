//! Amounts as people type them, whole hundredths within; and keys by which a form that is sent twice is one payment.

use ring::rand::{SecureRandom as _, SystemRandom};

use crate::portal::forms::{Problem, Typed};
use crate::portal::page_error::PageError;
use crate::portal::words::bills::BILLS;

/// As a field of a form has it: `1234.50`.
pub(super) fn plain(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

/// What was typed, in hundredths: digits with two after the point at most.
pub(super) fn cents(text: &str) -> Option<i64> {
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    let are_digits = |text: &str| text.chars().all(|letter| letter.is_ascii_digit());
    if whole.is_empty() || whole.len() > 12 || rest.len() > 2 || !are_digits(whole) || !are_digits(rest) {
        return None;
    }
    let whole: i64 = whole.parse().ok()?;
    let rest: i64 = format!("{rest:0<2}").parse().ok()?;
    Some(whole * 100 + rest)
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_to_the_cent_and_what_is_none_is_not_guessed() {
        assert_eq!(["12", "12.5", "12.05", "0.99"].map(cents), [Some(1200), Some(1250), Some(1205), Some(99)]);
        assert_eq!(["", "1.234", "-1", "1e3", "1,5", "9999999999999"].map(cents), [None; 6]);
        assert_eq!(plain(1205), "12.05");
    }
}
