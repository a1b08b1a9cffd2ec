//! Duty cycle: how much of the time background work runs, so that ingest keeps its share of the machine.

use serde::Deserialize;
use std::time::Duration;

use super::error::ConfigError;

/// Percent of the time that work goes on; it rests for the remainder.
#[derive(Copy, Clone, Debug, Deserialize)]
#[serde(transparent)]
pub struct DutyPercent(u32);

impl DutyPercent {
    /// 1 to 100 percent.
    pub fn new(percent: u32) -> Option<DutyPercent> {
        (1..=100).contains(&percent).then_some(DutyPercent(percent))
    }

    /// How long to rest after having worked for so long.
    pub fn rest_after(self, worked: Duration) -> Duration {
        worked * (100 - self.0.min(100)) / self.0.max(1)
    }

    pub(super) fn check(self, key: &'static str) -> Result<(), ConfigError> {
        if DutyPercent::new(self.0).is_some() { Ok(()) } else { Err(ConfigError::Rule { key, rule: "1 to 100" }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rest_is_the_remainder() {
        let worked = Duration::from_millis(60);
        let rest = |percent| DutyPercent::new(percent).unwrap().rest_after(worked);
        assert_eq!([100, 75, 50, 20].map(|percent| rest(percent).as_millis()), [0, 20, 60, 240]);
        assert!(DutyPercent::new(0).is_none() && DutyPercent::new(101).is_none());
    }
}
