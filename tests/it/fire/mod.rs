//! Faults of every kind under load. Each test lets the oracle publish, spoils something, heals it, and has the judge
//! compare what is kept with what was published (`support::judge`).

mod house;

/// The daemon is killed, put to sleep, told to stop, and shares its shard.
mod daemon;
