//! Session: one connection to the broker after the other, under one client id, until it is to stop.
//!
//! # Why
//! The acknowledgements of one commit leave in one write, by the task that owns the connection, so none can ever leave
//! over another; and reading stops while too much is not yet committed, while acknowledgements and pings go on.
//!
//! Sessions are kept by the broker (`clean_start` false) and each connection subscribes anew, whatever the broker says
//! it remembers: the filters may have changed, and a subscription that is not granted is an error, not a log line.
//!
//! Invariant: nothing here waits for a lane. Lanes settle messages in `ack` and never wait for a session either, so no
//! order of full buffers can make the two wait for each other.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use secrecy::ExposeSecret as _;
use tokio::io::{AsyncReadExt as _, ReadHalf};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::config::MqttConfig;
use crate::formats::Reply;
use crate::formats::delivery::Delivery;
use crate::ingest::ack::Acks;
use crate::ingest::leave::{Leave, Left};
use crate::ingest::named::{Granted, Named};
use crate::ingest::reply::ReplyQueue;
use crate::ingest::state::State;
use crate::ingest::subscription::Subscription;
use crate::model::backoff::jittered;
use crate::model::time::Clock;
use crate::mqtt::MqttError;
use crate::mqtt::connect::{ConnectOptions, Connected, Socket, connect, shown};
use crate::telemetry::{Telemetry, chain};

/// The half of a connection that reads.
mod reading;

/// The half that writes.
mod writing;

/// What both do to leave filters, or the session.
mod leaving;

/// A connection that two clients take from each other holds no longer than this.
const SOON: Duration = Duration::from_secs(10);
/// So many of them in a row are no accident.
const ENDED_SOON_MAX: u32 = 3;
/// How long the broker is given to close a connection that was ended in order.
const CLOSED_WITHIN: Duration = Duration::from_secs(1);
/// What is read of it at once.
const DISCARD_BYTES: usize = 16 << 10;
/// A session that the broker has turned away so often in a row may never be drained, and nothing new may wait for ever.
const TURNED_AWAY_MAX: u32 = 5;
/// How often a connection proves that it lives, where anybody asks for that.
const PROVE_EVERY: Duration = Duration::from_secs(2);
/// How long after its record says so a session leaves a filter: others read the record more often than that.
const LEAVE_AFTER: Duration = Duration::from_secs(5);

/// Where deliveries go.
pub trait Sink: Send {
    /// Takes one, and adds what is to be answered to `replies`; false where there is no space, and the connection must
    /// end so that the broker sends it again.
    fn take(&mut self, delivery: Delivery, replies: &mut Vec<Reply>) -> bool;

    /// True where it is worth to ask whether something still waits at the broker.
    fn wants_catch_up(&self) -> bool;

    /// A new connection: what was sent and not acknowledged comes again.
    fn begin(&mut self);

    /// Everything came that was published before the broker was asked, which was at `asked`.
    fn catch_up(&mut self, asked: Instant);

    /// True where too much is not yet committed.
    fn is_full(&self) -> bool;

    /// Waits until it is not.
    fn room(&self) -> impl Future<Output = ()> + Send;
}

/// One named session at the broker.
#[derive(Debug)]
pub struct Session {
    config: MqttConfig,
    url: Url,
    named: Arc<Named>,
    /// What the present connection still leaves.
    leave: Mutex<Leave>,
    /// When it may be left.
    leaves_from: Instant,
    acks: Arc<Acks>,
    replies: ReplyQueue,
    subscription: Subscription,
    telemetry: Arc<Telemetry>,
    state: Arc<State>,
    clock: Arc<dyn Clock>,
    /// Stop reading; acknowledge what was read.
    stop_reading: CancellationToken,
    /// Acknowledge what is ready, and disconnect.
    close: CancellationToken,
    /// Released once nothing more is read.
    has_stopped: Option<OwnedSemaphorePermit>,
}

/// What a session shares with the rest of the daemon.
#[derive(Clone, Debug)]
pub struct SessionContext {
    /// Counts.
    pub telemetry: Arc<Telemetry>,
    /// Whether the connections are subscribed.
    pub state: Arc<State>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Stop reading; acknowledge what was read.
    pub stop_reading: CancellationToken,
    /// Acknowledge what is ready, and disconnect.
    pub close: CancellationToken,
    /// Each session holds a permit until it reads nothing more.
    pub readers: Arc<Semaphore>,
}

impl Session {
    /// A session of this name. `None` where the URL is not valid.
    pub fn new(config: &MqttConfig, named: Arc<Named>, acks: Arc<Acks>, around: SessionContext) -> Option<Session> {
        let SessionContext { telemetry, state, clock, stop_reading, close, readers } = around;
        let url = Url::parse(config.url.expose_secret()).ok()?;
        let has_stopped = readers.try_acquire_owned().ok();
        let config = config.clone();
        let (replies, subscription) = (ReplyQueue::default(), Subscription::default());
        Some(Session {
            config,
            url,
            named,
            leave: Mutex::new(Leave::new(Left::default(), Instant::now())),
            leaves_from: Instant::now() + LEAVE_AFTER,
            acks,
            replies,
            subscription,
            telemetry,
            state,
            clock,
            stop_reading,
            close,
            has_stopped,
        })
    }

    /// Connects again and again until it is to stop.
    pub async fn run(mut self, mut sink: impl Sink) {
        let (retry_min, retry_max) = self.config.retry();
        let mut pause = retry_min;
        let (mut ended_soon, mut turned_away, mut last) = (0, 0, None);
        while !self.stop_reading.is_cancelled() {
            // Whoever has taken the session may have the shard, too.
            tokio::select! {
                () = self.state.proved_after(last) => {}
                () = self.stop_reading.cancelled() => return,
            }
            let begun = Instant::now();
            let mut reader = self.has_stopped.take();
            let ended = self.connect_and_serve(&mut sink, &mut reader).await;
            self.has_stopped = reader;
            let was_subscribed = self.state.status().is_subscribed(&self.named.client_id);
            self.forget_connection();
            last = Some(Instant::now());
            let is_hung_up = matches!(ended, Err(MqttError::Closed | MqttError::Socket(_)));
            let has_ended_soon = was_subscribed && is_hung_up && begun.elapsed() < SOON.max(retry_max * 2);
            ended_soon = if has_ended_soon { ended_soon + 1 } else { 0 };
            if ended_soon == ENDED_SOON_MAX {
                let client = &self.named.client_id;
                tracing::warn!(mqtt.client = %client, "the broker has ended {ENDED_SOON_MAX} connections in a row soon \
                    after they were subscribed: where another client uses this client id too, give each an \
                    mqtt.client_id of its own");
            }
            match ended {
                Ok(()) if self.leave().is_ended() => return self.named.end(),
                Ok(()) if self.stop_reading.is_cancelled() => return,
                Ok(()) => {
                    let client = &self.named.client_id;
                    tracing::warn!(mqtt.client = %client, "disconnected from the broker until the database answers \
                        again: the shard may have another owner");
                }
                Err(error) => {
                    // A session that is cut off ends drained all the same, if each connection brings something.
                    let brought = self.leave().take_progress();
                    turned_away = if error.is_unreachable() || brought { 0 } else { turned_away + 1 };
                    if matches!(error, MqttError::Refused(_)) || turned_away >= TURNED_AWAY_MAX {
                        self.state.catch_up(&self.named.client_id);
                    }
                    // A connection that held is a good sign: the next attempt comes soon.
                    pause = if begun.elapsed() > retry_max { retry_min } else { (pause * 2).min(retry_max) };
                    let broker = shown(&self.url);
                    let (client, error) = (&self.named.client_id, chain(&error));
                    tracing::warn!(broker.url = %broker, mqtt.client = %client, "no connection to the broker: {error}");
                    tokio::select! {
                        () = sleep(jittered(pause)) => {}
                        () = self.stop_reading.cancelled() => {}
                    }
                }
            }
        }
    }

    async fn connect_and_serve(
        &self,
        sink: &mut impl Sink,
        reader: &mut Option<OwnedSemaphorePermit>,
    ) -> Result<(), MqttError> {
        let options = ConnectOptions {
            url: &self.url,
            client_id: &self.named.client_id,
            clean_start: false,
            keep_alive: self.config.keep_alive(),
            receive_maximum: Some(self.config.receive_maximum),
            session_expiry_s: Some(self.config.session_expiry_s),
            packet_bytes_max: self.config.packet_bytes_max,
            connect_timeout: self.connect_timeout(),
            tls: &self.config.tls(),
        };
        let connected = tokio::select! {
            connected = connect(&options) => connected?,
            () = self.stop_reading.cancelled() => return Ok(()),
        };
        self.serve(connected, sink, reader).await
    }

    /// Reads and acknowledges over one connection until it ends.
    pub(in crate::ingest) async fn serve(
        &self,
        connected: Connected,
        sink: &mut impl Sink,
        reader: &mut Option<OwnedSemaphorePermit>,
    ) -> Result<(), MqttError> {
        self.telemetry.mqtt.connects.increment(1);
        if !connected.session_present {
            self.telemetry.mqtt.sessions_lost.increment(1);
        }
        let (expiry_s, wanted_expiry_s) = (connected.session_expiry_s, self.config.session_expiry_s);
        let session_present = connected.session_present;
        self.named.connect(Granted { session_present, expiry_s, wanted_expiry_s }, self.clock.now());
        self.telemetry.mqtt.session_expiry.set(f64::from(expiry_s));
        *self.leave() = Leave::new(self.named.known().left, self.leaves_from);
        sink.begin();
        if !self.leave().is_behind() {
            self.state.catch_up(&self.named.client_id);
        }
        let connection = self.acks.tracker().open();
        self.replies.open();
        self.subscription.forget();
        let Connected { socket, rest, ping_every, packet_bytes_max, .. } = connected;
        let (mut read, write) = tokio::io::split(socket);
        tokio::select! {
            // Whichever ends first ends the connection, so nothing half-done in the other matters.
            ended = self.read_messages(&mut read, rest, ping_every, sink, reader) => return ended,
            ended = self.write_acks(write, connection, ping_every, packet_bytes_max) => ended?,
            error = self.subscription.unanswered(self.connect_timeout()) => return Err(error),
        }
        discard(&mut read).await;
        Ok(())
    }

    fn connect_timeout(&self) -> Duration {
        Duration::from_secs(self.config.connect_timeout_s)
    }

    fn forget_connection(&self) {
        self.state.subscribed(&self.named.client_id, false);
        self.telemetry.mqtt.unacknowledged(&self.named.client_id, 0);
        self.named.disconnect(self.clock.now());
    }
}

/// Reads until the broker has closed the connection, and keeps nothing. A socket that is closed while bytes wait in it
/// is reset, and the broker may then lose acknowledgements that it has not read yet.
async fn discard(socket: &mut ReadHalf<Box<dyn Socket>>) {
    let mut bytes = vec![0; DISCARD_BYTES];
    let closed = async { while socket.read(&mut bytes).await.is_ok_and(|count| count > 0) {} };
    let _ = timeout(CLOSED_WITHIN, closed).await;
}
