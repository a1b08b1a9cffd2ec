//! Dictionary: the schemas as one page of Markdown.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::areas::{AREAS, Area, OTHER};
use super::capabilities::CAPABILITIES;
use crate::store::dictionary::{ColumnEntry, Function, Relation, SchemaDoc};

/// The whole page.
pub(super) fn page(schemas: &[SchemaDoc]) -> String {
    let mut page = "# Data dictionary\n\nWritten by `healthtrack schema docs` from the database's own comments; \
         do not edit. How it is laid out and why: [README.md](README.md). Drawn: [diagrams.md](diagrams.md).\n\n\
         Every table has row-level security that also binds its owner. *Who* says which rows a role may see and \
         what it may do with them; where a table says nothing, only its owner's functions reach it.\n\n"
        .to_owned();
    page.push_str(&coverage(schemas));
    for area in AREAS.iter().chain([&OTHER]) {
        let members = members(schemas, area);
        if !members.is_empty() {
            page.push_str(&format!("## {}: {}\n\n", area.name, area.title));
        }
        for (schema, relation) in members {
            page.push_str(&relation_part(schema, relation));
        }
    }
    for schema in schemas {
        page.push_str(&functions(schema));
    }
    page.push_str(&domains(schemas));
    page
}

/// Tables and views of an area with their schema: first those that the area names, in its order.
pub(super) fn members<'a>(schemas: &'a [SchemaDoc], area: &Area) -> Vec<(&'a str, &'a Relation)> {
    let all = || schemas.iter().flat_map(|schema| schema.relations.iter().map(|r| (schema.name.as_str(), r)));
    if area.name == OTHER.name {
        let named: BTreeSet<&str> = AREAS.iter().flat_map(|area| area.tables).copied().collect();
        return all().filter(|(schema, relation)| !named.contains(short(schema, &relation.name).as_str())).collect();
    }
    let named = area.tables.iter();
    named.filter_map(|name| all().find(|(schema, relation)| short(schema, &relation.name) == *name)).collect()
}

/// The name as areas write it: with its schema unless that is `care`.
pub(super) fn short(schema: &str, name: &str) -> String {
    if schema == "care" { name.to_owned() } else { format!("{schema}.{name}") }
}

fn coverage(schemas: &[SchemaDoc]) -> String {
    let relations = schemas.iter().flat_map(|schema| schema.relations.iter().map(|r| short(&schema.name, &r.name)));
    let functions = schemas.iter().flat_map(|schema| schema.functions.iter().map(|f| short(&schema.name, &f.name)));
    let relations: BTreeSet<String> = relations.collect();
    let known: BTreeSet<String> = functions.chain(relations.iter().cloned()).collect();
    let mut text =
        "## What it is for, and what holds it\n\n| capability | what | held by |\n|---|---|---|\n".to_owned();
    for capability in CAPABILITIES {
        let held_by = capability.held_by.iter().map(|name| name.trim_start_matches("care."));
        let held_by = held_by.filter(|name| known.contains(*name)).map(|name| {
            if relations.contains(name) { format!("[{name}](#{})", anchor(name)) } else { format!("`{name}()`") }
        });
        let beside = Some(capability.beside.to_owned()).filter(|beside| !beside.is_empty());
        let held_by: Vec<String> = held_by.chain(beside).collect();
        let _ = writeln!(text, "| {} | {} | {} |", capability.name, capability.what, held_by.join(", "));
    }
    text.push('\n');
    text
}

/// Where a heading of this name is found within the page.
fn anchor(short_name: &str) -> String {
    let full = if short_name.contains('.') { short_name.to_owned() } else { format!("care.{short_name}") };
    full.replace('.', "")
}

fn relation_part(schema: &str, relation: &Relation) -> String {
    let kind = if relation.view { "View. " } else { "" };
    let mut text = format!("### {schema}.{}\n\n{kind}{}\n\n", relation.name, relation.comment);
    text.push_str(&columns(&relation.columns, relation.view));
    if !relation.rules.is_empty() {
        text.push_str("| rule | says | demands |\n|---|---|---|\n");
        for rule in &relation.rules {
            let _ = writeln!(text, "| {} | {} | {} |", rule.name, cell(&rule.comment), code(&rule.definition));
        }
        text.push('\n');
    }
    for trigger in &relation.triggers {
        let _ = writeln!(text, "- by itself, `{}`: {}", trigger.name, trigger.comment);
    }
    for index in &relation.indexes {
        let _ = writeln!(text, "- index {}", code(index));
    }
    for grant in &relation.grants {
        let _ = writeln!(text, "- who: {grant}");
    }
    for policy in &relation.policies {
        let rows = code(&policy.rows);
        let _ = writeln!(text, "- who: {} {} rows of policy `{}`: {rows}", policy.roles, policy.command, policy.name);
    }
    text.push('\n');
    text
}

fn columns(columns: &[ColumnEntry], of_view: bool) -> String {
    let mut text = "| column | type | null | default | meaning |\n|---|---|---|---|---|\n".to_owned();
    for column in columns {
        let name = if column.key { format!("**{}**", column.name) } else { column.name.clone() };
        let null = if column.required || of_view { "" } else { "null" };
        let default = if column.default.is_empty() { String::new() } else { code(&column.default) };
        let _ = writeln!(text, "| {name} | {} | {null} | {default} | {} |", column.kind, cell(&column.comment));
    }
    text.push('\n');
    text
}

fn functions(schema: &SchemaDoc) -> String {
    if schema.functions.is_empty() {
        return String::new();
    }
    let mut text = format!("## Functions of {}\n\n{}\n\n", schema.name, schema.comment);
    text.push_str("| function | gives | rights of | what it does |\n|---|---|---|---|\n");
    for Function { name, arguments, result, definer, comment, .. } in &schema.functions {
        let rights = if *definer { "its owner" } else { "its caller" };
        let call = code(&format!("{}.{name}({arguments})", schema.name));
        let _ = writeln!(text, "| {call} | {} | {rights} | {} |", code(result), cell(comment));
    }
    text.push('\n');
    text
}

fn domains(schemas: &[SchemaDoc]) -> String {
    let mut text = "## Domains\n\n| domain | type | demands | meaning |\n|---|---|---|---|\n".to_owned();
    for schema in schemas {
        for domain in &schema.domains {
            let rule = if domain.rule.is_empty() { String::new() } else { code(&domain.rule) };
            let name = format!("{}.{}", schema.name, domain.name);
            let _ = writeln!(text, "| {name} | {} | {rule} | {} |", domain.kind, cell(&domain.comment));
        }
    }
    text
}

/// Text within a cell: on one line, without what would end the cell.
fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

fn code(text: &str) -> String {
    format!("`{}`", cell(text).replace('`', "'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_stays_one_cell() {
        assert_eq!(cell("a |\n  b"), "a \\| b");
        assert_eq!(code("a ~ '`|'"), "`a ~ ''\\|'`");
    }

    #[test]
    fn a_link_leads_to_its_heading() {
        assert_eq!(anchor("patient_name"), "carepatient_name");
        assert_eq!(anchor("access.account"), "accessaccount");
    }

    #[test]
    fn no_table_is_in_two_areas() {
        let mut names: Vec<&str> = AREAS.iter().flat_map(|area| area.tables).copied().collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
