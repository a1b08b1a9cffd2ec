//! How long, how wide and how finished the code is.

use crate::source::{Rule, bad, each_line, each_raw_line, indentation};

const COLUMNS_MAX: usize = 120;
const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 70;

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
