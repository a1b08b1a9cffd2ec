//! Statements: what the catalog knows of a table, view, domain or routine, as the SQL that would make it.
//!
//! For people to read, who then need not add up migrations; nothing runs it.

use super::dictionary::{Domain, Function, Relation};

/// A table with its rules, indexes, triggers, policies and rights.
pub(crate) fn table(schema: &str, relation: &Relation) -> String {
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

/// A view, with what its columns mean.
pub(crate) fn view(schema: &str, relation: &Relation) -> String {
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

/// A domain.
pub(crate) fn domain(schema: &str, domain: &Domain) -> String {
    let Domain { name, kind, rule, comment } = domain;
    let rule = if rule.is_empty() { String::new() } else { format!(" {}", one_line(rule)) };
    format!("\n-- {}\nCREATE DOMAIN {schema}.{name} AS {kind}{rule};\n", one_line(comment))
}

/// A function or procedure, with who may execute it.
pub(crate) fn routine(function: &Function) -> String {
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

/// The dictionary's `name: unique btree (…)` as a statement.
fn index_statement(schema: &str, table: &str, index: &str) -> String {
    let (name, method) = index.split_once(": ").unwrap_or((index, ""));
    let (unique, method) = method.strip_prefix("unique ").map_or(("", method), |method| ("UNIQUE ", method));
    format!("CREATE {unique}INDEX {name} ON {schema}.{table} USING {method}")
}

fn rights(relation: &Relation) -> String {
    relation.rights.iter().map(|right| format!("{right};\n")).collect()
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
}
