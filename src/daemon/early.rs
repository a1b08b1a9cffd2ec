//! Early: daily values that were dated ahead of their time go the way of every message again when it has come.
//!
//! # Why
//! A device at UTC+13 dates today's total in what is tomorrow in UTC. It was rejected on arrival (`future_time`), and
//! its source believes it delivered; nobody would ever retry it by hand. So the rejection says when it is due, and then
//! the message is published to its topic again, as `healthtrack quarantine retry` would. Where several daemons have one
//! shard's messages, what two of them publish is stored once.
//!
//! A pass takes `PAGES_MAX` pages at most, and none that the broker does not take more often than
//! `store::quarantine::due` allows.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use sqlx::PgConnection;
use tokio::time::sleep;

use crate::config::MqttConfig;
use crate::context::Context;
use crate::ingest::State;
use crate::mqtt::connect::{BrokerUrlError, broker_url};
use crate::mqtt::publisher::{Ack, AnsweredIds, Outgoing, PublishError, Publisher};
use crate::store::StoreError;
use crate::store::pool::within;
use crate::store::quarantine::{KeptMessage, count_tries, due, settle};
use crate::telemetry::chain;

/// How often it is looked for what is due.
const EVERY: Duration = Duration::from_secs(60);
/// Messages read at once: 16 MB at the longest message that the daemon takes by default.
const PAGE: i64 = 16;
/// Pages of one pass.
const PAGES_MAX: usize = 16;
/// How long to wait for the broker's last answers.
const GRACE: Duration = Duration::from_secs(10);

/// What gives the daemon what is due.
#[derive(Debug)]
pub(super) struct Early {
    /// Database, clock and counts.
    pub(super) context: Context,
    /// The broker.
    pub(super) mqtt: MqttConfig,
}

/// Why what is due was not given.
#[derive(Debug, thiserror::Error)]
enum EarlyError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Broker(#[from] BrokerUrlError),
    #[error(transparent)]
    Publish(#[from] PublishError),
}

impl Early {
    /// Works while the daemon owns its shard.
    pub(super) async fn run(self, state: Arc<State>) {
        let own = state.ownership().await;
        loop {
            if let Err(error) = self.pass(own.shard.as_str()).await {
                tracing::warn!("what was dated ahead could not be taken in, trying again: {}", chain(&error));
            }
            sleep(EVERY).await;
        }
    }

    async fn pass(&self, shard: &str) -> Result<(), EarlyError> {
        let mut connection = self.context.connector.connect().await?;
        for _ in 0..PAGES_MAX {
            let now = self.context.clock.now();
            let due = due(&mut connection, shard, now, PAGE);
            let page = within(self.context.connector.timeout(), "reading what has waited for its time", due).await?;
            if page.is_empty() {
                break;
            }
            let given = self.give(&mut connection, shard, page).await?;
            tracing::info!(quarantine.given = given, "what was dated ahead is taken in, since its time has come");
            if given == 0 {
                break;
            }
        }
        Ok(())
    }

    /// Publishes each again; how many a subscriber has taken.
    async fn give(
        &self,
        connection: &mut PgConnection,
        shard: &str,
        page: Vec<KeptMessage>,
    ) -> Result<u64, EarlyError> {
        let (answered, timeout) = (AnsweredIds::default(), self.context.connector.timeout());
        let on_ack = Box::new({
            let answered = answered.clone();
            move |ack: &Ack| answered.note(ack)
        });
        // A shard has one owner, and in containers all processes have one number.
        let client_id = format!("healthtrack-early-{shard}-{}", std::process::id());
        let (url, tls) = (broker_url(&self.mqtt)?, self.mqtt.tls());
        let publisher = Publisher::connect_by_tls(&url, client_id, tls, page.len(), on_ack).await?;
        let (given_at, ids) = (self.context.clock.now(), page.iter().map(|message| message.quarantine_id));
        let ids: Vec<i64> = ids.collect();
        within(timeout, "counting what is given again", count_tries(connection, &ids, given_at)).await?;
        for message in page {
            let outgoing = Outgoing {
                id: u64::try_from(message.quarantine_id).ok(),
                topic: message.topic.into(),
                content_type: message.content_type.map(Bytes::from),
                payload: message.payload.into(),
            };
            match publisher.hand_over(outgoing).await {
                Ok(_) => {}
                // It stays in quarantine, and keeps none behind it from being given.
                Err(error @ (PublishError::TooLarge { .. } | PublishError::LongText)) => {
                    tracing::warn!("what was dated ahead is not given: {}", chain(&error));
                }
                Err(error) => return Err(error.into()),
            }
        }
        publisher.finish(GRACE).await;
        let taken = answered.take();
        let settling = settle(connection, &taken, given_at);
        Ok(within(timeout, "marking what was taken in again", settling).await?)
    }
}
