//! The promises of the whole, kept with real servers. One program, so that it is linked once.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test says no by panicking"
)]

#[path = "../support/mod.rs"]
mod support;

/// The private servers.
mod embedded;

/// The schema's own promises.
mod schema;

/// One transaction of the hot table.
mod write;

/// Devices that are heard for the first time.
mod newcomers;

/// Bytes in, rows out.
mod path;

/// What a merge reads.
mod merge;

/// What a source said last.
mod revisions;

/// Daily values that are dated ahead of now.
mod early;

/// Totals that are sent again and again.
mod growing_totals;

/// Hours and days of what was measured.
mod rollup;

/// The same of what is archived.
mod rollup_archive;

/// The view of samples leaves out what is not asked for.
mod sample_view;

/// Few chunks, whatever comes.
mod chunks;

/// Published corpora of Open mHealth and IEEE 1752.1.
mod omh;

/// Observations of FHIR R4.
mod fhir;

/// Values, units and times that lie.
mod guards;

/// The operator's verbs, as the real binary runs them.
mod verbs;

/// Who may speak for a device.
mod sources;

/// What was rejected: how much is kept, and for how long.
mod quarantine;

/// What must stay in it.
mod keeping;

/// Real recordings, replayed.
mod replay;

/// Exports as the field writes them, replayed.
mod replay_exports;

/// Real recordings, stored.
mod recordings;

/// The archive's files, as other programs read them.
mod archive_file;

/// Archives of earlier versions.
mod fixtures;

/// Stops between any two stages.
mod crash;

/// The daemon's tasks and who watches them.
#[cfg(debug_assertions)]
mod supervision;

/// What the log tells of work that takes time.
mod spans;

/// A long backlog and little memory.
mod backlog;

/// A database that has forgotten.
mod history;

/// The feed of changes: complete and in order.
mod changes;

/// What the daemon and the verbs list in it.
mod feed;

/// Hosts, standbys and poolers.
mod primary;

/// Stops at named points, and a broker that does what a test says.
mod points;

/// Several shards on one broker.
mod shards;

/// Sessions that a change of the configuration leaves behind.
mod sessions;

/// Brokers with other habits.
mod brokers;

/// What devices and brokers send that they should not.
mod hostile;

/// Bugs on purpose, each seen. A release has none.
#[cfg(debug_assertions)]
mod fault_injection;

/// Faults of every kind under load, judged from outside.
mod fire;

/// Small blocks joined, beside everything else.
mod compaction;

/// Stored blocks that cannot be read, and faults that do not pass.
mod unreadable;

/// The demo, as a person starts it.
mod demo;

/// Texts encrypted with a key of each patient's own.
mod seal;

/// From the hot table to the archive.
mod roll;

/// Restored backups, clones, and files that no manifest names.
mod recover;

/// Interrupted claims, and places that are not proved ours.
mod claim;

/// More conflicts than memory should hold.
mod roll_conflicts;

/// What is said anew of archived days.
mod roll_revisions;

/// What is known of samples beside their values, in both tiers.
mod roll_origins;

/// The same with an object store.
mod bucket;

/// Goals, before and after a roll.
mod goals;

/// Whom archived samples are about.
mod subject;

/// A device out of both tiers.
mod erase;

/// A person out of both tiers.
mod erase_person;

/// Days that have been kept for long enough.
mod retire;

/// The roll beside writers and readers, and on a disk that fails.
mod roll_daemon;

/// The archive in DuckDB: its script, and the questions of the analyst's page.
mod analyst;
