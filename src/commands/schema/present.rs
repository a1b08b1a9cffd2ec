//! Present: the schema as it is now, one file of SQL an area: what the migrations add up to.
//!
//! A table is read in the file of its area with its rules, indexes, triggers, policies and rights; a view and a routine
//! in their last definition. The files are to be read, not to be run. A routine stands with the first table that its
//! text names, and what triggers run with their table; what belongs to none is in `common.sql` with the domains.

use std::collections::{BTreeMap, BTreeSet};

use super::areas::{AREAS, OTHER};
use super::dictionary::members;
use crate::store::dictionary::{Domain, Function, Relation, SchemaDoc};

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
    format!(
        "-- {title}.\n--\n-- Written by `healthtrack schema docs` from the database's catalog; to be read, not run. Do not edit.\n"
    )
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

fn table(schema: &str, relation: &Relation) -> String {
    let made_by_trigger = |name: &str| relation.triggers.iter().any(|trigger| trigger.name == name);
    let columns = relation.columns.iter().map(|column| (column.sql.clone(), column.comment.as_str()));
    let rules = relation.rules.iter().filter(|rule| !made_by_trigger(&rule.name));
    let rules =
        rules.map(|rule| (format!("CONSTRAINT {} {}", rule.name, one_line(&rule.definition)), rule.comment.as_str()));
    let parts: Vec<_> = columns.chain(rules).collect();
    let mut text = format!("\n-- {}\nCREATE TABLE {schema}.{} (\n", one_line(&relation.comment), relation.name);
    let last = parts.len().saturating_sub(1);
    for (place, (definition, comment)) in parts.into_iter().enumerate() {
        let comma = if place == last { "" } else { "," };
        let said = if comment.is_empty() { String::new() } else { format!("  -- {}", one_line(comment)) };
        text.push_str(&format!("    {definition}{comma}{said}\n"));
    }
    let options = if relation.options.is_empty() { String::new() } else { format!(" WITH ({})", relation.options) };
    text.push_str(&format!("){options};\n"));
    for index in &relation.indexes {
        text.push_str(&format!("{};\n", index_statement(schema, &relation.name, index)));
    }
    for trigger in &relation.triggers {
        text.push_str(&format!("{};  -- {}\n", one_line(&trigger.sql), one_line(&trigger.comment)));
    }
    if !relation.row_security.is_empty() {
        let statement = format!("ALTER TABLE {schema}.{} {} ROW LEVEL SECURITY", relation.name, relation.row_security);
        text.push_str(&format!("{statement};\n"));
    }
    relation.policies.iter().for_each(|policy| text.push_str(&format!("{};\n", one_line(&policy.sql))));
    text.push_str(&rights(relation));
    text
}

/// The dictionary's `name: unique btree (…)` as a statement.
fn index_statement(schema: &str, table: &str, index: &str) -> String {
    let (name, method) = index.split_once(": ").unwrap_or((index, ""));
    let (unique, method) = method.strip_prefix("unique ").map_or(("", method), |method| ("UNIQUE ", method));
    format!("CREATE {unique}INDEX {name} ON {schema}.{table} USING {method}")
}

fn view(schema: &str, relation: &Relation) -> String {
    let mut text = format!("\n-- {}\n", one_line(&relation.comment));
    for column in &relation.columns {
        text.push_str(&format!("--   {}: {}\n", column.name, one_line(&column.comment)));
    }
    let options = if relation.options.is_empty() { String::new() } else { format!(" WITH ({})", relation.options) };
    text.push_str(&format!(
        "CREATE VIEW {schema}.{}{options} AS\n{}\n",
        relation.name,
        without_trailing(&relation.query)
    ));
    text.push_str(&rights(relation));
    text
}

fn rights(relation: &Relation) -> String {
    relation.rights.iter().map(|right| format!("{right};\n")).collect()
}

fn domain(schema: &str, domain: &Domain) -> String {
    let Domain { name, kind, rule, comment } = domain;
    let rule = if rule.is_empty() { String::new() } else { format!(" {}", one_line(rule)) };
    format!("\n-- {}\nCREATE DOMAIN {schema}.{name} AS {kind}{rule};\n", one_line(comment))
}

fn routine(function: &Function) -> String {
    let Function { comment, signature, sql, closed, roles, .. } = function;
    let mut text = format!("\n-- {}\n{};\n", one_line(comment), without_trailing(sql));
    if *closed {
        text.push_str(&format!("REVOKE EXECUTE ON {signature} FROM PUBLIC;\n"));
    }
    if !roles.is_empty() {
        text.push_str(&format!("GRANT EXECUTE ON {signature} TO {roles};\n"));
    }
    text
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Without spaces at the end of lines, and without empty lines at the end.
fn without_trailing(text: &str) -> String {
    text.trim_end().lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_is_a_statement_again() {
        let statement = index_statement("care", "goal", "goal_idx: unique btree (patient_id) WHERE (a > 1)");
        assert_eq!(statement, "CREATE UNIQUE INDEX goal_idx ON care.goal USING btree (patient_id) WHERE (a > 1)");
    }

    #[test]
    fn a_routine_stands_with_the_first_table_that_it_names() {
        let area_of = BTreeMap::from([("care.goal".to_owned(), "wellness"), ("care.claim".to_owned(), "money")]);
        let first = |text: &str| first_area(&area_of, text);
        assert_eq!(first("SELECT care.refuse() FROM care.goals; UPDATE care.claim SET; care.goal"), Some("money"));
        assert_eq!(first("SELECT 1"), None);
    }
}
