//! Settle: what follows a commit: the batch is counted, its memory given back, its messages acknowledged.

use std::time::Instant;

use super::Lane;
use crate::ingest::ack::Token;
use crate::ingest::queue::Arrival;
use crate::ingest::state::Asker;
use crate::model::time::Timestamp;
use crate::telemetry::Tally;

impl Lane {
    /// Counts the batch, gives its memory back and settles its messages. Everything in it is committed.
    pub(in crate::ingest) fn settle(&self, batch: &[Arrival], tally: Tally) {
        let telemetry = &self.shared.context.telemetry;
        self.shared.state.database_works(Asker::Lane(self.number));
        self.shared.state.commit();
        let samples = batch.iter().map(|arrival| arrival.samples).sum();
        telemetry.settle(samples, tally);
        self.record_latency(batch);
        self.acknowledge(batch);
        self.shared.budget.release(batch.iter().map(|arrival| arrival.weight()).sum());
        telemetry.in_flight_bytes.set(self.shared.budget.bytes() as f64);
    }

    pub(super) fn acknowledge(&self, batch: &[Arrival]) {
        let mut tokens: Vec<Vec<Token>> = vec![Vec::new(); self.shared.acks.len()];
        for (connection, token) in batch.iter().filter_map(|arrival| arrival.ack) {
            if let Some(tokens) = tokens.get_mut(connection) {
                tokens.push(token);
            }
        }
        self.shared.acks.iter().zip(&tokens).filter(|(_, tokens)| !tokens.is_empty()).for_each(|(acks, tokens)| {
            acks.settle(tokens);
        });
    }

    fn record_latency(&self, batch: &[Arrival]) {
        let telemetry = &self.shared.context.telemetry;
        let (now, instant) = (self.shared.context.clock.now(), Instant::now());
        // Messages of one read share their arrival, so a read is one entry.
        for read in batch.chunk_by(|a, b| a.arrived == b.arrived) {
            if let Some(first) = read.first() {
                telemetry.arrival_to_commit.record_many(instant.duration_since(first.arrived), read.len());
            }
        }
        let seconds = |published: Timestamp| now.micros_since(published).max(0) as f64 / 1e6;
        for published in batch.iter().filter_map(|arrival| arrival.published_at) {
            telemetry.publish_to_commit.record(seconds(published));
        }
    }
}
