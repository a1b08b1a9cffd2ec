//! Forms tell at a field what a rule of the record refuses: each rule that they name is one.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// How a table of rules and fields begins.
const TABLE: &str = "&[(&str, &str)] =";

/// Every file below a folder, as text.
fn texts(folder: &Path, ends: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(texts(&path, ends));
        } else if path.extension().is_some_and(|extension| extension == ends) {
            found.push((path.display().to_string(), fs::read_to_string(&path).unwrap()));
        }
    }
    found
}

/// What stands first in each pair of the tables of a text.
fn rules(text: &str) -> Vec<&str> {
    let tables = text.split(TABLE).skip(1).filter_map(|rest| rest.split(';').next());
    let pairs = tables.flat_map(|table| table.split('(').skip(1));
    pairs.filter_map(|pair| pair.trim_start().strip_prefix('"')?.split('"').next()).collect()
}

#[test]
fn each_rule_that_a_form_tells_of_stands_in_the_schema() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let schema: Vec<String> =
        texts(&root.join("schemas/migrations"), "sql").into_iter().map(|(_, text)| text).collect();
    let schema = schema.join("\n");
    let words: BTreeSet<&str> = schema.split(|letter: char| !(letter.is_alphanumeric() || letter == '_')).collect();
    let mut seen = 0;
    for (file, text) in texts(&root.join("src/portal"), "rs") {
        for rule in rules(&text) {
            seen += 1;
            assert!(words.contains(rule), "{file}: no rule is called {rule}");
        }
    }
    assert!(seen > 50, "{seen} rules were looked for");
}
