//! Kind: how a metric's values relate to time.

/// How a metric's values relate to time.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MetricKind {
    /// One value at one moment.
    Instant,
    /// One value over an interval.
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
