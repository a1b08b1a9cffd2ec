//! Orders: what threads meet on, run in every order of its steps that a processor may choose.
//!
//! The source under test is the daemon's own: `ring`, `budget` and `ack` name their primitives through `super::sync`,
//! and here that is the checker's. It knows which older value a thread may still see, so it finds what no machine at
//! hand shows. A thread that waits for ever is a failure by itself. Orders with more than `SWITCHES_MAX` switches that
//! no thread asked for are left out.

mod sync;

#[expect(dead_code, reason = "what needs no other thread is not run here")]
#[expect(unreachable_pub, clippy::duplicate_mod, reason = "the same source, with the checker's primitives under it")]
#[path = "../../ack.rs"]
mod ack;

#[expect(unreachable_pub, clippy::duplicate_mod, reason = "the same source, with the checker's primitives under it")]
#[path = "../../budget.rs"]
mod budget;

#[expect(unreachable_pub, clippy::duplicate_mod, reason = "the same source, with the checker's primitives under it")]
#[path = "../../ring.rs"]
mod ring;

use std::process::Command;
use std::time::{Duration, Instant};

use loom::future::block_on;
use loom::sync::Arc;
use loom::thread::{self, JoinHandle};

use ack::Acks;
use budget::Budget;
use ring::{Limits, QueueItem, Ring};
use sync::{Fault, inject, let_deadlines_pass};

/// Three find nothing more in these models, and take a minute each.
const SWITCHES_MAX: usize = 2;
/// Names the fault to inject.
const FAULT: &str = "HEALTHTRACK_CHECKED_FAULT";

/// An arrival of one sample, known by its number.
#[derive(Debug)]
struct Arrival(u32);

impl QueueItem for Arrival {
    fn samples(&self) -> usize {
        1
    }

    fn bytes(&self) -> usize {
        10
    }

    fn arrived(&self) -> Instant {
        Instant::now()
    }
}

fn ring(samples_max: usize) -> Arc<Ring<Arrival>> {
    let limits = Limits { samples_max, bytes_max: 1_000, age_max: Duration::ZERO };
    Arc::new(Ring::new(4, limits))
}

/// Runs a model in every order, with the fault that the environment names.
fn in_every_order(model: fn()) {
    let named = std::env::var_os(FAULT);
    inject(named.map_or(Fault::Nothing, |name| Fault::named(&name.to_string_lossy())));
    let mut checker = loom::model::Builder::new();
    checker.preemption_bound = Some(SWITCHES_MAX);
    checker.check(model);
}

/// Runs a check again with a fault, and sees that a thread then waits for ever in some order. In a
/// process of its own, because a failed model does not unwind.
fn fails_with(fault: Fault, check: &str) {
    let name = format!("{}::{check}", module_path!().split_once("::").unwrap().1);
    let mut program = Command::new(std::env::current_exe().unwrap());
    let said = program.args(["--exact", &name]).env(FAULT, format!("{fault:?}")).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr));
    let is_seen = !said.status.success() && (out.contains("deadlock;") || err.contains("deadlock;"));
    assert!(is_seen, "{fault:?} is not seen: {out}{err}");
}

/// A thread that pushes these.
fn pushes(ring: &Arc<Ring<Arrival>>, numbers: &'static [u32]) -> JoinHandle<()> {
    let ring = Arc::clone(ring);
    thread::spawn(move || numbers.iter().for_each(|number| ring.push(Box::new(Arrival(*number))).unwrap()))
}

/// Takes batches until there are `count` arrivals, or until the ring is closed and empty.
fn take(ring: &Ring<Arrival>, count: usize) -> Vec<u32> {
    let mut batch = Vec::new();
    let mut taken = Vec::new();
    while taken.len() < count && block_on(ring.next_batch(&mut batch, Duration::ZERO)) {
        assert!(!batch.is_empty(), "a batch holds something");
        taken.extend(batch.drain(..).map(|arrival| arrival.0));
    }
    taken.sort_unstable();
    taken
}

fn an_idle_lane() {
    let ring = ring(1);
    let one = pushes(&ring, &[1]);
    let other = pushes(&ring, &[2]);
    assert_eq!(take(&ring, 2), [1, 2]);
    one.join().unwrap();
    other.join().unwrap();
}

#[test]
fn an_idle_lane_is_woken_by_whatever_comes() {
    in_every_order(an_idle_lane);
}

#[test]
fn an_idle_lane_that_is_not_woken_is_seen() {
    for fault in [Fault::StoredFlag, Fault::FlagAfterRead, Fault::ForgottenPermit] {
        fails_with(fault, "an_idle_lane_is_woken_by_whatever_comes");
    }
}

/// No deadline passes here, so only the count can wake the lane. One session: two that push at the same moment may each
/// leave it to the other, and then the batch ends by its age.
fn a_lane_that_gathers() {
    let ring = ring(3);
    let session = pushes(&ring, &[1, 2, 3]);
    assert_eq!(take(&ring, 3), [1, 2, 3]);
    session.join().unwrap();
}

#[test]
fn a_lane_that_gathers_is_woken_once_it_has_enough() {
    in_every_order(a_lane_that_gathers);
}

#[test]
fn a_lane_that_has_enough_and_is_not_woken_is_seen() {
    fails_with(Fault::ForgottenPermit, "a_lane_that_gathers_is_woken_once_it_has_enough");
}

/// No deadline passes here, and no batch is ever full, so only the press can end one.
fn a_press() {
    let ring = ring(100);
    let presses = {
        let ring = Arc::clone(&ring);
        thread::spawn(move || {
            ring.push(Box::new(Arrival(1))).unwrap();
            ring.push(Box::new(Arrival(2))).unwrap();
            ring.request_flush();
        })
    };
    assert_eq!(take(&ring, 2), [1, 2]);
    presses.join().unwrap();
}

#[test]
fn what_was_there_before_a_press_is_written_without_waiting_for_its_age() {
    in_every_order(a_press);
}

#[test]
fn a_lost_press_is_seen() {
    fails_with(Fault::ForgottenPermit, "what_was_there_before_a_press_is_written_without_waiting_for_its_age");
}

/// Pushed by two, closed once both have ended, as the service does.
fn a_close() {
    let ring = ring(2);
    let one = pushes(&ring, &[1]);
    let closes = {
        let ring = Arc::clone(&ring);
        thread::spawn(move || {
            ring.push(Box::new(Arrival(2))).unwrap();
            one.join().unwrap();
            ring.close();
        })
    };
    assert_eq!(take(&ring, usize::MAX), [1, 2]);
    closes.join().unwrap();
}

#[test]
fn a_ring_that_is_closed_is_emptied_and_nothing_is_lost_or_doubled() {
    in_every_order(a_close);
}

#[test]
fn the_same_where_every_batch_is_old_at_once() {
    let_deadlines_pass();
    in_every_order(a_close);
}

#[test]
fn a_close_that_wakes_nobody_is_seen() {
    fails_with(Fault::ForgottenPermit, "a_ring_that_is_closed_is_emptied_and_nothing_is_lost_or_doubled");
}

/// Two sessions wait while two lanes give back; each alone gives too little.
fn a_full_budget() {
    let budget = Arc::new(Budget::new(10));
    budget.take(12);
    budget.take(11);
    let releases = [12, 11].map(|bytes| {
        let budget = Arc::clone(&budget);
        thread::spawn(move || budget.release(bytes))
    });
    let session = {
        let budget = Arc::clone(&budget);
        thread::spawn(move || block_on(budget.room()))
    };
    block_on(budget.room());
    session.join().unwrap();
    releases.into_iter().for_each(|lane| lane.join().unwrap());
    assert_eq!(budget.bytes(), 0);
}

#[test]
fn who_waits_for_room_is_woken_once_there_is_room() {
    in_every_order(a_full_budget);
}

#[test]
fn a_release_that_wakes_nobody_is_seen() {
    fails_with(Fault::SilentRelease, "who_waits_for_room_is_woken_once_there_is_room");
}

/// Two lanes settle; the session sends what is ready and waits for more. The first message is in two parts.
fn acknowledgements() {
    let acks = Arc::new(Acks::default());
    acks.tracker().open();
    let first = acks.tracker().receive(7, 2);
    let second = acks.tracker().receive(8, 1);
    let lanes = [vec![first, second], vec![first]].map(|tokens| {
        let acks = Arc::clone(&acks);
        thread::spawn(move || acks.settle(&tokens))
    });
    let mut sent = Vec::new();
    loop {
        acks.tracker().take_ready(&mut sent);
        if sent.len() == 2 {
            break;
        }
        block_on(acks.wait());
    }
    assert_eq!(sent, [7, 8]);
    lanes.into_iter().for_each(|lane| lane.join().unwrap());
}

#[test]
fn what_is_committed_is_acknowledged_in_order() {
    in_every_order(acknowledgements);
}

#[test]
fn a_commit_that_wakes_no_session_is_seen() {
    fails_with(Fault::ForgottenPermit, "what_is_committed_is_acknowledged_in_order");
}
