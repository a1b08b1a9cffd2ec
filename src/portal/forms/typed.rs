//! What was typed into a form, as text, and what of it is read.

use std::str::FromStr;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use secrecy::SecretString;
use serde::Deserialize;

use super::Problem;
use crate::model::time::{Day, Timestamp};
use crate::portal::words::WORDS;

/// What was typed: names and texts, as they were sent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub(in crate::portal) struct Typed {
    pairs: Vec<(String, String)>,
}

impl Typed {
    /// Of pairs, as if they had been typed.
    pub(in crate::portal) fn of(pairs: &[(&str, &str)]) -> Typed {
        Typed { pairs: pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect() }
    }

    /// One field, as if it had been typed.
    pub(in crate::portal) fn named(name: &str, text: &str) -> Typed {
        Typed { pairs: vec![(name.to_owned(), text.to_owned())] }
    }

    /// A field without spaces around it; empty where it is not there.
    pub(in crate::portal) fn text(&self, name: &str) -> &str {
        self.pairs.iter().find(|(known, _)| known == name).map_or("", |(_, text)| text.trim())
    }

    /// Whether a field was sent at all, even empty.
    pub(in crate::portal) fn has(&self, name: &str) -> bool {
        self.pairs.iter().any(|(known, _)| known == name)
    }

    /// Each value of a field that may be there more than once.
    pub(in crate::portal) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.pairs.iter().filter(move |(known, _)| known == name).map(|(_, text)| text.trim())
    }

    /// A field where something is in it.
    pub(in crate::portal) fn some(&self, name: &str) -> Option<&str> {
        Some(self.text(name)).filter(|text| !text.is_empty())
    }

    /// Whether a box is ticked.
    pub(in crate::portal) fn is_checked(&self, name: &str) -> bool {
        self.some(name).is_some()
    }

    /// A secret, as it was typed.
    pub(in crate::portal) fn secret(&self, name: &str) -> SecretString {
        let found = self.pairs.iter().find(|(known, _)| known == name);
        found.map_or_else(String::new, |(_, text)| text.clone()).into()
    }

    /// A field that must be filled in.
    pub(in crate::portal) fn required(&self, name: &'static str) -> Result<&str, Problem> {
        self.some(name).ok_or_else(|| Problem::at(name, WORDS.field_missing))
    }

    /// A field of a type: a key, a word of a list.
    pub(in crate::portal) fn one<T: FromStr>(&self, name: &'static str) -> Result<T, Problem> {
        self.required(name)?.parse().map_err(|_| Problem::at(name, WORDS.field_choice))
    }

    /// The same where it may be left empty.
    pub(in crate::portal) fn maybe<T: FromStr>(&self, name: &'static str) -> Result<Option<T>, Problem> {
        self.some(name).map(|_| self.one(name)).transpose()
    }

    /// A number; what is no number is told so.
    pub(in crate::portal) fn number<T: FromStr>(&self, name: &'static str) -> Result<T, Problem> {
        let text = self.required(name)?;
        // Nor are those that only a program takes for one: NaN, inf, 1e999.
        let is_number = !text.chars().any(char::is_alphabetic);
        text.parse().ok().filter(|_| is_number).ok_or_else(|| Problem::at(name, WORDS.field_number))
    }

    /// A day.
    pub(in crate::portal) fn day(&self, name: &'static str) -> Result<Day, Problem> {
        let wrong = || Problem::at(name, WORDS.field_day);
        let date: Date = self.required(name)?.parse().map_err(|_| wrong())?;
        let start = date.to_zoned_datetime(TimeZone::UTC).map_err(|_| wrong())?;
        Timestamp::from_micros(start.timestamp().as_microsecond()).map(Timestamp::day).map_err(|_| wrong())
    }

    /// The same where it may be left empty.
    pub(in crate::portal) fn maybe_day(&self, name: &'static str) -> Result<Option<Day>, Problem> {
        self.some(name).map(|_| self.day(name)).transpose()
    }

    /// A day and a time in a zone; one that clocks leave out is the one after, as people mean it.
    pub(in crate::portal) fn moment(&self, name: &'static str, zone: &TimeZone) -> Result<Timestamp, Problem> {
        let wrong = || Problem::at(name, WORDS.field_moment);
        let at: DateTime = self.required(name)?.parse().map_err(|_| wrong())?;
        let at = at.to_zoned_datetime(zone.clone()).map_err(|_| wrong())?;
        Timestamp::from_micros(at.timestamp().as_microsecond()).map_err(|_| wrong())
    }

    /// The same where it may be left empty.
    pub(in crate::portal) fn maybe_moment(
        &self,
        name: &'static str,
        zone: &TimeZone,
    ) -> Result<Option<Timestamp>, Problem> {
        self.some(name).map(|_| self.moment(name, zone)).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_day_or_number_is_told_at_its_field() {
        let typed = Typed::of(&[
            ("day", "2026-02-30"),
            ("good", " 2026-02-28 "),
            ("number", "1e"),
            ("at", "2026-03-29T02:30"),
            ("empty", "  "),
        ]);
        assert!(matches!(typed.day("day"), Err(Problem::At("day", _))));
        assert!(matches!(typed.day("empty"), Err(Problem::At("empty", _))));
        assert_eq!(typed.maybe_day("empty").unwrap(), None);
        assert_eq!(typed.day("good").unwrap().to_string(), "2026-02-28");
        assert!(matches!(typed.number::<u16>("number"), Err(Problem::At("number", _))));
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let at = typed.moment("at", &berlin).unwrap();
        assert_eq!(at.micros(), Timestamp::parse_rfc3339("2026-03-29T01:30:00Z").unwrap().micros());
    }
}
