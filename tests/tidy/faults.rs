//! Fault injection: nothing of it in a release, and each fault is injected by a test.

use std::fs;
use std::path::Path;

use crate::source::{Rule, bad};

#[test]
fn a_release_injects_no_fault() {
    // The names of what only a build with debug assertions may have: the variable, and the module that reads it.
    const SIGNS: [&str; 2] = ["HEALTHTRACK_INJECT_FAULT", "switches"];
    let bad = [
        bad("a/b.rs", "variable(\"HEALTHTRACK_INJECT_FAULT\")"),
        bad("faults/mod.rs", "#[cfg(debug_assertions)]\nmod switches;\npub(crate) use switches::is_injected;"),
    ];
    Rule(|tree| {
        let mut found = Vec::new();
        for file in tree.iter().filter(|file| file.path != "faults/switches.rs") {
            let mut guarded = false;
            for (at, line) in file.text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
                if let Some(sign) = SIGNS.iter().find(|sign| line.contains(*sign) && !guarded) {
                    found.push(format!("src/{}:{}: {sign} needs #[cfg(debug_assertions)]", file.path, at + 1));
                }
                guarded = ["#[cfg(debug_assertions)]", "#[cfg(all(test, debug_assertions))]"].contains(&line.trim());
            }
        }
        found
    })
    .holds(&bad, 2);
    let profiles = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).unwrap();
    assert!(!profiles.contains("debug-assertions"), "a release has no debug assertions");
}

#[test]
fn each_fault_is_in_the_table_of_tests() {
    let words = |text: &str| -> Vec<String> {
        let list = text.split_once("pub(crate) enum Defect {").map_or("", |(_, list)| list);
        let list = list.split_once("\n}").map_or("", |(list, _)| list);
        let names = list.lines().filter_map(|line| line.trim().strip_suffix(',')).filter(|name| !name.contains(' '));
        names.map(in_words).collect()
    };
    assert_eq!(words("pub(crate) enum Defect {\n    /// Such, or so,\n    StaleAck,\n}\n"), ["stale_ack"]);
    let file = |path: &str| fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    let (faults, table) = (words(&file("src/faults/defect.rs")), file("tests/README.md"));
    let tests =
        ["fault_injection", "points", "roll", "roll_daemon", "bucket", "erase", "retire", "subject", "supervision"];
    let tests = tests.map(|name| file(&format!("tests/it/{name}.rs"))).concat();
    assert!(faults.len() > 5, "the faults are found");
    for fault in faults {
        assert!(table.contains(&format!("`{fault}`")), "{fault} has no line in tests/README.md");
        assert!(tests.contains(&format!("\"{fault}")), "{fault} is injected by no test");
    }
}

/// `StaleAck` is `stale_ack`.
fn in_words(name: &str) -> String {
    let mut words = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !words.is_empty() {
            words.push('_');
        }
        words.push(letter.to_ascii_lowercase());
    }
    words
}
