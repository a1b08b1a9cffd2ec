//! Hubs: those that share one connection, each message in its turn, and later what the mix delays.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use indicatif::ProgressBar;
use tokio::time::{Instant, sleep_until, timeout_at};
use tokio_util::sync::CancellationToken;

use super::args::Args;
use super::latency::Latency;
use super::ledger::MessageLedger;
use super::message::Plan;
use super::mix::{LATE_ROUNDS, PublicationKind};
use super::outcome::PublishOutcome;
use super::schedule::Schedule;
use crate::mqtt::publisher::{Ack, Publisher};

/// Messages are written into pieces of memory of this size.
const BUFFER_BYTES: usize = 64 * 1024;

/// What is measured from the acknowledgements of one connection.
#[derive(Debug)]
struct Answers {
    puback: Latency,
    last: Option<std::time::Instant>,
}

/// What follows each answer, beside the report.
#[derive(Clone, Debug)]
pub(super) struct Observers {
    pub(super) ledger: Option<MessageLedger>,
    pub(super) answered: ProgressBar,
}

/// The hubs that share one connection: every `connections`th, from `index` on.
pub(super) struct Hubs {
    index: u64,
    connections: u64,
    plan: Arc<Plan>,
    ledger: Option<MessageLedger>,
    publisher: Publisher,
    answers: Arc<Mutex<Answers>>,
}

/// Memory to write messages into.
#[derive(Default)]
struct MessageBuffer {
    bytes: BytesMut,
    /// Bytes that a message needs, by the last one.
    needed_bytes: usize,
}

/// What is published later than its turn, first due first: at most [`LATE_ROUNDS`] rounds of the connection's hubs.
type Deferred = VecDeque<(u64, PublicationKind, Bytes)>;

impl Hubs {
    pub(super) async fn connect(
        args: &Args,
        index: u64,
        connections: u64,
        plan: Arc<Plan>,
        observers: Observers,
    ) -> anyhow::Result<Hubs> {
        let Observers { ledger, answered } = observers;
        let answers = Arc::new(Mutex::new(Answers { puback: Latency::new()?, last: None }));
        let on_ack = Box::new({
            let (answers, ledger, plan) = (answers.clone(), ledger.clone(), plan.clone());
            move |ack: &Ack| {
                let mut answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
                answers.puback.record(ack.answered.saturating_duration_since(ack.issued));
                answers.last = Some(ack.answered);
                answered.inc(1);
                if let Some(ledger) = &ledger {
                    let (id, kind) = publication(&plan, ack.id);
                    ledger.acked(id, kind, ack.reason, ack.answered);
                }
            }
        });
        let client_id = format!("healthtrack-load-{}-{index}", std::process::id());
        let publisher = Publisher::connect_with(&args.broker, client_id, args.inflight, on_ack).await?;
        let publisher = if args.without_published_at { publisher } else { publisher.with_timestamps() };
        Ok(Hubs { index, connections, plan, ledger, publisher, answers })
    }

    pub(super) async fn run(
        self,
        schedule: Schedule,
        began: Instant,
        grace: Duration,
        stop: CancellationToken,
    ) -> anyhow::Result<PublishOutcome> {
        let mut lateness = Latency::new()?;
        // A schedule that has fallen behind by more than the grace is given up: the report says by how much.
        let end = schedule.until.map_or(began + Duration::from_secs(86_400 * 365), |until| began + until + grace);
        let issuing = stop.run_until_cancelled(self.issue(schedule, began, &mut lateness));
        timeout_at(end, issuing).await.ok().flatten().transpose()?;
        let offered_in = began.elapsed();
        let counts = self.publisher.finish(grace).await;
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(PublishOutcome { counts, puback: answers.puback.clone(), lateness, last_answer: answers.last, offered_in })
    }

    async fn issue(&self, schedule: Schedule, began: Instant, lateness: &mut Latency) -> anyhow::Result<()> {
        let turn: Vec<(u64, Bytes)> = (self.index..self.plan.hubs)
            .step_by(self.connections as usize)
            .map(|hub| (hub, self.plan.topic(hub)))
            .collect();
        let (mut buffer, mut deferred) = (MessageBuffer::default(), Deferred::new());
        'rounds: for round in 0.. {
            for (hub, topic) in &turn {
                let id = round * self.plan.hubs + hub;
                if id >= schedule.messages {
                    break 'rounds;
                }
                match schedule.due(id) {
                    Some(due) if began + due > Instant::now() => sleep_until(began + due).await,
                    None if schedule.until.is_some_and(|until| began.elapsed() >= until) => break 'rounds,
                    _ => {}
                }
                let kind = self.plan.kind(id);
                if let Some(kind) = kind.in_turn() {
                    self.publish(id, kind, topic, &mut buffer).await?;
                }
                deferred.extend(kind.later().map(|kind| (id, kind, topic.clone())));
                if let Some(due) = schedule.due(id) {
                    lateness.record(began.elapsed().saturating_sub(due));
                }
                while let Some((id, kind, topic)) = deferred.pop_front_if(|(deferred, ..)| self.is_due(*deferred, id)) {
                    self.publish(id, kind, &topic, &mut buffer).await?;
                }
            }
        }
        for (id, kind, topic) in deferred {
            self.publish(id, kind, &topic, &mut buffer).await?;
        }
        Ok(())
    }

    /// Whether what was deferred is to be published once message `now` had its turn.
    fn is_due(&self, deferred: u64, now: u64) -> bool {
        deferred + LATE_ROUNDS * self.plan.hubs <= now
    }

    async fn publish(
        &self,
        id: u64,
        kind: PublicationKind,
        topic: &Bytes,
        buffer: &mut MessageBuffer,
    ) -> anyhow::Result<()> {
        if buffer.bytes.capacity() < buffer.needed_bytes {
            buffer.bytes.reserve(buffer.needed_bytes.max(BUFFER_BYTES));
        }
        self.plan.write_as(id, kind, &mut buffer.bytes);
        // The next message is about as long.
        buffer.needed_bytes = buffer.bytes.len() + buffer.bytes.len() / 8;
        if let Some(ledger) = &self.ledger {
            ledger.issued(id, kind);
        }
        let number = id * 2 + u64::from(matches!(kind, PublicationKind::Repeat | PublicationKind::Conflict));
        Ok(self.publisher.publish_as(number, topic.clone(), buffer.bytes.split().freeze()).await?)
    }
}

/// The message and kind behind the publisher's number: even for its only or first publication, odd for its second.
fn publication(plan: &Plan, number: u64) -> (u64, PublicationKind) {
    let (id, kind) = (number / 2, plan.kind(number / 2));
    let kind = if number.is_multiple_of(2) { kind.in_turn() } else { kind.later() };
    (id, kind.unwrap_or(PublicationKind::Late))
}
