//! Who may ask something of care: no public function of it takes a plain connection.

use crate::source::{Rule, SourceFile, bad};

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
