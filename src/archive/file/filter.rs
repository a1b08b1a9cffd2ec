//! Filter: which rows of a file are asked for.

use crate::model::ids::DeviceId;
use crate::model::time::Timestamp;

/// Which rows are asked for; the default asks for all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowFilter {
    /// Of this device.
    pub device: Option<DeviceId>,
    /// That begin at this moment or later.
    pub from: Option<Timestamp>,
    /// That begin before this moment.
    pub to: Option<Timestamp>,
}
