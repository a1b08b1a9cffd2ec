//! Present: the schema as it is now, one file of SQL an area: what the migrations add up to.
//!
//! A table is read in the file of its area with its rules, indexes, triggers, policies and rights; a view and a routine
//! in their last definition. The files are to be read, not to be run. A routine stands with the first table that its
//! text names, and what triggers run with their table; what belongs to none is in `common.sql` with the domains.

use std::collections::{BTreeMap, BTreeSet};

use super::areas::{AREAS, OTHER};
use super::dictionary::members;
use crate::store::dictionary::SchemaDoc;
use crate::store::statement::{domain, routine, table, view};

/// The file of domains and of what belongs to no area.
const COMMON: &str = "common";

/// Name and text of each file.
pub(super) fn files(schemas: &[SchemaDoc]) -> Vec<(String, String)> {
    let mut area_of = BTreeMap::new();
    let mut run_in: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut texts = BTreeMap::new();
    for area in AREAS.iter().chain([&OTHER]) {
        for (schema, relation) in members(schemas, area) {
            area_of.insert(format!("{schema}.{}", relation.name), area.name);
            for trigger in &relation.triggers {
                run_in.entry(routine_name(&trigger.sql)).or_default().insert(area.name);
            }
            let text: &mut String = texts.entry(area.name).or_insert_with(|| header(area.title));
            text.push_str(&if relation.view { view(schema, relation) } else { table(schema, relation) });
        }
    }
    let common = texts.entry(COMMON).or_insert_with(|| header("What every area uses, and domains"));
    for schema in schemas {
        schema.domains.iter().for_each(|one| common.push_str(&domain(&schema.name, one)));
    }
    for schema in schemas {
        for function in schema.functions.iter().filter(|function| !function.sql.is_empty()) {
            let runs = run_in.get(routine_name(&function.signature)).filter(|areas| areas.len() == 1);
            let area = runs.and_then(|areas| areas.first().copied());
            let area = area.or_else(|| first_area(&area_of, &function.sql)).unwrap_or(COMMON);
            texts.entry(area).or_insert_with(|| header(area)).push_str(&routine(function));
        }
    }
    texts.into_iter().map(|(area, text)| (format!("{area}.sql"), text)).collect()
}

fn header(title: &str) -> String {
    let source = "Written by `healthtrack schema docs` from the database's catalog; to be read, not run. Do not edit.";
    format!("-- {title}.\n--\n-- {source}\n")
}

/// The area of the first table that a text names.
fn first_area<'a>(area_of: &BTreeMap<String, &'a str>, text: &str) -> Option<&'a str> {
    let names = text.split(|at: char| !(at.is_alphanumeric() || at == '_' || at == '.'));
    names.filter_map(|name| area_of.get(name).copied()).next()
}

/// The routine that a trigger's statement, or a signature, ends with.
fn routine_name(text: &str) -> &str {
    let (_, routine) = text.rsplit_once("FUNCTION ").unwrap_or(("", text));
    routine.split_once('(').map_or(routine, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_routine_stands_with_the_first_table_that_it_names() {
        let area_of = BTreeMap::from([("care.goal".to_owned(), "wellness"), ("care.claim".to_owned(), "money")]);
        let first = |text: &str| first_area(&area_of, text);
        assert_eq!(first("SELECT care.refuse() FROM care.goals; UPDATE care.claim SET; care.goal"), Some("money"));
        assert_eq!(first("SELECT 1"), None);
    }
}
