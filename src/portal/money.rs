//! Sums of money as people write and type them: whole hundredths of a currency within, and the currency beside the
//! number.

/// `1,234.50 USD`.
pub(super) fn money(cents: i64, currency: &str) -> String {
    let (whole, rest) = (cents.unsigned_abs() / 100, cents.unsigned_abs() % 100);
    let digits = whole.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let sign = if cents < 0 { "−" } else { "" };
    format!("{sign}{grouped}.{rest:02} {currency}")
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_to_the_cent_and_what_is_none_is_not_guessed() {
        assert_eq!(["12", "12.5", "12.05", "0.99"].map(cents), [Some(1200), Some(1250), Some(1205), Some(99)]);
        assert_eq!(["", "1.234", "-1", "1e3", "1,5", "9999999999999"].map(cents), [None; 6]);
        assert_eq!(plain(1205), "12.05");
    }

    #[test]
    fn an_amount_is_told_to_the_hundredth() {
        let shown = [0, 5, 123_450, -5, 123_456_789].map(|cents| money(cents, "USD"));
        assert_eq!(shown, ["0.00 USD", "0.05 USD", "1,234.50 USD", "−0.05 USD", "1,234,567.89 USD"]);
        assert_eq!(money(i64::MIN, "EUR"), "−92,233,720,368,547,758.08 EUR");
    }
}
