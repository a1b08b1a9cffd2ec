//! Continuous glucose monitors: local times with a value in mg/dL or mmol/L a row.
//!
//! | known by the columns | of | device |
//! |---|---|---|
//! | `subjectId,DisplayTime,GlucoseValue`, or `id,time,gl` | Hall et al. 2018, iglu | `cgm-SUBJECT` |
//! | `Timestamp (YYYY-MM-DDThh:mm:ss)`, `Event Type`, `Glucose Value (mg/dL)` | Dexcom Clarity | `cgm-TRANSMITTER` |
//! | `Device Timestamp`, `Serial Number`, `Record Type`, `Historic Glucose mg/dL` | LibreView | `cgm-SERIAL` |
//!
//! An export of one person has rows of many kinds: in Clarity the person's name and birth date, alerts, calibrations,
//! insulin and carbohydrates beside the readings (`EGV`), in LibreView insulin, food and notes beside the history
//! (record type 0) and the scans (1). All but readings of glucose are counted as left out, unread: names must not come
//! into devices, messages or logs. `Source Device ID` of Clarity is the model of the phone, which many people share, so
//! without a transmitter the device must be named (`--device`).
//!
//! The receiver writes `Low` and `High` outside its range: bounds, and no numbers. They go out as `low` and `high`.

use csv::StringRecord;

use super::local_time::When;
use super::options::ReadOptions;
use super::recording::{Measure, Recording, RowValue, SampleSlot, device_name, number};
use super::table::{CsvHeader, CsvLayout};
use unit::GlucoseValues;

/// What glucose is measured in.
mod unit;

pub use unit::GlucoseUnit;

static MG_DL: Measure = Measure::instants("interstitial_glucose", Some("mg/dL"));
static MMOL_L: Measure = Measure::instants("interstitial_glucose", Some("mmol/L"));

/// Where a table has what.
pub(super) struct CgmLayout<'a> {
    form: Form,
    time: usize,
    values: Vec<ValueColumn>,
    options: &'a ReadOptions,
    seen: GlucoseValues,
}

/// Whose table it is, and where it names its device and the kind of a row.
enum Form {
    Subjects { id: usize },
    Clarity { event: usize, transmitter: Option<usize> },
    LibreView { serial: usize, record: usize },
}

/// A column of glucose.
struct ValueColumn {
    place: usize,
    unit: Option<GlucoseUnit>,
    /// The record type of LibreView that it belongs to; also the lane: scans lie between the readings of the history.
    record: usize,
}

impl<'a> CgmLayout<'a> {
    /// The layout that the header promises; `None` where it is none of ours.
    pub(super) fn of(header: &CsvHeader, options: &'a ReadOptions) -> Option<CgmLayout<'a>> {
        let place = |names: &[&str]| header.place(names);
        let value = |names: &[&str], record| {
            let (place, unit) = header.glucose(names)?;
            Some(ValueColumn { place, unit, record })
        };
        let clarity = place(&["timestampyyyymmddthhmmss", "timestamp"]).zip(place(&["eventtype"]));
        let (form, time, values) = if let Some((time, event)) = clarity {
            let form = Form::Clarity { event, transmitter: place(&["transmitterid"]) };
            (form, time, vec![value(&["glucosevalue"], 0)])
        } else if let (Some(serial), Some(record)) = (place(&["serialnumber"]), place(&["recordtype"])) {
            let values = vec![value(&["historicglucose"], 0), value(&["scanglucose"], 1)];
            (Form::LibreView { serial, record }, place(&["devicetimestamp"])?, values)
        } else {
            let form = Form::Subjects { id: place(&["subjectid", "subject", "id", "ptid"])? };
            (form, place(&["displaytime", "time"])?, vec![value(&["glucosevalue", "glucose", "gl"], 0)])
        };
        let values: Vec<ValueColumn> = values.into_iter().flatten().collect();
        let seen = GlucoseValues::default();
        (!values.is_empty()).then_some(CgmLayout { form, time, values, options, seen })
    }

    /// The column of the reading that the row holds; `None` where it holds none.
    fn column(&self, row: &StringRecord) -> Option<&ValueColumn> {
        match self.form {
            Form::Subjects { .. } => self.values.first(),
            Form::Clarity { event, .. } => {
                self.values.first().filter(|_| row.get(event).is_some_and(|event| event.eq_ignore_ascii_case("EGV")))
            }
            Form::LibreView { record, .. } => {
                let record = row.get(record).and_then(|record| record.parse().ok());
                self.values.iter().find(|column| Some(column.record) == record)
            }
        }
    }

    /// The device of a row, by its name.
    fn device(&self, row: &StringRecord) -> Result<String, &'static str> {
        let cell = |place: usize| row.get(place).filter(|text| !text.is_empty());
        let named = self.options.device.as_ref().map(|device| device.as_str().to_owned());
        match self.form {
            Form::Subjects { id } => {
                cell(id).map(|id| format!("cgm-{id}")).ok_or("the row must have a subject, a time and a value")
            }
            Form::Clarity { transmitter, .. } => named
                .or_else(|| Some(device_name("cgm", cell(transmitter?)?)))
                .ok_or("the row names no transmitter; say --device NAME"),
            Form::LibreView { serial, .. } => named
                .or_else(|| Some(device_name("cgm", cell(serial)?)))
                .ok_or("the row names no serial number; say --device NAME"),
        }
    }

    /// The unit of a column: what was asked for, else what its title says, else the one of most files.
    fn unit(&self, column: &ValueColumn) -> GlucoseUnit {
        self.options.unit.or(column.unit).unwrap_or(GlucoseUnit::MgDl)
    }
}

impl CsvLayout for CgmLayout<'_> {
    fn time(&self) -> usize {
        self.time
    }

    fn take(&mut self, row: &StringRecord, when: Option<When>, recording: &mut Recording) {
        let Some(column) = self.column(row) else { return recording.leave_out() };
        let (Some(text), true) = (row.get(column.place), row.get(self.time).is_some()) else {
            return recording.refuse("the row must have a subject, a time and a value");
        };
        let Some(when) = when else {
            return recording.refuse("the time must be YYYY-MM-DD HH:MM:SS, or a date that ends with its year");
        };
        let device = match self.device(row) {
            Ok(name) => recording.device(&name),
            Err(why) => return recording.refuse(why),
        };
        let Some(device) = device else { return };
        let what = match self.unit(column) {
            GlucoseUnit::MgDl => &MG_DL,
            GlucoseUnit::MmolL => &MMOL_L,
        };
        let slot = SampleSlot { lane: column.record, ..SampleSlot::new(device, what, when) };
        match glucose(text) {
            Ok(value) => {
                if let RowValue::Number(number) = value {
                    self.seen.count(number);
                }
                recording.add(slot, value);
            }
            Err(why) => recording.refuse(why),
        }
    }

    fn objection(&self) -> Option<String> {
        let unit = self.values.first().map_or(GlucoseUnit::MgDl, |column| self.unit(column));
        let better = self.seen.fit_better(unit).filter(|_| self.options.unit.is_none())?;
        Some(format!("the values look like {better}, not {unit}; say --unit {better}, or --unit {unit} if it is right"))
    }
}

impl CsvHeader {
    /// The place of the first column of one of these names, and the unit that its title says.
    fn glucose(&self, names: &[&str]) -> Option<(usize, Option<GlucoseUnit>)> {
        let mut columns = self.names().enumerate().map(|(place, name)| (place, GlucoseUnit::in_name(name)));
        columns.find_map(|(place, (name, unit))| names.contains(&name).then_some((place, unit)))
    }
}

/// A reading: a number, with a comma where the country has one, or a word for what is out of range.
fn glucose(text: &str) -> Result<RowValue, &'static str> {
    match text.to_ascii_lowercase().as_str() {
        "low" | "lo" => Ok(RowValue::Low),
        "high" | "hi" => Ok(RowValue::High),
        text => number(&text.replacen(',', ".", 1)),
    }
}
