//! The data dictionary, the diagrams and the present schema in `schemas/` are what the schema says today.

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
                 WHERE oid = 'access.guard(regclass, text)'::regprocedure GROUP BY kind ORDER BY kind COLLATE \"C\"";
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
