//! Columns: the text of a JSON array becomes numbers or codes, in one allocation each.
//!
//! # Why
//! The columns are read by hand because the JSON library's own floats may be off by one unit in the last place, and a
//! value must read back as it was written. The text has already been proven to be JSON, so a comma parts two entries
//! wherever the entries are numbers, and any other entry fails as a number.

use std::borrow::Cow;

use serde::de::IgnoredAny;

use super::error::SeriesError;
use super::wire::Text;
use crate::formats::Values;

/// What one series measured.
pub(super) struct ListColumn<'a> {
    /// The values that were measured.
    pub(super) values: Values<'a>,
    /// Entries, the missing ones included.
    pub(super) slots: usize,
    /// Places of the entries that are `null`, rising.
    pub(super) missing: Vec<usize>,
}

/// Reads `values`.
pub(super) fn numbers(array: &str) -> Result<ListColumn<'static>, SeriesError> {
    let entries = entries(array).ok_or(SeriesError::Values)?;
    let mut numbers = Vec::with_capacity(entries.len());
    let mut missing = Vec::new();
    let mut slots = 0_usize;
    for entry in entries {
        match number(entry) {
            Some(number) => numbers.push(number),
            None if entry == b"null" => missing.push(slots),
            None => numbers.push(bound(entry).ok_or(SeriesError::Values)?),
        }
        slots += 1;
    }
    Ok(ListColumn { values: Values::Numbers(numbers), slots, missing })
}

/// What a sensor says of a value beyond its range, as infinity below or above; `None` for any other text.
fn bound(entry: &[u8]) -> Option<f64> {
    let word = entry.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    let is_any = |words: [&[u8]; 2]| words.iter().any(|known| word.eq_ignore_ascii_case(known));
    match word {
        _ if is_any([b"low", b"lo"]) => Some(f64::NEG_INFINITY),
        _ if is_any([b"high", b"hi"]) => Some(f64::INFINITY),
        _ => None,
    }
}

/// Reads `codes`.
pub(super) fn codes(array: &str) -> Result<ListColumn<'_>, SeriesError> {
    let entries: Vec<Option<Text<'_>>> = serde_json::from_str(array).map_err(|_| SeriesError::Codes)?;
    let slots = entries.len();
    let missing = entries.iter().enumerate().filter(|(_, entry)| entry.is_none()).map(|(place, _)| place).collect();
    let codes: Vec<Cow<'_, str>> = entries.into_iter().flatten().map(|entry| entry.0).collect();
    Ok(ListColumn { values: Values::Codes(codes), slots, missing })
}

/// How many entries of an array are not `null`, whatever they are; 0 where it is no array.
pub(super) fn len(array: &str) -> usize {
    // Entries of no size: counting them allocates a byte each.
    let entries: Vec<Option<IgnoredAny>> = serde_json::from_str(array).unwrap_or_default();
    entries.iter().flatten().count()
}

/// The entries of an array without nesting, less the space around them. `None` where it is no array.
pub(super) fn entries(array: &str) -> Option<Entries<'_>> {
    let inside = array.trim_ascii().strip_prefix('[')?.strip_suffix(']')?.trim_ascii().as_bytes();
    Some(Entries { rest: (!inside.is_empty()).then_some(inside) })
}

/// See [`entries`].
pub(super) struct Entries<'a> {
    rest: Option<&'a [u8]>,
}

impl Entries<'_> {
    /// How many entries there are, where none holds a comma.
    pub(super) fn len(&self) -> usize {
        self.rest.map_or(0, |rest| rest.iter().filter(|byte| **byte == b',').count() + 1)
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest?;
        let (entry, rest) = match rest.iter().position(|byte| *byte == b',').and_then(|at| rest.split_at_checked(at)) {
            Some((entry, rest)) => (entry, rest.get(1..)),
            None => (rest, None),
        };
        self.rest = rest;
        Some(entry.trim_ascii())
    }
}

/// Powers of ten that a double holds exactly, as far as fifteen digits need them.
const POWERS: [f64; 16] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

/// The number that one entry is; `None` where it is none, or lies beyond what a double holds.
///
/// Up to 15 digits are below 2^53, so whole number and power of ten are exact and their quotient is rounded once: the
/// nearest double, as the slow way gives it. Sixteen without a point are rounded once too, on becoming a double.
pub(super) fn number(entry: &[u8]) -> Option<f64> {
    let (negative, digits) = match entry {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    if digits.is_empty() || digits.len() > 16 {
        return long_number(entry);
    }
    let (mut whole, mut point) = (0_u64, None);
    for (place, byte) in digits.iter().enumerate() {
        match byte {
            b'0'..=b'9' => whole = whole * 10 + u64::from(byte - b'0'),
            b'.' if point.is_none() => point = Some(place),
            _ => return long_number(entry),
        }
    }
    let places = match point {
        Some(point) => digits.len() - point - 1,
        None => 0,
    };
    let magnitude = whole as f64 / POWERS.get(places)?;
    Some(if negative { -magnitude } else { magnitude })
}

/// Any other JSON number: with an exponent, or with many digits.
fn long_number(entry: &[u8]) -> Option<f64> {
    // What Rust reads as a number and JSON does not begins with another letter: inf, nan, +1, .5.
    let digits = entry.strip_prefix(b"-").unwrap_or(entry);
    digits.first().filter(|byte| byte.is_ascii_digit())?;
    let number: f64 = std::str::from_utf8(entry).ok()?.parse().ok()?;
    number.is_finite().then_some(number)
}
