//! The daemon itself: killed between any two steps, put to sleep, told to stop, and with a rival.

use std::time::{Duration, Instant};

use super::stack::{MIX, Setup, TIMEOUT, TestStack};
use crate::support::judge::Demand;
use crate::support::proxy::{Point, Then, Weather};
use crate::support::wait::wait_until;

/// The measure of all others: without a fault the daemon's own counts equal what was injected.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_without_faults_is_counted_to_the_sample() {
    let patient = [("MQTT__KEEP_ALIVE_S", "30"), ("STORE__STATEMENT_TIMEOUT_MS", "30000")];
    let keys = patient.map(|(key, value)| (key, value.to_owned())).to_vec();
    let Some(mut stack) = TestStack::build(Setup { keys, ..Setup::new(12) }).await else { return };
    stack.rules.is_calm = true;
    stack.load(1_000, 500, MIX);
    stack.judge().await.must_hold();
}

/// Method: the proxy stops the wire in the middle of a COPY, after a COMMIT whose answer it keeps, and after the fifth
/// of many PUBACKs; there the daemon is killed. At last it is told to stop.
#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_is_killed_between_any_two_steps_loses_nothing_and_doubles_nothing() {
    let setup = Setup { keys: vec![("INGEST__LANES", "1".to_owned())], ..Setup::new(1) };
    let Some(mut stack) = TestStack::build(setup).await else { return };
    stack.rules.demands = vec![Demand::Duplicate, Demand::CutInBatch, Demand::CutInCommit];
    stack.load(2_000, 200, MIX);
    stack.wait_for_more(200).await;

    stack.trap(Point::CopyBytes(300), Then::Hold, "a COPY stops in its middle").await;
    stack.kill_daemon();
    stack.restart_daemon().await;

    stack.wait_for_more(100).await;
    stack.trap(Point::Commit, Then::Hold, "a COMMIT gets no answer").await;
    wait_until(TIMEOUT, "the lane's transaction is committed", || async { is_committed(&stack).await }).await;
    stack.kill_daemon();
    stack.restart_daemon().await;

    stack.wait_for_more(100).await;
    stack.trap(Point::Pubacks(5), Then::Hold, "five PUBACKs pass and the next do not").await;
    stack.kill_daemon();
    stack.restart_daemon().await;

    stack.wait_for_more(100).await;
    stack.remember_duplicates();
    let (well, took) = stack.daemon.stop();
    stack.note(format!("told to stop, the daemon ends after {took:.1?}"));
    assert!(well && took < Duration::from_secs(10), "ended {well} after {took:?}: {}", stack.daemon.log());
    stack.restart_daemon().await;
    stack.judge().await.must_hold();
}

/// The only lane's connection has run COMMIT and waits for what comes next.
async fn is_committed(stack: &TestStack) -> bool {
    let query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle'
                 AND application_name = 'healthtrack' AND query = 'COMMIT'";
    stack.ask(query).await > 0
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_sleeps_past_its_keep_alive_acknowledges_nothing_of_its_old_connection() {
    let Some(mut stack) = TestStack::build(Setup::new(2)).await else { return };
    stack.load(1_000, 200, MIX);
    stack.wait_for_more(200).await;
    stack.daemon.signal("STOP");
    stack.note("the daemon sleeps");
    wait_until(TIMEOUT, "the broker gives the daemon up", || async {
        stack.mosquitto.log().contains("has exceeded timeout")
    })
    .await;
    // Asked for while it sleeps: it may connect as soon as it wakes.
    let connections = stack.broker_side.connections();
    stack.daemon.signal("CONT");
    stack.note("the daemon wakes");
    wait_until(TIMEOUT, "the daemon connects anew", || async { stack.broker_side.connections() > connections }).await;
    stack.judge().await.must_hold();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_daemons_on_one_shard_one_works_and_the_other_takes_over_within_five_seconds() {
    let Some(mut stack) = TestStack::build(Setup::new(3)).await else { return };
    stack.rules.demands = vec![Demand::CutInBatch];
    let rival = stack.rival();
    wait_until(TIMEOUT, "the rival stands by", || async { rival.readiness().contains("ready: standby") }).await;
    stack.load(1_600, 200, MIX);
    stack.wait_for_more(200).await;
    let connects = rival.metric("healthtrack_mqtt_connects_total");
    assert_eq!(connects, 0.0, "a standby that connects takes the owner's session away");
    stack.trap(Point::CopyBytes(200), Then::Hold, "a COPY stops in its middle").await;
    stack.kill_daemon();
    let killed = Instant::now();
    wait_until(TIMEOUT, "the rival owns the shard", || async { rival.readiness().contains("ready: owner") }).await;
    let took = killed.elapsed();
    stack.note(format!("the rival took over after {took:.1?}"));
    assert!(took < Duration::from_secs(5), "taking over took {took:?}");
    let mut killed = std::mem::replace(&mut stack.daemon, rival);
    killed.restart();
    wait_until(TIMEOUT, "the killed one stands by", || async { killed.readiness().contains("ready: standby") }).await;
    let verdict = stack.judge().await;
    assert!(killed.is_alive());
    verdict.must_hold();
}

/// Method: only the owner's way to the database is cut. Its standby takes over, and must have the session to itself,
/// though the owner lives and reaches the broker.
#[tokio::test(flavor = "multi_thread")]
async fn an_owner_that_loses_only_its_database_leaves_the_broker_to_its_successor() {
    let Some(mut stack) = TestStack::build(Setup::new(14)).await else { return };
    let mut rival = stack.rival_of_sound_database();
    wait_until(TIMEOUT, "the rival stands by", || async { rival.readiness().contains("ready: standby") }).await;
    stack.load(3_000, 200, MIX);
    stack.wait_for_more(200).await;
    stack.database_side.set(Weather { refuses: true, ..Weather::default() });
    stack.database_side.reset();
    stack.note("the owner loses its database");
    wait_until(TIMEOUT, "the rival owns the shard", || async { rival.readiness().contains("ready: owner") }).await;
    stack.note("the rival owns the shard");
    std::mem::swap(&mut stack.daemon, &mut rival);
    let mut former = rival;
    wait_until(TIMEOUT, "the former owner says why it is not ready", || async {
        former.readiness().contains("the shard cannot be proved to be held")
    })
    .await;
    stack.wait_for_more(1_000).await;
    assert_eq!(stack.daemon.metric("healthtrack_mqtt_connects_total"), 1.0, "{}", stack.daemon.log());
    assert!(stack.daemon.is_ready() && former.is_alive(), "{}", stack.daemon.readiness());
    stack.heal();
    let ended = former.wait_ended(TIMEOUT).await;
    assert!(!ended.success(), "{}", former.log());
    stack.judge().await.must_hold();
}
