//! The metric catalogue: what is measured, in which unit, and which values a body can give.
//!
//! # Why
//! The catalogue is data (`schemas/payloads/metrics.toml`), so that an engineer of another company can read it and SQL
//! can show it; it is compiled in, so that no daemon can run with another one than its version has. It is wholly
//! checked when it is read: a range that is upside down must stop the start, not quarantine a night of samples.

use std::collections::HashMap;

use super::ids::MetricId;
use super::unit::{Conversion, Units, UnitsError};

/// Every metric, by id and by name.
#[derive(Clone, Debug)]
pub struct Catalogue {
    metrics: Vec<Metric>,
    place_by_name: HashMap<String, usize>,
    /// Ids are small and dense (row times ten), so a list finds one without a hash.
    place_by_id: Vec<Option<usize>>,
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
    /// How its values relate to time.
    pub kind: MetricKind,
    /// LOINC codes; empty where none is verified.
    pub loinc: Vec<String>,
    /// ISO/IEEE 11073-10101 code, where there is one.
    pub mdc: Option<u32>,
    /// The UCUM unit in which every value is stored; empty for a coded metric.
    pub unit: String,
    /// Outside it: impossible, quarantined. `None` for a coded metric, and where any finite value can be right.
    pub hard: Option<Range>,
    /// Outside it: unlikely, kept and flagged.
    pub soft: Option<Range>,
    /// True where the ranges are per minute of the sample's interval.
    pub per_minute: bool,
    /// The codes of a coded metric, in the order of their stored places; only ever extended.
    pub codes: Vec<String>,
    /// Values by which vendors say "not measured"; they are outside `hard`.
    pub sentinels: Vec<f64>,
}

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

/// The lowest and highest value of a range, both inside it.
#[derive(Copy, Clone, Debug, PartialEq, serde::Deserialize)]
#[serde(from = "[f64; 2]")]
pub struct Range {
    /// The lowest value inside.
    pub low: f64,
    /// The highest value inside.
    pub high: f64,
}

/// Why a catalogue cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// The text is not what the header of the file describes.
    #[error("the metric catalogue must be TOML as its header says")]
    Text(#[from] toml::de::Error),
    /// The unit table is at fault.
    #[error("the metric catalogue needs a sound unit table")]
    Units(#[from] UnitsError),
    /// One metric breaks a rule.
    #[error("metric {name} in the catalogue must have {rule}")]
    Metric {
        /// Which metric.
        name: String,
        /// What it must have.
        rule: &'static str,
    },
}

impl Catalogue {
    /// The catalogue of this version.
    pub fn builtin() -> Result<Catalogue, CatalogueError> {
        Catalogue::parse(include_str!("../../../schemas/payloads/metrics.toml"), &Units::builtin()?)
    }

    /// The metric of this name.
    pub fn by_name(&self, name: &str) -> Option<&Metric> {
        self.place_by_name.get(name).and_then(|place| self.metrics.get(*place))
    }

    /// The metric of this id.
    pub fn by_id(&self, id: MetricId) -> Option<&Metric> {
        let place = self.place_by_id.get(usize::try_from(id.0).ok()?).copied().flatten()?;
        self.metrics.get(place)
    }

    /// Every metric, in the order of the file.
    pub fn all(&self) -> &[Metric] {
        &self.metrics
    }

    fn parse(text: &str, units: &Units) -> Result<Catalogue, CatalogueError> {
        let file: File = toml::from_str(text)?;
        let mut catalogue = Catalogue { metrics: Vec::new(), place_by_name: HashMap::new(), place_by_id: Vec::new() };
        for row in file.metric {
            let row_of_id = row.id / 10;
            let metric = Metric::from(row.clone());
            let broken = |rule| CatalogueError::Metric { name: row.name.clone(), rule };
            if row_of_id != row.row {
                return Err(broken("its row's number times ten, and its place, as its id"));
            }
            metric.check(units).map_err(broken)?;
            catalogue.add(metric).map_err(broken)?;
        }
        Ok(catalogue)
    }

    fn add(&mut self, metric: Metric) -> Result<(), &'static str> {
        let place = self.metrics.len();
        let id = usize::try_from(metric.id.0).map_err(|_| "an id of 0 or more")?;
        if self.place_by_id.len() <= id {
            self.place_by_id.resize(id + 1, None);
        }
        if let Some(slot) = self.place_by_id.get_mut(id)
            && slot.replace(place).is_some()
        {
            return Err("an id of its own");
        }
        if self.place_by_name.insert(metric.name.clone(), place).is_some() {
            return Err("a name of its own");
        }
        self.metrics.push(metric);
        Ok(())
    }
}

impl Metric {
    /// True where the values are codes, stored as their places.
    pub fn is_coded(&self) -> bool {
        !self.codes.is_empty()
    }

    /// The code whose place this stored value is; `None` for a numeric metric.
    pub fn code_of(&self, value: f64) -> Option<&str> {
        self.codes.get(value as usize).map(String::as_str)
    }

    /// The number that this stored value is; `None` for a coded metric.
    pub fn number_of(&self, value: f64) -> Option<f64> {
        (!self.is_coded()).then_some(value)
    }

    /// How a value in the unit `word` becomes one in the catalogue's; `None` where the word is not one of the metric's.
    pub fn conversion_from(&self, word: &str, units: &Units) -> Option<Conversion> {
        units.conversion(word, &self.unit, &self.name)
    }

    fn check(&self, units: &Units) -> Result<(), &'static str> {
        let is_word = |text: &str| text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'));
        if !is_word(&self.name) || !self.name.starts_with(|first: char| first.is_ascii_lowercase()) {
            return Err("a name of small letters, digits and underscores");
        }
        if self.title.is_empty() {
            return Err("a title");
        }
        if self.is_coded() {
            let numeric = !self.unit.is_empty() || self.hard.is_some() || self.soft.is_some() || self.per_minute;
            let twice = (1..self.codes.len()).any(|n| self.codes.iter().skip(n).zip(&self.codes).any(|(a, b)| a == b));
            let faulty = numeric || twice || !self.sentinels.is_empty() || self.codes.iter().any(String::is_empty);
            return if faulty { Err("codes that differ, or a unit and ranges, not both") } else { Ok(()) };
        }
        if !units.knows(&self.unit) {
            return Err("a unit that is a heading of the unit table");
        }
        if ![self.hard, self.soft].iter().flatten().all(Range::is_forward) {
            return Err("ranges of finite numbers, the lowest first");
        }
        match (self.hard, self.soft) {
            (None, Some(_)) => return Err("a hard range around its soft one"),
            (Some(hard), Some(soft)) if !(hard.contains(soft.low) && hard.contains(soft.high)) => {
                return Err("a soft range inside the hard one");
            }
            _ => {}
        }
        if self.per_minute && self.hard.is_none() {
            return Err("a hard range where it is per minute");
        }
        let inside = |sentinel: &f64| self.hard.is_none_or(|hard| hard.contains(*sentinel)) || !sentinel.is_finite();
        if self.sentinels.iter().any(inside) {
            return Err("sentinels that no measurement can give");
        }
        Ok(())
    }
}

impl Range {
    /// True for a value between the lowest and the highest, both included; never for NaN.
    pub fn contains(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }

    fn is_forward(&self) -> bool {
        self.low.is_finite() && self.high.is_finite() && self.low <= self.high
    }
}

impl From<[f64; 2]> for Range {
    fn from([low, high]: [f64; 2]) -> Range {
        Range { low, high }
    }
}

/// The file, as it is written.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    metric: Vec<Row>,
}

#[derive(Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    row: i16,
    id: i16,
    name: String,
    title: String,
    kind: MetricKind,
    #[serde(default)]
    loinc: Vec<String>,
    mdc: Option<u32>,
    #[serde(default)]
    unit: String,
    hard: Option<Range>,
    soft: Option<Range>,
    #[serde(default)]
    per_minute: bool,
    #[serde(default)]
    codes: Vec<String>,
    #[serde(default)]
    sentinels: Vec<f64>,
}

impl From<Row> for Metric {
    fn from(row: Row) -> Metric {
        Metric {
            id: MetricId(row.id),
            name: row.name,
            title: row.title,
            kind: row.kind,
            loinc: row.loinc,
            mdc: row.mdc,
            unit: row.unit,
            hard: row.hard,
            soft: row.soft,
            per_minute: row.per_minute,
            codes: row.codes,
            sentinels: row.sentinels,
        }
    }
}

#[cfg(test)]
mod tests;
