//! Ingest: one message's way from the broker to the hot table, and its acknowledgement back.
//!
//! ```text
//! stage     from               to            bounded by
//! session   bytes, a socket    Delivery      65,535 messages a connection; mqtt.packet_bytes_max
//! decode    its payload        Reading       a small multiple of the payload
//! validate  Reading            ValidSamples  pure: catalogue, unit table, clock
//! queue     Arrival            a batch       ingest.inflight_bytes_max over all lanes
//! write     a batch            COMMIT        ingest.batch_{samples,bytes}_max, batch_age_ms
//! ack       COMMIT             PUBACK        the order of receipt
//! ```
//!
//! # Why
//! Messages are decoded and validated where they are read, in the session's own task (`intake`): that costs two or
//! three microseconds, less than handing the message to another thread and waking it. From there on everything goes by
//! batches. What is invalid travels with what is valid, and is put into quarantine by the same transaction, so that one
//! acknowledgement covers both (`quarantine`).
//!
//! Invariant: received = stored + duplicate + outdated + conflict + quarantined + in flight, at every scrape.

/// Synchronisation primitives.
mod sync;

/// What the daemon is to its shard, and whether broker and database answer.
pub mod state;

/// What to do about a fault after those before it.
mod permanence;

/// How many messages the broker sends ahead.
pub mod window;

/// Which messages may be acknowledged now.
pub mod ack;

/// What decoders answer.
mod reply;

/// What a connection does to leave filters, or its session.
pub mod leave;

/// One session by its name.
pub mod named;

/// Which sessions there are, and their record.
pub mod sessions;

/// What a connection has asked to be subscribed to.
mod subscription;

/// One connection to the broker after the other.
pub mod session;

/// Readings to samples.
pub mod validate;

/// Bytes in flight.
pub mod budget;

/// Where arrivals wait, and how a lane is woken.
pub mod ring;

/// What waits for a lane.
pub mod queue;

/// Whose a topic is.
pub mod shards;

/// From a delivery to the queues of its lanes.
mod intake;

/// What is invalid, as rows.
pub mod quarantine;

/// With which right lanes write.
pub mod rights;

/// Batches to rows.
pub mod write;

/// Who takes and holds the shard.
mod holder;

/// Shard, lanes and sessions, from start to stop.
pub mod service;

#[cfg(test)]
mod tests;

pub use intake::{Intake, Reader};
pub use service::{IngestError, Service};
pub use state::{Asker, Role, State, Status};
