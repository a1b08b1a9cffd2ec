//! Executor: one thread that runs tasks in an order that the test chooses, and knows when nobody can go on.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

/// A task that may borrow nothing.
pub(super) type BoxedTask = Pin<Box<dyn Future<Output = ()>>>;

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// All tasks with what says that they can go on.
pub(super) struct Executor {
    tasks: Vec<(BoxedTask, Arc<Flag>)>,
    choices: Vec<u8>,
    steps: usize,
}

impl Executor {
    /// The tasks, and the choices that are made again and again among those that can go on.
    pub(super) fn new(tasks: Vec<BoxedTask>, choices: Vec<u8>) -> Executor {
        let tasks = tasks.into_iter().map(|task| (task, Arc::new(Flag(AtomicBool::new(true))))).collect();
        Executor { tasks, choices, steps: 0 }
    }

    /// Runs until nobody can go on.
    pub(super) fn run(&mut self) {
        loop {
            let able: Vec<usize> = (0..self.tasks.len()).filter(|at| self.is_able(*at)).collect();
            let Some(count) = std::num::NonZero::new(able.len()) else { return };
            self.steps += 1;
            assert!(self.steps < 1_000_000, "the tasks go round and round");
            let choice = usize::from(self.choices[self.steps % self.choices.len()]);
            let at = able[choice % count];
            let (task, flag) = &mut self.tasks[at];
            flag.0.store(false, Ordering::SeqCst);
            let waker = Waker::from(Arc::clone(flag));
            if task.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
                drop(self.tasks.swap_remove(at));
            }
        }
    }

    fn is_able(&self, at: usize) -> bool {
        self.tasks[at].1.0.load(Ordering::SeqCst)
    }
}

/// A database that answers some commits at once and others only when it is let.
#[derive(Default)]
pub(super) struct FakeDatabase {
    waiting: Mutex<Vec<Arc<Commit>>>,
}

#[derive(Default)]
struct Commit {
    done: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl FakeDatabase {
    /// One commit.
    pub(super) async fn commit(&self, is_slow: bool) {
        if !is_slow {
            return;
        }
        let commit = Arc::new(Commit::default());
        self.waiting.lock().unwrap().push(Arc::clone(&commit));
        std::future::poll_fn(|context| {
            *commit.waker.lock().unwrap() = Some(context.waker().clone());
            if commit.done.load(Ordering::SeqCst) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    /// Ends the commit that was begun last; false where none waits.
    pub(super) fn answer_one(&self) -> bool {
        let Some(commit) = self.waiting.lock().unwrap().pop() else { return false };
        commit.done.store(true, Ordering::SeqCst);
        commit.waker.lock().unwrap().take().into_iter().for_each(Waker::wake);
        true
    }
}
