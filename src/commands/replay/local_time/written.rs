//! Written: the texts of times, as exports have them.
//!
//! `2026-11-23 07:57:00`, `11/23/2026 7:57:00 AM`, `23-11-2026 07:57`, `23.11.2026, 7:57`: three numbers between
//! slashes, hyphens or full stops, the year first or last, and a time of 24 or of twice twelve hours. Phones write any
//! space before AM and PM (U+202F since 2023, U+00A0 before), some none, and `a.m.` or `a. m.` in place of AM.

use jiff::civil::{Date, DateTime, Time};

use super::day_order::DayOrder;
use super::zone::Wall;
use crate::model::time::{MINUTE_US, SECOND_US, Timestamp};

/// When something was measured, as far as its text says.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(in crate::commands::replay) enum When {
    /// At a moment: microseconds since 1970.
    Moment(i64),
    /// When the device's clock showed this.
    Shown(Wall),
}

impl When {
    /// So many minutes later.
    pub(in crate::commands::replay) fn plus_minutes(self, minutes: i64) -> When {
        match self {
            When::Moment(moment) => When::Moment(moment + minutes * MINUTE_US),
            When::Shown(Wall(wall)) => When::Shown(Wall(wall + minutes * MINUTE_US)),
        }
    }
}

/// A time as it is written, whose day and month may still be in doubt.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(in crate::commands::replay) enum WrittenTime {
    /// With its zone.
    Moment(i64),
    /// A date that can be read in one way.
    Shown(Wall),
    /// A date that ends with its year, and is one in one order at least.
    YearLast(YearLast),
}

/// A date that ends with its year, and the time on it.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(in crate::commands::replay) struct YearLast {
    numbers: [u16; 2],
    year: u16,
    time: Time,
}

impl YearLast {
    /// The date in this order.
    fn date(self, order: DayOrder) -> Option<Date> {
        let [one, two] = self.numbers;
        match order {
            DayOrder::DayFirst => date(self.year, two, one),
            DayOrder::MonthFirst => date(self.year, one, two),
        }
    }
}

impl WrittenTime {
    /// Reads a text; `None` where it is no time.
    pub(in crate::commands::replay) fn parse(text: &str) -> Option<WrittenTime> {
        let text = text.trim_matches(is_blank);
        let (numbers, rest) = take_date(text)?;
        let rest = rest.trim_start_matches(is_blank);
        let rest = rest.strip_prefix(['T', 't', ',']).unwrap_or(rest).trim_start_matches(is_blank);
        let (time, rest) = if rest.is_empty() { (Time::midnight(), "") } else { take_time(rest)? };
        let rest = rest.trim_start_matches(is_blank);
        if rest.starts_with(['Z', 'z', '+', '-']) {
            return Some(WrittenTime::Moment(Timestamp::parse_rfc3339(text).ok()?.micros()));
        }
        let time = twelve_hours(time, rest)?;
        let [one, two, three] = numbers;
        if one.digits == 4 {
            let is_date = two.digits <= 2 && three.digits <= 2;
            let date = is_date.then(|| date(one.value, two.value, three.value)).flatten()?;
            return Wall::of(DateTime::from_parts(date, time)).map(WrittenTime::Shown);
        }
        let is_date = one.digits <= 2 && two.digits <= 2 && three.digits == 4 && three.value >= 1_900;
        let written = YearLast { numbers: [one.value, two.value], year: three.value, time };
        let mut orders = [DayOrder::MonthFirst, DayOrder::DayFirst].into_iter();
        (is_date && orders.any(|order| written.date(order).is_some())).then_some(WrittenTime::YearLast(written))
    }

    /// The order that the date has beyond doubt.
    pub(in crate::commands::replay) fn proof(self) -> Option<DayOrder> {
        let WrittenTime::YearLast(written) = self else { return None };
        match (written.date(DayOrder::DayFirst), written.date(DayOrder::MonthFirst)) {
            (Some(_), None) => Some(DayOrder::DayFirst),
            (None, Some(_)) => Some(DayOrder::MonthFirst),
            _ => None,
        }
    }

    /// True where the order of the file's dates matters.
    pub(in crate::commands::replay) fn has_order(self) -> bool {
        matches!(self, WrittenTime::YearLast(YearLast { numbers: [one, two], .. }) if one != two)
    }

    /// The time, dates being in this order; `None` where this one has the other.
    pub(in crate::commands::replay) fn when(self, order: DayOrder) -> Option<When> {
        match self {
            WrittenTime::Moment(moment) => Some(When::Moment(moment)),
            WrittenTime::Shown(wall) => Some(When::Shown(wall)),
            WrittenTime::YearLast(written) => {
                let date = written.date(order)?;
                Wall::of(DateTime::from_parts(date, written.time)).map(When::Shown)
            }
        }
    }
}

/// A number, and how many digits it was written with.
#[derive(Copy, Clone, Debug, Default)]
struct Number {
    value: u16,
    digits: usize,
}

/// Spaces of every script, and the marks of direction that some systems write around dates.
fn is_blank(letter: char) -> bool {
    let is_mark = matches!(letter, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{feff}');
    is_mark || letter.is_whitespace()
}

fn date(year: u16, month: u16, day: u16) -> Option<Date> {
    let small = |number: u16| i8::try_from(number).ok();
    Date::new(i16::try_from(year).ok()?, small(month)?, small(day)?).ok()
}

/// Up to four digits.
fn take_number(text: &str) -> Option<(Number, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at_checked(digits)?;
    let value = if digits <= 4 { number.parse().ok()? } else { return None };
    Some((Number { value, digits }, rest))
}

/// Three numbers with one sign between them.
fn take_date(text: &str) -> Option<([Number; 3], &str)> {
    let (one, rest) = take_number(text)?;
    let sign = rest.chars().next().filter(|sign| matches!(sign, '/' | '-' | '.'))?;
    let (two, rest) = take_number(rest.strip_prefix(sign)?)?;
    let (three, rest) = take_number(rest.strip_prefix(sign)?)?;
    Some(([one, two, three], rest))
}

/// `H:MM[:SS[.f]]`.
fn take_time(text: &str) -> Option<(Time, &str)> {
    let (hour, rest) = take_number(text)?;
    let (minute, mut rest) = take_number(rest.strip_prefix(':')?)?;
    let mut second = Number::default();
    let mut nanos = 0;
    if let Some(after) = rest.strip_prefix(':') {
        (second, rest) = take_number(after)?;
        if let Some(after) = rest.strip_prefix('.') {
            let digits = after.bytes().take_while(u8::is_ascii_digit).count();
            let (fraction, after) = after.split_at_checked(digits)?;
            nanos = format!("{fraction:0<6.6}").parse::<i32>().ok()? * 1_000;
            rest = after;
        }
    }
    let small = |number: Number| i8::try_from(number.value).ok();
    Some((Time::new(small(hour)?, small(minute)?, small(second)?, nanos).ok()?, rest))
}

/// The time of a clock of twelve hours, where AM or PM stands after it.
fn twelve_hours(time: Time, half: &str) -> Option<Time> {
    if half.is_empty() {
        return Some(time);
    }
    let mut letters = half.chars().filter(|letter| *letter != '.' && !is_blank(*letter));
    let half = (letters.next()?.to_ascii_lowercase(), letters.next()?.to_ascii_lowercase());
    let hour = match (half, letters.next()) {
        (('a', 'm'), None) if (1..=12).contains(&time.hour()) => time.hour() % 12,
        (('p', 'm'), None) if (1..=12).contains(&time.hour()) => time.hour() % 12 + 12,
        _ => return None,
    };
    Time::new(hour, time.minute(), time.second(), time.subsec_nanosecond()).ok()
}

/// Seconds, as in `1560279825.000000`, in microseconds.
pub(in crate::commands::replay) fn seconds_as_micros(seconds: f64) -> Option<i64> {
    let micros = (seconds * SECOND_US as f64).round();
    (micros.is_finite() && micros.abs() < Timestamp::MAX.micros() as f64).then_some(micros as i64)
}
