//! Local time: what a device's own clock showed, as a moment.
//!
//! ```text
//! text → WrittenTime → (DayOrder of the file) → Wall → (order of the file, Zone) → moment
//! ```
//!
//! # The rule
//! A clock that is put back shows an hour twice, one that is put forward skips one, and neither is written in the file.
//! What tells is the order of its rows: the readings of one device stand in the order in which they were measured,
//! oldest first or newest first. So a series of one file is resolved as a whole (`resolve`):
//!
//! 1. A time that the clock showed once is that moment.
//! 2. Where times of the repeated hour **step back**, the clock was put back there: what stands before is the first
//!    pass, what follows the second.
//! 3. Where they do not, the pass is the one that keeps the readings **regular**: a file that begins in the second pass
//!    and goes on every five minutes is in the second pass. Where nothing tells, it is the first, and that is counted.
//! 4. A run of readings that goes through the repeated hour **without a step back and without a hole**, or through the
//!    skipped hour, was not written by a clock that followed the zone: its offset from UTC is that of its start, and is
//!    kept until the run ends, by a hole or by the step with which somebody sets the clock.
//! 5. A vendor that keeps a whole session (a night of sleep) in the offset of its start is read so, by session.
//! 6. A time that the clock skipped is refused where no run leads to it.
//!
//! Rules 2 and 3 hold for what fills the minutes of the clock (`ClockHabit::Grid`), rules 2 to 4 for what a sensor
//! measured (`ClockHabit::Sensor`), rules 2 and 5 for sessions (`ClockHabit::Session`).
//!
//! Invariant: regular readings in true time, of which two or more lie outside the repeated hour, written as their local
//! times in order, come back as the same moments, in every zone (`tests`).

/// Day first or month first.
mod day_order;

/// How a series' times follow the clock.
mod habit;

/// A series of local times, resolved as a whole.
mod resolve;

/// Texts of times.
mod written;

/// Where a device's clock stood.
mod zone;

#[cfg(test)]
mod tests;

pub use day_order::DayOrder;
pub use habit::ClockHabit;
pub(super) use resolve::{Resolved, SeriesTimes, resolve};
pub(super) use written::{When, WrittenTime, seconds_as_micros};
pub(super) use zone::ZoneClock;
pub use zone::{LocalMoment, Wall, Zone};
