//! Plausible: whether numbers fit another unit of their metric better than the one that they came in.
//!
//! # Why
//! A glucose of 15.2 mmol/L whose unit was left out is read as 15.2 mg/dL: a severe high becomes a severe low, and
//! nothing in the number itself says so. Its neighbours do: a series that also holds 5.6 is none in mg/dL, for no body
//! has 5.6 mg/dL. So a series, or a file, is judged as a whole, before any of it is stored.
//!
//! Evidence is a value that the unit cannot have (outside its `hard` range) and that another unit can (inside its
//! `plausible` range). Without such a value nothing is refused: a lone 25 mg/dL may be a true and dangerous low. There
//! is one other sign: where the payload names no unit, the catalogue's is one of whole numbers, and no value fits it,
//! then one with a single decimal (15.2) was printed in another.
//!
//! Given evidence, each value votes for the unit that alone makes it plausible. Where the other unit has more votes
//! the whole is refused; else, as one wrong value in a night must not take the night with it, only what the other unit
//! makes plausible and the given one does not.
//!
//! Pure, and one value at a time, so that a message and a file of a million rows are judged by the same rule.

use super::range::Range;
use crate::model::unit::Conversion;

/// What numbers of a metric are in one of its units.
#[derive(Clone, Debug, PartialEq)]
pub struct UnitRanges {
    /// The unit's word.
    pub unit: String,
    /// How it becomes the catalogue's; `None` for one that is recognised and not accepted, as a fraction of one.
    pub conversion: Option<Conversion>,
    /// Values that raise no question in this unit.
    pub plausible: Range,
    /// Values that can be at all in this unit; `None` where those of the catalogue's unit say it.
    pub hard: Option<Range>,
    /// True where devices give whole numbers in this unit.
    pub whole: bool,
}

/// Judges values of one metric that came in one unit.
#[derive(Clone, Debug)]
pub struct UnitJudge<'a> {
    given: GivenUnit<'a>,
    /// True where a single decimal tells that the unit is another.
    decimals_tell: bool,
    sentinels: &'a [f64],
    others: Vec<Votes<'a>>,
}

/// The unit in which the values came.
#[derive(Copy, Clone, Debug)]
struct GivenUnit<'a> {
    conversion: Conversion,
    /// What the catalogue knows of it; `None` where it only knows how it converts.
    ranges: Option<&'a UnitRanges>,
    /// What it knows of its own unit.
    catalogue: &'a UnitRanges,
}

/// What speaks for another unit.
#[derive(Clone, Debug)]
struct Votes<'a> {
    ranges: &'a UnitRanges,
    /// Values that are plausible in the given unit alone.
    for_given: u64,
    /// Values that are plausible in this one alone.
    for_other: u64,
    /// True where one was seen that the given unit cannot have.
    is_proven: bool,
    /// True where one was seen that has a single decimal.
    has_decimals: bool,
}

/// Values that fit another unit than the one that they came in.
#[derive(Copy, Clone, Debug)]
pub struct UnitMismatch<'a> {
    given: GivenUnit<'a>,
    other: &'a UnitRanges,
    is_whole: bool,
}

impl<'a> UnitJudge<'a> {
    /// A judge of values in the unit that `conversion` converts; `None` where `units`, the catalogue's own first, says
    /// nothing of the metric. `is_named`: the payload named the unit. `sentinels` are no values.
    pub(super) fn new(
        units: &'a [UnitRanges],
        sentinels: &'a [f64],
        conversion: Conversion,
        is_named: bool,
    ) -> Option<UnitJudge<'a>> {
        let catalogue = units.first()?;
        let ranges = units.iter().find(|ranges| ranges.conversion == Some(conversion));
        let given = GivenUnit { conversion, ranges, catalogue };
        let is_other = |other: &&UnitRanges| other.conversion != Some(conversion);
        let others = units.iter().filter(is_other).map(Votes::new).collect();
        let decimals_tell = !is_named && ranges.is_some_and(|ranges| ranges.whole);
        Some(UnitJudge { given, decimals_tell, sentinels, others })
    }

    /// Takes note of a value, as it came.
    pub fn see(&mut self, value: f64) {
        let (is_plausible, is_possible) = (self.given.is_plausible(value), self.given.is_possible(value));
        let is_sentinel = self.sentinels.contains(&value);
        for votes in &mut self.others {
            let fits_other = votes.ranges.plausible.contains(value);
            // A status code votes for no unit, yet beside it a value that no sensor gives is not to be believed.
            votes.is_proven |= fits_other && !is_possible;
            if is_sentinel || is_plausible == fits_other {
                continue;
            }
            if fits_other {
                votes.for_other += 1;
                votes.has_decimals |= has_single_decimal(value);
            } else {
                votes.for_given += 1;
            }
        }
    }

    /// What is to be said of all that was seen; `None` where the given unit is believed.
    pub fn verdict(&self) -> Option<UnitMismatch<'a>> {
        let suspected = self.others.iter().filter(|votes| votes.is_suspected(self.decimals_tell));
        let most = suspected.max_by_key(|votes| votes.for_other)?;
        Some(UnitMismatch { given: self.given, other: most.ranges, is_whole: most.for_given < most.for_other })
    }
}

impl UnitMismatch<'_> {
    /// True where all of the series or file is refused.
    pub fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// True where this value is refused. A sentinel is asked about only where the whole is refused.
    pub fn refuses(&self, value: f64) -> bool {
        self.is_whole || (self.other.plausible.contains(value) && !self.given.is_plausible(value))
    }

    /// What is wrong and what to do, in a sentence without its beginning.
    pub fn explain(&self) -> String {
        let given = self.given.ranges.unwrap_or(self.given.catalogue);
        format!("values fit {}, not {}: name the unit in which they were measured", self.other.unit, given.unit)
    }
}

impl GivenUnit<'_> {
    fn is_plausible(&self, value: f64) -> bool {
        match self.ranges {
            Some(ranges) => ranges.plausible.contains(value),
            None => self.catalogue.plausible.contains(self.conversion.apply(value)),
        }
    }

    fn is_possible(&self, value: f64) -> bool {
        match self.ranges.and_then(|ranges| ranges.hard) {
            Some(hard) => hard.contains(value),
            None => self.catalogue.hard.is_none_or(|hard| hard.contains(self.conversion.apply(value))),
        }
    }
}

impl<'a> Votes<'a> {
    fn new(ranges: &'a UnitRanges) -> Votes<'a> {
        Votes { ranges, for_given: 0, for_other: 0, is_proven: false, has_decimals: false }
    }

    fn is_suspected(&self, decimals_tell: bool) -> bool {
        let is_told = decimals_tell && self.has_decimals && self.for_given == 0;
        self.for_other > 0 && (self.is_proven || is_told)
    }
}

/// True for 15.2; not for 15, and not for 23.42, which a conversion gives.
fn has_single_decimal(value: f64) -> bool {
    let tenths = value * 10.0;
    value.fract() != 0.0 && (tenths - tenths.round()).abs() < 1e-6
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::model::metric::Catalogue;
    use crate::model::unit::Units;

    /// Which of the values are refused, `unit` being what the payload says.
    fn refused(metric: &str, unit: Option<&str>, values: &[f64]) -> Vec<f64> {
        let catalogue = Catalogue::builtin().unwrap();
        let metric = catalogue.by_name(metric).unwrap();
        let conversion = metric.conversion_from(unit.unwrap_or(&metric.unit), &Units::builtin().unwrap()).unwrap();
        let mut judge = metric.unit_judge(conversion, unit.is_some()).unwrap();
        values.iter().for_each(|value| judge.see(*value));
        let Some(mismatch) = judge.verdict() else { return Vec::new() };
        values.iter().copied().filter(|value| mismatch.refuses(*value)).collect()
    }

    #[test]
    fn a_series_that_only_another_unit_explains_is_refused_whole() {
        for (metric, unit, values) in [
            ("interstitial_glucose", None, vec![5.6, 15.2, 22.2]),
            ("interstitial_glucose", None, vec![6.1, 10.0, 11.4, 14.0, 9.0, 12.0]),
            ("interstitial_glucose", Some("mg/dL"), vec![5.6, 15.2, 22.2]),
            ("interstitial_glucose", None, vec![15.2]),
            ("interstitial_glucose", Some("mmol/L"), vec![50.0, 110.0, 332.0]),
            ("interstitial_glucose", Some("mmol/L"), vec![36.0]),
            ("interstitial_glucose", None, vec![9.0, 15.0, 21.0]),
            ("blood_glucose", None, vec![5.6, 15.2]),
            ("blood_glucose", None, vec![5.6]),
            ("blood_glucose", Some("mmol/L"), vec![50.0]),
            ("body_temperature", None, vec![98.6, 97.9]),
            ("body_temperature", Some("F"), vec![36.6]),
            ("body_temperature", Some("K"), vec![36.6, 37.1]),
            ("skin_temperature", None, vec![91.5]),
            ("oxygen_saturation", None, vec![0.97, 1.0]),
            ("oxygen_saturation", None, vec![1.0]),
            ("body_height", None, vec![1.75]),
            ("body_weight", None, vec![70_500.0]),
            ("body_weight", Some("g"), vec![70.5]),
            ("systolic_blood_pressure", None, vec![16.1, 21.3]),
            ("systolic_blood_pressure", Some("kPa"), vec![120.0]),
            ("diastolic_blood_pressure", None, vec![10.7]),
            ("rr_interval", None, vec![0.81, 0.79]),
            ("rr_interval", Some("s"), vec![812.0]),
            ("hrv_rmssd", None, vec![0.042]),
        ] {
            assert_eq!(refused(metric, unit, &values), values, "{metric} in {unit:?}");
        }
    }

    #[test]
    fn what_its_own_unit_explains_is_believed() {
        for (metric, unit, values) in [
            ("interstitial_glucose", None, vec![105.0, 72.0, 41.0, 38.0, 28.0, 400.0]),
            ("interstitial_glucose", None, vec![28.0]),
            ("blood_glucose", Some("mg/dL"), vec![23.4, 28.0]),
            ("blood_glucose", None, vec![23.42]),
            ("blood_glucose", None, vec![900.0, 2_000.0]),
            ("blood_glucose", Some("mmol/L"), vec![1.4, 33.3, 40.0]),
            ("interstitial_glucose", Some("mmol/L"), vec![2.2, 10.0, 22.2]),
            // Receiver's codes and nothing that could be a value in another unit.
            ("interstitial_glucose", None, vec![105.0, 104.0, 12.0, 10.0, 9.0, 5.0, 3.0, 1.0, 0.0, 101.0]),
            ("interstitial_glucose", None, vec![10.0, 9.0, 5.0]),
            ("body_temperature", None, vec![28.0, 42.0]),
            ("body_weight", None, vec![0.5, 300.0]),
            ("body_weight", Some("lb"), vec![150.0, 7.0]),
            ("body_weight", Some("g"), vec![450.0, 3_200.0]),
            ("body_height", Some("in"), vec![69.0]),
            ("skin_temperature", None, vec![12.0, 33.0, 49.0]),
            ("diastolic_blood_pressure", None, vec![20.0]),
            ("hrv_sdnn", None, vec![0.0, 12.5]),
            ("oxygen_saturation", None, vec![40.0, 100.0]),
        ] {
            assert_eq!(refused(metric, unit, &values), [0.0; 0], "{metric} in {unit:?}");
        }
    }

    #[test]
    fn one_wrong_value_does_not_take_its_night_with_it() {
        let night = [110.0, 108.0, 5.6, 104.0, 28.0, 102.0];
        assert_eq!(refused("interstitial_glucose", None, &night), [5.6, 28.0]);
        let beside_a_code = [105.0, 9.0, 28.0, 101.0];
        assert_eq!(refused("interstitial_glucose", None, &beside_a_code), [9.0, 28.0], "a code says so too");
        assert_eq!(refused("body_temperature", None, &[36.6, 36.7, 98.2]), [98.2]);
    }

    #[test]
    fn the_sentence_names_both_units_and_no_value() {
        let catalogue = Catalogue::builtin().unwrap();
        let metric = catalogue.by_name("blood_glucose").unwrap();
        let mut judge = metric.unit_judge(crate::model::unit::Conversion::Identity, false).unwrap();
        judge.see(5.6);
        let sentence = judge.verdict().unwrap().explain();
        assert!(sentence.contains("fit mmol/L, not mg/dL") && !sentence.contains("5.6"), "{sentence}");
        assert!(catalogue.by_name("step_count").unwrap().unit_judge(super::Conversion::Identity, false).is_none());
    }

    proptest! {
        /// The rule for glucose, whatever else is among the values.
        #[test]
        fn nothing_between_10_and_33_is_mg_beside_a_value_under_10(
            metric in prop::sample::select(vec!["interstitial_glucose", "blood_glucose"]),
            named in any::<bool>(),
            low in 0.6..9.9_f64,
            values in prop::collection::vec(prop_oneof![0.6..33.3_f64, 33.0..600.0], 0..40),
            at in 0_usize..40,
        ) {
            let mut values: Vec<f64> = values.iter().map(|value| (value * 10.0).round() / 10.0).collect();
            values.insert(at.min(values.len()), (low * 10.0).round() / 10.0);
            let refused = refused(metric, named.then_some("mg/dL"), &values);
            let doubtful = |value: &&f64| (10.0..33.0).contains(*value);
            let codes = |value: &&f64| metric == "interstitial_glucose" && value.fract() == 0.0 && **value <= 12.0;
            let kept = values.iter().filter(doubtful).filter(|value| !codes(value)).filter(|value| !refused.contains(value));
            prop_assert_eq!(kept.count(), 0);
        }

        #[test]
        fn values_inside_the_soft_range_are_always_believed(
            place in 0_usize..60,
            shares in prop::collection::vec(0.0..=1.0_f64, 1..30),
            word in prop::option::of(0_usize..4),
        ) {
            let catalogue = Catalogue::builtin().unwrap();
            let Some(metric) = catalogue.all().get(place) else { return Ok(()) };
            let (Some(soft), Some(catalogue_unit)) = (metric.soft, metric.units.first()) else { return Ok(()) };
            let ranges = word.and_then(|word| metric.units.get(word)).unwrap_or(catalogue_unit);
            let Some(conversion) = ranges.conversion else { return Ok(()) };
            let mut judge = metric.unit_judge(conversion, word.is_some()).unwrap();
            for share in shares {
                let value = ranges.plausible.low + share * (ranges.plausible.high - ranges.plausible.low);
                if soft.contains(conversion.apply(value)) {
                    judge.see(value);
                }
            }
            prop_assert!(judge.verdict().is_none());
        }
    }
}
