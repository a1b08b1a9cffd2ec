//! Decimals, exact as they are written: 612 tenths are 61.2, and not the double that 612 times the double of 0.1 is.
//!
//! # Why
//! The same value comes by another way as well, as a quantity or in a batch. Were it another double there, the two
//! would be a conflict.

/// Digits that always fit.
const DIGITS_MAX: usize = 18;
/// Powers of ten that a double holds exactly.
const EXACT_POWER_MAX: i32 = 22;
/// Whole numbers up to this are doubles exactly.
const EXACT_WHOLE_MAX: u64 = 1 << 53;

/// `mantissa · 10^exponent`, and the nearest double to it.
#[derive(Copy, Clone, Debug, PartialEq)]
pub(super) struct Decimal {
    /// `None` where there are more digits than it holds.
    exact: Option<(i64, i32)>,
    nearest: f64,
}

impl Decimal {
    /// One.
    pub(super) const ONE: Decimal = Decimal { exact: Some((1, 0)), nearest: 1.0 };

    /// Reads a sign, digits with or without a point, and an exponent; `None` for anything else, and for what no double
    /// holds.
    pub(super) fn parse(text: &str) -> Option<Decimal> {
        let is_decimal = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E');
        if !text.bytes().all(is_decimal) {
            return None;
        }
        let nearest: f64 = text.parse().ok().filter(|nearest: &f64| nearest.is_finite())?;
        Some(Decimal { exact: exact(text), nearest })
    }

    /// `self + factor · of`, to the nearest double where the digits allow it.
    pub(super) fn plus_times(self, factor: Decimal, of: Decimal) -> f64 {
        let exactly = || {
            let ((origin, origin_exponent), (factor, factor_exponent), (of, exponent)) =
                (self.exact?, factor.exact?, of.exact?);
            let (product, exponent) = (factor.checked_mul(of)?, factor_exponent.checked_add(exponent)?);
            let least = origin_exponent.min(exponent);
            let sum = scaled(origin, origin_exponent - least)?.checked_add(scaled(product, exponent - least)?)?;
            double(sum, least)
        };
        exactly().unwrap_or(self.nearest + factor.nearest * of.nearest)
    }
}

/// Mantissa and exponent of a text that is a number.
fn exact(text: &str) -> Option<(i64, i32)> {
    let (number, exponent) = match text.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, exponent.parse::<i16>().ok()?),
        None => (text, 0),
    };
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    if whole.len() + part.len() > DIGITS_MAX {
        return None;
    }
    let mantissa = if part.is_empty() { whole.parse() } else { format!("{whole}{part}").parse() };
    let mantissa = mantissa.ok()?;
    Some((mantissa, i32::from(exponent) - i32::try_from(part.len()).ok()?))
}

fn scaled(mantissa: i64, by: i32) -> Option<i64> {
    if mantissa == 0 {
        return Some(0);
    }
    mantissa.checked_mul(10_i64.checked_pow(u32::try_from(by).ok()?)?)
}

/// One rounding of two exact numbers is the nearest double.
fn double(mantissa: i64, exponent: i32) -> Option<f64> {
    let is_exact = mantissa.unsigned_abs() <= EXACT_WHOLE_MAX && exponent.abs() <= EXACT_POWER_MAX;
    let power = 10_f64.powi(exponent.abs());
    is_exact.then(|| if exponent < 0 { mantissa as f64 / power } else { mantissa as f64 * power })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sum(origin: &str, factor: &str, of: &str) -> f64 {
        let parse = |text| Decimal::parse(text).unwrap();
        parse(origin).plus_times(parse(factor), parse(of))
    }

    #[test]
    fn what_is_scaled_is_the_double_of_what_it_says() {
        for (origin, factor, of, value) in [
            ("0", "0.1", "612", 61.2),
            ("2048", "1.612", "-17", 2020.596),
            ("0", "1", "3.0", 3.0),
            ("1e2", "1E-2", "5", 100.05),
            ("-0.3", "0.1", "3", 0.0),
            ("0", "0.001", "+7", 0.007),
            ("0", "1", ".5", 0.5),
            ("0", "1", "123456789012345678901234567890", 123_456_789_012_345_678_901_234_567_890.0),
            ("0", "1e200", "1e100", 1e300),
        ] {
            assert_eq!(sum(origin, factor, of), value, "{origin} + {factor} * {of}");
        }
    }

    #[test]
    fn what_is_no_decimal_is_refused() {
        for text in ["", "E", "-", ".", "1e", "inf", "NaN", "0x1", "1_0", "1e999", "--1", "1.2.3", "1 "] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn tenths_and_hundredths_are_what_they_would_be_if_written_out(of in -100_000_i64..100_000, places in 0..4_usize) {
            let factor = format!("1e-{places}");
            let written: f64 = format!("{of}e-{places}").parse().unwrap();
            prop_assert_eq!(sum("0", &factor, &of.to_string()), written);
        }

        #[test]
        fn no_text_makes_it_panic(a in "[0-9eE.+-]{0,25}", b in "[0-9eE.+-]{0,25}") {
            if let (Some(a), Some(b)) = (Decimal::parse(&a), Decimal::parse(&b)) {
                let _ = a.plus_times(b, a);
            }
        }
    }
}
