//! Sums of money as people write them: whole hundredths of a currency within, and the currency beside the number.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_told_to_the_hundredth() {
        let shown = [0, 5, 123_450, -5, 123_456_789].map(|cents| money(cents, "USD"));
        assert_eq!(shown, ["0.00 USD", "0.05 USD", "1,234.50 USD", "−0.05 USD", "1,234,567.89 USD"]);
        assert_eq!(money(i64::MIN, "EUR"), "−92,233,720,368,547,758.08 EUR");
    }
}
