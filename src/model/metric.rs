//! The metric catalogue: what is measured, in which unit, and which values a body can give.

use super::ids::MetricId;

/// How a metric's values lie in time.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// One value at one moment.
    Instant,
    /// One value over an interval, additive or averaged by `rollup`.
    Interval,
    /// A counter that grows until it is reset.
    Cumulative,
    /// One value a day.
    Daily,
    /// One value for an event: a night, a workout, a cuff reading.
    Event,
    /// Many values a second.
    Waveform,
}

/// The lowest and highest value of a range, both inside it.
#[derive(Copy, Clone, Debug, PartialEq, serde::Deserialize)]
pub struct Range {
    /// The lowest value inside.
    pub low: f64,
    /// The highest value inside.
    pub high: f64,
}

/// One row of the catalogue.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    /// The number in the database; stable for ever, never reused.
    pub id: MetricId,
    /// The stable name: `heart_rate`.
    pub name: String,
    /// What it is, in a few words for a person.
    pub title: String,
    /// How its values lie in time.
    pub kind: Kind,
    /// LOINC codes; empty where none is verified.
    pub loinc: Vec<String>,
    /// ISO/IEEE 11073-10101 code, where there is one.
    pub mdc: Option<u32>,
    /// The UCUM unit in which every value is stored; empty for a coded metric.
    pub unit: String,
    /// Outside it: impossible, quarantined. `None` for a coded metric.
    pub hard: Option<Range>,
    /// Outside it: unlikely, kept and flagged.
    pub soft: Option<Range>,
    /// True where the ranges are per minute of the sample's interval.
    pub per_minute: bool,
    /// The codes of a coded metric, in the order of their stored places; only ever extended.
    pub codes: Vec<String>,
    /// Values by which vendors say "not measured".
    pub sentinels: Vec<f64>,
}

/// Every metric, by id and by name.
#[derive(Clone, Debug)]
pub struct Catalogue {
    metrics: Vec<Metric>,
}
