//! Fitbit, as Fitabase exports it: a table a metric, the person in each row.
//!
//! Known by their headers: `Id,Time,Value` is the heart rate; `ActivityHour` with `Steps00` to `Steps59`, or with
//! `Intensity00` to `Intensity59`, is a row an hour with a value a minute; `ActivityMinute` with `Steps` or `Intensity`
//! a row a minute; `date,value,logId` a minute of sleep; `Date,WeightKg` a weighing. Everything else, the sums of hours
//! and days among them, is left out.

use csv::StringRecord;
use jiff::ToSpan as _;
use jiff::civil::DateTime;

use super::local_time::{Zone, parse_month_first, parse_year_first};
use super::recording::{Measure, Recording};
use super::table::{self, CsvHeader};
use crate::model::time::MINUTE_US;

static HEART_RATE: Measure = Measure { metric: "heart_rate", unit: None, span_us: None };
static STEPS: Measure = Measure { metric: "step_count", unit: None, span_us: Some(MINUTE_US) };
static INTENSITY: Measure = Measure { metric: "activity_intensity", unit: None, span_us: Some(MINUTE_US) };
static SLEEP: Measure = Measure { metric: "sleep_stage", unit: None, span_us: Some(MINUTE_US) };
static WEIGHT: Measure = Measure { metric: "body_weight", unit: Some("kg"), span_us: None };

/// Where a table has what.
pub(super) struct FitbitLayout {
    id: usize,
    time: usize,
    what: &'static Measure,
    values: Columns,
}

enum Columns {
    /// One value a row.
    One(usize),
    /// A value a minute of the row's hour: columns with their minutes.
    Minutes(Vec<(usize, i64)>),
    /// A minute of sleep: 1 asleep, 2 restless, 3 awake.
    Sleep(usize),
}

impl table::CsvLayout for FitbitLayout {
    fn of(header: &CsvHeader) -> Option<FitbitLayout> {
        let place = |name| header.place(&[name]);
        let id = place("id")?;
        let layout = |time, what, values| Some(FitbitLayout { id, time, what, values });
        if let (Some(time), Some(value)) = (place("time"), place("value")) {
            return layout(time, &HEART_RATE, Columns::One(value));
        }
        if let (Some(time), Some(value), Some(_)) = (place("date"), place("value"), place("logid")) {
            return layout(time, &SLEEP, Columns::Sleep(value));
        }
        if let (Some(time), Some(value)) = (place("date"), place("weightkg")) {
            return layout(time, &WEIGHT, Columns::One(value));
        }
        for (what, wide, narrow) in [(&STEPS, "steps", "steps"), (&INTENSITY, "intensity", "intensity")] {
            if let (Some(time), Some(value)) = (place("activityminute"), place(narrow)) {
                return layout(time, what, Columns::One(value));
            }
            let minutes = header.minutes(wide);
            if let Some(time) = place("activityhour")
                && !minutes.is_empty()
            {
                return layout(time, what, Columns::Minutes(minutes));
            }
        }
        None
    }

    fn take(&self, row: &StringRecord, zone: &Zone, recording: &mut Recording) {
        let (Some(id), Some(time)) = (row.get(self.id), row.get(self.time)) else {
            return recording.refuse("the row must have an id and a time");
        };
        let Some(local) = parse_month_first(time).or_else(|| parse_year_first(time)) else {
            return recording.refuse("the time must be M/D/YYYY h:mm:ss AM, or M/D/YYYY H:MM");
        };
        let Some(device) = recording.device(&format!("fitbit-{id}")) else { return };
        match &self.values {
            Columns::One(value) => self.take_one(device, local, row.get(*value), zone, recording),
            Columns::Minutes(minutes) => {
                for (place, minute) in minutes {
                    let Ok(local) = local.checked_add(minute.minutes()) else { continue };
                    self.take_one(device, local, row.get(*place), zone, recording);
                }
            }
            Columns::Sleep(value) => {
                let Some(at) = recording.moment(zone.at(local)) else { return };
                match row.get(*value) {
                    Some("1") => recording.add_code(device, self.what, at, "asleep"),
                    Some("3") => recording.add_code(device, self.what, at, "awake"),
                    // Restless is neither, and no code of the catalogue says it.
                    Some("2" | "") => recording.not_measured(),
                    _ => recording.refuse("a minute of sleep must be 1, 2 or 3"),
                }
            }
        }
    }
}

impl FitbitLayout {
    fn take_one(&self, device: usize, local: DateTime, value: Option<&str>, zone: &Zone, recording: &mut Recording) {
        let Some(value) = value else { return recording.refuse("the row ends before its value") };
        if let Some(at) = recording.moment(zone.at(local)) {
            recording.add_text(device, self.what, at, value);
        }
    }
}
