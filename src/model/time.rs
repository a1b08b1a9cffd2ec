//! Time: microseconds since 1970 in UTC, UTC days, and the clock that is passed as an argument.
//!
//! Wearables stamp milliseconds at best and Postgres keeps microseconds, so a microsecond is the grain everywhere.
//! A time without a zone is refused, never guessed at: RFC 3339 demands one.

use std::fmt;

/// Microseconds in one second.
pub const SECOND_US: i64 = 1_000_000;
/// Microseconds in one minute.
pub const MINUTE_US: i64 = 60 * SECOND_US;
/// Microseconds in one UTC day. Leap seconds do not exist on this scale, as in POSIX and Postgres.
pub const DAY_US: i64 = 86_400 * SECOND_US;

/// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59.999999Z: what RFC 3339 can write, and Postgres can store.
const FIRST_US: i64 = -62_135_596_800 * SECOND_US;
const LAST_US: i64 = 253_402_300_800 * SECOND_US - 1;

/// One moment: microseconds since 1970-01-01T00:00:00Z, within the years 1 to 9999.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// Why a text or number is not a moment.
#[derive(Copy, Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// The text is another form of time, or none.
    #[error("a time must be RFC 3339 with a zone, as in 2026-11-23T10:00:00Z")]
    NotRfc3339,
    /// No calendar that is written with four digits has it.
    #[error("a time must lie within the years 1 to 9999")]
    OutOfRange,
}

impl Timestamp {
    /// The earliest moment that can be written.
    pub const MIN: Timestamp = Timestamp(FIRST_US);
    /// The latest moment that can be written.
    pub const MAX: Timestamp = Timestamp(LAST_US);

    /// A moment from microseconds since 1970, where it can be written as a date.
    pub fn from_micros(micros: i64) -> Result<Timestamp, TimeError> {
        if (FIRST_US..=LAST_US).contains(&micros) { Ok(Timestamp(micros)) } else { Err(TimeError::OutOfRange) }
    }

    /// A moment from whole milliseconds since 1970.
    pub fn from_millis(millis: i64) -> Result<Timestamp, TimeError> {
        millis.checked_mul(1_000).ok_or(TimeError::OutOfRange).and_then(Timestamp::from_micros)
    }

    /// A moment from milliseconds since 1970 with a fraction, rounded to the microsecond.
    ///
    /// A double holds today's microseconds exactly (2^53 µs is the year 2255).
    pub fn from_millis_fraction(millis: f64) -> Result<Timestamp, TimeError> {
        let micros = (millis * 1_000.0).round();
        // Written so that NaN fails too.
        if !(micros >= FIRST_US as f64 && micros <= LAST_US as f64) {
            return Err(TimeError::OutOfRange);
        }
        Timestamp::from_micros(micros as i64)
    }

    /// Microseconds since 1970.
    pub fn micros(self) -> i64 {
        self.0
    }

    /// This moment moved by `micros`, held within the years 1 to 9999.
    pub fn plus_micros(self, micros: i64) -> Timestamp {
        Timestamp(self.0.saturating_add(micros).clamp(FIRST_US, LAST_US))
    }

    /// Microseconds from `earlier` to this moment; negative where it is not earlier.
    pub fn micros_since(self, earlier: Timestamp) -> i64 {
        self.0 - earlier.0
    }

    /// The UTC day that holds this moment.
    pub fn day(self) -> Day {
        Day(self.0.div_euclid(DAY_US))
    }

    /// Parses strict RFC 3339: a full date, `T`, a full time, an optional fraction, and a zone.
    ///
    /// Digits past the microsecond are rounded down. A leap second (`23:59:60`) is the first moment of the next minute.
    pub fn parse_rfc3339(text: &str) -> Result<Timestamp, TimeError> {
        Timestamp::parse_local_rfc3339(text).map(|(moment, _)| moment)
    }

    /// The same, and by how many minutes the local time in which it was written is ahead of UTC. `Z` and `-00:00` name
    /// no local time.
    pub fn parse_local_rfc3339(text: &str) -> Result<(Timestamp, Option<i16>), TimeError> {
        let (micros, offset_minutes) = parse_rfc3339(text.as_bytes()).ok_or(TimeError::NotRfc3339)?;
        Timestamp::from_micros(micros).map(|moment| (moment, offset_minutes))
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC, with as many digits of the second as the moment needs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (second, micro) = (self.0.rem_euclid(DAY_US) / SECOND_US, self.0.rem_euclid(SECOND_US));
        write!(f, "{}T{:02}:{:02}:{:02}", self.day(), second / 3600, second / 60 % 60, second % 60)?;
        match micro {
            0 => write!(f, "Z"),
            m if m % 1_000 == 0 => write!(f, ".{:03}Z", m / 1_000),
            m => write!(f, ".{m:06}Z"),
        }
    }
}

/// One UTC day: the chunk of the hot table and the partition of the archive.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i64);

impl Day {
    /// The day's first moment.
    pub fn start(self) -> Timestamp {
        Timestamp((self.0 * DAY_US).clamp(FIRST_US, LAST_US))
    }

    /// The day after.
    pub fn next(self) -> Day {
        Day(self.0 + 1)
    }

    /// The day so many days later.
    pub fn plus(self, days: i64) -> Day {
        Day(self.0.saturating_add(days))
    }

    /// How many days after 1970-01-01 it is.
    pub fn since_1970(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = civil_from_days(self.0);
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl From<Timestamp> for std::time::SystemTime {
    /// As files are dated; not before 1970.
    fn from(moment: Timestamp) -> std::time::SystemTime {
        let since_1970 = std::time::Duration::from_micros(u64::try_from(moment.0).unwrap_or(0));
        std::time::UNIX_EPOCH + since_1970
    }
}

/// The clock: handed in, so that a test can stop it.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The current time.
    fn now(&self) -> Timestamp;
}

/// The machine's own clock.
#[derive(Copy, Clone, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place where the machine's clock is read")]
    fn now(&self) -> Timestamp {
        let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since_1970.as_micros()).unwrap_or(LAST_US).min(LAST_US))
    }
}

/// A clock that stands where it was put.
#[derive(Copy, Clone, Debug)]
pub struct StoppedClock(pub Timestamp);

impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// Microseconds since 1970, and the local time's minutes ahead of UTC.
fn parse_rfc3339(text: &[u8]) -> Option<(i64, Option<i16>)> {
    let (date_time, zone) = text.split_at_checked(19)?;
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b'T' | b't', h1, h2, b':', n1, n2, b':', s1, s2] = *date_time
    else {
        return None;
    };
    let year = number(&[y1, y2, y3, y4])?;
    let (month, day) = (number(&[m1, m2])?, number(&[d1, d2])?);
    let (hour, minute, second) = (number(&[h1, h2])?, number(&[n1, n2])?, number(&[s1, s2])?);
    if !(1..=12).contains(&month)
        || day < 1
        || day > days_in_month(year, month)
        || hour > 23
        || minute > 59
        || second > 60
    {
        return None;
    }
    let (micro, zone) = fraction(zone)?;
    let offset_minutes = zone_offset_minutes(zone)?;
    let local_minutes = days_from_civil(year, month, day) * 1_440 + hour * 60 + minute;
    let utc_minutes = local_minutes - offset_minutes.map_or(0, i64::from);
    // A leap second is only ever inserted before midnight UTC.
    if second == 60 && utc_minutes.rem_euclid(1_440) != 1_439 {
        return None;
    }
    Some(((utc_minutes * 60 + second) * SECOND_US + micro, offset_minutes))
}

/// The digits after a full stop as microseconds, and what follows them.
fn fraction(text: &[u8]) -> Option<(i64, &[u8])> {
    let Some((b'.', rest)) = text.split_first() else { return Some((0, text)) };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (fraction, zone) = rest.split_at_checked(digits)?;
    if fraction.is_empty() {
        return None;
    }
    let micro = (0..6).fold(0, |sum, place| sum * 10 + fraction.get(place).map_or(0, |digit| i64::from(digit - b'0')));
    Some((micro, zone))
}

/// The offset of a zone, where it is one: of itself `None` where it says UTC, and of no local time.
fn zone_offset_minutes(zone: &[u8]) -> Option<Option<i16>> {
    match *zone {
        [b'Z' | b'z'] | [b'-', b'0', b'0', b':', b'0', b'0'] => Some(None),
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let (hours, minutes) = (number(&[h1, h2])?, number(&[m1, m2])?);
            let offset = (hours <= 23 && minutes <= 59).then_some(hours * 60 + minutes)?;
            i16::try_from(if sign == b'-' { -offset } else { offset }).ok().map(Some)
        }
        _ => None,
    }
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0_i64, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + i64::from(digit - b'0')))
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days since 1970 of a date in the proleptic Gregorian calendar (Howard Hinnant, "chrono-compatible low-level date
/// algorithms").
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day_of_year - (153 * shifted_month + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rfc_3339_times_are_read_to_the_microsecond() {
        for (text, micros) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2026-11-23T10:00:00Z", 1_795_428_000_000_000),
            ("2026-11-23T11:30:00+01:30", 1_795_428_000_000_000),
            ("2026-11-23t10:00:00.25z", 1_795_428_000_250_000),
            ("2026-11-23T10:00:00.1234569-00:00", 1_795_428_000_123_456),
            ("2000-02-29T00:00:00Z", 951_782_400_000_000),
            ("2016-12-31T23:59:60Z", 1_483_228_800_000_000),
        ] {
            assert_eq!(Timestamp::parse_rfc3339(text).map(Timestamp::micros), Ok(micros), "{text}");
        }
    }

    #[test]
    fn a_time_names_its_local_offset_where_it_has_one() {
        for (zone, minutes) in [
            ("Z", None),
            ("z", None),
            ("-00:00", None),
            ("+00:00", Some(0)),
            ("+05:45", Some(345)),
            ("-23:59", Some(-1_439)),
        ] {
            let read = Timestamp::parse_local_rfc3339(&format!("2026-11-23T10:00:00.5{zone}"));
            assert_eq!(read.map(|(_, offset)| offset), Ok(minutes), "{zone}");
        }
    }

    #[test]
    fn a_time_without_zone_or_with_an_impossible_part_is_refused() {
        for text in [
            "",
            "2026-11-23",
            "2026-11-23T10:00:00",
            "2026-11-23T10:00Z",
            "2026-11-23 10:00:00Z",
            "10:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-02-29T00:00:00Z",
            "2026-11-23T24:00:00Z",
            "2026-11-23T10:60:00Z",
            "2026-11-23T10:00:60Z",
            "2026-11-23T10:00:00.Z",
            "2026-11-23T10:00:00+0100",
            "2026-11-23T10:00:00+24:00",
            "2026-11-23T10:00:00Zz",
            "２026-11-23T10:00:00Z",
            "0000-01-01T00:00:00Z",
        ] {
            assert!(Timestamp::parse_rfc3339(text).is_err(), "{text}");
        }
    }

    #[test]
    fn epoch_milliseconds_keep_their_fraction_and_refuse_what_is_no_date() {
        assert_eq!(
            Timestamp::from_millis_fraction(1_795_428_000_000.125).map(Timestamp::micros),
            Ok(1_795_428_000_000_125)
        );
        for millis in [f64::NAN, f64::INFINITY, -f64::INFINITY, 1e18, -1e18] {
            assert_eq!(Timestamp::from_millis_fraction(millis), Err(TimeError::OutOfRange));
        }
        assert_eq!(Timestamp::from_millis(i64::MAX), Err(TimeError::OutOfRange));
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(micros in FIRST_US..=LAST_US) {
            let moment = Timestamp(micros);
            prop_assert_eq!(Timestamp::parse_rfc3339(&moment.to_string()), Ok(moment));
            prop_assert!(moment.day().start() <= moment && moment < moment.day().next().start() || moment == Timestamp::MAX || moment.day().next().start() == Timestamp::MAX);
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in "\\PC{0,40}") {
            let _ = Timestamp::parse_rfc3339(&text);
        }
    }
}
