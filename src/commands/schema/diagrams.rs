//! Diagrams: the schemas as entity-relationship diagrams in Mermaid: one of the areas, then one of each.
//!
//! A diagram shows keys and references and no other column, or nobody could read it; the rest is in the dictionary.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::areas::{AREAS, OTHER};
use super::dictionary::members;
use crate::store::dictionary::{ColumnEntry, Parent, Relation, SchemaDoc};

/// The whole page.
pub(super) fn page(schemas: &[SchemaDoc]) -> String {
    let mut page =
        "# Diagrams\n\nWritten by `healthtrack schema docs`; do not edit. Each shows keys and references only; \
         all columns are in [dictionary.md](dictionary.md).\n\n"
            .to_owned();
    page.push_str(&overview(schemas));
    for area in AREAS.iter().chain([&OTHER]) {
        let tables: Vec<_> = members(schemas, area).into_iter().filter(|(_, relation)| !relation.view).collect();
        if !tables.is_empty() {
            page.push_str(&format!("## {}: {}\n\n{}", area.name, area.title, diagram(&tables)));
        }
    }
    page
}

/// Which area refers to which, and by how many references.
fn overview(schemas: &[SchemaDoc]) -> String {
    let mut area_of = BTreeMap::new();
    for area in AREAS.iter().chain([&OTHER]) {
        for (schema, relation) in members(schemas, area) {
            area_of.insert((schema.to_owned(), relation.name.clone()), area.name);
        }
    }
    let mut references: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for schema in schemas {
        for relation in &schema.relations {
            let from = area_of.get(&(schema.name.clone(), relation.name.clone()));
            for parent in &relation.parents {
                let to = area_of.get(&(parent.schema.clone(), parent.table.clone()));
                if let (Some(from), Some(to)) = (from, to) {
                    *references.entry((*from, *to)).or_default() += usize::from(from != to);
                }
            }
        }
    }
    let mut text = "## The areas, and how often one refers to another\n\n```mermaid\nflowchart LR\n".to_owned();
    for area in AREAS.iter().chain([&OTHER]) {
        let tables = members(schemas, area).iter().filter(|(_, relation)| !relation.view).count();
        if tables > 0 {
            let _ = writeln!(text, "    {0}[\"{0}<br/>{tables} tables\"]", area.name);
        }
    }
    for ((from, to), count) in references.iter().filter(|(_, count)| **count > 0) {
        let _ = writeln!(text, "    {from} -- {count} --> {to}");
    }
    text.push_str("```\n\n");
    text
}

fn diagram(tables: &[(&str, &Relation)]) -> String {
    let mut text = "```mermaid\nerDiagram\n".to_owned();
    for (_, table) in tables {
        let _ = writeln!(text, "    {} {{", table.name);
        for column in table.columns.iter().filter(|column| column.key || column.refers) {
            let _ = writeln!(text, "        {}", shown(column));
        }
        text.push_str("    }\n");
    }
    for (_, table) in tables {
        for parent in &table.parents {
            let _ = writeln!(text, "    {}", reference(&table.name, parent));
        }
    }
    text.push_str("```\n\n");
    text
}

fn shown(column: &ColumnEntry) -> String {
    let kind = column.kind.replace("timestamp with time zone", "timestamptz");
    let kind: String = kind.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    let marks: Vec<&str> =
        [(column.key, "PK"), (column.refers, "FK")].iter().filter(|(is, _)| *is).map(|(_, mark)| *mark).collect();
    format!("{kind} {} {}", column.name, marks.join(", "))
}

fn reference(child: &str, parent: &Parent) -> String {
    let left = if parent.single { "|o" } else { "}o" };
    let right = if parent.optional { "o|" } else { "||" };
    format!("{child} {left}--{right} {} : {}", parent.table, parent.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_says_how_many_and_whether_at_all() {
        let parent = |optional, single| Parent {
            name: "review_appointment_fkey".to_owned(),
            schema: "care".to_owned(),
            table: "appointment".to_owned(),
            optional,
            single,
        };
        let line = |optional, single| reference("review", &parent(optional, single));
        assert_eq!(line(false, true), "review |o--|| appointment : review_appointment_fkey");
        assert_eq!(line(true, false), "review }o--o| appointment : review_appointment_fkey");
    }
}
