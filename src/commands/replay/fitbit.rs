//! Fitbit, as Fitabase exports it: a table a metric, the person in each row.
//!
//! Known by their headers: `Id,Time,Value` is the heart rate; `ActivityHour` with `Steps00` to `Steps59`, or with
//! `Intensity00` to `Intensity59`, is a row an hour with a value a minute; `ActivityMinute` with `Steps` or `Intensity`
//! a row a minute; `date,value,logId` a minute of sleep; `Date,WeightKg` a weighing. Everything else, the sums of hours
//! and days among them, is left out.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use csv::StringRecord;

use super::local_time::{ClockHabit, DayOrder, When};
use super::recording::{Measure, Recording, RowValue, SampleSlot};
use super::table::{self, CsvHeader};
use crate::model::time::MINUTE_US;

static HEART_RATE: Measure = Measure::instants("heart_rate", None);
static STEPS: Measure = minutes("step_count");
static INTENSITY: Measure = minutes("activity_intensity");
static SLEEP: Measure = Measure { is_coded: true, habit: ClockHabit::Session, ..minutes("sleep_stage") };
static WEIGHT: Measure = Measure { habit: ClockHabit::Grid, ..Measure::instants("body_weight", Some("kg")) };

/// What fills the minutes of the clock.
const fn minutes(metric: &'static str) -> Measure {
    Measure { metric, unit: None, span_us: Some(MINUTE_US), is_coded: false, habit: ClockHabit::Grid }
}

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
    /// A minute of sleep: 1 asleep, 2 restless, 3 awake; and the night that it is of.
    Sleep { value: usize, night: usize },
}

impl FitbitLayout {
    /// The layout that the header promises; `None` where it is none of ours.
    pub(super) fn of(header: &CsvHeader) -> Option<FitbitLayout> {
        let place = |name| header.place(&[name]);
        let id = place("id")?;
        let layout = |time, what, values| Some(FitbitLayout { id, time, what, values });
        if let (Some(time), Some(value)) = (place("time"), place("value")) {
            return layout(time, &HEART_RATE, Columns::One(value));
        }
        if let (Some(time), Some(value), Some(night)) = (place("date"), place("value"), place("logid")) {
            return layout(time, &SLEEP, Columns::Sleep { value, night });
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
}

impl table::CsvLayout for FitbitLayout {
    /// Fitabase writes the month first for every country.
    const DAY_ORDER: Option<DayOrder> = Some(DayOrder::MonthFirst);

    fn time(&self) -> usize {
        self.time
    }

    fn take(&mut self, row: &StringRecord, when: Option<When>, recording: &mut Recording) {
        let Some(id) = row.get(self.id).filter(|_| row.get(self.time).is_some()) else {
            return recording.refuse("the row must have an id and a time");
        };
        let Some(when) = when else {
            return recording.refuse("the time must be M/D/YYYY h:mm:ss AM, or M/D/YYYY H:MM");
        };
        let Some(device) = recording.device(&format!("fitbit-{id}")) else { return };
        let slot = |when| SampleSlot::new(device, self.what, when);
        match &self.values {
            Columns::One(value) => take_one(slot(when), row.get(*value), recording),
            Columns::Minutes(minutes) => {
                for (place, minute) in minutes {
                    take_one(slot(when.plus_minutes(*minute)), row.get(*place), recording);
                }
            }
            Columns::Sleep { value, night } => {
                let mut hasher = DefaultHasher::new();
                row.get(*night).hash(&mut hasher);
                let slot = SampleSlot { session: hasher.finish(), ..slot(when) };
                match row.get(*value) {
                    Some("1") => recording.add(slot, RowValue::Code("asleep")),
                    Some("3") => recording.add(slot, RowValue::Code("awake")),
                    // Restless is neither, and no code of the catalogue says it.
                    Some("2" | "") => recording.add(slot, RowValue::NotMeasured),
                    _ => recording.refuse("a minute of sleep must be 1, 2 or 3"),
                }
            }
        }
    }
}

fn take_one(slot: SampleSlot, value: Option<&str>, recording: &mut Recording) {
    match value {
        Some(value) => recording.add_text(slot, value),
        None => recording.refuse("the row ends before its value"),
    }
}
