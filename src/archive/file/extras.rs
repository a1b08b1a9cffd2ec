//! Extras: what the columns of a batch say of its rows beside their keys and values.

use arrow_array::cast::AsArray as _;
use arrow_array::types::{ArrowPrimitiveType, Int16Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, PrimitiveArray, RecordBatch};
use arrow_buffer::ScalarBuffer;

use super::columns::{FLAGS, RECEIVED, REVISION, SUBJECT, UTC_OFFSET};
use super::error::Damage;
use super::origin_slice::OriginRuns;
use super::texts::{Presence, Texts};
use crate::model::origin::{Origin, Revision};
use crate::model::sample::Flags;
use crate::model::time::Timestamp;

/// Flags and origins of a batch's rows.
pub(super) struct Extras {
    /// Empty where nothing is known against any.
    pub(super) flags: Vec<Flags>,
    pub(super) origins: OriginRuns,
}

impl Extras {
    /// What a batch says; the place of a row that says what is never written. A file of the first version says nothing.
    pub(super) fn of(batch: &RecordBatch) -> Result<Result<Extras, usize>, Damage> {
        if batch.num_columns() <= SUBJECT {
            return Ok(Ok(Extras { flags: Vec::new(), origins: OriginRuns::none() }));
        }
        let words = Texts::of(batch, FLAGS).ok_or(Damage::Schema)?;
        let (received, offset) =
            (Numbers::<TimestampMicrosecondType>::of(batch, RECEIVED)?, Numbers::<Int16Type>::of(batch, UTC_OFFSET)?);
        let origins = origins(batch.num_rows(), &received, &offset, &Numbers::<Int64Type>::of(batch, REVISION)?);
        Ok(flags(batch.num_rows(), &words).and_then(|flags| Ok(Extras { flags, origins: origins? })))
    }
}

/// The flags of each of so many rows.
fn flags(rows: usize, words: &Texts) -> Result<Vec<Flags>, usize> {
    if matches!(words.are_present, Presence::None) {
        return Ok(Vec::new());
    }
    let mut all = Vec::with_capacity(rows);
    while all.len() < rows {
        let from = all.len();
        let mut words_of = words.text(from).into_iter().flat_map(|text| text.split(' '));
        let flags = words_of.try_fold(Flags::NONE, |all, word| Some(all.and(Flags::parse(word)?))).ok_or(from)?;
        all.resize(words.run(from..rows), flags);
    }
    Ok(all)
}

/// The origins of so many rows.
fn origins(
    rows: usize,
    received: &Numbers<TimestampMicrosecondType>,
    offset: &Numbers<Int16Type>,
    revision: &Numbers<Int64Type>,
) -> Result<OriginRuns, usize> {
    let mut origins = OriginRuns::none();
    let mut from = 0;
    while from < rows {
        let to = received.run(from, rows);
        let to = offset.run(from, to);
        let to = revision.run(from, to);
        let revision = revision.at(from).map(|number| Revision::new(number).ok_or(from)).transpose()?;
        let received_at =
            received.at(from).map(|micros| Timestamp::from_micros(micros).map_err(|_| from)).transpose()?;
        origins.push(to - from, Origin { received_at, utc_offset_minutes: offset.at(from), revision });
        from = to;
    }
    Ok(origins)
}

/// A column of numbers.
struct Numbers<P: ArrowPrimitiveType> {
    numbers: ScalarBuffer<P::Native>,
    are_present: Presence,
}

impl<P: ArrowPrimitiveType> Numbers<P> {
    fn of(batch: &RecordBatch, place: usize) -> Result<Numbers<P>, Damage> {
        let column = batch.columns().get(place).and_then(|column| column.as_primitive_opt::<P>());
        let column: &PrimitiveArray<P> = column.ok_or(Damage::Schema)?;
        Ok(Numbers { numbers: column.values().clone(), are_present: Presence::of(column.nulls(), column.len()) })
    }

    fn at(&self, row: usize) -> Option<P::Native> {
        self.numbers.get(row).copied().filter(|_| self.are_present.at(row))
    }

    /// Where rows end that hold the number of the first of them, or none as it does.
    fn run(&self, from: usize, to: usize) -> usize {
        let to = self.are_present.run(from..to);
        if !self.are_present.at(from) {
            return to;
        }
        let numbers = self.numbers.get(from..to).unwrap_or_default();
        let first = numbers.first();
        from + numbers.iter().position(|number| Some(number) != first).unwrap_or(numbers.len())
    }
}
