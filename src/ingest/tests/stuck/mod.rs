//! Stuck: whatever is full, and in whatever order tasks run, all that was delivered is acknowledged in the end.
//!
//! The daemon's own sessions, intake, lanes' queues, budget and acknowledgements run against a broker over pipes of a
//! few bytes, with bounds of a few messages, on one thread whose order the test chooses. A database that answers late
//! is let to answer only once nobody else can go on. Time is stopped: a batch may need its age only once the
//! broker has sent everything, so whoever waits in a circle, or for what cannot come, is seen.

mod broker;
mod executor;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::BytesMut;
use proptest::prelude::*;
use rumqttc::v5::mqttbytes::v5::Packet;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::unconstrained;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::config::{Config, DeviceSources};
use crate::context::Context;
use crate::formats::Decoders;
use crate::formats::registry::FORMATS;
use crate::ingest::ack::Acks;
use crate::ingest::quarantine::{Cap, CapLimits};
use crate::ingest::queue::{Budget, Lanes, Limits};
use crate::ingest::rights::Rights;
use crate::ingest::session::Session;
use crate::ingest::session::SessionContext;
use crate::ingest::sessions::Sessions;
use crate::ingest::shards::{Shards, ShardsView};
use crate::ingest::validate::{self, Validator};
use crate::ingest::write::{Lane, Shared};
use crate::ingest::{Intake, Reader};
use crate::model::ids::{Epoch, ShardName};
use crate::model::metric::Catalogue;
use crate::model::time::SystemClock;
use crate::model::unit::Units;
use crate::mqtt::connect::Connected;
use crate::mqtt::packet::next_packet;
use crate::store::newcomers::DevicePolicy;
use crate::store::pool::Connector;
use crate::store::shard::Ownership;
use crate::store::writer::Writers;
use crate::telemetry::{Tally, Telemetry};
use broker::{Backlog, Progress};
use executor::{BoxedTask, Executor, FakeDatabase};

/// No batch gets this old by itself.
const AGE_MAX: Duration = Duration::from_secs(100_000);

/// What is wrong on purpose.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Fault {
    Nothing,
    /// The session does not know how small its window is, and requests no flush.
    NoFlush,
    /// What is committed is not given back.
    NoRelease,
    /// Poller and writer hand each other messages and acknowledgements through channels of few places.
    Channels,
}

/// Bounds and chances of one run.
#[derive(Clone, Debug)]
struct Run {
    sessions: usize,
    lanes: usize,
    window: u16,
    is_window_kept: bool,
    messages: usize,
    batch_samples_max: usize,
    inflight_bytes_max: usize,
    pipe_bytes: usize,
    /// One byte a commit: whether it is slow.
    slow: Vec<u8>,
    choices: Vec<u8>,
    fault: Fault,
}

fn runs() -> impl Strategy<Value = Run> {
    let bounds = (1..4_usize, 1..4_usize, 1..9_u16, any::<bool>(), 1..40_usize, 1..12_usize, 1..9_usize, 8..400_usize);
    let chances = (prop::collection::vec(0..3_u8, 1..9), prop::collection::vec(any::<u8>(), 1..200));
    (bounds, chances).prop_map(|(bounds, (slow, choices))| {
        let (sessions, lanes, window, is_window_kept, messages, batch_samples_max, inflight, pipe_bytes) = bounds;
        let inflight_bytes_max = inflight * 600;
        let fault = Fault::Nothing;
        Run {
            sessions,
            lanes,
            window,
            is_window_kept,
            messages,
            batch_samples_max,
            inflight_bytes_max,
            pipe_bytes,
            slow,
            choices,
            fault,
        }
    })
}

/// Runs until all is acknowledged; `Err` says how many were, where it never is.
fn run(run: &Run) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let database = Arc::new(FakeDatabase::default());
        let progress: Vec<Arc<Progress>> = (0..run.sessions).map(|_| Arc::default()).collect();
        let tasks = if run.fault == Fault::Channels {
            channels(run, &database, &progress)
        } else {
            daemon(run, &database, &progress)
        };
        let mut executor = Executor::new(tasks, run.choices.clone());
        let count = |of: fn(&Progress) -> usize| progress.iter().map(|one| of(one)).sum::<usize>();
        let all = run.messages * run.sessions;
        let mut ages = 0;
        loop {
            executor.run();
            let sent = count(|one| one.sent.load(Ordering::SeqCst));
            let acknowledged = count(|one| one.acknowledged.load(Ordering::SeqCst));
            if acknowledged == all {
                return Ok(());
            }
            if database.answer_one() {
                continue;
            }
            // The last batch of each lane is not full, and nothing more comes.
            if sent < all || ages > run.lanes {
                return Err(format!(
                    "{acknowledged} of {all} are acknowledged, {sent} were sent, and nobody can go on"
                ));
            }
            ages += 1;
            // Not so far at once that a session takes its broker for gone.
            tokio::time::advance(AGE_MAX * 2).await;
        }
    })
}

/// The broker's and the daemon's own tasks.
fn daemon(run: &Run, database: &Arc<FakeDatabase>, progress: &[Arc<Progress>]) -> Vec<BoxedTask> {
    let mut config = Config::read(None, std::iter::empty()).unwrap();
    config.mqtt.receive_maximum = run.window;
    let limits = Limits { samples_max: run.batch_samples_max, bytes_max: usize::MAX, age_max: AGE_MAX };
    let lanes = Lanes::new(run.lanes, run.sessions, run.inflight_bytes_max, limits);
    let acks: Arc<[Arc<Acks>]> = (0..run.sessions).map(|_| Arc::default()).collect();
    let telemetry = Arc::new(Telemetry::new().unwrap());
    let around = SessionContext {
        telemetry: Arc::clone(&telemetry),
        state: Arc::default(),
        clock: Arc::new(SystemClock),
        stop_reading: CancellationToken::new(),
        close: CancellationToken::new(),
        readers: Arc::new(Semaphore::new(run.sessions)),
    };
    let mut tasks = lane_tasks(run, database, &lanes, &acks, &telemetry, &config);
    let limits = validate::ValidationLimits {
        future_max_us: i64::MAX / 4,
        past_max_us: i64::MAX / 4,
        span_max_us: i64::MAX / 4,
        statistic_span_max_us: i64::MAX / 4,
        device_age_max_us: i64::MAX / 4,
    };
    let validator =
        Validator::new(Arc::new(Catalogue::builtin().unwrap()), Arc::new(Units::builtin().unwrap()), limits);
    for (number, progress) in progress.iter().enumerate() {
        let (ours, theirs) = tokio::io::duplex(run.pipe_bytes);
        let acks = Arc::clone(&acks[number]);
        let window = if run.fault == Fault::NoFlush { u16::MAX } else { run.window };
        let telemetry = Arc::clone(&telemetry);
        let shards = ShardsView::new(Arc::new(Shards::new(ShardName::parse("main").unwrap())));
        let reader = Reader { shards, decoders: Decoders::new(FORMATS), validator: validator.clone() };
        let mut intake = Intake::new(number, reader, lanes.clone(), Arc::clone(&acks), telemetry, window);
        // Each session subscribes to the only filter there is.
        let named = Arc::clone(&Sessions::of(&config.mqtt).wanted[0]);
        let session = Session::new(&config.mqtt, named, acks, around.clone()).unwrap();
        tasks.push(Box::pin(unconstrained(async move {
            let ended = session.serve(connected(ours), &mut intake, &mut None).await;
            panic!("the session has ended: {ended:?}");
        })));
        tasks.push(Box::pin(unconstrained(broker::serve(theirs, backlog(run), Arc::clone(progress)))));
    }
    tasks
}

fn lane_tasks(
    run: &Run,
    database: &Arc<FakeDatabase>,
    lanes: &Lanes,
    acks: &Arc<[Arc<Acks>]>,
    telemetry: &Arc<Telemetry>,
    config: &Config,
) -> Vec<BoxedTask> {
    let connector = Connector::new(&config.store).unwrap();
    let budget = match run.fault {
        Fault::NoRelease => Arc::new(Budget::new(usize::MAX)),
        _ => Arc::clone(&lanes.budget),
    };
    if run.fault == Fault::NoRelease {
        budget.take(usize::MAX / 2);
    }
    let own = Ownership { shard: ShardName::parse("main").unwrap(), epoch: Epoch(1) };
    let shared = Shared {
        context: Context::new(connector, Arc::clone(telemetry)).unwrap(),
        state: Arc::default(),
        rights: Arc::new(Rights::new(Writers::new(own, Uuid::nil(), run.lanes))),
        acks: Arc::clone(acks),
        budget,
        cap: Arc::new(Cap::new(CapLimits { rows_per_source: 1, bytes_per_source: 1, bytes_max: 1 })),
        policy: DevicePolicy { enrols: true, sources: DeviceSources::First },
        remembered_series_max: 1_000,
    };
    let task = |number: usize| -> BoxedTask {
        let (lane, queues, database) =
            (Lane::new(number, shared.clone()), Arc::clone(&lanes.queues), Arc::clone(database));
        let slow = run.slow.clone();
        Box::pin(unconstrained(async move {
            let (mut batch, mut commits) = (Vec::new(), number);
            while queues[number].next_batch(&mut batch, AGE_MAX).await {
                commits += 1;
                database.commit(slow[commits % slow.len()] > 0).await;
                let stored = batch.iter().map(|arrival| arrival.samples).sum();
                lane.settle(&batch, Tally { stored, ..Tally::default() });
                batch.clear();
            }
        }))
    };
    (0..run.lanes).map(task).collect()
}

fn connected(pipe: DuplexStream) -> Connected {
    Connected {
        socket: Box::new(pipe),
        rest: BytesMut::new(),
        session_present: true,
        session_expiry_s: 0,
        receive_max: u16::MAX,
        packet_bytes_max: usize::MAX,
        qos_max: 2,
        ping_every: AGE_MAX * 10,
    }
}

fn backlog(run: &Run) -> Backlog {
    let window = if run.is_window_kept { usize::from(run.window) } else { usize::MAX };
    Backlog { messages: run.messages, window, devices: 7 }
}

/// The daemon as it must not be.
fn channels(run: &Run, database: &Arc<FakeDatabase>, progress: &[Arc<Progress>]) -> Vec<BoxedTask> {
    let mut tasks: Vec<BoxedTask> = Vec::new();
    for progress in progress {
        let (mut ours, theirs) = tokio::io::duplex(run.pipe_bytes);
        let (queue, mut queued) = mpsc::channel(run.batch_samples_max);
        let (settle, mut settled) = mpsc::channel::<u16>(1);
        let (database, slow) = (Arc::clone(database), run.slow.clone());
        tasks.push(Box::pin(unconstrained(broker::serve(theirs, backlog(run), Arc::clone(progress)))));
        tasks.push(Box::pin(unconstrained(async move {
            let mut bytes = BytesMut::new();
            loop {
                while let Ok(id) = settled.try_recv() {
                    let [high, low] = id.to_be_bytes();
                    ours.write_all(&[0x40, 2, high, low]).await.unwrap();
                }
                match next_packet(&mut bytes, 4_096).unwrap() {
                    Some(Packet::Publish(publish)) => queue.send(publish.pkid).await.unwrap(),
                    Some(_) => {}
                    None => tokio::select! {
                        read = ours.read_buf(&mut bytes) => drop(read.unwrap()),
                        Some(id) = settled.recv() => {
                            let [high, low] = id.to_be_bytes();
                            ours.write_all(&[0x40, 2, high, low]).await.unwrap();
                        }
                    },
                }
            }
        })));
        tasks.push(Box::pin(unconstrained(async move {
            let mut commits = 0;
            while let Some(id) = queued.recv().await {
                commits += 1;
                database.commit(slow[commits % slow.len()] > 0).await;
                settle.send(id).await.unwrap();
            }
        })));
    }
    tasks
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn all_that_is_delivered_is_acknowledged_whatever_is_full(tried in runs()) {
        prop_assert_eq!(run(&tried), Ok(()));
    }
}

/// A small window, few places, and a database that is always late.
fn narrow(fault: Fault) -> Run {
    Run {
        sessions: 1,
        lanes: 2,
        window: 4,
        is_window_kept: true,
        messages: 30,
        batch_samples_max: 8,
        inflight_bytes_max: 100_000,
        pipe_bytes: 64,
        slow: vec![1],
        choices: (0..=255).collect(),
        fault,
    }
}

#[test]
fn a_window_smaller_than_a_batch_is_pressed_out() {
    assert_eq!(run(&narrow(Fault::Nothing)), Ok(()));
    assert!(run(&narrow(Fault::NoFlush)).is_err(), "a flush that is not requested is seen");
}

#[test]
fn a_budget_smaller_than_the_batches_is_pressed_out() {
    let tight = |fault| Run { is_window_kept: false, window: u16::MAX, inflight_bytes_max: 1_200, ..narrow(fault) };
    assert_eq!(run(&tight(Fault::Nothing)), Ok(()));
    assert!(run(&tight(Fault::NoRelease)).is_err(), "a release that is left out is seen");
}

#[test]
fn a_poller_and_a_writer_that_wait_for_each_other_are_seen() {
    let flooded = Run { is_window_kept: false, batch_samples_max: 2, ..narrow(Fault::Channels) };
    assert!(run(&flooded).is_err(), "full channels both ways are seen");
}
