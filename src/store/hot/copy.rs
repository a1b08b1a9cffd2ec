//! Blocks as rows of a binary COPY (PostgreSQL manual, "COPY", Binary Format).

use bytes::{BufMut, BytesMut};

use super::small_batch::SmallBatch;
use crate::model::block::Block;
use crate::model::ids::SeriesId;
use crate::model::origin::{Origin, Origins, Revision};
use crate::model::sample::{Flags, Spans};
use crate::store::moment::wire_micros;

const SIGNATURE: &[u8; 11] = b"PGCOPY\n\xff\r\n\0";
const FIELDS: i16 = 16;
/// In place of a row's number of fields: there are no more rows.
const END: i16 = -1;

/// Object ids of the element types in `pg_type`, fixed for ever.
const OID_INT2: i32 = 21;
const OID_INT4: i32 = 23;
const OID_INT8: i32 = 20;
const OID_FLOAT8: i32 = 701;
const OID_TIMESTAMPTZ: i32 = 1184;

/// The columns in the order in which rows are written.
pub(super) const COLUMNS: &str = "start_at, stop_at, tick_us, span_us, series_id, gaps, spans_us, flags, values, \
                                  received_at, utc_offset_minutes, revision, \
                                  origin_sizes, received_ats, utc_offsets_minutes, revisions";

/// Rows of `signal.block`, ready to be sent.
#[derive(Debug, Default)]
pub struct CopyRows {
    bytes: BytesMut,
    rows: usize,
    few: SmallBatch,
}

impl CopyRows {
    /// Adds one block as one row.
    pub fn push(&mut self, series: SeriesId, block: &Block) {
        if self.bytes.is_empty() {
            self.bytes.put_slice(SIGNATURE);
            self.bytes.put_slice(&[0; 8]);
        } else {
            // The end comes after this row now.
            self.bytes.truncate(self.bytes.len() - size_of_val(&END));
        }
        self.rows += 1;
        // 12 bytes a value and 8 a gap on the wire, and some 120 for the fixed columns.
        self.bytes.reserve(160 + 20 * block.len());
        self.bytes.put_i16(FIELDS);
        self.put_i64(wire_micros(block.start));
        self.put_i64(wire_micros(block.stop));
        self.put_i64(block.tick_us);
        match &block.spans {
            Spans::Each(span_us) => self.put_i64(*span_us),
            Spans::None | Spans::Own(_) => self.put_null(),
        }
        self.bytes.put_i32(4);
        self.bytes.put_i32(series.0);
        match &block.gaps {
            Some(gaps) => self.put_gaps(gaps),
            None => self.put_null(),
        }
        match &block.spans {
            Spans::Own(spans) => self.put_spans(spans),
            Spans::None | Spans::Each(_) => self.put_null(),
        }
        if block.flags.is_empty() {
            self.put_null()
        } else {
            self.put_flags(&block.flags)
        }
        self.put_values(&block.values);
        self.put_origins(&block.origins);
        self.bytes.put_i16(END);
        self.few.push(series, block, self.bytes.len());
    }

    /// How many rows were added.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// True where there is nothing to send.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// The same rows as columns, where they are few.
    pub(super) fn few(&self) -> Option<&SmallBatch> {
        self.few.is_all().then_some(&self.few)
    }

    /// The whole COPY stream.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Clears the rows and keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.rows = 0;
        self.few.clear();
    }

    /// Gives memory above `bytes_max` back.
    pub fn shrink_to(&mut self, bytes_max: usize) {
        if self.bytes.capacity() > bytes_max {
            self.bytes = BytesMut::with_capacity(bytes_max.min(self.bytes.len()));
        }
    }

    fn put_null(&mut self) {
        self.bytes.put_i32(-1);
    }

    fn put_i64(&mut self, value: i64) {
        self.bytes.put_i32(8);
        self.bytes.put_i64(value);
    }

    /// Header of a one-dimensional array: its bytes, dimensions, whether it holds nulls, element type, length, lower
    /// bound.
    fn put_array(&mut self, bytes: usize, nulls: bool, oid: i32, count: usize) {
        self.bytes.put_i32(length(20 + bytes));
        self.bytes.put_i32(1);
        self.bytes.put_i32(i32::from(nulls));
        self.bytes.put_i32(oid);
        self.bytes.put_i32(length(count));
        self.bytes.put_i32(1);
    }

    fn put_gaps(&mut self, gaps: &[i32]) {
        self.put_array(8 * gaps.len(), false, OID_INT4, gaps.len());
        for gap in gaps {
            self.bytes.put_u64((4 << 32) | u64::from(gap.cast_unsigned()));
        }
    }

    fn put_spans(&mut self, spans: &[Option<i64>]) {
        let known = spans.iter().flatten().count();
        self.put_array(4 * spans.len() + 8 * known, known < spans.len(), OID_INT8, spans.len());
        for span_us in spans {
            self.put_i64_or_null(*span_us);
        }
    }

    fn put_flags(&mut self, flags: &[Flags]) {
        self.put_array(6 * flags.len(), false, OID_INT2, flags.len());
        for flag in flags {
            self.put_i16(flag.0.into());
        }
    }

    fn put_origins(&mut self, origins: &Origins) {
        match origins {
            Origins::Each(origin) => {
                self.put_i64_or_null(origin.received_at.map(wire_micros));
                match origin.utc_offset_minutes {
                    Some(minutes) => self.put_i16(minutes),
                    None => self.put_null(),
                }
                self.put_i64_or_null(origin.revision.map(Revision::number));
                (0..4).for_each(|_| self.put_null());
            }
            Origins::Runs(runs) => {
                (0..3).for_each(|_| self.put_null());
                self.put_array(8 * runs.len(), false, OID_INT4, runs.len());
                for (size, _) in runs {
                    self.bytes.put_u64((4 << 32) | u64::from(*size));
                }
                let of = |value: fn(&Origin) -> Option<i64>| runs.iter().map(move |(_, origin)| value(origin));
                self.put_known(OID_TIMESTAMPTZ, of(|origin| origin.received_at.map(wire_micros)));
                self.put_known_offsets(runs);
                self.put_known(OID_INT8, of(|origin| origin.revision.map(Revision::number)));
            }
        }
    }

    /// Numbers of eight bytes and nulls; null where nothing is known.
    fn put_known(&mut self, oid: i32, numbers: impl Iterator<Item = Option<i64>> + Clone) {
        let (count, known) = (numbers.clone().count(), numbers.clone().flatten().count());
        if known == 0 {
            return self.put_null();
        }
        self.put_array(4 * count + 8 * known, known < count, oid, count);
        numbers.for_each(|number| self.put_i64_or_null(number));
    }

    fn put_known_offsets(&mut self, runs: &[(u32, Origin)]) {
        let offsets = || runs.iter().map(|(_, origin)| origin.utc_offset_minutes);
        let known = offsets().flatten().count();
        if known == 0 {
            return self.put_null();
        }
        self.put_array(4 * runs.len() + 2 * known, known < runs.len(), OID_INT2, runs.len());
        offsets().for_each(|minutes| match minutes {
            Some(minutes) => self.put_i16(minutes),
            None => self.put_null(),
        });
    }

    fn put_i16(&mut self, value: i16) {
        self.bytes.put_i32(2);
        self.bytes.put_i16(value);
    }

    fn put_i64_or_null(&mut self, value: Option<i64>) {
        match value {
            Some(value) => self.put_i64(value),
            None => self.put_null(),
        }
    }

    fn put_values(&mut self, values: &[f64]) {
        self.put_array(12 * values.len(), false, OID_FLOAT8, values.len());
        for value in values {
            let mut element = [0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0];
            if let Some(bits) = element.last_chunk_mut::<8>() {
                *bits = value.to_be_bytes();
            }
            self.bytes.put_slice(&element);
        }
    }
}

/// A block holds at most some thousand samples, so no length comes near the limit of the format.
fn length(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}
