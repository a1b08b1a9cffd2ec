//! Totals that are sent again and again: what a further word costs does not grow with the words that were said before.

use crate::support::daemon::TIMEOUT;
use crate::support::stack::TestStack;
use crate::support::wait::wait_until;

const TOPIC: &str = "ht/1/main/ring/batch";
/// Words of one start.
const WORDS: u32 = 200;
/// Rows of what was superseded that were read in it, and rows that were written.
const READ: &str =
    "SELECT coalesce(seq_tup_read, 0) + coalesce((SELECT sum(idx_tup_read) FROM pg_stat_user_indexes AS i
        WHERE i.relid = t.relid), 0) AS read, n_tup_ins AS written
    FROM pg_stat_user_tables AS t WHERE relname = 'superseded_value'";

/// A total of one day until a second of it, with so many steps.
fn total(second: u32, steps: u32) -> String {
    let start = 1_795_305_600_000_u64;
    let end = start + u64::from(second) * 1_000;
    let series = format!(r#"{{"metric":"step_count","times":[{start}],"ends":[{end}],"values":[{steps}]}}"#);
    format!(r#"{{"v":1,"series":[{series}]}}"#)
}

/// Publishes each of them when the one before is acknowledged, so that each is weighed by itself.
async fn publish(stack: &TestStack, messages: impl Iterator<Item = String>) {
    let mut acks = stack.acks() as u32;
    for message in messages {
        stack.publish(TOPIC, message).await;
        acks += 1;
        stack.acknowledged(acks).await;
    }
}

/// Method: Postgres counts the rows that it reads of the table. A session tells its counts when it ends.
#[tokio::test(flavor = "multi_thread")]
async fn of_what_was_said_before_only_what_decides_is_read() {
    let Some(mut stack) = TestStack::build(&[("COMPACTION__ENABLED", "false")]).await else { return };
    // What the planner believes does not change meanwhile.
    stack.execute("ALTER TABLE signal.superseded_value SET (autovacuum_enabled = false)").await;
    publish(&stack, (1..=WORDS).map(|second| total(second, second * 2))).await;
    // The value of one word with the span of another is something new; what was said before is not.
    publish(&stack, [total(1, 2), total(WORDS / 2, WORDS), total(1, 4)].into_iter()).await;
    assert_eq!(stack.daemon.outcomes(), [u64::from(WORDS) + 1, 2, 0, 0]);
    let standing = stack.rows("SELECT end_at - start_at, value FROM signal.sample").await;
    assert_eq!(standing, ["(00:00:01,4)"]);
    stack.daemon.kill();
    let written = format!("SELECT read FROM ({READ}) AS counted WHERE written = {WORDS}");
    wait_until(TIMEOUT, "the session has told its counts", || async { !stack.rows(&written).await.is_empty() }).await;
    let read: u32 = stack.rows(&written).await[0].trim_matches(['(', ')']).parse().unwrap();
    assert!((WORDS..=5 * WORDS).contains(&read), "{read} rows were read for {WORDS} words");
}
