//! Every schema that is known, by namespace, name and version, and what each gives to the catalogue.
//!
//! A body is judged by exactly the schema that its header names, never by the newest: one body can be right by 1.0 and
//! wrong by 2.0. The tables follow the published schemas member by member; a `N.x` reference stands for the highest
//! minor version of `N`.

mod activity;
mod granola;
mod medication;
mod parts;
mod routes;
mod sleep;
mod values;
mod vitals;
mod words;

use super::rule::Rule;

pub(super) use granola::{CATEGORY_SAMPLE, QUANTITY_SAMPLE};
pub(super) use parts::{IEEE_HEADER, OMH_HEADER};
pub(super) use sleep::{NIGHT_VALUES, STAGE_CODES};
pub(super) use words::FRAME;

/// Who publishes a schema.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Namespace {
    /// Open mHealth.
    Omh,
    /// IEEE 1752.1, and the 1752.2 drafts.
    Ieee,
    /// Open mHealth's rendering of Apple HealthKit.
    Granola,
}

/// All versions of one name.
#[derive(Debug)]
pub(super) struct Family(pub(super) Namespace, pub(super) &'static str, pub(super) &'static [Schema]);

/// One version: what it accepts, and what it gives.
#[derive(Debug)]
pub(super) struct Schema(pub(super) &'static str, pub(super) Rule, pub(super) Gives);

/// What a body of a schema gives to the catalogue.
#[derive(Copy, Clone, Debug)]
pub(super) enum Gives {
    /// No metric: a part of other schemas, or a kind of measurement that the catalogue has not.
    Nothing,
    /// Members that are values of metrics.
    Values(&'static [Value]),
    /// One member, whose metric hangs on a word beside it.
    Chosen(Value, Choice),
    /// A summary of a night and its stages, each with a frame of its own.
    Stages,
    /// A HealthKit sample of the type that it names.
    HealthKitQuantity,
    /// A HealthKit category of the type that it names.
    HealthKitCategory,
    /// HealthKit samples that belong together.
    HealthKitCorrelation,
}

/// A member of a body, the metric of its values, and its form.
#[derive(Copy, Clone, Debug)]
pub(super) struct Value(pub(super) &'static str, pub(super) &'static str, pub(super) Shape);

/// The most values that one body gives.
pub(super) const VALUES_MAX: usize = 8;

/// The form of a member that is a value.
#[derive(Copy, Clone, Debug)]
pub(super) enum Shape {
    /// `{value, unit}`.
    Quantity,
    /// A bare number in the unit of the catalogue.
    Bare,
    /// `{value, unit}`, where the member's own name is the statistic.
    Class(&'static str),
    /// `{value, unit}` that is a value of the metric with this unit only.
    Counted(&'static str),
}

/// A member whose word decides on the metric; `None` for words that belong to no metric.
#[derive(Copy, Clone, Debug)]
pub(super) struct Choice(pub(super) &'static str, pub(super) &'static [(&'static str, Option<&'static str>)]);

/// What a header's schema id finds.
#[derive(Copy, Clone, Debug)]
pub(super) enum Found {
    /// The schema.
    Schema(&'static Schema),
    /// The name, but not this version.
    OtherVersions,
    /// Nothing.
    Unknown,
}

/// Vital signs first: most payloads are theirs.
const TABLES: [&[Family]; 7] = [
    vitals::FAMILIES,
    activity::FAMILIES,
    sleep::FAMILIES,
    granola::FAMILIES,
    medication::FAMILIES,
    parts::FAMILIES,
    values::FAMILIES,
];

/// Finds exactly the schema that is named.
pub(super) fn find(namespace: &str, name: &str, version: &str) -> Found {
    let Some(Family(_, _, schemas)) = family(namespace, name) else { return Found::Unknown };
    match schemas.iter().find(|Schema(known, ..)| *known == version) {
        Some(schema) => Found::Schema(schema),
        None => Found::OtherVersions,
    }
}

fn family(namespace: &str, name: &str) -> Option<&'static Family> {
    let namespace = match namespace {
        "omh" => Namespace::Omh,
        "ieee" | "ieee-1752" => Namespace::Ieee,
        "granola" => Namespace::Granola,
        _ => return None,
    };
    TABLES
        .iter()
        .copied()
        .flatten()
        .find(|Family(known_namespace, known_name, _)| *known_name == name && *known_namespace == namespace)
}

/// Every metric that some body gives.
#[cfg(test)]
pub(super) fn metrics() -> impl Iterator<Item = &'static str> {
    let of = |gives: &Gives| -> Vec<&'static str> {
        match gives {
            Gives::Values(values) => values.iter().map(|Value(_, metric, _)| *metric).collect(),
            Gives::Chosen(Value(_, metric, _), Choice(_, words)) => {
                words.iter().filter_map(|(_, metric)| *metric).chain([*metric]).collect()
            }
            Gives::Stages => NIGHT_VALUES.iter().map(|Value(_, metric, _)| *metric).collect(),
            _ => Vec::new(),
        }
    };
    TABLES
        .iter()
        .copied()
        .flatten()
        .flat_map(|Family(_, _, schemas)| *schemas)
        .flat_map(move |Schema(_, _, gives)| of(gives))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::omh::rule::{FIELDS_MAX, Field};

    fn records(rule: &'static Rule) -> Vec<&'static [&'static [Field]]> {
        match rule {
            Rule::Record(fields) => vec![*fields],
            Rule::All(rules) | Rule::Either(rules) | Rule::One(rules) => rules.iter().flat_map(records).collect(),
            Rule::List(_, rule) => records(rule),
            _ => Vec::new(),
        }
    }

    #[test]
    fn no_record_names_more_members_than_are_looked_for_or_one_of_them_twice() {
        for Family(_, name, schemas) in TABLES.iter().copied().flatten() {
            for Schema(version, rule, _) in *schemas {
                for record in records(rule) {
                    let mut names: Vec<_> = record.iter().copied().flatten().map(Field::name).collect();
                    assert!(names.len() <= FIELDS_MAX, "{name} {version}");
                    names.sort_unstable();
                    assert!(names.is_sorted_by(|a, b| a < b), "{name} {version}");
                }
            }
        }
    }

    #[test]
    fn no_body_gives_more_values_than_are_looked_for() {
        for Family(_, name, schemas) in TABLES.iter().copied().flatten() {
            for Schema(version, _, gives) in *schemas {
                if let Gives::Values(values) = gives {
                    assert!(values.len() <= VALUES_MAX, "{name} {version}");
                }
            }
        }
        assert!(NIGHT_VALUES.len() <= VALUES_MAX);
    }

    #[test]
    fn every_family_and_every_version_stands_in_the_tables_once() {
        let mut seen = std::collections::HashSet::new();
        for Family(namespace, name, schemas) in TABLES.iter().copied().flatten() {
            for Schema(version, ..) in *schemas {
                assert!(seen.insert((format!("{namespace:?}"), name, version)), "{name} {version}");
            }
        }
    }
}
