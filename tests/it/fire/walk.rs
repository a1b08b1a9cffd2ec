//! A random walk over all faults, decided by a seed: the same seed makes the same steps, though never at quite the same
//! moments. Everything is healed at the end, and the judge compares.
//!
//! `HEALTHTRACK_WALK_SEED` and `HEALTHTRACK_WALK_SECONDS` choose another walk than the short one of every test run.
//! On a server that the tests do not own (`HEALTHTRACK_TEST_POSTGRES`) the database is not killed; everything else is.

use std::os::unix::process::ExitStatusExt as _;
use std::process::Child;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::stack::{Database, MIX, Setup, TIMEOUT, TestStack};
use crate::support::judge::Demand;
use crate::support::proxy::{Point, Proxy, Then, Weather};

const SEED: u64 = 20_261_125;
const SECONDS: u64 = 20;
const MESSAGES_PER_S: u64 = 150;
/// A trap that nothing steps into for so long is taken away.
const TRAP_PATIENCE: Duration = Duration::from_secs(4);

/// What a step does.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Step {
    /// The daemon is killed where a trap strikes, or at once.
    Kill(Option<Point>),
    Sleep,
    Stop,
    /// A standby takes over from a killed owner.
    Rival,
    Reset(Side),
    Abandon(Side),
    Weather(Side, Weather),
    ResetAt(Point),
    RestartBroker,
    KillDatabase,
    LockTable,
    TerminateBackends,
    ReadOnly,
}

#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Side {
    Broker,
    Database,
}

/// Knuth's 64-bit linear congruential generator, upper bits: enough to choose steps.
struct Dice(u64);

impl Dice {
    /// A number below `sides`.
    fn throw(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn side(&mut self) -> Side {
        if self.throw(2) == 0 { Side::Broker } else { Side::Database }
    }

    fn weather(&mut self) -> Weather {
        let calm = Weather::default();
        match self.throw(4) {
            0 => Weather { silent: true, ..calm },
            1 => Weather { delay: Some(Duration::from_millis(50 + self.throw(500))), ..calm },
            2 => Weather { bytes_per_s: Some(10_000 + self.throw(50_000)), ..calm },
            _ => Weather { slices: true, ..calm },
        }
    }

    fn step(&mut self) -> Step {
        match self.throw(24) {
            0..3 => Step::Kill(Some(Point::CopyBytes(1 + self.throw(2_000)))),
            3 | 4 => Step::Kill(Some(Point::Commit)),
            5 | 6 => Step::Kill(Some(Point::Pubacks(1 + self.throw(30)))),
            7 => Step::Kill(None),
            8 => Step::Sleep,
            9 => Step::Stop,
            10 => Step::Rival,
            11 | 12 => Step::Reset(self.side()),
            13 => Step::Abandon(self.side()),
            14..18 => Step::Weather(self.side(), self.weather()),
            18 => Step::ResetAt(Point::CopyBytes(1 + self.throw(2_000))),
            19 => Step::ResetAt(Point::Commit),
            20 => Step::RestartBroker,
            21 => Step::KillDatabase,
            22 => Step::LockTable,
            _ if self.throw(2) == 0 => Step::TerminateBackends,
            _ => Step::ReadOnly,
        }
    }
}

fn number(name: &str, usual: u64) -> u64 {
    let given = std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
    given.map_or(usual, |value| value.parse().unwrap_or_else(|_| panic!("{name} is no number: {value}")))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_random_walk_over_all_faults_loses_nothing_and_doubles_nothing() {
    let (seed, seconds) = (number("HEALTHTRACK_WALK_SEED", SEED), number("HEALTHTRACK_WALK_SECONDS", SECONDS));
    let owned = std::env::var_os("HEALTHTRACK_TEST_POSTGRES").is_none_or(|url| url.is_empty());
    let own_postgres: Option<&[(&str, &str)]> = owned.then_some(&[]);
    let Some(mut stack) = TestStack::build(Setup { own_postgres, ..Setup::new(seed) }).await else { return };
    stack.rules.demands = vec![Demand::Duplicate, Demand::CutInBatch, Demand::CutInCommit];
    stack.load(seconds * MESSAGES_PER_S, MESSAGES_PER_S, MIX);
    let (begun, length) = (Instant::now(), Duration::from_secs(seconds));
    let mut dice = Dice(seed);
    // Without these a walk proves nothing, so it never depends on chance for them.
    let first = [Step::Kill(Some(Point::Commit)), Step::Kill(Some(Point::CopyBytes(250)))];
    for step in first {
        stack.take(step, &mut dice).await;
    }
    let mut rolls = Rolls { running: stack.begin_roll(None), begun: 1, finished: 0, died: 0 };
    while begun.elapsed() < length {
        rolls.go_on(&mut stack, &mut dice).await;
        let step = dice.step();
        stack.take(step, &mut dice).await;
        sleep(Duration::from_millis(dice.throw(400))).await;
    }
    stack.heal();
    let Rolls { running, finished, died, .. } = rolls;
    stack.end_roll(running).await;
    stack.judge().await.must_hold();
    assert!(finished > 0 && died > 0, "the walk proves little: {finished} rolls finished, {died} died");
}

/// Days are rolled all the while: every third roll dies at one of its points, the first of these where each roll comes.
struct Rolls {
    running: Child,
    begun: u64,
    finished: u64,
    died: u64,
}

impl Rolls {
    /// Begins the next roll where the last one has ended.
    async fn go_on(&mut self, stack: &mut TestStack, dice: &mut Dice) {
        if self.running.try_wait().unwrap().is_none() {
            return;
        }
        self.begun += 1;
        let point = if self.died == 0 { 1 } else { 1 + dice.throw(15) };
        let injected = (self.begun % 3 == 2).then(|| format!("die_in_roll:{point}"));
        let ended = std::mem::replace(&mut self.running, stack.begin_roll(injected.as_deref()));
        let status = stack.end_roll(ended).await.status;
        self.finished += u64::from(status.success());
        self.died += u64::from(status.signal().is_some());
    }
}

impl TestStack {
    /// Does one step and undoes it, as far as it can be undone.
    async fn take(&mut self, step: Step, dice: &mut Dice) {
        self.note(format!("{step:?}"));
        let lasts = Duration::from_millis(200 + dice.throw(1_500));
        match step {
            Step::Kill(point) => {
                self.step_into(point, Then::Hold).await;
                // Time for the transaction to stand, so that what comes again is a duplicate.
                sleep(Duration::from_millis(20 + dice.throw(100))).await;
                self.kill_daemon();
                self.daemon.restart();
            }
            Step::Sleep => {
                self.daemon.signal("STOP");
                sleep(lasts * 3).await;
                self.daemon.signal("CONT");
            }
            Step::Stop => {
                self.remember_duplicates();
                let (_, took) = self.daemon.stop();
                assert!(took < Duration::from_secs(12), "told to stop, the daemon took {took:?}");
                self.daemon.restart();
            }
            Step::Rival => self.hand_over().await,
            Step::Reset(side) => self.side(side).reset(),
            Step::Abandon(side) => self.side(side).abandon(),
            Step::Weather(side, weather) => {
                self.side(side).set(weather);
                sleep(lasts).await;
                self.side(side).set(Weather::default());
            }
            Step::ResetAt(point) => self.step_into(Some(point), Then::Reset).await,
            Step::RestartBroker => {
                self.mosquitto.stop();
                sleep(lasts / 4).await;
                self.mosquitto.restart();
            }
            Step::KillDatabase => {
                if let Database::Own(postgres) = &self.database {
                    postgres.kill_hard().await.unwrap();
                    sleep(lasts / 4).await;
                    postgres.restart().await.unwrap();
                }
            }
            Step::LockTable => {
                let seconds = lasts.as_secs_f64();
                self.sql(&format!(
                    "BEGIN; LOCK TABLE signal.block IN SHARE MODE; SELECT pg_sleep({seconds}); ROLLBACK"
                ))
                .await;
            }
            Step::TerminateBackends => self.sql(TERMINATE).await,
            Step::ReadOnly => {
                self.sql(&format!("{READ_ONLY}; {TERMINATE}")).await;
                sleep(lasts).await;
                self.sql(&format!("{READ_WRITE}; {TERMINATE}")).await;
            }
        }
        if self.daemon.revive() {
            self.note("the daemon had ended and is started again");
        }
        self.progress().await;
    }

    fn side(&self, side: Side) -> &Proxy {
        match side {
            Side::Broker => &self.broker_side,
            Side::Database => &self.database_side,
        }
    }

    /// Waits until a trap strikes, or takes it away.
    async fn step_into(&mut self, point: Option<Point>, then: Then) {
        let Some(point) = point else { return };
        let side = if matches!(point, Point::Pubacks(_)) { Side::Broker } else { Side::Database };
        let (strikes, begun) = (self.side(side).strikes(), Instant::now());
        self.side(side).trap(point, then);
        while self.side(side).strikes() == strikes && begun.elapsed() < TRAP_PATIENCE {
            sleep(Duration::from_millis(5)).await;
        }
        if self.side(side).disarm() {
            self.note("the trap has not struck");
        }
    }

    /// A second daemon stands by while the first is killed.
    async fn hand_over(&mut self) {
        let mut rival = self.rival();
        sleep(Duration::from_millis(700)).await;
        self.kill_daemon();
        std::mem::swap(&mut self.daemon, &mut rival);
    }

    /// Now and then a step comes only once the daemon works again, so that a walk does more than break what is broken.
    async fn progress(&mut self) {
        let begun = Instant::now();
        let what = "the daemon is ready between two steps";
        while !self.daemon.is_ready() {
            assert!(begun.elapsed() < TIMEOUT, "in vain until {what}: {}", self.daemon.log());
            if self.daemon.revive() {
                self.note("the daemon had ended and is started again");
            }
            sleep(Duration::from_millis(20)).await;
        }
        let acks = self.daemon.try_metric(ACKS).unwrap_or(0.0);
        let more = || async { self.daemon.try_metric(ACKS).is_none_or(|now| now > acks) };
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(2) && !more().await {
            sleep(Duration::from_millis(20)).await;
        }
    }
}

const ACKS: &str = "healthtrack_mqtt_acks_total";
const TERMINATE: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE application_name = 'healthtrack' AND datname = current_database()";
const READ_ONLY: &str = "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on',
    current_database()); END $$";
const READ_WRITE: &str = "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I RESET default_transaction_read_only',
    current_database()); END $$";
