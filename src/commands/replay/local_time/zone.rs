//! Zone: when a clock in a place showed a time.

use std::ops::Range;

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};

use crate::model::time::SECOND_US;

/// The grain of time.
const A_MOMENT: SignedDuration = SignedDuration::from_micros(1);

/// What a clock showed, as microseconds since 1970 of a clock in UTC that shows the same.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wall(pub i64);

/// When a clock showed a time.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum LocalMoment {
    /// Once: microseconds since 1970.
    Once(i64),
    /// Twice, since it was put back.
    Twice {
        /// The moment of the first pass.
        first: i64,
        /// The moment of the second.
        second: i64,
    },
    /// Never, since it was put forward.
    Never {
        /// By how many microseconds.
        skipped_us: i64,
    },
}

/// Where a device's clock stood.
#[derive(Clone, Debug)]
pub struct Zone(TimeZone);

impl Default for Zone {
    fn default() -> Zone {
        Zone(TimeZone::UTC)
    }
}

impl Wall {
    /// What the clock showed at this date and time.
    pub(super) fn of(shown: DateTime) -> Option<Wall> {
        Some(Wall(Offset::UTC.to_timestamp(shown).ok()?.as_microsecond()))
    }

    fn shown(self) -> Option<DateTime> {
        Some(Offset::UTC.to_datetime(Timestamp::from_microsecond(self.0).ok()?))
    }
}

impl Zone {
    /// Takes an IANA name.
    pub fn parse(name: &str) -> Result<Zone, String> {
        TimeZone::get(name)
            .map(Zone)
            .map_err(|_| "write an IANA time zone, as in Europe/Berlin or America/New_York".to_owned())
    }

    /// When the clock showed this time.
    pub fn at(&self, wall: Wall) -> LocalMoment {
        // Ends of time are shown by no clock.
        let Some(shown) = wall.shown() else { return LocalMoment::Never { skipped_us: 0 } };
        let by = |offset: Offset| wall.0 - offset_us(offset);
        match self.0.to_ambiguous_timestamp(shown).offset() {
            AmbiguousOffset::Unambiguous { offset } => LocalMoment::Once(by(offset)),
            AmbiguousOffset::Fold { before, after } => LocalMoment::Twice { first: by(before), second: by(after) },
            AmbiguousOffset::Gap { before, after } => {
                LocalMoment::Never { skipped_us: offset_us(after) - offset_us(before) }
            }
        }
    }

    /// The times around this moment that the clock showed once, all in the offset of this moment.
    fn stretch(&self, moment: i64) -> Option<(Range<i64>, i64)> {
        let at = Timestamp::from_microsecond(moment).ok()?;
        let offset = self.0.to_offset(at);
        let before = self.0.preceding(at.checked_add(A_MOMENT).ok()?).next();
        let from = before.map_or(i64::MIN, |began| {
            let began = began.timestamp();
            let former = began.checked_sub(A_MOMENT).map_or(offset, |moment| self.0.to_offset(moment));
            began.as_microsecond() + offset_us(former).max(offset_us(offset))
        });
        let after = self.0.following(at).next();
        let to = after.map_or(i64::MAX, |ends| {
            ends.timestamp().as_microsecond() + offset_us(ends.offset()).min(offset_us(offset))
        });
        Some((from..to, offset_us(offset)))
    }
}

fn offset_us(offset: Offset) -> i64 {
    i64::from(offset.seconds()) * SECOND_US
}

/// A zone that remembers its last answer: between two changes of a clock, which is half a year, it is one subtraction.
#[derive(Clone, Debug)]
pub(in crate::commands::replay) struct ZoneClock {
    zone: Zone,
    quiet: Range<i64>,
    offset_us: i64,
}

impl ZoneClock {
    /// A clock in this zone.
    pub(in crate::commands::replay) fn new(zone: Zone) -> ZoneClock {
        ZoneClock { zone, quiet: 0..0, offset_us: 0 }
    }

    /// When the clock showed this time.
    pub(in crate::commands::replay) fn at(&mut self, wall: Wall) -> LocalMoment {
        if self.quiet.contains(&wall.0) {
            return LocalMoment::Once(wall.0 - self.offset_us);
        }
        let found = self.zone.at(wall);
        if let LocalMoment::Once(moment) = found
            && let Some((quiet, offset_us)) = self.zone.stretch(moment)
        {
            (self.quiet, self.offset_us) = (quiet, offset_us);
        }
        found
    }
}

impl Default for ZoneClock {
    fn default() -> ZoneClock {
        ZoneClock::new(Zone::default())
    }
}
