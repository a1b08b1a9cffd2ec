//! Feed: what the simulated devices publish: their history first, then new samples, in real time.
//!
//! # Why
//! The private broker silently drops the oldest messages of a session that falls 256 MB behind. So the feed
//! never runs further ahead of the daemon's commits than `AHEAD_SAMPLES_MAX`, some 6 MB.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use super::args::Args;
use super::stack::{DemoStack, SHARD};
use crate::formats::batch::write::Series;
use crate::model::time::{Clock as _, MINUTE_US, SECOND_US, SystemClock, Timestamp};
use crate::mqtt::publisher::Publisher;
use crate::simulation::{Batch, SimulatedDevice};
use crate::telemetry::Telemetry;

/// Samples published and not yet settled.
const AHEAD_SAMPLES_MAX: u64 = 300_000;
/// Messages that the broker has not acknowledged.
const INFLIGHT_MAX: usize = 1_000;
/// How often the feed checks whether it may go on.
const POLL: Duration = Duration::from_millis(2);
/// All histories grow together, by so much of each at a time: runs that join within one commit become one block.
const HISTORY_STEP_US: i64 = 60 * MINUTE_US;
/// A device publishes every so many seconds, and the devices take turns.
const TURN_S: u64 = 5;
/// An electrocardiogram lasts so long; no device's next one begins before it has ended.
const ECG_S: u64 = 30;
/// At least so many seconds between one device's electrocardiogram and another's.
const ECG_EVERY_S_MIN: u64 = 2;
/// One message in so many is sent twice.
const REPEAT_EVERY: u64 = 50;
/// Broken messages are sent at the start, and every so many seconds.
const BROKEN_EVERY_S: u64 = 30;
/// How long the last messages may take to the daemon and into the database.
const DRAIN_MAX: Duration = Duration::from_secs(5);

/// The simulated devices and their connection to the broker.
pub(super) struct Feed {
    hubs: Vec<Hub>,
    publisher: Publisher,
    telemetry: Arc<Telemetry>,
    progress: Arc<FeedProgress>,
}

/// A simulated device, and until when its samples are published.
struct Hub {
    device: SimulatedDevice,
    known: Timestamp,
}

/// How much was published.
#[derive(Copy, Clone, Debug, Default)]
pub(super) struct Published {
    pub(super) messages: u64,
    pub(super) samples: u64,
    /// Of these, sent a second time on purpose.
    pub(super) repeated_messages: u64,
    pub(super) repeated_samples: u64,
    /// Of these, broken on purpose.
    pub(super) broken_messages: u64,
    pub(super) broken_samples: u64,
    /// True once the history is published.
    pub(super) is_live: bool,
}

/// What the screen shows of the feed.
#[derive(Debug, Default)]
pub(super) struct FeedProgress(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    published: Published,
    /// How many samples were published by when, for what is not settled: no longer than `AHEAD_SAMPLES_MAX`.
    unsettled: VecDeque<(u64, Instant)>,
}

/// Why a message is published.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Purpose {
    Measured,
    Repeated,
    Broken,
}

impl Feed {
    /// Connects the simulated devices to the private broker.
    pub(super) async fn connect(stack: &DemoStack, args: &Args) -> anyhow::Result<Feed> {
        let broker = stack.addresses.broker.parse()?;
        let publisher = Publisher::connect(&broker, "healthtrack-demo-hubs", INFLIGHT_MAX).await?.with_timestamps();
        let from = SystemClock.now().plus_micros(i64::try_from(args.history.as_micros())?.saturating_neg());
        let hubs =
            (0..args.hubs).map(|number| Hub { device: SimulatedDevice::new(args.seed, number, SHARD), known: from });
        Ok(Feed { hubs: hubs.collect(), publisher, telemetry: stack.telemetry.clone(), progress: Arc::default() })
    }

    /// What was published so far.
    pub(super) fn progress(&self) -> Arc<FeedProgress> {
        self.progress.clone()
    }

    /// Publishes until it is dropped.
    pub(super) async fn run(&mut self) -> anyhow::Result<()> {
        self.publish_broken(SystemClock.now()).await?;
        self.publish_history().await?;
        self.progress.lock().published.is_live = true;
        self.publish_live().await
    }

    /// Waits until the daemon has settled all that was published, no longer than [`DRAIN_MAX`] or `deadline`.
    pub(super) async fn finish(self, deadline: Instant) {
        let deadline = deadline.min(Instant::now() + DRAIN_MAX);
        self.publisher.finish(deadline.saturating_duration_since(Instant::now())).await;
        let published = self.progress.published().samples;
        while Instant::now() < deadline {
            let (_, settled, in_flight) = self.telemetry.balance();
            if settled.total() >= published && in_flight == 0 {
                return;
            }
            sleep(POLL).await;
        }
    }

    async fn publish_history(&mut self) -> anyhow::Result<()> {
        let end = SystemClock.now();
        let mut start = self.hubs.iter().map(|hub| hub.known).min().unwrap_or(end);
        while start < end {
            start = start.plus_micros(HISTORY_STEP_US).min(end);
            self.publish_known(start, |_| true).await?;
        }
        Ok(())
    }

    async fn publish_live(&mut self) -> anyhow::Result<()> {
        let count = self.hubs.len() as u64;
        let ecg_every_s = ECG_S.div_ceil(count.max(1)).max(ECG_EVERY_S_MIN);
        let mut seconds = interval(Duration::from_secs(1));
        // After a machine's sleep one reading of the clock catches up.
        seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for second in 0_u64.. {
            seconds.tick().await;
            let now = SystemClock.now();
            self.publish_known(now, |number| number % TURN_S == second % TURN_S).await?;
            if second.is_multiple_of(ecg_every_s) {
                let turn = (second / ecg_every_s) % count.max(1);
                if let Some(hub) = usize::try_from(turn).ok().and_then(|turn| self.hubs.get(turn)) {
                    self.publish(&hub.device.ecg_strip(now), Purpose::Measured).await?;
                }
            }
            if (second + 1).is_multiple_of(BROKEN_EVERY_S) {
                self.publish_broken(now).await?;
            }
        }
        Ok(())
    }

    /// Publishes the samples of some devices up to `to`.
    async fn publish_known(&mut self, to: Timestamp, is_due: impl Fn(u64) -> bool) -> anyhow::Result<()> {
        for number in 0..self.hubs.len() {
            let Some(hub) = self.hubs.get(number).filter(|_| is_due(number as u64)) else { continue };
            for batch in hub.device.batches(hub.known, to) {
                self.publish(&batch, Purpose::Measured).await?;
                if self.progress.published().messages.is_multiple_of(REPEAT_EVERY) {
                    self.publish(&batch, Purpose::Repeated).await?;
                }
            }
            if let Some(hub) = self.hubs.get_mut(number) {
                hub.known = hub.known.max(to);
            }
        }
        Ok(())
    }

    /// A heart rate that no heart has, and a metric that nobody knows.
    async fn publish_broken(&self, now: Timestamp) -> anyhow::Result<()> {
        let Some(hub) = self.hubs.first() else { return Ok(()) };
        let at = |count: i64| (0..count).map(|place| now.micros() + place * SECOND_US).collect();
        let impossible = Series::instants("heart_rate", at(1), vec![900.0]);
        let unknown = Series::instants("aura_brightness", at(3), vec![1.0, 2.0, 3.0]);
        for series in [impossible, unknown] {
            self.publish(&hub.device.message(&[series]), Purpose::Broken).await?;
        }
        Ok(())
    }

    /// Publishes one message once the daemon is no further behind than `AHEAD_SAMPLES_MAX`.
    ///
    /// May be dropped at each await: what is handed over is counted before the next one.
    async fn publish(&self, batch: &Batch, purpose: Purpose) -> anyhow::Result<()> {
        while self.progress.unsettled(self.telemetry.balance().1.total()) > AHEAD_SAMPLES_MAX {
            sleep(POLL).await;
        }
        self.publisher.publish(batch.topic.clone(), batch.payload.clone()).await?;
        self.progress.count(batch.samples as u64, purpose);
        Ok(())
    }
}

impl FeedProgress {
    /// How much was published.
    pub(super) fn published(&self) -> Published {
        self.lock().published
    }

    /// For how long the oldest sample that is not settled has been under way.
    pub(super) fn lag(&self, settled: u64) -> Duration {
        let mut inner = self.lock();
        inner.forget(settled);
        inner.unsettled.front().map_or(Duration::ZERO, |(_, published)| published.elapsed())
    }

    /// How many samples are published and not settled.
    fn unsettled(&self, settled: u64) -> u64 {
        let mut inner = self.lock();
        inner.forget(settled);
        inner.published.samples.saturating_sub(settled)
    }

    fn count(&self, samples: u64, purpose: Purpose) {
        let mut inner = self.lock();
        let published = &mut inner.published;
        published.messages += 1;
        published.samples += samples;
        match purpose {
            Purpose::Measured => {}
            Purpose::Repeated => {
                published.repeated_messages += 1;
                published.repeated_samples += samples;
            }
            Purpose::Broken => {
                published.broken_messages += 1;
                published.broken_samples += samples;
            }
        }
        let mark = (published.samples, Instant::now());
        inner.unsettled.push_back(mark);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// The daemon's lanes settle out of order, so this is right to within one batch.
    fn forget(&mut self, settled: u64) {
        while self.unsettled.front().is_some_and(|(published, _)| *published <= settled) {
            self.unsettled.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_published_is_unsettled_until_as_much_is_settled() {
        let progress = FeedProgress::default();
        progress.count(10, Purpose::Measured);
        progress.count(10, Purpose::Repeated);
        progress.count(1, Purpose::Broken);
        assert_eq!(progress.unsettled(0), 21);
        assert_eq!(progress.unsettled(15), 6);
        assert_eq!(progress.lock().unsettled.len(), 2);
        assert_eq!((progress.unsettled(21), progress.lag(21)), (0, Duration::ZERO));
        let published = progress.published();
        assert_eq!((published.messages, published.repeated_samples, published.broken_messages), (3, 10, 1));
    }
}
