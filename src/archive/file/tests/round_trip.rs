//! Rows in, rows out.

use proptest::prelude::*;

use super::*;
use crate::model::time::DAY_US;

const STATISTICS: [&str; 4] = ["", "average", "maximum", "average/d"];

fn rows(codes: Option<usize>) -> impl Strategy<Value = Vec<Row>> {
    let value = match codes {
        None => proptest::num::f64::NORMAL.boxed(),
        Some(codes) => (0..codes).prop_map(|place| place as f64).boxed(),
    };
    let range = metric("heart_rate").hard.unwrap();
    let start = prop_oneof![0..DAY_US, (0..20_i64).prop_map(|second| second * SECOND_US)];
    let span = proptest::option::of(prop_oneof![Just(SECOND_US), 0..DAY_US]);
    let is_coded = codes.is_some();
    let row = (0..5_usize, 0..STATISTICS.len(), start, span, value, proptest::option::of(0..3_usize));
    let known = (prop_oneof![3 => Just(0_u8), 1 => 0..32_u8], proptest::option::of(origins()));
    let row = (row, known).prop_map(move |((device, statistic, start, span, value, subject), (flags, origin))| {
        let start = day_start().plus_micros(start);
        // A code is no bound, and of a bound the metric's limit is read back.
        let flags = Flags(if is_coded { flags & 3 } else { flags });
        let limit = if flags.0 & Flags::BELOW_RANGE.0 == 0 { range.high } else { range.low };
        Row {
            device: DeviceId::parse(["a", "B", "a.b", "watch-9", "watch-10"][device]).unwrap(),
            statistic: Statistic::parse(STATISTICS[statistic]).unwrap_or_default(),
            start,
            end: span.map(|span| start.plus_micros(span)),
            value: if flags.is_bound() { limit } else { value },
            flags,
            origin: origin.unwrap_or_default(),
            subject: subject.map(|number| SubjectId::parse(&format!("s-{number}")).unwrap()),
        }
    });
    proptest::collection::vec(row, 1..200).prop_map(|mut rows| {
        rows.sort_by(Row::order);
        rows.dedup_by(|later, earlier| later.order(earlier).is_eq());
        rows
    })
}

fn origins() -> impl Strategy<Value = Origin> {
    let offset = proptest::option::of(prop_oneof![Just(60_i16), Just(-210)]);
    let revision = proptest::option::of(prop_oneof![0..3_i64, Just(1 << 53)]);
    (0..3_i64, offset, revision).prop_map(|(hour, offset, revision)| origin(3_600 * hour, offset, revision))
}

fn check(name: &str, keys: &KeyRing, rows: &[Row]) {
    let head = head(name);
    let (bytes, facts) = written(&head, keys, rows);
    assert_eq!(read(&bytes, &head.metric, keys, RowFilter::default()).unwrap(), rows);
    let starts = || rows.iter().map(|row| row.start);
    assert_eq!((facts.rows, facts.bytes), (rows.len() as u64, bytes.len() as u64));
    assert_eq!((facts.first, facts.last), (starts().min().unwrap(), starts().max().unwrap()));
    assert_eq!(facts.key.as_ref(), keys.newest());
    let surveyed = survey(bytes.clone(), (&head.metric, head.day, head.generation), keys);
    assert_eq!(surveyed.unwrap(), (head.clone(), facts.clone()), "it tells of itself what is recorded of it");
    verify(bytes, &head, &facts, keys).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn rows_come_out_as_they_went_in(rows in rows(None)) {
        check("heart_rate", &KeyRing::default(), &rows);
        check("heart_rate", &keys(&[OLD_KEY, NEW_KEY]), &rows);
    }

    #[test]
    fn a_file_read_in_strips_and_written_again_is_the_same_to_the_byte(rows in rows(None), cut in 1..9_usize) {
        let (head, keys) = (head("heart_rate"), KeyRing::default());
        let (bytes, facts) = written(&head, &keys, &rows);
        let mut read = open(bytes.clone(), &head.metric, &keys).unwrap().rows(RowFilter::default()).unwrap();
        let mut writer = FileWriter::begin(Vec::new(), head.clone(), &keys).unwrap();
        while let Some(slice) = read.slice().unwrap() {
            let slice = slice.slice(0..slice.len().min(cut));
            let count = slice.len();
            prop_assert!(count > 0);
            writer.push_slice(&slice).unwrap();
            read.pass(count);
        }
        let (again, facts_of_it) = writer.finish().unwrap();
        prop_assert_eq!(facts_of_it, facts);
        prop_assert_eq!(Bytes::from(again), bytes);
    }

    #[test]
    fn rows_before_a_start_are_those_that_begin_before_it(rows in rows(None), place in 0..200_usize) {
        let key = rows[place % rows.len()].clone();
        let (bytes, _) = written(&head("heart_rate"), &KeyRing::default(), &rows);
        let opened = open(bytes, &metric("heart_rate"), &KeyRing::default()).unwrap();
        let mut read = opened.rows(RowFilter::default()).unwrap();
        while let Some(slice) = read.slice().unwrap() {
            let is_before = |row: &Row| (&row.device, row.start) < (&key.device, key.start);
            let before = slice.rows().filter(is_before).count();
            prop_assert_eq!(slice.rows_before_start(&key.device, key.start), before);
            let count = slice.len();
            read.pass(count);
        }
    }

    #[test]
    fn codes_come_out_as_they_went_in(rows in rows(Some(8))) {
        check("sleep_stage", &KeyRing::default(), &rows);
        check("sleep_stage", &keys(&[NEW_KEY]), &rows);
    }

    #[test]
    fn the_contents_of_two_files_add_up_to_that_of_the_merged_one(rows in rows(None), split in 0..200_usize) {
        let sum = |rows: &mut dyn Iterator<Item = &Row>| {
            let mut sum = ContentSum::new("heart_rate");
            rows.for_each(|row| sum.add(&row.slice()));
            sum.content()
        };
        let (one, other) = rows.split_at(split.min(rows.len()));
        let all = sum(&mut rows.iter());
        prop_assert_eq!(sum(&mut one.iter()) + sum(&mut other.iter()), all);
        prop_assert_eq!(sum(&mut rows.iter().rev()), all);
        prop_assert_eq!(Content::parse(&all.to_string()), Some(all));
        let mut changed = rows.clone();
        let place = split % rows.len();
        changed[place].value += 1.0;
        let is_same = changed[place].value == rows[place].value || rows[place].flags.is_bound();
        prop_assert_eq!(is_same, sum(&mut changed.iter()) == all, "of a bound the number does not count");
        let changes: [fn(&mut Row); 4] = [
            |row| row.flags = Flags(row.flags.0 ^ 1),
            |row| row.origin.utc_offset_minutes = Some(row.origin.utc_offset_minutes.unwrap_or_default() + 1),
            |row| row.origin.received_at = Some(row.origin.received_at.map_or(row.start, |at| at.plus_micros(SECOND_US))),
            |row| row.origin.revision = row.origin.revision.is_none().then(|| Revision::new(0)).flatten(),
        ];
        for change in changes {
            let mut changed = rows.clone();
            change(&mut changed[place]);
            prop_assert!(sum(&mut changed.iter()) != all, "{:?}", changed[place]);
        }
    }
}

#[test]
fn the_content_of_known_rows_never_changes() {
    let (_, facts) = written(&head("heart_rate"), &KeyRing::default(), &sample_rows());
    assert_eq!(facts.content.to_string(), "e25d5cf900bb4803e42add0e1e825bd5");
}

#[test]
fn a_filter_gives_what_it_asks_for_from_every_row_group() {
    let head = head("heart_rate");
    let rows = many_rows(50, 5_000);
    let names = ["watch-00000", "watch-00024", "watch-00049", "watch-1", "a"];
    let moment = |second: i64| Some(day_start().plus_micros(second * SECOND_US));
    for keys in [KeyRing::default(), keys(&[NEW_KEY])] {
        let (bytes, facts) = written(&head, &keys, &rows);
        verify(bytes.clone(), &head, &facts, &keys).unwrap();
        for device in names.map(Some).into_iter().chain([None]) {
            for (from, to) in [(None, None), (moment(100), moment(103)), (moment(4_999), None), (moment(9_000), None)] {
                let filter = RowFilter { device: device.map(|name| DeviceId::parse(name).unwrap()), from, to };
                let expected = rows.iter().filter(|row| {
                    filter.device.as_ref().is_none_or(|device| *device == row.device)
                        && from.is_none_or(|from| row.start >= from)
                        && to.is_none_or(|to| row.start < to)
                });
                let expected: Vec<Row> = expected.cloned().collect();
                assert_eq!(read(&bytes, &head.metric, &keys, filter).unwrap(), expected, "{device:?} {from:?} {to:?}");
            }
        }
    }
}

#[test]
fn rows_out_of_order_are_refused_and_the_file_goes_on() {
    let interval = Row { end: Some(day_start().plus_micros(6 * SECOND_US)), ..row("b", 5, 1.0) };
    let daily = Row { statistic: Statistic::parse("average").unwrap(), ..row("b", 5, 1.0) };
    let later = Row { statistic: Statistic::parse("maximum").unwrap(), ..row("b", 5, 1.0) };
    for (first, second) in [
        (row("b", 5, 1.0), row("a", 6, 1.0)),
        (row("b", 5, 1.0), row("B", 6, 1.0)),
        (row("b", 5, 1.0), row("b", 4, 1.0)),
        (row("b", 5, 1.0), row("b", 5, 2.0)),
        (interval.clone(), row("b", 5, 1.0)),
        (interval, daily.clone()),
        (daily.clone(), row("b", 5, 1.0)),
        (later, daily),
    ] {
        let mut writer = FileWriter::begin(Vec::new(), head("heart_rate"), &KeyRing::default()).unwrap();
        writer.push(&first).unwrap();
        assert!(matches!(writer.push(&second), Err(FileError::Order { row: 1 })), "{first:?} {second:?}");
        writer.push(&row("c", 0, 1.0)).unwrap();
        let (bytes, facts) = writer.finish().unwrap();
        assert_eq!(facts.rows, 2);
        verify(Bytes::from(bytes), &head("heart_rate"), &facts, &KeyRing::default()).unwrap();
    }
}

#[test]
fn of_a_strip_that_is_refused_no_row_is_written() {
    let rows: Vec<Row> = [1, 2, 3, 3].into_iter().map(|second| row("a", second, 1.0)).collect();
    let (starts, values): (Vec<Timestamp>, Vec<f64>) = rows.iter().map(|row| (row.start, row.value)).unzip();
    let slice = RowSlice { starts: &starts, values: &values, ..rows[0].slice() };
    let mut writer = FileWriter::begin(Vec::new(), head("heart_rate"), &KeyRing::default()).unwrap();
    assert!(matches!(writer.push_slice(&slice), Err(FileError::Order { row: 3 })));
    writer.push_slice(&slice.slice(0..3)).unwrap();
    assert!(matches!(writer.push_slice(&slice.slice(2..3)), Err(FileError::Order { row: 3 })));
    let (bytes, facts) = writer.finish().unwrap();
    assert_eq!(facts.rows, 3);
    verify(Bytes::from(bytes), &head("heart_rate"), &facts, &KeyRing::default()).unwrap();
}

#[test]
fn a_long_strip_fills_row_groups_to_the_brim() {
    let starts: Vec<Timestamp> = (0..300_000).map(|place| day_start().plus_micros(place * 1_000)).collect();
    let values: Vec<f64> = (0..300_000).map(|place| f64::from(place % 7)).collect();
    let first = row("a", 0, 0.0);
    let slice = RowSlice { starts: &starts, values: &values, ..first.slice() };
    let mut writer = FileWriter::begin(Vec::new(), head("heart_rate"), &KeyRing::default()).unwrap();
    writer.push_slice(&slice).unwrap();
    let (bytes, facts) = writer.finish().unwrap();
    let rows: Vec<Row> = slice.rows().collect();
    assert_eq!(written(&head("heart_rate"), &KeyRing::default(), &rows), (Bytes::from(bytes.clone()), facts.clone()));
    verify(Bytes::from(bytes), &head("heart_rate"), &facts, &KeyRing::default()).unwrap();
}

#[test]
fn what_does_not_belong_into_a_file_is_refused() {
    let mut writer = FileWriter::begin(Vec::new(), head("sleep_stage"), &KeyRing::default()).unwrap();
    for value in [-1.0, -0.0, 0.5, 8.0, f64::NAN, f64::INFINITY] {
        assert!(matches!(writer.push(&row("a", 1, value)), Err(FileError::NoCode { row: 0 })), "{value}");
    }
    let bound = Row { flags: Flags::BELOW_RANGE, ..row("a", 1, 0.0) };
    assert!(matches!(writer.push(&bound), Err(FileError::NoCode { row: 0 })));
    for second in [-1, 86_400] {
        assert!(matches!(writer.push(&row("a", second, 1.0)), Err(FileError::OtherDay { row: 0 })), "{second}");
    }
    assert!(matches!(writer.finish(), Err(FileError::Empty)));
}
