//! Replay: what is published says what the files say: in count, minimum, maximum and sum, for made-up files of each kind,
//! and for the real ones where `HEALTHTRACK_CORPORA` names their folder. The oracle reads the files on its own, with
//! nothing but `split`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use healthtrack::commands::replay::local_time::Zone;
use healthtrack::commands::replay::recording::{Recording, SAMPLES_PER_MESSAGE};
use healthtrack::commands::replay::{ReadOptions, RecordingKind, read};
use healthtrack::formats::{Values, batch};
use healthtrack::model::sample::Spans;

/// Count, minimum, maximum and sum of each device's metric.
pub(crate) type Totals = BTreeMap<(String, String), Total>;

#[derive(Copy, Clone, Debug, PartialEq)]
pub(crate) struct Total {
    pub(crate) count: u64,
    pub(crate) min: f64,
    pub(crate) max: f64,
    pub(crate) sum: f64,
}

fn add(totals: &mut Totals, device: &str, metric: &str, value: f64) {
    let fresh = Total { count: 0, min: f64::INFINITY, max: f64::NEG_INFINITY, sum: 0.0 };
    let total = totals.entry((device.to_owned(), metric.to_owned())).or_insert(fresh);
    total.count += 1;
    total.min = total.min.min(value);
    total.max = total.max.max(value);
    total.sum += value;
}

/// What the published payloads say, read by the daemon's own decoder. Checks on the way that each message is one series
/// in order of time, no longer than it may be, and that a device's series go on where they ended.
fn published(recording: &Recording) -> Totals {
    let mut totals = Totals::new();
    let mut ended: BTreeMap<(String, String), i64> = BTreeMap::new();
    for piece in recording.pieces() {
        let message = recording.message(&piece, "main").unwrap();
        let parts: Vec<&str> = message.topic.split('/').collect();
        assert_eq!((parts[0], parts[1], parts[2], parts[4], parts.len()), ("ht", "1", "main", "batch", 5));
        let decoded = batch::decode(&message.payload).unwrap();
        assert_eq!((decoded.rejections.len(), decoded.readings.len(), decoded.not_measured), (0, 1, 0));
        let reading = &decoded.readings[0];
        let count = match &reading.values {
            Values::Numbers(numbers) => numbers.len(),
            Values::Codes(codes) => codes.len(),
        };
        assert!((1..=SAMPLES_PER_MESSAGE).contains(&count));
        let key = (parts[3].to_owned(), reading.metric.to_string());
        let mut last = ended.get(&key).copied().unwrap_or(i64::MIN);
        for place in 0..count {
            let at = reading.times.at(place).unwrap().micros();
            assert!(at >= last, "{key:?} goes back in time");
            last = at;
            match &reading.values {
                Values::Numbers(numbers) => add(&mut totals, &key.0, &key.1, numbers[place]),
                Values::Codes(codes) => add(&mut totals, &key.0, &format!("{}:{}", key.1, codes[place]), 1.0),
            }
        }
        let is_interval = ["step_count", "activity_intensity", "sleep_stage"].contains(&key.1.as_str());
        assert_eq!(reading.spans, if is_interval { Spans::Each(60_000_000) } else { Spans::None });
        ended.insert(key, last);
    }
    totals
}

/// Equal in count, minimum and maximum, and in the sum: sums of whole numbers exactly, others to 1e-9 of their size,
/// since the oracle adds in the order of the file.
pub(crate) fn check(found: &Totals, expected: &Totals) {
    assert_eq!(found.keys().collect::<BTreeSet<_>>(), expected.keys().collect::<BTreeSet<_>>());
    for (key, expected) in expected {
        let found = found[key];
        assert_eq!((found.count, found.min, found.max), (expected.count, expected.min, expected.max), "{key:?}");
        assert!((found.sum - expected.sum).abs() <= 1e-9 * expected.sum.abs(), "{key:?}: {found:?} {expected:?}");
    }
}

fn utc() -> ReadOptions {
    ReadOptions::default()
}

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    if name.ends_with(".gz") {
        let mut gzip = flate2::write::GzEncoder::new(fs::File::create(path).unwrap(), flate2::Compression::fast());
        gzip.write_all(text.as_bytes()).unwrap();
        gzip.finish().unwrap();
    } else {
        fs::write(path, text).unwrap();
    }
}

pub(crate) fn read_text(path: &Path) -> String {
    let bytes = fs::read(path).unwrap();
    let mut text = String::new();
    match bytes.starts_with(&[0x1f, 0x8b]) {
        true => flate2::read::MultiGzDecoder::new(bytes.as_slice()).read_to_string(&mut text).unwrap(),
        false => bytes.as_slice().read_to_string(&mut text).unwrap(),
    };
    text
}

/// A header with 60 columns, and a row with a value a minute.
fn wide(name: &str, id: &str, hour: &str, value: impl Fn(usize) -> usize) -> String {
    let columns: Vec<String> = (0..60).map(|minute| format!("{name}{minute:02}")).collect();
    let values: Vec<String> = (0..60).map(|minute| value(minute).to_string()).collect();
    format!("Id,ActivityHour,{}\n{id},{hour},{}\n", columns.join(","), values.join(","))
}

#[test]
fn fitbit_files_are_known_by_their_headers_and_published_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    write(
        at,
        "a.csv",
        "Id,Time,Value\n7,4/12/2016 7:21:05 AM,102\n7,4/12/2016 7:21:00 AM,97\n7,4/12/2016 7:21:00 AM,97\n8,4/12/2016 11:59:59 PM,61\n",
    );
    write(at, "b.csv.gz", &wide("Steps", "7", "4/13/2016 12:00:00 AM", |minute| minute));
    write(at, "c.csv", &wide("Intensity", "7", "4/13/2016 1:00:00 PM", |minute| minute % 4));
    write(at, "d/e.csv", "Id,ActivityMinute,Steps\r\n8,4/12/2016 12:00:00 AM,3\r\n8,4/12/2016 12:01:00 AM,0\r\n");
    write(at, "f.csv", "Id,ActivityMinute,Intensity\n8,4/12/2016 12:00:00 AM,1\n");
    write(
        at,
        "g.csv",
        "Id,Date,WeightKg,WeightPounds,Fat,BMI,IsManualReport,LogId\n7,4/21/2016 23:59,56.70000076,125.0021043,,21.45,TRUE,1.46E+12\n",
    );
    write(
        at,
        "h.csv",
        "Id,date,value,logId\n7,4/12/2016 2:47:30 AM,1,9\n7,4/12/2016 2:48:30 AM,3,9\n7,4/12/2016 2:49:30 AM,2,9\n",
    );
    write(at, "hourly.csv", "Id,ActivityHour,StepTotal\n7,4/13/2016 12:00:00 AM,1770\n");
    write(
        at,
        "sleepDay.csv",
        "Id,SleepDay,TotalSleepRecords,TotalMinutesAsleep,TotalTimeInBed\n7,4/29/2016 0:00,1,119,127\n",
    );
    let recording = read(RecordingKind::Fitbit, &[at.to_owned()], &utc()).unwrap();
    assert_eq!((recording.tally.files, recording.tally.files_left_out, recording.tally.refused), (7, 2, 0));
    assert_eq!(recording.tally.not_measured, 1);
    let mut expected = Totals::new();
    for value in [102.0, 97.0, 97.0] {
        add(&mut expected, "fitbit-7", "heart_rate", value);
    }
    add(&mut expected, "fitbit-8", "heart_rate", 61.0);
    (0..60).for_each(|minute| add(&mut expected, "fitbit-7", "step_count", f64::from(minute)));
    (0..60).for_each(|minute| add(&mut expected, "fitbit-7", "activity_intensity", f64::from(minute % 4)));
    [3.0, 0.0].iter().for_each(|steps| add(&mut expected, "fitbit-8", "step_count", *steps));
    add(&mut expected, "fitbit-8", "activity_intensity", 1.0);
    add(&mut expected, "fitbit-7", "body_weight", 56.70000076);
    add(&mut expected, "fitbit-7", "sleep_stage:asleep", 1.0);
    add(&mut expected, "fitbit-7", "sleep_stage:awake", 1.0);
    check(&published(&recording), &expected);
}

#[test]
fn times_without_a_zone_are_the_zones_and_doubtful_ones_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let rows =
        "7,3/13/2016 1:59:59 AM,60\n7,3/13/2016 2:30:00 AM,61\n7,3/13/2016 3:00:00 AM,62\n7,11/6/2016 1:30:00 AM,63\n";
    write(folder.path(), "hr.csv", &format!("Id,Time,Value\n{rows}"));
    let zone = ReadOptions { zone: Zone::parse("America/New_York").unwrap(), ..utc() };
    let recording = read(RecordingKind::Fitbit, &[folder.path().to_owned()], &zone).unwrap();
    assert_eq!((recording.tally.refused, recording.tally.folded_times, recording.samples()), (1, 1, 3));
    assert!(recording.tally.first_refusal.as_ref().unwrap().contains("hr.csv:3: the device's clock never showed"));
    let message = recording.message(&recording.pieces()[0], "main").unwrap();
    let decoded = batch::decode(&message.payload).unwrap();
    let times: Vec<String> = (0..3).map(|place| decoded.readings[0].times.at(place).unwrap().to_string()).collect();
    assert_eq!(times, ["2016-03-13T06:59:59Z", "2016-03-13T07:00:00Z", "2016-11-06T05:30:00Z"]);
}

#[test]
fn what_cannot_be_read_is_refused_by_its_line_and_the_rest_is_published() {
    let folder = tempfile::tempdir().unwrap();
    let rows = "7,4/12/2016 7:21:00 AM,97\n7,yesterday,98\nno name,4/12/2016 7:21:05 AM,9\n7,4/12/2016 7:21:10 AM,x\n7,4/12/2016 7:21:15 AM,\n7,4/12/20";
    write(folder.path(), "hr.csv", &format!("Id,Time,Value\n{rows}"));
    let recording = read(RecordingKind::Fitbit, &[folder.path().to_owned()], &utc()).unwrap();
    assert_eq!((recording.samples(), recording.tally.refused, recording.tally.not_measured), (1, 4, 1));
    assert!(recording.tally.first_refusal.as_ref().unwrap().contains("hr.csv:3: the time must be"));
    assert!(read(RecordingKind::Cgm, &[folder.path().to_owned()], &utc()).is_err(), "another kind finds nothing");
}

#[test]
fn empatica_sessions_are_laid_out_from_their_start_and_rate() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().join("1560279825_A01F4A");
    write(&at, "HR.csv", "1560279835.000000\n1.000000\n93.00\n101.50\n");
    write(&at, "IBI.csv", "1560279825.000000, IBI\n83.503822,0.609403\n99.973326,0.843789\n");
    write(&at, "TEMP.csv.gz", "1560279825.000000\n4.000000\n32.13\n32.15\n");
    write(&at, "EDA.csv", "1560279825.000000\n4.000000\n0.000000\n0.252340\n");
    write(&at, "BVP.csv", "1560279825.000000\n64.000000\n-0.00\n-12.5\n");
    write(
        &at,
        "ACC.csv",
        "1560279825.000000, 1560279825.000000, 1560279825.000000\n32.000000, 32.000000, 32.000000\n-64,32,1\n",
    );
    write(&at, "tags.csv", "");
    write(&at, "info.txt", "text");
    let recording = read(RecordingKind::Empatica, &[folder.path().to_owned()], &utc()).unwrap();
    assert_eq!((recording.tally.files, recording.tally.files_left_out, recording.tally.refused), (6, 2, 0));
    let mut expected = Totals::new();
    for (metric, values) in [
        ("heart_rate", vec![93.0, 101.5]),
        ("rr_interval", vec![0.609403, 0.843789]),
        ("skin_temperature", vec![32.13, 32.15]),
        ("electrodermal_activity", vec![0.0, 0.25234]),
        ("ppg_bvp", vec![-0.0, -12.5]),
        ("acceleration_x", vec![-1.0]),
        ("acceleration_y", vec![0.5]),
        ("acceleration_z", vec![1.0 / 64.0]),
    ] {
        values.iter().for_each(|value| add(&mut expected, "empatica-A01F4A", metric, *value));
    }
    check(&published(&recording), &expected);
    let mut shown = BTreeSet::new();
    for piece in recording.pieces() {
        let message = recording.message(&piece, "main").unwrap();
        let decoded = batch::decode(&message.payload).unwrap();
        let reading = &decoded.readings[0];
        let last = (0..2).filter_map(|place| reading.times.at(place)).next_back().unwrap();
        shown.insert(format!("{} {} {}", reading.metric, reading.unit.as_deref().unwrap_or("-"), last));
    }
    let expected = [
        "acceleration_x g 2019-06-11T19:03:45Z",
        "acceleration_y g 2019-06-11T19:03:45Z",
        "acceleration_z g 2019-06-11T19:03:45Z",
        "electrodermal_activity uS 2019-06-11T19:03:45.250Z",
        "heart_rate - 2019-06-11T19:03:56Z",
        "ppg_bvp - 2019-06-11T19:03:45.015625Z",
        "rr_interval s 2019-06-11T19:05:24.973326Z",
        "skin_temperature Cel 2019-06-11T19:03:45.250Z",
    ];
    assert_eq!(shown.iter().map(String::as_str).collect::<Vec<_>>(), expected);
}

#[test]
fn glucose_readings_keep_their_numbers_and_say_where_there_is_none() {
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        "a.csv",
        "subjectId,DisplayTime,GlucoseValue,diagnosis\n1636-69-026,2015-11-24 00:37:20,123,x\n1636-69-026,2015-11-24 00:47:20,,x\n",
    );
    write(folder.path(), "b.txt", "DisplayTime\tGlucoseValue\tsubjectId\n2015-11-24 00:42:20\t99.5\t2133-015\n");
    write(folder.path(), "c.csv", "\"id\",\"time\",\"gl\"\n\"Subject-1\",\"2015-06-06 16:50:27\",153\n");
    let recording = read(RecordingKind::Cgm, &[folder.path().to_owned()], &utc()).unwrap();
    assert_eq!((recording.tally.files, recording.tally.refused, recording.tally.not_measured), (3, 0, 1));
    let mut expected = Totals::new();
    for (device, value) in [("cgm-1636-69-026", 123.0), ("cgm-2133-015", 99.5), ("cgm-Subject-1", 153.0)] {
        add(&mut expected, device, "interstitial_glucose", value);
    }
    check(&published(&recording), &expected);
}

#[test]
fn open_mhealth_bodies_go_out_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let point = |user: &str, at: &str| {
        format!(
            "{{ \"header\": {{\"user_id\": \"{user}\"}},\n \"body\": {{\"effective_time_frame\": {{\"date_time\": \"{at}\"}}, \"n\": 1.10}} }}"
        )
    };
    let (late, early) = (point("joe", "2025-01-01T02:00:00Z"), point("joe", "2025-01-01T01:00:00Z"));
    write(folder.path(), "late.json", &late);
    write(folder.path(), "many.ndjson", &format!("{early}\n[{late},{early}]\n"));
    write(folder.path(), "heart rate.json.gz", "{\"header\": {\"uuid\": \"x\"}, \"body\": [{}, {}]}\n");
    write(folder.path(), "schema.json", "{\"type\": \"object\"}");
    write(folder.path(), "LICENSE", "{}");
    let recording = read(RecordingKind::Omh, &[folder.path().to_owned()], &utc()).unwrap();
    assert_eq!((recording.tally.files, recording.tally.files_left_out, recording.samples()), (3, 2, 6));
    let messages: Vec<_> = recording.pieces().iter().map(|piece| recording.message(piece, "s").unwrap()).collect();
    let sent: Vec<(&str, &[u8])> =
        messages.iter().map(|message| (message.topic.as_str(), message.payload.as_ref())).collect();
    let array = format!("[{late},{early}]");
    assert_eq!(
        sent,
        [
            ("ht/1/s/omh-heart-rate/omh", b"{\"header\": {\"uuid\": \"x\"}, \"body\": [{}, {}]}".as_slice()),
            ("ht/1/s/joe/omh", early.as_bytes()),
            ("ht/1/s/joe/omh", late.as_bytes()),
            ("ht/1/s/joe/omh", array.as_bytes()),
        ]
    );
}

/// The folder of one real corpus, or a loud skip.
pub(crate) fn corpus(name: &str) -> Option<PathBuf> {
    Some(crate::support::corpora()?.join(name))
}

pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// What the files of a Fitbit export say: heart rates, and steps, intensities and weights where there are any.
pub(crate) fn fitbit_files(folder: &Path) -> Totals {
    let mut totals = Totals::new();
    for path in files(folder) {
        let text = read_text(&path);
        let (header, rows) = text.split_once('\n').unwrap();
        let rows = rows.lines().map(|row| row.split(',').collect::<Vec<_>>());
        let metric = match header.trim() {
            "Id,Time,Value" => "heart_rate",
            header if header.starts_with("Id,ActivityHour,Steps00") => "step_count",
            header if header.starts_with("Id,ActivityHour,Intensity00") => "activity_intensity",
            header if header.contains("WeightKg") => "body_weight",
            _ => continue,
        };
        for row in rows {
            let values = if metric == "body_weight" { &row[2..3] } else { &row[2..] };
            let device = format!("fitbit-{}", row[0]);
            values.iter().for_each(|value| add(&mut totals, &device, metric, value.parse().unwrap()));
        }
    }
    totals
}

/// What the files of an Empatica session say.
pub(crate) fn empatica_files(folder: &Path) -> Totals {
    let device = format!("empatica-{}", folder.file_name().unwrap().to_str().unwrap());
    let mut totals = Totals::new();
    for path in files(folder) {
        let (metric, lines, column) = match path.file_name().unwrap().to_str().unwrap() {
            "HR.csv" => ("heart_rate", 2, 0),
            "TEMP.csv" => ("skin_temperature", 2, 0),
            "IBI.csv" => ("rr_interval", 1, 1),
            _ => continue,
        };
        for line in read_text(&path).lines().skip(lines) {
            add(&mut totals, &device, metric, line.split(',').nth(column).unwrap().parse().unwrap());
        }
    }
    totals
}

/// What the files of continuous glucose monitors say.
pub(crate) fn glucose_files(folder: &Path) -> Totals {
    let mut totals = Totals::new();
    for path in files(folder) {
        for line in read_text(&path).lines().skip(1) {
            let cells: Vec<&str> = line.split(',').collect();
            add(&mut totals, &format!("cgm-{}", cells[0]), "interstitial_glucose", cells[2].parse().unwrap());
        }
    }
    totals
}

fn is_published_whole(kind: RecordingKind, folder: &Path, expected: &Totals) {
    let recording = read(kind, std::slice::from_ref(&folder.to_owned()), &utc()).unwrap();
    assert_eq!(recording.tally.refused, 0, "{:?}", recording.tally);
    let found = published(&recording);
    check(&found, expected);
    report(&format!("{kind:?}"), &found);
}

#[test]
fn the_real_fitbit_files_are_published_whole() {
    let Some(folder) = corpus("fitbit-fitabase") else { return };
    is_published_whole(RecordingKind::Fitbit, &folder, &fitbit_files(&folder));
}

#[test]
fn the_real_empatica_session_is_published_whole() {
    let Some(folder) = corpus("empatica-e4") else { return };
    is_published_whole(RecordingKind::Empatica, &folder, &empatica_files(&folder));
}

#[test]
fn the_real_glucose_readings_are_published_whole() {
    let Some(folder) = corpus("cgm-hall2018") else { return };
    is_published_whole(RecordingKind::Cgm, &folder, &glucose_files(&folder));
}

#[test]
fn the_real_open_mhealth_points_go_out_byte_for_byte() {
    let Some(folder) = corpus("omh-datapoints") else { return };
    let recording = read(RecordingKind::Omh, std::slice::from_ref(&folder), &utc()).unwrap();
    let sent: BTreeSet<String> = recording
        .pieces()
        .iter()
        .map(|piece| String::from_utf8(recording.message(piece, "main").unwrap().payload.to_vec()).unwrap())
        .collect();
    let stored = files(&folder).into_iter().filter(|path| path.extension().is_some_and(|ending| ending == "json"));
    let stored: BTreeSet<String> = stored.map(|path| read_text(&path).trim().to_owned()).collect();
    assert_eq!(sent, stored);
}

/// For people who run it with `--nocapture`.
fn report(kind: &str, totals: &Totals) {
    let mut metrics: BTreeMap<&str, (u64, u64, f64)> = BTreeMap::new();
    for ((_, metric), total) in totals {
        let sum = metrics.entry(metric).or_default();
        *sum = (sum.0 + 1, sum.1 + total.count, sum.2 + total.sum);
    }
    println!("{kind}: metric -> (devices, samples, sum): {metrics:?}");
}
