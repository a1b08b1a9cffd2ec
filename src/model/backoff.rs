//! Backoff: how long to wait before another attempt.

use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

/// Between half of `pause` and all of it, so that many clients of one server do not come back at the same moment.
pub fn jittered(pause: Duration) -> Duration {
    let random = RandomState::new().hash_one(pause) % 1_000;
    pause / 2 + pause.mul_f64(random as f64 / 2_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_never_shorter_than_its_half_nor_longer_than_itself() {
        let pause = Duration::from_millis(800);
        let pauses: Vec<_> = (0..200).map(|_| jittered(pause)).collect();
        assert!(pauses.iter().all(|shorter| (pause / 2..=pause).contains(shorter)));
        assert!(pauses.iter().any(|one| *one != pauses[0]), "they differ");
    }
}
