//! Pump: accepts connections and carries bytes both ways, as the weather and the traps have it.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::mqtt::MqttEar;
use super::postgres::PostgresEar;
use super::{Fate, Shared, Speaks, State, Then, Weather, now_us};

const PIECE_BYTES: usize = 64 * 1024;
/// A throttled wire carries so many pieces a second.
const PIECES_PER_S: u64 = 20;
/// A peer that is restarting is waited for so long.
const CONNECT_PATIENCE: Duration = Duration::from_secs(2);

/// From whom a piece comes.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum From {
    Daemon,
    Peer,
}

/// What an ear says of a piece.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Heard {
    /// A trap strikes after so many bytes of it.
    pub(super) strikes_at: Option<usize>,
}

/// Reads along.
#[derive(Debug)]
enum Ear {
    Mqtt(MqttEar),
    Postgres(PostgresEar),
    Deaf,
}

impl Ear {
    fn hear(&mut self, from: From, bytes: &[u8], state: &mut State) -> Heard {
        match self {
            Ear::Mqtt(ear) => ear.hear(from, bytes, state),
            Ear::Postgres(ear) => ear.hear(from, bytes, state),
            Ear::Deaf => Heard::default(),
        }
    }
}

/// What the two directions of one connection share.
struct Connection {
    shared: Arc<Shared>,
    ear: Mutex<Ear>,
    /// Nothing more passes from there.
    daemon_is_held: AtomicBool,
    peer_is_held: AtomicBool,
}

/// Serves connections for ever.
pub(super) async fn accept(shared: Arc<Shared>, listener: std::net::TcpListener) {
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    loop {
        let Ok((daemon, _)) = listener.accept().await else { continue };
        let number = shared.connections.fetch_add(1, Ordering::Relaxed);
        if shared.weather.borrow().refuses {
            reset(&daemon);
            continue;
        }
        let (fate, mut told) = watch::channel(Fate::Lives);
        shared.state().alive.push(fate);
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let peer = timeout(CONNECT_PATIENCE, TcpStream::connect(&shared.upstream)).await;
            let Ok(Ok(peer)) = peer else { return reset(&daemon) };
            carry(shared, number, daemon, peer, &mut told).await;
        });
    }
}

async fn carry(
    shared: Arc<Shared>,
    number: u64,
    mut daemon: TcpStream,
    mut peer: TcpStream,
    told: &mut watch::Receiver<Fate>,
) {
    let _ = daemon.set_nodelay(true).and_then(|()| peer.set_nodelay(true));
    let ear = match shared.speaks {
        Speaks::Mqtt => Ear::Mqtt(MqttEar::new(number, &mut shared.state())),
        Speaks::Postgres => Ear::Postgres(PostgresEar::default()),
        Speaks::Secret => Ear::Deaf,
    };
    let connection = Connection {
        shared: Arc::clone(&shared),
        ear: Mutex::new(ear),
        daemon_is_held: AtomicBool::new(false),
        peer_is_held: AtomicBool::new(false),
    };
    let ended = {
        let ((daemon_reads, daemon_writes), (peer_reads, peer_writes)) = (daemon.split(), peer.split());
        tokio::select! {
            ended = connection.pump(From::Daemon, daemon_reads, peer_writes) => ended.unwrap_or(Fate::Reset),
            ended = connection.pump(From::Peer, peer_reads, daemon_writes) => ended.unwrap_or(Fate::Reset),
            told = told.wait_for(|fate| *fate != Fate::Lives) => told.map_or(Fate::Reset, |fate| *fate),
        }
    };
    if let Ear::Postgres(ear) = &*connection.ear.lock().unwrap_or_else(PoisonError::into_inner) {
        shared.state().cuts.extend(ear.cut().map(|cut| (now_us(), cut)));
    }
    match ended {
        // One side said goodbye: the other hears the same.
        Fate::Lives => {}
        Fate::Reset => {
            reset(&daemon);
            reset(&peer);
        }
        Fate::Abandoned => {
            drop(peer);
            stay_silent(daemon).await;
        }
    }
}

/// Swallows what the daemon says until it gives up.
async fn stay_silent(mut daemon: TcpStream) {
    let mut swallowed = vec![0; PIECE_BYTES];
    while daemon.read(&mut swallowed).await.is_ok_and(|read| read > 0) {}
}

fn reset(socket: &TcpStream) {
    // Fails where it is closed already.
    let _ = socket.set_zero_linger();
}

impl Connection {
    /// Carries one direction until it ends: [`Fate::Lives`] where that side closed it.
    async fn pump(&self, from: From, mut reads: ReadHalf<'_>, mut writes: WriteHalf<'_>) -> io::Result<Fate> {
        let mut bytes = vec![0; PIECE_BYTES];
        let mut weather = self.shared.weather.subscribe();
        let mut chance = Chance(now_us().unsigned_abs());
        loop {
            let read = reads.read(&mut bytes).await?;
            if read == 0 {
                return Ok(Fate::Lives);
            }
            if self.is_held(from).load(Ordering::Relaxed) {
                continue;
            }
            let piece = &mut bytes[..read];
            let (strikes_at, then) = self.hear(from, piece);
            let (before, after) = piece.split_at_mut(strikes_at.unwrap_or(read));
            pass(&mut writes, before, &mut weather, &mut chance).await?;
            if strikes_at.is_some() {
                self.shared.state().strikes += 1;
            }
            match then {
                Some(Then::Reset) => return Ok(Fate::Reset),
                _ if self.is_held(from).load(Ordering::Relaxed) => {}
                _ => pass(&mut writes, after, &mut weather, &mut chance).await?,
            }
        }
    }

    /// What the ear says; where a trap strikes, what comes next is held before this piece passes.
    fn hear(&self, from: From, bytes: &[u8]) -> (Option<usize>, Option<Then>) {
        let mut state = self.shared.state();
        let trap = state.trap;
        let heard = self.ear.lock().unwrap_or_else(PoisonError::into_inner).hear(from, bytes, &mut state);
        let Some((point, then)) = trap.filter(|_| heard.strikes_at.is_some()) else { return (None, None) };
        state.trap = None;
        if then == Then::Hold {
            let next = if point == super::Point::Commit { From::Peer } else { from };
            self.is_held(next).store(true, Ordering::Relaxed);
        }
        (heard.strikes_at, Some(then))
    }

    fn is_held(&self, from: From) -> &AtomicBool {
        match from {
            From::Daemon => &self.daemon_is_held,
            From::Peer => &self.peer_is_held,
        }
    }
}

/// Writes a piece as the weather has it.
async fn pass(
    writes: &mut WriteHalf<'_>,
    bytes: &mut [u8],
    weather: &mut watch::Receiver<Weather>,
    chance: &mut Chance,
) -> io::Result<()> {
    if bytes.is_empty() {
        return Ok(());
    }
    let now = *weather.wait_for(|weather| !weather.silent).await.map_err(io::Error::other)?;
    if let Some(delay) = now.delay {
        sleep(delay.mul_f64(0.9 + 0.2 * chance.fraction())).await;
    }
    if let Some(every) = now.flip_every_bytes {
        for byte in bytes.iter_mut() {
            if chance.next().is_multiple_of(every) {
                *byte ^= 1 << (chance.next() % 8);
            }
        }
    }
    if now.slices {
        for byte in bytes.chunks(1) {
            writes.write_all(byte).await?;
            tokio::task::yield_now().await;
        }
        return Ok(());
    }
    let Some(bytes_per_s) = now.bytes_per_s else { return writes.write_all(bytes).await };
    let at_once = usize::try_from(bytes_per_s / PIECES_PER_S).unwrap().max(1);
    for some in bytes.chunks(at_once) {
        writes.write_all(some).await?;
        // A wire that is mended meanwhile need not crawl to the end.
        if weather.borrow().bytes_per_s.is_some() {
            sleep(Duration::from_millis(1_000 / PIECES_PER_S)).await;
        }
    }
    Ok(())
}

/// Marsaglia's xorshift: which bytes are spoilt, and by how much a delay varies.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.max(1);
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}
