//! Whether the archive is there, is this database's, can be written, and is not behind.

use std::collections::BTreeSet;
use std::sync::Arc;

use sqlx::PgConnection;

use super::finding::Findings;
use crate::archive::Archive;
use crate::archive::claim::{Standing, standing};
use crate::archive::file::{KeyId, KeyRing};
use crate::archive::roll::Roller;
use crate::archive::storage::Storage;
use crate::config::Config;
use crate::context::Context;
use crate::model::time::{Clock as _, DAY_US, SystemClock, Timestamp};
use crate::security::pseudonym::Pseudonyms;
use crate::store::archive::{
    ArchiveFile, FileScope, archive_id, due_for_subjects, files, is_anything_worn, verified_at,
};
use crate::store::migrate::is_current;
use crate::store::pool::Connector;
use crate::telemetry::{Telemetry, chain};

/// A day that has been due for longer was skipped twice.
const LAG_MAX_US: i64 = 2 * DAY_US;
/// Files that nobody has read for longer are worth a warning.
const VERIFIED_DAYS_MAX: i64 = 30;
/// Files whose subjects wait are counted so far.
const FILES_SHOWN_MAX: u32 = 1_000;

pub(super) async fn check(config: &Config, findings: &mut Findings) {
    let archive = match Archive::of(&config.archive) {
        Ok(Some(archive)) => archive,
        Ok(None) => return findings.ok("archive: none; everything stays in the database (archive.url is empty)"),
        Err(error) => {
            let advice = "correct archive.url (HEALTHTRACK__ARCHIVE__URL) and its keys";
            return findings.fail(format!("archive: {}", chain(&error)), advice);
        }
    };
    if let Err(error) = examine(config, archive, findings).await {
        findings.fail(
            format!("archive: {}", chain(error.as_ref())),
            "follow what it says, then run `healthtrack archive verify`",
        );
    }
}

async fn examine(config: &Config, archive: Archive, findings: &mut Findings) -> anyhow::Result<()> {
    let connector = Connector::new(&config.store)?.without_statement_timeout();
    // A database that is not there or not up to date is told of already.
    let Ok(mut connection) = connector.connect().await else { return Ok(()) };
    if !is_current(&mut connection).await? {
        return Ok(());
    }
    let shown = archive.storage.shown();
    let (ours, theirs) = (archive_id(&mut connection).await?, archive.at(Storage::mark).await?);
    let live = files(&mut connection, FileScope::Live).await?;
    match (&ours, &theirs) {
        (None, None) => findings.ok(format!("archive: {shown}, not begun")),
        (ours, theirs) if ours == theirs => {
            let bytes: u64 = live.iter().map(|file| file.bytes).sum();
            findings.ok(format!("archive: {shown}, {} live files, {bytes} bytes", live.len()));
        }
        (_, None) => {
            let advice = "mount the archive's disk, or correct archive.url";
            findings.fail(format!("archive: {shown} lacks its archive.id"), advice);
        }
        _ => findings.fail(format!("archive: {shown} is another database's"), "correct archive.url or store.url"),
    }
    if ours.is_some() && ours == theirs {
        check_claim(&mut connection, &archive, findings).await?;
    }
    check_subjects(&mut connection, &archive, findings).await?;
    // Nothing is written into what may be somebody else's. Before the first roll a bucket must be there, a folder not.
    if ours == theirs && (ours.is_some() || archive.storage.is_bucket()) {
        check_writing(&archive, findings).await;
    }
    check_keys(&archive.keys, &live, findings);
    if !live.is_empty() {
        check_age(verified_at(&mut connection).await?, findings);
    }
    let there: BTreeSet<String> = archive.at(Storage::live_names).await?.into_iter().collect();
    let missing = live.iter().filter(|file| !there.contains(&file.name)).count();
    if missing > 0 {
        let advice = "bring them back from a backup; `healthtrack archive verify` names them";
        findings.fail(format!("archive: {missing} files of the manifest are missing"), advice);
    }
    let context = Context::new(connector, Arc::new(Telemetry::new()?))?;
    let roller = Roller { archive, context, config: config.archive.clone() };
    let due = roller.due(None).await?;
    let oldest = due.iter().map(|due| due.day).min();
    let lag_us = oldest
        .map_or(0, |day| SystemClock.now().micros_since(day.next().start().plus_micros(roller.config.after_us())));
    match oldest {
        Some(day) if lag_us > LAG_MAX_US => findings.warn(
            format!("archive: {day} is still in the database, due for {} days", lag_us / DAY_US),
            "start a daemon with archive.url, or run `healthtrack roll` and read what it says",
        ),
        _ => findings.ok(format!("archive: {} metrics and days are due", due.len())),
    }
    Ok(())
}

/// Whether this database may change the archive, and whether the manifest names every file.
async fn check_claim(connection: &mut PgConnection, archive: &Archive, findings: &mut Findings) -> anyhow::Result<()> {
    let copy = "set another archive.url for a copy; after a backup was restored, run `archive recover --take-over`";
    match standing(connection, archive).await? {
        Standing::Ours => findings.ok("archive: claimed by this database"),
        Standing::Unclaimed => findings.ok("archive: not claimed; the next roll does it"),
        Standing::Behind => findings.fail("archive: it has gone on without this database, which was restored", copy),
        Standing::Others => findings.fail("archive: it is that of the database of which this one is a copy", copy),
    }
    let known: BTreeSet<String> = files(connection, FileScope::All).await?.into_iter().map(|file| file.name).collect();
    let found = archive.at(Storage::live_names).await?;
    let unlisted = found.iter().filter(|name| !known.contains(*name)).count();
    if unlisted > 0 {
        let advice = "run `healthtrack archive recover --dry-run` and read what it says";
        findings.fail(format!("archive: the manifest does not name {unlisted} of its files"), advice);
    }
    Ok(())
}

/// Whether files can be written, and whether what is deleted is gone.
async fn check_writing(archive: &Archive, findings: &mut Findings) {
    match archive.at(Storage::probe).await {
        Ok(probe) if probe.keeps_versions => findings.warn(
            "archive: the bucket keeps versions, so what is erased stays in it as long as they do",
            "give the bucket a rule that expires noncurrent versions within the time that an erasure may take",
        ),
        Ok(_) => {}
        Err(error) => findings.fail(format!("archive: {}", chain(&error)), "give the daemon the right to write there"),
    }
}

/// Whether every file has been read not long ago: one that rots is found only by whoever reads it.
fn check_age(verified: Option<Timestamp>, findings: &mut Findings) {
    let advice = "run `healthtrack archive verify`, and once a month from now on";
    match verified.map(|at| SystemClock.now().micros_since(at) / DAY_US) {
        None => findings.warn("archive: its files have never been verified", advice),
        Some(days) if days > VERIFIED_DAYS_MAX => {
            findings.warn(format!("archive: its files were last verified {days} days ago"), advice);
        }
        Some(days) => findings.ok(format!("archive: every file was verified {days} days ago")),
    }
}

/// Whether each live file can be opened, and a reminder of what protects new ones.
fn check_keys(keys: &KeyRing, live: &[ArchiveFile], findings: &mut Findings) {
    let of_files: BTreeSet<&str> = live.iter().filter_map(|file| file.key_id.as_deref()).collect();
    let known: BTreeSet<&str> = keys.ids().map(KeyId::as_str).collect();
    for id in of_files.difference(&known) {
        let advice = "bring the key back from where you keep it apart (archive.key_file); without it they are lost";
        findings.fail(format!("archive: files are encrypted with key {id}, which was not given"), advice);
    }
    match keys.newest() {
        Some(id) => findings.ok(format!("archive: new files are encrypted with key {id}; keep copies of it elsewhere")),
        None => findings.ok("archive: new files are plain; their disk should be encrypted (deploy/encryption.md)"),
    }
}

/// Whether people have pseudonyms, and whether the files have followed.
async fn check_subjects(
    connection: &mut PgConnection,
    archive: &Archive,
    findings: &mut Findings,
) -> anyhow::Result<()> {
    let Some(key) = archive.pseudonyms.as_ref().and_then(Pseudonyms::key) else {
        if is_anything_worn(connection).await? {
            let advice = "set archive.subject_key_file to a key as `openssl rand -base64 32` makes it";
            findings.warn("archive: devices are worn, and subject_id stays null without a key of pseudonyms", advice);
        }
        return Ok(());
    };
    match due_for_subjects(connection, key.as_str(), FILES_SHOWN_MAX).await?.len() {
        0 => findings.ok(format!("archive: subjects are named with key {key}")),
        waiting => findings.ok(format!("archive: {waiting} files or more wait for rolls to update their subjects")),
    }
    Ok(())
}
