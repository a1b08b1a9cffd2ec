//! What a hostile message may cost: many ranges, revisions that no number holds, and offsets of days.

use super::*;
use crate::formats::Offsets;

/// So many series with `replaces` one message may hold.
const RANGES_MAX: usize = 64;

fn replacing(place: usize) -> String {
    format!(r#"{{"metric":"heart_rate","values":[],"revision":1,"replaces":{{"from":{place},"to":{}}}}}"#, place + 1)
}

#[test]
fn of_thousands_of_ranges_in_one_message_only_so_many_are_read() {
    let text = message(&(0..5_000).map(replacing).collect::<Vec<_>>().join(","));
    let decoded = decode(text.as_bytes()).unwrap();
    assert_eq!(decoded.readings.len(), RANGES_MAX);
    assert!(decoded.readings.iter().all(|reading| reading.replaces.is_some()));
    assert!(decoded.rejections.len() <= REJECTIONS_MAX, "{}", decoded.rejections.len());
    let first = &decoded.rejections[0].detail;
    assert!(first.starts_with("series[64]") && first.contains("at most 64 series with `replaces`"), "{first}");
    // What replaces nothing is read whatever came before it.
    let text = message(&format!("{},{GOOD}", (0..5_000).map(replacing).collect::<Vec<_>>().join(",")));
    assert_eq!(decode(text.as_bytes()).unwrap().readings.len(), RANGES_MAX + 1);
}

proptest! {
    #[test]
    fn an_offset_is_one_of_less_than_a_day_or_the_series_is_refused(
        hours in 0..100_u32, minutes in 0..100_u32, east: bool
    ) {
        let sign = if east { '+' } else { '-' };
        let series = format!(
            r#"{{"metric":"heart_rate","times":["2026-11-23T10:00:00{sign}{hours:02}:{minutes:02}"],"values":[61]}}"#
        );
        let text = message(&format!("{series},{GOOD}"));
        let decoded = decode(text.as_bytes()).unwrap();
        prop_assert_eq!(decoded.readings.len() + decoded.rejections.len(), 2);
        if let [reading, _] = decoded.readings.as_slice() {
            let offset = i16::try_from(hours * 60 + minutes).unwrap();
            prop_assert!(hours < 24 && minutes < 60, "{}", series);
            prop_assert_eq!(&reading.offsets, &Offsets::Each(if east { offset } else { -offset }));
        }
    }

    #[test]
    fn a_revision_is_kept_to_the_last_digit_or_refused(
        number in prop_oneof![0..=1_u64 << 53, (1_u64 << 53) - 2..(1_u64 << 53) + 3, any::<u64>()]
    ) {
        let text = message(&format!(r#"{{"metric":"heart_rate","times":[0],"values":[61],"revision":{number}}}"#));
        let decoded = decode(text.as_bytes()).unwrap();
        let revision = decoded.readings.first().and_then(|reading| reading.revision);
        let expected = Some(number).filter(|number| *number <= 1 << 53);
        prop_assert_eq!(revision.map(|revision| revision.number().unsigned_abs()), expected);
    }
}
