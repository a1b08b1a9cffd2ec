//! The documentation, held against the repository: links resolve, named tests, files and metrics exist, and each
//! command that is shown is one that the binary takes. Each rule is shown a bad text as well, so that it cannot pass by
//! being blind.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says no by panicking"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where a path of modules may begin, as `path::…`, `care::money::…` or `ingest::ack` do.
const ROOTS: [&str; 3] = ["tests/it", "tests", "src"];
/// Folders whose files the documentation names by their whole path.
const FOLDERS: [&str; 8] = ["src/", "tests/", "benches/", "schemas/", "config/", "deploy/", ".ci/", ".github/"];
/// The modules that have metrics: what follows them in a name is a metric's, where a role's name ends.
const METRICS: [&str; 5] = ["ingest", "mqtt", "store", "archive", "compaction"];
/// A span of so many words is taken for a test's name.
const TEST_WORDS: usize = 5;

#[test]
fn each_link_leads_somewhere() {
    let bad =
        page("deploy/README.md", "# Here\n[a](gone.md) [b](../README.md#no-such-section) [c](#here) [d](#there)\n");
    holds(&[bad], 3, |page| {
        let targets = page.links();
        targets.into_iter().filter(|target| !page.leads_to(target)).map(|target| format!("no {target}")).collect()
    });
}

#[test]
fn each_named_test_and_file_exists() {
    let bad = "`path::no_such_test_…` `care::gone::…` `ingest::ack` `verbs::…` `a_test_that_nobody_wrote` `x`: `the_model_says_…`\n\
               `tests/it/gone.rs` `tests/it/path.rs` `src/ingest/tests/`\n";
    let all = functions(&[root().join("tests"), root().join("src")]);
    holds(&[page("a.md", bad)], 5, |page| {
        let spans = page.spans();
        let missing = spans.iter().filter(|span| {
            let first = span.split(' ').next().unwrap_or_default();
            if is_module_path(span) {
                !ROOTS.iter().any(|place| resolves(&root().join(place), span))
            } else if is_test_name(span) {
                // The model's pages name constraints.
                !page.path.starts_with("schemas/") && !all.iter().any(|name| is_named(name, span))
            } else {
                let names_file = FOLDERS.iter().any(|folder| first.starts_with(folder)) && !first.contains("NNNN");
                names_file && !root().join(first).exists()
            }
        });
        missing.map(|span| format!("no {span}")).collect()
    });
}

#[test]
fn each_named_metric_is_declared() {
    let declared: String = rust_files(&root().join("src/telemetry")).iter().map(read).collect();
    let bad = "`healthtrack_ingest_no_such_total` `healthtrack_ingest_samples_total{outcome}` `healthtrack_ingest`\n";
    holds(&[page("a.md", bad)], 1, |page| {
        let named = page.spans().into_iter().filter(|span| {
            let rest = span.strip_prefix("healthtrack_").and_then(|rest| rest.split_once('_'));
            rest.is_some_and(|(module, _)| METRICS.contains(&module))
        });
        let names = named.map(|span| span.split('{').next().unwrap_or_default().to_owned());
        names.filter(|name| !declared.contains(&format!("\"{name}\""))).map(|name| format!("no {name}")).collect()
    });
}

#[test]
fn each_shown_command_is_one() {
    let bad = "```bash\nhealthtrack sing\nX=1 healthtrack archive burn --all\nhealthtrack roll --fast # healthtrack x\n\
               cargo run -- demo --for 1s\ninstall -o healthtrack -g x\n```\n`healthtrack migrat` and `healthtrack archive list --all`\n";
    let mut help = Help::default();
    holds(&[page("a.md", bad)], 4, |page| {
        let commands = page.commands();
        commands.iter().filter_map(|command| help.objection(command)).collect()
    });
}

/// The table is written by `tests/brokers/run.sh --page`; who changes the script's brokers, settings or columns runs it.
#[test]
fn the_table_of_brokers_is_of_todays_script() {
    let script = fs::read_to_string(root().join("tests/brokers/run.sh")).unwrap();
    let bad = page("deploy/brokers.md", "| broker | what |\n|---|---|\n| Artemis 1.0.0 | `max_lost 0` |\n");
    holds(&[bad], 4, |page| {
        if page.path != "deploy/brokers.md" {
            return Vec::new();
        }
        let rows: Vec<&str> = page.text.lines().filter(|line| line.starts_with("| ")).collect();
        let (head, rows) = rows.split_first().expect("the page has a table");
        let settings = rows.iter().flat_map(|row| row.split('`').skip(1).step_by(2));
        let unknown = settings.filter(|setting| !script.contains(&format!("\"{setting}\""))).map(str::to_owned);
        let told = told_settings(&script).into_iter().map(|told| format!("`{told}`"));
        let untold = told.filter(|told| !rows.iter().any(|row| row.contains(told)));
        let absent = pinned_brokers(&script).into_iter().filter(|name| !rows.iter().any(|row| row.contains(name)));
        let head = (!script.contains(&format!("row \"{head}\""))).then(|| (*head).to_owned());
        let found = [unknown.collect(), untold.collect(), absent.collect(), Vec::from_iter(head)];
        let kinds = ["settings that it does not make", "no settings", "no brokers", "another head"];
        let found: Vec<(&str, Vec<String>)> = kinds.into_iter().zip(found).collect();
        found.iter().filter(|(_, of)| !of.is_empty()).map(|(kind, of)| format!("{kind}: {}", of.join(", "))).collect()
    });
}

/// What the script tells brokers: the lines of its function `settings_of`.
fn told_settings(script: &str) -> Vec<&str> {
    let function = script.split("settings_of() {").nth(1).and_then(|rest| rest.split("\n}\n").next()).unwrap();
    function.split("echo \"").skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

/// The brokers that the script starts, with their versions where the repository chooses those.
fn pinned_brokers(script: &str) -> Vec<String> {
    let names = script.split("version=\"").skip(1).filter_map(|rest| rest.split(['$', '"']).next());
    let file = |name: &str| fs::read_to_string(root().join("tests/brokers").join(name)).unwrap();
    let versions = [
        ("Artemis ", script.split("\nartemis=").nth(1).and_then(|rest| rest.lines().next()).unwrap().to_owned()),
        (
            "HiveMQ CE ",
            file("hivemq/pom.xml").rsplit("<version>").next().unwrap().split('<').next().unwrap().to_owned(),
        ),
        ("Mochi v", file("mochi/go.mod").split("server/v2 v").nth(1).unwrap().lines().next().unwrap().to_owned()),
    ];
    let version = |name: &str| {
        versions
            .iter()
            .find(|(of, _)| of.trim_end_matches('v') == name)
            .map_or(name.to_owned(), |(of, version)| format!("{of}{version} "))
    };
    names.map(version).collect()
}

/// Fails where the rule finds anything in the repository's pages, or does not find what is wrong with the bad ones.
fn holds(bad: &[Page], wrong: usize, mut rule: impl FnMut(&Page) -> Vec<String>) {
    let mut judge = |pages: &[Page]| -> Vec<String> {
        pages.iter().flat_map(|page| rule(page).into_iter().map(|what| format!("{}: {what}", page.path))).collect()
    };
    let seen = judge(bad);
    assert_eq!(seen.len(), wrong, "the rule does not see what it should: {seen:#?}");
    let found = judge(&pages());
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

/// One page, by its path in the repository.
struct Page {
    path: String,
    text: String,
}

impl Page {
    /// Its text without fenced blocks.
    fn prose(&self) -> String {
        self.text.split("```").step_by(2).collect::<Vec<_>>().join("\n")
    }

    /// What stands in `code` within a line.
    fn spans(&self) -> Vec<String> {
        let prose = self.prose();
        prose.lines().flat_map(|line| line.split('`').skip(1).step_by(2)).map(str::to_owned).collect()
    }

    /// Where its links lead that stay in the repository.
    fn links(&self) -> Vec<String> {
        let lines = self.prose();
        let prose: String = lines.lines().flat_map(|line| line.split('`').step_by(2).chain(["\n"])).collect();
        let targets = prose.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        targets.filter(|target| !target.contains("://")).map(str::to_owned).collect()
    }

    fn leads_to(&self, target: &str) -> bool {
        let (file, section) = target.split_once('#').map_or((target, None), |(file, section)| (file, Some(section)));
        let own = root().join(&self.path);
        let path = own.parent().unwrap().join(file);
        let text = if file.is_empty() { self.text.clone() } else { fs::read_to_string(&path).unwrap_or_default() };
        let sections = || text.lines().filter(|line| line.starts_with('#')).map(anchor);
        (file.is_empty() || path.exists()) && section.is_none_or(|section| sections().any(|anchor| anchor == section))
    }

    /// The words after `healthtrack` of each command in blocks of bash and in spans.
    fn commands(&self) -> Vec<Vec<String>> {
        let blocks = self.text.split("```").skip(1).step_by(2).filter_map(|block| block.strip_prefix("bash\n"));
        let lines = blocks.flat_map(str::lines).map(|line| line.split('#').next().unwrap_or_default().to_owned());
        let spans = self.spans().into_iter().filter(|span| span.starts_with("healthtrack "));
        lines.chain(spans).flat_map(|line| commands_of(&line)).collect()
    }
}

/// The commands of one line of shell.
fn commands_of(line: &str) -> Vec<Vec<String>> {
    let parts = line.split(['|', '>', ';', '&', '(', ')', '"']);
    let words = parts.map(|part| part.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
    let commands = words.filter_map(|words| {
        let at = match words.first().map(String::as_str) {
            Some("cargo") if words.get(1).is_some_and(|word| word == "run") => {
                words.iter().position(|word| word == "--")?
            }
            _ => words.iter().position(|word| word == "healthtrack")?,
        };
        words.get(at + 1..).map(<[String]>::to_vec)
    });
    // `install -o healthtrack -g …` names a user.
    commands.filter(|words| words.first().is_some_and(|word| !word.starts_with('-'))).collect()
}

/// What the binary says of its subcommands, asked once each.
#[derive(Default)]
struct Help(BTreeMap<String, Option<String>>);

impl Help {
    /// What is wrong with a command; `None` where its words and flags are known.
    fn objection(&mut self, command: &[String]) -> Option<String> {
        let shown = format!("healthtrack {}", command.join(" "));
        let Some(mut help) = self.of(&command[..1]) else { return Some(format!("no such subcommand: {shown}")) };
        if help.contains("\nCommands:\n") {
            let Some(deeper) = command.get(..2).and_then(|words| self.of(words)) else {
                return Some(format!("no such subcommand: {shown}"));
            };
            help.push_str(&deeper);
        }
        let flags = command.iter().filter(|word| word.starts_with("--")).map(|word| word.split('=').next().unwrap());
        let unknown = flags.into_iter().find(|flag| {
            !help.split(|letter: char| !letter.is_alphanumeric() && letter != '-').any(|word| word == *flag)
        });
        unknown.map(|flag| format!("no {flag}: {shown}"))
    }

    fn of(&mut self, words: &[String]) -> Option<String> {
        let ask = || {
            let output = Command::new(env!("CARGO_BIN_EXE_healthtrack")).args(words).arg("--help").output().unwrap();
            output.status.success().then(|| String::from_utf8(output.stdout).unwrap())
        };
        self.0.entry(words.join(" ")).or_insert_with(ask).clone()
    }
}

/// `a::b` or `a::…`, as tests and modules are named.
fn is_module_path(span: &str) -> bool {
    let is_name =
        |part: &str| part.chars().all(|letter| letter.is_ascii_lowercase() || "_0123456789…".contains(letter));
    span.contains("::") && span.split("::").all(|part| !part.is_empty() && is_name(part))
}

/// `a_name_of_many_words` or the beginning of one: `a_name_…`.
fn is_test_name(span: &str) -> bool {
    let is_name = span.chars().all(|letter| letter.is_ascii_lowercase() || "_0123456789…".contains(letter));
    let is_long = span.ends_with("_…") || span.split('_').count() >= TEST_WORDS;
    is_name && is_long && !span.starts_with("healthtrack_") && !span.starts_with('…')
}

/// Whether a function has this name, or begins like it.
fn is_named(function: &str, name: &str) -> bool {
    name.strip_suffix('…').map_or(function == name, |beginning| function.starts_with(beginning))
}

/// Whether a path of modules below a folder ends at a module, or at a function of its last module.
fn resolves(place: &Path, path: &str) -> bool {
    let (mut folder, mut file) = (place.to_owned(), None);
    for part in path.split("::") {
        let (inner, own) = (folder.join(part), folder.join(format!("{part}.rs")));
        if part == "…" {
            return file.is_some();
        } else if inner.is_dir() {
            (folder, file) = (inner.clone(), Some(inner));
        } else if own.is_file() {
            (folder, file) = (inner, Some(own));
        } else if !file.as_ref().is_some_and(|file: &PathBuf| has_module(file, part)) {
            return file.is_some_and(|file| functions(&[file]).iter().any(|name| is_named(name, part)));
        }
    }
    file.is_some()
}

/// Whether a file has an inner module of this name.
fn has_module(file: &PathBuf, name: &str) -> bool {
    file.is_file() && read(file).contains(&format!("mod {name} {{"))
}

/// The names of all functions in files and folders.
fn functions(places: &[PathBuf]) -> Vec<String> {
    let texts = places.iter().flat_map(|place| if place.is_dir() { rust_files(place) } else { vec![place.clone()] });
    let names = |text: String| -> Vec<String> {
        let after =
            text.split("fn ").skip(1).map(|rest| rest.split(|letter: char| !letter.is_alphanumeric() && letter != '_'));
        after.filter_map(|mut words| words.next().map(str::to_owned)).collect()
    };
    texts.flat_map(|path| names(read(&path))).collect()
}

/// The section's name in a link, as forges make it of a heading.
fn anchor(heading: &str) -> String {
    let title = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = title.chars().filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter));
    kept.collect::<String>().replace(' ', "-")
}

fn page(path: &str, text: &str) -> Page {
    Page { path: path.to_owned(), text: text.to_owned() }
}

fn pages() -> Vec<Page> {
    let files = files(&root(), "md");
    assert!(files.len() > 10, "the pages are here");
    files.iter().map(|path| page(&path.strip_prefix(root()).unwrap().to_string_lossy(), &read(path))).collect()
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    files(folder, "rs")
}

/// The files below a folder with this extension; not those that were built.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let is_foreign = ["target", ".git"].iter().any(|name| path.file_name().is_some_and(|own| own == *name));
        if path.is_dir() && !is_foreign {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|own| own == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn read(path: &PathBuf) -> String {
    fs::read_to_string(path).unwrap()
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
