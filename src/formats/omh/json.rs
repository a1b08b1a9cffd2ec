//! The leaves of a payload: texts, numbers, unit values, and the members of an object, all borrowed from its bytes.
//!
//! Nothing builds a tree. An object is scanned once for the members that somebody asks for and hands out their text;
//! all other members are skipped. A number is read from its own digits, so that no rounding of a parser's comes
//! between.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::model::reason::{Reason, Rejection};

/// Why a part is refused, without a copy of anything from the payload: most faults are made to be thrown away,
/// because a schema allows one of several forms.
#[derive(Copy, Clone, Debug, PartialEq)]
pub(super) struct Fault {
    /// The stable word.
    pub(super) reason: Reason,
    /// The innermost field at fault; empty for the part itself.
    pub(super) field: &'static str,
    /// What its schema demands.
    pub(super) what: &'static str,
}

impl Fault {
    /// A fault of the part at hand.
    pub(super) fn new(reason: Reason, what: &'static str) -> Fault {
        Fault { reason, field: "", what }
    }

    /// A breach of the schema.
    pub(super) fn shape(what: &'static str) -> Fault {
        Fault::new(Reason::Undecodable, what)
    }

    /// This fault, laid to `field` where no field within it is already to blame.
    pub(super) fn within(self, field: &'static str) -> Fault {
        if self.field.is_empty() { Fault { field, ..self } } else { self }
    }

    /// One refused sample.
    pub(super) fn rejection(self) -> Rejection {
        match self.field {
            "" => Rejection::new(self.reason, self.what, 1),
            field => Rejection::new(self.reason, format!("{field}: {}", self.what), 1),
        }
    }
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

/// A value with its unit word.
#[derive(Clone, Debug)]
pub(super) struct Quantity<'a> {
    pub(super) value: f64,
    pub(super) unit: Cow<'a, str>,
}

/// Reads `{value, unit}` with one of `units`; any unit where the list is empty.
pub(super) fn quantity<'a>(raw: &'a RawValue, units: &[&str]) -> Result<Quantity<'a>, Fault> {
    let [value, unit] = members(raw, |name| match name {
        "value" => Some(0),
        "unit" => Some(1),
        _ => None,
    })?;
    let value = value.and_then(number).ok_or(Fault::shape("needs a value that is a number"))?;
    let unit = unit.and_then(text).ok_or(Fault::shape("needs a unit that is a string"))?;
    if !units.is_empty() && !units.contains(&unit.as_ref()) {
        return Err(Fault::new(Reason::UnknownUnit, "the unit is not one of its schema's"));
    }
    Ok(Quantity { value, unit })
}

/// Reads `{low_value, high_value, unit}`, and keeps nothing: ranges are context.
pub(super) fn quantity_range(raw: &RawValue, units: &[&str]) -> Result<(), Fault> {
    let [low, high, unit] = members(raw, |name| match name {
        "low_value" => Some(0),
        "high_value" => Some(1),
        "unit" => Some(2),
        _ => None,
    })?;
    low.and_then(number).zip(high.and_then(number)).ok_or(Fault::shape("needs two values that are numbers"))?;
    let unit = unit.and_then(text).ok_or(Fault::shape("needs a unit that is a string"))?;
    if units.is_empty() || units.contains(&unit.as_ref()) {
        Ok(())
    } else {
        Err(Fault::new(Reason::UnknownUnit, "the unit is not one of its schema's"))
    }
}

/// The members of an object for which `place` gives a place below `N`.
///
/// A member that comes twice is refused: which of both was meant cannot be known.
pub(super) fn members<const N: usize>(
    raw: &RawValue,
    place: impl Fn(&str) -> Option<usize>,
) -> Result<[Option<&RawValue>; N], Fault> {
    if !raw.get().starts_with('{') {
        return Err(Fault::shape("must be an object"));
    }
    serde_json::Deserializer::from_str(raw.get())
        .deserialize_map(Members::<_, N>(place))
        .map_err(|_| Fault::shape("a member comes twice, or its name is not Unicode"))
}

/// Hands every item of an array to `judge`, until one is refused; gives their number.
pub(super) fn each<'a>(
    raw: &'a RawValue,
    judge: impl FnMut(&'a RawValue) -> Result<(), Fault>,
) -> Result<usize, Fault> {
    if !raw.get().starts_with('[') {
        return Err(Fault::shape("must be an array"));
    }
    let mut fault = None;
    let items = Items { judge, fault: &mut fault };
    let read = serde_json::Deserializer::from_str(raw.get()).deserialize_seq(items);
    match fault {
        Some(fault) => Err(fault),
        None => read.map_err(|_| Fault::shape("must be an array")),
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
    judge: F,
    fault: &'f mut Option<Fault>,
}

impl<'a, F: FnMut(&'a RawValue) -> Result<(), Fault>> Visitor<'a> for Items<'_, F> {
    type Value = usize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'a>>(mut self, mut seq: A) -> Result<usize, A::Error> {
        let mut count = 0;
        while let Some(item) = seq.next_element()? {
            if let Err(fault) = (self.judge)(item) {
                *self.fault = Some(fault);
                return Err(A::Error::custom("an item is refused"));
            }
            count += 1;
        }
        Ok(count)
    }
}
