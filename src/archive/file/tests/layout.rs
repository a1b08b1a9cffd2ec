//! The layout: what other readers rely on.

use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::basic::{Compression, Encoding};
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData};

use super::*;

fn metadata(bytes: &Bytes) -> ParquetMetaData {
    let options = ArrowReaderOptions::new().with_offset_index_policy(PageIndexPolicy::Required);
    ArrowReaderMetadata::load(bytes, options).unwrap().metadata().as_ref().clone()
}

/// The longest names, all different, and values that never repeat: what fills pages and dictionaries most.
fn widest_rows(count: usize) -> Vec<Row> {
    let rows = (0..count).map(|place| Row {
        subject: Some(SubjectId::parse(&format!("{place:0>64}")).unwrap()),
        end: Some(day_start().plus_micros(place as i64 * place as i64)),
        flags: Flags(place as u8 % 32),
        origin: origin(place as i64, Some((place % 1_000) as i16), Some(place as i64 * place as i64)),
        ..row(&format!("{place:0>64}"), (place % 86_400) as i64, place as f64 * 0.1)
    });
    rows.collect()
}

#[test]
fn a_column_chunk_is_one_page_whatever_it_holds() {
    let rows = widest_rows(122_880 + 5_000);
    let (bytes, _) = written(&head("heart_rate"), &KeyRing::default(), &rows);
    let metadata = metadata(&bytes);
    assert_eq!(metadata.row_groups().iter().map(|group| group.num_rows()).collect::<Vec<_>>(), [122_880, 5_000]);
    for group in 0..2 {
        let pages = metadata.page_index_for_row_group(group);
        assert!((0..13).all(|column| pages.num_data_pages(column) == Some(1)));
    }
}

#[test]
fn a_file_declares_its_order_and_carries_statistics_and_no_bloom_filter() {
    let (bytes, facts) = written(&head("heart_rate"), &KeyRing::default(), &sample_rows());
    let metadata = metadata(&bytes);
    let group = metadata.row_group(0);
    let sorted = group.sorting_columns().unwrap().iter();
    let sorted: Vec<_> = sorted.map(|by| (by.column_idx, by.descending, by.nulls_first)).collect();
    assert_eq!(sorted, [(0, false, false), (3, false, false), (4, false, true), (2, false, true)]);
    let columns = [
        "device_id",
        "metric",
        "statistic",
        "start_at",
        "end_at",
        "value",
        "code",
        "unit",
        "flags",
        "utc_offset_minutes",
        "received_at",
        "revision",
        "subject_id",
    ];
    assert_eq!(group.columns().iter().map(|column| column.column_path().string()).collect::<Vec<_>>(), columns);
    for (place, column) in group.columns().iter().enumerate() {
        assert!(column.bloom_filter_offset().is_none());
        assert!(matches!(column.compression(), Compression::ZSTD(_)));
        assert!(column.statistics().is_some());
        let (is_time, is_plain) = ([3, 4].contains(&place), [10, 11].contains(&place));
        assert_eq!(column.dictionary_page_offset().is_some(), !is_time && !is_plain, "column {place}");
        assert_eq!(column.encodings().any(|encoding| encoding == Encoding::DELTA_BINARY_PACKED), is_time);
    }
    let said = metadata.file_metadata().key_value_metadata().unwrap();
    let said: Vec<_> = said.iter().map(|pair| (pair.key.as_str(), pair.value.as_deref().unwrap_or_default())).collect();
    let (first, last, content) = (facts.first.to_string(), facts.last.to_string(), facts.content.to_string());
    assert_eq!(
        said,
        [
            ("healthtrack.schema_version", "2"),
            ("healthtrack.metric", "heart_rate"),
            ("healthtrack.unit", "/min"),
            ("healthtrack.day", "2026-11-23"),
            ("healthtrack.generation", "1"),
            ("healthtrack.first_start_at", first.as_str()),
            ("healthtrack.last_start_at", last.as_str()),
            ("healthtrack.content", content.as_str()),
        ]
    );
}

#[test]
fn whole_values_are_split_into_byte_streams_and_fractions_have_a_dictionary() {
    for (step, is_split) in [(1.0, true), (0.1, false)] {
        let rows: Vec<Row> = (0..100).map(|place| row("a", place, place as f64 * step)).collect();
        let (bytes, _) = written(&head("heart_rate"), &KeyRing::default(), &rows);
        let metadata = metadata(&bytes);
        let column = metadata.row_group(0).column(5);
        assert_eq!(column.encodings().any(|encoding| encoding == Encoding::BYTE_STREAM_SPLIT), is_split);
        assert_eq!(column.dictionary_page_offset().is_none(), is_split);
    }
}

#[test]
fn a_writer_holds_two_row_groups_in_memory() {
    let mut writer = FileWriter::begin(std::io::sink(), head("heart_rate"), &keys(&[NEW_KEY])).unwrap();
    let mut held_max = 0;
    for row in many_rows(10, 60_000) {
        writer.push(&row).unwrap();
        held_max = held_max.max(writer.held_bytes());
    }
    assert!((1..16 << 20).contains(&held_max), "{held_max} bytes");
}

#[test]
fn what_long_messages_say_once_is_packed_as_it_is_and_of_short_ones_by_differences() {
    let encoding = |each: usize| {
        let received = |place: usize| origin((place / each * each) as i64, None, Some((place / each) as i64));
        let rows: Vec<Row> =
            (0..8_192).map(|place| Row { origin: received(place), ..row("ring-1", place as i64, 60.0) }).collect();
        let (bytes, _) = written(&head("heart_rate"), &KeyRing::default(), &rows);
        let metadata = metadata(&bytes);
        [10, 11].map(|column| {
            let encodings: Vec<Encoding> = metadata.row_group(0).column(column).encodings().collect();
            encodings.contains(&Encoding::DELTA_BINARY_PACKED)
        })
    };
    assert_eq!([1, 60, 600].map(encoding), [[true; 2], [true; 2], [false; 2]]);
}
