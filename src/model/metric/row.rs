//! Rows: the catalogue's file, as it is written.

use std::collections::BTreeMap;

use super::kind::MetricKind;
use super::range::Range;

/// The file, as it is written.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) metric: Vec<MetricRow>,
}

/// One metric.
#[derive(Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MetricRow {
    pub(super) row: i16,
    pub(super) id: i16,
    pub(super) name: String,
    pub(super) title: String,
    pub(super) kind: MetricKind,
    #[serde(default)]
    pub(super) loinc: Vec<String>,
    pub(super) mdc: Option<u32>,
    #[serde(default)]
    pub(super) unit: String,
    pub(super) hard: Option<Range>,
    pub(super) soft: Option<Range>,
    #[serde(default)]
    pub(super) per_minute: bool,
    #[serde(default)]
    pub(super) codes: Vec<String>,
    #[serde(default)]
    pub(super) sentinels: Vec<f64>,
    pub(super) sensor: Option<Range>,
    #[serde(default)]
    pub(super) consecutive: bool,
    #[serde(default)]
    pub(super) units: BTreeMap<String, RangesRow>,
}

/// Its numbers in one unit.
#[derive(Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RangesRow {
    pub(super) plausible: Range,
    pub(super) hard: Option<Range>,
    #[serde(default)]
    pub(super) whole: bool,
}
