//! Send: each device's messages on one connection, in order, each when it is due.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use indicatif::ProgressBar;
use tokio::time::{Instant, sleep_until};
use url::Url;

use super::recording::{Piece, Recording};
use super::speed::Speed;
use crate::commands::report::bar;
use crate::mqtt::publisher::{Counts, Publisher};

/// Unacknowledged messages on each connection; 20 kB each at most.
const INFLIGHT: usize = 256;
/// How long to wait for the last acknowledgements.
const GRACE: Duration = Duration::from_secs(60);

/// Where to, and how.
#[derive(Clone, Debug)]
pub(super) struct SendOptions {
    pub(super) broker: Url,
    pub(super) shard: String,
    pub(super) speed: Speed,
    pub(super) connections: u64,
}

/// Publishes all of it; what the broker made of it.
pub(super) async fn send(recording: Arc<Recording>, sending: &SendOptions) -> anyhow::Result<Counts> {
    let pieces = recording.pieces();
    let schedule = Schedule { speed: sending.speed, first: pieces.first().map_or(0, |piece| piece.due) };
    let messages = pieces.len() as u64;
    let connections = (sending.connections as usize).min(recording.devices().len()).max(1);
    let mut shares: Vec<Vec<Piece>> = vec![Vec::new(); connections];
    for piece in pieces {
        if let Some(share) = shares.get_mut(piece.device % connections) {
            share.push(piece);
        }
    }
    let bar = bar(messages, "messages");
    let mut publishers = Vec::new();
    for index in 0..connections {
        let client_id = format!("healthtrack-replay-{}-{index}", std::process::id());
        let on_ack = Box::new({
            let bar = bar.clone();
            move |_: &_| bar.inc(1)
        });
        publishers.push(Publisher::connect_with(&sending.broker, client_id, INFLIGHT, on_ack).await?);
    }
    let began = Instant::now();
    let mut tasks = Vec::new();
    for (share, publisher) in shares.into_iter().zip(publishers) {
        let (recording, shard) = (recording.clone(), sending.shard.clone());
        tasks.push(tokio::spawn(publish(recording, share, publisher, shard, schedule, began)));
    }
    let mut counts = Counts::default();
    for task in tasks {
        counts = counts.and(task.await.context("a replaying task has panicked")??);
    }
    ProgressBar::finish_and_clear(&bar);
    Ok(counts)
}

/// When messages are due.
#[derive(Copy, Clone, Debug)]
struct Schedule {
    speed: Speed,
    /// When the first message is due, in microseconds since 1970.
    first: i64,
}

impl Schedule {
    /// How long after the beginning; `None` at once.
    fn after(&self, due: i64) -> Option<Duration> {
        let Speed::Times(times) = self.speed else { return None };
        let micros = due.saturating_sub(self.first).max(0) as f64 / times;
        Some(Duration::from_micros(micros as u64))
    }
}

async fn publish(
    recording: Arc<Recording>,
    pieces: Vec<Piece>,
    publisher: Publisher,
    shard: String,
    schedule: Schedule,
    began: Instant,
) -> anyhow::Result<Counts> {
    for piece in &pieces {
        if let Some(due) = schedule.after(piece.due).and_then(|after| began.checked_add(after)) {
            sleep_until(due).await;
        }
        if let Some(message) = recording.message(piece, &shard) {
            publisher.publish(message.topic, message.payload).await?;
        }
    }
    Ok(publisher.finish(GRACE).await)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_due_as_long_after_the_first_as_the_speed_says() {
        let schedule = |speed| Schedule { speed, first: 1_000_000 };
        assert_eq!(schedule(Speed::Max).after(9_000_000), None);
        assert_eq!(schedule(Speed::Times(2.0)).after(9_000_000), Some(Duration::from_secs(4)));
        assert_eq!(schedule(Speed::Times(0.5)).after(2_000_000), Some(Duration::from_secs(2)));
        assert_eq!(schedule(Speed::Times(1.0)).after(0), Some(Duration::ZERO));
    }
}
