//! Content: a sum over rows that distinguishes two sets of rows, whatever their order and their files.
//!
//! Each row becomes 128 bits, and the bits are added. So `content(a) + content(b) = content(a merged with b)` where the
//! two share no row, and a new generation can be checked against what it was made from. It finds faults, not forgers:
//! against those stand the SHA-256 in the manifest and the tags of encryption.
//!
//! The bits of a row are made of its key and value and then, where anything is known of it beside these, of its flags
//! and origin: so rows of before those were kept have the bits that they had.
//!
//! Invariant: the same row gives the same bits in every version of this program, since the manifest keeps them
//! (`the_content_of_known_rows_never_changes`).

use std::fmt;
use std::ops::Add;

use ring::digest;

use super::row_slice::RowSlice;
use crate::model::ids::{DeviceId, SubjectId};
use crate::model::origin::{Origin, Revision};
use crate::model::sample::Flags;
use crate::model::statistic::Statistic;
use crate::model::time::Timestamp;

/// The sum over the rows of one metric.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Content(u128);

impl Content {
    /// Reads 32 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Content> {
        let is_hex = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_hex.then(|| u128::from_str_radix(text, 16).ok()).flatten().map(Content)
    }
}

impl fmt::Display for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl Add for Content {
    type Output = Content;

    fn add(self, other: Content) -> Content {
        Content(self.0.wrapping_add(other.0))
    }
}

/// Two independent lanes of 64 bits.
type Lanes = [u64; 2];

/// Odd constants of good bit mix: those of splitmix64 and of wyhash.
const FACTORS: Lanes = [0x9e37_79b9_7f4a_7c15, 0xa076_1d64_78bd_642f];
/// In the place of a bound's value, which no file keeps: a number that no value is.
const BOUND: u64 = f64::NAN.to_bits();

/// Adds rows up.
#[derive(Debug)]
pub struct ContentSum {
    metric: Lanes,
    /// The names of the row before, and what they gave: rows come sorted by device.
    names: Option<(DeviceId, Option<SubjectId>, Lanes)>,
    /// What each statistic gave; there are 141 at most.
    statistics: Vec<(Statistic, Lanes)>,
    sum: u128,
}

impl ContentSum {
    /// The sum of no rows of this metric.
    pub fn new(metric: &str) -> ContentSum {
        ContentSum { metric: text_lanes(&[Some(metric)]), names: None, statistics: Vec::new(), sum: 0 }
    }

    /// Adds rows.
    pub fn add(&mut self, slice: &RowSlice<'_>) {
        let (names, statistic) = (self.names(slice), self.statistic(slice.statistic));
        let ([m0, m1], [n0, n1], [s0, s1], [f0, f1]) = (self.metric, names, statistic, FACTORS);
        let seeds = [fold(m0 ^ n0, s0 ^ f0), fold(m1 ^ n1, s1 ^ f1)];
        slice.each_piece(|rows, flags, origin| {
            let sum = sum_of(&slice.slice(rows), seeds, known(flags, &origin), flags.is_bound());
            self.sum = self.sum.wrapping_add(sum);
        });
    }

    /// The sum so far.
    pub fn content(&self) -> Content {
        Content(self.sum)
    }

    fn names(&mut self, slice: &RowSlice<'_>) -> Lanes {
        match &self.names {
            Some((device, subject, lanes)) if device == slice.device && subject.as_ref() == slice.subject => *lanes,
            _ => {
                let lanes = text_lanes(&[Some(slice.device.as_str()), slice.subject.map(SubjectId::as_str)]);
                self.names = Some((slice.device.clone(), slice.subject.cloned(), lanes));
                lanes
            }
        }
    }

    fn statistic(&mut self, statistic: Statistic) -> Lanes {
        if let Some((_, lanes)) = self.statistics.iter().find(|(known, _)| *known == statistic) {
            return *lanes;
        }
        let lanes = text_lanes(&[statistic.text().as_deref()]);
        self.statistics.push((statistic, lanes));
        lanes
    }
}

/// The sum of rows of which the same is known.
fn sum_of(slice: &RowSlice<'_>, [high, low]: Lanes, known: Option<Lanes>, is_bound: bool) -> u128 {
    let [f0, f1] = FACTORS;
    let row = |start: &Timestamp, end: i64, value: &f64| {
        let value = if is_bound { BOUND } else { value.to_bits() };
        let words = [start.micros().cast_unsigned(), end.cast_unsigned(), value];
        let lane = |seed: u64, factor: u64| words.iter().fold(seed, |hash, word| fold(hash ^ word, factor));
        let [mut one, mut other] = [lane(high, f0), lane(low, f1)];
        if let Some([k0, k1]) = known {
            (one, other) = (fold(one ^ k0, f0), fold(other ^ k1, f1));
        }
        u128::from(one) << 64 | u128::from(other)
    };
    let both = slice.starts.iter().zip(slice.values);
    match slice.ends {
        None => both.fold(0, |sum: u128, (start, value)| sum.wrapping_add(row(start, i64::MIN, value))),
        Some(ends) => {
            both.zip(ends).fold(0, |sum: u128, ((start, value), end)| sum.wrapping_add(row(start, end.micros(), value)))
        }
    }
}

/// What is known of a row beside its key and value, as bits; `None` where nothing is.
fn known(flags: Flags, origin: &Origin) -> Option<Lanes> {
    if flags == Flags::NONE && *origin == Origin::default() {
        return None;
    }
    // Numbers that none of them is stand for what is not known.
    let words = [
        i64::from(flags.0),
        origin.received_at.map_or(i64::MIN, Timestamp::micros),
        origin.utc_offset_minutes.map_or(i64::MIN, i64::from),
        origin.revision.map_or(i64::MIN, Revision::number),
    ];
    let [f0, f1] = FACTORS;
    let lane = |seed: u64, factor: u64| words.iter().fold(seed, |hash, word| fold(hash ^ word.cast_unsigned(), factor));
    Some([lane(f1, f0), lane(f0, f1)])
}

/// Texts as bits: the head of their SHA-256, each with its length before it so that no two lists are equal.
fn text_lanes(texts: &[Option<&str>]) -> Lanes {
    let mut context = digest::Context::new(&digest::SHA256);
    for text in texts {
        let length = text.map_or(u64::MAX, |text| text.len() as u64);
        context.update(&length.to_le_bytes());
        context.update(text.unwrap_or_default().as_bytes());
    }
    let digest = context.finish();
    let mut lanes = [0; 2];
    for (lane, bytes) in lanes.iter_mut().zip(digest.as_ref().chunks_exact(8)) {
        *lane = bytes.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
    }
    lanes
}

/// Both halves of a product, folded: every bit of it depends on every bit of both.
fn fold(one: u64, other: u64) -> u64 {
    let product = u128::from(one) * u128::from(other);
    (product >> 64) as u64 ^ product as u64
}
