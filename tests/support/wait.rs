//! Waiting without sleeping and hoping: a condition is asked again and again until it holds or its deadline has passed.

use std::future::Future;
use std::time::{Duration, Instant};

/// How often a condition is asked.
const POLL: Duration = Duration::from_millis(20);

/// Waits until `holds` says yes; fails the test by name of `what` when it has not within `timeout`.
pub(crate) async fn wait_until<F, Fut>(timeout: Duration, what: &str, mut holds: F)
where
    F: FnMut() -> Fut,
    Fut: Future<Output = bool>,
{
    let begun = Instant::now();
    while !holds().await {
        assert!(begun.elapsed() < timeout, "waited {timeout:?} in vain until {what}");
        tokio::time::sleep(POLL).await;
    }
}

/// Whether `happens` says yes within `window`: for what must not happen, and for what would be a broken promise if it
/// did not.
pub(crate) async fn happens_within(window: Duration, mut happens: impl FnMut() -> bool) -> bool {
    let begun = Instant::now();
    while !happens() {
        if begun.elapsed() >= window {
            return false;
        }
        tokio::time::sleep(POLL).await;
    }
    true
}
