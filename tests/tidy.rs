//! The house rules, kept by reading `src/` as text: where things may be said, how long they may be, and in which order
//! the rooms may know each other. Each rule is shown a bad text as well, so that it cannot pass by being blind.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says no by panicking"
)]

use std::fs;
use std::path::{Path, PathBuf};

const COLUMNS_MAX: usize = 120;
const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 70;
/// Rooms whose files are stages of one journey, in the order of `mod` lines in their `mod.rs`.
const JOURNEYS: [&str; 2] = ["ingest", "archive"];

#[test]
fn a_room_uses_only_rooms_above_it() {
    let lib = "pub mod model;\npub mod store;\npub mod ingest;\n";
    let bad = [
        bad("lib.rs", lib),
        bad("store/pool.rs", "use crate::ingest::write;"),
        bad("model/ids.rs", "crate::store::x();"),
    ];
    Rule(|tree| {
        let rooms = modules(tree, "lib.rs");
        each_line(tree, |file, line| {
            let own = rooms.iter().position(|room| *room == file.room())?;
            let named = words_after(line, "crate::");
            let below =
                named.iter().find(|name| rooms.iter().position(|room| room == *name).is_some_and(|at| at > own));
            below.map(|name| format!("{} may not use {name}, which is below it in lib.rs", file.room()))
        })
    })
    .holds(&bad, 2);
}

#[test]
fn a_stage_knows_only_stages_before_it() {
    let order = "mod mqtt;\nmod decode;\nmod write;\n";
    let bad = [
        bad("ingest/mod.rs", order),
        bad("ingest/mqtt.rs", "use super::write::Writer;"),
        bad("ingest/decode/a.rs", "use crate::ingest::write;"),
    ];
    Rule(|tree| {
        let mut found = Vec::new();
        for journey in JOURNEYS {
            let stages = modules(tree, &format!("{journey}/mod.rs"));
            found.extend(each_line(tree, |file, line| {
                let inside = file.path.strip_prefix(journey)?.strip_prefix('/')?;
                let own =
                    stages.iter().position(|stage| *stage == inside.split(['/', '.']).next().unwrap_or_default())?;
                let mut named = words_after(line, &format!("crate::{journey}::"));
                if !inside.contains('/') {
                    named.extend(words_after(line, "super::"));
                }
                let after =
                    named.iter().find(|name| stages.iter().position(|stage| stage == *name).is_some_and(|at| at > own));
                after.map(|name| format!("a stage may not know {name}, which comes after it"))
            }));
        }
        found
    })
    .holds(&bad, 2);
}

#[test]
fn the_model_and_the_judgement_do_no_io() {
    let bad = [
        bad("model/ids.rs", "use tokio::time;"),
        bad("ingest/validate.rs", "async fn judge() {}"),
        bad("model/a.rs", "std::fs::read(x)"),
    ];
    Rule(|tree| {
        each_line(tree, |file, line| {
            let pure = ["model/", "formats/", "ingest/validate"].iter().any(|place| file.path.starts_with(place));
            let io = ["tokio::", "sqlx::", "std::fs", "std::net", "async fn", ".await"]
                .iter()
                .find(|sign| line.contains(*sign));
            io.filter(|_| pure).map(|sign| format!("{sign} does not belong here: this is pure"))
        })
    })
    .holds(&bad, 3);
}

#[test]
fn only_the_store_speaks_sql() {
    let bad = [
        bad("ingest/a.rs", "run(\"SELECT 1\")"),
        bad("portal/a.rs", "    INSERT INTO signal.block"),
        bad("archive/a.rs", "sqlx::query(x)"),
        bad("embedded/a.rs", "run(\"DROP TABLE x\")"),
    ];
    const VERBS: [&str; 11] = [
        "SELECT ",
        "INSERT INTO ",
        "UPDATE ",
        "DELETE FROM ",
        "COPY ",
        "WITH ",
        "CREATE ",
        "ALTER ",
        "DROP ",
        "TRUNCATE ",
        "LOCK TABLE ",
    ];
    Rule(|tree| {
        each_line(tree, |file, line| {
            // Databases are made before the store can speak to one.
            if file.room() == "store"
                || (file.room() == "embedded" && (line.contains("CREATE DATABASE") || line.contains("raw_sql")))
            {
                return None;
            }
            let said =
                VERBS.iter().find(|verb| line.contains(&format!("\"{verb}")) || line.trim_start().starts_with(*verb));
            let sent = ["sqlx::query", "raw_sql", "query_scalar", "query_as"].iter().find(|call| line.contains(*call));
            said.or(sent).map(|what| format!("{what} belongs in store/"))
        })
    })
    .holds(&bad, 4);
}

#[test]
fn only_config_asks_the_environment() {
    only("std::env", "config/", &[bad("ingest/a.rs", "std::env::var_os(\"HOME\")")]);
}

#[test]
fn only_model_time_asks_the_clock() {
    only("SystemTime::now", "model/time.rs", &[bad("ingest/a.rs", "SystemTime::now()")]);
}

#[test]
fn only_commands_throw_errors_together() {
    Rule(|tree| {
        each_line(tree, |file, line| {
            let allowed = file.room() == "commands" || file.path == "main.rs";
            (line.contains("anyhow") && !allowed)
                .then(|| "anyhow belongs in commands/: here an error has a name".to_owned())
        })
    })
    .holds(&[bad("store/a.rs", "use anyhow::Result;")], 1);
}

#[test]
fn only_telemetry_names_metrics() {
    only("\"healthtrack_", "telemetry/", &[bad("ingest/a.rs", "counter(\"healthtrack_samples_total\")")]);
}

#[test]
fn nothing_outside_tests_may_panic_at_will() {
    let bad = [
        bad("a/b.rs", "x.unwrap()"),
        bad("a/c.rs", "x.expect(\"y\")"),
        bad("a/d.rs", "todo!()"),
        bad("a/e.rs", "unreachable!()"),
    ];
    Rule(|tree| {
        each_line(tree, |_, line| {
            let signs = [".unwrap()", ".expect(\"", "todo!(", "unimplemented!(", "unreachable!(", "panic!("];
            signs.iter().find(|sign| line.contains(*sign)).map(|sign| format!("{sign} may end the process"))
        })
    })
    .holds(&bad, 4);
}

#[test]
fn no_lint_is_silenced_and_no_test_ignored() {
    let bad = [bad("a/b.rs", "#[ignore]"), bad("a/c.rs", "#![allow(dead_code)]"), bad("a/d.rs", "#[allow(dead_code)]")];
    Rule(|tree| {
        each_raw_line(tree, |_, line| {
            let signs = ["#[ignore", "#[allow(", "#![allow("];
            signs.iter().find(|sign| line.contains(*sign)).map(|sign| format!("{sign}: say #[expect(…, reason = …)]"))
        })
    })
    .holds(&bad, 3);
}

#[test]
fn nothing_is_left_for_later() {
    let bad = [bad("a/b.rs", "// TODO: more"), bad("a/c.rs", "// FIXME"), bad("a/d.rs", "// XXX")];
    Rule(|tree| {
        each_raw_line(tree, |_, line| {
            let words = ["TODO", "FIXME", "XXX"];
            words.iter().find(|word| line.contains(*word)).map(|word| format!("{word}: do it, or leave it out"))
        })
    })
    .holds(&bad, 3);
}

#[test]
fn lines_fit_on_a_screen() {
    // Tests may quote what a device sends in one line.
    Rule(|tree| {
        let files = tree.iter().filter(|file| !file.is_test());
        let lines = files.flat_map(|file| file.code().into_iter().map(move |line| (file, line)));
        let wide = lines.filter(|(_, (_, line))| line.chars().count() > COLUMNS_MAX);
        wide.map(|(file, (at, _))| format!("src/{}:{at}: {COLUMNS_MAX} columns at most", file.path)).collect()
    })
    .holds(&[bad("a/b.rs", &"x".repeat(COLUMNS_MAX + 1))], 1);
}

#[test]
fn files_begin_by_saying_what_they_are() {
    Rule(|tree| {
        let silent = tree.iter().filter(|file| !file.text.starts_with("//! "));
        silent.map(|file| format!("src/{}:1: a file begins with //! and what it is", file.path)).collect()
    })
    .holds(&[bad("a/b.rs", "use x;")], 1);
}

#[test]
fn files_and_functions_are_short() {
    let long_function = format!("fn f() {{\n{}}}\n", "    x();\n".repeat(FUNCTION_LINES_MAX));
    let bad = [bad("a/b.rs", &"x\n".repeat(FILE_LINES_MAX + 1)), bad("a/c.rs", &long_function)];
    Rule(|tree| {
        let mut found = Vec::new();
        for file in tree.iter().filter(|file| !file.is_test()) {
            let lines = file.code();
            if lines.len() > FILE_LINES_MAX {
                found.push(format!("src/{}: {} lines, {FILE_LINES_MAX} at most", file.path, lines.len()));
            }
            for (at, length) in functions(&lines) {
                if length > FUNCTION_LINES_MAX {
                    found.push(format!(
                        "src/{}:{at}: a function of {length} lines, {FUNCTION_LINES_MAX} at most",
                        file.path
                    ));
                }
            }
        }
        found
    })
    .holds(&bad, 2);
}

#[test]
fn a_release_has_no_planted_bug() {
    // The names of what only a build with debug assertions may have: the variable, and the module that reads it.
    const SIGNS: [&str; 2] = ["HEALTHTRACK_INJECT_FAULT", "switches"];
    let bad = [
        bad("a/b.rs", "variable(\"HEALTHTRACK_INJECT_FAULT\")"),
        bad("faults/mod.rs", "#[cfg(debug_assertions)]\nmod switches;\npub(crate) use switches::planted;"),
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
fn each_planted_bug_is_in_the_table_of_tests() {
    let words = |text: &str| -> Vec<String> {
        let list = text.split_once("pub(crate) enum Defect {").map_or("", |(_, list)| list);
        let list = list.split_once("\n}").map_or("", |(list, _)| list);
        let names = list.lines().filter_map(|line| line.trim().strip_suffix(',')).filter(|name| !name.contains(' '));
        names.map(in_words).collect()
    };
    assert_eq!(words("pub(crate) enum Defect {\n    /// Such, or so,\n    StaleAck,\n}\n"), ["stale_ack"]);
    let file = |path: &str| fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    let (bugs, table) = (words(&file("src/faults/mod.rs")), file("tests/README.md"));
    let tests = ["fault_injection", "points", "roll", "roll_daemon", "bucket", "erase", "retire", "subject"];
    let tests = tests.map(|name| file(&format!("tests/it/{name}.rs"))).concat();
    assert!(bugs.len() > 5, "the bugs are found");
    for bug in bugs {
        assert!(table.contains(&format!("`{bug}`")), "{bug} has no line in tests/README.md");
        assert!(tests.contains(&format!("\"{bug}")), "{bug} is planted by no test");
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

#[test]
fn test_code_is_told_from_the_rest() {
    let file = bad(
        "a/b.rs",
        "fn a() {}\n#[cfg(test)]\nmod tests {\n    x.unwrap();\n}\nfn b() {}\n#[cfg(test)]\nmod more;\nfn c() {}\n",
    );
    assert_eq!(file.code().iter().map(|(_, line)| *line).collect::<Vec<_>>(), ["fn a() {}", "fn b() {}", "fn c() {}"]);
    assert!(bad("model/block_tests.rs", "").is_test() && bad("ingest/tests/a.rs", "").is_test());
}

/// One file of `src/`, by its path within.
struct SourceFile {
    path: String,
    text: String,
}

/// What finds trespasses in a tree of files.
struct Rule<F: Fn(&[SourceFile]) -> Vec<String>>(F);

impl<F: Fn(&[SourceFile]) -> Vec<String>> Rule<F> {
    /// Fails where `src/` trespasses, or where the rule does not see the trespasses of a bad tree.
    fn holds(&self, bad: &[SourceFile], trespasses: usize) {
        let seen = self.0(bad);
        assert_eq!(seen.len(), trespasses, "the rule does not see what it should: {seen:#?}");
        let found = self.0(&source());
        assert!(found.is_empty(), "\n{}\n", found.join("\n"));
    }
}

impl SourceFile {
    /// The first folder of the path.
    fn room(&self) -> &str {
        self.path.split_once('/').map_or("", |(room, _)| room)
    }

    /// Whether all of it is test code.
    fn is_test(&self) -> bool {
        self.path.ends_with("tests.rs") || self.path.contains("/tests/")
    }

    /// Its numbered lines without what is only compiled for tests. Relies on rustfmt's indentation.
    fn code(&self) -> Vec<(usize, &str)> {
        let mut code = Vec::new();
        let mut skipped: Option<usize> = None;
        for (at, line) in self.text.lines().enumerate() {
            match skipped {
                Some(indent) => {
                    let ends = indentation(line) == indent && (line.ends_with(';') || line.trim().starts_with('}'));
                    skipped = (!ends).then_some(indent);
                }
                None if line.trim() == "#[cfg(test)]" => skipped = Some(indentation(line)),
                None => code.push((at + 1, line)),
            }
        }
        code
    }
}

/// Whatever holds `sign` outside of `place` trespasses.
fn only(sign: &'static str, place: &'static str, bad: &[SourceFile]) {
    Rule(move |tree: &[SourceFile]| {
        each_line(tree, |file, line| {
            (line.contains(sign) && !file.path.starts_with(place)).then(|| format!("{sign} belongs in {place}"))
        })
    })
    .holds(bad, bad.len());
}

/// Judges each line of code that is neither a comment nor a test.
fn each_line(tree: &[SourceFile], judge: impl Fn(&SourceFile, &str) -> Option<String>) -> Vec<String> {
    let files = tree.iter().filter(|file| !file.is_test());
    let lines = files.flat_map(|file| file.code().into_iter().map(move |(at, line)| (file, at, line)));
    let lines = lines.filter(|(_, _, line)| !line.trim_start().starts_with("//"));
    lines.filter_map(|(file, at, line)| Some(format!("src/{}:{at}: {}", file.path, judge(file, line)?))).collect()
}

/// Judges each line, whatever it is.
fn each_raw_line(tree: &[SourceFile], judge: impl Fn(&SourceFile, &str) -> Option<String>) -> Vec<String> {
    let lines = tree.iter().flat_map(|file| file.text.lines().enumerate().map(move |(at, line)| (file, at + 1, line)));
    lines.filter_map(|(file, at, line)| Some(format!("src/{}:{at}: {}", file.path, judge(file, line)?))).collect()
}

/// The modules that a file declares, in order.
fn modules(tree: &[SourceFile], path: &str) -> Vec<String> {
    let text = tree.iter().find(|file| file.path == path).map_or("", |file| file.text.as_str());
    let names = text.lines().filter_map(|line| line.trim_start_matches("pub ").strip_prefix("mod ")?.strip_suffix(';'));
    names.map(str::to_owned).collect()
}

/// The names that follow a prefix, those of a group in braces included.
fn words_after(line: &str, prefix: &str) -> Vec<String> {
    let name =
        |text: &str| text.trim().chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect();
    let mut words = Vec::new();
    for rest in line.split(prefix).skip(1) {
        match rest.strip_prefix('{').and_then(|group| group.split('}').next()) {
            Some(group) => words.extend(group.split(',').map(name)),
            None => words.push(name(rest)),
        }
    }
    words
}

/// Where functions begin and how many lines they have. Relies on rustfmt's indentation.
fn functions(lines: &[(usize, &str)]) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    for (index, (at, line)) in lines.iter().enumerate() {
        let words = line.trim_start().trim_start_matches("pub(super) ").trim_start_matches("pub(crate) ");
        let words = words.trim_start_matches("pub ").trim_start_matches("const ").trim_start_matches("async ");
        if !words.starts_with("fn ") || line.ends_with('}') || line.ends_with(';') {
            continue;
        }
        let indent = indentation(line);
        let end = lines[index + 1..].iter().position(|(_, line)| line.trim() == "}" && indentation(line) == indent);
        found.push((*at, end.map_or(1, |end| end + 2)));
    }
    found
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// A file that a rule must not like.
fn bad(path: &str, text: &str) -> SourceFile {
    SourceFile { path: path.to_owned(), text: text.to_owned() }
}

/// All of `src/`.
fn source() -> Vec<SourceFile> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    let mut folders: Vec<PathBuf> = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let path = path.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
                files.push(SourceFile { path, text });
            }
        }
    }
    assert!(files.len() > 20, "src/ is here");
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

/// Where a plain connection becomes an actor, and where the catalogue of rules is read, which is about nobody.
const BEFORE_ANYBODY_ACTS: [&str; 2] = ["store/care/actor.rs", "store/care/error.rs"];
/// Who may ask something of care, by the type of a function's first parameter.
const ACTORS_AND_CONTEXTS: [&str; 7] =
    ["Actor", "Visitor", "Maintenance", "Operator", "Auditor", "Analyst", "SampleReader"];

#[test]
fn whoever_asks_something_of_care_has_a_name() {
    let bad = [
        bad("store/care/a.rs", "pub async fn read(connection: &mut PgConnection, patient: PatientId) -> X {\n}"),
        bad("care/a.rs", "pub async fn all(\n    pool: &PgPool,\n) -> X {\n}"),
        bad("care/b.rs", "pub async fn two(actor: &mut Actor<'_>, other: &mut PgConnection) -> X {\n}"),
        bad(
            "store/care/c.rs",
            "pub async fn own(actor: Actor<'_>) {\n}\npub(super) async fn inner(x: PgConnection) {}",
        ),
    ];
    Rule(|tree| {
        let of_care = |file: &&SourceFile| file.path.starts_with("store/care/") || file.path.starts_with("care/");
        let mut found = Vec::new();
        for file in tree.iter().filter(of_care).filter(|file| !BEFORE_ANYBODY_ACTS.contains(&file.path.as_str())) {
            let text = file.code().iter().map(|(_, line)| *line).collect::<Vec<_>>().join(" ");
            for function in text.split("pub async fn ").skip(1) {
                let signature = function.split_once(" {").map_or(function, |(signature, _)| signature);
                let (name, parameters) = signature.split_once('(').unwrap_or((signature, ""));
                let first = parameters.split(',').next().and_then(|first| first.split_once(": "));
                let kind = first.map_or("", |(_, kind)| kind.trim_start_matches("&mut "));
                let kind = kind.split('<').next().unwrap_or_default();
                let known = ACTORS_AND_CONTEXTS.contains(&kind);
                if !known || parameters.contains("PgConnection") {
                    found.push(format!("src/{}: {name} takes an Actor or a context of care first", file.path));
                }
            }
        }
        found
    })
    .holds(&bad, 3);
}
