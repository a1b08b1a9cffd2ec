//! Options: how files are to be read that do not say it themselves.

use super::cgm::GlucoseUnit;
use super::local_time::{DayOrder, Zone};
use crate::model::ids::DeviceId;

/// How files are to be read.
#[derive(Clone, Debug, Default)]
pub struct ReadOptions {
    /// Where the device's clock stood.
    pub zone: Zone,
    /// Which number of a date stands first; `None` where the file is to prove it.
    pub day_order: Option<DayOrder>,
    /// What glucose is measured in; `None` for what the column says, else mg/dL.
    pub unit: Option<GlucoseUnit>,
    /// The device of an export of one person; `None` for the one that its rows name.
    pub device: Option<DeviceId>,
}
