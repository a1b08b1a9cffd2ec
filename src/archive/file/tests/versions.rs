//! Files of the first version, which know neither flags nor how a sample came.

use arrow_array::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::file::properties::WriterProperties;

use super::*;

/// Where the columns are that the first version did not have.
const ADDED: std::ops::Range<usize> = 8..12;

/// The same file as the first version wrote it: without those columns, and with its number.
fn of_first_version(bytes: &Bytes) -> Bytes {
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes.clone()).unwrap();
    let mut said = reader.metadata().file_metadata().key_value_metadata().unwrap().clone();
    said.iter_mut().filter(|pair| pair.key.ends_with("schema_version")).for_each(|pair| pair.value = Some("1".into()));
    let kept: Vec<usize> = (0..13).filter(|column| !ADDED.contains(column)).collect();
    let batches: Vec<RecordBatch> =
        reader.build().unwrap().map(|batch| batch.unwrap().project(&kept).unwrap()).collect();
    let properties = WriterProperties::builder().set_key_value_metadata(Some(said)).build();
    let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
    let mut writer = ArrowWriter::try_new_with_options(Vec::new(), batches[0].schema(), options).unwrap();
    batches.iter().for_each(|batch| writer.write(batch).unwrap());
    Bytes::from(writer.into_inner().unwrap())
}

#[test]
fn a_file_of_before_is_read_verified_and_becomes_one_of_today_with_the_same_content() {
    let (head, keys) = (head("heart_rate"), KeyRing::default());
    let (today, facts) = written(&head, &keys, &sample_rows());
    let before = of_first_version(&today);
    assert_eq!(read(&before, &head.metric, &keys, RowFilter::default()).unwrap(), sample_rows());
    let (_, facts_before) = survey(before.clone(), (&head.metric, head.day, head.generation), &keys).unwrap();
    assert_eq!(facts_before.content, facts.content);
    verify(before.clone(), &head, &facts_before, &keys).unwrap();
    let mut rows = open(before, &head.metric, &keys).unwrap().rows(RowFilter::default()).unwrap();
    let mut writer = FileWriter::begin(Vec::new(), head.clone(), &keys).unwrap();
    while let Some(slice) = rows.slice().unwrap() {
        let count = slice.len();
        writer.push_slice(&slice).unwrap();
        rows.pass(count);
    }
    let (again, _) = writer.finish().unwrap();
    assert_eq!(Bytes::from(again), today);
}

#[test]
fn a_file_of_a_later_version_is_refused() {
    let (bytes, _) = written(&head("heart_rate"), &KeyRing::default(), &sample_rows());
    let version = b"healthtrack.schema_version";
    let place = bytes.windows(version.len()).position(|window| window == version).unwrap() + version.len();
    let number = (place..bytes.len()).find(|at| bytes[*at] == b'2').unwrap();
    let mut later = bytes.to_vec();
    later[number] = b'3';
    let error =
        read(&Bytes::from(later), &metric("heart_rate"), &KeyRing::default(), RowFilter::default()).unwrap_err();
    assert!(matches!(error, FileError::Damaged(Damage::Schema)), "{error}");
}

#[test]
fn what_is_known_of_a_row_stays_where_slices_are_cut() {
    let known = |second: i64| Row {
        flags: if second == 7 { Flags::ABOVE_RANGE } else { Flags(second as u8 % 3) },
        origin: if second < 5 { Origin::default() } else { origin(second / 9 * 900, Some(60), Some(second / 4)) },
        value: if second == 7 { metric("heart_rate").hard.unwrap().high } else { 60.0 },
        ..row("a", second, 60.0)
    };
    let rows: Vec<Row> = (0..40).map(known).collect();
    for keys in [KeyRing::default(), keys(&[NEW_KEY])] {
        let (bytes, facts) = written(&head("heart_rate"), &keys, &rows);
        verify(bytes.clone(), &head("heart_rate"), &facts, &keys).unwrap();
        for (from, to) in [(0, 40), (3, 9), (7, 8), (30, 33)] {
            let moment = |second: i64| Some(day_start().plus_micros(second * SECOND_US));
            let filter = RowFilter { device: None, from: moment(from), to: moment(to) };
            let read = read(&bytes, &metric("heart_rate"), &keys, filter).unwrap();
            assert_eq!(read, rows[from as usize..to as usize]);
        }
    }
}

#[test]
fn a_bound_has_no_value_in_the_file_and_its_number_changes_nothing() {
    let bound = |value: f64| vec![Row { flags: Flags::BELOW_RANGE, ..row("a", 1, value) }, row("a", 2, 60.5)];
    let (bytes, facts) = written(&head("heart_rate"), &KeyRing::default(), &bound(40.0));
    assert_eq!(written(&head("heart_rate"), &KeyRing::default(), &bound(39.0)), (bytes.clone(), facts));
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes.clone()).unwrap();
    let batch = reader.build().unwrap().next().unwrap().unwrap();
    let value = batch.column_by_name("value").unwrap();
    assert_eq!((value.null_count(), value.is_null(0)), (1, true));
    let low = metric("heart_rate").hard.unwrap().low;
    assert_eq!(read(&bytes, &metric("heart_rate"), &KeyRing::default(), RowFilter::default()).unwrap(), bound(low));
    let sensor = metric("interstitial_glucose").sensor.unwrap();
    for (flags, limit) in [(Flags::BELOW_RANGE, sensor.low), (Flags::ABOVE_RANGE, sensor.high)] {
        let rows = vec![Row { flags, ..row("a", 1, limit) }];
        let (bytes, _) = written(&head("interstitial_glucose"), &KeyRing::default(), &rows);
        let found = read(&bytes, &metric("interstitial_glucose"), &KeyRing::default(), RowFilter::default()).unwrap();
        assert_eq!(found, rows, "what the hot table has is read back");
    }
}
