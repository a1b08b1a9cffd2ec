//! Body: what a simulated body shows at a moment. Each function depends on the body's key and the moment alone.

use super::random::{fraction, mix};
use super::sleep::Night;

const MINUTE: i64 = 60;
const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
/// Steps come in bouts within slots of so many minutes.
const SLOT_MINUTES: i64 = 10;
/// When meals begin, in seconds after midnight, give or take twenty minutes.
const MEALS: [i64; 3] = [7 * HOUR + 2_400, 12 * HOUR + 1_800, 19 * HOUR];

/// One made-up body.
#[derive(Copy, Clone, Debug)]
pub(super) struct Body {
    /// Everything about it follows from this number.
    pub(super) key: u64,
}

impl Body {
    pub(super) fn of(seed: u64, number: u64) -> Body {
        Body { key: mix(seed, 0xb0d7, number) }
    }

    /// Beats per minute.
    pub(super) fn heart_rate(&self, second: i64) -> f64 {
        let resting = 54.0 + 18.0 * self.trait_of(1);
        let asleep = if self.is_asleep(second) { -6.0 } else { 4.0 };
        let minute = second.div_euclid(MINUTE);
        // The heart follows the legs by a minute or two, and comes down slowly.
        let effort: f64 = [(0, 0.20), (1, 0.18), (2, 0.10), (3, 0.06)]
            .iter()
            .map(|(ago, weight)| weight * self.steps(minute - ago))
            .sum();
        let breathing = 2.0 * (second as f64 * std::f64::consts::TAU / 14.0).sin();
        (resting + asleep + 5.0 * self.daylight(second) + effort + breathing + self.noise(2, second, 3.0))
            .clamp(35.0, 205.0)
            .round()
    }

    /// Steps within the minute.
    pub(super) fn steps(&self, minute: i64) -> f64 {
        if self.is_asleep(minute * MINUTE) {
            return 0.0;
        }
        let (slot, in_slot) = (minute.div_euclid(SLOT_MINUTES), minute.rem_euclid(SLOT_MINUTES) as f64);
        let hour = minute.div_euclid(60).rem_euclid(24);
        let likely = if matches!(hour, 8 | 12 | 17 | 18) { 0.55 } else { 0.2 };
        let about = |salt| self.random(salt, slot);
        let (begin, length) = (4.0 * about(11), 3.0 + 7.0 * about(12));
        if about(10) < likely && (begin..begin + length).contains(&in_slot) {
            return (60.0 + 60.0 * about(13) + self.noise(14, minute, 12.0)).clamp(0.0, 220.0).round();
        }
        let pottering = self.random(15, minute);
        if pottering < 0.25 { (pottering * 60.0).round() } else { 0.0 }
    }

    /// Milligrams per decilitre under the skin.
    pub(super) fn glucose(&self, second: i64) -> f64 {
        let day = second.div_euclid(DAY);
        let meals: f64 = (day - 1..=day)
            .flat_map(|day| MEALS.iter().enumerate().map(move |(meal, at)| (day * 8 + meal as i64, day * DAY + at)))
            .map(|(meal, at)| {
                let begin = at + ((self.random(21, meal) - 0.5) * 2_400.0) as i64;
                let share = (second - begin).max(0) as f64 / 2_700.0;
                (25.0 + 50.0 * self.random(22, meal)) * share * (1.0 - share).exp()
            })
            .sum();
        (84.0 + 14.0 * self.trait_of(20) + meals + self.noise(23, second, 2.5)).clamp(45.0, 380.0).round()
    }

    /// Percent.
    pub(super) fn oxygen_saturation(&self, second: i64) -> f64 {
        let asleep = if self.is_asleep(second) { -1.2 } else { 0.0 };
        (97.6 + asleep + self.noise(31, second, 0.8)).clamp(88.0, 100.0).round()
    }

    /// Degrees Celsius at the wrist.
    pub(super) fn skin_temperature(&self, second: i64) -> f64 {
        let asleep = if self.is_asleep(second) { 1.2 } else { 0.0 };
        let degrees = 32.4 + self.trait_of(40) + asleep - 0.3 * self.daylight(second) + self.noise(41, second, 0.08);
        (degrees.clamp(28.0, 37.0) * 100.0).round() / 100.0
    }

    /// Microvolts of lead I: five bell curves a beat, for P, Q, R, S and T.
    pub(super) fn ecg(&self, milli: i64) -> f64 {
        const WAVES: [(f64, f64, f64); 5] = [
            (110.0, 0.22, 0.025),
            (-90.0, 0.355, 0.010),
            (950.0, 0.38, 0.012),
            (-190.0, 0.405, 0.011),
            (260.0, 0.64, 0.045),
        ];
        let beats_per_minute = 58.0 + 16.0 * self.trait_of(50);
        let phase = (milli as f64 * beats_per_minute / 60_000.0).rem_euclid(1.0);
        let beat: f64 = WAVES
            .iter()
            .map(|(height, at, width)| height * (-(phase - at) * (phase - at) / (2.0 * width * width)).exp())
            .sum();
        (beat + self.noise(51, milli, 8.0)).round()
    }

    fn is_asleep(&self, second: i64) -> bool {
        Night::around(self.key, second).holds(second)
    }

    /// -1 at four in the morning, 1 at four in the afternoon.
    fn daylight(&self, second: i64) -> f64 {
        let hour = (second.rem_euclid(DAY) - 4 * HOUR) as f64 / DAY as f64;
        -(hour * std::f64::consts::TAU).cos()
    }

    /// What stays the same for a body's whole life, from 0 to 1.
    fn trait_of(&self, salt: u64) -> f64 {
        fraction(self.key, salt, 0)
    }

    fn random(&self, salt: u64, place: i64) -> f64 {
        fraction(self.key ^ salt << 32, salt, place as u64)
    }

    /// About normal, with this deviation: the sum of four even ones.
    fn noise(&self, salt: u64, place: i64, deviation: f64) -> f64 {
        let bits = mix(self.key ^ salt << 32, salt, place as u64);
        let sum: f64 = [0, 16, 32, 48].iter().map(|shift| (bits >> shift & 0xffff) as f64 / 65_536.0).sum();
        (sum - 2.0) * deviation * 1.732
    }
}
