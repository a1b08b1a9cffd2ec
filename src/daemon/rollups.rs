//! Rollups are closed while time goes on, and again where something has changed.
//!
//! # Why
//! Answers are exact whenever this runs, and fast where it has run (`signal.rollup`). What comes as it is measured is
//! there within minutes, so what is half an hour old is closed: closed sooner, each hub that was out of reach for a
//! while would have the day of its series made anew. Each step is a transaction of a second or less, for which a roll
//! and an erasure wait; between two, the database has as much time for others. Where several shards have daemons, one
//! works.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::PgConnection;
use tokio::time::sleep;

use crate::context::Context;
use crate::ingest::State;
use crate::model::time::SECOND_US;
use crate::store::StoreError;
use crate::store::pool::within;
use crate::store::rollup::{Closed, close};
use crate::telemetry::chain;

/// How old a sample is when what it belongs to is closed.
const CLOSED_AFTER_US: i64 = 1_800 * SECOND_US;
/// How often is looked.
const EVERY: Duration = Duration::from_secs(30);
/// Days of series that a step makes anew: at first as many as take a second with a value a second in each, and more or
/// fewer by how long the step before has taken.
const STEP_DAYS: i32 = 32;
const STEP_DAYS_MAX: i32 = 8_192;
const STEP_SHORT: Duration = Duration::from_millis(250);
const STEP_LONG: Duration = Duration::from_millis(1_000);
/// Longer than any step on a busy machine, and shorter than for ever.
const STEP_TIMEOUT: Duration = Duration::from_secs(600);

/// Closes what is over, while the daemon owns its shard.
pub(super) async fn run(context: Context, state: Arc<State>) {
    state.ownership().await;
    let context = context.without_statement_timeout();
    let mut connection = None;
    loop {
        match catch_up(&context, &mut connection).await {
            Ok(closed) => tracing::debug!(rollup.closed = ?closed, "rollups are closed"),
            Err(error) => {
                connection = None;
                tracing::warn!("rollups could not be closed, trying again: {}", chain(&error));
            }
        }
        sleep(EVERY).await;
    }
}

/// Steps until nothing is left, or somebody else is at it.
async fn catch_up(context: &Context, connection: &mut Option<PgConnection>) -> Result<Option<Closed>, StoreError> {
    let connection = match connection {
        Some(connection) => connection,
        None => connection.insert(context.connector.connect().await?),
    };
    let mut days = STEP_DAYS;
    loop {
        let began = Instant::now();
        let before = context.clock.now().plus_micros(-CLOSED_AFTER_US);
        let closed = within(STEP_TIMEOUT, "closing rollups", close(connection, before, days)).await?;
        days = next_days(days, began.elapsed());
        match closed {
            Some(Closed { is_done: false, .. }) => sleep(began.elapsed()).await,
            closed => return Ok(closed),
        }
    }
}

/// How many days the next step takes.
fn next_days(days: i32, took: Duration) -> i32 {
    match took {
        took if took < STEP_SHORT => days.saturating_mul(2).min(STEP_DAYS_MAX),
        took if took > STEP_LONG => (days / 2).max(1),
        _ => days,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_grow_while_they_are_short_and_shrink_where_they_are_long() {
        let next = |days, ms| next_days(days, Duration::from_millis(ms));
        assert_eq!(
            [next(32, 10), next(STEP_DAYS_MAX, 10), next(32, 500), next(32, 2_000), next(1, 2_000)],
            [64, STEP_DAYS_MAX, 32, 16, 1]
        );
    }
}
