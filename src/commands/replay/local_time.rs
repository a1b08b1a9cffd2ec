//! Local time: what a device's own clock showed, as a moment.

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};

use crate::model::time::{SECOND_US, Timestamp};

/// Where a device's clock stood.
#[derive(Clone, Debug)]
pub struct Zone(TimeZone);

/// When a clock showed a time.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum LocalMoment {
    /// Once: microseconds since 1970.
    Once(i64),
    /// Twice, since it was put back; the first of the two.
    Twice(i64),
    /// Never, since it was put forward.
    Never,
}

impl Zone {
    /// Takes an IANA name.
    pub fn parse(name: &str) -> Result<Zone, String> {
        TimeZone::get(name)
            .map(Zone)
            .map_err(|_| "write an IANA time zone, as in Europe/Berlin or America/New_York".to_owned())
    }

    /// When the clock showed this time.
    pub fn at(&self, local: DateTime) -> LocalMoment {
        let ambiguous = self.0.to_ambiguous_timestamp(local);
        let offset = ambiguous.offset();
        match (offset, ambiguous.earlier()) {
            (AmbiguousOffset::Unambiguous { .. }, Ok(moment)) => LocalMoment::Once(moment.as_microsecond()),
            (AmbiguousOffset::Fold { .. }, Ok(moment)) => LocalMoment::Twice(moment.as_microsecond()),
            _ => LocalMoment::Never,
        }
    }
}

/// Reads `M/D/YYYY h:mm[:ss] AM`, or `M/D/YYYY H:MM[:SS]`: month first, as Fitabase writes for every country.
pub fn parse_month_first(text: &str) -> Option<DateTime> {
    let mut words = text.split_ascii_whitespace();
    let mut date = words.next()?.split('/');
    let (month, day, year) = (number(date.next()?)?, number(date.next()?)?, number(date.next()?)?);
    let (mut hour, minute, second, nano) = parse_time(words.next().unwrap_or("0:00"))?;
    let half = words.next().map(str::to_ascii_uppercase);
    let is_twelve_hours = (1..=12).contains(&hour);
    hour = match half.as_deref() {
        None => hour,
        Some("AM") if is_twelve_hours => hour % 12,
        Some("PM") if is_twelve_hours => hour % 12 + 12,
        Some(_) => return None,
    };
    let is_whole = words.next().is_none() && date.next().is_none() && (1_900..=9_999).contains(&year);
    is_whole.then(|| civil(year, month, day, hour, minute, second, nano)).flatten()
}

/// Reads `YYYY-MM-DD HH:MM[:SS[.f]]`, with a space or a `T` between.
pub fn parse_year_first(text: &str) -> Option<DateTime> {
    let (date, time) = text.split_once([' ', 'T']).unwrap_or((text, "00:00"));
    let mut date = date.split('-');
    let (year, month, day) = (date.next().filter(|year| year.len() == 4)?, date.next()?, date.next()?);
    let (hour, minute, second, nano) = parse_time(time.trim())?;
    let is_whole = date.next().is_none();
    is_whole.then(|| civil(number(year)?, number(month)?, number(day)?, hour, minute, second, nano)).flatten()
}

/// A time that carries its own zone needs no other; any other is looked up in `zone`.
pub fn parse_either(text: &str, zone: &Zone) -> Option<LocalMoment> {
    if let Ok(moment) = Timestamp::parse_rfc3339(text) {
        return Some(LocalMoment::Once(moment.micros()));
    }
    let local = if text.contains('/') { parse_month_first(text) } else { parse_year_first(text) };
    local.map(|local| zone.at(local))
}

/// Hour, minute, second and nanosecond.
fn parse_time(text: &str) -> Option<(i16, i16, i16, i32)> {
    let mut parts = text.split(':');
    let (hour, minute) = (number(parts.next()?)?, number(parts.next()?)?);
    let (second, fraction) = parts.next().map_or(("0", ""), |text| text.split_once('.').unwrap_or((text, "")));
    if parts.next().is_some() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let micros = format!("{fraction:0<6.6}").parse::<i32>().ok()?;
    Some((hour, minute, number(second)?, micros * 1_000))
}

fn number(text: &str) -> Option<i16> {
    let digits = (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

fn civil(year: i16, month: i16, day: i16, hour: i16, minute: i16, second: i16, nano: i32) -> Option<DateTime> {
    let small = |number: i16| i8::try_from(number).ok();
    DateTime::new(year, small(month)?, small(day)?, small(hour)?, small(minute)?, small(second)?, nano).ok()
}

/// Seconds, as in `1560279825.000000`, in microseconds.
pub(super) fn seconds_as_micros(seconds: f64) -> Option<i64> {
    let micros = (seconds * SECOND_US as f64).round();
    (micros.is_finite() && micros.abs() < Timestamp::MAX.micros() as f64).then_some(micros as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> i64 {
        Timestamp::parse_rfc3339(text).unwrap().micros()
    }

    #[test]
    fn the_times_of_fitabase_are_read_month_first() {
        let zone = Zone::parse("UTC").unwrap();
        for (text, moment) in [
            ("4/12/2016 7:21:00 AM", "2016-04-12T07:21:00Z"),
            ("4/12/2016 12:00:00 AM", "2016-04-12T00:00:00Z"),
            ("4/12/2016 12:30:05 PM", "2016-04-12T12:30:05Z"),
            ("4/21/2016 23:59", "2016-04-21T23:59:00Z"),
            ("12/31/2016 11:59:59 pm", "2016-12-31T23:59:59Z"),
            ("4/29/2016 0:00", "2016-04-29T00:00:00Z"),
        ] {
            assert_eq!(parse_either(text, &zone), Some(LocalMoment::Once(utc(moment))), "{text}");
        }
        for text in
            ["", "13/1/2016 1:00:00 AM", "4/31/2016 0:00", "4/12/2016 13:00:00 PM", "4/12/2016 0:00 AM", "4/12/16 1:00"]
        {
            assert_eq!(parse_either(text, &zone), None, "{text}");
        }
    }

    #[test]
    fn a_zone_in_the_text_wins_over_the_zone_that_is_given() {
        let zone = Zone::parse("America/Los_Angeles").unwrap();
        for (text, moment) in [
            ("2015-11-24 00:37:20", "2015-11-24T08:37:20Z"),
            ("2015-11-24T00:37:20.250", "2015-11-24T08:37:20.25Z"),
            ("2015-11-24T00:37:20Z", "2015-11-24T00:37:20Z"),
            ("2015-11-24T00:37:20+01:00", "2015-11-23T23:37:20Z"),
        ] {
            assert_eq!(parse_either(text, &zone), Some(LocalMoment::Once(utc(moment))), "{text}");
        }
    }

    #[test]
    fn a_skipped_time_is_never_and_a_repeated_one_is_the_first() {
        let zone = Zone::parse("America/New_York").unwrap();
        assert_eq!(parse_either("3/13/2016 2:30:00 AM", &zone), Some(LocalMoment::Never));
        assert_eq!(parse_either("11/6/2016 1:30:00 AM", &zone), Some(LocalMoment::Twice(utc("2016-11-06T05:30:00Z"))));
        assert_eq!(parse_either("11/6/2016 2:30:00 AM", &zone), Some(LocalMoment::Once(utc("2016-11-06T07:30:00Z"))));
        assert!(Zone::parse("Mars/Olympus").is_err());
    }
}
