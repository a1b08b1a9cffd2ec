//! What a person is told when the database refuses.

use std::process::Command;

use healthtrack::embedded::PrivatePostgres;
use healthtrack::model::metric::Catalogue;
use healthtrack::store::StoreError;
use healthtrack::store::care::error::{BrokenRule, CareError, RuleCatalogue};
use healthtrack::store::dictionary::read_schemas;
use healthtrack::store::migrate::migrate;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use super::network::Network;
use crate::support::postgres::own_postgres;

/// A statement for each rule that is refused by it.
const BREAK_EACH: &str = "
    SELECT format('DO $do$ BEGIN RAISE EXCEPTION USING ERRCODE = ''23514'', SCHEMA = %L, %s = %L, CONSTRAINT = %L; END $do$',
                  broken.namespace::regnamespace::text, broken.kind, broken.owner, broken.name)
    FROM (SELECT connamespace, 'TABLE', relname, conname FROM pg_constraint JOIN pg_class ON conrelid = pg_class.oid
          UNION ALL
          SELECT connamespace, 'DATATYPE', typname, conname FROM pg_constraint JOIN pg_type ON contypid = pg_type.oid
          UNION ALL
          SELECT c.relnamespace, 'TABLE', c.relname, indexrelid::regclass::text FROM pg_index
          JOIN pg_class c ON c.oid = indrelid WHERE indisunique
         ) AS broken (namespace, kind, owner, name)
    WHERE broken.namespace IN ('care'::regnamespace, 'access'::regnamespace) ORDER BY 1";

#[tokio::test]
async fn a_rule_that_refuses_says_its_own_sentence() {
    let mut network = Network::new().await;
    let refusal = refused(
        &mut network,
        "INSERT INTO care.patient (born_on, sex, time_zone) VALUES ('1880-01-01', 'female', 'America/Chicago')",
    )
    .await;
    assert_eq!(refusal.rule, "patient_birth_is_believable");
    assert_eq!(refusal.to_string(), "Give a date of birth after 1899.");
    let refusal =
        refused(&mut network, "INSERT INTO care.patient (born_in, time_zone) VALUES ('1980', 'Europe/Paris')").await;
    assert_eq!(refusal.rule, "patient_sex_is_given");
    assert_eq!(refusal.sentence, "Fill in what is missing: sex.");
}

#[tokio::test]
async fn a_code_that_has_no_shape_is_refused_by_its_domains_rule() {
    let mut network = Network::new().await;
    let (facility, _) = (network.facility("IL", "clinic").await, network.patient().await);
    let phone = format!("UPDATE care.facility SET phone = '555 no' WHERE facility_id = '{facility}'");
    assert_eq!(refused(&mut network, &phone).await.rule, "phone_is_e164");
}

#[tokio::test]
async fn a_function_that_refuses_says_its_message_and_nothing_else() {
    let mut network = Network::new().await;
    let refusal = refused(
        &mut network,
        "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'HT001', CONSTRAINT = 'plan_is_open',
             MESSAGE = 'This plan is over: begin another.', DETAIL = 'Marker Person'; END $$",
    )
    .await;
    let expected =
        BrokenRule { rule: "plan_is_open".to_owned(), sentence: "This plan is over: begin another.".to_owned() };
    assert_eq!(refusal, expected);
}

#[tokio::test]
async fn nothing_that_was_stored_or_sent_is_in_what_a_person_or_a_log_is_told() {
    let mut network = Network::new().await;
    let rules = RuleCatalogue::read(&mut network.sql).await.unwrap();
    network.patient().await;
    network
        .run(
            "INSERT INTO care.state (country, code, name) VALUES ('US', 'IL', 'Marker Person');
              CREATE TABLE care.injected (patient_id uuid, note integer, mark text CONSTRAINT planted_is_unique UNIQUE);
              INSERT INTO care.injected (mark) VALUES ('Marker Person')",
        )
        .await;
    for statement in [
        "INSERT INTO care.state (country, code, name) VALUES ('US', 'XX', 'Marker Person')",
        "INSERT INTO care.patient (born_on, sex, time_zone) VALUES ('1980-01-01', 'Marker Person', 'Europe/Paris')",
        "INSERT INTO care.injected (mark) VALUES ('Marker Person')",
        "SELECT 'Marker Person'::uuid",
        "SELECT 'Marker Person'::integer",
        "SELECT \"Marker Person\"",
        "SELECT 1/0 AS \"Marker Person\"",
    ] {
        let trouble = rules.explain(error_of(&mut network.sql, statement).await);
        let said = format!("{trouble} {trouble:?}");
        assert!(!said.contains("Marker"), "{statement}: {said}");
        if let CareError::Failed(error) = trouble {
            assert!(matches!(error, StoreError::Answered { .. }), "{statement}: {error:?}");
        }
    }
    let untold = error_of(&mut network.sql, "SELECT 'Marker Person'::uuid").await;
    assert!(format!("{untold:?}").contains("Marker"), "the check sees what it should");
}

#[tokio::test]
async fn somebody_elses_number_is_refused_in_the_words_of_what_one_may_not_see() {
    let mut network = Network::new().await;
    network
        .run(
            "CREATE TABLE care.injected (
                  patient_id uuid NOT NULL CONSTRAINT planted_pkey PRIMARY KEY,
                  number text NOT NULL CONSTRAINT planted_number_is_unique UNIQUE);
              COMMENT ON CONSTRAINT planted_number_is_unique ON care.injected IS 'Somebody has this number.';
              CALL access.guard('care.injected', 'own_chart')",
        )
        .await;
    let (one, two) = (network.patient().await, network.patient().await);
    let account = network
        .id(&format!(
            "INSERT INTO access.account (patient_id, part, login) VALUES ('{two}', 'patient', 'two') RETURNING account_id"
        ))
        .await;
    network.run(&format!("INSERT INTO care.injected VALUES ('{one}', 'A-1')")).await;
    let as_two = format!("SET ROLE healthtrack_care; SET healthtrack.actor = '{account}'");
    network.run(&as_two).await;
    let taken = refused(&mut network, &format!("INSERT INTO care.injected VALUES ('{two}', 'A-1')")).await;
    let foreign = refused(&mut network, &format!("INSERT INTO care.injected VALUES ('{one}', 'B-2')")).await;
    assert_eq!(taken, foreign);
    assert_eq!(taken.rule, "row_is_within_rights");
}

#[tokio::test]
async fn a_wire_that_is_cut_is_no_refusal() {
    let mut network = Network::new().await;
    let rules = RuleCatalogue::read(&mut network.sql).await.unwrap();
    let cut = StoreError::Database { step: "asking", source: sqlx::Error::PoolTimedOut };
    assert!(matches!(rules.explain(cut), CareError::Failed(StoreError::Database { .. })));
}

#[tokio::test]
async fn every_unique_index_and_every_rule_of_a_domain_says_one_sentence_too() {
    let mut network = Network::new().await;
    let query = "SELECT x.relname::text FROM pg_index i
             JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_class c ON c.oid = i.indrelid
             JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname IN ('care', 'access') AND i.indisunique AND NOT c.relispartition
               AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid)
               AND coalesce(obj_description(x.oid, 'pg_class'), '') !~ '^[A-Z].{5,160}\\.$'
         UNION ALL
         SELECT k.conname::text FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace
             WHERE n.nspname IN ('care', 'access') AND k.contypid <> 0
               AND coalesce(obj_description(k.oid, 'pg_constraint'), '') !~ '^[A-Z].{5,160}\\.$'";
    assert_eq!(network.rows(query).await, [""; 0]);
    network
        .run(
            "CREATE UNIQUE INDEX injected ON care.provider (given_name);
              CREATE DOMAIN care.planted_word AS text CONSTRAINT planted_word_is_some CHECK (VALUE <> '')",
        )
        .await;
    assert_eq!(network.rows(query).await, ["injected", "planted_word_is_some"], "the check sees what it should");
}

#[tokio::test]
async fn a_rule_that_was_made_after_the_rules_were_read_refuses_too() {
    let mut network = Network::new().await;
    let (rules, unread) = (RuleCatalogue::read(&mut network.sql).await.unwrap(), RuleCatalogue::default());
    let make = "CREATE TABLE care.injected (mark text CONSTRAINT planted_is_unique UNIQUE
                                                    CONSTRAINT planted_is_short CHECK (length(mark) < 6));
                INSERT INTO care.injected VALUES ('taken');
                CREATE TABLE signal.injected (mark text CONSTRAINT planted_is_short CHECK (length(mark) < 6))";
    network.run(make).await;
    for (rules, statement, expected) in [
        (&rules, "INSERT INTO care.injected VALUES ('taken')", Some("row_is_within_rights")),
        (&rules, "INSERT INTO care.injected VALUES ('too long')", Some("planted_is_short")),
        (&rules, "INSERT INTO signal.injected VALUES ('too long')", None),
        (&unread, "INSERT INTO care.injected VALUES ('too long')", None),
    ] {
        let rule = match rules.explain(error_of(&mut network.sql, statement).await) {
            CareError::Refused(refusal) => Some(refusal.rule),
            CareError::Failed(_) => None,
        };
        assert_eq!(rule.as_deref(), expected, "{statement}");
    }
}

#[tokio::test]
async fn a_database_that_was_restored_from_a_dump_says_the_same_sentences() {
    let server = own_postgres(&[]).await;
    server.create_database("kept").await.unwrap();
    let mut kept = PgConnection::connect(&server.url("kept")).await.unwrap();
    migrate(&mut kept, &Catalogue::builtin().unwrap()).await.unwrap();
    let (rules, described, comments) =
        (sentences(&mut kept).await, described(&mut kept).await, comments(&mut kept).await);
    assert!(rules.len() > 500 && rules.iter().any(|rule| rule.contains("The entries of a transaction sum to zero.")));
    let mut restored = restored(&server, kept).await;
    let lost = |kept: Vec<String>, restored: Vec<String>| -> Vec<String> {
        kept.into_iter().filter(|line| !restored.contains(line)).collect()
    };
    assert_eq!(lost(rules, sentences(&mut restored).await), [""; 0]);
    assert_eq!(lost(described, self::described(&mut restored).await), [""; 0], "the dictionary is the same");
    assert_eq!(lost(comments, self::comments(&mut restored).await), [""; 0], "no other comment is left out");
}

/// What each rule says, whatever breaks it.
async fn sentences(sql: &mut PgConnection) -> Vec<String> {
    let rules = RuleCatalogue::read(sql).await.unwrap();
    let statements: Vec<String> = sqlx::query_scalar(BREAK_EACH).fetch_all(&mut *sql).await.unwrap();
    let mut said = Vec::new();
    for statement in statements {
        said.push(format!("{statement}: {:?}", rules.explain(error_of(sql, &statement).await)));
    }
    said
}

/// All that the dictionary tells; a dump writes some expressions with fewer parentheses.
async fn described(sql: &mut PgConnection) -> Vec<String> {
    let schemas = format!("{:#?}", read_schemas(sql).await.unwrap()).replace(['(', ')'], "");
    schemas.lines().map(str::to_owned).collect()
}

/// Every comment but those that pg_dump is known to leave out.
async fn comments(sql: &mut PgConnection) -> Vec<String> {
    let query = "SELECT concat_ws(' ', object.type, object.identity, description)
                 FROM pg_description, pg_identify_object(classoid, objoid, objsubid) AS object
                 WHERE object.identity ~ '\\m(care|access|signal)\\M'
                   AND NOT (classoid = 'pg_constraint'::regclass AND objoid IN (SELECT tgconstraint FROM pg_trigger
                                                                                WHERE NOT tgisinternal))";
    sqlx::query_scalar(query).fetch_all(sql).await.unwrap()
}

/// By the server's own pg_dump; by a copy where it has none. Either way without the comments that pg_dump of today
/// leaves out.
async fn restored(server: &PrivatePostgres, mut kept: PgConnection) -> PgConnection {
    let folder: String =
        sqlx::query_scalar("SELECT setting FROM pg_config WHERE name = 'BINDIR'").fetch_one(&mut kept).await.unwrap();
    kept.close().await.unwrap();
    let mut dump = Command::new(format!("{folder}/pg_dump"));
    match dump.args(["--schema-only", "--dbname", &server.url("kept")]).output() {
        Ok(dump) => {
            assert!(dump.status.success(), "{}", String::from_utf8_lossy(&dump.stderr));
            // psql's own commands begin with a backslash.
            let dump = String::from_utf8(dump.stdout).unwrap();
            let statements: String =
                dump.lines().filter(|line| !line.starts_with('\\')).map(|line| format!("{line}\n")).collect();
            server.create_database("restored").await.unwrap();
            let mut restored = PgConnection::connect(&server.url("restored")).await.unwrap();
            sqlx::raw_sql(AssertSqlSafe(statements)).execute(&mut restored).await.unwrap();
            restored.close().await.unwrap();
        }
        Err(_) => {
            let mut root = PgConnection::connect(&server.url("postgres")).await.unwrap();
            root.execute("CREATE DATABASE restored TEMPLATE kept").await.unwrap();
        }
    }
    let mut restored = PgConnection::connect(&server.url("restored")).await.unwrap();
    let left_out = "DELETE FROM pg_description WHERE classoid = 'pg_constraint'::regclass
                    AND objoid IN (SELECT tgconstraint FROM pg_trigger WHERE NOT tgisinternal)";
    restored.execute(left_out).await.unwrap();
    restored
}

async fn error_of(sql: &mut PgConnection, statement: &str) -> StoreError {
    let result = sql.execute(AssertSqlSafe(statement.to_owned())).await;
    StoreError::at("asking")(result.expect_err(statement))
}

async fn refused(network: &mut Network, statement: &str) -> BrokenRule {
    let rules = RuleCatalogue::read(&mut network.sql).await.unwrap();
    match rules.explain(error_of(&mut network.sql, statement).await) {
        CareError::Refused(refusal) => refusal,
        CareError::Failed(error) => panic!("{statement}: {error}"),
    }
}
