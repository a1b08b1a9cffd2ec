//! Day order: whether `4/11/2026` is a day in November or in April.
//!
//! Exports follow the country of the account, so it is a property of the file: one date with a number above 12 decides
//! for all of it. The order of rows is no evidence. The first twelve days of a month are in order in both readings,
//! five minutes apart in the one and a month apart in the other, and so are many other files.

use std::fmt;

/// Which number of a date stands first.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum DayOrder {
    /// `13/11/2026`.
    DayFirst,
    /// `11/13/2026`.
    MonthFirst,
}

impl fmt::Display for DayOrder {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            DayOrder::DayFirst => "day first",
            DayOrder::MonthFirst => "month first",
        })
    }
}
