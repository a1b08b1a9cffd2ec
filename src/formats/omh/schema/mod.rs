//! Every schema that is known, by namespace, name and version, and which metrics each maps to.
//!
//! A body is validated against exactly the schema that its header names, never against the newest: one body can be
//! right by 1.0 and wrong by 2.0. The tables follow the published schemas member by member; a `N.x` reference stands
//! for the highest minor version of `N`.

mod activity;
mod entry;
mod granola;
mod medication;
mod parts;
mod routes;
mod sleep;
mod values;
mod vitals;
mod words;

use entry::{Family, Namespace};

pub(super) use entry::{Choice, Mapping, Schema, Shape, VALUES_MAX, Value};
pub(super) use granola::{CATEGORY_SAMPLE, QUANTITY_SAMPLE};
pub(super) use parts::{IEEE_HEADER, OMH_HEADER};
pub(super) use sleep::{NIGHT_VALUES, STAGE_CODES};
pub(super) use words::FRAME;

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

/// Every metric to which some body maps.
#[cfg(test)]
pub(super) fn metrics() -> impl Iterator<Item = &'static str> {
    let of = |mapping: &Mapping| -> Vec<&'static str> {
        match mapping {
            Mapping::Values(values) => values.iter().map(|Value(_, metric, _)| *metric).collect(),
            Mapping::Chosen(Value(_, metric, _), Choice(_, words)) => {
                words.iter().filter_map(|(_, metric)| *metric).chain([*metric]).collect()
            }
            Mapping::Stages => NIGHT_VALUES.iter().map(|Value(_, metric, _)| *metric).collect(),
            _ => Vec::new(),
        }
    };
    TABLES
        .iter()
        .copied()
        .flatten()
        .flat_map(|Family(_, _, schemas)| *schemas)
        .flat_map(move |Schema(_, _, mapping)| of(mapping))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::omh::rule::{FIELDS_MAX, Field, FieldRule};

    fn records(rule: &'static FieldRule) -> Vec<&'static [&'static [Field]]> {
        match rule {
            FieldRule::Record(fields) => vec![*fields],
            FieldRule::All(rules) | FieldRule::Either(rules) | FieldRule::One(rules) => {
                rules.iter().flat_map(records).collect()
            }
            FieldRule::List(_, rule) => records(rule),
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
            for Schema(version, _, mapping) in *schemas {
                if let Mapping::Values(values) = mapping {
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
