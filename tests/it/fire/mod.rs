//! Faults of every kind under load. Each test lets the oracle publish, spoils something, heals it, and has the judge
//! compare what is kept with what was published (`support::judge`).

mod stack;

/// The daemon is killed, put to sleep, told to stop, and shares its shard.
mod daemon;

/// The database dies, says no, and is slow.
mod database;

/// The broker restarts, is killed, and forgets its session.
mod broker;

/// The database is restored, cloned, and failed over without its last transactions.
mod history;

/// Either wire is cut, silent, slow, narrow or sliced.
mod network;

/// Bytes are spoilt on a wire with TLS.
mod secret;

/// Days are rolled while they are written.
mod roll;

/// A random walk over all of these.
mod walk;
