//! The database forgets: it is restored from a dump, cloned, and failed over to a standby that lacks its last
//! transactions. What was acknowledged after that is there, and nothing lies where it does not belong.

use std::path::Path;
use std::process::Command;

use super::stack::{Database, Setup, TIMEOUT, TestStack};
use crate::support::proxy::now_us;
use crate::support::wait::wait_until;

/// Without contradictions: one whose first message is lost is believed.
const MIX_WITHOUT_CONFLICT: &str = "repeat=3,late=4,broken=1";
const FORGOTTEN: &str = "healthtrack_store_forgotten_total";

impl TestStack {
    async fn wait_forgotten(&self, times: f64) {
        wait_until(TIMEOUT, "the daemon has noticed", || async { self.daemon.try_metric(FORGOTTEN) >= Some(times) })
            .await;
        self.daemon.wait_ready().await;
    }

    /// Waits until the daemon has noticed that the database is gone, and says when: what was committed before is
    /// acknowledged by then, and nothing can be committed until the database is back.
    async fn wait_gone(&self) -> i64 {
        wait_until(TIMEOUT, "the daemon says that it is not ready", || async { !self.daemon.is_ready() }).await;
        now_us()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_restored_from_a_dump_keeps_all_that_is_acknowledged_from_then_on() {
    let keys = vec![("INGEST__LANES", "4".to_owned())];
    let Some(mut stack) = TestStack::build(Setup { keys, ..Setup::new(31) }).await else { return };
    // Before any device is known, so that all that is learnt of them is of the history that goes.
    let dumped = now_us();
    let Database::Shared(database) = &stack.database else { panic!("the database is on the shared server") };
    let dump = database.copy().await;
    stack.note("the database is dumped");
    stack.load(2_400, 200, MIX_WITHOUT_CONFLICT);
    stack.wait_for_more(600).await;
    let Database::Shared(database) = &stack.database else { panic!("the database is on the shared server") };
    database.close().await;
    database.trade_places(&dump).await;
    let restored = stack.wait_gone().await;
    database.open().await;
    stack.note("the dump is restored");
    stack.rules.forgotten = Some((dumped, restored));
    stack.wait_forgotten(1.0).await;
    stack.judge().await.must_hold();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clone_in_the_place_of_the_database_loses_nothing() {
    let Some(mut stack) = TestStack::build(Setup::new(32)).await else { return };
    stack.load(4_000, 200, MIX_WITHOUT_CONFLICT);
    for times in [1.0, 2.0] {
        stack.wait_for_more(200).await;
        let Database::Shared(database) = &stack.database else { panic!("the database is on the shared server") };
        database.close().await;
        let clone = database.copy_closed().await;
        database.restore(&clone).await;
        stack.note("a clone takes the place of the database");
        stack.wait_forgotten(times).await;
    }
    stack.judge().await.must_hold();
}

fn run(program: &str, arguments: &[&Path]) {
    let status = Command::new(program).args(["-a", "--"]).args(arguments).status().unwrap();
    assert!(status.success(), "{program} {arguments:?}");
}

/// Method: the server's files as they were a while ago are what a standby has that lags behind.
#[tokio::test(flavor = "multi_thread")]
async fn a_failover_to_a_stale_standby_keeps_all_that_is_acknowledged_from_then_on() {
    let Some(mut stack) = TestStack::build(Setup { own_postgres: Some(&[]), ..Setup::new(33) }).await else { return };
    let Database::Own(postgres) = &stack.database else { panic!("the server is the test's own") };
    let cluster = postgres.log().parent().unwrap().join("cluster");
    let standby = cluster.with_file_name("standby");
    let lags = now_us();
    postgres.kill_hard().await.unwrap();
    run("cp", &[&cluster, &standby]);
    postgres.restart().await.unwrap();
    stack.note("from here on the standby lags");
    stack.load(2_400, 200, MIX_WITHOUT_CONFLICT);
    stack.wait_for_more(600).await;
    let Database::Own(postgres) = &stack.database else { panic!("the server is the test's own") };
    postgres.kill_hard().await.unwrap();
    std::fs::rename(&cluster, cluster.with_file_name("gone")).unwrap();
    std::fs::rename(&standby, &cluster).unwrap();
    let failed_over = stack.wait_gone().await;
    postgres.restart().await.unwrap();
    stack.note("the standby takes over");
    stack.rules.forgotten = Some((lags, failed_over));
    stack.wait_forgotten(1.0).await;
    stack.judge().await.must_hold();
}
