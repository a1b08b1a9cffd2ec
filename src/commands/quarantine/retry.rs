//! Retry: the kept bytes go to their topic again, with their content type, and are marked once a subscriber has them.
//!
//! What is still invalid comes back as the same row, counted once more; what is stored already is counted as a
//! duplicate. So a retry may be repeated without harm.

use std::time::Duration;

use anyhow::{bail, ensure};
use bytes::Bytes;
use serde::Serialize;
use sqlx::postgres::PgPool;
use url::Url;

use crate::commands::database::Database;
use crate::commands::report::{bar, counted, print, print_json};
use crate::config::TlsConfig;
use crate::model::time::{Clock as _, SystemClock};
use crate::mqtt::connect::broker_url;
use crate::mqtt::publisher::{Ack, AnsweredIds, Counts, Outgoing, Publisher};
use crate::store::quarantine::{RetryFilter, mark_retried, retry_extent, to_retry};

/// Messages read from the database at once: 16 MB at the longest message that the daemon takes by default.
const PAGE: i64 = 16;
/// Unacknowledged messages.
const INFLIGHT: usize = 64;
/// How long to wait for the last acknowledgements.
const GRACE: Duration = Duration::from_secs(30);

/// Which messages, and where to.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct RetryArgs {
    /// One message, by the number that `list` shows
    #[arg(required_unless_present_any = ["reason", "all"], conflicts_with_all = ["reason", "all"])]
    pub(super) id: Option<i64>,
    /// All that are open and were rejected for this reason
    #[arg(long, conflicts_with = "all")]
    pub(super) reason: Option<String>,
    /// All that are open
    #[arg(long)]
    pub(super) all: bool,
    /// The broker [default: mqtt.url of the configuration]
    #[arg(long, value_name = "URL")]
    pub(super) broker: Option<Url>,
}

impl RetryArgs {
    fn filter(&self) -> RetryFilter<'_> {
        RetryFilter { only: self.id, reason: self.reason.as_deref() }
    }
}

/// What a retry came to.
#[derive(Debug, Serialize)]
struct RetryReport {
    messages: u64,
    /// Messages that a subscriber received.
    retried: u64,
    without_subscriber: u64,
    refused: u64,
    unanswered: u64,
}

pub(super) async fn run(database: &Database, which: &RetryArgs, json: bool) -> anyhow::Result<()> {
    let mqtt = &database.config.mqtt;
    let (broker, tls) = match &which.broker {
        Some(url) => (url.clone(), TlsConfig::default()),
        None => (broker_url(mqtt)?, mqtt.tls()),
    };
    let pool = database.pool().await?;
    let (messages, newest) = retry_extent(&pool, which.filter()).await?;
    if let (0, Some(id)) = (messages, which.id) {
        bail!(no_message(id));
    }
    let report = match messages {
        0 => RetryReport { messages, retried: 0, without_subscriber: 0, refused: 0, unanswered: 0 },
        _ => {
            let answered = AnsweredIds::default();
            let bar = bar(messages, "messages");
            let on_ack = Box::new({
                let (answered, bar) = (answered.clone(), bar.clone());
                move |ack: &Ack| {
                    answered.note(ack);
                    bar.inc(1);
                }
            });
            let client_id = format!("healthtrack-retry-{}", std::process::id());
            let publisher = Publisher::connect_by_tls(&broker, client_id, tls, INFLIGHT, on_ack).await?;
            let (retried, counts) = publish_all(&pool, which, newest, publisher, &answered).await?;
            bar.finish_and_clear();
            let Counts { issued: messages, without_subscriber, refused, unanswered, .. } = counts;
            RetryReport { messages, retried, without_subscriber, refused, unanswered }
        }
    };
    if json {
        print_json(&report)?
    } else {
        print(&report.in_words())?
    }
    report.check()
}

/// The error for a number that is not in quarantine.
pub(super) fn no_message(id: i64) -> String {
    format!("the quarantine holds no message {id}; `healthtrack quarantine list` shows the numbers")
}

/// Publishes all of it, and marks what arrived even where the rest fails.
async fn publish_all(
    pool: &PgPool,
    which: &RetryArgs,
    newest: i64,
    publisher: Publisher,
    answered: &AnsweredIds,
) -> anyhow::Result<(u64, Counts)> {
    let mut retried = 0;
    let published = publish_pages(pool, which, newest, &publisher, answered, &mut retried).await;
    let counts = publisher.finish(GRACE).await;
    retried += mark(answered, pool).await?;
    published.map(|()| (retried, counts))
}

/// Pages through what is kept up to the newest message: a message that comes back for another reason is a new row, and
/// must not be tried for ever.
async fn publish_pages(
    pool: &PgPool,
    which: &RetryArgs,
    newest: i64,
    publisher: &Publisher,
    answered: &AnsweredIds,
    retried: &mut u64,
) -> anyhow::Result<()> {
    let mut after = 0;
    loop {
        let page = to_retry(pool, which.filter(), after, PAGE).await?;
        let page = page.into_iter().filter(|message| message.quarantine_id <= newest).collect::<Vec<_>>();
        let Some(last) = page.last() else { return Ok(()) };
        after = last.quarantine_id;
        for message in page {
            let outgoing = Outgoing {
                id: u64::try_from(message.quarantine_id).ok(),
                topic: message.topic.into(),
                content_type: message.content_type.map(Bytes::from),
                payload: message.payload.into(),
            };
            publisher.hand_over(outgoing).await?;
        }
        *retried += mark(answered, pool).await?;
    }
}

/// Marks what was answered since the last call; how many messages that are.
async fn mark(answered: &AnsweredIds, pool: &PgPool) -> anyhow::Result<u64> {
    let ids = answered.take();
    if !ids.is_empty() {
        mark_retried(pool, &ids, SystemClock.now()).await?;
    }
    Ok(ids.len() as u64)
}

impl RetryReport {
    fn in_words(&self) -> String {
        format!("{} of {} published again", self.retried, counted(self.messages, "kept message"))
    }

    fn check(&self) -> anyhow::Result<()> {
        let RetryReport { messages, retried, without_subscriber, refused, unanswered } = self;
        ensure!(*without_subscriber == 0, "{without_subscriber} messages found no subscriber; is the daemon running?");
        ensure!(
            retried == messages,
            "{refused} messages were refused and {unanswered} are unanswered; is the broker well?"
        );
        Ok(())
    }
}
