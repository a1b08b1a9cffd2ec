//! The files of `src/` with their code, and what a rule is.

use std::fs;
use std::path::{Path, PathBuf};

/// One file of `src/`, by its path within.
pub(crate) struct SourceFile {
    pub(crate) path: String,
    pub(crate) text: String,
}

/// What finds violations in a tree of files.
pub(crate) struct Rule<F: Fn(&[SourceFile]) -> Vec<String>>(pub(crate) F);

impl<F: Fn(&[SourceFile]) -> Vec<String>> Rule<F> {
    /// Fails where `src/` violates the rule, or where the rule does not see the violations of a bad tree.
    pub(crate) fn holds(&self, bad: &[SourceFile], violations: usize) {
        let seen = self.0(bad);
        assert_eq!(seen.len(), violations, "the rule does not see what it should: {seen:#?}");
        let found = self.0(&source());
        assert!(found.is_empty(), "\n{}\n", found.join("\n"));
    }
}

impl SourceFile {
    /// The first folder of the path.
    pub(crate) fn module(&self) -> &str {
        self.path.split_once('/').map_or("", |(module, _)| module)
    }

    /// Whether all of it is test code.
    pub(crate) fn is_test(&self) -> bool {
        self.path.ends_with("tests.rs") || self.path.contains("/tests/")
    }

    /// Its numbered lines without what is only compiled for tests. Relies on rustfmt's indentation.
    pub(crate) fn code(&self) -> Vec<(usize, &str)> {
        let mut code = Vec::new();
        let mut skipped: Option<usize> = None;
        for (at, line) in self.text.lines().enumerate() {
            match skipped {
                Some(indent) => {
                    let ends = indentation(line) == indent && (line.ends_with(';') || line.trim().starts_with('}'));
                    skipped = (!ends).then_some(indent);
                }
                None if line.trim() == "#[cfg(test)]" || line.trim().starts_with("#[cfg(all(test,") => {
                    skipped = Some(indentation(line));
                }
                None => code.push((at + 1, line)),
            }
        }
        code
    }
}

/// Checks each line of code that is neither a comment nor a test.
pub(crate) fn each_line(tree: &[SourceFile], check: impl Fn(&SourceFile, &str) -> Option<String>) -> Vec<String> {
    let files = tree.iter().filter(|file| !file.is_test());
    let lines = files.flat_map(|file| file.code().into_iter().map(move |(at, line)| (file, at, line)));
    let lines = lines.filter(|(_, _, line)| !line.trim_start().starts_with("//"));
    lines.filter_map(|(file, at, line)| Some(format!("src/{}:{at}: {}", file.path, check(file, line)?))).collect()
}

/// Checks each line, whatever it is.
pub(crate) fn each_raw_line(tree: &[SourceFile], check: impl Fn(&SourceFile, &str) -> Option<String>) -> Vec<String> {
    let lines = tree.iter().flat_map(|file| file.text.lines().enumerate().map(move |(at, line)| (file, at + 1, line)));
    lines.filter_map(|(file, at, line)| Some(format!("src/{}:{at}: {}", file.path, check(file, line)?))).collect()
}

/// The modules that a file declares, in order.
pub(crate) fn modules(tree: &[SourceFile], path: &str) -> Vec<String> {
    let text = tree.iter().find(|file| file.path == path).map_or("", |file| file.text.as_str());
    let names = text.lines().filter_map(|line| line.trim_start_matches("pub ").strip_prefix("mod ")?.strip_suffix(';'));
    names.map(str::to_owned).collect()
}

pub(crate) fn indentation(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// A file of a bad tree.
pub(crate) fn bad(path: &str, text: &str) -> SourceFile {
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

#[test]
fn test_code_is_told_from_the_rest() {
    let file = bad(
        "a/b.rs",
        "fn a() {}\n#[cfg(test)]\nmod tests {\n    x.unwrap();\n}\nfn b() {}\n#[cfg(test)]\nmod more;\nfn c() {}\n",
    );
    assert_eq!(file.code().iter().map(|(_, line)| *line).collect::<Vec<_>>(), ["fn a() {}", "fn b() {}", "fn c() {}"]);
    assert!(bad("model/block_tests.rs", "").is_test() && bad("ingest/tests/a.rs", "").is_test());
}
