//! Which file of `src/` uses which, from every path in its code: `use` with its groups and renamings, and paths inside
//! an expression or a type. A path leads to the file that defines what it names: re-exports are followed, and so are
//! names that a `use` has brought in.

use std::collections::{HashMap, HashSet};

use crate::source::SourceFile;

/// A file uses another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Arrow {
    pub(crate) from: String,
    pub(crate) to: String,
    /// The line of `from`, and what stands there.
    pub(crate) line: usize,
    pub(crate) path: String,
}

/// Names by their segments: `crate::store::pool` is `["store", "pool"]`.
type Name = Vec<String>;

/// Re-exports that lead from one to the next.
const STEPS_MAX: usize = 8;

/// All arrows between files that are no test code.
pub(crate) fn arrows(tree: &[SourceFile]) -> Vec<Arrow> {
    let files: Vec<_> = tree.iter().filter(|file| !file.is_test()).map(File::of).collect();
    let by_module: HashMap<&[String], &File> = files.iter().map(|file| (file.module.as_slice(), file)).collect();
    let mut arrows: Vec<Arrow> = Vec::new();
    for file in &files {
        for (line, path) in &file.paths {
            let Some(found) = absolute(path, file, &by_module, 0).and_then(|name| defining(&name, &by_module, 0))
            else {
                continue;
            };
            let is_known = arrows.iter().any(|arrow| arrow.from == file.path && arrow.to == found.path);
            if found.path != file.path && !is_known {
                let (from, to) = (file.path.clone(), found.path.clone());
                arrows.push(Arrow { from, to, line: *line, path: path.join("::") });
            }
        }
    }
    arrows
}

/// Sets of files each of which uses, by way of others, all the rest of its set.
pub(crate) fn circles(arrows: &[Arrow]) -> Vec<Vec<&str>> {
    let mut next: HashMap<&str, Vec<&str>> = HashMap::new();
    arrows.iter().for_each(|arrow| next.entry(&arrow.from).or_default().push(&arrow.to));
    let mut files: Vec<&str> = next.keys().copied().collect();
    files.sort_unstable();
    let reached: HashMap<&str, HashSet<&str>> = files.iter().map(|file| (*file, reach(file, &next))).collect();
    let mut circles: Vec<Vec<&str>> = Vec::new();
    for file in files.iter().filter(|file| reached[*file].contains(*file)) {
        match circles.iter_mut().find(|circle| reached[file].contains(circle[0]) && reached[circle[0]].contains(file)) {
            Some(circle) => circle.push(file),
            None => circles.push(vec![file]),
        }
    }
    circles
}

/// All files that one uses, by way of others too.
fn reach<'a>(start: &'a str, next: &HashMap<&'a str, Vec<&'a str>>) -> HashSet<&'a str> {
    let (mut reached, mut ahead) = (HashSet::new(), vec![start]);
    while let Some(file) = ahead.pop() {
        ahead.extend(next.get(file).into_iter().flatten().filter(|to| reached.insert(**to)));
    }
    reached
}

/// A file as the graph sees it.
struct File {
    path: String,
    module: Name,
    /// Names that a `use` has brought in, and what each stands for.
    names: HashMap<String, Name>,
    /// Every path with its line.
    paths: Vec<(usize, Name)>,
}

impl File {
    fn of(file: &SourceFile) -> File {
        let module = file.path.trim_end_matches(".rs").trim_end_matches("/mod");
        let module = if module == "lib" { Vec::new() } else { module.split('/').map(str::to_owned).collect() };
        let mut found = File { path: file.path.clone(), module, names: HashMap::new(), paths: Vec::new() };
        let tokens = tokens(file);
        let mut at = 0;
        while at < tokens.len() {
            at = match tokens[at].1.as_str() {
                // A visibility is no use: `pub(in crate::faults)`.
                "pub" if text(&tokens, at + 1) == "(" => end_of(&tokens, at, ")"),
                "use" => {
                    let end = end_of(&tokens, at, ";");
                    found.bring_in(&tokens[at + 1..end - 1], &[]);
                    end
                }
                word if is_name(word) && text(&tokens, at + 1) == "::" => {
                    let mut path = vec![word.to_owned()];
                    let line = tokens[at].0;
                    while text(&tokens, at + 1) == "::" && is_name(text(&tokens, at + 2)) {
                        path.push(tokens[at + 2].1.clone());
                        at += 2;
                    }
                    found.paths.push((line, path));
                    at + 1
                }
                // What follows a path's end or a value is no beginning of one.
                "::" | "." => at + 2,
                _ => at + 1,
            };
        }
        found
    }

    /// Takes one tree of a `use`: `a::b`, `a::b as c`, `a::*`, or `a::{b, c::d}`.
    fn bring_in(&mut self, tree: &[(usize, String)], before: &[String]) {
        let mut path = before.to_vec();
        for (at, (line, token)) in tree.iter().enumerate() {
            match token.as_str() {
                "::" => {}
                "{" => {
                    let group = &tree[at + 1..tree.len() - 1];
                    return split(group).into_iter().for_each(|part| self.bring_in(part, &path));
                }
                "*" => return self.paths.push((*line, path)),
                "as" => {
                    self.paths.push((*line, path.clone()));
                    self.names.insert(text(tree, at + 1).to_owned(), path);
                    return;
                }
                "self" if !path.is_empty() => {}
                name => path.push(name.to_owned()),
            }
        }
        if let (Some(name), Some((line, _))) = (path.last(), tree.first()) {
            self.names.insert(name.clone(), path.clone());
            self.paths.push((*line, path));
        }
    }
}

/// What a path names, from the crate's root; `None` for what is not this crate's.
fn absolute(path: &[String], file: &File, by_module: &HashMap<&[String], &File>, steps: usize) -> Option<Name> {
    let (first, rest) = path.split_first()?;
    let up = |levels: usize| Some(file.module.get(..file.module.len().checked_sub(levels)?)?.to_vec());
    let base = match first.as_str() {
        "crate" => Vec::new(),
        // As `main.rs` says it.
        "healthtrack" => Vec::new(),
        "self" => up(0)?,
        "super" => {
            let more = rest.iter().take_while(|segment| *segment == "super").count();
            return Some([up(1 + more)?, rest[more..].to_vec()].concat());
        }
        name => {
            let child = [file.module.as_slice(), &[name.to_owned()]].concat();
            match file.names.get(name).filter(|known| steps < STEPS_MAX && known.as_slice() != path) {
                _ if by_module.contains_key(child.as_slice()) => child,
                Some(known) if known[0] != *name => absolute(known, file, by_module, steps + 1)?,
                _ => return None,
            }
        }
    };
    Some([base, rest.to_vec()].concat())
}

/// The file that defines what an absolute name names.
fn defining<'a>(name: &[String], by_module: &HashMap<&[String], &'a File>, steps: usize) -> Option<&'a File> {
    let depth = (1..=name.len()).rev().find(|depth| by_module.contains_key(&name[..*depth]))?;
    let file = by_module[&name[..depth]];
    let Some(item) = name.get(depth).filter(|_| steps < STEPS_MAX) else { return Some(file) };
    let meant = file.names.get(item).and_then(|path| absolute(path, file, by_module, 0));
    match meant.filter(|meant| meant.as_slice() != name) {
        Some(meant) => defining(&[meant, name[depth + 1..].to_vec()].concat(), by_module, steps + 1).or(Some(file)),
        None => Some(file),
    }
}

/// Names, `::` and single signs of a file's code with their lines, without comments and texts.
fn tokens(file: &SourceFile) -> Vec<(usize, String)> {
    let mut tokens = Vec::new();
    let mut in_text = false;
    for (at, line) in file.code() {
        let mut rest = line;
        while let Some(sign) = rest.chars().next() {
            let length = match sign {
                // Whatever follows it ends no text.
                '\\' if in_text => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
                _ => sign.len_utf8(),
            };
            if sign == '"' {
                in_text = !in_text;
            } else if !in_text && rest.starts_with("//") {
                break;
            } else if !in_text && rest.starts_with("'\"'") {
                rest = &rest[3..];
                continue;
            } else if !in_text && is_name(&sign.to_string()) {
                let end = rest.find(|sign: char| !is_name(&sign.to_string())).unwrap_or(rest.len());
                tokens.push((at, rest[..end].to_owned()));
                rest = &rest[end..];
                continue;
            } else if !in_text && rest.starts_with("::") {
                tokens.push((at, "::".to_owned()));
                rest = &rest[2..];
                continue;
            } else if !in_text && !sign.is_whitespace() {
                tokens.push((at, sign.to_string()));
            }
            rest = &rest[length..];
        }
    }
    tokens
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|sign| sign.is_alphanumeric() || sign == '_')
}

fn text(tokens: &[(usize, String)], at: usize) -> &str {
    tokens.get(at).map_or("", |(_, token)| token)
}

/// The place after the next `sign`.
fn end_of(tokens: &[(usize, String)], at: usize, sign: &str) -> usize {
    tokens[at..].iter().position(|(_, token)| token == sign).map_or(tokens.len(), |place| at + place + 1)
}

/// The parts of a group, between the commas that lie in no group within.
fn split(group: &[(usize, String)]) -> Vec<&[(usize, String)]> {
    let mut depth = 0_i32;
    let parts = group.split(|(_, token)| {
        depth += i32::from(token == "{") - i32::from(token == "}");
        depth == 0 && token == ","
    });
    parts.filter(|part| !part.is_empty()).collect()
}

#[test]
fn paths_lead_to_the_file_that_defines_what_they_name() {
    let file = |path, text| crate::source::bad(path, text);
    let tree = [
        file("lib.rs", "pub mod a;\npub mod z;"),
        file("a/mod.rs", "mod b;\nmod c;\npub use b::{B, inner::{C as D}};\nuse crate::z as last;"),
        file("a/b.rs", "use crate::a::c;\n// crate::z::no()\nfn f() -> crate::z::Z { \"crate::a::D\"; c::x() }"),
        file("a/c.rs", "#[cfg(test)]\nmod tests {\n    use crate::z::Z;\n}\npub(in crate::a) fn g(d: super::D) {}"),
        file("z.rs", "use crate::a::{self as first, c::{x, y}};\nfn f() { first::B::new(); Vec::<u8>::new() }"),
        file("main.rs", "fn main() { healthtrack::z::f() }"),
    ];
    let found = arrows(&tree);
    let shown: Vec<_> = found.iter().map(|arrow| format!("{}:{} {}", arrow.from, arrow.line, arrow.to)).collect();
    let expected = [
        "a/mod.rs:3 a/b.rs",
        "a/mod.rs:4 z.rs",
        "a/b.rs:1 a/c.rs",
        "a/b.rs:3 z.rs",
        "a/c.rs:5 a/b.rs",
        "z.rs:1 a/mod.rs",
        "z.rs:1 a/c.rs",
        "z.rs:2 a/b.rs",
        "main.rs:1 z.rs",
    ];
    assert_eq!(shown, expected);
    assert_eq!(circles(&found), [["a/b.rs", "a/c.rs", "a/mod.rs", "z.rs"]]);
}
