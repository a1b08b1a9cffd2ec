//! Forgery: the database's owner changes more than events: functions, names, what a signer is shown.

use std::cell::RefCell;
use std::process::Stdio;

use healthtrack::store::care::chain::verify;
use healthtrack::store::care::context::Auditor;
use sqlx::{Connection as _, Executor as _};

use super::heads::{APPEND, Shipping, all};
use crate::support::daemon::TIMEOUT;
use crate::support::wait::wait_until;

/// One event, appended and signed.
async fn signed() -> Shipping {
    let mut shipping = Shipping::new().await;
    shipping.network.run(APPEND).await;
    shipping.ship();
    shipping
}

impl Shipping {
    /// Does what a superuser could who wanted to hide something.
    async fn tamper(&mut self, statements: &str) {
        self.network.run("SET session_replication_role = replica").await;
        self.network.run(statements).await;
        self.network.run("SET session_replication_role = origin").await;
    }
}

#[tokio::test]
async fn a_proof_whose_functions_the_owner_has_replaced_still_finds_what_was_changed() {
    let mut shipping = signed().await;
    shipping
        .tamper(
            "CREATE OR REPLACE FUNCTION access.audit_digest(event access.audit_event) RETURNS bytea
                 LANGUAGE sql IMMUTABLE RETURN event.hash;
             CREATE OR REPLACE FUNCTION access.verify_audit_chains(chains smallint[], seqs bigint[], hashes bytea[])
                 RETURNS TABLE (chain smallint, seq bigint, finding text)
                 LANGUAGE sql STABLE AS $$ SELECT 0::smallint, 0::bigint, ''::text WHERE false $$",
        )
        .await;
    let (intact, said) = shipping.verify(&[]);
    assert!(intact && said.contains("1 event follow"), "{said}");
    shipping.tamper("UPDATE access.audit_event SET outcome = 'denied', reason = NULL").await;
    shipping.finds("an event changed, with its hash left", &["altered"]);
    let alone = shipping.verb().arg("verify").output().unwrap();
    assert!(!alone.status.success() && all(&alone).contains("altered"), "{}", all(&alone));
}

#[tokio::test]
async fn what_is_signed_comes_from_the_table_and_not_from_a_function_that_shows_old_heads() {
    let mut shipping = signed().await;
    shipping
        .tamper(
            "CREATE OR REPLACE FUNCTION access.audit_heads() RETURNS TABLE (chain smallint, seq bigint, hash bytea)
                 LANGUAGE sql STABLE AS $$ SELECT 0::smallint, 0::bigint, ''::bytea WHERE false $$",
        )
        .await;
    shipping.network.run(APPEND).await;
    shipping.ship();
    let hash = "SELECT pg_catalog.encode(hash, 'hex') FROM access.audit_event WHERE seq = 2";
    let hash = shipping.network.one(hash).await;
    assert!(shipping.lines()[1].contains(&format!("/2:{hash}")), "{}", shipping.lines()[1]);
    let (intact, said) = shipping.verify(&[]);
    assert!(intact && said.contains("2 signed records in order"), "{said}");
}

#[tokio::test]
async fn an_event_that_is_older_than_a_record_without_it_is_found() {
    for what in ["after a head", "in a chain that had none"] {
        let mut shipping = signed().await;
        shipping.ship();
        shipping.network.run(APPEND).await;
        // Which chain an event goes to is chance.
        let empty = "SELECT min(number)::text FROM generate_series(0, 63) AS number
                     WHERE number NOT IN (SELECT chain FROM access.audit_event)";
        let empty = shipping.network.one(empty).await;
        let (moved, place) = match what {
            "after a head" => (String::new(), "seq = 2".to_owned()),
            _ => (
                format!(
                    "UPDATE access.audit_event
                     SET chain = {empty}, seq = 1, prev_hash = access.audit_origin({empty}::smallint) WHERE seq = 2;"
                ),
                format!("chain = {empty} AND seq = 1"),
            ),
        };
        let into_the_past = |minutes: u32| {
            format!(
                "{moved}
                 UPDATE access.audit_event SET at = clock_timestamp() - INTERVAL '{minutes} minutes' WHERE {place};
                 UPDATE access.audit_event e SET hash = access.audit_digest(e) WHERE {place}"
            )
        };
        shipping.tamper(&into_the_past(9)).await;
        let (intact, said) = shipping.verify(&[]);
        assert!(intact, "{what}, by a transaction that took long: {said}");
        shipping.tamper(&into_the_past(12).replace(&moved, "")).await;
        shipping.finds(what, &["has an event after its event", "and record 2 of 20", "does not have it"]);
        // Also where later records have it.
        shipping.ship();
        shipping.finds(what, &["and record 2 of 20", "3 signed records, and 1 finding"]);
    }
}

/// Method: events with and without each field that may be missing, of short and of long numbers, before and after 1970,
/// in two chains; the database computes their hashes, and both proofs must find nothing.
#[tokio::test]
async fn the_digest_computed_here_is_the_one_that_the_database_computes() {
    let mut shipping = Shipping::new().await;
    let key = |bit: u32| format!("CASE WHEN number & {bit} > 0 THEN gen_random_uuid() END");
    let events = format!(
        "DO $$
         DECLARE
             event  access.audit_event;
             number integer;
         BEGIN
             FOREACH event.chain IN ARRAY ARRAY[0, 5]::smallint[] LOOP
                 event.prev_hash := access.audit_origin(event.chain);
                 FOR number IN 0..127 LOOP
                     event.seq := number + 1;
                     event.at := 'epoch'::timestamptz + (number - 5) * INTERVAL '3 days 1 microsecond';
                     event.actor := {};
                     event.patient_id := {};
                     event.on_behalf := {};
                     event.request_id := {};
                     event.reason := CASE WHEN number & 16 > 0 THEN repeat('a_', number % 30 + 1) END;
                     event.part := repeat('p', number % 40 + 1);
                     event.action := (ARRAY['read', 'break_glass'])[number % 2 + 1];
                     event.resource := (ARRAY['care.patient', 'care.wear/' || gen_random_uuid(), 'samples/spo2'])
                                       [number % 3 + 1];
                     event.outcome := (ARRAY['allowed', 'denied'])[number % 2 + 1];
                     event.hash := access.audit_digest(event);
                     INSERT INTO access.audit_event SELECT event.*;
                     event.prev_hash := event.hash;
                 END LOOP;
             END LOOP;
         END $$",
        key(1),
        key(2),
        key(4),
        key(8)
    );
    shipping.tamper(&events).await;
    let report = verify(&mut Auditor::on(&mut shipping.network.sql), &[], &[]).await.unwrap();
    assert_eq!((report.events, report.findings), (256, vec![]));
    assert_eq!(
        shipping.network.rows("SELECT finding FROM access.verify_audit_chains('{}', '{}', '{}')").await,
        [""; 0]
    );
}

#[tokio::test]
async fn more_events_are_altered_than_anybody_reads_and_all_are_counted() {
    let mut shipping = Shipping::new().await;
    shipping
        .tamper(
            "INSERT INTO access.audit_event (chain, seq, at, part, action, resource, outcome, prev_hash, hash)
             SELECT 3, seq, now(), 'program', 'read', 'care.patient', 'allowed', sha256('a'), sha256('a')
             FROM generate_series(1, 1200) AS seq",
        )
        .await;
    let output = shipping.verb().args(["verify", "--json"]).output().unwrap();
    // Each is altered and forks, and the first does not follow.
    let counted = "\"findings_unlisted\":1401";
    assert!(!output.status.success() && all(&output).contains(counted), "{}", all(&output));
}

#[tokio::test]
async fn a_signal_ends_a_signer_that_waits_for_the_database() {
    let mut shipping = signed().await;
    let mut owner = shipping.network.connection().await;
    let mut holding = owner.begin().await.unwrap();
    holding.execute("LOCK TABLE access.audit_event IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let waiting = shipping.verb().args(["ship", "--every-s", "1"]).stdout(Stdio::null()).spawn().unwrap();
    let blocked = "SELECT count(*)::text FROM pg_stat_activity
                   WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let sql = &mut shipping.network;
    while sql.one(blocked).await == "0" {
        tokio::task::yield_now().await;
    }
    let pid = waiting.id().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    let waiting = RefCell::new(waiting);
    wait_until(TIMEOUT, "it has ended", async || waiting.borrow_mut().try_wait().unwrap().is_some()).await;
    assert!(waiting.borrow_mut().wait().unwrap().success());
    drop(holding);
    assert_eq!(shipping.lines().len(), 1);
}
