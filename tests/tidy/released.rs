//! Migrations that databases have applied: none is changed, removed or put between others.
//!
//! A database keeps the checksum of each; one that is other than it was stops `healthtrack migrate` there and nowhere
//! else, so no test on an empty database would see it. `schemas/released.sha256` has a line for each, as `sha256sum` writes
//! it; who adds migrations adds theirs once they are final: `sha256sum schemas/migrations/*.sql > schemas/released.sha256`.

use std::collections::BTreeMap;
use std::fs;

use ring::digest::{SHA256, digest};

/// Digests by path, as `sha256sum` lists them.
fn listed(list: &str) -> BTreeMap<&str, &str> {
    list.lines().filter_map(|line| line.split_once("  ")).map(|(digest, path)| (path, digest)).collect()
}

/// What is not as it was released: of migrations, by path, with their texts.
fn changed(list: &str, found: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
    let released = listed(list);
    let last = released.keys().max().copied().unwrap_or_default();
    let mut wrong = Vec::new();
    for (path, expected) in &released {
        match found.get(*path) {
            None => wrong.push(format!("{path} was released, and is gone")),
            Some(text) => {
                let is: String = digest(&SHA256, text).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
                if is != *expected {
                    wrong.push(format!("{path} was released, and is changed: add a migration instead"));
                }
            }
        }
    }
    for path in found.keys().filter(|path| path.as_str() < last && !released.contains_key(path.as_str())) {
        wrong.push(format!("{path} comes before some that were released: give it a number after them"));
    }
    wrong
}

#[test]
fn a_released_migration_stays_as_it_was() {
    let texts = [("m/0001_a.sql", "SELECT 1"), ("m/0002_b.sql", "SELECT 2"), ("m/0003_c.sql", "SELECT 3")];
    let found: BTreeMap<String, Vec<u8>> =
        texts.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect();
    let of_one = "e004ebd5b5532a4b85984a62f8ad48a81aa3460c1ca07701f386135d72cdecf5";
    let list = format!("{of_one}  m/0001_a.sql\n{of_one}  m/0003_c.sql\n{of_one}  m/0004_d.sql\n");
    let seen = changed(&list, &found);
    assert_eq!(seen.len(), 3, "one is changed, one gone and one put between: {seen:#?}");
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas");
    let mut migrations = BTreeMap::new();
    for entry in fs::read_dir(format!("{root}/migrations")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        migrations.insert(format!("schemas/migrations/{name}"), fs::read(&path).unwrap());
    }
    let list = fs::read_to_string(format!("{root}/released.sha256")).unwrap();
    assert!(listed(&list).len() > 200, "the list was read");
    let wrong = changed(&list, &migrations);
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}
