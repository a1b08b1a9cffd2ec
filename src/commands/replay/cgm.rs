//! Continuous glucose monitors: a subject, the receiver's local time and a value in mg/dL a row.
//!
//! Known by their headers, as `subjectId,DisplayTime,GlucoseValue` (Dexcom, Hall et al. 2018) and `id,time,gl` (iglu).
//! The receiver writes `Low` and `High` outside its range: that is no number, so it is counted as not measured.

use csv::StringRecord;

use super::local_time::{Zone, parse_either};
use super::recording::{Measure, Recording};
use super::table::{self, CsvHeader};

static GLUCOSE: Measure = Measure { metric: "interstitial_glucose", unit: Some("mg/dL"), span_us: None };

/// Where a table has what.
pub(super) struct CgmLayout {
    id: usize,
    time: usize,
    value: usize,
}

impl table::CsvLayout for CgmLayout {
    fn of(header: &CsvHeader) -> Option<CgmLayout> {
        Some(CgmLayout {
            id: header.place(&["subjectid", "subject_id", "subject", "id", "ptid"])?,
            time: header.place(&["displaytime", "display_time", "time"])?,
            value: header.place(&["glucosevalue", "glucose_value", "glucose", "gl"])?,
        })
    }

    fn take(&self, row: &StringRecord, zone: &Zone, recording: &mut Recording) {
        let (Some(id), Some(time), Some(value)) = (row.get(self.id), row.get(self.time), row.get(self.value)) else {
            return recording.refuse("the row must have a subject, a time and a value");
        };
        let Some(shown) = parse_either(time, zone) else {
            return recording.refuse("the time must be YYYY-MM-DD HH:MM:SS");
        };
        let Some(device) = recording.device(&format!("cgm-{id}")) else { return };
        let Some(at) = recording.moment(shown) else { return };
        if value.eq_ignore_ascii_case("low") || value.eq_ignore_ascii_case("high") {
            return recording.not_measured();
        }
        recording.add_text(device, &GLUCOSE, at, value);
    }
}
