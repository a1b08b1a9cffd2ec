//! The data dictionary, the diagrams and the present schema in `schemas/` are what the schema says today; what is written
//! by hand beside them, the map to FHIR, the glossary and the overview, names what there is, and each table.

use std::process::Command;

use super::network::Network;
use crate::support::postgres::TestDatabase;

#[tokio::test]
async fn the_pages_in_schemas_are_what_the_schema_says() {
    let database = TestDatabase::migrated().await;
    let docs = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_healthtrack"));
        command.args(["schema", "docs"]).args(arguments).env("HEALTHTRACK__STORE__URL", database.url());
        command.output().unwrap()
    };
    let folder = tempfile::tempdir().unwrap();
    let there = folder.path().to_str().unwrap();
    assert!(docs(&["--output", there]).status.success());
    assert!(docs(&["--output", there, "--check"]).status.success(), "the same twice");
    let present = std::fs::read_dir(folder.path().join("present")).unwrap();
    let present = present.map(|entry| format!("present/{}", entry.unwrap().file_name().display()));
    let names: Vec<String> = present.chain(["dictionary.md".to_owned(), "diagrams.md".to_owned()]).collect();
    for name in names {
        let (kept, made) =
            (std::fs::read_to_string(format!("schemas/{name}")), std::fs::read_to_string(folder.path().join(&name)));
        assert!(kept.unwrap() == made.unwrap(), "schemas/{name} is old: run `healthtrack schema docs`");
    }
    assert!(docs(&["--check"]).status.success(), "and nothing else lies there");
    assert!(
        !std::fs::read_to_string("schemas/dictionary.md").unwrap().contains("\n## other"),
        "each table has an area"
    );
    let page = folder.path().join("dictionary.md");
    let injected = std::fs::read_to_string(&page).unwrap().replacen("A person in care.", "A injected person.", 1);
    std::fs::write(&page, injected).unwrap();
    let check = docs(&["--output", there, "--check"]);
    assert!(
        !check.status.success() && String::from_utf8_lossy(&check.stderr).contains("A injected person."),
        "it is seen"
    );
}

#[tokio::test]
async fn a_file_of_an_area_that_is_gone_is_seen() {
    let database = TestDatabase::migrated().await;
    let folder = tempfile::tempdir().unwrap();
    let docs = |check: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_healthtrack"));
        command.args(["schema", "docs", "--output", folder.path().to_str().unwrap()]).args(check);
        command.env("HEALTHTRACK__STORE__URL", database.url()).output().unwrap()
    };
    assert!(docs(&[]).status.success());
    let people = std::fs::read_to_string(folder.path().join("present/people.sql")).unwrap();
    for part in ["CREATE TABLE care.patient (", "FORCE ROW LEVEL SECURITY", "FUNCTION care.add_patient", "GRANT "] {
        assert!(people.contains(part), "{part}");
    }
    std::fs::write(folder.path().join("present/injected.sql"), "").unwrap();
    let check = docs(&["--check"]);
    assert!(String::from_utf8_lossy(&check.stderr).contains("injected.sql"), "{check:?}");
}

/// What `schemas/README.md` says in words, as the schema's own routines have it.
#[tokio::test]
async fn the_kinds_of_policies_and_the_lengths_of_holds_in_the_readme_are_the_schemas() {
    let readme = std::fs::read_to_string("schemas/README.md").unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
    let mut network = Network::new().await;
    let kinds = "SELECT kind FROM pg_proc, regexp_matches(prosrc, 'WHEN (''[^T]*'') THEN', 'g') AS listed,
                        regexp_matches(listed[1], '[a-z_]+', 'g') AS found, unnest(found) AS kind
                 WHERE oid = 'access.guard(regclass, text, text)'::regprocedure GROUP BY kind ORDER BY kind COLLATE \"C\"";
    let known = network.rows(kinds).await;
    let said = readme.split("kinds of policies: ").nth(1).unwrap().split('.').next().unwrap();
    let mut said: Vec<&str> = said.split(", ").collect();
    said.sort_unstable();
    assert_eq!(said, known);
    for (routine, interval, sentence) in [
        ("care.hold_appointment", "10 minutes", "free again after 10 minutes"),
        ("care.keep_appointment_lawful", "15 minutes", "may ask for 15 minutes at most, once"),
        ("care.offer_waitlist", "2 hours", "held for 2 hours"),
    ] {
        let source = network.one(&format!("SELECT prosrc FROM pg_proc WHERE oid = '{routine}'::regproc")).await;
        assert!(source.contains(&format!("now() + INTERVAL '{interval}'")), "{routine}: {source}");
        assert!(readme.contains(sentence), "{sentence}");
    }
}

/// No diagram has more boxes.
const ENTITIES_MAX: usize = 12;

#[tokio::test]
async fn each_diagram_can_be_read() {
    let database = TestDatabase::migrated().await;
    let folder = tempfile::tempdir().unwrap();
    let mut docs = Command::new(env!("CARGO_BIN_EXE_healthtrack"));
    docs.args(["schema", "docs", "--output", folder.path().to_str().unwrap()]);
    assert!(docs.env("HEALTHTRACK__STORE__URL", database.url()).output().unwrap().status.success());
    let page = std::fs::read_to_string(folder.path().join("diagrams.md")).unwrap();
    let diagrams: Vec<&str> = page.split("```mermaid\nerDiagram\n").skip(1).collect();
    assert!(diagrams.len() > 10, "the page was read");
    for diagram in diagrams {
        let diagram = diagram.split("```").next().unwrap();
        let boxes: Vec<&str> = diagram.lines().filter_map(|line| line.trim().strip_suffix(" {")).collect();
        assert!((1..=ENTITIES_MAX).contains(&boxes.len()), "{boxes:?}");
        for line in diagram.lines().filter(|line| line.contains("--")) {
            let ends = [line.split_whitespace().next(), line.split_whitespace().nth(2)];
            assert!(ends.iter().all(|end| boxes.contains(&end.unwrap())), "a line leaves its diagram: {line}");
        }
    }
}

#[tokio::test]
async fn the_map_to_fhir_has_a_row_for_each_table() {
    let mut network = Network::new().await;
    let tables = "SELECT relname::text FROM pg_class
                  WHERE relnamespace = 'care'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
                  ORDER BY relname COLLATE \"C\"";
    let page = std::fs::read_to_string("schemas/fhir.md").unwrap();
    let (_, map) = page.split_once("## Table by table").unwrap();
    let rows = map.split("\n## ").next().unwrap().lines().filter(|line| line.starts_with("| `"));
    let mut mapped = Vec::new();
    for row in rows {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        assert!(cells.len() == 6 && !cells[4].is_empty(), "four cells, the last of them said: {row}");
        assert!(["same", "near", "part", "none"].contains(&cells[3]), "{row}");
        assert_eq!(cells[2].is_empty(), cells[3] == "none", "a resource unless there is none: {row}");
        mapped.push(cells[1].trim_matches('`').to_owned());
    }
    assert_eq!(mapped, network.rows(tables).await, "schemas/fhir.md: a row a table, in alphabetical order");
}

#[tokio::test]
async fn the_glossary_and_the_overview_name_what_there_is() {
    let mut network = Network::new().await;
    let known = "SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                 WHERE n.nspname IN ('care', 'access', 'signal') AND c.relkind IN ('r', 'p', 'v')
                 UNION SELECT 'care.' || c.relname || '.' || a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
                 WHERE c.relnamespace = 'care'::regnamespace AND a.attnum > 0";
    let known = network.rows(known).await;
    let is_known = |name: &str| known.iter().any(|one| *one == name || *one == format!("care.{name}"));
    let glossary = std::fs::read_to_string("schemas/glossary.md").unwrap();
    let named = glossary.split("(`").skip(1).filter_map(|rest| rest.split_once("`)")).map(|(name, _)| name);
    let mut count = 0;
    for name in named {
        count += 1;
        assert!(is_known(name), "schemas/glossary.md: no {name}");
    }
    assert!(count > 10, "the page was read");
    let words = glossary.lines().filter_map(|line| line.strip_prefix("| ")?.split(" |").next());
    let words: Vec<String> = words.skip(1).map(str::to_lowercase).collect();
    assert!(words.is_sorted() && words.len() > 50, "one word a line, in alphabetical order");
    let overview = std::fs::read_to_string("schemas/overview.svg").unwrap();
    let boxes: Vec<String> = overview
        .split("<tspan class=\"schema\">")
        .skip(1)
        .map(|rest| rest.split("</text>").next().unwrap().replace("</tspan>", ""))
        .collect();
    assert!(boxes.len() > 14, "the drawing was read");
    for name in boxes {
        assert!(is_known(&name), "schemas/overview.svg: no {name}");
    }
}
