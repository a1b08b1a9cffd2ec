//! Bugs on purpose: with each of them (`src/faults`) the check of a promise goes red. Without it the same check is
//! green, under the promise's own name in `path`, `crash` and `points`.

use crate::support::daemon::FAULT_VARIABLE;
use crate::support::stack::{TestStack, Verdict};
use crate::{crash, path, points, revisions};

/// Fails unless the scenario says that its promise is broken.
async fn goes_red(bug: &str, scenario: impl AsyncFnOnce(&TestStack) -> Verdict) {
    let Some(stack) = TestStack::build(&[(FAULT_VARIABLE, bug)]).await else { return };
    let verdict = scenario(&stack).await;
    assert_broken(bug, &verdict);
}

fn assert_broken(bug: &str, verdict: &Verdict) {
    match verdict {
        Ok(()) => panic!("{bug} is injected, and the promise's check does not see it"),
        Err(broken) => println!("{bug}: {broken}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledgement_before_its_commit_is_seen() {
    goes_red("ack_before_commit", path::no_acknowledgement_before_the_commit).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_is_not_on_disk_is_seen() {
    if let Some(verdict) = crash::what_is_acknowledged_is_on_disk(&[(FAULT_VARIABLE, "asynchronous_commit")]).await {
        assert_broken("asynchronous_commit", &verdict);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_look_at_what_is_stored_is_seen() {
    goes_red("no_duplicate_check", path::repeated_messages_change_nothing).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lane_that_forgets_where_its_series_end_is_seen() {
    goes_red("forget_lasts", path::repeated_messages_change_nothing).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_word_that_comes_back_is_seen() {
    goes_red("repeat_superseded", revisions::an_older_word_stays_superseded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replaced_range_that_is_forgotten_is_seen() {
    goes_red("forget_replaced", revisions::what_is_replaced_stays_replaced).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledgement_of_another_connection_is_seen() {
    let verdict = points::no_acknowledgement_crosses_connections(&[(FAULT_VARIABLE, "stale_ack")]).await;
    assert_broken("stale_ack", &verdict);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledgement_around_a_failed_batch_is_seen() {
    goes_red("ack_around_failure", path::a_batch_that_failed_is_written_again).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_swallowed_error_of_the_quarantine_is_seen() {
    goes_red("swallow_quarantine_error", path::what_cannot_be_put_aside_waits).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_does_not_subscribe_is_seen() {
    if let Some(verdict) = crash::a_broker_that_forgot_is_subscribed_to(&[(FAULT_VARIABLE, "skip_resubscribe:2")]).await
    {
        assert_broken("skip_resubscribe", &verdict);
    }
}
