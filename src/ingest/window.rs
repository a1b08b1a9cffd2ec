//! Window: notices how many messages the broker sends ahead of their acknowledgement, where that is few.
//!
//! # Why
//! We say in CONNECT how many we take (`mqtt.receive_maximum`), and no packet says how many the broker sends: RabbitMQ
//! 10 and HiveMQ 50 where nobody has set more. A lane that waits for a batch to grow then waits for what cannot come.
//! What shows a full window is a plateau: the count of unacknowledged messages rises to the same number again and
//! again, never above it, and goes on as soon as some are acknowledged. Devices that send in step look alike for a
//! moment, not a hundred times in a row within milliseconds; and where they do, nothing more comes at that count
//! either.
//!
//! Pure: no clock.

use std::time::{Duration, Instant};

/// How soon after an acknowledgement the next message comes where the broker had been waiting for it.
const ANSWER_MAX: Duration = Duration::from_millis(10);
/// So many times in a row the window must have been filled up again.
const REFILLS_MIN: u32 = 100;
/// A broker that sends one at a time is not to be told from a device that does.
const WINDOW_MIN: usize = 2;

/// What is known of the broker's window on one connection.
#[derive(Debug, Default)]
pub struct Window {
    /// The most messages that were unacknowledged at once.
    most: usize,
    /// How often in a row it was reached again soon after an acknowledgement.
    refills: u32,
    /// When a full window was acknowledged in part, until the next message comes.
    freed: Option<Instant>,
    /// That message came soon, and the window is not full again yet.
    is_refilling: bool,
    /// What was told last.
    told: usize,
}

impl Window {
    /// A new connection: nothing is known of it.
    pub fn forget(&mut self) {
        *self = Window { told: self.told, ..Window::default() };
    }

    /// A message has come at `at`, and so many are unacknowledged. True where no more can come before an
    /// acknowledgement.
    pub fn fill(&mut self, unacknowledged: usize, at: Instant) -> bool {
        if unacknowledged > self.most {
            *self = Window { most: unacknowledged, told: self.told, ..Window::default() };
            return false;
        }
        if let Some(freed) = self.freed.take() {
            self.is_refilling = at.saturating_duration_since(freed) <= ANSWER_MAX;
            if !self.is_refilling {
                self.refills = 0;
            }
        }
        if unacknowledged < self.most {
            return false;
        }
        if std::mem::take(&mut self.is_refilling) {
            self.refills = self.refills.saturating_add(1);
        }
        self.size().is_some()
    }

    /// Some of so many unacknowledged messages are acknowledged at `at`.
    pub fn free(&mut self, unacknowledged: usize, at: Instant) {
        if unacknowledged == self.most {
            self.freed = Some(at);
        }
    }

    /// How many messages the broker sends ahead, where that is known.
    pub fn size(&self) -> Option<usize> {
        (self.refills >= REFILLS_MIN && self.most >= WINDOW_MIN).then_some(self.most)
    }

    /// The same where it was not told before.
    pub fn tell(&mut self) -> Option<usize> {
        let size = self.size().filter(|size| *size != self.told)?;
        self.told = size;
        Some(size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// A broker with this window and enough to send, all of which is acknowledged at once `rounds` times.
    fn drain(window: &mut Window, size: usize, rounds: u32, at: &mut Instant) -> bool {
        let mut is_full = false;
        for _ in 0..rounds {
            (1..=size).for_each(|count| is_full = window.fill(count, *at));
            *at += 3 * MS;
            window.free(size, *at);
            *at += MS;
        }
        is_full
    }

    #[test]
    fn a_window_that_is_filled_again_and_again_is_noticed_and_told_once() {
        let (mut window, mut at) = (Window::default(), Instant::now());
        assert!(!drain(&mut window, 10, REFILLS_MIN, &mut at), "the first is no refill");
        assert_eq!(window.tell(), None);
        assert!(drain(&mut window, 10, 1, &mut at));
        assert_eq!((window.tell(), window.tell()), (Some(10), None));
        assert!(!window.fill(5, at), "it is not full");
        window.forget();
        assert!(!drain(&mut window, 10, REFILLS_MIN, &mut at), "a new connection is watched anew");
        assert!(drain(&mut window, 10, 1, &mut at));
        assert_eq!(window.tell(), None, "told before");
    }

    #[test]
    fn half_of_it_may_be_acknowledged_at_a_time() {
        let (mut window, mut at) = (Window::default(), Instant::now());
        let mut is_full = (1..=10).fold(false, |_, count| window.fill(count, at));
        for _ in 0..REFILLS_MIN {
            at += MS;
            window.free(10, at);
            is_full = (6..=10).fold(false, |_, count| window.fill(count, at));
        }
        assert!(is_full);
    }

    #[test]
    fn one_message_above_it_disproves_it() {
        let (mut window, mut at) = (Window::default(), Instant::now());
        drain(&mut window, 10, REFILLS_MIN + 1, &mut at);
        assert_eq!(window.size(), Some(10));
        drain(&mut window, 11, 1, &mut at);
        assert_eq!(window.size(), None);
    }

    #[test]
    fn devices_that_send_at_their_own_pace_show_no_window() {
        for (burst, pace) in [(1, MS), (5, 20 * MS)] {
            let (mut window, mut at) = (Window::default(), Instant::now());
            for _ in 0..10 * REFILLS_MIN {
                (1..=burst).for_each(|count| assert!(!window.fill(count, at)));
                window.free(burst, at + MS / 2);
                at += pace;
            }
            assert_eq!(window.size(), None, "{burst} messages every {pace:?}");
        }
    }
}
