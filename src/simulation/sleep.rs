//! Sleep: when a simulated person goes to bed and rises, and the episodes of the night between.

use super::random::fraction;

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
/// Stages are scored in epochs of 30 s, as in a sleep laboratory.
const EPOCH: i64 = 30;

/// One night, in seconds since 1970; it is named by the day on which it ends.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) struct Night {
    pub(super) bed: i64,
    pub(super) rise: i64,
}

/// A run of epochs in one stage.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) struct Episode {
    pub(super) start: i64,
    pub(super) end: i64,
    pub(super) stage: &'static str,
}

impl Night {
    /// The night that ends on a day: in bed about 23:00, up about 7:00.
    pub(super) fn ending_on(key: u64, day: i64) -> Night {
        let jitter = |salt| ((fraction(key ^ salt, 1, day as u64) - 0.5) * 80.0 * 60.0) as i64 / EPOCH * EPOCH;
        Night { bed: day * DAY - HOUR + jitter(0xbed), rise: day * DAY + 7 * HOUR + jitter(0x515e) }
    }

    /// The night that a moment belongs to, or that comes next after noon.
    pub(super) fn around(key: u64, second: i64) -> Night {
        Night::ending_on(key, (second + 12 * HOUR).div_euclid(DAY))
    }

    pub(super) fn holds(&self, second: i64) -> bool {
        (self.bed..self.rise).contains(&second)
    }

    /// The episodes from going to bed to rising, without a gap.
    pub(super) fn episodes(&self, key: u64) -> Vec<Episode> {
        let mut episodes = Vec::new();
        let mut start = self.bed;
        while start < self.rise {
            let place = episodes.len() as u64;
            let length = |low: i64, high: i64| {
                let share = fraction(key ^ 0x51ee9, self.bed as u64, place);
                (low + ((high - low) as f64 * share) as i64) / EPOCH * EPOCH
            };
            let is_late = (start - self.bed) * 2 > self.rise - self.bed;
            let (stage, seconds) = match place % 6 {
                0 => ("awake", length(60, 900)),
                1 | 3 => ("light", length(300, 1_800)),
                // Deep sleep lies early in the night, dreams lie late.
                2 => ("deep", if is_late { length(120, 600) } else { length(900, 2_400) }),
                4 => ("rem", if is_late { length(900, 2_700) } else { length(240, 900) }),
                _ => ("light", length(120, 900)),
            };
            let end = (start + seconds.max(EPOCH)).min(self.rise);
            // The first episode is falling asleep; later wakings are short.
            let end = if stage == "awake" && place > 0 { end.min(start + 4 * EPOCH) } else { end };
            episodes.push(Episode { start, end, stage });
            start = end;
        }
        episodes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_night_is_filled_from_bed_to_rising() {
        for day in 20_000..20_030 {
            let night = Night::ending_on(42, day);
            let episodes = night.episodes(42);
            assert!((6 * HOUR..10 * HOUR).contains(&(night.rise - night.bed)));
            assert_eq!((episodes[0].start, episodes[episodes.len() - 1].end), (night.bed, night.rise));
            assert!(episodes.windows(2).all(|pair| pair[0].end == pair[1].start));
            assert!(episodes.iter().all(|episode| (EPOCH..=3_600).contains(&(episode.end - episode.start))));
            for stage in ["awake", "light", "deep", "rem"] {
                assert!(episodes.iter().any(|episode| episode.stage == stage), "{stage}");
            }
        }
    }
}
