//! Who may ask something of care: no function of it that others can call takes a plain connection, or gives one.

use crate::source::{Rule, SourceFile, bad, each_line};

/// Where a plain connection becomes an actor or a context, and where the catalogue of rules is read, which is about
/// nobody. The reader of both tiers gives its connection to `archive`, which knows no contexts.
const BEFORE_ANYBODY_ACTS: [(&str, &str); 6] = [
    ("store/care/actor.rs", "begin"),
    ("store/care/actor.rs", "begin_unseen"),
    ("store/care/actor.rs", "begin_look_unseen"),
    ("store/care/context.rs", "on"),
    ("store/care/context.rs", "connection"),
    ("store/care/error.rs", "read"),
];
/// Who may ask something of care, by the type of a function's first parameter.
const ACTORS_AND_CONTEXTS: [&str; 7] =
    ["Actor", "SignIn", "Maintenance", "Operator", "Auditor", "DataKeys", "SampleReader"];
/// What reaches the database in nobody's name; longer names that hold one of these as well.
const CONNECTIONS: [&str; 7] = ["Connection", "PgPool", "Pool<", "Connector", "Transaction", "Executor", "Acquire"];

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
        bad("care/c.rs", "pub fn rows(connection: &mut PgConnection) -> impl Stream<Item = X> {\n}"),
        bad("store/care/d.rs", "pub(crate) async fn worn(x: &mut Transaction<'_, Postgres>) {\n}"),
        bad("store/care/e.rs", "pub(crate) fn later(\n    actor: &mut Actor<'_>,\n    connector: &Connector,\n) {\n}"),
        bad("care/d.rs", "pub(super) async fn inner(connection: &mut PgConnection) {\n}"),
        bad("care/e.rs", "pub async fn any<'c, E: Executor<'c>>(actor: &mut Actor<'_>, executor: E) {\n}"),
        bad("store/care/actor.rs", "impl A {\n    pub fn connection(&mut self) -> &mut PgConnection {\n    }\n}"),
        bad("store/care/f.rs", "pub(crate) async fn of(patient: PatientId) {\n}"),
        bad("store/care/g.rs", "impl X {\n    pub async fn read(&self, patient: PatientId) {\n    }\n}"),
    ];
    Rule(|tree| {
        let of_care = |file: &&SourceFile| file.path.starts_with("store/care/") || file.path.starts_with("care/");
        let mut found = Vec::new();
        for file in tree.iter().filter(of_care).filter(|file| !file.is_test()) {
            for (name, signature) in open_functions(file) {
                if BEFORE_ANYBODY_ACTS.contains(&(file.path.as_str(), name.as_str())) {
                    continue;
                }
                let is_plain = CONNECTIONS.iter().any(|connection| signature.contains(connection));
                let asks = signature.contains("async fn ");
                if is_plain || (asks && !names_who_asks(file, &signature)) {
                    found.push(format!("src/{}: {name} takes an Actor or a context, and no connection", file.path));
                }
            }
        }
        found
    })
    .holds(&bad, 11);
}

#[test]
fn who_wore_what_is_read_only_where_the_question_is_audited() {
    let bad = [
        bad("commands/samples/person.rs", "use crate::store::archive::{WearFilter, worn};"),
        bad("insight/a.rs", "    let periods = store::archive::worn(connection, filter).await?;"),
        bad("care/b.rs", "use crate::store::archive::{\n    WearFilter,\n};"),
    ];
    Rule(|tree| {
        each_line(tree, |file, line| {
            // The archive keeps a day's subjects beside its samples, and erases by them.
            let may = ["archive", "store"].contains(&file.module()) || file.path == "care/samples.rs";
            let reads = line.contains("WearFilter") || line.contains("archive::worn(");
            (reads && !may).then(|| "who wore what is given by care::samples, which audits it".to_owned())
        })
    })
    .holds(&bad, 3);
}

/// Names and signatures of the functions that can be called from outside the store, or outside their file in `care`.
fn open_functions(file: &SourceFile) -> Vec<(String, String)> {
    let lines = file.code();
    let mut functions = Vec::new();
    for (index, (_, line)) in lines.iter().enumerate() {
        let line = line.trim_start();
        let is_of_store = file.module() == "store" && (line.starts_with("pub(super)") || line.starts_with("pub(in "));
        let Some((qualifiers, rest)) = line.split_once("fn ") else { continue };
        if is_of_store || !qualifiers.starts_with("pub") || qualifiers.contains("//") {
            continue;
        }
        let name = rest.split(['(', '<']).next().unwrap_or_default().to_owned();
        let mut signature = String::new();
        for (_, line) in &lines[index..] {
            signature.push_str(line.trim());
            signature.push(' ');
            if line.contains('{') || line.trim_end().ends_with(';') {
                break;
            }
        }
        functions.push((name, signature));
    }
    functions
}

/// Whether the first parameter says who asks: an actor or a context, or `self` where those are.
fn names_who_asks(file: &SourceFile, signature: &str) -> bool {
    // Not the parenthesis of `pub(crate)`.
    let parameters =
        signature.split_once("fn ").and_then(|(_, rest)| rest.split_once('(')).map_or("", |(_, rest)| rest);
    let first = parameters.split([',', ')']).next().unwrap_or_default().trim();
    if first.trim_start_matches("&mut ").trim_start_matches('&').trim_start_matches("mut ") == "self" {
        return file.path == "store/care/actor.rs" || file.path == "store/care/context.rs";
    }
    let kind = first.split_once(": ").map_or("", |(_, kind)| kind.trim_start_matches("&mut "));
    ACTORS_AND_CONTEXTS.contains(&kind.split('<').next().unwrap_or_default())
}
