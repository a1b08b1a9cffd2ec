//! The metric catalogue: what is measured, in which unit, and which values a body can give.
//!
//! # Why
//! The catalogue is data (`schemas/payloads/metrics.toml`), so that an engineer of another company can read it and SQL
//! can show it; it is compiled in, so that no daemon can run with another one than its version has. It is wholly
//! checked when it is read: a range that is upside down must stop the start, not quarantine a night of samples.

use std::collections::HashMap;

use super::ids::MetricId;
use super::unit::{Conversion, Units, UnitsError};

/// The lowest and the highest of numbers.
mod range;

/// Whether numbers fit another unit better than their own.
mod plausible;

/// How values relate to time.
mod kind;

/// The file, as it is written.
mod row;

use row::{File, MetricRow, RangesRow};

pub use kind::MetricKind;
pub use plausible::{UnitJudge, UnitMismatch, UnitRanges};
pub use range::Range;

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
    /// Values by which vendors say "not measured", in the catalogue's unit; they are outside `soft`.
    pub sentinels: Vec<f64>,
    /// What its numbers are in each unit that can be mistaken for another, the catalogue's first; empty where none can.
    pub units: Vec<UnitRanges>,
    /// What its sensors can tell; beyond it they say "low" or "high". `None` where no such words are taken.
    pub sensor: Option<Range>,
    /// True where each value is the time since the one before, so that two with one stamp follow each other.
    pub consecutive: bool,
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
            let broken = |rule| CatalogueError::Metric { name: row.name.clone(), rule };
            if row_of_id != row.row {
                return Err(broken("its row's number times ten, and its place, as its id"));
            }
            let metric = Metric::of(row.clone(), units).map_err(broken)?;
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

    /// A judge of values in the unit that `conversion` converts, where a unit of this metric can be mistaken for
    /// another. `is_named`: the payload named the unit.
    pub fn unit_judge(&self, conversion: Conversion, is_named: bool) -> Option<UnitJudge<'_>> {
        UnitJudge::new(&self.units, self.sentinels_in(conversion), conversion, is_named)
    }

    /// The sentinels among values that this conversion converts. They are numbers of the catalogue's unit: 5 is a
    /// receiver's status in mg/dL and a sound glucose in mmol/L.
    pub fn sentinels_in(&self, conversion: Conversion) -> &[f64] {
        if conversion == Conversion::Identity { &self.sentinels } else { &[] }
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
            let numeric = numeric || self.sensor.is_some() || !self.units.is_empty() || !self.sentinels.is_empty();
            let faulty = numeric || twice || self.codes.iter().any(String::is_empty);
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
            (Some(hard), Some(soft)) if !hard.holds(&soft) => {
                return Err("a soft range inside the hard one");
            }
            _ => {}
        }
        if self.per_minute && self.hard.is_none() {
            return Err("a hard range where it is per minute");
        }
        let likely = self.soft.or(self.hard);
        let inside = |sentinel: &f64| likely.is_none_or(|likely| likely.contains(*sentinel)) || !sentinel.is_finite();
        if self.sentinels.iter().any(inside) {
            return Err("sentinels that no likely measurement gives");
        }
        if self.sensor.is_some_and(|sensor| self.per_minute || self.hard.is_none_or(|hard| !hard.holds(&sensor))) {
            return Err("a sensor's range inside its hard one");
        }
        if self.consecutive && self.unit != "ms" {
            return Err("ms as its unit where values follow each other");
        }
        self.check_units()
    }

    fn check_units(&self) -> Result<(), &'static str> {
        if self.units.is_empty() {
            return Ok(());
        }
        if self.per_minute || self.units.first().is_none_or(|own| own.unit != self.unit) {
            return Err("the ranges of its own unit beside those of others, and none per minute");
        }
        for ranges in &self.units {
            if !std::iter::once(ranges.plausible).chain(ranges.hard).all(|range| range.is_forward()) {
                return Err("ranges of finite numbers, the lowest first");
            }
            // What nobody doubts in the catalogue's unit must be plausible in each: only then may it pass unjudged.
            let converted = ranges.conversion.map(|conversion| Range {
                low: conversion.apply(ranges.plausible.low),
                high: conversion.apply(ranges.plausible.high),
            });
            if !self.soft.or(self.hard).zip(converted).is_none_or(|(likely, plausible)| plausible.holds(&likely)) {
                return Err("a plausible range around its soft one in every unit");
            }
        }
        Ok(())
    }

    fn of(row: MetricRow, units: &Units) -> Result<Metric, &'static str> {
        let mut by_unit = Vec::with_capacity(row.units.len());
        for (unit, ranges) in row.units {
            let conversion = units.conversion(&unit, &row.unit, &row.name);
            // A share of one is recognised where a percentage belongs; no payload may name it.
            if conversion.is_none() && unit != FRACTION {
                return Err("ranges in units of the unit table alone");
            }
            let RangesRow { plausible, hard, whole } = ranges;
            let hard = hard.or(row.hard.filter(|_| unit == row.unit));
            by_unit.push(UnitRanges { unit, conversion, plausible, hard, whole });
        }
        by_unit.sort_by_key(|ranges| ranges.unit != row.unit);
        Ok(Metric {
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
            units: by_unit,
            sensor: row.sensor,
            consecutive: row.consecutive,
        })
    }
}

/// UCUM's unit of one: a fraction in the place of a percentage.
const FRACTION: &str = "1";

#[cfg(test)]
mod tests;
