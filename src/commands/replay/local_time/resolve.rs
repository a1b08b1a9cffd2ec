//! Resolve: the local times of one series, as one device wrote them in one file, made moments. The rule stands in the
//! header of [`local_time`](super).
//!
//! A series without a doubtful time, which is nearly every one, costs a subtraction a time. Only around a change of the
//! clock are its neighbours looked at.

use std::cmp::Reverse;

use super::habit::ClockHabit;
use super::zone::{LocalMoment, Wall, ZoneClock};
use crate::model::time::MINUTE_US;

/// Readings on each side of a repeated hour that say how regular they are.
const CONTEXT: usize = 8;
/// Readings on each side of a change from which the usual step is taken.
const USUAL_FROM: usize = 64;
/// A step up to here is no hole, however short the usual one: a watch rests between two heart rates.
const HOLE_OVER_US: i64 = MINUTE_US;
/// One time in so many may go back, where the clock did not, before the order of the file says nothing.
const OUT_OF_ORDER: usize = 20;

/// The local times of one series in the order of its file.
#[derive(Clone, Debug, Default)]
pub(in crate::commands::replay) struct SeriesTimes {
    /// What the clock showed, as [`Wall`] counts.
    pub(in crate::commands::replay) walls: Vec<i64>,
    /// The places of times that the clock did not show once, rising.
    pub(in crate::commands::replay) doubtful: Vec<usize>,
    /// The places at which a session begins, rising; the first session begins at 0 and is not named.
    pub(in crate::commands::replay) sessions: Vec<usize>,
}

/// What became of a series.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::commands::replay) struct Resolved {
    /// A moment for each time; nothing that counts where it is refused.
    pub(in crate::commands::replay) moments: Vec<i64>,
    /// The places of times that the clock skipped, and no run leads to; rising.
    pub(in crate::commands::replay) refused: Vec<usize>,
    /// Times of a repeated hour of which nothing tells the pass, taken as the first.
    pub(in crate::commands::replay) assumed_first: u64,
    /// Times in an offset that the zone has left, since their run or session began in it.
    pub(in crate::commands::replay) kept_offset: u64,
}

/// Makes a series moments.
pub(in crate::commands::replay) fn resolve(times: SeriesTimes, habit: ClockHabit, clock: &mut ZoneClock) -> Resolved {
    let SeriesTimes { mut walls, mut doubtful, mut sessions } = times;
    if doubtful.is_empty() {
        for wall in &mut walls {
            if let LocalMoment::Once(moment) = clock.at(Wall(*wall)) {
                *wall = moment;
            }
        }
        return Resolved { moments: walls, ..Resolved::default() };
    }
    let count = walls.len();
    let is_newest_first = goes_back(&walls, &sessions);
    if is_newest_first {
        walls.reverse();
        doubtful = doubtful.iter().rev().map(|place| count - 1 - place).collect();
        sessions = sessions.iter().rev().map(|place| count - place).collect();
    }
    let found = Resolved { moments: vec![0; count], ..Resolved::default() };
    let mut series = Series { walls, doubtful, sessions, habit, clock, found };
    series.resolve();
    let mut found = series.found;
    if is_newest_first {
        found.moments.reverse();
        found.refused = found.refused.iter().rev().map(|place| count - 1 - place).collect();
    }
    found
}

/// True where more of the steps within sessions go back than forward.
fn goes_back(walls: &[i64], sessions: &[usize]) -> bool {
    let steps = walls.iter().zip(walls.iter().skip(1)).enumerate();
    let within = steps.filter(|(place, _)| sessions.binary_search(&(place + 1)).is_err());
    within.map(|(_, (one, next))| (next - one).signum()).sum::<i64>() < 0
}

/// A series, oldest first.
struct Series<'c> {
    walls: Vec<i64>,
    doubtful: Vec<usize>,
    sessions: Vec<usize>,
    habit: ClockHabit,
    clock: &'c mut ZoneClock,
    found: Resolved,
}

/// How irregular readings are: steps that are holes or go back, then how far the others are from the usual one. The
/// length of a hole tells nothing.
type Irregularity = (usize, i64);

impl Series<'_> {
    fn resolve(&mut self) {
        let is_in_order = self.is_in_order();
        let mut place = 0;
        while let Some(wall) = self.walls.get(place).copied() {
            place = match self.clock.at(Wall(wall)) {
                LocalMoment::Once(moment) => self.set(place, moment),
                LocalMoment::Twice { first, second } if is_in_order => self.repeated(place, second - first),
                LocalMoment::Twice { first, .. } => {
                    self.found.assumed_first += 1;
                    self.set(place, first)
                }
                LocalMoment::Never { skipped_us } if is_in_order => self.skipped(place, skipped_us),
                LocalMoment::Never { .. } => self.refuse(place),
            };
        }
    }

    /// From `from` on the clock showed times of an hour (of `length_us`) that it showed twice. The next place.
    fn repeated(&mut self, from: usize, length_us: i64) -> usize {
        let began = self.wall(from);
        let mut to = from + 1;
        while self.step(to).is_some()
            && (self.wall(to) - began).abs() < length_us
            && matches!(self.clock.at(Wall(self.wall(to))), LocalMoment::Twice { .. })
        {
            to += 1;
        }
        let turns: Vec<usize> = (from + 1..to).filter(|place| self.step(*place).is_some_and(|step| step < 0)).collect();
        match (turns.as_slice(), self.habit) {
            ([turn], _) => self.split(from, *turn, to, length_us),
            ([], ClockHabit::Session) => self.session(from, to, length_us),
            ([], _) => self.regular(from, to, length_us),
            _ => self.first_pass(from, to, length_us),
        }
    }

    /// The pass, or the passes, that keep the readings regular.
    fn regular(&mut self, from: usize, to: usize, length_us: i64) -> usize {
        let usual_us = self.usual_step(from, to);
        let hole_over_us = hole_over(usual_us);
        let inner = (from + 1..to).map(|place| (self.step(place).unwrap_or(0), place));
        let (shortest, longest) = (inner.clone().min(), inner.max_by_key(|(step, place)| (*step, Reverse(*place))));
        let mut splits = vec![to, from];
        splits.extend(longest.into_iter().chain(shortest).map(|(_, place)| place));
        let offset = self.first_offset(from);
        let costs: Vec<(Irregularity, usize)> = splits
            .iter()
            .map(|split| {
                let pass = |place: usize, wall: i64| wall - offset + if place < *split { 0 } else { length_us };
                (self.irregularity(from, to, hole_over_us, pass, None), *split)
            })
            .collect();
        // The first of the least: the first pass, where nothing tells.
        let Some((least, split)) = costs.iter().copied().min_by_key(|(cost, _)| *cost) else { return to };
        let leads_in = self.is_near(from, hole_over_us) && self.is_near(to, hole_over_us);
        if self.habit == ClockHabit::Sensor && leads_in && usual_us <= length_us / 2 {
            let kept = self.irregularity(from, to, hole_over_us, |_, wall| wall - offset, Some(offset));
            if kept.0 < least.0 {
                return self.keep(from, offset, hole_over_us);
            }
        }
        let others_tell_as_much = costs.iter().any(|(cost, other)| *cost == least && *other != split);
        if split == to && others_tell_as_much {
            return self.first_pass(from, to, length_us);
        }
        self.split(from, split, to, length_us)
    }

    /// A session that reaches a repeated hour, or begins in it, keeps its offset.
    fn session(&mut self, from: usize, to: usize, length_us: i64) -> usize {
        let mut offset = self.first_offset(from);
        if self.step(from).is_some() {
            offset = self.wall(from - 1) - self.moment(from - 1);
        } else if from > 0 && self.moment(from - 1) > self.wall(from) - offset {
            // The session before ended later than the first pass.
            offset -= length_us;
        } else {
            self.found.assumed_first += (to - from) as u64;
        }
        self.keep(from, offset, i64::MAX)
    }

    /// The clock skipped this time: a run or a session that leads to it keeps its offset.
    fn skipped(&mut self, place: usize, skipped_us: i64) -> usize {
        let usual_us = self.usual_step(place, place + 1);
        let hole_over_us = match self.habit {
            ClockHabit::Sensor if usual_us <= skipped_us / 2 => hole_over(usual_us),
            ClockHabit::Session => i64::MAX,
            _ => return self.refuse(place),
        };
        if !self.is_near(place, hole_over_us) || self.found.refused.last() == Some(&(place - 1)) {
            return self.refuse(place);
        }
        self.keep(place, self.wall(place - 1) - self.moment(place - 1), hole_over_us)
    }

    /// Keeps an offset until the run ends: by a hole, unless it would go back in time after it, or by a step back.
    fn keep(&mut self, from: usize, offset: i64, hole_over_us: i64) -> usize {
        let mut place = from;
        while place < self.walls.len() {
            let of_zone = self.clock.at(Wall(self.wall(place)));
            if place > from {
                let Some(step) = self.step(place).filter(|step| *step >= 0) else { break };
                let goes_on = matches!(of_zone, LocalMoment::Once(moment) if moment > self.moment(place - 1));
                if step > hole_over_us && goes_on {
                    break;
                }
            }
            let moment = self.wall(place) - offset;
            let is_of_zone = match of_zone {
                LocalMoment::Once(once) => once == moment,
                LocalMoment::Twice { first, second } => moment == first || moment == second,
                LocalMoment::Never { .. } => false,
            };
            self.found.kept_offset += u64::from(!is_of_zone);
            place = self.set(place, moment);
        }
        place
    }

    /// Times up to `split` are of the first pass, the others of the second.
    fn split(&mut self, from: usize, split: usize, to: usize, length_us: i64) -> usize {
        let offset = self.first_offset(from);
        for place in from..to {
            let later = if place < split { 0 } else { length_us };
            self.set(place, self.wall(place) - offset + later);
        }
        to
    }

    /// The first pass, since nothing tells.
    fn first_pass(&mut self, from: usize, to: usize, length_us: i64) -> usize {
        self.found.assumed_first += (to - from) as u64;
        self.split(from, to, to, length_us)
    }

    /// How irregular the readings around `from..to` are, if these are measured when `pass` says, and those after them
    /// when the zone says, or in the offset that is kept.
    fn irregularity(
        &mut self,
        from: usize,
        to: usize,
        hole_over_us: i64,
        pass: impl Fn(usize, i64) -> i64,
        kept_offset: Option<i64>,
    ) -> Irregularity {
        let before = from - self.back_to(from, CONTEXT);
        let mut moments: Vec<i64> = (from - before..from).map(|place| self.moment(place)).collect();
        moments.extend((from..to).map(|place| pass(place, self.wall(place))));
        for place in to..self.walls.len().min(to + CONTEXT) {
            let wall = self.wall(place);
            let LocalMoment::Once(moment) = self.clock.at(Wall(wall)) else { break };
            if self.step(place).is_none() {
                break;
            }
            moments.push(kept_offset.map_or(moment, |offset| wall - offset));
        }
        let mut steps: Vec<i64> = moments.iter().zip(moments.iter().skip(1)).map(|(one, next)| next - one).collect();
        let usual = median(&mut steps).unwrap_or(0);
        let (sound, holes): (Vec<i64>, Vec<i64>) = steps.iter().partition(|step| (0..=hole_over_us).contains(*step));
        (holes.len(), sound.iter().map(|step| (step - usual).abs()).fold(0, i64::saturating_add))
    }

    /// The usual step around `from..to`; endless where there is none.
    fn usual_step(&self, from: usize, to: usize) -> i64 {
        let around = from.saturating_sub(USUAL_FROM)..(to + USUAL_FROM).min(self.walls.len());
        let mut steps: Vec<i64> = around.filter_map(|place| self.step(place)).filter(|step| *step > 0).collect();
        median(&mut steps).unwrap_or(i64::MAX)
    }

    /// The first place of the same session, no more than `count` before `from`, that is not refused.
    fn back_to(&self, from: usize, count: usize) -> usize {
        let is_in_run = |place: &usize| self.step(*place).is_some() && !self.found.refused.contains(&(place - 1));
        let run = (from.saturating_sub(count) + 1..=from).rev().take_while(is_in_run);
        run.last().map_or(from, |place| place - 1)
    }

    /// True where the times of the series rise, but for where the clock was put back.
    fn is_in_order(&self) -> bool {
        let is_doubtful = |place: usize| self.doubtful.binary_search(&place).is_ok();
        let back = (1..self.walls.len()).filter(|place| {
            self.step(*place).is_some_and(|step| step < 0) && !(is_doubtful(*place) && is_doubtful(place - 1))
        });
        back.count() * OUT_OF_ORDER <= self.walls.len()
    }

    /// True where the step to this place is no hole, and does not go back.
    fn is_near(&self, place: usize, hole_over_us: i64) -> bool {
        self.step(place).is_some_and(|step| (0..=hole_over_us).contains(&step))
    }

    /// From the time before to this one; `None` at the first of a session.
    fn step(&self, place: usize) -> Option<i64> {
        let (one, next) = (self.walls.get(place.checked_sub(1)?)?, self.walls.get(place)?);
        self.sessions.binary_search(&place).is_err().then(|| next - one)
    }

    /// The offset of the first pass.
    fn first_offset(&mut self, place: usize) -> i64 {
        match self.clock.at(Wall(self.wall(place))) {
            LocalMoment::Once(first) | LocalMoment::Twice { first, .. } => self.wall(place) - first,
            LocalMoment::Never { .. } => 0,
        }
    }

    fn wall(&self, place: usize) -> i64 {
        self.walls.get(place).copied().unwrap_or_default()
    }

    fn moment(&self, place: usize) -> i64 {
        self.found.moments.get(place).copied().unwrap_or_default()
    }

    fn set(&mut self, place: usize, moment: i64) -> usize {
        if let Some(slot) = self.found.moments.get_mut(place) {
            *slot = moment;
        }
        place + 1
    }

    fn refuse(&mut self, place: usize) -> usize {
        self.found.refused.push(place);
        place + 1
    }
}

/// A step longer than this is a hole: one reading may be missing.
fn hole_over(usual_us: i64) -> i64 {
    usual_us.saturating_mul(2).max(HOLE_OVER_US)
}

fn median(steps: &mut [i64]) -> Option<i64> {
    let middle = steps.len() / 2;
    (middle < steps.len()).then(|| *steps.select_nth_unstable(middle).1)
}
