//! What judging units promises: no value in another unit is believed, and none in its own is refused.

use proptest::prelude::*;

use crate::model::metric::Catalogue;
use crate::model::unit::{Conversion, Units};

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
    let mut judge = metric.unit_judge(Conversion::Identity, false).unwrap();
    judge.see(5.6);
    let sentence = judge.verdict().unwrap().explain();
    assert!(sentence.contains("fit mmol/L, not mg/dL") && !sentence.contains("5.6"), "{sentence}");
    assert!(catalogue.by_name("step_count").unwrap().unit_judge(Conversion::Identity, false).is_none());
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
        let kept = values.iter().filter(doubtful).filter(|value| !codes(value));
        let kept = kept.filter(|value| !refused.contains(value));
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
