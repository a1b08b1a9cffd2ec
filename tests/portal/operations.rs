//! What an operator watches: how the daemon fares, and what to do.

use std::sync::Arc;

use axum::http::StatusCode;
use healthtrack::ingest::{Asker, Role, State};
use healthtrack::telemetry::{Tally, Telemetry};

use crate::house::House;

#[tokio::test]
async fn an_operator_sees_how_the_daemon_fares_and_what_to_do() {
    let mut house = House::new().await;
    let operator = house.network.account("operator", None).await;
    let operator = house.signed_in(operator).await;
    let alone = operator.get("/operations").await;
    assert!(alone.body.contains("no daemon connected"), "{}", alone.body);
    let (telemetry, state) = (Arc::new(Telemetry::new().unwrap()), Arc::new(State::default()));
    house.portal.watch(Arc::clone(&telemetry), Arc::clone(&state));
    let before = operator.get("/operations").await;
    for said in ["Not ready", "the database does not answer", "What to do:", "healthtrack doctor"] {
        assert!(before.body.contains(said), "{said}: {}", before.body);
    }
    state.database_works(Asker::Shard);
    state.take_role(Role::Standby);
    telemetry.receive(1_200);
    telemetry.settle(1_200, Tally { stored: 1_190, quarantined: 10, ..Tally::default() });
    telemetry.arrival_to_commit.record(0.02);
    let well = operator.get("/operations").await;
    assert!(well.body.contains("Ready"), "{}", well.body);
    // All but what a server of tests does not do.
    let unwell: Vec<&str> = well.body.split("is-unwell").skip(1).collect();
    assert!(
        unwell.len() == 1 && unwell[0].contains("No backup to the minute") && unwell[0].contains("deploy/backup.md"),
        "{}",
        well.body
    );
    assert!(well.body.contains("Shard: standby") && well.body.contains("<td>1,190</td>"), "{}", well.body);
    assert!(well.body.contains("≤ 0.025 s"), "{}", well.body);
    telemetry.quarantine.open_rows.set(3.0);
    let open = operator.get("/operations").await;
    assert!(
        open.body.contains("3 rejections open") && open.body.contains("healthtrack quarantine list"),
        "{}",
        open.body
    );
}

#[tokio::test]
async fn a_page_that_refreshes_itself_does_not_use_the_session() {
    let mut house = House::new().await;
    let operator = house.network.account("operator", None).await;
    let operator = house.signed_in(operator).await;
    house.network.run("UPDATE access.session SET seen_at = now() - INTERVAL '10 minutes'").await;
    let seen = "SELECT (seen_at < now() - INTERVAL '9 minutes')::text FROM access.session";
    let refreshed = operator.ask("GET", "/operations", &[("x-refresh", "1")], &[]).await;
    assert_eq!((refreshed.status, house.network.one(seen).await.as_str()), (StatusCode::OK, "true"));
    operator.get("/operations").await;
    assert_eq!(house.network.one(seen).await, "false");
}
