//! Local times: texts of exports, single changes of clocks, and properties over all of them.

use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::*;
use crate::model::time::{MINUTE_US, SECOND_US, Timestamp};

fn utc(text: &str) -> i64 {
    Timestamp::parse_rfc3339(text).unwrap().micros()
}

fn shown(text: &str) -> Wall {
    Wall(utc(&format!("{text}Z")))
}

/// What a clock in this zone shows at a moment.
fn wall(zone: &str, moment: i64) -> i64 {
    let offset = TimeZone::get(zone).unwrap().to_offset(jiff::Timestamp::from_microsecond(moment).unwrap());
    moment + i64::from(offset.seconds()) * SECOND_US
}

fn resolved(zone: &str, habit: ClockHabit, walls: &[i64], sessions: &[usize]) -> Resolved {
    let mut clock = ZoneClock::new(Zone::parse(zone).unwrap());
    let is_doubtful = |place: &usize| !matches!(clock.at(Wall(walls[*place])), LocalMoment::Once(_));
    let doubtful = (0..walls.len()).filter(is_doubtful).collect();
    resolve(SeriesTimes { walls: walls.to_vec(), doubtful, sessions: sessions.to_vec() }, habit, &mut clock)
}

/// `count` times from `from` on, `minutes` apart.
fn every(minutes: i64, count: usize, from: &str) -> Vec<i64> {
    (0..count as i64).map(|place| shown(from).0 + place * minutes * MINUTE_US).collect()
}

fn are_minutes_apart(moments: &[i64], minutes: i64, from: &str) {
    let expected: Vec<i64> = (0..moments.len() as i64).map(|place| utc(from) + place * minutes * MINUTE_US).collect();
    assert_eq!(moments, expected);
}

#[test]
fn times_of_exports_are_read_whatever_stands_between() {
    for (text, time) in [
        ("4/13/2016 7:21:00 AM", "2016-04-13T07:21:00"),
        ("4/13/2016 7:21:00\u{202f}AM", "2016-04-13T07:21:00"),
        ("4/13/2016\u{a0}12:05:00\u{a0}am", "2016-04-13T00:05:00"),
        ("4/13/2016, 12:05 a.m.", "2016-04-13T00:05:00"),
        ("13/04/2016 12:30:05 p. m.", "2016-04-13T12:30:05"),
        ("13.04.2016 12:30:05PM", "2016-04-13T12:30:05"),
        ("\u{200e}13-04-2016\u{2009}23:59", "2016-04-13T23:59:00"),
        ("2016-04-13 07:21:00.25", "2016-04-13T07:21:00.25"),
        ("2016-04-13T7:21", "2016-04-13T07:21:00"),
        ("2016/04/13 07:21", "2016-04-13T07:21:00"),
        ("2016-04-13", "2016-04-13T00:00:00"),
    ] {
        let written = WrittenTime::parse(text).unwrap_or_else(|| panic!("{text:?}"));
        let order = written.proof().unwrap_or(DayOrder::MonthFirst);
        assert_eq!(written.when(order), Some(When::Shown(shown(time))), "{text:?}");
    }
    for text in [
        "",
        "yesterday",
        "4/31/2016 0:00",
        "13/13/2016 0:00",
        "4/12/2016 13:00:00 PM",
        "4/12/2016 0:00 AM",
        "4/12/2016 1:00 XM",
        "4/12/2016 1:00 AMM",
        "4/12/16 1:00",
        "4/12-2016 1:00",
        "4/12/2016 24:00",
        "4/12/20",
        "1234567/1/2016 1:00",
    ] {
        assert_eq!(WrittenTime::parse(text), None, "{text:?}");
    }
}

#[test]
fn a_zone_in_the_text_needs_no_other() {
    for (text, moment) in
        [("2015-11-24T00:37:20Z", "2015-11-24T00:37:20Z"), ("2015-11-24T00:37:20+01:00", "2015-11-23T23:37:20Z")]
    {
        assert_eq!(WrittenTime::parse(text), Some(WrittenTime::Moment(utc(moment))), "{text}");
    }
}

#[test]
fn only_a_number_above_twelve_proves_the_order_of_a_date() {
    let proof = |text| WrittenTime::parse(text).unwrap().proof();
    assert_eq!(proof("13/11/2026 00:00"), Some(DayOrder::DayFirst));
    assert_eq!(proof("11/13/2026 00:00"), Some(DayOrder::MonthFirst));
    assert_eq!((proof("04/11/2026 23:50"), proof("2026-11-13")), (None, None));
    let doubtful = WrittenTime::parse("04/11/2026 23:50").unwrap();
    assert!(doubtful.has_order());
    assert_eq!(doubtful.when(DayOrder::DayFirst), Some(When::Shown(shown("2026-11-04T23:50:00"))));
    assert_eq!(doubtful.when(DayOrder::MonthFirst), Some(When::Shown(shown("2026-04-11T23:50:00"))));
    assert_eq!(WrittenTime::parse("13/11/2026").unwrap().when(DayOrder::MonthFirst), None);
    assert!(!WrittenTime::parse("05/05/2026").unwrap().has_order(), "one date in both orders");
}

#[test]
fn both_passes_of_a_repeated_hour_are_told_by_the_order_of_rows() {
    let mut walls = every(5, 15, "2026-11-01T00:45:00");
    walls.extend(every(5, 16, "2026-11-01T01:00:00"));
    for habit in [ClockHabit::Sensor, ClockHabit::Grid] {
        let found = resolved("America/New_York", habit, &walls, &[]);
        are_minutes_apart(&found.moments, 5, "2026-11-01T04:45:00Z");
        assert_eq!((found.refused.len(), found.assumed_first, found.kept_offset), (0, 0, 0));
    }
    // Newest first.
    walls.reverse();
    let mut found = resolved("America/New_York", ClockHabit::Sensor, &walls, &[]);
    found.moments.reverse();
    are_minutes_apart(&found.moments, 5, "2026-11-01T04:45:00Z");
}

#[test]
fn a_file_that_begins_in_the_second_pass_is_told_by_what_follows() {
    let found = resolved("America/New_York", ClockHabit::Sensor, &every(5, 12, "2026-11-01T01:30:00"), &[]);
    are_minutes_apart(&found.moments, 5, "2026-11-01T06:30:00Z");
    // A hole before it is no reason for a second one after it.
    let walls = [every(5, 4, "2026-11-01T00:00:00"), every(5, 12, "2026-11-01T01:30:00")].concat();
    let found = resolved("America/New_York", ClockHabit::Sensor, &walls, &[]);
    are_minutes_apart(&found.moments[4..], 5, "2026-11-01T06:30:00Z");
    assert_eq!(found.assumed_first, 0);
}

#[test]
fn where_nothing_tells_the_pass_it_is_the_first_and_counted() {
    let one = shown("2026-11-01T01:30:00").0;
    let found = resolved("America/New_York", ClockHabit::Sensor, &[one], &[]);
    assert_eq!((found.moments, found.assumed_first), (vec![utc("2026-11-01T05:30:00Z")], 1));
    // Rows in no order tell nothing either.
    let walls = [every(50, 30, "2026-11-02T00:00:00"), vec![one], every(70, 30, "2026-10-01T00:00:00")].concat();
    let shuffled: Vec<i64> = (0..61).map(|place| walls[place * 17 % 61]).collect();
    let found = resolved("America/New_York", ClockHabit::Sensor, &shuffled, &[]);
    assert_eq!(found.assumed_first, 1);
    // Counts of a minute that show the hour once are counts of the first pass.
    let found = resolved("America/New_York", ClockHabit::Grid, &every(1, 180, "2026-11-01T00:30:00"), &[]);
    assert_eq!((found.assumed_first, found.kept_offset), (60, 0));
    assert_eq!(found.moments[179], utc("2026-11-01T08:29:00Z"));
}

#[test]
fn a_run_without_a_hole_keeps_the_offset_of_its_start() {
    let walls = [every(5, 60, "2026-10-31T23:00:00"), every(5, 10, "2026-11-01T08:00:00")].concat();
    let found = resolved("America/New_York", ClockHabit::Sensor, &walls, &[]);
    are_minutes_apart(&found.moments[..60], 5, "2026-11-01T03:00:00Z");
    are_minutes_apart(&found.moments[60..], 5, "2026-11-01T13:00:00Z");
    assert_eq!((found.assumed_first, found.kept_offset), (0, 24));
    // The same, ended by somebody who sets the clock.
    let walls = [every(5, 60, "2026-10-31T23:00:00"), every(5, 10, "2026-11-01T03:00:00")].concat();
    let found = resolved("America/New_York", ClockHabit::Sensor, &walls, &[]);
    are_minutes_apart(&found.moments, 5, "2026-11-01T03:00:00Z");
}

#[test]
fn a_skipped_hour_is_kept_where_a_run_leads_to_it() {
    let walls = [every(5, 48, "2027-03-14T00:00:00"), every(5, 10, "2027-03-14T05:00:00")].concat();
    let found = resolved("America/New_York", ClockHabit::Sensor, &walls, &[]);
    are_minutes_apart(&found.moments, 5, "2027-03-14T05:00:00Z");
    assert_eq!((found.refused.len(), found.kept_offset), (0, 24));
    // A hole does not end it where time would go back: 03:55 of the old clock is 04:55 of the new one.
    let walls = [every(5, 48, "2027-03-14T00:00:00"), every(5, 10, "2027-03-14T04:20:00")].concat();
    let found = resolved("America/New_York", ClockHabit::Sensor, &walls, &[]);
    are_minutes_apart(&found.moments[48..], 5, "2027-03-14T09:20:00Z");
    // No run leads to it: a lone time, one after a hole, counts of a minute.
    let lone = [vec![shown("2027-03-14T01:10:00").0], every(5, 2, "2027-03-14T02:30:00")].concat();
    assert_eq!(resolved("America/New_York", ClockHabit::Sensor, &lone, &[]).refused, [1, 2]);
    let grid = resolved("America/New_York", ClockHabit::Grid, &every(1, 180, "2027-03-14T01:30:00"), &[]);
    assert_eq!(grid.refused, (30..90).collect::<Vec<_>>());
}

#[test]
fn a_session_is_read_in_the_offset_of_its_start() {
    let walls = [every(1, 91, "2026-11-01T00:45:00"), every(1, 5, "2026-11-01T04:00:00")].concat();
    let found = resolved("America/New_York", ClockHabit::Session, &walls, &[91]);
    are_minutes_apart(&found.moments[..91], 1, "2026-11-01T04:45:00Z");
    are_minutes_apart(&found.moments[91..], 1, "2026-11-01T09:00:00Z");
    // A hole within the night does not end it, one that begins in the hour after another is in the second pass.
    let walls = [every(1, 20, "2026-11-01T00:45:00"), every(1, 20, "2026-11-01T02:15:00")].concat();
    assert_eq!(resolved("America/New_York", ClockHabit::Session, &walls, &[]).moments[20], utc("2026-11-01T06:15:00Z"));
    let walls = [every(1, 70, "2026-11-01T00:45:00"), every(1, 60, "2026-11-01T01:10:00")].concat();
    let found = resolved("America/New_York", ClockHabit::Session, &walls, &[70]);
    are_minutes_apart(&found.moments[70..], 1, "2026-11-01T06:10:00Z");
    // The same where the clock is put forward.
    let found = resolved("Europe/Berlin", ClockHabit::Session, &every(1, 300, "2027-03-28T00:00:00"), &[]);
    are_minutes_apart(&found.moments, 1, "2027-03-27T23:00:00Z");
}

/// Zones, each with a moment at which its clock is put back, and one at which it is put forward: by an hour, by half an
/// hour, off the full hour, at midnight, for a month (Ramadan), for good.
const CHANGES: [(&str, &str); 13] = [
    ("America/New_York", "2026-11-01T06:00:00Z"),
    ("America/New_York", "2026-03-08T07:00:00Z"),
    ("Australia/Lord_Howe", "2026-04-04T15:00:00Z"),
    ("Australia/Lord_Howe", "2026-10-03T15:30:00Z"),
    ("Pacific/Chatham", "2026-04-04T14:00:00Z"),
    ("Pacific/Chatham", "2026-09-26T14:00:00Z"),
    ("America/Santiago", "2026-04-05T03:00:00Z"),
    ("America/Santiago", "2026-09-06T04:00:00Z"),
    ("Africa/Casablanca", "2026-02-15T02:00:00Z"),
    ("Europe/London", "2026-10-25T01:00:00Z"),
    ("Asia/Kathmandu", "1985-12-31T18:30:00Z"),
    ("Pacific/Apia", "2011-12-30T10:00:00Z"),
    ("Asia/Pyongyang", "2015-08-14T15:00:00Z"),
];

/// How many of these lie outside an hour that is shown twice.
fn certain(zone: &str, moments: &[i64]) -> usize {
    let zone_at = Zone::parse(zone).unwrap();
    moments.iter().filter(|moment| matches!(zone_at.at(Wall(wall(zone, **moment))), LocalMoment::Once(_))).count()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    /// Regular readings, written as local times in order, come back as the same moments.
    #[test]
    fn regular_readings_come_back(
        change in 0..CHANGES.len(),
        period_s in prop_oneof![
            20_i64..120, 120_i64..3_600, Just(300), Just(900), Just(1_800), Just(3_600), 3_600_i64..40_000
        ],
        (before_s, before_more) in (0_i64..12_000, 0_i64..4),
        (after_s, after_more) in (0_i64..12_000, 0_i64..4),
        offset_s in 0_i64..40_000,
        is_newest_first: bool,
    ) {
        let (zone, at) = CHANGES[change];
        let (before, after) = (before_s / period_s + before_more, after_s / period_s + after_more);
        let first = utc(at) + (offset_s % period_s - before * period_s) * SECOND_US;
        let mut moments: Vec<i64> =
            (0..before + after).map(|place| first + place * period_s * SECOND_US).collect();
        prop_assume!(certain(zone, &moments) >= 2);
        if is_newest_first {
            moments.reverse();
        }
        let walls: Vec<i64> = moments.iter().map(|moment| wall(zone, *moment)).collect();
        let found = resolved(zone, ClockHabit::Sensor, &walls, &[]);
        prop_assert_eq!((found.refused.len(), found.assumed_first, found.kept_offset), (0, 0, 0));
        prop_assert_eq!(found.moments, moments);
    }

    /// A session in the offset of its start comes back, wherever the clock changes in it.
    #[test]
    fn sessions_come_back(change in 0..CHANGES.len(), minutes_before in 1_i64..400, count in 1_usize..900) {
        let (zone, at) = CHANGES[change];
        let start = utc(at) - minutes_before * MINUTE_US;
        let offset = wall(zone, start) - start;
        let moments: Vec<i64> = (0..count as i64).map(|place| start + place * MINUTE_US).collect();
        prop_assume!(certain(zone, &moments[..1]) == 1);
        let walls: Vec<i64> = moments.iter().map(|moment| moment + offset).collect();
        let found = resolved(zone, ClockHabit::Session, &walls, &[]);
        prop_assert_eq!(found.moments, moments);
    }

    /// Any times in any order: none makes it panic, each is a moment or refused, and what the clock shows once is that.
    #[test]
    fn any_times_are_resolved(
        change in 0..CHANGES.len(),
        minutes in prop::collection::vec(-300_i64..300, 1..60),
        boundaries in prop::collection::btree_set(1_usize..60, 0..4),
        habit in prop::sample::select(vec![ClockHabit::Sensor, ClockHabit::Grid, ClockHabit::Session]),
    ) {
        let (zone, at) = CHANGES[change];
        let middle = wall(zone, utc(at));
        let walls: Vec<i64> = minutes.iter().map(|minute| middle + minute * MINUTE_US).collect();
        let sessions: Vec<usize> = boundaries.into_iter().filter(|place| *place < walls.len()).collect();
        let found = resolved(zone, habit, &walls, &sessions);
        prop_assert_eq!(found.moments.len(), walls.len());
        prop_assert!(found.refused.is_sorted());
        if found.kept_offset == 0 {
            let zone = Zone::parse(zone).unwrap();
            for (place, moment) in found.moments.iter().enumerate() {
                match zone.at(Wall(walls[place])) {
                    LocalMoment::Once(once) => prop_assert_eq!(*moment, once),
                    LocalMoment::Twice { first, second } => prop_assert!([first, second].contains(moment)),
                    LocalMoment::Never { .. } => prop_assert!(found.refused.contains(&place)),
                }
            }
        }
    }
}
