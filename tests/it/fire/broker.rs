//! The broker: it restarts, is killed, and lets the daemon's session expire.

use std::time::Duration;

use super::stack::{MIX, Setup, TIMEOUT, TestStack};
use crate::support::proxy::Weather;
use crate::support::wait::wait_until;

const AWAY: Weather =
    Weather { silent: false, refuses: true, delay: None, bytes_per_s: None, slices: false, flip_every_bytes: None };

#[tokio::test(flavor = "multi_thread")]
async fn what_is_published_after_a_brokers_restart_and_before_the_daemon_is_back_arrives() {
    let Some(mut stack) = TestStack::build(Setup::new(7)).await else { return };
    stack.load(1_600, 200, MIX);
    for _ in 0..2 {
        stack.wait_for_more(150).await;
        stack.broker_side.set(AWAY);
        stack.mosquitto.stop();
        stack.note("the broker is stopped");
        stack.mosquitto.restart();
        stack.note("the broker runs again, and the daemon cannot reach it");
        stack.wait_for_more(100).await;
        stack.heal();
        stack.daemon.wait_ready().await;
        stack.note("the daemon is subscribed again");
    }
    stack.judge().await.must_hold();
}

/// Method: the broker writes its sessions down and is killed later, so it forgets what came in between; then the daemon
/// stays away for longer than its session lives. What the daemon had acknowledged must be kept all the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_forgets_loses_only_what_the_daemon_never_acknowledged() {
    let setup = Setup { keys: vec![("MQTT__SESSION_EXPIRY_S", "2".to_owned())], ..Setup::new(8) };
    let Some(mut stack) = TestStack::build(setup).await else { return };
    stack.rules.broker_may_lose = true;
    stack.load(2_000, 200, MIX);
    stack.wait_for_more(150).await;
    stack.mosquitto.save();
    stack.note("the broker writes its sessions down");
    stack.wait_for_more(50).await;
    stack.mosquitto.kill();
    stack.note("the broker is killed");
    stack.mosquitto.restart();
    stack.daemon.wait_ready().await;
    stack.note("the daemon is subscribed again");
    stack.wait_for_more(100).await;

    let lost = || stack.daemon.metric("healthtrack_mqtt_sessions_lost_total");
    let lost_before = lost();
    stack.broker_side.set(AWAY);
    stack.broker_side.reset();
    let expired = || stack.mosquitto.log().contains("Expiring client healthtrack-main due to timeout");
    wait_until(TIMEOUT, "the session expires", || std::future::ready(expired())).await;
    stack.note("the session has expired");
    stack.heal();
    stack.daemon.wait_ready().await;
    let lost = stack.daemon.metric("healthtrack_mqtt_sessions_lost_total");
    assert!(lost > lost_before, "a lost session is counted: {lost}");
    let before = stack.daemon.metric("healthtrack_mqtt_messages_total");
    wait_until(Duration::from_secs(10), "messages come over the new subscription", || async {
        stack.daemon.metric("healthtrack_mqtt_messages_total") > before
    })
    .await;
    let verdict = stack.judge().await;
    verdict.must_hold();
    assert!(verdict.lost_by_broker > 0, "nothing was lost, so the session did not expire under load: {verdict}");
}

/// Method: while messages come, the daemon starts again with fewer connections, with other filters and with another
/// client id, each time after messages have queued up in the sessions that it leaves.
#[tokio::test(flavor = "multi_thread")]
async fn sessions_that_a_change_of_the_configuration_leaves_lose_nothing() {
    let filters = ["ht/1/main/load-0/+", "ht/1/main/load-1/+", "ht/1/main/+/batch"].join(",");
    let keys = vec![("MQTT__CONNECTIONS", "3".to_owned()), ("MQTT__FILTERS", filters)];
    let Some(mut stack) = TestStack::build(Setup { keys, ..Setup::new(15) }).await else { return };
    stack.load(6_000, 200, "repeat=3,late=3,broken=1");
    for (key, value) in [
        ("MQTT__CONNECTIONS", "1"),
        ("MQTT__FILTERS", "ht/1/main/+/+"),
        ("MQTT__CLIENT_ID", "another"),
        ("MQTT__CLIENT_ID", "a-third"),
    ] {
        stack.wait_for_more(150).await;
        stack.kill_daemon();
        stack.wait_for_more(200).await;
        stack.daemon.set(key, value);
        stack.note(format!("{key} is {value} from now on"));
        stack.restart_daemon().await;
    }
    let open = "SELECT count(*) FROM signal.mqtt_session WHERE ended_at IS NULL";
    wait_until(TIMEOUT, "all other sessions are drained", || async { stack.ask(open).await == 1 }).await;
    stack.judge().await.must_hold();
}
