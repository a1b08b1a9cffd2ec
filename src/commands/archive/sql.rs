//! A script for DuckDB: one view of all live files, named one by one from the manifest.
//!
//! # Why
//! A pattern of names would, in the moment between a file's name and its manifest row, count a day twice, and DuckDB
//! prunes encrypted files by a list only. Encrypted files need their key, which is never written here, and five of
//! DuckDB's optimizers switched off (seen with 1.5 and 2.0): with them, a filter on an encrypted file fails.

use std::collections::BTreeMap;

use crate::archive::Archive;
use crate::store::archive::ArchiveFile;

/// The script, with places for what differs.
const SCRIPT: &str = include_str!("../../../schemas/duckdb/sample.sql");
/// What DuckDB shows where there is no file.
const EMPTY: &str = include_str!("../../../schemas/duckdb/empty.sql");
/// What DuckDB wants to read a bucket.
const BUCKET: &str = include_str!("../../../schemas/duckdb/bucket.sql");
const OPTIMIZERS: &str = "filter_pushdown,top_n,late_materialization,join_filter_pushdown,cte_filter_pusher";

/// The script.
pub(super) fn script(archive: &Archive, files: &[ArchiveFile]) -> String {
    let mut by_key: BTreeMap<Option<&str>, Vec<String>> = BTreeMap::new();
    for file in files {
        let address = archive.storage.address(&file.name);
        by_key.entry(file.key_id.as_deref()).or_default().push(quoted(&address));
    }
    let mut settings = format!("{} files.", files.len());
    if archive.storage.is_bucket() {
        settings.push_str(BUCKET.trim_end());
    }
    for key in by_key.keys().flatten() {
        let key = quoted(key);
        settings.push_str(&format!("\n-- First: PRAGMA add_parquet_key({key}, '<this key, as base64>');"));
    }
    if by_key.keys().any(Option::is_some) {
        settings.push_str(&format!("\nSET disabled_optimizers = '{OPTIMIZERS}';"));
    }
    let reads: Vec<String> = by_key.iter().map(|(key, paths)| read(*key, paths)).collect();
    let body = if reads.is_empty() { EMPTY.trim_end().to_owned() } else { reads.join("\nUNION ALL\n") };
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
