//! Daily values that are dated ahead of now: they wait in quarantine, and are stored by themselves when their time has
//! come; what no zone explains does not.

use healthtrack::model::time::{Clock as _, SystemClock};

use crate::support::daemon::TIMEOUT;
use crate::support::stack::TestStack;
use crate::support::wait::wait_until;

const HOUR_MS: i64 = 3_600_000;
/// What is in quarantine, and whether it waits.
const KEPT: &str = "SELECT split_part(topic, '/', 4), reason, due_at IS NOT NULL AS waits, resolved_by, tries
                    FROM signal.quarantine ORDER BY topic, reason";
/// The time of what waits is over.
const LET_TIME_PASS: &str = "UPDATE signal.quarantine_rejection SET due_at = now() - INTERVAL '1 second',
                                                                    retried_at = retried_at - INTERVAL '1 day'
                             WHERE due_at IS NOT NULL";

fn message(series: &str) -> String {
    format!(r#"{{"v":1,"series":[{series}]}}"#)
}

async fn wait_for(stack: &TestStack, kept: &[&str]) {
    wait_until(TIMEOUT, "quarantine is as it should be", || async { stack.rows(KEPT).await == kept }).await;
}

/// Method: the daemon believes the system's clock, so what is due is moved into the past, and a daemon that takes what
/// lies ten hours ahead stands for one some hours later.
#[tokio::test(flavor = "multi_thread")]
async fn a_daily_value_that_is_dated_ahead_is_stored_when_its_time_has_come_and_nothing_else_is() {
    let Some(mut stack) = TestStack::build(&[]).await else { return };
    let now = SystemClock.now().micros() / 1_000;
    let daily = |hours: i64| {
        let start = now + hours * HOUR_MS;
        message(&format!(r#"{{"metric":"resting_heart_rate","times":[{start}],"values":[52]}}"#))
    };
    let (start, end) = (now + 5 * HOUR_MS, now + 29 * HOUR_MS);
    let total = format!(r#"{{"metric":"step_count","times":[{start}],"ends":[{end}],"values":[7300]}}"#);
    let instant = format!(r#"{{"metric":"heart_rate","times":[{start}],"values":[61]}}"#);
    for (device, message) in
        [("kiritimati", daily(9)), ("wrong-clock", daily(40)), ("steps", message(&total)), ("pulse", message(&instant))]
    {
        stack.publish(&format!("ht/1/main/{device}/batch"), message).await;
    }
    stack.acknowledged(4).await;
    let waiting = [
        "(kiritimati,future_time,t,,0)",
        "(pulse,future_time,f,,0)",
        "(steps,future_time,t,,0)",
        "(wrong-clock,future_time,f,,0)",
    ];
    wait_for(&stack, &waiting).await;
    let says = stack.rows("SELECT detail FROM signal.quarantine WHERE topic LIKE '%kiritimati%'").await;
    assert!(says[0].contains("a day's value waits here until its time has come"), "{says:?}");

    // One whose time has not come after all is refused once more, and waits on.
    stack.daemon.kill();
    stack.execute(LET_TIME_PASS).await;
    stack.daemon.restart();
    stack.daemon.wait_ready().await;
    let tried = waiting.map(|row| if row.contains(",t,") { row.replace(",0)", ",1)") } else { row.to_owned() });
    let tried: Vec<&str> = tried.iter().map(String::as_str).collect();
    wait_for(&stack, &tried).await;
    let twice = "SELECT times_received FROM signal.quarantine WHERE due_at > now() AND retried_at IS NOT NULL";
    wait_until(TIMEOUT, "both are refused again", || async { stack.rows(twice).await == ["(2)", "(2)"] }).await;

    stack.daemon.kill();
    stack.execute(LET_TIME_PASS).await;
    stack.daemon.set("INGEST__FUTURE_MAX_S", "36000");
    stack.daemon.restart();
    stack.daemon.wait_ready().await;
    let settled = [
        "(kiritimati,future_time,f,healthtrack,2)",
        "(pulse,future_time,f,,0)",
        "(steps,future_time,f,healthtrack,2)",
        "(wrong-clock,future_time,f,,0)",
    ];
    wait_for(&stack, &settled).await;
    let stored = "SELECT device_id, metric, value FROM signal.sample ORDER BY device_id";
    let both = ["(kiritimati,resting_heart_rate,52)", "(steps,step_count,7300)"];
    wait_until(TIMEOUT, "both are stored", || async { stack.rows(stored).await == both }).await;
}
