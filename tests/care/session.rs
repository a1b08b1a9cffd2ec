//! Sessions and looks: who acts is proved by a token, and what was seen was recorded before.

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use uuid::Uuid;

use super::network::{Network, refused_by};

/// A patient, one of theirs who is signed in, and a provider in care who is.
struct Clinic {
    network: Network,
    portal: PgConnection,
    patient: Uuid,
    stranger: Uuid,
    own: String,
    provider: String,
}

impl Clinic {
    async fn open() -> Clinic {
        let mut network = Network::owned().await;
        let (patient, stranger, carer) = (network.patient().await, network.patient().await, network.provider().await);
        network.put_in_care(patient, carer).await;
        let own = network.account("patient", Some(patient)).await;
        let provider = network.account("provider", Some(carer)).await;
        let own = network.token(own).await.expose().to_owned();
        let provider = network.token(provider).await.expose().to_owned();
        let portal = network.login("portal").await;
        Clinic { network, portal, patient, stranger, own, provider }
    }

    /// What a statement of the portal gives, as texts; else the rule that refuses it.
    async fn ask(&mut self, statement: &str) -> Result<Vec<Option<String>>, String> {
        asked(&mut self.portal, statement).await
    }

    /// The key of a look of the provider at the patient, null where it was not allowed.
    async fn look(&mut self, kind: &str) -> Option<String> {
        let look = format!("SELECT api.look('{}', '{}', '{kind}', NULL)::text", self.provider, self.patient);
        self.ask(&look).await.unwrap().remove(0)
    }

    fn read(&self, look: &str) -> String {
        format!("SELECT api.read_record('{}', '{look}', '{}')->>'born_on'", self.provider, self.patient)
    }
}

async fn asked(portal: &mut PgConnection, statement: &str) -> Result<Vec<Option<String>>, String> {
    let rows = sqlx::query_scalar(AssertSqlSafe(statement.to_owned())).fetch_all(portal).await;
    rows.map_err(|error| refused_by::<()>(Err(error), statement))
}

const READ: [Option<&str>; 1] = [Some("1980-05-17")];

fn is_read(answer: &Result<Vec<Option<String>>, String>) -> bool {
    answer.as_ref().is_ok_and(|rows| rows.iter().map(Option::as_deref).eq(READ))
}

#[tokio::test]
async fn what_is_no_token_of_a_session_that_stands_is_nobody_in_the_same_words() {
    let mut clinic = Clinic::open().await;
    let account = |token: &str| format!("SELECT part FROM api.read_account('{token}')");
    let own = clinic.own.clone();
    assert_eq!(clinic.ask(&account(&own)).await, Ok(vec![Some("patient".to_owned())]));
    let mut told = Vec::new();
    for token in ["", "x", &own[..63], &own.to_uppercase(), &"0".repeat(64), &format!("{own} "), "'' OR true"] {
        let error = clinic.portal.execute(AssertSqlSafe(account(&token.replace('\'', "''")))).await.unwrap_err();
        told.push(error.into_database_error().unwrap().message().to_owned());
    }
    let null = clinic.portal.execute("SELECT FROM api.read_account(NULL)").await.unwrap_err();
    told.push(null.into_database_error().unwrap().message().to_owned());
    for end in [
        "revoked_at = now()",
        "revoked_at = NULL, created_at = now() - INTERVAL '2 days', expires_at = now() - INTERVAL '1 second'",
        "expires_at = now() + INTERVAL '1 hour', seen_at = now() - INTERVAL '16 minutes'",
    ] {
        clinic.network.run(&format!("UPDATE access.session SET {end}")).await;
        let error = clinic.portal.execute(AssertSqlSafe(account(&own))).await.unwrap_err();
        told.push(error.into_database_error().unwrap().message().to_owned());
    }
    clinic.network.run("UPDATE access.session SET seen_at = now()").await;
    assert!(clinic.ask(&account(&own)).await.is_ok(), "the session stands again");
    clinic.network.run("UPDATE access.account SET disabled_at = now()").await;
    let error = clinic.portal.execute(AssertSqlSafe(account(&own))).await.unwrap_err();
    told.push(error.into_database_error().unwrap().message().to_owned());
    told.dedup();
    assert_eq!(told, ["Sign in again."]);
}

#[tokio::test]
async fn a_forged_actor_is_overwritten_for_the_call_and_acts_for_nobody_after_it() {
    let mut clinic = Clinic::open().await;
    let forged = clinic.network.one("SELECT account_id::text FROM access.account WHERE part = 'provider'").await;
    let (own, patient) = (clinic.own.clone(), clinic.patient);
    clinic.portal.execute(AssertSqlSafe(format!("SET healthtrack.actor = '{forged}'"))).await.unwrap();
    let part = clinic.ask(&format!("SELECT part FROM api.read_account('{own}')")).await;
    assert_eq!(part, Ok(vec![Some("patient".to_owned())]));
    let entry = format!(
        "SELECT api.set_goal('{own}', '{patient}', NULL, 'Walk', 'step_count', NULL, 'sum', 'at_least',
        1000, 'day', current_date, current_date + 7)::text"
    );
    clinic.ask(&entry).await.unwrap();
    let audited = "SELECT part || ' ' || action FROM access.audit_event WHERE resource LIKE 'care.goal/%'";
    assert_eq!(clinic.network.one(audited).await, "patient create");
    let left = clinic.ask("SELECT current_setting('healthtrack.actor')").await.unwrap().remove(0).unwrap();
    assert_eq!(left, forged, "what it was before");
    clinic.portal.execute("RESET healthtrack.actor").await.unwrap();
    let wrong = format!("SELECT api.unshare_record('{own}', gen_random_uuid())::text");
    assert_eq!(clinic.ask(&wrong).await, Err("grant_stands".to_owned()));
    let left = clinic.ask("SELECT coalesce(current_setting('healthtrack.actor', true), '')").await.unwrap();
    assert_eq!(left, [Some(String::new())], "an error leaves nobody");
}

#[tokio::test]
async fn a_session_is_opened_by_the_sign_in_login_alone_kept_as_a_hash_and_ended() {
    let mut clinic = Clinic::open().await;
    let login = clinic.network.one("SELECT login FROM access.account WHERE part = 'patient'").await;
    let open = format!("SELECT access.open_session('{login}', sha256('\\xabcd'))::text");
    for refused in ["portal", "care", "ingest", "auditor", "migrator"] {
        let mut other = clinic.network.login(refused).await;
        assert_eq!(asked(&mut other, &open).await, Err("42501".to_owned()), "{refused}");
    }
    let mut sign_in = clinic.network.login("sign_in").await;
    asked(&mut sign_in, &open).await.unwrap();
    for closed in ["SELECT FROM access.session", "SELECT FROM access.account", "SELECT api.read_account('x')"] {
        assert_eq!(refused_by(sign_in.execute(closed).await, closed), "42501");
    }
    for (unknown, rule) in [
        ("SELECT access.open_session('nobody', sha256('x'))".to_owned(), "account_may_sign_in"),
        (format!("SELECT access.open_session('{login}', 'short')"), "session_token_is_a_digest"),
        (format!("SELECT access.open_session('{login}', sha256('y'), '2 days')"), "session_is_not_idle_for_long"),
        (format!("SELECT access.open_session('{login}', sha256('z'), '1 hour', '32 days')"), "session_ends"),
    ] {
        assert_eq!(refused_by(sign_in.execute(AssertSqlSafe(unknown.clone())).await, &unknown), rule);
    }
    let own = clinic.own.clone();
    let kept = format!("SELECT count(*)::text FROM access.session WHERE encode(token_hash, 'hex') = '{own}'");
    assert_eq!(clinic.network.one(&kept).await, "0");
    clinic.ask(&format!("SELECT api.sign_out('{own}')::text")).await.unwrap();
    let again = clinic.ask(&format!("SELECT part FROM api.read_account('{own}')")).await;
    assert_eq!(again, Err("session_stands".to_owned()));
    let ended: i32 =
        sqlx::query_scalar("SELECT access.revoke_sessions($1)").bind(&login).fetch_one(&mut sign_in).await.unwrap();
    assert_eq!(ended, 1, "the other one");
    let events = "SELECT action FROM access.audit_event ORDER BY at";
    assert_eq!(clinic.network.rows(events).await, ["log_in", "log_out"]);
}

#[tokio::test]
async fn one_snapshot_for_a_transaction_is_refused() {
    let mut clinic = Clinic::open().await;
    for level in ["REPEATABLE READ", "SERIALIZABLE"] {
        clinic.portal.execute(AssertSqlSafe(format!("BEGIN ISOLATION LEVEL {level}"))).await.unwrap();
        let answer = clinic.ask(&format!("SELECT part FROM api.read_account('{}')", clinic.own)).await;
        assert_eq!(answer, Err("rights_are_of_this_moment".to_owned()));
        clinic.portal.execute("ROLLBACK").await.unwrap();
    }
}

#[tokio::test]
async fn a_look_opens_nothing_before_it_is_committed_and_leaves_its_event() {
    let mut clinic = Clinic::open().await;
    let refused = Err("look_is_recorded".to_owned());
    let look = clinic.look("record").await.unwrap();
    assert!(is_read(&clinic.ask(&clinic.read(&look)).await));

    // In its own transaction, also behind a savepoint.
    clinic.portal.execute("BEGIN").await.unwrap();
    let same = clinic.look("record").await.unwrap();
    clinic.portal.execute("SAVEPOINT before").await.unwrap();
    let written = Err("reading_comes_before_writing".to_owned());
    assert_eq!(clinic.ask(&clinic.read(&same)).await, written);
    clinic.portal.execute("ROLLBACK TO before").await.unwrap();
    assert_eq!(clinic.ask(&clinic.read(&look)).await, written, "nor by one of before");
    clinic.portal.execute("ROLLBACK").await.unwrap();
    assert!(is_read(&clinic.ask(&clinic.read(&look)).await), "in a transaction of its own");
    assert_eq!(clinic.ask(&clinic.read(&same)).await, refused, "rolled back");

    // Undone with a savepoint in a transaction that is kept.
    clinic.portal.execute("BEGIN; SAVEPOINT before").await.unwrap();
    let undone = clinic.look("record").await.unwrap();
    clinic.portal.execute("ROLLBACK TO before; COMMIT").await.unwrap();
    assert_eq!(clinic.ask(&clinic.read(&undone)).await, refused);

    // Read by somebody who rolls back afterwards.
    clinic.portal.execute("BEGIN").await.unwrap();
    assert!(is_read(&clinic.ask(&clinic.read(&look)).await));
    clinic.portal.execute("ROLLBACK").await.unwrap();
    let events =
        "SELECT part || ' ' || action || ' ' || resource || ' ' || outcome || ' ' || reason FROM access.audit_event";
    assert_eq!(clinic.network.rows(events).await, ["provider read record allowed in_care"], "one for what was seen");
}

#[tokio::test]
async fn a_look_is_for_its_session_patient_kind_and_five_minutes() {
    let mut clinic = Clinic::open().await;
    let refused = Err("look_is_recorded".to_owned());
    let look = clinic.look("record").await.unwrap();
    let (own, patient, stranger, provider) =
        (clinic.own.clone(), clinic.patient, clinic.stranger, clinic.provider.clone());
    for other in [
        format!("SELECT api.read_record('{own}', '{look}', '{patient}')->>'born_on'"),
        format!("SELECT api.read_record('{provider}', '{look}', '{stranger}')->>'born_on'"),
        format!("SELECT api.read_record('{provider}', NULL, '{patient}')->>'born_on'"),
        format!("SELECT status FROM api.read_appointments('{provider}', '{look}', '{patient}')"),
    ] {
        assert_eq!(clinic.ask(&other).await, refused, "{other}");
    }
    assert!(is_read(&clinic.ask(&clinic.read(&look)).await));
    clinic.network.run("UPDATE access.look SET looked_at = now() - INTERVAL '301 seconds'").await;
    assert_eq!(clinic.ask(&clinic.read(&look)).await, refused);
    clinic.network.run("SELECT FROM care.run_maintenance()").await;
    assert_eq!(clinic.network.one("SELECT count(*)::text FROM access.look").await, "0");

    let look = clinic.look("record").await.unwrap();
    clinic
        .network
        .run("UPDATE access.care_relationship SET valid_during = tstzrange(lower(valid_during), now())")
        .await;
    assert_eq!(clinic.ask(&clinic.read(&look)).await, Ok(vec![None]), "care has ended since");
    assert_eq!(clinic.look("record").await, None);
    let denied = "SELECT count(*)::text FROM access.audit_event WHERE outcome = 'denied'";
    assert_eq!(clinic.network.one(denied).await, "1", "what was not allowed is kept as well");
}

#[tokio::test]
async fn an_emergency_opens_nothing_in_the_transaction_that_opens_it() {
    let mut clinic = Clinic::open().await;
    let (provider, stranger) = (clinic.provider.clone(), clinic.stranger);
    clinic
        .network
        .run(&format!(
            "INSERT INTO care.condition (patient_id, code_system, code, title, clinical_status, verification_status,
                                             recorded_by)
            VALUES ('{stranger}', 'icd10', 'I10', 'Hypertension', 'active', 'confirmed',
                         (SELECT provider_id FROM care.provider LIMIT 1))"
        ))
        .await;
    let condition = clinic.network.one("SELECT condition_id::text FROM care.condition").await;
    let open = format!("SELECT api.break_glass('{provider}', '{stranger}', 'Found unconscious, nobody to ask')::text");
    let look = format!("SELECT api.look('{provider}', '{stranger}', 'record', NULL)::text");
    let edit = format!(
        "SELECT version::text FROM api.change_condition('{provider}', '{condition}', 7, 'resolved', 'confirmed', NULL)"
    );
    clinic.portal.execute("BEGIN").await.unwrap();
    clinic.ask(&open).await.unwrap();
    assert_eq!(clinic.ask(&look).await, Ok(vec![None]));
    assert_eq!(clinic.ask(&edit).await, Ok(vec![]), "nor does an edit tell what is there");
    clinic.portal.execute("ROLLBACK").await.unwrap();
    assert_eq!(clinic.ask(&edit).await, Ok(vec![]));
    clinic.ask(&open).await.unwrap();
    let looked = clinic.ask(&look).await.unwrap().remove(0).expect("it is open now");
    let read = format!("SELECT api.read_record('{provider}', '{looked}', '{stranger}')->>'born_on'");
    assert!(is_read(&clinic.ask(&read).await));
    assert_eq!(clinic.ask(&edit).await, Ok(vec![Some("1".to_owned())]));
    let events = "SELECT action || ' ' || outcome FROM access.audit_event ORDER BY at";
    assert_eq!(clinic.network.rows(events).await, ["break_glass allowed", "read allowed"]);
}

#[tokio::test]
async fn what_is_written_is_audited_with_it_or_not_at_all() {
    let mut clinic = Clinic::open().await;
    clinic
        .network
        .run("ALTER TABLE access.audit_event ADD CONSTRAINT injected CHECK (action <> 'create') NOT VALID")
        .await;
    let goal = format!(
        "SELECT api.set_goal('{}', '{}', NULL, 'Walk', 'step_count', NULL, 'sum', 'at_least', 1000, 'day',
        current_date, current_date + 7)::text",
        clinic.own, clinic.patient
    );
    assert_eq!(clinic.ask(&goal).await, Err("injected".to_owned()));
    assert_eq!(clinic.network.one("SELECT count(*)::text FROM care.goal").await, "0");
    clinic.network.run("ALTER TABLE access.audit_event DROP CONSTRAINT injected").await;
    let mut transaction = clinic.portal.begin().await.unwrap();
    asked(&mut transaction, &goal).await.unwrap();
    transaction.rollback().await.unwrap();
    assert_eq!(clinic.network.one("SELECT count(*)::text FROM access.audit_event").await, "0");
    clinic.ask(&goal).await.unwrap();
    assert_eq!(clinic.network.one("SELECT action FROM access.audit_event").await, "create");
}
