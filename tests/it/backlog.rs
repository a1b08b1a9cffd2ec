//! A long backlog from a broker that waits for no acknowledgement: it is drained, and memory stays in its bound.

use std::time::{Duration, Instant};

use healthtrack::mqtt::publisher::Publisher;
use sqlx::{Connection as _, PgConnection};

use crate::support::daemon::Daemon;
use crate::support::mosquitto::{Mosquitto, MosquittoOptions};
use crate::support::postgres::TestDatabase;

const MESSAGES: u64 = 20_000;
/// The least that the daemon takes.
const INFLIGHT_BYTES_MAX: u64 = 1_048_576;
/// What one read from a socket can add before the daemon looks: 64 KiB of these messages, each of which counts for
/// 528 bytes and its payload.
const ONE_READ_BYTES: u64 = 65_536 / 100 * (528 + 100);
const DEADLINE: Duration = Duration::from_secs(60);

/// Method: the budget holds some 1,700 of these messages, and a batch is never full or old before that, so the daemon
/// must stop reading and press its lanes out many times over; were either left out, the backlog would outlast its
/// deadline or the bound.
#[tokio::test(flavor = "multi_thread")]
async fn a_backlog_is_drained_in_time_and_within_the_bytes_in_flight() {
    let Some(mosquitto) = Mosquitto::start(&MosquittoOptions::default()) else { return };
    let database = TestDatabase::migrated().await;
    let bytes_max = INFLIGHT_BYTES_MAX.to_string();
    let keys = [("INGEST__INFLIGHT_BYTES_MAX", bytes_max.as_str()), ("INGEST__BATCH_AGE_MS", "10000")];
    let mut daemon = Daemon::start(database.url(), &mosquitto.url(), &keys).await;
    assert!(daemon.stop().0, "it stops well and leaves its session at the broker");
    let publisher = Publisher::connect(&mosquitto.url().parse().unwrap(), "test", 5_000).await.unwrap();
    for id in 0..MESSAGES {
        let at = 1_795_428_000_000 + id / 8 * 1_000;
        let payload = format!(r#"{{"v":1,"series":[{{"metric":"heart_rate","times":[{at}],"values":[61]}}]}}"#);
        publisher.publish(format!("ht/1/main/hub-{}/batch", id % 8), payload).await.unwrap();
    }
    let begun = Instant::now();
    daemon.restart();
    daemon.wait_ready().await;
    let mut in_flight_max = 0_f64;
    loop {
        let acknowledged = daemon.metric("healthtrack_mqtt_acks_total");
        in_flight_max = in_flight_max.max(daemon.metric("healthtrack_ingest_in_flight_bytes"));
        if acknowledged >= MESSAGES as f64 {
            break;
        }
        assert!(begun.elapsed() < DEADLINE, "only {acknowledged} of {MESSAGES} were acknowledged: {}", daemon.log());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let bound = INFLIGHT_BYTES_MAX + ONE_READ_BYTES;
    assert!(in_flight_max <= bound as f64, "{in_flight_max} bytes were in flight, {bound} may be");
    assert!(daemon.metric("healthtrack_mqtt_pauses_total") > 0.0, "it stopped reading at least once");
    let mut connection = PgConnection::connect(database.url()).await.unwrap();
    let stored: i64 =
        sqlx::query_scalar("SELECT count(*) FROM signal.sample").fetch_one(&mut connection).await.unwrap();
    assert_eq!(stored, i64::try_from(MESSAGES).unwrap());
    println!("{MESSAGES} messages in {:?}, {in_flight_max} bytes in flight at most", begun.elapsed());
}
