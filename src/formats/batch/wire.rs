//! Wire: a batch as it is written, its columns still text.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

/// The whole message, as it should be.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WireMessage<'a> {
    pub(super) v: u64,
    #[serde(borrow, default)]
    pub(super) id: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) device: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) series: Vec<RawSeries<'a>>,
}

/// One series, as it is written; its columns are still text.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSeries<'a> {
    #[serde(borrow)]
    pub(super) metric: Text<'a>,
    #[serde(borrow, default)]
    pub(super) statistic: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) unit: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) start: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) period_ms: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) times: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) ends: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) values: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) codes: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) revision: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) replaces: Option<&'a RawValue>,
}

/// What a series stands in place of, as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRange<'a> {
    #[serde(borrow)]
    pub(super) from: &'a RawValue,
    #[serde(borrow)]
    pub(super) to: &'a RawValue,
}

/// A text that borrows from the payload unless it is written with escapes (serde lends only to a field of this very
/// form).
#[derive(Deserialize)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);
