//! The data dictionary and the diagrams in `schemas/` are what the schema says today.

use std::process::Command;

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
    for name in ["dictionary.md", "diagrams.md"] {
        let (kept, made) =
            (std::fs::read_to_string(format!("schemas/{name}")), std::fs::read_to_string(folder.path().join(name)));
        assert!(kept.unwrap() == made.unwrap(), "schemas/{name} is old: run `healthtrack schema docs`");
    }
    assert!(
        !std::fs::read_to_string("schemas/dictionary.md").unwrap().contains("\n## other"),
        "each table has an area"
    );
    let page = folder.path().join("dictionary.md");
    let planted = std::fs::read_to_string(&page).unwrap().replacen("A person in care.", "A planted person.", 1);
    std::fs::write(&page, planted).unwrap();
    let check = docs(&["--output", there, "--check"]);
    assert!(
        !check.status.success() && String::from_utf8_lossy(&check.stderr).contains("A planted person."),
        "it is seen"
    );
}
