//! JSON: the leaves of a payload (texts and numbers), the members of an object and the items of an array, all borrowed
//! from its bytes.
//!
//! Nothing builds a tree. An object is scanned once for the members that somebody asks for and hands out their text;
//! all other members are skipped. A number is read from its own digits, so that no rounding of a parser's comes
//! between.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::error::SchemaError;
use super::text::undecodable;
use crate::model::reason::Rejection;

/// The whole of the text as one JSON value, proven to be JSON.
pub(super) fn document(text: &str) -> Result<&RawValue, Rejection> {
    // The text of an error may repeat a value, so only its place is repeated here.
    serde_json::from_str(text).map_err(|error: serde_json::Error| {
        undecodable(format!("the message must be JSON: see line {}, column {}", error.line(), error.column()))
    })
}

/// A string's text; `None` for any other type.
pub(super) fn text(raw: &RawValue) -> Option<Cow<'_, str>> {
    let inner = raw.get().strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') { serde_json::from_str(raw.get()).ok().map(Cow::Owned) } else { Some(Cow::Borrowed(inner)) }
}

/// A number's value, to the nearest double; `None` for any other type and for what no double can hold.
pub(super) fn number(raw: &RawValue) -> Option<f64> {
    let digits = raw.get();
    if !digits.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok().filter(|value: &f64| value.is_finite())
}

/// The members of an object for which `place` returns a place below `N`.
///
/// A member that comes twice is rejected: which of both was meant cannot be known.
pub(super) fn members<const N: usize>(
    raw: &RawValue,
    place: impl Fn(&str) -> Option<usize>,
) -> Result<[Option<&RawValue>; N], SchemaError> {
    if !raw.get().starts_with('{') {
        return Err(SchemaError::shape("must be an object"));
    }
    serde_json::Deserializer::from_str(raw.get())
        .deserialize_map(Members::<_, N>(place))
        .map_err(|_| SchemaError::shape("a member comes twice, or its name is not Unicode"))
}

/// Hands every item of an array to `check`, until one is rejected; returns their number.
pub(super) fn each<'a>(
    raw: &'a RawValue,
    check: impl FnMut(&'a RawValue) -> Result<(), SchemaError>,
) -> Result<usize, SchemaError> {
    if !raw.get().starts_with('[') {
        return Err(SchemaError::shape("must be an array"));
    }
    let mut error = None;
    let items = Items { check, error: &mut error };
    let read = serde_json::Deserializer::from_str(raw.get()).deserialize_seq(items);
    match error {
        Some(error) => Err(error),
        None => read.map_err(|_| SchemaError::shape("must be an array")),
    }
}

/// A member's name, borrowed unless it holds escapes.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

struct Members<F, const N: usize>(F);

impl<'a, F: Fn(&str) -> Option<usize>, const N: usize> Visitor<'a> for Members<F, N> {
    type Value = [Option<&'a RawValue>; N];

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut slots = [None; N];
        while let Some(Name(name)) = map.next_key()? {
            match (self.0)(&name).and_then(|place| slots.get_mut(place)) {
                Some(Some(_)) => return Err(A::Error::custom("a member comes twice")),
                Some(slot) => *slot = Some(map.next_value()?),
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(slots)
    }
}

struct Items<'f, F> {
    check: F,
    error: &'f mut Option<SchemaError>,
}

impl<'a, F: FnMut(&'a RawValue) -> Result<(), SchemaError>> Visitor<'a> for Items<'_, F> {
    type Value = usize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'a>>(mut self, mut seq: A) -> Result<usize, A::Error> {
        let mut count = 0;
        while let Some(item) = seq.next_element()? {
            if let Err(error) = (self.check)(item) {
                *self.error = Some(error);
                return Err(A::Error::custom("an item is refused"));
            }
            count += 1;
        }
        Ok(count)
    }
}
