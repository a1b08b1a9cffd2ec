//! Empatica E4: a folder a session, a file a sensor.
//!
//! The first line is the start as seconds since 1970 in UTC, the second the rate in Hz, then a value a line: sample `i`
//! was measured at `start + i / rate`. IBI has no rate; its lines are seconds since the start and the interval in
//! seconds. ACC has three columns in 1/64 g. The first line does not say which sensor it is, so the file's name must:
//! HR, TEMP, EDA, BVP, ACC or IBI, alone or after a separator.

use std::io::BufRead as _;
use std::path::Path;

use anyhow::Context as _;

use super::files::{cannot_read, open, stem};
use super::local_time::{When, seconds_as_micros};
use super::recording::{Measure, Recording, RowValue, SampleSlot, device_name};
use crate::model::time::SECOND_US;

/// The accelerometer's digits in one g.
const DIGITS_PER_G: f64 = 64.0;

static HR: Measure = Measure::instants("heart_rate", None);
static TEMP: Measure = Measure::instants("skin_temperature", Some("Cel"));
static EDA: Measure = Measure::instants("electrodermal_activity", Some("uS"));
static BVP: Measure = Measure::instants("ppg_bvp", None);
static IBI: Measure = Measure::instants("rr_interval", Some("s"));
static ACC_X: Measure = Measure::instants("acceleration_x", Some("g"));
static ACC_Y: Measure = Measure::instants("acceleration_y", Some("g"));
static ACC_Z: Measure = Measure::instants("acceleration_z", Some("g"));

/// Which sensor a file is of.
enum Sensor {
    /// One column, as it is.
    One(&'static Measure),
    /// Offsets and intervals.
    Beats,
    /// Three columns in 1/64 g.
    Axes([&'static Measure; 3]),
}

impl Sensor {
    fn of(path: &Path) -> Option<Sensor> {
        let stem = stem(path).to_uppercase();
        match stem.rsplit(|letter: char| !letter.is_ascii_alphanumeric()).next()? {
            "HR" => Some(Sensor::One(&HR)),
            "TEMP" => Some(Sensor::One(&TEMP)),
            "EDA" => Some(Sensor::One(&EDA)),
            "BVP" => Some(Sensor::One(&BVP)),
            "IBI" => Some(Sensor::Beats),
            "ACC" => Some(Sensor::Axes([&ACC_X, &ACC_Y, &ACC_Z])),
            _ => None,
        }
    }
}

/// Reads one sensor's file; false where it is none.
pub(super) fn read(path: &Path, recording: &mut Recording) -> anyhow::Result<bool> {
    let Some(sensor) = Sensor::of(path) else { return Ok(false) };
    let mut lines = open(path)?.lines();
    let mut next = || lines.next().transpose().with_context(|| cannot_read(path));
    let start = next()?.and_then(|line| seconds_as_micros(first_number(&line)?));
    let Some(start) = start.filter(|start| *start > 0) else { return Ok(false) };
    let rate = match sensor {
        Sensor::Beats => 1.0,
        _ => next()?.and_then(|line| first_number(&line)).unwrap_or(0.0),
    };
    let fits = if matches!(sensor, Sensor::Beats) { true } else { rate > 0.0 && rate.is_finite() };
    if !fits {
        return Ok(false);
    }
    let Some(device) = recording.device(&device(path)) else { return Ok(false) };
    let first_line = if matches!(sensor, Sensor::Beats) { 2 } else { 3 };
    let mut index = 0_u64;
    while let Some(line) = next()? {
        recording.at_line(first_line + index);
        let at = start + (index as f64 * SECOND_US as f64 / rate).round() as i64;
        take(&sensor, device, start, at, line.trim(), recording);
        index += 1;
    }
    Ok(true)
}

fn take(sensor: &Sensor, device: usize, start: i64, at: i64, line: &str, recording: &mut Recording) {
    let mut cells = line.split(',').map(str::trim);
    let slot = |what, at| SampleSlot::new(device, what, When::Moment(at));
    match sensor {
        Sensor::One(what) => recording.add_text(slot(what, at), line),
        // A blank line at the end measures nothing.
        Sensor::Beats if line.is_empty() => {}
        Sensor::Beats => {
            let offset = cells.next().and_then(|cell| seconds_as_micros(cell.parse().ok()?));
            match (offset, cells.next()) {
                (Some(offset), Some(interval)) => recording.add_text(slot(&IBI, start + offset), interval),
                _ => recording.refuse("a beat must be two numbers: seconds since the start, and the interval"),
            }
        }
        Sensor::Axes(axes) => {
            for what in axes {
                match cells.next().map(str::parse::<f64>) {
                    Some(Ok(digits)) if digits.is_finite() => {
                        recording.add(slot(what, at), RowValue::Number(digits / DIGITS_PER_G));
                    }
                    _ => recording.refuse("an acceleration must be three numbers"),
                }
            }
        }
    }
}

fn first_number(line: &str) -> Option<f64> {
    line.trim_start_matches('\u{feff}').split(',').next()?.trim().parse().ok()
}

/// `empatica-<serial>` where the folder is named `<epoch>_<serial>`, as E4 connect names it; else `empatica-<folder>`.
fn device(path: &Path) -> String {
    let whole = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let folder = whole.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy().into_owned();
    let serial = folder.split_once('_').filter(|(epoch, serial)| {
        epoch.len() >= 9 && epoch.bytes().all(|byte| byte.is_ascii_digit()) && !serial.is_empty()
    });
    device_name("empatica", serial.map_or(folder.as_str(), |(_, serial)| serial))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_named_by_its_serial_else_by_its_folder() {
        assert_eq!(device(Path::new("/data/1560279825_A01F4A/HR.csv")), "empatica-A01F4A");
        assert_eq!(device(Path::new("/data/left wrist/HR.csv")), "empatica-left-wrist");
        assert_eq!(device(Path::new("/data/night_2/HR.csv")), "empatica-night_2");
    }

    #[test]
    fn a_sensor_is_known_by_the_last_word_of_its_file() {
        for (path, is_known) in [("HR.csv", true), ("A01_acc.csv.gz", true), ("tags.csv", false), ("CHR.csv", false)] {
            assert_eq!(Sensor::of(Path::new(path)).is_some(), is_known, "{path}");
        }
    }
}
