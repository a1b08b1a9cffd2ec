//! The audit's chains: who appends does not wait for others, and whatever is done to a chain afterwards is found.

use std::process::Command;

use healthtrack::store::care::audit::{AuditHead, heads};
use healthtrack::store::care::chain::verify;
use healthtrack::store::care::context::Auditor;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use tokio::task::JoinSet;

use super::heads::{APPEND, APPEND_ANYWHERE};
use super::network::{Network, refused_by};

/// A chain of so many events, and its head.
async fn chain(events: usize) -> (Network, AuditHead) {
    let mut network = Network::owned().await;
    for _ in 0..events {
        network.run(APPEND).await;
    }
    let mut heads = heads(&mut Auditor::on(&mut network.sql)).await.unwrap();
    assert_eq!(heads.len(), 1, "all go on with the chain of the first");
    (network, heads.remove(0))
}

/// What the proof finds, which is what the database's own function finds as well.
async fn found(sql: &mut PgConnection, kept: Option<&AuditHead>) -> Vec<String> {
    let report = verify(&mut Auditor::on(sql), kept.map(std::slice::from_ref).unwrap_or_default(), &[]).await.unwrap();
    let findings: Vec<_> =
        report.findings.into_iter().map(|found| format!("{} {}", found.seq, found.finding)).collect();
    let by_itself: Vec<String> = sqlx::query_scalar(
        "SELECT seq || ' ' || finding
         FROM access.verify_audit_chains($1, $2, ARRAY(SELECT decode(hash, 'hex') FROM unnest($3::text[]) AS hash))",
    )
    .bind(kept.iter().map(|head| head.chain).collect::<Vec<_>>())
    .bind(kept.iter().map(|head| head.seq).collect::<Vec<_>>())
    .bind(kept.iter().map(|head| head.hash.as_str()).collect::<Vec<_>>())
    .fetch_all(sql)
    .await
    .unwrap();
    assert_eq!(findings, by_itself);
    findings
}

/// Does what a superuser could who wanted to hide something.
async fn tamper(network: &mut Network, statements: &str) {
    network.run("SET session_replication_role = replica").await;
    network.run(statements).await;
    network.run("SET session_replication_role = origin").await;
}

#[tokio::test]
async fn twelve_who_append_at_once_make_chains_without_a_gap_or_a_fork() {
    let (mut network, _) = chain(1).await;
    let mut appending = JoinSet::new();
    for _ in 0..12 {
        let mut portal = network.login("care").await;
        appending.spawn(async move {
            for _ in 0..10 {
                let mut transaction = portal.begin().await.unwrap();
                transaction.execute(APPEND_ANYWHERE).await.unwrap();
                transaction.commit().await.unwrap();
            }
        });
    }
    appending.join_all().await;
    let counted = "SELECT sum(events) || ' ' || bool_and(events = last) || ' ' || (count(*) > 1)
        FROM (SELECT count(*) AS events, max(seq) AS last FROM access.audit_event GROUP BY chain) AS each";
    assert_eq!(network.one(counted).await, "121 true true");
    assert_eq!(found(&mut network.sql, None).await, [""; 0]);
}

#[tokio::test]
async fn one_connection_lets_all_chains_grow_together() {
    let mut network = Network::owned().await;
    // A chance that is the same each time.
    network.run("SELECT setseed(0.25)").await;
    network
        .run(&format!(
            "DO $$ BEGIN FOR _ IN 1..1280 LOOP {} ; END LOOP; END $$",
            APPEND_ANYWHERE.replacen("SELECT", "PERFORM", 1)
        ))
        .await;
    let chains = "SELECT concat_ws(' ', count(*), min(events) >= 8, max(events) <= 40)
                  FROM (SELECT count(*) AS events FROM access.audit_event GROUP BY chain) AS each";
    assert_eq!(network.one(chains).await, "64 t t", "20 on the average");
}

#[tokio::test]
async fn one_snapshot_for_all_statements_makes_no_fork() {
    let (mut network, _) = chain(1).await;
    let mut portal = network.login("care").await;
    portal.execute("BEGIN ISOLATION LEVEL REPEATABLE READ").await.unwrap();
    portal.execute("SELECT FROM access.audit_event").await.unwrap();
    network.run(APPEND).await;
    let mut others = network.connection().await;
    let all_but_it =
        "BEGIN; SELECT FROM access.audit_chain WHERE chain NOT IN (SELECT chain FROM access.audit_event) FOR UPDATE";
    others.execute(all_but_it).await.unwrap();
    assert_eq!(refused_by(portal.execute(APPEND).await, "an append on an old snapshot"), "audit_event_now_pkey");
    portal.execute("ROLLBACK").await.unwrap();
    assert_eq!(found(&mut network.sql, None).await, [""; 0]);
}

#[tokio::test]
async fn who_holds_a_chain_or_the_lock_of_before_stalls_nobody() {
    let (mut network, _) = chain(1).await;
    let mut holder = network.login("care").await;
    holder.execute("BEGIN").await.unwrap();
    holder.execute(APPEND).await.unwrap();
    let mut nobody = network.login("nobody").await;
    nobody.execute("SELECT pg_advisory_lock(hashtextextended('access.audit', 0))").await.unwrap();
    network.run("SET lock_timeout = '2s'; SET statement_timeout = '5s'").await;
    network.run(APPEND).await;
    // Also the very chain that all would go on with.
    holder.execute("ROLLBACK; BEGIN").await.unwrap();
    let mut superuser = network.connection().await;
    superuser.execute("BEGIN; SELECT FROM access.audit_chain WHERE chain % 2 = 0 FOR UPDATE").await.unwrap();
    for _ in 0..3 {
        let mut one = network.login("care").await;
        one.execute("SET statement_timeout = '5s'").await.unwrap();
        one.execute(APPEND).await.unwrap();
    }
    assert_eq!(found(&mut network.sql, None).await, [""; 0]);
}

#[tokio::test]
async fn an_event_that_was_moved_into_another_chain_is_found() {
    let (mut network, head) = chain(1).await;
    let other = (head.chain + 1) % 64;
    tamper(
        &mut network,
        &format!(
            "UPDATE access.audit_event SET chain = {other};
             UPDATE access.audit_event SET prev_hash = access.audit_origin({other}::smallint)"
        ),
    )
    .await;
    let mut findings = found(&mut network.sql, Some(&head)).await;
    findings.sort_unstable();
    assert_eq!(findings, ["1 altered", "1 end is missing"]);
}

#[tokio::test]
async fn an_event_that_was_altered_in_any_field_is_found() {
    let (mut network, _) = chain(3).await;
    let fields = [
        "at = at + INTERVAL '1 microsecond'",
        "actor = gen_random_uuid()",
        "patient_id = gen_random_uuid()",
        "on_behalf = gen_random_uuid()",
        "request_id = gen_random_uuid()",
        "part = 'operator'",
        "action = 'export'",
        "resource = 'care.wear'",
        "outcome = 'denied'",
        "reason = NULL",
        // A letter moved from one field into the next.
        "action = 'read', outcome = 'denied', reason = 'o_wn'",
    ];
    for field in fields {
        let back = network.one("SELECT (e)::text FROM access.audit_event e WHERE seq = 2").await;
        tamper(&mut network, &format!("UPDATE access.audit_event SET {field} WHERE seq = 2")).await;
        assert_eq!(found(&mut network.sql, None).await, ["2 altered"], "{field}");
        let back = back.replace('\'', "''");
        tamper(
            &mut network,
            &format!(
                "DELETE FROM access.audit_event WHERE seq = 2;
                 INSERT INTO access.audit_event SELECT ('{back}'::access.audit_event).*"
            ),
        )
        .await;
    }
    assert_eq!(found(&mut network.sql, None).await, [""; 0]);
}

#[tokio::test]
async fn what_was_removed_moved_written_anew_or_cut_off_is_found() {
    let rewrite = "UPDATE access.audit_event SET outcome = 'denied' WHERE seq = 2;
         UPDATE access.audit_event e SET hash = access.audit_digest(e) WHERE seq = 2;
         UPDATE access.audit_event SET prev_hash = (SELECT hash FROM access.audit_event WHERE seq = 2) WHERE seq = 3;
         UPDATE access.audit_event e SET hash = access.audit_digest(e) WHERE seq = 3;
         UPDATE access.audit_event SET prev_hash = (SELECT hash FROM access.audit_event WHERE seq = 3) WHERE seq = 4;
         UPDATE access.audit_event e SET hash = access.audit_digest(e) WHERE seq = 4";
    let fork =
        "INSERT INTO access.audit_event SELECT 5, at, actor, patient_id, on_behalf, request_id, part, action, resource,
             outcome, reason, (SELECT hash FROM access.audit_event WHERE seq = 3), hash, chain
         FROM access.audit_event WHERE seq = 4;
         UPDATE access.audit_event e SET hash = access.audit_digest(e) WHERE seq = 5";
    // What is done, what the chain tells by itself, and what it tells with the head of before.
    let cases: [(&str, &[&str], &[&str]); 7] = [
        (
            "DELETE FROM access.audit_event WHERE seq = 2",
            &["3 does not follow the event before it", "3 events before it are missing"],
            &[],
        ),
        (
            "DELETE FROM access.audit_event WHERE seq = 1",
            &["2 beginning is missing", "2 does not follow the event before it"],
            &[],
        ),
        (
            "UPDATE access.audit_event SET seq = 9 WHERE seq = 2; UPDATE access.audit_event SET seq = 2 WHERE seq = 3;
             UPDATE access.audit_event SET seq = 3 WHERE seq = 9",
            &[
                "2 altered",
                "2 does not follow the event before it",
                "3 altered",
                "3 does not follow the event before it",
                "4 does not follow the event before it",
            ],
            &[],
        ),
        ("DELETE FROM access.audit_event WHERE seq = 4", &[], &["4 end is missing"]),
        ("DELETE FROM access.audit_event", &[], &["4 end is missing"]),
        (rewrite, &[], &["4 is not the event that was the head"]),
        (fork, &["4 forks", "5 does not follow the event before it", "5 forks"], &[]),
    ];
    for (done, alone, with_head) in cases {
        let (mut network, head) = chain(4).await;
        tamper(&mut network, done).await;
        assert_eq!(found(&mut network.sql, None).await, alone, "{done}");
        let mut both = [alone, with_head].concat();
        both.sort_unstable();
        assert_eq!(found(&mut network.sql, Some(&head)).await, both, "{done}");
    }
    let (mut network, head) = chain(4).await;
    network.run(APPEND).await;
    assert_eq!(found(&mut network.sql, Some(&head)).await, [""; 0], "a chain that grew holds its former head");
}

#[tokio::test]
async fn nobody_changes_or_empties_the_audit_not_even_its_owner() {
    let (network, _) = chain(2).await;
    let mut owner = network.login("owner").await;
    for statement in [
        "UPDATE access.audit_event SET outcome = 'denied'",
        "DELETE FROM access.audit_event",
        "TRUNCATE access.audit_event",
        "TRUNCATE access.audit_event, access.emergency_review",
    ] {
        owner.execute("GRANT ALL ON access.audit_event TO ht_test_owner").await.unwrap();
        let rule = refused_by(owner.execute(AssertSqlSafe(statement.to_owned())).await, statement);
        assert_eq!(rule, "audit_is_only_appended", "{statement}");
    }
}

#[tokio::test]
async fn an_event_holds_words_and_keys_and_no_words_of_a_person() {
    let mut network = Network::owned().await;
    for (statement, rule) in [
        ("'read', NULL, 'note about Jane Roe', 'allowed'", "audit_event_holds_words_and_keys"),
        ("'read', NULL, 'care.patient/jane_roe', 'allowed'", "audit_event_holds_words_and_keys"),
        ("'read', NULL, 'care.patient', 'allowed', 'She has a fever'", "audit_event_holds_words_and_keys"),
        ("'peep', NULL, 'care.patient', 'allowed'", "audit_event_action_is_known"),
        ("'read', NULL, 'care.patient', 'perhaps'", "audit_event_outcome_is_known"),
    ] {
        assert_eq!(network.refusal(&format!("SELECT access.audit({statement})")).await, rule, "{statement}");
    }
    assert_eq!(network.one("SELECT count(*)::text FROM access.audit_event").await, "0");
}

#[tokio::test]
async fn a_patient_sees_who_looked_and_a_provider_only_the_own_looks() {
    let mut network = Network::owned().await;
    let (own, other) = (network.patient().await, network.patient().await);
    let provider = network.provider().await;
    let looker = network.account("provider", Some(provider)).await;
    let patient = network.account("patient", Some(own)).await;
    let officer = network.account("privacy_officer", None).await;
    for (whose, outcome) in [(own, "allowed"), (other, "denied")] {
        let look = format!("SELECT access.audit('read', '{whose}', 'care.condition', '{outcome}')");
        network.portal_of(looker).await.execute(AssertSqlSafe(look)).await.unwrap();
    }
    let log = "SELECT who || ' ' || part || ' ' || action || ' ' || outcome FROM access.my_access_log";
    for (account, query, expected) in [
        (patient, log, vec!["Ada Okafor provider read allowed"]),
        (looker, log, vec![]),
        (looker, "SELECT outcome FROM access.audit_event ORDER BY at", vec!["allowed", "denied"]),
        (officer, "SELECT outcome FROM access.audit_event ORDER BY at", vec!["allowed", "denied"]),
        (patient, "SELECT outcome FROM access.audit_event ORDER BY at", vec!["allowed"]),
        (patient, "SELECT outcome FROM access.unexplained_access", vec![]),
    ] {
        let mut portal = network.portal_of(account).await;
        let rows: Vec<String> = sqlx::query_scalar(query).fetch_all(&mut portal).await.unwrap();
        assert_eq!(rows, expected, "{query}");
    }
}

#[tokio::test]
async fn a_look_that_nothing_explains_is_shown_and_every_other_is_not() {
    let mut network = Network::owned().await;
    let facility = network.facility("IL", "clinic").await;
    let provider = network.provider().await;
    let looker = network.account("provider", Some(provider)).await;
    let desk = network.account("front_desk", Some(facility)).await;
    let mut explained = Vec::new();
    for why in ["care", "visit", "old visit", "cancelled visit", "grant", "revoked grant", "itself", "nothing"] {
        let patient = network.patient().await;
        let account = network.account("patient", Some(patient)).await;
        let visit = |days: i32, status: &str| {
            format!(
                "INSERT INTO care.appointment (patient_id, provider_id, facility_id, during, status)
                 VALUES ('{patient}', '{provider}', '{facility}', tstzrange(now() + INTERVAL '{days} days',
                         now() + INTERVAL '{days} days 1 hour'), '{status}')"
            )
        };
        let grant = |revoked: &str| {
            format!(
                "INSERT INTO access.grant_of_access (patient_id, provider_id, valid_during, scopes, purpose, revoked_at)
                 VALUES ('{patient}', '{provider}', tstzrange(now() - INTERVAL '1 day', NULL), '{{chart}}', 'other', {revoked})"
            )
        };
        match why {
            "care" => network.put_in_care(patient, provider).await,
            "visit" => network.run(&visit(3, "booked")).await,
            "old visit" => network.run(&visit(-40, "completed")).await,
            "cancelled visit" => network.run(&visit(5, "cancelled")).await,
            "grant" => network.run(&grant("NULL")).await,
            "revoked grant" => network.run(&grant("now() - INTERVAL '1 hour'")).await,
            _ => {}
        }
        for actor in if why == "itself" { vec![account] } else { vec![looker, desk] } {
            network.run(&format!("SET healthtrack.actor = '{actor}'")).await;
            network
                .run(&format!("SELECT access.audit('read', '{patient}', 'care.condition', 'allowed', NULL, NULL)"))
                .await;
        }
        explained.push((patient, why));
    }
    let mut auditor = network.login("auditor").await;
    let query = "SELECT patient_id, part FROM access.unexplained_access ORDER BY at";
    let rows: Vec<(uuid::Uuid, String)> = sqlx::query_as(query).fetch_all(&mut auditor).await.unwrap();
    let why = |patient| explained.iter().find(|(own, _)| *own == patient).unwrap().1;
    let rows: Vec<String> = rows.iter().map(|(patient, part)| format!("{part}: {}", why(*patient))).collect();
    let expected = [
        "front_desk: care",
        "provider: old visit",
        "front_desk: old visit",
        "provider: cancelled visit",
        "front_desk: cancelled visit",
        "front_desk: grant",
        "provider: revoked grant",
        "front_desk: revoked grant",
        "provider: nothing",
        "front_desk: nothing",
    ];
    assert_eq!(rows, expected);
}

#[tokio::test]
async fn a_look_is_explained_by_an_encounter_and_only_reviewers_may_ask() {
    let mut network = Network::owned().await;
    let (patient, provider) = (network.patient().await, network.provider().await);
    let facility = network.facility("IL", "clinic").await;
    let looker = network.account("provider", Some(provider)).await;
    network.run(&format!("SET healthtrack.actor = '{looker}'")).await;
    network.run(&format!("SELECT access.audit('read', '{patient}', 'care.condition', 'allowed')")).await;
    let mut auditor = network.login("auditor").await;
    let unexplained = "SELECT count(*) FROM access.unexplained_access";
    assert_eq!(sqlx::query_scalar::<_, i64>(unexplained).fetch_one(&mut auditor).await.unwrap(), 1);
    network
        .run(&format!(
            "INSERT INTO care.encounter (patient_id, facility_id, attending_provider_id, during, class)
             VALUES ('{patient}', '{facility}', '{provider}', tstzrange(now() - INTERVAL '1 day',
                     now() - INTERVAL '23 hours'), 'ambulatory')"
        ))
        .await;
    assert_eq!(sqlx::query_scalar::<_, i64>(unexplained).fetch_one(&mut auditor).await.unwrap(), 0);
    let ask = format!("SELECT access.had_encounter('{patient}', '{provider}', NULL, now())");
    assert!(sqlx::query_scalar::<_, bool>(AssertSqlSafe(ask.clone())).fetch_one(&mut auditor).await.unwrap());
    let mut portal = network.login("care").await;
    assert!(!sqlx::query_scalar::<_, bool>(AssertSqlSafe(ask)).fetch_one(&mut portal).await.unwrap());
}

#[tokio::test]
async fn the_verb_prints_the_head_and_fails_where_the_chain_does_not_hold_it() {
    let (mut network, kept) = chain(3).await;
    let url = network.database.url_as("auditor");
    let verb = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_healthtrack"));
        command.env("HEALTHTRACK__STORE__URL", &url).arg("audit").args(arguments);
        let output = command.output().unwrap();
        (output.status.success(), String::from_utf8(output.stdout).unwrap())
    };
    let (done, printed) = verb(&["head"]);
    assert!(done);
    assert_eq!(printed.trim(), format!("{}/{}:{}", kept.chain, kept.seq, kept.hash));
    assert_eq!(
        verb(&["verify", "--head", printed.trim(), "--json"]),
        (true, "{\"intact\":true,\"events\":3,\"findings\":[]}\n".to_owned())
    );
    let (done, events) = verb(&["list", "--limit", "2"]);
    assert!(done && events.lines().count() == 3 && events.contains("care.patient"), "{events}");
    assert!(verb(&["list", "--unexplained"]).0);
    tamper(&mut network, "DELETE FROM access.audit_event WHERE seq = 3").await;
    assert!(verb(&["verify"]).0, "by itself it does not know its end");
    let (done, findings) = verb(&["verify", "--head", printed.trim()]);
    assert!(!done && findings.contains("end is missing"), "{findings}");
}
