//! A script for DuckDB: one view of all live files, named one by one from the manifest.
//!
//! # Why
//! A pattern of names would, in the moment between a file's name and its manifest row, count a day twice, and DuckDB
//! prunes encrypted files by a list only. Files of before have fewer columns; each list is of one kind, and what it
//! lacks is null by name (`UNION ALL BY NAME`): `union_by_name` would open every file before each question, which makes
//! one of a thousand files take twice as long. Encrypted files need their key, which is never written here, and five of
//! DuckDB's optimizers switched off (seen with 1.5 and 2.0): with them, a filter on an encrypted file fails.
//!
//! The view knows files alone: what a source has said anew since they were written, or taken back, it cannot know; the
//! next roll writes files that do.

use std::collections::{BTreeMap, BTreeSet};

use crate::archive::Archive;
use crate::store::archive::ArchiveFile;

/// The script, with places for what differs.
const SCRIPT: &str = include_str!("../../../schemas/duckdb/sample.sql");
/// The columns, and what DuckDB shows where there is no file.
const EMPTY: &str = include_str!("../../../schemas/duckdb/empty.sql");
/// What DuckDB wants to read a bucket.
const BUCKET: &str = include_str!("../../../schemas/duckdb/bucket.sql");
const OPTIMIZERS: &str = "filter_pushdown,top_n,late_materialization,join_filter_pushdown,cte_filter_pusher";

/// The script.
pub(super) fn script(archive: &Archive, files: &[ArchiveFile]) -> String {
    let mut lists: BTreeMap<(Option<&str>, u32), Vec<String>> = BTreeMap::new();
    for file in files {
        let address = archive.storage.address(&file.name);
        lists.entry((file.key_id.as_deref(), file.version)).or_default().push(quoted(&address));
    }
    let mut settings = format!("{} files.", files.len());
    if archive.storage.is_bucket() {
        settings.push_str(BUCKET.trim_end());
    }
    let keys: BTreeSet<&str> = lists.keys().filter_map(|(key, _)| *key).collect();
    for key in &keys {
        let key = quoted(key);
        settings.push_str(&format!("\n-- First: PRAGMA add_parquet_key({key}, '<this key, as base64>');"));
    }
    if !keys.is_empty() {
        settings.push_str(&format!("\nSET disabled_optimizers = '{OPTIMIZERS}';"));
    }
    let reads = lists.iter().map(|((key, _), paths)| read(*key, paths));
    // The first names the columns, so they are the same whatever files there are.
    let body: Vec<String> = std::iter::once(EMPTY.trim_end().to_owned()).chain(reads).collect();
    let body = body.join("\nUNION ALL BY NAME\n");
    SCRIPT.replace("{settings}", &settings).replace("{files}", &body)
}

fn read(key: Option<&str>, paths: &[String]) -> String {
    let encryption = key.map(|key| format!(", encryption_config = {{footer_key: {}}}", quoted(key)));
    let paths = paths.join(",\n    ");
    format!("FROM read_parquet([\n    {paths}\n], hive_partitioning = false{})", encryption.unwrap_or_default())
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
