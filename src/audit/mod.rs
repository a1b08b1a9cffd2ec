//! Heads of the audit, signed and brought out of the reach of whoever can change the database; and verified against it.
//!
//! ```text
//! ship        the heads of all chains → a signed record → audit.file → audit.syslog, audit.bucket
//! verify      what was shipped        → its signatures, its order, and the heads that the database still holds
//! ```
//!
//! # Why
//! *A chain proves itself but for its end, and not against its owner*, who can compute every hash anew. Who holds an
//! older head finds that; so heads are signed with a key that the database does not have, and are kept where its owner
//! cannot write.
//!
//! *By a command with the auditor's login, not by the daemon.* It needs to read the audit and nothing else, and the
//! daemon's login needs nothing of the audit; the daemon's machine listens to a broker, and the key is better kept
//! on another one. A signer that has stopped is told by the age of its newest record (`verify --max-age-min`), which
//! also tells of a way to the store that is cut.
//!
//! *One line is one record*, of all chains: it can be read, copied and verified by itself, also without this program
//! (`deploy/audit.md`).

/// Why not.
mod error;

/// The signed line.
mod record;

/// Lines that are added to a file.
mod file;

/// To a syslog daemon.
mod syslog;

/// Out of the database's reach.
mod target;

/// Shipped records, to be read.
mod source;

/// The order of records.
mod sequence;

/// Events that records should have.
mod late;

/// What was sent there already.
mod progress;

/// From the database to where records are kept.
mod ship;

/// What was shipped against the database.
mod verify;

#[cfg(test)]
mod tests;

pub use error::AuditError;
pub use record::{HeadRecord, RecordError};
pub use sequence::ShippedFindings;
pub use ship::{Shipped, Shipper, Signed};
pub use source::RecordSource;
pub use verify::{Expected, ShippedReport, verify_shipped};
