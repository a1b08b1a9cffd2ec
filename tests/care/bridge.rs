//! Databases of the former migrations, whose roles had no prefix, become what a fresh database is.
//!
//! Method: each test has a server of its own, since roles are the server's. `tests/fixtures/schema-0092.sql.gz` is a
//! dump of such a database. A dump writes some expressions with fewer parentheses than the migrations do, so
//! descriptions are compared without parentheses, and the sources of routines to the letter beside.

use std::error::Error;
use std::time::Duration;

use healthtrack::embedded::PrivatePostgres;
use healthtrack::model::metric::Catalogue;
use healthtrack::model::people::Role;
use healthtrack::store::StoreError;
use healthtrack::store::care::actor::Actor;
use healthtrack::store::care::error::RuleCatalogue;
use healthtrack::store::dictionary::read_schemas;
use healthtrack::store::migrate::{Migrated, is_current, migrate};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use super::network::token_of;
use crate::support::postgres::own_postgres;
use crate::support::wait::wait_until;

/// Which of the former roles stand on the server.
const FORMER: &str = "SELECT rolname::text FROM pg_roles
    WHERE rolname IN ('ingest', 'roller', 'portal', 'analyst', 'auditor', 'migrator') ORDER BY 1";

/// The dump, as text.
fn fixture() -> String {
    let compressed: &[u8] = include_bytes!("../fixtures/schema-0092.sql.gz");
    std::io::read_to_string(flate2::read::GzDecoder::new(compressed)).unwrap()
}

struct Server(PrivatePostgres);

impl Server {
    async fn start() -> Server {
        Server(own_postgres(&[]).await)
    }

    async fn database(&self, name: &str) -> PgConnection {
        self.0.create_database(name).await.unwrap();
        self.connect(name, None).await
    }

    /// A database as the former migrations left it; the roles are made with the first.
    async fn former(&self, name: &str) -> PgConnection {
        run(&mut self.database(name).await, &fixture()).await;
        self.connect(name, None).await
    }

    async fn connect(&self, database: &str, login: Option<&str>) -> PgConnection {
        let mut url: url::Url = self.0.url(database).parse().unwrap();
        if let Some(login) = login {
            url.set_username(login).unwrap();
            url.set_password(Some(login)).unwrap();
        }
        PgConnection::connect(url.as_str()).await.unwrap()
    }
}

async fn run(sql: &mut PgConnection, statements: &str) {
    sqlx::raw_sql(AssertSqlSafe(statements.to_owned())).execute(sql).await.unwrap();
}

async fn rows(sql: &mut PgConnection, query: &str) -> Vec<String> {
    sqlx::query_scalar(AssertSqlSafe(query.to_owned())).fetch_all(sql).await.unwrap()
}

async fn migrated(sql: &mut PgConnection) -> Result<Migrated, StoreError> {
    migrate(sql, &Catalogue::builtin().unwrap()).await
}

/// Everything that an error says, its causes too.
fn told(error: &StoreError) -> String {
    let causes = std::iter::successors(Some(error as &dyn Error), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// The statements that an error asks a superuser to run.
fn remedy(error: &StoreError) -> String {
    let told = told(error);
    let statements = told.split("as a superuser run ").nth(1).and_then(|rest| rest.split(" and migrate again").next());
    statements.unwrap_or_else(|| panic!("{told}")).to_owned()
}

/// All that the catalog says: tables, rules, policies with roles, rights, routines, and who may enter.
async fn described(sql: &mut PgConnection) -> Vec<String> {
    let schemas = format!("{:#?}", read_schemas(sql).await.unwrap()).replace(['(', ')'], "");
    let mut lines: Vec<String> = schemas.lines().map(str::to_owned).collect();
    for query in [
        "SELECT p.oid::regprocedure || ': ' || p.prosrc FROM pg_proc p
         WHERE p.pronamespace::regnamespace::text IN ('care', 'access', 'signal') ORDER BY 1",
        "SELECT n.nspname || ': ' || g.grantee::regrole || ' ' || g.privilege_type
         FROM pg_namespace n, aclexplode(n.nspacl) g WHERE n.nspname IN ('care', 'access', 'signal') ORDER BY 1",
        "SELECT g.grantee::regrole || ' ' || g.privilege_type FROM pg_class c, aclexplode(c.relacl) g
         WHERE c.relname = '_sqlx_migrations' ORDER BY 1",
        "SELECT version || ' ' || encode(checksum, 'hex') FROM _sqlx_migrations ORDER BY version",
    ] {
        lines.extend(rows(sql, query).await);
    }
    lines
}

#[tokio::test]
async fn a_database_of_the_former_migrations_becomes_what_a_fresh_one_is_and_keeps_its_logins_rights() {
    let server = Server::start().await;
    let mut former = server.former("former").await;
    run(
        &mut former,
        "CREATE ROLE health_daemon LOGIN PASSWORD 'health_daemon'; GRANT ingest, roller TO health_daemon;
         CREATE ROLE health_portal LOGIN PASSWORD 'health_portal'; GRANT portal TO health_portal;
         CREATE ROLE health_numbers LOGIN PASSWORD 'health_numbers'; GRANT analyst TO health_numbers WITH ADMIN OPTION;
         SELECT signal.ensure_chunk('2026-03-05');
         CREATE SCHEMA reports; CREATE TABLE reports.monthly ();
         GRANT SELECT ON reports.monthly TO analyst WITH GRANT OPTION;
         GRANT USAGE ON SCHEMA reports TO analyst;
         ALTER DEFAULT PRIVILEGES IN SCHEMA reports GRANT SELECT ON TABLES TO analyst",
    )
    .await;
    assert!(!is_current(&mut former).await.unwrap(), "a daemon does not start on it");
    let moved = migrated(&mut former).await.unwrap();
    assert!(moved.moved);
    assert_eq!(moved.applied, moved.known - 90);
    let mut fresh = server.database("fresh").await;
    assert!(!migrated(&mut fresh).await.unwrap().moved);
    let (moved, made) = (described(&mut former).await, described(&mut fresh).await);
    let differing: Vec<_> = moved.iter().zip(&made).filter(|(moved, made)| moved != made).take(5).collect();
    assert_eq!((differing, moved.len()), (vec![], made.len()));
    assert_eq!(rows(&mut former, FORMER).await, [""; 0], "nothing needs them any more");
    let again = migrated(&mut former).await.unwrap();
    assert!(!again.moved && again.applied == 0 && is_current(&mut former).await.unwrap());

    let mut daemon = server.connect("former", Some("health_daemon")).await;
    assert!(is_current(&mut daemon).await.unwrap());
    run(&mut daemon, "SELECT FROM signal.sample; DELETE FROM signal.block_20260305; SELECT FROM care.wear_change")
        .await;
    let account: String = rows(
        &mut former,
        "INSERT INTO access.account (part, login) VALUES ('analyst', 'someone') RETURNING account_id::text",
    )
    .await
    .remove(0);
    let mut portal = server.connect("former", Some("health_portal")).await;
    let token = token_of(&mut former, account.parse().unwrap()).await;
    let actor = Actor::begin(&mut portal, &RuleCatalogue::default(), &token).await.unwrap();
    assert_eq!(actor.expect("the account acts").role(), Role::Analyst);
    let mut numbers = server.connect("former", Some("health_numbers")).await;
    run(&mut former, "CREATE TABLE reports.yearly ()").await;
    run(&mut numbers, "SELECT FROM care.insight_patients; SELECT FROM reports.monthly; SELECT FROM reports.yearly")
        .await;
    run(&mut numbers, "GRANT healthtrack_analyst TO health_daemon; GRANT SELECT ON reports.monthly TO health_portal")
        .await;
}

#[tokio::test]
async fn a_role_of_the_new_name_that_somebody_else_made_is_refused_and_nothing_is_changed() {
    let server = Server::start().await;
    let (mut former, mut fresh) = (server.former("former").await, server.database("fresh").await);
    run(&mut fresh, "CREATE ROLE healthtrack_portal LOGIN").await;
    let before = described(&mut former).await;
    for sql in [&mut former, &mut fresh] {
        let error = migrated(sql).await.unwrap_err();
        assert!(
            told(&error).contains("healthtrack_portal exists and is not marked as a role of HealthTrack"),
            "{error}"
        );
    }
    assert_eq!(described(&mut former).await, before);
    let made = "SELECT rolname::text FROM pg_roles WHERE rolname LIKE 'healthtrack\\_%'";
    assert_eq!(rows(&mut former, made).await, ["healthtrack_portal"]);
    // Somebody says that it is meant for this.
    let remedy = remedy(&migrated(&mut former).await.unwrap_err());
    run(&mut former, &remedy).await;
    assert!(migrated(&mut former).await.unwrap().moved);
    migrated(&mut fresh).await.unwrap();
}

#[tokio::test]
async fn former_roles_leave_the_server_with_the_last_database_that_used_them_and_only_ours() {
    let server = Server::start().await;
    let mut other = server.database("other").await;
    let theirs = "CREATE ROLE analyst; CREATE ROLE auditor; CREATE ROLE somebody LOGIN; GRANT analyst TO somebody";
    run(&mut other, theirs).await;
    run(&mut other, "CREATE TABLE theirs (); GRANT SELECT ON theirs TO analyst").await;
    let (mut one, mut two, mut three) =
        (server.former("one").await, server.former("two").await, server.former("three").await);
    assert!(migrated(&mut one).await.unwrap().moved);
    let all = ["analyst", "auditor", "ingest", "migrator", "portal", "roller"];
    assert_eq!(rows(&mut one, FORMER).await, all, "two others need them");
    let held = "SELECT count(*)::text FROM pg_shdepend WHERE refclassid = 'pg_authid'::regclass
                AND refobjid IN (to_regrole('analyst'), to_regrole('portal'))
                AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database())";
    assert_eq!(rows(&mut one, held).await, ["0"], "this one does not");
    let (second, third) = tokio::join!(migrated(&mut two), migrated(&mut three));
    assert!(second.unwrap().moved && third.unwrap().moved, "two at once");
    assert_eq!(rows(&mut one, FORMER).await, ["analyst", "auditor"], "no migration made these");
    assert_eq!(rows(&mut other, held).await, ["1"], "what others gave it is left");
    let member = "SELECT pg_has_role('somebody', 'healthtrack_analyst', 'USAGE')::text";
    assert_eq!(rows(&mut one, member).await, ["true"], "its members had these rights before");
}

#[tokio::test]
async fn a_former_role_that_somebody_has_changed_since_is_left() {
    let server = Server::start().await;
    let mut former = server.former("former").await;
    let changes = "ALTER ROLE roller LOGIN; ALTER ROLE portal CONNECTION LIMIT 5; GRANT pg_monitor TO auditor;
                   ALTER ROLE migrator VALID UNTIL '2099-01-01'; COMMENT ON ROLE analyst IS 'Reads our reports.'";
    run(&mut former, changes).await;
    assert!(migrated(&mut former).await.unwrap().moved);
    assert_eq!(rows(&mut former, FORMER).await, ["analyst", "auditor", "migrator", "portal", "roller"]);
    let held = "SELECT count(*)::text FROM pg_shdepend d JOIN pg_roles r ON r.oid = d.refobjid
                WHERE d.refclassid = 'pg_authid'::regclass AND r.rolname IN ('roller', 'portal', 'analyst')";
    assert_eq!(rows(&mut former, held).await, ["0"], "and has no right here any more");
}

/// Advisory locks are of one database, so what both wait for is a role, which belongs to the server.
#[tokio::test]
async fn two_databases_of_one_server_that_move_at_once_wait_for_each_other() {
    let server = Server::start().await;
    let (mut one, mut two) = (server.former("one").await, server.former("two").await);
    migrated(&mut server.database("fresh").await).await.unwrap();
    let mut holder = server.connect("postgres", None).await;
    let mark = "COMMENT ON ROLE healthtrack_migrator IS 'HealthTrack: what one kind of its programs may do.'";
    run(&mut holder, &format!("BEGIN; {mark}")).await;
    let waiting = "SELECT count(DISTINCT a.datname)::text FROM pg_stat_activity a JOIN pg_locks l USING (pid)
                   WHERE NOT l.granted AND l.classid = 'pg_authid'::regclass AND a.datname IN ('one', 'two')";
    let release = async {
        let both_wait = || async { rows(&mut server.connect("postgres", None).await, waiting).await == ["2"] };
        wait_until(Duration::from_secs(60), "both wait for the role", both_wait).await;
        run(&mut holder, "COMMIT").await;
    };
    let (first, second, ()) = tokio::join!(migrated(&mut one), migrated(&mut two), release);
    assert!(first.unwrap().moved && second.unwrap().moved);
    assert_eq!(rows(&mut one, FORMER).await, [""; 0], "the second to move sees that it is the last");
}

#[tokio::test]
async fn two_that_move_one_database_at_once_both_find_it_moved() {
    let server = Server::start().await;
    let (mut one, mut two) = (server.former("former").await, server.connect("former", None).await);
    let (first, second) = tokio::join!(migrated(&mut one), migrated(&mut two));
    assert!(first.unwrap().moved != second.unwrap().moved, "one of them moves it");
    assert!(is_current(&mut one).await.unwrap());
}

#[tokio::test]
async fn an_owner_who_may_make_no_roles_is_told_what_a_superuser_must_run() {
    let server = Server::start().await;
    let mut root = server.database("root").await;
    run(
        &mut root,
        "CREATE ROLE ingest; CREATE ROLE roller; CREATE ROLE portal; CREATE ROLE analyst; CREATE ROLE auditor;
         CREATE ROLE migrator; CREATE ROLE owner LOGIN PASSWORD 'owner'; GRANT migrator TO owner;
         CREATE ROLE reader LOGIN; GRANT analyst, auditor TO reader",
    )
    .await;
    run(&mut root, "CREATE DATABASE former OWNER owner").await;
    run(&mut server.connect("former", Some("owner")).await, &fixture()).await;
    let mut owner = server.connect("former", Some("owner")).await;
    let mut steps = Vec::new();
    while let Err(error) = migrated(&mut owner).await {
        steps.push(remedy(&error));
        assert!(steps.len() <= 4, "{steps:?}");
        run(&mut root, steps.last().unwrap()).await;
    }
    assert!(is_current(&mut owner).await.unwrap());
    assert!(steps[0].starts_with("CREATE ROLE healthtrack_ingest NOLOGIN; COMMENT ON ROLE"), "{steps:?}");
    assert_eq!(steps[1], "GRANT healthtrack_migrator TO owner;");
    assert_eq!(steps[2], "GRANT healthtrack_analyst TO reader; GRANT healthtrack_auditor TO reader;");
    assert!(steps[3].starts_with("CREATE ROLE healthtrack_care NOLOGIN; COMMENT ON ROLE"), "{steps:?}");
    assert!(steps[3].ends_with("GRANT healthtrack_care TO owner;"), "{steps:?}");
    // No migration made them: they are left, without a right.
    assert_eq!(rows(&mut root, FORMER).await.len(), 6);
    run(&mut root, "DROP ROLE ingest, roller, portal, analyst, auditor, migrator").await;
    run(&mut owner, "INSERT INTO care.state (country, code, name) VALUES ('US', 'IL', 'Illinois')").await;
}

#[tokio::test]
async fn a_database_that_stopped_amid_the_former_migrations_is_told_how_to_come_to_their_end() {
    let server = Server::start().await;
    let mut former = server.former("former").await;
    run(&mut former, "DELETE FROM _sqlx_migrations WHERE version > 40").await;
    let error = migrated(&mut former).await.unwrap_err();
    assert!(matches!(error, StoreError::FormerIncomplete { version: 40 }), "{}", told(&error));
    assert!(told(&error).contains("stopped at migration 0040 of a former version: run `healthtrack migrate` of"));
    assert_eq!(rows(&mut former, FORMER).await.len(), 6);
    run(&mut former, "UPDATE _sqlx_migrations SET checksum = '\\x00' WHERE version = 40").await;
    let error = migrated(&mut former).await.unwrap_err();
    assert!(matches!(error, StoreError::Migrate(_)), "nobody made that one: {}", told(&error));
}

#[tokio::test]
async fn a_migration_that_was_changed_in_another_way_is_refused_as_ever() {
    let server = Server::start().await;
    let mut former = server.former("former").await;
    run(&mut former, "UPDATE _sqlx_migrations SET checksum = '\\x00' WHERE version = 40").await;
    let error = migrated(&mut former).await.unwrap_err();
    assert!(told(&error).contains("was previously applied but has been modified"), "{}", told(&error));
    assert_eq!(rows(&mut former, FORMER).await.len(), 6);
}
