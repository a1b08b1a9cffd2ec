//! Small batch: fence, rows and COMMIT as one call, in one round trip.
//!
//! # Why
//! A transaction with a COPY asks and answers six times, and its last two writes are short. The driver leaves Nagle's
//! algorithm on (sqlx 0.9.0; fixed upstream since, not released), so the second of them waits for the server's delayed
//! acknowledgement: 40 ms, more than all the rest (at 38,000 single-sample messages/s, 267 of 444 COPYs took 25 to
//! 50 ms). One statement with binary arrays has nothing to wait for. It costs the server some 3 us a row more than
//! COPY, so it is for batches below `FEW_BYTES_MAX`, which is where one segment of loopback TCP ends, too. It calls a
//! function of the database, whose statements are planned once a session: planned each time, they took half as long
//! again.

use sqlx::PgConnection;

use crate::model::block::Block;
use crate::model::ids::SeriesId;
use crate::model::origin::{Origins, Revision};
use crate::model::sample::Spans;
use crate::store::StoreError;
use crate::store::moment::Moment;
use crate::store::writer::Writer;

/// The longest batch for one statement, in bytes as COPY would write them.
pub(super) const FEW_BYTES_MAX: usize = 64 * 1024;

/// The columns of a few blocks; their arrays stand one after another in `gaps` and `values`.
#[derive(Debug, Default)]
pub(super) struct SmallBatch {
    starts: Vec<Moment>,
    stops: Vec<Moment>,
    ticks_us: Vec<i64>,
    spans_us: Vec<Option<i64>>,
    series: Vec<i32>,
    /// Where each block's values begin, from 1.
    values_from: Vec<i32>,
    /// Where each block's gaps begin, from 1; null where its samples are evenly spaced.
    gaps_from: Vec<Option<i32>>,
    sizes: Vec<i32>,
    values: Vec<f64>,
    gaps: Vec<i32>,
    received: Vec<Option<Moment>>,
    utc_offsets_minutes: Vec<Option<i16>>,
    revisions: Vec<Option<i64>>,
    /// Too much, or a block with more columns than these.
    is_over: bool,
}

impl SmallBatch {
    /// Adds a block, unless this is over already.
    pub(super) fn push(&mut self, series: SeriesId, block: &Block, bytes: usize) {
        if self.is_over {
            return;
        }
        let span_us = match &block.spans {
            Spans::None => None,
            Spans::Each(span_us) => Some(*span_us),
            Spans::Own(_) => return self.close(),
        };
        let Origins::Each(origin) = &block.origins else { return self.close() };
        if bytes > FEW_BYTES_MAX || !block.flags.is_empty() {
            return self.close();
        }
        self.received.push(origin.received_at.map(Moment));
        self.utc_offsets_minutes.push(origin.utc_offset_minutes);
        self.revisions.push(origin.revision.map(Revision::number));
        self.starts.push(Moment(block.start));
        self.stops.push(Moment(block.stop));
        self.ticks_us.push(block.tick_us);
        self.spans_us.push(span_us);
        self.series.push(series.0);
        self.values_from.push(place(self.values.len()));
        self.gaps_from.push(block.gaps.as_ref().map(|_| place(self.gaps.len())));
        self.sizes.push(place(block.values.len()) - 1);
        self.values.extend_from_slice(&block.values);
        self.gaps.extend(block.gaps.iter().flatten());
    }

    /// Forgets the blocks.
    pub(super) fn clear(&mut self) {
        *self = SmallBatch::default();
    }

    /// True where these are all blocks of the batch, and at least one.
    pub(super) fn is_all(&self) -> bool {
        !self.is_over && !self.series.is_empty()
    }

    fn close(&mut self) {
        *self = SmallBatch { is_over: true, ..SmallBatch::default() };
    }
}

/// Below 64 KiB of values, so no place comes near the limit of the type.
fn place(before: usize) -> i32 {
    i32::try_from(before).unwrap_or(i32::MAX).saturating_add(1)
}

/// Writes all of them or nothing; on disk when this returns `Ok`.
pub(super) async fn append(
    connection: &mut PgConnection,
    writer: &mut Writer,
    few: &SmallBatch,
) -> Result<(), StoreError> {
    let attempt = writer.next_attempt();
    let query = sqlx::query(
        "SELECT WHERE signal.append_blocks($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,
                                           $18, $19, $20, $21)",
    );
    let query = writer
        .bind(query, attempt)
        .bind(&few.starts)
        .bind(&few.stops)
        .bind(&few.ticks_us)
        .bind(&few.spans_us)
        .bind(&few.series)
        .bind(&few.gaps_from)
        .bind(&few.values_from)
        .bind(&few.sizes)
        .bind(&few.gaps)
        .bind(&few.values)
        .bind(&few.received)
        .bind(&few.utc_offsets_minutes)
        .bind(&few.revisions);
    // Answered to the end: a row of a result comes before the COMMIT.
    let written = query.execute(&mut *connection).await.map_err(StoreError::at("writing a few blocks"))?;
    if written.rows_affected() == 0 {
        return Err(writer.why_not(connection).await);
    }
    writer.committed(attempt);
    Ok(())
}
