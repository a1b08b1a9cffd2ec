//! Least privilege on a running server: set up by the files of `deploy/`, it has no fault, and each fault that is planted
//! into it is found under its own name, by `deploy/check-server.sh` and by `healthtrack doctor`.

use std::collections::BTreeSet;
use std::process::Output;

use healthtrack::store::privilege::{CheckState, check_privileges};
use sqlx::{Connection as _, Executor as _, PgConnection};

use self::faults::FAULTS;
use self::server::{Server, lines, names, read, run, script, shows};
use crate::support::postgres::TestDatabase;

/// What can be wrong.
mod faults;

/// A server that was set up by the files.
pub(crate) mod server;

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_set_up_by_the_files_has_no_fault_and_each_planted_one_is_found_by_its_name() {
    let Some(mut server) = Server::start().await else { return };
    let url = server.postgres.url("health");
    let all: Vec<_> = shows(&url, "the files", &[]).await.into_iter().map(|line| line.1).collect();
    let planted: BTreeSet<&str> = FAULTS.iter().map(|fault| fault.0).collect();
    assert_eq!(planted, all.iter().map(String::as_str).collect(), "each check has a fault that it finds");
    let page = read("privileges.md");
    let untold: Vec<_> = all.iter().filter(|name| !page.contains(&format!("`{name}`"))).collect();
    assert!(untold.is_empty(), "deploy/privileges.md does not say what is ok of {untold:?}");
    for (check, fault, undo) in FAULTS {
        server.change(check, fault).await;
        let found = shows(&url, fault, &[check]).await.into_iter().find(|line| line.1 == check).unwrap().2;
        assert!(found.contains("  -> ") && !found.contains(&url), "{found}");
        server.change(check, undo).await;
    }
    shows(&url, "all was undone", &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_daemons_own_login_is_told_of_faults_and_of_what_it_cannot_see() {
    let Some(mut server) = Server::start().await else { return };
    shows(&server.postgres.url("health"), "the files", &[]).await;
    let all: Vec<_> = lines(&script(&server.postgres.url("health"))).into_iter().map(|line| line.1).collect();
    let said = server.doctor();
    assert_eq!(said.iter().map(|line| &line.1).collect::<Vec<_>>(), all.iter().collect::<Vec<_>>());
    let unseen = names(&said, "unknown");
    assert!(unseen.iter().all(|name| name.starts_with("hba_") || name == "password_hash"), "{said:?}");
    assert_eq!((unseen.len(), names(&said, "ok").len()), (7, all.len() - 7), "{said:?}");
    // The script says the same to it, and that not all was checked.
    let output = script(&server.url_as("health_daemon"));
    assert_eq!((names(&lines(&output), "unknown"), output.status.code()), (unseen, Some(2)));

    run(&mut server.root, "GRANT healthtrack_analyst TO health_portal").await;
    let warned: Vec<_> = server.doctor().into_iter().filter(|line| line.0 == "warn").collect();
    let [(_, name, advice)] = warned.as_slice() else { panic!("{warned:?}") };
    let revoke = "REVOKE all but one part of healthtrack_analyst, healthtrack_portal FROM health_portal";
    assert_eq!((name.as_str(), advice.as_str()), ("login_one_part", revoke));
    // A server that lets nobody in was not checked, and no password is shown.
    run(&mut server.root, "ALTER ROLE health_daemon NOLOGIN").await;
    let Output { status, stdout, stderr } = script(&server.url_as("health_daemon"));
    assert_eq!((status.code(), stdout.len()), (Some(2), 0));
    assert!(!String::from_utf8_lossy(&stderr).contains(":health_daemon@"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_daemons_own_login_rolls() {
    let Some(server) = Server::start().await else { return };
    let archive = tempfile::tempdir().unwrap();
    let output = server.roll(archive.path());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
async fn every_server_answers_each_check_to_every_login() {
    let database = TestDatabase::owned().await;
    let mut answers = Vec::new();
    for url in [database.url().to_owned(), database.url_as("ingest"), database.url_as("portal")] {
        let mut connection = PgConnection::connect(&url).await.unwrap();
        let checks = check_privileges(&mut connection).await.unwrap();
        // Who may connect is not copied with a database.
        let open = checks.iter().find(|check| check.name == "database_public").unwrap();
        assert_eq!(open.state, CheckState::Problem, "{open:?}");
        answers.push(checks.into_iter().map(|check| check.name).collect::<Vec<_>>());
    }
    assert!(answers.iter().all(|names| *names == answers[0]), "{answers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_migrates_makes_no_role_and_runs_no_program() {
    let Some(mut server) = Server::start().await else { return };
    let attempts = [
        "GRANT pg_execute_server_program TO health_owner",
        "COPY (SELECT 1) TO PROGRAM 'cat >/dev/null'",
        "GRANT healthtrack_portal TO health_owner",
        "ALTER ROLE health_portal PASSWORD 'mine'",
        "CREATE ROLE another LOGIN",
    ];
    let tried = async |server: &Server| {
        let mut owner = PgConnection::connect(&server.url_as("health_owner")).await.unwrap();
        let mut done = Vec::new();
        for attempt in attempts {
            if owner.execute(attempt).await.is_ok() {
                done.push(attempt);
            }
        }
        done
    };
    assert!(tried(&server).await.is_empty());
    let version: i32 = sqlx::query_scalar("SELECT current_setting('server_version_num')::integer")
        .fetch_one(&mut server.root)
        .await
        .unwrap();
    // What was advised once, and why it is not any more.
    if version < 160_000 {
        run(&mut server.root, "ALTER ROLE health_owner CREATEROLE").await;
        let found = names(&lines(&script(&server.postgres.url("health"))), "problem");
        assert!(found.contains(&"login_createrole".to_owned()), "{found:?}");
        assert_eq!(tried(&server).await, attempts);
    }
}

/// What would show a person's number in the log: settings, and a statement with the number in it or as its parameter.
const SHOWN: [(&str, &str); 5] = [
    ("SET log_min_error_statement = error", "INSERT INTO held VALUES ('000-12-3456')"),
    ("SET log_error_verbosity = 'default'", "INSERT INTO held VALUES ($1)"),
    ("SET log_parameter_max_length_on_error = 64; SET log_error_verbosity = 'default'", "SELECT 1 / (length($1) - 11)"),
    ("SET log_statement = 'all'", "SELECT FROM held WHERE ssn = '000-12-3456'"),
    (
        "SET log_min_duration_statement = 0; SET log_parameter_max_length = -1; SET log_error_verbosity = 'default'",
        "SELECT FROM held WHERE ssn = $1",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn what_statements_contain_comes_into_no_log() {
    let Some(mut server) = Server::start().await else { return };
    run(&mut server.root, "CREATE TABLE held (ssn text PRIMARY KEY)").await;
    sqlx::query("INSERT INTO held VALUES ($1)").bind("000-12-3456").execute(&mut server.root).await.unwrap();
    let log = server.postgres.log();
    let mut is_logged = async |settings: &str, statement: &'static str| {
        let before = std::fs::read_to_string(&log).unwrap().len();
        run(&mut server.root, settings).await;
        let parameter = statement.contains("$1").then_some("000-12-3456");
        let query = sqlx::query(statement);
        let query = if let Some(parameter) = parameter { query.bind(parameter) } else { query };
        let failed = query.execute(&mut server.root).await.is_err();
        run(&mut server.root, "RESET ALL").await;
        let said = std::fs::read_to_string(&log).unwrap().split_off(before);
        assert_eq!(said.contains("ERROR:"), failed, "{said}");
        said.contains("000-12-3456")
    };
    for (settings, statement) in SHOWN {
        assert!(!is_logged("SELECT", statement).await, "as deploy/postgresql.conf has it: {statement}");
        assert!(is_logged(settings, statement).await, "{settings}; {statement}");
    }
}
