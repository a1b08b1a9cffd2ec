//! A server that was set up by the files of `deploy/`, and what is said of it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use healthtrack::embedded::PrivatePostgres;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use crate::support::daemon::TIMEOUT;
use crate::support::postgres::own_postgres;
use crate::support::skip;
use crate::support::wait::happens_within;

/// Those that `deploy/roles.sql` makes; here each has its name for a password.
const LOGINS: [&str; 7] = [
    "health_owner",
    "health_daemon",
    "health_portal",
    "health_sign_in",
    "health_audit",
    "health_numbers",
    "health_backup",
];
/// A certificate, made by the server's own account in its own folder.
const CERTIFICATE: &str = "COPY (SELECT) TO PROGRAM 'openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
                           -days 2 -subj /CN=localhost -keyout server.key -out server.crt 2>&1'";

/// State, name, and what is said of a check.
pub(super) type Line = (String, String, String);

/// A server that was set up as `deploy/` says.
pub(crate) struct Server {
    pub(crate) postgres: PrivatePostgres,
    pub(crate) root: PgConnection,
}

impl Server {
    pub(crate) async fn start() -> Option<Server> {
        if let Some(missing) = ["psql", "openssl"].into_iter().find(|name| !has_program(name)) {
            skip(&format!("{missing} is not installed; apt-get install postgresql-client openssl"));
            return None;
        }
        let settings = settings();
        let settings: Vec<_> = settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let postgres = own_postgres(&settings).await;
        let mut roles = Command::new("psql");
        roles.args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--file"]).arg(deploy("roles.sql"));
        said(roles.arg(postgres.url("postgres")));
        let mut root = PgConnection::connect(&postgres.url("health")).await.unwrap();
        for login in LOGINS {
            run(&mut root, &format!("ALTER ROLE {login} PASSWORD '{login}'")).await;
        }
        let mut server = Server { postgres, root };
        let mut migrate = server.healthtrack("health_owner", &["migrate"]);
        said(&mut migrate);
        for statement in ["CALL access.restrict_database()", CERTIFICATE, "ALTER SYSTEM SET ssl = on"] {
            run(&mut server.root, statement).await;
        }
        server.change("hba_role", "").await;
        Some(server)
    }

    /// Writes `deploy/pg_hba.conf` with this machine for all networks, a line for the superuser, and one more.
    async fn let_in(&mut self, line: &str) {
        let text = read("pg_hba.conf").replace("10.20.1.0/24", "127.0.0.1/32").replace("10.20.2.0/24", "127.0.0.1/32");
        let lines = format!("{text}hostssl all healthtrack 127.0.0.1/32 scram-sha-256\n{line}\n");
        let lines: Vec<String> = lines.lines().map(|line| format!("('{}')", line.replace('\'', "''"))).collect();
        let file: String = sqlx::query_scalar("SHOW hba_file").fetch_one(&mut self.root).await.unwrap();
        run(&mut self.root, &format!("COPY (VALUES {}) TO '{file}'", lines.join(", "))).await;
    }

    /// A fault of `pg_hba.conf` is a line of it; any other is a statement.
    pub(super) async fn change(&mut self, check: &str, change: &str) {
        if check.starts_with("hba_") {
            self.let_in(change).await
        } else {
            run(&mut self.root, change).await
        }
        run(&mut self.root, "SELECT pg_reload_conf()").await;
    }

    pub(crate) fn url_as(&self, login: &str) -> String {
        let mut url: url::Url = self.postgres.url("health").parse().unwrap();
        url.set_username(login).unwrap();
        url.set_password(Some(login)).unwrap();
        url.into()
    }

    pub(crate) fn healthtrack(&self, login: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_healthtrack"));
        command.args(arguments).env("HEALTHTRACK__STORE__URL", self.url_as(login));
        command.env("HEALTHTRACK__MQTT__URL", "mqtt://127.0.0.1:1");
        command
    }

    /// A roll of what is due, by the daemon's login.
    pub(super) fn roll(&self, archive: &Path) -> Output {
        let mut command = self.healthtrack("health_daemon", &["roll"]);
        command.env("HEALTHTRACK__ARCHIVE__URL", format!("file://{}", archive.display())).output().unwrap()
    }

    /// What doctor says of privileges as the daemon's login: level, name and advice of each.
    pub(super) fn doctor(&self) -> Vec<Line> {
        let output = self.healthtrack("health_daemon", &["doctor", "--json"]).output().unwrap();
        let findings: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let of = |finding: &Value| {
            let name = finding["what"].as_str()?.strip_prefix("privilege ")?.split(':').next()?.to_owned();
            Some((text(&finding["level"]), name, text(&finding["advice"])))
        };
        findings.iter().filter_map(of).collect()
    }
}

/// What `deploy/postgresql.conf` sets, but TLS, for which a certificate must be there; and as many connections as
/// Postgres has by itself.
fn settings() -> Vec<(String, String)> {
    let text = read("postgresql.conf");
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let pairs = lines.map(|line| line.split_once(" = ").unwrap());
    let pairs = pairs.filter(|(name, _)| *name != "ssl").chain([("max_connections", "100")]);
    pairs.map(|(name, value)| (name.to_owned(), value.trim_matches('\'').to_owned())).collect()
}

/// `deploy/check-server.sh`.
pub(super) fn script(url: &str) -> Output {
    Command::new("bash").arg(deploy("check-server.sh")).arg(url).stdin(Stdio::null()).output().unwrap()
}

/// Its lines: state, name and what it says.
pub(super) fn lines(output: &Output) -> Vec<Line> {
    let word = |word: Option<&str>| word.unwrap_or_default().to_owned();
    let said = String::from_utf8_lossy(&output.stdout);
    let split = |line: &str| {
        let mut words = line.split_whitespace();
        (word(words.next()), word(words.next()), line.to_owned())
    };
    said.lines().map(split).collect()
}

/// The names of what has this state.
pub(super) fn names(lines: &[Line], state: &str) -> Vec<String> {
    lines.iter().filter(|line| line.0 == state).map(|line| line.1.clone()).collect()
}

pub(super) async fn run(connection: &mut PgConnection, statement: &str) {
    connection.execute(AssertSqlSafe(statement)).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
}

pub(crate) fn said(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn has_program(name: &str) -> bool {
    std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).any(|folder| folder.join(name).is_file())
}

fn deploy(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy").join(file)
}

pub(super) fn read(file: &str) -> String {
    std::fs::read_to_string(deploy(file)).unwrap()
}

/// The script's lines, once it finds these problems, and all else is ok: a setting is not everywhere at once.
pub(super) async fn shows(url: &str, after: &str, problems: &[&str]) -> Vec<Line> {
    let (mut found, mut said) = (Vec::new(), String::new());
    let holds = || {
        let output = script(url);
        found = lines(&output);
        said = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes)).concat();
        let code = if problems.is_empty() { 0 } else { 1 };
        names(&found, "problem") == problems
            && names(&found, "ok").len() + problems.len() == found.len()
            && output.status.code() == Some(code)
    };
    assert!(happens_within(TIMEOUT, holds).await, "after {after} not {problems:?}:\n{said}");
    found
}
