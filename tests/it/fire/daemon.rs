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
    let Some(mut house) = TestStack::build(Setup { keys, ..Setup::new(12) }).await else { return };
    house.rules.is_calm = true;
    house.load(1_000, 500, MIX);
    house.judge().await.must_hold();
}

/// Method: the proxy stops the wire in the middle of a COPY, after a COMMIT whose answer it keeps, and after the fifth
/// of many PUBACKs; there the daemon is killed. At last it is told to stop.
#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_is_killed_between_any_two_steps_loses_nothing_and_doubles_nothing() {
    let setup = Setup { keys: vec![("INGEST__LANES", "1".to_owned())], ..Setup::new(1) };
    let Some(mut house) = TestStack::build(setup).await else { return };
    house.rules.demands = vec![Demand::Duplicate, Demand::CutInBatch, Demand::CutInCommit];
    house.load(2_000, 200, MIX);
    house.wait_for_more(200).await;

    house.trap(Point::CopyBytes(300), Then::Hold, "a COPY stops in its middle").await;
    house.kill_daemon();
    house.restart_daemon().await;

    house.wait_for_more(100).await;
    house.trap(Point::Commit, Then::Hold, "a COMMIT gets no answer").await;
    wait_until(TIMEOUT, "the lane's transaction is committed", || async { is_committed(&house).await }).await;
    house.kill_daemon();
    house.restart_daemon().await;

    house.wait_for_more(100).await;
    house.trap(Point::Pubacks(5), Then::Hold, "five PUBACKs pass and the next do not").await;
    house.kill_daemon();
    house.restart_daemon().await;

    house.wait_for_more(100).await;
    house.remember_duplicates();
    let (well, took) = house.daemon.stop();
    house.note(format!("told to stop, the daemon ends after {took:.1?}"));
    assert!(well && took < Duration::from_secs(10), "ended {well} after {took:?}: {}", house.daemon.log());
    house.restart_daemon().await;
    house.judge().await.must_hold();
}

/// The only lane's connection has run COMMIT and waits for what comes next.
async fn is_committed(house: &TestStack) -> bool {
    let query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle'
                 AND application_name = 'healthtrack' AND query = 'COMMIT'";
    house.ask(query).await > 0
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_sleeps_past_its_keep_alive_acknowledges_nothing_of_its_old_connection() {
    let Some(mut house) = TestStack::build(Setup::new(2)).await else { return };
    house.load(1_000, 200, MIX);
    house.wait_for_more(200).await;
    house.daemon.signal("STOP");
    house.note("the daemon sleeps");
    wait_until(TIMEOUT, "the broker gives the daemon up", || async {
        house.mosquitto.log().contains("has exceeded timeout")
    })
    .await;
    house.daemon.signal("CONT");
    house.note("the daemon wakes");
    let connections = house.broker_side.connections();
    wait_until(TIMEOUT, "the daemon connects anew", || async { house.broker_side.connections() > connections }).await;
    house.judge().await.must_hold();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_daemons_on_one_shard_one_works_and_the_other_takes_over_within_five_seconds() {
    let Some(mut house) = TestStack::build(Setup::new(3)).await else { return };
    house.rules.demands = vec![Demand::CutInBatch];
    let rival = house.rival();
    wait_until(TIMEOUT, "the rival stands by", || async { rival.readiness().contains("ready: standby") }).await;
    house.load(1_600, 200, MIX);
    house.wait_for_more(200).await;
    let connects = rival.metric("healthtrack_mqtt_connects_total");
    assert_eq!(connects, 0.0, "a standby that connects takes the owner's session away");
    house.trap(Point::CopyBytes(200), Then::Hold, "a COPY stops in its middle").await;
    house.kill_daemon();
    let killed = Instant::now();
    wait_until(TIMEOUT, "the rival owns the shard", || async { rival.readiness().contains("ready: owner") }).await;
    let took = killed.elapsed();
    house.note(format!("the rival took over after {took:.1?}"));
    assert!(took < Duration::from_secs(5), "taking over took {took:?}");
    let mut killed = std::mem::replace(&mut house.daemon, rival);
    killed.restart();
    wait_until(TIMEOUT, "the killed one stands by", || async { killed.readiness().contains("ready: standby") }).await;
    let verdict = house.judge().await;
    assert!(killed.is_alive());
    verdict.must_hold();
}

/// Method: only the owner's way to the database is cut. Its standby takes over, and must have the session to itself,
/// though the owner lives and reaches the broker.
#[tokio::test(flavor = "multi_thread")]
async fn an_owner_that_loses_only_its_database_leaves_the_broker_to_its_successor() {
    let Some(mut house) = TestStack::build(Setup::new(14)).await else { return };
    let mut rival = house.rival_of_sound_database();
    wait_until(TIMEOUT, "the rival stands by", || async { rival.readiness().contains("ready: standby") }).await;
    house.load(3_000, 200, MIX);
    house.wait_for_more(200).await;
    house.database_side.set(Weather { refuses: true, ..Weather::default() });
    house.database_side.reset();
    house.note("the owner loses its database");
    wait_until(TIMEOUT, "the rival owns the shard", || async { rival.readiness().contains("ready: owner") }).await;
    house.note("the rival owns the shard");
    std::mem::swap(&mut house.daemon, &mut rival);
    let mut former = rival;
    wait_until(TIMEOUT, "the former owner says why it is not ready", || async {
        former.readiness().contains("the shard cannot be proved to be held")
    })
    .await;
    house.wait_for_more(1_000).await;
    assert_eq!(house.daemon.metric("healthtrack_mqtt_connects_total"), 1.0, "{}", house.daemon.log());
    assert!(house.daemon.is_ready() && former.is_alive(), "{}", house.daemon.readiness());
    house.heal();
    let ended = former.wait_ended(TIMEOUT).await;
    assert!(!ended.success(), "{}", former.log());
    house.judge().await.must_hold();
}
