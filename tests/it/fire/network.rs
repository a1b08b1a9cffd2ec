//! The wires: cut, half open, silent, slow, narrow and sliced, on each side of the daemon and on both.

use std::time::{Duration, Instant};

use super::stack::{MIX, Setup, TestStack};
use crate::support::judge::Demand;
use crate::support::proxy::{Point, Proxy, Then, Weather};

/// How long each weather lasts.
const LASTS: Duration = Duration::from_millis(1_200);

#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Side {
    Broker,
    Database,
    Both,
}

const SIDES: [Side; 3] = [Side::Broker, Side::Database, Side::Both];

impl TestStack {
    fn each(&self, side: Side, act: impl Fn(&Proxy)) {
        if side != Side::Database {
            act(&self.broker_side);
        }
        if side != Side::Broker {
            act(&self.database_side);
        }
    }

    async fn weather(&mut self, side: Side, what: &str, weather: Weather, lasts: Duration) {
        self.each(side, |proxy| proxy.set(weather));
        self.note(format!("{what}: {side:?}"));
        tokio::time::sleep(lasts).await;
        self.each(side, |proxy| proxy.set(Weather::default()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_narrow_and_sliced_wires_lose_nothing() {
    let Some(mut stack) = TestStack::build(Setup::new(9)).await else { return };
    stack.load(2_400, 200, MIX);
    stack.wait_for_more(100).await;
    let slow = Weather { delay: Some(Duration::from_millis(500)), ..Weather::default() };
    let narrow = Weather { bytes_per_s: Some(10_000), ..Weather::default() };
    let sliced = Weather { slices: true, ..Weather::default() };
    for side in SIDES {
        stack.weather(side, "500 ms, give or take 50", slow, LASTS).await;
        stack.weather(side, "10 kB/s", narrow, LASTS).await;
        stack.weather(side, "single bytes", sliced, LASTS).await;
    }
    stack.judge().await.must_hold();
}

#[tokio::test(flavor = "multi_thread")]
async fn wires_that_are_cut_or_silent_for_a_while_lose_nothing() {
    let Some(mut stack) = TestStack::build(Setup::new(10)).await else { return };
    stack.rules.demands = vec![Demand::CutInBatch, Demand::CutInCommit];
    stack.load(3_000, 200, MIX);
    stack.wait_for_more(100).await;
    for (point, what) in [(Point::CopyBytes(150), "reset within a COPY"), (Point::Commit, "reset after a COMMIT")] {
        stack.trap(point, Then::Reset, what).await;
        stack.wait_for_more(20).await;
    }
    for side in SIDES {
        stack.each(side, Proxy::reset);
        stack.note(format!("reset: {side:?}"));
        stack.wait_for_more(50).await;
        // Longer than a statement may take, shorter than the broker may be silent.
        let silent = Weather { silent: true, ..Weather::default() };
        stack.weather(side, "silence", silent, Duration::from_millis(2_500)).await;
    }
    stack.judge().await.must_hold();
}

/// Method: the peer's side is closed and the daemon never hears of it, so only its own timeout tells: three pings of
/// 2.5 s at the broker, a statement's limit and 5 s at the database.
#[tokio::test(flavor = "multi_thread")]
async fn wires_that_are_half_open_are_noticed_and_lose_nothing() {
    let Some(mut stack) = TestStack::build(Setup::new(13)).await else { return };
    stack.load(4_000, 200, MIX);
    stack.wait_for_more(100).await;
    for side in SIDES {
        stack.each(side, Proxy::abandon);
        stack.note(format!("half open: {side:?}"));
        let begun = Instant::now();
        stack.wait_well().await;
        assert!(begun.elapsed() < Duration::from_secs(20), "half open for {:?}", begun.elapsed());
    }
    stack.judge().await.must_hold();
}
