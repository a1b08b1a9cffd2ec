//! Exports as the field writes them: clocks of twelve hours, days before months, hours that were shown twice or not at
//! all, two units of glucose, and the exports of vendors with all that stands beside the readings. The real binary
//! shows in dry runs what it would store, and the library what it would publish.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::Output;

use healthtrack::commands::replay::local_time::Zone;
use healthtrack::commands::replay::{ReadOptions, RecordingKind, read};
use healthtrack::formats::batch;
use healthtrack::model::ids::DeviceId;
use serde_json::{Value, json};

use crate::verbs::{plain, said};

/// One file in a folder of its own.
struct Export {
    folder: tempfile::TempDir,
    kind: &'static str,
}

impl Export {
    fn new(kind: &'static str, text: &str) -> Export {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("export.csv"), text).unwrap();
        Export { folder, kind }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("export.csv")
    }

    fn run(&self, more: &[&str]) -> Output {
        let path = self.path();
        plain(&[&["replay", self.kind, path.to_str().unwrap(), "--dry-run"], more].concat()).output().unwrap()
    }

    fn forecast(&self, more: &[&str]) -> Value {
        let path = self.path();
        let arguments = [&["replay", self.kind, path.to_str().unwrap(), "--dry-run", "--json"], more].concat();
        serde_json::from_str(&said(&mut plain(&arguments))).unwrap()
    }

    /// The times of the first series, as published.
    fn times(&self, zone: &str) -> Vec<i64> {
        let kind = if self.kind == "cgm" { RecordingKind::Cgm } else { RecordingKind::Fitbit };
        let options = ReadOptions { zone: Zone::parse(zone).unwrap(), ..ReadOptions::default() };
        let recording = read(kind, &[self.path()], &options).unwrap();
        let pieces = recording.pieces();
        let messages = pieces.iter().map(|piece| recording.message(piece, "main").unwrap());
        let times = messages.flat_map(|message| {
            let decoded = batch::decode(&message.payload).unwrap();
            let reading = &decoded.readings[0];
            (0..reading.values.len()).map(|place| reading.times.at(place).unwrap().micros()).collect::<Vec<_>>()
        });
        times.collect()
    }

    /// The sentence with which it is refused; nothing is shown then.
    fn complaint(&self, more: &[&str]) -> String {
        let output = self.run(more);
        assert!(!output.status.success() && output.stdout.is_empty());
        String::from_utf8(output.stderr).unwrap()
    }
}

/// The first series' value of a key.
fn of<'a>(forecast: &'a Value, key: &str) -> &'a Value {
    &forecast["series"][0][key]
}

/// All of these seconds apart.
fn are_apart(times: &[i64], seconds: i64) -> bool {
    times.windows(2).all(|pair| pair[1] - pair[0] == seconds * 1_000_000)
}

/// `count` rows of a glucose sensor from a minute of the day on, five minutes apart.
fn glucose_rows(text: &mut String, day: &str, minute: usize, count: usize) {
    for place in 0..count {
        let at = minute + place * 5;
        writeln!(text, "S3,{day} {:02}:{:02}:00,{}", at / 60, at % 60, 140 - place).unwrap();
    }
}

#[test]
fn a_clock_of_twelve_hours_is_read_whatever_stands_before_its_half() {
    let rows = ["7:57:00\u{202f}AM", "7:57:05\u{a0}am", "7:57:10AM", "7:57:15 a.m.", "12:05:00\u{202f}AM"];
    let rows: String = rows.iter().map(|time| format!("7,11/23/2026 {time},60\n")).collect();
    let export = Export::new("fitbit", &format!("Id,Time,Value\n{rows}7,11/23/2026 12:00:00\u{202f}PM,70\n"));
    let forecast = export.forecast(&["--zone", "America/New_York"]);
    assert_eq!((&forecast["refused"], of(&forecast, "count")), (&json!(0), &json!(6)));
    assert_eq!(of(&forecast, "first"), "2026-11-23T05:05:00Z");
    assert_eq!(of(&forecast, "last"), "2026-11-23T17:00:00Z");
}

#[test]
fn one_date_proves_the_order_of_all_dates_of_a_file() {
    let rows = "S1,04/11/2026 23:50,101\nS1,05/11/2026 00:00,107\n";
    let proved = Export::new("cgm", &format!("id,time,gl\n{rows}S1,13/11/2026 00:00,96\nS1,20-11-2026 23:15,99\n"));
    let forecast = proved.forecast(&["--zone", "Europe/London"]);
    assert_eq!((&forecast["refused"], of(&forecast, "count")), (&json!(0), &json!(4)));
    assert_eq!(of(&forecast, "first"), "2026-11-04T23:50:00Z");
    assert_eq!(of(&forecast, "last"), "2026-11-20T23:15:00Z");

    let unproved = Export::new("cgm", &format!("id,time,gl\n{rows}"));
    let complaint = unproved.complaint(&[]);
    assert!(complaint.contains("say --day-first or --month-first"), "{complaint}");
    assert_eq!(of(&unproved.forecast(&["--day-first"]), "first"), "2026-11-04T23:50:00Z");
    assert_eq!(of(&unproved.forecast(&["--month-first"]), "first"), "2026-04-11T23:50:00Z");
    // Fitabase writes the month first everywhere, but a file that proves the contrary was written by another program.
    let fitbit = |rows: &str| Export::new("fitbit", &format!("Id,Time,Value\n{rows}")).forecast(&[]);
    assert_eq!(of(&fitbit("7,4/11/2026 1:00:00 AM,60\n"), "first"), "2026-04-11T01:00:00Z");
    assert_eq!(of(&fitbit("7,4/11/2026 1:00,60\n7,13/11/2026 1:00,61\n"), "first"), "2026-11-04T01:00:00Z");
}

#[test]
fn a_file_with_dates_of_both_orders_is_refused_by_the_line_that_differs() {
    let mixed =
        Export::new("cgm", "id,time,gl\nS1,13/11/2026 00:00,96\nS1,05/11/2026 00:00,96\nS1,11/14/2026 00:00,9\n");
    let complaint = mixed.complaint(&[]);
    assert!(complaint.contains("export.csv:4: this date is not day first"), "{complaint}");
    let proved = Export::new("cgm", "id,time,gl\nS1,05/11/2026 00:00,96\nS1,13/11/2026 00:00,96\n");
    let complaint = proved.complaint(&["--month-first"]);
    assert!(complaint.contains("export.csv:3: this date is not month first, as the option says"), "{complaint}");
    assert!(!proved.run(&["--month-first", "--day-first"]).status.success(), "one or the other");
}

#[test]
fn both_passes_of_a_repeated_hour_are_kept() {
    let mut text = "subjectId,DisplayTime,GlucoseValue\n".to_owned();
    glucose_rows(&mut text, "2026-11-01", 45, 15);
    glucose_rows(&mut text, "2026-11-01", 60, 16);
    let export = Export::new("cgm", &text);
    let times = export.times("America/New_York");
    assert!(times.len() == 31 && are_apart(&times, 300));
    let forecast = export.forecast(&["--zone", "America/New_York"]);
    assert_eq!((&forecast["refused"], &forecast["folded_times"]), (&json!(0), &json!(0)));
    assert_eq!((of(&forecast, "count"), of(&forecast, "conflicts")), (&json!(31), &json!(0)));
    assert_eq!(of(&forecast, "first"), "2026-11-01T04:45:00Z");
}

#[test]
fn a_night_is_read_in_the_offset_of_its_start_and_has_no_hole() {
    // Restless minutes are no code, and no hole either.
    let mut text = "Id,date,value,logId\n".to_owned();
    for minute in 45..136 {
        let value = if (90..100).contains(&minute) { 2 } else { 1 };
        writeln!(text, "7,11/1/2026 {}:{:02}:00 AM,{value},77", [12, 1, 2][minute / 60], minute % 60).unwrap();
    }
    writeln!(text, "7,11/1/2026 4:00:00 AM,1,78").unwrap();
    let export = Export::new("fitbit", &text);
    let times = export.times("America/New_York");
    assert_eq!(times.len(), 82);
    assert!(are_apart(&times[..45], 60) && are_apart(&times[45..81], 60));
    assert_eq!(times[80] - times[0], 90 * 60_000_000, "91 minutes");
    let forecast = export.forecast(&["--zone", "America/New_York"]);
    assert_eq!(of(&forecast, "first"), "2026-11-01T04:45:00Z");
    assert_eq!(of(&forecast, "last"), "2026-11-01T09:00:00Z", "the next night is in the offset of its own start");
    assert_eq!(forecast["kept_offset_times"], 16, "from 2:00 on");
}

#[test]
fn an_hour_that_the_clock_skipped_is_kept_where_a_run_leads_to_it() {
    let mut text = "subjectId,DisplayTime,GlucoseValue\n".to_owned();
    glucose_rows(&mut text, "2026-03-08", 60, 30);
    let export = Export::new("cgm", &text);
    let times = export.times("America/New_York");
    assert!(times.len() == 30 && are_apart(&times, 300));
    let alone = Export::new("cgm", "id,time,gl\nS3,2026-03-08 02:30:00,120\nS3,2026-03-08 09:00:00,120\n");
    let forecast = alone.forecast(&["--zone", "America/New_York"]);
    assert_eq!((&forecast["refused"], of(&forecast, "count")), (&json!(1), &json!(1)));
    let refusal = &forecast["refusals"][0];
    assert!(refusal["reason"].as_str().unwrap().contains("never showed this time"), "{refusal}");
    assert!(refusal["first"].as_str().unwrap().ends_with("export.csv:2"), "{refusal}");
}

#[test]
fn a_dry_run_shows_what_would_be_stored_and_what_would_not() {
    let rows = "7,4/13/2026 7:21:00 AM,97\n7,4/13/2026 7:21:00 AM,97\n7,4/13/2026 7:21:00 AM,98\n\
                7,4/13/2026 7:21:05 AM,61\n7,yesterday,98\n7,4/13/2026 7:21:10 AM,999\n7,4/13/2026 7:21:15 AM,\n\
                8,4/14/2030 7:00:00 AM,70\n";
    let export = Export::new("fitbit", &format!("Id,Time,Value\n{rows}"));
    let forecast = export.forecast(&[]);
    let expected = json!({
        "device_id": "fitbit-7", "metric": "heart_rate", "statistic": null, "unit": of(&forecast, "unit"),
        "count": 2, "out_of_range": 0, "duplicates": 1, "conflicts": 1,
        "first": "2026-04-13T07:21:00Z", "last": "2026-04-13T07:21:05Z", "min": 61.0, "max": 97.0
    });
    assert_eq!(forecast["series"], json!([expected]));
    assert_eq!((&forecast["dry_run"], &forecast["not_measured"]), (&json!(true), &json!(1)));
    assert!(forecast["refusals"][0]["reason"].as_str().unwrap().starts_with("the time must be"), "{forecast}");
    let rejected = |reason: &str| {
        let list = forecast["rejected"].as_array().unwrap();
        list.iter().filter(|one| one["reason"] == reason).map(|one| one["samples"].as_u64().unwrap()).sum::<u64>()
    };
    assert_eq!((rejected("impossible_value"), rejected("future_time")), (1, 1), "{forecast}");

    let output = export.run(&[]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && text.starts_with("dry run, nothing is published: 1 file, 2 devices"), "{text}");
    for part in ["fitbit-7", "2026-04-13T07:21:05Z", "61.00", "not read: 1 × the time must be", "impossible_value"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

const CLARITY: &str = "\u{feff}Index,Timestamp (YYYY-MM-DDThh:mm:ss),Event Type,Event Subtype,Patient Info,Device Info,\
Source Device ID,Glucose Value (mg/dL),Insulin Value (u),Carb Value (grams),Duration (hh:mm:ss),\
Glucose Rate of Change (mg/dL/min),Transmitter Time (Long Integer),Transmitter ID\r\n\
1,,FirstName,,Erika,,,,,,,,,\r\n\
2,,LastName,,Mustermann,,,,,,,,,\r\n\
3,,DateOfBirth,,1980-01-02,,,,,,,,,\r\n\
4,,Device,,,Dexcom G6 Mobile App,iPhone G6,,,,,,,\r\n\
5,,Alert,Urgent Low,,,iPhone G6,55,,,1:00:00,,,\r\n\
6,2026-11-20T10:00:00,EGV,,,,iPhone G6,120,,,,,1234,8ABCDE\r\n\
7,2026-11-20T10:05:00,EGV,,,,iPhone G6,Low,,,,,1534,8ABCDE\r\n\
8,2026-11-20T10:06:00,Calibration,,,,iPhone G6,118,,,,,1544,8ABCDE\r\n\
9,2026-11-20T10:07:00,Insulin,Fast-Acting,,,iPhone G6,,4,,,,,\r\n\
10,2026-11-20T10:08:00,Carbs,,,,iPhone G6,,,30,,,,\r\n\
11,2026-11-20T10:10:00,EGV,,,,iPhone G6,High,,,,,1834,8ABCDE\r\n\
12,2026-11-20T10:15:00,EGV,,,,iPhone G6,399,,,,2,2134,8ABCDE\r\n";

#[test]
fn a_clarity_export_is_its_readings_and_nothing_of_the_person() {
    let export = Export::new("cgm", CLARITY);
    let recording = read(RecordingKind::Cgm, &[export.path()], &ReadOptions::default()).unwrap();
    assert_eq!((recording.samples(), recording.tally.refused, recording.tally.rows_left_out), (4, 0, 8));
    let message = recording.message(&recording.pieces()[0], "main").unwrap();
    assert_eq!(message.topic, "ht/1/main/cgm-8ABCDE/batch");
    let payload: Value = serde_json::from_slice(&message.payload).unwrap();
    let series = &payload["series"][0];
    assert_eq!(series["values"], json!([120, "low", "high", 399]));
    assert_eq!((&series["metric"], &series["unit"]), (&json!("interstitial_glucose"), &json!("mg/dL")));
    let output = export.run(&["--json"]);
    let said = [output.stdout, output.stderr, message.payload.to_vec()].concat();
    let said = String::from_utf8(said).unwrap();
    assert!(!["Erika", "Mustermann", "1980-01-02"].iter().any(|word| said.contains(word)), "{said}");
}

#[test]
fn a_clarity_export_says_its_unit_and_may_have_no_transmitter() {
    let metric = CLARITY.replace("mg/dL", "mmol/L").replace(",120,", ",\"6,7\",").replace(",399,", ",22.1,");
    let export = Export::new("cgm", &metric.replace("Event Type", "EventType"));
    let recording = read(RecordingKind::Cgm, &[export.path()], &ReadOptions::default()).unwrap();
    let message = recording.message(&recording.pieces()[0], "main").unwrap();
    let payload: Value = serde_json::from_slice(&message.payload).unwrap();
    assert_eq!(payload["series"][0]["unit"], "mmol/L");
    assert_eq!(payload["series"][0]["values"], json!([6.7, "low", "high", 22.1]));
    // The model of a phone is no device: many people have it.
    let export = Export::new("cgm", &CLARITY.replace("8ABCDE", ""));
    let complaint = export.complaint(&[]);
    assert!(complaint.contains("nothing to replay") && complaint.contains("say --device NAME"), "{complaint}");
    let recording = read(
        RecordingKind::Cgm,
        &[export.path()],
        &ReadOptions { device: Some(DeviceId::parse("cgm-17").unwrap()), ..ReadOptions::default() },
    )
    .unwrap();
    assert_eq!(recording.devices().iter().map(|device| device.as_str()).collect::<Vec<_>>(), ["cgm-17"]);
}

#[test]
fn a_libreview_export_is_its_history_and_its_scans() {
    let text = "Glucose Data,Generated on,20-11-2026 09:00 UTC,Generated by,Erika Mustermann\n\
Device,Serial Number,Device Timestamp,Record Type,Historic Glucose mmol/L,Scan Glucose mmol/L,\
Non-numeric Rapid-Acting Insulin,Rapid-Acting Insulin (units),Notes\n\
FreeStyle Libre 3,1f2e-77,04-11-2026 23:40,0,5.4,,,,\n\
FreeStyle Libre 3,1f2e-77,04-11-2026 23:44,1,,5.6,,,\n\
FreeStyle Libre 3,1f2e-77,04-11-2026 23:50,4,,,,3,\n\
FreeStyle Libre 3,1f2e-77,04-11-2026 23:55,0,5.9,,,,\n\
FreeStyle Libre 3,1f2e-77,13-11-2026 08:00,6,,,,,with Erika\n";
    let export = Export::new("cgm", text);
    let forecast = export.forecast(&["--zone", "Europe/Berlin"]);
    assert_eq!((&forecast["rows_left_out"], of(&forecast, "count")), (&json!(2), &json!(3)));
    assert_eq!(of(&forecast, "device_id"), "cgm-1f2e-77");
    assert_eq!(of(&forecast, "first"), "2026-11-04T22:40:00Z");
    assert!((of(&forecast, "max").as_f64().unwrap() - 5.9 * 18.016).abs() < 1e-9, "{forecast}");
    let said = String::from_utf8(export.run(&[]).stdout).unwrap();
    assert!(!said.contains("Erika"), "{said}");
}

#[test]
fn glucose_that_looks_like_the_other_unit_is_refused_as_a_file() {
    let rows = |values: &[&str]| {
        let rows = values.iter().enumerate();
        rows.map(|(place, value)| format!("S5,2026-11-20 10:{:02}:00,{value}\n", place * 5)).collect::<String>()
    };
    let metric = Export::new("cgm", &format!("id,time,gl\n{}", rows(&["6.1", "9.9", "10.0", "15.2", "22.2"])));
    let complaint = metric.complaint(&[]);
    assert!(complaint.contains("look like mmol/L, not mg/dL; say --unit mmol/L"), "{complaint}");
    let forecast = metric.forecast(&["--unit", "mmol/L"]);
    assert_eq!((of(&forecast, "count"), &forecast["rejected"]), (&json!(5), &json!([])));
    assert!((of(&forecast, "max").as_f64().unwrap() - 22.2 * 18.016).abs() < 1e-9, "{forecast}");
    let titled = Export::new("cgm", &format!("id,time,glucose (mmol/L)\n{}", rows(&["110", "96", "98"])));
    assert!(titled.complaint(&[]).contains("say --unit mg/dL"), "the title lies");
    let heart = Export::new("fitbit", "Id,Time,Value\n7,4/13/2026 7:21:00 AM,97\n");
    assert!(heart.complaint(&["--unit", "mmol/L"]).contains("for replay cgm"));
}

#[test]
fn low_and_high_are_published_as_what_they_are() {
    let rows = ["72", "44", "Low", "LOW", "high", "41"];
    let rows = rows.iter().enumerate().map(|(place, value)| format!("S6,2026-11-20 01:{:02}:00,{value}\n", place * 5));
    let export = Export::new("cgm", &format!("subjectId,DisplayTime,GlucoseValue\n{}", rows.collect::<String>()));
    let recording = read(RecordingKind::Cgm, &[export.path()], &ReadOptions::default()).unwrap();
    assert_eq!((recording.samples(), recording.tally.not_measured, recording.tally.refused), (6, 0, 0));
    let message = recording.message(&recording.pieces()[0], "main").unwrap();
    let payload: Value = serde_json::from_slice(&message.payload).unwrap();
    assert_eq!(payload["series"][0]["values"], json!([72, 44, "low", "low", "high", 41]));
}

#[test]
fn a_table_may_begin_below_other_lines_and_files_without_one_are_left_out() {
    let text = "Report of,Erika\n\n\"id\";\"time\";\"gl\"\nS1;2026-11-20 10:00:00;120,5\nS1;2026-11-20 10:05:00;x\n";
    let export = Export::new("cgm", text);
    fs::write(export.folder.path().join("b.csv"), [0_u8, 255, 254, 10, 13]).unwrap();
    let recording = read(RecordingKind::Cgm, &[export.folder.path().to_owned()], &ReadOptions::default()).unwrap();
    assert_eq!((recording.samples(), recording.tally.files, recording.tally.files_left_out), (1, 1, 1));
    let refusal = recording.tally.first_refusal.as_deref().unwrap();
    assert!(refusal.ends_with("export.csv:5: a value must be a number"), "{refusal}");
}
