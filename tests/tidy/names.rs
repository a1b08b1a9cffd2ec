//! One name, one thing: no two types that other files can see share a name.

use std::collections::BTreeMap;

use crate::source::{Rule, SourceFile, bad};

/// What clap calls the arguments of each subcommand.
const SHARED: &str = "Args";

/// The type that a line declares for other files, if it does.
fn declared(line: &str) -> Option<&str> {
    let line = line.trim_start().strip_prefix("pub")?;
    let line = match line.strip_prefix('(') {
        Some(scope) => scope.split_once(')')?.1,
        None => line,
    };
    let (kind, rest) = line.trim_start().split_once(' ')?;
    ["struct", "enum", "trait", "type"].contains(&kind).then_some(())?;
    // A macro names its type later.
    rest.split(|letter: char| !letter.is_alphanumeric()).next().filter(|name| !name.is_empty())
}

#[test]
fn no_two_types_share_a_name() {
    Rule(|tree: &[SourceFile]| {
        let mut first: BTreeMap<&str, &str> = BTreeMap::new();
        let mut shared = Vec::new();
        for file in tree.iter().filter(|file| !file.is_test()) {
            for (at, line) in file.code() {
                let Some(name) = declared(line).filter(|name| *name != SHARED) else { continue };
                if let Some(other) = first.insert(name, &file.path) {
                    shared.push(format!("src/{}:{at}: {name} is a type of src/{other} already", file.path));
                }
            }
        }
        shared
    })
    .holds(&[bad("a/b.rs", "pub struct Window {"), bad("a/c.rs", "pub(super) enum Window<'a> {")], 1);
}
