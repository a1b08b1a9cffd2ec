//! Mqtt: a connection to the broker becomes deliveries, and commits become acknowledgements.
//!
//! # Why
//! The packets are rumqttc's; the loop that reads and writes them is ours. rumqttc's own event loop writes and flushes
//! each acknowledgement by itself, may lose one that is cancelled half-way, sends one of a dead connection over the
//! next, and cannot pause reading without pausing its pings. Here the acknowledgements of one commit leave in one
//! write, by the task that owns the connection, so none can ever leave over another; and reading stops while too much
//! is not yet committed, while acknowledgements and pings go on.
//!
//! Sessions are kept by the broker (`clean_start` false) and each connection subscribes anew, whatever the broker says
//! it remembers: the filters may have changed, and a subscription that is not granted is an error, not a log line.
//!
//! Invariant: nothing here waits for a lane. Lanes settle messages in `ack` and never wait for a session either, so no
//! order of full buffers can make the two wait for each other.

/// Reaching a broker, and packets out of bytes.
pub(crate) mod wire;

/// Certificates.
mod tls;

/// Messages to a broker, each acknowledged.
pub mod publisher;
