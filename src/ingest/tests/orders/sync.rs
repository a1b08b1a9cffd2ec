//! Sync: the checker's primitives, by the names of `ingest::sync`, each of which can be given a fault.
//!
//! Atomics and locks are loom's own. The places of the ring are written after those of crossbeam, with the same
//! accesses in the same order; the notification has what tokio promises: one permit at most, kept for the next who
//! waits, and all who wait woken at once.

use std::cell::Cell;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use loom::sync::atomic;
pub(super) use loom::sync::atomic::Ordering;
pub(super) use loom::sync::{Mutex, MutexGuard};
pub(super) use std::sync::PoisonError;

/// What is wrong on purpose, so that each check is seen to fail.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Nothing.
    Nothing,
    /// A flag is stored where it should be swapped: the read after it may be older than the flag.
    StoredFlag,
    /// There is no read after the flag: as if the flag were set after the read.
    FlagAfterRead,
    /// Who gives back wakes nobody.
    SilentRelease,
    /// A notification that nobody waits for is forgotten.
    ForgottenPermit,
}

impl Fault {
    pub(super) fn named(name: &str) -> Fault {
        let all = [Fault::StoredFlag, Fault::FlagAfterRead, Fault::SilentRelease, Fault::ForgottenPermit];
        all.into_iter().find(|fault| format!("{fault:?}") == name).unwrap_or(Fault::Nothing)
    }
}

thread_local! {
    // The checker runs all threads of a model on one thread of the system.
    static FAULT: Cell<Fault> = const { Cell::new(Fault::Nothing) };
    static DEADLINES_PASS: Cell<bool> = const { Cell::new(false) };
}

/// Injects a fault for this test.
pub(super) fn inject(fault: Fault) {
    FAULT.set(fault);
}

/// Lets every deadline of this test pass at once; else none ever does.
pub(super) fn let_deadlines_pass() {
    DEADLINES_PASS.set(true);
}

fn has_fault(fault: Fault) -> bool {
    FAULT.get() == fault
}

#[derive(Debug)]
pub(super) struct AtomicBool(atomic::AtomicBool);

impl AtomicBool {
    pub(super) fn new(value: bool) -> AtomicBool {
        AtomicBool(atomic::AtomicBool::new(value))
    }

    pub(super) fn load(&self, order: Ordering) -> bool {
        self.0.load(order)
    }

    pub(super) fn store(&self, value: bool, order: Ordering) {
        self.0.store(value, order);
    }

    pub(super) fn swap(&self, value: bool, order: Ordering) -> bool {
        if value && has_fault(Fault::StoredFlag) {
            self.0.store(value, Ordering::Release);
            return false;
        }
        self.0.swap(value, order)
    }
}

#[derive(Debug)]
pub(super) struct AtomicUsize(atomic::AtomicUsize);

impl AtomicUsize {
    pub(super) fn new(value: usize) -> AtomicUsize {
        AtomicUsize(atomic::AtomicUsize::new(value))
    }

    pub(super) fn load(&self, order: Ordering) -> usize {
        self.0.load(order)
    }

    pub(super) fn fetch_add(&self, more: usize, order: Ordering) -> usize {
        self.0.fetch_add(more, order)
    }

    pub(super) fn fetch_sub(&self, less: usize, order: Ordering) -> usize {
        let before = self.0.fetch_sub(less, order);
        assert!(before >= less, "a count falls below zero: {before} - {less}");
        before
    }
}

/// The places of a ring: bounded, many at both ends.
#[derive(Debug)]
pub(super) struct ArrayQueue<T> {
    places: Box<[Place<T>]>,
    head: atomic::AtomicUsize,
    tail: atomic::AtomicUsize,
}

#[derive(Debug)]
struct Place<T> {
    stamp: atomic::AtomicUsize,
    // Whoever has the stamp is alone here; the lock only stands for what the original knows by itself.
    value: std::sync::Mutex<Option<T>>,
}

impl<T> ArrayQueue<T> {
    pub(super) fn new(capacity: usize) -> ArrayQueue<T> {
        assert!(capacity > 1, "stamps of one place cannot tell full from empty");
        let place = |at| Place { stamp: atomic::AtomicUsize::new(at), value: std::sync::Mutex::new(None) };
        let (head, tail) = (atomic::AtomicUsize::new(0), atomic::AtomicUsize::new(0));
        ArrayQueue { places: (0..capacity).map(place).collect(), head, tail }
    }

    pub(super) fn push(&self, value: T) -> Result<(), T> {
        loop {
            let tail = self.tail.load(Ordering::Relaxed);
            let place = &self.places[tail % self.places.len()];
            let stamp = place.stamp.load(Ordering::Acquire);
            if stamp == tail {
                if self.tail.compare_exchange(tail, tail + 1, Ordering::SeqCst, Ordering::Relaxed).is_ok() {
                    *place.value.lock().unwrap() = Some(value);
                    place.stamp.store(tail + 1, Ordering::Release);
                    return Ok(());
                }
            } else if stamp + self.places.len() == tail + 1 {
                atomic::fence(Ordering::SeqCst);
                if self.head.load(Ordering::Relaxed) + self.places.len() == tail {
                    return Err(value);
                }
                loom::thread::yield_now();
            } else {
                loom::thread::yield_now();
            }
        }
    }

    pub(super) fn pop(&self) -> Option<T> {
        loop {
            let head = self.head.load(Ordering::Relaxed);
            let place = &self.places[head % self.places.len()];
            let stamp = place.stamp.load(Ordering::Acquire);
            if stamp == head + 1 {
                if self.head.compare_exchange(head, head + 1, Ordering::SeqCst, Ordering::Relaxed).is_ok() {
                    let value = place.value.lock().unwrap().take();
                    place.stamp.store(head + self.places.len(), Ordering::Release);
                    return value;
                }
            } else if stamp == head {
                atomic::fence(Ordering::SeqCst);
                if self.tail.load(Ordering::Relaxed) == head {
                    return None;
                }
                loom::thread::yield_now();
            } else {
                loom::thread::yield_now();
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        if has_fault(Fault::FlagAfterRead) {
            return true;
        }
        let head = self.head.load(Ordering::SeqCst);
        self.tail.load(Ordering::SeqCst) == head
    }
}

/// A notification as tokio's.
#[derive(Debug)]
pub(super) struct Notify(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    permit: bool,
    /// How often all were woken.
    calls: usize,
    /// Those who wait, by number, in the order in which they came.
    waiting: Vec<(usize, Option<Waker>)>,
    numbers: usize,
}

impl Default for Notify {
    fn default() -> Notify {
        Notify::new()
    }
}

impl Notify {
    pub(super) fn new() -> Notify {
        Notify(Mutex::new(State::default()))
    }

    pub(super) fn notify_one(&self) {
        let mut state = self.0.lock().unwrap();
        if state.waiting.is_empty() {
            state.permit = !has_fault(Fault::ForgottenPermit);
            return;
        }
        let (_, waker) = state.waiting.remove(0);
        drop(state);
        waker.into_iter().for_each(Waker::wake);
    }

    pub(super) fn notify_waiters(&self) {
        if has_fault(Fault::SilentRelease) {
            return;
        }
        let mut state = self.0.lock().unwrap();
        state.calls += 1;
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        waiting.into_iter().filter_map(|(_, waker)| waker).for_each(Waker::wake);
    }

    pub(super) fn notified(&self) -> Notified<'_> {
        let calls = self.0.lock().unwrap().calls;
        Notified { notify: self, calls, number: None, woken: false }
    }
}

pub(super) struct Notified<'a> {
    notify: &'a Notify,
    calls: usize,
    number: Option<usize>,
    woken: bool,
}

impl Notified<'_> {
    pub(super) fn enable(self: Pin<&mut Self>) -> bool {
        self.get_mut().ask(None)
    }

    /// True where it was woken; else it waits from now on, and `waker` is to be called.
    fn ask(&mut self, waker: Option<Waker>) -> bool {
        let mut state = self.notify.0.lock().unwrap();
        self.woken = self.woken
            || match self.number {
                Some(number) => match state.waiting.iter_mut().find(|(waiting, _)| *waiting == number) {
                    Some((_, known)) => {
                        *known = waker;
                        false
                    }
                    None => true,
                },
                None if state.calls != self.calls || std::mem::take(&mut state.permit) => true,
                None => {
                    state.numbers += 1;
                    let number = state.numbers;
                    state.waiting.push((number, waker));
                    self.number = Some(number);
                    false
                }
            };
        self.woken
    }
}

impl Future for Notified<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let woken = self.get_mut().ask(Some(context.waker().clone()));
        if woken { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Drop for Notified<'_> {
    fn drop(&mut self) {
        // A check that has failed has no threads any more that could lock.
        if self.woken || self.number.is_none() || std::thread::panicking() {
            return;
        }
        let mut state = self.notify.0.lock().unwrap();
        let waiting = state.waiting.len();
        state.waiting.retain(|(number, _)| Some(*number) != self.number);
        let was_woken_by_one = state.waiting.len() == waiting && state.calls == self.calls;
        drop(state);
        if was_woken_by_one {
            self.notify.notify_one();
        }
    }
}

/// Deadlines pass at once or never.
pub(super) async fn in_time(_: Instant, happening: impl Future<Output = ()>) -> bool {
    let mut happening = pin!(happening);
    if DEADLINES_PASS.get() {
        return std::future::poll_fn(|context| Poll::Ready(happening.as_mut().poll(context).is_ready())).await;
    }
    happening.await;
    true
}
