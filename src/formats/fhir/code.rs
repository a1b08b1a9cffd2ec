//! What a code says is measured: LOINC and MDC codes of the catalogue's metrics, and the catalogue's own names.
//!
//! # Why
//! The codes stand here as data beside those that name the same quantity in other words: molar glucose, whose unit says
//! so as well; a temperature taken in the mouth; the total of 24 hours, which is kept as a statistic, since a day's
//! steps are no sample beside those of its minutes. A test holds each code of the catalogue against this list.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::formats::error::SchemaError;
use crate::formats::json::{each, members, text};
use crate::model::reason::Reason;

/// The system of the catalogue's names, for what has no code elsewhere.
pub(super) const OWN_METRICS: &str = "urn:healthtrack:metric";
/// The system of the catalogue's codes of a coded metric.
pub(super) const OWN_CODES: &str = "urn:healthtrack:code";
const LOINC: &str = "http://loinc.org";
const MDC: &str = "urn:iso:std:iso:11073:10101";

/// Codings of one code: each is compared with all others.
const CODINGS_MAX: usize = 32;

/// What a code means.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Meaning<'a> {
    pub(super) metric: Cow<'a, str>,
    pub(super) statistic: Option<&'static str>,
}

/// A code, its metric, and what it says about many measurements.
type Row = (&'static str, &'static str, Option<&'static str>);

const LOINC_CODES: &[Row] = &[
    ("8867-4", "heart_rate", None),
    ("40443-4", "resting_heart_rate", None),
    ("8637-1", "rr_interval", None),
    ("80404-7", "hrv_sdnn", None),
    ("59408-5", "oxygen_saturation", None),
    ("2708-6", "oxygen_saturation", None),
    ("61006-3", "perfusion_index", None),
    ("9279-1", "respiratory_rate", None),
    ("8310-5", "body_temperature", None),
    ("8331-1", "body_temperature", None),
    ("8480-6", "systolic_blood_pressure", None),
    ("8462-4", "diastolic_blood_pressure", None),
    ("8478-0", "mean_blood_pressure", None),
    ("41653-7", "blood_glucose", None),
    ("2339-0", "blood_glucose", None),
    ("15074-8", "blood_glucose", None),
    ("99504-3", "interstitial_glucose", None),
    ("105272-9", "interstitial_glucose", None),
    ("29463-7", "body_weight", None),
    ("8302-2", "body_height", None),
    ("39156-5", "body_mass_index", None),
    ("41982-0", "body_fat_percentage", None),
    ("91557-9", "lean_body_mass", None),
    ("8280-0", "waist_circumference", None),
    ("55423-8", "step_count", None),
    ("41950-7", "step_count", Some(OF_A_DAY)),
    ("55430-3", "distance", None),
    ("41953-1", "distance", Some(OF_A_DAY)),
    ("41981-2", "active_energy", None),
    ("100304-5", "floors_climbed", None),
    ("55411-3", "exercise_duration", None),
    ("93832-4", "sleep_duration", None),
    ("93831-6", "sleep_deep", None),
    ("93830-8", "sleep_light", None),
    ("93829-0", "sleep_rem", None),
    ("19935-6", "peak_expiratory_flow", None),
    ("20150-9", "fev1", None),
    ("19870-5", "fvc", None),
];

const MDC_CODES: &[Row] = &[
    ("149546", "heart_rate", None),
    ("150456", "oxygen_saturation", None),
    ("150364", "body_temperature", None),
    ("150021", "systolic_blood_pressure", None),
    ("150022", "diastolic_blood_pressure", None),
    ("150023", "mean_blood_pressure", None),
    ("160184", "blood_glucose", None),
    ("188736", "body_weight", None),
    ("188740", "body_height", None),
    ("188752", "body_mass_index", None),
    ("188748", "body_fat_percentage", None),
    ("131329", "ecg_lead_i", None),
    ("152584", "peak_expiratory_flow", None),
];

/// What 24 hours gave together.
const OF_A_DAY: &str = "sum/d";

/// Metrics of which there is one value a day.
const DAILY: &[&str] = &["resting_heart_rate", "skin_temperature_deviation", "vo2_max", "medication_adherence"];

/// Metrics whose values count, or are in no unit: a bare whole number says all.
const COUNTED: &[&str] = &["step_count", "floors_climbed", "activity_intensity", "met", "stress_score", "ppg_bvp"];

const UNKNOWN: SchemaError = SchemaError {
    reason: Reason::UnknownMetric,
    field: "code",
    what: "is not one of a metric of the catalogue: give its LOINC or MDC code, or its name in urn:healthtrack:metric",
};
const SEVERAL: SchemaError =
    SchemaError { reason: Reason::UnknownMetric, field: "code", what: "must name one metric, not several" };
const NO_CONCEPT: SchemaError =
    SchemaError { reason: Reason::Undecodable, field: "code", what: "must be an object with an array `coding`" };

/// What a CodeableConcept says is measured; else why not, and the first code of those that it gives.
pub(super) fn read(concept: Option<&RawValue>) -> Result<Meaning<'_>, (SchemaError, Option<Cow<'_, str>>)> {
    let mut found: Vec<Meaning<'_>> = Vec::with_capacity(1);
    let mut first = None;
    let read = codings(concept, |system, code| {
        if let Some(one) = meaning(system, code.clone()).filter(|one| !found.contains(one)) {
            found.push(one);
        }
        first.get_or_insert(code);
    });
    read.map_err(|error| (error.within("code"), None))?;
    // The vital signs profile demands the general code beside a special one.
    let special: Vec<&Meaning<'_>> = found.iter().filter(|one| !found.iter().any(|other| other.narrows(one))).collect();
    match special.as_slice() {
        [one] => Ok((*one).clone()),
        [] => Err((UNKNOWN, first)),
        _ => Err((SEVERAL, first)),
    }
}

/// The first code of `urn:healthtrack:code` in a CodeableConcept.
pub(super) fn own_code(concept: &RawValue) -> Result<Option<Cow<'_, str>>, SchemaError> {
    let mut own = None;
    codings(Some(concept), |system, code| {
        if system == OWN_CODES && own.is_none() {
            own = Some(code);
        }
    })?;
    Ok(own)
}

/// Hands over the system and the code of each coding that has both.
fn codings<'a>(
    concept: Option<&'a RawValue>,
    mut take: impl FnMut(Cow<'a, str>, Cow<'a, str>),
) -> Result<(), SchemaError> {
    let [coding] =
        members(concept.ok_or(NO_CONCEPT)?, |name| (name == "coding").then_some(0)).map_err(|_| NO_CONCEPT)?;
    let Some(coding) = coding else { return Ok(()) };
    let mut count = 0;
    let read = each(coding, |coding| {
        count += 1;
        if count > CODINGS_MAX {
            return Err(SchemaError::shape("must have fewer codings"));
        }
        let [system, code] = members(coding, |name| match name {
            "system" => Some(0),
            "code" => Some(1),
            _ => None,
        })?;
        if let (Some(system), Some(code)) = (system.and_then(text), code.and_then(text)) {
            take(system, code);
        }
        Ok(())
    });
    read.map(drop)
}

fn meaning<'a>(system: Cow<'a, str>, code: Cow<'a, str>) -> Option<Meaning<'a>> {
    let rows = match system.as_ref() {
        LOINC => LOINC_CODES,
        MDC => MDC_CODES,
        OWN_METRICS => return Some(Meaning { metric: code, statistic: None }),
        _ => return None,
    };
    let (_, metric, statistic) = rows.iter().find(|(known, ..)| *known == code)?;
    Some(Meaning { metric: Cow::Borrowed(metric), statistic: *statistic })
}

impl Meaning<'_> {
    /// True where this says the same as the other and more.
    fn narrows(&self, other: &Meaning<'_>) -> bool {
        let at_rest = self.metric == "resting_heart_rate" && other.metric == "heart_rate";
        at_rest || (self.metric == other.metric && self.statistic.is_some() && other.statistic.is_none())
    }

    /// True where there is one value a day.
    pub(super) fn is_daily(&self) -> bool {
        self.statistic == Some(OF_A_DAY) || DAILY.contains(&self.metric.as_ref())
    }

    /// True where a bare number says all.
    pub(super) fn is_counted(&self) -> bool {
        COUNTED.contains(&self.metric.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::metric::{Catalogue, MetricKind};
    use crate::model::statistic::Statistic;

    type Named = (String, Option<&'static str>);

    fn metric_of(codings: &[(&str, &str)]) -> Result<Named, (Reason, Option<String>)> {
        let coding = codings.iter().map(|(system, code)| format!(r#"{{"system":"{system}","code":"{code}"}}"#));
        let concept = format!(r#"{{"coding":[{}]}}"#, coding.collect::<Vec<_>>().join(","));
        let concept = RawValue::from_string(concept).unwrap();
        read(Some(&concept))
            .map(|meaning| (meaning.metric.into_owned(), meaning.statistic))
            .map_err(|(error, code)| (error.reason, code.map(Cow::into_owned)))
    }

    #[test]
    fn every_code_of_the_catalogue_means_its_metric_and_every_code_here_has_one() {
        let catalogue = Catalogue::builtin().unwrap();
        for metric in catalogue.all() {
            let plain = Ok((metric.name.clone(), None));
            for code in &metric.loinc {
                assert_eq!(metric_of(&[(LOINC, code)]), plain, "{code}");
            }
            if let Some(code) = metric.mdc {
                assert_eq!(metric_of(&[(MDC, &code.to_string())]), plain, "{code}");
            }
            assert_eq!(metric_of(&[(OWN_METRICS, &metric.name)]), plain);
            let meaning = Meaning { metric: metric.name.as_str().into(), statistic: None };
            assert_eq!(meaning.is_daily(), metric.kind == MetricKind::Daily, "{}", metric.name);
            assert_eq!(meaning.is_counted(), metric.unit.starts_with('{'), "{}", metric.name);
        }
        for (code, metric, statistic) in LOINC_CODES.iter().chain(MDC_CODES) {
            assert!(catalogue.by_name(metric).is_some(), "{code}");
            assert!(statistic.is_none_or(|statistic| Statistic::parse(statistic).is_some()), "{code}");
        }
    }

    #[test]
    fn of_several_codes_the_special_one_stands_and_two_metrics_are_none() {
        let named = |metric: &str, statistic| Ok((metric.to_owned(), statistic));
        assert_eq!(
            metric_of(&[(LOINC, "59408-5"), (LOINC, "2708-6"), (MDC, "150456")]),
            named("oxygen_saturation", None)
        );
        assert_eq!(metric_of(&[(LOINC, "8867-4"), (LOINC, "40443-4")]), named("resting_heart_rate", None));
        assert_eq!(metric_of(&[(LOINC, "41950-7"), (LOINC, "55423-8")]), named("step_count", Some("sum/d")));
        assert_eq!(metric_of(&[("http://snomed.info/sct", "1"), (LOINC, "8867-4")]), named("heart_rate", None));
        let refused = |code: &str| Err((Reason::UnknownMetric, Some(code.to_owned())));
        assert_eq!(metric_of(&[(LOINC, "8867-4"), (LOINC, "9279-1")]), refused("8867-4"));
        assert_eq!(metric_of(&[(LOINC, "1234-5"), ("http://snomed.info/sct", "8867-4")]), refused("1234-5"));
        assert_eq!(metric_of(&[]), Err((Reason::UnknownMetric, None)));
    }
}
