//! The second pass: a message that the strict pass rejected is read series by series, and what can be kept is kept.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::column;
use super::series::decode_all;
use super::wire::{RawSeries, Text};
use crate::formats::text::{is_uuid, shown, undecodable};
use crate::formats::{Decoded, Reading, bare};
use crate::model::reason::{Reason, Rejection};

/// A valid batch nests four deep; whoever needs more than this is not writing one.
const DEPTH_MAX: usize = 32;

/// The message with each series still as text.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope<'a> {
    #[serde(rename = "v")]
    _v: IgnoredAny,
    #[serde(borrow, default)]
    id: Option<Text<'a>>,
    #[serde(borrow, default)]
    device: Option<Text<'a>>,
    #[serde(borrow)]
    series: Vec<&'a RawValue>,
}

/// As much as every version has in common.
#[derive(Deserialize)]
struct Version<'a> {
    #[serde(borrow)]
    v: &'a RawValue,
}

/// As much of a malformed series as is needed to name it.
#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    metric: Text<'a>,
}

/// As much of a malformed series as is needed to count the lost samples.
#[derive(Deserialize)]
struct Columns<'a> {
    #[serde(borrow, default)]
    values: Option<&'a RawValue>,
    #[serde(borrow, default)]
    codes: Option<&'a RawValue>,
}

/// The device that the message names, and all that could be read.
pub(super) fn read(text: &str) -> Result<(Option<Text<'_>>, Decoded<'_>), Rejection> {
    check_depth(text)?;
    let Some(mended) = bare::mend(text) else { return read_each(text) };
    let (device, decoded) = read_each(&mended)?;
    let device = device.map(|device| Text(Cow::Owned(device.0.into_owned())));
    let readings = decoded.readings.into_iter().map(Reading::into_owned).collect();
    let Decoded { rejections, not_measured, .. } = decoded;
    Ok((device, Decoded { readings, rejections, not_measured, ..Decoded::default() }))
}

/// Reads series by series; one with a stand-in for a bare number is rejected.
fn read_each(text: &str) -> Result<(Option<Text<'_>>, Decoded<'_>), Rejection> {
    check_version(text)?;
    let envelope: Envelope<'_> = serde_json::from_str(text).map_err(|error| undecodable(explain("message", &error)))?;
    if envelope.id.is_some_and(|id| !is_uuid(&id.0)) {
        return Err(undecodable("`id` must be a UUID, as in 6fa459ea-ee8a-4ca4-894e-db77e160355e"));
    }
    let series = envelope.series.into_iter().enumerate().map(|(place, raw)| {
        if bare::is_mended(raw.get()) {
            return Err(reject_bare(place, raw.get()));
        }
        serde_json::from_str::<RawSeries<'_>>(raw.get()).map_err(|error| {
            let detail = format!("series[{place}]: {}", explain("series", &error));
            Rejection::new(Reason::MalformedSeries, detail, samples_in(raw.get()))
        })
    });
    Ok((envelope.device, decode_all(series)))
}

/// The rejection of a series that holds a bare `NaN` or `Infinity`.
fn reject_bare(place: usize, series: &str) -> Rejection {
    let metric = serde_json::from_str::<Named<'_>>(series).map_or(String::new(), |named| shown(&named.metric.0));
    let what = "a bare nan or Infinity is no JSON: write null for what was not measured";
    Rejection::new(Reason::MalformedSeries, format!("series[{place}] {metric}: {what}"), samples_in(series))
}

/// Checks the version before anything else, since another version may well have other keys.
fn check_version(text: &str) -> Result<(), Rejection> {
    let version: Version<'_> = serde_json::from_str(text).map_err(|error| undecodable(explain("message", &error)))?;
    match column::number(version.v.get().as_bytes()) {
        Some(1.0) => Ok(()),
        Some(_) => Err(Rejection::new(Reason::UnsupportedVersion, "`v` must be 1, the only version that is read", 1)),
        None => Err(undecodable("`v` must be the number 1")),
    }
}

fn samples_in(series: &str) -> usize {
    let columns = serde_json::from_str::<Columns<'_>>(series).ok();
    columns.and_then(|columns| columns.values.or(columns.codes)).map_or(0, |column| column::len(column.get()))
}

/// The text of an error about keys; that of any other one may repeat a value, so only its place is repeated.
fn explain(what: &str, error: &serde_json::Error) -> String {
    let text = error.to_string();
    let about_keys = ["missing field", "unknown field", "duplicate field"].iter().any(|start| text.starts_with(start));
    if about_keys {
        // A key is as long as its sender pleases.
        return format!(
            "the {what} must have exactly the keys of the format: {}",
            text.chars().take(60).collect::<String>()
        );
    }
    format!("the {what} must be JSON of the batch format: see line {}, column {}", error.line(), error.column())
}

/// Rejects a message that nests too deep: no batch does.
pub(super) fn check_depth(text: &str) -> Result<(), Rejection> {
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => depth += 1,
            b']' | b'}' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        if DEPTH_MAX < depth {
            return Err(undecodable(format!("the message must not nest deeper than {DEPTH_MAX}")));
        }
    }
    Ok(())
}
