//! Each program's least: what a login with one role may do, and that it is enough for its work.
//!
//! The database belongs to an owner who is no superuser, so that nothing works only because a superuser may do all.

use healthtrack::model::metric::Catalogue;
use healthtrack::mqtt::publisher::Publisher;
use healthtrack::store::migrate::migrate;
use sqlx::postgres::PgDatabaseError;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use super::network::Network;
use crate::support::daemon::{Daemon, TIMEOUT};
use crate::support::mosquitto::{Mosquitto, MosquittoOptions};
use crate::support::postgres::own_postgres;
use crate::support::wait::wait_until;

/// Which chunk the day lies in whose samples these daemons are sent.
const HOLDS_THE_DAY: &str = "from_at <= '2024-03-05 08:00Z' AND to_at > '2024-03-05 08:00Z'";

const LOGINS: [&str; 9] = ["ingest", "roller", "portal", "analyst", "auditor", "migrator", "nobody", "care", "sign_in"];

/// A statement, and who may run it: ingest, roller, portal, analyst, auditor, migrator, nobody, care, sign-in.
const CELLS: [(&str, &str); 48] = [
    ("INSERT INTO signal.block SELECT * FROM signal.block WHERE false", "IR...M..."),
    ("DELETE FROM signal.block WHERE false", "IR...M..."),
    ("SELECT FROM signal.sample LIMIT 0", "IR...M..."),
    ("SELECT FROM signal.metric LIMIT 0", "IR...M..."),
    ("UPDATE signal.metric SET unit = '' WHERE false", ".....M..."),
    ("UPDATE signal.device SET shard = NULL WHERE false", "IR...M..."),
    ("UPDATE signal.device SET device_id = '' WHERE false", ".R...M..."),
    ("INSERT INTO signal.archive_file SELECT * FROM signal.archive_file WHERE false", ".R...M..."),
    ("DELETE FROM signal.archive_file WHERE false", ".....M..."),
    ("INSERT INTO signal.superseded_value SELECT * FROM signal.superseded_value WHERE false", "IR...M..."),
    ("DELETE FROM signal.superseded_value WHERE false", ".R...M..."),
    ("DELETE FROM signal.replaced_range WHERE false", "IR...M..."),
    ("SELECT signal.erase_superseded(ARRAY[]::integer[], NULL, NULL)", ".R......."),
    ("SELECT signal.ensure_chunk('2020-01-01')", "I........"),
    ("TRUNCATE signal.block", "........."),
    ("DROP TABLE signal.erasure", "........."),
    ("CREATE TABLE signal.injected ()", "........."),
    ("CREATE TABLE care.injected ()", "........."),
    ("CREATE TABLE access.injected ()", "........."),
    ("SELECT born_on FROM care.patient LIMIT 0", ".....M.C."),
    ("DELETE FROM care.patient WHERE false", ".....M..."),
    ("UPDATE care.patient SET legal_hold = false WHERE false", ".....M..."),
    ("SELECT patient_id, device_key, worn_during FROM care.wear LIMIT 0", ".R...M.C."),
    ("UPDATE care.wear SET worn_during = worn_during WHERE false", ".....M.C."),
    ("INSERT INTO care.facility (name) SELECT name FROM care.facility WHERE false", ".....M.C."),
    ("SELECT FROM access.account LIMIT 0", ".....M..."),
    ("UPDATE access.account SET part = 'operator' WHERE false", ".....M..."),
    ("INSERT INTO access.care_relationship SELECT * FROM access.care_relationship WHERE false", ".....M..."),
    ("SELECT FROM access.audit_event LIMIT 0", "....AM.C."),
    ("INSERT INTO access.audit_event SELECT * FROM access.audit_event WHERE false", "........."),
    ("UPDATE access.audit_event SET outcome = 'denied' WHERE false", "........."),
    ("DELETE FROM access.audit_event WHERE false", "........."),
    ("TRUNCATE access.audit_event", "........."),
    ("SELECT FROM access.audit_event_now LIMIT 0", "........."),
    ("INSERT INTO access.audit_event_next SELECT * FROM access.audit_event WHERE false", "........."),
    ("SELECT care.uncut_audit()", "I....M..."),
    ("SELECT care.cut_audit()", "I....M..."),
    ("SELECT access.cut_audit_by(4)", "........."),
    ("SELECT access.detach_audit('audit_event_from_1')", "........."),
    ("SELECT access.audit('read', NULL, 'care.patient', 'allowed')", ".....M.C."),
    ("SELECT access.audit_program('read', NULL, 'care.patient')", ".R...M..."),
    ("SELECT FROM access.verify_audit_chains('{}', '{}', '{}')", "....AM..."),
    ("SELECT access.revoke_sessions('nobody')", "........S"),
    ("SELECT access.leave(ROW(NULL, NULL, NULL, '', false)::access.caller)", ".......C."),
    ("SELECT access.append_event(NULL)", "........."),
    ("SELECT FROM access.worn_samples(NULL, 'heart_rate', now() - INTERVAL '1 hour', now(), 1)", ".......C."),
    ("SELECT FROM pg_proc WHERE 'api.read_account'::regproc = oid", "..P....C."),
    ("CALL access.guard('care.patient', 'internal')", "........."),
];

#[tokio::test]
async fn each_role_may_do_its_work_and_nothing_else() {
    let network = Network::owned().await;
    let mut wrong = Vec::new();
    for (place, login) in LOGINS.into_iter().enumerate() {
        let mut connection = network.login(login).await;
        for (statement, who) in CELLS {
            let expected = who.as_bytes()[place] != b'.';
            let answer = tried(&mut connection, statement).await;
            if answer != expected {
                wrong.push(format!("{login}: {statement}: {}", if answer { "allowed" } else { "denied" }));
            }
        }
    }
    assert_eq!(wrong, [""; 0]);
}

/// True where it is allowed; anything but a missing right fails the test.
async fn tried(connection: &mut PgConnection, statement: &str) -> bool {
    let mut transaction = connection.begin().await.unwrap();
    match transaction.execute(AssertSqlSafe(statement.to_owned())).await {
        Ok(_) => true,
        Err(sqlx::Error::Database(error)) => {
            let error = error.downcast_ref::<PgDatabaseError>();
            assert_eq!(error.code(), "42501", "{statement}: {error}");
            false
        }
        Err(error) => panic!("{statement}: {error}"),
    }
}

#[tokio::test]
async fn no_table_of_people_or_rights_is_open_to_a_program_that_is_not_named_here() {
    let mut network = Network::owned().await;
    // Where a table's rows belong to nobody (partitions), its parent's grants count.
    let query = "SELECT r.name || ': ' || c.oid::regclass || ' ' || p.privilege
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         CROSS JOIN (VALUES ('ingest'), ('roller'), ('analyst'), ('auditor'), ('portal'), ('nobody'), ('sign_in')) AS k (kind)
         CROSS JOIN LATERAL (SELECT CASE kind WHEN 'nobody' THEN 'ht_test_' ELSE 'healthtrack_' END || kind AS name) AS r
         CROSS JOIN (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE'), ('TRUNCATE'), ('REFERENCES'), ('TRIGGER'))
              AS p (privilege)
         WHERE c.relkind IN ('r', 'p', 'v', 'm')
           AND (kind <> 'portal' AND n.nspname IN ('care', 'access')
                OR kind = 'portal' AND n.nspname = 'signal'
                OR kind IN ('portal', 'nobody') AND p.privilege IN ('DELETE', 'TRUNCATE', 'TRIGGER')
                   AND n.nspname IN ('care', 'access'))
           AND has_table_privilege(r.name, c.oid, p.privilege)
           AND NOT (kind = 'auditor' AND c.relname IN ('audit_event', 'emergency', 'unexplained_access'))
           -- Who erases a person removes what names the person's devices and keys.
           AND NOT (kind = 'roller' AND c.relname IN ('wear', 'wear_change', 'wear_event', 'device_detail', 'data_key', 'goal_day')
                    AND p.privilege IN ('SELECT', 'DELETE'))
           AND NOT (kind = 'analyst' AND c.relname LIKE 'insight\\_%' AND p.privilege = 'SELECT')
         ORDER BY 1";
    assert_eq!(network.rows(query).await, [""; 0]);
    network.run("GRANT SELECT ON care.patient TO healthtrack_ingest").await;
    assert_eq!(network.rows(query).await, ["healthtrack_ingest: care.patient SELECT"], "the check sees what it should");
}

#[tokio::test]
async fn an_owner_who_is_no_superuser_passes_every_table() {
    let mut network = Network::owned().await;
    let query = "SELECT c.oid::regclass::text FROM pg_class c
         WHERE c.relnamespace IN ('care'::regnamespace, 'access'::regnamespace) AND c.relkind IN ('r', 'p')
           AND NOT c.relispartition
           AND NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = c.oid AND polname = 'maintenance')
         ORDER BY 1";
    assert_eq!(network.rows(query).await, [""; 0]);
    network.run("CREATE TABLE care.injected (); ALTER TABLE care.injected FORCE ROW LEVEL SECURITY").await;
    assert_eq!(network.rows(query).await, ["care.injected"], "the check sees what it should");
}

#[tokio::test]
async fn a_function_that_runs_as_its_owner_fixes_where_it_looks_and_is_not_everybodys() {
    let mut network = Network::owned().await;
    let query = "SELECT p.oid::regprocedure::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
         WHERE n.nspname IN ('care', 'access', 'signal') AND p.prosecdef AND NOT EXISTS (
             SELECT FROM unnest(p.proconfig) AS setting
             WHERE setting ~ '^search_path=(pg_catalog|signal, pg_catalog), ?pg_temp$')
         UNION ALL
         SELECT p.oid::regprocedure::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
         WHERE n.nspname IN ('care', 'access') AND p.prosecdef AND p.prorettype <> 'trigger'::regtype
           AND has_function_privilege('ht_test_nobody', p.oid, 'EXECUTE')
         ORDER BY 1";
    assert_eq!(network.rows(query).await, [""; 0]);
    network.run("CREATE FUNCTION care.injected() RETURNS integer LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'").await;
    assert_eq!(network.rows(query).await, ["care.injected()", "care.injected()"], "the check sees what it should");
}

#[tokio::test]
async fn an_owner_who_may_make_roles_migrates_an_empty_server() {
    let postgres = own_postgres(&[]).await;
    let mut root = PgConnection::connect(&postgres.url("postgres")).await.unwrap();
    for statement in ["CREATE ROLE owner LOGIN CREATEROLE PASSWORD 'owner'", "CREATE DATABASE fresh OWNER owner"] {
        root.execute(statement).await.unwrap();
    }
    let mut url: url::Url = postgres.url("fresh").parse().unwrap();
    url.set_username("owner").unwrap();
    url.set_password(Some("owner")).unwrap();
    let mut owner = PgConnection::connect(url.as_str()).await.unwrap();
    let catalogue = Catalogue::builtin().unwrap();
    let migrated = migrate(&mut owner, &catalogue).await.unwrap();
    assert_eq!(migrated.applied, migrated.known);
    let reads: bool =
        sqlx::query_scalar("SELECT pg_has_role('healthtrack_migrator', 'USAGE')").fetch_one(&mut owner).await.unwrap();
    assert!(reads);
    // Members of migrator maintain rows; what row-level security is forced on is open to the owner too.
    owner.execute("INSERT INTO care.state (country, code, name) VALUES ('US', 'IL', 'Illinois')").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_with_ingest_alone_receives_and_stores_and_sees_nobody() {
    let Some(mosquitto) = Mosquitto::start(&MosquittoOptions::default()) else { return };
    let mut network = Network::owned().await;
    let daemon = Daemon::start(&network.database.url_as("ingest"), &mosquitto.url(), &[]).await;
    let publisher = Publisher::connect(&mosquitto.url().parse().unwrap(), "test", 1_000).await.unwrap();
    let good =
        r#"{"v":1,"series":[{"metric":"heart_rate","start":1709596800000,"period_ms":1000,"values":[60,61,62]}]}"#;
    let bad = r#"{"v":1,"series":[{"metric":"heart_rate","start":1709596800000,"period_ms":1000,"values":[6000]}]}"#;
    for payload in [good, bad, good] {
        publisher.publish("ht/1/main/watch-7/batch", payload).await.unwrap();
    }
    daemon.wait_settled(7).await;
    assert_eq!(daemon.outcomes(), [3, 3, 0, 1]);
    assert_eq!(network.one("SELECT count(*)::text FROM signal.sample").await, "3");
    let mut ingest = network.login("ingest").await;
    assert!(!tried(&mut ingest, "SELECT FROM care.patient").await);
    assert!(!tried(&mut ingest, "SELECT FROM care.wear").await);
    // Its compaction writes chunks anew, which only an owner may.
    let chunk = network.one(&format!("SELECT name FROM signal.chunks() WHERE {HOLDS_THE_DAY}")).await;
    for statement in [
        format!("SELECT signal.make_chunk_dense('{chunk}')"),
        format!(
            "SELECT signal.cluster_chunk('{chunk}', relname) FROM pg_index JOIN pg_class c ON c.oid = indexrelid
             WHERE indrelid = '{chunk}'::regclass AND indisunique"
        ),
        format!("UPDATE {chunk} SET values = values || '{{}}'"),
    ] {
        if network.one("SELECT relkind::text FROM pg_class WHERE oid = 'signal.block'::regclass").await == "p" {
            ingest.execute(AssertSqlSafe(statement)).await.unwrap();
        }
    }
    let error = ingest.execute("SELECT signal.make_chunk_dense('signal.device')").await.unwrap_err();
    assert!(error.to_string().contains("no chunk"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_with_ingest_alone_ends_holds_that_ran_out_and_counts_centres() {
    let Some(mosquitto) = Mosquitto::start(&MosquittoOptions::default()) else { return };
    let mut network = Network::owned().await;
    let (patient, provider) = (network.patient().await, network.provider().await);
    let (clinic, centre) = (network.facility("IL", "clinic").await, network.facility("IL", "wellness_center").await);
    // As its owner may lay it: a hold that ran out a minute ago, beside one that goes on.
    let hold = |begins: &str, expires: &str| {
        format!(
            "INSERT INTO care.appointment (patient_id, provider_id, facility_id, during, status, expires_at)
             SELECT '{patient}', '{provider}', '{clinic}', tstzrange(at, at + INTERVAL '30 minutes'), 'held', {expires}
             FROM (SELECT now() + INTERVAL '{begins}' AS at) AS moment"
        )
    };
    network.run("SET session_replication_role = replica").await;
    network.run(&hold("1 day", "now() - INTERVAL '1 minute'")).await;
    network.run(&hold("2 days", "now() + INTERVAL '10 minutes'")).await;
    network.run("SET session_replication_role = origin").await;
    network
        .run(&format!(
            "INSERT INTO care.centre_visit (facility_id, patient_id, present_during)
             VALUES ('{centre}', '{patient}', tstzrange(now() - INTERVAL '2 hours', now() - INTERVAL '1 hour'))"
        ))
        .await;
    let daemon = Daemon::start(&network.database.url_as("ingest"), &mosquitto.url(), &[]).await;
    let database = &network.database;
    let kept_up = || async {
        let mut connection = sqlx::PgConnection::connect(database.url()).await.unwrap();
        let query =
            "SELECT (SELECT array_agg(status ORDER BY lower(during)) = '{cancelled,held}' FROM care.appointment)
                            AND EXISTS (SELECT FROM care.centre_engagement_day WHERE visits = 1)";
        sqlx::query_scalar::<_, bool>(query).fetch_one(&mut connection).await.unwrap()
    };
    wait_until(TIMEOUT, "the hold has ended and the centre is counted", kept_up).await;
    drop(daemon);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_with_ingest_and_roller_rolls_what_it_stored() {
    let Some(mosquitto) = Mosquitto::start(&MosquittoOptions::default()) else { return };
    let mut network = Network::owned().await;
    let folder = tempfile::tempdir().unwrap();
    let archive = format!("file://{}", folder.path().join("archive").display());
    let url = network.database.url_as("keeper");
    let plain = Daemon::start(&url, &mosquitto.url(), &[]).await;
    let publisher = Publisher::connect(&mosquitto.url().parse().unwrap(), "test", 1_000).await.unwrap();
    let message =
        r#"{"v":1,"series":[{"metric":"heart_rate","start":1709596800000,"period_ms":1000,"values":[60,61]}]}"#;
    publisher.publish("ht/1/main/watch-7/batch", message).await.unwrap();
    plain.wait_settled(2).await;
    drop(plain);
    let keys = [("ARCHIVE__URL", archive.as_str()), ("ARCHIVE__HOUR", "0")];
    let daemon = Daemon::start(&url, &mosquitto.url(), &keys).await;
    wait_until(TIMEOUT, "the daemon has rolled", || async {
        daemon.metric("healthtrack_archive_rolled_samples_total") == 2.0
    })
    .await;
    wait_until(TIMEOUT, "the empty chunk is gone", || async {
        let mut sql = network.connection().await;
        let query = format!(
            "SELECT (SELECT count(*) FROM signal.block)
                   + (SELECT count(*) FROM signal.chunks() WHERE {HOLDS_THE_DAY})"
        );
        sqlx::query_scalar::<_, i64>(AssertSqlSafe(query)).fetch_one(&mut sql).await.unwrap() == 0
    })
    .await;
    assert_eq!(network.one("SELECT sum(rows)::text FROM signal.archive_file").await, "2");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_rolls_may_erase_a_device_and_a_person_and_cut_a_block_between_two() {
    let mut network = Network::owned().await;
    let (ann, ben) = (network.patient().await, network.patient().await);
    network
        .run(&format!(
            "INSERT INTO signal.device (added_at, device_id, added_by) VALUES (now(), 'watch-7', 'test');
             INSERT INTO signal.series (device_key, metric_id)
             SELECT device_key, metric_id FROM signal.device, signal.metric WHERE name = 'heart_rate';
             SELECT signal.ensure_chunk('2024-03-05');
             INSERT INTO signal.block (start_at, stop_at, tick_us, series_id, values)
             SELECT '2024-03-05 08:00Z', '2024-03-05 08:03Z', 60000000, series_id, '{{60, 61, 62, 63}}' FROM signal.series;
             INSERT INTO care.wear (patient_id, device_key, worn_during)
             SELECT '{ann}', device_key, '[2024-03-05 08:01Z,2024-03-05 08:03Z)' FROM signal.device;
             INSERT INTO care.wear (patient_id, device_key, worn_during)
             SELECT '{ben}', device_key, '[2024-03-05 08:03Z,)' FROM signal.device;
             INSERT INTO care.device_model (maker, model) VALUES ('Contoso', 'Band') ON CONFLICT DO NOTHING;
             INSERT INTO care.device_detail (device_key, device_model_id, serial)
             SELECT device_key, min(device_model_id), 'NW-1' FROM signal.device, care.device_model GROUP BY 1"
        ))
        .await;
    let erase = async |whom: [String; 2]| {
        let mut verb = tokio::process::Command::new(env!("CARGO_BIN_EXE_healthtrack"));
        verb.args(["archive", "erase", "--yes", "--json"]).args(whom);
        let output = verb.env("HEALTHTRACK__STORE__URL", network.database.url_as("roller")).output().await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
    };
    assert_eq!(erase(["--patient".into(), ann.to_string()]).await["hot_samples"], 2);
    let mut sql = network.connection().await;
    let left = "SELECT string_agg(value::text, ' ' ORDER BY value) FROM signal.sample";
    assert_eq!(sqlx::query_scalar::<_, String>(left).fetch_one(&mut sql).await.unwrap(), "60 63");
    assert_eq!(erase(["--device".into(), "watch-7".into()]).await["hot_samples"], 2);
    for table in ["signal.device", "care.wear", "care.wear_event", "care.device_detail"] {
        assert_eq!(network.one(&format!("SELECT count(*)::text FROM {table}")).await, "0", "{table}");
    }
    let events = "SELECT string_agg(action, ' ') FROM access.audit_event WHERE patient_id IS NOT NULL";
    assert_eq!(network.one(events).await, "erase");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_does_not_own_the_schema_says_who_must_bring_it_up_to_date() {
    let network = Network::owned().await;
    let mut owner = network.login("owner").await;
    owner
        .execute("DELETE FROM _sqlx_migrations WHERE version = (SELECT max(version) FROM _sqlx_migrations)")
        .await
        .unwrap();
    let mut ingest = network.login("ingest").await;
    let error = migrate(&mut ingest, &Catalogue::builtin().unwrap()).await.unwrap_err();
    assert!(error.to_string().contains("healthtrack migrate"), "{error}");
}
