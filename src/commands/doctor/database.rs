//! Whether Postgres can be reached, keeps what it commits, has this version's schema, and can read what it holds.

use std::time::Duration;

use secrecy::ExposeSecret as _;
use sqlx::PgConnection;
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::finding::Findings;
use super::limits::{check_audit, check_chunks};
use super::{privilege, quarantine, sessions, sources};
use crate::config::Config;
use crate::model::ids::ShardName;
use crate::model::reason::Reason;
use crate::model::time::{Clock as _, SECOND_US, SystemClock, Timestamp};
use crate::store::StoreError;
use crate::store::direct::check_direct;
use crate::store::hot::compact::chunks_to_compact;
use crate::store::hot::sound::{SeriesName, series_name, unreadable_blocks};
use crate::store::hot::{Unreadable, chunks_before};
use crate::store::incarnation::{self, Incarnation};
use crate::store::inspect::{Owner, Server, lock_capacity, server, shard_owner, uncut_audit};
use crate::store::migrate::{is_current, is_hypertable};
use crate::store::pool::Connector;
use crate::telemetry::chain;

/// `NULLS NOT DISTINCT` came with Postgres 15.
const VERSION_MIN: i32 = 150_000;
/// Clocks that differ by more make "now" mean two things.
const CLOCK_DIFFERENCE_MAX_US: i64 = 5 * SECOND_US;
/// How long stored blocks are read: some hundred million samples.
const BLOCKS_TIMEOUT: Duration = Duration::from_secs(60);
/// How many that cannot be read are named.
const BLOCKS_SHOWN_MAX: usize = 20;
/// A day that waits this much longer than it should is behind.
const COMPACTION_BEHIND_US: i64 = 3_600 * SECOND_US;

pub(super) async fn check(config: &Config, findings: &mut Findings) {
    let shown = shown(config.store.url.expose_secret());
    let connected = match Connector::new(&config.store) {
        Ok(connector) => connector.connect().await,
        Err(error) => Err(error),
    };
    if let Ok(connector) = Connector::new(&config.store)
        && let Err(error @ StoreError::Pooled { .. }) = check_direct(&connector).await
    {
        return findings.fail(format!("Postgres at {shown}: {error}"), "correct store.url (HEALTHTRACK__STORE__URL)");
    }
    let mut connection = match connected {
        Ok(connection) => connection,
        Err(error) => {
            let advice = "start Postgres, or correct store.url (HEALTHTRACK__STORE__URL)";
            return findings.fail(format!("Postgres at {shown}: {}", chain(&error)), advice);
        }
    };
    if let Err(error) = examine(config, &shown, &mut connection, findings).await {
        findings.fail(format!("Postgres at {shown}: {}", chain(error.as_ref())), "read its log");
    }
}

async fn examine(
    config: &Config,
    shown: &str,
    connection: &mut PgConnection,
    findings: &mut Findings,
) -> anyhow::Result<()> {
    let before = SystemClock.now();
    let server = server(connection).await?;
    let after = SystemClock.now();
    let middle = before.plus_micros(after.micros_since(before) / 2);
    check_server(&server, shown, findings);
    check_clock(server.now.micros_since(middle), findings);
    if !is_current(connection).await? {
        findings.fail("schema: not up to date", "run `healthtrack migrate`");
        return Ok(());
    }
    let is_hypertable = is_hypertable(connection).await?;
    match (&server.timescale, is_hypertable) {
        (Some(_), false) => findings.warn(
            "schema: up to date, with native partitions although TimescaleDB is here",
            "nothing to do; only an empty database becomes a hypertable",
        ),
        (_, true) => findings.ok("schema: up to date, samples in a hypertable"),
        (None, false) => findings.ok("schema: up to date, samples in native partitions"),
    }
    if let Ok(Some(incarnation)) = incarnation::last(connection).await {
        check_incarnation(&incarnation, findings);
    }
    if let Ok(shard) = ShardName::parse(&config.ingest.shard) {
        let owner = shard_owner(connection, &shard).await?;
        check_owner(shard.as_str(), owner.as_ref(), findings);
        let before = server.now.plus_micros(-config.compaction.lateness_us() - COMPACTION_BEHIND_US);
        let chunks = chunks_to_compact(connection, &shard, before, server.now).await?;
        let waiting: Vec<_> = chunks.iter().filter(|chunk| chunk.looked_at.is_none()).map(|chunk| chunk.from).collect();
        check_compaction(config.compaction.enabled, &waiting, findings);
    }
    check_chunks(&lock_capacity(connection).await?, findings);
    check_audit(uncut_audit(connection).await?, findings);
    sessions::check(config, connection, findings).await?;
    quarantine::check(connection, &config.ingest, findings).await?;
    sources::check(connection, config.ingest.device_sources, findings).await?;
    privilege::check(connection, findings).await?;
    examine_blocks(config, connection, findings).await
}

/// Reads every stored block, the oldest first and for as long as a person waits.
async fn examine_blocks(config: &Config, names: &mut PgConnection, findings: &mut Findings) -> anyhow::Result<()> {
    let deadline = Instant::now() + BLOCKS_TIMEOUT;
    let mut connection = Connector::new(&config.store)?.without_statement_timeout().connect().await?;
    let chunks = chunks_before(&mut connection, Timestamp::MAX).await?;
    let mut bad = 0;
    for (done, chunk) in chunks.iter().enumerate() {
        match timeout_at(deadline, unreadable_blocks(&mut connection, chunk, BLOCKS_SHOWN_MAX - bad)).await {
            Ok(Ok(found)) => {
                bad += found.len();
                for block in found {
                    let name = series_name(names, &block).await?;
                    tell_block(chunk.table(), &block, name.as_ref(), findings);
                }
            }
            Ok(Err(error)) if error.is_of_blocks() => {
                bad += 1;
                let what = format!("blocks: {} cannot be read: {}", chunk.table(), chain(&error));
                findings.fail(what, "check the server's disk, and restore this table from a backup");
            }
            Ok(Err(error)) => return Err(error.into()),
            Err(_) => {
                let (all, seconds) = (chunks.len(), BLOCKS_TIMEOUT.as_secs());
                let advice = "run it again when the database is less busy; `healthtrack quarantine list --reason \
                              unreadable_block` names those that ingest has met";
                findings.warn(format!("blocks: {done} of {all} chunks were read within {seconds} s"), advice);
                return Ok(());
            }
        }
        if bad >= BLOCKS_SHOWN_MAX {
            findings.warn("blocks: there may be more of these", "repair these first, and run it again");
            return Ok(());
        }
    }
    if bad == 0 {
        findings.ok(format!("blocks: every block of {} chunks can be read", chunks.len()));
    }
    Ok(())
}

/// Names a block, and how to repair or remove it.
fn tell_block(table: &str, block: &Unreadable, name: Option<&SeriesName>, findings: &mut Findings) {
    let Unreadable { series, start, what, .. } = block;
    let whose = name.map_or_else(
        || "which is not in signal.series".to_owned(),
        |name| format!("{} of {}", name.metric, name.device),
    );
    let which = format!("series_id = {} AND start_at = '{start}'", series.0);
    findings.fail(
        format!("block in {table}: series {} ({whose}), begins {start}: {what}", series.0),
        format!(
            "correct the row (UPDATE signal.block SET … WHERE {which}), or remove it (DELETE FROM signal.block WHERE \
             {which}); then run `healthtrack quarantine retry --reason {}`",
            Reason::UnreadableBlock
        ),
    );
}

fn check_server(server: &Server, shown: &str, findings: &mut Findings) {
    let Server { version_number, version, .. } = server;
    if *version_number < VERSION_MIN {
        findings.fail(format!("Postgres at {shown}: version {version}"), "upgrade it to 15 or newer");
    } else {
        findings.ok(format!("Postgres at {shown}: version {version}"));
    }
    match (&server.timescale, server.timescale_is_loaded) {
        (Some(version), _) => findings.ok(format!("TimescaleDB: version {version}")),
        (None, true) => findings.warn(
            "TimescaleDB: loaded by the server, not created in this database",
            "run `healthtrack migrate` as a role that may create extensions, before the first sample",
        ),
        (None, false) => findings.ok("TimescaleDB: not installed; plain Postgres works too"),
    }
    if server.is_standby {
        findings.fail("Postgres: a standby, which takes no writes", "point store.url at the primary");
    }
    match (server.fsync.as_str(), server.full_page_writes.as_str()) {
        ("on", "on") => {
            let commit = &server.synchronous_commit;
            findings.ok(format!("disk: fsync on, full_page_writes on, synchronous_commit {commit} in our sessions"));
        }
        ("on", _) => findings.warn(
            "disk: full_page_writes is off, so a power cut may tear pages",
            "set full_page_writes = on, unless the file system never tears a page (ZFS)",
        ),
        _ => findings.fail(
            "disk: fsync is off, so a power cut loses samples that were acknowledged",
            "set fsync = on in postgresql.conf and reload",
        ),
    }
}

fn check_clock(difference_us: i64, findings: &mut Findings) {
    let seconds = difference_us as f64 / SECOND_US as f64;
    if difference_us.abs() > CLOCK_DIFFERENCE_MAX_US {
        findings.warn(format!("clock: Postgres is {seconds:+.1} s from this machine"), "run NTP on both machines");
    } else {
        findings.ok(format!("clock: Postgres is {seconds:+.3} s from this machine"));
    }
}

fn check_owner(shard: &str, owner: Option<&Owner>, findings: &mut Findings) {
    match owner {
        Some(Owner { name, epoch, taken_at, is_alive: true }) => {
            findings.ok(format!("shard {shard}: owned by {name} since {taken_at}, epoch {epoch}"));
        }
        Some(Owner { name, .. }) => {
            findings.warn(format!("shard {shard}: {name} owned it and is gone"), "start `healthtrack serve`");
        }
        None => findings.warn(format!("shard {shard}: no daemon has ever owned it"), "start `healthtrack serve`"),
    }
}

/// Another copy than the last one is no fault: the next daemon notes it.
fn check_incarnation(last: &Incarnation, findings: &mut Findings) {
    let Incarnation { id, begun_at, cause, is_here } = last;
    if *is_here {
        findings.ok(format!("copy: {id} since {begun_at} ({cause})"));
    } else {
        findings.warn(
            format!("copy: no daemon has been in this copy of the database; the last was in {id}"),
            "make sure that store.url names the database that you mean, and that nobody writes to the other one",
        );
    }
}

/// `waiting` are the beginnings of chunks that are over and that nobody has compacted, the oldest first.
fn check_compaction(enabled: bool, waiting: &[Timestamp], findings: &mut Findings) {
    match waiting {
        [] => findings.ok("compaction: every day that is over is compacted"),
        [oldest, ..] => {
            let advice = if enabled {
                "keep `healthtrack serve` running; raise compaction.duty_percent if this grows"
            } else {
                "set compaction.enabled = true, or small blocks stay small"
            };
            findings.warn(format!("compaction: {} days wait, the oldest is {}", waiting.len(), oldest.day()), advice);
        }
    }
}

/// The address without user and password.
fn shown(url: &str) -> String {
    let Ok(url) = Url::parse(url) else { return "store.url".to_owned() };
    let port = url.port().map_or_else(String::new, |port| format!(":{port}"));
    format!("{}{port}{}", url.host_str().unwrap_or("the local socket"), url.path())
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level;
    use super::*;
    use crate::model::ids::SeriesId;

    fn sound() -> Server {
        Server {
            version_number: 150_004,
            version: "15.4".to_owned(),
            timescale: None,
            timescale_is_loaded: false,
            fsync: "on".to_owned(),
            full_page_writes: "on".to_owned(),
            synchronous_commit: "on".to_owned(),
            is_standby: false,
            now: Timestamp::MIN,
        }
    }

    fn worst(server: &Server) -> Level {
        let mut findings = Findings::default();
        check_server(server, "here", &mut findings);
        let has = |level| findings.0.iter().any(|finding| finding.level == level);
        [Level::Fail, Level::Warn].into_iter().find(|level| has(*level)).unwrap_or(Level::Ok)
    }

    #[test]
    fn a_server_that_cannot_keep_what_it_commits_fails() {
        assert_eq!(worst(&sound()), Level::Ok);
        assert_eq!(worst(&Server { fsync: "off".to_owned(), ..sound() }), Level::Fail);
        assert_eq!(worst(&Server { version_number: 140_012, ..sound() }), Level::Fail);
        assert_eq!(worst(&Server { is_standby: true, ..sound() }), Level::Fail);
        assert_eq!(worst(&Server { full_page_writes: "off".to_owned(), ..sound() }), Level::Warn);
        assert_eq!(worst(&Server { timescale_is_loaded: true, ..sound() }), Level::Warn);
    }

    #[test]
    fn days_that_wait_to_be_compacted_are_warned_of() {
        for (waiting, level) in [(vec![], Level::Ok), (vec![Timestamp::MIN], Level::Warn)] {
            let mut findings = Findings::default();
            check_compaction(true, &waiting, &mut findings);
            assert_eq!(findings.0[0].level, level);
        }
    }

    #[test]
    fn a_block_is_named_with_how_to_remove_it() {
        let (series, start) = (SeriesId(17), Timestamp::parse_rfc3339("2026-11-23T10:00:00Z").unwrap());
        let block = Unreadable { series, start, stop: start, what: "its columns must have one length" };
        let name = SeriesName { device: "watch-7".to_owned(), metric: "heart_rate".to_owned() };
        let mut findings = Findings::default();
        tell_block("signal.block_20261123", &block, Some(&name), &mut findings);
        let said = "block in signal.block_20261123: series 17 (heart_rate of watch-7), begins 2026-11-23T10:00:00Z: \
                    its columns must have one length";
        assert_eq!((findings.0[0].what.as_str(), findings.0[0].level), (said, Level::Fail));
        let remove = "DELETE FROM signal.block WHERE series_id = 17 AND start_at = '2026-11-23T10:00:00Z'";
        assert!(findings.0[0].advice.as_ref().is_some_and(|advice| advice.contains(remove)));
    }

    #[test]
    fn no_password_is_shown() {
        assert_eq!(shown("postgres://user:secret@db:5433/health?sslmode=require"), "db:5433/health");
    }
}
