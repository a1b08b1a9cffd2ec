//! Kind: whose files.

use clap::ValueEnum;
use serde::Serialize;

/// Whose files they are.
#[derive(Copy, Clone, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RecordingKind {
    /// Fitabase exports of Fitbit data: heart rate, minute steps, minute intensities, minute sleep, weight
    Fitbit,
    /// Empatica E4 sessions: HR, IBI, TEMP, EDA, BVP, ACC
    Empatica,
    /// Glucose sensors: Dexcom Clarity, LibreView, or a subject, a local time and a value a row
    Cgm,
    /// Open mHealth and IEEE 1752.1 data points, as they are
    Omh,
}

impl RecordingKind {
    /// As the command line has it.
    pub(super) fn word(self) -> &'static str {
        match self {
            RecordingKind::Fitbit => "fitbit",
            RecordingKind::Empatica => "empatica",
            RecordingKind::Cgm => "cgm",
            RecordingKind::Omh => "omh",
        }
    }
}
