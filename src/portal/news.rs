//! What is new for pages that listen: asked once for all of them.
//!
//! ```text
//! pages that wait → looks and what was known of each → one question every 400 ms → those with something else go on
//! ```
//!
//! # Why
//! A page that asked for itself took 3 ms of Postgres each time, mostly for who asks and by which right, and nearly
//! always to learn that nothing is new. This asks for a number that says no more than that; what has changed the page
//! reads by its own actor. A page that goes on for nothing, since its look is over or the number was asked for before
//! the page read, only reads once more. The question ends with the last page that waits.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sqlx::PgPool;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use crate::store::care::context::SignIn;
use crate::store::care::session::SessionToken;
use crate::store::care::vitals::{Watch, digests};

/// How often it is asked.
const EVERY: Duration = Duration::from_millis(400);
/// How often where the database does not answer.
const AWAY: Duration = Duration::from_secs(3);

/// A look, in the session that took it.
type AskedLook = (SessionToken, Watch);

/// Asks for the pages that wait.
#[derive(Clone, Debug)]
pub(super) struct NewsDesk {
    /// Of the login that keeps sessions.
    pool: PgPool,
    waiting: Arc<Mutex<WaitingPages>>,
}

/// Those, by a number of their own.
#[derive(Debug, Default)]
struct WaitingPages {
    next: u64,
    pages: BTreeMap<u64, WaitingPage>,
    /// Whether somebody asks for them.
    is_asked: bool,
}

#[derive(Debug)]
struct WaitingPage {
    token: SessionToken,
    watch: Watch,
    known: Option<i64>,
    /// Taken once there is something else.
    told: Option<oneshot::Sender<Option<i64>>>,
}

/// Leaves the place of a page however its waiting ends.
struct WaitingPlace {
    desk: NewsDesk,
    number: u64,
}

impl Drop for WaitingPlace {
    fn drop(&mut self) {
        self.desk.held().pages.remove(&self.number);
    }
}

impl NewsDesk {
    pub(super) fn new(pool: PgPool) -> NewsDesk {
        NewsDesk { pool, waiting: Arc::default() }
    }

    /// Waits until what a look shows is something else than what was known, or the look is over, but no longer than so
    /// long; what is to be known the next time.
    pub(super) async fn wait(
        &self,
        (token, watch): (&SessionToken, Watch),
        known: Option<i64>,
        at_most: Duration,
    ) -> Option<i64> {
        let (told, heard) = oneshot::channel();
        let page = WaitingPage { token: token.clone(), watch, known, told: Some(told) };
        let _place = self.enter(page);
        timeout(at_most, heard).await.map_or(known, |heard| heard.unwrap_or(known))
    }

    fn enter(&self, page: WaitingPage) -> WaitingPlace {
        let mut held = self.held();
        let number = held.next;
        held.next += 1;
        held.pages.insert(number, page);
        if !held.is_asked {
            held.is_asked = true;
            tokio::spawn(self.clone().ask());
        }
        WaitingPlace { desk: self.clone(), number }
    }

    fn held(&self) -> MutexGuard<'_, WaitingPages> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for as long as a page waits.
    async fn ask(self) {
        while let Some((numbers, asked)) = self.all() {
            let found = match self.pool.acquire().await {
                Ok(mut connection) => digests(&mut SignIn::on(&mut connection), &asked).await.ok(),
                Err(_) => None,
            };
            let pause = match found {
                Some(found) => {
                    self.tell(&numbers, found);
                    EVERY
                }
                // What is wrong each page tells by itself, when it has waited.
                None => AWAY,
            };
            sleep(pause).await;
        }
    }

    /// Those that wait; nobody asks any more once there are none.
    fn all(&self) -> Option<(Vec<u64>, Vec<AskedLook>)> {
        let mut held = self.held();
        held.is_asked = !held.pages.is_empty();
        let pages = held.pages.iter();
        held.is_asked.then(|| pages.map(|(number, page)| (*number, (page.token.clone(), page.watch))).unzip())
    }

    fn tell(&self, numbers: &[u64], found: Vec<Option<i64>>) {
        let mut held = self.held();
        for (number, digest) in numbers.iter().zip(found) {
            let Some(page) = held.pages.get_mut(number) else { continue };
            if (digest.is_none() || digest != page.known)
                && let Some(told) = page.told.take()
            {
                // Where nobody hears it any more, the page has just gone.
                let _ = told.send(digest);
            }
        }
    }
}
