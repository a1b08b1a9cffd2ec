//! Diagrams: the schemas as entity-relationship diagrams in Mermaid: one of the areas, then those of each area's parts.
//!
//! A diagram shows the columns that say something of the thing and the references within it; a reference that leaves it
//! is told at its column, or lines to the patient would hide all others. The ends of a line are what the database
//! enforces: `||` where the column cannot be null, `o|` where it can, `}o` for any number of children and `|o` for one
//! at most, where a unique key says so.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::areas::{AREAS, Area, OTHER};
use super::dictionary::members;
use super::parts::PARTS;
use crate::store::dictionary::{ColumnEntry, Parent, Relation, SchemaDoc};

/// No diagram has more boxes.
pub(super) const ENTITIES_MAX: usize = 12;
/// No box has more lines; the last then says how many there are beside.
const COLUMNS_MAX: usize = 22;
/// What every table keeps about its rows.
const BOOKKEEPING: [&str; 4] = ["created_at", "updated_at", "updated_by", "version"];

/// A table with its schema.
type Table<'a> = (&'a str, &'a Relation);

/// The whole page.
pub(super) fn page(schemas: &[SchemaDoc]) -> String {
    let mut page = "# Diagrams\n\nWritten by `healthtrack schema docs`; do not edit. On one page, drawn by hand: \
         [overview.svg](overview.svg). What each table and column means: [dictionary.md](dictionary.md).\n\n\
         A line within a diagram is a reference with its true ends: `||` exactly one, `o|` none or one, `}o` any \
         number, `|o` one at most. A reference that leaves the diagram is told at its column (`→ patient`), and so is \
         a column that may be null. What every table keeps about its rows (`created_at`, `updated_at`, `updated_by`, \
         `version`) is left out.\n\n"
        .to_owned();
    page.push_str(&overview(schemas));
    for area in AREAS.iter().chain([&OTHER]) {
        let tables: Vec<_> = members(schemas, area).into_iter().filter(|(_, relation)| !relation.view).collect();
        if tables.is_empty() {
            continue;
        }
        let _ = writeln!(page, "## {}: {}\n", area.name, area.title);
        let diagrams = parts(area, &tables);
        let alone = diagrams.len() == 1;
        for (title, tables) in diagrams {
            if !alone {
                let _ = writeln!(page, "### {title}\n");
            }
            page.push_str(&diagram(&tables));
        }
    }
    page
}

/// The tables of an area as they are drawn: its parts, then what no part names.
fn parts<'a>(area: &Area, tables: &[Table<'a>]) -> Vec<(String, Vec<Table<'a>>)> {
    let named = |(schema, relation): &Table<'_>| super::dictionary::short(schema, &relation.name);
    let mut drawn = Vec::new();
    let mut left: Vec<Table<'a>> = tables.to_vec();
    for part in PARTS.iter().filter(|part| part.area == area.name) {
        let (own, others) = left.into_iter().partition(|table| part.tables.contains(&named(table).as_str()));
        left = others;
        drawn.push((part.title.to_owned(), own));
    }
    let beside = left.chunks(ENTITIES_MAX).enumerate();
    drawn.extend(beside.map(|(number, chunk)| {
        let title = if number == 0 { "Beside these".to_owned() } else { format!("Beside these, {}", number + 1) };
        (title, chunk.to_vec())
    }));
    drawn.retain(|(_, tables)| !tables.is_empty());
    drawn
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

fn diagram(tables: &[Table<'_>]) -> String {
    let within: BTreeSet<(&str, &str)> = tables.iter().map(|(schema, table)| (*schema, table.name.as_str())).collect();
    let is_within = |parent: &Parent| within.contains(&(parent.schema.as_str(), parent.table.as_str()));
    let mut text = "```mermaid\nerDiagram\n".to_owned();
    for (_, table) in tables {
        let _ = writeln!(text, "    {} {{", table.name);
        let mut columns: Vec<&ColumnEntry> =
            table.columns.iter().filter(|column| !BOOKKEEPING.contains(&column.name.as_str())).collect();
        columns.sort_by_key(|column| (!column.key, !column.refers));
        for column in columns.iter().take(COLUMNS_MAX) {
            let outside = table.parents.iter().filter(|parent| parent.column == column.name && !is_within(parent));
            let _ = writeln!(text, "        {}", shown(column, outside));
        }
        if columns.len() > COLUMNS_MAX {
            let _ = writeln!(text, "        and more \"{} columns\"", columns.len() - COLUMNS_MAX);
        }
        text.push_str("    }\n");
    }
    for (_, table) in tables {
        for parent in distinct(&table.parents).into_iter().filter(|parent| is_within(parent)) {
            let _ = writeln!(text, "    {}", reference(&table.name, &parent));
        }
    }
    text.push_str("```\n\n");
    text
}

/// Each reference once: two rules of one column say more of the same, as that both rows are of one patient.
fn distinct(parents: &[Parent]) -> Vec<Parent> {
    let mut known: Vec<Parent> = Vec::new();
    for parent in parents {
        let same = |one: &&mut Parent| {
            (&one.schema, &one.table, &one.column) == (&parent.schema, &parent.table, &parent.column)
        };
        if let Some(one) = known.iter_mut().find(same) {
            one.single |= parent.single;
            one.optional &= parent.optional;
        } else {
            known.push(parent.clone());
        }
    }
    known
}

/// A column with its type, its part in keys, where it leads outside, and whether it may be null.
fn shown<'a>(column: &ColumnEntry, outside: impl Iterator<Item = &'a Parent>) -> String {
    let kind = column.kind.replace("timestamp with time zone", "timestamptz").replace("double precision", "float8");
    let kind = kind.split('(').next().unwrap_or_default();
    let kind = kind.rsplit('.').next().unwrap_or_default();
    let kind: String = kind.chars().filter(|c| c.is_ascii_alphanumeric() || "_[]".contains(*c)).collect();
    let marks = [(column.key, "PK"), (column.refers, "FK")];
    let marks: Vec<&str> = marks.iter().filter(|(is, _)| *is).map(|(_, mark)| *mark).collect();
    let mut leads: Vec<String> = outside.map(|parent| format!("→ {}", parent.table)).collect();
    leads.dedup();
    if !column.required && !column.default.starts_with("always ") {
        leads.push("null".to_owned());
    }
    let says = if leads.is_empty() { String::new() } else { format!("\"{}\"", leads.join(", ")) };
    [kind, column.name.clone(), marks.join(", "), says]
        .into_iter()
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

fn reference(child: &str, parent: &Parent) -> String {
    let left = if parent.single { "|o" } else { "}o" };
    let right = if parent.optional { "o|" } else { "||" };
    let role = parent.name.strip_suffix("_fkey").unwrap_or(&parent.name);
    let role = role.strip_prefix(child).unwrap_or(role).trim_matches('_');
    format!("{child} {left}--{right} {} : {}", parent.table, if role.is_empty() { "of" } else { role })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parent(optional: bool, single: bool) -> Parent {
        Parent {
            name: "review_appointment_fkey".to_owned(),
            schema: "care".to_owned(),
            table: "appointment".to_owned(),
            column: "appointment_id".to_owned(),
            optional,
            single,
        }
    }

    #[test]
    fn a_reference_says_how_many_and_whether_at_all() {
        let line = |optional, single| reference("review", &parent(optional, single));
        assert_eq!(line(false, true), "review |o--|| appointment : appointment");
        assert_eq!(line(true, false), "review }o--o| appointment : appointment");
        let twice = distinct(&[parent(true, false), parent(false, true)]);
        assert_eq!(twice.iter().map(|one| reference("review", one)).collect::<Vec<_>>(), [line(false, true)]);
    }

    #[test]
    fn a_column_says_where_it_leads_outside_and_whether_it_may_be_null() {
        let column = |kind: &str, required, refers| ColumnEntry {
            name: "appointment_id".to_owned(),
            kind: kind.to_owned(),
            required,
            default: String::new(),
            comment: String::new(),
            key: false,
            refers,
            sql: String::new(),
        };
        let parent = parent(false, false);
        assert_eq!(
            shown(&column("uuid", true, true), [&parent].into_iter()),
            "uuid appointment_id FK \"→ appointment\""
        );
        assert_eq!(shown(&column("numeric(12,2)", false, false), [].into_iter()), "numeric appointment_id \"null\"");
        assert_eq!(shown(&column("care.ucum_unit[]", true, false), [].into_iter()), "ucum_unit[] appointment_id");
    }

    #[test]
    fn what_no_part_names_is_drawn_in_diagrams_that_can_be_read() {
        let relation = |number: usize| {
            serde_json::json!({
                "name": format!("thing_{number}"), "view": false, "comment": "", "columns": [], "rules": [],
                "parents": [], "indexes": [], "triggers": [], "policies": [], "grants": [], "rights": [],
                "options": "", "row_security": "", "query": "",
            })
        };
        let relations: Vec<Relation> =
            (0..25).map(|n| serde_json::from_value(relation(n)).expect("a relation")).collect();
        let tables: Vec<Table<'_>> = relations.iter().map(|relation| ("care", relation)).collect();
        let drawn = parts(&OTHER, &tables);
        assert_eq!(drawn.iter().map(|(_, tables)| tables.len()).collect::<Vec<_>>(), [12, 12, 1]);
    }
}
