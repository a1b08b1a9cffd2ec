//! What the unit table promises: the published conversions, and every known trap of unit words.

use super::*;
use crate::model::metric::Catalogue;

fn convert(value: f64, word: &str, metric: &str) -> Option<f64> {
    let catalogue = Catalogue::builtin().unwrap();
    let conversion = catalogue.by_name(metric).unwrap().conversion_from(word, &Units::builtin().unwrap())?;
    Some(conversion.apply(value))
}

fn assert_near(given: Option<f64>, wanted: f64) {
    let given = given.unwrap();
    assert!((given - wanted).abs() <= wanted.abs() * 1e-12, "{given} is not {wanted}");
}

#[test]
fn the_unit_of_the_catalogue_is_a_word_for_itself_and_changes_nothing() {
    let units = Units::builtin().unwrap();
    for metric in Catalogue::builtin().unwrap().all().iter().filter(|metric| !metric.is_coded()) {
        assert_eq!(metric.conversion_from(&metric.unit, &units), Some(Conversion::Identity), "{}", metric.name);
    }
}

#[test]
fn every_metric_that_a_word_is_kept_for_exists_and_has_the_unit() {
    let catalogue = Catalogue::builtin().unwrap();
    for (unit, words) in &Units::builtin().unwrap().words {
        assert!(catalogue.all().iter().any(|metric| metric.unit == *unit), "{unit} is nobody's unit");
        for name in words.values().flat_map(|word| &word.only) {
            assert_eq!(catalogue.by_name(name).map(|metric| &metric.unit), Some(unit), "{name}");
        }
    }
}

#[test]
fn words_convert_as_the_published_table_says() {
    for (value, word, metric, wanted) in [
        (72.0, "bpm", "heart_rate", 72.0),
        (14.0, "breaths/min", "respiratory_rate", 14.0),
        (16.0, "kPa", "systolic_blood_pressure", 16.0 * 7.50062),
        (5.5, "mmol/L", "blood_glucose", 5.5 * 18.016),
        (98.6, "degF", "body_temperature", 37.0),
        (310.15, "K", "body_temperature", 37.0),
        (70_500.0, "g", "body_weight", 70.5),
        (100.0, "lb", "body_weight", 45.359237),
        (11.0, "st", "body_weight", 69.85322498),
        (16.0, "oz", "body_weight", 0.45359237),
        (6.0, "ft", "body_height", 182.88),
        (1.0, "mi", "distance", 1_609.344),
        (0.8, "s", "rr_interval", 800.0),
        (8.0, "h", "sleep_duration", 480.0),
        (90.0, "sec", "exercise_duration", 1.5),
        (418.4, "kJ", "active_energy", 100.0),
        (1.0, "g", "acceleration_z", 9.80665),
        (1.2, "mV", "ecg_lead_i", 1_200.0),
        (500.0, "kOhm", "electrodermal_activity", 2.0),
        (450.0, "mL/min", "peak_expiratory_flow", 0.45),
        (22.5, "kg/m^2", "body_mass_index", 22.5),
    ] {
        assert_near(convert(value, word, metric), wanted);
    }
    assert_eq!(convert(9.0, "g", "body_weight"), Some(0.009), "exact, because a division stays one");
}

#[test]
fn ucum_trap_lb_and_mmhg_are_words_though_not_ucum() {
    assert_eq!(convert(1.0, "lb", "body_weight"), convert(1.0, "[lb_av]", "body_weight"));
    assert_eq!(convert(120.0, "mmHg", "systolic_blood_pressure"), Some(120.0));
}

#[test]
fn ucum_trap_c_and_f_are_degrees_here_and_never_coulomb_or_farad() {
    assert_eq!(convert(37.0, "C", "body_temperature"), Some(37.0));
    assert_near(convert(98.6, "F", "body_temperature"), 37.0);
    assert_eq!(convert(37.0, "C", "electrodermal_activity"), None);
    assert_eq!(convert(37.0, "F", "ecg_lead_i"), None);
}

#[test]
fn ucum_trap_letters_differ_by_case() {
    for (word, metric) in
        [("M", "distance"), ("KG", "body_weight"), ("BPM", "heart_rate"), ("MMHG", "mean_blood_pressure")]
    {
        assert_eq!(convert(1.0, word, metric), None, "{word}");
    }
}

#[test]
fn ucum_trap_the_inch_is_in_as_payloads_say_and_in_i_as_ucum_says() {
    assert_eq!(convert(70.0, "in", "body_height"), convert(70.0, "[in_i]", "body_height"));
}

#[test]
fn ucum_trap_a_deviation_never_takes_an_offset() {
    assert_eq!(convert(0.5, "C", "skin_temperature_deviation"), Some(0.5));
    assert_eq!(convert(0.9, "degF", "skin_temperature_deviation"), Some(0.5));
    for word in Units::builtin().unwrap().words["K"].values() {
        assert!(!matches!(word.conversion, Conversion::Linear { minus, .. } if minus != 0.0));
    }
}

#[test]
fn a_word_of_another_metric_is_refused() {
    for (word, metric) in [
        ("breaths/min", "heart_rate"),
        ("bpm", "respiratory_rate"),
        ("mmol/L", "body_weight"),
        ("g", "blood_glucose"),
        ("", "heart_rate"),
        ("furlong", "distance"),
        ("%", "sleep_stage"),
    ] {
        assert_eq!(convert(1.0, word, metric), None, "{word} of {metric}");
    }
}

#[test]
fn spreads_variances_and_sums_convert_as_what_they_are() {
    let degf = Conversion::Linear { minus: 32.0, times: 5.0, over: 9.0 };
    assert_eq!(degf.of_difference().map(|spread| spread.apply(0.9)), Some(0.5));
    assert_near(degf.of_square().map(|variance| variance.apply(3.24)), 1.0);
    assert_eq!(degf.of_sum(), None);
    let inverse = Conversion::Inverse { numerator: 1.0 };
    assert_eq!((inverse.of_difference(), inverse.of_square(), inverse.of_sum()), (None, None, None));
    assert_eq!(Conversion::Identity.of_sum(), Some(Conversion::Identity));
}

#[test]
fn a_table_that_breaks_a_rule_is_refused() {
    for text in [
        "[kg]\ng = { over = 1000 }",
        "[kg]\nkg = { times = 2 }",
        "[kg]\nkg = {}\ng = { over = 0 }",
        "[kg]\nkg = {}\ng = { times = nan }",
        "[kg]\nkg = {}\ng = { inverse = 1, times = 2 }",
        "[kg]\nkg = {}\ng = { ofer = 1000 }",
        "[kg]\nkg = {}\nkg = {}",
    ] {
        assert!(Units::parse(text).is_err(), "{text}");
    }
}
