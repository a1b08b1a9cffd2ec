//! What may stand in which module only.

use crate::source::{Rule, SourceFile, bad, each_line};

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
            if file.module() == "store"
                || (file.module() == "embedded" && (line.contains("CREATE DATABASE") || line.contains("raw_sql")))
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
            let allowed = file.module() == "commands" || file.path == "main.rs";
            (line.contains("anyhow") && !allowed)
                .then(|| "anyhow belongs in commands/: here an error has a name".to_owned())
        })
    })
    .holds(&[bad("store/a.rs", "use anyhow::Result;")], 1);
}

#[test]
fn only_telemetry_names_metrics() {
    // Roles of the database bear the product's name as well.
    const ROLES: [&str; 7] = ["ingest", "roller", "portal", "sign_in", "analyst", "auditor", "migrator"];
    let is_role = |rest: &str| ROLES.iter().any(|role| rest.strip_prefix(role).is_some_and(|end| end.starts_with('"')));
    Rule(move |tree: &[SourceFile]| {
        each_line(tree, |file, line| {
            let mut named = line.split("\"healthtrack_").skip(1);
            let is_metric = !file.path.starts_with("telemetry/") && named.any(|rest| !is_role(rest));
            is_metric.then(|| "a metric's name belongs in telemetry/".to_owned())
        })
    })
    .holds(
        &[
            bad("ingest/a.rs", "counter(\"healthtrack_samples_total\")"),
            bad("store/a.rs", "grant(\"healthtrack_roller\"); counter(\"healthtrack_roller_total\")"),
        ],
        2,
    );
}

/// Whatever holds `sign` outside of `place` is a violation.
fn only(sign: &'static str, place: &'static str, bad: &[SourceFile]) {
    Rule(move |tree: &[SourceFile]| {
        each_line(tree, |file, line| {
            (line.contains(sign) && !file.path.starts_with(place)).then(|| format!("{sign} belongs in {place}"))
        })
    })
    .holds(bad, bad.len());
}
