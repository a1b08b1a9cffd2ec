//! A TCP proxy between the daemon and one of its peers: it spoils the wire as a test likes, strikes when bytes of
//! interest pass, and remembers what it saw.
//!
//! It runs on a thread and a runtime of its own, so that a test that blocks does not become a fault of its own. Without
//! TLS it reads along: PUBLISH and PUBACK on the broker's side, COPY and COMMIT on the database's (`mqtt`, `postgres`).
//! A connection that goes silent in both directions and stays so is what a network does that parts; the peers' kernels
//! still answer keepalive probes, which is the one thing that a proxy cannot take away.

mod mqtt;
mod postgres;
mod pump;

use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub(crate) use mqtt::{Delivery, Wire, key};
pub(crate) use postgres::Cut;

/// What is spoken over the wire.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Speaks {
    Mqtt,
    Postgres,
    /// TLS: nothing can be read along.
    Secret,
}

/// How the wire behaves, in both directions, until it is told otherwise.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Weather {
    /// Nothing passes. What waits passes later.
    pub(crate) silent: bool,
    /// New connections are reset.
    pub(crate) refuses: bool,
    /// Each piece waits so long, give or take a tenth.
    pub(crate) delay: Option<Duration>,
    pub(crate) bytes_per_s: Option<u64>,
    /// Each byte travels alone.
    pub(crate) slices: bool,
    /// One bit of about every so many bytes is turned.
    pub(crate) flip_every_bytes: Option<u64>,
}

/// Where a trap strikes, once.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Point {
    /// So many bytes of COPY data have passed since the trap was set.
    CopyBytes(u64),
    /// The COMMIT of a transaction with COPY data has passed, its answer has not.
    Commit,
    /// So many PUBACKs have passed since the trap was set.
    Pubacks(u64),
}

/// What a trap does to its connection.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// Nothing more passes in the direction of what would come next; who ends the connection is noticed.
    Hold,
    /// Both sides are reset.
    Reset,
}

/// How a connection is to end.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Fate {
    Lives,
    Reset,
    /// The peer's side is closed, and the daemon never hears of it.
    Abandoned,
}

/// What both directions of all connections share.
#[derive(Debug)]
struct Shared {
    upstream: String,
    speaks: Speaks,
    weather: watch::Sender<Weather>,
    connections: AtomicU64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    trap: Option<(Point, Then)>,
    /// Traps that have struck.
    strikes: u64,
    alive: Vec<watch::Sender<Fate>>,
    wires: Vec<Wire>,
    cuts: Vec<(i64, Cut)>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running proxy; its connections end with it.
#[derive(Debug)]
pub(crate) struct Proxy {
    port: u16,
    shared: Arc<Shared>,
    stop: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

impl Proxy {
    /// Starts one before `upstream`, written HOST:PORT.
    pub(crate) fn start(upstream: impl Into<String>, speaks: Speaks) -> Proxy {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            upstream: upstream.into(),
            speaks,
            weather: watch::Sender::new(Weather::default()),
            connections: AtomicU64::new(0),
            state: Mutex::default(),
        });
        let stop = CancellationToken::new();
        let thread = std::thread::spawn({
            let (shared, stop) = (Arc::clone(&shared), stop.clone());
            move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(stop.run_until_cancelled(pump::accept(shared, listener)));
            }
        });
        Proxy { port, shared, stop, thread: Some(thread) }
    }

    /// Where the daemon connects, on 127.0.0.1.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Changes the weather of all connections, those to come included.
    pub(crate) fn set(&self, weather: Weather) {
        self.shared.weather.send_replace(weather);
    }

    /// Resets every connection.
    pub(crate) fn reset(&self) {
        self.end(Fate::Reset);
    }

    /// Closes the peer's side of every connection and leaves the daemon in silence, as when its peer's machine is gone.
    pub(crate) fn abandon(&self) {
        self.end(Fate::Abandoned);
    }

    fn end(&self, fate: Fate) {
        for connection in self.shared.state().alive.drain(..) {
            connection.send_replace(fate);
        }
    }

    /// Sets a trap in place of any other.
    pub(crate) fn trap(&self, point: Point, then: Then) {
        self.shared.state().trap = Some((point, then));
    }

    /// Takes the trap away; true where it had not struck.
    pub(crate) fn disarm(&self) -> bool {
        self.shared.state().trap.take().is_some()
    }

    /// How many traps have struck.
    pub(crate) fn strikes(&self) -> u64 {
        self.shared.state().strikes
    }

    /// How many connections were made.
    pub(crate) fn connections(&self) -> u64 {
        self.shared.connections.load(Ordering::Relaxed)
    }

    /// What passed on each MQTT connection.
    pub(crate) fn wires(&self) -> Vec<Wire> {
        self.shared.state().wires.clone()
    }

    /// When connections ended in the middle of a transaction with COPY data, and where in it.
    pub(crate) fn cuts(&self) -> Vec<(i64, Cut)> {
        self.shared.state().cuts.clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.stop.cancel();
        let ended = self.thread.take().map(JoinHandle::join);
        assert!(std::thread::panicking() || matches!(ended, Some(Ok(()))), "the proxy has panicked");
    }
}

/// Microseconds since 1970, as in the generator's ledger.
pub(crate) fn now_us() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap()
}

#[cfg(test)]
mod tests;
