//! Scope: what an erasure is of, and how much that is.

use crate::model::ids::DeviceId;
use crate::model::people::PatientId;

/// What an erasure is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ErasureTarget {
    /// All that a device measured, and the device.
    Device(DeviceId),
    /// What was measured on a patient: what devices measured while the patient wore them.
    Patient(PatientId),
}

impl ErasureTarget {
    /// What its proof keeps a digest of.
    pub(super) fn text(&self) -> String {
        match self {
            ErasureTarget::Device(device) => device.as_str().to_owned(),
            ErasureTarget::Patient(patient) => patient.0.to_string(),
        }
    }
}

/// How much there is, or was, of what is erased.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct ErasureCounts {
    /// Blocks of the hot table.
    pub blocks: u64,
    /// Samples in them.
    pub hot_samples: u64,
    /// Samples in live files.
    pub archived_samples: u64,
    /// Live files that hold some.
    pub files: u64,
    /// Superseded files that may hold some.
    pub deleted_files: u64,
    /// Messages in quarantine.
    pub quarantine_rows: u64,
    /// Its own row and those of its series.
    pub directory_rows: u64,
}

/// The counts as SQL gives them, in the order of their fields.
pub(super) type ErasureCountRow = (i64, i64, i64, i64, i64, i64, i64);

impl ErasureCounts {
    pub(super) fn of(row: ErasureCountRow) -> ErasureCounts {
        let count = |number: i64| u64::try_from(number).unwrap_or(0);
        ErasureCounts {
            blocks: count(row.0),
            hot_samples: count(row.1),
            archived_samples: count(row.2),
            files: count(row.3),
            deleted_files: count(row.4),
            quarantine_rows: count(row.5),
            directory_rows: count(row.6),
        }
    }
}
