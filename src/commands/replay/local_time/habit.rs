//! Habit: how the times of a series follow the clock, where it is put forward or back.

/// How the times of a series follow the clock.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum ClockHabit {
    /// A sensor that measures on and on: a run without a hole may keep the offset of its start.
    Sensor,
    /// What the clock's own minutes are filled with, or a person notes: the clock's time and nothing else.
    Grid,
    /// Sessions, each of which the vendor writes in the offset of its start.
    Session,
}
