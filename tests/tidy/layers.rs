//! Who may use whom: modules by their order in `lib.rs`, stages by their order in their `mod.rs`, and no two files each
//! other.

use crate::graph::{arrows, circles};
use crate::source::{Rule, SourceFile, bad, each_line, modules};

/// Modules whose files are stages of one journey, in the order of `mod` lines in their `mod.rs`.
const JOURNEYS: [&str; 2] = ["ingest", "archive"];

#[test]
fn a_module_uses_only_modules_above_it() {
    let bad = [
        bad("lib.rs", "pub mod model;\npub mod store;\npub mod ingest;\n"),
        bad("model/mod.rs", "pub mod ids;"),
        bad("model/ids.rs", "fn f() -> crate::store::Pool {}"),
        bad("store/mod.rs", "mod pool;\npub use pool::Pool;"),
        bad("store/pool.rs", "use crate::{model::ids, ingest::{self, write}};"),
        bad("ingest/mod.rs", "pub mod write;\npub use write::Writer;"),
        bad("ingest/write.rs", "use crate::model::ids;\nuse crate::store;"),
    ];
    Rule(|tree| {
        let order = modules(tree, "lib.rs");
        let place = |file: &str| order.iter().position(|module| *module == file.split(['/', '.']).next().unwrap());
        let up = arrows(tree)
            .into_iter()
            .filter(|arrow| place(&arrow.from).zip(place(&arrow.to)).is_some_and(|(from, to)| to > from));
        up.map(|arrow| {
            format!("src/{}:{}: {} is of a module further down in lib.rs", arrow.from, arrow.line, arrow.path)
        })
        .collect()
    })
    .holds(&bad, 3);
}

#[test]
fn no_two_files_use_each_other() {
    let bad = [
        bad("lib.rs", "pub mod a;\npub mod c;\npub mod e;\npub mod g;"),
        // A child, and the mod.rs that has it do something.
        bad("a/mod.rs", "mod b;\npub struct Shared;\npub fn run() { b::go() }"),
        bad("a/b.rs", "use super::Shared;"),
        // Siblings, one of them by way of a re-export and the other within an expression.
        bad("c/mod.rs", "mod d;\nmod f;\npub use d::{D, more::E as Renamed};"),
        bad("c/d.rs", "fn go() { super::f::go() }"),
        bad("c/f.rs", "fn go(with: &crate::c::Renamed) {}"),
        // Two modules, from within groups.
        bad("e.rs", "use crate::{c, g::{self, G}};"),
        bad("g.rs", "use crate::{a::Shared, e::{first, second}};"),
        // None: a test may look wherever it likes.
        bad("a/free.rs", "use super::bound::Bound;"),
        bad("a/bound.rs", "#[cfg(test)]\nmod tests {\n    use super::super::free::go;\n}"),
    ];
    Rule(|tree| {
        let arrows = arrows(tree);
        let within = |circle: &[&str]| {
            let inside = |file: &String| circle.contains(&file.as_str());
            let arrows = arrows.iter().filter(|arrow| inside(&arrow.from) && inside(&arrow.to));
            arrows.map(|arrow| format!("\n  src/{}:{}: {}", arrow.from, arrow.line, arrow.path)).collect::<String>()
        };
        let circles = circles(&arrows);
        circles.iter().map(|circle| format!("{} use each other:{}", circle.join(", "), within(circle))).collect()
    })
    .holds(&bad, 3);
}

#[test]
fn a_stage_knows_only_stages_before_it() {
    let bad = [
        bad("ingest/mod.rs", "mod mqtt;\nmod decode;\nmod write;\n"),
        bad("ingest/mqtt.rs", "use super::{decode::a, write::Writer};"),
        bad("ingest/decode/mod.rs", "mod a;"),
        bad("ingest/decode/a.rs", "fn f() { super::super::write::go() }"),
        bad("ingest/write.rs", "use super::mqtt;"),
    ];
    Rule(|tree| {
        let mut found = Vec::new();
        for journey in JOURNEYS {
            let stages = modules(tree, &format!("{journey}/mod.rs"));
            let stage = |file: &str| {
                let inside = file.strip_prefix(journey)?.strip_prefix('/')?.split(['/', '.']).next()?;
                stages.iter().position(|stage| stage == inside)
            };
            let late = arrows(tree)
                .into_iter()
                .filter(|arrow| stage(&arrow.from).zip(stage(&arrow.to)).is_some_and(|(from, to)| to > from));
            found.extend(late.map(|arrow| {
                format!("src/{}:{}: {} is of a stage that comes after this one", arrow.from, arrow.line, arrow.path)
            }));
        }
        found
    })
    .holds(&bad, 3);
}

#[test]
fn the_graph_can_see_every_path() {
    let bad = [bad("a/b.rs", "mod inner {"), bad("a/c.rs", "pub use inner::*;")];
    Rule(|tree: &[SourceFile]| {
        each_line(tree, |_, line| {
            let is_inline =
                line.split_once("mod ").is_some_and(|(before, _)| before.trim_end_matches("pub ").is_empty());
            if is_inline && line.ends_with('{') {
                return Some("a module is a file of its own".to_owned());
            }
            let is_glob = line.starts_with("pub") && line.contains(" use ") && line.contains("::*");
            is_glob.then(|| "a re-export names what it exports".to_owned())
        })
    })
    .holds(&bad, 2);
}

#[test]
fn what_is_pure_does_no_io() {
    let bad = [
        bad("model/ids.rs", "use tokio::time;"),
        bad("ingest/validate.rs", "async fn validate() {}"),
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
