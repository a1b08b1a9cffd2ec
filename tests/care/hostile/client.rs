//! What a client sees of its statements: rows, errors with all their fields, notices, copies.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use futures_util::StreamExt as _;
use sqlx::{AssertSqlSafe, Column as _, Executor as _, PgConnection, Row as _};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::{Layer as _, layer::SubscriberExt as _};
use uuid::Uuid;

/// What was seen of a few statements.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) text: String,
    /// Whether one of them, that does more than to begin, end or set something, was not refused.
    pub(super) done: bool,
}

/// What a client keeps to itself while it tries: `{last}` in a statement is the last key that it was shown.
pub(super) async fn seen(login: &mut PgConnection, notices: &Notices, statements: &[String]) -> Seen {
    notices.take();
    let mut seen = Seen::default();
    for statement in statements {
        let statement = statement.replace("{last}", &last_key(&seen.text));
        let result = if statement.starts_with("COPY") && statement.ends_with("STDOUT") {
            copied(login, &statement, &mut seen.text).await
        } else {
            fetched(login, &statement, &mut seen.text).await
        };
        match result {
            Ok(()) => seen.done |= !is_preparation(&statement),
            Err(error) => writeln!(seen.text, "{error:?}").unwrap(),
        }
    }
    seen.text.push_str(&notices.take());
    // Where it is connected still; plans are kept, since they cost more than all the rest.
    let _ = login.execute("ROLLBACK; CLOSE ALL; DEALLOCATE ALL; RESET SESSION AUTHORIZATION; RESET ALL").await;
    seen
}

async fn fetched(login: &mut PgConnection, statement: &str, text: &mut String) -> Result<(), sqlx::Error> {
    for row in login.fetch_all(AssertSqlSafe(statement.to_owned())).await? {
        for column in 0..row.len() {
            let value = row.try_get_raw(column).map(|value| value.as_str().unwrap_or("?").to_owned());
            write!(text, "{}={} ", row.column(column).name(), value.unwrap_or_default()).unwrap();
        }
        text.push('\n');
    }
    Ok(())
}

async fn copied(login: &mut PgConnection, statement: &str, text: &mut String) -> Result<(), sqlx::Error> {
    let mut rows = login.copy_out_raw(statement).await?;
    while let Some(row) = rows.next().await {
        text.push_str(&String::from_utf8_lossy(&row?));
    }
    Ok(())
}

/// Begins, ends or sets something: what is allowed to everybody, and shows nothing.
fn is_preparation(statement: &str) -> bool {
    ["BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "SET ", "DECLARE", "LISTEN"]
        .iter()
        .any(|word| statement.starts_with(word))
}

fn last_key(text: &str) -> String {
    let keys = text.split(|letter: char| !letter.is_ascii_hexdigit() && letter != '-').rev();
    keys.filter(|word| word.len() == 36).find_map(|word| Uuid::parse_str(word).ok()).unwrap_or_default().to_string()
}

/// A text in which each key and each moment stands as such, so that two answers can be told apart by the rest.
pub(super) fn masked(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    for word in text.split_inclusive(|letter: char| !letter.is_ascii_hexdigit() && letter != '-') {
        let end = word.find(|letter: char| !letter.is_ascii_hexdigit() && letter != '-').unwrap_or(word.len());
        let (word, rest) = word.split_at(end);
        masked.push_str(if word.len() == 36 && Uuid::parse_str(word).is_ok() { "KEY" } else { word });
        masked.push_str(rest);
    }
    masked
}

/// Where notices go.
#[derive(Clone, Default)]
pub(super) struct Notices(Arc<Mutex<String>>);

impl Notices {
    fn take(&self) -> String {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    /// Sends the notices of this thread here, until the guard is dropped.
    pub(super) fn listen(&self) -> tracing::subscriber::DefaultGuard {
        let into = self.clone();
        let of_notices = Targets::new().with_target("sqlx::postgres::notice", tracing::Level::TRACE);
        let layer = tracing_subscriber::fmt::layer().without_time().with_ansi(false).with_writer(move || into.clone());
        let subscriber = tracing_subscriber::registry().with(layer.with_filter(of_notices));
        tracing::subscriber::set_default(subscriber)
    }
}

impl std::io::Write for Notices {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().push_str(&String::from_utf8_lossy(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
