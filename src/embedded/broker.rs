//! A private broker: rumqttd on threads of this process, for MQTT 5 and 3.1.1, on 127.0.0.1.
//!
//! For `demo` and for tests that need some broker; what depends on a broker's behaviour is tested with mosquitto.
//! Measured through `tests/embedded.rs` on two cores, unoptimised: 8,000 to 25,000 messages of 10 kB a second, QoS 1 in
//! and out, acknowledged by hand.
//!
//! # Limits of rumqttd 0.20
//! - It has no stop: the broker ends with the process, and its messages with it.
//! - At most `INFLIGHT_MAX` messages are under way to one session, whatever higher receive maximum the client names. A
//!   batch that waits for more than 80 of them must also be flushed by time.
//! - What was not acknowledged is delivered again only after a reconnect without a clean start, and without the
//!   duplicate flag. Sessions never expire.
//! - Acknowledgements must come in order: the first that does not ends the connection.
//! - A session that falls `SEGMENTS_MAX` segments behind silently loses its oldest messages.
//! - A keep-alive of zero is refused, and a packet above `PAYLOAD_BYTES_MAX` ends the connection.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::thread;
use std::time::Duration;

use rumqttd::{Broker, Config, ConnectionSettings, RouterConfig, ServerSettings};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

use super::EmbeddedError;
use super::postgres::free_port;

/// How many messages are under way to one session.
pub const INFLIGHT_MAX: u16 = 100;
/// How long the listeners may take to come up; they take a few milliseconds.
const START_TIMEOUT_S: u64 = 10;
/// The largest packet that is taken, in bytes.
const PAYLOAD_BYTES_MAX: usize = 4 << 20;
/// Each subscribed filter keeps its last messages in this many segments of this many bytes.
const SEGMENT_BYTES_MAX: usize = 16 << 20;
const SEGMENTS_MAX: usize = 16;

/// A broker that runs until this process ends: rumqttd has no stop.
#[derive(Debug)]
pub struct PrivateBroker {
    v5: u16,
    v4: u16,
}

impl PrivateBroker {
    /// Starts a broker on two free ports and waits until both answer.
    pub async fn start() -> Result<PrivateBroker, EmbeddedError> {
        let broker = PrivateBroker { v5: free_port()?, v4: free_port()? };
        let mut server = Broker::new(broker.config());
        let thread = thread::Builder::new().name("broker".to_owned());
        // `start` returns only when every listener has ended.
        thread.spawn(move || drop(server.start())).map_err(|_| EmbeddedError::Broker(START_TIMEOUT_S))?;
        broker.wait().await?;
        Ok(broker)
    }

    /// Where MQTT 5 clients connect.
    pub fn url(&self) -> String {
        format!("mqtt://127.0.0.1:{}", self.v5)
    }

    /// The port for MQTT 5 on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.v5
    }

    /// The port for MQTT 3.1.1 on 127.0.0.1.
    pub fn port_v4(&self) -> u16 {
        self.v4
    }

    fn config(&self) -> Config {
        Config {
            router: RouterConfig {
                max_connections: 1_000,
                max_outgoing_packet_count: 200,
                max_segment_size: SEGMENT_BYTES_MAX,
                max_segment_count: SEGMENTS_MAX,
                ..RouterConfig::default()
            },
            v4: Some(HashMap::from([("v4".to_owned(), listener("broker-v4", self.v4))])),
            v5: Some(HashMap::from([("v5".to_owned(), listener("broker-v5", self.v5))])),
            ..Config::default()
        }
    }

    /// Waits until both listeners take connections.
    async fn wait(&self) -> Result<(), EmbeddedError> {
        let deadline = Instant::now() + Duration::from_secs(START_TIMEOUT_S);
        for port in [self.v5, self.v4] {
            while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_err() {
                if Instant::now() > deadline {
                    return Err(EmbeddedError::Broker(START_TIMEOUT_S));
                }
                sleep(Duration::from_millis(5)).await;
            }
        }
        Ok(())
    }
}

/// One listener's settings.
fn listener(name: &str, port: u16) -> ServerSettings {
    ServerSettings {
        name: name.to_owned(),
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        tls: None,
        next_connection_delay_ms: 1,
        connections: ConnectionSettings {
            connection_timeout_ms: 10_000,
            max_payload_size: PAYLOAD_BYTES_MAX,
            max_inflight_count: 200,
            auth: None,
            external_auth: None,
            // Otherwise only filters that were named in advance could be subscribed.
            dynamic_filters: true,
        },
    }
}
